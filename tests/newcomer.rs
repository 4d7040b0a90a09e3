//! What somebody needs who has just installed it: completions, a manual, and what to do when something is amiss.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engine::log::{Log, Mode, look};
use serde_json::Value;

use crate::cli::verbs;
use crate::command::{HOOKS, PERSONAL, Ran, files, folder, prepared, program, run, run_on};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// What another program says of `input`, with its exit code; none where the machine does not have it.
fn judged(program: &str, args: &[&str], input: &[u8]) -> Option<(i32, String)> {
    let mut judge = Command::new(program);
    judge.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let Ok(mut child) = judge.spawn() else {
        println!("{program} is not here: what it would say is not known");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let told = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    Some((told.status.code().unwrap_or(-1), String::from_utf8_lossy(&told.stderr).into_owned()))
}

#[test]
fn completions_of_every_shell_name_every_command_and_option() {
    let dir = folder();
    let found = verbs(dir.path(), &[]);
    assert!(found.len() > 60, "{found:?}");
    for shell in SHELLS {
        let script = run(dir.path(), ["completions", shell]).ok();
        for name in found.iter().filter_map(|verb| verb.last()) {
            assert!(script.contains(name.as_str()), "{shell} does not complete {name}");
        }
        for option in ["store", "policy", "keep-positions", "parquet"] {
            assert!(script.contains(option), "{shell} does not complete {option}");
        }
        let file = format!("evenfield.{shell}");
        run(dir.path(), ["completions", shell, "-o", &file]).ok();
        assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap(), script);
    }
    run(dir.path(), ["completions", "bash", "--json"]).fails(2);
    assert!(run(dir.path(), ["completions", "bsh"]).fails(2).contains("bash"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), SHELLS.len(), "no store is made");
}

#[test]
fn the_completions_of_bash_are_sound_and_complete_what_was_begun() {
    let dir = folder();
    let script = run(dir.path(), ["completions", "bash"]).ok();
    let asked = "\nCOMP_WORDS=(evenfield log ver); COMP_CWORD=2; _evenfield evenfield ver log\n\
        [ \"${COMPREPLY[*]}\" = verify ]\n";
    for (args, input) in [(["-n"], script.clone()), (["-s"], script + asked)] {
        if let Some(told) = judged("bash", &args, input.as_bytes()) {
            assert_eq!(told, (0, String::new()), "bash {args:?}");
        }
    }
}

/// Every page of the manual by its name, without what only makes it look well.
fn pages(folder: &Path) -> Vec<(String, String)> {
    let page = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
    };
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(page).collect();
    pages.sort();
    pages
}

#[test]
fn the_manual_has_a_page_of_every_command_with_every_option() {
    let dir = folder();
    let told = run(dir.path(), ["man", "-o", "man1"]);
    assert!(told.err.contains("pages of the manual into man1"), "{}", told.err);
    assert_eq!(told.ok(), "");
    let pages = pages(&dir.path().join("man1"));
    let found = verbs(dir.path(), &[]);
    assert_eq!(pages.len(), found.len());
    for verb in found {
        let name = ["evenfield"].into_iter().chain(verb.iter().map(String::as_str)).collect::<Vec<_>>();
        let file = format!("{}.1", name.join("-"));
        let (_, page) = pages.iter().find(|(page, _)| *page == file).unwrap_or_else(|| panic!("no {file}"));
        let page = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "");
        let help = run(dir.path(), [&name[1..], &["--help"]].concat()).ok();
        let options: Vec<&str> = help
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
            .filter(|word| word.strip_prefix("--").is_some_and(|word| word.starts_with(char::is_alphabetic)))
            .collect();
        assert!(options.contains(&"--store"), "{help}");
        for option in options {
            assert!(page.contains(option), "{file} does not tell of {option}");
        }
        assert!(page.contains(&name.join(" ")) && page.contains(".SH NAME"), "{page}");
    }
    let whole = run(dir.path(), ["man", "-o", "-"]).ok();
    assert_eq!(whole, run(dir.path(), ["man"]).ok());
    let one = run(dir.path(), ["man", "log", "verify"]).ok();
    assert!(whole.contains(&one) && one.contains(".TH evenfield-log-verify 1 \" \" \"evenfield "), "{one}");
    let ingest = run(dir.path(), ["man", "ingest"]).ok();
    assert!(ingest.contains("\n.SH NOTES\n.nf\nExamples:\n  evenfield ingest"), "{ingest}");
    assert!(run(dir.path(), ["man", "log", "verfy"]).fails(2).contains("did you mean \"verify\"?"));
    assert!(whole.contains("EVENFIELD_STORE") && whole.contains("EVENFIELD_TOKEN"), "variables are told");
    run(dir.path(), ["man", "--json"]).fails(2);
}

