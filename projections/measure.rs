//! What a measure is: a name, a denominator, what it needs to see, and how a row counts.
//!
//! Measures are values, one question each, in `reliability` and `usability`; the closed list of them is
//! the [`catalog`](crate::catalog). *Not measured is not zero*: a row whose sources cannot see what a
//! measure needs is counted as unmeasured, never as a row in which it did not happen.

use event::{Kind, KindSet, Role};

use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::sketch::{Counts, Voice};

/// One question that can be asked of outcomes.
#[derive(Debug)]
pub struct Measure {
    /// Its name in commands and machine output.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is a share of, or over.
    pub of: &'static str,
    /// How a row counts, in one sentence.
    pub definition: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What the sources of a row must be able to see.
    pub needs: Needs,
    /// What compared platforms must be alike in seeing: their denominators differ otherwise.
    pub alike: KindSet,
    /// For whom it is read apart; empty for a measure of the whole consultation.
    pub roles: &'static [Role],
    /// How a row counts.
    pub fold: Fold,
}

/// Which way a measure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It says nothing about quality.
    Neither,
}

/// What must be seen for a measure to mean anything.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// Each of these kinds.
    pub all: KindSet,
    /// At least one of these kinds; no demand when empty.
    pub any: KindSet,
    /// Kinds that change the answer where they are seen: a platform whose feed declares that it cannot
    /// tell them is not compared by it with one whose feed can.
    pub changed_by: KindSet,
}

/// How a row counts.
#[derive(Debug, Clone, Copy)]
pub enum Fold {
    /// So many of so many.
    Share(fn(&Outcome) -> Counts),
    /// A share of attempted consultations, with what it is made up of: none where it does not hold.
    Breakdown(fn(&Outcome) -> Option<&str>),
    /// A share of attempted consultations, put together from parts of which some may not be seen.
    Composite(Joining, &'static [Part]),
    /// An amount over an exposure, times a factor: `a / t * factor`.
    PerTime(fn(&Outcome) -> Option<(u64, u64)>, f64),
    /// The share of an exposure that is free of the amount: `1 - a / t`.
    FreeOf(fn(&Outcome) -> Option<(u64, u64)>),
    /// Durations in milliseconds, which are put behind others; read as quantiles.
    Durations(fn(&Outcome, Role, &mut Vec<u64>)),
    /// What people said, read as the share of favourable answers.
    Opinion(fn(&Outcome, Role) -> Voicing),
    /// What people scored, read as a mean between these bounds.
    Score(fn(&Outcome, Role) -> Voicing, [f64; 2]),
}

/// How the parts of a composite are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// Every part must hold, in a consultation that connected.
    ConnectedAndAll,
    /// One part is enough.
    Any,
}

/// One part of a composite measure.
#[derive(Debug)]
pub struct Part {
    /// Its name in machine output.
    pub name: &'static str,
    /// Its name for people.
    pub words: &'static str,
    /// What must be seen for it.
    pub needs: Needs,
    /// Whether it holds.
    pub holds: fn(&Outcome, &Parameters) -> bool,
}

/// What the people of one role said in one consultation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voicing {
    /// Their answers.
    pub voices: Vec<Voice>,
    /// Invitations to this instrument.
    pub invited: u64,
}

impl Measure {
    /// What it is of, as people count it.
    #[must_use]
    pub fn of_what(&self) -> &'static str {
        match self.of {
            "attempted" => "attempted consultations",
            "connected" => "connected consultations",
            "answered" => "answers",
            of => of,
        }
    }

    /// Its title as it stands within a sentence: it begins small, unless it is a name or an abbreviation.
    #[must_use]
    pub fn within_sentence(&self) -> String {
        let mut letters = self.title.chars();
        let first = letters.next();
        if letters.clone().any(char::is_uppercase) {
            return self.title.to_owned();
        }
        first.into_iter().flat_map(char::to_lowercase).chain(letters).collect()
    }
}

impl Needs {
    /// No demand.
    pub const NOTHING: Self = Self { all: KindSet::NONE, any: KindSet::NONE, changed_by: KindSet::NONE };

    /// Each of `kinds`.
    #[must_use]
    pub const fn all(kinds: &[Kind]) -> Self {
        Self { all: KindSet::of(kinds), ..Self::NOTHING }
    }

    /// The same, and at least one of `kinds`.
    #[must_use]
    pub const fn and_any(self, kinds: KindSet) -> Self {
        Self { any: kinds, ..self }
    }

    /// The same, changed by `kinds` where they are seen.
    #[must_use]
    pub const fn changed_by(self, kinds: &[Kind]) -> Self {
        Self { changed_by: KindSet::of(kinds), ..self }
    }

    /// Whether sources that see `sees` see enough.
    #[must_use]
    pub const fn met(self, sees: KindSet) -> bool {
        sees.has_all(self.all) && (self.any.is_empty() || sees.has_any(self.any))
    }

    /// Every kind that is named.
    #[must_use]
    pub const fn kinds(self) -> KindSet {
        self.all.or(self.any)
    }

    /// What is missing in `sees`, in words; empty when enough is seen.
    #[must_use]
    pub fn missing(self, sees: KindSet) -> String {
        let names = |kinds: KindSet, word: &str| kinds.iter().map(Kind::name).collect::<Vec<_>>().join(word);
        let (all, any) = (self.all.without(sees), self.any);
        match (all.is_empty(), any.is_empty() || sees.has_any(any)) {
            (true, true) => String::new(),
            (false, true) => names(all, ", "),
            (true, false) => names(any, " or "),
            (false, false) => format!("{}, and {}", names(all, ", "), names(any, " or ")),
        }
    }
}

/// Kinds by which a failed attempt leaves a trace: without any of them whoever is seen has got in.
pub(crate) const ATTEMPTS: KindSet = KindSet::of(&[Kind::JoinAttempted, Kind::Waiting, Kind::JoinFailed]);

/// One attempted consultation in the denominator, counted if `holds`.
pub(crate) fn of_attempted(row: &Outcome, holds: bool) -> Counts {
    of(row.attempted, holds)
}

/// One connected consultation in the denominator, counted if `holds`.
pub(crate) fn of_connected(row: &Outcome, holds: bool) -> Counts {
    of(row.connected, holds)
}

fn of(denominator: bool, holds: bool) -> Counts {
    Counts { n: u64::from(denominator), x: u64::from(denominator && holds) }
}

#[cfg(test)]
mod tests {
    use crate::catalog;

    #[test]
    fn titles_begin_small_within_a_sentence_and_names_stay_names() {
        for (name, told) in [
            ("any_drop", "consultations with a drop"),
            ("sus", "System Usability Scale, 0 to 100"),
            ("tuq", "Telehealth Usability Questionnaire, 1 to 7"),
        ] {
            assert_eq!(catalog::measure(name).unwrap().within_sentence(), told);
        }
    }
}
