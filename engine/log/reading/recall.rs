//! Blocks that were read a moment ago, for telling duplicates.
//!
//! Events that come again mostly come in the order in which they came first, so the blocks that hold
//! them are wanted many times in a row.

use std::sync::Arc;

use super::read::block_at;
use crate::log::block::Block;
use crate::log::database::store::Store;
use crate::log::{LogError, Position};

/// Some forty megabytes of full blocks.
const BLOCKS: usize = 64;

/// The blocks that were read last, the latest first.
#[derive(Debug, Default)]
pub(in crate::log) struct Recall {
    blocks: Vec<Arc<Block>>,
}

impl Recall {
    /// Whether the block that holds `position` is at hand.
    pub(in crate::log) fn has(&self, position: Position) -> bool {
        self.blocks.iter().any(|block| holds(block, position))
    }

    /// The block that holds `position`, and the event's number in it.
    pub(in crate::log) fn block(
        &mut self,
        store: &Store,
        position: Position,
    ) -> Result<(Arc<Block>, usize), LogError> {
        match self.blocks.iter().position(|block| holds(block, position)) {
            Some(at) => self.blocks[..=at].rotate_right(1),
            None => {
                let block = block_at(store, position)?;
                self.blocks.truncate(BLOCKS - 1);
                self.blocks.insert(0, Arc::new(block));
            }
        }
        let block = Arc::clone(&self.blocks[0]);
        let number = (position.0 - block.first().0) as usize;
        Ok((block, number))
    }
}

fn holds(block: &Block, position: Position) -> bool {
    (block.first()..=block.last()).contains(&position)
}
