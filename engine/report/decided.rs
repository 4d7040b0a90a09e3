//! Standardise or range, for people: the verdict, the number that carries it, and what would change it.

mod beside;
mod needs;

use std::fmt::Write;

use projections::catalog;
use projections::compare::{Decided, Expected, Step};

use super::concentrated::concentrated;
use super::layout::{columns, heading, wrapped};
use super::{Form, counted, grouped};

/// The decision as a text.
pub(super) fn decided(decided: &Decided) -> String {
    if decided.n == 0 && decided.barred.is_empty() {
        return "There are no consultations to decide about: `evenfield ingest FILE` takes some in.\n"
            .to_owned();
    }
    let mut text = String::new();
    let _ = writeln!(text, "{}\n", verdict(decided));
    because(decided).iter().for_each(|line| wrapped(&mut text, "", line));
    needs::table(&mut text, decided);
    frontier(&mut text, decided);
    decided.concentration.iter().for_each(|found| concentrated(&mut text, found));
    beside::inequality(&mut text, decided);
    beside::priorities(&mut text, decided);
    cells(&mut text, decided);
    text.push('\n');
    decided.notes.iter().for_each(|note| wrapped(&mut text, "! ", note));
    beside::gates(decided).into_iter().for_each(|line| wrapped(&mut text, "", &line));
    wrapped(&mut text, "", &ground(decided));
    text
}

/// What carries the verdict, and what would change it.
pub(super) fn because(decided: &Decided) -> Vec<String> {
    let lines = [
        reason(decided),
        held_out(decided),
        further(decided),
        turning(decided),
        cheapest(decided),
        needs::price(decided),
        information(decided),
        interaction(decided),
    ];
    lines.into_iter().flatten().collect()
}

/// One row for each platform in each stratum.
pub(super) fn decided_rows(decided: &Decided, form: Form) -> String {
    let mut text = form.head(&["stratum", "platform", "x", "n", "seen", "expected", "lo", "hi"]) + "\n";
    for cell in &decided.cells {
        let numbers = [cell.seen, cell.expected, cell.lo, cell.hi].map(|number| number.to_string());
        let counts = [cell.x, cell.n].map(|count| count.to_string());
        let row = [&cell.stratum, &cell.platform].into_iter().chain(&counts).chain(&numbers);
        text += &(form.row(row.map(String::as_str)) + "\n");
    }
    text
}

/// The verdict in a sentence.
fn verdict(decided: &Decided) -> String {
    let kind = decided.further.as_ref().map(|further| (further.kind, further.consultations));
    match (decided.verdict, range(decided), decided.frontier.first()) {
        ("no_material_difference", ..) => {
            "No difference that matters: choose on price, and on what people need.".to_owned()
        }
        ("range", Some(range), _) => format!("Allow a range: {}.", used(range)),
        ("standardise", _, Some(single)) => format!("Standardise on {}.", single.platforms.join(", ")),
        _ if decided.platforms.is_empty() && !decided.barred.is_empty() => {
            "No platform may be used: none is shown to meet what is needed.".to_owned()
        }
        _ => match kind {
            Some(("consultations", Some(more))) => format!(
                "There is not enough evidence to say: it would take about {} more consultations in these cells.",
                grouped(more)
            ),
            Some(("units", _)) => format!(
                "There is not enough evidence to say: it would take more {}s, and not only more consultations.",
                unit(decided)
            ),
            _ => "There is not enough evidence to say.".to_owned(),
        },
    }
}

fn range(decided: &Decided) -> Option<&Step> {
    let size = decided.range?;
    decided.frontier.iter().find(|step| step.platforms.len() == size)
}

/// Which platform is used where.
fn used(step: &Step) -> String {
    let by = |platform: &String| {
        let strata = step.uses.iter().filter(|(_, used)| *used == platform);
        format!(
            "{platform} for {}",
            strata.map(|(stratum, _)| stratum.as_str()).collect::<Vec<_>>().join(", ")
        )
    };
    step.platforms.iter().map(by).collect::<Vec<_>>().join("; ")
}

/// What shares its luck, in words.
fn unit(decided: &Decided) -> String {
    match decided.unit {
        "none" => "organisation".to_owned(),
        unit => unit.replace('_', " "),
    }
}

