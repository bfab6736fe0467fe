//! Inclusion and consistency proofs (RFC 9162 2.1.3 and 2.1.4), made from roots of full subtrees and verified from nothing but
//! the proof.

use super::frontier::node_hash;

type Hash = [u8; 32];

/// Gives the root of a full subtree: that of `1 << level` leaves, of which the first is `index << level`.
pub trait Subtrees {
    /// Why it cannot.
    type Error;

    /// The root.
    ///
    /// # Errors
    /// Of whoever keeps them.
    fn root(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree of the first `size` leaves; `size` is at least 1.
///
/// # Errors
/// Of `trees`.
pub fn root_of<T: Subtrees>(trees: &T, size: u64) -> Result<Hash, T::Error> {
    range(trees, 0, size)
}

/// Proves that leaf `index` is in the tree of the first `size` leaves; `index` is below `size`.
///
/// # Errors
/// Of `trees`.
pub fn inclusion<T: Subtrees>(trees: &T, index: u64, size: u64) -> Result<Vec<Hash>, T::Error> {
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + half(to - from);
        if index < middle {
            path.push(range(trees, middle, to)?);
            to = middle;
        } else {
            path.push(range(trees, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proves that the tree of the first `second` leaves begins with that of the first `first`; `first` is from 1 to `second`.
///
/// # Errors
/// Of `trees`.
pub fn consistency<T: Subtrees>(trees: &T, first: u64, second: u64) -> Result<Vec<Hash>, T::Error> {
    let (mut from, mut to, mut path) = (0, second, Vec::new());
    while to != first {
        let middle = from + half(to - from);
        if first <= middle {
            path.push(range(trees, middle, to)?);
            to = middle;
        } else {
            path.push(range(trees, from, middle)?);
            from = middle;
        }
    }
    // Whoever has the first tree has its root already where it is a subtree of the second as it stands.
    if from > 0 {
        path.push(range(trees, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// The root over the leaves from `from` to `to`. A range that splitting gave is full, or has full ones on its left.
fn range<T: Subtrees>(trees: &T, from: u64, to: u64) -> Result<Hash, T::Error> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return trees.root(level, from >> level);
    }
    let middle = from + half(count);
    Ok(node_hash(&range(trees, from, middle)?, &range(trees, middle, to)?))
}

/// The largest power of two below `count`, which is at least 2.
fn half(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Whether `path` proves that `leaf` stands at `index` of the tree of `size` leaves with this root (RFC 9162 2.1.3.2).
pub fn is_included(leaf: Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for other in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(other, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, other);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the second tree begins with the first (RFC 9162 2.1.4.2). An empty tree begins every tree.
pub fn is_consistent(first: (u64, &Hash), second: (u64, &Hash), path: &[Hash]) -> bool {
    let ((small, old), (large, new)) = (first, second);
    if small == 0 || small >= large {
        return path.is_empty() && (small == 0 || (small == large && old == new));
    }
    let (mut path, mut at, mut last) = (path.iter(), small - 1, large - 1);
    let shift = at.trailing_ones();
    (at, last) = (at >> shift, last >> shift);
    // A first tree that is full is a subtree of the second: its root is where the proof begins.
    let start = if small.is_power_of_two() { Some(old) } else { path.next() };
    let Some(start) = start else { return false };
    let (mut was, mut is) = (*start, *start);
    for other in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (was, is) = (node_hash(other, &was), node_hash(other, &is));
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = node_hash(&is, other);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old && is == *new
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Frontier, leaf_hash},
        *,
    };

    struct Leaves(Vec<Hash>);

    impl Subtrees for Leaves {
        type Error = ();

        fn root(&self, level: u32, index: u64) -> Result<Hash, ()> {
            let from = usize::try_from(index << level).unwrap();
            let leaves = self.0.get(from..from + (1 << level)).ok_or(())?;
            Ok(over(leaves))
        }
    }

    fn over(leaves: &[Hash]) -> Hash {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.append(*leaf));
        frontier.root()
    }

    const MOST: u64 = 70;

    fn leaves() -> Leaves {
        Leaves((0..MOST).map(|n| leaf_hash(&n.to_be_bytes())).collect())
    }

    fn at(index: u64) -> usize {
        usize::try_from(index).unwrap()
    }

    #[test]
    fn every_leaf_of_every_size_is_proven_and_of_no_other_place_size_or_root() {
        let trees = leaves();
        for size in 1..=MOST {
            let root = root_of(&trees, size).unwrap();
            assert_eq!(root, over(&trees.0[..at(size)]));
            for index in 0..size {
                let (leaf, path) = (trees.0[at(index)], inclusion(&trees, index, size).unwrap());
                assert!(is_included(leaf, index, size, &path, &root), "{index} of {size}");
                assert!(path.len() <= 7, "a proof is logarithmic");
                assert!(!is_included([1; 32], index, size, &path, &root));
                assert!(!is_included(leaf, index, size, &path, &[1; 32]));
                assert!(!is_included(leaf, size, size, &path, &root));
                if index > 0 {
                    assert!(!is_included(leaf, index - 1, size, &path, &root));
                }
                let longer = [path.as_slice(), &[[1; 32]]].concat();
                assert!(!is_included(leaf, index, size, &longer, &root));
                for cut in 0..path.len() {
                    let mut wrong = path.clone();
                    wrong[cut][0] ^= 1;
                    assert!(!is_included(leaf, index, size, &wrong, &root));
                    assert!(!is_included(leaf, index, size, &path[..cut], &root));
                }
            }
        }
    }

    #[test]
    fn every_size_is_proven_to_be_the_beginning_of_every_later_one_and_no_other_tree_is() {
        let trees = leaves();
        let root = |size| root_of(&trees, size).unwrap();
        for second in 1..=MOST {
            for first in 1..=second {
                let path = consistency(&trees, first, second).unwrap();
                let (old, new) = (root(first), root(second));
                assert!(is_consistent((first, &old), (second, &new), &path), "{first} in {second}");
                assert!(path.len() <= 8);
                assert!(!is_consistent((first, &[1; 32]), (second, &new), &path), "{first} in {second}");
                assert!(!is_consistent((first, &old), (second, &[1; 32]), &path), "{first} in {second}");
                for cut in 0..path.len() {
                    let mut wrong = path.clone();
                    wrong[cut][0] ^= 1;
                    assert!(!is_consistent((first, &old), (second, &new), &wrong));
                    assert!(!is_consistent((first, &old), (second, &new), &path[..cut]));
                }
            }
            let new = root(second);
            assert!(!is_consistent((second + 1, &new), (second, &new), &[]), "a ledger that lost entries");
        }
    }
}
