//! Many gists, column by column, and what of their outcomes does not fit into them.
//!
//! A gist is numbers; its circumstances are numbers of levels in columns beside it, of the dimensions
//! that were asked for. What people said, how long returns took, and the outcomes of consultations that
//! are not plain lie in lists by row. Whoever folds sees outcomes, one after the other in one piece of
//! memory, without names of consultations and without what no measure asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use event::{Context, Dimension, NOT_RECORDED, Role, Time};

use crate::coverage::Coverage;
use crate::gist::{Flags, Gist, NO_TIME};
use crate::outcome::{Disturbance, JoinTime, Outcome, RowSight};
use crate::projection::Projection;
use crate::reading::feedback::Said;

/// How many different circumstances are kept at hand.
const CONTEXTS: usize = 1 << 14;

/// The gists of one piece of a log. Rows of consultations that were read elsewhere are void.
#[derive(Debug, Default)]
pub struct Gists {
    /// One for each consultation.
    pub rows: Vec<Gist>,
    /// The dimensions that were asked for.
    pub columns: Vec<Column>,
    /// By row: how long each counted drop with a return lasted, in ms.
    pub returns: Vec<(u32, u32)>,
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
        shift(&mut self.returns, next.returns, before);
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
        let mut note = |source: u32, (place, row, rows): (_, usize, u64)| {
            seen.entry((source, place)).or_insert((row, 0)).1 += rows;
        };
        // Rows of one source are mostly of one place: those that follow each other are noted once.
        let mut last: Vec<Option<((u32, u32), usize, u64)>> = vec![None; self.sights.len()];
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
        Scene::at(self, row).next(row as usize, gist).cloned()
    }

    /// The circumstances of a row, as far as they were asked for.
    #[must_use]
    pub fn context(&self, row: usize) -> Context {
        let told = |column: &Column| Some((column.dimension, Arc::clone(column.get(row)?)));
        self.columns.iter().filter_map(told).collect()
    }

    /// Shows every outcome, those of consultations that are not plain among them, row by row.
    pub fn each(&self, show: impl FnMut(&Outcome)) {
        self.each_of(0..self.rows.len() as u32, show);
    }

    /// Shows the outcomes of some rows.
    pub fn each_of(&self, rows: Range<u32>, mut show: impl FnMut(&Outcome)) {
        let mut scene = Scene::at(self, rows.start);
        let gists = &self.rows[rows.start as usize..rows.end as usize];
        for (number, gist) in (rows.start as usize..).zip(gists) {
            if let Some(row) = scene.next(number, gist) {
                show(row);
            }
        }
    }

    /// Folds every outcome into a projection.
    #[must_use]
    pub fn fold<P: Projection>(&self, projection: &P) -> P::State {
        let mut state = P::State::default();
        self.each(|row| projection.add(row, &mut state));
        state
    }
}

/// Where in the lists by row a pass over the rows is, and the outcome that it shows.
struct Scene<'a> {
    gists: &'a Gists,
    row: Outcome,
    contexts: BTreeMap<Box<[u32]>, Arc<Context>>,
    levels: Vec<u32>,
    /// What is known of rows of one source and these circumstances.
    sights: BTreeMap<(u32, Box<[u32]>), RowSight>,
    source: Option<u32>,
    returns: usize,
    joins: usize,
    said: usize,
    stages: usize,
    aside: usize,
    other: Outcome,
}

impl<'a> Scene<'a> {
    fn new(gists: &'a Gists) -> Self {
        let row = Outcome::empty("", Arc::default(), RowSight::default());
        let (contexts, levels, other) = (BTreeMap::new(), Vec::new(), row.clone());
        let (sights, source) = (BTreeMap::new(), None);
        let (returns, joins, said, stages, aside) = (0, 0, 0, 0, 0);
        Self { gists, row, contexts, levels, sights, source, returns, joins, said, stages, aside, other }
    }

