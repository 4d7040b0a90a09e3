//! Checking everything that can be checked, without stopping at the first fault.
//!
//! Every block is read whole: its checksums, its decoding, its place, its agreement with the list of
//! blocks and with the commitment, and that the index knows each of its events; in the end the commitment
//! is held against the witness. What is found is told with its position and
//! what to do. The index is derived: it is made anew at once, and that is a remark, not damage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use event::Time;
use tokio::sync::watch;

use crate::log::block::Block;
use crate::log::block::entry::Entry;
use crate::log::commitment::{Frontier, Hash, UNIT_HEIGHT};
use crate::log::database::store::{Key, Store};
use crate::log::error::Damage;
use crate::log::folder::home::StoreId;
use crate::log::folder::witness::Witness;
use crate::log::index::{Audit, Index, LoadError, SharedIndex, locked};
use crate::log::reading::past::Leaves;
use crate::log::{LogError, Position};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing is lost, and nothing needs to be done.
    Remark,
    /// Something cannot be read, or is not what was written.
    Damage,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// The first event that it concerns, if it concerns any.
    pub position: Option<Position>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verdict {
    /// How far the log went when it began.
    pub head: Position,
    /// How many events are sound.
    pub events: u64,
    /// How many blocks are sound.
    pub blocks: u64,
    /// What was found, in the order of finding.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight < Weight::Damage)
    }
}

/// How many roots of the last blocks are held against the witness.
const KEPT_ROOTS: usize = 64;
const RESTORE: &str = "`log repair` saves what can be proven, or restore a backup";
const NOTHING: &str = "nothing: it is made anew";

/// Checks the log up to where `head` is; `progress` is told how many events of how many are done.
pub(in crate::log) fn verify(
    store: &Store,
    index: &SharedIndex,
    head: &watch::Receiver<Position>,
    (witness, id): &(PathBuf, StoreId),
    progress: &mut dyn FnMut(u64, u64),
) -> Verdict {
    let verdict = Verdict { head: *head.borrow(), ..Verdict::default() };
    let mut check = Check { store, index, head, commitment: None, audit: None, verdict };
    check.blobs();
    check.keys(*id);
    check.load_index();
    let firsts = check.blocks(progress);
    check.indexed();
    check.strays(&firsts);
    check.witness(witness, *id);
    check.verdict
}

struct Check<'a> {
    store: &'a Store,
    index: &'a SharedIndex,
    /// Where the head is by now: it stands still while the index is locked.
    head: &'a watch::Receiver<Position>,
    /// The edge after the last block; none behind one that could not be read.
    commitment: Option<Commitment>,
    /// The index as it was when the check began; none where that cannot be told.
    audit: Option<Audit>,
    verdict: Verdict,
}

/// The commitment while the blocks go by.
struct Commitment {
    leaves: Leaves,
    frontier: Frontier,
    units: Vec<Hash>,
    /// The roots of the last blocks, by head: the witness may have seen any of them.
    roots: BTreeMap<Position, Hash>,
}

