//! The tables of a run: medians over its rounds, and how often as fast evenfield is.

use crate::contender::Contender;
use crate::measured::{Measured, Question};

/// A table for each question.
pub(crate) fn tables(all: &[Measured]) -> String {
    Question::ALL.into_iter().map(|question| table(all, question)).collect()
}

fn table(all: &[Measured], question: Question) -> String {
    let of = |contender: Contender| -> Vec<&Measured> {
        all.iter()
            .filter(|measured| measured.question == question && measured.contender == contender.name())
            .collect()
    };
    let own = of(Contender::Evenfield);
    let title = match question {
        Question::Singles { writers: 1 } => "Durable single appends, one writer".to_owned(),
        Question::Singles { writers } => format!("Durable single appends, {writers} writers"),
        Question::Bulk { batch } => format!("Bulk appends, batches of {batch}"),
    };
    let mut out = format!("\n## {title}\n\n{HEADER}");
    for contender in Contender::ALL {
        let found = of(contender);
        if !found.is_empty() {
            out += &line(contender, &found, &own);
        }
    }
    out
}

const HEADER: &str = "\
| contender | events/s | least - most | evenfield / it | p50 ms | p99 ms | longest ms | CPU µs an event | closing ms | bytes on disk an event |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

fn line(contender: Contender, found: &[&Measured], own: &[&Measured]) -> String {
    let rate = |measured: &Measured| measured.rate();
    let of = |what: fn(&Measured) -> f64| median(found.iter().map(|measured| what(measured)));
    let rates: Vec<f64> = found.iter().map(|measured| rate(measured)).collect();
    // Both of one round: what disturbs the machine for longer than a round disturbs both.
    let ratio = median(own.iter().zip(found).map(|(own, other)| rate(own) / rate(other)));
    format!(
        "| {} | {:.0} | {:.0} - {:.0} | {ratio:.2} | {:.3} | {:.2} | {:.1} | {} | {:.0} | {:.1} |\n",
        contender.name(),
        of(Measured::rate),
        rates.iter().copied().fold(f64::INFINITY, f64::min),
        rates.iter().copied().fold(0.0, f64::max),
        of(|measured| measured.p50_ms),
        of(|measured| measured.p99_ms),
        found.iter().map(|measured| measured.longest_ms).fold(0.0, f64::max),
        match found.iter().all(|measured| measured.cpu_ms.is_some()) {
            true => format!("{:.2}", of(|m| m.cpu_ms.unwrap_or_default() * 1e3 / m.events as f64)),
            false => "-".to_owned(),
        },
        of(|measured| measured.closing_ms),
        of(|measured| measured.bytes as f64 / measured.events as f64),
    )
}

/// The median; of an even number the lower of both in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
