//! How often is help needed?

use event::Kind;

use crate::measure::{ATTEMPTS, Better, Fold, Measure, Needs, of_attempted};

/// Consultations in which somebody asked for help.
pub static HELP_REQUESTED: Measure = Measure {
    name: "help_requested",
    title: "Asked for help",
    of: "attempted",
    definition: "somebody asked for help, at any time",
    better: Better::Lower,
    needs: Needs::all(&[Kind::HelpRequested]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.help_requests > 0)),
};

/// Requests for help.
pub static HELP_PER_100: Measure = Measure {
    name: "help_per_100",
    title: "Requests for help per 100 consultations",
    of: "attempted",
    definition: "requests for help over attempted consultations, times a hundred",
    better: Better::Lower,
    needs: Needs::all(&[Kind::HelpRequested]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::PerTime(|row| row.attempted.then_some((u64::from(row.help_requests), 1)), 100.0),
};
