//! The service over real sockets: the same answers as the command line, nothing lost, nothing silent, and no harm done
//! by whoever sends what should not be sent.

#[cfg(feature = "parquet")]
mod export;
mod http;
mod load;
mod vendors;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{folder, run};
use http::{Reply, Service, token};

const NDJSON: &str = "application/x-ndjson";

/// A folder with a store that holds a small recording.
fn recorded() -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", "too-thin-to-say", "-q"]).ok();
    dir
}

/// An event of a consultation of its own.
fn event(number: u64) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e-{number}\",\"source\":\"urn:example:ward\",\
         \"type\":\"evenfield.consultation.completed.v1\",\"subject\":\"c-{number}\",\
         \"time\":\"2026-03-01T09:00:00Z\",\"datacontenttype\":\"application/json\",\"data\":{{}}}}"
    )
}

/// As many events as the log of the store of this folder has.
fn positions(dir: &Path) -> u64 {
    run(dir, ["log", "stats", "--json"]).json()["events"].as_u64().unwrap()
}

#[test]
fn answers_are_those_of_the_command_line_byte_for_byte() {
    let dir = recorded();
    let asked = [
        ("/v1/comparisons", "compare --json"),
        (
            "/v1/comparisons?by=service&where=appointment%3Dfollow_up",
            "compare --json --by service --where appointment=follow_up",
        ),
        ("/v1/comparisons.csv?measure=undisturbed", "export comparison --measure undisturbed"),
        (
            "/v1/comparisons.txt?measure=undisturbed,any_drop&times=true",
            "compare --measure undisturbed,any_drop --times",
        ),
        ("/v1/decision?delta=0.02", "decide --json --delta 0.02"),
        ("/v1/projections/totals.md", "totals --format md"),
        ("/v1/projections/quality", "quality --json"),
        ("/v1/projections/outages", "outages --json"),
        ("/v1/projections/outcomes", "outcomes --json"),
        (
            "/v1/projections/outcomes.csv?until=2026-03-10T00:00:00Z",
            "export outcomes --until 2026-03-10T00:00:00Z",
        ),
        ("/v1/diff?from=100&as_of=700", "diff --json --from 100 --as-of 700"),
        ("/v1/platforms", "totals --json"),
    ];
    let expected: Vec<String> =
        asked.map(|(_, line)| run(dir.path(), line.split(' ').collect::<Vec<_>>()).ok()).into();
    let service = Service::start(dir.path(), "");
    for ((path, line), expected) in asked.iter().zip(&expected) {
        let reply = service.get(path).is(200);
        assert_eq!(reply.text(), expected, "{path} and evenfield {line}");
    }
    let claim = service.get("/v1/comparisons").json()["differences"][0]["claim"].as_str().unwrap().to_owned();
    let explained = service.get(&format!("/v1/claims/{claim}")).is(200);
    assert_eq!(explained.json()["claim"], claim.as_str());
    let text = service.get(&format!("/v1/claims/{claim}.txt")).is(200);
    drop(service);
    assert_eq!(text.text(), run(dir.path(), ["explain", &claim]).ok());
    assert_eq!(explained.text(), run(dir.path(), ["explain", &claim, "--json"]).ok());
}

#[test]
fn every_reading_is_a_data_set_in_every_form_of_one() {
    let dir = recorded();
    let service = Service::start(dir.path(), "");
    let mut served = Vec::new();
    for (path, name) in [
        ("/v1/comparisons", "comparison"),
        ("/v1/decision", "decision"),
        ("/v1/projections/totals", "totals"),
        ("/v1/projections/quality", "quality"),
        ("/v1/projections/outcomes", "outcomes"),
    ] {
        for ending in ["csv", "xlsx", "zip"] {
            served.push((name, ending, service.get(&format!("{path}.{ending}")).is(200).body));
        }
        let metadata = service.get(&format!("{path}.metadata.json")).is(200).json();
        assert_eq!(
            (&metadata["policy"]["name"], &metadata["schema"]),
            (&"internal".into(), &"evenfield.dataset/1".into())
        );
    }
    let table = service.get("/v1/comparisons.csv?table=differences&by=service").is(200);
    assert!(table.text().lines().count() > 2 && table.text().contains("service"), "{}", table.text());
    assert!(service.get("/v1/comparisons.csv?table=difference").problem(400).contains("\"differences\""));
    assert!(service.get("/v1/comparisons?table=differences").problem(400).contains("there is no option"));
    drop(service);
    for (name, ending, bytes) in served {
        let file = format!("{name}.{ending}");
        run(dir.path(), ["export", name, "-q", "-o", &file]).ok();
        assert!(fs::read(dir.path().join(&file)).unwrap() == bytes, "{file}");
    }
}

