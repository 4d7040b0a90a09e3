//! CSV as a whole: every way of mapping, what wrong rows and mappings are told.

use proptest::prelude::*;

use super::*;
use crate::cloudevents::line;
use crate::{FreeText, Rejected, trial};

fn mapped(mapping: &str) -> Settings {
    Settings { mapping: Some(mapping.to_owned()), ..Settings::default() }
}

/// What the feed makes of `input`, one line an item, without ids and declarations.
fn read(input: &str, settings: &Settings) -> Vec<String> {
    items(input, settings).into_iter().filter_map(shown).collect()
}

fn items(input: &str, settings: &Settings) -> Vec<Item> {
    trial::items(&Csv, input.as_bytes(), settings)
}

fn shown(item: Item) -> Option<String> {
    Some(match item {
        Item::Event { event, .. } if event.kind() == Kind::RecordingDeclared => return None,
        Item::Event { line: number, event } => {
            let text = line(&event);
            let data = text.split_once("\"data\":").unwrap().1;
            format!(
                "{number} {} {} {} {}",
                event.consultation,
                event.at,
                event.kind(),
                &data[..data.len() - 1]
            )
        }
        Item::Rejected(Rejected { line, reason, .. }) => format!("{line} rejected: {reason}"),
        Item::Skipped { line, reason } => format!("{line} skipped: {reason}"),
    })
}

fn check(input: &str, settings: &Settings, expected: &[&str]) {
    assert_eq!(read(input, settings), expected);
}

