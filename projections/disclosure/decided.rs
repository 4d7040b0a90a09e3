//! A decision, as far as it may be shown: the verdict, which platforms, who uses what, and the cells as they
//! were counted, rounded.
//!
//! What is expected of a cell, gains and chances come from one model of exact counts, and are left out. The
//! verdict is one word out of four; that it changes tells that many consultations did, not one.

use super::Policy;
use super::boundary::{Boundary, Disclose, Undisclosed};
use super::earlier::Key;
use super::published::{Line, Part, Published, Value};
use super::share::share;
use super::table::Table;
use crate::compare::{Decided, Expected};

/// The nominal coverage of limits.
const LEVEL: f64 = 0.95;

impl Disclose for Decided {
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed> {
        boundary.has_form(
            boundary.policy() == Policy::Rounded,
            "a decision",
            "it rests on exact counts of every cell",
            "ask --policy rounded, or `evenfield totals` for exact totals",
        )?;
        boundary.whole(self.filter.keys().copied())?;
        boundary.no_people(self.by.iter().copied())?;
        boundary.usual(&self.parameters)?;
        let cheapest = self.cheapest.as_ref().map_or(self.price, |cheapest| cheapest.price);
        boundary.coarse(&[self.delta, self.price, cheapest, self.level])?;
        let places: Vec<_> = self
            .cells
            .iter()
            .map(|cell| {
                let key = |part: &str| Key {
                    count: format!("{}: {part}", self.measure),
                    platform: Some(cell.platform.clone()),
                    levels: [(self.by.join(", "), cell.stratum.clone())].into(),
                };
                let (x, n) = (cell.x.min(cell.n), cell.n);
                [boundary.count(key("of them"), x), boundary.count(key("all"), n)]
            })
            .collect();
        places.iter().for_each(|pair| boundary.table(Table::shares(&[*pair], None)));
        boundary.settle()?;
        let lines = self.cells.iter().zip(&places).map(|(cell, places)| {
            let [x, n] = places.map(|place| boundary.told(place));
            let seen = share(x, n, LEVEL, (None, None)).map(|share| share.interval.value);
            let hidden = n.reason().or(x.reason());
            line(
                cell,
                x.into(),
                n.into(),
                seen.map_or_else(|| hidden.map_or(Value::Nothing, Value::Hidden), Value::Real),
            )
        });
        let cells = Part { name: "cells", lines: lines.collect() };
        Ok(Published {
            schema: self.schema,
            policy: boundary.note(),
            head: head(self),
            parts: vec![cells, Part { name: "frontier", lines: frontier(self) }],
            notes: vec![
                "what is expected, what a range gains and how sure that is come from exact counts, and are not \
                 shown under this policy"
                    .to_owned(),
            ],
        })
    }
}

fn head(decided: &Decided) -> Line {
    let texts = |texts: Vec<String>| Value::Texts(texts);
    vec![
        ("verdict", decided.verdict.into()),
        ("measure", decided.measure.into()),
        ("by", texts(decided.by.iter().map(|one| (*one).to_owned()).collect())),
        ("until", Value::Text(decided.parameters.until.to_string())),
        ("delta", Value::Real(decided.delta)),
        ("price", Value::Real(decided.price)),
        ("platforms", texts(decided.platforms.clone())),
        ("range", decided.range.map_or(Value::Nothing, |size| Value::Whole(size as u64))),
        // It is made of the question alone.
        ("claim", decided.claim.as_ref().map_or(Value::Nothing, |claim| claim.claim.as_str().into())),
    ]
}

fn line(cell: &Expected, x: Value, n: Value, seen: Value) -> Line {
    vec![
        ("stratum", cell.stratum.as_str().into()),
        ("platform", cell.platform.as_str().into()),
        ("x", x),
        ("n", n),
        ("seen", seen),
    ]
}

/// The best platforms of each number, and which stratum uses which.
fn frontier(decided: &Decided) -> Vec<Line> {
    let uses = |(stratum, platform): (&String, &String)| (stratum.clone(), Some(platform.clone()));
    let step = |step: &crate::compare::Step| {
        vec![
            ("platforms", Value::Texts(step.platforms.clone())),
            ("uses", Value::Named(step.uses.iter().map(uses).collect())),
        ]
    };
    decided.frontier.iter().map(step).collect()
}
