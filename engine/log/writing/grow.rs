//! Events become blocks and join the commitment, both at once.
//!
//! What costs most of an append is hashing leaves and encoding columns, and neither needs the other: a
//! block only wants the root after its last event. So many events are hashed on a thread beside the one
//! that encodes them, with the roots at the places where blocks are expected to end, and the blocks are
//! told theirs at the end. The bytes are those of one after the other.

use std::panic::resume_unwind;
use std::thread::Builder;

use crate::log::Position;
use crate::log::block::raw::Raw;
use crate::log::block::{self, Encoded};
use crate::log::commitment::{Frontier, Hash, UNIT_EVENTS, UNIT_HEIGHT};
use crate::log::error::Damage;
use crate::log::reading::past::Leaves;

/// From how many events on a thread of their own is worth its start.
const SPLIT_EVENTS: usize = 512;

/// The commitment at the end of a block, and the units that its events completed with their nodes.
type Told = (Hash, Vec<(u64, Hash)>);

/// The blocks of `events`, which follow those of `frontier` and join it.
pub(in crate::log) fn blocks(
    leaves: &mut Leaves,
    frontier: &mut Frontier,
    events: &[Raw<'_>],
) -> Result<Vec<Encoded>, Damage> {
    let first = Position(frontier.size()).next();
    if events.len() < SPLIT_EVENTS {
        let leaves = leaves.of(first, events)?;
        return block::encode(frontier, events, &leaves);
    }
    let mut encoder = Frontier::counting(frontier.size());
    let (before, expected) = (frontier.clone(), expected_ends(frontier.size(), events.len()));
    let mut hash = || {
        let leaves = leaves.of(first, events)?;
        let told = told(frontier, &leaves, &expected);
        Ok::<_, Damage>((leaves, told))
    };
    let (blocks, hashed) = std::thread::scope(|scope| {
        let thread = Builder::new().name("log-leaves".to_owned()).spawn_scoped(scope, &mut hash);
        let blocks = block::encode(&mut encoder, events, &vec![[0; 32]; events.len()]);
        (blocks, thread.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))))
    });
    // Where no thread can be had, one does it all.
    let hashed = hashed.unwrap_or_else(|_| hash());
    let (mut blocks, (leaves, mut all)) = (blocks?, hashed?);
    let ends: Vec<u64> = blocks.iter().map(|block| block.first.0 + u64::from(block.count) - 1).collect();
    if ends != expected {
        // Some were cut by their size.
        all = told(&mut before.clone(), &leaves, &ends);
    }
    for (block, (root, units)) in blocks.iter_mut().zip(all) {
        (block.root, block.units) = (root, units);
    }
    Ok(blocks)
}

/// The last positions of blocks of `count` events after the first `before`, if none is cut by its size.
fn expected_ends(before: u64, count: usize) -> Vec<u64> {
    let last = before + count as u64;
    let units = before / UNIT_EVENTS + 1..=last / UNIT_EVENTS;
    let rest = (!last.is_multiple_of(UNIT_EVENTS)).then_some(last);
    units.map(|unit| unit * UNIT_EVENTS).chain(rest).collect()
}

/// What blocks that end at `ends` are told when `leaves` join `frontier`.
fn told(frontier: &mut Frontier, leaves: &[Hash], ends: &[u64]) -> Vec<Told> {
    let mut leaves = leaves.iter();
    let told = |end: &u64| {
        let mut units = Vec::new();
        for leaf in leaves.by_ref().take((end - frontier.size()) as usize) {
            let unit = frontier.size() / UNIT_EVENTS;
            frontier.push(*leaf, |height, node| {
                if height == UNIT_HEIGHT {
                    units.push((unit, node));
                }
            });
        }
        (frontier.root(), units)
    };
    ends.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use event::{Event, Payload, Time};

    use super::*;
    use crate::log::block::Arrival;
    use crate::log::block::raw::Drafts;
    use crate::log::commitment::Salts;

    /// Both ways give the same blocks, wherever they begin and however they are cut.
    fn check(before: u64, arrivals: &[Arrival]) {
        let mut frontier = Frontier::default();
        (0..before).for_each(|number| frontier.push([number as u8; 32], |_, _| {}));
        let (mut slow, mut quick) = (frontier.clone(), frontier);
        let mut leaves = Leaves::new(Salts::new([7; 32]));
        let drafts = Drafts::of(arrivals).unwrap();
        let events = drafts.raws();
        let own = leaves.of(Position(before).next(), &events).unwrap();
        let wanted = block::encode(&mut slow, &events, &own).unwrap();
        let blocks = blocks(&mut leaves, &mut quick, &events).unwrap();
        assert_eq!(slow, quick);
        assert_eq!(format!("{blocks:?}"), format!("{wanted:?}"));
    }

    fn arrival(number: usize, bytes: usize) -> Arrival {
        let mut noise = vec![0; bytes];
        blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut noise);
        let reason = noise.iter().map(|byte| char::from(b' ' + byte % 90)).collect();
        let payload = Payload::Dropped { reason: Some(reason) };
        let at = Time::from_ms(number as i64);
        (Event::new("urn:example:a", format!("e-{number}"), "c-1", at, payload), at)
    }

    #[test]
    fn blocks_are_the_same_on_two_threads_as_on_one() {
        let many: Vec<Arrival> = (0..10_000).map(|number| arrival(number, 5)).collect();
        for (before, count) in [(0, 4096), (0, 4097), (4095, 10_000), (77, 511), (77, 512), (8192, 8192)] {
            check(before, &many[..count]);
        }
    }

    #[test]
    fn blocks_that_are_cut_by_their_size_are_told_their_own_roots() {
        let large: Vec<Arrival> = (0..600).map(|number| arrival(number, 1000)).collect();
        check(3900, &large);
    }
}
