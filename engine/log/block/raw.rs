//! Events as the log keeps them: names, moments, and the bytes of a record under a code.
//!
//! What a code's bytes mean is the business of [`registry`](super::registry). Blocks, merging and the
//! commitment handle records as bytes, so that an event written by an older version keeps the form in
//! which it was written, and its leaf with it, however often its block is rewritten.
//!
//! ```text
//! canonical bytes, which are hashed into the leaf; all numbers little-endian
//!     1  form, the digit 1
//!     2  code        8  at, ms since 1970        8  recorded_at        1  role, see `hot`
//!   text source, id, consultation                                      text: u32 length, UTF-8
//!     1  whether there is a participant, then its text
//!     2  number of levels of the context, 65,535 without context; each: u8 dimension code, text;
//!        by dimension code
//!   text record and extra, which are bytes
//! ```

use event::{Context, Event, Payload, Role, Time};

use super::Arrival;
use super::brief::Contexts;
use super::records::{ExtraV1, RedactedV1, RedactionV1};
use super::registry;
use crate::log::Position;
use crate::log::bytes::codec;
use crate::log::bytes::column::Reader;
use crate::log::commitment::{self, Hash, Salts};
use crate::log::error::Damage;

const FORM: u8 = b'1';
const NO_CONTEXT: u16 = u16::MAX;
const ROLES: [Role; 6] =
    [Role::Patient, Role::Clinician, Role::Carer, Role::Interpreter, Role::Other, Role::Unknown];
/// The highest code of a role.
pub(in crate::log) const LAST_ROLE: u8 = ROLES.len() as u8;

/// An event as it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::log) struct Raw<'a> {
    pub(in crate::log) code: u16,
    pub(in crate::log) at: Time,
    pub(in crate::log) recorded_at: Time,
    pub(in crate::log) role: u8,
    pub(in crate::log) source: &'a str,
    pub(in crate::log) id: &'a str,
    pub(in crate::log) consultation: &'a str,
    pub(in crate::log) participant: Option<&'a str>,
    pub(in crate::log) context: Option<&'a Context>,
    pub(in crate::log) record: &'a [u8],
    pub(in crate::log) extra: &'a [u8],
}

/// What canonical bytes say.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::log) enum Said {
    /// An event.
    Event(Box<Event>),
    /// The log's own record that contents were destroyed.
    Redaction(RedactionV1),
}

/// What stays of an event whose content was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Remains {
    pub(in crate::log) leaf: Hash,
    /// A keyed hash of source and id, so that the event is known if it comes again.
    pub(in crate::log) name: [u8; 16],
}

/// Arrivals with their records made.
#[derive(Debug)]
pub(in crate::log) struct Drafts<'a> {
    arrivals: &'a [Arrival],
    codes: Vec<u16>,
    bytes: Vec<u8>,
    /// Where each record ends, and then its extra.
    ends: Vec<(usize, usize)>,
}

impl<'a> Drafts<'a> {
    /// Makes the records of `arrivals`, in their newest versions.
    pub(in crate::log) fn of(arrivals: &'a [Arrival]) -> Result<Self, Damage> {
        let (mut codes, mut bytes, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for (event, _) in arrivals {
            codes.push(registry::write(&mut bytes, &event.payload)?);
            let record = bytes.len();
            if let Some(extra) = &event.extra {
                codec::write(&mut bytes, &ExtraV1::of(extra))?;
            }
            ends.push((record, bytes.len()));
        }
        Ok(Self { arrivals, codes, bytes, ends })
    }

    /// The events, as they are to be kept.
    pub(in crate::log) fn raws(&self) -> Vec<Raw<'_>> {
        let mut begin = 0;
        let raw = |(number, (event, recorded_at)): (usize, &'a Arrival)| {
            let (record, extra) = self.ends[number];
            let range = begin..record;
            begin = extra;
            Raw {
                code: self.codes[number],
                at: event.at,
                recorded_at: *recorded_at,
                role: role_code(event),
                source: &event.source,
                id: &event.id,
                consultation: &event.consultation,
                participant: event.participant.as_deref(),
                context: event.payload.context(),
                record: &self.bytes[range],
                extra: &self.bytes[record..extra],
            }
        };
        self.arrivals.iter().enumerate().map(raw).collect()
    }
}

