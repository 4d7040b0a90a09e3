//! A file of gates: thresholds in TOML, each name checked before anything is replayed.
//!
//! ```toml
//! [[gate]]
//! name = "reliable enough"          # what people call it
//! measure = "undisturbed"
//! platform = "alder"                # none: each of them
//! of = "value"                      # or "difference", from the reference
//! at_least = 0.85                   # or at_most: the limit of the interval that must keep it
//! where = { service = "dermatology" }
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use event::{Dimension, Role};
use projections::catalog;
use projections::compare::{GateOf, GateSide, Threshold};
use serde::Deserialize;

use super::choose::{choose, no_file};
use super::failure::Failure;
use crate::replay::Sheet;

/// The largest file of gates that is read.
const MOST_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    gate: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: Option<String>,
    measure: String,
    role: Option<String>,
    platform: Option<String>,
    #[serde(default)]
    of: ToldOf,
    at_least: Option<f64>,
    at_most: Option<f64>,
    #[serde(rename = "where", default)]
    levels: BTreeMap<String, String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum ToldOf {
    #[default]
    Value,
    Difference,
}

/// The gates of a file.
pub(super) fn gates(path: &Path) -> Result<Vec<Threshold>, Failure> {
    let size = std::fs::metadata(path).map_err(|error| no_file(path, &error))?.len();
    if size > MOST_BYTES {
        return Err(Failure::Input(format!("{} has {size} bytes: gates are a few lines", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(|error| no_file(path, &error))?;
    let file: File = toml::from_str(&text)
        .map_err(|error| Failure::Input(format!("could not read {}: {error}", path.display())))?;
    if file.gate.is_empty() {
        return Err(Failure::Input(format!(
            "{} has no [[gate]]: write one for each threshold, with measure and at_least or at_most",
            path.display()
        )));
    }
    let gates = file.gate.into_iter().enumerate();
    gates.map(|(number, told)| gate(told).map_err(|failure| placed(path, number, &failure))).collect()
}

/// What is wrong with a gate, with its place.
fn placed(path: &Path, number: usize, failure: &Failure) -> Failure {
    let why = failure.message().unwrap_or_default();
    Failure::Input(format!("{}, gate {}: {why}", path.display(), number + 1))
}

/// Refuses gates on platforms and levels that nobody recorded, and on parts that are not told apart.
pub(super) fn held_against(
    gates: &[Threshold],
    path: &Path,
    sheet: &Sheet,
    by: &[Dimension],
) -> Result<(), Failure> {
    let platforms = sheet.levels(Dimension::Platform);
    // Of nothing it is said that there is nothing, whatever was asked of it.
    if platforms.is_empty() {
        return Ok(());
    }
    for (number, gate) in gates.iter().enumerate() {
        let named = gate.platform.iter().map(|platform| (Dimension::Platform, platform));
        let levels = gate
            .levels
            .iter()
            .filter_map(|(dimension, level)| Some((Dimension::from_name(dimension)?, level)));
        for (dimension, level) in named.chain(levels) {
            let known: Vec<String> = sheet.levels(dimension).into_iter().collect();
            let is_apart = dimension == Dimension::Platform || by.contains(&dimension);
            let found = match is_apart {
                true => choose(dimension.name(), level, known.contains(level).then_some(()), &known),
                false => Err(Failure::Usage(format!(
                    "it is about {dimension} {level:?}, and {dimension} is not told apart: add it to --by"
                ))),
            };
            found.map_err(|failure| placed(path, number, &failure))?;
        }
    }
    Ok(())
}

fn gate(told: Told) -> Result<Threshold, Failure> {
    let names = catalog::MEASURES.map(|measure| measure.name);
    let measure = choose("measure", &told.measure, catalog::measure(&told.measure), names)?;
    let role = |name: &String| {
        let known = measure.roles.iter().copied().find(|role| role.name() == name);
        choose(
            &format!("role of {}", measure.name),
            name,
            known,
            measure.roles.iter().map(|role| role.name()),
        )
    };
    let role: Option<Role> = told.role.as_ref().map(role).transpose()?;
    for dimension in told.levels.keys() {
        choose("dimension", dimension, Dimension::from_name(dimension), Dimension::ALL.map(Dimension::name))?;
    }
    let (side, threshold) = match (told.at_least, told.at_most) {
        (Some(least), None) => (GateSide::AtLeast, least),
        (None, Some(most)) => (GateSide::AtMost, most),
        _ => return Err(Failure::Usage("it needs either at_least or at_most".to_owned())),
    };
    if !threshold.is_finite() {
        return Err(Failure::Usage(format!("{threshold} is no threshold")));
    }
    let of = match told.of {
        ToldOf::Value => GateOf::Value,
        ToldOf::Difference => GateOf::Difference,
    };
    let name = told.name.unwrap_or_else(|| measure.within_sentence());
    Ok(Threshold { name, measure, role, platform: told.platform, levels: told.levels, of, side, threshold })
}
