//! The database's file, looked at before the database may open it.
//!
//! Opening writes: what is taken for torn is zeroed, and with it what a repair could have saved. So the
//! file is walked first, and nothing is written. It is a log in segments, each in use for one stretch of
//! the sequence (`lsn`: a byte's number since the beginning) and used again for a later one:
//!
//! ```text
//! segment  u32 CRC-32 of the rest, i64 lsn, i64 lsn that was stable (each number XOR its maximum);
//!          messages; zeros where no message has room
//! message  u32 CRC-32 of body and rest of header, u8 kind, varint length, varint segment, varint page;
//!          body
//! ```
//!
//! A killed process leaves its last segment with the beginning of a message, and behind it whatever the
//! segment held before: that is no damage as long as nothing of the same stretch follows. Every other
//! segment is full or zero. What is not understood is suspicious; nothing read is believed for its size.
//! How much of the file is read, and why that is enough, is told in [`parts`].

mod message;
mod parts;
mod segment;
mod snapshot;
mod source;
mod stretch;
#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use memchr::memmem::Finder;

use message::is_zero;
use parts::Part;
use segment::{check_order, survey};
use snapshot::Snapshot;
use source::Source;

use super::store::SEGMENT_BYTES;
use crate::log::LogError;
use crate::log::error::Damage;

/// How often and for how long a database of this process that is still closing is waited for.
const WRITER_PAUSES: u32 = 200;
const WRITER_PAUSE: Duration = Duration::from_millis(10);
const SEGMENT: u64 = SEGMENT_BYTES as u64;
const MAX_CONF_BYTES: u64 = 4096;

/// What a database's file looks like before anything opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) enum Walk {
    /// Opening it loses nothing that was acknowledged.
    Clean,
    /// What may be wrong, and where.
    Suspicious(String),
}

/// Looks at the database in the folder `dir`, in which `wanted` was acknowledged last, and writes nothing.
pub(in crate::log) fn walk(dir: &Path, wanted: Option<&[u8; 32]>) -> Result<Walk, LogError> {
    wait_for_writers(&dir.join("db"));
    match look(dir, wanted) {
        Ok(()) => Ok(Walk::Clean),
        Err(Stop::Doubt(Damage(what))) => Ok(Walk::Suspicious(what)),
        Err(Stop::Unread(error)) => Err(error),
    }
}

/// Waits until the database has let go of its file: one that was closed in this process a moment ago may
/// still be writing, and what lies there meanwhile looks like damage.
fn wait_for_writers(db: &Path) {
    // One that is not there, or cannot be opened, is told by the walk.
    let Ok(file) = File::open(db) else { return };
    for _ in 0..WRITER_PAUSES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(WRITER_PAUSE),
            // Let go of with the file.
            _ => return,
        }
    }
}

/// Why a walk ends before its end.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Doubt(#[from] Damage),
    #[error(transparent)]
    Unread(#[from] LogError),
}

fn doubt(what: impl Into<String>) -> Stop {
    Stop::Doubt(Damage::new(what))
}

fn look(dir: &Path, wanted: Option<&[u8; 32]>) -> Result<(), Stop> {
    let mut buffer = vec![0; SEGMENT_BYTES];
    check_conf(dir)?;
    let snapshot = Snapshot::read(dir, &mut buffer)?;
    let reach = snapshot.as_ref().map(|snapshot| snapshot.lsn);
    let Some(mut db) = Source::open(dir.join("db"))? else {
        check_reach(0, reach, "the snapshot")?;
        return if wanted.is_none() { Ok(()) } else { Err(not_found()) };
    };
    let (used, free) = survey(&mut db)?;
    check_order(&used, reach)?;
    if let Some(snapshot) = &snapshot {
        snapshot.check_used(&used)?;
    }
    let parts = parts::parts(&used, &free, snapshot.as_ref());
    let stretches = parts::check_all(&parts, &mut db, &mut buffer)?;
    // What is not replayed was full when the snapshot was made.
    let full = used.last().map_or(0, |head| head.lsn + SEGMENT as i64);
    let end = stretches.last().map_or(full, |stretch| stretch.end);
    check_reach(end, used.iter().map(|head| head.stable + 1).max(), "a segment")?;
    check_reach(end, reach, "the snapshot")?;
    let torn = stretch::torn_at(stretches.into_iter().flat_map(|stretch| stretch.batches), end);
    match wanted {
        Some(wanted) if !is_found(wanted, &parts, torn, &mut db, &mut buffer)? => Err(not_found()),
        _ => Ok(()),
    }
}

fn not_found() -> Stop {
    doubt("what was acknowledged last is not in the file")
}

/// Checks that a log that ends behind `end` reaches `lsn`, up to which `who` has known it.
fn check_reach(end: i64, lsn: Option<i64>, who: &str) -> Result<(), Stop> {
    match lsn {
        Some(lsn) if lsn > end => {
            Err(doubt(format!("the log ends after {end} bytes, and {who} speaks of {lsn}")))
        }
        _ => Ok(()),
    }
}

/// Whether one of the `parts` holds what is `wanted`, before the lsn `torn`: not in a batch that will be
/// dropped since its end is missing. It was written last, so it is looked for from the end.
fn is_found(
    wanted: &[u8; 32],
    parts: &[Part<'_>],
    torn: i64,
    db: &mut Source,
    buffer: &mut [u8],
) -> Result<bool, Stop> {
    let wanted = Finder::new(wanted);
    for part in parts.iter().rev() {
        if part.holds(&wanted, torn, db, buffer)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks the checksum of `conf`, which is written anew where it is missing or hardly begun.
fn check_conf(dir: &Path) -> Result<(), Stop> {
    let Some(mut conf) = Source::open(dir.join("conf"))? else { return Ok(()) };
    if conf.len <= 8 {
        return Ok(());
    }
    let mut buffer = [0; MAX_CONF_BYTES as usize];
    let bytes = conf.read(0, &mut buffer)?;
    match bytes.split_last_chunk() {
        Some((rest, sum))
            if conf.len <= MAX_CONF_BYTES && crc32fast::hash(rest) == u32::from_le_bytes(*sum) =>
        {
            Ok(())
        }
        _ => Err(doubt("its settings (`conf`) do not hold their checksum")),
    }
}