#[test]
fn the_manual_is_set_without_a_warning() {
    let dir = folder();
    run(dir.path(), ["man", "-o", "man1"]).ok();
    for (name, page) in pages(&dir.path().join("man1")) {
        let args = ["-ww", "-man", "-Tutf8", "-P-c", "-z"];
        match judged("groff", &args, page.as_bytes()) {
            Some(told) => assert_eq!(told, (0, String::new()), "{name}"),
            None => return,
        }
    }
}

/// Runs one command with these variables in its environment.
fn told<'a>(dir: &Path, environment: &[(&str, &str)], args: impl AsRef<[&'a str]>) -> Ran {
    let mut command = program(dir);
    command.envs(environment.iter().copied()).args(args.as_ref());
    Ran::of(command.spawn().unwrap())
}

/// The state and the words of what is told about one thing.
fn finding(document: &Value, about: &str) -> (String, String) {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["about"] == about);
    let found = found.unwrap_or_else(|| panic!("nothing about {about}: {document}"));
    let remedy = found["remedy"].as_str().unwrap_or_default();
    (found["state"].as_str().unwrap().to_owned(), format!("{} > {remedy}", found["what"].as_str().unwrap()))
}

/// Every file with what is in it.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_store_that_is_well_is_told_to_be_and_left_alone() {
    let dir = prepared();
    run_on(dir.path(), HOOKS.as_bytes(), ["ingest", "--feed", "zoom-webhook", "--others", "patient", "-"])
        .ok();
    run(dir.path(), ["compare"]).ok();
    let before = contents(dir.path());
    let ran = run(dir.path(), ["doctor", "--json"]);
    let document = ran.json();
    let told = ran.ok();
    assert!(before == contents(dir.path()), "whoever looks changes nothing");
    assert_eq!(document["schema"], "evenfield.doctor/1");
    for about in
        ["store", "witness", "key", "signing key", "tokens", "checkpoint", "questions", "clock", "disk"]
    {
        let (state, what) = finding(&document, about);
        assert_eq!(state, "well", "{about}: {what}");
    }
    let events = run(dir.path(), ["log", "stats", "--json"]).json()["events"].as_u64().unwrap();
    let (_, what) = finding(&document, "store");
    assert!(what.replace(',', "").contains(&format!("{events} events")), "{what}");
    assert!(finding(&document, "questions").1.contains("questions kept, from which"), "{document}");
    assert!(finding(&document, "policy").1.contains("internal; of a report rounded (default)"), "{document}");
    // Neither keys nor people are shown.
    let secrets = before.iter().filter(|(path, _)| path.to_string_lossy().contains("key"));
    let secrets: Vec<String> = secrets
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).trim().replace("ed25519-secret:", ""))
        .collect();
    assert!(secrets.len() >= 2, "{secrets:?}");
    for secret in secrets.iter().map(String::as_str).chain(PERSONAL) {
        assert!(!told.contains(secret), "{secret} is told: {told}");
    }
    assert!(
        run(dir.path(), ["doctor"])
            .ok()
            .lines()
            .all(|line| line.starts_with("well") || line.contains(" EVENFIELD_"))
    );
}

