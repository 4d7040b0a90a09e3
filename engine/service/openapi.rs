//! The service described: for programs as OpenAPI 3.1, for people as a page without scripts.
//!
//! Both are made of the table of routes and of the options that readings have on the command line, so that they say
//! what is there.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::asked::{Answers, Choice, Form, Reading};
use super::events::TYPES;
use super::problem::Kind;
use super::routes::{Does, Needs, Route, routes};
use super::{Readers, Service};
use crate::report::escaped;

/// `GET /openapi.json`.
pub(super) async fn document(State(service): State<Arc<Service>>) -> Response {
    let text = description(&*service.offer.answers, service.offer.readers).to_string();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// `GET /docs/`.
pub(super) async fn page(State(service): State<Arc<Service>>) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], people(&*service.offer.answers)).into_response()
}

/// The description for programs.
fn description(answers: &dyn Answers, readers: Readers) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let method = route.does.method();
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[method] = operation(&route, answers, readers);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "evenfield",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Compares video-consultation platforms on reliability and usability, from the events of real \
                            consultations. Answers are those of the command line, byte for byte.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `evenfield token new`." },
                "password": { "type": "http", "scheme": "basic", "description": "A token as the password, to read." },
            },
            "schemas": {
                "Problem": {
                    "type": "object",
                    "description": "RFC 9457.",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": { "type": "string", "enum": kinds() },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string", "description": "What is wrong, and what to do." },
                    },
                },
                "Taken": {
                    "type": "object",
                    "description": "What became of a body: read is the sum of appended, duplicates and rejected.",
                    "required": ["read", "appended", "duplicates", "rejected", "positions"],
                    "properties": {
                        "read": { "type": "integer" },
                        "appended": { "type": "integer" },
                        "duplicates": { "type": "integer" },
                        "rejected": { "type": "array", "items": { "type": "object" } },
                        "rejected_more": {
                            "type": "object",
                            "description": "Those that are not told one by one, by reason.",
                            "additionalProperties": { "type": "integer" },
                        },
                        "positions": { "type": ["array", "null"], "items": { "type": "integer" } },
                    },
                },
            },
        },
    })
}

fn kinds() -> Vec<String> {
    Kind::ALL.iter().map(|kind| format!("urn:evenfield:problem:{}", kind.told().1)).collect()
}

