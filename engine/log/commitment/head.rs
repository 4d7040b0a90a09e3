//! What is published of a log: how far it went, and the commitment to all of it.
//!
//! Both belong together. How many events there are is not hashed into the commitment, and a head counts
//! as another when either differs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Hash;
use super::digits::{self, Digits};
use crate::log::Position;
use crate::log::commitment;

/// A position and the commitment to every event up to it: what is published.
///
/// ```
/// let head: engine::log::Head = format!("1000915:{}", "9f".repeat(32)).parse()?;
/// assert_eq!((head.position.0, head.commitment), (1_000_915, [0x9f; 32]));
/// assert_eq!(head.to_string().parse(), Ok(head));
/// # Ok::<(), engine::log::HeadError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last position.
    pub position: Position,
    /// The root of the tree of all events up to it.
    #[serde(with = "digits")]
    pub commitment: [u8; 32],
}

/// A text that is no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no head; write it as `log head` does: the position, a colon, and the 64 hexadecimal digits \
     of the commitment"
)]
pub struct HeadError {
    text: String,
}

impl Head {
    /// The commitment as 64 hexadecimal digits.
    #[must_use]
    pub fn commitment_digits(&self) -> String {
        commitment::hex(&self.commitment)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, Digits(self.commitment))
    }
}

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let read = || {
            let (position, digits) = text.trim().split_once(':')?;
            let digits: Digits<Hash> = digits.parse().ok()?;
            Some(Self { position: Position(position.parse().ok()?), commitment: digits.0 })
        };
        read().ok_or_else(|| HeadError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_none_is_told_with_how_to_write_one() {
        let digits = "9f".repeat(32);
        for text in ["", "12", &digits, "12:9f", &format!("x:{digits}"), &format!("1:{digits}00")] {
            assert!(text.parse::<Head>().unwrap_err().to_string().contains("`log head`"), "{text}");
        }
    }
}
