//! Power cuts, made at every moment of a log's life.
//!
//! A killed process leaves what it wrote; a power cut leaves what was made durable, and of the rest
//! whatever the disk had come to. So a run is recorded: whenever something becomes durable, what is
//! durable by then and what the folder looks like to everyone. A *cut* is then any mixture of the two:
//! of a file's pages some are new, some old and some torn, of names some are there and some not, as long
//! as whatever was made durable stands. Every such folder must open with all that was acknowledged.
//!
//! The database's snapshots are synced by the database itself and renamed; only their names are uncertain.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use event::{Event, Payload, Time};

use crate::log::folder::disk::observer;
use crate::log::{Log, Mode, Opening, Position};

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// Numbers that look drawn, and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 1) as usize % end
    }
}

/// A file or folder, whatever it is called; numbers are used again, so its birth belongs to it.
type Id = (u64, Option<SystemTime>);

/// What a file holds; versions share the pages that did not change.
#[derive(Clone, Default)]
struct Content {
    len: usize,
    pages: Vec<Arc<[u8; PAGE]>>,
}

impl Content {
    fn of(bytes: &[u8], before: Option<&Self>) -> Self {
        let page = |(number, chunk): (usize, &[u8])| {
            let known = before.and_then(|before| before.pages.get(number));
            match known.filter(|known| known[..chunk.len()] == *chunk && chunk.len() == PAGE) {
                Some(known) => Arc::clone(known),
                None => {
                    let mut page = [0; PAGE];
                    page[..chunk.len()].copy_from_slice(chunk);
                    Arc::new(page)
                }
            }
        };
        Self { len: bytes.len(), pages: bytes.chunks(PAGE).enumerate().map(page).collect() }
    }

    fn page(&self, number: usize) -> Arc<[u8; PAGE]> {
        self.pages.get(number).map_or_else(|| Arc::new([0; PAGE]), Arc::clone)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        for (number, page) in self.pages.iter().enumerate().filter(|(_, page)| ***page != [0; PAGE]) {
            file.seek(SeekFrom::Start((number * PAGE) as u64))?;
            file.write_all(page.as_slice())?;
        }
        file.set_len(self.len as u64)
    }
}

/// What a folder holds, all the way down.
#[derive(Clone, Default)]
struct Image {
    names: BTreeMap<(Id, OsString), Id>,
    folders: BTreeSet<Id>,
    files: BTreeMap<Id, Content>,
}

fn id(path: &Path) -> io::Result<Id> {
    let about = fs::symlink_metadata(path)?;
    Ok((about.ino(), about.created().ok()))
}

impl Image {
    /// What stands in `dir` now; what goes while it is looked at is left out.
    fn view(dir: &Path, before: &Self) -> Self {
        let mut image = Self::default();
        let _ = image.look(dir, before);
        image
    }

    fn look(&mut self, dir: &Path, before: &Self) -> io::Result<()> {
        let own = id(dir)?;
        self.folders.insert(own);
        for entry in fs::read_dir(dir)?.flatten() {
            let path = entry.path();
            let Ok(id) = id(&path) else { continue };
            if path.is_dir() {
                self.look(&path, before)?;
            } else if let Ok(bytes) = fs::read(&path) {
                self.files.insert(id, Content::of(&bytes, before.files.get(&id)));
            }
            self.names.insert((own, entry.file_name()), id);
        }
        Ok(())
    }

    /// Takes over from `view` the snapshots that the database has synced by itself, though not their names.
    fn settle_snapshots(&mut self, view: &Self) {
        for ((_, name), id) in &view.names {
            let name = name.to_string_lossy();
            if let Some(content) = view.files.get(id)
                && name.starts_with("snap.")
                && !name.ends_with(".generating")
            {
                self.files.insert(*id, content.clone());
            }
        }
    }

    /// Takes over from `view` what became durable with `path`.
    fn settle(&mut self, path: &Path, view: &Self) {
        let Ok(id) = id(path) else { return };
        if let Some(content) = view.files.get(&id) {
            self.files.insert(id, content.clone());
        } else if view.folders.contains(&id) {
            self.names.retain(|(folder, _), _| *folder != id);
            let own = view.names.iter().filter(|((folder, _), _)| *folder == id);
            self.names.extend(own.map(|(key, id)| (key.clone(), *id)));
        }
    }

    fn write(&self, root: Id, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        for ((_, name), id) in self.names.iter().filter(|((folder, _), _)| *folder == root) {
            let path = dir.join(name);
            match self.folders.contains(id) {
                true => self.write(*id, &path),
                false => self.files.get(id).cloned().unwrap_or_default().write(&path).unwrap(),
            }
        }
    }
}

/// What a cut leaves of the difference between what is `durable` and what everyone sees.
struct Cut<'a> {
    draw: &'a mut Draw,
    /// How many of a hundred changes have reached the disk.
    percent: usize,
}

