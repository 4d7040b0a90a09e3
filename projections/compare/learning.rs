//! Does it get better with practice? A measure by the clinician's nth consultation on a platform.
//!
//! The curve over all clinicians describes: those who stop early leave behind the ones who cope, so that it
//! falls though nobody learns. Therefore clinicians are compared with themselves: their sixth to twentieth
//! consultation with their first five, each clinician a stratum. Patients cannot be followed, since no row
//! tells who they are; what their first use is like is a gap by `first_use`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Comparison;
use super::ask::{Ask, Design};
use super::difference::{Verdict, is_counted, verdict};
use super::figure::Figure;
use super::row::Row;
use super::subject::Subject;
use crate::cells::{Arm, Question, Slot};
use crate::parameters::Parameters;
use crate::practice::{Practice, Practised, Track};
use crate::projection::State;
use crate::sketch::Counts;
use crate::stats::case_mix::{Stratum, mantel_haenszel};
use crate::stats::cluster::Tally;
use crate::stats::test_statistic::Test;
use crate::stats::trend::{self, Bin};
use crate::stats::{proportion, trend::per_doubling};

/// The first and the last consultation of each bin.
const BINS: [(u64, u64); 7] = [(1, 1), (2, 2), (3, 4), (5, 10), (11, 20), (21, 50), (51, u64::MAX)];
/// The last consultation that counts as a clinician's first ones, and the last of those they are held against.
const EARLY: u64 = 5;
const LATE: u64 = 20;
/// What is looked at where no measure was asked for by name.
const HEADLINES: [&str; 2] = ["undisturbed", "terminal_failure"];

/// One measure of one platform by practice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learning {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Clinicians with a consultation.
    pub clinicians: u64,
    /// Attempted consultations without a clinician or a beginning, which are in no number here.
    pub not_recorded: u64,
    /// By practice: what was seen.
    pub bins: Vec<Stage>,
    /// The odds ratio for each doubling of practice, over all clinicians: it describes.
    pub per_doubling: Figure,
    /// Whether there is a trend over the bins at all (Cochran and Armitage).
    pub trend: Option<Test>,
    /// Clinicians who have both early and late consultations.
    pub with_both: u64,
    /// Their sixth to twentieth consultations less their first five, each clinician compared with themselves.
    pub within: Figure,
    /// What that amounts to.
    pub verdict: Verdict,
}

/// The consultations that were some clinician's `from`th to `to`th.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// The first of them.
    pub from: u64,
    /// The last of them; nothing where there is no last.
    pub to: Option<u64>,
    /// The mean place.
    pub mean: f64,
    /// Clinicians who came so far.
    pub clinicians: u64,
    /// The numerator.
    pub x: u64,
    /// The denominator.
    pub n: u64,
    /// The share with its limits, as if consultations were independent.
    #[serde(flatten)]
    pub figure: Figure,
}

/// The slots that practice is looked at for: those asked for by name that count so many of so many, else the
/// headlines.
#[must_use]
pub fn practised_slots<'a>(ask: &Ask, design: &'a Design) -> Vec<&'a Slot> {
    let asked = |slot: &&Slot| !ask.measures.is_empty() || HEADLINES.contains(&slot.measure.name);
    design.slots.iter().filter(|slot| is_counted(slot) && slot.role.is_none()).filter(asked).collect()
}

/// The request of the pass that gathers practice for one slot.
#[must_use]
pub fn practice<'a>(
    ask: &'a Ask,
    design: &'a Design,
    slot: &'a Slot,
    parameters: &'a Parameters,
) -> Practice<'a> {
    let question: Question<'a> = design.look(ask, (&ask.by, None), parameters);
    Practice { question, slot }
}

/// What practice amounts to on every platform, for one slot.
#[must_use]
pub fn learning(
    ask: &Ask,
    slot: &Slot,
    arms: &BTreeMap<Arm, Practised>,
    comparison: &Comparison,
) -> Vec<Learning> {
    let rows = comparison.rows.iter().filter(|row| row.is_of(slot) && row.can_be_told());
    rows.filter_map(|row| {
        let (_, practised) = arms.iter().find(|(arm, _)| row.is_part(arm))?;
        Some(of_arm(ask, slot, row, practised))
    })
    .collect()
}

