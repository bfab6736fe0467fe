//! Finds what is listed, in any of its forms, from the beginnings of words in the squeezed fold; boundaries are checked in
//! code.

use std::{cmp::Reverse, ops::Range};

use super::{
    addresses,
    ascii::has_more_than,
    fold::{Casing, Folded},
    form::Entity,
    grammar::{acts_like_somebody, is_done, is_object, joins_somebody, names_somebody, needs_a_name, takes_a_noun},
    halves,
    index::Index,
    initials,
    lexicon::is_english,
    needle::{Kind, Meaning, Needle, Needles, Rule, Strength},
    policy::EffectiveRole,
    words::{is_function, is_no_word, is_particle, is_title, makes_a_word},
};

/// A possible mention, as a range of the folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub range: Range<usize>,
    pub meaning: Meaning,
    pub strength: Strength,
    /// From the form, not from a pattern.
    pub listed: bool,
}

/// The search for everything listed, compiled once per record.
pub(super) struct Finder {
    listed: Index<Kind>,
    family: &'static Index<Kind>,
}

impl Finder {
    /// Compiles `needles`; words for family are looked for besides them.
    pub fn new(needles: Needles) -> Self {
        Self { listed: needles.listed, family: needles.family }
    }

    /// What is looked for of the form.
    pub fn listed(&self) -> &Index<Kind> {
        &self.listed
    }

    /// Every mention in `folded`, in no particular order.
    pub fn hits(&self, folded: &Folded<'_>) -> Vec<Hit> {
        let mut hits = Vec::with_capacity(USUAL);
        let squeezed = folded.squeezed.bytes();
        for at in folded.squeezed.beginnings() {
            let rest = &squeezed[at..];
            let before = hits.len();
            let mut check = |text, kind| self.check(folded, Needle { text, kind }, at, &mut hits);
            self.listed.starting(rest, &mut check);
            self.family.starting(rest, &mut check);
            if hits.len() - before > MOST_AT_ONE_PLACE {
                one_of_each_role(&mut hits, before);
            }
        }
        drop_family_of_suspects(folded, &mut hits);
        hits
    }

    /// Adds every mention of `names` in `folded`: they are of people whom nobody listed.
    pub fn found(&self, folded: &Folded<'_>, names: &Index<Kind>, hits: &mut Vec<Hit>) {
        let squeezed = folded.squeezed.bytes();
        for at in folded.squeezed.beginnings() {
            let before = hits.len();
            names.starting(&squeezed[at..], |text, kind| self.check(folded, Needle { text, kind }, at, hits));
            if hits.len() - before > 1 {
                longest_of_each(hits, before);
            }
            may_be_anybody(hits, before);
        }
    }

    /// Adds what stands at byte `at` of the squeezed text where it is `needle`.
    fn check(&self, folded: &Folded<'_>, needle: Needle<'_>, at: usize, hits: &mut Vec<Hit>) {
        let Some(range) = stands(folded, needle, at..at + needle.text.len()) else { return };
        let Kind { meaning, strength, .. } = *needle.kind;
        let range = match meaning.entity {
            Entity::Person => title_before(folded, range.start).unwrap_or(range.start)..range.end,
            Entity::Handle if folded.before(range.start) == Some('@') => range.start - 1..range.end,
            _ => range,
        };
        hits.push(Hit { range, meaning, strength, listed: true });
    }
}

/// Most texts have no more mentions of what is listed.
const USUAL: usize = 64;

/// Fewer letters than this inside a word of several ("#StayTrueEllie") are no name.
const LEAST_IN_CAMEL: usize = 3;

/// So many letters have an initial and a name together, to be one where they are glued and small.
const LEAST_GLUED: usize = 5;

/// More than so many people at one place are not told apart.
const MOST_AT_ONE_PLACE: usize = 16;

/// Of the hits from `from` on, which begin at one place, keeps one of each role: they all say the same of the text.
fn one_of_each_role(hits: &mut Vec<Hit>, from: usize) {
    let mut here = hits.split_off(from);
    let kind = |hit: &Hit| (hit.range.start, hit.range.end, hit.meaning.entity, hit.meaning.role, hit.strength);
    here.sort_by_key(|hit| (kind(hit), hit.meaning.person));
    here.dedup_by_key(|hit| kind(hit));
    hits.append(&mut here);
}

