//! Misspellings of names: one slip of the keyboard, digits for letters, or a spelling that sounds the same; and pet forms
//! that nobody listed.

use std::{borrow::Cow, cell::OnceCell};

use super::{
    endings::is_inflected,
    find::{Hit, may_be_anybody},
    fold::Casing,
    form::Entity,
    lexicon::WordList,
    lost_letters::damaged,
    needle::{Meaning, Strength},
    prose::{Letters, Prose, Word},
    sounds::{first_sound, is_one_vowel_from, sound_of},
    words::{is_function, is_nameless, is_particle, is_title, may_be_surname},
};

/// The names that a word may be a misspelling of.
#[derive(Default)]
pub(super) struct Spellings {
    /// Words of names, in the order of the sounds they begin with.
    known: Vec<Known>,
}

struct Known {
    /// The sound it begins with.
    begins: char,
    text: String,
    letters: Vec<char>,
    sound: String,
    meaning: Meaning,
    /// A first name may be shortened.
    first: bool,
    /// The own word of a school or a home that is an ordinary word too.
    ordinary: bool,
}

/// A name has at least this many letters to be known misspelt.
const FEWEST: usize = 4;
/// The own word of a school or a home at least this many.
const FEWEST_OF_PLACES: usize = 6;
/// And at most this many: no word of a name is longer, and comparing two takes their lengths multiplied.
const LONGEST: usize = 40;
/// Every word of a text is held against the names: more of them than this are a list of names and no record of a child.
const MOST: usize = 1_000;

impl Spellings {
    /// Adds every word of `name`, which is of `meaning`.
    pub fn add(&mut self, name: &[Vec<String>], meaning: Meaning) {
        for (index, piece) in name.iter().flatten().enumerate() {
            let letters: Vec<char> = piece.chars().collect();
            // Titles and particles are among what names nobody.
            let nobody = is_nameless(piece) && (!may_be_surname(piece) || is_particle(piece) || is_title(piece));
            let unfit = nobody || letters.iter().any(|c| !c.is_alphabetic());
            if !(FEWEST..=LONGEST).contains(&letters.len()) || unfit || self.known.len() >= MOST {
                continue;
            }
            let (begins, sound) = (first_sound(&letters), sound_of(&letters));
            let first = index == 0 && meaning.entity == Entity::Person;
            let known = Known { begins, text: piece.clone(), letters, sound, meaning, first, ordinary: false };
            let behind = self.known.partition_point(|known| known.begins <= begins);
            self.known.insert(behind, known);
        }
    }

    /// Adds a word that is the own of a school or a home, which is of `meaning`. One that is an ordinary word too is known
    /// only where it is written as a name.
    pub fn add_own(&mut self, word: &str, meaning: Meaning, ordinary: bool) {
        let (before, letters) = (self.known.len(), word.chars().collect::<Vec<char>>());
        if word.chars().count() >= FEWEST_OF_PLACES {
            self.add(&[vec![word.to_owned()]], meaning);
        }
        if ordinary && self.known.len() > before {
            let begins = first_sound(&letters);
            let added = self.known.iter_mut().rev().find(|known| known.begins == begins);
            added.into_iter().for_each(|known| known.ordinary = true);
        }
    }

    /// Every misspelt name in `prose` that no hit of `hits` covers yet.
    pub fn hits(&self, prose: &Prose<'_>, covered: &[bool]) -> Vec<Hit> {
        let mut out = Vec::new();
        if self.known.is_empty() {
            return out;
        }
        self.with_lost_letters(prose, covered, &mut out);
        for (at, word) in prose.words.iter().enumerate() {
            if !covered[at] && may_be_misspelt(prose, at, word) {
                self.word(prose, at, &mut out);
            }
        }
        out
    }

    /// The words that begin with this sound.
    fn beginning(&self, sound: char) -> &[Known] {
        let from = &self.known[self.known.partition_point(|known| known.begins < sound)..];
        &from[..from.partition_point(|known| known.begins == sound)]
    }

    fn with_lost_letters(&self, prose: &Prose<'_>, covered: &[bool], out: &mut Vec<Hit>) {
        for word in damaged(&prose.folded.text) {
            if covered.get(prose.word_at(word.range.start)).is_some_and(|covered| *covered) {
                continue;
            }
            let before = out.len();
            for known in self.known.iter().filter(|known| word.may_be(&known.letters)) {
                let (range, meaning) = (word.range.clone(), known.meaning);
                out.push(Hit { range, meaning, strength: Strength::Part, listed: true });
            }
            may_be_anybody(out, before);
        }
    }

