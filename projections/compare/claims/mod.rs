//! Claims: every sentence of a conclusion, with its name, its rule and the numbers behind it.
//!
//! The name depends on the question alone, so that a claim keeps it as evidence grows; the hash of its value depends
//! on what it says, so that two reports differ by the claims that appeared, changed or went.

mod change;
mod decided;
mod name;
mod rule;
mod sentence;

pub use change::{Change, Changed, changes};
pub(super) use decided::decision;
pub use name::claim_id;
pub use rule::Rule;

use std::collections::BTreeMap;

use serde::Serialize;

use super::ask::Ask;
use super::difference::{Grade, Verdict};
use super::figure::Figure;
use super::row::Row;
use super::subject::Subject;
use super::times::{Contrast, Times};
use super::{Comparison, Difference, words};
use crate::reliability::drops::ANY_DROP;
use name::Name;
use sentence::{Sentence, sentence, sentence_begun};

/// A sentence of a conclusion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// Its name.
    pub claim: String,
    /// The rule by which it is made, with its version.
    pub rule: &'static str,
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Whether it is about consultations of which one side was seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
    /// What that is held against: another platform, group, or time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub than: Option<String>,
    /// What it amounts to.
    pub verdict: &'static str,
    /// The sentence.
    pub words: String,
    /// The numbers behind it; what cannot be had is not there.
    pub numbers: BTreeMap<&'static str, f64>,
    /// A hash of its name, verdict and numbers: the same as long as it says the same.
    pub value_hash: String,
}

impl Claim {
    /// A claim with its hash.
    fn new(
        (rule, claim): (Rule, String),
        (subject, than): (Subject, Option<&str>),
        (verdict, words): (&'static str, String),
        numbers: impl IntoIterator<Item = (&'static str, Option<f64>)>,
    ) -> Self {
        let numbers: BTreeMap<&str, f64> =
            numbers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let mut value = Name::of_value(&claim);
        value.tell([verdict]);
        for (name, number) in &numbers {
            value.tell([*name, &format!("{:016x}", number.to_bits())]);
        }
        let value_hash = value.digits();
        Self {
            claim,
            rule: rule.name(),
            subject,
            one_sided: false,
            than: than.map(str::to_owned),
            verdict,
            words,
            numbers,
            value_hash,
        }
    }
}

/// Everything that a comparison claims, in its order.
#[must_use]
pub fn claims(ask: &Ask, comparison: &Comparison) -> Vec<Claim> {
    let all = All { ask, comparison };
    let mut claims: Vec<Claim> = comparison.differences.iter().flat_map(|one| all.difference(one)).collect();
    claims.extend(all.gaps());
    claims.extend(all.slopes());
    claims.extend(all.spreads());
    claims.extend(all.courses());
    claims.extend(all.learning());
    claims.extend(all.moves());
    claims.extend(comparison.times.iter().flat_map(|times| all.times(times)));
    claims
}

/// A comparison and how it was asked for.
struct All<'a> {
    ask: &'a Ask,
    comparison: &'a Comparison,
}

impl All<'_> {
    fn name(&self, rule: Rule, subject: &Subject, further: &[(&str, &str)]) -> (Rule, String) {
        (rule, claim_id(rule, self.ask, &self.comparison.parameters, (subject, false), further))
    }

    /// The row of a platform that a difference is about.
    fn row(&self, difference: &Difference, platform: &str) -> Option<&Row> {
        self.comparison.rows.iter().find(|row| {
            (row.measure, row.role, row.one_sided)
                == (difference.measure, difference.role, difference.one_sided)
                && row.platform == platform
                && row.by == difference.by
        })
    }

