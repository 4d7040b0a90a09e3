//! Files that are not what the manifest says: a refusal with its reason, never a number.

use std::fs;
use std::path::Path;

use crate::stage::{Lake, Worker, asked};

/// What is said of a data set that was harmed.
fn said(harm: impl Fn(&Path)) -> String {
    let lake = Lake::of_scenario("range-by-service", 3);
    let set = lake.set();
    let workers = [Worker::of(&set), Worker::of(&set)].map(|worker| (worker.at, worker));
    harm(&set);
    let at = workers.each_ref().map(|(at, _)| *at);
    asked(&set, &at, &["--silence", "2", "--attempts", "2"], &["compare", "--json", "-q"]).refused()
}

fn edit(set: &Path, change: impl Fn(&mut serde_json::Value)) {
    let path = set.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// Sets what the manifest says of a file's length to what it is.
fn length_as_it_is(set: &Path, place: usize) {
    edit(set, |manifest| {
        let name = manifest["files"][place]["name"].as_str().unwrap().to_owned();
        manifest["files"][place]["bytes"] = fs::metadata(set.join(name)).unwrap().len().into();
    });
}

#[track_caller]
fn names(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let said = said(|set| fs::remove_file(set.join("events-00001.parquet")).unwrap());
    names(&said, &["events-00001.parquet", "missing"]);
}

#[test]
fn a_file_that_was_cut_short_is_named() {
    let said = said(|set| cut(set, 100));
    names(&said, &["events-00001.parquet", "bytes where the manifest says"]);
}

fn cut(set: &Path, by: usize) {
    let path = set.join("events-00001.parquet");
    let bytes = fs::read(&path).unwrap();
    fs::write(path, &bytes[..bytes.len() - by]).unwrap();
}

#[test]
fn a_file_that_was_cut_short_with_its_note_is_refused() {
    let said = said(|set| {
        cut(set, 100);
        length_as_it_is(set, 1);
    });
    names(&said, &["evenfield"]);
}

/// A shard is known by its consultations: under whatever name its file lies, the answer is the right one.
#[test]
fn files_that_changed_places_change_nothing() {
    let lake = Lake::of_scenario("range-by-service", 3);
    let (set, here) = (lake.set(), lake.local(&["compare", "--json", "-q"]).ok());
    let (one, other, aside) =
        (set.join("events-00000.parquet"), set.join("events-00001.parquet"), set.join("aside"));
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        fs::rename(from, to).unwrap();
    }
    length_as_it_is(&set, 0);
    length_as_it_is(&set, 1);
    let worker = Worker::of(&set);
    assert_eq!(asked(&set, &[worker.at], &[], &["compare", "--json", "-q"]).ok(), here);
}

#[test]
fn a_file_that_stands_in_the_place_of_another_is_refused() {
    let said = said(|set| {
        fs::copy(set.join("events-00000.parquet"), set.join("events-00001.parquet")).unwrap();
        length_as_it_is(set, 1);
    });
    names(&said, &["shard"]);
}

#[test]
fn a_file_that_is_listed_twice_is_refused() {
    let said = said(|set| {
        edit(set, |manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.insert(1, files[0].clone());
        });
    });
    names(&said, &["manifest.json", "once"]);
}

#[test]
fn a_manifest_of_another_format_is_refused() {
    let said = said(|set| edit(set, |manifest| manifest["fingerprint"] = "00".into()));
    names(&said, &["manifest.json", "version"]);
}

#[test]
fn counts_that_were_changed_are_refused() {
    let said = said(|set| edit(set, |manifest| manifest["files"][0]["checksum"] = "0000000000000001".into()));
    names(&said, &["shard 0", "do not add up"]);
}

#[test]
fn a_folder_that_is_no_data_set_is_refused_with_what_makes_one() {
    let said = said(|set| fs::remove_file(set.join("manifest.json")).unwrap());
    names(&said, &["no data set", "export parquet"]);
}
