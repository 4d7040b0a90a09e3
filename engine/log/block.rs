//! Blocks: a few thousand events that are written, checked and read together.
//!
//! Both values of a block and its entry in the list of blocks go into the database in one atomic
//! batch. Events that arrive together are cut into blocks by number and by size; a block whose values
//! come out too large is halved until they do not.

use event::{Event, Payload, Time};

use super::brief::HotBlock;
use super::cold::{self, ColdBlock};
use super::error::Damage;
use super::frame::Header;
use super::limits::{self, BLOCK_EVENTS, PART_BYTES, VALUE_BYTES};
use super::{Position, details, hot, records};

/// An event with what the log knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Where it stands.
    pub position: Position,
    /// When it was received.
    pub recorded_at: Time,
    /// The event as it came.
    pub event: Event,
}

/// An event on its way into a block, with when it was received.
pub(super) type Arrival = (Event, Time);

/// A block as bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) first: Position,
    pub(super) count: u32,
    pub(super) hot: Vec<u8>,
    pub(super) cold: Vec<u8>,
}

/// Both halves of a block.
#[derive(Debug)]
pub(super) struct Block {
    hot: HotBlock,
    cold: ColdBlock,
    /// For each event the number of cold records before its own.
    records: Vec<u32>,
}

/// The blocks of `arrivals`, the first of which takes position `first`.
pub(super) fn encode(first: Position, arrivals: &[Arrival]) -> Result<Vec<Encoded>, Damage> {
    let mut blocks = Vec::new();
    let mut rest = arrivals;
    let mut first = first;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(fitting(rest));
        encode_or_halve(first, block, &mut blocks)?;
        first = first.plus(block.len() as u64);
        rest = after;
    }
    Ok(blocks)
}

/// How many of `arrivals`, at least one, make a block whose parts can be decompressed within their limit.
fn fitting(arrivals: &[Arrival]) -> usize {
    // Texts are counted once; lengths, lists and columns, at some 64 bytes an event, fit into the other half.
    let mut bytes = 0;
    let over = |(event, _): &Arrival| {
        bytes += limits::size(event) + 64;
        bytes > PART_BYTES / 2
    };
    arrivals.iter().take(BLOCK_EVENTS).position(over).unwrap_or(arrivals.len().min(BLOCK_EVENTS)).max(1)
}

fn encode_or_halve(first: Position, arrivals: &[Arrival], out: &mut Vec<Encoded>) -> Result<(), Damage> {
    let at = || arrivals.iter().map(|(event, _)| event.at);
    let header = Header {
        first,
        count: arrivals.len(),
        min_at: at().min().unwrap_or_default(),
        max_at: at().max().unwrap_or_default(),
    };
    let hot = hot::encode(&header, arrivals.iter().map(|(event, _)| event))?;
    let cold = cold::encode(&header, arrivals.iter().map(|(event, recorded_at)| (event, *recorded_at)))?;
    if hot.len().max(cold.len()) <= VALUE_BYTES {
        out.push(Encoded { first, count: arrivals.len() as u32, hot, cold });
        return Ok(());
    }
    if arrivals.len() == 1 {
        return Err(Damage::new("one event alone is larger than a block may be"));
    }
    let (front, back) = arrivals.split_at(arrivals.len() / 2);
    encode_or_halve(first, front, out)?;
    encode_or_halve(first.plus(front.len() as u64), back, out)
}

impl Block {
    /// The block that both values hold.
    pub(super) fn decode(hot: &[u8], cold: &[u8]) -> Result<Self, Damage> {
        let (hot, cold) = (hot::decode(hot)?, cold::decode(cold)?);
        if hot.first != cold.header.first || hot.events.len() != cold.header.count {
            return Err(Damage::new("its hot and cold values are of different blocks"));
        }
        let mut before = 0;
        let number = |kind| {
            let number = before;
            before += u32::from(records::has_cold(kind));
            number
        };
        let records = hot.events.iter().map(|brief| brief.kind).map(number).collect();
        if before as usize != cold.records() {
            return Err(Damage::new("its cold records are not those of its events"));
        }
        Ok(Self { hot, cold, records })
    }

