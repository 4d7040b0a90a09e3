//! The database's snapshot: the list of its pages, so that opening need not read the whole log.
//!
//! It is written when the database opens, and then what no page lies in is zeroed. So every segment that
//! the newest snapshot refers to must be there, or have been used again since. Of what was written before
//! it the database reads nothing but the pages that it names, and those only when they are wanted.
//!
//! ```text
//! snapshot  i64 lsn + 1, varint segment in use, pages; u64 their length; u32 CRC-32 of lsn to pages
//! page      u8 0, i64 lsn, place  or  u8 n, n times: i64 lsn, place, varint bytes
//! place     u8 0, varint byte in the file  or  u8 1, varint byte in the file, i64 name of a blob
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::message::varint;
use super::segment::Head;
use super::source::Source;
use super::{SEGMENT, Stop, doubt};
use crate::log::LogError;
use crate::log::error::Damage;

/// What the snapshot says that will be used: it is the list of pages, so that the log need not be read.
pub(super) struct Snapshot {
    /// Up to which lsn it goes.
    pub(super) lsn: i64,
    /// Which stretches of the log it refers to, by where they lie and their numbers.
    used: BTreeSet<(u64, i64)>,
    /// Where the pages lie that it names, in the order of the file; none when they were not looked at.
    pages: Option<Vec<Page>>,
}

/// A message that holds a page or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Page {
    /// Where it begins in the file.
    pub(super) at: u64,
    pub(super) lsn: i64,
    /// How long it is, header and all.
    pub(super) bytes: u64,
}

impl Snapshot {
    /// The newest snapshot, if there is one and it holds its checksum.
    pub(super) fn read(dir: &Path, buffer: &mut [u8]) -> Result<Option<Self>, Stop> {
        let Some(name) = newest_snapshot(dir).map_err(LogError::io("list the folder", dir))? else {
            return Ok(None);
        };
        let lsn = name.strip_prefix("snap.").and_then(|digits| i64::from_str_radix(digits, 16).ok());
        let lsn = lsn.ok_or_else(|| doubt(format!("{name} has no name of a snapshot")))?;
        let broken = || doubt(format!("the snapshot {name} does not hold its checksum"));
        let mut file = Source::open(dir.join(&name))?.ok_or_else(broken)?;
        // Behind what is summed: u64 its length, u32 the sum.
        let summed = file.len.checked_sub(12).filter(|summed| *summed > 0).ok_or_else(broken)?;
        let mut sum = [0; 4];
        let whole = file.read(summed + 8, &mut sum)?.len() == sum.len();
        let (mut crc, mut at) = (crc32fast::Hasher::new(), 0);
        while at < summed {
            let part = buffer.len().min(usize::try_from(summed - at).unwrap_or(usize::MAX));
            let bytes = file.read(at, &mut buffer[..part])?;
            if bytes.is_empty() {
                return Err(broken());
            }
            crc.update(bytes);
            at += bytes.len() as u64;
        }
        if !whole || crc.finalize() != u32::from_le_bytes(sum) {
            return Err(broken());
        }
        let mut snapshot = Self { lsn, used: BTreeSet::new(), pages: None };
        // One that is longer than the buffer speaks of some hundred GB; its pages are not looked at.
        if let Some(bytes) = usize::try_from(summed).ok().and_then(|summed| buffer.get(..summed)) {
            let told =
                snapshot.take(bytes).ok_or_else(|| doubt(format!("the snapshot {name} cannot be read")))?;
            if told != lsn {
                return Err(doubt(format!("the snapshot {name} goes up to another lsn, {told:X}")));
            }
        }
        Ok(Some(snapshot))
    }

    /// The lsn from which on opening reads everything.
    pub(super) fn since(&self) -> i64 {
        if self.pages.is_some() { self.lsn - self.lsn % SEGMENT as i64 } else { 0 }
    }

    /// The pages that it names in the segment `head`.
    pub(super) fn pages_in(&self, head: &Head) -> &[Page] {
        let pages = self.pages.as_deref().unwrap_or_default();
        let rest = &pages[pages.partition_point(|page| page.at < head.at)..];
        &rest[..rest.partition_point(|page| page.at < head.at + SEGMENT)]
    }

    /// Checks that the segments it refers to are there, or were used again after it was made.
    pub(super) fn check_used(&self, heads: &[Head]) -> Result<(), Damage> {
        let since = self.lsn - self.lsn % SEGMENT as i64;
        let lsns: BTreeMap<u64, i64> = heads.iter().map(|head| (head.at, head.lsn)).collect();
        let is_lost = |(at, number): &&(u64, i64)| match lsns.get(at) {
            Some(lsn) => lsn / SEGMENT as i64 != *number && *lsn < since,
            None => true,
        };
        match self.used.iter().find(is_lost) {
            None => Ok(()),
            Some((at, _)) => Err(Damage::new(format!("the segment at byte {at} is not what was there"))),
        }
    }

    /// Collects where the pages lie, and tells up to which lsn it goes.
    fn take(&mut self, bytes: &[u8]) -> Option<i64> {
        let mut pages = Vec::new();
        let (lsn, rest) = bytes.split_first_chunk()?;
        // One more than it is, so that none is a number as well.
        let told = i64::from_le_bytes(*lsn).saturating_sub(1).max(0);
        let (_, mut rest) = varint(rest)?;
        while let Some((&count, after)) = rest.split_first() {
            rest = after;
            for _ in 0..count.max(1) {
                let (lsn, after) = rest.split_first_chunk()?;
                let (&in_blob, after) = after.split_first()?;
                let (at, after) = varint(after)?;
                let (_, after) = after.split_at_checked(if in_blob == 1 { 8 } else { 0 })?;
                let lsn = i64::from_le_bytes(*lsn);
                self.used.insert((at - at % SEGMENT, lsn.div_euclid(SEGMENT as i64)));
                rest = after;
                // Of a page that was given up there is nothing to read.
                if count > 0 {
                    let (bytes, after) = varint(after)?;
                    pages.push(Page { at, lsn, bytes });
                    rest = after;
                }
            }
        }
        pages.sort_unstable();
        self.pages = Some(pages);
        Some(told)
    }
}

/// The name of the snapshot that sorts last: the one that opening reads.
pub(super) fn newest_snapshot(dir: &Path) -> io::Result<Option<String>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut newest = None;
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_draft = name.ends_with(".generating") || name.ends_with(".in___motion");
        if name.starts_with("snap.") && !is_draft {
            newest = newest.max(Some(name));
        }
    }
    Ok(newest)
}
