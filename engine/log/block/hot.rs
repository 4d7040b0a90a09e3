//! The hot value of a block: the columns that a replay reads, and nothing else.
//!
//! ```text
//! plain part        column of `at`: differences, see `column::deltas`
//! (n values each)   column of shapes: numbers in the list of shapes
//!                   column of consultations: numbers in the list
//!                   column of participants: 0 none, else number in the list + 1
//!                   column of contexts: 0 none, 1 the next that was not told yet, else number + 2
//!                   column of strays: 0 the source is the home of its consultation, else number + 1
//! (lists)           u32 c, column of c homes: numbers in the list of sources;
//!                       c times u64: digest of the consultation's name
//!                   u32 p, p times u64: digest of the participant's name
//!                   u32 number of contexts, u8 number of dimensions, each: u8 code,
//!                       column of levels by context: 0 not told, else number in its list + 1
//! compressed part   texts: sources, sorted
//!                   u32 number of shapes, each: u16 code of kind and version,
//!                       u8 role (0 none, 1 patient, 2 clinician, 3 carer,
//!                       4 interpreter, 5 other, 6 unknown)
//!                   for each dimension texts: levels, sorted
//!                   u32 number of records, column of their lengths, the records
//! ```
//!
//! A *shape* is code and role together: a block has a few dozen, so a byte an event tells both. A
//! consultation's *home* is the source of its first event in the block, and mostly of all of them. What
//! lies in the plain part is used as it lies there; names are digests here, and stand in the cold value:
//! a replay only asks whether two are the same. Sorted lists of neighbouring blocks are alike, so that
//! whoever numbers their texts hardly has to look them up. Records belong, in order, to the events whose
//! code has a hot record.

mod draft;

pub(in crate::log) use draft::encode;

use event::{Context, Dimension, Kind, Role, Time};

use super::brief::{Contexts, Detail};
use super::raw::{self, LAST_ROLE};
use super::registry::{self, Row};
use crate::log::Position;
use crate::log::bytes::column::{self, Reader};
use crate::log::bytes::frame::{self, Header, Part};
use crate::log::bytes::parts::Parts;
use crate::log::bytes::texts::Texts;
use crate::log::error::Damage;
use crate::log::limits::BLOCK_EVENTS;

/// A context that was told before in its block is its number and this.
const TOLD: u64 = 2;

/// The digest by which names are compared, of consultations and of participants.
///
/// 64 bits: of ten million names two share a digest with a probability of three in a million. Whoever
/// can send events could name any consultation outright, so nothing is won by forging one.
#[must_use]
pub fn digest(name: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(name.as_bytes()).as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Code and role of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::log) struct Code {
    pub(in crate::log) code: u16,
    pub(in crate::log) role: u8,
}

/// What a shape says of an event; nothing of what is none: the log's own records and what stays of
/// destroyed events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What kind of thing happened.
    pub kind: Kind,
    /// The part that its participant plays.
    pub role: Option<Role>,
    /// Whether it has a record, which [`HotBlock::detail`] reads.
    pub recorded: bool,
}

/// The lists and columns of a hot value; every number in a column is that of something in its list.
///
/// It can be read into again and again, which saves its room.
#[derive(Debug, Default)]
pub struct HotBlock {
    pub(in crate::log) header: Header,
    /// When each event happened, in ms since 1970.
    pub at: Vec<i64>,
    /// The shape of each event.
    pub shape: Vec<u32>,
    /// The consultation of each event.
    pub consultation: Vec<u32>,
    /// The participant of each event: 0 none, else its number and one.
    pub participant: Vec<u32>,
    /// The context that each event tells: 0 none, else its number and one.
    pub context: Vec<u32>,
    /// The source of each event where it is not its consultation's home: 0 it is, else its number and one.
    pub stray: Vec<u32>,
    /// Who recorded the events, sorted.
    pub sources: Texts,
    /// The source of the first event of each consultation.
    pub homes: Vec<u32>,
    /// The digest of each consultation's name.
    pub consultations: Vec<u64>,
    /// The digest of each participant's name.
    pub participants: Vec<u64>,
    /// What the shapes say.
    pub shapes: Vec<Option<Shape>>,
    /// The dimensions that were asked for and of which some context of the block tells.
    pub told: Vec<Told>,
    codes: Vec<Code>,
    contexts: usize,
    pub(in crate::log) records: Parts,
}