impl Check<'_> {
    /// Has the commitment ready, if its keys are there.
    fn keys(&mut self, id: StoreId) {
        match self.store.keys() {
            Ok(Some(keys)) if keys.id == id => {
                let (leaves, frontier) = (Leaves::new(keys.salts), Frontier::default());
                let (units, roots) = (Vec::new(), BTreeMap::new());
                self.commitment = Some(Commitment { leaves, frontier, units, roots });
            }
            Ok(_) => self.damage(None, "the keys of its commitment are missing".to_owned()),
            Err(error) => self.damage(None, error.to_string()),
        }
    }

    /// Checks that the events of `block` lead to the root in its entry.
    fn committed(&mut self, block: &Block, entry: Entry) {
        let Some(mut commitment) = self.commitment.take() else { return };
        let leaves = match commitment.leaves.of_block(block) {
            Ok(leaves) if commitment.frontier.size() + 1 == block.first().0 => leaves,
            // A block is missing or twice there: that is told already.
            Ok(_) => return,
            Err(error) => return self.damage(Some(entry.first), error.to_string()),
        };
        let Commitment { frontier, units, .. } = &mut commitment;
        for leaf in leaves {
            frontier.push(leaf, |height, node| {
                if height == UNIT_HEIGHT {
                    units.push(node)
                }
            });
        }
        let root = commitment.frontier.root();
        if root != entry.root {
            self.damage(Some(entry.first), "its events are not those that were committed to".to_owned());
        }
        commitment.roots.insert(entry.last(), root);
        if commitment.roots.len() > KEPT_ROOTS {
            commitment.roots.pop_first();
        }
        self.commitment = Some(commitment);
    }

    /// Checks that the witness and the nodes of units agree with the events.
    fn witness(&mut self, path: &Path, id: StoreId) {
        let Some(Commitment { units, roots, .. }) = self.commitment.take() else { return };
        match self.store.units(units.len() as u64) {
            Ok(kept) if kept == units => {}
            Ok(_) => self.remark(None, "nodes of the commitment did not hold".to_owned()),
            Err(error) => self.damage(None, error.to_string()),
        }
        match Witness::open(path, id) {
            Ok(Ok((_, seen))) => match roots.get(&seen.head) {
                Some(root) if *root != seen.root => {
                    self.damage(
                        Some(seen.head),
                        "its events are not those that its WITNESS has seen".to_owned(),
                    );
                }
                _ => {}
            },
            Ok(Err(_)) => self.damage(None, "its WITNESS is missing or damaged".to_owned()),
            Err(error) => self.damage(None, error.to_string()),
        }
    }

    fn blobs(&mut self) {
        match self.store.blobs() {
            Ok(blobs) if blobs.is_empty() => {}
            Ok(blobs) => {
                let what = format!("{} values lie in files of their own, which are not durable", blobs.len());
                self.damage(None, what);
            }
            Err(error) => self.damage(None, error.to_string()),
        }
    }

    /// Has the index ready, anew if what is kept does not fit, and reads all of it.
    fn load_index(&mut self) {
        let shared = self.index;
        let mut index = locked(shared);
        let head = *self.head.borrow();
        if index.is_none() {
            self.remark_unfit(head);
            match Index::open(self.store, head) {
                Ok(opened) => *index = Some(opened),
                Err(error) => self.remark(None, format!("the index of ids cannot be made: {error}")),
            }
        }
        let Some(opened) = index.as_mut() else { return };
        match Audit::of(opened, self.store) {
            Ok(audit) => self.audit = Some(audit),
            Err(LoadError::Unfit(damage)) => {
                let cleared = self.store.clear_index();
                *index = cleared.ok().and_then(|()| Index::open(self.store, head).ok());
                drop(index);
                self.remark(None, format!("the index of ids was not of use: {damage}"));
            }
            Err(LoadError::Log(error)) => {
                drop(index);
                self.damage(None, error.to_string());
            }
        }
    }

    /// Tells of a kept index that is of no use; one that was not made yet, as in a store that was written
    /// anew, is no remark.
    fn remark_unfit(&mut self, head: Position) {
        let is_made = !matches!(self.store.first_index(&[]), Ok(None));
        match Index::load(self.store, head) {
            Err(LoadError::Unfit(damage)) if is_made && head > Position::START => {
                self.remark(None, format!("the index of ids was not of use: {damage}"));
            }
            Err(LoadError::Log(error)) => self.damage(None, error.to_string()),
            _ => {}
        }
    }

    /// Checks every block in the list, and returns where they begin.
    fn blocks(&mut self, progress: &mut dyn FnMut(u64, u64)) -> BTreeSet<Position> {
        let (head, mut next, mut firsts) = (self.verdict.head, Position::FIRST, BTreeSet::new());
        for entry in self.store.entries(Position::START) {
            let entry = match entry {
                Ok(entry) if entry.first > head => break,
                Ok(entry) => entry,
                Err(error) => {
                    self.damage(Some(next), error.to_string());
                    continue;
                }
            };
            if entry.first != next {
                let what =
                    format!("positions {next} to {} do not meet: one is missing or twice there", entry.first);
                self.damage(Some(next.min(entry.first)), what);
            }
            next = entry.last().next();
            firsts.insert(entry.first);
            match check_block(self.store, entry) {
                Ok(block) => {
                    self.verdict.blocks += 1;
                    self.verdict.events += block.events();
                    self.committed(&block, entry);
                    if let Some(audit) = &mut self.audit {
                        audit.see(&block);
                    }
                }
                Err(error) => {
                    (self.commitment, self.audit) = (None, None);
                    self.damage(Some(entry.first), error.to_string());
                }
            }
            progress(entry.last().0, head.0);
        }
        if next <= head {
            self.damage(Some(next), format!("the log ends before position {head}, which was acknowledged"));
        }
        firsts
    }

    /// Holds what the index has kept against the events that went by; one that is wrong is made anew.
    fn indexed(&mut self) {
        let head = self.verdict.head;
        let Some(fault) = self.audit.take().and_then(|audit| audit.fault(head)) else { return };
        let mut shared = locked(self.index);
        let cleared = self.store.clear_index();
        *shared = cleared.ok().and_then(|()| Index::open(self.store, *self.head.borrow()).ok());
        drop(shared);
        self.remark(None, fault);
    }

    /// Looks for values of blocks that are not in the list.
    fn strays(&mut self, firsts: &BTreeSet<Position>) {
        for key in [Key::Hot, Key::Cold] {
            let store = self.store;
            for pair in store.scan(key, Position::START) {
                match pair {
                    Ok((first, _)) if first > self.verdict.head || firsts.contains(&first) => {}
                    Ok((first, _)) => {
                        self.damage(Some(first), "a value of a block that is not in the list".to_owned())
                    }
                    Err(error) => self.damage(None, error.to_string()),
                }
            }
        }
    }

    fn damage(&mut self, position: Option<Position>, what: String) {
        self.verdict.findings.push(Finding { weight: Weight::Damage, position, what, remedy: RESTORE });
    }

    fn remark(&mut self, position: Option<Position>, what: String) {
        self.verdict.findings.push(Finding { weight: Weight::Remark, position, what, remedy: NOTHING });
    }
}

