//! Consultations that are read by the whole reading, from all of their events.
//!
//! Their blocks are read once more, and only marks of these consultations are taken out of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use event::{Context, Time};
use projections::episode::{Episode, Mark, Who};
use projections::outcome::{InProgress, Outcome};
use projections::parameters::Parameters;
use projections::reading::{Reading, read};
use projections::source::Sight;

use super::levels::Numbers;
use super::piece::fact;
use super::stretch::Common;
use super::{ReplayError, break_ties, join};
use crate::log::{HotBlock, LogError, Position};

/// What reading again gave: outcomes by digest, and what is not over.
pub(super) struct Again {
    pub(super) closed: HashMap<u64, Outcome>,
    pub(super) open: Vec<InProgress>,
}

/// Reads the consultations of these digests, all of whose events lie in `ranges`, which are in order and apart.
pub(super) fn read_again(
    common: &Common<'_>,
    (digests, ranges): (&HashSet<u64>, &[(Position, Position)]),
    (names, sights): (&[&str], &[Sight]),
    (parameters, threads): (&Parameters, usize),
) -> Result<Again, ReplayError> {
    let each = ranges.len().div_ceil(threads.max(1)).max(1);
    let mut whole: HashMap<u64, Episode> = HashMap::new();
    let parts: Result<Vec<_>, ReplayError> = std::thread::scope(|scope| {
        let workers: Vec<_> = ranges
            .chunks(each)
            .map(|ranges| scope.spawn(move || gather(common, digests, ranges, names)))
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
    break_ties(common.log, &mut episodes, sights)?;
    let mut again = Again { closed: HashMap::new(), open: Vec::new() };
    for (digest, episode) in episodes {
        if common.watch.stopped() {
            return Err(ReplayError::Interrupted);
        }
        match read("", &episode, sights, parameters) {
            Reading::Closed(row) => drop(again.closed.insert(digest, *row)),
            Reading::Open(open) => again.open.push(open),
        }
    }
    Ok(again)
}

fn gather(
    common: &Common<'_>,
    digests: &HashSet<u64>,
    ranges: &[(Position, Position)],
    names: &[&str],
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
            let numbers: Vec<u32> = block
                .sources
                .iter()
                .map(|name| names.binary_search(&name).unwrap_or_default() as u32)
                .collect();
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
