//! The file of a summary: three lines of JSON, the last of which signs the others.
//!
//! ```text
//! {"schema":"evenfield.summary/1","manifest":{...}}
//! {"survey":[...],"used":{...},"cells":[...]}
//! {"signature":"<128 hexadecimal digits>"}
//! ```
//!
//! Under the policy `rounded` the second line is an answer instead; see `rounded`.
//!
//! The signature is Ed25519 over every byte before its line, and is checked before anything of the states is read. What
//! is read is bounded, and held against what rows can give: whoever signs may still be mistaken.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use projections::compare::{Ask, Summary};
use projections::disclosure::Policy;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::asked::For;
use super::error::SummaryError;
use super::key::{PublicKey, SecretKey};
use super::manifest::{Manifest, read_alike};
use super::states::States;
use super::{MOST_BYTES, SCHEMA};

/// What a file packed with zstd begins with.
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A summary that was read, and whose signature holds.
#[derive(Debug)]
pub struct Opened {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What was asked.
    pub ask: Ask,
    /// What it is for.
    pub purpose: For,
    /// What was counted.
    pub summary: Summary,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First<M> {
    schema: String,
    manifest: M,
}

/// What every version of the form begins with.
#[derive(Deserialize)]
struct Form {
    schema: String,
}

/// By what the two kinds of summaries are told apart.
#[derive(Deserialize)]
struct Kind {
    manifest: Under,
}

#[derive(Deserialize)]
struct Under {
    policy: Policy,
}

/// The lines of a file whose signature holds.
pub(super) struct Lines<'a, M> {
    /// What it says of itself.
    pub(super) manifest: M,
    /// What it tells.
    pub(super) told: &'a [u8],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    signature: String,
}

/// The bytes of a summary, signed by the key that its manifest names.
#[must_use]
pub fn seal(manifest: &Manifest, summary: &Summary, key: &SecretKey) -> Vec<u8> {
    signed(manifest, &States::from(summary), key)
}

/// The three lines of a file.
pub(super) fn signed(manifest: &impl Serialize, told: &impl Serialize, key: &SecretKey) -> Vec<u8> {
    let mut bytes = line(&First { schema: SCHEMA.to_owned(), manifest });
    bytes.extend(line(told));
    let signature = key.sign(&bytes);
    bytes.extend(line(&Last { signature }));
    bytes
}

fn line(record: &impl Serialize) -> Vec<u8> {
    // Names, numbers and texts always have a text.
    let mut bytes = serde_json::to_vec(record).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The bytes of the file at `path`, unpacked if it is packed.
///
/// # Errors
/// When it cannot be read, or is longer than a summary is.
pub fn read(path: &Path) -> Result<Vec<u8>, SummaryError> {
    let refuse = SummaryError::io("read", path);
    let unpacked = |mut file: File| -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        (&mut file).take(ZSTD.len() as u64).read_to_end(&mut head)?;
        let whole = io::Cursor::new(head.clone()).chain(file);
        let mut bytes = Vec::new();
        if head == ZSTD {
            zstd::stream::read::Decoder::new(whole)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        } else {
            whole.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    let bytes = File::open(path).and_then(unpacked).map_err(refuse)?;
    match bytes.len() as u64 <= MOST_BYTES {
        true => Ok(bytes),
        false => {
            Err(unread(path, format!("it has more than {} MiB, which no summary has", MOST_BYTES >> 20)))
        }
    }
}

/// Under which policy the summary that `bytes` hold says that it was made; nothing where they hold none. Nothing of it is
/// checked.
#[must_use]
pub fn policy_of(bytes: &[u8]) -> Option<Policy> {
    let first = bytes.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<Kind>(first).ok().map(|kind| kind.manifest.policy)
}

/// The lines of a file; `signer` tells from the manifest who should have signed it.
///
/// # Errors
/// When there are not three lines as they are written here, or the signature does not hold.
pub(super) fn lines<'a, M: DeserializeOwned>(
    path: &Path,
    bytes: &'a [u8],
    signer: impl Fn(&M) -> PublicKey,
) -> Result<Lines<'a, M>, SummaryError> {
    let unread = |what: String| unread(path, what);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').take(4).collect();
    let first = lines.first().copied().unwrap_or_default();
    let form: Form = serde_json::from_slice(first)
        .map_err(|_| unread("it is no summary: it does not begin with {\"schema\":...}".to_owned()))?;
    if form.schema != SCHEMA {
        let what = format!("it has the form {:?}, and {SCHEMA:?} is what this evenfield reads", form.schema);
        return Err(unread(what));
    }
    let [head, states, last] = lines[..] else {
        return Err(unread("it has not three lines, as a whole summary has".to_owned()));
    };
    let First { manifest, .. } = parse::<First<M>>(head, 1).map_err(unread)?;
    let Last { signature } = parse(last, 3).map_err(unread)?;
    if last != line(&Last { signature: signature.clone() }) {
        return Err(unread("line 3 is not written as it is written here".to_owned()));
    }
    let signer = signer(&manifest);
    if !signer.verifies(&bytes[..head.len() + states.len()], &signature) {
        return Err(SummaryError::Altered { path: path.to_owned(), signer: signer.to_string() });
    }
    Ok(Lines { manifest, told: states })
}

/// The summary that `bytes` hold; `path` is where they are from.
///
/// # Errors
/// When they hold none, its signature does not hold, or it was counted otherwise than is counted here.
pub fn open(path: &Path, bytes: &[u8]) -> Result<Opened, SummaryError> {
    let unread = |what: String| unread(path, what);
    let Lines { manifest, told } = lines(path, bytes, |manifest: &Manifest| manifest.signer)?;
    read_alike(&manifest.reading).map_err(unread)?;
    if manifest.policy_version != manifest.policy.version() {
        return Err(unread("its policy has another version than here".to_owned()));
    }
    let (ask, purpose) = manifest.asked.ask().map_err(unread)?;
    let states: States = parse(told, 2).map_err(unread)?;
    let summary = Summary::try_from(states).map_err(|what| unread(what.to_owned()))?;
    summary.check(&ask).map_err(|error| unread(error.to_string()))?;
    if summary.consultations() != manifest.consultations {
        return Err(unread("it says another number of consultations than it counts".to_owned()));
    }
    if summary.decision.is_some() != (purpose != For::Comparison) {
        return Err(unread("it counts for something else than it says".to_owned()));
    }
    Ok(Opened { manifest, ask, purpose, summary })
}

pub(super) fn parse<T: DeserializeOwned>(line: &[u8], number: usize) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| {
        // A line of its own is a document of its own, whose only line is the first.
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        format!("line {number}, column {}: {what}", error.column())
    })
}

pub(super) fn unread(path: &Path, what: String) -> SummaryError {
    SummaryError::Unread { path: path.to_owned(), what }
}
