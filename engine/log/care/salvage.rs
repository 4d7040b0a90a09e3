//! What can be read of a database without opening it.
//!
//! Opening a damaged database destroys evidence: it zeroes what it takes for torn. But every value of
//! ours says what it is and where it belongs, and lies in the file in one piece; so the file is searched
//! for them, whatever stands around. Old copies of replaced blocks turn up as well. What belongs
//! together is found by the commitment: block by block, each must lead from the root before it to the
//! root in its entry.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use event::Time;
use memchr::memmem;

use crate::log::block::entry::Entry;
use crate::log::block::{Block, Stored, Values};
use crate::log::bytes::frame::{self, Part};
use crate::log::commitment::{Frontier, Hash};
use crate::log::database::keys::Keys;
use crate::log::folder::home::StoreId;
use crate::log::folder::remains;
use crate::log::folder::witness::Seen;
use crate::log::limits::VALUE_BYTES;
use crate::log::reading::past::Leaves;
use crate::log::{LogError, Position};

/// How much of the file is looked at at once.
const WINDOW: usize = 8 << 20;
/// The most that any value of ours has.
const LONGEST: usize = VALUE_BYTES + 1024;

/// Where a value lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: u64,
    bytes: usize,
    events: u32,
    /// The latest `at` of its events.
    latest: Time,
}

/// Every value of ours that a file holds, by where it belongs.
#[derive(Debug)]
pub(in crate::log) struct Salvage {
    path: PathBuf,
    entries: BTreeMap<Position, Vec<Entry>>,
    hot: BTreeMap<Position, Vec<Place>>,
    cold: BTreeMap<Position, Vec<Place>>,
    keys: Vec<Vec<u8>>,
    remains: Vec<Vec<u8>>,
}

/// A block that was found.
#[derive(Debug, Clone, Copy)]
struct Found {
    hot: Place,
    cold: Place,
    entry: Option<Entry>,
}

/// The longest row of blocks from the first position that the commitment proves.
#[derive(Debug)]
pub(in crate::log) struct Proven {
    blocks: Vec<Found>,
    pub(in crate::log) keys: Keys,
    /// After the last proven block.
    pub(in crate::log) head: Position,
    pub(in crate::log) root: Hash,
    /// Whether its events up to the witness's head are those that the witness has seen; none if it ends before.
    pub(in crate::log) witnessed: Option<bool>,
}

impl Salvage {
    /// Searches the file of the database in `dir`; `progress` is told of bytes.
    pub(in crate::log) fn search(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, LogError> {
        let path = dir.join("db");
        let mut salvage = Self {
            path: path.clone(),
            entries: BTreeMap::new(),
            hot: BTreeMap::new(),
            cold: BTreeMap::new(),
            keys: Vec::new(),
            remains: Vec::new(),
        };
        let failed = LogError::io("read what is left of", &path);
        match salvage.search_file(progress) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(salvage),
        }
    }

    fn search_file(&mut self, progress: &mut dyn FnMut(u64, u64)) -> std::io::Result<()> {
        let mut file = File::open(&self.path)?;
        let all = file.metadata()?.len();
        let (mut window, mut begin) = (Vec::new(), 0_u64);
        loop {
            let kept = window.len();
            let read = (&mut file).take((WINDOW + LONGEST - kept) as u64).read_to_end(&mut window)?;
            let is_last = read == 0 || window.len() < WINDOW + LONGEST;
            let end = if is_last { window.len() } else { WINDOW };
            self.search_window(&window, begin, end);
            progress(begin + end as u64, all);
            if is_last {
                return Ok(());
            }
            window.drain(..end);
            begin += end as u64;
        }
    }

    /// Takes what begins in the first `end` bytes of `window`, which begins at `begin`.
    fn search_window(&mut self, window: &[u8], begin: u64, end: usize) {
        let mut next = 0;
        for at in memmem::find_iter(window, b"EF").take_while(|at| *at < end) {
            if at < next {
                continue;
            }
            let rest = &window[at..window.len().min(at + LONGEST)];
            if let Some(bytes) = self.take(rest, begin + at as u64) {
                next = at + bytes;
            }
        }
    }

    /// Takes the value that `rest` begins with, if it is one of ours and whole, and tells its length.
    fn take(&mut self, rest: &[u8], offset: u64) -> Option<usize> {
        let magic: &[u8; 4] = rest.first_chunk()?;
        match magic {
            magic if magic == Part::Hot.magic() || magic == Part::Cold.magic() => {
                let part = if magic == Part::Hot.magic() { Part::Hot } else { Part::Cold };
                let (header, bytes) = frame::peek(part, rest)?;
                let place = Place { offset, bytes, events: header.count as u32, latest: header.max_at };
                let places = if part == Part::Hot { &mut self.hot } else { &mut self.cold };
                places.entry(header.first).or_default().push(place);
                Some(bytes)
            }
            magic if magic == Entry::MAGIC => {
                let entry = Entry::read(rest.get(..Entry::BYTES)?).ok()?;
                let entries = self.entries.entry(entry.first).or_default();
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
                Some(Entry::BYTES)
            }
            magic if magic == Keys::MAGIC => Self::keep(&mut self.keys, Keys::value_in(rest)?),
            magic if magic == remains::MAGIC => Self::keep(&mut self.remains, remains::value_in(rest)?),
            _ => None,
        }
    }

