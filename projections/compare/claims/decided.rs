//! What a decision claims: its verdict, by the numbers that carry it.

use std::collections::BTreeMap;

use super::{Claim, Rule, claim_id};
use crate::compare::decide::{Decided, Grounds};
use crate::compare::subject::Subject;

/// The verdict of a decision as a claim.
#[must_use]
pub(in crate::compare) fn decision(grounds: &Grounds<'_>, decided: &Decided) -> Claim {
    let subject = Subject {
        measure: decided.measure,
        by: BTreeMap::new(),
        // Which platforms there are is what is seen, and not the question.
        platform: String::new(),
        role: None,
    };
    let rule = [decided.delta, decided.price, decided.level].map(|number| number.to_string());
    let cheapest = decided.cheapest.as_ref().map(|cheapest| cheapest.price.to_string());
    let declared = grounds.profiles.map(|profiles| format!("{profiles:?}")).unwrap_or_default();
    let mut further = vec![
        ("delta", rule[0].as_str()),
        ("price", rule[1].as_str()),
        ("sure", rule[2].as_str()),
        ("declared", declared.as_str()),
    ];
    further.extend(cheapest.iter().map(|price| ("cheapest", price.as_str())));
    further.extend(decided.by.iter().map(|dimension| ("stratum", *dimension)));
    further.extend(decided.adjust.iter().map(|dimension| ("adjust", *dimension)));
    let id = claim_id(Rule::Verdict, grounds.ask, &decided.parameters, (&subject, false), &further);
    let [gain, lo, hi] = decided.gain.map_or([None; 3], |gain| gain.map(Some));
    let single = decided.frontier.first().filter(|step| step.platforms.len() == 1);
    let best = single.and_then(|step| decided.best_single.get(&step.platforms[0]).copied());
    let numbers = [
        ("gain", gain),
        ("gain_lo", lo),
        ("gain_hi", hi),
        ("margin", decided.margin),
        ("range_gains", decided.range_gains),
        ("all_alike", decided.all_alike),
        ("best_single", best),
        ("turning_price", decided.turning_price),
        ("n", Some(decided.n as f64)),
    ];
    let subject = Subject { platform: decided.platforms.join(", "), ..subject };
    Claim::new((Rule::Verdict, id), (subject, None), (decided.verdict, words(decided)), numbers)
}

fn words(decided: &Decided) -> String {
    let in_thousand = |share: f64| format!("{:.0} in 1,000", share * 1_000.0).replace('-', "\u{2212}");
    let single = decided.frontier.first().map(|step| step.platforms.join(", ")).unwrap_or_default();
    let gained = match decided.gain {
        Some([gain, lo, hi]) => {
            format!("; a range gains {} ({} to {})", in_thousand(gain), in_thousand(lo), in_thousand(hi))
        }
        None => String::new(),
    };
    // Where needs alone decide, there was nothing to weigh, and the reason says so.
    if let (None, Some(reason), true) = (decided.gain, &decided.reason, decided.verdict == "standardise") {
        return reason.clone();
    }
    let verdict = match decided.verdict {
        "no_material_difference" => "No difference that matters between the platforms".to_owned(),
        "range" => "A range of platforms is better than one for all".to_owned(),
        "standardise" => format!("{single} for all is as good as any range"),
        _ => "There is not enough evidence for one platform or a range".to_owned(),
    };
    verdict + &gained
}
