//! The Parquet data set: nothing of an event is lost on the way out and in again, whatever the number of files; and
//! what was changed on the way is refused before anything of it goes in.

#![cfg(feature = "parquet")]

mod current;
mod follow;
mod seams;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::export::parquet::ExportError;
use engine::export::shards::{Draft, Manifest, Plan};
use engine::ingest::{Lines, dataset};
use engine::log::{Log, Mode, Position};
use engine::replay::Watch;
use engine::scenario::Scenario;
use event::{Event, Kind, Payload, Time};
use feeds::cloudevents::{line, read_line};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::RowAccessor;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::command::{copy, files, folder, prepared, run};
use crate::laws::recordings;

/// Events that hold what recordings seldom do; `%` stands for what every line begins with.
const ODD: &str = r#"%"id":"o-01","subject":"urn:example:odd","type":"evenfield.consultation.recording_declared.v1","data":{"feed":"own","platform":"alder","capabilities":{"joined":"observed"},"sides":"patient","drop_delay_ms":5000,"more":[1]}}
%"id":"o-02","subject":"ä/\"\\ #0","type":"evenfield.consultation.scheduled.v1","data":{"booked_start":"0001-01-01T00:00:00Z","context":{"platform":"alder","deprivation_quintile":2,"first_use":true,"ward":{"a":[1.50]}}}}
%"id":"o-03","subject":"c-1","type":"evenfield.consultation.joined.v1","data":{"participant":"p-1","role":"nurse","context":{},"seat":4}}
%"id":"o-04","subject":"c-1","type":"evenfield.consultation.joined.v1","traceparent":"00-1","data":{"participant":"p-1"}}
%"id":"o-05","subject":"c-1","type":"evenfield.consultation.cancelled.v1","data":{"by":"","reason":"ill"}}
%"id":"o-06","subject":"c-1","type":"evenfield.consultation.questionnaire.v1","data":{"role":"patient","instrument":"SUS","answers":[1,2,null,4,5,1,2,3,4,5]}}
%"id":"o-07","subject":"c-1","type":"evenfield.consultation.questionnaire.v1","data":{"role":"patient","instrument":"own","score":-0.0}}
%"id":"o-08","subject":"c-1","type":"evenfield.consultation.questionnaire.v1","data":{"role":"patient","instrument":"own","score":1.7976931348623157e308,"answers":[null]}}
%"id":"o-09","subject":"c-1","type":"evenfield.consultation.hand_raised.v3","ward":"7","data":{"hand":"left","role":7,"context":{"platform":3},"participant":[]}}
%"id":"o-10","subject":"c-1","type":"evenfield.consultation.joined.v2","data":{"reason":"x","role":"patient"}}
%"id":"o-11","subject":"c-1","type":"evenfield.consultation.rated.v1","data":{"role":"patient","scale":255,"value":0}}
%"id":"o-12","subject":"c-1","type":"evenfield.consultation.adequacy.v1","data":{"answer":"partly","sure":null}}
%"id":"o-13","subject":"c-1","type":"evenfield.consultation.converted.v1","data":{"to":"phone"}}
%"id":"o-14","subject":"c-1","type":"evenfield.consultation.audio_lost.v1","data":{"direction":"in","reason":"x"}}
"#;

fn odd() -> Vec<Event> {
    let begin = r#"{"specversion":"1.0","source":"urn:example:odd","time":"2022-03-01T09:00:00.001Z","#;
    ODD.lines().map(|line| read_line(line.replacen('%', begin, 1).as_bytes()).unwrap()).collect()
}

fn log_of(store: &Path, events: &[Event]) -> Log {
    let log = Log::open(store, Mode::Create).unwrap();
    for (number, batch) in (0..).zip(events.chunks(97)) {
        log.append_blocking(batch.to_vec(), Time::from_ms(1_700_000_000_000 + number)).unwrap();
    }
    log
}

/// Writes a data set in so little memory that everything is set aside, or in plenty.
fn export(log: &Log, to: &Path, shards: u32, memory_bytes: usize) -> Manifest {
    let plan = Plan { memory_bytes, group_events: 50, ..Plan::of(shards, log.head()) };
    Draft::sort(log, to, plan, &Watch::default()).unwrap().write(&Watch::default()).unwrap()
}

