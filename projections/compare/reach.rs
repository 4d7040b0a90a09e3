//! Whom video reaches: consultations of each group held against the people of a reference population.
//!
//! For each platform and for all together: the share of consultations that a group has, the same over its
//! share of people (*representation*: 1 where a group has as many consultations as people, below 1 where it
//! is left out), and consultations per 1,000 people; all of it again of completed consultations, so that
//! reach is not counted where a call only failed. Limits of shares take account of organisations; those of
//! rates take consultations as independent, since people are not told apart by organisation. The people of
//! the population are taken as counted, without error. Over deprivation quintiles the slope index of
//! inequality is that of the rate per 1,000.
//!
//! A count of consultations is not one of people: who comes three times counts three times.
//!
//! Sources: Garwood 1936 for rates; Rao & Scott 1992 for shares; Pamuk 1985 and Mackenbach & Kunst 1997 for
//! the slope and the relative index.

use std::collections::{BTreeMap, BTreeSet};

use event::{Dimension, NOT_RECORDED, Shape};
use serde::Serialize;

use super::figure::Figure;
use crate::filter::Filter;
use crate::parameters::Parameters;
use crate::projection::State;
use crate::reach::{ByOrganisation, Population, Reached, Steps};
use crate::stats::cluster::{self, PLANNING_ICC, Tally};
use crate::stats::inequality::{self, Quantile};
use crate::stats::{Estimate, Reason, Status, proportion, rate};

/// Rates are of so many people.
const PER: f64 = 1_000.0;

/// What every reader must know.
const CAUTIONS: [&str; 2] = [
    "a count of consultations is not a count of people: who comes three times counts three times",
    "the people of the file are not told apart by need: a group with more consultations may be ill more often",
];

/// Whom video reaches, group by group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
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
    /// Consultations by phone or in person, which are counted only when modality is asked for.
    pub other_modalities: u64,
    /// The nominal coverage of limits.
    pub level: f64,
    /// By what shares are clustered: organisation where every platform has two or more, else none.
    pub cluster: &'static str,
    /// By dimension, all platforms together before each.
    pub parts: Vec<Part>,
    /// What must be known before the numbers are read.
    pub cautions: [&'static str; 2],
}

/// The groups of one dimension on one platform, or on all together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// By what people are told apart.
    pub dimension: &'static str,
    /// The platform; none: all together.
    pub platform: Option<String>,
    /// People of all groups.
    pub people: u64,
    /// Consultations that are over.
    pub consultations: u64,
    /// Those whose group is one of the population's: shares are of these.
    pub counted: u64,
    /// Those of which no level was told.
    pub not_recorded: u64,
    /// Those of a level that the population lacks, by level.
    pub not_in_population: BTreeMap<String, u64>,
    /// Group by group, in order of their names.
    pub groups: Vec<Group>,
    /// From the most to the least deprived, where groups are quintiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slopes: Option<Slopes>,
}

/// One group of people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The level.
    pub group: String,
    /// How many people there are of it.
    pub people: u64,
    /// Of all people of the dimension, from 0 to 1.
    pub people_share: f64,
    /// Their consultations, attempted or not.
    pub consultations: Use,
    /// Attempted ones.
    pub attempted: u64,
    /// Attempted ones of which no source can tell whether they were completed, or that are seen from one side
    /// only; they are in no further step.
    pub not_measured: u64,
    /// Of the measured ones those that connected.
    pub connected: u64,
    /// Of the measured ones those completed on video.
    pub completed: Use,
    /// Completed ones of the measured ones.
    pub completion: Figure,
}

/// What a group has of something, against its people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Use {
    /// How many.
    pub n: u64,
    /// Of all that groups of the population have, from 0 to 1.
    pub share: Figure,
    /// That share over the share of people.
    pub representation: Figure,
    /// Per 1,000 people.
    pub per_1000: Figure,
}

/// How use changes from the most to the least deprived, per 1,000 people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slopes {
    /// Of consultations.
    pub consultations: Indices,
    /// Of completed ones.
    pub completed: Indices,
}

/// Both indices of one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Indices {
    /// The least less the most deprived end, per 1,000 people.
    pub slope_index: Figure,
    /// The least over the most deprived end.
    pub relative_index: Figure,
}

