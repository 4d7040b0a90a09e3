//! A data set as a workbook for people: a cover sheet, contents, notes, and each table on a sheet of its own.
//!
//! Sheets are laid out as the Government Analysis Function asks of spreadsheets that are published: a title and what
//! the sheet holds above one marked-up table that begins in the first column, no merged and no hidden cells, nothing
//! told by colour alone, and shorthand explained. Words are written as words, whatever they begin with. Nothing of
//! the clock is in the file: it says that it was made at the instant up to which was read.

use std::collections::BTreeSet;

use event::Time;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Table as Marked, TableColumn, TableStyle, Url,
    Workbook, Worksheet, XlsxError,
};

use super::dataset::Dataset;
use super::sheets;
use super::table::{Cell, Column, Kind, Table};

/// The most rows of one table: what a sheet holds, less what stands above.
const MOST_ROWS: usize = 1_048_576 - HEAD_ROW as usize - 1;
/// The row of column headings: title, what the sheet holds, and a line on shorthand stand above.
const HEAD_ROW: u32 = 3;
/// The longest name of a sheet.
const NAME_LETTERS: usize = 31;
/// The widths of columns, in letters.
const WIDTHS: [usize; 2] = [10, 60];
/// The days from the first one of the calendar of spreadsheets to 1970.
const DAYS_TO_1970: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
/// The first day of that calendar that is counted rightly: before it lies a leap day that never was.
const FIRST_DAY: f64 = 61.0;

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkbookError {
    /// A sheet does not hold as many rows.
    #[error(
        "the table {table} has {rows} rows, and a sheet of a workbook holds {MOST_ROWS}: write csv or parquet"
    )]
    TooLong {
        /// The table.
        table: String,
        /// How many rows it has.
        rows: usize,
    },
    /// Something does not go into a workbook.
    #[error("could not write the table {table} into a workbook ({source}): write csv or json")]
    Sheet {
        /// The table.
        table: String,
        /// Why not.
        source: XlsxError,
    },
    /// The file cannot be put together.
    #[error("could not put the workbook together: {0}")]
    Workbook(#[from] XlsxError),
}

/// The data set as a workbook.
///
/// # Errors
/// When a table has more rows, or a cell more letters, than a workbook holds.
pub(super) fn workbook(dataset: &Dataset) -> Result<Vec<u8>, WorkbookError> {
    let mut book = Workbook::new();
    book.set_properties(&properties(dataset));
    let styles = Styles::new();
    let notes = sheets::notes(dataset);
    let names = names(notes.iter().chain(&dataset.tables));
    let (of_notes, of_tables) = names.split_at(notes.len());
    let contents = sheets::contents(dataset, of_tables, of_notes, &notes);
    let cover = cover(dataset, &styles)?;
    book.push_worksheet(cover);
    let mut first = sheet(&contents, "Contents", &styles)?;
    for (row, name) in (HEAD_ROW + 1..).zip(of_notes.iter().chain(of_tables)) {
        let link = Url::new(format!("internal:'{name}'!A1")).set_text(name);
        first.write_url_with_format(row, 0, link, &styles.link)?;
    }
    book.push_worksheet(first);
    for (table, name) in notes.iter().zip(of_notes).chain(dataset.tables.iter().zip(of_tables)) {
        book.push_worksheet(sheet(table, name, &styles)?);
    }
    Ok(book.save_to_buffer()?)
}

/// What the file says of itself; when it was made, that is up to when was read.
fn properties(dataset: &Dataset) -> DocProperties {
    let seconds = dataset.until.map_or(0, |until| until.ms().div_euclid(1_000));
    let made = ExcelDateTime::from_timestamp(seconds).or_else(|_| ExcelDateTime::from_timestamp(0));
    let properties = DocProperties::new()
        .set_title(dataset.metadata.title)
        .set_subject(dataset.metadata.what)
        .set_comment(format!("{} {}", dataset.metadata.program.name, dataset.metadata.program.version));
    match made {
        Ok(made) => properties.set_creation_datetime(&made),
        Err(_) => properties,
    }
}

