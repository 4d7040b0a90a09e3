//! The plain reading: a call between one patient and one clinician, straight to its gist.
//!
//! Nine in ten consultations are two joins and an end, and nearly all others of two people add a drop or
//! a loss of sound. They are read here from *keys*, one number a mark, in a few dozen nanoseconds and
//! without a list on the heap. The rules are those of [`read`](super::read); whatever needs more of them
//! (marks of one millisecond, a `left` that pairs with a join, two ends, more disturbances than there is
//! room for) is not plain, and read there. It is never a guess: a reading is the same or there is none.

use event::{Kind, Target, Time};

use super::{FIRST_TRY_MS, OPEN_MS};
use crate::gist::{Flags, Gist, NO_TIME};
use crate::outcome::Ending;
use crate::parameters::Parameters;

/// Stays of one person, and stretches of time, that there is room for.
const STAYS: usize = 8;
const SPANS: usize = 16;
const PAIR_MS: i64 = 1_000;
const SHORTEST_MS: i64 = 150;
const RECOVERY_MS: i64 = 60_000;

const KIND_SHIFT: u32 = 10;
const AT_SHIFT: u32 = 15;
const PERSON_SHIFT: u32 = 8;
const TARGET_SHIFT: u32 = 6;

/// Who a mark happened to, in a call of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Person {
    /// The consultation as a whole.
    Nobody,
    /// The one patient.
    Patient,
    /// The one clinician.
    Clinician,
}

/// One mark of a call of two: instant, kind, person and target in one number, ordered as a reading
/// takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key(u64);

impl Key {
    /// The key of a mark; `target` is that of a `converted`.
    #[must_use]
    pub fn new(at: Time, kind: Kind, person: Person, target: Target) -> Self {
        Self::at_time(at, Self::low(kind, person) | Self::target(target))
    }

    /// What the key of a mark that happened to a person has beside others.
    #[must_use]
    pub fn of(person: Person) -> u64 {
        (person as u64) << PERSON_SHIFT
    }

    /// What the key of a `converted` has beside the others.
    #[must_use]
    pub fn target(target: Target) -> u64 {
        let target = match target {
            Target::Phone => 0,
            Target::InPerson => 1,
            Target::OtherPlatform => 2,
            Target::Other => 3,
        };
        target << TARGET_SHIFT
    }

    /// The key of a mark without its instant, which [`Self::at_time`] puts in.
    #[must_use]
    pub fn low(kind: Kind, person: Person) -> u64 {
        (kind as u64) << KIND_SHIFT | (person as u64) << PERSON_SHIFT
    }

    /// The key of the mark that `low` is of, at `at`.
    #[must_use]
    pub fn at_time(at: Time, low: u64) -> Self {
        Self(((at.ms() - Time::MIN.ms()) as u64) << AT_SHIFT | low)
    }

    /// Whether a mark of `kind` is one that keys are made of: of the call, and told in full by its key.
    #[must_use]
    pub fn tells(kind: Kind) -> bool {
        (Kind::JoinAttempted..=Kind::Completed).contains(&kind)
    }

    fn at(self) -> i64 {
        (self.0 >> AT_SHIFT) as i64
    }

    fn rank(self) -> u8 {
        (self.0 >> KIND_SHIFT) as u8 & 31
    }

    fn is(self, kind: Kind) -> bool {
        self.rank() == kind as u8
    }

    fn person(self) -> usize {
        (self.0 >> PERSON_SHIFT) as usize & 3
    }

    fn joins(self) -> bool {
        self.is(Kind::Joined) || self.is(Kind::Rejoined)
    }

    fn attempts(self) -> bool {
        (Kind::JoinAttempted as u8..=Kind::Rejoined as u8).contains(&self.rank())
    }

    fn ends(self) -> bool {
        (Kind::Converted as u8..=Kind::Completed as u8).contains(&self.rank())
    }

    fn ending(self) -> Ending {
        match (self.is(Kind::Completed), self.is(Kind::Abandoned), self.0 >> TARGET_SHIFT & 3) {
            (true, _, _) => Ending::Completed,
            (_, true, _) => Ending::Abandoned,
            (_, _, 0) => Ending::ConvertedPhone,
            (_, _, 1) => Ending::ConvertedInPerson,
            (_, _, 2) => Ending::ConvertedPlatform,
            _ => Ending::ConvertedOther,
        }
    }
}

