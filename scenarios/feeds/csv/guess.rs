//! A mapping to begin with, guessed from the header of a table by the words in it.
//!
//! What is written is a mapping in TOML with a comment on every line that is a guess, to be checked by
//! somebody who knows the table. Of the cells below the header, which hold people, only those are looked at that
//! hold times, for how they are written ([`fitting`](super::fitting)); none of them is written down. Columns of
//! which nothing is guessed are listed, so that none is forgotten. A header of which nothing at all is
//! guessed gets no mapping: what begins with it may be no table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::BufRead;

use super::field;
use super::fitting::Fitting;
use super::record::Records;
use crate::FeedError;
use crate::text::{quoted, shown};

/// Fields of every event of a row, and the words by which their column is known; the first column that
/// has them is taken. A plus stands between words that must all occur.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "consultation",
        &[
            "consultation",
            "appointment+id",
            "appointment+number",
            "appointment+ref",
            "booking+id",
            "booking+ref",
            "encounter",
            "meeting+id",
            "visit+id",
            "call+id",
            "session+id",
            "appointment",
            "reference",
            "ref",
        ],
    ),
    ("platform", &["platform", "system", "software", "vendor"]),
    ("organisation", &["organisation", "organization", "ods", "trust", "provider+code", "practice", "site"]),
    ("region", &["region", "icb", "ics"]),
    ("service", &["service", "specialty", "speciality", "department", "clinic"]),
    ("appointment", &["appointment+type", "visit+type", "attendance+type", "new+follow"]),
    ("device", &["device"]),
    ("browser", &["browser"]),
    ("network", &["network", "connection+type"]),
    ("deprivation_quintile", &["imd", "quintile", "deprivation"]),
    ("age_band", &["age"]),
    ("language", &["language"]),
    ("interpreter", &["interpreter"]),
    ("clinician", &["clinician+id", "clinician", "consultant", "doctor", "practitioner"]),
    ("modality", &["modality", "channel", "mode"]),
];

/// Kinds of events, and the words by which the column of their time is known.
const EVENTS: &[(&str, &[&str])] = &[
    ("cancelled", &["cancelled", "canceled"]),
    ("scheduled", &["booked", "scheduled", "slot", "appointment+time", "appointment+date", "planned"]),
    ("waiting", &["waiting", "arrived", "arrival", "checked+in"]),
    ("dropped", &["dropped", "disconnected"]),
    ("help_requested", &["help", "support"]),
    ("abandoned", &["abandoned", "gave+up", "given+up"]),
    ("converted", &["converted", "phone+call+at"]),
    ("completed", &["completed", "ended", "end", "finished", "finish"]),
    ("left", &["left", "out"]),
    ("joined", &["joined", "start", "started", "connected", "in"]),
];

/// Words that make a column one of people's numbers.
const PATIENT: &[&str] =
    &["patient+id", "patient+number", "patient+no", "nhs", "mrn", "hospital+number", "participant"];

/// How many columns are named where nothing is guessed of any.
const NAMED: usize = 10;

/// A mapping in TOML for the table that begins with the header that `input` begins with.
///
/// ```
/// let mapping = feeds::guessed_mapping(&mut "Appointment ID;Specialty;Patient joined\n".as_bytes())?;
/// assert!(mapping.contains("consultation = \"Appointment ID\""));
/// # Ok::<(), feeds::FeedError>(())
/// ```
///
/// # Errors
/// When the input cannot be read, begins with no header, or with one of which nothing is guessed.
pub fn guessed_mapping(input: &mut dyn BufRead) -> Result<String, FeedError> {
    let mut records = Records::new(input, None);
    let header = records.next()?;
    let header = header.ok_or_else(|| {
        FeedError::Guess("there is no header: the first line of a table should name its columns".into())
    })?;
    if let Some(refusal) = header.broken {
        return Err(FeedError::Guess(format!("the header cannot be read: {}", refusal.reason)));
    }
    let guess = Guess::of(&header.fields);
    if guess.columns.is_empty() && guess.events.is_empty() {
        let columns: Vec<String> =
            header.fields.iter().take(NAMED).map(|name| shown(&quoted(name))).collect();
        return Err(FeedError::Guess(format!(
            "no column tells by its name what it holds: {}; name the columns so that they do, such as \
             \"Appointment ID\", \"Patient joined\" and \"Specialty\", or write the mapping by hand: under \
             [columns] consultation = \"a column\", and an [[event]] with kind and at for every time of a row",
            columns.join(", ")
        )));
    }
    Ok(guess.written(&fitted(&guess, &header.fields, &mut records)?))
}

