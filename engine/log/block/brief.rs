//! What whoever wants names sees of a block: its events in brief, with texts as numbers into lists.
//!
//! A brief holds what the reading of a consultation needs, with the names of whom it is about, and no
//! more. Numbers are the block's own: the
//! same consultation has another number in the next block.

use std::sync::Arc;

use event::{Answer, Context, Declaration, Dimension, Kind, Payload, Role, Time};

use super::Block;
use super::{raw, registry};
use crate::log::error::Damage;
use crate::log::{Position, Texts};

/// The events of one block, or of the wanted part of it, in brief.
///
/// The lists are the whole block's: cut to a part, they may name more than its events do.
#[derive(Debug, Clone, PartialEq)]
pub struct BriefBlock {
    /// Where the first of `events` stands; the others follow without a gap.
    pub first: Position,
    /// Who recorded them.
    pub sources: Texts,
    /// The consultations they belong to.
    pub consultations: Texts,
    /// The people they happened to.
    pub participants: Texts,
    /// The circumstances that they tell.
    pub contexts: Contexts,
    /// The events, in order of position.
    pub events: Vec<Brief>,
}

impl BriefBlock {
    /// Where the last of `events` stands.
    #[must_use]
    pub fn last(&self) -> Position {
        Position((self.first.0 + self.events.len() as u64).saturating_sub(1))
    }
}

/// One event in brief.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// When it happened.
    pub at: Time,
    /// What kind of thing happened.
    pub kind: Kind,
    /// Its source, a number in [`BriefBlock::sources`].
    pub source: u32,
    /// Its consultation, a number in [`BriefBlock::consultations`].
    pub consultation: u32,
    /// Its participant, a number in [`BriefBlock::participants`].
    pub participant: Option<u32>,
    /// The part that person plays.
    pub role: Option<Role>,
    /// What else a reading needs of it.
    pub detail: Detail,
}

/// What a reading needs of an event beyond when, where and to whom.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the payload of the same name")]
pub enum Detail {
    /// Its kind has nothing, or nothing that a reading needs.
    Nothing,
    /// `context` is a number in [`BriefBlock::contexts`].
    Scheduled { booked_start: Option<Time>, context: Option<u32> },
    /// `context` is a number in [`BriefBlock::contexts`].
    Joined { context: Option<u32> },
    /// What video was given up for.
    Converted { to: Option<String> },
    /// At which stage it was given up.
    Abandoned { stage: Option<String> },
    /// By which instrument feedback was asked for.
    FeedbackInvited { instrument: Option<String> },
    /// One rating.
    Rated { scale: u8, value: u8 },
    /// One answered questionnaire.
    Questionnaire { instrument: String, answers: Vec<Option<u8>>, score: Option<f64> },
    /// Would a visit in person have been needed?
    Adequacy { answer: Answer },
    /// What the source named by the consultation can see.
    RecordingDeclared(Box<Declaration>),
}

impl Detail {
    /// The payload that it tells, where it tells all of it.
    pub(in crate::log) fn payload(&self, contexts: &Contexts) -> Option<Payload> {
        let context = |number: &Option<u32>| number.map(|number| contexts.context(number));
        Some(match self {
            Self::Nothing => return None,
            Self::Scheduled { booked_start, context: number } => {
                Payload::Scheduled { booked_start: *booked_start, context: context(number) }
            }
            Self::Joined { context: number } => Payload::Joined { context: context(number) },
            Self::Converted { to } => Payload::Converted { to: to.clone() },
            Self::Abandoned { stage } => Payload::Abandoned { stage: stage.clone() },
            Self::FeedbackInvited { instrument } => {
                Payload::FeedbackInvited { instrument: instrument.clone() }
            }
            Self::Rated { scale, value } => Payload::Rated { scale: *scale, value: *value },
            Self::Questionnaire { instrument, answers, score } => Payload::Questionnaire {
                instrument: instrument.clone(),
                answers: answers.clone(),
                score: *score,
            },
            Self::Adequacy { answer } => Payload::Adequacy { answer: *answer },
            Self::RecordingDeclared(declared) => Payload::RecordingDeclared(declared.as_ref().clone()),
        })
    }
}

