//! The feed of Video Insights: what Twilio answers about rooms and participants afterwards.

use std::io::BufRead;

use event::{Declaration, Kind, KindSet, Payload};
use memchr::memmem;

use super::{END, PLATFORM, Seen, departure, joined};
use crate::document::Document;
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, naming};

/// The feed of Twilio Video Insights.
#[derive(Debug, Clone, Copy)]
pub struct TwilioInsights;

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Rejoined]);
const INFERRED: KindSet = KindSet::of(&[Kind::Left, Kind::Dropped, Kind::Completed]);

impl Feed for TwilioInsights {
    fn name(&self) -> &'static str {
        "twilio-insights"
    }

    fn title(&self) -> &'static str {
        "Twilio Video Insights (Video Log Analyzer)"
    }

    fn about(&self) -> &'static str {
        "The answers to requests for /v1/Video/Rooms and /v1/Video/Rooms/{sid}/Participants, one resource or \
         a page of them, one or many after another, and the room and participant summaries of Twilio's event \
         streams. They tell who came and went and, by error_code and end_reason, whose connection was lost; \
         not who failed to get in, nor when sound or picture was lost. Twilio keeps them for days only. \
         The consultation is room_sid, or, where a resource has it, room_name by --map with consultation = \
         \"room_name\". Nobody is marked as the clinician: any two participants make the two sides."
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
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) || !has(b"\"room_sid\"") {
            return false;
        }
        if has(b"\"specversion\"") {
            return has(b"\"com.twilio.video.insights.");
        }
        has(b"\"participant_sid\"") || has(b"\"processing_state\"") || has(b"\"room_status\"")
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, ["room_sid", "room_name"])?;
        tale::read(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(TwilioInsights.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let told = match (document.list("participants"), document.list("rooms")) {
        (Some(page), _) | (_, Some(page)) => {
            page.iter().flat_map(|one| of_page(one, naming, settings)).collect()
        }
        // The event streams put the same resource into an envelope.
        _ => match document.object("data").filter(|_| document.has("specversion")) {
            Some(data) => resource(&data, naming, settings)?,
            None => resource(document, naming, settings)?,
        },
    };
    Ok(Tale { told, declaration: declaration() })
}

/// What one resource of a page tells; a refusal costs that one alone.
fn of_page(one: &Document<'_>, naming: &str, settings: &Settings) -> Vec<Told> {
    resource(one, naming, settings).unwrap_or_else(|refusal| vec![Told::Refused(refusal, one.json())])
}

fn resource(told: &Document<'_>, naming: &str, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    let is_participant = told.has("participant_sid") || told.has("participant_identity");
    let is_room = told.has("room_sid") && (told.has("end_time") || told.has("create_time"));
    if !is_participant && !is_room {
        let why = if told.has("code") && told.has("message") {
            "this is an error that Twilio answered, not a resource: ask again"
        } else {
            "this is neither a room nor a participant of Twilio Video Insights"
        };
        return Err(told.missing("participant_sid", why));
    }
    let room = match (told.name(naming)?, &settings.consultation) {
        (Some(room), _) => room,
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(told.missing(naming, "it names the room, and so the consultation")),
    };
    let source = match (&settings.source, told.name("account_sid")?) {
        (Some(source), _) => source.clone(),
        (None, Some(account)) => format!("urn:twilio:{account}:insights"),
        (None, None) => "urn:twilio:insights".to_owned(),
    };
    if is_participant {
        return stay(told, &source, &room);
    }
    let Some(at) = told.time("end_time")? else {
        return Ok(vec![Told::Skipped("a room that has not ended".into())]);
    };
    let seen = Seen { source: &source, room: &room, who: None };
    Ok(vec![Told::Event(seen.event(Payload::Completed, at))])
}

/// The stay of one participant.
fn stay(told: &Document<'_>, source: &str, room: &str) -> Result<Vec<Told>, Refusal> {
    let (identity, sid) = (told.name("participant_identity")?, told.name("participant_sid")?);
    let why = "a participant needs a participant_identity or a participant_sid";
    let name = identity.or_else(|| sid.clone());
    let name = name.ok_or_else(|| told.missing("participant_identity", why))?;
    let connection = sid.unwrap_or_else(|| name.clone());
    let seen = Seen { source, room, who: Some((&name, &connection)) };
    let came =
        told.time("join_time")?.ok_or_else(|| told.missing("join_time", "it says when they joined"))?;
    let mut tale = vec![Told::Event(seen.event(joined(), came))];
    match told.time("leave_time")? {
        Some(went) => {
            let payload = departure::payload(told.name("end_reason")?, error_code(told)?);
            tale.push(Told::Event(seen.event(payload, went)));
        }
        None => tale.push(Told::Skipped("a participant who has not left yet: ask again for the end".into())),
    }
    Ok(tale)
}

fn error_code(told: &Document<'_>) -> Result<Option<i64>, Refusal> {
    let Some(code) = told.name("error_code")? else { return Ok(None) };
    match code.parse() {
        Ok(0) => Ok(None),
        Ok(code) => Ok(Some(code)),
        Err(_) => Err(told.wrong("error_code", "a number such as 53001, or null")),
    }
}

const CAVEATS: &[(Kind, &str)] = &[
    (Kind::Left, "every end of a stay that neither error_code nor end_reason tells as a lost connection"),
    (
        Kind::Dropped,
        "told by error_code and end_reason, and only once Twilio gave the connection up; an end without either reads like leaving: a lower bound",
    ),
    (Kind::Completed, END),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "participant: join_time",
        ours: Some(Kind::Joined),
        why: "each stay of a participant; a return is another, with another participant_sid",
    },
    Rule {
        theirs: "participant: leave_time",
        ours: Some(Kind::Left),
        why: "inferred; the end_reason is kept; of error codes 53118 is room_completed, 53205 duplicate_identity, 53216 session_length_exceeded, others error_<code> where there is no end_reason",
    },
    Rule {
        theirs: "participant: leave_time, connection lost",
        ours: Some(Kind::Dropped),
        why: "inferred: error codes 53000 to 53006 (reason signaling) and 53400 to 53409 (reason media), or an end_reason that names signaling, media, connection, ice or network",
    },
    Rule { theirs: "room: end_time", ours: Some(Kind::Completed), why: "inferred, whatever its end_reason" },
    Rule {
        theirs: "participant without leave_time, room without end_time",
        ours: None,
        why: "it goes on: ask again when it has ended",
    },
];