/// How the times of the rows are written.
fn fitted(guess: &Guess<'_>, header: &[String], records: &mut Records<'_>) -> Result<Fitting, FeedError> {
    let place = |name: &str| header.iter().position(|known| known == name);
    let times: Vec<Vec<usize>> =
        guess.times().iter().map(|names| names.iter().filter_map(|name| place(name)).collect()).collect();
    let mut fitting = Fitting::new();
    while !times.is_empty()
        && let Some(record) = records.next()?
    {
        if !times.iter().all(|cells| fitting.take(&record, cells, header)) {
            break;
        }
    }
    Ok(fitting)
}

/// What is guessed of a header.
struct Guess<'a> {
    columns: BTreeMap<&'static str, &'a str>,
    events: Vec<(&'static str, &'a str)>,
    patient: Option<&'a str>,
    /// The day of the times, where it stands in a column of its own.
    day: Option<&'a str>,
    rest: Vec<&'a str>,
}

impl<'a> Guess<'a> {
    fn of(header: &'a [String]) -> Self {
        let mut guess =
            Self { columns: BTreeMap::new(), events: Vec::new(), patient: None, day: None, rest: Vec::new() };
        let is_once =
            |name: &str| header.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() == 1;
        let mut rest: Vec<&str> = header.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        // A name that two columns have means neither.
        let twice: Vec<&str> = rest.iter().copied().filter(|name| !is_once(name)).collect();
        rest.retain(|name| is_once(name));
        let own = |name: &str| field::named(&words(name).join("_"));
        let is_event_a_row = ["kind", "at"].map(|needed| rest.iter().any(|name| own(name) == Some(needed)));
        let is_event_a_row = is_event_a_row == [true, true];
        rest.retain(|name| match own(name) {
            Some("kind" | "at") if !is_event_a_row => true,
            Some(field) if !guess.columns.contains_key(field) => {
                guess.columns.insert(field, name);
                false
            }
            _ => true,
        });
        if is_event_a_row {
            guess.rest = [twice, rest].concat();
            return guess;
        }
        guess.patient = guess.columns.remove("participant").or_else(|| take(&mut rest, PATIENT));
        guess.day = take_of(&mut rest, |words| matches!(words, [word] if word == "date" || word == "day"));
        for (kind, parts) in EVENTS {
            while let Some(name) = take_of(&mut rest, |words| is_time(words) && has_any(words, parts)) {
                guess.events.push((kind, name));
            }
        }
        for (field, parts) in FIELDS {
            if !guess.columns.contains_key(field)
                && let Some(name) = take(&mut rest, parts)
            {
                guess.columns.insert(field, name);
            }
        }
        let is_of_patient = |(_, column): &(&str, &str)| side(column) == Some("patient");
        // What no event takes is not read.
        let day = guess.day.filter(|_| guess.events.is_empty());
        let patient = guess.patient.filter(|_| !guess.events.iter().any(is_of_patient));
        guess.rest = [twice, day.into_iter().chain(patient).collect(), rest].concat();
        guess
    }

    /// The columns of a time: of its day where that stands apart, and its own.
    fn at(&self, column: &'a str) -> Vec<&'a str> {
        let day = self.day.filter(|_| !has_any(&words(column), &["date", "day", "datetime", "timestamp"]));
        day.into_iter().chain([column]).collect()
    }

    /// The columns of every time that a row may tell.
    fn times(&self) -> Vec<Vec<&'a str>> {
        let own = ["at", "booked_start"].iter().filter_map(|field| self.columns.get(field));
        own.map(|column| vec![*column]).chain(self.events.iter().map(|(_, column)| self.at(column))).collect()
    }

