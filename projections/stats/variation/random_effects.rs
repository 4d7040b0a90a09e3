//! Random effects: how much units differ beyond chance, where the next one may lie, and what each one's rate is.
//!
//! Each unit gives an effect and the variance chance gives it; for a share that is its logit. What the effects
//! vary more than their variances explain is the variance between units, τ². The mean of units then has the limits
//! of Hartung and Knapp, and a new unit the wider prediction interval, which is the one to plan with. A unit's own
//! rate is drawn towards the mean, the more the less was seen of it, so that small units do not lead every ranking
//! by luck. It says how much varies, not why; and with few units it says that only roughly.
//!
//! Sources: Paule & Mandel 1982, J Res NBS 87:377; DerSimonian & Laird 1986, Control Clin Trials 7:177; Hartung &
//! Knapp 2001, Stat Med 20:3875; Röver, Knapp & Friede 2015, BMC Med Res Methodol 15:99; Viechtbauer 2007, Stat Med
//! 26:37; Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137; Larsen & Merlo 2005, Am J Epidemiol 161:81.

use serde::Serialize;

pub use super::heterogeneity::{Effect, Heterogeneity, Q_PROFILE};
use super::heterogeneity::{Weighted, q_profile, tau_squared};
use crate::stats::cluster::Tally;
use crate::stats::estimate::{Estimate, FEW_CLUSTERS, FEWEST_EVENTS, Interval, tail};
use crate::stats::special::{normal, student};
use crate::stats::status::{Flag, Reason, Status};
use crate::stats::test_statistic::Test;

/// The name of the limits of a mean of units.
pub const HARTUNG_KNAPP_T: &str = "hartung_knapp_t";
/// The name of the limits of a mean of units that take τ² for known.
pub const RANDOM_EFFECTS_Z: &str = "random_effects_z";
/// The name of the interval for a new unit.
pub const PREDICTION_T: &str = "prediction_t";
/// The name of the interval for a new unit on two degrees of freedom less than there are units.
pub const PREDICTION_HIGGINS_T: &str = "prediction_higgins_t";
/// The name of a unit's rate drawn towards the mean.
pub const EMPIRICAL_BAYES_T: &str = "empirical_bayes_t";
/// With fewer units there is no telling where a new one may lie.
const FEWEST_FOR_PREDICTION: f64 = 5.0;
/// The variance of the standard logistic distribution.
const LOGISTIC_VARIANCE: f64 = std::f64::consts::PI * std::f64::consts::PI / 3.0;

/// What units have in common and how they differ, on the scale of their effects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooled {
    /// Cochran's Q: whether the effects differ at all.
    pub q: Test,
    /// The share of the effects' variation that is not chance, (Q − k + 1) / Q, not below zero.
    pub i_squared: f64,
    /// The variance between units, with Viechtbauer's Q-profile limits.
    pub tau_squared: Estimate,
    /// The mean of units, with limits that allow for τ² being estimated.
    ///
    /// Hartung and Knapp's factor is taken no lower than one, or units that happen to agree would leave no width.
    pub mean: Estimate,
    /// The mean of units, with limits that take τ² for known.
    pub mean_z: Estimate,
    /// Where the effect of a new unit may lie: t on one degree of freedom less than there are units.
    pub prediction: Estimate,
    /// The same as Higgins et al. 2009 have it: t on two degrees of freedom less, and the plain standard error.
    pub prediction_higgins: Estimate,
    /// The effects drawn towards the mean, in the order given.
    pub shrunk: Vec<Estimate>,
}

/// How a share varies between units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variation {
    /// The same on the logit scale.
    pub logit: Pooled,
    /// The share in the typical unit.
    pub mean: Estimate,
    /// Where the share of a new unit may lie.
    pub prediction: Estimate,
    /// The median odds ratio: how much the odds differ between two units drawn at random, the higher over the lower.
    pub median_odds_ratio: Estimate,
    /// The share of variance that lies between units, on the scale of the latent logistic variable.
    pub latent_icc: Estimate,
    /// The shares drawn towards the mean, in the order given; not estimable for a unit without observations.
    pub shrunk: Vec<Estimate>,
}

/// The logit of a unit's share and its variance, with one half added to both counts where one of them is zero.
///
/// Nothing without observations or where the counts contradict each other.
pub fn logit(unit: Tally) -> Option<Effect> {
    let rest = unit.n.checked_sub(unit.x).filter(|_| unit.n > 0)?;
    let added = if halved(unit) { 0.5 } else { 0.0 };
    let (x, rest) = (unit.x as f64 + added, rest as f64 + added);
    Some(Effect { y: libm::log(x / rest), v: 1.0 / x + 1.0 / rest })
}

