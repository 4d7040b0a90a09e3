//! The segments of the file: what each says of itself, and whether they follow one another.

use super::source::Source;
use super::{SEGMENT, SEGMENT_BYTES, Stop, doubt, is_zero};
use crate::log::error::Damage;

pub(super) const HEADER_BYTES: usize = 20;
/// 2 TB; beyond, not even the headers are read.
const MAX_SEGMENTS: u64 = 1 << 18;
/// So many free segments are fine, and four more for each one in use: clearing starts at half free.
const FREE_SEGMENTS: u64 = 32;

/// What a segment says of itself.
pub(super) struct Head {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// The lsn of its first byte.
    pub(super) lsn: i64,
    /// The last lsn that was written when this segment was begun; -1 where there was none.
    pub(super) stable: i64,
}

impl Head {
    pub(super) fn read(at: u64, bytes: &[u8; HEADER_BYTES]) -> Result<Self, Damage> {
        let damage = |what: &str| Damage::new(format!("the header of the segment at byte {at} {what}"));
        let [crc, rest @ ..] = bytes.as_chunks::<4>().0 else { return Err(damage("is short")) };
        if crc32fast::hash(rest.as_flattened()) != !u32::from_le_bytes(*crc) {
            return Err(damage("does not hold its checksum"));
        }
        let number = |low: [u8; 4], high: [u8; 4]| {
            let number = u64::from(u32::from_le_bytes(low)) | u64::from(u32::from_le_bytes(high)) << 32;
            number as i64 ^ i64::MAX
        };
        let [a, b, c, d] = *rest else { return Err(damage("is short")) };
        let (lsn, stable) = (number(a, b), number(c, d));
        // A segment is used again for what comes later, and never for what came before.
        let fits = u64::try_from(lsn).is_ok_and(|lsn| lsn % SEGMENT == 0 && lsn >= at);
        if !fits || !(-1..lsn.max(1)).contains(&stable) || lsn > i64::MAX - SEGMENT as i64 {
            return Err(damage("cannot stand there"));
        }
        Ok(Self { at, lsn, stable })
    }

    /// Which stretch of the log it holds.
    pub(super) fn number(&self) -> u64 {
        (self.lsn / SEGMENT as i64) as u64
    }
}

/// The segments in use, in the order of the log, and where the free ones lie.
pub(super) fn survey(db: &mut Source) -> Result<(Vec<Head>, Vec<u64>), Stop> {
    let segments = db.len.div_ceil(SEGMENT);
    let too_long = || doubt(format!("the file has {} bytes, far more than its segments explain", db.len));
    if segments > MAX_SEGMENTS {
        return Err(too_long());
    }
    let too_long = too_long();
    let (mut used, mut free) = (Vec::new(), Vec::new());
    for at in (0..segments).map(|number| number * SEGMENT) {
        let mut bytes = [0; HEADER_BYTES];
        db.read(at, &mut bytes)?;
        match is_zero(&bytes) {
            true => free.push(at),
            false => used.push(Head::read(at, &bytes)?),
        }
    }
    if free.len() as u64 > FREE_SEGMENTS + 4 * used.len() as u64 {
        return Err(too_long);
    }
    used.sort_unstable_by_key(|head| head.lsn);
    Ok((used, free))
}

/// Checks that no stretch of the log is there twice, and none missing where nothing was freed yet.
pub(super) fn check_order(used: &[Head], snapshot: Option<i64>) -> Result<(), Damage> {
    if let Some((one, other)) = used.iter().zip(used.iter().skip(1)).find(|(one, other)| one.lsn == other.lsn)
    {
        let what = format!("the segments at bytes {} and {} claim the same place", one.at, other.at);
        return Err(Damage::new(what));
    }
    let stable = used.iter().map(|head| head.stable).chain(snapshot).max().unwrap_or(0).max(0);
    let from = stable - stable % SEGMENT as i64;
    let tail = used.iter().map(|head| head.lsn).filter(|lsn| *lsn >= from);
    for (lsn, wanted) in tail.zip((from..).step_by(SEGMENT_BYTES)) {
        if lsn != wanted {
            return Err(Damage::new(format!(
                "the segment with number {} is missing",
                wanted / SEGMENT as i64
            )));
        }
    }
    Ok(())
}
