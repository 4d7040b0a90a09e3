//! The reading: the events of one consultation become one outcome.
//!
//! A pure function of the marks, of what their sources can see, and of the parameters; it knows nothing
//! of arrival. The rules are numbered as in ARCHITECTURE.md: people and sides (1), presence (2),
//! grace (3), connection (4), the end (5), drops (6), media (7), attempts (8), what was never
//! connected (9), attribution (10), anomalies (11).

mod circumstances;
mod ending;
pub mod feedback;
mod gap;
mod media;
mod people;
pub mod plain;
mod presence;
mod spans;

use std::collections::BTreeMap;

use event::{Kind, Sides, Time};

use crate::episode::{Episode, Fact, Mark};
use crate::outcome::{Disturbance, Ending, FailedSide, InProgress, JoinTime, Outcome};
use crate::parameters::Parameters;
use crate::source::Sight;
use circumstances::{context, row_sight};
use ending::End;
use gap::{Class, ClassedGap};
use media::{AUDIO, Losses, VIDEO};
use people::{Pairing, People};
use presence::{Presence, Step};
use spans::{Span, at_least, intersection, length, union};

/// A consultation without an end is in progress while its last event is younger than this.
pub(crate) const OPEN_MS: i64 = 4 * 3_600_000;
/// A first try has no failure before this long after connection.
const FIRST_TRY_MS: i64 = 60_000;
/// Failures of both sides within this time are one failure of both.
const TOGETHER_MS: i64 = 5_000;

/// What reading one consultation gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is over.
    Closed(Box<Outcome>),
    /// It may still go on.
    Open(InProgress),
}

/// Reads one consultation from its settled episode.
#[must_use]
pub fn read(consultation: &str, episode: &Episode, sights: &[Sight], parameters: &Parameters) -> Reading {
    let call = Call::of(episode.marks(), sights);
    match call.open_since() {
        Some(last) if parameters.until.since(last) < OPEN_MS => {
            let context = context(episode.marks(), sights);
            Reading::Open(InProgress { consultation: consultation.to_owned(), context })
        }
        _ => Reading::Closed(Box::new(call.read(consultation, sights, parameters))),
    }
}

/// Reads one consultation as if it were over, and tells the last instant of it unless something ended it.
#[must_use]
pub fn read_as_over(
    consultation: &str,
    episode: &Episode,
    sights: &[Sight],
    parameters: &Parameters,
) -> (Outcome, Option<Time>) {
    let call = Call::of(episode.marks(), sights);
    let open_since = call.open_since();
    (call.read(consultation, sights, parameters), open_since)
}

/// One consultation while it is read.
struct Call<'a> {
    marks: &'a [Mark],
    people: People,
    /// By person.
    presence: Vec<Presence>,
    end: Option<End>,
    anomalies: BTreeMap<&'static str, u32>,
}
impl<'a> Call<'a> {
    fn of(marks: &'a [Mark], sights: &[Sight]) -> Self {
        let mut people = People::of(marks, sights);
        let mut anomalies = BTreeMap::new();
        let mut note = |kind| *anomalies.entry(kind).or_default() += 1;
        (0..people.role_conflicts).for_each(|_| note("role_conflict"));
        let terminal = End::terminal(marks, &people, &mut note);
        let steps = steps(marks, &people);
        // "For good" is judged on all events, everything else on those up to the end.
        let walk = |until: i64| -> Vec<Presence> {
            let upto = |steps: &Vec<Step>| steps.partition_point(|step| step.at <= until);
            steps.iter().map(|steps| Presence::walk(&steps[..upto(steps)])).collect()
        };
        let end = terminal.or_else(|| End::quiet(marks, &people, &walk(i64::MAX)));
        let until = end.map_or(i64::MIN, |end| end.at);
        let presence = walk(until);
        people.recount(marks, until);
        let after = steps.iter().flatten().filter(|step| step.tells_presence() && step.at > until).count();
        (0..after).for_each(|_| note("presence_after_end"));
        let duplicates: u32 = presence.iter().map(|presence| presence.duplicate_joins).sum();
        (0..duplicates).for_each(|_| note("duplicate_join"));
        Self { marks, people, presence, end, anomalies }
    }

