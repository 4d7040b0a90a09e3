//! Which platforms to allow: one for all or a range, and how sure that is.
//!
//! A policy is a set of platforms; each stratum uses the one of them with the best expected share. The choice is made
//! once, by expectations, and valued by draws of what the shares may truly be: a choice that was made and valued by
//! the same noisy numbers would flatter itself. The *frontier* is the best policy of each size.
//!
//! Verdicts are a closed set, in this order: no difference that matters; a range; one platform; not enough evidence.
//!
//! Source: Claxton 1999, J Health Econ 18:341, on decisions by expected value; the rule of verdicts is our own.

use super::joint::Draws;
use crate::stats::status::Reason;

/// Every set of so many platforms is tried.
pub const MOST_PLATFORMS: usize = 15;

/// What is chosen from.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// What the shares may be; a higher one is better.
    pub draws: &'a Draws,
    /// The weight of each stratum; they sum to one. A stratum in which nothing can be used weighs nothing.
    pub weights: &'a [f64],
    /// By stratum: which platforms were seen there.
    pub seen: &'a [Vec<bool>],
    /// By stratum: which platforms may be used there, as far as needs go.
    pub allowed: &'a [Vec<bool>],
}

/// A set of platforms, and which stratum uses which.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The platforms, in order.
    pub platforms: Vec<usize>,
    /// By stratum: the platform that it uses; nothing where none of all platforms can be used.
    pub uses: Vec<Option<usize>>,
    /// Its expected share.
    pub value: f64,
    /// Its share draw by draw.
    pub draws: Vec<f64>,
}

/// What would have to be true for a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The difference that matters.
    pub delta: f64,
    /// What each platform beyond the first costs, in the same unit.
    pub price: f64,
    /// How sure a verdict must be.
    pub level: f64,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every platform is about as good as the best range: choose on price.
    NoMaterialDifference,
    /// A range gains more than it costs.
    Range,
    /// One platform is the best, and a range would not gain what it costs.
    Standardise,
    /// None of these can be said.
    NotEnoughEvidence,
}

/// A verdict with the chances that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// The best policy of each size, from one platform on.
    pub frontier: Vec<Policy>,
    /// The place in the frontier of the range that is held against the best single platform.
    pub range: usize,
    /// By platform that may be used everywhere: the chance that it is the best single one.
    pub best_single: Vec<(usize, f64)>,
    /// What a range is held against the best single platform by; nothing where needs leave no single platform.
    pub against_single: Option<AgainstSingle>,
    /// What each platform beyond the first might cost before the verdict turned, where the price decides.
    pub turning_price: Option<f64>,
    /// What it would be worth to know every share exactly.
    pub perfect_information: f64,
}

/// A range held against the best single platform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgainstSingle {
    /// The difference that a range has to gain.
    pub margin: f64,
    /// What the range gains over the best single platform: mean and limits at the level of the rule.
    pub gain: [f64; 3],
    /// The chance that every single platform is within `delta` of the range.
    pub all_alike: f64,
    /// The chance that the range gains more than the margin.
    pub range_gains: f64,
}

