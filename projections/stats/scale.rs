//! What a score on a questionnaire means: the grade or grades it may have, and whether its items agree.
//!
//! A System Usability Scale score is not a percentage: 68 is the middle of published studies. The curved grades
//! and the adjectives say where a mean stands among them, but a mean has limits, and only limits within one
//! band earn one grade; otherwise the range of bands is given. Cronbach's alpha says whether the items measure
//! one thing. Scoring, missing items and means are elsewhere: answers are scored where they are read, and
//! [`mean`](super::mean) has the mean and its limits, cut to the scale and flagged below twelve answers.
//!
//! Sources: Sauro & Lewis 2016, Quantifying the User Experience, for the grades; Bangor, Kortum & Miller 2009,
//! J Usability Stud 4:114, for the adjectives; Cronbach 1951, Psychometrika 16:297; Feldt 1965, Psychometrika
//! 30:357, for the limits of alpha.

use std::fmt;

use serde::Serialize;

use super::estimate::{Estimate, Interval, tail};
use super::exact::Wide;
use super::mean::FEW_ANSWERS;
use super::special::beta;
use super::status::{Flag, Reason, Status};

/// The name of Cronbach's alpha.
pub const CRONBACH_ALPHA: &str = "cronbach_alpha_feldt";

/// The curved grades of a SUS score: each from this many tenths of a point.
const GRADES: [(u32, &str); 11] = [
    (0, "F"),
    (517, "D"),
    (627, "C\u{2212}"),
    (650, "C"),
    (711, "C+"),
    (726, "B\u{2212}"),
    (741, "B"),
    (772, "B+"),
    (789, "A\u{2212}"),
    (808, "A"),
    (841, "A+"),
];

/// The mean SUS score of products that respondents gave this adjective.
const ADJECTIVES: [(f64, &str); 7] = [
    (12.5, "worst imaginable"),
    (20.3, "awful"),
    (35.7, "poor"),
    (50.9, "OK"),
    (71.4, "good"),
    (85.5, "excellent"),
    (90.9, "best imaginable"),
];

/// Below this, what is left of one is rounding.
const ROUNDING: f64 = 1e-13;

/// The bands in which the limits of a score lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bands {
    /// The band of the lower limit.
    pub lowest: &'static str,
    /// The band of the upper limit.
    pub highest: &'static str,
}

impl Bands {
    fn of(score: &Estimate, band: impl Fn(f64) -> Option<&'static str>) -> Option<Self> {
        let Interval { lo, hi, .. } = score.interval()?;
        Some(Self { lowest: band(lo)?, highest: band(hi)? })
    }
}

impl fmt::Display for Bands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lowest)?;
        if self.lowest == self.highest { Ok(()) } else { write!(f, " to {}", self.highest) }
    }
}

/// The curved grades that a mean SUS score may have within its limits; nothing without limits.
pub fn grades(score: &Estimate) -> Option<Bands> {
    Bands::of(score, grade)
}

/// The adjectives that a mean SUS score may have within its limits; nothing without limits.
pub fn adjectives(score: &Estimate) -> Option<Bands> {
    Bands::of(score, adjective)
}

/// The curved grade of a SUS score without regard to its limits; nothing outside 0 to 100.
///
/// The bands are published to one decimal, so the score is rounded to one first.
pub fn grade(score: f64) -> Option<&'static str> {
    let tenths = within(score).map(|score| libm::round(score * 10.0) as u32)?;
    GRADES.iter().rev().find(|(from, _)| *from <= tenths).map(|(_, name)| *name)
}

/// The adjective whose published mean is nearest to a SUS score, the lower one half-way; nothing outside 0 to 100.
pub fn adjective(score: f64) -> Option<&'static str> {
    let score = within(score)?;
    let away = |mean: f64| (score - mean).abs();
    ADJECTIVES.iter().min_by(|(a, _), (b, _)| away(*a).total_cmp(&away(*b))).map(|(_, name)| *name)
}

fn within(score: f64) -> Option<f64> {
    (0.0..=100.0).contains(&score).then_some(score)
}

/// The sums over complete answers to a questionnaire, all items scored in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Items {
    /// Answers.
    pub n: u64,
    /// The sum of each item.
    pub sums: Vec<u128>,
    /// The sums of products of two items, of the first with itself and each later one, then of the second, and so on.
    pub products: Vec<u128>,
}

/// Cronbach's alpha: the share of the variance of the total score that the items have in common.
///
/// It may be negative, where items contradict each other. Limits are Feldt's, which assume normal scores and
/// respondents and items without interaction; where the items agree completely there are none.
pub fn cronbach_alpha(items: &Items, level: f64) -> Estimate {
    alpha(items, level)
        .unwrap_or_else(|why| Estimate::not_estimable(CRONBACH_ALPHA, level, why))
        .with_n(items.n as f64)
        .with_flag_if(items.n < FEW_ANSWERS, Flag::FewObservations)
}

