//! Repair: a store is written anew as far as its events can be proven, and what it was is kept aside.
//!
//! A plan is made first, from the files alone: nothing opens the database, so nothing is changed. What
//! lies behind the last provable position and can still be read is handed out, to be ingested again.

use std::path::{Path, PathBuf};

use super::rebuild::Builder;
use super::salvage::{Proven, Salvage};
use crate::log::block::Stored;
use crate::log::database::preflight::{self, Walk};
use crate::log::folder::home::{Before, Home};
use crate::log::folder::witness::{Seen, Witness};
use crate::log::{LogError, Mode, Position};

/// What is wrong with a folder of which one half was put there from elsewhere.
pub(in crate::log) const FOREIGN: &str = "its database is that of another store";

/// What a repair would do, with the store locked until it is done or dropped.
#[derive(Debug)]
pub struct Repair {
    home: Home,
    salvage: Salvage,
    proven: Option<Proven>,
    seen: Option<Seen>,
    /// The database is that of another store: nothing in it is of use.
    is_foreign: bool,
    /// Its file looks as it should, with what was acknowledged last in it.
    is_clean: bool,
    faults: Vec<String>,
}

/// What was repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The last position that is there.
    pub head: Position,
    /// Where the store as it was is kept.
    pub aside: Option<PathBuf>,
}

impl Repair {
    /// Looks at the files of the store in `dir`; `progress` is told of bytes that were searched.
    ///
    /// # Errors
    ///
    /// When there is no store, another process has it, or its files cannot be read.
    pub fn plan(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, LogError> {
        Self::of(Home::lock_damaged(dir)?, progress)
    }

    /// The plan for a store that is held already; nothing is written.
    pub(in crate::log) fn of(home: Home, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, LogError> {
        let mut faults = Vec::new();
        if home.format().is_none() {
            faults.push("its FORMAT is damaged".to_owned());
        }
        let salvage = Salvage::search(&home.database(), progress)?;
        let keys = salvage.keys(home.format().map(|format| format.id));
        let id = keys.as_ref().map(|keys| keys.id).or(home.format().map(|format| format.id));
        let seen = match id.map(|id| Witness::open(&home.witness(), id)).transpose()? {
            Some(Ok((_, seen))) => Some(seen),
            _ => {
                faults.push("its WITNESS is missing, damaged or that of another store".to_owned());
                None
            }
        };
        let walk = preflight::walk(&home.database(), seen.as_ref().and_then(Seen::wanted))?;
        let is_clean = walk == Walk::Clean;
        if let Walk::Suspicious(what) = walk {
            faults.push(what);
        }
        let proven = keys.map(|keys| salvage.prove(keys, seen)).transpose()?;
        let is_foreign = proven.is_none() && salvage.keys(None).is_some();
        let mut repair = Self { home, salvage, proven, seen, is_foreign, is_clean, faults };
        repair.judge();
        Ok(repair)
    }

    fn judge(&mut self) {
        let Some(proven) = &self.proven else {
            let what = if self.is_foreign { FOREIGN } else { "the keys of its commitment are gone" };
            self.faults.push(format!("{what}: nothing can be proven"));
            return;
        };
        let lost = self.lost().filter(|lost| *lost > 0);
        if let Some(lost) = lost {
            let what = format!(
                "{lost} events after position {} were acknowledged and are not provable",
                proven.head
            );
            self.faults.push(what);
        }
        if proven.witnessed == Some(false) {
            self.faults.push("its events are not those that its WITNESS has seen".to_owned());
        }
    }

    /// What is wrong; nothing when nothing is to be repaired.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The last position that would be there.
    #[must_use]
    pub fn head(&self) -> Position {
        self.proven.as_ref().map_or(Position::START, |proven| proven.head)
    }

    /// How many blocks that is.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.proven.as_ref().map_or(0, Proven::len)
    }

    /// How many acknowledged events would not be there; none when nobody can tell.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        self.seen.map(|seen| seen.head.0.saturating_sub(self.head().0))
    }

    /// Whether everything that was acknowledged is there, with those events.
    pub(in crate::log) fn is_complete(&self) -> bool {
        self.lost() == Some(0) && self.proven.as_ref().is_some_and(|proven| proven.witnessed == Some(true))
    }

