//! Outages: did a platform fail at several organisations at once while the others did not?
//!
//! What is looked at is told platform by platform, with the reason where one is not: a feed that cannot tell a failed
//! attempt or a lost connection cannot show an outage, and at a single organisation nobody can tell the platform's trouble
//! from the site's. Where nothing was found it is told what would have been.

use std::collections::{BTreeMap, BTreeSet};

use event::{KindSet, NOT_RECORDED, Time};
use serde::Serialize;

use crate::filter::Filter;
use crate::parameters::Parameters;
use crate::stats::outages::{
    FALSE_ALARMS, FEWEST_DAYS, METHOD, Noticed as WouldBe, Outage as Found, PERMUTATIONS, QUARTERS_A_DAY,
    Quarter, Search, Series,
};
use crate::survey::Stratum;
use crate::windows::{Course, NEEDS, Seen, begin};

/// What was looked for, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outages {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the rows were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// Consultations that are not over, of all platforms, whatever the filter.
    pub in_progress: u64,
    /// How outages are looked for.
    pub method: &'static str,
    /// The chance that one is found in a log that has none.
    pub false_alarms: f64,
    /// Rearranged logs that the threshold was found from.
    pub rearranged: u64,
    /// What the logarithm of a likelihood ratio had to exceed; none where nothing was looked at.
    pub threshold: Option<f64>,
    /// Spans of time with consultations that were looked at, all platforms together.
    pub spans: u64,
    /// The outages, by the time at which they begin.
    pub outages: Vec<Outage>,
    /// Every platform, whether it was looked at, and what would have been noticed.
    pub platforms: Vec<Looked>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A platform that failed at several organisations at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outage {
    /// The platform.
    pub platform: String,
    /// When it begins; a consultation counts by when it was begun.
    pub from: Time,
    /// When it is over.
    pub to: Time,
    /// Organisations that used the platform meanwhile.
    pub organisations: u64,
    /// Those of which more consultations failed than expected.
    pub affected: u64,
    /// Consultations attempted on it.
    pub attempted: u64,
    /// Those that failed.
    pub failed: u64,
    /// How many are expected to fail in as long a time at such an hour.
    pub expected: f64,
    /// Attempted on all other platforms that were looked at, meanwhile.
    pub others_attempted: u64,
    /// Those that failed.
    pub others_failed: u64,
    /// How many of them are expected to fail.
    pub others_expected: f64,
    /// The logarithm of the likelihood ratio of its most telling span, without the organisation with the largest excess.
    pub log_likelihood_ratio: f64,
    /// The share of rearranged logs, this one among them, in which some span tells as much.
    pub p: f64,
}

/// One platform, and whether outages were looked for on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looked {
    /// The platform.
    pub platform: String,
    /// Attempted consultations.
    pub attempted: u64,
    /// Those of which it can be told whether they failed.
    pub told: u64,
    /// Those that failed.
    pub failed: u64,
    /// Organisations with such consultations; those without a name are one.
    pub organisations: u64,
    /// Days, of UTC, with such consultations.
    pub days: u64,
    /// Why it was not looked at, if it was not.
    pub reason: Option<String>,
    /// What would have been noticed, by length of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noticed: Vec<Noticed>,
}

/// What would have been noticed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noticed {
    /// Of a span of so many minutes.
    pub minutes: u32,
    /// How many consultations are attempted in half of those that have any, or fewer.
    pub attempted: u64,
    /// How many of them are expected to fail.
    pub expected: f64,
    /// How many would have to fail, besides those of the organisation with the largest excess; none where not even all
    /// of them would be noticed.
    pub failures: Option<u64>,
}

impl From<WouldBe> for Noticed {
    fn from(WouldBe { minutes, attempted, expected, failures }: WouldBe) -> Self {
        Self { minutes, attempted, expected, failures }
    }
}

/// A search among the platforms on which outages can be seen.
#[derive(Debug)]
pub struct Scan {
    platforms: Vec<Looked>,
    /// The names of those that are looked at.
    names: Vec<String>,
    search: Option<Search>,
    stray: u64,
}

impl Scan {
    /// A search in what was counted by organisation.
    #[must_use]
    pub fn of(seen: &Seen) -> Self {
        let stray = seen.get(NOT_RECORDED).map_or(0, |strata| sum(strata.values()).0);
        let named = || seen.iter().filter(|(name, _)| *name != NOT_RECORDED);
        let platforms: Vec<Looked> = named().map(|(name, strata)| Looked::at(name, strata)).collect();
        let names: Vec<String> = platforms
            .iter()
            .filter(|looked| looked.reason.is_none())
            .map(|looked| looked.platform.clone())
            .collect();
        let (organisations, series) = series(seen, &names);
        let search = (!names.is_empty()).then(|| Search::new(names.len(), organisations, &series));
        Self { platforms, names, search, stray }
    }

    /// The search, unless there is nothing to look at.
    pub fn search(&mut self) -> Option<&mut Search> {
        self.search.as_mut()
    }

