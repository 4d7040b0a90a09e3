//! Who is compared with whom: units that switched in the same period, beside those that had not switched then.
//!
//! Each period in which units switched makes a stack of its own, with the cells of those units and the cells that
//! others have on the old platform; a unit that stayed can stand in several. What is compared within a stack is then
//! never a unit that switched with one that had done so before. It counts and sorts; it estimates nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::two_way::Row;
use super::{Cell, Design, Platform};
use crate::stats::status::Reason;

/// All cells, added up by unit and period, with the switch of each unit that has one.
pub(super) struct Panel {
    cells: BTreeMap<(u64, i64), (u64, u64)>,
    switches: BTreeMap<u64, i64>,
}

/// The stacks of one comparison, and what they hold.
pub(super) struct Sample {
    pub(super) design: Design,
    pub(super) stacks: Vec<Vec<Row>>,
    pub(super) switched: u64,
    pub(super) stayed: u64,
    /// Units on either side; one that stayed in one stack may have switched in another.
    pub(super) clusters: u64,
    pub(super) n: u128,
    pub(super) x: u128,
}

/// Which cells of a unit that switches take part, and how strongly the switch acts in them.
type Treated<'a> = &'a dyn Fn(i64) -> Option<f64>;

impl Panel {
    pub(super) fn new(cells: &[Cell]) -> Result<Self, Reason> {
        if cells.iter().any(|cell| cell.x > cell.n) {
            return Err(Reason::InconsistentCounts);
        }
        let used = || cells.iter().filter(|cell| cell.n > 0);
        let mut switches: BTreeMap<u64, i64> = BTreeMap::new();
        for cell in used().filter(|cell| cell.platform == Platform::New) {
            let first = switches.entry(cell.unit).or_insert(cell.period);
            *first = cell.period.min(*first);
        }
        let mut sums: BTreeMap<(u64, i64), (u64, u64)> = BTreeMap::new();
        for cell in used() {
            let back = switches.get(&cell.unit).is_some_and(|first| cell.period >= *first);
            if back && cell.platform == Platform::Old {
                continue;
            }
            let sum = sums.entry((cell.unit, cell.period)).or_default();
            let added = sum.0.checked_add(cell.n).filter(|n| *n <= i64::MAX as u64);
            *sum = (added.ok_or(Reason::TooLarge)?, sum.1 + cell.x);
        }
        if sums.is_empty() { Err(Reason::NoData) } else { Ok(Self { cells: sums, switches }) }
    }

    /// Units that used the new platform at all.
    pub(super) fn switches(&self) -> u64 {
        self.switches.len() as u64
    }

    /// The cells before and after each switch.
    pub(super) fn around_switch(&self) -> Sample {
        self.sample(&|since| Some(if since >= 0 { 1.0 } else { 0.0 }))
    }

    /// The cells of one period relative to the switch, and those of the last one before it.
    pub(super) fn at(&self, wanted: i64) -> Sample {
        self.sample(&|since| match since {
            -1 => Some(0.0),
            _ if since == wanted => Some(1.0),
            _ => None,
        })
    }

    /// The cells before each switch, by how many periods they lie before it.
    pub(super) fn before_switch(&self) -> Sample {
        self.sample(&|since| (since < 0).then_some(since as f64))
    }

    /// The periods relative to the switch in which some unit was observed, without the one they are compared with.
    pub(super) fn relative_periods(&self) -> BTreeSet<i64> {
        let since = |(unit, period): &(u64, i64)| period.checked_sub(*self.switches.get(unit)?);
        self.cells.keys().filter_map(since).filter(|since| *since != -1).collect()
    }

    /// The stacks that have a control, or if none has, all of them without.
    fn sample(&self, treated: Treated) -> Sample {
        let starts: BTreeSet<i64> = self.switches.values().copied().collect();
        let stacks: Vec<(Vec<Row>, Vec<Row>)> = starts
            .into_iter()
            .map(|start| (self.switching(start, treated), self.staying(start, treated)))
            .collect();
        let controlled =
            |(switching, staying): &&(Vec<Row>, Vec<Row>)| !switching.is_empty() && !staying.is_empty();
        let with: Vec<_> = stacks.iter().filter(controlled).cloned().collect();
        if with.is_empty() {
            let without = stacks.into_iter().map(|(switching, _)| (switching, Vec::new())).collect();
            return self.finish(Design::BeforeAfter, without);
        }
        self.finish(Design::ConcurrentControl, with)
    }

    /// The rows of units that switched in period `start`, of those that show a change.
    fn switching(&self, start: i64, treated: Treated) -> Vec<Row> {
        let row = |unit: u64, period: i64| {
            let acts = treated(period.checked_sub(start)?)?;
            (self.switches.get(&unit) == Some(&start)).then_some(acts)
        };
        changing(self.rows(row), |row| row.acts)
    }

    /// The rows of units that had not switched, in the periods that those of `start` are compared over.
    fn staying(&self, start: i64, treated: Treated) -> Vec<Row> {
        let acts = |period: i64| treated(period.checked_sub(start)?);
        let row = |unit: u64, period: i64| {
            acts(period)?;
            let stays = self.switches.get(&unit).is_none_or(|first| period < *first && *first > start);
            stays.then_some(0.0)
        };
        changing(self.rows(row), |row| acts(row.period).unwrap_or(0.0))
    }

    fn rows(&self, acts: impl Fn(u64, i64) -> Option<f64>) -> Vec<Row> {
        let row = |(&(unit, period), &(n, x)): (&(u64, i64), &(u64, u64))| {
            Some(Row { unit, period, acts: acts(unit, period)?, n: n as f64, x: x as f64 })
        };
        self.cells.iter().filter_map(row).collect()
    }

    fn finish(&self, design: Design, stacks: Vec<(Vec<Row>, Vec<Row>)>) -> Sample {
        let units = |rows: Vec<&Row>| rows.into_iter().map(|row| row.unit).collect::<BTreeSet<u64>>();
        let switched = units(stacks.iter().flat_map(|(switching, _)| switching).collect());
        let stayed = units(stacks.iter().flat_map(|(_, staying)| staying).collect());
        let stacks: Vec<Vec<Row>> =
            stacks.into_iter().map(|(switching, staying)| [switching, staying].concat()).collect();
        let cells: BTreeSet<(u64, i64)> = stacks.iter().flatten().map(|row| (row.unit, row.period)).collect();
        let counts = || cells.iter().filter_map(|cell| self.cells.get(cell));
        Sample {
            design,
            switched: switched.len() as u64,
            stayed: stayed.len() as u64,
            clusters: switched.union(&stayed).count() as u64,
            n: counts().map(|(n, _)| u128::from(*n)).sum(),
            x: counts().map(|(_, x)| u128::from(*x)).sum(),
            stacks,
        }
    }
}

/// The rows of the units in which `what` takes more than one value: the others show no change.
fn changing(rows: Vec<Row>, what: impl Fn(&Row) -> f64) -> Vec<Row> {
    let same_unit = |a: &Row, b: &Row| a.unit == b.unit;
    let changes = |rows: &&[Row]| rows.iter().zip(rows.iter().skip(1)).any(|(a, b)| what(a) != what(b));
    rows.chunk_by(same_unit).filter(changes).flatten().copied().collect()
}
