//! The second look at a finished view, on its own path: words and squeezed characters of the view against a list of what
//! must be gone. It shares the character tables with the search, nothing else.

use std::{ops::Range, sync::OnceLock};

use jiff::civil::Date;

use super::{
    dates::{may_stand_in, squeezed_forms},
    form::{Entity, Form, ListedPerson},
    index::{Index, Sought},
    needle::{Name, joined_at_breaks, squeezed, words},
    numbers::significant,
    policy::{Action, Class, EffectiveRole, Lens, RedactionPolicy},
    ranges::Ranges,
    render::WITHHELD,
    seen::{Seen, stands},
    words::{is_nameless, is_no_word, is_ordinary, is_title},
};

/// The re-scan, listed once for every lens.
#[derive(Default)]
pub(super) struct Guards {
    phrases: Index<Phrase>,
    /// Squeezed values that must be gone.
    values: Index<Value>,
    /// Squeezed values that may hold a part of a name where they may stay.
    kept: Index<Value>,
    /// Digits that must be gone.
    digits: Index<Value>,
    /// Dates of birth that must be gone.
    dates: Vec<(Date, Gone)>,
    /// Every writing of them: there are many, and few views call for one.
    writings: OnceLock<Index<Value>>,
}

/// What is to be guarded, before it is sorted.
#[derive(Default)]
pub(super) struct Lists {
    phrases: Vec<Phrase>,
    values: Vec<Value>,
    kept: Vec<Value>,
    digits: Vec<Value>,
}

/// In which lenses something must be gone, in declared order.
type Gone = [bool; Lens::ALL.len()];

/// Words in a row.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Phrase {
    /// The words without spaces.
    text: String,
    /// Offsets in `text` where one word ends and the next begins.
    breaks: Vec<usize>,
    gone: Gone,
    kind: Kind,
}

/// What a phrase is where it must be gone, and where it may stay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A leak; where it may stay, a part of a protected name in it is no leak.
    Whole,
    /// A name of one word: like a part of a name where it must be gone, else like a whole.
    OneWord,
    /// A part of a name: nothing where it may stay.
    Part,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    text: String,
    gone: Gone,
}

impl Sought for Phrase {
    fn text(&self) -> &str {
        &self.text
    }
}

impl Sought for Value {
    fn text(&self) -> &str {
        &self.text
    }
}

impl Guards {
    /// Lists what `policy` takes out of each view of this record.
    pub fn new((persons, names): (&[&ListedPerson], &[Vec<Name>]), form: &Form, policy: &RedactionPolicy) -> Self {
        let mut guards = Self::default();
        guards.learn(|lists| {
            for (person, names) in persons.iter().zip(names) {
                let names_gone = gone(policy, Class::Person, person.role);
                names.iter().for_each(|name| lists.name(name, names_gone));
            }
            for value in &form.values {
                lists.value(value.entity, value.text.reveal(), gone(policy, value.entity.class(), value.role));
            }
        });
        let born = |person: &&ListedPerson| Some((person.date_of_birth?, gone(policy, Class::Dob, person.role)));
        guards.dates = persons.iter().filter_map(born).filter(|(_, gone)| gone.contains(&true)).collect();
        guards
    }

    /// Guards also what `add` lists.
    pub fn learn(&mut self, add: impl FnOnce(&mut Lists)) {
        let mut lists = Lists::default();
        add(&mut lists);
        let Lists { phrases, values, kept, digits } = lists;
        self.phrases.extend(phrases);
        self.values.extend(values);
        self.kept.extend(kept);
        self.digits.extend(digits);
    }

    /// True when nothing protected is left in `text`.
    pub fn is_clean(&self, text: &str, lens: Lens) -> bool {
        self.leaks(&Seen::new(text), lens).is_empty()
    }

