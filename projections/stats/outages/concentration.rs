//! What bad days take under a policy: who puts everything on one platform loses everything with it.
//!
//! On every day each platform fails by so much more or less than expected, as a share of what was attempted on it. A
//! policy sends the consultations of each stratum to a platform, and what it *loses* on a day is that share of them: how
//! many more fail than expected. Over the days: the mean; the worst day; and the expected shortfall, which is the mean
//! of the worst days, one in twenty of them.
//!
//! A platform on which nobody was seen on a day has no such share, and neither has one with fewer than [`FEWEST`]: a day
//! on which some policy would send consultations to it is left out for all policies, so that they are held against each
//! other on the same days, and counted.
//!
//! Some days are bad by chance, and the more so the less a platform was used. So the shortfall is also told of
//! rearranged logs, as in the scan: what it would be if organisations had had their bad days independently.
//!
//! Source: Acerbi & Tasche 2002, J Banking Finance 26:1487, for the expected shortfall. That what was seen of some
//! consultations is taken for all of them is an assumption.

use super::arrangement::Arrangements;
use super::table::{Series, Table};
use super::{Sum, baseline};

/// Fewer consultations say nothing of a platform's day.
pub const FEWEST: u64 = 10;
/// Rearranged logs that the shortfall by chance is the mean of.
const PERMUTATIONS: u64 = 199;
/// The worst days are one in so many.
const ONE_IN: usize = 20;

/// What every platform did day by day.
#[derive(Debug)]
pub struct Days {
    table: Table,
    arrangements: Arrangements,
    /// By part.
    sums: Vec<Sum>,
}

/// By platform and day: the share by which more failed than expected, where it is known.
pub type Excess = Vec<Vec<Option<f64>>>;

/// What a policy loses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// On an average day.
    pub mean: f64,
    /// On the worst day.
    pub worst: f64,
    /// Which that was.
    pub worst_day: usize,
    /// The mean of the worst days.
    pub shortfall: f64,
}

/// What chance alone would do to the shortfall of a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// Its mean over rearranged logs.
    pub shortfall: Option<f64>,
    /// The share of logs, this one among them, in which it is as large.
    pub p: f64,
}

/// What policies lose on the same days.
#[derive(Debug, Clone, PartialEq)]
pub struct Losses {
    /// By policy.
    pub policies: Vec<Loss>,
    /// On how many days.
    pub days: usize,
    /// On how many more consultations would go to a platform of which too little was seen.
    pub unknown: usize,
}

impl Days {
    /// The days of these series, of so many platforms and organisations.
    #[must_use]
    pub fn new(platforms: usize, organisations: usize, series: &[Series]) -> Self {
        let mut table = Table::of(platforms, organisations, series);
        baseline::expect(&mut table);
        let arrangements = Arrangements::of(&table);
        let sum = |part: &super::table::Part| {
            part.entries.clone().fold(Sum::default(), |mut sum, entry| {
                sum.add(&table, entry);
                sum
            })
        };
        let sums = table.parts.iter().map(sum).collect();
        Self { table, arrangements, sums }
    }

    /// The first day, since 1970 began.
    #[must_use]
    pub fn first(&self) -> i32 {
        self.table.quarter(0, 0).div_euclid(super::QUARTERS_A_DAY as i32)
    }

    /// How many days there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.days
    }

    /// By how much each platform failed more than expected, day by day.
    #[must_use]
    pub fn excess(&self) -> Excess {
        self.excess_of(|stay| stay)
    }

    fn excess_of(&self, taking: impl Fn(usize) -> usize) -> Excess {
        let of_day = |day: usize| {
            let mut sums = vec![Sum::default(); self.table.platforms];
            for stay in self.arrangements.stays(day).map(&taking) {
                for part in self.table.stays[stay].parts.clone() {
                    let (sum, more) = (&mut sums[self.table.parts[part].platform], self.sums[part]);
                    sum.n += more.n;
                    sum.x += more.x;
                    sum.expected += more.expected;
                }
            }
            sums
        };
        let share = |sum: Sum| (sum.n >= FEWEST).then(|| (sum.x as f64 - sum.expected) / sum.n as f64);
        let mut excess = vec![vec![None; self.table.days]; self.table.platforms];
        for day in self.arrangements.busy() {
            for (course, sum) in excess.iter_mut().zip(of_day(day)) {
                course[day] = share(sum);
            }
        }
        excess
    }

    /// The shortfall of each policy if organisations had had their days independently, beside what it `lost`.
    #[must_use]
    pub fn by_chance(&self, loads: &[Vec<u64>], policies: &[Vec<usize>], lost: &Losses) -> Vec<Chance> {
        let mut sums = vec![(0.0, 0_u64); policies.len()];
        let mut logs = 0_u64;
        for permutation in 0..PERMUTATIONS {
            let arranged = self.arrangements.arranged(permutation);
            // A rearranged log without a day that is known says nothing.
            let Some(losses) = losses(loads, &self.excess_of(|stay| arranged[stay]), policies) else {
                continue;
            };
            logs += 1;
            for ((sum, reached), (loss, lost)) in
                sums.iter_mut().zip(losses.policies.iter().zip(&lost.policies))
            {
                *sum += loss.shortfall;
                *reached += u64::from(loss.shortfall >= lost.shortfall);
            }
        }
        let chance = |(sum, reached): (f64, u64)| Chance {
            shortfall: (logs > 0).then(|| sum / logs as f64),
            p: (reached + 1) as f64 / (logs + 1) as f64,
        };
        sums.into_iter().map(chance).collect()
    }
}

/// What policies lose: `loads` are consultations by stratum and day, a policy the platform of each stratum. Nothing where
/// no day is known.
#[must_use]
pub fn losses(loads: &[Vec<u64>], excess: &Excess, policies: &[Vec<usize>]) -> Option<Losses> {
    let days = loads.first()?.len();
    let loss = |policy: &[usize], day: usize| {
        let strata = loads.iter().zip(policy).filter(|(load, _)| load[day] > 0);
        strata.map(|(load, platform)| Some(load[day] as f64 * excess[*platform][day]?)).sum::<Option<f64>>()
    };
    let (mut known, mut unknown) = (Vec::new(), 0);
    for day in (0..days).filter(|day| loads.iter().any(|load| load[*day] > 0)) {
        match policies.iter().map(|policy| loss(policy, day)).collect::<Option<Vec<f64>>>() {
            Some(losses) => known.push((day, losses)),
            None => unknown += 1,
        }
    }
    let of = |policy: usize| {
        let mut by_day: Vec<(usize, f64)> =
            known.iter().map(|(day, losses)| (*day, losses[policy])).collect();
        let mean = by_day.iter().map(|(_, loss)| loss).sum::<f64>() / by_day.len() as f64;
        by_day.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let worst = &by_day[..by_day.len().div_ceil(ONE_IN)];
        let shortfall = worst.iter().map(|(_, loss)| loss).sum::<f64>() / worst.len() as f64;
        Loss { mean, worst: by_day[0].1, worst_day: by_day[0].0, shortfall }
    };
    (!known.is_empty()).then(|| Losses {
        policies: (0..policies.len()).map(of).collect(),
        days: known.len(),
        unknown,
    })
}
