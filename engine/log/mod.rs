//! The event log: the only truth, kept in sled and encoded by bincode, which nothing else names.
//!
//! Events go in once, in blocks, and get dense positions; an append is acknowledged when it would
//! survive a power cut, and the same events sent again change nothing. A replay reads the *hot* half
//! of each block, an export both. Everything else in a store is derived and can be made anew.
//!
//! ```text
//! bytes       the bricks: numbers, texts and records as bytes
//! commitment  the tree over events, and what is published of it
//! block       an event as it is kept, and a block of them: two values, what replays read and what they do not
//! folder      the folder of the store: its lock and format, and how far events were acknowledged
//! database    the database, made harmless, and looked at before it may open
//! reading     ranges of the log;  index: by (source, id)
//! writing     the one task that writes: new, duplicate or conflict; blocks; levels; sealing
//! checking    counted, verified, proven
//! care        opening, looking, backups, repair, redaction
//! ```
//!
//! Each uses those above it. What all of them need stands beside them: `position`, `error`, `limits`.

mod block;
pub(crate) mod bytes;
mod care;
mod checking;
mod commitment;
mod database;
mod error;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod limits;
mod position;
#[cfg(test)]
mod power;
mod reading;
#[cfg(test)]
mod sample;
mod writing;

pub use block::Stored;
pub use block::brief::{Brief, BriefBlock, Contexts, Detail};
pub use block::hot::{HotBlock, Shape, Told, digest};
pub use bytes::texts::Texts;
pub use care::backup::{BackupError, Manifest, Progress, restore};
pub use care::look::{Look, look};
pub use care::opening::{Opening, OpeningTime, seen_head};
pub use care::redact::{Redacted, Redaction, redact};
pub use care::repair::{Repair, Repaired};
pub use checking::proof::{Content, Proof, ProofError, Proven};
pub use checking::stats::Stats;
pub use checking::verify::{Finding, Verdict, Weight};
pub use commitment::head::{Head, HeadError};
pub(crate) use commitment::{hex, unhex};
pub(crate) use error::Damage;
pub use error::LogError;
pub(crate) use limits::size;
pub use limits::{
    BATCH_BYTES, BATCH_EVENTS, BLOCK_EVENTS, CLINICIANS, EVENT_BYTES, EXTRA_FIELDS, LEVEL_BYTES, LEVELS,
    NAME_BYTES,
};
pub use position::Position;
pub use reading::read::{Extent, HotBlocks};
pub use reading::subscription::Subscription;
pub use writing::receipt::{Fate, Receipt};
pub use writing::seal::Sealed;

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use event::{Event, Time};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use block::Arrival;
use care::opening::Opened;
use care::{backup, opening, redact};
use checking::{stats, verify};
use database::store::Store;
use folder::home::{Home, StoreId};
use folder::remains::Gone;
use index::SharedIndex;
use reading::past::Leaves;
use reading::read::Span;
use reading::{past, read};
use writing::levels::Most;
use writing::seal::{Sealer, SharedSealer};
use writing::writer::{Request, Writer};
use writing::{seal, writer};

/// Whether opening may make a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Opens the store, or makes one where there is none.
    Create,
    /// Opens the store, which must be there.
    Existing,
}

/// An open event log. It can be shared between threads; dropping it waits for what is being written.
///
/// ```
/// use engine::log::{Log, Mode, Position};
/// use event::{Event, Payload, Role, Time};
///
/// let dir = tempfile::tempdir()?;
/// let log = Log::open(&dir.path().join("example.store"), Mode::Create)?;
/// let joined = Event::new("urn:example:trust-a", "e-1", "c-0001", Time::from_ms(0), Payload::Completed)
///     .by("p-17", Role::Patient);
/// let receipt = log.append_blocking(vec![joined.clone(), joined], Time::from_ms(5))?;
/// assert_eq!((receipt.added(), receipt.duplicates()), (1, 1));
/// assert_eq!(log.head(), Position(1));
/// let stored = log.events(..).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(stored[0].event.id, "e-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Log {
    // Dropped in this order: no more appends, then the writer's end, then the database, then the lock.
    appends: Option<mpsc::Sender<Request>>,
    writing: Mutex<std::sync::mpsc::Receiver<()>>,
    runtime: Option<Runtime>,
    closing: watch::Sender<bool>,
    sealing: Option<JoinHandle<()>>,
    sealer: SharedSealer,
    head: watch::Receiver<Position>,
    store: Arc<Store>,
    home: Home,
    id: StoreId,
    failure: Arc<OnceLock<String>>,
    index: Arc<SharedIndex>,
    opening: Opening,
    opening_time: OpeningTime,
}