/// Instead of the line of an event that is none.
const WRONG: &str = "wrong";
const LITTLE: usize = 1 << 14;
const PLENTY: usize = 1 << 28;

/// The events of a file, as lines; of what could not be read as an event no more than that.
fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    Lines::of(File::open(path).unwrap()).unwrap().read_to_string(&mut text).unwrap();
    text.lines()
        .map(|text| read_line(text.as_bytes()).map_or_else(|_| WRONG.to_owned(), |event| line(&event)))
        .collect()
}

/// Consultation, seq and position of the rows of a file, read by another reader.
fn order(path: &Path) -> Vec<(String, i64, i64)> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let names: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema()
        .get_fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let (consultation, seq, position) = (place("consultation"), place("seq"), place("position"));
    let row = |row: parquet::record::Row| {
        (
            row.get_string(consultation).unwrap().clone(),
            row.get_long(seq).unwrap(),
            row.get_long(position).unwrap(),
        )
    };
    reader.get_row_iter(None).unwrap().map(|read| row(read.unwrap())).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first sixteen digits of a digest as a number.
fn hash(text: &str) -> u64 {
    u64::from_str_radix(&sha256(text.as_bytes())[..16], 16).unwrap()
}

/// Everything that the description of a data set promises, told from its files alone.
fn holds(folder: &Path, manifest: &Manifest) {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), *manifest);
    assert_eq!(files(folder).len(), manifest.files.len() + 1);
    assert_eq!(manifest.files.len(), manifest.shards as usize + 1);
    let mut seen = BTreeSet::new();
    for (number, note) in (0_u64..).zip(&manifest.files) {
        let bytes = fs::read(folder.join(&note.name)).unwrap();
        assert_eq!((note.bytes, &note.sha256), (bytes.len() as u64, &sha256(&bytes)), "{}", note.name);
        let rows = order(&folder.join(&note.name));
        assert!(rows.is_sorted_by(|a, b| (&a.0, a.1) < (&b.0, b.1)), "{}", note.name);
        let (mut consultations, mut checksum) = (BTreeMap::<&str, Vec<(i64, i64)>>::new(), 0_u64);
        for (consultation, seq, position) in &rows {
            consultations.entry(consultation).or_default().push((*seq, *position));
            checksum = checksum.wrapping_add(hash(&format!("{consultation}#{seq}")));
        }
        for (consultation, rows) in &consultations {
            assert!(rows.iter().map(|(seq, _)| *seq).eq(0..rows.len() as i64), "{consultation}");
            assert!(rows.is_sorted_by(|a, b| a.1 < b.1), "{consultation}");
        }
        assert_eq!((note.events, &note.checksum), (rows.len() as u64, &format!("{checksum:016x}")));
        if note.name == "sources.parquet" {
            assert_eq!(note.consultations, 0);
            continue;
        }
        assert_eq!(note.consultations, consultations.len() as u64);
        for consultation in consultations.keys() {
            assert_eq!(hash(consultation) % u64::from(manifest.shards), number, "{consultation}");
            assert!(seen.insert((*consultation).to_owned()), "{consultation} is in two files");
        }
    }
    assert_eq!(manifest.consultations, seen.len() as u64);
    assert_eq!(manifest.events, manifest.files.iter().map(|file| file.events).sum::<u64>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_event_comes_back_from_any_number_of_files((events, _) in recordings(), shards in 1_u32..9) {
        let dir = folder();
        let log = log_of(&dir.path().join("x.store"), &[events, odd()].concat());
        let stored: Vec<Event> = log.events(..).map(|stored| stored.unwrap().event).collect();
        // The log holds what no feed would have read: such events are in the files, and are rejected again.
        let is_readable = |event: &Event| read_line(line(event).as_bytes()).is_ok();
        let wanted = stored.iter().map(|event| if is_readable(event) { line(event) } else { WRONG.to_owned() });
        let mut wanted: Vec<String> = wanted.collect();
        wanted.sort();
        for (memory_bytes, shards) in [(LITTLE, 1), (LITTLE, shards), (PLENTY, shards)] {
            let to = dir.path().join(format!("{memory_bytes}-{shards}.dataset"));
            if to.exists() {
                continue;
            }
            let manifest = export(&log, &to, shards, memory_bytes);
            holds(&to, &manifest);
            let checked = dataset::checked(&to, &Watch::default()).unwrap();
            prop_assert_eq!(checked.len(), shards as usize + 1);
            let sources = lines(&checked[0]);
            let declared = |text: &String| {
                read_line(text.as_bytes()).is_ok_and(|event| event.kind() == Kind::RecordingDeclared)
            };
            prop_assert!(sources.iter().all(declared));
            let others: Vec<String> = checked[1..].iter().flat_map(|file| lines(file)).collect();
            prop_assert!(!others.iter().any(declared));
            let mut found = [sources, others].concat();
            found.sort();
            prop_assert_eq!(&found, &wanted);
        }
    }
}

