//! Redaction: the content of one consultation is destroyed for ever, and the commitment still holds.
//!
//! What stays of each event is its leaf and a keyed hash of its name; its salt goes, so that nobody who
//! knows the leaf can test what it was. The store is written anew, since a database keeps old bytes in
//! its file, and the old one is erased. That it happened is an entry of the log itself, with the
//! positions and the reason and without the name of the consultation.

use std::path::Path;

use event::Time;

use super::opening::{self, Opened};
use super::rebuild::Builder;
use crate::log::block::Block;
use crate::log::block::raw::{Raw, Remains};
use crate::log::block::records::{RedactedV1, RedactionV1};
use crate::log::block::registry;
use crate::log::bytes::codec;
use crate::log::database::keys::Keys;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::folder::home::{Before, Home};
use crate::log::folder::remains::Gone;
use crate::log::reading::past::Leaves;
use crate::log::reading::read::{self, Span};
use crate::log::{Content, LogError, Mode, Position};

/// How many positions one record of a redaction holds.
const POSITIONS_A_RECORD: usize = 8192;

/// That contents were destroyed, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redaction {
    /// Where that is told.
    pub position: Position,
    /// When it was done.
    pub at: Time,
    /// Where the events stood.
    pub positions: Vec<Position>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
}

/// What a redaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redacted {
    /// Where the destroyed events stood.
    pub positions: Vec<Position>,
    /// The last position, which tells of the redaction.
    pub head: Position,
    /// Folders in the store that were kept aside by a repair and still hold what they held.
    pub kept_aside: Vec<std::path::PathBuf>,
}

/// Destroys the content of every event of `consultation` in the store `dir`.
///
/// `progress` is told how many events of how many were written anew.
///
/// # Errors
///
/// When the store cannot be opened, is damaged, holds no such consultation (then `Ok(None)`), or cannot be
/// written: it is then as it was.
pub fn redact(
    dir: &Path,
    consultation: &str,
    reason: Option<&str>,
    at: Time,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Redacted>, LogError> {
    let (mut home, opened) = opening::open(Home::lock(dir, Mode::Existing)?)?;
    let Opened { store, witness, leaves, frontier, id, .. } = opened;
    drop(witness);
    let head = Position(frontier.size());
    let positions = positions_of(&store, consultation, head)?;
    if positions.is_empty() {
        return Ok(None);
    }
    let gone = Gone::of(id);
    let mut salts = leaves.salts.clone();
    positions.iter().for_each(|position| salts.forget(*position));
    let (database, new_witness) = home.next_generation();
    let builder = Builder::begin(&database, Keys { id, salts })?;
    let mut work = Work { leaves, gone, positions: &positions, builder, head };
    work.copy(&store, progress)?;
    let mut builder = work.builder;
    if builder.root() != frontier.root() {
        let what = "the commitment did not survive the redaction, which was not made".to_owned();
        return Err(LogError::Damaged { position: head, what });
    }
    record(&mut builder, &positions, reason, at)?;
    let head = builder.head();
    builder.finish(&new_witness)?;
    drop(store);
    home.switch(id, Before::Erase)?;
    Ok(Some(Redacted { positions, head, kept_aside: home.kept_aside() }))
}

/// Where the events of a consultation stand.
pub(in crate::log) fn positions_of(
    store: &Store,
    consultation: &str,
    head: Position,
) -> Result<Vec<Position>, LogError> {
    let mut positions = Vec::new();
    for block in read::brief_blocks(store, Span::of(.., head)) {
        let block = block?;
        let Some(number) = block.consultations.iter().position(|name| name == consultation) else { continue };
        for (position, brief) in (block.first.0..).zip(&block.events) {
            if brief.consultation as usize == number {
                positions.push(Position(position));
            }
        }
    }
    Ok(positions)
}

/// Copying a log while some of its contents are left behind.
struct Work<'a> {
    leaves: Leaves,
    gone: Gone,
    positions: &'a [Position],
    builder: Builder,
    head: Position,
}

