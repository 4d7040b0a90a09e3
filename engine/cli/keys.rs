//! `evenfield keys`: the keys that sign summaries.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Serialize;

use super::Shared;
use super::failure::Failure;
use super::out::Out;
use crate::summary::{PublicKey, SecretKey, SummaryError};

/// Make and look at the keys that sign summaries.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Make a key, readable for its owner alone, and show the public one that belongs to it
    #[command(after_help = "Examples:\n  \
        evenfield keys new trust-one.signing-key\n\n\
        The file is never to be shared; what is shown is for those who check your summaries. They put it on\n\
        their list (`summary merge --trust`) after hearing it from you by another way than the summary.")]
    New {
        /// Where the key goes; what is there is never written over
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show the public key that belongs to a key
    #[command(after_help = "Examples:\n  \
        evenfield keys show evenfield.store.signing-key")]
    Show {
        /// The key; that of a store lies beside it
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct Shown {
    schema: &'static str,
    public_key: PublicKey,
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let key = match verb {
        Verb::New { file } => {
            let key = SecretKey::make(file)?;
            shared.note(&format!(
                "{} signs in your name: keep it where nobody else reads it, with a copy that is as safe",
                file.display()
            ));
            key
        }
        Verb::Show { file } => SecretKey::load(file).map_err(no_key)?,
    };
    match shared.is_json() {
        true => out.document(&Shown { schema: "evenfield.key/1", public_key: key.public() }),
        false => out.line(&key.public().to_string()),
    }
}

/// That there is no key to show, with how to make one where nothing of nearly that name is there.
fn no_key(error: SummaryError) -> Failure {
    let is_missing =
        matches!(&error, SummaryError::Io { source, .. } if source.kind() == ErrorKind::NotFound);
    match Failure::from(error) {
        Failure::Input(text) if is_missing && text.ends_with("there is no such file") => {
            Failure::Input(format!("{text}; `evenfield keys new FILE` makes a key"))
        }
        failure => failure,
    }
}
