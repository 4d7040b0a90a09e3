//! The rows of a replay, by consultation.

use event::Time;
use projections::coverage::Coverage;
use projections::outcome::{InProgress, Outcome};
use projections::parameters::Parameters;
use projections::projection::{Projection, State};

use super::rows::{About, Rows};
use crate::log::Position;

/// One row per consultation, by name, and how they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Consultations that are over, by name.
    pub rows: Vec<Outcome>,
    /// Consultations that are not, by name.
    pub open: Vec<InProgress>,
    /// How they were read.
    pub parameters: Parameters,
    /// The last position that was read.
    pub position: Position,
    /// Sources that never declared what they can see.
    pub undeclared: Vec<String>,
    /// What declared sources watch beside the rows they speak of.
    pub(super) coverage: Coverage,
}

impl Table {
    pub(super) fn empty(parameters: Parameters) -> Self {
        Self {
            rows: Vec::new(),
            open: Vec::new(),
            parameters,
            position: Position(0),
            undeclared: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    /// Lets go of consultations that began at `end` or later, and of those in progress, of which it is not known
    /// when they began; where nobody tried to get in, it goes by the end.
    pub fn only_begun_before(&mut self, end: Time) {
        let begun = |row: &Outcome| row.began_at.or(row.ended_at).is_none_or(|at| at < end);
        self.rows.retain(begun);
        self.open.clear();
    }

    /// The rows of all parts, by name.
    pub(super) fn of(
        parts: Vec<Self>,
        parameters: Parameters,
        position: Position,
        undeclared: Vec<String>,
    ) -> Self {
        let mut table = Self { position, undeclared, ..Self::empty(parameters) };
        for mut part in parts {
            table.rows.append(&mut part.rows);
            table.open.append(&mut part.open);
            table.coverage.merge(part.coverage);
        }
        // Only when every row is there is it known who watches what.
        table.rows.iter_mut().for_each(|row| table.coverage.apply(row));
        // Each part is sorted: the sort merges runs.
        table.rows.sort_by(|a, b| a.consultation.cmp(&b.consultation));
        table.open.sort_by(|a, b| a.consultation.cmp(&b.consultation));
        table
    }
}

impl Rows for Table {
    fn fold<P>(&self, projection: &P, threads: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send,
    {
        let each = self.rows.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                self.rows.chunks(each).map(|rows| scope.spawn(move || projection.fold(rows))).collect();
            let mut whole = P::State::default();
            for state in workers.into_iter().map(super::join) {
                whole.absorb(&state);
            }
            whole
        })
    }

    fn about(&self) -> About {
        let (parameters, position) = (self.parameters, self.position);
        About { parameters, position, in_progress: self.open.len() as u64 }
    }
}