/// The order in which events are set aside, and how often, does not show.
#[test]
fn the_same_log_is_the_same_bytes_in_any_memory() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &crate::laws::planned("clinic", 120));
    let of = |name: &str, memory_bytes: usize| {
        let to = dir.path().join(name);
        export(&log, &to, 3, memory_bytes);
        files(&to).into_iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let plenty = of("plenty", PLENTY);
    assert!(plenty.iter().map(Vec::len).sum::<usize>() > 10_000);
    assert_eq!(of("again", PLENTY), plenty);
    assert_eq!(of("little", LITTLE), plenty);
    // Less than an event: every one of them is a run of its own, and runs of runs of runs are needed.
    assert_eq!(of("none", 1), plenty);
}

/// What was received when and where it stands is in the rows as it is in the log.
#[test]
fn positions_and_receipts_are_those_of_the_log() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &odd());
    export(&log, &dir.path().join("set"), 2, PLENTY);
    let names = ["events-00000.parquet", "events-00001.parquet", "sources.parquet"];
    let mut positions: Vec<i64> =
        names.iter().flat_map(|name| order(&dir.path().join("set").join(name))).map(|row| row.2).collect();
    positions.sort_unstable();
    assert!(positions.into_iter().eq(1..=14));
}

#[test]
fn answers_are_those_of_the_store_for_every_recorded_scenario() {
    for name in Scenario::names() {
        let dir = folder();
        run(dir.path(), ["replay", name, "-q"]).ok();
        run(dir.path(), ["export", "parquet", "--shards", "3", "set"]).ok();
        let report = run(dir.path(), ["--store", "copy.store", "ingest", "--json", "set"]).json();
        assert_eq!((&report["rejected"], &report["duplicates"]), (&json!([]), &json!(0)), "{name}");
        for asked in [&["outcomes", "--json"][..], &["compare", "--json"]] {
            let answer = run(dir.path(), asked).ok();
            assert!(answer.len() > 100, "{name}: {answer}");
            let copy = run(dir.path(), [&["--store", "copy.store"], asked].concat()).ok();
            assert!(copy == answer, "{name}: {asked:?} tells something else of the copy");
        }
    }
}

#[test]
fn a_data_set_or_a_file_of_it_can_be_read_again_and_changes_nothing() {
    let dir = prepared();
    let manifest = run(dir.path(), ["export", "parquet", "--shards", "4", "set", "--json"]).json();
    let counts = |asked: &[&str]| {
        let report = run(dir.path(), asked).json();
        ["appended", "duplicates"].map(|count| report[count].as_u64().unwrap())
    };
    let events = manifest["events"].as_u64().unwrap();
    assert_eq!(counts(&["ingest", "--json", "set"]), [0, events]);
    let one = &manifest["files"][1];
    let some = one["events"].as_u64().unwrap();
    assert!(some > 0 && some < events);
    let ingest = ["--store", "new.store", "ingest", "--json"];
    assert_eq!(counts(&[&ingest[..], &["set/events-00001.parquet"]].concat()), [some, 0]);
    assert_eq!(counts(&[&ingest[..], &["set"]].concat()), [events - some, some]);
    run(dir.path(), ["export", "parquet", "-o", "all.parquet"]).ok();
    assert_eq!(counts(&[&ingest[..], &["all.parquet"]].concat()), [0, events]);
    // Away from its manifest a file is held against what it says of itself.
    fs::copy(dir.path().join("set/events-00002.parquet"), dir.path().join("alone.parquet")).unwrap();
    let told = manifest["files"][2]["events"].as_u64().unwrap();
    assert_eq!(counts(&[&ingest[..], &["alone.parquet"]].concat()), [0, told]);
    let explained = run(dir.path(), ["feed", "explain", "set", "--json"]).ok();
    assert_eq!(explained.lines().count() as u64, events + 1);
}

