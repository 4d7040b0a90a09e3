//! A blocked Bloom filter over the marks of a run: one cache line answers.
//!
//! Twelve bits a mark and six probes in one block of 512 bits let about one new mark in a hundred
//! through to its page.

use super::Mark;

const WORDS: usize = 8;
const BLOCK_BITS: u64 = 512;
const BITS_PER_MARK: u64 = 12;
const PROBES: u32 = 6;
/// Bits of one probe: which of the 512.
const PROBE_BITS: u32 = 9;

/// Says of a mark that it is not in the run, or that it may be.
#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<[u64; WORDS]>,
}

impl Filter {
    /// A filter for `marks` marks.
    pub(super) fn new(marks: u64) -> Self {
        Self { blocks: vec![[0; WORDS]; Self::blocks(marks)] }
    }

    /// The filter for `marks` marks that [`Filter::bytes`] gave, if it has its length.
    pub(super) fn from_bytes(marks: u64, bytes: &[u8]) -> Option<Self> {
        let words: Vec<u64> = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let blocks = words.as_chunks().0.to_vec();
        (bytes.len() == Self::bytes_for(marks)).then_some(Self { blocks })
    }

    /// How many bytes a filter for `marks` marks has.
    pub(super) fn bytes_for(marks: u64) -> usize {
        Self::blocks(marks) * WORDS * 8
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(super) fn add(&mut self, mark: Mark) {
        let at = self.place(mark);
        for (word, bit) in probes(mark) {
            self.blocks[at][word] |= bit;
        }
    }

    pub(super) fn may_have(&self, mark: Mark) -> bool {
        let block = &self.blocks[self.place(mark)];
        probes(mark).all(|(word, bit)| block[word] & bit != 0)
    }

    fn blocks(marks: u64) -> usize {
        marks.saturating_mul(BITS_PER_MARK).div_ceil(BLOCK_BITS).max(1) as usize
    }

    fn place(&self, mark: Mark) -> usize {
        ((u128::from(mark.0) * self.blocks.len() as u128) >> Mark::BITS) as usize
    }
}

fn probes(mark: Mark) -> impl Iterator<Item = (usize, u64)> {
    // The bits that choose the block must not choose within it: multiply them apart.
    let bits = mark.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PROBES * PROBE_BITS);
    (0..PROBES).map(move |probe| {
        let bit = bits >> (probe * PROBE_BITS) & (BLOCK_BITS - 1);
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(from: u64, count: u64) -> impl Iterator<Item = Mark> {
        (from..from + count).map(|i| {
            let hash = blake3::hash(&i.to_le_bytes());
            Mark(u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap()) >> 16)
        })
    }

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let mut filter = Filter::new(10_000);
        marks(0, 10_000).for_each(|mark| filter.add(mark));
        assert!(marks(0, 10_000).all(|mark| filter.may_have(mark)));
        let wrong = marks(10_000, 10_000).filter(|mark| filter.may_have(*mark)).count();
        assert!(wrong < 200, "{wrong} of 10,000");
        let again = Filter::from_bytes(10_000, &filter.bytes()).unwrap();
        assert!(marks(0, 10_000).all(|mark| again.may_have(mark)));
        assert!(Filter::from_bytes(20_000, &filter.bytes()).is_none());
    }
}
