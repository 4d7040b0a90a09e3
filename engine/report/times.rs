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
         counts as long as it was seen; of a slot of {} min what comes after the first drop counts as lost",
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

/// Shares by their minutes; where none of them can be had, why, once.
fn shares(shares: &[ByMinute]) -> String {
    let none = shares.iter().all(|one| one.figure.value.is_none());
    let share = |one: &ByMinute| {
        format!("{} min {}", one.minutes, shown(&one.figure, " %", |x| format!("{:.1}", x * 100.0)))
    };
    match shares.last().and_then(|last| last.figure.reason.as_ref()).filter(|_| none) {
        Some(why) => format!("any minute: {why}"),
        None => shares.iter().map(share).collect::<Vec<_>>().join(", "),
    }
}

fn held(against: &Against, slot: u64) -> [String; 3] {
    let Against { reference, dropped, lost_minutes, gray } = against;
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