/// Reads a block whole and holds it against its entry.
fn check_block(store: &Store, entry: Entry) -> Result<Block, CheckError> {
    let missing = |what: &str| Damage::new(format!("its {what} value is missing"));
    let hot = store.get(Key::Hot, entry.first)?.ok_or_else(|| missing("hot"))?;
    let cold = store.get(Key::Cold, entry.first)?.ok_or_else(|| missing("cold"))?;
    let lengths = (hot.len() as u64, cold.len() as u64);
    if lengths != (entry.hot_bytes.into(), entry.cold_bytes.into()) {
        return Err(Damage::new("its values are not as long as its entry says").into());
    }
    let block = Block::decode(&hot, &cold)?;
    if (block.first(), block.len() as u32) != (entry.first, entry.events) {
        return Err(Damage::new("it is not the block that its entry speaks of").into());
    }
    if entry.declares != block.declares() {
        return Err(
            Damage::new("its entry is wrong on whether a source declares in it what it can see").into()
        );
    }
    block.check_digests()?;
    let (mut min_at, mut max_at) = (Time::MAX, Time::MIN);
    for number in 0..block.len() {
        let at = match block.is_event(number) {
            true => block.event(number)?.at,
            false => block.raw(number)?.at,
        };
        (min_at, max_at) = (min_at.min(at), max_at.max(at));
    }
    if (min_at, max_at) != (block.header().min_at, block.header().max_at) {
        return Err(Damage::new("its times are not within those of its header").into());
    }
    Ok(block)
}

