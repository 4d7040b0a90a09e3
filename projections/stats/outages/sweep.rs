//! One day of all organisations and platforms, span by span.
//!
//! What a rearranged day is made of is the same every time, so it is prepared: of every part the spans in which
//! something failed. What is expected comes from running sums. A day is small, however long the log.

use std::ops::Range;

use super::ratio;
use super::spans::{Span, spans};
use super::table::{QUARTERS_A_DAY, Table};

/// The spans, and what each part adds to them.
#[derive(Debug)]
pub(super) struct Sweep {
    spans: Vec<Span>,
    platforms: usize,
    touches: Vec<Touch>,
    /// By part.
    of_part: Vec<Range<usize>>,
}

/// What an organisation adds to a span in which something failed.
#[derive(Debug, Clone, Copy)]
struct Touch {
    span: u16,
    x: u32,
    expected: f64,
}

/// A day laid out.
#[derive(Debug)]
pub(super) struct Scratch {
    /// By platform and quarter: what is expected before it, that is, running sums.
    running: Vec<f64>,
    /// By platform and span.
    counts: Vec<Count>,
}

/// What failed in a span, and the organisation with the largest excess.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    x: u32,
    top_x: u32,
    top_expected: f64,
}

const STRIDE: usize = QUARTERS_A_DAY + 1;

impl Sweep {
    pub(super) fn of(table: &Table) -> Self {
        let spans = spans();
        let (mut touches, mut of_part) = (Vec::new(), Vec::with_capacity(table.parts.len()));
        for part in &table.parts {
            let before = touches.len();
            let counted = || part.entries.clone().filter(|entry| !table.out[*entry]);
            if counted().any(|entry| table.x[entry] > 0) {
                let (mut x, mut expected) = ([0_u32; STRIDE], [0.0; STRIDE]);
                for entry in counted() {
                    let place = usize::from(table.place[entry]) + 1;
                    (x[place], expected[place]) = (table.x[entry], table.expected[entry]);
                }
                for place in 1..STRIDE {
                    x[place] += x[place - 1];
                    expected[place] += expected[place - 1];
                }
                for (number, span) in (0..).zip(&spans) {
                    let (begin, end) = (span.begin, span.begin + span.quarters);
                    let (x, expected) = (x[end] - x[begin], expected[end] - expected[begin]);
                    if x > 0 {
                        touches.push(Touch { span: number, x, expected });
                    }
                }
            }
            of_part.push(before..touches.len());
        }
        Self { spans, platforms: table.platforms, touches, of_part }
    }

    /// Room for a day.
    pub(super) fn scratch(&self) -> Scratch {
        Scratch {
            running: vec![0.0; self.platforms * STRIDE],
            counts: vec![Count::default(); self.platforms * self.spans.len()],
        }
    }

    /// Lays out a day that is made of these stays.
    pub(super) fn lay(&self, stays: impl Iterator<Item = usize>, table: &Table, day: &mut Scratch) {
        day.running.fill(0.0);
        day.counts.fill(Count::default());
        for stay in stays {
            for part in table.stays[stay].parts.clone() {
                let Range { start, end } = table.parts[part].entries.clone();
                let platform = table.parts[part].platform;
                let running = &mut day.running[platform * STRIDE..][..STRIDE];
                for entry in start..end {
                    if !table.out[entry] {
                        running[usize::from(table.place[entry]) + 1] += table.expected[entry];
                    }
                }
                let counts = &mut day.counts[platform * self.spans.len()..][..self.spans.len()];
                for touch in &self.touches[self.of_part[part].clone()] {
                    let count = &mut counts[usize::from(touch.span)];
                    count.x += touch.x;
                    let excess = f64::from(touch.x) - touch.expected;
                    if excess > f64::from(count.top_x) - count.top_expected {
                        (count.top_x, count.top_expected) = (touch.x, touch.expected);
                    }
                }
            }
        }
        for running in day.running.chunks_exact_mut(STRIDE) {
            for place in 1..STRIDE {
                running[place] += running[place - 1];
            }
        }
    }

    /// Raises `highest` to the highest ratio of the day.
    pub(super) fn highest(&self, day: &Scratch, highest: &mut f64) {
        for platform in 0..self.platforms {
            for span in 0..self.spans.len() {
                if let Some(ratio) = self.ratio(day, platform, span, *highest) {
                    *highest = ratio;
                }
            }
        }
    }

    /// Shows every span of the day with a ratio above `floor`.
    pub(super) fn above(&self, day: &Scratch, floor: f64, mut show: impl FnMut(usize, Span, f64)) {
        for platform in 0..self.platforms {
            for (number, span) in self.spans.iter().enumerate() {
                if let Some(ratio) = self.ratio(day, platform, number, floor) {
                    show(platform, *span, ratio);
                }
            }
        }
    }

    /// The ratio of a span if it is above `floor`.
    fn ratio(&self, day: &Scratch, platform: usize, span: usize, floor: f64) -> Option<f64> {
        let count = &day.counts[platform * self.spans.len() + span];
        if count.x == count.top_x {
            return None;
        }
        let (x, expected) = self.rest(day, platform, span);
        let excess = x - expected;
        // The ratio is below excess^2 / expected, since ln(1 + d) is below d.
        if excess <= 0.0 || excess * excess <= floor * expected {
            return None;
        }
        let ratio = ratio(x, expected * self.shared(day, platform, span));
        (ratio > floor).then_some(ratio)
    }

    /// What failed and what was expected to, without the organisation with the largest excess.
    fn rest(&self, day: &Scratch, platform: usize, span: usize) -> (f64, f64) {
        let Count { x, top_x, top_expected } = day.counts[platform * self.spans.len() + span];
        let Span { begin, quarters } = self.spans[span];
        let running = &day.running[platform * STRIDE..][..STRIDE];
        (f64::from(x - top_x), running[begin + quarters] - running[begin] - top_expected)
    }

    /// By how much the other platforms failed more than expected, one failure being seen where one was expected.
    fn shared(&self, day: &Scratch, platform: usize, span: usize) -> f64 {
        let others = (0..self.platforms).filter(|other| *other != platform);
        let (x, expected) = others.fold((0.0, 0.0), |(x, expected), other| {
            let rest = self.rest(day, other, span);
            (x + rest.0, expected + rest.1)
        });
        ((x + 1.0) / (expected + 1.0)).max(1.0)
    }
}
