//! What one thread does with its stretch of the log: gists of the consultations that are plain.
//!
//! Events go from the columns of a block straight into the slots of a ring; a slot becomes a gist when it
//! leaves. What the plain reading cannot tell is noted with its digest and the blocks that it lies in, and
//! read again by the whole one, as are consultations whose fragments do not simply add up.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use event::{Dimension, Kind, KindSet, Role, Sides, Target, Time};
use projections::gist::{Flags, Gist, NO_TIME};
use projections::gists::{Column, Gists};
use projections::parameters::Parameters;
use projections::reading::feedback::Said;
use projections::reading::plain::{self, Key, Person};

use super::book::Book;
use super::levels::Numbers;
use super::piece::fact;
use super::ring::{KEYS, Ring, Slot};
use super::stretch::Stretch;
use super::{MOST_ROWS, ReplayError, Request, Watch};
use crate::log::{Detail, HotBlock, Log, LogError, Position, Shape};

/// Keys of one consultation that a plain reading is tried with.
const MOST_KEYS: usize = 64;

/// What all stretches of one replay have in common.
pub(super) struct Common<'a> {
    pub(super) log: &'a Log,
    /// The dimensions that are asked for.
    pub(super) wanted: &'a [Dimension],
    /// What is known of sources from what they declared.
    pub(super) book: &'a Book,
    /// How consultations are read; all of them as if they were over.
    pub(super) parameters: Parameters,
    pub(super) limit: usize,
    pub(super) watch: &'a Watch,
}

impl<'a> Common<'a> {
    pub(super) fn new(
        log: &'a Log,
        request: &Request,
        (wanted, book): (&'a [Dimension], &'a Book),
        watch: &'a Watch,
    ) -> Self {
        let parameters = request.parameters(Time::MAX);
        Self { log, wanted, book, parameters, limit: request.most_consultations.unwrap_or(MOST_ROWS), watch }
    }
}

/// How the marks of one shape go into a slot.
#[derive(Clone, Copy)]
enum Way {
    /// As a key: the key without its instant and person.
    Key(u64),
    /// As what it is, with its record.
    Other,
    /// Not at all: it is no event, or tells of no consultation.
    Skip,
}

/// A shape, and how its marks go into a slot.
struct ShapeWay {
    way: Way,
    kind: Kind,
    role: Option<Role>,
    recorded: bool,
    is_event: bool,
}

/// The place of a column, the place of its dimension in a block, and the numbers of the levels there.
type TellingLevels = (usize, usize, Vec<u32>);

/// What the lists of a block mean in this stretch.
struct Lists {
    number: u32,
    sources: Vec<u32>,
    levels: Vec<TellingLevels>,
    shapes: Vec<ShapeWay>,
}

struct Gathering<'a> {
    common: &'a Common<'a>,
    ring: Ring,
    stretch: Stretch,
    sources: Numbers,
    levels: Vec<Numbers>,
    /// By source: whether the plain reading may be used, and how much earlier its drops are read.
    ways: Vec<(bool, i64)>,
    more: HashMap<u32, Vec<Key>>,
    keys: Vec<Key>,
    places: Vec<u32>,
}

/// Reads the events of `range`.
pub(super) fn gather(common: &Common<'_>, range: RangeInclusive<Position>) -> Result<Stretch, ReplayError> {
    let mut blocks = common.log.hot_blocks(range, common.wanted);
    gather_from(common, |take| match blocks.next_block()? {
        Some((block, events)) => take(block, events).map(|()| true),
        None => Ok(false),
    })
}

/// Takes one block, and which of its events are meant.
type Take<'a> = dyn FnMut(&HotBlock, Range<usize>) -> Result<(), ReplayError> + 'a;

