//! For which priorities an option comes first, where nobody has declared how criteria weigh against each other.
//!
//! Options have values between 0 and 1 on three criteria, on scales that were anchored beforehand (values that were
//! stretched over the options at hand would reverse ranks when one more is added). Every set of weights that sums to
//! one is taken as equally likely: an option's *acceptability* of a rank is the share of these sets that gives it the
//! rank, and its *central weights* are the mean of those that put it first. Weights of three criteria lie in a
//! triangle, which is cut along the lines on which two options are equal: areas, and no random numbers.
//!
//! What the values may be counts as well, where they are given with their errors: ranks are averaged over draws.
//!
//! Source: Lahdelma & Salminen 2001, Oper Res 49:444 (SMAA-2).

use super::joint::standard_normal;
use crate::stats::status::Reason;

/// The largest number of options: each is cut by every other.
pub const MOST_OPTIONS: usize = 12;
/// Pieces with less than this share of the triangle are traces of rounding.
const SLIVER: f64 = 1e-14;

/// What weights may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priorities {
    /// Any.
    Any,
    /// The first criterion weighs at least as much as the second, and that as the third.
    InOrder,
}

/// How one option fares over all priorities.
#[derive(Debug, Clone, PartialEq)]
pub struct Acceptability {
    /// The share of priorities that give it the first rank, the second, and so on. Options that are equal share the
    /// better rank.
    pub ranks: Vec<f64>,
    /// The mean of the priorities that put it first; nothing where none does.
    pub central_weights: Option<[f64; 3]>,
}

/// How each of these options, with its values on three criteria, fares.
///
/// # Errors
/// Says why without options, with more than [`MOST_OPTIONS`], or with a value that is not between 0 and 1.
pub fn acceptability(options: &[[f64; 3]], priorities: Priorities) -> Result<Vec<Acceptability>, Reason> {
    if options.is_empty() {
        return Err(Reason::NoData);
    }
    if options.len() > MOST_OPTIONS {
        return Err(Reason::TooLarge);
    }
    if !options.iter().flatten().all(|value| (0.0..=1.0).contains(value)) {
        return Err(Reason::InvalidParameter);
    }
    let whole = match priorities {
        Priorities::Any => vec![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
        Priorities::InOrder => vec![[1.0, 0.0], [0.5, 0.5], [1.0 / 3.0, 1.0 / 3.0]],
    };
    let area = moment(&whole).0;
    let of = |option: &[f64; 3]| {
        let leads: Vec<Lead> = options.iter().map(|other| Lead::of(other, option)).collect();
        let mut found = Found { ranks: vec![0.0; options.len()], first: [0.0; 2] };
        found.cut(whole.clone(), &leads, 0, area);
        let ranks: Vec<f64> = found.ranks.iter().map(|share| share / area).collect();
        let [first, second] = found.first.map(|moment| moment / found.ranks[0]);
        let central_weights = (ranks[0] > SLIVER).then_some([first, second, 1.0 - first - second]);
        Acceptability { ranks, central_weights }
    };
    Ok(options.iter().map(of).collect())
}

/// A value on a criterion, and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// The value.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
}

/// How each of these options fares over all priorities and over what its values may be: they are drawn as normal and
/// independent, always the same, and cut to where values can be.
///
/// # Errors
/// The same as of [`acceptability`], and without draws.
pub fn over_values(options: &[[Value; 3]], draws: u64) -> Result<Vec<Acceptability>, Reason> {
    let mut sums: Vec<(Vec<f64>, [f64; 3])> = vec![(vec![0.0; options.len()], [0.0; 3]); options.len()];
    for draw in 0..draws {
        let drawn = |place: usize, criterion: usize, value: &Value| {
            (value.mean + value.se * standard_normal(draw, (3 * place + criterion) as u64)).clamp(0.0, 1.0)
        };
        let drawn: Vec<[f64; 3]> = options
            .iter()
            .enumerate()
            .map(|(place, option)| [0, 1, 2].map(|criterion| drawn(place, criterion, &option[criterion])))
            .collect();
        for ((ranks, weights), found) in sums.iter_mut().zip(acceptability(&drawn, Priorities::Any)?) {
            ranks.iter_mut().zip(&found.ranks).for_each(|(sum, share)| *sum += share / draws as f64);
            for (sum, weight) in weights.iter_mut().zip(found.central_weights.unwrap_or_default()) {
                *sum += weight * found.ranks[0] / draws as f64;
            }
        }
    }
    if draws == 0 {
        return Err(Reason::NoData);
    }
    let read = |(ranks, weights): (Vec<f64>, [f64; 3])| {
        let first = ranks.first().copied().filter(|first| *first > SLIVER);
        let central_weights = first.map(|first| weights.map(|sum| sum / first));
        Acceptability { ranks, central_weights }
    };
    Ok(sums.into_iter().map(read).collect())
}

