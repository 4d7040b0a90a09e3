//! Can people get in, how long does it take, and is it good enough once they are in.

use projections::compare::{Figure as Number, Times};
use projections::reliability::failures::NO_SIDE;

use super::super::chart::{Axis, ChartSpec, Kind, Point, Series, Unit};
use super::super::page::{Block, Figure};
use super::figures::{forest, message, n_of, series, why_none};
use super::seen::Seen;
use super::{Context, counted, percent, pictured};

/// How far people come, in this order: each a share of attempted consultations.
const STEPS: [(&str, &str); 4] = [
    ("connection_success", "connected"),
    ("first_try_join", "connected at the first try"),
    ("completed_on_video", "completed on video"),
    ("undisturbed", "undisturbed from beginning to end"),
];

pub(super) fn access(context: &Context<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> =
        ["connection_success", "first_try_join"].iter().filter_map(|name| forest(context, name)).collect();
    blocks.extend(stages(context));
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "No attempt was recorded. Feeds that see waiting, joining and failing to join fill this."
                .to_owned(),
        ));
    }
    blocks.extend(forest(context, "first_failure"));
    blocks.push(losses(context));
    blocks
}

/// The sides on which something first fails, as the measure names them, and what they are called.
const SIDES: [(&str, &str); 4] = [
    ("patient", "on the patient's side"),
    ("clinician", "on the clinician's side"),
    ("both", "on both sides at once"),
    (NO_SIDE, "on a side that is not told"),
];

/// On which side something first failed, on every platform.
fn losses(context: &Context<'_>) -> Block {
    let rows: Vec<&Seen> = context.compared.of_measure("first_failure").collect();
    if rows.iter().all(|row| row.value.is_none()) {
        return Block::Missing(
            "On which side consultations first fail cannot be told: no feed here sees people come and be cut off."
                .to_owned(),
        );
    }
    // Of a platform on which nothing failed there is nothing to hide; what is not told of another is not nothing.
    if rows.iter().any(|row| row.value.is_some() && row.parts.is_empty() && row.x != Some(0)) {
        return context.hidden("On which side consultations first fail is");
    }
    let point = |row: &Seen, (name, words): (&str, &str)| {
        let count = row.parts.get(name).copied().unwrap_or(0);
        let all = row.n.filter(|_| row.value.is_some());
        let note = if row.value.is_none() { why_none(context, row) } else { String::new() };
        let value = all.map(|all| count as f64 / all as f64);
        Point { label: words.to_owned(), value, n: all, x: all.map(|_| count), note, ..Point::default() }
    };
    let chart = ChartSpec {
        kind: Kind::Stages,
        name: "losses".to_owned(),
        title: "On which side something first fails".to_owned(),
        subtitle: format!(
            "Attempted consultations in which a join failed, a call dropped or nobody met, by the side on which it first \
             did; {}{}",
            context.when(),
            n_of(rows.iter().copied())
        ),
        across: Axis { title: String::new(), unit: Unit::Share },
        values: Axis { title: "Share of attempted consultations".to_owned(), unit: Unit::Share },
        series: rows
            .iter()
            .map(|row| series(context, &row.platform, SIDES.map(|side| point(row, side)).into()))
            .collect(),
        marked: Vec::new(),
        further: "",
    };
    let says = format!(
        "{}. What fails on both sides at once points to the platform; what fails on one side may be the network or the \
         device there, or how the platform copes with them. Limits are told of all sides together, above, and of no side \
         on its own.",
        sides_in_words(&chart.series)
    );
    Block::Figure(Box::new(Figure { chart, says, source: context.source() }))
}

