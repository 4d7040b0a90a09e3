//! All counts of one answer, with what is decided about each of them.

use std::collections::BTreeSet;

use super::flow::{Arc, Way, slack};
use super::table::{Place, Table};
use super::{BASE, FEWEST, Policy, Told};

/// A count of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(usize);

/// Nothing more can be hidden, and still something would be told: it stands in an earlier release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsafe;

#[derive(Debug, Clone, Copy)]
struct Count {
    exact: u64,
    told: Told,
    /// Whether it was given away before, and cannot be hidden any more.
    given: bool,
}

/// Counts, and the tables in which they add up.
#[derive(Debug, Clone)]
pub struct Draft {
    policy: Policy,
    counts: Vec<Count>,
    tables: Vec<Table>,
}

impl Draft {
    /// A draft without counts.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, counts: Vec::new(), tables: Vec::new() }
    }

    /// Takes in a count.
    pub fn count(&mut self, exact: u64) -> Id {
        self.push(Count { exact, told: self.policy.alone(exact), given: false })
    }

    /// Takes in a count as it was told before.
    pub fn given(&mut self, exact: u64, told: Told) -> Id {
        self.push(Count { exact, told, given: true })
    }

    fn push(&mut self, count: Count) -> Id {
        self.counts.push(count);
        Id(self.counts.len() - 1)
    }

    /// Takes in a table of its counts.
    pub fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Hides a count, or that a hidden one is small; whether anything changed.
    pub fn hide(&mut self, id: Id) -> bool {
        let more = self.hidden_more(id);
        if let Some(told) = more {
            self.counts[id.0].told = told;
        }
        more.is_some()
    }

    /// How a count is told when it is hidden more than it is, if it can be.
    fn hidden_more(&self, id: Id) -> Option<Told> {
        let Count { exact, told, given } = self.counts[id.0];
        match told {
            _ if given || exact == 0 => None,
            Told::Few => Some(Told::Others),
            Told::Withheld | Told::Others => None,
            Told::Exactly(_) | Told::Rounded(_) => Some(self.policy.withheld()),
        }
    }

    /// What a count is.
    #[must_use]
    pub fn exact(&self, id: Id) -> u64 {
        self.counts[id.0].exact
    }

    /// How a count is told.
    #[must_use]
    pub fn told(&self, id: Id) -> Told {
        self.counts[id.0].told
    }

    /// Hides as much as keeps what is hidden as uncertain as the policy promises.
    ///
    /// What is once safe stays so, since hiding more never tells more: so each number is made safe in turn.
    /// Counts next to it are hidden first, the smallest before others, cells before margins.
    ///
    /// # Errors
    /// When only what was given away before could be hidden.
    pub fn settle(&mut self) -> Result<(), Unsafe> {
        if self.policy == Policy::Internal {
            return Ok(());
        }
        let mut safe: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut hid = true;
        // What is hidden for one table may have to be kept safe in another.
        while std::mem::take(&mut hid) {
            for table in 0..self.tables.len() {
                for place in 0..self.tables[table].places.len() {
                    let key = (table, place);
                    if safe.contains(&key) || !self.is_sensitive(key) {
                        continue;
                    }
                    while !self.is_safe(key) {
                        let more = self.next_to_hide(key).ok_or(Unsafe)?;
                        hid |= self.hide(more);
                    }
                    safe.insert(key);
                }
            }
        }
        Ok(())
    }

    /// Whether a number must not be told: it is hidden, or small and told nowhere.
    fn is_sensitive(&self, (table, place): (usize, usize)) -> bool {
        let place = self.tables[table].places[place];
        match place.told {
            Some(id) => self.told(id).is_hidden(),
            None => place.counts && (1..FEWEST).contains(&place.exact),
        }
    }

    /// What a number may be, as far as the numbers of its table tell; only as far as matters.
    fn range(&self, (table, place): (usize, usize)) -> (u64, u64) {
        let table = &self.tables[table];
        let arcs: Vec<Arc> = (0..table.places.len())
            .map(|number| {
                let (from, to) = table.ends(number);
                let Place { exact, told, .. } = table.places[number];
                let (lo, hi) = told.map_or((0, u64::MAX), |id| self.told(id).range());
                Arc { from, to, flow: exact, lo, hi }
            })
            .collect();
        let enough = 2 * BASE + FEWEST;
        let by = |way| slack(&arcs, table.nodes(), place, way, enough);
        (arcs[place].flow - by(Way::Down), arcs[place].flow + by(Way::Up))
    }

    fn is_safe(&self, key: (usize, usize)) -> bool {
        let (lo, hi) = self.range(key);
        let told = self.tables[key.0].places[key.1].told.map(|id| self.told(id));
        self.policy.is_safe(told, lo, hi)
    }

    /// What to hide next for the sake of a place: what is shown, next to it, the smallest, margins last; and
    /// when nothing is shown any more, that a margin is small.
    fn next_to_hide(&self, (table, place): (usize, usize)) -> Option<Id> {
        let table = &self.tables[table];
        let others = table.places.iter().enumerate().filter(|(number, _)| *number != place);
        let more = others.filter_map(|(number, other)| {
            let id = other.told.filter(|id| self.hidden_more(*id).is_some())?;
            let few = self.told(id).is_hidden();
            let depth = if few { 2 - table.depth(number) } else { table.depth(number) };
            let far = !table.share_a_sum(place, number);
            Some((few, far, depth, other.exact, number, id))
        });
        more.min().map(|(.., id)| id)
    }
}
