//! What we found: the verdict, the differences that matter most and the widest gap between groups of people, each with why
//! it is said.

use projections::compare::{Claim, Rule, Verdict};

use super::super::page::{Block, Cell, Claimed, Table};
use super::range;
use super::seen::{Differs, Seen, unit};
use super::{Context, percent, pictured};

/// The measures that stand for what people notice first.
const HEADLINES: [&str; 8] = [
    "undisturbed",
    "connection_success",
    "terminal_failure",
    "any_drop",
    "patient_rating",
    "completed_on_video",
    "help_requested",
    "clinician_rating",
];
/// So many claims at most.
const MOST: usize = 5;

pub(super) fn found(context: &Context<'_>) -> Vec<Block> {
    let verdict = context.decided.as_ref().ok().and_then(|decided| range::claim(context, decided));
    let mut blocks: Vec<Block> = verdict.into_iter().map(Block::Claim).collect();
    let gap = widest_gap(context);
    let room = MOST - blocks.len() - usize::from(gap.is_some());
    blocks.extend(headlines(context).into_iter().take(room).map(|one| Block::Claim(claimed(context, one))));
    blocks.extend(gap.map(Block::Claim));
    if blocks.is_empty() {
        let why = match context.compared.platforms.len() {
            0 | 1 => "it takes consultations of two platforms or more",
            _ => "there are too few consultations behind every finding, or too few of them may be shown",
        };
        let next = match context.is_merged() {
            true => "Ask more organisations for summaries",
            false => "Take in events with `evenfield ingest FILE`",
        };
        blocks.push(Block::Missing(format!(
            "Nothing can be said yet: {why}. {next}, then build this report again."
        )));
    }
    blocks
}

/// The differences worth a headline: clear ones first, in the order of what people notice.
fn headlines<'a>(context: &'a Context<'_>) -> Vec<&'a Differs> {
    let place = |one: &Differs| HEADLINES.iter().position(|name| *name == one.measure.name);
    let rank = |one: &Differs| match one.verdict {
        Verdict::Better | Verdict::Worse | Verdict::Higher | Verdict::Lower => 0,
        Verdict::NoClearDifference => 1,
        Verdict::InsufficientEvidence => 2,
        Verdict::NotComparable => 3,
    };
    let all = context.compared.differences.iter().filter(|one| !one.one_sided);
    let mut found: Vec<_> = all.filter_map(|one| Some((rank(one), place(one)?, one))).collect();
    found.retain(|(rank, ..)| *rank < 3);
    found.sort_by_key(|(rank, place, one)| (*rank, *place, one.platform.clone()));
    found.into_iter().map(|(.., one)| one).collect()
}

fn claimed(context: &Context<'_>, one: &Differs) -> Claimed {
    let [mine, theirs] = [&one.platform, &one.reference].map(|platform| context.compared.row(one, platform));
    let values = mine.and_then(|row| row.value).zip(theirs.and_then(|row| row.value));
    let shares = mine.and_then(Seen::share).zip(theirs.and_then(Seen::share));
    let unit = unit(one.measure).of_all(values.iter().flat_map(|(mine, theirs)| [*mine, *theirs]));
    let plain = match (values, shares) {
        (Some((mine, theirs)), Some((my_share, their_share))) => {
            let picture = pictured(&[my_share, their_share]);
            format!(
                "On {} it is about {} ({}), on {} about {} ({}).",
                one.platform,
                picture[0],
                percent(my_share, mine),
                one.reference,
                picture[1],
                percent(their_share, theirs)
            )
        }
        (Some((mine, theirs)), None) => {
            format!("{} on {}, {} on {}.", unit.show(mine), one.platform, unit.show(theirs), one.reference)
        }
        (None, _) => one.reason.clone().map(|why| format!("{why}.")).unwrap_or_default(),
    };
    let limits = one.change().map(|change| format!("Difference {change}, with 95 % limits."));
    let counts = [mine, theirs]
        .into_iter()
        .flatten()
        .filter(|row| row.n.is_some())
        .map(|row| vec![Cell::Words(row.platform.clone()), Cell::Count(row.x), Cell::Count(row.n)]);
    let counts: Vec<Vec<Cell>> = counts.collect();
    let mut why = vec![
        Block::Words(format!("{}: {}", one.measure.title, one.measure.definition)),
        Block::Words(Rule::Difference.words()),
    ];
    if !counts.is_empty() {
        why.push(Block::Table(Table {
            caption: format!("What was counted: {}", one.measure.within_sentence()),
            head: ["Platform", "Of them", "All"].map(str::to_owned).to_vec(),
            rows: counts,
        }));
    }
    why.extend(explain(context, &one.claim));
    Claimed { sentence: one.sentence(), plain, limits: limits.unwrap_or_default(), why }
}

/// The widest clear gap between groups of people by the first measure that is looked at closely: platforms that are alike
/// on average need not be for everybody.
fn widest_gap(context: &Context<'_>) -> Option<Claimed> {
    let measure = *context.about.looked_at.first()?;
    let is_clear = |claim: &&Claim| {
        let lies_aside = ["better", "worse", "higher", "lower"].contains(&claim.verdict);
        claim.rule == Rule::Gap.name() && claim.subject.measure == measure.name && lies_aside
    };
    let width = |claim: &Claim| claim.numbers.get("value").map_or(0.0, |value| value.abs());
    let claims = context.closer?.claims.iter().filter(is_clear);
    let claim = claims.max_by(|a, b| width(a).total_cmp(&width(b)))?;
    let (sentence, change) = claim.words.split_once("; difference ")?;
    let value = |name: &str| claim.numbers.get(name).map(|value| unit(measure).show(*value));
    let (group, than) = (value("group_value")?, value("than_value")?);
    let mut why = vec![
        Block::Words(format!("{}: {}", measure.title, measure.definition)),
        Block::Words(Rule::Gap.words()),
    ];
    why.extend(explain(context, &claim.claim));
    Some(Claimed {
        sentence: sentence.to_owned(),
        plain: format!(
            "{group} against {than}. It is the widest gap of those that are clear; below are all of them."
        ),
        limits: format!("Difference {change}, with 95 % limits."),
        why,
    })
}

/// How to look further into a claim.
pub(super) fn explain(context: &Context<'_>, claim: &str) -> Vec<Block> {
    if context.is_merged() {
        let words = "the events behind it lie in the logs that were summed up, and stay there";
        return vec![Block::Note(format!("This is claim {claim}: {words}."))];
    }
    let who = match context.note.name {
        "internal" => "shows the consultations and events behind it",
        _ => "shows, to those who may see them, the consultations and events behind it",
    };
    vec![
        Block::Note(format!("This is claim {claim}. This command {who}:")),
        Block::Command(format!("evenfield explain {claim}{}", context.about.explain)),
    ]
}
