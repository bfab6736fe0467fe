//! Strings to look for, in order. Finding those that begin at one place needs no automaton, and making an automaton for
//! each record took longer than everything that was searched with it.

use std::sync::OnceLock;

use super::{
    heads::{Common, Entry, Groups, Heads, key},
    squeezed::offset,
};

/// Things, each with a text to look for. They are sorted when something is looked for the first time: until then more may come.
pub(super) struct Index<T> {
    /// The texts, one behind the other.
    texts: String,
    things: Vec<Thing<T>>,
    sorted: OnceLock<Sorted>,
}

struct Thing<T> {
    /// Where its text begins in the texts.
    start: u32,
    length: u32,
    thing: T,
}

/// How the things are found.
struct Sorted {
    /// In groups by their first two bytes, each in the order of its texts.
    order: Vec<Entry>,
    groups: Groups,
    heads: Heads,
    /// Made when something is looked for everywhere for the first time.
    common: OnceLock<Common>,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self { texts: String::new(), things: Vec::new(), sorted: OnceLock::new() }
    }
}

impl<T> Index<T> {
    /// With room for so many things.
    pub fn with_capacity(things: usize) -> Self {
        Self { texts: String::with_capacity(things * 12), things: Vec::with_capacity(things), sorted: OnceLock::new() }
    }

    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Looks also for the text that `pieces` are together. Of things that are equal in all, one is found; one whose text is
    /// shorter than two bytes never is.
    pub fn add<'p>(&mut self, pieces: impl Iterator<Item = &'p str>, thing: T) {
        if self.things.capacity() == 0 {
            *self = Self::with_capacity(USUAL);
        }
        let start = self.texts.len();
        pieces.for_each(|piece| self.texts.push_str(piece));
        let length = self.texts.len() - start;
        self.things.push(Thing { start: offset(start), length: offset(length), thing });
        self.sorted.take();
    }

    /// The text of thing `number`.
    fn text(&self, number: u32) -> &[u8] {
        let Thing { start, length, .. } = self.things[number as usize];
        &self.texts.as_bytes()[start as usize..][..length as usize]
    }
}

impl<S: AsRef<str>, T> FromIterator<(S, T)> for Index<T> {
    fn from_iter<I: IntoIterator<Item = (S, T)>>(things: I) -> Self {
        let mut index = Self::default();
        things.into_iter().for_each(|(text, thing)| index.add(std::iter::once(text.as_ref()), thing));
        index
    }
}

