//! The totals of a sheet: counts, sums and quantiles by platform, with an interval on every share. What no source could
//! tell is not there.

use std::collections::BTreeMap;

use event::{Dimension, KindSet};
use projections::filter::Filter;
use projections::parameters::Parameters;
use projections::projection::State as _;
use projections::stats::proportion;
use projections::survey::{Stratum, Survey, Surveyed, Surveyeds};
use projections::totals::{self, QUANTILES, State, Total};
use serde::Serialize;

use super::rows::Rows as _;
use super::sheet::Sheet;
use super::spread;

/// The nominal coverage of the intervals.
const LEVEL: f64 = 0.95;

/// Plain counts, sums and quantiles of every platform, as a whole and by the levels asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// The form of this document.
    pub schema: &'static str,
    /// The last position that was read.
    pub position: u64,
    /// How consultations were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// Consultations that are not over, and in no row.
    pub in_progress: u64,
    /// The dimensions asked for.
    pub by: Vec<&'static str>,
    /// By platform, each as a whole before its parts.
    pub rows: Vec<Row>,
}

/// The totals of one platform, or of a part of it. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of an outcome of the same name, summed up")]
pub struct Row {
    pub platform: String,
    /// By dimension its level; null in the totals of the whole platform.
    #[serde(flatten)]
    pub by: BTreeMap<&'static str, Option<String>>,
    pub consultations: u64,
    pub attempted: u64,
    pub connected: Option<u64>,
    pub first_try: Option<u64>,
    pub undisturbed: Option<u64>,
    pub completed: Option<u64>,
    pub drops: Option<u64>,
    pub audio_lost_ms: Option<u64>,
    pub connected_ms: Option<u64>,
    pub down_ms: Option<u64>,
    /// Which of these are null, since no source of any of its consultations can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_measured: Vec<&'static str>,
    /// From the later side's first attempt to connection.
    pub connect_ms: BTreeMap<&'static str, Option<u32>>,
    /// From connection to the first drop, where there was one.
    pub first_drop_ms: BTreeMap<&'static str, Option<u32>>,
    /// Wilson's limits at 95 %: of attempted among all, of the others among attempted.
    pub intervals: BTreeMap<&'static str, Option<[f64; 2]>>,
}

impl Row {
    /// Whether a count of consultations is not there.
    pub(super) fn is_unseen(&self) -> bool {
        [self.connected, self.first_try, self.undisturbed, self.completed].iter().any(Option::is_none)
    }
}

/// Counts the consultations of a sheet.
#[must_use]
pub fn totals(sheet: &Sheet, by: &[Dimension], filter: &Filter, threads: usize) -> Totals {
    let asked = totals::Totals { by, filter };
    let mut state = State::new();
    let parts = spread(sheet.parts(), threads, |part| asked.fold(part));
    for (arm, total) in parts.into_iter().flatten() {
        match state.entry(arm) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(total)),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().absorb(&total),
        }
    }
    let seen = Seen::of(sheet, &asked, &state, threads);
    Totals {
        schema: "evenfield.totals/1",
        position: sheet.position.0,
        parameters: sheet.parameters,
        filter: filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
        in_progress: sheet.in_progress(),
        by: by.iter().map(|dimension| dimension.name()).collect(),
        rows: rows(state, by, &seen, threads),
    }
}

/// What sources of the rows of each arm can tell; nothing where no number depends on it.
struct Seen(Option<Surveyeds>);

impl Seen {
    /// A further pass over the rows where a zero may be one that nobody could have seen otherwise.
    fn of(sheet: &Sheet, asked: &totals::Totals<'_>, state: &State, threads: usize) -> Self {
        let filter = asked.filter.of_pathway(asked.by);
        let survey = Survey { filter: &filter, by: asked.by, units: &[] };
        Self(state.values().any(Total::may_be_unseen).then(|| sheet.fold(&survey, threads)))
    }

