//! Ranges that are asked whether one of them holds another, in the time of a search.

use std::ops::Range;

/// Ranges of one text.
pub(super) struct Ranges {
    /// Where each begins, in order, and how far it and those before it reach.
    reach: Vec<(usize, usize)>,
}

impl Ranges {
    /// Sorts `ranges`.
    pub fn new(ranges: impl Iterator<Item = Range<usize>>) -> Self {
        let mut reach: Vec<(usize, usize)> = ranges.map(|range| (range.start, range.end)).collect();
        reach.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut reach {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        Self { reach }
    }

    /// True when one of them holds all of `range`.
    pub fn hold(&self, range: &Range<usize>) -> bool {
        let before = self.reach.partition_point(|(start, _)| *start <= range.start);
        before > 0 && self.reach[before - 1].1 >= range.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_is_known() {
        let ranges = Ranges::new([7..9, 1..5, 2..3].into_iter());
        assert!(ranges.hold(&(2..5)) && ranges.hold(&(7..9)) && ranges.hold(&(1..1)));
        assert!(!ranges.hold(&(2..6)) && !ranges.hold(&(0..1)) && !ranges.hold(&(4..8)));
        assert!(!Ranges::new(std::iter::empty()).hold(&(0..0)));
    }
}
