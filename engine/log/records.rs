//! One plain struct per kind and version: what the bytes of an event's own data mean.
//!
//! A change of meaning is a new struct with a new code beside the old one, never a changed field: the
//! encoding has no names, so a field added to an old struct would make its bytes unreadable. Codes are
//! the log's own table and outlive any order of [`event::Kind`]. The golden bytes below hold them still.

use event::{Dimension, Kind};
use serde::{Deserialize, Serialize};

/// The code under which an event of an unknown kind is kept.
const UNKNOWN: u16 = 0;

/// Every code with its kind. Append only.
const CODES: [(u16, Kind); 23] = [
    (UNKNOWN, Kind::Unknown),
    (1, Kind::Scheduled),
    (2, Kind::Cancelled),
    (3, Kind::JoinAttempted),
    (4, Kind::Waiting),
    (5, Kind::Joined),
    (6, Kind::JoinFailed),
    (7, Kind::AudioLost),
    (8, Kind::AudioRestored),
    (9, Kind::VideoLost),
    (10, Kind::VideoRestored),
    (11, Kind::Dropped),
    (12, Kind::Rejoined),
    (13, Kind::Left),
    (14, Kind::HelpRequested),
    (15, Kind::Converted),
    (16, Kind::Completed),
    (17, Kind::Abandoned),
    (18, Kind::FeedbackInvited),
    (19, Kind::Rated),
    (20, Kind::Questionnaire),
    (21, Kind::Adequacy),
    (22, Kind::RecordingDeclared),
];

/// Every dimension with its code. Append only.
const DIMENSIONS: [(u8, Dimension); 21] = [
    (1, Dimension::Platform),
    (2, Dimension::PlatformVersion),
    (3, Dimension::Organisation),
    (4, Dimension::Region),
    (5, Dimension::Service),
    (6, Dimension::Appointment),
    (7, Dimension::Model),
    (8, Dimension::Device),
    (9, Dimension::Browser),
    (10, Dimension::Network),
    (11, Dimension::Rurality),
    (12, Dimension::DeprivationQuintile),
    (13, Dimension::AgeBand),
    (14, Dimension::Language),
    (15, Dimension::Interpreter),
    (16, Dimension::FirstUse),
    (17, Dimension::FirstUseClinician),
    (18, Dimension::Assisted),
    (19, Dimension::Clinician),
    (20, Dimension::Training),
    (21, Dimension::Modality),
];

/// The code of a kind in its newest version.
pub(super) fn code(kind: Kind) -> u16 {
    CODES.into_iter().find(|(_, known)| *known == kind).map_or(UNKNOWN, |(code, _)| code)
}

/// The kind of a code, if this program knows it.
pub(super) fn kind(code: u16) -> Option<Kind> {
    CODES.into_iter().find(|(known, _)| *known == code).map(|(_, kind)| kind)
}

/// The code of a dimension; 0 is none.
pub(super) fn dimension_code(dimension: Dimension) -> u8 {
    DIMENSIONS.into_iter().find(|(_, known)| *known == dimension).map_or(0, |(code, _)| code)
}

/// The dimension of a code, if this program knows it.
pub(super) fn dimension(code: u8) -> Option<Dimension> {
    DIMENSIONS.into_iter().find(|(known, _)| *known == code).map(|(_, dimension)| dimension)
}

/// Whether events of this kind have a record among the hot columns.
pub(super) fn has_hot(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Scheduled
            | Kind::Joined
            | Kind::Converted
            | Kind::Abandoned
            | Kind::FeedbackInvited
            | Kind::Rated
            | Kind::Questionnaire
            | Kind::Adequacy
            | Kind::RecordingDeclared
    )
}

/// Whether events of this kind have a record among the cold columns.
pub(super) fn has_cold(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Cancelled
            | Kind::JoinFailed
            | Kind::AudioLost
            | Kind::AudioRestored
            | Kind::VideoLost
            | Kind::VideoRestored
            | Kind::HelpRequested
            | Kind::Dropped
            | Kind::Left
            | Kind::Unknown
    )
}