/// One change to a data set, and what is said of it.
struct Harm(&'static str, fn(&Path), &'static str);

fn rename(folder: &Path, from: &str, to: &str) {
    fs::rename(folder.join(from), folder.join(to)).unwrap();
}

fn double(folder: &Path, from: &str, to: &str) {
    assert!(fs::copy(folder.join(from), folder.join(to)).unwrap() > 0);
}

/// Changes the manifest.
fn edit(folder: &Path, change: fn(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
}

const HARMS: &[Harm] = &[
    Harm("cut short", |set| cut(&set.join("events-00001.parquet"), 40), "manifest.json says"),
    Harm("missing", |set| fs::remove_file(set.join("events-00000.parquet")).unwrap(), "No such file"),
    Harm("further", |set| double(set, "sources.parquet", "x.parquet"), "does not name it"),
    Harm(
        "doubled",
        |set| double(set, "events-00000.parquet", "events-00001.parquet"),
        "events-00001.parquet does not hold",
    ),
    Harm(
        "swapped",
        |set| {
            rename(set, "events-00000.parquet", "x");
            rename(set, "events-00001.parquet", "events-00000.parquet");
            rename(set, "x", "events-00001.parquet");
        },
        "events-00000.parquet does not hold",
    ),
    Harm(
        "swapped with its note",
        |set| {
            rename(set, "events-00000.parquet", "x");
            rename(set, "events-00001.parquet", "events-00000.parquet");
            rename(set, "x", "events-00001.parquet");
            edit(set, |manifest| {
                let files = manifest["files"].as_array_mut().unwrap();
                files.swap(0, 1);
                for (shard, file) in files.iter_mut().take(2).enumerate() {
                    file["name"] = json!(format!("events-{shard:05}.parquet"));
                    file["shard"] = json!(shard);
                }
            });
        },
        "what it says of itself",
    ),
    Harm("a bit", |set| flip(&set.join("events-00000.parquet")), "its SHA-256 is"),
    Harm("not JSON", |set| cut(&set.join("manifest.json"), 9), "EOF"),
    Harm("schema", |set| edit(set, |it| it["schema"] = json!("evenfield.dataset/9")), "evenfield.dataset/9"),
    Harm("fingerprint", |set| edit(set, |it| it["fingerprint"] = json!("00")), "not of this version"),
    Harm("position", |set| edit(set, |it| it["position"] = json!(1)), "not those of its last generation"),
    Harm(
        "commitment",
        |set| edit(set, |it| it["commitment"] = json!("00")),
        "not those of its last generation",
    ),
    Harm(
        "position everywhere",
        |set| {
            edit(set, |it| {
                it["position"] = json!(1);
                it["generations"][0]["to"] = json!(1);
            });
        },
        "what it says of itself",
    ),
    Harm("a beginning", |set| edit(set, |it| it["generations"][0]["from"] = json!(2)), "begin at position 1"),
    Harm("no generation", |set| edit(set, |it| it["generations"] = json!([])), "each once"),
    Harm("a generation", |set| edit(set, |it| it["files"][1]["generation"] = json!(1)), "each once"),
    Harm("shards", |set| edit(set, |it| it["shards"] = json!(3)), "3 files of consultations"),
    Harm("no shards", |set| edit(set, |it| it["shards"] = json!(0)), "0 files of consultations"),
    Harm("events", |set| edit(set, |it| it["events"] = json!(7)), "do not add up to 7 events"),
    Harm(
        "events of a generation",
        |set| edit(set, |it| it["generations"][0]["events"] = json!(7)),
        "generation 0 do not add up to 7 events",
    ),
    Harm(
        "consultations",
        |set| edit(set, |it| it["consultations"] = json!(7)),
        "do not add up to 7 consultations",
    ),
    Harm("a file twice", |set| edit(set, |it| it["files"][1] = it["files"][0].clone()), "each once"),
    Harm("a file less", |set| edit(set, |it| drop(it["files"].as_array_mut().unwrap().pop())), "each once"),
    Harm(
        "a place elsewhere",
        |set| edit(set, |it| it["files"][0]["name"] = json!("../x.parquet")),
        "each once",
    ),
    Harm(
        "a checksum",
        |set| edit(set, |it| it["files"][0]["checksum"] = json!("00")),
        "what it says of itself",
    ),
    Harm("a digest", |set| edit(set, |it| it["files"][0]["sha256"] = json!("00")), "its SHA-256 is"),
    Harm("bytes", |set| edit(set, |it| it["files"][0]["bytes"] = json!(1)), "manifest.json says 1"),
    Harm("a further word", |set| edit(set, |it| it["more"] = json!(1)), "unknown field"),
];

fn cut(path: &Path, bytes: usize) {
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() - bytes]).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[100] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_data_set_that_was_changed_is_refused_before_anything_goes_in() {
    let dir = prepared();
    run(dir.path(), ["export", "parquet", "--shards", "2", "set"]).ok();
    for Harm(name, harm, told) in HARMS {
        let harmed = dir.path().join("harmed");
        copy(&dir.path().join("set"), &harmed);
        harm(&harmed);
        let said = run(dir.path(), ["--store", "new.store", "ingest", "harmed"]).fails(4);
        assert!(said.contains(told), "{name}: {said}");
        assert!(said.contains("harmed/") && said.contains("nothing of it was read"), "{name}: {said}");
        assert!(!dir.path().join("new.store").exists(), "{name}: a store was made");
        fs::remove_dir_all(harmed).unwrap();
    }
    run(dir.path(), ["--store", "new.store", "ingest", "set"]).ok();
}