impl Log {
    /// Opens the store in the folder `dir`, which must be new, empty or a store.
    ///
    /// # Errors
    ///
    /// When there is none and `mode` wants one, when something else stands there, when another process
    /// has it open, when it is of another format, and when what can be told at once is damaged.
    pub fn open(dir: &Path, mode: Mode) -> Result<Self, LogError> {
        Self::open_with(dir, mode, Most::default())
    }

    /// [`Self::open`] with as many levels as `most` says.
    fn open_with(dir: &Path, mode: Mode, most: Most) -> Result<Self, LogError> {
        let begun = Instant::now();
        let (home, opened) = opening::open(Home::lock(dir, mode)?)?;
        let Opened { store, witness, leaves, frontier, id, unsealed, opening, looking } = opened;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .thread_name("log-writer")
            .build()
            .map_err(LogError::io("start the writer", dir))?;
        let (store, failure) = (Arc::new(store), Arc::new(OnceLock::new()));
        let index = Arc::new(SharedIndex::default());
        let (published, head) = watch::channel(Position(frontier.size()));
        let sealer = Arc::new(Mutex::new(Sealer::new(Arc::clone(&store), head.clone(), unsealed)));
        let (closing, nudge, sealing) = start_sealing(&sealer, &failure, dir)?;
        let (appends, queue) = mpsc::channel(writer::QUEUE);
        let (ended, writing) = std::sync::mpsc::channel();
        let gone = Gone::read(id, &store.remains()?).map_err(LogError::damaged(Position::FIRST))?;
        let edge = (Arc::clone(&store), witness, leaves, frontier);
        let shared = (Arc::clone(&failure), Arc::clone(&index));
        let writer = Writer::new(edge, gone, most, published, shared, nudge);
        runtime.spawn_blocking(move || {
            writer.run(queue);
            drop(ended);
        });
        let (appends, writing, runtime) = (Some(appends), Mutex::new(writing), Some(runtime));
        let sealing = Some(sealing);
        let opening_time = OpeningTime { looking, rest: begun.elapsed().saturating_sub(looking) };
        Ok(Self {
            appends,
            writing,
            runtime,
            closing,
            sealing,
            sealer,
            head,
            store,
            home,
            id,
            failure,
            index,
            opening,
            opening_time,
        })
    }

