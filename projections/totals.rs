//! Totals: plain counts, sums and quantiles, to be held against any other tool.
//!
//! What a comparison weighs (who can see what, which consultations share their luck) is left out here on
//! purpose: totals are what a query over the same events gives, to the last digit. For every platform,
//! and for every platform at every combination of the levels asked for. A number that is zero because no source could
//! tell is no number: [`Total::unseen`] says which are.

use std::collections::BTreeMap;

use event::{Dimension, Kind, KindSet, NOT_RECORDED};

use crate::filter::Filter;
use crate::gist::{Flags, Gist, NO_TIME};
use crate::gists::{Column, Gists};
use crate::outcome::{Ending, Outcome};

/// The quantiles that are told.
pub const QUANTILES: [(&str, u64, u64); 3] = [("p50", 1, 2), ("p90", 9, 10), ("p95", 19, 20)];

/// How many combinations of levels have a place each; more are looked up.
const PLACES: usize = 1 << 20;

/// What is asked: by which dimensions besides the platform, of which consultations.
#[derive(Debug)]
pub struct Totals<'a> {
    /// By which dimensions.
    pub by: &'a [Dimension],
    /// Of which consultations; those by phone or in person are left out unless modality is asked for.
    pub filter: &'a Filter,
}

/// The platform, and the levels of the dimensions asked for.
pub type Arm = (String, Vec<String>);

/// What was counted.
pub type State = BTreeMap<Arm, Total>;

/// What was counted of one arm. Times are in milliseconds; states merge by [`Total::absorb`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an outcome of the same name, summed up")]
pub struct Total {
    pub consultations: u64,
    pub attempted: u64,
    pub connected: u64,
    pub first_try: u64,
    pub undisturbed: u64,
    /// Connected, and completed.
    pub completed: u64,
    pub drops: u64,
    pub audio_lost_ms: u64,
    pub connected_ms: u64,
    pub down_ms: u64,
    /// Every time to connect, in any order.
    pub connect_ms: Vec<u32>,
    /// Every time to a first drop, in any order.
    pub first_drop_ms: Vec<u32>,
}

/// What each number follows from: where no source of any attempted consultation can tell one of these kinds, nothing
/// of it is known.
const FROM: [(&str, KindSet); 8] = [
    ("connected", KindSet::of(&[Kind::Joined])),
    ("first_try", KindSet::of(&[Kind::Joined])),
    ("undisturbed", KindSet::of(&[Kind::Joined])),
    ("completed", KindSet::of(&[Kind::Completed])),
    ("drops", KindSet::of(&[Kind::Dropped])),
    ("audio_lost_ms", KindSet::of(&[Kind::AudioLost])),
    ("connected_ms", KindSet::of(&[Kind::Joined])),
    ("down_ms", KindSet::of(&[Kind::Dropped])),
];

impl Total {
    /// The numbers of [`FROM`] that are zero.
    fn zeros(&self) -> impl Iterator<Item = (&'static str, KindSet)> {
        let values = [
            self.connected,
            self.first_try,
            self.undisturbed,
            self.completed,
            self.drops,
            self.audio_lost_ms,
            self.connected_ms,
            self.down_ms,
        ];
        // Where nobody tried there is nothing that could have been seen.
        let zeros = FROM.into_iter().zip(values).filter(|(_, value)| *value == 0);
        zeros.map(|(from, _)| from).filter(|_| self.attempted > 0)
    }

    /// Whether a number may be zero because nobody could tell, so that it matters what was seen.
    #[must_use]
    pub fn may_be_unseen(&self) -> bool {
        self.zeros().next().is_some()
    }

