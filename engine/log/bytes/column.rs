//! Columns of integers, and the reader every decoder takes its bytes from.
//!
//! A column holds values of one width chosen for the many; the few that do not fit follow as
//! exceptions. Decoding is one loop without branches and one short list of patches.
//!
//! ```text
//! u8   width: bytes of each value, 0 1 2 3 4 or 8
//! u32  number of exceptions
//! ...  values, `width` bytes each, little-endian (0 where an exception stands)
//! ...  exceptions: u32 index (ascending), u64 value
//! ```
//!
//! How many values there are is not in the column: whoever reads it knows, and has bounded it.

use crate::log::error::Damage;

const WIDTHS: [usize; 6] = [0, 1, 2, 3, 4, 8];
const EXCEPTION_BYTES: usize = 12;

/// Takes bytes from the front of a slice, and never more than there are.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| {
            Damage::new(format!("{count} bytes are wanted where {} are left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) =
            self.0.split_first_chunk().ok_or_else(|| Damage::new("the bytes end within a number"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damage> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Damage> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damage> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damage> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Damage> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], Damage> {
        self.array()
    }

    /// A count of at most `limit`, so that nothing is allocated on the word of a bad byte.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, Damage> {
        let count = self.u32()? as usize;
        if count > limit {
            return Err(Damage::new(format!("a count of {count} where at most {limit} can be")));
        }
        Ok(count)
    }

    /// Checks that nothing is left over.
    pub(crate) fn end(&self) -> Result<(), Damage> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Damage::new(format!("{} bytes are left over", self.0.len())))
    }
}

/// Appends `values` as a column.
pub(crate) fn write(out: &mut Vec<u8>, values: &[u64]) {
    let width = best_width(values);
    let fits = |value: u64| byte_length(value) <= width;
    out.push(width as u8);
    let exceptions = values.iter().filter(|value| !fits(**value)).count();
    out.extend((exceptions as u32).to_le_bytes());
    for &value in values {
        let kept = if fits(value) { value } else { 0 };
        out.extend_from_slice(&kept.to_le_bytes()[..width]);
    }
    for (at, &value) in values.iter().enumerate().filter(|(_, value)| !fits(**value)) {
        out.extend((at as u32).to_le_bytes());
        out.extend(value.to_le_bytes());
    }
}

/// Reads a column of `count` values; the caller has bounded `count`.
pub(crate) fn read(from: &mut Reader<'_>, count: usize) -> Result<Vec<u64>, Damage> {
    let width = from.u8()? as usize;
    let exceptions = from.count(count)?;
    let bytes = from.take(count * width)?;
    let mut values = spread(bytes, width, count)?;
    for _ in 0..exceptions {
        let (at, value) = (from.u32()? as usize, from.u64()?);
        *values.get_mut(at).ok_or_else(|| Damage::new("an exception beyond the end of its column"))? = value;
    }
    Ok(values)
}

/// Reads a column of `count` values, each less than `below`, into `out`, whose room is used again; the
/// caller has bounded `count`.
pub(crate) fn numbers(
    from: &mut Reader<'_>,
    count: usize,
    below: usize,
    out: &mut Vec<u32>,
) -> Result<(), Damage> {
    let width = from.u8()? as usize;
    let exceptions = from.count(count)?;
    let bytes = from.take(count * width)?;
    out.clear();
    match width {
        0 => out.resize(count, 0),
        1 => out.extend(bytes.iter().map(|&byte| u32::from(byte))),
        2 => out.extend(chunks::<2>(bytes).map(|c| u32::from(u16::from_le_bytes(c)))),
        3 => out.extend(chunks::<3>(bytes).map(|c| u32::from_le_bytes([c[0], c[1], c[2], 0]))),
        4 => out.extend(chunks::<4>(bytes).map(u32::from_le_bytes)),
        _ => return Err(Damage::new(format!("a column of numbers {width} bytes wide"))),
    }
    for _ in 0..exceptions {
        let (at, value) = (from.u32()? as usize, from.u64()?);
        let number = u32::try_from(value).map_err(|_| Damage::new("a number beyond its list"))?;
        *out.get_mut(at).ok_or_else(|| Damage::new("an exception beyond the end of its column"))? = number;
    }
    let largest = out.iter().fold(0, |largest, number| largest.max(*number));
    if largest as usize >= below && count > 0 {
        return Err(Damage::new("a number beyond its list"));
    }
    Ok(())
}

/// Reads a column of differences of `count` values into `out`, summed up, whose room is used again.
pub(crate) fn summed(from: &mut Reader<'_>, count: usize, out: &mut Vec<i64>) -> Result<(), Damage> {
    let width = from.u8()? as usize;
    let exceptions = from.count(count)?;
    let bytes = from.take(count * width)?;
    out.clear();
    match width {
        0 => out.resize(count, 0),
        1 => out.extend(bytes.iter().map(|&byte| i64::from(byte))),
        2 => out.extend(chunks::<2>(bytes).map(|c| i64::from(u16::from_le_bytes(c)))),
        3 => out.extend(chunks::<3>(bytes).map(|c| i64::from(u32::from_le_bytes([c[0], c[1], c[2], 0])))),
        4 => out.extend(chunks::<4>(bytes).map(|c| i64::from(u32::from_le_bytes(c)))),
        8 => out.extend(chunks::<8>(bytes).map(i64::from_le_bytes)),
        _ => return Err(Damage::new(format!("a column of values {width} bytes wide"))),
    }
    for _ in 0..exceptions {
        let (at, value) = (from.u32()? as usize, from.u64()?);
        *out.get_mut(at).ok_or_else(|| Damage::new("an exception beyond the end of its column"))? =
            value as i64;
    }
    let mut sum = 0_i64;
    for value in out {
        let folded = *value as u64;
        sum = sum.wrapping_add((folded >> 1) as i64 ^ -((folded & 1) as i64));
        *value = sum;
    }
    Ok(())
}

