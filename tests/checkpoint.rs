//! Checkpoints as users meet them: answers come sooner and are the same, whatever becomes of the file.

use std::fs;
use std::path::{Path, PathBuf};

use engine::log::{Log, Mode};
use engine::replay::{READING, Request, Watch, checkpoint, keep, sheet};
use event::Dimension;
use tempfile::TempDir;

use crate::command::{folder, run, run_on};

/// A store that is large enough for a checkpoint, and a few events more in `rest.ndjson`.
fn large() -> TempDir {
    let dir = folder();
    run(dir.path(), ["synth", "national", "--consultations", "32000", "-q", "-o", "all.ndjson"]).ok();
    let all = fs::read_to_string(dir.path().join("all.ndjson")).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    let (most, rest) = lines.split_at(lines.len() - 3_000);
    fs::write(dir.path().join("most.ndjson"), most.join("\n")).unwrap();
    fs::write(dir.path().join("rest.ndjson"), rest.join("\n")).unwrap();
    run(dir.path(), ["ingest", "-q", "most.ndjson"]).ok();
    dir
}

/// The first consultation of which somebody joined a call: source, name and when, in JSON.
fn first_call(dir: &Path) -> [serde_json::Value; 3] {
    let most = fs::read_to_string(dir.join("most.ndjson")).unwrap();
    let joined = most.lines().find(|line| line.contains(".joined.")).unwrap();
    let joined: serde_json::Value = serde_json::from_str(joined).unwrap();
    ["source", "subject", "time"].map(|field| joined[field].clone())
}

fn file(dir: &Path) -> PathBuf {
    dir.join("evenfield.store/derived/checkpoint-15000")
}

/// What is asked here of every store.
fn answers(dir: &Path, fresh: bool) -> Vec<String> {
    let asks: [&[&str]; 3] = [
        &["totals", "--by", "service", "--json"],
        &["totals", "--where", "appointment=follow_up", "--json"],
        &["compare", "--by", "network", "--measure", "undisturbed,recovery_ms,audio_over_10s", "--json"],
    ];
    let fresh: &[&str] = if fresh { &["--fresh"] } else { &[] };
    asks.map(|ask| run(dir, [ask, fresh].concat()).ok()).to_vec()
}

#[test]
fn answers_are_the_same_with_a_checkpoint_and_without() {
    let dir = large();
    let wanted = answers(dir.path(), true);
    assert!(!file(dir.path()).exists(), "--fresh keeps none");
    assert_eq!(answers(dir.path(), false), wanted);
    let kept = fs::read(file(dir.path())).unwrap();
    assert_eq!(answers(dir.path(), false), wanted, "from the checkpoint");

    // Late feedback, new consultations and calls that go on: few enough to be read behind it.
    let [source, subject, time] = first_call(dir.path());
    let late = format!(
        r#"{{"specversion":"1.0","id":"late-1","source":{source},"type":"evenfield.consultation.dropped.v1","subject":{subject},"time":{time},"data":{{"participant":"p-late","role":"patient"}}}}"#
    );
    fs::write(dir.path().join("late.ndjson"), late).unwrap();
    run(dir.path(), ["ingest", "-q", "late.ndjson"]).ok();
    run(dir.path(), ["ingest", "-q", "rest.ndjson"]).ok();
    let more = answers(dir.path(), true);
    assert_ne!(more, wanted);
    assert_eq!(answers(dir.path(), false), more, "behind the checkpoint");
    assert_eq!(fs::read(file(dir.path())).unwrap(), kept, "so little is read again, not kept");
    assert!(run(dir.path(), ["log", "verify"]).ok().starts_with("sound"));
    assert!(file(dir.path()).exists(), "one that holds is left alone");

    // As of an earlier instant consultations are open again that were over.
    let until = ["totals", "--until", "2025-11-20T12:00:00Z", "--json"];
    let fresh = run(dir.path(), [&until[..], &["--fresh"]].concat()).ok();
    assert_eq!(run(dir.path(), until).ok(), fresh);
    // Another grace is another reading, with a checkpoint of its own.
    let grace = ["totals", "--grace-ms", "60000", "--json"];
    let fresh = run(dir.path(), [&grace[..], &["--fresh"]].concat()).ok();
    assert_eq!(run(dir.path(), grace).ok(), fresh);
    assert_ne!(fresh, run(dir.path(), ["totals", "--json"]).ok());
    assert!(file(dir.path()).with_file_name("checkpoint-60000").exists());
}

