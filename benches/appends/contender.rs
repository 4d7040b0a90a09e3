//! Who takes part, and what each must be able to do.

use std::path::Path;

use event::Event;

use crate::grouped::Grouped;
use crate::{evenfield, fjall, redb, sqlite};

/// An open store, for the threads that append to it.
pub(crate) trait Store: Send + Sync {
    /// One of its writers; each belongs to one thread.
    fn writer(&self) -> Box<dyn Writer + '_>;
}

/// Who appends.
pub(crate) trait Writer {
    /// Appends the events whose names are new and returns how many they were. They are durable by then.
    fn append(&mut self, events: Vec<Event>) -> usize;
}

/// A database, and how callers come to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Evenfield,
    Sqlite(Callers),
    Redb(Callers),
    Fjall(Callers),
}

/// Who commits the appends of a database that does not gather them itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callers {
    /// Each caller its own.
    Each,
    /// One thread, that commits all who wait together.
    Grouped,
}

use Callers::{Each, Grouped as Together};

impl Contender {
    pub(crate) const ALL: [Self; 7] = [
        Self::Evenfield,
        Self::Sqlite(Each),
        Self::Sqlite(Together),
        Self::Redb(Each),
        Self::Redb(Together),
        Self::Fjall(Each),
        Self::Fjall(Together),
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Evenfield => "evenfield",
            Self::Sqlite(Each) => "sqlite",
            Self::Sqlite(Together) => "sqlite-grouped",
            Self::Redb(Each) => "redb",
            Self::Redb(Together) => "redb-grouped",
            Self::Fjall(Each) => "fjall",
            Self::Fjall(Together) => "fjall-grouped",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contender| contender.name() == name)
    }

    /// Whether its callers are gathered by a thread of ours: with one caller there is nothing to gather.
    pub(crate) fn is_grouped(self) -> bool {
        matches!(self, Self::Sqlite(Together) | Self::Redb(Together) | Self::Fjall(Together))
    }

    /// A new store in `folder`, which is not there yet.
    pub(crate) fn create(self, folder: &Path) -> Box<dyn Store> {
        match self {
            Self::Evenfield => Box::new(evenfield::Log::create(folder)),
            Self::Sqlite(Each) => Box::new(sqlite::Database::create(folder)),
            Self::Sqlite(Together) => Box::new(Grouped::over(sqlite::Database::create(folder))),
            Self::Redb(Each) => Box::new(redb::Tables::create(folder)),
            Self::Redb(Together) => Box::new(Grouped::over(redb::Tables::create(folder))),
            Self::Fjall(Each) => Box::new(fjall::Keyspaces::create(folder)),
            Self::Fjall(Together) => Box::new(Grouped::over(fjall::Keyspaces::create(folder))),
        }
    }

    /// How many events the closed store in `folder` holds, opened again and looked through.
    pub(crate) fn count(self, folder: &Path) -> usize {
        match self {
            Self::Evenfield => evenfield::count(folder),
            Self::Sqlite(_) => sqlite::count(folder),
            Self::Redb(_) => redb::count(folder),
            Self::Fjall(_) => fjall::count(folder),
        }
    }
}
