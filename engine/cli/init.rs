//! `evenfield init`: an empty store, the key of pseudonyms beside it, and what to do next.
//!
//! `ingest` makes both by itself when they are missing. Who begins with `init` has seen where they lie before anything is
//! in them, and that they can be made there.

use std::path::PathBuf;

use serde::Serialize;

use super::Shared;
use super::config::Origin;
use super::failure::Failure;
use super::out::Out;
use crate::ingest::Key;
use crate::log::{Log, LogError, Mode, seen_head};
use crate::report::counted;

/// Make an empty store, and the key by which people of vendor feeds get pseudonyms beside it. `ingest` does the same
/// where there is none; nothing else is needed, and there is no configuration file.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield init ward.store\n  \
    evenfield init --store clinic.store\n\n\
    A store that is there is left alone, with exit code 2.")]
pub(super) struct Args {
    /// The folder of the store [default: that of --store]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The key of pseudonyms for people of vendor feeds [default: the store's path with .key]
    #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
    key: Option<PathBuf>,
}

#[derive(Serialize)]
struct Made {
    schema: &'static str,
    store: PathBuf,
    key: PathBuf,
    /// Whether the key is new; one that was there is used.
    is_new_key: bool,
    /// What to do next, one command each.
    next: [String; 3],
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let is_named = shared.origins.of("store", None) == Origin::CommandLine;
    let store = match &args.dir {
        Some(dir) if is_named && *dir != shared.store => {
            return Err(Failure::Usage(format!(
                "{} and --store {} are two stores: name one of them",
                dir.display(),
                shared.store.display()
            )));
        }
        Some(dir) => dir,
        None => &shared.store,
    };
    let named = args.key.as_deref().filter(|path| !path.as_os_str().is_empty());
    let key = Key::place(named, store)?;
    match seen_head(store) {
        Ok(head) => {
            return Err(Failure::Usage(format!(
                "there is a store at {} already, with {}; it is left as it is: go on with `evenfield ingest`, or name \
                 another folder",
                store.display(),
                counted(head.0, "event")
            )));
        }
        Err(LogError::Missing { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    drop(Log::open(store, Mode::Create)?);
    let (_, is_new_key) = Key::load_or_make(&key, store)?;
    // Whoever has named it once has to name it again.
    let option = match is_named || args.dir.is_some() {
        true => format!(" --store {}", store.display()),
        false => String::new(),
    };
    let next = ["ingest events.ndjson", "compare", "doctor"].map(|verb| format!("evenfield {verb}{option}"));
    let made = Made { schema: "evenfield.init/1", store: store.clone(), key, is_new_key, next };
    show(&made, shared, out)
}

fn show(made: &Made, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        return out.document(made);
    }
    let (store, key) = (made.store.display(), made.key.display());
    out.line(&format!("made an empty store: {store}"))?;
    out.line(&match made.is_new_key {
        true => format!(
            "made the key of pseudonyms: {key}; keep it, and keep it away from whoever gets the store"
        ),
        false => format!("its key of pseudonyms is the one that was there: {key}"),
    })?;
    let what = [
        "your recordings, in any format that `evenfield feed ls` lists",
        "what they tell of each platform",
        "whether anything is amiss",
    ];
    out.line("\nnext:")?;
    let widest = made.next.iter().map(|command| command.chars().count()).max().unwrap_or_default();
    made.next.iter().zip(what).try_for_each(|(next, what)| out.line(&format!("  {next:widest$}  {what}")))
}