/// What a plain reading gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain {
    /// The numbers; whether it was scheduled or cancelled is not in the keys.
    pub gist: Gist,
    /// How long each counted drop with a return lasted, in ms, of which there are as many as recovered.
    pub returns: [u32; 2 * STAYS],
    /// From opening the link to joining, of the patient and of the clinician, in ms.
    pub join_ms: [u32; 2],
}

impl Plain {
    const NOTHING: Self =
        Self { gist: Gist::NOTHING, returns: [0; 2 * STAYS], join_ms: [NO_TIME; 2] };

    /// How long each counted drop with a return lasted, in ms, in the order of the drops.
    #[must_use]
    pub fn returns(&self) -> &[u32] {
        &self.returns[..usize::from(self.gist.recovered_drops)]
    }
}

impl Gist {
    /// Whether it is over by `until` (rule 5).
    #[must_use]
    pub fn is_over(&self, until: Time) -> bool {
        self.flags.has(Flags::TERMINAL)
            || self.flags.has(Flags::CANCELLED)
            || until.ms() - self.last_ms >= OPEN_MS
    }
}

/// Reads a call of two from its keys, which are in order, unless it is not plain.
///
/// # Panics
///
/// Never; keys out of order are not plain.
#[must_use]
pub fn read(keys: &[Key], parameters: &Parameters) -> Option<Plain> {
    if let [a, b, end] = keys
        && a.is(Kind::Joined)
        && b.is(Kind::Joined)
        && end.ends()
        && a.person() + b.person() == 3
        && a.person() != b.person()
        && a.at() < b.at()
        && b.at() < end.at()
    {
        return two_joins(*a, *b, *end);
    }
    Reader::of(keys, parameters)?.read()
}

/// Two people join, and it ends.
fn two_joins(a: Key, b: Key, end: Key) -> Option<Plain> {
    let mut plain = Plain::NOTHING;
    let gist = &mut plain.gist;
    gist.last_ms = end.at() + Time::MIN.ms();
    gist.connect_ms = 0;
    gist.waiting_ms = time(b.at() - a.at())?;
    gist.connected_ms = time(end.at() - b.at())?;
    gist.ending = end.ending();
    gist.flags = Flags::ATTEMPTED
        .with(Flags::CONNECTED)
        .with(Flags::FIRST_TRY)
        .with(Flags::TERMINAL)
        .with(Flags::CALL)
        .with_if(end.is(Kind::Completed), Flags::UNDISTURBED);
    Some(plain)
}

/// A time that a gist has room for.
fn time(ms: i64) -> Option<u32> {
    u32::try_from(ms).ok().filter(|ms| *ms != NO_TIME)
}

/// One call while it is read.
struct Reader<'a> {
    parameters: &'a Parameters,
    all: &'a [Key],
    /// Keys up to the end.
    keys: &'a [Key],
    terminal: Option<Key>,
    end: i64,
    /// Of the patient and of the clinician, up to the end.
    stays: [Stays; 2],
}

impl<'a> Reader<'a> {
    fn of(all: &'a [Key], parameters: &'a Parameters) -> Option<Self> {
        let apart = |pair: &[Key]| pair[0].at() < pair[1].at();
        if all.is_empty() || !all.windows(2).all(apart) {
            return None;
        }
        let mut ends = all.iter().enumerate().filter(|(_, key)| key.ends());
        let (first, second) = (ends.next(), ends.next());
        if second.is_some() {
            return None;
        }
        let (keys, terminal, end) = match first {
            Some((place, key)) if key.is(Kind::Abandoned) && place + 1 < all.len() => return None,
            Some((place, key)) => (&all[..=place], Some(*key), key.at()),
            None => {
                let stays = [Stays::of(all, 1)?, Stays::of(all, 2)?];
                let gone = stays.iter().filter_map(Stays::gone_at).min();
                let end = gone.unwrap_or(all[all.len() - 1].at());
                (&all[..all.partition_point(|key| key.at() <= end)], None, end)
            }
        };
        let stays = [Stays::of(keys, 1)?, Stays::of(keys, 2)?];
        Some(Self { parameters, all, keys, terminal, end, stays })
    }

