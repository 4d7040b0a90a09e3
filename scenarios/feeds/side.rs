//! The sides of a consultation where a platform marks nobody.
//!
//! A setting says what those are whom the platform does not mark as the clinician. Where it marks nobody
//! that would be everybody, clinicians too, and no consultation would have two sides. Without it any two
//! people are the two sides.

use crate::{FeedError, Settings};

/// Refuses a role for the others where `platform` does not say who the clinician is.
pub(crate) fn refuse_others(settings: &Settings, platform: &str) -> Result<(), FeedError> {
    refusal(settings, platform).map_or(Ok(()), |reason| Err(FeedError::Setting { name: "others", reason }))
}

/// Why a role for the others cannot be taken, if one is set.
pub(crate) fn refusal(settings: &Settings, platform: &str) -> Option<String> {
    let role = settings.others?.name();
    Some(format!(
        "{platform} does not mark who the clinician is: --others would make everybody a {role}; leave it out, \
         and any two people are the two sides"
    ))
}
