//! What was declared beside the events: what is needed, what platforms are shown to do, and what they cost.

use std::fmt::Write;

use projections::compare::{Decided, Needed, Step};
use projections::profiles::State;

use super::super::layout::{columns, heading, wrapped};

/// Every need, with what is said of every platform and who says so, and which platform is kept out where.
pub(super) fn table(text: &mut String, decided: &Decided) {
    if decided.needs.is_empty() {
        return;
    }
    heading(text, "What is needed, and what platforms are shown to do");
    for need in &decided.needs {
        let of: Vec<String> =
            need.of.iter().map(|(dimension, level)| format!("{dimension} {level}")).collect();
        let of = if of.is_empty() { "everywhere".to_owned() } else { format!("for {}", of.join(", ")) };
        let nobody = if is_met(need) { "" } else { "; no platform is shown to meet it" };
        let words = if need.words.is_empty() { &need.function } else { &need.words };
        let _ = writeln!(text, "{words}, {}{nobody}", of.replace('_', " "));
        let lines = need.platforms.iter().map(|(platform, statement)| {
            let source = statement.source.clone().unwrap_or_default();
            let evidence = [Some(source).filter(|source| !source.is_empty()), statement.date.clone()];
            let evidence = evidence.into_iter().flatten().collect::<Vec<_>>().join(", ");
            [platform.clone(), statement.state.name().replace('_', " "), evidence]
        });
        columns(text, &lines.collect::<Vec<_>>());
    }
    for barred in decided.barred.chunk_by(|a, b| (&a.stratum, &a.lacks) == (&b.stratum, &b.lacks)) {
        let platforms: Vec<&str> = barred.iter().map(|barred| barred.platform.as_str()).collect();
        let lacks = barred[0].lacks.join(", ").replace('_', " ");
        let line = format!("{} may not be used in {}: {lacks}", platforms.join(", "), barred[0].stratum);
        wrapped(text, "! ", &line);
    }
}

fn is_met(need: &Needed) -> bool {
    need.platforms.values().any(|statement| statement.state == State::Met)
}

fn amount(of: [f64; 2], unit: &str) -> String {
    let ends = [of[0].min(of[1]), of[0].max(of[1])];
    let [lo, hi] = ends.map(|amount| format!("{amount:.2}").replace('-', "\u{2212}"));
    if lo == hi { format!("{lo} {unit}") } else { format!("{lo} to {hi} {unit}") }
}

/// What a consultation costs under a policy, behind its share.
pub(super) fn costs(decided: &Decided, step: &Step) -> String {
    let unit = decided.prices.as_ref().map(|prices| &prices.unit);
    let costs = unit.zip(step.price).map(|(unit, price)| format!("  {} each", amount(price, unit)));
    costs.unwrap_or_default()
}

/// What the declared prices say of the verdict.
pub(super) fn price(decided: &Decided) -> Option<String> {
    let prices = decided.prices.as_ref()?;
    if decided.verdict == "no_material_difference" {
        return Some(match &prices.cheapest {
            Some(name) => format!("The cheapest is {name}, by the prices that were declared."),
            None => "Which is the cheapest depends on where prices lie within their bounds.".to_owned(),
        });
    }
    let ([low, high], [_, _]) = (prices.range?, prices.per_gained?);
    let unit = &prices.unit;
    Some(if high <= 0.0 && low <= 0.0 {
        format!("The range costs less, by {} a consultation.", amount([-high, -low], unit))
    } else {
        format!(
            "A consultation would cost {} more with the range; that is {} for each good one more. Whether it is worth that \
             is not in the events.",
            amount([low, high], unit),
            amount(prices.per_gained?, unit)
        )
    })
}
