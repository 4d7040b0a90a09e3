//! One encounter: what it is called, when it was planned, whether it was called off, its circumstances.

use event::{Context, Dimension, Event, Payload, Time};

use super::coded::{self, Concept};
use super::mapping::Mapping;
use crate::declare::identified;
use crate::document::Document;
use crate::tale::Told;
use crate::text::{quoted, shown};
use crate::{Refusal, Settings};

/// The statuses of R4 that say that a consultation was planned.
const STATUSES: [&str; 8] =
    ["planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "unknown"];

/// The extension by which an encounter says why it was cancelled.
const REASON_CANCELLED: &str = "http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled";

/// What a participant does, the clinician whose consultation it is first.
const CLINICIANS: [&str; 5] = ["PPRF", "ATND", "CON", "SPRF", "PART"];

/// Codes of appointments that are the same in every system, and what they are here.
const APPOINTMENTS: [(&str, &str); 10] = [
    // HL7 appointment reason codes.
    ("FOLLOWUP", "follow_up"),
    ("EMERGENCY", "urgent"),
    // HL7 priorities.
    ("UR", "urgent"),
    ("EM", "urgent"),
    ("S", "urgent"),
    // SNOMED CT.
    ("185389009", "follow_up"),
    ("390906007", "follow_up"),
    ("185387006", "new"),
    ("103391001", "urgent"),
    ("25876001", "urgent"),
];

/// An encounter, and what was said of it outside.
pub(super) struct Encounter<'a> {
    pub(super) told: &'a Document<'a>,
    pub(super) mapping: &'a Mapping,
    pub(super) settings: &'a Settings,
}

