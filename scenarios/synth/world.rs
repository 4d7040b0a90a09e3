//! The plan made ready to roll: names are indices, effects are sums, organisations have had their luck.
//!
//! A world depends on the plan and its seed alone and is never changed afterwards. What it answers:
//! which levels occur together, which platform is then used, and what the chances of a consultation
//! are under given circumstances. The truth asks it the same questions as the stories do.

mod cohort;
#[cfg(test)]
mod turns;

pub(crate) use cohort::{Cohort, Organisation};

use event::{Dimension, Kind, KindSet, Time};

use crate::calendar::Calendar;
use crate::dice::{Dice, Realm};
use crate::knob::{Chances, Effects, Knob};
use crate::plan::{MOST_LEVELS, MOST_PLATFORMS, Plan, Tilt};

/// The level of each axis, by the axis's index; unused ones are 0.
pub(crate) type Levels = [u8; Dimension::ALL.len()];
/// A weight per platform; unused ones are 0.
pub(crate) type Shares = [f64; MOST_PLATFORMS];

/// A plan and its seed, ready to roll.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) calendar: Calendar,
    pub(crate) axes: Vec<Axis>,
    pub(crate) cohorts: Vec<Cohort>,
    pub(crate) organisations: Vec<Organisation>,
    /// Sizes of the organisations, added up.
    sizes: Vec<f64>,
    clinician_luck: Vec<f64>,
    base: Effects,
    outages: Vec<(usize, Time, Time, Effects)>,
    /// Kinds that each platform's feed tells.
    pub(crate) told: Vec<KindSet>,
}

/// One dimension and its levels.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) dimension: Dimension,
    pub(crate) levels: Vec<AxisLevel>,
}

/// One level of an axis.
#[derive(Debug, Clone)]
pub(crate) struct AxisLevel {
    pub(crate) name: String,
    weight: f64,
    effects: Effects,
    on: Vec<(usize, Effects)>,
    tilts: Tilts,
}

/// Factors on the weights of levels: (axis, or the number of axes for the platform; a factor each).
pub(crate) type Tilts = Vec<(usize, Vec<f64>)>;