    /// The numbers that are zero because no source of any of its attempted consultations, which see these kinds, could
    /// tell another.
    #[must_use]
    pub fn unseen(&self, ever_seen: KindSet) -> Vec<&'static str> {
        self.zeros().filter(|(_, from)| !ever_seen.has_any(*from)).map(|(name, _)| name).collect()
    }

    /// Takes over what another total counted.
    pub fn absorb(&mut self, other: &Self) {
        self.consultations += other.consultations;
        self.attempted += other.attempted;
        self.connected += other.connected;
        self.first_try += other.first_try;
        self.undisturbed += other.undisturbed;
        self.completed += other.completed;
        self.drops += other.drops;
        self.audio_lost_ms += other.audio_lost_ms;
        self.connected_ms += other.connected_ms;
        self.down_ms += other.down_ms;
        self.connect_ms.extend_from_slice(&other.connect_ms);
        self.first_drop_ms.extend_from_slice(&other.first_drop_ms);
    }

    /// Counts a gist in.
    fn add(&mut self, gist: &Gist) {
        let one = |flag| u64::from(gist.flags.has(flag));
        self.consultations += 1;
        self.attempted += one(Flags::ATTEMPTED);
        self.connected += one(Flags::CONNECTED);
        self.first_try += one(Flags::FIRST_TRY);
        self.undisturbed += one(Flags::UNDISTURBED);
        self.completed += one(Flags::CONNECTED) & u64::from(gist.ending == Ending::Completed);
        self.drops += u64::from(gist.drops);
        self.audio_lost_ms += u64::from(gist.audio_lost_ms);
        self.connected_ms += u64::from(gist.connected_ms);
        self.down_ms += u64::from(gist.down_ms);
        self.connect_ms.extend((gist.connect_ms != NO_TIME).then_some(gist.connect_ms));
        self.first_drop_ms.extend((gist.first_drop_ms != NO_TIME).then_some(gist.first_drop_ms));
    }

    /// Counts an outcome in. Times beyond 49 days count as that.
    pub fn add_outcome(&mut self, row: &Outcome) {
        let sum = |ms: i64| u64::try_from(ms).unwrap_or(0);
        let time = |ms: Option<i64>| ms.map(|ms| u32::try_from(sum(ms)).unwrap_or(u32::MAX));
        self.consultations += 1;
        self.attempted += u64::from(row.attempted);
        self.connected += u64::from(row.connected);
        self.first_try += u64::from(row.first_try);
        self.undisturbed += u64::from(row.undisturbed);
        self.completed += u64::from(row.connected && row.ending == Ending::Completed);
        self.drops += u64::from(row.drops);
        self.audio_lost_ms += sum(row.audio_lost_ms);
        self.connected_ms += sum(row.connected_ms);
        self.down_ms += sum(row.down_ms);
        self.connect_ms.extend(time(row.connect_ms));
        self.first_drop_ms.extend(time(row.first_drop_ms));
    }
}

/// The quantiles of [`QUANTILES`] by nearest rank, which is one of the values; none without values.
///
/// The values are left in another order.
#[must_use]
pub fn quantiles(values: &mut [u32]) -> Option<[u32; 3]> {
    let (mut rest, mut before, mut found) = (values, 0, [0; 3]);
    let n = rest.len() as u64;
    for (found, (_, share, of)) in found.iter_mut().zip(QUANTILES) {
        let rank = (n * share).div_ceil(of).checked_sub(1)? as usize;
        // What lies before the last quantile need not be looked at again.
        let (_, value, _) = rest.select_nth_unstable(rank - before);
        *found = *value;
        rest = &mut rest[rank - before..];
        before = rank;
    }
    Some(found)
}

impl Totals<'_> {
    /// The arm of an outcome, if it is asked about.
    #[must_use]
    pub fn arm_of(&self, row: &Outcome) -> Option<Arm> {
        let video = |level: &str| level == "video";
        let counts = self.asks_modality() || row.context.get(Dimension::Modality).is_none_or(video);
        (counts && self.filter.passes(row)).then(|| {
            let level = |dimension: &Dimension| row.context.level(*dimension).to_owned();
            (level(&Dimension::Platform), self.by.iter().map(level).collect())
        })
    }

    fn asks_modality(&self) -> bool {
        let filtered = self.filter.iter().any(|(dimension, _)| dimension == Dimension::Modality);
        filtered || self.by.contains(&Dimension::Modality)
    }

    /// Counts the rows of a piece of a log.
    #[must_use]
    pub fn fold(&self, gists: &Gists) -> State {
        let passing = self.passing(gists);
        let columns: Vec<&Column> = std::iter::once(&Dimension::Platform)
            .chain(self.by)
            .filter_map(|dimension| gists.column(*dimension))
            .collect();
        let mut groups = Groups::of(&columns);
        for (number, gist) in gists.rows.iter().enumerate() {
            if gist.is_plain() && passing.iter().all(|(column, levels)| levels[column.level[number] as usize])
            {
                groups.total(number).add(gist);
            }
        }
        let mut state = groups.named(self.by);
        for row in gists.aside_rows() {
            if let Some(arm) = self.arm_of(row) {
                state.entry(arm).or_default().add_outcome(row);
            }
        }
        state
    }

    /// For each dimension that is filtered which levels pass, by number; the first is that nothing was told.
    fn passing<'a>(&self, gists: &'a Gists) -> Vec<(&'a Column, Vec<bool>)> {
        let names = |column: &'a Column| {
            std::iter::once(NOT_RECORDED).chain(column.levels.iter().map(|level| &**level))
        };
        let mut passing: Vec<_> = self
            .filter
            .iter()
            .filter_map(|(dimension, wanted)| {
                let column = gists.column(dimension)?;
                let passes = |name: &str| wanted.iter().any(|level| level == name);
                Some((column, names(column).map(passes).collect()))
            })
            .collect();
        if let (false, Some(column)) = (self.asks_modality(), gists.column(Dimension::Modality)) {
            passing
                .push((column, names(column).map(|name| [NOT_RECORDED, "video"].contains(&name)).collect()));
        }
        passing
    }
}

