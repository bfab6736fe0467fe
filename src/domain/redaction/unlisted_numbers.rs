//! Numbers that nobody listed: telephones, NHS numbers, cards, passports and accounts.

use super::{cards, dates, find::Hit, form::Entity, numbers::Digits, patterns::unlisted};

/// Adds them to `hits`.
pub(super) fn hits(text: &str, digits: &Digits, hits: &mut Vec<Hit>) {
    let mut done = 0;
    for (index, &from) in digits.groups.iter().enumerate() {
        if from < done || from >= digits.stream.len() || digits.stream.as_bytes()[from] == b'|' {
            continue;
        }
        // No number is longer; the stream is ASCII.
        let rest = &digits.stream[from..digits.stream.len().min(from + 24)];
        let run = rest.find('|').map_or(rest, |end| &rest[..end]);
        let found = nhs(text, digits, index, run)
            .map(|length| (Entity::NhsNumber, length))
            .or_else(|| cards::length(run, digits.groups_from(index)).map(|length| (Entity::BankAccount, length)))
            .or_else(|| phone(text, digits, from, run).map(|length| (Entity::Phone, length)))
            .or_else(|| announced(text, digits, from, run));
        if let Some((entity, length)) = found {
            done = from + length;
            hits.push(unlisted(entity, digits.range(text, from, done)));
        }
    }
}

/// The length in digits of a telephone number at `from`, which stands at the start of a group.
fn phone(text: &str, digits: &Digits, from: usize, run: &str) -> Option<usize> {
    let plus = text[..digits.at[from].start].ends_with(['+', '(']) && {
        text[..digits.at[from].start].trim_end_matches('(').ends_with('+')
    };
    if dates::stand_at(text, digits.at[from].start) {
        return None;
    }
    let ends = |length: usize| {
        let end = from + length;
        (length <= run.len() && digits.aligned(end) && !slashed(text, digits, from, end)).then_some(length)
    };
    for prefix in ["00440", "0044", "440", "44"] {
        if let Some(national) = run.strip_prefix(prefix)
            && national.starts_with(['1', '2', '7', '8', '3', '5'])
            && (plus || prefix.starts_with('0') || prefix.len() + 10 == run.len())
            && let Some(length) = ends(prefix.len() + 10).or_else(|| ends(prefix.len() + 9))
        {
            return Some(length);
        }
    }
    if plus {
        return (8..=15).rev().find_map(ends);
    }
    // Helplines and public services belong to nobody.
    if ["080", "03", "00"].iter().any(|public| run.starts_with(public)) {
        return None;
    }
    if run.starts_with('0') {
        return ends(11).or_else(|| ends(10));
    }
    (run.starts_with('7') && run.len() == 10).then(|| ends(10)).flatten()
}

/// True when the digits are divided by slashes into short groups, as dates are.
fn slashed(text: &str, digits: &Digits, from: usize, to: usize) -> bool {
    let written = &text[digits.at[from].start..digits.at[to - 1].end];
    // No date begins with five figures.
    let first = written.bytes().take_while(u8::is_ascii_digit).count();
    first < 5
        && written.contains('/')
        && written.split('/').any(|group| group.bytes().filter(u8::is_ascii_digit).count() < 5)
}

/// Ten digits are an NHS number near the word, or in its grouping with a check digit that fits.
fn nhs(text: &str, digits: &Digits, group: usize, run: &str) -> Option<usize> {
    let from = digits.groups[group];
    if run.len() < 10 || !digits.aligned(from + 10) {
        return None;
    }
    let near = before(text, digits.at[from].start).contains("nhs");
    let grouped =
        digits.groups.get(group + 1) == Some(&(from + 3)) && digits.groups.get(group + 2) == Some(&(from + 6));
    (near || grouped && check_digit_fits(&run[..10])).then_some(10)
}

/// A passport has nine digits and an account eight, however they are grouped or said, near their word.
fn announced(text: &str, digits: &Digits, from: usize, run: &str) -> Option<(Entity, usize)> {
    let near = before(text, digits.at[from].start);
    match run.len() {
        9 if near.contains("passport") => Some((Entity::Passport, 9)),
        8 if ["account", "a/c", "acct", "sort code", "bank:", "bank details", "paid into", "pay into", "payments"]
            .iter()
            .any(|cue| near.contains(cue)) =>
        {
            Some((Entity::BankAccount, 8))
        }
        _ => None,
    }
}

/// What stands shortly before `at`.
fn before(text: &str, at: usize) -> &str {
    let start = (at.saturating_sub(40)..=at).find(|&start| text.is_char_boundary(start)).unwrap_or(at);
    &text[start..at]
}

fn check_digit_fits(number: &str) -> bool {
    let values: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = values.iter().zip((2..=10).rev()).map(|(value, weight)| value * weight).sum();
    values.get(9) == Some(&((11 - sum % 11) % 11))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::numbers::{digits, tokens};

    fn found(text: &str) -> Vec<(Entity, &str)> {
        let digits = digits(text, tokens(text));
        let mut hits = Vec::new();
        super::hits(text, &digits, &mut hits);
        hits.iter().map(|hit| (hit.meaning.entity, &text[hit.range.clone()])).collect()
    }

    #[test]
    fn a_telephone_is_found_in_every_notation() {
        for text in [
            "07700 900123",
            "07700-900-123",
            "07700.900.123",
            "(07700) 900123",
            "+44 7700 900123",
            "+44 (0)7700 900 123",
            "0044 7700 900123",
            "0 7 7 0 0 9 0 0 1 2 3",
            "o77oo 9oo123",
            "07700 900 one two three",
            "07700 900 and then 123",
            "07700 and 900123",
            "07700/900/123",
            "o77oo9oo46s",
            "07700 > 900123",
            "07700 | 900 | 123",
            "07700\" \"900123",
            "07700 \u{1f4de} 900 \u{1f4de} 123",
            "oh seven seven double oh, erm, nine double oh, i think, one two three",
            "oh seven seven double oh nine double oh one two three",
            "020 7946 0123",
            "7700 900123",
        ] {
            assert_eq!(found(&format!("ring {text}.")), [(Entity::Phone, text)], "{text}");
        }
    }

    #[test]
    fn dates_times_helplines_and_sums_are_no_telephones() {
        for text in [
            "14/03/2011 10:30",
            "0800 1111",
            "101 or 999",
            "£1,400 and £100",
            "116 000",
            "one of the two",
            "in the 1980s and 1990s",
            "09:00 and 10:15 and 11:30",
            "2011 and 2012 and 2013",
            "| 1 | 0900 | 1015 | 1100 |",
            "two, I think, or three",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_passport_or_an_account_is_known_by_its_word_in_any_grouping() {
        assert_eq!(found("passport 886-294-088"), [(Entity::Passport, "886-294-088")]);
        let said = "one oh six eight one six one seven two";
        assert_eq!(found(&format!("the passport is {said}")), [(Entity::Passport, said)]);
        let said = "five seven five two one double seven oh";
        assert_eq!(found(&format!("account {said}")), [(Entity::BankAccount, said)]);
        for text in ["tickets 886-294-088", "passport of 12 people", "the account of 14 and 15"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn an_nhs_number_is_known_by_its_word_or_its_check_digit() {
        assert_eq!(found("nhs number: 999 000 0001"), [(Entity::NhsNumber, "999 000 0001")]);
        assert_eq!(found("seen, 943 476 5919"), [(Entity::NhsNumber, "943 476 5919")]);
        assert_eq!(found("seen, 943 476 5918"), []);
    }
}
