//! What is checked before a log is handed out: that it ends where its witness says, with those events.
//!
//! A log opens when all that was acknowledged is there. Events beyond the witness were written and never
//! acknowledged: whole ones stay, and what is torn is cut off and told. Anything else is an error that
//! says what is the matter, and nothing is changed by it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::repair;
use super::salvage::Salvage;
use crate::log::block::entry::Entry;
use crate::log::commitment::Frontier;
use crate::log::database::keys::Keys;
use crate::log::database::preflight::{self, Walk};
use crate::log::database::store::Store;
use crate::log::folder::home::{self, Home, StoreId};
use crate::log::folder::witness::{Mute, Seen, Witness};
use crate::log::reading::past::{self, Leaves};
use crate::log::reading::read;
use crate::log::{LogError, Mode, Position};

/// What opening a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opening {
    /// All that was acknowledged is there.
    Healthy,
    /// All that was acknowledged is there; what a crash had left half written after it was cut off.
    Torn {
        /// The last position that is there.
        head: Position,
        /// What was wrong with what stood after it.
        what: String,
    },
    /// All that was acknowledged is there; its file did not look as it should, so it was written anew.
    Rewritten {
        /// What was wrong with the file.
        what: String,
        /// Where the store as it was is kept.
        aside: PathBuf,
    },
}

/// How long it took to open a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OpeningTime {
    /// Looking at the database's file before the database may open it.
    pub looking: Duration,
    /// All the rest.
    pub rest: Duration,
}

/// An opened database with what belongs to it.
#[derive(Debug)]
pub(in crate::log) struct Opened {
    pub(in crate::log) store: Store,
    pub(in crate::log) witness: Witness,
    pub(in crate::log) leaves: Leaves,
    pub(in crate::log) frontier: Frontier,
    pub(in crate::log) id: StoreId,
    /// Where the first block begins that is not sealed.
    pub(in crate::log) unsealed: Position,
    pub(in crate::log) opening: Opening,
    /// How long its file was looked at.
    pub(in crate::log) looking: Duration,
}

/// Opens what `home` holds, making it if it is not complete.
///
/// The database is let at its file only when that looks as it should: opening zeroes what it takes for
/// torn, and what is written behind damage that it has not noticed is lost with the next opening.
pub(in crate::log) fn open(mut home: Home) -> Result<(Home, Opened), LogError> {
    let Some(format) = home.format() else {
        let opened = make(&mut home)?;
        return Ok((home, opened));
    };
    let (witness, seen) =
        Witness::open(&home.witness(), format.id)?.map_err(|mute| unwitnessed(&home, mute))?;
    let begun = Instant::now();
    if let Walk::Suspicious(what) = preflight::walk(&home.database(), seen.wanted())? {
        drop(witness);
        return rewritten(home, what);
    }
    let looking = begun.elapsed();
    let store = open_store(&home)?;
    let keys = keys_of(&home, &store, format.id, seen)?;
    let opened = Opened { looking, ..check(&home, store, keys, witness, seen)? };
    Ok((home, opened))
}

/// How far the events of the store in `dir` were acknowledged by now, without opening or holding it.
///
/// # Errors
///
/// When there is no store, or its witness cannot be read.
pub fn seen_head(dir: &Path) -> Result<Position, LogError> {
    let (format, path) = Home::glance(dir)?;
    let missing = |mute| LogError::Unwitnessed { dir: dir.to_owned(), what: words(mute).to_owned() };
    Witness::open(&path, format.id)?.map(|(_, seen)| seen.head).map_err(missing)
}

/// Opens a store after writing it anew, which is possible if nothing that was acknowledged is lost.
fn rewritten(home: Home, what: String) -> Result<(Home, Opened), LogError> {
    let dir = home.dir().to_owned();
    let (home, aside) = repair::rewrite(&dir, home, &what)?;
    // Once: what was just written and does not look as it should is beyond this.
    if let Walk::Suspicious(what) = preflight::walk(&home.database(), None)? {
        return Err(LogError::Broken { dir, what });
    }
    let (home, mut opened) = open(home)?;
    if let Some(aside) = aside {
        opened.opening = Opening::Rewritten { what, aside };
    }
    Ok((home, opened))
}

