//! One event as a line of CloudEvents, as it came or with its place in the log: what leaves can be read again.

use crate::log::Stored;

/// The extension attribute that carries the position; the general `sequence` may be the event's own.
pub const POSITION: &str = "evenfieldposition";
/// The extension attribute that carries the time of receipt.
pub const RECEIVED: &str = "evenfieldreceived";

/// Appends the line of an event, with its place and receipt if `positions` are wanted.
pub fn line(stored: &Stored, positions: bool, line: &mut Vec<u8>) {
    if !positions {
        return feeds::cloudevents::write_line(&stored.event, line);
    }
    let mut event = stored.event.clone();
    let attributes = &mut event.extra.get_or_insert_default().attributes;
    attributes.insert(POSITION.to_owned(), format!("\"{}\"", stored.position));
    attributes.insert(RECEIVED.to_owned(), format!("\"{}\"", stored.recorded_at));
    feeds::cloudevents::write_line(&event, line);
}
