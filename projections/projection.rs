//! What a projection is: a mergeable fold over outcomes.
//!
//! Three types for every answer: the *request* (a value of a type that implements [`Projection`]), the
//! *state* (mergeable, integers only) and the *reading* (made of a state by `compare`; never merged).
//!
//! The laws, which every projection and every state must keep and the tests check for each entry of the
//! catalogue, to the byte:
//!
//! - *identity*: merging an empty state changes nothing;
//! - *associativity* and *commutativity* of merging;
//! - *any cut*: folding the parts and merging gives what folding the whole gives;
//! - *any order* of rows gives the same state;
//! - *subtraction*: adding a row and taking it away again changes nothing.

use std::collections::BTreeMap;

use event::Dimension;
use serde::Serialize;

use crate::outcome::Outcome;

/// Integers that know how to become one with others of their kind.
pub trait State: Clone + Default + PartialEq + Serialize {
    /// Takes over what another state counted.
    fn absorb(&mut self, other: &Self);

    /// Whether nothing was counted: such a state is left out of keyed maps, so that taking rows away
    /// leads back to the bytes of a map that never had them.
    fn is_empty(&self) -> bool;
}

/// A mergeable fold over outcomes.
pub trait Projection {
    /// What the fold keeps.
    type State: State;
    /// What is counted of rows that differ in their numbers only, before it is put where it belongs.
    type Tray: Default;

    /// The dimensions whose levels it looks at.
    fn dimensions(&self) -> Vec<Dimension>;

    /// Counts a row in.
    fn add(&self, row: &Outcome, state: &mut Self::State);

    /// Counts a row out that was counted in.
    fn sub(&self, row: &Outcome, state: &mut Self::State);

    /// Counts the numbers of a row into the tray of its setting: rows of the same circumstances, that see
    /// the same, and see both sides. The row does not tell its setting.
    fn gather(&self, row: &Outcome, tray: &mut Self::Tray);

    /// Counts a tray in, as [`Self::add`] does with each of its rows; `row` tells the setting.
    fn pour(&self, row: &Outcome, tray: Self::Tray, state: &mut Self::State);

    /// The state of all these rows.
    fn fold<'a>(&self, rows: impl IntoIterator<Item = &'a Outcome>) -> Self::State {
        let mut state = Self::State::default();
        for row in rows {
            self.add(row, &mut state);
        }
        state
    }
}

/// A map of states that holds no empty one.
impl<K: Ord + Clone + Serialize, S: State> State for BTreeMap<K, S> {
    fn absorb(&mut self, other: &Self) {
        for (key, state) in other {
            self.entry(key.clone()).or_default().absorb(state);
        }
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Changes the state under `key` and drops the key if nothing is left of it.
pub(crate) fn change<K: Ord, S: State>(map: &mut BTreeMap<K, S>, key: K, with: impl FnOnce(&mut S)) {
    use std::collections::btree_map::Entry;
    match map.entry(key) {
        Entry::Occupied(mut entry) => {
            with(entry.get_mut());
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        Entry::Vacant(entry) => {
            let mut state = S::default();
            with(&mut state);
            if !state.is_empty() {
                entry.insert(state);
            }
        }
    }
}

/// Two projections that share one pass.
impl<A: Projection, B: Projection> Projection for (A, B) {
    type State = (A::State, B::State);
    type Tray = (A::Tray, B::Tray);

    fn dimensions(&self) -> Vec<Dimension> {
        [self.0.dimensions(), self.1.dimensions()].concat()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        self.0.add(row, &mut state.0);
        self.1.add(row, &mut state.1);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        self.0.sub(row, &mut state.0);
        self.1.sub(row, &mut state.1);
    }

    fn gather(&self, row: &Outcome, tray: &mut Self::Tray) {
        self.0.gather(row, &mut tray.0);
        self.1.gather(row, &mut tray.1);
    }

    fn pour(&self, row: &Outcome, tray: Self::Tray, state: &mut Self::State) {
        self.0.pour(row, tray.0, &mut state.0);
        self.1.pour(row, tray.1, &mut state.1);
    }
}

impl<A: State, B: State> State for (A, B) {
    fn absorb(&mut self, other: &Self) {
        self.0.absorb(&other.0);
        self.1.absorb(&other.1);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_empty()
    }
}
