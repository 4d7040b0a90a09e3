//! The numbers behind a claim, each with what it is and in its unit. What no name here tells stands as it is.

use projections::catalog;
use projections::compare::{Claim, Rule, show, show_step};
use projections::measure::{Fold, Measure};

use super::grouped;

/// In what a number is told.
#[derive(Clone, Copy)]
enum As {
    /// As values of the measure are.
    Value,
    /// As changes of it are.
    Change,
    /// So many points of a hundred, with its sign.
    Points,
    Minutes,
    Count,
    /// So many times.
    Ratio,
    /// A number with its sign.
    Signed,
    Chance,
    /// So many consultations in 1,000.
    InThousand,
}

/// Every number of a claim: what it is, and how much.
pub(super) fn told(claim: &Claim) -> Vec<[String; 2]> {
    let rule = Rule::from_name(claim.rule);
    let mut lines: Vec<(usize, [String; 2])> = claim
        .numbers
        .iter()
        .map(|(name, number)| match rule.and_then(|rule| meaning(rule, name, claim)) {
            Some((place, what, unit)) => (place, [what, shown(unit, *number, claim)]),
            None => (usize::MAX, [name.replace('_', " "), number.to_string()]),
        })
        .collect();
    lines.sort_by_key(|(place, _)| *place);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Where a number stands among others, what it is, and in what it is told.
fn meaning(rule: Rule, name: &str, claim: &Claim) -> Option<(usize, String, As)> {
    let (what, unit) = figure(rule);
    let on = &claim.subject.platform;
    let than = claim.than.as_deref().unwrap_or_default();
    let of = counted_word(claim);
    let is_rate = catalog::measure(claim.subject.measure)
        .is_some_and(|measure| matches!(measure.fold, Fold::PerTime(..)));
    let hits = if is_rate { "so many in them" } else { "of them so" };
    let limit = |side: &str| match rule {
        Rule::Course => format!("{side} process limit"),
        _ => format!("its {side} limit"),
    };
    let (place, what, unit) = match name {
        "value" | "gain" => (0, what.to_owned(), unit),
        "lo" | "gain_lo" => (1, limit("lower"), unit),
        "hi" | "gain_hi" => (2, limit("upper"), unit),
        "platform_value" => (3, format!("value on {on}"), As::Value),
        "reference_value" => (4, format!("value on {than}"), As::Value),
        "group_value" => (3, "value of the group".to_owned(), As::Value),
        "than_value" => (4, format!("value of {than}"), As::Value),
        "n" if rule == Rule::Verdict => (5, of.to_owned(), As::Count),
        "n" => (5, format!("{of}, on {on}"), As::Count),
        "x" => (6, format!("{hits}, on {on}"), As::Count),
        "reference_n" => (7, format!("{of}, on {than}"), As::Count),
        "reference_x" => (8, format!("{hits}, on {than}"), As::Count),
        "group_n" => (5, format!("{of}, of the group"), As::Count),
        "than_n" => (6, format!("{of}, of {than}"), As::Count),
        "relative_index" => (3, "ratio of the most to the least deprived".to_owned(), As::Ratio),
        "typical" => (3, "value in the typical unit".to_owned(), As::Value),
        "units" => (4, "units".to_owned(), As::Count),
        "periods" => (3, "periods".to_owned(), As::Count),
        "clinicians" => (3, "clinicians".to_owned(), As::Count),
        "with_both" => (4, "of them with early and later consultations".to_owned(), As::Count),
        "switched" => (3, "units that moved".to_owned(), As::Count),
        "stayed" => (4, "units that stayed".to_owned(), As::Count),
        "calls" => (3, format!("calls on {on}"), As::Count),
        "margin" => (3, "what a range must gain".to_owned(), As::InThousand),
        "range_gains" => (4, "chance that a range gains more than that".to_owned(), As::Chance),
        "all_alike" => (4, "chance that no difference matters".to_owned(), As::Chance),
        "best_single" => (4, "chance that the best single platform is the best".to_owned(), As::Chance),
        "turning_price" => {
            (4, "price of a further platform at which the verdict turns".to_owned(), As::InThousand)
        }
        _ => return None,
    };
    Some((place, what, unit))
}

/// What is counted for a claim.
pub(super) fn counted_word(claim: &Claim) -> &'static str {
    match catalog::measure(claim.subject.measure).map(Measure::of_what) {
        None => "consultations",
        // What is summed over time was seen in consultations, too.
        Some("connected time") => "connected consultations",
        Some(of) => of,
    }
}

/// What the figure of a rule is, and in what it is told.
fn figure(rule: Rule) -> (&'static str, As) {
    match rule {
        Rule::Difference | Rule::Adjusted | Rule::Gap | Rule::Learning => ("difference", As::Change),
        Rule::Moved => ("change where units moved", As::Change),
        Rule::Slope => ("change from the most to the least deprived", As::Change),
        Rule::Spread => ("median odds ratio", As::Ratio),
        Rule::Course => ("average", As::Value),
        Rule::DroppedBySlot => ("difference", As::Points),
        Rule::DropsPerCall => ("difference in drops a call", As::Signed),
        Rule::LostMinutes => ("difference", As::Minutes),
        Rule::Verdict => ("what a range gains", As::InThousand),
    }
}

fn shown(unit: As, number: f64, claim: &Claim) -> String {
    let measure = catalog::measure(claim.subject.measure);
    let text = match unit {
        As::Value => measure.map_or_else(|| number.to_string(), |measure| show(measure, number)),
        As::Change => measure.map_or_else(|| number.to_string(), |measure| show_step(measure, number)),
        As::Points => format!("{:+.2} points", number * 100.0),
        As::Minutes => format!("{number:+.2} min"),
        As::Count => grouped(number as u64),
        As::Ratio => format!("{number:.2}"),
        As::Signed => format!("{number:+.3}"),
        As::Chance => format!("{:.1} %", number * 100.0),
        As::InThousand => format!("{:.1} in 1,000", number * 1_000.0),
    };
    text.replace('-', "\u{2212}")
}
