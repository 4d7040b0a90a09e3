//! The states of a summary as text: lists where they are keyed by more than a name, so that no level can be taken for
//! two.

use std::collections::BTreeMap;

use projections::calendar::Used;
use projections::cells::{Arm, Cell};
use projections::compare::Summary;
use projections::survey::{Stratum, Surveyed};
use serde::{Deserialize, Serialize};

/// What was counted, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct States {
    /// Platform and levels, and what the rows are like.
    survey: Vec<(String, Vec<String>, Surveyed)>,
    /// Attempted consultations by platform and month.
    used: Used,
    /// By clustering.
    cells: Vec<Vec<Line>>,
}

/// Levels, platform, whether one side alone was seen, and the cell.
type Line = (Vec<String>, String, bool, Cell);

impl From<&Summary> for States {
    fn from(summary: &Summary) -> Self {
        let survey = summary.survey.iter().flat_map(|(platform, strata)| {
            strata.iter().map(|(stratum, surveyed)| (platform.clone(), stratum.0.clone(), surveyed.clone()))
        });
        let cells = summary.cells.iter().map(|cells| {
            let lines = cells
                .iter()
                .map(|(arm, cell)| (arm.by.clone(), arm.platform.clone(), arm.one_sided, cell.clone()));
            lines.collect()
        });
        Self { survey: survey.collect(), used: summary.used.clone(), cells: cells.collect() }
    }
}

impl TryFrom<States> for Summary {
    type Error = &'static str;

    fn try_from(states: States) -> Result<Self, Self::Error> {
        let mut summary = Self { used: states.used, ..Self::default() };
        for (platform, levels, surveyed) in states.survey {
            let strata = summary.survey.entry(platform).or_default();
            if strata.insert(Stratum(levels), surveyed).is_some() {
                return Err("what the consultations of a platform are like is told twice");
            }
        }
        for lines in states.cells {
            let mut cells = BTreeMap::new();
            for (by, platform, one_sided, cell) in lines {
                if cells.insert(Arm { by, platform, one_sided }, cell).is_some() {
                    return Err("a cell is told twice");
                }
            }
            summary.cells.push(cells);
        }
        Ok(summary)
    }
}