/// What one address does.
fn operation(route: &Route, answers: &dyn Answers, readers: Readers) -> Value {
    let mut parameters: Vec<Value> = placed(&route.path).into_iter().collect();
    parameters.extend(options(route.does, answers).iter().map(parameter));
    let mut operation = json!({
        "summary": summary(route.does),
        "operationId": identifier(route),
        "parameters": parameters,
        "responses": responses(route.does),
    });
    let token = json!({ "token": [] });
    match (route.needs, readers) {
        (Needs::Nothing, _) => {}
        (Needs::Read, Readers::Anyone) => operation["security"] = json!([token, {}]),
        (Needs::Read, Readers::Tokens) => operation["security"] = json!([token, { "password": [] }]),
        _ => operation["security"] = json!([token]),
    }
    if route.does == Does::Hears {
        let any = json!({ "schema": { "type": ["object", "array", "string"] } });
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": any, "application/x-www-form-urlencoded": {} } });
    }
    if route.does == Does::Appends {
        let event = json!({ "schema": { "type": ["object", "array", "string"] } });
        let content: Map<String, Value> =
            TYPES.iter().map(|one| ((*one).to_owned(), event.clone())).collect();
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// What varies in an address.
fn placed(path: &str) -> Option<Value> {
    let (_, rest) = path.split_once('{')?;
    let (name, _) = rest.split_once('}')?;
    Some(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
}

fn identifier(route: &Route) -> String {
    let words: Vec<String> = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let verb = route.does.method();
    std::iter::once(verb.to_owned()).chain(words).collect::<Vec<_>>().join("_")
}

/// The options of an address.
fn options(does: Does, answers: &dyn Answers) -> Vec<Choice> {
    let own = |name: &str, says: &str| Choice {
        name: name.to_owned(),
        says: says.to_owned(),
        many: false,
        flag: false,
        required: false,
    };
    match does {
        Does::Reads(reading, form) => {
            let mut choices = answers.choices(reading, form);
            choices
                .extend((form == Form::Live).then(|| own("service", "Only consultations of this service")));
            choices.push(own("wait_for", "Answer once this position has come in, and not without it"));
            choices
        }
        Does::Pinned => answers
            .choices(Reading::Report, Form::Html)
            .into_iter()
            .filter(|choice| choice.name != "as_of")
            .collect(),
        Does::Gives(_) => vec![
            own("from", "From this position on; 1 unless another is named"),
            own("limit", "So many events at most; 1,000 unless another number is named, 10,000 at most"),
        ],
        Does::Follows => vec![
            own("from", "From this position on; what comes from now on unless one is named"),
            own("only", "head: tell how far the log goes, not the events"),
        ],
        _ => Vec::new(),
    }
}

fn parameter(choice: &Choice) -> Value {
    let plain = match (choice.flag, choice.name.as_str()) {
        (true, _) => json!({ "type": "boolean" }),
        (_, "from" | "limit" | "wait_for") => json!({ "type": "integer", "minimum": 0 }),
        _ => json!({ "type": "string" }),
    };
    let schema = if choice.many { json!({ "type": "array", "items": plain }) } else { plain };
    json!({
        "name": choice.name,
        "in": "query",
        "required": choice.required,
        "description": choice.says,
        "schema": schema,
        "style": "form",
        "explode": true,
    })
}

fn responses(does: Does) -> Value {
    let problem = json!({
        "description": "A problem, told as RFC 9457 has it",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let of = |media_type: &str| {
        let media_type = media_type.split(';').next().unwrap_or_default();
        json!({ "description": "It", "content": { media_type: {} } })
    };
    let taken = |what: &str| {
        json!({
            "description": what,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Taken" } } },
        })
    };
    let mut responses = match does {
        Does::Reads(Reading::Claim, _) => {
            json!({ "200": { "description": "It", "content": { "application/json": {}, "text/plain": {} } } })
        }
        Does::Reads(_, form) | Does::Describes(form) => json!({ "200": of(form.media_type()) }),
        Does::Pinned => json!({ "200": of(Form::Html.media_type()) }),
        Does::Gives(Form::Ndjson) => json!({ "200": of("application/x-ndjson") }),
        Does::Gives(_) => json!({ "200": of("application/cloudevents-batch+json") }),
        Does::Appends | Does::Hears => json!({
            "201": taken("All of it is in the log and on disk"),
            "200": taken("All of it was in the log already"),
        }),
        Does::Follows => json!({ "200": of("text/event-stream") }),
        Does::Counts => json!({ "200": of("application/openmetrics-text") }),
        Does::IsAlive | Does::IsReady => json!({ "200": of("text/plain") }),
        Does::Renews => json!({ "200": of("text/javascript") }),
    };
    if matches!(does, Does::Reads(..) | Does::Pinned) {
        responses["304"] = json!({ "description": "It is still what it was" });
    }
    responses["default"] = problem;
    responses
}

/// What an address does, in a sentence.
fn summary(does: Does) -> String {
    match does {
        Does::Reads(reading, form) => {
            let what = match reading {
                Reading::Comparison => "Platforms, measure by measure, with counts, limits and claims",
                Reading::Decision => "Standardise or range: one platform for all, or each service its own",
                Reading::Claim => {
                    "What stands behind a claim: its rule, its numbers, its consultations and their events"
                }
                Reading::Diff => "What two moments of the store claim otherwise",
                Reading::Totals => "Plain counts, sums and quantiles of every platform",
                Reading::Quality => "How complete the evidence is",
                Reading::Outages => "Whether a platform failed at several organisations at once",
                Reading::Outcomes => "One row per consultation, as replayed",
                Reading::Report => "The report, as a page that keeps itself up to date",
            };
            match form {
                Form::Live | Form::Html => what.to_owned(),
                form => format!("{what} ({})", form.ending()),
            }
        }
        Does::Pinned => "The report as it was at a position: a file that can be kept and verified".to_owned(),
        Does::Gives(form) => {
            format!("Events from a position on; the header Link names the next page ({})", form.ending())
        }
        Does::Appends => {
            "Append CloudEvents: one, a batch, or one a line; 201 once they are on disk".to_owned()
        }
        Does::Hears => "Take in what a vendor sends, signed as it does".to_owned(),
        Does::Follows => {
            "Events as they come, as server-sent events; Last-Event-ID goes on from there".to_owned()
        }
        Does::Describes(Form::Json) => "This description".to_owned(),
        Does::Describes(_) => "This description, for people".to_owned(),
        Does::IsAlive => "Whether the service answers".to_owned(),
        Does::IsReady => "Whether it is of use".to_owned(),
        Does::Counts => "How much it does, as OpenMetrics".to_owned(),
        Does::Renews => "What keeps the page up to date".to_owned(),
    }
}

/// The description for people.
fn people(answers: &dyn Answers) -> String {
    let mut text = String::from(
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>What this service answers</title>\n\
         </head>\n<body>\n<main>\n<h1>What this service answers</h1>\n\
         <p>Options are those of the command line under the same names, with an underscore for a hyphen. For programs: \
         <a href=\"/openapi.json\">openapi.json</a>. The page for people: <a href=\"/\">the report</a>.</p>\n",
    );
    for route in routes() {
        let method = route.does.method().to_uppercase();
        let needs = match route.needs {
            Needs::Nothing => "",
            Needs::Read => " Needs a token to read where the service asks for one.",
            Needs::Record => " Needs a token to record.",
        };
        let _ = write!(
            text,
            "<h2><code>{method} {}</code></h2>\n<p>{}.{needs}</p>\n",
            escaped(&route.path),
            escaped(&summary(route.does))
        );
        let options = options(route.does, answers);
        if !options.is_empty() {
            text.push_str("<details><summary>Options</summary><dl>");
            for choice in options {
                let _ = write!(
                    text,
                    "<dt><code>{}</code></dt><dd>{}</dd>",
                    escaped(&choice.name),
                    escaped(&choice.says)
                );
            }
            text.push_str("</dl></details>\n");
        }
    }
    text.push_str("</main>\n</body>\n</html>\n");
    text
}