/// The variation of a share between `units`, with the default estimator of τ².
///
/// Assumes that the logits of units are normally distributed and their variances known; units of few events
/// strain the latter. A unit without observations is left out.
///
/// # Errors
/// Says why where there are fewer than two units with observations, or no event or non-event in any.
pub fn of_shares(units: &[Tally], level: f64) -> Result<Variation, Reason> {
    if units.iter().any(|unit| unit.x > unit.n) {
        return Err(Reason::InconsistentCounts);
    }
    let used: Vec<Tally> = units.iter().copied().filter(|unit| unit.n > 0).collect();
    match used.first() {
        None => return Err(Reason::NoData),
        Some(_) if used.iter().all(|unit| unit.x == 0) => return Err(Reason::NoEvents),
        Some(_) if used.iter().all(|unit| unit.x == unit.n) => return Err(Reason::AllEvents),
        Some(_) => {}
    }
    let effects: Vec<Effect> = used.iter().copied().filter_map(logit).collect();
    let logit = of_effects(&effects, Heterogeneity::PauleMandel, level)?;
    let total = |of: fn(&Tally) -> u64| used.iter().map(|unit| u128::from(of(unit))).sum::<u128>();
    let (n, x) = (total(|unit| unit.n), total(|unit| unit.x));
    let few = x.min(n - x) < u128::from(FEWEST_EVENTS);
    let status = if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok };
    let finish = |estimate: Estimate| {
        let estimate = estimate.with_n(n as f64).with_events(x as f64).with_status(status);
        estimate.with_flag_if(used.iter().any(|unit| halved(*unit)), Flag::HalfAdded)
    };
    Ok(Variation {
        mean: finish(mapped(&logit.mean, inverse_logit)),
        prediction: finish(mapped(&logit.prediction, inverse_logit)),
        median_odds_ratio: finish(mapped(&logit.tau_squared, median_odds_ratio)),
        latent_icc: finish(mapped(&logit.tau_squared, latent_icc)),
        shrunk: shrunk_shares(units, &logit.shrunk, level),
        logit,
    })
}

/// The mean of effects that are given with their variances, and how they vary around it.
///
/// Assumes independent units, effects normally distributed within and between them, and known variances.
///
/// # Errors
/// Says why where there are fewer than two effects or one of them is no number with a variance above zero.
pub fn of_effects(effects: &[Effect], by: Heterogeneity, level: f64) -> Result<Pooled, Reason> {
    let tail = tail(level).ok_or(Reason::InvalidParameter)?;
    if !effects.iter().all(|effect| effect.y.is_finite() && effect.v.is_finite() && effect.v > 0.0) {
        return Err(Reason::InvalidParameter);
    }
    if effects.len() < 2 {
        return Err(if effects.is_empty() { Reason::NoData } else { Reason::OneCluster });
    }
    let df = effects.len() as f64 - 1.0;
    let fixed = Weighted::of(effects, 0.0);
    let tau_squared = tau_squared(effects, by).ok_or(Reason::NotFinite)?;
    let centre = Centre::of(effects, tau_squared);
    let (t, z) = (student::upper_quantile(tail, df), normal::upper_quantile(tail));
    let finish = |estimate: Estimate| {
        let k = effects.len() as u64;
        estimate.with_n(k as f64).with_clusters(k).with_flag_if(k < FEW_CLUSTERS, Flag::FewClusters)
    };
    Ok(Pooled {
        q: Test::chi_squared(fixed.q, df).ok_or(Reason::NotFinite)?,
        i_squared: if fixed.q > df { (fixed.q - df) / fixed.q } else { 0.0 },
        tau_squared: finish(q_profile(effects, tau_squared, level)),
        mean: finish(around(HARTUNG_KNAPP_T, centre.mean, centre.se_knapp, t, level).with_df(df)),
        mean_z: finish(around(RANDOM_EFFECTS_Z, centre.mean, centre.se, z, level)),
        prediction: finish(centre.prediction(PREDICTION_T, centre.se_knapp, 1.0, level)),
        prediction_higgins: finish(centre.prediction(PREDICTION_HIGGINS_T, centre.se, 2.0, level)),
        shrunk: effects.iter().map(|effect| finish(centre.shrunk(effect, t, level).with_df(df))).collect(),
    })
}

