//! What platforms can do and cost, and what services need: a TOML file.
//!
//! ```toml
//! price_unit = "GBP"
//!
//! [functions]                         # besides those that every file may name
//! whiteboard = "a shared whiteboard"
//!
//! [platforms.alder]
//! price = [1.1, 1.4]                  # of one consultation, or between these bounds
//!
//! [platforms.alder.functions]
//! group_calls = { state = "met", source = "supplier's handbook, 4.2", date = 2026-01-12 }
//! captions = { state = "not_evidenced" }
//!
//! [[needs]]
//! functions = ["group_calls"]
//! where = { service = "therapy" }     # left out: of every consultation
//! ```
//!
//! A name that was mistyped would keep a platform out, or let one in, without a word. So every name is held against
//! what there is, and everything that is wrong is told at once, each with its place and what to write.

use std::collections::BTreeMap;

use event::Dimension;
use jiff::civil::Date;
use projections::profiles::{FUNCTIONS, Need, Profile, Profiles, State, Statement};
use toml::{Table, Value};

use super::choose::unknown;

/// The most bytes of a file.
pub(super) const BYTES: u64 = 1 << 20;
/// How much is told of what is wrong; more is counted.
const TOLD: usize = 20;

/// Why a file says nothing of platforms.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It is too long.
    #[error("it has more than {BYTES} bytes; a statement for each platform and function takes no more")]
    TooLong,
    /// It is no TOML.
    #[error("it is not TOML: {0}")]
    NoToml(String),
    /// Some of it is wrong.
    #[error("{}", told(.0))]
    Wrong(Vec<String>),
}

/// What is wrong, a line each.
fn told(wrong: &[String]) -> String {
    let mut lines: Vec<String> = wrong.iter().take(TOLD).cloned().collect();
    let more = wrong.len().saturating_sub(TOLD);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines.join("\n  ")
}

