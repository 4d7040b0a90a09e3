//! One row to its events.

use std::borrow::Cow;
use std::ops::ControlFlow;

use event::{Answer, Context, Dimension, Event, Kind, Payload, Role, Shape, Time};

use super::Hand;
use super::header::{Bound, Cells, Header};
use super::mapping::{Translated, kind_names};
use crate::cloudevents::{check_answers, check_rating};
use crate::declare::identified;
use crate::text::{check, check_named, quoted, shown};
use crate::{FreeText, Refusal, Settings};

/// One thing that a row tells.
pub(super) enum Outcome {
    /// An event.
    Event(Event),
    /// Something that should have been an event.
    Refused(Refusal),
    /// Something left out on purpose.
    Skipped(Cow<'static, str>),
}

/// A row under its header.
pub(super) struct Row<'a> {
    header: &'a Header<'a>,
    cells: &'a [String],
    settings: &'a Settings,
}

impl<'a> Row<'a> {
    pub(super) fn new(header: &'a Header<'a>, cells: &'a [String], settings: &'a Settings) -> Self {
        Self { header, cells, settings }
    }

    /// Hands on everything that the row tells.
    pub(super) fn outcomes(&self, hand: Hand<'_>) -> ControlFlow<()> {
        let (width, expected) = (self.cells.len(), self.header.names.len());
        if width < expected || self.cells[expected..].iter().any(|cell| !cell.is_empty()) {
            return hand(Outcome::Refused(Refusal::whole(format!(
                "the row has {width} cells and the header {expected}; a cell that holds the delimiter needs quotes"
            ))));
        }
        let mut told = false;
        for bound in &self.header.events {
            let telling = Telling { row: self, bound };
            let mut notes = Vec::new();
            let outcome = match telling.event(&mut notes) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => continue,
                Err(refusal) => Outcome::Refused(refusal),
            };
            told = true;
            hand(outcome)?;
            notes.into_iter().try_for_each(|note| hand(Outcome::Skipped(note)))?;
        }
        if told {
            return ControlFlow::Continue(());
        }
        hand(Outcome::Skipped("the row tells no event: no time that the mapping names is there".into()))
    }
}

/// One event that the row may tell.
struct Telling<'a> {
    row: &'a Row<'a>,
    bound: &'a Bound,
}

impl<'a> Telling<'a> {
    fn event(&self, notes: &mut Vec<Cow<'static, str>>) -> Result<Option<Outcome>, Refusal> {
        if let Some((at, texts)) = &self.bound.when
            && !texts.iter().any(|text| text.trim().eq_ignore_ascii_case(&self.row.cells[*at]))
        {
            return Ok(None);
        }
        let Some(kind) = self.kind()? else {
            return Ok(Some(Outcome::Skipped("the mapping leaves rows of this kind out".into())));
        };
        let Some(at) = self.time("at")? else {
            // Of several events of a row those that did not happen have no time.
            return if self.bound.kind.is_some() {
                Ok(None)
            } else {
                Err(self.missing("at", "the time of the event"))
            };
        };
        let consultation = self.name("consultation")?;
        let consultation =
            consultation.ok_or_else(|| self.missing("consultation", "the name of the consultation"))?;
        let source = self.name("source")?.unwrap_or_else(|| self.row.header.mapping.source.clone());
        let (participant, role) = (self.name("participant")?, self.role()?);
        let payload = self.payload(kind, notes)?;
        let id = self.name("id")?;
        let event =
            Event { source, id: String::new(), consultation, at, participant, role, payload, extra: None };
        let event = match id {
            Some(id) => Event { id: format!("{id}{}", self.bound.suffix), ..event },
            None => identified(event),
        };
        Ok(Some(Outcome::Event(event)))
    }

    fn kind(&self) -> Result<Option<Kind>, Refusal> {
        if let Some(kind) = self.bound.kind {
            return Ok(Some(kind));
        }
        let Some(text) = self.written("kind") else { return Err(self.missing("kind", &kind_names())) };
        let mapping = self.row.header.mapping;
        let name = match mapping.translate("kind", &text) {
            Translated::Mapped("") => return Ok(None),
            Translated::Mapped(name) | Translated::AsWritten(name) => name,
        };
        // Under a mapping of kinds only those that it names come: others would not be declared.
        let open = |kind: &Kind| mapping.producible().is_none_or(|kinds| kinds.has(*kind));
        let kind = Kind::from_name(&name.to_ascii_lowercase())
            .filter(|kind| *kind != Kind::RecordingDeclared)
            .filter(open);
        let want = || format!("one of {}, or map it in [values.kind]", kind_names());
        kind.map(Some).ok_or_else(|| self.wrong("kind", &text, &want()))
    }

