//! The second look at a finished view, on its own path: words and squeezed characters of the view against a list of what
//! must be gone. It shares the character tables with the search, nothing else.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    dates::squeezed_forms,
    form::{Entity, Form, ListedPerson},
    needle::words,
    numbers::significant,
    policy::{Action, Class, EffectiveRole, Lens, RedactionPolicy},
    render::WITHHELD,
    seen::{Beginnings, Seen},
    words::{FAMILY, NAMELESS, is_ordinary, is_particle, is_title},
};

/// The re-scan, listed once for every lens.
#[derive(Default)]
pub(super) struct Guards {
    /// Words in a row, by the first of them.
    phrases: HashMap<String, Vec<Phrase>>,
    /// First bytes of the phrases: most words of a text begin none.
    phrases_begin: Beginnings,
    /// Squeezed values that must be gone.
    values: Vec<Value>,
    /// First bytes of the values.
    values_begin: Beginnings,
    /// Squeezed values that may hold a part of a name where they may stay.
    kept: Vec<Value>,
    /// Digits that must be gone.
    digits: Vec<Value>,
}

/// In which lenses something must be gone, in declared order.
type Gone = [bool; Lens::ALL.len()];

struct Phrase {
    words: Vec<String>,
    gone: Gone,
    kind: Kind,
}

/// What a phrase is where it must be gone, and where it may stay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A leak; where it may stay, a part of a protected name in it is no leak.
    Whole,
    /// A name of one word: like a part of a name where it must be gone, else like a whole.
    OneWord,
    /// A part of a name: nothing where it may stay.
    Part,
}

struct Value {
    text: String,
    gone: Gone,
}

impl Guards {
    /// Lists what `policy` takes out of each view of this record.
    pub fn new(persons: &[ListedPerson], form: &Form, policy: &RedactionPolicy) -> Self {
        let gone = |class: Class, role: EffectiveRole| -> Gone {
            std::array::from_fn(|at| policy.action(class, role, Lens::ALL[at]) != Action::Keep)
        };
        let mut guards = Self::default();
        for person in persons {
            let names_gone = gone(Class::Person, person.role);
            person.names.iter().for_each(|name| guards.name(name.reveal(), names_gone));
            let born_gone = gone(Class::Dob, person.role);
            person.date_of_birth.into_iter().flat_map(squeezed_forms).for_each(|form| guards.squeezed(form, born_gone));
        }
        for value in &form.values {
            guards.value(value.entity, value.text.reveal(), gone(value.entity.class(), value.role));
        }
        guards
    }

    /// Lists somebody who was found in the texts.
    pub fn add_person(&mut self, names: &[String], role: EffectiveRole, policy: &RedactionPolicy) {
        let gone = std::array::from_fn(|at| policy.action(Class::Person, role, Lens::ALL[at]) != Action::Keep);
        names.iter().for_each(|name| self.name(name, gone));
    }

