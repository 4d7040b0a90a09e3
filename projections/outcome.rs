//! One row per consultation: what its events amount to.
//!
//! An outcome is integers and names. It is the only thing projections see; its serialised form is the
//! contract of `outcomes --json`, which may grow but not change.

use std::collections::BTreeMap;
use std::sync::Arc;

use event::{Answer, Context, KindSet, Role, Time};
use serde::{Deserialize, Serialize, Serializer};

use crate::parameters::Parameters;

/// What one closed consultation amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The consultation.
    pub consultation: String,
    /// Its circumstances; the platform is the first that was told.
    #[serde(serialize_with = "context")]
    pub context: Arc<Context>,
    /// Whether both sides tried (or the one side its source sees).
    pub attempted: bool,
    /// Whether both sides were there at one time.
    pub connected: bool,
    /// Whether its sources see one side only.
    pub one_sided: bool,
    /// Connected with no failed join and no drop before one minute of connection.
    pub first_try: bool,
    /// From the later side's first attempt to connection, in milliseconds.
    pub connect_ms: Option<i64>,
    /// Between the two sides' first attempts, in milliseconds.
    pub waiting_ms: Option<i64>,
    /// Total time connected, in milliseconds.
    pub connected_ms: i64,
    /// From first connection to the end, less the time connected, in milliseconds.
    pub down_ms: i64,
    /// Gaps shorter than the grace.
    pub blips: u32,
    /// Gaps that were not.
    pub drops: u32,
    /// From connection to the first drop, in milliseconds.
    pub first_drop_ms: Option<i64>,
    /// Drops with a return.
    pub recovered_drops: u32,
    /// Drops with a return within a minute.
    pub recovered_60s: u32,
    /// Losses of sound that overlap connected time.
    pub audio_losses: u32,
    /// Length of their union inside connected time, in milliseconds.
    pub audio_lost_ms: i64,
    /// Losses of the picture that overlap connected time.
    pub video_losses: u32,
    /// Length of their union inside connected time, in milliseconds.
    pub video_lost_ms: i64,
    /// Length of the union of losses of sound, blips and absences with a return, in milliseconds.
    pub interrupted_ms: i64,
    /// Requests for help, at any time.
    pub help_requests: u32,
    /// How it ended.
    pub ending: Ending,
    /// When the first of either side (of the side that is seen) tried to get in; `None` when nobody did.
    pub began_at: Option<Time>,
    /// When it ended; `None` when nothing tells.
    pub ended_at: Option<Time>,
    /// The headline: first try, no drop, hardly interrupted, completed.
    pub undisturbed: bool,
    /// On which side something first failed.
    pub side: Option<FailedSide>,
    /// Ratings, in order.
    pub ratings: Vec<Rating>,
    /// Scores of questionnaires, in order.
    pub scores: Vec<Score>,
    /// Answers on adequacy, in order.
    pub adequacy: Vec<Adequacy>,
    /// Invitations to feedback, in order.
    pub invitations: Vec<Invitation>,
    /// Times from opening the link to joining, one per person for whom both were seen.
    pub join_ms: Vec<JoinTime>,
    /// At which stage it was abandoned.
    pub stage: Option<String>,
    /// Each counted drop, in order.
    pub drop_times: Vec<Disturbance>,
    /// Each counted loss of sound.
    pub audio_times: Vec<Disturbance>,
    /// Each counted loss of the picture.
    pub video_times: Vec<Disturbance>,
    /// Contradictions and oddities, by kind.
    pub anomalies: BTreeMap<&'static str, u32>,
    /// Which kinds its sources can tell.
    #[serde(flatten)]
    pub sight: RowSight,
}

/// Which kinds the sources of one row can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RowSight {
    /// Kinds that some source observes or infers.
    #[serde(skip)]
    pub sees: KindSet,
    /// Kinds that are only inferred.
    #[serde(rename = "inferred", serialize_with = "kinds", skip_serializing_if = "none")]
    pub infers: KindSet,
    /// Whether some source never declared what it sees.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undeclared: bool,
    /// Kinds that some source declared to observe or to infer.
    #[serde(skip)]
    pub declared: [KindSet; 2],
}

impl RowSight {
    /// The sight of a row whose sources see `sees`, and observe `observes` of that.
    pub(crate) fn new(sees: KindSet, observes: KindSet, undeclared: bool, declared: [KindSet; 2]) -> Self {
        Self { sees, infers: sees.without(observes), undeclared, declared }
    }

    /// The same sight with what other sources that watch this row declared to observe and to infer.
    pub(crate) fn watched(self, [observed, inferred]: [KindSet; 2]) -> Self {
        let observes = self.sees.without(self.infers).or(observed);
        Self::new(self.sees.or(observed).or(inferred), observes, self.undeclared, self.declared)
    }
}

