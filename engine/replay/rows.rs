//! What is asked of the rows of a replay, whatever form they are kept in.

use event::Dimension;
use projections::compare::{self as comparing, Ask, ClusterChoice, Comparison, NotComparable};
use projections::parameters::Parameters;
use projections::projection::Projection;

use crate::log::Position;

/// The rows of a replay.
pub trait Rows {
    /// Folds the rows into a projection, on at most this many threads.
    fn fold<P>(&self, projection: &P, threads: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send;

    /// How they were read.
    fn about(&self) -> About;
}

/// How rows were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// By which parameters.
    pub parameters: Parameters,
    /// Up to which position.
    pub position: Position,
    /// How many consultations are not over.
    pub in_progress: u64,
}

/// The dimensions whose levels an answer to `ask` may need.
#[must_use]
pub fn wanted(ask: &Ask) -> Vec<Dimension> {
    let cluster = match ask.cluster {
        ClusterChoice::Auto => Some(Dimension::Clinician),
        ClusterChoice::By(dimension) => Some(dimension),
        ClusterChoice::None => None,
    };
    ask.by.iter().copied().chain(ask.filter.iter().map(|(dimension, _)| dimension)).chain(cluster).collect()
}

/// Answers a question from the rows of a replay.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn compare(rows: &impl Rows, ask: &Ask, threads: usize) -> Result<Comparison, NotComparable> {
    let about = rows.about();
    let arms = rows.fold(&ask.survey(), threads);
    let design = ask.design(&arms)?;
    let cells = rows.fold(&design.question(ask, &about.parameters), threads);
    let mut comparison = comparing::compare(ask, &design, &arms, &cells, &about.parameters)?;
    comparison.position = about.position.0;
    comparison.in_progress = about.in_progress;
    Ok(comparison)
}