fn error(input: &str, mapping: &str) -> String {
    Csv.read(&mut input.as_bytes(), &mapped(mapping), &mut |_| ControlFlow::Continue(()))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_header_of_our_own_names_needs_no_mapping() {
    let input = "consultation,kind,at,participant,role,platform,first_use,reason,ward\n\
        c-1,joined,2026-03-01T09:00:00Z,p-1,patient,zoom,yes,,3\n\
        c-1,dropped,2026-03-01T09:01:00+01:00,p-1,Patient,,,network,3\n";
    check(
        input,
        &Settings::default(),
        &[
            r#"1 skipped: columns that are not read: "ward"; name them in a mapping"#,
            r#"2 c-1 2026-03-01T09:00:00Z joined {"participant":"p-1","role":"patient","context":{"platform":"zoom","first_use":true}}"#,
            r#"3 c-1 2026-03-01T08:01:00Z dropped {"participant":"p-1","role":"patient","reason":"network"}"#,
        ],
    );
    assert_eq!(Csv.capabilities(&Settings::default()), None);
}

const WIDE: &str = r#"
source = "urn:example:clinic"
zone = "Europe/London"
time_format = "%d/%m/%Y %H:%M"
sides = "both"

[columns]
consultation = "Ref"
service = "Specialty"
platform = { value = "attend-anywhere" }

[values.service]
"CARD" = "cardiology"

[[event]]
kind = "scheduled"
at = ["Date", "Slot"]
booked_start = ["Date", "Slot"]

[[event]]
kind = "joined"
at = ["Date", "In"]
participant = "NHS no"
role = { value = "patient" }

[[event]]
kind = "help_requested"
at = ["Date", "In"]
when = { column = "Helped?", is = ["Y", "yes"] }
topic = { value = "sound" }

[[event]]
kind = "abandoned"
at = ["Date", "Given up"]
stage = { value = "mid_consultation" }
"#;

const CLINIC: &str = "Ref;Date;Slot;In;NHS no;Helped?;Given up;Specialty\r\n\
    7;01/07/2026;09:00;09:02;943;y;;CARD\r\n\
    8;01/07/2026;09:30;;944;n;;derm\r\n";

#[test]
fn a_wide_row_becomes_several_events() {
    let input = CLINIC.replace("8;01/07/2026;09:30;;", "8;01/07/2026;09:30;09:31;");
    let found = read(&input, &mapped(WIDE));
    assert_eq!(
        found[0],
        r#"2 7 2026-07-01T08:00:00Z scheduled {"booked_start":"2026-07-01T08:00:00Z","context":{"platform":"attend-anywhere","service":"cardiology"}}"#
    );
    assert_eq!(
        found[1],
        r#"2 7 2026-07-01T08:02:00Z joined {"participant":"943","role":"patient","context":{"platform":"attend-anywhere","service":"cardiology"}}"#
    );
    assert_eq!(found[2], r#"2 7 2026-07-01T08:02:00Z help_requested {"topic":"sound"}"#);
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn an_event_whose_time_is_not_there_did_not_happen_though_its_date_is() {
    let found = read(CLINIC, &mapped(WIDE));
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[3].starts_with("3 8 2026-07-01T08:30:00Z scheduled"), "{found:#?}");
}

#[test]
fn what_a_mapping_makes_is_declared_observed_and_the_rest_unobservable() {
    let declared: Vec<_> = items(CLINIC, &mapped(WIDE))
        .into_iter()
        .filter_map(|item| match item {
            Item::Event { event, .. } if event.kind() == Kind::RecordingDeclared => Some(line(&event)),
            _ => None,
        })
        .collect();
    assert_eq!(declared.len(), 1);
    let text = &declared[0];
    assert!(text.contains(r#""subject":"urn:example:clinic","time":"1970-01-01T00:00:00Z","data":{"feed":"csv","platform":"attend-anywhere","capabilities":{"abandoned":"observed","adequacy":"unobservable","#), "{text}");
    assert!(text.contains(r#""dropped":"unobservable""#) && text.ends_with(r#""sides":"both"}}"#), "{text}");
    assert_eq!(Csv.capabilities(&mapped(WIDE)).unwrap().capabilities.len(), 21);
}

#[test]
fn rows_that_say_the_same_are_one_event_unless_an_id_tells_them_apart() {
    let ids = |input: &str| -> Vec<String> {
        let of = |item| match item {
            Item::Event { event, .. } => event.id,
            other => panic!("{other:?}"),
        };
        items(input, &Settings::default()).into_iter().map(of).collect()
    };
    let same = ids(
        "consultation,kind,at\nc,completed,2026-03-01T09:00:00Z\nc,completed,2026-03-01T10:00:00+01:00\n",
    );
    assert_eq!(same[0], same[1]);
    assert!(same[0].starts_with("b3-"), "{same:?}");
    let told = ids(
        "id,consultation,kind,at\n1,c,completed,2026-03-01T09:00:00Z\n2,c,completed,2026-03-01T09:00:00Z\n",
    );
    assert_eq!(told, ["1", "2"]);
}

/// Two events of a row under one id would be one event, and the second would be lost.
#[test]
fn several_events_of_a_row_with_an_id_have_ids_of_their_own() {
    let mapping = "[columns]\nid='I'\nconsultation='C'\n[[event]]\nkind='joined'\nat='P'\n[[event]]\nkind='joined'\nat='D'";
    let found = items("I,C,P,D\n7,c,2026-03-01T09:00:00Z,2026-03-01T09:00:00Z\n", &mapped(mapping));
    let ids: Vec<_> = found
        .iter()
        .skip(1)
        .map(|item| match item {
            Item::Event { event, .. } => event.id.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["7/joined", "7/joined/2"]);
}

#[test]
fn circumstances_that_no_event_of_the_file_can_carry_are_told() {
    check(
        "consultation,kind,at,service\nc,completed,2026-03-01T09:00:00Z,cardiology\n",
        &Settings::default(),
        &[
            "2 c 2026-03-01T09:00:00Z completed {}",
            "1 skipped: circumstances are read from rows of the kinds scheduled and joined, and there is none",
        ],
    );
}

#[test]
fn kinds_and_values_are_mapped_and_left_out() {
    let mapping = "[columns]\nconsultation='C'\nkind='What'\nat='When'\nreason='Why'\n[values.kind]\n'DNA'=''\n'IN'='joined'\n'CUT'='dropped'\n[values.reason]\n'no line'='network'";
    check(
        "C,What,When,Why\n1,DNA,x,\n1,in,2026-03-01T09:00:00Z,\n1,CUT,2026-03-01T09:01:00Z,no line\n1,left,2026-03-01T09:01:00Z,\n",
        &mapped(mapping),
        &[
            "2 skipped: the mapping leaves rows of this kind out",
            "3 1 2026-03-01T09:00:00Z joined {}",
            r#"4 1 2026-03-01T09:01:00Z dropped {"reason":"network"}"#,
            "5 rejected: What is \"left\"; write one of scheduled, cancelled, join_attempted, waiting, join_failed, joined, rejoined, audio_restored, video_restored, audio_lost, video_lost, help_requested, dropped, left, converted, abandoned, completed, feedback_invited, rated, questionnaire, adequacy, or map it in [values.kind]",
        ],
    );
}

#[test]
fn free_text_is_left_out_and_counted_unless_it_is_allowed() {
    let input = "consultation,kind,at,topic\nc,help_requested,2026-03-01T09:00:00Z,Mrs Jones could not hear the doctor\nc,help_requested,2026-03-01T09:01:00Z,no sound\n";
    let without = [
        "2 c 2026-03-01T09:00:00Z help_requested {}",
        "2 skipped: free text in topic is refused: map it in [values.topic], or allow free text",
        r#"3 c 2026-03-01T09:01:00Z help_requested {"topic":"no sound"}"#,
    ];
    check(input, &Settings::default(), &without);
    let allowed = Settings { free_text: FreeText::Allowed, ..Settings::default() };
    assert_eq!(
        read(input, &allowed)[0],
        r#"2 c 2026-03-01T09:00:00Z help_requested {"topic":"Mrs Jones could not hear the doctor"}"#
    );
}

#[test]
fn ratings_and_questionnaires_come_in_one_cell_or_in_many() {
    let input = "consultation,kind,at,role,scale,value,instrument,answers,score,answer\n\
        c,rated,2026-03-01T09:00:00Z,patient,5,4,,,,\n\
        c,questionnaire,2026-03-01T09:00:00Z,patient,,,SUS,4 2 5 1 4 2 5 1 4 -,,\n\
        c,questionnaire,2026-03-01T09:00:00Z,patient,,,PHQ-9,,7.5,\n\
        c,adequacy,2026-03-01T09:00:00Z,clinician,,,,,,No\n\
        c,rated,2026-03-01T09:00:00Z,patient,5,6,,,,\n\
        c,questionnaire,2026-03-01T09:00:00Z,patient,,,SUS,4 2,,\n";
    check(
        input,
        &Settings::default(),
        &[
            r#"2 c 2026-03-01T09:00:00Z rated {"role":"patient","scale":5,"value":4}"#,
            r#"3 c 2026-03-01T09:00:00Z questionnaire {"role":"patient","instrument":"SUS","answers":[4,2,5,1,4,2,5,1,4,null]}"#,
            r#"4 c 2026-03-01T09:00:00Z questionnaire {"role":"patient","instrument":"PHQ-9","score":7.5}"#,
            r#"5 c 2026-03-01T09:00:00Z adequacy {"role":"clinician","answer":"no"}"#,
            r#"6 rejected: value is "6"; write a level from 0 to the scale, which is 5"#,
            r#"7 rejected: answers is "[4,2]"; write the 10 answers of SUS, each from 1 to 5, or null for one left out"#,
        ],
    );
    let mapping = "[columns]\nconsultation='c'\nat='t'\n[[event]]\nkind='questionnaire'\ninstrument={value='mine'}\nanswers=['q1','q2','q3']";
    check(
        "c,t,q1,q2,q3\n1,2026-03-01T09:00:00Z,4,,5\n",
        &mapped(mapping),
        &[r#"2 1 2026-03-01T09:00:00Z questionnaire {"instrument":"mine","answers":[4,null,5]}"#],
    );
}

#[test]
fn wrong_rows_are_told_the_column_and_what_to_write() {
    let input = "consultation,kind,at,role,deprivation_quintile\n\
        ,joined,2026-03-01T09:00:00Z,,\n\
        c,joined,,,\n\
        c,joined,2026-03-01 09:00,,\n\
        c,joined,2026-03-01T09:00:00Z,Dr,\n\
        c,joined,2026-03-01T09:00:00Z,,9\n\
        c,joined\n\
        c,recording_declared,2026-03-01T09:00:00Z,,\n";
    let found = read(input, &Settings::default());
    assert_eq!(found[0], "2 rejected: consultation is empty; write the name of the consultation");
    assert_eq!(found[1], "3 rejected: at is empty; write the time of the event");
    assert!(
        found[2].starts_with("4 rejected: at is \"2026-03-01 09:00\", a local time; set zone"),
        "{}",
        found[2]
    );
    assert_eq!(
        found[3],
        "5 rejected: role is \"Dr\"; write patient, clinician, carer, interpreter, other or unknown, or map it in [values.role]"
    );
    assert_eq!(
        found[4],
        "6 rejected: deprivation_quintile is \"9\"; write a number from 1 (most deprived) to 5, or map it in [values.deprivation_quintile]"
    );
    assert_eq!(
        found[5],
        "7 rejected: the row has 2 cells and the header 5; a cell that holds the delimiter needs quotes"
    );
    assert!(
        found[6].starts_with("8 rejected: kind is \"recording_declared\"; write one of scheduled"),
        "{}",
        found[6]
    );
}

#[test]
fn a_wrong_mapping_is_told_before_any_row() {
    let input = "A,B\n1,2\n";
    assert!(
        error(input, "[columns]\nwho='A'")
            .contains("columns.who is no field of an event; use one of id, source")
    );
    assert!(error(input, "[columns]\nconsultation='A'\nkind='B'").contains("no column is named for at"));
    assert!(
        error(input, "[columns]\nconsultation='A'\nat='C'\n[[event]]\nkind='joined'")
            .contains("has no column \"C\"; it has \"A\", \"B\"")
    );
    assert!(
        error(input, "[columns]\nconsultation='A'\nat='B'\n[[event]]\nkind='jioned'")
            .contains("\"jioned\" is no kind")
    );
    assert!(
        error(input, "zone='Mars'\n[columns]\nconsultation='A'\nat='B'\nkind='B'")
            .contains("zone is \"Mars\"")
    );
    assert!(error(input, "columns=3").contains("columns"));
    assert!(error(input, "").contains("it names no column"));
    let error = Csv
        .read(&mut input.as_bytes(), &Settings::default(), &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(error.to_string().contains("does not name consultation: it has \"A\", \"B\""), "{error}");
}

fn guessed(header: &str) -> String {
    guessed_mapping(&mut header.as_bytes()).unwrap()
}

#[test]
fn a_mapping_guessed_from_a_header_reads_the_table() {
    let header = "Appointment ID;Specialty;Appointment Type;Patient number;ConsultantCode;Patient joined;Clinician in;Patient left;Call ended;Help given by;Notes\n";
    let mapping = guessed(header);
    for line in [
        "consultation = \"Appointment ID\"  # guessed",
        "service = \"Specialty\"  # guessed",
        "appointment = \"Appointment Type\"  # guessed",
        "clinician = \"ConsultantCode\"  # guessed",
        "# Not read: \"Help given by\" \"Notes\"",
    ] {
        assert!(mapping.lines().any(|found| found == line), "{line}\n{mapping}");
    }
    let row = "A-1;cardiology;new;p-1;dr-1;2026-03-01 09:00;2026-03-01 09:01;;2026-03-01 09:20;x;SECRET\n";
    let zoned = mapping.replace("# zone", "zone");
    check(
        &format!("{header}{row}"),
        &mapped(&zoned),
        &[
            "2 A-1 2026-03-01T09:20:00Z completed {}",
            r#"2 A-1 2026-03-01T09:00:00Z joined {"participant":"p-1","role":"patient","context":{"service":"cardiology","appointment":"new","clinician":"dr-1"}}"#,
            r#"2 A-1 2026-03-01T09:01:00Z joined {"participant":"dr-1","role":"clinician","context":{"service":"cardiology","appointment":"new","clinician":"dr-1"}}"#,
        ],
    );
}

#[test]
fn our_own_names_are_guessed_as_such_and_what_is_missing_is_said() {
    let own = guessed("Consultation,Kind,At,Role,Colour\n");
    check(
        "Consultation,Kind,At,Role,Colour\nc-1,left,2026-03-01T09:00:00Z,patient,red\n",
        &mapped(&own),
        &[r#"2 c-1 2026-03-01T09:00:00Z left {"role":"patient"}"#],
    );
    // JSON lets a delete character stand in a string, TOML refuses it.
    let deleted = guessed("\u{7f}In,Appointment ID\n");
    assert!(deleted.contains(r#"at = "\u007fIn""#), "{deleted}");
    assert!(toml::from_str::<toml::Table>(&deleted).is_ok());
    let bare = guessed("colour,colour,shape,NHS no,Device\n");
    assert!(bare.contains("which column names the consultation?") && bare.contains("# [[event]]"), "{bare}");
    assert!(bare.contains("# Not read: \"colour\" \"colour\" \"NHS no\" \"shape\""), "{bare}");
    let refused = |header: &str| guessed_mapping(&mut header.as_bytes()).unwrap_err().to_string();
    assert!(refused("").contains("no header"));
    assert!(refused("colour,shape\n").contains("what it holds: \"colour\", \"shape\"; name the columns"));
}

/// A day that stands apart belongs to every time that does not name its own.
#[test]
fn the_day_of_a_row_is_guessed_to_be_that_of_its_times() {
    let mapping = guessed("Ref,Date,In,Date booked,Given up,NHS no\n");
    for line in [
        "consultation = \"Ref\"  # guessed",
        "at = [\"Date\", \"In\"]",
        "at = [\"Date\", \"Given up\"]",
        "at = \"Date booked\"",
        "# Not read: \"NHS no\"",
    ] {
        assert!(mapping.lines().any(|found| found == line), "{line}\n{mapping}");
    }
}

proptest! {
    #[test]
    fn a_guess_is_toml_whatever_the_header(header in "[ -~\t\u{7f}é]{1,60}") {
        if let Ok(mapping) = guessed_mapping(&mut header.as_bytes()) {
            prop_assert!(toml::from_str::<toml::Table>(&mapping).is_ok(), "{}", mapping);
        }
    }

    /// Whatever the cells of times say, none of them is written into the mapping.
    #[test]
    fn a_guess_is_toml_whatever_the_times_and_tells_none(times in proptest::collection::vec("[ -~]{0,20}", 1..9)) {
        let cell = |text: &String| format!("7,\"@{}@\"\n", text.replace('"', ""));
        let sheet = format!("Ref,In\n{}", times.iter().map(cell).collect::<String>());
        let mapping = guessed(&sheet);
        prop_assert!(toml::from_str::<toml::Table>(&mapping).is_ok(), "{}", mapping);
        prop_assert!(!mapping.contains('@'), "{}", mapping);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut with_header = b"consultation,kind,at,reason\n".to_vec();
        with_header.extend_from_slice(&bytes);
        Csv.read(&mut with_header.as_slice(), &Settings::default(), &mut |_| ControlFlow::Continue(())).unwrap();
        let _ = Csv.read(&mut bytes.as_slice(), &Settings::default(), &mut |_| ControlFlow::Continue(()));
        let _ = Csv.recognises(&bytes);
    }

    #[test]
    fn any_text_is_a_mapping_or_refused(text in "\\PC{0,80}") {
        let _ = Csv.read(&mut CLINIC.as_bytes(), &mapped(&text), &mut |_| ControlFlow::Continue(()));
    }
}