/// Holds what was counted against a population.
///
/// Position and consultations in progress are for the caller to fill in, who knows the log.
#[must_use]
pub fn reach(
    population: &Population,
    filter: &Filter,
    reached: &Reached,
    level: f64,
    parameters: &Parameters,
) -> Reading {
    let clustered = is_clustered(reached);
    let asked = |dimension| Asked { population, dimension, clustered, level };
    let mut whole = crate::reach::Platform::default();
    reached.values().for_each(|platform| whole.absorb(platform));
    let arms = std::iter::once((None, &whole))
        .chain(reached.iter().map(|(name, platform)| (Some(name.clone()), platform)));
    let arms: Vec<_> = arms.collect();
    let parts = population.dimensions().flat_map(|dimension| {
        let levels =
            move |arm: &crate::reach::Platform| arm.groups.get(dimension.name()).cloned().unwrap_or_default();
        let part =
            move |(name, arm): &(Option<String>, &_)| asked(dimension).part(name.clone(), &levels(arm));
        arms.iter().map(part).collect::<Vec<Part>>()
    });
    Reading {
        schema: "evenfield.reach/1",
        position: 0,
        parameters: *parameters,
        filter: filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
        in_progress: 0,
        other_modalities: whole.other_modalities,
        level,
        cluster: if clustered { Dimension::Organisation.name() } else { "none" },
        parts: parts.collect(),
        cautions: CAUTIONS,
    }
}

/// Whether every platform has two organisations or more; stray rows without a platform decide nothing.
fn is_clustered(reached: &Reached) -> bool {
    let named = || reached.iter().filter(|(name, _)| *name != NOT_RECORDED).map(|(_, platform)| platform);
    let counted = || named().filter(|platform| !platform.groups.is_empty());
    let organisations = |platform: &crate::reach::Platform| {
        let names = platform.groups.values().flat_map(BTreeMap::values).flat_map(BTreeMap::keys);
        names.filter(|name| *name != NOT_RECORDED).collect::<BTreeSet<_>>().len()
    };
    counted().next().is_some() && counted().all(|platform| organisations(platform) >= 2)
}

/// What is asked of one dimension.
#[derive(Clone, Copy)]
struct Asked<'a> {
    population: &'a Population,
    dimension: Dimension,
    clustered: bool,
    level: f64,
}

/// By level, then by organisation.
type Levels = BTreeMap<String, ByOrganisation>;

/// One of the counts of [`Steps`].
type Count = fn(&Steps) -> u64;

