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

mod snapshot;
#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use memchr::memmem::Finder;

use snapshot::Snapshot;

use super::LogError;
use super::error::Damage;
use super::store::SEGMENT_BYTES;

/// How often and for how long a database of this process that is still closing is waited for.
const WRITER_PAUSES: u32 = 200;
const WRITER_PAUSE: Duration = Duration::from_millis(10);
const HEADER_BYTES: usize = 20;
/// Where less is left of a segment, no message begins.
const MESSAGE_ROOM: usize = 32;
const SEGMENT: u64 = SEGMENT_BYTES as u64;
/// 2 TB; beyond, not even the headers are read.
const MAX_SEGMENTS: u64 = 1 << 18;
/// So many free segments are fine, and four more for each one in use: clearing starts at half free.
const FREE_SEGMENTS: u64 = 32;
/// How many bytes are summed at most in the search for messages behind a break.
const SEARCH_BYTES: usize = 4 * SEGMENT_BYTES;
const MAX_CONF_BYTES: u64 = 4096;

/// Its body says how far the batch that it begins goes.
const BATCH: u8 = 3;
/// Fills the rest of a segment.
const CAP: u8 = 2;
const LAST_KIND: u8 = 11;

/// What a database's file looks like before anything opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Walk {
    /// Opening it loses nothing that was acknowledged.
    Clean,
    /// What may be wrong, and where.
    Suspicious(String),
}

/// Looks at the database in the folder `dir`, in which `wanted` was acknowledged last, and writes nothing.
pub(super) fn walk(dir: &Path, wanted: Option<&[u8; 32]>) -> Result<Walk, LogError> {
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
    let mut walker = Walker { wanted: wanted.map(Finder::new), found: None, batch: None, end: 0 };
    if let Some(mut db) = Source::open(dir.join("db"))? {
        let (used, free) = survey(&mut db)?;
        check_order(&used, reach)?;
        if let Some(snapshot) = &snapshot {
            snapshot.check_used(&used)?;
        }
        for at in free {
            if !is_zero(db.read(at, &mut buffer)?) {
                return Err(doubt(format!("the segment at byte {at} has no header and is not empty")));
            }
        }
        for (number, head) in used.iter().enumerate() {
            walker.segment(head, db.read(head.at, &mut buffer)?, number + 1 == used.len())?;
        }
        let stable = used.iter().map(|head| head.stable + 1).max();
        walker.check_reach(stable, "a segment")?;
    }
    walker.check_reach(reach, "the snapshot")?;
    walker.check_found()
}

/// A file that is read piece by piece.
struct Source {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Source {
    /// The file at `path`, if there is one.
    fn open(path: PathBuf) -> Result<Option<Self>, LogError> {
        let open = || -> io::Result<_> {
            let file = File::open(&path)?;
            let len = file.metadata()?.len();
            Ok((file, len))
        };
        match open() {
            Ok((file, len)) => Ok(Some(Self { path, file, len })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io("open the file", &path)(error)),
        }
    }

