//! Before and after a switch: what changed where organisations moved to another platform, less what changed
//! meanwhile where they did not.
//!
//! A difference in differences. Units that switched in the same period are compared with those that had not yet, and
//! only with those: a unit that switched long ago is no control, because the effect may still grow. The estimates of
//! all such groups are combined with the weights of least squares. The unit is the cluster, because the unit was
//! what switched, and the side with fewer units bounds the degrees of freedom. It rests on one assumption that no
//! data can prove, that without the switch both would have changed alike; how they moved before it is shown, so
//! that a reader can doubt it. Without a unit that stayed there is only a before and an after, and it says so.
//!
//! Sources: Goodman-Bacon 2021, J Econometrics 225:254, on what goes wrong otherwise; Cengiz et al. 2019, Q J Econ
//! 134:1405, on stacking groups; Liang & Zeger 1986, Biometrika 73:13, on the variance over clusters.

mod panel;
mod two_way;

use serde::Serialize;

use self::panel::{Panel, Sample};
use self::two_way::{Effect, Scale, Times};
use super::estimate::{Estimate, FEW_CLUSTERS, FEWEST_EVENTS, Interval, tail};
use super::special::student;
use super::status::{Flag, Reason, Status};

/// The name of the difference in differences of shares.
pub const DIFFERENCE_IN_DIFFERENCES: &str = "difference_in_differences_t";
/// The name of the ratio of odds ratios.
pub const LOGIT_DIFFERENCE_IN_DIFFERENCES: &str = "logit_difference_in_differences_t";
/// A logit beyond this, or a standard error ten times it, means that the likelihood has no maximum.
const UNBOUNDED: f64 = 15.0;

/// The platform that a unit used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// The one from before the switch.
    Old,
    /// The one that was switched to.
    New,
}

/// The counts of one unit in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The unit that switches or stays.
    pub unit: u64,
    /// The period, counted in steps of one.
    pub period: i64,
    /// The platform used.
    pub platform: Platform,
    /// Observations.
    pub n: u64,
    /// Events among them.
    pub x: u64,
}

/// What the comparison rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Units that stayed at the same time take away what changed everywhere.
    ConcurrentControl,
    /// No unit stayed: whatever else changed at the time is taken for the effect. Weaker evidence.
    BeforeAfter,
}

/// One period relative to the switch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relative {
    /// Periods since the switch: zero is the first on the new platform, below zero are those before.
    pub since: i64,
    /// The difference of shares against the last period before the switch, less that of units that stayed.
    pub difference: Estimate,
}

/// The effect of a switch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Switch {
    /// What it rests on.
    pub design: Design,
    /// Units observed before and after their switch that take part.
    pub switched: u64,
    /// Units that were observed before and after a switch of others and had not switched; some may have done so later.
    pub stayed: u64,
    /// Units that switched and were left out: not observed on both sides, or without a control while others have one.
    pub left_out: u64,
    /// The change of the share, as a difference.
    pub difference: Estimate,
    /// The change of the odds, as a ratio; the standard error is that of its natural logarithm.
    pub odds_ratio: Estimate,
    /// By how much per period the units' shares already drew apart before the switch; near zero where all is well.
    pub pre_trend: Estimate,
    /// The change by period; the last one before the switch, zero by definition, is not among them.
    pub by_period: Vec<Relative>,
}

/// The effect of a switch, from the counts of `cells` in any order.
///
/// A unit's switch is the first period in which it used the new platform; what it still held on the old one then or
/// later is left out, as are units that never used the old one. Periods without observations are simply not there.
/// Assumes that units are independent and that without the switch shares (or log odds) would have moved alike. With
/// a single unit that switched, or that stayed, there is a value but no telling how sure it is. On the scale of odds
/// units and periods without events or without non-events say nothing and are left out.
///
/// # Errors
/// Says why where no unit was observed on both sides of a switch, or the counts contradict each other.
pub fn effect(cells: &[Cell], level: f64) -> Result<Switch, Reason> {
    tail(level).ok_or(Reason::InvalidParameter)?;
    let panel = Panel::new(cells)?;
    let sample = panel.around_switch();
    if sample.switched == 0 {
        return Err(Reason::NoData);
    }
    let relative = |since: i64| {
        let difference = possible(difference(&panel.at(since), level));
        Relative { since, difference }
    };
    Ok(Switch {
        design: sample.design,
        switched: sample.switched,
        stayed: sample.stayed,
        left_out: panel.switches() - sample.switched,
        difference: possible(difference(&sample, level)),
        odds_ratio: odds_ratio(&sample, level),
        pre_trend: possible(difference(&panel.before_switch(), level)),
        by_period: panel.relative_periods().into_iter().map(relative).collect(),
    })
}

