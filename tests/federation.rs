//! Federation: summaries of several logs, merged in any order, compare as one log of everything does, to the byte.
//!
//! First the law, through real logs and through the bytes of the file: however consultations are split, as long as each
//! lies whole in one log and sources see alike in all logs that they send to. Then what is refused, and that nothing
//! which can stand in a file makes reading it fail otherwise than with a message.

mod decision;
mod keys;
mod report;
mod rounded;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use engine::log::{Log, Mode};
use engine::replay::{Request, Watch, compare, sheet};
use engine::summary::{For, Merged, Opened, SecretKey, Sharing, SummaryError, make, open, seal};
use event::{Dimension, Event, Payload, Time};
use projections::catalog;
use projections::compare::{Ask, ClusterChoice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{UNTIL, folder, run};
use crate::laws::{planned, recordings};
use crate::oracle::cases;

fn key() -> SecretKey {
    SecretKey::make(&folder().path().join("key")).unwrap()
}

/// A log of these events; the folder goes with it.
fn logged(events: &[Event]) -> (TempDir, Log) {
    let dir = folder();
    let log = Log::open(&dir.path().join("store"), Mode::Create).unwrap();
    if !events.is_empty() {
        log.append_blocking(events.to_vec(), Time::default()).unwrap();
    }
    (dir, log)
}

/// Everything that a summary, a comparison or a decision may ask of a sheet.
const WANTED: [Dimension; 8] = [
    Dimension::Clinician,
    Dimension::Service,
    Dimension::Network,
    Dimension::Organisation,
    Dimension::DeprivationQuintile,
    Dimension::Device,
    Dimension::AgeBand,
    Dimension::Modality,
];

/// The bytes of the summary of these events, as of `until`.
fn summary(events: &[Event], until: Time, ask: &Ask) -> Vec<u8> {
    summary_for(events, until, (ask, For::Comparison))
}

/// The same for what is asked of it.
fn summary_for(events: &[Event], until: Time, asked: (&Ask, For)) -> Vec<u8> {
    let (_dir, log) = logged(events);
    let request = Request { until: Some(until), ..Request::default() };
    let sheet = sheet(&log, &request, &WANTED, &Watch::default()).unwrap();
    let key = key();
    let (manifest, summary) = make(&log, &sheet, asked, key.public(), 2).unwrap();
    seal(&manifest, &summary, &key)
}

/// The comparison of one log of everything.
fn pooled(events: &[Event], until: Time, ask: &Ask) -> Result<String, String> {
    let (_dir, log) = logged(events);
    let request = Request { until: Some(until), ..Request::default() };
    let sheet = sheet(&log, &request, &WANTED, &Watch::default()).unwrap();
    let comparison = compare(&sheet, ask, 2).map_err(|error| error.to_string())?;
    Ok(serde_json::to_string(&comparison).unwrap())
}

/// Summaries merged in their order.
fn merged(summaries: &[Vec<u8>], sharing: Sharing) -> Result<Merged, SummaryError> {
    let path = |number: usize| PathBuf::from(format!("{number}.summary"));
    let opened = |number: usize| open(&path(number), &summaries[number]);
    let mut merged = Merged::of(&path(0), opened(0)?);
    for number in 1..summaries.len() {
        merged.add(&path(number), opened(number)?, sharing)?;
    }
    Ok(merged)
}

/// The comparison of several summaries; its position is left to the caller, who knows whether events were copied.
fn compared(merged: &Merged, ask: &Ask) -> Result<String, String> {
    let comparison = merged.compare(ask).map_err(|error| error.to_string())?;
    Ok(serde_json::to_string(&comparison).unwrap())
}

fn without_position(comparison: Result<String, String>) -> Result<Value, String> {
    let mut document: Value = serde_json::from_str(&comparison?).unwrap();
    document["position"] = Value::Null;
    Ok(document)
}

/// What may be asked of summaries.
fn asks() -> impl Strategy<Value = Ask> {
    let clusters = select(vec![
        ClusterChoice::Auto,
        ClusterChoice::None,
        ClusterChoice::By(Dimension::Organisation),
        ClusterChoice::By(Dimension::Clinician),
        ClusterChoice::By(Dimension::Service),
    ]);
    let by =
        select(vec![vec![], vec![Dimension::Service], vec![Dimension::Network, Dimension::Organisation]]);
    let measures = select(vec![vec![], vec!["undisturbed", "terminal_failure", "connect_ms"]]);
    (clusters, by, measures).prop_map(|(cluster, by, measures)| Ask {
        measures: measures.into_iter().filter_map(catalog::measure).collect(),
        by,
        cluster,
        ..Ask::default()
    })
}

/// The events in so many parts, each consultation whole in the part that `part` tells; what sources declare is in all.
fn split(events: &[Event], parts: usize, part: impl Fn(&Event) -> usize) -> Vec<Vec<Event>> {
    let mut split = vec![Vec::new(); parts];
    for event in events {
        match event.payload {
            Payload::RecordingDeclared(_) => split.iter_mut().for_each(|part| part.push(event.clone())),
            _ => split[part(event) % parts].push(event.clone()),
        }
    }
    split
}

/// A number that a name always has.
fn number(name: &str, seed: u64) -> usize {
    name.bytes().fold(seed | 1, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)) as usize
        >> 7
}