/// Why a block is not sound.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    Damage(#[from] Damage),
    #[error(transparent)]
    Log(#[from] LogError),
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use event::{Event, Payload};

    use super::*;
    use crate::log::block::raw::Drafts;
    use crate::log::block::{self, Encoded, Values};
    use crate::log::{Log, Mode, Opening};

    const BLOCKS: u64 = 3;
    const EVENTS: u64 = 10;

    fn open(dir: &Path) -> Log {
        Log::open(&dir.join("x.store"), Mode::Create).unwrap()
    }

    fn event(id: u64) -> Event {
        Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::from_ms(id as i64), Payload::Completed)
    }

    fn filled(dir: &Path) -> Log {
        let log = open(dir);
        for block in 0..BLOCKS {
            let events = (block * EVENTS..(block + 1) * EVENTS).map(event).collect();
            log.append_blocking(events, Time::from_ms(0)).unwrap();
        }
        log
    }

    /// The second block of the log, as it was written.
    fn second(log: &Log) -> Encoded {
        let first = Position(EVENTS + 1);
        let value = |key| log.store.get(key, first).unwrap().unwrap().to_vec();
        let entry = log.store.entry_at(first).unwrap().unwrap();
        let values = Values { hot: value(Key::Hot), cold: value(Key::Cold) };
        let (root, written, units) = (entry.root, entry.written, Vec::new());
        Encoded { first, count: EVENTS as u32, values, root, written, sealed: false, declares: false, units }
    }

    /// What is found once the second block has been replaced by what `change` makes of it.
    fn check(change: impl Fn(&mut Encoded), position: u64, what: &str) {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(dir.path());
        let mut block = second(&log);
        change(&mut block);
        log.store.put_block(&block).unwrap();
        let verdict = log.verify(&mut |_, _| {});
        assert!(!verdict.is_sound());
        let found = |finding: &Finding| {
            finding.position == Some(Position(position))
                && finding.what.contains(what)
                && finding.remedy == RESTORE
        };
        assert!(verdict.findings.iter().any(found), "{what}: {:?}", verdict.findings);
        assert!(verdict.blocks >= BLOCKS - 1, "the other blocks are checked all the same");
    }

    #[test]
    fn a_flipped_bit_is_found_where_it_is() {
        check(|block| block.values.hot[60] ^= 1, 11, "the checksum of its hot value does not hold");
        check(|block| block.values.cold[60] ^= 1, 11, "the checksum of its cold value does not hold");
        check(|block| block.values.hot[0] ^= 1, 11, "does not begin as one");
    }

    #[test]
    fn a_value_of_another_length_or_block_is_found() {
        check(|block| block.values.cold.truncate(50), 11, "does not hold");
        check(|block| block.count = 9, 11, "not the block that its entry speaks of");
        check(|block| block.count = 9, 20, "do not meet");
        check(|block| block.first = Position(12), 12, "not the block that its entry speaks of");
        let other = |block: &mut Encoded| {
            let arrivals: Vec<_> = (90..100).map(|id| (event(id), Time::from_ms(0))).collect();
            let drafts = Drafts::of(&arrivals).unwrap();
            let values = block::encode_values(Position(1), &drafts.raws()).unwrap().unwrap();
            block.values.cold = values.cold;
        };
        check(other, 11, "of different blocks");
    }

    #[test]
    fn a_log_with_a_hole_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(dir.path());
        let entry = log.store.entry_at(Position(EVENTS + 1)).unwrap().unwrap();
        log.store.edit_blocks(&[entry], &[], &[]).unwrap();
        drop(log);
        let error = Log::open(&dir.path().join("x.store"), Mode::Existing).unwrap_err();
        assert!(matches!(error, LogError::Damaged { position: Position(11), .. }), "{error}");
    }

    /// What was written and never acknowledged may be torn: it goes, is told, and is nobody's loss.
    #[test]
    fn what_was_never_acknowledged_and_is_torn_is_cut_off_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(dir.path());
        let mut late = second(&log);
        late.first = Position(100);
        log.store.put_block(&late).unwrap();
        drop(log);
        let log = open(dir.path());
        assert!(matches!(log.opening(), Opening::Torn { head: Position(30), .. }), "{:?}", log.opening());
        assert_eq!((log.head(), log.verify(&mut |_, _| {}).findings.len()), (Position(30), 0));
        drop(log);
        assert_eq!(open(dir.path()).opening(), &Opening::Healthy);
    }

    /// The newer slot of the witness was lost with it: the last group may have been acknowledged.
    #[test]
    fn what_may_have_been_acknowledged_is_not_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(dir.path());
        let mut late = second(&log);
        late.first = Position(100);
        log.store.put_block(&late).unwrap();
        drop(log);
        let path = dir.path().join("x.store").join("WITNESS");
        let mut witness = std::fs::read(&path).unwrap();
        let newest = witness.windows(8).position(|bytes| bytes == 30_u64.to_le_bytes()).unwrap();
        witness[newest] ^= 1;
        std::fs::write(&path, &witness).unwrap();
        let error = Log::open(&dir.path().join("x.store"), Mode::Existing).unwrap_err();
        assert!(matches!(error, LogError::Damaged { position: Position(31), .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), witness);
    }

    #[test]
    fn an_index_that_does_not_hold_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(dir.path());
        *locked(&log.index) = None;
        log.store.edit_index(vec![(b"s".to_vec(), vec![1; 36])], Vec::new()).unwrap();
        let verdict = log.verify(&mut |_, _| {});
        assert!(verdict.is_sound());
        assert_eq!(verdict.findings.len(), 1, "{:?}", verdict.findings);
        assert_eq!((verdict.findings[0].weight, verdict.findings[0].remedy), (Weight::Remark, NOTHING));
        assert!(log.verify(&mut |_, _| {}).findings.is_empty());
        let receipt = log.append_blocking(vec![event(3)], Time::from_ms(0)).unwrap();
        assert_eq!(receipt.duplicates(), 1);
    }
}
