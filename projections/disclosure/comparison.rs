//! A comparison, as far as it may be shown: the shares of every measure that counts, from rounded counts, and
//! their differences.
//!
//! *From rounded counts*: value and limits of a share, and value, limits and verdict of a difference. The
//! design effect behind limits is rounded to one digit; how many clusters there are is not told. *Hidden*:
//! values of measures that are no shares (durations, sums, scores), what a number is made up of, quantiles,
//! response rates, cautions that count, the position, and everything of platforms besides. *No form*: a
//! closer look, whose groups are smaller and whose figures rest on exact counts.
//!
//! Measures that cut the same consultations into parts are tied together; those that overlap in other ways
//! are not, since the difference of two rounded counts leaves five numbers or more.

use std::collections::BTreeMap;

use super::boundary::{Boundary, Disclose, Undisclosed};
use super::earlier::Key;
use super::published::{Line, Part, Published, Value};
use super::share::{Share, difference, share};
use super::table::{Place, Table};
use super::{Policy, Told};
use crate::catalog;
use crate::compare::{Comparison, Difference, Row, Verdict};
use crate::measure::{Better, Fold};
use crate::stats::{Interval, Status};

/// What can be said of attempted consultations, and excludes each other.
const EXCLUSIVE: [&[&str]; 3] = [
    &["completed_on_video", "conversion", "abandonment", "end_not_seen"],
    &["completed_on_video", "terminal_failure"],
    &["undisturbed", "first_failure"],
];
/// Measures of which the first holds only where the second does.
const NESTED: [(&str, &str); 4] = [
    ("undisturbed", "connection_success"),
    ("first_try_join", "connection_success"),
    ("completed_on_video", "connection_success"),
    ("conversion", "terminal_failure"),
];

impl Disclose for Comparison {
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed> {
        boundary.has_form(
            boundary.policy() == Policy::Rounded,
            "a comparison",
            "its limits and differences would tell what is hidden of exact counts",
            "ask --policy rounded, or `evenfield totals` for exact totals",
        )?;
        boundary.has_form(
            !self.is_closer(),
            "a closer look (--adjust, --gaps, --across, --over, --learning, --switch, --watch, --times)",
            "its figures rest on exact counts of small groups",
            "leave it out and ask --by for groups, or use --policy internal inside",
        )?;
        boundary.whole(self.filter.keys().copied())?;
        boundary.no_people(self.rows.iter().flat_map(|row| row.by.keys().copied()))?;
        boundary.usual(&self.parameters)?;
        let counts: Vec<Counts> = self.rows.iter().map(|row| Counts::of(boundary, row)).collect();
        tie(boundary, &self.rows, &counts);
        boundary.settle()?;
        let told: Vec<Shares> =
            self.rows.iter().zip(&counts).map(|(row, counts)| Shares::of(boundary, row, counts)).collect();
        let rows = self.rows.iter().zip(&told).map(|(row, told)| line(row, told)).collect();
        let of = |of: &Difference, platform: &str| {
            let is = |row: &Row| {
                (row.measure, &row.by, row.platform.as_str(), row.role, row.one_sided)
                    == (of.measure, &of.by, platform, of.role, of.one_sided)
            };
            self.rows.iter().position(is).map(|place| &told[place])
        };
        let differences = self.differences.iter().map(|one| {
            let both = of(one, &one.platform).zip(of(one, &one.reference));
            difference_line(one, both)
        });
        Ok(Published {
            schema: self.schema,
            policy: boundary.note(),
            head: head(self),
            parts: vec![
                Part { name: "rows", lines: rows },
                Part { name: "differences", lines: differences.collect() },
            ],
            notes: vec![
                "shares, limits and verdicts follow from the counts as they are shown; values of measures that are no \
                 shares of consultations are not shown under this policy"
                    .to_owned(),
            ],
        })
    }
}

fn head(comparison: &Comparison) -> Line {
    vec![
        ("position", Value::Nothing),
        ("until", Value::Text(comparison.parameters.until.to_string())),
        ("reference", comparison.reference.as_deref().map_or(Value::Nothing, Value::from)),
    ]
}

/// Consultations that totals count by these names, too.
const POPULATIONS: [&str; 2] = ["attempted", "connected"];

/// The counts of a row, as the boundary knows them.
struct Counts {
    n: Option<Place>,
    /// Of a share; whether it is one is told by the measure.
    x: Option<Place>,
}

fn is_share(row: &Row) -> bool {
    let fold = catalog::measure(row.measure).map(|measure| &measure.fold);
    matches!(fold, Some(Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_)))
}

