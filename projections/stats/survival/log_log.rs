//! Limits of a share on the scale of ln(−ln S), where S is the share that is left.
//!
//! On that scale the share's error is nearly normal and the limits stay between 0 and 1. There are none where
//! nothing or everything has happened. The incidence of a cause goes the same way as the complement of a share.
//!
//! Source: Kalbfleisch & Prentice 1980, The Statistical Analysis of Failure Time Data, section 1.3.

/// The limits of ln S, lower first, from ln S, its standard error and the critical value.
///
/// Nothing where S is 0 or 1.
pub(super) fn of_logarithm(ln: f64, se: f64, critical: f64) -> Option<(f64, f64)> {
    let reach = critical * se / -ln;
    let inside = ln < 0.0 && ln.is_finite() && reach.is_finite();
    inside.then(|| (ln * libm::exp(reach), ln * libm::exp(-reach)))
}

/// The limits of a share that is left, from the share and the standard error of its logarithm.
pub(super) fn of_survival(share: f64, se_of_ln: f64, critical: f64) -> Option<(f64, f64)> {
    let (lo, hi) = of_logarithm(libm::log(share), se_of_ln, critical)?;
    Some((libm::exp(lo), libm::exp(hi)))
}

/// The limits of a share that is reached, from the share and its standard error.
pub(super) fn of_incidence(share: f64, se: f64, critical: f64) -> Option<(f64, f64)> {
    let (lo, hi) = of_logarithm(libm::log1p(-share), se / (1.0 - share), critical)?;
    Some((-libm::expm1(hi), -libm::expm1(lo)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn a_share_and_its_complement_have_complementary_limits() {
        let (lo, hi) = of_survival(0.8, 0.1 / 0.8, 1.96).unwrap();
        let (from, to) = of_incidence(0.2, 0.1, 1.96).unwrap();
        near(lo + to, 1.0, 1e-14);
        near(hi + from, 1.0, 1e-14);
        assert!(lo > 0.0 && lo < 0.8 && hi > 0.8 && hi < 1.0);
    }

    #[test]
    fn a_rare_share_keeps_its_digits() {
        let (lo, hi) = of_incidence(1e-9, 1e-9, 1.96).unwrap();
        near(lo * 1e9, libm::exp(-1.96), 1e-8);
        near(hi * 1e9, libm::exp(1.96), 1e-7);
    }

    #[test]
    fn nothing_and_everything_have_no_limits() {
        for share in [0.0, 1.0, f64::NAN] {
            assert_eq!(of_survival(share, 0.1, 1.96), None);
            assert_eq!(of_incidence(share, 0.1, 1.96), None);
        }
    }
}
