//! What strangers may send, changed at random and packed to burst: in a process that has little memory.
//!
//! The bodies are those of the fuzz targets in `tests/fuzz`, which look for longer; here a bounded number of
//! cases keeps them honest: `EVENFIELD_CASES` times as many as usual. Each kind runs in a second process,
//! this program again, so that no panic, abort or claim on memory goes unseen.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use engine::log::{Log, Mode, Position, fuzzing};
use event::{Event, Time};
use serde_json::Value;

use crate::command::{EXAMPLE, folder};

#[path = "fuzz/bodies.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets see it as a crate")]
mod bodies;

const PART: &str = "EVENFIELD_FUZZING_PART";
const CASE: &str = "EVENFIELD_FUZZING_CASE";
/// What a second process may have, in KiB, its program and the stacks of its threads included.
const LITTLE: u32 = 384 << 10;
/// The same where a document may be read whole, which has up to 256 MiB and grows by doubling.
const DOCUMENT: u32 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Runs `program` with so many KiB of memory.
fn with_little_memory(kib: u32, program: &Path, args: &[&str], settings: &[(&str, &Path)]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {kib} && exec \"$0\" \"$@\"")]).arg(program).args(args);
    // Each arena of the allocator lays claim to addresses that are never used.
    command.env("MALLOC_ARENA_MAX", "1").env("NO_COLOR", "1").envs(settings.iter().copied());
    command.stdin(Stdio::null()).output().unwrap()
}

/// Runs a part in a second process; when that does not end well, says on which bytes.
fn survives(part: &str) {
    let dir = folder();
    let case = dir.path().join("case");
    let args = ["--exact", "fuzzing::the_second_process", "--nocapture", "--test-threads=1"];
    let settings = [(PART, Path::new(part)), (CASE, case.as_path()), ("TMPDIR", dir.path())];
    let output = with_little_memory(LITTLE, &std::env::current_exe().unwrap(), &args, &settings);
    let told = format!("survived: {part}");
    if !output.status.success() || !String::from_utf8_lossy(&output.stdout).contains(&told) {
        let bytes = std::fs::read(case).unwrap_or_default();
        let told = String::from_utf8_lossy(&output.stderr);
        panic!("{part} did not survive: {}\n{told}\nthe last case: {}", output.status, bytes.escape_ascii());
    }
}

/// No test of its own: what the second process does. Without being told, nothing.
#[test]
fn the_second_process() {
    let Ok(part) = std::env::var(PART) else { return };
    match part.as_str() {
        "block" => try_changes(3000, &blocks(), bodies::block),
        "backup" => try_changes(400, &backups(), bodies::backup),
        "cloudevents" => try_changes(4000, &files(), bodies::cloudevents),
        "feed" => try_changes(1500 * feeds::ALL.len(), &inputs(), bodies::feed),
        "proof" => try_changes(3000, &proofs(), bodies::proof),
        "bomb" => a_block_that_bursts(),
        "pieces" => a_block_in_many_pieces(),
        "limit" => assert!(Vec::<u8>::new().try_reserve_exact(GIB as usize).is_err()),
        part => panic!("no such part: {part}"),
    }
    println!("survived: {part}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_second_process_has_little_memory() {
    survives("limit");
}

#[test]
fn no_bytes_harm_the_decoder_of_blocks() {
    survives("block");
}

#[test]
fn no_backup_harms_who_restores_it_and_what_is_restored_is_a_log() {
    survives("backup");
}

#[test]
fn no_file_of_events_harms_its_reader_and_what_is_read_is_written_the_same() {
    survives("cloudevents");
}

#[test]
fn no_input_harms_any_feed_and_what_is_read_could_be_written() {
    survives("feed");
}

#[test]
fn no_proof_harms_who_checks_it() {
    survives("proof");
}

#[test]
fn a_block_that_would_burst_is_refused() {
    survives("bomb");
}

#[test]
fn a_block_with_many_gaps_is_replayed_in_little_memory() {
    survives("pieces");
}

/// Every other event is destroyed, and those between them name a person each, at length.
fn a_block_in_many_pieces() {
    let dir = folder();
    let store = dir.path().join("x.store");
    let event = |number: usize| {
        let (id, consultation) = (number.to_string(), ["c-1", "c-2"][number % 2]);
        let event = Event::new("urn:example:a", id, consultation, Time::MIN, event::Payload::Waiting);
        event.by(format!("{number:x>900}"), event::Role::Patient)
    };
    let log = Log::open(&store, Mode::Create).unwrap();
    log.append_blocking((0..4096).map(event).collect(), Time::MIN).unwrap();
    drop(log);
    engine::log::redact(&store, "c-1", None, Time::MIN, &mut |_, _| {}).unwrap().unwrap();
    let log = Log::open(&store, Mode::Existing).unwrap();
    let pieces: Vec<usize> = log.brief_blocks(..).map(|block| block.unwrap().events.len()).collect();
    assert_eq!(pieces.iter().sum::<usize>(), 2048);
    assert!(pieces.len() > 1500, "{} pieces", pieces.len());
}

/// Numbers that look random and are the same on every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.roll(list.len())]
    }
}

