//! What is recorded of what happens, and what is lost on the way.
//!
//! None of it changes a consultation: a plan with and without `mess` has the same consultations, and
//! they are told badly or well.

use serde::Deserialize;

/// How many consultations are booked ahead, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Booking {
    /// Share of consultations that are booked; only these can be called off or missed by both.
    pub share: f64,
    /// The shortest time ahead, in hours.
    pub hours_least: u32,
    /// The longest time ahead, in hours.
    pub hours_most: u32,
}

impl Default for Booking {
    fn default() -> Self {
        Self { share: 0.0, hours_least: 2, hours_most: 72 }
    }
}

/// Standard deviations of luck, on the link of [`Knob::Trouble`](crate::Knob::Trouble).
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clustering {
    /// Between organisations.
    pub organisation: f64,
    /// Between platforms within an organisation, beyond what they share.
    pub organisation_platform: f64,
    /// Between clinicians within an organisation.
    pub clinician: f64,
    /// Of the logarithm of the organisations' sizes.
    pub size: f64,
}

/// Who is asked what after a consultation that connected; shares of answers are of those invited.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feedback {
    /// Share of connected consultations whose patient and clinician are invited.
    pub invited: f64,
    /// Share of patients who rate.
    pub patient: f64,
    /// Share of clinicians who rate.
    pub clinician: f64,
    /// Share of patients who answer the System Usability Scale.
    pub sus: f64,
    /// Standard deviation of one answer's SUS score, in points.
    pub sus_sd: f64,
    /// Share of clinicians who say whether a visit in person would have been needed.
    pub adequacy: f64,
    /// What a disturbed consultation adds to the log-odds of a good rating.
    pub when_disturbed: f64,
}

impl Default for Feedback {
    fn default() -> Self {
        Self {
            invited: 0.0,
            patient: 0.0,
            clinician: 0.0,
            sus: 0.0,
            sus_sd: 14.0,
            adequacy: 0.0,
            when_disturbed: -1.0,
        }
    }
}

/// What the recorders tell.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// Kinds that no feed tells.
    pub omit: Vec<String>,
    /// Whether every source declares what it can see.
    pub declared: bool,
    /// Of consultations given up, the share that go on by phone; the others are abandoned.
    pub phone_after_failure: f64,
}

impl Default for Recording {
    fn default() -> Self {
        Self { omit: Vec::new(), declared: true, phone_after_failure: 0.75 }
    }
}

/// What goes wrong between the recorders and the log; shares are of events unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mess {
    /// Share sent twice, the second time up to ten minutes later.
    pub duplicates: f64,
    /// Share that arrive late.
    pub late: f64,
    /// How late they are at most, in minutes.
    pub late_minutes: u32,
    /// Share of consultations whose end is lost.
    pub missing_ends: f64,
    /// By how much each source's clock is wrong at most, in milliseconds.
    pub clock_skew_ms: u32,
    /// Share of consultations with opposite events in one millisecond.
    pub same_ms: f64,
    /// Share of consultations with a `joined` and a `left` of one person less than a second apart.
    pub coalesced: f64,
    /// Share of consultations with an event of a kind nobody knows.
    pub unknown_kinds: f64,
}
