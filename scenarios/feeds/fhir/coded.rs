//! Codes, identifiers and references of FHIR, without the texts beside them.
//!
//! A code stands in a coding, with a display text and further codings beside it; a reference has a
//! path, a logical identifier, or both. Display texts can name anybody and are never read.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::{FreeText, Refusal, Settings};

/// What somebody meant by a CodeableConcept.
pub(super) enum Concept {
    /// The codes of its codings, the first the one that users chose.
    Codes(Vec<String>),
    /// It has a text alone, which is free.
    Text(String),
    /// Nothing.
    Absent,
}

impl Concept {
    /// The CodeableConcept `name` of `within`.
    pub(super) fn of(within: &Document<'_>, name: &str) -> Result<Self, Refusal> {
        within.object(name).map_or(Ok(Self::Absent), |concept| Self::read(&concept))
    }

    /// What `concept` says.
    pub(super) fn read(concept: &Document<'_>) -> Result<Self, Refusal> {
        let codes = codes(concept)?;
        if !codes.is_empty() {
            return Ok(Self::Codes(codes));
        }
        Ok(concept.name("text")?.map_or(Self::Absent, Self::Text))
    }

    /// Its first code, or its text where free text is taken; whether a text was left out.
    pub(super) fn first(self, settings: &Settings) -> (Option<String>, bool) {
        match self {
            Self::Codes(codes) => (codes.into_iter().next(), false),
            Self::Text(text) if settings.free_text == FreeText::Allowed => (Some(text), false),
            Self::Text(_) => (None, true),
            Self::Absent => (None, false),
        }
    }
}

/// The codes of a CodeableConcept, the one that users chose first.
pub(super) fn codes(concept: &Document<'_>) -> Result<Vec<String>, Refusal> {
    let mut codings = concept.list("coding").unwrap_or_default();
    codings.sort_by_key(|coding| coding.flag("userSelected") != Some(true));
    let mut codes = Vec::new();
    for coding in codings {
        codes.extend(coding.name("code")?);
    }
    Ok(codes)
}

/// The values of the identifiers of `system`, without repetition.
pub(super) fn identifiers(resource: &Document<'_>, system: &str) -> Result<Vec<String>, Refusal> {
    let mut values = Vec::new();
    let mut seen = BTreeSet::new();
    for identifier in resource.list("identifier").unwrap_or_default() {
        if identifier.text("system") == Some(system)
            && let Some(value) = identifier.name("value")?
            && seen.insert(value.clone())
        {
            values.push(value);
        }
    }
    Ok(values)
}

/// What is referred to: its logical identifier, else its type and id, wherever it is served.
pub(super) fn reference(reference: &Document<'_>) -> Result<Option<String>, Refusal> {
    if let Some(identifier) = reference.object("identifier")
        && let Some(value) = identifier.name("value")?
    {
        return Ok(Some(value));
    }
    Ok(path(reference)?.map(|(kind, id)| if kind.is_empty() { id } else { format!("{kind}/{id}") }))
}

/// The type of what is referred to, as far as it is told.
pub(super) fn kind(reference: &Document<'_>) -> Result<Option<String>, Refusal> {
    match reference.name("type")? {
        Some(kind) => Ok(Some(kind)),
        None => Ok(path(reference)?.map(|(kind, _)| kind).filter(|kind| !kind.is_empty())),
    }
}

/// The id of what is referred to: a logical identifier, else the last part of the path.
pub(super) fn id(reference: &Document<'_>) -> Result<Option<String>, Refusal> {
    if let Some(identifier) = reference.object("identifier")
        && let Some(value) = identifier.name("value")?
    {
        return Ok(Some(value));
    }
    Ok(path(reference)?.map(|(_, id)| id))
}

/// Type and id of a literal reference; the type is empty in a URN. What is contained has no name outside.
fn path(reference: &Document<'_>) -> Result<Option<(String, String)>, Refusal> {
    let Some(text) = reference.name("reference")? else { return Ok(None) };
    if text.starts_with('#') {
        return Ok(None);
    }
    // A search in place of a path: `Organization?identifier=SYSTEM|VALUE`.
    if let Some((kind, search)) = text.split_once('?') {
        let kind = kind.rsplit('/').next().unwrap_or(kind);
        let value = search.rsplit(['|', '=']).next().filter(|value| !value.is_empty());
        return Ok(value.map(|value| (kind.to_owned(), value.to_owned())));
    }
    let whole = text.split("/_history/").next().unwrap_or(&text);
    Ok(match whole.rsplit_once('/') {
        Some((before, id)) => {
            let kind = before.rsplit('/').next().unwrap_or(before);
            Some((kind.to_owned(), id.to_owned())).filter(|(_, id)| !id.is_empty())
        }
        None => Some((String::new(), whole.to_owned())),
    })
}
