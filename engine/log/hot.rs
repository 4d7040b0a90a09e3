//! The hot value of a block: the columns that a replay reads, and nothing else.
//!
//! ```text
//! plain part, n values each      column of `at`: differences, see `column::deltas`
//!                                column of shapes: numbers in the list of shapes
//!                                column of consultations: numbers in the list
//!                                column of participants: 0 none, else number in the list + 1
//! compressed part                texts: sources
//!                                u32 number of shapes, each: u16 code of kind and version,
//!                                    u8 role (0 none, 1 patient, 2 clinician, 3 carer,
//!                                    4 interpreter, 5 other, 6 unknown), u32 source
//!                                texts: consultations; texts: participants
//!                                texts: levels, then one u8 dimension code each
//!                                u32 number of contexts, column of their sizes,
//!                                    u32 number of all their levels, column of levels
//!                                u32 number of records, column of their lengths, the records
//! ```
//!
//! A *shape* is kind, role and source together: a block has a few dozen, so a byte an event tells all
//! three. Records belong, in order, to the events whose kind has a hot record.

use std::collections::HashMap;

use event::{Context, Dimension, Event, Role, Time};

use super::brief::{Brief, Contexts, Detail, HotBlock};
use super::column::{self, Reader};
use super::error::Damage;
use super::frame::{self, Header, Part};
use super::limits::{BLOCK_EVENTS, TABLE_ENTRIES};
use super::parts::{self, Parts};
use super::texts::{self, Numbering, Texts};
use super::{details, records};

const ROLES: [Role; 6] =
    [Role::Patient, Role::Clinician, Role::Carer, Role::Interpreter, Role::Other, Role::Unknown];

/// Kind, role and source of an event, as codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    code: u16,
    role: u8,
    source: u32,
}

/// The lists and columns of a block while they grow.
#[derive(Debug, Default)]
struct Draft<'a> {
    sources: Numbering<'a>,
    consultations: Numbering<'a>,
    participants: Numbering<'a>,
    contexts: ContextNumbering<'a>,
    shapes: HashMap<Shape, u32>,
    shape_list: Vec<Shape>,
    shape: Vec<u64>,
    consultation: Vec<u64>,
    participant: Vec<u64>,
    records: parts::Draft,
}

/// The hot value of `events`, which are as many as the header says.
pub(super) fn encode<'a>(
    header: &Header,
    events: impl Iterator<Item = &'a Event> + Clone,
) -> Result<Vec<u8>, Damage> {
    let mut draft = Draft::default();
    for event in events.clone() {
        draft.add(event)?;
    }
    let mut plain = Vec::with_capacity(8 * header.count);
    column::write(&mut plain, &column::deltas(events.map(|event| event.at.ms())));
    for column in [&draft.shape, &draft.consultation, &draft.participant] {
        column::write(&mut plain, column);
    }
    frame::close(Part::Hot, header, &plain, &draft.packed())
}

/// The block that a hot value holds.
pub(super) fn decode(bytes: &[u8]) -> Result<HotBlock, Damage> {
    let frame = frame::open(Part::Hot, bytes)?;
    let from = &mut Reader::new(&frame.packed);
    let sources = Texts::read(from)?;
    let shapes = read_shapes(from, sources.len())?;
    let (consultations, participants) = (Texts::read(from)?, Texts::read(from)?);
    let contexts = read_contexts(from)?;
    let (records, mut taken) = (Parts::read(from)?, 0);
    from.end()?;

    let (count, from) = (frame.header.count, &mut Reader::new(frame.plain));
    let at = column::read(from, count)?;
    let shape = column::read(from, count)?;
    let consultation = column::read(from, count)?;
    let participant = column::read(from, count)?;
    from.end()?;

    let mut events = Vec::with_capacity(count);
    let beyond = || Damage::new("a number beyond its list");
    for (i, at) in column::sums(&at).enumerate() {
        let shape = shapes.get(shape[i] as usize).ok_or_else(beyond)?;
        let kind = records::kind(shape.code)
            .ok_or_else(|| Damage::new(format!("kind code {} is not known to this program", shape.code)))?;
        if consultation[i] >= consultations.len() as u64 || participant[i] > participants.len() as u64 {
            return Err(beyond());
        }
        let detail = if records::has_hot(kind) {
            taken += 1;
            details::read(kind, records.get(taken - 1)?, contexts.len())?
        } else {
            Detail::Nothing
        };
        events.push(Brief {
            at: Time::from_ms(at),
            kind,
            source: shape.source,
            consultation: consultation[i] as u32,
            participant: (participant[i] as u32).checked_sub(1),
            role: shape.role.checked_sub(1).map(|role| ROLES[role as usize]),
            detail,
        });
    }
    if taken != records.len() {
        return Err(Damage::new("more records than events that have one"));
    }
    Ok(HotBlock { first: frame.header.first, sources, consultations, participants, contexts, events })
}

