//! What it is worth that every stratum may choose its platform, against one platform for all.
//!
//! With a range each stratum uses the platform with the best expected share; standardised, all use the one that is
//! best on the whole. The difference is the value of choosing per stratum, and never negative. It rests on
//! expectations over beliefs that were drawn towards each other beforehand, since strata that choose among raw shares
//! find a gain where there is none: two like platforms with 90 % of 100 seem to be worth 1.7 points a stratum.
//!
//! Source: Claxton 1999, J Health Econ 18:341, on decisions by expected value; Raiffa & Schlaifer 1961 for the value
//! of information.

use super::belief::Belief;
use super::best::best;
use crate::stats::status::Reason;

/// One stratum: how much of all it is, and what its platforms may be like there.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Its weight; weights are brought to one.
    pub weight: f64,
    /// By platform; nothing where it cannot be used or was not seen.
    pub platforms: Vec<Option<Belief>>,
}

/// A range against one platform for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// By stratum: the platform that it chooses.
    pub chosen: Vec<usize>,
    /// The expected share if every stratum uses its own.
    pub range: f64,
    /// The platform that is best for all, of those that are there in every stratum, and its expected share.
    pub single: Option<(usize, f64)>,
    /// The gain of the range over that one.
    pub gain: Option<f64>,
    /// What it would be worth to know the shares of every stratum exactly.
    pub perfect_information: f64,
}

/// What a range is worth in these strata, all of which tell of the same platforms in the same order.
///
/// # Errors
/// Says why where there are no strata, weights that are none, strata of different platforms, or a stratum in which no
/// platform can be used.
pub fn choose(strata: &[Stratum]) -> Result<Choice, Reason> {
    let platforms = strata.first().ok_or(Reason::NoData)?.platforms.len();
    let total: f64 = strata.iter().map(|stratum| stratum.weight).sum();
    let sound = |stratum: &Stratum| stratum.weight > 0.0 && stratum.platforms.len() == platforms;
    if !(total.is_finite() && strata.iter().all(sound)) {
        return Err(Reason::InvalidParameter);
    }
    let mut choice =
        Choice { chosen: Vec::new(), range: 0.0, single: None, gain: None, perfect_information: 0.0 };
    for stratum in strata {
        let there = stratum.platforms.iter().enumerate().filter_map(|(k, belief)| Some((k, (*belief)?)));
        let there: Vec<(usize, Belief)> = there.collect();
        let (chosen, belief) =
            highest(there.iter().map(|(k, belief)| (*k, belief.mean()))).ok_or(Reason::NoCommonSupport)?;
        let beliefs: Vec<Belief> = there.into_iter().map(|(_, belief)| belief).collect();
        let weight = stratum.weight / total;
        choice.chosen.push(chosen);
        choice.range += weight * belief;
        choice.perfect_information += weight * best(&beliefs)?.perfect_information;
    }
    let everywhere = (0..platforms).filter_map(|k| {
        let part = |stratum: &Stratum| Some(stratum.weight / total * (stratum.platforms[k]?).mean());
        Some((k, strata.iter().map(part).sum::<Option<f64>>()?))
    });
    choice.single = highest(everywhere);
    choice.gain = choice.single.map(|(_, value)| (choice.range - value).max(0.0));
    Ok(choice)
}

/// The highest value, and whose it is; the first of several.
fn highest(values: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    values.fold(None, |best, (k, value)| match best {
        Some((_, known)) if known >= value => best,
        _ => Some((k, value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    fn stratum(weight: f64, counts: &[(f64, f64)]) -> Stratum {
        let belief = |(x, n): &(f64, f64)| Some(Belief::of(*x, *n).unwrap());
        Stratum { weight, platforms: counts.iter().map(belief).collect() }
    }

    fn services() -> Vec<Stratum> {
        vec![
            stratum(0.5, &[(188.0, 200.0), (180.0, 200.0)]),
            stratum(0.3, &[(150.0, 200.0), (170.0, 200.0)]),
            stratum(0.2, &[(95.0, 100.0), (80.0, 100.0)]),
        ]
    }

    #[test]
    fn three_services_agree_to_ten_digits() {
        let choice = choose(&services()).unwrap();
        assert_eq!(choice.chosen, [0, 1, 0]);
        let (single, value) = choice.single.unwrap();
        assert_eq!(single, 0);
        near(value, 0.882_641_249_2, 6e-11);
        near(choice.range, 0.912_491_995_5, 6e-11);
        near(choice.gain, 0.029_850_746_3, 6e-11);
        near(choice.perfect_information, 0.000_447_200_7, 6e-11);
    }

    #[test]
    fn weights_need_not_sum_to_one() {
        let double: Vec<Stratum> = services()
            .into_iter()
            .map(|stratum| Stratum { weight: 2.0 * stratum.weight, ..stratum })
            .collect();
        near(choose(&double).unwrap().range, choose(&services()).unwrap().range, 1e-15);
    }

    #[test]
    fn one_stratum_has_nothing_to_gain() {
        assert_eq!(choose(&services()[..1]).unwrap().gain, Some(0.0));
    }

    #[test]
    fn a_platform_that_is_missing_somewhere_cannot_be_the_one_for_all() {
        let mut strata = services();
        strata[2].platforms[0] = None;
        let choice = choose(&strata).unwrap();
        assert_eq!((choice.chosen, choice.single.map(|(k, _)| k)), (vec![0, 1, 1], Some(1)));
        strata[0].platforms[1] = None;
        assert_eq!(choose(&strata).unwrap().gain, None);
        strata[0].platforms[0] = None;
        assert_eq!(choose(&strata), Err(Reason::NoCommonSupport));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(choose(&[]), Err(Reason::NoData));
        let mut strata = services();
        strata[1].platforms.pop();
        assert_eq!(choose(&strata), Err(Reason::InvalidParameter));
        assert_eq!(choose(&[stratum(0.0, &[(1.0, 2.0)])]), Err(Reason::InvalidParameter));
    }
}