/// What can happen to a file, and its name.
type Harm = (&'static str, fn(&mut Vec<u8>));

#[test]
fn whatever_becomes_of_the_file_the_answer_is_the_same() {
    let dir = large();
    let wanted = answers(dir.path(), true);
    answers(dir.path(), false);
    let sound = fs::read(file(dir.path())).unwrap();
    let harm: [Harm; 6] = [
        ("emptied", |bytes| bytes.clear()),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("its end flipped", |bytes| *bytes.last_mut().unwrap() ^= 1),
        ("a byte of its rows flipped", |bytes| bytes[5_000] ^= 4),
        ("a byte of its index flipped", |bytes| {
            let at = bytes.len() - 200;
            bytes[at] ^= 16;
        }),
        ("of another kind", |bytes| *bytes = b"not a checkpoint at all, but long enough to be one".to_vec()),
    ];
    for (how, harm) in harm {
        let mut bytes = sound.clone();
        harm(&mut bytes);
        fs::write(file(dir.path()), &bytes).unwrap();
        let told = run(dir.path(), ["totals", "--by", "service", "--json"]);
        assert!(
            told.err.contains("the checkpoint in") && told.err.contains("made anew"),
            "{how}: {}",
            told.err
        );
        assert_eq!(told.ok(), wanted[0], "{how}");
        assert_eq!(answers(dir.path(), false), wanted, "{how}");
        assert_eq!(fs::read(file(dir.path())).unwrap().len(), sound.len(), "{how}: made anew");
    }
    // One of another store, moved here.
    let other = folder();
    run(
        other.path(),
        ["synth", "national", "--consultations", "32000", "--seed", "5", "-q", "-o", "a.ndjson"],
    )
    .ok();
    run(other.path(), ["ingest", "-q", "a.ndjson"]).ok();
    run(other.path(), ["totals", "-q"]).ok();
    fs::copy(file(other.path()), file(dir.path())).unwrap();
    assert_eq!(answers(dir.path(), false), wanted, "of another store");
    assert_ne!(fs::read(file(dir.path())).unwrap(), fs::read(file(other.path())).unwrap());
    // A folder where the file is to be: the answer says why it cannot be kept.
    fs::remove_file(file(dir.path())).unwrap();
    fs::create_dir(file(dir.path())).unwrap();
    let ran = run(dir.path(), ["totals", "--by", "service", "--json"]);
    assert!(ran.err.contains("the checkpoint could not be kept"), "{}", ran.err);
    assert!(run(dir.path(), ["-q", "totals"]).err.is_empty());
    assert_eq!(ran.ok(), wanted[0]);
}

/// Its rows may all say something else then: a checkpoint of before would be read in vain every time.
#[test]
fn a_source_that_turns_out_to_see_more_makes_the_checkpoint_anew() {
    let dir = large();
    let event = |id: &str, kind: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"urn:undeclared","type":"evenfield.consultation.{kind}.v1","subject":"c-u","time":"2025-10-05T09:00:00Z","data":{{"participant":"p-u","role":"patient"}}}}"#
        )
    };
    run_on(dir.path(), event("u-1", "joined").as_bytes(), ["ingest", "-q", "-"]).ok();
    answers(dir.path(), false);
    let before = fs::read(file(dir.path())).unwrap();
    run_on(dir.path(), event("u-2", "dropped").as_bytes(), ["ingest", "-q", "-"]).ok();
    assert_eq!(answers(dir.path(), false), answers(dir.path(), true));
    let after = fs::read(file(dir.path())).unwrap();
    assert_ne!(after, before);
    answers(dir.path(), false);
    assert_eq!(fs::read(file(dir.path())).unwrap(), after, "made once");
}

