//! `evenfield-cluster`: a worker, or a question to workers.

mod args;

use std::process::ExitCode;

fn main() -> ExitCode {
    args::run()
}
