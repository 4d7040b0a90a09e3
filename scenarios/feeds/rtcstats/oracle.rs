//! Our reading of Jitsi's dumps held against the features that Jitsi's own server expects of them, where
//! both lie in the folder that the environment variable `EVENFIELD_SAMPLES` names.
//!
//! Agreed: how long the call was connected, whether its connection failed, that no interval was lost
//! where hardly a packet was, and when the session ended. On purpose different: Jitsi counts for each
//! connection and we for the client; connections that carry nothing are failures there and nothing here.

use event::Kind;
use serde_json::Value;

use super::RtcStats;
use crate::trial::items;
use crate::{Item, Settings};

/// A dump, its expected features, and the connections of the call in it.
const PAIRS: [(&str, &str, &[&str]); 3] = [
    (
        "59c86272-03ea-42e9-a62d-1c8a272e8ab0.ndjson",
        "59c86272-03ea-42e9-a62d-1c8a272e8ab0.json",
        &["PC_0", "PC_1"],
    ),
    ("chrome-standard-pc-failed.ndjson", "chrome-standard-pc-failed.json", &["PC_0"]),
    ("google-standard-stats-sfu.ndjson", "google-standard-stats-sfu-result.json", &["PC_0"]),
];

fn folder() -> Option<std::path::PathBuf> {
    let folder = std::env::var("EVENFIELD_SAMPLES").ok();
    if folder.is_none() {
        eprintln!("skipped: EVENFIELD_SAMPLES does not name the folder of the samples");
    }
    Some(std::path::Path::new(&folder?).join("jitsi-rtcstats"))
}

/// The times at which events of a kind happened, in milliseconds since 1970.
fn times(items: &[Item], kind: Kind) -> Vec<i64> {
    let time = |item: &Item| match item {
        Item::Event { event, .. } if event.kind() == kind => Some(event.at.ms()),
        _ => None,
    };
    items.iter().filter_map(time).collect()
}

fn ends_connected(items: &[Item]) -> bool {
    items
        .iter()
        .any(|item| matches!(item, Item::Skipped { reason, .. } if reason.starts_with("the dump ends")))
}

fn read(path: &std::path::Path) -> Vec<Item> {
    let told = Settings { consultation: Some("c-1".into()), ..Settings::default() };
    items(&RtcStats, &std::fs::read(path).unwrap(), &told)
}

#[test]
fn what_jitsi_extracts_and_what_we_read_agree_where_they_speak_of_the_same() {
    let Some(folder) = folder() else { return };
    for (dump, result, of_call) in PAIRS {
        let ours = read(&folder.join(dump));
        let theirs = std::fs::read(folder.join("results").join(result)).unwrap();
        let theirs: Value = serde_json::from_slice(&theirs).unwrap();
        let features = theirs.pointer("/0/features").or_else(|| theirs.get("features")).unwrap();
        let aggregates = features["aggregates"].as_object().unwrap();
        let number = |pc: &str, name: &str| aggregates[pc][name].as_i64().unwrap();

        // Theirs runs from connected to the last entry of each connection, ours over all of them.
        let longest = of_call.iter().map(|pc| number(pc, "pcSessionDurationMs")).max().unwrap();
        let (joined, dropped, left) =
            (times(&ours, Kind::Joined), times(&ours, Kind::Dropped), times(&ours, Kind::Left));
        assert_eq!(joined.len(), 1, "{dump}");
        match dropped.first().or(left.first()) {
            Some(gone) => assert_eq!(gone - joined[0], longest, "{dump}: how long the call was connected"),
            // Theirs takes the last entry for the end; the client was connected then, and may have stayed.
            None => assert!(ends_connected(&ours), "{dump}: it ends while the client is connected"),
        }

        let failed = of_call.iter().any(|pc| aggregates[*pc]["connectionFailed"] == true);
        assert_eq!(!dropped.is_empty(), failed, "{dump}: whether the connection of the call failed");
        let reconnects: i64 = of_call.iter().map(|pc| number(pc, "iceReconnects")).sum();
        assert_eq!(times(&ours, Kind::Rejoined).len(), usize::try_from(reconnects).unwrap(), "{dump}");

        for pc in of_call {
            let lost = aggregates[*pc]["trackAggregates"]["receivedPacketsLostPct"].as_f64().unwrap();
            assert!(lost < 1.0, "{dump}: the samples lost hardly a packet");
        }
        let lost = [times(&ours, Kind::AudioLost), times(&ours, Kind::VideoLost)].concat();
        assert!(lost.is_empty(), "{dump}: nothing was lost for an interval");

        if let Some(left) = left.first() {
            let end = features["sessionEndTime"].as_i64().unwrap();
            assert_eq!(*left, end, "{dump}: when the session ended");
        }
        // On purpose: probes that failed are failures there.
        let probes = aggregates.iter().filter(|(pc, _)| !of_call.contains(&pc.as_str()));
        for (pc, probe) in probes {
            assert_eq!(probe["connectionFailed"], true, "{dump}: {pc}");
        }
        assert_eq!(times(&ours, Kind::JoinFailed).len(), usize::from(failed), "{dump}: a camera, in one");
    }
}

#[test]
fn the_blip_that_really_happened_is_a_drop_and_a_return_within_the_grace() {
    let Some(folder) = folder() else { return };
    let ours = read(&folder.join("safari-relay.ndjson"));
    let (dropped, back) = (times(&ours, Kind::Dropped), times(&ours, Kind::Rejoined));
    assert_eq!((dropped.len(), back.len()), (1, 1));
    assert_eq!(back[0] - dropped[0], 434);
    // Most packets of the seven seconds before were lost, too.
    assert_eq!(times(&ours, Kind::VideoLost).len(), 1);
}
