//! The architecture as absences: which words may not occur in which folder, and what every file must have.
//!
//! ARCHITECTURE.md gives the reasons. Comments and tests may say what code may not. Words that must
//! occur nowhere are put together here, so that this file is no exception to itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use engine::log;

use crate::command::{folder, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project below `place`, by its path from the root, without what was built.
fn files(place: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(place)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            } else if path.is_dir()
                && ![".git", "target"].contains(&name.as_str())
                && !name.ends_with(".store")
            {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources(place: &str) -> Vec<PathBuf> {
    files(place).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

const TEST_ONLY: &str = "#[cfg(test)]\nmod ";

/// Modules that only tests are built with: their own files, and the folders of those.
fn test_only() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in sources(".") {
        let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| path.ends_with(name));
        let folder = if is_root { path.parent().unwrap().to_owned() } else { path.with_extension("") };
        for rest in text(&path).split(TEST_ONLY).skip(1) {
            if let Some((name, _)) =
                rest.split_once(';').filter(|(name, _)| !name.contains(char::is_whitespace))
            {
                found.insert(folder.join(format!("{name}.rs")));
                found.insert(folder.join(name));
            }
        }
    }
    found
}

/// The lines of code of a file, numbered, without comments and without its tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = text(path);
    let own =
        text.find(TEST_ONLY).filter(|at| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')));
    let lines = text[..own.unwrap_or(text.len())].lines().map(str::to_owned);
    (1..).zip(lines).filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Whether `word` stands in `line` as a word of its own.
fn says(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        let open = !word.starts_with(part) || !before.is_some_and(part);
        open && (!word.ends_with(part) || !after.is_some_and(part))
    })
}

/// What must not occur where: folders, those within them in which it may, and words.
struct Absence(&'static [&'static str], &'static [&'static str], &'static str);

const CODE: &[&str] = &["engine", "scenarios", "projections"];
const BELOW_THE_ENGINE: &[&str] = &["scenarios", "projections"];

const ABSENCES: &[Absence] = &[
    Absence(CODE, &["engine/log"], "sled bincode"),
    Absence(CODE, &["engine/cluster"], "datafusion"),
    Absence(CODE, &["engine/service"], "axum"),
    Absence(
        BELOW_THE_ENGINE,
        &[],
        "std::fs std::io::stdin std::net std::thread std::time std::env std::process",
    ),
    Absence(
        BELOW_THE_ENGINE,
        &[],
        "rand getrandom SystemTime Instant Timestamp::now tokio println! eprintln!",
    ),
    // The order of a hash map is drawn anew in every process.
    Absence(BELOW_THE_ENGINE, &[], "HashMap HashSet RandomState"),
    // The functions of std are not the same on every platform; those of libm are.
    Absence(BELOW_THE_ENGINE, &[], ".ln( .ln_1p( .log( .log2( .log10( .exp( .exp2( .exp_m1( .powf( .powi("),
    Absence(BELOW_THE_ENGINE, &[], ".sin( .cos( .tan( .asin( .acos( .atan( .atan2( .sinh( .cosh( .tanh("),
    Absence(BELOW_THE_ENGINE, &[], ".cbrt( .hypot( .mul_add( f64::ln f64::exp f64::powf f64::powi f32"),
    Absence(&["scenarios"], &[], "projections:: engine::"),
    Absence(&["scenarios/event"], &[], "feeds:: synth:: serde_json jiff::tz"),
    Absence(&["projections"], &[], "engine:: feeds:: synth::"),
    Absence(&["projections/sketch", "projections/stats"], &[], "event:: outcome::"),
    Absence(&["projections/sketch", "projections/reading"], &[], "stats"),
    Absence(&["projections/reliability", "projections/usability"], &[], "stats"),
];

