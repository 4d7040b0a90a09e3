//! Consultations that are read by the whole reading, from all of their events.
//!
//! Their blocks are read once more, and only marks of these consultations are taken out of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use event::{Context, Time};
use projections::episode::{Episode, Mark, Who};
use projections::gist::Flags;
use projections::outcome::Outcome;
use projections::reading::read_as_over;

use super::book::Book;
use super::fragments::Place;
use super::gather::Common;
use super::levels::Numbers;
use super::piece::fact;
use super::stretch::Stretch;
use super::{ReplayError, break_ties, join};
use crate::log::{HotBlock, LogError, Position};

/// What reading again gave, by digest: the outcome as if it were over, and the last instant unless
/// something ended it.
pub(super) type Again = HashMap<u64, (Outcome, Option<Time>)>;

/// For each consultation that must be read again its first row, and all of them.
pub(super) type ToRead = Vec<(Place, Vec<Place>)>;

/// Reads the consultations of these digests, all of whose events lie in `ranges`, which are in order and apart.
pub(super) fn read_again(
    common: &Common<'_>,
    (digests, ranges): (&HashSet<u64>, &[(Position, Position)]),
    book: &Book,
    threads: usize,
) -> Result<Again, ReplayError> {
    let each = ranges.len().div_ceil(threads.max(1)).max(1);
    let mut whole: HashMap<u64, Episode> = HashMap::new();
    let parts: Result<Vec<_>, ReplayError> = std::thread::scope(|scope| {
        let workers: Vec<_> = ranges
            .chunks(each)
            .map(|ranges| scope.spawn(move || gather(common, digests, ranges, book)))
            .collect();
        workers.into_iter().map(join).collect()
    });
    for part in parts? {
        for (digest, episode) in part {
            whole.entry(digest).or_default().merge(episode);
        }
    }
    let mut episodes: Vec<(u64, Episode)> = whole.into_iter().collect();
    episodes.sort_unstable_by_key(|(digest, _)| *digest);
    break_ties(common.log, &mut episodes, &book.sights)?;
    let mut again = Again::with_capacity(episodes.len());
    for (digest, episode) in episodes {
        if common.watch.stopped() {
            return Err(ReplayError::Interrupted);
        }
        again.insert(digest, read_as_over("", &episode, &book.sights, &common.parameters));
    }
    Ok(again)
}

/// The digests of what is read again, and the positions among which its events lie, in order and apart.
pub(super) fn to_read(stretches: &[Stretch], again: &ToRead) -> (HashSet<u64>, Vec<(Position, Position)>) {
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
pub(super) fn put_aside(stretches: &mut [Stretch], again: &ToRead, mut read: Again) {
    let mut touched = BTreeSet::new();
    for (place, rows) in again {
        touched.extend(rows.iter().map(|place| place.stretch));
        let stretch = &mut stretches[place.stretch];
        let Some((outcome, open_since)) = read.remove(&stretch.digests[place.row as usize]) else {
            // All of its events are of a kind that no consultation has: there is nothing to count.
            stretch.void(place.row);
            continue;
        };
        let gist = stretch.gist_mut(place.row);
        match open_since {
            Some(last) => gist.last_ms = last.ms(),
            None => gist.flags = gist.flags.with(Flags::TERMINAL),
        }
        // What was said of it before stands for nothing any more.
        stretch.gists.aside.push((place.row, outcome));
    }
    for stretch in touched {
        let Stretch { gists, .. } = &mut stretches[stretch];
        // The sort is stable: of two outcomes of a row the later one was read now.
        gists.aside.sort_by_key(|(row, _)| *row);
        gists.aside.reverse();
        gists.aside.dedup_by_key(|(row, _)| *row);
        gists.aside.reverse();
        let rows = &gists.rows;
        gists.aside.retain(|(row, _)| !rows[*row as usize].flags.has(Flags::VOID));
    }
}

fn gather(
    common: &Common<'_>,
    digests: &HashSet<u64>,
    ranges: &[(Position, Position)],
    book: &Book,
) -> Result<HashMap<u64, Episode>, ReplayError> {
    let (mut episodes, mut sources) = (HashMap::new(), Numbers::default());
    for (first, last) in ranges {
        let mut blocks = common.log.hot_blocks(*first..=*last, common.wanted);
        while let Some((block, events)) = blocks.next_block()? {
            if common.watch.stopped() {
                return Err(ReplayError::Interrupted);
            }
            let wanted: Vec<bool> =
                block.consultations.iter().map(|digest| digests.contains(digest)).collect();
            sources.of(&block.sources);
            let numbers: Vec<u32> =
                block.sources.iter().map(|name| book.number(name).unwrap_or_default()).collect();
            let mut taken = Taken { block, numbers, contexts: HashMap::new(), records: 0 };
            for event in 0..events.end {
                taken.take(event, events.contains(&event), &wanted, &mut episodes)?;
            }
        }
    }
    Ok(episodes)
}

/// A block while marks are taken out of it.
struct Taken<'a> {
    block: &'a HotBlock,
    numbers: Vec<u32>,
    contexts: HashMap<u32, Arc<Context>>,
    records: usize,
}

impl Taken<'_> {
    fn take(
        &mut self,
        event: usize,
        is_meant: bool,
        wanted: &[bool],
        episodes: &mut HashMap<u64, Episode>,
    ) -> Result<(), LogError> {
        let Some(shape) = self.block.shapes[self.block.shape[event] as usize] else { return Ok(()) };
        let record = self.records;
        self.records += usize::from(shape.recorded);
        let consultation = self.block.consultation[event] as usize;
        if !is_meant || !wanted[consultation] || shape.kind == event::Kind::RecordingDeclared {
            return Ok(());
        }
        let detail = match shape.recorded || self.block.context[event] != 0 {
            true => self.block.detail(event, record)?,
            false => crate::log::Detail::Nothing,
        };
        let who = self.block.participant[event].checked_sub(1);
        let context = self.block.context[event].checked_sub(1).map(|number| self.context(number));
        let mark = Mark {
            at: Time::from_ms(self.block.at[event]),
            kind: shape.kind,
            who: who.map(|number| Who::of_digest(self.block.participants[number as usize])),
            role: shape.role,
            source: self.numbers[self.block.source(event) as usize],
            position: self.block.first().0 + event as u64,
            tie: 0,
            fact: fact(&detail, |_| context.clone().unwrap_or_default()),
        };
        episodes.entry(self.block.consultations[consultation]).or_default().push(mark);
        Ok(())
    }

    fn context(&mut self, number: u32) -> Arc<Context> {
        let block = self.block;
        let context = self.contexts.entry(number).or_insert_with(|| Arc::new(block.told_context(number)));
        Arc::clone(context)
    }
}
