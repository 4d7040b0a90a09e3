//! Stays of people in a meeting, of which several may overlap.
//!
//! Whoever loses a connection is often back before the platform gives the old one up, and some are in
//! twice, by computer and telephone. The person is there from the first arrival to the last departure:
//! what begins or ends within another stay of theirs is no arrival and no departure. A stay that begins
//! in the moment in which another ends is a return. Nothing here reads a document: that is for the feeds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use event::Time;

/// What is counted of a stay whose beginning or end is not told.
pub(crate) const WITHIN: &str =
    "a stay that overlaps another of the same person: they came with the first and went with the last";

/// One connection of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay<P> {
    /// Who it is.
    pub(crate) person: P,
    /// What tells this connection from others of theirs.
    pub(crate) connection: String,
    pub(crate) came: Time,
    /// When it ended; `None` while it goes on.
    pub(crate) went: Option<Time>,
}

impl<P> Stay<P> {
    fn end(&self) -> End {
        self.went.map_or(End::Open, |went| End::At(went.max(self.came)))
    }
}

/// The end of a stay; one that goes on is later than all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    At(Time),
    Open,
}

/// Which stays of a meeting begin, and which end, within another of the same person.
#[derive(Default)]
pub(crate) struct Overlaps {
    begun: BTreeSet<usize>,
    ended: BTreeSet<usize>,
}

impl Overlaps {
    /// The overlaps among `stays`, whatever their order.
    pub(crate) fn among<P: Ord>(stays: &[Stay<P>]) -> Self {
        let mut people: BTreeMap<&P, Vec<usize>> = BTreeMap::new();
        for (at, stay) in stays.iter().enumerate() {
            people.entry(&stay.person).or_default().push(at);
        }
        let mut overlaps = Self::default();
        for mut theirs in people.into_values() {
            // The longest of those that begin together is the one that the others are within.
            theirs.sort_by_key(|at| (stays[*at].came, Reverse(stays[*at].end()), &stays[*at].connection));
            overlaps.add(stays, &theirs);
        }
        overlaps
    }

    /// Those among the stays of one person, sorted by when they begin.
    fn add<P>(&mut self, stays: &[Stay<P>], sorted: &[usize]) {
        let Some((first, later)) = sorted.split_first() else { return };
        let mut last = *first;
        for at in later.iter().copied() {
            let (stay, before) = (&stays[at], &stays[last]);
            if End::At(stay.came) >= before.end() {
                last = at;
                continue;
            }
            self.begun.insert(at);
            // Of those that end together the one that began last speaks.
            let is_last = stay.end() >= before.end();
            self.ended.insert(if is_last { last } else { at });
            if is_last {
                last = at;
            }
        }
    }

    /// Whether the stay at this place begins while another goes on.
    pub(crate) fn begins_within(&self, at: usize) -> bool {
        self.begun.contains(&at)
    }

    /// Whether another goes on when the stay at this place ends.
    pub(crate) fn ends_within(&self, at: usize) -> bool {
        self.ended.contains(&at)
    }

    /// Whether anything of the stay at this place is not told.
    pub(crate) fn hide(&self, at: usize) -> bool {
        self.begins_within(at) || self.ends_within(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stay(person: &str, connection: &str, came: i64, went: Option<i64>) -> Stay<String> {
        let (person, connection) = (person.to_owned(), connection.to_owned());
        Stay { person, connection, came: Time::from_ms(came), went: went.map(Time::from_ms) }
    }

    /// What is told of the stays: who came (+) and went (-), by which connection, and when.
    fn told(stays: &[Stay<String>]) -> Vec<(Time, char, &str, &str)> {
        let overlaps = Overlaps::among(stays);
        let mut told = Vec::new();
        for (at, stay) in stays.iter().enumerate() {
            let (person, connection) = (stay.person.as_str(), stay.connection.as_str());
            if !overlaps.begins_within(at) {
                told.push((stay.came, '+', person, connection));
            }
            if let Some(went) = stay.went.filter(|_| !overlaps.ends_within(at)) {
                told.push((went, '-', person, connection));
            }
        }
        told.sort_unstable();
        told
    }

    fn shown(stays: &[Stay<String>]) -> String {
        let one =
            |(at, what, _, connection): &(Time, char, &str, &str)| format!("{what}{connection}{}", at.ms());
        told(stays).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_person_is_there_from_the_first_arrival_to_the_last_departure() {
        let of = |stays: &[(&str, i64, Option<i64>)]| {
            let stays: Vec<_> =
                stays.iter().map(|(name, came, went)| stay("p", name, *came, *went)).collect();
            shown(&stays)
        };
        // Back before the old connection is given up; a second device for a while.
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 5, Some(40))]), "+a0 -b40");
        assert_eq!(of(&[("a", 0, Some(40)), ("b", 5, Some(10))]), "+a0 -a40");
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 5, Some(20)), ("c", 15, Some(30))]), "+a0 -c30");
        // A return is none that overlaps, also in the same moment.
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 10, Some(20))]), "+a0 +b10 -a10 -b20");
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 20, Some(30))]), "+a0 -a10 +b20 -b30");
        assert_eq!(of(&[("a", 0, None), ("b", 5, Some(10))]), "+a0");
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 5, None)]), "+a0");
        assert_eq!(of(&[("a", 0, Some(10)), ("b", 0, Some(10))]), "+a0 -b10");
    }

    #[test]
    fn others_are_others() {
        assert_eq!(shown(&[stay("p", "a", 0, Some(10)), stay("q", "b", 5, Some(8))]), "+a0 +b5 -b8 -a10");
    }

    fn stays() -> impl Strategy<Value = Vec<Stay<String>>> {
        let one = (0..3_u8, 0..20_i64, proptest::option::weighted(0.8, 0..12_i64));
        proptest::collection::vec(one, 0..10).prop_map(|drawn| {
            let stays = drawn.into_iter().enumerate();
            stays
                .map(|(at, (who, came, length))| {
                    stay(&format!("p{who}"), &format!("c{at}"), came, length.map(|length| came + length))
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_stays_does_not_matter((stays, shuffled) in stays().prop_flat_map(|stays| {
            (Just(stays.clone()), Just(stays).prop_shuffle())
        })) {
            prop_assert_eq!(told(&stays), told(&shuffled));
        }

        /// At every moment as many are there by what is told as by the stays themselves.
        #[test]
        fn whoever_is_there_is_there_once(stays in stays()) {
            let told = told(&stays);
            for person in ["p0", "p1", "p2"] {
                for moment in 0..40 {
                    let at = Time::from_ms(moment);
                    let is_there = stays.iter().any(|stay| {
                        stay.person == person && stay.came <= at && stay.went.is_none_or(|went| at < went)
                    });
                    let until = told.iter().filter(|(when, _, who, _)| *who == person && *when <= at);
                    let count: i32 = until.map(|(_, what, ..)| if *what == '+' { 1 } else { -1 }).sum();
                    prop_assert_eq!(count, i32::from(is_there), "{} at {}", person, moment);
                }
            }
        }
    }
}
