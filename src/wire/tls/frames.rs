//! How many HTTP/2 frames a peer sends: pings, settings, resets and empty frames cost it next to nothing and us an answer
//! each, so they are counted where the bytes come in, whatever they are.

/// The client's preface comes before the first frame.
const PREFACE: usize = 24;
/// The header of a frame; its first three bytes are the length of what follows.
const HEADER: usize = 9;

/// Follows the frames in what one connection receives.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes to pass over before the next header.
    rest: usize,
    /// The part of the header that has come.
    header: [u8; HEADER],
    come: usize,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { rest: PREFACE, header: [0; HEADER], come: 0 }
    }

    /// How many frames begin in `bytes`, the next that were received.
    pub(super) fn count(&mut self, mut bytes: &[u8]) -> u32 {
        let mut begun = 0;
        while !bytes.is_empty() {
            let passed = self.rest.min(bytes.len());
            self.rest -= passed;
            bytes = bytes.get(passed..).unwrap_or_default();
            let taken = (HEADER - self.come).min(bytes.len());
            let (now, later) = bytes.split_at(taken);
            for (to, byte) in self.header.iter_mut().skip(self.come).zip(now) {
                *to = *byte;
            }
            self.come += taken;
            bytes = later;
            if self.come == HEADER {
                let [high, middle, low, ..] = self.header;
                self.rest = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
                self.come = 0;
                begun += 1;
            }
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_however_the_bytes_are_cut() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for length in [0_u8, 8, 0, 200, 1] {
            bytes.extend([0, 0, length, 6, 0, 0, 0, 0, 0]);
            bytes.extend(std::iter::repeat_n(0xff, usize::from(length)));
        }
        // A long one, whose length needs more than a byte.
        bytes.extend([1, 2, 3, 0, 0, 0, 0, 0, 1]);
        bytes.extend(std::iter::repeat_n(0xff, 0x1_02_03));
        bytes.extend([0, 0, 0, 6, 0, 0, 0, 0, 0]);
        for cut in [1, 2, 7, 9, 24, 1000, bytes.len()] {
            let mut frames = Frames::new();
            let counted: u32 = bytes.chunks(cut).map(|part| frames.count(part)).sum();
            assert_eq!(counted, 7, "{cut}");
        }
    }
}
