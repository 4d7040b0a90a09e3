//! A data set that is kept current: however its events are cut into generations, its rows are those of one export; what a
//! crash leaves of an append is never read, and cleared away; and nothing is appended to what is of something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use engine::export::parquet::ExportError;
use engine::export::shards::{Draft, Kept, Manifest, Plan, keep};
use engine::ingest::dataset;
use engine::log::{Log, Mode, Position, redact};
use engine::replay::Watch;
use event::{Event, Payload, Time};
use parquet::file::reader::SerializedFileReader;
use proptest::prelude::*;
use serde_json::json;

use super::{Harm, LITTLE, cut, edit, hash, log_of, odd, order, sha256};
use crate::command::{copy, files, folder};
use crate::laws::recordings;

/// So many shards, up to so far, in so little memory that much is set aside.
fn plan(shards: u32, to: Position) -> Plan {
    Plan { memory_bytes: LITTLE, group_events: 50, ..Plan::of(shards, to) }
}

pub(super) fn kept(log: &Log, to: &Path, shards: u32) -> Kept {
    keep(log, to, plan(shards, log.head()), &Watch::default()).unwrap()
}

/// A log that grows by these events, and a data set of it that follows.
pub(super) fn followed(dir: &Path, shards: u32, batches: &[Vec<Event>]) -> (Log, PathBuf) {
    let (log, to) = (Log::open(&dir.join("x.store"), Mode::Create).unwrap(), dir.join("set"));
    for batch in batches {
        log.append_blocking(batch.clone(), Time::from_ms(1_700_000_000_000)).unwrap();
        kept(&log, &to, shards);
    }
    (log, to)
}

/// Events of a few consultations that go on for long, and of many that are short, cut in four.
pub(super) fn batches() -> Vec<Vec<Event>> {
    let event = |number: u64| {
        let consultation = if number.is_multiple_of(3) { number % 7 } else { 100 + number / 4 };
        let payload = Payload::Dropped { reason: Some(format!("{}", number % 5)) };
        let at = Time::from_ms(1_700_000_000_000 + number.cast_signed());
        Event::new("urn:example:a", format!("e-{number}"), format!("c-{consultation}"), at, payload)
    };
    (0..4).map(|batch| (batch * 250..(batch + 1) * 250).map(event).chain(odd()).collect()).collect()
}

/// Every row of the files whose name begins so, whole, as another reader tells it.
fn rows(set: &Path, begin: &str) -> Vec<String> {
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(begin);
    let mut rows: Vec<String> = files(set)
        .into_iter()
        .filter(named)
        .flat_map(|path| {
            let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
            reader.into_iter().map(|row| row.unwrap().to_string()).collect::<Vec<_>>()
        })
        .collect();
    rows.sort();
    rows
}

pub(super) fn is_same(one: &Path, other: &Path) {
    for begin in ["events-", "sources"] {
        assert_eq!(rows(one, begin), rows(other, begin), "{begin}");
    }
}