impl Field<'_> {
    /// Whether a platform was seen in a stratum and may be used there.
    fn is_admissible(&self, stratum: usize, platform: usize) -> bool {
        self.seen[stratum][platform] && self.allowed[stratum][platform]
    }

    /// The policy of a set of platforms; nothing where a stratum that weighs something could use none of them.
    fn policy(&self, set: &[usize]) -> Option<Policy> {
        let best = |stratum: usize| {
            let there = set.iter().filter(|platform| self.is_admissible(stratum, **platform));
            there.copied().fold(None, |best: Option<(usize, f64)>, platform| {
                let mean = self.draws.mean(stratum, platform);
                best.filter(|(_, known)| *known >= mean).or(Some((platform, mean)))
            })
        };
        let uses: Vec<Option<usize>> =
            (0..self.weights.len()).map(|stratum| best(stratum).map(|(platform, _)| platform)).collect();
        if uses.iter().zip(self.weights).any(|(used, weight)| used.is_none() && *weight > 0.0) {
            return None;
        }
        let value = |draw: usize| -> f64 {
            let parts = self.weights.iter().zip(&uses).enumerate();
            let part = |(stratum, (weight, platform)): (usize, (&f64, &Option<usize>))| {
                Some(weight * self.draws.share(draw, stratum, (*platform)?))
            };
            parts.filter_map(part).sum()
        };
        let draws: Vec<f64> = (0..self.draws.count()).map(value).collect();
        let value = draws.iter().sum::<f64>() / draws.len() as f64;
        Some(Policy { platforms: set.to_vec(), uses, value, draws })
    }

    /// Whether needs alone keep every platform from being the one for all.
    fn needs_leave_no_single(&self) -> bool {
        let counts = |stratum: usize| self.weights[stratum] > 0.0;
        let barred = |platform: usize| {
            (0..self.weights.len()).any(|stratum| counts(stratum) && !self.allowed[stratum][platform])
        };
        (0..self.draws.platforms()).all(barred)
    }

    /// The best policy of each size, as far as more platforms are expected to bring more; a set of which a platform is
    /// used nowhere is no policy of its size.
    fn frontier(&self) -> Vec<Policy> {
        let mut best: Vec<Option<Policy>> = vec![None; self.draws.platforms()];
        for bits in 1_u32..1 << self.draws.platforms() {
            let set: Vec<usize> =
                (0..self.draws.platforms()).filter(|platform| bits >> platform & 1 == 1).collect();
            let Some(policy) = self.policy(&set) else { continue };
            if !set.iter().all(|platform| policy.uses.contains(&Some(*platform))) {
                continue;
            }
            let known = &mut best[set.len() - 1];
            if known.as_ref().is_none_or(|known| policy.value > known.value) {
                *known = Some(policy);
            }
        }
        let mut frontier: Vec<Policy> = Vec::new();
        for policy in best.into_iter().flatten() {
            if frontier.last().is_none_or(|smaller| policy.value > smaller.value) {
                frontier.push(policy);
            }
        }
        frontier
    }

    fn checked(&self) -> Result<(), Reason> {
        let (strata, platforms) = (self.draws.strata(), self.draws.platforms());
        let total: f64 = self.weights.iter().sum();
        let sound = self.weights.len() == strata
            && [self.seen, self.allowed]
                .iter()
                .all(|of| of.len() == strata && of.iter().all(|there| there.len() == platforms))
            && self.weights.iter().all(|weight| *weight >= 0.0)
            && (total - 1.0).abs() < 1e-9;
        match (self.draws.count(), sound) {
            (0, _) => Err(Reason::NoData),
            (_, false) => Err(Reason::InvalidParameter),
            _ if platforms > MOST_PLATFORMS => Err(Reason::TooLarge),
            _ => Ok(()),
        }
    }
}

