//! What stands behind a claim, for people: from the sentence to the event.

mod numbers;

use std::fmt::Write;

use projections::compare::{Claim, Counted};
use projections::parameters::Parameters;
use serde::Serialize;

use super::layout::{columns, heading, wrapped};
use super::{counted, grouped};

/// A claim with what stands behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained<'a> {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the consultations were read.
    pub parameters: Parameters,
    /// The claim.
    #[serde(flatten)]
    pub claim: Claim,
    /// What its rule says.
    pub rule_words: String,
    /// What is counted, in one sentence.
    pub definition: &'static str,
    /// Every consultation that was counted, by name.
    pub evidence: Vec<Counted<'a>>,
    /// The events of those that are shown, by consultation in the order of the log.
    pub events: Vec<Traced>,
}

/// One event, by the name its source gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traced {
    /// Its consultation.
    pub consultation: String,
    /// Who recorded it.
    pub source: String,
    /// Its name there.
    pub id: String,
    /// Where it stands.
    pub position: u64,
    /// When it happened.
    pub at: String,
    /// What happened.
    pub kind: &'static str,
}

/// All of it as a text.
#[must_use]
pub fn explained(explained: &Explained<'_>) -> String {
    let mut text = String::new();
    let claim = &explained.claim;
    wrapped(&mut text, &format!("{}  ", claim.claim), &claim.words);
    heading(&mut text, &format!("The rule, {}", claim.rule));
    wrapped(&mut text, "  ", &explained.rule_words);
    wrapped(&mut text, "  ", &format!("What is counted: {}", explained.definition));
    heading(&mut text, &format!("Its numbers, at position {}", explained.position));
    columns(&mut text, &numbers::told(claim));
    let _ = writeln!(text, "  hash of what it says: {}", claim.value_hash);
    heading(&mut text, "Its consultations");
    columns(&mut text, &platforms(&explained.evidence, numbers::counted_word(claim)));
    events(&mut text, explained);
    text
}

/// How many of each platform, and of a verdict in each stratum, were counted.
fn platforms(evidence: &[Counted<'_>], what: &str) -> Vec<[String; 3]> {
    let mut arms: Vec<(&[String], &str)> =
        evidence.iter().map(|one| (&one.by[..], one.platform.as_str())).collect();
    arms.sort_unstable();
    arms.dedup();
    let line = |(by, name): (&[String], &str)| {
        let theirs = || evidence.iter().filter(|one| one.platform == name && one.by == by);
        let n: u64 = theirs().map(|one| one.n).sum();
        let x: Option<u64> = theirs().map(|one| one.x).sum();
        let told = x.map_or_else(
            || format!("{} {what}", grouped(n)),
            |x| format!("{} of {} {what}", grouped(x), grouped(n)),
        );
        let name = by.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(", ");
        [name, counted(theirs().count() as u64, "consultation"), told]
    };
    arms.into_iter().map(line).collect()
}

/// A few consultations with their events.
fn events(text: &mut String, explained: &Explained<'_>) {
    if explained.events.is_empty() {
        return;
    }
    heading(text, "Some of them, down to the event (--show N for more, --json for the names of all)");
    for block in explained.events.chunk_by(|a, b| a.consultation == b.consultation) {
        let name = &block[0].consultation;
        if let Some(one) = explained.evidence.iter().find(|one| one.consultation == name) {
            let _ = writeln!(text, "{name}, {}: {}", one.platform, one.words);
        }
        let line = |event: &Traced| {
            [
                event.position.to_string(),
                event.at.clone(),
                event.kind.to_owned(),
                event.source.clone(),
                event.id.clone(),
            ]
        };
        columns(text, &block.iter().map(line).collect::<Vec<_>>());
    }
}
