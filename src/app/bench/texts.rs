//! Texts to measure with: ordinary ones of any length, and those that somebody would write to make a search slow.

/// The development corpus: narratives with their forms.
pub(super) const CORPUS: &str = include_str!("../../../tests/redaction/corpus/inputs.jsonl");

/// About `bytes` of ordinary text: `texts` one after another, from the one with this number on, cut at a character.
pub(super) fn ordinary(texts: &[&str], first: usize, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 4096);
    for text in texts.iter().cycle().skip(first) {
        if out.len() >= bytes || texts.iter().all(|text| text.is_empty()) {
            break;
        }
        out.push_str(text);
        out.push('\n');
    }
    let end = (0..=bytes.min(out.len())).rev().find(|&at| out.is_char_boundary(at));
    out.truncate(end.unwrap_or(0));
    out
}

/// Ordinary text of this many words.
pub(super) fn of_words(texts: &[&str], first: usize, words: usize) -> String {
    let all = texts.iter().cycle().skip(first).flat_map(|text| text.split_inclusive(char::is_whitespace));
    let mut left = words;
    all.take_while(|piece| {
        let goes_on = left > 0;
        left -= usize::from(goes_on && !piece.trim().is_empty());
        goes_on
    })
    .collect()
}

/// A kind of hostile text: what it is called and what is repeated. `{name}` and `{phone}` are listed in the form.
pub(super) const HOSTILE: &[(&str, &str)] = &[
    ("digits", "7"),
    ("digits apart", "1 "),
    ("digits with points", "1."),
    ("dates", "1/2/2011 "),
    ("a listed number", "{phone}"),
    ("a listed number in words", "oh seven seven "),
    ("oh one two", "oh one two "),
    ("o", "o"),
    ("o apart", "o "),
    ("double", "double seven "),
    ("a@", "a@"),
    ("e-mail upon e-mail", "a@a.a"),
    ("at and dot", "a at a dot "),
    ("www.", "www."),
    ("zero width", "\u{200B}"),
    ("combining marks", "\u{301}"),
    ("letters with marks", "a\u{301}\u{302}"),
    ("a listed name", "{name} "),
    ("a listed name without spaces", "{name}"),
    ("a name in capitals", "Xxxx "),
    ("titles", "Mr "),
    ("family", "mum "),
    ("initials", "A B "),
    ("brackets", "[[("),
    ("labels", "[CHILD]"),
    ("lines", "\n"),
    ("lines of DOS", "\r\n"),
    ("short sentences", "No. "),
    ("short words and points", "ab ."),
    ("possessives", "'s "),
    ("quotation", "\"a\" "),
    ("hyphens", "a-"),
    ("spaces", " "),
    ("question marks", "a?1? "),
    ("letters without case", "\u{6797}"),
];

/// `unit` over and over, `bytes` long or a little less.
pub(super) fn repeated(unit: &str, name: &str, phone: &str, bytes: usize) -> String {
    let unit = unit.replace("{name}", name).replace("{phone}", phone);
    unit.repeat(bytes / unit.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_asked() {
        let texts = ["Zoë ran.", "And again, later."];
        assert_eq!(ordinary(&texts, 1, 21), "And again, later.\nZo");
        assert_eq!(ordinary(&[], 0, 9), "");
        assert_eq!(of_words(&texts, 0, 4), "Zoë ran.And again, ");
        assert_eq!(of_words(&texts, 1, 1), "And ");
        assert_eq!(repeated("{name} ", "Zo", "", 8), "Zo Zo ");
    }
}
