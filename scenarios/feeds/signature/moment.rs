//! When a delivery was signed, and whether that is long ago.
//!
//! Vendors write seconds since 1970, some milliseconds, and what they document is not always what they
//! send; the two cannot be mixed up, and the text is signed as it stands.

use event::Time;

use super::{Refused, TOLERANCE_MS};

/// As seconds it lies in the year 5138, as milliseconds in 1973.
const BORDER: i64 = 100_000_000_000;

/// The moment that a text of digits tells, in seconds or milliseconds since 1970.
pub(crate) fn moment(text: &str, place: &'static str) -> Result<Time, Refused> {
    let are_digits = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<i64> = text.parse().ok().filter(|_| are_digits);
    let number = number.ok_or(Refused::Form { place, want: "seconds since 1970, in digits" })?;
    Ok(Time::from_ms(if number < BORDER { number * 1000 } else { number }))
}

/// The moment that a number of a token tells, in seconds since 1970, with or without a fraction.
pub(crate) fn numeric(number: f64) -> Option<Time> {
    // What is finer than a millisecond is cut off.
    #[expect(clippy::cast_possible_truncation, reason = "the number is within the border")]
    let ms = |number: f64| (number * 1000.0) as i64;
    (0.0..1e11).contains(&number).then(|| Time::from_ms(ms(number)))
}

/// Refuses what was signed too long before it came, or after it.
pub(crate) fn within(signed: Time, at: Time) -> Result<(), Refused> {
    let most_s = TOLERANCE_MS / 1000;
    match at.since(signed) {
        age_ms if age_ms > TOLERANCE_MS => Err(Refused::Old { by_s: seconds(age_ms), most_s }),
        age_ms if age_ms < -TOLERANCE_MS => Err(Refused::Early { by_s: seconds(-age_ms), most_s }),
        _ => Ok(()),
    }
}

/// Milliseconds as seconds, rounded up: one too many is more than none.
pub(crate) fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_are_told_apart_by_their_size() {
        assert_eq!(moment("1772355603", "t"), Ok(Time::from_ms(1_772_355_603_000)));
        assert_eq!(moment("1772355603120", "t"), Ok(Time::from_ms(1_772_355_603_120)));
        for wrong in ["", "-1", "+1", "1.5", "1e9", " 1", "9999999999999999", "now"] {
            assert!(matches!(moment(wrong, "t"), Err(Refused::Form { .. })), "{wrong}");
        }
        assert_eq!(numeric(1_772_355_603.25), Some(Time::from_ms(1_772_355_603_250)));
        for wrong in [-1.0, 1e11, f64::NAN, f64::INFINITY] {
            assert_eq!(numeric(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_too_old_or_too_early_is_told_by_how_much() {
        let signed = Time::from_ms(1_772_355_603_000);
        for age_ms in [0, TOLERANCE_MS, -TOLERANCE_MS] {
            assert_eq!(within(signed, signed.plus(age_ms)), Ok(()));
        }
        let old = within(signed, signed.plus(TOLERANCE_MS + 1)).unwrap_err();
        assert_eq!(
            old.to_string(),
            "the delivery was signed 301 s before it came, and at most 300 s are allowed: it is an old one sent again, or a clock is wrong"
        );
        assert_eq!(within(signed, signed.plus(-400_000)), Err(Refused::Early { by_s: 400, most_s: 300 }));
        assert!(within(Time::MIN, Time::MAX).is_err() && within(Time::MAX, Time::MIN).is_err());
    }
}
