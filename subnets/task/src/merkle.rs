//! Trees of hashes: one root for a list, and short proofs that an item is in it.
//!
//! Nodes have a tag of their own and leaves are tagged hashes of another kind, so a node never
//! passes for a leaf. The root covers the number of leaves. A node without a right neighbour moves
//! up as it is: no leaf is ever counted twice.

use crate::{Digest, Hash, Tag};
use alloc::vec::Vec;

/// The tag of nodes.
const NODE: Tag = Tag(b"ink:node");
/// The tag of roots.
const ROOT: Tag = Tag(b"ink:root");

/// Returns the root over `leaves`, which are hashes with a tag of their own.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut row = leaves.to_vec();
    while row.len() > 1 {
        row = above(&row);
    }
    seal(leaves.len(), row.first())
}

/// Returns the neighbours on the way from leaf `index` to the root, or `None` if there is no such
/// leaf.
pub fn path(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    leaves.get(index)?;
    let (mut row, mut at, mut path) = (leaves.to_vec(), index, Vec::new());
    while row.len() > 1 {
        path.extend(row.get(at ^ 1));
        row = above(&row);
        at >>= 1;
    }
    Some(path)
}

/// Returns true if `leaf` is number `index` of the `count` leaves below `root`.
pub fn is_included(
    root: &Digest,
    count: usize,
    index: usize,
    leaf: &Digest,
    path: &[Digest],
) -> bool {
    if index >= count {
        return false;
    }
    let (mut hash, mut at, mut width, mut path) = (*leaf, index, count, path.iter());
    while width > 1 {
        if at ^ 1 < width {
            let Some(other) = path.next() else {
                return false;
            };
            hash = match at & 1 {
                0 => node(&hash, other),
                _ => node(other, &hash),
            };
        }
        at >>= 1;
        width = width.div_ceil(2);
    }
    path.next().is_none() && seal(count, Some(&hash)) == *root
}

/// Returns the row above `row`.
fn above(row: &[Digest]) -> Vec<Digest> {
    row.chunks(2)
        .filter_map(|pair| match pair {
            [left, right] => Some(node(left, right)),
            [alone] => Some(*alone),
            _ => None,
        })
        .collect()
}

/// Returns the node above two hashes.
fn node(left: &Digest, right: &Digest) -> Digest {
    Hash::new(NODE).fixed(left).fixed(right).digest()
}

/// Returns the root of a tree of `count` leaves with `top` above all. An empty tree has no top.
fn seal(count: usize, top: Option<&Digest>) -> Digest {
    // No machine has counts above `u64::MAX`.
    let hash = Hash::new(ROOT).u64(u64::try_from(count).unwrap_or(u64::MAX));
    match top {
        Some(top) => hash.fixed(top).digest(),
        None => hash.digest(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count)
            .map(|i| Hash::new(Tag(b"ink:leaf")).u64(i as u64).digest())
            .collect()
    }

    #[test]
    fn every_leaf_is_included_once() {
        for count in 0..20 {
            let leaves = leaves(count);
            let root = root(&leaves);
            for (i, leaf) in leaves.iter().enumerate() {
                let path = path(&leaves, i).unwrap();
                for place in 0..count + 2 {
                    assert_eq!(is_included(&root, count, place, leaf, &path), place == i);
                }
            }
            assert_eq!(path(&leaves, count), None);
        }
    }

    #[test]
    fn roots_differ_by_count_and_order() {
        let four = leaves(4);
        let mut roots: Vec<_> = (0..=4).map(|count| root(&four[..count])).collect();
        roots.push(root(&[four[0], four[1], four[2], four[2]]));
        roots.push(root(&[four[1], four[0], four[2], four[3]]));
        roots.push(root(&[node(&four[0], &four[1]), node(&four[2], &four[3])]));
        let count = roots.len();
        roots.sort_unstable();
        roots.dedup();
        assert_eq!(roots.len(), count);
    }

    #[test]
    fn nodes_are_not_leaves() {
        let four = leaves(4);
        let root = root(&four);
        let left = node(&four[0], &four[1]);
        let right = node(&four[2], &four[3]);
        for count in [1, 2, 3, 4] {
            assert!(!is_included(&root, count, 0, &left, &[right]));
        }
    }

    proptest! {
        #[test]
        fn changed_proof_is_refused(
            count in 1usize..40, at in any::<prop::sample::Index>(), what in any::<usize>(), bit in 0u8..8,
        ) {
            let leaves = leaves(count);
            let root = root(&leaves);
            let index = at.index(count);
            let mut path = path(&leaves, index).unwrap();
            let mut leaf = leaves[index];
            prop_assert!(is_included(&root, count, index, &leaf, &path));
            let mut longer = path.clone();
            longer.push([0; 32]);
            prop_assert!(!is_included(&root, count, index, &leaf, &longer));
            let bytes = 32 * (path.len() + 1);
            let byte = what % bytes;
            match byte / 32 {
                0 => leaf[byte] ^= 1 << bit,
                row => path[row - 1][byte % 32] ^= 1 << bit,
            }
            prop_assert!(!is_included(&root, count, index, &leaf, &path));
            if path.pop().is_some() {
                prop_assert!(!is_included(&root, count, index, &leaves[index], &path));
            }
        }
    }

    #[test]
    fn empty_tree_includes_nothing() {
        assert!(!is_included(&root(&[]), 0, 0, &[0; 32], &[]));
    }
}