    /// Lists a value that the texts give somebody.
    pub fn add_value(&mut self, entity: Entity, value: &str, role: EffectiveRole, policy: &RedactionPolicy) {
        let gone = std::array::from_fn(|at| policy.action(entity.class(), role, Lens::ALL[at]) != Action::Keep);
        self.value(entity, value, gone);
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

    fn name(&mut self, name: &str, gone: Gone) {
        let mut name = words(name);
        if name.len() > 1 && name[0].len() == 1 && is_title(&name[0][0]) {
            name.remove(0);
        }
        let pieces = name.concat();
        let own = |piece: &String| {
            piece.chars().count() >= 3
                && !is_ordinary(piece)
                && !is_particle(piece)
                && !is_title(piece)
                && !NAMELESS.contains(piece.as_str())
                && !FAMILY.contains(&piece.as_str())
        };
        if pieces.len() < 2 {
            if pieces.first().is_some_and(own) {
                self.phrase(pieces, gone, Kind::OneWord);
            }
            return;
        }
        for piece in pieces.iter().filter(|piece| gone.contains(&true) && own(piece)) {
            self.phrase(vec![piece.clone()], gone, Kind::Part);
        }
        if let [first, _, .., last] = name.as_slice() {
            self.phrase([first.clone(), last.clone()].concat(), gone, Kind::Whole);
        }
        self.phrase(vec![pieces.concat()], gone, Kind::Whole);
        self.phrase(pieces, gone, Kind::Whole);
    }

    /// A squeezed value; a shorter one would be found inside others.
    fn squeezed(&mut self, text: String, gone: Gone) {
        if text.chars().count() >= 5 && gone.contains(&true) {
            self.values_begin.add(text.as_bytes());
            self.values.push(Value { text, gone });
        }
    }

    fn phrase(&mut self, words: Vec<String>, gone: Gone, kind: Kind) {
        if let Some(first) = words.first() {
            self.phrases_begin.add(head(first));
            self.phrases.entry(first.clone()).or_default().push(Phrase { words, gone, kind });
        }
    }

    fn value(&mut self, entity: Entity, text: &str, gone: Gone) {
        let pieces = words(text).concat();
        let squeezed = pieces.concat();
        match entity {
            Entity::Phone | Entity::NhsNumber | Entity::BankAccount => {
                let digits = significant(entity, text);
                if digits.len() >= 6 {
                    self.digits.push(Value { text: digits, gone });
                }
            }
            Entity::Address => {
                self.phrase(pieces, gone, Kind::Whole);
                let numbered = |line: &&str| line.bytes().any(|b| b.is_ascii_digit());
                for line in text.split([',', '\n', ';']).filter(numbered).map(words) {
                    self.phrase(line.concat(), gone, Kind::Whole);
                }
            }
            Entity::School | Entity::Placement | Entity::Place | Entity::Organisation
                if pieces.len() > 1 || pieces.iter().any(|piece| !is_ordinary(piece)) =>
            {
                self.phrase(pieces, gone, Kind::Whole);
            }
            Entity::School | Entity::Placement | Entity::Place | Entity::Organisation => {}
            Entity::Person | Entity::Relationship | Entity::Dob => {}
            // A handle that is a word is looked for as a word: as characters it would be found inside others.
            _ if squeezed.chars().all(char::is_alphabetic) => self.phrase(pieces, gone, Kind::Whole),
            _ => {
                if gone.contains(&false) && !squeezed.is_empty() {
                    self.kept.push(Value { text: squeezed.clone(), gone });
                }
                self.squeezed(squeezed, gone);
            }
        }
    }

    /// Where protected text is left, as ranges of the view.
    fn leaks(&self, seen: &Seen<'_>, lens: Lens) -> Vec<Range<usize>> {
        let lens = lens as usize;
        let mut kept = Vec::new();
        let mut parts = Vec::new();
        let mut leaks = Vec::new();
        for at in 0..seen.words() {
            for phrase in self.candidates(seen.nth(at)) {
                if phrase.kind == Kind::Part && !phrase.gone[lens] {
                    continue;
                }
                if let Some(range) = seen.phrase(at, &phrase.words) {
                    match (phrase.gone[lens], phrase.kind) {
                        (false, _) => kept.push(range),
                        (true, Kind::Whole) => leaks.push(range),
                        (true, Kind::OneWord | Kind::Part) => parts.push(range),
                    }
                }
            }
        }
        let there = self.values_in(seen.all()).into_iter().filter(|value| value.gone[lens]);
        leaks.extend(there.flat_map(|value| seen.find(&value.text)));
        let digits = self.digits.iter().filter(|value| value.gone[lens]);
        leaks.extend(digits.flat_map(|value| seen.find_digits(&value.text)));
        if !parts.is_empty() {
            let may_stay = self.kept.iter().filter(|value| !value.gone[lens]);
            kept.extend(may_stay.flat_map(|value| seen.find(&value.text)));
            let inside_kept =
                |part: &Range<usize>| kept.iter().any(|kept| kept.start <= part.start && part.end <= kept.end);
            leaks.extend(parts.into_iter().filter(|part| !inside_kept(part)));
        }
        leaks
    }

    /// The values of which at least the first four bytes are in `text`, in their order.
    fn values_in(&self, text: &str) -> Vec<&Value> {
        let mut there = BTreeSet::new();
        for four in text.as_bytes().windows(4).filter(|four| self.values_begin.may_hold(four)) {
            let begun = |(_, value): &(usize, &Value)| value.text.as_bytes().starts_with(four);
            there.extend(self.values.iter().enumerate().filter(begun).map(|(number, _)| number));
        }
        there.into_iter().map(|number| &self.values[number]).collect()
    }

    /// Phrases that may begin with `word`, which may carry the s of a possessive.
    fn candidates(&self, word: &str) -> impl Iterator<Item = &Phrase> {
        let bare = word.strip_suffix('s').unwrap_or_default();
        let listed = |word: &str| {
            let may_begin = !word.is_empty() && self.phrases_begin.may_hold(head(word));
            may_begin.then(|| self.phrases.get(word)).flatten()
        };
        listed(word).into_iter().chain(listed(bare)).flatten()
    }
}

/// What a word is known by at first sight.
fn head(word: &str) -> &[u8] {
    &word.as_bytes()[..word.len().min(4)]
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
