//! Reads callbacks of one input, in whatever order they were kept.
//!
//! A departure whose callback does not say whose connection it was waits for the callback that made the
//! connection. What still waits at the end is refused, since it would be told of somebody else than when
//! both are read together. No more than a bounded number waits.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::Value;

use super::callback::{Tidings, tell};
use super::declaration;
use super::person::{Key, People};
use crate::declare::Declared;
use crate::document::{self, Document};
use crate::frame::{Frame, json_values};
use crate::tale::{self, CALLBACK_LIMIT, Told};
use crate::text::shown;
use crate::{FeedError, Item, Refusal, Settings, Sink};

/// How many departures wait, and of how many bytes.
const HELD: usize = 10_000;
const HELD_BYTES: usize = 16 << 20;

/// Reads all of `input`.
pub(super) fn read(input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
    tale::check_settings(settings)?;
    let mut reading = Reading {
        settings,
        sink,
        declared: Declared::default(),
        people: People::default(),
        held: BTreeMap::new(),
        held_count: 0,
        held_bytes: 0,
    };
    let mut flow = ControlFlow::Continue(());
    let ended = json_values(input, CALLBACK_LIMIT, &mut |frame| {
        flow = reading.take(frame);
        flow
    });
    if flow.is_continue() {
        let _ = reading.end();
    }
    ended
}

struct Reading<'a, 'b> {
    settings: &'a Settings,
    sink: Sink<'b>,
    declared: Declared,
    people: People,
    held: BTreeMap<Key, Vec<Held>>,
    held_count: usize,
    held_bytes: usize,
}

/// A departure that waits.
struct Held {
    line: u64,
    text: Vec<u8>,
}

impl Reading<'_, '_> {
    fn take(&mut self, frame: Frame<'_>) -> ControlFlow<()> {
        match frame.broken {
            Some(refusal) => (self.sink)(refusal.item(frame.line, frame.text)),
            None => self.document(frame.line, frame.text),
        }
    }

    fn document(&mut self, line: u64, text: &[u8]) -> ControlFlow<()> {
        let people = &self.people;
        let known = |key: &Key| people.known(key).cloned();
        let tidings = document::parse(text)
            .and_then(|value: Value| tell(&Document::new(&value), self.settings, &known));
        match tidings {
            Ok(Tidings::Came(key, person, told)) => {
                self.people.came(key.clone(), &person);
                self.hand_on(line, told)?;
                self.release(&key)
            }
            Ok(Tidings::Went(key, told)) => {
                self.people.went(key);
                self.hand_on(line, told)
            }
            Ok(Tidings::Unnamed(key)) => self.hold(key, Held { line, text: text.to_vec() }),
            Ok(Tidings::Other(told)) => self.hand_on(line, told),
            Err(refusal) => (self.sink)(refusal.item(line, text)),
        }
    }

    fn hold(&mut self, key: Key, held: Held) -> ControlFlow<()> {
        let bytes = self.held_bytes + held.text.len();
        if self.held_count >= HELD || bytes > HELD_BYTES {
            return (self.sink)(unknown(&key).item(held.line, &held.text));
        }
        (self.held_count, self.held_bytes) = (self.held_count + 1, bytes);
        self.held.entry(key).or_default().push(held);
        ControlFlow::Continue(())
    }

    /// Tells the departures that waited for the connection to be made.
    fn release(&mut self, key: &Key) -> ControlFlow<()> {
        // Where so many are remembered that this one is not, it waits on and is refused at the end.
        if self.people.known(key).is_none() {
            return ControlFlow::Continue(());
        }
        for held in self.held.remove(key).unwrap_or_default() {
            self.held_count -= 1;
            self.held_bytes -= held.text.len();
            self.document(held.line, &held.text)?;
        }
        ControlFlow::Continue(())
    }

    /// Refuses what still waits, in the order of the lines.
    fn end(&mut self) -> ControlFlow<()> {
        let mut left: Vec<(Key, Held)> = Vec::new();
        for (key, held) in std::mem::take(&mut self.held) {
            left.extend(held.into_iter().map(|held| (key.clone(), held)));
        }
        left.sort_by_key(|(_, held)| held.line);
        left.iter().try_for_each(|(key, held)| (self.sink)(unknown(key).item(held.line, &held.text)))
    }

    fn hand_on(&mut self, line: u64, told: Vec<Told>) -> ControlFlow<()> {
        for told in told {
            match told {
                Told::Event(event) => {
                    if let Some(event) = self.declared.once(&event.source, &declaration()) {
                        (self.sink)(Item::Event { line, event })?;
                    }
                    (self.sink)(Item::Event { line, event })?;
                }
                Told::Refused(refusal, text) => (self.sink)(refusal.item(line, text.as_bytes()))?,
                Told::Skipped(reason) => (self.sink)(Item::Skipped { line, reason })?,
            }
        }
        ControlFlow::Continue(())
    }
}

fn unknown((_, connection): &Key) -> Refusal {
    let connection = shown(connection);
    Refusal::at(
        "/connection/data",
        format!(
            "/connection/data is missing, and no callback says who made the connection; read it together with \
             the connectionCreated of {connection}"
        ),
    )
}
