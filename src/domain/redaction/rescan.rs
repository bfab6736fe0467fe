//! The second look at a finished view, on its own path: words and squeezed characters of the view against a list of what
//! must be gone. It shares the character tables with the search, nothing else.

use std::{collections::HashMap, ops::Range};

use super::{
    dates::squeezed_forms,
    form::{Entity, Form, ListedPerson},
    letters::plain,
    needle::words,
    numbers::significant,
    policy::{Action, Lens, RedactionPolicy},
    render::{WITHHELD, labels_in},
    words::{FAMILY, NAMELESS, is_ordinary, is_particle, is_title},
};

/// The re-scan for each lens.
pub(super) struct Guards {
    by_lens: Vec<Guard>,
}

#[derive(Default)]
struct Guard {
    /// Words in a row that must be gone, by the first of them.
    phrases: HashMap<String, Vec<Phrase>>,
    /// Squeezed values that must be gone.
    values: Vec<String>,
    /// Digits that must be gone.
    digits: Vec<String>,
    /// Squeezed values that may stay, and may hold a part of a name.
    kept: Vec<String>,
}

struct Phrase {
    words: Vec<String>,
    /// Stays readable where the policy keeps it, and then a part of a protected name in it is no leak.
    kept: bool,
    /// One part of a name only.
    part: bool,
}

impl Guards {
    /// Lists what `policy` takes out of each view of this record.
    pub fn new(persons: &[ListedPerson], form: &Form, policy: &RedactionPolicy) -> Self {
        let guard = |&lens: &Lens| {
            let mut guard = Guard::default();
            for person in persons {
                let gone = policy.action(Entity::Person.class(), person.role, lens) != Action::Keep;
                person.names.iter().for_each(|name| guard.name(name.reveal(), gone));
                let born = person
                    .date_of_birth
                    .filter(|_| policy.action(Entity::Dob.class(), person.role, lens) != Action::Keep);
                guard.values.extend(born.into_iter().flat_map(squeezed_forms));
            }
            for value in &form.values {
                let gone = policy.action(value.entity.class(), value.role, lens) != Action::Keep;
                guard.value(value.entity, value.text.reveal(), gone);
            }
            guard
        };
        Self { by_lens: Lens::ALL.iter().map(guard).collect() }
    }

    /// True when nothing protected is left in `text`.
    pub fn is_clean(&self, text: &str, lens: Lens) -> bool {
        self.by_lens[lens as usize].leaks(&Seen::new(text)).is_empty()
    }

    /// `text` with every sentence that leaks replaced, and those sentences added to `removed`; `None` when none leaks.
    pub fn without_sentences(&self, text: &str, lens: Lens, removed: &mut Vec<String>) -> Option<String> {
        let leaks = self.by_lens[lens as usize].leaks(&Seen::new(text));
        if leaks.is_empty() {
            return None;
        }
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
}

impl Guard {
    fn name(&mut self, name: &str, gone: bool) {
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
                self.phrase(pieces, !gone, gone);
            }
            return;
        }
        for piece in pieces.iter().filter(|piece| gone && own(piece)) {
            self.phrase(vec![piece.clone()], false, true);
        }
        if let [first, .., last] = name.as_slice() {
            self.phrase([first.clone(), last.clone()].concat(), !gone, false);
        }
        self.phrase(vec![pieces.concat()], !gone, false);
        self.phrase(pieces, !gone, false);
    }

    fn phrase(&mut self, words: Vec<String>, kept: bool, part: bool) {
        if let Some(first) = words.first() {
            self.phrases.entry(first.clone()).or_default().push(Phrase { words, kept, part });
        }
    }

    fn value(&mut self, entity: Entity, text: &str, gone: bool) {
        let pieces = words(text).concat();
        let squeezed = pieces.concat();
        match entity {
            Entity::Phone | Entity::NhsNumber | Entity::BankAccount => {
                let digits = significant(entity, text);
                if gone && digits.len() >= 6 {
                    self.digits.push(digits);
                }
            }
            Entity::Address => {
                self.phrase(pieces, !gone, false);
                let numbered = |line: &&str| line.bytes().any(|b| b.is_ascii_digit());
                for line in text.split([',', '\n', ';']).filter(numbered).map(words) {
                    self.phrase(line.concat(), !gone, false);
                }
            }
            Entity::School | Entity::Placement | Entity::Place | Entity::Organisation
                if pieces.len() > 1 || pieces.iter().any(|piece| !is_ordinary(piece)) =>
            {
                self.phrase(pieces, !gone, false);
            }
            Entity::School | Entity::Placement | Entity::Place | Entity::Organisation => {}
            Entity::Person | Entity::Relationship | Entity::Dob => {}
            // A handle that is a word is looked for as a word: as characters it would be found inside others.
            _ if squeezed.chars().all(char::is_alphabetic) => self.phrase(pieces, !gone, false),
            _ if gone && squeezed.chars().count() >= 5 => self.values.push(squeezed),
            _ if !gone => self.kept.push(squeezed),
            _ => {}
        }
    }

    /// Where protected text is left, as ranges of the view.
    fn leaks(&self, seen: &Seen) -> Vec<Range<usize>> {
        let mut kept = Vec::new();
        let mut parts = Vec::new();
        let mut leaks = Vec::new();
        for at in 0..seen.words.len() {
            for phrase in seen.candidates(at, &self.phrases) {
                if let Some(range) = seen.matches(at, &phrase.words) {
                    match (phrase.kept, phrase.part) {
                        (true, _) => kept.push(range),
                        (_, true) => parts.push(range),
                        _ => leaks.push(range),
                    }
                }
            }
        }
        let found = |squeeze: &Squeezed, value: &String| -> Vec<Range<usize>> {
            let matches = squeeze.text.match_indices(value.as_str());
            matches
                .filter(|(at, value)| squeeze.stands(*at, value))
                .map(|(at, value)| squeeze.range(at, value.len()))
                .collect()
        };
        kept.extend(self.kept.iter().filter(|value| !value.is_empty()).flat_map(|value| found(&seen.all, value)));
        leaks.extend(self.values.iter().flat_map(|value| found(&seen.all, value)));
        leaks.extend(self.digits.iter().flat_map(|value| found(&seen.digits, value)));
        let inside_kept =
            |part: &Range<usize>| kept.iter().any(|kept| kept.start <= part.start && part.end <= kept.end);
        leaks.extend(parts.into_iter().filter(|part| !inside_kept(part)));
        leaks
    }
}