#[test]
fn who_has_no_store_yet_is_told_how_to_begin() {
    let dir = folder();
    let ran = run(dir.path(), ["doctor", "--json"]);
    let (state, what) = finding(&ran.json(), "store");
    assert!(state == "wrong" && what.contains("evenfield init") && what.contains("evenfield demo"), "{what}");
    ran.fails(1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    run(dir.path(), ["init"]).ok();
    assert!(run(dir.path(), ["doctor"]).ok().contains("no event yet"));
}

#[test]
fn a_damaged_store_is_told_and_not_mended() {
    let dir = prepared();
    let database = dir.path().join("evenfield.store/sled/db");
    let bytes = fs::read(&database).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    fs::write(&database, &bytes[..used / 2]).unwrap();
    let before = contents(dir.path());
    let ran = run(dir.path(), ["doctor", "--json"]);
    let (state, what) = finding(&ran.json(), "store");
    assert!(state == "damaged" && what.contains("log repair"), "{what}");
    ran.fails(5);
    assert!(before == contents(dir.path()), "whoever looks mends nothing");
    run(dir.path(), ["doctor"]).fails(5);
}

#[test]
fn a_store_that_somebody_uses_is_told_with_who_does() {
    let dir = prepared();
    let store = dir.path().join("evenfield.store");
    let log = Log::open(&store, Mode::Existing).unwrap();
    let ran = run(dir.path(), ["doctor", "--json"]);
    let (state, what) = finding(&ran.json(), "store");
    let events = log.head().0;
    assert!(state == "note" && what.contains(&format!("in use by process {}", std::process::id())), "{what}");
    assert!(what.replace(',', "").contains(&format!("with {events} events")), "{what}");
    ran.ok();
    drop(log);
    // Who only looks keeps out nobody who does the same.
    let seen = look(&store, &mut |_, _| {}).unwrap();
    assert_eq!(seen.head().0, events);
    assert_eq!(finding(&run(dir.path(), ["doctor", "--json"]).json(), "store").0, "well");
    run(dir.path(), ["log", "head"]).fails(1);
    drop(seen);
    run(dir.path(), ["log", "head"]).ok();
}

#[test]
#[cfg(unix)]
fn keys_that_others_may_read_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = prepared();
    run_on(dir.path(), HOOKS.as_bytes(), ["ingest", "--feed", "zoom-webhook", "--others", "patient", "-"])
        .ok();
    for (about, file) in [("key", "key"), ("signing key", "signing-key"), ("tokens", "tokens")] {
        let path = dir.path().join(format!("evenfield.store.{file}"));
        let open = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        open(0o640);
        let ran = run(dir.path(), ["doctor", "--json"]);
        let (state, what) = finding(&ran.json(), about);
        assert!(state == "wrong" && what.contains("chmod 600"), "{what}");
        ran.fails(1);
        open(0o600);
    }
    run(dir.path(), ["doctor"]).ok();
    // The key that the pseudonyms were made with is gone.
    fs::remove_file(dir.path().join("evenfield.store.key")).unwrap();
    let ran = run(dir.path(), ["doctor", "--json"]);
    let (state, what) = finding(&ran.json(), "key");
    assert!(state == "wrong" && what.contains("bring back the key"), "{what}");
    ran.fails(1);
    assert!(!dir.path().join("evenfield.store.key").exists(), "none is made in its place");
}

#[test]
fn a_variable_that_nobody_knows_is_told_with_the_nearest() {
    let dir = folder();
    run(dir.path(), ["init"]).ok();
    let told =
        told(dir.path(), &[("EVENFIELD_STOER", "x"), ("EVENFIELD_POLICY", "rounded")], ["doctor"]).ok();
    assert!(told.contains("did you mean EVENFIELD_STORE?"), "{told}");
    assert!(told.contains("EVENFIELD_POLICY holds: rounded"), "{told}");
    assert!(told.contains("rounded (environment EVENFIELD_POLICY)"), "{told}");
}

