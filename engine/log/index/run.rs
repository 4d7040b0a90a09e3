//! A run: the marks of one range of positions, sorted, in pages.
//!
//! A run is written page by page and exists from the moment its record does; the record goes in
//! together with the removal of the runs that it replaces. Pages without a record are left-overs of
//! a crash and removed when the index is next opened.

use std::iter::Peekable;

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::page::{self, Page};
use super::{LoadError, Mark};
use crate::log::bytes::{codec, frame};
use crate::log::database::store::{Pair, Store};
use crate::log::error::Damage;
use crate::log::{LogError, Position};

/// How many marks a page holds at most, on average.
const PAGE_MARKS: u64 = 2048;
const CHUNK_BYTES: usize = 64 << 10;
/// How much is written before the database is made to keep up.
const WRITTEN_BYTES: usize = 4 << 20;

/// What is kept of a run beside its pages and its filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RunV1 {
    first: u64,
    last: u64,
    page_bits: u8,
}

/// A run that can be asked.
#[derive(Debug)]
pub(super) struct Run {
    id: u32,
    record: RunV1,
    filter: Filter,
}

impl Run {
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn first(&self) -> Position {
        Position(self.record.first)
    }

    pub(super) fn last(&self) -> Position {
        Position(self.record.last)
    }

    pub(super) fn len(&self) -> u64 {
        self.record.len()
    }

    /// Adds to `found` every position whose event has this mark.
    pub(super) fn find(&self, store: &Store, mark: Mark, found: &mut Vec<Position>) -> Result<(), LoadError> {
        if !self.filter.may_have(mark) {
            return Ok(());
        }
        let number = mark.0 >> (Mark::BITS - self.page_bits());
        self.with_page(store, number, |page| page.find(mark, found))
    }

    /// Whether the filter lets a mark through.
    pub(super) fn may_have(&self, mark: Mark) -> bool {
        self.filter.may_have(mark)
    }

    fn page_bits(&self) -> u32 {
        u32::from(self.record.page_bits)
    }

