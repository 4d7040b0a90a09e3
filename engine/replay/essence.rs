//! What a sheet says, in one number: to hold two sheets together that were made in different ways.

use projections::kept::KeptOutcome;

use super::checkpoint::encode;
use super::sheet::Sheet;
use super::spread;

impl Sheet {
    /// A digest of all that this sheet says of consultations that are over, with every level it has, and
    /// of how many are in progress.
    ///
    /// It is a sum of digests of the rows, so that it does not depend on how they are cut and ordered.
    /// Two sheets of the same dimensions that say the same have the same; others hardly ever have.
    #[must_use]
    pub fn essence(&self, threads: usize) -> u128 {
        let of_stretch = |stretch: &super::stretch::Stretch| {
            let mut sum = 0_u128;
            stretch.gists.each_numbered(0..stretch.digests.len() as u32, |number, row| {
                // A row is plain numbers: it always has bytes.
                let bytes = encode(&KeptOutcome::from(row).in_order()).unwrap_or_default();
                sum = sum.wrapping_add(hash(&stretch.digests[number as usize].to_le_bytes(), &bytes));
            });
            sum
        };
        let rows = spread(&self.stretches, threads, of_stretch).into_iter();
        let open = self.open.iter().map(|(platform, count)| hash(&count.to_le_bytes(), platform.as_bytes()));
        rows.chain(open).fold(0, u128::wrapping_add)
    }
}

fn hash(first: &[u8], then: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(first).update(then);
    hasher.finalize().as_bytes().first_chunk().copied().map_or(0, u128::from_le_bytes)
}
