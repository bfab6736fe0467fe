//! Strings to look for, in order. Finding those that begin at one place needs no automaton, and making an automaton for
//! each record took longer than everything that was searched with it.

use std::sync::OnceLock;

/// Something with a text to look for.
pub(super) trait Sought {
    /// What is looked for: two bytes or more.
    fn text(&self) -> &str;
}

/// Sought things. They are sorted when something is looked for the first time: until then more may come.
pub(super) struct Index<T> {
    things: Vec<T>,
    sorted: OnceLock<Sorted>,
}

/// How the things are found.
struct Sorted {
    /// In the order of their texts.
    order: Vec<Entry>,
    heads: Heads,
}

/// Where the text of a thing stands in the order.
#[derive(Clone, Copy)]
struct Entry {
    /// Its first eight bytes.
    key: u64,
    length: u32,
    /// Which of the things it is.
    number: u32,
}

impl Entry {
    fn first_two(self) -> u64 {
        self.key >> 48
    }

    /// True when the first eight bytes of its text, or all of it, begin a text of `length` bytes with this `key`.
    fn begins(self, key: u64, length: usize) -> bool {
        let bytes = self.length.min(8);
        (self.key ^ key) >> (64 - 8 * bytes) == 0 && self.length as usize <= length
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self { things: Vec::new(), sorted: OnceLock::new() }
    }
}

impl<T> Index<T> {
    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }
}

impl<T: Sought + Ord> Index<T> {
    /// Looks for `things`; of equals, one is found. One whose text is shorter than two bytes is never found.
    pub fn new(things: Vec<T>) -> Self {
        Self { things, sorted: OnceLock::new() }
    }

    /// Adds `more`.
    pub fn extend(&mut self, more: Vec<T>) {
        if !more.is_empty() {
            self.things.extend(more);
            self.sorted = OnceLock::new();
        }
    }

    #[inline]
    fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| self.in_order())
    }

    fn in_order(&self) -> Sorted {
        let things = &self.things;
        let mut order: Vec<Entry> = Vec::with_capacity(things.len());
        for (number, thing) in (0_u32..).zip(things) {
            let text = thing.text().as_bytes();
            // What is longer than four gigabytes is in no text.
            if let (2.., Ok(length)) = (text.len(), u32::try_from(text.len())) {
                order.push(Entry { key: key(text), length, number });
            }
        }
        let text = |entry: &Entry| things[entry.number as usize].text();
        order.sort_unstable_by(|a, b| a.key.cmp(&b.key).then_with(|| text(a).cmp(text(b))));
        drop_equals(&mut order, things);
        Sorted { heads: Heads::of(&order), order }
    }

    /// True when a text begins with `byte`.
    #[inline]
    pub fn has_beginning(&self, byte: u8) -> bool {
        self.sorted().heads.firsts[usize::from(byte)]
    }

    /// Gives `found` everything whose text begins at the beginning of `rest`, in order.
    #[inline]
    pub fn starting<'s>(&'s self, rest: &[u8], found: impl FnMut(&'s T)) {
        let sorted = self.sorted();
        if let [first, _, ..] = rest
            && sorted.heads.firsts[usize::from(*first)]
        {
            let key = key(rest);
            if sorted.heads.has_pair(key) && sorted.heads.may_begin(key) {
                self.those_of(&sorted.order[sorted.begin(key >> 48)..], key, rest, found);
            }
        }
    }

    /// Gives `found` everything that stands in `text`, and where.
    pub fn everywhere<'s>(&'s self, text: &[u8], mut found: impl FnMut(usize, &'s T)) {
        let sorted = self.sorted();
        for (at, two) in text.windows(2).enumerate().filter(|(_, two)| sorted.heads.firsts[usize::from(two[0])]) {
            if sorted.heads.has_pair(u64::from(two[0]) << 56 | u64::from(two[1]) << 48) {
                self.starting(&text[at..], |thing| found(at, thing));
            }
        }
    }

    /// Those among `here`, which is in order and begins with the first whose first two bytes are those of `key`.
    fn those_of<'s>(&'s self, here: &[Entry], key: u64, rest: &[u8], mut found: impl FnMut(&'s T)) {
        let alike = |entry: &&Entry| entry.first_two() == key >> 48;
        if here.get(FEW).is_some_and(|entry| alike(&entry)) {
            let many = here.partition_point(|entry| alike(&entry));
            return self.narrowed(&here[..many], rest, found);
        }
        for entry in here.iter().take_while(alike).filter(|entry| entry.begins(key, rest.len())) {
            let thing = &self.things[entry.number as usize];
            if entry.length <= 8 || rest[8..].starts_with(&thing.text().as_bytes()[8..]) {
                found(thing);
            }
        }
    }

    /// The same among `left`, which begin with the same two bytes, byte by byte: it takes no longer for many.
    fn narrowed<'s>(&'s self, mut left: &[Entry], rest: &[u8], mut found: impl FnMut(&'s T)) {
        let thing = |entry: &Entry| &self.things[entry.number as usize];
        let mut depth = 2;
        loop {
            while let Some((whole, others)) = left.split_first().filter(|(entry, _)| entry.length as usize == depth) {
                found(thing(whole));
                left = others;
            }
            let Some(&next) = rest.get(depth).filter(|_| !left.is_empty()) else { return };
            let byte = |entry: &Entry| match entry.key.to_be_bytes().get(depth) {
                Some(byte) => *byte,
                None => thing(entry).text().as_bytes()[depth],
            };
            let begin = left.partition_point(|entry| byte(entry) < next);
            let length = left[begin..].partition_point(|entry| byte(entry) == next);
            left = &left[begin..begin + length];
            depth += 1;
        }
    }
}

