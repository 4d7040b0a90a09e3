//! What went wrong, as RFC 9457 has it: a status, a kind that programs can tell, and a sentence for people.
//!
//! A kind's address leads nowhere on purpose: it is a name, and the sentence says what to do.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// A request that is refused, or could not be answered.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    more: Map<String, Value>,
}

/// Its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The question cannot be meant.
    Question,
    /// The request is not what the address takes.
    Request,
    /// A token is missing, or is none that is known.
    Token,
    /// A delivery does not prove that it is genuine.
    Signature,
    /// The token may not do this, or nobody may.
    Forbidden,
    /// The policy of this service does not show it.
    Policy,
    /// There is no such thing.
    Missing,
    /// The method is none of this address.
    Method,
    /// The body came too slowly.
    Slow,
    /// The body is too large.
    Large,
    /// The body is of a type that is not read.
    Type,
    /// Some of the events did not go in.
    Rejected,
    /// Nothing is alike enough to be compared.
    Incomparable,
    /// Too many requests of one client.
    Rate,
    /// Something in here is wrong.
    Failed,
    /// The log is damaged.
    Damaged,
    /// It is busy, closing, or not as far yet.
    Busy,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 17] = [
        Self::Question,
        Self::Request,
        Self::Token,
        Self::Signature,
        Self::Forbidden,
        Self::Policy,
        Self::Missing,
        Self::Method,
        Self::Slow,
        Self::Large,
        Self::Type,
        Self::Rejected,
        Self::Incomparable,
        Self::Rate,
        Self::Failed,
        Self::Damaged,
        Self::Busy,
    ];

    /// Its status, its name, and its title.
    pub(super) const fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Question => {
                (StatusCode::BAD_REQUEST, "question", "The question cannot be answered as it is asked")
            }
            Self::Request => {
                (StatusCode::BAD_REQUEST, "request", "The request is not what this address takes")
            }
            Self::Token => (StatusCode::UNAUTHORIZED, "token", "A token is needed"),
            Self::Signature => {
                (StatusCode::FORBIDDEN, "signature", "The delivery does not prove that it is genuine")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This is not allowed here"),
            Self::Policy => (StatusCode::FORBIDDEN, "policy", "The policy of this service does not show it"),
            Self::Missing => (StatusCode::NOT_FOUND, "missing", "There is no such thing"),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "method", "This address does not take that method")
            }
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow", "The request came too slowly"),
            Self::Large => (StatusCode::PAYLOAD_TOO_LARGE, "large", "The body is too large"),
            Self::Type => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "type", "The body is of a type that is not read")
            }
            Self::Rejected => (StatusCode::UNPROCESSABLE_ENTITY, "rejected", "Not every event went in"),
            Self::Incomparable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "incomparable", "Nothing can be compared")
            }
            Self::Rate => (StatusCode::TOO_MANY_REQUESTS, "rate", "Too many requests"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed", "It could not be answered"),
            Self::Damaged => (StatusCode::INTERNAL_SERVER_ERROR, "damaged", "The log is damaged"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Not now"),
        }
    }

    /// A problem of this kind.
    pub(super) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { kind: self, detail: detail.into(), more: Map::new() }
    }
}

impl Problem {
    /// The same, with one more thing that programs can read.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.told();
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("urn:evenfield:problem:{name}").into());
        body.insert("title".to_owned(), title.into());
        body.insert("status".to_owned(), status.as_u16().into());
        body.insert("detail".to_owned(), self.detail.into());
        body.extend(self.more);
        let mut response = (status, Value::Object(body).to_string()).into_response();
        let mut say = |name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        say(CONTENT_TYPE, "application/problem+json");
        match self.kind {
            Kind::Token => say(WWW_AUTHENTICATE, "Basic realm=\"evenfield\", charset=\"UTF-8\""),
            Kind::Busy | Kind::Rate => say(RETRY_AFTER, "1"),
            _ => {}
        }
        response
    }
}
