//! Looks for markers in bytes: as they are in any case, in UTF-16, in base64 and in hexadecimal.

use aho_corasick::AhoCorasick;

/// What to look for.
pub struct Scan {
    patterns: AhoCorasick,
    /// The marker of each pattern, with the form it is in.
    of: Vec<(usize, &'static str)>,
    markers: Vec<String>,
}

impl Scan {
    pub fn new(markers: Vec<String>) -> Self {
        let (mut patterns, mut of) = (Vec::new(), Vec::new());
        for (number, marker) in markers.iter().enumerate() {
            let bytes = marker.as_bytes();
            let wide = |order: fn(u16) -> [u8; 2]| marker.encode_utf16().flat_map(order).collect::<Vec<u8>>();
            let mut forms = vec![
                ("raw", bytes.to_vec()),
                ("UTF-16LE", wide(u16::to_le_bytes)),
                ("UTF-16BE", wide(u16::to_be_bytes)),
                ("hex", hex::encode(bytes).into_bytes()),
            ];
            forms.extend((0..3).map(|before| ("base64", base64_within(bytes, before))));
            for (form, pattern) in forms {
                assert!(pattern.len() >= 6, "too short to prove anything: {form} of {marker}");
                patterns.push(pattern);
                of.push((number, form));
            }
        }
        let patterns = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns).unwrap();
        Self { patterns, of, markers }
    }

    /// Every marker that is there, with its form.
    pub fn find(&self, bytes: &[u8]) -> Vec<(&str, &'static str)> {
        let mut found: Vec<_> =
            self.patterns.find_overlapping_iter(bytes).map(|hit| self.of[hit.pattern().as_usize()]).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|(number, form)| (self.markers[number].as_str(), form)).collect()
    }
}

/// The letters of base64 that a text always has when `before` bytes (modulo 3) come before it, whatever surrounds it.
fn base64_within(bytes: &[u8], before: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
    let bits = padded.len() * 8 / 6 * 6;
    let bit = |at: usize| usize::from(padded[at / 8] >> (7 - at % 8) & 1);
    let letters = (0..bits).step_by(6).map(|at| LETTERS[(at..at + 6).fold(0, |letter, at| letter << 1 | bit(at))]);
    letters.skip((before * 8).div_ceil(6)).collect()
}

#[test]
fn a_marker_is_found_in_every_form() {
    let scan = Scan::new(vec!["Marker7Q".to_owned()]);
    for (text, form) in [
        ("..Marker7Q..", "raw"),
        ("..mARKER7q..", "raw"),
        ("4d61726b65723751", "hex"),
        ("4D61726B65723751", "hex"),
        // "xMarker7Qx", "xxMarker7Qxx", "xxxMarker7Q"
        ("eE1hcmtlcjdReA==", "base64"),
        ("eHhNYXJrZXI3UXh4", "base64"),
        ("eHh4TWFya2VyN1E=", "base64"),
        ("M\0a\0r\0k\0e\0r\x007\0Q\0", "UTF-16LE"),
        ("\0M\0a\0r\0k\0e\0r\x007\0Q", "UTF-16BE"),
    ] {
        assert!(scan.find(text.as_bytes()).contains(&("Marker7Q", form)), "{text}");
    }
    assert!(scan.find(b"Marker7, Marker Q, 4d61726b6572").is_empty());
}
