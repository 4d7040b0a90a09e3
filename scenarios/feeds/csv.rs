//! CSV with a column mapping: spreadsheets that services keep, one or several events a row.
//!
//! A mapping, written in TOML, says which column is what; without one the header must carry our own
//! names. An event whose row has no id gets one that follows from what it says: taking the same file in
//! again changes nothing, and two rows that say the same are one event.
//!
//! ```toml
//! source = "urn:example:trust-a:clinic-list"
//! zone = "Europe/London"            # of times without an offset; also "+01:00" or a POSIX rule
//! time_format = "%d/%m/%Y %H:%M"    # unless times are written 2026-03-01 09:00 or so
//! sides = "both"                    # optional, as are delimiter and drop_delay_ms
//!
//! [columns]                         # for every event of the row: our name = their column
//! consultation = "Appointment"
//! service = "Specialty"
//! platform = { value = "attend-anywhere" }
//!
//! [values.role]                     # per field: their value = ours; "" leaves it out
//! "Pt" = "patient"
//!
//! [[event]]                         # one event, if its time is there
//! kind = "joined"
//! at = ["Date", "Patient in"]       # columns joined by a space; the last empty: it did not happen
//! participant = "Patient number"
//! role = { value = "patient" }
//!
//! [[event]]
//! kind = "help_requested"
//! at = ["Date", "Patient in"]
//! when = { column = "Helped", is = ["Y", "yes"] }
//! ```
//!
//! Instead of `[[event]]` tables, `kind` and `at` among the columns make one event a row.
//! Then any kind may come, and the source declares nothing about itself unless `[values.kind]` or
//! `observes = ["joined", "completed"]` says which kinds it can tell. Reasons, topics and stages that look
//! typed rather than chosen are left out and counted, unless they are mapped or free text is allowed.

mod field;
mod fitting;
mod guess;
mod header;
mod mapping;
mod moment;
mod record;
mod row;

#[cfg(test)]
mod tests;

use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Declaration, Kind};

use crate::declare::Declared;
use crate::{Feed, FeedError, Item, Rule, Settings, Sink};
pub use guess::guessed_mapping;
use header::Header;
use mapping::Mapping;
pub use record::{Record, Records};
use row::{Outcome, Row};

/// The feed of CSV files.
#[derive(Debug, Clone, Copy)]
pub struct Csv;

impl Feed for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn title(&self) -> &'static str {
        "CSV with a column mapping"
    }

    fn about(&self) -> &'static str {
        "Spreadsheets that services keep: bookings, help requests, consultations given up, in no vendor's \
         feed. A mapping in TOML says which column is what; without one the header names consultation, \
         kind, at and whatever else an event has. It can tell the kinds that the mapping makes. Rows that \
         say the same, word for word, are one event unless an id column tells them apart."
    }

    fn capabilities(&self, settings: &Settings) -> Option<Declaration> {
        Mapping::of(settings).ok()?.declaration()
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        &[]
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_text = std::str::from_utf8(first)
            .is_ok_and(|line| !line.trim().chars().any(|c| c.is_control() && c != '\t'));
        is_text
            && !matches!(first.first(), None | Some(b'{' | b'[' | b'<'))
            && first.iter().any(|byte| record::DELIMITERS.contains(byte))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let mapping = Mapping::of(settings)?;
        let mut records = Records::new(input, mapping.delimiter);
        let Some(first) = records.next()? else { return Ok(()) };
        if let Some(refusal) = first.broken {
            return Err(FeedError::Mapping(format!("the header cannot be read: {}", refusal.reason)));
        }
        let header = Header::bind(&mapping, first.fields)?;
        let mut reading = Reading {
            declaration: mapping.declaration(),
            declared: Declared::default(),
            told: false,
            context_told: false,
            header: &header,
            settings,
            sink,
        };
        let mut flow = reading.note(first.line, header.unread());
        while let ControlFlow::Continue(()) = flow {
            let Some(record) = records.next()? else {
                let _ = reading.note(first.line, reading.lost_context());
                break;
            };
            flow = reading.take(record);
        }
        Ok(())
    }
}

/// The reading of one file.
struct Reading<'a> {
    header: &'a Header<'a>,
    settings: &'a Settings,
    declaration: Option<Declaration>,
    declared: Declared,
    /// Whether an event came at all.
    told: bool,
    /// Whether one came that can carry circumstances.
    context_told: bool,
    sink: Sink<'a>,
}

impl Reading<'_> {
    /// Hands on what a record tells.
    fn take(&mut self, record: Record) -> ControlFlow<()> {
        let line = record.line;
        let mut hand = |outcome| match outcome {
            Outcome::Event(event) => {
                self.told = true;
                self.context_told |= matches!(event.kind(), Kind::Scheduled | Kind::Joined);
                let declaring = self.declaration.as_ref();
                if let Some(event) = declaring.and_then(|told| self.declared.once(&event.source, told)) {
                    (self.sink)(Item::Event { line, event })?;
                }
                (self.sink)(Item::Event { line, event })
            }
            Outcome::Refused(refusal) => (self.sink)(refusal.item(line, &record.text)),
            Outcome::Skipped(reason) => (self.sink)(Item::Skipped { line, reason }),
        };
        match record.broken {
            Some(refusal) => hand(Outcome::Refused(refusal)),
            None => Row::new(self.header, &record.fields, self.settings).outcomes(&mut hand),
        }
    }

    fn note(&mut self, line: u64, reason: Option<String>) -> ControlFlow<()> {
        match reason {
            Some(reason) => (self.sink)(Item::Skipped { line, reason: reason.into() }),
            None => ControlFlow::Continue(()),
        }
    }

    /// Circumstances that no event of the file could carry; where there is no event, there is nothing to carry.
    fn lost_context(&self) -> Option<String> {
        let lost = self.told && !self.context_told && self.header.has_context();
        lost.then(|| {
            "circumstances are read from rows of the kinds scheduled and joined, and there is none".to_owned()
        })
    }
}

/// What is handed on for each thing that a row tells.
type Hand<'a> = &'a mut dyn FnMut(Outcome) -> ControlFlow<()>;

const RULES: &[Rule] = &[
    Rule {
        theirs: "a row with kind and at",
        ours: None,
        why: "one event of the kind that its cell names, or that the mapping's values name for it",
    },
    Rule {
        theirs: "a row under [[event]] tables",
        ours: None,
        why: "one event for every table whose time is there and whose condition holds",
    },
    Rule {
        theirs: "a value mapped to \"\"",
        ours: None,
        why: "left out; as a kind: the row is left out and counted",
    },
];
