//! Durable appends of evenfield beside those of SQLite, redb and fjall, in one run and in rotating order.
//!
//! Two questions: how many single events a second, each acknowledged when it would survive a power cut,
//! by one writer and by 64; and how many in batches that are durable before the next. Every measurement
//! is a process of its own on a fresh store, and every store is read again afterwards. `README.md` tells
//! how each contender keeps events, and what its figures do not say.

mod bulk;
mod contender;
mod evenfield;
mod fjall;
mod grouped;
mod measured;
mod recording;
mod redb;
mod rounds;
mod row;
mod singles;
mod sqlite;
mod summary;

use std::path::PathBuf;

use contender::Contender;
use measured::Question;

const USAGE: &str = "appends [--rounds N] [--events N] [--seconds N] FOLDER
    FOLDER      where figures go, and stores while they are measured: its disk is the one that is timed
    --rounds    how often each is measured, 5
    --events    events of a bulk append, 1048576
    --seconds   how long single appends go on, 4";

/// What one run does.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) folder: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) events: usize,
    pub(crate) seconds: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_child = args.first().is_some_and(|arg| arg == rounds::MEASURE);
    let done = if is_child { measure(&args[1..]) } else { Run::read(&args).map(|run| rounds::go(&run)) };
    if done.is_none() {
        rounds::say(USAGE);
        std::process::exit(2);
    }
}

/// One measurement, told as a line: contender, question and its number, size, folder.
fn measure(args: &[String]) -> Option<()> {
    let [contender, question, number, size, folder] = args else { return None };
    let (contender, question) = (Contender::named(contender)?, Question::named(question, number)?);
    let (size, folder) = (size.parse().ok()?, PathBuf::from(folder));
    let measured = match question {
        Question::Singles { writers } => singles::measure(contender, writers, size, &folder),
        Question::Bulk { batch } => bulk::measure(contender, batch, size, &folder),
    };
    rounds::say(&serde_json::to_string(&measured).ok()?);
    Some(())
}

impl Run {
    fn read(args: &[String]) -> Option<Self> {
        let mut run = Self { folder: PathBuf::new(), rounds: 5, events: 1 << 20, seconds: 4 };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let number = match arg.as_str() {
                "--rounds" => &mut run.rounds,
                "--events" => &mut run.events,
                "--seconds" => &mut run.seconds,
                folder if !folder.starts_with('-') && run.folder.as_os_str().is_empty() => {
                    run.folder = PathBuf::from(folder);
                    continue;
                }
                _ => return None,
            };
            *number = args.next()?.parse().ok().filter(|number| *number > 0)?;
        }
        (!run.folder.as_os_str().is_empty()).then_some(run)
    }
}
