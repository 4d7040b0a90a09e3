//! Stores that are whole, and what is left of them after every kind of harm.

mod sample;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;

use event::Time;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::store::Store;
use super::message::{Message, goes_on};
use super::segment::{HEADER_BYTES, Head};
use super::snapshot::newest_snapshot;
use super::stretch::torn_at;
use super::*;
use crate::log::{Log, Mode, Opening, Position};
use sample::{Draw, EVENTS, events, last_root, sample};

#[test]
fn a_store_is_clean_between_its_sessions() {
    let sample = sample();
    assert_eq!(walk(&sample.store().join("sled"), Some(&sample.wanted)).unwrap(), Walk::Clean);
    assert!(matches!(walk(&sample.store().join("sled"), Some(&[7; 32])).unwrap(), Walk::Suspicious(_)));
    let dir = tempfile::tempdir().unwrap();
    let (mut draw, sled) = (Draw(2), dir.path().join("sled"));
    assert_eq!(walk(&sled, None).unwrap(), Walk::Clean, "nothing is there yet");
    drop(Log::open(dir.path(), Mode::Create).unwrap());
    assert_eq!(walk(&sled, None).unwrap(), Walk::Clean);
    for session in 0..30 {
        let log = Log::open(dir.path(), Mode::Existing).unwrap();
        log.append_blocking(events(&mut draw, session * 700, 1 + session * 23), Time::from_ms(0)).unwrap();
        let wanted = last_root(&log);
        drop(log);
        assert_eq!(walk(&sled, Some(&wanted)).unwrap(), Walk::Clean, "session {session}");
    }
}

/// Segments are freed, zeroed, used again over what they held, and cut off at the end.
#[test]
fn a_database_that_is_written_over_and_over_is_clean() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let mut draw = Draw(3);
    let (mut reused, mut alarms) = (0, 0);
    for session in 0..12 {
        let store = Store::open(dir.path()).unwrap();
        let mut wanted = [0; 32];
        for round in 0..6 {
            let keys = || (0..40_u8).map(|key| vec![key; 30]);
            let puts = keys().map(|key| (key, draw.bytes(30_000))).collect();
            store.edit_index(puts, Vec::new()).unwrap();
            if (session + round) % 5 == 4 {
                store.edit_index(Vec::new(), keys().skip(round).collect()).unwrap();
            }
            let last = draw.bytes(32);
            wanted.copy_from_slice(&last);
            store.edit_index(vec![(vec![200], last)], Vec::new()).unwrap();
            store.flush().unwrap();
        }
        drop(store);
        match walk(dir.path(), Some(&wanted)).unwrap() {
            Walk::Clean => {}
            // The database may free a segment that its last snapshot still names: a false alarm, which costs
            // a store that is written anew and no event. It must stay rare.
            Walk::Suspicious(what) if what.ends_with("is not what was there") => alarms += 1,
            Walk::Suspicious(what) => panic!("session {session}: {what}"),
        }
        let (used, _) = survey(&mut Source::open(db.clone()).unwrap().unwrap()).unwrap();
        reused += used.iter().filter(|head| head.lsn as u64 > head.at).count();
    }
    assert!(reused > 0, "no segment was used again");
    assert!(alarms <= 3, "{alarms} of 12 were false alarms");
}

#[test]
fn a_changed_bit_is_seen() {
    let sample = sample();
    for bit in 0..HEADER_BYTES * 8 {
        for head in &sample.heads {
            let mut bytes = *sample.db[head.at as usize..].first_chunk::<HEADER_BYTES>().unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::read(head.at, &bytes).is_err(), "{} {bit}", head.at);
        }
    }
    let messages = sample.messages();
    sample.try_harm(60, |draw, db| {
        db[draw.below(sample.db.len())] ^= 1 << draw.below(8);
        "a bit anywhere"
    });
    sample.try_harm(60, |draw, db| {
        db[messages[draw.below(messages.len())] + draw.below(12)] ^= 1 << draw.below(8);
        "a bit of a message's header"
    });
    sample.try_harm(20, |draw, db| {
        let segment = draw.below(sample.db.len().div_ceil(SEGMENT_BYTES));
        db[segment * SEGMENT_BYTES + draw.below(HEADER_BYTES)] ^= 1 << draw.below(8);
        "a bit of a segment's header"
    });
}

