//! What may happen to a store's files: one row for each fault, and how opening must end.
//!
//! Copies of two stores are harmed in every way that is known, and held to one law (see [`law`]). The
//! table for users in ARCHITECTURE.md is rendered from the rows; to keep a change of them, run the tests
//! with `INSTA_UPDATE=always`.

mod base;
mod file;
mod harm;
mod law;
mod rows;

use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use base::{Base, LONG, SHORT, copy_folder};
use engine::log::{Log, Mode, Position, Repair};
use harm::Harm;
use law::End;
use rows::{ALL, Row};
use tempfile::TempDir;

use crate::command::folder;

/// A copy of `base` with `harm` done to it.
fn harmed(base: &Base, harm: &Harm) -> (TempDir, PathBuf) {
    let dir = folder();
    let copy = dir.path().join("x.store");
    copy_folder(&base.store(), &copy);
    (harm.run)(base, &copy);
    (dir, copy)
}

/// Does `harm` to a copy of `base`, and holds what is left to the law.
fn hold(base: &Base, harm: &Harm) -> End {
    let (_dir, copy) = harmed(base, harm);
    law::hold(base, harm.known.unwrap_or(base.head()), harm.is_signed, &copy)
}

/// Tries every place of every row, and tells all that fail.
fn try_rows(rows: &[Row]) {
    let mut failed = String::new();
    for row in rows {
        let (mut ends, mut tried) = (Vec::new(), 0);
        for base in [&*LONG, &*SHORT] {
            for harm in (row.harms)(base) {
                tried += 1;
                let what = match catch_unwind(AssertUnwindSafe(|| hold(base, &harm))) {
                    Ok(end) if row.ends.contains(&end) => {
                        ends.push(end);
                        continue;
                    }
                    Ok(end) => format!("ends {end:?}, not {:?}", row.ends),
                    Err(panic) => words(&*panic),
                };
                writeln!(failed, "{} ({}, {}): {what}", row.fault, base.name, harm.name).unwrap();
            }
        }
        let is_for_some_only = row.ends == [End::Io];
        assert!(tried > 0 || is_for_some_only, "{}: nowhere to try it", row.fault);
        ends.sort_unstable();
        ends.dedup();
        println!("{}: {tried} tried, {ends:?}", row.fault);
    }
    assert!(failed.is_empty(), "\n{failed}");
}

fn words(panic: &dyn std::any::Any) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

#[test]
fn the_end_of_the_file_may_be_gone() {
    try_rows(rows::TAIL);
}

#[test]
fn bytes_of_the_file_may_be_others() {
    try_rows(rows::BYTES);
}

#[test]
fn checksums_may_be_right_and_events_others() {
    try_rows(rows::FORGED);
}

#[test]
fn files_beside_the_file_may_be_gone_or_damaged() {
    try_rows(rows::BESIDE);
}

#[test]
fn the_witness_may_be_gone_old_or_foreign() {
    try_rows(rows::WITNESS);
}

#[test]
fn the_folder_may_be_in_any_state() {
    try_rows(rows::FOLDER);
}

/// A bit in the header of the newest segment went unnoticed by the database: the log opened, events
/// were acknowledged behind the damage, and the next opening did not find them.
#[test]
fn what_is_appended_behind_a_damaged_header_does_not_vanish() {
    let newest = *LONG.map.segments.last().unwrap();
    assert!(newest > 0, "more than one segment is in use");
    for (at, bit) in [(0, 0), (5, 3), (11, 6), (13, 1), (19, 7)] {
        assert_eq!(hold(&LONG, &harm::flip(newest + at, bit)), End::Rewritten, "bit {bit} of byte {at}");
    }
}

/// The database zeroed what it took for torn while the log was being refused, and a salvage that came
/// after it found nothing of what had been readable before.
#[test]
fn a_refused_store_keeps_every_block_that_is_not_itself_damaged() {
    // The third block, after those of 1 and 7 events: it has 300.
    let (head, damaged) = (8, 300);
    let harm = harm::in_every_copy(&SHORT, head + 1);
    let (_dir, copy) = harmed(&SHORT, &harm);
    let db = copy.join("sled").join("db");
    let before = fs::read(&db).unwrap();
    for mode in [Mode::Existing, Mode::Create] {
        let error = Log::open(&copy, mode).map(drop).unwrap_err().to_string();
        assert!(error.contains("damaged at position 9") && error.contains("`log repair`"), "{error}");
    }
    assert!(fs::read(&db).unwrap() == before, "it is as it was");
    let plan = Repair::plan(&copy, &mut |_, _| {}).unwrap();
    assert_eq!(plan.head(), Position(head));
    let mut readable = Vec::new();
    plan.readable_after(&mut |stored| readable.push(stored)).unwrap();
    assert!(readable == SHORT.events[(head + damaged) as usize..], "{} events", readable.len());
}

/// The rows as users meet them.
fn table() -> String {
    let mut text = String::from("| What happened | Opening | What to do |\n|---|---|---|\n");
    for Row { fault, ends, advice, .. } in ALL.iter().copied().flatten() {
        let ends: Vec<&str> = ends.iter().copied().map(End::name).collect();
        writeln!(text, "| {fault} | {} | {advice} |", ends.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_table_of_faults_in_architecture_is_that_of_the_tests() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(&path).unwrap();
    let (_, section) = text.split_once("\n## What can happen to a store\n").expect("it has the section");
    let lines = section.split_inclusive('\n').skip_while(|line| !line.starts_with('|'));
    let told: String = lines.take_while(|line| line.starts_with('|')).collect();
    let table = table();
    if told != table && std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, text.replacen(&told, &table, 1)).unwrap();
        return;
    }
    assert!(told == table, "ARCHITECTURE.md should say:\n{table}");
}

/// Who is refused is told a way on, and who has nothing to do is not refused.
#[test]
fn every_fault_that_is_refused_has_a_way_on() {
    for Row { fault, ends, advice, .. } in ALL.iter().copied().flatten() {
        let is_refused = ends.iter().any(|end| *end > End::Hidden);
        assert!(!is_refused || *advice != rows::NOTHING && *advice != rows::DISK, "{fault}: {advice}");
    }
}