/// The mean of units and its standard errors, given the variance between units.
struct Centre {
    units: f64,
    tau_squared: f64,
    mean: f64,
    se: f64,
    se_knapp: f64,
}

impl Centre {
    fn of(effects: &[Effect], tau_squared: f64) -> Self {
        let Weighted { mean, weight, q, .. } = Weighted::of(effects, tau_squared);
        let units = effects.len() as f64;
        let (se, factor) = ((1.0 / weight).sqrt(), q / (units - 1.0));
        Self { units, tau_squared, mean, se, se_knapp: se * factor.max(1.0).sqrt() }
    }

    /// The interval for a new unit, on `lost` degrees of freedom less than there are units.
    fn prediction(&self, method: &'static str, se: f64, lost: f64, level: f64) -> Estimate {
        let Some(tail) = tail(level).filter(|_| self.units >= FEWEST_FOR_PREDICTION) else {
            return Estimate::not_estimable(method, level, Reason::FewClusters);
        };
        let (spread, df) = ((self.tau_squared + se * se).sqrt(), self.units - lost);
        around(method, self.mean, spread, student::upper_quantile(tail, df), level).with_df(df)
    }

    /// The effect drawn towards the mean, with the uncertainty of both; that of τ² is not counted.
    fn shrunk(&self, effect: &Effect, critical: f64, level: f64) -> Estimate {
        let own = self.tau_squared / (self.tau_squared + effect.v);
        let value = own * effect.y + (1.0 - own) * self.mean;
        let borrowed = (1.0 - own) * self.se_knapp;
        let se = (own * effect.v + borrowed * borrowed).sqrt();
        around(EMPIRICAL_BAYES_T, value, se, critical, level)
    }
}

fn around(method: &'static str, value: f64, se: f64, critical: f64, level: f64) -> Estimate {
    let reach = critical * se;
    Estimate::between(method, level, Interval { value, lo: value - reach, hi: value + reach }).with_se(se)
}

/// The units' rates from their effects, of which units without observations have none.
fn shrunk_shares(units: &[Tally], effects: &[Estimate], level: f64) -> Vec<Estimate> {
    let mut effects = effects.iter();
    let share = |unit: &Tally| match unit.n {
        0 => Estimate::not_estimable(EMPIRICAL_BAYES_T, level, Reason::NoData),
        n => {
            let missing = || Estimate::not_estimable(EMPIRICAL_BAYES_T, level, Reason::NoData);
            let share = effects.next().map_or_else(missing, |effect| mapped(effect, inverse_logit));
            share.with_n(n as f64).with_events(unit.x as f64).with_flag_if(halved(*unit), Flag::HalfAdded)
        }
    };
    units.iter().map(share).collect()
}

/// The same estimate on another scale, to which `onto` leads without turning the order around.
fn mapped(estimate: &Estimate, onto: fn(f64) -> f64) -> Estimate {
    let there = |x: Option<f64>| x.map(onto).filter(|x| x.is_finite());
    let (lo, hi) = (there(estimate.lo), there(estimate.hi));
    let lost = lo.is_none() != estimate.lo.is_none() || hi.is_none() != estimate.hi.is_none();
    let status = if lost { Status::Boundary(Reason::NotFinite) } else { Status::Ok };
    Estimate { value: there(estimate.value), lo, hi, se: None, ..estimate.clone() }.with_status(status)
}

fn halved(unit: Tally) -> bool {
    unit.x == 0 || unit.x == unit.n
}

