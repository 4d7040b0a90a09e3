//! The sheet of a log: a row for every consultation, as numbers, for whoever counts and compares.
//!
//! A comparison needs no names. Each thread turns a stretch of the log into gists; fragments meet; what is
//! not plain is read again by the whole reading. The sheet says of every question exactly what the
//! [`Table`](super::Table) of named rows says, and the tests hold the two together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use event::{Context, Dimension, NOT_RECORDED, Time};
use projections::coverage::Coverage;
use projections::gist::Flags;
use projections::gists::Gists;
use projections::parameters::Parameters;
use projections::projection::{Projection, State};
use projections::source::{Sight, Sources};

use super::again::{Again, read_again};
use super::fragments::{Moved, Place, groups, meet, repeated};
use super::rows::{About, Rows};
use super::stretch::{Common, Stretch, gather};
use super::{ReplayError, Request, Watch, join};
use crate::log::{BriefBlock, Detail, Extent, Log, LogError, Position};

/// The most consultations of one sheet, unless its request says otherwise: it keeps all of them in memory.
pub const MOST_ROWS: usize = 100_000_000;

/// Dimensions without which no row can be read or placed.
const NEEDED: [Dimension; 3] = [Dimension::Platform, Dimension::Organisation, Dimension::Modality];

/// The rows of a replay as numbers, and how they were read.
#[derive(Debug)]
pub struct Sheet {
    /// The rows, stretch by stretch.
    pub parts: Vec<Gists>,
    /// Consultations in progress, by platform.
    pub open: BTreeMap<String, u64>,
    /// How they were read.
    pub parameters: Parameters,
    /// The last position that was read.
    pub position: Position,
    /// Sources that never declared what they can see.
    pub undeclared: Vec<String>,
}

impl Rows for Sheet {
    fn fold<P>(&self, projection: &P, _threads: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send,
    {
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                self.parts.iter().map(|part| scope.spawn(move || part.fold(projection))).collect();
            let mut whole = P::State::default();
            workers.into_iter().map(join).for_each(|state| whole.absorb(&state));
            whole
        })
    }

    fn about(&self) -> About {
        let (parameters, position) = (self.parameters, self.position);
        About { parameters, position, in_progress: self.in_progress() }
    }
}

impl Sheet {
    /// The levels of a dimension that consultations which are over have, [`NOT_RECORDED`] among them.
    #[must_use]
    pub fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.parts.iter().flat_map(|part| part.levels(dimension)).collect()
    }

    /// How many consultations are in progress.
    #[must_use]
    pub fn in_progress(&self) -> u64 {
        self.open.values().sum()
    }
}

/// Replays the whole log into gists with the levels of the dimensions `wanted`.
///
/// # Errors
/// When the log cannot be read or has too many consultations, or the watch says stop.
pub fn sheet(
    log: &Log,
    request: &Request,
    wanted: &[Dimension],
    watch: &Watch,
) -> Result<Sheet, ReplayError> {
    let threads = request.threads().max(1);
    let wanted = with_needed(wanted);
    let extents = log.extents()?;
    let position = extents.last().map_or(Position::START, |extent| extent.last);
    let sources = declared(log, &extents)?;
    let sights: HashMap<String, Sight> =
        sources.names().map(|name| (name.to_owned(), sources.sight(name))).collect();
    let limit = request.most_consultations.unwrap_or(MOST_ROWS);
    let mut parameters = Parameters::as_of(request.until.unwrap_or(Time::MAX));
    parameters.grace_ms = request.grace_ms.unwrap_or(parameters.grace_ms);
    let common = Common { log, wanted: &wanted, declared: &sights, parameters, limit, watch };
    let stretches = gather_all(&common, &extents, threads)?;
    let newest = stretches.iter().map(|stretch| stretch.newest).max().unwrap_or_default();
    parameters.until = request.until.unwrap_or(newest);
    finish(&common, stretches, sources, (parameters, threads, position))
}

