//! redb: a table of rows by position, and one of positions by name.
//!
//! `Durability::Immediate`, which is its default: a commit has been synced. One transaction writes at a
//! time; whoever begins the next waits.

use std::path::Path;

use ::redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use event::Event;

use crate::contender::{Store, Writer};
use crate::row;

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const NAMES: TableDefinition<'_, &[u8], u64> = TableDefinition::new("names");
const CACHE_BYTES: usize = 64 << 20;

/// An open database.
#[derive(Debug)]
pub(crate) struct Tables(Database);

impl Tables {
    pub(crate) fn create(folder: &Path) -> Self {
        std::fs::create_dir(folder).expect("a new folder");
        let path = folder.join("events.redb");
        Self(Database::builder().set_cache_size(CACHE_BYTES).create(path).expect("a new store"))
    }
}

/// How many rows there are, and as many names.
pub(crate) fn count(folder: &Path) -> usize {
    let mut database = Database::open(folder.join("events.redb")).expect("it opens");
    assert!(database.check_integrity().expect("a check"), "it was damaged");
    let reading = database.begin_read().expect("a transaction");
    let events = reading.open_table(EVENTS).expect("the events").len().expect("a count");
    let names = reading.open_table(NAMES).expect("the names").len().expect("a count");
    assert_eq!(events, names);
    events as usize
}

impl Store for Tables {
    fn writer(&self) -> Box<dyn Writer + '_> {
        Box::new(&self.0)
    }
}

impl Writer for &Database {
    fn append(&mut self, events: Vec<Event>) -> usize {
        let mut writing = self.begin_write().expect("its turn");
        writing.set_durability(Durability::Immediate).expect("it can be durable");
        let added = {
            let mut rows = writing.open_table(EVENTS).expect("the events");
            let mut names = writing.open_table(NAMES).expect("the names");
            let first = rows.last().expect("the last event").map_or(0, |(last, _)| last.value() + 1);
            let (mut next, mut name, mut bytes) = (first, Vec::new(), Vec::new());
            for event in &events {
                name.clear();
                row::name(event, &mut name);
                if names.get(name.as_slice()).expect("a look").is_some() {
                    continue;
                }
                names.insert(name.as_slice(), next).expect("a name");
                bytes.clear();
                row::write(event, &mut bytes);
                rows.insert(next, bytes.as_slice()).expect("a row");
                next += 1;
            }
            (next - first) as usize
        };
        writing.commit().expect("a commit");
        added
    }
}
