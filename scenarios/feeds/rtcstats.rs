//! rtcstats: what a browser wrote of its own peer connections, one client a file.
//!
//! Two dialects are read: dumps of Jitsi's rtcstats-server (a line is name, connection, value, time) and
//! the rtcstats format (`RTCStatsDump`, names and properties as numbers, times as differences). The
//! consultation is what the application calls the meeting (else a name derived from its room and when it
//! began), the participant what it calls the user, the device or the endpoint, the first that is told; the
//! duplicate key is both, the kind, the time and the reason. All is counted for the client, not for its connections:
//! it is there while any connection of the call is up; one without sound or picture is a probe.

mod client;
mod dump;
mod entry;
mod media;
mod who;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use std::io::BufRead;

use event::{Declaration, Kind, KindSet};

use crate::{Feed, FeedError, Rule, Settings, Sink, declare, tale};

/// The feed of rtcstats dumps.
#[derive(Debug, Clone, Copy)]
pub struct RtcStats;

const OBSERVED: KindSet = KindSet::of(&[
    Kind::JoinAttempted,
    Kind::JoinFailed,
    Kind::Joined,
    Kind::Dropped,
    Kind::Rejoined,
    Kind::AudioLost,
    Kind::AudioRestored,
    Kind::VideoLost,
    Kind::VideoRestored,
]);
const INFERRED: KindSet = KindSet::of(&[Kind::Left]);

impl Feed for RtcStats {
    fn name(&self) -> &'static str {
        "rtcstats"
    }

    fn title(&self) -> &'static str {
        "rtcstats and Jitsi dumps"
    }

    fn about(&self) -> &'static str {
        "What one browser wrote of its peer connections and of getStats, one client a file: read the files \
         of both sides. It tells when the client was connected and when it was not, to the millisecond, and \
         when sound or picture did not arrive, as finely as it was sampled (every one to ten seconds). It \
         cannot tell what the other side heard, a waiting room, when somebody left whose dump just ends, nor \
         whether a consultation was completed. The role of the client is what the settings say. Where the \
         application tells neither a user nor a device, everybody who loads the page anew is somebody new."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        Some(declaration(None))
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or(head).trim_ascii_end();
        line == dump::HEADER || entry::begins_dump(line)
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        tale::check_settings(settings)?;
        dump::read(input, settings, sink)
    }
}

/// What a source can tell whose consultations are held on `platform`.
fn declaration(platform: Option<&str>) -> Declaration {
    let told = declare::declaration(RtcStats.name(), OBSERVED, INFERRED);
    Declaration { platform: platform.map(str::to_owned), ..told }
}

const CAVEATS: &[(Kind, &str)] = &[(
    Kind::Left,
    "the client closed its connections; a dump that ends while it is connected tells no departure: the page crashed, lost its network for good, or the dump was cut",
)];

const RULES: &[Rule] = &[
    Rule {
        theirs: "create",
        ours: Some(Kind::JoinAttempted),
        why: "the first connection of the call, once it turns out to carry sound or picture; again after a failure",
    },
    Rule {
        theirs: "onconnectionstatechange connected",
        ours: Some(Kind::Joined),
        why: "the first connection of the call that is up; where no connection states are told, the ICE state connected or completed",
    },
    Rule {
        theirs: "onconnectionstatechange disconnected, failed",
        ours: Some(Kind::Dropped),
        why: "after it was up, and no other connection of the call is; the reason is the state, and how long counts is for the grace rule",
    },
    Rule {
        theirs: "onconnectionstatechange connected, after a drop",
        ours: Some(Kind::Rejoined),
        why: "by the same connection or by another one",
    },
    Rule {
        theirs: "onconnectionstatechange failed, before connected",
        ours: Some(Kind::JoinFailed),
        why: "no connection of the call was ever up: connection_failed; a direct connection beside the bridge does not count",
    },
    Rule {
        theirs: "getUserMediaOnFailure",
        ours: Some(Kind::JoinFailed),
        why: "before the client was ever connected: camera or microphone could not be had; the reason is the name of the error",
    },
    Rule {
        theirs: "close",
        ours: Some(Kind::Left),
        why: "inferred: the last connection of the call was closed",
    },
    Rule {
        theirs: "the end of the dump",
        ours: None,
        why: "the client may go on after it: counted where it is still connected",
    },
    Rule {
        theirs: "getStats, audio",
        ours: Some(Kind::AudioLost),
        why: "between two samples at least half of the packets were lost (of 50 or more), at least half of what was played was audibly made up, or nothing at all arrived; restored with the first interval that is better",
    },
    Rule {
        theirs: "getStats, video",
        ours: Some(Kind::VideoLost),
        why: "between two samples at least half of the packets were lost, the picture was frozen for at least half of the time, or nothing at all arrived",
    },
    Rule {
        theirs: "connections without sound or picture",
        ours: None,
        why: "probes of the network: their failure is not the call's",
    },
    Rule {
        theirs: "identity, connectionInfo",
        ours: None,
        why: "who the client is and which meeting: part of every event; names and addresses are not taken",
    },
    Rule {
        theirs: "getDisplayMediaOnFailure",
        ours: None,
        why: "a screen that was not shared keeps nobody out of the call",
    },
];
