//! Proofs that an event stands in the log, for those who do not have the log.
//!
//! A head, which is a position and the commitment there, is published once; whoever knows it can later
//! be shown one event with its salt and the hashes beside its way to the root, and reckon the commitment
//! from them (RFC 9162, section 2.1.3). No other event is told by that, and the salt opens no other leaf.
//! What is proven is what the canonical bytes say: see [`raw`](crate::log::block::raw). Which store it was, the
//! commitment does not say: `store` is a label. Finding a proof reads two or three units of events and
//! one hash for each of the others.

use event::{Event, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::log::block::raw::{self, Said};
use crate::log::commitment::digits::Digits;
use crate::log::commitment::{self, Frontier, Hash};
use crate::log::database::keys::Keys;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::reading::past::{self, Ground, Leaves};
use crate::log::reading::read::{self, Span};
use crate::log::{Head, Log, LogError, Position};

const SCHEMA: &str = "evenfield.proof/1";

/// One event of a log, or what stays of it, with all that leads from it to a head.
///
/// As JSON it is the document that `evenfield log prove` writes. Nothing in it is to be believed before
/// [`Proof::check`], nor is its head before it was compared with one that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    schema: Schema,
    store: Digits<[u8; 16]>,
    head: Head,
    position: Position,
    recorded_at: Option<Time>,
    salt: Option<Digits<Hash>>,
    leaf_content: Option<Digits<Vec<u8>>>,
    /// In the place of salt and content, where these were destroyed.
    leaf: Option<Digits<Hash>>,
    path: Vec<Digits<Hash>>,
}

/// What a proof has proven.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// Where it stood.
    pub position: Position,
    /// In which log: one that had this head.
    pub head: Head,
    /// When the log took it; not known of what was destroyed.
    pub recorded_at: Option<Time>,
    /// What stood there.
    pub content: Content,
}

/// What stood at a position.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An event.
    Event(Box<Event>),
    /// The log's own record that the content of other positions was destroyed.
    Redaction {
        /// Which positions.
        positions: Vec<Position>,
        /// Why.
        reason: Option<String>,
    },
    /// Something whose content was destroyed: nothing is proven of what it said.
    Destroyed,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Its parts do not make a proof.
    #[error("this is no proof: {what}; take one that `log prove` has written")]
    Unfit {
        /// What is missing or too much.
        what: String,
    },
    /// It leads elsewhere, or says something else than what it proves.
    #[error("the proof does not hold: {what}; it was altered, or is of another log")]
    Fails {
        /// What does not hold.
        what: String,
    },
    /// It holds, but nobody here can read what it proves.
    #[error("the proof leads to its head, but what it proves cannot be read: {what}")]
    Unread {
        /// What is wrong with the bytes, and what to do.
        what: String,
    },
}

/// The one schema that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Schema;

impl Log {
    /// The commitment to every event that is there by now.
    ///
    /// # Errors
    ///
    /// When a node or an event that it needs cannot be read.
    pub fn commitment(&self) -> Result<Head, LogError> {
        self.head_at(self.head())
    }

    /// The commitment as it was when `position` was the last one.
    ///
    /// # Errors
    ///
    /// When the log does not go so far, and as [`Log::commitment`].
    pub fn head_at(&self, position: Position) -> Result<Head, LogError> {
        let head = self.head();
        if position > head {
            return Err(LogError::NoPosition { position, head });
        }
        let mut leaves = Leaves::new(self.keys()?.salts);
        let commitment = past::frontier_at(&self.store, &mut leaves, position)?.root();
        Ok(Head { position, commitment })
    }