impl Counts {
    fn of(boundary: &mut Boundary<'_>, row: &Row) -> Self {
        let role = row.role.map_or(String::new(), |role| format!(" of {role}s"));
        let sides = if row.one_sided { " from one side" } else { "" };
        let own = |part: &str| format!("{}{role}{sides}: {part}", row.measure);
        // Of measures of the same consultations these are one count, in this answer and in others.
        let population = catalog::measure(row.measure).map(|measure| measure.of);
        let population =
            population.filter(|of| POPULATIONS.contains(of) && row.role.is_none() && row.unmeasured == 0);
        let all = population.map_or_else(|| own("all"), |of| format!("{of}{sides}"));
        let key = |count: String| Key {
            count,
            platform: Some(row.platform.clone()),
            levels: row.by.iter().map(|(name, level)| ((*name).to_owned(), level.clone())).collect(),
        };
        let mut count =
            |name: String, number: Option<u64>| number.map(|number| boundary.count(key(name), number));
        let n = count(all, row.n);
        let x = if is_share(row) { count(own("of them"), row.x) } else { None };
        if let (Some(x), Some(n)) = (x, n) {
            boundary.table(Table::shares(&[[x, n]], None));
        }
        Self { n, x }
    }
}

/// Ties measures of one arm together that are parts of the same whole.
fn tie(boundary: &mut Boundary<'_>, rows: &[Row], counts: &[Counts]) {
    let mut arms: BTreeMap<_, BTreeMap<&str, [Place; 2]>> = BTreeMap::new();
    for (row, counts) in rows.iter().zip(counts).filter(|(row, _)| row.role.is_none()) {
        if let (Some(x), Some(n)) = (counts.x, counts.n) {
            let arm = arms.entry((&row.by, &row.platform, row.one_sided)).or_default();
            arm.insert(row.measure, [x, n]);
        }
    }
    for arm in arms.values() {
        for names in EXCLUSIVE {
            let parts: Vec<[Place; 2]> = names.iter().filter_map(|name| arm.get(name)).copied().collect();
            let Some([_, whole]) = parts.first().copied() else { continue };
            let sum: u64 = parts.iter().map(|[x, _]| x.exact).sum();
            if parts.len() > 1 && parts.iter().all(|[_, n]| n.exact == whole.exact) && sum <= whole.exact {
                let parts = parts.iter().map(|[x, _]| *x).chain([Place::implied(whole.exact - sum)]);
                boundary.table(Table::line(parts.collect(), whole));
            }
        }
        for (part, whole) in NESTED {
            if let (Some([x, n]), Some([y, m])) = (arm.get(part), arm.get(whole))
                && n.exact == m.exact
                && x.exact <= y.exact
            {
                boundary.table(Table::line(vec![*x, Place::implied(y.exact - x.exact)], *y));
            }
        }
    }
}

/// What is told of a row.
struct Shares {
    x: Option<Told>,
    n: Option<Told>,
    share: Option<Share>,
    /// Why there is no share, where it is for what is hidden.
    hidden: Option<&'static str>,
}

/// Why the value of a measure that is no share is not there.
const NO_SHARE: &str = "hidden: only shares of consultations are shown under this policy";

impl Shares {
    fn of(boundary: &Boundary<'_>, row: &Row, counts: &Counts) -> Self {
        let [x, n] = [counts.x, counts.n].map(|place| place.map(|place| boundary.told(place)));
        let clusters = row.clusters.filter(|_| row.cluster != "none");
        let share = x
            .zip(n)
            .and_then(|(x, n)| share(x, n, row.level, (row.deff.filter(|_| clusters.is_some()), clusters)));
        let hidden = [n, x].into_iter().flatten().find_map(Told::reason);
        let hidden = hidden.or_else(|| (row.value.is_some() && counts.x.is_none()).then_some(NO_SHARE));
        Self { x, n, share, hidden }
    }

    /// Status and reason, in the words of the vocabulary.
    fn status(&self, row: &Row) -> [Value; 2] {
        let why = |status: Status| status.reason().map_or(Value::Nothing, |why| why.words().into());
        match (&self.share, self.hidden, row.status) {
            (_, _, Status::NotMeasured(_)) => ["not_measured".into(), "the feed cannot tell".into()],
            (_, Some(reason), _) => ["suppressed".into(), reason.into()],
            (Some(share), ..) => [status_word(share.status()).into(), why(share.status())],
            (None, ..) => ["not_estimable".into(), "there are no observations".into()],
        }
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Boundary(_) => "boundary",
        Status::InsufficientEvidence(_) => "insufficient_evidence",
        Status::Suppressed => "suppressed",
        Status::NotEstimable(_) => "not_estimable",
        Status::NotMeasured(_) => "not_measured",
    }
}

fn levels(by: &BTreeMap<&'static str, String>) -> Value {
    Value::Named(by.iter().map(|(name, level)| ((*name).to_owned(), Some(level.clone()))).collect())
}

