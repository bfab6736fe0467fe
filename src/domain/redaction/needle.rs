//! Every form in which something listed may be written, as needles for one search over the squeezed fold.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use super::{
    ascii::has_more_than,
    breaks::Breaks,
    fold::plain_text,
    form::{Entity, Form, ListedPerson},
    index::Index,
    lexicon::Lexicon,
    policy::EffectiveRole,
    runs::next_word,
    words::{family, is_family, is_institution, is_nameless, is_ordinary, is_particle, is_title, may_be_surname},
};

/// How a match has to stand in the text to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Words in any case, joined or apart at their breaks.
    Words,
    /// A name turned round, with a comma after this many bytes.
    TurnedRound(usize),
    /// One word that is also an ordinary word: its capital counts.
    Capital,
    /// First letters of a name.
    Initials,
    /// Letters and digits that may be spaced out anywhere.
    Compact,
    /// What a road or a building is called, without its kind: where the words before it say that it is a place.
    Bare,
    /// The number of a house: where the words before it say that it is a place.
    At,
    /// A word for family.
    Family,
}

/// How much of what is listed a needle is. Less gives way to more that covers it: "Ellie Smith" is nobody's "Ellie".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A part of a name, initials, a word for family.
    Part,
    /// A whole name of one word.
    OneWord,
    /// A whole name or value.
    Whole,
}

/// What a mention may denote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meaning {
    pub entity: Entity,
    pub role: EffectiveRole,
    /// Index in the persons of the compiled form.
    pub person: Option<usize>,
}

/// One string to look for: letters and digits, folded.
#[derive(Clone, Copy)]
pub(super) struct Needle<'i> {
    pub text: &'i str,
    pub kind: &'i Kind,
}

/// What is known of a string to look for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Where in the text one word ends and the next begins.
    pub breaks: Breaks,
    pub rule: Rule,
    pub strength: Strength,
    pub meaning: Meaning,
}

/// Everything to look for in the texts of one record.
pub(super) struct Needles {
    /// What the form lists.
    pub listed: Index<Kind>,
    /// Words for family, which are the same in every record but for whose they are.
    pub family: &'static Index<Kind>,
}

/// The needles of everything in `form`, numbers aside. `persons` is the form's list in its compiled order, with their names.
pub(super) fn needles((persons, names): (&[&ListedPerson], &[Vec<Name>]), form: &Form, lexicon: &Lexicon) -> Needles {
    let mut out = Collector { needles: Index::with_capacity(USUAL), meaning: None };
    let whose = whose(names);
    for (index, person) in persons.iter().enumerate() {
        out.meaning = Some(Meaning { entity: Entity::Person, role: person.role, person: Some(index) });
        names[index].iter().for_each(|name| out.name(name));
        out.aliases_with_surnames(&names[index]);
        out.short_forms(&names[index], lexicon, |form| is_anothers(&whose, form, index));
        if let Some(relationship) = &person.relationship {
            out.meaning = Some(Meaning { entity: Entity::Relationship, role: person.role, person: None });
            out.words(&words(relationship.reveal()).concat(), Strength::Part);
        }
    }
    for value in &form.values {
        out.meaning = Some(Meaning { entity: value.entity, role: value.role, person: None });
        out.value(value);
    }
    let child_is_source = persons.iter().any(|person| person.role == EffectiveRole::SubjectSource);
    Needles { listed: out.needles, family: if child_is_source { &FAMILY_OF_SOURCE } else { &FAMILY_OF_CHILD } }
}

static FAMILY_OF_SOURCE: LazyLock<Index<Kind>> = LazyLock::new(|| family_of(EffectiveRole::ParentOfSource));
static FAMILY_OF_CHILD: LazyLock<Index<Kind>> = LazyLock::new(|| family_of(EffectiveRole::ParentCarer));

