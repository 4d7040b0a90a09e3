//! Control charts: whether a series of periods moves by more than its own everyday variation.
//!
//! The [`individuals`] chart (XmR) is the one that NHS England's Making Data Count teaches: the mean of the periods,
//! and limits 2.66 mean moving ranges to either side, within which nearly every period falls while nothing changes.
//! The [`laney`] chart does the same for shares whose denominators differ. The [`rules`] then say of each period
//! which pattern it belongs to and whether that is an improvement, and [`Assurance`] whether a target can be
//! expected to be met. A missing period is a gap, over which neither ranges nor patterns reach. Limits are never
//! moved by the program: where a process changed, and why, is for people to say.
//!
//! Sources: Shewhart 1931; Wheeler 2000, Understanding Variation; Laney 2002, Quality Engineering 14:531; NHS England,
//! Making Data Count.

mod individuals;
mod laney;
pub mod rules;

use std::collections::BTreeSet;

use serde::Serialize;

pub use rules::{Fired, Heading, Rule, RuleSet, Signal};

use super::cluster::Tally;
use super::status::{Flag, Status};

/// The name of the chart of single values.
pub const XMR: &str = "xmr";
/// The name of the chart of shares with unequal denominators.
pub const LANEY_P: &str = "laney_p";
/// With fewer periods a chart has no summary.
pub const FEWEST_PERIODS: usize = 13;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither is.
    Neither,
}

/// Whether moving ranges that are themselves exceptional take part in the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screening {
    /// All take part, as in the Excel tool.
    Off,
    /// Those of 3.267 mean moving ranges and more are left out once, as in the R package.
    Once,
}

/// What a chart is drawn by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which way is better.
    pub better: Better,
    /// The rules by which patterns are found.
    pub rules: RuleSet,
    /// The treatment of exceptional moving ranges; a chart of shares has none.
    pub screening: Screening,
    /// How many observed periods of each piece the limits rest on; all of them where nothing is said.
    pub baseline: Option<usize>,
    /// The periods, counted from zero, at which the limits are calculated anew.
    pub rebased_at: Vec<usize>,
}

impl Settings {
    /// The current rules of Making Data Count, with every period in the limits.
    pub fn new(better: Better) -> Self {
        let (rules, screening) = (RuleSet::MakingDataCount2023, Screening::Off);
        Self { better, rules, screening, baseline: None, rebased_at: Vec::new() }
    }
}

/// The lines of a chart at one period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lines {
    /// The mean.
    pub mean: f64,
    /// The lower process limit.
    pub lo: f64,
    /// The upper process limit.
    pub hi: f64,
    /// Two thirds of the way from the mean to the lower limit.
    pub near_lo: f64,
    /// Two thirds of the way from the mean to the upper limit.
    pub near_hi: f64,
}

/// One period of a chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// What was observed, if anything was.
    pub value: Option<f64>,
    /// The lines there, if there are any.
    pub lines: Option<Lines>,
    /// The rules that fired, the one that labels the point first.
    pub fired: Vec<Fired>,
    /// What they say together.
    pub signal: Signal,
}

/// A piece of a chart with limits of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Piece {
    /// The first period, counted from zero.
    pub from: usize,
    /// The periods observed in it.
    pub observed: usize,
    /// The periods that its limits rest on.
    pub baseline: usize,
    /// Whether there are limits; without any variation they coincide with the mean, and no rule is applied.
    pub status: Status,
    /// What a reader of the limits must know besides.
    pub flags: Vec<Flag>,
}

/// A control chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    /// The name of the method.
    pub method: &'static str,
    /// The name and version of the rules.
    pub rules: &'static str,
    /// The pieces between which the limits were calculated anew, in order.
    pub pieces: Vec<Piece>,
    /// One point for each period.
    pub points: Vec<Point>,
}

/// Whether a target can be expected to be met while nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// The whole range between the limits meets it.
    ConsistentlyMet,
    /// The whole range between the limits misses it.
    ConsistentlyMissed,
    /// It lies between the limits: which periods meet it is chance.
    HitAndMiss,
}

/// The chart of single values (XmR): one for each period in order, nothing for a period without an observation.
///
/// Assumes that the values of periods are independent while nothing changes, and alike in precision; they need not
/// be normally distributed. Values that are no finite number count as missing. Fewer than two values, or none in
/// neighbouring periods, have no limits.
pub fn individuals(series: &[Option<f64>], settings: &Settings) -> Chart {
    let series: Vec<Option<f64>> = series.iter().map(|value| value.filter(|x| x.is_finite())).collect();
    chart(XMR, &series, settings, |piece| individuals::lines(piece, settings), |value| *value)
}

