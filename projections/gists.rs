//! Many gists, column by column, and what of their outcomes does not fit into them.
//!
//! A gist is numbers; its circumstances are numbers of levels in columns beside it, of the dimensions
//! that were asked for. What people said, how long returns took, and the outcomes of consultations that
//! are not plain lie in lists by row. Whoever folds sees outcomes, one after the other in one piece of
//! memory, without names of consultations and without what no measure asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use event::{Context, Dimension, NOT_RECORDED, Role, Time};

use crate::coverage::Coverage;
use crate::gist::{Flags, Gist, NO_TIME};
use crate::outcome::{Disturbance, JoinTime, Outcome, RowSight};
use crate::projection::Projection;
use crate::reading::feedback::Said;

/// How many different circumstances are kept at hand.
const CONTEXTS: usize = 1 << 14;

/// The gists of one piece of a log. Rows of consultations in progress and of those read elsewhere are void.
#[derive(Debug, Default)]
pub struct Gists {
    /// One for each consultation.
    pub rows: Vec<Gist>,
    /// The dimensions that were asked for.
    pub columns: Vec<Column>,
    /// How long each counted drop with a return lasted, in ms: of each row as many as have recovered.
    pub returns: Vec<u32>,
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
    /// Leaves out the rows that are not over by `until` and returns them.
    pub fn close(&mut self, until: Time) -> Vec<u32> {
        let mut open = Vec::new();
        for (number, row) in self.rows.iter_mut().enumerate() {
            if row.counts() && !row.is_over(until) {
                row.flags = row.flags.with(Flags::VOID);
                open.push(number as u32);
            }
        }
        open
    }

    /// The column of a dimension, if it was asked for.
    #[must_use]
    pub fn column(&self, dimension: Dimension) -> Option<&Column> {
        self.columns.iter().find(|column| column.dimension == dimension)
    }

    /// The levels of a dimension that rows have, with [`NOT_RECORDED`] where one has none.
    #[must_use]
    pub fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        let aside = self.aside.iter().map(|(_, row)| row.context.level(dimension).to_owned());
        let mut found: BTreeSet<String> = aside.collect();
        let counts = Gist::counts;
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

    /// What the sources of these rows watch beside them.
    #[must_use]
    pub fn covered(&self) -> Coverage {
        let (platform, organisation) =
            (self.column(Dimension::Platform), self.column(Dimension::Organisation));
        let level = |column: Option<&Column>, row: usize| column.map_or(0, |column| column.level[row]);
        let mut seen = BTreeMap::new();
        // Rows of one source are mostly of one place: that is looked up once.
        let mut last = vec![None; self.sights.len()];
        for (number, row) in self.rows.iter().enumerate().filter(|(_, row)| row.counts()) {
            let place = (level(platform, number), level(organisation, number));
            if last[row.source as usize].replace(place) != Some(place) {
                seen.entry((row.source, place)).or_insert(number);
            }
        }
        let mut coverage = Coverage::default();
        let mut scratch = Outcome::empty("", Arc::default(), RowSight::default());
        for number in seen.into_values() {
            scratch.context = Arc::new(self.context(number));
            scratch.sight = self.sights[self.rows[number].source as usize];
            coverage.add(&scratch);
        }
        self.aside.iter().for_each(|(_, row)| coverage.add(row));
        coverage
    }

    /// The circumstances of a row, as far as they were asked for.
    #[must_use]
    pub fn context(&self, row: usize) -> Context {
        let told = |column: &Column| Some((column.dimension, Arc::clone(column.get(row)?)));
        self.columns.iter().filter_map(told).collect()
    }

    /// Shows every outcome, those of consultations that are not plain among them, row by row.
    pub fn each(&self, mut show: impl FnMut(&Outcome)) {
        let mut scene = Scene::new(self);
        for (number, gist) in self.rows.iter().enumerate() {
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

    /// The outcome of the next row; none where it is void.
    fn next(&mut self, number: usize, gist: &Gist) -> Option<&Outcome> {
        let gists = self.gists;
        let returns = self.returns;
        self.returns += usize::from(gist.recovered_drops);
        let joins = list(&gists.joins, &mut self.joins, number);
        let said = list(&gists.said, &mut self.said, number);
        let stages = list(&gists.stages, &mut self.stages, number);
        let aside = list(&gists.aside, &mut self.aside, number);
        if gist.flags.has(Flags::VOID) {
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
        for ms in &gists.returns[returns..self.returns] {
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

/// The entries of a list by row that are those of row `number`.
fn list<'a, T>(list: &'a [(u32, T)], place: &mut usize, number: usize) -> &'a [(u32, T)] {
    let begin = *place;
    while list.get(*place).is_some_and(|(row, _)| *row as usize <= number) {
        *place += 1;
    }
    &list[begin..*place]
}
