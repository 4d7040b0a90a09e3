//! The story of one consultation: arriving, getting in, talking, ending, being asked about it.
//!
//! A story is a pure function of the visit, hence of seed and index. It is told in beats, moments at
//! which something happened to somebody, and its course is kept beside them. What recorders make of the
//! beats is not its business.

mod feedback;
mod talk;

pub(crate) use talk::{CONVERTED_AFTER, CONVERTED_WITHIN};

use event::{Payload, Role, Time};

use crate::course::{Course, Ending};
use crate::dice::{Dice, Realm};
use crate::knob::{Chances, Knob};
use crate::length;
use crate::visit::Visit;
use crate::world::World;

/// Of failures that happen to one person, the share that happen to the patient.
const PATIENTS_SHARE: f64 = 0.8;
/// How often the patient is there first.
const PATIENT_FIRST: f64 = 0.7;

/// Who something happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Patient,
    Clinician,
}

impl Who {
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Patient => Role::Patient,
            Self::Clinician => Role::Clinician,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Patient => Self::Clinician,
            Self::Clinician => Self::Patient,
        }
    }

    fn roll(dice: &mut Dice, patients: f64) -> Self {
        if dice.chance(patients) { Self::Patient } else { Self::Clinician }
    }
}

/// One moment of a story.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Beat {
    pub(crate) at: Time,
    pub(crate) who: Option<Who>,
    pub(crate) payload: Payload,
}

/// A story that has been told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    /// Its beats, by time.
    pub(crate) beats: Vec<Beat>,
    pub(crate) course: Course,
    /// When both sides were first in.
    pub(crate) connected_at: Option<Time>,
}

impl Story {
    /// Tells how `visit` went.
    pub(crate) fn tell(world: &World, visit: &Visit) -> Self {
        let dice = visit.dice.clone();
        let mut teller = Teller { world, chances: &visit.chances, dice, story: Self::default() };
        if visit.cancelled.is_some() {
            teller.story.course.ending = Ending::Cancelled;
        } else if visit.booked.is_none() || !teller.happens(Knob::NoShow) {
            teller.arrive(visit.start);
            if teller.story.course.connected && world.plan.feedback.invited > 0.0 {
                let dice = Dice::new(world.plan.seed, Realm::Feedback, visit.index);
                feedback::ask(&world.plan.feedback, &visit.chances, dice, &mut teller.story);
            }
        }
        let mut story = teller.story;
        story.beats.sort_by_key(|beat| beat.at);
        story
    }
}

struct Teller<'a> {
    world: &'a World,
    chances: &'a Chances,
    dice: Dice,
    story: Story,
}

