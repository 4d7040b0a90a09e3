//! Questions and their answers: the readings, the live page, and the report as it was.
//!
//! An answer names itself by what it says ([`Made::tag`]): who asks again with that name is told that nothing changed,
//! without being sent it again. `wait_for` makes sure of what was appended a moment ago.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use projections::disclosure::Policy;

use super::Service;
use super::asked::{Asked, Form, Reading, Refusal};
use super::events::{failed, rows_are_shown};
use super::problem::{Kind, Problem};
use super::query::Query;
use super::shelf::{Made, NoAnswer};
use crate::log::Position;

/// What keeps a page up to date.
const SCRIPT: &str = include_str!("live.js");
/// Where it is.
pub const SCRIPT_PATH: &str = "/live.js";

/// A request for a reading.
pub(super) struct Request {
    pub(super) reading: Reading,
    pub(super) form: Form,
    /// What it is about, where its address says so.
    pub(super) subject: Option<String>,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
}

/// A reading, in the form that its address asks for.
pub(super) async fn reading(service: &Service, mut request: Request) -> Result<Response, Problem> {
    let needs = needed(service, &mut request.query).await?;
    let mut options = request.query.rest();
    if request.form == Form::Live {
        // The form of the page names a service; an address of the service says where.
        options.retain(|(name, value)| name != "service" || !value.is_empty());
        options.iter_mut().filter(|(name, _)| name == "service").for_each(|(name, value)| {
            *name = "where".to_owned();
            *value = format!("service={value}");
        });
    }
    let pinned =
        options.iter().any(|(name, value)| name == "as_of" && value.bytes().all(|one| one.is_ascii_digit()));
    let Request { reading, form, subject, headers, .. } = request;
    let made =
        service.shelf.get(Asked { reading, subject, options, form }, needs, pinned).await.map_err(refused)?;
    answered(&made, form, pinned, &headers)
}

/// `GET /r/{position}`: the report as it was, to be kept and verified.
pub(super) async fn pinned(
    service: &Service,
    position: &str,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    rows_are_shown(service, "reports by position")?;
    let head = service.offer.log.head();
    let told = position.parse::<u64>().ok().map(Position);
    let Some(position) = told.filter(|position| (Position::FIRST..=head).contains(position)) else {
        return Err(Kind::Missing
            .because(format!("{position:?} is no position of this log, which goes from 1 to {head}")));
    };
    let mut options = query.rest();
    if options.iter().any(|(name, _)| name == "as_of" || name == "wait_for") {
        return Err(Kind::Question.because("the position of a report that was stands in its address"));
    }
    options.push(("as_of".to_owned(), position.to_string()));
    let asked = Asked { reading: Reading::Report, subject: None, options, form: Form::Html };
    let made = service.shelf.get(asked, Position::START, true).await.map_err(refused)?;
    answered(&made, Form::Html, true, &headers)
}

/// `GET /live.js`.
pub(super) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], SCRIPT).into_response()
}

/// Up to which position an answer must rest, once the log is there; one that does not come in is not there.
async fn needed(service: &Service, query: &mut Query) -> Result<Position, Problem> {
    let Some(position) = query.number("wait_for")? else { return Ok(Position::START) };
    if service.offer.policy != Policy::Internal {
        let policy = service.offer.policy.name();
        return Err(Kind::Policy.because(format!("positions are not told under the policy {policy}")));
    }
    let waiting = service.offer.log.wait_for(Position(position));
    let patience = service.offer.limits.time / 2;
    match tokio::time::timeout(patience, waiting).await {
        Ok(Ok(())) => Ok(Position(position)),
        Ok(Err(_)) => Err(failed()),
        Err(_) => {
            let head = service.offer.log.head();
            Err(Kind::Missing
                .because(format!("position {position} has not come in yet; the log goes up to {head}")))
        }
    }
}

fn answered(made: &Made, form: Form, pinned: bool, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", made.tag);
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|known| known.to_str().ok());
    let is_known = known.flat_map(|known| known.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    });
    let (status, body) = match is_known {
        true => (StatusCode::NOT_MODIFIED, Bytes::new()),
        false => (StatusCode::OK, made.bytes.clone()),
    };
    let mut response = (status, body).into_response();
    let mut say = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
    say(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    say(ETAG, HeaderValue::from_str(&tag).map_err(|_| failed())?);
    let kept = if pinned { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    say(CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}

fn refused(why: NoAnswer) -> Problem {
    match why {
        NoAnswer::Crowded => {
            Kind::Busy.because("too many questions are being worked on; ask again in a moment")
        }
        NoAnswer::Refused(refusal) => match refusal {
            Refusal::Question(why) => Kind::Question.because(why),
            Refusal::Policy(why) => Kind::Policy.because(why),
            Refusal::Missing(why) => Kind::Missing.because(why),
            Refusal::Incomparable(why) => Kind::Incomparable.because(why),
            Refusal::Interrupted => Kind::Busy.because("the service is ending"),
            Refusal::Damaged(why) => Kind::Damaged.because(why),
            Refusal::Failed(why) => {
                tracing::error!(why, "a question could not be answered");
                failed()
            }
        },
    }
}
