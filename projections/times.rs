//! Times to a drop, and back from it: how long calls went on, and how long drops lasted, in whole seconds.
//!
//! Both are kept as counts by second, so that they merge exactly and a curve is drawn of what was counted. Two
//! parameters keep the counts small, whatever the number of consultations: seconds are rounded up, and nothing is
//! told apart behind the [slot](SLOT_S) of half an hour. A group of clusters takes 5,406 counts of calls and 1,802 of
//! drops at most, some 58 kB, and the 64 groups of an arm 3.7 MB. Every threshold is a whole second, and rounding up
//! keeps what came by then: shares by a threshold are exact, but for calls whose end nobody saw, which leave up to a
//! second late; of a slot up to a second too little is lost. Of times of whole seconds everything is exact.
//!
//! A call lasts `connected_ms` + `down_ms`: that is what the reading defines as the time from first connection to the
//! end, and so on the clock of `first_drop_ms`. `ended_at` would say the same, and is not kept where millions of rows
//! are counted. When the second drop of a call came is not kept there either, so that the mean number of drops by a
//! minute cannot be told.

use std::collections::BTreeMap;

use event::{Dimension, Kind};
use serde::Serialize;

use crate::buckets::bucket;
use crate::cells::{Arm, Question};
use crate::measure::Needs;
use crate::outcome::{Ending, Outcome};
use crate::projection::{Projection, State, change};
use crate::reliability::drops::DROPPED;

/// The length of a slot, in seconds, behind which nothing is told apart.
pub const SLOT_S: u64 = 1_800;
/// Where what lies behind the slot is counted.
const BEHIND: u64 = SLOT_S + 1;

/// What must be seen of a call to tell when it dropped, or that it ended without.
///
/// A feed that cannot tell the end of a call never shows one that ended without a drop: by its rows it would seem that
/// calls go on until they drop.
pub const NEEDS: Needs = Needs::all(&[Kind::Joined, Kind::Dropped, Kind::Completed])
    .changed_by(&[Kind::Converted, Kind::Abandoned]);

/// The projection: times by arm and group of clusters.
#[derive(Debug)]
pub struct Times<'a> {
    /// Of which rows, by what, in which clusters; its slots are not asked for.
    pub question: Question<'a>,
    /// Whether clusters share buckets, for there are many.
    pub bucketed: bool,
}

/// How a call left those that had neither dropped nor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By its first drop.
    Dropped,
    /// It ended without one.
    Ended,
    /// It was last seen then: how it ended nobody saw, or it went on behind the slot.
    LastSeen,
}

impl Exit {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Dropped, Self::Ended, Self::LastSeen];
}

/// The times of one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ArmTimes {
    /// By cluster, or by bucket of clusters; rows without a level of the clustering dimension share one cluster.
    pub groups: BTreeMap<String, GroupTimes>,
    /// Connected consultations whose sources cannot see what [`NEEDS`] names.
    pub unmeasured: u64,
}

/// The times of one group of clusters.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GroupTimes {
    /// Connected consultations by second and way.
    exits: Dense,
    /// Drops with a return by the second of the return.
    returns: Dense,
    /// Drops without one.
    never: u64,
}

impl GroupTimes {
    /// Consultations by second and way, in ascending order; those that went on are last seen a second behind the slot.
    pub fn exits(&self) -> impl Iterator<Item = (u64, Exit, u64)> {
        let told = self.exits.0.iter().zip(0_u64..).filter(|(count, _)| **count > 0);
        told.map(|(count, code)| (code / 3, Exit::ALL[(code % 3) as usize], *count))
    }

    /// Drops by the second of the return, in ascending order; those without a return within the slot lie behind it.
    pub fn returns(&self) -> Vec<(u64, u64)> {
        let within = self.returns.0.iter().zip(0_u64..BEHIND);
        let mut told: Vec<(u64, u64)> =
            within.map(|(count, second)| (second, *count)).filter(|(_, count)| *count > 0).collect();
        let late = self.never + self.returns.0.get(BEHIND as usize).copied().unwrap_or(0);
        if late > 0 {
            told.push((BEHIND, late));
        }
        told
    }
}

/// Counts by number, without zeros behind the last that is none: the same counts are the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Dense(Vec<u64>);

impl Dense {
    fn add(&mut self, number: u64) {
        let number = number as usize;
        if self.0.len() <= number {
            self.0.resize(number + 1, 0);
        }
        self.0[number] += 1;
    }

