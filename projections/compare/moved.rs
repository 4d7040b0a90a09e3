//! What changed where units moved from one platform to another, less what changed meanwhile where they did not.
//!
//! A unit moved if from some period on it used the new platform for at least half of its consultations on the
//! two, and never before; what it held on the other one meanwhile is left out. Units that moved are held against
//! those that had not yet, period by period. Where no unit stayed behind there is only a before and an after, and
//! the reading says so: whatever else changed at the time is in it.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED};
use serde::Serialize;

use super::ask::{Ask, Design};
use super::difference::{Verdict, is_counted, verdict};
use super::figure::Figure;
use super::row::Row;
use super::subject::Subject;
use super::tally::{counts, tallies};
use super::{Comparison, strata};
use crate::cells::{Arm, Cell};
use crate::period::{NEVER, Period};
use crate::projection::State;
use crate::sketch::Counts;
use crate::stats::switch::{self, Platform, Switch};

/// The effect of moving from the reference to a platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// What it is about; the platform is the one moved to.
    #[serde(flatten)]
    pub subject: Subject,
    /// The platform moved from.
    pub from: String,
    /// What moved.
    pub unit: &'static str,
    /// The periods by which it is told when, in UTC.
    pub period: &'static str,
    /// Whether units that stayed at the time take away what changed everywhere; nothing where no unit moved.
    pub design: Option<switch::Design>,
    /// Units seen before and after they moved.
    pub switched: u64,
    /// Units that stayed meanwhile.
    pub stayed: u64,
    /// Units that used both or went back, and neither moved nor stayed.
    pub mixed: u64,
    /// Units that moved and could not be used.
    pub left_out: u64,
    /// The change of the share where units moved, less that where they stayed.
    #[serde(flatten)]
    pub figure: Figure,
    /// What it amounts to.
    pub verdict: Verdict,
    /// The same as a ratio of odds.
    pub odds_ratio: Figure,
    /// By how much per period they drew apart before: near zero where the comparison is fair.
    pub pre_trend: Figure,
    /// Period by period since the move, against the last one before it.
    pub by_period: Vec<Since>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

/// One period, counted from the move.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Since {
    /// Zero is the first on the new platform.
    pub since: i64,
    /// The change against the last period before, less that of units that stayed.
    #[serde(flatten)]
    pub figure: Figure,
}

/// The moves from the reference to every other platform, from cells whose last levels are the unit and the period.
#[must_use]
pub fn moved(
    ask: &Ask,
    design: &Design,
    (unit, period): (Dimension, Period),
    cells: &BTreeMap<Arm, Cell>,
    comparison: &Comparison,
) -> Vec<Moved> {
    let Some(reference) = &design.reference else { return Vec::new() };
    let arms = strata::narrow(cells, ask.by.len());
    let mut all = Vec::new();
    for (i, slot) in design.slots.iter().enumerate().filter(|(_, slot)| is_counted(slot)) {
        let rows = comparison.rows.iter().filter(|row| row.is_of(slot) && row.can_be_told());
        let rows: Vec<&Row> = rows.collect();
        for row in rows.iter().filter(|row| row.platform != *reference && row.platform != NOT_RECORDED) {
            let is_old = |old: &&&Row| {
                old.platform == *reference && old.by == row.by && old.one_sided == row.one_sided
            };
            let Some(old) = rows.iter().find(is_old) else { continue };
            let told = |row: &Row, platform: Platform| -> Vec<Told<'_>> {
                let theirs = arms.iter().filter(|(arm, _)| row.is_part(arm));
                let parts = theirs.flat_map(|(_, parts)| &parts.by_level);
                parts.filter_map(|(levels, cell)| told(levels, cell, i, period, platform)).collect()
            };
            let told = [told(old, Platform::Old), told(row, Platform::New)].concat();
            all.push(of_units(ask, row, (reference, unit, period), slot.measure.better, &told));
        }
    }
    all
}

/// The counts of one unit in one period on one platform.
#[derive(Clone)]
struct Told<'a> {
    unit: &'a str,
    period: i32,
    platform: Platform,
    counts: Counts,
}

/// How a unit went: the first period in which it had moved; none where it stayed.
#[derive(Clone, Copy)]
struct Way(Option<i32>);

impl Way {
    /// Whether consultations are on the platform that the unit had chosen then.
    fn keeps(self, told: &Told<'_>) -> bool {
        let has_moved = self.0.is_some_and(|first| told.period >= first);
        has_moved == (told.platform == Platform::New)
    }
}

