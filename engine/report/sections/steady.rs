//! Is it steady, and do organisations differ: control charts and funnels, each platform for itself.

use projections::catalog;
use projections::compare::{Course, Spread, show};
use projections::measure::Measure;
use projections::stats::variation::funnel::{Position, exact_limits};

use super::super::chart::{Axis, ChartSpec, Kind, Point, Series, Unit};
use super::super::page::{Block, Figure};
use super::figures::{series, slug};
use super::seen::unit;
use super::{Context, counted};

/// The level of the limits that a funnel shows.
const LEVEL: f64 = 0.998;
/// Points of a limit's line.
const STEPS: u64 = 16;

pub(super) fn steady(context: &Context<'_>) -> Vec<Block> {
    let Some(closer) = context.closer else {
        return vec![context.hidden("The course over time is")];
    };
    let first = closer.courses.first().map(|course| course.subject.measure);
    let (main, more): (Vec<&Course>, Vec<&Course>) =
        closer.courses.iter().partition(|course| Some(course.subject.measure) == first);
    let mut blocks: Vec<Block> = main.into_iter().filter_map(|course| control(context, course)).collect();
    let more: Vec<Block> = more.into_iter().filter_map(|course| control(context, course)).collect();
    if !more.is_empty() {
        blocks.push(Block::More("The course of other measures".to_owned(), more));
    }
    if blocks.is_empty() {
        blocks.push(Block::Missing("There are no whole periods to look at yet.".to_owned()));
    }
    blocks.push(Block::Note(
        "A chart compares a platform with itself, and a change may have any cause that begins at some time. `evenfield \
         outages` looks for a platform that failed at several organisations at once."
            .to_owned(),
    ));
    blocks
}

