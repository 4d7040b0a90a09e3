//! How each reading becomes a data set: which of its lists are which tables, and what they are called.
//!
//! What a table has of columns is told by the reading itself; those that are named here it has in any case, so that
//! a program finds them whatever there was to tell.

use projections::compare::{Comparison, Decided, Reach};
use projections::disclosure::Disclose;
use projections::quality::Evidence;

use crate::replay::Totals;

/// A reading that leaves as a data set.
pub trait Exported: Disclose {
    /// How.
    const SHAPE: Shape;
}

/// How a reading becomes tables.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What the data set is called.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is, in a sentence or two.
    pub what: &'static str,
    /// The table of one row about the whole, where there is one.
    pub(super) whole: Option<&'static str>,
    /// The tables, the first of which is meant where only one can be.
    pub(super) tables: &'static [Titled],
}

/// A list of a reading as a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Titled {
    /// What the list is called in the contract; one within another after both.
    pub(super) member: &'static str,
    /// What the table is called.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What a row is.
    pub(super) subtitle: &'static str,
    /// What it has of columns in any case; empty: the table is there only where it was asked for.
    pub(super) columns: &'static [&'static str],
}

const fn table(
    member: &'static str,
    name: &'static str,
    title: &'static str,
    subtitle: &'static str,
) -> Titled {
    Titled { member, name, title, subtitle, columns: &[] }
}

const MEASURES: &[&str] = &[
    "measure",
    "platform",
    "role",
    "one_sided",
    "status",
    "reason",
    "x",
    "n",
    "value",
    "value_mark",
    "lo",
    "hi",
    "level",
    "method",
    "cluster",
    "clusters",
    "deff",
    "unclustered_share",
    "unmeasured",
    "inferred",
    "components",
    "grade",
    "p50",
    "p50_lo",
    "p50_hi",
    "p90",
    "p90_lo",
    "p90_hi",
    "p95",
    "p95_lo",
    "p95_hi",
    "response_answered",
    "response_invited",
    "response_of",
    "response_rate",
    "notes",
];
const DIFFERENCES: &[&str] = &[
    "measure",
    "platform",
    "reference",
    "role",
    "one_sided",
    "status",
    "reason",
    "value",
    "value_mark",
    "lo",
    "hi",
    "level",
    "method",
    "cluster",
    "clusters",
    "verdict",
    "concurrent_share",
    "claim",
    "win_odds_status",
    "win_odds_reason",
    "win_odds_value",
    "win_odds_value_mark",
    "win_odds_lo",
    "win_odds_hi",
    "win_odds_method",
    "notes",
];

impl Exported for Comparison {
    const SHAPE: Shape = Shape {
        name: "comparison",
        title: "Video-consultation platforms compared, measure by measure",
        what: "Each measure of each platform with its counts and limits, and its difference from the reference. \
               Limits take account of consultations that share an organisation or a clinician.",
        whole: None,
        tables: &[
            Titled {
                member: "rows",
                name: "measures",
                title: "Measures by platform",
                subtitle: "One row for each measure of each platform, and of each part that was asked for",
                columns: MEASURES,
            },
            Titled {
                member: "differences",
                name: "differences",
                title: "Differences between platforms",
                subtitle: "One row for each measure of each platform, less the same of the reference",
                columns: DIFFERENCES,
            },
            table(
                "platforms",
                "platforms",
                "What each platform's figures rest on",
                "One row for each platform",
            ),
            table("gaps", "gaps", "Gaps between groups of people", "One row for each pair of groups"),
            table(
                "slopes",
                "slopes",
                "Inequality over ordered groups",
                "One row for each measure of each platform",
            ),
            table("spreads", "spreads", "How much units differ", "One row for each measure of each platform"),
            table("courses", "courses", "The course over time", "One row for each measure of each platform"),
            table(
                "learning",
                "learning",
                "Whether practice helps",
                "One row for each measure of each platform",
            ),
            table("moves", "moves", "What changed where units moved", "One row for each measure"),
            table("times", "times", "How soon calls drop and come back", "One row for each platform"),
            table("claims", "claims", "What is claimed", "One row for each claim"),
            table(
                "gates",
                "gates",
                "Gates that were given",
                "One row for each gate and what was held against it",
            ),
        ],
    };
}

impl Exported for Totals {
    const SHAPE: Shape = Shape {
        name: "totals",
        title: "Plain totals by platform",
        what: "Counts, sums and quantiles of consultations that are over. Nothing is weighed, and what only some sources \
               can tell is counted where they can: they are to be held against other tools, not against each other.",
        whole: None,
        tables: &[Titled {
            member: "rows",
            name: "totals",
            title: "Totals by platform",
            subtitle: "One row for each platform as a whole, and for each part that was asked for",
            columns: &[
                "platform",
                "consultations",
                "attempted",
                "connected",
                "first_try",
                "undisturbed",
                "completed",
            ],
        }],
    };
}

