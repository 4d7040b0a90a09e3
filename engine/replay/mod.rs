//! Replay: a range of the log becomes outcomes, and outcomes become projections.
//!
//! The range is cut into pieces, one per thread; each gathers the marks of its consultations, pieces
//! meet per consultation, and every consultation is read once all its marks are there. Nothing of the
//! cut shows: the same events give the same bytes in any order, any batching, on any number of threads.
//! A replay never reads what a reading does not need; names are looked up only to break ties.
//!
//! ```text
//! by name      piece: marks by consultation;  table: outcomes by name
//! as numbers   gather: what one thread does;  ring: open consultations;  levels: numbers for texts;
//!              stretch: what is kept of it;  fragments: rows of one consultation meet;
//!              again: what is not plain;  book: what sources see;  sheet: all of it
//! going on     refresh: what came since;  checkpoint: a sheet on disk;  essence: what a sheet says
//! elsewhere    parts: rows of whole consultations that lie elsewhere, and the sheet of all of them
//! measured     decoded: what a sheet takes when nothing has to be read
//! asked        rows: what both answer alike;  decision: one platform or a range;  totals: plain counts,
//!              disclosed: which of them may be shown;  questions: how complete, and for whom;
//!              scope: of whom, and when
//! ```

mod again;
mod book;
mod checkpoint;
mod decision;
mod decoded;
mod disclosed;
mod essence;
mod fragments;
mod gather;
mod levels;
mod parts;
mod piece;
mod questions;
mod refresh;
mod ring;
mod rows;
mod scope;
mod sheet;
mod stretch;
mod table;
mod totals;

pub use checkpoint::{Kept, READING, WORTHWHILE, checkpoint, checkpoints_in, forget, keep, kept_sheet};
pub use decision::{Chosen, Decides, Declared, decide, decide_counted};
pub use decoded::Decoded;
pub use parts::{Heard, Part, PartError, together};
pub use questions::{evidence, outages, quality, reach};
pub use refresh::Changes;
pub use rows::{About, Basis, Rows, compare, compare_counted, wanted};
pub use scope::{Scope, scope, synthetic};
pub use sheet::{MOST_ROWS, Sheet, sheet};
pub use table::Table;
pub use totals::{Row as TotalsRow, Totals, totals};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use event::Time;
use projections::episode::Episode;
use projections::parameters::Parameters;
use projections::reading::{Reading, read};
use projections::source::{Sight, Sources};

use crate::log::{Log, LogError, Position};
use piece::{Piece, Shard};

/// The most consultations of one replay, unless its request says otherwise: it keeps all of them in memory.
pub const MOST_CONSULTATIONS: usize = 20_000_000;

/// How to replay.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// The last event that is read; none: the newest there is.
    pub as_of: Option<Position>,
    /// The instant as of which consultations are open or closed; by default the newest event's.
    pub until: Option<Time>,
    /// A gap shorter than this is a blip, in milliseconds; by default the house's.
    pub grace_ms: Option<i64>,
    /// Threads; none: as many as the machine has.
    pub threads: Option<usize>,
    /// The most consultations; none: [`MOST_CONSULTATIONS`], and [`MOST_ROWS`] of a sheet.
    pub most_consultations: Option<usize>,
}

impl Request {
    /// On how many threads, one at least.
    #[must_use]
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(all).max(1)
    }

    /// The last position that is read.
    #[must_use]
    pub fn head(&self, log: &Log) -> Position {
        self.as_of.map_or(log.head(), |position| position.min(log.head()))
    }

    /// How consultations are read, where the newest event is of that instant.
    fn parameters(&self, newest: Time) -> Parameters {
        let house = Parameters::as_of(self.until.unwrap_or(newest));
        Parameters { grace_ms: self.grace_ms.unwrap_or(house.grace_ms), ..house }
    }
}

/// Why a replay did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There are more consultations than it may keep in memory.
    #[error(
        "could not replay the log: it has more than {limit} consultations, which is as many as one replay keeps in \
         memory; check that no feed gives every event a consultation of its own, else keep periods or \
         organisations in stores of their own"
    )]
    TooMany {
        /// How many it may keep.
        limit: usize,
    },
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// How far a long piece of work is, and whether it should stop; shared between threads.
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicU64,
    stop: AtomicBool,
}

impl Watch {
    /// Asks the work to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How much is done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Notes that so much more is done.
    pub fn advance(&self, by: u64) {
        self.done.fetch_add(by, Ordering::Relaxed);
    }
}

/// Replays the log into one row per consultation.
///
/// # Errors
/// When the log cannot be read or has too many consultations, or the watch says stop.
pub fn replay(log: &Log, request: &Request, watch: &Watch) -> Result<Table, ReplayError> {
    let head = request.head(log);
    let threads = request.threads();
    let limit = request.most_consultations.unwrap_or(MOST_CONSULTATIONS);
    let pieces = gather(log, head, (threads, limit), watch)?;
    let (sources, newest) = survey(log, &pieces)?;
    let names: Vec<&str> = sources.names().collect();
    let sights: Vec<Sight> = names.iter().map(|name| sources.sight(name)).collect();
    let parameters = request.parameters(newest);
    let shards = meet(pieces, &names, threads);
    // A piece has looked at its own, and a consultation may lie in several of them.
    if shards.iter().map(Shard::len).sum::<usize>() > limit {
        return Err(ReplayError::TooMany { limit });
    }
    let parts: Result<Vec<Table>, ReplayError> = std::thread::scope(|scope| {
        let (sights, parameters) = (&sights, &parameters);
        let workers: Vec<_> = shards
            .into_iter()
            .map(|shard| scope.spawn(move || read_shard(log, shard, sights, parameters, watch)))
            .collect();
        workers.into_iter().map(join).collect()
    });
    let undeclared =
        names.iter().zip(&sights).filter(|(_, sight)| !sight.declared).map(|(name, _)| (*name).to_owned());
    Ok(Table::of(parts?, parameters, head, undeclared.collect()))
}

