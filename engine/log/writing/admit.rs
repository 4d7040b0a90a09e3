//! Deciding what becomes of each event that arrives.
//!
//! An event whose source and id are there already is a duplicate if it is the same in everything and
//! a conflict if it is not. Three passes tell: the first asks the index, the second reads the events
//! that it pointed to, block by block, the third takes what is new in the order in which it came.
//! Events that come again in the order of the log are found without asking: each is looked for after
//! the one before it.

use event::Event;

use super::levels::Levels;
use super::receipt::Fate;
use crate::log::block::Arrival;
use crate::log::database::store::Store;
use crate::log::folder::remains::Gone;
use crate::log::index::{Index, Mark, Sought};
use crate::log::limits;
use crate::log::reading::recall::Recall;
use crate::log::{LogError, Position};

/// How many blocks one append may read out of turn before it waits to read them in order.
const EAGER_BLOCKS: usize = 4;
/// How many events are looked for in the filters at a time.
const AHEAD: usize = 256;

/// The events that were admitted and are not yet written, and what is needed to admit more.
pub(in crate::log) struct Admission<'a> {
    pub(in crate::log) store: &'a Store,
    pub(in crate::log) index: &'a mut Index,
    pub(in crate::log) recall: &'a mut Recall,
    pub(in crate::log) gone: &'a Gone,
    pub(in crate::log) levels: &'a mut Levels,
    /// The last position that is written.
    pub(in crate::log) head: Position,
    /// What takes the positions after the head.
    pub(in crate::log) pending: &'a mut Vec<Arrival>,
}

/// How far an event has come.
enum State {
    Told(Fate),
    Marked(Mark),
}

/// An event that may stand at a position.
struct Suspect {
    position: Position,
    number: usize,
}

