//! The hot value of a block: the columns that a replay reads, and nothing else.
//!
//! ```text
//! plain part, n values each      column of `at`: differences, see `column::deltas`
//!                                column of shapes: numbers in the list of shapes
//!                                column of consultations: numbers in the list
//!                                column of participants: 0 none, else number in the list + 1
//!                                column of contexts: 0 none, else number in the list + 1
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
//! A *shape* is code, role and source together: a block has a few dozen, so a byte an event tells all
//! three. Records belong, in order, to the events whose code has a hot record.

use std::collections::HashMap;

use event::{Context, Dimension, Time};

use super::Position;
use super::brief::{Brief, Contexts, HotBlock};
use super::column::{self, Reader};
use super::error::Damage;
use super::frame::{self, Header, Part};
use super::limits::{BLOCK_EVENTS, TABLE_ENTRIES};
use super::parts::{self, Parts};
use super::raw::{self, LAST_ROLE, Raw};
use super::registry::{self, Row};
use super::texts::{self, Numbering, Texts};

/// Code, role and source of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub(super) code: u16,
    pub(super) role: u8,
    pub(super) source: u32,
}

/// The lists and columns of a hot value; every number in a column is that of something in its list.
#[derive(Debug)]
pub(super) struct Hot {
    pub(super) header: Header,
    pub(super) sources: Texts,
    pub(super) consultations: Texts,
    pub(super) participants: Texts,
    pub(super) contexts: Contexts,
    shapes: Vec<Shape>,
    pub(super) at: Vec<Time>,
    shape: Vec<u64>,
    consultation: Vec<u64>,
    participant: Vec<u64>,
    context: Vec<u64>,
    pub(super) records: Parts,
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
    context: Vec<u64>,
    records: parts::Draft,
}

