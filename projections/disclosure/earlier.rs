//! What was given away before, and what of a new answer it would tell.
//!
//! Two answers about one log differ by few people where one is about a part of the other, or where little
//! happened between them. So a count that differs from an earlier one of the same consultations, or of a part
//! of them, by 1 to 7 is hidden; and where both answers cut one whole into parts, the numbers of both are
//! tied together in a table, in which what is hidden must stay as uncertain as in its own answer.

use std::collections::BTreeMap;

use event::Time;
use serde::{Deserialize, Serialize};

use super::draft::{Draft, Id};
use super::table::{Place, Table};
use super::{FEWEST, Policy, Told};

/// Which consultations a count is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// What is counted.
    pub count: String,
    /// The platform; none: all of them.
    pub platform: Option<String>,
    /// The levels that they have, by dimension; of a dimension that is not named any.
    pub levels: BTreeMap<String, String>,
}

/// A count that was given away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Of what.
    #[serde(flatten)]
    pub key: Key,
    /// What it was.
    pub exact: u64,
    /// How it was told.
    pub told: Told,
}

/// An answer that was given away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number, from 1.
    pub release: u64,
    /// What was asked: the form of the answer, which tells the question apart from others.
    pub reading: String,
    /// Under which policy.
    pub policy: Policy,
    /// In which version of it.
    pub version: u32,
    /// How many events of the log it rests on.
    pub position: u64,
    /// The end of the period that it is about.
    pub until: Time,
    /// Every count that a number of it rests on.
    pub facts: Vec<Fact>,
}

/// Everything that was given away of one log, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The releases.
    pub releases: Vec<Release>,
}

impl Key {
    /// Whether all that this counts is counted by the other, too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.count == other.count
            && (other.platform.is_none() || self.platform == other.platform)
            && other.levels.iter().all(|(dimension, level)| self.levels.get(dimension) == Some(level))
    }

    /// By what it is told apart: whether by platform, and by which dimensions.
    fn cut(&self) -> Cut<'_> {
        (&self.count, self.platform.is_some(), self.levels.keys().map(String::as_str).collect())
    }

    /// What it says of some of these.
    fn common(&self, by_platform: bool, dimensions: &[&str]) -> (Option<&str>, Vec<&str>) {
        let level = |dimension: &&str| self.levels.get(*dimension).map_or("", String::as_str);
        let platform = self.platform.as_deref().filter(|_| by_platform);
        (platform, dimensions.iter().map(level).collect())
    }
}

/// What is counted, whether by platform, and by which dimensions.
type Cut<'a> = (&'a str, bool, Vec<&'a str>);

/// Counts by the way in which they are cut.
type Cuts<'a> = BTreeMap<Cut<'a>, Vec<(&'a Key, Place)>>;

fn cuts<'a>(counts: impl Iterator<Item = (&'a Key, Place)>) -> Cuts<'a> {
    let mut cuts = Cuts::new();
    for (key, place) in counts {
        cuts.entry(key.cut()).or_default().push((key, place));
    }
    cuts
}

impl Earlier {
    /// A release under another policy: the exact numbers of one and the rounded ones of the other would tell more than
    /// either.
    #[must_use]
    pub fn of_other_policy(&self, policy: Policy) -> Option<&Release> {
        self.releases.iter().find(|release| release.policy != policy)
    }

    /// Hides of a draft what differs by few from what was given away, and ties the rest together with it.
    pub fn weave(&self, draft: &mut Draft, counts: &[(Key, Id)]) {
        for (key, id) in counts {
            let now = draft.exact(*id);
            let facts = self.releases.iter().flat_map(|release| &release.facts);
            let nested = facts.filter(|fact| fact.key.is_within(key) || key.is_within(&fact.key));
            let differs = |fact: &Fact| (1..FEWEST).contains(&now.abs_diff(fact.exact));
            if nested.into_iter().any(differs) {
                draft.hide(*id);
            }
        }
        for release in &self.releases {
            let before = release.facts.iter().map(|fact| {
                let id = draft.given(fact.exact, fact.told);
                (&fact.key, Place::told(id, fact.exact))
            });
            let before = cuts(before.collect::<Vec<_>>().into_iter());
            let now = cuts(counts.iter().map(|(key, id)| (key, Place::told(*id, draft.exact(*id)))));
            tie(draft, &before, &now);
        }
    }
}

/// Ties two sets of cuts together.
fn tie(draft: &mut Draft, before: &Cuts<'_>, now: &Cuts<'_>) {
    for ((count, by_platform, dimensions), old) in before {
        for ((_, also_by_platform, also), new) in now.iter().filter(|((other, ..), _)| other == count) {
            let by_platform = *by_platform && *also_by_platform;
            let common: Vec<&str> = dimensions.iter().filter(|one| also.contains(one)).copied().collect();
            for (key, columns) in groups(new, by_platform, &common) {
                let rows = old.iter().filter(|(old, _)| old.common(by_platform, &common) == key);
                let rows: Vec<Place> = rows.map(|(_, place)| *place).collect();
                if !rows.is_empty() {
                    draft.table(tied(rows, columns));
                }
            }
        }
    }
}

/// The counts that say the same of what is common, together.
fn groups<'a>(
    counts: &[(&'a Key, Place)],
    by_platform: bool,
    common: &[&str],
) -> BTreeMap<(Option<&'a str>, Vec<&'a str>), Vec<Place>> {
    let mut groups: BTreeMap<_, Vec<Place>> = BTreeMap::new();
    for (key, place) in counts {
        groups.entry(key.common(by_platform, common)).or_default().push(*place);
    }
    groups
}

/// One whole cut in two ways; by how much they differ, fewer may be told by nobody.
fn tied(mut rows: Vec<Place>, mut columns: Vec<Place>) -> Table {
    let sum = |places: &[Place]| places.iter().map(|place| place.exact).sum::<u64>();
    let (old, new) = (sum(&rows), sum(&columns));
    let rest = Place::implied(old.abs_diff(new));
    match old.cmp(&new) {
        std::cmp::Ordering::Less => rows.push(rest),
        std::cmp::Ordering::Greater => columns.push(rest),
        std::cmp::Ordering::Equal => {}
    }
    Table::two_cuts(rows, columns)
}
