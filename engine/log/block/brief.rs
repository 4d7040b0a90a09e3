//! A block in brief, for whoever reads by name.

use super::super::brief::{Brief, BriefBlock};
use super::super::error::Damage;
use super::super::{Position, raw, registry};
use super::Block;

impl Block {
    /// The events in brief: one block, or several where contents were destroyed between them.
    ///
    /// Each has the lists of them all. They are made one at a time: together they could fill the memory.
    pub(in crate::log) fn into_brief(self) -> Result<impl Iterator<Item = BriefBlock>, Damage> {
        let (mut runs, mut run, mut first) = (Vec::new(), Vec::with_capacity(self.len()), self.first());
        for number in 0..self.len() {
            let Some(row) = self.hot.row(number)? else {
                runs.push((first, std::mem::take(&mut run)));
                first = self.first().plus(number as u64 + 1);
                continue;
            };
            let record = if registry::has_hot(row.code)? { self.record(number)? } else { &[] };
            run.push(Brief {
                at: self.hot.time(number),
                kind: row.kind,
                source: self.hot.source(number),
                consultation: self.hot.consultation[number],
                participant: self.hot.participant(number),
                role: raw::role(self.hot.code(number).role),
                detail: row.detail(record, self.hot.context(number))?,
            });
        }
        runs.push((first, run));
        runs.retain(|(_, events)| !events.is_empty());
        Ok(self.cut_into(runs))
    }

    fn cut_into(self, runs: Vec<(Position, Vec<Brief>)>) -> impl Iterator<Item = BriefBlock> {
        let lists = BriefBlock {
            first: self.first(),
            sources: self.hot.sources,
            consultations: self.cold.consultations,
            participants: self.cold.participants,
            contexts: self.rows,
            events: Vec::new(),
        };
        let (mut lists, mut runs) = (Some(lists), runs.into_iter());
        std::iter::from_fn(move || {
            let (first, events) = runs.next()?;
            let lists = if runs.len() == 0 { lists.take() } else { lists.clone() }?;
            Some(BriefBlock { first, events, ..lists })
        })
    }
}
