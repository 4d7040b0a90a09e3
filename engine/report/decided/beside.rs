//! What stands beside a decision: whether the evidence sufficed, what becomes of groups of people, and whom other
//! priorities would favour.

use projections::catalog;
use projections::compare::{Decided, Favoured, Gate, Inequality, Unequal};
use projections::measure::Better;

use super::super::layout::{columns, heading, wrapped};
use super::percent;

/// That every gate was passed, with what was found; nothing where one was not, since that is the reason then.
pub(super) fn gates(decided: &Decided) -> Option<String> {
    if decided.gates.is_empty() || decided.gates.iter().any(|gate| !gate.passed) {
        return None;
    }
    let of = |name: &'static str| decided.gates.iter().filter(move |gate| gate.gate == name);
    let value = |gate: &Gate| gate.value.unwrap_or_default();
    let least = |name| of(name).map(value).fold(f64::INFINITY, f64::min);
    let most = |name| of(name).map(value).fold(0.0, f64::max);
    let units = match decided.unit {
        "none" => String::new(),
        unit => format!("{:.0} {}s or more (10), ", least("units"), unit.replace('_', " ")),
    };
    Some(format!(
        "Every gate of evidence was passed: on each platform {:.0} events or non-events or more, worth {:.0} independent \
         ones (it takes 10), {units}{:.0} % of consultations in strata with a choice (80 %), at most {:.1} % of a \
         platform's outcomes missing (5 %).",
        least("events"),
        least("effective_events"),
        100.0 * least("common_support"),
        100.0 * most("missing"),
    ))
}

/// That something is told as it was seen, where the verdict is adjusted.
fn crude(decided: &Decided) -> &'static str {
    if decided.adjust.is_empty() { "" } else { " (as they were seen, not adjusted)" }
}

/// What each policy would do to the gap between groups.
pub(super) fn inequality(text: &mut String, decided: &Decided) {
    if decided.inequality.is_empty() {
        return;
    }
    heading(text, &format!("What it would do to the gap between groups of people{}", crude(decided)));
    decided.inequality.iter().for_each(|inequality| of_groups(text, inequality));
}

fn of_groups(text: &mut String, inequality: &Inequality) {
    let dimension = inequality.dimension.replace('_', " ");
    let (Some(group), Some(than)) = (&inequality.group, &inequality.than) else {
        let reason = inequality.reason.as_deref().unwrap_or_default();
        return wrapped(text, "", &format!("{dimension}: not told, {reason}"));
    };
    let who = match inequality.dimension {
        "deprivation_quintile" => format!(", the most deprived ({group}) against the least ({than})"),
        _ => format!(", {group} against {than}"),
    };
    wrapped(text, "", &format!("{dimension}{who}"));
    let line = |policy: &Unequal| {
        let share = |name| match policy.groups.get(name).copied().flatten() {
            Some(share) => format!("{:.1} %", share * 100.0),
            None => "not told".to_owned(),
        };
        let points = |share: f64| format!("{:.1}", share * 100.0).replace('-', "\u{2212}");
        let gap = match (policy.gap.value, policy.gap.lo, policy.gap.hi) {
            (Some(gap), Some(lo), Some(hi)) => {
                format!("{} points ({} to {})", points(gap), points(lo), points(hi))
            }
            (Some(gap), ..) => format!("{} points, without limits", points(gap)),
            _ => String::new(),
        };
        let caution = policy.gap.reason.as_ref().map_or_else(String::new, |reason| format!("! {reason}"));
        let policy = match &policy.platforms[..] {
            [single] => format!("{single} for all"),
            range => format!("the range of {}", range.join(", ")),
        };
        [policy, format!("{} against {}", share(group), share(than)), gap, caution]
    };
    columns(text, &inequality.policies.iter().map(line).collect::<Vec<_>>());
}

/// How often each platform comes out first, however the measures are weighed.
pub(super) fn priorities(text: &mut String, decided: &Decided) {
    let Some(priorities) = &decided.priorities else { return };
    heading(text, &format!("Whom other priorities would favour{}", crude(decided)));
    let title = |name: &str| match catalog::measure(name) {
        Some(measure) if measure.better == Better::Lower => {
            format!("{} (the share without)", measure.within_sentence())
        }
        Some(measure) => measure.within_sentence(),
        None => name.to_owned(),
    };
    let criteria: Vec<String> = priorities.criteria.iter().map(|name| title(name)).collect();
    if let Some(reason) = &priorities.reason {
        return wrapped(text, "", &format!("Not told: {reason} ({}).", criteria.join(", ")));
    }
    wrapped(
        text,
        "",
        &format!(
            "Every way of weighing {} against each other taken as equally likely, and the shares for what they may be:",
            criteria.join("; ")
        ),
    );
    let line = |favoured: &Favoured| {
        let values = favoured.values.iter().map(|value| format!("{:.1} %", value * 100.0));
        let weights = favoured.central_weights.as_ref().map_or_else(String::new, |weights| {
            let weight =
                |name: &&'static str| weights.get(name).map(|weight| format!("{:.0}", weight * 100.0));
            let weights = priorities.criteria.iter().filter_map(weight).collect::<Vec<_>>();
            format!("on average with weights of {}", weights.join(" : "))
        });
        [
            favoured.platform.clone(),
            values.collect::<Vec<_>>().join(", "),
            format!("first in {}", percent(favoured.first)),
            weights,
        ]
    };
    columns(text, &priorities.platforms.iter().map(line).collect::<Vec<_>>());
}
