//! A decision of several logs: what it rests on is counted of each, and read of all.

use std::collections::BTreeSet;

use event::{Dimension, NOT_RECORDED};
use projections::calendar::Used;
use projections::compare::{Ask, Cells, Decided, Design, ForDecision, GROUPED_BY, NotComparable, Summary};
use projections::stats::decision::policy::Rule;
use projections::survey::Surveyeds;
use projections::windows::{Seen, Windows, by_day};

use super::asked::For;
use crate::replay::{About, Basis, Chosen, Decides, Declared, Rows, Sheet, decide_counted};

/// What the rows of a sheet add to a decision, besides what they add to a comparison.
pub(super) fn counted(sheet: &Sheet, ask: &Ask, threads: usize) -> ForDecision {
    let parameters = &sheet.parameters;
    let designs = ask.every_decision().unwrap_or_default();
    let look =
        |design: &Design, by: &[Dimension]| sheet.fold(&design.look(ask, (by, None), parameters), threads);
    let weighing = ask.weighing_all().unwrap_or_else(|| ask.clone());
    let concerned = weighing.every_design();
    let concerned =
        concerned.iter().map(|design| sheet.fold(&design.question(&weighing, parameters), threads));
    let grouped = |dimension| -> Vec<Cells> {
        let by = Design::apart_by(ask, Some(dimension));
        designs.iter().map(|design| look(design, &by)).collect()
    };
    let windows = |by| sheet.fold(&Windows { by, filter: &ask.filter }, threads);
    let is_recorded =
        |dimension: &Dimension| sheet.levels(*dimension).iter().any(|level| level != NOT_RECORDED);
    let levels = ask.known_levels().into_iter();
    let recorded = ask.further_recorded().into_iter().filter(is_recorded);
    ForDecision {
        decided: designs.iter().map(|design| look(design, &ask.units(design.cluster))).collect(),
        weighed: concerned.collect(),
        grouped: GROUPED_BY.map(grouped).into(),
        by_organisation: windows(&[Dimension::Organisation]),
        by_stratum: by_day(&windows(&ask.by)),
        levels: levels.map(|dimension| (dimension.name().to_owned(), sheet.levels(dimension))).collect(),
        recorded: recorded.map(|dimension| dimension.name().to_owned()).collect(),
    }
}

/// What a decision of several logs rests on.
#[derive(Debug)]
pub struct Deciding {
    ask: Ask,
    about: About,
    whole: Summary,
    decision: ForDecision,
}

impl Deciding {
    /// Of what was counted of all logs; nothing where it was not counted for a decision.
    pub(super) fn of((ask, purpose): (Ask, For), about: About, mut whole: Summary) -> Option<Self> {
        let decision = whole.decision.as_ref()?;
        let is_recorded = |dimension: Dimension| {
            let levels = decision.levels.get(dimension.name()).into_iter().flatten();
            levels.into_iter().any(|level| level != NOT_RECORDED)
        };
        let mut ask = ask;
        if purpose == (For::Decision { usual_strata: true }) && !ask.by.iter().any(|by| is_recorded(*by)) {
            whole = whole.undivided(ask.by.len());
            ask.by.clear();
        }
        let decision = whole.decision.take()?;
        Some(Self { ask, about, whole, decision })
    }

    /// The question that was counted for, with the strata that there are.
    #[must_use]
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// The levels that consultations have, whatever they are asked for, of what strata are told apart by.
    #[must_use]
    pub fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.decision.levels.get(dimension.name()).cloned().unwrap_or_default()
    }

    /// Whether somebody recorded a dimension that is asked for.
    #[must_use]
    pub fn is_recorded(&self, dimension: Dimension) -> bool {
        self.decision.recorded.contains(dimension.name())
            || self.levels(dimension).iter().any(|level| level != NOT_RECORDED)
    }

    /// Decides as if there were one log. Its position is the number of events in all of them.
    ///
    /// # Errors
    /// When what is asked cannot be compared.
    pub fn decide(
        &self,
        level: f64,
        rule: &Rule,
        declared: &Declared<'_>,
    ) -> Result<Option<Decided>, NotComparable> {
        decide_counted(self, &Ask { level, ..self.ask.clone() }, rule, declared)
    }
}

impl Basis for Deciding {
    fn survey(&self, _: &Ask) -> Surveyeds {
        self.whole.survey.clone()
    }

    fn cells(&self, ask: &Ask, design: &Design) -> Cells {
        self.whole.cells(ask, design)
    }

    fn used(&self, _: &Ask) -> Used {
        self.whole.used.clone()
    }

    fn about(&self) -> About {
        self.about
    }
}

impl Decides for Deciding {
    fn counted(
        &self,
        (ask, compared): Chosen<'_>,
        (asked, decided): Chosen<'_>,
        (_, weighing): Chosen<'_>,
    ) -> [Cells; 3] {
        [
            self.whole.cells(ask, compared),
            self.decision.decided(asked, decided),
            self.decision.weighed(asked, weighing),
        ]
    }

    fn grouped(&self, (ask, design): Chosen<'_>, dimension: Dimension) -> Cells {
        self.decision.grouped(ask, design, dimension)
    }

    fn windows(&self, _: &Ask) -> (Seen, Seen) {
        (self.decision.by_organisation.clone(), self.decision.by_stratum.clone())
    }
}
