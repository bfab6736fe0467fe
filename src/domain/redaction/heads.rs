//! The beginnings of what an index looks for: nearly every place of a text is known by them to begin nothing.

use std::ops::Range;

/// Where the text of a thing stands in the order.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Its first eight bytes.
    pub key: u64,
    pub length: u32,
    /// Which of the things it is.
    pub number: u32,
}

impl Entry {
    pub fn first_two(self) -> u64 {
        self.key >> 48
    }

    /// True when the first eight bytes of its text, or all of it, begin a text of `length` bytes with this `key`.
    pub fn begins(self, key: u64, length: usize) -> bool {
        let bytes = self.length.min(8);
        (self.key ^ key) >> (64 - 8 * bytes) == 0 && self.length as usize <= length
    }
}

/// The first eight bytes as a number that sorts as they do.
#[inline]
pub(super) fn key(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    first[..text.len()].copy_from_slice(text);
    u64::from_be_bytes(first)
}

/// Entries in groups by a hash of their first two bytes: these are hardly ever those of others, and sorting a few groups takes
/// less than sorting all.
pub(super) struct Groups {
    /// Where each group begins, and the last ends. One more than a power of two.
    begins: Vec<u32>,
}

impl Groups {
    /// The groups of `entries`.
    pub fn of(entries: &[Entry]) -> Self {
        Self { begins: vec![0; entries.len().next_power_of_two().min(1 << 12) + 1] }.again(entries)
    }

    /// As many groups, of other entries.
    pub fn again(mut self, entries: &[Entry]) -> Self {
        self.begins.fill(0);
        for entry in entries {
            let group = self.group(entry.first_two());
            self.begins[group + 1] += 1;
        }
        let mut before = 0;
        for begins in &mut self.begins {
            before += *begins;
            *begins = before;
        }
        self
    }

    /// `entries` group by group, in each in the order in which they come.
    pub fn grouped(&self, entries: &[Entry]) -> Vec<Entry> {
        let (mut next, mut out) = (self.begins.clone(), entries.to_vec());
        for entry in entries {
            let place = &mut next[self.group(entry.first_two())];
            out[*place as usize] = *entry;
            *place += 1;
        }
        out
    }

    /// Where each group stands.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.begins.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }

    /// Where the group stands in which those are that begin with `first_two`.
    pub fn range(&self, first_two: u64) -> Range<usize> {
        let group = self.group(first_two);
        self.begins[group] as usize..self.begins[group + 1] as usize
    }

    fn group(&self, first_two: u64) -> usize {
        hashed(first_two, 32) & (self.begins.len() - 2)
    }
}

/// The beginnings of every text, hashed: nearly every place of a text is known by this to begin nothing.
pub(super) struct Heads {
    bits: Vec<u64>,
    /// How many bits of a hash are not of the place.
    shift: u32,
    /// Whether there are texts of each length of [`HEADS`].
    lengths: [bool; HEADS.len()],
    /// Their first bytes.
    firsts: Firsts,
    /// Their first two bytes, in as few bits of each as tell letters apart.
    pairs: [u64; 16],
}

/// Which bytes are there.
type Firsts = [bool; 256];

/// What is hashed of a text: as many of its first bytes as it has, of these.
const HEADS: [u32; 4] = [2, 3, 5, 8];

impl Default for Heads {
    fn default() -> Self {
        Self { bits: Vec::new(), shift: 0, lengths: [false; HEADS.len()], firsts: [false; 256], pairs: [0; 16] }
    }
}

impl Heads {
    pub fn of(order: &[Entry]) -> Self {
        if order.is_empty() {
            return Self::default();
        }
        let bits = (order.len() * 16).next_power_of_two().clamp(512, 1 << 20);
        let mut heads = Self {
            bits: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
            lengths: [false; HEADS.len()],
            firsts: [false; 256],
            pairs: [0; 16],
        };
        for entry in order {
            heads.firsts[usize::from(entry.key.to_be_bytes()[0])] = true;
            let (word, bit) = pair(entry.key);
            heads.pairs[word] |= bit;
            let longest = HEADS.iter().rposition(|&length| length <= entry.length).unwrap_or_default();
            let bit = heads.bit(entry.key, HEADS[longest]);
            heads.bits[bit / 64] |= 1 << (bit % 64);
            heads.lengths[longest] = true;
        }
        heads
    }

    #[inline]
    pub fn has_first(&self, byte: u8) -> bool {
        self.firsts[usize::from(byte)]
    }

    #[inline]
    pub fn has_pair(&self, key: u64) -> bool {
        let (word, bit) = pair(key);
        self.pairs[word] & bit != 0
    }

    pub fn may_begin(&self, key: u64) -> bool {
        let has = |at: usize| {
            self.lengths[at] && {
                let bit = self.bit(key, HEADS[at]);
                self.bits[bit / 64] >> (bit % 64) & 1 == 1
            }
        };
        has(3) || has(2) || has(1) || has(0)
    }

    #[inline]
    fn bit(&self, key: u64, length: u32) -> usize {
        hashed(key >> (64 - 8 * length), self.shift)
    }
}

/// As many first bytes as the shortest text has, at most [four](Common::BYTES), of every text, hashed: one question at each
/// place of a text.
pub(super) struct Common {
    /// Whether something may begin with what has this hash.
    there: Vec<bool>,
    /// How many bits of a hash are not of the place.
    shift: u32,
    /// The bits of the first bytes that are hashed.
    mask: u32,
}

impl Common {
    /// So many bytes are read at each place.
    pub const BYTES: usize = 4;

    pub fn of(order: &[Entry]) -> Self {
        let shortest = order.iter().map(|entry| entry.length).min().unwrap_or(2);
        let places = (order.len() * 16).next_power_of_two().clamp(1 << 10, 1 << 16);
        let (shift, mask) = (32 - places.trailing_zeros(), u32::MAX >> (32 - 8 * shortest.min(4)));
        let mut common = Self { there: vec![false; places], shift, mask };
        for entry in order {
            let [first, second, third, fourth, ..] = entry.key.to_be_bytes();
            let place = common.place([first, second, third, fourth]);
            common.there[place] = true;
        }
        common
    }

    /// True where something may begin with these bytes.
    #[inline]
    pub fn may_begin(&self, first: [u8; Self::BYTES]) -> bool {
        self.there.get(self.place(first)).is_some_and(|there| *there)
    }

    #[inline]
    fn place(&self, first: [u8; Self::BYTES]) -> usize {
        let hash = (u32::from_le_bytes(first) & self.mask).wrapping_mul(0x9E37_79B9);
        (hash >> self.shift) as usize
    }
}

/// The highest bits of a hash, all but `shift` of them.
#[inline]
fn hashed(key: u64, shift: u32) -> usize {
    usize::try_from(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift).unwrap_or_default()
}

/// Where the first two bytes of a `key` stand among the [pairs](Heads::pairs).
#[inline]
fn pair(key: u64) -> (usize, u64) {
    let [first, second, ..] = key.to_be_bytes();
    (usize::from(first & 31) / 2, 1 << (u32::from(first & 1) * 32 + u32::from(second & 31)))
}
