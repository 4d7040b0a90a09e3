//! Answers that were made, given again while they hold, and made once however many ask.
//!
//! An answer holds as long as no event came in, and while events come in, for a moment ([`Limits::fresh`]). Whoever asks
//! for what is being made waits for that. Few answers are made at a time, since each takes every core; who would have
//! to wait behind too many is told to come again. What is made is kept whoever stopped waiting for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::sync::{Semaphore, watch};

use super::asked::{Answers, Asked, Limits, Refusal};
use crate::log::{Log, Position};

/// Answers that are made at a time.
const AT_ONCE: usize = 2;
/// Questions that may be waiting or under way.
const WAITING: usize = 64;
/// Questions whose answers are kept.
const KEPT: usize = 256;
/// Bytes of them.
const KEPT_BYTES: usize = 64 << 20;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// It.
    pub(super) bytes: Bytes,
    /// What tells it from any other of the same address.
    pub(super) tag: String,
    /// It rests on every event up to there, at least.
    pub(super) from: Position,
    at: Instant,
}

type Outcome = Result<Made, (Refusal, Position)>;

/// The answers.
pub(super) struct Shelf {
    log: Arc<Log>,
    answers: Arc<dyn Answers>,
    turns: Semaphore,
    fresh: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    slots: BTreeMap<Asked, Slot>,
    /// Counts uses, so that the least lately used is known.
    used: u64,
    under_way: usize,
    bytes: usize,
}

#[derive(Default)]
struct Slot {
    last: Option<Made>,
    flight: Option<watch::Receiver<Option<Outcome>>>,
    used: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// It was refused.
    Refused(Refusal),
    /// Too many others are waiting.
    Crowded,
}

impl Shelf {
    pub(super) fn new(log: Arc<Log>, answers: Arc<dyn Answers>, limits: &Limits) -> Self {
        let turns = Semaphore::new(AT_ONCE);
        Self { log, answers, turns, fresh: limits.fresh, kept: Mutex::default() }
    }