/// Totals by combination of levels.
struct Groups<'a> {
    columns: &'a [&'a Column],
    /// By place of a combination: the number of its total and one.
    places: Vec<u32>,
    known: BTreeMap<Vec<u32>, u32>,
    totals: Vec<(usize, Total)>,
}

impl<'a> Groups<'a> {
    fn of(columns: &'a [&'a Column]) -> Self {
        let places = columns.iter().try_fold(1_usize, |places, column| {
            places.checked_mul(column.levels.len() + 1).filter(|places| *places <= PLACES)
        });
        let places = vec![0; places.unwrap_or(0)];
        Self { columns, places, known: BTreeMap::new(), totals: Vec::new() }
    }

    /// The total that a row belongs to.
    fn total(&mut self, row: usize) -> &mut Total {
        let next = self.totals.len() as u32 + 1;
        let number = if self.places.is_empty() {
            let levels = self.columns.iter().map(|column| column.level[row]).collect();
            self.known.entry(levels).or_insert(next)
        } else {
            let place = self
                .columns
                .iter()
                .fold(0, |place, column| place * (column.levels.len() + 1) + column.level[row] as usize);
            &mut self.places[place]
        };
        if *number == 0 || *number == next {
            *number = next;
            self.totals.push((row, Total::default()));
        }
        &mut self.totals[*number as usize - 1].1
    }

    /// The totals by the names of their levels.
    fn named(self, by: &[Dimension]) -> State {
        let Self { columns, totals, .. } = self;
        let name = |row: usize, dimension: Dimension| {
            let column = columns.iter().find(|column| column.dimension == dimension);
            column.and_then(|column| column.get(row)).map_or(NOT_RECORDED, |level| level).to_owned()
        };
        let arm = |row| (name(row, Dimension::Platform), by.iter().map(|by| name(row, *by)).collect());
        totals.into_iter().map(|(row, total)| (arm(row), total)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::stats::quantile::inverse_ecdf;

    #[test]
    fn what_nobody_could_tell_is_no_zero() {
        let blind = KindSet::of(&[Kind::Joined, Kind::Completed, Kind::Left]);
        let total = Total {
            attempted: 3,
            connected: 3,
            connected_ms: 9,
            first_try: 3,
            undisturbed: 3,
            ..Total::default()
        };
        assert_eq!(total.unseen(blind), ["drops", "audio_lost_ms", "down_ms"]);
        assert_eq!(total.unseen(KindSet::NONE), ["completed", "drops", "audio_lost_ms", "down_ms"]);
        assert_eq!(total.unseen(KindSet::EVERY), [""; 0]);
        // What was counted is told, whatever a source said of itself, and of nobody nothing could be seen.
        assert_eq!(Total { drops: 1, ..total.clone() }.unseen(blind), ["audio_lost_ms", "down_ms"]);
        assert_eq!(Total { attempted: 0, ..total }.unseen(KindSet::NONE), [""; 0]);
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_inverse_distribution(mut values in vec(0_u32..50, 0..200)) {
            let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
            values.iter().for_each(|value| *counts.entry(u64::from(*value)).or_default() += 1);
            let of = |q| inverse_ecdf(counts.iter().map(|(value, count)| (*value, *count)), q);
            let wanted = [of(0.5), of(0.9), of(0.95)];
            let found = quantiles(&mut values);
            prop_assert_eq!(found.map(|found| found.map(|value| Some(value.into()))), wanted[0].map(|_| wanted));
        }
    }

    #[test]
    fn a_quantile_is_the_value_of_its_rank() {
        let mut values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(quantiles(&mut values), Some([50, 90, 95]));
        assert_eq!(quantiles(&mut [7]), Some([7, 7, 7]));
        assert_eq!(quantiles(&mut []), None);
    }
}
