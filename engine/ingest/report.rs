//! What became of an input, line by line in counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use event::{Capability, Event, Kind, Payload};
use serde::Serialize;

use crate::log::Position;

/// Rejections kept one by one; further ones are counted, so that no input can fill the memory.
const KEPT: usize = 100_000;
/// Reasons that further rejections are counted by; all others are counted together.
const REASONS: usize = 1_000;
/// Kinds that events are counted by; names that nobody knows are without end.
const KINDS: usize = 200;
/// Fields that are counted by name, and how long such a name may be; all others are counted together.
const FIELDS: usize = 200;
const FIELD_NAME: usize = 80;
const OTHER_KINDS: &str = "other kinds";
const OTHER_FIELDS: &str = "other fields";
const OTHER_REASONS: &str = "other reasons";

/// The counts of one ingest: `read` is the sum of what was appended, was there already, and was rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events and lines that could have been events.
    pub read: u64,
    /// Events that are new in the log.
    pub appended: u64,
    /// Events that were there already, unchanged.
    pub duplicates: u64,
    /// Lines that did not go in, each with its reason; see [`Self::rejections`] for how many there are.
    pub rejected: Vec<Rejection>,
    /// Those beyond the first of them, by reason: there is a limit to how many are told one by one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected_more: BTreeMap<String, u64>,
    /// What the feed left out on purpose, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, u64>,
    /// First and last position of what was appended; null if nothing was.
    pub positions: Option<(u64, u64)>,
    /// What was appended, by feed and kind; kinds that are not known by their own name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub feeds: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// Fields of what was appended that are not known here, or have no value that is, by name: kept and not read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_fields: BTreeMap<String, u64>,
    /// What the sources of what was appended declared, by feed: of each kind, what the least able of them can tell.
    #[serde(skip)]
    pub declared: BTreeMap<&'static str, BTreeMap<Kind, Capability>>,
    /// Files that could not be read, or not to their end, each with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// What a folder holds that is no input, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<&'static str, u64>,
    /// The file that keeps what was rejected, where one was asked for.
    #[serde(skip)]
    pub kept_rejects: Option<PathBuf>,
    /// Whether it was interrupted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// One file that did not go in, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Which file.
    pub file: String,
    /// Why, and what to do.
    pub reason: String,
}

/// One line that did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Of which file, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Which line.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Report {
    pub(super) fn append(&mut self, position: Position) {
        self.read += 1;
        self.appended += 1;
        let (first, last) = self.positions.get_or_insert((position.0, position.0));
        (*first, *last) = ((*first).min(position.0), (*last).max(position.0));
    }

    /// Counts an event that was appended.
    pub(super) fn count(&mut self, feed: &'static str, event: &Event) {
        if let Payload::RecordingDeclared(told) = &event.payload {
            let able = self.declared.entry(feed).or_default();
            Kind::ALL.into_iter().for_each(|kind| least(able, kind, told.capability(kind)));
        }
        let kinds = self.feeds.entry(feed).or_default();
        let name = kind_of(event);
        if let Some(count) = kinds.get_mut(name.as_ref()) {
            *count += 1;
        } else {
            let name = if kinds.len() < KINDS { name.into_owned() } else { OTHER_KINDS.to_owned() };
            *kinds.entry(name).or_default() += 1;
        }
        self.count_unknown_fields(event);
    }

    /// Counts what an event says besides what is known; all that one of an unknown kind says is unknown.
    fn count_unknown_fields(&mut self, event: &Event) {
        let Some(extra) = event.extra.as_ref().filter(|_| event.kind() != Kind::Unknown) else { return };
        for name in extra.attributes.keys().chain(extra.data.keys()) {
            self.count_fields(name, 1);
        }
    }

    fn count_fields(&mut self, name: &str, count: u64) {
        let fields = &mut self.unknown_fields;
        let told = name.len() <= FIELD_NAME && (fields.len() < FIELDS || fields.contains_key(name));
        *fields.entry(if told { name } else { OTHER_FIELDS }.to_owned()).or_default() += count;
    }

    pub(super) fn duplicate(&mut self) {
        self.read += 1;
        self.duplicates += 1;
    }

    pub(super) fn reject(&mut self, line: u64, place: Option<&str>, reason: &str) {
        self.read += 1;
        let reason = place.map_or_else(|| reason.to_owned(), |place| format!("{place}: {reason}"));
        self.keep(Rejection { file: None, line, reason });
    }

    fn keep(&mut self, rejection: Rejection) {
        if self.rejected.len() < KEPT {
            self.rejected.push(rejection);
        } else {
            self.count_more(rejection.reason, 1);
        }
    }

    fn count_more(&mut self, reason: String, count: u64) {
        let told = self.rejected_more.len() < REASONS || self.rejected_more.contains_key(&reason);
        let reason = if told { reason } else { OTHER_REASONS.to_owned() };
        *self.rejected_more.entry(reason).or_default() += count;
    }

    /// How many did not go in.
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.rejected.len() as u64 + self.rejected_more.values().sum::<u64>()
    }

    /// Tells at most so many rejections one by one, and counts the others by reason.
    #[must_use]
    pub fn with_at_most(mut self, told: usize) -> Self {
        let more = self.rejected.split_off(told.min(self.rejected.len()));
        more.into_iter().for_each(|rejection| self.count_more(rejection.reason, 1));
        self
    }

    /// Says of every rejection which file it is of.
    #[must_use]
    pub fn of_file(mut self, file: &str) -> Self {
        for rejection in &mut self.rejected {
            rejection.file = Some(file.to_owned());
        }
        self
    }

    pub(super) fn skip(&mut self, reason: String) {
        self.skip_more(reason, 1);
    }

    fn skip_more(&mut self, reason: String, count: u64) {
        let told = self.skipped.len() < REASONS || self.skipped.contains_key(&reason);
        let reason = if told { reason } else { OTHER_REASONS.to_owned() };
        *self.skipped.entry(reason).or_default() += count;
    }

    /// Takes over the counts of a further input.
    pub fn absorb(&mut self, other: Self) {
        self.read += other.read;
        self.appended += other.appended;
        self.duplicates += other.duplicates;
        other.rejected.into_iter().for_each(|rejection| self.keep(rejection));
        other.rejected_more.into_iter().for_each(|(reason, count)| self.count_more(reason, count));
        other.skipped.into_iter().for_each(|(reason, count)| self.skip_more(reason, count));
        self.positions = match (self.positions, other.positions) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        for (feed, kinds) in other.feeds {
            let mine = self.feeds.entry(feed).or_default();
            kinds.into_iter().for_each(|(kind, count)| *mine.entry(kind).or_default() += count);
        }
        for (feed, able) in other.declared {
            let mine = self.declared.entry(feed).or_default();
            able.into_iter().for_each(|(kind, able)| least(mine, kind, able));
        }
        other.unknown_fields.into_iter().for_each(|(name, count)| self.count_fields(&name, count));
        self.unread.extend(other.unread);
        self.interrupted |= other.interrupted;
    }
}

