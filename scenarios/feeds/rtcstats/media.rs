//! Whether sound and picture arrived between two samples of getStats on one connection.
//!
//! The counters are those of the W3C's Identifiers for WebRTC's Statistics API. A sample tells only what
//! changed, so the last value of each counter is kept. An interval counts as lost when at least half of
//! it was: half is where Amazon Chime's open client takes a connection for lossy (`fractionalLoss`), and
//! over many losses it makes what is counted about as long as what was lost. A muted microphone sends
//! nothing and is no loss: silence counts only when nothing at all arrives on the connection.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::text::TEXT_LIMIT;

/// The share of the packets, of what was played, or of the time, from which an interval is lost.
const LOST_SHARE: f64 = 0.5;

/// The fewest packets by whose share a loss is told: one second of sound. Chime's client asks for as many
/// (`packetsExpected`).
const PACKETS_EXPECTED: f64 = 50.0;

/// Samples further apart than this say nothing of what was in between: the page was asleep. In ms.
const FURTHEST_APART_MS: i64 = 60_000;

/// How many reports of a connection are kept.
const REPORTS_KEPT: usize = 512;

/// What one interval says of sound and picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    /// When the interval began, in milliseconds since 1970.
    pub(super) since_ms: i64,
    pub(super) audio_lost: bool,
    pub(super) video_lost: bool,
}

/// What is known of the media of one connection.
#[derive(Default)]
pub(super) struct Media {
    reports: BTreeMap<String, Report>,
    sampled_ms: Option<i64>,
    audio: Flow,
    video: Flow,
}

/// How a kind of media flowed in the last interval.
#[derive(Default)]
struct Flow {
    flowing: bool,
    lost: bool,
}

struct Report {
    of: Of,
    counters: [Option<f64>; COUNTERS.len()],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Audio,
    Video,
    /// The transport or a pair of candidates: all that arrives on the connection.
    All,
}

/// The counters that are kept: name, and number in the rtcstats format.
const COUNTERS: [(&str, &str); 7] = [
    ("packetsReceived", "14"),
    ("packetsLost", "15"),
    ("totalSamplesReceived", "51"),
    ("concealedSamples", "52"),
    ("silentConcealedSamples", "53"),
    ("totalFreezesDuration", "33"),
    ("bytesReceived", "41"),
];

/// By how much the counters grew, over all reports of one kind.
#[derive(Default)]
struct Growth {
    by: [f64; COUNTERS.len()],
    /// How many reports received packets or stood still.
    active: u32,
}

impl Growth {
    fn packets_received(&self) -> f64 {
        self.by[0]
    }

    fn share_of_packets_lost(&self) -> f64 {
        let expected = self.by[0] + self.by[1];
        if expected < PACKETS_EXPECTED { 0.0 } else { self.by[1] / expected }
    }

    /// Synthesised sound that could be heard, of all that was played. Silent concealment follows every
    /// pause of a speaker and proves nothing.
    fn share_concealed(&self) -> f64 {
        let audible = (self.by[3] - self.by[4]).max(0.0);
        if self.by[2] > 0.0 { audible / self.by[2] } else { 0.0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "at most a minute")]
    fn share_frozen(&self, interval_ms: i64) -> f64 {
        let whole_ms = interval_ms as f64 * f64::from(self.active);
        if whole_ms > 0.0 { self.by[5] * 1000.0 / whole_ms } else { 0.0 }
    }

    fn add(&mut self, before: &Report, now: &[Option<f64>; COUNTERS.len()]) {
        let mut grown = [0.0; COUNTERS.len()];
        for (at, grown) in grown.iter_mut().enumerate() {
            // A counter that begins anew says nothing of this interval.
            if let (Some(before), Some(now)) = (before.counters[at], now[at]) {
                *grown = (now - before).max(0.0);
            }
        }
        self.active += u32::from(grown[0] > 0.0 || grown[5] > 0.0);
        self.by.iter_mut().zip(grown).for_each(|(sum, grown)| *sum += grown);
    }
}

