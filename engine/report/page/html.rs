//! The page as one offline file: no script, no request, one style that its own policy lets in.
//!
//! Every text passes `escaped`. Landmarks, one heading of the first level, headings in order, captions and scopes of
//! tables; details stay closed on a screen and are open in print. Downloads are in the file itself.

use std::fmt::Write;

use super::super::chart::{Column, columns, drawn, escaped, shapes};
use super::super::table::Form;
use super::style::{STYLE, policy};
use super::{Block, Cell, Claimed, Figure, Page, Section, Table};

/// What stands around the report in a document.
pub(super) struct Around {
    /// The policy on content.
    pub(super) policy: String,
    /// What ends the head.
    pub(super) head: String,
    /// What ends the banner.
    pub(super) banner: String,
}

/// The page as a document that stands alone.
#[must_use]
pub fn html(page: &Page) -> String {
    document(page, &Around { policy: policy(), head: String::new(), banner: String::new() })
}

/// The page as a document.
pub(super) fn document(page: &Page, around: &Around) -> String {
    let asked = serde_json::to_string(&page.asked).unwrap_or_default();
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"evenfield\" content=\"{}\">\n<title>{}</title>\n<style>{STYLE}</style>\n{}</head>\n<body>\n",
        escaped(&around.policy).replace("&#39;", "'"),
        escaped(&asked),
        escaped(&page.title),
        around.head
    );
    header(&mut text, page, &around.banner);
    contents(&mut text, &page.sections);
    text.push_str(&shapes());
    text.push_str("<main id=\"report\">\n");
    page.sections.iter().for_each(|one| section(&mut text, one));
    claims(&mut text, page);
    text.push_str("</main>\n<footer><p>Made by evenfield from recorded events. Every sentence of a conclusion can be traced to \
                   them.</p></footer>\n</body>\n</html>\n");
    text
}

fn header(text: &mut String, page: &Page, banner: &str) {
    let _ = write!(
        text,
        "<a class=\"skip\" href=\"#report\">Skip to the report</a>\n<header>\n<h1>{}</h1>\n<dl class=\"facts\">",
        escaped(&page.title)
    );
    for [name, value] in &page.facts {
        let _ = write!(text, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
    }
    let _ = write!(text, "</dl>\n{banner}</header>\n");
}

fn contents(text: &mut String, sections: &[Section]) {
    text.push_str("<nav aria-labelledby=\"contents\"><h2 id=\"contents\">Contents</h2><ol>");
    for one in sections {
        let _ = write!(text, "<li><a href=\"#{}\">{}</a></li>", one.id, escaped(one.title));
    }
    text.push_str("</ol></nav>\n");
}

fn section(text: &mut String, section: &Section) {
    let id = section.id;
    let title = escaped(section.title);
    let _ = writeln!(text, "<section id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 id=\"{id}-h\">{title}</h2>");
    section.blocks.iter().for_each(|one| block(text, one, 3));
    text.push_str("</section>\n");
}

/// A sentence: its numbers stay with their units, and what is typed is set apart.
fn prose(words: &str) -> String {
    let safe = escaped(words).replace(" %", "&nbsp;%");
    let parts = safe.split('`').enumerate().map(|(place, part)| match place % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    });
    parts.collect()
}

/// One block, whose headings are of this level.
fn block(text: &mut String, block_: &Block, level: u8) {
    let _ = match block_ {
        Block::Words(words) => writeln!(text, "<p>{}</p>", prose(words)),
        Block::Note(words) => writeln!(text, "<p class=\"note\">{}</p>", prose(words)),
        Block::Missing(words) => writeln!(text, "<p class=\"missing\">{}</p>", prose(words)),
        Block::Heading(words) => writeln!(text, "<h{level}>{}</h{level}>", escaped(words)),
        Block::Command(words) => writeln!(text, "<pre><code>{}</code></pre>", escaped(words)),
        Block::List(items) => {
            let items = items.iter().map(|item| format!("<li>{}</li>", prose(item)));
            writeln!(text, "<ul>{}</ul>", items.collect::<String>())
        }
        Block::Claim(claimed) => return claim(text, claimed),
        Block::Figure(shown) => return figure(text, shown),
        Block::Table(shown) => return table(text, shown),
        Block::More(title, blocks) => {
            let _ = writeln!(text, "<details><summary>{}</summary>", escaped(title));
            blocks.iter().for_each(|one| block(text, one, level.saturating_add(1).min(6)));
            writeln!(text, "</details>")
        }
    };
}

fn claim(text: &mut String, claimed: &Claimed) {
    let _ = writeln!(text, "<article class=\"claim\"><h3>{}</h3>", escaped(&claimed.sentence));
    if !claimed.plain.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", prose(&claimed.plain));
    }
    if !claimed.limits.is_empty() {
        let _ = writeln!(text, "<p class=\"note\">{}</p>", prose(&claimed.limits));
    }
    text.push_str("<details><summary>Why we say this</summary>");
    claimed.why.iter().for_each(|one| block(text, one, 4));
    text.push_str("</details></article>\n");
}