/// Notes that of several sources one can tell no more of `kind` than that.
fn least(known: &mut BTreeMap<Kind, Capability>, kind: Kind, able: Capability) {
    let known = known.entry(kind).or_insert(able);
    *known = able.max(*known);
}

/// The name of an event's kind; one that is not known here has its version behind it.
#[must_use]
pub fn kind_of(event: &Event) -> Cow<'static, str> {
    match &event.payload {
        Payload::Unknown { kind, version } => format!("{kind}.v{version}").into(),
        payload => payload.kind().name().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejecting(count: u64, reason: impl Fn(u64) -> String) -> Report {
        let mut report = Report::default();
        (1..=count).for_each(|line| report.reject(line, None, &reason(line)));
        report
    }

    #[test]
    fn rejections_without_end_are_counted_and_not_kept() {
        let mut report = rejecting(KEPT as u64 + 3, |_| "it is no JSON".to_owned());
        assert_eq!((report.rejected.len(), report.rejections()), (KEPT, KEPT as u64 + 3));
        report.absorb(rejecting(2, |_| "it is no JSON".to_owned()));
        assert_eq!(report.rejected_more, BTreeMap::from([("it is no JSON".to_owned(), 5)]));
        // No two reasons alike, and the memory is bounded all the same.
        report.absorb(rejecting(5_000, |line| format!("time {line} lies ahead")));
        assert_eq!(report.rejected_more.len(), REASONS + 1);
        assert_eq!((report.read, report.rejections()), (KEPT as u64 + 5_005, KEPT as u64 + 5_005));
        assert!(report.rejected_more[OTHER_REASONS] > 4_000);
    }

    /// Whoever is told of the first few is told how many more there are, and why.
    #[test]
    fn what_is_not_told_one_by_one_is_counted() {
        let report = rejecting(5, |line| if line < 4 { "it is no JSON" } else { "no id" }.to_owned());
        let few = report.clone().with_at_most(2);
        assert_eq!((few.rejected.len(), few.rejections()), (2, 5));
        assert_eq!(
            few.rejected_more,
            BTreeMap::from([("it is no JSON".to_owned(), 1), ("no id".to_owned(), 2)])
        );
        assert_eq!(report.clone().with_at_most(9), report);
    }

    /// A name that nobody knows may be another one in every line.
    #[test]
    fn reasons_without_end_for_what_is_left_out_are_counted_together() {
        let mut report = Report::default();
        (0..3_000).for_each(|number| report.skip(format!("\"x{number}\": it tells nothing")));
        let mut all = Report::default();
        all.absorb(report.clone());
        all.absorb(report);
        assert_eq!(all.skipped.len(), REASONS + 1);
        assert_eq!(all.skipped.values().sum::<u64>(), 6_000);
    }

    #[test]
    fn fields_without_end_are_counted_in_bounded_memory() {
        let mut report = Report::default();
        for number in 0..500 {
            let text = format!(
                r#"{{"specversion":"1.0","id":"e-{number}","source":"urn:example:a","type":"evenfield.consultation.left.v1","subject":"c","time":"2022-03-01T09:00:00Z","trace":"t","data":{{"f{number}":1,"{}":2}}}}"#,
                "x".repeat(1000)
            );
            report.count("cloudevents", &feeds::cloudevents::read_line(text.as_bytes()).unwrap());
        }
        assert_eq!(report.unknown_fields["trace"], 500);
        assert!(report.unknown_fields.len() <= FIELDS + 1);
        let mut total = report.clone();
        total.absorb(report);
        assert!(total.unknown_fields.len() <= FIELDS + 1);
        assert_eq!(total.unknown_fields["trace"], 1000);
        assert_eq!(total.unknown_fields.values().sum::<u64>(), 3000);
    }

    #[test]
    fn only_what_there_is_is_written() {
        let report = rejecting(1, |_| "torn".to_owned());
        let text = |report: &Report| serde_json::to_string(report).unwrap();
        assert_eq!(
            text(&report),
            r#"{"read":1,"appended":0,"duplicates":0,"rejected":[{"line":1,"reason":"torn"}],"positions":null}"#
        );
        let named = text(&report.of_file("a.ndjson"));
        assert!(named.contains(r#"[{"file":"a.ndjson","line":1,"reason":"torn"}]"#), "{named}");
    }
}
