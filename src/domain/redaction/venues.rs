//! Places that nobody listed, by their own last word.

use std::ops::Range;

use super::{lexicon::WordList, prose::Prose};

/// "Iron Yard Gym", "Oakhollow School": the last word says what it is.
pub(super) fn is_venue(prose: &Prose<'_>, run: &Range<usize>) -> bool {
    if run.len() < 2 || !prose.words[run.start].is_capital() {
        return false;
    }
    let last = &prose.words[run.end - 1];
    let kinds = last.flags.any(&[WordList::Venue, WordList::Street, WordList::School, WordList::Building]);
    let all_english = || run.clone().all(|at| prose.words[at].flags.english());
    let people = run.clone().all(|at| prose.words[at].is(WordList::NameToo));
    !people && (kinds || all_english() && !last.is(WordList::NameToo) && !prose.begins(run.start))
}

/// "Ellie Fernbank House", "thenwith Ellie Fernbank House": the place in `run` behind a listed name, whatever stands before that. Once the
/// name is replaced it would be found by itself.
pub(super) fn behind_listed(
    prose: &Prose<'_>,
    run: &Range<usize>,
    is_listed: impl Fn(usize) -> bool,
) -> Option<Range<usize>> {
    let begins = |at: &usize| is_listed(at - 1) && !is_listed(*at);
    (run.start + 1..run.end).filter(begins).map(|start| start..run.end).find(|rest| is_venue(prose, rest))
}
