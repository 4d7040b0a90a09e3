//! A store as it was: at a position, or with what was taken in by a time, every answer is that of a store which never
//! got the rest.

use std::path::Path;

use engine::log::{Log, Mode, Position};
use engine::replay::{Request, Watch, quality, replay, sheet};
use event::{Dimension, Event, Time};
use projections::filter::Filter;

use crate::command::{folder, run};
use crate::laws::planned;

/// A log of these events, recorded so many to a minute.
fn log_of(dir: &Path, events: &[Event]) -> Log {
    let log = Log::open(dir, Mode::Create).unwrap();
    for (minute, events) in events.chunks(700).enumerate() {
        log.append_blocking(events.to_vec(), recorded(minute)).unwrap();
    }
    log
}

fn recorded(minute: usize) -> Time {
    Time::from_ms(1_800_000_000_000 + 60_000 * minute as i64)
}

#[test]
fn what_a_log_was_is_a_log_without_the_rest() {
    let dir = folder();
    for plan in ["clinic", "national"] {
        let events = planned(plan, 700);
        let log = log_of(&dir.path().join(plan), &events);
        assert!(events.len() > 1_500, "{}", events.len());
        for position in [1, 699, 700, 701, 1_500, events.len()] {
            let then = log_of(&dir.path().join(format!("{plan}-{position}")), &events[..position]);
            let as_of = Request { as_of: Some(Position(position as u64)), ..Request::default() };
            let [was, is] = [(&log, &as_of), (&then, &Request::default())].map(|(log, request)| {
                let sheet = sheet(log, request, &Dimension::ALL, &Watch::default()).unwrap();
                let table = replay(log, request, &Watch::default()).unwrap();
                let evidence = quality(&table, &[], &Filter::default(), 2);
                let told = serde_json::to_string(&(&table.rows, &table.open, &evidence)).unwrap();
                (sheet.essence(2), sheet.position, sheet.undeclared, table.parameters, told)
            });
            assert_eq!(was, is, "{plan} as of {position}");
        }
    }
}

#[test]
fn by_a_time_is_what_was_recorded_by_then() {
    let dir = folder();
    let log = log_of(&dir.path().join("one"), &planned("clinic", 700));
    let head = log.head();
    for (at, position) in [
        (recorded(0), Position(700)),
        (Time::from_ms(recorded(1).ms() - 1), Position(700)),
        (recorded(1), Position(1_400)),
        (Time::from_ms(0), Position::START),
        (Time::MAX, head),
    ] {
        assert_eq!(log.recorded_by(at).unwrap(), position);
    }
    // A clock that was set back does not bring back what came after a later one.
    let log = Log::open(&dir.path().join("two"), Mode::Create).unwrap();
    let events = planned("clinic", 700);
    for (events, minute) in events.chunks(10).zip([5, 9, 6]) {
        log.append_blocking(events.to_vec(), recorded(minute)).unwrap();
    }
    assert_eq!(log.recorded_by(recorded(7)).unwrap(), Position(10));
}

#[test]
fn every_answer_can_be_had_as_it_was() {
    let (whole, part) = (folder(), folder());
    run(whole.path(), ["synth", "clinic", "--consultations", "300", "-q", "-o", "all.ndjson"]).ok();
    let text = std::fs::read_to_string(whole.path().join("all.ndjson")).unwrap();
    let first: Vec<&str> = text.split_inclusive('\n').take(600).collect();
    std::fs::write(part.path().join("first.ndjson"), first.concat()).unwrap();
    run(whole.path(), ["ingest", "-q", "all.ndjson"]).ok();
    run(part.path(), ["ingest", "-q", "first.ndjson"]).ok();
    for asked in [&["compare"][..], &["totals", "--by", "service"], &["outcomes"], &["quality"], &["decide"]]
    {
        let was = run(whole.path(), [asked, &["--json", "--as-of", "600"]].concat()).ok();
        assert_eq!(was, run(part.path(), [asked, &["--json"]].concat()).ok(), "{asked:?}");
        assert_ne!(was, run(whole.path(), [asked, &["--json"]].concat()).ok(), "{asked:?}");
    }
    let now = run(whole.path(), ["totals", "--json", "--as-of", "2999-01-01T00:00:00Z"]).ok();
    assert_eq!(now, run(whole.path(), ["totals", "--json"]).ok());
    for (wrong, said) in [
        ("0", "positions begin at 1"),
        ("yesterday", "write a position, such as 1200, or a time"),
        ("99999999", "99999999"),
    ] {
        let refused = run(whole.path(), ["totals", "--as-of", wrong]);
        assert!(refused.code != 0 && refused.err.contains(said), "{wrong}: {}", refused.err);
    }
}