    fn keep(values: &mut Vec<Vec<u8>>, value: &[u8]) -> Option<usize> {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_vec());
        }
        Some(value.len())
    }

    /// Whether there is anything of an event, or of one that was destroyed.
    pub(in crate::log) fn holds_events(&self) -> bool {
        !(self.entries.is_empty() && self.hot.is_empty() && self.cold.is_empty() && self.remains.is_empty())
    }

    /// The keys of the store `id`, or of the only one there is; none when they are not all there.
    pub(in crate::log) fn keys(&self, id: Option<StoreId>) -> Option<Keys> {
        let mut values = self.keys.clone();
        values.sort_by_key(|value| Keys::number_of(value));
        let keys = Keys::read(&values).ok()?;
        id.is_none_or(|id| id == keys.id).then_some(keys)
    }

    /// The longest row of blocks that leads from root to root.
    pub(in crate::log) fn prove(&self, keys: Keys, seen: Option<Seen>) -> Result<Proven, LogError> {
        let mut row = Row::new(self, Leaves::new(keys.salts.clone()), seen)?;
        while row.extend()? {}
        let Row { blocks, proven, .. } = row;
        let (count, frontier, witnessed) = proven;
        let (head, root) = (Position(frontier.size()), frontier.root());
        Ok(Proven { blocks: blocks[..count].to_vec(), keys, head, root, witnessed })
    }

    /// Events after `head` that can be read, in order of position, each once, as far as they go.
    pub(in crate::log) fn readable_after(
        &self,
        head: Position,
        give: &mut dyn FnMut(Stored),
    ) -> Result<(), LogError> {
        if self.hot.is_empty() {
            return Ok(());
        }
        let mut file = self.open()?;
        let mut next = head.next();
        for (first, places) in self.hot.range(Position::FIRST..) {
            let mut blocks = Vec::new();
            for hot in places.iter().filter(|hot| first.0 + u64::from(hot.events) > next.0) {
                blocks.extend(self.pairs(&mut file, *first, *hot)?.into_iter().map(|(_, block, _)| block));
            }
            let Some(block) = blocks.into_iter().max_by_key(Block::len) else { continue };
            for number in 0..block.len() {
                if let Ok(Some(stored)) = block.stored(number)
                    && stored.position >= next
                {
                    give(stored);
                }
            }
            next = next.max(block.last().next());
        }
        Ok(())
    }

    fn open(&self) -> Result<File, LogError> {
        File::open(&self.path).map_err(LogError::io("read what is left of", &self.path))
    }

    /// The blocks that `hot` makes with cold values of its own.
    fn pairs(
        &self,
        file: &mut File,
        first: Position,
        hot: Place,
    ) -> Result<Vec<(Place, Block, Values)>, LogError> {
        let mut pairs: Vec<(Place, Block, Values)> = Vec::new();
        for cold in self.cold.get(&first).into_iter().flatten().filter(|cold| cold.events == hot.events) {
            let values = Values { hot: self.value(file, hot)?, cold: self.value(file, *cold)? };
            if pairs.iter().any(|(_, _, known)| known.cold == values.cold) {
                continue;
            }
            if let Ok(block) = Block::decode(&values.hot, &values.cold) {
                pairs.push((*cold, block, values));
            }
        }
        Ok(pairs)
    }

    fn value(&self, file: &mut File, place: Place) -> Result<Vec<u8>, LogError> {
        let mut bytes = vec![0; place.bytes];
        let read = file.seek(SeekFrom::Start(place.offset)).and_then(|_| file.read_exact(&mut bytes));
        read.map(|()| bytes).map_err(LogError::io("read what is left of", &self.path))
    }
}

/// A row of blocks while it grows.
struct Row<'a> {
    salvage: &'a Salvage,
    file: File,
    leaves: Leaves,
    seen: Option<Seen>,
    blocks: Vec<Found>,
    frontier: Frontier,
    witnessed: Option<bool>,
    /// How many blocks are proven, the edge after them, and what the witness says of it.
    proven: (usize, Frontier, Option<bool>),
}

