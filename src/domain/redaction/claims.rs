//! What the shapes of values find where something listed stands.

use super::{
    find::Hit,
    form::Entity,
    needle::{Meaning, Strength},
    places,
    prose::Prose,
};

/// What is found where something listed stands is that, or, around a listed place, nothing more than what stands behind it: of "Oakhollow
/// Kane Academy" around a listed "Oakhollow" it is "Kane Academy".
pub(super) fn settle(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    if hits.iter().all(|hit| hit.listed) {
        return;
    }
    let mut listed: Vec<Option<Meaning>> = vec![None; prose.words.len()];
    let value = |hit: &&Hit| hit.listed && hit.strength == Strength::Whole && hit.meaning.entity != Entity::Person;
    for hit in hits.iter().filter(value) {
        listed[prose.words_on(&hit.range)].fill(Some(hit.meaning));
    }
    let is_place = |entity| matches!(entity, Entity::Address | Entity::School | Entity::Placement | Entity::Place);
    let mut behind = Vec::new();
    hits.retain_mut(|hit| {
        let words = prose.words_on(&hit.range);
        let mut owners = listed[words.clone()].iter().filter(|_| !hit.listed);
        let Some(owner) = owners.find_map(|owner| *owner) else { return true };
        if owner.entity.class() == hit.meaning.entity.class() {
            hit.meaning = Meaning { entity: hit.meaning.entity, ..owner };
            return true;
        }
        if !(is_place(owner.entity) && is_place(hit.meaning.entity)) {
            return true;
        }
        let last = words.clone().rev().find(|&at| listed[at].is_some());
        let from = last.map_or(words.start, |last| last + 1);
        if from < words.end {
            behind.extend(places::behind(prose, hit.meaning.entity, words.end - 1, from));
        }
        false
    });
    hits.append(&mut behind);
}
