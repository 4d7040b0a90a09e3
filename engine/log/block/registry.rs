//! Every code with the kind and version it stands for, and how its bytes are read.
//!
//! A payload is written in the newest version of its kind. Old versions stay in the table for ever:
//! their rows read the old struct and hand on what the newest one would say, which is all that an
//! upcaster is. Tests hold the table together: codes and versions leave none out, and every row has its
//! golden bytes.

use event::{Answer, Capability, Declaration, Dimension, Kind, Payload, Sides, Time};

use super::brief::Detail;
use super::records::{
    AbandonedV1, AdequacyV1, AudioLostV1, AudioRestoredV1, CancelledV1, ConvertedV1, DroppedV1,
    FeedbackInvitedV1, HelpRequestedV1, JoinFailedV1, LeftV1, QuestionnaireV1, RatedV1, RecordingDeclaredV1,
    ScheduledV1, UnknownV1, VideoLostV1, VideoRestoredV1,
};
use crate::log::bytes::codec;
use crate::log::error::Damage;

/// The code of an event of an unknown kind.
const UNKNOWN: u16 = 0;
/// The code of what stays of an event whose content was destroyed; no kind of event.
pub(in crate::log) const REDACTED: u16 = 0xffff;
/// The code of the record that contents were destroyed; no kind of event.
pub(in crate::log) const REDACTION: u16 = 0xfffe;

/// A version that never was, to show that an old one reads as the newest: ratings out of five.
#[cfg(test)]
pub(in crate::log) const OLD_RATED: u16 = 60_000;

/// Where the record of a code lies, and what reads it.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// There is none: kind and context say it all.
    Bare,
    /// Among the hot columns; a replay needs it.
    Hot(fn(&[u8]) -> Result<Detail, Damage>),
    /// Among the cold columns.
    Cold(fn(&[u8]) -> Result<Payload, Damage>),
}

/// One version of one kind.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct Row {
    pub(in crate::log) code: u16,
    pub(in crate::log) kind: Kind,
    version: u16,
    read: Read,
}

const fn row(code: u16, kind: Kind, version: u16, read: Read) -> Row {
    Row { code, kind, version, read }
}

use Read::{Bare, Cold, Hot};

/// The table. Append only.
const ROWS: &[Row] = &[
    row(UNKNOWN, Kind::Unknown, 1, Cold(unknown)),
    row(1, Kind::Scheduled, 1, Hot(scheduled)),
    row(2, Kind::Cancelled, 1, Cold(cancelled)),
    row(3, Kind::JoinAttempted, 1, Bare),
    row(4, Kind::Waiting, 1, Bare),
    row(5, Kind::Joined, 1, Bare),
    row(6, Kind::JoinFailed, 1, Cold(join_failed)),
    row(7, Kind::AudioLost, 1, Cold(audio_lost)),
    row(8, Kind::AudioRestored, 1, Cold(audio_restored)),
    row(9, Kind::VideoLost, 1, Cold(video_lost)),
    row(10, Kind::VideoRestored, 1, Cold(video_restored)),
    row(11, Kind::Dropped, 1, Cold(dropped)),
    row(12, Kind::Rejoined, 1, Bare),
    row(13, Kind::Left, 1, Cold(left)),
    row(14, Kind::HelpRequested, 1, Cold(help_requested)),
    row(15, Kind::Converted, 1, Hot(converted)),
    row(16, Kind::Completed, 1, Bare),
    row(17, Kind::Abandoned, 1, Hot(abandoned)),
    row(18, Kind::FeedbackInvited, 1, Hot(feedback_invited)),
    row(19, Kind::Rated, 1, Hot(rated)),
    row(20, Kind::Questionnaire, 1, Hot(questionnaire)),
    row(21, Kind::Adequacy, 1, Hot(adequacy)),
    row(22, Kind::RecordingDeclared, 1, Hot(recording_declared)),
    #[cfg(test)]
    row(OLD_RATED, Kind::Rated, 0, Hot(tests::old_rated)),
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

/// The row of a code of an event.
pub(in crate::log) fn row_of(code: u16) -> Result<&'static Row, Damage> {
    // Codes are places in the table as long as none is left out; the search is for the others.
    let guess = ROWS.get(usize::from(code)).filter(|row| row.code == code);
    guess
        .or_else(|| ROWS.iter().find(|row| row.code == code))
        .ok_or_else(|| Damage::new(format!("kind code {code} is not known to this program; use a newer one")))
}

