//! Summaries: what an organisation shares of its log so that platforms are compared over several, and no event leaves.
//!
//! A summary is a text file of three lines: a [`Manifest`] (what was asked, how consultations were read, of which log),
//! the mergeable states, and an Ed25519 signature over both lines. It is no database and no recording: who merges
//! summaries gets the comparison, or the decision, that one log of everything would give, to the byte under the policy
//! `internal`, and can ask nothing else of it. Under the policy `rounded` a summary is the answer of one log as that
//! policy shows it, and what is merged are limits. `README.md` beside this file says how keys are kept.
//!
//! ```text
//! made: from a sheet;  asked: the question;  manifest: what is told of it;  states: what was counted, as text
//! sealed: the file;  key: who signs, and who is trusted;  apart: what does not fit;  merged: several become one
//! decided: what a decision rests on;  rounded, pooled: the same under the policy rounded;  error: why not
//! ```

mod apart;
mod asked;
mod decided;
mod error;
mod key;
mod made;
mod manifest;
mod merged;
mod pooled;
mod rounded;
mod sealed;
mod states;

pub use apart::Sharing;
pub use asked::{Asked, Decide, For};
pub use decided::Deciding;
pub use error::SummaryError;
pub use key::{PublicKey, SecretKey, Trusted};
pub use made::make;
pub use manifest::{Manifest, OfLog, Seen, reading};
pub use merged::Merged;
pub use pooled::{MergedRounded, Pooled, PooledRow};
pub use rounded::{Commitments, OpenedRounded, RoundedManifest, manifest_of_shown, open_rounded, seal_shown};
pub use sealed::{Opened, open, policy_of, read, seal};

/// The form of the file.
pub const SCHEMA: &str = "evenfield.summary/1";
/// The most bytes of one summary, unpacked.
pub const MOST_BYTES: u64 = 256 << 20;