    /// What is there and can be proven, if anything is.
    pub(in crate::log) fn proven(&self) -> Option<(&Proven, &Salvage)> {
        self.proven.as_ref().map(|proven| (proven, &self.salvage))
    }

    /// Where it is.
    pub(in crate::log) fn home(&self) -> &Home {
        &self.home
    }

    /// Gives every event after [`Self::head`] that can still be read.
    ///
    /// # Errors
    ///
    /// When the files cannot be read.
    pub fn readable_after(&self, give: &mut dyn FnMut(Stored)) -> Result<(), LogError> {
        if self.is_foreign { Ok(()) } else { self.salvage.readable_after(self.head(), give) }
    }

    /// Writes the store anew up to [`Self::head`], and keeps what it was aside.
    ///
    /// # Errors
    ///
    /// When the store cannot be written, or its keys are gone. It is then as it was.
    pub fn apply(mut self) -> Result<Repaired, LogError> {
        let aside = write_anew(&mut self)?;
        Ok(Repaired { head: self.head(), aside })
    }
}

fn write_anew(repair: &mut Repair) -> Result<Option<PathBuf>, LogError> {
    let Some(proven) = &repair.proven else {
        let what = match repair.is_foreign {
            true => FOREIGN,
            false => "the keys of its commitment are gone; ingest what can be read into a new store",
        };
        let what = what.to_owned();
        return Err(LogError::Broken { dir: repair.home.dir().to_owned(), what });
    };
    let (database, witness) = repair.home.next_generation();
    let mut keys = proven.keys.clone();
    if !repair.is_complete() {
        keys.renew_after(proven.head, repair.home.dir())?;
    }
    let mut builder = Builder::begin(&database, keys)?;
    proven.blocks(&repair.salvage, &mut |block, values, entry| {
        builder.take(&block, values, entry.is_some_and(|entry| entry.sealed))
    })?;
    if (builder.head(), builder.root()) != (proven.head, proven.root) {
        let what = "what was written anew is not what was read".to_owned();
        return Err(LogError::Damaged { position: builder.head(), what });
    }
    builder.finish(&witness)?;
    repair.home.switch(proven.keys.id, Before::Keep)
}

/// Writes a store anew whose file does not look as it should, if all that was acknowledged is there.
///
/// Otherwise tells what is not, and leaves everything as it is.
pub(in crate::log) fn rewrite(
    dir: &Path,
    home: Home,
    what: &str,
) -> Result<(Home, Option<PathBuf>), LogError> {
    drop(home);
    let mut repair = Repair::plan(dir, &mut |_, _| {})?;
    if repair.is_complete() {
        let aside = write_anew(&mut repair)?;
        return Ok((repair.home, aside));
    }
    Err(repair.verdict(what))
}

impl Repair {
    /// The error that says what is not there.
    pub(in crate::log) fn verdict(&self, what: &str) -> LogError {
        let (dir, head) = (self.home.dir().to_owned(), self.head());
        let mut readable = 0_u64;
        let counted = self.readable_after(&mut |_| readable += 1);
        match (counted, self.lost()) {
            (Err(error), _) => error,
            _ if self.is_foreign => LogError::Broken { dir, what: FOREIGN.to_owned() },
            _ if self.proven.is_none() && readable > 0 => {
                LogError::Broken { dir, what: self.faults.join("; ") }
            }
            // What was acknowledged last is there, and something before it cannot be read or is something else.
            _ if self.is_clean && self.proven.is_some() => {
                LogError::Damaged { position: head.next(), what: what.to_owned() }
            }
            (_, Some(lost)) if lost > 0 && readable == 0 => LogError::RolledBack { dir, head, lost },
            (_, Some(lost)) if lost > 0 => {
                let what = format!("{what}; {readable} events after it can still be read");
                LogError::Damaged { position: head.next(), what }
            }
            _ => LogError::Broken { dir, what: self.faults.join("; ") },
        }
    }
}

/// A store that must be there, for a repair that looks at its files only.
impl Home {
    fn lock_damaged(dir: &Path) -> Result<Self, LogError> {
        match Self::lock(dir, Mode::Existing) {
            Err(LogError::Broken { .. }) => Self::lock_without_format(dir),
            locked => locked,
        }
    }
}
