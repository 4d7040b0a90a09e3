//! Verdicts on truths that were planted.

use super::*;
use crate::stats::decision::evidence::{Missing, Sharing};
use crate::stats::decision::joint::Cell;

const RULE: Rule = Rule { delta: 0.01, price: 0.0, level: 0.95 };

/// Numbers between 0 and 1 by SplitMix64.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Counts of so many units with luck of their own, each with so many consultations of every platform in every stratum,
/// whose logits are these.
fn drawn(logits: &[[f64; 2]], (units, n): (u32, u64), seed: u64) -> Evidence {
    let mut uniform = uniform(seed);
    let mut cells = Vec::new();
    for unit in 0..units {
        let luck = (uniform() - 0.5) * 0.8;
        for (stratum, logits) in logits.iter().enumerate() {
            for (platform, logit) in logits.iter().enumerate() {
                let share = 1.0 / (1.0 + libm::exp(-logit - luck));
                let x = (0..n).filter(|_| uniform() < share).count() as u64;
                cells.push(Cell { unit, stratum: stratum as u32, platform: platform as u32, n, x });
            }
        }
    }
    Evidence {
        cells,
        strata: logits.len(),
        parts: (0..logits.len()).collect(),
        platforms: 2,
        allowed: vec![vec![true; 2]; logits.len()],
        missing: vec![Missing::default(); 2],
        sharing: Sharing::Units,
    }
}

#[test]
fn what_was_planted_is_said_where_there_is_enough() {
    let said = |logits: &[[f64; 2]]| conclude(&drawn(logits, (20, 60), 7), &RULE).unwrap().verdict;
    assert_eq!(said(&[[2.5, 1.2], [2.2, 1.0]]), Verdict::Standardise);
    assert_eq!(said(&[[2.5, 1.2], [1.0, 2.2]]), Verdict::Range);
}

#[test]
fn gates_come_before_the_rule() {
    let few = drawn(&[[2.5, 1.2], [2.2, 1.0]], (6, 200), 7);
    let found = conclude(&few, &RULE).unwrap();
    assert_eq!((found.decision.verdict, found.verdict), (Verdict::Standardise, Verdict::NotEnoughEvidence));
    assert_eq!(further(&few, &RULE, &found.gates), Further::Units);
    let mut blind = drawn(&[[2.5, 1.2], [2.2, 1.0]], (20, 60), 7);
    blind.missing[1].uncounted = 200;
    let found = conclude(&blind, &RULE).unwrap();
    assert_eq!((found.decision.verdict, found.verdict), (Verdict::Standardise, Verdict::NotEnoughEvidence));
    assert_eq!(further(&blind, &RULE, &found.gates), Further::Otherwise);
}

/// Where needs leave one platform to each stratum no evidence is asked for.
#[test]
fn needs_that_leave_no_choice_take_no_evidence() {
    let mut few = drawn(&[[2.0, 2.0], [2.0, 2.0]], (2, 5), 3);
    few.allowed = vec![vec![true, false], vec![false, true]];
    assert_eq!(conclude(&few, &RULE).unwrap().verdict, Verdict::Range);
    few.allowed = vec![vec![true, false], vec![true, false]];
    assert_eq!(conclude(&few, &RULE).unwrap().verdict, Verdict::Standardise);
    few.allowed = vec![vec![true, false], vec![true, true]];
    assert_eq!(conclude(&few, &RULE).unwrap().verdict, Verdict::NotEnoughEvidence);
}

/// The factor that is told is enough by the same rule, and a little less is not.
#[test]
fn so_many_more_as_are_told_would_do_if_shares_stay() {
    let thin = drawn(&[[2.1, 1.5], [2.0, 1.4]], (20, 3), 11);
    let found = conclude(&thin, &RULE).unwrap();
    assert_eq!(found.verdict, Verdict::NotEnoughEvidence);
    let Further::Times(times) = further(&thin, &RULE, &found.gates) else { panic!("{:?}", found.gates) };
    assert!(times > 1.0 && times <= 64.0, "{times}");
    let verdict = |factor: f64| conclude_by(&thin.times(factor), &RULE, FORECAST_DRAWS).unwrap().verdict;
    assert_ne!(verdict(times), Verdict::NotEnoughEvidence);
    assert_eq!(verdict(times / libm::exp2(1.0 / f64::from(1 << HALVINGS))), Verdict::NotEnoughEvidence);
}

/// The second platform is the better one in both parts, and is used where it is hard: crude shares turn it round.
#[test]
fn what_shares_are_adjusted_for_does_not_count_against_a_platform() {
    let crude = |parts: &Evidence| Evidence {
        parts: vec![0, 0],
        strata: 1,
        allowed: vec![vec![true; 2]],
        ..parts.clone()
    };
    let mut parts = drawn(&[[2.6, 3.2], [0.6, 1.2]], (20, 40), 5);
    // A quarter of the consultations of one platform in one part, and of the other in the other.
    for cell in parts.cells.iter_mut().filter(|cell| cell.stratum != cell.platform) {
        (cell.n, cell.x) = (cell.n / 4, cell.x / 4);
    }
    let adjusted = conclude(&crude(&parts), &RULE).unwrap();
    assert_eq!(
        (adjusted.verdict, &adjusted.decision.frontier[0].platforms[..]),
        (Verdict::Standardise, &[1][..])
    );
    let merged = parts.cells.iter().map(|cell| Cell { stratum: 0, ..*cell }).collect();
    let merged = Evidence { cells: merged, parts: vec![0], ..crude(&parts) };
    let found = conclude(&merged, &RULE).unwrap();
    assert_eq!((found.verdict, &found.decision.frontier[0].platforms[..]), (Verdict::Standardise, &[0][..]));
}

/// Of platforms that are alike what a range is said to gain is next to nothing, and what is said is never that one of
/// them, or a range, is better, beyond the error that the level leaves.
#[test]
fn of_platforms_that_are_alike_little_is_claimed_and_nothing_said() {
    let seeds = std::env::var("EVENFIELD_CASES").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let (mut claimed, mut squares, mut wrong) = (0.0, 0.0, 0);
    for seed in 0..seeds {
        let logits: Vec<[f64; 2]> = (0..4).map(|s| [1.8 + 0.2 * f64::from(s); 2]).collect();
        let found = conclude_by(&drawn(&logits, (12, 12), 1_000 + seed), &RULE, FORECAST_DRAWS).unwrap();
        // The truth is that a range gains nothing.
        let gain = found.decision.against_single.unwrap().gain[0];
        (claimed, squares) = (claimed + gain, squares + gain * gain);
        wrong += u64::from(matches!(found.verdict, Verdict::Range | Verdict::Standardise));
    }
    let n = seeds as f64;
    let mean = claimed / n;
    let error = ((squares / n - mean * mean) / n).sqrt();
    assert!(mean < 0.001, "claimed {mean} (standard error {error})");
    assert!(wrong as f64 / n <= 0.05, "{wrong} of {seeds}");
}

/// Seeds of platforms that are alike; `EVENFIELD_CASES` asks for more, and the bench of calibration takes 200.
const SEEDS: u64 = 60;