    /// `text` with every sentence that leaks replaced, and those sentences added to `removed`; `None` when none leaks.
    pub fn without_sentences(&self, text: &str, lens: Lens, removed: &mut Vec<String>) -> Option<String> {
        let mut leaks = self.leaks(&Seen::new(text), lens);
        if leaks.is_empty() {
            return None;
        }
        leaks.sort_unstable_by_key(|leak| leak.start);
        let mut out = String::with_capacity(text.len());
        let mut next = leaks.iter().peekable();
        let mut leaked_to = 0;
        for sentence in sentences(text) {
            while let Some(leak) = next.next_if(|leak| leak.start < sentence.end) {
                leaked_to = leaked_to.max(leak.end);
            }
            let leaking = leaked_to > sentence.start;
            let whole = &text[sentence];
            if leaking {
                let body = whole.trim_end();
                removed.push(body.to_owned());
                out.push_str(WITHHELD);
                out.push_str(&whole[body.len()..]);
            } else {
                out.push_str(whole);
            }
        }
        Some(out)
    }

    /// Where protected text is left, as ranges of the view.
    fn leaks(&self, seen: &Seen<'_>, lens: Lens) -> Vec<Range<usize>> {
        let lens = lens as usize;
        let (mut kept, mut parts, mut leaks) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..seen.words() {
            self.phrases.starting(seen.from(at), |phrase| {
                if phrase.kind == Kind::Part && !phrase.gone[lens] {
                    return;
                }
                let Some(range) = seen.phrase(at, phrase.text.len(), &phrase.breaks) else { return };
                match (phrase.gone[lens], phrase.kind) {
                    (false, _) => kept.push(range),
                    (true, Kind::Whole) => leaks.push(range),
                    (true, Kind::OneWord | Kind::Part) => parts.push(range),
                }
            });
        }
        each(&self.values, seen.all(), |value, range| {
            if value.gone[lens] {
                leaks.push(seen.range(&range));
            }
        });
        if self.dates.iter().any(|(date, gone)| gone[lens] && may_stand_in(seen.all(), *date)) {
            each(self.writings(), seen.all(), |value, range| {
                if value.gone[lens] {
                    leaks.push(seen.range(&range));
                }
            });
        }
        if !self.digits.is_empty() {
            let digits = seen.digits();
            each(&self.digits, &digits.stream, |value, range| {
                if value.gone[lens] {
                    leaks.push(digits.range(&range));
                }
            });
        }
        if !parts.is_empty() {
            each(&self.kept, seen.all(), |value, range| {
                if !value.gone[lens] {
                    kept.push(seen.range(&range));
                }
            });
            let kept = Ranges::new(kept.into_iter());
            leaks.extend(parts.into_iter().filter(|part| !kept.hold(part)));
        }
        leaks
    }

    fn writings(&self) -> &Index<Value> {
        let of = |(date, gone): &(Date, Gone)| {
            let gone = *gone;
            squeezed_forms(*date).into_iter().map(move |text| Value { text, gone })
        };
        self.writings.get_or_init(|| Index::new(self.dates.iter().flat_map(of).collect()))
    }
}

impl Lists {
    /// Somebody who was found in the texts.
    pub fn person(&mut self, names: &[String], role: EffectiveRole, policy: &RedactionPolicy) {
        let gone = gone(policy, Class::Person, role);
        names.iter().for_each(|name| self.name(&words(name), gone));
    }

    /// A value that the texts give somebody.
    pub fn owned(&mut self, entity: Entity, value: &str, role: EffectiveRole, policy: &RedactionPolicy) {
        self.value(entity, value, gone(policy, entity.class(), role));
    }

    fn name(&mut self, name: &[Vec<String>], gone: Gone) {
        let titled = name.len() > 1 && name[0].len() == 1 && is_title(&name[0][0]);
        let name = if titled { &name[1..] } else { name };
        let pieces: Vec<&str> = name.iter().flatten().map(String::as_str).collect();
        let own = |piece: &&str| {
            is_no_word(piece) || piece.chars().count() >= 3 && !is_nameless(piece) && !is_ordinary(piece)
        };
        if pieces.len() < 2 {
            if pieces.first().is_some_and(own) {
                self.phrase(&pieces, gone, Kind::OneWord);
            }
            return;
        }
        if gone.contains(&true) {
            for piece in pieces.iter().copied().filter(own) {
                self.phrase(&[piece], gone, Kind::Part);
            }
        }
        if let [first, _, .., last] = name {
            let ends: Vec<&str> = first.iter().chain(last).map(String::as_str).collect();
            self.phrase(&ends, gone, Kind::Whole);
        }
        self.phrase(&[pieces.concat()], gone, Kind::Whole);
        self.phrase(&pieces, gone, Kind::Whole);
    }