/// Reads what is declared of platforms; names are held against those of `platforms` and against the levels that a
/// dimension has, unless there are none.
///
/// # Errors
/// When it is too long, or says something that cannot be meant.
pub(super) fn platforms(
    bytes: &[u8],
    platforms: &[String],
    levels: impl Fn(Dimension) -> Vec<String>,
) -> Result<Profiles, Refused> {
    if bytes.len() as u64 > BYTES {
        return Err(Refused::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Refused::NoToml(error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: Table = text.parse().map_err(|error: toml::de::Error| Refused::NoToml(error.to_string()))?;
    let mut reader = Reader { platforms, levels, profiles: Profiles::default(), wrong: Vec::new() };
    reader.read(&table);
    if reader.wrong.is_empty() { Ok(reader.profiles) } else { Err(Refused::Wrong(reader.wrong)) }
}

/// What was read so far, and what is wrong with it.
struct Reader<'a, L> {
    platforms: &'a [String],
    levels: L,
    profiles: Profiles,
    wrong: Vec<String>,
}

impl<L: Fn(Dimension) -> Vec<String>> Reader<'_, L> {
    fn refuse(&mut self, place: &str, why: &str) {
        self.wrong.push(format!("{place}: {why}"));
    }

    /// Refuses keys that are not among these.
    fn known_keys(&mut self, place: &str, table: &Table, keys: &[&str]) {
        for key in table.keys().filter(|key| !keys.contains(&key.as_str())) {
            let place = if place.is_empty() { "the file" } else { place };
            self.refuse(place, &unknown("key", key, keys));
        }
    }

    /// The table at a place; nothing, and a word, where something else stands there.
    fn table<'t>(&mut self, place: &str, value: Option<&'t Value>) -> Option<&'t Table> {
        let value = value?;
        let table = value.as_table();
        if table.is_none() {
            self.refuse(place, &format!("{} is no table; write [{place}]", value.type_str()));
        }
        table
    }

    fn text(&mut self, place: &str, value: Option<&Value>) -> Option<String> {
        let value = value?;
        match value.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                self.refuse(place, &format!("{value} is no text; write some words within quotes"));
                None
            }
        }
    }

    fn read(&mut self, table: &Table) {
        self.known_keys("", table, &["functions", "price_unit", "platforms", "needs"]);
        self.profiles.functions =
            FUNCTIONS.into_iter().map(|(name, words)| (name.to_owned(), words.to_owned())).collect();
        if let Some(functions) = self.table("functions", table.get("functions")) {
            for (name, words) in functions {
                let place = format!("functions.{name}");
                let words = self.text(&place, Some(words));
                self.profiles.functions.insert(name.clone(), words.unwrap_or_default());
            }
        }
        self.profiles.price_unit = self.text("price_unit", table.get("price_unit"));
        if let Some(platforms) = self.table("platforms", table.get("platforms")) {
            platforms.iter().for_each(|(name, value)| self.platform(name, value));
        }
        self.priced_alike();
        match table.get("needs") {
            None => {}
            Some(Value::Array(needs)) => {
                for (place, need) in (1..).zip(needs) {
                    self.needs(&format!("needs {place}"), need);
                }
            }
            Some(_) => self.refuse("needs", "write [[needs]], once for each set of consultations"),
        }
    }

    fn platform(&mut self, name: &str, value: &Value) {
        let place = format!("platforms.{name}");
        if !self.platforms.is_empty() && !self.platforms.iter().any(|known| known == name) {
            self.refuse(&place, &unknown("platform", name, self.platforms));
        }
        let Some(table) = self.table(&place, Some(value)) else { return };
        self.known_keys(&place, table, &["price", "functions"]);
        let price = self.price(&format!("{place}.price"), table.get("price"));
        let mut profile = Profile { price, ..Profile::default() };
        let place = format!("{place}.functions");
        for (function, value) in self.table(&place, table.get("functions")).into_iter().flatten() {
            let place = format!("{place}.{function}");
            self.known_function(&place, function);
            if let Some(statement) = self.statement(&place, value) {
                profile.functions.insert(function.clone(), statement);
            }
        }
        self.profiles.platforms.insert(name.to_owned(), profile);
    }

    fn known_function(&mut self, place: &str, function: &str) {
        if !self.profiles.functions.contains_key(function) {
            let names: Vec<String> = self.profiles.functions.keys().cloned().collect();
            let why = unknown("function", function, names);
            self.refuse(place, &format!("{why} (others are declared under [functions])"));
        }
    }

    fn price(&mut self, place: &str, value: Option<&Value>) -> Option<[f64; 2]> {
        let value = value?;
        let number =
            |value: &Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        let bounds = match value {
            Value::Array(bounds) => bounds.iter().map(number).collect::<Option<Vec<f64>>>(),
            one => number(one).map(|price| vec![price, price]),
        };
        match bounds.as_deref() {
            Some([lo, hi]) if *lo >= 0.0 && lo <= hi && hi.is_finite() => Some([*lo, *hi]),
            _ => {
                let what = "what one consultation costs, such as 1.2, or bounds, such as [1.1, 1.4]";
                self.refuse(place, &format!("{value} is no price; write {what}"));
                None
            }
        }
    }

    /// A platform without a price would be taken for a free one.
    fn priced_alike(&mut self) {
        let (with, without): (Vec<_>, Vec<_>) =
            self.profiles.platforms.iter().partition(|(_, profile)| profile.price.is_some());
        let first = |of: &[(&String, &Profile)]| of.first().map(|(name, _)| (*name).clone());
        let (with, without) = (first(&with), first(&without));
        if let (Some(with), Some(without)) = (&with, &without) {
            self.refuse(
                &format!("platforms.{without}"),
                &format!("it has no price, and {with} has; give one to all of them or to none"),
            );
        }
        if with.is_some() && self.profiles.price_unit.is_none() {
            self.refuse("price_unit", "prices need a unit; write price_unit = \"GBP\", or what they are in");
        }
    }

    fn statement(&mut self, place: &str, value: &Value) -> Option<Statement> {
        let table = self.table(place, Some(value))?;
        self.known_keys(place, table, &["state", "source", "date"]);
        let state = self.text(&format!("{place}.state"), table.get("state"));
        let Some(state) = state else {
            if !table.contains_key("state") {
                self.refuse(
                    place,
                    "there is no state; write state = \"met\", \"not_met\" or \"not_evidenced\"",
                );
            }
            return None;
        };
        let Some(state) = State::ALL.into_iter().find(|known| known.name() == state) else {
            self.refuse(&format!("{place}.state"), &unknown("state", &state, State::ALL.map(State::name)));
            return None;
        };
        let source = self.text(&format!("{place}.source"), table.get("source"));
        let date = self.date(&format!("{place}.date"), table.get("date"));
        let lacking = match (&source, &date) {
            (Some(_), Some(_)) => None,
            (None, Some(_)) => Some("source"),
            (Some(_), None) => Some("date"),
            (None, None) => Some("source and no date"),
        };
        // What is wrong was said already; what is not there was not.
        let is_wrong = (source.is_none() && table.contains_key("source"))
            || (date.is_none() && table.contains_key("date"));
        if let (true, Some(lacking), false) = (state != State::NotEvidenced, lacking, is_wrong) {
            self.refuse(
                place,
                &format!(
                    "it says {} with no {lacking}; say where that stands and of which day it is, or write \
                     state = \"not_evidenced\"",
                    state.name()
                ),
            );
        }
        Some(Statement { state, source, date })
    }

    fn date(&mut self, place: &str, value: Option<&Value>) -> Option<String> {
        let value = value?;
        let text = match value {
            Value::Datetime(date) => date.to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        if date.is_none() {
            self.refuse(place, &format!("{text:?} is no day; write one such as 2026-01-12"));
        }
        date.map(|date| date.to_string())
    }

    fn needs(&mut self, place: &str, value: &Value) {
        let Some(table) = self.table(place, Some(value)) else { return };
        self.known_keys(place, table, &["functions", "where"]);
        let mut of = BTreeMap::new();
        for (name, level) in self.table(&format!("{place}.where"), table.get("where")).into_iter().flatten() {
            let place = format!("{place}.where.{name}");
            let Some(level) = self.text(&place, Some(level)) else { continue };
            let Some(dimension) = Dimension::from_name(name) else {
                self.refuse(&place, &unknown("dimension", name, Dimension::ALL.map(Dimension::name)));
                continue;
            };
            if dimension == Dimension::Platform {
                self.refuse(&place, "a need is of consultations, whatever the platform; take it out");
                continue;
            }
            let known = (self.levels)(dimension);
            if !known.is_empty() && !known.contains(&level) {
                self.refuse(&place, &unknown(&format!("consultation with {name}"), &level, known));
            }
            of.insert(dimension, level);
        }
        let functions = table.get("functions").and_then(Value::as_array).filter(|list| !list.is_empty());
        let Some(functions) = functions else {
            let what = "there are no functions; write functions = [\"captions\"], or what is needed";
            return self.refuse(place, what);
        };
        for function in functions {
            let place = format!("{place}.functions");
            if let Some(function) = self.text(&place, Some(function)) {
                self.known_function(&place, &function);
                let need = Need { function, of: of.clone() };
                if !self.profiles.needs.contains(&need) {
                    self.profiles.needs.push(need);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
