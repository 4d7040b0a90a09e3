//! A comparison and a decision as far as they are shown, whatever the policy: one shape for what is whole and for what was
//! built anew from counts that may be told. Sections are written from this, and from nothing else that hides.

use std::collections::BTreeMap;

use event::Role;
use projections::catalog;
use projections::compare::{Comparison, Decided, Verdict};
use projections::disclosure::{Face, Line, Published, Shown, Value};
use projections::measure::{Fold, Measure};

use super::super::chart::Unit;
use super::super::page::Told;

/// A measure of one platform, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) measure: &'static Measure,
    pub(super) platform: String,
    pub(super) role: Option<Role>,
    pub(super) one_sided: bool,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) x: Option<u64>,
    pub(super) n: Option<u64>,
    pub(super) value: Option<f64>,
    pub(super) limits: Option<[f64; 2]>,
    /// Of durations: half, and nine in ten, in milliseconds.
    pub(super) p90: Option<f64>,
    /// What it is made up of, where that is told.
    pub(super) parts: BTreeMap<String, u64>,
    /// What is said of how many answered.
    pub(super) response: Option<String>,
}

/// A difference from the reference, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Differs {
    pub(super) measure: &'static Measure,
    pub(super) platform: String,
    pub(super) reference: String,
    pub(super) role: Option<Role>,
    pub(super) one_sided: bool,
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    pub(super) value: Option<f64>,
    pub(super) limits: Option<[f64; 2]>,
    pub(super) claim: String,
}

/// A comparison, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    pub(super) rows: Vec<Seen>,
    pub(super) differences: Vec<Differs>,
    pub(super) reference: Option<String>,
    /// Platforms in order, so that each has one colour and shape everywhere.
    pub(super) platforms: Vec<String>,
}

const VERDICTS: [Verdict; 7] = [
    Verdict::Better,
    Verdict::Worse,
    Verdict::Higher,
    Verdict::Lower,
    Verdict::NoClearDifference,
    Verdict::InsufficientEvidence,
    Verdict::NotComparable,
];

impl Compared {
    /// What is shown of a comparison.
    pub(super) fn of(shown: &Shown<Comparison>) -> Self {
        let (rows, differences, reference) = match shown.face() {
            Face::Whole(comparison) => whole(comparison),
            Face::Published(published) => told(published),
        };
        let mut platforms: Vec<String> = rows.iter().map(|row| row.platform.clone()).collect();
        platforms.sort();
        platforms.dedup();
        Self { rows, differences, reference, platforms }
    }

    /// The rows of a measure of both sides, platform by platform.
    pub(super) fn of_measure(&self, name: &str) -> impl Iterator<Item = &Seen> {
        self.rows.iter().filter(move |row| row.measure.name == name && !row.one_sided)
    }

    /// The difference that a row is a part of, if it is not the reference's.
    pub(super) fn difference(&self, row: &Seen) -> Option<&Differs> {
        self.differences.iter().find(|one| {
            (one.measure.name, one.role, one.one_sided) == (row.measure.name, row.role, row.one_sided)
                && one.platform == row.platform
        })
    }

    /// The row of a platform that a difference is about.
    pub(super) fn row(&self, difference: &Differs, platform: &str) -> Option<&Seen> {
        self.rows.iter().find(|row| {
            (row.measure.name, row.role, row.one_sided)
                == (difference.measure.name, difference.role, difference.one_sided)
                && row.platform == platform
        })
    }

    /// The place of a platform among all, which is its colour and shape.
    pub(super) fn style(&self, platform: &str) -> usize {
        self.platforms.iter().position(|known| known == platform).unwrap_or(0)
    }
}

fn whole(comparison: &Comparison) -> (Vec<Seen>, Vec<Differs>, Option<String>) {
    let rows = comparison.rows.iter().filter(|row| row.by.is_empty()).filter_map(|row| {
        let response = row.response.as_ref().and_then(|response| {
            let rate = format!("{:.0} %", response.rate? * 100.0);
            Some(match response.of {
                "invited" => format!("{rate} of those who were asked answered"),
                _ => format!("somebody answered in {rate} of attempted consultations"),
            })
        });
        Some(Seen {
            measure: catalog::measure(row.measure)?,
            platform: row.platform.clone(),
            role: row.role,
            one_sided: row.one_sided,
            status: super::status_word(row.status).to_owned(),
            reason: row.reason.clone(),
            x: row.x,
            n: row.n,
            value: row.value,
            limits: row.lo.zip(row.hi).map(|(lo, hi)| [lo, hi]),
            p90: row.quantiles.and_then(|quantiles| quantiles.p90).map(|p90| p90 as f64),
            parts: row.breakdown.clone(),
            response,
        })
    });
    let differences = comparison.differences.iter().filter(|one| one.by.is_empty()).filter_map(|one| {
        Some(Differs {
            measure: catalog::measure(one.measure)?,
            platform: one.platform.clone(),
            reference: one.reference.clone(),
            role: one.role,
            one_sided: one.one_sided,
            verdict: one.verdict,
            reason: one.reason.clone(),
            value: one.value,
            limits: one.lo.zip(one.hi).map(|(lo, hi)| [lo, hi]),
            claim: one.claim.clone(),
        })
    });
    (rows.collect(), differences.collect(), comparison.reference.clone())
}