#[test]
fn questions_that_cannot_be_meant_are_refused_with_what_to_write() {
    let dir = recorded();
    let service = Service::start(dir.path(), "");
    for (path, status, words) in [
        ("/v1/comparisons?measure=undistrubed", 400, "did you mean \"undisturbed\"?"),
        ("/v1/comparisons?bye=service", 400, "did you mean \"by\"?"),
        ("/v1/comparisons?store=/elsewhere", 400, "there is no option \"store\""),
        ("/v1/comparisons?gate=/etc/hostname", 400, "there is no option \"gate\""),
        ("/v1/decision?platforms=/etc/hostname", 400, "there is no option \"platforms\""),
        ("/v1/comparisons?platform=nowhere", 400, "there is no platform \"nowhere\""),
        ("/v1/comparisons?level=2", 400, "0.95"),
        ("/v1/comparisons?times=maybe", 400, "expected true or false"),
        ("/v1/diff", 400, "--from"),
        ("/v1/comparisons?as_of=99999999", 404, "99999999"),
        ("/v1/comparisons?wait_for=x", 400, "expected a whole number"),
        ("/v1/claims/c-000000000000", 404, "c-000000000000"),
        ("/v1/claims/--store=x", 404, "--store=x"),
        ("/v1/nothing", 404, "/docs/"),
        ("/v1/projections/totals.exe", 404, "/docs/"),
        ("/r/0", 404, "from 1 to"),
        ("/r/x", 404, "from 1 to"),
        ("/r/%ff", 400, "cannot be read"),
        ("/v1/claims/%ff", 400, "cannot be read"),
        ("/v1/stream?from=99999999", 400, "the log ends at"),
        ("/v1/stream?only=all", 400, "only=head"),
        ("/v1/events?from=-1", 400, "expected a whole number"),
        ("/v1/events?form=1", 400, "there is no option \"form\""),
    ] {
        let told = service.get(path).problem(status);
        assert!(told.contains(words), "{path}: {told}");
    }
    let many = "by=service&".repeat(65);
    assert!(service.get(&format!("/v1/comparisons?{many}")).problem(400).contains("64"));
    assert!(service.send("DELETE", "/v1/events", &[], b"").problem(405).contains("/docs/"));
}

#[test]
fn an_answer_that_has_not_changed_is_not_sent_again_and_one_that_was_never_changes() {
    let dir = recorded();
    let head = positions(dir.path());
    let writer = token(dir.path(), "writer", "record");
    let service = Service::start(dir.path(), "--allow-ingest");
    let first = service.get("/v1/projections/totals").is(200);
    let tag = first.headers["etag"].clone();
    let again = service.send(
        "GET",
        "/v1/projections/totals",
        &[("If-None-Match", &format!("\"other\", W/{tag}"))],
        b"",
    );
    assert!(again.is(304).body.is_empty());
    let then = service.get(&format!("/v1/projections/totals?as_of={head}")).is(200);
    assert!(then.headers["cache-control"].contains("immutable"));
    let receipt = service.post("/v1/events", &writer, NDJSON, event(1).as_bytes()).is(201).json();
    assert_eq!(receipt["positions"], serde_json::json!([head + 1, head + 1]));
    let path = format!("/v1/projections/totals?wait_for={}", head + 1);
    let later = service.send("GET", &path, &[("If-None-Match", &tag)], b"").is(200);
    assert_eq!(later.json()["position"], head + 1, "what was written can be read");
    assert_ne!(later.headers["etag"], tag);
    let still = service.get(&format!("/v1/projections/totals?as_of={head}")).is(200);
    assert_eq!((still.text(), first.json()["position"].as_u64()), (then.text(), Some(head)));
}

