//! The command line as a stranger meets it: what made somebody look twice, so that nobody has to again.

use std::fs;

use crate::command::{SHEET, folder, line, run, run_on};

#[test]
fn a_sheet_whose_times_fit_one_format_gets_it_and_only_the_clock_is_asked() {
    let dir = folder();
    // The 23rd can be no month.
    let sheet = SHEET.replace("8,02/03/2022", "8,23/03/2022");
    fs::write(dir.path().join("sheet.csv"), &sheet).unwrap();
    let mapping = run(dir.path(), ["feed", "template", "sheet.csv"]).ok();
    assert!(mapping.contains("\ntime_format = \"%d/%m/%Y %H:%M\"  # all 3 times of this sheet"), "{mapping}");
    assert!(mapping.contains("\n# zone = \"Europe/London\"  # by whose clock?"), "{mapping}");
    assert!(!mapping.contains("2022") && !mapping.contains("09:31"), "a cell is told: {mapping}");
    fs::write(dir.path().join("mapping.toml"), mapping.replace("# zone", "zone")).unwrap();
    let told = run(dir.path(), ["ingest", "--map", "mapping.toml", "sheet.csv"]).ok();
    assert!(told.contains("csv: 1 abandoned, 2 joined"), "{told}");
}

#[test]
fn whether_day_or_month_stands_first_is_asked_and_never_guessed() {
    let dir = folder();
    let mapping = run_on(dir.path(), SHEET.as_bytes(), ["feed", "template", "-"]).ok();
    assert!(!mapping.lines().any(|line| line.starts_with("time_format")), "{mapping}");
    for wanted in ["\"%d/%m/%Y %H:%M\"  # the day first", "\"%m/%d/%Y %H:%M\"  # the month first"] {
        assert!(mapping.contains(&format!("\n# time_format = {wanted}")), "{mapping}");
    }
}
