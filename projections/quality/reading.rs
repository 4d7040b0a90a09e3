//! What the counts say, in shares, part by part.

use std::collections::BTreeMap;

use event::{Dimension, Kind, KindSet};
use serde::Serialize;

use super::{Anomaly, Count, Counted, Quality, notes};
use crate::outcome::InProgress;
use crate::parameters::Parameters;
use crate::projection::State;
use crate::survey::{Stratum, Tally};

/// How complete the evidence is, platform by platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the rows were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// The dimensions asked for.
    pub by: Vec<&'static str>,
    /// Sources of the log that never declared what they can see, whatever the filter.
    pub undeclared_sources: Vec<String>,
    /// By platform, each as a whole before its parts.
    pub rows: Vec<Row>,
    /// What to do about what lacks most, in words.
    pub notes: Vec<String>,
}

/// What is known of one platform, or of a part of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The platform.
    pub platform: String,
    /// By dimension its level; null of the platform as a whole.
    #[serde(flatten)]
    pub by: BTreeMap<&'static str, Option<String>>,
    /// Consultations that are over.
    pub consultations: u64,
    /// Consultations that are not, and counted nowhere else.
    pub in_progress: u64,
    /// Consultations by phone or in person, which are counted only when modality is asked for.
    pub other_modalities: u64,
    /// Those of which nothing tells how they ended.
    pub end_not_seen: Share,
    /// Those that are seen from one side only.
    pub one_sided: Share,
    /// Those with a source that never declared what it can see.
    pub undeclared: Share,
    /// Those in which events contradict each other, or are odd.
    pub contradictory: Share,
    /// By kind of contradiction.
    pub anomalies: BTreeMap<&'static str, Anomaly>,
    /// Of every dimension but the platform how many lack it.
    pub not_recorded: Vec<Unrecorded>,
    /// Of every kind of event how many would show it.
    pub kinds: Vec<KindSeen>,
}

/// So many of the consultations that are over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub n: u64,
    /// Of all, from 0 to 1; none where there are none.
    pub share: Option<f64>,
}

impl Share {
    pub(super) fn of(n: u64, all: u64) -> Self {
        Self { n, share: (all > 0).then(|| n as f64 / all as f64) }
    }

    /// The share, 0 where there are no consultations.
    pub(super) fn get(self) -> f64 {
        self.share.unwrap_or(0.0)
    }
}

/// Of how many consultations a dimension is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Unrecorded {
    /// The dimension.
    pub dimension: &'static str,
    /// Those without a level.
    #[serde(flatten)]
    pub lacking: Share,
}

/// Of how many consultations the sources would show a kind of event. The four add up to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KindSeen {
    /// The kind.
    pub kind: &'static str,
    /// A source observes it.
    pub observed: u64,
    /// Sources only infer it from other things.
    pub inferred: u64,
    /// Every source has declared, and none can tell it.
    pub cannot_tell: u64,
    /// Nobody knows: a source never declared what it can see, and never sent it.
    pub undeclared: u64,
}

impl KindSeen {
    /// Whether at least half of the consultations would show it, as comparisons ask for.
    pub(super) fn is_seen(&self) -> bool {
        let seen = self.observed + self.inferred;
        seen > 0 && seen >= self.cannot_tell + self.undeclared
    }
}

/// Reads what was counted; `open` are the consultations in progress.
///
/// Position and undeclared sources are for the caller to fill in, who knows the log.
#[must_use]
pub fn read<'a>(
    asked: &Quality<'_>,
    counted: &Counted,
    open: impl IntoIterator<Item = &'a InProgress>,
    parameters: &Parameters,
) -> Evidence {
    let open = asked.in_progress(open);
    let mut platforms: Vec<&String> = counted.keys().chain(open.keys()).collect();
    platforms.sort_unstable();
    platforms.dedup();
    let mut rows = Vec::new();
    let (no_strata, none_open) = (BTreeMap::new(), BTreeMap::new());
    for platform in platforms {
        let strata = counted.get(platform).unwrap_or(&no_strata);
        let open = open.get(platform).unwrap_or(&none_open);
        rows.extend(rows_of(asked, platform, strata, open));
    }
    let notes = notes::notes(&rows);
    Evidence {
        schema: "evenfield.quality/1",
        position: 0,
        parameters: *parameters,
        filter: asked.filter.iter().map(|(dimension, levels)| (dimension.name(), levels.to_vec())).collect(),
        by: asked.by.iter().map(|dimension| dimension.name()).collect(),
        undeclared_sources: Vec::new(),
        rows,
        notes,
    }
}

/// The row of a platform as a whole, and those of its parts.
fn rows_of(
    asked: &Quality<'_>,
    platform: &str,
    strata: &BTreeMap<Stratum, Count>,
    open: &BTreeMap<Stratum, Tally>,
) -> Vec<Row> {
    let (mut whole, mut whole_open) = (Count::default(), Tally::default());
    strata.values().for_each(|count| whole.absorb(count));
    open.values().for_each(|tally| whole_open.absorb(tally));
    let mut rows = vec![row(asked, platform, None, &whole, whole_open)];
    if !asked.by.is_empty() {
        let mut levels: Vec<&Stratum> = strata.keys().chain(open.keys()).collect();
        levels.sort_unstable();
        levels.dedup();
        rows.extend(levels.into_iter().map(|stratum| {
            let count = strata.get(stratum).cloned().unwrap_or_default();
            let open = open.get(stratum).copied().unwrap_or_default();
            row(asked, platform, Some(stratum), &count, open)
        }));
    }
    rows
}

fn row(
    asked: &Quality<'_>,
    platform: &str,
    stratum: Option<&Stratum>,
    count: &Count,
    Tally(in_progress): Tally,
) -> Row {
    let names = asked.by.iter().map(|dimension| dimension.name()).enumerate();
    let level = |place: usize| stratum.and_then(|Stratum(levels)| levels.get(place).cloned());
    let all = count.consultations;
    let share = |n| Share::of(n, all);
    Row {
        platform: platform.to_owned(),
        by: names.map(|(place, name)| (name, level(place))).collect(),
        consultations: all,
        in_progress,
        other_modalities: count.other_modalities,
        end_not_seen: share(count.end_not_seen),
        one_sided: share(count.one_sided),
        undeclared: share(count.undeclared),
        contradictory: share(count.contradictory),
        anomalies: count.anomalies.clone(),
        not_recorded: (0..)
            .zip(Dimension::ALL)
            .filter(|(_, dimension)| *dimension != Dimension::Platform)
            .map(|(place, dimension)| Unrecorded {
                dimension: dimension.name(),
                lacking: share(number(&count.not_recorded, place)),
            })
            .collect(),
        kinds: kinds(count),
    }
}

/// Every kind that a consultation can have.
fn kinds(count: &Count) -> Vec<KindSeen> {
    let kinds = KindSet::EVERY.without(KindSet::of(&[Kind::RecordingDeclared, Kind::Unknown]));
    let seen = |kind: Kind| {
        let [observed, inferred, cannot_tell] =
            [&count.observed, &count.inferred, &count.untold].map(|map| number(map, kind as u8));
        let undeclared = count.consultations - observed - inferred - cannot_tell;
        KindSeen { kind: kind.name(), observed, inferred, cannot_tell, undeclared }
    };
    kinds.iter().map(seen).collect()
}

fn number(map: &BTreeMap<u8, Tally>, key: u8) -> u64 {
    map.get(&key).map_or(0, |tally| tally.0)
}
