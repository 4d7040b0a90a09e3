//! What must hold whatever has happened to a store.
//!
//! One that opens has everything that was acknowledged, and keeps what is appended; one that is refused
//! is left as it was, and repaired as far as it can be proven. Only forged checksums get past opening,
//! and `verify` finds what they hide.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::log::{Log, LogError, Mode, Opening, Position, Repair, Stored, look};

use super::base::{Base, append, event};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// How opening a store ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Healthy,
    Torn,
    Rewritten,
    /// It opens, and only verification finds what is wrong.
    Hidden,
    RolledBack,
    Damaged,
    Broken,
    Unwitnessed,
    Format,
    Io,
}

impl End {
    fn of(error: &LogError) -> Self {
        match error {
            LogError::RolledBack { .. } => Self::RolledBack,
            LogError::Damaged { .. } => Self::Damaged,
            LogError::Broken { .. } => Self::Broken,
            LogError::Unwitnessed { .. } => Self::Unwitnessed,
            LogError::Format { .. } => Self::Format,
            LogError::Io { .. } => Self::Io,
            other => panic!("no end that a damaged store may come to: {other}"),
        }
    }

    /// Its name in the table for users.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Torn => "torn",
            Self::Rewritten => "rewritten",
            Self::Hidden => "found by `log verify`",
            Self::RolledBack => "rolled back",
            Self::Damaged => "damaged",
            Self::Broken => "broken",
            Self::Unwitnessed => "unwitnessed",
            Self::Format => "other format",
            Self::Io => "cannot be read",
        }
    }
}

/// Opens the store in `dir`, a harmed copy of `base` of which `known` events were acknowledged, holds it
/// to the law, and tells how opening ended.
pub(super) fn hold(base: &Base, known: u64, is_signed: bool, dir: &Path) -> End {
    // Where nothing is wrong with the file, the database is opened, which tidies its files.
    let files = |dir: &Path| files(dir, !is_signed);
    let before = files(dir);
    let seen = looked(dir);
    match Log::open(dir, Mode::Existing) {
        Ok(log) => {
            check_foreseen(&seen, &log);
            let end = match log.opening() {
                Opening::Healthy => End::Healthy,
                Opening::Torn { .. } => End::Torn,
                Opening::Rewritten { aside, .. } => {
                    assert!(aside.join("sled").is_dir() && aside.join("WITNESS").is_file());
                    End::Rewritten
                }
                other => panic!("{other:?}"),
            };
            if !log.verify(&mut |_, _| {}).is_sound() {
                drop(log);
                check_repair(base, None, is_signed, dir);
                return End::Hidden;
            }
            assert!(log.head().0 >= known, "acknowledged events are missing: {}", log.head());
            check_whole(base, log.head().0, log);
            check_goes_on(base, dir);
            end
        }
        Err(error) => {
            assert_eq!(
                seen.map(|seen| seen.head),
                Err(End::of(&error)),
                "what a look does not foresee: {error}"
            );
            check_untouched(&before, &files(dir), "a refused open");
            let again = Log::open(dir, Mode::Create).map(drop).expect_err("making it is no more forgiving");
            assert_eq!(End::of(&error), End::of(&again));
            check_untouched(&before, &files(dir), "a refused open");
            check_repair(base, Some(&error), is_signed, dir);
            End::of(&error)
        }
    }
}

/// What a look has found.
#[derive(Debug)]
struct Seen {
    head: Position,
    faults: Vec<String>,
}

/// What a look finds, which changes nothing, and not even signs the lock.
fn looked(dir: &Path) -> Result<Seen, End> {
    let lock = || fs::read(dir.join("LOCK")).ok();
    let before = (files(dir, true), lock());
    let seen =
        look(dir, &mut |_, _| {}).map(|look| Seen { head: look.head(), faults: look.faults().to_vec() });
    let seen = seen.map_err(|error| End::of(&error));
    check_untouched(&before.0, &files(dir, true), "a look");
    assert_eq!(before.1, lock(), "a look has signed the lock");
    seen
}

