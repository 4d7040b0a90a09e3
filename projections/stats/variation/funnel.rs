//! The funnel: the limits within which chance would keep a unit of each size.
//!
//! The target is the share over all units. Around it lie exact binomial limits at 95 and 99.8 %, interpolated
//! between counts so that they do not jump with the size. Units usually differ by more than chance, and then nearly
//! every large one lies outside; the adjusted limits add the variance between units, estimated on the arcsine scale
//! from deviates whose tails were pulled in, so that the outliers looked for do not widen the limits themselves.
//! Neither limit is a verdict, and one in five hundred lies outside the wide ones by chance alone.
//!
//! Sources: Spiegelhalter 2005, Stat Med 24:1185; Spiegelhalter et al. 2012, J R Stat Soc A 175:1.

use serde::Serialize;

use crate::stats::cluster::Tally;
use crate::stats::estimate::{LEVEL_95, LEVEL_998, critical, tail};
use crate::stats::exact::ascending;
use crate::stats::special::{binomial, normal};
use crate::stats::status::Reason;

/// The name of the exact interpolated limits.
pub const BINOMIAL_FUNNEL: &str = "binomial_funnel";
/// The name of the limits that allow for variance between units.
pub const ARCSINE_FUNNEL: &str = "arcsine_funnel";
/// The levels of every funnel.
pub const LEVELS: [f64; 2] = [LEVEL_95, LEVEL_998];
/// The share of units at either end whose deviates are pulled in to the next one.
const WINSORISED: f64 = 0.1;

/// Where a unit lies with respect to a pair of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Below the lower limit.
    Below,
    /// Between the limits, or on one of them.
    Inside,
    /// Above the upper limit.
    Above,
}

/// A pair of limits around the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    /// The share of units that chance keeps between them.
    pub level: f64,
    /// The lower limit.
    pub lo: f64,
    /// The upper limit.
    pub hi: f64,
}

/// One unit in the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// The unit's share of events.
    pub value: f64,
    /// Where it lies among the exact limits, by [`LEVELS`].
    pub exact: [Position; 2],
    /// Where it lies among the limits that allow for variance between units, by [`LEVELS`].
    pub adjusted: [Position; 2],
    /// The probability of a deviate at least as far from the target, with the variance between units allowed for.
    ///
    /// With many units, correct it for their number before calling any of them remarkable.
    pub p: f64,
}

/// How much more units differ than chance would have it, on the arcsine scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dispersion {
    /// The mean squared deviate after pulling in the tails: one where there is nothing but chance.
    pub phi: f64,
    /// The variance between units; zero where φ is no larger than chance would make it.
    pub tau_squared: f64,
}

/// A funnel with its units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Funnel {
    /// The share over all units, around which the limits lie.
    pub target: f64,
    /// The variance between units; nothing where there is a single one.
    pub dispersion: Option<Dispersion>,
    /// The units in the order given; nothing for one without observations.
    pub places: Vec<Option<Place>>,
}

/// The funnel of `units` around their common share.
///
/// Assumes independent observations within a unit for the exact limits; the adjusted ones take the true shares of
/// units to vary around the target by one variance.
///
/// # Errors
/// Says why where there is no observation, or where nothing or everything was an event, so that nobody can differ.
pub fn of_units(units: &[Tally]) -> Result<Funnel, Reason> {
    if units.iter().any(|unit| unit.x > unit.n) {
        return Err(Reason::InconsistentCounts);
    }
    let total = |of: fn(&Tally) -> u64| units.iter().map(|unit| u128::from(of(unit))).sum::<u128>();
    let (n, x) = (total(|unit| unit.n), total(|unit| unit.x));
    match x {
        _ if n == 0 => Err(Reason::NoData),
        0 => Err(Reason::NoEvents),
        _ if x == n => Err(Reason::AllEvents),
        _ => around(units, x as f64 / n as f64),
    }
}

