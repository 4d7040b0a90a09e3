//! The comparison of platforms: where statistics enter.
//!
//! A comparison is made in two passes over the rows. The [`Survey`](crate::survey::Survey) tells who is
//! compared and what they can see; from it an [`Ask`] becomes a [`Design`] (reference, clustering, parts
//! of composites), which is the request of the second pass. Its cells become rows and differences here.
//! Both passes are projections, so their states may be folded in pieces and merged; a comparison never is.

mod adjusted;
mod ask;
mod claims;
mod concentration;
mod course;
mod decide;
mod difference;
mod evidence;
mod figure;
mod gap;
mod gate;
mod learning;
mod moved;
mod outages;
mod reach;
mod row;
mod spread;
mod strata;
mod subject;
mod summary;
mod tally;
mod times;
mod watch;
mod words;

pub use adjusted::Adjusted;
pub use ask::{Adjustment, Ask, ClusterChoice, Design, NotComparable, Watching};
pub use claims::{Change, Changed, Claim, Rule, changes, claim_id, claims};
pub use concentration::{Concentration, Laid, concentration};
pub use course::{Course, Point, courses};
pub use decide::{
    Barred, Cheapest, Decided, Expected, Favoured, GROUPED_BY, Gate, Grounds, GroupCells, HeldOut,
    Inequality, Interaction, More, Needed, Priced, Priorities, Step, Unequal, concerns, decide,
    decided_design, decided_slot,
};
pub use difference::{Difference, Verdict};
pub use evidence::{Counted, evidence};
pub use figure::Figure;
pub use gap::{Gap, Slope, gaps};
pub use gate::{Gated, Of as GateOf, Side as GateSide, Threshold, gated};
pub use learning::{Learning, Stage, learning, practice, practised_slots};
pub use moved::{Moved, Since, moved};
pub use outages::{Looked, Noticed, Outage, Outages, Scan};
pub use reach::{Group, Part as ReachPart, Reading as Reach, Use, reach};
pub use row::{Quantiles, Response, Row};
pub use spread::{Spread, Unit, spreads};
pub use subject::Subject;
pub use summary::{Cells, ForDecision, Summary, Unsound};
pub use times::{Against, ByMinute, Contrast, Gray, Times, times};
pub use watch::Watch;
pub use words::{figures, show, show_change, show_difference, show_step, words};

use std::collections::BTreeMap;

use event::NOT_RECORDED;
use serde::Serialize;

use crate::calendar::{self, Used};
use crate::cells::{Arm, Cell, Slot};
use crate::parameters::Parameters;
use crate::stats::Status;
use crate::survey::{self, Surveyed, Surveyeds};
use strata::Parts;

/// Platforms of which less than this share of consultations fell into the months of the other were not used together.
const HARDLY_CONCURRENT: f64 = 0.1;

const BEFORE_AND_AFTER: &str = "before and after: the two were hardly used in the same months, so that whatever else \
                                changed meanwhile is in the difference";

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
    /// By which dimensions differences of shares are adjusted besides, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjust: Vec<&'static str>,
    /// What the rows of each platform are like.
    pub platforms: Vec<PlatformNote>,
    /// One row per measure, arm and role.
    pub rows: Vec<Row>,
    /// One per row of a platform other than the reference.
    pub differences: Vec<Difference>,
    /// Gaps between groups of people, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Indices of inequality over groups that have an order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slopes: Vec<Slope>,
    /// Variation between organisations, or other units, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spreads: Vec<Spread>,
    /// Courses over time, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub courses: Vec<Course>,
    /// What practice amounts to, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learning: Vec<Learning>,
    /// What changed where units moved from the reference, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Moved>,
    /// Times to a drop and back, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Times>,
    /// Everything that it claims, each with its name.
    pub claims: Vec<Claim>,
    /// The gates that were given, with what was held against them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gated>,
}

impl Comparison {
    /// Whether it has more than a row for each measure and its difference from the reference.
    #[must_use]
    pub fn is_closer(&self) -> bool {
        let lists = [
            self.adjust.is_empty(),
            self.gaps.is_empty(),
            self.spreads.is_empty(),
            self.courses.is_empty(),
            self.learning.is_empty(),
            self.moves.is_empty(),
            self.times.is_empty(),
        ];
        lists.contains(&false) || self.differences.iter().any(|difference| difference.watch.is_some())
    }
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
    /// Attempted ones with a source that never declared what it can see.
    pub undeclared: u64,
    /// Ratings and answers of people who are neither patients nor clinicians, which no measure reads.
    pub unread_voices: u64,
    /// Consultations by phone or in person, which no measure counts unless modality is asked for.
    pub other_modalities: u64,
    /// Kinds that its sources only infer.
    pub inferred: Vec<&'static str>,
    /// Kinds that its sources cannot tell.
    pub unobserved: Vec<&'static str>,
}

