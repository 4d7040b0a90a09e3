//! Writing a store anew: the same events under the same commitment, in a database that nothing is wrong with.
//!
//! Repair, restoring and destroying contents all end here. The new database grows beside the old one,
//! and counts only once it is whole and durable.

use std::fs;
use std::path::Path;

use crate::log::block::raw::Raw;
use crate::log::block::{self, Block, Encoded, Values};
use crate::log::commitment::{Frontier, Hash, UNIT_EVENTS, UNIT_HEIGHT};
use crate::log::database::keys::Keys;
use crate::log::database::store::Store;
use crate::log::folder::remains;
use crate::log::folder::witness::{Seen, Witness};
use crate::log::reading::past::Leaves;
use crate::log::{LogError, Position};

/// How much is written before the database is made to keep up.
const WRITTEN_BYTES: usize = 4 << 20;

/// A database while it is written anew.
#[derive(Debug)]
pub(in crate::log) struct Builder {
    store: Store,
    keys: Keys,
    leaves: Leaves,
    frontier: Frontier,
    /// Events whose content was destroyed, as their remains tell.
    gone: Vec<(Position, remains::Name)>,
    written: usize,
}

impl Builder {
    /// Begins a database in the folder `database`, which is emptied first.
    pub(in crate::log) fn begin(database: &Path, keys: Keys) -> Result<Self, LogError> {
        if database.exists() {
            fs::remove_dir_all(database).map_err(LogError::io("clear what was begun before", database))?;
        }
        let store = Store::open(database)?;
        store.put_keys(&keys)?;
        let leaves = Leaves::new(keys.salts.clone());
        Ok(Self { store, keys, leaves, frontier: Frontier::default(), gone: Vec::new(), written: 0 })
    }

    /// The commitment of the events so far.
    pub(in crate::log) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The last position so far.
    pub(in crate::log) fn head(&self) -> Position {
        Position(self.frontier.size())
    }

    /// Takes a block as it was; it must follow the one before it.
    pub(in crate::log) fn take(
        &mut self,
        block: &Block,
        values: Values,
        sealed: bool,
    ) -> Result<(), LogError> {
        let first = self.head().next();
        if block.first() != first {
            let what = format!("no block holds it, though there is one at {}", block.first());
            return Err(LogError::Damaged { position: first, what });
        }
        block.check_digests().map_err(LogError::damaged(first))?;
        let (count, mut units) = (block.len() as u32, Vec::new());
        self.note_gone(&block.raws().map_err(LogError::damaged(first))?)?;
        for leaf in self.leaves.of_block(block)? {
            let unit = self.frontier.size() / UNIT_EVENTS;
            let keep = |height, node| {
                if height == UNIT_HEIGHT {
                    units.push((unit, node))
                }
            };
            self.frontier.push(leaf, keep);
        }
        let (root, written) = (self.frontier.root(), values.len() as u64);
        let declares = block.declares();
        self.put(&Encoded { first, count, values, root, written, sealed, declares, units })
    }

    /// Takes events that are encoded anew.
    pub(in crate::log) fn take_events(&mut self, events: &[Raw<'_>]) -> Result<(), LogError> {
        let first = self.head().next();
        self.note_gone(events)?;
        let leaves = self.leaves.of(first, events).map_err(LogError::damaged(first))?;
        let blocks = block::encode(&mut self.frontier, events, &leaves).map_err(LogError::damaged(first))?;
        blocks.iter().try_for_each(|block| self.put(block))
    }

    /// Notes the names of those of the next events whose content was destroyed.
    fn note_gone(&mut self, events: &[Raw<'_>]) -> Result<(), LogError> {
        let first = self.head().next();
        for (number, event) in events.iter().enumerate() {
            if let Some(remains) = event.remains().map_err(LogError::damaged(first))? {
                self.gone.push((first.plus(number as u64), remains.name));
            }
        }
        Ok(())
    }

    fn put(&mut self, block: &Encoded) -> Result<(), LogError> {
        self.store.put_block(block)?;
        self.written += block.values.len();
        if self.written >= WRITTEN_BYTES {
            self.store.flush()?;
            self.written = 0;
        }
        Ok(())
    }

    /// Makes the database durable, and a witness of it at `witness`.
    pub(in crate::log) fn finish(self, witness: &Path) -> Result<(), LogError> {
        self.store.put_remains(&remains::values(&self.gone))?;
        self.store.sync()?;
        let seen = Seen { head: self.head(), root: self.root() };
        Witness::make(witness, self.keys.id, seen).map(drop)
    }
}
