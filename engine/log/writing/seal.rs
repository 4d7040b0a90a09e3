//! Sealing: many small blocks become few full ones.
//!
//! Events that arrive one at a time make blocks of one. The 4,096 events of a *unit* are put together
//! once they are all there; in the last unit blocks of a few are put together by the dozen meanwhile, so
//! that there are never many. Each step replaces its blocks in one atomic batch; events keep their
//! positions and their leaves, so the commitment does not notice. A step holds a few megabytes at most.
//! Every block remembers how many bytes were written for its events, which tells the write amplification.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::log::block::entry::Entry;
use crate::log::block::raw::Raw;
use crate::log::block::{self, Block, Encoded};
use crate::log::commitment::UNIT_EVENTS;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::limits::{self, PART_BYTES};
use crate::log::reading::read::{self, Span};
use crate::log::{LogError, Position};

/// How many blocks of a few events are put together in the last unit.
const SMALL_BLOCKS: usize = 64;
/// How many events are a few.
const FEW_EVENTS: u32 = 64;
/// A unit of so few blocks is as good as one of one.
const GOOD_BLOCKS: usize = 2;

/// What sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sealed {
    /// Blocks that were put together.
    pub merged: u64,
    /// Blocks that they became.
    pub made: u64,
    /// Bytes that were written.
    pub written: u64,
}

/// Seals a log, from its first position that is not.
#[derive(Debug)]
pub(in crate::log) struct Sealer {
    store: Arc<Store>,
    head: watch::Receiver<Position>,
    /// All units before this one are sealed.
    unit: u64,
}

/// A sealer that the background and whoever asks for it share; holding it keeps blocks as they are.
pub(in crate::log) type SharedSealer = Arc<Mutex<Sealer>>;

/// The sealer, for oneself. A holder that panicked left nothing half done: steps are atomic.
pub(in crate::log) fn locked(sealer: &SharedSealer) -> MutexGuard<'_, Sealer> {
    sealer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seals whenever it is nudged, until nobody can nudge any more; each nudge is worth one step at least.
pub(in crate::log) fn run(
    sealer: &SharedSealer,
    nudges: &std::sync::mpsc::Receiver<()>,
    closing: &watch::Receiver<bool>,
    failure: &OnceLock<String>,
) {
    while nudges.recv().is_ok() {
        loop {
            if failure.get().is_some() {
                return;
            }
            let step = locked(sealer).step();
            match step {
                Ok(Some(_)) if !*closing.borrow() => {}
                Ok(_) => break,
                // What cannot be read stays as it is, and whoever reads it is told; the next unit comes next.
                Err(LogError::Damaged { .. }) => break,
                Err(error) => {
                    let _ = failure.set(error.to_string());
                    return;
                }
            }
        }
    }
}

impl Sealer {
    /// A sealer of a log whose blocks before `unsealed` are sealed.
    pub(in crate::log) fn new(
        store: Arc<Store>,
        head: watch::Receiver<Position>,
        unsealed: Position,
    ) -> Self {
        Self { store, head, unit: unsealed.0.saturating_sub(1) / UNIT_EVENTS }
    }

    /// Seals one unit, or puts small blocks of the last one together; none when nothing is due.
    pub(in crate::log) fn step(&mut self) -> Result<Option<Sealed>, LogError> {
        loop {
            let head = *self.head.borrow();
            let first = Position(self.unit * UNIT_EVENTS).next();
            let end = Position((self.unit + 1) * UNIT_EVENTS);
            if first > head {
                return Ok(None);
            }
            let entries = read::entries(&self.store, Span::of(first..=end, head));
            let entries = entries.collect::<Result<Vec<Entry>, _>>()?;
            if end > head {
                return self.tidy(&entries);
            }
            self.unit += 1;
            if entries.iter().any(|entry| !entry.sealed) {
                return self.seal(&entries).map(Some);
            }
        }
    }