    /// The scene before that row.
    fn at(gists: &'a Gists, row: u32) -> Self {
        Self {
            returns: gists.returns.partition_point(|(of, _)| *of < row),
            joins: gists.joins.partition_point(|(of, _)| *of < row),
            said: gists.said.partition_point(|(of, _)| *of < row),
            stages: gists.stages.partition_point(|(of, _)| *of < row),
            aside: gists.aside.partition_point(|(of, _)| *of < row),
            ..Self::new(gists)
        }
    }

    /// The outcome of the next row; none where it does not count.
    fn next(&mut self, number: usize, gist: &Gist) -> Option<&Outcome> {
        let gists = self.gists;
        let returns = list(&gists.returns, &mut self.returns, number);
        let joins = list(&gists.joins, &mut self.joins, number);
        let said = list(&gists.said, &mut self.said, number);
        let stages = list(&gists.stages, &mut self.stages, number);
        let aside = list(&gists.aside, &mut self.aside, number);
        if !gist.counts() {
            return None;
        }
        if gist.flags.has(Flags::ASIDE) {
            self.other.clone_from(&aside.first()?.1);
            gists.coverage.apply(&mut self.other);
            return Some(&self.other);
        }
        self.set_scene(number, gist.source);
        let row = &mut self.row;
        gist.tell(row);
        row.stage = None;
        row.drop_times.clear();
        row.join_ms.clear();
        row.ratings.clear();
        row.scores.clear();
        row.adequacy.clear();
        row.invitations.clear();
        row.anomalies.clear();
        for (_, ms) in returns {
            let (at, over_at) = (Time::from_ms(0), Some(Time::from_ms(i64::from(*ms))));
            row.drop_times.push(Disturbance { at, over_at });
        }
        for (role, ms) in
            joins.iter().flat_map(|(_, ms)| [Role::Patient, Role::Clinician].into_iter().zip(*ms))
        {
            if ms != NO_TIME {
                row.join_ms.push(JoinTime { role, ms: i64::from(ms) });
            }
        }
        said.iter().for_each(|(_, said)| said.clone().tell(row));
        row.stage = stages.first().map(|(_, stage)| stage.as_ref().to_owned());
        Some(row)
    }
}

impl Scene<'_> {
    /// Gives the row its circumstances, and what its sources and those that watch its place can tell.
    fn set_scene(&mut self, number: usize, source: u32) {
        let columns = &self.gists.columns;
        let same = self.source == Some(source)
            && columns.iter().zip(&self.levels).all(|(column, level)| column.level[number] == *level);
        if same {
            return;
        }
        self.source = Some(source);
        self.levels.clear();
        self.levels.extend(columns.iter().map(|column| column.level[number]));
        if self.contexts.len() >= CONTEXTS || self.sights.len() >= CONTEXTS {
            self.contexts.clear();
            self.sights.clear();
        }
        let gists = self.gists;
        let context = self
            .contexts
            .entry(self.levels.as_slice().into())
            .or_insert_with(|| Arc::new(gists.context(number)));
        let row = &mut self.row;
        row.context = Arc::clone(context);
        row.sight = *self.sights.entry((source, self.levels.as_slice().into())).or_insert_with(|| {
            row.sight = gists.sights[source as usize];
            gists.coverage.apply(row);
            row.sight
        });
    }
}

/// Puts the entries of another list by row behind those of the first; its rows lie behind `before` others.
fn shift<T>(list: &mut Vec<(u32, T)>, next: Vec<(u32, T)>, before: u32) {
    list.extend(next.into_iter().map(|(row, entry)| (row + before, entry)));
}

/// The entries of a list by row that are those of row `number`.
fn list<'a, T>(list: &'a [(u32, T)], place: &mut usize, number: usize) -> &'a [(u32, T)] {
    let begin = *place;
    while list.get(*place).is_some_and(|(row, _)| *row as usize <= number) {
        *place += 1;
    }
    &list[begin..*place]
}
