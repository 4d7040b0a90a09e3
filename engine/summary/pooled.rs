//! Several rounded summaries as one: between which limits each share of all logs lies, whatever was rounded or hidden.
//!
//! Each log is read as its own comparison reads it. What no log told, or what logs counted by different parts, is said
//! to be so and never a number. There are no differences and no verdicts in it: they would rest on what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use projections::catalog;
use projections::compare::{Ask, ClusterChoice};
use projections::disclosure::{Clusters, Policy, PolicyNote, Told, pooled};
use projections::stats::Reason;
use serde::Serialize;

use super::apart::{Sharing, fits};
use super::error::SummaryError;
use super::rounded::{Arm, OpenedRounded, RoundedManifest, Share};

/// What must be known of every number.
const NOTES: [&str; 3] = [
    "the exact share of all logs, each read as its own comparison reads it, lies between lo and hi, whatever was \
     rounded or hidden",
    "chance_lo and chance_hi allow for chance besides, at both ends, with each log as one cluster unless --cluster none \
     was asked for; between the ends it is not looked",
    "differences and verdicts are not told, since they would rest on what is hidden; medians, sums, scores and durations \
     are not in rounded summaries",
];

/// Rounded summaries that were merged.
#[derive(Debug)]
pub struct MergedRounded {
    ask: Ask,
    parts: Vec<(PathBuf, RoundedManifest)>,
    shares: Vec<BTreeMap<Arm, Share>>,
    left_out: BTreeSet<&'static str>,
    /// By digest of its name: in which part a source first stood.
    sources: BTreeMap<String, usize>,
}

/// Shares over several logs, as far as rounded summaries tell them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooled {
    /// Name and version of this form.
    pub schema: &'static str,
    /// Under which policy the summaries were made.
    pub policy: PolicyNote,
    /// The end of the period that it is about.
    pub until: String,
    /// How many logs.
    pub logs: u64,
    /// By which dimensions, besides the platform.
    pub by: Vec<&'static str>,
    /// The coverage of the limits that allow for chance.
    pub level: f64,
    /// Share by share.
    pub rows: Vec<PooledRow>,
    /// Measures that were asked for and are no shares: nothing is told of them.
    pub left_out: Vec<&'static str>,
    /// What must be known.
    pub notes: Vec<&'static str>,
}

/// One share over several logs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PooledRow {
    /// The measure.
    pub measure: &'static str,
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// The platform.
    pub platform: String,
    /// Whose, of measures that are read by role.
    pub role: Option<&'static str>,
    /// Whether the consultations were seen from one side only.
    pub one_sided: bool,
    /// The parts of a composite that all logs counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
    /// `told` by all logs, `partly_told`, `not_told`, `no_observations`, `not_measured`, or `not_alike`.
    pub status: &'static str,
    /// How many logs have such consultations and can tell.
    pub logs: u64,
    /// How many of these hide it, or a part of it.
    pub hidden: u64,
    /// How many logs have such consultations and cannot tell; they are not in it.
    pub blind: u64,
    /// Of them, summed up over the logs that show both numbers, as they show it; null where none does.
    pub x: Option<u64>,
    /// All, likewise.
    pub n: Option<u64>,
    /// Their share, where no log hides any of it.
    pub value: Option<f64>,
    /// At least so large is the exact share; null where nothing is told of it.
    pub lo: Option<f64>,
    /// At most so large.
    pub hi: Option<f64>,
    /// At most this share of the consultations lies in logs that hide some of it.
    pub affected_at_most: Option<f64>,
    /// The lower limit that allows for chance.
    pub chance_lo: Option<f64>,
    /// The upper one.
    pub chance_hi: Option<f64>,
    /// How chance is allowed for.
    pub method: Option<&'static str>,
    /// What varies by chance: `log`, or `none` of consultations on their own.
    pub cluster: &'static str,
    /// Why there are no limits that allow for chance, or none at all.
    pub reason: Option<&'static str>,
}

impl MergedRounded {
    /// Begins with one summary.
    #[must_use]
    pub fn of(path: &Path, opened: OpenedRounded) -> Self {
        let OpenedRounded { manifest, ask, shares, left_out } = opened;
        Self {
            sources: manifest.sources.iter().map(|name| (name.clone(), 0)).collect(),
            ask,
            parts: vec![(path.to_owned(), manifest)],
            shares: vec![shares],
            left_out,
        }
    }

