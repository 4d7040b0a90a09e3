//! The estimate: one number with its limits, how they were found, and whether they may be believed.
//!
//! Every estimator of this module returns this one type, so that a table, a chart and a claim read all of
//! them alike. What cannot be had is absent and says why: a limit that would be infinite is `None`, and no
//! field is ever NaN or infinite. An estimate is a reading, not a state: it is never merged with another.
//!
//! It carries no p-value and no verdict. Whether a difference matters is decided where its margin is known.

use serde::Serialize;

use super::special::normal;
use super::status::{Flag, Reason, Status};

/// The usual level.
pub const LEVEL_95: f64 = 0.95;
/// The level of funnel limits, three standard errors by convention.
pub const LEVEL_998: f64 = 0.998;
/// Fewer events than this, or fewer non-events, are not evidence for a comparison.
pub const FEWEST_EVENTS: u64 = 10;
/// Fewer clusters than this are flagged.
pub const FEW_CLUSTERS: u64 = 10;

/// A value between its limits: the part of an estimate that arithmetic works on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The point estimate.
    pub value: f64,
    /// The lower limit.
    pub lo: f64,
    /// The upper limit.
    pub hi: f64,
}

/// One estimated number, its uncertainty, and the grounds on which it stands.
///
/// ```
/// use projections::stats::{LEVEL_95, Status, proportion::wilson};
///
/// let share = wilson(81.0, 263.0, LEVEL_95);
/// assert_eq!(share.status, Status::Ok);
/// assert!(share.contains(0.30) && !share.contains(0.40));
///
/// let nothing = wilson(0.0, 0.0, LEVEL_95);
/// assert_eq!((nothing.value, nothing.hi), (None, None));
/// assert_eq!(nothing.status.to_string(), "not estimable: there are no observations");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The point estimate.
    pub value: Option<f64>,
    /// The lower limit.
    pub lo: Option<f64>,
    /// The upper limit.
    pub hi: Option<f64>,
    /// The standard error, on the scale of the value unless the estimator says otherwise.
    pub se: Option<f64>,
    /// The nominal coverage of the limits; zero where the level asked for was none.
    pub level: f64,
    /// The name of the estimator.
    pub method: &'static str,
    /// Observations, over all arms.
    pub n: f64,
    /// Events among them, where the estimator counts events.
    pub events: Option<f64>,
    /// Clusters with at least one observation.
    pub clusters: Option<u64>,
    /// Degrees of freedom of the critical value.
    pub df: Option<f64>,
    /// The design effect by which the sample was discounted.
    pub deff: Option<f64>,
    /// Whether the numbers may be believed.
    pub status: Status,
    /// What a reader of the numbers must know besides.
    pub flags: Vec<Flag>,
}

impl Estimate {
    /// An estimate of which only the reason for its absence is known.
    pub fn absent(method: &'static str, level: f64, status: Status) -> Self {
        Self {
            value: None,
            lo: None,
            hi: None,
            se: None,
            level: if tail(level).is_some() { level } else { 0.0 },
            method,
            n: 0.0,
            events: None,
            clusters: None,
            df: None,
            deff: None,
            status,
            flags: Vec::new(),
        }
    }

    /// An estimate that cannot be had.
    pub fn not_estimable(method: &'static str, level: f64, reason: Reason) -> Self {
        Self::absent(method, level, Status::NotEstimable(reason))
    }

    /// An estimate with both limits; one that left the range of numbers becomes not estimable.
    pub fn between(method: &'static str, level: f64, Interval { value, lo, hi }: Interval) -> Self {
        if !(value.is_finite() && lo.is_finite() && hi.is_finite()) {
            return Self::not_estimable(method, level, Reason::NotFinite);
        }
        Self::absent(method, level, Status::Ok)
            .with_value(value)
            .with_limits(Some(lo.min(value)), Some(hi.max(value)))
    }

    /// A value without limits, and why there are none.
    pub fn alone(method: &'static str, level: f64, value: f64, status: Status) -> Self {
        Self::absent(method, level, status).with_value(value)
    }

