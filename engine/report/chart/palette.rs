//! Colours and shapes of series: never a colour without a shape.
//!
//! The order is that of the Government Analysis Function, in which neighbours differ by at least 3:1 in contrast, and so
//! does each from the background. The dark one is our own, made by the same rule: light and deep ones in turn.

/// What is drawn on, light and dark.
#[cfg(test)]
pub(in crate::report) const BACKGROUNDS: [&str; 2] = ["#FFFFFF", "#0B0C0C"];
/// What is written with, light and dark: text, and text of less weight.
#[cfg(test)]
pub(in crate::report) const INKS: [[&str; 2]; 2] = [["#0B0C0C", "#484D50"], ["#F3F2F1", "#B8BDC1"]];
/// Links, light and dark.
#[cfg(test)]
pub(in crate::report) const LINKS: [&str; 2] = ["#1A5FA8", "#8EC5F4"];
/// The colours of series on a light and on a dark background.
#[cfg(test)]
pub(in crate::report) const COLOURS: [[&str; 6]; 2] = [
    ["#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1"],
    ["#A6D8F8", "#1D7A72", "#FFBFE0", "#BC4408", "#EDEDED", "#7A56B8"],
];

/// The class of a series in a drawing.
const CLASSES: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

/// The outline of a shape around the origin: circle, square, triangle, diamond, triangle on its head, cross.
const SHAPES: [&str; 6] = [
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.6-4.6h9.2v9.2h-9.2z",
    "M0-6l5.6 10h-11.2z",
    "M0-6.4l6.4 6.4l-6.4 6.4l-6.4-6.4z",
    "M0 6l5.6-10h-11.2z",
    "M-1.8-5.4h3.6v3.6h3.6v3.6h-3.6v3.6h-3.6v-3.6h-3.6v-3.6h3.6z",
];

/// The same shapes as letters.
const LETTERS: [char; 6] = ['●', '■', '▲', '◆', '▼', '✚'];

/// The class of a style.
pub(super) fn class(style: usize) -> &'static str {
    CLASSES[style % CLASSES.len()]
}

/// How many styles there are; further series have those of the first again.
pub(super) const STYLES: usize = SHAPES.len();

/// The name of the shape of a style within a page.
pub(super) fn id(style: usize) -> String {
    format!("m{}", style % STYLES)
}

/// The name of the same shape where there are many marks.
pub(super) fn small_id(style: usize) -> String {
    format!("n{}", style % STYLES)
}

/// The outline of a style.
pub(super) fn shape(style: usize) -> &'static str {
    SHAPES[style % SHAPES.len()]
}

/// The letter of a style.
pub(super) fn letter(style: usize) -> char {
    LETTERS[style % LETTERS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2.2 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast("#FFFFFF", "#000000") - 21.0).abs() < 1e-9);
        assert!((contrast("#777777", "#FFFFFF") - 4.478).abs() < 1e-3);
    }

    #[test]
    fn neighbours_and_backgrounds_differ_by_three_to_one() {
        for (colours, background) in COLOURS.iter().zip(BACKGROUNDS) {
            for pair in colours.windows(2) {
                assert!(contrast(pair[0], pair[1]) >= 3.0, "{pair:?}: {}", contrast(pair[0], pair[1]));
            }
            for colour in colours {
                assert!(contrast(colour, background) >= 3.0, "{colour} on {background}");
            }
        }
    }

    #[test]
    fn text_differs_by_four_and_a_half_to_one() {
        for ((inks, link), background) in INKS.iter().zip(LINKS).zip(BACKGROUNDS) {
            for ink in inks.iter().chain([&link]) {
                assert!(contrast(ink, background) >= 4.5, "{ink} on {background}");
            }
        }
    }

    /// In greyscale colours alone would not do.
    #[test]
    fn every_colour_has_a_shape_of_its_own() {
        let mut shapes: Vec<&str> = (0..COLOURS[0].len()).map(shape).collect();
        shapes.sort_unstable();
        shapes.dedup();
        assert_eq!(shapes.len(), COLOURS[0].len());
    }
}