/// How a consultation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It reached its intended end.
    Completed,
    /// It was given up.
    Abandoned,
    /// It moved to the telephone.
    ConvertedPhone,
    /// It moved to a visit in person.
    ConvertedInPerson,
    /// It moved to another platform.
    ConvertedPlatform,
    /// It moved elsewhere.
    ConvertedOther,
    /// It was called off beforehand.
    Cancelled,
    /// It was planned and nobody came.
    NoShow,
    /// Only one side came.
    OtherSideAbsent,
    /// Both came and never connected.
    FailedToConnect,
    /// Nothing tells how it ended.
    EndNotSeen,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 11] = [
        Self::Completed,
        Self::Abandoned,
        Self::ConvertedPhone,
        Self::ConvertedInPerson,
        Self::ConvertedPlatform,
        Self::ConvertedOther,
        Self::Cancelled,
        Self::NoShow,
        Self::OtherSideAbsent,
        Self::FailedToConnect,
        Self::EndNotSeen,
    ];

    /// Whether video was given up for something else.
    #[must_use]
    pub fn is_converted(self) -> bool {
        matches!(
            self,
            Self::ConvertedPhone | Self::ConvertedInPerson | Self::ConvertedPlatform | Self::ConvertedOther
        )
    }
}

/// The side on which something first failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedSide {
    /// The patient's.
    Patient,
    /// The clinician's.
    Clinician,
    /// Both within five seconds.
    Both,
}

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rating {
    /// Who rated.
    pub role: Role,
    /// Levels of the scale.
    pub scale: u8,
    /// The level chosen.
    pub value: u8,
}

/// The score of one questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Who answered.
    pub role: Role,
    /// Which questionnaire.
    pub instrument: String,
    /// The score in millionths, written as a number of whole units.
    #[serde(rename = "value", serialize_with = "millionths")]
    pub value_micro: i64,
}

/// One answer on adequacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Adequacy {
    /// Who answered.
    pub role: Role,
    /// Whether a visit in person would have been needed.
    pub answer: Answer,
}

/// One invitation to feedback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Who was asked.
    pub role: Role,
    /// With which instrument, if told.
    pub instrument: Option<String>,
}

/// How long one person took to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JoinTime {
    /// Whose time it is.
    pub role: Role,
    /// From opening the link to joining, in milliseconds.
    pub ms: i64,
}

/// One drop or loss, with its end if it had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Disturbance {
    /// When it began.
    pub at: Time,
    /// When it was over; `None` if not before the end.
    pub over_at: Option<Time>,
}

/// A consultation that is not over: counted, and nothing more is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgress {
    /// The consultation.
    pub consultation: String,
    /// Its circumstances so far.
    pub context: Arc<Context>,
}

impl Serialize for InProgress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            consultation: &'a str,
            #[serde(serialize_with = "context")]
            context: &'a Context,
            ending: &'static str,
        }
        Row { consultation: &self.consultation, context: &self.context, ending: "in_progress" }
            .serialize(serializer)
    }
}

impl Outcome {
    /// Of each counted drop, in order: milliseconds from connection to it, and from it to the return, if there was one.
    pub fn drops_from_connection(&self) -> impl Iterator<Item = (i64, Option<i64>)> {
        let first = self.drop_times.first().map_or(0, |drop| drop.at.ms());
        let connected_at = first - self.first_drop_ms.unwrap_or(0);
        self.drop_times
            .iter()
            .map(move |drop| (drop.at.ms() - connected_at, drop.over_at.map(|over| over.since(drop.at))))
    }

    /// The row of a consultation of which nothing is told but its circumstances.
    pub(crate) fn empty(consultation: &str, context: Arc<Context>, sight: RowSight) -> Self {
        Self {
            consultation: consultation.to_owned(),
            context,
            attempted: false,
            connected: false,
            one_sided: false,
            first_try: false,
            connect_ms: None,
            waiting_ms: None,
            connected_ms: 0,
            down_ms: 0,
            blips: 0,
            drops: 0,
            first_drop_ms: None,
            recovered_drops: 0,
            recovered_60s: 0,
            audio_losses: 0,
            audio_lost_ms: 0,
            video_losses: 0,
            video_lost_ms: 0,
            interrupted_ms: 0,
            help_requests: 0,
            ending: Ending::EndNotSeen,
            began_at: None,
            ended_at: None,
            undisturbed: false,
            side: None,
            ratings: Vec::new(),
            scores: Vec::new(),
            adequacy: Vec::new(),
            invitations: Vec::new(),
            join_ms: Vec::new(),
            stage: None,
            drop_times: Vec::new(),
            audio_times: Vec::new(),
            video_times: Vec::new(),
            anomalies: BTreeMap::new(),
            sight,
        }
    }

    /// Whether it was interrupted for no longer than the thresholds allow.
    #[must_use]
    pub fn hardly_interrupted(&self, parameters: &Parameters) -> bool {
        self.interrupted_ms <= parameters.interrupted_max_ms
            && self.interrupted_ms * 1_000 <= self.connected_ms * parameters.interrupted_max_permille
    }
}

fn context<S: Serializer>(context: &Context, serializer: S) -> Result<S::Ok, S::Error> {
    use event::Shape;
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(None)?;
    for (dimension, level) in context.iter() {
        match dimension.shape() {
            Shape::Text => map.serialize_entry(dimension.name(), level)?,
            Shape::Flag => map.serialize_entry(dimension.name(), &(level == "true"))?,
            Shape::Quintile => map.serialize_entry(dimension.name(), &level.parse::<u8>().ok())?,
        }
    }
    map.end()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn none(kinds: &KindSet) -> bool {
    kinds.is_empty()
}

fn kinds<S: Serializer>(kinds: &KindSet, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.iter().map(event::Kind::name))
}

fn millionths<S: Serializer>(micro: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*micro as f64 / 1_000_000.0)
}
