//! Events in and out: CloudEvents, one by one, in batches and line by line.
//!
//! What is posted goes in as by `evenfield ingest`: the same events again change nothing, bad ones keep out no good
//! ones, and nothing is said to be in before it is on disk. Where there is no room for another body, whoever sends is
//! told to wait; nothing is taken in to be lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::{OriginalUri, RawQuery, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LINK};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use event::Time;
use projections::disclosure::Policy;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::Service;
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::export;
use crate::ingest::{IngestError, Order, Report, ingest};
use crate::log::{Log, LogError, Position};
use crate::replay::Watch;

/// Events of a page, unless another number is asked for, and at most.
const PAGE: u64 = 1_000;
const PAGE_MOST: u64 = 10_000;
/// Bytes of a page, after which it ends.
const PAGE_BYTES: usize = 1 << 20;
/// Rejections that are told one by one.
const TOLD: usize = 1_000;

/// The types of a body that are read; how events stand in it is seen from itself.
pub(super) const TYPES: [&str; 4] = [
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/x-ndjson",
    "application/json",
];

/// `GET /v1/events`: events from a position on, as a batch.
pub(super) async fn page(
    State(service): State<Arc<Service>>,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    rows_are_shown(&service, "events")?;
    let mut query = Query::read(query.as_deref())?;
    let from = query.number("from")?.unwrap_or(1).max(1);
    let limit = query.number("limit")?.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    query.nothing_else()?;
    let (is_lines, path) = (uri.path().ends_with(".ndjson"), uri.path().to_owned());
    let log = Arc::clone(&service.offer.log);
    let read = tokio::task::spawn_blocking(move || read(&log, from, limit, is_lines));
    let (body, next) = read.await.map_err(|_| failed())?.map_err(of_log)?;
    let media_type = if is_lines { "application/x-ndjson" } else { "application/cloudevents-batch+json" };
    let mut response = ([(CONTENT_TYPE, media_type)], body).into_response();
    if let Some(next) = next {
        let link = format!("<{path}?from={next}&limit={limit}>; rel=\"next\"");
        response.headers_mut().insert(LINK, HeaderValue::from_str(&link).map_err(|_| failed())?);
    }
    Ok(response)
}

/// Events from a position on, and where the next page begins, if there is one.
fn read(log: &Log, from: u64, limit: u64, is_lines: bool) -> Result<(Vec<u8>, Option<u64>), LogError> {
    let mut body = if is_lines { Vec::new() } else { b"[".to_vec() };
    let (mut count, mut next) = (0, None);
    for stored in log.events(Position(from)..=log.head()) {
        let stored = stored?;
        if count == limit || body.len() >= PAGE_BYTES {
            next = Some(stored.position.0);
            break;
        }
        if count > 0 && !is_lines {
            body.push(b',');
        }
        export::line(&stored, true, &mut body);
        if !is_lines {
            body.pop();
        }
        count += 1;
    }
    body.extend(if is_lines { &b""[..] } else { b"]\n" });
    Ok((body, next))
}

/// Refuses what tells of consultations one by one, unless the policy shows everything.
pub(super) fn rows_are_shown(service: &Service, what: &str) -> Result<(), Problem> {
    match service.offer.policy {
        Policy::Internal => Ok(()),
        policy => Err(Kind::Policy.because(format!(
            "{what} tell of consultations one by one, which the policy {} does not show",
            policy.name()
        ))),
    }
}

/// `POST /v1/events`: appends what the body holds.
pub(super) async fn append(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    of_a_type_that_is_read(&parts.headers)?;
    let (bytes, room) = service.bodies.take(&parts.headers, body).await?;
    let Some(feed) = feeds::by_name("cloudevents") else { return Err(failed()) };
    taken(service, (bytes, room), move |log, bytes, received| {
        let settings = feeds::Settings::default();
        let order = Order {
            feed,
            settings: &settings,
            pseudonyms: None,
            received,
            allow_future: false,
            keep_positions: false,
        };
        ingest(log, &mut &bytes[..], &order, &Watch::default(), &mut |_| {})
    })
    .await
}