/// The funnel of `units` around a `target` that comes from elsewhere, strictly between 0 and 1.
///
/// # Errors
/// Says why where the target is no such share, or where the counts contradict each other.
pub fn around(units: &[Tally], target: f64) -> Result<Funnel, Reason> {
    if !(target > 0.0 && target < 1.0) {
        return Err(Reason::InvalidParameter);
    }
    if units.iter().any(|unit| unit.x > unit.n) {
        return Err(Reason::InconsistentCounts);
    }
    let dispersion = dispersion(units, target);
    let tau_squared = dispersion.map_or(0.0, |dispersion| dispersion.tau_squared);
    let places = units.iter().map(|unit| place(unit, target, tau_squared)).collect();
    Ok(Funnel { target, dispersion, places })
}

/// The exact binomial limits for a unit of `n` observations, interpolated between counts and cut to 0 and 1.
///
/// Nothing where there is no observation or a parameter is out of range.
pub fn exact_limits(target: f64, n: u64, level: f64) -> Option<Limits> {
    let tail = tail(level).filter(|_| n > 0)?;
    let limit = |share: f64| Some((interpolated(share, n, target)? / n as f64).clamp(0.0, 1.0));
    // Interpolation always ends below the last count, which is no rare one where chance makes it often.
    let all_are_common = binomial::quantile(1.0 - tail, n, target)? == n;
    Some(Limits { level, lo: limit(tail)?, hi: if all_are_common { 1.0 } else { limit(1.0 - tail)? } })
}

/// The limits for a unit of `n` observations where the true shares vary by `tau_squared` on the arcsine scale.
///
/// Nothing where there is no observation or a parameter is out of range.
pub fn adjusted_limits(target: f64, tau_squared: f64, n: u64, level: f64) -> Option<Limits> {
    let sound = n > 0 && target > 0.0 && target < 1.0 && tau_squared >= 0.0 && tau_squared.is_finite();
    let critical = critical(level).filter(|_| sound)?;
    let (middle, reach) = (arcsine(target), critical * (sampling_variance(n) + tau_squared).sqrt());
    // The scale ends where the share is 0 and 1: beyond, the sine would turn back.
    let share = |angle: f64| {
        let sine = libm::sin(angle.clamp(0.0, std::f64::consts::FRAC_PI_2));
        sine * sine
    };
    Some(Limits { level, lo: share(middle - reach), hi: share(middle + reach) })
}

impl Limits {
    /// Where a share lies.
    fn position(&self, share: f64) -> Position {
        if share < self.lo {
            Position::Below
        } else if share > self.hi {
            Position::Above
        } else {
            Position::Inside
        }
    }
}

fn place(unit: &Tally, target: f64, tau_squared: f64) -> Option<Place> {
    if unit.n == 0 {
        return None;
    }
    let value = unit.x as f64 / unit.n as f64;
    let [usual, wide] = LEVELS.map(|level| exact_limits(target, unit.n, level));
    let [usual_adjusted, wide_adjusted] =
        LEVELS.map(|level| adjusted_limits(target, tau_squared, unit.n, level));
    let spread = (sampling_variance(unit.n) + tau_squared).sqrt();
    let deviate = (arcsine(value) - arcsine(target)) / spread;
    Some(Place {
        value,
        exact: [usual?.position(value), wide?.position(value)],
        adjusted: [usual_adjusted?.position(value), wide_adjusted?.position(value)],
        p: (2.0 * normal::upper(deviate.abs())).min(1.0),
    })
}

/// The count at which the distribution reaches `share`, as if it rose steadily between whole counts.
fn interpolated(share: f64, n: u64, target: f64) -> Option<f64> {
    let count = binomial::quantile(share, n, target)?;
    let beyond = (binomial::cdf(count, n, target) - share) / binomial::pmf(count, n, target);
    Some(count as f64 - beyond.clamp(0.0, 1.0))
}

fn arcsine(share: f64) -> f64 {
    libm::asin(share.sqrt())
}

/// The variance of a share on the arcsine scale, whatever the share is.
fn sampling_variance(n: u64) -> f64 {
    1.0 / (4.0 * n as f64)
}

fn dispersion(units: &[Tally], target: f64) -> Option<Dispersion> {
    let used = || units.iter().filter(|unit| unit.n > 0);
    let count = used().count() as f64;
    let deviates = used().map(|unit| {
        let share = unit.x as f64 / unit.n as f64;
        (arcsine(share) - arcsine(target)) / sampling_variance(unit.n).sqrt()
    });
    let phi = mean_square(&winsorised(deviates.collect()))?;
    let weights = || used().map(|unit| 1.0 / sampling_variance(unit.n));
    let (sum, squares) = (ascending(weights()), ascending(weights().map(|weight| weight * weight)));
    let excess = count * phi - (count - 1.0);
    let tau_squared = if excess > 0.0 { excess / (sum - squares / sum) } else { 0.0 };
    (count > 1.0 && tau_squared.is_finite()).then_some(Dispersion { phi, tau_squared })
}

