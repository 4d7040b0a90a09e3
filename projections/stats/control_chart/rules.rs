//! The patterns by which a control chart tells a change from everyday variation, under a name and a version.
//!
//! Four rules, as Making Data Count has them: a point outside the limits, seven points in a row rising or falling,
//! two of three points close to a limit, seven points in a row on one side of the mean. Organisations revise such
//! rules, and a signal means nothing without saying by which: since 2023 a point beyond a limit also counts as close
//! to it. The older variant is that of the R package NHSRplotthedots. Each rule calls chance a change now and then;
//! applying more rules finds more, of both kinds.
//!
//! Source: NHS England, Making Data Count; NHSRplotthedots, issues 143, 153 and 194.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Better, Lines};

/// Points that make a run or a trend.
const SEVEN: usize = 7;
/// A distance below this share of the numbers compared is rounding.
const ROUNDING: f64 = 1e-12;

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSet {
    /// Two of three points count as close wherever they lie beyond the near line, also outside the limits; a trend is
    /// judged by where it leads; improvement is shown where both it and concern are signalled.
    MakingDataCount2023,
    /// Two of three points count as close only inside the limits; every signal is judged by the side of the mean.
    MakingDataCountLegacy,
}

/// A pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Outside the process limits.
    Outside,
    /// One of seven or more consecutive points, each above the one before, or each below.
    Trend,
    /// One of two in three consecutive points close to the same limit, all three on its side of the mean.
    TwoInThree,
    /// One of seven or more consecutive points on the same side of the mean.
    Run,
}

/// Where a pattern lies, or a trend leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// Above the mean, or rising.
    Up,
    /// Below the mean, or falling.
    Down,
}

/// What a point says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// No rule fired: everyday variation.
    CommonCause,
    /// A change for the better.
    Improvement,
    /// A change for the worse.
    Concern,
    /// A change where neither direction is better.
    Change,
}

/// A rule that fired at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fired {
    /// Which.
    pub rule: Rule,
    /// In which direction.
    pub heading: Heading,
    /// What that means.
    pub signal: Signal,
}

impl RuleSet {
    /// Its name and version.
    pub fn name(self) -> &'static str {
        match self {
            Self::MakingDataCount2023 => "making-data-count/2023",
            Self::MakingDataCountLegacy => "making-data-count/legacy",
        }
    }

    /// What several rules say together; they agree unless a trend crosses the mean.
    pub(super) fn signal(self, fired: &[Fired]) -> Signal {
        let improves = fired.iter().find(|fired| fired.signal == Signal::Improvement);
        improves.or(fired.first()).map_or(Signal::CommonCause, |fired| fired.signal)
    }

    fn close(self, dot: &Dot) -> Option<Heading> {
        dot.close.filter(|_| self == Self::MakingDataCount2023 || dot.outside.is_none())
    }

    fn judge(self, heading: Heading, dot: &Dot, better: Better) -> Signal {
        let judged = match self {
            Self::MakingDataCount2023 => Some(heading),
            Self::MakingDataCountLegacy => dot.side,
        };
        match (better, judged) {
            (Better::Neither, _) => Signal::Change,
            (Better::Higher, Some(Heading::Up)) | (Better::Lower, Some(Heading::Down)) => Signal::Improvement,
            _ => Signal::Concern,
        }
    }
}

impl Signal {
    /// The signal in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::CommonCause => "common cause variation",
            Self::Improvement => "special cause variation, an improvement",
            Self::Concern => "special cause variation, a concern",
            Self::Change => "special cause variation, neither better nor worse",
        }
    }
}

impl Fired {
    /// The rule in words.
    pub fn words(self) -> &'static str {
        match (self.rule, self.heading) {
            (Rule::Outside, Heading::Up) => "above the upper process limit",
            (Rule::Outside, Heading::Down) => "below the lower process limit",
            (Rule::Trend, Heading::Up) => "one of seven or more points in a row that rise",
            (Rule::Trend, Heading::Down) => "one of seven or more points in a row that fall",
            (Rule::TwoInThree, Heading::Up) => "one of two in three points close to the upper process limit",
            (Rule::TwoInThree, Heading::Down) => {
                "one of two in three points close to the lower process limit"
            }
            (Rule::Run, Heading::Up) => "one of seven or more points in a row above the mean",
            (Rule::Run, Heading::Down) => "one of seven or more points in a row below the mean",
        }
    }
}

/// An observed point with lines, and where it lies among them.
struct Dot {
    value: f64,
    side: Option<Heading>,
    close: Option<Heading>,
    outside: Option<Heading>,
}

