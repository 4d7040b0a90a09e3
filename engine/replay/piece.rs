//! What one thread gathers from its range of the log.
//!
//! Marks by consultation, in shards by the consultation's name, so that the pieces of one consultation
//! meet without a lock. Sources are numbered within the piece and renumbered when pieces meet.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use event::{Context, Declaration, Dimension, KindSet, Time};
use projections::episode::{Answers, Episode, Fact, Mark, Who};

use super::{ReplayError, Watch};
use crate::log::{Brief, BriefBlock, Contexts, Detail, Log, Position};

/// The marks of one range.
pub(super) struct Piece {
    shards: Vec<Shard>,
    sources: Vec<(String, KindSet)>,
    pub(super) declared: Vec<Declared>,
    pub(super) newest: Time,
    levels: Levels,
}

/// The texts of levels, each kept once: they recur in every consultation.
#[derive(Default)]
struct Levels {
    texts: HashSet<Arc<str>>,
}

impl Levels {
    /// The contexts of a block, on shared texts.
    fn contexts(&mut self, contexts: &Contexts) -> Vec<Arc<Context>> {
        let levels: Vec<(Dimension, Arc<str>)> =
            contexts.levels().map(|(dimension, level)| (dimension, self.text(level))).collect();
        let level = |number: &u32| {
            let (dimension, text) = &levels[*number as usize];
            (*dimension, Arc::clone(text))
        };
        (0..contexts.len()).map(|i| Arc::new(contexts.row(i as u32).iter().map(level).collect())).collect()
    }

    fn text(&mut self, level: &str) -> Arc<str> {
        if let Some(text) = self.texts.get(level) {
            return Arc::clone(text);
        }
        let text: Arc<str> = Arc::from(level);
        self.texts.insert(Arc::clone(&text));
        text
    }
}

/// A declaration, and where it stands.
pub(super) struct Declared {
    pub(super) about: String,
    pub(super) at: Time,
    pub(super) position: Position,
    pub(super) declaration: Declaration,
}

/// The consultations whose names fall to one reader.
#[derive(Default)]
pub(super) struct Shard {
    places: HashMap<String, usize>,
    episodes: Vec<Episode>,
}

impl Piece {
    /// Gathers a range of the log in so many shards, unless it has more consultations than `limit`.
    pub(super) fn gather(
        log: &Log,
        range: RangeInclusive<Position>,
        (shards, limit): (usize, usize),
        watch: &Watch,
    ) -> Result<Self, ReplayError> {
        let mut piece = Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
            sources: Vec::new(),
            declared: Vec::new(),
            newest: Time::MIN,
            levels: Levels::default(),
        };
        for block in log.brief_blocks(range) {
            if watch.stopped() {
                return Err(ReplayError::Interrupted);
            }
            let block = block?;
            piece.take(&block);
            // Here, and not only when pieces meet: too many must not fill the memory first.
            if piece.shards.iter().map(Shard::len).sum::<usize>() > limit {
                return Err(ReplayError::TooMany { limit });
            }
            watch.advance(block.events.len() as u64);
        }
        Ok(piece)
    }

    fn take(&mut self, block: &BriefBlock) {
        let sources: Vec<u32> = block.sources.iter().map(|source| self.source(source)).collect();
        let people: Vec<Who> = block.participants.iter().map(Who::named).collect();
        let contexts = self.levels.contexts(&block.contexts);
        // A consultation is looked up once per block, and not at all if the block only declares it.
        let mut places: Vec<Option<(usize, usize)>> = vec![None; block.consultations.len()];
        for (position, brief) in (block.first.0..).zip(&block.events) {
            self.newest = self.newest.max(brief.at);
            let source = sources[brief.source as usize];
            self.sources[source as usize].1 = self.sources[source as usize].1.with(brief.kind);
            if let Detail::RecordingDeclared(declaration) = &brief.detail {
                self.declared.push(Declared {
                    about: block.consultations[brief.consultation].to_owned(),
                    at: brief.at,
                    position: Position(position),
                    declaration: (**declaration).clone(),
                });
                continue;
            }
            let (shard, place) = *places[brief.consultation as usize]
                .get_or_insert_with(|| self.place(&block.consultations[brief.consultation]));
            let who = brief.participant.map(|participant| people[participant as usize]);
            self.shards[shard].episodes[place].push(mark(brief, source, who, position, &contexts));
        }
    }

    fn source(&mut self, name: &str) -> u32 {
        let known = self.sources.iter().position(|(source, _)| source == name);
        known.unwrap_or_else(|| {
            self.sources.push((name.to_owned(), KindSet::NONE));
            self.sources.len() - 1
        }) as u32
    }

    fn place(&mut self, consultation: &str) -> (usize, usize) {
        let shard = shard_of(consultation, self.shards.len());
        (shard, self.shards[shard].place(consultation))
    }

    /// What was sent, by source.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, KindSet)> {
        self.sources.iter().map(|(source, sent)| (source.as_str(), *sent))
    }

    /// The shards, with sources numbered as in `names`, which is sorted and holds all that sent something.
    pub(super) fn into_shards(mut self, names: &[&str]) -> Vec<Shard> {
        let numbers: Vec<u32> = self
            .sources
            .iter()
            .map(|(source, _)| names.binary_search(&source.as_str()).unwrap_or_default() as u32)
            .collect();
        for episode in self.shards.iter_mut().flat_map(|shard| &mut shard.episodes) {
            episode.renumber(|source| numbers[source as usize]);
        }
        self.shards
    }
}

