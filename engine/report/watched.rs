//! Differences for people who look often, or at many of them, or want to know what is still missing.

use std::fmt::Write;

use projections::catalog;
use projections::compare::{Comparison, Difference, Watch, show_change};
use projections::measure::Measure;

use super::grouped;
use super::layout::{columns, heading};

/// Every difference that is watched, a line each.
pub(super) fn watched(text: &mut String, comparison: &Comparison) {
    let watched: Vec<(&Difference, &Watch)> = comparison
        .differences
        .iter()
        .filter_map(|difference| Some((difference, difference.watch.as_ref()?)))
        .collect();
    let Some((_, first)) = watched.first() else { return };
    heading(text, "Looked at often, and at many");
    for block in watched.chunk_by(|a, b| (a.0.measure, a.0.role) == (b.0.measure, b.0.role)) {
        let Some(measure) = catalog::measure(block[0].0.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        columns(
            text,
            &block.iter().map(|(difference, watch)| line(measure, difference, watch)).collect::<Vec<_>>(),
        );
    }
    let _ = write!(
        text,
        "  limits at every look are narrowest at {} consultations of both (--planned); p by Holm is among the\n  \
         differences of its measure, by Benjamini and Hochberg (BH) among all {} here; what is needed finds a\n  \
         difference of {:.1} points in 4 of 5 cases (--margin)\n",
        grouped(first.planned),
        first.of_all,
        first.margin * 100.0,
    );
}

fn line(measure: &Measure, difference: &Difference, watch: &Watch) -> [String; 4] {
    let levels: String =
        difference.by.iter().map(|(dimension, level)| format!(", {dimension} {level}")).collect();
    [
        format!("{} against {}{levels}", difference.platform, difference.reference),
        at_every_look(measure, watch),
        p_values(watch),
        needed(difference, watch),
    ]
}

fn at_every_look(measure: &Measure, watch: &Watch) -> String {
    let figure = &watch.always;
    match show_change(measure, [figure.value, figure.lo, figure.hi]) {
        Some(change) => format!("{change} at every look"),
        None => format!("at every look: {}", figure.reason.as_deref().unwrap_or("no limits")),
    }
}

fn p_values(watch: &Watch) -> String {
    match (watch.p, watch.p_holm, watch.p_benjamini_hochberg) {
        (Some(p), Some(holm), Some(bh)) => format!("p {}, Holm {}, BH {}", small(p), small(holm), small(bh)),
        _ => "no p-value".to_owned(),
    }
}

fn small(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

fn needed(difference: &Difference, watch: &Watch) -> String {
    let on = |(platform, count): (&str, u64)| format!("about {} more on {platform}", grouped(rounded(count)));
    match watch.further {
        None => "no telling what is needed".to_owned(),
        Some([0, 0]) => "enough to find what matters".to_owned(),
        Some([mine, theirs]) => {
            let missing = [(difference.platform.as_str(), mine), (difference.reference.as_str(), theirs)];
            let missing: Vec<String> = missing.into_iter().filter(|(_, count)| *count > 0).map(on).collect();
            format!("needs {}", missing.join(" and "))
        }
    }
}

/// A plan is not known to more than two digits.
fn rounded(count: u64) -> u64 {
    let step = 10_u64.pow(count.max(1).ilog10().saturating_sub(1));
    count.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn what_is_needed_is_told_with_two_digits_and_never_too_small() {
        let told = [1, 9, 10, 99, 100, 101, 1_234, 99_500].map(rounded);
        assert_eq!(told, [1, 9, 10, 99, 100, 110, 1_300, 100_000]);
    }
}
