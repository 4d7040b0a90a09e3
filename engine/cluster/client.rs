//! A data set that is read by workers: every fold held against the manifest, and read again where a worker is gone.
//!
//! Folds are short and depend on nothing, so what fails is simply asked again of those who are there. A rerun never mends a
//! refusal: what the rows are, or who folded them, would be the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::execute_stream;
use engine::cli::{Elsewhere, Unread};
use engine::log::Position;
use engine::replay::{Heard, PartError, ReplayError, Request, Sheet, Watch, together};
use event::Dimension;
use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::dataset::Dataset;
use crate::envelope::{Envelope, Projection};
use crate::fold::{Order, REFUSED};
use crate::plan::{plan, session};
use crate::workers::{Workers, in_short};

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long it waits before it asks again.
const PAUSE: Duration = Duration::from_secs(1);

/// How patient a client is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Workers are asked whether they are still there when nothing came for so long.
    pub silence: Duration,
    /// After so long from the beginning it gives up, whatever workers say.
    pub whole: Duration,
    /// How often it tries.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(20), whole: Duration::from_secs(3_600), attempts: 3 }
    }
}

/// What goes wrong once.
enum Trouble {
    /// Asking again would not help.
    Refused(String),
    /// It may.
    Failed(String),
    /// It was asked to stop.
    Interrupted,
}

/// A data set and those who read it.
pub struct Client {
    runtime: Runtime,
    dataset: Dataset,
    workers: Workers,
    patience: Patience,
    /// When it gives up.
    until: Instant,
    tell: Box<dyn Fn(&str) + Send + Sync>,
    known: Mutex<Known>,
}

/// What is known by now.
#[derive(Default)]
struct Known {
    /// Workers of whom it was told that they are not there.
    absent: BTreeSet<String>,
    heard: Option<Heard>,
    /// The grace, and the parts that were read by it.
    parts: Option<(Option<i64>, Parts)>,
}

/// The parts of a data set, as bytes.
type Parts = Arc<Vec<Vec<u8>>>;

impl Client {
    /// Reads `dataset` by way of `workers`; what happens on the way is told by `tell`.
    #[must_use]
    pub fn new(
        runtime: Runtime,
        (dataset, workers): (Dataset, Workers),
        patience: Patience,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let until = Instant::now() + patience.whole;
        Self { runtime, dataset, workers, patience, until, tell: Box::new(tell), known: Mutex::default() }
    }

    /// The folds of an order, one for each shard with events.
    fn folds(&self, order: &Order, watch: &Watch) -> Result<Vec<Envelope>, Unread> {
        self.runtime.block_on(async {
            let mut attempt = 1;
            loop {
                let why = match self.once(order, watch).await {
                    Ok(folds) => return Ok(folds),
                    Err(Trouble::Interrupted) => return Err(Unread::Interrupted),
                    Err(Trouble::Refused(why)) => return Err(Unread::Input(why)),
                    Err(Trouble::Failed(why)) => why,
                };
                if attempt == self.patience.attempts || Instant::now() + PAUSE >= self.until {
                    return Err(Unread::Other(format!(
                        "attempt {attempt} failed, and was the last one: {why}"
                    )));
                }
                (self.tell)(&format!("attempt {attempt} failed ({why}); asking again those who are there"));
                tokio::time::sleep(PAUSE).await;
                attempt += 1;
            }
        })
    }

    /// Asks those who are there, and tells who is not, if that is new.
    async fn once(&self, order: &Order, watch: &Watch) -> Result<Vec<Envelope>, Trouble> {
        let (present, gone) = self.workers.present().await.map_err(Trouble::Refused)?;
        for (at, why) in &gone.0 {
            if self.known.lock().unwrap_or_else(PoisonError::into_inner).absent.insert(at.clone()) {
                (self.tell)(&format!("the worker at {at} does not take part: {why}"));
            }
        }
        match present.is_empty() {
            true => Err(Trouble::Failed(format!("no worker is there ({gone}); start them, or name others"))),
            false => self.attempt(order, &present, watch).await,
        }
    }

