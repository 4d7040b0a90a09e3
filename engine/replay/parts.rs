//! A sheet that is made in parts: of whole consultations, wherever their events lie.
//!
//! What a row tells depends on what all sources together sent and declared. So there are two passes: the first *hears*
//! what each part tells of sources, and when the newest event was; the second *reads* each part by what was heard of all
//! of them. What was heard merges in any order; parts are put side by side. The sheet says of every question exactly
//! what that of a log of the same events says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use event::{Dimension, Event, Kind, KindSet, Payload, Time};
use feeds::cloudevents::{read_line, write_line};
use projections::coverage::Coverage;
use projections::episode;
use projections::gists::{Column, Gists, Told};
use projections::parameters::Parameters;
use projections::reading::read_as_over;
use projections::source::Sources;
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::checkpoint::{packed, unpacked};
use super::sheet::{MOST_ROWS, Sheet, hear, with_needed};
use super::stretch::Stretch;
use super::{ReplayError, Request, Watch, spread};
use crate::log::Position;

/// What parts tell of sources, before any consultation can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// By source the kinds that it sent, as bits.
    sent: BTreeMap<String, u32>,
    /// The events in which sources declare what they see, as lines of the native form.
    declared: BTreeSet<String>,
    /// The newest instant, in ms since 1970.
    newest: Option<i64>,
}

