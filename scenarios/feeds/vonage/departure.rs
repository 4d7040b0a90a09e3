//! Why somebody's connection ended, and what that is here.
//!
//! Reasons are codes, but for a sentence that the platform is known to write; what else is no code may
//! hold a name and is not kept.

use event::Payload;

use crate::reason::kept;
use crate::tale::Told;

/// What the platform writes where it failed itself.
const FAILURE: &str = "Internal server failure";

/// The departure that `reason` tells, and what of it is not kept.
pub(super) fn departure(reason: Option<&str>) -> (Payload, Option<Told>) {
    let Some(reason) = reason else { return (Payload::Left { reason: None }, None) };
    if reason == FAILURE {
        return (Payload::Dropped { reason: Some("internal_server_failure".to_owned()) }, None);
    }
    let (code, note) = kept(reason);
    let payload = match code.as_str() {
        "network_disconnected" => Payload::Dropped { reason: Some(code) },
        "client_disconnected" => Payload::Left { reason: None },
        _ => Payload::Left { reason: Some(code) },
    };
    (payload, note)
}
