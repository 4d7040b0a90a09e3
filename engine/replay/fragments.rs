//! Fragments: rows of one consultation that got several numbers.
//!
//! A consultation that stretches over the cut between two threads, is planned days ahead, or of which
//! something arrives late has a row for each time it was met. They are found by their digests, in buckets
//! that fit the nearest memory. Plans and feedback add up to the row of the call; where two rows tell of a
//! call, or of different circumstances, all of their events are read again.

use std::collections::HashSet;

use projections::gist::{Flags, Gist};

use super::again::ToRead;
use super::spread;
use super::stretch::Stretch;

/// Buckets, by the highest bits of the digest.
const BUCKET_BITS: u32 = 10;

/// Bits by which most rows are told from those of repeated digests.
const FILTER_BITS: u32 = 22;

/// A row of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) stretch: usize,
    pub(super) row: u32,
}

/// The digests that more than one row has.
pub(super) fn repeated(stretches: &[Stretch], threads: usize) -> Vec<u64> {
    let total: usize = stretches.iter().map(|stretch| stretch.digests.len()).sum();
    let (sorted, ends) = bucketed(stretches, total);
    let buckets: Vec<&[u64]> = std::iter::once(0)
        .chain(ends.iter().copied())
        .zip(&ends)
        .map(|(from, to)| &sorted[from..*to])
        .collect();
    let each = buckets.len().div_ceil(threads.max(1));
    spread(buckets.chunks(each), threads, repeated_of).concat()
}

/// The digests by bucket, and where each bucket ends.
fn bucketed(stretches: &[Stretch], total: usize) -> (Vec<u64>, Vec<usize>) {
    let bucket = |digest: u64| (digest >> (64 - BUCKET_BITS)) as usize;
    let mut places = vec![0; 1 << BUCKET_BITS];
    let digests = || stretches.iter().flat_map(|stretch| &stretch.digests);
    digests().for_each(|digest| places[bucket(*digest)] += 1);
    let mut begin = 0;
    for place in &mut places {
        begin += std::mem::replace(place, begin);
    }
    let mut sorted = vec![0; total];
    for digest in digests() {
        let place = &mut places[bucket(*digest)];
        sorted[*place] = *digest;
        *place += 1;
    }
    (sorted, places)
}

fn repeated_of(buckets: &[&[u64]]) -> Vec<u64> {
    let (mut repeated, mut table) = (Vec::new(), Vec::new());
    for bucket in buckets {
        let size = (bucket.len() * 2).next_power_of_two().max(2);
        table.clear();
        table.resize(size, 0);
        for digest in *bucket {
            // 0 marks a free place; the one digest that is 0 is looked for in the rows.
            let mut place = *digest as usize & (size - 1);
            while table[place] != 0 && table[place] != *digest {
                place = (place + 1) & (size - 1);
            }
            if table[place] == *digest {
                repeated.push(*digest);
            }
            table[place] = *digest;
        }
    }
    repeated.sort_unstable();
    repeated.dedup();
    repeated
}

/// Where the rows of the digests lie, each digest's in order.
pub(super) fn groups(stretches: &[Stretch], digests: &[u64], threads: usize) -> Vec<Vec<Place>> {
    if digests.is_empty() {
        return Vec::new();
    }
    // Most rows are none of them: a bit tells so without a search.
    let mut some = vec![0_u64; 1 << (FILTER_BITS - 6)];
    let words = some.len();
    let bit = |digest: u64| ((digest >> 6) as usize % words, 1_u64 << (digest & 63));
    for (word, bit) in digests.iter().map(|digest| bit(*digest)) {
        some[word] |= bit;
    }
    let found = |part: &Stretch| -> Vec<(usize, u32)> {
        let rows = part.digests.iter().zip(0..).filter(|(digest, _)| {
            let (word, bit) = bit(**digest);
            some[word] & bit != 0
        });
        rows.filter_map(|(digest, row)| Some((digests.binary_search(digest).ok()?, row))).collect()
    };
    let found = spread(stretches, threads, found);
    let mut groups = vec![Vec::new(); digests.len()];
    for (stretch, found) in found.into_iter().enumerate() {
        found.into_iter().for_each(|(group, row)| groups[group].push(Place { stretch, row }));
    }
    groups
}

/// Lets the rows of each group meet, and returns for each consultation that must be read again its rows;
/// those that are alone and cannot be read alone among them.
pub(super) fn bring_together(stretches: &mut [Stretch], groups: Vec<Vec<Place>>) -> ToRead {
    let (mut again, mut moved) = (ToRead::new(), Moved::new());
    for rows in groups {
        let is_live = |place: &Place| !stretches[place.stretch].is_void(place.row);
        let live: Vec<Place> = rows.iter().copied().filter(is_live).collect();
        if live.len() > 1
            && let Some(first) = meet(stretches, &live, &mut moved)
        {
            again.push((first, rows));
        }
    }
    let met: HashSet<Place> = again.iter().map(|(first, _)| *first).collect();
    for (number, stretch) in stretches.iter_mut().enumerate() {
        let rows = std::mem::take(&mut stretch.again);
        let alone = rows.into_iter().filter(|row| !stretch.is_void(*row));
        let alone = alone.map(|row| Place { stretch: number, row });
        again.extend(alone.filter(|place| !met.contains(place)).map(|place| (place, vec![place])));
    }
    moved.sort_unstable();
    move_said(stretches, &moved);
    again
}

