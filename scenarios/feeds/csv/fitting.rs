//! How the times of a sheet are written: which of the formats in use fits all of them.
//!
//! A format is known when every time of the sheet can be read by it, and by no other that is in use; what the 2nd
//! of March may be and the 3rd of February as well is left to somebody who knows the sheet. Read are the cells of
//! times alone, and what is said of them is where they stand, never what they say.

use std::fmt::Write;

use super::moment::Clock;
use super::record::Record;
use crate::text::{quoted, shown};

/// Days as sheets write them. A year of two digits stands last, as it does nearly everywhere.
const DAYS: &[&str] = &[
    "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%m-%d-%Y",
    "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y",
];
/// Times of a day as sheets write them behind the day.
const CLOCKS: &[&str] = &["%H:%M", "%H:%M:%S", "%H.%M", "%I:%M %p", "%I:%M:%S %p"];
/// Seconds and milliseconds since 1970.
const UNIX: &[&str] = &["unix", "unix_ms"];
/// The years 1990 to 2099, in milliseconds since 1970: what lies elsewhere was read in a wrong way.
const PLAUSIBLE_MS: std::ops::Range<i64> = 631_152_000_000..4_102_444_800_000;
/// What a line says where nothing is known of the times.
const EXAMPLE: &str = "# time_format = \"%d/%m/%Y %H:%M\"";

/// A way of writing times, as long as all of them fit it.
struct Way {
    /// None as ISO 8601 has it, which takes no format.
    format: Option<String>,
    clock: Clock,
}

/// The ways that fit the times of a sheet so far.
pub(super) struct Fitting {
    ways: Vec<Way>,
    /// How many times there were.
    times: u64,
    /// Whether one of them carries no offset.
    is_local: bool,
    /// Where the last way failed, in words, and which of them had fitted until then.
    failed: Option<(String, Vec<String>)>,
}

impl Fitting {
    pub(super) fn new() -> Self {
        let days = DAYS.iter().flat_map(|day| CLOCKS.iter().map(move |clock| (day, clock)));
        let written = days.flat_map(|(day, clock)| [format!("{day} {clock}"), format!("{day}, {clock}")]);
        let formats = written.chain(UNIX.iter().map(|&name| name.to_owned()));
        let way = |format: Option<String>| {
            Clock::new(Some("UTC"), format.clone()).ok().map(|clock| Way { format, clock })
        };
        let ways = std::iter::once(None).chain(formats.map(Some)).filter_map(way).collect();
        Self { ways, times: 0, is_local: false, failed: None }
    }

    /// Takes the time that these cells of a record tell, if they tell one; whether there is more to learn.
    pub(super) fn take(&mut self, record: &Record, cells: &[usize], header: &[String]) -> bool {
        let texts: Vec<&str> =
            cells.iter().filter_map(|at| record.fields.get(*at)).map(String::as_str).collect();
        // As a mapping reads it: where the last cell is empty it did not happen.
        if self.ways.is_empty() || texts.last().is_none_or(|last| last.is_empty()) {
            return !self.ways.is_empty();
        }
        let text = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        self.times += 1;
        self.is_local |= !carries_offset(&text);
        let before: Vec<String> = match self.times {
            1 => Vec::new(),
            _ => self.ways.iter().map(Way::name).collect(),
        };
        self.ways.retain(|way| way.clock.read(&text).is_ok_and(|time| PLAUSIBLE_MS.contains(&time.ms())));
        if self.ways.is_empty() {
            let names: Vec<String> = cells.iter().map(|at| shown(&quoted(&header[*at]))).collect();
            self.failed = Some((format!("{} of line {}", names.join(" and "), record.line), before));
        }
        !self.ways.is_empty()
    }