    fn read(&self) -> Option<Plain> {
        let mut plain = Plain::NOTHING;
        let gist = &mut plain.gist;
        gist.last_ms = self.all[self.all.len() - 1].at() + Time::MIN.ms();
        gist.help_requests = self.all.iter().filter(|key| key.is(Kind::HelpRequested)).count().try_into().ok()?;
        let attempt = |person| self.keys.iter().find(|key| key.attempts() && key.person() == person);
        let tried = [1, 2].map(|person| attempt(person).map(|key| key.at()));
        gist.flags = Flags::CALL
            .with_if(self.terminal.is_some(), Flags::TERMINAL)
            .with_if(tried.iter().flatten().count() == 1, Flags::ONE_TRIED);
        if let [Some(a), Some(b)] = tried {
            gist.flags = gist.flags.with(Flags::ATTEMPTED);
            gist.waiting_ms = time((a - b).abs())?;
        }
        plain.join_ms = [self.join_ms(1)?, self.join_ms(2)?];
        self.connection(tried, &mut plain)?;
        let gist = &mut plain.gist;
        gist.ending = self.terminal.map_or_else(|| gist.quiet_ending(), Key::ending);
        let hardly = i64::from(gist.interrupted_ms) <= self.parameters.interrupted_max_ms
            && i64::from(gist.interrupted_ms) * 1_000
                <= i64::from(gist.connected_ms) * self.parameters.interrupted_max_permille;
        let undisturbed = gist.flags.has(Flags::FIRST_TRY)
            && gist.drops == 0
            && hardly
            && gist.ending == Ending::Completed;
        gist.flags = gist.flags.with_if(undisturbed, Flags::UNDISTURBED);
        Some(plain)
    }

    fn connection(&self, tried: [Option<i64>; 2], plain: &mut Plain) -> Option<()> {
        let [patient, clinician] = [self.present(0)?, self.present(1)?];
        let connected = patient.intersection(&clinician)?;
        let lasting = self.stays.iter().all(|stays| stays.present) && self.terminal.is_none();
        let Some(connected_at) = connected.list().first().map(|span| span.0).or(lasting.then_some(self.end))
        else {
            return Some(());
        };
        let gist = &mut plain.gist;
        gist.flags = gist.flags.with(Flags::CONNECTED);
        if let [Some(a), Some(b)] = tried {
            gist.connect_ms = time(connected_at - a.max(b))?;
        }
        let connected_ms = connected.length();
        gist.connected_ms = time(connected_ms)?;
        gist.down_ms = time(self.end - connected_at - connected_ms)?;
        self.gaps(connected_at, plain);
        let gist = &mut plain.gist;
        let failed = |key: &Key| {
            key.is(Kind::JoinFailed) && key.person() > 0 && key.at() < connected_at + FIRST_TRY_MS
        };
        let first_try = !self.keys.iter().any(failed) && !self.dropped_before(connected_at + FIRST_TRY_MS);
        gist.flags = gist.flags.with_if(first_try, Flags::FIRST_TRY);
        let audio = self.audio()?;
        let counted = audio.touching(&connected);
        gist.audio_losses = counted.list().len() as u8;
        gist.audio_lost_ms = time(counted.union().intersection(&connected)?.length())?;
        let mut interrupted = audio;
        for gap in self.stays.iter().flat_map(Stays::gaps) {
            if let (true, Some(back)) = (self.interrupts(&gap), gap.back) {
                interrupted.push((gap.from, back))?;
            }
        }
        let window = Spans::one((connected_at, self.end));
        gist.interrupted_ms = time(interrupted.union().intersection(&window)?.length())?;
        Some(())
    }

    /// When a person counts as present: blips, and a gap that a completed end closes, do not break it.
    fn present(&self, person: usize) -> Option<Spans> {
        let stays = &self.stays[person];
        let (mut spans, mut since) = (Spans::default(), None);
        for place in 0..stays.count {
            let from = since.take().unwrap_or(stays.list[place].0);
            match stays.gap_after(place) {
                Some(gap) if !self.keeps_presence(&gap) => spans.push((from, gap.from))?,
                Some(gap) if gap.back.is_some() => since = Some(from),
                _ => spans.push((from, self.end))?,
            }
        }
        Some(spans)
    }

    fn is_blip(&self, gap: &Gap) -> bool {
        gap.dropped && gap.back.is_some_and(|back| back - gap.from < self.parameters.grace_ms)
    }

    fn closes(&self, gap: &Gap) -> bool {
        gap.dropped
            && gap.back.is_none()
            && self.terminal.is_some_and(|end| end.is(Kind::Completed))
            && self.end - gap.from < self.parameters.grace_ms
    }

    fn keeps_presence(&self, gap: &Gap) -> bool {
        self.is_blip(gap) || self.closes(gap)
    }

    fn is_drop(&self, gap: &Gap) -> bool {
        gap.dropped && !self.keeps_presence(gap)
    }

