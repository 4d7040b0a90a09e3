//! The event log seen from outside: what was acknowledged is there, once, in order, and stays so.

use std::path::{Path, PathBuf};

use engine::log::{BATCH_EVENTS, BLOCK_EVENTS, Fate, LEVELS, Log, LogError, Mode, Position, Receipt};
use event::{Context, Dimension, Event, Payload, Role, Time};
use tempfile::TempDir;

use crate::command::folder;

/// By how much longer than usual to try: `EVENFIELD_CASES`.
fn times() -> u32 {
    std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

fn new_store() -> (TempDir, PathBuf) {
    let dir = folder();
    let store = dir.path().join("x.store");
    (dir, store)
}

fn create(store: &Path) -> Log {
    Log::open(store, Mode::Create).unwrap()
}

fn event(id: u64) -> Event {
    let payload = Payload::Dropped { reason: id.is_multiple_of(3).then(|| "network".to_owned()) };
    let at = Time::from_ms(1_772_355_600_000 + 250 * id as i64);
    Event::new("urn:example:a", format!("e-{id}"), format!("c-{}", id / 4), at, payload)
        .by("p-1", Role::Patient)
}

fn append(log: &Log, events: impl IntoIterator<Item = Event>) -> Receipt {
    log.append_blocking(events.into_iter().collect(), Time::from_ms(7)).unwrap()
}

fn events(log: &Log) -> Vec<Event> {
    log.events(..).map(|stored| stored.unwrap().event).collect()
}

/// What must hold of any log at any time.
fn check_whole(log: &Log) {
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    assert_eq!(verdict.events, log.head().0);
    let positions: Vec<_> = log.events(..).map(|stored| stored.unwrap().position.0).collect();
    assert_eq!(positions, (1..=log.head().0).collect::<Vec<_>>());
}

#[test]
fn positions_are_dense_from_one_in_order_of_arrival() {
    let (_dir, store) = new_store();
    let log = create(&store);
    assert_eq!(log.head(), Position::START);
    let receipt = append(&log, [event(5), event(2)]);
    assert_eq!(receipt.fates, [Fate::New(Position(1)), Fate::New(Position(2))]);
    assert_eq!((receipt.head, log.head()), (Position(2), Position(2)));
    assert_eq!(append(&log, [event(9)]).fates, [Fate::New(Position(3))]);
    assert_eq!(events(&log), [event(5), event(2), event(9)]);
    check_whole(&log);
}

#[test]
fn the_same_event_again_returns_its_position_and_changes_nothing() {
    let (_dir, store) = new_store();
    let log = create(&store);
    append(&log, [event(1), event(2)]);
    let receipt = append(&log, [event(2), event(3), event(3), event(1)]);
    let (one, two, three) = (Position(1), Position(2), Position(3));
    let wanted = [Fate::Duplicate(two), Fate::New(three), Fate::Duplicate(three), Fate::Duplicate(one)];
    assert_eq!(receipt.fates, wanted);
    assert_eq!((receipt.added(), receipt.duplicates(), receipt.rejected()), (1, 3, 0));
    assert_eq!(events(&log), [event(1), event(2), event(3)]);
}

#[test]
fn the_same_id_with_other_content_is_refused_with_both_named() {
    let (_dir, store) = new_store();
    let log = create(&store);
    append(&log, [event(1)]);
    let mut other = event(1);
    other.at = Time::from_ms(0);
    other.payload = Payload::Dropped { reason: Some("battery".to_owned()) };
    let conflict = Fate::Conflict { position: Position(1), differs: "at, data".to_owned() };
    assert_eq!(append(&log, [other.clone()]).fates, [conflict]);
    // The source is part of the name.
    other.source = "urn:example:b".to_owned();
    assert_eq!(append(&log, [other]).fates, [Fate::New(Position(2))]);
}

#[test]
fn an_event_that_is_too_large_is_refused_and_the_others_are_kept() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let mut large = event(1);
    large.participant = Some("x".repeat(1025));
    let receipt = append(&log, [event(0), large, event(2)]);
    let reason = "its participant has 1025 bytes, and 1024 are allowed".to_owned();
    assert_eq!(receipt.fates, [Fate::New(Position(1)), Fate::Refused(reason), Fate::New(Position(2))]);
}

