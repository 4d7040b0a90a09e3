//! `evenfield report check`, `verify` and `diff`: what can be done with a report that is there.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches};
use serde::Serialize;

use super::super::choose::no_file;
use super::super::failure::Failure;
use super::super::out::Out;
use super::super::store;
use super::super::{Cli, Shared, Verb as Any};
use super::{Verb, build};
use crate::log::Position;
use crate::report::{self, Fault, Told};

/// The most bytes of a report.
const BYTES: u64 = 16 << 20;

/// The text of a file; what is no text is read as well as it can be.
fn text(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| no_file(path, &error))?;
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(|error| no_file(path, &error))?;
    if bytes.len() as u64 > BYTES {
        return Err(Failure::Input(format!(
            "{} has more than {BYTES} bytes, which no report has: is it the right file?",
            path.display()
        )));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Serialize)]
struct Checked {
    schema: &'static str,
    sound: bool,
    wrong: Vec<Fault>,
}

pub(super) fn check(path: &Path, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let wrong = report::check(&text(path)?);
    let checked = Checked { schema: "evenfield.report_check/1", sound: wrong.is_empty(), wrong };
    if shared.is_json() {
        out.document(&checked)?;
    } else if checked.sound {
        out.line(&format!(
            "{} asks for nothing from elsewhere, runs nothing, and is sound in structure, access and counts",
            path.display()
        ))?;
    } else {
        checked.wrong.iter().try_for_each(|fault| out.line(&format!("{}: {}", fault.about, fault.words)))?;
    }
    match checked.wrong.len() {
        0 => Ok(()),
        _ if checked.wrong[0].about == "report" => {
            Err(Failure::Input(format!("{} is no report of evenfield", path.display())))
        }
        some => Err(Failure::Input(format!("{} is wrong in {}", path.display(), counted(some)))),
    }
}

fn counted(things: usize) -> String {
    report::counted(things as u64, "thing")
}

#[derive(Serialize)]
struct Verified {
    schema: &'static str,
    same: bool,
    /// Whether the store was added to since.
    grown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_difference: Option<Differs>,
}

/// The first line in which two texts differ.
#[derive(Serialize)]
struct Differs {
    line: usize,
    file: String,
    store: String,
}

pub(super) fn verify(path: &Path, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let there = text(path)?;
    let asked = report::asked(&there).ok_or_else(|| {
        Failure::Input(format!(
            "{} is no report of evenfield, or one that was cut: it does not say how it was asked for",
            path.display()
        ))
    })?;
    if !asked.logs.is_empty() {
        return Err(Failure::Usage(format!(
            "{} was made of summaries, and of no store: build it again from them with the command that it ends with, and \
             compare the two files",
            path.display()
        )));
    }
    let (args, own) = asked_again(path, &asked.options, shared)?;
    let made_at = made_at(&asked, shared)?;
    let same = |args: &build::Args| Ok::<_, Failure>(there == report::html(&build::made(args, &own)?));
    // Of a report that does not tell its position it is not told either how it differs from what was there.
    let (grown, held) = match made_at {
        Made::Before(position) => (true, same(&args.held_to(position))?),
        Made::Now | Made::Never => (false, false),
    };
    let again = if held { there.clone() } else { report::html(&build::made(&args, &own)?) };
    let verified = Verified {
        schema: "evenfield.report_verify/1",
        same: there == again,
        grown,
        first_difference: first_difference(&there, &again),
    };
    if shared.is_json() {
        out.document(&verified)?;
    } else if let Some(differs) = &verified.first_difference {
        out.line(&format!("line {}", differs.line))?;
        out.line(&format!("  the file   {}", differs.file))?;
        out.line(&format!("  the store  {}", differs.store))?;
    } else {
        let when = if grown { ", as it was before more was added" } else { "" };
        out.line(&format!("{} follows from this store{when}, byte for byte", path.display()))?;
    }
    match verified.same {
        true => Ok(()),
        false => Err(Failure::Input(format!(
            "{} is not what this store gives: {}",
            path.display(),
            match made_at {
                Made::Never =>
                    "its commitment is none that the log ever had, so the store is another, or events of it were destroyed \
                     since, or the file was altered",
                _ =>
                    "the log is the one it names, so the file was altered, or another version of evenfield made it",
            }
        ))),
    }
}

/// When a report was made, by its commitment.
#[derive(Clone, Copy)]
enum Made {
    /// As the log is now; or of a position that the report tells, and is built from again.
    Now,
    /// When this was the last position.
    Before(Position),
    /// Of no state of this log.
    Never,
}

