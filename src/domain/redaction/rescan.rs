//! The second look at a finished view, on its own path: words and squeezed characters of the view against a list of what
//! must be gone. It shares the character tables with the search, nothing else.

use std::{iter::once, ops::Range, sync::OnceLock};

use jiff::civil::Date;

use super::{
    ascii::{self, has_more_than},
    breaks::Breaks,
    dates::{may_stand_in, squeezed_forms},
    form::{Entity, Form, ListedPerson},
    index::Index,
    needle::{Name, breaks_of, squeezed, words},
    numbers::significant,
    policy::{Action, Class, EffectiveRole, Lens, RedactionPolicy},
    ranges::Ranges,
    render::{WITHHELD, labels_in},
    seen::{Seen, stands},
    words::{is_nameless, is_no_word, is_ordinary, is_particle, is_title},
};

/// The re-scan, listed once for every lens.
#[derive(Default)]
pub(super) struct Guards {
    lists: Lists,
    /// Dates of birth that must be gone.
    dates: Vec<(Date, Gone)>,
    /// Every writing of them: there are many, and few views call for one.
    writings: OnceLock<Index<Gone>>,
}

/// What is to be guarded.
#[derive(Default)]
pub(super) struct Lists {
    phrases: Index<Phrase>,
    /// Squeezed values that must be gone.
    values: Index<Gone>,
    /// Squeezed values that may hold a part of a name where they may stay.
    kept: Index<Gone>,
    /// Digits that must be gone.
    digits: Index<Gone>,
    /// Whether any of the phrases, of the values and of the digits must be gone.
    any: Any,
}

#[derive(Default)]
struct Any {
    phrase: Gone,
    value: Gone,
    digits: Gone,
}

/// Adds to `all` the lenses of `gone`.
fn add(all: &mut Gone, gone: Gone) {
    all.iter_mut().zip(gone).for_each(|(all, gone)| *all |= gone);
}

/// In which lenses something must be gone, in declared order.
type Gone = [bool; Lens::ALL.len()];

/// Words in a row.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Phrase {
    /// Where one word ends and the next begins.
    breaks: Breaks,
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

impl Guards {
    /// Lists what `policy` takes out of each view of this record.
    pub fn new((persons, names): (&[&ListedPerson], &[Vec<Name>]), form: &Form, policy: &RedactionPolicy) -> Self {
        let mut guards = Self::default();
        guards.lists.phrases = Index::with_capacity(USUAL);
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
        add(&mut self.lists);
    }

    /// True when nothing protected is left in `text`.
    pub fn is_clean(&self, text: &str, lens: Lens) -> bool {
        self.leaks((text, &labels_in(text)), lens).is_empty()
    }