    fn interrupts(&self, gap: &Gap) -> bool {
        !gap.dropped || self.is_blip(gap)
    }

    fn dropped_before(&self, at: i64) -> bool {
        self.stays.iter().flat_map(Stays::gaps).any(|gap| self.is_drop(&gap) && gap.from < at)
    }

    fn gaps(&self, connected_at: i64, plain: &mut Plain) {
        let (mut drops, mut count) = ([(0, None); 2 * STAYS], 0);
        for gap in self.stays.iter().flat_map(Stays::gaps).filter(|gap| gap.from >= connected_at) {
            if self.is_blip(&gap) {
                plain.gist.blips += 1;
            } else if self.is_drop(&gap) {
                drops[count] = (gap.from, gap.back);
                count += 1;
            }
        }
        let drops = &mut drops[..count];
        drops.sort_unstable();
        let gist = &mut plain.gist;
        gist.drops = count as u8;
        if let Some((first, _)) = drops.first() {
            gist.first_drop_ms = (first - connected_at) as u32;
        }
        for (from, back) in drops.iter().filter_map(|(from, back)| Some((from, (*back)?))) {
            plain.returns[usize::from(gist.recovered_drops)] = (back - from) as u32;
            gist.recovered_drops += 1;
            gist.recovered_60s += u8::from(back - from <= RECOVERY_MS);
        }
    }

    /// Losses of sound of both, long enough to be counted.
    fn audio(&self) -> Option<Spans> {
        let mut spans = Spans::default();
        for person in [1, 2] {
            let mut since = None;
            for key in self.keys.iter().filter(|key| key.person() == person) {
                let restored = key.is(Kind::AudioRestored) || key.is(Kind::Dropped) || key.is(Kind::Left);
                if key.is(Kind::AudioLost) && since.is_none() {
                    since = Some(key.at());
                } else if let (true, Some(from)) = (restored, since) {
                    spans.push_loss((from, key.at()))?;
                    since = None;
                }
            }
            if let Some(from) = since {
                spans.push_loss((from, self.end))?;
            }
        }
        Some(spans)
    }

    /// From opening the link to the next join of a person, [`NO_TIME`] where not both were seen.
    fn join_ms(&self, person: usize) -> Option<u32> {
        let mut theirs = self.keys.iter().filter(|key| key.person() == person);
        let opened = theirs.find(|key| key.is(Kind::JoinAttempted));
        let joined = opened.and_then(|_| theirs.find(|key| key.is(Kind::Joined)));
        match (opened, joined) {
            (Some(opened), Some(joined)) => time(joined.at() - opened.at()),
            _ => Some(NO_TIME),
        }
    }
}

/// How one person came and went.
#[derive(Clone, Copy)]
struct Stays {
    /// From when to when; the latter means nothing while the last one lasts.
    list: [(i64, (i64, bool)); STAYS],
    count: usize,
    present: bool,
}

/// A time a person was not there.
#[derive(Clone, Copy)]
struct Gap {
    from: i64,
    back: Option<i64>,
    dropped: bool,
}

impl Stays {
    /// The stays of a person; none where a `left` and a join may pair, or where there is no room.
    fn of(keys: &[Key], person: usize) -> Option<Self> {
        let mut stays = Self { list: [(0, (0, false)); STAYS], count: 0, present: false };
        let mut last: Option<Key> = None;
        for key in keys.iter().filter(|key| key.person() == person) {
            let (joins, dropped) = (key.joins(), key.is(Kind::Dropped));
            if !joins && !dropped && !key.is(Kind::Left) {
                continue;
            }
            let pairs = last.is_some_and(|last| {
                !dropped
                    && !last.is(Kind::Dropped)
                    && last.joins() != joins
                    && key.at() - last.at() <= PAIR_MS
            });
            if pairs {
                return None;
            }
            last = Some(*key);
            if joins && !stays.present {
                *stays.list.get_mut(stays.count)? = (key.at(), (0, false));
                stays.count += 1;
                stays.present = true;
            } else if !joins && stays.present {
                stays.list[stays.count - 1].1 = (key.at(), dropped);
                stays.present = false;
            }
        }
        Some(stays)
    }

    fn gone_at(&self) -> Option<i64> {
        let last = self.count.checked_sub(1)?;
        (!self.present).then(|| self.list[last].1.0)
    }

