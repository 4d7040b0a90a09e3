//! What one person's events say, read in order (rules 2, 3 and 7).
//!
//! The story is told once: every event gets the effect it has. Nothing is carried along while it
//! is told; whether somebody is present, or cannot be heard, is looked up in what was read so far.
//! From the effects come absences, presence and losses as intervals.

use event::Kind;

use super::moment::{COMING, GOING, Moment};
use super::timeline::{Span, any_holds, pieces};

/// How far apart a `left` and a `joined` can be and still be one change of connection.
const HAND_OVER_MS: i64 = 1_000;
/// Losses shorter than this are not counted.
const SHORTEST_LOSS_MS: i64 = 150;

/// What an event does to the person it happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Absent before, present now.
    Came,
    /// Present before, gone on purpose.
    Went,
    /// Present before, connection lost.
    Fell,
    /// A `left` that the `joined` after it cancels.
    LeftBehind,
    /// The second of a `left` and a `joined` that cancel out, or a `joined` that the `left` after it cancels.
    Cancelled,
    /// A `left` of the connection before a drop.
    OldConnection,
    /// Came while present.
    DuplicateJoin,
    /// A loss begins.
    Lost,
    /// A loss ends.
    Restored,
    /// Lost while lost, or restored while not.
    Repeated,
    /// No effect.
    Nothing,
}

/// One medium that can be lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Medium {
    lost: Kind,
    restored: Kind,
}

/// Sound.
pub(super) const AUDIO: Medium = Medium { lost: Kind::AudioLost, restored: Kind::AudioRestored };
/// The picture.
pub(super) const VIDEO: Medium = Medium { lost: Kind::VideoLost, restored: Kind::VideoRestored };

/// How an absence is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// After a `left`.
    Left,
    /// After a `dropped`, over before the grace was.
    Blip,
    /// After a `dropped`, and long enough to count.
    Drop,
    /// After a `dropped`, still within the grace when the consultation was completed.
    ClosingGap,
}

/// A time away, with the return if there was one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    pub(super) from: i64,
    pub(super) back: Option<i64>,
    pub(super) how: How,
}

impl Absence {
    /// Whether presence is broken by it.
    fn breaks(&self) -> bool {
        matches!(self.how, How::Left | How::Drop)
    }

    /// The time away, up to the end at the latest.
    pub(super) fn span(&self, end: i64) -> Span {
        Span { from: self.from, to: self.back.unwrap_or(end) }
    }
}

/// One person's events in the order they are read, each with its effect.
pub(super) struct Story<'a> {
    steps: Vec<(Moment<'a>, Effect)>,
}

