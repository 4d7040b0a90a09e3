//! One share over several answers that were rounded apart from each other: what it must be, and what nobody can tell.
//!
//! Each count that was shown may be some less or more, and each that was hidden anything that its hiding allows. So the
//! share of all together lies between two limits, which need no assumption: fewest of most, and most of fewest. Both are
//! told to a tenth of a percent, outwards. How it would vary with other consultations is estimated at either end, by
//! what is between the answers (each is a cluster), and what is told covers both; between the ends it is not looked.
//!
//! Sources: Manski 2003, Partial Identification of Probability Distributions, chapter 1, for bounds without
//! assumptions; Horowitz & Manski 2000, J Am Stat Assoc 95:77, for intervals that cover both ends; what is estimated at
//! an end as in [`cluster`](crate::stats::cluster) and [`proportion`](crate::stats::proportion).

use super::Told;
use crate::stats::cluster::{self, PLANNING_ICC, Tally};
use crate::stats::{Estimate, Reason, proportion};

/// In what steps limits are told.
const STEPS: u64 = 1_000;

/// One share over several answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// Sums of what was shown, over the answers that show both numbers.
    pub shown: [u64; 2],
    /// How many answers hide one of them, or both.
    pub hidden: usize,
    /// The share over all answers as they show it, where none hides any of it.
    pub value: Option<f64>,
    /// Between which limits the exact share lies; none where nothing is told of it, or there are no consultations.
    pub limits: Option<[f64; 2]>,
    /// The largest share of the consultations that may lie in answers which hide some of it.
    pub affected: f64,
    /// Limits that allow for chance besides.
    pub chance: Result<Chance, Reason>,
}

/// Limits that allow for chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// The lower one.
    pub lo: f64,
    /// The upper one.
    pub hi: f64,
    /// The method at both ends.
    pub method: &'static str,
}

/// What answers vary by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clusters {
    /// Each answer is a cluster of consultations.
    Answers,
    /// Consultations share nothing.
    None,
}

/// What a number may be; no upper limit: nobody can tell.
#[derive(Debug, Clone, Copy)]
struct Range {
    lo: u64,
    hi: Option<u64>,
}

impl From<Told> for Range {
    fn from(told: Told) -> Self {
        let (lo, hi) = told.range();
        Self { lo, hi: (hi < u64::MAX).then_some(hi) }
    }
}

/// The numbers of one answer at either end: of the lower one none where nobody can tell how many there may be, of the
/// upper one none where nobody can tell how many of them.
struct Ends {
    fewest: Option<Tally>,
    most: Option<Tally>,
}

/// Whether `x` of `n` can be a share, as they are told.
#[must_use]
pub fn is_share([x, n]: [Told; 2]) -> bool {
    Range::from(n).hi.is_none_or(|most| x.range().0 <= most)
}

/// The share over all of these answers, each told as `[of them, all]`.
#[must_use]
pub fn pooled(answers: &[[Told; 2]], level: f64, clusters: Clusters) -> Pooled {
    let both = |[x, n]: &[Told; 2]| Some([x.number()?, n.number()?]);
    let shown = answers.iter().filter_map(both).fold([0, 0], |sum, [x, n]| [sum[0] + x, sum[1] + n]);
    let hidden = answers.iter().filter(|answer| both(answer).is_none()).count();
    let ends: Vec<Ends> = answers.iter().map(|answer| Ends::of(*answer)).collect();
    let is_told = answers.iter().any(|[_, n]| n.number().is_some_and(|n| n > 0));
    let fewest: Option<Vec<Tally>> = ends.iter().map(|ends| ends.fewest).collect();
    let most: Option<Vec<Tally>> = ends.iter().map(|ends| ends.most).collect();
    let least = fewest.as_deref().map_or(0.0, |tallies| stepped(tallies, Way::Down));
    let largest = most.as_deref().map_or(1.0, |tallies| stepped(tallies, Way::Up));
    Pooled {
        shown,
        hidden,
        value: (hidden == 0 && is_told).then(|| {
            let [x, n] = shown;
            (x as f64 / n as f64 * STEPS as f64).round() / STEPS as f64
        }),
        limits: is_told.then_some([least, largest]),
        affected: affected(answers),
        chance: match (is_told, fewest, most) {
            (false, ..) => Err(Reason::NoData),
            (true, Some(fewest), Some(most)) => chance([&fewest, &most], level, clusters),
            _ => Err(Reason::Stated("how many there may be is hidden")),
        },
    }
}

impl Ends {
    /// The fewest of the most, and the most of the fewest: what makes the share over all least, and largest, whatever
    /// the other answers are. One more who is both among them and among all makes it larger, and one who is only among
    /// all smaller.
    fn of([x, n]: [Told; 2]) -> Self {
        let (x, n) = (Range::from(x), Range::from(n));
        let of_them = match (x.hi, n.hi) {
            (Some(x), Some(n)) => Some(x.min(n)),
            (one, other) => one.or(other),
        };
        Self {
            fewest: n.hi.map(|n| Tally { n, x: x.lo.min(n) }),
            most: of_them.map(|x| Tally { n: n.lo.max(x), x }),
        }
    }
}