    /// The gap behind a stay; none where it lasts.
    fn gap_after(&self, place: usize) -> Option<Gap> {
        let last = place + 1 == self.count;
        if last && self.present {
            return None;
        }
        let (from, dropped) = self.list[place].1;
        let back = (!last).then(|| self.list[place + 1].0);
        Some(Gap { from, back, dropped })
    }

    fn gaps(&self) -> impl Iterator<Item = Gap> {
        (0..self.count).filter_map(|place| self.gap_after(place))
    }
}

/// A few stretches of time, each half-open, in room that is always there.
#[derive(Clone, Copy, Default)]
struct Spans {
    list: [(i64, i64); SPANS],
    count: usize,
}

impl Spans {
    fn one(span: (i64, i64)) -> Self {
        let mut spans = Self::default();
        (spans.list[0], spans.count) = (span, 1);
        spans
    }

    fn list(&self) -> &[(i64, i64)] {
        &self.list[..self.count]
    }

    /// Adds a span unless it is empty; none where there is no room.
    fn push(&mut self, span: (i64, i64)) -> Option<()> {
        if span.0 < span.1 {
            *self.list.get_mut(self.count)? = span;
            self.count += 1;
        }
        Some(())
    }

    /// Adds a loss unless it is too short to be counted.
    fn push_loss(&mut self, span: (i64, i64)) -> Option<()> {
        if span.1 - span.0 < SHORTEST_MS { Some(()) } else { self.push(span) }
    }

    /// Those that have a moment in common with `union`.
    fn touching(&self, union: &Self) -> Self {
        let touches = |span: &(i64, i64)| {
            union.list().iter().any(|(from, to)| span.0.max(*from) < span.1.min(*to))
        };
        let mut kept = Self::default();
        for span in self.list().iter().filter(|span| touches(span)) {
            kept.list[kept.count] = *span;
            kept.count += 1;
        }
        kept
    }

    /// Their union, in order.
    fn union(mut self) -> Self {
        self.list[..self.count].sort_unstable();
        let mut union = Self::default();
        for span in self.list() {
            match union.list[..union.count].last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => {
                    union.list[union.count] = *span;
                    union.count += 1;
                }
            }
        }
        union
    }

    /// The common part of two unions; none where there is no room.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let (mut i, mut j, mut common) = (0, 0, Self::default());
        while i < self.count && j < other.count {
            let (one, two) = (self.list[i], other.list[j]);
            common.push((one.0.max(two.0), one.1.min(two.1)))?;
            if one.1 < two.1 { i += 1 } else { j += 1 }
        }
        Some(common)
    }

    fn length(&self) -> i64 {
        self.list().iter().map(|(from, to)| to - from).sum()
    }
}

#[cfg(test)]
mod tests {
    use event::{Context, Role};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::{Reading, read as read_marks};
    use super::*;
    use crate::episode::{Episode, Fact, Mark, Who};
    use crate::outcome::Outcome;
    use crate::source::Sight;

    type Step = (i64, Kind, Person);

    fn sights() -> Vec<Sight> {
        vec![crate::source::Sources::default().sight("s")]
    }

    /// What the whole reading says of the same marks.
    fn whole(steps: &[Step], parameters: &Parameters) -> Outcome {
        let mut episode = Episode::default();
        for (position, (at, kind, person)) in steps.iter().enumerate() {
            let (who, role) = match person {
                Person::Nobody => (None, None),
                Person::Patient => (Some(Who::named("p")), Some(Role::Patient)),
                Person::Clinician => (Some(Who::named("k")), Some(Role::Clinician)),
            };
            let fact = match kind {
                Kind::Converted => Fact::Converted(Target::InPerson),
                Kind::Abandoned => Fact::Abandoned(None),
                _ => Fact::Nothing,
            };
            let position = position as u64;
            let (at, kind) = (Time::from_ms(*at), *kind);
            episode.push(Mark { at, kind, who, role, source: 0, position, tie: position, fact });
        }
        let _ = episode.settle(&sights());
        match read_marks("c", &episode, &sights(), parameters) {
            Reading::Closed(row) => *row,
            Reading::Open(_) => unreachable!("it is long over"),
        }
    }

    fn keys(steps: &[Step]) -> Vec<Key> {
        let key = |(at, kind, person): &Step| Key::new(Time::from_ms(*at), *kind, *person, Target::InPerson);
        let mut keys: Vec<Key> = steps.iter().map(key).collect();
        keys.sort_unstable();
        keys
    }

