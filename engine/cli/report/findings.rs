//! What a report rests on: one replay, a comparison of everything, a closer look where nothing is hidden, and a decision,
//! each as far as the policy shows it. What leaves here has passed the boundary; `build` writes it.

use event::{Dimension, NOT_RECORDED};
use projections::catalog;
use projections::compare::{Ask, Comparison};
use projections::disclosure::Policy;
use projections::filter::Filter;
use projections::measure::Measure;
use projections::period::Period;
use projections::stats::Status;

use super::super::asked::Question;
use super::super::decide;
use super::super::failure::Failure;
use super::super::ground::Ground;
use super::super::known::Known;
use super::super::progress;
use super::super::shown;
use super::super::{Shared, compare as asking};
use super::build::Args;
use crate::replay::{Scope, Sheet, compare, scope, wanted};
use crate::report::{self, About, Asked, Findings, Synthetic};

/// The measures that a closer look is taken at.
const LOOKED_AT: [&str; 3] = ["undisturbed", "connection_success", "any_drop"];
/// So many platforms may be looked at closely in all of them; of more, in the first alone: nobody reads dozens of charts.
const FEW_PLATFORMS: usize = 3;
/// The groups between which gaps are looked for, where they were recorded.
const GROUPS: [Dimension; 6] = [
    Dimension::DeprivationQuintile,
    Dimension::Device,
    Dimension::Network,
    Dimension::AgeBand,
    Dimension::Interpreter,
    Dimension::FirstUse,
];

/// Everything that a report rests on.
pub(super) fn findings(args: &Args, shared: &Shared) -> Result<Findings, Failure> {
    let ask = args.question.ask()?;
    let declared = args.question.declared()?;
    let ground = Ground::of(shared)?;
    let mut dimensions = decide::Asked::wanted(&ask);
    dimensions.extend(wanted(&Ask { gaps: GROUPS.to_vec(), learning: true, ..Ask::default() }));
    let sheet = ground.sheet(shared, &args.reading, &dimensions)?;
    let threads = shared.threads();
    let whole = Ask { measures: Vec::new(), by: Vec::new(), adjust: Vec::new(), ..ask.clone() };
    let about = scope(&sheet, &whole, threads);
    let comparison = progress::reasoning(shared, "comparing", || compare(&sheet, &whole, threads))??;
    let looks = closer(&sheet, &whole, (&comparison, &about), shared)?;
    let (decided, profiles) = args.question.answered((ask, declared), &sheet, shared)?;
    let compared = |ask: &Ask| Question::Compare(asking::Asked::of(ask, args.reading.grace_ms()));
    for (ask, comparison) in
        [(&whole, &comparison)].into_iter().chain(looks.iter().map(|(ask, closer)| (ask, closer)))
    {
        ground.keep(compared(ask), &comparison.claims, shared);
    }
    ground.keep(args.question.question(&args.reading), &decided.claim, shared);
    let looked_at = looks.as_ref().map(|(ask, _)| ask.measures.clone()).unwrap_or_default();
    let closer = looks.map(|(_, closer)| closer);
    let until = comparison.parameters.until;
    let commitment = ground.commitment(sheet.position)?;
    let position = (shared.policy == Policy::Internal).then_some(sheet.position.0);
    let mut together = shown::Together::begin(shared)?;
    let comparison = together.show(comparison)?;
    let closer = closer.map(|closer| together.show(closer)).transpose()?;
    let decided = together.show(decided).map_err(|why| why.to_string());
    together.end()?;
    let asked = Asked {
        schema: "evenfield.report/1".to_owned(),
        policy: shared.policy.name().to_owned(),
        options: options(args, shared, position, &until.to_string()),
        position,
        commitment: Some(commitment),
        logs: Vec::new(),
    };
    let words = args.question.words();
    Ok(Findings {
        about: About {
            title: args.title.clone(),
            asked,
            until,
            months: about.months,
            organisations: Some(about.organisations),
            synthetic: Synthetic::of(about.synthetic, about.sources),
            filter: picked(&whole.filter),
            explain: report::spoken(&explain(&words)),
            decide: report::spoken(&words),
            profiles,
            services: services(&sheet),
            looked_at,
            see_apart: false,
        },
        comparison,
        closer,
        decided,
    })
}

/// The services that consultations are of.
fn services(sheet: &Sheet) -> Vec<String> {
    sheet.levels(Dimension::Service).into_iter().filter(|level| level != NOT_RECORDED).collect()
}

/// A closer look at what matters most; nothing where the policy hides.
fn closer(
    sheet: &Sheet,
    whole: &Ask,
    (comparison, about): (&Comparison, &Scope),
    shared: &Shared,
) -> Result<Option<(Ask, Comparison)>, Failure> {
    if shared.policy != Policy::Internal || comparison.rows.is_empty() {
        return Ok(None);
    }
    let is_recorded = |dimension: &Dimension| sheet.is_recorded(*dimension);
    let is_told = |measure: &&'static Measure| {
        let mut rows = comparison.rows.iter().filter(|row| row.measure == measure.name);
        rows.all(|row| !matches!(row.status, Status::NotMeasured(_)))
    };
    let measures = LOOKED_AT.iter().filter_map(|name| catalog::measure(name)).filter(is_told);
    let mut measures: Vec<&'static Measure> = measures.collect();
    if comparison.platforms.len() > FEW_PLATFORMS {
        measures.truncate(1);
    }
    let ask = Ask {
        measures,
        gaps: GROUPS.into_iter().filter(is_recorded).collect(),
        across: Some(Dimension::Organisation).filter(is_recorded),
        over: Some(match about.days {
            0..=90 => Period::Day,
            91..=400 => Period::Week,
            _ => Period::Month,
        }),
        learning: is_recorded(&Dimension::Clinician),
        times: true,
        ..whole.clone()
    };
    let closer = progress::reasoning(shared, "looking closer", || compare(sheet, &ask, shared.threads()))??;
    Ok(Some((ask, closer)))
}

/// How the report is asked for again: with the position, where it may be told, and up to when in any case.
fn options(args: &Args, shared: &Shared, position: Option<u64>, until: &str) -> Vec<String> {
    let mut words = args.question.words();
    let mut say = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
    args.title.iter().for_each(|title| say("--title", title));
    say("--policy", shared.policy.name());
    position.iter().for_each(|position| say("--as-of", &position.to_string()));
    say("--until", until);
    args.reading.grace_ms().iter().for_each(|grace_ms| say("--grace-ms", &grace_ms.to_string()));
    words
}

/// The options of a question that `explain` takes, too.
fn explain(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            kept.push(word.clone());
            continue;
        }
        let value = words.next();
        if ["--where", "--cluster", "--level"].contains(&word.as_str()) {
            kept.push(word.clone());
            kept.extend(value.cloned());
        }
    }
    kept
}

/// Which consultations a question picks out, in words.
pub(in crate::cli) fn picked(filter: &Filter) -> String {
    let picked = filter.iter().map(|(dimension, levels)| {
        let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
        format!("{} {}", dimension.name().replace('_', " "), levels.join(" or "))
    });
    picked.collect::<Vec<_>>().join(", ")
}