    /// The last position when the commitment was that of these `digits`: nothing, where it never was.
    ///
    /// # Errors
    ///
    /// As [`Log::commitment`].
    pub fn position_of(&self, digits: &str) -> Result<Option<Position>, LogError> {
        let wanted = commitment::unhex(digits);
        let is_it = |frontier: &Frontier| wanted.as_deref() == Some(&frontier.root()[..]);
        let mut leaves = Leaves::new(self.keys()?.salts);
        let mut frontier = Frontier::default();
        let mut found = is_it(&frontier).then_some(Position::START);
        past::each_leaf(&self.store, &mut leaves, Span::of(.., self.head()), |leaf| {
            frontier.push(leaf, |_, _| {});
            if found.is_none() && is_it(&frontier) {
                found = Some(Position(frontier.size()));
            }
        })?;
        Ok(found)
    }

    /// The name of this store, 32 hexadecimal digits that no other store has.
    #[must_use]
    pub fn store_id(&self) -> String {
        commitment::hex(&self.id)
    }

    /// The proof of what stands at `position`, under the head at `at` or the one that is there by now.
    ///
    /// It has been checked.
    ///
    /// # Errors
    ///
    /// When there is no such position up to that head, and when something that the proof needs cannot be
    /// read or leads elsewhere.
    pub fn prove(&self, position: Position, at: Option<Position>) -> Result<Proof, LogError> {
        // The log may grow meanwhile: everything is about this head.
        let head = self.head_at(at.unwrap_or_else(|| self.head()))?;
        if !(Position::FIRST..=head.position).contains(&position) {
            return Err(LogError::NoPosition { position, head: head.position });
        }
        let proof = prove(&self.store, self.keys()?, head, position)?;
        let wrong = |error: ProofError| LogError::Damaged { position, what: error.to_string() };
        proof.check().map_err(wrong)?;
        Ok(proof)
    }

    fn keys(&self) -> Result<Keys, LogError> {
        let missing = || Damage::new("the keys of its salts are missing");
        self.store.keys()?.ok_or_else(missing).map_err(LogError::damaged(Position::FIRST))
    }
}

fn prove(store: &Store, keys: Keys, head: Head, position: Position) -> Result<Proof, LogError> {
    let Keys { id, salts } = keys;
    let mut ground = Ground::around(store, Leaves::new(salts), head.position, position)?;
    let subtree = &mut |first, count| ground.subtree(first, count);
    let path = commitment::path(position.0 - 1, head.position.0, subtree)?;
    let mut proof = Proof {
        schema: Schema,
        store: Digits(id),
        head,
        position,
        recorded_at: None,
        salt: None,
        leaf_content: None,
        leaf: None,
        path: path.into_iter().map(Digits).collect(),
    };
    let block = read::block_at(store, position)?;
    let mut fill = || {
        let raw = block.raw((position.0 - block.first().0) as usize)?;
        if let Some(remains) = raw.remains()? {
            proof.leaf = Some(Digits(remains.leaf));
            return Ok(());
        }
        let salt = ground.leaves.salts.salt(position);
        let mut content = Vec::new();
        raw.write_canonical(&mut content);
        proof.salt = Some(Digits(salt.ok_or_else(|| Damage::new("the key of its salt is gone"))?));
        proof.leaf_content = Some(Digits(content));
        proof.recorded_at = Some(raw.recorded_at);
        Ok(())
    };
    fill().map_err(LogError::damaged(position))?;
    Ok(proof)
}

impl Proof {
    /// The head that it says it leads to.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The position that it is about.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Reckons the commitment from what is shown, and tells what that proves.
    ///
    /// # Errors
    ///
    /// When it is no proof, does not lead to its head, or shows what it does not prove.
    pub fn check(&self) -> Result<Proven, ProofError> {
        let Self { head, position, .. } = *self;
        let fails = |what: String| Err(ProofError::Fails { what });
        let Some(index) = position.0.checked_sub(1) else {
            return Err(ProofError::Unfit { what: "it is of position 0, and positions begin at 1".into() });
        };
        if position > head.position {
            return fails(format!("position {position} comes after its head, which is {}", head.position));
        }
        let leaf = self.leaf()?;
        let path: Vec<Hash> = self.path.iter().map(|digits| digits.0).collect();
        match commitment::root_of_path(leaf, index, head.position.0, &path) {
            Some(root) if root == head.commitment => {}
            Some(root) => {
                return fails(format!(
                    "it leads to the commitment {}, and its head has {}",
                    Digits(root),
                    Digits(head.commitment)
                ));
            }
            None => {
                let count = path.len();
                return fails(format!(
                    "{count} hashes do not lead from position {position} to {}",
                    head.position
                ));
            }
        }
        let (recorded_at, content) = self.content()?;
        if self.recorded_at != recorded_at {
            return fails("its recorded_at is not what its leaf_content says".to_owned());
        }
        Ok(Proven { position, head, recorded_at, content })
    }