    /// A squeezed value; a shorter one would be found inside others.
    fn squeezed(&mut self, text: String, gone: Gone) {
        if text.chars().count() >= 5 && gone.contains(&true) {
            self.values.push(Value { text, gone });
        }
    }

    fn phrase(&mut self, words: &[impl AsRef<str>], gone: Gone, kind: Kind) {
        let (text, breaks) = joined_at_breaks(words.iter().map(AsRef::as_ref));
        self.phrases.push(Phrase { text, breaks, gone, kind });
    }

    fn value(&mut self, entity: Entity, text: &str, gone: Gone) {
        match entity {
            Entity::Phone | Entity::NhsNumber | Entity::BankAccount => {
                let digits = significant(entity, text);
                if digits.len() >= 6 {
                    self.digits.push(Value { text: digits, gone });
                }
            }
            Entity::Address => {
                self.phrase(&words(text).concat(), gone, Kind::Whole);
                let numbered = |line: &&str| line.bytes().any(|b| b.is_ascii_digit());
                let lines: Vec<&str> = text.split([',', '\n', ';']).collect();
                let street = lines.iter().rposition(numbered).map_or(0, |last| last + 1);
                for line in lines[..street].iter().map(|line| words(line).concat()).filter(|line| line.len() > 1) {
                    self.phrase(&line, gone, Kind::Whole);
                }
            }
            Entity::School | Entity::Placement | Entity::Place | Entity::Organisation => {
                let pieces = words(text).concat();
                if pieces.len() > 1 || pieces.iter().any(|piece| !is_ordinary(piece)) {
                    self.phrase(&pieces, gone, Kind::Whole);
                }
            }
            Entity::Person | Entity::Relationship | Entity::Dob => {}
            Entity::Email
            | Entity::Handle
            | Entity::Url
            | Entity::Nino
            | Entity::Passport
            | Entity::DrivingLicence
            | Entity::Vrm
            | Entity::Postcode
            | Entity::CaseRef => {
                let squeezed = squeezed(text);
                // A handle that is a word is looked for as a word: as characters it would be found inside others.
                if squeezed.chars().all(char::is_alphabetic) {
                    return self.phrase(&words(text).concat(), gone, Kind::Whole);
                }
                if gone.contains(&false) && !squeezed.is_empty() {
                    self.kept.push(Value { text: squeezed.clone(), gone });
                }
                self.squeezed(squeezed, gone);
            }
        }
    }
}

/// In which lenses `policy` takes out what is of `class` and belongs to somebody in `role`.
fn gone(policy: &RedactionPolicy, class: Class, role: EffectiveRole) -> Gone {
    std::array::from_fn(|at| policy.action(class, role, Lens::ALL[at]) != Action::Keep)
}

/// Gives `found` every value that stands as itself in `squeezed`, and where.
fn each<'i>(index: &'i Index<Value>, squeezed: &str, mut found: impl FnMut(&'i Value, Range<usize>)) {
    if index.is_empty() {
        return;
    }
    index.everywhere(squeezed.as_bytes(), |at, value| {
        let range = at..at + value.text.len();
        if stands(squeezed, &range) {
            found(value, range);
        }
    });
}

/// Sentences with the white space after them; a line is a sentence too.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut ended = false;
    for (at, c) in text.char_indices() {
        if ended && !c.is_whitespace() {
            out.push(start..at);
            start = at;
            ended = false;
        }
        let next_is_space = text[at + c.len_utf8()..].chars().next().is_none_or(char::is_whitespace);
        ended |= matches!(c, '.' | '!' | '?') && next_is_space || c == '\n';
    }
    if start < text.len() {
        out.push(start..text.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_cover_the_text() {
        let text = "One. Two, e.g. this!  Three\nFour 3.5 five";
        let found = sentences(text);
        let parts: Vec<&str> = found.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(parts, ["One. ", "Two, e.g. ", "this!  ", "Three\n", "Four 3.5 five"]);
    }
}
