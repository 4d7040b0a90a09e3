//! `evenfield compare`: platforms, measure by measure.

use std::path::PathBuf;

use event::Dimension;
use projections::catalog;
use projections::compare::{Adjustment, Ask, ClusterChoice, Comparison, Gated, Watching, gated};
use projections::disclosure::Policy;
use projections::filter::{Filter, FilterError};
use projections::measure::Measure;
use projections::period::Period;
use serde::{Deserialize, Serialize};

use super::asked::Question;
use super::choose::{choose, unknown};
use super::failure::Failure;
use super::gate::{self, gates};
use super::ground::Ground;
use super::known::{Known, WHERE};
use super::out::Out;
use super::store::SheetArgs;
use super::{Shared, progress, shown};
use crate::replay::{Sheet, compare, wanted};

/// Compare platforms, measure by measure, each with its counts and a cluster-corrected interval.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield compare\n  \
    evenfield compare zoom attend-anywhere --measure undisturbed\n  \
    evenfield compare --by service,network --where appointment=follow_up --json\n  \
    evenfield compare --adjust network --across organisation --over week\n  \
    evenfield compare --measure any_drop --times\n\n\
    Intervals take account of consultations that share an organisation or a clinician (--cluster).\n\
    Not measured is not zero: what a feed cannot see is said, and left out for all.")]
pub(super) struct Args {
    /// Platforms to compare; none: all of them
    #[arg(value_name = "PLATFORM")]
    platforms: Vec<String>,
    #[command(flatten)]
    ask: AskArgs,
    /// Thresholds that platforms must meet, in a TOML file; exit code 3 where one is not met
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    #[command(flatten)]
    reading: SheetArgs,
}

/// A comparison as it was asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The platforms that were named.
    pub(super) platforms: Vec<String>,
    /// What was asked of them.
    pub(super) ask: AskArgs,
    /// The grace that was asked for.
    pub(super) grace_ms: Option<i64>,
}

/// What is asked.
#[derive(Debug, clap::Args, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AskArgs {
    /// Only these measures, separated by commas; see `evenfield methods`
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    measure: Vec<String>,
    /// Apart by these dimensions, separated by commas
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
    /// What consultations share their luck by: auto, none or a dimension
    #[arg(long, value_name = "DIMENSION")]
    cluster: Option<String>,
    /// The platform differences are taken from [default: the one with most consultations]
    #[arg(long, value_name = "PLATFORM")]
    reference: Option<String>,
    /// The coverage of intervals
    #[arg(long, value_name = "SHARE", value_parser = level)]
    level: Option<f64>,
    /// Adjust differences for these dimensions: like is compared with like
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',', help_heading = "A closer look")]
    adjust: Vec<String>,
    /// How to adjust: mantel_haenszel, standardised or logistic [default: mantel_haenszel]
    #[arg(long, value_name = "NAME", requires = "adjust", help_heading = "A closer look")]
    method: Option<String>,
    /// Show the gaps between groups of people, such as deprivation_quintile,device
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',', help_heading = "A closer look")]
    gaps: Vec<String>,
    /// Show how much organisations, or other units, differ on one platform
    #[arg(long, value_name = "DIMENSION", help_heading = "A closer look")]
    across: Option<String>,
    /// Show the course over time, with what stands out: day, week or month
    #[arg(long, value_name = "PERIOD", help_heading = "A closer look")]
    over: Option<String>,
    /// Show whether it gets better with practice: by the clinician's nth consultation
    #[arg(long, help_heading = "A closer look")]
    learning: bool,
    /// Show what changed where units, such as organisation, moved from the reference to another platform
    #[arg(long, value_name = "DIMENSION", help_heading = "A closer look")]
    switch: Option<String>,
    /// Show limits that hold at every look, tests corrected for their number, and what is still needed
    #[arg(long, help_heading = "A closer look")]
    watch: bool,
    /// With --watch: consultations at which the limits for every look are narrowest [default: 5000]
    #[arg(long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(2..=1_000_000_000), help_heading = "A closer look")]
    planned: Option<u64>,
    /// With --watch: the smallest difference of shares that would matter [default: 0.02]
    #[arg(long, value_name = "SHARE", requires = "watch", value_parser = margin, help_heading = "A closer look")]
    margin: Option<f64>,
    /// Show how soon calls drop, what of a slot of half an hour that takes, and how soon people are back
    #[arg(long, help_heading = "A closer look")]
    times: bool,
}

