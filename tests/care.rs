//! Looking after a log: backup and restore, repair, redaction; seen from outside, on real files.

use std::fs;
use std::path::{Path, PathBuf};

use engine::log::{BackupError, Fate, Log, LogError, Manifest, Mode, Opening, Position, Repair, Stored};
use event::{Context, Dimension, Event, Payload, Role, Time};
use tempfile::TempDir;

use crate::command::folder;

fn new_store() -> (TempDir, PathBuf) {
    let dir = folder();
    let store = dir.path().join("x.store");
    (dir, store)
}

fn event(id: u64) -> Event {
    let payload = match id % 4 {
        0 => Payload::Joined { context: Some(Context::default().with(Dimension::Platform, "alder")) },
        1 => Payload::Dropped { reason: Some(format!("reason {}", id % 13)) },
        2 => Payload::Rated { scale: 5, value: (id % 5) as u8 + 1 },
        _ => Payload::Completed,
    };
    let at = Time::from_ms(1_772_355_600_000 + 250 * id as i64);
    Event::new("urn:example:a", format!("e-{id}"), format!("c-{}", id / 10), at, payload)
        .by(format!("person-{}", id / 10), Role::Patient)
}

fn append(log: &Log, ids: std::ops::Range<u64>) {
    let receipt = log.append_blocking(ids.map(event).collect(), Time::from_ms(7)).unwrap();
    assert_eq!(receipt.rejected(), 0);
}

/// A store of 6,000 events in blocks of many sizes, over several sessions.
fn filled(store: &Path) {
    let mut next = 0;
    for session in 0..4 {
        let log = Log::open(store, Mode::Create).unwrap();
        for count in [1, 7, 300, 2, 1000 + session, 90].map(|count: u64| count.min(6000 - next)) {
            append(&log, next..next + count);
            next += count;
        }
    }
    append(&Log::open(store, Mode::Existing).unwrap(), next..6000);
}

fn stored(log: &Log) -> Vec<Stored> {
    log.events(..).map(Result::unwrap).collect()
}

#[track_caller]
fn check_sound(log: &Log) {
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
}

fn backup(log: &Log) -> (Manifest, Vec<u8>) {
    let mut bytes = Vec::new();
    let manifest = log.backup(&mut bytes, &mut |_, _| true).unwrap();
    (manifest, bytes)
}

fn restore(bytes: &[u8], dir: &Path) -> Result<Manifest, BackupError> {
    engine::log::restore(&mut &*bytes, dir, &mut |_, _| true)
}

#[test]
fn a_restored_backup_is_the_log_it_was_taken_from() {
    let (dir, store) = new_store();
    filled(&store);
    let log = Log::open(&store, Mode::Existing).unwrap();
    let (manifest, bytes) = backup(&log);
    assert_eq!(manifest.position, 6000);
    append(&log, 6000..6010);
    let copy = dir.path().join("deep").join("copy.store");
    assert_eq!(restore(&bytes, &copy).unwrap(), manifest);
    let restored = Log::open(&copy, Mode::Existing).unwrap();
    check_sound(&restored);
    assert_eq!(stored(&restored), stored(&log)[..6000]);
    // What is appended next is committed to under salts of its own.
    append(&restored, 6000..6010);
    assert_eq!(restored.head_at(Position(6000)).unwrap(), log.head_at(Position(6000)).unwrap());
    assert_ne!(restored.commitment().unwrap(), log.commitment().unwrap());
    assert_eq!(restored.append_blocking(vec![event(17)], Time::from_ms(0)).unwrap().duplicates(), 1);
}

#[test]
fn a_backup_is_taken_while_events_arrive() {
    let (dir, store) = new_store();
    let log = Log::open(&store, Mode::Create).unwrap();
    append(&log, 0..3000);
    let (manifest, bytes) = std::thread::scope(|threads| {
        let writing = threads.spawn(|| (0..300).for_each(|i| append(&log, 3000 + i * 10..3010 + i * 10)));
        let taken = backup(&log);
        writing.join().unwrap();
        taken
    });
    let copy = dir.path().join("copy.store");
    restore(&bytes, &copy).unwrap();
    let restored = Log::open(&copy, Mode::Existing).unwrap();
    check_sound(&restored);
    assert_eq!(restored.head(), Position(manifest.position));
    assert_eq!(stored(&restored), stored(&log)[..manifest.position as usize]);
}