/// What `work` makes of each of `items`, in their order, on so many threads.
fn spread<T: Send, U: Send>(
    items: impl IntoIterator<Item = T>,
    threads: usize,
    work: impl Fn(T) -> U + Sync,
) -> Vec<U> {
    let items: Vec<T> = items.into_iter().collect();
    let threads = threads.clamp(1, items.len().max(1));
    if threads == 1 {
        return items.into_iter().map(work).collect();
    }
    let next = std::sync::Mutex::new(items.into_iter().enumerate());
    let one = || {
        let mut done = Vec::new();
        loop {
            let taken = next.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some((number, item)) = taken else { return done };
            done.push((number, work(item)));
        }
    };
    let mut all: Vec<(usize, U)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers.into_iter().flat_map(join).collect()
    });
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, done)| done).collect()
}

/// What a worker returned; its panic, if it panicked, goes on here.
fn join<T>(worker: std::thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Gathers the marks of every consultation, one piece per thread, none with more consultations than `limit`.
fn gather(
    log: &Log,
    head: Position,
    (threads, limit): (usize, usize),
    watch: &Watch,
) -> Result<Vec<Piece>, ReplayError> {
    let ranges = ranges(log, head, threads)?;
    std::thread::scope(|scope| {
        let workers: Vec<_> = ranges
            .into_iter()
            .map(|range| scope.spawn(move || Piece::gather(log, range, (threads, limit), watch)))
            .collect();
        workers.into_iter().map(join).collect()
    })
}

/// Cuts the log into at most `parts` ranges of about as many blocks, each at the beginning of a block.
fn ranges(
    log: &Log,
    head: Position,
    parts: usize,
) -> Result<Vec<std::ops::RangeInclusive<Position>>, LogError> {
    let mut firsts = log.first_positions()?;
    firsts.retain(|first| *first <= head);
    let each = firsts.len().div_ceil(parts).max(1);
    let cuts: Vec<Position> = firsts.into_iter().step_by(each).collect();
    let lasts = cuts.iter().skip(1).map(|next| Position(next.0 - 1)).chain(std::iter::once(head));
    Ok(cuts.iter().copied().zip(lasts).map(|(first, last)| first..=last).collect())
}

/// What the pieces together know of the sources, and the newest instant.
fn survey(log: &Log, pieces: &[Piece]) -> Result<(Sources, Time), LogError> {
    let mut sources = Sources::default();
    for piece in pieces {
        for (source, sent) in piece.sources() {
            sources.sent(source, sent);
        }
    }
    let declared: Vec<_> = pieces.iter().flat_map(|piece| &piece.declared).collect();
    let positions: Vec<Position> = declared.iter().map(|declared| declared.position).collect();
    let names = log.names(&positions)?;
    for declared in declared {
        if let Some((source, id)) = names.get(&declared.position) {
            let key = (declared.at, source.clone(), id.clone());
            sources.declared(&declared.about, key, declared.declaration.clone());
        }
    }
    let newest = pieces.iter().map(|piece| piece.newest).max().unwrap_or_default();
    Ok((sources, newest))
}

/// Brings the pieces of each consultation together, shard by shard.
fn meet(pieces: Vec<Piece>, names: &[&str], threads: usize) -> Vec<Shard> {
    let mut whole: Vec<Vec<Shard>> = (0..threads).map(|_| Vec::new()).collect();
    for piece in pieces {
        for (shards, shard) in whole.iter_mut().zip(piece.into_shards(names)) {
            shards.push(shard);
        }
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            whole.into_iter().map(|shards| scope.spawn(move || Shard::meet(shards))).collect();
        workers.into_iter().map(join).collect()
    })
}

/// Reads every consultation of a shard.
fn read_shard(
    log: &Log,
    shard: Shard,
    sights: &[Sight],
    parameters: &Parameters,
    watch: &Watch,
) -> Result<Table, ReplayError> {
    let mut episodes = shard.into_episodes();
    break_ties(log, &mut episodes, sights)?;
    let mut table = Table::empty(*parameters);
    // Each episode is let go once it is read.
    for (consultation, episode) in episodes {
        if watch.stopped() {
            return Err(ReplayError::Interrupted);
        }
        match read(&consultation, &episode, sights, parameters) {
            Reading::Closed(row) => {
                table.coverage.add(&row);
                table.rows.push(*row);
            }
            Reading::Open(open) => table.open.push(open),
        }
    }
    Ok(table)
}

/// Settles the episodes; where events of one kind share a millisecond, by their names.
fn break_ties<K>(log: &Log, episodes: &mut [(K, Episode)], sights: &[Sight]) -> Result<(), LogError> {
    let mut tied: Vec<(usize, Vec<u64>)> = Vec::new();
    for (i, (_, episode)) in episodes.iter_mut().enumerate() {
        let positions = episode.settle(sights);
        if !positions.is_empty() {
            tied.push((i, positions));
        }
    }
    let mut positions: Vec<Position> =
        tied.iter().flat_map(|(_, positions)| positions.iter().copied().map(Position)).collect();
    positions.sort_unstable();
    let names = log.names(&positions)?;
    for (i, positions) in tied {
        let mut order: Vec<u64> = positions;
        order.sort_by(|a, b| names.get(&Position(*a)).cmp(&names.get(&Position(*b))));
        let places: BTreeMap<u64, u64> = order.into_iter().zip(1..).collect();
        episodes[i].1.break_ties(|position| places.get(&position).copied().unwrap_or(0));
    }
    Ok(())
}