    pub(super) fn first(&self) -> Position {
        self.hot.first
    }

    pub(super) fn last(&self) -> Position {
        self.hot.last()
    }

    pub(super) fn len(&self) -> usize {
        self.hot.events.len()
    }

    /// Source and id of the event of that number, which the block has.
    pub(super) fn name(&self, number: usize) -> (&str, &str) {
        (&self.hot.sources[self.hot.events[number].source], &self.cold.ids[number as u32])
    }

    /// The event of that number, which the block has, with what the log knows of it.
    pub(super) fn stored(&self, number: usize) -> Result<Stored, Damage> {
        Ok(Stored {
            position: self.hot.first.plus(number as u64),
            recorded_at: self.cold.recorded_at[number],
            event: self.event(number)?,
        })
    }

    /// The event of that number, which the block has.
    pub(super) fn event(&self, number: usize) -> Result<Event, Damage> {
        let brief = &self.hot.events[number];
        let (source, id) = self.name(number);
        let participant = brief.participant.map(|participant| self.hot.participants[participant].to_owned());
        Ok(Event {
            source: source.to_owned(),
            id: id.to_owned(),
            consultation: self.hot.consultations[brief.consultation].to_owned(),
            at: brief.at,
            participant,
            role: brief.role,
            payload: self.payload(number)?,
            extra: self.cold.extra(number)?,
        })
    }

