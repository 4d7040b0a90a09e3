//! Records of the shapes that Microsoft Graph documents, and the traps in them.

use event::{Kind, Role};
use proptest::prelude::*;

use super::GraphCallRecord;
use crate::cloudevents::line;
use crate::trial::{items, told};
use crate::{Feed, Item, Settings};

fn read(input: &str) -> Vec<String> {
    told(&GraphCallRecord, input, &Settings::default())
}

const DOCTOR: &str = r##"{"@odata.type":"#microsoft.graph.callRecords.participantEndpoint","identity":{"phone":null,"user":{"id":"doc","displayName":"SECRET","tenantId":"t-1"}},"userAgent":{"platform":"windows"}}"##;
const PATIENT: &str = r#"{"identity":{"user":null,"guest":{"id":"pat","displayName":"SECRET"}},"userAgent":{"platform":"iOS","applicationVersion":"1.2"}}"#;
const PHONE: &str = r#"{"identity":{"phone":{"id":"+44700900SECRET","displayName":"SECRET"}}}"#;
const SERVICE: &str = r#"{"userAgent":{"platform":"unknown"}}"#;

fn record(kind: &str, sessions: &[String]) -> String {
    format!(
        r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#communications/callRecords/$entity","id":"r-1","version":1,"type":"{kind}","modalities":["audio","video"],"startDateTime":"2026-03-01T09:00:00.1234567Z","endDateTime":"2026-03-01T09:30:00Z","joinWebUrl":"https://x/SECRET","organizer":{{"user":{{"id":"doc","displayName":"SECRET","tenantId":"t-1"}}}},"sessions":[{}]}}"#,
        sessions.join(",")
    )
}

fn session(id: &str, caller: &str, callee: &str, from: &str, to: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","caller":{caller},"callee":{callee},"startDateTime":"2026-03-01T{from}Z","endDateTime":"2026-03-01T{to}Z","isTest":false{more}}}"#
    )
}