impl Encounter<'_> {
    /// The events that it tells.
    pub(super) fn tell(&self) -> Result<Vec<Told>, Refusal> {
        let status = self.told.text("status").ok_or_else(|| self.told.missing("status", "R4 asks for it"))?;
        if status == "entered-in-error" {
            return Ok(vec![Told::Skipped("an encounter that was entered in error".into())]);
        }
        if !STATUSES.contains(&status) {
            return Err(self.told.wrong("status", &format!("a status of FHIR R4: {}", STATUSES.join(", "))));
        }
        let named = self.named()?;
        let class = self.class()?;
        if class != "VR" && named.is_none() {
            let class = shown(&quoted(&class));
            return Ok(vec![Told::Skipped(
                format!("an encounter of class {class}: it is not virtual (VR)").into(),
            )]);
        }
        let consultation = self.consultation(named)?;
        let planned_at = self.planned_at()?;
        let mut left_out = Vec::new();
        let context = self.context(&mut left_out)?;
        let source = self.settings.source.clone().unwrap_or_else(|| "urn:fhir:encounter".to_owned());
        let event =
            |payload, at| Told::Event(identified(Event::new(&source, "", &consultation, at, payload)));
        // Of an encounter that took place the period is when it really was.
        let is_ahead = matches!(status, "planned" | "cancelled");
        let booked_start = self.period_start()?.filter(|_| is_ahead);
        let mut tale = vec![event(Payload::Scheduled { booked_start, context: Some(context) }, planned_at)];
        if status == "cancelled" {
            let (by, reason) = self.called_off(&mut left_out)?;
            tale.push(event(Payload::Cancelled { by, reason }, self.cancelled_at(planned_at)?));
        }
        tale.extend(
            left_out
                .into_iter()
                .map(|what| Told::Skipped(format!("free text: {what} without a code is refused").into())),
        );
        Ok(tale)
    }

    /// The name of the consultation that the mapping's identifier gives.
    fn named(&self) -> Result<Option<String>, Refusal> {
        let Some(system) = &self.mapping.consultation else { return Ok(None) };
        let mut names = coded::identifiers(self.told, system)?;
        if names.len() > 1 {
            let want = format!("one identifier of the system {system}, not {}", names.len());
            return Err(self.told.wrong("identifier", &want));
        }
        Ok(names.pop())
    }

    fn consultation(&self, named: Option<String>) -> Result<String, Refusal> {
        match (named, &self.mapping.consultation) {
            (Some(name), _) => Ok(name),
            // Under its id it would stand beside the consultation, as one that nobody came to.
            (None, Some(system)) => {
                let why = format!(
                    "it is virtual, and has no identifier of the system {system} that the mapping names"
                );
                Err(self.told.missing("identifier", &why))
            }
            (None, None) => match (self.told.name("id")?, &self.settings.consultation) {
                (Some(id), _) => Ok(id),
                (None, Some(name)) => Ok(name.clone()),
                (None, None) => {
                    let why = "it names the consultation: export encounters from the server, or name an identifier system in a mapping";
                    Err(self.told.missing("id", why))
                }
            },
        }
    }

    fn class(&self) -> Result<String, Refusal> {
        let why = "its code says whether the encounter is virtual (VR)";
        if self.told.list("class").is_some() {
            return Err(self.told.wrong("class", "one coding, as in FHIR R4; a list of them is R5"));
        }
        let class = self.told.object("class").ok_or_else(|| self.told.missing("class", why))?;
        class.required_name("code", why)
    }

    /// When it was planned. What lies ahead has been known since it was written at the latest.
    fn planned_at(&self) -> Result<Time, Refusal> {
        if let Some(at) = self.since("planned")? {
            return Ok(at);
        }
        let times = [self.period_start()?, self.updated()?];
        times.into_iter().flatten().min().ok_or_else(|| {
            self.told
                .missing("period/start", "and so is meta/lastUpdated: one of them says when it was planned")
        })
    }

    /// When it was called off; a record says only when it was last written.
    fn cancelled_at(&self, planned_at: Time) -> Result<Time, Refusal> {
        Ok(self.since("cancelled")?.or(self.updated()?).unwrap_or(planned_at).max(planned_at))
    }

    /// Since when it had that status, by its history.
    fn since(&self, status: &str) -> Result<Option<Time>, Refusal> {
        for past in self.told.list("statusHistory").unwrap_or_default() {
            if past.text("status") == Some(status)
                && let Some(period) = past.object("period")
                && let Some(at) = moment(&period, "start")?
            {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn period_start(&self) -> Result<Option<Time>, Refusal> {
        self.told.object("period").map_or(Ok(None), |period| moment(&period, "start"))
    }

    fn updated(&self) -> Result<Option<Time>, Refusal> {
        self.told.object("meta").map_or(Ok(None), |meta| meta.time("lastUpdated"))
    }

    /// By whom it was called off, and why.
    fn called_off(
        &self,
        left_out: &mut Vec<&'static str>,
    ) -> Result<(Option<String>, Option<String>), Refusal> {
        let extensions = self.told.list("extension").unwrap_or_default();
        let Some(why) = extensions.iter().find(|told| told.text("url") == Some(REASON_CANCELLED)) else {
            return Ok((None, None));
        };
        let (code, is_free) = Concept::of(why, "valueCodeableConcept")?.first(self.settings);
        if is_free {
            left_out.push("the reason of a cancellation");
        }
        let begins = |text: &str| {
            code.as_deref().is_some_and(|code| code == text || code.starts_with(&format!("{text}-")))
        };
        let by = if begins("pat") {
            Some("patient")
        } else if begins("prov") {
            Some("clinic")
        } else {
            None
        };
        let reason = code.map(|code| self.mapping.translate("reason", code));
        Ok((by.map(str::to_owned), reason))
    }

    fn context(&self, left_out: &mut Vec<&'static str>) -> Result<Context, Refusal> {
        let (service, is_free) = Concept::of(self.told, "serviceType")?.first(self.settings);
        if is_free {
            left_out.push("a service");
        }
        let provider = self.told.object("serviceProvider");
        let organisation = provider.map_or(Ok(None), |provider| coded::id(&provider))?;
        let translated = |what, code: Option<String>| code.map(|code| self.mapping.translate(what, code));
        let levels = [
            (Dimension::Platform, self.mapping.platform.clone()),
            (Dimension::Organisation, translated("organisation", organisation)),
            (Dimension::Service, translated("service", service)),
            (Dimension::Appointment, self.appointment()?),
            (Dimension::Interpreter, self.has_interpreter()?.then(|| "true".to_owned())),
            (Dimension::Clinician, self.clinician()?),
        ];
        let taken = levels.into_iter().filter(|(dimension, _)| self.mapping.takes(*dimension));
        Ok(taken.filter_map(|(dimension, level)| Some((dimension, level?))).collect())
    }

    /// The kind of appointment: of a group, urgent, or whatever its types say; a code that nobody knows
    /// stays as it is.
    fn appointment(&self) -> Result<Option<String>, Refusal> {
        let subject = self.told.object("subject");
        if subject.map_or(Ok(None), |subject| coded::kind(&subject))?.as_deref() == Some("Group") {
            return Ok(Some("group".to_owned()));
        }
        let mut types = Vec::new();
        for told in self.told.list("type").unwrap_or_default() {
            types.extend(coded::codes(&told)?);
        }
        let priority = self.told.object("priority").map_or(Ok(Vec::new()), |told| coded::codes(&told))?;
        let known = |code: &String| {
            if self.mapping.knows(Dimension::Appointment, code) {
                return Some(self.mapping.translate("appointment", code.clone()));
            }
            let level = APPOINTMENTS.iter().find(|(theirs, _)| theirs == code);
            level.map(|(_, ours)| (*ours).to_owned())
        };
        Ok(types.iter().chain(&priority).find_map(known).or_else(|| types.first().cloned()))
    }

    fn has_interpreter(&self) -> Result<bool, Refusal> {
        for participant in self.told.list("participant").unwrap_or_default() {
            if parts(&participant)?.iter().any(|part| part == "translator") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whose consultation it is: the first of the most responsible among those who care professionally.
    fn clinician(&self) -> Result<Option<String>, Refusal> {
        let mut found: Option<(usize, String)> = None;
        for participant in self.told.list("participant").unwrap_or_default() {
            let Some(individual) = participant.object("individual") else { continue };
            if !matches!(coded::kind(&individual)?.as_deref(), Some("Practitioner" | "PractitionerRole")) {
                continue;
            }
            let parts = parts(&participant)?;
            let rank = match CLINICIANS.iter().position(|code| parts.iter().any(|part| part == code)) {
                Some(rank) => rank,
                None if parts.is_empty() => CLINICIANS.len(),
                // A referrer or a translator has no part in the consultation's quality.
                None => continue,
            };
            if found.as_ref().is_none_or(|(least, _)| rank < *least) {
                found = coded::reference(&individual)?.map(|name| (rank, name)).or(found);
            }
        }
        Ok(found.map(|(_, name)| name))
    }
}

/// The codes of what a participant does.
fn parts(participant: &Document<'_>) -> Result<Vec<String>, Refusal> {
    let mut parts = Vec::new();
    for told in participant.list("type").unwrap_or_default() {
        parts.extend(coded::codes(&told)?);
    }
    Ok(parts)
}

/// The moment `name`; a date alone is its beginning in UTC, since that is all it tells.
fn moment(period: &Document<'_>, name: &str) -> Result<Option<Time>, Refusal> {
    let is_date = |text: &&str| text.len() == 10 && !text.contains('T');
    if let Some(date) = period.text(name).filter(is_date)
        && let Ok(at) = format!("{date}T00:00:00Z").parse()
    {
        return Ok(Some(at));
    }
    period.time(name)
}