impl Admission<'_> {
    /// Decides on `arrivals`, and takes those that are new.
    pub(in crate::log) fn admit(&mut self, arrivals: Vec<Arrival>) -> Result<Vec<Fate>, LogError> {
        let (mut states, mut suspects) = self.ask(&arrivals)?;
        suspects.sort_by_key(|suspect| suspect.position);
        for Suspect { position, number } in suspects {
            if let (State::Marked(_), Some(fate)) =
                (&states[number], self.verify(position, &arrivals[number].0)?)
            {
                states[number] = State::Told(fate);
            }
        }
        Ok(self.take_new(arrivals, states))
    }

    /// Takes what is not told yet, in the order in which it came.
    fn take_new(&mut self, mut arrivals: Vec<Arrival>, states: Vec<State>) -> Vec<Fate> {
        // Most appends are new from the first to the last: what is taken stays where it lies, in front.
        let mut taken = 0;
        let mut fates = Vec::with_capacity(arrivals.len());
        for (number, state) in states.into_iter().enumerate() {
            fates.push(match state {
                State::Told(fate) => fate,
                State::Marked(mark) => {
                    let fate = self.take(mark, &arrivals[number].0, &arrivals[..taken]);
                    if matches!(fate, Fate::New(_)) {
                        // A swap with itself would move the event three times.
                        if taken < number {
                            arrivals.swap(taken, number);
                        }
                        taken += 1;
                    }
                    fate
                }
            });
        }
        arrivals.truncate(taken);
        if self.pending.is_empty() {
            *self.pending = arrivals;
        } else {
            self.pending.append(&mut arrivals);
        }
        fates
    }

    /// Where the index does not settle it, each event's mark and the written positions to look at.
    fn ask(&mut self, arrivals: &[Arrival]) -> Result<(Vec<State>, Vec<Suspect>), LogError> {
        let (mut states, mut suspects) = (Vec::with_capacity(arrivals.len()), Vec::new());
        let head = self.head;
        let (mut found, mut last_known, mut eager) = (Vec::new(), None, EAGER_BLOCKS);
        let mut ahead = Ahead::default();
        for (number, (event, _)) in arrivals.iter().enumerate() {
            if let Some(reason) = limits::refusal(event) {
                states.push(State::Told(Fate::Refused(reason)));
                continue;
            }
            if let Some(position) = self.gone.position(&event.source, &event.id) {
                let reason = format!("its content was redacted at position {position}, and stays so");
                states.push(State::Told(Fate::Refused(reason)));
                continue;
            }
            if let Some((position, fate)) = self.follow(last_known, event)? {
                last_known = Some(position);
                states.push(State::Told(fate));
                continue;
            }
            last_known = None;
            let sought = ahead.of(number, arrivals, self.index);
            self.index.find_kept(self.store, sought, &mut found)?;
            self.index.find_recent(sought.mark, &mut found);
            let mut state = State::Marked(sought.mark);
            for position in found.drain(..).filter(|position| *position <= head) {
                if !self.recall.has(position) && eager == 0 {
                    suspects.push(Suspect { position, number });
                    continue;
                }
                eager -= usize::from(!self.recall.has(position));
                if let Some(fate) = self.verify(position, event)? {
                    last_known = Some(position);
                    state = State::Told(fate);
                }
            }
            states.push(state);
        }
        Ok((states, suspects))
    }

    /// What becomes of `event` if it is the one after the one that was last known.
    fn follow(
        &mut self,
        last_known: Option<Position>,
        event: &Event,
    ) -> Result<Option<(Position, Fate)>, LogError> {
        let Some(position) = last_known.map(Position::next).filter(|next| *next <= self.head) else {
            return Ok(None);
        };
        Ok(self.verify(position, event)?.map(|fate| (position, fate)))
    }

    /// What becomes of `event` if the one written at `position` has its name.
    fn verify(&mut self, position: Position, event: &Event) -> Result<Option<Fate>, LogError> {
        let (block, number) = self.recall.block(self.store, position)?;
        if !block.is_event(number) || block.name(number) != (event.source.as_str(), event.id.as_str()) {
            return Ok(None);
        }
        let known = block.event(number).map_err(LogError::damaged(position))?;
        Ok(Some(compare(position, &known, event)))
    }

    /// Takes `event` after those that were `taken` from its append, unless one of its name was taken before
    /// it or it brings a level too many.
    fn take(&mut self, mark: Mark, event: &Event, taken: &[Arrival]) -> Fate {
        let mut found = Vec::new();
        self.index.find_recent(mark, &mut found);
        for position in found.into_iter().filter(|position| *position > self.head) {
            let number = (position.0 - self.head.0 - 1) as usize;
            let known = self.pending.get(number).or_else(|| taken.get(number - self.pending.len()));
            let Some((known, _)) = known else { continue };
            if (&known.source, &known.id) == (&event.source, &event.id) {
                return compare(position, known, event);
            }
        }
        if let Some(Err(reason)) = event.payload.context().map(|context| self.levels.take(context)) {
            return Fate::Refused(reason);
        }
        let position = self.head.plus((self.pending.len() + taken.len()) as u64 + 1);
        self.index.note(mark, position);
        Fate::New(position)
    }
}

/// Events that are looked for before it is their turn, many at a time.
#[derive(Default)]
struct Ahead {
    /// The number of the first of them.
    from: usize,
    sought: Vec<Sought>,
}

impl Ahead {
    /// What to look for to find the event of that number.
    fn of(&mut self, number: usize, arrivals: &[Arrival], index: &mut Index) -> Sought {
        if !(self.from..self.from + self.sought.len()).contains(&number) {
            let next = arrivals[number..].iter().take(AHEAD);
            let names = next.map(|(event, _)| (event.source.as_str(), event.id.as_str()));
            (self.from, self.sought) = (number, index.sought(names));
        }
        self.sought[number - self.from]
    }
}

/// A duplicate or a conflict: what an event is that has the name of the one at `position`.
fn compare(position: Position, known: &Event, event: &Event) -> Fate {
    let fields = [
        ("consultation", known.consultation == event.consultation),
        ("at", known.at == event.at),
        ("participant", known.participant == event.participant),
        ("role", known.role == event.role),
        ("kind", known.kind() == event.kind()),
        ("data", known.payload == event.payload),
        ("unnamed data", known.extra == event.extra),
    ];
    let differs: Vec<_> = fields.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    if differs.is_empty() {
        return Fate::Duplicate(position);
    }
    Fate::Conflict { position, differs: differs.join(", ") }
}
