//! The closed list of measures. Commands, laws and benches iterate over it; there is no other.

use crate::measure::Measure;
use crate::reliability::{audio, connection, drops, endings, failures, undisturbed};
use crate::usability::{adequacy, help, questionnaires, ratings};

/// Every measure, in the order in which they are shown.
pub static MEASURES: [&Measure; 28] = [
    &undisturbed::UNDISTURBED,
    &endings::TERMINAL_FAILURE,
    &connection::CONNECTION_SUCCESS,
    &connection::FIRST_TRY_JOIN,
    &failures::FIRST_FAILURE,
    &connection::CONNECT_MS,
    &connection::WAITING_MS,
    &connection::JOIN_MS,
    &endings::COMPLETED_ON_VIDEO,
    &endings::COMPLETED_OF_CONNECTED,
    &endings::CONVERSION,
    &endings::ABANDONMENT,
    &drops::ANY_DROP,
    &drops::DROPS_PER_100H,
    &drops::RECOVERED_60S,
    &drops::RECOVERY_MS,
    &drops::FIRST_DROP_MS,
    &audio::AUDIO_AVAILABILITY,
    &audio::AUDIO_OVER_10S,
    &audio::AUDIO_LOST_MS,
    &help::HELP_REQUESTED,
    &help::HELP_PER_100,
    &ratings::PATIENT_RATING,
    &ratings::CLINICIAN_RATING,
    &questionnaires::SUS,
    &questionnaires::TUQ,
    &adequacy::ADEQUACY,
    &endings::END_NOT_SEEN,
];

/// The measure of that name, if there is one.
#[must_use]
pub fn measure(name: &str) -> Option<&'static Measure> {
    MEASURES.into_iter().find(|measure| measure.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_lead_back_to_their_measure() {
        for wanted in MEASURES {
            assert!(std::ptr::eq(measure(wanted.name).unwrap(), wanted), "{}", wanted.name);
        }
        assert!(measure("undisturbd").is_none());
    }
}
