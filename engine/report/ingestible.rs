//! What would become of an input, summed up in words, and what its source can tell at all.

use std::collections::BTreeMap;
use std::fmt::Write;

use event::{Capability, Declaration, Kind};
use feeds::{Feed, Settings};
use serde::Serialize;

use super::alike::Alike;
use super::grouped;

/// Reasons told, the most frequent first.
const TOLD: usize = 20;

/// The counts of an input that was looked at.
#[derive(Debug, Default, Serialize)]
pub struct Ingestible {
    /// The feeds that read it.
    pub feeds: BTreeMap<&'static str, Tells>,
    /// What sources declared, by feed.
    #[serde(skip)]
    pub declared: BTreeMap<&'static str, Option<Declaration>>,
    /// Events, by kind.
    pub kinds: BTreeMap<String, u64>,
    /// What would be rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// The same by place and by what reasons have in common.
    pub rejected_alike: Alike,
    /// What would be left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// What folders hold that is no input, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out_files: BTreeMap<&'static str, u64>,
}

/// What the source of a feed can tell; all of it empty where the input says that itself.
#[derive(Debug, Default, Serialize)]
pub struct Tells {
    /// Kinds that are told as they happened.
    pub observed: Vec<&'static str>,
    /// Kinds that are read from something else, each with its caveat.
    pub inferred: BTreeMap<&'static str, &'static str>,
    /// Kinds that cannot be told.
    pub unobservable: Vec<&'static str>,
}

impl Tells {
    /// What `feed` can tell.
    #[must_use]
    pub fn of(feed: &dyn Feed, settings: &Settings) -> Self {
        feed.capabilities(settings).map(|told| Self::of_declared(feed, &told)).unwrap_or_default()
    }

    /// What sources of `feed` can tell that declared it so.
    #[must_use]
    pub fn of_declared(feed: &dyn Feed, declared: &Declaration) -> Self {
        let mut tells = Self::default();
        for kind in Kind::ALL {
            if matches!(kind, Kind::RecordingDeclared | Kind::Unknown) {
                continue;
            }
            match declared.capability(kind) {
                Capability::Observed => tells.observed.push(kind.name()),
                Capability::Unobservable => tells.unobservable.push(kind.name()),
                Capability::Inferred => {
                    let caveat = feed.caveats().iter().find(|(told, _)| *told == kind);
                    tells.inferred.insert(kind.name(), caveat.map_or("read with care", |(_, caveat)| caveat));
                }
            }
        }
        tells
    }
}

/// What is told of several sources of one feed at once: of each kind, what the least able of them can tell.
fn least_of(known: &mut Option<Declaration>, told: &Declaration) {
    let Some(known) = known else {
        *known = Some(told.clone());
        return;
    };
    for kind in Kind::ALL {
        let least = known.capability(kind).max(told.capability(kind));
        known.capabilities.insert(kind.name().to_owned(), least);
    }
}

impl Ingestible {
    /// Notes what a source that `feed` reads declares.
    pub fn declares(&mut self, feed: &dyn Feed, settings: &Settings, told: &Declaration) {
        // A native source speaks for itself, and not for its format.
        if feed.capabilities(settings).is_some() {
            let known = self.declared.entry(feed.name()).or_default();
            least_of(known, told);
            self.feeds.extend(known.as_ref().map(|told| (feed.name(), Tells::of_declared(feed, told))));
        }
    }

    /// Notes that `feed` reads some of it.
    pub fn read_by(&mut self, feed: &dyn Feed, settings: &Settings) {
        self.feeds.entry(feed.name()).or_insert_with(|| Tells::of(feed, settings));
    }

    /// How much would not go in.
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.rejected_alike.total()
    }
}

/// The summary below the lines.
#[must_use]
pub fn ingestible(input: &Ingestible) -> String {
    let mut text = String::new();
    let events: u64 = input.kinds.values().sum();
    let left_out: u64 = input.left_out.values().sum();
    let _ = writeln!(
        text,
        "\n{} events, {} rejected, {} left out; nothing was imported",
        grouped(events),
        grouped(input.rejections()),
        grouped(left_out)
    );
    for (kind, count) in &input.kinds {
        let _ = writeln!(text, "  {} {kind}", grouped(*count));
    }
    text.push_str(&input.rejected_alike.told());
    let mut counts: Vec<(&String, &u64)> = input.left_out.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in counts.iter().take(TOLD) {
        let _ = writeln!(text, "  left out {}: {reason}", grouped(**count));
    }
    let rest: u64 = counts.iter().skip(TOLD).map(|(_, count)| **count).sum();
    if rest > 0 {
        let _ = writeln!(text, "  left out {}: other reasons", grouped(rest));
    }
    for (reason, count) in &input.left_out_files {
        let _ = writeln!(text, "  not looked at, {} in folders: {reason}", grouped(*count));
    }
    for (feed, tells) in &input.feeds {
        text.push_str(&source_tells(feed, tells));
    }
    text
}

/// What the source of a feed can and cannot tell, and what that means.
pub(super) fn source_tells(feed: &str, tells: &Tells) -> String {
    let mut text = String::new();
    if tells.observed.is_empty() && tells.inferred.is_empty() && tells.unobservable.is_empty() {
        let _ = writeln!(text, "{feed}: what it can tell the input declares itself, by recording_declared");
        return text;
    }
    let _ = writeln!(text, "{feed} tells: {}", tells.observed.join(", "));
    for (kind, caveat) in &tells.inferred {
        let _ = writeln!(text, "  with care, {kind}: {caveat}");
    }
    if !tells.unobservable.is_empty() {
        let _ = writeln!(
            text,
            "  cannot tell: {}; measures that need them are \"not measured\" there, not zero",
            tells.unobservable.join(", ")
        );
    }
    text
}
