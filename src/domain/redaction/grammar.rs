//! Whether a name that is also a word is a name here: what the word before and the word after say.

use std::{collections::HashSet, sync::LazyLock};

use super::dates::MONTHS;

/// True when a name has to stand after `before`: "told rose", "with june".
pub(super) fn needs_a_name(before: &str) -> bool {
    NEEDS_A_NAME.contains(before)
}

/// True when what follows `before` is rather a thing than somebody: "has faith", "enjoys winter", "say grace".
pub(super) fn takes_a_noun(before: &str) -> bool {
    TAKES_A_NOUN.contains(before)
}

/// True for what things do: "the prices rose by".
pub(super) fn is_done(before: &str, after: &str) -> bool {
    let how = ["by", "from", "up", "sharply", "again", "to", "steadily", "slightly"];
    before.len() > 3 && before.ends_with('s') && how.contains(&after)
}

/// True when only somebody can do what `after` says: "may asked", "will is".
pub(super) fn acts_like_somebody(after: &str) -> bool {
    ACTS.contains(after)
}

/// True when `after` is what something is done to: "chase the school", "mark it".
pub(super) fn is_object(after: &str) -> bool {
    OBJECTS.contains(after)
}

/// True when what stands `behind` `word` goes on as behind a name: "Will and Jo", "May and I", "Will, cold, left"; not "So, he left",
/// "May and June". Whether a capital stands at a byte of `behind` says `is_capital`.
pub(super) fn joins_somebody(word: &str, behind: &str, is_capital: impl Fn(usize) -> bool) -> bool {
    if let Some(rest) = behind.strip_prefix(" and ") {
        return is_capital(behind.len() - rest.len()) && !MONTHS.iter().any(|month| rest.starts_with(&month[..3]));
    }
    behind.starts_with(", ")
        && matches!(word, "an" | "can" | "do" | "has" | "may" | "my" | "our" | "to" | "us" | "will")
}

/// True where `word`, which stands in nearly every sentence and is written small, is a name between `before` and `after`: "told will
/// that", "called may and".
pub(super) fn names_somebody(before: &str, word: &str, after: &str) -> bool {
    let verb =
        matches!(word, "will" | "may" | "can" | "do" | "has" | "had" | "have" | "is" | "are" | "was" | "got" | "go");
    let told = matches!(
        before,
        "told"
            | "tells"
            | "asked"
            | "called"
            | "named"
            | "rang"
            | "phoned"
            | "texted"
            | "messaged"
            | "mr"
            | "mrs"
            | "met"
    );
    let goes_on = matches!(
        after,
        "that" | "to" | "about" | "not" | "at" | "and" | "in" | "on" | "if" | "he" | "she" | "they" | ""
    );
    verb && told && goes_on
}

type Words = LazyLock<HashSet<&'static str>>;

static NEEDS_A_NAME: Words = LazyLock::new(|| {
    "told asked with met saw called named tell knows knew mentioned visited rang texted contacted messaged phoned mr mrs \
     ms seen found alias and"
        .split_whitespace()
        .collect()
});

static TAKES_A_NOUN: Words = LazyLock::new(|| {
    "has have had having say saying enjoys enjoy enjoyed of lost lose losing keep keeping less little much bit full \
     every all both i we they you to can will would could should must might do does did not don t last early late mid \
     big small old new dark light hot cold wet wild good great"
        .split_whitespace()
        .collect()
});

static ACTS: Words = LazyLock::new(|| {
    "is was has had said says told tells asked asks went goes came comes rang rings thinks thought wants wanted knows \
     knew gave gives took takes got gets made makes drove drives left lives lived uses used keeps kept did does showed \
     shows called calls sent sends ran met saw feels felt likes loves wrote owes owns stays stayed slept returned arrived \
     sells sold works worked seems seemed smiled cried laughed attends hopes needs needed"
        .split_whitespace()
        .collect()
});

static OBJECTS: Words = LazyLock::new(|| {
    "the a an this that these those it him them up my your our for i he she they we you there of"
        .split_whitespace()
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_around_tell_a_name_from_a_word() {
        assert!(needs_a_name("told") && !needs_a_name("has"));
        assert!(takes_a_noun("has") && is_object("the") && acts_like_somebody("asked"));
        let joins = |word, behind: &str| joins_somebody(word, behind, |at| behind[at..].starts_with(['J', 'i']));
        assert!(joins("will", " and Jo left") && joins("may", " and i left") && joins("will", ", cold, left"));
        assert!(!joins("may", " and june") && !joins("so", ", he left") && !joins("will", " and testament"));
        assert!(names_somebody("told", "will", "that") && !names_somebody("he", "will", "that"));
        assert!(is_done("prices", "by") && !is_done("kane", "by"));
    }
}
