//! What became of the events of one append.

use crate::log::Position;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was added, and stands there.
    New(Position),
    /// It was there already, the same in everything.
    Duplicate(Position),
    /// Another event of the same source and id is there; this one was not added.
    Conflict {
        /// Where the other stands.
        position: Position,
        /// In what they differ, such as `at, payload`.
        differs: String,
    },
    /// It is nothing the log can keep; why, in words.
    Refused(String),
}

/// What became of the events of one append; by the time it is handed out, all of it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// One for each event, in their order.
    pub fates: Vec<Fate>,
    /// Whoever reads up to here reads all of them.
    pub head: Position,
}

impl Receipt {
    /// How many events were added.
    #[must_use]
    pub fn added(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::New(_)))
    }

    /// How many were there already.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Duplicate(_)))
    }

    /// How many were not added and are not there: conflicts and refusals.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.fates.len() - self.added() - self.duplicates()
    }

    fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.fates.iter().filter(|fate| is(fate)).count()
    }
}
