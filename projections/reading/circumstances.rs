//! The circumstances of a consultation, and what its sources can tell (rule 10).

use std::sync::Arc;

use event::{Context, Dimension, KindSet};

use crate::episode::{Fact, Mark};
use crate::outcome::RowSight;
use crate::source::Sight;

/// The circumstances: later values amend earlier ones, but the platform is the first (rule 10).
///
/// Most consultations tell them once; those share what was told.
pub(super) fn context(marks: &[Mark], sights: &[Sight]) -> Arc<Context> {
    let mut told = marks.iter().filter_map(|mark| match &mark.fact {
        Fact::Scheduled { context, .. } | Fact::Joined(context) => context.as_ref(),
        _ => None,
    });
    let mut context = told.next().map(Arc::clone).unwrap_or_default();
    for later in told {
        let platform = context.get(Dimension::Platform).map(str::to_owned);
        let context = Arc::make_mut(&mut context);
        context.amend(later);
        if let Some(platform) = platform {
            context.set(Dimension::Platform, platform);
        }
    }
    if context.get(Dimension::Platform).is_none()
        && let Some(platform) = marks.iter().find_map(|mark| sights[mark.source as usize].platform.as_deref())
    {
        Arc::make_mut(&mut context).set(Dimension::Platform, platform);
    }
    context
}

/// Which kinds the sources of these marks can tell.
pub(super) fn row_sight(marks: &[Mark], sights: &[Sight]) -> RowSight {
    let (mut sees, mut observes, mut undeclared) = (KindSet::NONE, KindSet::NONE, false);
    let mut declared = [KindSet::NONE; 2];
    let mut last = None;
    for mark in marks.iter().filter(|mark| last.replace(mark.source) != Some(mark.source)) {
        let sight = &sights[mark.source as usize];
        let observed = sight.sees.without(sight.infers);
        sees = sees.or(sight.sees);
        observes = observes.or(observed);
        undeclared |= !sight.declared;
        if sight.declared {
            declared = [declared[0].or(observed), declared[1].or(sight.infers)];
        }
    }
    RowSight::new(sees, observes, undeclared, declared)
}
