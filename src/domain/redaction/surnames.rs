//! Another surname behind the first name of somebody listed: married, of a stepfather, or in the form of another language.

use super::{
    find::Hit,
    fold::Casing,
    form::Entity,
    lexicon::WordList,
    needle::Strength,
    policy::EffectiveRole,
    prose::{Gap, Letters, Prose},
    words::is_function,
};

/// "Jo Fairlie House" is a building.
const BUILT: &[WordList] = &[WordList::School, WordList::Street, WordList::Building, WordList::Placement];

/// More words do not follow a first name.
const MOST: usize = 3;

/// Takes the capitalised names behind a first name to it. `taken` are the words on which anything lies; `is_first` says what is a
/// first name of somebody listed.
pub(super) fn take(prose: &Prose<'_>, taken: &[bool], is_first: impl Fn(&str) -> bool, hits: &mut [Hit]) {
    for hit in hits.iter_mut().filter(|hit| hit.listed && hit.meaning.entity == Entity::Person) {
        let last = prose.word_at(hit.range.end.saturating_sub(1));
        // Behind "J.P." at the end of a text no word stands.
        if last >= prose.words.len() {
            continue;
        }
        let first = hit.strength == Strength::OneWord || hit.strength == Strength::Part && is_first(prose.text(last));
        if !first || hit.meaning.role == EffectiveRole::Suspect {
            continue;
        }
        let mut end = last;
        while let Some(next) = prose.after(end).filter(|&next| next - last <= MOST && !taken[next]) {
            if !follows(prose, next) {
                break;
            }
            end = next;
        }
        let given = prose.before(prose.word_at(hit.range.start)).is_some_and(|at| is_giving(prose.text(at)));
        let building = prose.after(end).is_some_and(|next| prose.words[next].flags.any(BUILT));
        if end > last
            && !building
            && !prose.words[end].is(WordList::Particle)
            && (!given || takes_something(prose, end))
        {
            hit.range.end = prose.words[end].range().end;
        }
    }
}

/// "Gave Jo Xanax": what was given, and no name.
fn is_giving(word: &str) -> bool {
    matches!(
        word,
        "gave"
            | "give"
            | "gives"
            | "giving"
            | "sold"
            | "sells"
            | "bought"
            | "buys"
            | "offered"
            | "offers"
            | "sent"
            | "got"
            | "gets"
            | "fed"
            | "showed"
            | "handed"
            | "brought"
            | "let"
            | "made"
            | "taught"
    )
}

/// "Gave Jo Brown some", "made Jo Brown 50 pounds".
fn takes_something(prose: &Prose<'_>, last: usize) -> bool {
    let thing = |next: usize| is_function(prose.text(next)) || prose.words[next].letters == Letters::Digits;
    prose
        .after(last)
        .is_some_and(|next| prose.words[next].gap == Gap::Space && prose.text(next) != "and" && thing(next))
}

/// "Jo Brown", "Jo O'Dowd", "Jo-Ann"; not "Jo Instagram", "Jo Tuesday".
fn follows(prose: &Prose<'_>, at: usize) -> bool {
    let (word, text) = (&prose.words[at], prose.text(at));
    let joined = match word.gap {
        Gap::Space | Gap::Hyphen => true,
        Gap::Apostrophe => at > 0 && matches!(prose.text(at - 1), "o" | "d"),
        _ => false,
    };
    let name = word.is(WordList::NameToo) || word.is(WordList::Particle) || !word.flags.english();
    let none = word.flags.any(&[WordList::NoName, WordList::Title, WordList::Professional]) || word.flags.any(BUILT);
    joined
        && prose.sentence(at).casing == Casing::Mixed
        && word.letters == Letters::Capital
        && (name && !none || text == "o")
        && !is_function(text)
}