/// The coverage of limits, as people write it.
pub(super) fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if (0.5..1.0).contains(&level) => Ok(level),
        _ => Err("write a share from 0.5 to less than 1, such as 0.95".to_owned()),
    }
}

pub(super) fn margin(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(margin) if (0.001..=0.5).contains(&margin) => Ok(margin),
        _ => Err("write a share from 0.001 to 0.5, such as 0.02 for 2 points".to_owned()),
    }
}

fn dimension(name: &str) -> Result<Dimension, Failure> {
    choose("dimension", name, Dimension::from_name(name), Dimension::ALL.map(Dimension::name))
}

/// The measures of these names, each once.
pub(super) fn measures(names: &[String]) -> Result<Vec<&'static Measure>, Failure> {
    let all = catalog::MEASURES.map(|measure| measure.name);
    let measures: Result<Vec<_>, _> =
        names.iter().map(|name| choose("measure", name, catalog::measure(name), all)).collect();
    Ok(once(measures?, |a, b| a.name == b.name))
}

/// The dimensions of these names, each once.
pub(super) fn dimensions(names: &[String]) -> Result<Vec<Dimension>, Failure> {
    let dimensions: Result<Vec<_>, _> = names.iter().map(|name| dimension(name)).collect();
    Ok(once(dimensions?, |a, b| a == b))
}

/// How rows share their luck.
pub(super) fn cluster(name: Option<&str>) -> Result<ClusterChoice, Failure> {
    Ok(match name {
        None | Some("auto") => ClusterChoice::Auto,
        Some("none") => ClusterChoice::None,
        Some(name) => ClusterChoice::By(dimension(name)?),
    })
}

/// The filter of these texts.
pub(super) fn filter(texts: &[String]) -> Result<Filter, Failure> {
    let mut filter = Filter::default();
    for text in texts {
        filter.add(text).map_err(|error| match &error {
            FilterError::NoDimension(name) => {
                Failure::Usage(unknown("dimension", name, Dimension::ALL.map(Dimension::name)))
            }
            _ => Failure::Usage(error.to_string()),
        })?;
    }
    Ok(filter)
}

/// The same list with each thing once, where it first stands.
fn once<T>(list: Vec<T>, same: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(list.len());
    for one in list {
        if !kept.iter().any(|known| same(known, &one)) {
            kept.push(one);
        }
    }
    kept
}

impl AskArgs {
    /// The request, with every name checked before anything is replayed.
    pub(super) fn ask(&self, platforms: &[String]) -> Result<Ask, Failure> {
        let measures = measures(&self.measure)?;
        let mut filter = filter(&self.filter)?;
        let filtered = filter.iter().any(|(dimension, _)| dimension == Dimension::Platform);
        if filtered && !platforms.is_empty() {
            return Err(Failure::Usage(
                "name platforms either as arguments or by --where platform=, not both".into(),
            ));
        }
        // The reference is compared with, so it belongs to the question.
        let wanted: Vec<String> = match &self.reference {
            Some(reference) if !platforms.is_empty() => {
                platforms.iter().chain([reference]).cloned().collect()
            }
            _ => platforms.to_vec(),
        };
        filter.platforms(&wanted);
        let by = dimensions(&self.by)?;
        let cluster = cluster(self.cluster.as_deref())?;
        let ask = Ask {
            measures,
            by,
            filter,
            cluster,
            reference: self.reference.clone(),
            level: self.level.unwrap_or(0.95),
            ..self.closer_look()?
        };
        sensible(&ask)?;
        Ok(ask)
    }