/// Passes over a column of `count` values.
pub(crate) fn skip(from: &mut Reader<'_>, count: usize) -> Result<(), Damage> {
    let width = from.u8()? as usize;
    let exceptions = from.count(count)?;
    from.take(count * width + exceptions * EXCEPTION_BYTES).map(drop)
}

/// Differences between neighbours, folded so that small ones of either sign stay small.
pub(crate) fn deltas(values: impl Iterator<Item = i64>) -> Vec<u64> {
    let mut last = 0_i64;
    values
        .map(|value| {
            let delta = value.wrapping_sub(last);
            last = value;
            ((delta << 1) ^ (delta >> 63)) as u64
        })
        .collect()
}

/// The values that [`deltas`] was given.
pub(crate) fn sums(deltas: &[u64]) -> impl Iterator<Item = i64> {
    let mut value = 0_i64;
    deltas.iter().map(move |&folded| {
        value = value.wrapping_add((folded >> 1) as i64 ^ -((folded & 1) as i64));
        value
    })
}

fn byte_length(value: u64) -> usize {
    (64 - value.leading_zeros() as usize).div_ceil(8)
}

fn best_width(values: &[u64]) -> usize {
    let mut lengths = [0_usize; 9];
    for &value in values {
        lengths[byte_length(value)] += 1;
    }
    let cost =
        |width: usize| values.len() * width + lengths[width + 1..].iter().sum::<usize>() * EXCEPTION_BYTES;
    WIDTHS.into_iter().min_by_key(|width| cost(*width)).unwrap_or(8)
}

fn spread(bytes: &[u8], width: usize, count: usize) -> Result<Vec<u64>, Damage> {
    Ok(match width {
        0 => vec![0; count],
        1 => bytes.iter().map(|&byte| u64::from(byte)).collect(),
        2 => chunks::<2>(bytes).map(|c| u64::from(u16::from_le_bytes(c))).collect(),
        3 => chunks::<3>(bytes).map(|c| u64::from(u32::from_le_bytes([c[0], c[1], c[2], 0]))).collect(),
        4 => chunks::<4>(bytes).map(|c| u64::from(u32::from_le_bytes(c))).collect(),
        8 => chunks::<8>(bytes).map(u64::from_le_bytes).collect(),
        _ => return Err(Damage::new(format!("a column of values {width} bytes wide"))),
    })
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: &[u64], bytes: usize) {
        let mut out = Vec::new();
        write(&mut out, values);
        assert_eq!(out.len(), bytes, "{values:?}");
        let mut reader = Reader::new(&out);
        assert_eq!(read(&mut reader, values.len()).unwrap(), values);
        reader.end().unwrap();
    }

    #[test]
    fn the_width_is_that_of_the_many() {
        check(&[], 5);
        check(&[0; 100], 5);
        check(&[7; 100], 5 + 100);
        check(&[70_000; 100], 5 + 300);
        let mut with_a_late_one = [300; 100];
        with_a_late_one[50] = u64::MAX;
        check(&with_a_late_one, 5 + 200 + 12);
    }

    #[test]
    fn an_exception_outside_its_column_is_damage() {
        let mut out = Vec::new();
        write(&mut out, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 40]);
        out[5] = 200;
        assert!(read(&mut Reader::new(&out), 14).is_err());
    }

    proptest! {
        #[test]
        fn columns_lose_nothing(values in proptest::collection::vec(any::<u64>(), 0..50), shift in 0_u32..64) {
            let values: Vec<u64> = values.into_iter().map(|value| value >> shift).collect();
            let mut out = Vec::new();
            write(&mut out, &values);
            prop_assert_eq!(read(&mut Reader::new(&out), values.len()).unwrap(), &values[..]);
            let mut reader = Reader::new(&out);
            skip(&mut reader, values.len()).unwrap();
            reader.end().unwrap();
        }

        #[test]
        fn numbers_are_those_that_were_written_and_none_is_beyond_its_list(
            values in proptest::collection::vec(any::<u32>(), 0..50),
            shift in 1_u32..32,
        ) {
            let values: Vec<u32> = values.into_iter().map(|value| value >> shift).collect();
            let mut out = Vec::new();
            write(&mut out, &values.iter().map(|value| u64::from(*value)).collect::<Vec<_>>());
            let most = values.iter().max().map_or(0, |most| *most as usize + 1);
            let mut read = vec![7];
            numbers(&mut Reader::new(&out), values.len(), most, &mut read).unwrap();
            prop_assert_eq!(&read, &values);
            let beyond = numbers(&mut Reader::new(&out), values.len(), most.saturating_sub(1), &mut read);
            prop_assert_eq!(beyond.is_err(), !values.is_empty());
        }

        #[test]
        fn deltas_lose_nothing(values in proptest::collection::vec(any::<i64>(), 0..50)) {
            let there = deltas(values.iter().copied());
            prop_assert_eq!(sums(&there).collect::<Vec<_>>(), &values[..]);
            let mut out = Vec::new();
            write(&mut out, &there);
            let mut read = vec![7];
            summed(&mut Reader::new(&out), values.len(), &mut read).unwrap();
            prop_assert_eq!(read, values);
        }
    }
}
