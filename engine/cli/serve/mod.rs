//! `evenfield serve`: the same answers over HTTP, events as they happen, and a page that keeps itself up to date.

mod answers;
mod export;
mod hooks;

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use projections::disclosure::Policy;

use super::failure::{Failure, refused};
use super::out::{Out, tell};
use super::system::plain;
use super::{Shared, progress, store};
use crate::ingest::Key;
use crate::service::{Hooks, Limits, Offer, Readers, Recording, TokenError, Tokens, serve};
use answers::Verbs;

/// Serve the store over HTTP: a live page for people, readings for programs, events in and out.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield serve\n  \
    evenfield serve --bind 127.0.0.1:9000 --allow-ingest\n  \
    evenfield serve --policy rounded --host video.example.org\n\n\
    It takes requests from this machine alone, and only reads, unless told otherwise. /docs/ tells what can be asked.\n\
    Interrupt it (Ctrl-C) to end it: what is under way is answered first. Behind a proxy that speaks TLS, name the\n\
    host that it forwards: then tokens decide who reads. While it runs, no other command can use the store.")]
pub(super) struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = bound)]
    bind: SocketAddr,
    /// Take events from whoever has a token with the role record
    #[arg(long)]
    allow_ingest: bool,
    /// Who may read: anyone who reaches it, or tokens with the role read [default: anyone on this machine alone,
    /// tokens where it listens for others or is given a --host]
    #[arg(long, value_name = "WHO")]
    readers: Option<Who>,
    /// A name that the service is reached by, besides those of this machine; may be given more than once
    #[arg(long = "host", value_name = "NAME", value_parser = host)]
    hosts: Vec<String>,
    /// Web hooks that vendors send to, in a TOML file
    #[arg(long, value_name = "FILE")]
    hooks: Option<PathBuf>,
    /// The key of pseudonyms for people of vendor feeds [default: the store's path with .key]
    #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
    key: Option<PathBuf>,
    #[command(flatten)]
    export: export::ExportArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// An address to listen on.
fn bound(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, such as 127.0.0.1:8080".to_owned())
}

/// A name as it comes in a request, without its port.
fn host(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
    let has_port = text.rsplit_once(':').is_some_and(|(_, port)| !text.ends_with(']') && !port.is_empty());
    match is_name && !has_port {
        true => Ok(text.to_owned()),
        false => Err("write a name alone, such as video.example.org, without a scheme or a port".to_owned()),
    }
}

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Who {
    /// Whoever reaches the service
    Anyone,
    /// Whoever has a token
    Tokens,
}

/// What requests may take.
#[derive(clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Bytes of a body
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20, value_parser = clap::value_parser!(u32).range(1_024..=64 << 20))]
    body_bytes: u32,
    /// Seconds until an answer must begin
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    time: u32,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    connections: u32,
    /// Requests a second of one client
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
}

/// How long work that nobody waits for may take to hear that.
const LAST_WORK: Duration = Duration::from_secs(5);
/// The names of this machine to itself.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Taken(_)
            | TokenError::NoName(_)
            | TokenError::Unknown(_)
            | TokenError::NoPlace { .. } => Self::Usage(error.to_string()),
            TokenError::Io { doing, path, source } => Self::Other(refused(doing, &path, &source)),
            _ => Self::Other(error.to_string()),
        }
    }
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let readers = args.readers(shared.policy)?;
    let hooks = args.hooks(shared)?;
    let tokens = Tokens::of(&shared.store)?;
    let none_may = |what: &str, role: &str| {
        shared.note(&format!("no token may {what} yet: `evenfield token new NAME --role {role}` makes one"));
    };
    let roles: Vec<_> = tokens.all()?.into_iter().map(|token| token.role).collect();
    if args.allow_ingest && !roles.iter().any(|role| role.allows(crate::service::Role::Record)) {
        none_may("record", "record");
    }
    if readers == Readers::Tokens && !roles.iter().any(|role| role.allows(crate::service::Role::Read)) {
        none_may("read", "read");
    }
    // Who serves a store that is to take events may begin with an empty one.
    let takes = args.allow_ingest || !hooks.all.is_empty();
    let log = if takes { store::open_or_make(shared)? } else { store::open(shared)? };
    let log = Arc::new(log);
    let watch = progress::served();
    let mut export = args.export.of(&log, shared)?;
    let served =
        Shared { log: Some(Arc::clone(&log)), quiet: true, release: false, output: None, ..shared.clone() };
    let offer = Offer {
        log,
        answers: Arc::new(Verbs::new(served)),
        policy: shared.policy,
        recording: if args.allow_ingest { Recording::Tokens } else { Recording::Nobody },
        hooks: Arc::new(hooks),
        readers,
        tokens,
        hosts: args.names(),
        limits: args.limits(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("could not start the service: {error}")))?;
    told_to(shared);
    let served = runtime.block_on(async {
        // Listened for before anybody is told that it runs.
        let ending = Ending::begin()?;
        let listener = tokio::net::TcpListener::bind(args.bind).await.map_err(|error| {
            let why = plain(&error);
            Failure::Other(format!("could not listen on {}: {why}; choose another with --bind", args.bind))
        })?;
        let address = listener.local_addr().map_err(|error| Failure::Other(error.to_string()))?;
        // Whoever started it learns where it is, also where the system chose the port.
        out.line(&format!("http://{address}/"))?;
        out.flush()?;
        export.begin();
        serve(listener, offer, ending.wait(shared))
            .await
            .map_err(|error| Failure::Other(format!("the service failed: {error}")))
    });
    // What nobody waits for any more need not be finished.
    watch.stop();
    runtime.shutdown_timeout(LAST_WORK);
    served
}

