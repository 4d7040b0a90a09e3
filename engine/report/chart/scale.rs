//! From a value to a place, and the ticks between: by sums and products alone, so that a drawing is the same bytes on
//! every machine.

use super::unit::Unit;

/// Where values lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    step: f64,
}

/// At most so many ticks.
const TICKS: f64 = 5.0;

impl Scale {
    /// The scale on which `reach` lies between `start` and `end`, from tick to tick.
    pub(super) fn new([lo, hi]: [f64; 2], [start, end]: [f64; 2], unit: Unit) -> Self {
        let step = (step((hi - lo) / unit.one() / TICKS) * unit.one()).max(unit.least_step());
        let (mut from, mut to) = ((lo / step + 1e-9).floor() * step, (hi / step - 1e-9).ceil() * step);
        if matches!(unit, Unit::Share | Unit::FineShare) && hi <= 1.0 && lo >= 0.0 {
            (from, to) = (from.max(0.0), to.min(1.0));
        }
        if to <= from {
            to = from + step;
        }
        Self { from, to, start, end, step }
    }

    /// The place of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.start + (value - self.from) / (self.to - self.from) * (self.end - self.start)
    }

    /// The ticks, from the least.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> + use<'_> {
        let count = ((self.to - self.from) / self.step + 1e-9).floor().min(40.0) as u32;
        (0..=count).map(|tick| self.from + f64::from(tick) * self.step)
    }

    /// How far ticks are apart.
    pub(super) fn step(&self) -> f64 {
        self.step
    }
}

/// The least of 1, 2 and 5 times a power of ten that is no less.
fn step(least: f64) -> f64 {
    let (mut power, mut times) = (1.0, 0);
    while power > least && times < 12 {
        power /= 10.0;
        times += 1;
    }
    while power * 10.0 <= least && times < 24 {
        power *= 10.0;
        times += 1;
    }
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least)
        .unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_what_is_drawn() {
        for (reach, wanted) in [
            ([0.71, 0.93], vec![0.7, 0.75, 0.8, 0.85, 0.9, 0.95]),
            ([0.0, 1.0], vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ] {
            let scale = Scale::new(reach, [0.0, 100.0], Unit::Share);
            let ticks: Vec<f64> = scale.ticks().map(|tick| (tick * 1e6).round() / 1e6).collect();
            assert_eq!(ticks, wanted);
            assert!(scale.at(reach[0]) >= 0.0 && scale.at(reach[1]) <= 100.0);
        }
    }

    /// Ticks of minutes were those of milliseconds: 0.833333 min.
    #[test]
    fn long_times_have_ticks_of_whole_minutes() {
        let scale = Scale::new([180_000.0, 700_000.0], [0.0, 100.0], Unit::LongTimes);
        let told: Vec<String> = scale.ticks().map(|tick| Unit::LongTimes.tick(tick, scale.step())).collect();
        assert_eq!(told, ["2 min", "4 min", "6 min", "8 min", "10 min", "12 min"]);
    }

    #[test]
    fn counts_have_whole_ticks() {
        let scale = Scale::new([1.0, 3.0], [0.0, 100.0], Unit::Count);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn what_is_very_large_or_small_has_few_ticks() {
        for reach in [[0.0, 1e12], [0.0, 1e-9], [-1e9, 1e9], [5.0, 5.000_1]] {
            let count = Scale::new(reach, [0.0, 100.0], Unit::Number).ticks().count();
            assert!((2..=41).contains(&count), "{reach:?} {count}");
        }
    }
}
