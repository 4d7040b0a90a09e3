//! A sheet goes on: what came since it was made is read, and hardly anything else.
//!
//! The new events become stretches of their own. Consultations of which they tell are looked for among
//! the rows that are there, and meet as fragments do in a first reading; rows that were open may be over.
//! The answer is that of reading everything anew, to the byte, and the tests hold the two together. Where
//! sources turn out to see other things than was known, all rows may differ: then everything is read anew.

use std::collections::BTreeSet;
use std::ops::Range;

use projections::outcome::Outcome;
use projections::parameters::Parameters;
use projections::projection::Projection;

use super::again::ToRead;
use super::book::{Book, declared};
use super::fragments::{Place, bring_together, groups};
use super::gather::Common;
use super::sheet::{Sheet, extents_to, gather_all, hear, newest_of, read_aside, sheet};
use super::stretch::Stretch;
use super::{ReplayError, Request, Watch, spread};
use crate::log::{Extent, Log};

/// A stretch of fewer rows takes in the one that comes behind it.
const FEW: usize = 1 << 16;

/// So few blocks are not cut for several threads.
const FEW_BLOCKS: usize = 8;

/// What a refresh changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Whether rows may differ of which nothing new was told: what was counted of them is to be counted anew.
    pub anew: bool,
    /// Whether all events were read for it.
    pub reread: bool,
    /// Outcomes that do not stand any more.
    pub gone: Vec<Outcome>,
    /// Outcomes that stand in their place, and of consultations that are over now.
    pub come: Vec<Outcome>,
    /// Rows that were added: by part of the sheet.
    pub added: Vec<(usize, Range<u32>)>,
}

impl Sheet {
    /// Reads what came since, as `request` says, and tells what has changed.
    ///
    /// # Errors
    /// When the log cannot be read or has too many consultations, or the watch says stop.
    pub fn refresh(
        self,
        log: &Log,
        request: &Request,
        watch: &Watch,
    ) -> Result<(Self, Changes), ReplayError> {
        let asked = request.parameters(self.parameters.until);
        let read = Parameters { until: asked.until, ..self.parameters };
        let next = self.position.next();
        if asked != read || request.head(log) < self.position {
            return anew(&self, log, request, watch);
        }
        let extents = extents_to(log, next, request.head(log))?;
        let before = Book::of(&self.sources);
        let mut sources = self.sources.clone();
        declared(log, &extents, &mut sources)?;
        let book = Book::of(&sources);
        if !before.agrees_with(&book) {
            return anew(&self, log, request, watch);
        }
        let wanted = self.wanted.clone();
        let common = Common::new(log, request, (&wanted, &book), watch);
        let threads = if extents.len() < FEW_BLOCKS { 1 } else { request.threads() };
        let new = gather_all(&common, &extents, (next, threads))?;
        hear(&mut sources, &new);
        let heard = Book::of(&sources);
        if !before.agrees_with(&heard) {
            return anew(&self, log, request, watch);
        }
        Going { sheet: Self { sources, ..self }, common, request, book: &heard }.go_on(new, &extents)
    }

    /// Brings what a projection has counted up to what the sheet says after `changes`.
    pub fn update<P>(&self, changes: &Changes, projection: &P, state: &mut P::State, threads: usize)
    where
        P: Projection + Sync,
        P::State: Send,
    {
        use super::Rows;
        if changes.anew {
            *state = self.fold(projection, threads);
            return;
        }
        changes.gone.iter().for_each(|row| projection.sub(row, state));
        changes.come.iter().for_each(|row| projection.add(row, state));
        for (part, rows) in &changes.added {
            self.stretches[*part].gists.each_of(rows.clone(), |row| projection.add(row, state));
        }
    }
}

fn anew(
    before: &Sheet,
    log: &Log,
    request: &Request,
    watch: &Watch,
) -> Result<(Sheet, Changes), ReplayError> {
    let whole = sheet(log, request, &before.wanted, watch)?;
    Ok((whole, Changes { anew: true, reread: true, ..Changes::default() }))
}

/// A sheet while new stretches come to it.
struct Going<'a> {
    sheet: Sheet,
    common: Common<'a>,
    request: &'a Request,
    book: &'a Book,
}

