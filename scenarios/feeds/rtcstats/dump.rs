//! Reads a dump line by line: events wait until it is known whose they are.
//!
//! Applications say late which meeting it is, when the meeting has begun. Until then events are held
//! back, a bounded number of them; what could not be given a consultation is refused at the end. A head
//! line or a `connectionInfo` begins another client, so that dumps can be written one behind the other;
//! a socket that was opened again says so by naming the same meeting, device and endpoint.

use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Event, Payload, Role, Time};
use serde_json::Value;

use super::client::{Client, Seen};
use super::declaration;
use super::entry::{Clock, Entry};
use super::who::{Known, Who};
use crate::declare::Declared;
use crate::frame::LineReader;
use crate::text::{quoted, shown};
use crate::{FeedError, Item, LINE_LIMIT, Refusal, Settings, Sink, identity};

/// The first line of a dump in the rtcstats format.
pub(super) const HEADER: &[u8] = b"RTCStatsDump";

/// How many lines wait for the meeting to be named, and of how many bytes; then what is known has to do.
const HELD: usize = 1024;
const HELD_BYTES: usize = 16 << 20;

/// How many lines wait for a second socket to say whose it is, and of how many bytes; then it is another's.
const UNNAMED: usize = 256;
const UNNAMED_BYTES: usize = 4 << 20;

/// How many entries tell one client from another where nothing names it.
const BEGINNING: usize = 16;

/// Reads all of `input`.
pub(super) fn read(input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
    let mut reader = LineReader::new(input, LINE_LIMIT);
    let mut dump =
        Dump { settings, sink, declared: Declared::default(), client: One::default(), unnamed: Vec::new() };
    let mut text = Vec::new();
    let ended = loop {
        let flow = match reader.any_line(&mut text) {
            Ok(None) => break Ok(()),
            // What was read before the input broke off is told all the same.
            Err(error) => break Err(error),
            Ok(Some(Some(refusal))) => dump.broken(reader.line, &text, refusal),
            Ok(Some(None)) if text.trim_ascii().is_empty() => ControlFlow::Continue(()),
            Ok(Some(None)) => dump.line(reader.line, &text),
        };
        if flow.is_break() {
            return Ok(());
        }
    };
    if dump.another().is_continue() {
        let _ = dump.end(reader.line);
    }
    ended
}

struct Dump<'a, 'b> {
    settings: &'a Settings,
    sink: Sink<'b>,
    declared: Declared,
    client: One,
    /// The lines since a second `connectionInfo`, while nobody has said whose socket it is.
    unnamed: Vec<(u64, Vec<u8>)>,
}

/// What is known of the client that is being read.
#[derive(Default)]
struct One {
    clock: Clock,
    who: Who,
    client: Client,
    known: Option<Known>,
    held: Vec<Held>,
    headed: bool,
    /// Follows from the first entries, of which there were so many.
    beginning: String,
    entries: usize,
}

/// What one line told before it was known whose it is.
struct Held {
    line: u64,
    text: Vec<u8>,
    told: Vec<(i64, Payload)>,
}