/// The rules that fire at each point, by their precedence; a gap ends every pattern.
pub(super) fn fired(
    points: &[(Option<f64>, Option<Lines>)],
    rules: RuleSet,
    better: Better,
) -> Vec<Vec<Fired>> {
    let dots: Vec<Option<Dot>> =
        points.iter().map(|(value, lines)| Some(Dot::new((*value)?, &(*lines)?))).collect();
    let mut fired = Vec::with_capacity(dots.len());
    for stretch in dots.chunk_by(|before, now| before.is_some() && now.is_some()) {
        let stretch: Vec<&Dot> = stretch.iter().flatten().collect();
        if stretch.is_empty() {
            fired.push(Vec::new());
        }
        fired.extend(in_stretch(&stretch, rules, better));
    }
    fired
}

fn in_stretch(dots: &[&Dot], rules: RuleSet, better: Better) -> Vec<Vec<Fired>> {
    let mut fired = vec![Vec::new(); dots.len()];
    let outside = dots.iter().enumerate().filter_map(|(at, dot)| Some((at, dot.outside?)));
    let patterns = [
        (Rule::Outside, outside.collect()),
        (Rule::Trend, trends(dots)),
        (Rule::TwoInThree, two_in_three(dots, rules)),
        (Rule::Run, runs(dots)),
    ];
    for (rule, found) in patterns {
        for (at, heading) in found {
            if let (Some(fired), Some(dot)) = (fired.get_mut(at), dots.get(at)) {
                fired.push(Fired { rule, heading, signal: rules.judge(heading, dot, better) });
            }
        }
    }
    fired
}

/// Every point of seven or more that rise, or fall, without a break; a turning point may end one and begin another.
fn trends(dots: &[&Dot]) -> Vec<(usize, Heading)> {
    let step = |(before, now): (&&Dot, &&Dot)| match now.value.partial_cmp(&before.value) {
        Some(Ordering::Greater) => Some(Heading::Up),
        Some(Ordering::Less) => Some(Heading::Down),
        _ => None,
    };
    let steps: Vec<Option<Heading>> = dots.iter().zip(dots.iter().skip(1)).map(step).collect();
    let long = unbroken(&steps, SEVEN - 1);
    long.into_iter()
        .flat_map(|(from, len, heading)| (from..=from + len).map(move |at| (at, heading)))
        .collect()
}

/// Every point of seven or more on one side of the mean.
fn runs(dots: &[&Dot]) -> Vec<(usize, Heading)> {
    let sides: Vec<Option<Heading>> = dots.iter().map(|dot| dot.side).collect();
    let long = unbroken(&sides, SEVEN);
    long.into_iter()
        .flat_map(|(from, len, heading)| (from..from + len).map(move |at| (at, heading)))
        .collect()
}

