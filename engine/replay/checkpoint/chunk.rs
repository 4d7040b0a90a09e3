//! A chunk of rows as it is kept: numbers column by column, and what not every row has as a list.
//!
//! ```text
//! numbers   u64 by row: digest of the consultation's name
//!           column of `last_ms`: differences
//!           column of `began`, just behind `last_ms` for never: differences
//!           columns, in the order of `FIELDS`
//! levels    a section for each dimension, so that only those asked for are read: column of levels
//! lists     what people said, every drop, and outcomes that are not plain
//! ```

use std::io::Result;
use std::ops::Range;
use std::sync::Arc;

use event::Time;
use projections::gist::{Began, DropSpan, Flags, Gist};
use projections::kept::{KeptOutcome, KeptSaid};
use projections::outcome::Ending;
use serde::{Deserialize, Serialize};

use super::super::stretch::Stretch;
use super::file::{decode, encode, invalid};
use crate::log::Damage;
use crate::log::bytes::column::{self, Reader};

/// How many rows a chunk has: as many as fit into the memory next to a core.
pub(super) const ROWS: usize = 1 << 14;

/// What not every row has; rows are counted from the first of the chunk.
#[derive(Serialize, Deserialize)]
struct Lists {
    drops: Vec<(u32, DropSpan)>,
    joins: Vec<(u32, [u32; 2])>,
    said: Vec<(u32, KeptSaid)>,
    stages: Vec<(u32, String)>,
    aside: Vec<(u32, KeptOutcome)>,
    going_on: Vec<u32>,
}

/// A number of a row, and how it is put into one.
type Field = (fn(&Gist) -> u64, fn(&mut Gist, u32));

/// The numbers of a gist. Times that may be missing are kept one higher, so that missing is 0.
const FIELDS: [Field; 16] = [
    (|gist| u64::from(gist.connect_ms.wrapping_add(1)), |gist, ms| gist.connect_ms = ms.wrapping_sub(1)),
    (|gist| u64::from(gist.waiting_ms.wrapping_add(1)), |gist, ms| gist.waiting_ms = ms.wrapping_sub(1)),
    (|gist| u64::from(gist.connected_ms), |gist, ms| gist.connected_ms = ms),
    (|gist| u64::from(gist.down_ms), |gist, ms| gist.down_ms = ms),
    (|gist| u64::from(gist.interrupted_ms), |gist, ms| gist.interrupted_ms = ms),
    (|gist| u64::from(gist.audio_lost_ms), |gist, ms| gist.audio_lost_ms = ms),
    (
        |gist| u64::from(gist.first_drop_ms.wrapping_add(1)),
        |gist, ms| gist.first_drop_ms = ms.wrapping_sub(1),
    ),
    (|gist| u64::from(gist.source), |gist, source| gist.source = source),
    (|gist| u64::from(gist.flags.bits()), |gist, bits| gist.flags = Flags::of_bits(bits as u16)),
    (
        |gist| Ending::ALL.iter().position(|ending| *ending == gist.ending).unwrap_or(0) as u64,
        |gist, place| gist.ending = Ending::ALL[(place as usize).min(Ending::ALL.len() - 1)],
    ),
    (|gist| u64::from(gist.drops), |gist, count| gist.drops = count as u8),
    (|gist| u64::from(gist.blips), |gist, count| gist.blips = count as u8),
    (|gist| u64::from(gist.audio_losses), |gist, count| gist.audio_losses = count as u8),
    (|gist| u64::from(gist.recovered_drops), |gist, count| gist.recovered_drops = count as u8),
    (|gist| u64::from(gist.recovered_60s), |gist, count| gist.recovered_60s = count as u8),
    (|gist| u64::from(gist.help_requests), |gist, count| gist.help_requests = count as u8),
];

/// The numbers of these rows.
pub(super) fn numbers(stretch: &Stretch, rows: &Range<usize>) -> Vec<u8> {
    let gists = &stretch.gists.rows[rows.clone()];
    let mut out = Vec::with_capacity(40 * rows.len());
    stretch.digests[rows.clone()].iter().for_each(|digest| out.extend(digest.to_le_bytes()));
    let mut numbers: Vec<u64> = stretch.reach[rows.clone()].iter().copied().map(u64::from).collect();
    column::write(&mut out, &numbers);
    column::write(&mut out, &column::deltas(gists.iter().map(|gist| gist.last_ms)));
    column::write(&mut out, &column::deltas(gists.iter().map(began_ms)));
    for (get, _) in FIELDS {
        numbers.clear();
        numbers.extend(gists.iter().map(get));
        column::write(&mut out, &numbers);
    }
    out
}

