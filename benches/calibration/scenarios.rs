//! What was planted in the recorded scenarios, and whether a replay reaches it: told by the program itself.

use std::fmt::Write;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What `evenfield scenario check --json` says.
#[derive(Debug, Deserialize)]
struct Told {
    schema: String,
    scenarios: Vec<Scenario>,
}

/// A scenario and its findings.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Scenario {
    name: String,
    events: u64,
    findings: Vec<Finding>,
}

/// What was planted, and what a comparison says.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Finding {
    words: String,
    found: bool,
    seen: String,
}

/// Every recorded scenario, replayed by the program at this path.
///
/// # Errors
/// Says what the program said where it did not answer; a finding that was not reached is an answer.
pub(super) fn checked(program: &str) -> Result<Vec<Scenario>, String> {
    let output = Command::new(program)
        .args(["scenario", "check", "--json"])
        .output()
        .map_err(|error| format!("{program} could not be started: {error}"))?;
    let told: Told = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{program} gave no answer ({error}): {}", String::from_utf8_lossy(&output.stderr))
    })?;
    if told.schema != "evenfield.check/1" {
        return Err(format!("{program} answered by {}, and evenfield.check/1 was expected", told.schema));
    }
    Ok(told.scenarios)
}

/// One line for each finding.
pub(super) fn table(scenarios: &[Scenario]) -> String {
    let findings = || scenarios.iter().flat_map(|scenario| &scenario.findings);
    let reached = findings().filter(|finding| finding.found).count();
    let mut text = format!(
        "\n### Planted findings of the recorded scenarios\n\n{reached} of {} reached.\n\n\
         | scenario | planted | | seen |\n|---|---|---|---|\n",
        findings().count()
    );
    for scenario in scenarios {
        for Finding { words, found, seen } in &scenario.findings {
            let mark = if *found { "reached" } else { "**not reached**" };
            let _ = writeln!(text, "| {} | {words} | {mark} | {} |", scenario.name, seen.replace('|', "\\|"));
        }
    }
    text
}