/// A view as words and as squeezed characters, our own replacements left out.
struct Seen {
    words: Vec<(String, Range<usize>)>,
    all: Squeezed,
    digits: Squeezed,
}

#[derive(Default)]
struct Squeezed {
    text: String,
    at: Vec<usize>,
}

impl Squeezed {
    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        (0..c.len_utf8()).for_each(|_| self.at.push(at));
    }

    /// False when `value` begins or ends within a number: 4 March is not in 14 March.
    fn stands(&self, at: usize, value: &str) -> bool {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let before = digit(self.text[..at].chars().next_back()) && digit(value.chars().next());
        let after = digit(self.text[at + value.len()..].chars().next()) && digit(value.chars().next_back());
        value.len() == value.bytes().filter(u8::is_ascii_digit).count() && value.len() != 8 || !before && !after
    }

    fn range(&self, from: usize, length: usize) -> Range<usize> {
        self.at[from]..self.at[from + length - 1] + 1
    }
}

impl Seen {
    fn new(text: &str) -> Self {
        let mut seen = Self { words: Vec::new(), all: Squeezed::default(), digits: Squeezed::default() };
        let labels = labels_in(text);
        let mut labels = labels.iter().peekable();
        let mut open = false;
        for (at, c) in text.char_indices() {
            while labels.next_if(|label| label.end <= at).is_some() {}
            if let Some(label) = labels.peek().filter(|label| label.start <= at) {
                // A replacement divides what stands on its sides.
                if label.start == at {
                    seen.all.push('|', at);
                    seen.digits.push('|', at);
                }
                open = false;
                continue;
            }
            let mut shown = false;
            plain(c, |part| {
                shown = true;
                if !part.is_alphanumeric() {
                    open = false;
                    return;
                }
                seen.all.push(part, at);
                if part.is_ascii_digit() {
                    seen.digits.push(part, at);
                }
                match seen.words.last_mut().filter(|_| open) {
                    Some((word, range)) => {
                        word.push(part);
                        range.end = at + c.len_utf8();
                    }
                    None => seen.words.push((part.to_string(), at..at + c.len_utf8())),
                }
                open = true;
            });
            if !shown {
                continue;
            }
            if c.is_alphabetic() && !seen.digits.text.ends_with('|') {
                seen.digits.push('|', at);
            }
        }
        seen
    }

    /// Phrases that may begin at word `at`, which may carry the s of a possessive.
    fn candidates<'g>(&self, at: usize, phrases: &'g HashMap<String, Vec<Phrase>>) -> impl Iterator<Item = &'g Phrase> {
        let word = self.words[at].0.as_str();
        let bare = word.strip_suffix('s').unwrap_or_default();
        phrases.get(word).into_iter().chain(phrases.get(bare)).flatten()
    }

    fn matches(&self, at: usize, words: &[String]) -> Option<Range<usize>> {
        let here = self.words.get(at..at + words.len())?;
        let last = words.len() - 1;
        let same =
            here.iter().zip(words).enumerate().all(|(index, ((seen, _), word))| {
                seen == word || index == last && seen.strip_suffix('s') == Some(word)
            });
        same.then(|| here[0].1.start..here[last].1.end)
    }
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
