//! Real and documented payloads, where they are at hand: the environment variable `EVENFIELD_SAMPLES`
//! names their folder. Each must become events or be refused with a reason; without it nothing is tested.

use std::path::Path;

use crate::{Item, Settings};

/// The folder of a vendor's samples, and how the names of the feeds that read them begin.
const VENDORS: [(&str, &str); 7] = [
    ("chime", "chime"),
    ("cloudevents", "cloudevents"),
    ("jitsi-rtcstats", "rtcstats"),
    ("livekit", "livekit"),
    ("msgraph", "graph-call-record"),
    ("rtcstats", "rtcstats"),
    ("zoom", "zoom"),
];

#[test]
fn every_sample_is_read_or_refused_with_a_reason() {
    let Ok(folder) = std::env::var("EVENFIELD_SAMPLES") else {
        eprintln!("skipped: EVENFIELD_SAMPLES does not name the folder of the samples");
        return;
    };
    for (vendor, feeds) in VENDORS {
        for entry in std::fs::read_dir(Path::new(&folder).join(vendor)).unwrap() {
            let path = entry.unwrap().path();
            // Definitions and expected results lie beside the payloads.
            if path.is_dir() || path.extension().is_some_and(|ext| ext == "txt") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let feed =
                crate::detect(&bytes).unwrap_or_else(|| panic!("nothing recognises {}", path.display()));
            assert!(feed.name().starts_with(feeds), "{} is taken for {}", path.display(), feed.name());
            let items = crate::trial::items(feed, &bytes, &Settings::default());
            assert!(!items.is_empty(), "{}", path.display());
            eprintln!("{} ({})", path.display(), feed.name());
            items.iter().for_each(show);
        }
    }
}

fn show(item: &Item) {
    match item {
        Item::Event { line, event } => eprintln!("  {line} {}", crate::cloudevents::line(event)),
        Item::Rejected(rejected) => {
            assert!(rejected.reason.len() > 20, "{rejected:?}");
            eprintln!("  {} rejected: {}", rejected.line, rejected.reason);
        }
        Item::Skipped { line, reason } => eprintln!("  {line} skipped: {reason}"),
    }
}
