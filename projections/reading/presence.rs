//! When a person was there (rules 2 and 3).
//!
//! A person's presence marks are walked once, in the order of the reading. Of opposite marks in one
//! millisecond the one that changes the state is taken first; a `left` and a join at most a second
//! apart cancel out; a `left` right after the return from a drop is the old connection's.

use event::Kind;

use super::spans::Span;

/// A `left` and a join at most this far apart are one reconnection.
const PAIR_MS: i64 = 1_000;

/// One presence mark of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) kind: Kind,
}

impl Step {
    fn joins(self) -> bool {
        matches!(self.kind, Kind::Joined | Kind::Rejoined)
    }
}

/// How a person came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// Joins and departures that took effect, alternating.
    stays: Vec<Stay>,
    /// Joins while present.
    pub(super) duplicate_joins: u32,
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
    /// Walks a person's presence marks, which are in the order of the reading.
    pub(super) fn walk(steps: &[Step]) -> Self {
        let (mut presence, mut rest, mut present, mut by_drop) =
            (Self::default(), Rest::of(steps), false, false);
        while let Some(step) = rest.take(present) {
            if present && step.kind != Kind::Dropped && rest.pairs_with(step) {
                rest.take(step.joins());
                continue;
            }
            match (present, step.joins()) {
                (true, true) => presence.duplicate_joins += 1,
                (false, true) => {
                    presence.stays.push(Stay { from: step.at, to: None });
                    present = true;
                    if by_drop && rest.pairs_with(step) {
                        rest.take(true);
                    }
                }
                (true, false) => {
                    by_drop = step.kind == Kind::Dropped;
                    if let Some(stay) = presence.stays.last_mut() {
                        stay.to = Some((step.at, by_drop));
                    }
                    present = false;
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

/// The marks still to be taken.
struct Rest {
    steps: Vec<Step>,
}

impl Rest {
    fn of(steps: &[Step]) -> Self {
        Self { steps: steps.iter().rev().copied().collect() }
    }

    /// The mark to be taken next by somebody `present` or not: within the first millisecond the first
    /// that changes the state, else simply the first.
    fn next(&self, present: bool) -> Option<usize> {
        let last = self.steps.len().checked_sub(1)?;
        let at = self.steps[last].at;
        let changes = |i: &usize| self.steps[*i].joins() != present;
        let tied = (0..=last).rev().take_while(|i| self.steps[*i].at == at);
        Some(tied.into_iter().find(changes).unwrap_or(last))
    }

    fn take(&mut self, present: bool) -> Option<Step> {
        self.next(present).map(|i| self.steps.remove(i))
    }

    /// Whether the mark after `step` is its opposite among `left` and joins, at most a second later.
    fn pairs_with(&self, step: Step) -> bool {
        self.next(step.joins()).is_some_and(|i| {
            let next = self.steps[i];
            next.kind != Kind::Dropped && next.joins() != step.joins() && next.at - step.at <= PAIR_MS
        })
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