impl Raw<'_> {
    /// The leaf of this event at `position`; `buffer` is used and left dirty.
    pub(in crate::log) fn leaf(
        &self,
        position: Position,
        salts: &mut Salts,
        buffer: &mut Vec<u8>,
    ) -> Result<Hash, Damage> {
        if let Some(remains) = self.remains()? {
            return Ok(remains.leaf);
        }
        let salt = salts.salt(position).ok_or_else(|| Damage::new("the key of its salt is gone"))?;
        buffer.clear();
        commitment::begin_leaf(&salt, buffer);
        self.write_canonical(buffer);
        Ok(commitment::end_leaf(buffer))
    }

    /// What stays, if the content was destroyed.
    pub(in crate::log) fn remains(&self) -> Result<Option<Remains>, Damage> {
        if self.code != registry::REDACTED {
            return Ok(None);
        }
        let RedactedV1 { leaf, name } = codec::read(self.record)?;
        Ok(Some(Remains { leaf, name }))
    }

    /// Appends the canonical bytes.
    pub(in crate::log) fn write_canonical(&self, out: &mut Vec<u8>) {
        out.push(FORM);
        out.extend(self.code.to_le_bytes());
        out.extend(self.at.ms().to_le_bytes());
        out.extend(self.recorded_at.ms().to_le_bytes());
        out.push(self.role);
        [self.source, self.id, self.consultation].into_iter().for_each(|name| put(out, name.as_bytes()));
        out.push(u8::from(self.participant.is_some()));
        if let Some(participant) = self.participant {
            put(out, participant.as_bytes());
        }
        match self.context {
            None => out.extend(NO_CONTEXT.to_le_bytes()),
            Some(context) => {
                let mut levels: Vec<(u8, &str)> = context
                    .iter()
                    .map(|(dimension, level)| (registry::dimension_code(dimension), level))
                    .collect();
                levels.sort_unstable();
                out.extend((levels.len() as u16).to_le_bytes());
                for (dimension, level) in levels {
                    out.push(dimension);
                    put(out, level.as_bytes());
                }
            }
        }
        put(out, self.record);
        put(out, self.extra);
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The code of an event's role: 0 none, else its place in the list, from 1.
fn role_code(event: &Event) -> u8 {
    let known = event.role.and_then(|role| ROLES.iter().position(|known| *known == role));
    known.map_or(0, |at| at as u8 + 1)
}

/// The role of a code that is at most [`LAST_ROLE`].
pub(in crate::log) fn role(code: u8) -> Option<Role> {
    code.checked_sub(1).and_then(|at| ROLES.get(usize::from(at)).copied())
}

/// What canonical bytes say, and when the log took it; only bytes as they are written are read.
pub(in crate::log) fn read_canonical(bytes: &[u8]) -> Result<(Time, Said), Damage> {
    let mut from = Reader::new(bytes);
    let form = from.u8()?;
    if form != FORM {
        return Err(Damage::new(format!("form {form} is not known to this program; use a newer one")));
    }
    let code = from.u16()?;
    let (at, recorded_at) = (read_time(&mut from)?, read_time(&mut from)?);
    let role_code = from.u8()?;
    if role_code > LAST_ROLE {
        return Err(Damage::new(format!("code {role_code} of a list of {LAST_ROLE} roles")));
    }
    let (source, id) = (read_text(&mut from)?, read_text(&mut from)?);
    let consultation = read_text(&mut from)?;
    let participant = match from.u8()? {
        0 => None,
        1 => Some(read_text(&mut from)?),
        other => return Err(Damage::new(format!("{other} for whether there is a participant"))),
    };
    let context = read_context(&mut from)?;
    let (record, extra) = (read_bytes(&mut from)?, read_bytes(&mut from)?);
    from.end()?;
    if code == registry::REDACTION {
        return Ok((recorded_at, Said::Redaction(codec::read(record)?)));
    }
    let payload = payload(code, record, context)?;
    let extra = match extra {
        [] => None,
        bytes => Some(Box::new(codec::read::<ExtraV1>(bytes)?.into_extra())),
    };
    let role = role(role_code);
    let event = Event { source, id, consultation, at, participant, role, payload, extra };
    Ok((recorded_at, Said::Event(Box::new(event))))
}

/// The payload of a code, its record and its context.
fn payload(code: u16, record: &[u8], context: Option<Context>) -> Result<Payload, Damage> {
    let row = registry::row_of(code)?;
    if !record.is_empty() && !registry::has_hot(code)? && !registry::has_cold(code)? {
        return Err(Damage::new(format!("a record of kind {}, which has none", row.kind)));
    }
    let detail = row.detail(record, context.as_ref().map(|_| 0))?;
    let contexts: Contexts = context.iter().cloned().collect();
    let payload = detail.payload(&contexts).map_or_else(|| row.payload(record), Ok)?;
    if payload.context() != context.as_ref() {
        return Err(Damage::new(format!("a context of kind {}, which has none", row.kind)));
    }
    Ok(payload)
}

fn read_time(from: &mut Reader<'_>) -> Result<Time, Damage> {
    let ms = from.i64()?;
    let time = Time::from_ms(ms);
    if time.ms() == ms { Ok(time) } else { Err(Damage::new(format!("{ms} ms since 1970 is no time"))) }
}

fn read_bytes<'a>(from: &mut Reader<'a>) -> Result<&'a [u8], Damage> {
    let length = from.u32()?;
    from.take(length as usize)
}

