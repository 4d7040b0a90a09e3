//! The secret that a vendor and this installation share.
//!
//! It is kept as the vendor shows it; schemes that want it decoded do that themselves. It is never
//! shown: not by `Debug`, not in a message. It is not wiped from memory when it is dropped.

use std::fmt;

/// A secret that is shared with a vendor.
///
/// ```
/// use feeds::signature::Secret;
/// let secret = Secret::new("whsec_example").unwrap();
/// assert_eq!(format!("{secret:?}"), "Secret(not shown)");
/// assert!(Secret::new("").is_err());
/// ```
#[derive(Clone)]
pub struct Secret(String);

/// Why a text can be no secret; the text is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is none.
    #[error("the secret is empty: whoever knows the address could post; copy it from the vendor's settings")]
    Empty,
    /// White space at an end, or a control character anywhere.
    #[error(
        "the secret has white space at its beginning or end, or a control character; copy it without (a file \
         often ends with a line break)"
    )]
    White,
    /// It is so short that it can be guessed.
    #[error("the secret has {bytes} bytes, which can be guessed; make it at least {least}, drawn at random")]
    Short {
        /// How long it is, in bytes.
        bytes: usize,
        /// How long it has to be.
        least: usize,
    },
    /// It has not the form that the scheme needs.
    #[error("the secret should be {want}; copy it as the vendor shows it")]
    Form {
        /// What it should be.
        want: &'static str,
    },
}

impl Secret {
    /// The secret that is written so.
    ///
    /// # Errors
    /// When it is empty, or has white space or control characters that were surely not meant.
    pub fn new(text: impl Into<String>) -> Result<Self, SecretError> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(SecretError::Empty);
        }
        if text.trim().len() != text.len() || text.chars().any(char::is_control) {
            return Err(SecretError::White);
        }
        Ok(Self(text))
    }

    /// It as it is written.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Its bytes, to compute with.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_empty_or_was_copied_with_a_line_break_is_refused() {
        for empty in ["", " ", "\n"] {
            assert_eq!(Secret::new(empty).unwrap_err(), SecretError::Empty);
        }
        for white in ["secret\n", " secret", "sec\0ret"] {
            let error = Secret::new(white).unwrap_err();
            assert_eq!(error, SecretError::White);
            assert!(!error.to_string().contains("ret\n"), "{error}");
        }
        assert_eq!(Secret::new("a b").unwrap().bytes(), b"a b");
    }
}
