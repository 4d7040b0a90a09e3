//! The scenarios that come with the program. A test holds this list against the folder.

/// One embedded scenario: its name, its card, its events.
type Embedded = (&'static str, &'static str, &'static [u8]);

macro_rules! recorded {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../../scenarios/recorded/", $name, "/scenario.toml")),
            include_bytes!(concat!("../../scenarios/recorded/", $name, "/events.ndjson.zst")),
        )),*]
    };
}

/// In the order in which they are shown.
pub(super) static SCENARIOS: &[Embedded] = recorded![
    "platform-or-infrastructure-wifi",
    "platform-or-infrastructure-platform",
    "standardise-one-best",
    "range-by-service",
    "too-thin-to-say",
    "digital-inequality",
    "evidence-by-appointment",
    "training-and-support",
    "postcode-lottery",
    "outage",
    "blind-feed",
    "messy-feed",
];
