//! One consultation read into one outcome (rules 4 and 6 to 9), from intervals on its timeline.

use std::collections::{BTreeMap, BTreeSet};

use event::{Kind, Time};
use serde_json::{Map, Value, json};

use super::cast::{Cast, Side};
use super::ending::{End, unnamed};
use super::feedback::{context, other_platforms, ratings, scores, unscored};
use super::moment::{ATTEMPTS, COMING, Declarations, GOING, Moment};
use super::story::{AUDIO, Absence, Effect, How, Medium, Story, VIDEO};
use super::timeline::{Span, any_holds, pieces, total};

/// How long after the connection a failure still spoils the first try.
const FIRST_TRY_MS: i64 = 60_000;
/// How soon a drop must be over to count as recovered quickly.
const RECOVERED_MS: i64 = 60_000;
/// How close failures of both sides are one failure of both.
const BOTH_MS: i64 = 5_000;
/// The longest interruption of an undisturbed consultation.
const UNDISTURBED_MS: i64 = 10_000;

/// What a reading depends on beside the events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters {
    /// The grace of a gap.
    pub(super) grace_ms: i64,
    /// The time up to which the world is known.
    pub(super) until_ms: i64,
}

/// The outcome of the consultation of these moments, `conflicting` of which were told in unlike ways.
pub(super) fn outcome(
    name: &str,
    moments: &[Moment<'_>],
    conflicting: usize,
    declared: &Declarations<'_>,
    parameters: Parameters,
) -> Value {
    let cast = Cast::of(moments, declared.sides(moments));
    let end = End::of(moments, &cast);
    if end.is_in_progress(moments, parameters.until_ms) {
        return json!({"consultation": name, "ending": "in_progress"});
    }
    let reading = Reading::of(moments, &cast, &end, parameters.grace_ms);
    let mut row = Map::new();
    row.insert("consultation".into(), json!(name));
    row.insert("context".into(), context(moments, declared));
    row.extend(reading.joining());
    row.extend(reading.disturbances());
    row.extend(reading.result(moments));
    row.insert("help_requests".into(), json!(count(moments, &[Kind::HelpRequested])));
    row.insert("ended_at".into(), json!(end.at.map(|at| Time::from_ms(at).to_string())));
    row.insert("ratings".into(), json!(ratings(moments)));
    row.insert("scores".into(), json!(scores(moments)));
    row.insert("anomalies".into(), reading.anomalies(moments, conflicting));
    Value::Object(row)
}

/// What the rest is asked of: everything up to the end, and each counting person's intervals.
struct Reading<'a> {
    cast: &'a Cast<'a>,
    end: &'a End<'a>,
    /// The end, or 0 in a consultation in which nothing happened.
    end_ms: i64,
    moments: Vec<Moment<'a>>,
    people: BTreeMap<&'a str, Person<'a>>,
    connected: Vec<Span>,
    connected_at: Option<i64>,
}

/// A counting person up to the end.
struct Person<'a> {
    story: Story<'a>,
    absences: Vec<Absence>,
    presence: Vec<Span>,
    at_the_end: bool,
}