/// Where the service tells what it does: one line a request, to standard error.
fn told_to(shared: &Shared) {
    let most = if shared.quiet { tracing::Level::ERROR } else { tracing::Level::INFO };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_max_level(most)
        .finish();
    // One that is there already will do.
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tell("what the service does is told elsewhere");
    }
}

/// What ends a service: an interrupt, or the system's wish that it ends. A second interrupt ends the process at once.
struct Ending {
    interrupted: Signal,
    terminated: Signal,
}

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(windows)]
type Signal = tokio::signal::windows::CtrlC;

impl Ending {
    #[cfg(unix)]
    fn begin() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = |kind| {
            signal(kind).map_err(|error| Failure::Other(format!("could not listen for signals: {error}")))
        };
        Ok(Self { interrupted: heard(SignalKind::interrupt())?, terminated: heard(SignalKind::terminate())? })
    }

    #[cfg(windows)]
    fn begin() -> Result<Self, Failure> {
        let heard = || {
            tokio::signal::windows::ctrl_c()
                .map_err(|error| Failure::Other(format!("could not listen for signals: {error}")))
        };
        Ok(Self { interrupted: heard()?, terminated: heard()? })
    }

    async fn wait(mut self, shared: &Shared) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
        shared.note("ending: what is under way is answered first; interrupt again to end at once");
        tokio::spawn(async move {
            if self.interrupted.recv().await.is_some() {
                std::process::exit(130);
            }
        });
    }
}

impl Args {
    /// Who may read. What hides nothing is not open to whoever comes from elsewhere.
    fn readers(&self, policy: Policy) -> Result<Readers, Failure> {
        // Whoever is told a name comes through a proxy, and to the service from this machine.
        let is_here = self.bind.ip().is_loopback() && self.hosts.is_empty();
        match (self.readers, is_here) {
            (Some(Who::Tokens), _) | (None, false) => Ok(Readers::Tokens),
            (None, true) => Ok(Readers::Anyone),
            (Some(Who::Anyone), true) => Ok(Readers::Anyone),
            (Some(Who::Anyone), false) if policy == Policy::Rounded => Ok(Readers::Anyone),
            (Some(Who::Anyone), false) => Err(Failure::Usage(format!(
                "others reach it, and the policy {} shows too much for whoever comes (of exact totals, two questions tell \
                 what one hides): let tokens decide who reads, or show less with --policy rounded",
                policy.name()
            ))),
        }
    }

    /// The names that it answers to; where others reach it and no name is told, any.
    fn names(&self) -> Vec<String> {
        match (self.hosts.is_empty(), self.bind.ip().is_loopback()) {
            (true, false) => Vec::new(),
            _ => {
                let bound = match self.bind.ip() {
                    IpAddr::V4(address) => address.to_string(),
                    IpAddr::V6(address) => format!("[{address}]"),
                };
                let here = HERE.iter().map(|name| (*name).to_owned());
                here.chain([bound]).chain(self.hosts.iter().cloned()).collect()
            }
        }
    }

    /// What vendors send, and the key of the people in it.
    fn hooks(&self, shared: &Shared) -> Result<Hooks, Failure> {
        let Some(path) = &self.hooks else { return Ok(Hooks::default()) };
        let all = hooks::hooks(path)?;
        let named = self.key.as_deref().filter(|path| !path.as_os_str().is_empty());
        let place = Key::place(named, &shared.store)?;
        let (key, made) = Key::load_or_make(&place, &shared.store)?;
        if made {
            let place = place.display();
            shared.note(&format!(
                "made the key of pseudonyms {place}: keep it, and keep it away from whoever gets the store"
            ));
        }
        Ok(Hooks { all, key: Some((key, shared.store.clone())) })
    }

    fn limits(&self) -> Limits {
        let LimitArgs { body_bytes, time, connections, rate } = self.limits;
        Limits {
            body_bytes: body_bytes as usize,
            time: Duration::from_secs(u64::from(time)),
            connections: connections as usize,
            rate,
            ..Limits::default()
        }
    }
}