/// Of what was written before the snapshot the database reads the pages that it names, and nothing else.
#[test]
fn what_the_snapshot_names_is_checked_and_nothing_between() {
    let sample = sample();
    let kept: Vec<&Range<usize>> = sample.read.iter().filter(|ranges| ranges.len() > 1).flatten().collect();
    // How many there are depends on when the database took its snapshot.
    assert!(kept.len() > 10, "{}", kept.len());
    for (number, range) in kept.iter().enumerate().step_by(2) {
        let mut db = sample.db.clone();
        db[range.start + number * 7 % range.len()] ^= 1 << (number % 8);
        assert!(sample.suspects(&db, "a page"), "{range:?}");
    }
    let unread = sample.unread();
    let mut db = sample.db.clone();
    assert!(unread.iter().map(Range::len).sum::<usize>() > 1000, "{unread:?}");
    unread.into_iter().for_each(|gap| db[gap].fill(0x55));
    assert!(!sample.suspects(&db, "all that is never read"), "it is no business of this store");
    // Without its snapshot the database would read all of it.
    let copy = sample.with(&db);
    let sled = copy.path().join("sled");
    fs::remove_file(sled.join(newest_snapshot(&sled).unwrap().unwrap())).unwrap();
    assert_ne!(sample.walk(&copy), Walk::Clean);
    let log = Log::open(copy.path(), Mode::Existing).unwrap();
    assert!(matches!(log.opening(), Opening::Rewritten { .. }), "{:?}", log.opening());
    assert!(log.head() >= Position(EVENTS) && log.verify(&mut |_, _| {}).is_sound());
}

/// Damage that no one reads stays what it is, however often the store is opened and written to.
#[test]
fn what_is_never_read_does_no_harm_later() {
    let sample = sample();
    let mut db = sample.db.clone();
    sample.unread().into_iter().for_each(|gap| db[gap].fill(0));
    let copy = sample.with(&db);
    let (mut draw, mut head) = (Draw(9), Position(EVENTS));
    for session in 0..6 {
        let log = Log::open(copy.path(), Mode::Existing).unwrap();
        assert_eq!((log.opening(), log.head()), (&Opening::Healthy, head), "session {session}");
        let receipt =
            log.append_blocking(events(&mut draw, 50_000 + 2000 * session, 1500), Time::from_ms(0)).unwrap();
        head = receipt.head;
        log.seal(&mut |_| {}).unwrap();
    }
    let log = Log::open(copy.path(), Mode::Existing).unwrap();
    assert!(log.head() == head && log.verify(&mut |_, _| {}).is_sound());
}

/// What a witness has seen last may have been put together with what came later, sessions ago: its commitment
/// stands in what was replaced, and nowhere else. Where the database has used that place again meanwhile, which
/// depends on when it sealed, the store is written anew without need, and nothing is lost.
#[test]
fn a_witness_from_before_its_block_was_replaced_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut draw = Draw(11);
    let (witness, older) = (dir.path().join("WITNESS"), dir.path().join("older"));
    let log = Log::open(dir.path(), Mode::Create).unwrap();
    for id in 0..150 {
        log.append_blocking(events(&mut draw, id, 1), Time::from_ms(0)).unwrap();
        if id == 20 {
            fs::copy(&witness, &older).unwrap();
        }
    }
    log.seal(&mut |_| {}).unwrap();
    assert!(log.first_positions().unwrap().len() < 100, "blocks were put together");
    drop(log);
    // The segments in which it happened are not replayed any more.
    for session in 1..4 {
        let log = Log::open(dir.path(), Mode::Existing).unwrap();
        log.append_blocking(events(&mut draw, 4000 * session, 4000), Time::from_ms(0)).unwrap();
    }
    drop(Log::open(dir.path(), Mode::Existing).unwrap());
    fs::rename(&older, &witness).unwrap();
    let log = Log::open(dir.path(), Mode::Existing).unwrap();
    assert!(matches!(log.opening(), Opening::Healthy | Opening::Rewritten { .. }), "{:?}", log.opening());
    assert!(log.head() == Position(12_150) && log.verify(&mut |_, _| {}).is_sound());
}

#[test]
fn a_segment_whose_beginning_is_zeroed_is_seen() {
    let sample = sample();
    for head in &sample.heads {
        for count in [HEADER_BYTES, 4096, 65_536, 300_000] {
            let mut db = sample.db.clone();
            let begin = head.at as usize;
            db[begin..].iter_mut().take(count).for_each(|byte| *byte = 0);
            assert!(sample.suspects(&db, "zeroed"), "{count} bytes from {begin}");
        }
    }
}

