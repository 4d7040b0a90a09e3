//! SQLite: one table with a column for each field and each level of the context, names unique.
//!
//! `journal_mode=WAL`, `synchronous=FULL`: the write-ahead log is synced at every commit, so what was
//! committed survives a power cut. Every writer has a connection of its own, waits for its turn at most
//! a minute, and takes the write lock at the beginning of its transaction.

use std::path::{Path, PathBuf};
use std::time::Duration;

use event::{Context, Dimension, Event};
use rusqlite::{CachedStatement, Connection, TransactionBehavior};

use crate::contender::{Store, Writer};
use crate::recording::RECEIVED_MS;
use crate::row;

const TURN: Duration = Duration::from_secs(60);
const FIELDS: [&str; 9] =
    ["source", "id", "consultation", "at", "received_at", "participant", "role", "kind", "detail"];

/// A database file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
}

struct Own {
    connection: Connection,
    plain: String,
    with_context: String,
}

impl Database {
    pub(crate) fn create(folder: &Path) -> Self {
        std::fs::create_dir(folder).expect("a new folder");
        let path = folder.join("events.sqlite");
        let dimensions: String =
            Dimension::ALL.iter().map(|dimension| format!(", {} TEXT", dimension.name())).collect();
        let table = format!(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL,
             consultation TEXT NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL, participant TEXT,
             role INTEGER, kind INTEGER NOT NULL, detail BLOB NOT NULL, extra BLOB{dimensions},
             UNIQUE (source, id) ON CONFLICT IGNORE)"
        );
        connect(&path).execute_batch(&table).expect("a table");
        Self { path }
    }
}

fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a connection");
    connection.busy_timeout(TURN).expect("a time to wait");
    // 64 MiB of pages, as much as the database below evenfield is given.
    connection
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536")
        .expect("settings");
    connection
}

/// How many rows there are, in the table and in the index of names, after a check of both.
pub(crate) fn count(folder: &Path) -> usize {
    let connection = connect(&folder.join("events.sqlite"));
    let text: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(text, "ok");
    let count: i64 =
        connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    count as usize
}

impl Store for Database {
    fn writer(&self) -> Box<dyn Writer + '_> {
        let insert = |more: &[&str]| {
            let names = FIELDS.iter().chain(more).copied().collect::<Vec<_>>().join(", ");
            let places = vec!["?"; FIELDS.len() + more.len()].join(", ");
            format!("INSERT INTO events ({names}) VALUES ({places})")
        };
        let dimensions: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.name()).collect();
        let (plain, with_context) =
            (insert(&["extra"]), insert(&[&["extra"], dimensions.as_slice()].concat()));
        Box::new(Own { connection: connect(&self.path), plain, with_context })
    }
}

impl Writer for Own {
    fn append(&mut self, events: Vec<Event>) -> usize {
        let Self { connection, plain, with_context } = self;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("its turn");
        let mut added = 0;
        {
            // Most events have no context: a statement of fewer columns binds fewer.
            let mut plain = transaction.prepare_cached(plain).expect("a statement");
            let mut with_context = transaction.prepare_cached(with_context).expect("a statement");
            let mut detail = Vec::new();
            for event in &events {
                let context = event.payload.context();
                let insert = if context.is_some() { &mut with_context } else { &mut plain };
                added += put(insert, event, context, &mut detail).expect("an insert");
            }
        }
        transaction.commit().expect("a commit");
        added
    }
}

fn put(
    insert: &mut CachedStatement<'_>,
    event: &Event,
    context: Option<&Context>,
    bytes: &mut Vec<u8>,
) -> rusqlite::Result<usize> {
    bytes.clear();
    row::write_detail(event, bytes);
    insert.raw_bind_parameter(1, event.source.as_str())?;
    insert.raw_bind_parameter(2, event.id.as_str())?;
    insert.raw_bind_parameter(3, event.consultation.as_str())?;
    insert.raw_bind_parameter(4, event.at.ms())?;
    insert.raw_bind_parameter(5, RECEIVED_MS)?;
    insert.raw_bind_parameter(6, event.participant.as_deref())?;
    insert.raw_bind_parameter(7, row::role(event))?;
    insert.raw_bind_parameter(8, event.kind() as u8)?;
    insert.raw_bind_parameter(9, bytes.as_slice())?;
    bytes.clear();
    let extra = event.extra.as_ref().map(|extra| {
        row::write_extra(extra, bytes);
        bytes.as_slice()
    });
    insert.raw_bind_parameter(10, extra)?;
    for dimension in Dimension::ALL.into_iter().filter(|_| context.is_some()) {
        let level = context.and_then(|context| context.get(dimension));
        insert.raw_bind_parameter(11 + dimension as usize, level)?;
    }
    insert.raw_execute()
}
