//! What one log adds to a comparison of several: all that can be counted before it is known what the others hold.
//!
//! Which parts of a composite count, and by what rows are clustered, follows from the survey of all logs together,
//! which none of them has. So a summary counts each set of parts and each clustering that may yet be chosen. Summaries
//! merge; the design is made of the merged survey, and its cells are picked out of what was counted: to the byte those
//! of one log that holds everything, as long as every row sees alike in its own log and in that one. A summary for a
//! decision holds what that rests on besides. What needs a further pass over rows by what all logs tell (gaps, courses,
//! times and the like) is not in it.

mod check;
mod decision;

use std::collections::{BTreeMap, BTreeSet};

use event::Dimension;
use serde::Serialize;

use super::ask::{Ask, ClusterChoice, Design, parts_of, slots_of};
use crate::calendar::Used;
use crate::cells::{Arm, Cell, Slot, Tallies};
use crate::projection::State;
use crate::survey::{self, Surveyeds};
pub use check::Unsound;
pub use decision::ForDecision;

/// The cells of a design.
pub type Cells = BTreeMap<Arm, Cell>;

/// What was counted of one log, or of several, for one question.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// What the rows are like.
    pub survey: Surveyeds,
    /// When platforms were in use.
    pub used: Used,
    /// The cells of [`Ask::every_design`], in its order.
    pub cells: Vec<Cells>,
    /// What a decision rests on besides, where it was counted for one.
    pub decision: Option<ForDecision>,
}

impl Ask {
    /// A design for each clustering that may be chosen, with a slot for each set of parts that may be chosen. Where
    /// nothing clusters in the end, the clusters of the first are taken together.
    #[must_use]
    pub fn every_design(&self) -> Vec<Design> {
        let designs = self.clusterings().into_iter().map(|cluster| Design {
            slots: self.every_slot(),
            reference: None,
            cluster,
            by: self.by.clone(),
        });
        designs.collect()
    }

    fn clusterings(&self) -> Vec<Option<Dimension>> {
        match self.cluster {
            ClusterChoice::Auto => vec![Some(Dimension::Organisation), Some(Dimension::Clinician)],
            ClusterChoice::By(dimension) => vec![Some(dimension)],
            ClusterChoice::None => vec![None],
        }
    }

    fn every_slot(&self) -> Vec<Slot> {
        let slots = self.asked_measures().into_iter().flat_map(|measure| {
            let parts = parts_of(measure);
            // The numbers below 2 to the number of parts are the sets of parts.
            (0..1_usize << parts.len()).flat_map(move |set| {
                let chosen = parts.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                slots_of(measure, chosen.map(|(_, part)| part).collect())
            })
        });
        slots.collect()
    }
}

/// Whether two slots count the same.
fn is_same(one: &Slot, other: &Slot) -> bool {
    let parts = |slot: &Slot| -> Vec<&'static str> { slot.parts.iter().map(|part| part.name).collect() };
    (one.measure.name, one.role) == (other.measure.name, other.role) && parts(one) == parts(other)
}

impl Summary {
    /// The cells of a design that was made of this survey.
    #[must_use]
    pub fn cells(&self, ask: &Ask, design: &Design) -> Cells {
        picked(&self.cells, &ask.every_design(), design)
    }

    /// Consultations.
    #[must_use]
    pub fn consultations(&self) -> u64 {
        survey::platforms(&self.survey).values().map(|surveyed| surveyed.rows).sum()
    }

    /// The numbers of the first and the last month in which somebody tried to get in; nothing where nobody did.
    #[must_use]
    pub fn months(&self) -> Option<(i32, i32)> {
        let months: BTreeSet<i32> = self.used.values().flat_map(|months| months.keys().copied()).collect();
        Some((*months.first()?, *months.last()?))
    }
}

impl State for Summary {
    fn absorb(&mut self, other: &Self) {
        self.survey.absorb(&other.survey);
        self.used.absorb(&other.used);
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), BTreeMap::new());
        }
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| mine.absorb(theirs));
        if let Some(theirs) = &other.decision {
            self.decision.get_or_insert_default().absorb(theirs);
        }
    }

    fn is_empty(&self) -> bool {
        self.survey.is_empty()
            && self.used.is_empty()
            && self.cells.iter().all(BTreeMap::is_empty)
            && self.decision.as_ref().is_none_or(State::is_empty)
    }
}

/// The cells of `design`, of what was counted by `every` clustering and for every slot that might be chosen. Where
/// nothing clusters in the end, the clusters of the first are taken together.
fn picked(counted: &[Cells], every: &[Design], design: &Design) -> Cells {
    let place = every.iter().position(|one| one.cluster == design.cluster);
    let slots = |slot: &Slot| every.first()?.slots.iter().position(|known| is_same(known, slot));
    let places: Vec<Option<usize>> = design.slots.iter().map(slots).collect();
    let together = |cell: &Cell| if place.is_none() { unclustered(cell) } else { cell.clone() };
    let counted = counted.get(place.unwrap_or(0)).into_iter().flatten();
    counted.map(|(arm, cell)| (arm.clone(), together(cell).of_slots(&places))).collect()
}

/// The cell with all its clusters taken together, which is named as where nothing clusters.
fn unclustered(cell: &Cell) -> Cell {
    let mut whole = Tallies::default();
    cell.clusters.values().for_each(|tallies| whole.absorb(tallies));
    let clusters = (!whole.is_empty()).then(|| (String::new(), whole)).into_iter().collect();
    Cell { clusters, unmeasured: cell.unmeasured.clone(), ..*cell }
}
