//! What would have been noticed: how many failures make an outage of a span that is neither busy nor quiet.

use super::ratio;
use super::spans::{LENGTHS, spans};
use super::table::{QUARTERS_A_DAY, Table};

/// What a span of one length would have had to be like to be noticed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noticed {
    /// Its length, in minutes.
    pub minutes: u32,
    /// How many consultations are attempted in half of those that have any, or fewer.
    pub attempted: u64,
    /// How many of them are expected to fail.
    pub expected: f64,
    /// How many would have to fail, besides those of the organisation with the largest excess, where so many are
    /// attempted at all.
    pub failures: Option<u64>,
}

/// How many spans have consultations, and by platform what would be noticed above this ratio.
pub(super) fn noticed(table: &Table, threshold: f64) -> (u64, Vec<Vec<Noticed>>) {
    let mut looked_at = 0;
    let of = |platform: usize| {
        let spans = with_consultations(table, platform);
        looked_at += spans.iter().map(Vec::len).sum::<usize>() as u64;
        let lengths = LENGTHS.into_iter().zip(spans);
        lengths.filter_map(|(length, spans)| of_length(length, spans, threshold)).collect()
    };
    let noticed = (0..table.platforms).map(of).collect();
    (looked_at, noticed)
}

fn of_length(length: usize, mut spans: Vec<(u64, f64)>, threshold: f64) -> Option<Noticed> {
    spans.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (attempted, expected) = *spans.get(spans.len().checked_sub(1)? / 2)?;
    let failures = (1..=attempted).find(|failed| ratio(*failed as f64, expected) > threshold);
    Some(Noticed { minutes: length as u32 * 15, attempted, expected, failures })
}

/// By length: what was attempted and expected to fail in every span in which anything was attempted.
fn with_consultations(table: &Table, platform: usize) -> [Vec<(u64, f64)>; LENGTHS.len()] {
    let mut busy: Vec<usize> = table.stays.iter().map(|stay| stay.day).collect();
    busy.sort_unstable();
    busy.dedup();
    let quarters = busy.len() * QUARTERS_A_DAY;
    let (mut n, mut expected) = (vec![0_u64; quarters + 1], vec![0.0; quarters + 1]);
    table.each(|stay, part, entry| {
        if table.parts[part].platform == platform && !table.out[entry] {
            let day = busy.partition_point(|day| *day < stay.day);
            let place = day * QUARTERS_A_DAY + usize::from(table.place[entry]) + 1;
            n[place] += u64::from(table.n[entry]);
            expected[place] += table.expected[entry];
        }
    });
    for place in 1..=quarters {
        n[place] += n[place - 1];
        expected[place] += expected[place - 1];
    }
    let spans = spans();
    LENGTHS.map(|length| {
        let of_length = || spans.iter().filter(move |span| span.quarters == length);
        let begins =
            (0..busy.len()).flat_map(|day| of_length().map(move |span| day * QUARTERS_A_DAY + span.begin));
        let sums =
            begins.map(|begin| (n[begin + length] - n[begin], expected[begin + length] - expected[begin]));
        sums.filter(|(n, _)| *n > 0).collect()
    })
}
