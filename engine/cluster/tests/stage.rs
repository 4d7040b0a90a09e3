//! What every test needs: a store and its data set, workers, and answers of both.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A store, and the data set that was exported from it.
pub(crate) struct Lake {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Ran {
    pub(crate) code: ExitCode,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Lake {
    /// Of a recorded scenario.
    pub(crate) fn of_scenario(name: &str, shards: u32) -> Self {
        let lake = Self { dir: tempfile::tempdir().unwrap() };
        lake.done(&["replay", name, "-q"]);
        lake.export(shards);
        lake
    }

    /// Of so many consultations of a plan.
    pub(crate) fn of_plan(plan: &str, consultations: usize, shards: u32) -> Self {
        let lake = Self { dir: tempfile::tempdir().unwrap() };
        let (count, file) = (consultations.to_string(), lake.dir.path().join("events.ndjson"));
        lake.done(&["synth", plan, "--consultations", &count, "-q", "-o", file.to_str().unwrap()]);
        lake.done(&["ingest", file.to_str().unwrap(), "-q"]);
        lake.export(shards);
        lake
    }

    /// Of so many consultations of a plan, of which the events came in as many times as there are generations.
    pub(crate) fn growing(plan: &str, consultations: usize, shards: u32, generations: usize) -> Self {
        let lake = Self { dir: tempfile::tempdir().unwrap() };
        let (count, file) = (consultations.to_string(), lake.dir.path().join("events.ndjson"));
        lake.done(&["synth", plan, "--consultations", &count, "-q", "-o", file.to_str().unwrap()]);
        let events = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = events.lines().collect();
        for lines in lines.chunks(lines.len().div_ceil(generations)) {
            fs::write(&file, lines.join("\n")).unwrap();
            lake.done(&["ingest", file.to_str().unwrap(), "-q"]);
            let (shards, set) = (shards.to_string(), lake.set());
            lake.done(&["export", "parquet", "--shards", &shards, "--append", set.to_str().unwrap(), "-q"]);
        }
        // Beside the files of the first generation there are the manifest and what sources declare.
        assert!(fs::read_dir(lake.set()).unwrap().count() > shards as usize + 2, "it did not grow");
        lake
    }

    fn export(&self, shards: u32) {
        let (shards, set) = (shards.to_string(), self.set());
        self.done(&["export", "parquet", "--shards", &shards, set.to_str().unwrap(), "-q"]);
    }

    /// The folder of the data set.
    pub(crate) fn set(&self) -> PathBuf {
        self.dir.path().join("lake")
    }

    #[track_caller]
    fn done(&self, words: &[&str]) {
        let ran = self.local(words);
        assert_eq!(ran.code, ExitCode::SUCCESS, "{words:?}");
    }

    /// What this machine answers from the store; without what is written to standard error.
    pub(crate) fn local(&self, words: &[&str]) -> Ran {
        let (store, out) = (self.dir.path().join("store"), self.dir.path().join("local.out"));
        let _ = fs::remove_file(&out);
        let begin = ["evenfield".into(), "--store".into(), store.into_os_string(), "-q".into()];
        let mut line: Vec<OsString> = begin.into_iter().chain(words.iter().map(OsString::from)).collect();
        if !words.contains(&"-o") && !words.contains(&"parquet") {
            line.extend(["-o".into(), out.clone().into_os_string()]);
        }
        let code = engine::cli::run_from(line);
        Ran { code, out: fs::read_to_string(out).unwrap_or_default(), err: String::new() }
    }
}

/// A worker in a process of its own, which ends with this.
#[derive(Clone)]
pub(crate) struct Worker {
    child: Arc<Mutex<Child>>,
    pub(crate) at: SocketAddr,
}

impl Worker {
    /// Of a data set.
    pub(crate) fn of(set: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evenfield-cluster"))
            .args(["worker", "--listen", "127.0.0.1:0", "--data"])
            .arg(set)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.trim().rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
        Self { child: Arc::new(Mutex::new(child)), at }
    }

    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if Arc::strong_count(&self.child) == 1 {
            self.kill();
        }
    }
}

/// What workers answer from a data set; `options` stand before the verb.
pub(crate) fn asked(set: &Path, workers: &[SocketAddr], options: &[&str], words: &[&str]) -> Ran {
    let workers: Vec<String> = workers.iter().map(ToString::to_string).collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenfield-cluster"))
        .arg("--data")
        .arg(set)
        .args(["--workers", &workers.join(",")])
        .args(options)
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let code = child.wait().unwrap().code().unwrap();
    Ran { code: ExitCode::from(u8::try_from(code).unwrap()), out, err: reading.join().unwrap() }
}

impl Ran {
    /// What a command wrote that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, ExitCode::SUCCESS, "{}", self.err);
        self.out
    }

    /// What a command said that was refused.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(self.code == ExitCode::from(4) || self.code == ExitCode::from(1), "{}{}", self.err, self.out);
        assert_eq!(self.out, "", "{}", self.err);
        self.err
    }
}
