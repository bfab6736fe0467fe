//! Addresses and schools that nobody listed, by their last word and what stands before it.

use std::ops::Range;

use super::{
    cues::{Candidate, Kind},
    find::Hit,
    fold::Casing,
    form::Entity,
    lexicon::WordList,
    patterns::unlisted,
    prose::{Gap, Letters, Prose},
    words::is_function,
};

/// Adds every address and school in `prose`.
pub(super) fn hits(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    for (at, word) in prose.words.iter().enumerate() {
        if word.is(WordList::Street) {
            hits.extend(behind(prose, Entity::Address, at, 0));
        }
        if word.is(WordList::School) {
            hits.extend(behind(prose, Entity::School, at, 0));
        }
    }
    for (list, phrase) in &prose.phrases {
        if *list == WordList::Placement {
            hits.extend(behind(prose, Entity::Placement, prose.word_at(phrase.end - 1), 0));
        }
    }
}

/// The address, school or home for children that ends in word `last` and begins with word `from` or behind it.
pub(super) fn behind(prose: &Prose<'_>, entity: Entity, last: usize, from: usize) -> Option<Hit> {
    let word = &prose.words[last];
    let start = match entity {
        Entity::Address if word.is(WordList::Street) => address(prose, last, from),
        Entity::School if word.is(WordList::School) => school(prose, last, from),
        Entity::Placement => named_home(prose, last, from),
        _ => None,
    };
    start.map(|start| unlisted(entity, bytes(prose, start..last + 1)))
}

/// The first word of the "Fernbank Children's Home" that ends in word `last`.
fn named_home(prose: &Prose<'_>, last: usize, from: usize) -> Option<usize> {
    let end = prose.words[last].range().end;
    let to = prose.phrases.partition_point(|(_, phrase)| phrase.end < end);
    let mut phrases = prose.phrases[to..].iter().take_while(|(_, phrase)| phrase.end == end);
    let (_, phrase) = phrases.find(|(list, _)| *list == WordList::Placement)?;
    let first = prose.word_at(phrase.start);
    if prose.text(last) != "home" || last == first || prose.text(first) == "the" {
        return None;
    }
    let mixed = prose.sentence(first).casing == Casing::Mixed;
    let mut start = first;
    while let Some(before) = prose.before(start).filter(|&before| first - start < 3 && before >= from) {
        let word = &prose.words[before];
        let strange = !word.flags.english();
        let named = if mixed { word.is_capital() && (strange || !prose.begins(before)) } else { strange };
        let joined = matches!(prose.words[start].gap, Gap::Space | Gap::Hyphen);
        if !joined
            || !named
            || is_function(prose.text(before))
            || matches!(word.letters, Letters::Digits | Letters::Label)
        {
            break;
        }
        start = before;
    }
    (start < first).then_some(start)
}

/// What a place that was found by its surroundings is: a home for children where the words beside it say so, or where it goes on behind
/// the name of one ("Fernbank Marsh Unit"), else a place. "A house in Penge" is where something happened. `homes` says which words name a
/// home.
pub(super) fn entity(prose: &Prose<'_>, found: &Candidate, homes: impl Fn(usize) -> bool) -> Option<Entity> {
    if found.kind != Kind::Place {
        return None;
    }
    let goes_on =
        prose.words[found.words.start].gap == Gap::Space && prose.before(found.words.start).is_some_and(homes);
    let home = goes_on || is_placement(prose, &found.words);
    Some(if home { Entity::Placement } else { Entity::Place })
}

/// The text of every home for children among `hits`, folded.
pub(super) fn homes<'p>(prose: &'p Prose<'_>, hits: &'p [Hit]) -> impl Iterator<Item = &'p str> {
    let found = hits.iter().filter(|hit| !hit.listed && hit.meaning.entity == Entity::Placement);
    found.map(|hit| &prose.folded.text[hit.range.clone()])
}

/// True for a name that is a home's where it stands, though it may look like somebody's: "her key worker at Fernbank".
pub(super) fn is_home(prose: &Prose<'_>, name: &Range<usize>) -> bool {
    let leads = prose.before(name.start).is_some_and(|at| matches!(prose.text(at), "at" | "from" | "of"));
    let owns = prose.after(name.end - 1).is_some_and(|at| prose.words[at].gap == Gap::Apostrophe);
    leads && !owns && is_placement(prose, name)
}

/// How many words beside a name may say that it is a home for children.
const BESIDE: usize = 4;