static CLINIC: LazyLock<Vec<Event>> = LazyLock::new(|| planned("clinic", 160));

proptest! {
    #![proptest_config(cases(24))]

    /// Split by the consultation alone, sources in all logs: where they see alike in each, nothing shows of the split.
    #[test]
    fn any_split_of_consultations_compares_as_one_log(
        // Sources of the clinic declare alike in each log; those of messy recordings may not declare at all.
        messy in prop_oneof![Just(Vec::new()), recordings().prop_map(|(events, _)| events)],
        picks in vec(any::<Index>(), 0..60),
        (parts, seed) in (1..5_usize, any::<u64>()),
        ask in asks(),
    ) {
        let until: Time = UNTIL.parse().unwrap();
        let names: BTreeSet<&String> =
            picks.iter().map(|pick| &pick.get(&CLINIC).consultation).collect();
        let clinic = CLINIC.iter().filter(|event| {
            matches!(event.payload, Payload::RecordingDeclared(_)) || names.contains(&event.consultation)
        });
        let events: Vec<Event> = clinic.chain(&messy).cloned().collect();
        let split = split(&events, parts, |event| number(&event.consultation, seed));
        let mut summaries: Vec<Vec<u8>> = split.iter().map(|part| summary(part, until, &ask)).collect();
        let merged_one = merged(&summaries, Sharing::Vouched).unwrap();
        summaries.rotate_left(seed as usize % parts);
        summaries.reverse();
        let merged_other = merged(&summaries, Sharing::Vouched).unwrap();
        let one = compared(&merged_one, &ask);
        prop_assert_eq!(&one, &compared(&merged_other, &ask), "order shows");
        prop_assert_eq!(merged_one.notes().is_empty(), merged_other.notes().is_empty());
        prop_assert!(merged_one.notes().is_empty() || !messy.is_empty(), "{:?}", merged_one.notes());
        if merged_one.notes().is_empty() {
            prop_assert_eq!(without_position(one), without_position(pooled(&events, until, &ask)));
        }
    }

    /// Split by the organisation, each with sources of its own: to the byte, the position too, and nothing to vouch for.
    #[test]
    fn organisations_compare_as_one_log(parts in 1..5_usize, seed in any::<u64>(), ask in asks()) {
        let until: Time = UNTIL.parse().unwrap();
        let mut split = vec![Vec::new(); parts];
        for event in CLINIC.iter() {
            // A source is that of an organisation and a platform.
            let organisation = event.source.rsplit_once(':').unwrap().0;
            split[number(organisation, seed) % parts].push(event.clone());
        }
        let summaries: Vec<Vec<u8>> = split.iter().map(|part| summary(part, until, &ask)).collect();
        let merged = merged(&summaries, Sharing::Refused).unwrap();
        prop_assert_eq!(merged.notes(), &[] as &[String]);
        prop_assert_eq!(compared(&merged, &ask), pooled(&CLINIC, until, &ask));
    }

    /// A file that was damaged or cut is told, whatever is left of it.
    #[test]
    fn damage_is_told(damage in damages()) {
        let bytes = damaged(&SEALED, &damage);
        match open(Path::new("x.summary"), &bytes) {
            Ok(_) => prop_assert_eq!(&bytes, &*SEALED),
            Err(error) => prop_assert!(error.to_string().contains("x.summary"), "{error}"),
        }
    }
}

