//! Which levels the contexts of a log have, so that no mapping can fill it with millions of them.
//!
//! A level is known by 64 bits of a hash of its text; of two that share them the second goes in beyond
//! the limit, which does no harm. Like the index, the list is derived: it holds every level up to some
//! position and is caught up from the blocks after it. When it is missing, damaged or knows more than
//! the log holds, it is made anew from all blocks, and never is the log in doubt because of it.
//!
//! ```text
//! tree "index"  'l' + number (u32)   magic "EFL1", CRC-32C of the rest, u32 number,
//!                                    u64 position up to which the values so far hold every level,
//!                                    u32 n, n times: u8 dimension code, u64 hash
//! ```
//!
//! A value grows until it is full; then the next begins.

use std::collections::HashSet;

use event::{Context, Dimension};

use crate::log::block::registry;
use crate::log::bytes::column::Reader;
use crate::log::bytes::frame;
use crate::log::database::store::{Pair, Store};
use crate::log::error::Damage;
use crate::log::limits::{CLINICIANS, LEVELS};
use crate::log::reading::read::{self, Span};
use crate::log::{LogError, Position};

/// How many events may lie between what is kept and the head: as many blocks are read at the first append.
const SETTLED_EVENTS: u64 = 1 << 18;
/// How many levels lie in one value: 72 KiB.
const LEVELS_A_VALUE: usize = 1 << 13;
/// How much of a level a refusal shows.
const SHOWN_CHARS: usize = 40;

/// How many levels of a dimension are recognised by their text, without a hash.
const SEEN: usize = 64;

const PART: u8 = b'l';
const MAGIC: &[u8; 4] = b"EFL1";

/// How many levels a log takes.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct Most {
    /// Of `clinician`.
    pub(in crate::log) clinicians: usize,
    /// Of every other dimension.
    pub(in crate::log) levels: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { clinicians: CLINICIANS, levels: LEVELS }
    }
}

impl Most {
    fn of(self, dimension: Dimension) -> usize {
        if dimension == Dimension::Clinician { self.clinicians } else { self.levels }
    }
}

/// A level as it is known.
type Known = (Dimension, u64);

/// The levels of one log.
#[derive(Debug)]
pub(in crate::log) struct Levels {
    most: Most,
    /// Hashes, by dimension.
    known: Vec<HashSet<u64>>,
    /// Known levels that came lately, each in the one place where it is looked for.
    seen: Vec<String>,
    /// Up to where they are kept in the database.
    kept_to: Position,
    /// How many values there are before the last.
    full: u32,
    /// What lies in the last value, and after that what lies in none yet.
    last: Vec<Known>,
}

impl Levels {
    /// What is kept, made anew if need be, and caught up with a log whose head is `head`.
    pub(in crate::log) fn open(store: &Store, head: Position, most: Most) -> Result<Self, LogError> {
        let kept = values(store)?;
        let mut levels = match Self::read(&kept, most) {
            Ok(levels) if levels.kept_to <= head => levels,
            _ => {
                store.edit_index(Vec::new(), kept.into_iter().map(|(key, _)| key).collect())?;
                Self::none(most)
            }
        };
        levels.catch_up(store, head)?;
        Ok(levels)
    }

    fn none(most: Most) -> Self {
        let known = Dimension::ALL.iter().map(|_| HashSet::new()).collect();
        let seen = vec![String::new(); SEEN * Dimension::ALL.len()];
        Self { most, known, seen, kept_to: Position::START, full: 0, last: Vec::new() }
    }

    fn read(kept: &[Pair], most: Most) -> Result<Self, Damage> {
        let mut levels = Self::none(most);
        for (number, (_, value)) in (0..).zip(kept) {
            let mut from = Reader::new(frame::magic_checked(MAGIC, value)?);
            let (told, to) = (from.u32()?, Position(from.u64()?));
            if told != number || to < levels.kept_to {
                return Err(Damage::new("the values of the levels are not in order, or not all"));
            }
            levels.kept_to = to;
            levels.full = number;
            levels.last.clear();
            for _ in 0..from.count(LEVELS_A_VALUE)? {
                let (code, hash) = (from.u8()?, from.u64()?);
                let dimension =
                    registry::dimension(code).ok_or_else(|| Damage::new("an unknown dimension"))?;
                levels.note((dimension, hash));
            }
            from.end()?;
        }
        Ok(levels)
    }

