//! How much organisations, or other units, differ on one platform.
//!
//! Units are held against the funnel of what chance would do to units of their size, and their variation
//! beyond chance is told as an interval for the next unit and as a median odds ratio. It is no league table:
//! to lie outside the limits is a reason to look, and not a verdict.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED};
use serde::Serialize;

use super::ask::{Ask, Design};
use super::difference::is_counted;
use super::figure::Figure;
use super::row::Row;
use super::subject::Subject;
use super::tally::{counts, tallies};
use super::{Comparison, strata};
use crate::cells::{Arm, Cell};
use crate::projection::State;
use crate::sketch::Counts;
use crate::stats::cluster::Tally;
use crate::stats::variation::funnel::{self, Funnel, Place, Position};
use crate::stats::variation::random_effects::{self, Variation};

/// The variation of one measure between units on one platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// What the units are.
    pub dimension: &'static str,
    /// What was counted without its unit being recorded; in nothing here.
    pub not_recorded: u64,
    /// The share over all units, around which the funnel lies.
    pub target: Option<f64>,
    /// How many times more units differ than chance would have it (tails pulled in).
    pub dispersion: Option<f64>,
    /// The share in the typical unit.
    pub typical: Figure,
    /// Where the share of a further unit may lie.
    pub prediction: Figure,
    /// By how much the odds differ between two units drawn at random.
    pub median_odds_ratio: Figure,
    /// The share of the units' variation that is not chance.
    pub i_squared: Option<f64>,
    /// The units, by name.
    pub units: Vec<Unit>,
}

/// One unit in its funnel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// Its name.
    pub unit: String,
    /// The numerator.
    pub x: u64,
    /// The denominator.
    pub n: u64,
    /// Its share.
    pub value: f64,
    /// Its share drawn towards the typical one, the more the less was seen of it.
    pub shrunk: Option<f64>,
    /// Where it lies by chance alone, at 95 and 99.8 %.
    pub by_chance: [Position; 2],
    /// Where it lies when the usual variation between units is allowed for, at 95 and 99.8 %.
    pub as_usual: [Position; 2],
}

/// The variation between the levels of one dimension, which are the last of each arm.
#[must_use]
pub fn spreads(
    ask: &Ask,
    design: &Design,
    dimension: Dimension,
    cells: &BTreeMap<Arm, Cell>,
    comparison: &Comparison,
) -> Vec<Spread> {
    let arms = strata::narrow(cells, ask.by.len());
    let mut spreads = Vec::new();
    for (i, slot) in design.slots.iter().enumerate().filter(|(_, slot)| is_counted(slot)) {
        for row in comparison.rows.iter().filter(|row| row.is_of(slot) && row.can_be_told()) {
            let theirs = arms.iter().filter(|(arm, _)| row.is_part(arm));
            let units = theirs.flat_map(|(_, parts)| &parts.by_level);
            let units = units.filter_map(|(level, cell)| Some((level.last()?.as_str(), of_all(cell, i))));
            spreads.push(spread(
                row,
                dimension,
                units.filter(|(_, counts)| counts.n > 0).collect(),
                ask.level,
            ));
        }
    }
    spreads
}

/// What a cell counted, whatever its clusters.
fn of_all(cell: &Cell, i: usize) -> Counts {
    let mut all = Counts::default();
    tallies(cell, i).into_iter().for_each(|(_, tally)| all.absorb(&counts(tally)));
    all
}

fn spread(row: &Row, dimension: Dimension, units: Vec<(&str, Counts)>, level: f64) -> Spread {
    let (lost, told): (Vec<_>, Vec<_>) = units.into_iter().partition(|(unit, _)| *unit == NOT_RECORDED);
    let tallies: Vec<Tally> = told.iter().map(|(_, counts)| Tally { n: counts.n, x: counts.x }).collect();
    let funnel = funnel::of_units(&tallies).ok();
    let effects = random_effects::of_shares(&tallies, level);
    let figure = |of: fn(&Variation) -> &crate::stats::Estimate| match &effects {
        Ok(variation) => Figure::from(of(variation).clone()),
        Err(why) => Figure::none(*why),
    };
    let shrunk = |place: usize| effects.as_ref().ok()?.shrunk.get(place)?.value;
    Spread {
        subject: row.into(),
        dimension: dimension.name(),
        not_recorded: lost.iter().map(|(_, counts)| counts.n).sum(),
        target: funnel.as_ref().map(|funnel| funnel.target),
        dispersion: funnel.as_ref().and_then(|funnel| Some(funnel.dispersion?.phi)),
        typical: figure(|variation| &variation.mean),
        prediction: figure(|variation| &variation.prediction),
        median_odds_ratio: figure(|variation| &variation.median_odds_ratio),
        i_squared: effects.as_ref().ok().map(|variation| variation.logit.i_squared),
        units: placed(&told, funnel.as_ref(), shrunk),
    }
}

fn placed(
    units: &[(&str, Counts)],
    funnel: Option<&Funnel>,
    shrunk: impl Fn(usize) -> Option<f64>,
) -> Vec<Unit> {
    let inside = [Position::Inside; 2];
    let unit = |(place, (unit, counts)): (usize, &(&str, Counts))| {
        let lies: Option<&Place> = funnel.and_then(|funnel| funnel.places.get(place)?.as_ref());
        Unit {
            unit: (*unit).to_owned(),
            x: counts.x,
            n: counts.n,
            value: counts.x as f64 / counts.n as f64,
            shrunk: shrunk(place),
            by_chance: lies.map_or(inside, |lies| lies.exact),
            as_usual: lies.map_or(inside, |lies| lies.adjusted),
        }
    };
    units.iter().enumerate().map(unit).collect()
}