#[test]
fn a_backup_that_does_not_hold_is_refused_and_leaves_nothing() {
    let (dir, store) = new_store();
    filled(&store);
    let (_, bytes) = backup(&Log::open(&store, Mode::Existing).unwrap());
    let copy = dir.path().join("copy.store");
    let refused = |bytes: &[u8]| {
        let error = restore(bytes, &copy).unwrap_err();
        assert!(matches!(error, BackupError::Unfit(_)), "{error}");
        assert!(!copy.exists());
        let names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x.store"], "nothing is left behind");
    };
    for cut in (0..bytes.len()).step_by(bytes.len() / 23).chain([bytes.len() - 1]) {
        refused(&bytes[..cut]);
        let mut flipped = bytes.clone();
        flipped[cut] ^= 0x20;
        refused(&flipped);
    }
    fs::create_dir(&copy).unwrap();
    restore(&bytes, &copy).expect("an empty folder may stand there");
    assert!(matches!(restore(&bytes, &copy), Err(BackupError::Occupied(_))), "never over a store");
    assert_eq!(Log::open(&copy, Mode::Existing).unwrap().head(), Position(6000));
}

fn plan(store: &Path) -> Repair {
    Repair::plan(store, &mut |_, _| {}).unwrap()
}

#[test]
fn there_is_nothing_to_repair_in_a_sound_store() {
    let (_dir, store) = new_store();
    filled(&store);
    let plan = plan(&store);
    assert_eq!((plan.faults(), plan.head(), plan.lost()), (&[][..], Position(6000), Some(0)));
}

/// Overwrites every copy of the bytes that `find` finds in the database's file.
fn overwrite(store: &Path, find: &[u8], with: u8) -> usize {
    let path = store.join("sled").join("db");
    let mut bytes = fs::read(&path).unwrap();
    let places: Vec<usize> = bytes
        .windows(find.len())
        .enumerate()
        .filter(|(_, window)| window == &find)
        .map(|(at, _)| at)
        .collect();
    for place in &places {
        bytes[place + 60..place + 90].fill(with);
    }
    fs::write(&path, bytes).unwrap();
    places.len()
}

/// The beginning of the hot value of the block that begins at `first`, as the format draws it.
fn begins(bytes: &[u8], first: u64) -> Vec<u8> {
    let at = (0..bytes.len() - 16)
        .find(|at| bytes[*at..].starts_with(b"EFH1") && bytes[at + 8..at + 16] == first.to_le_bytes())
        .expect("the block is in the file");
    bytes[at..at + 20].to_vec()
}

#[test]
fn a_lost_block_costs_itself_and_what_follows_can_be_read() {
    let (_dir, store) = new_store();
    filled(&store);
    let bytes = fs::read(store.join("sled").join("db")).unwrap();
    let first = Log::open(&store, Mode::Existing).unwrap().first_positions().unwrap()[3];
    assert!(overwrite(&store, &begins(&bytes, first.0), 0) > 0);
    let plan = plan(&store);
    let head = Position(first.0 - 1);
    assert_eq!((plan.head(), plan.lost()), (head, Some(6000 - head.0)));
    let mut after = Vec::new();
    plan.readable_after(&mut |stored| after.push(stored)).unwrap();
    let repaired = plan.apply().unwrap();
    let aside = repaired.aside.unwrap();
    assert!(aside.join("sled").join("db").exists() && aside.join("WITNESS").exists());
    let log = Log::open(&store, Mode::Existing).unwrap();
    check_sound(&log);
    assert_eq!((log.head(), log.opening()), (head, &Opening::Healthy));
    let last_lost = after[0].position.0 - 1;
    assert!(last_lost > head.0 && after.len() as u64 == 6000 - last_lost);
    // What could be read goes in again, and only the block itself is lost.
    let events = after.into_iter().map(|stored| stored.event).collect();
    let receipt = log.append_blocking(events, Time::from_ms(9)).unwrap();
    assert_eq!(receipt.added() as u64, 6000 - last_lost);
}

