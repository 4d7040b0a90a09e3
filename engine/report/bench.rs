//! How fast a store is on this machine, in words.

use std::fmt::Write;

use super::{counted, grouped};
use crate::bench::{Bench, Change, Measured, Spread};

/// What was measured.
#[must_use]
pub fn bench(bench: &Bench) -> String {
    let mut text = format!(
        "{} of {}, {}, median of {}\n\n",
        counted(bench.events, "event"),
        counted(bench.consultations, "consultation"),
        counted(bench.threads as u64, "thread"),
        counted(bench.rounds as u64, "round"),
    );
    let _ = writeln!(
        text,
        "  {:<24}{:>10}  {:<22}{:>14}{:>8}",
        "", "median", "shortest to longest", "events/s", "MB/s"
    );
    for measured in &bench.stages {
        text.push_str(stage(measured).trim_end());
        text.push('\n');
    }
    if !bench.stages.iter().any(|measured| measured.stage == "compare") {
        text.push_str("\nWhat is there cannot be compared, so that was not measured.\n");
    }
    let _ = writeln!(text, "\nOf what is appended {}.", bench.durability);
    text.push_str(
        "It went into a temporary store, nothing of it into this one. Files lay in memory, as they do once they\n\
         were used. Whatever else ran on this machine shows in these figures.\n",
    );
    text
}

fn stage(measured: &Measured) -> String {
    let spread = measured.spread();
    let rounds = format!("{} to {}", time(spread.least), time(spread.most));
    let events = measured.events_per_second.map_or_else(String::new, |rate| grouped(rate.round() as u64));
    let bytes = measured.megabytes_per_second.map_or_else(String::new, |rate| format!("{rate:.0}"));
    let (name, median) = (name(&measured.stage), time(spread.median));
    format!("  {name:<24}{median:>10}  {rounds:<22}{events:>14}{bytes:>8}")
}

/// What changed since a baseline was measured.
#[must_use]
pub fn bench_changes(changes: &[Change], before: &Bench, now: &Bench) -> String {
    let mut text = String::from("\nAgainst the baseline, by the million events where it is about events\n\n");
    for Change { stage, ratio, before, now, is_noise } in changes {
        let verdict = match is_noise {
            true => "within the noise",
            false if *ratio > 1.0 => "faster",
            false => "slower",
        };
        let _ = writeln!(
            text,
            "  {:<24}{ratio:>6.2} times as fast  {:<36}  {:<36}  {verdict}",
            name(stage),
            format!("was {}", told(before)),
            format!("is {}", told(now)),
        );
    }
    text.push_str("\nNoise is a change no larger than that between the rounds of one measurement.\n");
    if before.rounds.min(now.rounds) < 2 {
        text.push_str("One round alone does not tell one from the other: then everything counts as noise.\n");
    }
    for difference in differences(before, now) {
        let _ = writeln!(text, "\nThe baseline is of {difference}: judge with care.");
    }
    text
}

/// What keeps a baseline from being of the same thing.
fn differences(before: &Bench, now: &Bench) -> Vec<String> {
    let mut all = Vec::new();
    if before.events != now.events {
        all.push(counted(before.events, "event"));
    }
    if before.threads != now.threads {
        all.push(counted(before.threads as u64, "thread"));
    }
    if before.durability != now.durability {
        all.push(format!("appends where {}", before.durability));
    }
    if before.version != now.version {
        all.push(format!("version {}", before.version));
    }
    all
}

fn told(spread: &Spread) -> String {
    format!("{} ({} to {})", time(spread.median), time(spread.least), time(spread.most))
}

fn name(stage: &str) -> &str {
    match stage {
        "look" => "looking at its file",
        "open" => "opening it after that",
        "read" => "reading every event",
        "replay" => "replaying into rows",
        "compare" => "comparing the rows",
        "append" => "appending",
        other => other,
    }
}

fn time(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}