/// Whether a code is that of an event, and not one of the log's own.
pub(in crate::log) fn is_event(code: u16) -> bool {
    code != REDACTED && code != REDACTION
}

/// Whether what has this code is a declaration of what a source can see.
pub(in crate::log) fn declares(code: u16) -> bool {
    is_event(code) && row_of(code).is_ok_and(|row| row.kind == Kind::RecordingDeclared)
}

/// Whether what has this code has a record among the hot columns.
pub(in crate::log) fn has_hot(code: u16) -> Result<bool, Damage> {
    Ok(is_event(code) && matches!(row_of(code)?.read, Hot(_)))
}

/// Whether what has this code has a record among the cold columns.
pub(in crate::log) fn has_cold(code: u16) -> Result<bool, Damage> {
    Ok(!is_event(code) || matches!(row_of(code)?.read, Cold(_)))
}

/// The code of a dimension; 0 is none.
pub(in crate::log) fn dimension_code(dimension: Dimension) -> u8 {
    DIMENSIONS.iter().find(|(_, known)| *known == dimension).map_or(0, |(code, _)| *code)
}

/// The dimension of a code, if this program knows it.
pub(in crate::log) fn dimension(code: u8) -> Option<Dimension> {
    DIMENSIONS.iter().find(|(known, _)| *known == code).map(|(_, dimension)| *dimension)
}

impl Row {
    /// What a replay needs of the event; `context` is a number in its block's contexts.
    pub(in crate::log) fn detail(&self, record: &[u8], context: Option<u32>) -> Result<Detail, Damage> {
        match (self.read, self.kind) {
            (_, Kind::Joined) => Ok(Detail::Joined { context }),
            (Hot(read), Kind::Scheduled) => match read(record)? {
                Detail::Scheduled { booked_start, .. } => Ok(Detail::Scheduled { booked_start, context }),
                detail => Ok(detail),
            },
            (Hot(read), _) => read(record),
            (Bare | Cold(_), _) => Ok(Detail::Nothing),
        }
    }

    /// What the event says, where its detail does not say all of it.
    pub(in crate::log) fn payload(&self, record: &[u8]) -> Result<Payload, Damage> {
        match (self.read, self.kind) {
            (Cold(read), _) => read(record),
            (_, Kind::JoinAttempted) => Ok(Payload::JoinAttempted),
            (_, Kind::Waiting) => Ok(Payload::Waiting),
            (_, Kind::Rejoined) => Ok(Payload::Rejoined),
            (_, Kind::Completed) => Ok(Payload::Completed),
            (_, kind) => Err(Damage::new(format!("an event of kind {kind} without its hot record"))),
        }
    }
}

/// Appends the record of `payload` in the newest version of its kind, and returns its code.
pub(in crate::log) fn write(out: &mut Vec<u8>, payload: &Payload) -> Result<u16, Damage> {
    match payload {
        Payload::Scheduled { booked_start, .. } => {
            codec::write(out, &ScheduledV1 { booked_start: booked_start.map(Time::ms) })?;
        }
        Payload::Joined { .. }
        | Payload::JoinAttempted
        | Payload::Waiting
        | Payload::Rejoined
        | Payload::Completed => {}
        payload => write_owned(out, payload.clone())?,
    }
    Ok(newest(payload.kind()))
}

fn write_owned(out: &mut Vec<u8>, payload: Payload) -> Result<(), Damage> {
    match payload {
        Payload::Cancelled { by, reason } => codec::write(out, &CancelledV1 { by, reason }),
        Payload::JoinFailed { reason } => codec::write(out, &JoinFailedV1 { reason }),
        Payload::AudioLost { direction } => codec::write(out, &AudioLostV1 { direction }),
        Payload::AudioRestored { direction } => codec::write(out, &AudioRestoredV1 { direction }),
        Payload::VideoLost { direction } => codec::write(out, &VideoLostV1 { direction }),
        Payload::VideoRestored { direction } => codec::write(out, &VideoRestoredV1 { direction }),
        Payload::HelpRequested { topic } => codec::write(out, &HelpRequestedV1 { topic }),
        Payload::Dropped { reason } => codec::write(out, &DroppedV1 { reason }),
        Payload::Left { reason } => codec::write(out, &LeftV1 { reason }),
        Payload::Converted { to } => codec::write(out, &ConvertedV1 { to }),
        Payload::Abandoned { stage } => codec::write(out, &AbandonedV1 { stage }),
        Payload::FeedbackInvited { instrument } => codec::write(out, &FeedbackInvitedV1 { instrument }),
        Payload::Rated { scale, value } => codec::write(out, &RatedV1 { scale, value }),
        Payload::Questionnaire { instrument, answers, score } => {
            codec::write(out, &QuestionnaireV1 { instrument, answers, score })
        }
        Payload::Adequacy { answer } => codec::write(out, &AdequacyV1 { answer: code(&ANSWERS, answer) }),
        Payload::RecordingDeclared(declared) => codec::write(out, &declaration_record(declared)),
        Payload::Unknown { kind, version } => codec::write(out, &UnknownV1 { kind, version }),
        _ => Ok(()),
    }
}