/// The counts that files and manifest say are both changed, and the digest put right: only the rows tell.
#[test]
fn rows_that_are_not_those_of_the_file_are_found_behind_right_digests() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &crate::laws::planned("clinic", 40));
    let manifest = export(&log, &dir.path().join("set"), 1, PLENTY);
    let path = dir.path().join("set/events-00000.parquet");
    let note = &manifest.files[0];
    let whole = fs::read(&path).unwrap();
    // Footers are of JSON, and are of the same length with another checksum.
    let other = if note.checksum == "0000000000000000" { "1111111111111111" } else { "0000000000000000" };
    let at = find(&whole, note.checksum.as_bytes());
    let mut changed = whole.clone();
    changed[at..at + 16].copy_from_slice(other.as_bytes());
    fs::write(&path, &changed).unwrap();
    let text = fs::read_to_string(dir.path().join("set/manifest.json")).unwrap();
    let text = text.replace(&note.checksum, other).replace(&note.sha256, &sha256(&changed));
    fs::write(dir.path().join("set/manifest.json"), text).unwrap();
    let told = run(dir.path(), ["--store", "new.store", "ingest", "set"]).fails(4);
    assert!(told.contains(&format!("with the checksum {}, and should hold", note.checksum)), "{told}");
    assert!(!dir.path().join("new.store").exists());
    // Alone as well.
    fs::copy(&path, dir.path().join("alone.parquet")).unwrap();
    let told = run(dir.path(), ["--store", "new.store", "ingest", "alone.parquet"]).fails(4);
    assert!(told.contains("with the checksum"), "{told}");
}

/// The same file with these of its row groups, and with what it says of itself changed.
fn rewritten(from: &Path, to: &Path, groups: &[usize], change: impl Fn(String) -> String) {
    let file = File::open(from).unwrap();
    let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
    let about = reader.metadata().file_metadata();
    let changed = |said: &KeyValue| KeyValue::new(said.key.clone(), said.value.clone().map(&change));
    let said = about.key_value_metadata().unwrap().iter().map(changed).collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(said)).build();
    let schema = about.schema_descr().root_schema_ptr();
    let mut writer =
        SerializedFileWriter::new(File::create(to).unwrap(), schema, Arc::new(properties)).unwrap();
    for group in groups {
        let group = reader.metadata().row_group(*group);
        let mut written = writer.next_row_group().unwrap();
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(column.compressed_size()).unwrap(),
                rows_written: u64::try_from(group.num_rows()).unwrap(),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            written.append_column(&file, close).unwrap();
        }
        written.close().unwrap();
    }
    writer.close().unwrap();
}

