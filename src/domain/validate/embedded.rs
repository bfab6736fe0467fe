//! No images or video, ever: text that carries the bytes of a file is refused (domain 6, R03).

use zeroize::Zeroizing;

/// What a sender reads.
pub(super) const ADVICE: &str = "no images or video, ever: take the file out; do not view, copy or forward it, and tell \
the police who holds the device";

/// First characters, in base64, of JPEG, PNG, GIF, RIFF (WebP, AVI), MP4, Matroska and PDF.
const BASE64_HEADS: [&str; 9] =
    ["/9j/", "iVBORw0KGgo", "R0lGODlh", "R0lGODdh", "UklGR", "AAAAIGZ0eX", "AAAAGGZ0eX", "GkXfo", "JVBERi0"];

/// The same in hexadecimal, for JPEG, PNG and GIF.
const HEX_HEADS: [&str; 3] = ["ffd8ff", "89504e470d0a1a0a", "474946383"];

/// A run of this many characters of the encoding after the head is a file and no accident.
const RUN: usize = 64;

/// True if `text` carries a data URI or the encoded bytes of a file.
pub(super) fn is_there(text: &str) -> bool {
    data_uri(text.as_bytes()) || has_long_run(text.as_bytes()) && has_file(text)
}

fn has_file(text: &str) -> bool {
    // Lower-casing ASCII keeps offsets, so both copies can be cut alike.
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    BASE64_HEADS.iter().any(|head| has_run(text, head, of_base64))
        || HEX_HEADS.iter().any(|head| has_run(&lower, head, |b| b.is_ascii_hexdigit()))
}

fn of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte)
}

/// True when so many characters of an encoding stand together anywhere, whatever they begin with: no text of words has
/// that. A run so long holds one of every [`RUN`] places, so only these are looked at.
fn has_long_run(text: &[u8]) -> bool {
    (0..text.len()).step_by(RUN).filter(|&at| of_base64(text[at])).any(|at| {
        let before = text[..at].iter().rev().take(RUN).take_while(|b| of_base64(**b)).count();
        let behind = text[at..].iter().take(RUN).take_while(|b| of_base64(**b)).count();
        before + behind >= RUN
    })
}

/// `data:` with a media type and base64 in any case, as in a pasted picture. A media type is short, so the search behind
/// each `data:` is bounded.
fn data_uri(text: &[u8]) -> bool {
    let starts = |text: &[u8], with: &[u8]| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    let colons = text.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
    colons.filter(|&at| at >= 4 && starts(&text[at - 4..], b"data")).any(|at| {
        let behind = &text[at + 1..];
        let near = &behind[..behind.len().min(160)];
        let media = [b"image/".as_slice(), b"video/", b"audio/", b"application/"].iter().any(|kind| starts(near, kind));
        media && near.windows(7).any(|window| window.eq_ignore_ascii_case(b"base64,"))
    })
}

fn has_run(text: &str, head: &str, of_encoding: fn(u8) -> bool) -> bool {
    text.match_indices(head).any(|(at, _)| {
        let run = &text.as_bytes()[at..];
        run.len() >= RUN && run[..RUN].iter().all(|b| of_encoding(*b))
    })
}
