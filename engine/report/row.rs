//! Outcomes as rows of a table.

use event::Dimension;
use projections::outcome::{InProgress, Outcome};

use super::table::Form;

const HEAD: [&str; 17] = [
    "consultation",
    "platform",
    "organisation",
    "service",
    "ending",
    "attempted",
    "connected",
    "first_try",
    "undisturbed",
    "connect_ms",
    "connected_ms",
    "down_ms",
    "drops",
    "blips",
    "audio_lost_ms",
    "help_requests",
    "anomalies",
];

/// The heading of rows of outcomes.
#[must_use]
pub fn outcomes_head(form: Form) -> String {
    form.head(&HEAD)
}

/// One consultation that is over.
#[must_use]
pub fn outcome(row: &Outcome, form: Form) -> String {
    let ending = serde_json::to_value(row.ending).unwrap_or_default();
    let anomalies: Vec<String> =
        row.anomalies.iter().map(|(kind, count)| format!("{kind}:{count}")).collect();
    let connect_ms = row.connect_ms.map(|ms| ms.to_string()).unwrap_or_default();
    let cells = [
        row.consultation.clone(),
        row.context.level(Dimension::Platform).to_owned(),
        row.context.level(Dimension::Organisation).to_owned(),
        row.context.level(Dimension::Service).to_owned(),
        ending.as_str().unwrap_or_default().to_owned(),
        row.attempted.to_string(),
        row.connected.to_string(),
        row.first_try.to_string(),
        row.undisturbed.to_string(),
        connect_ms,
        row.connected_ms.to_string(),
        row.down_ms.to_string(),
        row.drops.to_string(),
        row.blips.to_string(),
        row.audio_lost_ms.to_string(),
        row.help_requests.to_string(),
        anomalies.join(" "),
    ];
    form.row(cells.iter().map(String::as_str))
}

/// One consultation that is not over.
#[must_use]
pub fn open_consultation(open: &InProgress, form: Form) -> String {
    let known = [
        open.consultation.as_str(),
        open.context.level(Dimension::Platform),
        open.context.level(Dimension::Organisation),
        open.context.level(Dimension::Service),
        "in_progress",
    ];
    form.row(known.into_iter().chain(std::iter::repeat_n("", HEAD.len() - known.len())))
}
