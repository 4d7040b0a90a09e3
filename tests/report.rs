//! The report, as whoever builds, receives and checks it: one file that asks for nothing, follows from the log byte for
//! byte, and says what is missing.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::command::{folder, run, run_on};

/// A store with a small recording, and a report of it.
fn built(dir: &Path, options: &[&str]) -> String {
    let recording = run(dir, ["synth", "clinic", "--consultations", "400"]).ok();
    run_on(dir, recording.as_bytes(), ["ingest", "-q", "-"]).ok();
    report(dir, "report.html", options)
}

/// Takes in another recording, of which some events have names that are there already.
fn added(dir: &Path, recording: &str) {
    let told = run_on(dir, recording.as_bytes(), ["ingest", "--json", "-"]).json();
    assert!(told["appended"].as_u64().unwrap() > 100, "{told}");
}

fn report(dir: &Path, name: &str, options: &[&str]) -> String {
    let args = [&["report", "build", "-q", "-o", name], options].concat();
    run(dir, args).ok();
    fs::read_to_string(dir.join(name)).unwrap()
}

/// The digits of the commitment, which tells the order of the log.
fn without_commitment(html: &str) -> String {
    let digits = html.split("commitment&quot;:&quot;").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(digits.len(), 64, "{digits}");
    html.replace(digits, "")
}

#[test]
fn a_report_is_one_sound_file_that_asks_for_nothing() {
    let dir = folder();
    for (name, options) in [("rounded.html", &[][..]), ("inside.html", &["--policy", "internal"][..])] {
        let html = if name == "rounded.html" {
            built(dir.path(), options)
        } else {
            report(dir.path(), name, options)
        };
        assert!(html.len() < 600_000, "{name}: {} bytes", html.len());
        for word in ["http:", "https:", "<script", "<link", "<img", "url(", "src="] {
            assert!(!html.contains(word), "{name}: {word}");
        }
        fs::write(dir.path().join(name), &html).unwrap();
        let told = run(dir.path(), ["report", "check", name]).ok();
        assert!(told.contains("sound in structure, access and counts"), "{told}");
        let titles: Vec<&str> = html
            .split("-h\">")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap())
            .filter(|title| !title.is_empty())
            .collect();
        let begin = ["What we found", "At a glance", "Can people get in?", "How long does it take?"];
        assert_eq!(titles[..4], begin, "{name}");
        assert!(titles.contains(&"One platform or a range?") && titles.contains(&"What we cannot say"));
        assert!(html.contains(" in 10") && html.contains("Why we say this"), "{name}");
    }
}

#[test]
fn what_is_missing_is_said_with_what_would_fill_it() {
    let dir = folder();
    run_on(dir.path(), b"", ["ingest", "-q", "-"]).ok();
    let empty = report(dir.path(), "empty.html", &[]);
    assert!(empty.contains("it takes consultations of two platforms or more"), "{empty}");
    assert!(
        !empty.contains("Every measure could be told"),
        "of nothing it is not said that all of it is known"
    );
    run(dir.path(), ["report", "check", "empty.html"]).ok();
    let rounded = built(dir.path(), &[]);
    let section = |id: &str| {
        let begin = rounded.find(&format!("<section id=\"{id}\"")).unwrap();
        rounded[begin..].split("</section>").next().unwrap().to_owned()
    };
    for id in ["waiting", "left-out", "steady", "organisations", "practice", "needs", "priorities"] {
        assert!(section(id).contains("class=\"missing\""), "{id}");
    }
    assert!(section("steady").contains("--policy internal"));
    assert!(section("needs").contains("--platforms platforms.toml"));
}

