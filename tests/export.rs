//! Data sets for other programs: what is in them is what is in the log.

use crate::command::{prepared, run};

#[cfg(not(feature = "parquet"))]
#[test]
fn a_program_without_parquet_says_how_to_get_one() {
    let dir = prepared();
    let told = run(dir.path(), ["export", "parquet", "-o", "events.parquet"]).fails(2);
    assert!(told.contains("--features parquet"), "{told}");
    assert!(!dir.path().join("events.parquet").exists());
    let told = run(dir.path(), ["export", "parquet", "--shards", "2", "set"]).fails(2);
    assert!(told.contains("--features parquet") && !dir.path().join("set").exists(), "{told}");
    std::fs::create_dir(dir.path().join("set")).unwrap();
    let manifest = r#"{"schema":"evenfield.dataset/1"}"#;
    std::fs::write(dir.path().join("set/manifest.json"), manifest).unwrap();
    std::fs::write(dir.path().join("x.parquet"), b"PAR1 PAR1").unwrap();
    for input in ["set", "x.parquet"] {
        let told = run(dir.path(), ["--store", "new.store", "ingest", input]).fails(4);
        assert!(told.contains("--features parquet") && told.contains(input), "{told}");
        assert!(!dir.path().join("new.store").exists());
    }
    assert!(run(dir.path(), ["export", "--help"]).ok().contains("parquet"));
    assert!(run(dir.path(), ["export", "parquet", "--help"]).ok().contains("--features parquet"));
}

#[cfg(feature = "parquet")]
mod parquet {
    use std::collections::BTreeMap;
    use std::fs::{self, File};
    use std::path::Path;

    use event::{Dimension, Time};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, Row};
    use serde_json::Value;

    use super::{prepared, run};

    /// Everything that a kind can tell, of made-up events; `%` stands for what every line begins with.
    const EVERYTHING: &str = r#"%"id":"e-01","subject":"urn:example:all","type":"evenfield.consultation.recording_declared.v1","data":{"feed":"own","platform":"alder","capabilities":{"joined":"observed"},"sides":"patient","drop_delay_ms":5000}}
