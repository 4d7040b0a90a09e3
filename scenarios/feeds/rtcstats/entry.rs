//! One line of a dump: what was called or happened, on which connection, when.
//!
//! Names may be numbers of a fixed table, and times differences from the line before; a time of day has
//! thirteen digits, so that the two are told apart by their size. Elements between the value and the
//! time, or behind it, are not needed here.

use std::borrow::Cow;

use serde_json::Value;

use crate::Refusal;
use crate::text::{TEXT_LIMIT, shown};

/// A stamp beyond this is a time since 1970 and no difference from the line before: a year, in ms.
const YEAR_MS: f64 = 31_536_000_000.0;

/// No clock goes further: the year 9999.
const LATEST_MS: f64 = 253_370_764_800_000.0;

/// One line.
pub(super) struct Entry<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) connection: Option<Cow<'a, str>>,
    pub(super) value: &'a Value,
    /// When, in milliseconds since 1970.
    pub(super) at_ms: i64,
}

/// What the times of a dump count from: the line before, if that could be read.
#[derive(Default)]
pub(super) struct Clock {
    now_ms: Option<f64>,
    is_lost: bool,
}

const ENTRY: &str = "an entry is [name, connection or null, value, time in milliseconds]";

impl Clock {
    /// The entry that the elements of a line tell.
    pub(super) fn entry<'a>(&mut self, line: &'a [Value]) -> Result<Entry<'a>, Refusal> {
        // First of all, since the times of other lines count from it, whatever else is wrong with this one.
        let at_ms = self.time(line);
        if line.len() < 4 {
            return Err(Refusal::whole(format!("the line has {} elements; {ENTRY}", line.len())));
        }
        let name = name(&line[0]).ok_or_else(|| wrong(line, 0, "a name or the number of one"))?;
        let connection = match &line[1] {
            Value::Null => None,
            // Names are kept; a line can hold a very long one.
            Value::String(text) if text.len() <= TEXT_LIMIT => Some(text.as_str().into()),
            Value::Number(number) => Some(number.to_string().into()),
            _ => return Err(wrong(line, 1, "the name of a connection")),
        };
        Ok(Entry { name, connection, value: &line[2], at_ms: at_ms? })
    }

    /// A line could not be read: differences count from nothing until a time since 1970 is told.
    pub(super) fn lose(&mut self) {
        (self.now_ms, self.is_lost) = (None, true);
    }

    fn time(&mut self, line: &[Value]) -> Result<i64, Refusal> {
        let before = std::mem::take(self);
        self.is_lost = true;
        // Jitsi writes a serial number behind the time, rtcstats other things before it.
        let absolute = line.get(3).and_then(Value::as_f64).filter(|stamp| *stamp > YEAR_MS);
        let place = if absolute.is_some() { 3 } else { line.len().max(4) - 1 };
        let stamp = line.get(place).and_then(Value::as_f64).filter(|stamp| stamp.is_finite());
        let stamp = stamp.ok_or_else(|| wrong(line, place, "a time in milliseconds"))?;
        if stamp <= YEAR_MS && before.is_lost {
            let want = "milliseconds since 1970, since the time of a line before it could not be read";
            return Err(wrong(line, place, want));
        }
        let now_ms = if stamp > YEAR_MS { stamp } else { before.now_ms.unwrap_or_default() + stamp };
        if !(YEAR_MS..LATEST_MS).contains(&now_ms) {
            let want = "milliseconds since 1970, or since the line before after a first such line";
            return Err(wrong(line, place, want));
        }
        (self.now_ms, self.is_lost) = (Some(now_ms), false);
        #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds are meant")]
        let at_ms = now_ms as i64;
        Ok(at_ms)
    }
}

fn wrong(line: &[Value], at: usize, what: &str) -> Refusal {
    let value = line.get(at).map_or_else(|| "nothing".to_owned(), Value::to_string);
    Refusal::at(format!("/{at}"), format!("/{at} is {}; it should be {what}: {ENTRY}", shown(&value)))
}

