//! The cold value of a block: what only a full read needs.
//!
//! ```text
//! plain part        empty
//! compressed part   texts: consultations, in the order of their numbers in the hot value
//!                   texts: participants, in that order too
//!                   texts: ids
//!                   column of `recorded_at`: differences, see `column::deltas`
//!                   u32 number of records, column of their lengths, the records
//!                   u32 n, column of lengths of extras (0 none), the extras
//! ```
//!
//! Records belong, in order, to the events whose code has a cold record; extras are one for each event.

use event::Time;

use super::raw::Raw;
use super::registry;
use crate::log::bytes::column::{self, Reader};
use crate::log::bytes::frame::{self, Header, Part};
use crate::log::bytes::parts::{self, Parts};
use crate::log::bytes::texts::{self, Numbering, Texts};
use crate::log::error::Damage;

/// The cold half of a block's events.
#[derive(Debug)]
pub(in crate::log) struct Cold {
    pub(in crate::log) header: Header,
    pub(in crate::log) consultations: Texts,
    pub(in crate::log) participants: Texts,
    pub(in crate::log) ids: Texts,
    pub(in crate::log) recorded_at: Vec<Time>,
    pub(in crate::log) records: Parts,
    pub(in crate::log) extras: Parts,
}

/// The cold value of `events`, which are as many as the header says.
pub(in crate::log) fn encode(header: &Header, events: &[Raw<'_>]) -> Result<Vec<u8>, Damage> {
    let mut packed = Vec::new();
    let (mut consultations, mut participants) = (Numbering::default(), Numbering::default());
    for event in events {
        consultations.number(event.consultation);
        event.participant.map(|participant| participants.number(participant));
    }
    consultations.write(&mut packed);
    participants.write(&mut packed);
    texts::write(&mut packed, events.iter().map(|event| event.id));
    column::write(&mut packed, &column::deltas(events.iter().map(|event| event.recorded_at.ms())));
    let (mut records, mut extras) = (parts::Draft::default(), parts::Draft::default());
    for event in events {
        if registry::has_cold(event.code)? {
            records.push(event.record);
        }
        extras.push(event.extra);
    }
    records.write(&mut packed);
    extras.write(&mut packed);
    frame::close(Part::Cold, header, &[], &packed)
}

/// The cold half that a value holds.
pub(in crate::log) fn decode(bytes: &[u8]) -> Result<Cold, Damage> {
    let frame = frame::open(Part::Cold, bytes)?;
    let (header, from) = (frame.header, &mut Reader::new(&frame.packed));
    let (consultations, participants) = (Texts::read(from)?, Texts::read(from)?);
    let ids = Texts::read(from)?;
    let recorded_at = column::read(from, header.count)?;
    let recorded_at = column::sums(&recorded_at).map(Time::from_ms).collect();
    let (records, extras) = (Parts::read(from)?, Parts::read(from)?);
    from.end()?;
    Reader::new(frame.plain).end()?;
    if ids.len() != header.count || extras.len() != header.count || records.len() > header.count {
        return Err(Damage::new("its cold columns differ in length"));
    }
    Ok(Cold { header, consultations, participants, ids, recorded_at, records, extras })
}
