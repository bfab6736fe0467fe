//! What of a record's own texts goes into its carer copy: no practitioner has marked it, so default deny goes by the word.

use std::ops::Range;

use super::{
    form::Entity,
    lexicon::WordList,
    policy::EffectiveRole,
    prose::{Gap, Letters, Prose},
    resolve::Span,
};

/// Most words of a sentence that is shown: what is longer tells more than a wish or an appointment.
const MOST_WORDS: usize = 16;

/// The sentences that are not plain, as ranges of the original, in order.
pub(super) fn cuts(prose: &Prose<'_>, spans: &[Span]) -> Vec<Range<usize>> {
    let sentences = (0..prose.sentences.len()).filter(|&number| !is_plain(prose, spans, number));
    sentences.map(|number| prose.folded.to_original(prose.bytes(number))).collect()
}

/// Every word is on the list, or part of the name of somebody whom the carer may read of.
fn is_plain(prose: &Prose<'_>, spans: &[Span], number: usize) -> bool {
    let words = prose.sentences[number].words.clone();
    words.len() <= MOST_WORDS && words.into_iter().all(|at| is_plain_word(prose, spans, at))
}

fn is_plain_word(prose: &Prose<'_>, spans: &[Span], at: usize) -> bool {
    match mentioned(prose, spans, at) {
        Some(span) if span.entity == Entity::Relationship => is_listed(prose, at),
        Some(span) => may_be_named(span),
        None => is_listed(prose, at),
    }
}

/// An aside of fewer words than this, in brackets, tells nothing.
const FEWEST_IN_ASIDE: usize = 3;

/// True where sentence `number` has an aside in brackets that is not plain: "the dentist (tooth knocked out at home)".
pub(super) fn has_aside(prose: &Prose<'_>, spans: &[Span], number: usize) -> bool {
    if !prose.folded.text[prose.bytes(number)].contains('(') {
        return false;
    }
    let words = prose.sentences[number].words.clone();
    // The words of the aside that is open, and whether all of them are plain.
    let (mut inside, mut plain) = (0, true);
    for at in words.start + 1..words.end {
        let between = &prose.folded.text[prose.words[at - 1].range().end..prose.words[at].range().start];
        if between.contains(')') {
            if inside >= FEWEST_IN_ASIDE && !plain {
                return true;
            }
            inside = 0;
        }
        if between.contains('(') {
            (inside, plain) = (1, true);
        } else if inside > 0 {
            inside += 1;
        }
        // Whoever and whatever is mentioned is weighed elsewhere.
        plain &= inside == 0 || is_listed(prose, at) || mentioned(prose, spans, at).is_some();
    }
    inside >= FEWEST_IN_ASIDE && !plain
}

/// The mention that word `at` is part of. Mentions are in order and do not overlap.
fn mentioned<'s>(prose: &Prose<'_>, spans: &'s [Span], at: usize) -> Option<&'s Span> {
    let word = prose.folded.to_original(prose.words[at].range());
    let span = spans.get(spans.partition_point(|span| span.range.end <= word.start))?;
    (span.range.start < word.end).then_some(span)
}

/// The child, or a professional of the form.
fn may_be_named(span: &Span) -> bool {
    use EffectiveRole::{Professional, SubjectChild, SubjectSource, Submitter};
    let known = |role| matches!(role, SubjectChild | SubjectSource | Professional | Submitter);
    span.entity == Entity::Person && span.listed && span.meanings.iter().all(|meaning| known(meaning.role))
}

/// A word of the list, the `s` of a genitive, or a day or hour in figures.
fn is_listed(prose: &Prose<'_>, at: usize) -> bool {
    let (word, text) = (&prose.words[at], prose.text(at));
    match word.letters {
        Letters::Label => false,
        Letters::Digits => is_short_figure(text),
        // A letter alone is an initial, unless it is a word of its own.
        _ if text == "s" => word.gap == Gap::Apostrophe,
        _ => word.is(WordList::PlainForCarers),
    }
}

/// `4`, `12th`, `4pm`: no code, number of a house or year.
fn is_short_figure(text: &str) -> bool {
    let figures = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&figures) && matches!(&text[figures..], "" | "st" | "nd" | "rd" | "th" | "am" | "pm")
}
