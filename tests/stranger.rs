//! The command line as a stranger meets it: what made somebody look twice, so that nobody has to again.

use std::fs;

use crate::cli::verbs;
use crate::command::{SHEET, folder, line, prepared, run, run_on};

/// A sheet of which every time is wrong, each in a cell of its own.
fn wrong_times(rows: u32) -> String {
    let row = |number: u32| format!("c-{number},{} o'clock,mobile\n", number % 24);
    format!("consultation,at,network\n{}", (1..=rows).map(row).collect::<String>())
}

/// One event a row, and circumstances that no kind of it could carry.
const LEFT: &str = "[columns]\nconsultation = \"consultation\"\nnetwork = \"network\"\n\
    [[event]]\nkind = \"left\"\nat = \"at\"\n";

#[test]
fn a_sheet_whose_times_fit_one_format_gets_it_and_only_the_clock_is_asked() {
    let dir = folder();
    // The 23rd can be no month.
    let sheet = SHEET.replace("8,02/03/2022", "8,23/03/2022");
    fs::write(dir.path().join("sheet.csv"), &sheet).unwrap();
    let mapping = run(dir.path(), ["feed", "template", "sheet.csv"]).ok();
    assert!(mapping.contains("\ntime_format = \"%d/%m/%Y %H:%M\"  # all 3 times of this sheet"), "{mapping}");
    assert!(mapping.contains("\n# zone = \"Europe/London\"  # by whose clock?"), "{mapping}");
    assert!(!mapping.contains("2022") && !mapping.contains("09:31"), "a cell is told: {mapping}");
    fs::write(dir.path().join("mapping.toml"), mapping.replace("# zone", "zone")).unwrap();
    let told = run(dir.path(), ["ingest", "--map", "mapping.toml", "sheet.csv"]).ok();
    assert!(told.contains("csv: 1 abandoned, 2 joined"), "{told}");
}

#[test]
fn whether_day_or_month_stands_first_is_asked_and_never_guessed() {
    let dir = folder();
    let mapping = run_on(dir.path(), SHEET.as_bytes(), ["feed", "template", "-"]).ok();
    assert!(!mapping.lines().any(|line| line.starts_with("time_format")), "{mapping}");
    for wanted in ["\"%d/%m/%Y %H:%M\"  # the day first", "\"%m/%d/%Y %H:%M\"  # the month first"] {
        assert!(mapping.contains(&format!("\n# time_format = {wanted}")), "{mapping}");
    }
}

#[test]
fn what_fails_in_every_row_is_told_once_with_how_often_and_where() {
    let dir = folder();
    fs::write(dir.path().join("sheet.csv"), wrong_times(1_200)).unwrap();
    fs::write(dir.path().join("left.toml"), LEFT).unwrap();
    let explain = ["feed", "explain", "--map", "left.toml", "sheet.csv"];
    let ran = run(dir.path(), explain);
    for wanted in [
        "line 2: rejected: at is \"1 o'clock\"; write it",
        "  rejected 1,200, such as: at is \"1 o'clock\"; write it",
        "    line 2; line 3; line 4; line 5; line 6; and 1,195 more\n",
    ] {
        assert!(ran.out.contains(wanted), "{wanted}: {}", ran.out);
    }
    assert!(ran.out.lines().count() < 20, "{}", ran.out);
    // Where nothing came in there are no circumstances that could have been lost.
    assert!(!ran.out.contains("circumstances are read from"), "{}", ran.out);
    ran.fails(4);
    // Machines get every line, and the groups besides.
    let rows = run(dir.path(), [&explain[..], &["--json"]].concat()).out;
    assert_eq!(rows.lines().count(), 1_201);
    let summary: serde_json::Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
    let alike = &summary["summary"]["rejected_alike"];
    assert_eq!(
        (&alike[0]["count"], &alike[0]["place"], &alike[1]),
        (&1_200.into(), &"at".into(), &().into())
    );
    // One row that goes in has circumstances to lose.
    let sheet = wrong_times(2) + "c-9,2022-03-01T09:00:00Z,mobile\n";
    fs::write(dir.path().join("sheet.csv"), sheet).unwrap();
    assert!(run(dir.path(), explain).out.contains("circumstances are read from"));
}

#[test]
fn who_has_kept_what_was_rejected_is_told_where_it_is() {
    let dir = folder();
    fs::write(dir.path().join("sheet.csv"), wrong_times(3)).unwrap();
    fs::write(dir.path().join("left.toml"), LEFT).unwrap();
    let ingest = ["ingest", "--map", "left.toml", "sheet.csv"];
    let told = run(dir.path(), ingest).out;
    assert!(told.contains("keep it with --reject FILE, correct it"), "{told}");
    let told = run(dir.path(), [&ingest[..], &["--reject", "bad.csv"]].concat()).out;
    assert!(told.contains("what was rejected is in bad.csv: correct it, and ingest that file"), "{told}");
    assert!(!told.contains("--reject FILE"), "{told}");
}

