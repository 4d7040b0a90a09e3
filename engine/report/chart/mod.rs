//! Charts: one plain value that says what is drawn, and writers that draw it.
//!
//! A [`ChartSpec`] holds numbers and words, and nothing of where they land on paper: `svg` makes an inline drawing of it,
//! `terminal` lines of text, `table` the numbers beside the drawing, so that all three say the same. What a policy hides
//! never gets into a specification, and so cannot be told by a coordinate. Nothing is computed here but places.

mod palette;
mod plane;
mod rows;
mod scale;
mod svg;
mod table;
mod terminal;
mod unit;

pub use table::{Column, columns};
pub use terminal::terminal;
pub use unit::Unit;

#[cfg(test)]
pub(super) use palette::{BACKGROUNDS, COLOURS, INKS, LINKS};
pub use svg::escaped;
pub(super) use svg::{drawn, shapes};

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartSpec {
    /// How.
    pub kind: Kind,
    /// Its name on the page, of letters and hyphens.
    pub name: String,
    /// The message, as a sentence.
    pub title: String,
    /// Measure, who, where, when and how many.
    pub subtitle: String,
    /// The axis of places: what lies below or beside each point.
    pub across: Axis,
    /// The axis of values.
    pub values: Axis,
    /// The points.
    pub series: Vec<Series>,
    /// Values that are marked by a line, each with a word.
    pub marked: Vec<(f64, String)>,
    /// What the second value of a point is, where points have one.
    pub further: &'static str,
}

/// How a specification is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A value with its limits in every row.
    Forest,
    /// Two groups in every row, a dot each.
    Gaps,
    /// Where half and nine in ten lie, in every row.
    Distribution,
    /// A bar in every row: how far people come.
    Stages,
    /// An average bad day and the worst one in every row.
    Concentration,
    /// Shares that grow with time, between their bands.
    Incidence,
    /// A measure over periods, with its limits and what stands out.
    Control,
    /// Units by their size, within the limits of chance.
    Funnel,
    /// Value against the number of platforms.
    Frontier,
    /// A measure by practice.
    Learning,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Forest,
        Self::Gaps,
        Self::Distribution,
        Self::Stages,
        Self::Concentration,
        Self::Incidence,
        Self::Control,
        Self::Funnel,
        Self::Frontier,
        Self::Learning,
    ];

    /// Whether it has a row for each point, rather than a plane for all of them.
    #[must_use]
    pub fn has_rows(self) -> bool {
        matches!(self, Self::Forest | Self::Gaps | Self::Distribution | Self::Stages | Self::Concentration)
    }

    /// Whether places are called by the labels of their points.
    fn names_places(self) -> bool {
        matches!(self, Self::Control | Self::Learning)
    }

    /// Whether points that follow each other are joined by a line.
    fn is_joined(self) -> bool {
        matches!(self, Self::Incidence | Self::Control | Self::Frontier | Self::Learning)
    }
}

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it tells.
    pub title: String,
    /// In what.
    pub unit: Unit,
}

/// Points of one kind, in one colour and shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// Which colour and shape it has: the same platform has the same everywhere.
    pub style: usize,
    /// Whether it is a line without points of its own, such as a limit.
    pub is_line: bool,
    /// The points.
    pub points: Vec<Point>,
}

/// One point. What is not there is not drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    /// What it is called.
    pub label: String,
    /// Its place, in a plane.
    pub at: Option<f64>,
    /// Its value.
    pub value: Option<f64>,
    /// Its limits.
    pub limits: Option<[f64; 2]>,
    /// A second value; the specification says what.
    pub further: Option<f64>,
    /// How many it rests on.
    pub n: Option<u64>,
    /// How many of those it counts, where it counts some.
    pub x: Option<u64>,
    /// What must be said of it, such as why it has no value or what stands out.
    pub note: String,
    /// Whether it stands out.
    pub stands_out: bool,
}

impl ChartSpec {
    /// Whether anything can be drawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points().all(|(_, point)| point.value.is_none())
    }

    /// Every point with its series, in order.
    pub fn points(&self) -> impl Iterator<Item = (&Series, &Point)> {
        self.series.iter().flat_map(|series| series.points.iter().map(move |point| (series, point)))
    }

    /// The values that must find a place on the axis of values.
    fn reach(&self) -> [f64; 2] {
        let of = |point: &Point| {
            let limits = point.limits.into_iter().flatten();
            point.value.into_iter().chain(limits).chain(point.further).collect::<Vec<_>>()
        };
        let values = self.points().flat_map(|(_, point)| of(point));
        let values = values.chain(self.marked.iter().map(|(value, _)| *value));
        let from_zero = matches!(self.kind, Kind::Stages | Kind::Concentration | Kind::Incidence);
        reach(values.chain(from_zero.then_some(0.0)))
    }

    /// The places that must find one on the other axis.
    fn width(&self) -> [f64; 2] {
        reach(self.points().filter_map(|(_, point)| point.at))
    }
}

/// The least and the most of some numbers; of none, or of one alone, what lies around.
fn reach(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [lo, hi] =
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], value| [lo.min(value), hi.max(value)]);
    match (lo.is_finite(), lo < hi) {
        (false, _) => [0.0, 1.0],
        (true, true) => [lo, hi],
        (true, false) => [lo - 0.5 * lo.abs().max(0.1), hi + 0.5 * hi.abs().max(0.1)],
    }
}

#[cfg(test)]
mod tests;