/// To which side a share is told.
#[derive(Debug, Clone, Copy)]
enum Way {
    Down,
    Up,
}

/// The share of all together, told in whole steps to one side, reckoned in whole numbers.
fn stepped(tallies: &[Tally], way: Way) -> f64 {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(|tally| u128::from(of(tally))).sum::<u128>();
    let (x, n) = (sum(|tally| tally.x) * u128::from(STEPS), sum(|tally| tally.n).max(1));
    let steps = match way {
        Way::Down => x / n,
        Way::Up => x.div_ceil(n),
    };
    steps as f64 / STEPS as f64
}

/// The largest share of all consultations that may lie in answers which hide some of it, told upwards.
fn affected(answers: &[[Told; 2]]) -> f64 {
    let hides = |answer: &&[Told; 2]| answer.iter().any(|told| told.is_hidden());
    let most = answers.iter().filter(hides).map(|[_, n]| Range::from(*n).hi.map(u128::from));
    let Some(most) = most.sum::<Option<u128>>() else { return 1.0 };
    let others = answers.iter().filter(|answer| !hides(answer)).map(|[_, n]| u128::from(n.range().0));
    let all = (most + others.sum::<u128>()).max(1);
    (most * u128::from(STEPS)).div_ceil(all) as f64 / STEPS as f64
}

/// The limits that allow for chance at both ends.
fn chance(ends: [&[Tally]; 2], level: f64, clusters: Clusters) -> Result<Chance, Reason> {
    let found = ends.map(|tallies| estimated(tallies, level, clusters));
    let limits = |estimate: &Estimate| Some([estimate.lo?, estimate.hi?]);
    let [fewest, most] = &found;
    match (limits(fewest), limits(most)) {
        _ if clusters == Clusters::Answers && ends.iter().any(|tallies| seen(tallies) < 2) => {
            Err(Reason::OneCluster)
        }
        (Some(one), Some(other)) => Ok(Chance {
            lo: (one[0].min(other[0]) * STEPS as f64).floor() / STEPS as f64,
            hi: ((one[1].max(other[1]) * STEPS as f64).ceil() / STEPS as f64).min(1.0),
            method: fewest.method,
        }),
        _ => Err(fewest.status.reason().or(most.status.reason()).unwrap_or(Reason::NoData)),
    }
}

/// How many answers have consultations.
fn seen(tallies: &[Tally]) -> usize {
    tallies.iter().filter(|tally| tally.n > 0).count()
}