/// The points close to a limit in every three of which two are, and all are on its side of the mean.
fn two_in_three(dots: &[&Dot], rules: RuleSet) -> Vec<(usize, Heading)> {
    let mut found: Vec<(usize, Heading)> = Vec::new();
    for (from, three) in dots.windows(3).enumerate() {
        let Some(side) = three.first().and_then(|dot| dot.side) else { continue };
        let close = || three.iter().enumerate().filter(|(_, dot)| rules.close(dot) == Some(side));
        if three.iter().all(|dot| dot.side == Some(side)) && close().count() >= 2 {
            found.extend(close().map(|(at, _)| (from + at, side)));
        }
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    found.dedup();
    found
}

/// Where the same heading is repeated at least `fewest` times: the first place, how often, and which.
fn unbroken(headings: &[Option<Heading>], fewest: usize) -> Vec<(usize, usize, Heading)> {
    let (mut from, mut found) = (0, Vec::new());
    for same in headings.chunk_by(|before, now| before == now) {
        if let Some(heading) = same.first().copied().flatten().filter(|_| same.len() >= fewest) {
            found.push((from, same.len(), heading));
        }
        from += same.len();
    }
    found
}

impl Dot {
    fn new(value: f64, lines: &Lines) -> Self {
        let scale = value.abs().max(lines.lo.abs()).max(lines.hi.abs());
        let beyond = |lo: f64, hi: f64| {
            if value - hi > ROUNDING * scale {
                Some(Heading::Up)
            } else if lo - value > ROUNDING * scale {
                Some(Heading::Down)
            } else {
                None
            }
        };
        Self {
            value,
            side: beyond(lines.mean, lines.mean),
            close: beyond(lines.near_lo, lines.near_hi),
            outside: beyond(lines.lo, lines.hi),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: [usize; 0] = [];
    const LINES: Lines = Lines { mean: 0.0, lo: -3.0, hi: 3.0, near_lo: -2.0, near_hi: 2.0 };

    /// The periods, counted from zero, at which a rule fires.
    fn fires(series: &[f64], rules: RuleSet, rule: Rule) -> Vec<usize> {
        let points: Vec<_> = series.iter().map(|value| (Some(*value), Some(LINES))).collect();
        let fired = fired(&points, rules, Better::Lower);
        (0..)
            .zip(fired)
            .filter(|(_, fired)| fired.iter().any(|fired| fired.rule == rule))
            .map(|(at, _)| at)
            .collect()
    }

    fn now(series: &[f64], rule: Rule) -> Vec<usize> {
        fires(series, RuleSet::MakingDataCount2023, rule)
    }

    fn signals(series: &[f64], rules: RuleSet) -> Vec<Signal> {
        let points: Vec<_> = series.iter().map(|value| (Some(*value), Some(LINES))).collect();
        fired(&points, rules, Better::Lower).iter().map(|fired| rules.signal(fired)).collect()
    }

    #[test]
    fn a_point_on_a_limit_is_not_outside() {
        assert_eq!(now(&[3.0, 3.1, -3.0, -3.1], Rule::Outside), [1, 3]);
    }

    #[test]
    fn seven_on_one_side_are_a_run_and_a_point_on_the_mean_breaks_it() {
        assert_eq!(now(&[-1., 1., 1., 1., 1., 1., 1., 1., 1., -1.], Rule::Run), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(now(&[1., 1., 1., 1., 1., 1.], Rule::Run), NOWHERE);
        assert_eq!(now(&[1., 1., 1., 0., 1., 1., 1., 1.], Rule::Run), NOWHERE);
        assert_eq!(now(&[1., 1., 1., 1e-14, 1., 1., 1., 1.], Rule::Run), NOWHERE);
    }

    #[test]
    fn seven_that_rise_are_a_trend_and_equality_breaks_it() {
        assert_eq!(now(&[9., 0., 1., 2., 3., 4., 5., 6.], Rule::Trend), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(now(&[0., 1., 2., 3., 4., 5.], Rule::Trend), NOWHERE);
        assert_eq!(now(&[0., 1., 2., 3., 3., 4., 5., 6.], Rule::Trend), NOWHERE);
    }

    #[test]
    fn a_peak_ends_one_trend_and_begins_another() {
        let peak = [0., 1., 2., 3., 4., 5., 6., 5., 4., 3., 2., 1., 0.];
        let points: Vec<_> = peak.iter().map(|value| (Some(*value), Some(LINES))).collect();
        let fired = fired(&points, RuleSet::MakingDataCount2023, Better::Lower);
        let trends = fired[6].iter().filter(|fired| fired.rule == Rule::Trend);
        let said: Vec<_> = trends.map(|fired| (fired.heading, fired.signal)).collect();
        assert_eq!(said, [(Heading::Up, Signal::Concern), (Heading::Down, Signal::Improvement)]);
    }

    #[test]
    fn two_of_three_must_lie_on_the_same_side_and_only_they_are_marked() {
        assert_eq!(now(&[2.5, 1.0, 2.5], Rule::TwoInThree), [0, 2]);
        assert_eq!(now(&[2.5, 2.5, -1.0], Rule::TwoInThree), NOWHERE);
        assert_eq!(now(&[2.5, -2.5, 2.5], Rule::TwoInThree), NOWHERE);
        assert_eq!(now(&[2.5, 1.0, 1.0, 2.5], Rule::TwoInThree), NOWHERE);
        assert_eq!(now(&[2.0, 1.0, 2.5], Rule::TwoInThree), NOWHERE);
    }

    #[test]
    fn since_2023_a_point_beyond_the_limit_counts_as_close_to_it() {
        let series = [3.5, 1.0, 2.5];
        assert_eq!(now(&series, Rule::TwoInThree), [0, 2]);
        assert_eq!(fires(&series, RuleSet::MakingDataCountLegacy, Rule::TwoInThree), NOWHERE);
    }

    #[test]
    fn a_trend_is_judged_by_where_it_leads_and_before_2023_by_the_side_of_the_mean() {
        let falling = [1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3];
        assert_eq!(signals(&falling, RuleSet::MakingDataCount2023), [Signal::Improvement; 7]);
        assert_eq!(signals(&falling, RuleSet::MakingDataCountLegacy), [Signal::Concern; 7]);
    }

    #[test]
    fn the_label_is_that_of_the_strongest_rule() {
        let series = [0.1, 0.5, 1.0, 1.5, 2.2, 2.6, 3.5];
        let points: Vec<_> = series.iter().map(|value| (Some(*value), Some(LINES))).collect();
        let fired = fired(&points, RuleSet::MakingDataCount2023, Better::Lower);
        let rules: Vec<Rule> = fired[6].iter().map(|fired| fired.rule).collect();
        assert_eq!(rules, [Rule::Outside, Rule::Trend, Rule::TwoInThree, Rule::Run]);
        assert_eq!(fired[6][0].words(), "above the upper process limit");
        assert_eq!(fired[0][0].words(), "one of seven or more points in a row that rise");
        assert_eq!(fired[6][0].signal.words(), "special cause variation, a concern");
    }
}
