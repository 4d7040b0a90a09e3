//! Moments told as numbers: seconds or milliseconds since 1970, as numbers or as texts of digits.
//!
//! Protocol buffers write their 64-bit numbers as texts, and some vendors tell seconds with a fraction.
//! Digits are read as they stand, never through floating point; what is finer than a millisecond is cut
//! off. A zero is a value that nobody set, and a number of the wrong size is one in the other unit.

use event::Time;

use crate::Refusal;
use crate::document::Document;

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds, with or without a fraction.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// As seconds it lies in the year 5138, as milliseconds in 1973: no call was held at either.
const BORDER: i64 = 100_000_000_000;

impl Unit {
    fn want(self) -> &'static str {
        match self {
            Self::Seconds => "seconds since 1970, such as 1772355603.12",
            Self::Milliseconds => "milliseconds since 1970, such as 1772355603120",
        }
    }
}

/// The moment called `name`, if it is there.
pub(crate) fn moment(told: &Document<'_>, name: &str, unit: Unit) -> Result<Option<Time>, Refusal> {
    let Some(text) = told.name(name)? else { return Ok(None) };
    let wrong = || told.wrong(name, unit.want());
    let (whole, ms) = parts(&text).ok_or_else(wrong)?;
    if whole == 0 && ms == 0 {
        return Ok(None);
    }
    match unit {
        Unit::Seconds if whole < BORDER => Ok(Some(Time::from_ms(whole * 1000 + ms))),
        Unit::Milliseconds if whole >= BORDER => Ok(Some(Time::from_ms(whole))),
        Unit::Seconds | Unit::Milliseconds => Err(wrong()),
    }
}

/// How long something called `name` took, in milliseconds, where it is told in seconds.
pub(crate) fn duration_ms(told: &Document<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = told.name(name)? else { return Ok(None) };
    let length = parts(&text).filter(|(whole, _)| *whole < BORDER);
    let (whole, ms) = length.ok_or_else(|| told.wrong(name, "a number of seconds, such as 11.419"))?;
    Ok(Some(whole * 1000 + ms))
}

/// The whole of a number, and the thousandths behind its point.
fn parts(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || whole.len() > 15 || !are_digits(fraction) {
        return None;
    }
    let thousandths = fraction.bytes().chain(*b"000").take(3);
    let ms = thousandths.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((whole.parse().ok()?, ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, unit: Unit) -> Result<Option<i64>, String> {
        let value = serde_json::from_str(json).unwrap();
        let found = moment(&Document::new(&value), "at", unit);
        found.map(|time| time.map(Time::ms)).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn numbers_and_texts_of_digits_are_moments() {
        let at = Ok(Some(1_708_972_279_960));
        for json in [r#"{"at":1708972279.96}"#, r#"{"at":"1708972279.9609"}"#] {
            assert_eq!(read(json, Unit::Seconds), at, "{json}");
        }
        for json in [r#"{"at":1708972279960}"#, r#"{"at":"1708972279960"}"#] {
            assert_eq!(read(json, Unit::Milliseconds), at, "{json}");
        }
        for json in ["{}", r#"{"at":null}"#, r#"{"at":0}"#, r#"{"at":"0"}"#, r#"{"at":""}"#] {
            assert_eq!(read(json, Unit::Seconds), Ok(None), "{json}");
        }
    }

    #[test]
    fn a_number_in_the_other_unit_is_refused() {
        assert_eq!(
            read(r#"{"at":1708972279}"#, Unit::Milliseconds),
            Err("/at is 1708972279; it should be milliseconds since 1970, such as 1772355603120".into())
        );
        assert_eq!(
            read(r#"{"at":1708972279960}"#, Unit::Seconds),
            Err("/at is 1708972279960; it should be seconds since 1970, such as 1772355603.12".into())
        );
        for json in [r#"{"at":-5}"#, r#"{"at":"soon"}"#, r#"{"at":1e300}"#, r#"{"at":"1."}"#, r#"{"at":[]}"#]
        {
            assert!(read(json, Unit::Seconds).is_err(), "{json}");
        }
    }
}
