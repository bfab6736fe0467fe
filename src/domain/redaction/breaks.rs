//! Where one word ends and the next begins in words without spaces.

/// Byte offsets in a text, in order; none is zero. Names and values are short: nearly all of them need no room of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Breaks {
    /// A bit for each below [`NEAR`].
    near: u64,
    far: Vec<usize>,
}

const NEAR: usize = u64::BITS as usize;

impl Breaks {
    /// Adds an offset that lies behind all that are there.
    pub fn push(&mut self, offset: usize) {
        if offset < NEAR {
            self.near |= 1 << offset;
        } else {
            self.far.push(offset);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.near.count_ones() as usize + self.far.len()
    }

    /// True where there is none: the text is one word.
    pub fn is_empty(&self) -> bool {
        self.near == 0 && self.far.is_empty()
    }

    /// True when `offset` is one of them.
    pub fn contains(&self, offset: usize) -> bool {
        if offset < NEAR { self.near >> offset & 1 == 1 } else { self.far.binary_search(&offset).is_ok() }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let mut left = self.near;
        let near = std::iter::from_fn(move || {
            let next = (left != 0).then(|| left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            next
        });
        near.chain(self.far.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_breaks_are_kept_in_order() {
        let offsets = [1, 5, 63, 64, 200];
        let mut breaks = Breaks::default();
        assert!(breaks.is_empty() && breaks.iter().next().is_none());
        offsets.iter().for_each(|&offset| breaks.push(offset));
        assert_eq!(breaks.iter().collect::<Vec<_>>(), offsets);
        assert!(offsets.iter().all(|&offset| breaks.contains(offset)));
        assert!([0, 2, 62, 65, 201].iter().all(|&offset| !breaks.contains(offset)));
        assert_eq!((breaks.count(), breaks.is_empty()), (5, false));
    }
}
