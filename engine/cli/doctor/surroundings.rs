//! What surrounds a store: the disk, the clock, the environment, and the machine.

use std::path::Path;

use super::super::config::{self, Origin, Setting};
use super::super::store::now;
use super::super::{Shared, choose};
use super::{Finding, State};
use crate::ingest::FUTURE_MS;
use crate::log::Look;
use crate::report::counted;

/// Looks at all of it.
pub(super) fn surroundings(looked: Option<&Look>, settings: &[Setting], shared: &Shared) -> Vec<Finding> {
    let mut findings = vec![disk(&shared.store)];
    findings.extend(looked.and_then(clock));
    findings.extend(environment(settings));
    findings.extend(settings.iter().find(|setting| setting.name == "policy").map(policy));
    findings.push(machine(shared));
    findings
}

/// Less room than this on the disk is too little to go on with.
const TOO_LITTLE: u64 = 64 << 20;

fn disk(store: &Path) -> Finding {
    let about = "disk";
    let Some(free) = free_bytes(store) else {
        return Finding::of(
            about,
            State::Note,
            "how much room is left is not known on this system",
            "look yourself",
        );
    };
    let needed = bytes_below(store);
    let (told, holds) = (bytes(free), bytes(needed));
    match (free < TOO_LITTLE, free < needed) {
        (true, _) => Finding::of(
            about,
            State::Wrong,
            format!("{told} are left where {} lies", store.display()),
            "make room: a store that cannot write takes no more events",
        ),
        (false, true) => Finding::of(
            about,
            State::Note,
            format!("{told} are left, and {} takes {holds}", store.display()),
            "make room before `log repair` or `log redact`, which write the store anew beside itself",
        ),
        (false, false) => Finding::well(about, format!("{told} are left, and the store takes {holds}")),
    }
}

/// Room that this user may fill, where the store lies or will lie.
#[cfg(unix)]
fn free_bytes(store: &Path) -> Option<u64> {
    let store = std::path::absolute(store).ok()?;
    let told = rustix::fs::statvfs(store.ancestors().find(|folder| folder.exists())?).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_store: &Path) -> Option<u64> {
    None
}

/// How much all files below a folder take.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        about => about.map_or(0, |about| about.len()),
    });
    sizes.sum()
}

/// So many bytes, in the unit that people count them by.
fn bytes(number: u64) -> String {
    match number {
        0..1_000_000 => format!("{} kB", number.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", number / 1_000_000),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

/// Holds the clock against what was received, and events against the clock.
fn clock(looked: &Look) -> Option<Finding> {
    let (about, now) = ("clock", now());
    let (received, latest) = (looked.last_received()?, looked.latest()?);
    Some(if received > now {
        Finding::of(
            about,
            State::Wrong,
            format!("it is {now} by this machine, and the last event was received at {received}"),
            "set the clock; what was received under a wrong one keeps its time",
        )
    } else if latest.since(now) > FUTURE_MS {
        Finding::of(
            about,
            State::Note,
            format!(
                "it is {now} by this machine, and the latest event happened at {latest}, more than a day later"
            ),
            "ask whoever recorded it: answers are as of the newest event, unless --until tells another time",
        )
    } else {
        Finding::well(about, format!("it is {now}, and the latest event happened at {latest}"))
    })
}

/// Variables of `evenfield-cluster`, which is built apart.
const OF_THE_CLUSTER: [&str; 2] = ["EVENFIELD_DATA", "EVENFIELD_WORKERS"];

/// What the variables of the environment are taken for, one by one.
fn environment(settings: &[Setting]) -> Vec<Finding> {
    let mut set: Vec<String> = std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("EVENFIELD_"))
        .collect();
    set.sort();
    match set.is_empty() {
        true => vec![Finding::well("environment", "no variable EVENFIELD_... is set")],
        false => set.iter().map(|name| variable(name, settings)).collect(),
    }
}

/// What a variable is taken for.
fn variable(name: &str, settings: &[Setting]) -> Finding {
    let about = "environment";
    if let Some(Setting { value, origin, .. }) =
        settings.iter().find(|setting| setting.environment == Some(name))
    {
        return Finding::well(
            about,
            match origin {
                Origin::CommandLine => format!("{name} is set, and the command line says otherwise: {value}"),
                Origin::Default => format!("{name} is empty, so that the default holds: {value}"),
                Origin::Environment(_) => format!("{name} holds: {value}"),
            },
        );
    }
    if OF_THE_CLUSTER.contains(&name) {
        return Finding::well(about, format!("{name} is for evenfield-cluster"));
    }
    let known: Vec<String> = config::variables();
    let remedy = match choose::nearest(name, &known) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("nothing, unless it was meant for evenfield, which knows {}", known.join(", ")),
    };
    Finding::of(about, State::Note, format!("{name} is set, and nothing here goes by it"), remedy)
}

fn policy(setting: &Setting) -> Finding {
    Finding::well("policy", format!("{} ({})", setting.value, setting.origin))
}

fn machine(shared: &Shared) -> Finding {
    let threads = counted(shared.threads() as u64, "thread");
    let memory = match memory_left() {
        Some(left) => format!("{} of memory are free", bytes(left)),
        None => "how much memory is free is not known on this system".to_owned(),
    };
    Finding::well("machine", format!("{threads} for a replay, and {memory}"))
}

/// Memory that can be had without taking it from others.
fn memory_left() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1_024)
}
