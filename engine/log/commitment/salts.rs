//! A salt for every position, from one key, that can be forgotten one by one.
//!
//! The salts are the leaves of a binary tree of keys: both children of a key are 64 bytes of its keyed
//! BLAKE3 output (Goldreich, Goldwasser and Micali 1986). To forget a position its ancestors are
//! destroyed and their other children kept (a puncturable pseudorandom function: Boneh and Waters 2013),
//! so that a log needs 32 bytes until something is redacted, and no list of consultations beside it.
//! The design asked for a random key per consultation: that would be ten bytes an event, and the list
//! would outlive what was redacted.

use super::Hash;
use crate::log::Position;
use crate::log::error::Damage;

/// The levels of the tree: positions go up to 2^48.
const DEPTH: u32 = 48;

/// A key that covers all positions whose first `depth` of [`DEPTH`] bits are `prefix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Node {
    pub(in super::super) prefix: u64,
    pub(in super::super) depth: u8,
    pub(in super::super) key: Hash,
}

/// The keys that are left, and the way to the salt that was wanted last.
#[derive(Debug, Clone)]
pub(in super::super) struct Salts {
    /// By the first position that each covers.
    nodes: Vec<Node>,
    /// From the covering node down: a node and its two children.
    way: Vec<(Node, [Hash; 2])>,
}

impl Node {
    /// A key as it was kept.
    pub(in super::super) fn new(depth: u8, prefix: u64, key: Hash) -> Result<Self, Damage> {
        match u32::from(depth) <= DEPTH && prefix >> depth == 0 {
            true => Ok(Self { prefix, depth, key }),
            false => Err(Damage::new("a key of the salts at no place of theirs")),
        }
    }

    /// The first position that it covers.
    fn first(&self) -> u64 {
        self.prefix << (DEPTH - u32::from(self.depth))
    }

    /// The last position that it covers.
    fn last(&self) -> u64 {
        self.first() + (1 << (DEPTH - u32::from(self.depth))) - 1
    }

    fn covers(&self, position: u64) -> bool {
        position >> (DEPTH - u32::from(self.depth)) == self.prefix
    }

    fn children(&self) -> [Hash; 2] {
        let mut both = [0; 64];
        blake3::Hasher::new_keyed(&self.key).finalize_xof().fill(&mut both);
        let (left, right) = both.split_at(32);
        let mut children = [[0; 32]; 2];
        children[0].copy_from_slice(left);
        children[1].copy_from_slice(right);
        children
    }

    fn child(&self, bit: u64, key: Hash) -> Self {
        Self { prefix: self.prefix << 1 | bit, depth: self.depth + 1, key }
    }

    /// The bit of `position` that says to which child it belongs.
    fn bit(&self, position: u64) -> u64 {
        position >> (DEPTH - u32::from(self.depth) - 1) & 1
    }
}

impl Salts {
    /// Salts of one key, none forgotten.
    pub(in super::super) fn new(key: Hash) -> Self {
        Self::from_nodes(vec![Node { prefix: 0, depth: 0, key }])
    }

    /// Salts of the keys that are left.
    pub(in super::super) fn from_nodes(mut nodes: Vec<Node>) -> Self {
        nodes.sort_unstable_by_key(Node::first);
        Self { nodes, way: Vec::new() }
    }