/// Dimensions are the program's, levels are the store's: a script that asks several stores must not end at the first that
/// has no such level, and a mistyped one must not look like an answer.
#[test]
fn a_level_that_no_consultation_has_is_told_by_every_command_and_is_no_error() {
    let dir = prepared();
    for command in [
        "compare",
        "decide",
        "totals",
        "quality",
        "outages",
        "reach --population population.csv",
        "diff --from 1",
        "report build --policy internal -o page.html",
        "summary make --until 2027-01-01T00:00:00Z -o x.summary",
    ] {
        for (asked, near) in [
            ("service=cardiolgy", "service \"cardiolgy\"; did you mean \"cardiology\"?"),
            ("service=cardiology,physio", "service \"physio\"; did you mean \"physiotherapy\"?"),
            ("platform=zom", "platform \"zom\"; did you mean \"zoom\"?"),
        ] {
            let ran = line(dir.path(), &format!("evenfield {command} --where {asked}"));
            assert_eq!(ran.code, 0, "{command} --where {asked}: {}", ran.err);
            let told = ran.err.matches("there is no consultation with").count();
            assert!(ran.err.contains(near) && told == 1, "{command} --where {asked}: {}", ran.err);
        }
        let quiet = line(dir.path(), &format!("evenfield {command} --where service=cardiology"));
        assert!(!quiet.err.contains("there is no consultation"), "{command}: {}", quiet.err);
        assert_eq!(line(dir.path(), &format!("evenfield {command} --where servce=cardiology")).code, 2);
    }
}

#[test]
fn a_name_is_found_by_how_it_begins() {
    let dir = prepared();
    for (args, near) in [
        ("replay messy", "did you mean \"messy-feed\"?"),
        ("scenario show too-thin", "did you mean \"too-thin-to-say\"?"),
        ("replay platform", "so begin: platform-or-infrastructure-wifi, platform-or-infrastructure-platform"),
        ("feed show zoom-w", "did you mean \"zoom-webhook\"?"),
        ("compare attend", "did you mean \"attend-anywhere\"?"),
        ("compare --measure undist", "did you mean \"undisturbed\"?"),
    ] {
        let told = run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(2);
        assert!(told.contains(near), "{args}: {told}");
    }
}

#[test]
fn what_the_system_refuses_is_told_in_words_and_with_what_to_do() {
    let dir = prepared();
    fs::create_dir(dir.path().join("letters")).unwrap();
    for (args, code, told) in [
        ("keys show evenfield.store.signing-ky", 4, "did you mean ./evenfield.store.signing-key?"),
        ("keys show nobody", 4, "there is no such file; `evenfield keys new FILE` makes a key"),
        ("keys show letters", 4, "it is a folder; name a file"),
        ("keys new no/such/key", 4, "there is no folder no/such; make it first"),
        ("compare -o no/such/file", 1, "there is no folder no/such; make it first"),
        ("compare -o letters", 1, "could not write letters: it is a folder; name a file"),
        ("compare -o events.ndjson/x", 1, "is a file; name another"),
        ("report build -o no/such/page.html", 1, "there is no folder no/such; make it first"),
        ("log backup -o no/such/backup", 1, "there is no folder no/such; make it first"),
        ("log restore letters", 4, "could not read letters: it is a folder"),
        ("ingest --map letters sheet.csv", 4, "could not read letters: it is a folder"),
        ("ingest events.ndjson --reject no/such/bad", 1, "there is no folder no/such; make it first"),
        ("feed explain no/such/file", 4, "there is no folder no/such"),
        ("feed template letters", 4, "could not read letters: it is a folder"),
        ("compare --gate letters", 4, "could not read letters: it is a folder"),
        ("decide --platforms letters", 4, "could not read letters: it is a folder"),
        ("reach --population letters", 4, "it is a folder"),
        ("summary merge letters --trust trusted.keys --compare", 4, "letters"),
        ("report check letters", 4, "it is a folder"),
        ("log check-proof letters", 4, "it is a folder"),
        ("scenario show letters", 4, "letters"),
        ("synth ./letters", 4, "it is a folder"),
    ] {
        let ran = run(dir.path(), args.split(' ').collect::<Vec<_>>());
        assert!(!ran.err.contains("os error"), "{args}: {}", ran.err);
        let message = ran.fails(code);
        assert!(message.contains(told), "{args}: {message}");
    }
}

