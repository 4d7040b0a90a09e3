//! A segment that opening replays, read message by message from its beginning to its end.

use super::message::{BATCH, CAP, MESSAGE_ROOM, Message, goes_on, is_zero};
use super::segment::{HEADER_BYTES, Head};
use super::{SEGMENT, SEGMENT_BYTES};
use crate::log::error::Damage;

/// Where a segment may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Full,
    /// It is the last one.
    Anywhere,
}

/// What a segment holds of the log.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// The lsn behind its last message.
    pub(super) end: i64,
    /// First and last lsn of each batch that begins in it.
    pub(super) batches: Vec<(i64, i64)>,
}

impl Stretch {
    /// Reads the segment `bytes`.
    pub(super) fn read(head: &Head, bytes: &[u8], ends: End) -> Result<Self, Damage> {
        let mut stretch = Self::default();
        let mut at = HEADER_BYTES;
        let mut fault = None;
        while SEGMENT_BYTES - at >= MESSAGE_ROOM {
            match Message::read(bytes, at, head.number()) {
                Ok(message) => {
                    stretch.take(head.lsn + at as i64, &message)?;
                    at = message.end;
                    if message.kind == CAP {
                        break;
                    }
                }
                Err(what) => {
                    fault = Some(what);
                    break;
                }
            }
        }
        // With no more room than this the segment is left as it is, though one would just fit.
        let fault = fault.filter(|_| SEGMENT_BYTES - at > MESSAGE_ROOM);
        stretch.end = head.lsn + if fault.is_some() { at as i64 } else { SEGMENT as i64 };
        check_end(head, bytes, at, fault, ends).map(|()| stretch)
    }

    fn take(&mut self, lsn: i64, message: &Message<'_>) -> Result<(), Damage> {
        if message.kind == BATCH {
            let last = message.body.try_into().map(i64::from_le_bytes);
            let last = last.map_err(|_| Damage::new("a batch does not say how far it goes"))?;
            self.batches.push((lsn, last));
        }
        Ok(())
    }
}

/// Checks what stands at `at`, where the messages end, because of a `fault` or because the segment does.
fn check_end(head: &Head, bytes: &[u8], at: usize, fault: Option<&str>, ends: End) -> Result<(), Damage> {
    let place = head.at + at as u64;
    match fault {
        Some(what) if ends == End::Full => Err(Damage::new(format!("the message at byte {place} {what}"))),
        Some(what) if goes_on(bytes, at, head.number()) => {
            Err(Damage::new(format!("the message at byte {place} {what}, and others follow it")))
        }
        None if ends == End::Full && !is_zero(bytes.get(at..).unwrap_or_default()) => {
            Err(Damage::new(format!("something stands at byte {place}, where a segment has ended")))
        }
        _ => Ok(()),
    }
}

/// Where the log ends that is taken up: before a batch whose end, lying behind `end`, is missing.
///
/// The batches come in the order in which they begin; one may begin within another.
pub(super) fn torn_at(batches: impl Iterator<Item = (i64, i64)>, end: i64) -> i64 {
    let mut open: Option<(i64, i64)> = None;
    for (lsn, last) in batches {
        let (first, before) = open.filter(|(_, last)| *last >= lsn).unwrap_or((lsn, last));
        open = Some((first, before.max(last)));
    }
    open.filter(|(_, last)| *last >= end).map_or(end, |(first, _)| first)
}