/// The code of the newest version of a kind.
fn newest(kind: Kind) -> u16 {
    let rows = ROWS.iter().filter(|row| row.kind == kind);
    rows.max_by_key(|row| row.version).map_or(UNKNOWN, |row| row.code)
}

fn scheduled(bytes: &[u8]) -> Result<Detail, Damage> {
    let ScheduledV1 { booked_start } = codec::read(bytes)?;
    Ok(Detail::Scheduled { booked_start: booked_start.map(time).transpose()?, context: None })
}

/// What lies beyond all times must not be read as the nearest of them: two contents would be shown as one.
fn time(ms: i64) -> Result<Time, Damage> {
    let time = Time::from_ms(ms);
    if time.ms() == ms { Ok(time) } else { Err(Damage::new(format!("{ms} ms since 1970 is no time"))) }
}

fn converted(bytes: &[u8]) -> Result<Detail, Damage> {
    Ok(Detail::Converted { to: codec::read::<ConvertedV1>(bytes)?.to })
}

fn abandoned(bytes: &[u8]) -> Result<Detail, Damage> {
    Ok(Detail::Abandoned { stage: codec::read::<AbandonedV1>(bytes)?.stage })
}

fn feedback_invited(bytes: &[u8]) -> Result<Detail, Damage> {
    Ok(Detail::FeedbackInvited { instrument: codec::read::<FeedbackInvitedV1>(bytes)?.instrument })
}

fn rated(bytes: &[u8]) -> Result<Detail, Damage> {
    let RatedV1 { scale, value } = codec::read(bytes)?;
    Ok(Detail::Rated { scale, value })
}

fn questionnaire(bytes: &[u8]) -> Result<Detail, Damage> {
    let QuestionnaireV1 { instrument, answers, score } = codec::read(bytes)?;
    Ok(Detail::Questionnaire { instrument, answers, score })
}

fn adequacy(bytes: &[u8]) -> Result<Detail, Damage> {
    Ok(Detail::Adequacy { answer: named(&ANSWERS, codec::read::<AdequacyV1>(bytes)?.answer)? })
}

fn recording_declared(bytes: &[u8]) -> Result<Detail, Damage> {
    Ok(Detail::RecordingDeclared(Box::new(declaration(codec::read(bytes)?)?)))
}

fn unknown(bytes: &[u8]) -> Result<Payload, Damage> {
    let UnknownV1 { kind, version } = codec::read(bytes)?;
    Ok(Payload::Unknown { kind, version })
}

fn cancelled(bytes: &[u8]) -> Result<Payload, Damage> {
    let CancelledV1 { by, reason } = codec::read(bytes)?;
    Ok(Payload::Cancelled { by, reason })
}

fn join_failed(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::JoinFailed { reason: codec::read::<JoinFailedV1>(bytes)?.reason })
}

fn audio_lost(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::AudioLost { direction: codec::read::<AudioLostV1>(bytes)?.direction })
}

fn audio_restored(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::AudioRestored { direction: codec::read::<AudioRestoredV1>(bytes)?.direction })
}

fn video_lost(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::VideoLost { direction: codec::read::<VideoLostV1>(bytes)?.direction })
}

fn video_restored(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::VideoRestored { direction: codec::read::<VideoRestoredV1>(bytes)?.direction })
}

fn help_requested(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::HelpRequested { topic: codec::read::<HelpRequestedV1>(bytes)?.topic })
}