/// Defines records, which all derive the same.
macro_rules! records {
    ($($(#[$about:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(super) struct $name { $(pub(super) $field: $type),* }
    )*};
}

records! {
    /// Hot. `context` is a number in the block's contexts.
    ScheduledV1 { booked_start: Option<i64>, context: Option<u32> }
    /// Hot. `context` is a number in the block's contexts.
    JoinedV1 { context: Option<u32> }
    /// Hot.
    ConvertedV1 { to: Option<String> }
    /// Hot.
    AbandonedV1 { stage: Option<String> }
    /// Hot.
    FeedbackInvitedV1 { instrument: Option<String> }
    /// Hot.
    RatedV1 { scale: u8, value: u8 }
    /// Hot.
    QuestionnaireV1 { instrument: String, answers: Vec<Option<u8>>, score: Option<f64> }
    /// Hot. 1 yes, 2 no, 3 partly.
    AdequacyV1 { answer: u8 }
    /// Hot. Capabilities: 1 observed, 2 inferred, 3 unobservable. Sides: 1 both, 2 patient, 3 clinician.
    RecordingDeclaredV1 {
        feed: Option<String>,
        platform: Option<String>,
        capabilities: Vec<(String, u8)>,
        sides: Option<u8>,
        drop_delay_ms: Option<u32>
    }
    /// Cold.
    CancelledV1 { by: Option<String>, reason: Option<String> }
    /// Cold.
    JoinFailedV1 { reason: Option<String> }
    /// Cold.
    AudioLostV1 { direction: Option<String> }
    /// Cold.
    AudioRestoredV1 { direction: Option<String> }
    /// Cold.
    VideoLostV1 { direction: Option<String> }
    /// Cold.
    VideoRestoredV1 { direction: Option<String> }
    /// Cold.
    HelpRequestedV1 { topic: Option<String> }
    /// Cold.
    DroppedV1 { reason: Option<String> }
    /// Cold.
    LeftV1 { reason: Option<String> }
    /// Cold. A kind or version that the vocabulary did not know when it was kept.
    UnknownV1 { kind: String, version: u16 }
    /// Cold, of any kind: what the vocabulary does not name, in the order of the names.
    ExtraV1 { attributes: Vec<(String, String)>, data: Vec<(String, String)> }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write};

    use serde::de::DeserializeOwned;

    use super::super::codec;
    use super::*;

    fn golden<R: Serialize + DeserializeOwned + PartialEq + Debug>(record: &R, expected: &str) {
        let mut bytes = Vec::new();
        codec::write(&mut bytes, record).unwrap();
        let mut hex = String::new();
        bytes.iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
        assert_eq!(hex, expected, "{record:?}");
        assert_eq!(&codec::read::<R>(&bytes).unwrap(), record);
        bytes.push(0);
        codec::read::<R>(&bytes).unwrap_err();
    }

    fn told(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_bytes_of_hot_records_stay_as_they_are() {
        golden(
            &ScheduledV1 { booked_start: Some(1_772_355_600_000), context: Some(300) },
            "01fd007d40513903000001fb2c01",
        );
        golden(&ScheduledV1 { booked_start: Some(-1), context: None }, "010100");
        golden(&JoinedV1 { context: Some(7) }, "0107");
        golden(&ConvertedV1 { to: told("phone") }, "010570686f6e65");
        golden(&AbandonedV1 { stage: told("waiting") }, "010777616974696e67");
        golden(&FeedbackInvitedV1 { instrument: told("SUS") }, "0103535553");
        golden(&RatedV1 { scale: 5, value: 4 }, "0504");
        let answers = vec![Some(4), None, Some(255)];
        golden(
            &QuestionnaireV1 { instrument: "SUS".into(), answers, score: Some(72.5) },
            "035355530301040001ff010000000000205240",
        );
        golden(&AdequacyV1 { answer: 3 }, "03");
        let capabilities = vec![("dropped".to_owned(), 2)];
        let (feed, platform) = (told("zoom"), None);
        golden(
            &RecordingDeclaredV1 {
                feed,
                platform,
                capabilities,
                sides: Some(1),
                drop_delay_ms: Some(15_000),
            },
            "01047a6f6f6d00010764726f7070656402010101fb983a",
        );
    }

    #[test]
    fn the_bytes_of_cold_records_stay_as_they_are() {
        golden(&CancelledV1 { by: told("clinic"), reason: None }, "0106636c696e696300");
        golden(&JoinFailedV1 { reason: told("camera") }, "010663616d657261");
        golden(&AudioLostV1 { direction: told("in") }, "0102696e");
        golden(&AudioRestoredV1 { direction: None }, "00");
        golden(&VideoLostV1 { direction: told("out") }, "01036f7574");
        golden(&VideoRestoredV1 { direction: told("out") }, "01036f7574");
        golden(&HelpRequestedV1 { topic: told("sound") }, "0105736f756e64");
        golden(&DroppedV1 { reason: told("network") }, "01076e6574776f726b");
        golden(&LeftV1 { reason: None }, "00");
        golden(&UnknownV1 { kind: "hand_raised".into(), version: 2 }, "0b68616e645f72616973656402");
        let attributes = vec![("trace".to_owned(), "\"a\"".to_owned())];
        golden(&ExtraV1 { attributes, data: vec![] }, "010574726163650322612200");
    }

    #[test]
    fn every_kind_and_dimension_has_one_code() {
        for known in Kind::ALL {
            assert_eq!(kind(code(known)), Some(known));
        }
        for known in Dimension::ALL {
            assert_eq!(dimension(dimension_code(known)), Some(known));
        }
        assert_eq!((kind(999), dimension(0)), (None, None));
    }

    #[test]
    fn a_record_that_claims_more_than_it_has_is_refused() {
        for claim in [250_u8, 251, 252, 253, 254, 255] {
            let bytes = [1, claim, 255, 255, 255, 255, 255, 255, 255, 127];
            codec::read::<ConvertedV1>(&bytes).unwrap_err();
            codec::read::<QuestionnaireV1>(&bytes[1..]).unwrap_err();
            codec::read::<ExtraV1>(&bytes[1..]).unwrap_err();
        }
    }
}