/// As many events as one append takes, with as many services as a log takes.
#[test]
fn a_batch_or_a_level_too_many_is_told_and_nothing_else_is_lost() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let with_service = |id: u64, service: u64| {
        let context = Some(Context::default().with(Dimension::Service, format!("service {service}")));
        Event { payload: Payload::Joined { context }, ..event(id) }
    };
    let most = BATCH_EVENTS as u64;
    assert_eq!(BATCH_EVENTS, LEVELS);
    let mut all: Vec<Event> = (0..=most).map(|id| with_service(id, id)).collect();
    let error = log.append_blocking(all.clone(), Time::from_ms(7)).unwrap_err();
    assert!(matches!(error, LogError::TooLarge { events: 65_537, .. }), "{error}");
    assert_eq!(log.head(), Position::START, "nothing of it is there");

    let last = all.pop().unwrap();
    assert_eq!(append(&log, all).added(), BATCH_EVENTS);
    let check = |log: &Log, known: u64| {
        let receipt = append(log, [last.clone(), with_service(known, 5)]);
        let Fate::Refused(reason) = &receipt.fates[0] else { panic!("{:?}", receipt.fates) };
        assert!(
            reason.contains("\"service 65536\" is one more than the 65536 levels of service"),
            "{reason}"
        );
        assert_eq!(receipt.fates[1], Fate::New(log.head()));
    };
    check(&log, most + 1);
    drop(log);
    let log = Log::open(&store, Mode::Existing).unwrap();
    check(&log, most + 2);
    check_whole(&log);
}

