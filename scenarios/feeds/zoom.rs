//! Zoom: webhooks, and the documents of its dashboard and past meetings.
//!
//! Two feeds, since they see different things: [`ZoomWebhook`] and [`ZoomDashboard`]. What they share is
//! here: who a participant is, what a leave reason means, and how an id follows from what Zoom calls
//! things. Names, addresses and telephone numbers of people never become part of an event; what Zoom
//! calls accounts does, and gets a pseudonym from the engine.

mod dashboard;
mod departure;
mod document;
mod meeting;
mod person;
mod webhook;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::BufRead;

use event::{Declaration, Event};

use crate::declare::Declared;
use crate::frame::json_values;
use crate::{DOCUMENT_LIMIT, FeedError, Item, Refusal, Settings, Sink};
use document::Document;

pub use dashboard::ZoomDashboard;
pub use webhook::ZoomWebhook;

/// The level of the dimension platform.
const PLATFORM: &str = "zoom";

/// One thing that a document tells.
enum Told {
    /// An event.
    Event(Event),
    /// Something that should have been an event, and its JSON.
    Refused(Refusal, String),
    /// Something left out on purpose.
    Skipped(Cow<'static, str>),
}

/// What is told by one document, and what its source can tell at all.
struct Tale {
    told: Vec<Told>,
    declaration: Declaration,
}

/// Reads every document by `tell` and hands on what it tells, each source declared before its events.
fn read(
    input: &mut dyn BufRead,
    settings: &Settings,
    sink: Sink<'_>,
    tell: fn(&Document<'_>, &Settings) -> Result<Tale, Refusal>,
) -> Result<(), FeedError> {
    check_settings(settings)?;
    let mut declared = Declared::default();
    json_values(input, DOCUMENT_LIMIT, &mut |frame| {
        let line = frame.line;
        let tale = match frame.broken {
            Some(refusal) => Err(refusal),
            None => document::parse(frame.text).and_then(|value| tell(&Document::new(&value), settings)),
        };
        let tale = match tale {
            Ok(tale) => tale,
            Err(refusal) => return sink(refusal.item(line, frame.text)),
        };
        for told in tale.told {
            match told {
                Told::Event(event) => {
                    if let Some(event) = declared.once(&event.source, &tale.declaration) {
                        sink(Item::Event { line, event })?;
                    }
                    sink(Item::Event { line, event })?;
                }
                Told::Refused(refusal, text) => sink(refusal.item(line, text.as_bytes()))?,
                Told::Skipped(reason) => sink(Item::Skipped { line, reason })?,
            }
        }
        std::ops::ControlFlow::Continue(())
    })
}

fn check_settings(settings: &Settings) -> Result<(), FeedError> {
    let named = [("source", &settings.source), ("consultation", &settings.consultation)];
    for (name, value) in named {
        if let Some(text) = value {
            let checked = crate::text::check_named(text, &name, String::new);
            checked.map_err(|refusal| FeedError::Setting { name, reason: refusal.reason })?;
        }
    }
    Ok(())
}
