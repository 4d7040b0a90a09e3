//! Proofs that an event stands in the log, checked by those who do not have it.
//!
//! The commitment is reckoned here a second time, from RFC 9162 and the shape of the document alone, so
//! that a mistake which the log makes in writing as well as in checking shows.

use std::fs;
use std::path::Path;

use engine::log::{Content, Head, Log, Mode, Position, Proof};
use event::{Event, Payload, Role, Time};
use serde_json::Value;

use crate::command::{EXAMPLE, folder, prepared, run, run_on};

type Hash = [u8; 32];

fn event(id: u64) -> Event {
    let payload = Payload::Dropped { reason: id.is_multiple_of(3).then(|| "network".to_owned()) };
    let at = Time::from_ms(1_772_355_600_000 + 250 * id as i64);
    Event::new("urn:example:a", format!("e-{id}"), format!("c-{}", id / 4), at, payload)
        .by("p-1", Role::Patient)
}

/// A log of events 1 to the sum of `batches`, appended one batch after the other.
fn log_of(dir: &Path, batches: &[u64]) -> Log {
    let log = Log::open(&dir.join("x.store"), Mode::Create).unwrap();
    let mut next = 1;
    for batch in batches {
        log.append_blocking((next..next + batch).map(event).collect(), Time::from_ms(7)).unwrap();
        next += batch;
    }
    log
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hash(text: &Value) -> Hash {
    unhex(text).try_into().unwrap()
}

fn join(left: Hash, right: Hash) -> Hash {
    *blake3::Hasher::new().update(&[1]).update(&left).update(&right).finalize().as_bytes()
}

fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

fn leaf(document: &Value) -> Hash {
    let (salt, content) = (unhex(&document["salt"]), unhex(&document["leaf_content"]));
    *blake3::Hasher::new().update(&[0]).update(&salt).update(&content).finalize().as_bytes()
}

/// The root of all leaves.
fn root(leaves: &[Hash]) -> Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    join(root(left), root(right))
}

/// The root to which the hashes beside the way of a leaf lead, from the root down.
fn root_of(leaf: Hash, index: usize, size: usize, path: &[Value]) -> Hash {
    let Some((last, path)) = path.split_last() else {
        assert_eq!(size, 1);
        return leaf;
    };
    let left = split(size);
    if index < left {
        join(root_of(leaf, index, left, path), hash(last))
    } else {
        join(hash(last), root_of(leaf, index - left, size - left, path))
    }
}

fn document(proof: &Proof) -> Value {
    serde_json::to_value(proof).unwrap()
}

fn holds(document: &Value) -> bool {
    serde_json::from_value::<Proof>(document.clone()).is_ok_and(|proof| proof.check().is_ok())
}

#[test]
fn every_position_is_proven_under_every_head_as_anybody_reckons_it() {
    let dir = folder();
    let log = log_of(dir.path(), &[1, 6, 57, 64, 1, 100, 31]);
    let last = log.head().0;
    let proof = |position, at| log.prove(Position(position), Some(Position(at))).unwrap();
    let documents: Vec<Value> = (1..=last).map(|position| document(&proof(position, last))).collect();
    let leaves: Vec<Hash> = documents.iter().map(leaf).collect();
    for at in [1, 2, 7, 64, 65, 128, 200, 255, 256, 259, last] {
        let head = log.head_at(Position(at)).unwrap();
        assert_eq!(head, Head { position: Position(at), commitment: root(&leaves[..at as usize]) });
        for position in 1..=at {
            let proof = proof(position, at);
            let proven = proof.check().unwrap();
            assert_eq!((proven.position.0, proven.head, proof.head()), (position, head, head));
            assert_eq!(proven.content, Content::Event(Box::new(event(position))));
            let told = document(&proof);
            let path = told["path"].as_array().unwrap();
            let (index, leaf) = (position as usize - 1, leaves[position as usize - 1]);
            assert_eq!(root_of(leaf, index, at as usize, path), head.commitment);
        }
    }
    assert_eq!(log.commitment().unwrap(), log.head_at(Position(last)).unwrap());
}