/// A platform on which nothing failed has no sides to hide; what is hidden of the other one is not nothing.
#[test]
fn hidden_sides_are_not_told_as_none() {
    let dir = folder();
    let mut events = String::new();
    for number in 0..80 {
        let (platform, hour, minute) = (["alder", "birch"][number % 2], 8 + number / 60, number % 60);
        let mut tell = |kind: &str, second: usize, who: &str| {
            let _ = writeln!(
                events,
                r#"{{"specversion":"1.0","id":"{number}-{second}","source":"urn:one","type":"evenfield.consultation.{kind}.v1","subject":"c-{number}","time":"2026-03-01T{hour:02}:{minute:02}:{second:02}Z","data":{{{who}"context":{{"platform":"{platform}"}}}}}}"#
            );
        };
        tell("join_attempted", 1, r#""participant":"p","role":"patient","#);
        tell("joined", 2, r#""participant":"p","role":"patient","#);
        tell("joined", 3, r#""participant":"k","role":"clinician","#);
        if number % 4 == 1 {
            tell("dropped", 20, r#""participant":"p","role":"patient","#);
            tell("rejoined", 40, r#""participant":"p","role":"patient","#);
        }
        tell("completed", 59, "");
    }
    run_on(dir.path(), events.as_bytes(), ["ingest", "-q", "-"]).ok();
    let inside = report(dir.path(), "inside.html", &["--policy", "internal"]);
    assert!(inside.contains("birch: it first fails for 5 in 10 on the patient&#39;s side"), "{inside}");
    let rounded = report(dir.path(), "rounded.html", &[]);
    assert!(
        rounded.contains("On which side consultations first fail is not shown under the policy"),
        "{rounded}"
    );
    assert!(!rounded.contains("on the patient&#39;s side"), "{rounded}");
}

#[test]
fn a_report_follows_from_its_log_byte_for_byte() {
    let dir = folder();
    let first = built(dir.path(), &["--policy", "internal", "--threads", "1"]);
    assert_eq!(report(dir.path(), "again.html", &["--policy", "internal", "--threads", "3"]), first);
    let told = run(dir.path(), ["report", "verify", "report.html"]).ok();
    assert!(told.contains("byte for byte"), "{told}");
    // A report of what was is verified when the log has grown.
    let more = run(dir.path(), ["synth", "clinic", "--consultations", "40", "--seed", "9"]).ok();
    added(dir.path(), &more);
    run(dir.path(), ["report", "verify", "report.html"]).ok();
    // One word altered is told with its place.
    let altered = first.replacen("What we found", "What we hoped", 1);
    fs::write(dir.path().join("altered.html"), altered).unwrap();
    let ran = run(dir.path(), ["report", "verify", "altered.html"]);
    assert!(ran.out.contains("the file") && ran.out.contains("hoped"), "{}", ran.out);
    ran.fails(4);
    let told = run(dir.path(), ["report", "verify", "altered.html", "--json"]).json();
    assert_eq!((&told["same"], &told["schema"]), (&false.into(), &"evenfield.report_verify/1".into()));
}

/// A report that is given away does not tell its position, and could not be verified once the log had grown.
#[test]
fn a_report_that_does_not_tell_its_position_is_verified_by_its_commitment() {
    let dir = folder();
    let first = built(dir.path(), &[]);
    let told = run(dir.path(), ["report", "verify", "report.html"]).ok();
    assert!(told.contains("follows from this store, byte for byte"), "{told}");
    let more = run(dir.path(), ["synth", "clinic", "--consultations", "40", "--seed", "9"]).ok();
    added(dir.path(), &more);
    let now = report(dir.path(), "now.html", &[]);
    assert!(without_commitment(&now) != without_commitment(&first), "what was added shows in the report");
    let told = run(dir.path(), ["report", "verify", "report.html"]).ok();
    assert!(told.contains("as it was before more was added, byte for byte"), "{told}");
    let told = run(dir.path(), ["report", "verify", "report.html", "--json"]).json();
    assert_eq!((&told["same"], &told["grown"]), (&true.into(), &true.into()));
    // One that names this log and says something else was altered; one that names no state of it is another's.
    let altered = first.replacen("What we found", "What we hoped", 1);
    let digits = first.split("commitment&quot;:&quot;").nth(1).unwrap().split('&').next().unwrap();
    for (html, why) in [
        (altered, "the log is the one it names, so the file was altered"),
        (first.replace(digits, &"0".repeat(64)), "its commitment is none that the log ever had"),
    ] {
        fs::write(dir.path().join("altered.html"), html).unwrap();
        let told = run(dir.path(), ["report", "verify", "altered.html"]).fails(4);
        assert!(told.contains(why), "{told}");
    }
}

/// A verdict that is given away has the name that it has inside, by which two reports are held against each other.
#[test]
fn the_verdict_is_one_claim_under_every_policy() {
    let dir = folder();
    let claims = ["rounded", "internal"].map(|policy| {
        let html = built(dir.path(), &["--policy", policy]);
        let decided = run(dir.path(), ["decide", "--json", "--policy", policy]).json();
        let claim = match &decided["claim"] {
            serde_json::Value::String(claim) => claim.clone(),
            whole => whole["claim"].as_str().unwrap().to_owned(),
        };
        // Where it is said, and among all claims.
        assert!(html.matches(&claim).count() >= 2, "{policy}: {claim}");
        claim
    });
    assert_eq!(claims[0], claims[1]);
}

#[test]
fn the_order_of_a_log_is_seen_in_nothing_but_its_commitment() {
    let dirs = [folder(), folder()];
    let recording = run(dirs[0].path(), ["synth", "clinic", "--consultations", "300"]).ok();
    let mut lines: Vec<&str> = recording.lines().collect();
    let reports = dirs.each_ref().map(|dir| {
        run_on(dir.path(), lines.join("\n").as_bytes(), ["ingest", "-q", "-"]).ok();
        lines.reverse();
        ["internal", "rounded"]
            .map(|policy| without_commitment(&report(dir.path(), "r.html", &["--policy", policy])))
    });
    assert!(reports[0] == reports[1]);
}

#[test]
fn two_reports_differ_by_their_claims() {
    let dir = folder();
    built(dir.path(), &["--policy", "internal"]);
    let told = run(dir.path(), ["report", "diff", "report.html", "report.html", "--json"]).json();
    assert_eq!(told["changes"].as_array().unwrap().len(), 0, "{told}");
    let more = run(dir.path(), ["synth", "clinic", "--consultations", "900", "--seed", "3"]).ok();
    added(dir.path(), &more);
    report(dir.path(), "later.html", &["--policy", "internal"]);
    let told = run(dir.path(), ["report", "diff", "report.html", "later.html", "--json"]).json();
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.iter().any(|one| one["change"] == "moved" || one["change"] == "turned"), "{told}");
    let text = run(dir.path(), ["report", "diff", "report.html", "later.html"]).ok();
    assert!(text.contains("was ") && text.contains("is  "), "{text}");
    // Every claim but the verdict is one that `explain` finds.
    let claim = changes.iter().find(|one| {
        one["change"] == "moved" && one["after"]["words"].as_str().unwrap().contains("undisturbed")
    });
    let claim = claim.map(|one| one["claim"].as_str().unwrap().to_owned());
    if let Some(claim) = claim.filter(|claim| run(dir.path(), ["compare"]).ok().contains(claim.as_str())) {
        run(dir.path(), ["explain", &claim]).ok();
    }
}

/// One consultation with names as somebody writes them who means harm.
fn hostile(number: usize, platform: &str) -> String {
    let name = platform.replace('\\', "\\\\").replace('"', "\\\"");
    let subject = format!("c-{number}");
    let mut text = String::new();
    let mut event = |id: usize, kind: &str, minute: u32, data: &str| {
        let _ = writeln!(
            text,
            r#"{{"specversion":"1.0","id":"{subject}-{id}","source":"urn:example:x","type":"evenfield.consultation.{kind}.v1","subject":"{subject}","time":"2022-03-{:02}T10:{minute:02}:00Z","data":{data}}}"#,
            1 + number % 28
        );
    };
    let context = format!(
        r#"{{"platform":"{name}","organisation":"o-{} & <b>","service":"\"><img src=x onerror=y>","device":"</title>"}}"#,
        number % 12
    );
    event(1, "joined", 0, &format!(r#"{{"participant":"p","role":"patient","context":{context}}}"#));
    event(2, "joined", 0, r#"{"participant":"k","role":"clinician"}"#);
    event(3, "completed", 20, "{}");
    text
}

#[test]
fn no_name_breaks_out_of_its_place() {
    let dir = folder();
    let names = ["<script>alert('x')</script>", "birch\" onload=\"y", "--> <style>*{}</style>"];
    let events: String = (0..360).map(|number| hostile(number, names[number % 3])).collect();
    run_on(dir.path(), events.as_bytes(), ["ingest", "-q", "-"]).ok();
    for policy in ["internal", "rounded"] {
        let html = report(dir.path(), "hostile.html", &["--policy", policy, "--title", "</title><script>"]);
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>"), "{policy}");
        assert_eq!(html.matches("<style>").count(), 1);
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
        let told = run(dir.path(), ["report", "check", "hostile.html"]);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{}", told.out);
        run(dir.path(), ["report", "verify", "hostile.html"]).ok();
    }
}

#[test]
fn a_file_that_is_not_sound_is_told_what_is_wrong() {
    let dir = folder();
    let html = built(dir.path(), &[]);
    let count = html.split("data-count>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    for (from, to, what) in [
        ("</main>", "<script>1</script></main>", "fetches or runs something"),
        ("href=\"#found\"", "href=\"https://example.org\"", "a place outside the file"),
        ("--back:#FFFFFF", "--back:#FFFFFE", "is not the one whose digest"),
        ("default-src 'none'", "default-src *", "does not begin with default-src"),
        ("<html lang=\"en-GB\">", "<html>", "does not say its language"),
        ("<h1>", "<h3>", "there are 0 <h1>"),
        (" scope=\"col\"", "", "does not say whether it is one of a row"),
        ("role=\"img\"", "", "no image with a title"),
        ("class=\"skip\"", "class=\"other\"", "does not skip"),
        ("id=\"glance\"", "id=\"other\"", "nothing has the id glance"),
        (&format!("data-count>{count}<"), "data-count>3<", "3 is told, which the policy rounded hides"),
        (&format!("data-count>{count}<"), "data-count>1,234<", "1,234 is told"),
        ("name=\"evenfield\"", "name=\"other\"", "does not say how it was asked for"),
    ] {
        assert!(html.contains(from), "{from}");
        fs::write(dir.path().join("wrong.html"), html.replacen(from, to, 1)).unwrap();
        let ran = run(dir.path(), ["report", "check", "wrong.html"]);
        assert!(ran.out.contains(what), "{from}: {}", ran.out);
        ran.fails(4);
    }
    fs::write(dir.path().join("wrong.html"), [0_u8, 255, 60, 33]).unwrap();
    run(dir.path(), ["report", "check", "wrong.html"]).fails(4);
    assert!(run(dir.path(), ["report", "verify", "wrong.html"]).fails(4).contains("no report of evenfield"));
    run(dir.path(), ["report", "check", "nowhere.html"]).fails(4);
}

#[test]
fn what_is_released_is_recorded_and_built_again() {
    let dir = folder();
    let first = built(dir.path(), &[]);
    assert_eq!(report(dir.path(), "released.html", &["--release"]), first);
    assert_eq!(report(dir.path(), "after.html", &[]), first);
    run(dir.path(), ["report", "verify", "released.html"]).ok();
    let ledger = fs::read_to_string(dir.path().join("evenfield.store/RELEASES")).unwrap();
    assert_eq!(ledger.lines().count(), 3, "a head, the comparison and the decision");
    let told = run(dir.path(), ["report", "build", "--release", "--policy", "internal"]).fails(2);
    assert!(told.contains("not to be given away"), "{told}");
}

#[test]
fn the_terminal_shows_the_same_words() {
    let dir = folder();
    let html = built(dir.path(), &["--policy", "internal"]);
    let text = run(dir.path(), ["report", "show", "--policy", "internal", "-q"]).ok();
    for title in ["What we found", "Is it steady?", "What we cannot say"] {
        assert!(html.contains(title) && text.contains(title), "{title}");
    }
    assert!(text.contains('●') && text.contains('├'), "{text}");
}

/// A report is to be read: where there are many platforms, it looks closely at what matters most.
#[test]
fn a_report_of_many_platforms_stays_one_that_can_be_read() {
    let dir = folder();
    let recording = run(dir.path(), ["synth", "national", "--consultations", "3000"]).ok();
    run_on(dir.path(), recording.as_bytes(), ["ingest", "-q", "-"]).ok();
    let few = ["--policy", "internal", "--where", "organisation=city-04,city-08,city-19"];
    let html = report(dir.path(), "many.html", &few);
    assert!(html.len() < 600_000, "{} bytes", html.len());
    assert!(html.contains("are shown for undisturbed consultations alone, since there are 6 platforms"));
    run(dir.path(), ["report", "check", "many.html"]).ok();
}

/// The tables beside the drawings of a report, each by the name of its figure.
fn tables(html: &str) -> Vec<(&str, &str)> {
    let figures = html.split("<figure").skip(1).map(|rest| rest.split("</figure>").next().unwrap());
    figures
        .map(|figure| (figure.split("<table id=\"").nth(1).unwrap().split('"').next().unwrap(), figure))
        .collect()
}

/// Two charts said neither of how many they were nor how sure, and called the numerator "Counted".
#[test]
fn every_chart_says_of_how_many_it_is_and_how_sure() {
    let dir = folder();
    let html = built(dir.path(), &["--policy", "internal"]);
    let tables = tables(&html);
    assert!(tables.len() > 10, "{}", tables.len());
    for (name, figure) in &tables {
        assert!(!figure.contains(">Counted<"), "{name}");
        let has_n =
            ["n = ", "Based on", " organisations", " calls", " days"].iter().any(|n| figure.contains(n));
        assert!(has_n, "{name} says nowhere of how many it is: {figure}");
        let is_sure = figure.to_lowercase().contains("limits");
        assert!(is_sure, "{name} has no limits and does not say why: {figure}");
    }
    let of = |name: &str| tables.iter().find(|(known, _)| known.contains(name)).unwrap().1;
    for column in ["From", "To", "Based on", "Of them"] {
        assert!(of("stages").contains(&format!(">{column}<")), "{column}");
    }
    assert!(of("losses").contains("of no side on its own"));
}

/// "Time one side waited" was told in seconds and in minutes on one axis.
#[test]
fn an_axis_has_one_unit() {
    let dir = folder();
    let html = built(dir.path(), &["--policy", "internal"]);
    let mut told = 0;
    for (name, figure) in tables(&html).iter().filter(|(name, _)| name.contains("distribution")) {
        told += 1;
        let cells = figure.split("<td class=\"num\">").skip(1).map(|rest| rest.split('<').next().unwrap());
        let units: std::collections::BTreeSet<&str> =
            cells.filter_map(|cell| Some(cell.split_once(' ')?.1)).collect();
        assert_eq!(units.len(), 1, "{name}: {units:?}");
    }
    assert!(told >= 2, "{told}");
}

/// What nobody answered was said to be from those who answered.
#[test]
fn of_nobody_it_is_not_said_who_answered() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    let html = report(dir.path(), "report.html", &["--policy", "internal"]);
    let voices = html.split("<section id=\"voices\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(voices.matches("Who answered may differ from who did not.").count(), 1, "{voices}");
    let after = voices.split("Clinicians who rate it good or very good: there are no observations").nth(1);
    assert!(after.unwrap().contains("Nobody answered."), "{voices}");
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    let dir = folder();
    for text in ["<!DOCTYPE html><html><body><p>hello</p></body></html>", "", "{}"] {
        fs::write(dir.path().join("other.html"), text).unwrap();
        let ran = run(dir.path(), ["report", "check", "other.html"]);
        assert_eq!((ran.code, ran.out.lines().count()), (4, 1), "{}", ran.out);
        assert!(ran.out.starts_with("report: this is no report of evenfield"), "{}", ran.out);
        assert!(ran.err.contains("other.html is no report of evenfield"), "{}", ran.err);
        let wrong = run(dir.path(), ["report", "check", "other.html", "--json"]);
        assert!(wrong.out.contains("\"about\": \"report\""), "{}", wrong.out);
    }
}

#[test]
fn whoever_writes_a_file_is_told_that_it_is_there() {
    let dir = folder();
    built(dir.path(), &[]);
    let told = run(dir.path(), ["report", "build", "-o", "mine.html"]);
    assert_eq!((told.code, told.out.as_str()), (0, ""));
    for word in ["mine.html is written", "evenfield report check mine.html", "report verify mine.html"] {
        assert!(told.err.contains(word), "{word}: {}", told.err);
    }
    let told = run(dir.path(), ["export", "comparison", "-o", "mine.xlsx"]);
    assert!(told.err.contains("mine.xlsx is written: ") && told.err.contains(" rows"), "{}", told.err);
    for quiet in [
        &["report", "build", "-q", "-o", "mine.html"][..],
        &["export", "comparison", "-q", "-o", "mine.json"],
    ] {
        let told = run(dir.path(), quiet);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{quiet:?}");
    }
    // Nothing is said of a file where the answer goes to standard output.
    assert!(!run(dir.path(), ["export", "comparison"]).err.contains("is written"));
}

/// Of two platforms alike on average, one of which fails those who have least, the first page told the average alone.
#[test]
fn the_widest_gap_between_people_stands_among_what_was_found() {
    let dir = folder();
    run(dir.path(), ["replay", "digital-inequality", "-q"]).ok();
    let found = |options: &[&str]| {
        let html = report(dir.path(), "report.html", options);
        html.split("<section id=\"found\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned()
    };
    let inside = found(&["--policy", "internal"]);
    assert!(
        inside.contains("<h3>Device older-phone is worse than computer, on birch: undisturbed consultations"),
        "{inside}"
    );
    assert_eq!(inside.matches("<article class=\"claim\">").count(), 5);
    let claim = inside.rsplit("This is claim ").next().unwrap().split('.').next().unwrap();
    let explained = run(dir.path(), ["explain", claim]).ok();
    assert!(explained.contains("value of computer"), "{explained}");
    assert!(!found(&[]).contains("older-phone"));
}
