//! What a summary says of itself: what was asked, how it was read, of which log, made of which sources, by whom.
//!
//! Sources and places are told by digests: enough to see that two summaries share some, and whether they see alike
//! there. A digest of a name that can be guessed tells the name.

use event::{Dimension, Kind};
use projections::catalog::MEASURES;
use projections::disclosure::Policy;
use projections::measure::{Fold, Measure, Needs};
use projections::parameters::Parameters;
use serde::{Deserialize, Serialize};

use super::apart::OfItself;
use super::asked::Asked;
use super::key::PublicKey;
use crate::log::Head;
use crate::replay::READING;

/// What a summary says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
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
    /// The first and the last month in which somebody tried to get in.
    pub months: Option<[String; 2]>,
    /// Consultations that it counts.
    pub consultations: u64,
    /// Consultations of its log that are not over.
    pub in_progress: u64,
    /// The log that it was made of.
    pub log: OfLog,
    /// The sources of that log.
    pub sources: Vec<Seen>,
    /// How many of them call themselves synthetic.
    pub synthetic: u64,
    /// Each platform at each organisation.
    pub places: Vec<Seen>,
    /// Whose signature it has.
    pub signer: PublicKey,
}

impl OfItself for Manifest {
    fn question(&self) -> (&Asked, Parameters) {
        (&self.asked, self.parameters)
    }

    fn sources(&self) -> impl Iterator<Item = &String> {
        self.sources.iter().map(|seen| &seen.name)
    }

    fn log(&self) -> (Option<&str>, String) {
        (self.log.begins.as_deref(), self.log.head.commitment_digits())
    }
}

/// A log, as far as a summary tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfLog {
    /// The commitment to its first event, which stays as the log grows; none of an empty one.
    pub begins: Option<String>,
    /// How far it went, with the commitment to all of it.
    pub head: Head,
}

/// A source or a place, and what is seen there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The digest of its name.
    pub name: String,
    /// The digest of what can be told of it.
    pub sight: String,
}

impl Seen {
    /// Of these texts and bytes.
    pub(super) fn of(name: &[&str], sight: &[u8]) -> Self {
        let mut hasher = Digest::new("name");
        name.iter().for_each(|part| hasher.add(part.as_bytes()));
        let mut seen = Digest::new("sight");
        seen.add(sight);
        Self { name: hasher.digits(), sight: seen.digits() }
    }
}

/// Texts that are hashed apart from each other.
struct Digest(blake3::Hasher);

impl Digest {
    fn new(of: &str) -> Self {
        let mut digest = Self(blake3::Hasher::new());
        digest.add(b"evenfield summary 1");
        digest.add(of.as_bytes());
        digest
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    /// 128 bits: as many as make two names with one digest hopeless to find.
    fn digits(self) -> String {
        self.0.finalize().to_hex()[..32].to_owned()
    }
}

/// What tells this way of reading and counting from others: summaries that differ in it do not merge.
#[must_use]
pub fn reading() -> String {
    let mut digest = Digest::new("reading");
    digest.add(&READING.to_le_bytes());
    for name in Kind::ALL.map(Kind::name).into_iter().chain(Dimension::ALL.map(Dimension::name)) {
        digest.add(name.as_bytes());
    }
    MEASURES.into_iter().for_each(|measure| add_measure(&mut digest, measure));
    digest.digits()
}

/// Refuses what was read or counted otherwise than is done here.
pub(super) fn read_alike(told: &str) -> Result<(), String> {
    let wrong =
        "it was made by an evenfield that reads or counts otherwise; make all summaries with one version";
    if told == reading() { Ok(()) } else { Err(wrong.to_owned()) }
}

fn add_measure(digest: &mut Digest, measure: &Measure) {
    let needs = |digest: &mut Digest, needs: Needs| {
        for kinds in [needs.all, needs.any, needs.changed_by] {
            digest.add(&kinds.bits().to_le_bytes());
        }
    };
    for text in [measure.name, measure.of, measure.definition] {
        digest.add(text.as_bytes());
    }
    measure.roles.iter().for_each(|role| digest.add(role.name().as_bytes()));
    needs(digest, measure.needs);
    digest.add(&measure.alike.bits().to_le_bytes());
    if let Fold::Composite(_, parts) = measure.fold {
        for part in parts {
            digest.add(part.name.as_bytes());
            needs(digest, part.needs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_tell_names_apart_however_they_are_cut() {
        let name = |parts: &[&str]| Seen::of(parts, b"").name;
        assert_eq!(name(&["a", "b"]), name(&["a", "b"]));
        assert_ne!(name(&["ab", ""]), name(&["a", "b"]));
        assert_ne!(Seen::of(&["a"], b"1").sight, Seen::of(&["a"], b"2").sight);
    }
}
