//! Every way to obtain events from bytes: one file per format, all of one shape.
//!
//! A [`Feed`] says what its format is and what it cannot tell, reads bytes, and gives events, rejected
//! lines with place and reason, and what was left out on purpose. The native form, CloudEvents as one
//! JSON object a line, goes both ways: [`cloudevents`]. Feeds are pure: [`pseudonym`] is here because
//! it belongs to what leaves a feed, but the key and the decision are the engine's.

mod chime;
mod bigbluebutton;
pub mod cloudevents;
mod csv;
mod daily;
mod declare;
mod document;
mod epoch;
mod feed;
mod fhir;
mod form;
mod frame;
mod graph_call_record;
mod identity;
mod jaas;
#[cfg(test)]
mod laws;
mod livekit;
mod member;
mod naming;
#[cfg(test)]
mod probe;
pub mod pseudonym;
mod rtcstats;
mod reason;
#[cfg(test)]
mod samples;
mod tale;
mod text;
mod vonage;
#[cfg(test)]
mod trial;
mod twilio;
mod zoom;

pub use chime::{ChimeClient, ChimeEventBridge};
pub use csv::{Csv, Record, Records};
pub use daily::Daily;
pub use bigbluebutton::BigBlueButton;
pub use csv::{Csv, Record, Records, guessed_mapping};
pub use feed::{
    DOCUMENT_LIMIT, Feed, FeedError, FreeText, Item, LINE_LIMIT, Refusal, Rejected, Rule, Settings, Sink,
};
pub use graph_call_record::GraphCallRecord;
pub use rtcstats::RtcStats;
pub use vonage::Vonage;
pub use jaas::JaasWebhook;
pub use livekit::LiveKitWebhook;
pub use zoom::{ZoomDashboard, ZoomWebhook};

/// Every feed, in the order in which [`detect`] asks them: the most particular first.
pub const ALL: &[&dyn Feed] =
    &[&cloudevents::CloudEvents, &RtcStats, &GraphCallRecord, &Vonage, &ZoomWebhook, &ZoomDashboard, &Csv];
pub const ALL: &[&dyn Feed] = &[
    &cloudevents::CloudEvents,
    &ChimeEventBridge,
    &ChimeClient,
    &LiveKitWebhook,
    &JaasWebhook,
    &Daily,
pub use fhir::FhirEncounter;
pub use twilio::{TwilioCallback, TwilioInsights};
pub use zoom::{ZoomDashboard, ZoomWebhook};

/// Every feed, in the order in which [`detect`] asks them: the most particular first.
pub const ALL: &[&dyn Feed] = &[
    &TwilioInsights,
    &cloudevents::CloudEvents,
    &BigBlueButton,
    &TwilioCallback,
    &ZoomWebhook,
    &FhirEncounter,
    &ZoomDashboard,
    &Csv,
];

/// How much of an input [`detect`] wants to see, in bytes; less will do when the input is shorter.
pub const HEAD: usize = 64 << 10;

/// The feed of that name, if there is one.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Feed> {
    ALL.iter().copied().find(|feed| feed.name() == name)
}

/// The feed that recognises the beginning of an input, if one does.
///
/// ```
/// let head = br#"{"specversion":"1.0","id":"e-1"}"#;
/// assert_eq!(feeds::detect(head).map(|feed| feed.name()), Some("cloudevents"));
/// ```
#[must_use]
pub fn detect(head: &[u8]) -> Option<&'static dyn Feed> {
    ALL.iter().copied().find(|feed| feed.recognises(head))
}