/// Moves what people said to the rows that it belongs to now.
fn move_said(stretches: &mut [Stretch], moved: &[(Place, Place)]) {
    let mut from: Vec<usize> = moved.iter().map(|(from, _)| from.stretch).collect();
    from.dedup();
    let mut all = Vec::new();
    for number in from {
        let stretch = &mut stretches[number];
        for (row, said) in std::mem::take(&mut stretch.gists.said) {
            let place = Place { stretch: number, row };
            match moved.binary_search_by_key(&place, |(from, _)| *from) {
                Ok(found) => all.push((moved[found].1, said)),
                Err(_) => stretch.gists.said.push((row, said)),
            }
        }
    }
    let mut to: Vec<usize> = all.iter().map(|(place, _)| place.stretch).collect();
    for (place, said) in all {
        stretches[place.stretch].gists.said.push((place.row, said));
    }
    to.sort_unstable();
    to.dedup();
    to.into_iter().for_each(|number| stretches[number].gists.said.sort_by_key(|(row, _)| *row));
}

/// Brings the rows of a consultation together; its first row if its events must be read again.
///
/// `rows` are in order, and two at least.
fn meet(stretches: &mut [Stretch], rows: &[Place], moved: &mut Moved) -> Option<Place> {
    let gists: Vec<Gist> = rows.iter().map(|place| *stretches[place.stretch].gist(place.row)).collect();
    let is = |flags| gists.iter().filter(move |gist| gist.flags.has(flags)).count();
    let claims = |gist: &Gist| gist.flags.has(Flags::CLAIMS) && !gist.flags.has(Flags::CALL);
    let odd = is(Flags::ASIDE) > 0 || is(Flags::CALL) > 1 || gists.iter().any(claims);
    let own = gists.iter().position(|gist| gist.flags.has(Flags::CALL)).unwrap_or(0);
    let target = rows[own];
    let alike = rows.iter().all(|place| same_source(stretches, *place, target));
    let levels = if odd || !alike { None } else { common_levels(stretches, rows, target) };
    let Some(levels) = levels else {
        rows.iter().for_each(|place| stretches[place.stretch].void(place.row));
        stretches[rows[0].stretch].gist_mut(rows[0].row).flags = Flags::ASIDE;
        return Some(rows[0]);
    };
    for (column, level) in levels {
        stretches[target.stretch].gists.columns[column].level[target.row as usize] = level;
    }
    let mut whole = gists[own];
    for (place, gist) in rows.iter().zip(&gists).filter(|(place, _)| **place != target) {
        whole = add(whole, gist);
        moved.push((*place, target));
        stretches[place.stretch].void(place.row);
    }
    if !whole.flags.has(Flags::TERMINAL) {
        whole.ending = whole.quiet_ending();
    }
    *stretches[target.stretch].gist_mut(target.row) = whole;
    None
}

/// From rows that are void now to the rows that have what people said in them.
type Moved = Vec<(Place, Place)>;

fn add(mut whole: Gist, other: &Gist) -> Gist {
    whole.last_ms = whole.last_ms.max(other.last_ms);
    let has = |flags| other.flags.has(flags);
    whole.flags = whole
        .flags
        .with_if(has(Flags::SCHEDULED), Flags::SCHEDULED)
        .with_if(has(Flags::CANCELLED), Flags::CANCELLED);
    whole
}

fn same_source(stretches: &[Stretch], one: Place, other: Place) -> bool {
    if one.stretch == other.stretch {
        let gists = &stretches[one.stretch].gists;
        return gists.rows[one.row as usize].source == gists.rows[other.row as usize].source;
    }
    let source = |place: Place| {
        let stretch = &stretches[place.stretch];
        &stretch.sources[stretch.gists.rows[place.row as usize].source as usize]
    };
    source(one) == source(other)
}

/// The levels that the target has not and another row has; none where two rows tell different ones.
fn common_levels(stretches: &mut [Stretch], rows: &[Place], target: Place) -> Option<Vec<(usize, u32)>> {
    let mut found = Vec::new();
    if rows.iter().all(|place| place.stretch == target.stretch) {
        for (number, column) in stretches[target.stretch].gists.columns.iter().enumerate() {
            let mut told =
                rows.iter().map(|place| column.level[place.row as usize]).filter(|level| *level > 0);
            let Some(level) = told.next() else { continue };
            if told.any(|other| other != level) {
                return None;
            }
            found.push((number, level));
        }
        return Some(found);
    }
    for column in 0..stretches[target.stretch].gists.columns.len() {
        let mut level: Option<std::sync::Arc<str>> = None;
        for place in rows {
            let told = stretches[place.stretch].gists.columns[column].get(place.row as usize).cloned();
            match (&level, told) {
                (Some(known), Some(told)) if *known != told => return None,
                (None, Some(told)) => level = Some(told),
                _ => {}
            }
        }
        let own = &mut stretches[target.stretch].gists.columns[column];
        if let (Some(level), None) = (level, own.get(target.row as usize)) {
            found.push((column, own.number(&level)));
        }
    }
    Some(found)
}
