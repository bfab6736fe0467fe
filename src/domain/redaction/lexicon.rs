//! What redaction knows of English: ordinary words, and the lists that a professional keeps (`redaction-words.toml`).

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::LazyLock,
};

use super::{fold::plain_text, index::Index, spelt_marks, table::WordTable};
use crate::domain::code::vocabulary;

vocabulary! {
    /// The lists of words.
    WordList {
        /// Ordinary words that are names too.
        NameToo = "names_that_are_words",
        /// Proper nouns that name nobody.
        NoName = "no_names",
        /// Titles before a name.
        Title = "titles",
        /// Small words inside names.
        Particle = "particles",
        /// People by what they are to somebody.
        People = "people",
        /// Children, by what they are.
        Child = "children",
        /// Trades of professionals.
        Professional = "professionals",
        /// After these a name may follow.
        BeforePerson = "before_a_person",
        /// These may follow a name.
        AfterPerson = "after_a_person",
        /// After these a place may follow.
        BeforePlace = "before_a_place",
        /// Going somewhere.
        Going = "going",
        /// Last words of the names of venues.
        Venue = "venues",
        /// Last words of the names of streets.
        Street = "streets",
        /// Buildings with names of their own.
        Building = "buildings",
        /// Last words of the names of schools.
        School = "schools",
        /// Words around a home for children.
        Placement = "placements",
        /// Bringing information.
        Bringing = "bringing",
        /// Telling somebody.
        Telling = "telling",
        /// Who is told.
        Us = "us",
        /// Before the name of who told.
        ToldBy = "told_by",
        /// Said of a source who must not be known.
        Confidential = "confidential",
        /// How few could know.
        FewKnow = "few_could_know",
        /// Not for a carer.
        NotForCarers = "not_for_carers",
        /// A carer or a home.
        Home = "about_the_home",
        /// Said against a carer or a home.
        Complaint = "complaints",
        /// May be harmless.
        Doubtful = "doubtful_for_carers",
        /// For a carer.
        ForCarers = "for_carers",
        /// The only words of a sentence in a record's carer copy.
        PlainForCarers = "plain_in_a_carer_copy",
        /// What somebody does to others who is of concern.
        Harming = "harming",
        /// What somebody does who is of concern.
        Dealing = "dealing",
        /// Told us, and no information.
        Defying = "denials_and_threats",
    }
}

/// A set of lists that a word is in, and whether it is English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u64);

impl Flags {
    const ENGLISH: u64 = 1 << 63;
    const BEGINS_PHRASE: u64 = 1 << 62;
    const SPELLS: u64 = 1 << 61;
    const SHORTENED: u64 = 1 << 60;

    /// True when the word is in `list`.
    pub const fn is(self, list: WordList) -> bool {
        self.0 >> list as u32 & 1 == 1
    }

    /// In each of `lists` and nowhere else.
    pub const fn of(lists: &[WordList]) -> Self {
        let (mut flags, mut at) = (0, 0);
        while at < lists.len() {
            flags |= 1 << lists[at] as u32;
            at += 1;
        }
        Self(flags)
    }

    /// True when the word is in one of the lists of `other`.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// True when the word is in one of `lists`.
    pub fn any(self, lists: &[WordList]) -> bool {
        lists.iter().any(|&list| self.is(list))
    }

    /// True for an ordinary English word.
    pub const fn english(self) -> bool {
        self.0 & Self::ENGLISH != 0
    }

    /// True for a word that a phrase of the lists may begin with.
    pub const fn begins_phrase(self) -> bool {
        self.0 & Self::BEGINS_PHRASE != 0
    }

    /// True for a word that stands for a letter or a digit.
    pub const fn spells(self) -> bool {
        self.0 & Self::SPELLS != 0
    }
}

/// The lists, compiled.
pub struct Lexicon {
    /// Every word of the lists and of English.
    words: WordTable,
    /// Phrases that begin with a word.
    phrases: Index<WordList>,
    /// Phrases that begin with a sign or a number.
    signed: Index<WordList>,
    /// Short forms by name and names by short form.
    short: BTreeMap<String, BTreeSet<String>>,
    canonical: String,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexicon").finish_non_exhaustive()
    }
}