/// Of how many something first fails on which side, all pictured by one number.
fn sides_in_words(platforms: &[Series]) -> String {
    let fails = |point: &&Point| point.value.is_some_and(|share| share > 0.0);
    let shares = platforms.iter().flat_map(|one| one.points.iter().filter(fails));
    let mut pictures = pictured(&shares.filter_map(|point| point.value).collect::<Vec<_>>()).into_iter();
    let told = platforms.iter().filter_map(|one| {
        let sides = one.points.iter().filter(fails).zip(pictures.by_ref());
        let sides: Vec<String> = sides.map(|(point, picture)| format!("{picture} {}", point.label)).collect();
        (!sides.is_empty()).then(|| format!("{}: it first fails for {}", one.name, sides.join(", ")))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        "Nothing failed".to_owned()
    } else {
        format!("Of all who tried, {}", told.join("; "))
    }
}

/// How far people come on every platform.
fn stages(context: &Context<'_>) -> Option<Block> {
    let step = |platform: &str, (name, words): (&str, &str)| {
        let row = context.compared.of_measure(name).find(|row| row.platform == platform)?;
        let note = if row.value.is_none() { why_none(context, row) } else { String::new() };
        let (label, n, x) = (words.to_owned(), row.n, row.x);
        Some((
            Point { label, value: row.value, limits: row.limits, n, x, note, ..Point::default() },
            row.share(),
        ))
    };
    let of = |platform: &String| {
        let steps = STEPS.iter().filter_map(|known| step(platform, *known));
        let (points, shares): (Vec<Point>, Vec<Option<f64>>) = steps.unzip();
        (series(context, platform, points), shares)
    };
    let (series, shares): (Vec<Series>, Vec<Vec<Option<f64>>>) =
        context.compared.platforms.iter().map(of).unzip();
    let chart = ChartSpec {
        kind: Kind::Stages,
        name: "stages".to_owned(),
        title: "How far people come".to_owned(),
        subtitle: format!(
            "Shares of attempted consultations, with 95 % limits; {}{}",
            context.when(),
            n_of(context.compared.of_measure(STEPS[0].0))
        ),
        across: Axis { title: String::new(), unit: Unit::Share },
        values: Axis { title: "Share of attempted consultations".to_owned(), unit: Unit::Share },
        series,
        marked: Vec::new(),
        further: "",
    };
    let told = chart.series.iter().zip(&shares).filter_map(|(one, shares)| {
        let values: Vec<f64> = shares.iter().copied().flatten().collect();
        let words = one.points.iter().filter(|point| point.value.is_some()).map(|point| point.label.as_str());
        let steps: Vec<String> = pictured(&values)
            .iter()
            .zip(words)
            .map(|(picture, words)| format!("{picture} {words}"))
            .collect();
        (!steps.is_empty()).then(|| format!("{}: of all who tried, {}", one.name, steps.join(", ")))
    });
    let says = format!("{}.", told.collect::<Vec<_>>().join(". "));
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// The durations that people wait.
const DURATIONS: [&str; 4] = ["connect_ms", "waiting_ms", "join_ms", "recovery_ms"];

pub(super) fn waiting(context: &Context<'_>) -> Vec<Block> {
    let rows = || context.compared.rows.iter().filter(|row| DURATIONS.contains(&row.measure.name));
    if context.closer.is_none() && rows().all(|row| row.value.is_none()) && rows().next().is_some() {
        return vec![context.hidden("Times are")];
    }
    let mut blocks: Vec<Block> = DURATIONS.iter().filter_map(|name| distribution(context, name)).collect();
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "No feed here tells when people asked to get in and when they were. Feeds that see waiting and joining fill this."
                .to_owned(),
        ));
    }
    blocks
}