    /// Appends `events`, received at `recorded_at`, and tells what became of each.
    ///
    /// An event whose source and id are there already is not added again. When this returns `Ok`,
    /// everything the receipt tells is durable. It is no transaction: after a crash the first of the
    /// events may be there and the last not, and appending all of them again completes it.
    ///
    /// # Errors
    ///
    /// When they are more than [`BATCH_EVENTS`] or [`BATCH_BYTES`], and then none is appended; when the log
    /// cannot be written, or a block that may hold one of the events cannot be read.
    pub async fn append(&self, events: Vec<Event>, recorded_at: Time) -> Result<Receipt, LogError> {
        let bytes = limits::batch_bytes(&events)?;
        let arrivals = events.into_iter().map(|event| (event, recorded_at)).collect();
        let (answer, answered) = oneshot::channel();
        let request = Request { arrivals, bytes, answer };
        match &self.appends {
            Some(appends) if appends.send(request).await.is_ok() => {}
            _ => return Err(self.stopped()),
        }
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// [`Log::append`] for callers outside an asynchronous runtime.
    ///
    /// # Errors
    ///
    /// As [`Log::append`].
    ///
    /// # Panics
    ///
    /// When called within an asynchronous task.
    pub fn append_blocking(&self, events: Vec<Event>, recorded_at: Time) -> Result<Receipt, LogError> {
        let bytes = limits::batch_bytes(&events)?;
        self.append_arrivals(events.into_iter().map(|event| (event, recorded_at)).collect(), bytes)
    }

    /// [`Log::append_blocking`] of events that were received before, elsewhere: each keeps when.
    ///
    /// # Errors
    ///
    /// As [`Log::append`].
    ///
    /// # Panics
    ///
    /// When called within an asynchronous task.
    pub fn append_received(&self, events: Vec<Event>, received: &[Time]) -> Result<Receipt, LogError> {
        let bytes = limits::batch_bytes(&events)?;
        self.append_arrivals(events.into_iter().zip(received.iter().copied()).collect(), bytes)
    }

    fn append_arrivals(&self, arrivals: Vec<Arrival>, bytes: usize) -> Result<Receipt, LogError> {
        let (answer, answered) = oneshot::channel();
        let request = Request { arrivals, bytes, answer };
        match &self.appends {
            Some(appends) if appends.blocking_send(request).is_ok() => {}
            _ => return Err(self.stopped()),
        }
        answered.blocking_recv().unwrap_or_else(|_| Err(self.stopped()))
    }

    /// What opening it found.
    #[must_use]
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// How long opening it took.
    #[must_use]
    pub fn opening_time(&self) -> OpeningTime {
        self.opening_time
    }

    /// The last position that can be read; it and all before it are durable.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// The head as it moves, for whoever follows the log or waits to read what was written.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    /// Returns once `position` can be read: a receipt's head, for who wants to read what was written.
    ///
    /// # Errors
    ///
    /// When the log takes no more events and does not go so far.
    pub async fn wait_for(&self, position: Position) -> Result<(), LogError> {
        let mut heads = self.heads();
        heads.wait_for(|head| *head >= position).await.map(drop).map_err(|_| self.stopped())
    }

    /// Follows the log from position `from` on.
    #[must_use]
    pub fn subscribe(&self, from: Position) -> Subscription {
        Subscription::new(Arc::clone(&self.store), self.heads(), from)
    }

    /// The events of `range`, as they came. After an error there are no more.
    pub fn events(
        &self,
        range: impl RangeBounds<Position>,
    ) -> impl Iterator<Item = Result<Stored, LogError>> {
        read::events(&self.store, Span::of(range, self.head()))
    }

    /// The events of `range` in brief, block by block, with their names. After an error there are no more.
    pub fn brief_blocks(
        &self,
        range: impl RangeBounds<Position>,
    ) -> impl Iterator<Item = Result<BriefBlock, LogError>> {
        read::brief_blocks(&self.store, Span::of(range, self.head()))
    }

    /// Where each block begins: where the log can be cut into ranges for several threads.
    ///
    /// # Errors
    ///
    /// When the list of blocks cannot be read or leaves positions out.
    pub fn first_positions(&self) -> Result<Vec<Position>, LogError> {
        read::firsts(&self.store, Span::of(.., self.head())).collect()
    }

    /// Source and id of the events at `positions`; those beyond the head are left out.
    ///
    /// # Errors
    ///
    /// When one of their blocks cannot be read.
    pub fn names(&self, positions: &[Position]) -> Result<BTreeMap<Position, (String, String)>, LogError> {
        read::names(&self.store, positions, self.head())
    }

    /// Checks everything up to the head; `progress` is told how many events of how many are done.
    ///
    /// Appends go on meanwhile. An index that does not hold is made anew.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Verdict {
        // Held until the end: blocks stay as they are.
        let _blocks = seal::locked(&self.sealer);
        let witness = (self.home.witness(), self.id);
        verify::verify(&self.store, &self.index, &self.head, &witness, progress)
    }

    /// Counts what the log holds up to the head.
    ///
    /// # Errors
    ///
    /// When a block cannot be read.
    pub fn stats(&self) -> Result<Stats, LogError> {
        stats::count(&self.store, self.head())
    }

