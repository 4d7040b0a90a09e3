//! What goes wrong between a recorder and the log, and none of it by the consultations' fault.
//!
//! Mess has dice of its own: a plan with and one without it tell the same stories. Beats may be added
//! or lost before they are written down; afterwards events may be sent twice, late or with a wrong
//! clock. Nothing of it is malformed: a log takes every line.

use event::{Kind, Payload, Time};

use crate::dice::Dice;
use crate::plan::Mess;
use crate::story::{Beat, Story, Who};

/// The kind that nobody knows.
pub(crate) const UNKNOWN_KIND: &str = "hand_raised";
/// How long a story must be quiet after connecting for something to be put in between, in milliseconds.
const CALM_MS: i64 = 20_000;
/// The longest time after which something is sent again, in milliseconds.
const AGAIN_MS: i64 = 600_000;

/// Adds to the beats of a story and takes from them.
pub(crate) fn distort(mess: &Mess, dice: &mut Dice, story: &mut Story) {
    let same = dice.chance(mess.same_ms);
    let coalesced = dice.chance(mess.coalesced);
    let unknown = dice.chance(mess.unknown_kinds);
    let endless = dice.chance(mess.missing_ends);
    if let Some((from, calm)) = calm(story) {
        if same {
            opposites(dice, from.plus(calm / 4), &mut story.beats);
        }
        if coalesced {
            reconnect(dice, from.plus(calm / 2), &mut story.beats);
        }
        if unknown {
            let kind = UNKNOWN_KIND.to_owned();
            push(&mut story.beats, from.plus(calm * 3 / 4), Payload::Unknown { kind, version: 1 });
        }
    }
    if endless {
        story.beats.retain(|beat| !is_terminal(beat.payload.kind()));
    }
    story.beats.sort_by_key(|beat| beat.at);
}

/// How late an event arrives, and how much later again if it is sent twice; both in milliseconds.
pub(crate) fn delays(mess: &Mess, dice: &mut Dice) -> (i64, Option<i64>) {
    let late = dice.chance(mess.late) && mess.late_minutes > 0;
    let delay = if late { dice.between(1, i64::from(mess.late_minutes) * 60_000) } else { 0 };
    let again = dice.chance(mess.duplicates).then(|| delay + dice.between(0, AGAIN_MS));
    (delay, again)
}

/// The quiet time after connecting: everybody is present, nothing is lost.
fn calm(story: &Story) -> Option<(Time, i64)> {
    let from = story.connected_at?;
    let next = story.beats.iter().map(|beat| beat.at).filter(|at| *at > from).min()?;
    Some((from, next.since(from))).filter(|(_, calm)| *calm >= CALM_MS)
}

fn opposites(dice: &mut Dice, at: Time, beats: &mut Vec<Beat>) {
    if dice.chance(0.5) {
        push(beats, at, Payload::AudioRestored { direction: None });
        push(beats, at, Payload::AudioLost { direction: None });
    } else {
        push(beats, at, Payload::Rejoined);
        push(beats, at, Payload::Dropped { reason: Some("network".to_owned()) });
    }
}

/// A new connection and the end of the old one, in either order, less than a second apart.
fn reconnect(dice: &mut Dice, at: Time, beats: &mut Vec<Beat>) {
    let joined_first = dice.chance(0.5);
    let then = at.plus(dice.between(1, 900));
    let (joined, left) = if joined_first { (at, then) } else { (then, at) };
    push(beats, joined, Payload::Joined { context: None });
    push(beats, left, Payload::Left { reason: None });
}

fn push(beats: &mut Vec<Beat>, at: Time, payload: Payload) {
    beats.push(Beat { at, who: Some(Who::Patient), payload });
}

fn is_terminal(kind: Kind) -> bool {
    matches!(kind, Kind::Completed | Kind::Converted | Kind::Abandoned)
}
