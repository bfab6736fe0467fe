//! The RFC 9162 tree as its frontier: the roots of the full subtrees, largest first, which is all that appending needs.
//!
//! Own code over ring's SHA-256: the Merkle crates keep every leaf in memory, and the frontier is what has to be in the
//! same batch as the entry. Appending also says which full subtrees it finished, so that the large ones can be kept for proofs.

use ring::digest;

/// SHA-256 over parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// Leaf hash of an encoded entry (RFC 9162 2.1.1): SHA-256(0x00 || entry).
pub fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    sha256(&[&[0], entry])
}

/// Inner node (RFC 9162 2.1.1): SHA-256(0x01 || left || right).
pub(super) fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

/// Size and full-subtree roots: one root for each set bit of the size, the largest subtree first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<[u8; 32]>,
}

impl Frontier {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; it stands at index `size() - 1` afterwards.
    pub fn append(&mut self, leaf: [u8; 32]) {
        self.append_with(leaf, |_, _, _| ());
    }

    /// Adds a leaf and gives every full subtree of two leaves and more that it finished: level, index in the level, root.
    pub fn append_with(&mut self, leaf: [u8; 32], mut finished: impl FnMut(u32, u64, [u8; 32])) {
        let mut hash = leaf;
        // Each trailing one bit is a full subtree as large as the one just finished: they join.
        for level in 1..=self.size.trailing_ones() {
            let left = self.peaks.pop().expect("as many peaks as set bits of the size");
            hash = node_hash(&left, &hash);
            finished(level, self.size >> level, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Merkle tree hash over all leaves (RFC 9162 2.1.1); of none, SHA-256 of nothing.
    pub fn root(&self) -> [u8; 32] {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => sha256(&[]),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The full-subtree roots, largest first, to be kept beside the size.
    pub fn peaks(&self) -> &[[u8; 32]] {
        &self.peaks
    }

    /// Puts together what [`Frontier::size`] and [`Frontier::peaks`] gave; `None` if they do not fit.
    pub fn from_parts(size: u64, peaks: Vec<[u8; 32]>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight leaves and roots every Certificate Transparency implementation tests with (RFC 6962 and 9162 hash alike).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_the_published_test_vectors() {
        let mut frontier = Frontier::default();
        assert_eq!(hex::encode(frontier.root()), ROOTS[0]);
        for (index, leaf) in LEAVES.iter().enumerate() {
            frontier.append(leaf_hash(&hex::decode(leaf).unwrap()));
            assert_eq!(frontier.size(), index as u64 + 1);
            assert_eq!(hex::encode(frontier.root()), ROOTS[index + 1], "after leaf {index}");
        }
    }

    /// The recursive definition of RFC 9162 2.1.1, to compare with at every size.
    fn defined(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                node_hash(&defined(&leaves[..half]), &defined(&leaves[half..]))
            }
        }
    }

    #[test]
    fn every_size_up_to_200_agrees_with_the_definition_also_after_keeping() {
        let mut frontier = Frontier::default();
        let mut leaves = Vec::new();
        for size in 0..200u64 {
            assert_eq!(frontier.root(), defined(&leaves), "size {size}");
            frontier = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec()).unwrap();
            leaves.push(leaf_hash(&size.to_be_bytes()));
            frontier.append(leaves[leaves.len() - 1]);
        }
    }

    #[test]
    fn a_frontier_with_missing_roots_is_refused() {
        assert_eq!(Frontier::from_parts(3, vec![[0; 32]]), None);
    }
}