/// By how much another option is ahead, as a plane over the first two weights.
#[derive(Debug, Clone, Copy)]
struct Lead {
    slope: [f64; 2],
    at_zero: f64,
}

impl Lead {
    fn of(other: &[f64; 3], option: &[f64; 3]) -> Self {
        let ahead = [0, 1, 2].map(|criterion| other[criterion] - option[criterion]);
        Self { slope: [ahead[0] - ahead[2], ahead[1] - ahead[2]], at_zero: ahead[2] }
    }

    fn at(&self, point: [f64; 2]) -> f64 {
        self.at_zero + self.slope[0] * point[0] + self.slope[1] * point[1]
    }
}

/// What was found of one option so far: areas by rank, and the first moments of those where it is first.
struct Found {
    ranks: Vec<f64>,
    first: [f64; 2],
}

impl Found {
    /// Cuts a piece by every lead that is left, and counts it under the number of options that are ahead in it.
    fn cut(&mut self, piece: Vec<[f64; 2]>, leads: &[Lead], ahead: usize, whole: f64) {
        let (area, moments) = moment(&piece);
        if area <= SLIVER * whole {
            return;
        }
        let Some((lead, rest)) = leads.split_first() else {
            self.ranks[ahead] += area;
            if ahead == 0 {
                self.first = [self.first[0] + moments[0], self.first[1] + moments[1]];
            }
            return;
        };
        self.cut(side(&piece, |point| -lead.at(point)), rest, ahead, whole);
        // Where two options are equal everywhere neither is ahead.
        if piece.iter().any(|point| lead.at(*point) > 0.0) {
            self.cut(side(&piece, |point| lead.at(point)), rest, ahead + 1, whole);
        }
    }
}

/// The part of a convex polygon in which `depth` is not negative (Sutherland & Hodgman 1974).
fn side(polygon: &[[f64; 2]], depth: impl Fn([f64; 2]) -> f64) -> Vec<[f64; 2]> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (place, point) in polygon.iter().enumerate() {
        let next = polygon[(place + 1) % polygon.len()];
        let (here, there) = (depth(*point), depth(next));
        if here >= 0.0 {
            kept.push(*point);
        }
        if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
            let share = here / (here - there);
            kept.push([0, 1].map(|axis| point[axis] + share * (next[axis] - point[axis])));
        }
    }
    kept
}