/// How a unit went, by what it used for at least half of its consultations; nothing where it went to and fro.
fn way(told: &[&Told<'_>]) -> Option<Way> {
    let mut periods: BTreeMap<i32, [u64; 2]> = BTreeMap::new();
    for told in told {
        periods.entry(told.period).or_default()[usize::from(told.platform == Platform::New)] += told.counts.n;
    }
    let moved = |[old, new]: &[u64; 2]| new >= old;
    let first = periods.iter().find(|(_, counts)| moved(counts)).map(|(period, _)| *period);
    let stays = first.is_none_or(|first| periods.range(first..).all(|(_, counts)| moved(counts)));
    stays.then_some(Way(first))
}

impl Told<'_> {
    fn cell(&self, unit: u64) -> switch::Cell {
        let Self { period, platform, counts, .. } = *self;
        switch::Cell { unit, period: i64::from(period), platform, n: counts.n, x: counts.x }
    }
}

fn told<'a>(
    levels: &'a [String],
    cell: &Cell,
    i: usize,
    period: Period,
    platform: Platform,
) -> Option<Told<'a>> {
    let [unit, period_level] = levels else { return None };
    let number = period.from_level(period_level).filter(|number| *number != NEVER)?;
    let mut all = Counts::default();
    tallies(cell, i).into_iter().for_each(|(_, tally)| all.absorb(&counts(tally)));
    (unit != NOT_RECORDED && all.n > 0).then_some(Told { unit, period: number, platform, counts: all })
}

fn of_units(
    ask: &Ask,
    row: &Row,
    (from, unit, period): (&str, Dimension, Period),
    better: crate::measure::Better,
    told: &[Told<'_>],
) -> Moved {
    let mut units: BTreeMap<&str, Vec<&Told<'_>>> = BTreeMap::new();
    told.iter().for_each(|told| units.entry(told.unit).or_default().push(told));
    let (mut cells, mut mixed) = (Vec::new(), 0);
    for (number, told) in (0..).zip(units.values()) {
        match way(told) {
            Some(way) => {
                cells.extend(told.iter().filter(|told| way.keeps(told)).map(|told| told.cell(number)))
            }
            None => mixed += 1,
        }
    }
    let effect = switch::effect(&cells, ask.level);
    let figure = |of: fn(&Switch) -> &crate::stats::Estimate| match &effect {
        Ok(switch) => Figure::from(of(switch).clone()),
        Err(why) => Figure::none(*why),
    };
    let count = |of: fn(&Switch) -> u64| effect.as_ref().map_or(0, of);
    Moved {
        subject: row.into(),
        from: from.to_owned(),
        unit: unit.name(),
        period: period.name(),
        design: effect.as_ref().ok().map(|switch| switch.design),
        switched: count(|switch| switch.switched),
        stayed: count(|switch| switch.stayed),
        mixed,
        left_out: count(|switch| switch.left_out),
        figure: figure(|switch| &switch.difference),
        verdict: effect.as_ref().map_or(Verdict::NotComparable, |switch| verdict(better, &switch.difference)),
        odds_ratio: figure(|switch| &switch.odds_ratio),
        pre_trend: figure(|switch| &switch.pre_trend),
        by_period: effect.iter().flat_map(|switch| &switch.by_period).map(Since::of).collect(),
        notes: effect.iter().flat_map(|switch| &switch.difference.flags).map(|flag| flag.words()).collect(),
    }
}

impl Since {
    fn of(relative: &switch::Relative) -> Self {
        Self { since: relative.since, figure: relative.difference.clone().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(period: i32, platform: Platform, n: u64) -> Told<'static> {
        Told { unit: "u", period, platform, counts: Counts { n, x: 0 } }
    }

    /// The periods and platforms that are kept of a unit with so many on the old and the new one by period.
    fn kept(periods: &[(u64, u64)]) -> Option<Vec<(i32, Platform)>> {
        let both = |(period, &(old, new)): (i32, &(u64, u64))| {
            [told(period, Platform::Old, old), told(period, Platform::New, new)]
        };
        let all: Vec<Told<'_>> = (0..).zip(periods).flat_map(both).filter(|told| told.counts.n > 0).collect();
        let all: Vec<&Told<'_>> = all.iter().collect();
        let way = way(&all)?;
        Some(all.iter().filter(|told| way.keeps(told)).map(|told| (told.period, told.platform)).collect())
    }

    #[test]
    fn a_unit_has_moved_from_where_it_uses_the_new_platform_for_half_and_more() {
        use Platform::{New, Old};
        assert_eq!(
            kept(&[(9, 0), (9, 1), (5, 5), (1, 9), (0, 9)]).unwrap(),
            [(0, Old), (1, Old), (2, New), (3, New), (4, New)]
        );
        assert_eq!(kept(&[(9, 0), (9, 1)]).unwrap(), [(0, Old), (1, Old)], "a few trials are no move");
    }

    #[test]
    fn a_unit_that_goes_back_or_to_and_fro_neither_moved_nor_stayed() {
        assert_eq!(kept(&[(9, 0), (0, 9), (9, 0)]), None);
        assert_eq!(kept(&[(5, 6), (6, 5), (5, 6)]), None);
    }
}
