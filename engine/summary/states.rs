//! The states of a summary as text: lists where they are keyed by more than a name, so that no level can be taken for
//! two.

use std::collections::{BTreeMap, BTreeSet};

use projections::calendar::Used;
use projections::cells::{Arm, Cell};
use projections::compare::{Cells, ForDecision, Summary};
use projections::survey::{Stratum, Surveyed};
use projections::windows::{Course, Seen, Window};
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
    /// What a decision rests on besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// What a decision rests on besides.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// By clustering.
    decided: Vec<Vec<Line>>,
    weighed: Vec<Vec<Line>>,
    /// By kind of group, then by clustering.
    grouped: Vec<Vec<Vec<Line>>>,
    by_organisation: Vec<Windows>,
    by_stratum: Vec<Windows>,
    /// By dimension.
    levels: BTreeMap<String, BTreeSet<String>>,
    recorded: BTreeSet<String>,
}

/// Platform, levels, and by window: its number, attempted, told and failed consultations.
type Windows = (String, Vec<String>, Vec<(i32, u32, u32, u32)>);

/// Levels, platform, whether one side alone was seen, and the cell.
type Line = (Vec<String>, String, bool, Cell);

impl From<&Summary> for States {
    fn from(summary: &Summary) -> Self {
        let survey = summary.survey.iter().flat_map(|(platform, strata)| {
            strata.iter().map(|(stratum, surveyed)| (platform.clone(), stratum.0.clone(), surveyed.clone()))
        });
        Self {
            survey: survey.collect(),
            used: summary.used.clone(),
            cells: all_lines(&summary.cells),
            decision: summary.decision.as_ref().map(Decision::from),
        }
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
        summary.cells = all_cells(states.cells)?;
        summary.decision = states.decision.map(ForDecision::try_from).transpose()?;
        Ok(summary)
    }
}

impl From<&ForDecision> for Decision {
    fn from(counted: &ForDecision) -> Self {
        Self {
            decided: all_lines(&counted.decided),
            weighed: all_lines(&counted.weighed),
            grouped: counted.grouped.iter().map(|lists| all_lines(lists)).collect(),
            by_organisation: all_windows(&counted.by_organisation),
            by_stratum: all_windows(&counted.by_stratum),
            levels: counted.levels.clone(),
            recorded: counted.recorded.clone(),
        }
    }
}

impl TryFrom<Decision> for ForDecision {
    type Error = &'static str;

    fn try_from(told: Decision) -> Result<Self, Self::Error> {
        Ok(Self {
            decided: all_cells(told.decided)?,
            weighed: all_cells(told.weighed)?,
            grouped: told.grouped.into_iter().map(all_cells).collect::<Result<_, _>>()?,
            by_organisation: seen(told.by_organisation)?,
            by_stratum: seen(told.by_stratum)?,
            levels: told.levels,
            recorded: told.recorded,
        })
    }
}

fn all_lines(lists: &[Cells]) -> Vec<Vec<Line>> {
    let line =
        |(arm, cell): (&Arm, &Cell)| (arm.by.clone(), arm.platform.clone(), arm.one_sided, cell.clone());
    lists.iter().map(|cells| cells.iter().map(line).collect()).collect()
}

fn all_cells(lists: Vec<Vec<Line>>) -> Result<Vec<Cells>, &'static str> {
    let cells = |lines: Vec<Line>| {
        let mut cells = Cells::new();
        for (by, platform, one_sided, cell) in lines {
            if cells.insert(Arm { by, platform, one_sided }, cell).is_some() {
                return Err("a cell is told twice");
            }
        }
        Ok(cells)
    };
    lists.into_iter().map(cells).collect()
}

fn all_windows(seen: &Seen) -> Vec<Windows> {
    let courses = seen.iter().flat_map(|(platform, strata)| {
        strata.iter().map(move |(stratum, course)| (platform.clone(), stratum.0.clone(), course))
    });
    let told = |(number, window): (&i32, &Window)| (*number, window.attempted, window.told, window.failed);
    courses
        .map(|(platform, levels, course)| (platform, levels, course.windows.iter().map(told).collect()))
        .collect()
}

fn seen(all: Vec<Windows>) -> Result<Seen, &'static str> {
    let mut seen = Seen::new();
    for (platform, levels, windows) in all {
        let mut course = Course::default();
        for (number, attempted, told, failed) in windows {
            if course.windows.insert(number, Window { attempted, told, failed }).is_some() {
                return Err("a window is told twice");
            }
        }
        if seen.entry(platform).or_default().insert(Stratum(levels), course).is_some() {
            return Err("the windows of a platform are told twice");
        }
    }
    Ok(seen)
}
