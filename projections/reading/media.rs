//! Losses of sound and picture (rule 7).

use event::Kind;

use super::people::People;
use super::spans::{Span, intersection, length, touches, union};
use crate::episode::Mark;
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
    /// The losses of `medium` among `marks`, read up to `end`.
    pub(super) fn of(
        medium: Medium,
        marks: &[Mark],
        people: &People,
        end: i64,
        note: &mut impl FnMut(&'static str),
    ) -> Self {
        let mut losses = Self::default();
        for person in people.who_count() {
            let theirs: Vec<(i64, Kind)> = marks
                .iter()
                .filter(|mark| mark.at.ms() <= end && people.index(mark) == Some(person))
                .map(|mark| (mark.at.ms(), mark.kind))
                .filter(|(_, kind)| {
                    *kind == medium.lost
                        || *kind == medium.restored
                        || matches!(kind, Kind::Dropped | Kind::Left)
                })
                .collect();
            losses.walk(medium, &theirs, end, note);
        }
        losses.spans.retain(|(from, to)| to - from >= SHORTEST_MS);
        losses
    }

    fn walk(&mut self, medium: Medium, marks: &[(i64, Kind)], end: i64, note: &mut impl FnMut(&'static str)) {
        let mut since: Option<i64> = None;
        for (at, kind) in state_changers_first(medium, marks) {
            match (kind == medium.lost, kind == medium.restored, since) {
                (true, _, None) => since = Some(at),
                (true, _, Some(_)) => note(medium.anomalies[0]),
                (_, true, None) => note(medium.anomalies[1]),
                // Restored, dropped or left: a new connection starts unlost.
                (_, _, Some(from)) => {
                    self.spans.push((from, at));
                    since = None;
                }
                (_, _, None) => {}
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

/// One person's marks with opposite ones of one millisecond in the order that changes the state first.
///
/// By rank a restoration precedes a loss; that is wrong only for somebody who is not lost, where the
/// loss comes first and is over at once.
fn state_changers_first(medium: Medium, marks: &[(i64, Kind)]) -> Vec<(i64, Kind)> {
    let mut rest: Vec<(i64, Kind)> = marks.iter().rev().copied().collect();
    let (mut ordered, mut lost) = (Vec::with_capacity(rest.len()), false);
    while let Some((at, _)) = rest.last().copied() {
        let changes = |(_, kind): &(i64, Kind)| *kind == if lost { medium.restored } else { medium.lost };
        let is_medium = |kind: Kind| kind == medium.lost || kind == medium.restored;
        let first = rest.len() - 1;
        let tied = (0..=first).rev().take_while(|i| rest[*i].0 == at && is_medium(rest[*i].1));
        let chosen = tied.into_iter().find(|i| changes(&rest[*i])).unwrap_or(first);
        let mark = rest.remove(chosen);
        lost = mark.1 == medium.lost;
        ordered.push(mark);
    }
    ordered
}