impl Lexicon {
    /// Compiles `lists`, and `short_names` as groups of a name and its short forms.
    pub fn new(lists: &[(WordList, Vec<String>)], short_names: &[Vec<String>]) -> Self {
        let mut words = WordTable::with_capacity(4_000);
        let mut phrases = Vec::new();
        for (list, entries) in lists {
            for entry in entries.iter().map(|entry| plain_text(entry)) {
                if entry.chars().all(char::is_alphanumeric) {
                    words.add(&entry, 1 << *list as u32);
                } else if !entry.is_empty() {
                    phrases.push((entry, *list));
                }
            }
        }
        let (phrases, signed): (Vec<(String, WordList)>, Vec<_>) =
            phrases.into_iter().partition(|(phrase, _)| first_word(phrase).is_some());
        phrases
            .iter()
            .filter_map(|(phrase, _)| first_word(phrase))
            .for_each(|first| words.add(first, Flags::BEGINS_PHRASE));
        let short = short_forms(short_names);
        let words = with_english(&words, short.keys());
        let (phrases, signed) = (phrases.into_iter().collect(), signed.into_iter().collect());
        Self { words, phrases, signed, canonical: canonical(lists, &short), short }
    }

    /// Every list in one fixed form, a line each: the order and spacing of a file make no difference.
    pub(super) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What is known of `word`, which is folded.
    pub(super) fn flags(&self, word: &str) -> Flags {
        match self.words.get(word) {
            0 if word.is_ascii() && is_inflected(word) => Flags(Flags::ENGLISH),
            known => Flags(known),
        }
    }

    /// Adds the phrases that begin with the word at `at` of `text`, which is folded: their lists and their ranges. The word has
    /// to be one that [begins phrases](Flags::begins_phrase).
    pub(super) fn phrases_at(&self, text: &str, at: usize, found: &mut Vec<(WordList, Range<usize>)>) {
        starting(&self.phrases, text, at, found);
    }

    /// Adds the phrases in `text` that begin with no word, and sorts all in `found` by where they end.
    pub(super) fn other_phrases(&self, text: &str, found: &mut Vec<(WordList, Range<usize>)>) {
        let may_begin = |(_, byte): &(usize, &u8)| self.signed.has_beginning(**byte);
        for (at, _) in text.as_bytes().iter().enumerate().filter(may_begin) {
            if text.is_char_boundary(at) && !text[..at].ends_with(char::is_alphanumeric) {
                starting(&self.signed, text, at, found);
            }
        }
        found.sort_by_key(|(_, range)| (range.end, range.start));
    }

    /// Other forms of the first name `name`, both folded.
    pub(super) fn other_forms<'l>(&'l self, name: &str) -> impl Iterator<Item = &'l str> + use<'l> {
        let shortened = self.words.get(name) & Flags::SHORTENED != 0;
        shortened.then(|| self.short.get(name)).flatten().into_iter().flatten().map(String::as_str)
    }
}

/// The first word of an entry of several; `None` where it begins with a sign or a number.
fn first_word(phrase: &str) -> Option<&str> {
    let first = phrase.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    Some(first).filter(|first| !first.is_empty() && !first.bytes().any(|b| b.is_ascii_digit()))
}

/// Adds everything of `phrases` that stands at `at` of `text`, whole words only.
fn starting(phrases: &Index<WordList>, text: &str, at: usize, found: &mut Vec<(WordList, Range<usize>)>) {
    phrases.starting(&text.as_bytes()[at..], |phrase, list| {
        let end = at + phrase.len();
        if !text[end..].starts_with(char::is_alphanumeric) {
            found.push((*list, at..end));
        }
    });
}

/// `listed`, names that are `shortened` and every English word, each with whether it is one: nothing else has to be asked for a
/// word that is there.
fn with_english<'s>(listed: &WordTable, shortened: impl Iterator<Item = &'s String>) -> WordTable {
    let mut all = WordTable::with_capacity(32_000);
    ENGLISH.each(|word, _| all.add(word, Flags::ENGLISH));
    let mut add = |word: &str, flags| all.add(word, if is_english(word) { flags | Flags::ENGLISH } else { flags });
    listed.each(&mut add);
    spelt_marks::spelling().for_each(|word| add(word, Flags::SPELLS));
    shortened.for_each(|name| add(name, Flags::SHORTENED));
    all
}

fn canonical(lists: &[(WordList, Vec<String>)], short: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for (list, entries) in lists {
        let entries: BTreeSet<&str> = entries.iter().map(String::as_str).collect();
        text.push_str(&format!("{list} {}\n", entries.into_iter().collect::<Vec<_>>().join(",")));
    }
    for (name, forms) in short {
        text.push_str(&format!("{name} {}\n", forms.iter().map(String::as_str).collect::<Vec<_>>().join(",")));
    }
    text
}

