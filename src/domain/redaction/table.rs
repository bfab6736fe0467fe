//! Words and what is known of each: one probe a word, because every word of every text is asked for.

/// A set of words, each with flags.
pub(super) struct WordTable {
    /// Numbers of entries plus one, by hash; zero is free.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    text: String,
}

struct Entry {
    start: u32,
    length: u32,
    flags: u64,
}

impl WordTable {
    /// A table for about `words` words.
    pub fn with_capacity(words: usize) -> Self {
        let slots = (words * 2).next_power_of_two().max(16);
        Self { slots: vec![0; slots], entries: Vec::with_capacity(words), text: String::with_capacity(words * 8) }
    }

    /// Adds `flags` to `word`.
    pub fn add(&mut self, word: &str, flags: u64) {
        match self.find(word) {
            Ok(entry) => self.entries[entry].flags |= flags,
            Err(slot) => {
                let bounds = (u32::try_from(self.text.len()), u32::try_from(word.len()));
                let number = u32::try_from(self.entries.len() + 1);
                // A list of words of four gigabytes is none.
                if let ((Ok(start), Ok(length)), Ok(number)) = (bounds, number) {
                    self.text.push_str(word);
                    self.entries.push(Entry { start, length, flags });
                    self.slots[slot] = number;
                    if self.entries.len() * 2 > self.slots.len() {
                        self.grow();
                    }
                }
            }
        }
    }

    /// The flags of `word`; none where it is not there.
    pub fn get(&self, word: &str) -> u64 {
        self.find(word).map_or(0, |entry| self.entries[entry].flags)
    }

    /// The entry of `word`, or the free slot where it would be.
    fn find(&self, word: &str) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(word) & mask;
        loop {
            let Some(entry) = (self.slots[slot] as usize).checked_sub(1) else { return Err(slot) };
            let Entry { start, length, .. } = self.entries[entry];
            if &self.text[start as usize..][..length as usize] == word {
                return Ok(entry);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.slots.len());
        for entry in &self.entries {
            larger.add(&self.text[entry.start as usize..][..entry.length as usize], entry.flags);
        }
        *self = larger;
    }
}

fn hash(word: &str) -> usize {
    let fnv = word
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    usize::try_from(fnv >> 32).unwrap_or_default()
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
}
