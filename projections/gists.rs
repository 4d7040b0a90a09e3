//! Many gists, column by column, and what of their outcomes does not fit into them.
//!
//! A gist is numbers; its circumstances are numbers of levels in columns beside it, of the dimensions
//! that were asked for. What people said, when drops came and how long they
//! lasted, and the outcomes of consultations that
//! are not plain lie in lists by row. Whoever folds sees outcomes, one after the other in one piece of
//! memory, without names of consultations and without what no measure asks for.

mod scene;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use event::{Context, Dimension, NOT_RECORDED, Time};

use crate::coverage::Coverage;
use crate::gist::{DropSpan, Flags, Gist};
use crate::outcome::{Outcome, RowSight};
use crate::projection::Projection;
use crate::reading::feedback::Said;
use scene::{Scene, Shown};
pub use whole::Told;

/// The gists of one piece of a log. Rows of consultations that were read elsewhere are void.
#[derive(Debug, Default)]
pub struct Gists {
    /// One for each consultation.
    pub rows: Vec<Gist>,
    /// The dimensions that were asked for.
    pub columns: Vec<Column>,
    /// By row: each counted drop, in order.
    pub drops: Vec<(u32, DropSpan)>,
    /// By row: from opening the link to joining, of patient and clinician, in ms.
    pub joins: Vec<(u32, [u32; 2])>,
    /// By row, what people said.
    pub said: Vec<(u32, Said)>,
    /// By row, at which stage a consultation was given up, where that was told.
    pub stages: Vec<(u32, Arc<str>)>,
    /// By row, the outcomes of those that are not plain.
    pub aside: Vec<(u32, Outcome)>,
    /// What each source can tell, by number.
    pub sights: Vec<RowSight>,
    /// What is watched by sources beside the rows they speak of.
    pub coverage: Coverage,
}

/// The levels of one dimension, by row.
#[derive(Debug)]
pub struct Column {
    /// Which one.
    pub dimension: Dimension,
    /// The levels, by number less one.
    pub levels: Vec<Arc<str>>,
    /// By row: 0 not told, else the number of its level.
    pub level: Vec<u32>,
}

impl Column {
    /// The number of a level, which is a new one if it is not known yet.
    pub fn number(&mut self, level: &str) -> u32 {
        let known = self.levels.iter().position(|known| &**known == level);
        let place = known.unwrap_or_else(|| {
            self.levels.push(Arc::from(level));
            self.levels.len() - 1
        });
        place as u32 + 1
    }

    /// The level of a row, if one was told.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        self.levels.get((*self.level.get(row)? as usize).wrapping_sub(1))
    }
}

impl Gists {
    /// Notes of every row whether it is over by `until`, and returns those that are not.
    pub fn close(&mut self, until: Time) -> Vec<u32> {
        let rows = 0..self.rows.len() as u32;
        rows.filter(|row| self.is_open_by(*row, until)).collect()
    }

    /// Whether a row is not over by `until`, which is noted; one that is void is neither.
    pub fn is_open_by(&mut self, row: u32, until: Time) -> bool {
        let gist = &mut self.rows[row as usize];
        let open = !gist.flags.has(Flags::VOID) && !gist.is_over(until);
        let flags = gist.flags.without(Flags::OPEN).with_if(open, Flags::OPEN);
        if flags != gist.flags {
            gist.flags = flags;
        }
        open
    }

    /// Makes void what began at `end` or later; where nobody tried to get in, what last happened then.
    pub fn void_from(&mut self, end: Time) {
        let Self { rows, aside, .. } = self;
        let aside: BTreeMap<u32, Option<Time>> =
            aside.iter().map(|(row, outcome)| (*row, outcome.began_at)).collect();
        for (number, gist) in rows.iter_mut().enumerate() {
            let began = aside.get(&(number as u32)).copied().unwrap_or_else(|| gist.began.at());
            if began.map_or(gist.last_ms, Time::ms) >= end.ms() {
                gist.flags = gist.flags.without(Flags::OPEN).with(Flags::VOID);
            }
        }
    }