/// One platform for all, or a range.
///
/// Where needs leave no platform that may be used everywhere, a range is the verdict whatever the shares.
///
/// # Errors
/// Says why without draws, with weights or platforms that are none, with more than [`MOST_PLATFORMS`], or where no
/// platform was seen everywhere, so that there is nothing to standardise on.
pub fn decide(field: &Field<'_>, rule: &Rule) -> Result<Decision, Reason> {
    field.checked()?;
    let frontier = field.frontier();
    let worth = |policy: &Policy| policy.value - rule.price * (policy.platforms.len() - 1) as f64;
    let ranges = frontier.iter().enumerate().filter(|(_, policy)| policy.platforms.len() > 1);
    // Where no platform is used besides the best single one, the range is that one, and gains nothing.
    let range = ranges.fold(None, |best: Option<(usize, f64)>, (place, policy)| {
        let worth = worth(policy);
        best.filter(|(_, known)| *known >= worth).or(Some((place, worth)))
    });
    let range = range.map_or(0, |(place, _)| place);
    let singles: Vec<Policy> =
        (0..field.draws.platforms()).filter_map(|platform| field.policy(&[platform])).collect();
    let best_single = chances(&singles);
    let Some(single) = frontier.first().filter(|policy| policy.platforms.len() == 1) else {
        if frontier.is_empty() || !field.needs_leave_no_single() {
            return Err(Reason::NoCommonSupport);
        }
        return Ok(Decision {
            verdict: Verdict::Range,
            range,
            best_single,
            against_single: None,
            turning_price: None,
            perfect_information: perfect_information(field, &frontier[range]),
            frontier,
        });
    };
    let gains: Vec<f64> =
        frontier[range].draws.iter().zip(&single.draws).map(|(range, one)| range - one).collect();
    let more = frontier[range].platforms.len() - 1;
    let against = AgainstSingle::of(&gains, &frontier[range], &singles, rule);
    let chance_of_single = best_single.iter().find(|(platform, _)| *platform == single.platforms[0]);
    let is_best = chance_of_single.is_some_and(|(_, chance)| *chance >= rule.level);
    let verdict = match () {
        // Of one that alone may be used everywhere there is no choice to be made on price.
        () if against.all_alike >= rule.level && singles.len() > 1 => Verdict::NoMaterialDifference,
        () if more > 0 && against.range_gains >= rule.level => Verdict::Range,
        () if 1.0 - against.range_gains >= rule.level && is_best => Verdict::Standardise,
        () => Verdict::NotEnoughEvidence,
    };
    let mut sorted = gains;
    sorted.sort_by(f64::total_cmp);
    Ok(Decision {
        verdict,
        range,
        best_single,
        against_single: Some(against),
        turning_price: turning_price(verdict, &sorted, more, rule),
        perfect_information: perfect_information(field, &frontier[range]),
        frontier,
    })
}

impl AgainstSingle {
    /// What these gains of a range say, draw by draw.
    fn of(gains: &[f64], range: &Policy, singles: &[Policy], rule: &Rule) -> Self {
        let more = range.platforms.len() - 1;
        let margin = rule.delta.max(rule.price * more as f64);
        let share = |holds: &dyn Fn(usize) -> bool| {
            (0..gains.len()).filter(|draw| holds(*draw)).count() as f64 / gains.len() as f64
        };
        let mut sorted = gains.to_vec();
        sorted.sort_by(f64::total_cmp);
        let tail = (1.0 - rule.level) / 2.0;
        let mean = gains.iter().sum::<f64>() / gains.len() as f64;
        let is_alike =
            |draw: usize| singles.iter().all(|one| range.draws[draw] - one.draws[draw] <= rule.delta);
        Self {
            margin,
            gain: [mean, quantile(&sorted, tail), quantile(&sorted, 1.0 - tail)],
            all_alike: share(&is_alike),
            range_gains: share(&|draw| gains[draw] > margin),
        }
    }
}

/// The chance of each single platform to be the best one.
fn chances(singles: &[Policy]) -> Vec<(usize, f64)> {
    let count = singles.first().map_or(0, |policy| policy.draws.len());
    let mut wins = vec![0_u64; singles.len()];
    for draw in 0..count {
        let best = singles.iter().enumerate().fold(0, |best, (place, policy)| {
            if policy.draws[draw] > singles[best].draws[draw] { place } else { best }
        });
        wins[best] += 1;
    }
    singles.iter().zip(wins).map(|(policy, wins)| (policy.platforms[0], wins as f64 / count as f64)).collect()
}

