//! The seams of generations: files that do not fit each other are found, also where everything that is said of them does.

use std::fs::{self, File};
use std::path::Path;

use engine::ingest::dataset;
use engine::replay::Watch;
use event::{Event, Payload, Time};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};

use super::follow::{batches, followed, kept};
use super::{Harm, cut, double, edit, flip, log_of, rename, rewritten, sha256};
use crate::command::{copy, folder};

const FIRST: &str = "events-00000_000001.parquet";
const SECOND: &str = "events-00000_000002.parquet";
const THIRD: &str = "events-00000_000003.parquet";

/// Changes a data set so that manifest, footers, lengths and digests all agree: only the rows tell.
fn forge(set: &Path, change: impl Fn(&mut Value)) {
    let path = set.join("manifest.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut manifest);
    let (fingerprint, shards, generations) =
        (manifest["fingerprint"].clone(), manifest["shards"].clone(), manifest["generations"].clone());
    for note in manifest["files"].as_array_mut().unwrap() {
        let path = set.join(note["name"].as_str().unwrap());
        let groups = SerializedFileReader::new(File::open(&path).unwrap()).unwrap().num_row_groups();
        let said = json!({
            "fingerprint": fingerprint, "shards": shards, "shard": note["shard"], "generation": note["generation"],
            "taken": generations[usize::try_from(note["generation"].as_u64().unwrap()).unwrap()],
            "events": note["events"], "consultations": note["consultations"], "checksum": note["checksum"],
        });
        let to = set.join("forged");
        rewritten(&path, &to, &(0..groups).collect::<Vec<_>>(), |old| {
            if old.starts_with('{') { said.to_string() } else { old }
        });
        fs::rename(to, &path).unwrap();
        let bytes = fs::read(&path).unwrap();
        (note["bytes"], note["sha256"]) = (json!(bytes.len()), json!(sha256(&bytes)));
    }
    for what in ["events", "consultations"] {
        let sum: u64 =
            manifest["files"].as_array().unwrap().iter().map(|note| note[what].as_u64().unwrap()).sum();
        manifest[what] = json!(sum);
    }
    fs::write(path, serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
}

/// The place in the manifest of the file of shard 0 of that generation, where there is one shard.
fn note(manifest: &mut Value, generation: u64) -> &mut Value {
    let files = manifest["files"].as_array_mut().unwrap();
    files.iter_mut().find(|file| file["shard"] == 0 && file["generation"] == generation).unwrap()
}

/// Counts and checksum of one file put where those of another were.
fn counts(manifest: &mut Value, generation: u64, from: &Value) {
    for what in ["events", "consultations", "checksum"] {
        note(manifest, generation)[what] = from[what].clone();
    }
    manifest["generations"][usize::try_from(generation).unwrap()]["events"] = from["events"].clone();
}

/// Harms to a data set of one shard and four generations, of which manifest and footers say nothing.
const FORGED: &[Harm] = &[
    Harm("one in the middle is missing", without_the_second, "is not whole: it ends with seq"),
    Harm(
        "two have changed places",
        |set| {
            rename(set, FIRST, "x");
            rename(set, SECOND, FIRST);
            rename(set, "x", SECOND);
            forge(set, |manifest| {
                let (one, other) = (note(manifest, 1).clone(), note(manifest, 2).clone());
                counts(manifest, 1, &other);
                counts(manifest, 2, &one);
            });
        },
        "is not whole: it ends with seq",
    ),
    Harm(
        "the first stands twice",
        |set| {
            double(set, "events-00000.parquet", THIRD);
            forge(set, |manifest| {
                let whole = note(manifest, 0).clone();
                counts(manifest, 3, &whole);
            });
        },
        "begins in a file of a later generation again",
    ),
    Harm("the first is that of others", with_the_first_of_others, "nothing comes before that"),
];

fn without_the_second(set: &Path) {
    fs::remove_file(set.join(SECOND)).unwrap();
    rename(set, THIRD, SECOND);
    forge(set, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        files.retain(|file| file["name"] != json!(SECOND));
        let last = files.iter_mut().find(|file| file["name"] == json!(THIRD)).unwrap();
        (last["name"], last["generation"]) = (json!(SECOND), json!(2));
        let from = manifest["generations"][2]["from"].clone();
        manifest["generations"].as_array_mut().unwrap().remove(2);
        manifest["generations"][2]["from"] = from;
    });
}

fn with_the_first_of_others(set: &Path) {
    let dir = folder();
    let other = Event::new("urn:example:z", "e-1", "z-1", Time::MIN, Payload::Waiting);
    let others = dir.path().join("others");
    kept(&log_of(&dir.path().join("others.store"), &[other]), &others, 1);
    fs::copy(others.join("events-00000.parquet"), set.join("events-00000.parquet")).unwrap();
    let mut of_others: Value =
        serde_json::from_str(&fs::read_to_string(others.join("manifest.json")).unwrap()).unwrap();
    let whole = note(&mut of_others, 0).clone();
    forge(set, |manifest| {
        let sources = manifest["files"][4]["events"].as_u64().unwrap();
        counts(manifest, 0, &whole);
        manifest["generations"][0]["events"] = json!(whole["events"].as_u64().unwrap() + sources);
    });
}

/// What the check says of a data set after that harm.
fn told(set: &Path, harm: impl FnOnce(&Path)) -> Result<usize, String> {
    let harmed = set.with_file_name("harmed");
    copy(set, &harmed);
    harm(&harmed);
    let told = dataset::checked(&harmed, &Watch::default()).map_err(|error| error.to_string());
    fs::remove_dir_all(&harmed).unwrap();
    told.map(|files| files.len())
}

/// Files that say the same as a manifest which was made to fit them are held against each other by their rows.
#[test]
fn what_does_not_fit_at_the_seams_of_generations_is_found() {
    let dir = folder();
    let (_, set) = followed(dir.path(), 1, &batches());
    assert_eq!(told(&set, |set| forge(set, |_| ())), Ok(5));
    for Harm(name, harm, why) in FORGED {
        let reason = told(&set, harm).unwrap_err();
        assert!(reason.contains(why) && reason.contains("nothing of it was read"), "{name}: {reason}");
    }
}

const FILE: &str = "events-00001_000002.parquet";

/// Harms to a data set of two shards and four generations, each done to one thing alone.
const HARMS: &[Harm] = &[
    Harm("missing", |set| fs::remove_file(set.join(FILE)).unwrap(), "No such file"),
    Harm("cut short", |set| cut(&set.join(FILE), 4), "manifest.json says"),
    Harm("a bit", |set| flip(&set.join(FILE)), "its SHA-256 is"),
    Harm("doubled", |set| double(set, SECOND, FILE), "events-00001_000002.parquet does not hold"),
    Harm("further", |set| double(set, FILE, "events-00002_000002.parquet"), "does not name it"),
    Harm(
        "positions",
        |set| edit(set, |it| it["generations"][2]["to"] = json!(765)),
        "should begin at position 766",
    ),
    Harm(
        "a commitment",
        |set| edit(set, |it| it["generations"][1]["commitment"] = json!("00")),
        "what it says of itself",
    ),
    Harm(
        "a generation less",
        |set| edit(set, |it| drop(it["generations"].as_array_mut().unwrap().pop())),
        "each once",
    ),
    Harm("a file less, and nothing tells", without_the_file, "what it says of itself"),
];

fn without_the_file(set: &Path) {
    fs::remove_file(set.join(FILE)).unwrap();
    edit(set, |it| {
        let files = it["files"].as_array_mut().unwrap();
        let place = files.iter().position(|note| note["name"] == json!(FILE));
        let note = files.remove(place.unwrap());
        let less = |from: &Value, what: &str| json!(from.as_u64().unwrap() - note[what].as_u64().unwrap());
        for what in ["events", "consultations"] {
            it[what] = less(&it[what], what);
        }
        let events = &mut it["generations"][2]["events"];
        *events = less(events, "events");
    });
}

#[test]
fn a_data_set_of_several_generations_that_was_changed_is_refused() {
    let dir = folder();
    let (_, set) = followed(dir.path(), 2, &batches());
    for Harm(name, harm, why) in HARMS {
        let reason = told(&set, harm).unwrap_err();
        assert!(reason.contains(why), "{name}: {reason}");
    }
    assert_eq!(told(&set, |_| ()), Ok(9));
    // A file of a later generation can be read alone: what it says of itself is all that it is held against.
    let alone = dir.path().join("alone.parquet");
    fs::copy(set.join(FILE), &alone).unwrap();
    dataset::check_one(&alone, &Watch::default()).unwrap();
    dataset::check_one(&set.join(FILE), &Watch::default()).unwrap();
}