    /// What is asked beside the comparison itself.
    fn closer_look(&self) -> Result<Ask, Failure> {
        let period =
            |name: &String| choose("period", name, Period::from_name(name), Period::ALL.map(Period::name));
        let method = |name: &String| {
            choose("method", name, Adjustment::from_name(name), Adjustment::ALL.map(Adjustment::name))
        };
        Ok(Ask {
            adjust: dimensions(&self.adjust)?,
            adjustment: self.method.as_ref().map(method).transpose()?.unwrap_or_default(),
            gaps: dimensions(&self.gaps)?,
            across: self.across.as_deref().map(dimension).transpose()?,
            over: self.over.as_ref().map(period).transpose()?,
            learning: self.learning,
            switch: self.switch.as_deref().map(dimension).transpose()?,
            watch: self.watch.then(|| self.watching()),
            times: self.times,
            ..Ask::default()
        })
    }
}

impl AskArgs {
    /// What would have to be asked for this request; the platforms are in the filter.
    pub(super) fn of(ask: &Ask) -> Self {
        let names = |dimensions: &[Dimension]| dimensions.iter().map(|one| one.name().to_owned()).collect();
        let filter = ask.filter.iter().map(|(dimension, levels)| {
            let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
            format!("{dimension}={}", levels.join(","))
        });
        Self {
            measure: ask.measures.iter().map(|measure| measure.name.to_owned()).collect(),
            by: names(&ask.by),
            filter: filter.collect(),
            cluster: match ask.cluster {
                ClusterChoice::Auto => None,
                ClusterChoice::None => Some("none".to_owned()),
                ClusterChoice::By(dimension) => Some(dimension.name().to_owned()),
            },
            reference: ask.reference.clone(),
            level: Some(ask.level),
            adjust: names(&ask.adjust),
            method: (!ask.adjust.is_empty()).then(|| ask.adjustment.name().to_owned()),
            gaps: names(&ask.gaps),
            across: ask.across.map(|dimension| dimension.name().to_owned()),
            over: ask.over.map(|period| period.name().to_owned()),
            learning: ask.learning,
            switch: ask.switch.map(|dimension| dimension.name().to_owned()),
            watch: ask.watch.is_some(),
            planned: ask.watch.as_ref().map(|watch| watch.planned),
            margin: ask.watch.as_ref().map(|watch| watch.margin),
            times: ask.times,
        }
    }

    fn watching(&self) -> Watching {
        let usual = Watching::default();
        Watching {
            planned: self.planned.unwrap_or(usual.planned),
            margin: self.margin.unwrap_or(usual.margin),
        }
    }
}

/// Refuses dimensions that cannot be used as they are asked to be.
pub(super) fn sensible(ask: &Ask) -> Result<(), Failure> {
    let further = ask.adjust.iter().chain(&ask.gaps).chain(&ask.across).chain(&ask.switch).copied();
    let clustered = match ask.cluster {
        ClusterChoice::By(dimension) => Some(dimension),
        ClusterChoice::Auto | ClusterChoice::None => None,
    };
    if ask.by.iter().copied().chain(clustered).chain(further.clone()).any(|one| one == Dimension::Platform) {
        let why = "platforms are what is compared: they can neither group, cluster nor adjust";
        return Err(Failure::Usage(why.to_owned()));
    }
    match further.clone().find(|dimension| ask.by.contains(dimension)) {
        None => Ok(()),
        Some(dimension) => Err(Failure::Usage(format!(
            "{dimension} is in --by already, so that within each part nothing of it is left to look at"
        ))),
    }
}

impl Asked {
    /// The comparison that a request makes.
    pub(super) fn of(ask: &Ask, grace_ms: Option<i64>) -> Self {
        Self { platforms: Vec::new(), ask: AskArgs::of(ask), grace_ms }
    }
}