fn figure(text: &mut String, figure: &Figure) {
    let chart = &figure.chart;
    let name = escaped(&chart.name);
    let _ = writeln!(
        text,
        "<figure><figcaption><h3>{}</h3><p class=\"sub\">{}</p></figcaption>{}<p>{}</p>",
        escaped(&chart.title),
        escaped(&chart.subtitle),
        drawn(chart, &figure.says),
        prose(&figure.says)
    );
    let columns = columns(chart);
    let caption = format!("The numbers: {}", chart.title);
    let _ = write!(
        text,
        "<details><summary>The numbers of this figure</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{}\"><table id=\"{name}-n\"><caption>{}</caption><thead><tr>",
        escaped(&caption),
        escaped(&caption)
    );
    for column in &columns {
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", right(column.is_number), escaped(&column.title));
    }
    text.push_str("</tr></thead><tbody>");
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        text.push_str("<tr>");
        for (place, column) in columns.iter().enumerate() {
            let cell = escaped(&column.cells[row]);
            let count = if column.is_count { " data-count" } else { "" };
            let _ = match place {
                0 => write!(text, "<th scope=\"row\">{cell}</th>"),
                _ => write!(text, "<td{}{count}>{cell}</td>", right(column.is_number)),
            };
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div></details>");
    let _ = writeln!(
        text,
        "<p class=\"source\">{} <a class=\"get\" download=\"{name}.csv\" href=\"data:text/csv;charset=utf-8,{}\">Download \
         {name}.csv</a></p></figure>",
        escaped(&figure.source),
        percent(&csv(&columns))
    );
}

fn right(is_number: bool) -> &'static str {
    if is_number { " class=\"num\"" } else { "" }
}

/// The numbers of a figure as comma-separated values.
fn csv(columns: &[Column]) -> String {
    let row = |cells: &mut dyn Iterator<Item = &str>| Form::Csv.row(cells) + "\n";
    let mut text = row(&mut columns.iter().map(|column| column.title.as_str()));
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for place in 0..rows {
        text += &row(&mut columns.iter().map(|column| column.cells[place].as_str()));
    }
    text
}

/// A text as it may stand in an address.
fn percent(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                safe.push(char::from(byte));
            }
            byte => {
                let _ = write!(safe, "%{byte:02X}");
            }
        }
    }
    safe
}

fn table(text: &mut String, table: &Table) {
    let _ = write!(
        text,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><caption>{}</caption><thead><tr>",
        escaped(&table.caption),
        escaped(&table.caption)
    );
    for (place, name) in table.head.iter().enumerate() {
        let cells = || table.rows.iter().filter_map(move |row| row.get(place));
        let is_number = cells().next().is_some_and(|cell| matches!(cell, Cell::Number(_) | Cell::Count(_)));
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", right(is_number), escaped(name));
    }
    text.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        text.push_str("<tr>");
        row.iter().enumerate().for_each(|(place, cell)| table_cell(text, place, cell));
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>\n");
}

fn table_cell(text: &mut String, place: usize, cell: &Cell) {
    let _ = match (place, cell) {
        (0, cell) => write!(text, "<th scope=\"row\">{}</th>", escaped(&cell.text())),
        (_, Cell::Words(_)) => write!(text, "<td>{}</td>", escaped(&cell.text())),
        (_, Cell::Number(_)) => write!(text, "<td class=\"num\">{}</td>", escaped(&cell.text())),
        (_, Cell::Count(_)) => write!(text, "<td class=\"num\" data-count>{}</td>", escaped(&cell.text())),
        (_, Cell::Marked(value, shape, word)) => write!(
            text,
            "<td>{} <span class=\"word\"><span aria-hidden=\"true\">{shape}</span> {}</span></td>",
            escaped(value),
            escaped(word)
        ),
    };
}

/// Everything that is claimed, for people who check and programs that hold two reports against each other.
fn claims(text: &mut String, page: &Page) {
    if page.claims.is_empty() {
        return;
    }
    text.push_str("<section id=\"claims\" aria-labelledby=\"claims-h\"><h2 id=\"claims-h\">Every claim of this report</h2>");
    let _ = write!(
        text,
        "<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Claims\"><table \
         id=\"claims-n\"><caption>Claims: a name is that of a question and stays; the hash is that of the answer</caption>\
         <thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">What it says</th><th scope=\"col\">Verdict</th>\
         <th scope=\"col\">Hash</th></tr></thead><tbody>",
        escaped(&super::super::counted(page.claims.len() as u64, "claim"))
    );
    for told in &page.claims {
        let [claim, words, verdict, hash] =
            [&told.claim, &told.words, &told.verdict, &told.hash].map(|text| escaped(text));
        let _ = write!(
            text,
            "<tr data-claim=\"{claim}\" data-verdict=\"{verdict}\" data-hash=\"{hash}\"><th scope=\"row\">{claim}</th>\
             <td>{words}</td><td>{}</td><td>{hash}</td></tr>",
            verdict.replace('_', " ")
        );
    }
    text.push_str("</tbody></table></div></details></section>\n");
}