/// "Her key worker at Fernbank", "placed with Oak Tree", "moved to Fernbank House", "Fernbank children's home".
fn is_placement(prose: &Prose<'_>, name: &Range<usize>) -> bool {
    let sentence = prose.sentence(name.start).words.clone();
    let cued = |words: Range<usize>| {
        if words.is_empty() {
            return false;
        }
        let bytes = bytes(prose, words.clone());
        let from = prose.phrases.partition_point(|(_, phrase)| phrase.end <= bytes.start);
        let mut phrases = prose.phrases[from..].iter().take_while(|(_, phrase)| phrase.end <= bytes.end);
        // The word of a replacement is ours, and says nothing of what stands beside it.
        let says = |at: usize| prose.words[at].is(WordList::Placement) && prose.words[at].letters != Letters::Label;
        words.into_iter().any(says)
            || phrases.any(|(list, phrase)| *list == WordList::Placement && bytes.start <= phrase.start)
    };
    let follows =
        prose.after(name.end - 1).is_some_and(|at| matches!(prose.words[at].gap, Gap::Space | Gap::Apostrophe));
    let end = if follows { (name.end + 3).min(sentence.end) } else { name.end };
    if cued(name.start..end) {
        return true;
    }
    let before = |at: usize| prose.before(at);
    let Some(leads) = before(name.start) else { return false };
    let building = prose.words[name.end - 1].is(WordList::Building);
    // A town after "in" is where the home is.
    if !building && matches!(prose.text(leads), "in" | "near" | "around" | "outside" | "by") {
        return false;
    }
    let moved = building
        && prose.text(leads) == "to"
        && before(leads).is_some_and(|at| matches!(prose.text(at), "moved" | "moves" | "moving" | "returned" | "back"));
    moved || cued(sentence.start.max(name.start.saturating_sub(BESIDE))..name.start)
}

/// The bytes of `words`.
pub(super) fn bytes(prose: &Prose<'_>, words: Range<usize>) -> Range<usize> {
    prose.words[words.start].range().start..prose.words[words.end - 1].range().end
}

/// The first word of the address whose street ends in word `at`.
fn address(prose: &Prose<'_>, at: usize, from: usize) -> Option<usize> {
    let start = street_name(prose, at, from).or_else(|| small_street(prose, at).filter(|&start| start >= from))?;
    let number = prose.before(start).filter(|&number| number >= from && is_number(prose, number));
    let Some(number) = number else {
        let building = building(prose, start).filter(|&building| building >= from);
        return (stands_alone(prose, start, at) || building.is_some()).then(|| building.unwrap_or(start));
    };
    let joined = matches!(prose.words[start].gap, Gap::Space | Gap::Comma);
    joined.then(|| flat(prose, number).filter(|&flat| flat >= from).unwrap_or(number))
}

/// The same where a text with capitals writes them small, behind "at" and a number: "lives at 25b marl gardens".
fn small_street(prose: &Prose<'_>, at: usize) -> Option<usize> {
    let named = |at: usize| prose.words[at].letters == Letters::Small && !is_function(prose.text(at));
    let joined = |at: usize| matches!(prose.words[at].gap, Gap::Space | Gap::Apostrophe);
    let mut start = at;
    while let Some(before) = prose.before(start).filter(|&before| at - before <= 3 && joined(start) && named(before)) {
        start = before;
    }
    let number = prose.before(start).filter(|&number| start < at && joined(start) && is_number(prose, number))?;
    let leads = prose.before(number).is_some_and(|leads| matches!(prose.text(leads), "at" | "address"));
    // "At 10 shops close", "at 5 mins walk".
    let surely = is_surely_a_street(prose.text(at))
        && !matches!(
            prose.text(at),
            "close" | "end" | "way" | "drive" | "rise" | "walk" | "row" | "place" | "reach" | "hill"
        );
    (leads && surely).then_some(start)
}

/// The first word of the name before the kind of street.
fn street_name(prose: &Prose<'_>, at: usize, from: usize) -> Option<usize> {
    let mixed = prose.sentence(at).casing == Casing::Mixed;
    let mut start = at;
    while let Some(before) = prose.before(start).filter(|&before| at - start < 3 && before >= from) {
        let word = &prose.words[before];
        let gap = prose.words[start].gap;
        let joined = matches!(gap, Gap::Space | Gap::Hyphen | Gap::Apostrophe)
            || gap == Gap::Stop && prose.text(before).len() <= 2;
        let possessive = prose.text(before) == "s" && word.gap == Gap::Apostrophe;
        let named = word.letters != Letters::Digits
            && word.letters != Letters::Label
            && (word.is_capital() && !(is_function(prose.text(before)) && prose.begins(before))
                || possessive
                || !mixed
                    && !is_function(prose.text(before))
                    && !word.flags.any(&[WordList::BeforePlace, WordList::Going]));
        if !joined || !named {
            break;
        }
        start = before;
    }
    // The kind alone, and "s Lane", name nothing.
    (start < at && prose.text(start) != "s").then_some(start)
}

/// True for a kind of street that is hardly anything else.
fn is_surely_a_street(kind: &str) -> bool {
    matches!(
        kind,
        "road"
            | "rd"
            | "street"
            | "lane"
            | "ln"
            | "avenue"
            | "ave"
            | "crescent"
            | "cres"
            | "mews"
            | "close"
            | "terrace"
            | "grove"
            | "gardens"
            | "reach"
            | "hill"
            | "end"
            | "way"
            | "drive"
            | "rise"
            | "walk"
            | "row"
            | "square"
            | "vale"
            | "croft"
            | "parade"
            | "place"
    )
}