    fn role(&self) -> Result<Option<Role>, Refusal> {
        let Some(name) = self.text("role") else { return Ok(None) };
        let role = Role::from_name(&name.to_ascii_lowercase());
        let want = "patient, clinician, carer, interpreter, other or unknown, or map it in [values.role]";
        role.map(Some).ok_or_else(|| self.wrong("role", &name, want))
    }

    fn payload(&self, kind: Kind, notes: &mut Vec<Cow<'static, str>>) -> Result<Payload, Refusal> {
        let mut code = |field| self.code(field, notes);
        Ok(match kind {
            Kind::Scheduled => {
                Payload::Scheduled { booked_start: self.time("booked_start")?, context: self.context()? }
            }
            Kind::Cancelled => Payload::Cancelled { by: code("by")?, reason: code("reason")? },
            Kind::JoinAttempted => Payload::JoinAttempted,
            Kind::Waiting => Payload::Waiting,
            Kind::JoinFailed => Payload::JoinFailed { reason: code("reason")? },
            Kind::Joined => Payload::Joined { context: self.context()? },
            Kind::Rejoined => Payload::Rejoined,
            Kind::AudioRestored => Payload::AudioRestored { direction: code("direction")? },
            Kind::VideoRestored => Payload::VideoRestored { direction: code("direction")? },
            Kind::AudioLost => Payload::AudioLost { direction: code("direction")? },
            Kind::VideoLost => Payload::VideoLost { direction: code("direction")? },
            Kind::HelpRequested => Payload::HelpRequested { topic: code("topic")? },
            Kind::Dropped => Payload::Dropped { reason: code("reason")? },
            Kind::Left => Payload::Left { reason: code("reason")? },
            Kind::Converted => Payload::Converted { to: code("to")? },
            Kind::Abandoned => Payload::Abandoned { stage: code("stage")? },
            Kind::Completed => Payload::Completed,
            Kind::FeedbackInvited => Payload::FeedbackInvited { instrument: self.name("instrument")? },
            Kind::Rated => self.rated()?,
            Kind::Questionnaire => self.questionnaire()?,
            Kind::Adequacy => {
                let want = "yes, no or partly: would a visit in person have been needed?";
                let name = self.text("answer").ok_or_else(|| self.missing("answer", want))?;
                let answer = Answer::from_name(&name.to_ascii_lowercase());
                Payload::Adequacy { answer: answer.ok_or_else(|| self.wrong("answer", &name, want))? }
            }
            Kind::RecordingDeclared | Kind::Unknown => return Err(self.missing("kind", &kind_names())),
        })
    }

    fn rated(&self) -> Result<Payload, Refusal> {
        let level = |field| {
            let want = "a whole number from 0 to 255";
            let text = self.text(field).ok_or_else(|| self.missing(field, want))?;
            text.parse::<u8>().map_err(|_| self.wrong(field, &text, want))
        };
        let (scale, value) = (level("scale")?, level("value")?);
        check_rating(scale, value, |field, text, want| self.wrong(field, text, want))?;
        Ok(Payload::Rated { scale, value })
    }