%"id":"e-02","subject":"c-1","type":"evenfield.consultation.scheduled.v1","data":{"booked_start":"2022-03-01T09:00:00Z","context":{"platform":"alder","deprivation_quintile":2,"first_use":true}}}
%"id":"e-03","subject":"c-1","type":"evenfield.consultation.cancelled.v1","data":{"by":"patient","reason":"ill"}}
%"id":"e-04","subject":"c-1","type":"evenfield.consultation.audio_lost.v1","data":{"participant":"p-1","role":"patient","direction":"in"}}
%"id":"e-05","subject":"c-1","type":"evenfield.consultation.help_requested.v1","data":{"topic":"sound"}}
%"id":"e-06","subject":"c-1","type":"evenfield.consultation.converted.v1","data":{"to":"phone"}}
%"id":"e-07","subject":"c-1","type":"evenfield.consultation.abandoned.v1","data":{"stage":"joining"}}
%"id":"e-08","subject":"c-1","type":"evenfield.consultation.feedback_invited.v1","data":{"role":"patient","instrument":"SUS"}}
%"id":"e-09","subject":"c-1","type":"evenfield.consultation.rated.v1","data":{"role":"patient","scale":5,"value":4}}
%"id":"e-10","subject":"c-1","type":"evenfield.consultation.questionnaire.v1","data":{"role":"patient","instrument":"SUS","answers":[1,2,null,4,5,1,2,3,4,5]}}
%"id":"e-11","subject":"c-1","type":"evenfield.consultation.questionnaire.v1","data":{"role":"patient","instrument":"own","score":12.5}}
%"id":"e-12","subject":"c-1","type":"evenfield.consultation.adequacy.v1","data":{"role":"patient","answer":"partly"}}
%"id":"e-13","subject":"c-1","type":"evenfield.consultation.hand_raised.v3","ward":"7","data":{"hand":"left"}}
"#;

    fn reader(path: &Path) -> SerializedFileReader<File> {
        SerializedFileReader::new(File::open(path).unwrap()).unwrap()
    }

    fn cells(row: Row) -> BTreeMap<String, Field> {
        row.into_columns().into_iter().filter(|(_, field)| *field != Field::Null).collect()
    }

    /// The rows of a file, each without its nulls.
    fn rows(path: &Path) -> Vec<BTreeMap<String, Field>> {
        reader(path).get_row_iter(None).unwrap().map(|row| cells(row.unwrap())).collect()
    }

    fn text(row: &BTreeMap<String, Field>, name: &str) -> Option<String> {
        row.get(name).map(|field| match field {
            Field::Str(text) => text.clone(),
            other => panic!("{name} is {other}"),
        })
    }

    #[test]
    fn every_event_is_a_row_with_what_it_tells() {
        let dir = prepared();
        let path = dir.path().join("events.parquet");
        run(dir.path(), ["export", "parquet", "-o", "events.parquet"]).ok();
        let lines = run(dir.path(), ["log", "export", "--positions"]).ok();
        let (lines, rows) = (lines.lines().collect::<Vec<_>>(), rows(&path));
        assert!(lines.len() > 900 && lines.len() == rows.len(), "{} {}", lines.len(), rows.len());
        for ((position, line), row) in (1..).zip(lines).zip(&rows) {
            let event: Value = serde_json::from_str(line).unwrap();
            let data = &event["data"];
            assert_eq!(row["position"], Field::Long(position));
            let at: Time = event["time"].as_str().unwrap().parse().unwrap();
            assert_eq!(row["at"], Field::TimestampMillis(at.ms()), "{line}");
            let told = |value: &Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            for (name, value) in [
                ("source", &event["source"]),
                ("id", &event["id"]),
                ("consultation", &event["subject"]),
                ("participant", &data["participant"]),
                ("role", &data["role"]),
                ("reason", &data["reason"]),
                ("converted_to", &data["to"]),
                ("stage", &data["stage"]),
            ] {
                assert_eq!(text(row, name), told(value), "{name} of {line}");
            }
            for dimension in Dimension::ALL {
                let level = told(&data["context"][dimension.name()]);
                // A declaration tells of its source, not of a consultation.
                assert_eq!(text(row, dimension.name()), level, "{dimension} of {line}");
            }
            let kind = format!("evenfield.consultation.{}.v1", text(row, "kind").unwrap());
            assert_eq!(event["type"], kind, "{line}");
        }
    }

    #[test]
    fn what_single_kinds_tell_has_columns_of_its_own() {
        let dir = crate::command::folder();
        let begin = r#"{"specversion":"1.0","source":"urn:example:all","time":"2022-03-01T09:00:00Z","#;
        fs::write(dir.path().join("all.ndjson"), EVERYTHING.replace('%', begin)).unwrap();
        run(dir.path(), ["ingest", "all.ndjson"]).ok();
        run(dir.path(), ["export", "parquet", "-o", "all.parquet"]).ok();
        let rows = rows(&dir.path().join("all.parquet"));
        let of = |id: &str| rows.iter().find(|row| text(row, "id").as_deref() == Some(id)).unwrap();
        let booked: Time = "2022-03-01T09:00:00Z".parse().unwrap();
        let string = |text: &str| Field::Str(text.to_owned());
        for (id, name, field) in [
            ("e-02", "booked_start", Field::TimestampMillis(booked.ms())),
            ("e-02", "deprivation_quintile", string("2")),
            ("e-02", "first_use", string("true")),
            ("e-03", "cancelled_by", string("patient")),
            ("e-03", "reason", string("ill")),
            ("e-04", "direction", string("in")),
            ("e-05", "topic", string("sound")),
            ("e-06", "converted_to", string("phone")),
            ("e-07", "stage", string("joining")),
            ("e-08", "instrument", string("SUS")),
            ("e-09", "scale", Field::Int(5)),
            ("e-09", "value", Field::Int(4)),
            ("e-10", "answers", string("[1,2,null,4,5,1,2,3,4,5]")),
            ("e-11", "score", Field::Double(12.5)),
            ("e-12", "answer", string("partly")),
            ("e-13", "kind", string("hand_raised")),
            ("e-13", "version", Field::Int(3)),
            ("e-13", "extra", string(r#"{"attributes":{"ward":"7"},"data":{"hand":"left"}}"#)),
        ] {
            assert_eq!(of(id).get(name), Some(&field), "{name} of {id}");
        }
        let declared: Value = serde_json::from_str(&text(of("e-01"), "declaration").unwrap()).unwrap();
        assert_eq!(declared["sides"], "patient");
        assert_eq!(declared["capabilities"]["joined"], "observed");
    }

    #[test]
    fn a_range_of_positions_can_be_written_and_an_empty_one_is_a_table_without_rows() {
        let dir = prepared();
        run(dir.path(), ["export", "parquet", "--from", "11", "--to", "20", "-o", "some.parquet"]).ok();
        let some = rows(&dir.path().join("some.parquet"));
        assert_eq!((some.len(), &some[0]["position"]), (10, &Field::Long(11)));
        run(dir.path(), ["export", "parquet", "--from", "100000", "-o", "none.parquet"]).ok();
        let none = reader(&dir.path().join("none.parquet"));
        assert_eq!(none.metadata().file_metadata().num_rows(), 0);
        assert!(none.metadata().file_metadata().schema_descr().num_columns() > 40);
    }
}