/// What the range gained where it had not been chosen.
fn held_out(decided: &Decided) -> Option<String> {
    let held_out =
        decided.held_out.as_ref().filter(|_| decided.gain.is_some() && decided.reason.is_none())?;
    let [gain, lo, hi] = held_out.gain.map(in_thousand);
    let part = match held_out.covered {
        covered if covered < 0.995 => {
            format!(", as far as both platforms were seen there ({})", percent(covered))
        }
        _ => String::new(),
    };
    Some(format!(
        "On consultations that had no say in choosing it, a range gained {gain} in 1,000 ({lo} to {hi}){part}."
    ))
}

/// Whether the verdict holds at every price between the bounds.
fn cheapest(decided: &Decided) -> Option<String> {
    let cheapest = decided.cheapest.as_ref()?;
    let [least, most] = [cheapest.price, decided.price].map(per_thousand);
    let what = match cheapest.verdict {
        "no_material_difference" => "to choose on price",
        "range" => "to allow a range",
        "standardise" => "to standardise",
        _ => "not enough evidence",
    };
    Some(match cheapest.verdict == decided.verdict {
        true => format!(
            "It is the same whether a further platform costs {least} or {most} in 1,000 consultations."
        ),
        false => format!(
            "This is so if a further platform costs {most} in 1,000 consultations; if it costs {least}, it is {what}."
        ),
    })
}

