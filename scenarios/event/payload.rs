//! What an event of each kind tells beyond when and to whom.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Context, Declaration, Kind};

/// What happened, with what its kind tells.
///
/// Roles of ratings and questionnaires are the event's own [`role`](crate::Event::role).
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields carry the names on the wire and are told in the variants")]
pub enum Payload {
    /// Planned to start at `booked_start`.
    Scheduled { booked_start: Option<crate::Time>, context: Option<Context> },
    /// Called off beforehand, by whom and why.
    Cancelled { by: Option<String>, reason: Option<String> },
    /// Someone opened the link.
    JoinAttempted,
    /// Someone reached the waiting room or lobby.
    Waiting,
    /// Someone could not get in.
    JoinFailed { reason: Option<String> },
    /// Someone is connected with media.
    Joined { context: Option<Context> },
    /// Someone is back after a drop.
    Rejoined,
    /// Sound is back.
    AudioRestored { direction: Option<String> },
    /// The picture is back.
    VideoRestored { direction: Option<String> },
    /// Sound was lost, in which direction if known.
    AudioLost { direction: Option<String> },
    /// The picture was lost, in which direction if known.
    VideoLost { direction: Option<String> },
    /// Someone asked for help.
    HelpRequested { topic: Option<String> },
    /// The connection was lost without intent.
    Dropped { reason: Option<String> },
    /// Someone went on purpose.
    Left { reason: Option<String> },
    /// Video was given up for phone, in person, other platform.
    Converted { to: Option<String> },
    /// Given up, at which stage.
    Abandoned { stage: Option<String> },
    /// The consultation reached its intended end.
    Completed,
    /// Someone was asked for feedback by an instrument.
    FeedbackInvited { instrument: Option<String> },
    /// `value` out of `scale` levels.
    Rated { scale: u8, value: u8 },
    /// Answers in the order of the instrument's items, `None` for an item left out, or a declared score.
    Questionnaire { instrument: String, answers: Vec<Option<u8>>, score: Option<f64> },
    /// Would a visit in person have been needed?
    Adequacy { answer: Answer },
    /// What the source named by the event's subject can see.
    RecordingDeclared(Declaration),
    /// A kind or version this vocabulary does not know; its data is in the event's `extra`.
    Unknown { kind: String, version: u16 },
}

impl Payload {
    /// The kind of event that carries it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Scheduled { .. } => Kind::Scheduled,
            Self::Cancelled { .. } => Kind::Cancelled,
            Self::JoinAttempted => Kind::JoinAttempted,
            Self::Waiting => Kind::Waiting,
            Self::JoinFailed { .. } => Kind::JoinFailed,
            Self::Joined { .. } => Kind::Joined,
            Self::Rejoined => Kind::Rejoined,
            Self::AudioRestored { .. } => Kind::AudioRestored,
            Self::VideoRestored { .. } => Kind::VideoRestored,
            Self::AudioLost { .. } => Kind::AudioLost,
            Self::VideoLost { .. } => Kind::VideoLost,
            Self::HelpRequested { .. } => Kind::HelpRequested,
            Self::Dropped { .. } => Kind::Dropped,
            Self::Left { .. } => Kind::Left,
            Self::Converted { .. } => Kind::Converted,
            Self::Abandoned { .. } => Kind::Abandoned,
            Self::Completed => Kind::Completed,
            Self::FeedbackInvited { .. } => Kind::FeedbackInvited,
            Self::Rated { .. } => Kind::Rated,
            Self::Questionnaire { .. } => Kind::Questionnaire,
            Self::Adequacy { .. } => Kind::Adequacy,
            Self::RecordingDeclared(_) => Kind::RecordingDeclared,
            Self::Unknown { .. } => Kind::Unknown,
        }
    }

    /// The context it declares or amends, if its kind can.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        match self {
            Self::Scheduled { context, .. } | Self::Joined { context } => context.as_ref(),
            _ => None,
        }
    }
}

/// What video was given up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A telephone call.
    Phone,
    /// A visit in person.
    InPerson,
    /// Another video platform.
    OtherPlatform,
    /// Anything else, or not told.
    Other,
}

impl Target {
    /// The target a `to` on the wire names.
    #[must_use]
    pub fn of(to: Option<&str>) -> Self {
        match to {
            Some("phone") => Self::Phone,
            Some("in_person") => Self::InPerson,
            Some("other_platform") => Self::OtherPlatform,
            _ => Self::Other,
        }
    }
}

/// An answer to "would a visit in person have been needed?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It would have been needed.
    Yes,
    /// It would not have been needed.
    No,
    /// In part.
    Partly,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Partly];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Partly => "partly",
        }
    }

    /// The answer of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name() == name)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