/// A checkpoint whose checksums and fingerprint hold, and that says what another log says.
#[test]
fn verification_finds_a_checkpoint_that_does_not_say_what_the_events_say() {
    let dir = folder();
    let (request, watch) = (Request::default(), Watch::default());
    let log = |name: &str, events: &[event::Event]| {
        let log = Log::open(&dir.path().join(name), Mode::Create).unwrap();
        log.append_blocking(events.to_vec(), event::Time::default()).unwrap();
        log
    };
    let events = crate::laws::planned("clinic", 300);
    let mut others = events.clone();
    let last = others.iter_mut().rfind(|event| matches!(event.payload, event::Payload::Completed)).unwrap();
    last.payload = event::Payload::Abandoned { stage: None };
    let (ours, theirs) = (log("evenfield.store", &events), log("other.store", &others));
    let all = |log: &Log| sheet(log, &request, &Dimension::ALL, &watch).unwrap();
    keep(&ours, &request, &all(&ours), &watch).unwrap();
    let kept = |log: &Log| checkpoint(log, &request).unwrap().essence(1);
    assert_eq!(kept(&ours), all(&ours).essence(1));
    keep(&ours, &request, &all(&theirs), &watch).unwrap();
    assert_ne!(kept(&ours), all(&ours).essence(1));
    drop((ours, theirs));
    let verified = run(dir.path(), ["log", "verify"]).ok();
    assert!(verified.contains("the checkpoint did not say what reading every event says"), "{verified}");
    assert!(!file(dir.path()).exists());
    assert!(!run(dir.path(), ["log", "verify"]).ok().contains("checkpoint"));
}

#[test]
fn a_checkpoint_goes_with_what_was_destroyed() {
    let dir = large();
    answers(dir.path(), false);
    let [_, subject, _] = first_call(dir.path());
    run(dir.path(), ["log", "redact", subject.as_str().unwrap(), "--yes", "--reason", "asked-for"]).ok();
    assert!(!file(dir.path()).exists());
    let wanted = answers(dir.path(), true);
    assert_eq!(answers(dir.path(), false), wanted);
    assert_eq!(answers(dir.path(), false), wanted);
}

#[test]
fn a_small_store_has_no_checkpoint() {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "--consultations", "200", "-q", "-o", "a.ndjson"]).ok();
    run(dir.path(), ["ingest", "-q", "a.ndjson"]).ok();
    assert_eq!(answers(dir.path(), false), answers(dir.path(), true));
    let kept = std::fs::read_dir(dir.path().join("evenfield.store/derived")).unwrap();
    let names: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["questions"], "what was asked, and no checkpoint");
}

/// Checkpoints of another reading must not count. If this fails because the reading says something else of
/// the same events, raise `READING` and write the new number here.
#[test]
fn the_version_of_the_reading_is_that_of_what_it_says() {
    let dir = folder();
    let log = Log::open(&dir.path().join("reading.store"), Mode::Create).unwrap();
    for plan in ["clinic", "national"] {
        for events in crate::laws::planned(plan, 1_500).chunks(4_000) {
            log.append_blocking(events.to_vec(), event::Time::default()).unwrap();
        }
    }
    let sheet = sheet(&log, &Request::default(), &Dimension::ALL, &Watch::default()).unwrap();
    assert_eq!(
        (READING, format!("{:032x}", sheet.essence(2))),
        (4, "317c90e4fbb45c9a04b2063353fa9ac5".to_owned())
    );
}