fn alpha(items: &Items, level: f64) -> Result<Estimate, Reason> {
    let tail = tail(level).ok_or(Reason::InvalidParameter)?;
    let (own, total) = items.spreads()?;
    if total == 0.0 {
        return Err(Reason::NoVariation);
    }
    let (n, k) = (items.n as f64, items.sums.len() as f64);
    let apart = 1.0 - k / (k - 1.0) * (1.0 - own / total);
    if apart.abs() < ROUNDING {
        let status = Status::Boundary(Reason::Stated("every item says the same of every respondent"));
        return Ok(Estimate::alone(CRONBACH_ALPHA, level, 1.0, status));
    }
    let (df, df_items) = (n - 1.0, (n - 1.0) * (k - 1.0));
    let quantile = |p: f64| {
        let (x, rest) = beta::quantile_pair(p, df / 2.0, df_items / 2.0);
        x / rest * (k - 1.0)
    };
    let limit = |p: f64| 1.0 - apart * quantile(p);
    let interval = Interval { value: 1.0 - apart, lo: limit(1.0 - tail), hi: limit(tail) };
    Ok(Estimate::between(CRONBACH_ALPHA, level, interval).with_df(df))
}

impl Items {
    /// n² times the sum of the variances of the items, and n² times the variance of their total.
    fn spreads(&self) -> Result<(f64, f64), Reason> {
        let (n, k) = (u128::from(self.n), self.sums.len());
        match self.n {
            0 => return Err(Reason::NoData),
            1 => return Err(Reason::OneObservation),
            _ if k < 2 => return Err(Reason::InvalidParameter),
            _ if self.products.len() != k * (k + 1) / 2 => return Err(Reason::InconsistentCounts),
            _ => {}
        }
        let (mut own, mut products, mut sum) = (Wide::product(0, 0), 0_u128, 0_u128);
        let mut rest = self.products.iter();
        for (item, item_sum) in self.sums.iter().enumerate() {
            let square = *rest.next().ok_or(Reason::InconsistentCounts)?;
            let shared = rest.by_ref().take(k - 1 - item).try_fold(0_u128, |sum, x| sum.checked_add(*x));
            let shared = shared.and_then(|shared| shared.checked_mul(2)).ok_or(Reason::TooLarge)?;
            let all = square.checked_add(shared).and_then(|all| products.checked_add(all));
            products = all.ok_or(Reason::TooLarge)?;
            sum = sum.checked_add(*item_sum).ok_or(Reason::TooLarge)?;
            own = own.plus(spread(n, square, *item_sum)?).ok_or(Reason::TooLarge)?;
        }
        Ok((own.as_f64(), spread(n, products, sum)?.as_f64()))
    }
}

