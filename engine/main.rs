//! `evenfield`: arguments, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::cli::run()
}
