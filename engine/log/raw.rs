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

use event::{Context, Event, Role, Time};

use super::block::Arrival;
use super::commitment::{self, Hash, Salts};
use super::error::Damage;
use super::records::{ExtraV1, RedactedV1};
use super::{Position, codec, registry};

const FORM: u8 = b'1';
const NO_CONTEXT: u16 = u16::MAX;
const ROLES: [Role; 6] =
    [Role::Patient, Role::Clinician, Role::Carer, Role::Interpreter, Role::Other, Role::Unknown];
/// The highest code of a role.
pub(super) const LAST_ROLE: u8 = ROLES.len() as u8;

/// An event as it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Raw<'a> {
    pub(super) code: u16,
    pub(super) at: Time,
    pub(super) recorded_at: Time,
    pub(super) role: u8,
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) consultation: &'a str,
    pub(super) participant: Option<&'a str>,
    pub(super) context: Option<&'a Context>,
    pub(super) record: &'a [u8],
    pub(super) extra: &'a [u8],
}

/// What stays of an event whose content was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remains {
    pub(super) leaf: Hash,
    /// A keyed hash of source and id, so that the event is known if it comes again.
    pub(super) name: [u8; 16],
}

/// Arrivals with their records made.
#[derive(Debug)]
pub(super) struct Drafts<'a> {
    arrivals: &'a [Arrival],
    codes: Vec<u16>,
    bytes: Vec<u8>,
    /// Where each record ends, and then its extra.
    ends: Vec<(usize, usize)>,
}

impl<'a> Drafts<'a> {
    /// Makes the records of `arrivals`, in their newest versions.
    pub(super) fn of(arrivals: &'a [Arrival]) -> Result<Self, Damage> {
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
    pub(super) fn raws(&self) -> Vec<Raw<'_>> {
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
    pub(super) fn leaf(
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
        self.write_canonical(buffer);
        Ok(commitment::leaf(&salt, buffer))
    }

    /// What stays, if the content was destroyed.
    pub(super) fn remains(&self) -> Result<Option<Remains>, Damage> {
        if self.code != registry::REDACTED {
            return Ok(None);
        }
        let RedactedV1 { leaf, name } = codec::read(self.record)?;
        Ok(Some(Remains { leaf, name }))
    }

    /// Appends the canonical bytes.
    pub(super) fn write_canonical(&self, out: &mut Vec<u8>) {
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
pub(super) fn role(code: u8) -> Option<Role> {
    code.checked_sub(1).and_then(|at| ROLES.get(usize::from(at)).copied())
}
