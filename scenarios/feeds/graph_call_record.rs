//! Microsoft Graph call records: what Teams wrote down of a call after it.
//!
//! A record is the consultation, by its id; its sessions are stays of people. A participant is the id of
//! the user, guest or other identity of an endpoint; a telephone's id is its number, so a name derived
//! from it stands in its place. The duplicate key is record, session, side, kind and moment: a later version
//! of a record adds what is new or came at another time, and what it took back stays, so that of each record
//! the last version alone should be read. A failure's stage says what it was: set
//! up (could not get in) or mid-call (dropped); its reason is kept as a code. What is null was not told,
//! and nothing good is read from it.

mod person;
mod record;
mod session;

#[cfg(test)]
mod tests;

use std::io::BufRead;

use event::{Declaration, Kind, KindSet};
use memchr::memmem;

use crate::document::Document;
use crate::frame::begins_json;
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, naming};

/// The level of the dimension platform.
const PLATFORM: &str = "teams";

/// The feed of Microsoft Graph call records.
#[derive(Debug, Clone, Copy)]
pub struct GraphCallRecord;

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Dropped, Kind::Rated]);
const INFERRED: KindSet =
    KindSet::of(&[Kind::JoinFailed, Kind::Rejoined, Kind::Left, Kind::Completed, Kind::Converted]);

impl Feed for GraphCallRecord {
    fn name(&self) -> &'static str {
        "graph-call-record"
    }

    fn title(&self) -> &'static str {
        "Microsoft Graph call records (Teams)"
    }

    fn about(&self) -> &'static str {
        "The summaries that Microsoft Graph gives of Teams calls after they ended, with sessions and \
         segments expanded, one by one or as a list. Teams revises records (version): read the last version of each \
         alone, in one document with all pages of its sessions. They tell who came and went, set-up failures and \
         mid-call drops, and what callers and callees thought. They cannot tell when sound or picture was \
         lost: quality comes as averages over whole streams. A return is another session. The organizer is \
         read as the clinician; the role of the others is what the settings say. The \
         consultation is the record's id, or the meeting's joinWebUrl by --map with consultation = \
         \"joinWebUrl\", where each consultation is a meeting of its own; calls between two have none."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        Some(declaration())
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let kinds = [b"\"groupCall\"".as_slice(), b"\"peerToPeer\"", b"\"sessions\"", b"\"organizer_v2\""];
        // A table of events may well speak of call records, too.
        begins_json(head)
            && !has(b"\"specversion\"")
            && (has(b"callRecords") || has(b"\"modalities\"") && kinds.into_iter().any(has))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, ["id", "joinWebUrl"])?;
        tale::read(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(GraphCallRecord.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    Ok(Tale { told: documents(document, naming, settings)?, declaration: declaration() })
}

/// A record, or a page of records.
fn documents(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    let Some(list) = document.list("value") else { return record::tell(document, naming, settings) };
    let context = document.text("@odata.context").unwrap_or_default();
    let mut told = Vec::new();
    for one in list {
        match record::tell_within(&one, context, naming, settings) {
            Ok(tale) => told.extend(tale),
            Err(refusal) => told.push(Told::Refused(refusal, one.json())),
        }
    }
    if document.has("@odata.nextLink") {
        told.push(Told::Skipped("one page of several: get the others by @odata.nextLink".into()));
    }
    if told.is_empty() {
        told.push(Told::Skipped("an empty list".into()));
    }
    Ok(told)
}

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::Rejoined,
        "another session of the same person; Teams reconnects within a session, too, and does not tell",
    ),
    (
        Kind::JoinFailed,
        "a set-up failure, or a call between two that lasted no time: of both some are people who hung up before an answer",
    ),
    (
        Kind::Left,
        "the session ended without a failure; a network that was lost and not noticed reads the same",
    ),
    (
        Kind::Completed,
        "the call ended and its last session did not fail; people who gave up leave the same way",
    ),
    (
        Kind::Converted,
        "a telephone was called into a video call that had begun; the picture may have gone on",
    ),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "session: startDateTime",
        ours: Some(Kind::Joined),
        why: "each endpoint that is a person; a return is another session; sessions of one person that overlap are one stay",
    },
    Rule {
        theirs: "session: endDateTime",
        ours: Some(Kind::Left),
        why: "inferred where no failure is told, or one of unknown stage; not while another session of the person goes on",
    },
    Rule {
        theirs: "session: failureInfo.stage midcall",
        ours: Some(Kind::Dropped),
        why: "at the end of the session, unless another of the person goes on, with the reason where it is a code; of a call between two it is told of the caller, once",
    },
    Rule {
        theirs: "session: failureInfo.stage callSetup",
        ours: Some(Kind::JoinFailed),
        why: "with the reason where it is a code; of a call between two it is told of the caller",
    },
    Rule {
        theirs: "session: callSetup, to a telephone or hung up",
        ours: None,
        why: "hanging up before an answer is told as a set-up failure and is none: declined, cancelled, busy, not answered, or any call to a telephone",
    },
    Rule {
        theirs: "session between two that lasted no time",
        ours: Some(Kind::JoinFailed),
        why: "inferred where no failure is told: zero_length",
    },
    Rule {
        theirs: "feedback.rating",
        ours: Some(Kind::Rated),
        why: "bad 1, poor 2, fair 3, good 4, excellent 5, of caller and callee each; notRated and null are no rating; the text is refused",
    },
    Rule {
        theirs: "session: phone, later than a video call began",
        ours: Some(Kind::Converted),
        why: "to phone, inferred",
    },
    Rule {
        theirs: "callRecord: endDateTime",
        ours: Some(Kind::Completed),
        why: "inferred: two people were in the call, and the last session did not fail; not of a page of its sessions",
    },
    Rule { theirs: "session: isTest", ours: None, why: "a test call is no consultation" },
    Rule {
        theirs: "media, streams",
        ours: None,
        why: "averages over a whole stream say nothing of when sound was lost; most of them are null",
    },
    Rule {
        theirs: "pstnCallLogRow, directRoutingLogRow",
        ours: None,
        why: "the bill of a telephone call is no video consultation",
    },
    Rule {
        theirs: "changeNotification",
        ours: None,
        why: "it names a record and does not hold it: get the record",
    },
];
