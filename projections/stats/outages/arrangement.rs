//! The days of every organisation, rearranged by themselves.
//!
//! An organisation's days change places with those of its days that lie in the same season and are of the same kind:
//! Monday to Friday, or the weekend. Days on which it did nothing stay without anything.

use std::ops::Range;

use super::table::Table;
use crate::stats::counter;

/// What the draws are told apart by from those for other purposes.
const STREAM: u64 = 0x6f75_7461_6765;

/// Which stays may change places, and on which days stays lie.
#[derive(Debug)]
pub(super) struct Arrangements {
    /// Stays that may change places, group by group.
    members: Vec<usize>,
    groups: Vec<Range<usize>>,
    /// Stays by day, then by organisation.
    by_day: Vec<usize>,
    days: Vec<Range<usize>>,
    busy: Vec<usize>,
}

impl Arrangements {
    pub(super) fn of(table: &Table) -> Self {
        let group = |stay: &usize| {
            let stay = &table.stays[*stay];
            (stay.organisation, table.season(stay.day), table.weekday(stay.day) >= 5)
        };
        let day = |stay: &usize| table.stays[*stay].day;
        let all = || (0..table.stays.len()).collect::<Vec<usize>>();
        let (mut members, mut by_day) = (all(), all());
        // Both sorts keep the order of what is equal, which is that of days, and of organisations.
        members.sort_by_key(group);
        by_day.sort_by_key(day);
        let mut at = 0;
        let groups = members.chunk_by(|a, b| group(a) == group(b)).map(|group| {
            at += group.len();
            at - group.len()..at
        });
        let groups = groups.collect();
        let begin = |of: usize| by_day.partition_point(|stay| day(stay) < of);
        let days: Vec<Range<usize>> = (0..table.days).map(|of| begin(of)..begin(of + 1)).collect();
        let busy = (0..table.days).filter(|of| !days[*of].is_empty()).collect();
        Self { members, groups, by_day, days, busy }
    }

    /// Days with stays, in order: a single event of another century must not cost a look at every day between.
    pub(super) fn busy(&self) -> impl Iterator<Item = usize> {
        self.busy.iter().copied()
    }

    /// The stays of a day.
    pub(super) fn stays(&self, day: usize) -> impl Iterator<Item = usize> {
        self.by_day[self.days[day].clone()].iter().copied()
    }

    /// By stay: which one takes its place in this rearrangement.
    pub(super) fn arranged(&self, permutation: u64) -> Vec<usize> {
        let mut arranged = vec![0; self.members.len()];
        let mut place = 0;
        for group in &self.groups {
            let members = &self.members[group.clone()];
            let mut shuffled = members.to_vec();
            // Durstenfeld 1964, Commun ACM 7:420.
            for last in (1..shuffled.len()).rev() {
                let other = counter::below(last as u64 + 1, STREAM.wrapping_add(permutation), place);
                shuffled.swap(last, other as usize);
                place += 1;
            }
            members.iter().zip(shuffled).for_each(|(stay, other)| arranged[*stay] = other);
        }
        arranged
    }
}