fn of_arm(ask: &Ask, slot: &Slot, row: &Row, practised: &Practised) -> Learning {
    let mut stages = [Staged::default(); BINS.len()];
    let mut strata = Vec::new();
    for track in practised.clinicians.values() {
        let own = staged(track);
        for (stage, own) in stages.iter_mut().zip(own.stages) {
            stage.absorb(&own);
        }
        strata.extend((own.early.n > 0 && own.late.n > 0).then_some(Stratum {
            first: Tally { n: own.late.n, x: own.late.x },
            second: Tally { n: own.early.n, x: own.early.x },
        }));
    }
    let seen: Vec<Bin> = stages.iter().filter(|stage| stage.counts.n > 0).map(Staged::bin).collect();
    let within = mantel_haenszel::risk_difference(&strata, ask.level);
    Learning {
        subject: row.into(),
        clinicians: practised.clinicians.len() as u64,
        not_recorded: u64::from(practised.not_recorded.rows),
        bins: BINS.iter().zip(&stages).filter_map(|(bin, stage)| stage.read(*bin, ask.level)).collect(),
        per_doubling: match per_doubling(&seen, ask.level) {
            Ok(curve) => curve.per_doubling.into(),
            Err(why) => Figure::none(why),
        },
        trend: trend::cochran_armitage(&seen).ok(),
        with_both: strata.len() as u64,
        verdict: verdict(slot.measure.better, &within),
        within: within.into(),
    }
}

/// What was counted in one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Staged {
    counts: Counts,
    /// The sum of the places of what was counted.
    places: u128,
    clinicians: u64,
}

impl Staged {
    fn absorb(&mut self, own: &Self) {
        self.counts.absorb(&own.counts);
        self.places += own.places;
        self.clinicians += own.clinicians;
    }

    fn mean(&self) -> f64 {
        self.places as f64 / self.counts.n as f64
    }

    fn bin(&self) -> Bin {
        Bin { position: self.mean(), n: self.counts.n, x: self.counts.x }
    }

    fn read(&self, (from, to): (u64, u64), level: f64) -> Option<Stage> {
        let Counts { n, x } = self.counts;
        (n > 0).then(|| Stage {
            from,
            to: (to < u64::MAX).then_some(to),
            mean: self.mean(),
            clinicians: self.clinicians,
            x,
            n,
            figure: proportion::wilson(x as f64, n as f64, level).into(),
        })
    }
}

/// What one clinician's consultations were.
struct Own {
    stages: [Staged; BINS.len()],
    early: Counts,
    late: Counts,
}

/// Puts the consultations of one clinician into bins, in the order in which they began.
///
/// Consultations that begin at one instant have no order among them: they share the place of the first.
fn staged(track: &Track) -> Own {
    let mut own =
        Own { stages: [Staged::default(); BINS.len()], early: Counts::default(), late: Counts::default() };
    let mut before = 0;
    for begun in track.0.values() {
        let place = before + 1;
        before += u64::from(begun.rows);
        let counts = Counts { n: u64::from(begun.n), x: u64::from(begun.x) };
        let Some(bin) = BINS.iter().position(|(_, to)| place <= *to) else { continue };
        let stage = &mut own.stages[bin];
        stage.counts.absorb(&counts);
        stage.places += u128::from(place) * u128::from(counts.n);
        stage.clinicians = u64::from(stage.counts.n > 0);
        if place <= EARLY {
            own.early.absorb(&counts);
        } else if place <= LATE {
            own.late.absorb(&counts);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::Begun;

    fn track(began: &[(i64, u32, u32, u32)]) -> Track {
        Track(began.iter().map(|&(at, rows, n, x)| (at, Begun { rows, n, x })).collect())
    }

    #[test]
    fn consultations_are_counted_in_the_order_in_which_they_began() {
        let own = staged(&track(&[
            (10, 1, 1, 1),
            (20, 1, 1, 0),
            (30, 1, 1, 1),
            (40, 1, 1, 0),
            (50, 1, 1, 0),
            (60, 1, 1, 0),
        ]));
        let seen: Vec<_> =
            own.stages.iter().map(|stage| (stage.counts.n, stage.counts.x, stage.places)).collect();
        assert_eq!(seen, [(1, 1, 1), (1, 0, 2), (2, 1, 7), (2, 0, 11), (0, 0, 0), (0, 0, 0), (0, 0, 0)]);
        assert_eq!((own.early, own.late), (Counts { n: 5, x: 2 }, Counts { n: 1, x: 0 }));
    }

    #[test]
    fn what_cannot_be_told_is_practice_all_the_same_and_one_instant_has_one_place() {
        let own = staged(&track(&[(10, 4, 0, 0), (20, 2, 2, 1), (30, 1, 1, 1)]));
        let seen: Vec<_> = own.stages.iter().map(|stage| (stage.counts.n, stage.clinicians)).collect();
        assert_eq!(seen[3], (3, 1), "the fifth, the fifth and the seventh");
        assert_eq!((own.stages[3].places, seen[0]), (17, (0, 0)));
        assert_eq!((own.early, own.late), (Counts { n: 2, x: 1 }, Counts { n: 1, x: 1 }));
    }
}