    /// Takes in the rows of another piece, which has the same columns; `sources` are the numbers here of
    /// the sources there.
    pub fn append(&mut self, next: Self, sources: &[u32]) {
        let before = self.rows.len() as u32;
        let moved = |gist: Gist| Gist { source: sources[gist.source as usize], ..gist };
        self.rows.extend(next.rows.into_iter().map(moved));
        for (column, next) in self.columns.iter_mut().zip(next.columns) {
            let known: BTreeMap<Arc<str>, u32> = column.levels.iter().cloned().zip(1..).collect();
            let mut number = |level: Arc<str>| match known.get(&level) {
                Some(number) => *number,
                None => {
                    column.levels.push(level);
                    column.levels.len() as u32
                }
            };
            let numbers: Vec<u32> =
                std::iter::once(0).chain(next.levels.into_iter().map(&mut number)).collect();
            column.level.extend(next.level.into_iter().map(|level| numbers[level as usize]));
        }
        shift(&mut self.drops, next.drops, before);
        shift(&mut self.joins, next.joins, before);
        shift(&mut self.said, next.said, before);
        shift(&mut self.stages, next.stages, before);
        shift(&mut self.aside, next.aside, before);
    }

    /// The column of a dimension, if it was asked for.
    #[must_use]
    pub fn column(&self, dimension: Dimension) -> Option<&Column> {
        self.columns.iter().find(|column| column.dimension == dimension)
    }

