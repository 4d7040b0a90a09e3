//! Which events are in the log already, by (source, id), without a key for each.
//!
//! An event's *mark* is 48 bits of a keyed BLAKE3 hash of its name. New marks collect in memory and
//! become sorted *runs* of (mark, position) in large pages; a few runs of like size are merged into
//! one, so that there are never many. A filter for each run says in a cache line's time that an event
//! is new. A mark only points: whoever asks verifies the event it points to.
//!
//! The index is derived. It holds every position up to some point, is caught up from the log when it
//! is opened, and is made anew whenever anything about it does not hold.
//!
//! ```text
//! key 's'                         CRC-32C, the 32 bytes that key the hash
//! key 'r' + run (u32)             CRC-32C, the record of a run: see `run`
//! key 'f' + run + chunk (u32)     CRC-32C, up to 64 KiB of its filter: see `filter`
//! key 'p' + run + page (u32)      CRC-32C, a page: see `page`
//! ```

mod audit;
mod filter;
mod mark;
mod page;
mod recent;
mod run;

pub(super) use audit::Audit;
pub(super) use mark::Mark;
use mark::Marker;
use recent::Recent;
use run::Run;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::reading::read::{self, Span};
use crate::log::{LogError, Position};

/// How many marks collect in memory before they become a run.
const RECENT_MARKS: usize = 1 << 18;
/// How many runs of like size are merged into one.
const MERGED_RUNS: usize = 4;
/// The bit of all runs that have none of their own.
const LAST_BIT: usize = 63;

/// The index as the writer and a verification share it; `None` until someone needs it.
pub(super) type SharedIndex = Mutex<Option<Index>>;

/// The index, for oneself. A holder that panicked left nothing behind that loading does not check.
pub(super) fn locked(index: &SharedIndex) -> MutexGuard<'_, Option<Index>> {
    index.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The index of one log.
#[derive(Debug)]
pub(super) struct Index {
    marker: Marker,
    /// Oldest first; together they hold every position from 1 to the last one's last.
    runs: Vec<Run>,
    recent: Recent,
}

impl Index {
    /// Loads what is kept, made anew if need be, and catches up with a log whose head is `head`.
    pub(super) fn open(store: &Store, head: Position) -> Result<Self, LogError> {
        let loaded = Self::load(store, head).and_then(|index| {
            run::remove_strays(store, &index.runs)?;
            Ok(index)
        });
        let mut index = match loaded {
            Ok(index) => index,
            Err(LoadError::Unfit(_)) => Self::make(store)?,
            Err(LoadError::Log(error)) => return Err(error),
        };
        index.catch_up(store, head)?;
        Ok(index)
    }

    /// What is kept, if it fits a log whose head is `head`.
    pub(super) fn load(store: &Store, head: Position) -> Result<Self, LoadError> {
        let marker = Marker::load(store)?;
        let runs = run::load_all(store)?;
        let index = Self { marker, runs, recent: Recent::default() };
        let mut last = Position::START;
        for run in &index.runs {
            if run.first() != last.next() {
                return Err(Damage::new("its runs leave positions out").into());
            }
            last = run.last();
        }
        if last > head {
            return Err(Damage::new(format!("it knows position {last} and the log ends at {head}")).into());
        }
        Ok(index)
    }

    /// The last position that lies in a run.
    pub(super) fn kept_to(&self) -> Position {
        self.runs.last().map_or(Position::START, Run::last)
    }