fn read_text(from: &mut Reader<'_>) -> Result<String, Damage> {
    let text = std::str::from_utf8(read_bytes(from)?);
    text.map(str::to_owned).map_err(|_| Damage::new("a text that is not UTF-8"))
}

fn read_context(from: &mut Reader<'_>) -> Result<Option<Context>, Damage> {
    let levels = match from.u16()? {
        NO_CONTEXT => return Ok(None),
        levels => levels,
    };
    let (mut context, mut before) = (Context::default(), 0);
    for _ in 0..levels {
        let code = from.u8()?;
        let dimension = registry::dimension(code).filter(|_| code > before);
        let dimension =
            dimension.ok_or_else(|| Damage::new(format!("dimension code {code} after {before}")))?;
        context.set(dimension, read_text(from)?);
        before = code;
    }
    Ok(Some(context))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::log::sample;

    const RECORDED_AT: Time = Time::MIN;

    fn canonical(event: &Event) -> Vec<u8> {
        let arrivals = [(event.clone(), RECORDED_AT)];
        let mut bytes = Vec::new();
        Drafts::of(&arrivals).unwrap().raws()[0].write_canonical(&mut bytes);
        bytes
    }

    fn event_of(bytes: &[u8]) -> Result<Event, Damage> {
        match read_canonical(bytes)? {
            (RECORDED_AT, Said::Event(event)) => Ok(*event),
            other => Err(Damage::new(format!("{other:?}"))),
        }
    }

    #[test]
    fn a_record_of_the_log_s_own_is_read() {
        let record = RedactionV1 { positions: vec![3, 300], reason: Some("asked for".to_owned()) };
        let mut bytes = Vec::new();
        codec::write(&mut bytes, &record).unwrap();
        let raw = Raw {
            code: registry::REDACTION,
            at: Time::MAX,
            recorded_at: RECORDED_AT,
            role: 0,
            source: "",
            id: "",
            consultation: "",
            participant: None,
            context: None,
            record: &bytes,
            extra: &[],
        };
        let mut out = Vec::new();
        raw.write_canonical(&mut out);
        assert_eq!(read_canonical(&out), Ok((RECORDED_AT, Said::Redaction(record))));
    }

    #[test]
    fn what_is_not_as_it_is_written_is_refused() {
        let context = Context::default().with(event::Dimension::Platform, "a");
        let joined = Event::new("s", "i", "c", Time::MAX, Payload::Joined { context: Some(context) });
        let bytes = canonical(&joined);
        assert_eq!(event_of(&bytes), Ok(joined));
        let check = |at: usize, byte: u8, told: &str| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            let damage = read_canonical(&bytes).unwrap_err();
            assert!(damage.0.contains(told), "{at}: {damage}");
        };
        check(0, b'2', "use a newer one");
        check(1, 0x99, "use a newer one");
        check(1, 16, "a context of kind completed, which has none");
        check(10, 0x7f, "is no time");
        check(19, 7, "code 7 of a list of 6 roles");
        check(24, 0xff, "not UTF-8");
        check(35, 2, "2 for whether there is a participant");
        check(38, 99, "dimension code 99 after 0");
        check(39, 0xff, "are left");
        check(bytes.len() - 1, 1, "are left");
    }

    proptest! {
        #[test]
        fn canonical_bytes_are_read_as_the_event_they_are_of(event in sample::event(), byte in any::<u8>()) {
            let mut bytes = canonical(&event);
            prop_assert_eq!(event_of(&bytes), Ok(event));
            bytes.push(byte);
            prop_assert!(read_canonical(&bytes).is_err());
            bytes.truncate(bytes.len() - 2);
            prop_assert!(read_canonical(&bytes).is_err());
        }

        /// Two different contents must never be shown as one.
        #[test]
        fn other_bytes_are_refused_or_say_something_else(
            event in sample::event(),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let mut bytes = canonical(&event);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = event_of(&bytes) {
                prop_assert_ne!(read, event);
            }
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in vec(any::<u8>(), 0..200), begun in any::<bool>()) {
            let mut bytes = bytes;
            if begun && bytes.len() > 3 {
                bytes[0] = FORM;
                bytes[2] = 0;
            }
            drop(read_canonical(&bytes));
        }
    }
}
