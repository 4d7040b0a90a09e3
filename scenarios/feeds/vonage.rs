//! Vonage Video (OpenTok): callbacks of session monitoring.
//!
//! A callback is one thing that happened to a connection, a stream or a session. The session is the
//! consultation. A participant is the id that the application put into the connection's data as JSON
//! (`userId` and the like), since a return is another connection; without one it is the connection. The
//! duplicate key is session, event, connection and time, so that a callback that is sent again is one
//! event. Reasons are kept as codes; `networkDisconnected` and a failure of the platform are drops.

mod callback;
mod departure;
mod person;
mod reading;
mod signature;

#[cfg(test)]
mod tests;

pub(crate) use signature::VonageToken;

use std::io::BufRead;

use event::{Declaration, Kind, KindSet};
use memchr::memmem;

use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::{Feed, FeedError, Rule, Settings, Sink, declare};

/// The level of the dimension platform.
const PLATFORM: &str = "vonage";

/// The feed of Vonage session monitoring.
#[derive(Debug, Clone, Copy)]
pub struct Vonage;

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Rejoined, Kind::Left, Kind::Dropped]);
const INFERRED: KindSet = KindSet::of(&[Kind::Completed]);

impl Feed for Vonage {
    fn name(&self) -> &'static str {
        "vonage"
    }

    fn title(&self) -> &'static str {
        "Vonage Video (OpenTok) session monitoring"
    }

    fn about(&self) -> &'static str {
        "The bodies of callbacks that Vonage sends while sessions are held, one a line or in an array. They \
         tell who connected and disconnected, and why. They cannot tell who failed to get in, nor when sound \
         or picture was lost: a stream that ends was muted, stopped or left, and clients that reconnect by \
         themselves are not told of. Create a session for each consultation, and put an id for the user and \
         the role into the connection's data, as JSON: without it everybody who returns is somebody new. Read \
         the callbacks of a session together: one that leaves the data out says who left only beside its \
         connectionCreated."
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

    fn scheme(&self) -> Option<&'static dyn Scheme> {
        Some(&VonageToken)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let events = [
            b"\"connectionCreated\"".as_slice(),
            b"\"connectionDestroyed\"",
            b"\"streamCreated\"",
            b"\"streamDestroyed\"",
            b"\"sessionCreated\"",
            b"\"sessionDestroyed\"",
        ];
        begins_json(head)
            && has(b"\"sessionId\"")
            && (has(b"\"projectId\"") || has(b"\"applicationId\""))
            && (has(b"\"event\"") && events.into_iter().any(has) || has(b"\"outputMode\""))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        reading::read(input, settings, sink)
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(Vonage.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

const CAVEATS: &[(Kind, &str)] = &[(
    Kind::Completed,
    "the session stopped being used and no reason is told, which Vonage also says when nobody stayed",
)];

const RULES: &[Rule] = &[
    Rule {
        theirs: "connectionCreated",
        ours: Some(Kind::Joined),
        why: "a return is told as another one; when the connection was made",
    },
    Rule {
        theirs: "connectionDestroyed",
        ours: Some(Kind::Left),
        why: "clientDisconnected, and reasons that are not known; forceDisconnected is a moderator's doing, or a service of the platform that failed. Without data of its own it needs the connectionCreated in the same input",
    },
    Rule {
        theirs: "connectionDestroyed, networkDisconnected",
        ours: Some(Kind::Dropped),
        why: "the network connection broke off",
    },
    Rule {
        theirs: "connectionDestroyed, Internal server failure",
        ours: Some(Kind::Dropped),
        why: "the platform failed: internal_server_failure",
    },
    Rule {
        theirs: "sessionDestroyed",
        ours: Some(Kind::Completed),
        why: "inferred: the last client was gone",
    },
    Rule {
        theirs: "sessionDestroyed with a reason",
        ours: None,
        why: "the session was cut short or failed: no consultation was completed by that",
    },
    Rule { theirs: "sessionCreated", ours: None, why: "who connected is told by itself" },
    Rule {
        theirs: "streamCreated, streamDestroyed",
        ours: None,
        why: "a stream that ends is muted, stopped or left; mediaStopped is told of shared screens alone: no loss can be read from it",
    },
    Rule {
        theirs: "callCreated, callUpdated, callDestroyed",
        ours: None,
        why: "a telephone or room system that was called in; it connects like everybody else",
    },
    Rule {
        theirs: "archive, broadcast, captions",
        ours: None,
        why: "the state of a recording or broadcast is no event of a consultation",
    },
];
