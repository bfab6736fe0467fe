//! Characters: which are invisible, and which letter a look-alike stands for.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Gives `emit` the plain, lower-case letters that `c` stands for: compatibility-decomposed, without marks and
/// invisible characters, look-alikes as Latin, other digits as ASCII. Gives nothing for what is invisible.
pub(in crate::domain) fn plain(c: char, mut emit: impl FnMut(char)) {
    if c.is_ascii() {
        emit(c.to_ascii_lowercase());
        return;
    }
    decompose_compatible(c, |part| {
        if is_combining_mark(part) || is_invisible(part) {
            return;
        }
        // Look-alikes are tried in their own case first: capital and small letters need not look alike.
        if spelled(part, &mut emit) {
            return;
        }
        for lower in part.to_lowercase() {
            if is_combining_mark(lower) || is_invisible(lower) {
                continue;
            }
            if !spelled(lower, &mut emit) {
                emit(lower);
            }
        }
    });
}

/// True for format characters and for fillers that show nothing.
pub(in crate::domain) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}'
        | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Emits what a look-alike stands for; false if it is none.
fn spelled(c: char, emit: &mut impl FnMut(char)) -> bool {
    if let Ok(at) = LOOK_ALIKES.binary_search_by_key(&c, |&(from, _)| from) {
        LOOK_ALIKES[at].1.chars().for_each(emit);
        return true;
    }
    if let Some(zero) = DIGIT_ZEROS.iter().copied().find(|&zero| (zero..zero + 10).contains(&u32::from(c))) {
        emit(char::from(b"0123456789"[(u32::from(c) - zero) as usize]));
        return true;
    }
    if let Some(a) = LETTER_AS.iter().copied().find(|&a| (a..a + 26).contains(&u32::from(c))) {
        emit(char::from(b"abcdefghijklmnopqrstuvwxyz"[(u32::from(c) - a) as usize]));
        return true;
    }
    if c.is_ascii() {
        emit(c.to_ascii_lowercase());
        return true;
    }
    false
}

/// Zeros of the digit sets in use that compatibility decomposition leaves as they are.
const DIGIT_ZEROS: &[u32] = &[0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xE50];

/// First letters of the enclosed and flag alphabets that decomposition leaves as they are.
const LETTER_AS: &[u32] = &[0x1F150, 0x1F170, 0x1F1E6];

