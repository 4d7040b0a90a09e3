//! `evenfield explain`: from a claim down to the events.

use std::collections::BTreeMap;

use projections::catalog;
use projections::compare::{Claim, Counted, Rule};
use projections::reliability::drops::ANY_DROP;

use super::choose::unknown;
use super::compare::AskArgs;
use super::failure::Failure;
use super::out::Out;
use super::store::{self, ReadingArgs};
use super::{Format, Shared};
use crate::log::Log;
use crate::replay::{compare, evidence};
use crate::report::{self, Explained, Traced};

/// Show what stands behind a claim of `evenfield compare`: the rule, the numbers, the consultations that were counted,
/// and the events of some of them.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield explain c-bc718622af52\n  \
    evenfield explain c-a1933be385c2 --by service --show 20\n\n\
    A claim is named by its question: ask with the options of the comparison that made it.")]
pub(super) struct Args {
    /// The name of the claim, as `evenfield compare` tells it
    #[arg(value_name = "CLAIM")]
    claim: String,
    /// The platforms that were compared; none: all of them
    #[arg(value_name = "PLATFORM")]
    platforms: Vec<String>,
    /// How many consultations of each kind to show with their events
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    show: u16,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let mut ask = args.ask.ask(&args.platforms)?;
    // Times are about calls that drop, whatever measures they were asked for beside.
    if ask.times && !ask.measures.is_empty() && !ask.measures.iter().any(|one| one.name == ANY_DROP.name) {
        ask.measures.push(&ANY_DROP);
    }
    let log = store::open(shared)?;
    let table = store::rows(shared, &log, &args.reading)?;
    let comparison = compare(&table, &ask, shared.threads())?;
    let claim = find(&args.claim, comparison.claims)?;
    let evidence = evidence(&table, &ask, &claim, shared.threads())?;
    let explained = Explained {
        schema: "evenfield.explain/1",
        position: table.position.0,
        parameters: table.parameters,
        rule_words: Rule::from_name(claim.rule).map(Rule::words).unwrap_or_default(),
        definition: catalog::measure(claim.subject.measure).map_or("", |measure| measure.definition),
        events: traced(&log, table.position, &shown(&evidence, args.show.into()))?,
        claim,
        evidence,
    };
    match shared.format() {
        Format::Json | Format::Ndjson => out.document(&explained),
        _ => out.text(&report::explained(&explained)),
    }
}

/// The claim of that name.
fn find(name: &str, claims: Vec<Claim>) -> Result<Claim, Failure> {
    let names: Vec<String> = claims.iter().map(|claim| claim.claim.clone()).collect();
    claims.into_iter().find(|claim| claim.claim == name).ok_or_else(|| {
        let near = super::choose::nearest(name, &names).is_some();
        let why = if near { unknown("claim", name, &names) } else { format!("this comparison does not claim {name:?}") };
        Failure::Usage(format!("{why}; ask with the options of the comparison that made it (`evenfield compare` tells its claims; what stands behind that of `evenfield decide` is told there)"))
    })
}

/// Of each platform some consultations that hold and some that do not, by name.
fn shown<'a>(evidence: &[Counted<'a>], most: usize) -> Vec<&'a str> {
    let mut taken: BTreeMap<(&str, Option<bool>), usize> = BTreeMap::new();
    let mut names = Vec::new();
    for one in evidence {
        let so_far = taken.entry((one.platform.as_str(), one.x.map(|x| x > 0))).or_default();
        if *so_far < most {
            *so_far += 1;
            names.push(one.consultation);
        }
    }
    names
}

/// The events of these consultations, which are in order.
fn traced(log: &Log, to: crate::log::Position, consultations: &[&str]) -> Result<Vec<Traced>, Failure> {
    if consultations.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for stored in log.events(..=to) {
        let stored = stored?;
        let event = stored.event;
        if consultations.binary_search(&event.consultation.as_str()).is_ok() {
            found.push(Traced {
                kind: event.payload.kind().name(),
                at: event.at.to_string(),
                position: stored.position.0,
                consultation: event.consultation,
                source: event.source,
                id: event.id,
            });
        }
    }
    found.sort_by(|a, b| (&a.consultation, a.position).cmp(&(&b.consultation, b.position)));
    Ok(found)
}