fn inverse_logit(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn median_odds_ratio(tau_squared: f64) -> f64 {
    libm::exp((2.0 * tau_squared).sqrt() * normal::quantile(0.75))
}

fn latent_icc(tau_squared: f64) -> f64 {
    tau_squared / (tau_squared + LOGISTIC_VARIANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::variation::examples::organisations;
    use crate::stats::{LEVEL_95, LEVEL_998};

    /// Trials of a vaccine against tuberculosis: cases and others, vaccinated and not (Colditz et al. 1994, JAMA
    /// 271:698).
    const VACCINE: [[f64; 4]; 13] = [
        [4.0, 119.0, 11.0, 128.0],
        [6.0, 300.0, 29.0, 274.0],
        [3.0, 228.0, 11.0, 209.0],
        [62.0, 13536.0, 248.0, 12619.0],
        [33.0, 5036.0, 47.0, 5761.0],
        [180.0, 1361.0, 372.0, 1079.0],
        [8.0, 2537.0, 10.0, 619.0],
        [505.0, 87886.0, 499.0, 87892.0],
        [29.0, 7470.0, 45.0, 7232.0],
        [17.0, 1699.0, 65.0, 1600.0],
        [186.0, 50448.0, 141.0, 27197.0],
        [5.0, 2493.0, 3.0, 2338.0],
        [27.0, 16886.0, 29.0, 17825.0],
    ];

    fn vaccine(by: Heterogeneity) -> Pooled {
        let log_ratio = |[a, b, c, d]: [f64; 4]| Effect {
            y: libm::log(a / (a + b) / (c / (c + d))),
            v: 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d),
        };
        of_effects(&VACCINE.map(log_ratio), by, LEVEL_95).unwrap()
    }

    fn twelve() -> Variation {
        of_shares(&organisations(), LEVEL_95).unwrap()
    }

    #[track_caller]
    fn check(estimate: &Estimate, lo: f64, hi: f64, tolerance: f64) {
        near(estimate.lo, lo, tolerance);
        near(estimate.hi, hi, tolerance);
    }

    #[test]
    fn the_variance_between_vaccine_trials_agrees_to_nine_digits() {
        let (pm, dl) = (vaccine(Heterogeneity::PauleMandel), vaccine(Heterogeneity::DerSimonianLaird));
        near(dl.q.statistic, 152.2330081, 5.1e-8);
        near(dl.tau_squared.value, 0.3087602629, 5.1e-11);
        near(100.0 * dl.i_squared, 92.11734685, 5.1e-9);
        near(dl.mean_z.value, -0.7141172221, 5.1e-11);
        near(dl.mean_z.se, 0.1787420895, 5.1e-11);
        near(pm.tau_squared.value, 0.3180684522, 5.1e-11);
        near(pm.mean.value, -0.7149681535, 5.1e-11);
        check(&pm.mean, -1.109098381, -0.3208379258, 5.1e-10);
        check(&dl.prediction_higgins, -1.998838496, 0.5706040516, 5.1e-10);
        // metafor prints 0.1197 and 1.1115 unless its root finder is given a tolerance of 1e-14, and then this.
        check(&dl.tau_squared, 0.11971836114126, 1.11147908406093, 1e-12);
        assert_eq!(
            (dl.prediction_higgins.df, pm.prediction.df, pm.mean.df),
            (Some(11.0), Some(12.0), Some(12.0))
        );
    }

    #[test]
    fn the_variation_of_twelve_organisations_agrees() {
        let Variation { logit, mean, prediction, median_odds_ratio, .. } = twelve();
        near(logit.q.statistic, 26.26015989, 5.1e-9);
        near(logit.q.p, 0.005935418, 5.1e-10);
        near(logit.tau_squared.value, 0.1064843817, 5.1e-11);
        near(logit.mean.value, -2.164218256, 5.1e-10);
        near(logit.mean.se, 0.1257945036, 5.1e-11);
        near(mean.value, 0.1030, 5.1e-5);
        check(&mean, 0.0800925600, 0.1315473251, 1e-10);
        check(&mapped(&logit.mean_z, inverse_logit), 0.082355, 0.128122, 5.1e-7);
        check(&prediction, 0.0505000507, 0.1986942498, 1e-10);
        near(median_odds_ratio.value, 1.365153893, 5.1e-10);
        assert_eq!((mean.method, mean.status, mean.clusters), (HARTUNG_KNAPP_T, Status::Ok, Some(12)));
        assert_eq!((mean.n, mean.events, mean.se), (1865.0, Some(182.0), None));
    }

    #[test]
    fn moments_find_another_variance_between_organisations() {
        let effects: Vec<Effect> = organisations().into_iter().filter_map(super::logit).collect();
        let dl = of_effects(&effects, Heterogeneity::DerSimonianLaird, LEVEL_95).unwrap();
        near(dl.tau_squared.value, 0.1048124781, 5.1e-11);
        near(100.0 * dl.i_squared, 58.11145, 5.1e-6);
    }

    #[test]
    fn rates_drawn_towards_the_mean_agree_to_twelve_digits() {
        let expected = [
            0.1105890919084,
            0.0896214814342,
            0.1219187217586,
            0.1222432917046,
            0.0799103755332,
            0.0899286626498,
            0.1320413542250,
            0.0914179001301,
            0.1266885214037,
            0.0769571784522,
            0.1386209224382,
            0.0799849488051,
        ];
        for (share, expected) in twelve().shrunk.iter().zip(expected) {
            near(share.value, expected, 1e-12);
        }
    }

    #[test]
    fn the_median_odds_ratio_and_the_latent_icc_follow_from_the_variance() {
        near(median_odds_ratio(1.0), 2.595742369, 5.1e-10);
        assert_eq!((median_odds_ratio(0.0), latent_icc(0.0)), (1.0, 0.0));
        near(latent_icc(LOGISTIC_VARIANCE), 0.5, 0.0);
        let Variation { logit, latent_icc, .. } = twelve();
        near(latent_icc.hi, super::latent_icc(logit.tau_squared.hi.unwrap()), 0.0);
    }

    #[test]
    fn a_unit_without_events_has_a_half_added() {
        let effect = logit(Tally { n: 30, x: 0 }).unwrap();
        near(effect.y, -4.1109, 5.1e-5);
        near(effect.v, 2.0328, 5.1e-5);
        assert_eq!((logit(Tally { n: 0, x: 0 }), logit(Tally { n: 3, x: 4 })), (None, None));
        let units = [(30, 0), (40, 9), (50, 12)].map(Tally::from);
        let Variation { mean, shrunk, .. } = of_shares(&units, LEVEL_95).unwrap();
        assert!(mean.flags.contains(&Flag::HalfAdded) && shrunk[0].flags.contains(&Flag::HalfAdded));
        assert!(!shrunk[1].flags.contains(&Flag::HalfAdded) && shrunk[0].value.unwrap() > 0.0);
    }

    #[test]
    fn units_that_agree_leave_the_mean_its_width() {
        let Variation { logit, mean, median_odds_ratio, .. } =
            of_shares(&[Tally { n: 50, x: 5 }; 6], LEVEL_95).unwrap();
        assert_eq!((logit.tau_squared.value, logit.i_squared), (Some(0.0), 0.0));
        near(logit.mean.se, (1.0 / 6.0 * (1.0 / 5.0 + 1.0 / 45.0_f64)).sqrt(), 1e-14);
        assert!(mean.half_width().unwrap() > 0.02);
        assert_eq!((median_odds_ratio.value, median_odds_ratio.hi), (Some(1.0), None));
        assert_eq!(median_odds_ratio.status, Status::Boundary(Reason::NoVariation));
    }

    #[test]
    fn four_units_predict_no_fifth() {
        let units = organisations();
        let of = |count: usize| of_shares(&units[..count], LEVEL_95).unwrap();
        assert_eq!(of(4).prediction.status, Status::NotEstimable(Reason::FewClusters));
        assert_eq!(of(4).mean.status, Status::Ok);
        assert!(of(5).prediction.interval().is_some());
        let usual = of(12).prediction;
        assert!(of_shares(&units, LEVEL_998).unwrap().prediction.half_width() > usual.half_width());
    }

    #[test]
    fn a_unit_without_observations_changes_nothing_but_has_no_rate() {
        let mut units = organisations();
        units.insert(3, Tally { n: 0, x: 0 });
        let mut with = of_shares(&units, LEVEL_95).unwrap();
        assert_eq!(with.shrunk.remove(3).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(with, twelve());
    }

    #[test]
    fn what_cannot_vary_says_why() {
        let why = |units: &[(u64, u64)]| {
            of_shares(&units.iter().copied().map(Tally::from).collect::<Vec<_>>(), LEVEL_95).unwrap_err()
        };
        assert_eq!(why(&[]), Reason::NoData);
        assert_eq!(why(&[(20, 3), (0, 0)]), Reason::OneCluster);
        assert_eq!(why(&[(20, 0), (30, 0)]), Reason::NoEvents);
        assert_eq!(why(&[(20, 20), (30, 30)]), Reason::AllEvents);
        assert_eq!(why(&[(20, 21), (30, 3)]), Reason::InconsistentCounts);
        let unknown = [Effect { y: 0.0, v: 0.0 }, Effect { y: 1.0, v: 1.0 }];
        let refused = of_effects(&unknown, Heterogeneity::PauleMandel, LEVEL_95).unwrap_err();
        assert_eq!(refused, Reason::InvalidParameter);
        assert_eq!(of_shares(&organisations(), 1.0).unwrap_err(), Reason::InvalidParameter);
    }
}
