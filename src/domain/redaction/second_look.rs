//! Whether a view has to be read again: a replacement may have freed what was glued to it, and `[DOB]` says of what stands near
//! that it may be a date of birth too. Where neither can be, reading again would find nothing that was not found before.

use std::ops::Range;

use super::{dates, fold::plain_text, spoken_dates};

/// True when a replacement in `view`, which stand at `labels`, touches what may be more than a word beside it, or is a cue for what stands near. `free`
/// are the beginnings of replacements, in order, that touch only what stood free before.
pub(super) fn is_needed(view: &str, labels: &[Range<usize>], free: &[usize]) -> bool {
    // Question marks may stand for what was not seen of a plate.
    let before = |label: &Range<usize>| view[..label.start].trim_end_matches('?').chars().next_back();
    let behind = |label: &Range<usize>| view[label.end..].trim_start_matches('?').chars().next();
    let glued = |label: &Range<usize>| {
        free.binary_search(&label.start).is_err() && (joins(before(label)) || joins(behind(label)))
    };
    let born = |label: &Range<usize>| &view[label.clone()] == "[DOB]" && has_date_near(view, label);
    labels.iter().any(|label| glued(label) || born(label))
}

/// True where what stands on both sides of byte `at` of `text` may be one.
pub(super) fn touches(text: &str, at: usize) -> bool {
    joins(text[..at].chars().next_back()) && joins(text[at..].chars().next())
}

/// A sign that begins a value, or goes on with one, is part of it. A letter that was lost may be part of a name.
fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '_' | '+' | '\u{FFFD}'))
}

/// So many bytes beside a replacement are looked at: no more in a text of nothing but replacements.
const WINDOW: usize = 200;
/// A date in figures ends within so many folded bytes of its cue.
const FIGURES: usize = 80;
/// The longest date that is said, and the words to its cue: nine and six.
const WORDS: usize = 16;

/// True when what stands near `[DOB]` may be a date. Where the window is too narrow to tell, it may be.
fn has_date_near(view: &str, label: &Range<usize>) -> bool {
    let end = (label.end + WINDOW..).find(|&at| view.is_char_boundary(at.min(view.len())));
    let end = end.map_or(view.len(), |end| end.min(view.len()));
    let start = (0..=label.start.saturating_sub(WINDOW)).rev().find(|&at| view.is_char_boundary(at)).unwrap_or(0);
    let (before, behind) = (plain_text(&view[start..label.start]), plain_text(&view[label.end..end]));
    let few_words = |text: &str| text.split_whitespace().count() < WORDS;
    // A cue in brackets stands before a date in figures, and on both sides of one that is said.
    end < view.len() && (behind.len() < FIGURES || few_words(&behind))
        || start > 0 && few_words(&before)
        || dates::may_be_cued(&behind)
        || spoken_dates::may_be_cued(&behind, true)
        || spoken_dates::may_be_cued(&before, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::render::labels_in;

    fn is_needed(view: &str) -> bool {
        with_free(view, &[])
    }

    fn with_free(view: &str, free: &[usize]) -> bool {
        super::is_needed(view, &labels_in(view), free)
    }

    #[test]
    fn what_touches_a_replacement_is_looked_at() {
        for view in ["[CHILD]5 is", "@[HANDLE] is", "a_[PERSON 3]", "ring +[PHONE]", "[PERSON 1]\u{FFFD}s", "Jo[CHILD]"]
        {
            assert!(is_needed(view), "{view}");
        }
        for view in ["[CHILD]'s bag", "(by [PERSON 3])", "[child]5", "is it [CHILD]? He"] {
            assert!(!is_needed(view), "{view}");
        }
    }

    #[test]
    fn what_stood_free_before_is_not() {
        assert!(with_free("[WITHHELD]Can I", &[]) && !with_free("[WITHHELD]Can I", &[0]));
        assert!(with_free("[WITHHELD]Can I [CHILD]5", &[0]));
        assert!(touches("ab", 1) && !touches("a b", 1) && !touches("ab", 0) && !touches("ab", 2));
    }

    #[test]
    fn a_date_near_a_date_of_birth_is_looked_at_and_a_number_is_not() {
        for view in [
            "[DOB], 04/03/2011",
            "[DOB] or 4 mar 11",
            "[DOB] (april 4th, 2012)",
            "[DOB] \u{664}/\u{663}/2011",
            "2nd of June, [DOB]",
            "[DOB] or the second of the sixth",
        ] {
            assert!(is_needed(view), "{view}");
        }
        for view in ["DOB [DOB]\n\nMarlon went", "[DOB]\nNHS number: 943 476 5919", "[DOB], 14 years", "in May [DOB]"] {
            assert!(!is_needed(view), "{view}");
        }
        let far = |between: &str| format!("[DOB]{between} 04/03/2011");
        assert!(is_needed(&far(&"\u{200b}".repeat(1_000))) && is_needed(&far(&" ".repeat(1_000))));
        assert!(!is_needed(&far(&" very far away".repeat(9))));
    }

    #[test]
    fn many_replacements_take_no_longer_each() {
        assert!(!is_needed(&"[DOB] as was said before, ".repeat(40_000)));
    }
}
