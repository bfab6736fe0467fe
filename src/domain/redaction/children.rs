//! Whether a name is a child's, by the words beside it: "a girl called Wren", "Wren (14)", "Wren, who is in year 9".

use std::ops::Range;

use super::{
    lexicon::WordList,
    prose::{Gap, Letters, Prose},
};

/// The first age that is no child's, in years.
const GROWN_UP: u32 = 18;

/// The last year of school.
const LAST_YEAR: u32 = 13;

/// So many words before a name, and behind it, may say that it is a child's.
const BESIDE: usize = 6;

/// True when what stands beside the name at `run` in its sentence says that it is a child's.
pub(super) fn is_child(prose: &Prose<'_>, run: &Range<usize>) -> bool {
    let sentence = prose.sentence(run.start).words.clone();
    is_named_as_one(prose, run, sentence.start) || is_of_age(prose, run.end, sentence.end) || {
        let behind = run.end..sentence.end.min(run.end + BESIDE);
        let others = |&at: &usize| prose.words[at].gap == Gap::Comma && at > run.end;
        let own = behind.start..behind.clone().find(others).unwrap_or(behind.end);
        is_at_school(prose, own)
    }
}

/// "another girl, Wren", "a boy called Wren", "her classmate Wren", "the other young person was Wren".
fn is_named_as_one(prose: &Prose<'_>, run: &Range<usize>, begins: usize) -> bool {
    let mut at = run.start;
    while at > begins && run.start - at < 3 {
        at -= 1;
        let word = &prose.words[at];
        if word.is(WordList::Child) || ends_phrase(prose, at) {
            // "the girl's uncle Wren" is no girl.
            return prose.words[at + 1].gap != Gap::Apostrophe;
        }
        let leads =
            matches!(prose.text(at), "called" | "named" | "is" | "was" | "nicknamed" | "friend" | "mate" | "name");
        if !leads {
            return false;
        }
    }
    false
}

/// True for the last word of a phrase that means a child: "young person".
fn ends_phrase(prose: &Prose<'_>, at: usize) -> bool {
    let word = prose.words[at].range();
    let near = prose.phrases.partition_point(|(_, phrase)| phrase.end < word.end);
    prose.phrases[near..]
        .iter()
        .take_while(|(_, phrase)| phrase.start <= word.start)
        .any(|(list, phrase)| *list == WordList::Child && phrase.end == word.end)
}

/// "Wren (14)", "Wren, 14,", "Wren aged 14", "Wren, who is 14".
fn is_of_age(prose: &Prose<'_>, from: usize, to: usize) -> bool {
    let mut at = from;
    while at < to
        && at - from < 3
        && matches!(prose.text(at), "aged" | "age" | "who" | "is" | "who's" | "only" | "just")
    {
        at += 1;
    }
    let Some(word) = prose.words.get(at).filter(|word| at < to && word.letters == Letters::Digits) else {
        return false;
    };
    let Some(years) = number(prose.text(at)) else { return false };
    let stated = at > from || matches!(word.gap, Gap::Sign | Gap::Comma);
    let aged = at > from && matches!(prose.text(at - 1), "aged" | "age");
    // "Wren, 14 Quarrel Street", "Wren is 10 minutes away".
    let closed = aged
        || at + 1 >= to
        || prose.words[at + 1].gap != Gap::Space
        || matches!(prose.text(at + 1), "and" | "who" | "years" | "yrs" | "yo");
    stated && closed && (1..GROWN_UP).contains(&years)
}

/// "in year 9", "in Y9", "in her form", "from the same class".
fn is_at_school(prose: &Prose<'_>, mut words: Range<usize>) -> bool {
    let year =
        |at: usize| prose.words.get(at).and_then(|_| number(prose.text(at))).is_some_and(|year| year <= LAST_YEAR);
    words.any(|at| match prose.text(at) {
        "year" | "yr" => year(at + 1),
        "form" | "class" => {
            prose.before(at).is_some_and(|at| matches!(prose.text(at), "her" | "his" | "their" | "same" | "tutor"))
        }
        text => text.strip_prefix('y').and_then(number).is_some_and(|year| (1..=LAST_YEAR).contains(&year)),
    })
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{fold::Folded, tests::fixture::policy};

    fn says(text: &str) -> bool {
        let folded = Folded::new(text, Vec::new());
        let policy = policy();
        let prose = Prose::new(&folded, policy.words());
        let at = (0..prose.words.len()).find(|&at| prose.text(at) == "wren").unwrap();
        is_child(&prose, &(at..at + 1))
    }

    #[test]
    fn a_child_is_known_by_the_words_beside_the_name() {
        for text in [
            "There was a girl called Wren in the flat.",
            "Another girl, Wren, was there.",
            "Wren (15) was there too.",
            "Wren, 14, was there too.",
            "Wren aged 9 saw it.",
            "Wren, who is 12, saw it.",
            "She went with Wren, who is in Year 8.",
            "She went with Wren from Y9.",
            "Wren in her form told her about it.",
            "The other young person was Wren.",
            "her classmate Wren came",
            "a boy named Wren drove",
        ] {
            assert!(says(text), "{text}");
        }
    }

    #[test]
    fn nobody_is_a_child_for_less() {
        for text in [
            "Wren (35) drives the car.",
            "Wren, 14 Quarrel Street, has the keys.",
            "Wren is 10 minutes away.",
            "The girl's uncle Wren was there.",
            "Wren gave the children vapes.",
            "Wren rang, and a girl in year 9 came.",
            "Wren waits by the school with the boy.",
            "Wren sold 15 vapes.",
        ] {
            assert!(!says(text), "{text}");
        }
    }
}