    /// Seals the blocks of a complete unit.
    fn seal(&self, entries: &[Entry]) -> Result<Sealed, LogError> {
        let new = if entries.len() <= GOOD_BLOCKS { Vec::new() } else { self.merged(entries, true)? };
        let kept = entries.iter().filter(|entry| !new.iter().any(|block| holds(block, entry.first)));
        let marked: Vec<Entry> = kept.map(|entry| Entry { sealed: true, ..*entry }).collect();
        self.replace(entries, &new, &marked)
    }

    /// Puts the small blocks at the end of the last unit together, if they are many.
    fn tidy(&self, entries: &[Entry]) -> Result<Option<Sealed>, LogError> {
        let small = entries.iter().rev().take_while(|entry| entry.events < FEW_EVENTS).count();
        if small < SMALL_BLOCKS {
            return Ok(None);
        }
        let entries = &entries[entries.len() - small..];
        let new = self.merged(entries, false)?;
        // Blocks that are large for few events are not tried again and again.
        if new.is_empty() {
            return Ok(None);
        }
        self.replace(entries, &new, &[]).map(Some)
    }

    fn replace(&self, old: &[Entry], new: &[Encoded], marked: &[Entry]) -> Result<Sealed, LogError> {
        let replaced: Vec<Entry> =
            old.iter().filter(|entry| new.iter().any(|block| holds(block, entry.first))).copied().collect();
        self.store.edit_blocks(&replaced, new, marked)?;
        self.store.sync()?;
        let written = new.iter().map(|block| block.values.len() as u64).sum();
        Ok(Sealed { merged: replaced.len() as u64, made: new.len() as u64, written })
    }

    /// The blocks that those of `entries` become; those that stay alone are left out.
    fn merged(&self, entries: &[Entry], sealed: bool) -> Result<Vec<Encoded>, LogError> {
        let (mut new, mut group, mut bytes) = (Vec::new(), Vec::new(), 0);
        for entry in entries {
            let block = read::read_block(&self.store, *entry)?;
            let size = size(&block).map_err(LogError::damaged(entry.first))?;
            if bytes + size > PART_BYTES / 2 {
                merge(&std::mem::take(&mut group), sealed, &mut new)?;
                bytes = 0;
            }
            bytes += size;
            group.push((*entry, block));
        }
        merge(&group, sealed, &mut new)?;
        Ok(new)
    }
}

/// Merges the blocks of `group` into one, or into several where one would be too large.
fn merge(group: &[(Entry, Block)], sealed: bool, out: &mut Vec<Encoded>) -> Result<(), LogError> {
    let [(first, _), .., (last, _)] = group else { return Ok(()) };
    let values = || {
        let events =
            group.iter().map(|(_, block)| block.raws()).collect::<Result<Vec<Vec<Raw<'_>>>, Damage>>()?;
        block::encode_values(first.first, &events.concat())
    };
    let Some(values) = values().map_err(LogError::damaged(first.first))? else {
        let (front, back) = group.split_at(group.len() / 2);
        merge(front, sealed, out)?;
        return merge(back, sealed, out);
    };
    let count = group.iter().map(|(entry, _)| entry.events).sum();
    let written = group.iter().map(|(entry, _)| entry.written).sum::<u64>() + values.len() as u64;
    let (first, root, units) = (first.first, last.root, Vec::new());
    let declares = group.iter().any(|(entry, _)| entry.declares);
    out.push(Encoded { first, count, values, root, written, sealed, declares, units });
    Ok(())
}

fn holds(block: &Encoded, position: Position) -> bool {
    (block.first.0..block.first.0 + u64::from(block.count)).contains(&position.0)
}

/// The bytes of a block before they are compressed, as [`block::encode`] counts them.
fn size(block: &Block) -> Result<usize, Damage> {
    Ok(block.raws()?.iter().map(|event| limits::raw_size(event) + 64).sum())
}