/// The chart of shares (Laney's p′): the counts of each period in order, nothing for a missing one.
///
/// The limits are the binomial ones of each period's own denominator, widened or narrowed by how much neighbouring
/// periods really differ. With very large denominators plain binomial limits call everything exceptional. A period
/// without observations, or with more events than observations, counts as missing.
pub fn laney(series: &[Option<Tally>], settings: &Settings) -> Chart {
    let sound = |cell: &Tally| cell.n > 0 && cell.x <= cell.n;
    let series: Vec<Option<Tally>> = series.iter().map(|cell| cell.filter(sound)).collect();
    let share = |cell: &Tally| cell.x as f64 / cell.n as f64;
    chart(LANEY_P, &series, settings, |piece| laney::lines(piece, settings), share)
}

impl Chart {
    /// What the latest observation says; nothing below [`FEWEST_PERIODS`] periods since limits were last calculated.
    pub fn variation(&self) -> Option<Signal> {
        self.summarised()?;
        self.points.iter().rfind(|point| point.value.is_some()).map(|point| point.signal)
    }

    /// Whether `target` can be expected to be met by the latest limits.
    ///
    /// Nothing below [`FEWEST_PERIODS`] periods, without limits, or where neither direction is better.
    pub fn assurance(&self, target: f64, better: Better) -> Option<Assurance> {
        self.summarised()?;
        let lines = self.points.iter().rev().find_map(|point| point.lines)?;
        let (met_above, met_below) = match better {
            Better::Higher => (Assurance::ConsistentlyMissed, Assurance::ConsistentlyMet),
            Better::Lower => (Assurance::ConsistentlyMet, Assurance::ConsistentlyMissed),
            Better::Neither => return None,
        };
        match target {
            _ if target.is_nan() => None,
            _ if target > lines.hi => Some(met_above),
            _ if target < lines.lo => Some(met_below),
            _ => Some(Assurance::HitAndMiss),
        }
    }

    fn summarised(&self) -> Option<&Piece> {
        self.pieces.last().filter(|piece| piece.observed >= FEWEST_PERIODS)
    }
}

/// The lines of one piece, by period, and what they rest on.
struct Drawn {
    lines: Vec<Option<Lines>>,
    baseline: usize,
    status: Status,
}

fn chart<T: Copy>(
    method: &'static str,
    series: &[Option<T>],
    settings: &Settings,
    draw: impl Fn(&[Option<T>]) -> Drawn,
    value: impl Fn(&T) -> f64,
) -> Chart {
    let (mut pieces, mut points) = (Vec::new(), Vec::new());
    for (from, piece) in pieces_of(series, &settings.rebased_at) {
        let Drawn { lines, baseline, status } = draw(piece);
        let values = piece.iter().map(|observed| observed.as_ref().map(&value));
        let dots: Vec<(Option<f64>, Option<Lines>)> = values.zip(lines).collect();
        let fired = match status {
            Status::Ok => rules::fired(&dots, settings.rules, settings.better),
            _ => vec![Vec::new(); dots.len()],
        };
        points.extend(dots.into_iter().zip(fired).map(|((value, lines), fired)| {
            let signal = settings.rules.signal(&fired);
            Point { value, lines, fired, signal }
        }));
        let flags = if baseline < FEWEST_PERIODS { vec![Flag::FewObservations] } else { Vec::new() };
        pieces.push(Piece { from, observed: piece.iter().flatten().count(), baseline, status, flags });
    }
    Chart { method, rules: settings.rules.name(), pieces, points }
}

/// The stretches of a series between the periods at which limits are calculated anew, with their first periods.
fn pieces_of<'a, T>(series: &'a [T], rebased_at: &[usize]) -> Vec<(usize, &'a [T])> {
    let starts: BTreeSet<usize> = rebased_at.iter().copied().chain([0]).collect();
    let mut rest = series;
    let mut pieces = Vec::new();
    for start in starts.into_iter().filter(|start| *start < series.len()).rev() {
        let (before, piece) = rest.split_at(start);
        pieces.push((start, piece));
        rest = before;
    }
    pieces.reverse();
    pieces
}

/// What is on either side of each gap between neighbouring observed periods, among the first `baseline` observed.
fn neighbours<T: Copy>(series: &[Option<T>], baseline: Option<usize>) -> (Vec<T>, Vec<(T, T)>) {
    let wanted = baseline.unwrap_or(usize::MAX);
    let (mut used, mut pairs, mut before) = (Vec::new(), Vec::new(), None);
    for observed in series {
        if let Some(now) = observed.filter(|_| used.len() < wanted) {
            pairs.extend(before.map(|before| (before, now)));
            used.push(now);
        }
        before = *observed;
    }
    (used, pairs)
}