    /// Writes a backup of the log up to its head, while events go on arriving.
    ///
    /// # Errors
    ///
    /// When a block cannot be read, the backup cannot be written, or `progress` says stop.
    pub fn backup(&self, out: &mut dyn Write, progress: Progress<'_>) -> Result<Manifest, BackupError> {
        // Held until the end: blocks stay as they are.
        let _blocks = seal::locked(&self.sealer);
        let head = self.head();
        let mut leaves = Leaves::new(self.store.keys()?.ok_or_else(|| self.keyless())?.salts);
        let root = past::frontier_at(&self.store, &mut leaves, head)?.root();
        let manifest = Manifest::of(self.id, head, &root);
        backup::write((&self.store, self.home.fingerprint()?), &manifest, out, progress)?;
        Ok(manifest)
    }

    /// Where the events of a consultation stand.
    ///
    /// # Errors
    ///
    /// When a block cannot be read.
    pub fn positions_of(&self, consultation: &str) -> Result<Vec<Position>, LogError> {
        redact::positions_of(&self.store, consultation, self.head())
    }

    /// What stands at a position: an event, what stays of one, or a record of the log's own.
    ///
    /// # Errors
    ///
    /// When there is no such position, or its block cannot be read.
    pub fn content(&self, position: Position) -> Result<Content, LogError> {
        let head = self.head();
        if !(Position::FIRST..=head).contains(&position) {
            return Err(LogError::NoPosition { position, head });
        }
        redact::content(&read::block_at(&self.store, position)?, position)
    }

    /// What the log tells, behind a position, of contents that were destroyed.
    ///
    /// # Errors
    ///
    /// When a block cannot be read.
    pub fn redactions(&self, after: Position) -> Result<Vec<Redaction>, LogError> {
        redact::list(&self.store, Span::of(after.next().., self.head()))
    }

    fn keyless(&self) -> LogError {
        let what = "the keys of its commitment are missing".to_owned();
        LogError::Broken { dir: self.home.dir().to_owned(), what }
    }

    /// Puts small blocks together now, as far as it is due; `progress` is told what each step did.
    ///
    /// This happens by itself while events arrive. A unit of events that is not complete keeps a few
    /// dozen blocks.
    ///
    /// # Errors
    ///
    /// When a block cannot be read or written.
    pub fn seal(&self, progress: &mut dyn FnMut(Sealed)) -> Result<Sealed, LogError> {
        let mut all = Sealed::default();
        while let Some(done) = seal::locked(&self.sealer).step()? {
            all += done;
            progress(done);
        }
        Ok(all)
    }

    #[cfg(test)]
    fn commitment_of_edge(&self) -> commitment::Hash {
        let keys = self.store.keys().unwrap().unwrap();
        past::recount(&self.store, &mut past::Leaves::new(keys.salts), self.head()).unwrap().root()
    }

    fn stopped(&self) -> LogError {
        let reason = self.failure.get().map_or("the writer has stopped", String::as_str);
        LogError::ReadOnly { reason: reason.to_owned() }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.appends = None;
        if let Ok(writing) = self.writing.get_mut() {
            // Nothing is ever sent: this returns when the writer has let go of its end.
            let _ = writing.recv();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.closing.send_replace(true);
        if let Some(sealing) = self.sealing.take() {
            // Its nudges ended with the writer; a panic of its own has been told where it happened.
            let _ = sealing.join();
        }
    }
}

type Sealing = (watch::Sender<bool>, std::sync::mpsc::SyncSender<()>, JoinHandle<()>);

/// Starts what seals in the background: it is told to close, it is nudged, and it ends with its nudges.
fn start_sealing(
    sealer: &SharedSealer,
    failure: &Arc<OnceLock<String>>,
    dir: &Path,
) -> Result<Sealing, LogError> {
    let (closing, close) = watch::channel(false);
    let (nudge, nudges) = std::sync::mpsc::sync_channel(1);
    let (sealer, failure) = (Arc::clone(sealer), Arc::clone(failure));
    let sealing = std::thread::Builder::new()
        .name("log-sealer".to_owned())
        .spawn(move || seal::run(&sealer, &nudges, &close, &failure))
        .map_err(LogError::io("start the sealer", dir))?;
    Ok((closing, nudge, sealing))
}