/// Bytes that are altered, where and how, and where they are cut.
type Damage = (Vec<(Index, u8)>, Option<Index>);

fn damages() -> impl Strategy<Value = Damage> {
    (vec((any::<Index>(), 1..=255_u8), 0..4), any::<Option<Index>>())
}

fn damaged(sealed: &[u8], (flips, cut): &Damage) -> Vec<u8> {
    let mut bytes = sealed.to_vec();
    for (at, flip) in flips {
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes
}

/// A summary of a small clinic.
static SEALED: LazyLock<Vec<u8>> =
    LazyLock::new(|| summary(&planned("clinic", 40), UNTIL.parse().unwrap(), &Ask::default()));

/// The three lines of [`SEALED`] with another manifest or other states, signed as they should be by a key of its own.
fn signed(manifest: &Value, states: &Value) -> Vec<u8> {
    use ed25519_dalek::{Signer, SigningKey};
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut manifest = manifest.clone();
    manifest["signer"] = format!("ed25519:{}", hex(key.verifying_key().as_bytes())).into();
    let head = serde_json::json!({"schema": "evenfield.summary/1", "manifest": manifest});
    let mut bytes = format!("{head}\n{states}\n").into_bytes();
    let signature = hex(&key.sign(&bytes).to_bytes());
    bytes.extend(format!("{{\"signature\":\"{signature}\"}}\n").bytes());
    bytes
}

/// The manifest and the states of a summary.
fn parts(sealed: &[u8]) -> (Value, Value) {
    let text = String::from_utf8(sealed.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines[0]["manifest"].clone(), lines[1].clone())
}

/// Every number of a document, by its path.
fn numbers(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(path),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| numbers(item, format!("{path}/{i}"), found));
        }
        Value::Object(members) => members
            .iter()
            .for_each(|(name, item)| numbers(item, format!("{path}/{}", name.replace('/', "~1")), found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// Whoever signs can sign what no rows can give: it is refused, or it compares; nothing ends otherwise.
    #[test]
    fn a_signed_number_that_cannot_be_is_refused_or_compares(
        picks in vec((any::<Index>(), select(vec![0_u64, 1, 2, 7, 999, 999_999_999_999, u64::MAX])), 1..6),
    ) {
        let (manifest, mut states) = parts(&SEALED);
        let mut places = Vec::new();
        numbers(&states, String::new(), &mut places);
        for (pick, number) in &picks {
            *states.pointer_mut(&places[pick.index(places.len())]).unwrap() = (*number).into();
        }
        match open(Path::new("x.summary"), &signed(&manifest, &states)) {
            Ok(opened) => {
                let ask = opened.ask.clone();
                let merged = Merged::of(Path::new("x.summary"), opened);
                let _ = compared(&merged, &ask);
            }
            Err(error) => prop_assert!(error.to_string().contains("x.summary"), "{error}"),
        }
    }
}

#[test]
fn what_is_signed_and_makes_no_sense_is_told_with_its_place() {
    let (manifest, states) = parts(&SEALED);
    let untouched = open(Path::new("x.summary"), &signed(&manifest, &states));
    assert!(untouched.is_ok(), "{:?}", untouched.err());
    let refused = |manifest: &Value, states: &Value| {
        open(Path::new("x.summary"), &signed(manifest, states)).map(|_| ()).unwrap_err().to_string()
    };
    let with = |pointer: &str, value: Value| {
        let mut states = states.clone();
        *states.pointer_mut(pointer).unwrap() = value;
        states
    };
    let twice = [&states["survey"][0]; 2].map(Value::clone);
    for (states, what) in [
        (with("/survey", twice.into()), "told twice"),
        (with("/survey/0/1", vec!["a level too many"].into()), "a level for each dimension"),
        (with("/survey/0/2/attempted", u64::MAX.into()), "larger than the whole"),
        (with("/cells/0/0/3/rows", 0.into()), "none or too large"),
        (with("/cells/1", vec![Value::Null; 0].into()), ""),
        (with("/cells", Value::Array(vec![])), "a list for each clustering"),
        (with("/cells/0/0/3/unmeasured", Value::Array(vec![])), "slot by slot"),
        (with("/used", serde_json::json!({"alder": {"x": 1}})), "line 2, column"),
        (with("/used", serde_json::json!({"alder": {"24314": 0}})), "no count"),
        (Value::Null, "line 2, column"),
    ] {
        if !what.is_empty() {
            let error = refused(&manifest, &states);
            assert!(error.contains(what) && error.contains("x.summary"), "{what}: {error}");
        }
    }
    let mut other = manifest.clone();
    other["reading"] = "0123".into();
    assert!(refused(&other, &states).contains("make all summaries with one version"));
    other = manifest.clone();
    other["asked"]["by"] = vec!["platform"].into();
    assert!(refused(&other, &states).contains("cannot be done here"));
    other = manifest.clone();
    other["further"] = 1.into();
    assert!(refused(&other, &states).contains("unknown field"));
    other = manifest.clone();
    other["consultations"] = 3.into();
    assert!(refused(&other, &states).contains("another number of consultations"));
    let form = b"{\"schema\":\"evenfield.summary/2\"}\n";
    assert!(open(Path::new("x"), form).map(|_| ()).unwrap_err().to_string().contains("evenfield.summary/2"));
}

fn opened(name: &str, bytes: &[u8]) -> Opened {
    open(Path::new(name), bytes).unwrap()
}

#[test]
fn summaries_that_do_not_fit_are_refused_with_both_names() {
    let (until, ask) = (UNTIL.parse().unwrap(), Ask::default());
    let events = planned("clinic", 40);
    let refused = |one: &[u8], other: &[u8]| {
        let mut merged = Merged::of(Path::new("one"), opened("one", one));
        let error = merged.add(Path::new("other"), opened("other", other), Sharing::Refused);
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("one and other cannot be merged: "), "{error}");
        error
    };
    let plain = summary(&events, until, &ask);
    let later = summary(&events, Time::from_ms(until.ms() + 1), &ask);
    assert!(refused(&plain, &later).contains("--until 2027-01-01T00:00:00.001Z"));
    let by = summary(&events, until, &Ask { by: vec![Dimension::Network], ..ask.clone() });
    assert!(refused(&plain, &by).contains("one was made with no --by, the other with --by network"));
    let clustered = summary(&events, until, &Ask { cluster: ClusterChoice::None, ..ask.clone() });
    assert!(refused(&plain, &clustered).contains("--cluster auto"));
    // Other salts make another log of the same events, which its sources give away.
    let again = summary(&events, until, &ask);
    assert!(refused(&plain, &again).contains("--shared-sources"));
    // The same log, though it has grown.
    let (_dir, log) = logged(&events[..events.len() / 2]);
    let key = key();
    let sum = || {
        let request = Request { until: Some(until), ..Request::default() };
        let sheet = sheet(&log, &request, &WANTED, &Watch::default()).unwrap();
        let (manifest, summary) = make(&log, &sheet, (&ask, For::Comparison), key.public(), 1).unwrap();
        seal(&manifest, &summary, &key)
    };
    let before = sum();
    assert!(refused(&before, &before).contains("of one log"));
    log.append_blocking(events[events.len() / 2..].to_vec(), Time::default()).unwrap();
    assert!(refused(&before, &sum()).contains("of one log"));
}

