//! Strings to look for, in order. Finding those that begin at one place needs no automaton, and making an automaton for
//! each record took longer than everything that was searched with it.

/// Something with a text to look for.
pub(super) trait Sought {
    /// What is looked for: two bytes or more.
    fn text(&self) -> &str;
}

/// Sought things, sorted by their texts.
pub(super) struct Index<T> {
    /// The first two bytes of a text, and which of `things` it is; in the order of the texts.
    order: Vec<(u16, u32)>,
    things: Vec<T>,
    heads: Heads,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self { order: Vec::new(), things: Vec::new(), heads: Heads::default() }
    }
}

impl<T> Index<T> {
    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl<T: Sought + Ord> Index<T> {
    /// Sorts `things`; of equals, one is found. One whose text is shorter than two bytes is never found.
    pub fn new(things: Vec<T>) -> Self {
        let mut heads = Heads::default();
        let mut keyed: Vec<(u64, u32)> = Vec::with_capacity(things.len());
        for (number, thing) in (0_u32..).zip(&things) {
            let text = thing.text().as_bytes();
            if text.len() >= 2 {
                heads.add(text);
                keyed.push((key(text), number));
            }
        }
        let text = |number: u32| things[number as usize].text();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1))));
        drop_equals(&mut keyed, &things);
        let first_two = |key: u64| u16::try_from(key >> 48).unwrap_or(u16::MAX);
        let order = keyed.into_iter().map(|(key, number)| (first_two(key), number)).collect();
        Self { order, things, heads }
    }

    /// Adds `more`.
    pub fn extend(&mut self, more: Vec<T>) {
        if !more.is_empty() {
            let mut all = std::mem::take(&mut self.things);
            all.extend(more);
            *self = Self::new(all);
        }
    }

    /// Gives `found` everything whose text begins at the beginning of `rest`.
    pub fn starting<'s>(&'s self, rest: &[u8], mut found: impl FnMut(&'s T)) {
        let &[first, second, ..] = rest else { return };
        if !self.heads.may_begin(rest) {
            return;
        }
        let two = u16::from_be_bytes([first, second]);
        let begin = self.order.partition_point(|entry| entry.0 < two);
        let length = self.order[begin..].partition_point(|entry| entry.0 == two);
        let mut left = &self.order[begin..begin + length];
        let thing = |entry: &(u16, u32)| &self.things[entry.1 as usize];
        let mut depth = 2;
        loop {
            while let Some((whole, others)) = left.split_first().filter(|(entry, _)| thing(entry).text().len() == depth)
            {
                found(thing(whole));
                left = others;
            }
            if let [only] = left {
                if rest.get(depth..).is_some_and(|rest| rest.starts_with(&thing(only).text().as_bytes()[depth..])) {
                    found(thing(only));
                }
                return;
            }
            let Some(&next) = rest.get(depth).filter(|_| !left.is_empty()) else { return };
            let byte = |entry: &(u16, u32)| thing(entry).text().as_bytes()[depth];
            let begin = left.partition_point(|entry| byte(entry) < next);
            let length = left[begin..].partition_point(|entry| byte(entry) == next);
            left = &left[begin..begin + length];
            depth += 1;
        }
    }
}

/// The first eight bytes as a number that sorts as they do.
fn key(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}

/// The first three bytes of every text, hashed: nearly every place of a text is known by this to begin nothing.
struct Heads([u64; 64]);

impl Default for Heads {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Heads {
    fn add(&mut self, text: &[u8]) {
        let bit = Self::bit(text[0], text[1], text.get(2).copied().unwrap_or(0));
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn may_begin(&self, rest: &[u8]) -> bool {
        let has = |bit: usize| self.0[bit / 64] >> (bit % 64) & 1 == 1;
        // Two bytes may be all of a text.
        has(Self::bit(rest[0], rest[1], 0)) || rest.get(2).is_some_and(|&third| has(Self::bit(rest[0], rest[1], third)))
    }

    fn bit(first: u8, second: u8, third: u8) -> usize {
        let together = u32::from_be_bytes([0, first, second, third]);
        (together.wrapping_mul(0x9E37_79B1) >> 20) as usize
    }
}

/// Of things that are equal in all, keeps the first in `keyed`, which is sorted by text.
fn drop_equals<T: Sought + Ord>(keyed: &mut Vec<(u64, u32)>, things: &[T]) {
    let thing = |entry: &(u64, u32)| &things[entry.1 as usize];
    let mut again = Vec::new();
    let mut from = 0;
    for alike in keyed.chunk_by(|a, b| a.0 == b.0 && thing(a).text() == thing(b).text()) {
        if alike.len() > 1 {
            let mut order: Vec<usize> = (0..alike.len()).collect();
            order.sort_by(|&a, &b| thing(&alike[a]).cmp(thing(&alike[b])));
            let equal = order.windows(2).filter(|pair| thing(&alike[pair[0]]) == thing(&alike[pair[1]]));
            again.extend(equal.map(|pair| from + pair[1]));
        }
        from += alike.len();
    }
    again.sort_unstable();
    let mut at = 0;
    keyed.retain(|_| {
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
}