fn components(row: &Row) -> Value {
    let texts = |parts: &Vec<&'static str>| parts.iter().map(|part| (*part).to_owned()).collect();
    row.components.as_ref().map_or(Value::Nothing, |parts| Value::Texts(texts(parts)))
}

fn line(row: &Row, told: &Shares) -> Line {
    let [status, reason] = told.status(row);
    let count = |told: Option<Told>| told.map_or(Value::Nothing, Value::from);
    let number = |of: fn(&Interval) -> f64| told.share.as_ref().map(|share| of(&share.interval));
    let number = |of| match (number(of), told.hidden) {
        (Some(number), _) => Value::Real(number),
        (None, Some(why)) => Value::Hidden(why),
        (None, None) => Value::Nothing,
    };
    vec![
        ("measure", row.measure.into()),
        ("by", levels(&row.by)),
        ("platform", row.platform.as_str().into()),
        ("role", row.role.map_or(Value::Nothing, |role| role.name().into())),
        ("one_sided", Value::Flag(row.one_sided)),
        // Which parts count follows from what feeds declare, and tells what the share is of.
        ("components", components(row)),
        ("status", status),
        ("reason", reason),
        ("x", count(told.x)),
        ("n", count(told.n)),
        ("value", number(|one| one.value)),
        ("lo", number(|one| one.lo)),
        ("hi", number(|one| one.hi)),
        ("level", Value::Real(row.level)),
        ("method", "wilson_of_rounded_counts".into()),
        ("cluster", row.cluster.into()),
    ]
}

fn difference_line(one: &Difference, both: Option<(&Shares, &Shares)>) -> Line {
    let shares = both.and_then(|(mine, theirs)| mine.share.as_ref().zip(theirs.share.as_ref()));
    let hidden = both.and_then(|(mine, theirs)| mine.hidden.or(theirs.hidden));
    let unlike = matches!(one.status, Status::NotMeasured(_));
    let found = shares.filter(|_| !unlike).map(|(mine, theirs)| difference(mine, theirs));
    let (status, reason) = match (&found, hidden) {
        // What a feed cannot tell it declares, or never sent: the words of the status count nothing.
        _ if unlike => {
            let why = one.status.reason().map_or(Value::Nothing, |why| why.words().into());
            (Value::from("not_measured"), why)
        }
        (Some((_, status)), _) => {
            (status_word(*status).into(), status.reason().map_or(Value::Nothing, |why| why.words().into()))
        }
        (None, Some(why)) => ("suppressed".into(), why.into()),
        (None, None) => ("not_estimable".into(), "there are no observations".into()),
    };
    let number = |of: fn(&Interval) -> f64| match (&found, hidden) {
        (Some((interval, _)), _) => Value::Real(of(interval)),
        (None, Some(why)) if !unlike => Value::Hidden(why),
        (None, _) => Value::Nothing,
    };
    let verdict = found.map_or("not_comparable", |(interval, status)| verdict(one, interval, status));
    vec![
        ("measure", one.measure.into()),
        ("by", levels(&one.by)),
        ("platform", one.platform.as_str().into()),
        ("reference", one.reference.as_str().into()),
        ("role", one.role.map_or(Value::Nothing, |role| role.name().into())),
        ("one_sided", Value::Flag(one.one_sided)),
        ("status", status),
        ("reason", reason),
        ("value", number(|one| one.value)),
        ("lo", number(|one| one.lo)),
        ("hi", number(|one| one.hi)),
        ("level", Value::Real(one.level)),
        ("method", "mover_of_rounded_counts".into()),
        ("cluster", one.cluster.into()),
        ("verdict", verdict.into()),
        ("claim", one.claim.as_str().into()),
    ]
}

/// What limits from rounded counts amount to.
fn verdict(one: &Difference, Interval { lo, hi, .. }: Interval, status: Status) -> &'static str {
    let better = catalog::measure(one.measure).map_or(Better::Neither, |measure| measure.better);
    let verdict = match (status, better) {
        (Status::InsufficientEvidence(_), _) => Verdict::InsufficientEvidence,
        _ if lo <= 0.0 && hi >= 0.0 => Verdict::NoClearDifference,
        (_, Better::Higher) if lo > 0.0 => Verdict::Better,
        (_, Better::Lower) if hi < 0.0 => Verdict::Better,
        (_, Better::Higher | Better::Lower) => Verdict::Worse,
        (_, Better::Neither) if lo > 0.0 => Verdict::Higher,
        (_, Better::Neither) => Verdict::Lower,
    };
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::NoClearDifference => "no_clear_difference",
        Verdict::InsufficientEvidence => "insufficient_evidence",
        Verdict::NotComparable => "not_comparable",
    }
}
