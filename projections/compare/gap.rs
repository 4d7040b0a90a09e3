//! Who is left out: the gaps between groups of people on one platform.
//!
//! A gap is a difference between two groups that use the same platform, estimated as a difference between
//! platforms is. It says who fares worse, and not why: groups differ in more than what tells them apart.
//! Over deprivation quintiles the slope and the relative index say in two numbers what five groups show.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED, Shape};
use serde::Serialize;

use super::ask::{Ask, Design};
use super::difference::{Verdict, contrast, is_counted, verdict};
use super::figure::Figure;
use super::row::Row;
use super::strata::Parts;
use super::subject::Subject;
use super::{Compared, Comparison, strata};
use crate::cells::{Arm, Cell, Slot};
use crate::stats::cluster::Tally;
use crate::stats::inequality;

/// A group of people less another, on one platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// By what the groups are told apart.
    pub dimension: &'static str,
    /// The group.
    pub group: String,
    /// What it is compared with.
    pub than: String,
    /// The value of the group, then of the other.
    pub values: [Option<f64>; 2],
    /// How many were counted in the group, then in the other.
    pub n: [Option<u64>; 2],
    /// Group less the other, in the measure's unit.
    #[serde(flatten)]
    pub figure: Figure,
    /// The nominal coverage of the limits.
    pub level: f64,
    /// What it amounts to.
    pub verdict: Verdict,
}

/// How a measure changes from the most to the least deprived, on one platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slope {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The dimension whose groups have an order.
    pub dimension: &'static str,
    /// Consultations without a group, which are in neither index.
    pub not_recorded: u64,
    /// From the most to the least deprived, in shares.
    pub slope_index: Figure,
    /// The least over the most deprived.
    pub relative_index: Figure,
}

/// The gaps of every platform between the groups of one dimension, whose level is the last of each arm.
#[must_use]
pub fn gaps(
    ask: &Ask,
    design: &Design,
    dimension: Dimension,
    cells: &BTreeMap<Arm, Cell>,
    comparison: &Comparison,
) -> (Vec<Gap>, Vec<Slope>) {
    let groups = strata::narrow(cells, ask.by.len() + 1);
    let groups: Vec<_> = groups.iter().collect();
    let than = compared_with(dimension, groups.iter().copied());
    let (mut gaps, mut slopes) = (Vec::new(), Vec::new());
    for (i, slot) in design.slots.iter().enumerate() {
        for row in comparison.rows.iter().filter(|row| row.is_of(slot) && row.can_be_told()) {
            let theirs: Vec<Compared<'_>> = groups
                .iter()
                .filter(|(arm, _)| row.is_part(arm))
                .map(|(arm, parts)| Compared::of_group(ask, design, (i, slot), arm, parts))
                .collect();
            let than = theirs.iter().find(|group| Some(level(group)) == than);
            gaps.extend(
                than.map(|than| between(ask, design, (i, slot), row, &theirs, (dimension, than)))
                    .unwrap_or_default(),
            );
            if dimension.shape() == Shape::Quintile && is_counted(slot) {
                slopes.push(slope(ask, dimension, row, &theirs));
            }
        }
    }
    (gaps, slopes)
}

/// The gap of each group from the one that is compared with.
fn between(
    ask: &Ask,
    design: &Design,
    (i, slot): (usize, &Slot),
    row: &Row,
    groups: &[Compared<'_>],
    (dimension, than): (Dimension, &Compared<'_>),
) -> Vec<Gap> {
    let others = groups.iter().filter(|group| level(group) != level(than) && level(group) != NOT_RECORDED);
    others
        .map(|group| {
            let estimate = contrast(ask, design, i, group, than);
            Gap {
                subject: row.into(),
                dimension: dimension.name(),
                group: level(group).to_owned(),
                than: level(than).to_owned(),
                values: [group.row.value, than.row.value],
                n: [group.row.n, than.row.n],
                level: ask.level,
                verdict: verdict(slot.measure.better, &estimate),
                figure: estimate.into(),
            }
        })
        .collect()
}

/// The group that others are compared with, on every platform the same: the least deprived, those for whom
/// it is not so, else the largest, of equals the first by name.
fn compared_with<'a>(
    dimension: Dimension,
    groups: impl Iterator<Item = (&'a Arm, &'a Parts<'a>)>,
) -> Option<&'a str> {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for (arm, parts) in groups {
        let group = arm.by.last().map_or(NOT_RECORDED, String::as_str);
        *sizes.entry(group).or_default() += parts.whole.rows;
    }
    sizes.remove(NOT_RECORDED);
    let known = match dimension.shape() {
        Shape::Quintile => Some("5"),
        Shape::Flag => Some("false"),
        Shape::Text => None,
    };
    let largest = || sizes.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(group, _)| *group);
    known.filter(|known| sizes.contains_key(known)).or_else(largest)
}

fn slope(ask: &Ask, dimension: Dimension, row: &Row, groups: &[Compared<'_>]) -> Slope {
    let count = |number: Option<u64>| number.unwrap_or(0);
    let told = groups.iter().filter(|group| level(group) != NOT_RECORDED);
    // Levels are one digit each, so that their order is that of the quintiles, most deprived first.
    let quantiles: Vec<Tally> =
        told.map(|group| Tally { n: count(group.row.n), x: count(group.row.x) }).collect();
    let lost = groups.iter().filter(|group| level(group) == NOT_RECORDED);
    let indices = inequality::logit(&quantiles, ask.level);
    Slope {
        subject: row.into(),
        dimension: dimension.name(),
        not_recorded: lost.map(|group| count(group.row.n)).sum(),
        slope_index: Figure::from(indices.slope),
        relative_index: Figure::from(indices.relative),
    }
}

/// The level that tells a group.
fn level<'a>(group: &'a Compared<'_>) -> &'a str {
    group.arm.by.last().map_or(NOT_RECORDED, String::as_str)
}
