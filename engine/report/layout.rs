//! How texts are laid out, and the words that recur in them.

use std::fmt::Write;

use projections::compare::{Subject, Verdict};

/// How wide a line is at most.
const WIDTH: usize = 100;

/// A title with a line below it.
pub(super) fn heading(text: &mut String, title: &str) {
    let _ = write!(text, "\n{title}\n{}\n", "-".repeat(title.chars().count()));
}

/// Lines whose cells stand below each other.
pub(super) fn columns<const N: usize>(text: &mut String, lines: &[[String; N]]) {
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for line in lines {
        let mut shown = String::from(" ");
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(shown, " {cell}{} ", " ".repeat(width - cell.chars().count()));
        }
        let _ = writeln!(text, "{}", shown.trim_end());
    }
}

/// Words in lines of at most [`WIDTH`], further ones below the first word.
pub(super) fn wrapped(text: &mut String, begin: &str, words: &str) {
    let indent = " ".repeat(begin.chars().count() + 2);
    let mut line = begin.to_owned();
    for (place, word) in words.split(' ').enumerate() {
        if place > 0 && line.chars().count() + word.chars().count() >= WIDTH {
            let _ = writeln!(text, "{line}");
            line.clone_from(&indent);
        } else if place > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// The platform, and behind it the levels that tell the arm.
pub(super) fn arm(subject: &Subject) -> String {
    let levels = subject.by.iter().map(|(dimension, level)| format!(", {dimension} {level}"));
    format!("{}{}", subject.platform, levels.collect::<String>())
}

/// The word of a verdict.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    verdict.name()
}
