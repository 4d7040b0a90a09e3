//! What each fuzz target does with bytes, for the targets here and for the bounded runs of `tests/fuzzing.rs`.
//!
//! A body panics, aborts or takes too much memory where the code behind it is wrong, and returns where it is
//! right, whatever the bytes are. Checksums are put right on the way: they hide what lies behind them.
//!
//! ```text
//! cargo fuzz --fuzz-dir tests/fuzz run block        or backup, cloudevents, feed, proof
//! ```

use std::ops::ControlFlow;

use engine::log::{Log, Mode, Proof, fuzzing, restore};
use feeds::cloudevents::{CloudEvents, line, read_line};
use feeds::{Feed, Item, Settings};

/// First byte 0: u32 length of the hot value, both values as they are. Else the inside of a block: see
/// [`fuzzing`].
pub fn block(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => {
            let Some((length, rest)) = rest.split_first_chunk() else { return };
            let at = rest.len().min(u32::from_le_bytes(*length) as usize);
            let (hot, cold) = rest.split_at(at);
            let _ = fuzzing::decode(hot, cold);
        }
        Some((_, inside)) => {
            let Some((hot, cold)) = fuzzing::around(inside) else { return };
            let _ = fuzzing::decode(&hot, &cold);
        }
        None => {}
    }
}

/// First byte 0: a stream as it is. Else one whose checksums are put right. What was restored is a log.
pub fn backup(data: &[u8]) {
    let Some((mode, stream)) = data.split_first() else { return };
    let stream = if *mode == 0 { stream.to_vec() } else { mended(stream) };
    let dir = tempfile::tempdir().expect("a folder");
    let store = dir.path().join("x.store");
    if restore(&mut stream.as_slice(), &store, &mut |_, _| true).is_ok() {
        let log = Log::open(&store, Mode::Existing).expect("what was restored opens");
        let verdict = log.verify(&mut |_, _| {});
        assert!(verdict.is_sound(), "{:?}", verdict.findings);
        log.events(..).for_each(|stored| drop(stored.expect("what was restored can be read")));
        log.brief_blocks(..).for_each(|block| drop(block.expect("what was restored can be replayed")));
    }
}

const MAGIC: &[u8] = b"evenfield backup 1\n";
const ENTRY: usize = 72;

/// A backup with every checksum in it put right, as far as its frames can be told apart.
pub fn mended(stream: &[u8]) -> Vec<u8> {
    let mut out = stream[..stream.len().min(MAGIC.len())].to_vec();
    let mut rest = &stream[out.len()..];
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some((payload, behind)) = behind.split_at_checked(length) else { break };
        let mut payload = payload.to_vec();
        match head[0] {
            b'k' | b'r' => mend(&mut payload),
            b'b' => mend_block(&mut payload),
            b'z' if length == 48 => payload[16..].copy_from_slice(blake3::hash(&out).as_bytes()),
            _ => {}
        }
        let begin = out.len();
        out.extend_from_slice(head);
        out.append(&mut payload);
        out.extend(crc32c::crc32c(&out[begin..]).to_le_bytes());
        rest = behind.get(4..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// A value that begins with a magic of four bytes and a checksum of what follows.
fn mend(value: &mut [u8]) {
    if let Some((head, rest)) = value.split_first_chunk_mut::<8>() {
        head[4..].copy_from_slice(&crc32c::crc32c(rest).to_le_bytes());
    }
}

/// An entry, a hot and a cold value.
fn mend_block(payload: &mut [u8]) {
    let Some((entry, values)) = payload.split_at_mut_checked(ENTRY) else { return };
    let hot = u32::from_le_bytes([entry[20], entry[21], entry[22], entry[23]]) as usize;
    mend(entry);
    if let Some((hot, cold)) = values.split_at_mut_checked(hot) {
        mend(hot);
        mend(cold);
    }
}

/// A file of events: each that is read is written and read again as the same.
pub fn cloudevents(data: &[u8]) {
    let _ = CloudEvents.recognises(data);
    let sink = &mut |item| {
        if let Item::Event { event, .. } = item {
            let written = line(&event);
            assert_eq!(read_line(written.as_bytes()).as_ref(), Ok(&event), "{written}");
        }
        ControlFlow::Continue(())
    };
    let _ = CloudEvents.read(&mut &*data, &Settings::default(), sink);
}

/// The first byte picks the feed, the rest is its input: whatever it is, it is recognised or not and read to its
/// end, and each event that is read could be written and read again as the same.
pub fn feed(data: &[u8]) {
    let Some((pick, input)) = data.split_first() else { return };
    let feed = feeds::ALL[usize::from(*pick) % feeds::ALL.len()];
    let _ = feeds::detect(input);
    let settings = Settings { consultation: Some("c-1".to_owned()), ..Settings::default() };
    let sink = &mut |item| {
        let at = match item {
            Item::Event { line: at, event } => {
                let written = line(&event);
                assert_eq!(read_line(written.as_bytes()).as_ref(), Ok(&event), "{}: {written}", feed.name());
                at
            }
            Item::Rejected(rejected) => {
                assert!(!rejected.reason.is_empty(), "{}", feed.name());
                rejected.line
            }
            Item::Skipped { line: at, .. } => at,
        };
        assert!(at >= 1, "{} counts lines from 1", feed.name());
        ControlFlow::Continue(())
    };
    let _ = feed.read(&mut &*input, &settings, sink);
}

/// First byte 0: a proof as a document. Else the bytes that are committed to, in a proof that holds.
pub fn proof(data: &[u8]) {
    match data.split_first() {
        Some((0, document)) => check(document),
        Some((_, content)) => {
            let salt = [7; 32];
            let leaf = blake3::Hasher::new().update(&[0]).update(&salt).update(content).finalize();
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let at =
                content.get(11..19).and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_le_bytes);
            let document = serde_json::json!({
                "schema": "evenfield.proof/1", "store": hex(&[1; 16]), "position": 1,
                "head": { "position": 1, "commitment": hex(leaf.as_bytes()) },
                "recorded_at": event::Time::from_ms(at), "salt": hex(&salt), "leaf_content": hex(content),
                "leaf": null, "path": [],
            });
            check(document.to_string().as_bytes());
        }
        None => {}
    }
}

fn check(document: &[u8]) {
    let Ok(proof) = serde_json::from_slice::<Proof>(document) else { return };
    let proven = proof.check();
    let written = serde_json::to_vec(&proof).expect("a proof can be written");
    let again = serde_json::from_slice::<Proof>(&written).expect("what was written can be read");
    assert_eq!(again.check(), proven);
}