    /// Takes over another summary.
    ///
    /// # Errors
    /// When it was asked or read otherwise, or shares its log, or a source that it may not, with one before.
    pub fn add(&mut self, path: &Path, opened: OpenedRounded, sharing: Sharing) -> Result<(), SummaryError> {
        let OpenedRounded { manifest, shares, left_out, .. } = opened;
        fits(&self.parts, (&self.sources, |part| *part), (path, &manifest), sharing)?;
        for name in &manifest.sources {
            self.sources.entry(name.clone()).or_insert(self.parts.len());
        }
        self.parts.push((path.to_owned(), manifest));
        self.shares.push(shares);
        self.left_out.extend(left_out);
        Ok(())
    }

    /// What was merged, and where it is from.
    #[must_use]
    pub fn parts(&self) -> &[(PathBuf, RoundedManifest)] {
        &self.parts
    }

    /// Every share over all logs; limits that allow for chance cover so much.
    #[must_use]
    pub fn pooled(&self, level: f64) -> Pooled {
        let arms: BTreeSet<&Arm> = self.shares.iter().flat_map(BTreeMap::keys).collect();
        let rows = arms.into_iter().map(|arm| {
            let told: Vec<&Share> = self.shares.iter().filter_map(|shares| shares.get(arm)).collect();
            self.row(arm, &told, level)
        });
        Pooled {
            schema: "evenfield.pooled/1",
            policy: PolicyNote::of(Policy::Rounded),
            until: self.parts[0].1.parameters.until.to_string(),
            logs: self.parts.len() as u64,
            by: self.ask.by.iter().map(|dimension| dimension.name()).collect(),
            level,
            rows: rows.collect(),
            left_out: self.left_out.iter().copied().collect(),
            notes: NOTES.to_vec(),
        }
    }

    fn row(&self, arm: &Arm, told: &[&Share], level: f64) -> PooledRow {
        let measure = catalog::MEASURES[arm.measure];
        let can_tell: Vec<&Share> = told.iter().copied().filter(|share| share.told.is_some()).collect();
        let answers: Vec<[Told; 2]> = can_tell.iter().filter_map(|share| share.told).collect();
        let components = can_tell.first().and_then(|share| share.components.clone());
        let are_alike = can_tell.iter().all(|share| share.components == components);
        let by = self.ask.by.iter().map(|dimension| dimension.name()).zip(arm.by.iter().cloned());
        let (clusters, cluster) = match self.ask.cluster {
            ClusterChoice::None => (Clusters::None, "none"),
            ClusterChoice::Auto | ClusterChoice::By(_) => (Clusters::Answers, "log"),
        };
        let row = PooledRow {
            measure: measure.name,
            by: by.collect(),
            platform: arm.platform.clone(),
            role: arm.role.and_then(|role| measure.roles.get(role)).map(|role| role.name()),
            one_sided: arm.one_sided,
            components: components.filter(|_| are_alike),
            status: "told",
            logs: answers.len() as u64,
            hidden: 0,
            blind: (told.len() - answers.len()) as u64,
            x: None,
            n: None,
            value: None,
            lo: None,
            hi: None,
            affected_at_most: None,
            chance_lo: None,
            chance_hi: None,
            method: None,
            cluster,
            reason: None,
        };
        let without = |status, reason| PooledRow { status, reason: Some(reason), ..row.clone() };
        match (answers.is_empty(), are_alike) {
            (true, _) => without("not_measured", "no feed here can tell"),
            (false, false) => {
                without("not_alike", "logs counted different parts of it, as far as their feeds tell")
            }
            (false, true) => row.filled(&pooled(&answers, level, clusters)),
        }
    }
}

impl PooledRow {
    fn filled(self, found: &projections::disclosure::Pooled) -> Self {
        let status = match (found.limits, found.hidden) {
            (None, 0) => "no_observations",
            (None, _) => "not_told",
            (Some(_), 0) => "told",
            (Some(_), _) => "partly_told",
        };
        let [x, n] = found.shown;
        // Where what was shown is of nobody, and others are hidden, it is no zero.
        let is_shown = found.hidden == 0 || n > 0;
        let reason = match (status, &found.chance) {
            ("not_told", _) => Some("every log hides how many there are"),
            (_, Ok(_)) => None,
            (_, Err(Reason::OneCluster)) => Some("one log alone does not tell how logs vary"),
            (_, Err(why)) => Some(why.words()),
        };
        Self {
            status,
            hidden: found.hidden as u64,
            x: is_shown.then_some(x),
            n: is_shown.then_some(n),
            value: found.value,
            lo: found.limits.map(|[lo, _]| lo),
            hi: found.limits.map(|[_, hi]| hi),
            affected_at_most: (status != "no_observations").then_some(found.affected),
            chance_lo: found.chance.as_ref().ok().map(|chance| chance.lo),
            chance_hi: found.chance.as_ref().ok().map(|chance| chance.hi),
            method: found.chance.as_ref().ok().map(|chance| chance.method),
            reason,
            ..self
        }
    }
}