    /// Asks these workers once.
    async fn attempt(&self, order: &Order, workers: &[Url], watch: &Watch) -> Result<Vec<Envelope>, Trouble> {
        let shards = self.dataset.shards(order.heard.is_none());
        if shards.is_empty() {
            return Ok(Vec::new());
        }
        let context = session(workers.to_vec(), shards.len()).map_err(trouble)?;
        let plan = plan(&context, order, shards.clone()).await.map_err(trouble)?;
        let mut states = execute_stream(plan, context.task_ctx()).map_err(trouble)?;
        let (mut folds, mut heard_at) = (BTreeMap::new(), Instant::now());
        loop {
            if watch.stopped() {
                return Err(Trouble::Interrupted);
            }
            match timeout(LOOK, states.next()).await {
                Ok(None) => break,
                Ok(Some(batch)) => {
                    heard_at = Instant::now();
                    let batch = batch.map_err(trouble)?;
                    self.take(&batch, order.projection(), &mut folds, watch)?;
                }
                Err(_) if Instant::now() >= self.until => {
                    let seconds = self.patience.whole.as_secs();
                    return Err(Trouble::Failed(format!("it is not done after {seconds} s; see --timeout")));
                }
                Err(_) if heard_at.elapsed() >= self.patience.silence => {
                    self.still_there(workers).await?;
                    heard_at = Instant::now();
                }
                Err(_) => {}
            }
        }
        match shards.iter().find(|shard| !folds.contains_key(&shard.number)) {
            None => Ok(folds.into_values().collect()),
            Some(shard) => Err(Trouble::Refused(format!(
                "nothing came back of shard {}, which has events; {} has it",
                shard.number,
                shard.files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Fails where somebody who works is not there any more.
    async fn still_there(&self, workers: &[Url]) -> Result<(), Trouble> {
        let (present, absent) = self.workers.present().await.map_err(Trouble::Refused)?;
        match workers.iter().find(|worker| !present.contains(worker)) {
            None => Ok(()),
            Some(worker) => {
                Err(Trouble::Failed(format!("the worker at {worker} does not answer any more ({absent})")))
            }
        }
    }

    /// Takes folds that came back, each held against what the manifest says of its shard.
    fn take(
        &self,
        batch: &RecordBatch,
        projection: Projection,
        folds: &mut BTreeMap<u32, Envelope>,
        watch: &Watch,
    ) -> Result<(), Trouble> {
        let column = batch.columns().first().and_then(|column| column.as_binary_opt::<i32>());
        let column =
            column.ok_or_else(|| Trouble::Refused("what came back is no column of folds".to_owned()))?;
        for bytes in column.iter().flatten() {
            let fold = Envelope::open(bytes, projection).map_err(Trouble::Refused)?;
            let Some(shard) = fold.shard else {
                match fold.tally.events() {
                    0 => continue,
                    _ => return Err(Trouble::Refused("a fold of rows names no shard".to_owned())),
                }
            };
            let tally = match shard == self.dataset.manifest.shards {
                true => fold.tally.of_sources(),
                false => fold.tally,
            };
            if self.dataset.tally(shard) != Some(tally) {
                return Err(Trouble::Refused(format!(
                    "the rows of shard {shard} do not add up to what the manifest says of its files; they were changed, \
                     twice there, or not all there: get the data set again, whole"
                )));
            }
            let events = fold.tally.events();
            if folds.insert(shard, fold).is_some() {
                return Err(Trouble::Refused(format!("shard {shard} came back twice")));
            }
            if projection == Projection::Part {
                watch.advance(events);
            }
        }
        Ok(())
    }

    /// What is told of sources, once.
    fn heard(&self, watch: &Watch) -> Result<Heard, Unread> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).heard.clone();
        if let Some(heard) = known {
            return Ok(heard);
        }
        let order = Order { shards: self.dataset.manifest.shards, heard: None, grace_ms: None };
        let mut heard = Heard::default();
        for fold in self.folds(&order, watch)? {
            let told: Heard = serde_json::from_slice(&fold.body)
                .map_err(|error| Unread::Input(format!("what was heard cannot be read ({error})")))?;
            heard.merge(told);
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).heard = Some(heard.clone());
        Ok(heard)
    }

    /// The parts, read by what was heard.
    fn parts(&self, heard: &Heard, grace_ms: Option<i64>, watch: &Watch) -> Result<Parts, Unread> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).parts.clone();
        if let Some((_, parts)) = known.filter(|(grace, _)| *grace == grace_ms) {
            return Ok(parts);
        }
        let order = Order { shards: self.dataset.manifest.shards, heard: Some(heard.clone()), grace_ms };
        let parts = self.folds(&order, watch)?.into_iter().map(|fold| fold.body);
        let parts: Parts = Arc::new(parts.collect());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).parts =
            Some((grace_ms, Arc::clone(&parts)));
        Ok(parts)
    }
}

impl Elsewhere for Client {
    fn sheet(&self, request: &Request, wanted: &[Dimension], watch: &Watch) -> Result<Sheet, Unread> {
        let heard = self.heard(watch)?;
        let parts = self.parts(&heard, request.grace_ms, watch)?;
        let position = Position(self.dataset.manifest.position);
        together(&parts, &heard, (request, position), wanted, watch).map_err(|error| match error {
            PartError::Replay(ReplayError::Interrupted) => Unread::Interrupted,
            PartError::Replay(error) => Unread::Other(error.to_string()),
            error => Unread::Input(error.to_string()),
        })
    }

    fn commitment(&self) -> String {
        self.dataset.manifest.commitment.clone()
    }
}

/// What an error of the engine means.
fn trouble(error: DataFusionError) -> Trouble {
    let text = error.to_string();
    match text.split_once(REFUSED) {
        Some((_, why)) => Trouble::Refused(in_short(why)),
        None if text.contains("Resources exhausted") => Trouble::Refused(
            "a worker has no memory for the rows of its shards: give workers more (--memory), or start more of them"
                .to_owned(),
        ),
        None => Trouble::Failed(in_short(&text)),
    }
}
