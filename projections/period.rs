//! Periods of the calendar: by which months, weeks or days consultations are told apart.
//!
//! A period is that of the first attempt to get in, in UTC, so that it depends on the events alone. Those
//! of one kind are numbered without a gap, so that a period in which nothing happened can be seen.

use event::{NOT_RECORDED, Time};
use jiff::civil::{Date, Weekday};

const DAY_MS: i64 = 86_400_000;

/// A kind of period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Days.
    Day,
    /// Weeks that begin on a Monday.
    Week,
    /// Months.
    Month,
}

/// The number of what began at no time.
pub const NEVER: i32 = i32::MIN;

impl Period {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name on the command line and in machine output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.name() == name)
    }

    /// The number of the period in which `at` lies; [`NEVER`] where it is no time.
    #[must_use]
    pub fn number(self, at: Option<Time>) -> i32 {
        let Some(at) = at else { return NEVER };
        self.of_day(at.ms().div_euclid(DAY_MS) as i32)
    }

    /// The number of the period in which a day lies that is so many after 1970 began.
    #[must_use]
    pub fn of_day(self, day: i32) -> i32 {
        match self {
            Self::Day => day,
            // 1970 began on a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => {
                let date = date(day);
                i32::from(date.year()) * 12 + i32::from(date.month()) - 1
            }
        }
    }

    /// How a period is written: the first day of a week, `2026-03` for a month. Texts are in the order of
    /// the periods.
    #[must_use]
    pub fn level(self, number: i32) -> String {
        if number == NEVER {
            return NOT_RECORDED.to_owned();
        }
        match self {
            Self::Day => date(number).to_string(),
            Self::Week => date(number * 7 - 3).to_string(),
            Self::Month => format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1),
        }
    }

    /// The first instant of a period.
    #[must_use]
    pub fn begin(self, number: i32) -> Time {
        let day = match self {
            Self::Day => i64::from(number),
            Self::Week => i64::from(number) * 7 - 3,
            Self::Month => {
                let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
                let date = Date::new(year as i16, month as i8, 1).unwrap_or(Date::ZERO);
                let midnight = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
                midnight.map_or(0, |at| at.as_millisecond().div_euclid(DAY_MS))
            }
        };
        Time::from_ms(day * DAY_MS)
    }

    /// The number of the period that is written so, if one is.
    #[must_use]
    pub fn from_level(self, level: &str) -> Option<i32> {
        let date: Date = match self {
            Self::Month => format!("{level}-01").parse().ok()?,
            Self::Day | Self::Week => level.parse().ok()?,
        };
        let begins_one = self != Self::Week || date.weekday() == Weekday::Monday;
        let midnight = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
        begins_one.then(|| self.number(Some(Time::from_ms(midnight.as_millisecond()))))
    }
}

/// The date so many days after 1970 began; every [`Time`] lies on one that can be written.
fn date(days: i32) -> Date {
    let ms = i64::from(days) * DAY_MS;
    let stamp = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(stamp).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &str, day: &str, week: &str, month: &str) {
        let instant: Time = at.parse().unwrap();
        let at = Some(instant);
        for (period, level) in Period::ALL.into_iter().zip([day, week, month]) {
            let number = period.number(at);
            assert_eq!(period.level(number), level);
            assert_eq!(period.from_level(level), Some(number));
            let begin = period.begin(number);
            assert!(begin <= instant && period.number(Some(begin)) == number);
            assert_eq!(period.number(Some(begin.plus(-1))), number - 1);
        }
    }

    #[test]
    fn an_instant_lies_in_the_periods_of_the_calendar() {
        check("2026-03-01T23:59:59.999Z", "2026-03-01", "2026-02-23", "2026-03");
        check("2026-03-02T00:00:00Z", "2026-03-02", "2026-03-02", "2026-03");
        check("1969-12-31T12:00:00Z", "1969-12-31", "1969-12-29", "1969-12");
        check("2024-02-29T12:00:00Z", "2024-02-29", "2024-02-26", "2024-02");
    }

    #[test]
    fn periods_follow_each_other_without_a_gap() {
        let end_of_year: Time = "2026-12-31T12:00:00Z".parse().unwrap();
        let next_year: Time = "2027-01-01T12:00:00Z".parse().unwrap();
        assert_eq!(Period::Month.number(Some(next_year)) - Period::Month.number(Some(end_of_year)), 1);
        assert_eq!(Period::Day.number(Some(next_year)) - Period::Day.number(Some(end_of_year)), 1);
    }

    #[test]
    fn what_never_began_lies_in_no_period() {
        assert_eq!(Period::Week.level(Period::Week.number(None)), NOT_RECORDED);
        assert_eq!(Period::Week.from_level("2026-03-03"), None, "a Tuesday begins no week");
        assert_eq!(Period::Month.from_level(NOT_RECORDED), None);
    }
}
