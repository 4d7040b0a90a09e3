//! A store looked at from outside: what opening it would find, without opening it.
//!
//! Opening may write: it cuts off what a crash has left half written, writes anew what is damaged, clears left-overs, and
//! signs the lock. Here nothing is written, so that whoever asks how a store is changes nothing by asking. Its files are
//! read as a repair reads them, and every event is held against the commitment; what only the database knows, its index,
//! is the business of `verify`.

use std::path::{Path, PathBuf};

use event::Time;

use super::opening::{is_unmade, unwitnessed};
use super::repair::Repair;
use crate::log::folder::home::Home;
use crate::log::folder::witness::Witness;
use crate::log::{LogError, Position};

/// A store as it is found. Nobody can write to it until this is dropped.
#[derive(Debug)]
pub struct Look {
    repair: Repair,
    is_worn: bool,
    last_received: Option<Time>,
}

/// What is wrong with events of which the file looks as it should.
const OTHER_EVENTS: &str = "its events are not those that were committed to";

/// Looks at the store in `dir`; `progress` is told of bytes that were searched.
///
/// # Errors
///
/// Those of opening it: when there is none, when something else stands there, when another process has it open, and when
/// something that was acknowledged is not there.
pub fn look(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Look, LogError> {
    let home = Home::hold(dir)?;
    let Some(format) = home.format() else {
        is_unmade(&home)?;
        return Err(LogError::Missing { dir: dir.to_owned() });
    };
    let (witness, _) = Witness::open(&home.witness(), format.id)?.map_err(|mute| unwitnessed(&home, mute))?;
    let repair = Repair::of(home, progress)?;
    if !repair.is_complete() {
        return Err(repair.verdict(repair.faults().first().map_or(OTHER_EVENTS, String::as_str)));
    }
    let last = match repair.proven() {
        Some((proven, salvage)) => proven.last(salvage)?,
        None => None,
    };
    Ok(Look { is_worn: witness.is_worn, last_received: last.map(|last| last.recorded_at), repair })
}

impl Look {
    /// The last position that is there.
    #[must_use]
    pub fn head(&self) -> Position {
        self.repair.head()
    }

    /// What is wrong with its file; nothing that was acknowledged is lost, and opening writes it anew.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        self.repair.faults()
    }

    /// Whether one of the two slots of the witness cannot be read, as a crash may leave it.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.is_worn
    }

    /// When the last event was received; none while there is none.
    #[must_use]
    pub fn last_received(&self) -> Option<Time> {
        self.last_received
    }

    /// When the latest of its events happened; none while there is none.
    #[must_use]
    pub fn latest(&self) -> Option<Time> {
        self.repair.proven().and_then(|(proven, _)| proven.latest())
    }

    /// Where damaged files that were replaced are kept.
    #[must_use]
    pub fn kept_aside(&self) -> Vec<PathBuf> {
        self.repair.home().kept_aside()
    }

    /// The folder for what can be made of the events anew.
    #[must_use]
    pub fn derived(&self) -> PathBuf {
        self.repair.home().derived()
    }
}