fn mean_square(deviates: &[f64]) -> Option<f64> {
    let sum = ascending(deviates.iter().map(|deviate| deviate * deviate));
    (!deviates.is_empty()).then(|| sum / deviates.len() as f64)
}

/// The deviates with the outermost tenth at either end pulled in to the quantile there.
fn winsorised(mut deviates: Vec<f64>) -> Vec<f64> {
    deviates.sort_unstable_by(f64::total_cmp);
    let (lo, hi) = (linear_quantile(&deviates, WINSORISED), linear_quantile(&deviates, 1.0 - WINSORISED));
    deviates.iter().map(|deviate| deviate.max(lo).min(hi)).collect()
}

/// The quantile between the order statistics around it (type 7 of Hyndman & Fan 1996) of ascending values.
fn linear_quantile(values: &[f64], q: f64) -> f64 {
    let at = q * (values.len().saturating_sub(1)) as f64;
    let (below, share) = (at.floor(), at - at.floor());
    let value = |rank: f64| values.get(rank as usize).or(values.last()).copied().unwrap_or(f64::NAN);
    value(below) + share * (value(below + 1.0) - value(below))
}

#[cfg(test)]
mod tests {
    use super::Position::{Above, Below, Inside};
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::variation::examples::{ORGANISATIONS, organisations};

    const TARGET: f64 = 182.0 / 1865.0;

    fn twelve() -> Funnel {
        of_units(&organisations()).unwrap()
    }

    #[track_caller]
    fn check(limits: Option<Limits>, lo: f64, hi: f64, tolerance: f64) {
        let limits = limits.unwrap();
        near(limits.lo, lo, tolerance);
        near(limits.hi, hi, tolerance);
    }

    #[test]
    fn exact_limits_of_twelve_organisations_agree_to_eight_digits() {
        near(twelve().target, 0.09758713137, 5.1e-12);
        check(exact_limits(TARGET, 50, LEVEL_95), 0.01199564, 0.17736851, 5.1e-9);
        check(exact_limits(TARGET, 100, LEVEL_95), 0.03831585, 0.15485848, 5.1e-9);
        check(exact_limits(TARGET, 200, LEVEL_95), 0.05585734, 0.13821668, 5.1e-9);
        check(exact_limits(TARGET, 300, LEVEL_95), 0.06364809, 0.13078625, 5.1e-9);
        check(exact_limits(TARGET, 50, LEVEL_998), 0.0, 0.23780649, 5.1e-9);
        check(exact_limits(TARGET, 300, LEVEL_998), 0.04704447, 0.15256114, 5.1e-9);
        // What is cut to zero was below it.
        near(interpolated(0.001, 50, TARGET).map(|count| count / 50.0), -0.01660558, 5.1e-9);
    }

    #[test]
    fn dispersion_of_twelve_organisations_agrees() {
        let dispersion = twelve().dispersion.unwrap();
        near(dispersion.phi, 1.900849966, 5.1e-10);
        near(dispersion.tau_squared, 0.001769982982, 5.1e-13);
        // The critical values of the worked example are rounded to six decimals.
        let adjusted = |level| adjusted_limits(TARGET, dispersion.tau_squared, 100, level);
        check(adjusted(LEVEL_95), 0.0355317566, 0.1859015140, 5e-9);
        check(adjusted(LEVEL_998), 0.0133442362, 0.2465784415, 2e-8);
    }

    #[test]
    fn deviates_on_the_binomial_scale_agree_too() {
        let deviate =
            |(n, x): (u64, u64)| (x as f64 / n as f64 - TARGET) / (TARGET * (1.0 - TARGET) / n as f64).sqrt();
        let deviates: Vec<f64> = ORGANISATIONS.map(deviate).to_vec();
        near(mean_square(&deviates), 2.289789432, 5.1e-10);
        near(mean_square(&deviates).map(|phi| 12.0 * phi), 27.47747318, 5.1e-9);
        near(mean_square(&winsorised(deviates)), 2.026924717, 5.1e-10);
    }