fn family_of(role: EffectiveRole) -> Index<Kind> {
    let meaning = Some(Meaning { entity: Entity::Relationship, role, person: None });
    let mut out = Collector { meaning, needles: Index::default() };
    family().for_each(|word| out.push(&words(word).concat(), Rule::Family, Strength::Part));
    out.needles
}

/// The pieces of `names` in order, each with the number of the person whose it is.
fn whose(names: &[Vec<Name>]) -> Vec<(&str, usize)> {
    let mut whose = Vec::new();
    for (person, names) in names.iter().enumerate() {
        whose.extend(names.iter().flatten().flatten().map(|piece| (piece.as_str(), person)));
    }
    whose.sort_unstable();
    whose
}

/// True for a piece of a name of somebody other than person `index`.
fn is_anothers(whose: &[(&str, usize)], piece: &str, index: usize) -> bool {
    let from = whose.partition_point(|(known, _)| *known < piece);
    whose[from..].iter().take_while(|(known, _)| *known == piece).any(|(_, person)| *person != index)
}

/// The [words] of a name.
pub(super) type Name = Vec<Vec<String>>;

/// The words of a text at its white space, each as its folded letter-and-digit pieces.
pub(super) fn words(text: &str) -> Vec<Vec<String>> {
    let folded = plain_text(text);
    let mut words: Vec<Vec<String>> = Vec::new();
    let mut done = 0;
    while let Some(piece) = next_word(&folded, done) {
        let written = folded[piece.clone()].to_owned();
        let space = folded[done..piece.start].contains(' ');
        match words.last_mut().filter(|_| !space) {
            Some(word) => word.push(written),
            None => words.push(vec![written]),
        }
        done = piece.end;
    }
    words
}

/// The letters and digits of a text, folded: its [`words`] as one.
pub(super) fn squeezed(text: &str) -> String {
    let mut folded = plain_text(text);
    folded.retain(char::is_alphanumeric);
    folded
}

/// A word of [`words`] as one, its pieces `by` this.
pub(super) fn joined<'w>(word: &'w [String], by: &str) -> Cow<'w, str> {
    match word {
        [one] => Cow::Borrowed(one),
        pieces => Cow::Owned(pieces.join(by)),
    }
}

/// Only this many words of a name are taken apart; a longer one is still found as a whole.
const MOST_WORDS: usize = 6;

/// A surname that is cut behind an alias keeps so many letters; the alias has at least as many as the second.
const LEAST_OF_SURNAME: usize = 4;
const LEAST_OF_ALIAS: usize = 3;
/// So many cuts of one surname are looked for.
const MOST_CUTS: usize = 8;

/// Where one of `pieces` ends and the next begins when they stand without spaces, and how long they are together.
pub(super) fn breaks_of<'p>(pieces: impl Iterator<Item = &'p str>) -> (Breaks, usize) {
    let (mut breaks, mut length) = (Breaks::default(), 0);
    for piece in pieces {
        if length > 0 {
            breaks.push(length);
        }
        length += piece.len();
    }
    (breaks, length)
}

/// Needles, each of whoever or whatever is meant while it is added.
#[derive(Default)]
pub(super) struct Collector {
    pub needles: Index<Kind>,
    pub meaning: Option<Meaning>,
}

/// Most forms have no more needles.
const USUAL: usize = 128;

impl Collector {
    pub(super) fn push(&mut self, pieces: &[impl AsRef<str>], rule: Rule, strength: Strength) {
        self.joined(pieces.iter().map(AsRef::as_ref), rule, strength);
    }

