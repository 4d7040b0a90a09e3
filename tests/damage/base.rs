//! The stores that are harmed, each made once, and copies of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use engine::log::{Log, Mode, Stored};
use event::{Context, Dimension, Event, Payload, Role, Time};
use tempfile::TempDir;

use super::file::Map;
use crate::command::folder;

/// How many events a whole unit has: its blocks are put together, and it has a node of its own.
pub(super) const UNIT: u64 = 4096;

/// A store that nothing is wrong with.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) name: &'static str,
    dir: TempDir,
    /// Everything that was acknowledged.
    pub(super) events: Vec<Stored>,
    /// How many of them the copy had that was made before the last session.
    pub(super) before: u64,
    pub(super) db: Vec<u8>,
    pub(super) map: Map,
}

/// A store of several sessions and segments, whose first unit is sealed; blocks of many sizes follow.
pub(super) static LONG: LazyLock<Base> = LazyLock::new(|| {
    Base::make(
        "long",
        640,
        &[&[1500, 700, 1], &[1400, 90, 2, 900], &[1, 1, 300, 400, 1, 1, 650], &[1, 1, 41, 10]],
    )
});

/// A small one, of which nothing is sealed.
pub(super) static SHORT: LazyLock<Base> =
    LazyLock::new(|| Base::make("short", 10, &[&[1, 7], &[300, 2], &[1, 1, 1, 1, 60], &[1, 20, 1, 5]]));

/// An event whose text does not get smaller when it is packed.
pub(super) fn event(id: u64, text: usize) -> Event {
    let mut noise = vec![0; text / 2];
    blake3::Hasher::new().update(&id.to_le_bytes()).finalize_xof().fill(&mut noise);
    // Of 64 signs, so that little is saved by packing them.
    let signs = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let sign = |byte: &u8| [signs[usize::from(byte & 63)], signs[usize::from(byte >> 2)]];
    let reason = noise.iter().flat_map(sign).map(char::from).collect();
    let at = Time::from_ms(1_772_355_600_000 + 250 * id as i64);
    let context = Context::default().with(Dimension::Service, format!("service {}", id % 50));
    let payload = match id % 9 {
        4 => Payload::Joined { context: Some(context) },
        _ => Payload::Dropped { reason: Some(reason) },
    };
    Event::new("urn:example:a", format!("e-{id:05}"), format!("c-{:05}", id / 4), at, payload)
        .by("p-1", Role::Patient)
}

pub(super) fn append(log: &Log, events: impl Iterator<Item = Event>) {
    let events: Vec<_> = events.collect();
    let count = events.len();
    assert_eq!(log.append_blocking(events, Time::from_ms(7)).unwrap().added(), count);
}

impl Base {
    fn make(name: &'static str, text: usize, sessions: &[&[u64]]) -> Self {
        let dir = folder();
        let (store, mut next, mut before) = (dir.path().join("store"), 0, 0);
        for (number, sizes) in sessions.iter().enumerate() {
            if number + 1 == sessions.len() {
                copy_folder(&store, &dir.path().join("before"));
                before = next;
            }
            let log = Log::open(&store, Mode::Create).unwrap();
            for size in *sizes {
                append(&log, (next..next + size).map(|id| event(id, text)));
                next += size;
            }
            log.seal(&mut drop).unwrap();
        }
        append(
            &Log::open(&dir.path().join("other"), Mode::Create).unwrap(),
            (0..next).map(|id| event(id, 4)),
        );
        let copy = dir.path().join("copy");
        copy_folder(&store, &copy);
        let events = Log::open(&copy, Mode::Existing).unwrap().events(..).map(Result::unwrap).collect();
        let db = fs::read(store.join("sled").join("db")).unwrap();
        let map = Map::of(&db);
        Self { name, dir, events, before, db, map }
    }

    /// The store itself, which is only copied.
    pub(super) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// The store as it was before its last session.
    pub(super) fn older(&self) -> PathBuf {
        self.dir.path().join("before")
    }

    /// Another store with as many events.
    pub(super) fn other(&self) -> PathBuf {
        self.dir.path().join("other")
    }

    pub(super) fn head(&self) -> u64 {
        self.events.len() as u64
    }
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy_folder(&path, &copy),
            false => drop(fs::copy(&path, &copy).unwrap()),
        }
    }
}

/// Puts the folder `from` in the place of the folder `to`.
pub(super) fn replace_folder(from: &Path, to: &Path) {
    fs::remove_dir_all(to).unwrap();
    copy_folder(from, to);
}
