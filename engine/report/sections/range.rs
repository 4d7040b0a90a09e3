//! One platform or a range: the verdict, what more platforms bring, what a bad day takes, what is needed, and what other
//! priorities would favour.

use projections::catalog;
use projections::compare::{Decided, Rule};
use projections::profiles::{Profiles, State};

use super::super::chart::{Axis, ChartSpec, Kind, Point, Series, Unit};
use super::super::decided::because;
use super::super::page::{Block, Cell, Claimed, Figure, Table, Told};
use super::Context;
use super::seen::{Used, Verdicts};

/// The colour and shape of a range, which is no platform's.
const STYLE_OF_RANGES: usize = 4;

/// The verdict as it stands among all claims of the report.
pub(super) fn told(decided: &Verdicts<'_>) -> Option<Told> {
    match decided.whole {
        Some(whole) => whole.claim.as_ref().map(Told::from),
        None => decided.claim.as_ref().map(|claim| Told::of(claim, &decided.verdict, sentence(decided))),
    }
}

/// The verdict in a sentence.
fn sentence(decided: &Verdicts<'_>) -> String {
    match (decided.verdict.as_str(), best_range(decided), decided.frontier.first()) {
        ("no_material_difference", ..) => {
            "No difference that matters: choose on price, and on what people need.".to_owned()
        }
        ("range", Some(range), _) => format!("Allow a range: {}.", used(range)),
        ("standardise", _, Some(single)) => format!("Standardise on {}.", single.platforms.join(", ")),
        _ => "We cannot say yet whether one platform for all or a range is better.".to_owned(),
    }
}

fn best_range<'a>(decided: &'a Verdicts<'_>) -> Option<&'a Used> {
    let size = decided.range?;
    decided.frontier.iter().find(|step| step.platforms.len() as u64 == size)
}

/// Which platform is used where.
fn used(step: &Used) -> String {
    let by = |platform: &String| {
        let strata = step.uses.iter().filter(|(_, used)| *used == platform);
        format!(
            "{platform} for {}",
            strata.map(|(stratum, _)| stratum.as_str()).collect::<Vec<_>>().join(", ")
        )
    };
    step.platforms.iter().map(by).collect::<Vec<_>>().join("; ")
}

/// The verdict with its grounds.
pub(super) fn claim(context: &Context<'_>, decided: &Verdicts<'_>) -> Option<Claimed> {
    if decided.cells.is_empty() && decided.frontier.is_empty() {
        return None;
    }
    let measure = decided.measure.map(|measure| measure.within_sentence()).unwrap_or_default();
    let per_thousand =
        |share: Option<f64>| share.map(|share| format!("{:.0}", share * 1_000.0)).unwrap_or_default();
    let by = match decided.by.as_str() {
        "" => "all together".to_owned(),
        by => format!("by {}", by.replace('_', " ")),
    };
    let price = match decided.price {
        Some(price) if price > 0.0 => format!("costs {} in 1,000", per_thousand(Some(price))),
        _ => "is taken to cost nothing".to_owned(),
    };
    let plain = format!(
        "The value of a consultation is taken as: {measure}; {by}. A difference of {} in 1,000 consultations matters, and \
         each further platform {price}.",
        per_thousand(decided.delta),
    );
    let mut why = vec![Block::Words(Rule::Verdict.words())];
    let limits = match decided.whole {
        Some(whole) => {
            let mut lines = because(whole).into_iter();
            let first = lines.next().unwrap_or_default();
            why.extend(lines.map(Block::Words));
            first
        }
        None => "How sure that is, and what a range would gain, rests on exact counts and is not shown here."
            .to_owned(),
    };
    why.extend(decided.claim.iter().map(|claim| Block::Note(format!("This is claim {claim}."))));
    let (of, ask) = match context.is_merged() {
        true => (" of the summaries made --for decide", "summary merge FILE... --decide"),
        false => ("", "decide"),
    };
    why.push(Block::Note(format!("This command asks the same question{of}:")));
    why.push(Block::Command(format!("evenfield {ask}{}", context.about.decide)));
    Some(Claimed { sentence: sentence(decided), plain, limits, why })
}

pub(super) fn range(context: &Context<'_>) -> Vec<Block> {
    let decided = match &context.decided {
        Ok(decided) => decided,
        Err(why) => return vec![Block::Missing(format!("Nothing is shown here: {why}."))],
    };
    let Some(claimed) = claim(context, decided) else {
        return vec![Block::Missing(
            "There are no consultations to decide about: it takes two platforms or more that both sides attempted to use."
                .to_owned(),
        )];
    };
    let mut blocks = vec![Block::Claim(claimed)];
    match decided.whole {
        Some(whole) => {
            blocks.extend(frontier(context, whole));
            blocks.extend(concentration(context, whole));
        }
        None => blocks.push(context.hidden("What more platforms bring, and what a bad day takes, are")),
    }
    blocks.extend(cells(decided));
    blocks
}