/// Takes the events of the blocks that `give` hands over one by one, until it says that there are no more.
pub(super) fn gather_from(
    common: &Common<'_>,
    mut give: impl FnMut(&mut Take<'_>) -> Result<bool, ReplayError>,
) -> Result<Stretch, ReplayError> {
    let mut gathering = Gathering::new(common);
    let mut take = |block: &HotBlock, events: Range<usize>| {
        if common.watch.stopped() {
            return Err(ReplayError::Interrupted);
        }
        let count = events.len() as u64;
        gathering.take(block, events)?;
        if gathering.ring.next as usize > common.limit {
            return Err(ReplayError::TooMany { limit: common.limit });
        }
        common.watch.advance(count);
        Ok(())
    };
    while give(&mut take)? {}
    Ok(gathering.finish())
}

impl<'a> Gathering<'a> {
    fn new(common: &'a Common<'a>) -> Self {
        let column =
            |dimension: &Dimension| Column { dimension: *dimension, levels: Vec::new(), level: Vec::new() };
        let columns = common.wanted.iter().map(column).collect();
        let stretch = Stretch { gists: Gists { columns, ..Gists::default() }, ..Stretch::default() };
        Self {
            common,
            ring: Ring::new(),
            stretch,
            sources: Numbers::default(),
            levels: common.wanted.iter().map(|_| Numbers::default()).collect(),
            ways: Vec::new(),
            more: HashMap::new(),
            keys: Vec::new(),
            places: Vec::new(),
        }
    }

    fn take(&mut self, block: &HotBlock, events: Range<usize>) -> Result<(), LogError> {
        self.ring.make_room();
        self.read_to(self.ring.due());
        let lists = self.lists_of(block);
        let position = |event: usize| block.first().plus(event as u64);
        let blocks = &mut self.stretch.blocks;
        blocks.push((position(events.start), position(events.end - 1), self.ring.next));
        self.places.clear();
        self.places.resize(block.consultations.len(), u32::MAX);
        let recorded = |event: &usize| lists.shapes[block.shape[*event] as usize].recorded;
        let mut records = (0..events.start).filter(recorded).count();
        let mut newest = i64::MIN;
        for event in events {
            let shape = &lists.shapes[block.shape[event] as usize];
            let record = records;
            records += usize::from(shape.recorded);
            match shape.way {
                Way::Skip => self.skip(block, event, &lists.sources),
                _ => self.mark(block, event, record, &lists)?,
            }
            newest = newest.max(if shape.is_event { block.at[event] } else { i64::MIN });
        }
        self.stretch.newest = self.stretch.newest.max(Time::from_ms(newest));
        Ok(())
    }

    /// What the lists of a block mean in this stretch.
    fn lists_of(&mut self, block: &HotBlock) -> Lists {
        let sources = self.sources.of(&block.sources).to_vec();
        self.know_sources();
        let shapes = block.shapes.iter().map(|shape| ShapeWay::of(*shape)).collect();
        Lists { number: self.stretch.blocks.len() as u32, sources, levels: self.levels_of(block), shapes }
    }

    /// Puts an event that tells of a consultation into its slot.
    fn mark(&mut self, block: &HotBlock, event: usize, record: usize, lists: &Lists) -> Result<(), LogError> {
        let shape = &lists.shapes[block.shape[event] as usize];
        let consultation = block.consultation[event] as usize;
        let home = lists.sources[block.homes[consultation] as usize];
        let mut place = self.places[consultation];
        if place == u32::MAX {
            place = self.place(block.consultations[consultation], home, lists.number);
            self.places[consultation] = place;
        }
        let (source, is_stray) = match block.stray[event] {
            0 => (home, false),
            stray => (lists.sources[stray as usize - 1], true),
        };
        let sent = &mut self.stretch.sent[source as usize];
        *sent = sent.with(shape.kind);
        self.ring.slot_mut(place).odd |= is_stray;
        if block.context[event] != 0 {
            self.tell_context(block, block.context[event] as usize - 1, place, &lists.levels);
        }
        let participant = block.participant[event] as usize;
        let named = participant.checked_sub(1).map(|number| block.participants[number]);
        match shape.way {
            Way::Key(low) => {
                let at = match shape.kind {
                    Kind::Dropped => Time::from_ms(block.at[event]).plus(-self.ways[source as usize].1),
                    _ => Time::from_ms(block.at[event]),
                };
                let person = person(self.ring.slot_mut(place), named, shape.role);
                let told = if shape.recorded { self.told(block, (event, record), place)? } else { 0 };
                self.push(place, Key::at_time(at, low | Key::of(person) | told));
            }
            _ => {
                let detail = if shape.recorded { block.detail(event, record)? } else { Detail::Nothing };
                self.other(place, (shape.kind, Time::from_ms(block.at[event])), named, shape.role, &detail);
            }
        }
        Ok(())
    }

    /// Notes the levels that a context tells of a consultation; other ones than before make it odd.
    fn tell_context(&mut self, block: &HotBlock, context: usize, place: u32, levels: &[TellingLevels]) {
        for (column, told, numbers) in levels {
            let level = match block.told[*told].level[context] {
                0 => continue,
                level => numbers[level as usize - 1] + 1,
            };
            let known = &mut self.stretch.gists.columns[*column].level[place as usize];
            self.ring.slot_mut(place).odd |= *known != 0 && *known != level;
            if *known == 0 {
                *known = level;
            }
        }
    }

    /// What the record of a key's mark adds to it; a stage is noted.
    fn told(
        &mut self,
        block: &HotBlock,
        (event, record): (usize, usize),
        place: u32,
    ) -> Result<u64, LogError> {
        match block.detail(event, record)? {
            Detail::Converted { to } => return Ok(Key::target(Target::of(to.as_deref()))),
            Detail::Abandoned { stage: Some(stage) } => {
                self.stretch.gists.stages.push((place, Arc::from(stage)));
            }
            _ => {}
        }
        Ok(0)
    }

    fn push(&mut self, place: u32, key: Key) {
        let slot = self.ring.slot_mut(place);
        if (slot.count as usize) < KEYS {
            slot.keys[slot.count as usize] = key;
        } else {
            self.more.entry(place).or_default().push(key);
        }
        slot.count += 1;
    }

    /// A mark that is no key.
    fn other(
        &mut self,
        place: u32,
        (kind, at): (Kind, Time),
        named: Option<u64>,
        role: Option<Role>,
        detail: &Detail,
    ) {
        let slot = self.ring.slot_mut(place);
        let mut last = at;
        if named.is_some() && !matches!(kind, Kind::Rated | Kind::Questionnaire) {
            person(slot, named, role);
            slot.claims = true;
        }
        match (kind, detail) {
            (Kind::Scheduled, Detail::Scheduled { booked_start, .. }) => {
                slot.scheduled = true;
                last = last.max(booked_start.unwrap_or(last));
            }
            (Kind::Cancelled, _) => slot.cancelled = true,
            (Kind::Unknown, _) => {}
            _ => match role.and_then(|role| Said::of(&fact(detail, |_| Arc::default()), role)) {
                Some(said) => self.stretch.gists.said.push((place, said)),
                None => slot.odd = true,
            },
        }
        slot.last_ms = slot.last_ms.max(last.ms());
    }

    /// Something that tells of no consultation.
    fn skip(&mut self, block: &HotBlock, event: usize, sources: &[u32]) {
        let Some(shape) = block.shapes[block.shape[event] as usize] else { return };
        let source = sources[block.source(event) as usize] as usize;
        self.stretch.sent[source] = self.stretch.sent[source].with(shape.kind);
        self.stretch.undeclared_block.get_or_insert(block.first());
    }

    /// The number of a consultation, under which a row waits for it.
    fn place(&mut self, digest: u64, home: u32, block: u32) -> u32 {
        let (place, born) = self.ring.place(digest, home, block);
        if born {
            self.stretch.gists.columns.iter_mut().for_each(|column| column.level.push(0));
            self.stretch.digests.push(digest);
        }
        let odd = !self.ways[home as usize].0;
        let slot = self.ring.slot_mut(place);
        slot.odd |= odd || slot.source != home;
        slot.block = block;
        place
    }

    /// Notes what is known of sources that were not met before.
    fn know_sources(&mut self) {
        for name in &self.sources.texts[self.ways.len()..] {
            let sight = self.common.book.sight(name);
            let plain = sight.is_none_or(|sight| sight.sides == Sides::Both);
            self.ways.push((plain, sight.map_or(0, |sight| sight.drop_delay_ms)));
            self.stretch.sent.push(KindSet::NONE);
        }
    }

    /// For each dimension that is asked for and told of: its column, its place in the block, and the numbers
    /// of its levels.
    fn levels_of(&mut self, block: &HotBlock) -> Vec<TellingLevels> {
        let mut levels = Vec::new();
        for (column, dimension) in self.common.wanted.iter().enumerate() {
            let told = block.told.iter().position(|told| told.dimension == Some(*dimension));
            if let Some(place) = told {
                levels.push((column, place, self.levels[column].of(&block.told[place].levels).to_vec()));
            }
        }
        levels
    }

    /// Reads every slot before number `to`.
    fn read_to(&mut self, to: u32) {
        while self.ring.read < to {
            let number = self.ring.read;
            self.read_slot(number);
            self.ring.read += 1;
        }
    }

    fn read_slot(&mut self, number: u32) {
        let slot = self.ring.slot(number);
        let gists = &mut self.stretch.gists;
        let block = &self.stretch.blocks;
        // Numbers rise with blocks, and the slot's own is mostly the last or close to it.
        let mut born = slot.block as usize;
        while block[born].2 > number {
            born -= 1;
        }
        self.stretch.reach.push((slot.block as usize - born).min(255) as u8);
        self.keys.clear();
        self.keys.extend_from_slice(&slot.keys[..(slot.count as usize).min(KEYS)]);
        if slot.count as usize > KEYS {
            self.keys.append(&mut self.more.remove(&number).unwrap_or_default());
        }
        if !self.keys.is_sorted() {
            self.keys.sort_unstable();
        }
        let flags = Flags::default()
            .with_if(slot.scheduled, Flags::SCHEDULED)
            .with_if(slot.cancelled, Flags::CANCELLED)
            .with_if(slot.claims, Flags::CLAIMS);
        let mut gist = Gist { source: slot.source, last_ms: slot.last_ms, flags, ..Gist::NOTHING };
        if slot.odd || self.keys.len() > MOST_KEYS {
            gist.flags = gist.flags.with(Flags::ASIDE);
            self.stretch.again.push(number);
        } else if self.keys.is_empty() {
            gist.ending = gist.quiet_ending();
        } else if let Some(plain) = plain::read(&self.keys, &self.common.parameters)
            .or_else(|| plain::read_whole(&self.keys, &self.common.parameters))
        {
            let last_ms = plain.gist.last_ms.max(slot.last_ms);
            gist = Gist { source: slot.source, last_ms, flags: plain.gist.flags.with(flags), ..plain.gist };
            if !gist.flags.has(Flags::TERMINAL) {
                gist.ending = gist.quiet_ending();
                self.ring.leave_open(number);
            }
            gists.drops.extend(plain.drops().iter().map(|drop| (number, *drop)));
            if plain.join_ms != [NO_TIME; 2] {
                gists.joins.push((number, plain.join_ms));
            }
        } else {
            gist.flags = gist.flags.with(Flags::ASIDE);
            self.stretch.again.push(number);
        }
        gists.rows.push(gist);
    }

    fn finish(mut self) -> Stretch {
        self.read_to(self.ring.next);
        let gists = &mut self.stretch.gists;
        gists.said.sort_by_key(|(row, _)| *row);
        gists.stages.sort_by_key(|(row, _)| *row);
        for (column, numbers) in gists.columns.iter_mut().zip(self.levels) {
            column.levels = numbers.texts;
        }
        self.stretch.sources = self.sources.texts;
        self.stretch
    }
}

impl ShapeWay {
    fn of(shape: Option<Shape>) -> Self {
        let Some(Shape { kind, role, recorded }) = shape else {
            let (way, kind, role) = (Way::Skip, Kind::Unknown, None);
            return Self { way, kind, role, recorded: false, is_event: false };
        };
        let way = match kind {
            Kind::RecordingDeclared => Way::Skip,
            kind if Key::tells(kind) => Way::Key(Key::low(kind, Person::Nobody)),
            _ => Way::Other,
        };
        Self { way, kind, role, recorded, is_event: true }
    }
}

/// Who of the two a mark happened to; one who cannot be told makes the slot odd.
fn person(slot: &mut Slot, named: Option<u64>, role: Option<Role>) -> Person {
    let Some(digest) = named else { return Person::Nobody };
    let [patient, clinician] = slot.people;
    let (person, place) = match role {
        Some(Role::Patient) => (Person::Patient, 0),
        Some(Role::Clinician) => (Person::Clinician, 1),
        None | Some(Role::Unknown) if digest == patient => (Person::Patient, 0),
        None | Some(Role::Unknown) if digest == clinician => (Person::Clinician, 1),
        _ => {
            slot.odd = true;
            return Person::Nobody;
        }
    };
    // One person on both sides, a second one on a side, or a digest that stands for nobody.
    slot.odd |= digest == 0
        || slot.people[1 - place] == digest
        || (slot.people[place] != 0 && slot.people[place] != digest);
    slot.people[place] = digest;
    person
}
