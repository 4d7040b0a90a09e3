//! In what a number is told: the words of values, of differences, and of ticks.

/// In what an axis is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share, told in percent.
    Share,
    /// A share that lies close to all or none, told in hundredths of a percent.
    FineShare,
    /// Milliseconds, told in seconds.
    Seconds,
    /// Milliseconds, told in minutes.
    LongTimes,
    /// Minutes.
    Minutes,
    /// So many.
    Count,
    /// So many, with a digit behind the point.
    Number,
}

/// From here on times are told in minutes.
const MINUTES_FROM_MS: f64 = 180_000.0;

impl Unit {
    /// In what all of these values are told: those that stand beside each other, or on one axis, are told alike. In minutes
    /// only where all are long, since a tenth of a minute says little of seconds.
    #[must_use]
    pub fn of_all(self, values: impl IntoIterator<Item = f64>) -> Self {
        let least = values.into_iter().map(f64::abs).reduce(f64::min);
        let is_long = least.is_some_and(|least| least >= MINUTES_FROM_MS);
        if self == Self::Seconds && is_long { Self::LongTimes } else { self }
    }

    /// What one of what is told counts among the values: ticks are round in what they are told in.
    pub(super) fn one(self) -> f64 {
        if self == Self::LongTimes { 60_000.0 } else { 1.0 }
    }

    /// A value in words.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        let text = match self {
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::FineShare => format!("{:.2} %", value * 100.0),
            Self::LongTimes => format!("{:.1} min", value / 60_000.0),
            Self::Seconds => format!("{:.1} s", value / 1_000.0),
            Self::Minutes => format!("{value:.0} min"),
            Self::Count => format!("{value:.0}"),
            Self::Number => format!("{value:.1}"),
        };
        signed(&text)
    }

    /// A value on an axis whose ticks are `step` apart.
    pub(super) fn tick(self, value: f64, step: f64) -> String {
        let (value, step, unit) = match self {
            Self::Share | Self::FineShare => (value * 100.0, step * 100.0, " %"),
            Self::Seconds => (value / 1_000.0, step / 1_000.0, " s"),
            Self::LongTimes => (value / 60_000.0, step / 60_000.0, " min"),
            Self::Minutes => (value, step, " min"),
            Self::Count | Self::Number => (value, step, ""),
        };
        let digits = (0..6).find(|digits| is_whole(step, *digits)).unwrap_or(6);
        signed(&format!("{value:.digits$}{unit}"))
    }

    /// The smallest step that is worth a tick.
    pub(super) fn least_step(self) -> f64 {
        match self {
            Self::Count | Self::Minutes => 1.0,
            _ => 0.0,
        }
    }
}

fn is_whole(step: f64, digits: usize) -> bool {
    let scaled = (0..digits).fold(step, |step, _| step * 10.0);
    (scaled - scaled.round()).abs() < 1e-6
}

/// A true minus sign reads as one; a zero has none.
fn signed(text: &str) -> String {
    let is_zero = !text.chars().any(|letter| ('1'..='9').contains(&letter));
    if is_zero { text.replace('-', "") } else { text.replace('-', "\u{2212}") }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn numbers_are_told_with_their_unit() {
        for (unit, value, text) in [
            (Unit::Share, 0.8125, "81.2 %"),
            (Unit::FineShare, 0.999_6, "99.96 %"),
            (Unit::Share, -0.0312, "\u{2212}3.1 %"),
            (Unit::Share, -0.0001, "0.0 %"),
            (Unit::Seconds, 8_249.0, "8.2 s"),
            (Unit::Seconds, 729_700.0, "729.7 s"),
            (Unit::LongTimes, 729_700.0, "12.2 min"),
            (Unit::LongTimes, 8_249.0, "0.1 min"),
            (Unit::Minutes, 30.0, "30 min"),
            (Unit::Count, 12.0, "12"),
        ] {
            assert_eq!(unit.show(value), text);
        }
    }

    #[test]
    fn times_that_stand_beside_each_other_are_told_in_one_unit() {
        assert_eq!(Unit::Seconds.of_all([8_249.0, 259_000.0]), Unit::Seconds);
        assert_eq!(Unit::Seconds.of_all([180_000.0, 729_700.0]), Unit::LongTimes);
        assert_eq!(Unit::Seconds.of_all([]), Unit::Seconds);
        assert_eq!(Unit::Share.of_all([180_000.0]), Unit::Share);
    }

    #[test]
    fn ticks_have_the_digits_that_tell_them_apart() {
        assert_eq!(Unit::Share.tick(0.85, 0.05), "85 %");
        assert_eq!(Unit::Share.tick(0.975, 0.005), "97.5 %");
        assert_eq!(Unit::Seconds.tick(2_500.0, 500.0), "2.5 s");
        assert_eq!(Unit::LongTimes.tick(300_000.0, 60_000.0), "5 min");
    }
}
