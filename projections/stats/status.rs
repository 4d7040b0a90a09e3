//! Whether an estimate may be believed, in a closed vocabulary.
//!
//! A reader must be told apart "we looked and there was nothing" from "nobody could have seen it", and a test
//! must be able to name each case, so reasons and cautions are enumerated and carry their words with them.
//! The reasons are those of arithmetic; a reason that only the caller knows is stated in the caller's words.

use std::fmt;

use serde::{Serialize, Serializer};

/// Whether an estimate stands, and if not, why.
///
/// The order is that of severity: where two apply, the later one is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "reason", rename_all = "snake_case")]
pub enum Status {
    /// The value and both limits hold.
    Ok,
    /// The value lies on the edge of what is possible, or a limit lies beyond it; what is given holds.
    Boundary(Reason),
    /// The numbers are given, but they are too few, or too alike in origin, to decide on.
    InsufficientEvidence(Reason),
    /// The numbers are withheld to protect the people behind them.
    Suppressed,
    /// The number, or its uncertainty, cannot be had from these data; a value alone is a mere description.
    NotEstimable(Reason),
    /// Nothing that was recorded could have shown it.
    NotMeasured(Reason),
}

/// Why an estimate is not plainly in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// No observation at all.
    NoData,
    /// No time, or no other denominator, was observed.
    NoExposure,
    /// Not one event.
    NoEvents,
    /// Nothing but events.
    AllEvents,
    /// The arm compared against has no event.
    NoEventsInReference,
    /// A difference as large as can be.
    Extreme,
    /// One cluster holds most of an arm.
    DominantCluster,
    /// All observations share one cluster.
    OneCluster,
    /// Fewer clusters than the method needs.
    FewClusters,
    /// A single observation.
    OneObservation,
    /// Observations, or clusters, that do not differ at all.
    NoVariation,
    /// Too few events or non-events.
    FewEvents,
    /// A limit outside the observed values.
    BeyondData,
    /// A time longer than anything was observed.
    BeyondFollowUp,
    /// A share that was not reached in what was observed.
    NotReached,
    /// A level, share or other parameter outside its range.
    InvalidParameter,
    /// Counts that contradict each other.
    InconsistentCounts,
    /// Totals beyond exact arithmetic.
    TooLarge,
    /// No stratum in which both arms were seen.
    NoCommonSupport,
    /// A quantity, or its logarithm, that these data do not define.
    Undefined,
    /// A quantity that is lost when one group is left out.
    Unstable,
    /// A factor that tells events from non-events without error.
    Separation,
    /// A factor that the other factors repeat.
    Aliased,
    /// Arithmetic that left the range of numbers.
    NotFinite,
    /// Too few groups in order for a slope, or more than have one.
    QuantileCount,
    /// A group in order without observations.
    EmptyQuantile,
    /// A group in order without any event, or with nothing but events.
    EdgeQuantile,
    /// A fitted line that leaves the possible range.
    BeyondRange,
    /// A reason that only the caller knows.
    Stated(&'static str),
}

/// A caution that does not make an estimate wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flag {
    /// The limits know only the variation within one cluster.
    NoReplication,
    /// Fewer than [`FEW_CLUSTERS`](super::estimate::FEW_CLUSTERS) clusters.
    FewClusters,
    /// The clusters differ so much in size that the limits were widened for it.
    UnequalClusters,
    /// The design effect is an assumption.
    AssumedDesignEffect,
    /// Arms that share clusters were treated as if they did not.
    PairingIgnored,
    /// The limits rest on events being independent.
    AssumedIndependence,
    /// A limit was cut to the possible range.
    Clipped,
    /// Fewer observations than the method wants.
    FewObservations,
    /// One half was added to each count.
    HalfAdded,
    /// The only limit given has the whole error on its side.
    OneSided,
    /// Limits by analogy with a case in which they are proven.
    Heuristic,
    /// Fewer than [`FEW_GROUPS`](super::jackknife::FEW_GROUPS) groups to leave out in turn.
    FewGroups,
    /// Strata that only one arm was seen in were left out.
    PartialSupport,
    /// Nobody was observed who did not change at the same time.
    NoConcurrentControl,
}

