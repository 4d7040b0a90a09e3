//! The cells of a question: for each arm and cluster the tallies of the measures asked for.
//!
//! An *arm* is one platform at one combination of the levels asked for, two-sided and one-sided rows
//! apart. Cells are built per request from the outcome rows, keyed only by what is asked; a full cube
//! over all dimensions would outgrow the rows.

mod roll_up;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED, Role};
use serde::{Deserialize, Serialize, Serializer};

use crate::filter::Filter;
use crate::measure::{Fold, Joining, Measure, Part, Voicing};
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::period::Period;
use crate::projection::{Projection, State, change};
use crate::sketch::{Breakdown, Counts, Histogram, Sums, Voices};
pub use roll_up::roll_up;

/// The projection: everything that must be counted to answer a question.
#[derive(Debug)]
pub struct Question<'a> {
    /// What is asked, slot by slot.
    pub slots: Vec<Slot>,
    /// By which dimensions, besides the platform.
    pub by: &'a [Dimension],
    /// By which periods, told as a last level besides those of `by`, if by any.
    pub period: Option<Period>,
    /// Of which rows.
    pub filter: &'a Filter,
    /// By which dimension rows share their luck; none: each row is on its own.
    pub cluster: Option<Dimension>,
    /// How the rows were read.
    pub parameters: &'a Parameters,
    /// Whether rows of other pathways than video are counted: only when they are asked for.
    pub modalities: Modalities,
}

/// Which pathways are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modalities {
    /// Video, and rows that do not tell.
    Video,
    /// Every pathway: the question is by modality, or filters it.
    AsAsked,
}

/// One measure, for one role if it is read by role.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The measure.
    pub measure: &'static Measure,
    /// Whose.
    pub role: Option<Role>,
    /// The parts of a composite that are counted.
    pub parts: Vec<&'static Part>,
}

/// Which arm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arm {
    /// The levels of the dimensions asked for, in their order.
    pub by: Vec<String>,
    /// The platform.
    pub platform: String,
    /// Whether its rows see one side only.
    pub one_sided: bool,
}

impl Serialize for Arm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // One text, so that an arm can be a key in any format.
        let mut text = self.by.join("\u{1f}");
        text.push('\u{1e}');
        text.push_str(&self.platform);
        text.push_str(if self.one_sided { "\u{1e}1" } else { "\u{1e}2" });
        serializer.serialize_str(&text)
    }
}

/// What was counted in one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// By cluster, then by slot. Rows without a level of the clustering dimension share one cluster.
    pub clusters: BTreeMap<String, Tallies>,
    /// By slot: attempted rows whose sources cannot see what it needs.
    pub unmeasured: Unmeasured,
    /// Rows, attempted or not.
    pub rows: u64,
    /// Rows of other pathways than video, which are not counted.
    pub other_modalities: u64,
}

/// Tallies by slot; empty before the first row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tallies(pub Vec<Tally>);

/// Counts by slot; empty before the first row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmeasured(pub Vec<u64>);

/// What one slot counted in one cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Tally {
    /// Nothing yet.
    #[default]
    Nothing,
    /// So many of so many.
    Counts(Counts),
    /// So many of so many, by name.
    Breakdown(Breakdown),
    /// An amount over an exposure.
    Sums(Sums),
    /// Durations.
    Durations(Histogram),
    /// What people said.
    Voices(Box<Voices>),
}

impl State for Tally {
    fn absorb(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Nothing) => {}
            (Self::Counts(mine), Self::Counts(theirs)) => mine.absorb(theirs),
            (Self::Breakdown(mine), Self::Breakdown(theirs)) => mine.absorb(theirs),
            (Self::Sums(mine), Self::Sums(theirs)) => mine.absorb(theirs),
            (Self::Durations(mine), Self::Durations(theirs)) => mine.absorb(theirs),
            (Self::Voices(mine), Self::Voices(theirs)) => mine.absorb(theirs),
            // A slot has one measure, and a measure one kind of tally.
            (mine, theirs) => *mine = theirs.clone(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Counts(counts) => counts.is_empty(),
            Self::Breakdown(breakdown) => breakdown.is_empty(),
            Self::Sums(sums) => sums.is_empty(),
            Self::Durations(histogram) => histogram.is_empty(),
            Self::Voices(voices) => voices.is_empty(),
        }
    }
}

impl State for Tallies {
    fn absorb(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), Tally::Nothing);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.absorb(theirs);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(State::is_empty)
    }
}

