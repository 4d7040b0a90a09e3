//! Why a delivery is not believed.
//!
//! A message says which part is wrong and what somebody may do about it. None shows a secret, a
//! signature, or anything else out of the delivery: messages are printed and kept, and a delivery that
//! is refused may have been written to be shown.

use super::SecretError;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// What proves it is not there.
    #[error(
        "{place} is missing: the delivery is not signed; see whether signing is switched on at the vendor's"
    )]
    Missing {
        /// What is missing.
        place: &'static str,
    },
    /// What proves it is there more than once.
    #[error("{place} is there more than once; a vendor sends one")]
    Twice {
        /// What is there more than once.
        place: &'static str,
    },
    /// What proves it has another form.
    #[error("{place} has the wrong form: it should be {want}")]
    Form {
        /// What has the wrong form.
        place: &'static str,
        /// What it should be.
        want: &'static str,
    },
    /// The proof is for something else.
    #[error(
        "{place} does not fit: the secret is another one, or {signed} was changed on the way, or the delivery \
         is not the vendor's"
    )]
    Unfit {
        /// What does not fit.
        place: &'static str,
        /// What it covers.
        signed: &'static str,
    },
    /// It is genuine and old.
    #[error(
        "the delivery was signed {by_s} s before it came, and at most {most_s} s are allowed: it is an old one \
         sent again, or a clock is wrong"
    )]
    Old {
        /// By how many seconds.
        by_s: i64,
        /// How many are allowed.
        most_s: i64,
    },
    /// It is genuine and its proof has run out.
    #[error(
        "the token of the delivery ran out {by_s} s before it came, and at most {most_s} s are allowed: it is \
         an old one sent again, or a clock is wrong"
    )]
    RanOut {
        /// By how many seconds.
        by_s: i64,
        /// How many are allowed.
        most_s: i64,
    },
    /// It is genuine and from the future.
    #[error(
        "the delivery was signed {by_s} s after it came, and at most {most_s} s are allowed: the clock of this \
         machine is slow, or the vendor's is fast"
    )]
    Early {
        /// By how many seconds.
        by_s: i64,
        /// How many are allowed.
        most_s: i64,
    },
    /// Nothing can be checked by this secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
}