fn dropped(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::Dropped { reason: codec::read::<DroppedV1>(bytes)?.reason })
}

fn left(bytes: &[u8]) -> Result<Payload, Damage> {
    Ok(Payload::Left { reason: codec::read::<LeftV1>(bytes)?.reason })
}

const ANSWERS: [Answer; 3] = [Answer::Yes, Answer::No, Answer::Partly];
const SIDES: [Sides; 3] = [Sides::Both, Sides::Patient, Sides::Clinician];
const CAPABILITIES: [Capability; 3] = [Capability::Observed, Capability::Inferred, Capability::Unobservable];

fn declaration_record(declared: Declaration) -> RecordingDeclaredV1 {
    let capability = |(kind, seen): (String, Capability)| (kind, code(&CAPABILITIES, seen));
    RecordingDeclaredV1 {
        feed: declared.feed,
        platform: declared.platform,
        capabilities: declared.capabilities.into_iter().map(capability).collect(),
        sides: declared.sides.map(|sides| code(&SIDES, sides)),
        drop_delay_ms: declared.drop_delay_ms,
    }
}

fn declaration(record: RecordingDeclaredV1) -> Result<Declaration, Damage> {
    let capability = |(kind, seen): (String, u8)| Ok((kind, named(&CAPABILITIES, seen)?));
    Ok(Declaration {
        feed: record.feed,
        platform: record.platform,
        capabilities: record.capabilities.into_iter().map(capability).collect::<Result<_, Damage>>()?,
        sides: record.sides.map(|sides| named(&SIDES, sides)).transpose()?,
        drop_delay_ms: record.drop_delay_ms,
    })
}

/// The code of `one` in a closed list, counted from 1.
fn code<T: PartialEq>(list: &[T], one: T) -> u8 {
    list.iter().position(|known| *known == one).map_or(0, |at| at as u8 + 1)
}

