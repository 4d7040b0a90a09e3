//! Lines word for word: those of the documentation, and what each wrong line is told.

use super::{line, read_line};

/// The lines of the documentation, which are written as they are read.
const DOCUMENTED: &[&str] = &[
    r#"{"specversion":"1.0","id":"e-1","source":"urn:example:trust-a","type":"evenfield.consultation.joined.v1","subject":"c-0001","time":"2026-03-01T09:00:03.120Z","data":{"participant":"p-17","role":"patient","context":{"platform":"attend-anywhere","organisation":"RBA","service":"cardiology","appointment":"follow_up","device":"phone","network":"mobile","deprivation_quintile":2,"age_band":"65-74","first_use":true,"clinician":"k-3"}}}"#,
    r#"{"specversion":"1.0","id":"e-2","source":"urn:example:trust-a","type":"evenfield.consultation.dropped.v1","subject":"c-0001","time":"2026-03-01T09:04:10Z","data":{"participant":"p-17","role":"patient","reason":"network"}}"#,
    r#"{"specversion":"1.0","id":"e-3","source":"urn:example:trust-a","type":"evenfield.consultation.converted.v1","subject":"c-0001","time":"2026-03-01T09:06:00Z","data":{"to":"phone"}}"#,
    r#"{"specversion":"1.0","id":"e-4","source":"urn:example:trust-a","type":"evenfield.consultation.rated.v1","subject":"c-0001","time":"2026-03-01T10:00:00Z","data":{"role":"patient","scale":5,"value":4}}"#,
    r#"{"specversion":"1.0","id":"e-5","source":"urn:example:trust-a","type":"evenfield.consultation.questionnaire.v1","subject":"c-0001","time":"2026-03-01T10:00:00Z","data":{"role":"patient","instrument":"SUS","answers":[4,2,5,1,4,2,5,1,4,2]}}"#,
    r#"{"specversion":"1.0","id":"e-6","source":"urn:example:trust-a","type":"evenfield.consultation.recording_declared.v1","subject":"urn:example:trust-a","time":"1970-01-01T00:00:00Z","data":{"feed":"csv","capabilities":{"dropped":"unobservable","joined":"observed"},"sides":"patient","drop_delay_ms":15000}}"#,
    r#"{"specversion":"1.0","id":"e-7","source":"urn:example:trust-a","type":"evenfield.consultation.hand_raised.v3","subject":"c-0001","time":"2026-03-01T10:00:00Z","traceparent":"00-1","data":{"role":"patient","hands":[2,{"a":1.50}]}}"#,
    r#"{"specversion":"1.0","id":"e-8","source":"urn:example:trust-a","type":"evenfield.consultation.joined.v1","subject":"c-0001","time":"2026-03-01T10:00:00Z","data":{"participant":"p-1","role":"nurse","context":{"platform":"x","ward":"3"},"seat":4}}"#,
];

#[test]
fn the_documented_lines_are_written_as_they_are_read() {
    for text in DOCUMENTED {
        assert_eq!(line(&read_line(text.as_bytes()).unwrap()), *text);
    }
}

#[test]
fn order_white_space_and_offsets_of_what_is_read_do_not_matter() {
    let loose = "{ \"data\" : {\"reason\": \"network\",\"role\":\"patient\", \"participant\":\"p-17\"},\n \"time\":\"2026-03-01T10:04:10+01:00\", \"subject\":\"c-0001\",\"type\":\"evenfield.consultation.dropped.v1\", \"source\":\"urn:example:trust-a\",\"id\":\"e-2\",\"specversion\":\"1.0\"}";
    assert_eq!(line(&read_line(loose.as_bytes()).unwrap()), DOCUMENTED[1]);
}

/// Reads the second documented line with `from` replaced by `to`, and compares what it is told.
fn check(from: &str, to: &str, place: &str, reason: &str) {
    check_in(DOCUMENTED[1], from, to, place, reason);
}

