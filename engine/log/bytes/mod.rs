//! The bricks of what is kept: how numbers, texts and records become bytes, and how they are read without trust.
//!
//! They know no event and no log. Everything that decodes checks: bytes come from a disk.

pub(crate) mod codec;
pub(crate) mod column;
pub(in crate::log) mod frame;
pub(in crate::log) mod parts;
pub(in crate::log) mod texts;
