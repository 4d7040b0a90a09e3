//! Several summaries as one: what a comparison of all of them rests on.
//!
//! They merge only where they were asked alike, read alike, and share neither a log nor a source: then they are to the
//! byte what one log of everything would give. Where a source or a place lies in several logs and they see different
//! things there, one log would let every row see all of it; what is merged is read as each log reads it, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use event::NOT_RECORDED;
use projections::calendar::Used;
use projections::cells::{Arm, Cell};
use projections::compare::{Ask, ClusterChoice, Comparison, Design, NotComparable, Summary};
use projections::parameters::Parameters;
use projections::projection::State;
use projections::survey::Surveyeds;

use super::apart::{Sharing, difference, fits};
use super::asked::{Asked, For};
use super::decided::Deciding;
use super::error::SummaryError;
use super::manifest::{Manifest, OfLog, Seen};
use super::sealed::Opened;
use crate::log::Position;
use crate::replay::{About, Basis, compare_counted};

/// Summaries that were merged.
#[derive(Debug)]
pub struct Merged {
    ask: Ask,
    purpose: For,
    whole: Summary,
    parts: Vec<(PathBuf, Manifest)>,
    /// By digest of its name: in which part a source or place first stood, and how it sees there.
    sources: BTreeMap<String, (usize, String)>,
    places: BTreeMap<String, (usize, String)>,
    notes: Vec<String>,
}

impl Merged {
    /// Begins with one summary.
    #[must_use]
    pub fn of(path: &Path, opened: Opened) -> Self {
        let mut merged = Self {
            ask: opened.ask,
            purpose: opened.purpose,
            whole: opened.summary,
            parts: vec![(path.to_owned(), opened.manifest)],
            sources: BTreeMap::new(),
            places: BTreeMap::new(),
            notes: Vec::new(),
        };
        merged.see();
        merged
    }

    /// Takes over another summary.
    ///
    /// # Errors
    /// When it was asked or read otherwise, or shares its log, or a source that it may not, with one before.
    pub fn add(&mut self, path: &Path, opened: Opened, sharing: Sharing) -> Result<(), SummaryError> {
        let Opened { manifest, summary, .. } = opened;
        fits(&self.parts, (&self.sources, |(part, _)| *part), (path, &manifest), sharing)?;
        self.whole.absorb(&summary);
        self.parts.push((path.to_owned(), manifest));
        self.see();
        Ok(())
    }

    /// Notes the sources and places of the last part, and where they see otherwise than in one before.
    fn see(&mut self) {
        let last = self.parts.len() - 1;
        let (path, manifest) = &self.parts[last];
        let mut otherwise = |known: &mut BTreeMap<String, (usize, String)>, seen: &[Seen], what: &str| {
            let mut differs = BTreeMap::new();
            for Seen { name, sight } in seen {
                let (place, before) = known.entry(name.clone()).or_insert_with(|| (last, sight.clone()));
                if before != sight {
                    *differs.entry(*place).or_insert(0_usize) += 1;
                }
            }
            for (place, count) in differs {
                let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
                self.notes.push(format!(
                    "{} and {} see different things of {what}{times}: each is read as in its own log, which one log of \
                     everything would not do",
                    self.parts[place].0.display(),
                    path.display()
                ));
            }
        };
        otherwise(&mut self.sources, &manifest.sources, "one source");
        otherwise(
            &mut self.places,
            &manifest.places,
            "one platform at one organisation, or at none that is told",
        );
    }

    /// What was merged, and where it is from.
    #[must_use]
    pub fn parts(&self) -> &[(PathBuf, Manifest)] {
        &self.parts
    }

    /// Where it is not what one log of everything would give.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many organisations there are; nothing where the summaries do not tell them apart.
    #[must_use]
    pub fn organisations(&self) -> Option<u64> {
        let strata = self.whole.survey.values().flat_map(|strata| strata.values());
        let names = strata.flat_map(|surveyed| surveyed.organisations.keys());
        let names: BTreeSet<&String> = names.filter(|name| *name != NOT_RECORDED).collect();
        (self.ask.cluster == ClusterChoice::Auto).then_some(names.len() as u64)
    }

    /// What they are for.
    #[must_use]
    pub fn purpose(&self) -> For {
        self.purpose
    }

    /// Refuses others, made for something else, that do not tell of the same consultations.
    ///
    /// # Errors
    /// When one of these is of a log that none of the others is of, or the other way round, or they were asked or read
    /// otherwise.
    pub fn beside(&self, others: &Self) -> Result<(), SummaryError> {
        let [(one, ours), (other, theirs)] = [self, others].map(|merged| &merged.parts[0]);
        // Measures and strata are those of the purpose.
        let asked = theirs.asked.clone();
        let alike = Asked { filter: asked.filter, cluster: asked.cluster, ..ours.asked.clone() };
        if let Some(what) = difference((&ours.asked, ours.parameters), (&alike, theirs.parameters)) {
            return Err(SummaryError::Apart { one: one.clone(), other: other.clone(), what });
        }
        for (these, those) in [(self, others), (others, self)] {
            let is_there = |log: &OfLog| those.parts.iter().any(|(_, known)| known.log == *log);
            if let Some((path, _)) = these.parts.iter().find(|(_, manifest)| !is_there(&manifest.log)) {
                return Err(SummaryError::OneKind { path: path.clone() });
            }
        }
        Ok(())
    }

    /// The question that was counted for.
    #[must_use]
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// How consultations were read.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.parts[0].1.parameters
    }

    /// Compares as if there were one log. Its position is the number of events in all of them.
    ///
    /// # Errors
    /// When what is asked cannot be compared.
    pub fn compare(&self, ask: &Ask) -> Result<Comparison, NotComparable> {
        // What a decision adjusts for is no matter of a comparison.
        compare_counted(self, &Ask { adjust: Vec::new(), ..ask.clone() })
    }

    /// What a decision of all logs rests on.
    ///
    /// # Errors
    /// When the summaries were not made for one.
    pub fn into_deciding(self) -> Result<Deciding, SummaryError> {
        let about = self.about();
        let path = self.parts.into_iter().next().map(|(path, _)| path).unwrap_or_default();
        Deciding::of((self.ask, self.purpose), about, self.whole).ok_or(SummaryError::NoDecision { path })
    }
}

impl Basis for Merged {
    fn survey(&self, _: &Ask) -> Surveyeds {
        self.whole.survey.clone()
    }

    fn cells(&self, ask: &Ask, design: &Design) -> BTreeMap<Arm, Cell> {
        self.whole.cells(ask, design)
    }

    fn used(&self, _: &Ask) -> Used {
        self.whole.used.clone()
    }

    fn about(&self) -> About {
        let sum = |of: fn(&Manifest) -> u64| {
            self.parts.iter().fold(0_u64, |sum, (_, manifest)| sum.saturating_add(of(manifest)))
        };
        About {
            parameters: self.parameters(),
            position: Position(sum(|manifest| manifest.log.head.position.0)),
            in_progress: sum(|manifest| manifest.in_progress),
        }
    }
}
