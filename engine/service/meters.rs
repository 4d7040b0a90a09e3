//! How much the service does, for whoever watches it: counts and times without a name in them.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::ingest::Report;
use crate::log::Position;

/// Upper bounds of the times that are told apart, in seconds.
const TIMES: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Requests by method and status.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    status: u16,
}

/// What is counted.
#[derive(Debug)]
pub(super) struct Meters {
    requests: Family<Request, Counter>,
    times: Histogram,
    appended: Counter,
    duplicates: Counter,
    rejected: Counter,
    streams: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            times: Histogram::new(TIMES),
            appended: Counter::default(),
            duplicates: Counter::default(),
            rejected: Counter::default(),
            streams: Gauge::default(),
        }
    }
}

/// A stream that is open; it is counted until it is dropped.
#[derive(Debug)]
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Meters {
    /// Counts a request that was answered.
    pub(super) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        // Whatever clients call their methods, there are few of them here.
        let known = ["GET", "HEAD", "POST", "OPTIONS"];
        let method = known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        self.requests.get_or_create(&Request { method, status: status.as_u16() }).inc();
        self.times.observe(took.as_secs_f64());
    }

    /// Counts what became of a body.
    pub(super) fn taken(&self, report: &Report) {
        self.appended.inc_by(report.appended);
        self.duplicates.inc_by(report.duplicates);
        self.rejected.inc_by(report.rejections());
    }

    /// Counts a stream for as long as it is open.
    pub(super) fn stream(&self) -> Open {
        self.streams.inc();
        Open(self.streams.clone())
    }

    /// All of it, in the OpenMetrics text format; how many events there are and came, where that is shown.
    pub(super) fn text(&self, head: Option<Position>) -> String {
        let mut registry = Registry::with_prefix("evenfield");
        registry.register("requests", "Requests that were answered", self.requests.clone());
        registry.register_with_unit(
            "request",
            "Time until an answer began",
            Unit::Seconds,
            self.times.clone(),
        );
        registry.register("streams_open", "Streams that are open", self.streams.clone());
        if let Some(head) = head {
            registry.register("events_appended", "Events that are new in the log", self.appended.clone());
            registry.register(
                "events_duplicate",
                "Events that were in the log already",
                self.duplicates.clone(),
            );
            registry.register("events_rejected", "Events that did not go in", self.rejected.clone());
            let position = Gauge::<u64, AtomicU64>::default();
            position.set(head.0);
            registry.register("log_position", "The last position of the log", position);
        }
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