    /// Its outcome, as if it were over.
    fn read(mut self, consultation: &str, sights: &[Sight], parameters: &Parameters) -> Outcome {
        let marks = self.marks;
        let mut row = Outcome::empty(consultation, context(marks, sights), row_sight(marks, sights));
        self.attempts(&mut row);
        self.connection(parameters, &mut row);
        self.ending(&mut row);
        row.help_requests = marks.iter().filter(|mark| mark.kind == Kind::HelpRequested).count() as u32;
        row.join_ms = self.join_times();
        feedback::read(marks, &self.people, &mut row);
        row.undisturbed = row.first_try
            && row.drops == 0
            && row.hardly_interrupted(parameters)
            && row.ending == Ending::Completed;
        for (kind, count) in self.anomalies {
            *row.anomalies.entry(kind).or_default() += count;
        }
        row
    }

    /// Its last instant, after which it is open for a while; none where something ended it (rule 5).
    fn open_since(&self) -> Option<Time> {
        let ended = self.end.is_some_and(|end| end.terminal.is_some());
        let cancelled = self.marks.iter().any(|mark| mark.kind == Kind::Cancelled);
        let last = self.marks.iter().map(|mark| match &mark.fact {
            Fact::Scheduled { booked_start: Some(start), .. } => mark.at.max(*start),
            _ => mark.at,
        });
        if ended || cancelled { None } else { last.max() }
    }