/// What is known of a consultation before chance decides how it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) cohort: usize,
    pub(crate) levels: Levels,
    pub(crate) start: Time,
    /// Which consultation of the plan it is, from 0: experience grows with it.
    pub(crate) index: u64,
    /// The luck of organisation and clinician, whatever the platform.
    pub(crate) luck: f64,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let midnight = plan.midnight().unwrap_or_default();
        let axes: Vec<Axis> =
            Dimension::ALL.into_iter().filter_map(|dimension| axis(plan, dimension)).collect();
        let cohorts = cohort::cohorts(plan);
        let organisations = cohort::organisations(plan, &cohorts);
        let sizes = organisations
            .iter()
            .scan(0.0, |sum, organisation| {
                *sum += organisation.size;
                Some(*sum)
            })
            .collect();
        let clinicians = organisations.last().map_or(0, |last| last.first_clinician + last.clinicians);
        Self {
            calendar: Calendar::new(midnight.ms(), plan.days, &plan.opening, plan.consultations),
            sizes,
            clinician_luck: (0..clinicians).map(|clinician| clinician_luck(plan, clinician)).collect(),
            base: Effects::of_base(&plan.base),
            outages: outages(plan),
            told: (0..plan.platforms.len()).map(|platform| told(plan, platform)).collect(),
            axes,
            cohorts,
            organisations,
            plan: plan.clone(),
        }
    }

    /// An organisation, the larger the likelier.
    pub(crate) fn organisation(&self, dice: &mut Dice) -> usize {
        let all = self.sizes.last().copied().unwrap_or(0.0);
        let place = dice.unit() * all;
        self.sizes.partition_point(|sum| *sum <= place).min(self.sizes.len() - 1)
    }

    /// A level on every axis, as they occur together in `cohort`.
    pub(crate) fn levels(&self, cohort: usize, dice: &mut Dice) -> Levels {
        let mut levels = Levels::default();
        for (index, axis) in self.axes.iter().enumerate() {
            let mut weights = [0.0; MOST_LEVELS];
            for (weight, level) in weights.iter_mut().zip(&axis.levels) {
                *weight = level.weight;
            }
            self.tilt(index, cohort, &levels[..index], &mut weights);
            levels[index] = dice.weighted(&weights[..axis.levels.len()]) as u8;
        }
        levels
    }

    /// How often each platform is used under these circumstances, given its shares in the place.
    pub(crate) fn shares(&self, place: &Shares, circumstances: &Circumstances) -> Shares {
        let mut shares = *place;
        let axes = self.axes.len();
        self.tilt(axes, circumstances.cohort, &circumstances.levels[..axes], &mut shares);
        for (share, adopted) in shares.iter_mut().zip(&self.cohorts[circumstances.cohort].adopted) {
            if self.share_of_days(circumstances.index) < *adopted {
                *share = 0.0;
            }
        }
        shares
    }

    /// What these circumstances make of every knob on `platform`; `luck` is what platform and
    /// organisation have with each other.
    pub(crate) fn chances(&self, circumstances: &Circumstances, platform: usize, luck: f64) -> Chances {
        let mut sum = self.base;
        sum.add(&self.plan.platforms[platform].effects);
        sum.add(&self.cohorts[circumstances.cohort].effects);
        for (axis, level) in self.axes.iter().zip(circumstances.levels) {
            let level = &axis.levels[usize::from(level)];
            sum.add(&level.effects);
            for (_, effects) in level.on.iter().filter(|(on, _)| *on == platform) {
                sum.add(effects);
            }
        }
        for (of, from, until, effects) in &self.outages {
            if *of == platform && (*from..*until).contains(&circumstances.start) {
                sum.add(effects);
            }
        }
        self.learn(circumstances, platform, &mut sum);
        sum.with(Knob::Trouble, circumstances.luck + luck).chances()
    }

    /// The luck of a clinician.
    pub(crate) fn clinician_luck(&self, clinician: usize) -> f64 {
        self.clinician_luck[clinician]
    }

    fn tilt(&self, target: usize, cohort: usize, levels: &[u8], weights: &mut [f64]) {
        let of_levels =
            self.axes.iter().zip(levels).map(|(axis, level)| &axis.levels[usize::from(*level)].tilts);
        for tilts in of_levels.chain([&self.cohorts[cohort].tilts]) {
            for (_, factors) in tilts.iter().filter(|(axis, _)| *axis == target) {
                for (weight, factor) in weights.iter_mut().zip(factors) {
                    *weight *= factor;
                }
            }
        }
    }

    /// Adds what is not learnt yet. The number of consultations that a clinician has had is taken at its
    /// expectation, so that no story depends on another.
    fn learn(&self, circumstances: &Circumstances, platform: usize, sum: &mut Effects) {
        let Some(learning) = &self.plan.learning else { return };
        let cohort = &self.cohorts[circumstances.cohort];
        let since = self.share_of_days(circumstances.index) - cohort.adopted[platform];
        let had = cohort.experience[platform] + since.max(0.0) * cohort.per_clinician[platform];
        let left = libm::exp2(-had / learning.halved_after);
        for knob in Knob::ALL {
            *sum = sum.with(knob, learning.effects.get(knob) * left);
        }
    }

    fn share_of_days(&self, index: u64) -> f64 {
        index as f64 / self.plan.consultations as f64
    }
}

fn axis(plan: &Plan, dimension: Dimension) -> Option<Axis> {
    let levels = plan.levels.get(dimension.name())?;
    let usual = plan.base.get(&Knob::TalkMinutes).copied().unwrap_or_else(|| Knob::TalkMinutes.usual());
    let ready = |level: &crate::plan::Level| AxisLevel {
        name: level.name.clone(),
        weight: level.weight,
        effects: match level.minutes {
            Some(minutes) => level.effects.with(Knob::TalkMinutes, libm::log(minutes / usual)),
            None => level.effects,
        },
        on: level.on.iter().filter_map(|(name, effects)| Some((platform(plan, name)?, *effects))).collect(),
        tilts: tilts(plan, &level.tilt),
    };
    Some(Axis { dimension, levels: levels.iter().map(ready).collect() })
}

