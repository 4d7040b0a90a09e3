//! Loss of sound and picture, as samples of getStats in a dump tell it.

use super::tests::{DIRECT, call, check, read};

/// A sample of sound: packets received and lost, played, made up, made up silently; bytes of everything.
pub(super) fn sound(counters: [u32; 6]) -> String {
    let [received, lost, played, concealed, silent, bytes] = counters;
    format!(
        r#"{{"A":{{"type":"inbound-rtp","kind":"audio","packetsReceived":{received},"packetsLost":{lost},"totalSamplesReceived":{played},"concealedSamples":{concealed},"silentConcealedSamples":{silent}}},"T":{{"type":"transport","bytesReceived":{bytes}}}}}"#
    )
}

/// What is told of samples ten seconds apart, the first at one second.
fn check_samples(samples: &[String], expected: &[&str]) {
    let at = |n: usize| 1000 + 10_000 * i64::try_from(n).unwrap();
    let entries: Vec<_> =
        samples.iter().enumerate().map(|(n, sample)| ("getstats", "PC_0", sample.as_str(), at(n))).collect();
    let told = read(&call(&entries));
    assert_eq!(told[2..told.len() - 1], *expected, "{samples:#?}");
}

#[test]
fn sound_is_lost_by_packets_by_concealment_and_by_silence_on_the_line() {
    let lost = r#"11000 audio_lost {"direction":"receiving"}"#;
    let restored = r#"21000 audio_restored {"direction":"receiving"}"#;
    let start = sound([0, 0, 0, 0, 0, 0]);
    let good = sound([500, 0, 480_000, 0, 0, 50_000]);
    let by = |bad: [u32; 6], after: [u32; 6]| {
        check_samples(&[start.clone(), good.clone(), sound(bad), sound(after)], &[lost, restored]);
    };
    by([750, 250, 960_000, 0, 0, 75_000], [1250, 250, 1_440_000, 0, 0, 125_000]);
    by([1000, 0, 960_000, 240_000, 0, 100_000], [1500, 0, 1_440_000, 240_000, 0, 150_000]);
    by([500, 0, 960_000, 480_000, 470_000, 50_000], [1000, 0, 1_440_000, 480_000, 470_000, 100_000]);
}

#[test]
fn what_stands_still_may_be_left_out_of_a_sample() {
    let (start, good) = (sound([0; 6]), sound([500, 0, 480_000, 0, 0, 50_000]));
    let lost = r#"11000 audio_lost {"direction":"receiving"}"#;
    check_samples(&[start.clone(), good.clone(), "{}".into(), "{}".into()], &[lost]);
    // Where it is not told what arrives, nothing can be read from it.
    let alone = |sample: &str| sample.replace("bytesReceived", "packetsSent");
    check_samples(&[alone(&start), alone(&good), "{}".into()], &[]);
}

#[test]
fn sound_that_moves_to_another_connection_is_not_lost() {
    let (start, good) = (sound([0; 6]), sound([500, 0, 480_000, 0, 0, 50_000]));
    let lost = |first: &str, second: &str| {
        let entries = [
            ("create", "PC_1", "{}", 500),
            ("constraints", "PC_1", DIRECT, 500),
            ("onconnectionstatechange", "PC_1", "\"connected\"", 600),
            ("getstats", "PC_0", start.as_str(), 1000),
            ("getstats", "PC_0", good.as_str(), 11_000),
            ("getstats", "PC_1", first, 11_500),
            ("getstats", "PC_1", second, 20_500),
            ("getstats", "PC_0", "{}", 21_000),
        ];
        read(&call(&entries)).into_iter().filter(|told| told.contains("audio_lost")).count()
    };
    assert_eq!(lost(&start, &good), 0);
    assert_eq!(lost("{}", "{}"), 1);
}

#[test]
fn silence_of_a_muted_microphone_and_few_packets_are_no_loss() {
    let start = sound([0, 0, 0, 0, 0, 0]);
    let good = sound([500, 0, 480_000, 0, 0, 50_000]);
    // Nothing of the sound arrives, but something else does; what is made up is silent.
    let muted = sound([500, 0, 960_000, 480_000, 478_000, 90_000]);
    check_samples(&[start.clone(), good.clone(), muted], &[]);
    let few = sound([510, 30, 960_000, 0, 0, 60_000]);
    check_samples(&[start.clone(), good.clone(), few], &[]);
    let less = sound([760, 240, 960_000, 239_000, 0, 75_000]);
    check_samples(&[start.clone(), good.clone(), less], &[]);
    // Counters that begin anew.
    check_samples(&[good, start], &[]);
}

#[test]
fn the_picture_is_lost_by_packets_or_freezes() {
    let picture = |received: u32, lost: u32, frozen: f64| {
        format!(
            r#"{{"V":{{"type":"inbound-rtp","mediaType":"video","packetsReceived":{received},"packetsLost":{lost},"totalFreezesDuration":{frozen}}}}}"#
        )
    };
    let lost = r#"1000 video_lost {"direction":"receiving"}"#;
    let restored = r#"11000 video_restored {"direction":"receiving"}"#;
    check_samples(&[picture(0, 0, 0.0), picture(90, 100, 0.0), picture(900, 100, 0.0)], &[lost, restored]);
    check_samples(&[picture(0, 0, 0.0), picture(900, 0, 5.0), picture(1800, 0, 9.0)], &[lost, restored]);
    check_samples(&[picture(0, 0, 0.0), picture(900, 0, 4.9), picture(1800, 0, 9.0)], &[]);
}

#[test]
fn a_loss_ends_with_a_drop_and_a_page_that_slept_proves_nothing() {
    let (start, bad) = (sound([0, 0, 0, 0, 0, 0]), sound([100, 400, 960_000, 0, 0, 50_000]));
    check(
        &[
            ("getstats", "PC_0", &start, 1000),
            ("onconnectionstatechange", "PC_0", "\"disconnected\"", 9000),
            ("onconnectionstatechange", "PC_0", "\"connected\"", 9434),
            ("getstats", "PC_0", &bad, 9435),
            ("getstats", "PC_0", r#"{"A":{"packetsReceived":600}}"#, 19_435),
            ("close", "PC_0", "{}", 20_000),
        ],
        &[
            r#"9000 dropped {"reason":"disconnected"}"#,
            "9434 rejoined {}",
            r#"1000 audio_lost {"direction":"receiving"}"#,
            "20000 left {}",
        ],
    );
    check(
        &[
            ("getstats", "PC_0", &start, 1000),
            ("getstats", "PC_0", &bad, 61_001),
            ("close", "PC_0", "{}", 70_000),
        ],
        &["70000 left {}"],
    );
}