/// Numbered contexts that share their levels.
///
/// A level is a dimension with a text. A caller that groups by levels looks each up once per block
/// and then handles numbers; one that wants a [`Context`] asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contexts {
    pub(in crate::log) dimensions: Vec<Dimension>,
    pub(in crate::log) levels: Texts,
    pub(in crate::log) ends: Vec<u32>,
    pub(in crate::log) rows: Vec<u32>,
}

impl Contexts {
    /// How many contexts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The numbers of the levels of the context of that number; none when there is no such context.
    #[must_use]
    pub fn row(&self, number: u32) -> &[u32] {
        let number = number as usize;
        let Some(&end) = self.ends.get(number) else { return &[] };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start as usize..end as usize]
    }

    /// Every level of this block, by number.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = (Dimension, &str)> {
        self.dimensions.iter().copied().zip(self.levels.iter())
    }

    /// The context of that number; an empty one when there is no such context.
    #[must_use]
    pub fn context(&self, number: u32) -> Context {
        let level = |level: &u32| (self.dimensions[*level as usize], self.levels[*level].to_owned());
        self.row(number).iter().map(level).collect()
    }
}

impl Contexts {
    /// All of them, on shared texts.
    pub(in crate::log) fn all(&self) -> Vec<Context> {
        let levels: Vec<(Dimension, Arc<str>)> =
            self.levels().map(|(dimension, level)| (dimension, Arc::from(level))).collect();
        let level = |level: &u32| levels[*level as usize].clone();
        (0..self.len()).map(|number| self.row(number as u32).iter().map(level).collect()).collect()
    }
}

impl FromIterator<Context> for Contexts {
    fn from_iter<I: IntoIterator<Item = Context>>(contexts: I) -> Self {
        let (mut levels, mut ends, mut rows): (Vec<(Dimension, String)>, _, Vec<u32>) = Default::default();
        for context in contexts {
            for (dimension, text) in context.iter() {
                let known = levels.iter().position(|(d, t)| (*d, t.as_str()) == (dimension, text));
                let number = known.unwrap_or_else(|| {
                    levels.push((dimension, text.to_owned()));
                    levels.len() - 1
                });
                rows.push(number as u32);
            }
            Vec::push(&mut ends, rows.len() as u32);
        }
        let dimensions = levels.iter().map(|(dimension, _)| *dimension).collect();
        let levels = levels.iter().map(|(_, text)| text.as_str()).collect();
        Self { dimensions, levels, ends, rows }
    }
}

impl Block {
    /// The events in brief: one block, or several where contents were destroyed between them.
    ///
    /// Each has the lists of them all. They are made one at a time: together they could fill the memory.
    pub(in crate::log) fn into_brief(self) -> Result<impl Iterator<Item = BriefBlock>, Damage> {
        let (mut runs, mut run, mut first) = (Vec::new(), Vec::with_capacity(self.len()), self.first());
        for number in 0..self.len() {
            let Some(row) = self.hot.row(number)? else {
                runs.push((first, std::mem::take(&mut run)));
                first = self.first().plus(number as u64 + 1);
                continue;
            };
            let record = if registry::has_hot(row.code)? { self.record(number)? } else { &[] };
            run.push(Brief {
                at: self.hot.time(number),
                kind: row.kind,
                source: self.hot.source(number),
                consultation: self.hot.consultation[number],
                participant: self.hot.participant(number),
                role: raw::role(self.hot.code(number).role),
                detail: row.detail(record, self.hot.context(number))?,
            });
        }
        runs.push((first, run));
        runs.retain(|(_, events)| !events.is_empty());
        Ok(self.cut_into(runs))
    }

    fn cut_into(self, runs: Vec<(Position, Vec<Brief>)>) -> impl Iterator<Item = BriefBlock> {
        let lists = BriefBlock {
            first: self.first(),
            sources: self.hot.sources,
            consultations: self.cold.consultations,
            participants: self.cold.participants,
            contexts: self.rows,
            events: Vec::new(),
        };
        let (mut lists, mut runs) = (Some(lists), runs.into_iter());
        std::iter::from_fn(move || {
            let (first, events) = runs.next()?;
            let lists = if runs.len() == 0 { lists.take() } else { lists.clone() }?;
            Some(BriefBlock { first, events, ..lists })
        })
    }
}