    fn word(&self, prose: &Prose<'_>, at: usize, out: &mut Vec<Hit>) {
        let range = prose.words[at].range();
        let text = unleet(prose.text(at));
        let mut letters: Vec<char> = text.chars().collect();
        let possessive = letters.len() > FEWEST && letters.last() == Some(&'s');
        let pet = prose.words[at].is_capital() || prose.sentence(at).casing != Casing::Mixed;
        let same = self.closest(&letters).or_else(|| {
            let bare = possessive.then(|| letters.pop()).flatten().is_some();
            bare.then(|| self.closest(&letters)).flatten()
        });
        let same = same.or_else(|| pet.then(|| self.shortened(&text)).flatten());
        let strange = pet && !prose.words[at].flags.english();
        let same = same.or_else(|| strange.then(|| self.begun_wrong(&text)).flatten());
        // A digit behind a name is more often its own than a letter: only the very name counts.
        let numbered = prose.text(at).ends_with(|c: char| c.is_ascii_digit());
        let before = out.len();
        // An English word is hardly a slip in the name of a school.
        let english = prose.words[at].flags.english();
        let capital = prose.words[at].is_capital() && prose.sentence(at).casing == Casing::Mixed;
        let may_be = |known: &&Known| {
            (!numbered || known.text == text)
                && (!english || known.meaning.entity == Entity::Person)
                && (!known.ordinary || capital)
        };
        for known in same.unwrap_or_default().into_iter().filter(may_be) {
            out.push(Hit { range: range.clone(), meaning: known.meaning, strength: Strength::Part, listed: true });
        }
        may_be_anybody(out, before);
    }

    /// The first names that `text` shortens.
    fn shortened(&self, text: &str) -> Option<Vec<&Known>> {
        let mut letters = text.chars();
        let begins = first_sound(&[letters.next()?, letters.next().unwrap_or(' ')]);
        let pet = |known: &&Known| known.first && shortens(text, &known.text);
        let found: Vec<&Known> = self.beginning(begins).iter().filter(pet).collect();
        (!found.is_empty()).then_some(found)
    }

    /// The names of which the first letters are wrong in `text`: another key beside the first, the first left out, or a second that
    /// changes the sound that the name begins with.
    fn begun_wrong(&self, text: &str) -> Option<Vec<&Known>> {
        let letters: Vec<char> = text.chars().collect();
        if !(FEWEST..=LONGEST + 3).contains(&letters.len()) {
            return None;
        }
        let sound = OnceCell::new();
        let near = |known: &&Known| {
            let (first, rest) = (known.letters[0], &known.letters[1..]);
            let person = known.meaning.entity == Entity::Person && rest.len() >= FEWEST;
            let beside = || letters[1..] == *rest && are_beside(first, letters[0]);
            let dropped = || rest.len() > FEWEST && letters == *rest;
            let added = || rest.len() > FEWEST && letters[1..] == known.letters && are_beside(first, letters[0]);
            let second =
                || first == letters[0] && is_near(known, &letters, || sound.get_or_init(|| sound_of(&letters)));
            person && (beside() || dropped() || added() || second())
        };
        let found: Vec<&Known> = self.known.iter().filter(near).collect();
        (!found.is_empty()).then_some(found)
    }

    /// The names that `text` is nearest to, if any is near enough.
    fn closest(&self, letters: &[char]) -> Option<Vec<&Known>> {
        if !(FEWEST..=LONGEST + 3).contains(&letters.len()) {
            return None;
        }
        let begins = first_sound(letters);
        let second = letters[1].to_lowercase().next().map(|c| first_sound(&[c])).filter(|c| *c != begins);
        let sound = OnceCell::new();
        let near = |known: &&Known| is_near(known, letters, || sound.get_or_init(|| sound_of(letters)));
        // Whether a "g" is hard depends on the next letter, which may be the slip.
        let other = match begins {
            'g' => Some('y'),
            'y' if letters[0] == 'g' => Some('g'),
            _ => None,
        };
        let found: Vec<&Known> = [Some(begins), second, other.filter(|c| second != Some(*c))]
            .into_iter()
            .flatten()
            .flat_map(|begins| self.beginning(begins))
            .filter(near)
            .collect();
        (!found.is_empty()).then_some(found)
    }
}

/// True for a word that is no English word, in letters (or digits that stand for letters).
fn may_be_misspelt(prose: &Prose<'_>, at: usize, word: &Word) -> bool {
    let text = prose.text(at);
    let unfit = text.len() < FEWEST || text.len() > LONGEST * 4;
    if word.letters == Letters::Label || unfit || word.is(WordList::NoName) {
        return false;
    }
    if word.letters == Letters::Digits {
        return text.bytes().any(|b| b.is_ascii_alphabetic())
            && text.bytes().filter(u8::is_ascii_digit).count() * 2 < text.len()
            && !text.starts_with(|c: char| c.is_ascii_digit());
    }
    let capital = word.is_capital() && prose.sentence(at).casing == Casing::Mixed && !prose.begins(at);
    !word.flags.english() || capital && !is_function(text)
}

/// True for two keys beside each other in a row.
fn are_beside(one: char, other: char) -> bool {
    ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
        .iter()
        .any(|row| row.find(one).zip(row.find(other)).is_some_and(|(one, other)| one.abs_diff(other) == 1))
}

/// Digits that stand for letters.
fn unleet(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let letter = |c: char| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    text.chars().map(letter).collect()
}