    /// The marks of the events of these names, each with the runs that may have it.
    ///
    /// Asked one by one every filter would make the processor wait for its line of memory; asked for many
    /// marks at a time it fetches several at once, which is what a large log needs to stay fast.
    pub(super) fn sought<'a>(&mut self, names: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Sought> {
        let mut sought: Vec<Sought> =
            names.map(|(source, id)| Sought { mark: self.marker.mark(source, id), runs: 0 }).collect();
        for (place, run) in self.runs.iter().enumerate() {
            for sought in &mut sought {
                sought.runs |= u64::from(run.may_have(sought.mark)) << place.min(LAST_BIT);
            }
        }
        sought
    }

    /// Adds to `found` every position in the runs whose event may have this mark.
    pub(super) fn find_kept(
        &self,
        store: &Store,
        sought: Sought,
        found: &mut Vec<Position>,
    ) -> Result<(), LogError> {
        for (place, run) in self.runs.iter().enumerate() {
            if sought.runs >> place.min(LAST_BIT) & 1 == 1 {
                run.find(store, sought.mark, found).map_err(LoadError::into_log)?;
            }
        }
        Ok(())
    }

    /// Adds to `found` every position not yet in a run whose event has this mark.
    pub(super) fn find_recent(&self, mark: Mark, found: &mut Vec<Position>) {
        self.recent.find(mark, found);
    }

    /// Takes note of the event at `position`, the one after the last noted.
    pub(super) fn note(&mut self, mark: Mark, position: Position) {
        self.recent.note(mark, position);
    }

    /// Turns collected marks into runs once there are many, all of them written and none yet durable.
    pub(super) fn settle(&mut self, store: &Store) -> Result<(), LogError> {
        if self.recent.len() < RECENT_MARKS {
            return Ok(());
        }
        self.keep_recent(store).map_err(LoadError::into_log)
    }

    fn make(store: &Store) -> Result<Self, LogError> {
        store.clear_index()?;
        let marker = Marker::make(store)?;
        Ok(Self { marker, runs: Vec::new(), recent: Recent::default() })
    }

    fn catch_up(&mut self, store: &Store, head: Position) -> Result<(), LogError> {
        let from = self.kept_to().next();
        if from > head {
            return Ok(());
        }
        let span = Span::of(from.., head);
        for block in read::whole_blocks(store, span) {
            let (part, block) = block?;
            let begin = (part.first.0 - block.first().0) as usize;
            for number in begin..block.len() {
                let mark = self.marker.mark_in(&block, number);
                self.note(mark, block.first().plus(number as u64));
            }
            self.settle(store)?;
        }
        Ok(())
    }

    fn keep_recent(&mut self, store: &Store) -> Result<(), LoadError> {
        let marks = self.recent.take_sorted();
        let (first, last) = (self.kept_to().next(), self.kept_to().plus(marks.len() as u64));
        if marks.iter().any(|(_, position)| !(first..=last).contains(position)) {
            return Err(Damage::new("positions were noted out of turn").into());
        }
        let id = self.runs.last().map_or(0, |run| run.id() + 1);
        self.runs.push(run::write(store, id, (first, last), marks.into_iter().map(Ok), &[])?);
        while let Some(count) = self.like_runs() {
            self.merge_last(store, count)?;
        }
        Ok(())
    }

    /// How many runs at the end are to be merged: those no larger in kind than the last, if they are many.
    fn like_runs(&self) -> Option<usize> {
        let class = |run: &Run| run.len().max(1).ilog2() / MERGED_RUNS.ilog2();
        let last = class(self.runs.last()?);
        let count = self.runs.iter().rev().take_while(|run| class(run) <= last).count();
        (count >= MERGED_RUNS).then_some(count)
    }

    fn merge_last(&mut self, store: &Store, count: usize) -> Result<(), LoadError> {
        let parts = self.runs.split_off(self.runs.len() - count);
        let range = (parts[0].first(), parts[count - 1].last());
        let id = parts[count - 1].id() + 1;
        let merged = run::merged(store, &parts)?;
        self.runs.push(run::write(store, id, range, merged, &parts)?);
        Ok(())
    }
}

/// A mark, and which runs may have it: a bit for each, the last one for all that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought {
    pub(super) mark: Mark,
    runs: u64,
}

/// Why an index could not be used.
#[derive(Debug)]
pub(super) enum LoadError {
    /// It is missing or wrong, and can be made anew.
    Unfit(Damage),
    /// The log itself could not be read or written.
    Log(LogError),
}

impl LoadError {
    fn into_log(self) -> LogError {
        match self {
            Self::Unfit(damage) => LogError::Index { what: damage.0 },
            Self::Log(error) => error,
        }
    }
}

impl From<Damage> for LoadError {
    fn from(damage: Damage) -> Self {
        Self::Unfit(damage)
    }
}

impl From<LogError> for LoadError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

#[cfg(test)]
mod tests {
    use event::{Event, Payload, Time};

    use super::*;
    use crate::log::block;
    use crate::log::block::raw::Drafts;
    use crate::log::bytes::frame;
    use crate::log::commitment::Frontier;

    /// A store with `events` events in it, and nothing in its index.
    fn filled(dir: &std::path::Path, events: u64) -> Store {
        let store = Store::open(&dir.join("sled")).unwrap();
        let event = |id: u64| Event::new("a", format!("e-{id}"), "c", Time::from_ms(0), Payload::Completed);
        let arrivals: Vec<_> = (1..=events).map(|id| (event(id), Time::from_ms(0))).collect();
        let drafts = Drafts::of(&arrivals).unwrap();
        let leaves = vec![[0; 32]; arrivals.len()];
        for block in block::encode(&mut Frontier::default(), &drafts.raws(), &leaves).unwrap() {
            store.put_block(&block).unwrap();
        }
        store
    }

