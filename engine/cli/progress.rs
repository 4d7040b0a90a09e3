//! Long work: seen on a terminal, told in plain lines elsewhere, stopped by an interrupt.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Shared;
use super::failure::Failure;
use super::out::tell;
use crate::replay::Watch;

/// How often a plain line is told where there is no terminal.
const PLAIN: Duration = Duration::from_secs(5);
/// How often the work is looked at.
const LOOK: Duration = Duration::from_millis(100);

static WATCH: OnceLock<Arc<Watch>> = OnceLock::new();
/// Whether an interrupt may end the process where it is.
static REASONING: AtomicBool = AtomicBool::new(false);

/// The watch of this process: an interrupt asks its work to stop, a second one ends the process, and so does the first
/// where nothing is under way that could be left half done.
pub(super) fn watch() -> Arc<Watch> {
    Arc::clone(WATCH.get_or_init(|| {
        let watch = Arc::new(Watch::default());
        let asked = Arc::clone(&watch);
        // Without a handler an interrupt simply ends the process, which is safe as well.
        let _ = ctrlc::set_handler(move || {
            if REASONING.load(Ordering::Relaxed) {
                tell("evenfield: interrupted");
            }
            if asked.stopped() || REASONING.load(Ordering::Relaxed) {
                std::process::exit(130);
            }
            asked.stop();
        });
        watch
    }))
}

/// The watch of a process that serves, which hears of interrupts by itself and ends when it has answered.
pub(super) fn served() -> Arc<Watch> {
    Arc::clone(WATCH.get_or_init(|| Arc::new(Watch::default())))
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
    let (begun, looked) = (watch.done(), Arc::clone(&watch));
    beside(
        Teller::new(doing),
        |teller| teller.tell(&amount(looked.done() - begun, unit)),
        move || work(&watch),
    )
}

/// Does `work` that only reasons about what was read: it is told how long it takes, and an interrupt ends the process
/// at once, since nothing is written meanwhile.
pub(super) fn reasoning<T: Send>(
    shared: &Shared,
    doing: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let watch = watch();
    REASONING.store(true, Ordering::Relaxed);
    // What was asked to stop before it began does not begin.
    if watch.stopped() {
        return Err(Failure::Interrupted);
    }
    let done = if shared.quiet {
        work()
    } else {
        beside(Teller::new(doing), |teller| teller.tell(&amount(teller.begun.elapsed().as_secs(), "s")), work)
    };
    REASONING.store(false, Ordering::Relaxed);
    Ok(done)
}

/// Does `work` on a thread of its own while `look` tells how far it is.
fn beside<T: Send>(mut teller: Teller, look: impl Fn(&mut Teller), work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let (ending, ended) = std::sync::mpsc::channel::<()>();
        let worker = scope.spawn(move || {
            // Let go of at the end, however it ends: nobody waits for the next look.
            let _ending = ending;
            work()
        });
        while ended.recv_timeout(LOOK.min(teller.patience())) == Err(RecvTimeoutError::Timeout) {
            look(&mut teller);
        }
        teller.finish();
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// So many of a unit, in words.
fn amount(done: u64, unit: &str) -> String {
    let unit = if done == 1 && unit.len() > 1 { unit.trim_end_matches('s') } else { unit };
    format!("{} {unit}", crate::report::grouped(done))
}

/// Tells how far the work is.
struct Teller {
    bar: Option<ProgressBar>,
    doing: String,
    begun: Instant,
    told: Instant,
}

impl Teller {
    fn new(doing: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, doing: doing.to_owned(), begun: now, told: now }
    }

    /// Short work is not made longer by looking at it seldom.
    fn patience(&self) -> Duration {
        self.begun.elapsed().max(Duration::from_millis(1))
    }

    fn tell(&mut self, amount: &str) {
        let line = || format!("{} ... {amount}", self.doing);
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
