//! Overlapping mentions become one by their widest cover; nothing is ever trimmed.

use std::{cmp::Reverse, ops::Range};

use super::{
    find::Hit,
    fold::Folded,
    form::Entity,
    needle::{Meaning, Strength},
    policy::Class,
    words::is_family,
};

/// A mention in the original text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the original, at grapheme borders.
    pub range: Range<usize>,
    /// What it is.
    pub entity: Entity,
    /// True when the form names it.
    pub listed: bool,
    /// Everything that it may denote; the most restrictive action of them applies.
    pub(super) meanings: Vec<Meaning>,
}

/// The spans of a text, in order, without overlap. Persons from number `listed` on are in no form: they were found.
pub(super) fn spans(folded: &Folded<'_>, hits: Vec<Hit>, listed: usize) -> Vec<Span> {
    let mut found: Vec<Hit> = hits
        .into_iter()
        .map(|hit| Hit { range: folded.to_original(hit.range.clone()), ..hit })
        .filter(|hit| !hit.range.is_empty() && !folded.in_label(&hit.range))
        .collect();
    found.sort_by(|a, b| {
        (a.range.start, b.range.end, b.strength, a.meaning).cmp(&(b.range.start, a.range.end, a.strength, b.meaning))
    });
    let relatives = relatives(folded.original(), &found, listed);
    drop_seams(folded.original(), &mut found, (listed, &relatives));
    let mut spans = Vec::with_capacity(found.len());
    let mut left = found.as_slice();
    while let [first, ..] = left {
        let mut end = first.range.end;
        let overlaps = |hit: &&Hit| {
            let overlaps = hit.range.start < end;
            end = end.max(hit.range.end);
            overlaps
        };
        let (cluster, behind) = left.split_at(1 + left[1..].iter().take_while(overlaps).count());
        spans.push(cover(folded.original(), cluster, (listed, &relatives)));
        left = behind;
    }
    spans
}

/// In "Bethlehem Abraha, Kidane Abraha" the seam reads like "Abraha, Kidane": a weak form that begins in one thing that
/// is listed and ends in the next is none. `found` is sorted by where it begins; persons from number `listed` on are in no form, and take
/// nothing from who is.
fn drop_seams(text: &str, found: &mut Vec<Hit>, (listed, relatives): (usize, &[usize])) {
    let of_the_form = |hit: &Hit| hit.meaning.person.is_none_or(|person| person < listed);
    let strong = |hit: &&Hit| hit.listed && hit.strength > Strength::Part;
    let all = Strong::of(found.iter().filter(strong), found.len());
    let known = |hit: &&Hit| of_the_form(hit) || hit.meaning.person.is_some_and(|person| relatives.contains(&person));
    // Where everybody is on the form both are the same.
    let form = (!found.iter().all(|hit| known(&hit)))
        .then(|| Strong::of(found.iter().filter(strong).filter(known), found.len()));
    found.retain(|hit| {
        let around = form.as_ref().filter(|_| of_the_form(hit)).unwrap_or(&all);
        let weak = hit.strength == Strength::Part && around.hide(&hit.range);
        !weak || is_home(hit.meaning.entity) || hit.meaning.entity == Entity::Person && owns(text, &hit.range)
    });
}

/// Where whole things stand.
struct Strong {
    /// Where each begins, and how far it and those before reach.
    reach: Vec<(usize, usize)>,
    /// Each, in order.
    own: Vec<(usize, usize)>,
}

impl Strong {
    /// Reads `hits`, at most `most`, which are sorted by where they begin.
    fn of<'h>(hits: impl Iterator<Item = &'h Hit>, most: usize) -> Self {
        let (mut reach, mut own): (Vec<(usize, usize)>, Vec<_>) = (Vec::with_capacity(most), Vec::with_capacity(most));
        for hit in hits {
            let before = reach.last().map_or(0, |(_, end)| *end);
            reach.push((hit.range.start, before.max(hit.range.end)));
            own.push((hit.range.start, hit.range.end));
        }
        own.sort_unstable();
        Self { reach, own }
    }

    /// How far those reach that begin before `at`.
    fn covered_to(&self, at: usize) -> usize {
        self.reach.partition_point(|(start, _)| *start < at).checked_sub(1).map_or(0, |last| self.reach[last].1)
    }

    /// True where `range` begins inside one and ends inside one, and is none.
    fn hide(&self, range: &Range<usize>) -> bool {
        let begins_inside = self.covered_to(range.start) > range.start;
        let ends_inside = self.covered_to(range.end) >= range.end;
        begins_inside && ends_inside && self.own.binary_search(&(range.start, range.end)).is_err()
    }
}