/// A price as so many of 1,000 consultations, as it was written.
fn per_thousand(price: f64) -> String {
    let text = format!("{:.3}", price * 1_000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the number of further consultations means.
fn further(decided: &Decided) -> Option<String> {
    let more = decided.further.as_ref()?;
    let of_cells = || decided.cells.iter().filter_map(|cell| cell.further);
    match (more.times, of_cells().min(), of_cells().max()) {
        (Some(times), Some(least), Some(most)) => Some(format!(
            "That makes {times:.1} times as many as there are, {} in a cell, if shares stay as they were seen. They will \
             move, so ask again then.",
            if least == most {
                grouped(least)
            } else {
                format!("{} to {} more", grouped(least), grouped(most))
            },
        )),
        _ if more.kind == "units" && decided.reason.is_none() => Some(format!(
            "Even 64 times as many consultations in the same {}s would not tell, if shares stay as they were seen.",
            unit(decided)
        )),
        _ => None,
    }
}

/// A share as so many of 1,000 consultations.
fn in_thousand(share: f64) -> String {
    format!("{:.0}", share * 1_000.0).replace('-', "\u{2212}")
}

fn percent(chance: f64) -> String {
    match chance {
        c if c > 0.995 && c < 1.0 => "more than 99 %".to_owned(),
        c if c > 0.0 && c < 0.005 => "less than 1 %".to_owned(),
        c => format!("{:.0} %", c * 100.0),
    }
}

/// A chance that was reckoned from draws: that all of them agree makes nothing certain.
fn chance(share: f64) -> String {
    match share {
        c if c > 0.995 => "more than 99 %".to_owned(),
        c if c < 0.005 => "less than 1 %".to_owned(),
        c => percent(c),
    }
}

/// The number that carries the verdict.
fn reason(decided: &Decided) -> Option<String> {
    if let Some(reason) = &decided.reason {
        return Some(format!("Why: {reason}."));
    }
    let what = catalog::measure(decided.measure)?.within_sentence();
    let single = decided.frontier.first()?;
    let name = single.platforms.join(", ");
    let best = decided.best_single.get(&name).copied().unwrap_or_default();
    let mut text = match (range(decided), decided.gain, decided.range_gains, decided.margin) {
        (Some(range), Some([gain, lo, hi]), Some(gains), Some(margin)) => format!(
            "A range of {} would gain {} in 1,000 consultations over {name} for all ({} to {}), by {what}; the \
             chance that it gains more than {} is {}.",
            range.platforms.len(),
            in_thousand(gain),
            in_thousand(lo),
            in_thousand(hi),
            in_thousand(margin),
            chance(gains),
        ),
        _ => format!(
            "In every stratum {name} is expected to be the best, by {what}: a range would gain nothing."
        ),
    };
    let _ = write!(text, " The chance that {name} is the best single platform is {}", chance(best));
    if let Some(alike) = decided.all_alike {
        let _ = write!(
            text,
            "; that all of them are within {} of the best range, {}",
            in_thousand(decided.delta),
            chance(alike)
        );
    }
    text.push('.');
    Some(text)
}

/// What would change the verdict.
fn turning(decided: &Decided) -> Option<String> {
    let price = decided.turning_price?;
    Some(format!(
        "It would turn if each further platform cost {} {} in 1,000 consultations.",
        if decided.verdict == "range" { "more than" } else { "less than" },
        in_thousand(price)
    ))
}

fn information(decided: &Decided) -> Option<String> {
    let worth = decided.perfect_information?;
    let thousandths = worth * 1_000.0;
    Some(match thousandths < 0.05 {
        true => "To know every share exactly would change next to nothing.".to_owned(),
        false => {
            format!("To know every share exactly would be worth {thousandths:.1} in 1,000 consultations.")
        }
    })
}

/// Whether the better platform differs between strata.
fn interaction(decided: &Decided) -> Option<String> {
    let interaction = decided.interaction.as_ref()?;
    let p = interaction.turns_round_p?;
    let [one, other] = &interaction.platforms;
    let p = if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") };
    Some(format!(
        "Whether {one} is the better one in some strata and {other} in others: p {p} (Gail and Simon's test, which \
         takes consultations as independent)."
    ))
}

fn frontier(text: &mut String, decided: &Decided) {
    if decided.frontier.is_empty() {
        return;
    }
    heading(text, "How much more platforms bring");
    for step in &decided.frontier {
        let share = format!("{:.1} % ({:.1} to {:.1})", step.value * 100.0, step.lo * 100.0, step.hi * 100.0);
        let price = needs::costs(decided, step);
        let _ = write!(text, "  {}  {share}{price}", counted(step.platforms.len() as u64, "platform"));
        match &step.platforms[..] {
            [single] => {
                let _ = writeln!(text, "  {single}");
            }
            _ => {
                text.push('\n');
                wrapped(text, "    ", &used(step));
            }
        }
    }
}

fn cells(text: &mut String, decided: &Decided) {
    if decided.cells.is_empty() {
        return;
    }
    heading(text, "What is expected where, and what was seen");
    for stratum in decided.cells.chunk_by(|a, b| a.stratum == b.stratum) {
        let _ = writeln!(text, "{}", stratum[0].stratum);
        let line = |cell: &Expected| {
            [
                cell.platform.clone(),
                format!("{:.1} % ({:.1} to {:.1})", cell.expected * 100.0, cell.lo * 100.0, cell.hi * 100.0),
                format!("seen {:.1} %, {} of {}", cell.seen * 100.0, grouped(cell.x), grouped(cell.n)),
                cell.best.map_or_else(
                    || "may not be used here".to_owned(),
                    |best| format!("the best here: {}", percent(best)),
                ),
            ]
        };
        columns(text, &stratum.iter().map(line).collect::<Vec<_>>());
    }
}

/// What it rests on, and what not.
fn ground(decided: &Decided) -> String {
    let by = match decided.by.join(", ").replace('_', " ") {
        none if none.is_empty() => "all together".to_owned(),
        by => format!("by {by}"),
    };
    let luck = match decided.unit {
        "none" => "each on its own".to_owned(),
        unit => format!("sharing their luck by {}", unit.replace('_', " ")),
    };
    let adjusted = match decided.adjust.join(", ").replace('_', " ") {
        none if none.is_empty() => "Nothing is adjusted for what else differs (--adjust)".to_owned(),
        adjust => format!("Expected shares are adjusted for {adjust}, and for nothing else that differs"),
    };
    format!(
        "{} consultations up to position {}, {by}, {luck}; limits hold {} of what may be. {adjusted}{}.{}",
        grouped(decided.n),
        decided.position,
        percent(decided.level),
        if decided.needs.is_empty() && decided.prices.is_none() {
            ", and what a platform can do or costs is not in it (--platforms)"
        } else {
            ""
        },
        decided
            .claim
            .as_ref()
            .map(|claim| format!(" The verdict is claim {}.", claim.claim))
            .unwrap_or_default(),
    )
}