#[test]
fn a_missing_or_foreign_witness_is_told_and_made_anew() {
    let (dir, store) = new_store();
    filled(&store);
    let other = dir.path().join("other.store");
    append(&Log::open(&other, Mode::Create).unwrap(), 0..10);
    let witness = store.join("WITNESS");
    let damages: [&dyn Fn(); 3] =
        [&|| fs::remove_file(&witness).unwrap(), &|| fs::write(&witness, [7; 5000]).unwrap(), &|| {
            assert!(fs::copy(other.join("WITNESS"), &witness).is_ok())
        }];
    for (witness_of, damage) in damages.into_iter().enumerate() {
        let witness =
            if witness_of == 0 { store.join("WITNESS") } else { store.join(format!("WITNESS.{witness_of}")) };
        if witness_of > 0 {
            fs::rename(&witness, store.join("WITNESS")).unwrap();
            damage();
            if store.join("WITNESS").exists() {
                fs::rename(store.join("WITNESS"), &witness).unwrap();
            }
        } else {
            damage();
        }
        let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err();
        assert!(matches!(error, LogError::Unwitnessed { .. }), "{error}");
        let plan = plan(&store);
        assert_eq!((plan.head(), plan.lost()), (Position(6000), None));
        plan.apply().unwrap();
        check_sound(&Log::open(&store, Mode::Existing).unwrap());
    }
}

#[test]
fn a_damaged_format_is_told_and_written_anew() {
    let (_dir, store) = new_store();
    filled(&store);
    let format = fs::read_to_string(store.join("FORMAT")).unwrap();
    for damaged in [format.replace("generation 0", "generation 3"), format[..30].to_owned(), String::new()] {
        fs::write(store.join("FORMAT"), damaged).unwrap();
        let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err();
        assert!(matches!(error, LogError::Broken { .. }), "{error}");
    }
    let plan = plan(&store);
    assert_eq!((plan.faults(), plan.lost()), (&["its FORMAT is damaged".to_owned()][..], Some(0)));
    plan.apply().unwrap();
    check_sound(&Log::open(&store, Mode::Existing).unwrap());
}

/// A `FORMAT` that names a generation before the one that is there made opening take the only database
/// for a draft, and erase it.
#[test]
fn an_older_format_put_back_never_has_the_database_erased() {
    let (_dir, store) = new_store();
    filled(&store);
    let older = fs::read(store.join("FORMAT")).unwrap();
    plan(&store).apply().unwrap();
    let database = fs::read(store.join("sled.1").join("db")).unwrap();
    fs::write(store.join("FORMAT"), older).unwrap();
    for mode in [Mode::Existing, Mode::Create] {
        let error = Log::open(&store, mode).map(drop).unwrap_err().to_string();
        assert!(error.contains("its FORMAT is older than its database"), "{error}");
    }
    assert!(fs::read(store.join("sled.1").join("db")).unwrap() == database);
    plan(&store).apply().unwrap();
    let log = Log::open(&store, Mode::Existing).unwrap();
    check_sound(&log);
    assert_eq!(log.head(), Position(6000));
}

/// One was told that there is no store, or to name another folder, and no repair took it; after two
/// repairs the database was not found. Being asked to make a store, the log opened the database at once.
#[test]
fn a_store_whose_format_is_lost_is_told_left_as_it_is_and_repaired() {
    let (_dir, store) = new_store();
    filled(&store);
    for _generation in 0..3 {
        fs::remove_file(store.join("FORMAT")).unwrap();
        let before = bytes_of_databases(&store);
        for mode in [Mode::Existing, Mode::Create] {
            let error = Log::open(&store, mode).map(drop).unwrap_err();
            assert!(matches!(error, LogError::Broken { .. }), "{error}");
            assert!(error.to_string().contains("its FORMAT is missing; `log repair`"), "{error}");
        }
        assert!(bytes_of_databases(&store) == before);
        let plan = plan(&store);
        assert_eq!((plan.head(), plan.lost()), (Position(6000), Some(0)));
        plan.apply().unwrap();
        check_sound(&Log::open(&store, Mode::Existing).unwrap());
    }
}

/// Every file of every database of the store.
fn bytes_of_databases(store: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folders =
        fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut all: Vec<_> = folders.map(|folder| (folder.clone(), bytes_below(&folder))).collect();
    all.sort();
    all
}

/// Its events were handed out as if they could be ingested again; and without any database the plan failed.
#[test]
fn nothing_is_read_from_the_database_of_another_store_or_from_none() {
    let (dir, store) = new_store();
    filled(&store);
    let other = dir.path().join("other.store");
    filled(&other);
    fs::remove_dir_all(store.join("sled")).unwrap();
    let nothing = |plan: &Repair| {
        plan.readable_after(&mut |stored| panic!("{} is handed out", stored.position)).unwrap();
        assert_eq!((plan.head(), plan.lost()), (Position::START, Some(6000)));
    };
    nothing(&plan(&store));
    let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err();
    assert!(matches!(error, LogError::RolledBack { lost: 6000, .. }), "{error}");
    fs::rename(other.join("sled"), store.join("sled")).unwrap();
    nothing(&plan(&store));
    let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err().to_string();
    assert!(error.contains("its database is that of another store"), "{error}");
}