/// A consultation is whole, stands once, and stands where it belongs; whoever folds file by file relies on it.
#[test]
fn a_file_that_holds_parts_of_consultations_or_those_of_others_is_refused() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &crate::laws::planned("clinic", 40));
    export(&log, &dir.path().join("set"), 1, PLENTY);
    let (whole, made) = (dir.path().join("set/events-00000.parquet"), dir.path().join("made.parquet"));
    let groups = SerializedFileReader::new(File::open(&whole).unwrap()).unwrap().num_row_groups();
    let all: Vec<usize> = (0..groups).collect();
    let as_it_was = |said: String| said;
    let told = |groups: &[usize], change: &dyn Fn(String) -> String| {
        rewritten(&whole, &made, groups, change);
        dataset::check_one(&made, &Watch::default()).map_err(|error| error.to_string())
    };
    assert!(groups > 3 && told(&all, &as_it_was).is_ok());
    // A group of rows is cut where it is full, in the middle of a consultation.
    let refused = |groups: &[usize], why: &str| {
        let reason = told(groups, &as_it_was).unwrap_err();
        assert!(reason.contains(why), "{groups:?}: {reason}");
    };
    refused(&all[1..], "is not whole: seq ");
    refused(&all[..groups - 1], " consultations with the checksum ");
    refused(&[&all[..], &all[..]].concat(), "stands twice, or out of order");
    refused(&[&all[..1], &all[2..]].concat(), "is not whole: seq ");
    let of_two = |said: String| said.replace("\"shards\":1", "\"shards\":2");
    assert!(told(&all, &of_two).unwrap_err().contains("belongs in another file"));
    let no_json = |said: String| said.replace('{', "");
    assert!(told(&all, &no_json).is_err());
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|part| part == wanted).unwrap()
}

#[test]
fn parquet_of_something_else_is_refused() {
    let dir = prepared();
    run(dir.path(), ["export", "totals", "-o", "totals.parquet"]).ok();
    fs::write(dir.path().join("begins.parquet"), b"PAR1 and no more").unwrap();
    fs::write(dir.path().join("short.parquet"), b"PAR1").unwrap();
    for (name, why) in [
        ("totals.parquet", "it says that it is \"evenfield.table/1\", which is not known here"),
        ("begins.parquet", "it cannot be read as Parquet"),
        ("short.parquet", "it cannot be read as Parquet"),
    ] {
        let told = run(dir.path(), ["--store", "new.store", "ingest", name]).fails(4);
        assert!(told.contains(why) && told.contains(name), "{told}");
        assert!(!dir.path().join("new.store").exists(), "{name}");
    }
    let piped = fs::read(dir.path().join("totals.parquet")).unwrap();
    let told = crate::command::run_on(dir.path(), &piped, ["ingest", "-"]).fails(4);
    assert!(told.contains("name the file instead of piping it"), "{told}");
}

/// Rows come from elsewhere as lines do: one that is wrong keeps out no other.
#[test]
fn a_row_that_is_wrong_is_rejected_with_its_reason_and_kept_as_a_line() {
    let dir = folder();
    let wrong = Event::new("urn:example:odd", "w-1", "c-1", Time::MIN, Payload::Rated { scale: 5, value: 9 });
    let log = log_of(&dir.path().join("x.store"), &[odd(), vec![wrong]].concat());
    export(&log, &dir.path().join("set"), 1, PLENTY);
    let ran = run(dir.path(), ["--store", "new.store", "ingest", "--json", "set", "--reject", "bad.ndjson"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["appended"]), (4, &json!(14)));
    let reason = report["rejected"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "/data/value: data.value is 9; write a level from 0 to the scale, which is 5");
    let kept = fs::read_to_string(dir.path().join("bad.ndjson")).unwrap();
    assert_eq!(read_line(kept.replace(":9", ":3").trim().as_bytes()).unwrap().id, "w-1");
}

