//! Who there is to be reached: a reference population, from a CSV file.
//!
//! ```text
//! # lines that begin with # are for people
//! dimension,level,people
//! deprivation_quintile,1,120000
//! age_band,75-plus,48500
//! ```
//!
//! A population that lacks a group makes every share wrong, so that one bad line refuses the whole file; all
//! bad lines are told at once, each with its number, what stands there, and what to write.

use std::fmt;
use std::io::Read;

use event::Dimension;
use feeds::{Record, Records};
use projections::reach::{MOST_PEOPLE, Population, PopulationError};

use super::choose::unknown;

/// The columns, in any order.
const COLUMNS: [&str; 3] = ["dimension", "level", "people"];
/// The most bytes of a file.
const POPULATION_BYTES: u64 = 1 << 20;
/// How many bad lines are told; more are counted.
const TOLD: usize = 20;

/// Why a file is no population.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unread(#[from] std::io::Error),
    /// It is too long.
    #[error("it has more than {POPULATION_BYTES} bytes; a population has a line for each group, and no more")]
    TooLong,
    /// Nothing is in it.
    #[error("there is no group in it; write the header {}, and a line for each group", COLUMNS.join(","))]
    Empty,
    /// Its header is another.
    #[error("line {line}: {why}; the header is {}", COLUMNS.join(","))]
    Header {
        /// Where it stands.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Some lines are wrong.
    #[error("{}", BadLines(.0))]
    Lines(Vec<(u64, String)>),
}

/// Bad lines, each with its number and what to do.
struct BadLines<'a>(&'a [(u64, String)]);

impl fmt::Display for BadLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (line, why)) in self.0.iter().take(TOLD).enumerate() {
            let gap = if place > 0 { "\n  " } else { "" };
            write!(f, "{gap}line {line}: {why}")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} further lines"),
        }
    }
}

/// Reads a population.
///
/// # Errors
/// When the input cannot be read, is too long, or has a line that is wrong.
pub(super) fn population(input: impl Read) -> Result<Population, Refused> {
    let mut bytes = Vec::new();
    input.take(POPULATION_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > POPULATION_BYTES {
        return Err(Refused::TooLong);
    }
    let (comments, mut table) = without_comments(&bytes);
    let mut records = Records::new(&mut table, None);
    let mut next = || {
        let record = records.next().map_err(|error| Refused::Unread(std::io::Error::other(error)))?;
        Ok::<_, Refused>(record.map(|record| Record { line: record.line + comments, ..record }))
    };
    let Some(header) = next()? else { return Err(Refused::Empty) };
    let columns = columns(&header)?;
    let (mut population, mut bad) = (Population::default(), Vec::new());
    while let Some(record) = next()? {
        if record.text.starts_with(b"#") {
            continue;
        }
        if let Err(why) = take(&record, columns, &mut population) {
            bad.push((record.line, why));
        }
    }
    match (bad.is_empty(), population.is_empty()) {
        (false, _) => Err(Refused::Lines(bad)),
        (true, true) => Err(Refused::Empty),
        (true, false) => Ok(population),
    }
}

/// How many lines stand before the header that are for people, and what comes behind them.
///
/// They go first because the delimiter is told by the header, and not by what somebody wrote above it.
fn without_comments(bytes: &[u8]) -> (u64, &[u8]) {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = 0;
    while rest.starts_with(b"#") {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
        lines += 1;
    }
    (lines, rest)
}

/// Where each of [`COLUMNS`] stands.
fn columns(header: &Record) -> Result<[usize; 3], Refused> {
    let refuse = |why: String| Refused::Header { line: header.line, why };
    if let Some(broken) = &header.broken {
        return Err(refuse(broken.reason.clone()));
    }
    if let Some(name) = header.fields.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(refuse(unknown("column", name, COLUMNS)));
    }
    let place = |column: &str| {
        let mut places = header.fields.iter().enumerate().filter(|(_, name)| *name == column);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(refuse(format!("there are two columns {column}"))),
            (None, _) => Err(refuse(format!("there is no column {column}"))),
        }
    };
    Ok([place("dimension")?, place("level")?, place("people")?])
}