    /// What was found. Position and consultations in progress are for the caller to fill in, who knows the log.
    #[must_use]
    pub fn read(mut self, filter: &Filter, parameters: &Parameters) -> Outages {
        let notes = self.notes();
        let found = self.search.take().map(Search::finish);
        let (mut outages, mut threshold, mut spans) = (Vec::new(), None, 0);
        if let Some(found) = found {
            (threshold, spans) = (found.threshold.is_finite().then_some(found.threshold), found.spans);
            outages = found.outages.iter().map(|outage| self.outage(outage)).collect();
            for (name, noticed) in self.names.iter().zip(found.noticed) {
                let looked = self.platforms.iter_mut().find(|looked| looked.platform == *name);
                looked.into_iter().for_each(|looked| {
                    looked.noticed = noticed.iter().copied().map(Noticed::from).collect();
                });
            }
        }
        Outages {
            schema: "evenfield.outages/1",
            position: 0,
            parameters: *parameters,
            filter: filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
            in_progress: 0,
            method: METHOD,
            false_alarms: FALSE_ALARMS,
            rearranged: PERMUTATIONS,
            threshold,
            spans,
            outages,
            platforms: self.platforms,
            notes,
        }
    }

    fn outage(&self, found: &Found) -> Outage {
        Outage {
            platform: self.names[found.platform].clone(),
            from: begin(found.quarters.start),
            to: begin(found.quarters.end),
            organisations: found.organisations as u64,
            affected: found.affected as u64,
            attempted: found.sum.n,
            failed: found.sum.x,
            expected: found.sum.expected,
            others_attempted: found.others.n,
            others_failed: found.others.x,
            others_expected: found.others.expected,
            log_likelihood_ratio: found.ratio,
            p: found.p,
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let [name] = &self.names[..] {
            notes.push(format!(
                "{name} is held against itself alone: trouble that every platform would have had, such as that of a \
                 network, looks like its outage"
            ));
        }
        if self.stray > 0 {
            notes.push(format!("{} attempted consultations without a platform are left out", self.stray));
        }
        notes
    }
}

impl Looked {
    fn at(name: &str, strata: &BTreeMap<Stratum, Course>) -> Self {
        let (attempted, told, failed) = sum(strata.values());
        let seen = |course: &&Course| course.windows.values().any(|window| window.told > 0);
        let organisations = strata.values().filter(seen).count() as u64;
        let windows = strata.values().flat_map(|course| &course.windows);
        let days: BTreeSet<i32> = windows
            .filter(|(_, window)| window.told > 0)
            .map(|(number, _)| number.div_euclid(QUARTERS_A_DAY as i32))
            .collect();
        let reason = match () {
            () if attempted == 0 => Some("nobody tried to get in".to_owned()),
            () if told * 2 < attempted => Some(format!(
                "sources can tell of fewer than half of its attempted consultations whether they failed, which takes {}",
                NEEDS.missing(KindSet::NONE)
            )),
            () if organisations < 2 => Some(
                "it was used by one organisation, or by nobody knows whom: its trouble cannot be told from that of a site"
                    .to_owned(),
            ),
            () if days.len() < FEWEST_DAYS => Some(format!(
                "it was used on {} days: from fewer than {FEWEST_DAYS} nobody can tell what is usual",
                days.len()
            )),
            () => None,
        };
        let days = days.len() as u64;
        let (platform, noticed) = (name.to_owned(), Vec::new());
        Self { platform, attempted, told, failed, organisations, days, reason, noticed }
    }

    /// Whether it can be told of half of the attempted consultations, or more, whether they failed.
    pub(super) fn is_measured(&self) -> bool {
        self.told > 0 && self.told * 2 >= self.attempted
    }

    /// Every platform that has a name.
    pub(super) fn all(seen: &Seen) -> Vec<Self> {
        let named = seen.iter().filter(|(name, _)| *name != NOT_RECORDED);
        named.map(|(name, strata)| Self::at(name, strata)).collect()
    }
}

/// Attempted, told and failed.
fn sum<'a>(courses: impl Iterator<Item = &'a Course>) -> (u64, u64, u64) {
    courses.flat_map(|course| course.windows.values()).fold((0, 0, 0), |(attempted, told, failed), window| {
        (
            attempted + u64::from(window.attempted),
            told + u64::from(window.told),
            failed + u64::from(window.failed),
        )
    })
}

/// What was told of these platforms, by numbers for platforms and organisations; and how many organisations there are.
pub(super) fn series(seen: &Seen, platforms: &[String]) -> (usize, Vec<Series>) {
    let told = || {
        let numbered = platforms.iter().enumerate();
        let known = numbered.filter_map(|(number, name)| Some((number, seen.get(name)?)));
        known.flat_map(|(number, strata)| {
            strata.iter().map(move |(stratum, course)| (number, stratum, course))
        })
    };
    let organisations: BTreeSet<&Stratum> = told().map(|(_, stratum, _)| stratum).collect();
    let organisations: BTreeMap<&Stratum, usize> = organisations.into_iter().zip(0..).collect();
    let series = told().map(|(platform, stratum, course)| {
        let quarters = course.windows.iter().filter(|(_, window)| window.told > 0);
        let quarters = quarters
            .map(|(number, window)| Quarter { number: *number, n: window.told, x: window.failed })
            .collect();
        Series { platform, organisation: organisations[stratum], quarters }
    });
    let series = series.collect();
    (organisations.len(), series)
}