/// A difference of differences of shares, which lies between −2 and 2.
///
/// In a panel with cells of one and of billions the fit can lose every digit; what no shares can have is refused.
fn possible(difference: Estimate) -> Estimate {
    if difference.value.is_some_and(|value| value.abs() > MOST) {
        return Estimate::not_estimable(difference.method, difference.level, Reason::BeyondRange);
    }
    difference.clipped(-2.0, 2.0)
}

/// The largest difference of two differences of shares, with room for rounding.
const MOST: f64 = 2.0 + 1e-9;

/// An effect, and its standard error where there are units enough to tell.
struct Found {
    value: f64,
    se: Result<f64, Reason>,
    df: f64,
}

fn found(sample: &Sample, scale: Scale) -> Result<Found, Reason> {
    let Effect { value, variance, fewest } = two_way::effect(&sample.stacks, sample.times(), scale)?;
    // A side of one unit is met exactly by its own mean: its residual says nothing about other units.
    let se = match fewest {
        0 | 1 => Err(Reason::OneCluster),
        _ if variance > 0.0 => Ok(variance.sqrt()),
        _ => Err(Reason::NoVariation),
    };
    Ok(Found { value, se, df: fewest as f64 - 1.0 })
}

fn difference(sample: &Sample, level: f64) -> Estimate {
    let estimate = match found(sample, Scale::Share) {
        Err(why) => Estimate::not_estimable(DIFFERENCE_IN_DIFFERENCES, level, why),
        Ok(found) => found.limits(DIFFERENCE_IN_DIFFERENCES, level, |x| x),
    };
    sample.finish(estimate)
}

fn odds_ratio(sample: &Sample, level: f64) -> Estimate {
    let bounded = |found: &Found| {
        found.value.abs() <= UNBOUNDED && found.se.ok().is_none_or(|se| se <= 10.0 * UNBOUNDED)
    };
    let estimate = match found(sample, Scale::Logit) {
        Err(why) => Estimate::not_estimable(LOGIT_DIFFERENCE_IN_DIFFERENCES, level, why),
        Ok(found) if bounded(&found) => found.limits(LOGIT_DIFFERENCE_IN_DIFFERENCES, level, libm::exp),
        Ok(_) => Estimate::not_estimable(LOGIT_DIFFERENCE_IN_DIFFERENCES, level, Reason::Extreme),
    };
    // With one degree of freedom limits can lie beyond any number, and are as good as none.
    let estimate = match estimate.status {
        Status::NotEstimable(Reason::NotFinite) => {
            Estimate::not_estimable(LOGIT_DIFFERENCE_IN_DIFFERENCES, level, Reason::Extreme)
        }
        _ => estimate,
    };
    sample.finish(estimate)
}

impl Found {
    fn limits(&self, method: &'static str, level: f64, onto: fn(f64) -> f64) -> Estimate {
        let Ok(se) = self.se else {
            let why = self.se.err().unwrap_or(Reason::OneCluster);
            return Estimate::alone(method, level, onto(self.value), Status::NotEstimable(why));
        };
        let reach = student::upper_quantile(tail(level).unwrap_or(f64::NAN), self.df) * se;
        let [value, lo, hi] = [0.0, -reach, reach].map(|reach| onto(self.value + reach));
        Estimate::between(method, level, Interval { value, lo, hi }).with_se(se).with_df(self.df)
    }
}

impl Sample {
    /// Whether periods have effects of their own, which only units that stayed can tell from the switch.
    fn times(&self) -> Times {
        match self.design {
            Design::ConcurrentControl => Times::Own,
            Design::BeforeAfter => Times::None,
        }
    }

    fn finish(&self, estimate: Estimate) -> Estimate {
        let controlled = self.design == Design::ConcurrentControl;
        let few = self.x.min(self.n - self.x) < u128::from(FEWEST_EVENTS);
        let status = if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok };
        estimate
            .with_n(self.n as f64)
            .with_events(self.x as f64)
            .with_clusters(self.clusters)
            .with_flag_if(
                self.switched < FEW_CLUSTERS || controlled && self.stayed < FEW_CLUSTERS,
                Flag::FewClusters,
            )
            .with_flag_if(!controlled, Flag::NoConcurrentControl)
            .with_status(status)
    }
}

#[cfg(test)]
mod tests;
