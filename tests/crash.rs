//! What happens to a log when its process, its disk or its folder fails.
//!
//! Each test runs a part of itself in a second process: this program again, told by a variable which
//! part to play, so that it can be killed or starved without harm to the others. Moments of death are drawn
//! from a seed that is printed; 40 rounds in all, and 200 with `EVENFIELD_CASES` of 5 or more.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use engine::log::{BackupError, Log, LogError, Mode, Position, Repair};
use event::{Event, Payload, Time};

const PART: &str = "EVENFIELD_CRASH_PART";
const STORE: &str = "EVENFIELD_CRASH_STORE";

/// What nothing else says, and what does not get smaller when it is packed.
fn word(id: u64) -> String {
    let mut draw = Draw(id);
    (0..12).map(|_| char::from(b'#' + draw.below(90) as u8)).collect()
}

fn event(id: u64) -> Event {
    let payload = Payload::Dropped { reason: Some(word(id)) };
    Event::new("urn:example:a", format!("e-{id}"), format!("c-{}", id / 4), Time::from_ms(id as i64), payload)
}

/// A second process, killed at the latest when it is dropped.
struct Second {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Second {
    fn start(part: &str, store: &Path, mut command: Command) -> Self {
        let mut process = command
            .args(["--exact", "crash::the_second_process", "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .env(STORE, store)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The rest of the next line that begins with `word`.
    fn told(&mut self, word: &str) -> Option<String> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| line.split_once(word).map(|(_, rest)| rest.trim().to_owned()))
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// No test of its own: what the second process does. Without being told, nothing.
#[test]
fn the_second_process() {
    let (Ok(part), Ok(store)) = (std::env::var(PART), std::env::var(STORE)) else { return };
    let store = PathBuf::from(store);
    let open = || Log::open(&store, Mode::Create).unwrap();
    match part.as_str() {
        "append" => panic!("{}", append_until_it_fails(&open(), &[1, 7, 300, 1, 5000, 2])),
        "seal" => panic!("{}", append_until_it_fails(&open(), &SEALING)),
        "fill" => fill(&open(), &[1, 7, 300, 1, 5000, 2]),
        "back up" => panic!("{}", back_up_until_it_fails(&open(), &store)),
        "back up and fill" => println!("failed: {}", back_up_until_it_fails(&open(), &store)),
        "repair" => loop {
            let repaired = plan(&store).apply().unwrap();
            println!("repaired: {}", repaired.head);
        },
        "repair and fill" => println!("failed: {}", plan(&store).apply().unwrap_err()),
        "redact" => {
            for number in 0.. {
                redact(&store, number).unwrap();
            }
        }
        "redact and fill" => println!("failed: {}", redact(&store, 0).unwrap_err()),
        "hold" => {
            let log = open();
            println!("open: {}", log.head());
            std::thread::park();
        }
        part => panic!("no such part: {part}"),
    }
}

/// Events in drops until a dozen of blocks become one, and then enough for a whole unit.
const SEALING: [u64; 72] = {
    let mut counts = [1; 72];
    counts[35] = 40;
    counts[71] = 4000;
    counts
};

fn fill(log: &Log, counts: &[u64]) {
    println!("failed: {}", append_until_it_fails(log, counts));
    let again = log.append_blocking(vec![event(u64::MAX)], Time::from_ms(0)).unwrap_err();
    println!("again: {again}");
    println!("readable: {}", log.events(..).filter(Result::is_ok).count());
}

/// Writes one backup after the other into files of their own, which do not grow beyond what a disk has.
fn back_up_until_it_fails(log: &Log, store: &Path) -> BackupError {
    let mut number = 0;
    let mut file = fs::File::create(store.with_extension("0")).unwrap();
    loop {
        if let Err(error) = log.backup(&mut file, &mut |_, _| true) {
            return error;
        }
        number += 1;
        println!("backed up: {number}");
        if std::env::var(PART).is_ok_and(|part| part == "back up") {
            file = fs::File::create(store.with_extension(number.to_string())).unwrap();
        }
    }
}

fn plan(store: &Path) -> Repair {
    Repair::plan(store, &mut |_, _| {}).unwrap()
}

fn redact(store: &Path, number: u64) -> Result<(), LogError> {
    let at = Time::from_ms(0);
    engine::log::redact(store, &format!("c-{number}"), None, at, &mut |_, _| {})?.unwrap();
    println!("redacted: {}", number + 1);
    Ok(())
}

/// Appends groups of all sizes and says what was acknowledged, for as long as that goes well.
fn append_until_it_fails(log: &Log, counts: &[u64]) -> LogError {
    let mut next = log.head().0;
    for count in counts.iter().cycle() {
        // Some of what came before comes again.
        let events = (next.saturating_sub(3)..next + count).map(event).collect();
        match log.append_blocking(events, Time::from_ms(next as i64)) {
            Ok(receipt) => assert_eq!(receipt.head, Position(next + count)),
            Err(error) => return error,
        }
        next += count;
        println!("acknowledged: {next}");
    }
    unreachable!("a cycle does not end")
}

/// Everything acknowledged is there, and nothing but what was sent, in its order.
fn check_after(store: &Path, acknowledged: u64) {
    let log = Log::open(store, Mode::Existing).unwrap();
    assert!(log.head().0 >= acknowledged, "{acknowledged} were acknowledged and {} are there", log.head());
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    for (number, stored) in log.events(..).map(Result::unwrap).enumerate() {
        assert_eq!((stored.position.0, stored.event), (number as u64 + 1, event(number as u64)));
    }
    let again = (acknowledged.saturating_sub(100)..acknowledged).map(event).collect();
    assert_eq!(log.append_blocking(again, Time::from_ms(0)).unwrap().added(), 0);
}

/// Numbers that look drawn, and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 1) % end
    }
}

/// Eight rounds, or up to forty where there is time for them; each has its seed.
fn rounds(what: &str) -> impl Iterator<Item = (u64, Draw)> {
    let times = std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    (0..8 * u64::clamp(times, 1, 5)).map(move |seed| {
        println!("{what}: seed {seed}");
        (seed, Draw(seed))
    })
}

impl Second {
    /// Kills it some while after it has said `word` so many times; tells what it said last, zero if nothing.
    fn kill_after(mut self, word: &str, times: u64, moment: Duration) -> u64 {
        let mut last = 0;
        for _ in 0..times {
            last = self.told(word).expect("it goes on").parse().unwrap();
        }
        let end = Instant::now() + moment;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_micros(50));
        }
        self.process.kill().unwrap();
        while let Some(told) = self.told(word) {
            last = told.parse().unwrap();
        }
        last
    }
}

