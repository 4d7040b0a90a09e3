//! What holds of every dump, whatever is in it: nothing is lost where it breaks off, nothing panics, and people come
//! and go in turn.

use event::Kind;
use proptest::prelude::*;

use super::RtcStats;
use super::losses::sound;
use super::tests::{call, jitsi};
use crate::trial::items;
use crate::{Feed, Item, Settings};

/// A file that breaks off, as a damaged archive does.
struct BreaksOff<'a>(&'a [u8]);

impl std::io::Read for BreaksOff<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match std::io::Read::read(&mut self.0, buffer)? {
            0 => Err(std::io::Error::other("corrupt")),
            count => Ok(count),
        }
    }
}

#[test]
fn what_was_held_is_told_when_the_input_breaks_off_and_refused_line_by_line() {
    let entries = call(&[]).lines().skip(2).fold(String::new(), |all, line| all + line + "\n");
    let mut seen = Vec::new();
    let mut sink = |item| {
        seen.push(item);
        std::ops::ControlFlow::Continue(())
    };
    let mut input = std::io::BufReader::new(BreaksOff(entries.as_bytes()));
    assert!(RtcStats.read(&mut input, &Settings::default(), &mut sink).is_err());
    let refused = seen.iter().filter_map(|item| match item {
        Item::Rejected(rejected) => {
            Some((rejected.line, String::from_utf8_lossy(&rejected.text).into_owned()))
        }
        _ => None,
    });
    let lines: Vec<_> = entries.lines().collect();
    assert_eq!(refused.collect::<Vec<_>>(), [(2, lines[1].to_owned()), (4, lines[3].to_owned())]);
}

proptest! {
    #[test]
    fn dumps_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let samples = [sound([0; 6]), sound([1; 6])];
        let dump = call(&[
            ("getstats", "PC_0", &samples[0], 1000),
            ("getstats", "PC_0", &samples[1], 2000),
            ("onconnectionstatechange", "PC_0", "\"failed\"", 3000),
        ]);
        let mut bytes = dump.into_bytes();
        for (index, byte) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        prop_assert!(!items(&RtcStats, &bytes, &Settings::default()).is_empty());
    }

    #[test]
    fn states_in_any_order_keep_arrivals_and_departures_in_turn(
        steps in proptest::collection::vec((0..3_u8, 0..5_u8), 0..40),
    ) {
        const STATES: [&str; 5] =
            ["\"connected\"", "\"disconnected\"", "\"failed\"", "\"closed\"", "\"connecting\""];
        let names = ["PC_0", "PC_1", "PC_2"];
        let mut entries: Vec<_> = names.iter().map(|name| ("ontrack", *name, "0", 0)).collect();
        for (n, (connection, state)) in (1..).zip(&steps) {
            let connection = names[usize::from(*connection)];
            entries.push(("onconnectionstatechange", connection, STATES[usize::from(*state)], n * 10));
        }
        let mut present = false;
        for item in items(&RtcStats, jitsi(&entries).as_bytes(), &Settings::default()) {
            let Item::Event { event, .. } = item else { continue };
            match event.kind() {
                Kind::Joined | Kind::Rejoined => prop_assert!(!std::mem::replace(&mut present, true)),
                Kind::Dropped | Kind::Left => prop_assert!(std::mem::replace(&mut present, false)),
                _ => {}
            }
        }
    }
}
