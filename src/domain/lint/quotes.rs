//! Which parts of a text are somebody's own words, in quotation marks of any kind. Doubt counts as quoted: a child's words
//! are never corrected.

use std::ops::Range;

/// The quoted parts of `text`, in order and apart, marks included.
pub(super) fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for paragraph in paragraphs(text) {
        let range = start..start + paragraph.len();
        start = range.end;
        if paragraph.trim_start().starts_with('>') {
            out.push(range);
            continue;
        }
        let doubles = doubles(paragraph);
        let singles = singles(paragraph, &doubles);
        let mut both: Vec<Range<usize>> =
            doubles.into_iter().chain(singles).map(|part| part.start + range.start..part.end + range.start).collect();
        both.sort_unstable_by_key(|part| part.start);
        for part in both {
            match out.last_mut().filter(|last| last.end > part.start) {
                Some(last) => last.end = last.end.max(part.end),
                None => out.push(part),
            }
        }
    }
    out
}

/// True when `range` touches one of `quoted`.
pub(super) fn touches(quoted: &[Range<usize>], range: &Range<usize>) -> bool {
    let before = quoted.partition_point(|part| part.start < range.end);
    quoted[..before].last().is_some_and(|part| part.end > range.start)
}

/// Paragraphs end with an empty line, or before a line that is quoted as a whole.
fn paragraphs(text: &str) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    let mut last_quoted = false;
    for line in text.split_inclusive('\n') {
        let whole = line.trim_start().starts_with('>');
        if (whole || last_quoted) && at > begin {
            out.push(&text[begin..at]);
            begin = at;
        }
        last_quoted = whole;
        at += line.len();
        if line.trim().is_empty() {
            out.push(&text[begin..at]);
            begin = at;
        }
    }
    out.push(&text[begin..]);
    out
}

fn is_double(c: char) -> bool {
    matches!(
        c,
        '"' | '“'
            | '”'
            | '„'
            | '‟'
            | '«'
            | '»'
            | '″'
            | '‶'
            | '〝'
            | '〞'
            | '〟'
            | '「'
            | '」'
            | '『'
            | '』'
            | '＂'
            | '‹'
            | '›'
            | '❝'
            | '❞'
    )
}

/// From each opening mark to the next, which closes; the last goes to the end of the paragraph where nothing closes it. An
/// opening mark within a quotation goes on with it.
fn doubles(paragraph: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut before = None;
    let mut letters = paragraph.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let mut end = at + c.len_utf8();
        // ``two backticks'' or two apostrophes.
        let twice =
            matches!(c, '`' | '\'' | '´') && letters.peek().is_some_and(|(_, next)| matches!(next, '`' | '\'' | '´'));
        if twice && let Some((next, after)) = letters.next() {
            end = next + after.len_utf8();
        }
        if is_double(c) || twice {
            match open {
                // Five inches: 5".
                None if matches!(c, '"' | '″' | '＂') && before.is_some_and(|b: char| b.is_ascii_digit()) => {}
                None => open = Some((at, c)),
                // „German“ closes with what opens in English.
                Some((_, opener)) if opener != '„' && matches!(c, '“' | '„' | '‟' | '「' | '『' | '〝' | '❝') =>
                    {}
                Some((start, _)) => {
                    out.push(start..end);
                    open = None;
                }
            }
        }
        before = Some(c);
    }
    if let Some((start, _)) = open {
        out.push(start..paragraph.len());
    }
    out
}

/// Single marks are also apostrophes: one opens before a word and after none, and the last mark that may close before the
/// next opens does. What is opened and never closed is an elision ('cause).
fn singles(paragraph: &str, doubles: &[Range<usize>]) -> Vec<Range<usize>> {
    let single = |c: char| matches!(c, '\'' | '‘' | '’' | '‚' | '‛' | '＇' | '`' | '´' | '❛' | '❜' | '′');
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut open: Option<(usize, Option<usize>)> = None;
    let mut before: Option<char> = None;
    let mut letters = paragraph.char_indices().peekable();
    let mut inside = doubles.iter().peekable();
    while let Some((at, c)) = letters.next() {
        let after = letters.peek().map(|(_, next)| *next);
        while inside.next_if(|part| part.end <= at).is_some() {}
        let covered = inside.peek().is_some_and(|part| part.start <= at);
        if single(c) && !covered {
            let word_before = before.is_some_and(char::is_alphanumeric);
            let word_after = after.is_some_and(|next| next.is_alphanumeric() || next == '[');
            if !word_before && word_after {
                if let Some((start, Some(end))) = open {
                    out.push(start..end);
                }
                open = Some((at, None));
            } else if let Some((_, end)) =
                open.as_mut().filter(|_| !word_after && before.is_some_and(|b| !b.is_whitespace()))
            {
                *end = Some(at + c.len_utf8());
            }
        }
        before = Some(c);
    }
    if let Some((start, Some(end))) = open {
        out.push(start..end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        quoted(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn quotation_marks_of_every_kind_are_known() {
        for text in [
            "She said \"my words\" then.",
            "She said “my words” then.",
            "She said ”my words” then.",
            "She said „my words“ then.",
            "She said «my words» then.",
            "She said »my words« then.",
            "She said 'my words' then.",
            "She said ‘my words’ then.",
            "She said ``my words'' then.",
            "She said `my words` then.",
            "She said ''my words'' then.",
            "She said 「my words」 then.",
            "She said ＂my words＂ then.",
        ] {
            let found = parts(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(
                found[0].contains("my words") && !found[0].contains("said") && !found[0].contains("then"),
                "{text}"
            );
        }
    }

    #[test]
    fn apostrophes_and_inches_are_no_quotation_marks() {
        for text in ["She's at the boys' flat, 'cause it's Mum's.", "a 5\" blade", "rock 'n roll", ""] {
            assert_eq!(parts(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn doubt_counts_as_quoted() {
        assert_eq!(parts("He said \"and then\nit went on"), ["\"and then\nit went on"], "nothing closes it");
        assert_eq!(parts("‘it's the boys’ flat, innit’ he said"), ["‘it's the boys’ flat, innit’"]);
        assert_eq!(parts("“one\n\n“two” and three"), ["“one\n\n", "“two”"], "each paragraph opens anew");
        assert_eq!(parts("said:\n> all of it\nand more"), ["> all of it\n"]);
        assert_eq!(parts("“he said ‘go’ to me” ok"), ["“he said ‘go’ to me”"]);
    }

    #[test]
    fn what_touches_a_quotation_is_found() {
        let quoted = [2..5, 10..20];
        assert!(touches(&quoted, &(4..6)) && touches(&quoted, &(15..16)));
        assert!(!touches(&quoted, &(5..10)) && !touches(&quoted, &(20..30)) && !touches(&[], &(0..1)));
    }
}