fn is_near<S: AsRef<str>>(known: &Known, letters: &[char], sound: impl FnOnce() -> S) -> bool {
    let (shorter, longer) = (letters.len().min(known.letters.len()), letters.len().max(known.letters.len()));
    if is_inflected(&known.letters, letters) {
        return true;
    }
    if longer - shorter > 3 {
        return false;
    }
    if letters == known.letters {
        return true;
    }
    if known.sound.chars().count() >= 3 {
        let sound = sound();
        let person = known.meaning.entity == Entity::Person;
        if sound.as_ref() == known.sound || person && is_one_vowel_from(sound.as_ref(), &known.sound) {
            return true;
        }
    }
    let allowed = if shorter >= 9 { 2 } else { 1 };
    if longer - shorter > allowed {
        return false;
    }
    // Four letters leave too little: only letters changed round or doubled.
    if known.letters.len() < 5 {
        return is_transposed(&known.letters, letters) || is_doubled(&known.letters, letters);
    }
    let same_start = known.letters[0] == letters[0] || known.letters[..2] == [letters[1], letters[0]];
    same_start && distance_at_most(&known.letters, letters, allowed)
}

fn is_transposed(a: &[char], b: &[char]) -> bool {
    a.len() == b.len() && a[0] == b[0] && distance_at_most(a, b, 1) && {
        let differing: Vec<usize> = (0..a.len()).filter(|&at| a[at] != b[at]).collect();
        matches!(differing[..], [one, two] if two == one + 1 && a[one] == b[two] && a[two] == b[one])
    }
}

fn is_doubled(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.len() == short.len() + 1
        && (1..long.len())
            .any(|at| long[at] == long[at - 1] && long[..at] == short[..at] && long[at + 1..] == short[at..])
}

/// Optimal string alignment, bounded: three rows of a matrix, of words that are no [longer](WIDTH).
fn distance_at_most(a: &[char], b: &[char], bound: usize) -> bool {
    let mut rows = [[0_u8; WIDTH]; 3];
    (0_u8..).zip(&mut rows[0][..=b.len()]).for_each(|(cost, cell)| *cell = cost);
    for (i, cost) in (1..=a.len()).zip(1_u8..) {
        let [last, row, before] = &mut rows;
        row[0] = cost;
        for j in 1..=b.len() {
            let change = u8::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row[..=b.len()].iter().all(|&cost| usize::from(cost) > bound) {
            return false;
        }
        rows.rotate_left(1);
    }
    usize::from(rows[0][b.len()]) <= bound
}

/// A row for the longest word that is compared, and its beginning.
const WIDTH: usize = LONGEST + 3 + 1;

/// True when `short` is how a speaker shortens `name`: its beginning, whole or with an ending of fondness.
pub(super) fn shortens(short: &str, name: &str) -> bool {
    // At least three letters are the same.
    if short.as_bytes().get(..3) != name.as_bytes().get(..3) {
        return false;
    }
    let endings = ["", "y", "ie", "i", "s", "z", "o", "a", "ers", "zy", "by"];
    endings.iter().any(|ending| {
        short.strip_suffix(ending).is_some_and(|stem| {
            let length = stem.chars().count();
            // Three bare letters begin too many names.
            let least = if ending.is_empty() { 4 } else { 3 };
            (least..=5).contains(&length) && name.starts_with(stem) && name.chars().count() > length + 1
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(name: &str, written: &str) -> bool {
        let letters: Vec<char> = name.chars().collect();
        let meaning = Meaning {
            entity: super::super::form::Entity::Person,
            role: super::super::policy::EffectiveRole::Unknown,
            person: None,
        };
        let known = Known {
            begins: first_sound(&letters),
            text: name.to_owned(),
            sound: sound_of(&letters),
            letters,
            meaning,
            first: true,
            ordinary: false,
        };
        let written: Vec<char> = written.chars().collect();
        is_near(&known, &written, || sound_of(&written))
    }

    #[test]
    fn one_slip_of_the_keyboard_is_the_same_name_and_another_name_is_not() {
        for (name, written) in [
            ("samantha", "samanrha"),
            ("nathaniel", "nathhaniel"),
            ("catalin", "catlain"),
            ("shaniqua", "shaniuqa"),
            ("gurdeep", "gurdepe"),
            ("olumide", "olmide"),
            ("ubah", "ubbah"),
            ("ardit", "radit"),
            ("zubair", "zoobair"),
            ("megan", "meghan"),
            ("yonas", "jonas"),
            ("jemima", "gemima"),
            ("malgorzata", "malgozrta"),
            ("zuleikha", "zulaika"),
        ] {
            assert!(near(name, written), "{name} {written}");
        }
        for (name, other) in
            [("marcus", "maria"), ("kojo", "kofi"), ("imran", "simran"), ("anna", "hanna"), ("jordan", "morgan")]
        {
            assert!(!near(name, other), "{name} {other}");
        }
    }

    #[test]
    fn pet_forms_begin_as_the_name_does() {
        assert!(
            shortens("fardy", "fardowsa")
                && shortens("shan", "shaniqua")
                && !shortens("sha", "shaniqua")
                && shortens("marls", "marlon")
        );
        assert!(!shortens("mark", "marlon") && !shortens("jo", "jordan") && !shortens("jordan", "jordan"));
    }
}
