//! The reading: the events of one consultation become one outcome.
//!
//! A pure function of the marks, of what their sources can see, and of the parameters; it knows nothing
//! of arrival. The rules are numbered as in ARCHITECTURE.md: people and sides (1), presence (2),
//! grace (3), connection (4), the end (5), drops (6), media (7), attempts (8), what was never
//! connected (9), attribution (10), anomalies (11).

mod ending;
mod feedback;
mod media;
mod people;
mod presence;
mod spans;

use std::collections::BTreeMap;
use std::sync::Arc;

use event::{Context, Dimension, Kind, KindSet, Sides, Time};

use crate::episode::{Episode, Fact, Mark};
use crate::outcome::{Disturbance, Ending, FailedSide, InProgress, JoinTime, Outcome, RowSight};
use crate::parameters::Parameters;
use crate::source::Sight;
use ending::End;
use media::{AUDIO, Losses, VIDEO};
use people::{Pairing, People};
use presence::{Gap, Presence, Step};
use spans::{Span, at_least, intersection, length, union};

/// A consultation without an end is in progress while its last event is younger than this.
const OPEN_MS: i64 = 4 * 3_600_000;
/// A first try has no failure before this long after connection.
const FIRST_TRY_MS: i64 = 60_000;
/// A drop is recovered when the person is back within this time.
const RECOVERY_MS: i64 = 60_000;
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
    let marks = episode.marks();
    let context = context(marks, sights);
    let mut call = Call::of(marks, sights);
    if call.in_progress(parameters) {
        return Reading::Open(InProgress { consultation: consultation.to_owned(), context });
    }
    let mut row = empty_row(consultation, context, row_sight(marks, sights));
    call.attempts(&mut row);
    call.connection(parameters, &mut row);
    call.ending(&mut row);
    row.help_requests = marks.iter().filter(|mark| mark.kind == Kind::HelpRequested).count() as u32;
    row.join_ms = call.join_times();
    feedback::read(marks, &call.people, &mut row);
    row.undisturbed = row.first_try
        && row.drops == 0
        && row.hardly_interrupted(parameters)
        && row.ending == Ending::Completed;
    for (kind, count) in call.anomalies {
        *row.anomalies.entry(kind).or_default() += count;
    }
    Reading::Closed(Box::new(row))
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

    fn in_progress(&self, parameters: &Parameters) -> bool {
        let ended = self.end.is_some_and(|end| end.terminal.is_some());
        let cancelled = self.marks.iter().any(|mark| mark.kind == Kind::Cancelled);
        let last = self.marks.iter().map(|mark| match &mark.fact {
            Fact::Scheduled { booked_start: Some(start), .. } => mark.at.max(*start),
            _ => mark.at,
        });
        !ended && !cancelled && last.max().is_some_and(|last| parameters.until.since(last) < OPEN_MS)
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
        let gaps = self.gaps(end, parameters.grace_ms);
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
        drops(end, connected_at, self.counted(&gaps), row);
        row.interrupted_ms = interrupted_ms((connected_at, end.at), &audio, self.counted(&gaps));
        let (audio, video) = (audio.inside(&connected, end.at), video.inside(&connected, end.at));
        (row.audio_losses, row.audio_lost_ms, row.audio_times) = (audio.losses, audio.lost_ms, audio.times);
        (row.video_losses, row.video_lost_ms, row.video_times) = (video.losses, video.lost_ms, video.times);
    }

    /// The gaps of everybody up to the end, each with its class.
    fn gaps(&self, end: End, grace_ms: i64) -> Vec<(usize, ClassedGap)> {
        let class = |gap: Gap| match gap.back {
            _ if !gap.dropped => Class::Away,
            Some(back) if back - gap.from < grace_ms => Class::Blip,
            None if end.terminal == Some(Kind::Completed) && end.at - gap.from < grace_ms => Class::Closing,
            _ => Class::Drop,
        };
        (0..self.people.len())
            .flat_map(|i| self.presence[i].gaps(end.at).into_iter().map(move |gap| (i, gap)))
            .map(|(i, gap)| (i, ClassedGap { from: gap.from, back: gap.back, class: class(gap) }))
            .collect()
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
        match (patient, clinician) {
            (Some(p), Some(c)) if (p - c).abs() <= TOGETHER_MS => Some(FailedSide::Both),
            (Some(p), Some(c)) if c < p => Some(FailedSide::Clinician),
            (Some(_), _) => Some(FailedSide::Patient),
            (None, Some(_)) => Some(FailedSide::Clinician),
            (None, None) => None,
        }
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

/// A gap with what it amounts to.
struct ClassedGap {
    from: i64,
    back: Option<i64>,
    class: Class,
}

/// What a gap amounts to (rule 3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Lost for shorter than the grace.
    Blip,
    /// Lost for longer, or for good.
    Drop,
    /// Lost just before a completed end.
    Closing,
    /// Left.
    Away,
}