impl Cut<'_> {
    fn happens(&mut self) -> bool {
        self.draw.below(100) < self.percent
    }

    fn image(&mut self, durable: &Image, view: &Image) -> Image {
        let mut image = durable.clone();
        let ids: BTreeSet<Id> = durable.names.values().chain(view.names.values()).copied().collect();
        for id in ids {
            let names = |image: &Image| -> BTreeSet<(Id, OsString)> {
                image.names.iter().filter(|(_, of)| **of == id).map(|(key, _)| key.clone()).collect()
            };
            let (old, new) = (names(durable), names(view));
            // A rename is one change; a name that another file has taken goes when that file comes.
            if old != new && self.happens() {
                for key in old.difference(&new).filter(|key| !view.names.contains_key(key)) {
                    image.names.remove(key);
                }
                image.names.extend(new.into_iter().map(|key| (key, id)));
            }
        }
        for (id, new) in &view.files {
            let old = durable.files.get(id).cloned().unwrap_or_default();
            image.files.insert(*id, self.content(&old, new));
        }
        image
    }

    fn content(&mut self, old: &Content, new: &Content) -> Content {
        let len = if old.len == new.len || self.happens() { new.len } else { old.len };
        let page = |number: usize| {
            let (old, new) = (old.page(number), new.page(number));
            if old == new {
                return old;
            }
            match (self.happens(), self.draw.below(8)) {
                (false, 1..) => old,
                (true, 1..) => new,
                (_, 0) => {
                    let mut torn = *old;
                    let at = SECTOR * self.draw.below(PAGE / SECTOR);
                    torn[at..].copy_from_slice(&new[at..]);
                    Arc::new(torn)
                }
            }
        };
        let mut pages: Vec<_> = (0..len.div_ceil(PAGE)).map(page).collect();
        if let (Some(last), rest @ 1..) = (pages.last_mut(), len % PAGE) {
            Arc::make_mut(last)[rest..].fill(0);
        }
        Content { len, pages }
    }
}

/// How far the run has come, as its caller was told.
#[derive(Clone, Copy, Default, Debug)]
struct Told {
    created: bool,
    head: u64,
    redacting: bool,
    redacted: bool,
}

/// What was durable before something became so, what everyone saw then, and what was told by then.
struct Moment {
    durable: Image,
    view: Image,
    told: Told,
}

/// Everything that happened to a folder.
#[derive(Default)]
struct Record {
    moments: Vec<Moment>,
    durable: Image,
    view: Image,
    told: Told,
}

impl Record {
    fn take(&mut self, dir: &Path, path: &Path) {
        self.view = Image::view(dir, &self.view);
        self.durable.folders.extend(&self.view.folders);
        self.durable.settle_snapshots(&self.view);
        let (durable, view) = (self.durable.clone(), self.view.clone());
        self.moments.push(Moment { durable, view, told: self.told });
        self.durable.settle(path, &self.view);
    }
}

const FORGOTTEN: &str = "c-to-be-forgotten";

