//! `evenfield completions`: what a shell needs to complete commands and options.
//!
//! Made from the command line itself, so that there is nothing to keep in step with it.

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::Failure;
use super::out::Out;
use super::{Cli, Shared};

/// Write a script by which a shell completes commands, options and their values. It needs no store.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield completions bash\n  \
    evenfield completions fish -o evenfield.fish\n\n\
    Where a shell looks for it:\n  \
    bash        ~/.local/share/bash-completion/completions/evenfield\n  \
    zsh         _evenfield, in a folder that $fpath names\n  \
    fish        ~/.config/fish/completions/evenfield.fish\n  \
    elvish      added to ~/.config/elvish/rc.elv\n  \
    powershell  added to the file that $PROFILE names")]
pub(super) struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_alone()?;
    out.text(&script(args.shell))
}

/// The script of a shell.
fn script(shell: Shell) -> String {
    let mut program = Cli::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
