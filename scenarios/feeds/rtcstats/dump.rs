//! Reads a dump line by line: events wait until it is known whose they are.
//!
//! Applications say late which meeting it is, when the meeting has begun. Until then events are held
//! back, a bounded number of them; what could not be given a consultation is refused at the end. A head
//! line begins another client, so that dumps can be written one behind the other.

use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Event, Payload, Role, Time};
use serde_json::Value;

use super::client::{Client, Seen};
use super::declaration;
use super::entry::Clock;
use super::who::{Known, Who};
use crate::declare::Declared;
use crate::frame::LineReader;
use crate::text::{quoted, shown};
use crate::{FeedError, Item, LINE_LIMIT, Refusal, Settings, Sink, identity};

/// The first line of a dump in the rtcstats format.
pub(super) const HEADER: &[u8] = b"RTCStatsDump";

/// How many events wait for the meeting to be named; then what is known has to do.
const HELD: usize = 1024;

/// Reads all of `input`.
pub(super) fn read(input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
    let mut reader = LineReader::new(input, LINE_LIMIT);
    let mut dump = Dump { settings, sink, declared: Declared::default(), client: One::default() };
    let mut text = Vec::new();
    while let Some(broken) = reader.any_line(&mut text)? {
        let flow = match broken {
            Some(refusal) => (dump.sink)(refusal.item(reader.line, &text)),
            None if text.trim_ascii().is_empty() => ControlFlow::Continue(()),
            None => dump.line(reader.line, &text),
        };
        if flow.is_break() {
            return Ok(());
        }
    }
    let _ = dump.end(reader.line);
    Ok(())
}

struct Dump<'a, 'b> {
    settings: &'a Settings,
    sink: Sink<'b>,
    declared: Declared,
    client: One,
}

/// What is known of the client that is being read.
#[derive(Default)]
struct One {
    clock: Clock,
    who: Who,
    client: Client,
    first_ms: Option<i64>,
    known: Option<Known>,
    held: Vec<(u64, i64, Payload)>,
    headed: bool,
}

impl Dump<'_, '_> {
    fn line(&mut self, line: u64, text: &[u8]) -> ControlFlow<()> {
        if text.trim_ascii() == HEADER {
            self.end(line)?;
            self.client.headed = true;
            return ControlFlow::Continue(());
        }
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => {
                let refusal = Refusal::whole(format!("the line is no JSON: {error}"));
                return (self.sink)(refusal.item(line, text));
            }
        };
        let told = match &value {
            Value::Array(elements) => self.entry(line, elements),
            Value::Object(_) => self.head(line, &value),
            other => Err(Refusal::whole(format!(
                "{} is neither an entry, [name, connection, value, time], nor the head of a dump",
                shown(&other.to_string())
            ))),
        };
        told.unwrap_or_else(|refusal| (self.sink)(refusal.item(line, text)))
    }

    /// An object: the head of a dump, or a record of a server.
    fn head(&mut self, line: u64, value: &Value) -> Result<ControlFlow<()>, Refusal> {
        let reason = if value.get("statsSessionId").is_some() {
            let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
            format!("record {} of a server: it is of no client's connection", shown(&quoted(kind)))
        } else if self.client.headed {
            self.client.who.take(value)?;
            "the head of a dump: who the client is and which meeting".to_owned()
        } else {
            let reason = "it is an object, not an entry in brackets; a dump in the rtcstats format begins \
                          with the line RTCStatsDump";
            return Err(Refusal::whole(reason));
        };
        Ok((self.sink)(Item::Skipped { line, reason: reason.into() }))
    }

    fn entry(&mut self, line: u64, elements: &[Value]) -> Result<ControlFlow<()>, Refusal> {
        let one = &mut self.client;
        let entry = one.clock.entry(elements)?;
        let told = match &*entry.name {
            // The server's clock stamped it, not the client's.
            "connectionInfo" => {
                one.who.is_jitsi();
                one.who.take(entry.value).map(|()| Vec::new())?
            }
            "identity" => {
                one.who.take(entry.value)?;
                Vec::new()
            }
            name => {
                if name == "conferenceStartTimestamp" {
                    one.who.started(entry.value);
                }
                one.first_ms = one.first_ms.or(Some(entry.at_ms));
                one.client.take(&entry)
            }
        };
        if told.is_empty() {
            let reason = "who the client is and which meeting: names and addresses are not taken".into();
            return Ok((self.sink)(Item::Skipped { line, reason }));
        }
        Ok(self.told(line, told))
    }

    fn told(&mut self, line: u64, told: Vec<Seen>) -> ControlFlow<()> {
        for seen in told {
            match seen {
                Seen::Note(reason) => (self.sink)(Item::Skipped { line, reason })?,
                Seen::Event(at_ms, payload) => self.client.held.push((line, at_ms, payload)),
            }
        }
        let one = &self.client;
        if one.known.is_some() || one.who.is_certain() || one.held.len() >= HELD {
            self.release()?;
        }
        ControlFlow::Continue(())
    }

    /// The end of one client.
    fn end(&mut self, line: u64) -> ControlFlow<()> {
        let told = self.client.client.end();
        self.told(line, told)?;
        self.release()?;
        self.client = One::default();
        ControlFlow::Continue(())
    }

    /// Hands on what was held back, or refuses it.
    fn release(&mut self) -> ControlFlow<()> {
        let held = std::mem::take(&mut self.client.held);
        let Some((first_line, ..)) = held.first() else { return ControlFlow::Continue(()) };
        if self.client.known.is_none() {
            match self.client.who.known(self.settings, self.client.first_ms.unwrap_or_default()) {
                Ok(known) => self.client.known = Some(known),
                Err(refusal) => return (self.sink)(refusal.item(*first_line, b"")),
            }
        }
        let Some(known) = &self.client.known else { return ControlFlow::Continue(()) };
        for (line, at_ms, payload) in held {
            let event = known.event(self.settings, at_ms, payload);
            let declaration = declaration(known.platform.as_deref());
            if let Some(event) = self.declared.once(&event.source, &declaration) {
                (self.sink)(Item::Event { line, event })?;
            }
            (self.sink)(Item::Event { line, event })?;
        }
        ControlFlow::Continue(())
    }
}

impl Known {
    fn event(&self, settings: &Settings, at_ms: i64, payload: Payload) -> Event {
        let at = Time::from_ms(at_ms);
        let parts = ["rtcstats", &self.consultation, &self.participant, payload.kind().name()];
        let stamp = at.ms().to_string();
        let id = identity::derive(parts.into_iter().chain([stamp.as_str()]));
        let payload = match payload {
            Payload::Joined { .. } => {
                Payload::Joined { context: Some(self.context.clone()).filter(|context| !context.is_empty()) }
            }
            payload => payload,
        };
        let role = settings.others.unwrap_or(Role::Unknown);
        Event::new(&self.source, id, &self.consultation, at, payload).by(&self.participant, role)
    }
}
