//! Digits in words.

/// False for nearly every word in letters that is neither a digit nor said in a number.
pub(super) fn may_be_said(word: &str) -> bool {
    let first = word.as_bytes().first().copied().unwrap_or_default();
    match word.len() {
        1 | 2 => matches!(first, b'e' | b'i' | b'o' | b'u'),
        3 => matches!(first, b'a' | b'e' | b'n' | b'o' | b's' | b't' | b'u'),
        4 => matches!(first, b'd' | b'f' | b'n' | b'p' | b't' | b'z'),
        5 => matches!(first, b'c' | b'e' | b'm' | b's' | b't'),
        6 => matches!(first, b'd' | b'h' | b'n' | b's' | b't'),
        7 => first == b'h',
        8 => first == b't',
        _ => false,
    }
}

/// True for what somebody says who is not sure of the next digit: "nine, erm, I think, two".
pub(super) fn hesitates(word: &str) -> bool {
    matches!(word, "erm" | "err" | "er" | "um" | "umm" | "uh" | "i" | "think" | "maybe" | "sorry")
}

/// The digit that `word` says.
pub(super) fn spoken(word: &str) -> Option<char> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "nil" => '0',
        "one" => '1',
        "two" => '2',
        "three" => '3',
        "four" => '4',
        "five" => '5',
        "six" => '6',
        "seven" => '7',
        "eight" => '8',
        "nine" => '9',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_in_a_number_may_be_said() {
        let said = "zero oh o nought nil one two three four five six seven eight nine";
        assert!(said.split(' ').all(|word| may_be_said(word) && spoken(word).is_some()));
        let between = "then dash hyphen space comma slash stroke minus and hundred thousand plus double triple treble";
        assert!(between.split(' ').all(|word| may_be_said(word) && spoken(word).is_none()));
        let unsure = "erm err er um umm uh i think maybe sorry";
        assert!(unsure.split(' ').all(|word| may_be_said(word) && hesitates(word)));
        assert!(["went", "her", "because", "", "żółw"].iter().all(|word| !may_be_said(word)));
    }
}