/// The database, which may turn out to be beyond opening.
fn open_store(home: &Home) -> Result<Store, LogError> {
    Store::open(&home.database()).map_err(|error| match error {
        LogError::Database { what, .. } => LogError::Broken { dir: home.dir().to_owned(), what },
        error => error,
    })
}

/// The keys of the database, if it is that of the store `id`.
fn keys_of(home: &Home, store: &Store, id: StoreId, seen: Seen) -> Result<Keys, LogError> {
    match store.keys()? {
        Some(keys) if keys.id == id => Ok(keys),
        Some(_) => {
            let what = repair::FOREIGN.to_owned();
            Err(LogError::Broken { dir: home.dir().to_owned(), what })
        }
        None => {
            let (dir, lost) = (home.dir().to_owned(), seen.head.0);
            Err(LogError::RolledBack { dir, head: Position::START, lost })
        }
    }
}

pub(in crate::log) fn unwitnessed(home: &Home, mute: Mute) -> LogError {
    LogError::Unwitnessed { dir: home.dir().to_owned(), what: words(mute).to_owned() }
}

fn words(mute: Mute) -> &'static str {
    match mute {
        Mute::Missing => "its WITNESS is missing",
        Mute::Unreadable => "its WITNESS is damaged",
        Mute::OfAnotherStore => "its WITNESS is that of another store",
    }
}

/// Makes a store; what is there of one whose making was cut short goes first.
fn make(home: &mut Home) -> Result<Opened, LogError> {
    clear_unmade(home)?;
    // The lock is what tells an unfinished store of ours from a database of somebody else.
    crate::log::folder::disk::sync_folder(home.dir())?;
    let store = Store::open(&home.database())?;
    let keys = Keys::draw(home.dir())?;
    store.put_keys(&keys)?;
    store.sync()?;
    let frontier = Frontier::default();
    let seen = Seen { head: Position::START, root: frontier.root() };
    let witness = Witness::make(&home.witness(), keys.id, seen)?;
    home.complete(keys.id)?;
    let leaves = Leaves::new(keys.salts);
    let (id, unsealed, opening) = (keys.id, Position::FIRST, Opening::Healthy);
    Ok(Opened { store, witness, leaves, frontier, id, unsealed, opening, looking: Duration::ZERO })
}

/// Removes a database that was never completed, in whatever state a power cut has left it.
///
/// No event was ever taken before there was a `FORMAT`: one that holds events is no such database.
fn clear_unmade(home: &Home) -> Result<(), LogError> {
    let database = home.database();
    is_unmade(home)?;
    if home.mode() == Mode::Existing {
        return Err(LogError::Missing { dir: home.dir().to_owned() });
    }
    match fs::remove_dir_all(&database) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(LogError::io("clear what was begun before", &database)(error))
        }
        _ => Ok(()),
    }
}

/// Refuses what has no `FORMAT` and holds events; nothing is changed.
pub(in crate::log) fn is_unmade(home: &Home) -> Result<(), LogError> {
    // Looked for in the file, which opening would change.
    let holds_events = Salvage::search(&home.database(), &mut |_, _| {})?.holds_events();
    if holds_events || Witness::has_seen_events(&home.witness())? || home.fingerprint()?.is_some() {
        return Err(LogError::Broken { dir: home.dir().to_owned(), what: home::NO_FORMAT.to_owned() });
    }
    Ok(())
}

fn check(home: &Home, store: Store, keys: Keys, witness: Witness, seen: Seen) -> Result<Opened, LogError> {
    let listed = list(&store);
    if listed.head < seen.head {
        return Err(match listed.fault {
            Some(fault) => fault,
            None => {
                let lost = seen.head.0 - listed.head.0;
                LogError::RolledBack { dir: home.dir().to_owned(), head: listed.head, lost }
            }
        });
    }
    let mut leaves = Leaves::new(keys.salts);
    let frontier = past::frontier_at(&store, &mut leaves, seen.head)?;
    let frontier = match frontier.root() == seen.root {
        true => frontier,
        false => mend_units(&store, &mut leaves, seen)?,
    };
    let (id, unsealed, opening) = (keys.id, listed.unsealed, Opening::Healthy);
    let looking = Duration::ZERO;
    let mut opened = Opened { store, witness, leaves, frontier, id, unsealed, opening, looking };
    take_unseen(&mut opened, listed)?;
    let head = Position(opened.frontier.size());
    if head > seen.head {
        opened.store.settled()?;
        opened.witness.note(Seen { head, root: opened.frontier.root() })?;
    }
    Ok(opened)
}