impl Class {
    fn keeps_presence(self) -> bool {
        matches!(self, Self::Blip | Self::Closing)
    }
}

impl ClassedGap {
    /// Whether it is a drop that can count: one in the millisecond of a terminal event does not.
    fn is_drop(&self, end: End) -> bool {
        self.class == Class::Drop && !(end.terminal.is_some() && self.from == end.at)
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

/// The circumstances: later values amend earlier ones, but the platform is the first (rule 10).
///
/// Most consultations tell them once; those share what was told.
fn context(marks: &[Mark], sights: &[Sight]) -> Arc<Context> {
    let mut told = marks.iter().filter_map(|mark| match &mark.fact {
        Fact::Scheduled { context, .. } | Fact::Joined(context) => context.as_ref(),
        _ => None,
    });
    let mut context = told.next().map(Arc::clone).unwrap_or_default();
    for later in told {
        let platform = context.get(Dimension::Platform).map(str::to_owned);
        let context = Arc::make_mut(&mut context);
        context.amend(later);
        if let Some(platform) = platform {
            context.set(Dimension::Platform, platform);
        }
    }
    if context.get(Dimension::Platform).is_none()
        && let Some(platform) = marks.iter().find_map(|mark| sights[mark.source as usize].platform.as_deref())
    {
        Arc::make_mut(&mut context).set(Dimension::Platform, platform);
    }
    context
}

fn row_sight(marks: &[Mark], sights: &[Sight]) -> RowSight {
    let (mut sees, mut observes, mut undeclared) = (KindSet::NONE, KindSet::NONE, false);
    let mut last = None;
    for mark in marks.iter().filter(|mark| last.replace(mark.source) != Some(mark.source)) {
        let sight = &sights[mark.source as usize];
        sees = sees.or(sight.sees);
        observes = observes.or(sight.sees.without(sight.infers));
        undeclared |= !sight.declared;
    }
    RowSight { sees, infers: sees.without(observes), undeclared }
}

/// Counts drops and blips between connection and end (rule 6).
fn drops<'a>(end: End, connected_at: i64, gaps: impl Iterator<Item = &'a ClassedGap>, row: &mut Outcome) {
    let counts =
        |gap: &&ClassedGap| gap.from >= connected_at && !(end.terminal.is_some() && gap.from == end.at);
    for gap in gaps.filter(counts) {
        match gap.class {
            Class::Blip => row.blips += 1,
            Class::Drop => {
                row.drops += 1;
                row.recovered_drops += u32::from(gap.back.is_some());
                row.recovered_60s += u32::from(gap.back.is_some_and(|back| back - gap.from <= RECOVERY_MS));
                row.drop_times.push(disturbance(gap.from, gap.back));
            }
            Class::Closing | Class::Away => {}
        }
    }
    row.drop_times.sort_unstable_by_key(|drop| (drop.at, drop.over_at));
    row.first_drop_ms = row.drop_times.first().map(|drop| drop.at.ms() - connected_at);
}

/// Time lost to losses of sound, blips and absences with a return (rule 7).
fn interrupted_ms<'a>(window: Span, audio: &Losses, gaps: impl Iterator<Item = &'a ClassedGap>) -> i64 {
    let interrupts = |gap: &&ClassedGap| matches!(gap.class, Class::Blip | Class::Away);
    let mut spans = audio.spans.clone();
    spans.extend(gaps.filter(interrupts).filter_map(|gap| Some((gap.from, gap.back?))));
    length(&intersection(&union(spans), &[window]))
}

fn empty_row(consultation: &str, context: Arc<Context>, sight: RowSight) -> Outcome {
    Outcome {
        consultation: consultation.to_owned(),
        context,
        attempted: false,
        connected: false,
        one_sided: false,
        first_try: false,
        connect_ms: None,
        waiting_ms: None,
        connected_ms: 0,
        down_ms: 0,
        blips: 0,
        drops: 0,
        first_drop_ms: None,
        recovered_drops: 0,
        recovered_60s: 0,
        audio_losses: 0,
        audio_lost_ms: 0,
        video_losses: 0,
        video_lost_ms: 0,
        interrupted_ms: 0,
        help_requests: 0,
        ending: Ending::EndNotSeen,
        ended_at: None,
        undisturbed: false,
        side: None,
        ratings: Vec::new(),
        scores: Vec::new(),
        adequacy: Vec::new(),
        invitations: Vec::new(),
        join_ms: Vec::new(),
        stage: None,
        drop_times: Vec::new(),
        audio_times: Vec::new(),
        video_times: Vec::new(),
        anomalies: BTreeMap::new(),
        sight,
    }
}
