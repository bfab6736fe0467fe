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
    // Lower-casing ASCII keeps offsets, so both copies can be cut alike.
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    data_uri(&lower)
        || BASE64_HEADS.iter().any(|head| has_run(text, head, |b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b)))
        || HEX_HEADS.iter().any(|head| has_run(&lower, head, |b| b.is_ascii_hexdigit()))
}

/// `data:` with a media type and base64, as in a pasted picture. A media type is short, so the search behind each
/// `data:` is bounded.
fn data_uri(lower: &str) -> bool {
    lower.match_indices("data:").any(|(at, head)| {
        let behind = &lower.as_bytes()[at + head.len()..];
        let near = &behind[..behind.len().min(160)];
        let media =
            [b"image/".as_slice(), b"video/", b"audio/", b"application/"].iter().any(|kind| near.starts_with(kind));
        media && near.windows(7).any(|window| window == b"base64,")
    })
}

fn has_run(text: &str, head: &str, of_encoding: fn(u8) -> bool) -> bool {
    text.match_indices(head).any(|(at, _)| {
        let run = &text.as_bytes()[at..];
        run.len() >= RUN && run[..RUN].iter().all(|b| of_encoding(*b))
    })
}