    fn difference(&self, one: &Difference) -> Vec<Claim> {
        let [mine, theirs] = [&one.platform, &one.reference].map(|platform| self.row(one, platform));
        let (Some(mine), Some(theirs)) = (mine, theirs) else { return Vec::new() };
        let subject = Subject::from(mine);
        let count = |count: Option<u64>| count.map(|count| count as f64);
        let behind = [
            ("n", count(mine.n)),
            ("x", count(mine.x)),
            ("reference_n", count(theirs.n)),
            ("reference_x", count(theirs.x)),
        ];
        let numbers = [
            ("value", one.value),
            ("lo", one.lo),
            ("hi", one.hi),
            ("platform_value", mine.value),
            ("reference_value", theirs.value),
        ];
        let mut claims = vec![Claim::new(
            (Rule::Difference, one.claim.clone()),
            (subject.clone(), Some(&one.reference)),
            (one.verdict.name(), words::words(one, mine, theirs)),
            numbers.into_iter().chain(behind),
        )];
        if let Some(adjusted) = &one.adjusted {
            let by = adjusted.by.join(", ").replace('_', " ");
            let text = sentence(&Sentence {
                more: &format!("among consultations alike in {by}"),
                grade: one.grade(),
                ..Sentence::of(&subject, adjusted.verdict, (&one.platform, &one.reference), &adjusted.figure)
            });
            claims.push(Claim::new(
                (Rule::Adjusted, adjusted.claim.clone()),
                (subject, Some(&one.reference)),
                (adjusted.verdict.name(), text),
                limits(&adjusted.figure).into_iter().chain(behind),
            ));
        }
        claims.iter_mut().for_each(|claim| claim.one_sided = one.one_sided);
        claims
    }

    fn gaps(&self) -> impl Iterator<Item = Claim> {
        self.comparison.gaps.iter().map(|gap| {
            let further = [(gap.dimension, gap.group.as_str()), ("than", gap.than.as_str())];
            let on = format!("on {}", gap.subject.platform);
            let group = format!("{} {}", gap.dimension.replace('_', " "), gap.group);
            let text = sentence_begun(&Sentence {
                more: &on,
                ..Sentence::of(&gap.subject, gap.verdict, (&group, &gap.than), &gap.figure)
            });
            let [mine, theirs] = gap.values;
            let counts = gap.n.map(|count| count.map(|count| count as f64));
            let behind = [
                ("group_value", mine),
                ("than_value", theirs),
                ("group_n", counts[0]),
                ("than_n", counts[1]),
            ];
            Claim::new(
                self.name(Rule::Gap, &gap.subject, &further),
                (gap.subject.clone(), Some(&gap.than)),
                (gap.verdict.name(), text),
                limits(&gap.figure).into_iter().chain(behind),
            )
        })
    }

    fn slopes(&self) -> impl Iterator<Item = Claim> {
        self.comparison.slopes.iter().map(|slope| {
            let verdict = crossing(&slope.slope_index, 0.0);
            let text = sentence::slope(slope, verdict);
            let ratio = [("relative_index", slope.relative_index.value)];
            Claim::new(
                self.name(Rule::Slope, &slope.subject, &[("over", slope.dimension)]),
                (slope.subject.clone(), None),
                (verdict.name(), text),
                limits(&slope.slope_index).into_iter().chain(ratio),
            )
        })
    }

    fn spreads(&self) -> impl Iterator<Item = Claim> {
        self.comparison.spreads.iter().map(|spread| {
            let verdict = crossing(&spread.median_odds_ratio, 1.0);
            let text = sentence::spread(spread, verdict);
            let behind = [("units", Some(spread.units.len() as f64)), ("typical", spread.typical.value)];
            Claim::new(
                self.name(Rule::Spread, &spread.subject, &[("across", spread.dimension)]),
                (spread.subject.clone(), None),
                (if verdict == Verdict::Higher { "differ" } else { verdict.name() }, text),
                limits(&spread.median_odds_ratio).into_iter().chain(behind),
            )
        })
    }

