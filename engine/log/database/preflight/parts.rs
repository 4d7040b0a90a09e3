//! What of the file is checked, segment by segment, by as many threads as there are.
//!
//! What the database will read is checked, all of it, and nothing else: opening replays the log from the
//! segment in which its snapshot was made, and there every message counts. Of what lies before that it
//! reads the pages that the snapshot names, one by one, when they are wanted; what stands between them was
//! replaced since, and no one ever looks at it again.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use memchr::memmem::Finder;

use super::message::{Message, is_zero};
use super::segment::Head;
use super::snapshot::{Page, Snapshot};
use super::source::Source;
use super::stretch::{End, Stretch};
use super::{SEGMENT, SEGMENT_BYTES, Stop, doubt};

/// More do not read faster what lies in memory already.
const MOST_THREADS: usize = 8;
/// How much of a free segment is looked at, and how often.
const SAMPLE_BYTES: usize = 4 << 10;
const SAMPLE_EVERY: usize = 256 << 10;

/// A segment, and what is to be checked of it.
pub(super) enum Part<'a> {
    /// It has no header, and nothing must stand in it.
    Free(u64),
    /// Pages in it are still in use.
    Kept(&'a Head, &'a [Page]),
    /// Opening replays it.
    Replayed(&'a Head, End),
}

/// What is to be checked, the oldest first.
pub(super) fn parts<'a>(used: &'a [Head], free: &[u64], snapshot: Option<&'a Snapshot>) -> Vec<Part<'a>> {
    let since = snapshot.map_or(0, Snapshot::since);
    let last = used.last().map(|head| head.at);
    let part = |head: &'a Head| match snapshot {
        Some(snapshot) if head.lsn < since => Part::Kept(head, snapshot.pages_in(head)),
        _ => Part::Replayed(head, if Some(head.at) == last { End::Anywhere } else { End::Full }),
    };
    free.iter().map(|at| Part::Free(*at)).chain(used.iter().map(part)).collect()
}

/// Checks all `parts`; tells what the replayed ones hold, in their order, or what is wrong with the first
/// of those with which something is.
pub(super) fn check_all(
    parts: &[Part<'_>],
    db: &mut Source,
    buffer: &mut [u8],
) -> Result<Vec<Stretch>, Stop> {
    let queue = &Queue { parts, next: AtomicUsize::new(0), failed: AtomicUsize::new(usize::MAX) };
    let others = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(parts.len());
    let mut found = thread::scope(|scope| {
        // Those that cannot be had are done without: this thread does what is left.
        let helpers: Vec<_> = (1..others)
            .map_while(|_| db.again().ok())
            .map_while(|mut db| {
                let help = move || queue.work(&mut db, &mut vec![0; SEGMENT_BYTES]);
                thread::Builder::new().spawn_scoped(scope, help).ok()
            })
            .collect();
        let mut found = queue.work(db, buffer);
        for helper in helpers {
            found.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        found
    });
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().filter_map(|(_, found)| found.transpose()).collect()
}

/// What is still to be checked, for several threads.
struct Queue<'a> {
    parts: &'a [Part<'a>],
    next: AtomicUsize,
    /// The first part with which something is wrong; those behind it do not matter any more.
    failed: AtomicUsize,
}

impl Queue<'_> {
    /// Checks one part after the other, and tells of each what was found.
    fn work(&self, db: &mut Source, buffer: &mut [u8]) -> Vec<(usize, Result<Option<Stretch>, Stop>)> {
        let mut all = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let due = number < self.failed.load(Ordering::Relaxed);
            let Some(part) = self.parts.get(number).filter(|_| due) else { return all };
            let found = part.check(db, buffer);
            if found.is_err() {
                self.failed.fetch_min(number, Ordering::Relaxed);
            }
            all.push((number, found));
        }
    }
}

impl Part<'_> {
    fn check(&self, db: &mut Source, buffer: &mut [u8]) -> Result<Option<Stretch>, Stop> {
        match *self {
            Self::Free(at) => check_empty(at, db, buffer).map(|()| None),
            Self::Kept(head, pages) => {
                pages.iter().try_for_each(|page| page.check(head, db, buffer))?;
                Ok(None)
            }
            Self::Replayed(head, end) => Ok(Some(Stretch::read(head, db.read(head.at, buffer)?, end)?)),
        }
    }

    /// Whether what is wanted stands in it, before the lsn `torn`; be it in what was replaced since, as where
    /// a witness is older than its log.
    pub(super) fn holds(
        &self,
        wanted: &Finder<'_>,
        torn: i64,
        db: &mut Source,
        buffer: &mut [u8],
    ) -> Result<bool, Stop> {
        let (Self::Kept(head, _) | Self::Replayed(head, _)) = *self else { return Ok(false) };
        let count = usize::try_from(torn - head.lsn).unwrap_or(0).min(buffer.len());
        Ok(wanted.find(db.read(head.at, &mut buffer[..count])?).is_some())
    }
}

/// Checks that nothing stands in a segment without a header.
///
/// One in use is written from its beginning without a gap. What zeros would have to cover so that these
/// samples miss the rest of it is as good as all of it, and a segment that is lost is told by the others.
fn check_empty(at: u64, db: &mut Source, buffer: &mut [u8]) -> Result<(), Stop> {
    for begin in (0..SEGMENT).step_by(SAMPLE_EVERY) {
        let bytes = if begin == 0 { SAMPLE_EVERY } else { SAMPLE_BYTES };
        if !is_zero(db.read(at + begin, &mut buffer[..bytes])?) {
            return Err(doubt(format!("the segment at byte {at} has no header and is not empty")));
        }
    }
    Ok(())
}

impl Page {
    /// Checks the message that holds the page, or a part of it, as the database will want to find it.
    fn check(&self, head: &Head, db: &mut Source, buffer: &mut [u8]) -> Result<(), Stop> {
        let wrong = |what: &str| doubt(format!("the message at byte {} {what}", self.at));
        let bytes = usize::try_from(self.bytes).ok().filter(|_| self.bytes <= head.at + SEGMENT - self.at);
        let place = bytes.and_then(|bytes| buffer.get_mut(..bytes));
        let bytes = db.read(self.at, place.ok_or_else(|| wrong("is longer than its segment"))?)?;
        match Message::read(bytes, 0, head.number()) {
            Ok(message) if message.end == bytes.len() => Ok(()),
            Ok(_) => Err(wrong("is of another length than its snapshot says")),
            Err(what) => Err(wrong(what)),
        }
    }
}
