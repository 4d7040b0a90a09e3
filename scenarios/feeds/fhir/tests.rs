//! The feed on encounters of the shapes that FHIR R4 describes.

use event::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::pseudonym::{Scope, pseudonymise};
use crate::trial::{events, items, says_what_it_does, told, twice_is_once};
use crate::{Feed, FeedError, FhirEncounter, FreeText, Item, Settings};

/// A virtual encounter that took place.
fn encounter() -> Value {
    json!({
        "resourceType": "Encounter",
        "id": "enc-1",
        "meta": {"versionId": "3", "lastUpdated": "2026-03-01T12:00:00+00:00"},
        "text": {"status": "generated", "div": "<div>SECRET</div>"},
        "identifier": [
            {"system": "https://trust.example/visits", "value": "V-7"},
            {"system": "https://video.example/meetings", "value": "uL5aP=="},
        ],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR", "display": "virtual"},
        "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "185389009", "display": "SECRET"}], "text": "SECRET"}],
        "serviceType": {"coding": [{"code": "100", "display": "SECRET"}, {"code": "394579002", "userSelected": true}]},
        "subject": {"reference": "Patient/pat-9", "display": "SECRET"},
        "participant": [
            {"type": [{"coding": [{"code": "REF"}]}], "individual": {"reference": "Practitioner/gp-1"}},
            {"type": [{"coding": [{"code": "translator"}]}], "individual": {"reference": "Practitioner/tr-1"}},
            {"individual": {"reference": "RelatedPerson/mother"}},
            {"type": [{"coding": [{"code": "ATND"}]}], "individual": {"reference": "Practitioner/dr-2"}},
            {"type": [{"coding": [{"code": "PPRF"}]}], "individual": {"reference": "https://fhir.example/Practitioner/dr-1/_history/2", "display": "SECRET"}},
        ],
        "period": {"start": "2026-03-01T09:00:00+00:00", "end": "2026-03-01T09:20:00Z"},
        "reasonCode": [{"text": "SECRET"}],
        "serviceProvider": {"reference": "Organization/1", "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RBA"}, "display": "SECRET"},
    })
}

fn with(changes: &[(&str, Value)]) -> String {
    let mut changed = encounter();
    for (name, value) in changes {
        changed[*name] = value.clone();
    }
    changed.to_string()
}

fn read(input: &str) -> Vec<String> {
    told(&FhirEncounter, input, &Settings::default())
}

fn mapped(mapping: &str) -> Settings {
    Settings { mapping: Some(mapping.to_owned()), ..Settings::default() }
}

const NAMED: &str = "consultation = \"https://video.example/meetings\"\nplatform = \"zoom\"\n";

#[test]
fn an_encounter_tells_that_it_was_planned_and_its_circumstances() {
    assert_eq!(
        read(&encounter().to_string()),
        [
            r#"enc-1 2026-03-01T09:00:00Z scheduled {"context":{"organisation":"RBA","service":"394579002","appointment":"follow_up","interpreter":true,"clinician":"Practitioner/dr-1"}}"#
        ]
    );
}

#[test]
fn the_mapping_names_consultation_and_platform_and_says_what_codes_mean() {
    let mapping = format!(
        "{NAMED}[values.service]\n\"394579002\" = \"cardiology\"\n[values.appointment]\n\"185389009\" = \"review\"\n[values.organisation]\nRBA = \"rba\"\n"
    );
    assert_eq!(
        told(&FhirEncounter, &encounter().to_string(), &mapped(&mapping)),
        [
            r#"uL5aP== 2026-03-01T09:00:00Z scheduled {"context":{"platform":"zoom","organisation":"rba","service":"cardiology","appointment":"review","interpreter":true,"clinician":"Practitioner/dr-1"}}"#
        ]
    );
    let without = format!("{NAMED}leave_out = [\"clinician\", \"service\"]\n");
    assert!(told(&FhirEncounter, &encounter().to_string(), &mapped(&without))[0].ends_with(
        r#"{"platform":"zoom","organisation":"RBA","appointment":"follow_up","interpreter":true}}"#
    ));
    let declared = FhirEncounter.capabilities(&mapped(NAMED)).unwrap();
    assert_eq!(declared.platform.as_deref(), Some("zoom"));
}

