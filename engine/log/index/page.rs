//! A page: the marks of a run that begin with the same bits, sorted, with their positions.
//!
//! Marks are evenly spread, so their first bits are the number of their page, and a page keeps only
//! the rest.
//!
//! ```text
//! u32  number of marks
//! u64  base: the smallest position
//! u8   m: bytes of each mark's remaining bits
//! u8   p: bytes of each position less the base
//! ...  the marks' remaining bits, m bytes each, big-endian, ascending
//! ...  the positions less the base, p bytes each, big-endian
//! ```

use super::Mark;
use crate::log::Position;
use crate::log::bytes::column::Reader;
use crate::log::error::Damage;
use crate::log::limits::VALUE_BYTES;

/// A page taken apart.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The bits of the page's number, at their place.
    prefix: u64,
    base: Position,
    mark_bytes: usize,
    position_bytes: usize,
    marks: &'a [u8],
    positions: &'a [u8],
}

/// The bytes of the page that holds `marks`, whose first `page_bits` bits are its number.
pub(super) fn encode(marks: &[(Mark, Position)], page_bits: u32) -> Vec<u8> {
    let positions = || marks.iter().map(|(_, position)| position.0);
    let base = positions().min().unwrap_or(0);
    let span = positions().max().unwrap_or(0) - base;
    let mark_bytes = (Mark::BITS - page_bits).div_ceil(8) as usize;
    let position_bytes = (u64::BITS - span.leading_zeros()).div_ceil(8) as usize;
    let mut out = Vec::with_capacity(14 + marks.len() * (mark_bytes + position_bytes));
    out.extend((marks.len() as u32).to_le_bytes());
    out.extend(base.to_le_bytes());
    out.extend([mark_bytes as u8, position_bytes as u8]);
    let rest = |mark: Mark| mark.0 & ((1 << (Mark::BITS - page_bits)) - 1);
    marks.iter().for_each(|(mark, _)| out.extend_from_slice(&rest(*mark).to_be_bytes()[8 - mark_bytes..]));
    positions()
        .for_each(|position| out.extend_from_slice(&(position - base).to_be_bytes()[8 - position_bytes..]));
    out
}

impl<'a> Page<'a> {
    /// The page of that number that `bytes` hold.
    pub(super) fn decode(bytes: &'a [u8], page_bits: u32, number: u64) -> Result<Self, Damage> {
        let mut from = Reader::new(bytes);
        let count = from.count(VALUE_BYTES)?;
        let base = Position(from.u64()?);
        let (mark_bytes, position_bytes) = (from.u8()? as usize, from.u8()? as usize);
        if mark_bytes > 8 || position_bytes > 8 {
            return Err(Damage::new("a page of the index with numbers of more than eight bytes"));
        }
        let (marks, positions) = (from.take(count * mark_bytes)?, from.take(count * position_bytes)?);
        from.end()?;
        let prefix = number << (Mark::BITS - page_bits);
        Ok(Self { prefix, base, mark_bytes, position_bytes, marks, positions })
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len().checked_div(self.mark_bytes).unwrap_or(0)
    }

    pub(super) fn get(&self, number: usize) -> (Mark, Position) {
        let mark = number_at(self.marks, self.mark_bytes, number);
        let position = number_at(self.positions, self.position_bytes, number);
        (Mark(self.prefix | mark), self.base.plus(position))
    }

    /// Adds to `found` the position of every event with this mark.
    pub(super) fn find(&self, mark: Mark, found: &mut Vec<Position>) {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).0 < mark { low = middle + 1 } else { high = middle }
        }
        found.extend(
            (low..self.len())
                .map(|at| self.get(at))
                .take_while(|(at, _)| *at == mark)
                .map(|(_, position)| position),
        );
    }
}

fn number_at(bytes: &[u8], width: usize, number: usize) -> u64 {
    bytes[number * width..][..width].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page_bits: u32, number: u64, marks: &[(u64, u64)]) {
        let marks: Vec<_> = marks.iter().map(|(mark, position)| (Mark(*mark), Position(*position))).collect();
        let bytes = encode(&marks, page_bits);
        let page = Page::decode(&bytes, page_bits, number).unwrap();
        assert_eq!((0..page.len()).map(|at| page.get(at)).collect::<Vec<_>>(), marks);
        for (mark, _) in &marks {
            let mut found = Vec::new();
            page.find(*mark, &mut found);
            let wanted: Vec<_> = marks.iter().filter(|(other, _)| other == mark).map(|(_, at)| *at).collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_page_gives_back_what_it_was_given() {
        check(0, 0, &[]);
        check(0, 0, &[(7, 1)]);
        check(0, 0, &[(0, 9), (5, 1), (5, 300), ((1 << 48) - 1, 70_000)]);
        check(4, 15, &[(15 << 44, 1 << 40), ((15 << 44) + 3, 5)]);
    }
}