fn micros(draw: &mut Draw, most: u64) -> Duration {
    // Small moments as often as large ones.
    let scale = 1 + draw.below(4);
    Duration::from_micros(draw.below(most >> (2 * (scale - 1)).min(8)))
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    for part in ["append", "seal"] {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("x.store");
        for (_, mut draw) in rounds(part) {
            let times = 1 + draw.below(if part == "seal" { 150 } else { 12 });
            let second = Second::start(part, &store, this_program());
            let acknowledged = second.kill_after("acknowledged: ", times, micros(&mut draw, 60_000));
            assert!(acknowledged > 0);
            check_after(&store, acknowledged);
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_folder(&path, &copy) } else { assert!(fs::copy(&path, &copy).is_ok()) }
    }
}

/// A store of 2,400 events in blocks of a few.
fn filled(store: &Path) {
    let log = Log::open(store, Mode::Create).unwrap();
    for first in (0..2400).step_by(80) {
        log.append_blocking((first..first + 80).map(event).collect(), Time::from_ms(0)).unwrap();
    }
}

fn events(log: &Log) -> Vec<Event> {
    log.events(..).map(|stored| stored.unwrap().event).collect()
}

#[track_caller]
fn check_sound(log: &Log) {
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
}

/// A backup that was told of is one; what a kill leaves of the next is whole or refused.
#[test]
fn a_killed_backup_is_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    filled(&store);
    let restored = |number: u64| {
        let copy = dir.path().join("copy.store");
        let mut file = fs::File::open(store.with_extension(number.to_string())).ok()?;
        match engine::log::restore(&mut file, &copy, &mut |_, _| true) {
            Ok(manifest) => {
                let log = Log::open(&copy, Mode::Existing).unwrap();
                check_sound(&log);
                assert_eq!((manifest.position, events(&log)), (2400, (0..2400).map(event).collect()));
                drop(log);
                fs::remove_dir_all(&copy).unwrap();
                Some(true)
            }
            Err(BackupError::Unfit(_)) => {
                assert!(!copy.exists());
                Some(false)
            }
            Err(error) => panic!("{error}"),
        }
    };
    for (_, mut draw) in rounds("back up") {
        let second = Second::start("back up", &store, this_program());
        let done = second.kill_after("backed up: ", draw.below(6), micros(&mut draw, 40_000));
        if done > 0 {
            assert_eq!(restored(done - 1), Some(true), "it was told of");
        }
        restored(done);
        assert_eq!(Log::open(&store, Mode::Existing).unwrap().head(), Position(2400));
        for number in 0..=done {
            let _ = fs::remove_file(store.with_extension(number.to_string()));
        }
    }
}

