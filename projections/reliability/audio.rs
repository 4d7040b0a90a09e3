//! Do people hear each other while they are connected?

use event::{Kind, KindSet};

use crate::measure::{Better, Fold, Measure, Needs, of_connected};

/// Without restorations every loss would seem to last to the end.
const LOSSES: Needs = Needs::all(&[Kind::Joined, Kind::AudioLost, Kind::AudioRestored]);
/// More sound lost than this is a consultation with bad sound.
const LONG_MS: i64 = 10_000;

/// The share of connected time with sound.
pub static AUDIO_AVAILABILITY: Measure = Measure {
    name: "audio_availability",
    title: "Connected time with sound",
    of: "connected time",
    definition: "one minus time with sound lost for anybody over connected time, summed over consultations",
    better: Better::Higher,
    needs: LOSSES,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::FreeOf(|row| {
        let ms = |ms: i64| u64::try_from(ms).unwrap_or(0);
        row.connected.then(|| (ms(row.audio_lost_ms), ms(row.connected_ms)))
    }),
};

/// Consultations with more than ten seconds of sound lost.
pub static AUDIO_OVER_10S: Measure = Measure {
    name: "audio_over_10s",
    title: "Consultations with more than 10 s of sound lost",
    of: "connected",
    definition: "more than 10 s of sound lost while connected",
    better: Better::Lower,
    needs: LOSSES,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Share(|row| of_connected(row, row.audio_lost_ms > LONG_MS)),
};

/// Sound lost, where any was.
pub static AUDIO_LOST_MS: Measure = Measure {
    name: "audio_lost_ms",
    title: "Sound lost, where any was",
    of: "consultations with sound lost",
    definition: "milliseconds of sound lost while connected, of consultations that lost any",
    better: Better::Neither,
    needs: LOSSES,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Durations(|row, _, all| {
        all.extend(u64::try_from(row.audio_lost_ms).ok().filter(|lost| *lost > 0));
    }),
};
