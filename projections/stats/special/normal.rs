//! The standard normal distribution.
//!
//! Its quantile is the critical value of every interval that treats its spread as known.
//! The distribution function rests on the complementary error function, the quantile on Wichura's
//! rational approximations (AS 241, Applied Statistics 37:477, 1988), good to sixteen digits.

use std::f64::consts::FRAC_1_SQRT_2;

/// The probability of a value at or below `x`.
pub fn cdf(x: f64) -> f64 {
    upper(-x)
}

/// The probability of a value above `x`, accurate far into the tail.
pub fn upper(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// The value below which a share `p` of the distribution lies; `p` strictly between 0 and 1.
pub fn quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        return from_middle * rational(&CENTRE, 0.180625 - from_middle * from_middle);
    }
    let tail = p.min(1.0 - p);
    let depth = libm::log(tail).abs().sqrt();
    let size = if depth <= 5.0 { rational(&SHOULDER, depth - 1.6) } else { rational(&TAIL, depth - 5.0) };
    if from_middle < 0.0 { -size } else { size }
}

/// The value above which a share `tail` of the distribution lies.
pub fn upper_quantile(tail: f64) -> f64 {
    -quantile(tail)
}

type Coefficients = [[f64; 8]; 2];

fn rational([above, below]: &Coefficients, r: f64) -> f64 {
    let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(below)
}

#[rustfmt::skip]
const CENTRE: Coefficients = [
    [3.387_132_872_796_366_5, 1.331_416_678_917_843_8e2, 1.971_590_950_306_551_3e3, 1.373_169_376_550_946e4,
     4.592_195_393_154_987e4, 6.726_577_092_700_87e4, 3.343_057_558_358_813e4, 2.509_080_928_730_122_7e3],
    [1.0, 4.231_333_070_160_091e1, 6.871_870_074_920_579e2, 5.394_196_021_424_751e3,
     2.121_379_430_158_659_7e4, 3.930_789_580_009_271e4, 2.872_908_573_572_194_3e4, 5.226_495_278_852_854e3],
];

#[rustfmt::skip]
const SHOULDER: Coefficients = [
    [1.423_437_110_749_683_5, 4.630_337_846_156_546, 5.769_497_221_460_691, 3.647_848_324_763_204_5,
     1.270_458_252_452_368_4, 2.417_807_251_774_506e-1, 2.272_384_498_926_918_4e-2, 7.745_450_142_783_414e-4],
    [1.0, 2.053_191_626_637_759, 1.676_384_830_183_803_8, 6.897_673_349_851e-1,
     1.481_039_764_274_800_8e-1, 1.519_866_656_361_645_7e-2, 5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9],
];

#[rustfmt::skip]
const TAIL: Coefficients = [
    [6.657_904_643_501_103, 5.463_784_911_164_114, 1.784_826_539_917_291_3, 2.965_605_718_285_048_7e-1,
     2.653_218_952_657_612_4e-2, 1.242_660_947_388_078_4e-3, 2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7],
    [1.0, 5.998_322_065_558_88e-1, 1.369_298_809_227_358e-1, 1.487_536_129_085_061_5e-2,
     7.868_691_311_456_133e-4, 1.846_318_317_510_054_8e-5, 1.421_511_758_316_446e-7, 2.044_263_103_389_939_8e-15],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::same;

    #[test]
    fn critical_values_are_those_in_use() {
        same(quantile(0.975), 1.959963984540054);
        same(quantile(0.999), 3.090232306167813);
        same(quantile(0.75), 0.6744897501960817);
        same(upper_quantile(1e-300), 37.0470962993612);
        assert_eq!(quantile(0.5), 0.0);
    }

    #[test]
    fn the_far_tail_keeps_its_digits() {
        same(upper(8.0), 6.22096057427174e-16);
        same(cdf(-8.0), 6.22096057427174e-16);
    }

    #[test]
    fn quantile_inverts_the_distribution() {
        for p in [1e-200, 1e-12, 0.01, 0.07, 0.3, 0.5, 0.9, 0.99] {
            same(cdf(quantile(p)), p);
        }
    }

    #[test]
    fn outside_its_domain_there_is_no_quantile() {
        assert!([0.0, 1.0, -1.0, f64::NAN].iter().all(|p| quantile(*p).is_nan()));
    }
}