    /// The levels of a dimension that rows have, with [`NOT_RECORDED`] where one has none.
    #[must_use]
    pub fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        let aside = self.aside_rows().map(|row| row.context.level(dimension).to_owned());
        let mut found: BTreeSet<String> = aside.collect();
        let counts = Gist::is_plain;
        if let Some(column) = self.column(dimension) {
            let mut seen = vec![false; column.levels.len() + 1];
            let levels = self.rows.iter().zip(&column.level).filter(|(row, _)| counts(row));
            levels.for_each(|(_, level)| seen[*level as usize] = true);
            let names = std::iter::once(NOT_RECORDED).chain(column.levels.iter().map(|level| &**level));
            found.extend(names.zip(seen).filter(|(_, seen)| *seen).map(|(name, _)| name.to_owned()));
        } else if self.rows.iter().any(counts) {
            found.insert(NOT_RECORDED.to_owned());
        }
        found
    }

    /// The outcomes that are not plain, of consultations that are over.
    pub fn aside_rows(&self) -> impl Iterator<Item = &Outcome> {
        let counts = |row: u32| self.rows[row as usize].counts();
        self.aside.iter().filter(move |(row, _)| counts(*row)).map(|(_, outcome)| outcome)
    }

    /// What the sources of these rows watch beside them.
    #[must_use]
    pub fn covered(&self) -> Coverage {
        let (platform, organisation) =
            (self.column(Dimension::Platform), self.column(Dimension::Organisation));
        let level = |column: Option<&Column>, row: usize| column.map_or(0, |column| column.level[row]);
        let mut seen: BTreeMap<(u32, (u32, u32)), (usize, u64)> = BTreeMap::new();
        let mut note = |source: u32, (place, row, rows): Run| {
            seen.entry((source, place)).or_insert((row, 0)).1 += rows;
        };
        // Rows of one source are mostly of one place: those that follow each other are noted once.
        let mut last: Vec<Option<Run>> = vec![None; self.sights.len()];
        for (number, row) in self.rows.iter().enumerate().filter(|(_, row)| row.is_plain()) {
            let place = (level(platform, number), level(organisation, number));
            match &mut last[row.source as usize] {
                Some((known, _, rows)) if *known == place => *rows += 1,
                last => {
                    if let Some(run) = last.replace((place, number, 1)) {
                        note(row.source, run);
                    }
                }
            }
        }
        last.into_iter().zip(0..).for_each(|(run, source)| {
            run.into_iter().for_each(|run| note(source, run));
        });
        let mut coverage = Coverage::default();
        let mut scratch = Outcome::empty("", Arc::default(), RowSight::default());
        for (row, rows) in seen.into_values() {
            scratch.context = Arc::new(self.context(row));
            scratch.sight = self.sights[self.rows[row].source as usize];
            coverage.add_many(&scratch, rows);
        }
        self.aside_rows().for_each(|row| coverage.add(row));
        coverage
    }

    /// The outcome of one row; none where it does not count. To see all of them, use [`Self::each`].
    #[must_use]
    pub fn outcome(&self, row: u32) -> Option<Outcome> {
        let gist = self.rows.get(row as usize)?;
        Scene::at(self, row, &Dimension::ALL).next(row as usize, gist).cloned()
    }

    /// The circumstances of a row, as far as they were asked for.
    #[must_use]
    pub fn context(&self, row: usize) -> Context {
        scene::context(&self.columns.iter().collect::<Vec<_>>(), row)
    }

    /// Shows every outcome, those of consultations that are not plain among them, row by row.
    pub fn each(&self, show: impl FnMut(&Outcome)) {
        self.each_of(0..self.rows.len() as u32, show);
    }

    /// Shows the outcomes of some rows.
    pub fn each_of(&self, rows: Range<u32>, mut show: impl FnMut(&Outcome)) {
        self.each_numbered(rows, |_, row| show(row));
    }

    /// Shows the outcomes of some rows, with their numbers.
    pub fn each_numbered(&self, rows: Range<u32>, mut show: impl FnMut(u32, &Outcome)) {
        let mut scene = Scene::at(self, rows.start, &Dimension::ALL);
        for number in rows {
            let gist = &self.rows[number as usize];
            if let Some(row) = scene.next(number as usize, gist) {
                show(number, row);
            }
            if scene.is_full() {
                scene.forget();
            }
        }
    }

    /// Folds every outcome into a projection: what rows of one setting add is gathered, and poured into
    /// the state at once.
    #[must_use]
    pub fn fold<P: Projection>(&self, projection: &P) -> P::State {
        // What is watched beside a row is told by platform and organisation.
        let mut wanted = vec![Dimension::Platform, Dimension::Organisation];
        wanted.extend(projection.dimensions());
        let (mut state, mut scene) = (P::State::default(), Scene::at(self, 0, &wanted));
        let mut trays: Vec<P::Tray> = Vec::new();
        let pour = |trays: &mut Vec<P::Tray>, scene: &Scene<'_>, state: &mut P::State| {
            for (setting, tray) in trays.drain(..).enumerate() {
                projection.pour(&scene.bare(setting), tray, state);
            }
        };
        for (number, gist) in self.rows.iter().enumerate() {
            match scene.show(number, gist) {
                Shown::Nothing => {}
                Shown::Aside => projection.add(&scene.other, &mut state),
                Shown::Plain(setting) => {
                    if setting >= trays.len() {
                        trays.resize_with(setting + 1, P::Tray::default);
                    }
                    projection.gather(&scene.row, &mut trays[setting]);
                }
            }
            if scene.is_full() {
                pour(&mut trays, &scene, &mut state);
                scene.forget();
            }
        }
        pour(&mut trays, &scene, &mut state);
        state
    }
}

/// Rows of one source that follow each other in one place: platform and organisation, the first row, how many.
type Run = ((u32, u32), usize, u64);

/// Puts the entries of another list by row behind those of the first; its rows lie behind `before` others.
fn shift<T>(list: &mut Vec<(u32, T)>, next: Vec<(u32, T)>, before: u32) {
    list.extend(next.into_iter().map(|(row, entry)| (row + before, entry)));
}