/// What was proven before stays proven when the log has grown, and is proven alike.
#[test]
fn a_head_stays_what_it_was() {
    let dir = folder();
    let log = log_of(dir.path(), &[70]);
    let (head, proof) = (log.commitment().unwrap(), log.prove(Position(9), None).unwrap());
    drop(log);
    let log = Log::open(&dir.path().join("x.store"), Mode::Existing).unwrap();
    log.append_blocking((71..5000).map(event).collect(), Time::from_ms(9)).unwrap();
    assert_ne!(log.commitment().unwrap(), head);
    assert_eq!(log.head_at(Position(70)).unwrap(), head);
    assert_eq!(log.prove(Position(9), Some(Position(70))).unwrap(), proof);
}

/// Every document that differs from `document` in one hexadecimal digit below `place`.
fn flips(document: &Value, place: &str) -> Vec<Value> {
    let text = document.pointer(place).unwrap().as_str().unwrap();
    let flip = |at: usize| {
        let digit = u8::from_str_radix(&text[at..=at], 16).unwrap() ^ (1 << (at % 4));
        let mut other = document.clone();
        let flipped = format!("{}{digit:x}{}", &text[..at], &text[at + 1..]);
        *other.pointer_mut(place).unwrap() = flipped.into();
        other
    };
    (0..text.len()).map(flip).collect()
}

#[test]
fn nothing_of_a_proof_can_be_changed() {
    let dir = folder();
    let log = log_of(dir.path(), &[45, 55]);
    for position in [1, 37, 96, 97, 100] {
        let whole = document(&log.prove(Position(position), None).unwrap());
        assert!(holds(&whole));
        let path = (0..whole["path"].as_array().unwrap().len()).map(|number| format!("/path/{number}"));
        let fields = ["/head/commitment", "/salt", "/leaf_content"].map(str::to_owned);
        for place in fields.into_iter().chain(path) {
            for other in flips(&whole, &place) {
                assert!(!holds(&other), "{position}, {place}: {other}");
            }
        }
        let mut others = Vec::new();
        let mut change = |place: &str, value: Value| {
            let mut other = whole.clone();
            *other.pointer_mut(place).unwrap() = value;
            others.push(other);
        };
        for at in (0..=101).filter(|at| *at != position) {
            change("/position", at.into());
        }
        // A longer log can have the same shape here: its size is part of the head, and compared with it.
        change("/head/position", (position - 1).into());
        change("/recorded_at", "2026-03-01T09:00:03Z".into());
        change("/recorded_at", Value::Null);
        change("/salt", Value::Null);
        change("/leaf_content", Value::Null);
        change("/leaf", whole["salt"].clone());
        change("/schema", "evenfield.proof/2".into());
        let mut path = whole["path"].as_array().unwrap().clone();
        change("/path", path[1..].into());
        path.push(path[0].clone());
        change("/path", path.into());
        for other in others {
            assert!(!holds(&other), "{position}: {other}");
        }
    }
}

/// A proof of position `position`, written by the program.
fn written(dir: &Path, position: &str) -> Value {
    run(dir, ["log", "prove", position, "-o", "proof.json"]).ok();
    serde_json::from_slice(&fs::read(dir.join("proof.json")).unwrap()).unwrap()
}