fn estimated(tallies: &[Tally], level: f64, clusters: Clusters) -> Estimate {
    match clusters {
        Clusters::Answers => cluster::proportion(tallies, PLANNING_ICC, level),
        Clusters::None => {
            let sum = |of: fn(&Tally) -> u64| tallies.iter().map(|tally| of(tally) as f64).sum();
            proportion::wilson(sum(|tally| tally.x), sum(|tally| tally.n), level)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::disclosure::{Policy, rounded};

    const LEVEL: f64 = 0.95;

    fn told(answers: &[(u64, u64)]) -> Vec<[Told; 2]> {
        answers.iter().map(|(x, n)| [rounded(*x), rounded(*n)]).collect()
    }

    #[test]
    fn limits_can_be_reckoned_by_hand() {
        // 40 is from 38 to 42 and 100 from 98 to 102; 3 of 60 is from 1 to 7 of 58 to 62.
        let found = pooled(&told(&[(40, 100), (3, 60)]), LEVEL, Clusters::Answers);
        // 39 of 164 is 23.78 %, and 49 of 156 is 31.41 %.
        assert_eq!(found.limits, Some([0.237, 0.315]));
        assert_eq!((found.shown, found.hidden, found.value), ([40, 100], 1, None));
        // Of 62 + 98 at most 62.
        assert!((found.affected - 0.388).abs() < 1e-12, "{found:?}");
        let chance = found.chance.unwrap();
        assert!(chance.lo <= 0.237 && chance.hi >= 0.315, "{chance:?}");
    }

    #[test]
    fn what_is_hidden_is_never_nothing() {
        let few = pooled(&told(&[(3, 60), (5, 80)]), LEVEL, Clusters::Answers);
        assert_eq!(few.value, None);
        assert!(few.limits.unwrap()[0] > 0.0, "{few:?}");
        let none = pooled(&told(&[(3, 5), (1, 7)]), LEVEL, Clusters::Answers);
        assert_eq!((none.limits, none.value, none.chance), (None, None, Err(Reason::NoData)));
        assert!((none.affected - 1.0).abs() < 1e-12);
        // Nobody at all is no share, and nothing is hidden of it.
        let nobody = pooled(&told(&[(0, 0)]), LEVEL, Clusters::Answers);
        assert_eq!((nobody.limits, nobody.hidden, nobody.affected), (None, 0, 0.0));
        let zero = pooled(&told(&[(0, 100), (0, 50)]), LEVEL, Clusters::None);
        assert_eq!((zero.value, zero.limits), (Some(0.0), Some([0.0, 0.0])));
    }

    /// What is hidden for the sake of others has no upper limit of its own.
    #[test]
    fn what_is_withheld_may_be_anything() {
        let told = |x, n| [x, n];
        let all = pooled(
            &[told(Told::Withheld, Told::Withheld), told(rounded(40), rounded(100))],
            LEVEL,
            Clusters::Answers,
        );
        assert_eq!((all.limits, all.affected), (Some([0.0, 1.0]), 1.0));
        assert!(matches!(all.chance, Err(Reason::Stated(_))), "{all:?}");
        let some = pooled(&[told(Told::Others, rounded(100))], LEVEL, Clusters::None);
        assert_eq!(some.limits, Some([0.009, 1.0]));
        let of_many = pooled(&[told(rounded(100), Told::Withheld)], LEVEL, Clusters::None);
        assert_eq!(of_many.limits, None);
        assert!(is_share([rounded(10), Told::Withheld]) && is_share([Told::Few, rounded(10)]));
        assert!(!is_share([rounded(20), rounded(15)]) && is_share([rounded(15), rounded(15)]));
    }

    #[test]
    fn one_answer_alone_tells_nothing_of_how_answers_vary() {
        let one = told(&[(40, 100), (0, 0)]);
        assert_eq!(pooled(&one, LEVEL, Clusters::Answers).chance, Err(Reason::OneCluster));
        assert_eq!(pooled(&one, LEVEL, Clusters::None).chance.unwrap().method, proportion::WILSON);
    }

    proptest! {
        /// The exact share lies between the limits, always, and the limits that allow for chance hold them; hiding
        /// more never makes them narrower.
        #[test]
        fn the_exact_share_lies_between_its_limits(
            answers in vec((0..400_u64, 0..400_u64, 0..4_u8), 1..6),
            alone in any::<bool>(),
        ) {
            let answers: Vec<(u64, u64, u8)> = answers.into_iter().map(|(a, b, hide)| (a.min(b), a.max(b), hide)).collect();
            let clusters = if alone { Clusters::None } else { Clusters::Answers };
            let plain: Vec<[Told; 2]> = answers.iter().map(|(x, n, _)| [rounded(*x), rounded(*n)]).collect();
            let withheld = |told: Told| match told {
                Told::Rounded(0) => told,
                Told::Few => Told::Others,
                _ => Policy::Rounded.withheld(),
            };
            let hidden: Vec<[Told; 2]> = plain.iter().zip(&answers).map(|([x, n], (.., hide))| [
                if hide & 1 > 0 { withheld(*x) } else { *x },
                if hide & 2 > 0 { withheld(*n) } else { *n },
            ]).collect();
            let (x, n) = answers.iter().fold((0, 0), |sum, (x, n, _)| (sum.0 + x, sum.1 + n));
            let mut before: Option<[f64; 2]> = None;
            for told in [&plain, &hidden] {
                let found = pooled(told, LEVEL, clusters);
                if let Some([lo, hi]) = found.limits {
                    let share = x as f64 / n as f64;
                    prop_assert!(n > 0 && lo <= share && share <= hi, "{share} {found:?}");
                    if let Ok(chance) = found.chance {
                        prop_assert!(chance.lo <= lo && hi <= chance.hi, "{found:?}");
                    }
                    if let Some([least, most]) = before {
                        prop_assert!(lo <= least && most <= hi, "{before:?} {found:?}");
                    }
                    before = Some([lo, hi]);
                }
                let hidden_of: u64 = told.iter().zip(&answers)
                    .filter(|(told, _)| told.iter().any(|one| one.is_hidden()))
                    .map(|(_, (_, n, _))| n).sum();
                if n > 0 {
                    prop_assert!(hidden_of as f64 / n as f64 <= found.affected, "{hidden_of} of {n}: {found:?}");
                }
                prop_assert!(found.value.is_none() || found.hidden == 0);
            }
        }

        /// No numbers that fit what is told make the share smaller or larger than the limits: looked for among all.
        #[test]
        fn limits_are_reached(answers in vec((0..22_u64, 0..22_u64), 1..3)) {
            let told = told(&answers.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect::<Vec<_>>());
            let fits = |[x, n]: [Told; 2]| -> Vec<(u64, u64)> {
                let all = |told: Told| told.range().0..=told.range().1;
                all(n).flat_map(|n| all(x).filter(move |x| *x <= n).map(move |x| (x, n))).collect()
            };
            let mut sums = vec![(0, 0)];
            for answer in &told {
                sums = sums.iter().flat_map(|(a, b)| fits(*answer).into_iter().map(move |(x, n)| (a + x, b + n))).collect();
                sums.sort_unstable();
                sums.dedup();
            }
            let shares = || sums.iter().filter(|(_, n)| *n > 0).map(|(x, n)| *x as f64 / *n as f64);
            if let Some([lo, hi]) = pooled(&told, LEVEL, Clusters::None).limits {
                let (least, most) = (shares().fold(1.0, f64::min), shares().fold(0.0, f64::max));
                prop_assert!(lo <= least && least - lo < 0.001 + 1e-9, "{lo} {least}");
                prop_assert!(most <= hi && hi - most < 0.001 + 1e-9, "{hi} {most}");
            }
        }
    }
}
