//! The sheet of a log: a row for every consultation, as numbers, for whoever counts and compares.
//!
//! A comparison needs no names. Each thread turns a stretch of the log into gists; fragments meet; what is
//! not plain is read again by the whole reading. The sheet says of every question exactly what the
//! [`Table`](super::Table) of named rows says, and the tests hold the two together.

use std::collections::{BTreeMap, BTreeSet};

use event::{Dimension, Time};
use projections::coverage::Coverage;
use projections::gist::Flags;
use projections::gists::Gists;
use projections::parameters::Parameters;
use projections::projection::{Projection, State};
use projections::source::Sources;

use super::again::{ToRead, put_aside, read_again, to_read};
use super::book::{Book, declared};
use super::fragments::{bring_together, groups, repeated};
use super::gather::{Common, gather};
use super::rows::{About, Rows};
use super::stretch::Stretch;
use super::{ReplayError, Request, Watch, spread};
use crate::log::{Extent, Log, LogError, Position};

/// The most consultations of one sheet, unless its request says otherwise: it keeps all of them in memory.
pub const MOST_ROWS: usize = 100_000_000;

/// Dimensions without which no row can be read or placed.
const NEEDED: [Dimension; 3] = [Dimension::Platform, Dimension::Organisation, Dimension::Modality];

/// The rows of a replay as numbers, and how they were read.
#[derive(Debug)]
pub struct Sheet {
    pub(super) stretches: Vec<Stretch>,
    /// Consultations in progress, by platform.
    pub open: BTreeMap<String, u64>,
    /// How they were read.
    pub parameters: Parameters,
    /// The last position that was read.
    pub position: Position,
    /// Sources that never declared what they can see.
    pub undeclared: Vec<String>,
    /// The dimensions whose levels it has.
    pub(super) wanted: Vec<Dimension>,
    /// What is known of the sources.
    pub(super) sources: Sources,
    /// What is watched by sources beside the rows they speak of.
    pub(super) coverage: Coverage,
    /// How many rows stand for a consultation.
    pub(super) consultations: usize,
}

impl Rows for Sheet {
    fn fold<P>(&self, projection: &P, threads: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send,
    {
        let mut whole = P::State::default();
        let states = spread(self.parts(), threads, |part| part.fold(projection));
        states.iter().for_each(|state| whole.absorb(state));
        whole
    }

    fn about(&self) -> About {
        let (parameters, position) = (self.parameters, self.position);
        About { parameters, position, in_progress: self.in_progress() }
    }
}

impl Sheet {
    /// The rows, stretch by stretch.
    pub fn parts(&self) -> impl Iterator<Item = &Gists> {
        self.stretches.iter().map(|stretch| &stretch.gists)
    }

    /// Lets go of the levels of all dimensions but `wanted` and those that are always needed.
    pub(super) fn leave_only(&mut self, wanted: &[Dimension]) {
        let wanted = with_needed(wanted);
        for stretch in &mut self.stretches {
            stretch.gists.columns.retain(|column| wanted.contains(&column.dimension));
        }
        self.wanted = wanted;
    }

    /// Tells what is seen of all stretches together: what their rows see, what is open, who never declared.
    pub(super) fn tell(&mut self, book: &Book) {
        for gists in self.stretches.iter_mut().map(|stretch| &mut stretch.gists) {
            if !gists.coverage.tells_as(&self.coverage) {
                gists.coverage = self.coverage.clone();
            }
        }
        self.open.clear();
        for stretch in &self.stretches {
            for row in &stretch.going_on {
                *self.open.entry(stretch.platform(*row).to_owned()).or_default() += 1;
            }
        }
        self.undeclared = book.undeclared();
    }

    /// Lets go of consultations that began at `end` or later; of those in which nobody tried to get in, by their
    /// last event.
    pub fn only_begun_before(&mut self, end: Time) {
        self.open.clear();
        for stretch in &mut self.stretches {
            stretch.gists.void_from(end);
            let Stretch { going_on, gists, .. } = stretch;
            going_on.retain(|row| gists.rows[*row as usize].flags.has(Flags::OPEN));
        }
        for stretch in &self.stretches {
            for row in &stretch.going_on {
                *self.open.entry(stretch.platform(*row).to_owned()).or_default() += 1;
            }
        }
    }

    /// The levels of a dimension that consultations which are over have, `not recorded` among them.
    #[must_use]
    pub fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.parts().flat_map(|part| part.levels(dimension)).collect()
    }

    /// The sources whose events it was made of, by name.
    #[must_use]
    pub fn source_names(&self) -> BTreeSet<&str> {
        self.stretches.iter().flat_map(|stretch| stretch.sources.iter().map(AsRef::as_ref)).collect()
    }

    /// What is known of the sources.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What is watched by sources beside the rows they speak of.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// How many consultations are in progress.
    #[must_use]
    pub fn in_progress(&self) -> u64 {
        self.open.values().sum()
    }
}