    /// Checks that the plain reading, if there is one, is the whole one; and whether there is one.
    fn check(steps: &[Step]) -> bool {
        let parameters = Parameters::as_of(Time::MAX);
        let Some(plain) = read(&keys(steps), &parameters) else { return false };
        let whole = whole(steps, &parameters);
        let mut row = Outcome::empty("c", std::sync::Arc::new(Context::default()), whole.sight);
        plain.gist.tell(&mut row);
        let drops = |row: &Outcome| -> Vec<u32> {
            row.drop_times.iter().filter_map(|drop| Some(drop.over_at?.since(drop.at) as u32)).collect()
        };
        assert_eq!(plain.returns(), drops(&whole), "{steps:?}");
        let joins = [(Role::Patient, 0), (Role::Clinician, 1)].map(|(role, place)| {
            let theirs = whole.join_ms.iter().find(|time| time.role == role).map(|time| time.ms as u32);
            (theirs, Some(plain.join_ms[place]).filter(|ms| *ms != NO_TIME))
        });
        joins.into_iter().for_each(|(theirs, ours)| assert_eq!(ours, theirs, "{steps:?}"));
        let last = steps.iter().map(|step| step.0).max().unwrap();
        assert_eq!(plain.gist.last_ms, last);
        // What a gist has no room for.
        row.ended_at = whole.ended_at;
        (row.side, row.join_ms, row.anomalies) = (whole.side, whole.join_ms.clone(), whole.anomalies.clone());
        (row.drop_times, row.audio_times) = (whole.drop_times.clone(), whole.audio_times.clone());
        (row.video_losses, row.video_lost_ms) = (whole.video_losses, whole.video_lost_ms);
        row.video_times.clone_from(&whole.video_times);
        assert_eq!(row, whole, "{steps:?}");
        true
    }

    fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| Key::tells(*kind)).collect();
        let often = vec![Kind::Joined, Kind::Rejoined, Kind::Dropped, Kind::Left, Kind::AudioLost];
        let kind = prop_oneof![3 => select(often), 2 => select(kinds), 1 => Just(Kind::Completed)];
        let apart = select(vec![0, 1, 149, 150, 151, 999, 1_000, 1_001, 9_000, 14_999, 15_000, 15_001, 60_000, 600_000]);
        let person = select(vec![Person::Patient, Person::Clinician, Person::Patient, Person::Nobody]);
        vec((apart, kind, person), 1..most).prop_map(|steps| {
            let mut at = 0;
            steps.into_iter().map(|(apart, kind, person)| { at += apart; (at, kind, person) }).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_plain_reading_is_the_whole_one(
            joins in select(vec![0_usize, 1, 2]),
            rest in steps(12),
        ) {
            let mut steps: Vec<Step> = vec![(-70_000, Kind::Joined, Person::Patient), (-30_000, Kind::Joined, Person::Clinician)];
            steps.truncate(joins);
            steps.extend(rest);
            check(&steps);
        }
    }

    #[test]
    fn what_most_calls_are_like_is_plain() {
        use Kind::{AudioLost, AudioRestored, Completed, Converted, Dropped, JoinFailed, Joined, Left, Rejoined};
        use Person::{Clinician, Nobody, Patient};
        let joined = [(0, Joined, Clinician), (30_000, Joined, Patient)];
        let calls: [&[Step]; 6] = [
            &[(600_000, Completed, Clinician)],
            &[(90_000, Dropped, Patient), (120_000, Rejoined, Patient), (600_000, Completed, Clinician)],
            &[(90_000, AudioLost, Patient), (99_000, AudioRestored, Patient), (600_000, Converted, Nobody)],
            &[(500_000, Left, Patient), (502_000, Left, Clinician)],
            &[(590_000, Dropped, Patient), (600_000, Completed, Clinician)],
            &[(40_000, JoinFailed, Patient)],
        ];
        for rest in calls {
            assert!(check(&[&joined[..], rest].concat()), "{rest:?}");
        }
        assert!(check(&[(0, Joined, Patient), (400_000, Left, Patient)]));
    }

    #[test]
    fn what_needs_the_whole_reading_is_not_plain() {
        use Kind::{Completed, Joined, Left};
        use Person::{Clinician, Patient};
        assert!(!check(&[(0, Joined, Clinician), (0, Joined, Patient), (9_000, Completed, Clinician)]));
        assert!(!check(&[(0, Joined, Patient), (5_000, Left, Patient), (5_900, Joined, Patient)]));
        assert!(!check(&[(0, Joined, Patient), (5_000, Completed, Patient), (9_000, Completed, Clinician)]));
    }
}
