//! `evenfield explain`: from a claim down to the events.

use std::collections::BTreeMap;

use projections::catalog;
use projections::compare::{Ask, Claim, Counted, Rule};
use projections::reliability::drops::ANY_DROP;

use super::asked::{self, Question};
use super::choose::unknown;
use super::compare::{self, AskArgs};
use super::decide;
use super::failure::Failure;
use super::out::Out;
use super::progress;
use super::store::{self, ReadingArgs, SheetArgs};
use super::{Format, Shared};
use crate::log::Log;
use crate::replay::{compare, evidence, wanted};
use crate::report::{self, Explained, Traced};

/// Show what stands behind a claim of `evenfield compare` or `decide`: the rule, the numbers, the consultations that
/// were counted, and the events of some of them.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield explain c-bc718622af52\n  \
    evenfield explain c-a1933be385c2 --by service --show 20\n\n\
    A claim is named by its question. What was asked of this store is found by the name; of any other claim, give the\n\
    options of the comparison that made it.")]
pub(super) struct Args {
    /// The name of the claim, as `evenfield compare` and `decide` tell it
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
    args.ask.ask(&args.platforms)?;
    let log = store::opened(shared)?;
    let made = args.made(&log, shared)?;
    let table = store::rows(shared, &log, &made.reading)?;
    let evidence = evidence(&table, &made.ask, &made.claim, shared.threads())?;
    let claim = made.claim;
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

/// A claim, and how it was come to.
struct Made {
    claim: Claim,
    ask: Ask,
    reading: ReadingArgs,
}

impl Args {
    /// The claim that is asked about, made again: by the question that led to it, or else by the options given, or
    /// else by the usual ones. A name stands for one question, so that no options can make it another claim.
    fn made(&self, log: &Log, shared: &Shared) -> Result<Made, Failure> {
        let given =
            compare::Asked { platforms: self.platforms.clone(), ask: self.ask.clone(), grace_ms: None };
        let is_plain = given == compare::Asked::default();
        let known = asked::question(&self.claim, log);
        let is_known = known.is_some();
        let (made, mut names) = self.claims(known.unwrap_or(Question::Compare(given)), log, shared)?;
        if let Some(made) = made {
            return Ok(made);
        }
        if is_plain && !is_known {
            let (made, more) = self.claims(Question::Decide(decide::Asked::usual()?), log, shared)?;
            if let Some(made) = made {
                return Ok(made);
            }
            names.extend(more);
        }
        names.extend(asked::names(log));
        Err(self.not_made(&names, is_known))
    }

    /// The claim, if this question leads to it, and the names of all that it leads to.
    fn claims(
        &self,
        question: Question,
        log: &Log,
        shared: &Shared,
    ) -> Result<(Option<Made>, Vec<String>), Failure> {
        let (claims, ask, reading) = match question {
            Question::Compare(asked) => {
                let reading = self.reading.with_grace_of(asked.grace_ms);
                let mut ask = asked.ask.ask(&asked.platforms)?;
                // Times are about calls that drop, whatever measures they were asked for beside.
                let is_there = ask.measures.iter().any(|one| one.name == ANY_DROP.name);
                if ask.times && !ask.measures.is_empty() && !is_there {
                    ask.measures.push(&ANY_DROP);
                }
                let sheet = store::sheet(shared, log, &SheetArgs::kept(reading.clone()), &wanted(&ask))?;
                let found =
                    progress::reasoning(shared, "comparing", || compare(&sheet, &ask, shared.threads()))?;
                (found?.claims, ask, reading)
            }
            Question::Decide(asked) => {
                let reading = self.reading.with_grace_of(asked.grace_ms());
                let (ask, decided) = asked.answer(&SheetArgs::kept(reading.clone()), log, shared)?;
                (decided.claim.into_iter().collect(), ask, reading)
            }
        };
        let names = claims.iter().map(|claim| claim.claim.clone()).collect();
        let made = claims.into_iter().find(|claim| claim.claim == self.claim);
        Ok((made.map(|claim| Made { claim, ask, reading }), names))
    }

    /// That nothing led to the claim.
    fn not_made(&self, names: &[String], is_known: bool) -> Failure {
        let name = &self.claim;
        Failure::Usage(match super::choose::nearest(name, names) {
            Some(_) => unknown("claim", name, names),
            None if is_known => format!(
                "{name:?} is not claimed any more by the question that once led to it: what it was about, or a file \
                 that it named, has changed; --as-of reads the store as it was"
            ),
            None => format!(
                "nothing that was asked of this store led to a claim {name:?}; ask `evenfield compare` or `decide` \
                 again as it was made, and take its name from there"
            ),
        })
    }
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
