//! Long work: seen on a terminal, told in plain lines elsewhere, stopped by an interrupt.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Shared;
use super::out::tell;
use crate::replay::Watch;

/// How often a plain line is told where there is no terminal.
const PLAIN: Duration = Duration::from_secs(5);
/// How often the work is looked at.
const LOOK: Duration = Duration::from_millis(100);

static WATCH: OnceLock<Arc<Watch>> = OnceLock::new();

/// The watch of this process: an interrupt asks its work to stop, a second one ends the process.
pub(super) fn watch() -> Arc<Watch> {
    Arc::clone(WATCH.get_or_init(|| {
        let watch = Arc::new(Watch::default());
        let asked = Arc::clone(&watch);
        // Without a handler an interrupt simply ends the process, which is safe as well.
        let _ = ctrlc::set_handler(move || {
            if asked.stopped() {
                std::process::exit(130);
            }
            asked.stop();
        });
        watch
    }))
}

/// Does `work` while telling how far it is, in `unit`s.
pub(super) fn during<T: Send>(
    shared: &Shared,
    doing: &str,
    unit: &str,
    work: impl FnOnce(&Watch) -> T + Send,
) -> T {
    let watch = watch();
    if shared.quiet {
        return work(&watch);
    }
    let begun = watch.done();
    std::thread::scope(|scope| {
        let working = Arc::clone(&watch);
        let (ending, ended) = std::sync::mpsc::channel::<()>();
        let worker = scope.spawn(move || {
            // Let go of at the end, however it ends: nobody waits for the next look.
            let _ending = ending;
            work(&working)
        });
        let mut teller = Teller::new(doing, unit);
        while ended.recv_timeout(LOOK.min(teller.patience())) == Err(RecvTimeoutError::Timeout) {
            teller.tell(watch.done() - begun);
        }
        teller.finish();
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Tells how far the work is.
struct Teller {
    bar: Option<ProgressBar>,
    doing: String,
    unit: String,
    begun: Instant,
    told: Instant,
}

impl Teller {
    fn new(doing: &str, unit: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, doing: doing.to_owned(), unit: unit.to_owned(), begun: now, told: now }
    }

    /// Short work is not made longer by looking at it seldom.
    fn patience(&self) -> Duration {
        self.begun.elapsed().max(Duration::from_millis(1))
    }

    fn tell(&mut self, done: u64) {
        let unit = if done == 1 { self.unit.trim_end_matches('s') } else { &self.unit };
        let line = || format!("{} ... {} {unit}", self.doing, crate::report::grouped(done));
        match &self.bar {
            Some(bar) => bar.set_message(line()),
            None if self.told.elapsed() >= PLAIN => {
                tell(&line());
                self.told = Instant::now();
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
