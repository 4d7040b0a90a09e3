//! The log against a model of it: any sequence of what can be done to a log, and a list that says what
//! should come of it.
//!
//! The model is pure and has laws of its own, which many more sequences try. It keeps what was sent by
//! position; a position whose content was destroyed, or that tells of it, holds no event.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use engine::log::{Fate, Log, Mode, Opening, Position, Repair, Stored, Subscription};
use event::{Event, Time};
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::command::folder;

#[path = "../engine/log/sample.rs"]
mod sample;

/// How many cases: `EVENFIELD_CASES` times as many as usual.
fn cases(few: u32) -> ProptestConfig {
    let times = std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(few * times) }
}

/// What can be done to a log.
#[derive(Debug, Clone)]
enum Step {
    /// Events by their places in the case's list of events, each perhaps changed; and when.
    Append(Vec<(usize, bool)>, i64),
    /// Events that were never sent, so many.
    Fresh(usize),
    Seal,
    Reopen,
    /// The folder is copied as it is while the log is open, and the copy goes on.
    Crash,
    /// It is backed up, and what is restored goes on.
    Restore,
    /// The consultation of this one of the case's events.
    Redact(usize),
    /// A sound store is looked at, as repair does.
    Plan,
    Pull,
    Verify,
}

const POOL: usize = 30;

fn step() -> impl Strategy<Value = Step> {
    let picks = || vec((0..POOL, prop::bool::weighted(0.1)), 0..25);
    prop_oneof![
        5 => (picks(), -1000_i64..1000).prop_map(|(picks, at)| Step::Append(picks, at)),
        2 => prop_oneof![1..4_usize, 60..70_usize].prop_map(Step::Fresh),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => Just(Step::Restore),
        1 => (0..POOL).prop_map(Step::Redact),
        1 => Just(Step::Plan),
        2 => Just(Step::Pull),
        1 => Just(Step::Verify),
    ]
}

/// What a log should hold.
#[derive(Debug, Clone, Default)]
struct Model {
    list: Vec<Option<Stored>>,
    /// Sources and ids whose content was destroyed.
    gone: BTreeSet<(String, String)>,
    fresh: u64,
}

/// What became of an event, without the words that say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    New(Position),
    Again(Position),
    Conflict(Position),
    Refused,
}

impl Came {
    fn of(fate: &Fate) -> Self {
        match fate {
            Fate::New(position) => Self::New(*position),
            Fate::Duplicate(position) => Self::Again(*position),
            Fate::Conflict { position, .. } => Self::Conflict(*position),
            _ => Self::Refused,
        }
    }
}

impl Model {
    fn head(&self) -> Position {
        Position(self.list.len() as u64)
    }

    fn events(&self) -> impl Iterator<Item = &Stored> {
        self.list.iter().flatten()
    }

    fn take(&mut self, event: &Event, recorded_at: Time) -> Came {
        let name = (event.source.clone(), event.id.clone());
        if self.gone.contains(&name) {
            return Came::Refused;
        }
        let known =
            self.events().find(|it| (it.event.source.as_str(), it.event.id.as_str()) == (&name.0, &name.1));
        match known {
            Some(stored) if &stored.event == event => Came::Again(stored.position),
            Some(stored) => Came::Conflict(stored.position),
            None => {
                let position = self.head().next();
                self.list.push(Some(Stored { position, recorded_at, event: event.clone() }));
                Came::New(position)
            }
        }
    }

    /// Destroys a consultation; tells where its events stood.
    fn redact(&mut self, consultation: &str) -> Vec<Position> {
        let mut positions = Vec::new();
        for place in &mut self.list {
            if let Some(stored) = place.take_if(|stored| stored.event.consultation == consultation) {
                positions.push(stored.position);
                self.gone.insert((stored.event.source, stored.event.id));
            }
        }
        if !positions.is_empty() {
            self.list.push(None);
        }
        positions
    }

    /// The events of a step that sends some.
    fn sent(&mut self, step: &Step, pool: &[Event]) -> Option<(Vec<Event>, Time)> {
        match step {
            Step::Append(picks, at) => {
                let pick = |(place, changed): &(usize, bool)| {
                    let event = pool[*place].clone();
                    Event { at: event.at.plus(i64::from(*changed)), ..event }
                };
                Some((picks.iter().map(pick).collect(), Time::from_ms(*at)))
            }
            Step::Fresh(count) => {
                let first = self.fresh;
                self.fresh += *count as u64;
                let fresh = |id| Event { id: format!("fresh-{id}"), ..pool[id as usize % POOL].clone() };
                Some(((first..self.fresh).map(fresh).collect(), Time::from_ms(0)))
            }
            _ => None,
        }
    }
}

/// A log with what follows it, and the model of both.
struct Pair {
    dir: TempDir,
    store: PathBuf,
    copies: u32,
    log: Option<Log>,
    model: Model,
    follower: Option<Subscription>,
    pulled: u64,
}

