//! Web hooks as vendors send them, and recordings that unfold in a running service.

use std::fs;
use std::io::Write;

use sha2::{Digest, Sha256};

use super::http::{Service, token};
use super::positions;
use crate::command::{folder, program, run};

const SECRET: &str = "a-secret-token-of-zoom";

/// HMAC-SHA256 as RFC 2104 writes it, in hexadecimal, by none of the code under test.
fn hmac(key: &str, parts: &[&[u8]]) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key.bytes()).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let inner =
        parts.iter().fold(Sha256::new().chain_update(pad(0x36)), |hash, part| hash.chain_update(part));
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner.finalize()).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A delivery of Zoom, signed at that time.
fn delivered(service: &Service, body: &str, at: i64, secret: &str) -> super::Reply {
    let at = at.to_string();
    let signature = format!("v0={}", hmac(secret, &[b"v0:", at.as_bytes(), b":", body.as_bytes()]));
    let headers = [
        ("Content-Type", "application/json"),
        ("x-zm-signature", signature.as_str()),
        ("x-zm-request-timestamp", at.as_str()),
    ];
    service.send("POST", "/v1/hooks/zoom-webhook", &headers, body.as_bytes())
}

#[test]
fn hooks_take_in_what_is_genuine_once_and_name_nobody() {
    let dir = folder();
    let hooks = "[zoom-webhook]\nurl = \"https://video.example.org/v1/hooks/zoom-webhook\"\nsecret_file = \"zoom.secret\"\nothers = \"patient\"\n";
    fs::write(dir.path().join("hooks.toml"), hooks).unwrap();
    fs::write(dir.path().join("zoom.secret"), format!("{SECRET}\n")).unwrap();
    let service = Service::start(dir.path(), "--hooks hooks.toml");
    let fixture = include_str!("../fixtures/feeds/zoom-webhook.ndjson");
    let joined = fixture.lines().find(|line| line.contains("participant_joined")).unwrap();
    let first = delivered(&service, joined, now(), SECRET).is(201).json();
    assert!(first["appended"].as_u64().unwrap() > 0, "{first}");
    let again = delivered(&service, joined, now(), SECRET).is(200).json();
    assert_eq!((&again["appended"], &again["duplicates"]), (&0.into(), &first["appended"]));
    let challenge =
        "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\"}}";
    let answer = delivered(&service, challenge, now(), SECRET).is(200).json();
    assert_eq!(answer["encryptedToken"], hmac(SECRET, &[b"qgg8vlvZRS6UYooatFL8Aw"]));
    assert!(
        delivered(&service, joined, now(), "another-secret-of-zoom").problem(403).contains("does not fit")
    );
    assert!(delivered(&service, joined, now() - 3_600, SECRET).problem(403).contains("old one"));
    assert!(
        service
            .send("POST", "/v1/hooks/zoom-webhook", &[], joined.as_bytes())
            .problem(403)
            .contains("missing")
    );
    assert!(service.send("POST", "/v1/hooks/other", &[], b"{}").problem(404).contains("--hooks"));
    assert!(
        delivered(&service, "{\"event\":\"meeting.participant_joined\"}", now(), SECRET)
            .problem(422)
            .contains("1 of 1")
    );
    // Whoever only knows the address and sends nothing keeps nobody out.
    let idle: Vec<_> = (0..12)
        .map(|_| {
            let mut stream = service.connect();
            let head = format!(
                "POST /v1/hooks/zoom-webhook HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                service.at
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    delivered(&service, joined, now(), SECRET).is(200);
    drop(idle);
    // A hook lets nobody in who has no token.
    assert_eq!(service.post("/v1/events", "none", super::NDJSON, super::event(1).as_bytes()).status, 403);
    let events = service.get("/v1/events.ndjson").is(200);
    let person = joined.split("\"user_name\":\"").nth(1).map(|rest| rest.split('"').next().unwrap());
    assert!(!events.text().contains(person.unwrap()), "people have pseudonyms");
    assert_eq!(service.end(), 0);
    assert!(dir.path().join("evenfield.store.key").exists());
}

#[test]
fn hooks_that_cannot_work_are_told_before_anything_listens() {
    let dir = folder();
    fs::write(dir.path().join("short.secret"), "short").unwrap();
    for (text, words) in [
        (
            "[zoom-webhok]\nurl = \"https://a.example/h\"\nsecret_file = \"short.secret\"\n",
            "did you mean \"zoom-webhook\"?",
        ),
        ("[zoom-webhook]\nurl = \"a.example\"\nsecret_file = \"short.secret\"\n", "https://"),
        ("[zoom-webhook]\nurl = \"https://a.example/h\"\n", "secret_file or secret_env"),
        ("[zoom-webhook]\nurl = \"https://a.example/h\"\nsecret_file = \"nowhere\"\n", "nowhere"),
        (
            "[zoom-webhook]\nurl = \"https://a.example/h\"\nsecret_env = \"EVENFIELD_NOWHERE\"\n",
            "EVENFIELD_NOWHERE",
        ),
        ("[zoom-webhook]\nsecret = \"x\"\n", "secret"),
        ("[a b]\n", "hooks.toml"),
        ("[chime-eventbridge]\nurl = \"https://a.example/h\"\nsecret_file = \"short.secret\"\n", "16"),
    ] {
        fs::write(dir.path().join("hooks.toml"), text).unwrap();
        let told = run(dir.path(), ["serve", "--hooks", "hooks.toml", "--bind", "127.0.0.1:0"]).fails(4);
        assert!(told.contains(words), "{text}: {told}");
        assert!(!told.contains("= \"x\""), "{told}");
    }
    assert!(!dir.path().join("evenfield.store").exists());
}

#[test]
fn a_recording_unfolds_in_a_running_service_and_twice_changes_nothing() {
    let (dir, elsewhere) = (folder(), folder());
    let writer = token(dir.path(), "recording", "record");
    let service = Service::start(dir.path(), "--allow-ingest");
    let url = format!("http://{}", service.at);
    let send = |name: &str, speed: &str| {
        let mut command = program(elsewhere.path());
        command
            .args(["replay", name, "--to", &url, "--speed", speed, "--json", "-q"])
            .env("EVENFIELD_TOKEN", &writer);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let first = send("too-thin-to-say", "2000000x");
    assert!(
        first["appended"].as_u64().unwrap() > 500 && first["rejected"] == serde_json::json!([]),
        "{first}"
    );
    let again = send("too-thin-to-say", "max");
    assert_eq!((&again["appended"], &again["duplicates"]), (&0.into(), &first["appended"]));
    let served = service.get("/v1/comparisons").is(200);
    assert_eq!(service.end(), 0);
    run(elsewhere.path(), ["replay", "too-thin-to-say", "-q"]).ok();
    // The order in which events came is no part of an answer.
    assert_eq!(served.text(), run(elsewhere.path(), ["compare", "--json"]).ok());
    assert_eq!(positions(dir.path()), positions(elsewhere.path()));
}

#[test]
fn a_recording_at_a_speed_takes_the_time_that_it_should_and_the_answer_is_the_same() {
    let (slow, fast) = (folder(), folder());
    let begun = std::time::Instant::now();
    let at_speed =
        run(slow.path(), ["replay", "too-thin-to-say", "--speed", "1000000x", "-q", "--json"]).ok();
    assert!(begun.elapsed().as_millis() > 500, "weeks in a second or more");
    assert_eq!(at_speed, run(fast.path(), ["replay", "too-thin-to-say", "-q", "--json"]).ok());
    let told = run(slow.path(), ["replay", "too-thin-to-say", "--speed", "60"]).fails(2);
    assert!(told.contains("60x"), "{told}");
    let told = run(slow.path(), ["replay", "too-thin-to-say", "--to", "http://127.0.0.1:9"]).fails(2);
    assert!(told.contains("evenfield token new"), "{told}");
    let told = run(slow.path(), ["replay", "too-thin-to-say", "--to", "localhost", "--token", "x"]).fails(2);
    assert!(told.contains("http://HOST:PORT"), "{told}");
}