/// The area of a convex polygon and its first moments.
fn moment(polygon: &[[f64; 2]]) -> (f64, [f64; 2]) {
    let Some((origin, rest)) = polygon.split_first() else { return (0.0, [0.0; 2]) };
    let mut area = 0.0;
    let mut moments = [0.0; 2];
    for pair in rest.windows(2) {
        let [a, b] = [pair[0], pair[1]].map(|point| [point[0] - origin[0], point[1] - origin[1]]);
        let triangle = ((a[0] * b[1] - a[1] * b[0]) / 2.0).abs();
        area += triangle;
        for axis in [0, 1] {
            moments[axis] += triangle * (origin[axis] + (a[axis] + b[axis]) / 3.0);
        }
    }
    (area, moments)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::checks::near;

    const THREE: [[f64; 3]; 3] = [[0.9, 0.4, 0.6], [0.6, 0.8, 0.5], [0.5, 0.5, 0.8]];

    #[test]
    fn three_options_agree_with_the_areas_worked_out_elsewhere() {
        let found = acceptability(&THREE, Priorities::Any).unwrap();
        let expected = [
            ([0.382_440_48, 0.311_309_52, 0.306_250_00], [0.574_325_6, 0.169_202_8, 0.256_471_6]),
            ([0.372_767_86, 0.336_607_14, 0.290_625_00], [0.212_369_9, 0.589_339_2, 0.198_290_9]),
            ([0.244_791_67, 0.352_083_33, 0.403_125_00], [0.141_031_3, 0.199_911_3, 0.659_057_3]),
        ];
        for (option, (ranks, weights)) in found.iter().zip(expected) {
            option.ranks.iter().zip(ranks).for_each(|(found, expected)| near(*found, expected, 6e-9));
            let central = option.central_weights.unwrap();
            central.iter().zip(weights).for_each(|(found, expected)| near(*found, expected, 6e-8));
        }
    }

    #[test]
    fn priorities_in_order_leave_less_to_choose() {
        let found = acceptability(&THREE, Priorities::InOrder).unwrap();
        let first: Vec<f64> = found.iter().map(|option| option.ranks[0]).collect();
        first.iter().zip([0.857_142_857_1, 0.142_857_142_9, 0.0]).for_each(|(found, expected)| {
            near(*found, expected, 6e-11);
        });
        assert_eq!(found[2].central_weights, None);
    }

    #[test]
    fn options_that_are_alike_share_the_better_rank() {
        let found = acceptability(&[[0.5; 3], [0.5; 3], [0.1; 3]], Priorities::Any).unwrap();
        assert_eq!(
            (found[0].ranks.clone(), found[1].ranks.clone()),
            (vec![1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0])
        );
        assert_eq!(found[2].ranks, [0.0, 0.0, 1.0]);
    }

    #[test]
    fn values_that_are_known_are_those_of_the_areas_and_what_is_not_known_evens_out() {
        let values = |se: f64| THREE.map(|option| option.map(|mean| Value { mean, se }));
        let known = over_values(&values(0.0), 3).unwrap();
        for (found, expected) in known.iter().zip(acceptability(&THREE, Priorities::Any).unwrap()) {
            found
                .ranks
                .iter()
                .zip(&expected.ranks)
                .for_each(|(found, expected)| near(*found, *expected, 1e-12));
            let [found, expected] = [found, &expected].map(|of| of.central_weights.unwrap());
            found.iter().zip(expected).for_each(|(found, expected)| near(*found, expected, 1e-12));
        }
        let vague = over_values(&values(0.3), 400).unwrap();
        let sum: f64 = vague.iter().map(|option| option.ranks[0]).sum();
        near(sum, 1.0, 1e-9);
        let spread = |of: &[Acceptability]| {
            let first = of.iter().map(|option| option.ranks[0]);
            first.clone().fold(0.0, f64::max) - first.fold(1.0, f64::min)
        };
        assert!(spread(&vague) < spread(&known), "{vague:?}");
        assert_eq!(over_values(&values(0.1), 0), Err(Reason::NoData));
    }

    /// One that is better on everything, as far as anybody knows: the chance that it is, by Monte Carlo elsewhere, is
    /// that of two normal variables to lie in order.
    #[test]
    fn who_is_ahead_on_one_criterion_that_alone_differs_is_so_often_first() {
        let [se, apart] = [0.05, 0.06];
        let option =
            |mean: f64| [Value { mean, se }, Value { mean: 0.5, se: 0.0 }, Value { mean: 0.5, se: 0.0 }];
        let found = over_values(&[option(0.5 + apart), option(0.5)], 4_000).unwrap();
        let expected = crate::stats::special::normal::cdf(apart / (se * std::f64::consts::SQRT_2));
        near(found[0].ranks[0], expected, 0.02);
    }

    #[test]
    fn what_cannot_be_ranked_says_why() {
        assert_eq!(acceptability(&[], Priorities::Any), Err(Reason::NoData));
        assert_eq!(acceptability(&[[0.5; 3]; 13], Priorities::Any), Err(Reason::TooLarge));
        for value in [-0.1, 1.1, f64::NAN] {
            assert_eq!(acceptability(&[[0.5, value, 0.5]], Priorities::Any), Err(Reason::InvalidParameter));
        }
    }

    proptest! {
        /// Against a grid of priorities, each a small triangle.
        #[test]
        fn areas_are_those_of_a_fine_grid(options in prop::collection::vec(prop::array::uniform3(0.0..=1.0_f64), 1..7)) {
            const STEPS: usize = 60;
            let found = acceptability(&options, Priorities::Any).unwrap();
            let mut first = vec![0.0; options.len()];
            let mut all = 0.0;
            for i in 0..STEPS {
                for j in 0..STEPS - i {
                    for third in [1.0 / 3.0, 2.0 / 3.0].iter().take(if i + j + 1 < STEPS { 2 } else { 1 }) {
                        let [w1, w2] = [i, j].map(|step| (step as f64 + third) / STEPS as f64);
                        let value = |option: &[f64; 3]| {
                            w1 * option[0] + w2 * option[1] + (1.0 - w1 - w2) * option[2]
                        };
                        let best = options.iter().map(value).fold(0.0, f64::max);
                        let place = options.iter().position(|option| value(option) == best).unwrap();
                        first[place] += 1.0;
                        all += 1.0;
                    }
                }
            }
            for (found, share) in found.iter().zip(first) {
                let sum: f64 = found.ranks.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
                prop_assert!((found.ranks[0] - share / all).abs() < 0.06, "{found:?} {}", share / all);
                if let Some(weights) = found.central_weights {
                    prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                }
            }
        }
    }
}
