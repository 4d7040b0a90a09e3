//! What vendors send by themselves: web hooks, each signed as its vendor does.
//!
//! A hook has an address of its own, a secret and a feed. What is genuine goes in like a file of that feed, with people
//! under pseudonyms; the same delivery again changes nothing. What cannot be read is refused with its reasons, so that
//! it shows where the vendor shows failing deliveries, and is counted here.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use event::Time;
use feeds::pseudonym::Scope;
use feeds::signature::{Checked, Delivery, Refused, Scheme, Secret};
use feeds::{Feed, Settings};

use super::Service;
use super::events::taken;
use super::problem::{Kind, Problem};
use super::routes::unreadable;
use crate::ingest::{Key, Order, Pseudonyms, ingest};
use crate::replay::Watch;

/// A hook.
pub struct Hook {
    /// Its name in the address.
    pub name: String,
    /// The format of what is sent.
    pub feed: &'static dyn Feed,
    /// How it proves that it is genuine.
    pub scheme: &'static dyn Scheme,
    /// By which secret.
    pub secret: Secret,
    /// The address that the vendor knows, without a query.
    pub url: String,
    /// What the feed is told.
    pub settings: Settings,
    /// Whose names are replaced.
    pub scope: Scope,
}

/// The hooks of a service.
#[derive(Default)]
pub struct Hooks {
    /// Each.
    pub all: Vec<Hook>,
    /// The key of pseudonyms and the store that it is of, where there are any.
    pub key: Option<(Key, PathBuf)>,
}

/// `POST /v1/hooks/{hook}`.
pub(super) async fn deliver(
    State(service): State<Arc<Service>>,
    name: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let Path(name) = name.map_err(unreadable)?;
    let hooks = Arc::clone(&service.offer.hooks);
    let Some(place) = hooks.all.iter().position(|hook| hook.name == name) else {
        return Err(Kind::Missing
            .because(format!("there is no hook {name:?} here; they are named in the file of --hooks")));
    };
    let hook = &hooks.all[place];
    let (parts, body) = request.into_parts();
    let (bytes, room) = service.deliveries.take(&parts.headers, body).await?;
    let url = match query {
        None => hook.url.clone(),
        Some(query) => format!("{}?{query}", hook.url),
    };
    match checked(hook, &url, &parts.headers, &bytes)? {
        Checked::Answer { content_type, body } => Ok(([(CONTENT_TYPE, content_type)], body).into_response()),
        Checked::Read => {
            let hooks = Arc::clone(&hooks);
            taken(service, (bytes, room), move |log, bytes, received| {
                let hook = &hooks.all[place];
                let pseudonyms =
                    hooks.key.as_ref().map(|(key, store)| Pseudonyms { key, scope: hook.scope, store });
                let order = Order {
                    feed: hook.feed,
                    settings: &hook.settings,
                    pseudonyms,
                    received,
                    allow_future: false,
                    keep_positions: false,
                };
                ingest(log, &mut &bytes[..], &order, &Watch::default(), &mut |_| {})
            })
            .await
        }
    }
}

/// Whether a delivery is genuine.
fn checked(hook: &Hook, url: &str, headers: &HeaderMap, body: &[u8]) -> Result<Checked, Problem> {
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let at = Time::from_ms(jiff::Timestamp::now().as_millisecond());
    let delivery = Delivery { url, headers: &headers, body, at };
    hook.scheme.check(&delivery, &hook.secret).map_err(|refused| {
        tracing::warn!(hook = hook.name, %refused, "a delivery was not believed");
        match refused {
            Refused::Secret(_) => Kind::Failed.because(refused.to_string()),
            _ => Kind::Signature.because(refused.to_string()),
        }
    })
}
