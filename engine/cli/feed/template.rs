//! `evenfield feed template`: a mapping for a spreadsheet, to begin with.
//!
//! Guessed from the header, and from how times are written; other cells hold people, and are not looked at. What is
//! written is meant to be checked by somebody who knows the table, and to be given to `ingest --map` then; nothing
//! is imported here.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Shared, reading};
use crate::ingest::{Head, sniff};

/// Write a mapping in TOML for a spreadsheet: which column is what, guessed from the names in its header, with
/// a comment on every guess. Check it, correct it, and give it to `ingest --feed csv --map`. How times are written
/// is taken from the sheet where all of them fit one format alone; no other cell is looked at, and none is shown.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield feed template sheet.csv\n  \
    evenfield feed template sheet.csv -o mapping.toml")]
pub(in crate::cli) struct Args {
    /// The table, as CSV; `-` for standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// The mapping, in TOML.
    mapping: String,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let head = reading::open(&args.file)?;
    is_table(&args.file, &head)?;
    let mapping = feeds::guessed_mapping(&mut head.whole())
        .map_err(|error| Failure::Input(format!("{}: {error}", args.file.display())))?;
    if shared.is_json() {
        return out.document(&Document { schema: "evenfield.mapping/1", mapping });
    }
    out.text(&mapping)
}

/// Refuses what is no table, with what to do instead. What is empty is told by whoever looks for a header.
fn is_table(file: &Path, head: &Head<'_>) -> Result<(), Failure> {
    let file = file.display();
    match sniff(head) {
        _ if head.bytes().iter().all(u8::is_ascii_whitespace) => Ok(()),
        Some(feed) if feed.name() == "csv" => Ok(()),
        Some(feed) => Err(Failure::Input(format!(
            "{file} is no table but {}: it needs no mapping of columns; read it with `evenfield ingest`",
            feed.title()
        ))),
        None => Err(Failure::Input(format!(
            "{file} is no table: its first line should name the columns, with commas, semicolons, tabs or bars between \
             them; save a spreadsheet as CSV first"
        ))),
    }
}
