//! `evenfield methods`: definitions and estimators with their sources.

use projections::catalog;
use serde::Serialize;

use super::Shared;
use super::failure::Failure;
use super::out::Out;
use projections::methods::{METHODS, Method};

/// List measures and methods with their sources.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield methods\n  \
    evenfield methods --json")]
pub(super) struct Args {}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    measures: Vec<MeasureNote>,
    methods: &'static [Method],
}

#[derive(Serialize)]
struct MeasureNote {
    name: &'static str,
    title: &'static str,
    of: &'static str,
    definition: &'static str,
}

pub(super) fn run(_args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let measures: Vec<MeasureNote> = catalog::MEASURES
        .into_iter()
        .map(|measure| MeasureNote {
            name: measure.name,
            title: measure.title,
            of: measure.of,
            definition: measure.definition,
        })
        .collect();
    if shared.is_json() {
        return out.document(&Document { schema: "evenfield.methods/1", measures, methods: METHODS });
    }
    out.line("MEASURES\n")?;
    for measure in &measures {
        out.line(&format!(
            "{}\n    {}, of {}: {}",
            measure.name, measure.title, measure.of, measure.definition
        ))?;
    }
    out.line("\nMETHODS\n")?;
    for method in METHODS {
        out.line(&format!("{}\n    {}", method.name, method.title))?;
        out.line(&format!("    assumes: {}\n    source: {}", method.assumes, method.source))?;
    }
    Ok(())
}