impl Sorted {
    /// Where those begin in the order whose texts begin with `first_two`.
    fn begin(&self, first_two: u64) -> usize {
        let guess = self.heads.begin(first_two);
        match self.order.get(guess) {
            Some(entry) if entry.first_two() == first_two => guess,
            // None does, or they share their place with others.
            _ => self.order.partition_point(|entry| entry.first_two() < first_two),
        }
    }
}

/// So many are looked at one by one.
const FEW: usize = 24;

/// The first eight bytes as a number that sorts as they do.
#[inline]
fn key(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    first[..text.len()].copy_from_slice(text);
    u64::from_be_bytes(first)
}

/// The beginnings of every text, hashed: nearly every place of a text is known by this to begin nothing.
struct Heads {
    bits: Vec<u64>,
    /// How many bits of a hash are not of the place.
    shift: u32,
    /// Whether there are texts of each length of [`HEADS`].
    lengths: [bool; HEADS.len()],
    /// Where in the order those begin that have the same first two bytes, by a hash of these.
    begins: Vec<u32>,
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
        Self {
            bits: Vec::new(),
            shift: 0,
            lengths: [false; HEADS.len()],
            begins: Vec::new(),
            firsts: [false; 256],
            pairs: [0; 16],
        }
    }
}

impl Heads {
    fn of(order: &[Entry]) -> Self {
        if order.is_empty() {
            return Self::default();
        }
        let bits = (order.len() * 16).next_power_of_two().clamp(512, 1 << 20);
        let mut heads = Self {
            bits: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
            lengths: [false; HEADS.len()],
            begins: vec![0; (order.len() * 2).next_power_of_two().min(1 << 12)],
            firsts: [false; 256],
            pairs: [0; 16],
        };
        let mut last = None;
        for (number, entry) in (0_u32..).zip(order) {
            if last.replace(entry.first_two()) != Some(entry.first_two()) {
                let place = heads.place(entry.first_two());
                heads.begins[place] = number;
                heads.firsts[usize::from(entry.key.to_be_bytes()[0])] = true;
                let (word, bit) = pair(entry.key);
                heads.pairs[word] |= bit;
            }
            let longest = HEADS.iter().rposition(|&length| length <= entry.length).unwrap_or_default();
            let bit = heads.bit(entry.key, HEADS[longest]);
            heads.bits[bit / 64] |= 1 << (bit % 64);
            heads.lengths[longest] = true;
        }
        heads
    }

