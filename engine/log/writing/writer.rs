//! The one task that writes.
//!
//! Appends wait in a bounded queue. The writer takes all that wait, decides on each event, writes the
//! new ones in blocks, makes them durable with one sync, and only then moves the head and answers
//! everyone: the more are waiting, the fewer syncs each costs. After a write has failed nothing more
//! is written, since nobody can know what the disk holds; what was acknowledged is not in doubt.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{mpsc, oneshot, watch};

use super::admit::Admission;
use super::grow;
use super::levels::{Levels, Most};
use super::receipt::{Fate, Receipt};
use crate::log::block::Arrival;
use crate::log::block::raw::Drafts;
use crate::log::commitment::Frontier;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::folder::remains::Gone;
use crate::log::folder::witness::{Seen, Witness};
use crate::log::index::{Index, SharedIndex, locked};
use crate::log::limits::BATCH_BYTES;
use crate::log::reading::past::Leaves;
use crate::log::reading::recall::Recall;
use crate::log::{LogError, Position};

/// How many appends may wait. This times `BATCH_BYTES` bounds what waits in memory, and every append that
/// waits is that of a caller who waits; the group that is being written has less than two of `BATCH_BYTES`.
pub(in crate::log) const QUEUE: usize = 64;
/// How many events are enough for one sync.
const GROUP_EVENTS: usize = 1 << 16;
/// How many events are made into blocks at once; a multiple of what a block holds.
const CHUNK_EVENTS: usize = 1 << 14;
/// From how many events on they are let go of by a thread of their own, while the next ones are written.
const SPENT_EVENTS: usize = 1 << 10;
/// How much is written before the database is made to keep up.
const WRITTEN_BYTES: usize = 4 << 20;

/// One append that waits.
#[derive(Debug)]
pub(in crate::log) struct Request {
    pub(in crate::log) arrivals: Vec<Arrival>,
    /// How large they are.
    pub(in crate::log) bytes: usize,
    pub(in crate::log) answer: oneshot::Sender<Result<Receipt, LogError>>,
}

/// The writer, and what it needs.
#[derive(Debug)]
pub(in crate::log) struct Writer {
    pub(in crate::log) store: Arc<Store>,
    witness: Witness,
    leaves: Leaves,
    frontier: Frontier,
    gone: Gone,
    pub(in crate::log) head: watch::Sender<Position>,
    /// Why nothing more is written, once a write has failed.
    pub(in crate::log) failure: Arc<OnceLock<String>>,
    index: Arc<SharedIndex>,
    recall: Recall,
    /// Tells the sealer that there is more; it has seen one that waits there.
    nudge: SyncSender<()>,
    most: Most,
    /// Known from the first append on.
    levels: Option<Levels>,
    /// Lets go of the last group, if it was large.
    spent: Option<JoinHandle<()>>,
}

/// An append that was decided on, to be answered when the group is durable.
type Decided = (oneshot::Sender<Result<Receipt, LogError>>, Vec<Fate>);

impl Writer {
    /// A writer that goes on after the edge; what it does is shared through the others.
    pub(in crate::log) fn new(
        (store, witness, leaves, frontier): (Arc<Store>, Witness, Leaves, Frontier),
        gone: Gone,
        most: Most,
        head: watch::Sender<Position>,
        (failure, index): (Arc<OnceLock<String>>, Arc<SharedIndex>),
        nudge: SyncSender<()>,
    ) -> Self {
        let (recall, levels, spent) = (Recall::default(), None, None);
        Self {
            store,
            witness,
            leaves,
            frontier,
            gone,
            head,
            failure,
            index,
            recall,
            nudge,
            most,
            levels,
            spent,
        }
    }