fn event(id: u64) -> Event {
    let consultation = if id.is_multiple_of(97) { FORGOTTEN.to_owned() } else { format!("c-{}", id / 4) };
    let reason = format!("{:x}", id.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let payload = Payload::Dropped { reason: Some(reason) };
    Event::new("urn:example:a", format!("e-{id}"), consultation, Time::from_ms(id as i64), payload)
}

/// A run of appends of many sizes over several sessions, with sealing and a redaction.
struct Run {
    record: Arc<Mutex<Record>>,
    /// What was sent, by where it was put.
    sent: BTreeMap<u64, Event>,
    next: u64,
    /// How the values begin that held the first event, which is redacted.
    forgotten: Vec<Vec<u8>>,
    root: Id,
    /// Keeps numbers of files from being used again.
    _dir: tempfile::TempDir,
}

impl Run {
    fn new(draw: &mut Draw) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (record, place) = (Arc::new(Mutex::new(Record::default())), dir.path().to_owned());
        let root = id(dir.path()).unwrap();
        let recording = Arc::clone(&record);
        observer::observe(dir.path(), move |path| {
            if let Ok(mut record) = recording.lock() {
                record.take(&place, path);
            }
        });
        let store = dir.path().join("x.store");
        let mut run = Self { record, sent: BTreeMap::new(), next: 0, forgotten: Vec::new(), root, _dir: dir };
        for session in 0..3 {
            run.session(&store, draw, session);
        }
        run.forgotten = first_values(&store);
        run.tell(|told| told.redacting = true);
        crate::log::redact(&store, FORGOTTEN, None, Time::from_ms(0), &mut |_, _| {}).unwrap().unwrap();
        run.tell(|told| told.redacted = true);
        run.session(&store, draw, 3);
        run.record.lock().unwrap().take(run._dir.path(), &store.join("LOCK"));
        run
    }

    fn session(&mut self, store: &Path, draw: &mut Draw, number: u32) {
        let log = Log::open(store, Mode::Create).unwrap();
        self.tell(|told| told.created = true);
        for count in [1, 2, [150, 4000, 70, 9][number as usize], 1] {
            let count = count + draw.below(3) as u64;
            let events: Vec<Event> = (self.next..self.next + count).map(event).collect();
            self.sent.extend((log.head().0 + 1..).zip(events.iter().cloned()));
            self.next += count;
            let receipt = log.append_blocking(events, Time::from_ms(0)).unwrap();
            self.tell(|told| told.head = receipt.head.0);
        }
        log.seal(&mut |_| {}).unwrap();
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.record.lock().unwrap().told);
    }

    /// Builds what a cut leaves and opens it; tells what opening found.
    fn check(&self, image: &Image, told: Told, case: &str) -> Opening {
        let dir = tempfile::tempdir().unwrap();
        image.write(self.root, dir.path());
        let store = dir.path().join("x.store");
        let mode = if told.created { Mode::Existing } else { Mode::Create };
        let log = match Log::open(&store, mode) {
            Ok(log) => log,
            Err(error) => panic!("{case}: {error}; kept in {}", dir.keep().display()),
        };
        let opening = log.opening().clone();
        self.check_log(&log, told, case);
        let redacted = log.redactions(Position::START).unwrap().len() == 1;
        assert!(redacted || !told.redacted, "{case}: a redaction came undone");
        let id = u64::MAX;
        let added = log.append_blocking(vec![event(id)], Time::from_ms(0)).unwrap();
        drop(log);
        let is_left = redacted && self.forgotten.iter().any(|value| is_below(&store, value));
        assert!(!is_left, "{case}: a redacted event is still there");
        let log = Log::open(&store, Mode::Existing).unwrap();
        assert_eq!((log.head(), log.opening()), (added.head, &Opening::Healthy), "{case}");
        opening
    }

    /// All that was acknowledged is there, and nothing but what was sent.
    fn check_log(&self, log: &Log, told: Told, case: &str) {
        let verdict = log.verify(&mut |_, _| {});
        assert!(verdict.is_sound(), "{case}: {:?}", verdict.findings);
        assert!(log.head().0 >= told.head, "{case}: {} of {} are there", log.head(), told.head);
        let there: BTreeMap<u64, Event> =
            log.events(..).map(Result::unwrap).map(|stored| (stored.position.0, stored.event)).collect();
        let redactions = log.redactions(Position::START).unwrap();
        assert!(redactions.is_empty() || told.redacting, "{case}");
        let is_gone = |position: &u64| {
            let at = Position(*position);
            redactions.iter().any(|gone| gone.position == at || gone.positions.binary_search(&at).is_ok())
        };
        let wanted = self.sent.range(..=log.head().0).filter(|(position, _)| !is_gone(position));
        assert!(there.iter().eq(wanted), "{case}: other events are there than were sent");
    }
}

/// How the values of the first block begin, checksum and all, in every version that is in the file.
fn first_values(store: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(store.join("sled").join("db")).unwrap();
    let own = |at: &usize| bytes[at + 8..].starts_with(&1_u64.to_le_bytes());
    let places = memchr::memmem::find_iter(&bytes, b"EFC1").filter(own);
    let values: Vec<_> = places.map(|at| bytes[at..at + 48].to_vec()).collect();
    assert!(!values.is_empty());
    values
}

/// Whether `bytes` stand in any file below `dir`.
fn is_below(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).any(|path| match path.is_dir() {
        true => is_below(&path, bytes),
        false => memchr::memmem::find(&fs::read(&path).unwrap(), bytes).is_some(),
    })
}

/// How often opening found what.
#[derive(Debug, Default)]
struct Count {
    healthy: u32,
    torn: u32,
    rewritten: BTreeMap<String, u32>,
}

fn cut_everywhere(seed: u64, rounds: u32) -> Count {
    let mut draw = Draw(seed);
    let run = Run::new(&mut draw);
    let record = std::mem::take(&mut *run.record.lock().unwrap());
    let mut count = Count::default();
    for (number, Moment { durable, view, told }) in record.moments.iter().enumerate() {
        for round in 0..rounds {
            let percent = if round == 0 { 0 } else { [5, 50, 95][draw.below(3)] };
            let image = match round {
                0 => durable.clone(),
                _ => Cut { draw: &mut draw, percent }.image(durable, view),
            };
            let case = format!("seed {seed}, moment {number}, {percent} % of what was under way, {told:?}");
            match run.check(&image, *told, &case) {
                Opening::Healthy => count.healthy += 1,
                Opening::Torn { .. } => count.torn += 1,
                Opening::Rewritten { what, .. } => *count.rewritten.entry(what).or_default() += 1,
            }
        }
    }
    count
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_moment() {
    let times = std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    for seed in 0..times {
        println!("seed {seed}: {:?}", cut_everywhere(seed, 2));
    }
}