    /// The kinds that any attempted consultation of a platform, or of a part of it, is seen by.
    fn by(&self, platform: &str, levels: Option<&[String]>) -> KindSet {
        let Some(arms) = &self.0 else { return KindSet::EVERY };
        let mut whole = Surveyed::default();
        let strata = arms.get(platform).into_iter().flatten();
        let asked = strata.filter(|(Stratum(known), _)| levels.is_none_or(|levels| known == levels));
        asked.for_each(|(_, surveyed)| whole.absorb(surveyed));
        whole.ever_seen()
    }
}

/// The levels of a part of a platform, and what was counted in it.
type Part = (Vec<String>, Total);

/// The rows of each platform, some platforms on each thread.
fn rows(state: State, by: &[Dimension], seen: &Seen, threads: usize) -> Vec<Row> {
    let mut platforms: Vec<(String, Vec<Part>)> = Vec::new();
    for ((platform, levels), total) in state {
        match platforms.last_mut().filter(|(known, _)| *known == platform) {
            Some((_, parts)) => parts.push((levels, total)),
            None => platforms.push((platform, vec![(levels, total)])),
        }
    }
    let rows = spread(platforms, threads, |(platform, parts)| rows_of(&platform, parts, by, seen));
    rows.into_iter().flatten().collect()
}

/// The row of a platform as a whole, and those of its parts.
fn rows_of(platform: &str, parts: Vec<Part>, by: &[Dimension], seen: &Seen) -> Vec<Row> {
    let row = |levels: Option<Vec<String>>, total: Total| {
        let unseen = total.unseen(seen.by(platform, levels.as_deref()));
        row(platform, by, levels, total, unseen)
    };
    if by.is_empty() {
        return parts.into_iter().map(|(_, total)| row(None, total)).collect();
    }
    let mut whole = Total::default();
    parts.iter().for_each(|(_, total)| whole.absorb(total));
    let whole = row(None, whole);
    let parts = parts.into_iter().map(|(levels, total)| row(Some(levels), total));
    std::iter::once(whole).chain(parts).collect()
}

fn row(
    platform: &str,
    by: &[Dimension],
    levels: Option<Vec<String>>,
    mut total: Total,
    not_measured: Vec<&'static str>,
) -> Row {
    let names = by.iter().map(|dimension| dimension.name());
    let by = match levels {
        Some(levels) => names.zip(levels.into_iter().map(Some)).collect(),
        None => names.map(|name| (name, None)).collect(),
    };
    let told = |name: &str, number: u64| (!not_measured.contains(&name)).then_some(number);
    let share = |x: Option<u64>, n: u64| {
        let estimate = proportion::wilson(x? as f64, n as f64, LEVEL);
        Some([estimate.lo?, estimate.hi?])
    };
    let [connected, first_try, undisturbed, completed] = [
        told("connected", total.connected),
        told("first_try", total.first_try),
        told("undisturbed", total.undisturbed),
        told("completed", total.completed),
    ];
    let intervals = BTreeMap::from([
        ("attempted", share(Some(total.attempted), total.consultations)),
        ("connected", share(connected, total.attempted)),
        ("first_try", share(first_try, total.attempted)),
        ("undisturbed", share(undisturbed, total.attempted)),
        ("completed", share(completed, total.attempted)),
    ]);
    Row {
        platform: platform.to_owned(),
        by,
        consultations: total.consultations,
        attempted: total.attempted,
        connected,
        first_try,
        undisturbed,
        completed,
        drops: told("drops", total.drops),
        audio_lost_ms: told("audio_lost_ms", total.audio_lost_ms),
        connected_ms: told("connected_ms", total.connected_ms),
        down_ms: told("down_ms", total.down_ms),
        connect_ms: quantiles(&mut total.connect_ms),
        first_drop_ms: quantiles(&mut total.first_drop_ms),
        intervals,
        not_measured,
    }
}

fn quantiles(values: &mut [u32]) -> BTreeMap<&'static str, Option<u32>> {
    let found = totals::quantiles(values);
    QUANTILES.iter().enumerate().map(|(i, (name, ..))| (*name, found.map(|found| found[i]))).collect()
}