    /// The bytes from `at`, as many as there are and have room in `buffer`.
    fn read<'a>(&mut self, at: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], LogError> {
        let mut filled = 0;
        let mut read = || {
            self.file.seek(SeekFrom::Start(at))?;
            while filled < buffer.len() {
                match self.file.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        read().map_err(LogError::io("read the file", &self.path))?;
        Ok(&buffer[..filled])
    }
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

/// What a segment says of itself.
struct Head {
    /// Where it begins in the file.
    at: u64,
    /// The lsn of its first byte.
    lsn: i64,
    /// The last lsn that was written when this segment was begun; -1 where there was none.
    stable: i64,
}

impl Head {
    fn read(at: u64, bytes: &[u8; HEADER_BYTES]) -> Result<Self, Damage> {
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
}

/// The segments in use, in the order of the log, and where the free ones lie.
fn survey(db: &mut Source) -> Result<(Vec<Head>, Vec<u64>), Stop> {
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
fn check_order(used: &[Head], snapshot: Option<i64>) -> Result<(), Damage> {
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

/// What may be a message, taken apart.
struct Parts<'a> {
    crc: u32,
    kind: u8,
    number: u64,
    /// The rest of the header, which is summed after the body.
    header: &'a [u8],
    body: &'a [u8],
}

/// A message that holds its checksum.
struct Message<'a> {
    kind: u8,
    body: &'a [u8],
    /// Where in its segment the next one begins.
    end: usize,
}

impl<'a> Message<'a> {
    /// The message at `at` in the segment with this number, or what keeps those bytes from being one.
    fn read(segment: &'a [u8], at: usize, number: u64) -> Result<Self, &'static str> {
        let Parts { crc, kind, number: own_number, header, body } =
            Self::split(segment, at).ok_or("is cut short")?;
        if !(1..=LAST_KIND).contains(&kind) {
            return Err("is none");
        }
        if own_number != number {
            return Err("is of another segment");
        }
        let mut sum = crc32fast::Hasher::new();
        sum.update(body);
        sum.update(header);
        if sum.finalize() != !crc {
            return Err("does not hold its checksum");
        }
        Ok(Self { kind, body, end: at + 4 + header.len() + body.len() })
    }

    fn split(segment: &'a [u8], at: usize) -> Option<Parts<'a>> {
        let (crc, rest) = segment.get(at..)?.split_first_chunk()?;
        let (kind, fields) = rest.split_first()?;
        let (len, fields) = varint(fields)?;
        let (number, fields) = varint(fields)?;
        let (_page, body) = varint(fields)?;
        let header = &rest[..rest.len() - body.len()];
        let body = body.get(..usize::try_from(len).ok()?)?;
        Some(Parts { crc: u32::from_le_bytes(*crc), kind: *kind, number, header, body })
    }
}

/// A number of one to nine bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let more = match first {
        0..=240 => 0,
        241..=248 => 1,
        249.. => usize::from(first) - 247,
    };
    let (more, rest) = rest.split_at_checked(more)?;
    let first = u64::from(first);
    let value = match *more {
        [] => first,
        [low] => 240 + 256 * (first - 241) + u64::from(low),
        [high, low] => 2288 + 256 * u64::from(high) + u64::from(low),
        _ => more.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    };
    Some((value, rest))
}

/// Goes through the log in its order.
struct Walker<'a> {
    wanted: Option<Finder<'a>>,
    /// The lsn of the first message that holds what is wanted.
    found: Option<i64>,
    /// First and last lsn of a batch whose end was not reached yet.
    batch: Option<(i64, i64)>,
    /// The lsn behind the last message.
    end: i64,
}

impl Walker<'_> {
    fn segment(&mut self, head: &Head, bytes: &[u8], is_last: bool) -> Result<(), Damage> {
        let number = (head.lsn / SEGMENT as i64) as u64;
        let mut at = HEADER_BYTES;
        let mut fault = None;
        while SEGMENT_BYTES - at >= MESSAGE_ROOM {
            match Message::read(bytes, at, number) {
                Ok(message) => {
                    self.take(head.lsn + at as i64, &message)?;
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
        self.end = head.lsn + if fault.is_some() { at as i64 } else { SEGMENT as i64 };
        let place = head.at + at as u64;
        match fault {
            Some(what) if !is_last => Err(Damage::new(format!("the message at byte {place} {what}"))),
            Some(what) => match goes_on(bytes, at, number) {
                false => Ok(()),
                true => Err(Damage::new(format!("the message at byte {place} {what}, and others follow it"))),
            },
            None if !is_last && !is_zero(bytes.get(at..).unwrap_or_default()) => {
                Err(Damage::new(format!("something stands at byte {place}, where a segment has ended")))
            }
            None => Ok(()),
        }
    }

    fn take(&mut self, lsn: i64, message: &Message<'_>) -> Result<(), Damage> {
        self.batch = self.batch.filter(|(_, last)| *last >= lsn);
        if message.kind == BATCH {
            let last = message.body.try_into().map(i64::from_le_bytes);
            let last = last.map_err(|_| Damage::new("a batch does not say how far it goes"))?;
            let (first, before) = self.batch.unwrap_or((lsn, last));
            self.batch = Some((first, before.max(last)));
        }
        if let (Some(wanted), None) = (&self.wanted, self.found) {
            self.found = wanted.find(message.body).map(|_| lsn);
        }
        Ok(())
    }

    /// Checks that the log reaches `lsn`, up to which `who` has known it.
    fn check_reach(&self, lsn: Option<i64>, who: &str) -> Result<(), Stop> {
        match lsn {
            Some(lsn) if lsn > self.end => {
                Err(doubt(format!("the log ends after {} bytes, and {who} speaks of {lsn}", self.end)))
            }
            _ => Ok(()),
        }
    }

    /// Checks that what is wanted was found, and not in a batch that will be dropped since its end is missing.
    fn check_found(&self) -> Result<(), Stop> {
        let torn = self.batch.filter(|(_, last)| *last >= self.end).map_or(self.end, |(first, _)| first);
        match self.wanted.is_none() || self.found.is_some_and(|lsn| lsn < torn) {
            true => Ok(()),
            false => Err(doubt("what was acknowledged last is not in the file")),
        }
    }
}

/// Whether messages of this segment follow behind `at`, where there is none; if that is too much work, yes.
fn goes_on(segment: &[u8], at: usize, number: u64) -> bool {
    if is_zero(segment.get(at..).unwrap_or_default()) {
        return false;
    }
    let mut work = SEARCH_BYTES;
    for at in at..segment.len() {
        let Some(Parts { kind, number: own_number, body, .. }) = Message::split(segment, at) else {
            continue;
        };
        if !(1..=LAST_KIND).contains(&kind) || own_number != number {
            continue;
        }
        match work.checked_sub(body.len()) {
            Some(left) if Message::read(segment, at, number).is_err() => work = left,
            _ => return true,
        }
    }
    false
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) == 0)
}