#[test]
fn a_log_of_many_blocks_reads_alike_in_ranges_and_on_threads() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let all: Vec<_> = (0..3 * BLOCK_EVENTS as u64 + 100).map(event).collect();
    append(&log, all.clone());
    let firsts = log.first_positions().unwrap();
    assert_eq!(firsts, [1, 4097, 8193, 12289].map(Position));

    let count = |range: std::ops::Range<Position>| -> usize {
        log.brief_blocks(range).map(|block| block.unwrap().events.len()).sum()
    };
    let ends = firsts.iter().skip(1).copied().chain([log.head().next()]);
    let ranges: Vec<_> = firsts.iter().copied().zip(ends).map(|(first, end)| first..end).collect();
    let counts: Vec<usize> = std::thread::scope(|threads| {
        let counting: Vec<_> = ranges.iter().map(|range| threads.spawn(|| count(range.clone()))).collect();
        counting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(counts, [BLOCK_EVENTS, BLOCK_EVENTS, BLOCK_EVENTS, 100]);

    for range in [1..2, 4096..4098, 5000..5001, 4097..8193, 12_000..20_000, 7..7, 0..3] {
        let range = Position(range.start)..Position(range.end);
        let wanted: Vec<_> = (range.start.0.max(1)..range.end.0.min(log.head().0 + 1)).collect();
        let full: Vec<_> = log.events(range.clone()).map(|stored| stored.unwrap().position.0).collect();
        let hot: Vec<_> = log
            .brief_blocks(range)
            .map(Result::unwrap)
            .flat_map(|block| (block.first.0..).take(block.events.len()).collect::<Vec<_>>())
            .collect();
        assert_eq!((&full, &hot), (&wanted, &wanted));
    }
    let names = log.names(&[Position(12_000), Position(1), Position(90_000)]).unwrap();
    let wanted = [(1, "e-0"), (12_000, "e-11999")]
        .map(|(position, id)| (Position(position), ("urn:example:a".to_owned(), id.to_owned())));
    assert_eq!(names.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn a_hot_block_tells_what_a_replay_needs() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let context = Context::default().with(Dimension::Platform, "jitsi").with(Dimension::Network, "mobile");
    let mut joined = event(0);
    joined.payload = Payload::Joined { context: Some(context.clone()) };
    append(&log, [joined, event(4)]);
    let block = log.brief_blocks(..).next().unwrap().unwrap();
    assert_eq!(block.consultations.iter().collect::<Vec<_>>(), ["c-0", "c-1"]);
    let brief = &block.events[0];
    assert_eq!(&block.sources[brief.source], "urn:example:a");
    assert_eq!(block.participants.get(brief.participant.unwrap()), Some("p-1"));
    let engine::log::Detail::Joined { context: Some(number) } = brief.detail else { panic!("{brief:?}") };
    assert_eq!(block.contexts.context(number), context);
    assert_eq!(block.contexts.row(number).len(), 2);
    assert_eq!(block.events[1].detail, engine::log::Detail::Nothing);
}

#[test]
fn a_whole_file_again_is_all_duplicates_whatever_its_order() {
    let (_dir, store) = new_store();
    // Thirty times as many as usual fill and merge runs of the index.
    let all: Vec<_> = (0..u64::from(20_000 * times())).map(event).collect();
    {
        let log = create(&store);
        all.chunks(9_000).for_each(|chunk| drop(append(&log, chunk.to_vec())));
        let receipt = append(&log, all[5..15_000].to_vec());
        assert_eq!(receipt.duplicates(), 14_995);
    }
    let log = Log::open(&store, Mode::Existing).unwrap();
    let mut shuffled = all;
    shuffled.sort_by_key(|event| event.id.bytes().rev().collect::<Vec<_>>());
    shuffled.truncate(5_000);
    let receipt = append(&log, shuffled.clone());
    for (event, fate) in shuffled.iter().zip(receipt.fates) {
        let position = Position(1 + event.id[2..].parse::<u64>().unwrap());
        assert_eq!(fate, Fate::Duplicate(position));
    }
    check_whole(&log);
}

#[test]
fn many_writers_at_once_share_what_they_wait_for() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let log = std::sync::Arc::new(log);
    let writers: Vec<_> = (0..20_u64)
        .map(|writer| {
            let log = std::sync::Arc::clone(&log);
            runtime.spawn(async move {
                for round in 0..10 {
                    // Every event is sent by two writers.
                    let receipt =
                        log.append(vec![event(writer / 2 * 10 + round)], Time::from_ms(0)).await.unwrap();
                    assert!(receipt.head <= log.head());
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| runtime.block_on(writer).unwrap());
    assert_eq!(log.head(), Position(100));
    check_whole(&log);
}

#[test]
fn stats_count_what_is_there() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let mut other = event(7);
    (other.source, other.payload) = ("urn:example:b".to_owned(), Payload::Completed);
    append(&log, (0..5000).map(event).chain([other]));
    let stats = log.stats().unwrap();
    assert_eq!((stats.events, stats.blocks, stats.head), (5001, 2, Position(5001)));
    assert_eq!(
        stats.kinds.into_iter().collect::<Vec<_>>(),
        [(event::Kind::Dropped, 5000), (event::Kind::Completed, 1)]
    );
    assert_eq!(stats.sources["urn:example:b"], 1);
    assert!(stats.hot_bytes > 0 && stats.cold_bytes > 0 && stats.disk_bytes > stats.hot_bytes);
}

#[test]
fn only_a_new_an_empty_or_a_store_folder_is_opened() {
    let (dir, store) = new_store();
    let refusal = |path: &Path, mode| Log::open(path, mode).map(drop).unwrap_err();
    assert!(matches!(refusal(&store, Mode::Existing), LogError::Missing { .. }));
    assert!(!store.exists(), "a store that must exist is not made");

    let file = dir.path().join("file");
    std::fs::write(&file, "text").unwrap();
    assert!(refusal(&file, Mode::Create).to_string().contains("is no folder"));
    let error = refusal(&file.join("below"), Mode::Create).to_string();
    assert!(error.contains("below"), "{error}");
    let error = refusal(dir.path(), Mode::Create).to_string();
    assert!(error.contains("it holds file and no FORMAT"), "{error}");
    assert!(!dir.path().join("LOCK").exists(), "what is no store is left as it was");

    std::fs::create_dir(&store).unwrap();
    assert!(matches!(refusal(&store, Mode::Existing), LogError::Missing { .. }));
    append(&create(&store), [event(1)]);
    std::fs::write(store.join("FORMAT"), "evenfield log 9\n").unwrap();
    let error = refusal(&store, Mode::Create).to_string();
    assert!(error.contains("evenfield log 9") && error.contains("evenfield log 2"), "{error}");
    std::fs::remove_file(store.join("FORMAT")).unwrap();
    let error = refusal(&store, Mode::Create).to_string();
    assert!(error.contains("FORMAT is missing"), "{error}");
}

/// A crash between two steps of making a store leaves no FORMAT; the next opening completes it.
#[test]
fn a_store_whose_making_was_cut_short_is_completed() {
    let (_dir, store) = new_store();
    drop(create(&store));
    std::fs::remove_file(store.join("FORMAT")).unwrap();
    assert_eq!(append(&create(&store), [event(1)]).added(), 1);
    assert_eq!(Log::open(&store, Mode::Existing).unwrap().head(), Position(1));
}

/// A power cut may leave anything of a database that was just being made; no event was taken by then.
#[test]
fn a_store_whose_making_was_torn_by_a_power_cut_is_made_anew() {
    let (_dir, store) = new_store();
    for torn in [&[][..], &[0; 9000], &[0xa5; 9000]] {
        std::fs::create_dir_all(store.join("sled")).unwrap();
        std::fs::write(store.join("LOCK"), "").unwrap();
        for name in ["db", "conf", "snap.00000000000016E3"] {
            std::fs::write(store.join("sled").join(name), torn).unwrap();
        }
        assert_eq!(append(&create(&store), [event(1)]).added(), 1);
        assert_eq!(events(&Log::open(&store, Mode::Existing).unwrap()), [event(1)]);
        std::fs::remove_file(store.join("FORMAT")).unwrap();
        let error = Log::open(&store, Mode::Create).map(drop).unwrap_err().to_string();
        assert!(error.contains("its FORMAT is missing"), "what holds events is never made anew: {error}");
        std::fs::remove_dir_all(&store).unwrap();
    }
}

/// A second process is tried in `crash`; within one the lock is the same.
#[test]
fn an_open_store_cannot_be_opened_again_until_it_is_dropped() {
    let (_dir, store) = new_store();
    let log = create(&store);
    let error = Log::open(&store, Mode::Create).map(drop).unwrap_err().to_string();
    assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
    drop(log);
    for _ in 0..5 {
        append(&create(&store), [event(1)]);
    }
}

/// What a crash leaves while the database writes a snapshot kept every later opening from succeeding.
#[test]
fn a_left_over_draft_of_a_snapshot_does_not_matter() {
    let (_dir, store) = new_store();
    append(&create(&store), (0..50).map(event));
    let draft = store.join("sled").join("snap.0000000000001234.generating");
    std::fs::write(&draft, "half").unwrap();
    let log = Log::open(&store, Mode::Existing).unwrap();
    assert!(!draft.exists());
    check_whole(&log);
}

/// Bytes are changed in the file, under the database's feet. It may refuse to open, an event may not be
/// readable, the database may go back to an earlier state; but never may anything else be shown.
#[test]
fn damage_to_the_file_never_shows_other_events_and_never_panics() {
    let (dir, store) = new_store();
    for chunk in 0..8 {
        append(&create(&store), (chunk * 3000..(chunk + 1) * 3000).map(event));
    }
    let whole = std::fs::read(store.join("sled").join("db")).unwrap();
    let used = whole.windows(3).rposition(|bytes| bytes == b"EFC").unwrap();
    for round in 0..8 {
        let copy = dir.path().join(format!("copy-{round}"));
        copy_folder(&store, &copy);
        let mut bytes = whole.clone();
        let at = used * (2 * round + 1) / 16;
        bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0x55);
        std::fs::write(copy.join("sled").join("db"), &bytes).unwrap();
        match Log::open(&copy, Mode::Existing) {
            Err(error) => assert!(error.to_string().contains("restore a backup"), "{error}"),
            Ok(log) => {
                let sound = log.verify(&mut |_, _| {}).is_sound();
                let read: Vec<_> = log.events(..).collect();
                assert_eq!(sound, read.iter().all(Result::is_ok));
                for (number, stored) in read.into_iter().flatten().enumerate() {
                    assert_eq!((stored.position.0, stored.event), (number as u64 + 1, event(number as u64)));
                }
            }
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_folder(&path, &copy) } else { assert!(std::fs::copy(&path, &copy).is_ok()) }
    }
}

#[test]
fn values_in_files_of_their_own_are_found() {
    let (_dir, store) = new_store();
    let log = create(&store);
    append(&log, [event(1)]);
    std::fs::write(store.join("sled").join("blobs").join("1234"), "x").unwrap();
    let verdict = log.verify(&mut |_, _| {});
    assert!(!verdict.is_sound());
    assert!(verdict.findings[0].what.contains("files of their own"), "{verdict:?}");
}

#[test]
fn verification_tells_how_far_it_is() {
    let (_dir, store) = new_store();
    let log = create(&store);
    append(&log, (0..5000).map(event));
    let mut told = Vec::new();
    let verdict = log.verify(&mut |done, all| told.push((done, all)));
    assert_eq!(told, [(4096, 5000), (5000, 5000)]);
    assert_eq!((verdict.blocks, verdict.events), (2, 5000));
}

/// A sender's clock and ours may go back; what they said is kept, and order is that of arrival.
#[test]
fn a_clock_that_goes_back_is_kept_as_it_was() {
    let (_dir, store) = new_store();
    let times = [5_000, 4_000, -7, i64::MAX, i64::MIN, 0].map(Time::from_ms);
    for (id, recorded_at) in (0..).zip(times) {
        let event = Event { at: recorded_at, ..event(id) };
        create(&store).append_blocking(vec![event], recorded_at).unwrap();
    }
    let log = create(&store);
    log.seal(&mut |_| {}).unwrap();
    let kept: Vec<_> = log.events(..).map(Result::unwrap).map(|it| (it.recorded_at, it.event.at)).collect();
    assert_eq!(kept, times.map(|time| (time, time)));
    check_whole(&log);
}
