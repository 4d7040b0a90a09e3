//! What is kept of an outcome: all that measures ask for, when it began, and no names.
//!
//! No measure asks for losses of the picture, of which a gist knows nothing; so they are not kept.
//!
//! Sheets and checkpoints keep outcomes in this form, so that what was kept, read and counted again says
//! what it said at first.

use std::sync::Arc;

use event::{Answer, Context, Dimension, KindSet, Role, Time};
use serde::{Deserialize, Serialize};

use crate::outcome::{
    Adequacy, Disturbance, Ending, FailedSide, Invitation, JoinTime, Outcome, Rating, RowSight, Score,
};
use crate::reading::feedback::Said;

/// An outcome as it is kept. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOutcome {
    /// Levels, by place of their dimension in [`Dimension::ALL`].
    levels: Vec<(u8, String)>,
    /// Attempted, connected, one-sided, first try, undisturbed, sources undeclared.
    truths: [bool; 6],
    ending: Ending,
    side: Option<FailedSide>,
    stage: Option<String>,
    /// Time to connect, between first attempts, to the first drop; the instant of the first attempt.
    times: [Option<i64>; 4],
    /// Connected, down, interrupted, sound lost.
    lengths: [i64; 4],
    /// Blips, drops, recovered, recovered within a minute, losses of sound, requests for help.
    counts: [u32; 6],
    /// Each drop: from connection, and how long it lasted where somebody came back.
    drops: Vec<(i64, Option<i64>)>,
    joins: Vec<(Role, i64)>,
    said: Vec<KeptSaid>,
    /// Kinds that are seen, inferred, declared as observed, declared as inferred.
    kinds: [u32; 4],
}

/// What somebody said, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeptSaid {
    /// A rating: role, scale, value.
    Rated(Role, u8, u8),
    /// A questionnaire: role, instrument, score in millionths.
    Scored(Role, String, i64),
    /// A questionnaire that cannot be scored.
    Unscored,
    /// Whether a visit in person would have been needed.
    Adequacy(Role, Answer),
    /// An invitation, with its instrument.
    Invited(Role, Option<String>),
}

impl From<&Said> for KeptSaid {
    fn from(said: &Said) -> Self {
        match said {
            Said::Rated(Rating { role, scale, value }) => Self::Rated(*role, *scale, *value),
            Said::Scored(Score { role, instrument, value_micro }) => {
                Self::Scored(*role, instrument.clone(), *value_micro)
            }
            Said::Unscored => Self::Unscored,
            Said::Adequacy(Adequacy { role, answer }) => Self::Adequacy(*role, *answer),
            Said::Invited(Invitation { role, instrument }) => Self::Invited(*role, instrument.clone()),
        }
    }
}

impl From<KeptSaid> for Said {
    fn from(kept: KeptSaid) -> Self {
        match kept {
            KeptSaid::Rated(role, scale, value) => Self::Rated(Rating { role, scale, value }),
            KeptSaid::Scored(role, instrument, value_micro) => {
                Self::Scored(Score { role, instrument, value_micro })
            }
            KeptSaid::Unscored => Self::Unscored,
            KeptSaid::Adequacy(role, answer) => Self::Adequacy(Adequacy { role, answer }),
            KeptSaid::Invited(role, instrument) => Self::Invited(Invitation { role, instrument }),
        }
    }
}

impl KeptOutcome {
    /// The same with its lists in an order that does not tell how it was read.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.drops.sort_unstable();
        self.joins.sort_unstable();
        self.said.sort_unstable();
        self
    }
}

impl From<&Outcome> for KeptOutcome {
    fn from(row: &Outcome) -> Self {
        let place = |dimension| Dimension::ALL.iter().position(|known| *known == dimension).unwrap_or(0);
        let mut said: Vec<Said> = Vec::new();
        said.extend(row.ratings.iter().copied().map(Said::Rated));
        said.extend(row.scores.iter().cloned().map(Said::Scored));
        said.extend(row.adequacy.iter().copied().map(Said::Adequacy));
        said.extend(row.invitations.iter().cloned().map(Said::Invited));
        let [observed, inferred] = row.sight.declared;
        Self {
            levels: row
                .context
                .iter()
                .map(|(dimension, level)| (place(dimension) as u8, level.to_owned()))
                .collect(),
            truths: [
                row.attempted,
                row.connected,
                row.one_sided,
                row.first_try,
                row.undisturbed,
                row.sight.undeclared,
            ],
            ending: row.ending,
            side: row.side,
            stage: row.stage.clone(),
            times: [row.connect_ms, row.waiting_ms, row.first_drop_ms, row.began_at.map(Time::ms)],
            lengths: [row.connected_ms, row.down_ms, row.interrupted_ms, row.audio_lost_ms],
            counts: [
                row.blips,
                row.drops,
                row.recovered_drops,
                row.recovered_60s,
                row.audio_losses,
                row.help_requests,
            ],
            drops: row.drops_from_connection().collect(),
            joins: row.join_ms.iter().map(|join| (join.role, join.ms)).collect(),
            said: said.iter().map(KeptSaid::from).collect(),
            kinds: [row.sight.sees, row.sight.infers, observed, inferred].map(KindSet::bits),
        }
    }
}

impl From<KeptOutcome> for Outcome {
    fn from(kept: KeptOutcome) -> Self {
        let level = |(place, level): (u8, String)| {
            Dimension::ALL.get(usize::from(place)).map(|dimension| (*dimension, Arc::from(level)))
        };
        let context: Context = kept.levels.into_iter().filter_map(level).collect();
        let [sees, infers, observed, inferred] = kept.kinds.map(KindSet::from_bits);
        let [attempted, connected, one_sided, first_try, undisturbed, undeclared] = kept.truths;
        let sight = RowSight { sees, infers, undeclared, declared: [observed, inferred] };
        let mut row = Outcome::empty("", Arc::new(context), sight);
        (row.attempted, row.connected, row.one_sided) = (attempted, connected, one_sided);
        (row.first_try, row.undisturbed) = (first_try, undisturbed);
        (row.ending, row.side, row.stage) = (kept.ending, kept.side, kept.stage);
        let began_ms;
        [row.connect_ms, row.waiting_ms, row.first_drop_ms, began_ms] = kept.times;
        row.began_at = began_ms.map(Time::from_ms);
        [row.connected_ms, row.down_ms, row.interrupted_ms, row.audio_lost_ms] = kept.lengths;
        [row.blips, row.drops, row.recovered_drops, row.recovered_60s, row.audio_losses, row.help_requests] =
            kept.counts;
        row.drop_times.extend(kept.drops.into_iter().map(dropped));
        row.join_ms.extend(kept.joins.into_iter().map(|(role, ms)| JoinTime { role, ms }));
        kept.said.into_iter().for_each(|said| Said::from(said).tell(&mut row));
        row
    }
}

/// A drop of which only is known how long after connection it came, and how long it lasted.
pub(crate) fn dropped((from_ms, lasted_ms): (i64, Option<i64>)) -> Disturbance {
    Disturbance { at: Time::from_ms(from_ms), over_at: lasted_ms.map(|ms| Time::from_ms(from_ms + ms)) }
}
