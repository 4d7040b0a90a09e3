//! The feed of documents that Zoom answers requests with: the dashboard, past meetings, and reports.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Kind, KindSet, Payload, Role, Time};
use memchr::memmem;

use super::breakout::Moves;
use super::departure::Departure;
use super::meeting::Meeting;
use super::person::{Person, account, role};
use super::{NAMES, PLATFORM};
use crate::document::Document;
use crate::frame::begins_json;
use crate::stay::{Overlaps, Stay, WITHIN};
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, naming};

/// The feed of documents from Zoom's dashboard and past meetings.
#[derive(Debug, Clone, Copy)]
pub struct ZoomDashboard;

const OBSERVED: KindSet =
    KindSet::of(&[Kind::Waiting, Kind::Joined, Kind::Rejoined, Kind::Left, Kind::Rated]);
const INFERRED: KindSet = KindSet::of(&[Kind::JoinAttempted, Kind::Dropped, Kind::Completed]);
/// Past meetings give no leave reasons and no time to join.
const OBSERVED_IN_PAST: KindSet = KindSet::of(&[Kind::Waiting, Kind::Joined, Kind::Rejoined, Kind::Left]);
const INFERRED_IN_PAST: KindSet = KindSet::of(&[Kind::Completed]);

impl Feed for ZoomDashboard {
    fn name(&self) -> &'static str {
        "zoom-dashboard"
    }

    fn title(&self) -> &'static str {
        "Zoom dashboard and past meetings"
    }

    fn about(&self) -> &'static str {
        "The answers to requests for /metrics/meetings (a meeting, its participants, their satisfaction), \
         /past_meetings and /report/meetings (a meeting, its participants), as Zoom gives them, one or many \
         after another. Participants and satisfaction do not name their meeting: add \"uuid\" to the \
         document, or set the consultation. They tell who came and went, to the second, with device and \
         network; not who failed to get in, nor when sound or picture was lost. Past meetings and reports \
         give no reasons for leaving and are declared as a source of their own, blind to drops; guests in \
         them have another name after every return. Ask for one of the two, with every page in one document. \
         By --map with consultation = \"id\" the meeting's number names the consultation, where each is \
         booked under a number of its own."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        Some(declaration(Origin::Dashboard))
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let participants = has(b"\"participants\"") && (has(b"\"join_time\"") || has(b"\"quality\""));
        let meeting = has(b"\"uuid\"") && has(b"\"start_time\"") && !has(b"\"payload\"");
        begins_json(head) && (participants || meeting || has(b"\"user_qos\""))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, NAMES)?;
        tale::read(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

/// Where a document is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Dashboard,
    PastMeetings,
}

