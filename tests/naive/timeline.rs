//! Stretches of time, and the one way in which this oracle measures: look between every two marks.

/// The milliseconds from `from` up to, and without, `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The first millisecond.
    pub(super) from: i64,
    /// The first millisecond after it.
    pub(super) to: i64,
}

impl Span {
    /// Whether the millisecond `at` lies in it.
    pub(super) fn holds(self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// Its milliseconds.
    pub(super) fn length(self) -> i64 {
        self.to - self.from
    }

    /// Whether the two have a millisecond in common.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.from.max(other.from) < self.to.min(other.to)
    }
}

/// Whether any of `spans` has the millisecond `at`.
pub(super) fn any_holds(spans: &[Span], at: i64) -> bool {
    spans.iter().any(|span| span.holds(at))
}

/// The pieces of `whole` in which `true_at` is true, cut at every end of every one of `spans`.
///
/// Between two neighbouring ends nothing changes, so the first millisecond speaks for the piece.
pub(super) fn pieces(whole: Span, spans: &[Span], true_at: impl Fn(i64) -> bool) -> Vec<Span> {
    let mut marks = vec![whole.from, whole.to];
    marks.extend(spans.iter().flat_map(|span| [span.from, span.to]).filter(|mark| whole.holds(*mark)));
    marks.sort_unstable();
    let pieces = marks.windows(2).map(|pair| Span { from: pair[0], to: pair[1] });
    pieces.filter(|piece| piece.length() > 0 && true_at(piece.from)).collect()
}

/// The milliseconds of all pieces together.
pub(super) fn total(pieces: &[Span]) -> i64 {
    pieces.iter().map(|piece| piece.length()).sum()
}
