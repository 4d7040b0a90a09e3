//! The native form: CloudEvents 1.0 as JSON, one event a line, in and out without loss.
//!
//! `type` is `evenfield.consultation.<kind>.v<version>`, `subject` the consultation, (`source`, `id`) the
//! duplicate key. What the vocabulary does not name (extension attributes, further members of the data,
//! kinds and versions of tomorrow) stays with the event and is written out again. Not a general reader of
//! CloudEvents: other types, and data that is not JSON, are rejected.

mod data;
mod object;
mod read;
mod write;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;

use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Declaration, Kind};
use memchr::memmem;

use crate::frame::json_values;
use crate::{Feed, FeedError, Item, LINE_LIMIT, Rule, Settings, Sink};

pub(crate) use data::{check_answers, check_rating};
pub use object::Object;
pub use read::read_line;
pub use write::{line, write_line};

/// What every `type` begins with.
const TYPE: &str = "evenfield.consultation.";

/// The feed of the native form.
#[derive(Debug, Clone, Copy)]
pub struct CloudEvents;

impl Feed for CloudEvents {
    fn name(&self) -> &'static str {
        "cloudevents"
    }

    fn title(&self) -> &'static str {
        "CloudEvents 1.0, one JSON object a line"
    }

    fn about(&self) -> &'static str {
        "The native form, which exports are written in. One event a line, or an array of events, or one \
         event over several lines. It can tell everything; what a source really sees it declares by an \
         event of the kind recording_declared."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        None
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        &[]
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        matches!(head.first(), Some(b'{' | b'[')) && memmem::find(head, b"\"specversion\"").is_some()
    }

    fn read(&self, input: &mut dyn BufRead, _: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        json_values(input, LINE_LIMIT, &mut |frame| {
            let line = frame.line;
            let read = match frame.broken {
                None => read_line(frame.text),
                Some(refusal) => Err(refusal),
            };
            let flow = match read {
                Ok(event) => sink(Item::Event { line, event }),
                Err(refusal) => sink(refusal.item(line, frame.text)),
            };
            if flow.is_break() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

const RULES: &[Rule] = &[
    Rule { theirs: "evenfield.consultation.<kind>.v1", ours: None, why: "the kind of that name" },
    Rule {
        theirs: "evenfield.consultation.<other>.v<n>",
        ours: Some(Kind::Unknown),
        why: "a kind or version that is not known here is kept with all its data and counted",
    },
    Rule { theirs: "any other type", ours: None, why: "rejected: it tells nothing of a consultation" },
];