impl std::ops::AddAssign for Sealed {
    fn add_assign(&mut self, other: Self) {
        self.merged += other.merged;
        self.made += other.made;
        self.written += other.written;
    }
}

#[cfg(test)]
mod tests {
    use event::{Event, Payload, Time};

    use super::*;
    use crate::log::block::registry;
    use crate::log::care::rebuild::Builder;
    use crate::log::commitment::Salts;
    use crate::log::database::keys::Keys;
    use crate::log::folder::home::Home;
    use crate::log::reading::past;
    use crate::log::{Log, Mode};

    fn event(id: u64) -> Event {
        let payload = Payload::Dropped { reason: Some(format!("{}", id % 7)) };
        Event::new(
            "urn:example:a",
            format!("e-{id}"),
            format!("c-{}", id / 5),
            Time::from_ms(id as i64),
            payload,
        )
    }

    fn values(log: &Log) -> Vec<(Entry, Vec<u8>, Vec<u8>)> {
        let value = |key, first| log.store.get(key, first).unwrap().unwrap().to_vec();
        let entries = log.store.entries(Position::START).map(Result::unwrap);
        use crate::log::database::store::Key::{Cold, Hot};
        entries.map(|e| (Entry { written: 0, ..e }, value(Hot, e.first), value(Cold, e.first))).collect()
    }