/// Puts the numbers of `rows` rows behind those of the stretch, which has `sources`.
pub(super) fn take_numbers(stretch: &mut Stretch, rows: usize, bytes: &[u8], sources: usize) -> Result<()> {
    let mut read = || -> std::result::Result<bool, Damage> {
        let from = &mut Reader::new(bytes);
        let digests = from.take(8 * rows)?.as_chunks().0.iter();
        stretch.digests.extend(digests.map(|bytes| u64::from_le_bytes(*bytes)));
        let (mut numbers, mut times) = (Vec::new(), Vec::new());
        column::numbers(from, rows, 1 << 8, &mut numbers)?;
        stretch.reach.extend(numbers.iter().map(|reach| *reach as u8));
        column::summed(from, rows, &mut times)?;
        let begin = stretch.gists.rows.len();
        let gist = |last_ms: &i64| Gist { last_ms: *last_ms, ..Gist::NOTHING };
        stretch.gists.rows.extend(times.iter().map(gist));
        let gists = &mut stretch.gists.rows[begin..];
        column::summed(from, rows, &mut times)?;
        gists.iter_mut().zip(&times).for_each(|(gist, ms)| gist.began = began(gist, *ms));
        for (_, set) in FIELDS {
            column::numbers(from, rows, 1 << 32, &mut numbers)?;
            gists.iter_mut().zip(&numbers).for_each(|(gist, number)| set(gist, *number));
        }
        from.end()?;
        Ok(gists.iter().all(|gist| (gist.source as usize) < sources))
    };
    match read() {
        Ok(true) => Ok(()),
        Ok(false) => Err(invalid("a row of a source that is not there")),
        Err(damage) => Err(invalid(&damage.to_string())),
    }
}

/// When a consultation began: behind its last instant where it never did.
fn began_ms(gist: &Gist) -> i64 {
    gist.began.at().map_or(gist.last_ms.saturating_add(1), Time::ms)
}

/// The instant, where it is one.
fn began(gist: &Gist, ms: i64) -> Began {
    (ms <= gist.last_ms).then(|| Time::from_ms(ms)).into()
}

/// The levels of these rows.
pub(super) fn levels(level: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * level.len());
    column::write(&mut out, &level.iter().copied().map(u64::from).collect::<Vec<_>>());
    out
}

/// Puts the levels of `rows` rows, each one of so many, behind those that are there.
pub(super) fn take_levels(level: &mut Vec<u32>, rows: usize, bytes: &[u8], levels: usize) -> Result<()> {
    let from = &mut Reader::new(bytes);
    let mut numbers = Vec::new();
    column::numbers(from, rows, levels + 1, &mut numbers)
        .and_then(|()| from.end())
        .map_err(|damage| invalid(&damage.to_string()))?;
    level.extend(numbers);
    Ok(())
}

/// What not every one of these rows has.
pub(super) fn lists(stretch: &Stretch, rows: &Range<usize>) -> Result<Vec<u8>> {
    let gists = &stretch.gists;
    let going_on = &stretch.going_on;
    let begin = going_on.partition_point(|row| (*row as usize) < rows.start);
    let end = going_on.partition_point(|row| (*row as usize) < rows.end);
    encode(&Lists {
        drops: part(&gists.drops, rows, |drop| *drop),
        joins: part(&gists.joins, rows, |ms| *ms),
        said: part(&gists.said, rows, |said| KeptSaid::from(said)),
        stages: part(&gists.stages, rows, |stage| stage.as_ref().to_owned()),
        aside: part(&gists.aside, rows, |row| KeptOutcome::from(row)),
        going_on: going_on[begin..end].iter().map(|row| row - rows.start as u32).collect(),
    })
}

/// Puts what not every row has behind what the stretch has; the rows begin at `before`, and are so many.
pub(super) fn take_lists(stretch: &mut Stretch, (before, rows): (u32, usize), bytes: &[u8]) -> Result<()> {
    let lists: Lists = decode(bytes)?;
    let gists = &mut stretch.gists;
    let in_place = put(&mut gists.drops, lists.drops, (before, rows), |drop| drop)
        && put(&mut gists.joins, lists.joins, (before, rows), |ms| ms)
        && put(&mut gists.said, lists.said, (before, rows), Into::into)
        && put(&mut gists.stages, lists.stages, (before, rows), Arc::from)
        && put(&mut gists.aside, lists.aside, (before, rows), Into::into)
        && lists.going_on.is_sorted()
        && lists.going_on.last().is_none_or(|row| (*row as usize) < rows);
    stretch.going_on.extend(lists.going_on.iter().map(|row| row + before));
    if in_place { Ok(()) } else { Err(invalid("a list of rows that are not there")) }
}

/// The entries of a list by row that belong to these rows.
fn part<T, K>(list: &[(u32, T)], rows: &Range<usize>, keep: impl Fn(&T) -> K) -> Vec<(u32, K)> {
    let begin = list.partition_point(|(row, _)| (*row as usize) < rows.start);
    let end = list.partition_point(|(row, _)| (*row as usize) < rows.end);
    list[begin..end].iter().map(|(row, entry)| (row - rows.start as u32, keep(entry))).collect()
}

/// Puts entries back behind a list; whether they are of these rows and in order.
fn put<T, K>(
    list: &mut Vec<(u32, T)>,
    kept: Vec<(u32, K)>,
    (before, rows): (u32, usize),
    give: impl Fn(K) -> T,
) -> bool {
    let fits =
        kept.is_sorted_by_key(|(row, _)| *row) && kept.last().is_none_or(|(row, _)| (*row as usize) < rows);
    list.extend(kept.into_iter().map(|(row, entry)| (row + before, give(entry))));
    fits
}
