//! The commitment at positions of the past, from what the store keeps: the nodes of complete units, and
//! the events of the unit that is cut.

use std::path::PathBuf;

use super::read::{self, Span};
use crate::log::block::Block;
use crate::log::block::raw::Raw;
use crate::log::commitment::{Frontier, Hash, Salts, UNIT_EVENTS, UNIT_HEIGHT};
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::{Log, LogError, Position};

/// What was made of events that are past, and whether it is of these.
impl Log {
    /// What no other log has had at this position: of which store and which of its generations it is, and
    /// the commitment to all events up to there.
    ///
    /// # Errors
    ///
    /// When a block cannot be read, or the log does not go so far.
    pub fn fingerprint(&self, position: Position) -> Result<[u8; 32], LogError> {
        let head = self.head();
        if position > head {
            return Err(LogError::NoPosition { position, head });
        }
        let mut leaves = Leaves::new(self.store.keys()?.ok_or_else(|| self.keyless())?.salts);
        let root = frontier_at(&self.store, &mut leaves, position)?.root();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.id).update(&self.home.generation().to_le_bytes());
        hasher.update(&position.0.to_le_bytes()).update(&root);
        Ok(*hasher.finalize().as_bytes())
    }

    /// A folder for what can be made of the events anew; it goes when they are replaced.
    #[must_use]
    pub fn derived(&self) -> PathBuf {
        self.home.derived()
    }
}

/// Leaves of events, one after the other.
#[derive(Debug, Clone)]
pub(in crate::log) struct Leaves {
    pub(in crate::log) salts: Salts,
    buffer: Vec<u8>,
}

impl Leaves {
    pub(in crate::log) fn new(salts: Salts) -> Self {
        Self { salts, buffer: Vec::new() }
    }

    /// The leaves of `events`, the first of which stands at `first`.
    pub(in crate::log) fn of(&mut self, first: Position, events: &[Raw<'_>]) -> Result<Vec<Hash>, Damage> {
        let leaf = |(number, event): (usize, &Raw<'_>)| {
            event.leaf(first.plus(number as u64), &mut self.salts, &mut self.buffer)
        };
        events.iter().enumerate().map(leaf).collect()
    }

    /// The leaves of a block.
    pub(in crate::log) fn of_block(&mut self, block: &Block) -> Result<Vec<Hash>, LogError> {
        let leaves = block.raws().and_then(|events| self.of(block.first(), &events));
        leaves.map_err(LogError::damaged(block.first()))
    }
}

/// The growing edge as it was when `head` was the last position.
pub(in crate::log) fn frontier_at(
    store: &Store,
    leaves: &mut Leaves,
    head: Position,
) -> Result<Frontier, LogError> {
    let mut frontier = Frontier::default();
    for node in store.units(head.0 / UNIT_EVENTS)? {
        frontier.push_subtree(UNIT_HEIGHT, node);
    }
    let first = Position(frontier.size()).next();
    add(store, leaves, &mut frontier, Span::of(first.., head))?;
    Ok(frontier)
}

/// The same, from the events alone.
pub(in crate::log) fn recount(
    store: &Store,
    leaves: &mut Leaves,
    head: Position,
) -> Result<Frontier, LogError> {
    let mut frontier = Frontier::default();
    add(store, leaves, &mut frontier, Span::of(.., head))?;
    Ok(frontier)
}

/// Adds the leaves of the events of `span`.
fn add(store: &Store, leaves: &mut Leaves, frontier: &mut Frontier, span: Span) -> Result<(), LogError> {
    each_leaf(store, leaves, span, |leaf| frontier.push(leaf, |_, _| {}))
}

/// Hands out the leaves of the events of `span`, in order.
pub(in crate::log) fn each_leaf(
    store: &Store,
    leaves: &mut Leaves,
    span: Span,
    mut each: impl FnMut(Hash),
) -> Result<(), LogError> {
    for block in read::whole_blocks(store, span) {
        let (part, block) = block?;
        for (number, leaf) in leaves.of_block(&block)?.into_iter().enumerate() {
            if part.holds(block.first().plus(number as u64)) {
                each(leaf);
            }
        }
    }
    Ok(())
}

/// The root of the leaves of `count` events after the first `before`, as a path needs it.
pub(in crate::log) fn subtree(
    store: &Store,
    leaves: &mut Leaves,
    units: &[Hash],
    before: u64,
    count: u64,
) -> Result<Hash, LogError> {
    let mut frontier = Frontier::default();
    let (unit, whole) = (before / UNIT_EVENTS, count / UNIT_EVENTS);
    if before.is_multiple_of(UNIT_EVENTS) {
        for node in units.iter().skip(unit as usize).take(whole as usize) {
            frontier.push_subtree(UNIT_HEIGHT, *node);
        }
    }
    let first = Position(before + frontier.size()).next();
    add(store, leaves, &mut frontier, Span::of(first.., Position(before + count)))?;
    Ok(frontier.root())
}

/// What the hashes beside the way of one leaf are found from.
#[derive(Debug)]
pub(in crate::log) struct Ground<'a> {
    store: &'a Store,
    pub(in crate::log) leaves: Leaves,
    units: Vec<Hash>,
    /// How many leaves lie before the unit of the position, and those that lie in it.
    before: u64,
    near: Vec<Hash>,
}

impl<'a> Ground<'a> {
    pub(in crate::log) fn around(
        store: &'a Store,
        mut leaves: Leaves,
        head: Position,
        position: Position,
    ) -> Result<Self, LogError> {
        let units = store.units(head.0 / UNIT_EVENTS)?;
        let before = (position.0 - 1) / UNIT_EVENTS * UNIT_EVENTS;
        let span = Span::of(Position(before).next()..=Position(before).plus(UNIT_EVENTS), head);
        let mut near = Vec::new();
        each_leaf(store, &mut leaves, span, |leaf| near.push(leaf))?;
        Ok(Self { store, leaves, units, before, near })
    }

    /// The root of `count` leaves after the first `first`.
    pub(in crate::log) fn subtree(&mut self, first: u64, count: u64) -> Result<Hash, LogError> {
        let within = first.checked_sub(self.before).and_then(|begin| {
            let begin = usize::try_from(begin).ok()?;
            self.near.get(begin..begin.checked_add(usize::try_from(count).ok()?)?)
        });
        let Some(near) = within else {
            return subtree(self.store, &mut self.leaves, &self.units, first, count);
        };
        let mut frontier = Frontier::default();
        near.iter().for_each(|leaf| frontier.push(*leaf, |_, _| {}));
        Ok(frontier.root())
    }
}

/// Writes the nodes of all units up to `head` anew, from the events.
pub(in crate::log) fn put_units(store: &Store, leaves: &mut Leaves, head: Position) -> Result<(), LogError> {
    for unit in 0..head.0 / UNIT_EVENTS {
        let node = subtree(store, leaves, &[], unit * UNIT_EVENTS, UNIT_EVENTS)?;
        store.put_unit(unit, &node)?;
    }
    Ok(())
}