impl<'a> Story<'a> {
    /// The story of `person` as these moments tell it.
    pub(super) fn of(person: &str, moments: &[Moment<'a>]) -> Self {
        let mut rest: Vec<Moment<'a>> =
            moments.iter().filter(|moment| moment.person() == Some(person)).copied().collect();
        let mut story = Self { steps: Vec::new() };
        while !rest.is_empty() {
            let next = rest.remove(story.next(&rest));
            let effect = story.effect(next, &rest);
            if story.cancels_the_join_before(next, effect) {
                story.amend_last_presence(Effect::Cancelled);
            }
            story.steps.push((next, effect));
        }
        story
    }

    /// Whether they ever came.
    pub(super) fn ever_came(&self) -> bool {
        self.first_came().is_some()
    }

    /// When they went or dropped for good.
    pub(super) fn gone_for_good(&self) -> Option<i64> {
        let (last, effect) = self.steps.iter().rev().find(|(_, effect)| changes_presence(*effect))?;
        (*effect != Effect::Came).then_some(last.at)
    }

    /// How many of its events had this effect.
    pub(super) fn count(&self, effect: Effect) -> usize {
        self.steps.iter().filter(|(_, theirs)| *theirs == effect).count()
    }

    /// Every time away up to `end`; `completed` says that a `completed` is the end.
    pub(super) fn absences(&self, end: i64, completed: bool, grace_ms: i64) -> Vec<Absence> {
        let changes: Vec<_> = self.steps.iter().filter(|(_, effect)| changes_presence(*effect)).collect();
        let mut absences = Vec::new();
        for (index, (moment, effect)) in changes.iter().enumerate() {
            let back = changes.get(index + 1).map(|(moment, _)| moment.at);
            let short = back.unwrap_or(end) - moment.at < grace_ms;
            let how = match (effect, back) {
                (Effect::Went, _) => How::Left,
                (Effect::Fell, Some(_)) if short => How::Blip,
                (Effect::Fell, None) if short && completed => How::ClosingGap,
                (Effect::Fell, _) => How::Drop,
                _ => continue,
            };
            absences.push(Absence { from: moment.at, back, how });
        }
        absences
    }

    /// When they were present up to `end`, with these absences.
    pub(super) fn presence(&self, absences: &[Absence], end: i64) -> Vec<Span> {
        let Some(from) = self.first_came() else { return Vec::new() };
        let away: Vec<Span> = absences.iter().filter(|one| one.breaks()).map(|one| one.span(end)).collect();
        pieces(Span { from, to: end }, &away, |at| !any_holds(&away, at))
    }

    /// Whether they were still present at the end, with these absences.
    pub(super) fn present_at_the_end(&self, absences: &[Absence]) -> bool {
        self.ever_came() && absences.iter().all(|absence| !absence.breaks() || absence.back.is_some())
    }

    /// The losses of a medium that are long enough to count, up to `end`.
    pub(super) fn losses(&self, medium: Medium, end: i64) -> Vec<Span> {
        let losses = self.steps.iter().enumerate().filter_map(|(index, (moment, effect))| {
            let begins = *effect == Effect::Lost && moment.kind() == medium.lost;
            begins.then(|| {
                let over = self.steps[index + 1..].iter().find(|(later, _)| ends_a_loss(medium, *later));
                Span { from: moment.at, to: over.map_or(end, |(later, _)| later.at) }
            })
        });
        losses.filter(|loss| loss.length() >= SHORTEST_LOSS_MS).collect()
    }

    fn first_came(&self) -> Option<i64> {
        self.steps.iter().find(|(_, effect)| *effect == Effect::Came).map(|(moment, _)| moment.at)
    }

    /// Which of the rest is read next: the first, unless an opposite event of the same millisecond
    /// changes the person's state and the first does not.
    fn next(&self, rest: &[Moment<'a>]) -> usize {
        let first = rest[0];
        if self.cancels_the_left_before(first) || changes_state(self.effect_at(rest, 0)) {
            return 0;
        }
        let same = rest.iter().take_while(|moment| moment.at == first.at).count();
        (1..same)
            .find(|index| {
                opposite(first.kind(), rest[*index].kind()) && changes_state(self.effect_at(rest, *index))
            })
            .unwrap_or(0)
    }

    fn effect_at(&self, rest: &[Moment<'a>], index: usize) -> Effect {
        let mut others = rest.to_vec();
        let one = others.remove(index);
        self.effect(one, &others)
    }

    /// What `moment` does when it is read after the steps so far, with `rest` still to come.
    fn effect(&self, moment: Moment<'a>, rest: &[Moment<'a>]) -> Effect {
        match moment.kind() {
            Kind::Joined | Kind::Rejoined if !self.present() => Effect::Came,
            Kind::Joined | Kind::Rejoined if self.cancels_the_left_before(moment) => Effect::Cancelled,
            Kind::Joined | Kind::Rejoined => Effect::DuplicateJoin,
            Kind::Dropped if self.present() => Effect::Fell,
            Kind::Left if self.present() => self.effect_of_left(moment, rest),
            Kind::AudioLost | Kind::AudioRestored => self.effect_on(AUDIO, moment),
            Kind::VideoLost | Kind::VideoRestored => self.effect_on(VIDEO, moment),
            _ => Effect::Nothing,
        }
    }

    /// A `left` of somebody present: one half of a change of connection, or a departure.
    fn effect_of_left(&self, left: Moment<'a>, rest: &[Moment<'a>]) -> Effect {
        if let Some((before, effect)) = self.last_presence()
            && left.at - before.at <= HAND_OVER_MS
        {
            match effect {
                Effect::DuplicateJoin => return Effect::Cancelled,
                Effect::Came if self.came_after_a_drop() => return Effect::OldConnection,
                _ => {}
            }
        }
        let after = rest.iter().find(|moment| is_presence(moment.kind()));
        let handed_over = after.is_some_and(|next| next.is(&COMING) && next.at - left.at <= HAND_OVER_MS);
        if handed_over { Effect::LeftBehind } else { Effect::Went }
    }

    fn effect_on(&self, medium: Medium, moment: Moment<'a>) -> Effect {
        match (moment.kind() == medium.lost, self.lost(medium)) {
            (true, false) => Effect::Lost,
            (false, true) => Effect::Restored,
            _ => Effect::Repeated,
        }
    }

    fn present(&self) -> bool {
        let last = self.steps.iter().rev().find(|(_, effect)| changes_presence(*effect));
        last.is_some_and(|(_, effect)| *effect == Effect::Came)
    }

    fn lost(&self, medium: Medium) -> bool {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|(moment, _)| moment.kind() == medium.lost || ends_a_loss(medium, *moment));
        last.is_some_and(|(moment, _)| moment.kind() == medium.lost)
    }

