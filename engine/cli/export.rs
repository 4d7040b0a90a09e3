//! `evenfield export`: readings as data sets, and events as they are, for other programs.

mod events;
#[cfg(feature = "parquet")]
pub(super) mod follow;
mod way;

use super::failure::Failure;
use super::out::Out;
use super::store::{self, ReadingArgs};
use super::{Shared, Tells, compare, decide, quality, reach, shown, totals};
use crate::export::{About, Dataset};
use way::Way;

/// Write data sets for other programs.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Write a comparison: measures by platform, differences, claims
    #[command(
        long_about = "Write what `evenfield compare` tells as a data set: measures by platform, differences, claims, and \
                      whatever closer look was asked for, each a table. The form follows from the ending of -o: csv, \
                      xlsx, parquet, json, ndjson or zip (a csv file for each table).",
        after_help = "Examples:\n  \
            evenfield export comparison -o comparison.xlsx\n  \
            evenfield export comparison --by service --table differences -o differences.csv\n  \
            evenfield export comparison --policy rounded -o comparison.zip\n  \
            evenfield export comparison --measure undisturbed | head -3\n\n\
            Cells without a value say why: [c] suppressed by the policy, [x] not available, [z] not\n\
            applicable. [low] stands beside a value that rests on too little. What the columns say lies\n\
            beside csv and ndjson, in FILE.csv.metadata.json; the other forms hold it."
    )]
    Comparison(Data<compare::Args>),
    /// Write plain totals: counts, sums and quantiles of every platform
    #[command(
        long_about = "Write what `evenfield totals` tells as a data set. The form follows from the ending of -o: csv, \
                      xlsx, parquet, json, ndjson or zip.",
        after_help = "Examples:\n  \
            evenfield export totals -o totals.csv\n  \
            evenfield export totals --by service --format json"
    )]
    Totals(Data<totals::Args>),
    /// Write a decision: cells, options and the verdict
    #[command(
        long_about = "Write what `evenfield decide` tells as a data set: platforms by stratum, the best set of each \
                      number of platforms, the verdict with the numbers that carry it, and what stands beside it. The \
                      form follows from the ending of -o: csv, xlsx, parquet, json, ndjson or zip.",
        after_help = "Examples:\n  \
            evenfield export decision -o decision.xlsx\n  \
            evenfield export decision --table verdict --format ndjson"
    )]
    Decision(Data<decide::Args>),
    /// Write how complete the evidence is
    #[command(
        long_about = "Write what `evenfield quality` tells as a data set. The form follows from the ending of -o: csv, \
                      xlsx, parquet, json, ndjson or zip.",
        after_help = "Examples:\n  \
            evenfield export quality -o quality.zip\n  \
            evenfield export quality --by organisation --format csv"
    )]
    Quality(Data<quality::Args>),
    /// Write whom video reaches
    #[command(
        long_about = "Write what `evenfield reach` tells as a data set. The form follows from the ending of -o: csv, \
                      xlsx, parquet, json, ndjson or zip.",
        after_help = "Examples:\n  \
            evenfield export reach --population population.csv -o reach.xlsx"
    )]
    Reach(Data<reach::Args>),
    /// Write one row per consultation, for use inside
    #[command(
        long_about = "Write one row per consultation with everything that `evenfield outcomes --json` tells of it, and \
                      what it tells of drops, ratings and answers in tables of their own. For use inside: behind each \
                      row stand people. The form follows from the ending of -o: csv, xlsx, parquet, json, ndjson or zip.",
        after_help = "Examples:\n  \
            evenfield export outcomes -o outcomes.csv\n  \
            evenfield export outcomes --table outcomes_ratings -o ratings.csv"
    )]
    Outcomes(Data<Outcomes>),
    /// Write every event as one row of a Parquet file, or of a data set of many
    #[command(
        long_about = "Write every event as one row of a Parquet file, in order of position: the envelope, one column per \
                      dimension of the context as that event told it, and what its kind tells. Instants are milliseconds \
                      since 1970 in UTC; answers, declarations and what the vocabulary does not name are JSON texts.\n\n\
                      With --shards the events become a data set: a folder of so many files, each of which holds whole \
                      consultations, one of what sources declare, and manifest.json, which says what each file holds. \
                      --append and --follow keep it current by further files. `ingest` reads files and folders back."
    )]
    Parquet(events::Parquet),
}

/// A question, and what of its answer is written.
#[derive(clap::Args)]
pub(super) struct Data<Q: clap::Args> {
    #[command(flatten)]
    asked: Q,
    /// Write this table alone [default: all of them; in csv and parquet, which hold one, the first]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
}

/// How consultations are read.
#[derive(clap::Args)]
pub(super) struct Outcomes {
    #[command(flatten)]
    reading: ReadingArgs,
}

impl Verb {
    /// What it tells, and what it is called.
    pub(super) fn tells(&self) -> (Tells, &'static str) {
        match self {
            Self::Comparison(_) => (Tells::Reading, "export comparison"),
            Self::Totals(_) => (Tells::Reading, "export totals"),
            Self::Decision(_) => (Tells::Reading, "export decision"),
            Self::Quality(_) => (Tells::Reading, "export quality"),
            Self::Reach(_) => (Tells::Reading, "export reach"),
            Self::Outcomes(_) => (Tells::Rows, "export outcomes"),
            Self::Parquet(_) => (Tells::Rows, "export parquet"),
        }
    }
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match verb {
        Verb::Comparison(data) => {
            let way = data.way(shared, out)?;
            let (comparison, ground) = data.asked.answer(shared)?;
            let met = compare::met(&comparison.gates);
            way.write(shown::dataset(comparison, &ground, shared)?, out)?;
            met
        }
        Verb::Totals(data) => {
            let way = data.way(shared, out)?;
            let (totals, ground) = data.asked.answer(shared)?;
            way.write(shown::dataset(totals, &ground, shared)?, out)
        }
        Verb::Decision(data) => {
            let way = data.way(shared, out)?;
            let (decided, ground) = data.asked.answer(shared)?;
            way.write(shown::dataset(decided, &ground, shared)?, out)
        }
        Verb::Quality(data) => {
            let way = data.way(shared, out)?;
            let (evidence, ground) = data.asked.answer(shared)?;
            way.write(shown::dataset(evidence, &ground, shared)?, out)
        }
        Verb::Reach(data) => {
            let way = data.way(shared, out)?;
            let (reach, ground) = data.asked.answer(shared)?;
            way.write(shown::dataset(reach, &ground, shared)?, out)
        }
        Verb::Outcomes(data) => {
            let way = data.way(shared, out)?;
            way.write(outcomes(&data.asked, shared)?, out)
        }
        Verb::Parquet(args) => {
            shared.text_or_json()?;
            events::run(args, shared, out)
        }
    }
}

impl<Q: clap::Args> Data<Q> {
    /// How it is written, known before anything is read.
    fn way<'a>(&'a self, shared: &'a Shared, out: &Out) -> Result<Way<'a>, Failure> {
        Way::of(self.table.as_deref(), shared, out)
    }
}

fn outcomes(asked: &Outcomes, shared: &Shared) -> Result<Dataset, Failure> {
    let log = store::opened(shared)?;
    let table = store::rows(shared, &log, &asked.reading)?;
    let commitment = log.head_at(table.position)?.commitment_digits();
    Ok(Dataset::outcomes(&table, shared.policy, &About { commitment: Some(commitment) })?)
}