/// Sorted by code point. Letters that decomposition does not split, letters of other scripts that look Latin, and
/// quotation marks and dashes.
const LOOK_ALIKES: &[(char, &str)] = &[
    ('´', "'"),
    ('Æ', "ae"),
    ('Ð', "d"),
    ('×', "x"),
    ('Ø', "o"),
    ('Þ', "th"),
    ('ß', "ss"),
    ('æ', "ae"),
    ('ð', "d"),
    ('ø', "o"),
    ('þ', "th"),
    ('Đ', "d"),
    ('đ', "d"),
    ('Ħ', "h"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ĸ', "k"),
    ('Ł', "l"),
    ('ł', "l"),
    ('Ŋ', "n"),
    ('ŋ', "n"),
    ('Œ', "oe"),
    ('œ', "oe"),
    ('Ŧ', "t"),
    ('ŧ', "t"),
    ('ƀ', "b"),
    ('Ɓ', "b"),
    ('Ɗ', "d"),
    ('Ə', "e"),
    ('ƒ', "f"),
    ('Ɨ', "i"),
    ('Ƙ', "k"),
    ('ƙ', "k"),
    ('Ƴ', "y"),
    ('ƴ', "y"),
    ('Ƶ', "z"),
    ('ƶ', "z"),
    ('ǀ', "l"),
    ('ǝ', "e"),
    ('ȷ', "j"),
    ('Ʉ', "u"),
    ('ɑ', "a"),
    ('ɓ', "b"),
    ('ɖ', "d"),
    ('ɗ', "d"),
    ('ə', "e"),
    ('ɛ', "e"),
    ('ɡ', "g"),
    ('ɢ', "g"),
    ('ɩ', "i"),
    ('ɪ', "i"),
    ('ɴ', "n"),
    ('ɾ', "r"),
    ('ʀ', "r"),
    ('ʉ', "u"),
    ('ʏ', "y"),
    ('ʙ', "b"),
    ('ʜ', "h"),
    ('ʟ', "l"),
    ('ʹ', "'"),
    ('ʻ', "'"),
    ('ʼ', "'"),
    ('ʽ', "'"),
    ('Α', "a"),
    ('Β', "b"),
    ('Ε', "e"),
    ('Ζ', "z"),
    ('Η', "h"),
    ('Ι', "i"),
    ('Κ', "k"),
    ('Μ', "m"),
    ('Ν', "n"),
    ('Ο', "o"),
    ('Ρ', "p"),
    ('Τ', "t"),
    ('Υ', "y"),
    ('Χ', "x"),
    ('α', "a"),
    ('γ', "y"),
    ('ε', "e"),
    ('η', "n"),
    ('ι', "i"),
    ('κ', "k"),
    ('ν', "v"),
    ('ο', "o"),
    ('ρ', "p"),
    ('σ', "o"),
    ('τ', "t"),
    ('υ', "u"),
    ('χ', "x"),
    ('ω', "w"),
    ('ϳ', "j"),
    ('Ѕ', "s"),
    ('І', "i"),
    ('Ј', "j"),
    ('А', "a"),
    ('В', "b"),
    ('Е', "e"),
    ('К', "k"),
    ('М', "m"),
    ('Н', "h"),
    ('О', "o"),
    ('Р', "p"),
    ('С', "c"),
    ('Т', "t"),
    ('У', "y"),
    ('Х', "x"),
    ('а', "a"),
    ('в', "b"),
    ('г', "r"),
    ('е', "e"),
    ('к', "k"),
    ('м', "m"),
    ('н', "h"),
    ('о', "o"),
    ('п', "n"),
    ('р', "p"),
    ('с', "c"),
    ('т', "t"),
    ('у', "y"),
    ('х', "x"),
    ('ѕ', "s"),
    ('і', "i"),
    ('ј', "j"),
    ('ѡ', "w"),
    ('Ѵ', "v"),
    ('ѵ', "v"),
    ('Ү', "y"),
    ('ү', "y"),
    ('Һ', "h"),
    ('һ', "h"),
    ('Ӏ', "i"),
    ('ӏ', "l"),
    ('ԁ', "d"),
    ('Ԍ', "g"),
    ('ԛ', "q"),
    ('Ԝ', "w"),
    ('ԝ', "w"),
    ('Տ', "s"),
    ('Օ', "o"),
    ('ա', "w"),
    ('հ', "h"),
    ('ո', "n"),
    ('ս', "u"),
    ('օ', "o"),
    ('Ꭰ', "d"),
    ('Ꭱ', "r"),
    ('Ꭲ', "t"),
    ('Ꭺ', "a"),
    ('Ꭻ', "j"),
    ('Ꭼ', "e"),
    ('Ꮃ', "w"),
    ('Ꮇ', "m"),
    ('Ꮋ', "h"),
    ('Ꮓ', "z"),
    ('Ꮪ', "s"),
    ('Ꮮ', "l"),
    ('Ꮯ', "c"),
    ('Ꮲ', "p"),
    ('Ꮶ', "k"),
    ('Ᏼ', "b"),
    ('ᴀ', "a"),
    ('ᴄ', "c"),
    ('ᴅ', "d"),
    ('ᴇ', "e"),
    ('ᴊ', "j"),
    ('ᴋ', "k"),
    ('ᴍ', "m"),
    ('ᴏ', "o"),
    ('ᴘ', "p"),
    ('ᴛ', "t"),
    ('ᴜ', "u"),
    ('ᴠ', "v"),
    ('ᴡ', "w"),
    ('ᴢ', "z"),
    ('‐', "-"),
    ('‑', "-"),
    ('‒', "-"),
    ('–', "-"),
    ('—', "-"),
    ('―', "-"),
    ('‘', "'"),
    ('’', "'"),
    ('‚', "'"),
    ('‛', "'"),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('′', "'"),
    ('−', "-"),
    ('⠀', " "),
    ('ꜱ', "s"),
    ('ꞌ', "'"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|c| plain(c, |part| out.push(part)));
        out
    }

    #[test]
    fn look_alikes_are_sorted_for_the_search() {
        assert!(LOOK_ALIKES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_format_character_is_invisible() {
        let format = regex::Regex::new(r"^\p{Cf}$").unwrap();
        for c in ('\u{80}'..=char::MAX).filter(|&c| format.is_match(c.encode_utf8(&mut [0; 4]))) {
            assert!(is_invisible(c), "{:X}", u32::from(c));
        }
    }

    #[test]
    fn accents_case_width_script_and_digits_fold_together() {
        assert_eq!(folded("Işık GÜNEŞ İ"), "isik gunes i");
        assert_eq!(folded("Ｊｏｒｄａｎ 𝐉𝐨𝐫𝐝𝐚𝐧"), "jordan jordan");
        assert_eq!(folded("Ѕоriе dеаn ΡΕΤΕR"), "sorie dean peter");
        assert_eq!(folded("Ọmọlará Żyła Ðặng"), "omolara zyla dang");
        assert_eq!(folded("٠٧٧٠٠ ０７"), "07700 07");
        assert_eq!(folded("🅴🅛🇱Ⓘ🄴"), "ellie");
        assert_eq!(folded("b\u{200b}et\u{ad}hany"), "bethany");
    }

    #[test]
    fn folding_again_changes_nothing() {
        for c in ('\0'..=char::MAX).filter(|c| c.is_alphanumeric()) {
            let once = folded(c.encode_utf8(&mut [0; 4]));
            assert_eq!(folded(&once), once, "{:X}", u32::from(c));
        }
    }
}
