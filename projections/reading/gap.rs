//! Gaps in somebody's presence and what they amount to (rules 3, 6 and 7).

use event::Kind;

use super::disturbance;
use super::ending::End;
use super::media::Losses;
use super::presence::{Gap, Presence};
use super::spans::{Span, intersection, length, union};
use crate::outcome::Outcome;

/// A drop is recovered when the person is back within this time.
const RECOVERY_MS: i64 = 60_000;

/// A gap with what it amounts to.
pub(super) struct ClassedGap {
    pub(super) from: i64,
    pub(super) back: Option<i64>,
    pub(super) class: Class,
}

/// What a gap amounts to (rule 3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Lost for shorter than the grace.
    Blip,
    /// Lost for longer, or for good.
    Drop,
    /// Lost just before a completed end.
    Closing,
    /// Left.
    Away,
}

impl Class {
    /// Whether the person counts as present all the while.
    pub(super) fn keeps_presence(self) -> bool {
        matches!(self, Self::Blip | Self::Closing)
    }
}

impl ClassedGap {
    /// Whether it is a drop that can count: one in the millisecond of a terminal event does not.
    pub(super) fn is_drop(&self, end: End) -> bool {
        self.class == Class::Drop && !(end.terminal.is_some() && self.from == end.at)
    }
}

/// The gaps of everybody up to the end, each with its person and its class.
pub(super) fn gaps(presence: &[Presence], end: End, grace_ms: i64) -> Vec<(usize, ClassedGap)> {
    let class = |gap: Gap| match gap.back {
        _ if !gap.dropped => Class::Away,
        Some(back) if back - gap.from < grace_ms => Class::Blip,
        None if end.terminal == Some(Kind::Completed) && end.at - gap.from < grace_ms => Class::Closing,
        _ => Class::Drop,
    };
    let classed = |gap: Gap| ClassedGap { from: gap.from, back: gap.back, class: class(gap) };
    let of = |(i, presence): (usize, &Presence)| presence.gaps(end.at).into_iter().map(move |gap| (i, gap));
    presence.iter().enumerate().flat_map(of).map(|(i, gap)| (i, classed(gap))).collect()
}

/// Counts drops and blips between connection and end (rule 6).
pub(super) fn drops<'a>(
    end: End,
    connected_at: i64,
    gaps: impl Iterator<Item = &'a ClassedGap>,
    row: &mut Outcome,
) {
    let counts =
        |gap: &&ClassedGap| gap.from >= connected_at && !(end.terminal.is_some() && gap.from == end.at);
    for gap in gaps.filter(counts) {
        match gap.class {
            Class::Blip => row.blips += 1,
            Class::Drop => {
                row.drops += 1;
                row.recovered_drops += u32::from(gap.back.is_some());
                row.recovered_60s += u32::from(gap.back.is_some_and(|back| back - gap.from <= RECOVERY_MS));
                row.drop_times.push(disturbance(gap.from, gap.back));
            }
            Class::Closing | Class::Away => {}
        }
    }
    row.drop_times.sort_unstable_by_key(|drop| (drop.at, drop.over_at));
    row.first_drop_ms = row.drop_times.first().map(|drop| drop.at.ms() - connected_at);
}

/// Time lost to losses of sound, blips and absences with a return (rule 7).
pub(super) fn interrupted_ms<'a>(
    window: Span,
    audio: &Losses,
    gaps: impl Iterator<Item = &'a ClassedGap>,
) -> i64 {
    let interrupts = |gap: &&ClassedGap| matches!(gap.class, Class::Blip | Class::Away);
    let mut spans = audio.spans.clone();
    spans.extend(gaps.filter(interrupts).filter_map(|gap| Some((gap.from, gap.back?))));
    length(&intersection(&union(spans), &[window]))
}
