//! What a vendor's JSON documents tell, one document after the other.
//!
//! A vendor's feed says what one document tells; reading the values, declaring each source before its
//! events and handing on what was refused is the same for all of them.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Declaration, Event};
use serde_json::Value;

use crate::declare::Declared;
use crate::document::{self, Document};
use crate::frame::json_values;
use crate::{DOCUMENT_LIMIT, FeedError, Item, Refusal, Settings, Sink};

/// The largest body of a webhook or callback, in bytes: a body has a few kilobytes, and of arrays the
/// elements count.
pub(crate) const CALLBACK_LIMIT: usize = 4 << 20;

/// One thing that a document tells.
pub(crate) enum Told {
    /// An event.
    Event(Event),
    /// Something that should have been an event, and its JSON.
    Refused(Refusal, String),
    /// Something left out on purpose.
    Skipped(Cow<'static, str>),
}

/// What is told by one document, and what its source can tell at all.
pub(crate) struct Tale {
    pub(crate) told: Vec<Told>,
    pub(crate) declaration: Declaration,
}

/// Reads every document by `tell` and hands on what it tells, each source declared before its events.
pub(crate) fn read(
    input: &mut dyn BufRead,
    settings: &Settings,
    sink: Sink<'_>,
    mut tell: impl FnMut(&Document<'_>, &Settings) -> Result<Tale, Refusal>,
) -> Result<(), FeedError> {
    let limit = DOCUMENT_LIMIT;
    read_each(input, settings, sink, limit, document::parse, &mut |document| tell(document, settings))
}

/// As [`read`], where each document is the body of one webhook or callback.
pub(crate) fn read_callbacks(
    input: &mut dyn BufRead,
    settings: &Settings,
    sink: Sink<'_>,
    mut tell: impl FnMut(&Document<'_>, &Settings) -> Result<Tale, Refusal>,
) -> Result<(), FeedError> {
    read_parsed(input, settings, sink, document::parse, &mut |document| tell(document, settings))
}

/// As [`read_callbacks`], where documents are what `parse` makes of the bytes.
pub(crate) fn read_parsed(
    input: &mut dyn BufRead,
    settings: &Settings,
    sink: Sink<'_>,
    parse: fn(&[u8]) -> Result<Value, Refusal>,
    tell: &mut dyn FnMut(&Document<'_>) -> Result<Tale, Refusal>,
) -> Result<(), FeedError> {
    read_each(input, settings, sink, CALLBACK_LIMIT, parse, tell)
}

fn read_each(
    input: &mut dyn BufRead,
    settings: &Settings,
    sink: Sink<'_>,
    limit: usize,
    parse: fn(&[u8]) -> Result<Value, Refusal>,
    tell: &mut dyn FnMut(&Document<'_>) -> Result<Tale, Refusal>,
) -> Result<(), FeedError> {
    check_settings(settings)?;
    let mut declared = Declared::default();
    json_values(input, limit, &mut |frame| {
        let line = frame.line;
        let tale = match frame.broken {
            Some(refusal) => Err(refusal),
            None => parse(frame.text).and_then(|value| tell(&Document::new(&value))),
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
        ControlFlow::Continue(())
    })
}

/// Refuses settings that could not be part of an event.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), FeedError> {
    let named = [("source", &settings.source), ("consultation", &settings.consultation)];
    for (name, value) in named {
        if let Some(text) = value {
            let checked = crate::text::check_named(text, &name, String::new);
            checked.map_err(|refusal| FeedError::Setting { name, reason: refusal.reason })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::items;
    use crate::{Feed, LiveKitWebhook, ZoomDashboard};

    /// The reasons for which `input` is refused.
    fn reasons(feed: &dyn Feed, input: &str) -> Vec<String> {
        let reason = |item| match item {
            Item::Rejected(rejected) => rejected.reason,
            item => panic!("{item:?}"),
        };
        items(feed, input.as_bytes(), &Settings::default()).into_iter().map(reason).collect()
    }

    #[test]
    fn the_body_of_a_webhook_is_small_and_a_page_of_records_need_not_be() {
        let of = |bytes: usize| format!(r#"{{"padding":"{}"}}"#, "x".repeat(bytes));
        let large = of(CALLBACK_LIMIT);
        let refused = reasons(&LiveKitWebhook, &large);
        assert!(refused[0].starts_with("the value has more than 4194304 bytes"), "{refused:?}");
        assert!(!reasons(&ZoomDashboard, &large)[0].contains("bytes"));
        // However many there are of them in an array.
        let half = of(CALLBACK_LIMIT / 2);
        let three = reasons(&LiveKitWebhook, &format!("[{half},{half},{half}]"));
        assert_eq!(three.len(), 3);
        assert!(three.iter().all(|reason| !reason.contains("bytes")), "{three:?}");
    }
}