    /// Takes the levels of `context`, all of them or, when one is one too many, none; then says why.
    pub(in crate::log) fn take(&mut self, context: &Context) -> Result<(), String> {
        let before = self.last.len();
        for (dimension, level) in context.iter() {
            let place = place(dimension, level);
            if self.seen[place] == level && !level.is_empty() {
                continue;
            }
            let hash = hash(level);
            let known = &self.known[dimension as usize];
            if known.contains(&hash) {
                // Only what was known before: a level of this context may yet be given up.
                self.seen[place].clear();
                self.seen[place].push_str(level);
                continue;
            }
            if known.len() >= self.most.of(dimension) {
                for (dimension, hash) in self.last.drain(before..) {
                    self.known[dimension as usize].remove(&hash);
                }
                return Err(self.refusal(dimension, level));
            }
            self.note((dimension, hash));
        }
        Ok(())
    }

    fn note(&mut self, (dimension, hash): Known) {
        if self.known[dimension as usize].insert(hash) {
            self.last.push((dimension, hash));
        }
    }

    fn refusal(&self, dimension: Dimension, level: &str) -> String {
        let limit = self.most.of(dimension);
        let mut shown: String = level.chars().take(SHOWN_CHARS).collect();
        if shown.len() < level.len() {
            shown.push('…');
        }
        format!(
            "its {dimension} \"{shown}\" is one more than the {limit} levels of {dimension} that a log takes; \
             the feed probably gives each consultation its own: map {dimension} to what many consultations share, \
             or leave it out"
        )
    }

    /// Adds the levels of the blocks after what is kept.
    fn catch_up(&mut self, store: &Store, head: Position) -> Result<(), LogError> {
        let from = self.kept_to.next();
        for contexts in read::contexts(store, Span::of(from.., head)) {
            for (dimension, level) in contexts?.levels() {
                self.note((dimension, hash(level)));
            }
        }
        self.settle(store, head)
    }

    /// Keeps what is known, once there are many events since; every event up to `head` is written.
    pub(in crate::log) fn settle(&mut self, store: &Store, head: Position) -> Result<(), LogError> {
        if head.0 - self.kept_to.0 < SETTLED_EVENTS {
            return Ok(());
        }
        self.keep(store, head)
    }

    fn keep(&mut self, store: &Store, head: Position) -> Result<(), LogError> {
        // The last one is not full, so that it is the one that grows.
        let filled = self.last.len() / LEVELS_A_VALUE * LEVELS_A_VALUE;
        for levels in self.last[..filled].chunks(LEVELS_A_VALUE) {
            // Only the last value completes what holds up to the head: a crash may come before it.
            store.edit_index(vec![pair(self.full, self.kept_to, levels)], Vec::new())?;
            self.full += 1;
        }
        self.last.drain(..filled);
        store.edit_index(vec![pair(self.full, head, &self.last)], Vec::new())?;
        self.kept_to = head;
        Ok(())
    }
}

/// Every value that is there, in the order of their keys.
fn values(store: &Store) -> Result<Vec<Pair>, LogError> {
    let (mut values, mut from) = (Vec::new(), vec![PART]);
    while let Some((key, value)) = store.first_index(&from)?.filter(|(key, _)| key.first() == Some(&PART)) {
        from = [&key[..], &[0]].concat();
        values.push((key.to_vec(), value.to_vec()));
    }
    Ok(values)
}

fn pair(number: u32, to: Position, levels: &[Known]) -> Pair {
    let key = [&[PART], &number.to_be_bytes()[..]].concat();
    let mut bytes = Vec::with_capacity(16 + 9 * levels.len());
    bytes.extend(number.to_le_bytes());
    bytes.extend(to.0.to_le_bytes());
    bytes.extend((levels.len() as u32).to_le_bytes());
    for (dimension, hash) in levels {
        bytes.push(registry::dimension_code(*dimension));
        bytes.extend(hash.to_le_bytes());
    }
    (key, frame::with_magic(MAGIC, &bytes))
}