    /// The answer, resting on every event up to `needs` at least; `pinned` ones never change.
    pub(super) async fn get(
        self: &Arc<Self>,
        asked: Asked,
        needs: Position,
        pinned: bool,
    ) -> Result<Made, NoAnswer> {
        loop {
            let mut flight = {
                let mut kept = self.kept();
                if let Some(made) = self.still_holds(&mut kept, &asked, needs, pinned) {
                    return Ok(made);
                }
                match kept.slots.get(&asked).and_then(|slot| slot.flight.clone()) {
                    Some(flight) => flight,
                    None if kept.under_way >= WAITING => return Err(NoAnswer::Crowded),
                    None => self.begin(&mut kept, &asked),
                }
            };
            let landed = flight.wait_for(Option::is_some).await.ok().and_then(|landed| landed.clone());
            match landed {
                Some(Ok(made)) if made.from >= needs || pinned => return Ok(made),
                // It was begun before what is needed came in.
                Some(Ok(_)) => {}
                Some(Err((refusal, from))) if from >= needs || pinned => {
                    return Err(NoAnswer::Refused(refusal));
                }
                Some(Err(_)) => {}
                None => return Err(NoAnswer::Refused(Refusal::Interrupted)),
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that is there, if it holds.
    fn still_holds(&self, kept: &mut Kept, asked: &Asked, needs: Position, pinned: bool) -> Option<Made> {
        kept.used += 1;
        let used = kept.used;
        let slot = kept.slots.get_mut(asked)?;
        slot.used = used;
        let made = slot.last.as_ref()?;
        let holds = made.from == self.log.head() || made.at.elapsed() < self.fresh;
        (pinned || (holds && made.from >= needs)).then(|| made.clone())
    }

    /// Begins to make the answer.
    fn begin(self: &Arc<Self>, kept: &mut Kept, asked: &Asked) -> watch::Receiver<Option<Outcome>> {
        let (land, flight) = watch::channel(None);
        let used = kept.used;
        let slot = kept.slots.entry(asked.clone()).or_default();
        (slot.flight, slot.used) = (Some(flight.clone()), used);
        kept.under_way += 1;
        let (shelf, asked) = (Arc::clone(self), asked.clone());
        tokio::spawn(async move {
            let outcome = shelf.make(asked.clone()).await;
            shelf.keep(&asked, &outcome);
            // Nobody may be waiting any more.
            let _ = land.send(Some(outcome));
        });
        flight
    }

    async fn make(&self, asked: Asked) -> Outcome {
        let turn = self.turns.acquire().await;
        let (from, answers) = (self.log.head(), Arc::clone(&self.answers));
        let working = tokio::task::spawn_blocking(move || answers.answer(&asked));
        let bytes = match working.await {
            Ok(answered) => answered.map_err(|refusal| (refusal, from))?,
            Err(panicked) => {
                return Err((Refusal::Failed(format!("the work on it failed: {panicked}")), from));
            }
        };
        drop(turn);
        let tag = blake3::hash(&bytes).to_hex()[..24].to_owned();
        Ok(Made { bytes: bytes.into(), tag, from, at: Instant::now() })
    }

    fn keep(&self, asked: &Asked, outcome: &Outcome) {
        let mut kept = self.kept();
        let kept = &mut *kept;
        kept.under_way -= 1;
        if let Some(slot) = kept.slots.get_mut(asked) {
            slot.flight = None;
            if let Ok(made) = outcome {
                let before = slot.last.replace(made.clone()).map_or(0, |before| before.bytes.len());
                kept.bytes = kept.bytes + made.bytes.len() - before;
            } else if slot.last.is_none() {
                kept.slots.remove(asked);
            }
        }
        while kept.bytes > KEPT_BYTES || kept.slots.len() > KEPT {
            let idle = kept.slots.iter().filter(|(_, slot)| slot.flight.is_none());
            let Some(oldest) = idle.min_by_key(|(_, slot)| slot.used).map(|(asked, _)| asked.clone()) else {
                return;
            };
            let gone = kept.slots.remove(&oldest).and_then(|slot| slot.last);
            kept.bytes -= gone.map_or(0, |gone| gone.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use event::{Event, Payload, Time};

    use super::super::asked::{Choice, Form, Reading};
    use super::*;
    use crate::log::Mode;

    /// Answers with how often it was asked, and takes its time.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Answers for Counting {
        fn choices(&self, _: Reading, _: Form) -> Vec<Choice> {
            Vec::new()
        }

        fn answer(&self, asked: &Asked) -> Result<Vec<u8>, Refusal> {
            std::thread::sleep(Duration::from_millis(30));
            let times = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            match asked.subject.as_deref() {
                Some("none") => Err(Refusal::Missing("none".to_owned())),
                Some("panic") => panic!("a fault of the work"),
                Some("large") => Ok(vec![0; KEPT_BYTES / 3]),
                _ => Ok(times.to_string().into_bytes()),
            }
        }
    }

    fn asked(subject: &str) -> Asked {
        let subject = Some(subject.to_owned());
        Asked { reading: Reading::Totals, subject, options: Vec::new(), form: Form::Json }
    }

    fn event(id: u64) -> Event {
        Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::from_ms(0), Payload::Completed)
    }

    fn shelf(dir: &std::path::Path, fresh: Duration) -> (Arc<Shelf>, Arc<Counting>) {
        let log = Arc::new(Log::open(&dir.join("x.store"), Mode::Create).unwrap());
        let counting = Arc::new(Counting::default());
        let answers: Arc<dyn Answers> = Arc::clone(&counting) as _;
        (Arc::new(Shelf::new(log, answers, &Limits { fresh, ..Limits::default() })), counting)
    }

    async fn text(shelf: &Arc<Shelf>, subject: &str, needs: Position, pinned: bool) -> String {
        let made = shelf.get(asked(subject), needs, pinned).await.unwrap();
        String::from_utf8(made.bytes.to_vec()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_many_ask_is_worked_on_once_and_given_again_while_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let (shelf, counting) = shelf(dir.path(), Duration::from_secs(3_600));
        let all: Vec<_> = (0..50)
            .map(|_| {
                let shelf = Arc::clone(&shelf);
                tokio::spawn(async move { text(&shelf, "a", Position::START, false).await })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.unwrap(), "1");
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
        // Events that came in: the answer is given for a while still, but not to whoever needs them.
        shelf.log.append(vec![event(1)], Time::from_ms(0)).await.unwrap();
        shelf.log.wait_for(Position(1)).await.unwrap();
        assert_eq!(text(&shelf, "a", Position::START, false).await, "1");
        assert_eq!(text(&shelf, "a", Position(1), false).await, "2");
        assert_eq!(text(&shelf, "a", Position(1), false).await, "2");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_that_is_no_longer_fresh_is_made_anew_and_one_that_is_pinned_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (shelf, _) = shelf(dir.path(), Duration::ZERO);
        assert_eq!(text(&shelf, "a", Position::START, false).await, "1");
        assert_eq!(text(&shelf, "p", Position::START, true).await, "2");
        assert_eq!(text(&shelf, "a", Position::START, false).await, "1", "nothing came in");
        shelf.log.append(vec![event(1)], Time::from_ms(0)).await.unwrap();
        shelf.log.wait_for(Position(1)).await.unwrap();
        assert_eq!(text(&shelf, "a", Position::START, false).await, "3");
        assert_eq!(text(&shelf, "p", Position::START, true).await, "2");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refusals_and_faults_are_told_and_not_kept_and_memory_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let (shelf, _) = shelf(dir.path(), Duration::from_secs(3_600));
        for _ in 0..2 {
            let refused = shelf.get(asked("none"), Position::START, false).await.unwrap_err();
            assert!(matches!(refused, NoAnswer::Refused(Refusal::Missing(_))));
            let failed = shelf.get(asked("panic"), Position::START, false).await.unwrap_err();
            assert!(matches!(failed, NoAnswer::Refused(Refusal::Failed(_))));
        }
        for number in 0..6 {
            let large = Asked { options: vec![("n".to_owned(), number.to_string())], ..asked("large") };
            shelf.get(large, Position::START, false).await.unwrap();
        }
        let kept = shelf.kept();
        assert!(kept.bytes <= KEPT_BYTES && kept.under_way == 0, "{} bytes", kept.bytes);
        assert_eq!(kept.slots.len(), 3, "the least lately used are gone");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_would_wait_behind_too_many_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let (shelf, _) = shelf(dir.path(), Duration::from_secs(3_600));
        let many: Vec<_> = (0..WAITING)
            .map(|number| {
                let shelf = Arc::clone(&shelf);
                tokio::spawn(async move {
                    shelf.get(asked(&number.to_string()), Position::START, false).await.is_ok()
                })
            })
            .collect();
        while shelf.kept().under_way < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(shelf.get(asked("more"), Position::START, false).await, Err(NoAnswer::Crowded)));
        for one in many {
            assert!(one.await.unwrap());
        }
    }
}