/// What the contexts of a block tell of one dimension.
#[derive(Debug, Default)]
pub struct Told {
    /// Which one; none in room that is not in use.
    pub dimension: Option<Dimension>,
    /// Its levels, sorted.
    pub levels: Texts,
    /// By context: 0 not told, else the number of its level and one.
    pub level: Vec<u32>,
}

/// The lists and columns that a hot value holds.
pub(in crate::log) fn decode(bytes: &[u8]) -> Result<HotBlock, Damage> {
    let mut block = HotBlock::default();
    block.read(bytes, &Dimension::ALL)?;
    Ok(block)
}

impl HotBlock {
    /// Reads another value in the place of what it holds; of the dimensions only those `wanted`.
    pub(in crate::log) fn read(&mut self, bytes: &[u8], wanted: &[Dimension]) -> Result<(), Damage> {
        let frame = frame::open(Part::Hot, bytes)?;
        self.header = frame.header;
        let (plain, packed) = (&mut Reader::new(frame.plain), &mut Reader::new(&frame.packed));
        self.sources = Texts::read(packed)?;
        self.read_codes(packed)?;
        self.read_columns(plain)?;
        self.read_contexts(plain, packed, wanted)?;
        self.records = Parts::read(packed)?;
        plain.end()?;
        packed.end()?;
        if self.count_records() != self.records.len() {
            return Err(Damage::new("its hot records are not those of its events"));
        }
        Ok(())
    }

    fn read_codes(&mut self, from: &mut Reader<'_>) -> Result<(), Damage> {
        self.codes.clear();
        self.shapes.clear();
        for _ in 0..from.count(BLOCK_EVENTS)? {
            let code = Code { code: from.u16()?, role: from.u8()? };
            if code.role > LAST_ROLE {
                return Err(Damage::new("a shape of a role that is not there"));
            }
            self.codes.push(code);
            self.shapes.push(shape(code)?);
        }
        Ok(())
    }

    fn read_columns(&mut self, from: &mut Reader<'_>) -> Result<(), Damage> {
        let count = self.header.count;
        column::summed(from, count, &mut self.at)?;
        column::numbers(from, count, self.codes.len(), &mut self.shape)?;
        column::numbers(from, count, count, &mut self.consultation)?;
        column::numbers(from, count, count + 1, &mut self.participant)?;
        column::numbers(from, count, count + TOLD as usize, &mut self.context)?;
        column::numbers(from, count, self.sources.len() + 1, &mut self.stray)?;
        let consultations = from.count(count)?;
        column::numbers(from, consultations, self.sources.len(), &mut self.homes)?;
        digests(from, consultations, &mut self.consultations)?;
        let participants = from.count(count)?;
        digests(from, participants, &mut self.participants)?;
        let within = |column: &[u32], list: usize| column.iter().all(|number| (*number as usize) < list);
        if within(&self.consultation, consultations) && within(&self.participant, participants + 1) {
            return Ok(());
        }
        Err(Damage::new("a number beyond its list"))
    }

    fn read_contexts(
        &mut self,
        plain: &mut Reader<'_>,
        packed: &mut Reader<'_>,
        wanted: &[Dimension],
    ) -> Result<(), Damage> {
        self.contexts = plain.count(self.header.count)?;
        resolve(&mut self.context, self.contexts)?;
        let mut used = 0;
        for _ in 0..plain.u8()? {
            let code = plain.u8()?;
            let dimension = registry::dimension(code)
                .ok_or_else(|| Damage::new(format!("dimension code {code} is not known to this program")))?;
            if !wanted.contains(&dimension) {
                Texts::skip(packed)?;
                column::skip(plain, self.contexts)?;
                continue;
            }
            let levels = Texts::read(packed)?;
            if used == self.told.len() {
                self.told.push(Told::default());
            }
            let told = &mut self.told[used];
            column::numbers(plain, self.contexts, levels.len() + 1, &mut told.level)?;
            (told.dimension, told.levels) = (Some(dimension), levels);
            used += 1;
        }
        self.told.truncate(used);
        Ok(())
    }

    fn count_records(&self) -> usize {
        let recorded = |number: &&u32| self.shapes[**number as usize].is_some_and(|shape| shape.recorded);
        self.shape.iter().filter(recorded).count()
    }