impl Status {
    /// Why, where there is a reason.
    pub fn reason(&self) -> Option<Reason> {
        match *self {
            Self::Boundary(why)
            | Self::InsufficientEvidence(why)
            | Self::NotEstimable(why)
            | Self::NotMeasured(why) => Some(why),
            Self::Ok | Self::Suppressed => None,
        }
    }
}

impl Reason {
    /// The reason in words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::NoData => "there are no observations",
            Self::NoExposure => "nothing was observed to divide by",
            Self::NoEvents => "no event was seen",
            Self::AllEvents => "every observation is an event",
            Self::NoEventsInReference => "the arm compared against has no event",
            Self::Extreme => "the difference is as large as can be",
            Self::DominantCluster => "one cluster holds most of an arm's observations",
            Self::OneCluster => "all observations of an arm share one cluster",
            Self::FewClusters => "there are too few clusters to tell",
            Self::OneObservation => "a single observation has no spread",
            Self::NoVariation => "the observations do not differ",
            Self::FewEvents => "fewer than 10 events or 10 non-events",
            Self::BeyondData => "a limit lies beyond the observed values",
            Self::BeyondFollowUp => "nothing was observed for that long",
            Self::NotReached => "the share asked for was not reached",
            Self::InvalidParameter => "a parameter is out of range",
            Self::InconsistentCounts => "the counts contradict each other",
            Self::TooLarge => "the totals are too large to sum exactly",
            Self::NoCommonSupport => "no stratum holds both arms",
            Self::Undefined => "the quantity is not defined on these data",
            Self::Unstable => "leaving out one group leaves nothing to estimate",
            Self::Separation => {
                "a factor separates events from non-events, so that the model has no solution"
            }
            Self::Aliased => "the factor cannot be told from the others",
            Self::NotFinite => "the arithmetic left the range of numbers",
            Self::QuantileCount => "a slope is fitted over 5 to 100 quantiles",
            Self::EmptyQuantile => "a quantile has no observations",
            Self::EdgeQuantile => "a quantile has no event or nothing but events",
            Self::BeyondRange => "the fitted line leaves the possible range",
            Self::Stated(words) => words,
        }
    }
}

impl Flag {
    /// The caution in words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::NoReplication => "no replication across clusters",
            Self::FewClusters => "few clusters",
            Self::UnequalClusters => "clusters of very unequal size",
            Self::AssumedDesignEffect => "the design effect is assumed, not estimated",
            Self::PairingIgnored => "shared clusters were treated as separate",
            Self::AssumedIndependence => "the limits assume independent events",
            Self::Clipped => "limits cut to the possible range",
            Self::FewObservations => "few observations",
            Self::HalfAdded => "one half was added to each count",
            Self::OneSided => "one-sided limit",
            Self::Heuristic => "proven for independent observations only, used here by analogy",
            Self::FewGroups => "few groups to leave out in turn",
            Self::PartialSupport => "strata with one arm only were left out",
            Self::NoConcurrentControl => "before and after only, without a concurrent control",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Boundary(_) => "at a boundary",
            Self::InsufficientEvidence(_) => "insufficient evidence",
            Self::Suppressed => "suppressed",
            Self::NotEstimable(_) => "not estimable",
            Self::NotMeasured(_) => "not measured",
        })?;
        self.reason().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_as_a_sentence() {
        assert_eq!(Status::Ok.to_string(), "ok");
        assert_eq!(Status::Suppressed.to_string(), "suppressed");
        let unseen = Status::NotMeasured(Reason::Stated("the feed does not carry audio"));
        assert_eq!(unseen.to_string(), "not measured: the feed does not carry audio");
    }

    #[test]
    fn severity_orders_the_kinds() {
        let why = Reason::NoData;
        let rising = [
            Status::Ok,
            Status::Boundary(why),
            Status::InsufficientEvidence(why),
            Status::Suppressed,
            Status::NotEstimable(why),
            Status::NotMeasured(why),
        ];
        assert!(rising.is_sorted());
    }
}