    /// The leaf: that of salt and content, or what was left of them.
    fn leaf(&self) -> Result<Hash, ProofError> {
        match (&self.salt, &self.leaf_content, &self.leaf) {
            (Some(salt), Some(content), None) => Ok(commitment::leaf(&salt.0, &content.0)),
            (None, None, Some(leaf)) => Ok(leaf.0),
            _ => {
                let what = "it must have a salt and a leaf_content, or a leaf where these were destroyed";
                Err(ProofError::Unfit { what: what.to_owned() })
            }
        }
    }

    /// When the log took it, and what it says.
    fn content(&self) -> Result<(Option<Time>, Content), ProofError> {
        let Some(bytes) = &self.leaf_content else { return Ok((None, Content::Destroyed)) };
        let unread = |damage: Damage| ProofError::Unread { what: damage.0 };
        let (recorded_at, said) = raw::read_canonical(&bytes.0).map_err(unread)?;
        let content = match said {
            Said::Event(event) => Content::Event(event),
            Said::Redaction(record) => {
                let positions = record.positions.into_iter().map(Position).collect();
                Content::Redaction { positions, reason: record.reason }
            }
        };
        Ok((Some(recorded_at), content))
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)? {
            told if told == SCHEMA => Ok(Self),
            told => Err(serde::de::Error::custom(format!("schema {told:?}, and {SCHEMA:?} is wanted"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use event::Payload;

    use super::*;
    use crate::log::Mode;
    use crate::log::block::records::RedactedV1;
    use crate::log::block::{self, registry};
    use crate::log::bytes::codec;
    use crate::log::commitment::{Frontier, UNIT_EVENTS};
    use crate::log::reading::read::Span;

    fn log_of(events: u64) -> (tempfile::TempDir, Log) {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
        let event = |id| Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::MIN, Payload::Waiting);
        log.append_blocking((1..=events).map(event).collect(), Time::MAX).unwrap();
        (dir, log)
    }

    /// Puts into the place of the event at `position` what stays when its content is destroyed.
    fn destroy(log: &Log, position: Position) {
        let block = read::block_at(&log.store, position).unwrap();
        let mut leaves = Leaves::new(log.keys().unwrap().salts);
        let leaves = leaves.of_block(&block).unwrap();
        let number = (position.0 - 1) as usize;
        let mut record = Vec::new();
        codec::write(&mut record, &RedactedV1 { leaf: leaves[number], name: [1; 16] }).unwrap();
        let mut events = block.raws().unwrap();
        events[number] = raw::Raw {
            code: registry::REDACTED,
            source: "",
            id: "",
            consultation: "",
            record: &record,
            ..events[number]
        };
        let blocks = block::encode(&mut Frontier::default(), &events, &leaves).unwrap();
        let old: Vec<_> = log.store.entries(Position::START).map(Result::unwrap).collect();
        log.store.edit_blocks(&old, &blocks, &[]).unwrap();
    }

    #[test]
    fn what_was_destroyed_stands_where_it_stood() {
        let (_dir, log) = log_of(9);
        let (head, before) = (log.commitment().unwrap(), log.prove(Position(4), None).unwrap());
        destroy(&log, Position(4));
        assert_eq!(log.commitment().unwrap(), head);
        let proof = log.prove(Position(4), None).unwrap();
        let destroyed =
            Proven { position: Position(4), head, recorded_at: None, content: Content::Destroyed };
        assert_eq!(proof.check().unwrap(), destroyed);
        let told = serde_json::to_string(&proof).unwrap();
        assert!(told.contains("\"salt\":null,\"leaf_content\":null,\"leaf\":\""), "{told}");
        assert_eq!(serde_json::from_str::<Proof>(&told).unwrap(), proof);
        // What was proven before stays proven, and the others can be.
        assert!(matches!(before.check().unwrap().content, Content::Event(_)));
        assert!(matches!(log.prove(Position(5), None).unwrap().check().unwrap().content, Content::Event(_)));
        // A time beside what nobody can read any more is not proven.
        let dated = Proof { recorded_at: Some(Time::MAX), ..proof.clone() };
        assert!(matches!(dated.check(), Err(ProofError::Fails { .. })));
        let both = Proof { leaf: proof.leaf, ..before };
        assert!(matches!(both.check(), Err(ProofError::Unfit { .. })));
    }

    /// The definition of RFC 9162, as it stands there.
    fn naive(leaves: &[Hash]) -> Hash {
        if let [leaf] = leaves {
            return *leaf;
        }
        let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
        *blake3::Hasher::new().update(&[1]).update(&naive(left)).update(&naive(right)).finalize().as_bytes()
    }

    #[test]
    fn proofs_hold_around_every_end_of_a_unit() {
        let (_dir, log) = log_of(0);
        let last = 2 * UNIT_EVENTS + 300;
        let event = |id: u64| Event::new("s", id.to_string(), "c", Time::MIN, Payload::Completed);
        for batch in (1..=last).collect::<Vec<_>>().chunks(777) {
            log.append_blocking(batch.iter().map(|id| event(*id)).collect(), Time::MAX).unwrap();
        }
        let (mut all, mut leaves) = (Vec::new(), Leaves::new(log.keys().unwrap().salts));
        past::each_leaf(&log.store, &mut leaves, Span::of(.., log.head()), |leaf| all.push(leaf)).unwrap();
        for head in [4095, 4096, 4097, 8191, 8192, 8193, last] {
            let head = log.head_at(Position(head)).unwrap();
            assert_eq!(head.commitment, naive(&all[..head.position.0 as usize]));
            let near = [1, 2, 2048, 4095, 4096, 4097, 6000, 8192, 8193, 8400, last];
            for position in near.into_iter().filter(|position| *position <= head.position.0) {
                let proven = log.prove(Position(position), Some(head.position)).unwrap().check().unwrap();
                assert_eq!((proven.position.0, proven.head), (position, head));
                assert_eq!(proven.content, Content::Event(Box::new(event(position))));
            }
        }
    }

    #[test]
    fn bytes_that_no_event_has_are_told_though_they_are_committed_to() {
        let content = b"2 of another form".to_vec();
        let commitment = commitment::leaf(&[7; 32], &content);
        let proof = Proof {
            schema: Schema,
            store: Digits([1; 16]),
            head: Head { position: Position(1), commitment },
            position: Position(1),
            recorded_at: None,
            salt: Some(Digits([7; 32])),
            leaf_content: Some(Digits(content)),
            leaf: None,
            path: vec![],
        };
        let error = proof.check().unwrap_err();
        assert!(matches!(&error, ProofError::Unread { what } if what.contains("newer")), "{error}");
    }

    #[test]
    fn a_position_that_is_not_there_is_told_with_those_that_are() {
        let (_dir, log) = log_of(9);
        let check = |position, at: Option<u64>, told: &str| {
            let error = log.prove(Position(position), at.map(Position)).unwrap_err().to_string();
            assert!(error.starts_with("there is no position ") && error.contains(told), "{error}");
        };
        check(0, None, "name one from 1 to 9");
        check(10, None, "name one from 1 to 9");
        check(6, Some(5), "position 6 in a log that ends at 5; name one from 1 to 5");
        check(1, Some(0), "holds no event");
        check(1, Some(10), "position 10 in a log that ends at 9");
    }
}
