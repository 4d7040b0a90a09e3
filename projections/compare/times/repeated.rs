//! How often calls drop, the second and third drop of a call among them.

use super::{ByMinute, Contrast, FEED, MINUTES, SLOT_MS, Seen};
use crate::compare::difference::verdict;
use crate::compare::figure::Figure;
use crate::measure::Better;
use crate::stats::survival::recurrent::clustered::{self, ENDED, Groups, Mean, Recurrences};
use crate::stats::survival::{End, Exits};
use crate::stats::{Estimate, Reason, Status};
use crate::times::GroupTimes;

/// Limits count what differs between groups; a call on its own is none.
const UNGROUPED: Reason = Reason::Stated("no limits: they need calls of several organisations or clinicians");

/// Drops and ends of calls, group by group.
pub(super) fn groups<'a>(parts: impl Iterator<Item = &'a GroupTimes>) -> Result<Groups, Reason> {
    Groups::new(parts.map(of_group).collect::<Result<_, _>>()?)
}

fn of_group(group: &GroupTimes) -> Result<Recurrences, Reason> {
    let end = |seen: bool| if seen { ENDED } else { End::Censored };
    let ends = group.ends().map(|(second, seen, count)| (second * 1_000, end(seen), count));
    Recurrences::new(Exits::new(1, ends)?, group.drops().map(|(second, count)| (second * 1_000, count)))
}

impl Seen<'_> {
    /// Drops per call by each minute.
    pub(super) fn repeated(&self, mean: Mean) -> Vec<ByMinute> {
        let figure = |minutes: u64| {
            let estimate = match &self.repeated {
                Err(why) => Estimate::not_estimable("none", self.ask.level, *why),
                Ok(groups) => clustered::of_groups(groups, mean, minutes * 60_000, self.ask.level),
            };
            self.figure(self.limited(estimate))
        };
        MINUTES.map(|minutes| ByMinute { minutes, figure: figure(minutes) }).to_vec()
    }

    /// Drops per call by the end of the slot, less those of the reference, unless these are not alike.
    pub(super) fn repeated_against(&self, with: &Self, unlike: Option<&String>) -> Contrast {
        let estimate = match (&self.repeated, &with.repeated) {
            _ if unlike.is_some() => Estimate::absent("none", self.ask.level, Status::NotMeasured(FEED)),
            (Ok(mine), Ok(theirs)) => {
                self.limited(clustered::difference([mine, theirs], Mean::Began, SLOT_MS, self.ask.level))
            }
            (Err(why), _) | (_, Err(why)) => Estimate::not_estimable("none", self.ask.level, *why),
        };
        let verdict = verdict(Better::Lower, &estimate);
        let figure = Figure::from(estimate);
        Contrast { figure: Figure { reason: unlike.cloned().or(figure.reason), ..figure }, verdict }
    }

    /// The same estimate; where rows are not clustered it says that its limits are missed for that.
    fn limited(&self, estimate: Estimate) -> Estimate {
        match estimate.status {
            Status::NotEstimable(Reason::OneCluster) if self.design.cluster.is_none() => {
                estimate.with_status(Status::NotEstimable(UNGROUPED))
            }
            _ => estimate,
        }
    }
}
