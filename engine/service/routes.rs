//! What can be asked for where, and by whom: one table, of which the router and its description are made.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use super::asked::{Form, Reading};
use super::problem::{Kind, Problem};
use super::query::Query;
use super::readings::{self, Request};
use super::{Service, events, guard, health, hook, openapi, stream};

/// One address and what it does.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The address, with what varies in braces.
    pub(super) path: String,
    /// Who may.
    pub(super) needs: Needs,
    /// What it does.
    pub(super) does: Does,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Whoever reaches the service.
    Nothing,
    /// Whoever may read.
    Read,
    /// Whoever may record.
    Record,
}

impl Does {
    /// The method by which it is asked.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Appends | Self::Hears => "post",
            _ => "get",
        }
    }
}

/// What an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Answers a question.
    Reads(Reading, Form),
    /// Gives the report as it was at a position.
    Pinned,
    /// Gives events, as a batch or line by line.
    Gives(Form),
    /// Appends events.
    Appends,
    /// Appends what a vendor sends.
    Hears,
    /// Follows the log.
    Follows,
    /// Describes itself, for programs or for people.
    Describes(Form),
    /// Says that it answers.
    IsAlive,
    /// Says that it is of use.
    IsReady,
    /// Says how much it does.
    Counts,
    /// Keeps a page up to date.
    Renews,
}

/// Every address.
pub(super) fn routes() -> Vec<Route> {
    let route = |path: &str, needs: Needs, does: Does| Route { path: path.to_owned(), needs, does };
    let mut routes = vec![
        route("/", Needs::Read, Does::Reads(Reading::Report, Form::Live)),
        route("/r/{position}", Needs::Read, Does::Pinned),
        route("/v1/platforms", Needs::Read, Does::Reads(Reading::Totals, Form::Json)),
    ];
    for reading in Reading::ALL.into_iter().filter(|reading| *reading != Reading::Report) {
        let forms = reading.forms();
        routes.push(route(reading.path(), Needs::Read, Does::Reads(reading, forms[0])));
        // The name of a claim takes the whole of its place in an address; its ending is looked for there.
        for form in forms.iter().filter(|_| reading != Reading::Claim) {
            let path = format!("{}.{}", reading.path(), form.ending());
            routes.push(route(&path, Needs::Read, Does::Reads(reading, *form)));
        }
    }
    routes.extend([
        route("/v1/events", Needs::Read, Does::Gives(Form::Json)),
        route("/v1/events.ndjson", Needs::Read, Does::Gives(Form::Ndjson)),
        route("/v1/events", Needs::Record, Does::Appends),
        route("/v1/hooks/{hook}", Needs::Nothing, Does::Hears),
        route("/v1/stream", Needs::Read, Does::Follows),
        route(readings::SCRIPT_PATH, Needs::Nothing, Does::Renews),
        route("/openapi.json", Needs::Nothing, Does::Describes(Form::Json)),
        route("/docs/", Needs::Nothing, Does::Describes(Form::Html)),
        route("/healthz", Needs::Nothing, Does::IsAlive),
        route("/readyz", Needs::Nothing, Does::IsReady),
        route("/metrics", Needs::Read, Does::Counts),
    ]);
    routes
}

/// The router of a service.
pub(super) fn router(service: Arc<Service>) -> Router {
    let mut all = Router::new();
    for Route { path, needs, does } in routes() {
        let answers = answering(does);
        let answers = match needs {
            Needs::Nothing => answers,
            Needs::Read => answers.route_layer(from_fn_with_state(Arc::clone(&service), guard::reader)),
            Needs::Record => answers.route_layer(from_fn_with_state(Arc::clone(&service), guard::recorder)),
        };
        all = all.route(&path, answers);
    }
    all.fallback(nowhere)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&service), guard::every))
        .with_state(service)
}

/// What answers at an address.
fn answering(does: Does) -> MethodRouter<Arc<Service>> {
    match does {
        Does::Reads(reading, form) => get(
            move |State(service): State<Arc<Service>>,
                  path: Result<Option<Path<String>>, PathRejection>,
                  headers: HeaderMap,
                  RawQuery(query): RawQuery| async move {
                let (subject, form) = named(path.map_err(unreadable)?.map(|Path(name)| name), form);
                let query = Query::read(query.as_deref())?;
                readings::reading(&service, Request { reading, form, subject, query, headers }).await
            },
        ),
        Does::Pinned => get(
            |State(service): State<Arc<Service>>,
             position: Result<Path<String>, PathRejection>,
             headers: HeaderMap,
             RawQuery(query): RawQuery| async move {
                let Path(position) = position.map_err(unreadable)?;
                readings::pinned(&service, &position, Query::read(query.as_deref())?, headers).await
            },
        ),
        Does::Gives(_) => get(events::page),
        Does::Appends => post(events::append),
        Does::Hears => post(hook::deliver),
        Does::Follows => get(stream::stream),
        Does::Describes(Form::Json) => get(openapi::document),
        Does::Describes(_) => get(openapi::page),
        Does::IsAlive => get(health::alive),
        Does::IsReady => get(health::ready),
        Does::Counts => get(health::metrics),
        Does::Renews => get(readings::script),
    }
}

/// What a claim is called, without the ending that asks for a form.
fn named(name: Option<String>, form: Form) -> (Option<String>, Form) {
    let Some(name) = name else { return (None, form) };
    match name.rsplit_once('.').and_then(|(name, ending)| Some((name, Form::of(ending)?))) {
        Some((name, form)) => (Some(name.to_owned()), form),
        None => (Some(name), form),
    }
}

/// That what varies in an address is no text.
pub(super) fn unreadable(rejection: PathRejection) -> Problem {
    Kind::Request.because(format!("the address cannot be read: {rejection}"))
}

async fn nowhere(OriginalUri(uri): OriginalUri) -> Problem {
    Kind::Missing.because(format!("there is nothing at {}; /docs/ tells what there is", uri.path()))
}

async fn no_method(OriginalUri(uri): OriginalUri) -> Response {
    Kind::Method.because(format!("{} takes another method; /docs/ tells which", uri.path())).into_response()
}
