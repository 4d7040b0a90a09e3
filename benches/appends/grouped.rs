//! One thread that commits the appends of all who wait together, for databases that do not do it themselves.
//!
//! It takes whatever has arrived while the last commit was on its way, and waits for nobody.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use event::Event;

use crate::contender::{Store, Writer};

/// How many events are enough for one commit.
const ENOUGH: usize = 1 << 16;

/// Events of one caller, and where the answer goes.
type Request = (Vec<Event>, SyncSender<usize>);

/// A store whose callers are gathered.
#[derive(Debug)]
pub(crate) struct Grouped {
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// A caller, with its own way back.
struct Caller {
    requests: Sender<Request>,
    answer: SyncSender<usize>,
    answered: Receiver<usize>,
}

impl Grouped {
    /// Starts the thread that writes to `store`.
    pub(crate) fn over(store: impl Store + 'static) -> Self {
        let (requests, waiting) = channel();
        let store = Arc::new(store);
        let thread = std::thread::spawn(move || commit(&*store, &waiting));
        Self { requests: Some(requests), thread: Some(thread) }
    }
}

fn commit(store: &dyn Store, waiting: &Receiver<Request>) {
    let mut writer = store.writer();
    while let Ok((mut events, answer)) = waiting.recv() {
        let mut answers = vec![(answer, events.len())];
        while events.len() < ENOUGH {
            let Ok((more, answer)) = waiting.try_recv() else { break };
            answers.push((answer, more.len()));
            events.extend(more);
        }
        let count = events.len();
        assert_eq!(writer.append(events), count, "no two events have one name");
        for (answer, count) in answers {
            // Who is gone does not listen.
            let _ = answer.send(count);
        }
    }
}

impl Store for Grouped {
    fn writer(&self) -> Box<dyn Writer + '_> {
        let (answer, answered) = sync_channel(1);
        let requests = self.requests.clone().expect("it is there until it is dropped");
        Box::new(Caller { requests, answer, answered })
    }
}

impl Writer for Caller {
    fn append(&mut self, events: Vec<Event>) -> usize {
        self.requests.send((events, self.answer.clone())).expect("the thread lives");
        self.answered.recv().expect("the thread answers")
    }
}

impl Drop for Grouped {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the thread has not failed");
        }
    }
}