    fn joined<'p>(&mut self, pieces: impl Iterator<Item = &'p str> + Clone, rule: Rule, strength: Strength) {
        let Some(meaning) = self.meaning else { return };
        let (breaks, length) = breaks_of(pieces.clone());
        // No character has more bytes.
        if length > 4 || pieces.clone().flat_map(str::chars).nth(1).is_some() {
            self.needles.add(pieces, Kind { breaks, rule, strength, meaning });
        }
    }

    /// Words that need their capital only when they are one ordinary word.
    pub(super) fn words(&mut self, pieces: &[impl AsRef<str>], strength: Strength) {
        let rule = match pieces {
            [one] if is_ordinary(one.as_ref()) => Rule::Capital,
            _ => Rule::Words,
        };
        self.push(pieces, rule, strength);
    }

    /// Short and long forms of the first names of somebody with `names`, unless they are [somebody else's](is_anothers).
    fn short_forms(&mut self, names: &[Name], lexicon: &Lexicon, is_anothers: impl Fn(&str) -> bool) {
        let firsts = names.iter().filter_map(|name| name.first());
        let forms: BTreeSet<&str> = firsts.flat_map(|first| lexicon.other_forms(&joined(first, "-"))).collect();
        for form in forms.into_iter().filter(|form| !is_anothers(form)) {
            let mut pieces = form.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
            match (pieces.next(), pieces.next()) {
                (Some(one), None) => self.words(&[one], Strength::Part),
                (Some(one), Some(two)) => {
                    self.words(&[&[one, two][..], &pieces.collect::<Vec<_>>()].concat(), Strength::Part)
                }
                _ => {}
            }
        }
    }

    /// What somebody is called by and the surname that another of their names has: "JayPeel" of Jordan Peel who is Jay.
    fn aliases_with_surnames(&mut self, names: &[Name]) {
        let aliases = || names.iter().filter(|name| name.len() == 1 && name[0].concat().chars().count() >= 2);
        let surnames = names.iter().filter(|name| name.len() > 1).filter_map(|name| name.last());
        for (alias, surname) in surnames.flat_map(|surname| aliases().map(move |alias| (&alias[0], surname))) {
            self.words(&[&alias[..], &surname[..]].concat(), Strength::Part);
            let (alias, whole) = (alias.concat(), surname.concat());
            let ends = whole.char_indices().map(|(at, _)| at).skip(LEAST_OF_SURNAME);
            for end in ends.filter(|_| alias.chars().count() >= LEAST_OF_ALIAS).take(MOST_CUTS) {
                // Glued, as in a name of an account; never two words that stand apart.
                self.push(&[format!("{alias}{}", &whole[..end])], Rule::Words, Strength::Part);
            }
        }
    }

    /// A home for children that nobody listed, by what is its own in its `name`.
    pub(super) fn unlisted_home(&mut self, name: &str) {
        self.meaning = Some(Meaning { entity: Entity::Placement, role: EffectiveRole::Unknown, person: None });
        let own = words(name).into_iter().filter(|word| !is_institution(&joined(word, "'")));
        let own: Vec<String> = own.collect::<Vec<_>>().concat();
        if own.concat().chars().count() >= 4 {
            self.words(&own, Strength::Part);
        }
    }

    pub(super) fn name(&mut self, name: &[Vec<String>]) {
        let mut name = name;
        let pieces: Vec<&str> = name.iter().flatten().map(String::as_str).collect();
        let mut whole = pieces.as_slice();
        if name.len() > 1 && name[0].len() == 1 && is_title(&name[0][0]) {
            self.words(whole, Strength::Whole);
            (name, whole) = (&name[1..], &whole[1..]);
        }
        self.words(whole, if name.len() > 1 { Strength::Whole } else { Strength::OneWord });
        let name = &name[..name.len().min(MOST_WORDS)];
        self.sequences(name);
        if let Some(first) = name.first().filter(|first| name.len() > 1 && is_particle(&first[0]) && first.len() == 1) {
            // "Al Ash": a small word that begins a name of several is a first name.
            self.words(first, Strength::Part);
        }
        name.iter().for_each(|word| self.parts_of(word));
        self.ends_that_are_words(name);
        name.iter().skip(1).for_each(|word| self.titled_initial(first_letter(&word[0])));
        self.initials(name);
    }

    /// Any two words in either order, and any run of neighbours.
    fn sequences(&mut self, name: &[Vec<String>]) {
        let whole = |at: usize| name[at].iter().map(String::as_str);
        let initial = |at: usize| std::iter::once(first_letter(&name[at][0]));
        // "zqureshi" and "ZainabHall" of Zainab Qureshi-Hall.
        for (i, j) in (0..name.len()).flat_map(|i| (i + 1..name.len()).map(move |j| (i, j))) {
            let barrels = name[j].iter().filter(|piece| name[j].len() > 1 && is_own_barrel(piece));
            for barrel in barrels.map(String::as_str) {
                for first in [first_letter(&name[i][0]), &name[i].concat()] {
                    self.push(&[first, barrel], Rule::Words, Strength::Part);
                }
            }
        }
        for i in 0..name.len() {
            for j in i + 1..name.len() {
                let ends = i == 0 && j + 1 == name.len();
                let strength = if ends { Strength::Whole } else { Strength::Part };
                self.joined(whole(i).chain(whole(j)), Rule::Words, strength);
                let run = name[i..=j].iter().flatten().map(String::as_str);
                self.joined(run, Rule::Words, Strength::Part);
                let comma = Rule::TurnedRound(name[j].iter().map(String::len).sum());
                self.joined(whole(j).chain(whole(i)), comma, Strength::Part);
            }
            // "J Peel", "Jordan P".
            for j in i + 1..name.len() {
                self.joined(initial(i).chain(whole(j)), Rule::Words, Strength::Part);
                self.joined(whole(i).chain(initial(j)), Rule::Words, Strength::Part);
            }
        }
    }

    /// One word of a name, and the pieces of a hyphenated one.
    fn parts_of(&mut self, word: &[String]) {
        if word.len() > 1 || !is_nameless(&word[0]) {
            self.words(word, Strength::Part);
        }
        if word.len() > 1 {
            for piece in word.iter().filter(|piece| is_own_barrel(piece)) {
                self.words(std::slice::from_ref(piece), Strength::Part);
            }
        }
    }

    /// "Guy Peel", "Nana Peel", "Jo Lord", "Thi Le", and not "guy unknown": what names nobody alone is somebody's here.
    fn ends_that_are_words(&mut self, name: &[Vec<String>]) {
        let named = |word: &Vec<String>| word.len() > 1 || !is_nameless(&word[0]);
        if let [first, .., last] = name
            && name.iter().any(named)
        {
            if matches!(&first[..], [first] if first == "guy" || is_family(first)) {
                self.words(first, Strength::Part);
            }
            if matches!(&last[..], [last] if is_nameless(last) && may_be_surname(last)) {
                self.words(last, Strength::Part);
            }
        }
    }

    /// "Mrs M", "Mr. K".
    fn titled_initial(&mut self, initial: &str) {
        for title in ["mr", "mrs", "ms", "miss", "mx"] {
            self.push(&[title, initial], Rule::Words, Strength::Part);
        }
    }

    fn initials(&mut self, name: &[Vec<String>]) {
        let all: Vec<&str> = name.iter().flatten().map(|piece| first_letter(piece)).collect();
        let by_word: Vec<&str> = name.iter().map(|word| first_letter(&word[0])).collect();
        for piece in name.iter().skip(1).flatten() {
            self.push(&[by_word[0], first_letter(piece)], Rule::Initials, Strength::Part);
        }
        if by_word.len() > 2 {
            self.push(&by_word, Rule::Initials, Strength::Part);
        }
        if all.len() > by_word.len() && name.len() > 1 {
            self.push(&all, Rule::Initials, Strength::Part);
        }
    }
}

/// True for a piece of a hyphenated name by which somebody may go.
fn is_own_barrel(piece: &str) -> bool {
    has_more_than(2, piece) && !is_nameless(piece)
}

fn first_letter(piece: &str) -> &str {
    &piece[..piece.chars().next().map_or(0, char::len_utf8)]
}