    /// A log fed one at a time ends as the one loaded in bulk: block for block, byte for byte, and with the
    /// salts of one store also commitment for commitment.
    #[test]
    fn a_log_fed_in_drops_ends_as_one_loaded_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Log::open(&dir.path().join(name), Mode::Create).unwrap();
        let (drops, bulk) = (open("drops"), open("bulk"));
        let all: Vec<Event> = (0..4600).map(event).collect();
        bulk.append_blocking(all.clone(), Time::from_ms(7)).unwrap();
        for chunk in all.chunks(3) {
            drops.append_blocking(chunk.to_vec(), Time::from_ms(7)).unwrap();
        }
        let before = drops.commitment_of_edge();
        drops.seal(&mut |_| {}).unwrap();
        let without_root = |values: Vec<(Entry, Vec<u8>, Vec<u8>)>| {
            let whole = values.into_iter().filter(|(entry, ..)| entry.sealed);
            whole.map(|(entry, hot, cold)| (Entry { root: [0; 32], ..entry }, hot, cold)).collect::<Vec<_>>()
        };
        let sealed = without_root(values(&drops));
        assert_eq!(sealed.len(), 1);
        assert_eq!(sealed, without_root(values(&bulk)));
        let tail = drops.store.entries(Position(4097)).count();
        assert!(tail < SMALL_BLOCKS + 5, "{tail}");
        assert_eq!(drops.commitment_of_edge(), before);
        assert!(drops.verify(&mut |_, _| {}).findings.is_empty());
        let events: Vec<Event> = drops.events(..).map(|stored| stored.unwrap().event).collect();
        assert_eq!(events, all);
    }

    /// Blocks are merged under the eyes of readers: none of them misses or repeats an event.
    #[test]
    fn readers_do_not_notice() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
        log.append_blocking((0..3500).map(event).collect(), Time::from_ms(0)).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for id in 3500..4700 {
                    log.append_blocking(vec![event(id)], Time::from_ms(0)).unwrap();
                }
                done.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            for _ in 0..2 {
                threads.spawn(|| {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        let head = log.head();
                        let read: Vec<u64> =
                            log.events(..=head).map(|stored| stored.unwrap().position.0).collect();
                        assert_eq!(read, (1..=head.0).collect::<Vec<_>>());
                        let hot: usize =
                            log.brief_blocks(..=head).map(|block| block.unwrap().events.len()).sum();
                        assert_eq!(hot as u64, head.0);
                        // Merged meanwhile, a block may begin before what is wanted of it: no leaf counts twice.
                        let keys = log.store.keys().unwrap().unwrap();
                        let mut leaves = past::Leaves::new(keys.salts);
                        let root = past::recount(&log.store, &mut leaves, head).unwrap().root();
                        assert_eq!(log.head_at(head).unwrap().commitment, root);
                        assert!(log.first_positions().unwrap().is_sorted());
                    }
                });
            }
        });
        log.seal(&mut |_| {}).unwrap();
        assert!(log.verify(&mut |_, _| {}).findings.is_empty());
        assert!(log.first_positions().unwrap().len() < 100);
    }

    #[test]
    fn events_too_large_for_one_block_are_put_into_several() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
        let noise = |id: u64| blake3::hash(&id.to_le_bytes()).to_hex().repeat(300);
        let large = |id: u64| {
            let payload = Payload::Dropped { reason: Some(noise(id)) };
            Event::new("a", format!("e-{id}"), "c", Time::from_ms(0), payload)
        };
        for id in 0..200 {
            log.append_blocking(vec![large(id)], Time::from_ms(0)).unwrap();
        }
        log.append_blocking((200..UNIT_EVENTS).map(event).collect(), Time::from_ms(0)).unwrap();
        log.seal(&mut |_| {}).unwrap();
        let entries: Vec<Entry> = log.store.entries(Position::START).map(Result::unwrap).collect();
        assert!(entries.len() < 60 && entries.iter().all(|entry| entry.sealed), "{}", entries.len());
        assert!(log.verify(&mut |_, _| {}).findings.is_empty());
        assert_eq!(log.seal(&mut |_| {}).unwrap(), Sealed::default());
    }

    /// A store whose events were written by a version before this one, each in a block of its own.
    fn written_long_ago(dir: &std::path::Path, count: u64) {
        let mut home = Home::lock(dir, Mode::Create).unwrap();
        let keys = Keys { id: [5; 16], salts: Salts::new([6; 32]) };
        let mut builder = Builder::begin(&home.database(), keys).unwrap();
        for id in 0..count {
            let (at, name) = (Time::from_ms(id as i64), format!("e-{id}"));
            let raw = Raw {
                code: registry::OLD_RATED,
                at,
                recorded_at: at,
                role: 1,
                source: "urn:example:a",
                id: &name,
                consultation: "c-1",
                participant: None,
                context: None,
                record: &[4],
                extra: &[],
            };
            builder.take_events(&[raw]).unwrap();
        }
        builder.finish(&home.witness()).unwrap();
        home.complete([5; 16]).unwrap();
    }

    /// However often its block is rewritten, an event keeps the form in which it was committed to, and reads
    /// as the newest version of its kind says it.
    #[test]
    fn events_of_an_old_version_are_sealed_as_they_are_and_read_as_new() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("x.store");
        written_long_ago(&store, 100);
        let log = Log::open(&store, Mode::Existing).unwrap();
        let published = log.commitment().unwrap();
        log.append_blocking((1000..1000 + UNIT_EVENTS).map(event).collect(), Time::from_ms(0)).unwrap();
        log.seal(&mut |_| {}).unwrap();
        let rated =
            |stored: crate::log::Stored| stored.event.payload == Payload::Rated { scale: 5, value: 4 };
        assert!(log.events(..=Position(100)).all(|stored| rated(stored.unwrap())));
        let block = read::block_at(&log.store, Position(50)).unwrap();
        assert!(block.len() > 1000 && block.raw(49).unwrap().code == registry::OLD_RATED);
        assert_eq!(log.head_at(Position(100)).unwrap(), published);
        assert!(log.verify(&mut |_, _| {}).is_sound());
        let hot = log.brief_blocks(..=Position(100)).next().unwrap().unwrap();
        assert_eq!(hot.events[7].detail, crate::log::Detail::Rated { scale: 5, value: 4 });
        log.prove(Position(7), None).unwrap().check().unwrap();
    }
}
