//! The plain reading: a call between one patient and one clinician, straight to its gist.
//!
//! Nine in ten consultations are two joins and an end, and nearly all others of two people add a drop or
//! a loss of sound. They are read here from *keys*, one number a mark, in a few dozen nanoseconds and
//! without a list on the heap. The rules are those of [`read`](super::read); whatever needs more of them
//! (marks of one millisecond, a `left` that pairs with a join, two ends, more disturbances than there is
//! room for) is not plain, and read there. It is never a guess: a reading is the same or there is none.

mod key;
mod stays;
#[cfg(test)]
mod tests;

use event::{Kind, Role, Time};

use super::{FIRST_TRY_MS, OPEN_MS, Reading, first_side};
use crate::episode::Episode;
use crate::gist::{Began, DropSpan, Flags, Gist, NO_TIME};
use crate::outcome::{Ending, JoinTime, Outcome};
use crate::parameters::Parameters;
use crate::source::Sight;
pub use key::{Key, Person};
use stays::{Gap, STAYS, Spans, Stays};

const RECOVERY_MS: i64 = 60_000;

/// What a plain reading gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain {
    /// The numbers; whether it was scheduled or cancelled is not in the keys.
    pub gist: Gist,
    /// Each counted drop, in order, of which there are as many as the gist says.
    pub drops: [DropSpan; 2 * STAYS],
    /// From opening the link to joining, of the patient and of the clinician, in ms.
    pub join_ms: [u32; 2],
}

impl Plain {
    const NOTHING: Self =
        Self { gist: Gist::NOTHING, drops: [DropSpan::NOTHING; 2 * STAYS], join_ms: [NO_TIME; 2] };

    /// That of an outcome of a call of two whose last mark is at `last_ms`; none where it does not fit.
    pub(crate) fn of(row: &Outcome, last_ms: i64) -> Option<Self> {
        let mut plain = Self::NOTHING;
        let count = |count: u32| u8::try_from(count).ok();
        let maybe = |ms: Option<i64>| ms.map_or(Some(NO_TIME), time);
        let terminal =
            row.ending.is_converted() || matches!(row.ending, Ending::Completed | Ending::Abandoned);
        plain.gist = Gist {
            last_ms,
            connect_ms: maybe(row.connect_ms)?,
            waiting_ms: maybe(row.waiting_ms)?,
            connected_ms: time(row.connected_ms)?,
            down_ms: time(row.down_ms)?,
            interrupted_ms: time(row.interrupted_ms)?,
            audio_lost_ms: time(row.audio_lost_ms)?,
            first_drop_ms: maybe(row.first_drop_ms)?,
            source: 0,
            flags: Flags::CALL
                .with_if(row.attempted, Flags::ATTEMPTED)
                .with_if(row.connected, Flags::CONNECTED)
                .with_if(row.first_try, Flags::FIRST_TRY)
                .with_if(row.undisturbed, Flags::UNDISTURBED)
                .with_if(terminal, Flags::TERMINAL)
                .with_if(row.ending == Ending::OtherSideAbsent, Flags::ONE_TRIED)
                .with_side(row.side),
            began: row.began_at.into(),
            ending: row.ending,
            drops: count(row.drops)?,
            blips: count(row.blips)?,
            audio_losses: count(row.audio_losses)?,
            recovered_drops: count(row.recovered_drops)?,
            recovered_60s: count(row.recovered_60s)?,
            help_requests: count(row.help_requests)?,
        };
        for (place, (from_ms, lasted_ms)) in row.drops_from_connection().enumerate() {
            *plain.drops.get_mut(place)? = DropSpan { from_ms: time(from_ms)?, lasted_ms: maybe(lasted_ms)? };
        }
        for JoinTime { role, ms } in &row.join_ms {
            plain.join_ms[usize::from(*role == Role::Clinician)] = time(*ms)?;
        }
        Some(plain)
    }

    /// Each counted drop, in order.
    #[must_use]
    pub fn drops(&self) -> &[DropSpan] {
        &self.drops[..usize::from(self.gist.drops)]
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

/// The gist of what the whole reading says of a call of two, from its keys, which are in order.
///
/// None where names would have to decide on their order, where more than one abandonment may have told the
/// stage, which is not in the keys, or where what it says does not fit.
#[must_use]
pub fn read_whole(keys: &[Key], parameters: &Parameters) -> Option<Plain> {
    let tied = |pair: &[Key]| (pair[0].at(), pair[0].rank()) == (pair[1].at(), pair[1].rank());
    if keys.windows(2).any(tied) || keys.iter().filter(|key| key.is(Kind::Abandoned)).count() > 1 {
        return None;
    }
    let mut episode = Episode::default();
    keys.iter().zip(0..).for_each(|(key, position)| episode.push(key.mark(position)));
    // Whether it is over is for the gist to tell, when all is known.
    let parameters = Parameters { until: Time::MAX, ..*parameters };
    match super::read("", &episode, &[Sight::of_both()], &parameters) {
        Reading::Closed(row) => Plain::of(&row, keys.last()?.at() + Time::MIN.ms()),
        Reading::Open(_) => None,
    }
}

/// Two people join, and it ends.
fn two_joins(a: Key, b: Key, end: Key) -> Option<Plain> {
    let mut plain = Plain::NOTHING;
    let gist = &mut plain.gist;
    gist.last_ms = end.at() + Time::MIN.ms();
    gist.began = began(a.at());
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

/// The instant of a key.
fn began(at: i64) -> Began {
    Some(Time::from_ms(at + Time::MIN.ms())).into()
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
        gist.help_requests =
            self.all.iter().filter(|key| key.is(Kind::HelpRequested)).count().try_into().ok()?;
        let attempt = |person| self.keys.iter().find(|key| key.attempts() && key.person() == person);
        let tried = [1, 2].map(|person| attempt(person).map(|key| key.at()));
        gist.began = tried.iter().flatten().min().map_or(Began::NEVER, |at| began(*at));
        gist.flags = Flags::CALL
            .with_if(self.terminal.is_some(), Flags::TERMINAL)
            .with_if(tried.iter().flatten().count() == 1, Flags::ONE_TRIED)
            .with_side(first_side(self.failed(0), self.failed(1)));
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
        let undisturbed =
            gist.flags.has(Flags::FIRST_TRY) && gist.drops == 0 && hardly && gist.ending == Ending::Completed;
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

    /// When something first failed on a side: a join, or a connection.
    fn failed(&self, side: usize) -> Option<i64> {
        let fails = |key: &&Key| key.is(Kind::JoinFailed) && key.person() == side + 1;
        let join = self.keys.iter().find(fails).map(|key| key.at());
        let drop = self.stays[side].gaps().find(|gap| self.is_drop(gap)).map(|gap| gap.from);
        join.into_iter().chain(drop).min()
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
        for (span, (from, back)) in plain.drops.iter_mut().zip(drops) {
            let lasted = back.map(|back| back - *from);
            span.from_ms = (*from - connected_at) as u32;
            span.lasted_ms = lasted.map_or(NO_TIME, |lasted| lasted as u32);
            gist.recovered_drops += u8::from(lasted.is_some());
            gist.recovered_60s += u8::from(lasted.is_some_and(|lasted| lasted <= RECOVERY_MS));
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