impl Shard {
    /// How many consultations it has.
    pub(super) fn len(&self) -> usize {
        self.episodes.len()
    }

    fn place(&mut self, consultation: &str) -> usize {
        if let Some(place) = self.places.get(consultation) {
            return *place;
        }
        self.places.insert(consultation.to_owned(), self.episodes.len());
        self.episodes.push(Episode::default());
        self.episodes.len() - 1
    }

    /// The same shard of all pieces.
    pub(super) fn meet(shards: Vec<Self>) -> Self {
        let mut shards = shards.into_iter();
        let mut whole = shards.next().unwrap_or_default();
        for shard in shards {
            let Self { places, mut episodes } = shard;
            for (consultation, from) in places {
                let place = whole.place(&consultation);
                whole.episodes[place].merge(std::mem::take(&mut episodes[from]));
            }
        }
        whole
    }

    /// Its consultations, by name.
    pub(super) fn into_episodes(self) -> Vec<(String, Episode)> {
        let Self { places, mut episodes } = self;
        let mut named: Vec<(String, Episode)> =
            places.into_iter().map(|(name, place)| (name, std::mem::take(&mut episodes[place]))).collect();
        named.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        named
    }
}

/// Which shard a consultation falls to: FNV-1a, the same on every machine.
fn shard_of(consultation: &str, shards: usize) -> usize {
    let hash = consultation.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % shards as u64) as usize
}

fn mark(brief: &Brief, source: u32, who: Option<Who>, position: u64, contexts: &[Arc<Context>]) -> Mark {
    Mark {
        at: brief.at,
        kind: brief.kind,
        who,
        role: brief.role,
        source,
        position,
        tie: 0,
        fact: fact(&brief.detail, |number| Arc::clone(&contexts[number as usize])),
    }
}

/// What a detail tells a reading; `told` gives the context of a number.
pub(super) fn fact(detail: &Detail, told: impl Fn(u32) -> Arc<Context>) -> Fact {
    let told = |context: &Option<u32>| context.map(&told);
    let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
    match detail {
        Detail::Scheduled { booked_start, context } => {
            Fact::Scheduled { booked_start: *booked_start, context: told(context) }
        }
        Detail::Joined { context } => Fact::Joined(told(context)),
        Detail::Converted { to } => Fact::Converted(event::Target::of(to.as_deref())),
        Detail::Abandoned { stage } => Fact::Abandoned(shared(stage)),
        Detail::FeedbackInvited { instrument } => Fact::Invited(shared(instrument)),
        Detail::Rated { scale, value } => Fact::Rated { scale: *scale, value: *value },
        Detail::Questionnaire { instrument, answers, score } => Fact::Answered(Arc::new(Answers {
            instrument: instrument.clone(),
            answers: answers.clone(),
            score: *score,
        })),
        Detail::Adequacy { answer } => Fact::Adequacy(*answer),
        Detail::Nothing | Detail::RecordingDeclared(_) => Fact::Nothing,
    }
}
