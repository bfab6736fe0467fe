//! Who is named in the texts of a record that nobody listed: one for every name, with as many as are followed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cues::{Candidate, Kind},
    needle::words,
    policy::EffectiveRole,
    prose::{Gap, Prose},
};

/// So many people whom nobody listed are followed through the texts of a record, in every form of their names. Each text is
/// searched for all of them; where there are more, the others are mentions where they stand, and nobody's.
pub(super) const MOST_PEOPLE: usize = 500;

/// Somebody whom nobody listed.
pub(super) struct Somebody {
    /// The names that the texts give them, folded.
    pub names: Vec<String>,
    /// What they are to the record, as far as the texts say.
    pub role: EffectiveRole,
}

/// The people among the candidates of all pages: who is named in full, then who is named by one word that is nobody's part.
pub(super) fn somebodies<'r, 'f: 'r>(pages: impl Iterator<Item = (&'r Prose<'f>, &'r [Candidate])>) -> Vec<Somebody> {
    let persons = pages.flat_map(|(prose, candidates)| {
        let persons = candidates.iter().filter(|candidate| candidate.kind == Kind::Person);
        persons.map(move |candidate| (candidate.role, name(prose, candidate)))
    });
    let named: Vec<_> = persons.map(|(role, name)| (role, words(&name), name)).collect();
    let mut people: Vec<Somebody> = Vec::new();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_part: BTreeSet<&str> = BTreeSet::new();
    for full in [true, false] {
        for (role, apart, name) in &named {
            // "Ellie-Rose" is one first name, perhaps of whoever is named in full elsewhere.
            let is_full = apart.len() > 1;
            let parts = apart.iter().flatten();
            if is_full != full || !full && parts.clone().all(|part| by_part.contains(part.as_str())) {
                continue;
            }
            match by_name.get(name.as_str()) {
                Some(&known) if *role != EffectiveRole::Unknown => people[known].role = *role,
                Some(_) => {}
                None if people.len() >= MOST_PEOPLE => continue,
                None => {
                    by_name.insert(name, people.len());
                    people.push(Somebody { names: vec![name.clone()], role: *role });
                }
            }
            by_part.extend(parts.map(String::as_str));
        }
    }
    people
}

/// The name as it is written, folded.
fn name(prose: &Prose<'_>, candidate: &Candidate) -> String {
    let mut out = String::new();
    for at in candidate.words.clone() {
        if !out.is_empty() {
            out.push(match prose.words[at].gap {
                Gap::Hyphen => '-',
                Gap::Apostrophe => '\'',
                _ => ' ',
            });
        }
        out.push_str(prose.text(at));
    }
    out
}