#[test]
fn a_position_is_written_as_it_is_typed_wherever_it_is_told() {
    let dir = prepared();
    let stats = run(dir.path(), ["log", "stats", "--json"]).json();
    let head = stats["position"].as_u64().unwrap();
    assert!(head >= 1_000, "{head}");
    let (plain, apart) = (head.to_string(), format!("{},{:03}", head / 1_000, head % 1_000));
    for command in [
        "compare",
        "decide",
        "outages",
        "log verify",
        "doctor",
        "diff --from 1",
        "ingest events.ndjson --store other.store",
    ] {
        let ran = line(dir.path(), &format!("evenfield {command}"));
        let told: Vec<&str> =
            ran.out.lines().filter(|line| line.to_lowercase().contains("position")).collect();
        assert!(!told.is_empty(), "{command}: {}", ran.out);
        let after = told
            .iter()
            .filter_map(|line| line.to_lowercase().split_once("position").map(|(_, rest)| rest.to_owned()));
        let after: Vec<String> = after.collect();
        assert!(after.iter().any(|rest| rest.contains(&plain)), "{command}: {told:?}");
        assert!(!after.iter().any(|rest| rest.contains(&format!(" {apart}"))), "{command}: {told:?}");
    }
    // Whoever has it from a count takes it over as it stands there.
    let asked = |position: &str| run(dir.path(), ["totals", "--as-of", position, "--json"]).ok();
    assert_eq!(asked(&apart), asked(&plain));
    assert!(run(dir.path(), ["totals", "--as-of", ","]).fails(2).contains("write a position"));
}

#[test]
fn every_command_that_does_something_has_an_example() {
    let dir = folder();
    for verb in verbs(dir.path(), &[]) {
        let words: Vec<&str> = verb.iter().map(String::as_str).chain(["--help"]).collect();
        let help = run(dir.path(), words).ok();
        let is_leaf = !help.contains("\nCommands:\n");
        // What cannot be done by this build says so instead.
        let is_without = help.contains("This build cannot do it");
        assert!(
            !is_leaf || is_without || help.contains("\nExamples:\n  evenfield "),
            "{verb:?} has no example: {help}"
        );
    }
}

#[test]
fn of_an_empty_store_nothing_is_summed_up_and_no_day_is_told() {
    let dir = folder();
    run(dir.path(), ["init"]).ok();
    for policy in ["internal", "rounded"] {
        let ran = run(dir.path(), ["summary", "make", "--policy", policy, "-o", "empty.summary"]);
        assert!(
            ran.err.contains("there is nothing to sum up yet") && ran.err.contains("evenfield ingest"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("1970"), "{}", ran.err);
        ran.ok();
    }
}

#[test]
fn help_is_a_word_as_well_as_an_option() {
    let dir = folder();
    for (asked, option) in
        [("help", "--help"), ("help log verify", "log verify --help"), ("help compare", "compare --help")]
    {
        let told = |words: &str| run(dir.path(), words.split(' ').collect::<Vec<_>>()).ok();
        assert_eq!(told(asked), told(option));
    }
    assert!(run(dir.path(), ["help", "compre"]).fails(2).contains("compare"));
    assert!(run(dir.path(), ["help"]).ok().contains("Exit codes: 0 ok"));
}

#[test]
fn what_holds_nothing_is_told_to_hold_nothing() {
    let dir = prepared();
    fs::create_dir(dir.path().join("letters")).unwrap();
    fs::write(dir.path().join("empty.toml"), "").unwrap();
    for verb in ["ingest", "feed explain"] {
        let told = line(dir.path(), &format!("evenfield {verb} letters")).err;
        assert!(told.contains("letters: there is no file in it to read"), "{verb}: {told}");
    }
    let ran = run(dir.path(), ["feed", "explain", "nobody.csv"]);
    assert_eq!(ran.out, "", "nothing was read, and nothing is summed up");
    ran.fails(4);
    let told = run(dir.path(), ["compare", "--gate", "empty.toml"]).fails(4);
    assert!(
        told.contains("empty.toml has no [[gate]]: write one") && told.trim().lines().count() == 1,
        "{told}"
    );
}

#[test]
fn who_would_see_a_report_that_is_a_file_is_told_by_which_commands() {
    let dir = prepared();
    let told = run(dir.path(), ["report", "show", "monday.html"]).fails(2);
    assert!(told.contains("monday.html is a file: `report check monday.html`"), "{told}");
    assert!(run(dir.path(), ["report", "show", "zoom", "attend-anywhere"]).ok().contains("zoom"));
}

#[test]
fn a_claim_of_nearly_that_name_is_told() {
    let dir = prepared();
    let compared = run(dir.path(), ["compare", "--by", "service", "--json"]).json();
    let claim = compared["claims"][0]["claim"].as_str().unwrap().to_owned();
    let cut = &claim[..claim.len() - 3];
    let told = run(dir.path(), ["explain", cut]).fails(2);
    assert!(told.contains(&format!("did you mean {claim:?}?")), "{told}");
}
