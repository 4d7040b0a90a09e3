//! Following a log: what is there first, then what comes, without holding anybody up.
//!
//! A follower pulls ranges of the log at its own pace and is only told how far the log goes by now, so a
//! slow one costs the writer nothing and never misses an event. Its place is a position: who keeps it can
//! go on from there another day. Who has appended knows from the receipt up to where to wait.

use std::sync::Arc;

use tokio::sync::watch;

use super::read::{self, Span};
use crate::log::block::Stored;
use crate::log::database::store::Store;
use crate::log::{LogError, Position};

/// How many events are pulled at once, at most.
const PULLED_EVENTS: u64 = 4096;

/// A follower of a log. The database stays open until it is dropped as well.
#[derive(Debug)]
pub struct Subscription {
    store: Arc<Store>,
    head: watch::Receiver<Position>,
    next: Position,
}

impl Subscription {
    pub(in crate::log) fn new(store: Arc<Store>, head: watch::Receiver<Position>, next: Position) -> Self {
        Self { store, head, next: next.max(Position::FIRST) }
    }

    /// The position that is pulled next: where another subscription goes on.
    #[must_use]
    pub fn next_position(&self) -> Position {
        self.next
    }

    /// The next events that are there, a few thousand at most; empty when there are none yet.
    ///
    /// # Errors
    ///
    /// When a block cannot be read; the next pull tries it again.
    pub fn pull(&mut self) -> Result<Vec<Stored>, LogError> {
        let mut pulled = Vec::new();
        // Positions may hold no event: content that was destroyed, and what tells of it.
        while pulled.is_empty() && self.next <= *self.head.borrow() {
            let last = Position(self.next.0 + PULLED_EVENTS - 1).min(*self.head.borrow());
            pulled = read::events(&self.store, Span::of(self.next..=last, last)).collect::<Result<_, _>>()?;
            self.next = last.next();
        }
        Ok(pulled)
    }

    /// The next events, as soon as there are some; none once the log is closed and all were pulled.
    ///
    /// # Errors
    ///
    /// When a block cannot be read; the next call tries it again.
    pub async fn next(&mut self) -> Option<Result<Vec<Stored>, LogError>> {
        loop {
            match self.pull() {
                Ok(events) if events.is_empty() => {}
                pulled => return Some(pulled),
            }
            let next = self.next;
            if self.head.wait_for(|head| *head >= next).await.is_err() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use event::{Event, Payload, Time};

    use super::*;
    use crate::log::{Log, Mode};

    fn event(id: u64) -> Event {
        Event::new("urn:example:a", format!("e-{id}"), "c-1", Time::from_ms(id as i64), Payload::Completed)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
    }

    #[test]
    fn a_follower_sees_what_is_there_and_then_what_comes() {
        let dir = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(&dir.path().join("x.store"), Mode::Create).unwrap());
        log.append_blocking((0..5000).map(event).collect(), Time::from_ms(0)).unwrap();
        let mut subscription = log.subscribe(Position(4090));
        let writer = Arc::clone(&log);
        let follow = runtime().block_on(async move {
            let following = tokio::spawn(async move {
                let mut seen = Vec::new();
                while let Some(events) = subscription.next().await {
                    seen.extend(events.unwrap().into_iter().map(|stored| stored.position.0));
                    if seen.len() == 5100 - 4089 {
                        break;
                    }
                }
                (seen, subscription.next_position())
            });
            for id in 5000..5100 {
                let receipt = writer.append(vec![event(id)], Time::from_ms(0)).await.unwrap();
                writer.wait_for(receipt.head).await.unwrap();
                assert!(writer.head() >= receipt.head, "what was written can be read");
            }
            following.await.unwrap()
        });
        assert_eq!(follow, ((4090..=5100).collect::<Vec<_>>(), Position(5101)));
    }

    /// The database's own subscriptions block the writer after a thousand events, and dropping them deadlocks.
    #[test]
    fn a_follower_that_never_pulls_holds_nobody_up_and_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(&dir.path().join("x.store"), Mode::Create).unwrap();
        let mut lazy: Vec<Subscription> = (0..50).map(|_| log.subscribe(Position::FIRST)).collect();
        for chunk in 0..30 {
            log.append_blocking((chunk * 100..chunk * 100 + 100).map(event).collect(), Time::from_ms(0))
                .unwrap();
        }
        let first = lazy[0].pull().unwrap();
        assert_eq!(first.len(), 3000);
        let mut other = log.subscribe(lazy[0].next_position());
        log.append_blocking(vec![event(90_000)], Time::from_ms(0)).unwrap();
        assert_eq!(other.pull().unwrap()[0].position, Position(3001));
        drop(log);
        assert_eq!(lazy[1].pull().unwrap().len(), 3001);
        assert!(runtime().block_on(lazy[1].next()).is_none(), "a closed log ends its followers");
    }
}