impl Media {
    /// Takes a sample and says what the interval since the last one was like.
    pub(super) fn sample(&mut self, value: &Value, at_ms: i64) -> Option<Heard> {
        let [audio, video, all] = self.take(value.as_object()?);
        let since_ms = self.sampled_ms.replace(at_ms)?;
        let interval_ms = at_ms - since_ms;
        if !(1..=FURTHEST_APART_MS).contains(&interval_ms) {
            return None;
        }
        let nothing_arrives =
            self.tells_bytes() && all.by[6] == 0.0 && audio.by[0] == 0.0 && video.by[0] == 0.0;
        let audio_lost = audio.share_of_packets_lost() >= LOST_SHARE || audio.share_concealed() >= LOST_SHARE;
        let video_lost =
            video.share_of_packets_lost() >= LOST_SHARE || video.share_frozen(interval_ms) >= LOST_SHARE;
        Some(Heard {
            since_ms,
            audio_lost: self.audio.judge(audio_lost, nothing_arrives, audio.packets_received()),
            video_lost: self.video.judge(video_lost, nothing_arrives, video.packets_received()),
        })
    }

    /// Whether sound and picture arrived in the last interval.
    pub(super) fn flows(&self) -> (bool, bool) {
        let flows = |of: &Flow| of.flowing && !of.lost;
        (flows(&self.audio), flows(&self.video))
    }

    /// What was lost is read anew: the client left and came back.
    pub(super) fn reset(&mut self) {
        self.audio.lost = false;
        self.video.lost = false;
    }

    /// Whether it is known what arrives at all; a report that stands still is left out of a sample.
    fn tells_bytes(&self) -> bool {
        self.reports.values().any(|report| report.of == Of::All && report.counters[6].is_some())
    }

    /// The growth of sound, picture and everything.
    fn take(&mut self, value: &serde_json::Map<String, Value>) -> [Growth; 3] {
        let mut growth = <[Growth; 3]>::default();
        for (id, told) in value {
            let (before, told) = match (self.reports.get_mut(id), told) {
                (_, Value::Null) => {
                    self.reports.remove(id);
                    continue;
                }
                (before, Value::Object(told)) => (before, told),
                _ => continue,
            };
            if let Some(before) = before {
                let mut now = counters(told);
                now.iter_mut().zip(before.counters).for_each(|(now, before)| *now = now.or(before));
                growth[before.of as usize].add(before, &now);
                before.counters = now;
            } else if let Some(of) =
                kind(told).filter(|_| self.reports.len() < REPORTS_KEPT && id.len() <= TEXT_LIMIT)
            {
                self.reports.insert(id.clone(), Report { of, counters: counters(told) });
            }
        }
        growth
    }
}

impl Flow {
    /// Whether the interval is lost, by what it shows itself or because a flow broke off with all others.
    fn judge(&mut self, lost: bool, nothing_arrives: bool, received: f64) -> bool {
        self.lost = lost || nothing_arrives && (self.flowing || self.lost);
        self.flowing = received > 0.0;
        self.lost
    }
}

fn counters(told: &serde_json::Map<String, Value>) -> [Option<f64>; COUNTERS.len()] {
    COUNTERS.map(|(name, number)| member(told, name, number)?.as_f64())
}

fn kind(told: &serde_json::Map<String, Value>) -> Option<Of> {
    let is = |value: &Value, name: &str, number: u64| {
        value.as_str() == Some(name) || value.as_u64() == Some(number)
    };
    let type_ = told.get("type")?;
    if is(type_, "transport", 5) || is(type_, "candidate-pair", 6) {
        return Some(Of::All);
    }
    // Firefox once told what the other side received as inbound, too.
    if !is(type_, "inbound-rtp", 1) || told.get("isRemote") == Some(&Value::Bool(true)) {
        return None;
    }
    match member(told, "kind", "11").or_else(|| told.get("mediaType"))?.as_str()? {
        "audio" => Some(Of::Audio),
        "video" => Some(Of::Video),
        _ => None,
    }
}

fn member<'a>(told: &'a serde_json::Map<String, Value>, name: &str, number: &str) -> Option<&'a Value> {
    told.get(name).or_else(|| told.get(number))
}
