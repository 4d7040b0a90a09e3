//! When a person was there (rules 2 and 3).
//!
//! A person's marks are walked once, in the order of the reading. Of opposite marks in one
//! millisecond the one that changes the state is taken first; a `left` and a join at most a second
//! apart cancel out; a `left` right after the return from a drop is the old connection's.

use event::Kind;

use super::spans::Span;

/// A `left` and a join at most this far apart are one reconnection.
const PAIR_MS: i64 = 1_000;

/// One mark of one person that tells presence, sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) kind: Kind,
}

impl Step {
    fn joins(self) -> bool {
        matches!(self.kind, Kind::Joined | Kind::Rejoined)
    }

    /// Whether it tells that somebody came or went.
    pub(super) fn tells_presence(self) -> bool {
        self.family() == Family::Presence
    }

    fn family(self) -> Family {
        match self.kind {
            Kind::AudioLost | Kind::AudioRestored => Family::Audio,
            Kind::VideoLost | Kind::VideoRestored => Family::Video,
            _ => Family::Presence,
        }
    }
}

/// Marks of one family have opposite effects on one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Presence,
    Audio,
    Video,
}

/// How a person came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// Joins and departures that took effect, alternating.
    stays: Vec<Stay>,
    /// Joins while present.
    pub(super) duplicate_joins: u32,
    /// All marks, in the order in which they are read.
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    from: i64,
    /// When it ended and whether by a drop; `None` while it lasts.
    to: Option<(i64, bool)>,
}

/// A time a person was not there between two stays, or after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: i64,
    /// When the person came back; `None` if not before the end.
    pub(super) back: Option<i64>,
    /// Whether the connection was lost, not left.
    pub(super) dropped: bool,
}

impl Presence {
    /// Walks a person's marks, which are in the order of the reading but for those of one millisecond.
    pub(super) fn walk(steps: &[Step]) -> Self {
        let (mut presence, mut rest, mut by_drop) = (Self::default(), Rest::of(steps), false);
        while let Some((step, spent)) = rest.take() {
            presence.steps.push(step);
            if spent || step.family() != Family::Presence {
                continue;
            }
            match (rest.present, step.joins()) {
                (true, _) if step.kind != Kind::Dropped && rest.spend_opposite(step) => {}
                (true, true) => presence.duplicate_joins += 1,
                (false, true) => {
                    presence.stays.push(Stay { from: step.at, to: None });
                    rest.present = true;
                    if by_drop {
                        rest.spend_opposite(step);
                    }
                }
                (true, false) => {
                    by_drop = step.kind == Kind::Dropped;
                    if let Some(stay) = presence.stays.last_mut() {
                        stay.to = Some((step.at, by_drop));
                    }
                    rest.present = false;
                }
                (false, false) => {}
            }
        }
        presence
    }

    /// Whether the person was ever there.
    pub(super) fn ever(&self) -> bool {
        !self.stays.is_empty()
    }

    /// When the person went for good; `None` if still there after all marks, or never there.
    pub(super) fn gone_at(&self) -> Option<i64> {
        Some(self.stays.last()?.to?.0)
    }

    /// Whether the person is there at `end`, having come by then and not gone.
    pub(super) fn lasts_to(&self, end: i64) -> bool {
        self.stays.last().is_some_and(|stay| stay.from <= end && stay.to.is_none())
    }

    /// The gaps up to `end`: those whose return comes later are open.
    pub(super) fn gaps(&self, end: i64) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (i, stay) in self.stays.iter().enumerate() {
            let Some((from, dropped)) = stay.to else { continue };
            if from > end {
                break;
            }
            let back = self.stays.get(i + 1).map(|next| next.from).filter(|back| *back <= end);
            gaps.push(Gap { from, back, dropped });
        }
        gaps
    }

    /// The stays up to `end`, as they were told: every gap breaks them.
    pub(super) fn spans(&self, end: i64) -> Vec<Span> {
        self.stays.iter().map(|stay| (stay.from, stay.to.map_or(end, |(to, _)| to).min(end))).collect()
    }
}

/// The marks still to be taken, and the states they act on.
struct Rest {
    /// In reverse; the flag says that a mark cancelled out with an earlier one.
    steps: Vec<(Step, bool)>,
    present: bool,
    audio_lost: bool,
    video_lost: bool,
}

impl Rest {
    fn of(steps: &[Step]) -> Self {
        let steps = steps.iter().rev().map(|step| (*step, false)).collect();
        Self { steps, present: false, audio_lost: false, video_lost: false }
    }

