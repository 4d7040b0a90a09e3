//! What every feed is: a pure function from bytes to events.
//!
//! A feed hands out what it reads as [`Item`]s: events, lines it had to reject, and lines it left
//! out on purpose. Nothing else leaves it, so that counting the items accounts for the whole input.
//! A feed opens no file and knows no clock; keeping, counting and pseudonyms are the engine's.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use event::{Declaration, Event, Kind, Role};

use crate::signature::Scheme;

/// The longest line that is read, in bytes; a longer one is rejected and reading goes on.
pub const LINE_LIMIT: usize = 1 << 20;

/// The largest document of a vendor, in bytes; an array or a file may hold any number of them.
pub const DOCUMENT_LIMIT: usize = 256 << 20;

/// One format that events are read from.
///
/// The laws of a feed: the same bytes and settings give the same items; every line or record gives at
/// least one item or nothing that could be counted (a blank line, a header); no input makes it panic;
/// an event read twice has the same `source` and `id` both times.
pub trait Feed: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// The format, as a heading.
    fn title(&self) -> &'static str;

    /// What the format is, where it comes from, and what it cannot tell.
    fn about(&self) -> &'static str;

    /// What it can tell of each kind; `None` where the input declares that itself.
    fn capabilities(&self, settings: &Settings) -> Option<Declaration>;

    /// Why an inferred kind is to be read with care: the caveat that travels with every number.
    fn caveats(&self) -> &'static [(Kind, &'static str)];

    /// How what the format calls things becomes kinds of events.
    fn rules(&self) -> &'static [Rule];

    /// How a delivery of this format proves that it is genuine, where a vendor posts it to a web hook; `None`
    /// where none does.
    fn scheme(&self) -> Option<&'static dyn Scheme> {
        None
    }

    /// Whether the beginning of an input looks like this format.
    fn recognises(&self, head: &[u8]) -> bool;

    /// Reads all of `input`, handing each item to `sink` until it breaks off.
    ///
    /// # Errors
    /// When the input cannot be read, or the settings make no sense.
    /// What is wrong with single lines is no error: they come as [`Item::Rejected`].
    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError>;
}

/// Where a feed hands its items.
pub type Sink<'a> = &'a mut dyn FnMut(Item) -> ControlFlow<()>;

/// One line of the table that says how a format becomes events.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What the format calls it.
    pub theirs: &'static str,
    /// The kind it becomes; `None` when it is left out.
    pub ours: Option<Kind>,
    /// Why so.
    pub why: &'static str,
}

/// What a feed is told from outside.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The source of every event, instead of the one the feed would name. One source should be read by
    /// one feed, since a source declares what it sees once for all its events.
    pub source: Option<String>,
    /// The consultation of a document that names none.
    pub consultation: Option<String>,
    /// The role of those whom the format does not mark as the clinician.
    pub others: Option<Role>,
    /// The mapping, as TOML: of columns (CSV), or of what names the consultation and what codes mean.
    pub mapping: Option<String>,
    /// Whether free text is taken.
    pub free_text: FreeText,
}

/// Whether texts that people typed may become part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FreeText {
    /// They are left out and counted.
    #[default]
    Refused,
    /// They are taken where an event has a place for them.
    Allowed,
}

/// One thing that a feed read.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An event, and the line that it begins on.
    Event {
        /// The line, from 1.
        line: u64,
        /// What happened.
        event: Event,
    },
    /// Something that should have been an event.
    Rejected(Rejected),
    /// Something left out on purpose.
    Skipped {
        /// The line, from 1.
        line: u64,
        /// Why; the same words for the same case, so that they can be counted.
        reason: Cow<'static, str>,
    },
}

/// What could not be read, where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The line that it begins on, from 1.
    pub line: u64,
    /// The place within: a JSON pointer, or the name of a column.
    pub place: Option<String>,
    /// What is wrong and what to write instead.
    pub reason: String,
    /// The bytes, to be put right and read again; of a line that is too long only the beginning.
    pub text: Vec<u8>,
}

/// Why one event was refused: a place within it, and a reason that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The place: a JSON pointer, or the name of a column.
    pub place: Option<String>,
    /// What is wrong and what to write instead.
    pub reason: String,
}

impl Refusal {
    /// A refusal of the whole.
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { place: None, reason: reason.into() }
    }

    /// A refusal of one place.
    pub(crate) fn at(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: Some(place.into()), reason: reason.into() }
    }

    /// The item it becomes.
    pub(crate) fn item(self, line: u64, text: &[u8]) -> Item {
        Item::Rejected(Rejected { line, place: self.place, reason: self.reason, text: text.to_vec() })
    }
}

/// Why an input could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The input broke off.
    #[error("the input could not be read: {0}")]
    Input(#[from] std::io::Error),
    /// The column mapping cannot be used.
    #[error("the column mapping cannot be used: {0}")]
    Mapping(String),
    /// A table tells too little of itself.
    #[error("no mapping can be guessed: {0}")]
    Guess(String),
    /// A setting cannot be used.
    #[error("the setting `{name}` cannot be used: {reason}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
