//! One plain struct per kind and version: what the bytes of an event's own data mean.
//!
//! A change of meaning is a new struct with a new code beside the old one, never a changed field: the
//! encoding has no names, so a field added to an old struct would make its bytes unreadable. Which code
//! reads which struct, and how old ones become new, is told in [`registry`](super::registry); the forms
//! of all structs are written down in `records.lock`, and a test holds them to it.

use event::Extra;
use serde::{Deserialize, Serialize};

/// Defines records, which all derive the same, and writes down their forms.
macro_rules! records {
    ($($(#[$about:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            pub(in crate::log) struct $name { $(pub(in crate::log) $field: $type),* }
        )*
        /// Every record with its form.
        #[cfg(test)]
        pub(in crate::log) const FORMS: &[(&str, &str)] =
            &[$((stringify!($name), stringify!($($field: $type),*))),*];
    };
}

records! {
    /// Hot.
    ScheduledV1 { booked_start: Option<i64> }
    /// Hot.
    ConvertedV1 { to: Option<String> }
    /// Hot.
    AbandonedV1 { stage: Option<String> }
    /// Hot.
    FeedbackInvitedV1 { instrument: Option<String> }
    /// Hot.
    RatedV1 { scale: u8, value: u8 }
    /// Hot.
    QuestionnaireV1 { instrument: String, answers: Vec<Option<u8>>, score: Option<f64> }
    /// Hot. 1 yes, 2 no, 3 partly.
    AdequacyV1 { answer: u8 }
    /// Hot. Capabilities: 1 observed, 2 inferred, 3 unobservable. Sides: 1 both, 2 patient, 3 clinician.
    RecordingDeclaredV1 {
        feed: Option<String>,
        platform: Option<String>,
        capabilities: Vec<(String, u8)>,
        sides: Option<u8>,
        drop_delay_ms: Option<u32>
    }
    /// Cold.
    CancelledV1 { by: Option<String>, reason: Option<String> }
    /// Cold.
    JoinFailedV1 { reason: Option<String> }
    /// Cold.
    AudioLostV1 { direction: Option<String> }
    /// Cold.
    AudioRestoredV1 { direction: Option<String> }
    /// Cold.
    VideoLostV1 { direction: Option<String> }
    /// Cold.
    VideoRestoredV1 { direction: Option<String> }
    /// Cold.
    HelpRequestedV1 { topic: Option<String> }
    /// Cold.
    DroppedV1 { reason: Option<String> }
    /// Cold.
    LeftV1 { reason: Option<String> }
    /// Cold. A kind or version that the vocabulary did not know when it was kept.
    UnknownV1 { kind: String, version: u16 }
    /// Cold, of any kind: what the vocabulary does not name, in the order of the names.
    ExtraV1 { attributes: Vec<(String, String)>, data: Vec<(String, String)> }
    /// Cold. What stays of an event whose content was destroyed.
    RedactedV1 { leaf: [u8; 32], name: [u8; 16] }
    /// Cold. That the content at these positions was destroyed.
    RedactionV1 { positions: Vec<u64>, reason: Option<String> }
}

impl ExtraV1 {
    /// The record of an extra.
    pub(in crate::log) fn of(extra: &Extra) -> Self {
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        Self { attributes: pairs(&extra.attributes), data: pairs(&extra.data) }
    }

    /// The extra of a record.
    pub(in crate::log) fn into_extra(self) -> Extra {
        Extra { attributes: self.attributes.into_iter().collect(), data: self.data.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: &str = "a record that logs hold already has changed: put the old struct back, give the new one the next \
                           version and a row of its own in the registry";
    const NEW: &str =
        "a record that is not written down: if it is new, add this line to engine/log/block/records.lock";

    /// The first difference between the forms that are written down and those that are there.
    fn difference(locked: &str, forms: &str) -> Option<String> {
        let name = |form: &str| form.split(' ').next().map(str::to_owned);
        let changed = locked.lines().find_map(|line| {
            let now = forms.lines().find(|form| name(form) == name(line)).unwrap_or("nothing of that name");
            (now != line).then(|| format!("{CHANGED}\n  written down: {line}\n  now:          {now}"))
        });
        let new = || forms.lines().find(|form| !locked.lines().any(|line| line == *form));
        changed.or_else(|| new().map(|form| format!("{NEW}\n{form}")))
    }

    /// The encoding has no names: a changed struct would make the bytes of every log unreadable.
    #[test]
    fn no_form_differs_from_what_was_written_down() {
        let tidy = |form: &str| form.split_whitespace().collect::<Vec<_>>().join(" ").replace(" :", ":");
        let forms: String =
            FORMS.iter().map(|(name, form)| format!("{name} {{ {} }}\n", tidy(form))).collect();
        if let Some(difference) = difference(include_str!("records.lock"), &forms) {
            panic!("{difference}");
        }
    }

    #[test]
    fn a_changed_a_lost_and_a_new_record_are_each_told_with_what_to_do() {
        let locked = "AV1 { a: u8 }\nBV1 { b: u8, c: u8 }\n";
        let told = |forms: &str, help: &str, line: &str| {
            let told = difference(locked, forms).unwrap();
            assert!(told.starts_with(help) && told.contains(line), "{told}");
        };
        assert_eq!(difference(locked, locked), None);
        told("AV1 { a: u16 }\nBV1 { b: u8, c: u8 }\n", CHANGED, "now:          AV1 { a: u16 }");
        told("AV1 { a: u8 }\nBV1 { c: u8, b: u8 }\n", CHANGED, "written down: BV1 { b: u8, c: u8 }");
        told("AV1 { a: u8 }\n", CHANGED, "now:          nothing of that name");
        told(&format!("{locked}BV2 {{ b: u8 }}\n"), NEW, "BV2 { b: u8 }");
        told(&format!("{locked}AV1 {{ a: u8, b: u8 }}\n"), NEW, "AV1 { a: u8, b: u8 }");
    }
}
