//! `evenfield man`: a page of the manual for the program and for every command.
//!
//! Made from the command line itself: what a page says is what `--help` says, and nothing is dated, so that the same
//! program writes the same pages.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::choose::choose;
use super::draft::{Draft, Readers};
use super::failure::Failure;
use super::out::{Out, unwritable};
use super::{Cli, Shared};
use crate::report;

/// Write pages of the manual: of the program and of every command, or of one command and what is below it. With -o
/// each page becomes a file of that folder. It needs no store.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield man log verify\n  \
    evenfield man -o man1\n\n\
    `evenfield man compare | man -l -` shows one. `man` finds them all in a folder man1 of a folder that\n\
    MANPATH names, such as ~/.local/share/man.")]
pub(super) struct Args {
    /// The command, such as `log verify` [default: all of them]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// A page with the name of its file.
struct Page {
    file: String,
    text: String,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_alone()?;
    let mut program = Cli::command();
    program.build();
    let command = named(&program, &args.command)?;
    let mut all = Vec::new();
    pages(command, &format!("evenfield {}", env!("CARGO_PKG_VERSION")), &mut all)?;
    match shared.output.as_deref().filter(|path| path.as_os_str() != "-") {
        None => all.iter().try_for_each(|page| out.text(&page.text)),
        Some(folder) => {
            all.iter().try_for_each(|page| write(folder, page))?;
            let pages = report::counted(all.len() as u64, "page");
            shared.note(&format!("wrote {pages} of the manual into {}", folder.display()));
            Ok(())
        }
    }
}

/// The command of that name.
fn named<'a>(program: &'a Command, words: &[String]) -> Result<&'a Command, Failure> {
    words.iter().try_fold(program, |above, word| {
        let below = above.get_subcommands().map(Command::get_name);
        choose("command", word, above.find_subcommand(word), below)
    })
}

/// The page of a command, and those of what is below it.
fn pages(command: &Command, source: &str, all: &mut Vec<Page>) -> Result<(), Failure> {
    // An empty date would let what comes after it take its place.
    let man = Man::new(command.clone()).date(" ").source(source).manual("evenfield");
    let mut text = Vec::new();
    man.render(&mut text)?;
    all.push(Page { file: man.get_filename(), text: as_written(&String::from_utf8_lossy(&text)) });
    command.get_subcommands().try_for_each(|below| pages(below, source, all))
}

/// The same, with examples and notes line by line as they were written.
fn as_written(page: &str) -> String {
    let Some((before, notes)) = page.split_once("\n.SH EXTRA\n") else { return page.to_owned() };
    let (notes, after) = notes.split_at(notes.find("\n.SH ").map_or(notes.len(), |at| at + 1));
    format!("{before}\n.SH NOTES\n.nf\n{}\n.fi\n{after}", notes.trim_end())
}

/// Puts a page into the folder, which is made if it is not there.
fn write(folder: &Path, page: &Page) -> Result<(), Failure> {
    let path = folder.join(&page.file);
    let write = || {
        fs::create_dir_all(folder)?;
        let mut draft = Draft::begin(&path, Readers::AsUsual)?;
        draft.write_all(page.text.as_bytes())?;
        draft.keep()
    };
    write().map_err(|error| unwritable(&path, &error))
}
