//! What is read elsewhere is answered as what lies in a store, to the byte, and what needs the store says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use engine::cli::{Elsewhere, Unread, run_elsewhere};
use engine::log::{Log, Mode, Position};
use engine::replay::{Heard, Part, Request, Sheet, Watch, together};
use event::{Dimension, Event, Payload};

use crate::command::{folder, run};

/// The events of a store in three parts.
struct Parts {
    consultations: Vec<Vec<Event>>,
    heard: Heard,
    position: Position,
    commitment: String,
}

impl Parts {
    fn of(store: &Path) -> Self {
        let log = Log::open(store, Mode::Existing).unwrap();
        let (mut consultations, mut heard) = (BTreeMap::<String, Vec<Event>>::new(), Heard::default());
        for stored in log.events(..) {
            let event = stored.unwrap().event;
            heard.event(&event);
            if !matches!(event.payload, Payload::RecordingDeclared(_)) {
                consultations.entry(event.consultation.clone()).or_default().push(event);
            }
        }
        let commitment = log.head_at(log.head()).unwrap().commitment_digits();
        let consultations = consultations.into_values().collect();
        Self { consultations, heard, position: log.head(), commitment }
    }
}

impl Elsewhere for Parts {
    fn sheet(&self, request: &Request, wanted: &[Dimension], watch: &Watch) -> Result<Sheet, Unread> {
        let parts = self.consultations.chunks(self.consultations.len().div_ceil(3)).map(|consultations| {
            let mut part = Part::new(&self.heard, request.grace_ms).unwrap();
            consultations.iter().for_each(|events| part.read(events).unwrap());
            part.bytes().unwrap()
        });
        let parts: Vec<Vec<u8>> = parts.collect();
        let asked = (request, self.position);
        together(&parts, &self.heard, asked, wanted, watch).map_err(|why| Unread::Other(why.to_string()))
    }

    fn commitment(&self) -> String {
        self.commitment.clone()
    }
}

/// What is answered, or how it ends.
fn answer(parts: &Arc<Parts>, dir: &Path, words: &[&str]) -> Result<String, ExitCode> {
    let file = dir.join("elsewhere.out");
    let begin = ["evenfield", "-q", "-o"].map(OsString::from);
    let words = words.iter().map(OsString::from);
    let line = begin.into_iter().chain([file.clone().into_os_string()]).chain(words);
    let elsewhere: Arc<dyn Elsewhere> = Arc::<Parts>::clone(parts);
    match run_elsewhere(line, elsewhere) {
        ExitCode::SUCCESS => Ok(std::fs::read_to_string(file).unwrap()),
        code => Err(code),
    }
}

#[test]
fn what_is_read_elsewhere_is_answered_as_what_lies_in_a_store() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    let parts = Arc::new(Parts::of(&dir.path().join("evenfield.store")));
    for words in [
        &["compare", "--json"][..],
        &["compare", "--by", "service", "--measure", "undisturbed,any_drop"],
        &["compare", "--policy", "rounded", "--json"],
        &["totals", "--policy", "secondary", "--json"],
        &["compare", "--grace-ms", "1000", "--until", "2026-02-01T00:00:00Z", "--format", "csv"],
        &["compare", "--measure", "any_drop", "--times", "--gaps", "service", "--across", "organisation"],
        &["decide", "--json"],
        &["decide", "--policy", "rounded"],
        &["totals", "--by", "service", "--json"],
        &["outages", "--json"],
        &["report", "build"],
        &["report", "build", "--policy", "internal"],
        &["report", "show"],
    ] {
        let of_store = run(dir.path(), words).ok();
        assert_eq!(answer(&parts, dir.path(), words).unwrap(), of_store, "{words:?}");
    }
}

#[test]
fn what_needs_the_store_is_refused_elsewhere() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    let parts = Arc::new(Parts::of(&dir.path().join("evenfield.store")));
    for words in [
        &["outcomes"][..],
        &["quality"],
        &["explain", "c-0"],
        &["export", "comparison"],
        &["report", "verify", "x.html"],
        &["compare", "--as-of", "100"],
        &["compare", "--policy", "rounded", "--release"],
        &["ingest", "x"],
    ] {
        assert_eq!(answer(&parts, dir.path(), words), Err(ExitCode::from(2)), "{words:?}");
    }
}