    #[test]
    fn an_organisation_may_be_outside_chance_and_inside_the_usual_variation() {
        let places: Vec<Place> = twelve().places.into_iter().flatten().collect();
        assert_eq!(places[10].exact, [Above, Inside]);
        assert_eq!(places[10].adjusted, [Inside, Inside]);
        assert_eq!(places[0].exact, [Inside, Inside]);
        assert!(places[10].p > 0.05 && places[0].p > places[10].p);
    }

    #[test]
    fn a_count_is_below_where_chance_seldom_goes_so_low() {
        let of = |x: u64| around(&[Tally { n: 50, x }], 0.2).unwrap().places[0].unwrap().exact;
        // At most 4 of 50 happens in 1.85 %, at most 5 in 4.80 %; the upper limit lies between 15 and 16, which are
        // exceeded in 3.08 % and 1.44 %.
        assert_eq!(
            [of(4), of(5), of(15), of(16)],
            [[Below, Inside], [Inside; 2], [Inside; 2], [Above, Inside]]
        );
        assert_eq!([of(1), of(24)], [[Below, Below], [Above, Above]]);
    }

    /// Nine of twenty organisations without a single failure were said to lie above the limits of chance, where chance
    /// alone leaves every third of their size without one: the upper limit was a hair below 1.
    #[test]
    fn a_unit_where_all_went_well_is_inside_where_chance_does_that() {
        let of = |n: u64, x: u64| around(&[Tally { n, x }], 0.983).unwrap().places[0].unwrap().exact;
        // All of 65 happen in 33 %, all of 250 in 1.4 %, and all of 500 in 0.02 %.
        assert_eq!(exact_limits(0.983, 65, LEVEL_998).unwrap().hi, 1.0);
        assert_eq!([of(65, 65), of(250, 250)], [[Inside; 2], [Above, Inside]]);
        assert_eq!(of(500, 500), [Above; 2]);
        // As it always was at the other end.
        let none = |n: u64| around(&[Tally { n, x: 0 }], 0.017).unwrap().places[0].unwrap().exact;
        assert_eq!([none(65), none(250), none(500)], [[Inside; 2], [Below, Inside], [Below; 2]]);
    }

    #[test]
    fn units_as_alike_as_chance_has_them_need_no_adjustment() {
        let dispersion = of_units(&[Tally { n: 50, x: 5 }; 8]).unwrap().dispersion.unwrap();
        assert_eq!((dispersion.phi, dispersion.tau_squared), (0.0, 0.0));
    }

    #[test]
    fn a_unit_without_observations_has_no_place() {
        let with = [Tally { n: 0, x: 0 }, Tally { n: 40, x: 4 }, Tally { n: 60, x: 9 }];
        let funnel = of_units(&with).unwrap();
        assert_eq!(funnel.places[0], None);
        assert_eq!(funnel.dispersion, of_units(&with[1..]).unwrap().dispersion);
    }

    #[test]
    fn one_unit_has_limits_but_no_dispersion() {
        let funnel = of_units(&[Tally { n: 40, x: 4 }]).unwrap();
        assert_eq!(funnel.dispersion, None);
        assert_eq!(funnel.places[0].unwrap().exact, [Inside; 2]);
    }

    #[test]
    fn where_nobody_can_differ_there_is_no_funnel() {
        let why = |units: &[(u64, u64)]| {
            of_units(&units.iter().copied().map(Tally::from).collect::<Vec<_>>()).unwrap_err()
        };
        assert_eq!(why(&[]), Reason::NoData);
        assert_eq!(why(&[(0, 0)]), Reason::NoData);
        assert_eq!(why(&[(10, 0), (20, 0)]), Reason::NoEvents);
        assert_eq!(why(&[(10, 10)]), Reason::AllEvents);
        assert_eq!(why(&[(10, 11)]), Reason::InconsistentCounts);
        assert_eq!(around(&[], 1.0).unwrap_err(), Reason::InvalidParameter);
        assert_eq!(exact_limits(0.1, 0, LEVEL_95), None);
        assert_eq!(adjusted_limits(0.1, -1.0, 5, LEVEL_95), None);
    }
}
