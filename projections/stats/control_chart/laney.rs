//! The limits of Laney's p′ chart: binomial limits of each period, scaled by how much neighbours really differ.
//!
//! Each share is first measured in its own binomial standard errors; the moving range of those deviates gives the
//! factor by which real variation between periods exceeds that of coins. Screening has no part in it.
//!
//! Source: Laney 2002, Quality Engineering 14:531.

use super::{Drawn, Lines, Settings, neighbours};
use crate::stats::cluster::Tally;
use crate::stats::status::{Reason, Status};

/// The mean range of two normal values, in standard deviations.
const MEAN_RANGE: f64 = 1.128;

/// The lines of one piece; none in a period without observations.
pub(super) fn lines(series: &[Option<Tally>], settings: &Settings) -> Drawn {
    let (cells, pairs) = neighbours(series, settings.baseline);
    let found = Process::of(&cells, &pairs);
    let status = match &found {
        Err(why) => Status::NotEstimable(*why),
        Ok(process) if process.factor == 0.0 => Status::Boundary(Reason::NoVariation),
        Ok(_) => Status::Ok,
    };
    let line = |cell: &Option<Tally>| Some(found.as_ref().ok()?.lines(cell.as_ref()?));
    Drawn { lines: series.iter().map(line).collect(), baseline: cells.len(), status }
}

/// The share over all periods, and how many times wider than binomial its variation is.
struct Process {
    share: f64,
    factor: f64,
}

impl Process {
    fn of(cells: &[Tally], pairs: &[(Tally, Tally)]) -> Result<Self, Reason> {
        let total = |of: fn(&Tally) -> u64| cells.iter().map(|cell| u128::from(of(cell))).sum::<u128>();
        let (n, x) = (total(|cell| cell.n), total(|cell| cell.x));
        match cells.len() {
            0 => return Err(Reason::NoData),
            1 => return Err(Reason::OneObservation),
            _ if x == 0 => return Err(Reason::NoEvents),
            _ if x == n => return Err(Reason::AllEvents),
            _ if pairs.is_empty() => return Err(Reason::Stated("no two periods in a row were observed")),
            _ => {}
        }
        let share = x as f64 / n as f64;
        let deviate = |cell: &Tally| (cell.x as f64 / cell.n as f64 - share) / error(share, cell);
        let ranges = pairs.iter().map(|(before, now)| (deviate(now) - deviate(before)).abs());
        let factor = ranges.sum::<f64>() / pairs.len() as f64 / MEAN_RANGE;
        if factor.is_finite() { Ok(Self { share, factor }) } else { Err(Reason::NotFinite) }
    }

    fn lines(&self, cell: &Tally) -> Lines {
        let Lines { mean, lo, hi, near_lo, near_hi } =
            Lines::around(self.share, 3.0 * self.factor * error(self.share, cell));
        let cut = |line: f64| line.clamp(0.0, 1.0);
        Lines { mean, lo: cut(lo), hi: cut(hi), near_lo: cut(near_lo), near_hi: cut(near_hi) }
    }
}

/// The binomial standard error of a period's share.
fn error(share: f64, cell: &Tally) -> f64 {
    (share * (1.0 - share) / cell.n as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use crate::stats::checks::near;
    use crate::stats::cluster::Tally;
    use crate::stats::control_chart::{Better, Chart, Settings, laney};
    use crate::stats::status::{Reason, Status};

    fn chart(cells: &[(u64, u64)]) -> Chart {
        let series: Vec<Option<Tally>> = cells.iter().map(|cell| Some(Tally::from(*cell))).collect();
        laney(&series, &Settings::new(Better::Lower))
    }

    #[test]
    fn limits_follow_the_formula_and_the_denominator() {
        // Shares of 0.1 and 0.2 around 0.15: deviates of 1.4003 either way, and ranges of 2.8006.
        let chart = chart(&[(100, 10), (100, 20), (100, 10), (100, 20)]);
        let lines = chart.points[0].lines.unwrap();
        near(lines.mean, 0.15, 1e-15);
        near(lines.hi, 0.15 + 3.0 * 0.1 / 1.128, 1e-14);
        near(lines.near_hi, 0.15 + 2.0 * 0.1 / 1.128, 1e-14);
        assert_eq!((lines.lo, lines.near_lo), (0.0, 0.0));
    }

    #[test]
    fn a_larger_period_has_narrower_limits() {
        let chart = chart(&[(100, 10), (400, 60), (100, 13), (400, 50)]);
        let [small, large] = [0, 1].map(|at| chart.points[at].lines.unwrap());
        near(small.hi - small.mean, 2.0 * (large.hi - large.mean), 1e-14);
    }

    #[test]
    fn a_period_without_observations_is_missing() {
        let chart = chart(&[(100, 10), (0, 0), (100, 20), (100, 12), (3, 4)]);
        assert_eq!((chart.points[1].value, chart.points[1].lines, chart.points[4].value), (None, None, None));
        assert_eq!(chart.pieces[0].observed, 3);
    }

    #[test]
    fn nothing_to_vary_has_no_limits() {
        let status = |cells: &[(u64, u64)]| chart(cells).pieces[0].status;
        assert_eq!(status(&[(10, 0), (10, 0)]), Status::NotEstimable(Reason::NoEvents));
        assert_eq!(status(&[(10, 10), (10, 10)]), Status::NotEstimable(Reason::AllEvents));
        assert_eq!(status(&[(10, 1)]), Status::NotEstimable(Reason::OneObservation));
        assert_eq!(status(&[(10, 1), (20, 2)]), Status::Boundary(Reason::NoVariation));
    }
}
