//! Whether the service is there, whether it is of use, and how much it does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use projections::disclosure::Policy;

use super::Service;
use super::problem::{Kind, Problem};

/// `GET /healthz`: it answers.
pub(super) async fn alive() -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], "well\n").into_response()
}

/// `GET /readyz`: it takes and answers what it should. That an answer lags behind the log is no illness.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    if *service.closing.borrow() {
        return Err(Kind::Busy.because("it is ending"));
    }
    if service.broken.load(Ordering::Relaxed) {
        return Err(Kind::Busy.because(
            "an append failed, after which none can succeed: look at the disk, then start the service again",
        ));
    }
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], "ready\n").into_response())
}

/// `GET /metrics`.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let head = (service.offer.policy == Policy::Internal).then(|| service.offer.log.head());
    let text = service.meters.text(head);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
