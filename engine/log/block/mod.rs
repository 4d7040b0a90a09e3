//! Blocks: a few thousand events that are written, checked and read together.
//!
//! Both values of a block and its entry in the list of blocks go into the database in one atomic
//! batch. Events that arrive together are cut into blocks at every 4,096th position and by size; a block
//! whose values come out too large is halved until they do not.

pub(in crate::log) mod brief;
pub(in crate::log) mod cold;
pub(in crate::log) mod entry;
pub(in crate::log) mod hot;
pub(in crate::log) mod raw;
pub(in crate::log) mod records;
pub(in crate::log) mod registry;

use std::sync::OnceLock;

use event::{Context, Event, Time};

use crate::log::Position;
use crate::log::bytes::codec;
use crate::log::bytes::frame::Header;
use crate::log::commitment::{Frontier, Hash, UNIT_EVENTS, UNIT_HEIGHT};
use crate::log::error::Damage;
use crate::log::limits::{self, PART_BYTES, VALUE_BYTES};
use brief::Contexts;
use cold::Cold;
use hot::HotBlock;
use raw::Raw;
use records::ExtraV1;

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
pub(in crate::log) type Arrival = (Event, Time);

/// The values of a block as bytes.
#[derive(Debug, Clone)]
pub(in crate::log) struct Values {
    pub(in crate::log) hot: Vec<u8>,
    pub(in crate::log) cold: Vec<u8>,
}

/// A block as it goes into the database.
#[derive(Debug, Clone)]
pub(in crate::log) struct Encoded {
    pub(in crate::log) first: Position,
    pub(in crate::log) count: u32,
    pub(in crate::log) values: Values,
    /// The commitment after its last event.
    pub(in crate::log) root: Hash,
    /// Bytes written for these events so far, these ones included.
    pub(in crate::log) written: u64,
    /// Whether it is as large as it will ever be.
    pub(in crate::log) sealed: bool,
    /// Whether some source declares in it what it can see.
    pub(in crate::log) declares: bool,
    /// The units that its events complete, counted from 0, with their nodes.
    pub(in crate::log) units: Vec<(u64, Hash)>,
}

/// Both halves of a block.
#[derive(Debug)]
pub(in crate::log) struct Block {
    hot: HotBlock,
    cold: Cold,
    /// For each event the number of hot and of cold records before its own.
    records: Vec<(u32, u32)>,
    /// As numbers of levels.
    rows: Contexts,
    contexts: OnceLock<Vec<Context>>,
}

