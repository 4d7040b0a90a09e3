//! The command line: `worker`, and the verbs of `evenfield` that are answered from a data set.

use std::ffi::OsString;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use cluster::client::{Client, Patience};
use cluster::dataset::Dataset;
use cluster::store::Place;
use cluster::worker::{self, Settings};
use cluster::workers::Workers;
use tokio::runtime::{Builder, Runtime};

/// evenfield over several machines: comparisons, decisions and reports over a Parquet data set that workers read.
#[derive(Parser)]
#[command(name = "evenfield-cluster", version, about)]
#[command(after_help = "Examples:\n  \
    evenfield export parquet --shards 64 lake              # where the store is\n  \
    evenfield-cluster worker --data lake                   # on every machine that reads\n  \
    evenfield-cluster --data lake --workers 127.0.0.1:7411 compare --by service\n  \
    evenfield-cluster --data lake --workers 127.0.0.1:7411 report build -o report.html\n\n\
    Behind these options stands a verb of `evenfield` with its own: compare, decide, totals, reach, outages,\n\
    report build or report show. Answers are the same, to the byte.\n\
    Exit codes are those of `evenfield`.")]
struct Cli {
    /// Where the data set lies: a folder, or a URL such as s3://bucket/lake
    #[arg(long, global = true, env = "EVENFIELD_DATA", value_name = "PLACE")]
    data: Option<String>,
    /// Workers by name and port, separated by commas; a name stands for all addresses that it has
    #[arg(long, env = "EVENFIELD_WORKERS", value_name = "HOST:PORT,...", value_delimiter = ',')]
    workers: Vec<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
    /// Ask workers whether they are still there when nothing came for so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    silence: u64,
    /// How often to ask again when a worker is gone
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=10))]
    attempts: u32,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Read shards of a data set for whoever asks
    Worker(WorkerArgs),
    /// compare, decide, totals, reach, outages, report build or report show, with the options of `evenfield`
    #[command(external_subcommand)]
    Asked(Vec<OsString>),
}

#[derive(clap::Args)]
struct WorkerArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7411")]
    listen: SocketAddr,
    /// Listen on an address that others reach; whoever reaches it may read numbers of every consultation
    #[arg(long)]
    private_network: bool,
    /// The most memory for folds, in MiB
    #[arg(long, value_name = "MIB", default_value = "4096", value_parser = clap::value_parser!(u64).range(64..=1_048_576))]
    memory: u64,
}

/// The verbs of `evenfield` that are answered from a data set.
const VERBS: [&str; 6] = ["compare", "decide", "totals", "reach", "outages", "report"];

/// What ends a command early: an exit code and what to say.
struct Failure(u8, String);

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match &cli.verb {
        Verb::Worker(args) => work(args, &cli).map(|()| ExitCode::SUCCESS),
        Verb::Asked(words) => ask(words, &cli),
    };
    done.unwrap_or_else(|Failure(code, why)| {
        tell(&format!("evenfield-cluster: {why}"));
        ExitCode::from(code)
    })
}

fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn usage(why: impl Into<String>) -> Failure {
    Failure(2, why.into())
}

fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| Failure(1, error.to_string()))
}

fn place(cli: &Cli) -> Result<Place, Failure> {
    let name = cli.data.as_deref();
    let name = name.ok_or_else(|| usage("say where the data set lies: --data DIR, or --data URL"))?;
    Place::of(name).map_err(|why| Failure(4, why))
}

/// Works until it is interrupted.
fn work(args: &WorkerArgs, cli: &Cli) -> Result<(), Failure> {
    let is_loopback = match args.listen.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if !is_loopback && !args.private_network {
        return Err(usage(format!(
            "{} is reached from elsewhere, and a worker asks nobody who they are: listen on 127.0.0.1, or say \
             --private-network where only trusted machines reach it",
            args.listen
        )));
    }
    let memory_bytes = usize::try_from(args.memory << 20).map_err(|_| usage("--memory is too much"))?;
    let settings = Settings { listen: args.listen, place: place(cli)?, memory_bytes };
    let name = settings.place.name.clone();
    let told = move |at: SocketAddr| tell(&format!("reading {name} for whoever asks on {at}"));
    runtime()?.block_on(async {
        let ended = worker::serve(settings, told, interrupted()).await;
        ended.map_err(|error| Failure(1, error.to_string()))
    })
}

/// Ends when the process is asked to.
async fn interrupted() {
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Asks workers.
fn ask(words: &[OsString], cli: &Cli) -> Result<ExitCode, Failure> {
    let is_help = words.iter().any(|word| word == "--help" || word == "-h");
    let is_answered = words.first().is_some_and(|verb| VERBS.iter().any(|known| verb == known));
    if is_answered && cli.workers.is_empty() && !is_help {
        return Err(usage("name the workers: --workers HOST:PORT,HOST:PORT"));
    }
    let line = std::iter::once(OsString::from("evenfield-cluster")).chain(words.iter().cloned());
    // What is no verb, or none that is answered here, says so before anybody is asked.
    if is_help || !is_answered {
        return Ok(engine::cli::run_elsewhere(line, Arc::new(Nothing)));
    }
    let workers = Workers::of(&cli.workers).map_err(usage)?;
    let (runtime, place) = (runtime()?, place(cli)?);
    let patience = Patience {
        silence: Duration::from_secs(cli.silence),
        whole: Duration::from_secs(cli.timeout),
        attempts: cli.attempts,
    };
    let opened = runtime.block_on(async { tokio::time::timeout(patience.whole, Dataset::open(place)).await });
    let late = |_| Failure(1, format!("the data set could not be opened within {} s", cli.timeout));
    let dataset = opened.map_err(late)?.map_err(|why| Failure(4, why))?;
    let client = Client::new(runtime, (dataset, workers), patience, tell);
    Ok(engine::cli::run_elsewhere(line, Arc::new(client)))
}

/// What is read where only help is asked for.
struct Nothing;

impl engine::cli::Elsewhere for Nothing {
    fn sheet(
        &self,
        _: &engine::replay::Request,
        _: &[event::Dimension],
        _: &engine::replay::Watch,
    ) -> Result<engine::replay::Sheet, engine::cli::Unread> {
        Err(engine::cli::Unread::Other("nothing was named to read".to_owned()))
    }

    fn commitment(&self) -> String {
        String::new()
    }
}