/// Whether `line` looks like the first one of a Jitsi dump.
pub(super) fn begins_dump(line: &[u8]) -> bool {
    const FIRST: [&[u8]; 6] = [
        b"[\"connectionInfo\",",
        b"[\"identity\",",
        b"[\"create\",",
        b"[\"conferenceStartTimestamp\",",
        b"[\"navigator.mediaDevices.",
        b"{\"statsSessionId\"",
    ];
    FIRST.iter().any(|first| line.starts_with(first))
}

/// The name of what was called, from its text or number.
fn name(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if text == "g" => Some("getStats".into()),
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => {
            let number = number.as_u64()?;
            let known = NAMES.iter().find(|(code, _)| *code == number);
            Some(known.map_or_else(|| number.to_string().into(), |(_, name)| (*name).into()))
        }
        _ => None,
    }
}

/// Whether an entry of that name is a step of setting up or sampling, of which no event is made.
pub(super) fn is_step(name: &str) -> bool {
    NAMES.iter().any(|(_, known)| *known == name) || STEPS.contains(&name)
}

/// Names that have no number.
const STEPS: &[&str] = &[
    "addStream",
    "conferenceStartTimestamp",
    "dominantSpeaker",
    "faceLandmarks",
    "getstats",
    "onaddstream",
    "ondtlsstatechange",
    "onremovestream",
    "removeStream",
    "setVideoType",
];

/// The numbers that the rtcstats format writes for names; they are never given to another name.
const NAMES: &[(u64, &str)] = &[
    (1, "getStats"),
    (2, "createOffer"),
    (3, "createOfferOnSuccess"),
    (4, "createAnswer"),
    (5, "createAnswerOnSuccess"),
    (6, "setLocalDescription"),
    (7, "setLocalDescriptionOnSuccess"),
    (8, "setRemoteDescription"),
    (9, "setRemoteDescriptionOnSuccess"),
    (10, "addIceCandidate"),
    (11, "addIceCandidateOnSuccess"),
    (12, "createOfferOnFailure"),
    (13, "createAnswerOnFailure"),
    (14, "setLocalDescriptionOnFailure"),
    (15, "setRemoteDescriptionOnFailure"),
    (16, "addIceCandidateOnFailure"),
    (20, "onicecandidate"),
    (21, "onicecandidateerror"),
    (22, "ontrack"),
    (23, "onsignalingstatechange"),
    (24, "oniceconnectionstatechange"),
    (25, "onconnectionstatechange"),
    (26, "onicegatheringstatechange"),
    (27, "onnegotiationneeded"),
    (28, "ondatachannel"),
    (30, "addTrack"),
    (31, "addTrackOnSuccess"),
    (32, "addTransceiver"),
    (33, "addTransceiverOnSuccess"),
    (34, "removeTrack"),
    (35, "createDataChannel"),
    (36, "close"),
    (37, "restartIce"),
    (38, "setConfiguration"),
    (39, "create"),
    (40, "constraints"),
    (41, "setCodecPreferences"),
    (42, "setHeaderExtensionsToNegotiate"),
    (50, "setParameters"),
    (51, "replaceTrack"),
    (60, "navigator.mediaDevices.getUserMedia"),
    (61, "navigator.mediaDevices.getUserMediaOnSuccess"),
    (63, "navigator.mediaDevices.getDisplayMedia"),
    (64, "navigator.mediaDevices.getDisplayMediaOnSuccess"),
    (65, "navigator.mediaDevices.getUserMediaOnFailure"),
    (66, "navigator.mediaDevices.enumerateDevices"),
    (67, "navigator.mediaDevices.ondevicechange"),
    (68, "navigator.mediaDevices.getDisplayMediaOnFailure"),
    (70, "MediaStreamTrack.stop"),
    (71, "MediaStreamTrack.applyConstraints"),
    (72, "MediaStreamTrack.onended"),
    (73, "MediaStreamTrack.onmute"),
    (74, "MediaStreamTrack.onunmute"),
    (80, "HTMLMediaElement.resize"),
];
