//! Addresses of mail that nobody listed, also with their signs in words or brackets.

use std::ops::Range;

use super::{
    fold::Folded,
    form::Entity,
    marks::Marks,
    patterns::{always, is_letter_or_digit, shape},
    shapes::Shape,
};

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        shape(
            Entity::Email,
            r"[a-z0-9][a-z0-9._%+'-]*@[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+",
            false,
            |marks, _| marks.has(b'@') && marks.has(b'.'),
            always,
        )
        .in_runs(b'@', is_part_of_mail),
        shape(
            Entity::Email,
            r"(?:[a-z0-9_-]{1,30}(?: (?:dot|underscore|dash|hyphen) | ?[\[({] ?(?:dot|underscore|dash|hyphen|\.) ?[\])}] ?)){0,4}[a-z0-9][a-z0-9._-]{0,63}(?: (?:oh|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]{3,5}teen|[a-z]{3,5}ty)){0,4} ?(?:[\[({] ?(?:at|@) ?[\])}] ?| @ | at )[a-z0-9-]{1,63}(?:(?:\.| \. | ?[\[({] ?(?:dot|\.) ?[\])}] ?| dot )[a-z]{2,12}){1,3}",
            false,
            may_be_obfuscated,
            is_obfuscated,
        )
        .around(around_at),
        // Broken at its sign, or with a comma for a point.
        shape(
            Entity::Email,
            r"[a-z0-9][a-z0-9._%+'-]* ?@ ?[a-z0-9][a-z0-9-]*(?:[.,][a-z0-9-]+){1,3}",
            false,
            |marks, text| {
                marks.has(b'@') && (marks.has(b',') && has_comma(text) || text.contains("@ ") || text.contains(" @"))
            },
            ends_as_most_do,
        )
        .around(|text| near(text, &["@"])),
        // "jo at sign example point com", "jo-at-example-dot-com".
        shape(
            Entity::Email,
            r"[a-z0-9][a-z0-9._-]{0,63}?(?: (?:dot|point|full stop|underscore) [a-z0-9_-]{1,30}){0,3}(?: at sign | at |[*-]at[*-])[a-z0-9-]{1,63}?(?:(?: (?:dot|point|full stop) |[*-]dot[*-])[a-z]{2,12}){1,3}",
            false,
            |_, text| {
                [" at sign ", "-at-", "*at*"].iter().any(|at| text.contains(at))
                    || text.contains(" at ") && (text.contains(" point ") || text.contains(" full stop "))
            },
            ends_as_most_do,
        )
        .around(|text| near(text, &[" at ", "-at-", "*at*"])),
    ]
}

const fn is_part_of_mail(byte: u8) -> bool {
    matches!(byte, b'.' | b'_' | b'%' | b'+' | b'\'' | b'-' | b'@') || is_letter_or_digit(byte)
}

/// What [`is_obfuscated`] asks for: a sign that stands apart, or "dot", or a bracket around "at", a sign or a point.
fn may_be_obfuscated(marks: &Marks, text: &str) -> bool {
    let opens = |(at, sign): (usize, u8)| {
        if !matches!(sign, b'[' | b'(' | b'{') {
            return false;
        }
        let inside = text[at + 1..].strip_prefix(' ').unwrap_or(&text[at + 1..]);
        inside.starts_with("at") || inside.starts_with(['.', '@']) || inside.starts_with("dot")
    };
    marks.has(b'@') && text.contains(" @ ")
        || text.contains("dot")
        || has_domain(text)
            && text.match_indices(" at ").any(|(at, _)| is_domain(text[at + 4..].split(' ').next().unwrap_or("")))
        || [b'[', b'(', b'{'].iter().any(|&sign| marks.has(sign)) && text.bytes().enumerate().any(opens)
}

