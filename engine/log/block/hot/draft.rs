//! A hot value while it is put together.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use event::{Context, Dimension};

use super::super::raw::Raw;
use super::super::registry;
use super::{Code, TOLD, digest};
use crate::log::bytes::column;
use crate::log::bytes::frame::{self, Header, Part};
use crate::log::bytes::parts;
use crate::log::bytes::texts::{self, Numbering};
use crate::log::error::Damage;

/// The lists and columns of a block while they grow.
#[derive(Debug, Default)]
struct Draft<'a> {
    sources: Numbering<'a>,
    consultations: Numbering<'a>,
    participants: Numbering<'a>,
    contexts: ContextNumbering<'a>,
    codes: HashMap<Code, u32>,
    code_list: Vec<Code>,
    shape: Vec<u64>,
    consultation: Vec<u64>,
    participant: Vec<u64>,
    context: Vec<u64>,
    source: Vec<u32>,
    homes: Vec<u32>,
    records: parts::Draft,
}

/// The hot value of `events`, which are as many as the header says.
pub(in crate::log) fn encode(header: &Header, events: &[Raw<'_>]) -> Result<Vec<u8>, Damage> {
    let mut draft = Draft::default();
    for event in events {
        draft.add(event)?;
    }
    let (sources, places) = sorted(&draft.sources);
    let mut plain = Vec::with_capacity(16 * header.count);
    column::write(&mut plain, &column::deltas(events.iter().map(|event| event.at.ms())));
    for column in [&draft.shape, &draft.consultation, &draft.participant, &draft.context] {
        column::write(&mut plain, column);
    }
    draft.write_sources(&places, &mut plain);
    let write_digests = |names: &[&str], plain: &mut Vec<u8>| {
        names.iter().for_each(|name| plain.extend(digest(name).to_le_bytes()));
    };
    write_digests(draft.consultations.list(), &mut plain);
    plain.extend((draft.participants.list().len() as u32).to_le_bytes());
    write_digests(draft.participants.list(), &mut plain);
    let mut packed = Vec::new();
    texts::write(&mut packed, sources.iter().copied());
    draft.write_codes(&mut packed);
    draft.contexts.write(&mut plain, &mut packed);
    draft.records.write(&mut packed);
    frame::close(Part::Hot, header, &plain, &packed)
}

/// The texts in order, and for each number its place in that order.
fn sorted<'a>(texts: &Numbering<'a>) -> (Vec<&'a str>, Vec<u32>) {
    let list = texts.list();
    let mut order: Vec<u32> = (0..list.len() as u32).collect();
    order.sort_unstable_by_key(|number| list[*number as usize]);
    let mut places = vec![0; list.len()];
    for (place, number) in order.iter().enumerate() {
        places[*number as usize] = place as u32;
    }
    (order.iter().map(|number| list[*number as usize]).collect(), places)
}

impl<'a> Draft<'a> {
    fn add(&mut self, event: &Raw<'a>) -> Result<(), Damage> {
        let code = Code { code: event.code, role: event.role };
        let next = self.code_list.len() as u32;
        let number = *self.codes.entry(code).or_insert(next);
        if number == next {
            self.code_list.push(code);
        }
        self.shape.push(u64::from(number));
        let source = self.sources.number(event.source);
        let consultation = self.consultations.number(event.consultation);
        if consultation as usize == self.homes.len() {
            self.homes.push(source);
        }
        self.source.push(source);
        self.consultation.push(u64::from(consultation));
        let participant = event.participant.map(|name| self.participants.number(name));
        self.participant.push(participant.map_or(0, |number| u64::from(number) + 1));
        self.context.push(event.context.map_or(0, |context| self.contexts.tell(context)));
        if registry::has_hot(event.code)? {
            self.records.push(event.record);
        }
        Ok(())
    }

    /// The column of strays and the list of consultations with their homes, up to their digests; `places`
    /// are those of sources in the order in which they are written.
    fn write_sources(&self, places: &[u32], out: &mut Vec<u8>) {
        let stray = |(source, consultation): (&u32, &u64)| match *source == self.homes[*consultation as usize]
        {
            true => 0,
            false => u64::from(places[*source as usize]) + 1,
        };
        column::write(out, &self.source.iter().zip(&self.consultation).map(stray).collect::<Vec<_>>());
        out.extend((self.homes.len() as u32).to_le_bytes());
        let homes: Vec<u64> = self.homes.iter().map(|home| u64::from(places[*home as usize])).collect();
        column::write(out, &homes);
    }

    fn write_codes(&self, out: &mut Vec<u8>) {
        out.extend((self.code_list.len() as u32).to_le_bytes());
        for code in &self.code_list {
            out.extend(code.code.to_le_bytes());
            out.push(code.role);
        }
    }
}

/// Numbers contexts in the order in which they first come.
#[derive(Debug, Default)]
struct ContextNumbering<'a> {
    numbers: HashMap<&'a Context, u64>,
    list: Vec<&'a Context>,
}

impl<'a> ContextNumbering<'a> {
    /// What the column of contexts says of an event that tells `context`.
    fn tell(&mut self, context: &'a Context) -> u64 {
        let next = self.list.len() as u64;
        match self.numbers.entry(context) {
            Entry::Occupied(told) => told.get() + TOLD,
            Entry::Vacant(entry) => {
                entry.insert(next);
                self.list.push(context);
                1
            }
        }
    }

    fn write(&self, plain: &mut Vec<u8>, packed: &mut Vec<u8>) {
        let told: BTreeSet<Dimension> =
            self.list.iter().flat_map(|context| context.iter().map(|(dimension, _)| dimension)).collect();
        plain.extend((self.list.len() as u32).to_le_bytes());
        plain.push(told.len() as u8);
        for dimension in told {
            let mut levels = Numbering::default();
            let numbers: Vec<Option<u32>> =
                self.list.iter().map(|context| Some(levels.number(context.get(dimension)?))).collect();
            let (list, places) = sorted(&levels);
            let place =
                |number: Option<u32>| number.map_or(0, |number| u64::from(places[number as usize]) + 1);
            plain.push(registry::dimension_code(dimension));
            column::write(plain, &numbers.into_iter().map(place).collect::<Vec<_>>());
            texts::write(packed, list.iter().copied());
        }
    }
}