/// Everything that the description promises of a data set of several generations, told from its files alone.
pub(super) fn holds(set: &Path) -> Manifest {
    let manifest: Manifest =
        serde_json::from_str(&fs::read_to_string(set.join("manifest.json")).unwrap()).unwrap();
    let names: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!((names.len(), files(set).len()), (manifest.files.len(), manifest.files.len() + 1));
    let mut consultations = BTreeMap::<(u32, String), Vec<(i64, i64)>>::new();
    for note in &manifest.files {
        let bytes = fs::read(set.join(&note.name)).unwrap();
        assert_eq!((note.bytes, &note.sha256), (bytes.len() as u64, &sha256(&bytes)), "{}", note.name);
        let rows = order(&set.join(&note.name));
        assert!(rows.is_sorted_by(|a, b| (&a.0, a.1) < (&b.0, b.1)), "{}", note.name);
        assert!(note.generation == 0 || !rows.is_empty(), "{}", note.name);
        let begun = rows.iter().filter(|row| row.1 == 0).count() as u64;
        let is_of_sources = note.name.starts_with("sources");
        assert_eq!(note.consultations, if is_of_sources { 0 } else { begun }, "{}", note.name);
        let taken = &manifest.generations[note.generation as usize];
        let mut checksum = 0_u64;
        for (consultation, seq, position) in rows {
            checksum = checksum.wrapping_add(hash(&format!("{consultation}#{seq}")));
            assert!((taken.from..=taken.to).contains(&position.cast_unsigned()), "{}", note.name);
            let shard = u32::try_from(hash(&consultation) % u64::from(manifest.shards)).unwrap();
            assert_eq!(note.shard, if is_of_sources { manifest.shards } else { shard }, "{}", note.name);
            consultations.entry((note.shard, consultation)).or_default().push((seq, position));
        }
        assert_eq!(note.checksum, format!("{checksum:016x}"), "{}", note.name);
    }
    for ((_, consultation), rows) in &consultations {
        assert!(rows.iter().map(|(seq, _)| *seq).eq(0..rows.len() as i64), "{consultation}: {rows:?}");
        assert!(rows.is_sorted_by(|a, b| a.1 < b.1), "{consultation}");
    }
    let distinct = consultations.keys().filter(|(shard, _)| *shard < manifest.shards).count();
    assert_eq!(manifest.consultations, distinct as u64);
    assert_eq!(manifest.events, manifest.generations.iter().map(|taken| taken.events).sum::<u64>());
    manifest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_cutting_into_generations_has_the_rows_of_one_export(
        (events, _) in recordings(),
        shards in 1_u32..5,
        cuts in proptest::collection::vec(1_usize..40, 0..9),
        generation_events in 1_u64..60,
    ) {
        let dir = folder();
        let mut left = [events, odd()].concat();
        let mut batches: Vec<Vec<Event>> = cuts.iter().map(|cut| left.drain(..left.len().min(*cut)).collect()).collect();
        batches.push(left);
        let (log, set) = followed(dir.path(), shards, &batches);
        let whole = dir.path().join("whole");
        Draft::sort(&log, &whole, plan(shards, log.head()), &Watch::default()).unwrap().write(&Watch::default()).unwrap();
        is_same(&set, &whole);
        let manifest = holds(&set);
        prop_assert_eq!((manifest.position, manifest.events), (log.head().0, log.head().0));
        prop_assert_eq!(&manifest.commitment, &log.head_at(log.head()).unwrap().commitment_digits());
        let read = dataset::checked(&set, &Watch::default()).unwrap();
        prop_assert_eq!(read.len(), manifest.files.len());
        // What is more than a generation takes becomes several, of the same rows.
        let several = dir.path().join("several");
        keep(&log, &several, plan(shards, Position(1)), &Watch::default()).unwrap();
        let small = Plan { generation_events, ..plan(shards, log.head()) };
        let kept = keep(&log, &several, small, &Watch::default()).unwrap();
        prop_assert_eq!(kept.added.len() as u64, (log.head().0 - 1).div_ceil(generation_events));
        is_same(&several, &whole);
        holds(&several);
        dataset::checked(&several, &Watch::default()).unwrap();
    }
}

#[test]
fn nothing_is_written_where_nothing_is_new() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 3, &batches());
    let manifest = holds(&set);
    assert_eq!(manifest.generations.len(), 4);
    let before: Vec<Vec<u8>> = files(&set).iter().map(|path| fs::read(path).unwrap()).collect();
    let again = kept(&log, &set, 3);
    assert_eq!((again.added, again.cleared, &again.manifest), (Vec::new(), Vec::new(), &manifest));
    let after: Vec<Vec<u8>> = files(&set).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after);
    // An earlier position is no reason to take anything back.
    let earlier = keep(&log, &set, plan(3, Position(7)), &Watch::default()).unwrap();
    assert_eq!(earlier.manifest, manifest);
    // Files of one shard sort by generation, whoever sorts them.
    let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"events-00002_000003.parquet"), "{names:?}");
}

