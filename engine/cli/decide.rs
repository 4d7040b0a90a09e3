//! `evenfield decide`: one platform for all, or a range.

use event::Dimension;
use projections::catalog;
use projections::compare::{Ask, ClusterChoice};
use projections::stats::decision::policy::Rule;

use super::choose::choose;
use super::compare;
use super::failure::Failure;
use super::out::Out;
use super::store::{self, SheetArgs};
use super::{Format, Shared};
use crate::replay::{decide, wanted};
use crate::report;

/// Standardise or range: whether every service should choose its own platform or all should use one, as far as the
/// events tell.
///
/// The value of a consultation is the share of a measure, undisturbed consultations unless another is named. A range
/// must gain a difference that matters (--delta), or what its platforms cost (--price), with the certainty of --level.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield decide\n  \
    evenfield decide --by appointment --delta 0.02\n  \
    evenfield decide zoom attend-anywhere --price 0.005 --json\n\n\
    Strata are services unless --by names others. Thin strata are drawn towards what a platform is elsewhere. What\n\
    a platform can do, what it costs, and what people can use is not in the events: this is one reason among others.")]
pub(super) struct Args {
    /// Platforms to choose from; none: all of them
    #[arg(value_name = "PLATFORM")]
    platforms: Vec<String>,
    /// The measure whose share is the value of a consultation
    #[arg(long, value_name = "NAME", default_value = "undisturbed")]
    measure: String,
    /// Strata that may use different platforms, by these dimensions, separated by commas [default: service]
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    /// Only consultations with these levels; may be given more than once
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...")]
    filter: Vec<String>,
    /// What consultations share their luck by: auto, none or a dimension
    #[arg(long, value_name = "DIMENSION")]
    cluster: Option<String>,
    /// The difference that matters, as a share: 0.01 is 10 in 1,000 consultations
    #[arg(long, value_name = "SHARE", value_parser = compare::margin, default_value = "0.01")]
    delta: f64,
    /// What each platform beyond the first costs (training, support, procurement), in the same unit
    #[arg(long, value_name = "SHARE", value_parser = price, default_value = "0")]
    price: f64,
    /// How sure a verdict must be, and the coverage of limits
    #[arg(long, value_name = "SHARE", value_parser = compare::level, default_value = "0.95")]
    level: f64,
    #[command(flatten)]
    reading: SheetArgs,
}

fn price(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(price) if (0.0..=1.0).contains(&price) => Ok(price),
        _ => Err("write a share from 0 to 1, such as 0.005 for 5 in 1,000 consultations".to_owned()),
    }
}

impl Args {
    fn ask(&self) -> Result<Ask, Failure> {
        let names = catalog::MEASURES.map(|measure| measure.name);
        let measure = choose("measure", &self.measure, catalog::measure(&self.measure), names)?;
        let mut filter = compare::filter(&self.filter)?;
        filter.platforms(&self.platforms);
        let ask = Ask {
            measures: vec![measure],
            by: compare::dimensions(&self.by)?,
            filter,
            cluster: compare::cluster(self.cluster.as_deref())?,
            level: self.level,
            ..Ask::default()
        };
        compare::sensible(&ask)?;
        Ok(ask)
    }
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let mut ask = args.ask()?;
    let log = store::open(shared)?;
    let mut dimensions = wanted(&ask);
    dimensions.extend([Dimension::Service, Dimension::Organisation]);
    let sheet = store::sheet(shared, &log, &args.reading, &dimensions)?;
    compare::known_platforms(&sheet, &args.platforms, None)?;
    compare::note_unknown_levels(&sheet, &ask.filter, shared);
    if ask.by.is_empty() && compare::is_recorded(&sheet, Dimension::Service) {
        let clustered = matches!(ask.cluster, ClusterChoice::By(Dimension::Service));
        ask.by.extend((!clustered).then_some(Dimension::Service));
    }
    compare::recorded(&sheet, &ask)?;
    let rule = Rule { delta: args.delta, price: args.price, level: args.level };
    let Some(decided) = decide(&sheet, &ask, &rule, shared.threads())? else {
        return Err(Failure::Usage(format!(
            "{} is no share of consultations: a decision needs one, such as undisturbed or completed_on_video",
            args.measure
        )));
    };
    if matches!(shared.format(), Format::Plain | Format::Csv | Format::Md) {
        shared.note(
            "the verdict and its reasons are not in this form, which has a row a cell; --json has all of it",
        );
    }
    match shared.format() {
        Format::Json | Format::Ndjson => out.document(&decided),
        Format::Table => out.text(&report::decided(&decided)),
        Format::Plain => out.text(&report::decided_rows(&decided, report::Form::Plain)),
        Format::Csv => out.text(&report::decided_rows(&decided, report::Form::Csv)),
        Format::Md => out.text(&report::decided_rows(&decided, report::Form::Markdown)),
    }
}
