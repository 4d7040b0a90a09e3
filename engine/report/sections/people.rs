//! Who is left out, what people say, and whether it gets better with practice.

use projections::catalog;
use projections::compare::{Gap, Learning, Stage, Verdict};
use projections::measure::Measure;

use super::super::chart::{Axis, ChartSpec, Kind, Point, Unit};
use super::super::page::{Block, Figure};
use super::Context;
use super::figures::{forest, sentence_case, series, slug};
use super::seen::{is_share, unit};

/// The consultations that a stage of practice needs to be drawn.
const FEWEST: u64 = 10;

pub(super) fn left_out(context: &Context<'_>) -> Vec<Block> {
    let Some(closer) = context.closer else {
        return vec![context.hidden("Gaps between groups of people are")];
    };
    let (mut blocks, mut more) = (Vec::new(), Vec::new());
    for dimension in closer.gaps.chunk_by(|a, b| a.dimension == b.dimension) {
        for (place, measure) in dimension.chunk_by(|a, b| a.subject.asks_as(&b.subject)).enumerate() {
            if place == 0 {
                blocks.extend(gaps(context, measure))
            } else {
                more.extend(gaps(context, measure))
            }
        }
    }
    if !more.is_empty() {
        blocks.push(Block::More("The same gaps by other measures".to_owned(), more));
    }
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "Nobody recorded who people are: deprivation, device, network, age or interpreters. Feeds or a sheet that tell \
             it (see the vocabulary of contexts) fill this."
                .to_owned(),
        ));
    }
    blocks.push(Block::Note(
        "A gap says who fares worse, and not why: groups differ in more than what tells them apart. Who never tried is not \
         in it; `evenfield reach` holds consultations against the people there are."
            .to_owned(),
    ));
    blocks
}

/// The groups of one dimension against the one they are compared with, on every platform.
fn gaps(context: &Context<'_>, gaps: &[Gap]) -> Option<Block> {
    let first = gaps.first()?;
    let measure = catalog::measure(first.subject.measure)?;
    if !is_share(measure) {
        return None;
    }
    let dimension = first.dimension.replace('_', " ");
    let point = |gap: &Gap| {
        let change =
            projections::compare::show_change(measure, [gap.figure.value, gap.figure.lo, gap.figure.hi]);
        Point {
            label: format!("{dimension} {}", gap.group),
            value: gap.values[0],
            further: gap.values[1],
            n: gap.n[0],
            note: change
                .map(|change| format!("{}: {change}", gap.verdict.name().replace('_', " ")))
                .or_else(|| gap.figure.reason.clone())
                .unwrap_or_default(),
            ..Point::default()
        }
    };
    let by_platform = gaps.chunk_by(|a, b| a.subject.platform == b.subject.platform);
    let chart = ChartSpec {
        kind: Kind::Gaps,
        name: format!("gaps-{}-{}", slug(first.dimension), slug(measure.name)),
        title: gap_title(gaps, measure),
        subtitle: format!(
            "Each group (filled) against {dimension} {} (hollow) on the same platform, 95 % limits of differences in the \
             table; {}",
            first.than,
            context.when()
        ),
        across: Axis { title: String::new(), unit: unit(measure) },
        values: Axis { title: measure.title.to_owned(), unit: unit(measure) },
        series: by_platform
            .map(|own| series(context, &own[0].subject.platform, own.iter().map(point).collect()))
            .collect(),
        marked: Vec::new(),
        further: "Compared with",
    };
    let says = gap_says(gaps, measure);
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// The message of gaps: the widest clear one.
fn gap_title(gaps: &[Gap], measure: &Measure) -> String {
    let dimension = gaps[0].dimension.replace('_', " ");
    match widest(gaps) {
        Some(gap) => format!(
            "On {}, {dimension} {} is {} than {}: {}",
            gap.subject.platform,
            gap.group,
            gap.verdict.name(),
            gap.than,
            measure.within_sentence()
        ),
        None => format!("No clear gap by {dimension}: {}", measure.within_sentence()),
    }
}

/// Every clear gap, in a paragraph.
fn gap_says(gaps: &[Gap], measure: &Measure) -> String {
    let dimension = gaps[0].dimension.replace('_', " ");
    let clear = gaps.iter().filter(|gap| is_clear(gap));
    let told: Vec<String> = clear
        .map(|gap| {
            let change =
                projections::compare::show_change(measure, [gap.figure.value, gap.figure.lo, gap.figure.hi]);
            format!(
                "on {}, {dimension} {} is {} than {}: {}",
                gap.subject.platform,
                gap.group,
                gap.verdict.name(),
                gap.than,
                change.unwrap_or_default()
            )
        })
        .collect();
    match told.is_empty() {
        true => format!(
            "No clear difference between groups by {dimension} on any platform, or too little evidence of one."
        ),
        false => format!("{}.", sentence_case(&told.join("; "))),
    }
}

/// Whether the limits of a gap lie on one side of none.
fn is_clear(gap: &Gap) -> bool {
    matches!(gap.verdict, Verdict::Better | Verdict::Worse | Verdict::Higher | Verdict::Lower)
}

/// The clear gap that is the widest.
fn widest(gaps: &[Gap]) -> Option<&Gap> {
    let width = |gap: &Gap| gap.figure.value.map_or(0.0, f64::abs);
    gaps.iter().filter(|gap| is_clear(gap)).max_by(|a, b| width(a).total_cmp(&width(b)))
}

pub(super) fn voices(context: &Context<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (name, who) in [
        ("patient_rating", "Patients"),
        ("clinician_rating", "Clinicians"),
        ("adequacy", "Whether it was as good as it had to be"),
        ("sus", "System Usability Scale"),
        ("tuq", "Telehealth Usability Questionnaire"),
    ] {
        let figure = forest(context, name);
        if matches!(figure, Some(Block::Figure(_))) {
            blocks.push(Block::Heading(who.to_owned()));
        }
        blocks.extend(figure);
        let responses = context.compared.of_measure(name);
        let responses: Vec<String> = responses
            .filter_map(|row| Some(format!("{}: {}", row.platform, row.response.as_ref()?)))
            .collect();
        let has_answers = context.compared.of_measure(name).any(|row| row.n.is_some_and(|n| n > 0));
        let caution = match has_answers {
            true => "Who answered may differ from who did not.",
            false => "Nobody answered.",
        };
        if !responses.is_empty() {
            blocks.push(Block::Note(format!("{caution} {}.", responses.join("; "))));
        }
    }
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "Nobody was asked, or no answer was recorded. Ratings and questionnaires in the events fill this.".to_owned(),
        ));
    }
    blocks
}