/// Wherever a crash comes: what was there is read as it was, and what it left goes before anything is appended.
#[test]
fn what_a_crash_leaves_of_an_append_is_not_read_and_cleared_away() {
    let dir = folder();
    let batches = batches();
    let (log, set) = followed(dir.path(), 3, &batches[..2]);
    let before = dir.path().join("before");
    copy(&set, &before);
    log.append_blocking(batches[2].clone(), Time::from_ms(0)).unwrap();
    let manifest = kept(&log, &set, 3).manifest;
    let new: Vec<&str> =
        manifest.files.iter().filter(|file| file.generation == 2).map(|file| file.name.as_str()).collect();
    assert_eq!(new.len(), 3, "sources have nothing new: {new:?}");
    let old = dataset::checked(&before, &Watch::default()).unwrap();
    for moved in 0..=new.len() {
        let crashed = dir.path().join(format!("crashed-{moved}"));
        copy(&before, &crashed);
        let draft = crashed.join(".evenfield-crash.part");
        fs::create_dir(&draft).unwrap();
        for (number, name) in new.iter().enumerate() {
            let to = if number < moved { &crashed } else { &draft };
            fs::copy(set.join(name), to.join(name)).unwrap();
        }
        if moved == 1 {
            cut(&crashed.join(new[0]), 9);
        }
        let read = dataset::checked(&crashed, &Watch::default()).unwrap();
        assert_eq!(read.len(), old.len(), "{moved}");
        assert!(read.iter().zip(&old).all(|(read, old)| read.file_name() == old.file_name()));
        let kept = kept(&log, &crashed, 3);
        assert_eq!(kept.cleared.len(), moved + 1, "{:?}", kept.cleared);
        assert!(kept.cleared.contains(&draft) && kept.cleared.iter().all(|path| path.starts_with(&crashed)));
        assert_eq!(kept.manifest, manifest);
        assert_eq!(holds(&crashed), manifest);
        is_same(&crashed, &set);
    }
}

/// What is no left-over of a crash is not cleared away: it may be somebody's.
#[test]
fn what_no_crash_leaves_is_let_alone() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 2, &batches()[..2]);
    for name in ["notes.txt", "events.parquet", "events-00001_000001.parquet.bak", ".evenfield-x.part"] {
        fs::write(set.join(name), "mine").unwrap();
    }
    log.append_blocking(batches()[2].clone(), Time::from_ms(0)).unwrap();
    assert_eq!(kept(&log, &set, 2).cleared, Vec::<PathBuf>::new());
    assert_eq!(fs::read(set.join("notes.txt")).unwrap(), b"mine");
}

fn refused(log: &Log, set: &Path, shards: u32) -> ExportError {
    let before: Vec<(PathBuf, Vec<u8>)> =
        files(set).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let error = keep(log, set, plan(shards, log.head()), &Watch::default()).unwrap_err();
    let after: Vec<(PathBuf, Vec<u8>)> =
        files(set).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(before == after, "{error}");
    error
}

#[test]
fn nothing_is_appended_to_what_is_of_something_else() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 2, &batches()[..2]);
    let told = refused(&log, &set, 3);
    assert!(matches!(told, ExportError::OtherShards { found: 2, wanted: 3, .. }), "{told}");
    assert!(told.to_string().contains("--shards 2"), "{told}");
    // The same events in another log have other commitments, and a shorter log is none that the data set was made of.
    let other = log_of(&dir.path().join("other.store"), &batches().concat());
    let told = refused(&other, &set, 2).to_string();
    assert!(told.contains("no data set of this log") && told.contains("at position"), "{told}");
    let short = log_of(&dir.path().join("short.store"), &odd());
    let told = refused(&short, &set, 2).to_string();
    assert!(told.contains("it goes to position 514, and the log to 14"), "{told}");
    fs::create_dir(dir.path().join("taken")).unwrap();
    fs::write(dir.path().join("taken/x"), "").unwrap();
    assert!(matches!(refused(&log, &dir.path().join("taken"), 2), ExportError::Occupied(_)));
    log.append_blocking(batches()[2].clone(), Time::from_ms(0)).unwrap();
    for Harm(_, harm, why) in HARMS {
        let harmed = dir.path().join("harmed");
        copy(&set, &harmed);
        harm(&harmed);
        let told = refused(&log, &harmed, 2).to_string();
        assert!(told.contains(why) && told.contains("nothing was appended"), "{why}: {told}");
        fs::remove_dir_all(harmed).unwrap();
    }
}

const HARMS: &[Harm] = &[
    Harm("not JSON", |set| cut(&set.join("manifest.json"), 9), "manifest.json does not hold: EOF"),
    Harm("empty", |set| fs::write(set.join("manifest.json"), "").unwrap(), "manifest.json does not hold"),
    Harm("events", |set| edit(set, |it| it["events"] = json!(7)), "do not add up to 7 events"),
    Harm("gone", |set| fs::remove_file(set.join("events-00001_000001.parquet")).unwrap(), "No such file"),
    Harm("cut short", |set| cut(&set.join("events-00000.parquet"), 1), "manifest.json says"),
    Harm("no Parquet", |set| garble(&set.join("events-00000.parquet")), "events-00000.parquet does not hold"),
];

/// Other bytes of the same length, of which nothing is Parquet.
fn garble(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, vec![7; bytes.len()]).unwrap();
}

