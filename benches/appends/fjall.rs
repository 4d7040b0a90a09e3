//! fjall: a keyspace of rows by position, and one of positions by name.
//!
//! `PersistMode::SyncAll`: the journal is synced before an append is acknowledged. Callers take turns to
//! look for their names and to write, and sync when it is the next one's turn.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

use ::fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use event::Event;

use crate::contender::{Store, Writer};
use crate::row;

const DURABLE: PersistMode = PersistMode::SyncAll;
const CACHE_BYTES: u64 = 64 << 20;

/// An open database.
pub(crate) struct Keyspaces {
    database: Database,
    rows: Keyspace,
    names: Keyspace,
    /// The next position; whoever writes holds it.
    next: Mutex<u64>,
}

impl Keyspaces {
    pub(crate) fn create(folder: &Path) -> Self {
        let database = Database::builder(folder).cache_size(CACHE_BYTES).open().expect("a store");
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default).expect("a keyspace");
        let (rows, names) = (keyspace("events"), keyspace("names"));
        Self { database, rows, names, next: Mutex::new(0) }
    }

    /// Writes the events whose names are new; they are not durable yet.
    fn write(&self, events: &[Event]) -> usize {
        let mut next = self.next.lock().expect("nobody has failed");
        let first = *next;
        let mut batch = self.database.batch();
        // What lies in the batch is not found in the keyspace.
        let mut here = HashSet::with_capacity(events.len());
        for event in events {
            let mut name = Vec::with_capacity(event.source.len() + event.id.len() + 1);
            row::name(event, &mut name);
            if self.names.contains_key(&name).expect("a look")
                || !here.insert((event.source.as_str(), event.id.as_str()))
            {
                continue;
            }
            let mut bytes = Vec::with_capacity(256);
            row::write(event, &mut bytes);
            batch.insert(&self.names, name, next.to_be_bytes());
            batch.insert(&self.rows, next.to_be_bytes(), bytes);
            *next += 1;
        }
        batch.commit().expect("a commit");
        (*next - first) as usize
    }
}

/// How many rows there are, and as many names.
pub(crate) fn count(folder: &Path) -> usize {
    let store = Keyspaces::create(folder);
    let (rows, names) = (store.rows.len().expect("a count"), store.names.len().expect("a count"));
    assert_eq!(rows, names);
    rows
}

impl Store for Keyspaces {
    fn writer(&self) -> Box<dyn Writer + '_> {
        Box::new(self)
    }
}

impl Writer for &Keyspaces {
    fn append(&mut self, events: Vec<Event>) -> usize {
        let added = self.write(&events);
        self.database.persist(DURABLE).expect("a sync");
        added
    }
}