    fn written(&self, times: &Fitting) -> String {
        let mut text = format!(
            "# Guessed from the header, and from how times are written: check every line, and take out what is wrong.\n\
             source = \"urn:example:table\"  # a name for this table, the same for every export of it\n\
             {}\n\
             [columns]  # for every event of a row: our name = their column\n",
            times.written()
        );
        for (field, column) in &self.columns {
            let _ = writeln!(text, "{field} = {}  # guessed", quoted(column));
        }
        if !self.columns.contains_key("consultation") {
            text.push_str(
                "# consultation = \"?\"  # which column names the consultation? Nothing goes without\n",
            );
        }
        if !self.columns.contains_key("platform") {
            text.push_str("# platform = { value = \"?\" }  # the same for every row\n");
        }
        if !self.rest.is_empty() {
            text.push_str("# Not read:");
            self.rest.iter().for_each(|name| {
                let _ = write!(text, " {}", shown(&quoted(name)));
            });
            text.push('\n');
        }
        if !self.columns.contains_key("kind") {
            self.write_events(&mut text);
        }
        text
    }

    fn write_events(&self, text: &mut String) {
        for (kind, column) in &self.events {
            let _ = write!(text, "\n[[event]]  # guessed: a row tells it where this time is there\n");
            let at = match self.at(column)[..] {
                [day, time] => format!("[{}, {}]", quoted(day), quoted(time)),
                _ => quoted(column),
            };
            let _ = writeln!(text, "kind = \"{kind}\"\nat = {at}");
            match side(column) {
                Some("patient") => {
                    text.push_str("role = { value = \"patient\" }\n");
                    if let Some(name) = self.patient {
                        let _ = writeln!(text, "participant = {}", quoted(name));
                    }
                }
                Some(role) => {
                    let _ = writeln!(text, "role = {{ value = \"{role}\" }}");
                    if let Some(name) = self.columns.get("clinician") {
                        let _ = writeln!(text, "participant = {}", quoted(name));
                    }
                }
                None => {}
            }
        }
        if self.events.is_empty() {
            text.push_str(
                "\n# No column looks like the time of an event. One table for each that a row tells:\n\
                 # [[event]]\n# kind = \"joined\"\n# at = \"?\"\n",
            );
        }
    }
}

/// Takes the first column that has one of `parts`, the earlier parts first.
fn take<'a>(rest: &mut Vec<&'a str>, parts: &[&str]) -> Option<&'a str> {
    parts.iter().find_map(|part| take_of(rest, |words| has_any(words, &[part])))
}

fn take_of<'a>(rest: &mut Vec<&'a str>, is_it: impl Fn(&[String]) -> bool) -> Option<&'a str> {
    let at = rest.iter().position(|name| is_it(&words(name)))?;
    Some(rest.remove(at))
}

/// The words of a column's name, in small letters: `PatientJoined_at` has three.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut within, mut small) = (false, false);
    for c in name.chars() {
        if !c.is_alphanumeric() {
            within = false;
            continue;
        }
        if !within || small && c.is_uppercase() {
            words.push(String::new());
        }
        (within, small) = (true, c.is_lowercase());
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn has_any(words: &[String], parts: &[&str]) -> bool {
    parts.iter().any(|part| part.split('+').all(|word| words.iter().any(|own| own == word)))
}

/// Whether a column can hold a time: one that says who, why or what for holds something else.
fn is_time(words: &[String]) -> bool {
    !has_any(
        words,
        &["id", "by", "reason", "type", "topic", "number", "no", "code", "duration", "count", "name"],
    )
}

/// The side that a column's name speaks of.
fn side(column: &str) -> Option<&'static str> {
    let words = words(column);
    if has_any(&words, &["patient", "pt"]) {
        Some("patient")
    } else if has_any(&words, &["clinician", "doctor", "dr", "consultant", "practitioner"]) {
        Some("clinician")
    } else {
        None
    }
}
