//! What is written is what the boundary lets through: the only way from a reading to a text, for people or for
//! programs.
//!
//! A reading [reports](Report) itself only to whoever has a [`Pass`], and only this file has one: everybody
//! else brings a [`Shown`].

use projections::compare::{Comparison, Decided, Reach};
use projections::disclosure::{Disclose, Face, Object, Shown};
use projections::quality::Evidence;
use serde::Serialize;

use super::{Form, published};
use crate::replay::Totals;

/// What only the boundary has.
#[derive(Debug, Clone, Copy)]
pub struct Pass(());

/// A reading that can be put into words and rows.
pub trait Report: Disclose {
    /// What the forms with one row a line lack of it.
    const ROWS_LACK: Option<&'static str>;

    /// For people.
    fn text(&self, pass: Pass) -> String;

    /// With one row a line.
    fn rows(&self, form: Form, pass: Pass) -> String;

    /// With one JSON object a line; none: it is one document.
    ///
    /// # Errors
    /// When something of it is no JSON.
    fn lines(&self, pass: Pass) -> serde_json::Result<Option<Vec<String>>>;

    /// Whether there is more to it than its rows.
    fn is_more_than_rows(&self) -> bool {
        Self::ROWS_LACK.is_some()
    }
}

/// For people.
#[must_use]
pub fn text<T: Report>(shown: &Shown<T>) -> String {
    match shown.face() {
        Face::Whole(reading) => reading.text(Pass(())),
        Face::Published(published) => published::text(published),
    }
}

/// With one row a line.
#[must_use]
pub fn rows<T: Report>(shown: &Shown<T>, form: Form) -> String {
    match shown.face() {
        Face::Whole(reading) => reading.rows(form, Pass(())),
        Face::Published(published) => published::rows(published, form),
    }
}

/// With one JSON object a line; none: it is one document.
///
/// # Errors
/// When something of it is no JSON.
pub fn lines<T: Report>(shown: &Shown<T>) -> serde_json::Result<Option<Vec<String>>> {
    match shown.face() {
        Face::Whole(reading) => reading.lines(Pass(())),
        Face::Published(published) => {
            let lines = published.parts.iter().flat_map(|part| &part.lines);
            lines.map(|line| serde_json::to_string(&Object(line))).collect::<Result<_, _>>().map(Some)
        }
    }
}

/// What the forms with one row a line lack of it, if they lack anything.
#[must_use]
pub fn rows_lack<T: Report>(shown: &Shown<T>) -> Option<&'static str> {
    match shown.face() {
        Face::Whole(reading) => T::ROWS_LACK.filter(|_| reading.is_more_than_rows()),
        Face::Published(published) => {
            let more = published.parts.len() > 1;
            more.then_some(
                "only the first part is in this form, which has one row a line; --json has all of it",
            )
        }
    }
}

fn each<'a, T: Serialize + 'a>(values: impl IntoIterator<Item = &'a T>) -> serde_json::Result<Vec<String>> {
    values.into_iter().map(serde_json::to_string).collect()
}

impl Report for Comparison {
    const ROWS_LACK: Option<&'static str> =
        Some("the closer look is not in this form, which has one row a measure; --json has all of it");

    fn text(&self, _: Pass) -> String {
        super::comparison::comparison(self)
    }

    fn rows(&self, form: Form, _: Pass) -> String {
        super::comparison::comparison_rows(self, form)
    }

    fn lines(&self, _: Pass) -> serde_json::Result<Option<Vec<String>>> {
        let mut lines = each(&self.rows)?;
        lines.extend(each(&self.differences)?);
        lines.extend(each(&self.gaps)?);
        lines.extend(each(&self.slopes)?);
        lines.extend(each(&self.spreads)?);
        lines.extend(each(&self.courses)?);
        lines.extend(each(&self.learning)?);
        lines.extend(each(&self.moves)?);
        lines.extend(each(&self.times)?);
        lines.extend(each(&self.gates)?);
        Ok(Some(lines))
    }

    fn is_more_than_rows(&self) -> bool {
        self.is_closer()
    }
}

impl Report for Decided {
    const ROWS_LACK: Option<&'static str> = Some(
        "the verdict and its reasons are not in this form, which has a row a cell; --json has all of it",
    );

    fn text(&self, _: Pass) -> String {
        super::decided::decided(self)
    }

    fn rows(&self, form: Form, _: Pass) -> String {
        super::decided::decided_rows(self, form)
    }

    fn lines(&self, _: Pass) -> serde_json::Result<Option<Vec<String>>> {
        Ok(None)
    }
}

impl Report for Totals {
    const ROWS_LACK: Option<&'static str> = None;

    fn text(&self, _: Pass) -> String {
        super::totals::totals(self)
    }

    fn rows(&self, form: Form, _: Pass) -> String {
        super::totals::totals_rows(self, form)
    }

    fn lines(&self, _: Pass) -> serde_json::Result<Option<Vec<String>>> {
        each(&self.rows).map(Some)
    }
}

impl Report for Evidence {
    const ROWS_LACK: Option<&'static str> =
        Some("contradictions by kind, and what to do, are not in this form; --json has all of it");

    fn text(&self, _: Pass) -> String {
        super::quality::quality(self)
    }

    fn rows(&self, form: Form, _: Pass) -> String {
        super::quality::quality_rows(self, form)
    }

    fn lines(&self, _: Pass) -> serde_json::Result<Option<Vec<String>>> {
        each(&self.rows).map(Some)
    }
}

impl Report for Reach {
    const ROWS_LACK: Option<&'static str> =
        Some("slopes, and levels that the file lacks, are not in this form; --json has all of it");

    fn text(&self, _: Pass) -> String {
        super::reach::reach(self)
    }

    fn rows(&self, form: Form, _: Pass) -> String {
        super::reach::reach_rows(self, form)
    }

    fn lines(&self, _: Pass) -> serde_json::Result<Option<Vec<String>>> {
        each(&self.parts).map(Some)
    }
}
