//! The kinds of events, in the order in which a reading takes those of one millisecond.

use std::fmt;

/// What kind of thing happened.
///
/// The order of the variants is the *kind rank*: of two events in one millisecond the lower is read
/// first. It is no storage code; the log numbers its records by a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The consultation was planned.
    Scheduled,
    /// Called off beforehand.
    Cancelled,
    /// Someone opened the link.
    JoinAttempted,
    /// Someone reached the waiting room.
    Waiting,
    /// Someone could not get in.
    JoinFailed,
    /// Someone is connected with media.
    Joined,
    /// Someone is back after a drop.
    Rejoined,
    /// Sound is back.
    AudioRestored,
    /// The picture is back.
    VideoRestored,
    /// Sound was lost.
    AudioLost,
    /// The picture was lost.
    VideoLost,
    /// Someone asked for help.
    HelpRequested,
    /// A connection was lost without intent.
    Dropped,
    /// Someone went on purpose.
    Left,
    /// Video was given up for something else.
    Converted,
    /// The consultation was given up.
    Abandoned,
    /// The consultation reached its intended end.
    Completed,
    /// Someone was asked for feedback.
    FeedbackInvited,
    /// One rating.
    Rated,
    /// One answered questionnaire.
    Questionnaire,
    /// Whether a visit in person would have been needed.
    Adequacy,
    /// A source told what it can see; belongs to no consultation.
    RecordingDeclared,
    /// A kind this version does not know: kept, counted, never guessed.
    Unknown,
}

impl Kind {
    /// Every kind, by rank.
    pub const ALL: [Self; 23] = [
        Self::Scheduled,
        Self::Cancelled,
        Self::JoinAttempted,
        Self::Waiting,
        Self::JoinFailed,
        Self::Joined,
        Self::Rejoined,
        Self::AudioRestored,
        Self::VideoRestored,
        Self::AudioLost,
        Self::VideoLost,
        Self::HelpRequested,
        Self::Dropped,
        Self::Left,
        Self::Converted,
        Self::Abandoned,
        Self::Completed,
        Self::FeedbackInvited,
        Self::Rated,
        Self::Questionnaire,
        Self::Adequacy,
        Self::RecordingDeclared,
        Self::Unknown,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Cancelled => "cancelled",
            Self::JoinAttempted => "join_attempted",
            Self::Waiting => "waiting",
            Self::JoinFailed => "join_failed",
            Self::Joined => "joined",
            Self::Rejoined => "rejoined",
            Self::AudioRestored => "audio_restored",
            Self::VideoRestored => "video_restored",
            Self::AudioLost => "audio_lost",
            Self::VideoLost => "video_lost",
            Self::HelpRequested => "help_requested",
            Self::Dropped => "dropped",
            Self::Left => "left",
            Self::Converted => "converted",
            Self::Abandoned => "abandoned",
            Self::Completed => "completed",
            Self::FeedbackInvited => "feedback_invited",
            Self::Rated => "rated",
            Self::Questionnaire => "questionnaire",
            Self::Adequacy => "adequacy",
            Self::RecordingDeclared => "recording_declared",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of that name, if it is one of ours; `unknown` is no name an event may carry.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind != Self::Unknown && kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KindSet(u32);

impl KindSet {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const EVERY: Self = Self((1 << Kind::ALL.len()) - 1);

    /// The set of `kinds`.
    #[must_use]
    pub const fn of(kinds: &[Kind]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < kinds.len() {
            bits |= 1 << kinds[i] as u32;
            i += 1;
        }
        Self(bits)
    }

    /// The set with `kind` in it.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    /// Kinds in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Kinds in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Kinds of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    /// Whether every kind of `other` is in the set.
    #[must_use]
    pub const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any kind of `other` is in the set.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no kind is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, by rank.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// The set as bits, bit r for the kind of rank r.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits; bits of no kind are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::EVERY.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_kinds_and_ranks_follow_the_list() {
        for (rank, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, rank);
            assert_eq!(Kind::from_name(kind.name()), (kind != Kind::Unknown).then_some(kind));
        }
        assert_eq!(Kind::from_name("hand_raised"), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = KindSet::of(&[Kind::Joined, Kind::Dropped]);
        assert!(set.has(Kind::Joined) && !set.has(Kind::Left));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Kind::Joined, Kind::Dropped]);
        assert!(KindSet::EVERY.has_all(set) && !set.has_all(KindSet::EVERY) && !KindSet::NONE.has_any(set));
        assert_eq!(KindSet::from_bits(set.bits()), set);
    }
}