#[test]
fn a_batch_without_its_end_is_not_taken_up() {
    let torn = |batches: &[(i64, i64)]| torn_at(batches.iter().copied(), 100);
    assert_eq!(torn(&[]), 100);
    assert_eq!(torn(&[(10, 20), (30, 99)]), 100);
    assert_eq!(torn(&[(10, 20), (30, 100)]), 30);
    assert_eq!(torn(&[(10, 200), (30, 40)]), 10);
    assert_eq!(torn(&[(10, 40), (30, 150)]), 10, "begun within another");
    assert_eq!(torn(&[(10, 40), (50, 150)]), 50);
}

#[test]
fn what_is_written_over_is_seen() {
    for bytes in [64, 256, 4096, 65_536] {
        sample().try_harm(25, |draw, db| {
            let at = draw.below(db.len() - bytes);
            let with = match draw.below(3) {
                0 => draw.bytes(bytes),
                one => vec![if one == 1 { 0 } else { 0xff }; bytes],
            };
            db[at..at + bytes].copy_from_slice(&with);
            "written over"
        });
    }
    sample().try_harm(30, |draw, db| {
        let (one, other) = (draw.below(db.len() / 4096) * 4096, draw.below(db.len() / 4096) * 4096);
        let page = db[one..one + 4096].to_vec();
        db.copy_within(other..other + 4096, one);
        db[other..other + 4096].copy_from_slice(&page);
        "two pages swapped"
    });
}

#[test]
fn a_file_cut_short_is_seen() {
    sample().try_harm(40, |draw, db| {
        let len = draw.below(db.len());
        db.truncate(len);
        "cut short"
    });
    for len in [0, 1, 19, 20, SEGMENT_BYTES] {
        assert!(sample().suspects(&sample().db[..len], "cut short"), "{len}");
    }
    let copy = sample().with(&[]);
    fs::remove_file(copy.path().join("sled/db")).unwrap();
    assert_ne!(sample().walk(&copy), Walk::Clean);
    assert_ne!(walk(&copy.path().join("sled"), None).unwrap(), Walk::Clean, "its snapshot knows better");
}

/// Some may be free, and what became of those is of no importance.
#[test]
fn segments_that_change_places_or_are_lost_are_seen() {
    let sample = sample();
    let mut whole: Vec<_> = sample.db.chunks(SEGMENT_BYTES).map(<[u8]>::to_vec).collect();
    whole.iter_mut().for_each(|segment| segment.resize(SEGMENT_BYTES, 0));
    let last = sample.heads.last().unwrap().at as usize / SEGMENT_BYTES;
    let suspects = |segments: &[Vec<u8>]| sample.walk(&sample.with(&segments.concat())) != Walk::Clean;
    let (mut swapped, mut lost) = (0, 0);
    for one in (0..whole.len()).filter(|one| *one != last) {
        let mut segments = whole.clone();
        segments.swap(one, last);
        swapped += usize::from(suspects(&segments));
        segments[one] = whole[last].clone();
        segments[last] = whole[last].clone();
        assert!(suspects(&segments), "{last} is there twice");
        segments[one].fill(0);
        lost += usize::from(suspects(&segments));
    }
    assert!(swapped > 0 && lost > 0, "{swapped} {lost}");
}

#[test]
fn what_stands_behind_the_end_is_seen_or_harmless() {
    let copy = sample().with(&sample().db);
    let db = OpenOptions::new().write(true).open(copy.path().join("sled/db")).unwrap();
    for len in [1_u64 << 32, 1 << 36, 1 << 42] {
        db.set_len(len).unwrap();
        let found = sample().walk(&copy);
        assert!(matches!(&found, Walk::Suspicious(what) if what.contains("far more")), "{len}: {found:?}");
    }
    for count in [1, 19, 20, 4096, SEGMENT_BYTES, 2 * SEGMENT_BYTES] {
        let longer = |tail: Vec<u8>| [sample().db.as_slice(), &tail].concat();
        assert!(!sample().suspects(&longer(vec![0; count]), "zeros"), "{count}");
        let seen = sample().suspects(&longer(Draw(4).bytes(count)), "noise");
        assert!(seen || count < SEGMENT_BYTES, "{count}");
    }
}