/// The nearest rank.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The price at which a range would no longer be the verdict, or no longer be ruled out.
fn turning_price(verdict: Verdict, sorted: &[f64], more: usize, rule: &Rule) -> Option<f64> {
    let gained = match verdict {
        Verdict::Range => quantile(sorted, 1.0 - rule.level),
        Verdict::Standardise => quantile(sorted, rule.level),
        Verdict::NoMaterialDifference | Verdict::NotEnoughEvidence => return None,
    };
    (more > 0 && gained > rule.delta).then(|| gained / more as f64)
}

/// By how much the best platform of every stratum, if it were known, would beat the range on average.
fn perfect_information(field: &Field<'_>, range: &Policy) -> f64 {
    let best = |draw: usize| -> f64 {
        let highest = |stratum: usize| {
            let there =
                (0..field.draws.platforms()).filter(|platform| field.is_admissible(stratum, *platform));
            there.map(|platform| field.draws.share(draw, stratum, platform)).fold(0.0, f64::max)
        };
        field.weights.iter().enumerate().map(|(stratum, weight)| weight * highest(stratum)).sum()
    };
    let known = (0..field.draws.count()).map(best).sum::<f64>() / field.draws.count() as f64;
    (known - range.value).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    const RULE: Rule = Rule { delta: 0.01, price: 0.0, level: 0.95 };

    /// Draws of two strata and two platforms around the shares given, one point to either side.
    fn draws(shares: [[f64; 2]; 2], apart: f64) -> Draws {
        let one = |sign: f64| shares.into_iter().flatten().map(move |share| share + sign * apart);
        Draws::new(2, 2, one(1.0).chain(one(-1.0)).collect()).unwrap()
    }

    fn all(strata: usize, platforms: usize) -> Vec<Vec<bool>> {
        vec![vec![true; platforms]; strata]
    }

    fn decided(shares: [[f64; 2]; 2], admissible: [[bool; 2]; 2], rule: &Rule) -> Result<Decision, Reason> {
        let admissible: Vec<Vec<bool>> = admissible.iter().map(|there| there.to_vec()).collect();
        let draws = draws(shares, 0.01);
        let seen = vec![vec![true; 2]; 2];
        decide(&Field { draws: &draws, weights: &[0.6, 0.4], seen: &admissible, allowed: &seen }, rule)
    }

    #[test]
    fn each_stratum_uses_what_is_best_for_it() {
        let found = decided([[0.9, 0.8], [0.7, 0.85]], [[true; 2]; 2], &RULE).unwrap();
        assert_eq!(found.verdict, Verdict::Range);
        assert_eq!((found.range, &found.frontier[1].uses[..]), (1, &[Some(0), Some(1)][..]));
        // The best single one is that of 0.6 x 0.9 + 0.4 x 0.7 = 0.82, or 0.6 x 0.8 + 0.4 x 0.85 = 0.82: the first.
        near(found.frontier[0].value, 0.82, 1e-12);
        near(found.against_single.unwrap().gain[0], 0.06, 1e-12);
        near(found.perfect_information, 0.0, 1e-12);
        near(found.turning_price, 0.06, 1e-12);
    }

    /// The two worse ones would make a range, and a worse one than the best alone.
    #[test]
    fn where_one_is_the_best_everywhere_there_is_no_range() {
        let draws = Draws::new(2, 3, vec![0.9, 0.8, 0.7, 0.9, 0.7, 0.8]).unwrap();
        let field = Field { draws: &draws, weights: &[0.5, 0.5], seen: &all(2, 3), allowed: &all(2, 3) };
        let found = decide(&field, &RULE).unwrap();
        assert_eq!((found.verdict, found.range, found.frontier.len()), (Verdict::Standardise, 0, 1));
        let against = found.against_single.unwrap();
        assert_eq!((against.gain, against.range_gains), ([0.0; 3], 0.0));
    }

    #[test]
    fn a_range_that_costs_what_it_gains_is_none() {
        let found =
            decided([[0.9, 0.8], [0.7, 0.75]], [[true; 2]; 2], &Rule { price: 0.03, ..RULE }).unwrap();
        assert_eq!(found.verdict, Verdict::Standardise);
        near(found.against_single.unwrap().margin, 0.03, 0.0);
        near(found.against_single.unwrap().gain[0], 0.02, 1e-12);
        near(found.turning_price, 0.02, 1e-12);
        assert_eq!(found.best_single, [(0, 1.0), (1, 0.0)]);
    }

    #[test]
    fn platforms_that_are_all_alike_are_chosen_on_price() {
        let found = decided([[0.9, 0.895], [0.8, 0.802]], [[true; 2]; 2], &RULE).unwrap();
        assert_eq!(found.verdict, Verdict::NoMaterialDifference);
        near(found.against_single.unwrap().all_alike, 1.0, 0.0);
    }

    #[test]
    fn what_is_not_sure_enough_is_not_said() {
        let draws = Draws::new(1, 2, vec![0.9, 0.8, 0.8, 0.9]).unwrap();
        let field = Field { draws: &draws, weights: &[1.0], seen: &all(1, 2), allowed: &all(1, 2) };
        let found = decide(&field, &RULE).unwrap();
        assert_eq!(found.verdict, Verdict::NotEnoughEvidence);
        assert_eq!(found.best_single, [(0, 0.5), (1, 0.5)]);
        near(found.perfect_information, 0.05, 1e-12);
        assert_eq!(found.turning_price, None);
    }

    #[test]
    fn what_may_not_be_used_everywhere_cannot_be_the_one_for_all() {
        let found = decided([[0.9, 0.8], [0.7, 0.85]], [[true, true], [false, true]], &RULE).unwrap();
        assert_eq!(found.frontier[0].platforms, [1]);
        let none = decided([[0.9, 0.8], [0.7, 0.85]], [[true, false], [false, true]], &RULE);
        assert_eq!(none.map(|found| found.verdict), Err(Reason::NoCommonSupport));
    }

    /// Needs that leave each platform to one stratum make a range; one that alone is left everywhere is the one.
    #[test]
    fn needs_come_before_shares() {
        let draws = draws([[0.9, 0.8], [0.7, 0.85]], 0.01);
        let by_needs = |allowed: &[Vec<bool>], weights: &[f64]| {
            decide(&Field { draws: &draws, weights, seen: &all(2, 2), allowed }, &RULE)
        };
        let apart = by_needs(&[vec![false, true], vec![true, false]], &[0.6, 0.4]).unwrap();
        assert_eq!(
            (apart.verdict, apart.against_single, &apart.best_single[..]),
            (Verdict::Range, None, &[][..])
        );
        assert_eq!(apart.frontier[apart.range].uses, [Some(1), Some(0)]);
        near(apart.frontier[apart.range].value, 0.6 * 0.8 + 0.4 * 0.7, 1e-12);
        let one = by_needs(&[vec![false, true], vec![true, true]], &[0.6, 0.4]).unwrap();
        assert_eq!((one.verdict, &one.frontier[0].platforms[..]), (Verdict::Standardise, &[1][..]));
        // A stratum in which nothing may be used has no say.
        let left_out = by_needs(&[vec![true, true], vec![false, false]], &[1.0, 0.0]).unwrap();
        assert_eq!(left_out.frontier[0].uses, [Some(0), None]);
        let weighed = by_needs(&[vec![true, true], vec![false, false]], &[0.6, 0.4]);
        assert_eq!(weighed.map(|found| found.verdict), Err(Reason::NoCommonSupport));
    }

    #[test]
    fn a_field_that_is_none_is_refused() {
        let draws = draws([[0.9, 0.8], [0.7, 0.85]], 0.0);
        for weights in [&[0.6][..], &[0.6, 0.6], &[1.4, -0.4]] {
            let field = Field { draws: &draws, weights, seen: &all(2, 2), allowed: &all(2, 2) };
            assert_eq!(decide(&field, &RULE), Err(Reason::InvalidParameter));
        }
    }
}
