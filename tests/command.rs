//! The program as people run it: in a folder of its own, with nothing taken from the surroundings.
//!
//! [`run`] is one command, [`line()`] one line as help and README write it, [`prepared`] a folder that
//! holds every file which such lines name. The recordings in it are small and made up.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use zip::ZipArchive;

/// What became of one command.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of a command that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    /// The message of a command that ended with this code.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.err, self.out);
        self.err
    }

    /// The one document that a command wrote.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// The program in `dir`, told nothing else; what is not redirected is read and written by nobody.
pub(crate) fn program(dir: &Path) -> Command {
    // Another one, such as that which is installed, can be put to the same tests.
    let other = std::env::var_os("EVENFIELD_PROGRAM").filter(|path| !path.is_empty());
    let mut command = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_evenfield").into()));
    for name in ["EVENFIELD_STORE", "EVENFIELD_KEY", "EVENFIELD_POLICY", "EVENFIELD_TOKEN", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").env("TMPDIR", &*PLACE).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs one command.
pub(crate) fn run<'a>(dir: &Path, args: impl AsRef<[&'a str]>) -> Ran {
    Ran::of(program(dir).args(args.as_ref()).spawn().unwrap())
}

/// Runs one command that reads `input`.
pub(crate) fn run_on<'a>(dir: &Path, input: &[u8], args: impl AsRef<[&'a str]>) -> Ran {
    let mut child = program(dir).args(args.as_ref()).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A command that ends before it has read everything is no fault of the test.
        scope.spawn(move || stdin.write_all(input).is_ok());
        Ran::of(child)
    })
}

/// Runs a line as help and README write it: commands joined by ` | `, the last of which may be `head`.
pub(crate) fn line(dir: &Path, line: &str) -> Ran {
    let mut stages: Vec<&str> = line.split(" | ").collect();
    let head =
        stages.last().and_then(|stage| stage.strip_prefix("head -")).map(|lines| lines.parse().unwrap());
    if head.is_some() {
        stages.pop();
    }
    let mut children: Vec<Child> = Vec::new();
    for stage in stages {
        let args = stage.strip_prefix("evenfield ").unwrap_or_else(|| panic!("{stage:?} is another program"));
        let before = children.last_mut().and_then(|child| child.stdout.take());
        let input = before.map_or_else(Stdio::null, Stdio::from);
        children.push(program(dir).args(args.split_whitespace()).stdin(input).spawn().unwrap());
    }
    let mut flow = BufReader::new(children.last_mut().and_then(|child| child.stdout.take()).unwrap());
    let mut out = String::new();
    match head {
        Some(lines) => {
            for _ in 0..lines {
                flow.read_line(&mut out).unwrap();
            }
        }
        None => {
            flow.read_to_string(&mut out).unwrap();
        }
    }
    drop(flow);
    let mut ran = Ran { code: 0, out, err: String::new() };
    for child in children {
        let ended = Ran::of(child);
        ran.code = if ran.code == 0 { ended.code } else { ran.code };
        ran.err.push_str(&ended.err);
    }
    ran
}

/// An empty folder, in memory where there is room: what these tests have made durable need not outlive them, and most of
/// their time is spent waiting for a disk. What a power cut leaves of a disk is tried in the library.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("evenfield-test-").tempdir_in(&*PLACE).unwrap()
}

/// Where folders of tests are.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let room = |told: &str| -> Option<u64> { told.lines().last()?.split_whitespace().nth(3)?.parse().ok() };
    let told = Command::new("df").arg("-Pk").arg(memory).stderr(Stdio::null()).output();
    let room_kb = told.ok().and_then(|told| room(&String::from_utf8_lossy(&told.stdout)));
    let is_fit = room_kb.is_some_and(|room_kb| room_kb > ROOM_KB) && tempfile::tempdir_in(memory).is_ok();
    if is_fit { memory.to_owned() } else { std::env::temp_dir() }
});

/// What tests may take up at one time, many times over.
const ROOM_KB: u64 = 4 << 20;