/// Of the hits from `from` on, which begin at one place, keeps the longest of everybody.
fn longest_of_each(hits: &mut Vec<Hit>, from: usize) {
    let here = hits.split_off(from);
    let mut kept: Vec<usize> = (0..here.len()).collect();
    kept.sort_by_key(|&at| (here[at].meaning, Reverse(here[at].range.end), Reverse(here[at].strength)));
    kept.dedup_by_key(|at| here[*at].meaning);
    kept.sort_unstable();
    hits.extend(kept.into_iter().map(|at| here[at].clone()));
}

/// Where the hits from `from` on, which begin at one place, may be too many people whom nobody listed, they are one who may
/// be anybody, a source too.
pub(super) fn may_be_anybody(hits: &mut Vec<Hit>, from: usize) {
    if hits.len() - from <= MOST_AT_ONE_PLACE {
        return;
    }
    let here = hits.split_off(from);
    let end = here.iter().map(|hit| hit.range.end).max();
    hits.extend(here.into_iter().next().zip(end).map(|(hit, end)| Hit {
        range: hit.range.start..end,
        meaning: Meaning { role: EffectiveRole::Source, person: None, ..hit.meaning },
        ..hit
    }));
}

/// The range of the text where `needle` stands as itself; `None` where it is part of something else.
fn stands(folded: &Folded<'_>, needle: Needle<'_>, squeezed: Range<usize>) -> Option<Range<usize>> {
    let mut range = folded.to_text(squeezed.clone());
    // Scripts without case are often written without spaces.
    let spaceless = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && !c.is_lowercase());
    let digit_may_touch = || needle.kind.rule == Rule::Words && has_more_than(3, needle.text);
    let ends_word = |c: Option<char>| match c {
        Some(c) if c.is_ascii_digit() => digit_may_touch(),
        Some(c) => !c.is_alphanumeric(),
        None => true,
    };
    let hump = |at: usize| {
        needle.kind.meaning.entity == Entity::Person
            && has_more_than(LEAST_IN_CAMEL - 1, needle.text)
            && folded.squeezed.is_hump(at)
            && !after_mc(folded, at)
    };
    if !ends_word(folded.before(range.start)) && !spaceless(needle.text.chars().next()) && !hump(squeezed.start) {
        return None;
    }
    if !ends_word(folded.after(range.end)) && !hump(squeezed.end) && !spaceless(needle.text.chars().next_back()) {
        let plural = needle.kind.rule != Rule::Compact
            && folded.after(range.end) == Some('s')
            && ends_word(folded.after(range.end + 1));
        let runs_on = needle.kind.rule == Rule::Words && halves::is_run_on(needle, &folded.text[range.end..]);
        if !plural && !runs_on {
            return None;
        }
        range.end += usize::from(plural);
    }
    let fits = match needle.kind.rule {
        Rule::Compact => gaps(folded, &squeezed).all(|(_, gap)| !has_more_than(3, gap)),
        Rule::Words | Rule::Family => {
            spacing_fits(folded, needle, &squeezed) && initials_are_capital(folded, needle, &squeezed)
        }
        Rule::TurnedRound(comma) => {
            spacing_fits(folded, needle, &squeezed) && folded.gap(squeezed.start + comma - 1).contains(',')
        }
        Rule::Capital => spacing_fits(folded, needle, &squeezed) && capital_counts(folded, needle, &range),
        Rule::Bare => spacing_fits(folded, needle, &squeezed) && addresses::is_a_place(folded, &range),
        Rule::At => spacing_fits(folded, needle, &squeezed) && addresses::is_a_house(folded, &range),
        Rule::Initials => return initials::stand(folded, needle, &squeezed, range),
    };
    fits.then_some(range)
}

/// "McEllie" is a name of its own: no word begins behind such a beginning.
fn after_mc(folded: &Folded<'_>, at: usize) -> bool {
    let before = &folded.squeezed.bytes()[..at];
    ["mc", "mac", "fitz", "de", "la", "di"].iter().any(|begins| {
        before.ends_with(begins.as_bytes()) && {
            let start = folded.to_text(at - begins.len()..at).start;
            folded.before(start).is_none_or(|c| !c.is_alphanumeric())
        }
    })
}