/// Tilts by index: axes are numbered in the order of the dimensions that the plan has levels of.
pub(crate) fn tilts(plan: &Plan, tilt: &Tilt) -> Tilts {
    let axes = Dimension::ALL.into_iter().filter(|dimension| plan.levels.contains_key(dimension.name()));
    let names = axes.map(Dimension::name).chain([Dimension::Platform.name()]);
    let factors = |target: &str, by_level: &std::collections::BTreeMap<String, f64>| {
        let factor = |name: &String| by_level.get(name).copied().unwrap_or(1.0);
        match plan.levels.get(target) {
            Some(levels) => levels.iter().map(|level| factor(&level.name)).collect(),
            None => plan.platforms.iter().map(|platform| factor(&platform.name)).collect(),
        }
    };
    names
        .enumerate()
        .filter_map(|(index, target)| Some((index, factors(target, tilt.get(target)?))))
        .collect()
}

fn platform(plan: &Plan, name: &str) -> Option<usize> {
    plan.platforms.iter().position(|platform| platform.name == name)
}

fn clinician_luck(plan: &Plan, clinician: usize) -> f64 {
    plan.clustering.clinician * Dice::new(plan.seed, Realm::Clinician, clinician as u64).normal()
}

fn outages(plan: &Plan) -> Vec<(usize, Time, Time, Effects)> {
    let ready = |outage: &crate::plan::Outage| {
        let from: Time = outage.from.parse().ok()?;
        let until = from.plus(i64::from(outage.minutes) * 60_000);
        Some((platform(plan, &outage.platform)?, from, until, outage.effects))
    };
    plan.outages.iter().filter_map(ready).collect()
}

/// The kinds that a platform's feed tells: those that the plan lets happen, less those it omits or the
/// feed is blind to. A feed that tells no beginning of a state tells no end of it either.
fn told(plan: &Plan, platform: usize) -> KindSet {
    let hidden = |kind: Kind| {
        let is = |name: &String| name == kind.name();
        plan.recording.omit.iter().any(is) || plan.platforms[platform].blind.iter().any(is)
    };
    Kind::ALL
        .into_iter()
        .filter(|kind| happens(plan, *kind) && !hidden(*kind) && !opening_kind(*kind).is_some_and(hidden))
        .fold(KindSet::NONE, KindSet::with)
}

fn opening_kind(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::Rejoined => Some(Kind::Dropped),
        Kind::AudioRestored => Some(Kind::AudioLost),
        Kind::VideoRestored => Some(Kind::VideoLost),
        _ => None,
    }
}

fn happens(plan: &Plan, kind: Kind) -> bool {
    let base = |knob: Knob| plan.base.get(&knob).copied().unwrap_or_else(|| knob.usual()) > 0.0;
    let asked = |share: f64| plan.feedback.invited > 0.0 && share > 0.0;
    match kind {
        Kind::Scheduled => plan.booking.share > 0.0,
        Kind::Cancelled => plan.booking.share > 0.0 && base(Knob::Cancelled),
        Kind::VideoLost | Kind::VideoRestored => base(Knob::VideoLoss),
        Kind::AudioLost | Kind::AudioRestored => base(Knob::AudioLoss),
        Kind::HelpRequested => base(Knob::Help),
        Kind::FeedbackInvited => plan.feedback.invited > 0.0,
        Kind::Rated => asked(plan.feedback.patient) || asked(plan.feedback.clinician),
        Kind::Questionnaire => asked(plan.feedback.sus),
        Kind::Adequacy => asked(plan.feedback.adequacy),
        Kind::RecordingDeclared | Kind::Unknown => false,
        _ => true,
    }
}