    /// Marks up to the end.
    fn upto_end(&self) -> impl Iterator<Item = &'a Mark> {
        let end = self.end.map_or(i64::MIN, |end| end.at);
        self.marks.iter().filter(move |mark| mark.at.ms() <= end)
    }

    /// First attempts of the two sides, as far as each tried (rule 8).
    fn first_attempts(&self) -> [Option<i64>; 2] {
        let first_of = |person: usize| {
            self.upto_end()
                .find(|mark| attempts(mark.kind) && self.people.index(mark) == Some(person))
                .map(|mark| mark.at.ms())
        };
        let first = |side: &[usize]| side.iter().filter_map(|i| first_of(*i)).min();
        match &self.people.sides {
            Pairing::Two(a, b) | Pairing::One(_, a, b) => [first(a), first(b)],
            Pairing::AnyTwo(people) => {
                let mut firsts: Vec<i64> = people.iter().filter_map(|i| first_of(*i)).collect();
                firsts.sort_unstable();
                [firsts.first().copied(), firsts.get(1).copied()]
            }
        }
    }

    fn attempts(&self, row: &mut Outcome) {
        let [a, b] = self.first_attempts();
        row.one_sided = matches!(self.people.sides, Pairing::One(..));
        let other = b.filter(|_| !row.one_sided);
        row.began_at = a.into_iter().chain(other).min().map(Time::from_ms);
        row.attempted = a.is_some() && (b.is_some() || row.one_sided);
        row.waiting_ms = a.zip(b).map(|(a, b)| (a - b).abs()).filter(|_| !row.one_sided);
        // The later side's first attempt; `connection` turns it into the time it took from there.
        row.connect_ms = if row.one_sided { a } else { a.zip(b).map(|(a, b)| a.max(b)) };
    }

    /// Everything that happens between connection and end (rules 3, 4, 6, 7).
    fn connection(&mut self, parameters: &Parameters, row: &mut Outcome) {
        let Some(end) = self.end else {
            row.connect_ms = None;
            return;
        };
        row.ended_at = Some(Time::from_ms(end.at));
        let gaps = gap::gaps(&self.presence, end, parameters.grace_ms);
        let (connected, connected_at) = self.connected(end, &gaps);
        let mut noted = Vec::new();
        let audio = Losses::of(AUDIO, &self.presence, &self.people, end.at, &mut |kind| noted.push(kind));
        let video = Losses::of(VIDEO, &self.presence, &self.people, end.at, &mut |kind| noted.push(kind));
        let closing = gaps.iter().filter(|(_, gap)| gap.class == Class::Closing).count();
        noted.extend(std::iter::repeat_n("closing_gap", closing));
        noted.into_iter().for_each(|kind| *self.anomalies.entry(kind).or_default() += 1);
        row.side = self.failed_side(end, &gaps);
        let Some(connected_at) = connected_at else {
            row.connect_ms = None;
            return;
        };
        row.connected = true;
        row.connect_ms = row.connect_ms.map(|tried| connected_at - tried);
        row.connected_ms = length(&connected);
        row.down_ms = end.at - connected_at - row.connected_ms;
        row.first_try = self.first_try(end, connected_at, &gaps);
        gap::drops(end, connected_at, self.counted(&gaps), row);
        row.interrupted_ms = gap::interrupted_ms((connected_at, end.at), &audio, self.counted(&gaps));
        let (audio, video) = (audio.inside(&connected, end.at), video.inside(&connected, end.at));
        (row.audio_losses, row.audio_lost_ms, row.audio_times) = (audio.losses, audio.lost_ms, audio.times);
        (row.video_losses, row.video_lost_ms, row.video_times) = (video.losses, video.lost_ms, video.times);
    }

    /// The times at which both sides are present, and the first of them.
    fn connected(&self, end: End, gaps: &[(usize, ClassedGap)]) -> (Vec<Span>, Option<i64>) {
        let present = |i: usize| -> Vec<Span> {
            let bridged = gaps.iter().filter(|(who, gap)| *who == i && gap.class.keeps_presence());
            let mut spans = self.presence[i].spans(end.at);
            spans.extend(bridged.map(|(_, gap)| (gap.from, gap.back.unwrap_or(end.at))));
            union(spans)
        };
        let side = |side: &[usize]| union(side.iter().flat_map(|i| present(*i)).collect());
        let lasts = |side: &[usize]| side.iter().filter(|i| self.presence[**i].lasts_to(end.at)).count();
        let (connected, both_last) = match &self.people.sides {
            Pairing::Two(a, b) => (intersection(&side(a), &side(b)), lasts(a) > 0 && lasts(b) > 0),
            Pairing::One(_, people, _) => (side(people), lasts(people) > 0),
            Pairing::AnyTwo(people) => {
                let each: Vec<Vec<Span>> = people.iter().map(|i| present(*i)).collect();
                (at_least(2, &each), lasts(people) > 1)
            }
        };
        let at_the_end = (end.terminal.is_none() && both_last).then_some(end.at);
        let first = connected.first().map(|(from, _)| *from).or(at_the_end);
        (connected, first)
    }

    fn first_try(&self, end: End, connected_at: i64, gaps: &[(usize, ClassedGap)]) -> bool {
        let before = connected_at + FIRST_TRY_MS;
        let failed = self.upto_end().any(|mark| {
            mark.kind == Kind::JoinFailed && mark.at.ms() < before && self.people.counting(mark).is_some()
        });
        let dropped = self.counted(gaps).any(|gap| gap.is_drop(end) && gap.from < before);
        !failed && !dropped
    }

    /// The gaps of people who count.
    fn counted<'b>(&'b self, gaps: &'b [(usize, ClassedGap)]) -> impl Iterator<Item = &'b ClassedGap> {
        let counts: Vec<usize> = self.people.who_count().collect();
        gaps.iter().filter(move |(i, _)| counts.contains(i)).map(|(_, gap)| gap)
    }

    /// On which side something first failed: a join, or a connection.
    fn failed_side(&self, end: End, gaps: &[(usize, ClassedGap)]) -> Option<FailedSide> {
        let joins = self
            .upto_end()
            .filter(|mark| mark.kind == Kind::JoinFailed)
            .filter_map(|mark| Some((mark.at.ms(), self.people.counting(mark)?)));
        let drops = gaps.iter().filter(|(_, gap)| gap.is_drop(end)).map(|(i, gap)| (gap.from, *i));
        let (mut patient, mut clinician) = (None, None);
        for (at, person) in joins.chain(drops) {
            let first = match self.people.sides.side_of(person) {
                Some(Sides::Patient) => &mut patient,
                Some(Sides::Clinician) => &mut clinician,
                _ => continue,
            };
            *first = Some(first.map_or(at, |first: i64| first.min(at)));
        }
        first_side(patient, clinician)
    }

    /// The ending, by terminal event or by what did not happen (rule 5).
    fn ending(&self, row: &mut Outcome) {
        let has = |kind| self.marks.iter().any(|mark| mark.kind == kind);
        let tried = self.first_attempts().iter().filter(|first| first.is_some()).count();
        row.ending = match self.end.and_then(|end| end.ending) {
            Some(ending) => ending,
            None if has(Kind::Cancelled) && tried == 0 => Ending::Cancelled,
            None if has(Kind::Scheduled) && tried == 0 => Ending::NoShow,
            None if tried == 1 && !row.one_sided => Ending::OtherSideAbsent,
            None if row.attempted && !row.connected => Ending::FailedToConnect,
            None => Ending::EndNotSeen,
        };
        if let Some(told_by) = self.end.and_then(|end| end.told_by)
            && let Fact::Abandoned(stage) = &self.marks[told_by].fact
        {
            row.stage = stage.as_deref().map(str::to_owned);
        }
    }

    /// From opening the link to the next join, once per person.
    fn join_times(&self) -> Vec<JoinTime> {
        let time = |person: usize| {
            let theirs = |kind: Kind, after: i64| {
                self.upto_end()
                    .find(|mark| {
                        mark.kind == kind && mark.at.ms() >= after && self.people.index(mark) == Some(person)
                    })
                    .map(|mark| mark.at.ms())
            };
            let opened = theirs(Kind::JoinAttempted, i64::MIN)?;
            Some(JoinTime { role: self.people.role(person), ms: theirs(Kind::Joined, opened)? - opened })
        };
        let mut times: Vec<JoinTime> = (0..self.people.len()).filter_map(time).collect();
        times.sort_unstable_by_key(|time| (time.role, time.ms));
        times
    }
}

