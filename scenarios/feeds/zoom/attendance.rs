//! The lists of participants of Zoom's dashboard, where stays overlap, go on, or are none.

use crate::trial::told;
use crate::{Settings, ZoomDashboard};

/// A guest who is back before Zoom gives the old connection up was never away; so was a clinician who took
/// the telephone beside the computer for a while.
#[test]
fn an_old_connection_that_ends_takes_nobody_away_who_is_back() {
    let row = |who: &str, connection: &str, came: &str, went: &str, reason: &str| {
        format!(
            r#"{{"participant_uuid":"{who}","user_id":"{connection}","device":"iOS","user_name":"P","join_time":"2022-03-23T06:{came}Z","leave_time":"2022-03-23T06:{went}Z","leave_reason":"{reason}"}}"#
        )
    };
    let rows = [
        row("U-2", "1", "00:00", "10:00", "P got disconnected from the meeting."),
        row("U-2", "2", "09:30", "40:00", "P left the meeting."),
        row("U-3", "3", "00:00", "40:00", "P left the meeting."),
        row("U-3", "4", "05:00", "06:00", "P left the meeting."),
    ];
    let kinds = |rows: &[String]| -> Vec<_> {
        let document = format!(r#"{{"uuid":"m==","participants":[{}]}}"#, rows.join(","));
        let found = told(&ZoomDashboard, &document, &Settings::default()).into_iter();
        let mut told: Vec<_> = found
            .filter(|told| told.starts_with("m=="))
            .map(|told| told.split(",\"context").next().unwrap().trim_end_matches('}').to_owned())
            .collect();
        told.sort_unstable();
        told
    };
    let mut expected = vec![
        r#"m== 2022-03-23T06:00:00Z joined {"participant":"U-2""#,
        r#"m== 2022-03-23T06:00:00Z joined {"participant":"U-3""#,
        r#"m== 2022-03-23T06:40:00Z left {"participant":"U-2""#,
        r#"m== 2022-03-23T06:40:00Z left {"participant":"U-3""#,
    ];
    assert_eq!(kinds(&rows), expected);
    let mut backwards = rows.to_vec();
    backwards.reverse();
    assert_eq!(kinds(&backwards), expected);
    // With nobody else of that name there it was a drop.
    expected.insert(2, r#"m== 2022-03-23T06:10:00Z dropped {"participant":"U-2","reason":"disconnected""#);
    expected.insert(3, r#"m== 2022-03-23T06:10:05Z joined {"participant":"U-2""#);
    let back = row("U-2", "2", "10:05", "40:00", "P left the meeting.");
    assert_eq!(kinds(&[rows[0].clone(), back, rows[2].clone()]), expected);
}

/// Everything that is read is counted, also where it becomes no event.
#[test]
fn a_stay_that_goes_on_after_a_move_and_an_empty_list_are_counted() {
    let row = |came: &str, more: &str| format!(r#"{{"id":"a","join_time":"2022-03-23T06:{came}Z"{more}}}"#);
    let rows = [row("00:00", r#","leave_time":"2022-03-23T06:10:00Z""#), row("10:04", r#","bo_mtg_id":"2""#)];
    let found = told(
        &ZoomDashboard,
        &format!(r#"{{"uuid":"m==","participants":[{}]}}"#, rows.join(",")),
        &Settings::default(),
    );
    assert_eq!(
        found[1..],
        [
            "skipped: a move to or from a breakout room is no departure",
            "skipped: a stay that began by a move to or from a breakout room and goes on",
        ]
    );
    for empty in [r#"{"uuid":"m","participants":[]}"#, r#"{"meetings":[]}"#] {
        let found = told(&ZoomDashboard, empty, &Settings::default());
        assert_eq!(found, ["skipped: a list without a participant or meeting"]);
    }
}
