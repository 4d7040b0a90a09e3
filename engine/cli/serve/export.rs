//! A Parquet data set that the service keeps current, as `export parquet --follow` does: by the same code, on a thread of
//! its own, from the store that the service has open.
//!
//! What is refused is refused before the service begins. What fails later, such as a disk that is full, is told in the
//! log of the service and tried again when the next generation is due; requests do not notice.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::Shared;
use super::super::failure::Failure;
use crate::log::Log;

/// Events for other programs.
#[derive(clap::Args)]
#[command(next_help_heading = "Export")]
pub(super) struct ExportArgs {
    /// Keep a Parquet data set of all events current in this folder, as `export parquet --follow` does
    #[arg(long, value_name = "DIR", requires = "shards")]
    export_parquet: Option<PathBuf>,
    /// Divide its consultations into so many shards
    #[arg(long, value_name = "N", requires = "export_parquet")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=4096))]
    shards: Option<u32>,
    /// Append what came after so many seconds, or once it fills a row group [default: 900]
    #[arg(long, value_name = "SECONDS", requires = "export_parquet")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=86_400))]
    export_every: Option<u32>,
}

impl ExportArgs {
    /// What is to be kept current, if anything is.
    pub(super) fn of(&self, log: &Arc<Log>, shared: &Shared) -> Result<Export, Failure> {
        match (&self.export_parquet, self.shards) {
            (Some(folder), Some(shards)) => {
                if shared.policy != projections::disclosure::Policy::Internal {
                    return Err(Failure::Usage(format!(
                        "--export-parquet writes events one by one, which the policy {} does not show; serve with \
                         --policy internal, or export by a process of its own",
                        shared.policy.name()
                    )));
                }
                Export::of((folder, shards), self.export_every, log)
            }
            _ => Ok(Export::default()),
        }
    }
}

/// A data set that is kept current until this is dropped, which must be after the watch of the process says stop.
#[derive(Default)]
pub(super) struct Export {
    #[cfg(feature = "parquet")]
    keeper: Option<keeper::Keeper>,
    #[cfg(feature = "parquet")]
    thread: Option<std::thread::JoinHandle<()>>,
}

#[cfg(not(feature = "parquet"))]
impl Export {
    fn of(_: (&PathBuf, u32), _: Option<u32>, _: &Arc<Log>) -> Result<Self, Failure> {
        let what = "this evenfield was built without Parquet: build with --features parquet, as in \
                    `cargo install --path . --features parquet`";
        Err(Failure::Usage(what.to_owned()))
    }

    /// Begins with nothing.
    pub(super) fn begin(&mut self) {}
}

#[cfg(feature = "parquet")]
impl Export {
    fn of((folder, shards): (&PathBuf, u32), every: Option<u32>, log: &Arc<Log>) -> Result<Self, Failure> {
        crate::export::shards::check(log, folder, shards)?;
        let keeper = keeper::Keeper::new(Arc::clone(log), (folder.clone(), shards), every);
        Ok(Self { keeper: Some(keeper), thread: None })
    }

    /// Begins to keep it current.
    pub(super) fn begin(&mut self) {
        self.thread = self.keeper.take().map(|keeper| std::thread::spawn(|| keeper.run()));
    }
}

#[cfg(feature = "parquet")]
impl Drop for Export {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of its own has been told where it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(feature = "parquet")]
mod keeper {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::super::super::export::follow::{EVERY_SECONDS, LOOK, told};
    use super::super::super::progress;
    use crate::export::parquet::ExportError;
    use crate::export::shards::{Pace, Plan, keep};
    use crate::log::Log;

    /// Keeps a data set current.
    pub(super) struct Keeper {
        log: Arc<Log>,
        folder: PathBuf,
        shards: u32,
        pace: Pace,
    }

    impl Keeper {
        pub(super) fn new(log: Arc<Log>, (folder, shards): (PathBuf, u32), every: Option<u32>) -> Self {
            let every = u64::from(every.unwrap_or(EVERY_SECONDS));
            Self { log, folder, shards, pace: Pace::new(Duration::from_secs(every)) }
        }

        /// Appends what there is and what comes, until the service ends.
        pub(super) fn run(mut self) {
            let watch = progress::served();
            while !watch.stopped() {
                let head = self.log.head();
                if self.pace.is_due(head, Instant::now()) {
                    let plan = Plan::of(self.shards, head);
                    match keep(&self.log, &self.folder, plan, &watch) {
                        Ok(kept) => {
                            told(&kept, &self.folder).iter().for_each(|line| tracing::info!("{line}"));
                            self.pace.seen(head, Instant::now());
                        }
                        Err(ExportError::Interrupted) => return,
                        Err(error) => {
                            tracing::error!(%error, "the data set could not be kept current");
                            self.pace.failed(Instant::now());
                        }
                    }
                }
                std::thread::sleep(LOOK);
            }
        }
    }
}