#[test]
fn a_proof_is_checked_where_there_is_no_store() {
    let dir = prepared();
    let head = run(dir.path(), ["log", "head"]).ok().trim_end().to_owned();
    let digits = head.strip_prefix("2581:").unwrap();
    let document = run(dir.path(), ["log", "head", "--json"]).json();
    let store = document["store"].as_str().unwrap();
    assert_eq!((store.len(), digits.len()), (32, 64));
    let wanted = format!(
        "{{\n  \"schema\": \"evenfield.head/1\",\n  \"store\": \"{store}\",\n  \"position\": 2581,\n  \
         \"commitment\": \"{digits}\"\n}}\n"
    );
    assert_eq!(run(dir.path(), ["log", "head", "--json"]).ok(), wanted);

    let proof = written(dir.path(), "17");
    assert_eq!((&proof["store"], &proof["schema"]), (&store.into(), &"evenfield.proof/1".into()));
    let shown = run(dir.path(), ["log", "show", "17", "--json"]).json();
    assert_eq!((&proof["event"], &proof["recorded_at"]), (&shown["event"], &shown["recorded_at"]));

    let elsewhere = folder();
    fs::copy(dir.path().join("proof.json"), elsewhere.path().join("shown.json")).unwrap();
    let told = run(elsewhere.path(), ["log", "check-proof", "shown.json", "--head", &head]).ok();
    let (id, source) = (shown["event"]["id"].as_str().unwrap(), shown["event"]["source"].as_str().unwrap());
    let words = format!(
        "event {id} of {source} stood at position 17 of a log whose 2,581 events had the commitment {digits}\n"
    );
    assert!(told.starts_with(&words) && told.ends_with("the head is the one that was given\n"), "{told}");
    let told = run(elsewhere.path(), ["log", "check-proof", "shown.json"]).ok();
    assert!(told.starts_with(&words) && told.contains("NOT COMPARED"), "{told}");
    assert!(told.contains("published elsewhere") && told.ends_with(&format!("  {head}\n")), "{told}");
    let checked = run(elsewhere.path(), ["log", "check-proof", "shown.json", "--json"]).json();
    assert_eq!((&checked["holds"], &checked["head_compared"]), (&true.into(), &false.into()));
    assert_eq!((&checked["event"], &checked["content"]), (&shown["event"], &"event".into()));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "a check made something");
}

#[test]
fn a_proof_under_a_head_of_the_past_is_given_when_the_log_has_grown() {
    let dir = prepared();
    let head = run(dir.path(), ["log", "head"]).ok();
    let head = head.trim_end();
    run_on(dir.path(), EXAMPLE.as_bytes(), ["ingest", "-"]).ok();
    written(dir.path(), "17");
    let message = run(dir.path(), ["log", "check-proof", "proof.json", "--head", head]).fails(5);
    assert!(message.contains(head) && message.contains("`log prove 17 --at 2581`"), "{message}");
    let proof = run(dir.path(), ["log", "prove", "17", "--at", "2581"]).ok();
    run_on(dir.path(), proof.as_bytes(), ["log", "check-proof", "-", "--head", head]).ok();
    run(dir.path(), ["log", "prove", "17", "--at", "2581", "-o", "packed.zst"]).ok();
    run(dir.path(), ["log", "check-proof", "packed.zst", "--head", head]).ok();
    let other = format!("2581:{}", "9f".repeat(32));
    let message = run(dir.path(), ["log", "check-proof", "packed.zst", "--head", &other]).fails(5);
    assert!(message.contains("another log") && message.contains(&other), "{message}");
    // The size is not hashed: a head is its position and its commitment.
    let other = head.replace("2581:", "2580:");
    run(dir.path(), ["log", "check-proof", "packed.zst", "--head", &other]).fails(5);
    let message = run(dir.path(), ["log", "check-proof", "packed.zst", "--head", "2581"]).fails(2);
    assert!(message.contains("64 hexadecimal digits"), "{message}");
}