/// A booking and what the platform saw of it are told of one consultation, also where its name is a pseudonym.
#[test]
fn an_encounter_and_a_platforms_events_name_one_consultation() {
    let hook = r#"{"event":"meeting.ended","payload":{"object":{"uuid":"uL5aP==","end_time":"2026-03-01T09:20:00Z"}}}"#;
    let mut booked = events(&FhirEncounter, &encounter().to_string(), &mapped(NAMED)).pop().unwrap();
    let mut seen = events(&crate::ZoomWebhook, hook, &Settings::default()).pop().unwrap();
    assert_eq!(booked.consultation, seen.consultation);
    for event in [&mut booked, &mut seen] {
        pseudonymise(event, &[7; 32], Scope::PeopleAndConsultations);
    }
    assert_eq!(booked.consultation, seen.consultation);
    assert!(booked.consultation.starts_with("cn1-"), "{}", booked.consultation);
    let clinician = booked.payload.context().and_then(|context| context.get(event::Dimension::Clinician));
    assert!(clinician.is_some_and(|name| name.starts_with("pn1-")), "{clinician:?}");
}

#[test]
fn what_is_called_off_says_by_whom_and_why() {
    let reason = |code: Value| json!([{"url": "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled", "valueCodeableConcept": code}]);
    let coded = json!({"coding": [{"code": "pat-cpp"}]});
    let input = with(&[("status", json!("cancelled")), ("extension", reason(coded))]);
    let found = read(&input);
    assert!(found[0].contains(r#"scheduled {"booked_start":"2026-03-01T09:00:00Z","context""#), "{found:?}");
    assert_eq!(found[1], r#"enc-1 2026-03-01T12:00:00Z cancelled {"by":"patient","reason":"pat-cpp"}"#);
    let clinic = with(&[
        ("status", json!("cancelled")),
        ("extension", reason(json!({"coding": [{"code": "prov"}]}))),
        (
            "statusHistory",
            json!([{"status": "cancelled", "period": {"start": "2026-02-27T10:00:00Z"}}, {"status": "planned", "period": {"start": "2026-02-20T10:00:00Z"}}]),
        ),
    ]);
    let found = read(&clinic);
    assert!(found[0].starts_with("enc-1 2026-02-20T10:00:00Z scheduled"), "{found:?}");
    assert_eq!(found[1], r#"enc-1 2026-02-27T10:00:00Z cancelled {"by":"clinic","reason":"prov"}"#);
    let typed = with(&[("status", json!("cancelled")), ("extension", reason(json!({"text": "SECRET"})))]);
    let found = read(&typed);
    assert_eq!(found[1], "enc-1 2026-03-01T12:00:00Z cancelled {}");
    assert_eq!(found[2], "skipped: free text: the reason of a cancellation without a code is refused");
    let settings = Settings { free_text: FreeText::Allowed, ..Settings::default() };
    assert!(told(&FhirEncounter, &typed, &settings)[1].ends_with(r#"cancelled {"reason":"SECRET"}"#));
    assert!(read(&with(&[("status", json!("cancelled"))]))[1].ends_with("cancelled {}"));
}

/// What lies ahead is told at the time it was written: it has not happened yet.
#[test]
fn a_booking_ahead_is_told_when_it_was_written() {
    let ahead =
        with(&[("status", json!("planned")), ("period", json!({"start": "2026-04-01T09:00:00+01:00"}))]);
    assert!(
        read(&ahead)[0].starts_with(
            r#"enc-1 2026-03-01T12:00:00Z scheduled {"booked_start":"2026-04-01T08:00:00Z","context""#
        ),
        "{ahead}"
    );
    let dated = with(&[("period", json!({"start": "2026-02-01"}))]);
    assert!(read(&dated)[0].starts_with("enc-1 2026-02-01T00:00:00Z scheduled"));
}

#[test]
fn references_are_taken_in_every_form_that_they_have() {
    let organisation = |reference: Value| {
        let found = read(&with(&[("serviceProvider", reference)]));
        let told: Value = serde_json::from_str(found[0].split_once("scheduled ").unwrap().1).unwrap();
        told["context"]["organisation"].as_str().map(str::to_owned)
    };
    for (reference, expected) in [
        ("Organization/RBA", Some("RBA")),
        ("https://fhir.example/r4/Organization/RBA/_history/2", Some("RBA")),
        ("Organization?identifier=https://fhir.nhs.uk/Id/ods-organization-code|RBA", Some("RBA")),
        ("urn:uuid:3f1c", Some("urn:uuid:3f1c")),
        ("#contained", None),
        ("Organization/", None),
    ] {
        assert_eq!(organisation(json!({"reference": reference})).as_deref(), expected, "{reference}");
    }
    assert_eq!(organisation(json!({"display": "SECRET"})), None);
}

#[test]
fn appointments_are_groups_urgent_or_what_their_codes_say() {
    let level = |changes: &[(&str, Value)]| {
        let found = read(&with(changes));
        let told: Value = serde_json::from_str(found[0].split_once("scheduled ").unwrap().1).unwrap();
        told["context"]["appointment"].as_str().map(str::to_owned)
    };
    assert_eq!(level(&[("subject", json!({"reference": "Group/g-1"}))]).as_deref(), Some("group"));
    let typed = |code: &str| json!([{"coding": [{"code": code}]}]);
    assert_eq!(level(&[("type", typed("185387006"))]).as_deref(), Some("new"));
    assert_eq!(level(&[("type", typed("X1"))]).as_deref(), Some("X1"));
    let urgent = json!({"coding": [{"code": "UR"}]});
    assert_eq!(level(&[("type", json!([])), ("priority", urgent)]).as_deref(), Some("urgent"));
    assert_eq!(level(&[("type", Value::Null)]), None);
}

#[test]
fn bundles_and_bulk_exports_are_read_resource_by_resource() {
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {"fullUrl": "https://fhir.example/Encounter/enc-1", "resource": encounter()},
            {"resource": {"resourceType": "Patient", "name": [{"family": "SECRET"}]}},
            {"resource": {"resourceType": "Encounter", "status": "finished"}},
            {"request": {"method": "DELETE"}},
        ],
    });
    let found = read(&bundle.to_string());
    assert!(found[0].starts_with("enc-1 "));
    assert_eq!(
        found[1..],
        [
            "skipped: resource \"Patient\": only encounters are read",
            "rejected: /entry/2/resource/class is missing; its code says whether the encounter is virtual (VR)",
            "skipped: an entry of a Bundle without a resource",
        ]
    );
    assert_eq!(
        read(r#"{"resourceType":"Bundle","type":"searchset"}"#),
        ["skipped: a Bundle without entries"]
    );
    let export = format!("{}\n{}\n", encounter(), with(&[("id", json!("enc-2"))]));
    assert_eq!(read(&export).len(), 2);
    assert!(read(&export)[1].starts_with("enc-2 "));
}

#[test]
fn encounters_that_are_not_virtual_are_counted_unless_they_name_a_consultation() {
    let at_home = with(&[("class", json!({"code": "AMB"}))]);
    assert_eq!(read(&at_home), [r#"skipped: an encounter of class "AMB": it is not virtual (VR)"#]);
    assert!(told(&FhirEncounter, &at_home, &mapped(NAMED))[0].starts_with("uL5aP== "));
    assert_eq!(
        read(&with(&[("status", json!("entered-in-error"))])),
        ["skipped: an encounter that was entered in error"]
    );
}

#[test]
fn wrong_encounters_are_told_what_is_missing() {
    let elsewhere = mapped("consultation = \"https://other.example\"\n");
    assert_eq!(
        told(&FhirEncounter, &encounter().to_string(), &elsewhere),
        [
            "rejected: /identifier is missing; it is virtual, and has no identifier of the system https://other.example that the mapping names"
        ]
    );
    let two = json!([{"system": "https://video.example/meetings", "value": "a"}, {"system": "https://video.example/meetings", "value": "b"}]);
    let found = told(&FhirEncounter, &with(&[("identifier", two)]), &mapped(NAMED));
    assert!(
        found[0].ends_with("it should be one identifier of the system https://video.example/meetings, not 2")
    );
    let many: Vec<_> = (0..40_000)
        .map(|at| json!({"system": "https://video.example/meetings", "value": format!("m-{}", at % 20_000)}))
        .collect();
    let found = told(&FhirEncounter, &with(&[("identifier", many.into())]), &mapped(NAMED));
    assert!(found[0].ends_with("not 20000"), "{}", found[0]);
    let cases = [
        (
            r#"{"id":"x"}"#.to_owned(),
            "/resourceType is missing; this is no FHIR resource: export encounters as JSON",
        ),
        (with(&[("status", Value::Null)]), "/status is missing; R4 asks for it"),
        (
            with(&[("status", json!("completed"))]),
            "/status is \"completed\"; it should be a status of FHIR R4: planned, arrived, triaged, in-progress, onleave, finished, cancelled, unknown",
        ),
        (
            with(&[("class", json!([{"coding": [{"code": "VR"}]}]))]),
            "/class is [{\"coding\":[{\"code\":\"VR\"}]}]; it should be one coding, as in FHIR R4; a list of them is R5",
        ),
        (
            with(&[("period", json!({"start": "soon"}))]),
            "/period/start is \"soon\"; it should be a time such as \"2022-03-01T10:15:14Z\"",
        ),
        (
            with(&[("period", Value::Null), ("meta", Value::Null)]),
            "/period/start is missing; and so is meta/lastUpdated: one of them says when it was planned",
        ),
        (
            with(&[("id", Value::Null)]),
            "/id is missing; it names the consultation: export encounters from the server, or name an identifier system in a mapping",
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(read(&input), [format!("rejected: {expected}")], "{input}");
    }
}

#[test]
fn a_mapping_that_makes_no_sense_is_refused_before_anything_is_read() {
    let refused = |mapping: &str| {
        let mut sink = |_| std::ops::ControlFlow::Continue(());
        let read = FhirEncounter.read(&mut "{}".as_bytes(), &mapped(mapping), &mut sink);
        assert!(matches!(read, Err(FeedError::Setting { name: "map", .. })), "{mapping}");
        read.unwrap_err().to_string()
    };
    assert!(refused("consultatoin = \"x\"").contains("unknown field"));
    assert!(refused("leave_out = [\"colour\"]").contains("\"colour\", which is no circumstance"));
    assert!(refused("consultation = \"\"").contains("\"consultation\" is empty"));
    assert!(
        refused("[values.colour]\na = \"b\"")
            .contains("values.colour is nothing that has codes; use one of service")
    );
}

#[test]
fn what_is_read_twice_is_one_event_and_a_change_is_another() {
    let input = encounter().to_string();
    twice_is_once(&FhirEncounter, &input);
    let id = |input: &str| events(&FhirEncounter, input, &Settings::default())[1].id.clone();
    assert_eq!(id(&input), id(&with(&[("reasonCode", Value::Null)])));
    assert_ne!(id(&input), id(&with(&[("serviceType", Value::Null)])));
}

#[test]
fn no_text_and_no_patient_is_in_an_event() {
    for event in events(&FhirEncounter, &encounter().to_string(), &Settings::default()) {
        let line = crate::cloudevents::line(&event);
        assert!(!line.contains("SECRET") && !line.contains("pat-9") && !line.contains("V-7"), "{line}");
        assert_eq!(event.participant, None);
    }
    let typed = with(&[("serviceType", json!({"text": "SECRET"}))]);
    assert_eq!(read(&typed)[1], "skipped: free text: a service without a code is refused");
}

#[test]
fn the_format_is_recognised_and_says_what_it_does() {
    let named = |input: &str| crate::detect(input.as_bytes()).map(Feed::name);
    let bundle = json!({"resourceType": "Bundle", "entry": [{"resource": encounter()}]}).to_string();
    for input in [encounter().to_string(), bundle, format!("{:#}", encounter())] {
        assert_eq!(named(&input), Some("fhir-encounter"), "{input}");
    }
    assert_eq!(named(r#"{"resourceType":"Patient"}"#), None);
    says_what_it_does(&FhirEncounter);
    let declared = FhirEncounter.capabilities(&Settings::default()).unwrap();
    // Not every encounter was booked ahead.
    assert_eq!(declared.kinds(event::Capability::Observed), event::KindSet::of(&[Kind::Cancelled]));
    assert_eq!(declared.kinds(event::Capability::Inferred), event::KindSet::of(&[Kind::Scheduled]));
}

proptest! {
    #[test]
    fn encounters_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut mutated = with(&[("status", json!("cancelled"))]).into_bytes();
        for (index, byte) in &changes {
            let at = index.index(mutated.len());
            mutated[at] = *byte;
        }
        for settings in [Settings::default(), mapped(NAMED)] {
            prop_assert!(!items(&FhirEncounter, &mutated, &settings).is_empty());
        }
        let refused = items(&FhirEncounter, &bytes, &Settings::default());
        prop_assert!(refused.iter().all(|item| matches!(item, Item::Rejected(_))));
    }
}