#[test]
fn a_redacted_consultation_is_gone_and_everything_else_stands() {
    let (_dir, store) = new_store();
    filled(&store);
    let log = Log::open(&store, Mode::Existing).unwrap();
    let (before, all) = (backup(&log).0, stored(&log));
    drop(log);
    let gone: Vec<Position> = (411..=420).map(Position).collect();
    let held = values_with(&bytes_below(&store), &gone);
    let at = Time::from_ms(1_800_000_000_000);
    let redacted =
        engine::log::redact(&store, "c-41", Some("asked for"), at, &mut |_, _| {}).unwrap().unwrap();
    assert_eq!((&redacted.positions, redacted.head), (&gone, Position(6001)));

    let log = Log::open(&store, Mode::Existing).unwrap();
    check_sound(&log);
    let kept: Vec<Stored> = all.into_iter().filter(|stored| !gone.contains(&stored.position)).collect();
    assert_eq!(stored(&log), kept);
    let hot: usize = log.brief_blocks(..).map(|block| block.unwrap().events.len()).sum();
    assert_eq!(hot, 5990);
    let redactions = log.redactions(Position::START).unwrap();
    assert_eq!(
        (redactions.len(), redactions[0].position, &redactions[0].positions),
        (1, Position(6001), &gone)
    );
    assert_eq!((redactions[0].at, redactions[0].reason.as_deref()), (at, Some("asked for")));
    // The commitment of the events as they were still holds.
    let published = log.head_at(Position(6000)).unwrap().to_string();
    assert_eq!(published, format!("6000:{}", before.commitment));

    // No value that held it is left, and it does not come back.
    let everything = bytes_below(&store);
    assert!(!held.is_empty() && !memory_holds(&everything, &held));
    let again = log.append_blocking((410..420).map(event).collect(), Time::from_ms(0)).unwrap();
    assert!(again.fates.iter().all(|fate| matches!(fate, Fate::Refused(why) if why.contains("redacted"))));
    append(&log, 6000..6100);
    drop(log);
    assert_eq!(engine::log::redact(&store, "c-41", None, at, &mut |_, _| {}).unwrap(), None);
    engine::log::redact(&store, "c-7", None, at, &mut |_, _| {}).unwrap().unwrap();
    let log = Log::open(&store, Mode::Existing).unwrap();
    check_sound(&log);
    assert_eq!(log.redactions(Position::START).unwrap().len(), 2);

    // A backup carries what stays, and a repair as well.
    let (_, bytes) = backup(&log);
    let copy = store.with_file_name("copy.store");
    restore(&bytes, &copy).unwrap();
    let restored = Log::open(&copy, Mode::Existing).unwrap();
    check_sound(&restored);
    assert_eq!(stored(&restored), stored(&log));
    assert_eq!(restored.append_blocking(vec![event(415)], Time::from_ms(0)).unwrap().rejected(), 1);
}

/// The beginnings (header and checksum) of all values in `bytes` that hold one of those positions.
fn values_with(bytes: &[u8], positions: &[Position]) -> Vec<[u8; 48]> {
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let headers =
        (0..bytes.len().saturating_sub(48)).filter(|at| matches!(&bytes[*at..*at + 4], b"EFH1" | b"EFC1"));
    let holds = |at: &usize| {
        let (first, count) = (number(at + 8, 8), number(at + 16, 4));
        positions.iter().any(|position| (first..first.saturating_add(count)).contains(&position.0))
    };
    headers.filter(holds).filter_map(|at| bytes[at..].first_chunk().copied()).collect()
}

fn memory_holds(bytes: &[u8], headers: &[[u8; 48]]) -> bool {
    bytes.windows(48).any(|window| window.starts_with(b"EF") && headers.iter().any(|header| header == window))
}

fn bytes_below(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => bytes.extend(bytes_below(&entry.path())),
            false => bytes.extend(fs::read(entry.path()).unwrap()),
        }
    }
    bytes
}