#[test]
fn snapshots_and_settings_are_checked() {
    let copy = sample().with(&sample().db);
    let sled = copy.path().join("sled");
    for name in [newest_snapshot(&sled).unwrap().unwrap(), "conf".to_owned()] {
        let path = sled.join(name);
        let whole = fs::read(&path).unwrap();
        // The length before the sum of a snapshot is told and never used.
        for at in
            (0..whole.len()).filter(|at| !(4..12).contains(&(whole.len() - 1 - at)) || path.ends_with("conf"))
        {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            fs::write(&path, bytes).unwrap();
            let found = walk_beside(&sled);
            assert!(matches!(found, Err(Stop::Doubt(_))), "{} {at}", path.display());
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(walk_beside(&sled).is_err());
        fs::write(&path, &whole).unwrap();
        assert!(walk_beside(&sled).is_ok());
    }
    // It would be believed for how much of the log need not be read.
    let name = newest_snapshot(&sled).unwrap().unwrap();
    let later = format!("snap.{:016X}", i64::from_str_radix(&name[5..], 16).unwrap() + SEGMENT as i64);
    fs::rename(sled.join(&name), sled.join(&later)).unwrap();
    assert!(Snapshot::read(&sled, &mut vec![0; SEGMENT_BYTES]).is_err());
    fs::rename(sled.join(later), sled.join(name)).unwrap();
    assert!(Snapshot::read(&sled, &mut vec![0; SEGMENT_BYTES]).is_ok());
    fs::write(sled.join("snap.zzz"), "x").unwrap();
    assert_ne!(sample().walk(&copy), Walk::Clean);
}

/// What is checked of the files beside the log.
fn walk_beside(sled: &Path) -> Result<(), Stop> {
    check_conf(sled)?;
    Snapshot::read(sled, &mut [0; 64]).map(drop)
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("db")).unwrap();
    assert!(matches!(walk(dir.path(), None), Ok(Walk::Suspicious(_)) | Err(LogError::Io { .. })));
}

fn head(lsn: i64, stable: i64) -> Vec<u8> {
    let numbers = [(lsn ^ i64::MAX).to_le_bytes(), (stable ^ i64::MAX).to_le_bytes()].concat();
    [(!crc32fast::hash(&numbers)).to_le_bytes().as_slice(), &numbers].concat()
}

/// A message with a sum that holds, whatever it says of itself.
fn message(kind: u8, fields: &[u8], body: &[u8]) -> Vec<u8> {
    let header = [&[kind], fields].concat();
    let sum = !crc32fast::hash(&[body, &header].concat());
    [sum.to_le_bytes().as_slice(), &header, body].concat()
}

fn segment() -> impl Strategy<Value = Vec<u8>> {
    let lsn = prop_oneof![any::<i64>(), (0_i64..4).prop_map(|number| number * SEGMENT as i64)];
    let crafted = (0_u8..13, 0_u8..3, vec(any::<u8>(), 0..20))
        .prop_map(|(kind, number, body)| message(kind, &[body.len() as u8, number, 5], &body));
    let noise = (any::<u8>(), vec(any::<u8>(), 0..30), vec(any::<u8>(), 0..300))
        .prop_map(|(kind, fields, body)| message(kind, &fields, &body));
    let messages = vec(prop_oneof![3 => crafted, 1 => noise, 1 => vec(any::<u8>(), 0..50)], 0..12);
    let full = prop_oneof![Just(None), Just(Some(SEGMENT_BYTES)), (0..SEGMENT_BYTES).prop_map(Some)];
    (lsn, any::<i64>(), any::<bool>(), messages, full).prop_map(|(lsn, stable, fits, messages, full)| {
        let stable = if fits { lsn.saturating_sub(1) } else { stable };
        let mut bytes = [head(lsn, stable), messages.concat()].concat();
        bytes.resize(full.unwrap_or(bytes.len()), 0);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_the_file_holds_the_walk_ends(
        segments in vec(prop_oneof![3 => segment(), 1 => vec(any::<u8>(), 0..3000)], 0..4),
        wanted in any::<Option<[u8; 32]>>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut db = File::create(dir.path().join("db")).unwrap();
        segments.iter().for_each(|segment| db.write_all(segment).unwrap());
        let found = walk(dir.path(), wanted.as_ref()).unwrap();
        prop_assert!(wanted.is_none() || found != Walk::Clean);
    }

    #[test]
    fn whatever_stands_where_a_message_should_is_read_without_harm(
        bytes in vec(any::<u8>(), 0..200), at in 0_usize..250, number in any::<u64>(),
    ) {
        let _ = Message::read(&bytes, at, number);
        let _ = goes_on(&bytes, at, number);
    }
}