/// Why a part cannot be read, or parts make no sheet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// It holds a source that was not heard of.
    #[error(
        "it has events of {0:?}, of which nothing was heard when sources were asked for: its files changed meanwhile"
    )]
    Unheard(String),
    /// Its bytes are no part.
    #[error("what came back is no part of a reading ({0})")]
    Damaged(#[from] io::Error),
    /// What was heard is not readable.
    #[error("a declaration cannot be read ({0})")]
    Declaration(String),
    /// The sheet would have too many rows, or was interrupted.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl Heard {
    /// Notes that a source sent an event of a kind.
    pub fn sent(&mut self, source: &str, kind: Kind, at: Time) {
        self.newest = self.newest.max(Some(at.ms()));
        let bits = KindSet::NONE.with(kind).bits();
        match self.sent.get_mut(source) {
            Some(known) => *known |= bits,
            None => drop(self.sent.insert(source.to_owned(), bits)),
        }
    }

    /// Notes an event, and what it declares.
    pub fn event(&mut self, event: &Event) {
        self.sent(&event.source, event.kind(), event.at);
        if matches!(event.payload, Payload::RecordingDeclared(_)) {
            let mut line = Vec::new();
            write_line(event, &mut line);
            self.declared.insert(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    }

    /// Takes over what was heard elsewhere.
    pub fn merge(&mut self, other: Self) {
        for (source, bits) in other.sent {
            *self.sent.entry(source).or_default() |= bits;
        }
        self.declared.extend(other.declared);
        self.newest = self.newest.max(other.newest);
    }

    fn sources(&self) -> Result<Sources, PartError> {
        let mut sources = Sources::default();
        for (source, bits) in &self.sent {
            sources.sent(source, KindSet::from_bits(*bits));
        }
        for line in &self.declared {
            let event =
                read_line(line.as_bytes()).map_err(|refusal| PartError::Declaration(refusal.to_string()))?;
            if let Payload::RecordingDeclared(declaration) = event.payload {
                sources.declared(&event.consultation, (event.at, event.source, event.id), declaration);
            }
        }
        Ok(sources)
    }

    fn newest(&self) -> Time {
        self.newest.map_or(Time::MIN, Time::from_ms)
    }
}

/// Reads consultations one after the other into a part.
#[derive(Debug)]
pub struct Part {
    book: Book,
    parameters: Parameters,
    stretch: Stretch,
    /// By source of the book, its number in this part.
    sources: Vec<Option<u32>>,
    /// By column, the numbers of its levels.
    levels: Vec<HashMap<Arc<str>, u32>>,
}

impl Part {
    /// An empty part, which is read by what was heard of all of them; a gap shorter than `grace_ms` is a blip.
    ///
    /// # Errors
    /// When what was heard cannot be read.
    pub fn new(heard: &Heard, grace_ms: Option<i64>) -> Result<Self, PartError> {
        let book = Book::of(&heard.sources()?);
        let column = |dimension| Column { dimension, levels: Vec::new(), level: Vec::new() };
        let gists = Gists { columns: Dimension::ALL.map(column).into(), ..Gists::default() };
        Ok(Self {
            parameters: Request { grace_ms, ..Request::default() }.parameters(Time::MAX),
            stretch: Stretch { gists, ..Stretch::default() },
            sources: vec![None; book.sights.len()],
            levels: Dimension::ALL.map(|_| HashMap::new()).into(),
            book,
        })
    }

    /// Reads one whole consultation; an event that is there twice counts once.
    ///
    /// # Errors
    /// When an event is of a source that was not heard of.
    pub fn read(&mut self, events: &[Event]) -> Result<(), PartError> {
        for event in events {
            let number = self.book.number(&event.source);
            let number = number.ok_or_else(|| PartError::Unheard(event.source.clone()))?;
            self.note(number, event);
        }
        let of_it = || events.iter().filter(|event| event.kind() != Kind::RecordingDeclared);
        let Some(first) = of_it().next() else { return Ok(()) };
        let number = |source: &str| self.book.number(source).unwrap_or_default();
        let episode = episode::gather(of_it(), number, &self.book.sights);
        let (outcome, open_since) = read_as_over("", &episode, &self.book.sights, &self.parameters);
        let planned = of_it().filter_map(|event| match event.payload {
            Payload::Scheduled { booked_start, .. } => booked_start,
            _ => None,
        });
        let source = number(&first.source);
        let told = Told {
            source: self.sources[source as usize].unwrap_or_default(),
            alone: self.book.sights[source as usize].row(),
            last: episode.marks().iter().map(|mark| mark.at).chain(planned).max().unwrap_or_default(),
            ended: open_since.is_none(),
        };
        let gists = &mut self.stretch.gists;
        for (column, known) in gists.columns.iter_mut().zip(&mut self.levels) {
            let level = outcome.context.get(column.dimension);
            column.level.push(level.map_or(0, |level| number_of(level, &mut column.levels, known)));
        }
        gists.push(&outcome, told);
        // Nothing looks for rows of a part by the names of their consultations, and no digest of one leaves.
        self.stretch.digests.push(0);
        self.stretch.reach.push(u8::MAX);
        Ok(())
    }

    /// Notes what the source of that number sent.
    fn note(&mut self, number: u32, event: &Event) {
        let Stretch { sources, sent, newest, .. } = &mut self.stretch;
        let here = *self.sources[number as usize].get_or_insert_with(|| {
            sources.push(Arc::from(event.source.as_str()));
            sent.push(KindSet::NONE);
            sources.len() as u32 - 1
        });
        sent[here as usize] = sent[here as usize].with(event.kind());
        *newest = (*newest).max(event.at);
    }

    /// How many consultations were read.
    #[must_use]
    pub fn consultations(&self) -> u64 {
        self.stretch.gists.rows.len() as u64
    }

    /// The part as bytes; the same consultations in the same order are the same bytes.
    ///
    /// # Errors
    /// When there are more rows than a part may have.
    pub fn bytes(&self) -> Result<Vec<u8>, PartError> {
        Ok(packed(&self.stretch)?)
    }
}

/// The number of a level, less one its place in `levels`.
fn number_of(level: &str, levels: &mut Vec<Arc<str>>, known: &mut HashMap<Arc<str>, u32>) -> u32 {
    if let Some(number) = known.get(level) {
        return *number;
    }
    let level: Arc<str> = Arc::from(level);
    levels.push(Arc::clone(&level));
    known.insert(level, levels.len() as u32);
    levels.len() as u32
}

/// The sheet of all parts of the events up to `position`, with the levels of the dimensions `wanted`.
///
/// # Errors
/// When a part is damaged, there are too many rows, or the watch says stop.
pub fn together(
    parts: &[Vec<u8>],
    heard: &Heard,
    (request, position): (&Request, Position),
    wanted: &[Dimension],
    watch: &Watch,
) -> Result<Sheet, PartError> {
    let stretches = spread(parts, request.threads(), |bytes| match watch.stopped() {
        true => Err(PartError::from(ReplayError::Interrupted)),
        false => Ok(unpacked(bytes)?),
    });
    let mut stretches = stretches.into_iter().collect::<Result<Vec<Stretch>, PartError>>()?;
    let consultations: usize = stretches.iter().map(Stretch::consultations).sum();
    let limit = request.most_consultations.unwrap_or(MOST_ROWS);
    if consultations > limit {
        return Err(ReplayError::TooMany { limit }.into());
    }
    let mut sources = heard.sources()?;
    hear(&mut sources, &stretches);
    let book = Book::of(&sources);
    let parameters = request.parameters(heard.newest());
    let mut coverage = Coverage::default();
    for stretch in &mut stretches {
        stretch.see(&book);
        stretch.going_on = stretch.gists.close(parameters.until);
        coverage.merge(stretch.gists.covered());
    }
    let (open, undeclared) = (BTreeMap::new(), Vec::new());
    let mut sheet = Sheet {
        stretches,
        open,
        parameters,
        position,
        undeclared,
        wanted: with_needed(&Dimension::ALL),
        sources,
        coverage,
        consultations,
    };
    sheet.tell(&book);
    sheet.leave_only(wanted);
    Ok(sheet)
}