pub(super) fn practice(context: &Context<'_>) -> Vec<Block> {
    let Some(closer) = context.closer else {
        return vec![context.hidden("What practice does is")];
    };
    let mut blocks: Vec<Block> = closer
        .learning
        .chunk_by(|a, b| a.subject.asks_as(&b.subject))
        .filter_map(|learning| curve(context, learning))
        .collect();
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "Nobody recorded which clinician a consultation was with. A pseudonym of the clinician in the context fills this."
                .to_owned(),
        ));
    }
    blocks
}

/// One measure by the clinician's nth consultation, on every platform.
fn curve(context: &Context<'_>, learning: &[Learning]) -> Option<Block> {
    let measure = catalog::measure(learning.first()?.subject.measure)?;
    let point = |(place, stage): (usize, &Stage)| Point {
        label: match stage.to {
            Some(to) if to == stage.from => stage.from.to_string(),
            Some(to) => format!("{} to {to}", stage.from),
            None => format!("{} on", stage.from),
        },
        at: Some(place as f64),
        value: stage.figure.value,
        limits: stage.figure.lo.zip(stage.figure.hi).map(|(lo, hi)| [lo, hi]),
        n: Some(stage.n),
        note: String::new(),
        ..Point::default()
    };
    let of = |one: &Learning| {
        let told = one.bins.iter().enumerate().filter(|(_, stage)| stage.n >= FEWEST);
        series(context, &one.subject.platform, told.map(point).collect())
    };
    let chart = ChartSpec {
        kind: Kind::Learning,
        name: format!("practice-{}", slug(measure.name)),
        title: format!("{} by practice", measure.title),
        subtitle: format!(
            "By the clinician's nth consultation on the platform, with 95 % limits; {}",
            context.when()
        ),
        across: Axis { title: "The clinician's nth consultation".to_owned(), unit: Unit::Count },
        values: Axis { title: measure.title.to_owned(), unit: unit(measure) },
        series: learning.iter().map(of).collect(),
        marked: Vec::new(),
        further: "",
    };
    let told = learning.iter().map(|one| {
        let change =
            projections::compare::show_change(measure, [one.within.value, one.within.lo, one.within.hi]);
        let change = change.or_else(|| one.within.reason.clone()).unwrap_or_else(|| "not told".to_owned());
        format!(
            "on {}, {} by their sixth to twentieth consultation against their first five: {change} ({})",
            one.subject.platform,
            measure.within_sentence(),
            one.verdict.name().replace('_', " ")
        )
    });
    let says = format!(
        "The same clinicians held against themselves: {}. Those who stop early are missing on the right of the curve, \
         and stages of fewer than {FEWEST} consultations are left out.",
        told.collect::<Vec<_>>().join("; ")
    );
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}
