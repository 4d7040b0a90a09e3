//! Chance that is the same on every machine, and the few ways in which made-up consultations are drawn.
//!
//! The generator is SplitMix64 (Steele, Lea & Flood 2014, OOPSLA): a counter through a mixing function. Every
//! replicate of every case has a stream of its own, keyed by its label and number, so that neither the number of
//! threads nor another case can be seen in what is drawn. Transcendental functions come from `libm` alone.

use projections::stats::cluster::Tally;

/// The seed of everything that is drawn.
pub(super) const SEED: u64 = 20_261_129;
/// The odd number nearest to 2⁶⁴ over the golden ratio, by which the counter advances.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of chance.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream that begins with this counter.
    pub(super) fn seeded(counter: u64) -> Self {
        Self(counter)
    }

    /// The stream of one replicate of the case with this label.
    pub(super) fn of(label: &str, replicate: u64) -> Self {
        let key = label.bytes().fold(SEED, |key, byte| mixed(key.wrapping_add(u64::from(byte)) ^ STEP));
        Self::seeded(mixed(key ^ mixed(replicate.wrapping_add(STEP))))
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number of `least..=most`.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + ((u128::from(self.next()) * u128::from(most - least + 1)) >> 64) as u64
    }

    /// A standard normal deviate (Box & Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }

    /// A standard normal deviate that shares `common`, one itself, with others: their correlation is `icc`.
    pub(super) fn normal_near(&mut self, common: f64, icc: f64) -> f64 {
        icc.sqrt() * common + (1.0 - icc).sqrt() * self.normal()
    }

    /// A gamma deviate of this shape and mean 1 (Marsaglia & Tsang 2000, ACM TOMS 26:363).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            // A deviate of one more in shape, brought down by a power of a uniform one.
            let lift = libm::pow(1.0 - self.unit(), 1.0 / shape);
            return self.gamma(shape + 1.0) * (shape + 1.0) / shape * lift;
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let cube = 1.0 + x / (9.0 * d).sqrt();
            let v = cube * cube * cube;
            if v > 0.0 && libm::log(1.0 - self.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v / shape;
            }
        }
    }

    /// How often something happens that is expected `mean` times: uniform numbers are multiplied until they are
    /// less likely than nothing (Knuth 1969), which is for small means.
    pub(super) fn poisson(&mut self, mean: f64) -> u64 {
        let nothing = libm::exp(-mean);
        let (mut times, mut product) = (0, self.unit());
        while product > nothing {
            times += 1;
            product *= self.unit();
        }
        times
    }
}

/// The mixing function of SplitMix64.
fn mixed(counter: u64) -> u64 {
    let z = (counter ^ (counter >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Pólya's urn of one cluster: whatever is drawn returns with one more of its kind, so that counts are
/// beta-binomial with an exact correlation within the cluster. With a correlation of zero nothing is added.
pub(super) struct Urn {
    events: f64,
    all: f64,
    added: f64,
}

impl Urn {
    /// An urn from which this share of events is drawn on average, over all urns.
    pub(super) fn new(share: f64, icc: f64) -> Self {
        let (all, added) = if icc > 0.0 { (1.0 / icc - 1.0, 1.0) } else { (1.0, 0.0) };
        Self { events: share * all, all, added }
    }

    /// Whether the next consultation has the event.
    pub(super) fn event(&mut self, chance: &mut Chance) -> bool {
        let event = chance.unit() * self.all < self.events;
        self.events += if event { self.added } else { 0.0 };
        self.all += self.added;
        event
    }

    /// So many consultations, of whose events a share is `kept` by chance: the cluster's luck times that share.
    pub(super) fn tally(&mut self, n: u64, kept: f64, chance: &mut Chance) -> Tally {
        let mut x = 0;
        for _ in 0..n {
            x += u64::from(self.event(chance) && chance.happens(kept));
        }
        Tally { n, x }
    }
}

/// How many consultations a cluster has: 10 to 80, each number as likely.
pub(super) fn size(chance: &mut Chance) -> u64 {
    chance.between(10, 80)
}