    #[inline]
    fn has_pair(&self, key: u64) -> bool {
        let (word, bit) = pair(key);
        self.pairs[word] & bit != 0
    }

    fn may_begin(&self, key: u64) -> bool {
        let has = |at: usize| {
            self.lengths[at] && {
                let bit = self.bit(key, HEADS[at]);
                self.bits[bit / 64] >> (bit % 64) & 1 == 1
            }
        };
        has(3) || has(2) || has(1) || has(0)
    }

    /// Where in the order those may begin whose texts begin with `first_two`.
    fn begin(&self, first_two: u64) -> usize {
        self.begins[self.place(first_two)] as usize
    }

    fn place(&self, first_two: u64) -> usize {
        let hash = first_two.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        usize::try_from(hash).unwrap_or_default() & (self.begins.len() - 1)
    }

    #[inline]
    fn bit(&self, key: u64, length: u32) -> usize {
        let hash = (key >> (64 - 8 * length)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(hash >> self.shift).unwrap_or_default()
    }
}

/// Where the first two bytes of a `key` stand among the [pairs](Heads::pairs).
#[inline]
fn pair(key: u64) -> (usize, u64) {
    let [first, second, ..] = key.to_be_bytes();
    (usize::from(first & 31) / 2, 1 << (u32::from(first & 1) * 32 + u32::from(second & 31)))
}

/// Of things that are equal in all, keeps the first in `order`, which is sorted by text.
fn drop_equals<T: Sought + Ord>(order: &mut Vec<Entry>, things: &[T]) {
    let thing = |entry: &Entry| &things[entry.number as usize];
    let (mut again, mut sorted) = (Vec::new(), Vec::new());
    let mut from = 0;
    for alike in order.chunk_by(|a, b| (a.key, a.length) == (b.key, b.length) && thing(a).text() == thing(b).text()) {
        if alike.len() > 1 {
            sorted.clear();
            sorted.extend(0..alike.len());
            sorted.sort_by(|&a, &b| thing(&alike[a]).cmp(thing(&alike[b])));
            let equal = sorted.windows(2).filter(|pair| thing(&alike[pair[0]]) == thing(&alike[pair[1]]));
            again.extend(equal.map(|pair| from + pair[1]));
        }
        from += alike.len();
    }
    if again.is_empty() {
        return;
    }
    again.sort_unstable();
    let mut at = 0;
    order.retain(|_| {
        at += 1;
        again.binary_search(&(at - 1)).is_err()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sought for &str {
        fn text(&self) -> &str {
            self
        }
    }

    #[test]
    fn everything_that_begins_here_is_found_and_nothing_else() {
        let index = Index::new(vec!["ab", "abc", "abcdefghij", "abd", "b", "ba", "abc", "żó"]);
        let found = |rest: &str| {
            let mut out = Vec::new();
            index.starting(rest.as_bytes(), |text| out.push(*text));
            out.sort_unstable();
            out
        };
        assert_eq!(found("abcdefghijk"), ["ab", "abc", "abcdefghij"]);
        assert_eq!(found("abd"), ["ab", "abd"]);
        assert_eq!(found("ab"), ["ab"]);
        assert_eq!(found("żółw"), ["żó"]);
        assert!(found("b").is_empty() && found("").is_empty() && found("ca").is_empty());
    }

    #[test]
    fn among_many_that_begin_alike_the_same_is_found() {
        let texts: Vec<String> = (0..200).map(|number| format!("ab{number}")).collect();
        let index = Index::new(texts.iter().map(String::as_str).collect());
        let found = |rest: &str| {
            let mut out = Vec::new();
            index.starting(rest.as_bytes(), |text| out.push(*text));
            out
        };
        assert_eq!(found("ab1234"), ["ab1", "ab12", "ab123"]);
        assert_eq!(found("ab19"), ["ab1", "ab19"]);
        assert!(found("ab").is_empty() && found("abx").is_empty() && found("ax1").is_empty());
    }
}
