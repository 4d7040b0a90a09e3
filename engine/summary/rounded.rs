//! A summary under the policy `rounded`: the answer that `evenfield compare --policy rounded` gives of one log, signed.
//!
//! It holds the very document that leaves through the boundary, and a manifest in which no number depends on
//! consultations: nothing can be learned of it that the comparison would not tell. No number of events or
//! consultations, no months, no organisation, no clinician, no duration.
//!
//! ```text
//! {"schema":"evenfield.summary/1","manifest":{...,"policy":"rounded",...}}
//! {"schema":"evenfield.compare/1","policy":{...},...,"rows":[...],"differences":[...],"notes":[...]}
//! {"signature":"<128 hexadecimal digits>"}
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use event::Role;
use projections::catalog;
use projections::compare::{Ask, Comparison};
use projections::disclosure::{self, FEW, Face, OTHERS, Policy, Shown, Told, WITHHELD};
use projections::measure::{Fold, Measure};
use projections::parameters::Parameters;
use serde::{Deserialize, Serialize};

use super::SCHEMA;
use super::apart::OfItself;
use super::asked::{Asked, For};
use super::error::SummaryError;
use super::key::{PublicKey, SecretKey};
use super::manifest::{self, Seen, read_alike};
use super::sealed::{self, Lines, lines, parse, unread};
use crate::log::{Log, LogError, Position};
use crate::replay::Sheet;

/// The largest number that an answer may tell.
const MOST: u64 = 1_000_000_000_000;

/// What a rounded summary says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundedManifest {
    /// What tells this way of reading and counting from others.
    pub reading: String,
    /// What was asked.
    pub asked: Asked,
    /// How consultations were read.
    pub parameters: Parameters,
    /// What may be in it.
    pub policy: Policy,
    /// The version of the policy.
    pub policy_version: u32,
    /// The log that it was made of.
    pub log: Commitments,
    /// Digests of the names of its sources.
    pub sources: BTreeSet<String>,
    /// Whose signature it has.
    pub signer: PublicKey,
}

impl OfItself for RoundedManifest {
    fn question(&self) -> (&Asked, Parameters) {
        (&self.asked, self.parameters)
    }

    fn sources(&self) -> impl Iterator<Item = &String> {
        self.sources.iter()
    }

    fn log(&self) -> (Option<&str>, String) {
        (self.log.begins.as_deref(), self.log.head.clone())
    }
}

/// A log by its commitments, without its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitments {
    /// To its first event, which stays as the log grows; none of an empty one.
    pub begins: Option<String>,
    /// To all of it.
    pub head: String,
}

/// A rounded summary that was read, and whose signature holds.
#[derive(Debug)]
pub struct OpenedRounded {
    /// What it says of itself.
    pub manifest: RoundedManifest,
    /// What was asked.
    pub ask: Ask,
    /// The shares that it tells.
    pub shares: BTreeMap<Arm, Share>,
    /// Measures that are no shares, of which it tells nothing.
    pub left_out: BTreeSet<&'static str>,
}

/// Of what a share is, in the order of a comparison: levels, measure, role, platform, and whether one side alone is seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arm {
    /// The levels of the dimensions asked for.
    pub by: Vec<String>,
    /// The place of the measure in the catalogue.
    pub measure: usize,
    /// The place of the role among those of the measure.
    pub role: Option<usize>,
    /// The platform.
    pub platform: String,
    /// Whether its consultations were seen from one side only.
    pub one_sided: bool,
}

/// One share as a log tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// So many of so many; none: its feeds cannot tell.
    pub told: Option<[Told; 2]>,
    /// The parts of a composite that were counted.
    pub components: Option<Vec<String>>,
}

/// What the answer of a log tells, as far as it is read.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    policy: Note,
    rows: Vec<Line>,
}

#[derive(Deserialize)]
struct Note {
    name: String,
    version: u32,
}

#[derive(Deserialize)]
struct Line {
    measure: String,
    by: BTreeMap<String, String>,
    platform: String,
    role: Option<String>,
    one_sided: bool,
    components: Option<Vec<String>>,
    x: Option<u64>,
    n: Option<u64>,
    #[serde(default)]
    hidden: BTreeMap<String, String>,
}

/// What is told of a log beside the answer that `ask` has of `sheet`.
///
/// # Errors
/// When the log cannot be read.
pub fn manifest_of_shown(
    log: &Log,
    sheet: &Sheet,
    ask: &Ask,
    signer: PublicKey,
) -> Result<RoundedManifest, LogError> {
    let begins = match sheet.position {
        Position::START => None,
        _ => Some(log.head_at(Position::FIRST)?.commitment_digits()),
    };
    let sources = sheet.source_names().into_iter().map(|name| Seen::of(&["source", name], &[]).name);
    Ok(RoundedManifest {
        reading: manifest::reading(),
        asked: Asked::of(ask, For::Comparison),
        parameters: sheet.parameters,
        policy: Policy::Rounded,
        policy_version: Policy::Rounded.version(),
        log: Commitments { begins, head: log.head_at(sheet.position)?.commitment_digits() },
        sources: sources.collect(),
        signer,
    })
}