impl Exported for Decided {
    const SHAPE: Shape = Shape {
        name: "decision",
        title: "One platform for all, or a range",
        what: "What is seen and expected of each platform in each stratum, what the best sets of platforms are worth, \
               and the verdict that follows by rule.",
        whole: Some("verdict"),
        tables: &[
            Titled {
                member: "cells",
                name: "cells",
                title: "Platforms by stratum",
                subtitle: "One row for each platform in each stratum",
                columns: &["stratum", "platform", "x", "n", "seen"],
            },
            Titled {
                member: "frontier",
                name: "options",
                title: "The best platforms of each number",
                subtitle: "One row for each number of platforms",
                columns: &["platforms"],
            },
            Titled {
                member: "verdict",
                name: "verdict",
                title: "The verdict",
                subtitle: "One row: the verdict and the numbers that carry it",
                columns: &["verdict"],
            },
            table("gates", "gates", "What the evidence must pass", "One row for each gate of each platform"),
            table(
                "best_single",
                "best_single",
                "The best single platform",
                "One row for each platform and its chance",
            ),
            table(
                "concentration_policies",
                "concentration",
                "What the worst days take",
                "One row for each choice of platforms",
            ),
            table(
                "priorities_platforms",
                "priorities",
                "Who comes first, whatever matters",
                "One row for each platform",
            ),
            table("inequality", "inequality", "What choices do to gaps", "One row for each circumstance"),
            table("needs", "needs", "What is needed", "One row for each need"),
            table("barred", "barred", "Who is kept out where", "One row for each platform and stratum"),
        ],
    };
}

impl Exported for Evidence {
    const SHAPE: Shape = Shape {
        name: "quality",
        title: "How complete the evidence is",
        what: "What of each platform's consultations was recorded, seen and understood.",
        whole: None,
        tables: &[Titled {
            member: "rows",
            name: "quality",
            title: "Evidence by platform",
            subtitle: "One row for each platform as a whole, and for each part that was asked for",
            columns: &["platform", "consultations"],
        }],
    };
}

impl Exported for Reach {
    const SHAPE: Shape = Shape {
        name: "reach",
        title: "Whom video reaches",
        what: "Consultations of each group of people, held against how many people there are of it. A count of \
               consultations is not a count of people: who comes three times counts three times.",
        whole: None,
        tables: &[
            Titled {
                member: "groups",
                name: "groups",
                title: "Groups of people",
                subtitle: "One row for each group, on each platform and on all together",
                columns: &["dimension", "platform", "group", "people", "people_share"],
            },
            table(
                "parts",
                "parts",
                "Platforms and circumstances",
                "One row for each platform and circumstance",
            ),
        ],
    };
}

/// How the rows of a replay become tables.
pub(super) const OUTCOMES: Shape = Shape {
    name: "outcomes",
    title: "Consultations, one by one",
    what: "What the events of each consultation amount to. For those inside: behind each row stand people.",
    whole: None,
    tables: &[
        Titled {
            member: "rows",
            name: "outcomes",
            title: "Consultations that are over",
            subtitle: "One row for each consultation",
            columns: &["consultation", "platform"],
        },
        table("open", "in_progress", "Consultations that are not over", "One row for each consultation"),
    ],
};

impl Shape {
    /// What the table of a list is called; one within another after the table that it is within.
    pub(super) fn name(&self, list: &str) -> String {
        let known = |list: &str| self.tables.iter().find(|one| one.member == list);
        let within = list
            .match_indices('_')
            .rev()
            .find_map(|(at, _)| Some(format!("{}{}", known(&list[..at])?.name, &list[at..])));
        known(list).map(|one| one.name.to_owned()).or(within).unwrap_or_else(|| list.to_owned())
    }

    /// Title and subtitle of a table; one within another is called after both.
    pub(super) fn titled(&self, name: &str) -> (String, String) {
        if let Some(known) = self.tables.iter().find(|one| one.name == name) {
            return (known.title.to_owned(), known.subtitle.to_owned());
        }
        let within = |one: &&Titled| name.strip_prefix(one.name).is_some_and(|rest| rest.starts_with('_'));
        let words = |name: &str| name.replace('_', " ");
        match self.tables.iter().filter(within).max_by_key(|one| one.name.len()) {
            Some(one) => (
                format!("{}: {}", one.title, words(&name[one.name.len() + 1..])),
                format!("Several rows for one of the table {}", one.name),
            ),
            None => {
                let words = words(name);
                let mut letters = words.chars();
                let first = letters.next().map(char::to_uppercase);
                let title = first.into_iter().flatten().chain(letters).collect();
                (title, "One row for each".to_owned())
            }
        }
    }
}