/// The blocks of `events`, whose leaves follow those of `frontier`; each event joins it.
pub(in crate::log) fn encode(
    frontier: &mut Frontier,
    events: &[Raw<'_>],
    leaves: &[Hash],
) -> Result<Vec<Encoded>, Damage> {
    let (mut blocks, mut events, mut leaves) = (Vec::new(), events, leaves);
    while !events.is_empty() {
        let count = fitting(frontier.size(), events);
        encode_or_halve(frontier, &events[..count], &leaves[..count], &mut blocks)?;
        (events, leaves) = (&events[count..], &leaves[count..]);
    }
    Ok(blocks)
}

/// How many of `events`, at least one, make a block: up to the end of the unit, and so few that its parts
/// can be decompressed within their limit.
fn fitting(before: u64, events: &[Raw<'_>]) -> usize {
    let room = (UNIT_EVENTS - before % UNIT_EVENTS) as usize;
    // Texts are counted once; lengths, lists and columns, at some 64 bytes an event, fit into the other half.
    let mut bytes = 0;
    let over = |event: &Raw<'_>| {
        bytes += limits::raw_size(event) + 64;
        bytes > PART_BYTES / 2
    };
    let most = room.min(events.len());
    events[..most].iter().position(over).unwrap_or(most).max(1)
}

fn encode_or_halve(
    frontier: &mut Frontier,
    events: &[Raw<'_>],
    leaves: &[Hash],
    out: &mut Vec<Encoded>,
) -> Result<(), Damage> {
    let first = Position(frontier.size()).next();
    if let Some(values) = encode_values(first, events)? {
        let mut units = Vec::new();
        for leaf in leaves {
            let unit = frontier.size() / UNIT_EVENTS;
            let keep = |height, node| {
                if height == UNIT_HEIGHT {
                    units.push((unit, node))
                }
            };
            frontier.push(*leaf, keep);
        }
        let (root, written) = (frontier.root(), values.len() as u64);
        // One that ends its unit and begins it, or fills what a block may hold, cannot grow.
        let sealed = events.len() as u64 == UNIT_EVENTS;
        let declares = events.iter().any(|event| registry::declares(event.code));
        out.push(Encoded {
            first,
            count: events.len() as u32,
            values,
            root,
            written,
            sealed,
            declares,
            units,
        });
        return Ok(());
    }
    if events.len() == 1 {
        return Err(Damage::new("one event alone is larger than a block may be"));
    }
    let half = events.len() / 2;
    encode_or_halve(frontier, &events[..half], &leaves[..half], out)?;
    encode_or_halve(frontier, &events[half..], &leaves[half..], out)
}

/// The values of one block of `events`, unless they are too large for one.
pub(in crate::log) fn encode_values(first: Position, events: &[Raw<'_>]) -> Result<Option<Values>, Damage> {
    let at = || events.iter().map(|event| event.at);
    let header = Header {
        first,
        count: events.len(),
        min_at: at().min().unwrap_or_default(),
        max_at: at().max().unwrap_or_default(),
    };
    let values = Values { hot: hot::encode(&header, events)?, cold: cold::encode(&header, events)? };
    Ok((values.hot.len().max(values.cold.len()) <= VALUE_BYTES).then_some(values))
}

impl Values {
    /// The bytes of both.
    pub(in crate::log) fn len(&self) -> usize {
        self.hot.len() + self.cold.len()
    }
}

impl Block {
    /// The block that both values hold.
    pub(in crate::log) fn decode(hot: &[u8], cold: &[u8]) -> Result<Self, Damage> {
        let (hot, cold) = (hot::decode(hot)?, cold::decode(cold)?);
        if hot.header != cold.header {
            return Err(Damage::new("its hot and cold values are of different blocks"));
        }
        if (cold.consultations.len(), cold.participants.len()) != hot.names() {
            return Err(Damage::new("its names are not those of its digests"));
        }
        let mut before = (0, 0);
        let mut records = Vec::with_capacity(hot.len());
        for number in 0..hot.len() {
            records.push(before);
            let code = hot.code(number).code;
            before.0 += u32::from(registry::has_hot(code)?);
            before.1 += u32::from(registry::has_cold(code)?);
        }
        if before.1 as usize != cold.records.len() {
            return Err(Damage::new("its cold records are not those of its events"));
        }
        let rows = hot.contexts();
        Ok(Self { hot, cold, records, rows, contexts: OnceLock::new() })
    }

    pub(in crate::log) fn first(&self) -> Position {
        self.hot.header.first
    }

    pub(in crate::log) fn last(&self) -> Position {
        Position(self.first().0 + self.len() as u64 - 1)
    }

    pub(in crate::log) fn len(&self) -> usize {
        self.hot.len()
    }

    /// How many events it has, not counting what was destroyed and the log's own records.
    pub(in crate::log) fn events(&self) -> u64 {
        (0..self.len()).filter(|number| self.is_event(*number)).count() as u64
    }

    /// Whether some source declares in it what it can see.
    pub(in crate::log) fn declares(&self) -> bool {
        self.hot.declares()
    }

    /// Checks that the digests by which a replay knows names are those of its names.
    pub(in crate::log) fn check_digests(&self) -> Result<(), Damage> {
        let digests = |names: &crate::log::Texts| names.iter().map(hot::digest).collect::<Vec<_>>();
        let (consultations, participants) = (&self.cold.consultations, &self.cold.participants);
        if digests(consultations) == self.hot.consultations && digests(participants) == self.hot.participants
        {
            return Ok(());
        }
        Err(Damage::new("a digest is not that of its name"))
    }

    /// What the header says of it.
    pub(in crate::log) fn header(&self) -> &Header {
        &self.hot.header
    }

    /// Source and id of the event of that number, which the block has.
    pub(in crate::log) fn name(&self, number: usize) -> (&str, &str) {
        (&self.hot.sources[self.hot.source(number)], &self.cold.ids[number as u32])
    }

    fn consultation(&self, number: usize) -> &str {
        &self.cold.consultations[self.hot.consultation[number]]
    }

    fn participant(&self, number: usize) -> Option<&str> {
        Some(&self.cold.participants[self.hot.participant(number)?])
    }

    /// Whether an event stands there, and neither its remains nor a record of the log's own.
    pub(in crate::log) fn is_event(&self, number: usize) -> bool {
        registry::is_event(self.hot.code(number).code)
    }

    /// The event of that number as it is kept.
    pub(in crate::log) fn raw(&self, number: usize) -> Result<Raw<'_>, Damage> {
        let (shape, (source, id)) = (self.hot.code(number), self.name(number));
        let contexts = self.contexts.get_or_init(|| self.rows.all());
        Ok(Raw {
            code: shape.code,
            at: self.hot.time(number),
            recorded_at: self.cold.recorded_at[number],
            role: shape.role,
            source,
            id,
            consultation: self.consultation(number),
            participant: self.participant(number),
            context: self.hot.context(number).map(|number| &contexts[number as usize]),
            record: self.record(number)?,
            extra: self.cold.extras.get(number)?,
        })
    }

    /// Every event as it is kept, in order.
    pub(in crate::log) fn raws(&self) -> Result<Vec<Raw<'_>>, Damage> {
        (0..self.len()).map(|number| self.raw(number)).collect()
    }

    fn record(&self, number: usize) -> Result<&[u8], Damage> {
        let (code, (hot, cold)) = (self.hot.code(number).code, self.records[number]);
        if registry::has_hot(code)? {
            return self.hot.records.get(hot as usize);
        }
        if registry::has_cold(code)? { self.cold.records.get(cold as usize) } else { Ok(&[]) }
    }

    /// The event of that number, if one stands there, with what the log knows of it.
    pub(in crate::log) fn stored(&self, number: usize) -> Result<Option<Stored>, Damage> {
        if !self.is_event(number) {
            return Ok(None);
        }
        let (position, recorded_at) = (self.first().plus(number as u64), self.cold.recorded_at[number]);
        Ok(Some(Stored { position, recorded_at, event: self.event(number)? }))
    }

    /// The event of that number, where [`Self::is_event`].
    pub(in crate::log) fn event(&self, number: usize) -> Result<Event, Damage> {
        let (shape, (source, id)) = (self.hot.code(number), self.name(number));
        let (row, record) = (registry::row_of(shape.code)?, self.record(number)?);
        let detail = row.detail(record, self.hot.context(number))?;
        let payload = match detail.payload(&self.rows) {
            Some(payload) => payload,
            None => row.payload(record)?,
        };
        let extra = match self.cold.extras.get(number)? {
            [] => None,
            bytes => Some(Box::new(codec::read::<ExtraV1>(bytes)?.into_extra())),
        };
        Ok(Event {
            source: source.to_owned(),
            id: id.to_owned(),
            consultation: self.consultation(number).to_owned(),
            at: self.hot.time(number),
            participant: self.participant(number).map(str::to_owned),
            role: raw::role(shape.role),
            payload,
            extra,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::raw::Drafts;
    use crate::log::bytes::frame::{self, Part};
    use crate::log::sample;
    use event::Payload;

    use super::*;

    fn arrivals(most: usize) -> impl Strategy<Value = Vec<Arrival>> {
        vec((sample::event(), any::<u32>().prop_map(|ms| Time::from_ms(ms.into()))), 1..most)
    }

    fn decoded(blocks: &[Encoded]) -> Vec<Stored> {
        let events = |encoded: &Encoded| {
            let block = Block::decode(&encoded.values.hot, &encoded.values.cold).unwrap();
            assert_eq!((block.first(), block.len() as u32), (encoded.first, encoded.count));
            (0..block.len()).map(|number| block.stored(number).unwrap().unwrap()).collect::<Vec<_>>()
        };
        blocks.iter().flat_map(events).collect()
    }

    /// The blocks of `arrivals` from position 77.
    fn encoded(arrivals: &[Arrival]) -> Vec<Encoded> {
        let mut frontier = Frontier::default();
        (0..76).for_each(|_| frontier.push([0; 32], |_, _| {}));
        let drafts = Drafts::of(arrivals).unwrap();
        encode(&mut frontier, &drafts.raws(), &vec![[1; 32]; arrivals.len()]).unwrap()
    }

    fn check(arrivals: &[Arrival]) -> Vec<Encoded> {
        let blocks = encoded(arrivals);
        let stored = |(i, (event, recorded_at)): (usize, &Arrival)| Stored {
            position: Position(77 + i as u64),
            recorded_at: *recorded_at,
            event: event.clone(),
        };
        let wanted: Vec<_> = arrivals.iter().enumerate().map(stored).collect();
        assert!(decoded(&blocks) == wanted, "what comes out is not what went in");
        assert!(
            blocks.iter().all(|block| block.values.hot.len().max(block.values.cold.len()) <= VALUE_BYTES)
        );
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
    fn blocks_are_cut_at_every_4096th_position() {
        let many: Vec<_> = (0..2 * UNIT_EVENTS).map(|number| large(number, 0)).collect();
        let blocks: Vec<_> = check(&many).iter().map(|block| (block.count, block.sealed)).collect();
        assert_eq!(blocks, [(4020, false), (4096, true), (76, false)]);
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
            let Values { hot, cold } = encoded(&arrivals).remove(0).values;
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
                let crc = crc32c::crc32c(&bytes[8..]);
                bytes[4..8].copy_from_slice(&crc.to_le_bytes());
            }
            prop_assert!(hot::decode(&bytes).is_err());
            prop_assert!(cold::decode(&bytes).is_err());
        }

        #[test]
        fn every_flipped_bit_is_noticed(arrivals in arrivals(6), at in any::<prop::sample::Index>(), bit in 0..8) {
            let Values { mut hot, mut cold } = encoded(&arrivals).remove(0).values;
            let (h, c) = (at.index(hot.len()), at.index(cold.len()));
            hot[h] ^= 1_u8 << bit;
            cold[c] ^= 1_u8 << bit;
            prop_assert!(hot::decode(&hot).is_err());
            prop_assert!(cold::decode(&cold).is_err());
        }
    }
}