    /// The keys that are left.
    pub(in super::super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The salt of a position; none when it was forgotten.
    pub(in super::super) fn salt(&mut self, position: Position) -> Option<Hash> {
        let position = position.0;
        while self.way.last().is_some_and(|(node, _)| !node.covers(position)) {
            self.way.pop();
        }
        let mut node = match self.way.last() {
            Some((node, children)) => {
                let bit = node.bit(position);
                node.child(bit, children[bit as usize])
            }
            None => self.nodes[self.covering(position)?],
        };
        while u32::from(node.depth) < DEPTH {
            let (children, bit) = (node.children(), node.bit(position));
            self.way.push((node, children));
            node = node.child(bit, children[bit as usize]);
        }
        Some(node.key)
    }

    /// Forgets the salt of a position for ever.
    pub(in super::super) fn forget(&mut self, position: Position) {
        self.way.clear();
        let Some(at) = self.covering(position.0) else { return };
        let mut node = self.nodes.remove(at);
        while u32::from(node.depth) < DEPTH {
            let (children, bit) = (node.children(), node.bit(position.0));
            self.nodes.push(node.child(1 - bit, children[1 - bit as usize]));
            node = node.child(bit, children[bit as usize]);
        }
        self.nodes.sort_unstable_by_key(Node::first);
    }

    /// Draws new keys for every position after `head`, forgotten ones too: what stands there next is
    /// something else.
    pub(in super::super) fn renew_after<E>(
        &mut self,
        head: Position,
        draw: &mut dyn FnMut() -> Result<Hash, E>,
    ) -> Result<(), E> {
        self.way.clear();
        let (mut kept, mut open) = (Vec::new(), std::mem::take(&mut self.nodes));
        while let Some(node) = open.pop() {
            if node.last() <= head.0 {
                kept.push(node);
            } else if node.first() <= head.0 {
                let children = node.children();
                open.extend([node.child(0, children[0]), node.child(1, children[1])]);
            }
        }
        // The nodes that cover all that comes after: the right ones beside the way to the head.
        for depth in 1..=DEPTH {
            let prefix = head.0 >> (DEPTH - depth);
            if prefix & 1 == 0 {
                kept.push(Node { prefix: prefix | 1, depth: depth as u8, key: draw()? });
            }
        }
        kept.sort_unstable_by_key(Node::first);
        self.nodes = kept;
        Ok(())
    }

    /// Which of the nodes covers `position`.
    fn covering(&self, position: u64) -> Option<usize> {
        let at = self.nodes.partition_point(|node| node.first() <= position).checked_sub(1)?;
        self.nodes[at].covers(position).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_forgotten_salt_is_gone_and_the_others_stay() {
        let mut salts = Salts::new([7; 32]);
        let all: Vec<_> = (1..=40).map(|p| salts.salt(Position(p)).unwrap()).collect();
        for forgotten in [5, 6, 31, 1, 40] {
            salts.forget(Position(forgotten));
            salts.forget(Position(forgotten));
        }
        for position in 1..=40_u64 {
            let is_left = ![5, 6, 31, 1, 40].contains(&position);
            assert_eq!(salts.salt(Position(position)), is_left.then(|| all[position as usize - 1]));
        }
        assert!(salts.nodes().len() < 5 * DEPTH as usize);
        assert!(salts.nodes().iter().all(|node| !node.covers(31)));
        let mut distinct = all;
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 40);
    }

    #[test]
    fn renewed_salts_are_others_and_those_before_stay() {
        let mut salts = Salts::new([7; 32]);
        let all: Vec<_> = (0..100).map(|p| salts.salt(Position(p)).unwrap()).collect();
        salts.forget(Position(33));
        salts.forget(Position(77));
        let mut drawn = 100;
        let mut draw = || {
            drawn += 1;
            Ok::<_, ()>([drawn; 32])
        };
        salts.renew_after(Position(50), &mut draw).unwrap();
        for (position, before) in all.iter().enumerate() {
            let now = salts.salt(Position(position as u64));
            let stays = position <= 50 && position != 33;
            assert_eq!(now == Some(*before), stays, "{position}");
            assert_eq!(
                now.is_none(),
                position == 33,
                "what was forgotten before it stays so, and nothing after"
            );
        }
    }

    proptest! {
        #[test]
        fn the_way_to_a_salt_does_not_matter(
            wanted in proptest::collection::vec(0_u64..1 << DEPTH, 1..30),
            forgotten in proptest::collection::vec(0_u64..1 << DEPTH, 0..4),
        ) {
            let mut salts = Salts::new([9; 32]);
            let fresh: Vec<_> = wanted.iter().map(|p| Salts::new([9; 32]).salt(Position(*p))).collect();
            forgotten.iter().for_each(|p| salts.forget(Position(*p)));
            for (position, fresh) in wanted.iter().zip(fresh) {
                let wanted = if forgotten.contains(position) { None } else { fresh };
                prop_assert_eq!(salts.salt(Position(*position)), wanted);
            }
        }
    }
}