#[test]
fn the_page_is_the_report_and_a_report_that_was_can_be_kept_and_verified() {
    let dir = recorded();
    let head = positions(dir.path());
    let service = Service::start(dir.path(), "");
    let page = service.get("/").is(200);
    assert!(page.text().contains("What we found") && page.text().contains("<script src=\"/live.js\" defer>"));
    assert!(page.text().contains("script-src 'self'; connect-src 'self'"));
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(service.get("/live.js").is(200).headers["content-type"], "text/javascript; charset=utf-8");
    let kept = service.get(&format!("/r/{head}")).is(200);
    assert!(!kept.text().contains("<script"));
    let service_of =
        page.text().split("<option value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let one = service.get(&format!("/?service={service_of}")).is(200);
    assert!(one.text().contains(&format!("<option value=\"{service_of}\" selected>")));
    assert_ne!(one.text(), page.text());
    drop(service);
    fs::write(dir.path().join("kept.html"), &kept.body).unwrap();
    run(dir.path(), ["report", "check", "kept.html"]).ok();
    run(dir.path(), ["report", "verify", "kept.html"]).ok();
}

#[test]
fn events_go_in_one_by_one_in_batches_and_line_by_line_and_once() {
    let dir = folder();
    let writer = token(dir.path(), "writer", "record");
    let service = Service::start(dir.path(), "--allow-ingest");
    let batch = format!("[{},{}]", event(2), event(3));
    let lines = format!("{}\n{}\n", event(4), event(5));
    for (media_type, body, positions) in [
        ("application/cloudevents+json", event(1), [1, 1]),
        ("application/cloudevents-batch+json; charset=utf-8", batch.clone(), [2, 3]),
        (NDJSON, lines, [4, 5]),
    ] {
        let receipt = service.post("/v1/events", &writer, media_type, body.as_bytes()).is(201).json();
        assert_eq!(receipt["positions"], serde_json::json!(positions), "{receipt}");
    }
    let again = service
        .post("/v1/events", &writer, "application/cloudevents-batch+json", batch.as_bytes())
        .is(200)
        .json();
    assert_eq!((&again["duplicates"], &again["appended"]), (&2.into(), &0.into()));
    let torn = format!("{}\nnot json\n{}\n", event(6), event(1).replace("c-1", "c-other"));
    let reply = service.post("/v1/events", &writer, NDJSON, torn.as_bytes());
    let told = reply.json();
    assert!(reply.problem(422).contains("2 of 3"));
    assert_eq!((&told["appended"], &told["positions"]), (&1.into(), &serde_json::json!([6, 6])));
    assert!(
        told["rejected"][0]["line"] == 2
            && told["rejected"][1]["reason"].as_str().unwrap().contains("another event"),
        "{told}"
    );
    let page = service.get("/v1/events?from=2&limit=3").is(200);
    assert_eq!(page.headers["link"], "</v1/events?from=5&limit=3>; rel=\"next\"");
    let page = page.json();
    let ids: Vec<&str> = page.as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e-2", "e-3", "e-4"]);
    let all = service.get("/v1/events.ndjson").is(200);
    assert_eq!(service.end(), 0);
    let exported = run(dir.path(), ["log", "export", "--positions"]).ok();
    assert_eq!(all.text(), exported, "what leaves can be read again");
}

#[test]
fn what_should_not_be_sent_is_refused_and_nothing_of_it_is_kept() {
    let dir = folder();
    let (writer, reader) = (token(dir.path(), "writer", "record"), token(dir.path(), "reader", "read"));
    let service = Service::start(dir.path(), "--allow-ingest --body-bytes 2048 --time 2");
    let send = |headers: &[(&str, &str)], body: &[u8]| service.send("POST", "/v1/events", headers, body);
    let one = event(1);
    let bearer = format!("Bearer {writer}");
    let typed = ("Content-Type", NDJSON);
    assert!(send(&[typed], one.as_bytes()).problem(401).contains("evenfield token new"));
    assert!(
        send(&[typed, ("Authorization", "Bearer evenfield_0000")], one.as_bytes())
            .problem(401)
            .contains("known")
    );
    assert!(
        send(&[typed, ("Authorization", &format!("Bearer {reader}"))], one.as_bytes())
            .problem(403)
            .contains("role read")
    );
    assert!(
        send(&[("Authorization", &bearer)], one.as_bytes()).problem(415).contains("application/x-ndjson")
    );
    assert!(
        send(&[("Authorization", &bearer), ("Content-Type", "text/html")], one.as_bytes())
            .problem(415)
            .contains("text/html")
    );
    let auth = ("Authorization", bearer.as_str());
    assert!(send(&[typed, auth], &[b' '; 2049]).problem(413).contains("2048"));
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", 4000, " ".repeat(4000));
    assert!(
        send(&[typed, auth, ("Transfer-Encoding", "chunked")], chunked.as_bytes())
            .problem(413)
            .contains("2048")
    );
    assert!(send(&[typed, auth], b"").problem(400).contains("no event"));
    for torn in [&b"{"[..], b"[{]", b"\xff\xfe\x00", b"[[[[[[", b"null", b"{\"specversion\":\"1.0\"}"] {
        let status = send(&[typed, auth], torn).status;
        assert!([400, 422].contains(&status), "{status} for {torn:?}");
    }
    assert!(
        service
            .send("GET", "/healthz", &[("Host", "elsewhere.example")], b"")
            .problem(403)
            .contains("--host")
    );
    // A body that never comes to its end is given up, and so is a head.
    let begun = Instant::now();
    let mut slow = service.connect();
    write!(slow, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nContent-Type: {NDJSON}\r\nContent-Length: 100\r\n\r\n{{").unwrap();
    assert!([408, 503].contains(&Reply::read(&mut slow).status));
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(service.get("/v1/events").is(200).text(), "[]\n", "nothing went in");
    assert!(
        service.post("/v1/events", &writer, NDJSON, one.as_bytes()).is(201).text().contains("\"appended\":1")
    );
    assert_eq!(service.get("/readyz").is(200).text(), "ready\n");
}

#[test]
fn a_service_only_reads_and_is_for_this_machine_unless_told_otherwise() {
    let dir = recorded();
    let writer = token(dir.path(), "writer", "administer");
    let service = Service::start(dir.path(), "");
    assert!(
        service
            .post("/v1/events", &writer, NDJSON, event(1).as_bytes())
            .problem(403)
            .contains("--allow-ingest")
    );
    assert!(service.at.ip().is_loopback());
    service.kill();
    let told = run(dir.path(), ["serve", "--bind", "0.0.0.0:0", "--readers", "anyone"]).fails(2);
    assert!(told.contains("--policy rounded"), "{told}");
    let service = Service::start(dir.path(), "--readers tokens");
    assert!(service.get("/v1/comparisons").problem(401).contains("--role read"));
    assert_eq!(
        service.get("/").is(401).headers["www-authenticate"],
        "Basic realm=\"evenfield\", charset=\"UTF-8\""
    );
    assert_eq!(service.get("/healthz").is(200).text(), "well\n");
    let password = base64(&format!("anyone:{writer}"));
    let known = [("Authorization", &*format!("Basic {password}"))];
    assert_eq!(service.send("GET", "/", &known, b"").status, 200);
    // What describes it says that nobody reads without a token.
    let described = service.send("GET", "/openapi.json", &known, b"").is(200).json();
    let security = &described["paths"]["/v1/comparisons"]["get"]["security"];
    assert_eq!(security.to_string(), "[{\"token\":[]},{\"password\":[]}]");
    // A token that is revoked is refused at once.
    run(dir.path(), ["token", "revoke", "writer", "-q"]).ok();
    assert_eq!(service.send("GET", "/", &[("Authorization", &format!("Bearer {writer}"))], b"").status, 401);
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[test]
fn whoever_is_told_a_name_comes_from_elsewhere() {
    let dir = recorded();
    let service = Service::start(dir.path(), "--host video.example.org");
    let named = ("Host", "video.example.org:443");
    assert!(service.send("GET", "/v1/events", &[named], b"").problem(401).contains("--role read"));
    assert_eq!(service.send("GET", "/healthz", &[named], b"").status, 200);
    assert_eq!(service.end(), 0);
    for args in ["--host video.example.org", "--bind 0.0.0.0:0 --policy secondary"] {
        let args = format!("serve --bind 127.0.0.1:0 --readers anyone {args}")
            .replace("--bind 127.0.0.1:0 --readers anyone --bind", "--readers anyone --bind");
        let told = run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(2);
        assert!(told.contains("--policy rounded"), "{args}: {told}");
    }
    for wrong in ["https://video.example.org", "video.example.org:443", "a/b", ""] {
        let told = run(dir.path(), ["serve", "--host", wrong]).fails(2);
        assert!(told.contains("a name alone") || wrong.is_empty(), "{wrong}: {told}");
    }
    assert!(run(dir.path(), ["serve", "--bind", "localhost:8080"]).fails(2).contains("127.0.0.1:8080"));
}

#[test]
fn a_token_that_is_revoked_ends_the_streams_that_it_opened() {
    let dir = recorded();
    let reader = token(dir.path(), "reader", "read");
    let service = Service::start(dir.path(), "--readers tokens");
    let bearer = format!("Authorization: Bearer {reader}\r\n");
    let mut all = service.follow("/v1/stream?from=1", &bearer);
    let mut heads = service.follow("/v1/stream?only=head", &bearer);
    assert!(all.next().is_some());
    run(dir.path(), ["token", "revoke", "reader", "-q"]).ok();
    while all.next().is_some() {}
    assert!(heads.next().is_none());
}

#[test]
fn a_policy_that_hides_holds_for_everything_that_is_served() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    let rounded = run(dir.path(), ["compare", "--json", "--policy", "rounded"]).ok();
    let service = Service::start(dir.path(), "--policy rounded");
    assert_eq!(service.get("/v1/comparisons").is(200).text(), rounded);
    for path in [
        "/v1/events",
        "/v1/events.ndjson",
        "/v1/stream",
        "/v1/projections/outcomes",
        "/v1/projections/outages",
        "/v1/diff?from=1",
        "/v1/claims/c-000000000000",
        "/r/1",
        "/v1/comparisons?wait_for=1",
    ] {
        assert!(service.get(path).problem(403).contains("rounded"), "{path}");
    }
    assert!(service.get("/v1/comparisons?as_of=100").problem(400).contains("rounded"));
    let page = service.get("/").is(200);
    assert!(!page.text().contains("<script") && page.text().contains("months that are over"));
    assert!(!page.text().contains("<form"), "nothing is picked out");
    let counted = service.get("/metrics").is(200);
    assert!(!counted.text().contains("log_position") && !counted.text().contains("events_appended"));
}

#[test]
fn a_stream_goes_on_where_it_was_cut_off_and_ends_with_the_service() {
    let dir = folder();
    let writer = token(dir.path(), "writer", "record");
    let service = Service::start(dir.path(), "--allow-ingest");
    let post = |numbers: std::ops::Range<u64>| {
        let body: Vec<String> = numbers.map(event).collect();
        service.post("/v1/events", &writer, NDJSON, body.join("\n").as_bytes()).is(201);
    };
    let mut heads = service.follow("/v1/stream?only=head", "");
    post(0..3);
    let mut stream = service.follow("/v1/stream?from=1", "");
    let mut seen: Vec<u64> = (0..3).map(|_| stream.next().unwrap().1).collect();
    drop(stream);
    post(3..5_000);
    let mut stream = service.follow("/v1/stream", "Last-Event-ID: 3\r\n");
    seen.extend((3..5_000).map(|_| stream.next().unwrap().1));
    assert_eq!(seen, (1..=5_000).collect::<Vec<_>>(), "each once, in order");
    post(5_000..5_001);
    let (event, id, data) = stream.next().unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        (event.as_str(), id, &data["id"], &data["evenfieldposition"]),
        ("recorded", 5_001, &"e-5000".into(), &"5001".into())
    );
    let mut last = 0;
    while last < 5_001 {
        let (event, id, _) = heads.next().unwrap();
        assert!(event == "head" && id > last);
        last = id;
    }
    // A reader that does not read holds nobody up.
    let lazy = service.follow("/v1/stream?from=1", "");
    let begun = Instant::now();
    assert_eq!(service.end(), 0);
    assert!(begun.elapsed() < Duration::from_secs(15), "streams do not keep it from ending");
    assert!(stream.next().is_none() && heads.next().is_none());
    drop(lazy);
}

#[test]
fn what_is_described_is_there_and_what_is_counted_is_what_happened() {
    let dir = recorded();
    let service = Service::start(dir.path(), "");
    let described = service.get("/openapi.json").is(200).json();
    assert_eq!(described["openapi"], "3.1.0");
    let security = &described["paths"]["/v1/comparisons"]["get"]["security"];
    assert_eq!(security.to_string(), "[{\"token\":[]},{}]", "whoever reaches it reads");
    let paths = described["paths"].as_object().unwrap();
    let mut asked = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let varies = path.contains('{');
            let mut path = path
                .replace("{position}", "1")
                .replace("{claim}", "c-000000000000")
                .replace("{hook}", "none");
            let required = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["required"] == true && one["in"] == "query");
            required.for_each(|one| path.push_str(&format!("?{}=1", one["name"].as_str().unwrap())));
            if path == "/v1/stream" {
                continue;
            }
            let reply = service.send(&method.to_uppercase(), &path, &[], b"");
            let told = operation["responses"].as_object().unwrap();
            assert!(
                told.contains_key(&reply.status.to_string())
                    || [400, 401, 403].contains(&reply.status)
                    || (reply.status == 404 && varies),
                "{path} {}",
                reply.status
            );
            if reply.status == 200 {
                let media_type = reply.headers["content-type"].split(';').next().unwrap();
                assert!(told["200"]["content"].get(media_type).is_some(), "{path} {media_type}");
            }
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
    let page = service.get("/docs/").is(200);
    assert!(paths.keys().all(|path| page.text().contains(path.as_str())));
    let counted = service.get("/metrics").is(200);
    let line = counted
        .text()
        .lines()
        .find(|line| line.starts_with("evenfield_requests_total{method=\"GET\",status=\"200\"}"))
        .unwrap();
    let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count > 15 && counted.text().ends_with("# EOF\n"), "{line}");
}

#[test]
fn who_cannot_listen_says_where_and_what_to_do() {
    let dir = recorded();
    let service = Service::start(dir.path(), "");
    let other = recorded();
    let told = run(other.path(), ["serve", "--bind", &service.at.to_string()]).fails(1);
    assert!(told.contains(&service.at.to_string()) && told.contains("--bind"), "{told}");
    // Two services of one store would be two writers.
    let told = run(dir.path(), ["serve", "--bind", "127.0.0.1:0"]).err;
    assert!(told.contains("evenfield.store"), "{told}");
    let nothing = folder();
    let told = run(nothing.path(), ["serve", "--bind", "127.0.0.1:0"]).fails(4);
    assert!(told.contains("evenfield.store"), "{told}");
}

#[test]
fn a_connection_that_says_nothing_is_closed_and_one_too_many_is_told_to_come_again() {
    let dir = recorded();
    let service = Service::start(dir.path(), "--connections 2");
    let (mut one, _two) = (service.connect(), service.connect());
    std::thread::sleep(Duration::from_millis(300));
    assert!(service.get("/healthz").problem(503).contains("too many connections"));
    // Both are given up after ten seconds without a head.
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = one.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(service.get("/healthz").is(200).text(), "well\n");
}