/// A log in which nothing happened adds nothing, and is no overlap with another such log.
#[test]
fn empty_logs_merge() {
    let (until, ask) = (UNTIL.parse().unwrap(), Ask::default());
    let events = planned("clinic", 40);
    let summaries = [summary(&[], until, &ask), summary(&events, until, &ask), summary(&[], until, &ask)];
    let merged = merged(&summaries, Sharing::Refused).unwrap();
    assert_eq!(compared(&merged, &ask), pooled(&events, until, &ask));
}

/// Into which part an event goes; none: into all of them.
type Part<'a> = &'a dyn Fn(&Value) -> Option<usize>;

/// The events of a recorded scenario, dealt out to so many stores by `part`, and summed up there with these options.
fn dealt(dir: &Path, scenario: &str, options: &[&str], (parts, part): (usize, Part<'_>)) -> Vec<String> {
    let events = run(dir, ["scenario", "show", scenario, "--events"]).ok();
    let mut texts = vec![String::new(); parts];
    for line in events.lines() {
        match part(&serde_json::from_str(line).unwrap()) {
            Some(part) => texts[part % parts].extend([line, "\n"]),
            None => texts.iter_mut().for_each(|text| text.extend([line, "\n"])),
        }
    }
    let names = texts.iter().enumerate().map(|(number, text)| {
        let (file, store) = (format!("{number}.ndjson"), format!("{number}.store"));
        let name = format!("{number}.summary");
        fs::write(dir.join(&file), text).unwrap();
        run(dir, ["ingest", &file, "--store", &store]).ok();
        let until: &[&str] = if options.contains(&"--until") { &[] } else { &["--until", UNTIL] };
        let make = ["summary", "make", "--store", &store, "-o", &name];
        run(dir, [&make, until, options].concat()).ok();
        name
    });
    let names = names.collect();
    fs::write(dir.join("all.ndjson"), events).unwrap();
    run(dir, ["ingest", "all.ndjson"]).ok();
    names
}

/// By the organisation, whose sources are its own.
fn by_organisation(event: &Value, seed: u64) -> Option<usize> {
    Some(number(event["source"].as_str().unwrap().rsplit_once(':').unwrap().0, seed))
}

/// By the consultation; what sources declare goes everywhere.
fn by_consultation(event: &Value, seed: u64) -> Option<usize> {
    let is_declaration = event["type"].as_str().unwrap().contains("recording_declared");
    (!is_declaration).then(|| number(event["subject"].as_str().unwrap(), seed))
}

/// Feeds that are blind for parts of what is compared, and feeds that send twice, late and in pieces.
#[test]
fn recorded_organisations_compare_as_one_log() {
    for scenario in ["blind-feed", "messy-feed"] {
        let dir = folder();
        let names = dealt(dir.path(), scenario, &[], (3, &|event| by_organisation(event, 5)));
        let files: Vec<&str> = names.iter().rev().map(String::as_str).collect();
        let merge = [&["summary", "merge", "--compare", "--json"], &files[..]].concat();
        let merged = run(dir.path(), merge);
        assert!(merged.err.contains("whose keys they are was not checked (3 keys)"), "{}", merged.err);
        let pooled = run(dir.path(), ["compare", "--json", "--until", UNTIL]).ok();
        assert_eq!(merged.ok(), pooled, "{scenario}");
        let table = [&["summary", "merge", "--compare"], &files[..]].concat();
        assert_eq!(run(dir.path(), table).ok(), run(dir.path(), ["compare", "--until", UNTIL]).ok());
    }
}

#[test]
fn recorded_consultations_compare_as_one_log() {
    let dir = folder();
    let names = dealt(dir.path(), "blind-feed", &[], (2, &|event| by_consultation(event, 3)));
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let merge = [&["summary", "merge", "--compare", "--json"], &files[..]].concat();
    let refused = run(dir.path(), &merge[..]).fails(6);
    assert!(refused.contains("0.summary and 1.summary") && refused.contains("--shared-sources"), "{refused}");
    let merged = run(dir.path(), [&merge[..], &["--shared-sources", "-q"]].concat()).ok();
    let pooled = run(dir.path(), ["compare", "--json", "--until", UNTIL]).ok();
    assert_eq!(without_position(Ok(merged)), without_position(Ok(pooled)));
}

/// A small store, summed up.
fn clinic(dir: &Path) {
    run(dir, ["synth", "clinic", "--consultations", "60", "-o", "clinic.ndjson"]).ok();
    run(dir, ["ingest", "clinic.ndjson"]).ok();
    run(dir, ["summary", "make", "-o", "a.summary"]).ok();
}

#[test]
fn an_altered_summary_is_refused_and_a_packed_one_is_taken() {
    let dir = folder();
    clinic(dir.path());
    let text = fs::read_to_string(dir.path().join("a.summary")).unwrap();
    assert_eq!(text.lines().count(), 3);
    fs::write(dir.path().join("b.summary"), text.replacen("\"n\":", "\"n\":1", 1)).unwrap();
    let altered = run(dir.path(), ["summary", "merge", "b.summary"]).fails(5);
    assert!(altered.contains("b.summary: its signature does not hold"), "{altered}");
    // Packed, it is the same.
    run(dir.path(), ["summary", "make", "-o", "a.summary.zst"]).ok();
    let merged = |name: &str| run(dir.path(), ["summary", "merge", name, "--compare", "--json"]).ok();
    assert_eq!(merged("a.summary.zst"), merged("a.summary"));
}
