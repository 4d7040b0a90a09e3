//! The page as a text for the terminal: the same words, and charts of letters.

use std::fmt::Write;

use super::super::chart::terminal;
use super::super::layout::{heading, wrapped};
use super::{Block, Claimed, Page, Table};

/// The page in lines of text.
#[must_use]
pub fn plain(page: &Page) -> String {
    let mut text = format!("{}\n{}\n", page.title, "=".repeat(page.title.chars().count()));
    for [name, value] in &page.facts {
        wrapped(&mut text, "", &format!("{name}: {value}"));
    }
    for section in &page.sections {
        heading(&mut text, section.title);
        section.blocks.iter().for_each(|one| block(&mut text, one));
    }
    text
}

fn block(text: &mut String, block_: &Block) {
    match block_ {
        Block::Words(words) | Block::Note(words) => wrapped(text, "", words),
        Block::Missing(words) => wrapped(text, "! ", words),
        Block::Heading(words) => {
            let _ = writeln!(text, "\n{words}");
        }
        Block::Command(words) => {
            let _ = writeln!(text, "  {words}");
        }
        Block::List(items) => items.iter().for_each(|item| wrapped(text, "- ", item)),
        Block::Claim(claimed) => claim(text, claimed),
        Block::Figure(figure) => {
            let _ = write!(text, "\n{}", terminal(&figure.chart));
            wrapped(text, "", &figure.says);
        }
        Block::Table(shown) => table(text, shown),
        Block::More(title, blocks) => {
            let _ = writeln!(text, "\n{title}");
            blocks.iter().for_each(|one| block(text, one));
        }
    }
}

fn claim(text: &mut String, claimed: &Claimed) {
    text.push('\n');
    wrapped(text, "* ", &claimed.sentence);
    for line in [&claimed.plain, &claimed.limits].into_iter().filter(|line| !line.is_empty()) {
        wrapped(text, "  ", line);
    }
    claimed.why.iter().for_each(|one| block(text, one));
}

fn table(text: &mut String, table: &Table) {
    let _ = writeln!(text, "\n{}", table.caption);
    let rows = table.rows.iter().map(|row| row.iter().map(super::Cell::text).collect());
    let all: Vec<Vec<String>> = std::iter::once(table.head.clone()).chain(rows).collect();
    let width = |place: usize| {
        all.iter().filter_map(|row| row.get(place)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in &all {
        let cells =
            row.iter().enumerate().map(|(place, cell)| format!("{cell:<width$}", width = width(place)));
        let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
