//! The events of one consultation, as the reading sees them.
//!
//! A *mark* is an event without its names: instant, kind, person, role, source and the few facts a
//! reading uses. Marks of one consultation may come in any order and in pieces; pieces join by
//! concatenation, and [`Episode::settle`] brings them into the one order of the reading. Names are
//! needed only to order events of one kind in one millisecond, so they are asked for only there.

use std::sync::Arc;

use event::{Answer, Context, Event, Kind, Payload, Role, Target, Time};

use crate::source::Sight;

/// One event as the reading sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When it happened.
    pub at: Time,
    /// What kind of thing happened.
    pub kind: Kind,
    /// To whom.
    pub who: Option<Who>,
    /// The role it tells, if it tells one.
    pub role: Option<Role>,
    /// Who recorded it: an index into the caller's list of sights.
    pub source: u32,
    /// Where it stands in the log, for looking up its names.
    pub position: u64,
    /// Its place among events of one kind in one millisecond, by (`source`, `id`).
    pub tie: u64,
    /// What else it tells.
    pub fact: Fact,
}

/// A participant within one consultation: a 64-bit digest of the name.
///
/// Two of the handful of participants of one consultation share a digest with a probability below
/// one in 10^17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who(u64);

impl Who {
    /// The participant of that name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let digest = blake3::hash(name.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The participant of the name with this digest, as [`Self::named`] makes it.
    #[must_use]
    pub fn of_digest(digest: u64) -> Self {
        Self(digest)
    }
}

/// What a mark tells beyond when and to whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// Nothing more.
    Nothing,
    /// A plan to start.
    Scheduled {
        /// When it was to start.
        booked_start: Option<Time>,
        /// The circumstances as booked.
        context: Option<Arc<Context>>,
    },
    /// The circumstances at a join.
    Joined(Option<Arc<Context>>),
    /// What video was given up for.
    Converted(Target),
    /// The stage at which it was given up.
    Abandoned(Option<Arc<str>>),
    /// The instrument of an invitation.
    Invited(Option<Arc<str>>),
    /// A rating.
    Rated {
        /// Levels of the scale.
        scale: u8,
        /// The level chosen.
        value: u8,
    },
    /// An answered questionnaire.
    Answered(Arc<Answers>),
    /// Whether a visit in person would have been needed.
    Adequacy(Answer),
}

/// The answers to a questionnaire.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Its name.
    pub instrument: String,
    /// Answers in the order of its items.
    pub answers: Vec<Option<u8>>,
    /// The score that was declared with them.
    pub score: Option<f64>,
}

impl Fact {
    /// What `payload` tells a reading.
    #[must_use]
    pub fn of(payload: &Payload) -> Self {
        let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
        match payload {
            Payload::Scheduled { booked_start, context } => {
                Self::Scheduled { booked_start: *booked_start, context: context.clone().map(Arc::new) }
            }
            Payload::Joined { context } => Self::Joined(context.clone().map(Arc::new)),
            Payload::Converted { to } => Self::Converted(Target::of(to.as_deref())),
            Payload::Abandoned { stage } => Self::Abandoned(shared(stage)),
            Payload::FeedbackInvited { instrument } => Self::Invited(shared(instrument)),
            Payload::Rated { scale, value } => Self::Rated { scale: *scale, value: *value },
            Payload::Questionnaire { instrument, answers, score } => Self::Answered(Arc::new(Answers {
                instrument: instrument.clone(),
                answers: answers.clone(),
                score: *score,
            })),
            Payload::Adequacy { answer } => Self::Adequacy(*answer),
            _ => Self::Nothing,
        }
    }
}

/// The marks of one consultation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Episode {
    marks: Vec<Mark>,
}

impl Episode {
    /// Adds a mark, in any order.
    pub fn push(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// Takes over the marks of another piece of the same consultation.
    pub fn merge(&mut self, mut other: Self) {
        self.marks.append(&mut other.marks);
    }

    /// Gives the sources other numbers.
    pub fn renumber(&mut self, number: impl Fn(u32) -> u32) {
        for mark in &mut self.marks {
            mark.source = number(mark.source);
        }
    }

    /// Moves drops to when they happened and brings the marks into the order of the reading, as far as
    /// it can be told without names. Returns the positions of the marks whose names decide the rest.
    pub fn settle(&mut self, sights: &[Sight]) -> Vec<u64> {
        for mark in &mut self.marks {
            if mark.kind == Kind::Dropped {
                mark.at = mark.at.plus(-sights[mark.source as usize].drop_delay_ms);
            }
        }
        self.marks.sort_by_key(|mark| (mark.at, mark.kind));
        let tied = |pair: &[Mark]| (pair[0].at, pair[0].kind) == (pair[1].at, pair[1].kind);
        let mut positions = Vec::new();
        for (i, pair) in self.marks.windows(2).enumerate() {
            if tied(pair) {
                if i == 0 || !tied(&self.marks[i - 1..=i]) {
                    positions.push(pair[0].position);
                }
                positions.push(pair[1].position);
            }
        }
        positions
    }

    /// Orders marks of one kind in one millisecond by `tie`, the place of their names among each other.
    pub fn break_ties(&mut self, tie: impl Fn(u64) -> u64) {
        for mark in &mut self.marks {
            mark.tie = tie(mark.position);
        }
        self.marks.sort_by_key(|mark| (mark.at, mark.kind, mark.tie));
    }

    /// The marks, in the order of the reading once settled.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

/// The settled episode of `events` of one consultation, all from the one place `source` names by index.
///
/// Duplicates by (`source`, `id`) are taken once. This is the plain road from events to a reading, for
/// those who hold them in memory; a replay takes another that never touches names.
pub fn gather<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    source: impl Fn(&str) -> u32,
    sights: &[Sight],
) -> Episode {
    let mut events: Vec<&Event> = events.into_iter().collect();
    events.sort_by(|a, b| (&a.source, &a.id).cmp(&(&b.source, &b.id)));
    events.dedup_by(|a, b| (&a.source, &a.id) == (&b.source, &b.id));
    let mut episode = Episode::default();
    for (place, event) in events.into_iter().enumerate() {
        let place = place as u64;
        episode.push(Mark {
            at: event.at,
            kind: event.kind(),
            who: event.participant.as_deref().map(Who::named),
            role: event.role,
            source: source(&event.source),
            position: place,
            tie: place,
            fact: Fact::of(&event.payload),
        });
    }
    episode.settle(sights);
    // Places are already in the order of the names.
    episode.break_ties(|place| place);
    episode
}
