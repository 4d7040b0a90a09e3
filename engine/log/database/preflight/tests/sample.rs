//! A store that is whole, and what the walk says of it after some harm.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use event::{Event, Payload, Time};
use tempfile::TempDir;

use super::super::message::Message;
use super::super::segment::{HEADER_BYTES, Head, survey};
use super::super::snapshot::{Page, Snapshot};
use super::super::source::Source;
use super::super::{SEGMENT, SEGMENT_BYTES, Walk, walk};
use crate::log::{Log, Mode, Position};

/// Numbers that look drawn, and are the same every time.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 1
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// Events that do not get smaller when they are packed.
pub(super) fn events(draw: &mut Draw, first: u64, count: u64) -> Vec<Event> {
    let event = |id| {
        let reason: String = (0..60).map(|_| format!("{:016x}", draw.next())).collect();
        let payload = Payload::Dropped { reason: Some(reason) };
        Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::from_ms(id as i64), payload)
    };
    (first..first + count).map(event).collect()
}

/// The commitment that the last block of `log` carries.
pub(super) fn last_root(log: &Log) -> [u8; 32] {
    log.store.entry_at(log.head()).unwrap().unwrap().root
}

pub(super) const EVENTS: u64 = 24_000;

/// A store of three segments, that was opened twice, and what is wanted of it.
pub(super) struct Sample {
    dir: TempDir,
    pub(super) db: Vec<u8>,
    pub(super) wanted: [u8; 32],
    pub(super) heads: Vec<Head>,
    /// The lsn at which what is wanted lies for the first time.
    edge: i64,
    /// What of each segment the database reads, by where it stands in the file.
    pub(super) read: Vec<Vec<Range<usize>>>,
}

/// What the database reads of each segment in use: all of those that it replays, else what its snapshot names.
pub(super) fn read_of(sled: &Path, heads: &[Head], len: usize) -> Vec<Vec<Range<usize>>> {
    let snapshot = Snapshot::read(sled, &mut vec![0; SEGMENT_BYTES]).ok().unwrap().unwrap();
    let of = |head: &Head| {
        let begin = head.at as usize;
        let replayed = (head.lsn >= snapshot.since()).then(|| begin..len.min(begin + SEGMENT_BYTES));
        let page = |page: &Page| page.at as usize..(page.at + page.bytes) as usize;
        let kept = snapshot.pages_in(head).iter().map(page).filter(|_| replayed.is_none());
        let header = begin..begin + HEADER_BYTES;
        std::iter::once(replayed.clone().unwrap_or(header)).chain(kept).collect()
    };
    heads.iter().map(of).collect()
}

pub(super) fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut draw = Draw(1);
        let mut wanted = [0; 32];
        for first in [0, EVENTS / 2] {
            let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
            for first in (first..first + EVENTS / 2).step_by(500) {
                log.append_blocking(events(&mut draw, first, 500), Time::from_ms(0)).unwrap();
            }
            wanted = last_root(&log);
        }
        let db = fs::read(dir.path().join("x.store/sled/db")).unwrap();
        let path = dir.path().join("x.store/sled/db");
        let (heads, _) = survey(&mut Source::open(path).unwrap().unwrap()).unwrap();
        let holds = |head: &Head| {
            let segment = &db[head.at as usize..db.len().min(head.at as usize + SEGMENT_BYTES)];
            memchr::memmem::find(segment, &wanted).map(|at| head.lsn + at as i64)
        };
        let edge = heads.iter().find_map(holds).unwrap();
        assert!(db.len() > 2 * SEGMENT_BYTES && edge > 2 * SEGMENT as i64, "{} {edge}", db.len());
        let read = read_of(&dir.path().join("x.store/sled"), &heads, db.len());
        Sample { dir, db, wanted, heads, edge, read }
    })
}

impl Sample {
    pub(super) fn store(&self) -> PathBuf {
        self.dir.path().join("x.store")
    }

    /// A copy of the store whose database is `db`.
    pub(super) fn with(&self, db: &[u8]) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir_all(copy.path().join("sled/blobs")).unwrap();
        for folder in ["", "sled"] {
            for entry in fs::read_dir(self.store().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::copy(&path, copy.path().join(folder).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        fs::write(copy.path().join("sled/db"), db).unwrap();
        copy
    }

    pub(super) fn walk(&self, copy: &TempDir) -> Walk {
        walk(&copy.path().join("sled"), Some(&self.wanted)).unwrap()
    }

    /// Whether the walk finds `db` suspicious; where it does not, nothing acknowledged may be lost.
    pub(super) fn suspects(&self, db: &[u8], how: &str) -> bool {
        let copy = self.with(db);
        if self.walk(&copy) != Walk::Clean {
            return true;
        }
        let log = Log::open(copy.path(), Mode::Existing).unwrap_or_else(|error| panic!("{how}: {error}"));
        assert!(log.head() >= Position(EVENTS), "{how}: {}", log.head());
        let verdict = log.verify(&mut |_, _| {});
        assert!(verdict.is_sound(), "{how}: {:?}", verdict.findings);
        false
    }

    /// Tries what `harm` does to a copy; what happens before the edge must be seen, if the database reads it.
    pub(super) fn try_harm(&self, trials: u64, harm: impl Fn(&mut Draw, &mut Vec<u8>) -> &'static str) {
        let (mut seen, mut missed, mut unread) = (0, 0, 0);
        for seed in 0..trials {
            let mut db = self.db.clone();
            let how = format!("{} {seed}", harm(&mut Draw(seed), &mut db));
            if db == self.db {
                continue;
            }
            match (self.suspects(&db, &how), self.first_change(&db)) {
                (true, _) => seen += 1,
                (false, None) => unread += 1,
                (false, Some(lsn)) if lsn > self.edge => missed += 1,
                (false, Some(lsn)) => panic!("{how}: {lsn} was changed before {}, and not seen", self.edge),
            }
        }
        println!("seen {seen}, harmless: {missed} behind the edge, {unread} never read, of {trials}");
        assert!(seen > missed && seen + missed + unread > trials / 2, "{seen} {missed} {unread}");
    }

    /// The first lsn that the database reads and at which `db` differs; zeros may be there or not.
    pub(super) fn first_change(&self, db: &[u8]) -> Option<i64> {
        let change = |(head, ranges): (&Head, &Vec<Range<usize>>)| {
            let differs = |at: &usize| self.db[*at] != db.get(*at).copied().unwrap_or(0);
            let at = ranges.iter().cloned().flatten().find(differs);
            at.map(|at| head.lsn + at as i64 - head.at as i64)
        };
        self.heads.iter().zip(&self.read).find_map(change)
    }

    /// What lies in a segment that is in use, and is never read again.
    pub(super) fn unread(&self) -> Vec<Range<usize>> {
        let gaps = |ranges: &Vec<Range<usize>>| -> Vec<Range<usize>> {
            let gaps = ranges.iter().zip(ranges.iter().skip(1)).map(|(one, next)| one.end..next.start);
            gaps.filter(|gap| !gap.is_empty()).collect()
        };
        self.read.iter().flat_map(gaps).collect()
    }

    /// The offsets of all messages.
    pub(super) fn messages(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for head in &self.heads {
            let begin = head.at as usize;
            let segment = &self.db[begin..self.db.len().min(begin + SEGMENT_BYTES)];
            let mut at = HEADER_BYTES;
            while let Ok(message) = Message::read(segment, at, head.number()) {
                found.push(begin + at);
                at = message.end;
            }
        }
        found
    }
}
