//! Reading ranges of the log.
//!
//! A read goes no further than the head was when it began, and checks as it goes that each block
//! follows the one before it: a log with a hole ends in an error, never early. Blocks may be merged
//! meanwhile: each is looked up by the position that is wanted next, and looked up again when it turns
//! out to have been replaced.

use std::collections::BTreeMap;
use std::ops::{Bound, Range, RangeBounds};

use event::{Dimension, Time};

use super::recall::Recall;
use crate::log::block::brief::{BriefBlock, Contexts};
use crate::log::block::cold;
use crate::log::block::entry::Entry;
use crate::log::block::hot::{self, HotBlock};
use crate::log::block::{Block, Stored, Values};
use crate::log::database::store::{Key, Store, Value};
use crate::log::error::Damage;
use crate::log::{Log, LogError, Position};

/// How often a block that is being replaced is looked up again.
const ATTEMPTS: usize = 16;

/// The positions that a read is about, both ends included.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct Span {
    pub(in crate::log) first: Position,
    pub(in crate::log) last: Position,
}

impl Span {
    /// What of `range` lies between the first position and `head`.
    pub(in crate::log) fn of(range: impl RangeBounds<Position>, head: Position) -> Self {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.next(),
            Bound::Unbounded => Position::FIRST,
        };
        let last = match range.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(after) => Position(after.0.saturating_sub(1)),
            Bound::Unbounded => head,
        };
        Self { first: first.max(Position::FIRST), last: last.min(head) }
    }

    /// Whether it has that position.
    pub(in crate::log) fn holds(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position)
    }
}

/// What `fetch` gets of the blocks that hold positions of `span`, each with what of the span it is to
/// give; an error where one is missing, and no more after it.
fn each<T>(
    store: &Store,
    span: Span,
    fetch: impl Fn(&Store, Entry) -> Result<T, LogError>,
) -> impl Iterator<Item = Result<(Span, T), LogError>> {
    let mut next = span.first;
    std::iter::from_fn(move || {
        if next > span.last {
            return None;
        }
        match at(store, next, &fetch) {
            Ok((entry, fetched)) => {
                let part = Span { first: next, last: span.last.min(entry.last()) };
                next = entry.last().next();
                Some(Ok((part, fetched)))
            }
            Err(error) => {
                next = Position(u64::MAX);
                Some(Err(error))
            }
        }
    })
}

/// What `fetch` gets of the block that holds `position`, however often it is replaced meanwhile.
fn at<T>(
    store: &Store,
    position: Position,
    fetch: impl Fn(&Store, Entry) -> Result<T, LogError>,
) -> Result<(Entry, T), LogError> {
    let mut before = None;
    for _ in 0..ATTEMPTS {
        let entry = store.entry_at(position)?;
        let error = match entry.filter(|entry| entry.last() >= position) {
            Some(entry) => match fetch(store, entry) {
                Ok(fetched) => return Ok((entry, fetched)),
                Err(error) => error,
            },
            None => LogError::Damaged { position, what: "no block holds it".to_owned() },
        };
        // What stays the same is not being replaced.
        if before.replace(entry) == Some(entry) {
            return Err(error);
        }
    }
    Err(LogError::Damaged { position, what: "its block does not come to rest; read again".to_owned() })
}

/// The entries of the blocks that hold positions of `span`.
pub(in crate::log) fn entries(store: &Store, span: Span) -> impl Iterator<Item = Result<Entry, LogError>> {
    each(store, span, |_, entry| Ok(entry)).map(|got| got.map(|(_, entry)| entry))
}

/// The events of the blocks that hold positions of `span` in brief, cut to it.
pub(in crate::log) fn brief_blocks(
    store: &Store,
    span: Span,
) -> impl Iterator<Item = Result<BriefBlock, LogError>> {
    each(store, span, brief_pieces).flat_map(|got| {
        let (part, pieces, error) = match got {
            Ok((part, pieces)) => (part, Some(pieces), None),
            Err(error) => (Span { first: Position::FIRST, last: Position::START }, None, Some(Err(error))),
        };
        pieces
            .into_iter()
            .flatten()
            .filter_map(move |piece| Some(cut(piece, part)).filter(|piece| !piece.events.is_empty()))
            .map(Ok)
            .chain(error)
    })
}

fn brief_pieces(store: &Store, entry: Entry) -> Result<impl Iterator<Item = BriefBlock> + use<>, LogError> {
    read_block(store, entry)?.into_brief().map_err(LogError::damaged(entry.first))
}