impl Pair {
    fn new() -> Self {
        let dir = folder();
        let store = dir.path().join("x.store");
        let log = Some(Log::open(&store, Mode::Create).unwrap());
        Self { dir, store, copies: 0, log, model: Model::default(), follower: None, pulled: 0 }
    }

    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }

    fn close(&mut self) {
        self.follower = None;
        self.log = None;
    }

    fn open(&mut self) {
        let log = Log::open(&self.store, Mode::Existing).unwrap();
        assert!(matches!(log.opening(), Opening::Healthy), "{:?}", log.opening());
        self.log = Some(log);
    }

    /// Another folder for the store.
    fn move_on(&mut self) -> PathBuf {
        self.copies += 1;
        let next = self.dir.path().join(format!("{}.store", self.copies));
        std::mem::replace(&mut self.store, next)
    }

    fn take(&mut self, step: &Step, pool: &[Event]) {
        match step {
            Step::Append(..) | Step::Fresh(_) => self.append(step, pool),
            Step::Seal => drop(self.log().seal(&mut |_| {}).unwrap()),
            Step::Verify => self.verify(),
            Step::Pull => self.pull(),
            Step::Crash => self.crash(),
            Step::Restore => self.restore(),
            Step::Redact(place) => self.redact(&pool[*place].consultation),
            Step::Reopen => self.close(),
            Step::Plan => {
                self.close();
                let plan = Repair::plan(&self.store, &mut |_, _| {}).unwrap();
                assert_eq!((plan.faults(), plan.head(), plan.lost()), (&[][..], self.model.head(), Some(0)));
            }
        }
        if self.log.is_none() {
            self.open();
        }
        self.check();
    }

    fn append(&mut self, step: &Step, pool: &[Event]) {
        let Some((events, recorded_at)) = self.model.sent(step, pool) else { return };
        let wanted: Vec<Came> = events.iter().map(|event| self.model.take(event, recorded_at)).collect();
        let receipt = self.log().append_blocking(events, recorded_at).unwrap();
        assert_eq!(receipt.fates.iter().map(Came::of).collect::<Vec<_>>(), wanted);
        assert_eq!(receipt.head, self.model.head());
    }

    fn verify(&self) {
        let verdict = self.log().verify(&mut |_, _| {});
        assert!(verdict.is_sound(), "{:?}", verdict.findings);
        assert_eq!(verdict.events, self.model.events().count() as u64);
    }

    fn pull(&mut self) {
        let from = Position(self.pulled).next();
        let mut follower = self.follower.take().unwrap_or_else(|| self.log().subscribe(from));
        let wanted: Vec<Stored> = self.model.events().filter(|it| it.position >= from).cloned().collect();
        assert!(follower.pull().unwrap() == wanted, "the follower sees something else");
        self.pulled = self.model.head().0;
        self.follower = Some(follower);
    }

    fn crash(&mut self) {
        let old = self.move_on();
        copy_folder(&old, &self.store);
        self.close();
        fs::remove_dir_all(old).unwrap();
    }

    fn restore(&mut self) {
        let mut bytes = Vec::new();
        let manifest = self.log().backup(&mut bytes, &mut |_, _| true).unwrap();
        assert_eq!(manifest.position, self.model.head().0);
        self.close();
        fs::remove_dir_all(self.move_on()).unwrap();
        engine::log::restore(&mut &*bytes, &self.store, &mut |_, _| true).unwrap();
    }

    fn redact(&mut self, consultation: &str) {
        self.close();
        let redacted =
            engine::log::redact(&self.store, consultation, None, Time::from_ms(0), &mut |_, _| {}).unwrap();
        let wanted = self.model.redact(consultation);
        assert_eq!(redacted.map(|it| it.positions).unwrap_or_default(), wanted);
    }

    fn check(&self) {
        assert_eq!(self.log().head(), self.model.head());
        let stored: Vec<Stored> = self.log().events(..).map(Result::unwrap).collect();
        assert!(stored.iter().eq(self.model.events()), "the log is not its model");
    }
}

/// Copies what is there; what the database or its sealing does meanwhile may be there or not.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_folder(&path, &copy) } else { assert!(fs::copy(&path, &copy).is_ok()) }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_log_is_a_list_without_duplicates_whatever_is_done_to_it(
        pool in vec(sample::event(), POOL),
        steps in vec(step(), 1..8),
    ) {
        let mut pair = Pair::new();
        steps.iter().for_each(|step| pair.take(step, &pool));
        pair.verify();
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn a_model_of_a_log_keeps_its_own_laws(
        events in vec((0_u8..6, 0_u8..12, 0_u8..4, 0_i64..2), 1..40),
        redactions in vec((0_usize..40, 0_u8..4), 0..4),
    ) {
        let mut model = Model::default();
        for (number, (source, id, consultation, at)) in events.iter().enumerate() {
            let (source, id) = (format!("s-{}", source / 4), format!("e-{id}"));
            let at = Time::from_ms(*at);
            let event = Event::new(source, id, format!("c-{consultation}"), at, event::Payload::Completed);
            let before = model.clone();
            let came = model.take(&event, at);
            match came {
                Came::New(position) => prop_assert_eq!((position, before.head().next()), (model.head(), position)),
                _ => prop_assert_eq!((&model.list, &model.gone), (&before.list, &before.gone)),
            }
            let again = match came {
                Came::New(position) | Came::Again(position) => Came::Again(position),
                other => other,
            };
            prop_assert_eq!(model.take(&event, at), again);
            for (_, consultation) in redactions.iter().filter(|(when, _)| *when == number) {
                let name = format!("c-{consultation}");
                let positions = model.redact(&name);
                let once = (model.list.clone(), model.gone.clone());
                prop_assert!(positions.is_sorted() && model.redact(&name).is_empty());
                prop_assert_eq!((&model.list, &model.gone), (&once.0, &once.1));
            }
            let is_dense = (1..).zip(&model.list).all(|(at, it)| it.as_ref().is_none_or(|it| it.position.0 == at));
            let names: BTreeSet<_> = model.events().map(|it| (&it.event.source, &it.event.id)).collect();
            prop_assert!(is_dense && names.len() == model.events().count());
        }
    }
}