impl Going<'_> {
    fn go_on(mut self, mut new: Vec<Stretch>, extents: &[Extent]) -> Result<(Sheet, Changes), ReplayError> {
        let old = self.sheet.stretches.len();
        self.sheet.stretches.append(&mut new);
        if let Some(last) = extents.last() {
            self.sheet.position = last.last;
        }
        let groups = self.groups(old);
        let touched = touched(&self.sheet.stretches[..old], &groups);
        let mut changes = Changes { gone: outcomes(&self.sheet.stretches, &touched), ..Changes::default() };
        let again = bring_together(&mut self.sheet.stretches, groups);
        self.count(old, &touched)?;
        self.read_again(&again)?;
        let before = self.sheet.coverage.clone();
        changes.anew = self.close(old, &touched);
        changes.come = outcomes(&self.sheet.stretches, &touched);
        if !changes.anew {
            changes.gone.iter().for_each(|row| self.sheet.coverage.sub(row));
            changes.come.iter().for_each(|row| self.sheet.coverage.add(row));
        }
        changes.anew |= !before.tells_as(&self.sheet.coverage);
        changes.added = self.put_together(old);
        self.sheet.tell(self.book);
        Ok((self.sheet, changes))
    }

    /// The rows of consultations of which something new was told.
    fn groups(&self, old: usize) -> Vec<Vec<Place>> {
        let stretches = &self.sheet.stretches;
        let mut digests: Vec<u64> =
            stretches[old..].iter().flat_map(|stretch| &stretch.digests).copied().collect();
        digests.sort_unstable();
        digests.dedup();
        let mut groups = groups(stretches, &digests, self.request.threads());
        groups.retain(|rows| rows.len() > 1);
        groups
    }

    /// Counts the consultations, of which there may be too many by now.
    fn count(&mut self, old: usize, touched: &BTreeSet<Place>) -> Result<(), ReplayError> {
        let stretches = &self.sheet.stretches;
        let new: usize = stretches[old..].iter().map(Stretch::consultations).sum();
        let void = touched.iter().filter(|place| stretches[place.stretch].is_void(place.row)).count();
        self.sheet.consultations = self.sheet.consultations + new - void;
        match self.sheet.consultations > self.common.limit {
            true => Err(ReplayError::TooMany { limit: self.common.limit }),
            false => Ok(()),
        }
    }

    fn read_again(&mut self, again: &ToRead) -> Result<(), ReplayError> {
        read_aside(&self.common, &mut self.sheet.stretches, again, (self.book, self.request.threads()))
    }

    /// Notes which rows are over by now, and what the new ones cover; whether all of them were looked at.
    fn close(&mut self, old: usize, touched: &BTreeSet<Place>) -> bool {
        let (sheet, book) = (&mut self.sheet, self.book);
        let before = sheet.parameters.until;
        sheet.parameters = self.request.parameters(newest_of(&sheet.stretches));
        let until = sheet.parameters.until;
        let (olds, news) = sheet.stretches.split_at_mut(old);
        news.iter_mut().for_each(|stretch| {
            stretch.see(book);
            stretch.fill_platforms(book);
            stretch.going_on = stretch.gists.close(until);
        });
        if until < before {
            let covered = spread(olds.iter_mut().chain(news), self.request.threads(), |stretch| {
                stretch.going_on = stretch.gists.close(until);
                stretch.gists.covered()
            });
            sheet.coverage = covered.into_iter().fold(Default::default(), |mut whole, covered| {
                whole.merge(covered);
                whole
            });
            return true;
        }
        olds.iter_mut().for_each(|stretch| stretch.going_on.clear());
        for place in touched {
            let stretch = &mut olds[place.stretch];
            if stretch.gists.is_open_by(place.row, until) {
                stretch.going_on.push(place.row);
            }
        }
        news.iter().for_each(|stretch| sheet.coverage.merge(stretch.gists.covered()));
        false
    }

    /// Puts small stretches together, and tells where the new rows are.
    fn put_together(&mut self, old: usize) -> Vec<(usize, Range<u32>)> {
        let mut kept: Vec<Stretch> = Vec::new();
        let mut added = Vec::new();
        for (number, stretch) in std::mem::take(&mut self.sheet.stretches).into_iter().enumerate() {
            let rows = stretch.gists.rows.len() as u32;
            let from = match kept.last_mut() {
                Some(last) if number >= old && last.gists.rows.len() < FEW => {
                    let from = last.gists.rows.len() as u32;
                    last.append(stretch);
                    last.see(self.book);
                    from
                }
                _ => {
                    kept.push(stretch);
                    0
                }
            };
            if number >= old {
                added.push((kept.len() - 1, from..from + rows));
            }
        }
        self.sheet.stretches = kept;
        added
    }
}

/// Rows that may not stay what they are: of which something new was told, and which were open.
fn touched(olds: &[Stretch], groups: &[Vec<Place>]) -> BTreeSet<Place> {
    let told = groups.iter().flatten().copied();
    let open = olds
        .iter()
        .enumerate()
        .flat_map(|(stretch, old)| old.going_on.iter().map(move |row| Place { stretch, row: *row }));
    let is_old = |place: &Place| olds.get(place.stretch).is_some_and(|old| !old.is_void(place.row));
    told.chain(open).filter(is_old).collect()
}

/// The outcomes of those rows that count.
fn outcomes(stretches: &[Stretch], rows: &BTreeSet<Place>) -> Vec<Outcome> {
    rows.iter().filter_map(|place| stretches[place.stretch].gists.outcome(place.row)).collect()
}