/// How cells are written.
struct Styles {
    words: Format,
    title: Format,
    head: Format,
    link: Format,
    whole: Format,
    share: Format,
    number: Format,
    instant: Format,
}

impl Styles {
    fn new() -> Self {
        let plain = || Format::new().set_font_name("Arial").set_font_size(12);
        Self {
            words: plain(),
            title: plain().set_font_size(15).set_bold(),
            head: plain().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            link: plain().set_underline(rust_xlsxwriter::FormatUnderline::Single),
            whole: plain().set_num_format("#,##0"),
            share: plain().set_num_format("0.0000"),
            number: plain().set_num_format("#,##0.00"),
            instant: plain().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
        }
    }

    /// How the numbers of a column are written: shares with their digits, others as people write them.
    fn of(&self, table: &Table, column: usize) -> &Format {
        let is_small = |row: &Vec<Cell>| !matches!(row[column], Cell::Number(number) if number.abs() > 1.0);
        match table.columns[column].kind {
            Kind::Whole => &self.whole,
            Kind::Number if table.rows.iter().all(is_small) => &self.share,
            Kind::Number => &self.number,
            Kind::Instant => &self.instant,
            Kind::Text | Kind::Flag => &self.words,
        }
    }
}

/// The sheet that tells what the workbook is, a line a cell.
fn cover(dataset: &Dataset, styles: &Styles) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("Cover")?;
    sheet.set_column_width(0, WIDTHS[1] as f64 * 1.5)?;
    sheet.write_string_with_format(0, 0, dataset.metadata.title, &styles.title)?;
    let wrapped = styles.words.clone().set_text_wrap();
    for (row, line) in (1..).zip(sheets::cover(dataset)) {
        sheet.write_string_with_format(row, 0, line, &wrapped)?;
    }
    Ok(sheet)
}

/// A sheet with one table.
fn sheet(table: &Table, name: &str, styles: &Styles) -> Result<Worksheet, WorkbookError> {
    if table.rows.len() > MOST_ROWS {
        return Err(WorkbookError::TooLong { table: table.name.clone(), rows: table.rows.len() });
    }
    written(table, name, styles).map_err(|source| WorkbookError::Sheet { table: table.name.clone(), source })
}

fn written(table: &Table, name: &str, styles: &Styles) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?;
    sheet.write_string_with_format(0, 0, &table.title, &styles.title)?;
    let about = match table.rows.is_empty() {
        true => {
            format!("{}. This worksheet has headings and no rows: there was nothing to tell.", table.subtitle)
        }
        false => format!("{}. This worksheet has one table.", table.subtitle),
    };
    sheet.write_string_with_format(1, 0, about, &styles.words)?;
    let shorthand =
        "Some cells may hold shorthand in brackets, such as [c]: the worksheet Notes says what it means.";
    sheet.write_string_with_format(2, 0, shorthand, &styles.words)?;
    let headings = headings(&table.columns);
    for (place, heading) in (0..).zip(&headings) {
        sheet.write_string_with_format(HEAD_ROW, place, heading, &styles.head)?;
        sheet.set_column_width(place, width(table, place.into(), heading))?;
        let style = styles.of(table, place.into());
        for (row, cells) in (HEAD_ROW + 1..).zip(&table.rows) {
            cell(&mut sheet, (row, place), &cells[usize::from(place)], style, styles)?;
        }
    }
    mark_up(&mut sheet, table, &headings, styles)?;
    sheet.set_freeze_panes(HEAD_ROW + 1, 0)?;
    Ok(sheet)
}

/// Tells programs that read aloud where the table is and which row heads it.
fn mark_up(
    sheet: &mut Worksheet,
    table: &Table,
    headings: &[String],
    styles: &Styles,
) -> Result<(), XlsxError> {
    let (Ok(rows), Ok(columns)) = (u32::try_from(table.rows.len()), u16::try_from(headings.len())) else {
        return Ok(());
    };
    if rows == 0 || columns == 0 {
        return Ok(());
    }
    let heads: Vec<TableColumn> = headings
        .iter()
        .map(|heading| TableColumn::new().set_header(heading).set_header_format(&styles.head))
        .collect();
    let marked = Marked::new()
        .set_columns(&heads)
        .set_name(format!("table_{}", table.name))
        .set_style(TableStyle::None)
        .set_autofilter(false)
        .set_banded_rows(false)
        .set_alt_text_title(&table.title)
        .set_alt_text(&table.subtitle);
    sheet.add_table(HEAD_ROW, 0, HEAD_ROW + rows, columns - 1, &marked)?;
    Ok(())
}