fn control(context: &Context<'_>, course: &Course) -> Option<Block> {
    let measure = catalog::measure(course.subject.measure)?;
    let platform = &course.subject.platform;
    let whole: Vec<_> = course.points.iter().filter(|point| !point.partial).collect();
    let points = whole.iter().enumerate().map(|(place, point)| Point {
        label: point.period.clone(),
        at: Some(place as f64),
        value: point.value,
        n: point.n,
        note: point.rules.join(", "),
        stands_out: !point.rules.is_empty(),
        ..Point::default()
    });
    let marked = match (course.centre.value, course.centre.lo, course.centre.hi) {
        (Some(mean), Some(lo), Some(hi)) => {
            vec![(mean, "average".to_owned()), (lo, "limit".to_owned()), (hi, "limit".to_owned())]
        }
        _ => Vec::new(),
    };
    let out: Vec<String> = whole
        .iter()
        .filter(|point| !point.rules.is_empty())
        .map(|point| format!("{}: {}", point.period, point.rules.join(", ")))
        .collect();
    let [title, says] = steadiness(course, measure, (marked.is_empty(), &out));
    let chart = ChartSpec {
        kind: Kind::Control,
        name: format!("steady-{}-{}", slug(measure.name), context.compared.style(platform)),
        title,
        subtitle: format!(
            "{} by {}, process limits, what stands out is ringed (rules {}); {}",
            measure.title,
            course.period,
            course.rules,
            context.when()
        ),
        across: Axis { title: format!("{} (UTC)", course.period), unit: Unit::Count },
        values: Axis { title: measure.title.to_owned(), unit: unit(measure) },
        series: vec![series(context, platform, points.collect())],
        marked,
        further: "",
    };
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// The message of a control chart, and what it says in a paragraph.
fn steadiness(course: &Course, measure: &Measure, (no_limits, out): (bool, &[String])) -> [String; 2] {
    let platform = &course.subject.platform;
    let title = match (no_limits, out.is_empty()) {
        (true, _) => format!(
            "{platform}: too few {}s to say what stands out in {}",
            course.period,
            measure.within_sentence()
        ),
        (false, true) => format!("{platform}: nothing stands out in {}", measure.within_sentence()),
        (false, false) => format!("{platform}: what stands out in {}", measure.within_sentence()),
    };
    let says = match (course.centre.value, out.len()) {
        (None, _) => "It takes 13 whole periods to tell a change from everyday variation.".to_owned(),
        (Some(mean), 0) => format!("{} on average; nothing stands out.", show(measure, mean)),
        (Some(mean), many) => {
            let kept = out.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
            let rest = if many > 5 {
                format!("; and {} more, which the table names", many - 5)
            } else {
                String::new()
            };
            format!("{} on average. What stands out: {kept}{rest}.", show(measure, mean))
        }
    };
    [title, says]
}

pub(super) fn organisations(context: &Context<'_>) -> Vec<Block> {
    let Some(closer) = context.closer else {
        return vec![context.hidden("Differences between organisations are")];
    };
    let first = closer.spreads.first().map(|spread| spread.subject.measure);
    let (main, more): (Vec<&Spread>, Vec<&Spread>) =
        closer.spreads.iter().partition(|spread| Some(spread.subject.measure) == first);
    let mut blocks: Vec<Block> = main.into_iter().filter_map(|spread| funnel(context, spread)).collect();
    let more: Vec<Block> = more.into_iter().filter_map(|spread| funnel(context, spread)).collect();
    if !more.is_empty() {
        blocks.push(Block::More("The same by other measures".to_owned(), more));
    }
    if blocks.is_empty() {
        blocks.push(Block::Missing(
            "There are not two organisations on any platform, or nobody recorded them.".to_owned(),
        ));
    }
    blocks.push(Block::Note(
        "This is no league table. To lie outside the limits is a reason to look: patients, networks and ways of recording \
         differ, too."
            .to_owned(),
    ));
    blocks
}

fn funnel(context: &Context<'_>, spread: &Spread) -> Option<Block> {
    let measure = catalog::measure(spread.subject.measure)?;
    let platform = &spread.subject.platform;
    let target = spread.target.filter(|_| spread.units.len() > 1)?;
    let point = |unit: &projections::compare::Unit| {
        let [_, wide] = unit.by_chance;
        Point {
            label: unit.unit.clone(),
            at: Some(unit.n as f64),
            value: Some(unit.value),
            note: match wide {
                Position::Below => "below the limits of chance".to_owned(),
                Position::Inside => String::new(),
                Position::Above => "above the limits of chance".to_owned(),
            },
            stands_out: wide != Position::Inside,
            ..Point::default()
        }
    };
    let units: Vec<Point> = spread.units.iter().map(point).collect();
    let out: Vec<String> = units
        .iter()
        .filter(|unit| unit.stands_out)
        .map(|unit| format!("{} ({})", unit.label, unit.note))
        .collect();
    let mut all = vec![series(context, platform, units)];
    all.extend(limits(spread, target));
    let chart = ChartSpec {
        kind: Kind::Funnel,
        name: format!("funnel-{}-{}", slug(measure.name), context.compared.style(platform)),
        title: outside(platform, measure, out.len()),
        subtitle: format!(
            "{} of each {} by its size, with limits of chance (99.8 %); {}; {}",
            measure.title,
            spread.dimension,
            context.when(),
            counted(spread.units.len() as u64, spread.dimension)
        ),
        across: Axis { title: "Consultations".to_owned(), unit: Unit::Count },
        values: Axis { title: measure.title.to_owned(), unit: unit(measure) },
        series: all,
        marked: vec![(target, "all".to_owned())],
        further: "",
    };
    let says = variation(spread, measure, (target, &out));
    Some(Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// How many organisations lie outside the limits, as a message.
fn outside(platform: &str, measure: &Measure, count: usize) -> String {
    let of = measure.within_sentence();
    match count {
        0 => format!("{platform}: no organisation lies outside what chance makes of {of}"),
        1 => format!("{platform}: one organisation lies outside what chance makes of {of}"),
        many => format!("{platform}: {many} organisations lie outside what chance makes of {of}"),
    }
}

/// Why what is typical need not lie around what there is over all.
const HALVED: &str = " Where it was all or none, half a consultation is added to either side, which draws what is typical, \
                      and what a further one may be, towards the middle.";

/// What a funnel says in a paragraph.
fn variation(spread: &Spread, measure: &Measure, (target, out): (f64, &[String])) -> String {
    let typical = match (spread.typical.value, spread.prediction.lo, spread.prediction.hi) {
        (Some(typical), Some(lo), Some(hi)) => format!(
            "{} over all of them, {} in the typical {}; a further one may lie anywhere from {} to {}.{}",
            show(measure, target),
            show(measure, typical),
            spread.dimension,
            show(measure, lo),
            show(measure, hi),
            if spread.units.iter().any(|unit| unit.x == 0 || unit.x == unit.n) { HALVED } else { "" }
        ),
        _ => format!("{} over all of them.", show(measure, target)),
    };
    let outside = if out.is_empty() { String::new() } else { format!(" Worth a look: {}.", out.join("; ")) };
    format!("{typical}{outside}")
}

/// The limits of chance as lines over the sizes that there are.
fn limits(spread: &Spread, target: f64) -> Vec<Series> {
    let sizes = || spread.units.iter().map(|unit| unit.n);
    let (Some(least), Some(most)) = (sizes().min(), sizes().max()) else { return Vec::new() };
    let steps: Vec<u64> = (0..=STEPS).map(|step| least + (most - least) * step / STEPS).collect();
    let line = |name: &str, of: fn([f64; 2]) -> f64| Series {
        name: name.to_owned(),
        style: 4,
        is_line: true,
        points: steps
            .iter()
            .filter_map(|n| {
                let limits = exact_limits(target, *n, LEVEL)?;
                Some(Point {
                    at: Some(*n as f64),
                    value: Some(of([limits.lo, limits.hi])),
                    ..Point::default()
                })
            })
            .collect(),
    };
    vec![line("lower limit of chance", |[lo, _]| lo), line("upper limit of chance", |[_, hi]| hi)]
}
