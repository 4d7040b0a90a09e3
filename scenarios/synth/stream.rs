//! The stream: all events of a plan, in the order in which they arrive.
//!
//! Two cursors walk over the consultations. One runs ahead by the longest booking and takes only what
//! is known in advance; the other tells the stories. Their events meet in a heap, which gives back what
//! neither cursor can precede any more. Memory is bounded by what overlaps in time: open consultations,
//! bookings ahead, answers and late events to come, whatever the length of the recording.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use event::{Event, Time};

use crate::course::Planned;
use crate::dice::{Dice, Realm};
use crate::mess;
use crate::pen::{Pen, declarations};
use crate::plan::{Mess, Plan};
use crate::story::Story;
use crate::visit::Arrival;
use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

/// The events of a plan, one after the other.
///
/// ```
/// use synth::{Plan, Synth};
/// let mut plan = Plan::named("clinic")?;
/// plan.consultations = 10;
/// let once: Vec<_> = Synth::new(&plan).collect();
/// let again: Vec<_> = Synth::new(&plan).collect();
/// assert_eq!(once, again);
/// # Ok::<(), synth::PlanError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Synth {
    world: World,
    declared: VecDeque<Event>,
    /// The next consultation whose booking is to be announced.
    ahead: u64,
    /// The next consultation whose story is to be told.
    next: u64,
    waiting: BinaryHeap<Reverse<Sent>>,
    sent: u64,
}

/// An event on its way: when it arrives, and its turn among those that arrive together.
#[derive(Debug, Clone)]
struct Sent {
    due: Time,
    turn: u64,
    event: Event,
}

impl Synth {
    /// The events of `plan`, which [`Plan::parse`] or [`Plan::check`] has found possible.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let world = World::new(plan);
        let before = HOUR_MS * (1 + i64::from(plan.booking.hours_most));
        let declared = if plan.recording.declared {
            declarations(&world, Time::from_ms(world.calendar.opens()).plus(-before)).into()
        } else {
            VecDeque::new()
        };
        // Without bookings there is nothing to announce: that cursor is already through.
        let ahead = if plan.booking.share > 0.0 { 0 } else { plan.consultations };
        Self { world, declared, ahead, next: 0, waiting: BinaryHeap::new(), sent: 0 }
    }

    /// What happened in each consultation of `plan`, in the order of their names.
    ///
    /// This is what the stories rolled, not what their events let anybody see.
    pub fn planned(plan: &Plan) -> impl Iterator<Item = Planned> {
        let world = World::new(plan);
        (0..plan.consultations).map(move |index| {
            let visit = Arrival::new(&world, index).visit(&world);
            let course = Story::tell(&world, &visit).course;
            Planned { consultation: visit.consultation(), context: visit.context(&world), course }
        })
    }

    /// How many events are waiting for their turn.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Before when no event arrives that is not waiting yet; none when all are.
    fn horizon(&self) -> Option<Time> {
        let (announces, tells) = (self.earliest_notice(), self.earliest_story());
        announces.into_iter().chain(tells).min()
    }

    fn earliest_notice(&self) -> Option<Time> {
        let most = HOUR_MS * i64::from(self.world.plan.booking.hours_most);
        self.earliest(self.ahead).map(|start| start.plus(-most))
    }

    fn earliest_story(&self) -> Option<Time> {
        self.earliest(self.next)
    }

    fn earliest(&self, index: u64) -> Option<Time> {
        (index < self.world.plan.consultations).then(|| Time::from_ms(self.world.calendar.earliest(index)))
    }

    fn advance(&mut self) {
        match (self.earliest_notice(), self.earliest_story()) {
            (Some(notice), Some(story)) if notice <= story => self.announce(),
            (Some(_), None) => self.announce(),
            _ => self.tell(),
        }
    }

    fn announce(&mut self) {
        let arrival = Arrival::new(&self.world, self.ahead);
        self.ahead += 1;
        if arrival.booked.is_some() {
            let visit = arrival.visit(&self.world);
            for event in Pen::new(&self.world, &visit).notices() {
                self.send(event.at, event);
            }
        }
    }

    fn tell(&mut self) {
        let visit = Arrival::new(&self.world, self.next).visit(&self.world);
        self.next += 1;
        let mut story = Story::tell(&self.world, &visit);
        let mess = self.world.plan.mess;
        let mut dice =
            (mess != Mess::default()).then(|| Dice::new(self.world.plan.seed, Realm::Mess, visit.index));
        if let Some(dice) = &mut dice {
            mess::distort(&mess, dice, &mut story);
        }
        let mut letters = Vec::with_capacity(story.beats.len());
        let mut pen = Pen::new(&self.world, &visit);
        // Written for their numbers: the other cursor has sent them.
        pen.notices();
        for beat in story.beats {
            let at = beat.at;
            let (delay, again) = dice.as_mut().map_or((0, None), |dice| mess::delays(&mess, dice));
            if let Some(event) = pen.write(beat) {
                if let Some(again) = again {
                    letters.push((at.plus(again), event.clone()));
                }
                letters.push((at.plus(delay), event));
            }
        }
        for (due, event) in letters {
            self.send(due, event);
        }
    }

    fn send(&mut self, due: Time, event: Event) {
        self.waiting.push(Reverse(Sent { due, turn: self.sent, event }));
        self.sent += 1;
    }
}

impl Iterator for Synth {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.declared.pop_front() {
            return Some(event);
        }
        while let Some(horizon) = self.horizon() {
            if self.waiting.peek().is_some_and(|first| first.0.due < horizon) {
                break;
            }
            self.advance();
        }
        self.waiting.pop().map(|first| first.0.event)
    }
}

impl PartialEq for Sent {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sent {}

impl PartialOrd for Sent {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sent {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.turn).cmp(&(other.due, other.turn))
    }
}
