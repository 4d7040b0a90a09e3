//! What is hidden stays hidden: held against every table that fits what is shown, one after the other.
//!
//! The auditor knows nothing of flows. It counts up every table of small whole numbers, keeps those that fit
//! what is shown, and looks at what a hidden number is in them. A number that is shown nowhere ends at
//! [`CAP`], which lies far above what has to be reached.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The largest number that the auditor tries.
const CAP: u64 = 40;

/// What a number may be as far as it is shown, and as far as the auditor goes.
fn range(told: Option<Told>) -> (u64, u64) {
    let (lo, hi) = told.map_or((0, CAP), Told::range);
    (lo, if hi == u64::MAX { CAP } else { hi })
}

/// The smallest and the largest value of each of `sums` over all ways to fill `cells` such that every sum lies
/// in its range; a sum is over the cells whose numbers it names.
fn audit(cells: &[(u64, u64)], sums: &[(Vec<usize>, (u64, u64))]) -> Vec<(u64, u64)> {
    fn fill(
        filled: &mut Vec<u64>,
        cells: &[(u64, u64)],
        sums: &[(Vec<usize>, (u64, u64))],
        found: &mut [(u64, u64)],
    ) {
        let total = |of: &[usize]| of.iter().filter_map(|cell| filled.get(*cell)).sum::<u64>();
        let totals: Vec<u64> = sums.iter().map(|(of, _)| total(of)).collect();
        let whole = |of: &[usize]| of.iter().all(|cell| *cell < filled.len());
        let fits = sums
            .iter()
            .zip(&totals)
            .all(|((of, (lo, hi)), total)| total <= hi && (!whole(of) || total >= lo));
        if !fits {
            return;
        }
        if filled.len() == cells.len() {
            for (found, total) in found.iter_mut().zip(&totals) {
                *found = (found.0.min(*total), found.1.max(*total));
            }
            return;
        }
        let (lo, hi) = cells[filled.len()];
        for value in lo..=hi {
            filled.push(value);
            fill(filled, cells, sums, found);
            filled.pop();
        }
    }
    let mut found = vec![(u64::MAX, 0); sums.len()];
    fill(&mut Vec::new(), cells, sums, &mut found);
    found
}

/// Whether a hidden number that may be anything from `lo` to `hi` is protected, in words of its own.
#[track_caller]
fn assert_protected(policy: Policy, told: Option<Told>, (lo, hi): (u64, u64), what: &str) {
    match (policy, told) {
        (Policy::Rounded, Some(Told::Few)) => assert!(lo == 1 && hi == 7, "{what}: {lo} to {hi}"),
        (Policy::Rounded, _) => assert!(hi >= lo + 4, "{what}: {lo} to {hi}"),
        _ => assert!(hi >= lo + 10 && hi >= 8, "{what}: {lo} to {hi}"),
    }
}

/// Holds every number of a whole and its parts against the auditor.
fn check_line(policy: Policy, parts: &[u64]) -> (Vec<Told>, Told) {
    let mut draft = Draft::new(policy);
    let ids: Vec<Id> = parts.iter().map(|part| draft.count(*part)).collect();
    let sum = parts.iter().sum();
    let whole = draft.count(sum);
    let places = ids.iter().zip(parts).map(|(id, part)| Place::told(*id, *part)).collect();
    draft.table(Table::line(places, Place::told(whole, sum)));
    draft.settle().unwrap();
    let told: Vec<Told> = ids.iter().map(|id| draft.told(*id)).collect();
    let cells: Vec<(u64, u64)> = told.iter().map(|told| range(Some(*told))).collect();
    let all = (0..parts.len()).collect();
    let mut sums: Vec<(Vec<usize>, (u64, u64))> =
        cells.iter().enumerate().map(|(cell, range)| (vec![cell], *range)).collect();
    sums.push((all, draft.told(whole).range()));
    let found = audit(&cells, &sums);
    for (told, found) in told.iter().chain([&draft.told(whole)]).zip(&found) {
        if told.is_hidden() {
            assert_protected(policy, Some(*told), *found, &format!("{parts:?} as {told:?}"));
        }
    }
    (told, draft.told(whole))
}