/// Checks that a look foresaw how `log` opened.
fn check_foreseen(seen: &Result<Seen, End>, log: &Log) {
    let is_rewritten = matches!(log.opening(), Opening::Rewritten { .. });
    match seen {
        Ok(seen) => {
            assert_eq!(!seen.faults.is_empty(), is_rewritten, "{:?}, {:?}", seen.faults, log.opening());
            assert!(seen.head == log.head(), "a look saw {}, and there are {}", seen.head, log.head());
        }
        Err(end) => assert!(!log.verify(&mut |_, _| {}).is_sound(), "a look says {end:?} of a sound log"),
    }
}

/// Every file but the lock.
fn files(dir: &Path, with_database: bool) -> Files {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with("LOCK") => {}
                false if !with_database && path.components().any(|part| part.as_os_str() == "sled") => {}
                false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
            }
        }
    }
    found
}

fn check_untouched(before: &Files, after: &Files, by: &str) {
    assert!(before.keys().eq(after.keys()), "{by} has changed which files there are: {:?}", after.keys());
    let changed: Vec<_> =
        before.iter().filter(|(path, bytes)| after[*path] != **bytes).map(|(path, _)| path).collect();
    assert!(changed.is_empty(), "{by} has changed {changed:?}");
}

/// Checks that `log` holds the first `head` events, and closes it.
fn check_whole(base: &Base, head: u64, log: Log) {
    let stored: Vec<Stored> = log.events(..).map(Result::unwrap).collect();
    assert!(stored == base.events[..head as usize], "the log holds other events");
}

/// Appends to a log that opened, and looks for everything after opening it again.
fn check_goes_on(base: &Base, dir: &Path) {
    let log = Log::open(dir, Mode::Existing).unwrap();
    assert_eq!(log.opening(), &Opening::Healthy, "what was told once is mended");
    let head = log.head().0;
    append(&log, (0..100).map(|id| event(50_000 + id, 100)));
    drop(log);
    let log = Log::open(dir, Mode::Existing).unwrap();
    assert_eq!((log.opening(), log.head().0), (&Opening::Healthy, head + 100));
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    let stored: Vec<Stored> = log.events(..).map(Result::unwrap).collect();
    assert!(stored[..head as usize] == base.events[..head as usize], "events are gone or others");
    let late = stored[head as usize..].iter().map(|stored| stored.event.clone());
    assert!(late.eq((0..100).map(|id| event(50_000 + id, 100))), "what was appended is gone or other");
}

/// Repairs a store that was refused with `error`, if it is a store at all.
fn check_repair(base: &Base, error: Option<&LogError>, is_signed: bool, dir: &Path) {
    let plan = match Repair::plan(dir, &mut |_, _| {}) {
        Ok(plan) => plan,
        Err(LogError::Format { .. } | LogError::Io { .. }) => return,
        Err(error) => panic!("no plan: {error}"),
    };
    let (head, lost) = (plan.head(), plan.lost());
    // Files that may not be read or written have no fault of their own.
    let is_told = matches!(error, None | Some(LogError::Io { .. })) || !plan.faults().is_empty();
    assert!(head.0 <= base.head() && is_told);
    match error {
        Some(LogError::RolledBack { head: told, lost: all, .. }) => {
            assert_eq!((*told, Some(*all)), (head, lost), "a repair is told what an opening is told");
        }
        Some(LogError::Damaged { position, .. }) => assert_eq!(*position, head.next()),
        _ => {}
    }
    let mut last = head;
    let read = plan.readable_after(&mut |stored| {
        assert!(stored.position > last, "in order and once");
        last = stored.position;
        // What a forger has written is readable, and lies behind what can be proven.
        let is_known = stored == base.events[last.0 as usize - 1];
        assert!(is_known || is_signed, "{} is another event", stored.position);
    });
    read.unwrap();
    let keyless = plan.faults().iter().any(|fault| fault.contains("nothing can be proven"));
    let before = files(dir, true);
    match plan.apply() {
        Ok(repaired) => {
            assert_eq!(repaired.head, head);
            let log = Log::open(dir, Mode::Existing).unwrap();
            assert_eq!((log.opening(), log.head()), (&Opening::Healthy, head));
            check_whole(base, head.0, log);
            check_goes_on(base, dir);
        }
        Err(error) => {
            assert!(keyless && head == Position::START, "{error}");
            check_untouched(&before, &files(dir, true), "a repair that is not possible");
        }
    }
}