/// The parts of `text` around each of `signs`, as [`around_at`] gives them around what stands for "@".
pub(super) fn near(text: &str, signs: &[&str]) -> Vec<Range<usize>> {
    let mut places: Vec<usize> = signs.iter().flat_map(|sign| text.match_indices(sign)).map(|(at, _)| at).collect();
    places.sort_unstable();
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in places {
        let start = (0..=at.saturating_sub(BEFORE)).rev().find(|&start| text.is_char_boundary(start)).unwrap_or(0);
        let end = (at + BEHIND..text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
        match parts.last_mut().filter(|last| start <= last.end) {
            Some(last) => last.end = end,
            None => parts.push(start..end),
        }
    }
    parts
}

/// True where a letter follows a comma.
fn has_comma(text: &str) -> bool {
    text.as_bytes().windows(2).any(|two| two[0] == b',' && two[1].is_ascii_lowercase())
}

/// "At this point in time" is no address.
fn ends_as_most_do(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let text = folded.text[range.clone()].trim_end_matches(['.', ',']);
    let last = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    matches!(last, "com" | "uk" | "org" | "net")
}

/// True where a letter follows a point.
fn has_domain(text: &str) -> bool {
    text.match_indices('.').any(|(at, _)| text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

/// Signs in words or brackets; a plain address is the other pattern's.
fn is_obfuscated(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let text = &folded.text[range.clone()];
    let plain = text.split_once(" at ").is_some_and(|(local, domain)| {
        local.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_')) && is_domain(domain)
    });
    plain || text.contains("dot") || text.contains(['[', '(', '{', '@'])
}

/// True for "example.com": behind "at" it may also be a place or the end of a sentence that lacks its space.
fn is_domain(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ',', ';', ')', '?', '!']);
    let (_, last) = text.rsplit_once('.').unwrap_or_default();
    matches!(last, "com" | "uk" | "org" | "net" | "edu" | "gov" | "info" | "me" | "io" | "co" | "eu" | "ie" | "scot")
}

/// No obfuscated address has more bytes before what stands for "@", and behind it.
const BEFORE: usize = 300;
const BEHIND: usize = 150;

/// The parts of `text` around whatever stands for "@" and has a point behind it: every match lies in one of them, with all that
/// could be matched from the same place.
fn around_at(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let opens = |at: usize| matches!(bytes[at], b' ' | b'[' | b'(' | b'{');
    let stands = |at: usize| {
        matches!(bytes[at + 1..], [b' ', b'@', ..] | [b'@', ..] | [b' ', b'a', b't', ..] | [b'a', b't', ..])
    };
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut points = Points { bytes, next: 0 };
    for at in (0..bytes.len()).filter(|&at| opens(at) && stands(at)) {
        let behind = at..bytes.len().min(at + BEHIND);
        if !points.stand_in(&behind) {
            continue;
        }
        let near = at.saturating_sub(BEFORE)..behind.end;
        match parts.last_mut().filter(|last| near.start <= last.end) {
            Some(last) => last.end = near.end,
            None => parts.push(near),
        }
    }
    for part in &mut parts {
        while !text.is_char_boundary(part.start) {
            part.start -= 1;
        }
        while !text.is_char_boundary(part.end) {
            part.end += 1;
        }
    }
    parts
}

/// The points of a text that stand as between the parts of a domain, or are said. Each place is looked at once.
struct Points<'t> {
    bytes: &'t [u8],
    /// Before this no point is left.
    next: usize,
}

impl Points<'_> {
    /// True where one stands in `range`, which begins no earlier than the one that was asked for before.
    fn stand_in(&mut self, range: &Range<usize>) -> bool {
        self.next = self.next.max(range.start);
        while self.bytes.get(self.next..self.next + 3).is_some_and(|three| !is_point(three)) {
            self.next += 1;
        }
        self.next + 3 <= range.end
    }
}

fn is_point(three: &[u8]) -> bool {
    match three {
        [b' ' | b'[' | b'(' | b'{', b'.', _] => true,
        [_, b'.', letter] => letter.is_ascii_lowercase(),
        _ => three == b"dot",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_around_what_stands_for_the_sign() {
        let far = "she was at home. ".repeat(40);
        let text = format!("{far}jo at example dot org{far}");
        let parts = around_at(&text);
        assert_eq!(parts.len(), 1);
        assert!(text[parts[0].clone()].contains("jo at example dot org") && parts[0].len() < text.len());
        for mail in ["jo [at] example.org", "jo(at)example (.) org", "jo @ example . org", "jo { @ }example{dot}org"] {
            assert_eq!(around_at(mail), std::slice::from_ref(&(0..mail.len())), "{mail}");
        }
        assert_eq!(near(&text, &["org"]).len(), 1);
        assert!(near("", &["@"]).is_empty() && near("ż@ż", &["@"]) == std::slice::from_ref(&(0..5)));
        assert!(around_at(&far).is_empty() && around_at("").is_empty() && around_at("dot [").is_empty());
    }
}
