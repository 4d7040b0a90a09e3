//! Numbers that look random and are always the same ones: each depends on its stream and its place in it alone.
//!
//! So nothing of the order of the work shows, nor of how it was divided.
//!
//! Source: SplitMix64, Steele, Lea & Flood 2014, OOPSLA; its output function at the places of a counter.

/// The bits at a place of a stream.
pub(super) fn bits(stream: u64, place: u64) -> u64 {
    let mixed = |mut z: u64| {
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let seed = mixed(GAMMA.wrapping_mul(stream.wrapping_add(1)));
    mixed(seed.wrapping_add(GAMMA.wrapping_mul(place.wrapping_add(1))))
}

/// A number below `end`, each as likely but for one part in 2^64 of `end`.
pub(super) fn below(end: u64, stream: u64, place: u64) -> u64 {
    ((u128::from(bits(stream, place)) * u128::from(end)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_end_comes_as_often() {
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|place| counts[below(7, 3, place) as usize] += 1);
        // Six degrees of freedom: 22.5 is exceeded once in a thousand times.
        let chi_square: f64 = counts.iter().map(|count| (f64::from(*count) - 1e4).powi(2) / 1e4).sum();
        assert!(chi_square < 22.5, "{counts:?}");
    }

    #[test]
    fn neighbours_have_nothing_in_common() {
        for (one, other) in [((1, 2), (1, 3)), ((1, 2), (2, 2)), ((0, 1), (1, 0))] {
            let same = (bits(one.0, one.1) ^ bits(other.0, other.1)).count_zeros();
            assert!((12..=52).contains(&same), "{one:?} {other:?}: {same}");
        }
    }
}
