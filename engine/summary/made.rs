//! A summary of a log: counted from a sheet, for a question that asks for no closer look.

use std::collections::BTreeMap;

use event::{Dimension, KindSet, NOT_RECORDED};
use projections::calendar::Calendar;
use projections::compare::{Ask, ClusterChoice, Summary};
use projections::disclosure::Policy;
use projections::period::Period;
use projections::source::Sight;
use projections::survey::Survey;

use super::asked::{Asked, For};
use super::decided;
use super::key::PublicKey;
use super::manifest::{self, Manifest, OfLog, Seen};
use crate::log::{Log, LogError, Position};
use crate::replay::{Rows, Sheet, synthetic};

/// What the rows of `sheet` add to a comparison or a decision of several logs, and what there is to say of it.
///
/// # Errors
/// When the log cannot be read.
pub fn make(
    log: &Log,
    sheet: &Sheet,
    (ask, purpose): (&Ask, For),
    signer: PublicKey,
    threads: usize,
) -> Result<(Manifest, Summary), LogError> {
    let cells = ask.every_design();
    let cells = cells.iter().map(|design| sheet.fold(&design.question(ask, &sheet.parameters), threads));
    let mut survey = sheet.fold(&ask.survey(), threads);
    if ask.cluster != ClusterChoice::Auto {
        // They choose the clustering, and do nothing else.
        for surveyed in survey.values_mut().flat_map(|strata| strata.values_mut()) {
            (surveyed.organisations, surveyed.clinicians) = Default::default();
        }
    }
    let summary = Summary {
        survey,
        used: sheet.fold(&Calendar { filter: &ask.filter }, threads),
        cells: cells.collect(),
        decision: match purpose {
            For::Comparison => None,
            For::Decision { .. } => Some(decided::counted(sheet, ask, threads)),
        },
    };
    let begins = match sheet.position {
        Position::START => None,
        _ => Some(log.head_at(Position::FIRST)?.commitment_digits()),
    };
    let manifest = Manifest {
        reading: manifest::reading(),
        asked: Asked::of(ask, purpose),
        parameters: sheet.parameters,
        policy: Policy::Internal,
        policy_version: Policy::Internal.version(),
        months: summary.months().map(|(first, last)| [first, last].map(|month| Period::Month.level(month))),
        consultations: summary.consultations(),
        in_progress: sheet.in_progress(),
        log: OfLog { begins, head: log.head_at(sheet.position)? },
        sources: sources(sheet),
        synthetic: synthetic(&sheet.source_names()),
        places: places(sheet, ask, threads),
        signer,
    };
    Ok((manifest, summary))
}

/// The sources whose events the sheet was made of.
fn sources(sheet: &Sheet) -> Vec<Seen> {
    let seen = sheet.source_names().into_iter().map(|name| {
        let Sight { sees, infers, declared, sides, drop_delay_ms, platform } = sheet.sources().sight(name);
        let mut sight = [sees.bits(), infers.bits()].map(u32::to_le_bytes).concat();
        sight.extend([u8::from(declared), sides as u8]);
        sight.extend(drop_delay_ms.to_le_bytes());
        sight.extend(platform.map(String::into_bytes).unwrap_or_default());
        Seen::of(&["source", name], &sight)
    });
    seen.collect()
}

/// Each platform at each organisation that has consultations, with what is watched there.
fn places(sheet: &Sheet, ask: &Ask, threads: usize) -> Vec<Seen> {
    let mut watched: BTreeMap<[Option<&str>; 2], [KindSet; 2]> = BTreeMap::new();
    for ((platform, organisation), declared, _) in sheet.coverage().entries() {
        let known = watched.entry([platform.as_deref(), organisation.as_deref()]).or_default();
        *known = [known[0].or(declared[0]), known[1].or(declared[1])];
    }
    let by = [Dimension::Organisation];
    let surveyed = sheet.fold(&Survey { filter: &ask.filter, by: &by, units: &[] }, threads);
    let mut places = Vec::new();
    for (platform, strata) in &surveyed {
        for organisation in strata.keys().flat_map(|stratum| &stratum.0) {
            let place = [platform, organisation];
            let place = place.map(|level| Some(level.as_str()).filter(|level| *level != NOT_RECORDED));
            let [observed, inferred] = watched.get(&place).copied().unwrap_or_default();
            let sight = [observed.bits(), inferred.bits()].map(u32::to_le_bytes).concat();
            places.push(Seen::of(&["place", platform, organisation], &sight));
        }
    }
    places
}