/// Replays the log into gists with the levels of the dimensions `wanted`.
///
/// # Errors
/// When the log cannot be read or has too many consultations, or the watch says stop.
pub fn sheet(
    log: &Log,
    request: &Request,
    wanted: &[Dimension],
    watch: &Watch,
) -> Result<Sheet, ReplayError> {
    let (threads, wanted) = (request.threads(), with_needed(wanted));
    let extents = extents_to(log, Position::FIRST, request.head(log))?;
    let position = extents.last().map_or(Position::START, |extent| extent.last);
    let mut sources = Sources::default();
    declared(log, &extents, &mut sources)?;
    let book = Book::of(&sources);
    let common = Common::new(log, request, (&wanted, &book), watch);
    let stretches = gather_all(&common, &extents, (Position::FIRST, threads))?;
    finish(&common, stretches, sources, (request.until, threads, position))
}

/// The dimensions `wanted` and those that are always needed, each once.
pub(super) fn with_needed(wanted: &[Dimension]) -> Vec<Dimension> {
    let mut all: Vec<Dimension> = NEEDED.iter().chain(wanted).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Where the blocks lie that hold events from `first` to `last`, of the last block not more than that.
pub(super) fn extents_to(log: &Log, first: Position, last: Position) -> Result<Vec<Extent>, LogError> {
    let mut extents = log.extents(first..=last)?;
    if let Some(extent) = extents.last_mut() {
        extent.last = extent.last.min(last);
    }
    Ok(extents)
}

/// A stretch of about as many blocks for each thread, of what stands at `from` and behind it.
pub(super) fn gather_all(
    common: &Common<'_>,
    extents: &[Extent],
    (from, threads): (Position, usize),
) -> Result<Vec<Stretch>, ReplayError> {
    let each = extents.len().div_ceil(threads).max(1);
    let ranges =
        extents.chunks(each).map(|extents| extents[0].first.max(from)..=extents[extents.len() - 1].last);
    let stretches = spread(ranges, threads, |range| gather(common, range));
    let stretches = stretches.into_iter().collect::<Result<Vec<Stretch>, ReplayError>>()?;
    let unsaid = |stretch: &Stretch| {
        let block = stretch.undeclared_block?;
        let said =
            extents.iter().any(|extent| extent.declares && (extent.first..=extent.last).contains(&block));
        (!said).then_some(block)
    };
    match stretches.iter().find_map(unsaid) {
        None => Ok(stretches),
        Some(position) => {
            let what =
                "a source declares in it what it can see, and the list of blocks does not say so".to_owned();
            Err(LogError::Damaged { position, what }.into())
        }
    }
}

/// Brings the stretches together.
pub(super) fn finish(
    common: &Common<'_>,
    mut stretches: Vec<Stretch>,
    mut sources: Sources,
    (until, threads, position): (Option<Time>, usize, Position),
) -> Result<Sheet, ReplayError> {
    hear(&mut sources, &stretches);
    let groups = groups(&stretches, &repeated(&stretches, threads), threads);
    let again = bring_together(&mut stretches, groups);
    let consultations: usize = stretches.iter().map(Stretch::consultations).sum();
    if consultations > common.limit {
        return Err(ReplayError::TooMany { limit: common.limit });
    }
    let book = Book::of(&sources);
    read_aside(common, &mut stretches, &again, (&book, threads))?;
    let newest = newest_of(&stretches);
    let parameters = Parameters { until: until.unwrap_or(newest), ..common.parameters };
    let covered = spread(stretches.iter_mut(), threads, |stretch| {
        stretch.see(&book);
        stretch.fill_platforms(&book);
        stretch.going_on = stretch.gists.close(parameters.until);
        stretch.gists.covered()
    });
    let mut coverage = Coverage::default();
    covered.into_iter().for_each(|covered| coverage.merge(covered));
    let wanted = common.wanted.to_vec();
    let (open, undeclared) = (BTreeMap::new(), Vec::new());
    let mut sheet =
        Sheet { stretches, open, parameters, position, undeclared, wanted, sources, coverage, consultations };
    sheet.tell(&book);
    Ok(sheet)
}

/// Notes what the sources of these stretches sent.
pub(super) fn hear(sources: &mut Sources, stretches: &[Stretch]) {
    for (name, sent) in stretches.iter().flat_map(|stretch| stretch.sources.iter().zip(&stretch.sent)) {
        sources.sent(name, *sent);
    }
}

/// The newest instant of these stretches.
pub(super) fn newest_of(stretches: &[Stretch]) -> Time {
    stretches.iter().map(|stretch| stretch.newest).max().unwrap_or_default()
}

/// Reads consultations again and puts them beside their rows.
pub(super) fn read_aside(
    common: &Common<'_>,
    stretches: &mut [Stretch],
    again: &ToRead,
    (book, threads): (&Book, usize),
) -> Result<(), ReplayError> {
    let (digests, ranges) = to_read(stretches, again);
    let read = read_again(common, (&digests, &ranges), book, threads)?;
    put_aside(stretches, again, read);
    Ok(())
}
