//! What is expected to fail: what the platform does at that hour of the week, in that season, at that organisation.
//!
//! The platform's share of failures, times a factor for each of these, one after the other: what failed over what was
//! expected so far, as if [`PRIOR`] further failures had been seen where [`PRIOR`] were expected. So of an hour with few
//! consultations the platform's share is expected, and an outage does not much raise what is expected of it. What was
//! taken out counts for nothing; what would have been expected of it is told all the same.
//!
//! A day is held against all days, itself among them: held against the others alone, all organisations would have less
//! to expect on a day that is bad by chance, which is how an outage looks.

use super::table::{Stay, Table};

/// How many failures a factor is drawn towards one by.
const PRIOR: f64 = 20.0;
const HOURS_A_WEEK: usize = 168;
const HOURS_A_DAY: usize = 24;

/// Fills in what is expected of every entry.
pub(super) fn expect(table: &mut Table) {
    let (platforms, seasons, organisations) = (table.platforms, table.seasons(), table.organisations);
    rates(table);
    refine(table, platforms * HOURS_A_WEEK, |table, stay, part, entry| {
        let hour = table.weekday(stay.day) * HOURS_A_DAY + usize::from(table.place[entry]) / 4;
        table.parts[part].platform * HOURS_A_WEEK + hour
    });
    refine(table, platforms * seasons, |table, stay, part, _| {
        table.parts[part].platform * seasons + table.season(stay.day)
    });
    refine(table, platforms * organisations, |table, stay, part, _| {
        table.parts[part].platform * organisations + stay.organisation
    });
}

/// Expects the share of the platform.
fn rates(table: &mut Table) {
    let mut all = vec![[0_u64; 2]; table.platforms];
    table.each(|_, part, entry| {
        if !table.out[entry] {
            let [n, x] = &mut all[table.parts[part].platform];
            *n += u64::from(table.n[entry]);
            *x += u64::from(table.x[entry]);
        }
    });
    let mut expected = Vec::with_capacity(table.expected.len());
    table.each(|_, part, entry| {
        let [n, x] = all[table.parts[part].platform];
        // As of one half of one more consultation: nothing is sure not to fail.
        expected.push(f64::from(table.n[entry]) * (x as f64 + 0.5) / (n as f64 + 1.0));
    });
    table.expected = expected;
}

/// Multiplies what is expected by a factor for each cell; `cell` tells that of an entry.
fn refine(table: &mut Table, cells: usize, cell: impl Fn(&Table, &Stay, usize, usize) -> usize) {
    let mut sums = vec![(0_u64, 0.0); cells];
    table.each(|stay, part, entry| {
        if !table.out[entry] {
            let (x, expected) = &mut sums[cell(table, stay, part, entry)];
            *x += u64::from(table.x[entry]);
            *expected += table.expected[entry];
        }
    });
    let mut refined = Vec::with_capacity(table.expected.len());
    table.each(|stay, part, entry| {
        let (x, expected) = sums[cell(table, stay, part, entry)];
        refined.push(table.expected[entry] * (x as f64 + PRIOR) / (expected + PRIOR));
    });
    table.expected = refined;
}
