//! People who are listed under a single letter: "J" says, "met J".

use super::{
    find::Hit,
    fold::Casing,
    form::Entity,
    grammar::{acts_like_somebody, needs_a_name},
    needle::{Meaning, Name, Strength},
    policy::EffectiveRole,
    prose::{Gap, Letters, Prose},
};

/// The single letters that are names, with whose they are.
pub(super) struct OneLetter {
    known: Vec<(String, Meaning)>,
}

impl OneLetter {
    /// The letters among `names`, which are by person, as are `roles`. "I" is whoever writes.
    pub fn new(names: &[Vec<Name>], roles: impl Iterator<Item = EffectiveRole>) -> Self {
        let mut known = Vec::new();
        for (person, (names, role)) in names.iter().zip(roles).enumerate() {
            let firsts = names.iter().filter_map(|name| name.first().map(|first| first.concat()));
            let letters = firsts.filter(|first| first.chars().count() == 1 && first != "i");
            let meaning = Meaning { entity: Entity::Person, role, person: Some(person) };
            known.extend(letters.map(|letter| (letter, meaning)));
        }
        known.sort_unstable();
        known.dedup();
        Self { known }
    }

    /// Adds where one of them stands for somebody in `prose`.
    pub fn hits(&self, prose: &Prose<'_>, hits: &mut Vec<Hit>) {
        if self.known.is_empty() {
            return;
        }
        for at in (0..prose.words.len()).filter(|&at| prose.words[at].range().len() <= 4) {
            let meant = || self.known.iter().filter(|(letter, _)| letter == prose.text(at));
            if meant().next().is_none() || !stands_for_somebody(prose, at) {
                continue;
            }
            let range = prose.words[at].range();
            hits.extend(meant().map(|(_, meaning)| Hit {
                range: range.clone(),
                meaning: *meaning,
                strength: Strength::OneWord,
                listed: true,
            }));
        }
    }
}

/// A capital by itself, and not "Block J", "J. Peel", "J-cloth"; written small, or "A", only where somebody acts.
fn stands_for_somebody(prose: &Prose<'_>, at: usize) -> bool {
    let (word, next) = (&prose.words[at], prose.after(at));
    let joined = |gap: Gap| matches!(gap, Gap::Apostrophe | Gap::Hyphen);
    let owns = next.is_some_and(|next| prose.words[next].gap == Gap::Apostrophe && prose.text(next) == "s");
    if joined(word.gap) || next.is_some_and(|next| joined(prose.words[next].gap) && !owns) {
        return false;
    }
    let before = prose.before(at).map_or("", |before| prose.text(before));
    if KINDS.contains(&before) || before.bytes().all(|b| b.is_ascii_digit()) && !before.is_empty() {
        return false;
    }
    let acts = owns || needs_a_name(before) || next.is_some_and(|next| acts_like_somebody(prose.text(next)));
    if prose.folded.casing != Casing::Mixed {
        return acts && !SHORT_WORDS.contains(&prose.text(at));
    }
    let of_a_name = next.is_some_and(|next| {
        let next = &prose.words[next];
        next.gap == Gap::Stop || next.gap == Gap::Space && next.letters == Letters::Capital
    });
    word.is_capital() && !of_a_name && (acts || prose.text(at) != "a")
}

/// What is told apart by letters.
const KINDS: &[&str] = &[
    "appendix",
    "band",
    "bay",
    "block",
    "box",
    "class",
    "column",
    "door",
    "exit",
    "flat",
    "form",
    "gate",
    "grade",
    "group",
    "hepatitis",
    "house",
    "item",
    "level",
    "option",
    "page",
    "part",
    "plan",
    "platform",
    "point",
    "room",
    "row",
    "section",
    "set",
    "stop",
    "team",
    "type",
    "unit",
    "vitamin",
    "ward",
    "wing",
    "year",
    "zone",
];

/// Letters that are written for words.
const SHORT_WORDS: &[&str] = &["a", "b", "c", "k", "n", "r", "u", "w", "x", "y"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{fold::Folded, lexicon::Lexicon, needle::words};

    fn found(text: &str) -> usize {
        let names = [vec![words("Jordan Peel"), words("J")]];
        let letters = OneLetter::new(&names, std::iter::once(EffectiveRole::Source));
        let folded = Folded::new(text, Vec::new());
        let mut hits = Vec::new();
        letters.hits(&Prose::new(&folded, &Lexicon::new(&[], &[])), &mut hits);
        hits.len()
    }

    #[test]
    fn a_letter_by_itself_is_who_is_called_so() {
        assert_eq!(found("J said that J's phone was off. We met J at the gate, and gave it to J."), 4);
        assert_eq!(found("she met j and j said no"), 2);
    }

    #[test]
    fn a_letter_of_something_else_is_nobody() {
        for text in
            ["He lives in Block J now.", "Mr J. Peel and J Peel", "A J-cloth, and the 4 J", "k j x went", "Jo said"]
        {
            assert_eq!(found(text), 0, "{text}");
        }
    }
}
