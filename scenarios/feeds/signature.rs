//! How a delivery of a vendor proves that it is genuine: signatures of web hooks.
//!
//! Whoever knows the address of a hook can post to it. A [`Scheme`] says by a secret that is shared
//! with the vendor whether a [`Delivery`] is theirs, unchanged, and not an old one sent again; each
//! stands beside the feed of its vendor and is asked for by [`Feed::scheme`](crate::Feed::scheme).
//! Pure, as feeds are: the secret, the public address and the time of arrival are arguments. Keeping
//! secrets, listening and answering are the engine's; a delivery that comes twice is one event by its
//! id.

mod delivery;
mod mac;
mod moment;
mod refused;
mod secret;
mod shared;
mod token;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod table;
#[cfg(test)]
pub(crate) mod trial;

pub use delivery::Delivery;
pub use refused::Refused;
pub use secret::{Secret, SecretError};

pub(crate) use delivery::AUTHORIZATION;
pub(crate) use mac::{base64_sha256, fits_sha1, fits_sha256, from_base64, from_hex, hex, hex_sha256, same};
pub(crate) use moment::{moment, within};
pub(crate) use shared::SharedSecret;
pub(crate) use token::Token;

use crate::bigbluebutton::BigBlueButtonChecksum;
use crate::daily::DailySignature;
use crate::jaas::JaasSignature;
use crate::livekit::LiveKitToken;
use crate::twilio::TwilioSignature;
use crate::vonage::VonageToken;
use crate::zoom::ZoomSignature;

/// How much the clocks of the vendor and of this machine may differ, and how long a delivery may be on
/// its way, in milliseconds: five minutes, for which the tokens of LiveKit hold as well.
pub const TOLERANCE_MS: i64 = 300_000;

/// Every scheme.
pub const ALL: &[&dyn Scheme] = &[
    &ZoomSignature,
    &LiveKitToken,
    &JaasSignature,
    &DailySignature,
    &TwilioSignature,
    &VonageToken,
    &BigBlueButtonChecksum,
    &SharedSecret,
];

/// The scheme of that name, if there is one.
///
/// ```
/// let zoom = feeds::by_name("zoom-webhook").and_then(|feed| feed.scheme()).map(|scheme| scheme.name());
/// assert_eq!(zoom, Some("zoom"));
/// assert!(feeds::signature::by_name("zoom").is_some());
/// ```
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Scheme> {
    ALL.iter().copied().find(|scheme| scheme.name() == name)
}

/// One way in which deliveries prove that they are genuine.
///
/// The laws of a scheme: it accepts what the vendor signs with the same secret; whatever part is said to be
/// signed, a change of it is refused; no delivery makes it panic; no message shows a secret or a signature.
pub trait Scheme: Sync {
    /// The name in a configuration.
    fn name(&self) -> &'static str;

    /// What the secret is, and where the vendor shows it.
    fn secret(&self) -> &'static str;

    /// What proves that a delivery is genuine, and which parts of it are covered.
    fn proof(&self) -> &'static str;

    /// What is not protected.
    fn open(&self) -> &'static str;

    /// How long after it was signed a delivery is believed, in milliseconds; `None` where its age is not
    /// known, and only the ids of events protect from one that is sent again.
    fn holds_ms(&self) -> Option<i64>;

    /// Refuses a secret that cannot be one of this scheme, so that it is told when the hook is configured.
    ///
    /// # Errors
    /// When no delivery could be checked by it.
    fn usable(&self, secret: &Secret) -> Result<(), SecretError> {
        let _ = secret;
        Ok(())
    }

    /// Whether `delivery` is genuine, and what is to be done with it.
    ///
    /// # Errors
    /// When it is not, or cannot be told to be.
    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused>;
}

/// A delivery that may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Its body is for the feed.
    Read,
    /// It asks whether this address is ours, and tells nothing: this is the answer, with the status 200.
    Answer {
        /// The content type of the answer.
        content_type: &'static str,
        /// The answer.
        body: String,
    },
}