/// Reads hot blocks one after the other, each in the place of the one before it.
#[derive(Debug)]
pub struct HotBlocks<'a> {
    store: &'a Store,
    wanted: Vec<Dimension>,
    next: Position,
    last: Position,
    block: HotBlock,
}

impl<'a> HotBlocks<'a> {
    pub(in crate::log) fn new(store: &'a Store, span: Span, wanted: &[Dimension]) -> Self {
        let (wanted, block) = (wanted.to_vec(), HotBlock::default());
        Self { store, wanted, next: span.first, last: span.last, block }
    }

    /// The next block, and which of its events are meant; none behind the last.
    ///
    /// # Errors
    ///
    /// When a block cannot be read; asking again is no use.
    pub fn next_block(&mut self) -> Result<Option<(&HotBlock, Range<usize>)>, LogError> {
        if self.next > self.last {
            return Ok(None);
        }
        let block = std::cell::RefCell::new(&mut self.block);
        let fetch = |store: &Store, entry: Entry| {
            let value = value(store, Key::Hot, entry.first)?;
            let mut block = block.borrow_mut();
            let read = block.read(&value, &self.wanted);
            read.and_then(|()| same(entry, block.first(), block.len()))
                .map_err(LogError::damaged(entry.first))
        };
        let (entry, ()) = at(self.store, self.next, fetch)?;
        // One that was merged meanwhile may begin before what is wanted next.
        let (from, to) = (self.next.0 - entry.first.0, self.last.min(entry.last()).0 - entry.first.0);
        self.next = entry.last().next();
        Ok(Some((&self.block, from as usize..to as usize + 1)))
    }
}

impl HotBlocks<'_> {
    /// The block that was read last, to be kept; after it another one has to be read.
    pub fn take_block(&mut self) -> HotBlock {
        std::mem::take(&mut self.block)
    }
}

/// The last position before the first event that was recorded after `at`.
fn recorded_by(store: &Store, head: Position, at: Time) -> Result<Position, LogError> {
    let fetch = |store: &Store, entry: Entry| {
        let value = value(store, Key::Cold, entry.first)?;
        Ok(cold::decode(&value).map_err(LogError::damaged(entry.first))?.recorded_at)
    };
    for got in each(store, Span::of(.., head), fetch) {
        let (part, recorded) = got?;
        if let Some(later) = recorded.iter().position(|recorded| *recorded > at) {
            return Ok(Position(part.first.0 + later as u64 - 1));
        }
    }
    Ok(head)
}

/// Reading for a replay.
impl Log {
    /// The hot blocks that hold events of `range`, for a replay; of the dimensions only those `wanted`.
    #[must_use]
    pub fn hot_blocks(&self, range: impl RangeBounds<Position>, wanted: &[Dimension]) -> HotBlocks<'_> {
        HotBlocks::new(&self.store, Span::of(range, self.head()), wanted)
    }

    /// The head of the log as it was at `at`: the last position before the first event that was recorded later.
    ///
    /// # Errors
    ///
    /// When a block cannot be read.
    pub fn recorded_by(&self, at: Time) -> Result<Position, LogError> {
        recorded_by(&self.store, self.head(), at)
    }

    /// Where the blocks lie that hold events of `range`, up to the head.
    ///
    /// # Errors
    ///
    /// When the list of blocks cannot be read or leaves positions out.
    pub fn extents(&self, range: impl RangeBounds<Position>) -> Result<Vec<Extent>, LogError> {
        extents(&self.store, Span::of(range, self.head())).collect()
    }
}

/// Where a block lies, and whether some source declares in it what it can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its first position.
    pub first: Position,
    /// Its last position.
    pub last: Position,
    /// Whether a replay must look into it before all others.
    pub declares: bool,
}

/// Where the blocks that hold positions of `span` lie.
pub(in crate::log) fn extents(store: &Store, span: Span) -> impl Iterator<Item = Result<Extent, LogError>> {
    entries(store, span).map(|entry| {
        let entry = entry?;
        Ok(Extent { first: entry.first, last: entry.last(), declares: entry.declares })
    })
}