/// What decoders trip over: ends of ranges, counts that are not there, and the marks of JSON.
const ODD: &[&[u8]] = &[
    &[0],
    &[0x7f],
    &[0x80],
    &[0xff],
    &[251, 255, 255],
    &[252, 255, 255, 255, 255],
    &[253, 255, 255, 255, 255, 255, 255, 255, 127],
    &[255; 4],
    &[0, 0, 0, 0x80],
    &[0, 0, 0x40, 0],
    &[255; 8],
    &[0, 0, 0, 0, 0, 0, 0, 0x80],
    b"\"",
    b"\\",
    b"\\ud800",
    b"\n",
    b"{",
    b"[[[[[[[[",
    b"]",
    b",",
    b"null",
    b"-0",
    b"1e999",
    b"18446744073709551615",
    b"\"data\":{}",
    b"\xef\xbb\xbf",
];

/// `seed` after one to five changes; its first byte, which says how it is read, stays.
fn changed(dice: &mut Dice, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(5) {
        if bytes.len() < 2 {
            break;
        }
        let at = 1 + dice.roll(bytes.len() - 1);
        let to = (at + dice.roll(40)).min(bytes.len());
        match dice.roll(8) {
            0 | 1 => bytes[at] = dice.roll(256) as u8,
            2 => bytes[at] ^= 1 << dice.roll(8),
            3 => {
                let odd = dice.of(ODD);
                let end = (at + odd.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&odd[..end - at]);
            }
            4 => drop(bytes.splice(at..at, dice.of(ODD).iter().copied())),
            5 => drop(bytes.drain(at..to)),
            6 => {
                let twice = bytes[at..to].to_vec();
                bytes.splice(at..at, twice);
            }
            _ if dice.roll(4) == 0 => bytes.truncate(at),
            _ => {
                let from = dice.roll(other.len());
                let to = (from + dice.roll(60)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

/// Gives `body` every seed, and then so many changed ones.
fn try_changes(cases: usize, seeds: &[Vec<u8>], body: fn(&[u8])) {
    let times = std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let case = PathBuf::from(std::env::var_os(CASE).unwrap());
    let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    let mut dice = Dice(7);
    let change = |_| {
        let (seed, other) = (dice.of(&seeds), dice.of(&seeds));
        changed(&mut dice, seed, other)
    };
    for bytes in seeds.iter().map(|seed| seed.to_vec()).chain((0..cases * times).map(change)) {
        std::fs::write(&case, &bytes).unwrap();
        body(&bytes);
    }
}

/// Events of many kinds, of which some nobody knows.
fn lines() -> String {
    let other = r#"{"specversion":"1.0","id":"e-6","source":"urn:example:trust-b","type":"evenfield.consultation.teleported.v3","subject":"c-2","time":"2022-03-01T09:00:03Z","traceparent":"00-a","data":{"to":{"é":[1,2.50,null]},"participant":7}}
{"specversion":"1.0","id":"e-7","source":"urn:example:trust-b","type":"evenfield.consultation.recording_declared.v1","time":"2022-03-01T00:00:00Z","data":{"feed":"csv","capabilities":{"joined":"observed","dropped":"unobservable"}}}
{"specversion":"1.0","id":"e-8","source":"urn:example:trust-b","type":"evenfield.consultation.adequacy.v1","subject":"c-2","time":"2022-03-01T10:00:00Z","data":{"answer":"partly"}}
"#;
    [EXAMPLE, other].concat()
}

fn files() -> Vec<Vec<u8>> {
    let all = lines();
    let values: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pretty: Vec<String> =
        values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
    let array = all.lines().collect::<Vec<_>>().join(",");
    let files = [
        all.clone(),
        format!("[{array}]"),
        format!("[\n{}\n]\n", pretty.join(",\n")),
        pretty.join("\n"),
        format!("{all}[{array}]\n\n{all}"),
    ];
    let lines = all.lines().map(str::to_owned);
    // The first byte is left alone: a blank one costs nothing.
    files.into_iter().chain(lines).map(|file| format!(" {file}").into_bytes()).collect()
}

/// Inputs for every feed: the files of `tests/fixtures/feeds` that are named after it, and what its own rules
/// call things; and every such file for every other feed, since nobody asks a format who reads it.
fn inputs() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds");
    let files: Vec<(String, Vec<u8>)> = crate::command::files(&folder)
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    let mut seeds = Vec::new();
    for (number, feed) in (0_u8..).zip(feeds::ALL) {
        let own = |name: &str| name.split('.').next() == Some(feed.name());
        assert!(files.iter().any(|(name, _)| own(name)), "{} has no file", feed.name());
        seeds.extend(words(*feed).map(|input| [&[number], &input[..]].concat()));
        for (name, input) in &files {
            seeds.push([&[number], &input[..]].concat());
            if own(name) {
                // Its own is changed as often as all others together, and one document more often than a file.
                let lines = input.split(|byte| *byte == b'\n').filter(|line| line.len() > 40).take(12);
                seeds.extend(lines.map(|line| [&[number], line].concat()));
            }
        }
    }
    seeds
}

/// Documents that use the words of a feed's rules in the places where vendors put such words.
fn words(feed: &dyn feeds::Feed) -> impl Iterator<Item = Vec<u8>> {
    feed.rules().iter().flat_map(|rule| rule.theirs.split(", ")).map(|word| {
        let document = serde_json::json!({
            "event": word, "type": word, "eventType": word, "action": word, "name": word,
            "StatusCallbackEvent": word, "resourceType": word,
            "id": "e-1", "created_at": "2022-03-01T09:00:00Z", "timestamp": 1_646_125_200_000_i64,
            "payload": { "object": { "id": "c-1", "participant": { "id": "p-1" } } },
            "room": { "name": "c-1" }, "participant": { "identity": "p-1", "joinedAt": "1646125200" },
            "detail": { "meetingId": "c-1", "attendeeId": "p-1", "eventType": word }, "data": { "id": "p-1" },
            "attributes": { "meetingId": "c-1", "attendeeId": "p-1", "timestampMs": 1_646_125_200_000_i64 },
        });
        document.to_string().into_bytes()
    })
}

/// A log of these lines, so many times, of which a consultation was destroyed if that is wanted.
fn log_of(store: &Path, times: usize, destroyed: bool) -> Log {
    let log = Log::open(store, Mode::Create).unwrap();
    for time in 0..times {
        let again = |line: &str| {
            let mut event = feeds::cloudevents::read_line(line.as_bytes()).unwrap();
            event.id.push_str(&time.to_string());
            event
        };
        log.append_blocking(lines().lines().map(again).collect::<Vec<Event>>(), Time::from_ms(7)).unwrap();
    }
    if destroyed {
        drop(log);
        let at = Time::from_ms(9);
        engine::log::redact(store, "c-2", Some("asked for"), at, &mut |_, _| {}).unwrap().unwrap();
        return Log::open(store, Mode::Existing).unwrap();
    }
    log
}

fn streams() -> Vec<Vec<u8>> {
    let dir = folder();
    let stream = |(number, (times, destroyed))| {
        let log = log_of(&dir.path().join(format!("{number}.store")), times, destroyed);
        let mut stream = Vec::new();
        log.backup(&mut stream, &mut |_, _| true).unwrap();
        stream
    };
    [(1, false), (2, true), (5, false)].into_iter().enumerate().map(stream).collect()
}

/// Each seed once to be read as it is, and once to have its checksums put right.
fn both(seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let with = |mode: u8| seeds.iter().map(move |seed| [&[mode], &seed[..]].concat());
    with(0).chain(with(1)).collect()
}

fn backups() -> Vec<Vec<u8>> {
    both(streams())
}

/// The hot and the cold value of every block of a backup.
fn values(stream: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let number = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let (mut rest, mut found) = (&stream[b"evenfield backup 1\n".len()..], Vec::new());
    while let Some((tag, behind)) = rest.split_first() {
        let (payload, behind) = behind[4..].split_at(number(behind));
        if *tag == b'b' {
            let (hot, cold) = payload[72..].split_at(number(&payload[20..]));
            found.push((hot.to_vec(), cold.to_vec()));
        }
        rest = &behind[4..];
    }
    found
}

fn blocks() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (hot, cold) in streams().iter().flat_map(|stream| values(stream)) {
        assert!(fuzzing::decode(&hot, &cold), "a seed that is no block would look for nothing");
        let inside = fuzzing::inside(&hot, &cold).unwrap();
        let (hot_again, cold_again) = fuzzing::around(&inside).unwrap();
        assert!(fuzzing::decode(&hot_again, &cold_again));
        seeds.push([&[1], &inside[..]].concat());
        seeds.push([&[0], &(hot.len() as u32).to_le_bytes()[..], &hot, &cold].concat());
    }
    seeds
}

fn proofs() -> Vec<Vec<u8>> {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), 2, true);
    let mut seeds = Vec::new();
    for position in 1..=log.head().0 {
        let proof = serde_json::to_value(log.prove(Position(position), None).unwrap()).unwrap();
        seeds.push(format!("\0{proof}").into_bytes());
        if let Some(digits) = proof["leaf_content"].as_str() {
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            seeds.push([1].into_iter().chain((0..digits.len()).step_by(2).map(byte)).collect());
        }
    }
    seeds
}

/// So many times this byte, packed.
fn packed(begin: &[u8], byte: u8, count: u64) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(begin).unwrap();
    let chunk = vec![byte; 1 << 20];
    (0..count >> 20).for_each(|_| encoder.write_all(&chunk).unwrap());
    encoder.finish().unwrap()
}

