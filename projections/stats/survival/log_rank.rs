//! The log-rank test that groups leave by one cause at the same rate while they are at risk.
//!
//! It compares rates, not shares: exits by other causes only end the time at risk. Where causes compete, groups may
//! differ in their rate and not in what becomes of them, and the other way round; [`gray`](super::gray) tests the
//! shares. It is strongest where one rate is a fixed multiple of the other, and may miss curves that cross.
//!
//! Sources: Mantel 1966, Cancer Chemother Rep 50:163; Peto & Peto 1972, JRSS A 135:185.

use super::Exits;
use super::groups::{Cell, comparable, visit};
use super::score::Score;
use crate::stats::status::Reason;
use crate::stats::test_statistic::Test;

/// The test over two or more groups, on one degree of freedom less than there are groups that were compared.
///
/// # Errors
/// Says why where there are fewer than two groups, no such cause, no event, or no two groups at risk at once.
pub fn log_rank(groups: &[Exits], cause: usize) -> Result<Test, Reason> {
    stratified(&[groups], cause)
}

/// The same within strata, each with the same groups in the same order: distances and variances add up.
///
/// # Errors
/// As for [`log_rank`], and where strata differ in their number of groups.
pub fn stratified<S: AsRef<[Exits]>>(strata: &[S], cause: usize) -> Result<Test, Reason> {
    let groups = strata.first().map_or(0, |stratum| stratum.as_ref().len());
    let mut tally = Tally { score: Score::zero(groups), events: 0 };
    for stratum in strata {
        let stratum = stratum.as_ref();
        comparable(stratum, cause)?;
        if stratum.len() != groups {
            return Err(Reason::InvalidParameter);
        }
        visit(stratum, cause, |cells| tally.add(cells));
    }
    match (groups, tally.events) {
        (0, _) => Err(Reason::InvalidParameter),
        (_, 0) => Err(Reason::NoEvents),
        _ => tally.score.test(),
    }
}

/// Events beyond expectation in each group, their hypergeometric covariance, and all events.
struct Tally {
    score: Score,
    events: u64,
}

impl Tally {
    fn add(&mut self, cells: &[Cell]) {
        let events: u64 = cells.iter().map(|cell| cell.events).sum();
        if events == 0 {
            return;
        }
        self.events += events;
        let at_risk: u64 = cells.iter().map(|cell| cell.at_risk).sum();
        let (n, d) = (at_risk as f64, events as f64);
        self.score.add_distances(cells.iter().map(|cell| cell.events as f64 - d * (cell.at_risk as f64 / n)));
        if at_risk > 1 {
            let scale = d * ((n - d) / (n - 1.0));
            let share = |i: usize| cells.get(i).map_or(0.0, |cell| cell.at_risk as f64 / n);
            self.score.add_covariances(|i, j| {
                let others = if i == j { 1.0 - share(i) } else { -share(j) };
                scale * share(i) * others
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits, placebo, treated};
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn remission_agrees_to_nine_digits() {
        let test = log_rank(&[treated(), placebo()], 0).unwrap();
        near(test.statistic, 16.79294099, 5.1e-10);
        assert_eq!(test.df, 1.0);
        near(test.p, 4.168809109334532e-05, 1e-13);
    }

    #[test]
    fn rates_of_drops_agree_to_nine_digits() {
        near(log_rank(&consultations(), 0).unwrap().statistic, 0.995608352, 5.1e-10);
    }

    #[test]
    fn the_order_of_groups_does_not_show() {
        let [a, b] = consultations();
        let groups = [a, b, exits(2, &[(3, 1), (3, 2), (7, 1), (11, 0)])];
        let turned = [&groups[2], &groups[0], &groups[1]].map(Clone::clone);
        let (ahead, back) = (log_rank(&groups, 0).unwrap(), log_rank(&turned, 0).unwrap());
        near(ahead.statistic, back.statistic, 1e-13);
        assert_eq!((ahead.df, back.df), (2.0, 2.0));
    }

    #[test]
    fn equal_strata_double_what_one_shows_and_empty_ones_nothing() {
        let groups = consultations();
        let once = log_rank(&groups, 0).unwrap();
        let twice = stratified(&[&groups, &groups], 0).unwrap();
        near(twice.statistic, 2.0 * once.statistic, 1e-13);
        let empty = [exits(2, &[]), exits(2, &[])];
        assert_eq!(stratified(&[&groups, &empty], 0), Ok(once));
        let lone = [exits(2, &[]), exits(2, &[(4, 1), (6, 1)])];
        assert_eq!(stratified(&[&groups, &lone], 0), Ok(once));
    }

    #[test]
    fn a_group_that_is_empty_is_not_compared() {
        let [a, b] = consultations();
        let test = log_rank(&[a, exits(2, &[]), b], 0).unwrap();
        assert_eq!(test, log_rank(&consultations(), 0).unwrap());
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let [a, b] = consultations();
        assert_eq!(log_rank(std::slice::from_ref(&a), 0), Err(Reason::InvalidParameter));
        assert_eq!(log_rank(&[], 0), Err(Reason::InvalidParameter));
        assert_eq!(stratified::<[Exits; 2]>(&[], 0), Err(Reason::InvalidParameter));
        assert_eq!(
            stratified(&[vec![a.clone(), b.clone()], vec![a.clone(), b.clone(), b.clone()]], 0),
            Err(Reason::InvalidParameter)
        );
        let open = exits(1, &[(5, 0)]);
        assert_eq!(log_rank(&[open.clone(), open], 0), Err(Reason::NoEvents));
        let apart = [exits(1, &[(1, 1), (2, 1)]), exits(1, &[])];
        assert_eq!(log_rank(&apart, 0), Err(Reason::NoVariation));
    }
}