    /// The value and both limits, where all three are there.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval { value: self.value?, lo: self.lo?, hi: self.hi? })
    }

    /// Whether `x` lies within the limits; an absent limit does not exclude, absent limits contain nothing.
    pub fn contains(&self, x: f64) -> bool {
        (self.lo.is_some() || self.hi.is_some())
            && self.lo.is_none_or(|lo| lo <= x)
            && self.hi.is_none_or(|hi| x <= hi)
    }

    /// Half the distance between the limits.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.hi? - self.lo?) / 2.0)
    }

    /// Whether the numbers may be read as they stand, that is, its status is `Ok` or `Boundary`.
    pub fn stands(&self) -> bool {
        matches!(self.status, Status::Ok | Status::Boundary(_))
    }

    /// The same estimate under `status`, unless its own is more severe.
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = self.status.max(status);
        self
    }

    /// The same estimate with one caution more.
    pub fn with_flag(mut self, flag: Flag) -> Self {
        if let Err(place) = self.flags.binary_search(&flag) {
            self.flags.insert(place, flag);
        }
        self
    }

    pub(super) fn with_flag_if(self, applies: impl Into<bool>, flag: Flag) -> Self {
        if applies.into() { self.with_flag(flag) } else { self }
    }

    pub(super) fn with_value(mut self, value: f64) -> Self {
        self.value = finite(value);
        self
    }

    pub(super) fn with_limits(mut self, lo: Option<f64>, hi: Option<f64>) -> Self {
        (self.lo, self.hi) = (lo.and_then(finite), hi.and_then(finite));
        self
    }

    pub(super) fn with_se(mut self, se: f64) -> Self {
        self.se = finite(se);
        self
    }

    pub(super) fn with_n(mut self, n: f64) -> Self {
        self.n = finite(n).unwrap_or(0.0);
        self
    }

    pub(super) fn with_events(mut self, events: f64) -> Self {
        self.events = finite(events);
        self
    }

    pub(super) fn with_clusters(mut self, clusters: u64) -> Self {
        self.clusters = Some(clusters);
        self
    }

    pub(super) fn with_df(mut self, df: f64) -> Self {
        self.df = finite(df);
        self
    }

    pub(super) fn with_deff(mut self, deff: f64) -> Self {
        self.deff = finite(deff);
        self
    }

    /// The same estimate with its limits inside the possible range, flagged where that changed them.
    pub(super) fn clipped(mut self, floor: f64, ceiling: f64) -> Self {
        let cut = |limit: Option<f64>| limit.map(|x| x.max(floor).min(ceiling));
        let (lo, hi) = (cut(self.lo), cut(self.hi));
        let changed = (lo, hi) != (self.lo, self.hi);
        (self.lo, self.hi) = (lo, hi);
        self.with_flag_if(changed, Flag::Clipped)
    }
}

/// The share of error on each side of an interval of this level; nothing where it is no level.
pub(super) fn tail(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then_some((1.0 - level) / 2.0)
}

/// The normal critical value of a level: 1.96 for 95 %.
pub fn critical(level: f64) -> Option<f64> {
    tail(level).map(normal::upper_quantile)
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETWEEN: Interval = Interval { value: 0.2, lo: 0.1, hi: 0.4 };

    #[test]
    fn what_left_the_range_of_numbers_becomes_not_estimable() {
        for value in [f64::NAN, f64::INFINITY] {
            let estimate = Estimate::between("test", LEVEL_95, Interval { value, ..BETWEEN });
            assert_eq!((estimate.value, estimate.status), (None, Status::NotEstimable(Reason::NotFinite)));
        }
        assert_eq!(Estimate::alone("test", LEVEL_95, f64::NAN, Status::Ok).value, None);
    }

    #[test]
    fn limits_enclose_the_value() {
        let estimate = Estimate::between("test", LEVEL_95, Interval { lo: 0.3, ..BETWEEN });
        assert_eq!(estimate.lo, Some(0.2));
    }

    #[test]
    fn the_more_severe_status_is_kept() {
        let few = Status::InsufficientEvidence(Reason::FewEvents);
        let estimate = Estimate::between("test", LEVEL_95, BETWEEN).with_status(few);
        assert_eq!(estimate.with_status(Status::Boundary(Reason::NoEvents)).status, few);
    }

    #[test]
    fn flags_are_kept_once_and_in_order() {
        let estimate = Estimate::between("test", LEVEL_95, BETWEEN).with_flag(Flag::Clipped);
        let flagged = estimate.with_flag(Flag::FewClusters).with_flag(Flag::Clipped);
        assert_eq!(flagged.flags, [Flag::FewClusters, Flag::Clipped]);
    }

    #[test]
    fn an_absent_limit_does_not_exclude_but_absent_limits_contain_nothing() {
        let estimate = Estimate::between("test", LEVEL_95, BETWEEN);
        assert!(estimate.contains(0.4) && !estimate.contains(0.41));
        let open = estimate.clone().with_limits(Some(0.1), None);
        assert!(open.contains(9.0) && !open.contains(0.0) && open.interval().is_none());
        assert!(!estimate.with_limits(None, None).contains(0.2));
    }

    #[test]
    fn clipping_is_flagged_only_where_it_cut() {
        let estimate = Estimate::between("test", LEVEL_95, BETWEEN);
        assert!(estimate.clone().clipped(0.0, 1.0).flags.is_empty());
        let cut = estimate.clipped(0.0, 0.3);
        assert_eq!((cut.hi, cut.flags), (Some(0.3), vec![Flag::Clipped]));
    }

    #[test]
    fn a_level_that_is_none_is_not_repeated() {
        for level in [0.0, 1.0, 95.0, f64::NAN] {
            assert_eq!(Estimate::not_estimable("test", level, Reason::InvalidParameter).level, 0.0);
            assert_eq!(critical(level), None);
        }
    }

    #[test]
    fn an_estimate_is_written_in_words() {
        let status = Status::Boundary(Reason::NoEvents);
        let estimate = Estimate::alone("test", LEVEL_95, 0.0, status).with_flag(Flag::FewClusters);
        let text = serde_json::to_string(&estimate).unwrap();
        assert!(text.contains(r#""status":{"kind":"boundary","reason":"no event was seen"}"#), "{text}");
        assert!(text.contains(r#""flags":["few clusters"]"#) && text.contains(r#""lo":null"#), "{text}");
    }
}
