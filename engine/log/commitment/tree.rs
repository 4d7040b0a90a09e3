//! The tree over the leaves: its growing edge, and the paths that prove a leaf.

use super::Hash;

/// The growing edge of the tree: the roots of its complete subtrees, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
    /// Whether it only counts.
    hollow: bool,
}

impl Frontier {
    /// One of that size that only counts, for who must know where it is and not what the leaves are.
    pub(in super::super) fn counting(size: u64) -> Self {
        Self { size, peaks: Vec::new(), hollow: true }
    }

    /// How many leaves there are.
    pub(in super::super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `kept` is told of every subtree that it completes, by height.
    pub(in super::super) fn push(&mut self, leaf: Hash, mut kept: impl FnMut(u32, Hash)) {
        if self.hollow {
            self.size += 1;
            return;
        }
        let (mut node, mut height) = (leaf, 0);
        kept(height, node);
        // Every one at the end of the size is a peak of like height: they pair up as in counting.
        while self.size >> height & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = join(&left, &node);
            }
            height += 1;
            kept(height, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Adds a complete subtree of `height` to a tree whose size is a multiple of its own.
    pub(in super::super) fn push_subtree(&mut self, height: u32, root: Hash) {
        debug_assert!(self.size.is_multiple_of(1 << height));
        let (mut node, mut at) = (root, height);
        while self.size >> at & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = join(&left, &node);
            }
            at += 1;
        }
        self.peaks.push(node);
        self.size += 1 << height;
    }

    /// The root of all leaves; of none the hash of nothing.
    pub(in super::super) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return *blake3::hash(&[]).as_bytes() };
        peaks.fold(*last, |right, left| join(left, &right))
    }
}

fn join(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    *blake3::hash(&bytes).as_bytes()
}

/// The hashes that lead from leaf `index` (from 0) to the root of `size` leaves, the lowest first.
///
/// `subtree` is asked for the roots of ranges of leaves, `(first, count)`; RFC 9162, section 2.1.3.1.
pub(in super::super) fn path<E>(
    index: u64,
    size: u64,
    subtree: &mut dyn FnMut(u64, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut first, mut count, mut path) = (0, size, Vec::new());
    while count > 1 {
        let left = split(count);
        if index < first + left {
            path.push(subtree(first + left, count - left)?);
            count = left;
        } else {
            path.push(subtree(first, left)?);
            (first, count) = (first + left, count - left);
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that `path` leads to from `leaf` at `index` of `size`; none when it is of another length.
///
/// RFC 9162, section 2.1.3.2.
pub(in super::super) fn root_of_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            node = join(sibling, &node);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            node = join(&node, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(node)
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(i: u64) -> Hash {
        *blake3::hash(&i.to_le_bytes()).as_bytes()
    }

    /// The definition of RFC 9162, as it stands there.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => *blake3::hash(&[]).as_bytes(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                join(&naive(left), &naive(right))
            }
        }
    }

    #[test]
    fn the_frontier_has_the_root_of_the_definition() {
        let leaves: Vec<_> = (0..300).map(leaf).collect();
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root(), naive(&[]));
        for (i, leaf) in leaves.iter().enumerate() {
            frontier.push(*leaf, |height, node| {
                let first = i + 1 - (1 << height);
                assert_eq!(node, naive(&leaves[first..=i]));
            });
            assert_eq!((frontier.root(), frontier.size()), (naive(&leaves[..=i]), i as u64 + 1));
        }
    }

    #[test]
    fn whole_subtrees_make_the_same_frontier() {
        let leaves: Vec<_> = (0..83).map(leaf).collect();
        for subtrees in 0..=10 {
            let (mut slow, mut quick) = (Frontier::default(), Frontier::default());
            leaves.iter().for_each(|leaf| slow.push(*leaf, |_, _| {}));
            let (units, rest) = leaves.split_at(8 * subtrees);
            units.chunks(8).for_each(|unit| quick.push_subtree(3, naive(unit)));
            rest.iter().for_each(|leaf| quick.push(*leaf, |_, _| {}));
            assert_eq!(slow, quick);
        }
    }

    #[test]
    fn every_path_leads_to_the_root_and_no_other_does() {
        let leaves: Vec<_> = (0..70).map(leaf).collect();
        for size in 1..=70 {
            let root = naive(&leaves[..size as usize]);
            for index in 0..size {
                let mut subtree = |first: u64, count: u64| {
                    Ok::<_, ()>(naive(&leaves[first as usize..(first + count) as usize]))
                };
                let path = path(index, size, &mut subtree).unwrap();
                assert_eq!(root_of_path(leaf(index), index, size, &path), Some(root));
                assert_ne!(root_of_path(leaf(99), index, size, &path), Some(root));
                assert_ne!(root_of_path(leaf(index), index + 1, size, &path), Some(root));
                for at in 0..path.len() {
                    let mut other = path.clone();
                    other[at][7] ^= 1;
                    assert_ne!(root_of_path(leaf(index), index, size, &other), Some(root));
                    other.remove(at);
                    assert_ne!(root_of_path(leaf(index), index, size, &other), Some(root));
                }
                let longer = [path, vec![leaf(3)]].concat();
                assert_eq!(root_of_path(leaf(index), index, size, &longer), None);
            }
        }
    }
}