/// True for a street without a number: its words are capitals, or it follows "on" in a text without.
fn stands_alone(prose: &Prose<'_>, start: usize, at: usize) -> bool {
    let high = prose.text(start) == "high" && at == start + 1;
    if high || at - start > 2 && prose.begins(start) {
        return false;
    }
    let surely = is_surely_a_street(prose.text(at));
    if prose.sentence(at).casing == Casing::Mixed {
        return surely
            && prose.words[at].is_capital()
            && prose.words[start].is_capital()
            && !prose.words[start].is(WordList::NoName);
    }
    let behind = prose.before(start).is_some_and(|before| {
        matches!(prose.text(before), "on" | "off" | "in" | "down" | "along" | "at" | "near" | "from" | "to")
    });
    surely && behind && !(start..at).any(|at| prose.words[at].flags.any(&[WordList::NoName, WordList::People]))
}

/// "14", "29a".
fn is_number(prose: &Prose<'_>, at: usize) -> bool {
    let text = prose.text(at);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    (1..=4).contains(&digits.len()) && text.len() - digits.len() <= 1 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The "Flat" of "Flat 12, 14 Quarrel Street".
fn flat(prose: &Prose<'_>, number: usize) -> Option<usize> {
    let own = prose.before(number).filter(|&at| is_number(prose, at) || prose.text(at).len() == 1)?;
    let kind = prose.before(own)?;
    let close = matches!(prose.words[number].gap, Gap::Comma | Gap::Space | Gap::Sign);
    (close && matches!(prose.text(kind), "flat" | "apartment" | "apt" | "unit" | "room" | "flt" | "no")).then_some(kind)
}

/// The first word of "Primrose Cottage," before a street.
fn building(prose: &Prose<'_>, street: usize) -> Option<usize> {
    let kind = prose.before(street).filter(|_| prose.words[street].gap == Gap::Comma)?;
    let mixed = prose.sentence(kind).casing == Casing::Mixed;
    // "is Rooks Nest, Bell Street": two capitals where an address stands.
    let leads = |at: usize| matches!(prose.text(at), "is" | "at" | "in" | "lives" | "address" | "flat" | "home");
    let named = || {
        let first = prose.before(kind)?;
        let before = prose.before(first)?;
        let capitals = [first, kind].iter().all(|&at| prose.words[at].letters == Letters::Capital);
        (mixed && capitals && prose.words[kind].gap == Gap::Space && leads(before)).then_some(first)
    };
    if !prose.words[kind].is(WordList::Building) {
        return named();
    }
    let mut start = kind;
    while let Some(before) = prose.before(start).filter(|_| kind - start < 2) {
        let word = &prose.words[before];
        let named =
            if mixed { word.is_capital() } else { !is_function(prose.text(before)) && !word.is(WordList::BeforePlace) };
        if prose.words[start].gap != Gap::Space || !named {
            break;
        }
        start = before;
    }
    (start < kind).then_some(start)
}

/// The first word of the school whose name ends in word `at`.
fn school(prose: &Prose<'_>, at: usize, from: usize) -> Option<usize> {
    // "Oak Primary School" ends at its last word.
    if prose.after(at).is_some_and(|next| prose.words[next].is(WordList::School) && prose.words[next].gap == Gap::Space)
    {
        return None;
    }
    let mixed = prose.sentence(at).casing == Casing::Mixed;
    if mixed && !prose.words[at].is_capital() {
        return None;
    }
    let mut start = at;
    let mut own = 0;
    while let Some(before) = prose.before(start).filter(|&before| at - start < 5 && before >= from) {
        let word = &prose.words[before];
        let kind = word.is(WordList::School);
        let joined = matches!(prose.words[start].gap, Gap::Space | Gap::Hyphen | Gap::Apostrophe | Gap::Stop);
        let possessive = prose.text(before) == "s" && word.gap == Gap::Apostrophe;
        let small = is_function(prose.text(before))
            || word.flags.any(&[WordList::BeforePlace, WordList::Going, WordList::BeforePerson, WordList::AfterPerson]);
        let named = word.letters != Letters::Digits
            && word.letters != Letters::Label
            && if mixed { word.is_capital() && !(small && prose.begins(before)) } else { !small };
        if !joined || !(named || possessive) {
            break;
        }
        start = before;
        own += usize::from(!kind && !possessive);
    }
    let strange = (start..at).any(|at| !prose.words[at].flags.english());
    let short = prose.text(at).len() <= 4 && at - start < 2 && !strange && prose.text(at) != "pru";
    (own > 0 && !short && (mixed || strange)).then_some(start)
}