    /// The lines of a mapping that say whose clock it is and how times are written.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        text.push_str(&self.zone());
        let times = match self.times {
            1 => "the one time of this sheet is".to_owned(),
            times => format!("all {times} times of this sheet are"),
        };
        let formats: Vec<&Option<String>> = self.ways.iter().map(|way| &way.format).collect();
        let _ = match (formats.as_slice(), &self.failed) {
            _ if self.times == 0 => {
                writeln!(text, "{EXAMPLE}  # unless times are written 2026-03-01 09:00 or so")
            }
            (_, Some((place, before))) if before.is_empty() => {
                writeln!(text, "{EXAMPLE}  # how? {place} is written in no way that is tried here: write how")
            }
            (_, Some((place, before))) => writeln!(
                text,
                "{EXAMPLE}  # how? Until then times fit {}, and {place} does not: write them all alike",
                before.join(" or ")
            ),
            ([None], None) => {
                writeln!(text, "# time_format is not needed: {times} written 2026-03-01 09:00 or so")
            }
            ([Some(one)], None) => {
                writeln!(
                    text,
                    "time_format = {}  # {times} written so, and in no other way that is tried here",
                    quoted(one)
                )
            }
            _ => self.several(&mut text),
        };
        text
    }

    /// The line of the zone. Times do not say by whose clock they are, so this is never decided here.
    fn zone(&self) -> String {
        let is_unix = |way: &Way| way.format.as_deref().is_some_and(|format| UNIX.contains(&format));
        let is_fitted = self.times > 0 && !self.ways.is_empty();
        if is_fitted && (self.ways.iter().all(is_unix) || !self.is_local) {
            return "# zone is not needed: every time says by itself which instant it is\n".to_owned();
        }
        let why = match is_fitted {
            true => "by whose clock? These times carry no offset, and none goes in before this is said",
            false => "of times without an offset",
        };
        format!("# zone = \"Europe/London\"  # {why}\n")
    }

    /// More than one way: which it is, the sheet does not tell.
    fn several(&self, text: &mut String) -> std::fmt::Result {
        text.push_str("# Every time of this sheet fits each of these, which are not the same: take out the # before the right one.\n");
        let is_first =
            |way: &Way, of: &str| way.format.as_deref().is_some_and(|format| format.starts_with(of));
        for way in &self.ways {
            let what = match () {
                () if is_first(way, "%d") => "  # the day first",
                () if is_first(way, "%m") => "  # the month first",
                () => "",
            };
            writeln!(text, "# time_format = {}{what}", way.name())?;
        }
        Ok(())
    }
}

impl Way {
    fn name(&self) -> String {
        self.format.as_deref().map_or_else(|| "2026-03-01 09:00".to_owned(), quoted)
    }
}

