//! Losses of sound and picture (rule 7).

use event::Kind;

use super::people::People;
use super::presence::{Presence, Step};
use super::spans::{Span, intersection, length, touches, union};
use crate::outcome::Disturbance;

/// A loss shorter than this is not counted.
const SHORTEST_MS: i64 = 150;

/// Which medium is lost and restored.
#[derive(Clone, Copy)]
pub(super) struct Medium {
    pub(super) lost: Kind,
    pub(super) restored: Kind,
    /// Anomalies: lost while lost, restored while not lost.
    pub(super) anomalies: [&'static str; 2],
}

/// Sound.
pub(super) const AUDIO: Medium = Medium {
    lost: Kind::AudioLost,
    restored: Kind::AudioRestored,
    anomalies: ["audio_lost_while_lost", "audio_restored_while_not_lost"],
};

/// The picture.
pub(super) const VIDEO: Medium = Medium {
    lost: Kind::VideoLost,
    restored: Kind::VideoRestored,
    anomalies: ["video_lost_while_lost", "video_restored_while_not_lost"],
};

/// The counted losses of one medium, of all people who count.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) spans: Vec<Span>,
}

/// What the losses amount to inside connected time.
pub(super) struct Lost {
    pub(super) losses: u32,
    pub(super) lost_ms: i64,
    pub(super) times: Vec<Disturbance>,
}

impl Losses {
    /// The losses of `medium` of everybody who counts, read up to `end`.
    pub(super) fn of(
        medium: Medium,
        presence: &[Presence],
        people: &People,
        end: i64,
        note: &mut impl FnMut(&'static str),
    ) -> Self {
        let mut losses = Self::default();
        for person in people.who_count() {
            losses.walk(medium, &presence[person].steps, end, note);
        }
        losses.spans.retain(|(from, to)| to - from >= SHORTEST_MS);
        losses
    }

    fn walk(&mut self, medium: Medium, steps: &[Step], end: i64, note: &mut impl FnMut(&'static str)) {
        let mut since: Option<i64> = None;
        for Step { at, kind } in steps.iter().copied() {
            let ends = kind == medium.restored || matches!(kind, Kind::Dropped | Kind::Left);
            match since {
                None if kind == medium.lost => since = Some(at),
                None if kind == medium.restored => note(medium.anomalies[1]),
                Some(_) if kind == medium.lost => note(medium.anomalies[0]),
                // Dropped or left as well: a new connection starts unlost.
                Some(from) if ends => {
                    self.spans.push((from, at));
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(from) = since {
            self.spans.push((from, end));
        }
    }

    /// What these losses amount to inside `connected`.
    pub(super) fn inside(&self, connected: &[Span], end: i64) -> Lost {
        let mut counted: Vec<Span> =
            self.spans.iter().copied().filter(|span| touches(*span, connected)).collect();
        counted.sort_unstable();
        let times = counted.iter().map(|(from, to)| super::disturbance(*from, (*to < end).then_some(*to)));
        Lost {
            losses: counted.len() as u32,
            times: times.collect(),
            lost_ms: length(&intersection(&union(counted), connected)),
        }
    }
}