/// The side whose failure came first, where both failed.
fn first_side(patient: Option<i64>, clinician: Option<i64>) -> Option<FailedSide> {
    match (patient, clinician) {
        (Some(p), Some(c)) if (p - c).abs() <= TOGETHER_MS => Some(FailedSide::Both),
        (Some(p), Some(c)) if c < p => Some(FailedSide::Clinician),
        (Some(_), _) => Some(FailedSide::Patient),
        (None, Some(_)) => Some(FailedSide::Clinician),
        (None, None) => None,
    }
}

fn attempts(kind: Kind) -> bool {
    matches!(kind, Kind::JoinAttempted | Kind::Waiting | Kind::Joined | Kind::Rejoined | Kind::JoinFailed)
}

/// By person, the marks that tell presence, sound or picture.
fn steps(marks: &[Mark], people: &People) -> Vec<Vec<Step>> {
    let mut steps = vec![Vec::new(); people.len()];
    for mark in marks {
        let told = Sight::watches(mark.kind)
            && !matches!(mark.kind, Kind::JoinAttempted | Kind::Waiting | Kind::JoinFailed);
        if let (true, Some(person)) = (told, people.index(mark)) {
            steps[person].push(Step { at: mark.at.ms(), kind: mark.kind });
        }
    }
    steps
}

pub(crate) fn disturbance(at: i64, over_at: Option<i64>) -> Disturbance {
    Disturbance { at: Time::from_ms(at), over_at: over_at.map(Time::from_ms) }
}
