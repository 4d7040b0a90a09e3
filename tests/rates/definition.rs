//! The measures as the design defines them, one line each: who is counted, what must be seen, how.
//!
//! A figure is a JSON object with the fields that a row of a comparison must have, counted from rows of
//! JSON in one pass per figure, with sorted lists for quantiles.

use std::collections::{BTreeMap, BTreeSet};

use event::{Kind, Time};
use serde_json::{Value, json};

/// A measure as the design defines it.
pub(super) struct Definition {
    pub(super) name: &'static str,
    /// For whom it is counted apart.
    pub(super) roles: &'static [&'static str],
    pub(super) needs: Needs,
    pub(super) figure: Figure,
}

/// Kinds without which it means nothing: all of the first, and one of the second if there are any.
#[derive(Clone, Copy)]
pub(super) struct Needs(&'static [Kind], &'static [Kind]);

/// How a row counts.
pub(super) enum Figure {
    /// So many of so many: numerator, denominator.
    Share(fn(&Value) -> (u64, u64)),
    /// Of attempted: connected and every part holds.
    AllOf(&'static [Part]),
    /// Of attempted: some part holds.
    AnyOf(&'static [Part]),
    /// Of attempted, by what it is made up of; none where it does not hold.
    Broken(fn(&Value) -> Option<String>),
    /// An amount over an exposure, times a factor; none for rows without exposure.
    Ratio(fn(&Value) -> Option<(u64, u64)>, f64),
    /// The share of an exposure without the amount.
    FreeOf(fn(&Value) -> Option<(u64, u64)>),
    /// Durations, in milliseconds.
    Quantiles(fn(&Value, &str) -> Vec<u64>),
    /// Answers, and the name of their instrument.
    Opinion(fn(&Value, &str) -> Vec<Answer>, &'static str),
    /// Scores of a questionnaire.
    Score(&'static str),
}

/// An answer: its level, how many levels there are, whether it is favourable.
type Answer = (u64, u64, bool);

/// A part of a composite.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) needs: Needs,
    /// Kinds that all compared must be alike in telling.
    pub(super) changed_by: &'static [Kind],
    holds: fn(&Value) -> bool,
}

const NOTHING: Needs = Needs(&[], &[]);
const ATTEMPTS: &[Kind] = &[Kind::JoinAttempted, Kind::Waiting, Kind::JoinFailed];
const JOINED: Needs = Needs(&[Kind::Joined], &[]);
const DROPS: Needs = Needs(&[Kind::Joined, Kind::Dropped], &[]);
const SOUND: Needs = Needs(&[Kind::Joined, Kind::AudioLost, Kind::AudioRestored], &[]);
const BOTH: &[&str] = &["patient", "clinician"];

#[rustfmt::skip]
pub(super) const DEFINITIONS: [Definition; 28] = [
    Definition { name: "undisturbed", roles: &[], needs: JOINED, figure: Figure::AllOf(&[
        part("first_try", Needs(&[Kind::JoinFailed, Kind::Dropped], &[]), |row| row["first_try"] == true),
        part("no_drop", Needs(&[Kind::Dropped], &[]), |row| row["drops"] == 0),
        part("hardly_interrupted", Needs(&[Kind::AudioLost, Kind::AudioRestored, Kind::Dropped], &[]), hardly_interrupted),
        Part {
            changed_by: &[Kind::Converted, Kind::Abandoned],
            ..part("completed", Needs(&[Kind::Completed], &[]), |row| row["ending"] == "completed")
        },
    ]) },
    Definition { name: "terminal_failure", roles: &[], needs: JOINED, figure: Figure::AnyOf(&[
        part("never_connected", Needs(&[], ATTEMPTS), |row| row["connected"] == false),
        part("converted", Needs(&[Kind::Converted], &[]), converted),
        part("abandoned", Needs(&[Kind::Abandoned], &[]), |row| row["ending"] == "abandoned"),
    ]) },
    Definition { name: "connection_success", roles: &[], needs: Needs(&[Kind::Joined], ATTEMPTS),
        figure: Figure::Share(|row| of("attempted", row, row["connected"] == true)) },
    Definition { name: "first_try_join", roles: &[], needs: Needs(&[Kind::Joined, Kind::JoinFailed, Kind::Dropped], &[]),
        figure: Figure::Share(|row| of("attempted", row, row["first_try"] == true)) },
    Definition { name: "first_failure", roles: &[], needs: DROPS, figure: Figure::Broken(first_failed) },
    Definition { name: "connect_ms", roles: &[], needs: Needs(&[Kind::Joined], &[Kind::JoinAttempted, Kind::Waiting]),
        figure: Figure::Quantiles(|row, _| row["connect_ms"].as_u64().into_iter().collect()) },
    Definition { name: "waiting_ms", roles: &[], needs: JOINED,
        figure: Figure::Quantiles(|row, _| row["waiting_ms"].as_u64().into_iter().collect()) },
    Definition { name: "join_ms", roles: BOTH, needs: Needs(&[Kind::Joined, Kind::JoinAttempted], &[]),
        figure: Figure::Quantiles(|row, role| {
            by(role, &row["join_ms"]).map(|time| time["ms"].as_u64().unwrap()).collect()
        }) },
    Definition { name: "completed_on_video", roles: &[], needs: Needs(&[Kind::Joined, Kind::Completed], &[]),
        figure: Figure::Share(|row| {
            of("attempted", row, row["connected"] == true && row["ending"] == "completed")
        }) },
    Definition { name: "completed_of_connected", roles: &[], needs: Needs(&[Kind::Joined, Kind::Completed], &[]),
        figure: Figure::Share(|row| of("connected", row, row["ending"] == "completed")) },
    Definition { name: "conversion", roles: &[], needs: Needs(&[Kind::Converted], &[]),
        figure: Figure::Broken(target) },
    Definition { name: "abandonment", roles: &[], needs: Needs(&[Kind::Abandoned], &[]),
        figure: Figure::Broken(stage) },
    Definition { name: "any_drop", roles: &[], needs: DROPS,
        figure: Figure::Share(|row| of("connected", row, number(row, "drops") >= 1)) },
    Definition { name: "drops_per_100h", roles: &[], needs: DROPS,
        figure: Figure::Ratio(|row| over_time(row, "drops"), 100.0 * 3_600_000.0) },
    Definition { name: "recovered_60s", roles: &[], needs: DROPS,
        figure: Figure::Share(|row| (number(row, "recovered_60s"), number(row, "drops"))) },
    Definition { name: "recovery_ms", roles: &[], needs: DROPS, figure: Figure::Quantiles(|row, _| returns(row)) },
    Definition { name: "first_drop_ms", roles: &[], needs: DROPS,
        figure: Figure::Quantiles(|row, _| row["first_drop_ms"].as_u64().into_iter().collect()) },
    Definition { name: "audio_availability", roles: &[], needs: SOUND,
        figure: Figure::FreeOf(|row| over_time(row, "audio_lost_ms")) },
    Definition { name: "audio_over_10s", roles: &[], needs: SOUND,
        figure: Figure::Share(|row| of("connected", row, number(row, "audio_lost_ms") > 10_000)) },
    Definition { name: "audio_lost_ms", roles: &[], needs: SOUND,
        figure: Figure::Quantiles(|row, _| {
            row["audio_lost_ms"].as_u64().into_iter().filter(|lost| *lost > 0).collect()
        }) },
    Definition { name: "help_requested", roles: &[], needs: Needs(&[Kind::HelpRequested], &[]),
        figure: Figure::Share(|row| of("attempted", row, number(row, "help_requests") > 0)) },
    Definition { name: "help_per_100", roles: &[], needs: Needs(&[Kind::HelpRequested], &[]),
        figure: Figure::Ratio(|row| (row["attempted"] == true).then(|| (number(row, "help_requests"), 1)), 100.0) },
    Definition { name: "patient_rating", roles: &["patient"], needs: Needs(&[Kind::Rated], &[]),
        figure: Figure::Opinion(ratings, "rating") },
    Definition { name: "clinician_rating", roles: &["clinician"], needs: Needs(&[Kind::Rated], &[]),
        figure: Figure::Opinion(ratings, "rating") },
    Definition { name: "sus", roles: BOTH, needs: Needs(&[Kind::Questionnaire], &[]), figure: Figure::Score("SUS") },
    Definition { name: "tuq", roles: BOTH, needs: Needs(&[Kind::Questionnaire], &[]), figure: Figure::Score("TUQ") },
    Definition { name: "adequacy", roles: BOTH, needs: Needs(&[Kind::Adequacy], &[]),
        figure: Figure::Opinion(adequacy, "adequacy") },
    Definition { name: "end_not_seen", roles: &[], needs: NOTHING,
        figure: Figure::Share(|row| of("attempted", row, row["ending"] == "end_not_seen")) },
];

const fn part(name: &'static str, needs: Needs, holds: fn(&Value) -> bool) -> Part {
    Part { name, needs, changed_by: &[], holds }
}

fn number(row: &Value, field: &str) -> u64 {
    row[field].as_u64().unwrap()
}

fn of(denominator: &str, row: &Value, holds: bool) -> (u64, u64) {
    let counts = row[denominator] == true;
    (u64::from(counts && holds), u64::from(counts))
}

fn converted(row: &Value) -> bool {
    row["ending"].as_str().unwrap().starts_with("converted_")
}

/// What video was given up for, as it is called on the wire.
fn target(row: &Value) -> Option<String> {
    let to = row["ending"].as_str()?.strip_prefix("converted_")?;
    Some(if to == "platform" { "other_platform".to_owned() } else { to.to_owned() })
}

/// Where something first failed; `not_told` where something did and nobody knows on which side.
fn first_failed(row: &Value) -> Option<String> {
    let fine = row["connected"] == true && row["first_try"] == true && row["drops"] == 0;
    match row["side"].as_str() {
        Some(side) => Some(side.to_owned()),
        None if fine => None,
        None => Some("not_told".to_owned()),
    }
}

fn stage(row: &Value) -> Option<String> {
    let stage = || row["stage"].as_str().unwrap_or("not recorded").to_owned();
    (row["ending"] == "abandoned").then(stage)
}

/// An amount of a connected consultation, and for how long it was connected.
fn over_time(row: &Value, amount: &str) -> Option<(u64, u64)> {
    (row["connected"] == true).then(|| (number(row, amount), number(row, "connected_ms")))
}

/// From each drop to its return, if there was one.
fn returns(row: &Value) -> Vec<u64> {
    let time = |at: &Value| at.as_str().map(|text| text.parse::<Time>().unwrap());
    let drops = row["drop_times"].as_array().unwrap().iter();
    drops.filter_map(|drop| Some(time(&drop["over_at"])?.since(time(&drop["at"]).unwrap()) as u64)).collect()
}

/// At most ten seconds, and at most one per cent of the time connected.
fn hardly_interrupted(row: &Value) -> bool {
    let interrupted = number(row, "interrupted_ms");
    interrupted <= 10_000 && 100 * interrupted <= number(row, "connected_ms")
}

fn by<'a>(role: &'a str, list: &'a Value) -> impl Iterator<Item = &'a Value> {
    list.as_array().unwrap().iter().filter(move |item| item["role"] == role)
}

/// Good or very good: the top two of the scale.
fn ratings(row: &Value, role: &str) -> Vec<Answer> {
    by(role, &row["ratings"])
        .map(|rating| (number(rating, "value"), number(rating, "scale")))
        .map(|(value, scale)| (value, scale, value + 1 >= scale))
        .collect()
}

/// Whether a visit in person would not have been needed.
fn adequacy(row: &Value, role: &str) -> Vec<Answer> {
    let level = |answer: &Value| match answer.as_str().unwrap() {
        "yes" => 1,
        "partly" => 2,
        _ => 3,
    };
    by(role, &row["adequacy"]).map(|told| (level(&told["answer"]), 3, told["answer"] == "no")).collect()
}

impl Needs {
    pub(super) fn met(self, sees: &BTreeSet<Kind>) -> bool {
        let has = |kind: &Kind| sees.contains(kind);
        self.0.iter().all(has) && (self.1.is_empty() || self.1.iter().any(has))
    }
}

impl Figure {
    /// Whether people have to say it: then nobody has to watch.
    pub(super) fn is_said(&self) -> bool {
        matches!(self, Self::Opinion(..) | Self::Score(_))
    }

    pub(super) fn parts(&self) -> Option<&'static [Part]> {
        match self {
            Self::AllOf(parts) | Self::AnyOf(parts) => Some(parts),
            _ => None,
        }
    }

    /// The figure of these rows.
    pub(super) fn of(&self, rows: &[&Value], role: &str, parts: Option<&[&Part]>) -> Value {
        match self {
            Self::Share(counts) => share(rows.iter().map(|row| counts(row))),
            Self::AllOf(_) => composite(rows, parts, |row, parts| {
                row["connected"] == true && parts.iter().all(|part| (part.holds)(row))
            }),
            Self::AnyOf(_) => composite(rows, parts, |row, parts| parts.iter().any(|part| (part.holds)(row))),
            Self::Broken(part) => broken_down(rows, *part),
            Self::Ratio(pair, factor) => {
                let (sum, exposure, n) = summed(rows, *pair);
                let value = (exposure > 0).then(|| sum as f64 / exposure as f64 * factor);
                json!({ "x": sum, "n": n, "value": value })
            }
            Self::FreeOf(pair) => {
                let (sum, exposure, n) = summed(rows, *pair);
                let value = (exposure > 0).then(|| 1.0 - sum as f64 / exposure as f64);
                json!({ "x": null, "n": n, "value": value })
            }
            Self::Quantiles(durations) => {
                quantiles(rows.iter().flat_map(|row| durations(row, role)).collect())
            }
            Self::Opinion(answers, instrument) => {
                let answers: Vec<Vec<Answer>> = rows.iter().map(|row| answers(row, role)).collect();
                let answering = answers.iter().filter(|answers| !answers.is_empty()).count();
                respond(opinion(&answers.concat()), rows, role, instrument, answering)
            }
            Self::Score(instrument) => {
                let scores: Vec<Vec<f64>> = rows.iter().map(|row| scores(row, role, instrument)).collect();
                let answering = scores.iter().filter(|scores| !scores.is_empty()).count();
                let (all, n) = (scores.concat(), scores.concat().len());
                let value = (n > 0).then(|| all.iter().sum::<f64>() / n as f64);
                respond(json!({ "x": null, "n": n, "value": value }), rows, role, instrument, answering)
            }
        }
    }
}

fn share(counts: impl Iterator<Item = (u64, u64)>) -> Value {
    let (x, n) = counts.fold((0, 0), |sum, (x, n)| (sum.0 + x, sum.1 + n));
    json!({ "x": x, "n": n, "value": (n > 0).then(|| x as f64 / n as f64) })
}

fn composite(rows: &[&Value], parts: Option<&[&Part]>, holds: fn(&Value, &[&Part]) -> bool) -> Value {
    let parts = parts.unwrap();
    let mut figure = share(rows.iter().map(|row| of("attempted", row, holds(row, parts))));
    figure["components"] = parts.iter().map(|part| part.name).collect();
    figure
}

fn broken_down(rows: &[&Value], part: fn(&Value) -> Option<String>) -> Value {
    let attempted: Vec<&&Value> = rows.iter().filter(|row| row["attempted"] == true).collect();
    let mut figure = share(attempted.iter().map(|row| (u64::from(part(row).is_some()), 1)));
    figure["breakdown"] = tallied(attempted.iter().filter_map(|row| part(row)));
    figure
}

/// How often each name occurs; null where none does.
fn tallied(names: impl Iterator<Item = String>) -> Value {
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    names.for_each(|name| *tally.entry(name).or_default() += 1);
    if tally.is_empty() { Value::Null } else { json!(tally) }
}

/// The smallest value that so many twentieths of all do not exceed.
fn quantiles(mut all: Vec<u64>) -> Value {
    all.sort_unstable();
    let at = |twentieths: usize| {
        let rank = (all.len() * twentieths).div_ceil(20);
        (rank > 0).then(|| all[rank - 1])
    };
    let [p50, p90, p95] = [10, 18, 19].map(at);
    let n = all.len();
    json!({ "x": null, "n": n, "value": p50, "p50": p50, "p90": p90, "p95": p95 })
}

fn opinion(answers: &[Answer]) -> Value {
    let mut figure = share(answers.iter().map(|(_, _, favourable)| (u64::from(*favourable), 1)));
    figure["distribution"] = tallied(answers.iter().map(|(value, scale, _)| format!("{value}/{scale}")));
    figure
}

fn scores(row: &Value, role: &str, instrument: &str) -> Vec<f64> {
    let theirs = by(role, &row["scores"]).filter(|score| score["instrument"] == instrument);
    theirs.map(|score| score["value"].as_f64().unwrap()).collect()
}

/// Sums of amounts and exposures, and of how many rows they are.
fn summed(rows: &[&Value], pair: fn(&Value) -> Option<(u64, u64)>) -> (u64, u64, usize) {
    let pairs: Vec<(u64, u64)> = rows.iter().filter_map(|row| pair(row)).collect();
    (pairs.iter().map(|pair| pair.0).sum(), pairs.iter().map(|pair| pair.1).sum(), pairs.len())
}

/// How many answered of those invited; of those attempted where nobody was.
fn respond(mut figure: Value, rows: &[&Value], role: &str, instrument: &str, answering: usize) -> Value {
    let asks = |invitation: &&Value| match invitation["instrument"].as_str() {
        // Who is asked for feedback without more is asked to rate.
        None => instrument == "rating",
        Some(name) => name == instrument,
    };
    let invited: usize = rows.iter().map(|row| by(role, &row["invitations"]).filter(asks).count()).sum();
    let attempted = rows.iter().filter(|row| row["attempted"] == true).count();
    let answered = figure["n"].as_u64().unwrap();
    figure["response"] = match (invited, attempted) {
        (0, 0) => json!({ "answered": answered, "invited": null, "of": "attempted", "rate": null }),
        (0, _) => {
            let rate = answering as f64 / attempted as f64;
            json!({ "answered": answered, "invited": null, "of": "attempted", "rate": rate })
        }
        (invited, _) => {
            let rate = answered as f64 / invited as f64;
            json!({ "answered": answered, "invited": invited, "of": "invited", "rate": rate })
        }
    };
    figure
}