#[test]
fn counts_are_rounded_and_small_ones_hidden() {
    let told = |count| rounded(count).number();
    assert_eq!(
        (told(0), told(8), told(12), told(13), told(17), told(18)),
        (Some(0), Some(10), Some(10), Some(15), Some(15), Some(20))
    );
    assert!((1..=7).all(|few| rounded(few) == Told::Few));
    for count in 0..1_000 {
        let (lo, hi) = rounded(count).range();
        assert!((lo..=hi).contains(&count) && (lo..=hi).all(|other| rounded(other) == rounded(count)));
        assert!(told(count) <= told(count + 1) || told(count + 1).is_none() || told(count).is_none());
        // What was rounded once is not changed by rounding it again.
        assert!(told(count).is_none_or(|number| told(number) == Some(number)));
    }
}

/// The row of NHS Digital's description: 3, 20 and 45 of 68.
#[test]
fn a_worked_row_is_told_as_its_source_tells_it() {
    let numbers = |(parts, whole): (Vec<Told>, Told)| {
        (parts.into_iter().map(Told::number).collect::<Vec<_>>(), whole.number())
    };
    let found = numbers(check_line(Policy::Rounded, &[3, 20, 45]));
    assert_eq!(found, (vec![None, Some(20), Some(45)], Some(70)));
    let found = numbers(check_line(Policy::Secondary, &[3, 20, 45]));
    assert_eq!(found, (vec![None, None, Some(45)], Some(68)));
}

/// Two parts that both round up, and a whole that rounds down: the third can only be 1.
#[test]
fn rounding_alone_would_tell_and_so_more_is_hidden() {
    let (parts, whole) = check_line(Policy::Rounded, &[18, 18, 1]);
    assert_eq!(parts[2], Told::Few);
    assert!(parts[0].is_hidden() || parts[1].is_hidden() || whole.is_hidden());
}

#[test]
fn what_is_left_of_a_share_is_no_small_number_that_is_told() {
    let mut draft = Draft::new(Policy::Secondary);
    let (x, n) = (draft.count(97), draft.count(100));
    draft.table(Table::shares(&[[Place::told(x, 97), Place::told(n, 100)]], None));
    draft.settle().unwrap();
    assert_eq!((draft.told(x), draft.told(n)), (Told::Others, Told::Exactly(100)));
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Rounded), Just(Policy::Secondary)]
}

/// Counts of which many are small.
fn small() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0_u64), 1..8_u64, 8..14_u64, 8..24_u64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_part_follows_from_its_whole(policy in policies(), parts in vec(small(), 1..4)) {
        check_line(policy, &parts);
    }

    /// Two rows and two columns with both margins, as platforms by groups are shown.
    #[test]
    fn no_cell_follows_from_rows_and_columns(policy in policies(), cells in [small(), small(), small(), small()]) {
        let mut draft = Draft::new(policy);
        let sums: [&[usize]; 9] = [&[0], &[1], &[2], &[3], &[0, 1], &[2, 3], &[0, 2], &[1, 3], &[0, 1, 2, 3]];
        let exact: Vec<u64> = sums.iter().map(|sum| sum.iter().map(|cell| cells[*cell]).sum()).collect();
        let ids: Vec<Id> = exact.iter().map(|exact| draft.count(*exact)).collect();
        let place = |number: usize| Place::told(ids[number], exact[number]);
        let places = |range: std::ops::Range<usize>| range.map(place).collect::<Vec<_>>();
        draft.table(Table::crossed(places(0..4), places(4..6), places(6..8), place(8)));
        draft.settle().unwrap();
        let told: Vec<Told> = ids.iter().map(|id| draft.told(*id)).collect();
        let ranges: Vec<(u64, u64)> = told[..4].iter().map(|told| range(Some(*told))).collect();
        let asked: Vec<_> = sums.iter().zip(&told).map(|(sum, told)| (sum.to_vec(), told.range())).collect();
        for ((told, found), exact) in told.iter().zip(audit(&ranges, &asked)).zip(&exact) {
            prop_assert!((found.0..=found.1).contains(exact), "the true table fits what is shown");
            if told.is_hidden() {
                assert_protected(policy, Some(*told), found, &format!("{cells:?}: {exact} as {told:?}"));
            }
        }
        // Plain subtraction: of a sum of which one number is hidden, the rest is not that number.
        let safe = told[4..6].iter().zip([[0, 1], [2, 3]]).all(|(total, cells)| {
            let hidden = cells.iter().filter(|cell| told[**cell].is_hidden()).count();
            policy == Policy::Rounded || total.is_hidden() || hidden != 1
        });
        prop_assert!(safe);
    }

    /// So many of so many in two parts, and as a whole: what is left of each is told nowhere.
    #[test]
    fn no_rest_follows_from_shares(policy in policies(), cells in [small(), small(), small(), small()]) {
        let mut draft = Draft::new(policy);
        let [x, y, rest_x, rest_y] = cells;
        let numbers = [x, x + rest_x, y, y + rest_y, x + y, cells.iter().sum()];
        let ids = numbers.map(|number| draft.count(number));
        let place = |number: usize| Place::told(ids[number], numbers[number]);
        draft.table(Table::shares(&[[place(0), place(1)], [place(2), place(3)]], Some([place(4), place(5)])));
        draft.settle().unwrap();
        let told = ids.map(|id| draft.told(id));
        let sums: [&[usize]; 9] = [&[0], &[0, 2], &[1], &[1, 3], &[0, 1], &[0, 1, 2, 3], &[2], &[3], &[2, 3]];
        let ranges: Vec<(u64, u64)> = [Some(told[0]), Some(told[2]), None, None].map(range).to_vec();
        let range_of = |number: usize| told.get(number).map_or((0, u64::MAX), |told| told.range());
        let asked: Vec<_> = sums.iter().enumerate().map(|(i, sum)| (sum.to_vec(), range_of(i))).collect();
        let found = audit(&ranges, &asked);
        let exact = |sum: &[usize]| sum.iter().map(|cell| cells[*cell]).sum::<u64>();
        for (number, (sum, found)) in sums.iter().zip(&found).enumerate() {
            let told = told.get(number).copied();
            if told.map_or((1..8).contains(&exact(sum)), Told::is_hidden) {
                assert_protected(policy, told, *found, &format!("{cells:?}: {sum:?} as {told:?}"));
            }
        }
    }
}