/// The value of the best set of each size.
fn frontier(context: &Context<'_>, decided: &Decided) -> Option<Block> {
    let points = decided.frontier.iter().map(|step| Point {
        label: step.platforms.join(", "),
        at: Some(step.platforms.len() as f64),
        value: Some(step.value),
        limits: Some([step.lo, step.hi]),
        ..Point::default()
    });
    let measure = catalog::measure(decided.measure)?;
    let chart = ChartSpec {
        kind: Kind::Frontier,
        name: "frontier".to_owned(),
        title: "What more platforms bring".to_owned(),
        subtitle: format!(
            "{} expected with the best set of each size, with {:.0} % limits; {}; n = {}",
            measure.title,
            decided.level * 100.0,
            context.when(),
            super::grouped(decided.n)
        ),
        across: Axis { title: "Number of platforms".to_owned(), unit: Unit::Count },
        values: Axis { title: format!("Expected share: {}", measure.within_sentence()), unit: Unit::Share },
        series: vec![Series { name: String::new(), style: 0, is_line: false, points: points.collect() }],
        marked: Vec::new(),
        further: "",
    };
    let says = match (&decided.frontier[..], decided.gain) {
        ([], _) => return None,
        ([only], _) => format!("Only {} can be chosen.", only.platforms.join(", ")),
        ([single, ..], Some([gain, lo, hi])) => format!(
            "The best single platform is {}. A range would gain {} in 1,000 consultations over it ({} to {}).",
            single.platforms.join(", "),
            thousandths(gain),
            thousandths(lo),
            thousandths(hi)
        ),
        ([single, ..], None) => format!("The best single platform is {}.", single.platforms.join(", ")),
    };
    Some(Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

fn thousandths(share: f64) -> String {
    Unit::Count.show(share * 1_000.0)
}

/// What a bad day takes under every policy.
fn concentration(context: &Context<'_>, decided: &Decided) -> Option<Block> {
    let found = decided.concentration.as_ref()?;
    if let Some(reason) = &found.reason {
        return Some(Block::Missing(format!("What a bad day would take cannot be told: {reason}.")));
    }
    let of = |laid: &projections::compare::Laid| {
        let single = matches!(&laid.platforms[..], [_]);
        let name = match &laid.platforms[..] {
            [one] => format!("{one} for all"),
            more => format!("a range of {}", more.join(", ")),
        };
        let point = Point {
            value: Some(laid.shortfall),
            further: Some(laid.worst),
            note: format!("worst day {}", laid.worst_day),
            ..Point::default()
        };
        let style = match single {
            true => context.compared.style(&laid.platforms[0]),
            false => STYLE_OF_RANGES,
        };
        Series { name, style, is_line: false, points: vec![point] }
    };
    let chart = ChartSpec {
        kind: Kind::Concentration,
        name: "bad-days".to_owned(),
        title: match found.pulls_apart {
            Some(_) => "Average and bad days point different ways".to_owned(),
            None => "What a bad day would take".to_owned(),
        },
        subtitle: format!(
            "Consultations failing beyond the usual on the worst twentieth of days (filled) and on the worst day (hollow), \
             of {} days; {}",
            super::grouped(found.days),
            context.when()
        ),
        across: Axis { title: String::new(), unit: Unit::Number },
        values: Axis { title: "Mean of the worst days".to_owned(), unit: Unit::Number },
        series: found.policies.iter().map(of).collect(),
        marked: Vec::new(),
        further: "On the worst day",
    };
    let told = chart.points().filter_map(|(series, point)| {
        Some(format!("{}: {} more fail", series.name, Unit::Number.show(point.value?)))
    });
    let says = format!(
        "On the worst twentieth of days \u{2013} {}. That is counted of the days there were, and has no limits.",
        told.collect::<Vec<_>>().join("; ")
    );
    (!chart.is_empty()).then(|| Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// What was seen of every platform in every stratum.
fn cells(decided: &Verdicts<'_>) -> Option<Block> {
    let share =
        |share: Option<f64>| share.map_or_else(|| "not shown".to_owned(), |share| Unit::Share.show(share));
    let rows = decided.cells.iter().map(|cell| {
        vec![
            Cell::Words(cell.stratum.clone()),
            Cell::Words(cell.platform.clone()),
            Cell::Count(cell.x),
            Cell::Count(cell.n),
            Cell::Number(share(cell.seen)),
        ]
    });
    let measure = decided.measure.map(|measure| measure.within_sentence()).unwrap_or_default();
    let table = Table {
        caption: format!("What was seen where: {measure}"),
        head: ["Stratum", "Platform", "Of them", "All", "Share"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    };
    (!table.rows.is_empty()).then(|| Block::More("What was seen where".to_owned(), vec![Block::Table(table)]))
}

pub(super) fn needs(context: &Context<'_>) -> Vec<Block> {
    let Some(profiles) = &context.about.profiles else {
        return vec![Block::Missing(format!(
            "Events do not say what a platform can do: a waiting room, captions, an interpreter in the call. A file that \
             declares it for each platform, with source and date, fills this: `evenfield {} --platforms \
             platforms.toml`. What nobody declared is not evidenced, which is not the same as met.",
            context.command()
        ))];
    };
    vec![Block::Table(declared(context, profiles))]
}

fn declared(context: &Context<'_>, profiles: &Profiles) -> Table {
    let platforms = &context.compared.platforms;
    let cell = |platform: &String, function: &String| {
        let statement = profiles.statement(platform, function);
        let (shape, word) = match statement.state {
            State::Met => ('\u{2713}', "met"),
            State::NotMet => ('\u{2717}', "not met"),
            State::NotEvidenced => ('?', "not evidenced"),
        };
        let from = [statement.source, statement.date].into_iter().flatten().collect::<Vec<_>>().join(", ");
        Cell::Marked(word.to_owned(), shape, from)
    };
    let is_said = |function: &&String| {
        profiles.needs.iter().any(|need| need.function == **function)
            || profiles.platforms.values().any(|profile| profile.functions.contains_key(*function))
    };
    let rows = profiles.functions.keys().filter(is_said).map(|function| {
        let needed = profiles.needs.iter().filter(|need| need.function == *function).map(|need| {
            let of: Vec<String> =
                need.of.iter().map(|(dimension, level)| format!("{} {level}", dimension.name())).collect();
            if of.is_empty() { "everywhere".to_owned() } else { of.join(", ") }
        });
        let needed: Vec<String> = needed.collect();
        let words = profiles.functions.get(function).cloned().unwrap_or_default();
        let begin = [
            Cell::Words(super::figures::sentence_case(&words)),
            Cell::Words(if needed.is_empty() {
                "not declared as needed".to_owned()
            } else {
                needed.join("; ")
            }),
        ];
        begin.into_iter().chain(platforms.iter().map(|platform| cell(platform, function))).collect()
    });
    let head = ["Function", "Needed"].map(str::to_owned).into_iter().chain(platforms.iter().cloned());
    Table {
        caption: "What platforms are declared to do".to_owned(),
        head: head.collect(),
        rows: rows.collect(),
    }
}

pub(super) fn priorities(context: &Context<'_>) -> Vec<Block> {
    let decided = match &context.decided {
        Ok(decided) => decided,
        Err(why) => return vec![Block::Missing(format!("Nothing is shown here: {why}."))],
    };
    let Some(whole) = decided.whole else {
        return vec![context.hidden("Whom other priorities would favour is")];
    };
    let Some(priorities) = &whole.priorities else {
        return vec![Block::Missing(
            "Nothing can be weighed before there is a verdict: see what it takes above.".to_owned(),
        )];
    };
    let criteria: Vec<String> = priorities
        .criteria
        .iter()
        .map(|name| catalog::measure(name).map_or((*name).to_owned(), |measure| measure.within_sentence()))
        .collect();
    if let Some(reason) = &priorities.reason {
        return vec![Block::Missing(format!("Not told: {reason} ({}).", criteria.join(", ")))];
    }
    let rows = priorities.platforms.iter().map(|favoured| {
        let values = favoured.values.iter().map(|value| Cell::Number(Unit::Share.show(*value)));
        let first = Cell::Number(format!("{:.0} %", favoured.first * 100.0));
        std::iter::once(Cell::Words(favoured.platform.clone())).chain(values).chain([first]).collect()
    });
    let head = std::iter::once("Platform".to_owned())
        .chain(criteria.iter().map(|one| super::figures::sentence_case(one)))
        .chain(["Comes out first".to_owned()]);
    vec![
        Block::Words(
            "Nobody has said how these questions weigh against each other. So every way of weighing them is taken as equally \
             likely, and counted is how often each platform comes out first. Shares are told so that more is better."
                .to_owned(),
        ),
        Block::Table(Table {
            caption: "Whom other priorities would favour".to_owned(),
            head: head.collect(),
            rows: rows.collect(),
        }),
    ]
}
