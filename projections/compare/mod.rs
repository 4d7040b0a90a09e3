//! The comparison of platforms: where statistics enter.
//!
//! A comparison is made in two passes over the rows. The [`Survey`](crate::survey::Survey) tells who is
//! compared and what they can see; from it an [`Ask`] becomes a [`Design`] (reference, clustering, parts
//! of composites), which is the request of the second pass. Its cells become rows and differences here.
//! Both passes are projections, so their states may be folded in pieces and merged; a comparison never is.

mod ask;
mod claim;
mod difference;
mod row;
mod tally;
mod words;

pub use ask::{Ask, ClusterChoice, Design, NotComparable};
pub use claim::claim_id;
pub use difference::{Difference, Verdict};
pub use row::{Quantiles, Response, Row};
pub use words::{figures, show, show_difference, words};

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cells::{Arm, Cell};
use crate::parameters::Parameters;
use crate::survey::Surveyed;

/// Platforms compared: every measure asked for, and every difference from the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the rows were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// Consultations it is about.
    pub consultations: u64,
    /// Consultations that are not over, of all platforms, whatever the filter.
    pub in_progress: u64,
    /// The platform that differences are taken from.
    pub reference: Option<String>,
    /// What the rows of each platform are like.
    pub platforms: Vec<PlatformNote>,
    /// One row per measure, arm and role.
    pub rows: Vec<Row>,
    /// One per row of a platform other than the reference.
    pub differences: Vec<Difference>,
}

/// What must be known of a platform's rows before its figures are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlatformNote {
    /// The platform.
    pub platform: String,
    /// Consultations.
    pub consultations: u64,
    /// Attempted ones.
    pub attempted: u64,
    /// Rows with a source that never declared what it can see.
    pub undeclared: u64,
    /// Kinds that its sources only infer.
    pub inferred: Vec<&'static str>,
    /// Kinds that its sources cannot tell.
    pub unobserved: Vec<&'static str>,
}

/// Reads the cells of a design.
///
/// # Errors
/// When a measure was asked for by name that the sources of some compared platform cannot see.
pub fn compare(
    ask: &Ask,
    design: &Design,
    survey: &BTreeMap<String, Surveyed>,
    cells: &BTreeMap<Arm, Cell>,
    parameters: &Parameters,
) -> Result<Comparison, NotComparable> {
    let strata: BTreeSet<&Vec<String>> = cells.keys().map(|arm| &arm.by).collect();
    let (mut rows, mut differences) = (Vec::new(), Vec::new());
    for by in strata {
        for (i, slot) in design.slots.iter().enumerate() {
            let mut arms: Vec<(&Arm, Row)> = Vec::new();
            for (arm, cell) in cells.iter().filter(|(arm, _)| arm.by == *by) {
                let sight = survey.get(&arm.platform).map(|surveyed| [surveyed.seen(), surveyed.inferred()]);
                arms.push((arm, row::read(ask, design, slot, i, arm, cell, sight.unwrap_or_default())));
            }
            refuse_unmeasured(ask, arms.iter().map(|(_, row)| row))?;
            if let Some(reference) = &design.reference {
                differences
                    .extend(difference::from_reference(ask, design, i, reference, &arms, cells, parameters));
            }
            rows.extend(arms.into_iter().map(|(_, row)| row).filter(Row::says_something));
        }
    }
    Ok(Comparison {
        schema: "evenfield.compare/1",
        position: 0,
        parameters: *parameters,
        filter: ask.filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
        consultations: survey.values().map(|surveyed| surveyed.rows).sum(),
        in_progress: 0,
        reference: design.reference.clone(),
        platforms: survey.iter().map(PlatformNote::of).collect(),
        rows,
        differences,
    })
}

/// Refuses a measure asked for by name that some arm's feed cannot see.
fn refuse_unmeasured<'a>(ask: &Ask, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), NotComparable> {
    let blind = rows.into_iter().find(|row| row.status == "not_measured");
    match blind.filter(|_| !ask.measures.is_empty()) {
        None => Ok(()),
        Some(row) => Err(NotComparable::NotMeasured {
            measure: row.measure,
            platform: row.platform.clone(),
            missing: row.missing.clone(),
        }),
    }
}

impl PlatformNote {
    fn of((platform, surveyed): (&String, &Surveyed)) -> Self {
        use event::{Kind, KindSet};
        let names = |kinds: KindSet| kinds.iter().map(Kind::name).collect();
        let events = KindSet::EVERY.without(KindSet::of(&[Kind::RecordingDeclared, Kind::Unknown]));
        Self {
            platform: platform.clone(),
            consultations: surveyed.rows,
            attempted: surveyed.attempted,
            undeclared: surveyed.undeclared,
            inferred: names(surveyed.inferred()),
            unobserved: names(events.without(surveyed.seen())),
        }
    }
}
