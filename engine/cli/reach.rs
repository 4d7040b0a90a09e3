//! `evenfield reach`: whom video reaches, against how many people there are.

use std::fs::File;
use std::path::{Path, PathBuf};

use event::{Dimension, NOT_RECORDED};
use projections::compare::Reach;
use projections::reach::Population;

use super::choose::no_file;
use super::compare;
use super::failure::Failure;
use super::ground::Ground;
use super::known::{Known, WHERE};
use super::out::Out;
use super::population::{Refused, population};
use super::store::SheetArgs;
use super::{Shared, shown};
use crate::replay::{Sheet, reach};

/// Whom video reaches: the consultations of each group of people, held against how many people there are of
/// it, on each platform and on all together. A comparison says how those fare who had a consultation; this
/// says who had one.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield reach --population population.csv\n  \
    evenfield reach --population population.csv --where service=cardiology --json\n\n\
    The file has a line for each group, under the header dimension,level,people:\n  \
    deprivation_quintile,1,120000\n  \
    age_band,75-plus,48500\n\n\
    A count of consultations is not a count of people: who comes three times counts three times.")]
pub(super) struct Args {
    /// How many people there are of each group: a CSV file with the columns dimension, level and people
    #[arg(long, value_name = "FILE")]
    population: PathBuf,
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
    /// The coverage of limits
    #[arg(long, value_name = "SHARE", value_parser = compare::level, default_value = "0.95")]
    level: f64,
    #[command(flatten)]
    reading: SheetArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (reach, _ground) = args.answer(shared)?;
    shown::show(reach, shared, out)
}

impl Args {
    /// The reach, and what it rests on: a store stays open until the answer is written.
    pub(super) fn answer(&self, shared: &Shared) -> Result<(Reach, Ground), Failure> {
        let filter = compare::filter(&self.filter)?;
        let population = read(&self.population)?;
        if let Some(both) = population.dimensions().find(|one| filter.iter().any(|(other, _)| other == *one))
        {
            return Err(Failure::Usage(format!(
                "--where leaves out levels of {both}, whose reach is asked about; filter by something else, or \
                 take {both} out of {}",
                self.population.display()
            )));
        }
        let ground = Ground::of(shared)?;
        let filtered = filter.iter().map(|(dimension, _)| dimension);
        let wanted: Vec<Dimension> = population.dimensions().chain(filtered).collect();
        let sheet = ground.sheet(shared, &self.reading, &wanted)?;
        note_unrecorded(&sheet, &population, shared);
        sheet.note_unknown_levels(&filter, shared);
        Ok((reach(&sheet, &population, &filter, self.level, shared.threads()), ground))
    }
}

fn read(path: &Path) -> Result<Population, Failure> {
    let file = File::open(path).map_err(|error| no_file(path, &error))?;
    population(file).map_err(|error| match error {
        Refused::Unread(error) => no_file(path, &error),
        error => Failure::Input(format!("{}: {error}", path.display())),
    })
}

/// Says which dimensions of the population no consultation tells.
fn note_unrecorded(sheet: &Sheet, population: &Population, shared: &Shared) {
    for dimension in population.dimensions() {
        let levels = sheet.levels(dimension);
        if !levels.is_empty() && levels.iter().all(|level| level == NOT_RECORDED) {
            shared.note(&format!("nobody recorded {dimension} here: its reach is not measured"));
        }
    }
}
