//! The numbers beside a drawing: every point that is drawn, and every one that is not, with why.

use super::{ChartSpec, Point, Series};

/// One column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What it tells.
    pub title: String,
    /// Its cells, one for each point.
    pub cells: Vec<String>,
    /// Whether they are numbers.
    pub is_number: bool,
    /// Whether they count consultations, people or the like: what a policy hides when it is small.
    pub is_count: bool,
}

/// The table of a specification, without columns that are empty throughout.
#[must_use]
pub fn columns(spec: &ChartSpec) -> Vec<Column> {
    let unit = spec.values.unit;
    let several = spec.kind.has_rows() || spec.series.len() > 1;
    let shown = |value: Option<f64>| value.map(|value| unit.show(value)).unwrap_or_default();
    // Where points are named by their labels, their place in the row of them says nothing more.
    let is_named = spec.kind.names_places();
    let count = |count: Option<u64>| count.map(super::super::grouped).unwrap_or_default();
    let across = |value: Option<f64>| {
        value.filter(|_| !is_named).map(|value| spec.across.unit.show(value)).unwrap_or_default()
    };
    type Cell<'a> = Box<dyn Fn(&Series, &Point) -> String + 'a>;
    let all: [(&str, bool, bool, Cell<'_>); 10] = [
        (
            "Platform",
            false,
            false,
            Box::new(move |series, _| if several { series.name.clone() } else { String::new() }),
        ),
        (label_title(spec), false, false, Box::new(|_, point| point.label.clone())),
        (&spec.across.title, true, spec.kind == super::Kind::Funnel, Box::new(|_, point| across(point.at))),
        (&spec.values.title, true, false, Box::new(|_, point| shown(point.value))),
        ("From", true, false, Box::new(|_, point| shown(point.limits.map(|[lo, _]| lo)))),
        ("To", true, false, Box::new(|_, point| shown(point.limits.map(|[_, hi]| hi)))),
        (spec.further, true, false, Box::new(|_, point| shown(point.further))),
        ("Based on", true, true, Box::new(move |_, point| count(point.n))),
        ("Of them", true, true, Box::new(move |_, point| count(point.x))),
        ("Note", false, false, Box::new(|_, point| point.note.clone())),
    ];
    let column = |(title, is_number, is_count, cell): (&str, bool, bool, Cell<'_>)| Column {
        title: title.to_owned(),
        cells: spec.points().map(|(series, point)| cell(series, point)).collect(),
        is_number,
        is_count,
    };
    let columns = all.into_iter().map(column);
    columns.filter(|column| column.cells.iter().any(|cell| !cell.is_empty())).collect()
}

/// What the labels of points are.
fn label_title(spec: &ChartSpec) -> &'static str {
    use super::Kind;
    match spec.kind {
        Kind::Control => "Period",
        Kind::Funnel => "Organisation",
        Kind::Frontier => "Platforms",
        Kind::Learning => "Consultation of the clinician",
        Kind::Gaps => "Group",
        Kind::Stages => "Step",
        Kind::Incidence => "By",
        Kind::Forest | Kind::Distribution | Kind::Concentration => "What",
    }
}
