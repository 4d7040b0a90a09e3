//! The rounds of a run: every contender in every round, each time another one first.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::contender::Contender;
use crate::measured::{Measured, Question, percentiles};
use crate::{Run, summary};

/// What a process is called with that measures one thing.
pub(crate) const MEASURE: &str = "measure";
/// How many syncs the disk is asked for on its own.
const SYNCS: usize = 500;

/// Measures everything, and writes `raw.jsonl` and `summary.md` into the folder of the run.
pub(crate) fn go(run: &Run) {
    fs::create_dir_all(&run.folder).expect("the folder of the run");
    let mut raw = File::create(run.folder.join("raw.jsonl")).expect("the raw figures");
    let mut all = Vec::new();
    for round in 1..=run.rounds {
        for question in Question::ALL {
            for contender in order(question, round) {
                let measured = Measured { round, ..in_a_process(run, contender, question) };
                let line = serde_json::to_string(&measured).expect("a line");
                writeln!(raw, "{line}").expect("a line is written");
                say(&line);
                all.push(measured);
            }
        }
    }
    let text = format!("{}\n{}", sync_line(&run.folder), summary::tables(&all));
    fs::write(run.folder.join("summary.md"), &text).expect("the summary");
    say(&text);
}

/// Who takes part, the first of the round before last.
fn order(question: Question, round: usize) -> Vec<Contender> {
    let with_groups = matches!(question, Question::Singles { writers } if writers > 1);
    let mut all: Vec<Contender> =
        Contender::ALL.into_iter().filter(|contender| with_groups || !contender.is_grouped()).collect();
    let first = (round - 1) % all.len();
    all.rotate_left(first);
    all
}

/// One measurement in a process of its own, on a store that is gone afterwards.
fn in_a_process(run: &Run, contender: Contender, question: Question) -> Measured {
    let dir = tempfile::tempdir_in(&run.folder).expect("a folder for the store");
    let size = match question {
        Question::Singles { .. } => run.seconds,
        Question::Bulk { .. } => run.events,
    };
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([MEASURE, contender.name()])
        .args(question.name())
        .arg(size.to_string())
        .arg(dir.path().join("store"))
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("a process");
    assert!(output.status.success(), "{} has failed", contender.name());
    serde_json::from_slice(&output.stdout).expect("a line of figures")
}

/// How long the disk itself takes: 4 KiB at the end of a file, and a sync.
fn sync_line(folder: &Path) -> String {
    let path = folder.join("syncs");
    let mut file = File::create(&path).expect("a file");
    let mut sync = || -> std::io::Result<Duration> {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        Ok(begun.elapsed())
    };
    let waits = (0..SYNCS).map(|_| sync().expect("a sync")).collect();
    fs::remove_file(&path).expect("the file goes");
    let [p50, p99, longest] = percentiles(waits);
    format!(
        "4 KiB at the end of a file and a sync: p50 {p50:.2} ms, p99 {p99:.2} ms, longest {longest:.1} ms.\n"
    )
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "its figures are its output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