impl Work<'_> {
    fn copy(&mut self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LogError> {
        for block in read::values(store, Span::of(.., self.head)) {
            let (entry, values) = block?;
            let block = Block::decode(&values.hot, &values.cold).map_err(LogError::damaged(entry.first))?;
            let next = self.positions.partition_point(|position| *position < block.first());
            if self.positions.get(next).is_some_and(|position| *position <= block.last()) {
                self.leave_behind(&block)?;
            } else {
                self.builder.take(&block, values, entry.sealed)?;
            }
            progress(block.last().0, self.head.0);
        }
        Ok(())
    }

    /// Takes the events of a block; of those to be destroyed only what stays.
    fn leave_behind(&mut self, block: &Block) -> Result<(), LogError> {
        let leaves = self.leaves.of_block(block)?;
        let damaged = || LogError::damaged(block.first());
        let events = block.raws().map_err(damaged())?;
        let mut records = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let position = block.first().plus(number as u64);
            if self.positions.binary_search(&position).is_ok() {
                let name = self.gone.name(event.source, event.id);
                let record = remains_record(Remains { leaf: leaves[number], name }).map_err(damaged())?;
                records.push((number, record));
            }
        }
        // Times of a neighbour, so that nothing of its own stays.
        let is_kept = |number: &usize| records.binary_search_by_key(number, |(number, _)| *number).is_err();
        let neighbour = events.iter().enumerate().find(|(number, _)| is_kept(number));
        let mut kept = events.clone();
        for (number, record) in &records {
            let at = neighbour.map_or(Time::default(), |(_, event)| event.at);
            let recorded_at = neighbour.map_or(Time::default(), |(_, event)| event.recorded_at);
            kept[*number] = nameless(registry::REDACTED, at, recorded_at, record);
        }
        self.builder.take_events(&kept)
    }
}

fn remains_record(Remains { leaf, name }: Remains) -> Result<Vec<u8>, Damage> {
    let mut record = Vec::new();
    codec::write(&mut record, &RedactedV1 { leaf, name })?;
    Ok(record)
}

/// An entry of the log's own.
fn nameless(code: u16, at: Time, recorded_at: Time, record: &[u8]) -> Raw<'_> {
    Raw {
        code,
        at,
        recorded_at,
        role: 0,
        source: "",
        id: "",
        consultation: "",
        participant: None,
        context: None,
        record,
        extra: &[],
    }
}

/// Tells of the redaction at the end of the log.
fn record(
    builder: &mut Builder,
    positions: &[Position],
    reason: Option<&str>,
    at: Time,
) -> Result<(), LogError> {
    let head = builder.head().next();
    for positions in positions.chunks(POSITIONS_A_RECORD) {
        let positions = positions.iter().map(|position| position.0).collect();
        let mut bytes = Vec::new();
        codec::write(&mut bytes, &RedactionV1 { positions, reason: reason.map(str::to_owned) })
            .map_err(LogError::damaged(head))?;
        builder.take_events(&[nameless(registry::REDACTION, at, at, &bytes)])?;
    }
    Ok(())
}

/// What stands at a position of `block`.
pub(in crate::log) fn content(block: &Block, position: Position) -> Result<Content, LogError> {
    let number = (position.0 - block.first().0) as usize;
    let content = || {
        let raw = block.raw(number)?;
        Ok(match raw.code {
            registry::REDACTED => Content::Destroyed,
            registry::REDACTION => {
                let RedactionV1 { positions, reason } = codec::read(raw.record)?;
                Content::Redaction { positions: positions.into_iter().map(Position).collect(), reason }
            }
            _ => Content::Event(Box::new(block.event(number)?)),
        })
    };
    content().map_err(LogError::damaged(position))
}

/// Every redaction of which a span of the log tells.
pub(in crate::log) fn list(store: &Store, span: Span) -> Result<Vec<Redaction>, LogError> {
    let mut redactions = Vec::new();
    if store.remains()?.is_empty() {
        return Ok(redactions);
    }
    for block in read::whole_blocks(store, span) {
        let (part, block) = block?;
        for position in (part.first.0..=part.last.0).map(Position) {
            if let Content::Redaction { positions, reason } = content(&block, position)? {
                let number = (position.0 - block.first().0) as usize;
                let at = block.raw(number).map_err(LogError::damaged(position))?.at;
                redactions.push(Redaction { position, at, positions, reason });
            }
        }
    }
    Ok(redactions)
}