/// Whether a time says by itself which instant it is.
fn carries_offset(text: &str) -> bool {
    Clock::new(None, None).is_ok_and(|clock| clock.read(text).is_ok())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    /// The lines of the zone and of the format, for a column of these times.
    fn check(times: &[&str], zone: &str, format: &[&str]) {
        let mut fitting = Fitting::new();
        for (line, time) in (2..).zip(times) {
            let record = Record { line, text: vec![], fields: vec![(*time).to_owned()], broken: None };
            fitting.take(&record, &[0], &["In".to_owned()]);
        }
        let written = fitting.written();
        let lines: Vec<&str> = written.lines().collect();
        assert!(lines[0].starts_with(zone), "{times:?}: {written}");
        assert_eq!(lines.len(), format.len() + 1, "{times:?}: {written}");
        for (line, wanted) in lines[1..].iter().zip(format) {
            assert!(line.contains(wanted), "{times:?}: {wanted}: {written}");
        }
        assert!(
            times.iter().all(|time| time.is_empty() || !written.contains(time)),
            "a cell is told: {written}"
        );
    }

    const LOCAL: &str = "# zone = \"Europe/London\"  # by whose clock?";
    const NEEDLESS: &str = "# zone is not needed";

    #[test]
    fn one_format_that_fits_every_time_holds() {
        for (times, format) in [
            (["02/03/2022 09:02", "13/03/2022 9:31"], "%d/%m/%Y %H:%M"),
            (["02/03/2022 09:02", "03/13/2022 09:31"], "%m/%d/%Y %H:%M"),
            (["02/03/2022, 09:02:10", "31/03/2022, 09:31:00"], "%d/%m/%Y, %H:%M:%S"),
            (["02/03/22 09:02", "31/03/22 09:31"], "%d/%m/%y %H:%M"),
            (["02.03.2022 09:02", "03.04.2022 09:31"], "%d.%m.%Y %H:%M"),
            (["13/03/2022 09:02 AM", "02/03/2022 1:31 pm"], "%d/%m/%Y %I:%M %p"),
            (["02-Mar-2022 09:02", "03-Jun-2022 09:31"], "%d-%b-%Y %H:%M"),
            (["02 March 2022 09:02", "03 May 2022 09:31"], "%d %B %Y %H:%M"),
            (["2022/03/02 09:02", "2022/03/03 09:31"], "%Y/%m/%d %H:%M"),
        ] {
            check(
                &times,
                LOCAL,
                &[&format!("time_format = \"{format}\"  # all 2 times of this sheet are written so")],
            );
        }
        check(&["1646211720", "1646211780"], NEEDLESS, &["time_format = \"unix\"  #"]);
        check(&["1646211720000"], NEEDLESS, &["time_format = \"unix_ms\"  # the one time of this sheet is"]);
    }

    #[test]
    fn what_needs_no_format_gets_none() {
        check(&["2022-03-02 09:02", "2022-03-02T09:02:10"], LOCAL, &["# time_format is not needed"]);
        check(
            &["2022-03-02T09:02:10Z", "2022-03-02T09:02:10+01:00"],
            NEEDLESS,
            &["# time_format is not needed"],
        );
        check(&["2022-03-02T09:02:10Z", "2022-03-02 09:02"], LOCAL, &["# time_format is not needed"]);
    }

    #[test]
    fn the_day_or_the_month_first_is_asked_and_not_guessed() {
        check(
            &["02/03/2022 09:02", "", "11/12/2022 09:31"],
            LOCAL,
            &[
                "# Every time of this sheet fits each",
                "# time_format = \"%d/%m/%Y %H:%M\"  # the day first",
                "# time_format = \"%m/%d/%Y %H:%M\"  # the month first",
            ],
        );
    }

    #[test]
    fn where_no_format_fits_the_place_is_told() {
        let unsure = "# zone = \"Europe/London\"  # of times without an offset";
        check(&[""], unsure, &["# unless times are written 2026-03-01 09:00 or so"]);
        check(&["half past nine"], unsure, &["# how? \"In\" of line 2 is written in no way"]);
        check(&["44622.376"], unsure, &["# how? \"In\" of line 2"]);
        check(
            &["13/03/2022 09:02", "03/13/2022 09:02"],
            unsure,
            &["fit \"%d/%m/%Y %H:%M\", and \"In\" of line 3 does not"],
        );
        // Excel's day 0, and a year that lost its century.
        check(&["13/03/2022 09:02", "13/01/1900 09:02"], unsure, &["\"In\" of line 3 does not"]);
    }

    proptest! {
        /// Whoever wrote the sheet is never ruled out: what is named alone is what it was written by.
        #[test]
        fn the_format_that_a_sheet_was_written_by_is_named(
            day in 0..DAYS.len(),
            clock in 0..CLOCKS.len(),
            minutes in proptest::collection::vec(0_i64..78 * 365 * 24 * 60, 1..12),
        ) {
            let format = format!("{} {}", DAYS[day], CLOCKS[clock]);
            let mut fitting = Fitting::new();
            for (line, minute) in (2..).zip(&minutes) {
                let time = date(1990, 1, 1).at(0, 0, 0, 0).saturating_add(minute.minutes());
                let text = time.strftime(&format).to_string();
                let record = Record { line, text: vec![], fields: vec![text], broken: None };
                prop_assert!(fitting.take(&record, &[0], &["In".to_owned()]), "{}: {:?}", format, record);
            }
            let written = fitting.written();
            let named = format!("time_format = {}", quoted(&format));
            prop_assert!(written.contains(&named), "{}: {}", format, written);
            let alone = written.lines().find(|line| line.starts_with("time_format"));
            prop_assert!(alone.is_none_or(|line| line.starts_with(&named)), "{}: {}", format, written);
        }
    }
}
