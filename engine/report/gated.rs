//! Gates for people: what passes, what does not, and by which limit.

use projections::catalog;
use projections::compare::{GateOf, GateSide, Gated, show};

use super::layout::{columns, heading};

/// Every gate with what was held against it.
pub(super) fn gated(text: &mut String, gated: &[Gated]) {
    if gated.is_empty() {
        return;
    }
    let met = gated.iter().filter(|one| one.passes).count();
    heading(text, &format!("Gates: {met} of {} met", gated.len()));
    columns(text, &gated.iter().map(line).collect::<Vec<_>>());
}

fn line(gated: &Gated) -> [String; 4] {
    let shown = |value: f64| {
        let text = catalog::measure(gated.measure).map_or_else(String::new, |measure| show(measure, value));
        // A difference of shares is so many points.
        if gated.of == GateOf::Difference { text.replace(" %", " points") } else { text }
    };
    let levels = gated.by.iter().map(|(dimension, level)| format!(", {dimension} {level}"));
    let who = gated.platform.clone().unwrap_or_default() + &levels.collect::<String>();
    let side = match gated.side {
        GateSide::AtLeast => "at least",
        GateSide::AtMost => "at most",
    };
    let what = match gated.of {
        GateOf::Value => "",
        GateOf::Difference => "difference ",
    };
    let found = match (gated.value, gated.limit, &gated.reason) {
        (Some(value), Some(limit), _) => format!("{}, its limit {}", shown(value), shown(limit)),
        (_, _, Some(reason)) => reason.clone(),
        _ => String::new(),
    };
    let word = if gated.passes { "met" } else { "NOT MET" };
    [
        word.to_owned(),
        format!("{}: {what}{side} {}", gated.gate, shown(gated.threshold)).replace('-', "\u{2212}"),
        who,
        found.replace('-', "\u{2212}"),
    ]
}