/// How far the list of blocks goes without leaving a position out, and how far it is sealed.
struct Listed {
    head: Position,
    unsealed: Position,
    fault: Option<LogError>,
}

fn list(store: &Store) -> Listed {
    let mut listed = Listed { head: Position::START, unsealed: Position::FIRST, fault: None };
    for entry in store.entries(Position::START) {
        match entry {
            Ok(entry) if entry.first == listed.head.next() => {
                listed.head = entry.last();
                if entry.sealed && entry.first == listed.unsealed {
                    listed.unsealed = entry.last().next();
                }
            }
            Ok(entry) => {
                let what = format!("no block holds it, though there is one at {}", entry.first);
                listed.fault = Some(LogError::Damaged { position: listed.head.next(), what });
                break;
            }
            Err(error) => {
                listed.fault = Some(error);
                break;
            }
        }
    }
    listed
}

/// The edge from the events alone, when the nodes of units lead elsewhere; those are made anew.
fn mend_units(store: &Store, leaves: &mut Leaves, seen: Seen) -> Result<Frontier, LogError> {
    let frontier = past::recount(store, leaves, seen.head)?;
    if frontier.root() != seen.root {
        return Err(first_difference(store, leaves, seen));
    }
    past::put_units(store, leaves, seen.head)?;
    store.sync()?;
    Ok(frontier)
}

/// Where the events first are not those that were committed to.
fn first_difference(store: &Store, leaves: &mut Leaves, seen: Seen) -> LogError {
    let mut frontier = Frontier::default();
    for entry in store.entries(Position::START) {
        let take = entry.and_then(|entry| {
            let block = read::read_block(store, entry)?;
            leaves.of_block(&block)?.into_iter().for_each(|leaf| frontier.push(leaf, |_, _| {}));
            Ok(entry)
        });
        match take {
            Err(error) => return error,
            Ok(entry) if entry.root != frontier.root() => {
                let what = "the events from here on are not those that were committed to".to_owned();
                return LogError::Damaged { position: entry.first, what };
            }
            Ok(_) => {}
        }
    }
    let what = "the events up to here are not those that its WITNESS has seen".to_owned();
    LogError::Damaged { position: seen.head, what }
}

/// Takes the blocks that were never acknowledged, as far as they are whole, and cuts off the others.
fn take_unseen(opened: &mut Opened, listed: Listed) -> Result<(), LogError> {
    let mut fault = listed.fault;
    while Position(opened.frontier.size()) < listed.head {
        if let Err(error) = take_block(opened) {
            fault = Some(error);
            break;
        }
    }
    let head = Position(opened.frontier.size());
    let Some(fault) = fault else { return Ok(()) };
    // With a slot of the witness gone nobody knows that it was not acknowledged: then it is damage.
    if !matches!(fault, LogError::Damaged { .. }) || opened.witness.is_worn {
        return Err(fault);
    }
    opened.store.cut_blocks(head.next())?;
    opened.store.sync()?;
    opened.opening = Opening::Torn { head, what: fault.to_string() };
    Ok(())
}

/// Takes the block after the edge, if it is whole.
fn take_block(opened: &mut Opened) -> Result<(), LogError> {
    let next = Position(opened.frontier.size()).next();
    let damaged = |what: &str| LogError::Damaged { position: next, what: what.to_owned() };
    let entry: Option<Entry> = opened.store.entry_at(next)?;
    let entry = entry.filter(|entry| entry.last() >= next).ok_or_else(|| damaged("no block holds it"))?;
    let block = read::read_block(&opened.store, entry)?;
    let skip = (next.0 - block.first().0) as usize;
    let mut frontier = opened.frontier.clone();
    let leaves = opened.leaves.of_block(&block)?;
    leaves.into_iter().skip(skip).for_each(|leaf| frontier.push(leaf, |_, _| {}));
    if frontier.root() != entry.root {
        return Err(damaged("its commitment does not hold"));
    }
    opened.frontier = frontier;
    Ok(())
}