/// What a file says of the least and the greatest name of a row group is cut off where names are long; whoever passes
/// groups by on its word must not pass by what is wanted.
#[test]
fn long_and_strange_names_of_consultations_go_on_where_they_ended() {
    let dir = folder();
    let begins =
        ["x".repeat(70), "ü".repeat(40), "\u{10ffff}".repeat(20), String::new(), "\u{7f}".repeat(64)];
    let batch = |batch: u64| -> Vec<Event> {
        let event = |number: u64| {
            let name = number + batch * 300;
            let begin = &begins[usize::try_from(name % 5).unwrap()];
            let (id, consultation) = (format!("e-{batch}-{number}"), format!("{begin}{name:04}"));
            Event::new("urn:example:a", id, consultation, Time::from_ms(9), Payload::Waiting)
        };
        (0..600).map(event).collect()
    };
    let (log, set) = followed(dir.path(), 2, &[batch(0), batch(1), batch(2)]);
    let manifest = holds(&set);
    assert_eq!((manifest.events, manifest.consultations), (1_800, 1_200), "six hundred go on");
    dataset::checked(&set, &Watch::default()).unwrap();
    let whole = dir.path().join("whole");
    kept(&log, &whole, 2);
    is_same(&set, &whole);
}

/// More and more files make queries slow, and a manifest that cannot be read any more would be the end of it.
#[test]
fn a_data_set_of_too_many_files_is_to_be_exported_anew() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 2, &batches()[..2]);
    let before = holds(&set);
    log.append_blocking(batches()[2].clone(), Time::from_ms(0)).unwrap();
    let told = |most_files| {
        let plan = Plan { most_files, ..plan(2, log.head()) };
        keep(&log, &set, plan, &Watch::default()).map(|kept| kept.manifest.files.len())
    };
    let files = before.files.len();
    let error = told(files + 1).unwrap_err();
    assert!(matches!(error, ExportError::Full { most, .. } if most == files + 1), "{error}");
    assert!(error.to_string().contains("export into another folder"), "{error}");
    assert_eq!(holds(&set), before);
    assert_eq!(told(files + 2).unwrap(), files + 2);
}

/// Rows of a destroyed consultation would stay: the data set is to be made anew, and everything that was copied of it.
#[test]
fn a_data_set_that_holds_what_was_destroyed_is_not_gone_on_with() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 2, &batches()[..2]);
    drop(log);
    let store = dir.path().join("x.store");
    redact(&store, "c-3", Some("asked"), Time::from_ms(9), &mut |_, _| {}).unwrap().unwrap();
    let log = Log::open(&store, Mode::Existing).unwrap();
    let told = refused(&log, &set, 2).to_string();
    assert!(told.contains("position 515 of the log tells of") && told.contains("export anew"), "{told}");
    let anew = dir.path().join("anew");
    kept(&log, &anew, 2);
    assert!(!rows(&anew, "events-").concat().contains("\"c-3\"") && !rows(&set, "events-").is_empty());
    // What is destroyed before it was ever exported is in no way, nor are entries of the log's own.
    log.append_blocking(batches()[2].clone(), Time::from_ms(0)).unwrap();
    drop(log);
    let gone = redact(&store, "c-225", None, Time::from_ms(9), &mut |_, _| {}).unwrap().unwrap();
    assert!(gone.positions.iter().all(|position| position.0 > 515), "{gone:?}");
    let log = Log::open(&store, Mode::Existing).unwrap();
    assert_eq!(kept(&log, &anew, 2).added.len(), 1);
    let whole = dir.path().join("whole");
    kept(&log, &whole, 2);
    is_same(&anew, &whole);
    holds(&anew);
}

#[test]
fn an_append_that_is_stopped_leaves_everything_as_it_was() {
    let dir = folder();
    let (log, set) = followed(dir.path(), 2, &batches()[..1]);
    let many: Vec<Event> = (0..9_000)
        .map(|number| Event::new("urn:example:b", number.to_string(), "c-1", Time::MIN, Payload::Waiting))
        .collect();
    log.append_blocking(many, Time::MIN).unwrap();
    let stopped = Watch::default();
    stopped.stop();
    let before = holds(&set);
    let told = keep(&log, &set, plan(2, log.head()), &stopped).unwrap_err();
    assert!(matches!(told, ExportError::Interrupted), "{told}");
    assert!(
        fs::read_dir(&set).unwrap().all(|entry| !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.'))
    );
    assert_eq!(holds(&set), before);
    assert_eq!(kept(&log, &set, 2).added.len(), 1);
}
