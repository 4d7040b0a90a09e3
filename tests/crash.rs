//! What happens to a log when its process, its disk or its folder fails.
//!
//! Each test runs a part of itself in a second process: this program again, told by a variable which
//! part to play, so that it can be killed or starved without harm to the others.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use engine::log::{Log, LogError, Mode, Position};
use event::{Event, Payload, Time};

const PART: &str = "EVENFIELD_CRASH_PART";
const STORE: &str = "EVENFIELD_CRASH_STORE";

fn event(id: u64) -> Event {
    let payload = Payload::Dropped { reason: Some(format!("{:x}", id.wrapping_mul(0x9E37_79B9_7F4A_7C15))) };
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
    let log = Log::open(&PathBuf::from(store), Mode::Create).unwrap();
    match part.as_str() {
        "append" => panic!("{}", append_until_it_fails(&log)),
        "fill" => {
            println!("failed: {}", append_until_it_fails(&log));
            let again = log.append_blocking(vec![event(u64::MAX)], Time::from_ms(0)).unwrap_err();
            println!("again: {again}");
            println!("readable: {}", log.events(..).filter(Result::is_ok).count());
        }
        "hold" => {
            println!("open: {}", log.head());
            std::thread::park();
        }
        part => panic!("no such part: {part}"),
    }
}

/// Appends groups of all sizes and says what was acknowledged, for as long as that goes well.
fn append_until_it_fails(log: &Log) -> LogError {
    let mut next = log.head().0;
    for count in [1, 7, 300, 1, 5000, 2].into_iter().cycle() {
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

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    for round in 0..8_u64 {
        let mut second = Second::start("append", &store, this_program());
        let mut acknowledged = 0;
        let lifetime = Duration::from_micros(1000 + round * round * 5003);
        let mut end = None;
        while let Some(told) = second.told("acknowledged: ") {
            acknowledged = told.parse().unwrap();
            if Instant::now() >= *end.get_or_insert_with(|| Instant::now() + lifetime) {
                second.process.kill().unwrap();
            }
        }
        drop(second);
        assert!(acknowledged > 0);
        check_after(&store, acknowledged);
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
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("x.store");
    drop(Log::open(&store, Mode::Create).unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 20000; exec \"$0\" \"$@\""]);
    shell.arg(std::env::current_exe().unwrap());
    let mut second = Second::start("fill", &store, shell);
    let (mut acknowledged, mut failed) = (0, None);
    while failed.is_none() {
        let Some(line) = second.told(": ") else { break };
        match line.parse::<u64>() {
            Ok(position) => acknowledged = position,
            Err(_) => failed = Some(line),
        }
    }
    let failed = failed.expect("the disk is full before long");
    assert!(acknowledged > 0 && failed.to_lowercase().contains("file too large"), "{acknowledged} {failed}");
    let again = second.told("again: ").unwrap();
    assert!(again.contains("takes no more events"), "{again}");
    assert_eq!(second.told("readable: ").unwrap(), acknowledged.to_string());
    drop(second);
    check_after(&store, acknowledged);
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
