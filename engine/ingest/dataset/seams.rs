//! Whether the parts of consultations fit that lie in files of several generations.
//!
//! The files of a shard are gone through from the newest to the oldest. A consultation that goes on in a file, at a
//! number behind 0, waits for an older file whose part of it ends right before that number; one that begins in a file
//! must be in no older one. Held are the names of those that wait, and sixteen bytes of a digest of those that begin in a
//! generation behind the first; the first, which is most of a data set, leaves nothing to be held.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

/// What the files that were gone through hold of consultations.
#[derive(Debug, Default)]
pub(super) struct Seams {
    parts: HashMap<[u8; 16], Part>,
}

/// What is known of a consultation from newer files.
#[derive(Debug)]
enum Part {
    /// It begins in one of them.
    Begun,
    /// It goes on in one of them, at that number.
    Waits { name: Box<str>, at: u64 },
}

impl Seams {
    /// Takes the part of a consultation that lies in the next older file, which may be the oldest.
    pub(super) fn take(
        &mut self,
        consultation: &str,
        numbers: RangeInclusive<u64>,
        is_oldest: bool,
    ) -> Result<(), String> {
        let key = key(consultation);
        let (first, last) = numbers.into_inner();
        match self.parts.get(&key) {
            Some(Part::Begun) => {
                return Err(format!(
                    "the consultation {consultation:?} begins in a file of a later generation again"
                ));
            }
            Some(Part::Waits { at, .. }) if last.checked_add(1) != Some(*at) => {
                return Err(format!(
                    "the consultation {consultation:?} is not whole: it ends with seq {last} here, and goes on with {at} in \
                     a later generation"
                ));
            }
            Some(Part::Waits { .. }) | None => {}
        }
        if first > 0 {
            self.parts.insert(key, Part::Waits { name: consultation.into(), at: first });
        } else if is_oldest {
            self.parts.remove(&key);
        } else {
            self.parts.insert(key, Part::Begun);
        }
        Ok(())
    }

    /// That none waits any more.
    pub(super) fn check_end(self) -> Result<(), String> {
        let waiting = self.parts.into_values().filter_map(|part| match part {
            Part::Begun => None,
            Part::Waits { name, at } => Some((name, at)),
        });
        match waiting.min() {
            None => Ok(()),
            Some((name, at)) => Err(format!(
                "the consultation {name:?} is not whole: a later generation goes on with its seq {at}, and nothing comes \
                 before that"
            )),
        }
    }
}

fn key(consultation: &str) -> [u8; 16] {
    let digest = Sha256::digest(consultation.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}
