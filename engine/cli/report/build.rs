//! `evenfield report build` and `show`: the page of what was found, as a file, in the terminal and where a service shows it.

use std::path::Path;

use projections::disclosure::Policy;

use super::super::decide;
use super::super::failure::Failure;
use super::super::out::Out;
use super::super::store::SheetArgs;
use super::super::{Format, Shared};
use super::findings::findings;
use crate::log::Position;
use crate::report::{self, Beside, Page};
use crate::service::SCRIPT_PATH;

/// What a report is about.
#[derive(clap::Args, Clone)]
pub(in crate::cli) struct Args {
    /// The title of the report, such as the name of the commissioning body
    #[arg(long, value_name = "TEXT")]
    pub(super) title: Option<String>,
    #[command(flatten)]
    pub(super) question: decide::Asked,
    #[command(flatten)]
    pub(super) reading: SheetArgs,
}

impl Args {
    /// These, of the log as it was when `position` was its last one.
    pub(super) fn held_to(&self, position: Position) -> Self {
        Self { reading: self.reading.held_to(position), ..self.clone() }
    }
}

pub(super) fn build(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.format() != Format::Table {
        return Err(Failure::Usage(
            "a report is one HTML file; the numbers behind it in other forms are those of `compare` and `decide`".into(),
        ));
    }
    let page = made(args, shared)?;
    if !shared.quiet {
        out.once_written(|path| {
            let path = path.display();
            format!(
                "{path} is written; `evenfield report check {path}` looks at it as whoever receives it would, `evenfield report \
                 verify {path}` holds it against the store"
            )
        });
    }
    out.text(&report::html(&page))
}

pub(super) fn show(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.format() != Format::Table {
        return Err(Failure::Usage(
            "`report show` is for people: --json is for `compare` and `decide`".into(),
        ));
    }
    if let Some(file) = args.question.platforms().iter().find(|name| Path::new(name).is_file()) {
        return Err(Failure::Usage(format!(
            "`report show` shows what the store tells now, and {file} is a file: `report check {file}` looks at it as \
             whoever receives it would, and `report verify {file}` builds it again"
        )));
    }
    let page = made(args, shared)?;
    out.text(&report::plain(&page))
}

/// The page as a service shows it.
pub(in crate::cli) fn live(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let findings = findings(args, shared)?;
    let page = report::page(&findings);
    let chosen = page.asked.options.iter().find_map(|option| option.strip_prefix("service="));
    // Where counts are hidden nothing is picked out, and nobody is told that events come in.
    let (services, script) = match shared.policy {
        Policy::Internal => (findings.about.services.as_slice(), Some(SCRIPT_PATH)),
        _ => (&[][..], None),
    };
    out.text(&report::live(&page, &Beside { services, chosen, script }))
}

/// The page of what was found.
pub(super) fn made(args: &Args, shared: &Shared) -> Result<Page, Failure> {
    Ok(report::page(&findings(args, shared)?))
}
