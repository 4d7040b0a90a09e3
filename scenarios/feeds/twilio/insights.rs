//! The feed of Video Insights: what Twilio answers about rooms and participants afterwards.

use std::io::BufRead;

use event::{Declaration, Kind, KindSet, Payload, Time};
use memchr::memmem;

use super::departure::{Departure, TAKEN_OVER};
use super::{END, PLATFORM, Seen, TwilioSignature, joined};
use crate::document::Document;
use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::stay::{Overlaps, Stay, WITHIN};
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, naming, side};

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
         not who failed to get in, nor when sound or picture was lost. Stays of one identity that overlap on one page \
         are one stay; beside another page, or one by one, each is told by itself. Twilio keeps them for days only. \
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

    fn scheme(&self) -> Option<&'static dyn Scheme> {
        Some(&TwilioSignature)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        if !begins_json(head) || !has(b"\"room_sid\"") {
            return false;
        }
        if has(b"\"specversion\"") {
            return has(b"\"com.twilio.video.insights.");
        }
        has(b"\"participant_sid\"") || has(b"\"processing_state\"") || has(b"\"room_status\"")
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        side::refuse_others(settings, "Twilio")?;
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
        (Some(page), _) | (_, Some(page)) => of_page(&page, naming, settings),
        // The event streams put the same resource into an envelope.
        _ => {
            let data = document.object("data").filter(|_| document.has("specversion"));
            let one = data.as_ref().unwrap_or(document);
            of_resources(vec![(one, Ok(resource(one, naming, settings)?))])
        }
    };
    Ok(Tale { told, declaration: declaration() })
}

/// What a page tells; a refusal costs one resource alone.
fn of_page(page: &[Document<'_>], naming: &str, settings: &Settings) -> Vec<Told> {
    if page.is_empty() {
        return vec![Told::Skipped("a page without a resource".into())];
    }
    of_resources(page.iter().map(|one| (one, resource(one, naming, settings))).collect())
}

/// A resource.
enum Resource {
    Room { source: String, room: String, ended: Option<Time> },
    Participant(Participant),
}

/// A stay, by room and identity, and how it ended.
struct Participant {
    source: String,
    stay: Stay<(String, String)>,
    departure: Departure,
}

/// What the resources tell that stand together; a stay of one room may overlap another.
fn of_resources(resources: Vec<(&Document<'_>, Result<Resource, Refusal>)>) -> Vec<Told> {
    let stays = resources.iter().filter_map(|(_, resource)| match resource {
        Ok(Resource::Participant(participant)) => Some(participant.stay.clone()),
        _ => None,
    });
    let stays: Vec<_> = stays.collect();
    let overlaps = Overlaps::among(&stays);
    let mut told = Vec::new();
    let mut at = 0;
    for (one, resource) in resources {
        match resource {
            Ok(Resource::Participant(participant)) => {
                participant.tell(&overlaps, at, &mut told);
                at += 1;
            }
            Ok(Resource::Room { source, room, ended: Some(ended) }) => {
                let seen = Seen { source: &source, room: &room, who: None };
                told.push(Told::Event(seen.event(Payload::Completed, ended)));
            }
            Ok(Resource::Room { .. }) => told.push(Told::Skipped("a room that has not ended".into())),
            Err(refusal) => told.push(Told::Refused(refusal, one.json())),
        }
    }
    told
}

fn resource(told: &Document<'_>, naming: &str, settings: &Settings) -> Result<Resource, Refusal> {
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
        return participant(told, source, room).map(Resource::Participant);
    }
    Ok(Resource::Room { source, room, ended: told.time("end_time")? })
}

/// The stay of one participant.
fn participant(told: &Document<'_>, source: String, room: String) -> Result<Participant, Refusal> {
    let (identity, sid) = (told.name("participant_identity")?, told.name("participant_sid")?);
    let why = "a participant needs a participant_identity or a participant_sid";
    let name = identity.or_else(|| sid.clone());
    let name = name.ok_or_else(|| told.missing("participant_identity", why))?;
    let connection = sid.unwrap_or_else(|| name.clone());
    let came =
        told.time("join_time")?.ok_or_else(|| told.missing("join_time", "it says when they joined"))?;
    let went = told.time("leave_time")?;
    let departure = Departure::of(told.text("end_reason"), error_code(told)?);
    let stay = Stay { person: (room, name), connection, came, went };
    Ok(Participant { source, stay, departure })
}

impl Participant {
    /// What it tells, the stay at place `at` of those that `overlaps` knows.
    fn tell(self, overlaps: &Overlaps, at: usize, told: &mut Vec<Told>) {
        let Stay { person: (room, name), connection, came, went } = &self.stay;
        let seen = Seen { source: &self.source, room, who: Some((name, connection)) };
        if !overlaps.begins_within(at) {
            told.push(Told::Event(seen.event(joined(), *came)));
        }
        match went {
            Some(_) if overlaps.ends_within(at) => {}
            Some(went) => {
                told.extend(self.departure.payload().map(|payload| Told::Event(seen.event(payload, *went))));
                told.extend(self.departure.note().map(|note| Told::Skipped(note.into())));
            }
            None => {
                told.push(Told::Skipped("a participant who has not left yet: ask again for the end".into()))
            }
        }
        if overlaps.hide(at) {
            told.push(Told::Skipped(WITHIN.into()));
        }
    }
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
        why: "each stay of a participant; a return is another, with another participant_sid; stays of one identity that overlap on a page are one",
    },
    Rule {
        theirs: "participant: leave_time",
        ours: Some(Kind::Left),
        why: "inferred; the end_reason is kept where it is a code; of error codes 53118 is room_completed, 53216 session_length_exceeded, others error_<code> where there is no end_reason",
    },
    Rule {
        theirs: "participant: leave_time, connection lost",
        ours: Some(Kind::Dropped),
        why: "inferred: error codes 53000 to 53006 (reason signaling) and 53400 to 53409 (reason media), or an end_reason that names signaling, media, connection, ice or network",
    },
    Rule { theirs: "participant: leave_time, error code 53205", ours: None, why: TAKEN_OVER },
    Rule { theirs: "room: end_time", ours: Some(Kind::Completed), why: "inferred, whatever its end_reason" },
    Rule {
        theirs: "participant without leave_time, room without end_time",
        ours: None,
        why: "it goes on: ask again when it has ended",
    },
];
