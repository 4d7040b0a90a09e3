//! Sums that come out the same whatever the order of their terms.
//!
//! Two ways lead there. [`Wide`] holds a product of two 128-bit sums without rounding, so that a variance can
//! be formed from additive totals although nearly all of it cancels. [`ascending`] adds fractions in order of
//! size, where whole numbers no longer suffice. Neither is general arithmetic: there is no division, no sign.

/// An unsigned whole number of 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// The product of two numbers, exactly.
    pub(super) fn product(a: u128, b: u128) -> Self {
        const HALF: u32 = 64;
        let split = |x: u128| (x >> HALF, x & u128::from(u64::MAX));
        let ((a1, a0), (b1, b0)) = (split(a), split(b));
        let (middle, over) = (a1 * b0).overflowing_add(a0 * b1);
        let (low, carry) = (a0 * b0).overflowing_add(middle << HALF);
        let high = a1 * b1 + (middle >> HALF) + (u128::from(over) << HALF) + u128::from(carry);
        Self { high, low }
    }

    /// The sum, or nothing where it does not fit.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Self { high, low })
    }

    /// The difference, or nothing where it would be negative.
    pub(super) fn minus(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(u128::from(borrow))?;
        Some(Self { high, low })
    }

    /// The nearest double, to one rounding of each half.
    pub(super) fn as_f64(self) -> f64 {
        const TWO_TO_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
        self.high as f64 * TWO_TO_128 + self.low as f64
    }
}

/// The sum of `terms`, smallest first.
pub(super) fn ascending(terms: impl Iterator<Item = f64>) -> f64 {
    let mut terms: Vec<f64> = terms.collect();
    terms.sort_unstable_by(f64::total_cmp);
    terms.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_product_fits() {
        let largest = Wide::product(u128::MAX, u128::MAX);
        assert_eq!(largest, Wide { high: u128::MAX - 1, low: 1 });
        assert_eq!(largest.plus(largest), None);
    }

    #[test]
    fn small_products_are_what_they_are() {
        assert_eq!(Wide::product(12, 34).as_f64(), 408.0);
        assert_eq!(
            Wide::product(1 << 100, 1 << 100).as_f64(),
            (1_u128 << 100) as f64 * (1_u128 << 100) as f64
        );
    }

    #[test]
    fn differences_carry_across_the_halves_and_never_go_below_zero() {
        let (a, b) = (Wide { high: 5, low: 0 }, Wide { high: 4, low: u128::MAX });
        assert_eq!(a.minus(b), Some(Wide { high: 0, low: 1 }));
        assert_eq!(b.plus(Wide { high: 0, low: 1 }), Some(a));
        assert_eq!(b.minus(a), None);
    }

    #[test]
    fn order_does_not_show_in_a_sum() {
        let terms = [0.1, 1e16, 0.7, 3.0, 1e-9];
        let reversed = terms.iter().rev().copied();
        assert_eq!(ascending(terms.into_iter()).to_bits(), ascending(reversed).to_bits());
    }
}