/// A folder with a store of two platforms, and every file that help and README name.
pub(crate) fn prepared() -> TempDir {
    let dir = folder();
    let recording = run(dir.path(), ["synth", "clinic", "--consultations", "300"]).ok();
    let recording = recording.replace("alder", "attend-anywhere").replace("birch", "zoom");
    let scenario = dir.path().join("my-scenario");
    fs::create_dir(&scenario).unwrap();
    for (path, text) in [
        (dir.path().join("events.ndjson"), recording.as_str()),
        (dir.path().join("hooks.ndjson"), HOOKS),
        (dir.path().join("sheet.csv"), SHEET),
        (dir.path().join("columns.toml"), COLUMNS),
        (dir.path().join("population.csv"), POPULATION),
        (dir.path().join("platforms.toml"), PLATFORMS),
        (scenario.join("scenario.toml"), CARD),
        (scenario.join("events.ndjson"), EXAMPLE),
    ] {
        fs::write(path, text).unwrap();
    }
    run(dir.path(), ["ingest", "events.ndjson"]).ok();
    run(dir.path(), ["log", "backup", "-o", "monday.backup"]).ok();
    run(dir.path(), ["token", "new", "old-gateway", "--role", "record"]).ok();
    run(dir.path(), ["report", "build", "-o", "monday.html"]).ok();
    fs::copy(dir.path().join("monday.html"), dir.path().join("tuesday.html")).unwrap();
    summed_up(dir.path(), &recording.replace("urn:synth:", "urn:synth:board-"));
    dir
}

/// Summaries of the store in `dir` and of another one, which holds these events, and a list of who signed them.
fn summed_up(dir: &Path, other: &str) {
    run_on(dir, other.as_bytes(), ["ingest", "-", "--store", "other.store"]).ok();
    let mut trusted = String::new();
    for (store, name) in [("evenfield.store", "trust-one"), ("other.store", "trust-two")] {
        let (key, file) = (format!("{store}.signing-key"), format!("{name}.summary"));
        let make = ["summary", "make", "--until", UNTIL, "--store", store, "-o"];
        run(dir, [&make[..], &[&file]].concat()).ok();
        let decides = file.replace("trust-", "").replace(".summary", "-decides.summary");
        run(dir, [&make[..], &[&decides, "--for", "decide"]].concat()).ok();
        trusted += &run(dir, ["keys", "show", &key]).ok().replace('\n', &format!("  {name}\n"));
    }
    fs::write(dir.join("trusted.keys"), trusted).unwrap();
    fs::remove_dir_all(dir.join("other.store")).unwrap();
}

/// After everything that recordings made here tell.
pub(crate) const UNTIL: &str = "2027-01-01T00:00:00Z";

/// Every part of an archive that is a text, by name.
pub(crate) fn parts(path: &Path) -> BTreeMap<String, String> {
    let mut archive = ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let part = |name: String| {
        let mut text = String::new();
        archive.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
        (name, text)
    };
    names.into_iter().map(part).collect()
}

/// Every file below `dir`.
pub(crate) fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
}

/// Five events of one consultation, as the documentation shows them.
pub(crate) const EXAMPLE: &str = r#"{"specversion":"1.0","id":"e-1","source":"urn:example:trust-a","type":"evenfield.consultation.joined.v1","subject":"c-0001","time":"2022-03-01T09:00:03.120Z","data":{"participant":"p-17","role":"patient","context":{"platform":"attend-anywhere","organisation":"RBA","service":"cardiology","appointment":"follow_up","device":"phone","network":"mobile","deprivation_quintile":2,"age_band":"65-74","first_use":true,"clinician":"k-3"}}}
{"specversion":"1.0","id":"e-2","source":"urn:example:trust-a","type":"evenfield.consultation.dropped.v1","subject":"c-0001","time":"2022-03-01T09:04:10Z","data":{"participant":"p-17","role":"patient","reason":"network"}}
{"specversion":"1.0","id":"e-3","source":"urn:example:trust-a","type":"evenfield.consultation.converted.v1","subject":"c-0001","time":"2022-03-01T09:06:00Z","data":{"to":"phone"}}
{"specversion":"1.0","id":"e-4","source":"urn:example:trust-a","type":"evenfield.consultation.rated.v1","subject":"c-0001","time":"2022-03-01T10:00:00Z","data":{"role":"patient","scale":5,"value":4}}
{"specversion":"1.0","id":"e-5","source":"urn:example:trust-a","type":"evenfield.consultation.questionnaire.v1","subject":"c-0001","time":"2022-03-01T10:00:00Z","data":{"role":"patient","instrument":"SUS","answers":[4,2,5,1,4,2,5,1,4,2]}}
"#;

