//! What we cannot say, and how to check this report.

use std::collections::{BTreeMap, BTreeSet};

use projections::compare::Verdict;

use super::super::page::{Block, Cell, Table};
use super::seen::Differs;
use super::{Context, grouped, spoken};

pub(super) fn cannot_say(context: &Context<'_>) -> Vec<Block> {
    let compared = &context.compared;
    let mut items: Vec<String> = Vec::new();
    let mut by_status: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for row in compared.rows.iter().filter(|row| row.value.is_none()) {
        let what = match row.status.as_str() {
            "not_measured" => "Not measured, since no feed can tell it",
            "suppressed" => "Not shown under this policy",
            _ => "Nothing to measure",
        };
        by_status.entry((what, &row.platform)).or_default().insert(row.measure.within_sentence());
    }
    // Platforms of which the same cannot be told are named together.
    let mut alike: BTreeMap<(&str, BTreeSet<String>), Vec<&str>> = BTreeMap::new();
    for ((what, platform), measures) in by_status {
        alike.entry((what, measures)).or_default().push(platform);
    }
    for ((what, measures), platforms) in alike {
        let measures: Vec<String> = measures.into_iter().collect();
        items.push(format!("{what}, on {}: {}.", platforms.join(" and "), measures.join("; ")));
    }
    for (verdict, what) in [
        (Verdict::InsufficientEvidence, "Too little evidence to tell"),
        (Verdict::NotComparable, "Not to be compared"),
    ] {
        let told = |one: &&Differs| {
            let both = [&one.platform, &one.reference].map(|platform| compared.row(one, platform));
            both.iter().all(|row| row.is_some_and(|row| row.value.is_some()))
        };
        let of = compared.differences.iter().filter(|one| one.verdict == verdict).filter(told);
        let of: Vec<String> = of
            .map(|one| {
                let why = one
                    .reason
                    .as_ref()
                    .map(|why| format!(" ({})", why.replace('_', " ")))
                    .unwrap_or_default();
                format!("{} of {}{why}", one.measure.within_sentence(), one.platform)
            })
            .collect();
        if !of.is_empty() {
            items.push(format!("{what}: {}.", of.join("; ")));
        }
    }
    items.extend(platforms(context));
    let mut blocks = vec![
        Block::Words(
            "Platforms were not drawn by lot: who uses which, and for what, differs in more than the platform. A difference \
             is what was seen, and a reason to look; that it is the platform's doing is shown only where like is compared with \
             like. Limits take account of consultations that share an organisation or a clinician, and are not adjusted for how \
             many are looked at."
                .to_owned(),
        ),
    ];
    blocks.push(match (items.is_empty(), compared.platforms.is_empty()) {
        (false, _) => Block::List(items),
        (true, false) => Block::Words("Every measure could be told of every platform.".to_owned()),
        (true, true) => Block::Missing("Nothing can be told yet: there is no platform.".to_owned()),
    });
    blocks
}

/// What must be known of the feeds of each platform.
fn platforms(context: &Context<'_>) -> Vec<String> {
    let Some(closer) = context.closer.or(context.whole) else { return Vec::new() };
    let mut items = Vec::new();
    if context.about.see_apart {
        items.push(
            "Some sources, or platforms at an organisation, are in several logs that see different things of them: each \
             consultation is read as in its own log, which one log of everything would not do."
                .to_owned(),
        );
    }
    if let ([measure], true) = (&context.about.looked_at[..], closer.platforms.len() > 2) {
        items.push(format!(
            "Gaps, courses, organisations and practice are shown for {} alone, since there are {} platforms; `evenfield \
             compare --measure NAME --gaps network --across organisation --over week --learning` shows them for any other \
             measure.",
            measure.within_sentence(),
            closer.platforms.len()
        ));
    }
    for platform in &closer.platforms {
        let name = &platform.platform;
        let kinds = |kinds: &[&str]| kinds.join(", ").replace('_', " ");
        if !platform.inferred.is_empty() {
            items.push(format!("{name}: {} only inferred by its feed.", kinds(&platform.inferred)));
        }
        if !platform.unobserved.is_empty() {
            items.push(format!("{name}: its feed cannot see {}.", kinds(&platform.unobserved)));
        }
        if platform.undeclared > 0 {
            items.push(format!(
                "{name}: {} of {} attempted consultations come from sources that never declared what they can see.",
                grouped(platform.undeclared),
                grouped(platform.attempted)
            ));
        }
    }
    if closer.in_progress > 0 {
        items.push(format!(
            "{} consultations were still in progress, and are not counted.",
            grouped(closer.in_progress)
        ));
    }
    items
}

pub(super) fn how_to_check(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = if context.is_merged() { from_summaries(context) } else { from_the_log(context) };
    blocks.extend(meanings(context));
    blocks
}

/// How a report of a store is built again.
fn from_the_log(context: &Context<'_>) -> Vec<Block> {
    let asked = &context.about.asked;
    let options = spoken(&asked.options);
    let commitment = asked.commitment.clone().unwrap_or_default();
    vec![
        Block::Words(
            "Whoever holds the log can build this report again, byte for byte. There is no clock and no chance in it."
                .to_owned(),
        ),
        Block::Command(format!("evenfield report build{options} -o report.html")),
        Block::Command("evenfield report verify report.html".to_owned()),
        Block::Words(
            "The commitment stands for every event that the log held when this was built. `report verify` finds that moment, \
             however much was added since. Compare the commitment with the one that was published when the log was handed over \
             (`evenfield log head`): if they are the same, nobody has altered an event since."
                .to_owned(),
        ),
        Block::Command(format!(
            "commitment {}{}",
            asked.position.map(|position| format!("{position}:")).unwrap_or_default(),
            commitment
        )),
    ]
}

/// How a report of several logs is built again.
fn from_summaries(context: &Context<'_>) -> Vec<Block> {
    let asked = &context.about.asked;
    vec![
        Block::Words(
            "Whoever holds the summaries can build this report again, byte for byte, in whichever order they are given. \
             There is no clock and no chance in it."
                .to_owned(),
        ),
        Block::Command(format!(
            "evenfield summary merge *.summary --report{} -o report.html",
            spoken(&asked.options)
        )),
        Block::Words(
            "Each log that was summed up is named by its head: how many events it held, and the commitment to all of \
             them. Who keeps the log compares that with what `evenfield log head` told at that time: if they are the same, \
             the summary is of that log, and nobody has altered an event before it."
                .to_owned(),
        ),
        Block::List(asked.logs.clone()),
    ]
}

/// What each measure means.
fn meanings(context: &Context<'_>) -> Option<Block> {
    let mut measures = BTreeMap::new();
    for row in &context.compared.rows {
        measures.insert(row.measure.title, row.measure);
    }
    let rows = measures.values().map(|measure| {
        vec![
            Cell::Words(measure.title.to_owned()),
            Cell::Words(measure.of_what().to_owned()),
            Cell::Words(measure.definition.to_owned()),
        ]
    });
    let table = Table {
        caption: "What was measured".to_owned(),
        head: ["Measure", "Of", "Definition"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    };
    (!table.rows.is_empty())
        .then(|| Block::More("What each measure means".to_owned(), vec![Block::Table(table)]))
}
