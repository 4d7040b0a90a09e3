//! A report over several logs says what the report of one log of everything says, as far as summaries can tell.

use std::fs;
use std::path::Path;

use engine::report::{Told, asked, claims};

use super::{by_consultation, by_organisation, dealt};
use crate::command::{UNTIL, folder, run};

/// Each log with both kinds of summaries: the names of those to compare, then of those to decide.
fn both_kinds(dir: &Path, scenario: &str, decide: &[&str]) -> Vec<String> {
    let mut names = dealt(dir, scenario, &[], (3, &|event| by_organisation(event, 5)));
    for number in 0..3 {
        let (store, name) = (format!("{number}.store"), format!("{number}-decides.summary"));
        let make = ["summary", "make", "--for", "decide", "--until", UNTIL, "--store", &store, "-o", &name];
        run(dir, [&make, decide].concat()).ok();
        names.push(name);
    }
    names
}

fn merge<'a>(names: &'a [String], options: &[&'a str]) -> Vec<&'a str> {
    let begin = ["summary", "merge", "-q"].into_iter().chain(options.iter().copied());
    begin.chain(names.iter().map(String::as_str)).collect()
}

/// A section of a report.
fn section<'a>(html: &'a str, id: &str) -> &'a str {
    let begin = html.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}"));
    let rest = &html[begin..];
    &rest[..rest.find("</section>").unwrap()]
}

#[test]
fn several_logs_are_reported_on_as_one() {
    for (scenario, rule) in
        [("range-by-service", &["--price", "0.002", "--delta", "0.02"][..]), ("blind-feed", &[])]
    {
        let dir = folder();
        let mut names = both_kinds(dir.path(), scenario, &[]);
        let titled = [&["--report", "--title", "Three <trusts>"], rule].concat();
        let merged = run(dir.path(), merge(&names, &titled)).ok();
        let policy = ["--policy", "internal", "--until", UNTIL, "--title", "Three <trusts>"];
        let pooled = run(dir.path(), [&["report", "build", "-q"], &policy[..], rule].concat()).ok();

        // Every claim is one of the pooled log, with the same answer; and all that `compare` and `decide` claim are there.
        let (ours, theirs): (Vec<Told>, Vec<Told>) = (claims(&merged), claims(&pooled));
        ours.iter().for_each(|told| assert!(theirs.contains(told), "{told:?}"));
        let compared = run(dir.path(), ["compare", "-q", "--json", "--until", UNTIL]).ok();
        let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
        assert_eq!(ours.len(), compared["claims"].as_array().unwrap().len() + 1, "{scenario}");
        assert!(ours.len() > 5 && ours.len() < theirs.len(), "{} of {}", ours.len(), theirs.len());

        // What needs no further look at consultations is the same to the byte.
        for same in ["glance", "voices", "priorities"] {
            let without_source = |html: &str| -> String {
                section(html, same).lines().filter(|line| !line.contains("Source: ")).collect()
            };
            assert_eq!(without_source(&merged), without_source(&pooled), "{scenario} {same}");
        }
        // What does is said to be missing, and not for the wrong reason.
        for missing in ["left-out", "steady", "organisations", "practice"] {
            assert!(section(&merged, missing).contains("summaries hold none"), "{scenario} {missing}");
        }
        assert!(!merged.contains("not shown under the policy"), "{scenario}");
        assert!(merged.contains("<dt>Logs</dt><dd>3, of which each sent a summary</dd>"), "{scenario}");
        assert!(merged.contains("Three &lt;trusts&gt;"));

        // Neither the order of the files nor their names show.
        names.rotate_left(2);
        names.reverse();
        for name in &mut names {
            let renamed = format!("x-{name}");
            fs::rename(dir.path().join(&name), dir.path().join(&renamed)).unwrap();
            *name = renamed;
        }
        assert_eq!(run(dir.path(), merge(&names, &titled)).ok(), merged, "{scenario}");

        fs::write(dir.path().join("merged.html"), &merged).unwrap();
        assert!(run(dir.path(), ["report", "check", "merged.html"]).ok().contains("is sound"));
        let verified = run(dir.path(), ["report", "verify", "merged.html"]);
        assert_eq!(verified.code, 2);
        assert!(verified.err.contains("was made of summaries"), "{}", verified.err);
    }
}

