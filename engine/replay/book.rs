//! The book of sources: by name what each can see.

use projections::source::{Sight, Sources};

use crate::log::{BriefBlock, Detail, Extent, Log, LogError, Position};

/// Sources by name, with what they can see.
#[derive(Debug, PartialEq)]
pub(super) struct Book {
    /// In order.
    names: Vec<String>,
    pub(super) sights: Vec<Sight>,
}

impl Book {
    /// What is known by now.
    pub(super) fn of(sources: &Sources) -> Self {
        let names: Vec<String> = sources.names().map(str::to_owned).collect();
        let sights = names.iter().map(|name| sources.sight(name)).collect();
        Self { names, sights }
    }

    /// The number of a source.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let place = self.names.binary_search_by(|known| known.as_str().cmp(name));
        place.ok().map(|place| place as u32)
    }

    /// What a source can see, if anything is known of it.
    pub(super) fn sight(&self, name: &str) -> Option<&Sight> {
        self.number(name).map(|number| &self.sights[number as usize])
    }

    /// Sources that never declared what they see.
    pub(super) fn undeclared(&self) -> Vec<String> {
        let sources = self.names.iter().zip(&self.sights);
        sources.filter(|(_, sight)| !sight.declared).map(|(name, _)| name.clone()).collect()
    }

    /// Whether another book says the same of every source of this one.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        self.names.iter().zip(&self.sights).all(|(name, sight)| other.sight(name) == Some(sight))
    }
}

/// Notes what sources declare in the blocks that say so.
pub(super) fn declared(log: &Log, extents: &[Extent], sources: &mut Sources) -> Result<(), LogError> {
    for extent in extents.iter().filter(|extent| extent.declares) {
        for block in log.brief_blocks(extent.first..=extent.last) {
            declared_in(log, &block?, sources)?;
        }
    }
    Ok(())
}

fn declared_in(log: &Log, block: &BriefBlock, sources: &mut Sources) -> Result<(), LogError> {
    let events = (block.first.0..).map(Position).zip(&block.events);
    let told: Vec<_> = events
        .filter_map(|(position, brief)| match &brief.detail {
            Detail::RecordingDeclared(declaration) => Some((position, brief, declaration)),
            _ => None,
        })
        .collect();
    let names = log.names(&told.iter().map(|(position, ..)| *position).collect::<Vec<_>>())?;
    for (position, brief, declaration) in told {
        if let Some((source, id)) = names.get(&position) {
            let key = (brief.at, source.clone(), id.clone());
            sources.declared(&block.consultations[brief.consultation], key, (**declaration).clone());
        }
    }
    Ok(())
}