fn told(published: &Published) -> (Vec<Seen>, Vec<Differs>, Option<String>) {
    let rows = lines(published, "rows").filter_map(|line| {
        Some(Seen {
            measure: catalog::measure(text(line, "measure")?)?,
            platform: text(line, "platform")?.to_owned(),
            role: text(line, "role").and_then(role),
            one_sided: flag(line, "one_sided"),
            status: text(line, "status").unwrap_or_default().to_owned(),
            reason: text(line, "reason").map(str::to_owned),
            x: count(line, "x"),
            n: count(line, "n"),
            value: real(line, "value"),
            limits: real(line, "lo").zip(real(line, "hi")).map(|(lo, hi)| [lo, hi]),
            p90: None,
            parts: BTreeMap::new(),
            response: None,
        })
    });
    let differences = lines(published, "differences").filter_map(|line| {
        let verdict = text(line, "verdict")?;
        Some(Differs {
            measure: catalog::measure(text(line, "measure")?)?,
            platform: text(line, "platform")?.to_owned(),
            reference: text(line, "reference")?.to_owned(),
            role: text(line, "role").and_then(role),
            one_sided: flag(line, "one_sided"),
            verdict: VERDICTS.into_iter().find(|one| one.name() == verdict)?,
            reason: text(line, "reason").map(str::to_owned),
            value: real(line, "value"),
            limits: real(line, "lo").zip(real(line, "hi")).map(|(lo, hi)| [lo, hi]),
            claim: text(line, "claim").unwrap_or_default().to_owned(),
        })
    });
    let reference = text(&published.head, "reference").map(str::to_owned);
    (rows.collect(), differences.collect(), reference)
}

fn role(name: &str) -> Option<Role> {
    [Role::Patient, Role::Clinician, Role::Carer, Role::Interpreter]
        .into_iter()
        .find(|role| role.name() == name)
}

fn lines<'a>(published: &'a Published, part: &str) -> impl Iterator<Item = &'a Line> {
    let part = published.parts.iter().find(|one| one.name == part);
    part.into_iter().flat_map(|part| &part.lines)
}

fn value<'a>(line: &'a Line, name: &str) -> Option<&'a Value> {
    line.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn text<'a>(line: &'a Line, name: &str) -> Option<&'a str> {
    match value(line, name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn count(line: &Line, name: &str) -> Option<u64> {
    match value(line, name) {
        Some(Value::Whole(number)) => Some(*number),
        _ => None,
    }
}

fn real(line: &Line, name: &str) -> Option<f64> {
    match value(line, name) {
        Some(Value::Real(number)) => Some(*number),
        _ => None,
    }
}

fn flag(line: &Line, name: &str) -> bool {
    matches!(value(line, name), Some(Value::Flag(true)))
}

impl Seen {
    /// Whether it counts so many of so many.
    pub(super) fn is_share(&self) -> bool {
        is_share(self.measure)
    }

    /// Its share as its counts make it, where they are shown: the value may have been rounded to be told.
    pub(super) fn share(&self) -> Option<f64> {
        let value = self.value.filter(|_| self.is_share())?;
        let counts = self.x.zip(self.n).filter(|(_, n)| *n > 0);
        Some(counts.map_or(value, |(x, n)| x as f64 / n as f64))
    }
}

/// Whether a measure counts so many of so many.
pub(super) fn is_share(measure: &Measure) -> bool {
    matches!(measure.fold, Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_))
}

/// In what a measure is told.
pub(super) fn unit(measure: &Measure) -> Unit {
    match measure.fold {
        Fold::Durations(_) => Unit::Seconds,
        Fold::FreeOf(_) => Unit::FineShare,
        Fold::PerTime(..) | Fold::Score(..) => Unit::Number,
        _ => Unit::Share,
    }
}

impl Differs {
    /// The sentence, by a fixed template with a graded verb.
    pub(super) fn sentence(&self) -> String {
        let role = self.role.filter(|_| self.measure.roles.len() > 1);
        let role = role.map(|role| format!(" ({role}s)")).unwrap_or_default();
        let sides = if self.one_sided { ", one side seen" } else { "" };
        format!(
            "{}: {}{role}{sides}",
            compared(self.verdict, &self.platform, &self.reference),
            self.measure.within_sentence()
        )
    }