/// Each head in a report is the one that the log of it tells.
#[test]
fn a_report_names_the_logs_that_were_summed_up() {
    let dir = folder();
    let names = dealt(dir.path(), "range-by-service", &[], (2, &|event| by_organisation(event, 5)));
    let report = run(dir.path(), merge(&names, &["--report"])).ok();
    for store in ["0.store", "1.store"] {
        let head = run(dir.path(), ["log", "head", "--store", store]).ok();
        assert!(section(&report, "check").contains(head.trim()), "{head}");
    }
    // Without summaries for a decision there is no verdict, and it says what would bring one.
    assert!(section(&report, "range").contains("it takes summaries made with --for decide"));
}

/// A report over logs that share sources named a command without --shared-sources, which refused to build it again.
#[test]
fn a_report_is_built_again_by_what_it_says_of_itself() {
    let dir = folder();
    let names = dealt(dir.path(), "range-by-service", &[], (2, &|event| by_consultation(event, 3)));
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = ["--report", "--shared-sources", "--level", "0.9", "--title", "It's two", "-o", "r.html"];
    let told = run(dir.path(), [&["summary", "merge"], &files[..], &options].concat());
    assert!(told.err.contains("r.html is written; `evenfield report check r.html`"), "{}", told.err);
    let report = fs::read_to_string(dir.path().join("r.html")).unwrap();
    let options = asked(&report).unwrap().options;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let again = [&["summary", "merge", "-q", "--report"], &files[..], &options].concat();
    assert_eq!(run(dir.path(), again).ok(), report);
    assert!(section(&report, "check").contains(" --shared-sources "), "{}", section(&report, "check"));
}

#[test]
fn a_report_refuses_what_it_cannot_tell() {
    let dir = folder();
    let names = both_kinds(dir.path(), "range-by-service", &[]);
    let (compares, decides) = names.split_at(3);
    let make = |store: &str, options: &[&str], name: &str| {
        let make = ["summary", "make", "--store", store, "-o", name];
        run(dir.path(), [&make, options].concat()).ok();
    };
    make("0.store", &["--until", UNTIL, "--by", "service"], "by.summary");
    make("0.store", &["--until", UNTIL, "--for", "decide", "--cluster", "none"], "none.summary");
    // A policy that hides tells of months that are over.
    make("0.store", &["--until", "2026-04-01T00:00:00Z", "--policy", "rounded"], "rounded.summary");
    let report = |files: &[&str], options: &[&str]| {
        let ran = run(dir.path(), [&["summary", "merge", "-q", "--report"], options, files].concat());
        assert!(ran.out.is_empty(), "{}", ran.out);
        (ran.code, ran.err)
    };
    let [one, other] = [&compares[0], &compares[1]].map(String::as_str);
    let [decides_one, decides_other] = [&decides[0], &decides[1]].map(String::as_str);
    for (files, options, code, why) in [
        (&[decides_one, decides_other][..], &[][..], 6, "give those made to compare"),
        (&["by.summary"], &[], 6, "make them without --by"),
        (&[one, other, decides_one], &[], 6, "there is no summary of the other kind"),
        (&[one, decides_one, decides_other], &[], 6, "there is no summary of the other kind"),
        (&[one, "none.summary"], &[], 6, "one was made with --cluster auto, the other with --cluster none"),
        (&["rounded.summary"], &[], 6, "that rounded summaries do not hold"),
        (&[one, other], &["--json"], 2, "a report is one HTML file"),
        (&[one, other], &["--policy", "rounded"], 2, "these summaries hold exact counts"),
        (&[one, other], &["--compare"], 2, "cannot be used with"),
    ] {
        let (came, err) = report(files, options);
        assert_eq!(came, code, "{files:?}: {err}");
        assert!(err.contains(why), "{files:?}: {err}");
    }
}