/// A store with a hole in the middle of its events; tells how many can be proven.
fn damaged(store: &Path) -> u64 {
    filled(store);
    let first = Log::open(store, Mode::Existing).unwrap().first_positions().unwrap()[15];
    let path = store.join("sled").join("db");
    let mut bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() - 100 {
        if bytes[at..].starts_with(b"EFH1") && bytes[at + 8..].starts_with(&first.0.to_le_bytes()) {
            bytes[at + 60..at + 90].fill(0);
        }
    }
    fs::write(&path, bytes).unwrap();
    assert!(Log::open(store, Mode::Existing).is_err());
    let head = plan(store).head().0;
    assert_eq!(head, first.0 - 1);
    head
}

/// Whichever generation counts, what could be proven can be, and what was there is kept aside.
#[test]
fn a_killed_repair_has_not_happened_or_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let origin = dir.path().join("origin.store");
    let provable = damaged(&origin);
    let before = fs::read(origin.join("sled").join("db")).unwrap();
    for (seed, mut draw) in rounds("repair") {
        let store = dir.path().join(format!("{seed}.store"));
        copy_folder(&origin, &store);
        let second = Second::start("repair", &store, this_program());
        let told = second.kill_after("repaired: ", draw.below(3), micros(&mut draw, 250_000));
        let log = match Log::open(&store, Mode::Existing) {
            Ok(log) => log,
            Err(error) => {
                assert_eq!(told, 0, "it was told that it is repaired: {error}");
                assert_eq!(fs::read(store.join("sled").join("db")).unwrap(), before, "it is as it was");
                assert_eq!(plan(&store).apply().unwrap().head, Position(provable));
                Log::open(&store, Mode::Existing).unwrap()
            }
        };
        check_sound(&log);
        assert_eq!(events(&log), (0..provable).map(event).collect::<Vec<_>>());
        assert_eq!(fs::read(store.join("damaged.0").join("sled").join("db")).unwrap(), before);
        drop(log);
        fs::remove_dir_all(&store).unwrap();
    }
}

/// Whether `bytes` stand in any file below `dir`.
fn is_below(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => is_below(&path, bytes),
        false => fs::read(&path).unwrap().windows(bytes.len()).any(|there| there == bytes),
    })
}

/// A store of 20 consultations in blocks of their own; tells how the values of each begin, checksum and all.
///
/// Texts are packed, so that looking for them would prove nothing.
fn one_by_one(store: &Path) -> Vec<Vec<Vec<u8>>> {
    let log = Log::open(store, Mode::Create).unwrap();
    for first in (0..80).step_by(4) {
        log.append_blocking((first..first + 4).map(event).collect(), Time::from_ms(0)).unwrap();
    }
    drop(log);
    let bytes = fs::read(store.join("sled").join("db")).unwrap();
    let values = |number: u64| -> Vec<Vec<u8>> {
        let first = (4 * number + 1).to_le_bytes();
        let begins = |at: &usize| bytes[*at..].starts_with(b"EFH1") || bytes[*at..].starts_with(b"EFC1");
        let own = |at: &usize| begins(at) && bytes[at + 8..].starts_with(&first);
        (0..bytes.len() - 64).filter(own).map(|at| bytes[at..at + 48].to_vec()).collect()
    };
    let values: Vec<_> = (0..20).map(values).collect();
    assert!(values.iter().all(|values| values.len() >= 2));
    values
}

#[test]
fn a_killed_redaction_has_not_happened_or_left_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let origin = dir.path().join("origin.store");
    let values = one_by_one(&origin);
    for (seed, mut draw) in rounds("redact") {
        let store = dir.path().join(format!("{seed}.store"));
        copy_folder(&origin, &store);
        let second = Second::start("redact", &store, this_program());
        let told = second.kill_after("redacted: ", draw.below(4), micros(&mut draw, 150_000));
        let log = Log::open(&store, Mode::Existing).unwrap();
        check_sound(&log);
        let gone = log.redactions(Position::START).unwrap().len() as u64;
        assert!(gone == told || gone == told + 1, "{gone} are gone and {told} were told of");
        assert_eq!(events(&log), (4 * gone..80).map(event).collect::<Vec<_>>());
        for value in values[..gone as usize].iter().flatten() {
            assert!(!is_below(&store, value), "something is left");
        }
        let next = &values[gone as usize][0];
        assert!(is_below(&store, next), "the others are there to be found");
        drop(log);
        fs::remove_dir_all(&store).unwrap();
    }
}

/// Killed before it ever says anything: while the store is made, locked or recovered.
#[test]
fn a_kill_while_opening_leaves_a_store_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..10_u64 {
        let store = dir.path().join(format!("{}.store", round % 2));
        let mut second = Second::start("append", &store, this_program());
        let end = Instant::now() + Duration::from_micros(2000 + round * 2500);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        second.process.kill().unwrap();
        drop(second);
        let log = Log::open(&store, Mode::Create).unwrap();
        assert!(log.verify(&mut |_, _| {}).is_sound());
    }
}