    fn last_presence(&self) -> Option<(Moment<'a>, Effect)> {
        self.steps.iter().rev().find(|(moment, _)| is_presence(moment.kind())).copied()
    }

    fn amend_last_presence(&mut self, to: Effect) {
        let last = self.steps.iter_mut().rev().find(|(moment, _)| is_presence(moment.kind()));
        last.expect("only an event that follows a presence event amends it").1 = to;
    }

    /// Whether the last return ended an absence that a `dropped` had begun.
    fn came_after_a_drop(&self) -> bool {
        let changes = self.steps.iter().rev().filter(|(_, effect)| changes_presence(*effect));
        let last: Vec<Effect> = changes.map(|(_, effect)| *effect).take(2).collect();
        last == [Effect::Came, Effect::Fell]
    }

    /// Whether `joined` cancels the `left` that was read just before it.
    fn cancels_the_left_before(&self, joined: Moment<'a>) -> bool {
        let before = self.last_presence().map(|(_, effect)| effect);
        joined.is(&COMING) && before == Some(Effect::LeftBehind)
    }

    /// Whether `left` cancels the duplicate `joined` that was read just before it.
    fn cancels_the_join_before(&self, left: Moment<'a>, effect: Effect) -> bool {
        let before = self.last_presence().map(|(_, effect)| effect);
        left.kind() == Kind::Left && effect == Effect::Cancelled && before == Some(Effect::DuplicateJoin)
    }
}

fn is_presence(kind: Kind) -> bool {
    COMING.contains(&kind) || GOING.contains(&kind)
}

fn changes_presence(effect: Effect) -> bool {
    matches!(effect, Effect::Came | Effect::Went | Effect::Fell)
}

fn changes_state(effect: Effect) -> bool {
    changes_presence(effect) || matches!(effect, Effect::Lost | Effect::Restored)
}

fn opposite(one: Kind, other: Kind) -> bool {
    let pairs =
        [(&COMING[..], &GOING[..]), (&[AUDIO.lost], &[AUDIO.restored]), (&[VIDEO.lost], &[VIDEO.restored])];
    pairs.iter().any(|(these, those)| {
        these.contains(&one) && those.contains(&other) || those.contains(&one) && these.contains(&other)
    })
}

/// Any `dropped` or `left` ends a loss, whatever it does to presence: a new connection starts unlost.
fn ends_a_loss(medium: Medium, moment: Moment<'_>) -> bool {
    moment.kind() == medium.restored || moment.is(&GOING)
}