/// The gaps inside a match: offset in the match after which it comes, and what it is.
pub(super) fn gaps<'f>(
    folded: &'f Folded<'_>,
    squeezed: &Range<usize>,
) -> impl Iterator<Item = (usize, &'f str)> + use<'f> {
    let start = squeezed.start;
    (start..squeezed.end.saturating_sub(1)).map(move |at| (at + 1 - start, folded.gap(at)))
}

/// True when the words stand together: apart only at their breaks, or spelled out letter by letter, or broken by a
/// hyphen at the end of a line or by signs put between the letters.
fn spacing_fits(folded: &Folded<'_>, needle: Needle<'_>, squeezed: &Range<usize>) -> bool {
    if folded.is_unbroken(squeezed) {
        return true;
    }
    let letters = needle.text.chars().count();
    let (mut whole, mut apart, mut signs_only, mut line_breaks) = (false, 0, true, 0);
    let mut one_gap = None;
    for (offset, gap) in gaps(folded, squeezed) {
        if gap.is_empty() {
            whole = whole || !needle.kind.breaks.contains(offset) && !folded.is_inside(squeezed.start + offset - 1);
            continue;
        }
        let at_break = needle.kind.breaks.contains(offset);
        if at_break && has_more_than(4, gap) {
            return false;
        }
        if at_break || folded.is_inside(squeezed.start + offset - 1) {
            continue;
        }
        if has_more_than(3, gap) {
            return false;
        }
        apart += 1;
        if gap.contains('-') && gap.contains(' ') || letters >= 6 && breaks_line(folded, squeezed.start + offset - 1) {
            line_breaks += 1;
        }
        signs_only &= !gap.contains([' ', '\'', '"']);
        one_gap = Some((offset, gap));
    }
    let broken =
        || apart == 1 && one_gap.is_some_and(|(at, gap)| halves::are_one_word(folded, needle, squeezed, (at, gap)));
    apart == 0
        || !whole && letters >= 3
        || letters >= 4 && (signs_only || apart == 1 && line_breaks == 1)
        || letters >= 3 && broken()
}

fn breaks_line(folded: &Folded<'_>, before: usize) -> bool {
    let between = folded.to_text(before..before + 2);
    let original = folded.to_original(between);
    folded.original()[original].contains('\n')
}

/// True unless a single letter that stands for a word is small in a text that uses capitals ("Jordan a"). Glued it may be small where
/// no word comes of it: "jpeel", and not "about" of A. Bout.
fn initials_are_capital(folded: &Folded<'_>, needle: Needle<'_>, squeezed: &Range<usize>) -> bool {
    if needle.kind.breaks.is_empty() || folded.casing != Casing::Mixed && needle.kind.breaks.count() != 1 {
        return true;
    }
    if needle.text.len() >= LEAST_GLUED && folded.is_unbroken(squeezed) && !is_english(needle.text) {
        return true;
    }
    let mut start = 0;
    for end in needle.kind.breaks.iter().chain([needle.text.len()]) {
        let single = needle.text[start..end].chars().count() == 1
            && !needle.text[start..end].starts_with(|c: char| c.is_ascii_digit());
        if single && needle.kind.meaning.entity == Entity::Person && needle.kind.strength == Strength::Part {
            let at = folded.to_text(squeezed.start + start..squeezed.start + end).start;
            let word = &needle.text[start..end];
            let says_something =
                if folded.casing == Casing::Mixed { folded.is_capital(at) } else { !is_function(word) };
            if !says_something {
                return false;
            }
        }
        start = end;
    }
    true
}

/// Whether a name that is also a word is a name here.
fn capital_counts(folded: &Folded<'_>, needle: Needle<'_>, range: &Range<usize>) -> bool {
    let word = needle.text;
    if is_no_word(word) && !is_particle(word)
        || halves::is_disguised(folded, range)
        || title_before(folded, range.start).is_some()
    {
        return true;
    }
    let (before, after) = (word_before(folded, range.start), word_after(folded, range.end));
    let capital = || range.clone().any(|at| folded.text.is_char_boundary(at) && folded.is_capital(at));
    let says_that = before == "that" && folded.casing == Casing::Mixed && capital();
    if makes_a_word(before, word) && !says_that {
        return false;
    }
    let function = is_function(word);
    // "May (16)", "Mays mobile".
    let behind = &folded.text[range.end..];
    let owns = function && range.len() > word.len();
    let goes_on = || joins_somebody(word, behind, |at| folded.is_capital(range.end + at));
    // "Will: I saw it", at the beginning of a line.
    let speaks = || begins_line(folded, range.start) && behind.starts_with(": ");
    let acts = owns || behind.starts_with("'s") || behind.starts_with(" (") || acts_like_somebody(after) || speaks();
    let acts = acts || function && folded.casing == Casing::Mixed && goes_on();
    match folded.casing {
        Casing::Lower | Casing::Upper => !function || needs_a_name(before) && acts,
        Casing::Mixed => {
            let capital = capital();
            let begins = starts_sentence(folded, range.start);
            match (capital, function) {
                // "Will asked", and not "Will this be".
                (true, true) => !begins || acts,
                (true, false) => !begins || !is_object(after) || acts,
                // "She told will that", "the man called will".
                (false, true) => names_somebody(before, word, after),
                // Written small by somebody in a hurry, unless what is around it says that it is a word.
                (false, false) if is_particle(word) => acts || needs_a_name(before),
                (false, false) => acts || !takes_a_noun(before) && !is_object(after) && !is_done(before, after),
            }
        }
    }
}

/// True when a line begins at byte `at`, or the time of who writes there stands before it.
fn begins_line(folded: &Folded<'_>, at: usize) -> bool {
    let before = folded.text[..at].trim_end_matches([' ', '*', '_', '-', '"', '[', ']', '(', ')', ':', '.']);
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '/' | '.' | ',' | ' '));
    let gap = &folded.text[before.len()..at];
    before.is_empty() || gap.char_indices().any(|(offset, _)| folded.lines_at(before.len() + offset) > 0)
}

