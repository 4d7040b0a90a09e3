//! What happened to one client, from the states of its connections and the samples of its media.
//!
//! The client is in the call while any connection of the call is up. A connection belongs to the call
//! when the application says so or when sound or picture is put on it; others are probes. A direct
//! connection beside the one through a bridge may fail without harm.

use std::borrow::Cow;
use std::collections::BTreeMap;

use event::Payload;
use serde_json::Value;

use super::entry::{Entry, is_step};
use super::media::{Heard, Media};
use crate::text::{quoted, shown};

/// How many connections are remembered; pages that probe without end do not fill the memory.
const CONNECTIONS_KEPT: usize = 64;

/// What an entry tells.
pub(super) enum Seen {
    /// Something that happened, and when.
    Event(i64, Payload),
    /// Something of which no event is made.
    Note(Cow<'static, str>),
}

#[derive(Default)]
struct Connection {
    created_ms: i64,
    of_call: bool,
    /// Part of an attempt that has been told.
    attempted: bool,
    /// A direct one, beside the one through the bridge.
    beside: bool,
    tells_states: bool,
    up: bool,
    was_up: bool,
    audio_lost: bool,
    video_lost: bool,
    media: Media,
}

/// How somebody went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Departure {
    Dropped(&'static str),
    Closed,
}

/// One client.
#[derive(Default)]
pub(super) struct Client {
    connections: BTreeMap<String, Connection>,
    joined: bool,
    attempting: bool,
    present: bool,
    dropped: bool,
    departed_ms: Option<i64>,
    returned_ms: Option<i64>,
    audio_lost: bool,
    video_lost: bool,
    seen: Vec<Seen>,
}

impl Client {
    /// What `entry` tells of the client; at least one thing.
    pub(super) fn take(&mut self, entry: &Entry<'_>) -> Vec<Seen> {
        match entry.connection.as_deref() {
            Some(id) => self.of_connection(id, entry),
            None => self.of_page(entry),
        }
        if self.seen.is_empty() {
            self.note("a step of setting up, or a sample in which nothing was lost or found again");
        }
        std::mem::take(&mut self.seen)
    }

    /// What is to be noted at the end of the dump. A dump may be cut while the call goes on, and the whole
    /// of it could not take back a departure that a part of it told.
    pub(super) fn end(&self) -> Option<&'static str> {
        self.present.then_some("the dump ends while the client is connected: it does not tell when it left")
    }

    fn of_page(&mut self, entry: &Entry<'_>) {
        let name = &*entry.name;
        if name.ends_with("getUserMediaOnFailure") {
            if self.joined {
                return self.note("a camera or microphone that could not be had during the call");
            }
            self.attempting = false;
            self.mark_attempted();
            return self.event(entry.at_ms, Payload::JoinFailed { reason: error_name(entry.value) });
        }
        match name {
            "close" => self.note("a connection without a name, or the channel to the server, was closed"),
            name if name.ends_with("getDisplayMediaOnFailure") => {
                self.note("a screen that was not shared keeps nobody out of the call");
            }
            name if is_step(name) => {}
            name => self.note_unknown(name),
        }
    }