/// Every name with its short forms, and every short form with its names.
fn short_forms(groups: &[Vec<String>]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in groups {
        let Some((name, shorts)) = group.split_first() else { continue };
        for short in shorts {
            out.entry(plain_text(name)).or_default().insert(plain_text(short));
            out.entry(plain_text(short)).or_default().insert(plain_text(name));
        }
    }
    out
}

/// True for an ordinary English word, also inflected.
pub(super) fn is_english(word: &str) -> bool {
    ENGLISH.get(word) != 0 || word.is_ascii() && is_inflected(word)
}

/// True for an English word with two letters changed round.
pub(super) fn is_slip(word: &str) -> bool {
    if !word.is_ascii() || !(5..=20).contains(&word.len()) {
        return false;
    }
    let mut letters = word.as_bytes().to_vec();
    (1..letters.len()).any(|at| {
        letters.swap(at - 1, at);
        let english = std::str::from_utf8(&letters).is_ok_and(is_english);
        letters.swap(at - 1, at);
        english
    })
}

fn is_inflected(word: &str) -> bool {
    if !word.ends_with(['s', 'd', 'r', 'g', 't', 'y']) {
        return false;
    }
    let is_word = |stem: &str| stem.len() >= 3 && ENGLISH.get(stem) != 0;
    let with = |stem: &str, letter: char| {
        let mut longer = [0_u8; 24];
        let length = stem.len() + 1;
        let Some(place) = longer.get_mut(..length) else { return false };
        place[..stem.len()].copy_from_slice(stem.as_bytes());
        letter.encode_utf8(&mut place[stem.len()..]);
        std::str::from_utf8(place).is_ok_and(is_word)
    };
    let of_y = |stem: &str| stem.strip_suffix('i').is_some_and(|stem| with(stem, 'y'));
    let undoubled =
        |stem: &str| matches!(stem.as_bytes(), [.., one, two] if one == two) && is_word(&stem[..stem.len() - 1]);
    let last = word.as_bytes().last();
    let ending = |ending: &str, elided: bool| {
        // Nearly every ending is another by its last letter.
        let stem = if ending.as_bytes().last() == last { word.strip_suffix(ending) } else { None };
        stem.is_some_and(|stem| is_word(stem) || of_y(stem) || elided && (with(stem, 'e') || undoubled(stem)))
    };
    word.strip_suffix("ies").is_some_and(|stem| with(stem, 'y'))
        || word.strip_suffix("ly").is_some_and(|stem| stem.ends_with(['d', 'g']) && is_inflected(stem))
        || ["s", "es", "ly"].iter().any(|&suffix| ending(suffix, false))
        || ["ed", "er", "ing", "est", "ers", "ings"].iter().any(|&suffix| ending(suffix, true))
}

static ENGLISH: LazyLock<WordTable> = LazyLock::new(|| {
    let mut words = WordTable::with_capacity(20_000);
    let list = include_str!("english.txt");
    for word in list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
        words.add(word, 1);
    }
    words
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_english_in_its_inflections_and_a_name_is_not() {
        let lists = [(WordList::Title, vec!["mr".to_owned()]), (WordList::ToldBy, vec!["according to".to_owned()])];
        let lexicon = Lexicon::new(&lists, &[vec!["katherine".to_owned(), "kate".to_owned()]]);
        for word in [
            "walk",
            "walks",
            "walked",
            "stopping",
            "carried",
            "families",
            "nicer",
            "making",
            "quickly",
            "worryingly",
            "allegedly",
        ] {
            assert!(lexicon.flags(word).english(), "{word}");
        }
        for word in ["kojo", "wojciech", "jordan", "żółw", "xs"] {
            assert!(!lexicon.flags(word).english(), "{word}");
        }
        assert!(lexicon.flags("mr").is(WordList::Title) && !lexicon.flags("mr").is(WordList::Us));
        assert!(lexicon.flags("according").begins_phrase() && !lexicon.flags("according").is(WordList::ToldBy));
        let mut phrases = Vec::new();
        let text = "he, according to her, according town";
        [4, 22].iter().for_each(|&at| lexicon.phrases_at(text, at, &mut phrases));
        lexicon.other_phrases(text, &mut phrases);
        assert_eq!(phrases, [(WordList::ToldBy, 4..16)]);
        assert_eq!(lexicon.other_forms("kate").collect::<Vec<_>>(), ["katherine"]);
    }
}