fn cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    style: &Format,
    styles: &Styles,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(text) if text.is_empty() => sheet.write_blank(row, column, &styles.words)?,
        Cell::Text(text) => sheet.write_string_with_format(row, column, text, &styles.words)?,
        // Whole numbers up to 2^53 are exact.
        Cell::Whole(number) => sheet.write_number_with_format(row, column, *number as f64, style)?,
        Cell::Number(number) => sheet.write_number_with_format(row, column, *number, style)?,
        Cell::Flag(flag) => sheet.write_boolean_with_format(row, column, *flag, &styles.words)?,
        Cell::Instant(at) => match day(*at) {
            Some(day) => sheet.write_number_with_format(row, column, day, style)?,
            None => sheet.write_string_with_format(row, column, at.to_string(), &styles.words)?,
        },
        Cell::Absent(absence) => {
            sheet.write_string_with_format(row, column, absence.mark(), &styles.words)?
        }
    };
    Ok(())
}

/// An instant as days of the calendar of spreadsheets, where it lies in it.
fn day(at: Time) -> Option<f64> {
    let day = at.ms() as f64 / DAY_MS + DAYS_TO_1970;
    (day >= FIRST_DAY).then_some(day)
}

/// The titles of columns; where two are alike, their names.
fn headings(columns: &[Column]) -> Vec<String> {
    let titles: BTreeSet<String> = columns.iter().map(|column| column.title.to_lowercase()).collect();
    let are_distinct = titles.len() == columns.len() && !titles.contains("");
    columns.iter().map(|column| if are_distinct { &column.title } else { &column.name }).cloned().collect()
}

/// How wide a column is: as its longest cell, within bounds; a heading may take several lines.
fn width(table: &Table, column: usize, heading: &str) -> f64 {
    let letters = |cell: &Cell| match cell {
        Cell::Number(_) => 10,
        Cell::Instant(_) => 24,
        cell => cell.to_string().chars().count(),
    };
    let cells = table.rows.iter().map(|row| letters(&row[column])).max().unwrap_or(0);
    let [least, most] = WIDTHS;
    cells.max(heading.chars().count().min(16)).clamp(least, most) as f64 * 1.2
}

/// The names of sheets: those of their tables, as far as they are short enough and no two are alike.
fn names<'a>(tables: impl Iterator<Item = &'a Table>) -> Vec<String> {
    let mut taken = BTreeSet::from(["cover".to_owned(), "contents".to_owned()]);
    let name = |table: &Table| {
        let begin = |letters: usize| table.name.chars().take(letters).collect::<String>();
        let numbered = (2..).map(|number: u32| {
            let end = format!("~{number}");
            begin(NAME_LETTERS - end.len()) + &end
        });
        let mut names = std::iter::once(begin(NAME_LETTERS)).chain(numbered);
        names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
    };
    tables.map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Table {
        let (title, subtitle) = (String::new(), String::new());
        Table { name: name.to_owned(), title, subtitle, columns: Vec::new(), rows: Vec::new() }
    }

    #[test]
    fn names_of_sheets_are_short_and_distinct() {
        let long = "priorities_platforms_central_weights";
        let tables = [named(long), named(&format!("{long}_2")), named("Cover")];
        let names = names(tables.iter());
        assert_eq!(names, [&long[..31], "priorities_platforms_central_~2", "Cover~2"]);
    }

    #[test]
    fn instants_are_days() {
        let day = |text: &str| day(text.parse().unwrap());
        assert_eq!(day("2026-03-01T12:00:00Z"), Some(46_082.5));
        assert_eq!(day("1900-03-01T00:00:00Z"), Some(61.0));
        assert_eq!(day("1899-12-31T00:00:00Z"), None);
    }
}
