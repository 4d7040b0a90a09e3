//! The cold value of a block: what only a full read needs.
//!
//! ```text
//! plain part        empty
//! compressed part   texts: ids
//!                   column of `recorded_at`: differences, see `column::deltas`
//!                   u32 number of records, column of their lengths, the records
//!                   u32 n, column of lengths of extras (0 none), the extras
//! ```
//!
//! Records belong, in order, to the events whose kind has a cold record; extras are one for each event.

use event::{Event, Extra, Kind, Payload, Time};

use super::codec;
use super::column::{self, Reader};
use super::error::Damage;
use super::frame::{self, Header, Part};
use super::parts::{self, Parts};
use super::records::{
    self, AudioLostV1, AudioRestoredV1, CancelledV1, DroppedV1, ExtraV1, HelpRequestedV1, JoinFailedV1,
    LeftV1, UnknownV1, VideoLostV1, VideoRestoredV1,
};
use super::texts::{self, Texts};

/// The cold half of a block's events.
#[derive(Debug)]
pub(super) struct ColdBlock {
    pub(super) header: Header,
    pub(super) ids: Texts,
    pub(super) recorded_at: Vec<Time>,
    records: Parts,
    extras: Parts,
}

/// The cold value of `events`, which are as many as the header says.
pub(super) fn encode<'a>(
    header: &Header,
    events: impl Iterator<Item = (&'a Event, Time)> + Clone,
) -> Result<Vec<u8>, Damage> {
    let mut packed = Vec::new();
    texts::write(&mut packed, events.clone().map(|(event, _)| event.id.as_str()));
    column::write(&mut packed, &column::deltas(events.clone().map(|(_, recorded_at)| recorded_at.ms())));
    let (mut records, mut extras) = (parts::Draft::default(), parts::Draft::default());
    for (event, _) in events {
        if records::has_cold(event.kind()) {
            records.push(|out| write_record(out, &event.payload))?;
        }
        extras.push(|out| {
            event.extra.as_ref().map_or(Ok(()), |extra| codec::write(out, &extra_record(extra)))
        })?;
    }
    records.write(&mut packed);
    extras.write(&mut packed);
    frame::close(Part::Cold, header, &[], &packed)
}

/// The block that a cold value holds.
pub(super) fn decode(bytes: &[u8]) -> Result<ColdBlock, Damage> {
    let frame = frame::open(Part::Cold, bytes)?;
    let (header, from) = (frame.header, &mut Reader::new(&frame.packed));
    let ids = Texts::read(from)?;
    let recorded_at = column::read(from, header.count)?;
    let recorded_at = column::sums(&recorded_at).map(Time::from_ms).collect();
    let (records, extras) = (Parts::read(from)?, Parts::read(from)?);
    from.end()?;
    Reader::new(frame.plain).end()?;
    if ids.len() != header.count || extras.len() != header.count || records.len() > header.count {
        return Err(Damage::new("its cold columns differ in length"));
    }
    Ok(ColdBlock { header, ids, recorded_at, records, extras })
}

impl ColdBlock {
    /// How many cold records there are.
    pub(super) fn records(&self) -> usize {
        self.records.len()
    }

    /// The payload of an event of `kind`, whose cold record, if it has one, is that of number `record`.
    pub(super) fn payload(&self, kind: Kind, record: usize) -> Result<Payload, Damage> {
        read_record(kind, || self.records.get(record))
    }

    /// The extra of the event of that number.
    pub(super) fn extra(&self, number: usize) -> Result<Option<Box<Extra>>, Damage> {
        let bytes = self.extras.get(number)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let ExtraV1 { attributes, data } = codec::read(bytes)?;
        let (attributes, data) = (attributes.into_iter().collect(), data.into_iter().collect());
        Ok(Some(Box::new(Extra { attributes, data })))
    }
}

fn write_record(out: &mut Vec<u8>, payload: &Payload) -> Result<(), Damage> {
    match payload.clone() {
        Payload::Cancelled { by, reason } => codec::write(out, &CancelledV1 { by, reason }),
        Payload::JoinFailed { reason } => codec::write(out, &JoinFailedV1 { reason }),
        Payload::AudioLost { direction } => codec::write(out, &AudioLostV1 { direction }),
        Payload::AudioRestored { direction } => codec::write(out, &AudioRestoredV1 { direction }),
        Payload::VideoLost { direction } => codec::write(out, &VideoLostV1 { direction }),
        Payload::VideoRestored { direction } => codec::write(out, &VideoRestoredV1 { direction }),
        Payload::HelpRequested { topic } => codec::write(out, &HelpRequestedV1 { topic }),
        Payload::Dropped { reason } => codec::write(out, &DroppedV1 { reason }),
        Payload::Left { reason } => codec::write(out, &LeftV1 { reason }),
        Payload::Unknown { kind, version } => codec::write(out, &UnknownV1 { kind, version }),
        _ => Ok(()),
    }
}

fn read_record<'a>(kind: Kind, bytes: impl Fn() -> Result<&'a [u8], Damage>) -> Result<Payload, Damage> {
    Ok(match kind {
        Kind::JoinAttempted => Payload::JoinAttempted,
        Kind::Waiting => Payload::Waiting,
        Kind::Rejoined => Payload::Rejoined,
        Kind::Completed => Payload::Completed,
        Kind::Cancelled => {
            let CancelledV1 { by, reason } = codec::read(bytes()?)?;
            Payload::Cancelled { by, reason }
        }
        Kind::JoinFailed => Payload::JoinFailed { reason: codec::read::<JoinFailedV1>(bytes()?)?.reason },
        Kind::AudioLost => Payload::AudioLost { direction: codec::read::<AudioLostV1>(bytes()?)?.direction },
        Kind::AudioRestored => {
            Payload::AudioRestored { direction: codec::read::<AudioRestoredV1>(bytes()?)?.direction }
        }
        Kind::VideoLost => Payload::VideoLost { direction: codec::read::<VideoLostV1>(bytes()?)?.direction },
        Kind::VideoRestored => {
            Payload::VideoRestored { direction: codec::read::<VideoRestoredV1>(bytes()?)?.direction }
        }
        Kind::HelpRequested => {
            Payload::HelpRequested { topic: codec::read::<HelpRequestedV1>(bytes()?)?.topic }
        }
        Kind::Dropped => Payload::Dropped { reason: codec::read::<DroppedV1>(bytes()?)?.reason },
        Kind::Left => Payload::Left { reason: codec::read::<LeftV1>(bytes()?)?.reason },
        Kind::Unknown => {
            let UnknownV1 { kind, version } = codec::read(bytes()?)?;
            Payload::Unknown { kind, version }
        }
        _ => return Err(Damage::new(format!("an event of kind {kind} without its hot record"))),
    })
}

fn extra_record(extra: &Extra) -> ExtraV1 {
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    ExtraV1 { attributes: pairs(&extra.attributes), data: pairs(&extra.data) }
}