/// A consultation held on Zoom: the guest is cut off, comes back, and is asked about it.
pub(crate) const HOOKS: &str = r#"{"event":"meeting.participant_joined","event_ts":1648038806000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","topic":"Dr Ada Quill with Tom Pebble","participant":{"user_id":"16778240","user_name":"Dr Ada Quill","participant_user_id":"host-77","id":"host-77","participant_uuid":"U-1","join_time":"2022-03-23T12:33:26Z","email":"ada.quill@trust.example"}}}}
{"event":"meeting.participant_joined","event_ts":1648038840000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","topic":"Dr Ada Quill with Tom Pebble","participant":{"user_id":"16779264","user_name":"Tom Pebble","id":"","participant_uuid":"U-2-pebble","join_time":"2022-03-23T12:34:00Z","email":"tom.pebble@mail.example","phone_number":"+447700900123","public_ip":"198.51.100.7"}}}}
{"event":"meeting.participant_left","event_ts":1648039200000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","participant":{"user_id":"16779264","user_name":"Tom Pebble","id":"","participant_uuid":"U-2-pebble","leave_time":"2022-03-23T12:40:00Z","leave_reason":"Tom Pebble got disconnected from the meeting.<br>Reason: Network connection error.","email":"tom.pebble@mail.example"}}}}
{"event":"meeting.participant_joined","event_ts":1648039230000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","participant":{"user_id":"16780288","user_name":"Tom Pebble","id":"","participant_uuid":"U-2-pebble","join_time":"2022-03-23T12:40:30Z","email":"tom.pebble@mail.example","phone_number":"+447700900123"}}}}
{"event":"meeting.ended","event_ts":1648039800000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","topic":"Dr Ada Quill with Tom Pebble","end_time":"2022-03-23T12:50:00Z"}}}
{"event":"meeting.participant_feedback","event_ts":1648039860000,"payload":{"account_id":"trust-a","object":{"uuid":"uL5aP==","id":86431910364,"host_id":"host-77","participant":{"participant_uuid":"U-2-pebble","user_name":"Tom Pebble","email":"tom.pebble@mail.example","feedback":{"satisfied":false,"comments":"Dr Quill was late"}}}}}
"#;

/// Every text of [`HOOKS`] by which somebody could be known.
pub(crate) const PERSONAL: [&str; 10] = [
    "Quill",
    "Pebble",
    "pebble",
    "ada.quill",
    "mail.example",
    "7700900123",
    "198.51.100.7",
    "host-77",
    "16779264",
    "was late",
];

/// What the platforms of [`prepared`] are shown to do.
pub(crate) const PLATFORMS: &str = r#"[platforms.zoom.functions]
captions = { state = "met", source = "handbook, 4.2", date = 2026-01-12 }

[platforms.attend-anywhere.functions]
captions = { state = "met", source = "handbook, page 7", date = 2026-01-14 }

[[needs]]
functions = ["captions"]
"#;

/// A spreadsheet that a clinic keeps.
pub(crate) const SHEET: &str = "Ref,Date,In,NHS no,Helped?,Given up,Specialty
7,02/03/2022,09:02,9434765919,Y,,cardiology
8,02/03/2022,09:31,9434765870,n,09:40,cardiology
";

/// What the columns of [`SHEET`] are.
pub(crate) const COLUMNS: &str = r#"source = "urn:example:clinic-list"
zone = "Europe/London"
time_format = "%d/%m/%Y %H:%M"

[columns]
consultation = "Ref"
service = "Specialty"
platform = { value = "attend-anywhere" }

[[event]]
kind = "joined"
at = ["Date", "In"]
participant = "NHS no"
role = { value = "patient" }

[[event]]
kind = "help_requested"
at = ["Date", "In"]
when = { column = "Helped?", is = ["Y"] }

[[event]]
kind = "abandoned"
at = ["Date", "Given up"]
stage = { value = "mid_consultation" }
"#;

/// How many people go online in which way; made up.
pub(crate) const POPULATION: &str = "dimension,level,people
network,home-wifi,90000
network,mobile,60000
";

const CARD: &str = r#"title = "One consultation that moved to the telephone"
question = "What does a recording of one's own look like?"
synthetic = true
provenance = "Written by hand."
period = "One morning"
"#;
