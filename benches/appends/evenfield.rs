//! evenfield: a log, which gathers its callers itself.
//!
//! Each append is checked for duplicates and conflicts, hashed into the commitment, and acknowledged
//! after `fdatasync` of the database and of the witness. There is no weaker mode.

use std::path::Path;

use engine::log;
use event::{Event, Time};

use crate::contender::{Store, Writer};
use crate::recording::RECEIVED_MS;

/// An open log.
#[derive(Debug)]
pub(crate) struct Log(log::Log);

impl Log {
    pub(crate) fn create(folder: &Path) -> Self {
        Self(log::Log::open(folder, log::Mode::Create).expect("a new store"))
    }
}

/// How many events a log holds that is verified from the first to the last.
pub(crate) fn count(folder: &Path) -> usize {
    let log = log::Log::open(folder, log::Mode::Existing).expect("it opens");
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    verdict.events as usize
}

impl Store for Log {
    fn writer(&self) -> Box<dyn Writer + '_> {
        Box::new(&self.0)
    }
}

impl Writer for &log::Log {
    fn append(&mut self, events: Vec<Event>) -> usize {
        self.append_blocking(events, Time::from_ms(RECEIVED_MS)).expect("an append").added()
    }
}