    fn with_page<T>(
        &self,
        store: &Store,
        number: u64,
        ask: impl FnOnce(&Page<'_>) -> T,
    ) -> Result<T, LoadError> {
        let value = store
            .get_index(&key(b'p', self.id, number as u32))?
            .ok_or_else(|| Damage::new("a page of it is missing"))?;
        Ok(ask(&Page::decode(frame::checked(&value)?, self.page_bits(), number)?))
    }

    /// Every mark, page by page.
    pub(super) fn marks(&self, store: &Store) -> impl Iterator<Item = Result<(Mark, Position), LoadError>> {
        (0..1_u64 << self.page_bits()).flat_map(move |number| {
            let page = self.with_page(store, number, |page| (0..page.len()).map(|at| page.get(at)).collect());
            let (marks, error): (Vec<_>, _) = match page {
                Ok(marks) => (marks, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            marks.into_iter().map(Ok).chain(error)
        })
    }

    fn keys(&self) -> impl Iterator<Item = Vec<u8>> {
        let chunks = Filter::bytes_for(self.len()).div_ceil(CHUNK_BYTES) as u32;
        let pages = 1_u32 << self.page_bits();
        let (filter, pages) =
            ((0..chunks).map(|n| key(b'f', self.id, n)), (0..pages).map(|n| key(b'p', self.id, n)));
        std::iter::once(record_key(self.id)).chain(filter).chain(pages)
    }
}

impl RunV1 {
    fn len(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// Writes a run of sorted `marks`, one for each position of `range`, in place of the runs `replaced`.
pub(super) fn write(
    store: &Store,
    id: u32,
    range: (Position, Position),
    marks: impl Iterator<Item = Result<(Mark, Position), LoadError>>,
    replaced: &[Run],
) -> Result<Run, LoadError> {
    let len = range.1.0 - range.0.0 + 1;
    let page_bits = len.div_ceil(PAGE_MARKS).next_power_of_two().ilog2();
    let record = RunV1 { first: range.0.0, last: range.1.0, page_bits: page_bits as u8 };
    let mut run = Run { id, record, filter: Filter::new(len) };
    let mut out = Writer { store, puts: Vec::new(), bytes: 0 };
    let mut marks = marks.peekable();
    for number in 0..1_u64 << page_bits {
        let page = page_of(&mut marks, number, page_bits)?;
        page.iter().for_each(|(mark, _)| run.filter.add(*mark));
        out.put(key(b'p', id, number as u32), &page::encode(&page, page_bits))?;
    }
    for (number, chunk) in run.filter.bytes().chunks(CHUNK_BYTES).enumerate() {
        out.put(key(b'f', id, number as u32), chunk)?;
    }
    let mut bytes = Vec::new();
    codec::write(&mut bytes, &run.record)?;
    out.puts.push((record_key(id), frame::with_checksum(&bytes)));
    store.edit_index(out.puts, replaced.iter().flat_map(Run::keys).collect())?;
    Ok(run)
}

/// The marks of several runs, sorted.
pub(super) fn merged<'a>(
    store: &'a Store,
    runs: &'a [Run],
) -> Result<impl Iterator<Item = Result<(Mark, Position), LoadError>> + use<'a>, LoadError> {
    let mut heads = Vec::new();
    for run in runs {
        let mut marks = run.marks(store);
        heads.push((marks.next().transpose()?, marks));
    }
    Ok(std::iter::from_fn(move || {
        let (head, marks) =
            heads.iter_mut().filter(|(head, _)| head.is_some()).min_by_key(|(head, _)| *head)?;
        let least = head.take()?;
        match marks.next().transpose() {
            Ok(next) => *head = next,
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(least))
    }))
}

/// Every run that has a record, oldest first.
pub(super) fn load_all(store: &Store) -> Result<Vec<Run>, LoadError> {
    let mut runs: Vec<Run> = Vec::new();
    let mut from = record_key(0);
    while let Some((found, value)) = store.first_index(&from)?.filter(|(key, _)| key.first() == Some(&b'r')) {
        let id = run_of(&found)?;
        let record: RunV1 = codec::read(frame::checked(&value)?)?;
        if record.first == 0 || record.last < record.first || record.page_bits > 31 {
            return Err(Damage::new("the record of a run that cannot be").into());
        }
        let filter = load_filter(store, id, &record)?;
        runs.push(Run { id, record, filter });
        from = record_key(id + 1);
    }
    Ok(runs)
}

fn load_filter(store: &Store, id: u32, record: &RunV1) -> Result<Filter, LoadError> {
    let length = Filter::bytes_for(record.len());
    let mut bytes = Vec::new();
    for number in 0..length.div_ceil(CHUNK_BYTES) {
        let value = store
            .get_index(&key(b'f', id, number as u32))?
            .ok_or_else(|| Damage::new("a piece of a filter is missing"))?;
        bytes.extend_from_slice(frame::checked(&value)?);
    }
    Ok(Filter::from_bytes(record.len(), &bytes).ok_or_else(|| Damage::new("a filter of another length"))?)
}

/// Removes pages and pieces of filters that no run owns.
pub(super) fn remove_strays(store: &Store, runs: &[Run]) -> Result<(), LoadError> {
    for part in [b'f', b'p'] {
        let mut from = vec![part];
        while let Some((found, _)) = store.first_index(&from)?.filter(|(key, _)| key.first() == Some(&part)) {
            let id = run_of(&found)?;
            if runs.iter().any(|run| run.id == id) {
                from = key(part, id + 1, 0);
            } else {
                store.edit_index(Vec::new(), vec![found.to_vec()])?;
                from = found.to_vec();
            }
        }
    }
    Ok(())
}

/// The marks that belong on that page, taken from the front.
fn page_of(
    marks: &mut Peekable<impl Iterator<Item = Result<(Mark, Position), LoadError>>>,
    number: u64,
    page_bits: u32,
) -> Result<Vec<(Mark, Position)>, LoadError> {
    let mut page = Vec::with_capacity(PAGE_MARKS as usize);
    let here = |(mark, _): &(Mark, Position)| mark.0 >> (Mark::BITS - page_bits) <= number;
    while let Some(next) = marks.next_if(|next| next.as_ref().map_or(true, here)) {
        page.push(next?);
    }
    Ok(page)
}

/// Hands pages to the database, no more at a time than it can write.
struct Writer<'a> {
    store: &'a Store,
    puts: Vec<Pair>,
    bytes: usize,
}

impl Writer<'_> {
    fn put(&mut self, key: Vec<u8>, payload: &[u8]) -> Result<(), LogError> {
        self.bytes += payload.len();
        self.puts.push((key, frame::with_checksum(payload)));
        if self.bytes >= WRITTEN_BYTES {
            self.store.edit_index(std::mem::take(&mut self.puts), Vec::new())?;
            self.store.flush()?;
            self.bytes = 0;
        }
        Ok(())
    }
}

fn record_key(id: u32) -> Vec<u8> {
    let mut key = vec![b'r'];
    key.extend(id.to_be_bytes());
    key
}

fn key(part: u8, id: u32, number: u32) -> Vec<u8> {
    let mut key = vec![part];
    key.extend(id.to_be_bytes());
    key.extend(number.to_be_bytes());
    key
}

fn run_of(key: &[u8]) -> Result<u32, Damage> {
    let id =
        key.get(1..5).and_then(|id| id.try_into().ok()).ok_or_else(|| Damage::new("a key that is short"))?;
    Ok(u32::from_be_bytes(id))
}