impl Teller<'_> {
    fn arrive(&mut self, start: Time) {
        let first = Who::roll(&mut self.dice, PATIENT_FIRST);
        let later = start.plus(length::ARRIVAL.roll(length::ARRIVAL_MS, &mut self.dice));
        if self.happens(Knob::OtherSideAbsent) {
            return self.wait_in_vain(first, start);
        }
        self.story.course.attempted = true;
        let (patient, clinician) = if first == Who::Patient { (start, later) } else { (later, start) };
        self.ask_for_help(patient);
        let at = |who: Who| if who == Who::Patient { patient } else { clinician };
        if !self.happens(Knob::JoinFailed) {
            let doors = self.get_in(Who::Clinician, clinician);
            let ready = self.get_in(Who::Patient, patient);
            return self.meet(doors, ready, true);
        }
        let unlucky = Who::roll(&mut self.dice, PATIENTS_SHARE);
        if self.happens(Knob::JoinRecovered) {
            let again = self.fail_to_get_in(unlucky, at(unlucky));
            let second = self.get_in(unlucky, again);
            let other = self.get_in(unlucky.other(), at(unlucky.other()));
            match unlucky {
                Who::Patient => self.meet(other, second, false),
                Who::Clinician => self.meet(second, other, false),
            }
        } else {
            self.stay_out(unlucky, at(unlucky), at(unlucky.other()));
        }
    }

    /// The clinician has opened the doors, the patient is ready to come in.
    fn meet(&mut self, doors: Time, ready: Time, first_try: bool) {
        self.beat(doors, Who::Clinician, Payload::Joined { context: None });
        if self.happens(Knob::GaveUpWaiting) {
            let at = doors.max(ready).plus(self.dice.between(180_000, 720_000));
            self.story.course.ending = Ending::Abandoned;
            let stage = Some("waiting_room".to_owned());
            return self.beat(at, Who::Patient, Payload::Abandoned { stage });
        }
        // A patient who was ready before the doors opened is let in a moment after.
        let joined = if ready > doors { ready } else { doors.plus(self.dice.between(800, 3000)) };
        self.beat(joined, Who::Patient, Payload::Joined { context: None });
        self.story.course.first_try = first_try;
        self.talk(joined);
    }

    /// Opens the link at `at` and answers when everything is ready.
    fn get_in(&mut self, who: Who, at: Time) -> Time {
        let takes = self.connecting();
        self.beat(at, who, Payload::JoinAttempted);
        if who == Who::Patient {
            self.beat(at.plus(takes / 2), who, Payload::Waiting);
        }
        at.plus(takes)
    }

    /// Opens the link at `at` in vain and answers when it is tried again.
    fn fail_to_get_in(&mut self, who: Who, at: Time) -> Time {
        self.beat(at, who, Payload::JoinAttempted);
        let failed = at.plus(self.connecting());
        let reason = ["permissions", "network", "device"][self.dice.weighted(&[5.0, 3.0, 2.0])];
        self.beat(failed, who, Payload::JoinFailed { reason: Some(reason.to_owned()) });
        failed.plus(length::RETRY.roll(length::RETRY_MS, &mut self.dice))
    }

    fn stay_out(&mut self, unlucky: Who, at: Time, other_at: Time) {
        let inside = self.get_in(unlucky.other(), other_at);
        self.beat(inside, unlucky.other(), Payload::Joined { context: None });
        let mut tried = at;
        for _ in 0..self.dice.between(2, 3) {
            tried = self.fail_to_get_in(unlucky, tried);
        }
        self.give_up(tried.max(inside), "joining");
    }

    fn wait_in_vain(&mut self, who: Who, start: Time) {
        self.story.course.ending = Ending::OtherSideAbsent;
        let ready = self.get_in(who, start);
        self.beat(ready, who, Payload::Joined { context: None });
        let left = ready.plus(self.dice.between(240_000, 900_000));
        self.beat(left, who, Payload::Left { reason: None });
    }

    /// Gives video up some time after `at`.
    fn give_up(&mut self, at: Time, stage: &str) {
        let at = at.plus(self.dice.between(35_000, 160_000));
        if self.dice.chance(self.world.plan.recording.phone_after_failure) {
            self.convert(at);
        } else {
            self.story.course.ending = Ending::Abandoned;
            self.story.beats.push(Beat {
                at,
                who: None,
                payload: Payload::Abandoned { stage: Some(stage.to_owned()) },
            });
        }
    }

    fn convert(&mut self, at: Time) {
        self.story.course.ending = Ending::ConvertedPhone;
        let payload = Payload::Converted { to: Some("phone".to_owned()) };
        self.story.beats.push(Beat { at, who: None, payload });
    }

    fn ask_for_help(&mut self, arrived: Time) {
        if self.happens(Knob::Help) {
            self.story.course.help_requests = 1;
            let topic = ["joining", "sound", "picture"][self.dice.weighted(&[3.0, 2.0, 1.0])];
            let at = arrived.plus(self.dice.between(4_000, 60_000));
            self.beat(at, Who::Patient, Payload::HelpRequested { topic: Some(topic.to_owned()) });
        }
    }

    fn connecting(&mut self) -> i64 {
        length::CONNECT.roll(self.chances.ms(Knob::ConnectSeconds), &mut self.dice)
    }

    fn happens(&mut self, knob: Knob) -> bool {
        self.dice.chance(self.chances.of(knob))
    }

    fn beat(&mut self, at: Time, who: Who, payload: Payload) {
        self.story.beats.push(Beat { at, who: Some(who), payload });
    }
}
