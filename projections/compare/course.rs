//! Is it steady? A measure over the periods of the calendar, with what stands out.
//!
//! Each platform has a control chart of its own: its everyday variation tells what stands out, by a named
//! set of rules. What is charted is what happened, period by period; it compares no platforms, and a change
//! may have any cause that begins at some time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ask::{Ask, Design};
use super::figure::Figure;
use super::row::{self, Row};
use super::subject::Subject;
use super::{Comparison, strata};
use crate::cells::{Arm, Cell, Slot};
use crate::measure::{Better, Fold};
use crate::period::{NEVER, Period};
use crate::stats::control_chart::{self, Chart, Settings, Signal};
use crate::stats::{Reason, Status};

/// One measure of one platform over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// What the periods are, in UTC.
    pub period: &'static str,
    /// The rules by which something stands out, with their version.
    pub rules: &'static str,
    /// The mean between its process limits, or why there are none.
    pub centre: Figure,
    /// What the latest whole period says; nothing below 13 periods.
    pub latest: Option<Signal>,
    /// Periods with consultations that lie further back than a chart reaches, and are not in it.
    #[serde(skip_serializing_if = "is_zero")]
    pub earlier: usize,
    /// Every period from the first to the last, those without a consultation among them; the latest
    /// 4,000 at most.
    pub points: Vec<Point>,
}

/// One period of a course.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The period: its first day, or its month.
    pub period: String,
    /// The numerator, of a measure that counts.
    pub x: Option<u64>,
    /// The denominator.
    pub n: Option<u64>,
    /// The value, in the measure's unit.
    pub value: Option<f64>,
    /// Whether it was not over at the instant that was asked about; it takes no part in the chart.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// What it says.
    pub signal: Signal,
    /// Which rules say so, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<&'static str>,
}

/// One wrong clock must not make a chart of a million days.
const MOST_PERIODS: i32 = 4_000;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The courses of every platform, from cells whose last level is the period.
#[must_use]
pub fn courses(
    ask: &Ask,
    design: &Design,
    period: Period,
    cells: &BTreeMap<Arm, Cell>,
    comparison: &Comparison,
) -> Vec<Course> {
    let arms = strata::narrow(cells, ask.by.len());
    let mut courses = Vec::new();
    for (i, slot) in design.slots.iter().enumerate() {
        for row in comparison.rows.iter().filter(|row| row.is_of(slot) && row.can_be_told()) {
            let theirs = arms.iter().filter(|(arm, _)| row.is_part(arm));
            let cells = theirs.flat_map(|(arm, parts)| parts.by_level.iter().map(move |part| (arm, part)));
            let read = cells.filter_map(|(arm, (level, cell))| {
                let number = period.from_level(level.last()?)?;
                Some((number, row::of_cell(ask, design, slot, i, arm, cell)))
            });
            courses.extend(course(slot, period, row, &read.collect(), comparison));
        }
    }
    courses
}

fn course(
    slot: &Slot,
    period: Period,
    row: &Row,
    read: &BTreeMap<i32, Row>,
    comparison: &Comparison,
) -> Option<Course> {
    let (first, last) = (*read.first_key_value()?.0, *read.last_key_value()?.0);
    let first = first.max(last.saturating_sub(MOST_PERIODS - 1));
    let current = period.number(Some(comparison.parameters.until));
    let whole = |number: &i32| *number < current || current == NEVER;
    let values = (first..=last).filter(whole).map(|number| read.get(&number)?.value);
    let settings = Settings::new(match slot.measure.better {
        Better::Higher => control_chart::Better::Higher,
        Better::Lower => control_chart::Better::Lower,
        Better::Neither => control_chart::Better::Neither,
    });
    let chart = control_chart::individuals(&values.collect::<Vec<_>>(), &settings);
    let point = |(place, number): (usize, i32)| {
        let read = read.get(&number);
        let charted = chart.points.get(place);
        Point {
            period: period.level(number),
            x: read.and_then(|row| row.x),
            n: read.and_then(|row| row.n),
            value: read.and_then(|row| row.value),
            partial: charted.is_none(),
            signal: charted.map_or(Signal::CommonCause, |charted| charted.signal),
            rules: charted
                .map(|charted| charted.fired.iter().map(|fired| fired.words()).collect())
                .unwrap_or_default(),
        }
    };
    Some(Course {
        subject: row.into(),
        period: period.name(),
        rules: chart.rules,
        centre: centre(&chart, slot),
        latest: chart.variation(),
        earlier: read.range(..first).count(),
        points: (first..=last).enumerate().map(point).collect(),
    })
}

/// The mean between its process limits, cut to what the measure can be.
fn centre(chart: &Chart, slot: &Slot) -> Figure {
    let lines = chart.points.iter().find_map(|point| point.lines);
    let [least, most] = match slot.measure.fold {
        Fold::PerTime(..) | Fold::Durations(_) => [0.0, f64::INFINITY],
        Fold::Score(_, bounds) => bounds,
        _ => [0.0, 1.0],
    };
    let status = chart.pieces.first().map_or(Status::NotEstimable(Reason::NoData), |piece| piece.status);
    Figure {
        value: lines.map(|lines| lines.mean),
        lo: lines.map(|lines| lines.lo.max(least)),
        hi: lines.map(|lines| lines.hi.min(most)),
        ..Figure::under(status, chart.method)
    }
}