/// The hot value of `events`, which are as many as the header says.
pub(super) fn encode(header: &Header, events: &[Raw<'_>]) -> Result<Vec<u8>, Damage> {
    let mut draft = Draft::default();
    for event in events {
        draft.add(event)?;
    }
    let mut plain = Vec::with_capacity(8 * header.count);
    column::write(&mut plain, &column::deltas(events.iter().map(|event| event.at.ms())));
    for column in [&draft.shape, &draft.consultation, &draft.participant, &draft.context] {
        column::write(&mut plain, column);
    }
    frame::close(Part::Hot, header, &plain, &draft.packed())
}

/// The lists and columns that a hot value holds.
pub(super) fn decode(bytes: &[u8]) -> Result<Hot, Damage> {
    let frame = frame::open(Part::Hot, bytes)?;
    let from = &mut Reader::new(&frame.packed);
    let sources = Texts::read(from)?;
    let shapes = read_shapes(from, sources.len())?;
    let (consultations, participants) = (Texts::read(from)?, Texts::read(from)?);
    let contexts = read_contexts(from)?;
    let records = Parts::read(from)?;
    from.end()?;
    let (count, from) = (frame.header.count, &mut Reader::new(frame.plain));
    let at = column::sums(&column::read(from, count)?).map(Time::from_ms).collect();
    let mut within = |list: usize| {
        let column = column::read(from, count)?;
        match column.iter().all(|number| *number < list as u64) {
            true => Ok(column),
            false => Err(Damage::new("a number beyond its list")),
        }
    };
    let shape = within(shapes.len())?;
    let consultation = within(consultations.len())?;
    let participant = within(participants.len() + 1)?;
    let context = within(contexts.len() + 1)?;
    from.end()?;
    let hot = Hot {
        header: frame.header,
        sources,
        consultations,
        participants,
        contexts,
        shapes,
        at,
        shape,
        consultation,
        participant,
        context,
        records,
    };
    if hot.count_records()? != hot.records.len() {
        return Err(Damage::new("its hot records are not those of its events"));
    }
    Ok(hot)
}

impl Hot {
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn shape(&self, number: usize) -> Shape {
        self.shapes[self.shape[number] as usize]
    }

    pub(super) fn consultation(&self, number: usize) -> u32 {
        self.consultation[number] as u32
    }

    pub(super) fn participant(&self, number: usize) -> Option<u32> {
        (self.participant[number] as u32).checked_sub(1)
    }

    pub(super) fn context(&self, number: usize) -> Option<u32> {
        (self.context[number] as u32).checked_sub(1)
    }

    fn count_records(&self) -> Result<usize, Damage> {
        let recorded: Vec<bool> =
            self.shapes.iter().map(|shape| registry::has_hot(shape.code)).collect::<Result<_, _>>()?;
        Ok(self.shape.iter().filter(|shape| recorded[**shape as usize]).count())
    }

    /// The events in brief: one block, or several where contents were destroyed between them.
    ///
    /// Each has the lists of them all. They are made one at a time: together they could fill the memory.
    pub(super) fn into_brief(self) -> Result<impl Iterator<Item = HotBlock>, Damage> {
        let rows = self.rows()?;
        let (mut runs, mut run, mut first) = (Vec::new(), Vec::with_capacity(self.len()), self.header.first);
        let mut taken = 0;
        for number in 0..self.len() {
            let shape = self.shape(number);
            let Some((row, recorded)) = rows[self.shape[number] as usize] else {
                runs.push((first, std::mem::take(&mut run)));
                first = self.header.first.plus(number as u64 + 1);
                continue;
            };
            let record = if recorded { self.records.get(taken)? } else { &[] };
            taken += usize::from(recorded);
            run.push(Brief {
                at: self.at[number],
                kind: row.kind,
                source: shape.source,
                consultation: self.consultation(number),
                participant: self.participant(number),
                role: raw::role(shape.role),
                detail: row.detail(record, self.context(number))?,
            });
        }
        runs.push((first, run));
        runs.retain(|(_, events)| !events.is_empty());
        Ok(self.blocks(runs))
    }

    /// For each shape the row of its code and whether there is a hot record; none for the log's own.
    fn rows(&self) -> Result<Vec<Option<(&'static Row, bool)>>, Damage> {
        let row = |shape: &Shape| match registry::is_event(shape.code) {
            true => Ok(Some((registry::row_of(shape.code)?, registry::has_hot(shape.code)?))),
            false => Ok(None),
        };
        self.shapes.iter().map(row).collect()
    }

    fn blocks(self, runs: Vec<(Position, Vec<Brief>)>) -> impl Iterator<Item = HotBlock> {
        let Self { header, sources, consultations, participants, contexts, .. } = self;
        let lists = HotBlock {
            first: header.first,
            sources,
            consultations,
            participants,
            contexts,
            events: Vec::new(),
        };
        let (mut lists, mut runs) = (Some(lists), runs.into_iter());
        std::iter::from_fn(move || {
            let (first, events) = runs.next()?;
            let lists = if runs.len() == 0 { lists.take() } else { lists.clone() }?;
            Some(HotBlock { first, events, ..lists })
        })
    }
}

impl<'a> Draft<'a> {
    fn add(&mut self, event: &Raw<'a>) -> Result<(), Damage> {
        let shape = Shape { code: event.code, role: event.role, source: self.sources.number(event.source) };
        let next = self.shape_list.len() as u32;
        let number = *self.shapes.entry(shape).or_insert(next);
        if number == next {
            self.shape_list.push(shape);
        }
        self.shape.push(u64::from(number));
        self.consultation.push(u64::from(self.consultations.number(event.consultation)));
        let participant = event.participant.map(|name| self.participants.number(name));
        self.participant.push(participant.map_or(0, |number| u64::from(number) + 1));
        let context = event.context.map(|context| self.contexts.number(context));
        self.context.push(context.map_or(0, |number| u64::from(number) + 1));
        if registry::has_hot(event.code)? {
            self.records.push(event.record);
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
        if shape.source as usize >= sources || shape.role > LAST_ROLE {
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
        out.extend(self.level_list.iter().map(|(dimension, _)| registry::dimension_code(*dimension)));
        for column in [&self.sizes, &self.rows] {
            out.extend((column.len() as u32).to_le_bytes());
            column::write(out, column);
        }
    }
}

fn read_contexts(from: &mut Reader<'_>) -> Result<Contexts, Damage> {
    let levels = Texts::read(from)?;
    let dimension = |code: &u8| {
        registry::dimension(*code)
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