fn key(level: Option<usize>) -> Key {
    let levels = level.map(|level| ("service".to_owned(), level.to_string())).into_iter().collect();
    Key { count: "consultations".to_owned(), platform: None, levels }
}

/// What an answer about counts tells after earlier ones; nothing where it is refused.
fn released(policy: Policy, earlier: &Earlier, counts: &[(Key, u64)]) -> Option<Vec<Fact>> {
    let mut draft = Draft::new(policy);
    let ids: Vec<(Key, Id)> = counts.iter().map(|(key, count)| (key.clone(), draft.count(*count))).collect();
    earlier.weave(&mut draft, &ids);
    draft.settle().ok()?;
    let fact = |(key, id): (Key, Id)| Fact { key, exact: draft.exact(id), told: draft.told(id) };
    Some(ids.into_iter().map(fact).collect())
}

fn after(policy: Policy, facts: Vec<Fact>) -> Earlier {
    let until = event::Time::from_ms(0);
    let reading = "test".to_owned();
    Earlier { releases: vec![Release { release: 1, reading, policy, version: 1, position: 1, until, facts }] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The whole in one answer and its parts in another, in either order, some people later.
    #[test]
    fn no_few_follow_from_two_answers(
        policy in policies(),
        parts in vec(small(), 1..4),
        more in vec(prop_oneof![Just(0_u64), 0..12_u64], 3),
        whole_first in any::<bool>(),
    ) {
        let later: Vec<u64> = parts.iter().zip(&more).map(|(part, more)| part + more).collect();
        let apart = |counts: &[u64]| -> Vec<(Key, u64)> {
            counts.iter().enumerate().map(|(level, count)| (key(Some(level)), *count)).collect()
        };
        let together = |counts: &[u64]| vec![(key(None), counts.iter().sum::<u64>())];
        let (old, new) = if whole_first {
            (together(&parts), apart(&later))
        } else {
            (apart(&parts), together(&later))
        };
        let old = released(policy, &Earlier::default(), &old).unwrap();
        let Some(new) = released(policy, &after(policy, old.clone()), &new) else { return Ok(()) };
        let (cells, one) = if whole_first { (&new, &old[0]) } else { (&old, &new[0]) };
        let rest = later.iter().sum::<u64>() - parts.iter().sum::<u64>();
        // The later side is the earlier one and the rest. Of one equation, what all but one number may be gives
        // what that one may be. Whoever sees both is taken to know when nothing was added.
        let of_rest = if rest == 0 { (0, 0) } else { (0, i128::from(CAP * 10)) };
        let wide = |told: Told| (i128::from(told.range().0), i128::from(told.range().1.min(CAP * 10)));
        let signs = |later: bool| if later == whole_first { 1 } else { -1 };
        let mut terms: Vec<(i128, (i128, i128))> =
            cells.iter().map(|fact| (signs(true), wide(fact.told))).collect();
        terms.push((signs(false), wide(one.told)));
        terms.push((-1, of_rest));
        let found: Vec<(u64, u64)> = (0..terms.len()).map(|of| without(&terms, of)).collect();
        let facts = cells.iter().chain([one]).zip(&found);
        for (fact, found) in facts.filter(|(fact, _)| fact.told.is_hidden()) {
            assert_protected(policy, Some(fact.told), *found, &format!("{parts:?} {more:?}: {fact:?}"));
        }
        if (1..8).contains(&rest) {
            assert_protected(policy, None, found[terms.len() - 1], &format!("{parts:?} and {more:?}"));
        }
    }

    /// The same question twice, some people later: no cell that a few were added to is told again.
    #[test]
    fn no_few_follow_from_the_same_question_later(
        policy in policies(),
        parts in vec(small(), 1..4),
        more in vec(0..12_u64, 3),
    ) {
        let later: Vec<u64> = parts.iter().zip(&more).map(|(part, more)| part + more).collect();
        let asked = |counts: &[u64]| -> Vec<(Key, u64)> {
            counts.iter().enumerate().map(|(level, count)| (key(Some(level)), *count)).collect()
        };
        let old = released(policy, &Earlier::default(), &asked(&parts)).unwrap();
        let Some(new) = released(policy, &after(policy, old.clone()), &asked(&later)) else { return Ok(()) };
        for ((old, new), more) in old.iter().zip(&new).zip(&more) {
            if (1..8).contains(more) {
                prop_assert!(new.told.is_hidden(), "{old:?} {new:?}");
            }
            if *more == 0 && !old.told.is_hidden() && !new.told.is_hidden() {
                prop_assert_eq!(old.told, new.told);
            }
        }
    }
}

/// What the term `of` may be where all terms, each with its sign, add up to nothing.
fn without(terms: &[(i128, (i128, i128))], of: usize) -> (u64, u64) {
    let (sign, (lo, hi)) = terms[of];
    let others = terms.iter().enumerate().filter(|(number, _)| *number != of).map(|(_, term)| term);
    let (least, most) = others.fold((0, 0), |(least, most), (sign, (lo, hi))| {
        let (a, b) = if *sign > 0 { (*lo, *hi) } else { (-hi, -lo) };
        (least + a, most + b)
    });
    let (a, b) = if sign > 0 { (-most, -least) } else { (least, most) };
    (lo.max(a).try_into().unwrap(), hi.min(b).try_into().unwrap())
}

#[test]
fn the_same_answer_may_be_given_again() {
    for policy in [Policy::Rounded, Policy::Secondary] {
        let asked: Vec<(Key, u64)> =
            [3, 20, 45, 0].iter().enumerate().map(|(level, count)| (key(Some(level)), *count)).collect();
        let old = released(policy, &Earlier::default(), &asked).unwrap();
        assert_eq!(released(policy, &after(policy, old.clone()), &asked), Some(old));
    }
}

/// A whole was released; its parts, of which one is small, cannot follow unhidden beside it.
#[test]
fn parts_after_their_whole_are_hidden_as_if_asked_together() {
    let whole = released(Policy::Secondary, &Earlier::default(), &[(key(None), 68)]).unwrap();
    let parts = [(key(Some(0)), 3), (key(Some(1)), 20), (key(Some(2)), 45)];
    let found = released(Policy::Secondary, &after(Policy::Secondary, whole), &parts).unwrap();
    let told: Vec<_> = found.iter().map(|fact| fact.told.number()).collect();
    assert_eq!(told, [None, None, Some(45)]);
}

#[test]
fn a_cell_that_few_were_added_to_is_hidden_or_the_answer_refused() {
    let first = released(Policy::Secondary, &Earlier::default(), &[(key(None), 68)]).unwrap();
    let earlier = after(Policy::Secondary, first);
    let later = |count| released(Policy::Secondary, &earlier, &[(key(None), count)]);
    assert_eq!(later(68).unwrap()[0].told, Told::Exactly(68));
    assert!(later(70).is_none_or(|facts| facts[0].told.is_hidden()));
    assert_eq!(later(76).unwrap()[0].told, Told::Exactly(76));
}
