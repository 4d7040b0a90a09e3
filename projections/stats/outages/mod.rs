//! Outages: spans of time in which a platform fails at several organisations at once, and the others do not.
//!
//! *The scan.* Spans of 15, 30, 60, 120 and 240 minutes of every day are held against what the platform does otherwise
//! (`baseline`). Of each the organisation with the largest excess is left out, so that the trouble of one site is
//! no outage, however bad it is: what counts is what remains. Its logarithm of the likelihood ratio is that of a
//! Poisson count, `x ln(x / e) - (x - e)` for `x` failures against `e` expected, where `x > e`; and where other
//! platforms fail more than expected in the same span, likewise without one organisation of each, `e` is higher by as
//! much: what all platforms share is no outage of one.
//!
//! *The threshold.* If organisations failed independently, each of its days could as well have been another of the
//! same kind. So the days of every organisation are rearranged by themselves, all its platforms together, and the
//! highest ratio of the whole log is noted, 999 times. A span that reaches more than all but 49 of them is an outage:
//! in one log of 20 without any, one is found. Bad mornings of a site, busy hours and slow changes are in the
//! rearranged logs as they are in the real one; only that sites fail together is not.
//!
//! *Then again.* What was found is taken out of the log, since it hides lesser outages, and the rest is looked at
//! anew, until nothing is found. An outage goes on as long as, quarter of an hour by quarter of an hour, half as large a
//! share fails as in its span, or more; outages less than an hour apart are one.
//!
//! Spans lie within a day, and those of 120 and 240 minutes begin at every half and every full hour. Days are those
//! of UTC.
//!
//! Sources: Kulldorff 1997, Commun Stat Theory Methods 26:1481, for the scan and its Poisson ratio; Kulldorff 2001,
//! JRSS A 164:61, for spans of time; Dwass 1957, Ann Math Stat 28:181, for the test by rearrangement; Zhang, Assuncao &
//! Kulldorff 2010, J Probab Stat 2010:642379, for taking out what was found. That one organisation is left out is our
//! own.

mod arrangement;
mod baseline;
pub mod concentration;
mod noticed;
mod spans;
mod sweep;
mod table;

#[cfg(test)]
mod tests;

use std::ops::Range;

use arrangement::Arrangements;
pub use noticed::Noticed;
use spans::Span;
use sweep::Sweep;
use table::Table;
pub use table::{QUARTERS_A_DAY, Quarter, Series};

/// How it is called in machine output.
pub const METHOD: &str = "scan_poisson_days_rearranged";
/// How many times the days are rearranged.
pub const PERMUTATIONS: u64 = 999;
/// The chance that an outage is found in a log that has none.
pub const FALSE_ALARMS: f64 = 0.05;
/// Outages so many quarters of an hour apart are two.
const APART: i32 = 4;
/// Fewer days with consultations say too little of what is usual.
pub const FEWEST_DAYS: usize = 5;

/// A search for outages, as far as it has come.
#[derive(Debug)]
pub struct Search {
    table: Table,
    arrangements: Arrangements,
    sweep: Sweep,
    signals: Vec<Signal>,
    threshold: f64,
}

/// A span that stands out.
#[derive(Debug, Clone, Copy)]
struct Signal {
    platform: usize,
    /// Quarters of an hour since 1970 began.
    begin: i32,
    end: i32,
    ratio: f64,
    p: f64,
}

/// A platform that failed at several organisations at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// The platform.
    pub platform: usize,
    /// Its first quarter of an hour, and the one behind its last.
    pub quarters: Range<i32>,
    /// The logarithm of the likelihood ratio of its most telling span.
    pub ratio: f64,
    /// The share of rearranged logs, this one among them, in which some span tells as much.
    pub p: f64,
    /// Organisations that used the platform meanwhile.
    pub organisations: usize,
    /// Those of which more consultations failed than expected.
    pub affected: usize,
    /// What was attempted, failed and expected to fail.
    pub sum: Sum,
    /// The same of all other platforms together, meanwhile.
    pub others: Sum,
}

/// What was attempted, what of it failed, and what was expected to fail.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// Attempted.
    pub n: u64,
    /// Failed.
    pub x: u64,
    /// Expected to fail.
    pub expected: f64,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The outages, by the time at which they begin.
    pub outages: Vec<Outage>,
    /// What the ratio of a span had to exceed in the end.
    pub threshold: f64,
    /// How many spans with consultations were looked at, all platforms together.
    pub spans: u64,
    /// By platform: what would have been noticed.
    pub noticed: Vec<Vec<Noticed>>,
}

impl Search {
    /// A search in these series, of so many platforms and organisations.
    ///
    /// Quarters of one series are in order, and no two series are of one platform and organisation.
    #[must_use]
    pub fn new(platforms: usize, organisations: usize, series: &[Series]) -> Self {
        let mut table = Table::of(platforms, organisations, series);
        baseline::expect(&mut table);
        let arrangements = Arrangements::of(&table);
        let sweep = Sweep::of(&table);
        Self { table, arrangements, sweep, signals: Vec::new(), threshold: f64::INFINITY }
    }