    /// `text`, in which replacements stand at `labels`, with every sentence that leaks replaced, and those sentences added to
    /// `removed`; `None` when none leaks.
    pub fn without_sentences(
        &self,
        (text, labels): (&str, &[Range<usize>]),
        lens: Lens,
        removed: &mut Vec<String>,
    ) -> Option<String> {
        let mut leaks = self.leaks((text, labels), lens);
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

    /// Where protected text is left in `text`, in which replacements stand at `labels`.
    fn leaks(&self, (text, labels): (&str, &[Range<usize>]), lens: Lens) -> Vec<Range<usize>> {
        let lens = lens as usize;
        let Any { phrase, value, digits } = &self.lists.any;
        let mut leaks = Vec::new();
        let born = self.dates.iter().any(|(_, gone)| gone[lens]);
        if !(phrase[lens] || value[lens] || digits[lens] || born) {
            return leaks;
        }
        let seen = &Seen::new(text, labels);
        if phrase[lens] {
            self.names(seen, lens, &mut leaks);
        }
        let gone_in_all = |index: &Index<Gone>, leaks: &mut Vec<Range<usize>>| {
            each(index, seen.all(), |gone, range| {
                if gone[lens] {
                    leaks.push(seen.range(&range));
                }
            });
        };
        if value[lens] {
            gone_in_all(&self.lists.values, &mut leaks);
        }
        if self.dates.iter().any(|(date, gone)| gone[lens] && may_stand_in(seen.all(), *date)) {
            gone_in_all(self.writings(), &mut leaks);
        }
        if digits[lens] && seen.count_of_digits() >= FEWEST_DIGITS {
            let digits = seen.digits();
            each(&self.lists.digits, &digits.stream, |gone, range| {
                if gone[lens] {
                    leaks.push(digits.range(&range));
                }
            });
        }
        leaks
    }

    /// Adds where names and other words in a row are left. A part of a name is none in what may stay.
    fn names(&self, seen: &Seen<'_>, lens: usize, leaks: &mut Vec<Range<usize>>) {
        let (mut kept, mut parts) = (Vec::new(), Vec::new());
        for at in 0..seen.words() {
            self.lists.phrases.starting(seen.from(at), |text, phrase| {
                if phrase.kind == Kind::Part && !phrase.gone[lens] {
                    return;
                }
                let Some(range) = seen.phrase(at, text.len(), &phrase.breaks) else { return };
                match (phrase.gone[lens], phrase.kind) {
                    (false, _) => kept.push(range),
                    (true, Kind::Whole) => leaks.push(range),
                    (true, Kind::OneWord | Kind::Part) => parts.push(range),
                }
            });
        }
        if !parts.is_empty() {
            each(&self.lists.kept, seen.all(), |gone, range| {
                if !gone[lens] {
                    kept.push(seen.range(&range));
                }
            });
            let kept = Ranges::new(kept.into_iter());
            leaks.extend(parts.into_iter().filter(|part| !kept.hold(part)));
        }
    }

    fn writings(&self) -> &Index<Gone> {
        let of = |(date, gone): &(Date, Gone)| {
            let gone = *gone;
            squeezed_forms(*date).into_iter().map(move |text| (text, gone))
        };
        self.writings.get_or_init(|| self.dates.iter().flat_map(of).collect())
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
        // "Da", "Ni" are in many names, and in some sentences.
        let own = |piece: &&str| {
            let rare = !is_nameless(piece) && !is_ordinary(piece);
            is_no_word(piece) && !is_particle(piece) || has_more_than(2, piece) && rare
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
    fn squeezed(&mut self, text: &str, gone: Gone) {
        if has_more_than(4, text) && gone.contains(&true) {
            add(&mut self.any.value, gone);
            self.values.add(once(text), gone);
        }
    }

    fn phrase(&mut self, words: &[impl AsRef<str>], gone: Gone, kind: Kind) {
        let words = words.iter().map(AsRef::as_ref);
        add(&mut self.any.phrase, gone);
        self.phrases.add(words.clone(), Phrase { breaks: breaks_of(words).0, gone, kind });
    }

    fn value(&mut self, entity: Entity, text: &str, gone: Gone) {
        match entity {
            Entity::Phone | Entity::NhsNumber | Entity::BankAccount => {
                let digits = significant(entity, text);
                if digits.len() >= FEWEST_DIGITS {
                    add(&mut self.any.digits, gone);
                    self.digits.add(once(&*digits), gone);
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
                    // "jo.peel" is in "Jo Peel", which may stay.
                    return self.phrase(&words(text).concat(), gone, Kind::OneWord);
                }
                if gone.contains(&false) && !squeezed.is_empty() {
                    self.kept.add(once(&*squeezed), gone);
                }
                self.squeezed(&squeezed, gone);
            }
        }
    }
}

/// Most forms have no more phrases to be guarded.
const USUAL: usize = 32;

/// A number of fewer digits would be found inside others.
const FEWEST_DIGITS: usize = 6;

/// In which lenses `policy` takes out what is of `class` and belongs to somebody in `role`.
fn gone(policy: &RedactionPolicy, class: Class, role: EffectiveRole) -> Gone {
    std::array::from_fn(|at| policy.action(class, role, Lens::ALL[at]) != Action::Keep)
}

/// Gives `found` every value that stands as itself in `squeezed`, and where.
fn each<'i>(index: &'i Index<Gone>, squeezed: &str, mut found: impl FnMut(&'i Gone, Range<usize>)) {
    if index.is_empty() {
        return;
    }
    index.everywhere(squeezed.as_bytes(), |at, value, gone| {
        let range = at..at + value.len();
        if stands(squeezed, &range) {
            found(gone, range);
        }
    });
}

/// Sentences with the white space after them; a line is a sentence too.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let is_white = |at: usize| match bytes.get(at) {
        Some(byte) if !byte.is_ascii() => text[at..].starts_with(char::is_whitespace),
        byte => byte.is_none_or(|byte| ascii::is_white(*byte)),
    };
    let mut out = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(sign) = bytes[from..].iter().position(|byte| matches!(byte, b'.' | b'!' | b'?' | b'\n')) {
        from += sign + 1;
        if bytes[from - 1] != b'\n' && !is_white(from) {
            continue;
        }
        from += text[from..].len() - text[from..].trim_start().len();
        if from < text.len() {
            out.push(start..from);
            start = from;
        }
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