/// The blocks that hold positions of `span` as they are kept, with their entries.
pub(in crate::log) fn values(
    store: &Store,
    span: Span,
) -> impl Iterator<Item = Result<(Entry, Values), LogError>> {
    let fetch = |store: &Store, entry: Entry| {
        let (hot, cold) = (value(store, Key::Hot, entry.first)?, value(store, Key::Cold, entry.first)?);
        Ok((entry, Values { hot: hot.to_vec(), cold: cold.to_vec() }))
    };
    each(store, span, fetch).map(|got| got.map(|(_, block)| block))
}

/// The contexts of the blocks that hold positions of `span`, not cut.
pub(in crate::log) fn contexts(
    store: &Store,
    span: Span,
) -> impl Iterator<Item = Result<Contexts, LogError>> {
    let fetch = |store: &Store, entry: Entry| {
        let value = value(store, Key::Hot, entry.first)?;
        let hot = hot::decode(&value).map_err(LogError::damaged(entry.first))?;
        Ok(hot.contexts())
    };
    each(store, span, fetch).map(|got| got.map(|(_, contexts)| contexts))
}

/// The blocks that hold positions of `span`, not cut, each with what of the span it is to give: one that was
/// merged meanwhile may begin before that.
pub(in crate::log) fn whole_blocks(
    store: &Store,
    span: Span,
) -> impl Iterator<Item = Result<(Span, Block), LogError>> {
    each(store, span, read_block)
}

/// Where the blocks that hold positions of `span` begin, within it and in order.
pub(in crate::log) fn firsts(store: &Store, span: Span) -> impl Iterator<Item = Result<Position, LogError>> {
    each(store, span, |_, _| Ok(())).map(|got| got.map(|(part, ())| part.first))
}

/// The events of `span`.
pub(in crate::log) fn events(store: &Store, span: Span) -> impl Iterator<Item = Result<Stored, LogError>> {
    each(store, span, read_block).flat_map(move |got| {
        let (read, error) = match got {
            Ok(read) => (Some(read), None),
            Err(error) => (None, Some(Err(error))),
        };
        read.into_iter().flat_map(|(part, block)| stored(block, part)).chain(error)
    })
}

/// Source and id of the events at `positions`.
pub(in crate::log) fn names(
    store: &Store,
    positions: &[Position],
    head: Position,
) -> Result<BTreeMap<Position, (String, String)>, LogError> {
    let mut wanted: Vec<_> =
        positions.iter().copied().filter(|position| (Position::FIRST..=head).contains(position)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (mut recall, mut names) = (Recall::default(), BTreeMap::new());
    for position in wanted {
        let (block, number) = recall.block(store, position)?;
        let (source, id) = block.name(number);
        names.insert(position, (source.to_owned(), id.to_owned()));
    }
    Ok(names)
}

/// The block that holds `position`.
pub(in crate::log) fn block_at(store: &Store, position: Position) -> Result<Block, LogError> {
    at(store, position, read_block).map(|(_, block)| block)
}

/// The block of that entry.
pub(in crate::log) fn read_block(store: &Store, entry: Entry) -> Result<Block, LogError> {
    let (hot, cold) = (value(store, Key::Hot, entry.first)?, value(store, Key::Cold, entry.first)?);
    let block = Block::decode(&hot, &cold).and_then(|block| {
        same(entry, block.first(), block.len())?;
        Ok(block)
    });
    block.map_err(LogError::damaged(entry.first))
}

fn value(store: &Store, key: Key, first: Position) -> Result<Value, LogError> {
    let what = if key == Key::Hot { "hot" } else { "cold" };
    let missing = || LogError::Damaged { position: first, what: format!("its {what} value is missing") };
    store.get(key, first)?.ok_or_else(missing)
}

fn same(entry: Entry, first: Position, events: usize) -> Result<(), Damage> {
    if (entry.first, entry.events as usize) == (first, events) {
        return Ok(());
    }
    Err(Damage::new("it is not the block that its entry speaks of"))
}

fn cut(mut block: BriefBlock, span: Span) -> BriefBlock {
    let before = span.first.0.saturating_sub(block.first.0);
    let after = block.last().0.saturating_sub(span.last.0);
    block.events.truncate(block.events.len().saturating_sub(after as usize));
    block.events.drain(..(before as usize).min(block.events.len()));
    block.first = block.first.plus(before);
    block
}

fn stored(block: Block, span: Span) -> impl Iterator<Item = Result<Stored, LogError>> {
    let first = block.first();
    (0..block.len())
        .filter(move |number| span.holds(first.plus(*number as u64)))
        .filter_map(move |number| block.stored(number).transpose())
        .map(move |stored| stored.map_err(LogError::damaged(first)))
}
