//! What one consultation's chances lead to, on average over its story.
//!
//! The story's own law in closed form: binomial stages of getting in, then Poisson processes over the
//! length of the talk, which is integrated over a few quantiles. Drops stop at the first without return,
//! so that a talk of length t has (1 - exp(-u t)) / u of it talked, u being the rate of those drops.

use super::Rates;
use crate::course::{FIRST_TRY_MS, UNDISTURBED_MS, UNDISTURBED_PART};
use crate::knob::{Chances, Knob, logistic, logit};
use crate::length::{BLIP, BLIP_MS, LOSS, REDIAL, REDIAL_MS, TALK};
use crate::plan::Plan;
use crate::story::{CONVERTED_AFTER, CONVERTED_WITHIN};

/// Quantiles that stand for the length of a talk.
const TALKS: usize = 12;
/// Moments that stand for when a talk is given up for the phone.
const MOMENTS: usize = 3;
/// Quantiles that stand for the length of a blip or loss.
const LENGTHS: usize = 6;

/// Expected numbers per consultation, or per attempted one times the probability of an attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    attempted: f64,
    connected: f64,
    first_try: f64,
    undisturbed: f64,
    completed: f64,
    converted: f64,
    abandoned: f64,
    end_not_seen: f64,
    help: f64,
    dropped: f64,
    drops: f64,
    recovered_60s: f64,
    talked_ms: f64,
    audio_losses: f64,
    audio_lost_ms: f64,
    audio_over_10s: f64,
    patient_good: f64,
    clinician_good: f64,
    sus: f64,
    adequate: f64,
}

/// Expectations over talks of given lengths.
#[derive(Debug, Clone, Copy, Default)]
struct Talked {
    ms: f64,
    /// No drop in the first minute.
    settled: f64,
    dropped: f64,
    /// Ended by a drop without return.
    lost: f64,
    audio_over_10s: f64,
}

impl Expected {
    pub(super) fn of(plan: &Plan, chances: &Chances) -> Self {
        let of = |knob| chances.of(knob);
        let (failed, phone) = (of(Knob::JoinFailed), plan.recording.phone_after_failure);
        let called_off = of(Knob::Cancelled) + (1.0 - of(Knob::Cancelled)) * of(Knob::NoShow);
        let attempted = (1.0 - plan.booking.share * called_off) * (1.0 - of(Knob::OtherSideAbsent));
        let out = failed * (1.0 - of(Knob::JoinRecovered));
        let waited = 1.0 - of(Knob::GaveUpWaiting);
        let connected = (1.0 - out) * waited;
        let (whole, part) = (talks(chances, &[1.0]), talks(chances, &moments()));
        let converts = of(Knob::Conversion);
        let either = |of: fn(&Talked) -> f64| (1.0 - converts) * of(&whole) + converts * of(&part);
        let lost = connected * either(|talked| talked.lost);
        let ended = connected * (1.0 - converts) * (1.0 - whole.lost);
        let seen = 1.0 - of(Knob::EndNotSeen);
        let undisturbed = (1.0 - failed) * waited * (1.0 - converts) * undisturbed(chances) * seen;
        let talked_ms = connected * either(|talked| talked.ms);
        let drops = talked_ms * chances.per_ms(Knob::Drop);
        let audio_losses = talked_ms * chances.per_ms(Knob::AudioLoss);
        let quiet = undisturbed / connected;
        let good = |knob| {
            let disturbed = logistic(logit(of(knob)) + plan.feedback.when_disturbed);
            connected * (quiet * of(knob) + (1.0 - quiet) * disturbed)
        };
        let mut all = Self::default();
        all.add(
            attempted,
            &Self {
                attempted: 1.0,
                connected,
                first_try: (1.0 - failed) * waited * either(|talked| talked.settled),
                undisturbed,
                completed: ended * seen,
                converted: (out + lost) * phone + connected * converts * (1.0 - part.lost),
                abandoned: (out + lost) * (1.0 - phone) + (1.0 - out) * (1.0 - waited),
                end_not_seen: ended * (1.0 - seen),
                help: of(Knob::Help),
                dropped: connected * either(|talked| talked.dropped),
                drops,
                recovered_60s: drops * of(Knob::DropRecovered) * REDIAL.up_to(REDIAL_MS, 60_000.0),
                talked_ms,
                audio_losses,
                audio_lost_ms: audio_losses * LOSS.mean(chances.ms(Knob::AudioSeconds)),
                audio_over_10s: connected * either(|talked| talked.audio_over_10s),
                patient_good: good(Knob::PatientRating),
                clinician_good: good(Knob::ClinicianRating),
                sus: connected * of(Knob::Sus),
                adequate: connected * of(Knob::Adequate),
            },
        );
        all
    }

    pub(super) fn add(&mut self, weight: f64, other: &Self) {
        self.attempted += weight * other.attempted;
        self.connected += weight * other.connected;
        self.first_try += weight * other.first_try;
        self.undisturbed += weight * other.undisturbed;
        self.completed += weight * other.completed;
        self.converted += weight * other.converted;
        self.abandoned += weight * other.abandoned;
        self.end_not_seen += weight * other.end_not_seen;
        self.help += weight * other.help;
        self.dropped += weight * other.dropped;
        self.drops += weight * other.drops;
        self.recovered_60s += weight * other.recovered_60s;
        self.talked_ms += weight * other.talked_ms;
        self.audio_losses += weight * other.audio_losses;
        self.audio_lost_ms += weight * other.audio_lost_ms;
        self.audio_over_10s += weight * other.audio_over_10s;
        self.patient_good += weight * other.patient_good;
        self.clinician_good += weight * other.clinician_good;
        self.sus += weight * other.sus;
        self.adequate += weight * other.adequate;
    }