    fn find(index: &mut Index, store: &Store, id: u64) -> Vec<Position> {
        let sought = index.sought(std::iter::once(("a", format!("e-{id}").as_str())))[0];
        let mut found = Vec::new();
        index.find_kept(store, sought, &mut found).unwrap();
        index.find_recent(sought.mark, &mut found);
        found
    }

    #[test]
    fn runs_hold_what_was_noted_and_are_merged() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path(), 40_000);
        let mut index = Index::open(&store, Position::START).unwrap();
        let mut counts = Vec::new();
        for position in 1..=40_000 {
            let mark = index.marker.mark("a", &format!("e-{position}"));
            index.note(mark, Position(position));
            if position % 3000 == 0 {
                index.keep_recent(&store).unwrap();
                counts.push(index.runs.len());
            }
        }
        assert_eq!(counts, [1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4]);
        for position in [1, 2999, 3000, 3001, 24_000, 39_000, 39_001, 40_000] {
            assert_eq!(find(&mut index, &store, position), [Position(position)]);
        }
        assert_eq!(find(&mut index, &store, 40_001), []);

        let kept_to = index.kept_to();
        assert_eq!(kept_to, Position(39_000));
        let mut again = Index::open(&store, Position(40_000)).unwrap();
        assert_eq!((again.kept_to(), again.recent.len()), (kept_to, 1000));
        assert_eq!(find(&mut again, &store, 39_500), [Position(39_500)]);
    }

    #[test]
    fn an_index_ahead_of_its_log_or_without_a_piece_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path(), 5000);
        let mut index = Index::open(&store, Position(5000)).unwrap();
        index.keep_recent(&store).unwrap();
        assert_eq!(Index::load(&store, Position(5000)).unwrap().kept_to(), Position(5000));
        assert!(matches!(Index::load(&store, Position(4999)), Err(LoadError::Unfit(_))));
        let filter = store.first_index(b"f").unwrap().unwrap().0.to_vec();
        store.edit_index(vec![(filter, vec![0; 9])], Vec::new()).unwrap();
        assert!(matches!(Index::load(&store, Position(5000)), Err(LoadError::Unfit(_))));
        let mut anew = Index::open(&store, Position(5000)).unwrap();
        assert_eq!((anew.kept_to(), anew.recent.len()), (Position::START, 5000));
        assert_eq!(find(&mut anew, &store, 17), [Position(17)]);
    }

    #[test]
    fn an_audit_misses_no_event_and_no_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path(), 9000);
        let mut index = Index::open(&store, Position(9000)).unwrap();
        index.keep_recent(&store).unwrap();
        let fault = |blocks: &[usize]| {
            let mut audit = Audit::of(&index, &store).unwrap();
            blocks.iter().for_each(|number| audit.see(&block_of(&store, *number)));
            audit.fault(Position(9000))
        };
        assert_eq!(fault(&[0, 1, 2]), None);
        assert!(fault(&[0, 2]).is_some(), "a block less");
        assert!(fault(&[0, 1, 1]).is_some(), "a block in the place of another");
        let page = store.first_index(b"p").unwrap().unwrap();
        store.edit_index(vec![(page.0.to_vec(), frame::with_checksum(&[0; 40]))], Vec::new()).unwrap();
        assert!(Audit::of(&index, &store).is_err(), "a page of something else");
    }

    fn block_of(store: &Store, number: usize) -> crate::log::block::Block {
        read::whole_blocks(store, Span::of(.., Position(9000))).nth(number).unwrap().unwrap().1
    }

    /// A crash after pages were written and before their record was leaves pages that nobody owns.
    #[test]
    fn pages_without_a_record_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path(), 100);
        let mut index = Index::open(&store, Position(100)).unwrap();
        index.keep_recent(&store).unwrap();
        let stray = [b"p".as_slice(), &9_u32.to_be_bytes(), &0_u32.to_be_bytes()].concat();
        store.edit_index(vec![(stray.clone(), vec![1; 40])], Vec::new()).unwrap();
        let mut index = Index::open(&store, Position(100)).unwrap();
        assert_eq!(store.get_index(&stray).unwrap(), None);
        assert_eq!(find(&mut index, &store, 100), [Position(100)]);
    }
}
