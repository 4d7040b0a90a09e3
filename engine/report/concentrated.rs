//! What a bad day would take under each policy, for people.

use projections::compare::{Concentration, Laid};

use super::grouped;
use super::layout::{columns, heading, wrapped};

/// The policies of a decision laid over the days that were.
pub(super) fn concentrated(text: &mut String, found: &Concentration) {
    heading(text, "What a bad day would take");
    if let Some(reason) = &found.reason {
        wrapped(text, "  ", &format!("cannot be told: {reason}"));
        return;
    }
    let line = |laid: &Laid| {
        let by_chance =
            laid.shortfall_by_chance.map_or(String::new(), |chance| format!("{} by chance", more(chance)));
        [
            name(laid),
            format!("worst day {} ({})", more(laid.worst), laid.worst_day),
            format!("worst twentieth of days {}", more(laid.shortfall)),
            by_chance,
        ]
    };
    columns(text, &found.policies.iter().map(line).collect::<Vec<_>>());
    if let Some([average, bad_days]) = found.pulls_apart {
        let (average, bad_days) = (&found.policies[average], &found.policies[bad_days]);
        wrapped(
            text,
            "  ",
            &format!(
                "average and bad days point different ways: on average {} is the better one ({:.1} % against {:.1} %), on \
                 the worst days {} loses less ({} against {})",
                name(average),
                average.value * 100.0,
                bad_days.value * 100.0,
                name(bad_days),
                more(bad_days.shortfall),
                more(average.shortfall),
            ),
        );
    }
    wrapped(text, "  ", &ground(found));
}

fn ground(found: &Concentration) -> String {
    let unknown = match found.days_unknown {
        0 => String::new(),
        1 => "; 1 more day is left out, on which too little was seen of some platform".to_owned(),
        days => format!(
            "; {} more days are left out, on which too little was seen of some platform",
            grouped(days)
        ),
    };
    format!(
        "so many more consultations failing than usual (never connected, or cut off for good), of {} days on which what \
         was seen of a platform is taken for all that would be sent to it{unknown}; by chance is what bad days of single \
         organisations would make of it; `evenfield outages` looks for the outages themselves",
        grouped(found.days)
    )
}

/// How the policy is called.
fn name(laid: &Laid) -> String {
    match &laid.platforms[..] {
        [single] => format!("{single} for all"),
        range => format!("a range of {}", range.join(", ")),
    }
}

fn more(count: f64) -> String {
    format!("{count:+.1}").replace('-', "\u{2212}")
}
