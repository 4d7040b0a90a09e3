//! The tables of what each format can tell and how its words become events: written from the code.
//!
//! They stand in `scenarios/feeds/README.md` between two marks. Where they are not what the feeds say, the test
//! tells how to write them again.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use event::{Capability, Kind};
use feeds::{Feed, Settings};

const FILE: &str = "scenarios/feeds/README.md";
const BEGIN: &str = "<!-- from here on written by tests/mappings.rs -->\n";
const END: &str = "<!-- to here -->\n";
/// The environment variable that has the tables written.
const WRITE: &str = "EVENFIELD_WRITE_MAPPINGS";

fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::RecordingDeclared | Kind::Unknown))
}

/// Whether the input says itself what it tells: a mapping makes a spreadsheet tell it, and a native source declares it.
fn is_declared(feed: &dyn Feed) -> bool {
    feed.capabilities(&Settings::default()).is_none()
}

/// How well `feed` tells `kind`.
fn mark(feed: &dyn Feed, kind: Kind) -> &'static str {
    let Some(told) = feed.capabilities(&Settings::default()) else { return "declared" };
    match told.capability(kind) {
        Capability::Observed => "observed",
        Capability::Inferred => "~",
        Capability::Unobservable => "-",
    }
}

/// A text that may stand in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace('\n', " ")
}

/// Those that everybody may have first, and then vendors by name.
fn in_order() -> Vec<&'static dyn Feed> {
    let mut all = feeds::ALL.to_vec();
    all.sort_by_key(|feed| (!matches!(feed.name(), "csv" | "cloudevents"), feed.name()));
    all
}

fn tables() -> String {
    let own = in_order();
    let mut text = String::from("\n## Which is yours\n\n| feed | what it reads |\n|---|---|\n");
    for feed in &own {
        let _ = writeln!(text, "| `{}` | {} |", feed.name(), cell(feed.title()));
    }
    text.push_str("\n## What each can tell\n\n| kind |");
    for feed in &own {
        let _ = write!(text, " {} |", feed.name());
    }
    let _ = write!(text, "\n|---|{}\n", "---|".repeat(own.len()));
    for kind in kinds() {
        let _ = write!(text, "| `{kind}` |");
        for feed in &own {
            let _ = write!(text, " {} |", mark(*feed, kind));
        }
        text.push('\n');
    }
    for feed in own {
        let _ = write!(text, "\n## {}: {}\n\n{}\n", feed.name(), feed.title(), cell(feed.about()));
        let otherwise = if is_declared(feed) { "as it says" } else { "left out" };
        text.push_str("\n| theirs | ours | why |\n|---|---|---|\n");
        for rule in feed.rules() {
            let ours = rule.ours.map_or_else(|| otherwise.to_owned(), |kind| format!("`{kind}`"));
            let _ = writeln!(text, "| {} | {ours} | {} |", cell(rule.theirs), cell(rule.why));
        }
        for (number, (kind, caveat)) in feed.caveats().iter().enumerate() {
            let gap = if number == 0 { "\nWith care:\n\n" } else { "" };
            let _ = writeln!(text, "{gap}- `{kind}`: {}", cell(caveat));
        }
    }
    text.push('\n');
    text
}

#[test]
fn the_tables_of_the_formats_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (there, after) = rest.split_once(END).unwrap();
    let tables = tables();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{before}{BEGIN}{tables}{END}{after}")).unwrap();
        return;
    }
    let differs = there.lines().zip(tables.lines()).find(|(there, here)| there != here);
    assert!(
        there == tables,
        "{FILE} is not what the feeds say ({differs:?}); write it again: {WRITE}=1 cargo test --test tests -- mappings"
    );
}

/// A caveat of a kind that is not inferred would be shown nowhere, and one that lacks would be missed.
#[test]
fn every_inferred_kind_has_its_caveat_and_no_other_has_one() {
    for feed in feeds::ALL {
        let Some(told) = feed.capabilities(&Settings::default()) else { continue };
        for kind in kinds() {
            let caveats = feed.caveats().iter().filter(|(of, _)| *of == kind).count();
            let wanted = usize::from(told.capability(kind) == Capability::Inferred);
            assert_eq!(caveats, wanted, "{}: {kind}", feed.name());
        }
    }
}
