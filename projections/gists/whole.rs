//! Outcomes of the whole reading as rows: as gists where a gist says all that is kept of one, else beside their rows.

use std::sync::Arc;

use event::{Role, Time};

use super::Gists;
use crate::gist::{Flags, Gist, NO_TIME};
use crate::kept::{KeptOutcome, dropped};
use crate::outcome::{Ending, JoinTime, Outcome, RowSight};
use crate::reading::feedback::Said;
use crate::reading::plain::Plain;

/// Who recorded a consultation, and when it last told of something.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The number of one of its sources.
    pub source: u32,
    /// What rows of that source alone can tell.
    pub alone: RowSight,
    /// The last instant that anything tells of.
    pub last: Time,
    /// Whether something ended it.
    pub ended: bool,
}

impl Gists {
    /// Adds the row of an outcome that was read as if it were over; its levels are the caller's to add.
    pub fn push(&mut self, outcome: &Outcome, told: Told) {
        let row = self.rows.len() as u32;
        let (last_ms, source) = (told.last.ms(), told.source);
        let whole = Plain::of(outcome, last_ms).filter(|plain| says_all(plain, outcome, told.alone));
        let Some(plain) = whole else {
            let flags = Flags::ASIDE.with_if(told.ended, Flags::TERMINAL);
            self.rows.push(Gist { source, last_ms, flags, ..Gist::NOTHING });
            self.aside.push((row, Outcome::from(KeptOutcome::from(outcome))));
            return;
        };
        let flags = plain.gist.flags.without(Flags::TERMINAL).with_if(told.ended, Flags::TERMINAL);
        self.rows.push(Gist { source, flags, ..plain.gist });
        self.drops.extend(plain.drops().iter().map(|drop| (row, *drop)));
        if plain.join_ms != [NO_TIME; 2] {
            self.joins.push((row, plain.join_ms));
        }
        self.said.extend(said(outcome).map(|said| (row, said)));
        self.stages.extend(outcome.stage.as_deref().map(|stage| (row, Arc::from(stage))));
    }
}

/// Whether the row that is shown of a gist is the outcome, as far as one is kept.
fn says_all(plain: &Plain, outcome: &Outcome, alone: RowSight) -> bool {
    let mut row = Outcome::empty("", Arc::clone(&outcome.context), alone);
    plain.gist.tell(&mut row);
    if plain.gist.ending == Ending::Abandoned {
        row.stage.clone_from(&outcome.stage);
    }
    row.drop_times.extend(plain.drops().iter().map(|drop| dropped(drop.told())));
    for (role, ms) in [Role::Patient, Role::Clinician].into_iter().zip(plain.join_ms) {
        row.join_ms.extend((ms != NO_TIME).then_some(JoinTime { role, ms: i64::from(ms) }));
    }
    said(outcome).for_each(|said| said.tell(&mut row));
    KeptOutcome::from(&row).in_order() == KeptOutcome::from(outcome).in_order()
}

/// What people said of it.
fn said(outcome: &Outcome) -> impl Iterator<Item = Said> + '_ {
    let ratings = outcome.ratings.iter().copied().map(Said::Rated);
    let scores = outcome.scores.iter().cloned().map(Said::Scored);
    let adequacy = outcome.adequacy.iter().copied().map(Said::Adequacy);
    let invitations = outcome.invitations.iter().cloned().map(Said::Invited);
    ratings.chain(scores).chain(adequacy).chain(invitations)
}