    /// Where its first event stands; the others follow without a gap.
    #[must_use]
    pub fn first(&self) -> Position {
        self.header.first
    }

    /// How many events it has, not counting what is none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// What event `number` says; its record, if it has one, is the `record`-th of the block, counted from 0.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn detail(&self, number: usize, record: usize) -> Result<Detail, crate::log::LogError> {
        let read = || {
            let row = registry::row_of(self.code(number).code)?;
            let bytes = if registry::has_hot(row.code)? { self.records.get(record)? } else { &[] };
            row.detail(bytes, self.context(number))
        };
        read().map_err(crate::log::LogError::damaged(self.first()))
    }

    /// The source of the event of that number.
    #[must_use]
    pub fn source(&self, number: usize) -> u32 {
        match self.stray[number] {
            0 => self.homes[self.consultation[number] as usize],
            stray => stray - 1,
        }
    }

    /// Whether some source declares in it what it can see.
    #[must_use]
    pub fn declares(&self) -> bool {
        self.shapes.iter().flatten().any(|shape| shape.kind == Kind::RecordingDeclared)
    }

    /// How many consultations and participants it has.
    pub(in crate::log) fn names(&self) -> (usize, usize) {
        (self.consultations.len(), self.participants.len())
    }

    pub(in crate::log) fn code(&self, number: usize) -> Code {
        self.codes[self.shape[number] as usize]
    }

    /// What reads the event of that number, if one stands there.
    pub(in crate::log) fn row(&self, number: usize) -> Result<Option<&'static Row>, Damage> {
        let code = self.code(number).code;
        registry::is_event(code).then(|| registry::row_of(code)).transpose()
    }

    pub(in crate::log) fn time(&self, number: usize) -> Time {
        Time::from_ms(self.at[number])
    }

    pub(in crate::log) fn participant(&self, number: usize) -> Option<u32> {
        self.participant[number].checked_sub(1)
    }

    pub(in crate::log) fn context(&self, number: usize) -> Option<u32> {
        self.context[number].checked_sub(1)
    }

    /// The context of that number, of the dimensions that were wanted.
    #[must_use]
    pub fn told_context(&self, number: u32) -> Context {
        let mut context = Context::default();
        for told in &self.told {
            let level = told.level.get(number as usize).and_then(|level| level.checked_sub(1));
            if let (Some(dimension), Some(level)) = (told.dimension, level) {
                context.set(dimension, &told.levels[level]);
            }
        }
        context
    }

    /// The contexts, where every dimension was wanted.
    pub(in crate::log) fn contexts(&self) -> Contexts {
        let mut contexts = Contexts::default();
        let mut offsets = Vec::with_capacity(self.told.len());
        let mut levels: Vec<&str> = Vec::new();
        for told in &self.told {
            offsets.push(levels.len() as u32);
            contexts.dimensions.extend(told.dimension.iter().cycle().take(told.levels.len()));
            levels.extend(told.levels.iter());
        }
        contexts.levels = levels.into_iter().collect();
        for number in 0..self.contexts {
            let told = self.told.iter().zip(&offsets).filter(|(told, _)| told.level[number] > 0);
            contexts.rows.extend(told.map(|(told, offset)| offset + told.level[number] - 1));
            contexts.ends.push(contexts.rows.len() as u32);
        }
        contexts
    }
}

/// What a code and a role say.
fn shape(Code { code, role }: Code) -> Result<Option<Shape>, Damage> {
    if !registry::is_event(code) {
        return Ok(None);
    }
    let kind = registry::row_of(code)?.kind;
    Ok(Some(Shape { kind, role: raw::role(role), recorded: registry::has_hot(code)? }))
}

/// Turns what the column of contexts tells into numbers of contexts and one.
fn resolve(column: &mut [u32], contexts: usize) -> Result<(), Damage> {
    let mut next = 0;
    for number in column {
        match *number {
            0 => continue,
            1 => {
                next += 1;
                *number = next;
            }
            told => *number = told - (TOLD as u32 - 1),
        }
        if *number > next {
            return Err(Damage::new("a context before it is told"));
        }
    }
    if next as usize != contexts {
        return Err(Damage::new("contexts that no event tells"));
    }
    Ok(())
}

fn digests(from: &mut Reader<'_>, count: usize, out: &mut Vec<u64>) -> Result<(), Damage> {
    out.clear();
    out.extend(from.take(8 * count)?.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
    Ok(())
}