fn failure(stage: &str, reason: &str) -> String {
    format!(r#","failureInfo":{{"stage":"{stage}","reason":{reason}}}"#)
}

/// What is told of a call in which the patient's session ends so.
fn of_patient(more: &str) -> Vec<String> {
    let stay = session("s", PATIENT, SERVICE, "09:00:10", "09:20:00", more);
    let doctor = session("d", DOCTOR, SERVICE, "09:00:00", "09:10:00", "");
    read(&record("groupCall", &[doctor, stay]))
        .into_iter()
        .filter(|told| !told.contains("\"doc\",\"role"))
        .collect()
}

const ARRIVAL: &str = r#"r-1 2026-03-01T09:00:10Z joined {"participant":"pat","role":"unknown","context":{"platform":"teams","platform_version":"1.2","device":"phone_or_tablet","clinician":"doc"}}"#;
const LEFT: &str = r#"r-1 2026-03-01T09:20:00Z left {"participant":"pat","role":"unknown"}"#;
const END: &str = "r-1 2026-03-01T09:30:00Z completed {}";

#[test]
fn sessions_of_a_meeting_are_stays() {
    let doctor = session("s-1", DOCTOR, SERVICE, "09:00:00.1234567", "09:30:00", "");
    let patient = session("s-2", SERVICE, PATIENT, "09:00:10", "09:20:00", r#","failureInfo":null"#);
    assert_eq!(
        read(&record("groupCall", &[doctor, patient])),
        [
            r#"r-1 2026-03-01T09:00:00.123Z joined {"participant":"doc","role":"clinician","context":{"platform":"teams","clinician":"doc"}}"#,
            r#"r-1 2026-03-01T09:30:00Z left {"participant":"doc","role":"clinician"}"#,
            ARRIVAL,
            LEFT,
            END,
        ]
    );
    let told = Settings { others: Some(Role::Patient), ..Settings::default() };
    let patient = session("s-2", SERVICE, PATIENT, "09:00:10", "09:20:00", "");
    let found = items(&GraphCallRecord, record("groupCall", &[patient]).as_bytes(), &told);
    let Item::Event { event, .. } = &found[1] else { panic!("{found:?}") };
    assert_eq!((event.role, event.source.as_str()), (Some(Role::Patient), "urn:microsoft-graph:t-1"));
}

#[test]
fn the_stage_of_a_failure_says_what_it_was() {
    let dropped = |reason: &str| {
        format!(r#"r-1 2026-03-01T09:20:00Z dropped {{"participant":"pat","role":"unknown"{reason}}}"#)
    };
    assert_eq!(
        of_patient(&failure("midcall", "\"CallEndReasonMediaError\"")),
        [ARRIVAL, &dropped(r#","reason":"call_end_reason_media_error""#)]
    );
    assert_eq!(of_patient(&failure("midcall", "null")), [ARRIVAL, &dropped("")]);
    assert_eq!(
        of_patient(&failure("midcall", "\"The line of SECRET was lost\"")),
        [
            "skipped: a reason that is no code is not kept: it may hold a name",
            ARRIVAL,
            &dropped(r#","reason":"unrecognised""#)
        ]
    );
    assert_eq!(
        of_patient(&failure("callSetup", "\"MediaConnectivityFailure\"")),
        [
            r#"r-1 2026-03-01T09:00:10Z join_failed {"participant":"pat","role":"unknown","reason":"media_connectivity_failure"}"#
        ]
    );
    let of_segment = r#","segments":[{"id":"g","failureInfo":null},{"failureInfo":{"stage":"midcall"}}]"#;
    assert_eq!(of_patient(of_segment), [ARRIVAL, &dropped("")]);
    assert_eq!(
        of_patient(&failure("unknownFutureValue", "null")),
        [
            "skipped: failureInfo.stage \"unknownFutureValue\": what failed is not known; read as a plain end",
            ARRIVAL,
            LEFT,
            END
        ]
    );
}

#[test]
fn hanging_up_is_no_failure_to_get_in() {
    let hung_up = [
        "skipped: callSetup, to a telephone or hung up: hanging up before an answer is no failure to get in",
    ];
    for reason in ["\"Call was not answered\"", "\"UserDeclined\"", "\"hang-up\"", "\"cancelled by caller\""]
    {
        assert_eq!(of_patient(&failure("callSetup", reason)), hung_up, "{reason}");
    }
    let stay = session("s", PATIENT, PHONE, "09:00:10", "09:00:20", &failure("callSetup", "null"));
    assert_eq!(read(&record("peerToPeer", &[stay])), hung_up);
}

#[test]
fn of_a_call_between_two_a_failure_is_told_once() {
    let of_two = |to: &str, more: &str| {
        read(&record("peerToPeer", &[session("s", DOCTOR, PATIENT, "09:00:10", to, more)]))
            .into_iter()
            .map(|told| told.split(",\"context").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of_two("09:20:00", &failure("midcall", "null")),
        [
            r#"r-1 2026-03-01T09:00:10Z joined {"participant":"doc","role":"clinician""#,
            r#"r-1 2026-03-01T09:20:00Z dropped {"participant":"doc","role":"clinician"}"#,
            r#"r-1 2026-03-01T09:00:10Z joined {"participant":"pat","role":"unknown""#,
            LEFT,
        ]
    );
    let no_time = [
        r#"r-1 2026-03-01T09:00:10Z join_failed {"participant":"doc","role":"clinician","reason":"zero_length"}"#,
    ];
    assert_eq!(of_two("09:00:10", ""), no_time);
    let without =
        record("peerToPeer", &[]).replace(",\"sessions\":[]", "").replace("09:30:00Z", "09:00:00.1234567Z");
    assert_eq!(
        read(&without),
        [
            r#"r-1 2026-03-01T09:00:00.123Z join_failed {"participant":"doc","role":"clinician","reason":"zero_length"}"#
        ]
    );
}

#[test]
fn a_telephone_that_is_called_in_later_converts() {
    let doctor = session("s-1", DOCTOR, SERVICE, "09:00:00.1234567", "09:30:00", "");
    let phone = session("s-2", PHONE, SERVICE, "09:05:00", "09:30:00", "");
    let kinds = |text: &str| -> Vec<_> {
        let kind = |item: &Item| match item {
            Item::Event { event, .. } => Some(event.kind()),
            _ => None,
        };
        items(&GraphCallRecord, text.as_bytes(), &Settings::default())
            .iter()
            .filter_map(kind)
            .skip(3)
            .collect()
    };
    let both = record("groupCall", &[doctor, phone]);
    assert_eq!(kinds(&both), [Kind::Joined, Kind::Converted, Kind::Left, Kind::Completed]);
    let sound = both.replace(r#""audio","video""#, r#""audio""#);
    assert_eq!(kinds(&sound), [Kind::Joined, Kind::Left, Kind::Completed]);
}

#[test]
fn each_side_rates_by_itself_and_null_is_no_rating() {
    let rated = |rating: &str| {
        format!(
            r#"{},"feedback":{{"rating":{rating},"text":"SECRET","tokens":{{"NoSound":true,"Echo":false}}}}}}"#,
            &PATIENT[..PATIENT.len() - 1]
        )
    };
    let doctor = format!(
        r#"{},"feedback":{{"rating":"excellent","text":null,"tokens":{{}}}}}}"#,
        &DOCTOR[..DOCTOR.len() - 1]
    );
    let told = |rating: &str| -> Vec<_> {
        let stay = session("s", &doctor, &rated(rating), "09:00:10", "09:20:00", "");
        read(&record("peerToPeer", &[stay])).into_iter().filter(|told| told.contains("rat")).collect()
    };
    let notes = [
        "skipped: free text: the comment on a rating is refused",
        "skipped: the troubles ticked beside a rating have no place in an event",
    ];
    let of_doctor =
        r#"r-1 2026-03-01T09:20:00Z rated {"participant":"doc","role":"clinician","scale":5,"value":5}"#;
    let levels = ["bad", "poor", "fair", "good", "excellent"];
    for (value, level) in (1..).zip(levels) {
        let of_patient = format!(
            r#"r-1 2026-03-01T09:20:00Z rated {{"participant":"pat","role":"unknown","scale":5,"value":{value}}}"#
        );
        assert_eq!(told(&format!("\"{level}\"")), [of_doctor, &of_patient, notes[0], notes[1]]);
    }
    for none in ["null", "\"notRated\""] {
        assert_eq!(told(none), [of_doctor, notes[0], notes[1]]);
    }
    assert!(
        told("\"superb\"").contains(&"skipped: rating \"superb\": what it is worth is not known".to_owned())
    );
}

#[test]
fn tests_programs_and_the_service_are_no_participants() {
    let test = session("s", PATIENT, SERVICE, "09:00:10", "09:20:00", "").replace("false", "true");
    assert_eq!(
        read(&record("groupCall", &[test])),
        ["skipped: session: isTest: a test call is no consultation"]
    );
    let bot = r#"{"identity":{"applicationInstance":{"id":"b","displayName":"SECRET"}}}"#;
    let own = "skipped: a session of the service's own: nobody is at either end";
    assert_eq!(
        read(&record("groupCall", &[session("s", bot, SERVICE, "09:00:10", "09:20:00", "")])),
        ["skipped: a program at an end of a session is no participant", own]
    );
    assert_eq!(
        read(&record("groupCall", &[session("s", SERVICE, "null", "09:00:10", "09:20:00", "")])),
        [own]
    );
    assert_eq!(read(&record("groupCall", &[])), ["skipped: a record of a call with no sessions"]);
}

#[test]
fn lists_of_records_and_of_sessions() {
    let one = record("groupCall", &[session("s", PATIENT, SERVICE, "09:00:10", "09:20:00", "")]);
    let page = format!(r#"{{"@odata.context":"x","@odata.nextLink":"https://x","value":[{one},{{"a":1}}]}}"#);
    assert_eq!(
        read(&page),
        [
            ARRIVAL,
            LEFT,
            "rejected: /value/1/id is missing; it names the call record: this is no callRecord of Microsoft Graph without it",
            "skipped: one page of several: get the others by @odata.nextLink",
        ]
    );
    let stay = session("s", PATIENT, SERVICE, "09:00:10", "09:20:00", "");
    let context = "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords('r-1')/sessions";
    let refused = read(&format!(r#"{{"@odata.context":"{context}","value":[{stay}]}}"#));
    assert!(
        refused.len() == 1 && refused[0].starts_with("rejected: /value/0/sessions is missing"),
        "{refused:?}"
    );
    assert!(refused[0].contains("write one document with all pages of its sessions"), "{refused:?}");
    assert_eq!(
        read(
            r#"{"value":[{"subscriptionId":"s","changeType":"created","resource":"communications/callRecords/r"}]}"#
        ),
        ["skipped: changeNotification: it names a record and does not hold it: get the record"]
    );
    assert_eq!(
        read(r##"{"value":[{"@odata.type":"#microsoft.graph.callRecords.pstnCallLogRow","id":"p"}]}"##),
        [
            "skipped: pstnCallLogRow, directRoutingLogRow: the bill of a telephone call is no video consultation"
        ]
    );
    assert_eq!(read(r#"{"value":[]}"#), ["skipped: an empty list"]);
}

#[test]
fn wrong_records_are_told_what_is_missing() {
    assert_eq!(
        read(r#"{"error":{"code":"NotFound"}}"#),
        ["rejected: /error/id is missing; this is an error that Graph answered, not a record: ask again"]
    );
    assert_eq!(
        read(r#"{"id":"r"}"#),
        ["rejected: /sessions is missing; this is no callRecord of Microsoft Graph"]
    );
    assert_eq!(
        read(&record("groupCall", &[]).replace(",\"sessions\":[]", "")),
        [
            "skipped: a record without its sessions: who came and went is not told; get it with $expand=sessions($expand=segments)"
        ]
    );
    let good = session("s-2", PATIENT, SERVICE, "09:00:10", "09:20:00", "");
    let bad = good.replace("2026-03-01T09:00:10Z", "soon");
    assert_eq!(
        read(&record("groupCall", &[bad, good])),
        [
            r#"rejected: /sessions/0/startDateTime is "soon"; it should be a time such as "2022-03-01T10:15:14Z""#,
            ARRIVAL,
            LEFT,
        ]
    );
}

/// A reconnection begins before the old session is given up; a second device is no second person.
#[test]
fn an_old_session_that_ends_takes_nobody_away_who_is_back() {
    let lost = failure("midcall", "\"MediaLost\"");
    let old = session("s-1", DOCTOR, SERVICE, "09:00:00", "09:10:00", &lost);
    let new = session("s-2", DOCTOR, SERVICE, "09:05:00", "09:40:00", "");
    let told = |sessions: &[String]| -> Vec<_> {
        let words = |told: String| told.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" ");
        let told = read(&record("groupCall", sessions)).into_iter();
        told.filter(|told| !told.starts_with("skipped")).map(words).collect()
    };
    let once = ["2026-03-01T09:00:00Z joined", "2026-03-01T09:40:00Z left"];
    assert_eq!(told(&[old.clone(), new.clone()]), once);
    assert_eq!(told(&[new.clone(), old.clone()]), [once[1], once[0]]);
    let within = "skipped: a stay that overlaps another of the same person: they came with the first and went with the last";
    assert_eq!(
        read(&record("groupCall", &[old.clone(), new])).iter().filter(|told| *told == within).count(),
        2
    );
    // Nobody was there in between: that was a drop, and a return.
    let later = session("s-2", DOCTOR, SERVICE, "09:10:05", "09:40:00", "");
    assert_eq!(told(&[old, later]).len(), 4);
}

/// A booking knows the link; a call between two was not booked.
#[test]
fn a_mapping_takes_the_link_of_the_meeting() {
    let by = Settings { mapping: Some("consultation = \"joinWebUrl\"".into()), ..Settings::default() };
    let stay = session("s", PATIENT, SERVICE, "09:00:10", "09:20:00", "");
    let text = record("groupCall", &[stay]).replace("https://x/SECRET", "https://x/7");
    let found = items(&GraphCallRecord, text.as_bytes(), &by);
    let Item::Event { event, .. } = &found[1] else { panic!("{found:?}") };
    assert_eq!(event.consultation, "https://x/7");
    let without = items(&GraphCallRecord, text.replace("\"https://x/7\"", "null").as_bytes(), &by);
    let Item::Rejected(rejected) = &without[0] else { panic!("{without:?}") };
    assert!(
        rejected.reason.starts_with("/joinWebUrl is missing; calls between two have none"),
        "{rejected:?}"
    );
}

/// Of one page it is not known whose session was the last.
#[test]
fn a_record_with_more_pages_of_sessions_tells_no_end() {
    let doctor = session("s-1", DOCTOR, SERVICE, "09:00:00", "09:30:00", "");
    let patient = session("s-2", PATIENT, SERVICE, "09:00:10", "09:20:00", "");
    let whole = record("groupCall", &[doctor, patient]);
    assert_eq!(read(&whole).last().unwrap(), END);
    let page = whole.replace(",\"sessions\":", ",\"sessions@odata.nextLink\":\"https://x\",\"sessions\":");
    let found = read(&page);
    assert!(!found.contains(&END.to_owned()), "{found:?}");
    assert!(found.last().unwrap().contains("write one document with all pages of its sessions"), "{found:?}");
}

/// A departure that was found to be later is another event: under one id the first would stay.
#[test]
fn a_revised_version_gets_in() {
    let keys = |to: &str| -> Vec<_> {
        let text = record("groupCall", &[session("s", PATIENT, SERVICE, "09:00:10", to, "")]);
        let id = |item| match item {
            Item::Event { event, .. } if event.kind() == Kind::Left => Some(event.id),
            _ => None,
        };
        items(&GraphCallRecord, text.as_bytes(), &Settings::default()).into_iter().filter_map(id).collect()
    };
    assert_eq!(keys("09:20:00"), keys("09:20:00"));
    assert_ne!(keys("09:20:00"), keys("09:21:00"));
    assert!(GraphCallRecord.about().contains("read the last version of each"));
}

#[test]
fn a_later_version_that_says_the_same_adds_nothing_and_no_name_or_number_is_told() {
    let stay = session("s", PATIENT, PHONE, "09:00:10", "09:20:00", "");
    let nobody =
        session("n", r#"{"identity":{"user":null,"guest":null}}"#, SERVICE, "09:00:11", "09:20:00", "");
    let mail = PATIENT.replace("\"pat\"", "\"SECRET@example.com\"");
    let mail = session("m", &mail, SERVICE, "09:00:12", "09:20:00", "");
    let text = record("groupCall", &[stay, nobody, mail]);
    let first = items(&GraphCallRecord, text.as_bytes(), &Settings::default());
    let again = items(
        &GraphCallRecord,
        text.replace("\"version\":1", "\"version\":2").as_bytes(),
        &Settings::default(),
    );
    assert_eq!(first, again);
    let mut ids = std::collections::BTreeSet::new();
    for item in &first {
        let Item::Event { event, .. } = item else { continue };
        assert!(!line(event).contains("SECRET") && !line(event).contains("+44"), "{event:?}");
        assert!(ids.insert(event.id.clone()), "{event:?}");
    }
    assert_eq!(ids.len(), 11);
}

#[test]
fn every_kind_that_is_inferred_has_its_caveat() {
    for feed in [&GraphCallRecord as &dyn Feed, &crate::Vonage, &crate::RtcStats] {
        let declared = feed.capabilities(&Settings::default()).unwrap().kinds(event::Capability::Inferred);
        let told: Vec<_> = feed.caveats().iter().map(|(kind, _)| *kind).collect();
        assert!(declared.iter().all(|kind| told.contains(&kind)) && told.len() == declared.iter().count());
    }
}

#[test]
fn a_record_is_recognised_by_what_it_holds() {
    let recognised = |head: &str| crate::detect(head.as_bytes()).map(Feed::name);
    assert_eq!(recognised(&record("groupCall", &[])), Some("graph-call-record"));
    assert_eq!(
        recognised(r#"{"id":"x","type":"peerToPeer","modalities":["audio"]}"#),
        Some("graph-call-record")
    );
    assert_eq!(recognised("{\"modalities\":1}"), None);
    assert_eq!(recognised("callRecords;kind;at\n"), Some("csv"));
}

proptest! {
    #[test]
    fn records_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let stay = session("s", DOCTOR, PHONE, "09:00:10", "09:20:00", &failure("midcall", "null"));
        let mut bytes = record("groupCall", &[stay]).into_bytes();
        for (index, byte) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        prop_assert!(!items(&GraphCallRecord, &bytes, &Settings::default()).is_empty());
    }
}
