//! `evenfield outcomes`: one row per consultation.

use projections::outcome::{InProgress, Outcome};

use super::failure::Failure;
use super::out::Out;
use super::store::{self, ReadingArgs};
use super::{Format, Shared};
use crate::report;

/// Show one row per consultation, as replayed. With --json one object a line.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  evenfield outcomes\n  evenfield outcomes --json | head -1")]
pub(super) struct Args {
    #[command(flatten)]
    reading: ReadingArgs,
    /// Only this consultation
    #[arg(long, value_name = "ID")]
    consultation: Option<String>,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let log = store::opened(shared)?;
    let table = store::rows(shared, &log, &args.reading)?;
    let mut lines: Vec<Line<'_>> =
        table.rows.iter().map(Line::Closed).chain(table.open.iter().map(Line::Open)).collect();
    if let Some(wanted) = &args.consultation {
        lines.retain(|line| line.consultation() == wanted);
        if lines.is_empty() {
            let store = shared.store.display();
            return Err(Failure::Input(format!(
                "there is no consultation {wanted:?} in {store}; without --consultation all are listed"
            )));
        }
    }
    lines.sort_by(|a, b| a.consultation().cmp(b.consultation()));
    if shared.is_json() {
        return lines.iter().try_for_each(|line| match line {
            Line::Closed(row) => out.row(row),
            Line::Open(open) => out.row(open),
        });
    }
    let form = match shared.format() {
        Format::Csv => report::Form::Csv,
        Format::Md => report::Form::Markdown,
        _ => report::Form::Plain,
    };
    out.line(&report::outcomes_head(form))?;
    lines.iter().try_for_each(|line| match line {
        Line::Closed(row) => out.line(&report::outcome(row, form)),
        Line::Open(open) => out.line(&report::open_consultation(open, form)),
    })
}

/// A consultation that is over, or one that is not.
enum Line<'a> {
    Closed(&'a Outcome),
    Open(&'a InProgress),
}

impl Line<'_> {
    fn consultation(&self) -> &str {
        match self {
            Self::Closed(row) => &row.consultation,
            Self::Open(open) => &open.consultation,
        }
    }
}
