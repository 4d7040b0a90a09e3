//! A visit: one consultation of a plan, with its circumstances rolled and its story still open.

use event::{Context, Dimension, Time};

use crate::dice::{Dice, Realm};
use crate::knob::{Chances, Knob};
use crate::world::{Circumstances, Organisation, World};

const HOUR_MS: i64 = 3_600_000;

/// The beginning of a visit: when it starts, and when it was booked.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    index: u64,
    pub(crate) start: Time,
    /// When it was booked, if it was.
    pub(crate) booked: Option<Time>,
    dice: Dice,
}

/// One consultation before its story: who, where, on what, and how likely things go wrong.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) index: u64,
    pub(crate) start: Time,
    pub(crate) booked: Option<Time>,
    /// When it was called off, if it was.
    pub(crate) cancelled: Option<Time>,
    pub(crate) organisation: usize,
    pub(crate) platform: usize,
    pub(crate) clinician: usize,
    pub(crate) circumstances: Circumstances,
    pub(crate) chances: Chances,
    /// Dice for the rest of the story.
    pub(crate) dice: Dice,
}

impl Arrival {
    pub(crate) fn new(world: &World, index: u64) -> Self {
        let mut dice = Dice::new(world.plan.seed, Realm::Consultation, index);
        let start = Time::from_ms(world.calendar.start(index, dice.unit()));
        let booking = &world.plan.booking;
        let ahead = HOUR_MS * i64::from(booking.hours_least)..=HOUR_MS * i64::from(booking.hours_most);
        let booked = (booking.share > 0.0 && dice.chance(booking.share))
            .then(|| start.plus(-dice.between(*ahead.start(), *ahead.end())));
        Self { index, start, booked, dice }
    }

    pub(crate) fn visit(self, world: &World) -> Visit {
        let Self { index, start, booked, mut dice } = self;
        let number = world.organisation(&mut dice);
        let organisation = &world.organisations[number];
        let levels = world.levels(organisation.cohort, &mut dice);
        let clinician = organisation.first_clinician + dice.below(organisation.clinicians);
        let luck = organisation.luck + world.clinician_luck(clinician);
        let circumstances = Circumstances { cohort: organisation.cohort, levels, start, index, luck };
        let platform = dice.weighted(&world.shares(&organisation.shares, &circumstances));
        let chances = world.chances(&circumstances, platform, organisation.luck_with[platform]);
        let cancelled = booked
            .filter(|_| dice.chance(chances.of(Knob::Cancelled)))
            .map(|booked| booked.plus((start.since(booked) as f64 * dice.unit()) as i64));
        Visit {
            index,
            start,
            booked,
            cancelled,
            organisation: number,
            platform,
            clinician,
            circumstances,
            chances,
            dice,
        }
    }
}

impl Visit {
    pub(crate) fn organisation<'w>(&self, world: &'w World) -> &'w Organisation {
        &world.organisations[self.organisation]
    }

    /// The name of the consultation.
    pub(crate) fn consultation(&self) -> String {
        format!("c-{:06}", self.index)
    }

    /// Everything that a recorder would tell of its circumstances.
    pub(crate) fn context(&self, world: &World) -> Context {
        let organisation = self.organisation(world);
        let mut context = Context::default()
            .with(Dimension::Platform, world.plan.platforms[self.platform].name.as_str())
            .with(Dimension::Organisation, organisation.name.as_str())
            .with(Dimension::Clinician, format!("k-{}", self.clinician));
        if let Some(region) = &world.cohorts[organisation.cohort].region {
            context.set(Dimension::Region, region.as_str());
        }
        for (axis, level) in world.axes.iter().zip(self.circumstances.levels) {
            context.set(axis.dimension, axis.levels[usize::from(level)].name.as_str());
        }
        context
    }
}
