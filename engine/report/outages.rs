//! Outages in words and as rows.

use std::fmt::Write;

use event::Time;
use projections::compare::{Looked, Outage, Outages};

use super::layout::{columns, heading, wrapped};
use super::table::Form;
use super::{counted, grouped};

/// What was found, for people: each outage, then what was looked at.
#[must_use]
pub fn outages(outages: &Outages) -> String {
    if outages.platforms.is_empty() {
        let what = if outages.filter.is_empty() {
            "There are no consultations in which an outage could be seen: `evenfield ingest FILE` takes some in."
        } else {
            "No consultation passes --where: ask for other levels, or for fewer of them."
        };
        return format!("{what}\n");
    }
    let mut text = String::new();
    let looked_at = outages.platforms.iter().any(|looked| looked.reason.is_none());
    let verdict = match outages.outages.len() as u64 {
        _ if !looked_at => "An outage could be seen on no platform.".to_owned(),
        0 => "No outage was found.".to_owned(),
        many => format!(
            "{} found.",
            if many == 1 { "One outage was".to_owned() } else { format!("{many} outages were") }
        ),
    };
    let _ = writeln!(text, "{verdict}");
    outages.outages.iter().for_each(|outage| block(&mut text, outage));
    noticed(&mut text, outages);
    not_looked_at(&mut text, outages);
    text.push('\n');
    outages.notes.iter().for_each(|note| wrapped(&mut text, "! ", note));
    foot(&mut text, outages);
    text
}

/// One row for each outage.
#[must_use]
pub fn outages_rows(outages: &Outages, form: Form) -> String {
    let names = [
        "platform",
        "from",
        "to",
        "organisations",
        "affected",
        "attempted",
        "failed",
        "expected",
        "others_attempted",
        "others_failed",
        "others_expected",
        "log_likelihood_ratio",
        "p",
    ];
    let mut text = form.head(&names) + "\n";
    for outage in &outages.outages {
        let counts = |counts: &[u64]| counts.iter().map(u64::to_string).collect::<Vec<_>>();
        let mut cells = vec![outage.platform.clone(), outage.from.to_string(), outage.to.to_string()];
        cells.extend(counts(&[outage.organisations, outage.affected, outage.attempted, outage.failed]));
        cells.push(outage.expected.to_string());
        cells.extend(counts(&[outage.others_attempted, outage.others_failed]));
        let numbers = [outage.others_expected, outage.log_likelihood_ratio, outage.p];
        cells.extend(numbers.map(|number| number.to_string()));
        text += &(form.row(cells.iter().map(String::as_str)) + "\n");
    }
    text
}

fn block(text: &mut String, outage: &Outage) {
    heading(text, &format!("{}, {}", outage.platform, when(outage.from, outage.to)));
    let organisations = counted(outage.organisations, "organisation");
    wrapped(
        text,
        "  ",
        &format!(
            "{} of {} attempted consultations failed, where {} would be expected to; more than expected in {} of the \
             {organisations} that used it",
            grouped(outage.failed),
            grouped(outage.attempted),
            expected(outage.expected),
            grouped(outage.affected),
        ),
    );
    wrapped(text, "  ", &meanwhile(outage));
    let p = if outage.p < 0.01 {
        "in fewer than 1 of 100".to_owned()
    } else {
        format!("in {:.0} of 100", outage.p * 100.0)
    };
    wrapped(
        text,
        "  ",
        &format!("if organisations had their bad days independently, as much would be seen {p} such logs"),
    );
}

fn meanwhile(outage: &Outage) -> String {
    match outage.others_attempted {
        0 => "on no other platform was anything attempted meanwhile, so that nobody can tell whether it was the platform \
              alone"
            .to_owned(),
        attempted => format!(
            "on the other platforms {} of {} failed meanwhile, where {} would be expected to",
            grouped(outage.others_failed),
            grouped(attempted),
            expected(outage.others_expected),
        ),
    }
}

fn expected(number: f64) -> String {
    if number < 10.0 { format!("{number:.1}") } else { grouped(number.round() as u64) }
}