impl Origin {
    /// Where meetings are from; the dashboard neither counts participants in words nor adds up minutes.
    fn of_meetings(meetings: &[Document<'_>]) -> Self {
        let is_past = |told: &Document<'_>| told.has("participants_count") || told.has("total_minutes");
        if meetings.iter().any(is_past) { Self::PastMeetings } else { Self::Dashboard }
    }

    /// The source of its events. The two see different things: one source could not declare both.
    fn source(self, settings: &Settings) -> String {
        match (self, &settings.source) {
            (Self::Dashboard, Some(source)) => source.clone(),
            (Self::Dashboard, None) => "urn:zoom:dashboard".to_owned(),
            (Self::PastMeetings, Some(source)) => format!("{source}/past-meetings"),
            (Self::PastMeetings, None) => "urn:zoom:past-meetings".to_owned(),
        }
    }
}

fn declaration(origin: Origin) -> Declaration {
    let (observed, inferred) = match origin {
        Origin::Dashboard => (OBSERVED, INFERRED),
        Origin::PastMeetings => (OBSERVED_IN_PAST, INFERRED_IN_PAST),
    };
    let told = declare::declaration(ZoomDashboard.name(), observed, inferred);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let lists = [document.list("participants"), document.list("meetings")];
    if lists.iter().flatten().any(Vec::is_empty) {
        let told = vec![Told::Skipped("a list without a participant or meeting".into())];
        return Ok(Tale { told, declaration: declaration(Origin::Dashboard) });
    }
    let [participants, meetings] = lists;
    if let Some(participants) = participants {
        return of_participants(document, &participants, naming, settings);
    }
    if let Some(meetings) = meetings {
        let origin = Origin::of_meetings(&meetings);
        let ended = |meeting: &Document<'_>| Ok(vec![ended(meeting, origin, naming, settings)?]);
        let told = meetings.iter().flat_map(|meeting| collected(meeting, ended(meeting))).collect();
        return Ok(Tale { told, declaration: declaration(origin) });
    }
    if document.has("user_qos") {
        let told = vec![Told::Skipped(AVERAGES.into())];
        return Ok(Tale { told, declaration: declaration(Origin::Dashboard) });
    }
    if document.has("uuid") && document.has("start_time") {
        let origin = Origin::of_meetings(std::slice::from_ref(document));
        return Ok(Tale {
            told: vec![ended(document, origin, naming, settings)?],
            declaration: declaration(origin),
        });
    }
    if document.has("code") && document.has("message") {
        let why = "this is an error that Zoom answered, not a document: ask again";
        return Err(document.missing("participants", why));
    }
    let why = "this is neither a meeting nor a list of participants from Zoom's dashboard or past meetings";
    Err(document.missing("participants", why))
}

/// A meeting that is over.
fn ended(told: &Document<'_>, origin: Origin, naming: &str, settings: &Settings) -> Result<Told, Refusal> {
    let name = told.required_name(naming, "it names the meeting")?;
    let Some(at) = told.time("end_time")? else {
        return Ok(Told::Skipped("a meeting without end_time: it goes on, or the list does not tell".into()));
    };
    let meeting = Meeting { source: origin.source(settings), name };
    Ok(Told::Event(meeting.event(Payload::Completed, at, None)))
}

fn of_participants(
    document: &Document<'_>,
    participants: &[Document<'_>],
    naming: &str,
    settings: &Settings,
) -> Result<Tale, Refusal> {
    let any = |name: &str| participants.iter().any(|told| told.has(name));
    if !any("join_time") && any("quality") {
        let meeting = Meeting {
            source: Origin::Dashboard.source(settings),
            name: named(document, participants, naming, settings)?,
        };
        let told = participants.iter().flat_map(|told| collected(told, rated(told, &meeting))).collect();
        return Ok(Tale { told, declaration: declaration(Origin::Dashboard) });
    }
    // Their stays come without a reason for leaving: beside the dashboard's they would look like no drops.
    let untold = if any("user_qos") {
        Some(AVERAGES)
    } else if !any("join_time") && any("details") {
        Some("what was shared tells of no arrival and no departure")
    } else {
        None
    };
    if let Some(why) = untold {
        let told = vec![Told::Skipped(why.into())];
        return Ok(Tale { told, declaration: declaration(Origin::Dashboard) });
    }
    let marks = ["leave_reason", "network_type", "device", "data_center"];
    let origin = if marks.into_iter().any(any) { Origin::Dashboard } else { Origin::PastMeetings };
    let name = named(document, participants, naming, settings)?;
    let meeting = Meeting { source: origin.source(settings), name };
    let told = Attendance { meeting, moves: Moves::among(participants), settings }.tell(participants);
    Ok(Tale { told, declaration: declaration(origin) })
}

/// What one element of a list tells; a refusal costs that element alone.
fn collected(element: &Document<'_>, told: Result<Vec<Told>, Refusal>) -> Vec<Told> {
    told.unwrap_or_else(|refusal| vec![Told::Refused(refusal, element.json())])
}

/// What the meeting of a list of participants is called.
fn named(
    document: &Document<'_>,
    participants: &[Document<'_>],
    naming: &str,
    settings: &Settings,
) -> Result<String, Refusal> {
    let is_by_number = naming != NAMES[0];
    let names = if is_by_number { ["meeting_number", "meeting_id"] } else { ["uuid", "meeting_uuid"] };
    for name in names {
        if let Some(uuid) = document.name(name)? {
            return Ok(uuid);
        }
    }
    if let Some(name) = &settings.consultation {
        return Ok(name.clone());
    }
    if is_by_number {
        let why = "the document does not name its meeting: add \"meeting_number\", or name the consultation";
        return Err(document.missing("meeting_number", why));
    }
    let why = "the document does not name its meeting: add \"uuid\" with the meeting's uuid, or name the consultation";
    // A number names a series, or the room of a clinician. With its first arrival it names one meeting,
    // provided that everybody is on this page.
    let number = document.name("meeting_number")?.ok_or_else(|| document.missing("uuid", why))?;
    let is_whole = match document.number("total_records") {
        Some(total) => total <= participants.len() as f64,
        None => document.text("next_page_token").is_none(),
    };
    let mut first: Option<Time> = None;
    for told in participants {
        let at = told.time("join_time").ok().flatten();
        first = first.into_iter().chain(at).min();
    }
    match first {
        Some(first) if is_whole => Ok(format!("{number}@{first}")),
        _ => Err(document.missing("uuid", "meeting_number names a series and this is one page of several: add \"uuid\" with the meeting's uuid, or name the consultation")),
    }
}

fn rated(told: &Document<'_>, meeting: &Meeting) -> Result<Vec<Told>, Refusal> {
    let at = told
        .time("date_time")?
        .ok_or_else(|| told.missing("date_time", "it says when the rating was given"))?;
    let value = match told.text("quality").map(str::to_ascii_uppercase).as_deref() {
        Some("GOOD") => 2,
        Some("NOT GOOD" | "NOT_GOOD" | "BAD") => 1,
        _ => return Err(told.wrong("quality", "\"GOOD\" or \"NOT GOOD\"")),
    };
    let account = told.name("user_id")?;
    let person = account.map(|name| Person { name, role: None, connection: String::new() });
    let mut tale = vec![Told::Event(meeting.event(Payload::Rated { scale: 2, value }, at, person.as_ref()))];
    if told.text("comment").is_some() {
        tale.push(Told::Skipped("free text: the comment on a rating is refused".into()));
    }
    Ok(tale)
}

/// Who was in a meeting, from when to when.
struct Attendance<'a> {
    meeting: Meeting,
    moves: Moves,
    settings: &'a Settings,
}

/// A stay in the meeting, or in its waiting room.
struct Presence {
    row: usize,
    person: Person,
    came: Time,
    went: Option<Time>,
    departure: Departure,
    is_waiting: bool,
    time_to_join_ms: Option<i64>,
    context: Context,
}

impl Attendance<'_> {
    /// What is told of all rows; a refusal costs that row alone.
    fn tell(&self, rows: &[Document<'_>]) -> Vec<Told> {
        let read: Vec<_> = rows.iter().enumerate().map(|(row, told)| self.presence(row, told)).collect();
        let is_in = |presence: &&Presence| !presence.is_waiting;
        let stays: Vec<_> = read.iter().flatten().filter(is_in).map(|presence| self.stay(presence)).collect();
        let overlaps = Overlaps::among(&stays);
        let mut told = Vec::new();
        let mut at = 0;
        for (row, presence) in rows.iter().zip(read) {
            match presence {
                Ok(presence) if presence.is_waiting => {
                    told.push(self.event(&presence, Payload::Waiting, presence.came));
                }
                Ok(presence) => {
                    self.tell_stay(presence, &overlaps, at, &mut told);
                    at += 1;
                }
                Err(refusal) => told.push(Told::Refused(refusal, row.json())),
            }
        }
        told
    }

    fn presence(&self, row: usize, told: &Document<'_>) -> Result<Presence, Refusal> {
        let came =
            told.time("join_time")?.ok_or_else(|| told.missing("join_time", "it says when they came"))?;
        let role = told.text("role").map(|name| role(name == "host", self.settings));
        let person = Person::required(told, role)?;
        let departure = Departure::of(told.text("leave_reason"), told.text("user_name"));
        let is_waiting = told.text("status") == Some("in_waiting_room") || departure == Departure::NotIn;
        let departure = if self.moves.end(row).is_some() { Departure::Moved } else { departure };
        // Of the waiting room only the arrival is read.
        let went = if is_waiting { None } else { told.time("leave_time")? };
        let context = if is_waiting { Context::default() } else { context(told, role)? };
        let time_to_join_ms = time_to_join_ms(told);
        Ok(Presence { row, person, came, went, departure, is_waiting, time_to_join_ms, context })
    }

    /// The stay that it is; who moves to another room is there on the way.
    fn stay(&self, presence: &Presence) -> Stay<String> {
        Stay {
            person: presence.person.name.clone(),
            connection: presence.person.connection.clone(),
            came: presence.came,
            went: self.moves.end(presence.row).or(presence.went),
        }
    }

    fn tell_stay(&self, presence: Presence, overlaps: &Overlaps, at: usize, told: &mut Vec<Told>) {
        let begins_by_move = self.moves.begin(presence.row);
        if !begins_by_move && !overlaps.begins_within(at) {
            if let Some(cost_ms) = presence.time_to_join_ms {
                told.push(self.event(&presence, Payload::JoinAttempted, presence.came.plus(-cost_ms)));
            }
            let joined = Payload::Joined { context: Some(presence.context.clone()) };
            told.push(self.event(&presence, joined, presence.came));
        }
        if let Some(went) = presence.went.filter(|_| !overlaps.ends_within(at)) {
            let payload = presence.departure.payload();
            told.extend(payload.map(|payload| self.event(&presence, payload, went)));
            told.extend(presence.departure.note().map(|note| Told::Skipped(note.into())));
        }
        if overlaps.hide(at) {
            told.push(Told::Skipped(WITHIN.into()));
        } else if begins_by_move && presence.went.is_none() {
            told.push(Told::Skipped(
                "a stay that began by a move to or from a breakout room and goes on".into(),
            ));
        }
    }

    fn event(&self, presence: &Presence, payload: Payload, at: Time) -> Told {
        Told::Event(self.meeting.event(payload, at, Some(&presence.person)))
    }
}

/// How long joining took, told in seconds.
fn time_to_join_ms(told: &Document<'_>) -> Option<i64> {
    const LONGEST_S: f64 = 3600.0;
    let cost_s = told.number("total_jointime_cost").filter(|cost| *cost > 0.0 && *cost < LONGEST_S)?;
    Some((cost_s * 1000.0) as i64)
}

/// The circumstances: of the host that they are the clinician, of the others what they joined with.
fn context(told: &Document<'_>, role: Option<Role>) -> Result<Context, Refusal> {
    let mut context = Context::default().with(Dimension::Platform, PLATFORM);
    match role {
        Some(Role::Clinician) => {
            if let Some(host) = account(told)? {
                context.set(Dimension::Clinician, host);
            }
        }
        Some(_) => {
            let browser = told.name("browser_name")?.map(|name| name.to_lowercase());
            let levels = [
                (Dimension::Device, device(told).map(str::to_owned)),
                (Dimension::Network, told.text("network_type").and_then(network).map(str::to_owned)),
                (Dimension::Browser, browser),
                (Dimension::PlatformVersion, told.name("version")?),
            ];
            for (dimension, level) in levels {
                if let Some(level) = level {
                    context.set(dimension, level);
                }
            }
        }
        // Whose they are is not known.
        None => {}
    }
    Ok(context)
}

/// What somebody joined with; Zoom tells the system, and mostly the model.
fn device(told: &Document<'_>) -> Option<&'static str> {
    let model = told.text("device_name").unwrap_or_default().to_lowercase();
    if model.contains("ipad") || model.contains("tablet") {
        return Some("tablet");
    }
    if model.contains("iphone") {
        return Some("phone");
    }
    match told.text("device")?.to_lowercase().as_str() {
        "windows" | "win" | "mac" | "linux" => Some("computer"),
        "ios" | "android" => Some("phone_or_tablet"),
        "phone" => Some("telephone"),
        "h.323/sip" => Some("room_system"),
        _ => None,
    }
}

fn network(name: &str) -> Option<&'static str> {
    match name.to_lowercase().as_str() {
        "wired" => Some("wired"),
        "wifi" => Some("wifi"),
        "cellular" => Some("mobile"),
        _ => None,
    }
}

/// Why quality is left out.
const AVERAGES: &str = "averages over a minute say nothing of when sound was lost and came back";

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::JoinAttempted,
        "reckoned from the arrival, to the second, and the time that joining took; attempts that failed are not told",
    ),
    (
        Kind::Dropped,
        "told by the wording of leave reasons; a reconnection within a second reads like a plain leave: a lower bound",
    ),
    (Kind::Completed, "the meeting ended, which Zoom also says when everybody was cut off or nobody came"),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "participants: join_time",
        ours: Some(Kind::Joined),
        why: "each stay of a participant; a return is another; stays of one person that overlap are one",
    },
    Rule {
        theirs: "participants: join_time, total_jointime_cost",
        ours: Some(Kind::JoinAttempted),
        why: "so many seconds before the arrival",
    },
    Rule {
        theirs: "participants: leave_time",
        ours: Some(Kind::Left),
        why: "the leave reason, if one is given, says left, removed, or ended by the host",
    },
    Rule {
        theirs: "participants: leave_time, disconnected",
        ours: Some(Kind::Dropped),
        why: "the leave reason says disconnected, network connection error, client close, or out of free minutes",
    },
    Rule {
        theirs: "participants: in_waiting_room",
        ours: Some(Kind::Waiting),
        why: "a stay in the waiting room",
    },
    Rule {
        theirs: "satisfaction: quality",
        ours: Some(Kind::Rated),
        why: "GOOD is level 2 of 2, else level 1; the comment is refused",
    },
    Rule { theirs: "meeting: end_time", ours: Some(Kind::Completed), why: "inferred" },
    Rule {
        theirs: "participants: breakout room",
        ours: None,
        why: "a move to or from a breakout room is no departure: the leave reason says so, or a stay with bo_mtg_id begins or ends within a minute",
    },
    Rule { theirs: "qos: user_qos", ours: None, why: AVERAGES },
    Rule {
        theirs: "sharing: details",
        ours: None,
        why: "what was shared tells of no arrival and no departure",
    },
];