/// The dimensions `wanted` and those that are always needed, each once.
fn with_needed(wanted: &[Dimension]) -> Vec<Dimension> {
    let mut all: Vec<Dimension> = NEEDED.iter().chain(wanted).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What sources declare in the blocks that say so.
fn declared(log: &Log, extents: &[Extent]) -> Result<Sources, LogError> {
    let mut sources = Sources::default();
    for extent in extents.iter().filter(|extent| extent.declares) {
        for block in log.brief_blocks(extent.first..=extent.last) {
            declared_in(log, &block?, &mut sources)?;
        }
    }
    Ok(sources)
}

fn declared_in(log: &Log, block: &BriefBlock, sources: &mut Sources) -> Result<(), LogError> {
    let events = (block.first.0..).map(Position).zip(&block.events);
    let told: Vec<_> = events
        .filter_map(|(position, brief)| match &brief.detail {
            Detail::RecordingDeclared(declaration) => Some((position, brief, declaration)),
            _ => None,
        })
        .collect();
    let names = log.names(&told.iter().map(|(position, ..)| *position).collect::<Vec<_>>())?;
    for (position, brief, declaration) in told {
        if let Some((source, id)) = names.get(&position) {
            let key = (brief.at, source.clone(), id.clone());
            sources.declared(&block.consultations[brief.consultation], key, (**declaration).clone());
        }
    }
    Ok(())
}

/// A stretch of about as many blocks for each thread.
fn gather_all(common: &Common<'_>, extents: &[Extent], threads: usize) -> Result<Vec<Stretch>, ReplayError> {
    let each = extents.len().div_ceil(threads).max(1);
    let stretches: Result<Vec<Stretch>, ReplayError> = std::thread::scope(|scope| {
        let workers: Vec<_> = extents
            .chunks(each)
            .map(|extents| (extents[0].first, extents[extents.len() - 1].last))
            .map(|(first, last)| scope.spawn(move || gather(common, first..=last)))
            .collect();
        workers.into_iter().map(join).collect()
    });
    let stretches = stretches?;
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
fn finish(
    common: &Common<'_>,
    mut stretches: Vec<Stretch>,
    mut sources: Sources,
    (parameters, threads, position): (Parameters, usize, Position),
) -> Result<Sheet, ReplayError> {
    for (name, sent) in stretches.iter().flat_map(|stretch| stretch.sources.iter().zip(&stretch.sent)) {
        sources.sent(name, *sent);
    }
    let again = bring_together(&mut stretches, threads);
    let rows: usize = stretches.iter().map(Stretch::consultations).sum();
    if rows > common.limit {
        return Err(ReplayError::TooMany { limit: common.limit });
    }
    let names: Vec<&str> = sources.names().collect();
    let sights: Vec<Sight> = names.iter().map(|name| sources.sight(name)).collect();
    let (digests, ranges) = to_read(&stretches, &again);
    let read = read_again(common, (&digests, &ranges), (&names, &sights), (&parameters, threads))?;
    let mut open = BTreeMap::new();
    put_aside(&mut stretches, again, read, &mut open);
    let parts = each(stretches, |stretch| {
        let mut part = part(stretch, &names, &sights);
        let mut open = BTreeMap::new();
        for row in part.close(parameters.until) {
            count_open(&part.context(row as usize), &mut open);
        }
        let covered = part.covered();
        (part, open, covered)
    });
    let (mut gists, mut coverage): (Vec<Gists>, _) = (Vec::new(), Coverage::default());
    for (part, going_on, covered) in parts {
        going_on.into_iter().for_each(|(platform, count)| *open.entry(platform).or_default() += count);
        coverage.merge(covered);
        gists.push(part);
    }
    gists.iter_mut().for_each(|part| part.coverage = coverage.clone());
    let undeclared =
        names.iter().zip(&sights).filter(|(_, sight)| !sight.declared).map(|(name, _)| (*name).to_owned());
    let undeclared = undeclared.collect();
    Ok(Sheet { parts: gists, open, parameters, position, undeclared })
}

/// What `work` makes of each, on a thread of its own.
fn each<T: Send, U: Send>(all: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
    let work = &work;
    std::thread::scope(|scope| {
        let workers: Vec<_> = all.into_iter().map(|one| scope.spawn(move || work(one))).collect();
        workers.into_iter().map(join).collect()
    })
}

/// Lets fragments meet, and returns for each consultation that must be read again its rows.
fn bring_together(stretches: &mut [Stretch], threads: usize) -> Vec<(Place, Vec<Place>)> {
    let groups = groups(stretches, &repeated(stretches, threads));
    let (mut again, mut moved): (Vec<(Place, Vec<Place>)>, Moved) = Default::default();
    for rows in groups {
        if let Some(first) = meet(stretches, &rows, &mut moved) {
            again.push((first, rows));
        }
    }
    let met: HashSet<Place> = again.iter().map(|(first, _)| *first).collect();
    for (number, stretch) in stretches.iter().enumerate() {
        let alone = stretch.again.iter().filter(|row| !stretch.gist(**row).flags.has(Flags::VOID));
        let alone = alone.map(|row| Place { stretch: number, row: *row });
        again.extend(alone.filter(|place| !met.contains(place)).map(|place| (place, vec![place])));
    }
    moved.sort_unstable();
    move_said(stretches, &moved);
    again
}

/// Moves what people said to the rows that it belongs to now.
fn move_said(stretches: &mut [Stretch], moved: &[(Place, Place)]) {
    if moved.is_empty() {
        return;
    }
    let mut all = Vec::new();
    for (number, stretch) in stretches.iter_mut().enumerate() {
        for (row, said) in std::mem::take(&mut stretch.gists.said) {
            let place = Place { stretch: number, row };
            match moved.binary_search_by_key(&place, |(from, _)| *from) {
                Ok(found) => all.push((moved[found].1, said)),
                Err(_) => stretch.gists.said.push((row, said)),
            }
        }
    }
    for (place, said) in all {
        stretches[place.stretch].gists.said.push((place.row, said));
    }
    stretches.iter_mut().for_each(|stretch| stretch.gists.said.sort_by_key(|(row, _)| *row));
}

/// The digests of what is read again, and the positions among which its events lie, in order and apart.
fn to_read(
    stretches: &[Stretch],
    again: &[(Place, Vec<Place>)],
) -> (HashSet<u64>, Vec<(Position, Position)>) {
    let digest = |place: &Place| stretches[place.stretch].digests[place.row as usize];
    let digests = again.iter().map(|(place, _)| digest(place)).collect();
    let mut ranges: Vec<(Position, Position)> = again
        .iter()
        .flat_map(|(_, rows)| rows)
        .map(|place| stretches[place.stretch].range_of(place.row))
        .collect();
    ranges.sort_unstable();
    let mut apart: Vec<(Position, Position)> = Vec::new();
    for (first, last) in ranges {
        match apart.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => apart.push((first, last)),
        }
    }
    (digests, apart)
}

/// Puts what was read again beside its rows.
fn put_aside(
    stretches: &mut [Stretch],
    again: Vec<(Place, Vec<Place>)>,
    mut read: Again,
    open: &mut BTreeMap<String, u64>,
) {
    for (place, _) in again {
        let stretch = &mut stretches[place.stretch];
        match read.closed.remove(&stretch.digests[place.row as usize]) {
            Some(row) => stretch.gists.aside.push((place.row, row)),
            None => stretch.void(place.row),
        }
    }
    stretches.iter_mut().for_each(|stretch| stretch.gists.aside.sort_by_key(|(row, _)| *row));
    read.open.iter().for_each(|row| count_open(&row.context, open));
}

/// The rows of a stretch, with what their sources can tell, and the platform where only a source tells it.
fn part(stretch: Stretch, names: &[&str], sights: &[Sight]) -> Gists {
    let mut gists = stretch.gists;
    let of = |name: &str| names.binary_search(&name).ok().map(|place| &sights[place]);
    let own: Vec<Option<&Sight>> = stretch.sources.iter().map(|name| of(name)).collect();
    gists.sights = own.iter().map(|sight| sight.map(Sight::row).unwrap_or_default()).collect();
    let platforms: Vec<Option<&str>> =
        own.iter().map(|sight| sight.and_then(|sight| sight.platform.as_deref())).collect();
    if let Some(column) = gists.columns.iter_mut().find(|column| column.dimension == Dimension::Platform) {
        let numbers: Vec<u32> =
            platforms.iter().map(|platform| platform.map_or(0, |platform| column.number(platform))).collect();
        for (level, row) in column.level.iter_mut().zip(&gists.rows) {
            if *level == 0 && !row.flags.has(Flags::ASIDE) {
                *level = numbers[row.source as usize];
            }
        }
    }
    gists
}

fn count_open(context: &Context, open: &mut BTreeMap<String, u64>) {
    let platform = context.get(Dimension::Platform).unwrap_or(NOT_RECORDED);
    *open.entry(platform.to_owned()).or_default() += 1;
}
