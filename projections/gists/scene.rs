//! The scene of a row: its circumstances, and the outcome that it amounts to.
//!
//! Rows that share levels, and whose sources see the same, share a *setting*, which is made once. Rows are
//! shown in order, so that what not every row has is found without a search.

mod settings;

use std::sync::Arc;

use event::{Context, Dimension, Role};

use super::{Column, Gists};
use crate::gist::{Flags, Gist, NO_TIME};
use crate::kept::dropped;
use crate::outcome::{Ending, JoinTime, Outcome, RowSight};
use settings::Settings;

/// How many settings are kept at hand.
const SETTINGS: usize = 1 << 18;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It does not count.
    Nothing,
    /// It is the scene's row, and in this setting.
    Plain(usize),
    /// It is the scene's other row.
    Aside,
}

/// Where in the lists by row a pass over the rows is, and the outcome that it shows.
pub(super) struct Scene<'a> {
    gists: &'a Gists,
    /// The columns that tell the circumstances.
    columns: Vec<&'a Column>,
    settings: Settings<'a>,
    drops: usize,
    joins: usize,
    said: usize,
    stages: usize,
    aside: usize,
    pub(super) row: Outcome,
    pub(super) other: Outcome,
}

impl<'a> Scene<'a> {
    /// The scene before that row, with the levels of the dimensions `wanted`.
    pub(super) fn at(gists: &'a Gists, row: u32, wanted: &[Dimension]) -> Self {
        let empty = Outcome::empty("", Arc::default(), RowSight::default());
        let columns: Vec<&Column> =
            gists.columns.iter().filter(|column| wanted.contains(&column.dimension)).collect();
        Self {
            gists,
            settings: Settings::of(&columns, &gists.sights),
            columns,
            drops: gists.drops.partition_point(|(of, _)| *of < row),
            joins: gists.joins.partition_point(|(of, _)| *of < row),
            said: gists.said.partition_point(|(of, _)| *of < row),
            stages: gists.stages.partition_point(|(of, _)| *of < row),
            aside: gists.aside.partition_point(|(of, _)| *of < row),
            row: empty.clone(),
            other: empty,
        }
    }

    /// The outcome of the next row, if it counts.
    pub(super) fn next(&mut self, number: usize, gist: &Gist) -> Option<&Outcome> {
        match self.show(number, gist) {
            Shown::Nothing => None,
            Shown::Aside => Some(&self.other),
            Shown::Plain(setting) => {
                let (context, sight) = self.settings.known(setting);
                (self.row.context, self.row.sight) = (Arc::clone(context), *sight);
                Some(&self.row)
            }
        }
    }

    /// Makes the next row's outcome, if it counts; a plain one without its setting.
    pub(super) fn show(&mut self, number: usize, gist: &Gist) -> Shown {
        let gists = self.gists;
        let drops = list(&gists.drops, &mut self.drops, number);
        let joins = list(&gists.joins, &mut self.joins, number);
        let said = list(&gists.said, &mut self.said, number);
        let stages = list(&gists.stages, &mut self.stages, number);
        let aside = list(&gists.aside, &mut self.aside, number);
        if !gist.counts() {
            return Shown::Nothing;
        }
        if gist.flags.has(Flags::ASIDE) {
            let Some((_, outcome)) = aside.first() else { return Shown::Nothing };
            self.other.clone_from(outcome);
            gists.coverage.apply(&mut self.other);
            return Shown::Aside;
        }
        let setting = self.set(number, gist.source);
        let row = &mut self.row;
        gist.tell(row);
        // Who gave up and came back has told a stage, too, and it is not that of the end.
        let stages = if gist.ending == Ending::Abandoned { stages } else { &[] };
        row.stage = stages.first().map(|(_, stage)| stage.as_ref().to_owned());
        row.drop_times.clear();
        row.join_ms.clear();
        row.ratings.clear();
        row.scores.clear();
        row.adequacy.clear();
        row.invitations.clear();
        row.anomalies.clear();
        row.drop_times.extend(drops.iter().map(|(_, drop)| dropped(drop.told())));
        for (_, ms) in joins {
            for (role, ms) in [Role::Patient, Role::Clinician].into_iter().zip(*ms) {
                if ms != NO_TIME {
                    row.join_ms.push(JoinTime { role, ms: i64::from(ms) });
                }
            }
        }
        said.iter().for_each(|(_, said)| said.clone().tell(row));
        Shown::Plain(setting)
    }

    /// The row of nothing but a setting.
    pub(super) fn bare(&self, setting: usize) -> Outcome {
        let (context, sight) = self.settings.known(setting);
        Outcome::empty("", Arc::clone(context), *sight)
    }

    /// Whether so many settings are at hand that they should be let go.
    pub(super) fn is_full(&self) -> bool {
        self.settings.count() >= SETTINGS
    }

    /// Lets go of all settings; their numbers are given anew.
    pub(super) fn forget(&mut self) {
        self.settings.forget();
    }

    /// The setting of a row: its circumstances, and what its sources and those that watch its place can tell.
    fn set(&mut self, number: usize, source: u32) -> usize {
        let (gists, columns) = (self.gists, &self.columns);
        self.settings.number(number, source, || {
            let told = Arc::new(context(columns, number));
            let mut row = Outcome::empty("", Arc::clone(&told), gists.sights[source as usize]);
            gists.coverage.apply(&mut row);
            (told, row.sight)
        })
    }
}

/// The circumstances of a row, as far as these columns tell.
pub(super) fn context(columns: &[&Column], row: usize) -> Context {
    columns.iter().filter_map(|column| Some((column.dimension, Arc::clone(column.get(row)?)))).collect()
}

/// The entries of a list by row that are those of row `number`.
fn list<'a, T>(list: &'a [(u32, T)], place: &mut usize, number: usize) -> &'a [(u32, T)] {
    let begin = *place;
    while list.get(*place).is_some_and(|(row, _)| *row as usize <= number) {
        *place += 1;
    }
    &list[begin..*place]
}