fn check_in(text: &str, from: &str, to: &str, place: &str, reason: &str) {
    assert!(text.contains(from), "{from} is not in {text}");
    let refusal = read_line(text.replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!((refusal.place.unwrap_or_default().as_str(), refusal.reason.as_str()), (place, reason));
}

#[test]
fn an_envelope_is_told_which_field_is_wrong_and_what_to_write() {
    check(
        "\"1.0\"",
        "\"0.3\"",
        "/specversion",
        r#"specversion is "0.3"; write "1.0": every event is one CloudEvents 1.0 object"#,
    );
    check(
        r#""specversion":"1.0","#,
        "",
        "/specversion",
        r#"specversion is missing; write "1.0": every event is one CloudEvents 1.0 object"#,
    );
    check(
        "evenfield.consultation.dropped.v1",
        "com.example.some",
        "/type",
        r#"type is "com.example.some"; write a type such as "evenfield.consultation.joined.v1", or leave events of other types out"#,
    );
    check(
        "dropped.v1",
        "dropped",
        "/type",
        r#"type is "evenfield.consultation.dropped"; write its version behind it, such as "evenfield.consultation.dropped.v1""#,
    );
    check(
        "dropped.v1",
        "dropped.v01",
        "/type",
        r#"type is "evenfield.consultation.dropped.v01"; write a version from 0 to 65535 behind .v, such as "evenfield.consultation.dropped.v1""#,
    );
}

#[test]
fn ids_and_times_are_told_what_to_write() {
    check("\"e-2\"", "7", "/id", "id is 7; write a text in quotes");
    check(
        "\"e-2\"",
        "\"\"",
        "/id",
        r#"id is ""; write a name that is unique within the source, not an empty text"#,
    );
    check(r#""subject":"c-0001","#, "", "/subject", "subject is missing; write the name of the consultation");
    check(
        "2026-03-01T09:04:10Z",
        "2026-03-01 09:04",
        "/time",
        r#"time is "2026-03-01 09:04"; write a time such as "2026-03-01T09:00:03.120Z""#,
    );
    check(
        "\"id\":\"e-2\"",
        "\"id\":\"e-2\",\"id\":\"e-3\"",
        "",
        "`id` is given twice; leave one of the two out",
    );
    check(
        "\"id\":\"e-2\"",
        "\"id\":\"e-2\",\"datacontenttype\":\"text/xml\"",
        "/datacontenttype",
        r#"datacontenttype is "text/xml"; write "application/json", and the data as an object"#,
    );
    check(
        "\"data\":{",
        "\"data_base64\":\"eA==\",\"dat\":{",
        "/data_base64",
        r#"data_base64 is "eA=="; write the data as an object, named data"#,
    );
    check("\"network\"}}", "\"network\"}", "", "it is no JSON: EOF while parsing an object (column 220)");
}

#[test]
fn data_is_told_which_member_is_wrong_and_what_to_write() {
    check("\"network\"", "[1]", "/data/reason", "data.reason is a list; write a text in quotes");
    check(
        "\"p-17\"",
        "\"\"",
        "/data/participant",
        r#"data.participant is ""; write the name of the person, or leave it out"#,
    );
    check("\"role\"", "\"reason\"", "/data", "`reason` is given twice; leave one of the two out");
    check_in(
        DOCUMENTED[0],
        "_quintile\":2",
        "_quintile\":6",
        "/data/context/deprivation_quintile",
        "data.context.deprivation_quintile is 6; write a number from 1 (most deprived) to 5, without quotes",
    );
    check_in(
        DOCUMENTED[0],
        "true",
        "\"yes\"",
        "/data/context/first_use",
        r#"data.context.first_use is "yes"; write true or false, without quotes"#,
    );
    check_in(
        DOCUMENTED[0],
        "\"RBA\"",
        "7",
        "/data/context/organisation",
        "data.context.organisation is 7; write a text in quotes that is not empty, or leave it out",
    );
    check_in(
        DOCUMENTED[3],
        ":4",
        ":6",
        "/data/value",
        "data.value is 6; write a level from 0 to the scale, which is 5",
    );
}

#[test]
fn ratings_questionnaires_and_declarations_are_told_which_member_is_wrong() {
    check_in(
        DOCUMENTED[3],
        "\"scale\":5",
        "\"scale\":1",
        "/data/scale",
        "data.scale is 1; write the number of levels, from 2 to 255",
    );
    check_in(
        DOCUMENTED[3],
        ",\"value\":4",
        "",
        "/data/value",
        "data.value is missing; write the level that was chosen, a whole number from 0 to the scale",
    );
    check_in(
        DOCUMENTED[4],
        "[4,",
        "[6,",
        "/data/answers",
        "data.answers is [6,2,5,1,4,2,5,1,4,2]; write the 10 answers of SUS, each from 1 to 5, or null for one left out",
    );
    check_in(
        DOCUMENTED[4],
        "\"SUS\",\"answers\":[4,2,5,1,4,2,5,1,4,2]",
        "\"PHQ-9\"",
        "/data/answers",
        "data.answers is empty; write the answers in their order, or a score",
    );
    check_in(
        DOCUMENTED[5],
        "\"observed\"",
        "\"seen\"",
        "/data/capabilities/joined",
        r#"data.capabilities.joined is "seen"; write "observed", "inferred" or "unobservable""#,
    );
    check_in(
        DOCUMENTED[5],
        "capabilities",
        "can",
        "/data/capabilities",
        r#"data.capabilities is missing; write how each kind is seen, such as {"joined":"observed","dropped":"inferred"}"#,
    );
}

#[test]
fn the_value_nought_of_a_rating_is_taken() {
    let text = DOCUMENTED[3].replace("\"value\":4", "\"value\":0");
    assert_eq!(line(&read_line(text.as_bytes()).unwrap()), text);
}

#[test]
fn of_an_unknown_kind_everything_is_kept_whatever_its_shape() {
    let text = r#"{"specversion":"1.0","id":"e","source":"s","type":"evenfield.consultation.joined.v2","subject":"c","time":"2026-03-01T10:00:00Z","data":{"context":5,"participant":{"id":1},"role":["a"]}}"#;
    assert_eq!(line(&read_line(text.as_bytes()).unwrap()), text);
}
