//! Case mix: is it the platform, or where it is used?
//!
//! Consultations on a poor network fail more often whatever carries them, so two platforms are compared within
//! strata of like circumstances and the strata are then joined. The files differ in how they join them: by a
//! declared mix ([`standardised`]), by their information ([`mantel_haenszel`]), by splitting the crude difference
//! ([`kitagawa`]), against a reference ([`indirect`]) or by a model ([`logistic`], [`g_computation`]). Their limits
//! take consultations for independent; [`clustered`] gives each of them limits that do not.
//!
//! Strata may only be what was settled before the platform could act: adjusting for what it caused would explain
//! its failures away. First arm minus second, first over second.

use super::cluster::Tally;
use super::estimate::{Estimate, Interval, critical};
use super::exact::ascending;
use super::status::{Flag, Reason, Status};

pub mod clustered;
mod design;
pub mod e_value;
pub mod g_computation;
pub mod homogeneity;
pub mod indirect;
pub mod kitagawa;
pub mod logistic;
pub mod mantel_haenszel;
pub mod matched;
pub mod shapley;
pub mod standardised;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod laws;

/// The counts of one stratum on both arms; an arm that was not used there is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stratum {
    /// The counts on the first arm.
    pub first: Tally,
    /// The counts on the second arm.
    pub second: Tally,
}

impl From<(u64, u64, u64, u64)> for Stratum {
    /// From observations and events of the first arm, then of the second.
    fn from((n1, x1, n2, x2): (u64, u64, u64, u64)) -> Self {
        Self { first: Tally { n: n1, x: x1 }, second: Tally { n: n2, x: x2 } }
    }
}

impl Stratum {
    /// Observations on both arms.
    fn n(&self) -> u64 {
        self.first.n.saturating_add(self.second.n)
    }

    fn shared(&self) -> bool {
        self.first.n > 0 && self.second.n > 0
    }

    /// The same stratum with its arms exchanged.
    #[cfg(test)]
    fn swapped(&self) -> Self {
        Self { first: self.second, second: self.first }
    }

    /// x₁n₂ − x₂n₁ without rounding error, so that equal shares differ by nothing.
    fn excess(&self) -> f64 {
        let product = |a: u64, b: u64| i128::from(a) * i128::from(b);
        (product(self.first.x, self.second.n) - product(self.second.x, self.first.n)) as f64
    }

    /// The share on the first arm minus that on the second, where both have one.
    fn difference(&self) -> f64 {
        self.excess() / (self.first.n as f64 * self.second.n as f64)
    }
}

/// The share of all consultations that lies in strata where each arm has at least `fewest`.
///
/// Nothing where there are no consultations. Publish it beside every adjusted number, with `fewest` at 5.
pub fn common_support(strata: &[Stratum], fewest: u64) -> Option<f64> {
    let total = |which: &dyn Fn(&Stratum) -> bool| {
        strata.iter().filter(|s| which(s)).map(|s| u128::from(s.n())).sum::<u128>()
    };
    let all = total(&|_| true);
    let inside = total(&|s| s.first.n >= fewest && s.second.n >= fewest);
    (all > 0).then(|| inside as f64 / all as f64)
}

/// The share of all consultations in strata that only one arm was seen in, which no comparison within strata can use.
pub fn lost_share(strata: &[Stratum]) -> f64 {
    common_support(strata, 1).map_or(0.0, |inside| 1.0 - inside)
}

/// The strata that both arms were seen in.
struct Support {
    strata: Vec<Stratum>,
    first: Tally,
    second: Tally,
    /// Whether other strata hold consultations.
    partial: bool,
}

impl Support {
    fn of(strata: &[Stratum]) -> Result<Self, Reason> {
        let (first, second) = totals(strata)?;
        let shared: Vec<Stratum> = strata.iter().copied().filter(Stratum::shared).collect();
        if shared.is_empty() {
            return Err(if first.n == 0 || second.n == 0 { Reason::NoData } else { Reason::NoCommonSupport });
        }
        let (inner, outer) = totals(&shared)?;
        let partial = (inner.n, outer.n) != (first.n, second.n);
        Ok(Self { strata: shared, first: inner, second: outer, partial })
    }

    /// The sum over strata of what is never below zero.
    fn sum(&self, term: impl Fn(&Stratum) -> f64) -> f64 {
        ascending(self.strata.iter().map(term))
    }

    /// The sum over strata of what changes its sign when the arms are exchanged.
    fn signed(&self, term: impl Fn(&Stratum) -> f64) -> f64 {
        signed(self.strata.iter().map(term))
    }

    /// The estimate with the counts it rests on, and whether they are enough and all there are.
    fn support(&self, estimate: Estimate) -> Estimate {
        estimate
            .with_counts(self.first.x, self.first.n, self.second.x, self.second.n)
            .with_flag_if(self.partial, Flag::PartialSupport)
    }
}

/// The totals of both arms, where the counts make sense.
fn totals(strata: &[Stratum]) -> Result<(Tally, Tally), Reason> {
    let arm = |of: fn(&Stratum) -> Tally| total(strata.iter().map(of));
    Ok((arm(|s| s.first)?, arm(|s| s.second)?))
}