/// A hot value whose compressed part is a gigabyte of zeros, and says so or does not.
fn a_block_that_bursts() {
    let bomb = packed(b"", 0, GIB);
    for claimed in [0, 1, 4 << 20, GIB as u32, u32::MAX] {
        let mut value = b"EFH1\0\0\0\0".to_vec();
        value.extend(1_u64.to_le_bytes());
        value.extend(1_u32.to_le_bytes());
        value.extend([0; 16]);
        for length in [0, bomb.len() as u32, claimed] {
            value.extend(length.to_le_bytes());
        }
        value.extend_from_slice(&bomb);
        let checksum = crc32c::crc32c(&value[8..]).to_le_bytes();
        value[4..8].copy_from_slice(&checksum);
        assert!(!fuzzing::decode(&value, &value));
    }
}

/// Small files that unpack to a gigabyte: each is read to its end or refused, in little memory.
#[test]
fn a_packed_file_that_would_burst_is_refused_or_read_in_bounded_memory() {
    let dir = folder();
    let (zeros, array) = (dir.path().join("zeros.zst"), dir.path().join("array.zst"));
    std::fs::write(&zeros, packed(b"", 0, GIB)).unwrap();
    std::fs::write(&array, packed(b"[{\"specversion\":\"1.0\"},\n", b' ', GIB)).unwrap();
    assert!(std::fs::metadata(&zeros).unwrap().len() < 1 << 18);
    let store = dir.path().join("x.store");
    let (zeros, array) = (zeros.to_str().unwrap(), array.to_str().unwrap());
    for (args, code, wanted) in [
        (&["ingest", zeros][..], 4, "looks like none of the formats"),
        (&["ingest", "--feed", "cloudevents", zeros], 4, "1 did not go in, of 1 read"),
        (&["ingest", array], 4, "2 did not go in, of 2 read"),
        (&["log", "check-proof", zeros], 4, "is larger than 1,048,576 bytes"),
    ] {
        let program = Path::new(env!("CARGO_BIN_EXE_evenfield"));
        let ran = with_little_memory(DOCUMENT, program, args, &[("EVENFIELD_STORE", &store)]);
        let told = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains(wanted), "{args:?}: {told}");
    }
}