    /// Rates from sums over consultations of total weight `consultations`.
    pub(super) fn rates(&self, consultations: f64) -> Rates {
        let of_attempted = |sum: f64| sum / self.attempted;
        let of_connected = |sum: f64| sum / self.connected;
        let per_100h = |sum: f64| sum / self.talked_ms * 360_000_000.0;
        let never = self.attempted - self.connected;
        let ended_in_talk = self.connected - self.completed - self.end_not_seen;
        Rates {
            attempted: self.attempted / consultations,
            undisturbed: of_attempted(self.undisturbed),
            connection_success: of_attempted(self.connected),
            first_try_join: of_attempted(self.first_try),
            completed_on_video: of_attempted(self.completed),
            conversion: of_attempted(self.converted),
            abandonment: of_attempted(self.abandoned),
            terminal_failure: of_attempted(never + ended_in_talk),
            any_drop: of_connected(self.dropped),
            drops_per_100h: per_100h(self.drops),
            recovered_60s: (self.drops > 0.0).then(|| self.recovered_60s / self.drops),
            audio_losses_per_100h: per_100h(self.audio_losses),
            audio_availability: 1.0 - self.audio_lost_ms / self.talked_ms,
            audio_over_10s: of_connected(self.audio_over_10s),
            help_requested: of_attempted(self.help),
            end_not_seen: of_attempted(self.end_not_seen),
            patient_rating: of_connected(self.patient_good),
            clinician_rating: of_connected(self.clinician_good),
            sus: of_connected(self.sus),
            adequacy: of_connected(self.adequate),
        }
    }
}

fn moments() -> [f64; MOMENTS] {
    std::array::from_fn(|moment| CONVERTED_AFTER + CONVERTED_WITHIN * (moment as f64 + 0.5) / MOMENTS as f64)
}

/// Averages over the lengths of talks, each cut to the given parts.
fn talks(chances: &Chances, parts: &[f64]) -> Talked {
    let drop = chances.per_ms(Knob::Drop);
    let lost = drop * (1.0 - chances.of(Knob::DropRecovered));
    let noise = Noise { blip: 0.0, ..Noise::of(chances) };
    let fits = noise.fits(UNDISTURBED_MS as f64);
    let mut sum = Talked::default();
    for full in TALK.points::<TALKS>(chances.ms(Knob::TalkMinutes)) {
        for part in parts {
            let length = full * part;
            let kept = libm::exp(-lost * length);
            sum.ms += if lost > 0.0 { (1.0 - kept) / lost } else { length };
            sum.settled += libm::exp(-drop * length.min(FIRST_TRY_MS as f64));
            sum.dropped += 1.0 - libm::exp(-drop * length);
            sum.lost += 1.0 - kept;
            sum.audio_over_10s += 1.0 - noise.at_most(fits, length);
        }
    }
    let count = (TALKS * parts.len()) as f64;
    Talked {
        ms: sum.ms / count,
        settled: sum.settled / count,
        dropped: sum.dropped / count,
        lost: sum.lost / count,
        audio_over_10s: sum.audio_over_10s / count,
    }
}

/// Probability that a whole talk has no drop and is hardly interrupted.
fn undisturbed(chances: &Chances) -> f64 {
    let drop = chances.per_ms(Knob::Drop);
    let noise = Noise::of(chances);
    mean(TALK.points::<TALKS>(chances.ms(Knob::TalkMinutes)).map(|length| {
        let limit = (length / UNDISTURBED_PART as f64).min(UNDISTURBED_MS as f64);
        libm::exp(-drop * length) * noise.at_most(noise.fits(limit), length)
    }))
}

/// Blips and losses of sound as one process with lengths of two sorts.
#[derive(Debug, Clone, Copy)]
struct Noise {
    audio: f64,
    blip: f64,
    audio_ms: f64,
}

/// Probabilities that one, and two, of the noises last no longer than a limit.
#[derive(Debug, Clone, Copy, Default)]
struct Fits {
    one: f64,
    two: f64,
}

impl Noise {
    fn of(chances: &Chances) -> Self {
        Self {
            audio: chances.per_ms(Knob::AudioLoss),
            blip: chances.per_ms(Knob::Blip),
            audio_ms: chances.ms(Knob::AudioSeconds),
        }
    }

    /// Probability that the noise in `length` fits. Three noises and more are taken never to, which
    /// leaves an error far below one in a thousand at the rates of plausible plans.
    fn at_most(self, fits: Fits, length: f64) -> f64 {
        let count = (self.audio + self.blip) * length;
        libm::exp(-count) * (1.0 + count * fits.one + count * count / 2.0 * fits.two)
    }

    fn fits(self, limit: f64) -> Fits {
        let rate = self.audio + self.blip;
        if rate <= 0.0 {
            return Fits::default();
        }
        let two = |firsts: [f64; LENGTHS]| mean(firsts.map(|first| self.one_up_to(limit - first)));
        let after_audio = self.audio / rate * two(LOSS.points(self.audio_ms));
        let after_blip = self.blip / rate * two(BLIP.points(BLIP_MS));
        Fits { one: self.one_up_to(limit), two: after_audio + after_blip }
    }

    fn one_up_to(self, ms: f64) -> f64 {
        let sum = self.audio * LOSS.up_to(self.audio_ms, ms) + self.blip * BLIP.up_to(BLIP_MS, ms);
        sum / (self.audio + self.blip)
    }
}

fn mean<const N: usize>(values: [f64; N]) -> f64 {
    values.iter().sum::<f64>() / N as f64
}