impl Asked<'_> {
    fn part(self, platform: Option<String>, levels: &Levels) -> Part {
        let Self { population, dimension, .. } = self;
        let known: BTreeMap<&str, u64> = population.groups(dimension).collect();
        let consultations = |organisations: &ByOrganisation| sum(organisations).consultations;
        let strange =
            levels.iter().filter(|(name, _)| *name != NOT_RECORDED && !known.contains_key(name.as_str()));
        let in_population: Levels = levels
            .iter()
            .filter(|(name, _)| known.contains_key(name.as_str()))
            .map(|(name, organisations)| (name.clone(), organisations.clone()))
            .collect();
        let groups = Blind::to_groups(levels);
        let blind = [groups, groups.to_endings(levels)];
        let groups: Vec<Group> =
            known.iter().map(|(name, people)| self.group((name, *people), &in_population, blind)).collect();
        let slopes = (dimension.shape() == Shape::Quintile).then(|| Slopes {
            consultations: self.indices(&groups, |group| &group.consultations),
            completed: self.indices(&groups, |group| &group.completed),
        });
        Part {
            dimension: dimension.name(),
            platform,
            people: population.people(dimension),
            consultations: levels.values().map(consultations).sum(),
            counted: in_population.values().map(consultations).sum(),
            not_recorded: levels.get(NOT_RECORDED).map_or(0, consultations),
            not_in_population: strange.map(|(name, of)| (name.clone(), consultations(of))).collect(),
            groups,
            slopes,
        }
    }

    fn group(self, (name, people): (&str, u64), levels: &Levels, blind: [Blind; 2]) -> Group {
        let people_share = people as f64 / self.population.people(self.dimension) as f64;
        let own = levels.get(name).map(sum).unwrap_or_default();
        let usage = |count: Count, blind: Blind| {
            let share = blind.or(|| self.share(name, levels, count));
            let per_1000 = || rate::garwood(count(&own), people as f64 / PER, self.level).into();
            Use {
                n: count(&own),
                representation: scaled(&share, 1.0 / people_share),
                share,
                per_1000: blind.or(per_1000),
            }
        };
        let completion = || {
            let tally = |steps: &Steps| Tally { n: steps.told, x: steps.completed };
            self.proportion(levels.get(name).into_iter().flatten().map(|(_, steps)| tally(steps)).collect())
        };
        Group {
            group: name.to_owned(),
            people,
            people_share,
            consultations: usage(|steps| steps.consultations, blind[0]),
            attempted: own.attempted,
            not_measured: own.attempted - own.told,
            connected: own.connected,
            completed: usage(|steps| steps.completed, blind[1]),
            completion: blind[1].or(completion),
        }
    }

    /// The share that one group has of all that groups of the population have.
    fn share(self, name: &str, levels: &Levels, count: Count) -> Figure {
        let mut clusters: BTreeMap<&str, Tally> = BTreeMap::new();
        for (level, organisations) in levels {
            for (organisation, steps) in organisations {
                let tally = clusters.entry(organisation).or_default();
                tally.n += count(steps);
                tally.x += if level == name { count(steps) } else { 0 };
            }
        }
        self.proportion(clusters.into_values().collect())
    }

    fn proportion(self, clusters: Vec<Tally>) -> Figure {
        let sum = |of: fn(&Tally) -> u64| clusters.iter().map(of).sum::<u64>();
        let estimate = if self.clustered {
            cluster::proportion(&clusters, PLANNING_ICC, self.level)
        } else {
            proportion::wilson(sum(|tally| tally.x) as f64, sum(|tally| tally.n) as f64, self.level)
        };
        estimate.into()
    }

    fn indices(self, groups: &[Group], of: fn(&Group) -> &Use) -> Indices {
        // Levels are one digit each, so that their order is that of the quintiles, most deprived first.
        let quantile = |group: &Group| {
            let (n, per) = (of(group).n as f64, PER / group.people as f64);
            // Of a quintile without any the error is that of one half, or the line would be sure of it.
            let error = if n > 0.0 { n } else { 0.5 };
            Quantile { n: group.people, value: n * per, se: error.sqrt() * per }
        };
        let quantiles: Vec<Quantile> = groups.iter().map(quantile).collect();
        let untold =
            groups.iter().map(of).find(|used| matches!(used.per_1000.status, Status::NotMeasured(_)));
        let counted: u64 = groups.iter().map(|group| of(group).n).sum();
        let edge = groups.iter().any(|group| of(group).n == 0);
        let figure = |estimate: Estimate| match untold {
            Some(used) => used.per_1000.clone(),
            None if counted == 0 && estimate.value.is_some() => Figure::none(Reason::NoEvents),
            None if edge => estimate.with_status(Status::Boundary(Reason::EdgeQuantile)).into(),
            None => estimate.into(),
        };
        let indices = inequality::of_values(&quantiles, self.level);
        Indices { slope_index: figure(indices.slope), relative_index: figure(indices.relative) }
    }
}

/// Why something is not measured, if it is not.
#[derive(Clone, Copy)]
struct Blind(Option<&'static str>);

impl Blind {
    /// Whether groups are known: of fewer than half of the consultations is too few to tell who comes.
    fn to_groups(levels: &Levels) -> Self {
        let consultations = |organisations: &ByOrganisation| sum(organisations).consultations;
        let lost = levels.get(NOT_RECORDED).map_or(0, consultations);
        let all: u64 = levels.values().map(consultations).sum();
        Self((lost * 2 > all).then_some("the group is recorded for fewer than half of the consultations"))
    }

    /// Whether it is known, too, how consultations ended.
    fn to_endings(self, levels: &Levels) -> Self {
        let mut whole = Steps::default();
        levels.values().for_each(|organisations| whole.absorb(&sum(organisations)));
        let blind = whole.told * 2 < whole.attempted;
        let why =
            "sources can tell of fewer than half of the attempted consultations whether they were completed";
        Self(self.0.or(blind.then_some(why)))
    }

    /// The figure, or why there is none.
    fn or(self, figure: impl FnOnce() -> Figure) -> Figure {
        match self.0 {
            None => figure(),
            Some(why) => Figure::under(Status::NotMeasured(Reason::Stated(why)), "none"),
        }
    }
}

fn sum(organisations: &ByOrganisation) -> Steps {
    let mut whole = Steps::default();
    organisations.values().for_each(|steps| whole.absorb(steps));
    whole
}

/// The same figure in another unit.
fn scaled(figure: &Figure, by: f64) -> Figure {
    let scale = |number: Option<f64>| number.map(|number| number * by);
    let (value, lo, hi) = (scale(figure.value), scale(figure.lo), scale(figure.hi));
    Figure { value, lo, hi, ..figure.clone() }
}