    /// As it stands among all claims of the report; with the reason where nothing is compared, which may be no platform's.
    pub(super) fn told(&self) -> Told {
        let change = self.change().map(|change| format!("; difference {change}"));
        let why = self.reason.as_ref().filter(|_| self.verdict == Verdict::NotComparable);
        let why = why.map(|why| format!(" ({})", why.trim_start_matches("hidden: ")));
        let more = change.or(why).unwrap_or_default();
        Told::of(&self.claim, self.verdict.name(), format!("{}{more}", self.sentence()))
    }

    /// The difference with its limits, in words.
    pub(super) fn change(&self) -> Option<String> {
        let limits = self.limits?;
        projections::compare::show_change(self.measure, [self.value, Some(limits[0]), Some(limits[1])])
    }
}

/// What a verdict says of one platform and another.
fn compared(verdict: Verdict, one: &str, other: &str) -> String {
    match verdict {
        Verdict::Better => format!("{one} is better than {other}"),
        Verdict::Worse => format!("{one} is worse than {other}"),
        Verdict::Higher => format!("{one} is higher than {other}"),
        Verdict::Lower => format!("{one} is lower than {other}"),
        Verdict::NoClearDifference => format!("There is no clear difference between {one} and {other}"),
        Verdict::InsufficientEvidence => format!("There is too little evidence to tell {one} from {other}"),
        Verdict::NotComparable => format!("{one} and {other} cannot be compared"),
    }
}

/// A cell of a decision, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) stratum: String,
    pub(super) platform: String,
    pub(super) x: Option<u64>,
    pub(super) n: Option<u64>,
    pub(super) seen: Option<f64>,
}

/// The best platforms of one number, and where each is used.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) platforms: Vec<String>,
    pub(super) uses: BTreeMap<String, String>,
}

/// A decision, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Verdicts<'a> {
    pub(super) verdict: String,
    pub(super) measure: Option<&'static Measure>,
    pub(super) by: String,
    pub(super) delta: Option<f64>,
    pub(super) price: Option<f64>,
    pub(super) range: Option<u64>,
    pub(super) cells: Vec<Cell>,
    pub(super) frontier: Vec<Used>,
    /// The name of the verdict among claims.
    pub(super) claim: Option<String>,
    /// All of it, where nothing is hidden.
    pub(super) whole: Option<&'a Decided>,
}

impl<'a> Verdicts<'a> {
    /// What is shown of a decision.
    pub(super) fn of(shown: &'a Shown<Decided>) -> Self {
        match shown.face() {
            Face::Whole(decided) => Self {
                verdict: decided.verdict.to_owned(),
                measure: catalog::measure(decided.measure),
                by: decided.by.join(", "),
                delta: Some(decided.delta),
                price: Some(decided.price),
                range: decided.range.map(|size| size as u64),
                cells: decided.cells.iter().map(Cell::of).collect(),
                frontier: decided
                    .frontier
                    .iter()
                    .map(|step| Used { platforms: step.platforms.clone(), uses: step.uses.clone() })
                    .collect(),
                claim: decided.claim.as_ref().map(|claim| claim.claim.clone()),
                whole: Some(decided),
            },
            Face::Published(published) => Self::told(published),
        }
    }

    fn told(published: &Published) -> Self {
        let head = &published.head;
        let texts = |line: &Line, name: &str| match value(line, name) {
            Some(Value::Texts(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        let uses = |line: &Line| match value(line, "uses") {
            Some(Value::Named(named)) => {
                named.iter().filter_map(|(stratum, used)| Some((stratum.clone(), used.clone()?))).collect()
            }
            _ => BTreeMap::new(),
        };
        Self {
            verdict: text(head, "verdict").unwrap_or_default().to_owned(),
            measure: text(head, "measure").and_then(catalog::measure),
            by: texts(head, "by").join(", "),
            delta: real(head, "delta"),
            price: real(head, "price"),
            range: count(head, "range"),
            cells: lines(published, "cells")
                .filter_map(|line| {
                    Some(Cell {
                        stratum: text(line, "stratum")?.to_owned(),
                        platform: text(line, "platform")?.to_owned(),
                        x: count(line, "x"),
                        n: count(line, "n"),
                        seen: real(line, "seen"),
                    })
                })
                .collect(),
            frontier: lines(published, "frontier")
                .map(|line| Used { platforms: texts(line, "platforms"), uses: uses(line) })
                .collect(),
            claim: text(head, "claim").map(str::to_owned),
            whole: None,
        }
    }
}

impl Cell {
    fn of(cell: &projections::compare::Expected) -> Self {
        Self {
            stratum: cell.stratum.clone(),
            platform: cell.platform.clone(),
            x: Some(cell.x),
            n: Some(cell.n),
            seen: Some(cell.seen),
        }
    }
}
