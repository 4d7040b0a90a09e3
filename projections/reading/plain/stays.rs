//! Stays of one person and stretches of time, in room that is always there.

use event::Kind;

use super::Key;

/// Stays of one person, and stretches of time, that there is room for.
pub(super) const STAYS: usize = 8;
const SPANS: usize = 16;
const PAIR_MS: i64 = 1_000;
const SHORTEST_MS: i64 = 150;

/// How one person came and went.
#[derive(Clone, Copy)]
pub(super) struct Stays {
    /// From when to when; the latter means nothing while the last one lasts.
    pub(super) list: [(i64, (i64, bool)); STAYS],
    pub(super) count: usize,
    pub(super) present: bool,
}

/// A time a person was not there.
#[derive(Clone, Copy)]
pub(super) struct Gap {
    pub(super) from: i64,
    pub(super) back: Option<i64>,
    pub(super) dropped: bool,
}

impl Stays {
    /// The stays of a person; none where a `left` and a join may pair, or where there is no room.
    pub(super) fn of(keys: &[Key], person: usize) -> Option<Self> {
        let mut stays = Self { list: [(0, (0, false)); STAYS], count: 0, present: false };
        let mut last: Option<Key> = None;
        for key in keys.iter().filter(|key| key.person() == person) {
            let (joins, dropped) = (key.joins(), key.is(Kind::Dropped));
            if !joins && !dropped && !key.is(Kind::Left) {
                continue;
            }
            let pairs = last.is_some_and(|last| {
                !dropped
                    && !last.is(Kind::Dropped)
                    && last.joins() != joins
                    && key.at() - last.at() <= PAIR_MS
            });
            if pairs {
                return None;
            }
            last = Some(*key);
            if joins && !stays.present {
                *stays.list.get_mut(stays.count)? = (key.at(), (0, false));
                stays.count += 1;
                stays.present = true;
            } else if !joins && stays.present {
                stays.list[stays.count - 1].1 = (key.at(), dropped);
                stays.present = false;
            }
        }
        Some(stays)
    }

    pub(super) fn gone_at(&self) -> Option<i64> {
        let last = self.count.checked_sub(1)?;
        (!self.present).then(|| self.list[last].1.0)
    }

    /// The gap behind a stay; none where it lasts.
    pub(super) fn gap_after(&self, place: usize) -> Option<Gap> {
        let last = place + 1 == self.count;
        if last && self.present {
            return None;
        }
        let (from, dropped) = self.list[place].1;
        let back = (!last).then(|| self.list[place + 1].0);
        Some(Gap { from, back, dropped })
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> {
        (0..self.count).filter_map(|place| self.gap_after(place))
    }
}

/// A few stretches of time, each half-open, in room that is always there.
#[derive(Clone, Copy, Default)]
pub(super) struct Spans {
    pub(super) list: [(i64, i64); SPANS],
    pub(super) count: usize,
}

impl Spans {
    pub(super) fn one(span: (i64, i64)) -> Self {
        let mut spans = Self::default();
        (spans.list[0], spans.count) = (span, 1);
        spans
    }

    pub(super) fn list(&self) -> &[(i64, i64)] {
        &self.list[..self.count]
    }

    /// Adds a span unless it is empty; none where there is no room.
    pub(super) fn push(&mut self, span: (i64, i64)) -> Option<()> {
        if span.0 < span.1 {
            *self.list.get_mut(self.count)? = span;
            self.count += 1;
        }
        Some(())
    }

    /// Adds a loss unless it is too short to be counted.
    pub(super) fn push_loss(&mut self, span: (i64, i64)) -> Option<()> {
        if span.1 - span.0 < SHORTEST_MS { Some(()) } else { self.push(span) }
    }

    /// Those that have a moment in common with `union`.
    pub(super) fn touching(&self, union: &Self) -> Self {
        let touches =
            |span: &(i64, i64)| union.list().iter().any(|(from, to)| span.0.max(*from) < span.1.min(*to));
        let mut kept = Self::default();
        for span in self.list().iter().filter(|span| touches(span)) {
            kept.list[kept.count] = *span;
            kept.count += 1;
        }
        kept
    }

    /// Their union, in order.
    pub(super) fn union(mut self) -> Self {
        self.list[..self.count].sort_unstable();
        let mut union = Self::default();
        for span in self.list() {
            match union.list[..union.count].last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => {
                    union.list[union.count] = *span;
                    union.count += 1;
                }
            }
        }
        union
    }

    /// The common part of two unions; none where there is no room.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let (mut i, mut j, mut common) = (0, 0, Self::default());
        while i < self.count && j < other.count {
            let (one, two) = (self.list[i], other.list[j]);
            common.push((one.0.max(two.0), one.1.min(two.1)))?;
            if one.1 < two.1 { i += 1 } else { j += 1 }
        }
        Some(common)
    }

    pub(super) fn length(&self) -> i64 {
        self.list().iter().map(|(from, to)| to - from).sum()
    }
}