/// One span for hits that overlap.
fn cover(text: &str, cluster: &[Hit], (persons, relatives): (usize, &[usize])) -> Span {
    if let [one] = cluster {
        let Hit { range, meaning, listed, .. } = one.clone();
        return Span { range, entity: meaning.entity, listed, meanings: vec![meaning] };
    }
    let start = cluster.iter().map(|hit| hit.range.start).min().unwrap_or(0);
    let end = cluster.iter().map(|hit| hit.range.end).max().unwrap_or(0);
    let whole = |hit: &&Hit| hit.range == (start..end);
    let people: Vec<Hit>;
    let cluster = if names_somebody(&text[start..end], cluster) {
        people = cluster.iter().filter(|hit| hit.meaning.entity != Entity::Handle).cloned().collect();
        &people[..]
    } else {
        cluster
    };
    let listed = cluster.iter().any(|hit| hit.listed);
    let widest = cluster
        .iter()
        .filter(whole)
        .min_by_key(|hit| (!hit.listed, Reverse(hit.strength), hit.meaning))
        .unwrap_or(&cluster[0]);
    let entity = widest.meaning.entity;
    // Less of a name inside something longer that is listed says nothing of its own, unless it points at somebody. Whoever was found
    // under a name takes it from nobody who is listed.
    let of_the_form = |hit: &&Hit| hit.meaning.person.is_none_or(|person| person < persons);
    let known = || cluster.iter().filter(whole).filter(|hit| hit.listed);
    let most = known().filter(of_the_form).map(|hit| hit.strength).max();
    let most = most.or_else(|| known().map(|hit| hit.strength).max());
    // Nor does a shape that the form has an owner for.
    let owned: Vec<Class> = cluster
        .iter()
        .filter(|hit| hit.listed && hit.strength > Strength::Part)
        .map(|hit| hit.meaning.entity.class())
        .collect();
    // "Young Peel" is not less of a Peel than the form says: only what is in the form says that "Jo Peel" is another.
    let of_form = known().filter(of_the_form).map(|hit| hit.strength).max();
    let outweighed = |hit: &&Hit| {
        let most = if is_own_surname(hit, start..end, &widest.meaning, relatives) && of_the_form(hit) {
            of_form
        } else {
            most
        };
        hit.listed && most.is_some_and(|most| hit.strength < most)
    };
    let mut meanings: Vec<Meaning> = cluster
        .iter()
        .filter(|hit| !outweighed(hit) || points(text, hit, &widest.meaning))
        .filter(|hit| hit.listed || !owned.contains(&hit.meaning.entity.class()))
        .map(|hit| hit.meaning)
        .collect();
    meanings.sort_unstable();
    meanings.dedup();
    Span { range: start..end, entity, listed, meanings }
}

/// True where `hit` is the surname in the name that stands at `whole`, of `somebody` of whom the text does not say that they are a
/// relative.
fn is_own_surname(hit: &Hit, whole: Range<usize>, somebody: &Meaning, relatives: &[usize]) -> bool {
    let relative = somebody.person.is_some_and(|person| relatives.contains(&person));
    hit.meaning.entity == Entity::Person && hit.range.end == whole.end && !relative
}

/// Who among those who were found, from number `listed` on, is said to be somebody's family: "Jo Peel (brother)", "her cousin Jo Peel".
fn relatives(text: &str, found: &[Hit], listed: usize) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for hit in found.iter().filter(|hit| hit.strength > Strength::Part) {
        let person = hit.meaning.person.filter(|&person| person >= listed && !out.contains(&person));
        if let Some(person) = person.filter(|_| is_said_to_be_family(text, &hit.range)) {
            out.push(person);
        }
    }
    out
}

fn is_said_to_be_family(text: &str, name: &Range<usize>) -> bool {
    let family = |word: &str| is_family(&word.to_lowercase());
    let letter = |c: char| !c.is_alphabetic();
    let before = text[..name.start].trim_end().rsplit(letter).next().unwrap_or_default();
    let behind = text[name.end..].strip_prefix([',', ' ']).map_or("", |behind| behind.trim_start_matches([' ', '(']));
    let mut words = behind.split(letter);
    let next = words.next().unwrap_or_default();
    let own = matches!(next, "his" | "her" | "their" | "my" | "the");
    family(before) || family(next) || own && words.next().is_some_and(family)
}

/// "Jo Peel" in two words is who it names, and not their account "jo.peel".
fn names_somebody(written: &str, cluster: &[Hit]) -> bool {
    let is_name = |hit: &Hit| hit.meaning.entity == Entity::Person && hit.listed && hit.strength == Strength::Whole;
    let account = cluster.iter().any(|hit| hit.meaning.entity == Entity::Handle);
    account && written.contains(char::is_whitespace) && !written.contains('@') && cluster.iter().any(is_name)
}

/// True where `hit` still says who it is inside something longer that is listed as `widest`: "Jo's flat" as the name of a place, and
/// "Jo's cousin" as somebody's. "Jo Peel" is nobody's "Jo", and "Peel Road" no Peel. Where somebody lives stays that, whatever else it is.
fn points(text: &str, hit: &Hit, widest: &Meaning) -> bool {
    match hit.meaning.entity {
        entity if is_home(entity) => widest.entity != entity,
        Entity::Person => {
            let place = matches!(widest.entity, Entity::Place | Entity::Organisation);
            let alone = place && hit.strength > Strength::Part;
            let owner = (place || widest.entity == Entity::Person) && owns(text, &hit.range);
            alone || owner
        }
        _ => false,
    }
}

/// Where somebody lives, or is every day.
const fn is_home(entity: Entity) -> bool {
    matches!(entity, Entity::Address | Entity::Postcode | Entity::Placement | Entity::School)
}

/// "Jo's", "the Peels' house", "Peel family home".
fn owns(text: &str, name: &Range<usize>) -> bool {
    let within = text[name.clone()].ends_with(['s', 'S']);
    let behind = &text[name.end..];
    let possessive = behind.strip_prefix(['\'', '\u{2019}', '\u{2018}', '`', '\u{b4}']);
    if let Some(rest) = possessive {
        return within || rest.starts_with(['s', 'S']);
    }
    if !behind.starts_with(' ') {
        return false;
    }
    let behind = behind.trim_start_matches(' ');
    let next = &behind[..behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len())];
    let known = ["family", "household", "residence", "home", "house", "flat", "address"];
    known.iter().any(|known| next.eq_ignore_ascii_case(known))
}
