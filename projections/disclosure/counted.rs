//! Plain counts of consultations, platform by platform and part by part, as far as they may be shown.

use std::collections::BTreeMap;

use super::Told;
use super::boundary::{Boundary, Undisclosed};
use super::earlier::Key;
use super::published::{Line, Part, Value};
use super::share::share;
use super::table::{Place, Table};

/// The counts of one platform, or of a part of it.
#[derive(Debug)]
pub struct Counted<'a> {
    /// The platform.
    pub platform: &'a str,
    /// By dimension its level; none of the platform as a whole.
    pub by: &'a BTreeMap<&'static str, Option<String>>,
    /// How many there are, by name.
    pub all: (&'static str, u64),
    /// How many of which other count, itself or one before: name, the other's name, number; none where nobody could tell,
    /// which is a zero among the counts that are held against each other, and nothing where it is told.
    pub parts: Vec<(&'static str, &'static str, Option<u64>)>,
    /// Further names of which the first is a part of the second.
    pub nested: &'static [(&'static str, &'static str)],
}

/// The nominal coverage of limits.
const LEVEL: f64 = 0.95;

impl Counted<'_> {
    fn key(&self, count: &str) -> Key {
        let levels = self.by.iter().filter_map(|(name, level)| Some(((*name).to_owned(), level.clone()?)));
        Key { count: count.to_owned(), platform: Some(self.platform.to_owned()), levels: levels.collect() }
    }

    fn is_whole(&self) -> bool {
        self.by.values().all(Option::is_none)
    }
}

/// The places of one row, by name.
type Places = BTreeMap<&'static str, Place>;

/// Rows of counts, of each platform as a whole before its parts.
///
/// # Errors
/// When with earlier releases too much would be told.
pub fn counted(boundary: &mut Boundary<'_>, rows: &[Counted<'_>]) -> Result<Part, Undisclosed> {
    let places: Vec<Places> = rows
        .iter()
        .map(|row| {
            let (name, number) = row.all;
            let all = (name, boundary.count(row.key(name), number));
            let parts =
                row.parts.iter().map(|(name, _, number)| (*name, number.unwrap_or(0))).collect::<Vec<_>>();
            let parts = parts.into_iter().map(|(name, number)| (name, boundary.count(row.key(name), number)));
            std::iter::once(all).chain(parts).collect()
        })
        .collect();
    let all: Vec<(&Counted<'_>, &Places)> = rows.iter().zip(&places).collect();
    for platform in all.chunk_by(|(a, _), (b, _)| a.platform == b.platform) {
        tables(boundary, platform);
    }
    boundary.settle()?;
    let lines = all.iter().map(|(row, places)| line(boundary, row, places)).collect();
    Ok(Part { name: "rows", lines })
}

/// The tables of one platform: each count as a part of another, in every part and as a whole.
fn tables(boundary: &mut Boundary<'_>, rows: &[(&Counted<'_>, &Places)]) {
    let (wholes, parts): (Vec<_>, Vec<_>) = rows.iter().partition(|(row, _)| row.is_whole());
    let Some((first, _)) = rows.first() else { return };
    let pairs = first.parts.iter().map(|(name, of, _)| (name, of));
    for (name, of) in pairs.chain(first.nested.iter().map(|(name, of)| (name, of))) {
        let pair = |(_, places): &&(&Counted<'_>, &Places)| [places[name], places[of]];
        let whole = wholes.first().map(pair);
        match parts.is_empty() {
            true => whole.into_iter().for_each(|whole| boundary.table(Table::shares(&[whole], None))),
            false => boundary.table(Table::shares(&parts.iter().map(pair).collect::<Vec<_>>(), whole)),
        }
    }
}

fn line(boundary: &Boundary<'_>, row: &Counted<'_>, places: &Places) -> Line {
    let mut line: Line = vec![("platform", row.platform.into())];
    line.extend(
        row.by.iter().map(|(name, level)| (*name, level.as_deref().map_or(Value::Nothing, Value::from))),
    );
    let told = |name: &str| places.get(name).map_or(Told::Withheld, |place| boundary.told(*place));
    line.push((row.all.0, told(row.all.0).into()));
    line.extend(
        row.parts
            .iter()
            .map(|(name, _, number)| (*name, number.map_or(Value::Nothing, |_| told(name).into()))),
    );
    let shares = row.parts.iter().filter(|(.., number)| number.is_some()).filter_map(|(name, of, _)| {
        let share = share(told(name), told(of), LEVEL, (None, None))?;
        Some((*name, share))
    });
    line.push(("shares", Value::Shares(shares.map(|(name, share)| (name, share.interval)).collect())));
    line
}