impl State for Unmeasured {
    fn absorb(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl State for Cell {
    fn absorb(&mut self, other: &Self) {
        self.clusters.absorb(&other.clusters);
        self.unmeasured.absorb(&other.unmeasured);
        self.rows += other.rows;
        self.other_modalities += other.other_modalities;
    }

    fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

/// Whether a row is counted in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl Projection for Question<'_> {
    type State = BTreeMap<Arm, Cell>;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        let own = [Dimension::Platform, Dimension::Modality].into_iter().chain(self.cluster);
        let filter = self.filter.iter().map(|(dimension, _)| dimension);
        own.chain(self.by.iter().copied()).chain(filter).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, state, Way::In);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, state, Way::Out);
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        let gathered = tray.of(self.period.map_or(0, |period| period.number(row.began_at)));
        gathered.rows += 1;
        gathered.attempted += u64::from(row.attempted);
        gathered.tallies.0.resize(self.slots.len(), Tally::Nothing);
        gathered.durations.resize(self.slots.len(), Vec::new());
        let Gathered { tallies, durations: waiting, .. } = gathered;
        for (slot, (tally, waiting)) in self.slots.iter().zip(tallies.0.iter_mut().zip(waiting)) {
            match slot.measure.fold {
                Fold::Durations(durations) => {
                    durations(row, slot.role.unwrap_or(Role::Unknown), waiting);
                    if waiting.len() >= WAITING {
                        sort_in(tally, waiting);
                    }
                }
                _ => slot.count(row, self.parameters, tally, Way::In),
            }
        }
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Self::State) {
        if !self.filter.passes(row) {
            return;
        }
        for (number, mut gathered) in tray.0 {
            for (tally, waiting) in gathered.tallies.0.iter_mut().zip(&mut gathered.durations) {
                sort_in(tally, waiting);
            }
            let period = self.period.map(|period| period.level(number));
            change(state, self.arm(row, period), |cell: &mut Cell| self.put(row, &gathered, cell));
        }
    }
}

/// What was gathered of rows of one setting, by period.
#[derive(Debug, Default)]
pub struct Tray(Vec<(i32, Gathered)>);

/// Tallies of rows of one setting, whether or not its sources see what they count.
#[derive(Debug, Default)]
struct Gathered {
    rows: u64,
    attempted: u64,
    tallies: Tallies,
    /// By slot, durations that are not in its tally yet.
    durations: Vec<Vec<u64>>,
}

/// So many durations wait to be sorted into their tally: one by one each would be looked for among all others.
const WAITING: usize = 1 << 14;