    /// Takes the mark to be read next: the first, unless it changes nothing and an opposite one in its
    /// millisecond does.
    fn take(&mut self) -> Option<(Step, bool)> {
        let first = self.steps.len().checked_sub(1)?;
        let chosen = if self.steps[first].1 { first } else { self.choose(first, self.present) };
        let (step, spent) = self.steps.remove(chosen);
        match step.kind {
            Kind::AudioLost | Kind::AudioRestored => self.audio_lost = step.kind == Kind::AudioLost,
            Kind::VideoLost | Kind::VideoRestored => self.video_lost = step.kind == Kind::VideoLost,
            // A new connection starts unlost.
            Kind::Dropped | Kind::Left => (self.audio_lost, self.video_lost) = (false, false),
            _ => {}
        }
        Some((step, spent))
    }

    fn changes(&self, step: Step, present: bool) -> bool {
        match step.family() {
            Family::Presence => step.joins() != present,
            Family::Audio => (step.kind == Kind::AudioLost) != self.audio_lost,
            Family::Video => (step.kind == Kind::VideoLost) != self.video_lost,
        }
    }

    /// Which mark is read next by somebody `present` or not, where `first` is the first that remains: an
    /// opposite one of its millisecond that changes the state, if the first does not.
    fn choose(&self, first: usize, present: bool) -> usize {
        let head = self.steps[first].0;
        if self.changes(head, present) {
            return first;
        }
        // A `left` that shares its millisecond with a join would cancel out with it: it changes nothing.
        let goes_first = |step: Step| step.kind != Kind::Left && self.changes(step, present);
        let tied = (0..first).rev().take_while(|i| self.steps[*i].0.at == head.at);
        tied.filter(|i| !self.steps[*i].1 && self.steps[*i].0.family() == head.family())
            .find(|i| goes_first(self.steps[*i].0))
            .unwrap_or(first)
    }

    /// The next presence mark, if it is the opposite of `step`, which was just taken, among `left` and
    /// joins, at most a second later.
    fn pair_of(&self, step: Step) -> Option<usize> {
        let is_presence = |i: &usize| !self.steps[*i].1 && self.steps[*i].0.tells_presence();
        let first = (0..self.steps.len()).rev().find(is_presence)?;
        let next = if step.joins() { self.choose(first, true) } else { first };
        let opposite = self.steps[next].0;
        let pairs = opposite.kind != Kind::Dropped
            && opposite.joins() != step.joins()
            && opposite.at - step.at <= PAIR_MS;
        pairs.then_some(next)
    }

    /// If `step`, just taken, has an opposite to pair with, that is spent: it will be read, and change
    /// nothing.
    fn spend_opposite(&mut self, step: Step) -> bool {
        let pair = self.pair_of(step);
        if let Some(opposite) = pair {
            self.steps[opposite].1 = true;
        }
        pair.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{Dropped, Joined, Left, Rejoined};

    fn check(steps: &[(i64, Kind)], spans: &[Span]) {
        let steps: Vec<Step> = steps.iter().map(|(at, kind)| Step { at: *at, kind: *kind }).collect();
        assert_eq!(Presence::walk(&steps).spans(100_000), spans);
    }

    #[test]
    fn a_left_and_a_join_within_a_second_cancel_out_in_either_order() {
        check(&[(0, Joined), (5_000, Left), (6_000, Joined)], &[(0, 100_000)]);
        check(&[(0, Joined), (5_000, Joined), (6_000, Left)], &[(0, 100_000)]);
        check(&[(0, Joined), (5_000, Left), (6_001, Joined)], &[(0, 5_000), (6_001, 100_000)]);
    }

    #[test]
    fn an_absent_person_is_not_kept_by_a_pair() {
        check(&[(0, Joined), (500, Left)], &[(0, 500)]);
    }

    #[test]
    fn after_a_drop_a_left_within_a_second_of_the_return_is_the_old_connections() {
        check(
            &[(0, Joined), (5_000, Dropped), (40_000, Rejoined), (40_900, Left)],
            &[(0, 5_000), (40_000, 100_000)],
        );
        check(
            &[(0, Joined), (5_000, Left), (40_000, Rejoined), (40_900, Left)],
            &[(0, 5_000), (40_000, 40_900)],
        );
    }

    #[test]
    fn in_one_millisecond_the_mark_that_changes_the_state_comes_first() {
        check(&[(0, Joined), (5_000, Rejoined), (5_000, Dropped)], &[(0, 5_000), (5_000, 100_000)]);
        check(&[(5_000, Joined), (5_000, Dropped)], &[(5_000, 5_000)]);
    }
}
