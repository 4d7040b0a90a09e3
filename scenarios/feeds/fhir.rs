//! FHIR R4 Encounter: bookings, and the circumstances of consultations; no event of quality.
//!
//! Single resources, Bundles, and the NDJSON of a bulk export. Each encounter that is virtual becomes
//! `scheduled` with its circumstances, and `cancelled` if it was; whatever happened in it comes from the
//! platform's own feed. The two meet where they name the consultation alike: the mapping says which
//! identifier system holds the platform's name of it (a meeting's uuid, a room's sid), and without one the
//! encounter's own id names it. A mapping also names the platform, and says what codes mean:
//!
//! ```toml
//! consultation = "https://video.example.org/meetings"   # system of the identifier that names it
//! platform = "zoom"                                     # that these encounters were booked on
//! leave_out = ["clinician"]                             # that the platform's feed tells by another name
//!
//! [values.service]                                      # per circumstance: their code = ours
//! "394579002" = "cardiology"
//! [values.appointment]
//! "185389009" = "follow_up"
//! ```
//!
//! Of people only the clinician's reference is taken, as a circumstance; the engine puts a pseudonym in its
//! place. Nobody becomes a participant: names of a record system and of a platform differ, and a person
//! counted under both would be two. An event's id follows from all it says: the same export read twice
//! changes nothing, and an encounter that changed amends what was told before.

mod coded;
mod encounter;
mod mapping;

#[cfg(test)]
mod tests;

use std::io::BufRead;

use event::{Declaration, Kind, KindSet};
use memchr::memmem;

use crate::document::Document;
use crate::frame::begins_json;
use crate::tale::{self, Tale, Told};
use crate::text::{quoted, shown};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare};
use encounter::Encounter;
use mapping::Mapping;

/// The feed of FHIR R4 encounters.
#[derive(Debug, Clone, Copy)]
pub struct FhirEncounter;

const OBSERVED: KindSet = KindSet::of(&[Kind::Cancelled]);
const INFERRED: KindSet = KindSet::of(&[Kind::Scheduled]);

impl Feed for FhirEncounter {
    fn name(&self) -> &'static str {
        "fhir-encounter"
    }

    fn title(&self) -> &'static str {
        "FHIR R4 Encounter: bookings and circumstances"
    }

    fn about(&self) -> &'static str {
        "Encounters as JSON: resources, Bundles, the NDJSON of a bulk export. Those that are virtual (class \
         VR) tell that a consultation was planned or called off, and its circumstances: service, \
         organisation, kind of appointment, clinician, interpreter. They tell nothing of what happened in \
         it: take that from the platform's feed. Both meet in one consultation where they name it alike: \
         --map with consultation = \"SYSTEM\" takes the name from the identifier of that system; without \
         one it is the encounter's id. The mapping can also name the platform and say what codes mean. \
         Class VR is of telephone, too."
    }

    fn capabilities(&self, settings: &Settings) -> Option<Declaration> {
        Some(declaration(&Mapping::of(settings).ok()?))
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        begins_json(head) && has(b"\"resourceType\"") && (has(b"\"Encounter\"") || has(b"\"Bundle\""))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let mapping = Mapping::of(settings)?;
        tale::read(input, settings, sink, |document, settings| {
            Ok(Tale { told: tell(document, &mapping, settings)?, declaration: declaration(&mapping) })
        })
    }
}

fn declaration(mapping: &Mapping) -> Declaration {
    let told = declare::declaration(FhirEncounter.name(), OBSERVED, INFERRED);
    Declaration { platform: mapping.platform.clone(), ..told }
}

/// What a resource tells, or every resource of a Bundle.
fn tell(document: &Document<'_>, mapping: &Mapping, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    let why = "this is no FHIR resource: export encounters as JSON";
    match document.text("resourceType").ok_or_else(|| document.missing("resourceType", why))? {
        "Bundle" => {
            let entries = document.list("entry").unwrap_or_default();
            if entries.is_empty() {
                return Ok(vec![Told::Skipped("a Bundle without entries".into())]);
            }
            Ok(entries.iter().flat_map(|entry| of_entry(entry, mapping, settings)).collect())
        }
        kind => of_resource(document, kind, mapping, settings),
    }
}

/// What an entry of a Bundle tells; a refusal costs that entry alone.
fn of_entry(entry: &Document<'_>, mapping: &Mapping, settings: &Settings) -> Vec<Told> {
    let Some(resource) = entry.object("resource") else {
        return vec![Told::Skipped("an entry of a Bundle without a resource".into())];
    };
    let why = "it says what kind of resource it is";
    let kind = resource.text("resourceType").ok_or_else(|| resource.missing("resourceType", why));
    let told = kind.and_then(|kind| of_resource(&resource, kind, mapping, settings));
    told.unwrap_or_else(|refusal| vec![Told::Refused(refusal, resource.json())])
}

fn of_resource(
    resource: &Document<'_>,
    kind: &str,
    mapping: &Mapping,
    settings: &Settings,
) -> Result<Vec<Told>, Refusal> {
    if kind != "Encounter" {
        let reason = format!("resource {}: only encounters are read", shown(&quoted(kind)));
        return Ok(vec![Told::Skipped(reason.into())]);
    }
    Encounter { told: resource, mapping, settings }.tell()
}

const CAVEATS: &[(Kind, &str)] = &[(
    Kind::Scheduled,
    "every virtual encounter, one that was never booked ahead included; class VR is of telephone, too; where the platform's feed names the clinician by another name, leave theirs out by the mapping's leave_out: of two the later holds",
)];

const RULES: &[Rule] = &[
    Rule {
        theirs: "Encounter: planned, arrived, triaged, in-progress, onleave, finished, unknown",
        ours: Some(Kind::Scheduled),
        why: "with its circumstances; at the time that it was planned, by statusHistory, else the earlier of period.start and meta.lastUpdated",
    },
    Rule {
        theirs: "Encounter: cancelled",
        ours: Some(Kind::Cancelled),
        why: "besides scheduled; the reason is the code of the extension encounter-reasonCancelled, and codes that begin with pat or prov say by whom",
    },
    Rule {
        theirs: "Encounter: serviceType, serviceProvider, type, priority, subject, participant",
        ours: Some(Kind::Scheduled),
        why: "circumstances: service, organisation (identifier before reference), appointment, clinician (PPRF, then ATND, CON, SPRF, PART), interpreter (translator)",
    },
    Rule { theirs: "Encounter: entered-in-error", ours: None, why: "it says of itself that it is none" },
    Rule {
        theirs: "Encounter of another class than VR",
        ours: None,
        why: "not virtual, unless it bears the identifier that the mapping names",
    },
    Rule { theirs: "other resources", ours: None, why: "only encounters are read" },
];
