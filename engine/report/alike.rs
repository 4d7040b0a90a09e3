//! Rejections that are alike: of one place, for one reason, however many lines they stand in.
//!
//! A sheet whose times are written in another way fails in every row, each with its own cell in the reason. What
//! tells such reasons apart is what they quote and count; without that they are one, told with its first words, how
//! often it came and where first.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::grouped;

/// Groups that are kept apart; further ones are counted together.
const GROUPS: usize = 1_000;
/// Groups that are told, the largest first.
const TOLD: usize = 20;
/// Places of a group that are told.
const PLACES: usize = 5;

/// Rejections by place and reason.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Alike {
    groups: Vec<Group>,
    #[serde(skip)]
    known: BTreeMap<(Option<String>, String), usize>,
}

/// Rejections of one place for one reason.
#[derive(Debug, Serialize)]
struct Group {
    /// The place within a line: a column, or a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// The reason in the words of the first.
    reason: String,
    /// How many there are.
    count: u64,
    /// Where the first of them are.
    first: Vec<Line>,
}

/// A line of a file.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    line: u64,
}

impl Alike {
    /// Counts one more; whether it is the first of its kind.
    pub fn count(&mut self, file: Option<&str>, line: u64, place: Option<&str>, reason: &str) -> bool {
        let mut key = (place.map(str::to_owned), wording(reason));
        let (mut place, mut reason) = (place, reason);
        if self.groups.len() >= GROUPS && !self.known.contains_key(&key) {
            (place, reason) = (None, "other reasons");
            key = (None, reason.to_owned());
        }
        let at = *self.known.entry(key).or_insert(self.groups.len());
        let is_new = at == self.groups.len();
        if is_new {
            let (place, reason) = (place.map(str::to_owned), reason.to_owned());
            self.groups.push(Group { place, reason, count: 0, first: Vec::new() });
        }
        if let Some(group) = self.groups.get_mut(at) {
            group.count += 1;
            if group.first.len() < PLACES {
                group.first.push(Line { file: file.map(str::to_owned), line });
            }
        }
        is_new
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// The groups in words, the largest first.
    pub(super) fn told(&self) -> String {
        let mut text = String::new();
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        for group in groups.iter().take(TOLD) {
            let (what, at) = (rejected(group.place.as_deref(), &group.reason), group.places());
            let _ = match group.count {
                1 => writeln!(text, "  rejected 1: {what}\n    {at}"),
                count => writeln!(text, "  rejected {}, such as: {what}\n    {at}", grouped(count)),
            };
        }
        let rest: u64 = groups.iter().skip(TOLD).map(|group| group.count).sum();
        if rest > 0 {
            let _ = writeln!(text, "  rejected {}: other reasons", grouped(rest));
        }
        text
    }
}

impl Group {
    /// The first places, and how many follow.
    fn places(&self) -> String {
        let place = |line: &Line| match &line.file {
            Some(file) => format!("{file}, line {}", line.line),
            None => format!("line {}", line.line),
        };
        let mut text = self.first.iter().map(place).collect::<Vec<_>>().join("; ");
        let more = self.count - self.first.len() as u64;
        if more > 0 {
            let _ = write!(text, "; and {} more", grouped(more));
        }
        text
    }
}

/// A rejection in words: its place, unless the reason begins with it, and the reason.
#[must_use]
pub fn rejected(place: Option<&str>, reason: &str) -> String {
    match place.filter(|place| !reason.starts_with(place)) {
        Some(place) => format!("{place}: {reason}"),
        None => reason.to_owned(),
    }
}

/// A reason without what it quotes and counts.
pub(super) fn wording(reason: &str) -> String {
    let (mut text, mut letters) = (String::with_capacity(reason.len()), reason.chars().peekable());
    while let Some(letter) = letters.next() {
        text.push(letter);
        if letter == '"' {
            let mut is_escaped = false;
            // What is shown may be cut before its quote closes.
            letters.by_ref().find(|letter| {
                let ends = *letter == '"' && !is_escaped;
                is_escaped = *letter == '\\' && !is_escaped;
                ends
            });
        } else if letter.is_ascii_digit() {
            while letters.next_if(char::is_ascii_digit).is_some() {}
            text.pop();
            text.push('0');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_and_counted_makes_no_other_reason() {
        for (one, other, same) in [
            (r#"In is "9.02"; write it as"#, r#"In is "n\"o\\"; write it as"#, true),
            ("the row has 3 cells and the header 14", "the row has 12 cells and the header 2", true),
            (r#"In is "9"; write it as"#, r#"In is "9"; write a year"#, false),
            ("it is no JSON: at column 9", "it is no JSON: at row 9", false),
        ] {
            assert_eq!(wording(one) == wording(other), same, "{one}, {other}");
        }
    }

    #[test]
    fn many_are_told_once_with_how_many_and_the_first_places() {
        let mut alike = Alike::default();
        for line in 2..1_502 {
            let reason = format!("In is \"{line} o'clock\"; write it so");
            assert_eq!(alike.count(None, line, Some("In"), &reason), line == 2);
        }
        assert!(alike.count(Some("a.csv"), 7, Some("/data"), "it is no object"));
        assert_eq!(alike.total(), 1_501);
        let told = "  rejected 1,500, such as: In is \"2 o'clock\"; write it so\n    \
             line 2; line 3; line 4; line 5; line 6; and 1,495 more\n  \
             rejected 1: /data: it is no object\n    a.csv, line 7\n";
        assert_eq!(alike.told(), told);
    }

    #[test]
    fn groups_without_end_are_counted_together() {
        let mut alike = Alike::default();
        for line in 0..2_000 {
            alike.count(None, line, Some(&format!("/{}", "x".repeat(line as usize))), "it is no object");
        }
        assert_eq!((alike.total(), alike.groups.len()), (2_000, GROUPS + 1));
    }
}