    fn of_connection(&mut self, id: &str, entry: &Entry<'_>) {
        let at_ms = entry.at_ms;
        if &*entry.name == "create" {
            self.forget_some();
            let fresh = Connection { created_ms: at_ms, ..Connection::default() };
            // The same name again is another connection: the page was loaded anew.
            self.connections.insert(id.to_owned(), fresh);
            return self.settle(at_ms, Departure::Dropped("replaced"));
        }
        if !self.connections.contains_key(id) {
            self.forget_some();
            let unseen = Connection { created_ms: at_ms, ..Connection::default() };
            self.connections.insert(id.to_owned(), unseen);
        }
        let Some(connection) = self.connections.get_mut(id) else { return };
        match &*entry.name {
            "constraints" => {
                if let Some(direct) = direct(entry.value) {
                    (connection.of_call, connection.beside) = (true, direct);
                }
                self.settle(at_ms, Departure::Closed);
            }
            "addTrack" | "addTransceiver" | "addStream" | "ontrack" | "onaddstream" => {
                connection.of_call = true;
                self.settle(at_ms, Departure::Closed);
            }
            "onconnectionstatechange" => {
                connection.tells_states = true;
                self.state(id, entry.value.as_str().unwrap_or_default(), at_ms);
            }
            "oniceconnectionstatechange" if !connection.tells_states => {
                self.state(id, entry.value.as_str().unwrap_or_default(), at_ms);
            }
            "close" => self.state(id, "closed", at_ms),
            "getStats" | "getstats" => {
                let heard = connection.media.sample(entry.value, at_ms);
                if let Some(heard) = heard.filter(|_| connection.of_call) {
                    self.heard(id, heard, at_ms);
                }
            }
            name if is_step(name) => {}
            name => self.note_unknown(name),
        }
    }