#[test]
fn no_word_stands_where_it_may_not() {
    let test_only = test_only();
    let of_tests = |path: &Path| path.ancestors().any(|path| test_only.contains(path));
    let mut found = Vec::new();
    for Absence(places, but, words) in ABSENCES {
        for path in places.iter().flat_map(|place| sources(place)) {
            if of_tests(&path) || but.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            for (number, line) in code(&path) {
                for word in words.split(' ').filter(|word| says(&line, word)) {
                    found.push(format!("{}:{number}: {word}", path.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Rooms of a folder, in the order of the way that data take: each uses those before it, and none that comes after.
const STAIRS: [(&str, &str, &str); 2] = [
    ("engine", "crate", "log replay scenario release bench export ingest summary report service cli"),
    (
        "engine/log",
        "crate::log",
        "bytes commitment block folder database reading index writing care checking",
    ),
];

#[test]
fn rooms_use_what_comes_before_them() {
    let test_only = test_only();
    let (mut found, mut used) = (Vec::new(), 0);
    for (folder, path, rooms) in STAIRS {
        let rooms: Vec<&str> = rooms.split(' ').collect();
        let there: BTreeSet<String> = fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        for (place, room) in rooms.iter().enumerate() {
            assert!(there.contains(*room), "there is no {folder}/{room}");
            let file = PathBuf::from(format!("{folder}/{room}.rs"));
            let files =
                if root().join(&file).exists() { vec![file] } else { sources(&format!("{folder}/{room}")) };
            let of_tests = |file: &Path| file.ancestors().any(|path| test_only.contains(path));
            for file in files.iter().filter(|file| !of_tests(file)) {
                for (number, line) in code(file) {
                    let names = |room: &&&str| says(&line, &format!("{path}::{room}"));
                    used += rooms[..place].iter().filter(names).count();
                    let later = rooms[place + 1..].iter().filter(names);
                    found.extend(later.map(|later| format!("{}:{number}: {later}", file.display())));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(used > 300, "{used}: they are looked for where they are");
}

/// What is read of consultations leaves through the boundary, and nowhere beside it.
#[test]
fn readings_leave_through_the_boundary_alone() {
    let readings = ["totals", "quality", "reach", "decide", "compare"];
    let reads = |line: &str| {
        line.starts_with("use crate::replay::") && readings.iter().any(|reading| says(line, reading))
    };
    let mut verbs = Vec::new();
    // They count exactly, and so need the policy `internal`, too.
    let exact = ["diff", "explain", "outages"];
    let is_exact = |path: &PathBuf| exact.iter().any(|name| path.ends_with(format!("cli/{name}.rs")));
    for path in sources("engine/cli").into_iter().filter(|path| !is_exact(path)) {
        let code = code(&path);
        if code.iter().any(|(_, line)| reads(line)) {
            let says_so = |word: &str| code.iter().any(|(_, line)| line.contains(word));
            let through = says_so("shown::show(") || says_so("shown::Together") || says_so("shown::to_seal(");
            assert!(through, "{} shows nothing through the boundary", path.display());
            for way in ["out.document(", "out.row(", "out.text(", "out.line(", "out.bytes(", "report::text("]
            {
                assert!(!says_so(way), "{} writes by {way} what the boundary should", path.display());
            }
            verbs.push(path);
        }
    }
    assert!(verbs.len() >= 6, "{verbs:?}");
    // Sentences about recorded scenarios, whose verbs need the policy `internal`.
    let of_scenarios = ["engine/cli/demo.rs", "engine/cli/scenario.rs"].map(PathBuf::from);
    for path in sources("engine").into_iter().filter(|path| !of_scenarios.contains(path)) {
        for (number, line) in code(&path) {
            for word in ["report::evidence", "report::figures", "report::finding", "report::intervals"] {
                assert!(!says(&line, word), "{}:{number}: {word}", path.display());
            }
            let has_a_pass = says(&line, "Pass(") && path != Path::new("engine/report/shown.rs");
            assert!(!has_a_pass, "{}:{number}: only the boundary has a pass", path.display());
        }
    }
    let verbs = text(Path::new("engine/cli/mod.rs"));
    for name in ["demo", "outcomes", "scenario"].into_iter().chain(exact) {
        assert!(verbs.contains(&format!("(Tells::Rows, \"{name}\")")), "{name} tells of rows");
    }
    let verbs = text(Path::new("engine/cli/export.rs"));
    for name in ["outcomes", "parquet"] {
        assert!(verbs.contains(&format!("(Tells::Rows, \"export {name}\")")), "export {name} tells of rows");
    }
    let verbs = text(Path::new("engine/cli/summary/mod.rs"));
    assert!(verbs.contains("(Tells::Reading, \"summary make\")"), "it seals a reading, or asks for internal");
    let make = text(Path::new("engine/cli/summary/make.rs"));
    let [hides, exact] = ["rounded::sealed(", "summary::make("].map(|way| make.find(way).unwrap());
    assert!(
        make.contains("shared.policy != Policy::Internal") && hides < exact,
        "exact counts need internal"
    );
    let verbs = text(Path::new("engine/cli/log/mod.rs"));
    for name in ["stats", "export", "show", "trace", "tail", "prove", "backup", "redact"] {
        assert!(verbs.contains(&format!("(Tells::Rows, \"log {name}\")")), "log {name} tells of rows");
    }
}

/// A table that finds nothing may be looking for nothing.
#[test]
fn the_table_of_absences_looks_where_it_says() {
    for place in ABSENCES.iter().flat_map(|Absence(places, ..)| *places) {
        assert!(!sources(place).is_empty(), "{place}");
    }
    assert!(says("use std::fs::File;", "std::fs") && says("x.ln()", ".ln(") && says("a rand b", "rand"));
    assert!(!says("operand", "rand") && !says("Instants", "Instant") && !says("states::x", "stats"));
    assert!(test_only().contains(Path::new("scenarios/feeds/samples.rs")));
    assert!(code(Path::new("engine/log/bytes/codec.rs")).iter().any(|(_, line)| says(line, "bincode")));
}

#[test]
fn every_source_begins_with_what_it_is() {
    let silent: Vec<_> = sources(".").into_iter().filter(|path| !text(path).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_file_is_too_long_to_be_entered() {
    let long = |path: &PathBuf| text(path).lines().count() > 500;
    let long: Vec<_> =
        sources(".").into_iter().filter(|path| !path.starts_with("tests")).filter(long).collect();
    assert!(long.is_empty(), "longer than 500 lines: {long:?}");
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("to", "do!"),
        concat!("unimple", "mented!"),
        concat!("db", "g!"),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("X", "XX"),
        concat!("#[ig", "nore"),
    ];
    let mut found = Vec::new();
    for path in sources(".") {
        for (number, line) in (1..).zip(text(&path).lines()) {
            found.extend(
                words
                    .iter()
                    .filter(|word| says(line, word))
                    .map(|word| format!("{}:{number}: {word}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_text_names_a_place_on_somebodys_machine() {
    let places =
        [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut found = Vec::new();
    for path in files(".") {
        // What is no text names nothing.
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        found.extend(places.iter().filter(|place| text.contains(*place)).map(|place| (path.clone(), *place)));
    }
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_embedded_scenarios_are_the_recorded_ones() {
    let recorded = fs::read_dir(root().join("scenarios/recorded")).unwrap();
    let recorded: BTreeSet<String> =
        recorded.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let embedded: BTreeSet<String> = engine::scenario::Scenario::names().map(str::to_owned).collect();
    assert_eq!(embedded, recorded);
}

#[test]
fn recordings_stay_small() {
    let bytes: u64 =
        files("scenarios/recorded").iter().map(|path| fs::metadata(root().join(path)).unwrap().len()).sum();
    assert!(bytes <= 6 << 20, "{bytes} bytes");
    for path in files("scenarios/recorded") {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(["events.ndjson.zst", "plan.toml", "scenario.toml"].contains(&name), "{}", path.display());
    }
}

#[test]
fn recordings_are_what_their_plans_make() {
    let dir = folder();
    for name in engine::scenario::Scenario::names() {
        let recorded = root().join("scenarios/recorded").join(name);
        let events =
            zstd::decode_all(fs::read(recorded.join("events.ndjson.zst")).unwrap().as_slice()).unwrap();
        let plan = recorded.join("plan.toml");
        let made = run(dir.path(), ["synth", plan.to_str().unwrap()]).ok();
        assert!(made.as_bytes() == events, "{name}: its plan makes other events");
        let shown = run(dir.path(), ["scenario", "show", name, "--events"]).ok();
        assert!(shown.as_bytes() == events, "{name}: the program carries other events");
    }
}

#[test]
fn every_crate_is_tested_by_a_plain_cargo_test() {
    let manifest: toml::Table = text(Path::new("Cargo.toml")).parse().unwrap();
    let list = |name: &str| -> Vec<String> {
        let list = manifest["workspace"][name].as_array().unwrap();
        list.iter().map(|member| member.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list("members"), list("default-members"));
    // Workspaces of their own: what they need is not everybody's.
    let apart = ["engine/cluster", "tests/fuzz", "benches/appends"];
    let members: BTreeSet<PathBuf> = list("members").into_iter().map(PathBuf::from).collect();
    let crates: BTreeSet<PathBuf> = files(".")
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter(|path| !apart.iter().any(|apart| path.starts_with(apart)))
        .map(
            |path| {
                if path == Path::new("Cargo.toml") { ".".into() } else { path.parent().unwrap().to_owned() }
            },
        )
        .collect();
    assert_eq!(members, crates);
    for member in crates.iter().filter(|path| *path != Path::new(".")) {
        let manifest = text(&member.join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", member.display());
    }
}

/// They are built by nobody but those who fuzz: each must be listed, and have its body run in the tests.
#[test]
fn every_fuzz_target_has_a_body_that_the_tests_run() {
    let (manifest, bodies) =
        (text(Path::new("tests/fuzz/Cargo.toml")), text(Path::new("tests/fuzz/bodies.rs")));
    let targets: Vec<String> = sources("tests/fuzz/targets")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: Vec<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"targets/")).collect();
    assert_eq!(listed.len(), targets.len());
    for target in &targets {
        assert!(listed.contains(&format!("{target}.rs\"").as_str()), "{target} is not in the manifest");
        assert!(bodies.contains(&format!("pub fn {target}(data: &[u8])")), "{target} has no body");
        let source = text(&Path::new("tests/fuzz/targets").join(format!("{target}.rs")));
        assert!(source.contains(&format!("bodies::{target}(data)")), "{target} does something else");
        let run = text(Path::new("tests/fuzzing.rs"));
        assert!(run.contains(&format!("bodies::{target})")), "{target} is not run");
    }
}

/// Every limit that users meet, by its name.
const LIMITS: &[(&str, usize)] = &[
    ("NAME_BYTES", log::NAME_BYTES),
    ("LEVEL_BYTES", log::LEVEL_BYTES),
    ("EXTRA_FIELDS", log::EXTRA_FIELDS),
    ("EVENT_BYTES", log::EVENT_BYTES),
    ("BATCH_EVENTS", log::BATCH_EVENTS),
    ("BATCH_BYTES", log::BATCH_BYTES),
    ("BLOCK_EVENTS", log::BLOCK_EVENTS),
    ("LEVELS", log::LEVELS),
    ("CLINICIANS", log::CLINICIANS),
    ("MOST_CONSULTATIONS", engine::replay::MOST_CONSULTATIONS),
    ("MOST_ROWS", engine::replay::MOST_ROWS),
];

/// A number with a comma after every thousand.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.char_indices().fold(String::new(), |text, (at, digit)| {
        if comma(at) { text + "," + &digit.to_string() } else { text + &digit.to_string() }
    })
}

#[test]
fn the_tables_of_limits_are_the_limits() {
    let module = text(Path::new("engine/log/limits.rs"));
    let wanted: Vec<String> =
        LIMITS.iter().map(|(name, value)| format!("{name} {}", grouped(*value))).collect();
    let table = |lines: &mut dyn Iterator<Item = &str>, cells: fn(&str) -> Vec<&str>| -> Vec<String> {
        lines.map(|line| cells(line)[..2].join(" ")).collect()
    };
    let listed = module.lines().skip_while(|line| *line != "//! ```text").skip(1);
    let listed = table(&mut listed.take_while(|line| *line != "//! ```"), |line| {
        line.trim_start_matches("//!").split_whitespace().collect()
    });
    assert_eq!(listed, wanted, "the module documentation of limits");
    let architecture = text(Path::new("ARCHITECTURE.md"));
    let rows =
        architecture.lines().skip_while(|line| *line != "## Limits").filter(|line| line.starts_with("| `"));
    let rows = table(&mut rows.into_iter(), |line| {
        line.split(['|', '`', ' ']).filter(|cell| !cell.is_empty()).collect()
    });
    assert_eq!(rows, wanted, "ARCHITECTURE.md");
    // A constant that is public and in no table would be a limit that nobody is told.
    let public = module.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let public: Vec<&str> = public.collect();
    // The last two are those of a replay.
    assert_eq!(public, LIMITS[..LIMITS.len() - 2].iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// Every module of the tests is in the list, and the list in order.
#[test]
fn every_file_of_the_tests_is_a_module() {
    let main = text(Path::new("tests/main.rs"));
    let listed: Vec<&str> =
        main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert!(listed.is_sorted(), "{listed:?}");
    let here: BTreeSet<String> = fs::read_dir(root().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") || path.join("mod.rs").exists())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "main")
        .collect();
    assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), here);
}