impl Dump<'_, '_> {
    fn line(&mut self, line: u64, text: &[u8]) -> ControlFlow<()> {
        if text.trim_ascii() == HEADER {
            self.another()?;
            self.end(line)?;
            self.client.headed = true;
            return ControlFlow::Continue(());
        }
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => {
                return self.broken(line, text, Refusal::whole(format!("the line is no JSON: {error}")));
            }
        };
        let name = value.get(0).and_then(Value::as_str).unwrap_or_default();
        match name {
            "connectionInfo" if self.client.has_begun() => {
                self.another()?;
                self.unnamed.push((line, text.to_vec()));
                if Who::names(&value[2]) { self.named(&value[2]) } else { ControlFlow::Continue(()) }
            }
            _ if self.unnamed.is_empty() => self.value(line, text, &value),
            _ => {
                self.wait(line, text)?;
                if name == "identity" && Who::names(&value[2]) {
                    return self.named(&value[2]);
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// A line that cannot be read; nobody knows what the times behind it count from.
    fn broken(&mut self, line: u64, text: &[u8], refusal: Refusal) -> ControlFlow<()> {
        self.another()?;
        self.client.clock.lose();
        (self.sink)(refusal.item(line, text))
    }

    /// Keeps a line until it is known whose socket it came through.
    fn wait(&mut self, line: u64, text: &[u8]) -> ControlFlow<()> {
        self.unnamed.push((line, text.to_vec()));
        let bytes: usize = self.unnamed.iter().map(|(_, text)| text.len()).sum();
        if self.unnamed.len() >= UNNAMED || bytes >= UNNAMED_BYTES {
            return self.another();
        }
        ControlFlow::Continue(())
    }

    /// The second socket is that of whom `identity` names.
    fn named(&mut self, identity: &Value) -> ControlFlow<()> {
        if self.client.who.is(identity) { self.go_on() } else { self.another() }
    }

    /// The lines that wait, if any do, are those of another client.
    fn another(&mut self) -> ControlFlow<()> {
        match self.unnamed.first() {
            Some((line, _)) => {
                self.end(*line)?;
                self.go_on()
            }
            None => ControlFlow::Continue(()),
        }
    }

    /// Reads the lines that wait.
    fn go_on(&mut self) -> ControlFlow<()> {
        for (line, text) in std::mem::take(&mut self.unnamed) {
            let value = serde_json::from_slice(&text).unwrap_or_default();
            self.value(line, &text, &value)?;
        }
        ControlFlow::Continue(())
    }

    fn value(&mut self, line: u64, text: &[u8], value: &Value) -> ControlFlow<()> {
        let told = match value {
            Value::Array(elements) => self.entry(line, text, elements),
            Value::Object(_) => self.head(line, value),
            other => {
                self.client.clock.lose();
                Err(Refusal::whole(format!(
                    "{} is neither an entry, [name, connection, value, time], nor the head of a dump",
                    shown(&other.to_string())
                )))
            }
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

    fn entry(&mut self, line: u64, text: &[u8], elements: &[Value]) -> Result<ControlFlow<()>, Refusal> {
        let one = &mut self.client;
        let entry = one.clock.entry(elements)?;
        one.begins_with(&entry);
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
                one.client.take(&entry)
            }
        };
        if told.is_empty() {
            let reason = "who the client is and which meeting: names and addresses are not taken".into();
            return Ok((self.sink)(Item::Skipped { line, reason }));
        }
        Ok(self.told(line, text, told))
    }

    fn told(&mut self, line: u64, text: &[u8], told: Vec<Seen>) -> ControlFlow<()> {
        let mut events = Vec::new();
        for seen in told {
            match seen {
                Seen::Note(reason) => (self.sink)(Item::Skipped { line, reason })?,
                Seen::Event(at_ms, payload) => events.push((at_ms, payload)),
            }
        }
        let one = &mut self.client;
        if !events.is_empty() {
            one.held.push(Held { line, text: text.to_vec(), told: events });
        }
        let bytes: usize = one.held.iter().map(|held| held.text.len()).sum();
        let is_full = one.held.len() >= HELD || bytes >= HELD_BYTES;
        if one.known.is_some() || one.who.is_certain() || is_full {
            self.release()?;
        }
        ControlFlow::Continue(())
    }

    /// The end of one client.
    fn end(&mut self, line: u64) -> ControlFlow<()> {
        self.release()?;
        if let Some(reason) = self.client.client.end() {
            (self.sink)(Item::Skipped { line, reason: reason.into() })?;
        }
        self.client = One::default();
        ControlFlow::Continue(())
    }

    /// Hands on what was held back, or refuses it.
    fn release(&mut self) -> ControlFlow<()> {
        let one = &mut self.client;
        let held = std::mem::take(&mut one.held);
        if one.known.is_none() && !held.is_empty() {
            match one.who.known(self.settings, &one.beginning) {
                Ok(known) => one.known = Some(known),
                Err(refusal) => {
                    return held
                        .iter()
                        .try_for_each(|held| (self.sink)(refusal.clone().item(held.line, &held.text)));
                }
            }
        }
        let Some(known) = &one.known else { return ControlFlow::Continue(()) };
        for Held { line, told, .. } in held {
            for (at_ms, payload) in told {
                let event = known.event(self.settings, at_ms, payload);
                let declaration = declaration(known.platform.as_deref());
                if let Some(event) = self.declared.once(&event.source, &declaration) {
                    (self.sink)(Item::Event { line, event })?;
                }
                (self.sink)(Item::Event { line, event })?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl One {
    /// Whether anything has been read of it.
    fn has_begun(&self) -> bool {
        self.entries > 0
    }

    fn begins_with(&mut self, entry: &Entry<'_>) {
        self.entries += 1;
        if self.entries <= BEGINNING {
            let (value, stamp) = (entry.value.to_string(), entry.at_ms.to_string());
            let parts = [
                &self.beginning,
                &*entry.name,
                entry.connection.as_deref().unwrap_or_default(),
                &value,
                &stamp,
            ];
            self.beginning = identity::derive(parts);
        }
    }
}

impl Known {
    fn event(&self, settings: &Settings, at_ms: i64, payload: Payload) -> Event {
        let at = Time::from_ms(at_ms);
        let stamp = at.ms().to_string();
        // What can differ between two events of a kind and time is part of the id.
        let more = detail(&payload);
        let parts = ["rtcstats", &self.consultation, &self.participant, payload.kind().name(), &stamp];
        let id = identity::derive(parts.into_iter().chain([more]));
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

/// The reason or the direction that an event tells.
fn detail(payload: &Payload) -> &str {
    let told = match payload {
        Payload::JoinFailed { reason } | Payload::Dropped { reason } | Payload::Left { reason } => reason,
        Payload::AudioLost { direction }
        | Payload::AudioRestored { direction }
        | Payload::VideoLost { direction }
        | Payload::VideoRestored { direction } => direction,
        _ => return "",
    };
    told.as_deref().unwrap_or_default()
}