/// Where a level is looked for among those that came lately.
fn place(dimension: Dimension, level: &str) -> usize {
    let byte = |at: usize| level.as_bytes().get(at).map_or(0, |byte| usize::from(*byte));
    let mix = level.len() + 3 * byte(level.len() / 2) + 5 * byte(level.len().saturating_sub(1));
    dimension as usize * SEEN + mix % SEEN
}

/// FNV-1a: levels are short, and one who crafts two that share a hash gains one level.
fn hash(level: &str) -> u64 {
    level
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use event::{Event, Payload, Time};

    use super::*;
    use crate::log::{Fate, Log, Mode};

    const FEW: Most = Most { clinicians: 5, levels: 3 };

    fn open(dir: &Path) -> Log {
        Log::open_with(&dir.join("x.store"), Mode::Create, FEW).unwrap()
    }

    fn joined<const N: usize>(id: u64, levels: [(Dimension, String); N]) -> Event {
        let payload = Payload::Joined { context: Some(levels.into_iter().collect()) };
        Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::default(), payload)
    }

    fn of(dimension: Dimension, number: u64) -> Event {
        joined(number, [(dimension, format!("level {number}"))])
    }

    fn append(log: &Log, events: impl IntoIterator<Item = Event>) -> Vec<Fate> {
        log.append_blocking(events.into_iter().collect(), Time::default()).unwrap().fates
    }

    fn ids(log: &Log) -> Vec<String> {
        log.events(..).map(|stored| stored.unwrap().event.id).collect()
    }

    fn refused(fate: &Fate) -> bool {
        matches!(fate, Fate::Refused(_))
    }

    #[test]
    fn as_many_levels_as_the_limit_go_in_and_one_more_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path());
        let mut events: Vec<Event> = (0..4).map(|number| of(Dimension::Service, number)).collect();
        // After the one too many: a known level, a level of another dimension, none at all.
        events.push(joined(10, [(Dimension::Service, "level 2".to_owned())]));
        events.push(joined(11, [(Dimension::Network, "mobile".to_owned())]));
        events.push(Event::new("urn:example:a", "e-12", "c-1", Time::default(), Payload::Completed));
        let fates = append(&log, events);
        let Fate::Refused(reason) = &fates[3] else { panic!("{fates:?}") };
        assert_eq!(
            reason,
            "its service \"level 3\" is one more than the 3 levels of service that a log takes; the feed \
             probably gives each consultation its own: map service to what many consultations share, or leave it out"
        );
        assert_eq!(fates.iter().filter(|fate| refused(fate)).count(), 1);
        assert_eq!(ids(&log), ["e-0", "e-1", "e-2", "e-10", "e-11", "e-12"]);
    }

    #[test]
    fn clinicians_have_a_limit_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let fates = append(&open(dir.path()), (0..6).map(|number| of(Dimension::Clinician, number)));
        assert_eq!(fates.iter().map(refused).collect::<Vec<_>>(), [false, false, false, false, false, true]);
    }

    #[test]
    fn an_event_that_is_refused_brings_none_of_its_levels() {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path());
        append(&log, (0..3).map(|number| of(Dimension::Service, number)));
        // In the order of dimensions, one comes before the one too many and one after it.
        let all = [Dimension::Platform, Dimension::Service, Dimension::Device];
        assert!(refused(&append(&log, [joined(20, all.map(|dimension| (dimension, "x".to_owned())))])[0]));
        let fates = append(&log, (21..25).map(|number| of(Dimension::Platform, number)));
        assert_eq!(fates.iter().map(refused).collect::<Vec<_>>(), [false, false, false, true]);
        let fates = append(&log, (31..35).map(|number| of(Dimension::Device, number)));
        assert_eq!(fates.iter().map(refused).collect::<Vec<_>>(), [false, false, false, true]);
    }

    #[test]
    fn what_is_there_already_is_a_duplicate_and_a_long_level_is_shortened() {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path());
        let events: Vec<Event> = (0..3).map(|number| of(Dimension::Region, number)).collect();
        append(&log, events.clone());
        assert!(append(&log, events).iter().all(|fate| matches!(fate, Fate::Duplicate(_))));
        let long = joined(9, [(Dimension::Region, "é".repeat(90))]);
        let Fate::Refused(reason) = &append(&log, [long])[0] else { panic!("it is one too many") };
        assert!(reason.contains(&format!("\"{}…\"", "é".repeat(SHOWN_CHARS))), "{reason}");
    }

    /// What the levels of the log are, from what is kept and from the blocks alone.
    fn both(log: &Log, kept: bool) -> [Levels; 2] {
        assert_eq!(!values(&log.store).unwrap().is_empty(), kept);
        let loaded = Levels::open(&log.store, log.head(), FEW).unwrap();
        let mut derived = Levels::none(FEW);
        derived.catch_up(&log.store, log.head()).unwrap();
        [loaded, derived]
    }

    #[test]
    fn after_reopening_the_same_levels_are_known() {
        let dir = tempfile::tempdir().unwrap();
        append(&open(dir.path()), (0..2).map(|number| of(Dimension::Service, number)));
        for round in 0..3 {
            let log = open(dir.path());
            let fates = append(&log, [of(Dimension::Service, 2), of(Dimension::Service, 3 + round)]);
            assert_eq!(fates.iter().map(refused).collect::<Vec<_>>(), [false, true]);
            let [loaded, derived] = both(&log, round > 0);
            assert_eq!(loaded.known, derived.known);
            // From the second round on, they are kept, as if there were many events.
            let mut levels = loaded;
            levels.keep(&log.store, log.head()).unwrap();
        }
    }

    #[test]
    fn what_is_kept_and_does_not_hold_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path());
        append(&log, (0..3).map(|number| of(Dimension::Service, number)));
        let [mut levels, derived] = both(&log, false);
        levels.keep(&log.store, log.head()).unwrap();
        let (key, value) = values(&log.store).unwrap().remove(0);
        let mut torn = value.clone();
        *torn.last_mut().unwrap() ^= 1;
        let gap = pair(4, log.head(), &[]);
        let ahead = pair(0, log.head().next(), &[]);
        for unfit in [(key.clone(), torn), gap, ahead] {
            log.store.edit_index(vec![(key.clone(), value.clone()), unfit], Vec::new()).unwrap();
            let made = Levels::open(&log.store, log.head(), FEW).unwrap();
            assert_eq!(made.known, derived.known);
            assert!(values(&log.store).unwrap().is_empty(), "what does not hold is removed");
        }
    }

    #[test]
    fn a_value_grows_until_it_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
        let mut levels = Levels::none(Most::default());
        let mut sizes = Vec::new();
        for batch in 0..4_u64 {
            for number in 0..5_000_u64 {
                let level = format!("{batch} {number}");
                levels.take(&Context::default().with(Dimension::Clinician, level)).unwrap();
            }
            levels.keep(&log.store, Position(batch)).unwrap();
            let read = Levels::read(&values(&log.store).unwrap(), Most::default()).unwrap();
            assert_eq!((&read.known, read.kept_to), (&levels.known, Position(batch)));
            assert_eq!((read.full, &read.last), (levels.full, &levels.last));
            sizes.push((levels.full, levels.last.len()));
        }
        assert_eq!(sizes, [(0, 5_000), (1, 1_808), (1, 6_808), (2, 3_616)]);
    }

    /// A hash is kept: it must be the same for ever.
    #[test]
    fn the_hash_of_a_level_stays_as_it_is() {
        assert_eq!((hash(""), hash("a"), hash("foobar")), (HASHES[0], HASHES[1], HASHES[2]));
    }

    /// From the published test vectors of FNV-1a.
    const HASHES: [u64; 3] = [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8];
}
