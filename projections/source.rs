//! The sources of a recording, and what each of them can see.
//!
//! A mergeable book: what a source declared and which kinds it ever sent. From it follows its *sight*,
//! by which the reading knows "not measured" from "did not happen". Of several declarations of one
//! source the latest holds, by (`at`, declaring source, `id`), so that no order of arrival matters;
//! what those of one instant can tell is united, since two files of one source may each tell a part.

use std::collections::BTreeMap;

use event::{Capability, Declaration, Kind, KindSet, Sides, Time};

use crate::outcome::RowSight;

/// What is known of the sources of a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    sent: BTreeMap<String, KindSet>,
    declared: BTreeMap<String, (Time, Declarations)>,
}

/// The declarations of one instant, by declaring source and id.
type Declarations = BTreeMap<(String, String), Declaration>;

/// By what the later of two declarations is told: time, declaring source, id.
pub type DeclarationKey = (Time, String, String);

/// What one source can see.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// Kinds it observes or infers.
    pub sees: KindSet,
    /// Kinds it only infers.
    pub infers: KindSet,
    /// Whether it declared this itself; otherwise it is concluded from what it sent.
    pub declared: bool,
    /// Which sides it sees.
    pub sides: Sides,
    /// How much earlier its drops are read, in milliseconds.
    pub drop_delay_ms: i64,
    /// The platform of its consultations where they name none.
    pub platform: Option<String>,
}

impl Sources {
    /// Notes that `source` sent events of `kinds`; one that sent nothing is not heard of.
    pub fn sent(&mut self, source: &str, kinds: KindSet) {
        if kinds.is_empty() {
            return;
        }
        if let Some(sent) = self.sent.get_mut(source) {
            *sent = sent.or(kinds);
        } else {
            self.sent.insert(source.to_owned(), kinds);
        }
    }

    /// Notes a declaration about `source`.
    pub fn declared(&mut self, source: &str, (at, by, id): DeclarationKey, declaration: Declaration) {
        let (latest, declarations) = self.declared.entry(source.to_owned()).or_default();
        if declarations.is_empty() || *latest < at {
            (*latest, *declarations) = (at, Declarations::new());
        }
        if *latest == at {
            declarations.insert((by, id), declaration);
        }
    }

    /// Takes over what another book knows.
    pub fn merge(&mut self, other: Self) {
        for (source, kinds) in other.sent {
            self.sent(&source, kinds);
        }
        for (source, (at, declarations)) in other.declared {
            for ((by, id), declaration) in declarations {
                self.declared(&source, (at, by, id), declaration);
            }
        }
    }

    /// What `source` can see.
    #[must_use]
    pub fn sight(&self, source: &str) -> Sight {
        match self.declared.get(source) {
            Some((_, declarations)) => Sight::of(declarations),
            None => Sight::undeclared(self.sent.get(source).copied().unwrap_or_default()),
        }
    }

    /// Every source that sent or was declared, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.sent.keys().chain(self.declared.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }
}

impl Sight {
    fn of(declarations: &Declarations) -> Self {
        let union = |capability| {
            declarations.values().map(|told| told.kinds(capability)).fold(KindSet::NONE, KindSet::or)
        };
        let (observes, infers) = (union(Capability::Observed), union(Capability::Inferred));
        let last = declarations.values().next_back().cloned().unwrap_or_default();
        Self {
            sees: observes.or(infers),
            infers: infers.without(observes),
            declared: true,
            sides: last.sides.unwrap_or_default(),
            drop_delay_ms: i64::from(last.drop_delay_ms.unwrap_or(0)),
            platform: last.platform,
        }
    }

    fn undeclared(sent: KindSet) -> Self {
        Self {
            sees: sent,
            infers: KindSet::NONE,
            declared: false,
            sides: Sides::Both,
            drop_delay_ms: 0,
            platform: None,
        }
    }

    /// That of a source which sees both sides and has declared nothing.
    pub(crate) fn of_both() -> Self {
        Self::undeclared(KindSet::NONE)
    }

    /// What the rows of this source alone can tell.
    #[must_use]
    pub fn row(&self) -> RowSight {
        let observed = self.sees.without(self.infers);
        let declared = if self.declared { [observed, self.infers] } else { [KindSet::NONE; 2] };
        RowSight::new(self.sees, observed, !self.declared, declared)
    }

    /// Whether an event of `kind` is of a call that its source watched, so that it tells which sides
    /// the source sees; a booking system or a survey does not undo a one-sided feed.
    pub(crate) fn watches(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::JoinAttempted
                | Kind::Waiting
                | Kind::JoinFailed
                | Kind::Joined
                | Kind::Rejoined
                | Kind::Dropped
                | Kind::Left
                | Kind::AudioLost
                | Kind::AudioRestored
                | Kind::VideoLost
                | Kind::VideoRestored
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_declaration_holds_in_any_order() {
        let first = Declaration { drop_delay_ms: Some(1), ..Declaration::default() };
        let second = Declaration { drop_delay_ms: Some(2), ..Declaration::default() };
        let key = |ms| (Time::from_ms(ms), "s".to_owned(), "d".to_owned());
        let (mut a, mut b) = (Sources::default(), Sources::default());
        a.declared("s", key(1), first.clone());
        a.declared("s", key(2), second.clone());
        b.declared("s", key(2), second);
        b.declared("s", key(1), first);
        assert_eq!(a, b);
        assert_eq!(a.sight("s").drop_delay_ms, 2);
    }

    #[test]
    fn what_two_declarations_of_one_instant_can_tell_is_united() {
        let tells = |kind: Kind| Declaration {
            capabilities: [(kind.name().to_owned(), Capability::Observed)].into(),
            ..Declaration::default()
        };
        let mut sources = Sources::default();
        for (id, kind) in [("b", Kind::Joined), ("a", Kind::HelpRequested)] {
            sources.declared("s", (Time::default(), "s".to_owned(), id.to_owned()), tells(kind));
        }
        assert!(sources.sight("s").sees.has_all(KindSet::of(&[Kind::Joined, Kind::HelpRequested])));
    }

    #[test]
    fn a_source_that_never_declared_sees_what_it_ever_sent() {
        let mut sources = Sources::default();
        sources.sent("s", KindSet::of(&[Kind::Joined]));
        sources.sent("s", KindSet::of(&[Kind::Dropped]));
        let sight = sources.sight("s");
        assert!(sight.sees.has(Kind::Dropped) && !sight.sees.has(Kind::AudioLost) && !sight.declared);
    }
}
