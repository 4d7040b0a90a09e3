//! The one thread that writes to the database, and how long its work is waited for.
//!
//! After a write has failed for want of room the database may wait for ever for itself (seen on a full
//! disk, in its flush, with two threads writing). So all writing is done by one thread, one piece after
//! the other, and whoever waits for a piece gives up after a while and says so. The thread is then left
//! alone: what was acknowledged is on the disk, and nothing more is written.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::time::Duration;

/// Longer than any disk that works takes for a few megabytes.
const PATIENCE: Duration = Duration::from_secs(120);

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one thing after the other.
#[derive(Debug)]
pub(in crate::log) struct Worker {
    jobs: Mutex<Sender<Job>>,
    stuck: AtomicBool,
    patience: Duration,
}

impl Worker {
    /// Starts the thread; it ends with the worker, unless it is stuck.
    pub(in crate::log) fn start() -> std::io::Result<Self> {
        Self::with(PATIENCE)
    }

    fn with(patience: Duration) -> std::io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let run = move || work.into_iter().for_each(|job| job());
        std::thread::Builder::new().name("log-database".to_owned()).spawn(run)?;
        Ok(Self { jobs: Mutex::new(jobs), stuck: AtomicBool::new(false), patience })
    }

    /// Has `job` done before everything that comes after it, without waiting for it.
    pub(in crate::log) fn begin(&self, job: impl FnOnce() + Send + 'static) {
        if let Ok(jobs) = self.jobs.lock() {
            // A thread that has ended does nothing that could come after it.
            let _ = jobs.send(Box::new(job));
        }
    }

    /// What `job` returns; none when it does not return in time, and from then on.
    pub(in crate::log) fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.stuck.load(Ordering::Relaxed) {
            return None;
        }
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move || {
            // Whoever has given up does not listen any more.
            let _ = answer.send(job());
        });
        self.jobs.lock().ok()?.send(job).ok()?;
        let answer = answered.recv_timeout(self.patience).ok();
        self.stuck.fetch_or(answer.is_none(), Ordering::Relaxed);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_given_up_and_nothing_is_begun_after_it() {
        let worker = Worker::with(Duration::from_millis(50)).unwrap();
        assert_eq!(worker.call(|| 7), Some(7));
        let (release, held) = channel::<()>();
        assert_eq!(worker.call(move || held.recv().is_ok()), None);
        assert_eq!(worker.call(|| 8), None);
        drop(release);
    }
}