impl<T: Ord> Index<T> {
    #[inline]
    fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| self.in_order())
    }

    fn in_order(&self) -> Sorted {
        let mut order: Vec<Entry> = Vec::with_capacity(self.things.len());
        for (number, Thing { start, length, .. }) in (0_u32..).zip(&self.things) {
            if *length >= 2 {
                // What is behind a text is another's.
                let behind = 64 - 8 * length.min(&8);
                let key = key(&self.texts.as_bytes()[*start as usize..]) >> behind << behind;
                order.push(Entry { key, length: *length, number });
            }
        }
        let groups = Groups::of(&order);
        let mut order = groups.grouped(&order);
        let text = |entry: &Entry| self.text(entry.number);
        for group in groups.ranges().filter(|group| group.len() > 1) {
            order[group].sort_by(|a, b| a.key.cmp(&b.key).then_with(|| text(a).cmp(text(b))));
        }
        let all = order.len();
        self.drop_equals(&mut order);
        let groups = if order.len() < all { groups.again(&order) } else { groups };
        Sorted { heads: Heads::of(&order), groups, order, common: OnceLock::new() }
    }

    /// True when a text begins with `byte`.
    #[inline]
    pub fn has_beginning(&self, byte: u8) -> bool {
        self.sorted().heads.has_first(byte)
    }

    /// Gives `found` everything whose text begins at the beginning of `rest`, in order, with its text.
    #[inline]
    pub fn starting<'s>(&'s self, rest: &[u8], found: impl FnMut(&'s str, &'s T)) {
        let sorted = self.sorted();
        if let [first, _, ..] = rest
            && sorted.heads.has_first(*first)
        {
            let key = key(rest);
            if sorted.heads.has_pair(key) && sorted.heads.may_begin(key) {
                self.those_of(sorted.alike(key >> 48), key, rest, found);
            }
        }
    }

    /// Gives `found` everything that stands in `text`: where, and with its text.
    pub fn everywhere<'s>(&'s self, text: &[u8], mut found: impl FnMut(usize, &'s str, &'s T)) {
        let sorted = self.sorted();
        let common = sorted.common.get_or_init(|| Common::of(&sorted.order));
        for (at, first) in text.windows(Common::BYTES).enumerate() {
            if first.first_chunk().is_some_and(|first| common.may_begin(*first)) {
                self.starting(&text[at..], |text, thing| found(at, text, thing));
            }
        }
        for at in text.len().saturating_sub(Common::BYTES - 1)..text.len() {
            self.starting(&text[at..], |text, thing| found(at, text, thing));
        }
    }

    /// Those among `here`, which is in order and begins with the first whose first two bytes are those of `key`, if any are.
    fn those_of<'s>(&'s self, here: &[Entry], key: u64, rest: &[u8], mut found: impl FnMut(&'s str, &'s T)) {
        let alike = |entry: &&Entry| entry.first_two() == key >> 48;
        if here.get(FEW).is_some_and(|entry| alike(&entry)) {
            let many = here.partition_point(|entry| alike(&entry));
            return self.narrowed(&here[..many], rest, found);
        }
        for entry in here.iter().take_while(alike).filter(|entry| entry.begins(key, rest.len())) {
            if entry.length <= 8 || rest[8..].starts_with(&self.text(entry.number)[8..]) {
                let (text, thing) = self.found(entry);
                found(text, thing);
            }
        }
    }

    /// The same among `left`, which begin with the same two bytes, byte by byte: it takes no longer for many.
    fn narrowed<'s>(&'s self, mut left: &[Entry], rest: &[u8], mut found: impl FnMut(&'s str, &'s T)) {
        let mut depth = 2;
        loop {
            while let Some((whole, others)) = left.split_first().filter(|(entry, _)| entry.length as usize == depth) {
                let (text, thing) = self.found(whole);
                found(text, thing);
                left = others;
            }
            let Some(&next) = rest.get(depth).filter(|_| !left.is_empty()) else { return };
            let byte = |entry: &Entry| match entry.key.to_be_bytes().get(depth) {
                Some(byte) => *byte,
                None => self.text(entry.number)[depth],
            };
            let begin = left.partition_point(|entry| byte(entry) < next);
            let length = left[begin..].partition_point(|entry| byte(entry) == next);
            left = &left[begin..begin + length];
            depth += 1;
        }
    }

    fn found(&self, entry: &Entry) -> (&str, &T) {
        let Thing { start, length, thing } = &self.things[entry.number as usize];
        (&self.texts[*start as usize..][..*length as usize], thing)
    }

    /// Of things that are equal in all, keeps the first in `order`, which is sorted by text.
    fn drop_equals(&self, order: &mut Vec<Entry>) {
        let same_text = |a: &Entry, b: &Entry| {
            (a.key, a.length) == (b.key, b.length) && (a.length <= 8 || self.text(a.number) == self.text(b.number))
        };
        let thing = |entry: &Entry| self.found(entry).1;
        let (mut again, mut sorted) = (Vec::new(), Vec::new());
        let mut from = 0;
        for alike in order.chunk_by(same_text) {
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
}

impl Sorted {
    /// Those whose texts begin with `first_two`, and maybe others behind them.
    #[inline]
    fn alike(&self, first_two: u64) -> &[Entry] {
        let group = &self.order[self.groups.range(first_two)];
        match group.first() {
            Some(first) if first.first_two() < first_two => {
                &group[group.partition_point(|entry| entry.first_two() < first_two)..]
            }
            _ => group,
        }
    }
}

/// Few things come one after another: more than these make room for themselves.
const USUAL: usize = 8;

/// So many are looked at one by one.
const FEW: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn index(texts: &[&str]) -> Index<()> {
        texts.iter().map(|text| (*text, ())).collect()
    }

    #[test]
    fn everything_that_begins_here_is_found_and_nothing_else() {
        let all = index(&["ab", "abc", "abcdefghij", "abd", "b", "ba", "abc", "żó"]);
        let found = |rest: &str| {
            let mut out = Vec::new();
            all.starting(rest.as_bytes(), |text, ()| out.push(text));
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
        let all = index(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let found = |rest: &str| {
            let mut out = Vec::new();
            all.starting(rest.as_bytes(), |text, ()| out.push(text));
            out
        };
        assert_eq!(found("ab1234"), ["ab1", "ab12", "ab123"]);
        assert_eq!(found("ab19"), ["ab1", "ab19"]);
        assert!(found("ab").is_empty() && found("abx").is_empty() && found("ax1").is_empty());
    }

    #[test]
    fn everything_that_stands_anywhere_is_found() {
        let found = |index: &Index<()>, text: &str| {
            let mut out = Vec::new();
            index.everywhere(text.as_bytes(), |at, text, ()| out.push(format!("{at} {text}")));
            out
        };
        let text = "xabcdefghijab\u{17C}abd";
        let all = index(&["ab", "abd", "abcdefghij", "\u{17C}a", "d"]);
        assert_eq!(found(&all, text), ["1 ab", "1 abcdefghij", "11 ab", "13 \u{17C}a", "15 ab", "15 abd"]);
        let long = index(&["bcdef", "abcdefghij", "\u{17C}abd"]);
        assert_eq!(found(&long, text), ["1 abcdefghij", "2 bcdef", "13 \u{17C}abd"]);
        assert!(found(&long, "abcdeg").is_empty() && found(&index(&["b"]), "bbb").is_empty());
    }
}