#[cfg(test)]
mod agreement;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::status::Reason;

    const OUTLIER: [f64; 18] = [1., 2., 1., 2., 10., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1.];

    /// The share of consultations with a drop, in per cent, of 24 months.
    const DROPS: [f64; 24] = [
        8.1, 7.6, 8.4, 7.9, 8.8, 8.2, 7.5, 8.0, 8.6, 7.8, 8.3, 8.1, 6.9, 7.2, 6.8, 7.1, 6.5, 6.9, 7.0, 6.6,
        9.9, 6.4, 6.7, 6.2,
    ];

    fn observed(series: &[f64]) -> Vec<Option<f64>> {
        series.iter().copied().map(Some).collect()
    }

    fn legacy() -> Settings {
        let (rules, screening) = (RuleSet::MakingDataCountLegacy, Screening::Once);
        Settings { rules, screening, ..Settings::new(Better::Lower) }
    }

    fn drops(settings: &Settings) -> Chart {
        individuals(&observed(&DROPS), settings)
    }

    #[track_caller]
    fn lines_are(chart: &Chart, lo: f64, mean: f64, hi: f64, tolerance: f64) {
        let lines = chart.points[0].lines.unwrap();
        near(lines.lo, lo, tolerance);
        near(lines.mean, mean, tolerance);
        near(lines.hi, hi, tolerance);
    }

    /// The periods, counted from one, that a rule labels, with what they say.
    fn labelled(chart: &Chart, rule: Rule) -> Vec<(usize, Signal)> {
        let label =
            |point: &Point| point.fired.first().filter(|fired| fired.rule == rule).map(|_| point.signal);
        (1..).zip(&chart.points).filter_map(|(at, point)| Some((at, label(point)?))).collect()
    }

    fn periods(chart: &Chart, rule: Rule) -> Vec<usize> {
        labelled(chart, rule).into_iter().map(|(at, _)| at).collect()
    }

    #[test]
    fn limits_with_an_outlier_agree_with_and_without_screening() {
        let screened = individuals(&observed(&OUTLIER), &legacy());
        lines_are(&screened, -0.715_555_555_6, 1.944_444_444_4, 4.604_444_444_4, 5.1e-11);
        let all = individuals(&observed(&OUTLIER), &Settings::new(Better::Lower));
        lines_are(&all, -3.062_614_379, 1.944_444_444, 6.951_503_268, 5.1e-10);
        assert_eq!(labelled(&screened, Rule::Outside), [(5, Signal::Concern)]);
        assert_eq!((screened.method, screened.rules), (XMR, "making-data-count/legacy"));
        assert_eq!(all.rules, "making-data-count/2023");
    }

    #[test]
    fn two_years_of_drops_have_the_limits_and_patterns_of_the_worked_example() {
        for rules in [RuleSet::MakingDataCountLegacy, RuleSet::MakingDataCount2023] {
            let chart = drops(&Settings { rules, ..legacy() });
            lines_are(&chart, 6.1565, 7.5625, 8.9685, 5.1e-5);
            let improved: Vec<_> = (13..=20).map(|at| (at, Signal::Improvement)).collect();
            assert_eq!(labelled(&chart, Rule::Run), improved);
            assert_eq!(labelled(&chart, Rule::Outside), [(21, Signal::Concern)]);
            assert_eq!(periods(&chart, Rule::TwoInThree), [22, 24]);
            assert_eq!(chart.points[22].signal, Signal::CommonCause);
            assert_eq!((chart.variation(), chart.pieces.len()), (Some(Signal::Improvement), 1));
        }
    }

    #[test]
    fn a_baseline_of_a_year_has_the_limits_and_patterns_of_the_worked_example() {
        let baseline = Settings { baseline: Some(12), ..legacy() };
        let chart = drops(&baseline);
        lines_are(&chart, 6.512_333_3, 8.108_333_3, 9.704_333_3, 5.1e-8);
        assert_eq!(periods(&chart, Rule::Run), [12, 14, 16]);
        assert_eq!(periods(&chart, Rule::TwoInThree), [13, 15, 18, 19, 20]);
        assert_eq!(periods(&chart, Rule::Outside), [17, 21, 22, 24]);
        assert_eq!(chart.pieces[0].flags, [Flag::FewObservations]);
        // By the rules of 2023 the two points below the limit make the one between them a pattern.
        let now = drops(&Settings { rules: RuleSet::MakingDataCount2023, ..baseline });
        assert_eq!(periods(&now, Rule::TwoInThree), [13, 15, 18, 19, 20, 23]);
        assert_eq!(periods(&now, Rule::Outside), [17, 21, 22, 24]);
    }

    #[test]
    fn what_is_worse_where_less_is_better_is_better_where_more_is() {
        let signal = |better| drops(&Settings { better, ..legacy() }).points[20].signal;
        assert_eq!(signal(Better::Lower), Signal::Concern);
        assert_eq!(signal(Better::Higher), Signal::Improvement);
        assert_eq!(signal(Better::Neither), Signal::Change);
    }

    #[test]
    fn new_limits_start_where_they_are_asked_for() {
        let chart = drops(&Settings { rebased_at: vec![12, 99, 12], ..legacy() });
        let starts: Vec<_> = chart.pieces.iter().map(|piece| (piece.from, piece.observed)).collect();
        assert_eq!(starts, [(0, 12), (12, 12)]);
        lines_are(&chart, 6.512_333_3, 8.108_333_3, 9.704_333_3, 5.1e-8);
        assert_eq!(chart.points[12..], individuals(&observed(&DROPS[12..]), &legacy()).points);
        // Twelve periods after the change are too few to sum up.
        assert_eq!((chart.variation(), chart.assurance(9.0, Better::Lower)), (None, None));
    }

    #[test]
    fn a_missing_period_breaks_ranges_and_runs() {
        let mut series = observed(&DROPS);
        series.insert(16, None);
        let chart = individuals(&series, &legacy());
        assert!(periods(&chart, Rule::Run).is_empty());
        assert_eq!((chart.points[16].value, chart.points[16].signal), (None, Signal::CommonCause));
        let [gap, bridged] =
            [&[Some(1.0), Some(2.0), None, Some(9.0), Some(8.0)][..], &observed(&[1., 2., 9., 8.])]
                .map(|series| individuals(series, &Settings::new(Better::Lower)).points[0].lines.unwrap());
        assert_eq!((gap.mean, gap.hi, bridged.hi), (5.0, 7.66, 5.0 + 2.66 * 3.0));
    }

    #[test]
    fn a_series_that_never_moves_has_no_signals() {
        let mut series = observed(&[0.1; 20]);
        series.push(Some(5.0));
        let chart = individuals(&series, &Settings { baseline: Some(20), ..legacy() });
        let lines = chart.points[0].lines.unwrap();
        assert_eq!((lines.lo, lines.hi), (lines.mean, lines.mean));
        assert_eq!(chart.pieces[0].status, Status::Boundary(Reason::NoVariation));
        assert!(chart.points.iter().all(|point| point.signal == Signal::CommonCause));
    }

    #[test]
    fn without_two_neighbouring_periods_there_are_no_limits() {
        let status =
            |series: &[Option<f64>]| individuals(series, &legacy()).pieces.first().map(|piece| piece.status);
        assert_eq!(status(&[]), None);
        assert_eq!(status(&[None]), Some(Status::NotEstimable(Reason::NoData)));
        assert_eq!(status(&[Some(f64::NAN)]), Some(Status::NotEstimable(Reason::NoData)));
        assert_eq!(status(&[Some(3.0)]), Some(Status::NotEstimable(Reason::OneObservation)));
        let apart = status(&[Some(3.0), None, Some(4.0)]).unwrap();
        assert_eq!(apart.to_string(), "not estimable: no two periods in a row were observed");
        assert_eq!(status(&[Some(f64::MAX), Some(-f64::MAX)]), Some(Status::NotEstimable(Reason::NotFinite)));
    }

    #[test]
    fn a_target_is_met_missed_or_left_to_chance() {
        let chart = drops(&legacy());
        let assurance = |target| chart.assurance(target, Better::Lower);
        assert_eq!(assurance(9.0), Some(Assurance::ConsistentlyMet));
        assert_eq!(assurance(6.0), Some(Assurance::ConsistentlyMissed));
        assert_eq!(assurance(8.0), Some(Assurance::HitAndMiss));
        assert_eq!(chart.assurance(9.0, Better::Higher), Some(Assurance::ConsistentlyMissed));
        assert_eq!(chart.assurance(6.0, Better::Higher), Some(Assurance::ConsistentlyMet));
        assert_eq!((chart.assurance(9.0, Better::Neither), assurance(f64::NAN)), (None, None));
        let short = individuals(&observed(&DROPS[..12]), &legacy());
        assert_eq!((short.assurance(9.9, Better::Lower), short.variation()), (None, None));
    }
}