impl Args {
    fn question(&self) -> Question {
        let Self { platforms, ask, reading, .. } = self;
        Question::Compare(Asked {
            platforms: platforms.clone(),
            ask: ask.clone(),
            grace_ms: reading.grace_ms(),
        })
    }
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (comparison, _ground) = args.answer(shared)?;
    let met = met(&comparison.gates);
    shown::show(comparison, shared, out)?;
    met
}

impl Args {
    /// The comparison, and what it rests on: a store stays open until the answer is written.
    pub(super) fn answer(&self, shared: &Shared) -> Result<(Comparison, Ground), Failure> {
        let ask = self.ask.ask(&self.platforms)?;
        let gates = self.gate.as_deref().map(gates).transpose()?.unwrap_or_default();
        if !gates.is_empty() && shared.policy != Policy::Internal {
            let policy = shared.policy.name();
            return Err(Failure::Usage(format!(
                "gates are judged on exact numbers, which the policy {policy} does not show; ask --policy internal"
            )));
        }
        let ground = Ground::of(shared)?;
        let sheet = ground.sheet(shared, &self.reading, &wanted(&ask))?;
        known_platforms(&sheet, &self.platforms, self.ask.reference.as_deref())?;
        sheet.note_unknown_levels(&ask.filter, shared);
        recorded(&sheet, &ask)?;
        if let Some(path) = &self.gate {
            gate::held_against(&gates, path, &sheet, &ask.by)?;
        }
        let mut comparison =
            progress::reasoning(shared, "comparing", || compare(&sheet, &ask, shared.threads()))??;
        comparison.gates = gated(&gates, &comparison);
        ground.keep(self.question(), &comparison.claims, shared);
        Ok((comparison, ground))
    }
}

/// Fails where a gate is not met.
pub(super) fn met(gates: &[Gated]) -> Result<(), Failure> {
    let failed = gates.iter().filter(|gated| !gated.passes).count();
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Gate(format!("{failed} of {} gates are not met", gates.len()))),
    }
}

/// Refuses to cluster by, adjust for or look at what nobody recorded.
pub(super) fn recorded(known: &impl Known, ask: &Ask) -> Result<(), Failure> {
    // Of nothing it is said that there is nothing, whatever was asked.
    if known.levels(Dimension::Platform).is_empty() {
        return Ok(());
    }
    let cluster = match ask.cluster {
        ClusterChoice::By(dimension) => Some((dimension, "cluster by")),
        ClusterChoice::Auto | ClusterChoice::None => None,
    };
    let further = |dimensions: &[Dimension], use_: &'static str| -> Vec<(Dimension, &'static str)> {
        dimensions.iter().map(|dimension| (*dimension, use_)).collect()
    };
    let mut used = further(&ask.adjust, "adjust for");
    used.extend(further(&ask.gaps, "find gaps in"));
    used.extend(ask.across.map(|dimension| (dimension, "look across")));
    used.extend(ask.switch.map(|dimension| (dimension, "find moves of")));
    used.extend(ask.learning.then_some((Dimension::Clinician, "follow with practice")));
    used.extend(cluster);
    let unknown = used.into_iter().find(|(dimension, _)| !known.is_recorded(*dimension));
    match unknown {
        None => Ok(()),
        Some((dimension, use_)) => {
            Err(Failure::Usage(format!("nobody recorded {dimension} here: there is nothing to {use_}")))
        }
    }
}

/// Refuses a platform of which there are no consultations, with the nearest name.
pub(super) fn known_platforms(
    sheet: &Sheet,
    named: &[String],
    reference: Option<&str>,
) -> Result<(), Failure> {
    let known = sheet.platforms();
    if known.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for name in named.iter().map(String::as_str).chain(reference) {
        choose("platform", name, known.binary_search(&name).ok(), &known)?;
    }
    Ok(())
}