/// The bytes of a rounded summary, signed by the key that its manifest names; nothing of an answer that hides nothing.
#[must_use]
pub fn seal_shown(
    manifest: &RoundedManifest,
    answer: &Shown<Comparison>,
    key: &SecretKey,
) -> Option<Vec<u8>> {
    match answer.face() {
        Face::Whole(_) => None,
        Face::Published(published) => Some(sealed::signed(manifest, published, key)),
    }
}

/// The rounded summary that `bytes` hold; `path` is where they are from.
///
/// # Errors
/// When they hold none, its signature does not hold, or it tells what no answer under the policy does.
pub fn open_rounded(path: &Path, bytes: &[u8]) -> Result<OpenedRounded, SummaryError> {
    let unread = |what: String| unread(path, what);
    let Lines { manifest, told } = lines(path, bytes, |manifest: &RoundedManifest| manifest.signer)?;
    read_alike(&manifest.reading).map_err(unread)?;
    let (ask, purpose) = manifest.asked.ask().map_err(unread)?;
    let answer: Answer = parse(told, 2).map_err(unread)?;
    let policy = (manifest.policy, manifest.policy_version);
    let is_rounded = policy == (Policy::Rounded, Policy::Rounded.version())
        && (answer.policy.name.as_str(), answer.policy.version) == (policy.0.name(), policy.1);
    if !is_rounded || purpose != For::Comparison || answer.schema != "evenfield.compare/1" {
        let what = format!("it is no comparison under the policy rounded as {SCHEMA:?} has it here");
        return Err(unread(what));
    }
    let mut shares = BTreeMap::new();
    let mut left_out = BTreeSet::new();
    for (number, line) in answer.rows.into_iter().enumerate() {
        let wrong = |what: &str| unread(format!("row {} of its answer: {what}", number + 1));
        let (arm, measure) = line.arm(&ask).map_err(wrong)?;
        if !is_share(measure) {
            left_out.insert(measure.name);
        } else if shares.insert(arm, line.share(measure).map_err(wrong)?).is_some() {
            return Err(wrong("a share is told twice"));
        }
    }
    Ok(OpenedRounded { manifest, ask, shares, left_out })
}

/// Whether a measure counts so many of so many.
fn is_share(measure: &Measure) -> bool {
    matches!(measure.fold, Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_))
}

impl Line {
    /// Of what it tells.
    fn arm(&self, ask: &Ask) -> Result<(Arm, &'static Measure), &'static str> {
        let place = catalog::MEASURES.iter().position(|measure| measure.name == self.measure);
        let Some((place, measure)) = place.map(|place| (place, catalog::MEASURES[place])) else {
            return Err("it is of no measure that is known here");
        };
        let is_asked = ask.measures.is_empty() || ask.measures.iter().any(|one| one.name == measure.name);
        if !is_asked {
            return Err("it is of a measure that was not asked for");
        }
        let levels = ask.by.iter().map(|dimension| self.by.get(dimension.name()).cloned());
        let by: Option<Vec<String>> = levels.collect();
        let Some(by) = by.filter(|by| by.len() == self.by.len()) else {
            return Err("it has not a level for each dimension asked for");
        };
        let role = match (&self.role, measure.roles) {
            (None, []) => None,
            (Some(name), roles) => {
                let is_named = |role: &Role| role.name() == name;
                Some(roles.iter().position(is_named).ok_or("it is of a role that its measure has not")?)
            }
            (None, _) => return Err("it tells no role, which its measure has"),
        };
        let arm =
            Arm { by, measure: place, role, platform: self.platform.clone(), one_sided: self.one_sided };
        Ok((arm, measure))
    }

    /// What it tells of a share.
    fn share(self, measure: &Measure) -> Result<Share, &'static str> {
        let count =
            |name: &str, number: Option<u64>| match (number, self.hidden.get(name).map(String::as_str)) {
                (Some(number), None)
                    if number <= MOST && disclosure::rounded(number) == Told::Rounded(number) =>
                {
                    Ok(Some(Told::Rounded(number)))
                }
                (None, None) => Ok(None),
                (None, Some(FEW)) => Ok(Some(Told::Few)),
                (None, Some(WITHHELD)) => Ok(Some(Told::Withheld)),
                (None, Some(OTHERS)) => Ok(Some(Told::Others)),
                _ => Err("a number is told as the policy does not tell one"),
            };
        let told = match (count("x", self.x)?, count("n", self.n)?) {
            (Some(x), Some(n)) if disclosure::is_share([x, n]) => Some([x, n]),
            (None, None) => None,
            _ => return Err("its numbers are those of no share"),
        };
        let is_composite = matches!(measure.fold, Fold::Composite(..));
        if self.components.is_some() != is_composite {
            return Err("it does not tell of which parts it is");
        }
        Ok(Share { told, components: self.components })
    }
}
