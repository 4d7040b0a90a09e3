//! A recording at the speed at which it happened, or a multiple of it, into a store or a running service.
//!
//! Events come in the order of their times, which is not that in which they were recorded; a reading does not depend
//! on it. What is late is not made up for by leaving anything out.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::{Duration, Instant};

use event::Event;
use feeds::{Item, Settings};

use super::super::failure::Failure;
use super::super::store::now;
use super::super::{Shared, progress};
use crate::ingest::{Head, Rejection, Report};
use crate::log::{Fate, Log};
use crate::replay::Watch;
use crate::scenario::Scenario;
use crate::service::{Client, ClientError};

/// Events that are sent at once, at most.
const BATCH: usize = 1_000;
/// How long is waited for more before what is due is sent.
const TICK: Duration = Duration::from_millis(50);

/// How fast a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Speed {
    /// As fast as it goes.
    Most,
    /// So many times as fast as it happened.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times = text.strip_suffix('x').and_then(|times| times.parse::<f64>().ok());
        match (text, times) {
            ("max", _) => Ok(Self::Most),
            (_, Some(times)) if times > 0.0 && times <= 1e9 => Ok(Self::Times(times)),
            _ => Err("write max, or how many times as fast as it happened, such as 1x or 60x".to_owned()),
        }
    }
}

/// Where events go.
pub(super) enum To<'a> {
    /// Into a store.
    Store(&'a Log),
    /// To a service.
    Service(Box<Client>),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NoAddress(_) => Self::Usage(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Replays recordings at a speed; an interrupt ends it with what went in counted.
pub(super) fn at_speed(
    scenarios: &[Scenario],
    speed: Speed,
    mut to: To<'_>,
    shared: &Shared,
) -> Result<(Report, Result<(), Failure>), Failure> {
    let events = in_order(scenarios)?;
    let (report, result) =
        progress::during(shared, "replaying", "events", |watch| replay(&events, speed, &mut to, watch));
    let interrupted = if report.interrupted { Err(Failure::Interrupted) } else { Ok(()) };
    Ok((report, result.and(interrupted)))
}

/// The events of recordings in the order of their times.
fn in_order(scenarios: &[Scenario]) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    for scenario in scenarios {
        let name = &scenario.name;
        let unreadable = |why: String| Failure::Input(format!("{name}: the events could not be read: {why}"));
        let head = Head::of(&*scenario.events).map_err(|error| unreadable(error.to_string()))?;
        let Some(feed) = feeds::by_name("cloudevents") else { return Err(unreadable("no feed".to_owned())) };
        let mut rejected = None;
        let read = feed.read(&mut head.whole(), &Settings::default(), &mut |item| match item {
            Item::Event { event, .. } => {
                events.push(event);
                ControlFlow::Continue(())
            }
            Item::Rejected(one) => {
                rejected = Some(format!("line {}: {}", one.line, one.reason));
                ControlFlow::Break(())
            }
            Item::Skipped { .. } => ControlFlow::Continue(()),
        });
        read.map_err(|error| unreadable(error.to_string()))?;
        if let Some(why) = rejected {
            return Err(unreadable(why));
        }
    }
    events.sort_by_key(|event| event.at);
    Ok(events)
}

/// Replays events at a speed; the report says how far it came, whatever ended it.
fn replay(events: &[Event], speed: Speed, to: &mut To<'_>, watch: &Watch) -> (Report, Result<(), Failure>) {
    let mut report = Report::default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return (report, Err(Failure::Other(format!("could not begin: {error}")))),
    };
    let result = runtime.block_on(paced(events, speed, to, watch, &mut report));
    report.interrupted = watch.stopped();
    (report, result)
}

async fn paced(
    events: &[Event],
    speed: Speed,
    to: &mut To<'_>,
    watch: &Watch,
    report: &mut Report,
) -> Result<(), Failure> {
    let (begun, mut rest) = (Instant::now(), events);
    let first = events.first().map(|event| event.at).unwrap_or_default();
    while !rest.is_empty() && !watch.stopped() {
        let due = match speed {
            Speed::Most => rest.len(),
            Speed::Times(times) => {
                let gone = begun.elapsed().as_secs_f64() * 1_000.0 * times;
                rest.partition_point(|event| event.at.since(first) as f64 <= gone)
            }
        };
        if due == 0 {
            tokio::time::sleep(TICK).await;
            continue;
        }
        let (batch, later) = rest.split_at(due.min(BATCH));
        send(batch, to, report).await?;
        watch.advance(batch.len() as u64);
        rest = later;
    }
    Ok(())
}

/// Sends a batch, and counts what became of it.
async fn send(batch: &[Event], to: &mut To<'_>, report: &mut Report) -> Result<(), Failure> {
    let before = report.read;
    let mut more = Report { read: batch.len() as u64, ..Report::default() };
    let mut reject =
        |line: u64, reason: String| more.rejected.push(Rejection { file: None, line: before + line, reason });
    let (appended, duplicates, positions) = match to {
        To::Service(client) => {
            let taken = client.send(batch).await?;
            taken.rejected.into_iter().for_each(|one| reject(one.line, one.reason));
            (taken.appended, taken.duplicates, taken.positions)
        }
        To::Store(log) => {
            let receipt = log.append(batch.to_vec(), now()).await?;
            let new: Vec<u64> = receipt
                .fates
                .iter()
                .filter_map(|fate| match fate {
                    Fate::New(position) => Some(position.0),
                    _ => None,
                })
                .collect();
            for (line, fate) in (1..).zip(&receipt.fates) {
                match fate {
                    Fate::Refused(reason) => reject(line, reason.clone()),
                    Fate::Conflict { position, differs } => {
                        reject(
                            line,
                            format!(
                                "another event of that name stands at position {position}, with other {differs}"
                            ),
                        );
                    }
                    Fate::New(_) | Fate::Duplicate(_) => {}
                }
            }
            (
                receipt.added() as u64,
                receipt.duplicates() as u64,
                new.first().copied().zip(new.last().copied()),
            )
        }
    };
    (more.appended, more.duplicates, more.positions) = (appended, duplicates, positions);
    report.absorb(more);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_of_times() {
        assert_eq!("max".parse(), Ok(Speed::Most));
        assert_eq!("60x".parse(), Ok(Speed::Times(60.0)));
        assert_eq!("0.5x".parse(), Ok(Speed::Times(0.5)));
        for none in ["", "x", "60", "0x", "-1x", "NaNx", "infx", "1e10x"] {
            assert!(none.parse::<Speed>().is_err(), "{none}");
        }
    }
}
