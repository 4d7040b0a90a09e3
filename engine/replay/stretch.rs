//! What is kept of a stretch of the log: a row for every consultation, and where its events lie.

use std::collections::HashMap;
use std::sync::Arc;

use event::{Dimension, KindSet, NOT_RECORDED, Time};
use projections::gist::{Flags, Gist};
use projections::gists::Gists;
use projections::source::Sight;

use super::book::Book;
use crate::log::Position;

/// What was read of one stretch.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) gists: Gists,
    /// By row: the digest of the consultation's name.
    pub(super) digests: Vec<u64>,
    /// By row: how many blocks after that of its birth its last event lies; 255 for so many and more.
    pub(super) reach: Vec<u8>,
    /// By block: its first and last position, and the number of the first consultation born in it.
    pub(super) blocks: Vec<(Position, Position, u32)>,
    /// Rows that must be read again.
    pub(super) again: Vec<u32>,
    /// Rows of consultations that are not over.
    pub(super) going_on: Vec<u32>,
    /// What each source sent.
    pub(super) sent: Vec<KindSet>,
    /// By number: who recorded.
    pub(super) sources: Vec<Arc<str>>,
    pub(super) newest: Time,
    /// Whether a source declared in a block of which the list of blocks does not say so.
    pub(super) undeclared_block: Option<Position>,
}

impl Default for Stretch {
    fn default() -> Self {
        Self {
            gists: Gists::default(),
            digests: Vec::new(),
            reach: Vec::new(),
            blocks: Vec::new(),
            again: Vec::new(),
            going_on: Vec::new(),
            sent: Vec::new(),
            sources: Vec::new(),
            newest: Time::MIN,
            undeclared_block: None,
        }
    }
}

impl Stretch {
    /// How many consultations its rows stand for.
    pub(super) fn consultations(&self) -> usize {
        self.gists.rows.iter().filter(|row| !row.flags.has(Flags::VOID)).count()
    }

    pub(super) fn gist(&self, row: u32) -> &Gist {
        &self.gists.rows[row as usize]
    }

    pub(super) fn gist_mut(&mut self, row: u32) -> &mut Gist {
        &mut self.gists.rows[row as usize]
    }

    /// Whether a row stands for nothing.
    pub(super) fn is_void(&self, row: u32) -> bool {
        self.gist(row).flags.has(Flags::VOID)
    }

    /// Takes a row out of the count; what else is kept of it is passed over.
    pub(super) fn void(&mut self, row: u32) {
        let gist = self.gist_mut(row);
        gist.flags = gist.flags.with(Flags::VOID);
    }

    /// The positions among which all events of a row lie.
    pub(super) fn range_of(&self, row: u32) -> (Position, Position) {
        let born = self.blocks.partition_point(|(_, _, first)| *first <= row) - 1;
        let last = match self.reach[row as usize] {
            u8::MAX => self.blocks.len() - 1,
            reach => born + usize::from(reach),
        };
        (self.blocks[born].0, self.blocks[last].1)
    }

    /// Notes what its sources can tell.
    pub(super) fn see(&mut self, book: &Book) {
        let sight = |name: &Arc<str>| book.sight(name).map(Sight::row).unwrap_or_default();
        self.gists.sights = self.sources.iter().map(sight).collect();
    }

    /// Gives rows that tell no platform that of their source.
    pub(super) fn fill_platforms(&mut self, book: &Book) {
        let gists = &mut self.gists;
        let Some(column) = gists.columns.iter_mut().find(|column| column.dimension == Dimension::Platform)
        else {
            return;
        };
        let number = |name: &Arc<str>| {
            let platform = book.sight(name).and_then(|sight| sight.platform.as_deref());
            platform.map_or(0, |platform| column.number(platform))
        };
        let numbers: Vec<u32> = self.sources.iter().map(number).collect();
        for (level, row) in column.level.iter_mut().zip(&gists.rows) {
            if *level == 0 && !row.flags.has(Flags::ASIDE) {
                *level = numbers[row.source as usize];
            }
        }
    }

    /// The platform of a row.
    pub(super) fn platform(&self, row: u32) -> &str {
        let aside = self.gists.aside.binary_search_by_key(&row, |(of, _)| *of);
        let told = match (self.gist(row).flags.has(Flags::ASIDE), aside) {
            (true, Ok(place)) => self.gists.aside[place].1.context.get(Dimension::Platform),
            _ => {
                let column = self.gists.column(Dimension::Platform);
                column.and_then(|column| column.get(row as usize)).map(|level| &**level)
            }
        };
        told.unwrap_or(NOT_RECORDED)
    }

    /// Takes in the rows of the stretch behind it, which has the same columns.
    pub(super) fn append(&mut self, next: Self) {
        let before = self.gists.rows.len() as u32;
        let sources = numbers_in(&mut self.sources, &next.sources);
        self.sent.resize(self.sources.len(), KindSet::NONE);
        for (source, sent) in sources.iter().zip(next.sent) {
            let known = &mut self.sent[*source as usize];
            *known = known.or(sent);
        }
        self.gists.append(next.gists, &sources);
        self.digests.extend(next.digests);
        self.reach.extend(next.reach);
        self.blocks.extend(next.blocks.into_iter().map(|(first, last, row)| (first, last, row + before)));
        self.going_on.extend(next.going_on.into_iter().map(|row| row + before));
        self.newest = self.newest.max(next.newest);
    }
}

/// The numbers in `texts` of all that are in `more`; what is missing is added.
fn numbers_in(texts: &mut Vec<Arc<str>>, more: &[Arc<str>]) -> Vec<u32> {
    let mut known: HashMap<Arc<str>, u32> = texts.iter().cloned().zip(0..).collect();
    let mut number = |text: &Arc<str>| {
        *known.entry(Arc::clone(text)).or_insert_with(|| {
            texts.push(Arc::clone(text));
            texts.len() as u32 - 1
        })
    };
    more.iter().map(&mut number).collect()
}
