//! Pseudonyms: what a feed reads about people, replaced so that only the holder of the key can link.
//!
//! A pseudonym is a keyed BLAKE3 hash with a tag, so that an export taken in again is not hashed
//! twice. One person has one pseudonym, as participant and as clinician and across sources, under one
//! key. The engine applies this to every feed but the native one, whose names are taken as given.

use event::{Context, Dimension, Event, Payload};

use crate::identity::{self, DERIVED, base32, is_tagged};

/// How the pseudonym of a person begins.
pub const PERSON: &str = "pn1-";
/// How the pseudonym of a consultation begins.
pub const CONSULTATION: &str = "cn1-";
/// How a derived event id begins once it is keyed.
const ID: &str = "id1-";

/// Whose names are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Participants and clinicians.
    #[default]
    People,
    /// Participants, clinicians, and the names of consultations.
    PeopleAndConsultations,
}

/// Replaces the names in `event` that `scope` covers, and any id that was derived from them.
///
/// Doing it again, under any key, changes nothing. Declarations name nobody and stay as they are.
///
/// ```
/// use event::{Event, Payload, Role, Time};
/// use feeds::pseudonym::{Scope, pseudonymise};
/// let key = [7; 32];
/// let mut left = Event::new("urn:example:a", "e-1", "c-1", Time::from_ms(0), Payload::Left { reason: None })
///     .by("943 476 5919", Role::Patient);
/// pseudonymise(&mut left, &key, Scope::People);
/// assert!(left.participant.as_deref().is_some_and(|name| name.starts_with("pn1-")));
/// ```
pub fn pseudonymise(event: &mut Event, key: &[u8; 32], scope: Scope) {
    if matches!(event.payload, Payload::RecordingDeclared(_)) {
        return;
    }
    if let Some(participant) = &mut event.participant {
        replace(participant, key, PERSON);
    }
    if let Payload::Scheduled { context: Some(context), .. } | Payload::Joined { context: Some(context) } =
        &mut event.payload
    {
        replace_clinician(context, key);
    }
    if scope == Scope::PeopleAndConsultations {
        replace(&mut event.consultation, key, CONSULTATION);
    }
    if is_tagged(&event.id, DERIVED) {
        replace(&mut event.id, key, ID);
    }
}

/// The pseudonym of `name` under `key`; a name that is one already stays.
#[must_use]
pub fn person(name: &str, key: &[u8; 32]) -> String {
    let mut name = name.to_owned();
    replace(&mut name, key, PERSON);
    name
}

fn replace_clinician(context: &mut Context, key: &[u8; 32]) {
    if let Some(name) = context.get(Dimension::Clinician) {
        let name = person(name, key);
        context.set(Dimension::Clinician, name);
    }
}

fn replace(name: &mut String, key: &[u8; 32], tag: &str) {
    if is_tagged(name, tag) {
        return;
    }
    let mut hasher = blake3::Hasher::new_keyed(key);
    // Every tag has the same length: it keeps the kinds of names apart.
    hasher.update(tag.as_bytes());
    hasher.update(name.as_bytes());
    *name = format!("{tag}{}", base32(hasher.finalize().as_bytes()));
    debug_assert_eq!(name.len(), tag.len() + identity::DIGITS);
}

#[cfg(test)]
mod tests {
    use event::{Declaration, Role, Time};

    use super::*;

    const KEY: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    fn joined() -> Event {
        let context = Context::default().with(Dimension::Clinician, "dr-1").with(Dimension::Platform, "zoom");
        let payload = Payload::Joined { context: Some(context) };
        Event::new("urn:x", identity::derive(["943"]), "c-1", Time::from_ms(5), payload)
            .by("dr-1", Role::Clinician)
    }

    #[test]
    fn one_person_has_one_pseudonym_as_participant_and_as_clinician() {
        let mut event = joined();
        pseudonymise(&mut event, &KEY, Scope::People);
        let context = event.payload.context().unwrap();
        assert_eq!(event.participant.as_deref(), context.get(Dimension::Clinician));
        assert_eq!(context.get(Dimension::Platform), Some("zoom"));
        assert_eq!(event.consultation, "c-1");
        assert!(is_tagged(event.participant.as_deref().unwrap(), PERSON));
    }

    #[test]
    fn an_export_taken_in_again_is_not_hashed_twice() {
        let mut once = joined();
        pseudonymise(&mut once, &KEY, Scope::PeopleAndConsultations);
        let mut twice = once.clone();
        pseudonymise(&mut twice, &OTHER, Scope::PeopleAndConsultations);
        assert_eq!(once, twice);
    }

    /// A derived id is a hash of the record: unkeyed, a patient's number could be found by trying all.
    #[test]
    fn a_derived_id_depends_on_the_key_and_a_given_one_stays() {
        let (mut ours, mut theirs) = (joined(), joined());
        pseudonymise(&mut ours, &KEY, Scope::People);
        pseudonymise(&mut theirs, &OTHER, Scope::People);
        assert_ne!(ours.id, theirs.id);
        let mut given = Event { id: "b3-mine".into(), ..joined() };
        pseudonymise(&mut given, &KEY, Scope::People);
        assert_eq!(given.id, "b3-mine");
    }

    #[test]
    fn a_declaration_stays_as_it_is() {
        let payload = Payload::RecordingDeclared(Declaration::default());
        let event = Event::new("urn:x", identity::derive(["d"]), "urn:x", Time::from_ms(0), payload);
        let mut after = event.clone();
        pseudonymise(&mut after, &KEY, Scope::PeopleAndConsultations);
        assert_eq!(event, after);
    }
}
