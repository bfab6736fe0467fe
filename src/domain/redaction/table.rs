//! Words and what is known of each: one probe a word, because every word of every text is asked for.

use super::squeezed::offset;

/// A set of words, each with flags.
pub(super) struct WordTable {
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    text: String,
}

/// Where an entry is found by its hash.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// A part of the hash of its word that does not choose the slot: nearly every other word is told apart by it.
    tag: u32,
    /// The number of the entry plus one; zero is free.
    number: u32,
}

/// Half a line of the cache: what is asked for lies in one.
#[repr(align(32))]
struct Entry {
    first: u64,
    last: u64,
    flags: u64,
    start: u32,
    length: u32,
}

impl Entry {
    fn ends(&self) -> Ends {
        Ends { first: self.first, last: self.last, length: self.length }
    }
}

/// The first and the last bytes of a word and its length: all of it up to [`WHOLE`] bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: u32,
}

/// A word that is no longer is known by its ends.
const WHOLE: u32 = 16;

impl Ends {
    #[inline]
    fn of(word: &str) -> Self {
        let bytes = word.as_bytes();
        let (first, last) = match bytes {
            [] => (0, 0),
            [one] => (u64::from(*one), 0),
            [first, .., last] if bytes.len() < 4 => (u64::from(*first) << 8 | u64::from(bytes[1]), u64::from(*last)),
            _ => match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
                (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
                _ => {
                    let half = |chunk: Option<&[u8; 4]>| chunk.map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)));
                    (half(bytes.first_chunk::<4>()), half(bytes.last_chunk::<4>()))
                }
            },
        };
        Self { first, last, length: offset(bytes.len()) }
    }

    /// The two halves of a hash.
    #[inline]
    fn hash(&self) -> (usize, u32) {
        let mixed = (self.first.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.last.rotate_left(29))
            .wrapping_add(u64::from(self.length))
            .wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mixed = mixed ^ mixed >> 32;
        let place = usize::try_from(mixed & u64::from(u32::MAX)).unwrap_or_default();
        (place, u32::try_from(mixed >> 32).unwrap_or_default())
    }
}

impl WordTable {
    /// A table for about `words` words.
    pub fn with_capacity(words: usize) -> Self {
        let slots = (words * 2).next_power_of_two().max(16);
        Self {
            slots: vec![Slot::default(); slots],
            entries: Vec::with_capacity(words),
            text: String::with_capacity(words * 8),
        }
    }

    /// Adds `flags` to `word`.
    pub fn add(&mut self, word: &str, flags: u64) {
        match self.find(word) {
            Ok(entry) => self.entries[entry].flags |= flags,
            Err(slot) => {
                let bounds = (u32::try_from(self.text.len()), u32::try_from(self.entries.len() + 1));
                // A list of words of four gigabytes is none.
                if let (Ok(start), Ok(number)) = bounds {
                    let ends = Ends::of(word);
                    self.text.push_str(word);
                    let Ends { first, last, length } = ends;
                    self.entries.push(Entry { first, last, flags, start, length });
                    self.slots[slot] = Slot { tag: ends.hash().1, number };
                    if self.entries.len() * 2 > self.slots.len() {
                        self.grow();
                    }
                }
            }
        }
    }

    /// The flags of `word`; none where it is not there.
    #[inline]
    pub fn get(&self, word: &str) -> u64 {
        self.find(word).map_or(0, |entry| self.entries[entry].flags)
    }

    /// Gives `each` every word with its flags.
    pub fn each(&self, mut each: impl FnMut(&str, u64)) {
        self.entries.iter().for_each(|entry| each(self.word(entry), entry.flags));
    }

    fn word(&self, entry: &Entry) -> &str {
        &self.text[entry.start as usize..][..entry.length as usize]
    }

    /// The entry of `word`, or the free slot where it would be.
    fn find(&self, word: &str) -> Result<usize, usize> {
        let ends = Ends::of(word);
        let mask = self.slots.len() - 1;
        let (place, tag) = ends.hash();
        let mut at = place & mask;
        loop {
            let slot = self.slots[at];
            let Some(number) = (slot.number as usize).checked_sub(1) else { return Err(at) };
            if slot.tag == tag {
                let entry = &self.entries[number];
                if entry.ends() == ends && (ends.length <= WHOLE || self.word(entry) == word) {
                    return Ok(number);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.slots.len());
        self.each(|word, flags| larger.add(word, flags));
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_keeps_its_flags_while_the_table_grows() {
        let mut table = WordTable::with_capacity(2);
        for number in 0..500_u64 {
            table.add(&format!("word{number}"), number);
            table.add(&format!("word{number}"), 1 << 40);
        }
        assert!((0..500).all(|number| table.get(&format!("word{number}")) == number | 1 << 40));
        assert_eq!((table.get("word"), table.get("")), (0, 0));
    }

    #[test]
    fn words_of_every_length_are_told_apart() {
        let words: Vec<String> = (1..40).flat_map(|length| [1, 2].map(|odd| word(length, odd))).collect();
        let mut table = WordTable::with_capacity(2);
        (0..).zip(&words).for_each(|(number, word)| table.add(word, 1 << 40 | number));
        assert!((0..).zip(&words).all(|(number, word)| table.get(word) == 1 << 40 | number));
        assert!((1..40).all(|length| table.get(&word(length, 3)) == 0));
    }

    /// Letters that differ in the middle alone.
    fn word(length: usize, odd: u8) -> String {
        let letter = |at: usize| if at == length / 2 { char::from(b'a' + odd) } else { 'a' };
        (0..length).map(letter).collect()
    }
}