/// Where half and nine in ten lie, on every platform.
fn distribution(context: &Context<'_>, name: &str) -> Option<Block> {
    let rows: Vec<&Seen> = context.compared.of_measure(name).collect();
    let first = *rows.first()?;
    let point = |row: &Seen| Point {
        label: row
            .role
            .filter(|_| row.measure.roles.len() > 1)
            .map(|role| format!("{role}s"))
            .unwrap_or_default(),
        value: row.value,
        limits: row.limits,
        further: row.p90,
        n: row.n,
        note: if row.value.is_none() { why_none(context, row) } else { String::new() },
        ..Point::default()
    };
    let told = |row: &&Seen| row.value.into_iter().chain(row.limits.into_iter().flatten()).chain(row.p90);
    let unit = Unit::Seconds.of_all(rows.iter().flat_map(told));
    let chart = ChartSpec {
        kind: Kind::Distribution,
        name: format!("distribution-{}", super::figures::slug(name)),
        title: message(context, name),
        subtitle: format!(
            "{}: within which half (filled, with 95 % limits) and 9 in 10 (hollow) are done; {}{}",
            first.measure.title,
            context.when(),
            n_of(rows.iter().copied())
        ),
        across: Axis { title: String::new(), unit },
        values: Axis { title: "Half within".to_owned(), unit },
        series: rows.iter().map(|row| series(context, &row.platform, vec![point(row)])).collect(),
        marked: Vec::new(),
        further: "9 in 10 within",
    };
    let told = chart.points().filter_map(|(series, point)| {
        let half = unit.show(point.value?);
        let most = point.further.map(|most| format!(", 9 in 10 within {}", unit.show(most)));
        let who = if point.label.is_empty() { String::new() } else { format!(" ({})", point.label) };
        Some(format!("{}{who}: half within {half}{}", series.name, most.unwrap_or_default()))
    });
    let says = format!("{}.", told.collect::<Vec<_>>().join("; "));
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

pub(super) fn quality(context: &Context<'_>) -> Vec<Block> {
    let names = ["undisturbed", "any_drop", "audio_over_10s", "recovered_60s", "terminal_failure"];
    let mut blocks: Vec<Block> = names.iter().filter_map(|name| forest(context, name)).collect();
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "Nothing tells whether connections held. Feeds that see drops and losses of sound fill this."
                .to_owned(),
        ));
    }
    blocks.push(match context.closer {
        None => context.hidden("How soon calls drop is"),
        Some(closer) => incidence(context, &closer.times).unwrap_or_else(|| {
            Block::Missing("How soon calls drop cannot be told: no feed here sees drops and ends.".to_owned())
        }),
    });
    blocks
}

/// The share of calls that have dropped, minute by minute.
fn incidence(context: &Context<'_>, times: &[Times]) -> Option<Block> {
    let told: Vec<&Times> =
        times.iter().filter(|one| one.by.is_empty() && !one.one_sided && one.calls > 0).collect();
    let limits = |figure: &Number| figure.lo.zip(figure.hi).map(|(lo, hi)| [lo, hi]);
    let of = |one: &&Times| {
        let begin = Point { at: Some(0.0), value: Some(0.0), limits: Some([0.0; 2]), ..Point::default() };
        let points = one.dropped.iter().map(|by| Point {
            at: Some(by.minutes as f64),
            value: by.figure.value,
            limits: limits(&by.figure),
            note: by.figure.reason.clone().unwrap_or_default(),
            ..Point::default()
        });
        series(context, &one.platform, std::iter::once(begin).chain(points).collect())
    };
    let slot = told.first()?.slot_minutes;
    let calls: u64 = told.iter().map(|one| one.calls).sum();
    let chart = ChartSpec {
        kind: Kind::Incidence,
        name: "incidence".to_owned(),
        title: "How many calls have dropped, minute by minute".to_owned(),
        subtitle: format!(
            "Connected consultations with a drop by then, with bands of 95 % limits; {}; {}",
            context.when(),
            counted(calls, "call")
        ),
        across: Axis { title: "Minutes since both sides were connected".to_owned(), unit: Unit::Minutes },
        values: Axis { title: "Share of calls that have dropped".to_owned(), unit: Unit::Share },
        series: told.iter().map(of).collect(),
        marked: Vec::new(),
        further: "",
    };
    let last = |one: &&Times| Some((one.platform.clone(), one.dropped.last()?.figure.value?));
    let lasts: Vec<(String, f64)> = told.iter().filter_map(last).collect();
    let pictures = pictured(&lasts.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    let says = lasts.iter().zip(&pictures).map(|((platform, value), picture)| {
        let calls = match picture.as_str() {
            "none" => "no calls".to_owned(),
            "all" => "all calls".to_owned(),
            picture => format!("{picture} calls"),
        };
        format!("{platform}: {calls} ({}) have dropped by {slot} minutes", percent(*value, *value))
    });
    let says = format!(
        "{}. A call that ended without a drop can drop no more.",
        says.collect::<Vec<_>>().join("; ")
    );
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}
