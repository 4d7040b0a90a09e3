//! The style of the page, and the digest by which the page's policy on content lets in this style and no other.

use sha2::{Digest, Sha256};

/// The style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// What the page may do: show this style, and nothing else. No scripts, no requests, no forms.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE.as_bytes()))
    )
}

/// Bytes in base 64 (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word =
            three.iter().chain([&0, &0]).take(3).fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[word >> (18 - 6 * place) & 63];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::{BACKGROUNDS, COLOURS, INKS, LINKS};

    /// The test vectors of RFC 4648.
    #[test]
    fn base_64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    /// The colours whose contrast is proved are those that are used.
    #[test]
    fn the_style_has_the_colours_of_the_palette() {
        let dark = STYLE.find("prefers-color-scheme:dark").unwrap();
        let forced = STYLE.find("forced-colors").unwrap();
        for (place, scheme) in [&STYLE[..dark], &STYLE[dark..forced]].iter().enumerate() {
            for (number, colour) in COLOURS[place].iter().enumerate() {
                assert!(scheme.contains(&format!("--c{number}:{colour}")), "{colour}");
            }
            let named = [
                ("back", BACKGROUNDS[place]),
                ("ink", INKS[place][0]),
                ("soft", INKS[place][1]),
                ("link", LINKS[place]),
            ];
            for (name, colour) in named {
                assert!(scheme.contains(&format!("--{name}:{colour}")), "{name} {colour}");
            }
        }
    }

    #[test]
    fn the_style_asks_for_nothing_from_elsewhere() {
        for word in ["url(", "@import", "http", "//", "</"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
