//! Stretches of time: half-open spans of milliseconds and the few things done with them.

/// A half-open stretch of time, `[from, to)`.
pub(crate) type Span = (i64, i64);

/// The union of `spans`, in order, without overlaps and without empty spans.
pub(crate) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The common part of two unions.
pub(crate) fn intersection(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut i, mut j, mut common) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        let (from, to) = (a[i].0.max(b[j].0), a[i].1.min(b[j].1));
        if from < to {
            common.push((from, to));
        }
        if a[i].1 < b[j].1 { i += 1 } else { j += 1 }
    }
    common
}

/// The times at which at least `least` of `unions` hold, as a union.
pub(crate) fn at_least(least: usize, unions: &[Vec<Span>]) -> Vec<Span> {
    let mut edges: Vec<(i64, i32)> =
        unions.iter().flatten().flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
    // Closing edges first: spans are half-open, so touching ones do not overlap.
    edges.sort_unstable();
    let (mut holding, mut since, mut spans) = (0, 0, Vec::new());
    for (at, step) in edges {
        let before = holding >= least as i32;
        holding += step;
        let after = holding >= least as i32;
        if after && !before {
            since = at;
        } else if before && !after {
            spans.push((since, at));
        }
    }
    union(spans)
}

/// The total length of a union, in milliseconds.
pub(crate) fn length(spans: &[Span]) -> i64 {
    spans.iter().map(|(from, to)| to - from).sum()
}

/// Whether `span` has a moment in common with a union.
pub(crate) fn touches(span: Span, union: &[Span]) -> bool {
    union.iter().any(|(from, to)| span.0.max(*from) < span.1.min(*to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_join_what_overlaps_or_touches() {
        assert_eq!(union(vec![(5, 7), (0, 2), (2, 3), (9, 9), (6, 8)]), [(0, 3), (5, 8)]);
    }

    #[test]
    fn intersections_keep_only_common_moments() {
        assert_eq!(intersection(&[(0, 10), (20, 30)], &[(5, 25)]), [(5, 10), (20, 25)]);
        assert_eq!(intersection(&[(0, 5)], &[(5, 9)]), []);
    }

    #[test]
    fn two_of_three_hold_where_two_overlap() {
        let spans = at_least(2, &[vec![(0, 10)], vec![(5, 15)], vec![(12, 20)]]);
        assert_eq!(spans, [(5, 10), (12, 15)]);
    }
}