    fn state(&mut self, id: &str, state: &str, at_ms: i64) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let (before, departure) = (connection.up, departure(state));
        connection.up = match state {
            "connected" | "completed" => true,
            "disconnected" | "failed" | "closed" => false,
            _ => before,
        };
        connection.was_up |= connection.up;
        let (of_call, beside, was_up) = (connection.of_call, connection.beside, connection.was_up);
        if state == "failed" && !was_up {
            if !of_call {
                return self.note("a connection without sound or picture failed: a probe, not the call");
            }
            if beside || self.joined {
                return self.note("a connection failed beside the one that carried the call");
            }
            self.attempting = false;
            self.mark_attempted();
            let reason = Some("connection_failed".to_owned());
            return self.event(at_ms, Payload::JoinFailed { reason });
        }
        self.settle(at_ms, departure);
    }

    /// Tells an attempt, an arrival or a departure, if that is what changed.
    fn settle(&mut self, at_ms: i64, departure: Departure) {
        if !self.joined && !self.attempting {
            // What failed is no other attempt; what was set up after it is.
            let mut next = self.connections.values().filter(|known| known.of_call && !known.attempted);
            if let Some(created_ms) = next.next().map(|connection| connection.created_ms) {
                self.attempting = true;
                self.mark_attempted();
                self.event(created_ms, Payload::JoinAttempted);
            }
        }
        let present = self.connections.values().any(|connection| connection.of_call && connection.up);
        if present == self.present {
            return;
        }
        self.present = present;
        if present {
            self.returned_ms = Some(at_ms);
            let payload = match (self.joined, self.dropped) {
                (true, true) => Payload::Rejoined,
                _ => Payload::Joined { context: None },
            };
            self.joined = true;
            return self.event(at_ms, payload);
        }
        self.departed_ms = Some(at_ms);
        self.dropped = departure != Departure::Closed;
        self.forget_losses();
        let payload = match departure {
            Departure::Dropped(reason) => Payload::Dropped { reason: Some(reason.to_owned()) },
            Departure::Closed => Payload::Left { reason: None },
        };
        self.event(at_ms, payload);
    }

    /// Takes what one interval of one connection was like.
    fn heard(&mut self, id: &str, heard: Heard, at_ms: i64) {
        let within = |ms: Option<i64>| ms.is_some_and(|ms| heard.since_ms < ms && ms <= at_ms);
        if within(self.departed_ms) {
            // What was lost before the departure is over with it; what comes after is another interval.
            self.lost_before_departure(heard);
            if let Some(connection) = self.connections.get_mut(id) {
                connection.media.reset();
            }
            return;
        }
        if !self.present || within(self.returned_ms) {
            return;
        }
        // Sound that moved to another connection is none that was lost.
        let others =
            self.connections.iter().filter(|(other, known)| *other != id && known.of_call && known.up);
        let elsewhere = others.map(|(_, known)| known.media.flows());
        let elsewhere = elsewhere.fold((false, false), |all, one| (all.0 || one.0, all.1 || one.1));
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.audio_lost = heard.audio_lost && !elsewhere.0;
        connection.video_lost = heard.video_lost && !elsewhere.1;
        let audio_lost = self.connections.values().any(|connection| connection.audio_lost);
        let video_lost = self.connections.values().any(|connection| connection.video_lost);
        let since_ms = heard.since_ms;
        match (std::mem::replace(&mut self.audio_lost, audio_lost), audio_lost) {
            (false, true) => self.event(since_ms, Payload::AudioLost { direction: received() }),
            (true, false) => self.event(since_ms, Payload::AudioRestored { direction: received() }),
            _ => {}
        }
        match (std::mem::replace(&mut self.video_lost, video_lost), video_lost) {
            (false, true) => self.event(since_ms, Payload::VideoLost { direction: received() }),
            (true, false) => self.event(since_ms, Payload::VideoRestored { direction: received() }),
            _ => {}
        }
    }

    fn lost_before_departure(&mut self, heard: Heard) {
        // A client that came back within the interval, too, may have been away at its beginning.
        if self.returned_ms.is_some_and(|ms| heard.since_ms < ms && Some(ms) < self.departed_ms) {
            return;
        }
        if heard.audio_lost {
            self.event(heard.since_ms, Payload::AudioLost { direction: received() });
        }
        if heard.video_lost {
            self.event(heard.since_ms, Payload::VideoLost { direction: received() });
        }
    }

    fn forget_losses(&mut self) {
        (self.audio_lost, self.video_lost) = (false, false);
        for connection in self.connections.values_mut() {
            (connection.audio_lost, connection.video_lost) = (false, false);
        }
    }

    fn mark_attempted(&mut self) {
        for connection in self.connections.values_mut().filter(|connection| connection.of_call) {
            connection.attempted = true;
        }
    }

    fn forget_some(&mut self) {
        if self.connections.len() >= CONNECTIONS_KEPT {
            let old = self.connections.iter().filter(|(_, known)| !known.up);
            let oldest = old.min_by_key(|(_, known)| known.created_ms).map(|(id, _)| id.clone());
            let oldest = oldest.or_else(|| self.connections.keys().next().cloned());
            if let Some(id) = oldest {
                self.connections.remove(&id);
            }
        }
    }

    fn event(&mut self, at_ms: i64, payload: Payload) {
        self.seen.push(Seen::Event(at_ms, payload));
    }

    fn note(&mut self, why: &'static str) {
        self.seen.push(Seen::Note(why.into()));
    }

    fn note_unknown(&mut self, name: &str) {
        let note = format!("entry {}: it tells nothing that this feed reads", shown(&quoted(name)));
        self.seen.push(Seen::Note(note.into()));
    }
}

fn departure(state: &str) -> Departure {
    match state {
        "failed" => Departure::Dropped("failed"),
        "closed" => Departure::Closed,
        _ => Departure::Dropped("disconnected"),
    }
}

/// Losses are those of what the client receives.
fn received() -> Option<String> {
    Some("receiving".to_owned())
}

/// Whether the application marked the connection as a direct one, or as one through its bridge.
fn direct(constraints: &Value) -> Option<bool> {
    constraints.get("optional")?.as_array()?.iter().find_map(|one| one.get("rtcStatsSFUP2P")?.as_bool())
}

/// The name of an error, without its message: `NotReadableError`.
fn error_name(value: &Value) -> Option<String> {
    let value = match value {
        Value::Array(list) => list.first()?,
        Value::Object(error) => error.get("name")?,
        value => value,
    };
    let name: String = value.as_str()?.chars().take_while(char::is_ascii_alphanumeric).take(64).collect();
    (!name.is_empty()).then_some(name)
}