    /// The highest ratio of each of these rearranged logs, which may be looked at apart.
    #[must_use]
    pub fn maxima(&self, permutations: Range<u64>) -> Vec<f64> {
        let mut scratch = self.sweep.scratch();
        let highest = |permutation: u64| {
            let arrangement = self.arrangements.arranged(permutation);
            let mut highest = 0.0;
            for day in self.arrangements.busy() {
                let stays = self.arrangements.stays(day).map(|stay| arrangement[stay]);
                self.sweep.lay(stays, &self.table, &mut scratch);
                self.sweep.highest(&scratch, &mut highest);
            }
            highest
        };
        permutations.map(highest).collect()
    }

    /// Takes out what stands out against the rearranged logs; whether anything did, and it is to be looked again.
    pub fn take_out(&mut self, maxima: &[f64]) -> bool {
        let mut sorted = maxima.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let rank = (FALSE_ALARMS * (sorted.len() + 1) as f64) as usize;
        let Some(threshold) = rank.checked_sub(1).and_then(|rank| sorted.get(rank)) else { return false };
        self.threshold = *threshold;
        let above = self.above(*threshold);
        let before = self.signals.len();
        for (day, platform, span, ratio) in above {
            let begin = self.table.quarter(day, span.begin);
            let end = begin + span.quarters as i32;
            let taken = self.signals[before..]
                .iter()
                .any(|known| known.platform == platform && known.begin < end && begin < known.end);
            if !taken {
                let reached = sorted.iter().filter(|highest| **highest >= ratio).count();
                let p = (reached + 1) as f64 / (sorted.len() + 1) as f64;
                self.signals.push(Signal { platform, begin, end, ratio, p });
                self.table.take_out(platform, begin..end);
            }
        }
        let found = self.signals.len() > before;
        if found {
            baseline::expect(&mut self.table);
            self.sweep = Sweep::of(&self.table);
        }
        found
    }

    /// Every span above a ratio, the highest first; of equals the earlier, then the shorter.
    fn above(&self, ratio: f64) -> Vec<(usize, usize, Span, f64)> {
        let mut found = Vec::new();
        let mut scratch = self.sweep.scratch();
        for day in self.arrangements.busy() {
            self.sweep.lay(self.arrangements.stays(day), &self.table, &mut scratch);
            self.sweep.above(&scratch, ratio, |platform, span, ratio| {
                found.push((day, platform, span, ratio));
            });
        }
        let key = |(day, platform, span, _): &(usize, usize, Span, f64)| {
            (*day, span.begin, span.quarters, *platform)
        };
        found.sort_by(|a, b| b.3.total_cmp(&a.3).then_with(|| key(a).cmp(&key(b))));
        found
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Found {
        let mut signals: Vec<Signal> = self.signals.iter().map(|signal| self.edged(*signal)).collect();
        signals.sort_by_key(|signal| (signal.platform, signal.begin));
        let mut merged: Vec<Signal> = Vec::new();
        for signal in signals {
            let last = merged.last_mut();
            match last.filter(|last| last.platform == signal.platform && signal.begin - last.end < APART) {
                Some(last) => {
                    last.end = last.end.max(signal.end);
                    last.ratio = last.ratio.max(signal.ratio);
                    last.p = last.p.min(signal.p);
                }
                None => merged.push(signal),
            }
        }
        let mut outages: Vec<Outage> = merged.iter().map(|signal| self.outage(signal)).collect();
        outages.sort_by_key(|outage| (outage.quarters.start, outage.platform));
        let (spans, noticed) = noticed::noticed(&self.table, self.threshold);
        Found { outages, threshold: self.threshold, spans, noticed }
    }

    /// The same with its edges where a quarter of an hour fails half as much as it does, or more.
    fn edged(&self, mut signal: Signal) -> Signal {
        let sum = |quarters| self.table.sum(quarters, |platform| platform == signal.platform);
        let share = |sum: Sum| sum.x as f64 / (sum.n as f64).max(1.0);
        let enough = share(sum(signal.begin..signal.end)) / 2.0;
        let fails = |quarter: i32| share(sum(quarter..quarter + 1)) >= enough;
        while signal.end - signal.begin > 1 && !fails(signal.begin) {
            signal.begin += 1;
        }
        while signal.end - signal.begin > 1 && !fails(signal.end - 1) {
            signal.end -= 1;
        }
        while fails(signal.begin - 1) {
            signal.begin -= 1;
        }
        while fails(signal.end) {
            signal.end += 1;
        }
        signal
    }

    fn outage(&self, signal: &Signal) -> Outage {
        let quarters = signal.begin..signal.end;
        let by_organisation = self.table.by_organisation(quarters.clone(), signal.platform);
        Outage {
            platform: signal.platform,
            ratio: signal.ratio,
            p: signal.p,
            organisations: by_organisation.len(),
            affected: by_organisation.values().filter(|sum| sum.x as f64 > sum.expected).count(),
            sum: self.table.sum(quarters.clone(), |platform| platform == signal.platform),
            others: self.table.sum(quarters.clone(), |platform| platform != signal.platform),
            quarters,
        }
    }
}

/// The logarithm of the likelihood ratio of a Poisson count above its expectation, nothing where it is not.
fn ratio(x: f64, expected: f64) -> f64 {
    if x > expected { x * libm::log(x / expected) - (x - expected) } else { 0.0 }
}