fn made_at(asked: &report::Asked, shared: &Shared) -> Result<Made, Failure> {
    let log = store::open(shared)?;
    let told = asked.position.map(Position).filter(|position| *position <= log.head());
    let there = log.head_at(told.unwrap_or_else(|| log.head()))?.commitment_digits();
    let told_of = asked.commitment.as_deref().unwrap_or_default();
    Ok(match (there == told_of, told) {
        (true, _) => Made::Now,
        (false, Some(_)) => Made::Never,
        (false, None) => log.position_of(told_of)?.map_or(Made::Never, Made::Before),
    })
}

/// The command that made a report, read again from its options, for the store of this command.
pub(super) fn asked_again(
    path: &Path,
    options: &[String],
    shared: &Shared,
) -> Result<(build::Args, Shared), Failure> {
    let words =
        ["evenfield", "report", "build"].into_iter().map(str::to_owned).chain(options.iter().cloned());
    let read = Cli::command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    let wrong = |why: &str| {
        Failure::Input(format!("{} names options that this program does not have: {why}", path.display()))
    };
    let cli = read.map_err(|error| wrong(error.to_string().lines().next().unwrap_or_default()))?;
    let cli = cli.under_its_policy();
    let Any::Report(Verb::Build(args)) = cli.verb else {
        return Err(wrong("they are not those of a report"));
    };
    let own = Shared {
        store: shared.store.clone(),
        threads: shared.threads,
        quiet: shared.quiet,
        release: false,
        format: None,
        json: false,
        output: None,
        ..cli.shared
    };
    Ok((args, own))
}

/// The first line in which two texts differ, around the place.
fn first_difference(file: &str, store: &str) -> Option<Differs> {
    if file == store {
        return None;
    }
    let (mut ours, mut theirs) = (file.lines(), store.lines());
    let mut line = 0;
    loop {
        line += 1;
        let (one, other) = (ours.next(), theirs.next());
        if one != other || (one.is_none() && other.is_none()) {
            let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
            let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
            let around = |text: &str| text.chars().skip(same.saturating_sub(20)).take(80).collect();
            return Some(Differs { line, file: around(one), store: around(other) });
        }
    }
}

#[derive(Serialize)]
struct Compared {
    schema: &'static str,
    same: usize,
    changes: Vec<Changed>,
}

/// A claim that is not what it was.
#[derive(Serialize)]
struct Changed {
    change: &'static str,
    claim: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Told>,
}

pub(super) fn diff([before, after]: [&Path; 2], shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let [before, after] = [told(before)?, told(after)?];
    let mut changes: Vec<Changed> = after
        .iter()
        .filter_map(|now| {
            let then = before.iter().find(|then| then.claim == now.claim);
            let change = match then {
                None => "appeared",
                Some(then) if then.hash == now.hash => return None,
                Some(then) if then.verdict == now.verdict => "moved",
                Some(_) => "turned",
            };
            Some(Changed {
                change,
                claim: now.claim.clone(),
                before: then.cloned(),
                after: Some(now.clone()),
            })
        })
        .collect();
    let same = after.len() - changes.len();
    let gone = before.iter().filter(|then| !after.iter().any(|now| now.claim == then.claim));
    changes.extend(gone.map(|then| Changed {
        change: "gone",
        claim: then.claim.clone(),
        before: Some(then.clone()),
        after: None,
    }));
    let order = ["turned", "moved", "appeared", "gone"];
    changes.sort_by_key(|changed| order.iter().position(|known| *known == changed.change));
    if shared.is_json() {
        return out.document(&Compared { schema: "evenfield.report_diff/1", same, changes });
    }
    out.line(&format!("{} say the same, {} do not", report::counted(same as u64, "claim"), changes.len()))?;
    for changed in &changes {
        out.line(&format!("\n{}  {}", changed.claim, changed.change))?;
        for (when, told) in [("was", &changed.before), ("is ", &changed.after)] {
            if let Some(told) = told {
                out.line(&format!("  {when} {}", told.words))?;
            }
        }
    }
    Ok(())
}

/// What a file claims.
fn told(path: &Path) -> Result<Vec<Told>, Failure> {
    let text = text(path)?;
    if report::asked(&text).is_none() {
        return Err(Failure::Input(format!("{} is no report of evenfield", path.display())));
    }
    Ok(report::claims(&text))
}