impl Tray {
    /// What was gathered of a period: mostly that of the row before.
    fn of(&mut self, period: i32) -> &mut Gathered {
        let last = self.0.len().wrapping_sub(1);
        let known = self.0.get(last).is_some_and(|(known, _)| *known == period);
        let place = if known { Some(last) } else { self.0.iter().position(|(known, _)| *known == period) };
        let place = place.unwrap_or_else(|| {
            self.0.push((period, Gathered::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

impl Question<'_> {
    fn count(&self, row: &Outcome, state: &mut BTreeMap<Arm, Cell>, way: Way) {
        if !self.filter.passes(row) {
            return;
        }
        let period = self.period.map(|period| period.level(period.number(row.began_at)));
        change(state, self.arm(row, period), |cell: &mut Cell| {
            step(&mut cell.rows, way, 1);
            cell.unmeasured.0.resize(self.slots.len(), 0);
            if !self.counts_pathway(row) {
                step(&mut cell.other_modalities, way, 1);
                return;
            }
            change(&mut cell.clusters, self.cluster(row).to_owned(), |tallies: &mut Tallies| {
                tallies.0.resize(self.slots.len(), Tally::Nothing);
                for (i, slot) in self.slots.iter().enumerate() {
                    if slot.measured(row) {
                        slot.count(row, self.parameters, &mut tallies.0[i], way);
                    } else if row.attempted {
                        step(&mut cell.unmeasured.0[i], way, 1);
                    }
                }
            });
        });
    }
}

impl Question<'_> {
    /// Puts what was gathered of rows like this one into their cell.
    fn put(&self, row: &Outcome, gathered: &Gathered, cell: &mut Cell) {
        cell.rows += gathered.rows;
        cell.unmeasured.0.resize(self.slots.len(), 0);
        if !self.counts_pathway(row) {
            cell.other_modalities += gathered.rows;
            return;
        }
        change(&mut cell.clusters, self.cluster(row).to_owned(), |tallies: &mut Tallies| {
            tallies.0.resize(self.slots.len(), Tally::Nothing);
            for (i, slot) in self.slots.iter().enumerate() {
                if slot.measured(row) {
                    tallies.0[i].absorb(&gathered.tallies.0[i]);
                } else {
                    cell.unmeasured.0[i] += gathered.attempted;
                }
            }
        });
    }

    pub(crate) fn arm(&self, row: &Outcome, period: Option<String>) -> Arm {
        let levels = self.by.iter().map(|dimension| row.context.level(*dimension).to_owned());
        Arm {
            by: levels.chain(period).collect(),
            platform: row.context.level(Dimension::Platform).to_owned(),
            one_sided: row.one_sided,
        }
    }

    pub(crate) fn cluster<'a>(&self, row: &'a Outcome) -> &'a str {
        self.cluster.map_or("", |dimension| row.context.get(dimension).unwrap_or(NOT_RECORDED))
    }

    pub(crate) fn counts_pathway(&self, row: &Outcome) -> bool {
        let modality = row.context.get(Dimension::Modality);
        self.modalities == Modalities::AsAsked || modality.is_none_or(|modality| modality == "video")
    }
}

impl Slot {
    /// Whether the row's sources see what this slot counts. What people said needs nobody to watch.
    pub(crate) fn measured(&self, row: &Outcome) -> bool {
        let sees = row.sight.sees;
        if matches!(self.measure.fold, Fold::Opinion(_) | Fold::Score(..)) {
            return true;
        }
        self.measure.needs.met(sees) && self.parts.iter().all(|part| part.needs.met(sees))
    }

    /// Counts a row in, whether or not its sources see what this slot counts.
    pub(crate) fn count_in(&self, row: &Outcome, parameters: &Parameters, tally: &mut Tally) {
        self.count(row, parameters, tally, Way::In);
    }

    fn count(&self, row: &Outcome, parameters: &Parameters, tally: &mut Tally, way: Way) {
        let role = self.role.unwrap_or(Role::Unknown);
        match self.measure.fold {
            Fold::Share(share) => count_in(tally, share(row), way),
            Fold::Breakdown(part) if row.attempted => break_in(tally, part(row), way),
            Fold::Breakdown(_) => {}
            Fold::Composite(joining, _) => {
                let mut holds = self.parts.iter().map(|part| (part.holds)(row, parameters));
                let x = match joining {
                    Joining::ConnectedAndAll => row.connected && holds.all(|holds| holds),
                    Joining::Any => holds.any(|holds| holds),
                };
                let n = u64::from(row.attempted);
                count_in(tally, Counts { n, x: n & u64::from(x) }, way);
            }
            Fold::PerTime(amount, _) | Fold::FreeOf(amount) => {
                if let Some((a, t)) = amount(row) {
                    sum_in(tally, Sums::one(a, t), way);
                }
            }
            Fold::Durations(durations) => {
                let mut all = Vec::new();
                durations(row, role, &mut all);
                if !all.is_empty() {
                    measure_in(tally, &all, way);
                }
            }
            Fold::Opinion(voicing) | Fold::Score(voicing, _) => {
                let voicing = voicing(row, role);
                if row.attempted || voicing != Voicing::default() {
                    hear(tally, &voicing, row.attempted, way);
                }
            }
        }
    }
}

fn step(count: &mut u64, way: Way, by: u64) {
    match way {
        Way::In => *count += by,
        Way::Out => *count -= by,
    }
}

fn count_in(tally: &mut Tally, counts: Counts, way: Way) {
    if counts.is_empty() {
        return;
    }
    if !matches!(tally, Tally::Counts(_)) {
        *tally = Tally::Counts(Counts::default());
    }
    if let Tally::Counts(all) = tally {
        match way {
            Way::In => all.absorb(&counts),
            Way::Out => all.take(counts),
        }
    }
    settle(tally);
}

fn break_in(tally: &mut Tally, part: Option<&str>, way: Way) {
    if !matches!(tally, Tally::Breakdown(_)) {
        *tally = Tally::Breakdown(Breakdown::default());
    }
    if let Tally::Breakdown(breakdown) = tally {
        match way {
            Way::In => breakdown.add(part),
            Way::Out => breakdown.take(part),
        }
    }
    settle(tally);
}

fn sum_in(tally: &mut Tally, sums: Sums, way: Way) {
    if !matches!(tally, Tally::Sums(_)) {
        *tally = Tally::Sums(Sums::default());
    }
    if let Tally::Sums(all) = tally {
        match way {
            Way::In => all.absorb(&sums),
            Way::Out => all.take(sums),
        }
    }
    settle(tally);
}

fn measure_in(tally: &mut Tally, durations: &[u64], way: Way) {
    if !matches!(tally, Tally::Durations(_)) {
        *tally = Tally::Durations(Histogram::default());
    }
    if let Tally::Durations(histogram) = tally {
        for ms in durations {
            match way {
                Way::In => histogram.add(*ms),
                Way::Out => histogram.take(*ms),
            }
        }
    }
    settle(tally);
}

/// Counts durations in that waited for it.
fn sort_in(tally: &mut Tally, waiting: &mut Vec<u64>) {
    if waiting.is_empty() {
        return;
    }
    tally.absorb(&Tally::Durations(Histogram::of(waiting)));
    waiting.clear();
}

fn hear(tally: &mut Tally, voicing: &Voicing, attempted: bool, way: Way) {
    if !matches!(tally, Tally::Voices(_)) {
        *tally = Tally::Voices(Box::default());
    }
    if let Tally::Voices(voices) = tally {
        for voice in &voicing.voices {
            match way {
                Way::In => voices.add(*voice),
                Way::Out => voices.take(*voice),
            }
        }
        step(&mut voices.invited, way, voicing.invited);
        step(&mut voices.attempted, way, u64::from(attempted));
        step(&mut voices.answering, way, u64::from(!voicing.voices.is_empty()));
    }
    settle(tally);
}

/// A tally of nothing is [`Tally::Nothing`], so that counting out leads back to the same bytes.
fn settle(tally: &mut Tally) {
    if tally.is_empty() {
        *tally = Tally::Nothing;
    }
}
