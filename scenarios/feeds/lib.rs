//! Every way to obtain events from bytes: one file per format, all of one shape.
//!
//! A [`Feed`] says what its format is and what it cannot tell, reads bytes, and gives events, rejected
//! lines with place and reason, and what was left out on purpose. The native form, CloudEvents as one
//! JSON object a line, goes both ways: [`cloudevents`]. Feeds are pure: [`pseudonym`] is here because
//! it belongs to what leaves a feed, but the key and the decision are the engine's.

mod bigbluebutton;
mod chime;
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
pub mod pseudonym;
mod reason;
mod rtcstats;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod secrets;
mod side;
pub mod signature;
mod stay;
mod tale;
mod text;
#[cfg(test)]
mod trial;
mod twilio;
mod vonage;
mod zoom;

pub use bigbluebutton::BigBlueButton;
pub use chime::{ChimeClient, ChimeEventBridge};
pub use csv::{Csv, Record, Records, guessed_mapping};
pub use daily::Daily;
pub use feed::{
    DOCUMENT_LIMIT, Feed, FeedError, FreeText, Item, LINE_LIMIT, Refusal, Rejected, Rule, Settings, Sink,
};
pub use fhir::FhirEncounter;
pub use graph_call_record::GraphCallRecord;
pub use jaas::JaasWebhook;
pub use livekit::LiveKitWebhook;
pub use rtcstats::RtcStats;
pub use twilio::{TwilioCallback, TwilioInsights};
pub use vonage::Vonage;
pub use zoom::{ZoomDashboard, ZoomWebhook};

/// Every feed, in the order in which [`detect`] asks them: the most particular first.
pub const ALL: &[&dyn Feed] = &[
    // Twilio streams its events as CloudEvents.
    &TwilioInsights,
    &cloudevents::CloudEvents,
    &RtcStats,
    &ChimeEventBridge,
    &ChimeClient,
    &LiveKitWebhook,
    &JaasWebhook,
    &TwilioCallback,
    &BigBlueButton,
    &Daily,
    &GraphCallRecord,
    &Vonage,
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
