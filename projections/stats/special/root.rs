//! The inverse of an increasing function: Newton's step where it stays inside the bracket, halving where not.
//!
//! Every quantile without a closed form is found here, so that all of them share one stopping rule.
//! It is no general equation solver: the function must rise through zero once between the two ends.

/// Steps after which the bracket cannot shrink further: a double has some 2,100 halvings.
const STEPS: usize = 2_200;
/// Newton's last step is below this share of the result; the error left is then about its square.
const STEP_SHARE: f64 = 1e-14;

/// The point between `lo` and `hi` where `gap` rises through zero, sought from `start`; `slope` is its derivative.
pub(in crate::stats) fn of_increasing(
    (mut lo, mut hi): (f64, f64),
    start: f64,
    gap: impl Fn(f64) -> f64,
    slope: impl Fn(f64) -> f64,
) -> f64 {
    let middle = |lo: f64, hi: f64| lo + (hi - lo) / 2.0;
    let mut x = if start > lo && start < hi { start } else { middle(lo, hi) };
    for _ in 0..STEPS {
        let height = gap(x);
        if height > 0.0 {
            hi = x;
        } else if height < 0.0 {
            lo = x;
        } else {
            return x + height;
        }
        let newton = x - height / slope(x);
        let next = if newton > lo && newton < hi { newton } else { middle(lo, hi) };
        if (next - x).abs() <= STEP_SHARE * next.abs() {
            return next;
        }
        x = next;
    }
    x
}

/// An upper end for [`of_increasing`] on a half-line: `start` doubled until `gap` is no longer negative.
pub(in crate::stats) fn end_above(start: f64, gap: impl Fn(f64) -> f64) -> f64 {
    let mut end = start.max(1.0);
    while gap(end) < 0.0 && end < f64::MAX / 4.0 {
        end *= 2.0;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::same;

    #[test]
    fn finds_the_root_of_a_cube() {
        same(of_increasing((0.0, 10.0), 9.0, |x| x * x * x - 2.0, |x| 3.0 * x * x), 1.2599210498948732);
    }

    #[test]
    fn a_flat_start_falls_back_to_halving() {
        same(of_increasing((0.0, 8.0), 7.0, |x| x - 1e-9, |_| 0.0), 1e-9);
    }

    #[test]
    fn an_undefined_function_has_an_undefined_root() {
        assert!(of_increasing((0.0, 1.0), 0.5, |_| f64::NAN, |_| 1.0).is_nan());
    }
}