/// Whatever the bytes of a file are, it is read or refused.
#[test]
fn no_bytes_harm_the_reader() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &odd());
    export(&log, &dir.path().join("set"), 1, PLENTY);
    let path = dir.path().join("set/events-00000.parquet");
    let (whole, changed) = (fs::read(&path).unwrap(), dir.path().join("changed.parquet"));
    let (mut refused, mut dice) = (0, 7_u64);
    for _ in 0..600 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (dice >> 33) as usize % bytes.len();
            bytes[at] = (dice >> 25) as u8;
        }
        fs::write(&changed, &bytes).unwrap();
        let read = Lines::of(File::open(&changed).unwrap())
            .map_err(|fault| fault.to_string())
            .and_then(|mut lines| lines.read_to_end(&mut Vec::new()).map_err(|error| error.to_string()));
        refused += u32::from(read.is_err());
        let _ = dataset::check_one(&changed, &Watch::default());
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn nothing_is_written_where_something_stands_and_nothing_stays_of_what_was_stopped() {
    let dir = prepared();
    let names = || -> BTreeSet<PathBuf> {
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    for taken in ["my-scenario", "events.ndjson"] {
        let told = run(dir.path(), ["export", "parquet", "--shards", "2", taken]).fails(2);
        assert!(told.contains(taken) && told.contains("new or empty"), "{told}");
    }
    let before = names();
    let log = Log::open(&dir.path().join("evenfield.store"), Mode::Existing).unwrap();
    let (stopped, to) = (Watch::default(), dir.path().join("set"));
    let draft = Draft::sort(&log, &to, Plan::of(2, log.head()), &Watch::default()).unwrap();
    assert_eq!(names().len(), before.len() + 1);
    // Longer than one look, so that there is one.
    let many: Vec<Event> = (0..9_000)
        .map(|number| Event::new("urn:example:a", number.to_string(), "c-1", Time::MIN, Payload::Waiting))
        .collect();
    log.append_blocking(many, Time::MIN).unwrap();
    stopped.stop();
    drop(draft);
    let sorting = Draft::sort(&log, &to, Plan::of(2, log.head()), &stopped);
    assert!(matches!(sorting, Err(ExportError::Interrupted)));
    let draft = Draft::sort(&log, &to, Plan::of(2, log.head()), &Watch::default()).unwrap();
    assert!(matches!(draft.write(&stopped), Err(ExportError::Interrupted)));
    assert_eq!(names(), before);
    // An empty folder gives way, and what the log was is written.
    fs::create_dir(&to).unwrap();
    let plan = Plan::of(2, Position(10));
    let manifest = Draft::sort(&log, &to, plan, &Watch::default()).unwrap().write(&Watch::default()).unwrap();
    assert_eq!((manifest.position, manifest.events), (10, 10));
    assert_eq!(manifest.commitment, log.head_at(Position(10)).unwrap().commitment_digits());
    dataset::checked(&to, &Watch::default()).unwrap();
}

#[test]
fn what_makes_no_data_set_is_said() {
    let dir = prepared();
    for (asked, why) in [
        (&["set"][..], "--shards"),
        (&["--shards", "2"], "DIR"),
        (&["--shards", "0", "set"], "1..=4096"),
        (&["--shards", "2", "--from", "5", "set"], "--from"),
        (&["--shards", "2", "set", "-o", "x.parquet"], "leave -o out"),
    ] {
        let told = run(dir.path(), [&["export", "parquet"], asked].concat()).fails(2);
        assert!(told.contains(why), "{asked:?}: {told}");
    }
    assert!(!dir.path().join("set").exists());
    let empty = run(dir.path(), ["ingest", "--store", "empty.store", "-q", "events.ndjson"]);
    assert_eq!(empty.code, 0);
    // A log without an event is a data set without a row.
    let store = dir.path().join("new.store");
    drop(Log::open(&store, Mode::Create).unwrap());
    run(dir.path(), ["--store", "new.store", "export", "parquet", "--shards", "2", "none"]).ok();
    run(dir.path(), ["--store", "new.store", "ingest", "none"]).ok();
}

/// A later version reads what this one has written: columns change with the name of the schema alone.
#[test]
fn the_columns_are_those_that_were_described() {
    let dir = folder();
    let log = log_of(&dir.path().join("x.store"), &odd());
    let manifest = export(&log, &dir.path().join("set"), 1, PLENTY);
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("engine/export/shards/README.md"))
            .unwrap();
    let reader =
        SerializedFileReader::new(File::open(dir.path().join("set/sources.parquet")).unwrap()).unwrap();
    for field in reader.metadata().file_metadata().schema().get_fields() {
        assert!(readme.contains(&format!("`{}`", field.name())), "{} is not described", field.name());
    }
    assert!(readme.contains(&manifest.fingerprint), "the fingerprint {}", manifest.fingerprint);
}
