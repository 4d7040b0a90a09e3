//! Events that are decoded already: what a sheet takes when nothing has to be read.
//!
//! Nothing answers from them but benchmarks, which tell by them how far a replay is from the speed of
//! memory.

use event::Dimension;

use super::book::{Book, declared};
use super::gather::{Common, gather_from};
use super::sheet::{Sheet, finish, with_needed};
use super::{ReplayError, Request, Watch, spread};
use crate::log::{Extent, HotBlock, Log, Position};

/// The blocks of a log in memory, taken apart.
#[derive(Debug)]
pub struct Decoded<'a> {
    log: &'a Log,
    wanted: Vec<Dimension>,
    extents: Vec<Extent>,
    blocks: Vec<HotBlock>,
}

impl<'a> Decoded<'a> {
    /// Reads all blocks of a log, with the levels of the dimensions `wanted`.
    ///
    /// # Errors
    /// When a block cannot be read.
    pub fn read(log: &'a Log, wanted: &[Dimension]) -> Result<Self, ReplayError> {
        let (wanted, extents) = (with_needed(wanted), log.extents(..)?);
        let (mut reading, mut blocks) = (log.hot_blocks(.., &wanted), Vec::new());
        while reading.next_block()?.is_some() {
            blocks.push(reading.take_block());
        }
        Ok(Self { log, wanted, extents, blocks })
    }

    /// The sheet of these blocks: what [`sheet`](super::sheet()) makes of the log, which is read only for
    /// what sources declare and for consultations that are not plain.
    ///
    /// # Errors
    /// As that of a sheet.
    pub fn sheet(&self, request: &Request, watch: &Watch) -> Result<Sheet, ReplayError> {
        let mut sources = projections::source::Sources::default();
        declared(self.log, &self.extents, &mut sources)?;
        let book = Book::of(&sources);
        let common = Common::new(self.log, request, (&self.wanted, &book), watch);
        let each = self.blocks.len().div_ceil(request.threads()).max(1);
        let stretches = spread(self.blocks.chunks(each), request.threads(), |blocks| {
            let mut blocks = blocks.iter();
            gather_from(&common, |take| match blocks.next() {
                Some(block) => take(block, 0..block.len()).map(|()| true),
                None => Ok(false),
            })
        });
        let stretches = stretches.into_iter().collect::<Result<Vec<_>, ReplayError>>()?;
        let position = self.extents.last().map_or(Position::START, |extent| extent.last);
        finish(&common, stretches, sources, (request.until, request.threads(), position))
    }
}