#[test]
fn events_beyond_the_clock_are_told() {
    let dir = folder();
    let event = r#"{"specversion":"1.0","id":"e","source":"urn:example:a","type":"evenfield.consultation.completed.v1","subject":"c","time":"2299-01-01T00:00:00Z","data":{}}"#;
    run_on(dir.path(), event.as_bytes(), ["ingest", "--allow-future", "-"]).ok();
    let (state, what) = finding(&run(dir.path(), ["doctor", "--json"]).json(), "clock");
    assert!(state == "note" && what.contains("2299-01-01"), "{what}");
}

#[test]
fn every_setting_is_shown_with_where_it_comes_from() {
    let dir = folder();
    let secret = "evenfield_this-is-no-token";
    let environment = [("EVENFIELD_TOKEN", secret), ("EVENFIELD_STORE", "ward.store")];
    let ran = told(dir.path(), &environment, ["config", "show", "--origin", "--policy", "rounded"]).ok();
    let told_of = |name: &str| {
        let line = ran.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("no {name}: {ran}"))
            .split("  ")
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(told_of("store"), ["store", "ward.store", "environment EVENFIELD_STORE"]);
    assert_eq!(told_of("policy"), ["policy", "rounded", "command line"]);
    assert_eq!(told_of("key"), ["key", "ward.store.key", "default"]);
    assert_eq!(told_of("token"), ["token", "set", "environment EVENFIELD_TOKEN"]);
    assert_eq!(told_of("format"), ["format", "table", "default"]);
    assert!(!ran.contains(secret), "{ran}");
    let document = told(dir.path(), &environment, ["config", "show", "--json", "--store", "x.store"]).json();
    assert!(!document.to_string().contains(secret), "{document}");
    let settings = document["settings"].as_array().unwrap();
    let of = |name: &str| settings.iter().find(|setting| setting["name"] == name).unwrap();
    assert_eq!((&of("store")["value"], &of("store")["origin"]), (&"x.store".into(), &"command line".into()));
    assert_eq!((&of("token")["value"], &of("token")["is_secret"]), (&"set".into(), &true.into()));
    assert_eq!((&of("format")["value"], &of("format")["origin"]), (&"json".into(), &"command line".into()));
    let plain = run(dir.path(), ["config", "show"]).ok();
    assert!(
        plain.contains("./evenfield.store\n") && plain.contains("not set") && !plain.contains("default"),
        "{plain}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_store_is_made_once_and_what_comes_next_is_told() {
    let dir = folder();
    let made = run(dir.path(), ["init"]).ok();
    assert!(dir.path().join("evenfield.store.key").is_file());
    let next: Vec<&str> = made.lines().filter_map(|line| line.strip_prefix("  evenfield ")).collect();
    assert_eq!(next.len(), 3, "{made}");
    let before = contents(dir.path());
    let again = run(dir.path(), ["init"]).fails(2);
    assert!(again.contains("there is a store at") && again.contains("evenfield ingest"), "{again}");
    assert!(before == contents(dir.path()));
    // Another place is named in what comes next; what is there and no store is left alone.
    let document = run(dir.path(), ["init", "deep/ward.store", "--json"]).json();
    assert_eq!(document["next"][1], "evenfield compare --store deep/ward.store");
    assert_eq!(document["is_new_key"], true);
    assert!(dir.path().join("deep/ward.store.key").is_file());
    fs::create_dir(dir.path().join("letters")).unwrap();
    fs::write(dir.path().join("letters/a.txt"), "Dear").unwrap();
    assert!(run(dir.path(), ["init", "letters"]).fails(4).contains("is not a store"));
    assert!(!dir.path().join("letters.key").exists());
    run(dir.path(), ["init", "one", "--store", "two"]).fails(2);
    // The key is the one that the first vendor feed takes.
    let key = fs::read(dir.path().join("evenfield.store.key")).unwrap();
    let ingest = ["ingest", "--feed", "zoom-webhook", "--others", "patient", "-"];
    let ran = run_on(dir.path(), HOOKS.as_bytes(), ingest);
    assert!(!ran.err.contains("made the key"), "{}", ran.err);
    ran.ok();
    assert_eq!(fs::read(dir.path().join("evenfield.store.key")).unwrap(), key);
    run(dir.path(), ["doctor"]).ok();
}
