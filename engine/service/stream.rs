//! Events as they come, as server-sent events: each under its position, so that whoever was cut off goes on from there.
//!
//! A stream pulls from the log at the pace at which it is read, so that a slow reader holds nobody up and misses
//! nothing. Pages need no more than that something came: `?only=head` tells that, twice a second at most.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::events::{of_log, rows_are_shown};
use super::meters::Open;
use super::problem::{Kind, Problem};
use super::query::Query;
use super::token::Token;
use super::{Readers, Service};
use crate::export;
use crate::log::{Position, Stored, Subscription};

/// How long between two tellings of a head.
const BETWEEN: Duration = Duration::from_millis(500);
/// How often a line is sent where nothing comes, so that nobody in between gives the connection up.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether whoever reads still may, where nothing comes.
const LOOK: Duration = Duration::from_secs(2);

/// `GET /v1/stream`.
pub(super) async fn stream(
    State(service): State<Arc<Service>>,
    token: Option<Extension<Token>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    rows_are_shown(&service, "events and how many there are")?;
    let mut query = Query::read(query.as_deref())?;
    let (from, only) = (query.number("from")?, query.take("only")?);
    query.nothing_else()?;
    let head = service.offer.log.head();
    let seen = headers.get("last-event-id").map(|seen| {
        let seen = seen.to_str().ok().and_then(|seen| seen.trim().parse::<u64>().ok());
        seen.ok_or_else(|| Kind::Request.because("Last-Event-ID is no position: expected a whole number"))
    });
    // Who was cut off knows best where.
    let next = match (seen.transpose()?, from) {
        (Some(seen), _) => Position(seen).next(),
        (None, Some(from)) => Position(from.max(1)),
        (None, None) => head.next(),
    };
    if next > head.next() {
        return Err(Kind::Question.because(format!(
            "position {next} is not next: the log ends at {head}, so that it is another log, or an older copy"
        )));
    }
    let (open, closing) = (service.meters.stream(), service.closing.clone());
    let reader = Reader { service: Arc::clone(&service), token: token.map(|Extension(token)| token) };
    let alive = KeepAlive::new().interval(ALIVE);
    match only.as_deref() {
        None => {
            let subscription = service.offer.log.subscribe(next);
            Ok(Sse::new(events(subscription, closing, (open, reader))).keep_alive(alive).into_response())
        }
        Some("head") => {
            let heads = service.offer.log.heads();
            Ok(Sse::new(only_heads(heads, next, closing, (open, reader))).keep_alive(alive).into_response())
        }
        Some(other) => Err(Kind::Question.because(format!("only={other:?}: there is only=head, or none"))),
    }
}

/// Whoever reads a stream, for as long as that is allowed.
struct Reader {
    service: Arc<Service>,
    token: Option<Token>,
}

impl Reader {
    /// Whether the token that let it in, where one was needed, is known still.
    fn may(&self) -> bool {
        self.service.offer.readers == Readers::Anyone
            || self.token.as_ref().is_some_and(|token| self.service.offer.tokens.is_known(token))
    }
}

/// Every event.
fn events(
    subscription: Subscription,
    closing: watch::Receiver<bool>,
    open: (Open, Reader),
) -> impl Stream<Item = Result<Event, Infallible>> {
    let begun = (subscription, Vec::new().into_iter(), closing, open);
    stream::unfold(begun, |(mut subscription, mut pulled, mut closing, open)| async move {
        loop {
            if *closing.borrow() {
                return None;
            }
            if pulled.len() == 0 && !open.1.may() {
                return None;
            }
            if let Some(stored) = pulled.next() {
                return Some((Ok(told(&stored)), (subscription, pulled, closing, open)));
            }
            let next = tokio::select! {
                next = subscription.next() => next,
                () = tokio::time::sleep(LOOK) => continue,
                _ = closing.wait_for(|closing| *closing) => return None,
            };
            match next? {
                Ok(_) if !open.1.may() => return None,
                Ok(events) => pulled = events.into_iter(),
                Err(error) => {
                    // Whoever reads comes again with the last position, and is told what is wrong.
                    let _ = of_log(error);
                    return None;
                }
            }
        }
    })
}

/// How far the log goes, whenever it goes further.
fn only_heads(
    heads: watch::Receiver<Position>,
    next: Position,
    closing: watch::Receiver<bool>,
    open: (Open, Reader),
) -> impl Stream<Item = Result<Event, Infallible>> {
    let begun = (heads, next, closing, open, false);
    stream::unfold(begun, |(mut heads, next, mut closing, open, told_before)| async move {
        if told_before {
            tokio::select! {
                () = tokio::time::sleep(BETWEEN) => {}
                _ = closing.wait_for(|closing| *closing) => return None,
            }
        }
        let head = loop {
            tokio::select! {
                head = heads.wait_for(|head| *head >= next) => break *head.ok()?,
                () = tokio::time::sleep(LOOK) => {}
                _ = closing.wait_for(|closing| *closing) => return None,
            }
            if !open.1.may() {
                return None;
            }
        };
        if !open.1.may() {
            return None;
        }
        let event = Event::default().event("head").id(head.0.to_string()).data(head.0.to_string());
        Some((Ok(event), (heads, head.next(), closing, open, true)))
    })
}

fn told(stored: &Stored) -> Event {
    let mut line = Vec::new();
    export::line(stored, true, &mut line);
    let text = String::from_utf8_lossy(&line);
    Event::default().event("recorded").id(stored.position.0.to_string()).data(text.trim_end())
}
