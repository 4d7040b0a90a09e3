//! What rows are about, in a few words: of how many organisations, from when to when, and whether they are made up.

use std::collections::BTreeSet;

use event::NOT_RECORDED;
use projections::compare::Ask;
use projections::period::Period;
use projections::windows::{WINDOW_MS, Windows};

use super::rows::Rows;
use super::sheet::Sheet;

/// What rows are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Organisations with a consultation.
    pub organisations: u64,
    /// The first and the last month with an attempted consultation, in UTC.
    pub months: Option<[String; 2]>,
    /// Days from the first to the last attempt, both included.
    pub days: u64,
    /// Sources of the log, and how many of them call themselves synthetic.
    pub sources: u64,
    /// How many of them call themselves synthetic.
    pub synthetic: u64,
}

/// How sources of synthetic recordings call themselves.
const SYNTHETIC: &str = "urn:synth:";
const DAY_MS: i64 = 86_400_000;

/// What the rows that `ask` asks for are about.
#[must_use]
pub fn scope(sheet: &Sheet, ask: &Ask, threads: usize) -> Scope {
    let arms = sheet.fold(&ask.survey_of_organisations(), threads);
    let names = arms.values().flat_map(|strata| strata.values()).flat_map(|one| one.organisations.keys());
    let organisations: BTreeSet<&String> = names.filter(|name| *name != NOT_RECORDED).collect();
    let seen = sheet.fold(&Windows { by: &[], filter: &ask.filter }, threads);
    let windows = seen.values().flat_map(|strata| strata.values()).flat_map(|course| course.windows.keys());
    let ends = windows.fold(None, |ends: Option<[i32; 2]>, window| {
        Some(ends.map_or([*window; 2], |[first, last]| [first.min(*window), last.max(*window)]))
    });
    let begin = |window: i32| event::Time::from_ms(i64::from(window) * WINDOW_MS);
    let month = |window: i32| Period::Month.level(Period::Month.number(Some(begin(window))));
    let day = |window: i32| (i64::from(window) * WINDOW_MS).div_euclid(DAY_MS);
    let sources = sheet.source_names();
    Scope {
        organisations: organisations.len() as u64,
        months: ends.map(|ends| ends.map(month)),
        days: ends.map_or(0, |[first, last]| (day(last) - day(first) + 1).unsigned_abs()),
        sources: sources.len() as u64,
        synthetic: synthetic(&sources),
    }
}

/// How many of these sources call themselves synthetic.
#[must_use]
pub fn synthetic(sources: &BTreeSet<&str>) -> u64 {
    sources.iter().filter(|name| name.starts_with(SYNTHETIC)).count() as u64
}