fn named<T: Copy>(list: &[T], code: u8) -> Result<T, Damage> {
    let at = usize::from(code).checked_sub(1);
    at.and_then(|at| list.get(at))
        .copied()
        .ok_or_else(|| Damage::new(format!("code {code} of a list of {}", list.len())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::records::{ExtraV1, RedactedV1, RedactionV1};
    use super::*;
    use crate::log::commitment::hex;

    pub(in crate::log) fn old_rated(bytes: &[u8]) -> Result<Detail, Damage> {
        Ok(Detail::Rated { scale: 5, value: codec::read::<u8>(bytes)? })
    }

    fn told(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// One payload of every kind with the bytes of its record, which stay as they are.
    fn golden() -> Vec<(Payload, &'static str)> {
        let answers = vec![Some(4), None, Some(255)];
        let declaration = Declaration {
            feed: told("zoom"),
            platform: None,
            capabilities: [("dropped".to_owned(), Capability::Inferred)].into(),
            sides: Some(Sides::Both),
            drop_delay_ms: Some(15_000),
        };
        let start = Some(Time::from_ms(1_772_355_600_000));
        vec![
            (Payload::Scheduled { booked_start: start, context: None }, "01fd007d405139030000"),
            (Payload::Cancelled { by: told("clinic"), reason: None }, "0106636c696e696300"),
            (Payload::JoinAttempted, ""),
            (Payload::Waiting, ""),
            (Payload::Joined { context: None }, ""),
            (Payload::JoinFailed { reason: told("camera") }, "010663616d657261"),
            (Payload::AudioLost { direction: told("in") }, "0102696e"),
            (Payload::AudioRestored { direction: None }, "00"),
            (Payload::VideoLost { direction: told("out") }, "01036f7574"),
            (Payload::VideoRestored { direction: told("out") }, "01036f7574"),
            (Payload::Dropped { reason: told("network") }, "01076e6574776f726b"),
            (Payload::Rejoined, ""),
            (Payload::Left { reason: None }, "00"),
            (Payload::HelpRequested { topic: told("sound") }, "0105736f756e64"),
            (Payload::Converted { to: told("phone") }, "010570686f6e65"),
            (Payload::Completed, ""),
            (Payload::Abandoned { stage: told("waiting") }, "010777616974696e67"),
            (Payload::FeedbackInvited { instrument: told("SUS") }, "0103535553"),
            (Payload::Rated { scale: 5, value: 4 }, "0504"),
            (
                Payload::Questionnaire { instrument: "SUS".into(), answers, score: Some(72.5) },
                "035355530301040001ff010000000000205240",
            ),
            (Payload::Adequacy { answer: Answer::Partly }, "03"),
            (Payload::RecordingDeclared(declaration), "01047a6f6f6d00010764726f7070656402010101fb983a"),
            (Payload::Unknown { kind: "hand_raised".into(), version: 2 }, "0b68616e645f72616973656402"),
        ]
    }

    /// What a record says, as the block puts it together.
    fn read(code: u16, record: &[u8]) -> Result<Payload, Damage> {
        let row = row_of(code)?;
        let detail = row.detail(record, None)?;
        detail.payload(&crate::log::Contexts::default()).map_or_else(|| row.payload(record), Ok)
    }

    #[test]
    fn the_bytes_of_every_kind_and_version_stay_as_they_are() {
        let mut seen = BTreeSet::from([OLD_RATED]);
        for (payload, wanted) in golden() {
            let mut bytes = Vec::new();
            let code = write(&mut bytes, &payload).unwrap();
            assert_eq!(hex(&bytes), wanted, "{payload:?}");
            assert_eq!(read(code, &bytes).unwrap(), payload);
            if !bytes.is_empty() {
                bytes.push(0);
                read(code, &bytes).unwrap_err();
            }
            seen.insert(code);
        }
        let rows: BTreeSet<u16> = ROWS.iter().map(|row| row.code).collect();
        assert_eq!(seen, rows, "a row has no golden bytes");
    }

    #[test]
    fn the_bytes_of_the_log_s_own_records_stay_as_they_are() {
        let bytes = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            hex(&out)
        };
        let attributes = vec![("trace".to_owned(), "\"a\"".to_owned())];
        let extra = ExtraV1 { attributes, data: vec![] };
        assert_eq!(bytes(&|out| codec::write(out, &extra).unwrap()), "010574726163650322612200");
        let redacted = RedactedV1 { leaf: [7; 32], name: [9; 16] };
        let wanted = [[7; 32].as_slice(), &[9; 16]].concat();
        assert_eq!(bytes(&|out| codec::write(out, &redacted).unwrap()), hex(&wanted));
        let redaction = RedactionV1 { positions: vec![3, 300], reason: told("x") };
        assert_eq!(bytes(&|out| codec::write(out, &redaction).unwrap()), "0203fb2c01010178");
    }

    #[test]
    fn codes_and_versions_leave_none_out() {
        let codes: BTreeSet<u16> = ROWS.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), ROWS.len(), "a code is there twice");
        assert!(!codes.contains(&REDACTED) && !codes.contains(&REDACTION));
        for kind in Kind::ALL {
            let rows = ROWS.iter().filter(|row| row.kind == kind && row.code != OLD_RATED);
            let versions: Vec<_> = rows.map(|row| row.version).collect();
            assert_eq!(versions, (1..=versions.len() as u16).collect::<Vec<_>>(), "{kind}");
        }
        for known in Dimension::ALL {
            assert_eq!(dimension(dimension_code(known)), Some(known));
        }
        assert!(row_of(999).is_err() && dimension(0).is_none());
    }

    #[test]
    fn an_old_version_reads_as_the_newest() {
        assert_eq!(read(OLD_RATED, &[4]).unwrap(), Payload::Rated { scale: 5, value: 4 });
        assert_eq!(newest(Kind::Rated), 19);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let [first, last] = [Time::MIN, Time::MAX].map(Time::ms);
        for (ms, is_time) in
            [(first, true), (first - 1, false), (last, true), (last + 1, false), (i64::MIN, false)]
        {
            let mut bytes = Vec::new();
            codec::write(&mut bytes, &ScheduledV1 { booked_start: Some(ms) }).unwrap();
            assert_eq!(scheduled(&bytes).is_ok(), is_time, "{ms}");
        }
    }

    #[test]
    fn a_record_that_claims_more_than_it_has_is_refused() {
        for claim in [250_u8, 251, 252, 253, 254, 255] {
            let bytes = [1, claim, 255, 255, 255, 255, 255, 255, 255, 127];
            read(15, &bytes).unwrap_err();
            read(20, &bytes[1..]).unwrap_err();
            codec::read::<ExtraV1>(&bytes[1..]).unwrap_err();
            codec::read::<RedactionV1>(&bytes[1..]).unwrap_err();
        }
    }
}
