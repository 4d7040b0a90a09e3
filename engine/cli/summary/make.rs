//! `evenfield summary make`: what others need of this store to compare over several, and nothing else of it.

use std::path::PathBuf;

use event::Dimension;
use projections::catalog;
use projections::compare::Ask;
use projections::disclosure::Policy;

use super::super::compare::{cluster, dimensions, filter, measures, sensible};
use super::super::decide::{self, are_services, no_share};
use super::super::failure::Failure;
use super::super::known::{Known, WHERE};
use super::super::out::Out;
use super::super::store::{self, SheetArgs};
use super::super::{Format, Shared, progress};
use super::rounded;
use crate::replay::{Sheet, wanted};
use crate::report::counted;
use crate::summary::{self, For, SecretKey};

/// Count what a comparison needs of this store, and sign it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield summary make -o trust-one.summary\n  \
    evenfield summary make --by service --until 2026-03-31T00:00:00Z -o trust-one.summary\n  \
    evenfield summary make --for decide --adjust network --until 2026-03-31T00:00:00Z -o one.summary\n  \
    evenfield summary make --policy rounded --release -o trust-one.summary\n\n\
    All who compare together agree on the options and on --until: summaries merge only where they are the\n\
    same. Under the policy internal a summary holds exact counts by organisation and clinician, and\n\
    durations one by one: it is for those who may see these. Under the policy rounded it holds what a\n\
    rounded comparison shows, and no other number. Read it before it leaves: it is text.\n\
    For a decision it holds the quarters of an hour of consultations by organisation as well.\n\
    A closer look of a comparison (--adjust, --gaps, --across, --over, --learning, --switch, --times) needs the consultations\n\
    themselves, and cannot be asked of summaries.")]
pub(in super::super) struct Args {
    /// What may be asked of it: to compare alone, or to decide as well
    #[arg(long = "for", value_name = "QUESTION", value_enum, default_value_t)]
    purpose: Purpose,
    /// Only these measures, separated by commas; see `evenfield methods`. For a decision one [default: undisturbed]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    measure: Vec<String>,
    /// Apart by these dimensions, separated by commas. For a decision these are the strata [default: service]
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    /// For a decision: adjust strata for these dimensions
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    adjust: Vec<String>,
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
    /// What consultations share their luck by: auto, none or a dimension
    #[arg(long, value_name = "DIMENSION")]
    cluster: Option<String>,
    /// The key to sign with; one is made where there is none [default: beside the store]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    reading: SheetArgs,
}

/// What a summary is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Purpose {
    #[default]
    Compare,
    Decide,
}

impl Args {
    /// Says where others will not fit.
    fn note_until(&self, shared: &Shared) {
        if !self.reading.names_until() {
            shared.note(
                "no --until was named, and each log ends at its own: summaries merge only where it is the same, so name one \
                 for all",
            );
        }
    }

    fn ask(&self) -> Result<(Ask, For), Failure> {
        let mut ask = Ask {
            measures: measures(&self.measure)?,
            by: dimensions(&self.by)?,
            adjust: dimensions(&self.adjust)?,
            filter: filter(&self.filter)?,
            cluster: cluster(self.cluster.as_deref())?,
            ..Ask::default()
        };
        let purpose = match self.purpose {
            Purpose::Compare if self.adjust.is_empty() => For::Comparison,
            Purpose::Compare => {
                let why = "a comparison cannot be adjusted from summaries; a decision can: add --for decide";
                return Err(Failure::Usage(why.to_owned()));
            }
            Purpose::Decide => to_decide(&mut ask)?,
        };
        sensible(&ask)?;
        Ok((ask, purpose))
    }
}

/// Says that there is nothing to sum up, where there is nothing; of that there is no last day either.
pub(super) fn note_nothing(sheet: &Sheet, shared: &Shared) -> bool {
    let is_nothing = sheet.platforms().is_empty();
    if is_nothing {
        shared.note(
            "there is nothing to sum up yet, and the summary says so: `evenfield ingest FILE` takes some in",
        );
    }
    is_nothing
}

/// The question of a decision, as `evenfield decide` would have it.
fn to_decide(ask: &mut Ask) -> Result<For, Failure> {
    if ask.measures.is_empty() {
        ask.measures.extend(catalog::measure("undisturbed"));
    }
    let [measure] = &ask.measures[..] else {
        return Err(Failure::Usage("a decision is made by one measure: name one with --measure".to_owned()));
    };
    if ask.every_decision().is_none() {
        return Err(no_share(measure.name));
    }
    let usual_strata = are_services(ask);
    if usual_strata {
        ask.by.push(Dimension::Service);
    }
    Ok(For::Decision { usual_strata })
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.format() != Format::Table && !shared.is_json() {
        return Err(Failure::Usage("a summary has one form, which is JSON: leave --format out".to_owned()));
    }
    let (ask, purpose) = args.ask()?;
    if shared.policy != Policy::Internal && purpose != For::Comparison {
        let why = "a decision rests on exact counts by organisation, which no policy that hides shows: leave --for decide \
                   out, or ask --policy internal for those who may see such numbers";
        return Err(Failure::Usage(why.to_owned()));
    }
    let log = store::open(shared)?;
    let wanted = match purpose {
        For::Comparison => wanted(&ask),
        For::Decision { .. } => decide::Asked::wanted(&ask),
    };
    let sheet = store::sheet(shared, &log, &args.reading, &wanted)?;
    sheet.note_unknown_levels(&ask.filter, shared);
    let path = SecretKey::place(args.key.as_deref(), &shared.store)?;
    let (key, is_new) = SecretKey::load_or_make(&path)?;
    if is_new {
        shared.note(&format!(
            "a key was made in {}: keep it where nobody else reads it, and tell those who check your summaries the \
             public one, {}",
            path.display(),
            key.public()
        ));
    }
    args.note_until(shared);
    if shared.policy != Policy::Internal {
        return out.bytes(&rounded::sealed((&log, &sheet), &ask, &key, shared)?);
    }
    let (manifest, counted_of) = progress::reasoning(shared, "counting", || {
        summary::make(&log, &sheet, (&ask, purpose), key.public(), shared.threads())
    })??;
    if !note_nothing(&sheet, shared) {
        shared.note(&format!(
            "{} summed up as of {}, with exact counts and nothing hidden (policy internal)",
            counted(manifest.consultations, "consultation"),
            manifest.parameters.until
        ));
    }
    out.bytes(&summary::seal(&manifest, &counted_of, &key))
}