    fn questionnaire(&self) -> Result<Payload, Refusal> {
        let want = "the name of the questionnaire, such as SUS";
        let instrument = self.name("instrument")?.ok_or_else(|| self.missing("instrument", want))?;
        let answer = |text: &str| match text {
            "" | "-" | "null" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                self.wrong("answers", text, "whole numbers with spaces between, - for an item left out")
            }),
        };
        let answers = match self.bound.cells.get("answers") {
            Some(Cells::At(cells)) if cells.len() > 1 => {
                cells.iter().map(|at| answer(&self.row.cells[*at])).collect::<Result<Vec<_>, _>>()?
            }
            _ => {
                let text = self.text("answers").unwrap_or_default();
                let parts = text.split([' ', ',', ';', '|']).filter(|part| !part.is_empty());
                parts.map(answer).collect::<Result<Vec<_>, _>>()?
            }
        };
        let score = match self.text("score") {
            Some(text) => {
                let score: Option<f64> = text.parse().ok().filter(|score: &f64| score.is_finite());
                Some(score.ok_or_else(|| self.wrong("score", &text, "a number, such as 72.5"))?)
            }
            None => None,
        };
        check_answers(&instrument, &answers, score, |field, text, want| self.wrong(field, text, want))?;
        Ok(Payload::Questionnaire { instrument, answers, score })
    }

    fn context(&self) -> Result<Option<Context>, Refusal> {
        let mut context = Context::default();
        for dimension in Dimension::ALL {
            let field = dimension.name();
            let Some(text) = self.text(field) else { continue };
            let level = match dimension.shape() {
                Shape::Flag => match text.to_ascii_lowercase().as_str() {
                    "true" | "yes" | "y" | "1" => "true".into(),
                    "false" | "no" | "n" | "0" => "false".into(),
                    _ => text.clone(),
                },
                Shape::Text | Shape::Quintile => text.clone(),
            };
            let want = match dimension.shape() {
                Shape::Flag => "true or false",
                Shape::Quintile => "a number from 1 (most deprived) to 5",
                Shape::Text => "a text",
            };
            if !dimension.accepts(&level) {
                return Err(self.wrong(field, &text, &format!("{want}, or map it in [values.{field}]")));
            }
            check(&level, &field, || self.place(field))?;
            context.set(dimension, level);
        }
        Ok((!context.is_empty()).then_some(context))
    }

    fn time(&self, field: &str) -> Result<Option<Time>, Refusal> {
        // Of a date and a time in two columns the last says whether it happened: dates are filled in anyway.
        if let Some(Cells::At(cells)) = self.bound.cells.get(field)
            && cells.last().is_some_and(|at| self.row.cells[*at].is_empty())
        {
            return Ok(None);
        }
        let Some(text) = self.text(field) else { return Ok(None) };
        let read = self.row.header.mapping.clock.read(&text);
        read.map(Some)
            .map_err(|reason| Refusal::at(self.place(field), format!("{} {reason}", self.place(field))))
    }

    /// A name: not empty, bounded, without control characters.
    fn name(&self, field: &str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(field) else { return Ok(None) };
        check_named(&text, &self.place(field), || self.place(field))?;
        Ok(Some(text.into_owned()))
    }

    /// A code, or nothing where somebody typed a text and free text is refused.
    fn code(
        &self,
        field: &'static str,
        notes: &mut Vec<Cow<'static, str>>,
    ) -> Result<Option<String>, Refusal> {
        let Some(written) = self.written(field) else { return Ok(None) };
        let (text, mapped) = match self.row.header.mapping.translate(field, &written) {
            Translated::Mapped(text) => (text, true),
            Translated::AsWritten(text) => (text, false),
        };
        if text.is_empty() {
            return Ok(None);
        }
        if !mapped && self.row.settings.free_text == FreeText::Refused && is_free_text(text) {
            notes.push(
                format!("free text in {field} is refused: map it in [values.{field}], or allow free text")
                    .into(),
            );
            return Ok(None);
        }
        check(text, &self.place(field), || self.place(field))?;
        Ok(Some(text.to_owned()))
    }

    /// What the field says, in our words; `None` when it is empty.
    fn text(&self, field: &str) -> Option<Cow<'a, str>> {
        let written = self.written(field)?;
        let ours = match self.row.header.mapping.translate(field, &written) {
            Translated::AsWritten(_) => return Some(written),
            Translated::Mapped(ours) => ours,
        };
        (!ours.is_empty()).then(|| Cow::Owned(ours.to_owned()))
    }

    /// What the cells of the field say; `None` when they are empty or there are none.
    fn written(&self, field: &str) -> Option<Cow<'a, str>> {
        let text = match self.bound.cells.get(field)? {
            Cells::Constant(text) => Cow::Borrowed(text.as_str()),
            Cells::At(cells) if cells.len() == 1 => Cow::Borrowed(self.row.cells[cells[0]].as_str()),
            Cells::At(cells) => {
                let parts =
                    cells.iter().map(|at| self.row.cells[*at].as_str()).filter(|part| !part.is_empty());
                Cow::Owned(parts.collect::<Vec<_>>().join(" "))
            }
        };
        (!text.is_empty()).then_some(text)
    }

    fn missing(&self, field: &str, want: &str) -> Refusal {
        Refusal::at(self.place(field), format!("{} is empty; write {want}", self.place(field)))
    }

    fn wrong(&self, field: &str, text: &str, want: &str) -> Refusal {
        let place = self.place(field);
        let reason = format!("{place} is {}; write {want}", shown(&quoted(text)));
        Refusal::at(place, reason)
    }

    /// What messages call a field: its column, or its own name.
    fn place(&self, field: &str) -> String {
        match self.bound.cells.get(field) {
            Some(Cells::At(cells)) => {
                let names = cells.iter().map(|at| self.row.header.names[*at].as_str());
                names.collect::<Vec<_>>().join(" + ")
            }
            _ => field.to_owned(),
        }
    }
}

/// Whether a text looks typed rather than chosen: long, of many words, or with what may be a number or
/// an address of somebody.
fn is_free_text(text: &str) -> bool {
    let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    text.chars().count() > 40 || text.split_whitespace().count() > 3 || text.contains('@') || digits > 3
}