/// Appends what `work` makes of a body, and says what became of it.
pub(super) async fn taken(
    service: Arc<Service>,
    (bytes, room): (Bytes, OwnedSemaphorePermit),
    work: impl FnOnce(&Log, &Bytes, Time) -> (Report, Result<(), IngestError>) + Send + 'static,
) -> Result<Response, Problem> {
    let log = Arc::clone(&service.offer.log);
    let received = Time::from_ms(jiff::Timestamp::now().as_millisecond());
    let working = tokio::task::spawn_blocking(move || {
        // The room is given back when the work is done, whoever is still waiting for it.
        let _room = room;
        work(&log, &bytes, received)
    });
    let (report, result) = working.await.map_err(|_| failed())?;
    service.meters.taken(&report);
    if let Err(error) = result {
        return Err(failed_to_take(&service, &report, &error));
    }
    told(report)
}

/// What became of a body.
fn told(report: Report) -> Result<Response, Problem> {
    let report = report.with_at_most(TOLD);
    let rejected = report.rejections();
    let status = if report.appended > 0 { StatusCode::CREATED } else { StatusCode::OK };
    let value = serde_json::to_value(&report).map_err(|_| failed())?;
    if rejected == 0 && report.read == 0 && report.skipped.is_empty() {
        return Err(
            Kind::Request.because("the body holds no event; send one, a batch of them, or one a line")
        );
    }
    if rejected == 0 {
        return Ok((status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response());
    }
    let what = format!(
        "{rejected} of {} did not go in, each for the reason given; what went in is on disk, and sending all of it \
         again once they are mended changes nothing of that",
        report.read
    );
    Err(told_with(Kind::Rejected.because(what), value))
}

/// A problem with the counts of an ingest.
fn told_with(problem: Problem, report: Value) -> Problem {
    let Value::Object(counts) = report else { return problem };
    counts.into_iter().fold(problem, |problem, (name, value)| problem.with(&name, value))
}

fn failed_to_take(service: &Service, report: &Report, error: &IngestError) -> Problem {
    let problem = match error {
        IngestError::Feed(error) => Kind::Request.because(error.to_string()),
        IngestError::Log(_) => {
            service.broken.store(true, Ordering::Relaxed);
            tracing::error!(%error, "events could not be appended");
            Kind::Failed
                .because("the events could not be appended; nothing that is not counted here is in the log")
        }
        _ => {
            tracing::error!(%error, "events could not be taken");
            Kind::Failed
                .because("the events could not be taken; whoever runs the service finds why in its output")
        }
    };
    told_with(problem, serde_json::to_value(report).unwrap_or_default())
}

fn of_a_type_that_is_read(headers: &HeaderMap) -> Result<(), Problem> {
    let told = headers.get(CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let media_type = told.split(';').next().unwrap_or_default().trim();
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        return Err(Kind::Type
            .because(format!("Content-Encoding {coding:?} is not read here; send the body as it is")));
    }
    if TYPES.iter().any(|known| known.eq_ignore_ascii_case(media_type)) {
        return Ok(());
    }
    Err(Kind::Type
        .because(format!("Content-Type {told:?} is not read here; send one of {}", TYPES.join(", "))))
}

pub(super) fn failed() -> Problem {
    Kind::Failed.because(
        "something failed in here that should not; whoever runs the service finds more in its output",
    )
}

/// A problem of the log.
pub(super) fn of_log(error: LogError) -> Problem {
    tracing::error!(%error, "the log could not be read");
    match error {
        LogError::Damaged { .. } => {
            Kind::Damaged.because("part of the log is damaged; `evenfield log verify` tells which")
        }
        _ => failed(),
    }
}