    /// Writes until nobody is left who could append.
    pub(in crate::log) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(request) = queue.blocking_recv() {
            let (mut events, mut bytes) = (request.arrivals.len(), request.bytes);
            let mut group = vec![request];
            while events < GROUP_EVENTS && bytes < BATCH_BYTES {
                let Ok(request) = queue.try_recv() else { break };
                (events, bytes) = (events + request.arrivals.len(), bytes + request.bytes);
                group.push(request);
            }
            self.write_group(group);
            // Whoever waits, for an answer or for a later head, is told why there will be none.
            if self.failure.get().is_some() {
                return;
            }
        }
    }

    fn write_group(&mut self, group: Vec<Request>) {
        // Held for the whole group: between groups the index knows exactly what lies up to the head.
        let shared = Arc::clone(&self.index);
        let mut index = locked(&shared);
        let (mut pending, mut decided, mut fit) = (Vec::new(), Vec::new(), true);
        for Request { arrivals, answer, .. } in group {
            match self.admit(&mut index, arrivals, &mut pending) {
                Ok(fates) => decided.push((answer, fates)),
                Err(error) => {
                    fit &= !matches!(error, LogError::Index { .. });
                    drop(answer.send(Err(error)));
                }
            }
        }
        let committed = self.commit(&mut index, &pending, fit);
        if let Err(error) = &committed {
            // Only the first failure is the reason; later ones follow from it.
            let _ = self.failure.set(error.to_string());
        }
        drop(index);
        self.answer(decided, committed.is_ok());
        self.let_go(pending);
    }

    /// Gives back the memory of events that are written: of many that takes a tenth of the time of writing.
    fn let_go(&mut self, events: Vec<Arrival>) {
        if events.len() < SPENT_EVENTS {
            return;
        }
        // One thread at a time, so that no more than two groups are there.
        if let Some(before) = self.spent.take() {
            let _ = before.join();
        }
        // Where no thread can be had, they are dropped here with what it was to do.
        self.spent = Builder::new().name("log-spent".to_owned()).spawn(move || drop(events)).ok();
    }

    /// Decides on one append; what is new joins `pending`.
    fn admit(
        &mut self,
        index: &mut Option<Index>,
        arrivals: Vec<Arrival>,
        pending: &mut Vec<Arrival>,
    ) -> Result<Vec<Fate>, LogError> {
        if let Some(error) = self.refusal() {
            return Err(error);
        }
        let head = *self.head.borrow();
        let index = match index {
            Some(index) => index,
            None => index.insert(Index::open(&self.store, head)?),
        };
        let levels = match &mut self.levels {
            Some(levels) => levels,
            None => self.levels.insert(Levels::open(&self.store, head, self.most)?),
        };
        let (store, recall, gone) = (&*self.store, &mut self.recall, &self.gone);
        Admission { store, index, recall, gone, levels, head, pending }.admit(arrivals)
    }

    /// Makes `arrivals` durable and moves the head over them; an index that is not `fit` is forgotten.
    fn commit(&mut self, index: &mut Option<Index>, arrivals: &[Arrival], fit: bool) -> Result<(), LogError> {
        if !arrivals.is_empty() {
            self.write(arrivals)?;
        }
        let settled = match index {
            Some(index) if fit => index.settle(&self.store),
            _ => Ok(()),
        };
        match settled {
            Ok(()) if fit => {}
            Ok(()) | Err(LogError::Index { .. }) => {
                *index = None;
                self.store.clear_index()?;
            }
            Err(error) => return Err(error),
        }
        if !arrivals.is_empty() {
            if let Some(levels) = &mut self.levels {
                levels.settle(&self.store, Position(self.frontier.size()))?;
            }
            self.store.sync()?;
            let seen = Seen { head: Position(self.frontier.size()), root: self.frontier.root() };
            self.witness.note(seen)?;
            self.head.send_replace(seen.head);
            let _ = self.nudge.try_send(());
        }
        Ok(())
    }

    fn write(&mut self, arrivals: &[Arrival]) -> Result<(), LogError> {
        let first = self.head.borrow().next();
        let unfit = |damage: Damage| LogError::Damaged { position: first, what: damage.0 };
        let mut written = 0;
        // What lies in memory is bounded by the size of a chunk, not of the group.
        for chunk in arrivals.chunks(CHUNK_EVENTS) {
            let drafts = Drafts::of(chunk).map_err(unfit)?;
            let events = drafts.raws();
            for block in grow::blocks(&mut self.leaves, &mut self.frontier, &events).map_err(unfit)? {
                self.store.put_block(&block)?;
                written += block.values.len();
                if written >= WRITTEN_BYTES {
                    self.store.flush()?;
                    written = 0;
                }
            }
        }
        Ok(())
    }

    /// Answers with what became of the group itself: what is durable is acknowledged, even where sealing
    /// has failed meanwhile and nothing comes after it.
    fn answer(&self, decided: Vec<Decided>, durable: bool) {
        let head = *self.head.borrow();
        for (answer, fates) in decided {
            // Whoever no longer waits for the answer can append again and be told of duplicates.
            let _ = answer.send(match self.refusal() {
                Some(error) if !durable => Err(error),
                _ => Ok(Receipt { fates, head }),
            });
        }
    }

    fn refusal(&self) -> Option<LogError> {
        self.failure.get().map(|reason| LogError::ReadOnly { reason: reason.clone() })
    }
}
