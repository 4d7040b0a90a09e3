//! Inline drawings: the one place that writes SVG, with every text escaped and every number rounded the same way.
//!
//! Drawings carry classes and no colours, so that the page decides for light, dark, print and forced colours. They are
//! narrow on purpose: a label stands above its row, so that a drawing can be read on a telephone. No part of a drawing is
//! styled in place, which the page's policy on content would not allow.

use std::fmt::Write;

use super::{ChartSpec, palette, plane, rows};

/// How wide a drawing is.
pub(super) const WIDTH: f64 = 400.0;

/// A drawing of a specification, with its title and what it shows in words.
#[must_use]
pub(in crate::report) fn drawn(spec: &ChartSpec, description: &str) -> String {
    let mut drawing = Drawing::default();
    let height = match spec.kind.has_rows() {
        true => rows::draw(&mut drawing, spec),
        false => plane::draw(&mut drawing, spec),
    };
    let name = escaped(&spec.name);
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{name}-t {name}-d\">\
         <title id=\"{name}-t\">{}</title><desc id=\"{name}-d\">{}</desc>{}</svg>",
        number(WIDTH),
        number(height),
        escaped(&spec.title),
        escaped(description),
        drawing.text
    )
}

/// The shapes that marks of all drawings of a page are made of: there are many marks and few shapes.
#[must_use]
pub(in crate::report) fn shapes() -> String {
    let shape = |style| {
        let outline = palette::shape(style);
        let (id, small) = (palette::id(style), palette::small_id(style));
        format!(
            "<path id=\"{id}\" d=\"{outline}\"/><path id=\"{small}\" transform=\"scale(.55)\" d=\"{outline}\"/>"
        )
    };
    let all: String = (0..palette::STYLES).map(shape).collect();
    format!("<svg class=\"shapes\" aria-hidden=\"true\"><defs>{all}</defs></svg>\n")
}

/// A text as it may stand in markup, between tags and within quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What is no character of a document would end it.
            control if control.is_control() && control != '\n' && control != '\t' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A coordinate, to a tenth.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Where a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing in the making.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    text: String,
}

impl Drawing {
    /// A text.
    pub(super) fn words(&mut self, [x, y]: [f64; 2], anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y, words) = (number(x), number(y), escaped(words));
        let _ = write!(self.text, "<text x=\"{x}\" y=\"{y}\"{anchor} class=\"{class}\">{words}</text>");
    }

    /// A line from one point to another.
    pub(super) fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        let _ =
            write!(self.text, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>");
    }

    /// A line through points.
    pub(super) fn course(&mut self, points: &[[f64; 2]], class: &str) {
        let _ = write!(self.text, "<polyline points=\"{}\" class=\"{class}\"/>", joined(points));
    }

    /// What lies between points.
    pub(super) fn area(&mut self, points: &[[f64; 2]], class: &str) {
        let _ = write!(self.text, "<polygon points=\"{}\" class=\"{class}\"/>", joined(points));
    }

    /// A bar.
    pub(super) fn bar(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], class: &str) {
        let [x, y, width, height] = [x, y, width.max(0.0), height].map(number);
        let _ = write!(
            self.text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\"/>"
        );
    }

    /// The shape of a style at a point: filled, hollow or small by its class.
    pub(super) fn mark(&mut self, [x, y]: [f64; 2], style: usize, more: &str) {
        let (x, y, class) = (number(x), number(y), palette::class(style));
        let shape = if more == "small" { palette::small_id(style) } else { palette::id(style) };
        let _ = write!(self.text, "<use class=\"{class} {more}\" href=\"#{shape}\" x=\"{x}\" y=\"{y}\"/>");
    }
}

fn joined(points: &[[f64; 2]]) -> String {
    let points = points.iter().map(|[x, y]| format!("{},{}", number(*x), number(*y)));
    points.collect::<Vec<_>>().join(" ")
}

/// A text of at most so many letters, with an ellipsis where it was cut: the table has all of it.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_rounded_one_way() {
        for (value, text) in [(1.0, "1"), (-0.04, "0"), (12.349, "12.3"), (1.96, "2")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn no_text_ends_its_place() {
        let hostile = "</title><script>alert('x')</script>\" onload=\"y\u{0}&";
        let safe = escaped(hostile);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{0}']), "{safe}");
    }
}