impl<'a> Row<'a> {
    fn new(salvage: &'a Salvage, leaves: Leaves, seen: Option<Seen>) -> Result<Self, LogError> {
        let frontier = Frontier::default();
        let witnessed = seen.filter(|seen| seen.head == Position::START).map(|_| true);
        let proven = (0, frontier.clone(), witnessed);
        let (file, blocks) = (salvage.open()?, Vec::new());
        Ok(Self { salvage, file, leaves, seen, blocks, frontier, witnessed, proven })
    }

    /// Takes one block more, if one follows.
    fn extend(&mut self) -> Result<bool, LogError> {
        let first = Position(self.frontier.size()).next();
        let mut places: Vec<Place> = self.salvage.hot.get(&first).cloned().unwrap_or_default();
        // Of several at one place, such as one that was never acknowledged and what was written there later,
        // that one was kept behind which there is more, or which ends where the witness does.
        let leads_on = |place: &Place| {
            let next = first.plus(u64::from(place.events));
            self.salvage.hot.contains_key(&next) || self.seen.is_some_and(|seen| seen.head.next() == next)
        };
        places.sort_by_key(|place| std::cmp::Reverse((leads_on(place), place.events)));
        let mut unproven = None;
        for hot in places {
            for (cold, block, _) in self.salvage.pairs(&mut self.file, first, hot)? {
                let Ok(leaves) = self.leaves.of_block(&block) else { continue };
                let (frontier, witnessed) = self.after(&leaves);
                let entry = self.entry(first, hot, cold, &frontier);
                let found = Found { hot, cold, entry };
                if entry.is_some() {
                    self.blocks.push(found);
                    (self.frontier, self.witnessed) = (frontier, witnessed);
                    self.proven = (self.blocks.len(), self.frontier.clone(), self.witnessed);
                    return Ok(true);
                }
                unproven.get_or_insert((found, frontier, witnessed));
            }
        }
        // Its entry is gone: what comes after may still prove it.
        let Some((found, frontier, witnessed)) = unproven else { return Ok(false) };
        self.blocks.push(found);
        (self.frontier, self.witnessed) = (frontier, witnessed);
        let is_seen = self.seen.is_some_and(|seen| seen.head.0 == self.frontier.size());
        if is_seen && self.witnessed == Some(true) {
            self.proven = (self.blocks.len(), self.frontier.clone(), self.witnessed);
        }
        Ok(true)
    }

    /// The edge after `leaves`, and whether the witness agrees where they pass its head.
    fn after(&self, leaves: &[Hash]) -> (Frontier, Option<bool>) {
        let (mut frontier, mut witnessed) = (self.frontier.clone(), self.witnessed);
        for leaf in leaves {
            frontier.push(*leaf, |_, _| {});
            if let Some(seen) = self.seen.filter(|seen| seen.head.0 == frontier.size()) {
                witnessed = Some(seen.root == frontier.root());
            }
        }
        (frontier, witnessed)
    }

    /// The entry that was written for this block, if it leads to the same root.
    fn entry(&self, first: Position, hot: Place, cold: Place, frontier: &Frontier) -> Option<Entry> {
        let root = frontier.root();
        let fits = |entry: &&Entry| {
            let bytes = (entry.hot_bytes as usize, entry.cold_bytes as usize);
            entry.events == hot.events && bytes == (hot.bytes, cold.bytes) && entry.root == root
        };
        self.salvage.entries.get(&first)?.iter().find(fits).copied()
    }
}

impl Proven {
    /// How many blocks there are.
    pub(in crate::log) fn len(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// When the latest of its events happened; none while there are none.
    pub(in crate::log) fn latest(&self) -> Option<Time> {
        self.blocks.iter().map(|found| found.hot.latest).max()
    }

    /// The last event, as far as its block holds one.
    pub(in crate::log) fn last(&self, salvage: &Salvage) -> Result<Option<Stored>, LogError> {
        let Some(found) = self.blocks.last() else { return Ok(None) };
        let mut file = salvage.open()?;
        let (hot, cold) = (salvage.value(&mut file, found.hot)?, salvage.value(&mut file, found.cold)?);
        let damaged = LogError::damaged(self.head);
        let block = Block::decode(&hot, &cold).map_err(damaged)?;
        // The log's own records, and what stays of contents that were destroyed, are no events.
        Ok((0..block.len()).rev().find_map(|number| block.stored(number).ok().flatten()))
    }

    /// Gives every block, in order, with its values and its entry if that was found.
    pub(in crate::log) fn blocks(
        &self,
        salvage: &Salvage,
        give: &mut dyn FnMut(Block, Values, Option<Entry>) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let mut file = salvage.open()?;
        for found in &self.blocks {
            let values = Values {
                hot: salvage.value(&mut file, found.hot)?,
                cold: salvage.value(&mut file, found.cold)?,
            };
            let block = Block::decode(&values.hot, &values.cold).map_err(LogError::damaged(self.head))?;
            give(block, values, found.entry)?;
        }
        Ok(())
    }
}