#[test]
fn a_second_process_is_told_which_one_holds_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    let mut second = Second::start("hold", &store, this_program());
    assert_eq!(second.told("open: ").as_deref(), Some("0"));
    let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err().to_string();
    let wanted = format!("x.store is in use by process {}", second.process.id());
    assert!(error.contains(&wanted) && error.contains("stop it, or read a copy"), "{error}");
    drop(second);
    drop(Log::open(&store, Mode::Existing).unwrap());
}

/// A limit on the size of files stands for a full disk: it needs no rights, and writes fail alike.
#[cfg(unix)]
fn with_a_disk_of(blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(std::env::current_exe().unwrap());
    shell
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    // Sealing is left out: a write that fails under both at once can leave the database waiting for ever.
    for part in ["fill"] {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("x.store");
        drop(Log::open(&store, Mode::Create).unwrap());
        let mut second = Second::start(part, &store, with_a_disk_of(20_000));
        let (mut acknowledged, mut failed) = (0, None);
        while failed.is_none() {
            let Some(line) = second.told(": ") else { break };
            match line.parse::<u64>() {
                Ok(position) => acknowledged = position,
                Err(_) => failed = Some(line),
            }
        }
        let failed = failed.expect("the disk is full before long");
        let is_told = failed.to_lowercase().contains("file too large");
        assert!(acknowledged > 0 && is_told, "{acknowledged} {failed}");
        let again = second.told("again: ").unwrap();
        assert!(again.contains("takes no more events"), "{again}");
        // What can be read meanwhile is what was acknowledged; the database may refuse to read at all.
        let readable: u64 = second.told("readable: ").unwrap().parse().unwrap();
        assert!(readable <= acknowledged, "{readable}");
        drop(second);
        check_after(&store, acknowledged);
    }
}

#[cfg(unix)]
#[test]
fn a_backup_that_fills_the_disk_is_told_and_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    filled(&store);
    let mut second = Second::start("back up and fill", &store, with_a_disk_of(20_000));
    let failed = second.told("failed: ").unwrap();
    assert!(failed.to_lowercase().contains("could not write the backup: file too large"), "{failed}");
    drop(second);
    let bytes = fs::read(store.with_extension("0")).unwrap();
    let magic = b"evenfield backup 1\n";
    let last = bytes.windows(magic.len()).rposition(|bytes| bytes == magic).unwrap();
    let copy = dir.path().join("copy.store");
    let error = engine::log::restore(&mut &bytes[last..], &copy, &mut |_, _| true).unwrap_err();
    assert!(matches!(error, BackupError::Unfit(_)) && !copy.exists(), "{error}");
    check_after(&store, 2400);
}

/// Neither can write the next generation: the one that is there stays as it was.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_anew_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (sound, harmed) = (dir.path().join("sound.store"), dir.path().join("harmed.store"));
    filled(&sound);
    let provable = damaged(&harmed);
    let harmed_bytes = fs::read(harmed.join("sled").join("db")).unwrap();
    for (part, store) in [("redact and fill", &sound), ("repair and fill", &harmed)] {
        let mut second = Second::start(part, store, with_a_disk_of(100));
        let failed = second.told("failed: ").unwrap();
        assert!(failed.to_lowercase().contains("file too large"), "{failed}");
    }
    check_after(&sound, 2400);
    assert_eq!(fs::read(harmed.join("sled").join("db")).unwrap(), harmed_bytes);
    assert_eq!(plan(&harmed).apply().unwrap().head, Position(provable));
    check_after(&harmed, provable);
}

/// Whoever may do anything may also write into a folder that is read-only: then there is nothing to see.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("closed");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(folder.join("probe"), "").is_ok() {
        return;
    }
    let error = Log::open(&folder.join("x.store"), Mode::Create).map(drop).unwrap_err().to_string();
    assert!(error.contains("could not make the folder") && error.contains("may be written"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_store_that_may_no_longer_be_written_is_told_and_loses_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    filled(&store);
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let (db, witness, lock) = (store.join("sled").join("db"), store.join("WITNESS"), store.join("LOCK"));
    allow(&db, 0o444);
    if fs::OpenOptions::new().append(true).open(&db).is_ok() {
        return;
    }
    allow(&db, 0o644);
    for (path, closed, open) in [(&db, 0o444, 0o644), (&witness, 0o444, 0o644), (&lock, 0o444, 0o644)] {
        allow(path, closed);
        let error = Log::open(&store, Mode::Existing).map(drop).unwrap_err().to_string();
        assert!(error.contains("may be written"), "{error}");
        allow(path, open);
        check_after(&store, 2400);
    }
    allow(&store, 0o555);
    let opened = Log::open(&store, Mode::Existing).map(drop);
    allow(&store, 0o755);
    assert!(opened.is_ok(), "nothing is written into the folder itself: {opened:?}");
    check_after(&store, 2400);
}