pub(super) fn starts_sentence(folded: &Folded<'_>, at: usize) -> bool {
    let before = folded.text[..at].trim_end_matches([' ', '"', '\'', '(', '*', '-', '#', '>']);
    before.is_empty() || before.ends_with(['.', '!', '?', ':', ';'])
}

/// The word before `at`, if only a space stands between.
fn word_before<'f>(folded: &'f Folded<'_>, at: usize) -> &'f str {
    let before = folded.text[..at].strip_suffix(' ').unwrap_or_default();
    let start = before.rfind(|c: char| !c.is_alphanumeric());
    start.map_or(before, |at| &before[at + before[at..].chars().next().map_or(0, char::len_utf8)..])
}

/// The word after `at`, if only a space stands between.
fn word_after<'f>(folded: &'f Folded<'_>, at: usize) -> &'f str {
    let after = folded.text[at..].strip_prefix(' ').unwrap_or_default();
    &after[..after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len())]
}

/// Where the title before a name begins ("Mr Peel", "Mrs. Peel"). Written small it may be a word: "I miss Ellie".
fn title_before(folded: &Folded<'_>, start: usize) -> Option<usize> {
    let before = folded.text[..start].strip_suffix(' ')?;
    let before = before.strip_suffix('.').unwrap_or(before);
    let word = before
        .rfind(|c: char| !c.is_ascii_alphabetic())
        .map_or(before, |at| &before[at + before[at..].chars().next().map_or(0, char::len_utf8)..]);
    let begins = before.len() - word.len();
    let written = if folded.casing == Casing::Mixed { folded.is_capital(begins) } else { word != "miss" };
    (written && is_title(word)).then_some(begins)
}

/// "Biggz's brother" is the suspect's family: that word stays.
fn drop_family_of_suspects(folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let mut ends: Vec<usize> = hits
        .iter()
        .filter(|hit| hit.meaning.entity == Entity::Person && hit.meaning.role == EffectiveRole::Suspect)
        .map(|hit| hit.range.end)
        .collect();
    if ends.is_empty() {
        return;
    }
    ends.sort_unstable();
    let family = |hit: &Hit| hit.meaning.entity == Entity::Relationship && hit.strength == Strength::Part;
    hits.retain(|hit| {
        let owned = || {
            let owner = folded.text[..hit.range.start].trim_end().strip_suffix("'s");
            owner.is_some_and(|owner| ends.binary_search(&owner.len()).is_ok())
        };
        !(family(hit) && owned())
    });
}
