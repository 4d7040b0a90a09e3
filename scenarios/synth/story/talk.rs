//! The talk: from both sides being in to the end.
//!
//! Drops, blips and losses of sound and picture are competing Poisson processes over the time that is
//! talked. A drop suspends the talk until the return; a drop without return ends it, and the rest of
//! the consultation is told elsewhere.

use event::{Payload, Time};

use super::{PATIENTS_SHARE, Teller, Who};
use crate::course::{Ending, FIRST_TRY_MS};
use crate::knob::Knob;
use crate::length;

/// What can happen while people talk; the order is that of their rates.
const HAPPENINGS: [Knob; 4] = [Knob::Drop, Knob::Blip, Knob::AudioLoss, Knob::VideoLoss];
/// Which part of its length a talk that is given up for the phone reaches, at least.
pub(crate) const CONVERTED_AFTER: f64 = 0.2;
/// And over which part the moment of giving up is spread.
pub(crate) const CONVERTED_WITHIN: f64 = 0.7;

/// Where a talk stands.
struct Clock {
    now: Time,
    /// Talked so far, blips and losses included, absences not.
    spent: i64,
    /// To be talked in all.
    length: i64,
}

impl Clock {
    fn pass(&mut self, ms: i64) {
        self.now = self.now.plus(ms);
        self.spent += ms;
    }

    fn left(&self) -> i64 {
        (self.length - self.spent).max(0)
    }
}

impl Teller<'_> {
    pub(super) fn talk(&mut self, connected_at: Time) {
        self.story.connected_at = Some(connected_at);
        self.story.course.connected = true;
        let full = length::TALK.roll(self.chances.ms(Knob::TalkMinutes), &mut self.dice);
        let converts = self.happens(Knob::Conversion);
        let part = if converts { CONVERTED_AFTER + CONVERTED_WITHIN * self.dice.unit() } else { 1.0 };
        let mut clock = Clock { now: connected_at, spent: 0, length: (full as f64 * part) as i64 };
        let rates = HAPPENINGS.map(|knob| self.chances.per_ms(knob));
        let rate: f64 = rates.iter().sum();
        while let Some(quiet) = self.quiet(rate, clock.left()) {
            clock.pass(quiet);
            let who = Who::roll(&mut self.dice, PATIENTS_SHARE);
            match HAPPENINGS[self.dice.weighted(&rates)] {
                Knob::Drop => {
                    if !self.drop_out(who, &mut clock) {
                        self.story.course.connected_ms = clock.spent;
                        return self.give_up(clock.now, "mid_consultation");
                    }
                }
                Knob::Blip => self.blip(who, &mut clock),
                happening => self.lose(happening, who, &mut clock),
            }
        }
        clock.pass(clock.left());
        self.story.course.connected_ms = clock.spent;
        self.end(clock.now, converts);
    }

    /// How long nothing happens; none when the talk is over before something does.
    fn quiet(&mut self, rate: f64, left: i64) -> Option<i64> {
        // At least a millisecond, so that no two happenings share one.
        let quiet = if rate > 0.0 { self.dice.wait(rate) as i64 + 1 } else { left };
        (quiet < left).then_some(quiet)
    }

    /// Whether the one who was dropped came back.
    fn drop_out(&mut self, who: Who, clock: &mut Clock) -> bool {
        self.beat(clock.now, who, Payload::Dropped { reason: Some("network".to_owned()) });
        let course = &mut self.story.course;
        course.drops += 1;
        // Until the first drop `spent` is the time since connecting; a later one cannot make it worse.
        course.first_try &= clock.spent >= FIRST_TRY_MS;
        if !self.happens(Knob::DropRecovered) {
            return false;
        }
        let away = length::REDIAL.roll(length::REDIAL_MS, &mut self.dice);
        clock.now = clock.now.plus(away);
        self.beat(clock.now, who, Payload::Rejoined);
        self.story.course.recovered_drops += 1;
        self.story.course.recovered_60s += u32::from(away <= 60_000);
        true
    }

    fn blip(&mut self, who: Who, clock: &mut Clock) {
        self.beat(clock.now, who, Payload::Dropped { reason: Some("network".to_owned()) });
        let away = length::BLIP.roll(length::BLIP_MS, &mut self.dice);
        clock.pass(away);
        self.beat(clock.now, who, Payload::Rejoined);
        self.story.course.blips += 1;
        self.story.course.interrupted_ms += away;
    }

    /// Loses sound or picture; what is still lost at the end is never restored.
    fn lose(&mut self, what: Knob, who: Who, clock: &mut Clock) {
        let median = self.chances.ms(Knob::AudioSeconds);
        let lasts = length::LOSS.roll(median, &mut self.dice);
        let (lost, restored) = match what {
            Knob::AudioLoss => {
                self.story.course.lose_audio(lasts.min(clock.left()));
                (Payload::AudioLost { direction: None }, Payload::AudioRestored { direction: None })
            }
            _ => (Payload::VideoLost { direction: None }, Payload::VideoRestored { direction: None }),
        };
        self.beat(clock.now, who, lost);
        let open = lasts >= clock.left();
        clock.pass(lasts.min(clock.left()));
        if !open {
            self.beat(clock.now, who, restored);
        }
    }

    fn end(&mut self, at: Time, converts: bool) {
        if converts {
            self.convert(at);
        } else if self.happens(Knob::EndNotSeen) {
            self.story.course.ending = Ending::EndNotSeen;
            self.beat(at, Who::Patient, Payload::Left { reason: None });
            let last = at.plus(self.dice.between(500, 4000));
            self.beat(last, Who::Clinician, Payload::Left { reason: None });
        } else {
            self.story.course.ending = Ending::Completed;
            self.beat(at, Who::Clinician, Payload::Completed);
        }
    }
}