#[test]
fn a_proof_that_was_altered_does_not_hold() {
    let dir = prepared();
    let whole = written(dir.path(), "17");
    let check = |change: &dyn Fn(&mut Value), told: &str| {
        let mut other = whole.clone();
        change(&mut other);
        let ran = run_on(dir.path(), other.to_string().as_bytes(), ["log", "check-proof", "-"]);
        assert_eq!(ran.out, "");
        let message = ran.fails(5);
        assert!(message.contains(told) && message.contains("does not hold"), "{message}");
    };
    check(&|proof| proof["position"] = 18.into(), "leads to the commitment");
    check(&|proof| proof["position"] = 2582.into(), "comes after its head");
    check(&|proof| proof["path"] = Value::Array(vec![]), "0 hashes do not lead");
    check(&|proof| proof["head"]["commitment"] = "9f".repeat(32).into(), "9f9f");
    check(&|proof| proof["salt"] = "9f".repeat(32).into(), "leads to the commitment");
    check(&|proof| proof["recorded_at"] = "2022-03-01T09:00:00Z".into(), "recorded_at");
    check(&|proof| proof["event"]["id"] = "e-1".into(), "shows another event");
    check(&|proof| proof["event"]["data"]["note"] = "x".into(), "shows another event");
    check(&|proof| proof["event"] = 7.into(), "shows another event");
    // Of an event that is not shown, and of one written in another order, it proves the same.
    let mut silent = whole.clone();
    silent["event"] = Value::Null;
    for same in [&whole, &silent] {
        run_on(dir.path(), same.to_string().as_bytes(), ["log", "check-proof", "-"]).ok();
    }
    // What was destroyed leaves a leaf, and anybody can say so of what was not.
    let mut bare = whole.clone();
    let digits: String = leaf(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
    bare["leaf"] = digits.into();
    for name in ["salt", "leaf_content", "recorded_at"] {
        bare[name] = Value::Null;
    }
    let message = run_on(dir.path(), bare.to_string().as_bytes(), ["log", "check-proof", "-"]).fails(5);
    assert!(message.contains("nothing is proven"), "{message}");
    bare["event"] = Value::Null;
    let told = run_on(dir.path(), bare.to_string().as_bytes(), ["log", "check-proof", "-"]).ok();
    assert!(told.contains("content was destroyed") && told.contains("nothing is proven"), "{told}");
}

#[test]
fn what_is_no_proof_is_told_with_what_is_wrong_and_where() {
    let dir = prepared();
    let whole = written(dir.path(), "17");
    let check = |text: &str, told: &str| {
        let message = run_on(dir.path(), text.as_bytes(), ["log", "check-proof", "-"]).fails(4);
        assert!(message.contains("no proof") && message.contains(told), "{message}");
        assert!(message.contains("log prove") || message.contains("larger"), "{message}");
    };
    check("", "line 1 column 0");
    check(EXAMPLE, "missing field");
    check("{\"schema\": \"evenfield.head/1\"}", "\"evenfield.proof/1\" is wanted at line 1 column 30");
    check(&format!("{whole} {whole}"), "trailing");
    check(&"[".repeat(100_000), "line 1");
    check(&" ".repeat((1 << 20) + 1), "larger than 1,048,576 bytes");
    let packed = zstd::encode_all([b' '; 2 << 20].as_slice(), 3).unwrap();
    let message = run_on(dir.path(), &packed, ["log", "check-proof", "-"]).fails(4);
    assert!(message.contains("larger than"), "{message}");
    let with = |place: &str, value: Value| {
        let mut other = whole.clone();
        *other.pointer_mut(place).unwrap() = value;
        other.to_string()
    };
    check(&with("/position", 0.into()), "positions begin at 1");
    check(&with("/position", "17".into()), "expected u64");
    check(&with("/salt", "9f".into()), "\"9f\" is not 64 hexadecimal digits at line 1");
    check(&with("/store", "x".into()), "32 hexadecimal digits");
    check(&with("/leaf_content", "abc".into()), "in pairs");
    check(&with("/salt", Value::Null), "a salt and a leaf_content");
    let message = run(dir.path(), ["log", "check-proof", "prof.json"]).fails(4);
    assert!(message.contains("did you mean ./proof.json"), "{message}");
    let message = run(dir.path(), ["log", "check-proof", "proof.json", "-o", "proof.json"]).fails(2);
    assert!(message.contains("name another file"), "{message}");
    assert_eq!(
        serde_json::from_slice::<Value>(&fs::read(dir.path().join("proof.json")).unwrap()).unwrap(),
        whole
    );
}

#[test]
fn a_position_beyond_the_log_is_told_with_those_that_are_there() {
    let dir = prepared();
    for (args, told) in [
        ("log prove 2582 -o none.json", "name one from 1 to 2581"),
        ("log prove 0", "name one from 1 to 2581"),
        ("log prove 17 --at 2582", "no position 2582"),
        ("log prove 17 --at 16", "a log that ends at 16"),
        ("log prove 1 --store empty.store", "holds no event yet"),
    ] {
        run(dir.path(), ["--store", "empty.store", "ingest", "-"]).ok();
        let ran = run(dir.path(), args.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.out, "");
        let message = ran.fails(4);
        assert!(message.contains(told), "{args}: {message}");
    }
    assert!(!dir.path().join("none.json").exists());
    let nothing = blake3::hash(&[]).to_hex();
    let head = run(dir.path(), ["log", "head", "--store", "empty.store"]).ok();
    assert_eq!(head, format!("0:{nothing}\n"));
}