/// n times the sum of squares minus the square of the sum.
fn spread(n: u128, squares: u128, sum: u128) -> Result<Wide, Reason> {
    Wide::product(n, squares).minus(Wide::product(sum, sum)).ok_or(Reason::InconsistentCounts)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// Five answers to ten items, as given: every second item is worded against the product.
    const FIVE: [[u128; 10]; 5] = [
        [4, 2, 5, 1, 4, 2, 5, 2, 4, 1],
        [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
        [5, 1, 5, 1, 5, 1, 5, 1, 5, 1],
        [2, 4, 2, 3, 3, 4, 2, 4, 2, 4],
        [4, 1, 4, 2, 3, 2, 4, 1, 5, 2],
    ];

    fn scored(answers: &[[u128; 10]]) -> Vec<Vec<u128>> {
        let score = |(item, x): (usize, &u128)| if item % 2 == 0 { x - 1 } else { 5 - x };
        answers.iter().map(|answer| answer.iter().enumerate().map(score).collect()).collect()
    }

    fn items(answers: &[Vec<u128>]) -> Items {
        let k = answers.first().map_or(0, Vec::len);
        let sum = |of: &dyn Fn(&[u128]) -> u128| answers.iter().map(|answer| of(answer)).sum::<u128>();
        let pairs = (0..k).flat_map(|j| (j..k).map(move |l| (j, l)));
        Items {
            n: answers.len() as u64,
            sums: (0..k).map(|j| sum(&|answer| answer[j])).collect(),
            products: pairs.map(|(j, l)| sum(&|answer| answer[j] * answer[l])).collect(),
        }
    }

    fn score(lo: f64, hi: f64) -> Estimate {
        Estimate::between("test", LEVEL_95, Interval { value: (lo + hi) / 2.0, lo, hi })
    }

    #[test]
    fn alpha_of_five_answers_agrees_to_ten_digits() {
        let estimate = cronbach_alpha(&items(&scored(&FIVE)), LEVEL_95);
        near(estimate.value, 0.9851621808, 5.1e-11);
        assert_eq!((estimate.n, &estimate.flags[..]), (5.0, &[Flag::FewObservations][..]));
        assert!(estimate.contains(0.98) && estimate.status == Status::Ok);
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        answers: Vec<Vec<u64>>,
        alpha: [f64; 3],
    }

    #[test]
    fn alpha_of_random_answers_agrees() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/cronbach.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            let answers: Vec<Vec<u128>> =
                case.answers.iter().map(|answer| answer.iter().map(|x| u128::from(*x)).collect()).collect();
            let estimate = cronbach_alpha(&items(&answers), LEVEL_95);
            let [value, lo, hi] = case.alpha;
            near(estimate.value, value, 1e-11);
            near(estimate.lo, lo, 1e-10);
            near(estimate.hi, hi, 1e-10);
        }
    }

    #[test]
    fn items_that_agree_completely_have_an_alpha_of_one_without_limits() {
        let estimate = cronbach_alpha(&items(&[vec![1, 2, 1], vec![3, 4, 3], vec![2, 3, 2]]), LEVEL_95);
        assert_eq!((estimate.value, estimate.lo, estimate.hi), (Some(1.0), None, None));
        assert!(matches!(estimate.status, Status::Boundary(Reason::Stated(_))));
    }

    #[test]
    fn items_that_contradict_each_other_have_a_negative_alpha() {
        let estimate = cronbach_alpha(&items(&[vec![1, 4], vec![3, 3], vec![5, 1], vec![2, 4]]), LEVEL_95);
        assert!(estimate.value.unwrap() < -1.0 && estimate.interval().is_some());
    }

    #[test]
    fn what_has_no_variance_to_share_has_no_alpha() {
        let status = |items: &Items| cronbach_alpha(items, LEVEL_95).status;
        assert_eq!(status(&Items::default()), Status::NotEstimable(Reason::NoData));
        assert_eq!(status(&items(&[vec![1, 2]])), Status::NotEstimable(Reason::OneObservation));
        assert_eq!(status(&items(&[vec![1], vec![2]])), Status::NotEstimable(Reason::InvalidParameter));
        assert_eq!(status(&items(&[vec![1, 2], vec![1, 2]])), Status::NotEstimable(Reason::NoVariation));
        assert_eq!(status(&items(&[vec![1, 2], vec![2, 1]])), Status::NotEstimable(Reason::NoVariation));
        let few = Items { products: vec![1, 2], ..items(&[vec![1, 2], vec![3, 2]]) };
        assert_eq!(status(&few), Status::NotEstimable(Reason::InconsistentCounts));
        let impossible = Items { n: 2, sums: vec![9, 9], products: vec![1, 1, 1] };
        assert_eq!(status(&impossible), Status::NotEstimable(Reason::InconsistentCounts));
        let huge = Items { n: 2, sums: vec![0, 0], products: vec![u128::MAX, 1, 1] };
        assert_eq!(status(&huge), Status::NotEstimable(Reason::TooLarge));
        let level = cronbach_alpha(&items(&scored(&FIVE)), 0.0);
        assert_eq!(level.status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn grades_change_where_the_published_bands_do() {
        for (score, name) in [
            (0.0, "F"),
            (51.6, "F"),
            (51.7, "D"),
            (62.6, "D"),
            (62.7, "C−"),
            (64.9, "C−"),
            (65.0, "C"),
            (68.0, "C"),
            (71.0, "C"),
            (71.1, "C+"),
            (72.5, "C+"),
            (72.6, "B−"),
            (74.0, "B−"),
            (74.1, "B"),
            (77.1, "B"),
            (77.2, "B+"),
            (78.8, "B+"),
            (78.9, "A−"),
            (80.7, "A−"),
            (80.8, "A"),
            (84.0, "A"),
            (84.04, "A"),
            (84.06, "A+"),
            (84.1, "A+"),
            (100.0, "A+"),
        ] {
            assert_eq!(grade(score), Some(name), "{score}");
        }
        assert!([-0.1, 100.1, f64::NAN].iter().all(|score| grade(*score).is_none()));
    }

    #[test]
    fn a_score_has_one_grade_only_if_its_limits_do() {
        assert_eq!(grades(&score(65.2, 70.8)).unwrap().to_string(), "C");
        assert_eq!(grades(&score(64.0, 78.0)).unwrap().to_string(), "C− to B+");
        assert_eq!(grades(&Estimate::not_estimable("test", LEVEL_95, Reason::NoData)), None);
        let alone = Estimate::alone("test", LEVEL_95, 70.0, Status::NotEstimable(Reason::OneObservation));
        assert_eq!((grades(&alone), adjectives(&alone)), (None, None));
    }

    #[test]
    fn adjectives_are_those_nearest() {
        for (score, name) in [
            (0.0, "worst imaginable"),
            (20.3, "awful"),
            (28.0, "awful"),
            (40.0, "poor"),
            (61.1, "OK"),
            (61.2, "good"),
            (85.5, "excellent"),
            (100.0, "best imaginable"),
        ] {
            assert_eq!(adjective(score), Some(name), "{score}");
        }
        assert_eq!(adjectives(&score(55.0, 80.0)).unwrap().to_string(), "OK to excellent");
        assert_eq!(adjective(f64::NAN), None);
    }
}