/// Reads the cells of a design.
///
/// # Errors
/// When a measure was asked for by name that the sources of some compared platform cannot see, or no platform shares
/// a stratum of what is adjusted for with the reference.
pub fn compare(
    ask: &Ask,
    design: &Design,
    arms: &Surveyeds,
    cells: &BTreeMap<Arm, Cell>,
    parameters: &Parameters,
) -> Result<Comparison, NotComparable> {
    let platforms = survey::platforms(arms);
    let (mut rows, mut differences) = (Vec::new(), Vec::new());
    let narrowed = strata::narrow(cells, ask.by.len());
    let cells: Vec<(&Arm, &Parts<'_>)> = narrowed.iter().collect();
    // Arms are ordered by their levels first.
    for stratum in cells.chunk_by(|a, b| a.0.by == b.0.by) {
        for (i, slot) in design.slots.iter().enumerate() {
            let arms: Vec<Compared<'_>> = stratum
                .iter()
                .map(|(arm, parts)| {
                    let surveyed = platforms.get(&arm.platform);
                    let row = row::read(ask, design, slot, i, arm, &parts.whole, surveyed);
                    Compared { arm, cell: &parts.whole, parts, surveyed, row }
                })
                .collect();
            refuse_unmeasured(ask, &arms)?;
            if let Some(reference) = &design.reference {
                differences.extend(difference::from_reference(ask, design, i, reference, &arms, parameters));
            }
            rows.extend(arms.into_iter().map(|compared| compared.row).filter(|row| row.says_something(slot)));
        }
    }
    refuse_disjoint(&differences)?;
    watch::correct(&mut differences);
    Ok(Comparison {
        schema: "evenfield.compare/1",
        position: 0,
        parameters: *parameters,
        filter: ask.filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
        consultations: platforms.values().map(|surveyed| surveyed.rows).sum(),
        in_progress: 0,
        reference: design.reference.clone(),
        adjust: ask.adjust.iter().map(|dimension| dimension.name()).collect(),
        platforms: platforms
            .iter()
            .map(|(platform, surveyed)| PlatformNote::of(platform, surveyed, &cells))
            .collect(),
        rows,
        differences,
        gaps: Vec::new(),
        slopes: Vec::new(),
        spreads: Vec::new(),
        courses: Vec::new(),
        learning: Vec::new(),
        moves: Vec::new(),
        times: Vec::new(),
        claims: Vec::new(),
        gates: Vec::new(),
    })
}

/// One arm of a stratum, with everything that is known of it.
struct Compared<'a> {
    arm: &'a Arm,
    cell: &'a Cell,
    parts: &'a Parts<'a>,
    surveyed: Option<&'a Surveyed>,
    row: Row,
}

impl<'a> Compared<'a> {
    /// One group of an arm. Whether its feed can tell is known of the arm, and not of each group.
    fn of_group(
        ask: &Ask,
        design: &Design,
        (i, slot): (usize, &Slot),
        arm: &'a Arm,
        parts: &'a Parts<'a>,
    ) -> Self {
        let row = row::of_cell(ask, design, slot, i, arm, &parts.whole);
        Self { arm, cell: &parts.whole, parts, surveyed: None, row }
    }
}

/// Refuses a measure asked for by name that the feed of some platform cannot see.
///
/// Stray rows without a platform, and a platform on which nobody tried, refuse nothing.
fn refuse_unmeasured(ask: &Ask, arms: &[Compared<'_>]) -> Result<(), NotComparable> {
    let counts = |arm: &&Compared<'_>| {
        arm.arm.platform != NOT_RECORDED && arm.surveyed.is_some_and(|known| known.attempted > 0)
    };
    let blind = arms.iter().filter(counts).find(|arm| matches!(arm.row.status, Status::NotMeasured(_)));
    match blind.filter(|_| !ask.measures.is_empty()) {
        None => Ok(()),
        Some(arm) => Err(NotComparable::NotMeasured {
            measure: arm.row.measure,
            platform: arm.row.platform.clone(),
            missing: arm.row.missing.clone(),
        }),
    }
}

/// Refuses to adjust where no platform was used in circumstances that the reference was used in as well.
///
/// Where some were, the others say of themselves that nothing is left to compare.
fn refuse_disjoint(differences: &[Difference]) -> Result<(), NotComparable> {
    let seen = || {
        let both = differences.iter().filter(|one| one.value.is_some());
        both.filter_map(|one| Some((one, one.adjusted.as_ref()?)))
    };
    match seen().next() {
        Some((one, adjusted)) if seen().all(|(_, adjusted)| adjusted.lost_share >= 1.0) => {
            Err(NotComparable::DisjointMix {
                platform: one.platform.clone(),
                reference: one.reference.clone(),
                by: adjusted.by.join(" and ").replace('_', " "),
            })
        }
        _ => Ok(()),
    }
}

/// Says of each difference whether it is one of before and after, by when platforms were in use.
pub fn tell_before_from_after(comparison: &mut Comparison, used: &Used) {
    for one in &mut comparison.differences {
        let pair = [one.platform.as_str(), one.reference.as_str()];
        let share = calendar::concurrent(used, pair).filter(|share| *share < HARDLY_CONCURRENT);
        one.concurrent_share = share;
        one.notes.extend(share.map(|_| BEFORE_AND_AFTER));
    }
}

impl PlatformNote {
    fn of(platform: &str, surveyed: &Surveyed, cells: &[(&Arm, &Parts<'_>)]) -> Self {
        use event::{Kind, KindSet};
        let names = |kinds: KindSet| kinds.iter().map(Kind::name).collect();
        let events = KindSet::EVERY.without(KindSet::of(&[Kind::RecordingDeclared, Kind::Unknown]));
        Self {
            platform: platform.to_owned(),
            consultations: surveyed.rows,
            attempted: surveyed.attempted,
            undeclared: surveyed.undeclared,
            unread_voices: surveyed.unread_voices,
            other_modalities: cells
                .iter()
                .filter(|(arm, _)| arm.platform == platform)
                .map(|(_, parts)| parts.whole.other_modalities)
                .sum(),
            inferred: names(surveyed.inferred()),
            unobserved: names(events.without(surveyed.seen())),
        }
    }
}