    fn payload(&self, number: usize) -> Result<Payload, Damage> {
        let brief = &self.hot.events[number];
        match details::payload(&brief.detail, &self.hot.contexts) {
            Some(payload) => Ok(payload),
            None => self.cold.payload(brief.kind, self.records[number] as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::frame::{self, Part};
    use super::super::sample;
    use super::*;

    fn arrivals(most: usize) -> impl Strategy<Value = Vec<Arrival>> {
        vec((sample::event(), any::<u32>().prop_map(|ms| Time::from_ms(ms.into()))), 1..most)
    }

    fn decoded(blocks: &[Encoded]) -> Vec<Stored> {
        let events = |encoded: &Encoded| {
            let block = Block::decode(&encoded.hot, &encoded.cold).unwrap();
            assert_eq!((block.first(), block.len() as u32), (encoded.first, encoded.count));
            (0..block.len()).map(|number| block.stored(number).unwrap()).collect::<Vec<_>>()
        };
        blocks.iter().flat_map(events).collect()
    }

    fn check(arrivals: &[Arrival]) -> Vec<Encoded> {
        let blocks = encode(Position(77), arrivals).unwrap();
        let stored = |(i, (event, recorded_at)): (usize, &Arrival)| Stored {
            position: Position(77 + i as u64),
            recorded_at: *recorded_at,
            event: event.clone(),
        };
        let wanted: Vec<_> = arrivals.iter().enumerate().map(stored).collect();
        assert!(decoded(&blocks) == wanted, "what comes out is not what went in");
        assert!(blocks.iter().all(|block| block.hot.len().max(block.cold.len()) <= VALUE_BYTES));
        blocks
    }

    /// Texts that do not compress, so that sizes are what they seem.
    fn noise(seed: u64, length: usize) -> String {
        let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
        let mut bytes = vec![0; length];
        reader.fill(&mut bytes);
        bytes.iter().map(|byte| char::from(b' ' + byte % 90)).collect()
    }

    fn large(number: u64, length: usize) -> Arrival {
        let payload = Payload::Dropped { reason: Some(noise(number, length)) };
        (Event::new("urn:example:a", number.to_string(), "c-1", Time::from_ms(5), payload), Time::from_ms(9))
    }

    #[test]
    fn blocks_are_cut_by_number() {
        let many: Vec<_> = (0..BLOCK_EVENTS as u64 + 1).map(|number| large(number, 0)).collect();
        let counts: Vec<_> = check(&many).iter().map(|block| block.count as usize).collect();
        assert_eq!(counts, [BLOCK_EVENTS, 1]);
    }

    #[test]
    fn a_block_whose_values_are_too_large_is_halved() {
        let large: Vec<_> = (0..90).map(|number| large(number, 20_000)).collect();
        assert!(check(&large).len() >= 8);
        let contexts = |number| {
            let mut arrival = self::large(number, 0);
            let level = |dimension| (dimension, noise(number * 100 + dimension as u64, 400));
            let context = Some(event::Dimension::ALL.into_iter().map(level).collect());
            arrival.0.payload = Payload::Joined { context };
            arrival
        };
        assert!(check(&(0..100).map(contexts).collect::<Vec<_>>()).len() >= 8);
    }

    #[test]
    fn the_largest_event_fits_a_block() {
        let (mut event, recorded_at) = large(1, 0);
        let room = limits::EVENT_BYTES - limits::size(&event);
        event.payload = Payload::Dropped { reason: Some(noise(2, room)) };
        assert_eq!(limits::refusal(&event), None);
        check(&[(event.clone(), recorded_at)]);
        let attributes = (0..7000).map(|i| (format!("{i}"), noise(i, 1))).collect();
        event.payload = Payload::Completed;
        event.extra = Some(Box::new(event::Extra { attributes, ..Default::default() }));
        assert_eq!(limits::refusal(&event).map(|_| ()), Some(()));
        if let Some(extra) = &mut event.extra {
            extra.attributes.retain(|name, _| name.len() < 4);
        }
        assert_eq!(limits::refusal(&event), None);
        check(&[(event, recorded_at)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way_through_a_block(arrivals in arrivals(60)) {
            check(&arrivals);
        }

        /// A checksum that holds over nonsense: whoever can write it must still not be able to harm.
        #[test]
        fn no_bytes_make_the_decoder_panic(
            arrivals in arrivals(12),
            flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            part in prop::sample::select(vec![Part::Hot, Part::Cold]),
        ) {
            let Encoded { hot, cold, .. } = encode(Position(1), &arrivals).unwrap().remove(0);
            let frame = frame::open(part, if part == Part::Hot { &hot } else { &cold }).unwrap();
            let (mut plain, mut packed) = (frame.plain.to_vec(), frame.packed.clone());
            for (at, byte) in flips {
                let at = at.index(plain.len() + packed.len());
                *plain.iter_mut().chain(&mut packed).nth(at).unwrap() = byte;
            }
            let changed = frame::close(part, &frame.header, &plain, &packed).unwrap();
            let (hot, cold) = if part == Part::Hot { (changed, cold) } else { (hot, changed) };
            if let Ok(block) = Block::decode(&hot, &cold) {
                (0..block.len()).for_each(|number| drop(block.stored(number)));
            }
        }

        #[test]
        fn random_bytes_are_refused(bytes in vec(any::<u8>(), 0..200), fixed in any::<bool>()) {
            let mut bytes = bytes;
            if fixed && bytes.len() > 48 {
                bytes[..4].copy_from_slice(b"EFH1");
                let crc = crc32fast::hash(&bytes[8..]);
                bytes[4..8].copy_from_slice(&crc.to_le_bytes());
            }
            prop_assert!(hot::decode(&bytes).is_err());
            prop_assert!(cold::decode(&bytes).is_err());
        }

        #[test]
        fn every_flipped_bit_is_noticed(arrivals in arrivals(6), at in any::<prop::sample::Index>(), bit in 0..8) {
            let Encoded { mut hot, mut cold, .. } = encode(Position(1), &arrivals).unwrap().remove(0);
            let (h, c) = (at.index(hot.len()), at.index(cold.len()));
            hot[h] ^= 1_u8 << bit;
            cold[c] ^= 1_u8 << bit;
            prop_assert!(hot::decode(&hot).is_err());
            prop_assert!(cold::decode(&cold).is_err());
        }
    }
}