/// From when to when; the day is told once where it is one.
fn when(from: Time, to: Time) -> String {
    let parts = |time: Time| {
        let text = time.to_string();
        let (day, clock) = text.split_once('T').unwrap_or((&text, ""));
        (day.to_owned(), clock.get(..5).unwrap_or(clock).to_owned())
    };
    let ((day, begin), (last, end)) = (parts(from), parts(to));
    if day == last {
        format!("{day} from {begin} to {end} UTC")
    } else {
        format!("{day} {begin} to {last} {end} UTC")
    }
}

/// What would have been noticed in the time of an hour, or longer where that is too short.
fn noticed(text: &mut String, outages: &Outages) {
    let looked_at = || outages.platforms.iter().filter(|looked| !looked.noticed.is_empty());
    if looked_at().next().is_none() {
        return;
    }
    heading(text, "What would have been noticed");
    looked_at().for_each(|looked| wrapped(text, "  ", &would_be(looked)));
}

fn would_be(looked: &Looked) -> String {
    let long = || looked.noticed.iter().filter(|noticed| noticed.minutes >= 60);
    let name = &looked.platform;
    match (long().find(|noticed| noticed.failures.is_some()), long().next_back()) {
        (Some(noticed), _) => format!(
            "{name}: of {} in {} minutes, as many as half of such spans have or fewer, {} or more failing (besides those \
             of the organisation with the largest excess; {} would be expected to)",
            counted(noticed.attempted, "consultation"),
            noticed.minutes,
            grouped(noticed.failures.unwrap_or_default()),
            expected(noticed.expected),
        ),
        (None, Some(noticed)) => format!(
            "{name}: nothing in most of the time; half of the spans of {} minutes have {} or fewer, and not even all of \
             them failing would stand out",
            noticed.minutes,
            counted(noticed.attempted, "consultation"),
        ),
        (None, None) => format!("{name}: nothing"),
    }
}

fn not_looked_at(text: &mut String, outages: &Outages) {
    let left_out: Vec<[String; 2]> = outages
        .platforms
        .iter()
        .filter_map(|looked| Some([looked.platform.clone(), looked.reason.clone()?]))
        .collect();
    if left_out.is_empty() {
        return;
    }
    heading(text, "Not looked at");
    if left_out.iter().all(|[name, reason]| name.chars().count() + reason.chars().count() < 90) {
        columns(text, &left_out);
    } else {
        left_out.iter().for_each(|[name, reason]| wrapped(text, "  ", &format!("{name}: {reason}")));
    }
}

fn foot(text: &mut String, outages: &Outages) {
    wrapped(
        text,
        "",
        "A consultation failed if it never connected, or if somebody's connection was lost for good; it counts by when it \
         was begun. Where nobody gets so far that a feed notes it, nothing is seen. What is expected is what the platform \
         does at such an hour of the week, in that season, at those organisations.",
    );
    if outages.spans > 0 {
        wrapped(
            text,
            "",
            &format!(
                "{} of 15 minutes to 4 hours were looked at. An outage stands out when the organisation with the largest \
                 excess is left out, against what is expected and what the other platforms did, and against {} logs \
                 whose organisations have their days rearranged: in {:.0} of 100 logs without an outage one is found.",
                counted(outages.spans, "span"),
                outages.rearranged,
                outages.false_alarms * 100.0,
            ),
        );
    }
    let count = |of: fn(&Looked) -> u64| outages.platforms.iter().map(of).sum::<u64>();
    let (attempted, told) = (count(|looked| looked.attempted), count(|looked| looked.told));
    let untold = attempted - told;
    let lost = if untold > 0 {
        format!("; of {} no source can tell whether it failed", grouped(untold))
    } else {
        String::new()
    };
    wrapped(
        text,
        "",
        &format!(
            "{} up to position {}{lost}.",
            counted(attempted, "attempted consultation"),
            outages.position
        ),
    );
    if outages.in_progress > 0 {
        let _ = writeln!(
            text,
            "{} still going on, counted nowhere above.",
            counted(outages.in_progress, "consultation")
        );
    }
}
