//! Times for people: how soon calls drop, what of a slot that takes, and how soon people are back.

use std::fmt::Write;

use projections::compare::{Against, ByMinute, Contrast, Figure, Times};

use super::layout::{heading, verdict_word};
use super::{counted, grouped};

/// What was found of every platform, and against the reference.
pub(super) fn times(text: &mut String, times: &[Times]) {
    let Some(first) = times.first() else { return };
    heading(text, "How soon calls drop, and how soon people are back");
    for times in times {
        let _ = writeln!(text, "{}", title(times));
        if times.calls == 0 && times.drops.is_none_or(|drops| drops == 0) {
            let _ = writeln!(text, "  {}", times.lost_minutes.reason.as_deref().unwrap_or("nothing to tell"));
            continue;
        }
        for line in lines(times) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = writeln!(
        text,
        "  from connection to the first drop; a call that ended without one can drop no more; one whose end nobody saw\n  \
         counts as long as it was seen; of a slot of {} min what comes after the first drop counts as lost;\n  \
         in drops in 100 calls the second and third drop of a call count, too",
        first.slot_minutes
    );
}

fn title(times: &Times) -> String {
    let levels = times.by.iter().map(|(dimension, level)| format!(", {dimension} {level}"));
    let mut text = format!("{}{}: ", times.platform, levels.collect::<String>());
    let sides = if times.one_sided { ", one side seen" } else { "" };
    let _ = write!(text, "{}{sides}", counted(times.calls, "connected call"));
    let further = [
        (times.went_on, format!("went on beyond {} min without a drop", times.slot_minutes)),
        (times.last_seen, "last seen before their end".to_owned()),
        (times.unmeasured, "more not measured".to_owned()),
    ];
    for (count, what) in further.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, "; {} {what}", grouped(count));
    }
    text
}

fn lines(times: &Times) -> Vec<String> {
    let slot = times.slot_minutes;
    let lost = shown(&times.lost_minutes, " min", |x| format!("{x:.2}"));
    let mut lines = vec![
        format!("dropped by {}", shares(&times.dropped)),
        format!("drops in 100 calls by {}", hundreds(&times.drops_per_call)),
        format!("where they go on so long, by {}", hundreds(&times.drops_going_on)),
        format!("lost to drops of a slot of {slot} min: {lost}"),
    ];
    if let Some(drops) = times.drops.filter(|drops| *drops > 0) {
        let (back, drops) = (shares(&times.restored), counted(drops, "drop"));
        let half = shown(&times.median_restored_s, " s", |x| format!("{x:.0}"));
        lines.push(format!("back within {back}, of {drops}; half of them within {half}"));
    }
    let hours = shown(&times.hours_between_drops, " connected hours", |x| format!("{x:.1}"));
    lines.push(format!("one drop in {hours}"));
    lines.extend(times.against.iter().flat_map(|against| held(against, slot)));
    lines
}

/// Shares by their minutes.
fn shares(shares: &[ByMinute]) -> String {
    by_minute(shares, |figure| shown(figure, " %", |x| format!("{:.1}", x * 100.0)))
}

/// Means by their minutes, times a hundred.
fn hundreds(means: &[ByMinute]) -> String {
    by_minute(means, |figure| shown(figure, "", |x| format!("{:.1}", x * 100.0)))
}

/// Figures by their minutes; why one is not more is said once where it is the same for all of them.
fn by_minute(figures: &[ByMinute], shown: impl Fn(&Figure) -> String) -> String {
    let reason = figures.last().and_then(|last| last.figure.reason.as_ref());
    let reason = reason.filter(|why| figures.iter().all(|one| one.figure.reason.as_ref() == Some(why)));
    if let Some(why) = reason.filter(|_| figures.iter().all(|one| one.figure.value.is_none())) {
        return format!("any minute: {why}");
    }
    let bare = |figure: &Figure| Figure {
        reason: figure.reason.clone().filter(|_| reason.is_none()),
        ..figure.clone()
    };
    let told = figures.iter().map(|one| format!("{} min {}", one.minutes, shown(&bare(&one.figure))));
    let text = told.collect::<Vec<_>>().join(", ");
    reason.map_or(text.clone(), |why| format!("{text}; {why}"))
}

fn held(against: &Against, slot: u64) -> [String; 4] {
    let Against { reference, dropped, drops_per_call, lost_minutes, gray } = against;
    let change = |contrast: &Contrast, unit: &str, number: fn(f64) -> String| {
        let word = verdict_word(contrast.verdict).replace('_', " ");
        format!("{}: {word}", shown(&contrast.figure, unit, number)).replace('-', "\u{2212}")
    };
    let test = match (&gray.test, &gray.reason) {
        (Some(test), _) if test.p < 0.001 => "p below 0.001".to_owned(),
        (Some(test), _) => format!("p {:.3}", test.p),
        (None, why) => why.clone().unwrap_or_default(),
    };
    [
        format!(
            "against {reference}, dropped by {slot} min: {}",
            change(dropped, " points", |x| format!("{:+.1}", x * 100.0))
        ),
        format!(
            "against {reference}, drops in 100 calls by {slot} min: {}",
            change(drops_per_call, "", |x| format!("{:+.1}", x * 100.0))
        ),
        format!(
            "against {reference}, lost to drops: {}",
            change(lost_minutes, " min", |x| format!("{x:+.2}"))
        ),
        format!(
            "against {reference}, Gray's test of the course of drops: {test}; it takes consultations as independent"
        ),
    ]
}

/// A figure between its limits, as far as there are any, and why it is not more.
fn shown(figure: &Figure, unit: &str, number: impl Fn(f64) -> String) -> String {
    let mut text = match (figure.value, figure.lo, figure.hi) {
        (Some(value), Some(lo), Some(hi)) => {
            format!("{}{unit} ({} to {})", number(value), number(lo), number(hi))
        }
        (Some(value), ..) => format!("{}{unit}", number(value)),
        (None, Some(lo), _) => format!("{} or more{unit}", number(lo)),
        (None, None, _) => String::new(),
    };
    if let Some(reason) = &figure.reason {
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(reason);
    }
    text
}