impl<'a> Draft<'a> {
    fn add(&mut self, event: &'a Event) -> Result<(), Damage> {
        let kind = event.kind();
        let role = event.role.and_then(|role| ROLES.iter().position(|known| *known == role));
        let shape = Shape {
            code: records::code(kind),
            role: role.map_or(0, |role| role as u8 + 1),
            source: self.sources.number(&event.source),
        };
        let next = self.shape_list.len() as u32;
        let number = *self.shapes.entry(shape).or_insert(next);
        if number == next {
            self.shape_list.push(shape);
        }
        self.shape.push(u64::from(number));
        self.consultation.push(u64::from(self.consultations.number(&event.consultation)));
        let participant = event.participant.as_ref().map(|name| self.participants.number(name));
        self.participant.push(participant.map_or(0, |number| u64::from(number) + 1));
        if records::has_hot(kind) {
            let contexts = &mut self.contexts;
            self.records
                .push(|out| details::write(out, &event.payload, |context| contexts.number(context)))?;
        }
        Ok(())
    }

    fn packed(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.sources.write(&mut out);
        out.extend((self.shape_list.len() as u32).to_le_bytes());
        for shape in &self.shape_list {
            out.extend(shape.code.to_le_bytes());
            out.push(shape.role);
            out.extend(shape.source.to_le_bytes());
        }
        self.consultations.write(&mut out);
        self.participants.write(&mut out);
        self.contexts.write(&mut out);
        self.records.write(&mut out);
        out
    }
}

fn read_shapes(from: &mut Reader<'_>, sources: usize) -> Result<Vec<Shape>, Damage> {
    let count = from.count(BLOCK_EVENTS)?;
    let mut shapes = Vec::with_capacity(count);
    for _ in 0..count {
        let shape = Shape { code: from.u16()?, role: from.u8()?, source: from.u32()? };
        if shape.source as usize >= sources || shape.role as usize > ROLES.len() {
            return Err(Damage::new("a shape of a source or role that is not there"));
        }
        shapes.push(shape);
    }
    Ok(shapes)
}

/// Numbers contexts and their levels in the order in which they first come.
#[derive(Debug, Default)]
struct ContextNumbering<'a> {
    numbers: HashMap<&'a Context, u32>,
    levels: HashMap<(Dimension, &'a str), u32>,
    level_list: Vec<(Dimension, &'a str)>,
    sizes: Vec<u64>,
    rows: Vec<u64>,
}

impl<'a> ContextNumbering<'a> {
    fn number(&mut self, context: &'a Context) -> u32 {
        let next = self.sizes.len() as u32;
        let number = *self.numbers.entry(context).or_insert(next);
        if number == next {
            let before = self.rows.len();
            for level in context.iter() {
                let next = self.level_list.len() as u32;
                let number = *self.levels.entry(level).or_insert(next);
                if number == next {
                    self.level_list.push(level);
                }
                self.rows.push(u64::from(number));
            }
            self.sizes.push((self.rows.len() - before) as u64);
        }
        number
    }

    fn write(&self, out: &mut Vec<u8>) {
        texts::write(out, self.level_list.iter().map(|(_, level)| *level));
        out.extend(self.level_list.iter().map(|(dimension, _)| records::dimension_code(*dimension)));
        for column in [&self.sizes, &self.rows] {
            out.extend((column.len() as u32).to_le_bytes());
            column::write(out, column);
        }
    }
}

fn read_contexts(from: &mut Reader<'_>) -> Result<Contexts, Damage> {
    let levels = Texts::read(from)?;
    let dimension = |code: &u8| {
        records::dimension(*code)
            .ok_or_else(|| Damage::new(format!("dimension code {code} is not known to this program")))
    };
    let dimensions = from.take(levels.len())?.iter().map(dimension).collect::<Result<_, _>>()?;
    let count = from.count(BLOCK_EVENTS)?;
    let ends = texts::ends(&column::read(from, count)?)?;
    let count = from.count(TABLE_ENTRIES)?;
    let rows = column::read(from, count)?;
    if ends.last().map_or(0, |end| *end as usize) != rows.len()
        || rows.iter().any(|level| *level >= levels.len() as u64)
    {
        return Err(Damage::new("contexts whose levels are not there"));
    }
    Ok(Contexts { dimensions, levels, ends, rows: rows.into_iter().map(|level| level as u32).collect() })
}
