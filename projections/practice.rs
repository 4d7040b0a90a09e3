//! Practice: what became of the consultations of each clinician, in the order in which they began.
//!
//! Whether failures become rarer with experience can only be told clinician by clinician, and which
//! consultation was whose third is known only when all are there: one that arrives late moves every later
//! one by a place. So the state keeps, for each clinician on each platform, when consultations began and what
//! they amounted to, and the place is counted when it is read.

use std::collections::BTreeMap;

use event::Dimension;
use serde::Serialize;

use crate::cells::{Arm, Question, Slot, Tally};
use crate::outcome::Outcome;
use crate::projection::{Projection, State, change};
use crate::sketch::Counts;

/// The projection: one measure by clinician and time, in the arms of a question.
#[derive(Debug)]
pub struct Practice<'a> {
    /// Which rows, in which arms, and how they were read.
    pub question: Question<'a>,
    /// The measure, which counts so many of so many.
    pub slot: &'a Slot,
}

/// What was counted in one arm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Practised {
    /// By clinician.
    pub clinicians: BTreeMap<String, Track>,
    /// Attempted rows without a clinician or without a beginning, which are in no track.
    pub not_recorded: Begun,
}

/// The consultations of one clinician, by the instant of their beginning in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Track(pub BTreeMap<i64, Begun>);

/// What began at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Begun {
    /// Attempted consultations: each is experience, whether or not the measure can be told of it.
    pub rows: u32,
    /// Those of which the measure can be told.
    pub n: u32,
    /// Those of them that it counts.
    pub x: u32,
}

impl State for Begun {
    fn absorb(&mut self, other: &Self) {
        (self.rows, self.n, self.x) = (self.rows + other.rows, self.n + other.n, self.x + other.x);
    }

    fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

impl State for Track {
    fn absorb(&mut self, other: &Self) {
        self.0.absorb(&other.0);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl State for Practised {
    fn absorb(&mut self, other: &Self) {
        self.clinicians.absorb(&other.clinicians);
        self.not_recorded.absorb(&other.not_recorded);
    }

    fn is_empty(&self) -> bool {
        self.clinicians.is_empty() && self.not_recorded.is_empty()
    }
}

/// What was gathered of rows of one setting, by the instant of their beginning.
type Tray = BTreeMap<Option<i64>, Begun>;

impl Projection for Practice<'_> {
    type State = BTreeMap<Arm, Practised>;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        self.question.dimensions().into_iter().chain([Dimension::Clinician]).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = Tray::default();
        self.gather(row, &mut tray);
        self.pour(row, tray, state);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = Tray::default();
        self.gather(row, &mut tray);
        self.put(row, tray, state, |begun, less| {
            (begun.rows, begun.n, begun.x) = (begun.rows - less.rows, begun.n - less.n, begun.x - less.x);
        });
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        if !row.attempted {
            return;
        }
        let mut tally = Tally::default();
        self.slot.count_in(row, self.question.parameters, &mut tally);
        let Counts { n, x } = match tally {
            Tally::Counts(counts) => counts,
            Tally::Breakdown(breakdown) => breakdown.counts(),
            _ => Counts::default(),
        };
        let begun = Begun { rows: 1, n: n as u32, x: x as u32 };
        tray.entry(row.began_at.map(event::Time::ms)).or_default().absorb(&begun);
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Self::State) {
        self.put(row, tray, state, |begun, more| begun.absorb(more));
    }
}

impl Practice<'_> {
    /// Puts what was gathered of rows like this one, `by` which way.
    fn put(
        &self,
        row: &Outcome,
        tray: Tray,
        state: &mut BTreeMap<Arm, Practised>,
        by: impl Fn(&mut Begun, &Begun),
    ) {
        if !self.question.filter.passes(row) || !self.question.counts_pathway(row) {
            return;
        }
        let measured = self.slot.measured(row);
        let clinician = row.context.get(Dimension::Clinician);
        change(state, self.question.arm(row, None), |practised: &mut Practised| {
            for (began, mut begun) in tray {
                if !measured {
                    (begun.n, begun.x) = (0, 0);
                }
                let Some((clinician, began)) = clinician.zip(began) else {
                    by(&mut practised.not_recorded, &begun);
                    continue;
                };
                change(&mut practised.clinicians, clinician.to_owned(), |track: &mut Track| {
                    change(&mut track.0, began, |known: &mut Begun| by(known, &begun));
                });
            }
        });
    }
}