/// Takes a line in, or says what is wrong with it.
fn take(record: &Record, columns: [usize; 3], population: &mut Population) -> Result<(), String> {
    if let Some(broken) = &record.broken {
        return Err(broken.reason.clone());
    }
    if record.fields.len() != COLUMNS.len() {
        let cells = record.fields.len();
        return Err(format!(
            "there are {cells} cells, not 3; write dimension, level and number of people, with no comma \
             within the number"
        ));
    }
    let [dimension, level, people] = columns.map(|place| record.fields[place].as_str());
    let found = Dimension::from_name(dimension);
    let found = found.ok_or_else(|| unknown("dimension", dimension, Dimension::ALL.map(Dimension::name)));
    let people = number(people);
    population.add(found?, level, people?).map_err(|error: PopulationError| error.to_string())
}

fn number(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(people) if digits => Ok(people),
        Err(_) if digits => {
            Err(format!("{text} people are more than there are; write fewer than {MOST_PEOPLE}"))
        }
        _ => Err(format!("{text:?} is no number of people; write a whole number, such as 120000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Population, String> {
        population(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(text: &str, why: &[&str]) {
        let told = read(text).unwrap_err();
        assert!(why.iter().all(|why| told.contains(why)), "{told}");
    }

    #[test]
    fn a_population_is_read_however_it_was_saved() {
        let plain = "dimension,level,people\ndeprivation_quintile,1,120\nage_band,75-plus,30\n";
        let wanted = read(plain).unwrap();
        let groups: Vec<_> = wanted.groups(Dimension::DeprivationQuintile).collect();
        assert_eq!(groups, [("1", 120)]);
        assert_eq!((wanted.people(Dimension::AgeBand), wanted.people(Dimension::Network)), (30, 0));
        for other in [
            format!("\u{feff}{plain}"),
            plain.replace('\n', "\r\n"),
            plain.replace(',', ";"),
            plain.replace("age_band,", "\n# the oldest; by hand\n\"age_band\", "),
            format!("\u{feff}# made up, as an example; of nobody\r\n{}", plain.trim_end()),
            "people,level,dimension\n120,1,deprivation_quintile\n30,75-plus,age_band".to_owned(),
        ] {
            assert_eq!(read(&other).as_ref(), Ok(&wanted), "{other}");
        }
    }

    #[test]
    fn what_is_no_population_is_refused_as_a_whole() {
        for empty in ["", "\u{feff}", "\n\n", "# nothing\n", "dimension,level,people\n"] {
            refused(empty, &["there is no group in it", "dimension,level,people"]);
        }
        refused("dimension,level,peple\n", &["line 1", "no column \"peple\"", "\"people\""]);
        refused("dimension,level\nage_band,a\n", &["line 1: there is no column people"]);
        refused("dimension,level,people,level\n", &["line 1: there are two columns level"]);
        refused(&"x".repeat(POPULATION_BYTES as usize + 1), &["more than 1048576 bytes"]);
        let only_header = "# a\n# b\ndimension;level;persons\n";
        refused(only_header, &["line 3", "\"persons\""]);
    }

    #[test]
    fn every_bad_line_is_told_with_what_to_write() {
        let text = "dimension,level,people\nage_bnd,a,1\nage_band,a,-5\nage_band,b,1,000\nage_band,c,many\n\
                    age_band,d,0\nage_band,e,99999999999999999999999\nage_band,f,10000000000\n\
                    deprivation_quintile,6,10\nage_band,,10\nplatform,alder,10\nage_band,g,10\nage_band,g,11\n\
                    age_band,not recorded,4\nage_band,\"h,3\n";
        refused(
            text,
            &[
                "line 2: there is no dimension \"age_bnd\"; did you mean \"age_band\"?",
                "line 3: \"-5\" is no number of people",
                "line 4: there are 4 cells, not 3",
                "line 5: \"many\" is no number of people",
                "line 6: a group of 0 people has no rate",
                "line 7: 99999999999999999999999 people are more than there are",
                "line 8: 10000000000 people are more than there are",
                "line 9: \"6\" cannot be a level of deprivation_quintile; write a whole number from 1",
                "line 10: \"\" cannot be a level of age_band; write at least one character",
                "line 11: platform does not tell people apart",
                "line 13: age_band \"g\" stands in the file twice",
                "line 14: \"not recorded\" cannot be a level of age_band",
                "line 15: a quote that opens in this row does not close",
            ],
        );
        let many: String = (0..30).map(|line| format!("age_band,{line},-1\n")).collect();
        refused(&format!("dimension,level,people\n{many}"), &["line 21: ", "and 10 further lines"]);
    }
}
