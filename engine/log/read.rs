//! Reading ranges of the log.
//!
//! A read goes no further than the head was when it began, and checks as it goes that each block
//! begins where the one before it ended: a log with a hole ends in an error, never early.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use super::block::{Block, Stored};
use super::brief::HotBlock;
use super::recall::Recall;
use super::store::{Entry, Key, Store};
use super::{LogError, Position, hot};

/// The positions that a read is about, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    first: Position,
    last: Position,
}

impl Span {
    /// What of `range` lies between the first position and `head`.
    pub(super) fn of(range: impl RangeBounds<Position>, head: Position) -> Self {
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
}

/// The entries of the blocks that hold positions of `span`; an error where one is missing, and no more after it.
pub(super) fn blocks(store: &Store, span: Span) -> impl Iterator<Item = Result<Entry, LogError>> {
    let mut start = Some(span.first);
    let mut rest = None;
    let mut next = span.first;
    std::iter::from_fn(move || {
        if next > span.last {
            return None;
        }
        if let Some(first) = start.take() {
            match store.entry_at(first) {
                Ok(entry) => rest = Some(store.entries(entry.map_or(first, |entry| entry.first))),
                Err(error) => return stop(&mut next, error),
            }
        }
        match rest.as_mut()?.next() {
            Some(Ok(entry))
                if entry.last() >= next
                    && (entry.first == next || next == span.first)
                    && entry.first <= next =>
            {
                next = entry.last().next();
                Some(Ok(entry))
            }
            Some(Err(error)) => stop(&mut next, error),
            Some(Ok(_)) | None => {
                let what = "no block holds it, though later positions were acknowledged".to_owned();
                let error = LogError::Damaged { position: next, what };
                stop(&mut next, error)
            }
        }
    })
}

fn stop<T>(next: &mut Position, error: LogError) -> Option<Result<T, LogError>> {
    *next = Position(u64::MAX);
    Some(Err(error))
}

/// The hot blocks that hold positions of `span`, cut to it.
pub(super) fn hot_blocks(store: &Store, span: Span) -> impl Iterator<Item = Result<HotBlock, LogError>> {
    blocks(store, span).map(move |entry| {
        let first = entry?.first;
        let missing = || LogError::Damaged { position: first, what: "its hot value is missing".to_owned() };
        let value = store.get(Key::Hot, first)?.ok_or_else(missing)?;
        hot::decode(&value).map(|block| cut(block, span)).map_err(LogError::damaged(first))
    })
}

/// The events of `span`.
pub(super) fn events(store: &Store, span: Span) -> impl Iterator<Item = Result<Stored, LogError>> {
    blocks(store, span).flat_map(move |entry| {
        let (block, error) = match entry.and_then(|entry| read_block(store, entry.first)) {
            Ok(block) => (Some(block), None),
            Err(error) => (None, Some(Err(error))),
        };
        block.into_iter().flat_map(move |block| stored(block, span)).chain(error)
    })
}

/// Source and id of the events at `positions`.
pub(super) fn names(
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

/// The block that begins at `first`.
pub(super) fn read_block(store: &Store, first: Position) -> Result<Block, LogError> {
    let value = |key, what: &str| {
        let missing = || LogError::Damaged { position: first, what: format!("its {what} value is missing") };
        store.get(key, first)?.ok_or_else(missing)
    };
    let (hot, cold) = (value(Key::Hot, "hot")?, value(Key::Cold, "cold")?);
    Block::decode(&hot, &cold).map_err(LogError::damaged(first))
}

fn cut(mut block: HotBlock, span: Span) -> HotBlock {
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
        .filter(move |number| (span.first..=span.last).contains(&first.plus(*number as u64)))
        .map(move |number| block.stored(number).map_err(LogError::damaged(first.plus(number as u64))))
}
