//! Files as people write them, and as they mistype them.

use super::*;

const FILE: &str = r#"
price_unit = "GBP"

[functions]
whiteboard = "a shared whiteboard"

[platforms.alder]
price = [1.1, 1.4]

[platforms.alder.functions]
group_calls = { state = "met", source = "handbook, 4.2", date = 2026-01-12 }
captions = { state = "not_evidenced" }

[platforms.birch]
price = 2

[platforms.birch.functions]
whiteboard = { state = "not_met", source = "trial", date = "2026-02-03" }

[[needs]]
functions = ["group_calls", "captions"]
where = { service = "therapy" }

[[needs]]
functions = ["whiteboard"]
"#;

fn read(text: &str) -> Result<Profiles, String> {
    let known = ["alder", "birch"].map(str::to_owned);
    let levels = |dimension: Dimension| match dimension {
        Dimension::Service => vec!["surgery".to_owned(), "therapy".to_owned()],
        _ => Vec::new(),
    };
    platforms(text.as_bytes(), &known, levels).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(from: &str, to: &str, why: &[&str]) {
    assert!(FILE.contains(from), "{from}");
    let told = read(&FILE.replacen(from, to, 1)).unwrap_err();
    assert!(why.iter().all(|why| told.contains(why)), "{told}");
}

#[test]
fn what_is_declared_is_read() {
    let found = read(FILE).unwrap();
    assert_eq!(found.price("alder"), Some([1.1, 1.4]));
    assert_eq!(found.price("birch"), Some([2.0, 2.0]));
    let statement = found.statement("alder", "group_calls");
    assert_eq!((statement.state, statement.date.as_deref()), (State::Met, Some("2026-01-12")));
    assert_eq!(found.statement("birch", "whiteboard").state, State::NotMet);
    assert_eq!(found.statement("birch", "captions").state, State::NotEvidenced);
    assert_eq!(found.functions["whiteboard"], "a shared whiteboard");
    assert_eq!(found.needs.len(), 3);
    assert_eq!(found.dimensions(), [Dimension::Service]);
    assert_eq!(read(&format!("\u{feff}{FILE}")), Ok(found));
    assert_eq!(read(""), Ok(Profiles { functions: read("").unwrap().functions, ..Profiles::default() }));
}

#[test]
fn what_was_mistyped_is_refused_with_its_place_and_the_nearest_name() {
    refused("[platforms.birch]", "[platforms.brich]", &["platforms.brich: ", "did you mean \"birch\""]);
    refused("captions = {", "captoins = {", &["platforms.alder.functions.captoins", "\"captions\""]);
    refused("\"met\"", "\"meet\"", &["group_calls.state", "no state \"meet\"; did you mean \"met\""]);
    refused("\"therapy\"", "\"theraby\"", &["needs 1.where.service", "did you mean \"therapy\""]);
    refused("where = { service", "where = { servce", &["needs 1.where.servce", "did you mean \"service\""]);
    refused("[\"whiteboard\"]", "[\"witheboard\"]", &["needs 2.functions", "did you mean \"whiteboard\""]);
    refused("price = 2", "prize = 2", &["platforms.birch: there is no key \"prize\"", "\"price\""]);
    refused("[[needs]]", "[[need]]", &["the file: there is no key \"need\"", "\"needs\""]);
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_write() {
    refused(", date = 2026-01-12", "", &["it says met with no date", "not_evidenced"]);
    refused(", source = \"trial\", date = \"2026-02-03\"", "", &["not_met with no source and no date"]);
    refused("2026-02-03", "3 Feb 2026", &["is no day", "2026-01-12"]);
    refused("date = 2026-01-12", "date = 2026-01-12T10:00:00", &["is no day"]);
    refused("state = \"not_evidenced\"", "source = \"x\"", &["captions: there is no state"]);
    refused("price = 2", "", &["platforms.birch: it has no price, and alder has"]);
    refused("price_unit = \"GBP\"", "", &["prices need a unit"]);
    for price in ["-1", "[2.0, 1.0]", "[1]", "\"cheap\"", "nan", "[1.0, inf]"] {
        refused("price = 2", &format!("price = {price}"), &["platforms.birch.price", "is no price"]);
    }
    refused("functions = [\"whiteboard\"]", "", &["needs 2: there are no functions"]);
    refused("functions = [\"whiteboard\"]", "functions = [1]", &["is no text"]);
    refused("where = { service", "where = { platform", &["whatever the platform"]);
    refused("where = { service = \"therapy\" }", "where = \"therapy\"", &["string is no table"]);
    assert!(read("needs = 1").unwrap_err().contains("write [[needs]]"));
    assert!(read("platforms = 1").unwrap_err().contains("platforms: integer is no table"));
    assert!(read("a = ").unwrap_err().contains("it is not TOML"));
    assert!(read(&"#".repeat(BYTES as usize + 1)).unwrap_err().contains("more than 1048576 bytes"));
}

#[test]
fn all_that_is_wrong_is_told_at_once_but_not_without_end() {
    let many: String = (0..30).map(|i| format!("[platforms.x{i}]\n")).collect();
    let told = read(&many).unwrap_err();
    assert!(told.contains("platforms.x0: ") && told.contains("and 10 more"), "{told}");
}

/// Of a store with nothing in it no name can be wrong.
#[test]
fn where_nothing_is_known_every_name_may_be() {
    let found = platforms(FILE.replace("birch", "cedar").as_bytes(), &[], |_| Vec::new()).unwrap();
    assert!(found.platforms.contains_key("cedar"));
}