/// The total of one arm; below 2⁶³, so that products of two counts fit into 128 bits with their sign.
fn total(mut tallies: impl Iterator<Item = Tally>) -> Result<Tally, Reason> {
    tallies.try_fold(Tally::default(), |sum, tally| {
        if tally.x > tally.n {
            return Err(Reason::InconsistentCounts);
        }
        let n = sum.n.checked_add(tally.n).filter(|n| *n <= i64::MAX as u64).ok_or(Reason::TooLarge)?;
        Ok(Tally { n, x: sum.x + tally.x })
    })
}

/// A sum in which opposite terms have exactly the opposite sum, whatever their order.
fn signed(terms: impl Iterator<Item = f64>) -> f64 {
    let (above, below): (Vec<f64>, Vec<f64>) = terms.partition(|term| *term >= 0.0);
    ascending(above.into_iter()) - ascending(below.into_iter().map(|term| -term))
}

/// The estimate on the common support of the strata, or why there is none.
fn supported(
    method: &'static str,
    strata: &[Stratum],
    level: f64,
    of: impl FnOnce(&Support) -> Estimate,
) -> Estimate {
    match Support::of(strata) {
        Err(why) => Estimate::not_estimable(method, level, why),
        Ok(support) => support.support(of(&support)),
    }
}

/// A difference of shares with normal limits; without variance it is a value alone.
fn wald(method: &'static str, level: f64, value: f64, variance: f64) -> Estimate {
    let Some(critical) = critical(level) else {
        return Estimate::not_estimable(method, level, Reason::InvalidParameter);
    };
    if !(variance > 0.0 && value.is_finite()) {
        return Estimate::alone(method, level, value, Status::NotEstimable(Reason::NoVariation));
    }
    let (se, reach) = (variance.sqrt(), critical * variance.sqrt());
    let interval = Interval { value, lo: value - reach, hi: value + reach };
    Estimate::between(method, level, interval).clipped(-1.0, 1.0).with_se(se)
}

/// A ratio with limits that are normal for its logarithm, whose variance is given; a ratio of zero has no upper one.
fn log_wald(method: &'static str, level: f64, value: f64, variance: f64) -> Estimate {
    let Some(critical) = critical(level) else {
        return Estimate::not_estimable(method, level, Reason::InvalidParameter);
    };
    if value == 0.0 {
        let status = Status::Boundary(Reason::NoEvents);
        return Estimate::alone(method, level, value, status).with_limits(Some(0.0), None);
    }
    if !(variance > 0.0 && value.is_finite()) {
        return Estimate::alone(method, level, value, Status::NotEstimable(Reason::NoVariation));
    }
    let reach = libm::exp(critical * variance.sqrt());
    let interval = Interval { value, lo: value / reach, hi: value * reach };
    Estimate::between(method, level, interval).with_se(variance.sqrt())
}

/// The strata that the worked examples share.
#[cfg(test)]
mod examples {
    use super::Stratum;

    /// Failures of two platforms by network: the first looks worse, and is better on every network.
    pub(super) const SIMPSON: [(u64, u64, u64, u64); 3] =
        [(200, 8, 600, 30), (300, 24, 400, 40), (500, 90, 200, 45)];
    /// Admissions of men and women by department, Berkeley 1973.
    pub(super) const ADMISSIONS: [(u64, u64, u64, u64); 6] = [
        (825, 512, 108, 89),
        (560, 353, 25, 17),
        (325, 120, 593, 202),
        (417, 138, 375, 131),
        (191, 53, 393, 94),
        (373, 22, 341, 24),
    ];

    pub(super) fn strata(counts: &[(u64, u64, u64, u64)]) -> Vec<Stratum> {
        counts.iter().copied().map(Stratum::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::examples::{SIMPSON, strata};
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn the_share_that_both_arms_were_seen_in_is_told() {
        let one_sided = strata(&[(200, 8, 600, 30), (300, 24, 4, 1), (96, 0, 0, 0)]);
        near(common_support(&one_sided, 1), 1104.0 / 1200.0, 1e-15);
        near(common_support(&one_sided, 5), 800.0 / 1200.0, 1e-15);
        near(lost_share(&one_sided), 0.08, 1e-15);
        assert_eq!((common_support(&[], 5), lost_share(&[])), (None, 0.0));
        assert_eq!(lost_share(&strata(&SIMPSON)), 0.0);
    }

    #[test]
    fn strata_without_common_support_are_told_from_no_data() {
        let refuse = |counts: &[(u64, u64, u64, u64)]| Support::of(&strata(counts)).err();
        assert_eq!(refuse(&[(5, 1, 0, 0), (0, 0, 5, 1)]), Some(Reason::NoCommonSupport));
        assert_eq!(refuse(&[(5, 1, 0, 0)]), Some(Reason::NoData));
        assert_eq!(refuse(&[(5, 6, 5, 1)]), Some(Reason::InconsistentCounts));
        assert_eq!(refuse(&[(u64::MAX, 1, 5, 1)]), Some(Reason::TooLarge));
        assert_eq!(refuse(&SIMPSON), None);
    }

    #[test]
    fn opposite_terms_have_the_opposite_sum() {
        let terms = [0.1, -0.7, 1e16, 3.0, -1e-9, -2e16];
        let sum = signed(terms.into_iter());
        assert_eq!(sum, -signed(terms.into_iter().rev().map(|term| -term)));
    }
}