    fn take(&mut self, number: u64) {
        self.0[number as usize] -= 1;
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

impl State for Dense {
    fn absorb(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl State for GroupTimes {
    fn absorb(&mut self, other: &Self) {
        self.exits.absorb(&other.exits);
        self.returns.absorb(&other.returns);
        self.never += other.never;
    }

    fn is_empty(&self) -> bool {
        self.exits.is_empty() && self.returns.is_empty() && self.never == 0
    }
}

impl State for ArmTimes {
    fn absorb(&mut self, other: &Self) {
        self.groups.absorb(&other.groups);
        self.unmeasured += other.unmeasured;
    }

    fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.unmeasured == 0
    }
}

/// What was gathered of connected rows of one setting.
#[derive(Debug, Default)]
pub struct Tray {
    exits: Vec<u16>,
    returns: Vec<u16>,
    never: u64,
}

impl Tray {
    fn gather(&mut self, row: &Outcome) {
        if !row.connected {
            return;
        }
        let (at_ms, exit) = match row.first_drop_ms {
            Some(at_ms) => (at_ms, Exit::Dropped),
            None if row.ending == Ending::EndNotSeen => (row.connected_ms + row.down_ms, Exit::LastSeen),
            None => (row.connected_ms + row.down_ms, Exit::Ended),
        };
        let second = second(at_ms);
        // Whatever becomes of a call behind the slot, within it the call went on.
        let exit = if second == BEHIND { Exit::LastSeen } else { exit };
        self.exits.push((second * 3) as u16 + exit as u16);
        let before = self.returns.len();
        let returns = row.drop_times.iter().filter_map(|drop| Some(drop.over_at?.since(drop.at)));
        self.returns.extend(returns.map(|ms| self::second(ms) as u16));
        // Of a drop without a return only its number is kept where rows are many.
        self.never += u64::from(row.drops).saturating_sub((self.returns.len() - before) as u64);
    }
}

/// The second by which it was over, or the one behind the slot.
fn second(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1_000).min(BEHIND)
}

impl Projection for Times<'_> {
    type State = BTreeMap<Arm, ArmTimes>;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        self.question.dimensions()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = Tray::default();
        tray.gather(row);
        self.pour(row, tray, state);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = Tray::default();
        tray.gather(row);
        self.put(row, &tray, state, Dense::take, |count, by| *count -= by);
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        tray.gather(row);
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Self::State) {
        self.put(row, &tray, state, Dense::add, |count, by| *count += by);
    }
}

impl Times<'_> {
    /// Counts what was gathered of rows like this one in or out, by `one` and by `step`.
    fn put(
        &self,
        row: &Outcome,
        tray: &Tray,
        state: &mut BTreeMap<Arm, ArmTimes>,
        one: fn(&mut Dense, u64),
        step: fn(&mut u64, u64),
    ) {
        let question = &self.question;
        if tray.exits.is_empty() || !question.filter.passes(row) || !question.counts_pathway(row) {
            return;
        }
        let [drops, ends] = [DROPPED, NEEDS].map(|needs| needs.met(row.sight.sees));
        change(state, question.arm(row, None), |arm: &mut ArmTimes| {
            if !ends {
                step(&mut arm.unmeasured, tray.exits.len() as u64);
            }
            change(&mut arm.groups, self.group(row), |group: &mut GroupTimes| {
                if ends {
                    tray.exits.iter().for_each(|code| one(&mut group.exits, u64::from(*code)));
                }
                if drops {
                    tray.returns.iter().for_each(|second| one(&mut group.returns, u64::from(*second)));
                    step(&mut group.never, tray.never);
                }
            });
        });
    }

    fn group(&self, row: &Outcome) -> String {
        let cluster = self.question.cluster(row);
        if self.bucketed { format!("{:02}", bucket(cluster)) } else { cluster.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use event::{KindSet, Time};

    use super::*;
    use crate::cells::Modalities;
    use crate::filter::Filter;
    use crate::outcome::RowSight;
    use crate::parameters::Parameters;

    fn rows() -> Vec<Outcome> {
        let sight = RowSight { sees: KindSet::EVERY, ..RowSight::default() };
        let row = |number: i64| {
            let mut row = Outcome::empty("", std::sync::Arc::default(), sight);
            row.connected = number % 7 != 0;
            row.connected_ms = number * 41_777 % 3_000_000;
            row.first_drop_ms = (row.connected && number % 3 == 0).then_some(row.connected_ms / 2);
            row.drops = row.first_drop_ms.map_or(0, |_| 2);
            row.ending = if number % 5 == 0 { Ending::EndNotSeen } else { Ending::Completed };
            row
        };
        (0..200).map(row).collect()
    }

    #[test]
    fn what_is_gathered_and_poured_is_what_is_added_and_can_be_taken_away() {
        let (filter, parameters) = (Filter::default(), Parameters::as_of(Time::default()));
        let question = Question {
            slots: Vec::new(),
            by: &[],
            period: None,
            filter: &filter,
            cluster: Some(Dimension::Organisation),
            parameters: &parameters,
            modalities: Modalities::Video,
        };
        let (times, rows) = (Times { question, bucketed: true }, rows());
        let whole = times.fold(&rows);
        let (mut tray, mut poured) = (Tray::default(), BTreeMap::new());
        rows.iter().for_each(|row| times.gather(row, &mut tray));
        times.pour(&rows[0], tray, &mut poured);
        assert_eq!(poured, whole);
        let exits: u64 = whole
            .values()
            .flat_map(|arm| arm.groups.values())
            .flat_map(GroupTimes::exits)
            .map(|exit| exit.2)
            .sum();
        assert_eq!(exits, rows.iter().filter(|row| row.connected).count() as u64);
        rows.iter().for_each(|row| times.sub(row, &mut poured));
        assert!(poured.is_empty());
    }

    #[test]
    fn a_state_stays_as_small_as_is_said() {
        let mut group = GroupTimes::default();
        group.exits.add(BEHIND * 3 + Exit::LastSeen as u64);
        group.returns.add(BEHIND);
        assert_eq!((group.exits.0.len(), group.returns.0.len()), (5_406, 1_802));
        assert_eq!([second(i64::MAX), second(-1), second(1), second(1_800_000)], [BEHIND, 0, 1, SLOT_S]);
    }
}