    fn courses(&self) -> impl Iterator<Item = Claim> {
        self.comparison.courses.iter().map(|course| {
            let (verdict, text) = sentence::course(course);
            Claim::new(
                self.name(Rule::Course, &course.subject, &[("over", course.period), ("rules", course.rules)]),
                (course.subject.clone(), None),
                (verdict, text),
                limits(&course.centre).into_iter().chain([("periods", Some(course.points.len() as f64))]),
            )
        })
    }

    fn learning(&self) -> impl Iterator<Item = Claim> {
        self.comparison.learning.iter().map(|learning| {
            let who = ("the later consultations of clinicians", "their own first five");
            let on = format!("on {}", learning.subject.platform);
            let text = sentence_begun(&Sentence {
                more: &on,
                grade: Grade::Are,
                ..Sentence::of(&learning.subject, learning.verdict, who, &learning.within)
            });
            let behind = [
                ("clinicians", Some(learning.clinicians as f64)),
                ("with_both", Some(learning.with_both as f64)),
            ];
            Claim::new(
                self.name(Rule::Learning, &learning.subject, &[]),
                (learning.subject.clone(), None),
                (learning.verdict.name(), text),
                limits(&learning.within).into_iter().chain(behind),
            )
        })
    }

    fn moves(&self) -> impl Iterator<Item = Claim> {
        self.comparison.moves.iter().map(|moved| {
            let unit = moved.unit.replace('_', " ");
            let text = sentence(&Sentence {
                more: &format!("where each {unit} moved from one to the other"),
                ..Sentence::of(
                    &moved.subject,
                    moved.verdict,
                    (&moved.subject.platform, &moved.from),
                    &moved.figure,
                )
            });
            let further = [("switch", moved.unit), ("from", moved.from.as_str()), ("period", moved.period)];
            let behind = [("switched", Some(moved.switched as f64)), ("stayed", Some(moved.stayed as f64))];
            Claim::new(
                self.name(Rule::Moved, &moved.subject, &further),
                (moved.subject.clone(), Some(&moved.from)),
                (moved.verdict.name(), text),
                limits(&moved.figure).into_iter().chain(behind),
            )
        })
    }

    fn times(&self, times: &Times) -> Vec<Claim> {
        let Some(against) = &times.against else { return Vec::new() };
        let subject = Subject {
            measure: ANY_DROP.name,
            by: times.by.clone(),
            platform: times.platform.clone(),
            role: None,
        };
        let claim = |rule: Rule, contrast: &Contrast| {
            let text = sentence::times(rule, (times, &against.reference), contrast);
            let further = [("reference", against.reference.as_str())];
            let sides = (&subject, times.one_sided);
            let name = claim_id(rule, self.ask, &self.comparison.parameters, sides, &further);
            Claim::new(
                (rule, name),
                (subject.clone(), Some(&against.reference)),
                (contrast.verdict.name(), text),
                limits(&contrast.figure).into_iter().chain([("calls", Some(times.calls as f64))]),
            )
        };
        let claims = [
            claim(Rule::DroppedBySlot, &against.dropped),
            claim(Rule::DropsPerCall, &against.drops_per_call),
            claim(Rule::LostMinutes, &against.lost_minutes),
        ];
        claims.map(|claim| Claim { one_sided: times.one_sided, ..claim }).into()
    }
}

/// A value with its limits.
fn limits(figure: &Figure) -> [(&'static str, Option<f64>); 3] {
    [("value", figure.value), ("lo", figure.lo), ("hi", figure.hi)]
}

/// On which side of `none` the limits lie.
fn crossing(figure: &Figure, none: f64) -> Verdict {
    match (figure.status, figure.lo, figure.hi) {
        (crate::stats::Status::InsufficientEvidence(_), ..) => Verdict::InsufficientEvidence,
        (_, Some(lo), _) if lo > none => Verdict::Higher,
        (_, _, Some(hi)) if hi < none => Verdict::Lower,
        (_, Some(_), Some(_)) => Verdict::NoClearDifference,
        _ => Verdict::InsufficientEvidence,
    }
}
