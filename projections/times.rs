//! Times to a drop, and back from it: how long calls went on, and how long drops lasted, in whole seconds.
//!
//! Both are kept as counts by second, so that they merge exactly and a curve is drawn of what was counted. Two
//! parameters keep the counts small, whatever the number of consultations: seconds are rounded up, and nothing is
//! told apart behind the [slot](SLOT_S) of half an hour. A group of clusters takes 9,010 counts of calls and 3,604 of
//! drops at most, some 101 kB, and the 64 groups of an arm 6.5 MB. Every threshold is a whole second, and rounding up
//! keeps what came by then: shares by a threshold are exact, but for calls whose end nobody saw, which leave up to a
//! second late; of a slot up to a second too little is lost. Of times of whole seconds everything is exact. Drops and
//! ends of one second count in that order, as drops and ends of one instant do.
//!
//! A call lasts `connected_ms` + `down_ms`: that is what the reading defines as the time from first connection to the
//! end, and so on the clock of `first_drop_ms`. `ended_at` would say the same, and is not kept where millions of rows
//! are counted.

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
    /// Drops by second, the second and third of a call among them.
    drops: Dense,
    /// Calls by the second of their end, whether they dropped before or not, and whether it was one or they were only
    /// last seen then.
    ends: Dense,
    /// Drops by the second of the return, those without one behind the slot.
    returns: Dense,
}

impl GroupTimes {
    /// Consultations by second and way, in ascending order; those that went on are last seen a second behind the slot.
    pub fn exits(&self) -> impl Iterator<Item = (u64, Exit, u64)> {
        self.exits.told().map(|(code, count)| (code / 3, Exit::ALL[(code % 3) as usize], count))
    }

    /// Drops within the slot by second, in ascending order.
    pub fn drops(&self) -> impl Iterator<Item = (u64, u64)> {
        self.drops.told().filter(|(second, _)| *second <= SLOT_S)
    }

    /// Calls by the second of their end, in ascending order, and whether anything ended them; those that went on are
    /// last seen a second behind the slot.
    pub fn ends(&self) -> impl Iterator<Item = (u64, bool, u64)> {
        self.ends.told().map(|(code, count)| (code / 2, code % 2 == 0, count))
    }

    /// Drops by the second of the return, in ascending order; those without a return within the slot lie behind it.
    pub fn returns(&self) -> Vec<(u64, u64)> {
        self.returns.told().collect()
    }
}

/// Counts by number, without zeros behind the last that is none: the same counts are the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Dense(Vec<u64>);

impl Dense {
    /// Numbers that have a count, in ascending order.
    fn told(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().zip(0_u64..).filter(|(count, _)| **count > 0).map(|(count, number)| (number, *count))
    }

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
        self.drops.absorb(&other.drops);
        self.ends.absorb(&other.ends);
        self.returns.absorb(&other.returns);
    }

    fn is_empty(&self) -> bool {
        [&self.exits, &self.drops, &self.ends, &self.returns].into_iter().all(State::is_empty)
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
    drops: Vec<u16>,
    ends: Vec<u16>,
    returns: Vec<u16>,
}

impl Tray {
    fn gather(&mut self, row: &Outcome) {
        if !row.connected {
            return;
        }
        let (end, seen) = (second(row.connected_ms + row.down_ms), row.ending != Ending::EndNotSeen);
        // Whatever becomes of a call behind the slot, within it the call went on.
        self.ends.push((end * 2) as u16 + u16::from(!seen || end == BEHIND));
        let (second, exit) = match row.first_drop_ms {
            Some(at_ms) => (second(at_ms), Exit::Dropped),
            None if seen => (end, Exit::Ended),
            None => (end, Exit::LastSeen),
        };
        let exit = if second == BEHIND { Exit::LastSeen } else { exit };
        self.exits.push((second * 3) as u16 + exit as u16);
        for (from_ms, lasted_ms) in row.drops_from_connection() {
            self.drops.push(self::second(from_ms) as u16);
            self.returns.push(lasted_ms.map_or(BEHIND, self::second) as u16);
        }
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
                    tray.ends.iter().for_each(|code| one(&mut group.ends, u64::from(*code)));
                    tray.drops.iter().for_each(|second| one(&mut group.drops, u64::from(*second)));
                }
                if drops {
                    tray.returns.iter().for_each(|second| one(&mut group.returns, u64::from(*second)));
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
    use crate::kept::dropped;
    use crate::outcome::RowSight;
    use crate::parameters::Parameters;

    fn rows() -> Vec<Outcome> {
        let sight = RowSight { sees: KindSet::EVERY, ..RowSight::default() };
        let row = |number: i64| {
            let mut row = Outcome::empty("", std::sync::Arc::default(), sight);
            row.connected = number % 7 != 0;
            row.connected_ms = number * 41_777 % 3_000_000;
            row.first_drop_ms = (row.connected && number % 3 == 0).then_some(row.connected_ms / 2);
            row.drop_times.extend(row.first_drop_ms.map(|ms| dropped((ms, None))));
            row.drop_times.extend(row.first_drop_ms.map(|ms| dropped((ms + 500, Some(7_000)))));
            row.drops = row.drop_times.len() as u32;
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
        let groups = || whole.values().flat_map(|arm| arm.groups.values());
        let connected: Vec<&Outcome> = rows.iter().filter(|row| row.connected).collect();
        assert_eq!(exits, connected.len() as u64);
        assert_eq!(groups().flat_map(GroupTimes::ends).map(|end| end.2).sum::<u64>(), exits);
        let within = |row: &&&Outcome| row.first_drop_ms.is_some_and(|ms| ms + 500 <= 1_800_000);
        let drops = connected.iter().filter(within).count() as u64 * 2;
        assert_eq!(groups().flat_map(GroupTimes::drops).map(|drop| drop.1).sum::<u64>(), drops);
        rows.iter().for_each(|row| times.sub(row, &mut poured));
        assert!(poured.is_empty());
    }

    #[test]
    fn a_state_stays_as_small_as_is_said() {
        let mut group = GroupTimes::default();
        group.exits.add(BEHIND * 3 + Exit::LastSeen as u64);
        group.returns.add(BEHIND);
        group.drops.add(BEHIND);
        group.ends.add(BEHIND * 2 + 1);
        let counts = [&group.exits, &group.ends, &group.drops, &group.returns].map(|counts| counts.0.len());
        assert_eq!(counts, [5_406, 3_604, 1_802, 1_802]);
        assert_eq!([second(i64::MAX), second(-1), second(1), second(1_800_000)], [BEHIND, 0, 1, SLOT_S]);
    }
}