impl<'a> Reading<'a> {
    fn of(moments: &[Moment<'a>], cast: &'a Cast<'a>, end: &'a End<'a>, grace_ms: i64) -> Self {
        let until_end = moments.iter().filter(|moment| end.at.is_none_or(|end| moment.at <= end));
        let moments: Vec<Moment<'a>> = until_end.copied().collect();
        let end_ms = end.at.unwrap_or_default();
        let people = cast.counting(&moments).into_iter().map(|name| {
            let story = Story::of(name, &moments);
            let absences = story.absences(end_ms, end.at_a_completed(), grace_ms);
            let presence = story.presence(&absences, end_ms);
            let at_the_end = story.present_at_the_end(&absences);
            (name, Person { story, absences, presence, at_the_end })
        });
        let people = people.collect();
        let connected = connected(cast, &people);
        let late = !end.is_terminal() && enough(cast, |name| people[name].at_the_end);
        let connected_at = connected.first().map(|span| span.from).or(late.then_some(end_ms));
        Self { cast, end, end_ms, moments, people, connected, connected_at }
    }

    /// Rule 8, and when the connection stood.
    fn joining(&self) -> Map<String, Value> {
        let mut tries = self.first_attempts();
        tries.sort_unstable();
        let attempted = tries.len() >= self.cast.needed();
        let latest_needed = tries.get(self.cast.needed() - 1);
        let connect_ms =
            self.connected_at.map(|at| at - latest_needed.expect("the connected have attempted"));
        let waiting_ms = (tries.len() >= 2).then(|| tries[1] - tries[0]);
        members(json!({
            "attempted": attempted,
            "began_at": tries.first().map(|at| Time::from_ms(*at).to_string()),
            "connected": self.connected_at.is_some(),
            "one_sided": self.cast.one_sided(),
            "first_try": self.first_try(),
            "connect_ms": connect_ms,
            "waiting_ms": waiting_ms,
            "connected_ms": total(&self.connected),
            "down_ms": self.connected_at.map_or(0, |at| self.end_ms - at - total(&self.connected)),
        }))
    }

    /// Rules 6 and 7.
    fn disturbances(&self) -> Map<String, Value> {
        let drops = self.counted(How::Drop);
        let first_drop = drops.iter().map(|drop| drop.from).min();
        let took = drops.iter().filter_map(|drop| drop.back.map(|back| back - drop.from));
        let took: Vec<i64> = took.collect();
        members(json!({
            "blips": self.counted(How::Blip).len(),
            "drops": drops.len(),
            "first_drop_ms": self.connected_at.and_then(|at| first_drop.map(|drop| drop - at)),
            "recovered_drops": took.len(),
            "recovered_60s": took.iter().filter(|took| **took <= RECOVERED_MS).count(),
            "audio_losses": self.losses_connected(AUDIO),
            "audio_lost_ms": self.lost_ms(AUDIO),
            "video_losses": self.losses_connected(VIDEO),
            "video_lost_ms": self.lost_ms(VIDEO),
            "interrupted_ms": self.interrupted_ms(),
        }))
    }

    /// The ending, and whether all went well.
    fn result(&self, all: &[Moment<'_>]) -> Map<String, Value> {
        let connected = self.connected_at.is_some();
        let ending = self.end.name().unwrap_or_else(|| unnamed(all, &self.moments, self.cast, connected));
        let interrupted_ms = self.interrupted_ms();
        let undisturbed = self.first_try()
            && self.counted(How::Drop).is_empty()
            && interrupted_ms <= UNDISTURBED_MS
            && interrupted_ms * 100 <= total(&self.connected)
            && ending == "completed";
        members(json!({"ending": ending, "undisturbed": undisturbed, "side": self.side()}))
    }

    /// The first attempt of each camp that made one.
    fn first_attempts(&self) -> Vec<i64> {
        let first = |camp: BTreeSet<&str>| {
            let theirs = |moment: &&Moment<'_>| moment.person().is_some_and(|person| camp.contains(person));
            self.moments.iter().filter(theirs).find(|moment| moment.is(&ATTEMPTS)).map(|moment| moment.at)
        };
        self.cast.camps().into_iter().filter_map(first).collect()
    }

    fn first_try(&self) -> bool {
        self.connected_at
            .is_some_and(|at| self.failures().iter().all(|(failed_at, _)| *failed_at >= at + FIRST_TRY_MS))
    }

    /// When counting people failed to join, or dropped other than in the terminal event's millisecond.
    fn failures(&self) -> Vec<(i64, Option<Side>)> {
        let failed = self.moments.iter().filter(|moment| moment.kind() == Kind::JoinFailed);
        let failed = failed.filter_map(|moment| Some((moment.at, moment.person()?)));
        let failed = failed.filter(|(_, name)| self.people.contains_key(name));
        let drops = self.people.iter().flat_map(|(name, person)| {
            let drops = person.absences.iter().filter(|absence| absence.how == How::Drop);
            drops.map(|drop| (drop.from, *name)).filter(|(at, _)| !self.end.coincides(*at))
        });
        failed.chain(drops).map(|(at, name)| (at, self.cast.side(name))).collect()
    }

    /// The side whose failure came first, or both if the other's followed closely.
    fn side(&self) -> Option<&'static str> {
        let mut failures: Vec<(i64, Side)> =
            self.failures().into_iter().filter_map(|(at, side)| Some((at, side?))).collect();
        failures.sort_unstable();
        let (first, side) = *failures.first()?;
        let both = failures.iter().any(|(at, other)| *other != side && at - first <= BOTH_MS);
        Some(if both { "both" } else { side.name() })
    }

    /// Absences of a kind that count: begun while or after the connection stood.
    fn counted(&self, how: How) -> Vec<Absence> {
        let Some(connected_at) = self.connected_at else { return Vec::new() };
        let absences = self.people.values().flat_map(|person| &person.absences).copied();
        absences
            .filter(|absence| absence.how == how)
            .filter(|absence| connected_at <= absence.from && absence.from <= self.end_ms)
            .filter(|absence| !self.end.coincides(absence.from))
            .collect()
    }

    fn losses(&self, medium: Medium) -> Vec<Span> {
        self.people.values().flat_map(|person| person.story.losses(medium, self.end_ms)).collect()
    }

    fn losses_connected(&self, medium: Medium) -> usize {
        let losses = self.losses(medium);
        losses.iter().filter(|loss| self.connected.iter().any(|span| span.overlaps(**loss))).count()
    }

    fn lost_ms(&self, medium: Medium) -> i64 {
        let losses = self.losses(medium);
        let lost = |span: &Span| total(&pieces(*span, &losses, |at| any_holds(&losses, at)));
        self.connected.iter().map(lost).sum()
    }

    fn interrupted_ms(&self) -> i64 {
        let Some(from) = self.connected_at else { return 0 };
        let absences = self.people.values().flat_map(|person| &person.absences);
        let away = absences.filter(|absence| match absence.how {
            How::Blip => true,
            How::Left => absence.back.is_some(),
            How::Drop | How::ClosingGap => false,
        });
        let mut interruptions = self.losses(AUDIO);
        interruptions.extend(away.map(|absence| absence.span(self.end_ms)));
        let whole = Span { from, to: self.end_ms };
        total(&pieces(whole, &interruptions, |at| any_holds(&interruptions, at)))
    }

    /// Rule 11; only what there is.
    fn anomalies(&self, all: &[Moment<'_>], conflicting: usize) -> Value {
        let effects = |effect| self.people.values().map(|person| person.story.count(effect)).sum::<usize>();
        let terminals = count(all, &super::moment::TERMINAL);
        let after_end =
            |moment: &&Moment<'_>| moment.at > self.end_ms && (moment.is(&COMING) || moment.is(&GOING));
        let closing = self.people.values().flat_map(|person| &person.absences);
        let counts = [
            ("conflicting_duplicate", conflicting),
            ("role_conflict", self.cast.role_conflicts),
            ("platform_conflict", other_platforms(all)),
            ("duplicate_join", effects(Effect::DuplicateJoin)),
            ("repeated_loss_or_restoration", effects(Effect::Repeated)),
            ("return_after_abandoned", self.end.undone),
            (
                "further_terminal",
                terminals.saturating_sub(self.end.undone + usize::from(self.end.is_terminal())),
            ),
            ("presence_after_end", all.iter().filter(after_end).count()),
            ("closing_gap", closing.filter(|absence| absence.how == How::ClosingGap).count()),
            ("unscored_questionnaire", unscored(all)),
        ];
        let counted = counts.into_iter().filter(|(_, count)| *count > 0);
        Value::Object(counted.map(|(name, count)| (name.to_owned(), json!(count))).collect())
    }
}

/// The pieces of time in which enough camps have somebody present.
fn connected(cast: &Cast<'_>, people: &BTreeMap<&str, Person<'_>>) -> Vec<Span> {
    let spans: Vec<Span> = people.values().flat_map(|person| &person.presence).copied().collect();
    let from = spans.iter().map(|span| span.from).min().unwrap_or_default();
    let to = spans.iter().map(|span| span.to).max().unwrap_or_default();
    pieces(Span { from, to }, &spans, |at| enough(cast, |name| any_holds(&people[name].presence, at)))
}

/// Whether enough camps have somebody of whom `is_there` is true.
fn enough(cast: &Cast<'_>, is_there: impl Fn(&str) -> bool) -> bool {
    let there = cast.camps().iter().filter(|camp| camp.iter().any(|name| is_there(name))).count();
    there >= cast.needed()
}

fn count(moments: &[Moment<'_>], kinds: &[Kind]) -> usize {
    moments.iter().filter(|moment| moment.is(kinds)).count()
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
