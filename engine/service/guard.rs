//! Who may do what: by which name the service was called, how often somebody asks, and which role a token gives.
//!
//! A page elsewhere can make a browser send requests here under a name of its own; so a service on loopback answers to
//! the names it knows. Browsers send a token as the password of Basic authentication, and send it again by themselves:
//! so that way one may read and not append.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::problem::{Kind, Problem};
use super::token::{Role, Token};
use super::{Readers, Recording, Service};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Clients whose rates are kept.
const CLIENTS: usize = 10_000;

/// How often clients may ask.
#[derive(Debug)]
pub(super) struct Rates {
    a_second: f64,
    clients: Mutex<BTreeMap<Client, Allowance>>,
}

/// Who counts as one client: the owner of a token, or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Client {
    Token(String),
    Address(IpAddr),
}

/// Requests that a client has saved up.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: f64,
    at: Instant,
}

impl Rates {
    pub(super) fn new(a_second: u32) -> Self {
        Self { a_second: f64::from(a_second), clients: Mutex::default() }
    }

    /// Takes one request of a client, if it has one left.
    fn take(&self, client: Client, now: Instant) -> bool {
        let most = 2.0 * self.a_second;
        let grown = |allowance: &Allowance| {
            let since = now.saturating_duration_since(allowance.at).as_secs_f64();
            (allowance.left + since * self.a_second).min(most)
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS && !clients.contains_key(&client) {
            // Who has saved up everything again is no other than who never came.
            clients.retain(|_, allowance| grown(allowance) < most);
            if clients.len() >= CLIENTS {
                return false;
            }
        }
        let allowance = clients.entry(client).or_insert(Allowance { left: most, at: now });
        *allowance = Allowance { left: grown(allowance), at: now };
        let is_left = allowance.left >= 1.0;
        allowance.left -= f64::from(u8::from(is_left));
        is_left
    }
}

/// Every request passes here: its name, its rate, how long it takes, and what became of it.
pub(super) async fn every(State(service): State<Arc<Service>>, mut request: Request, next: Next) -> Response {
    let (begun, method) = (Instant::now(), request.method().clone());
    let path = request.uri().path().to_owned();
    let response = match admitted(&service, &mut request) {
        Err(problem) => problem.into_response(),
        Ok(()) => in_time(service.offer.limits.time, next.run(request)).await,
    };
    let status = response.status();
    service.meters.answered(&method, status, begun.elapsed());
    tracing::info!(%method, path, status = status.as_u16(), ms = begun.elapsed().as_millis() as u64, "answered");
    careful(response)
}

/// What a browser is told about every answer.
fn careful(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The answer, unless it takes too long or whoever makes it fails.
async fn in_time(time: Duration, answer: impl Future<Output = Response> + Send + 'static) -> Response {
    // On a task of its own, so that what fails in there ends in an answer.
    match tokio::time::timeout(time, tokio::spawn(answer)).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Kind::Failed
            .because("something failed in here that should not; the log is untouched")
            .into_response(),
        Err(_) => {
            let what = format!(
                "it took longer than {} s; it is still being worked on, so ask again",
                time.as_secs()
            );
            Kind::Busy.because(what).into_response()
        }
    }
}

/// Whether a request is taken at all; who sent it is noted in it.
fn admitted(service: &Service, request: &mut Request) -> Result<(), Problem> {
    let headers = request.headers();
    called_by_name(&service.offer.hosts, headers)?;
    let token = bearer(headers, request.method()).and_then(|secret| service.offer.tokens.known(&secret));
    let client = match (&token, request.extensions().get::<Peer>()) {
        (Some(token), _) => Client::Token(token.name.clone()),
        (None, peer) => {
            Client::Address(peer.map_or(IpAddr::from([0, 0, 0, 0]), |Peer(address)| address.ip()))
        }
    };
    if !service.rates.take(client, Instant::now()) {
        let most = service.offer.limits.rate;
        return Err(Kind::Rate.because(format!("one client may ask {most} times a second; wait a moment")));
    }
    if let Some(token) = token {
        request.extensions_mut().insert(token);
    }
    Ok(())
}

fn called_by_name(hosts: &[String], headers: &HeaderMap) -> Result<(), Problem> {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match named.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => named,
    };
    if hosts.is_empty() || hosts.iter().any(|host| host.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(Kind::Forbidden.because(format!(
        "this service is not called {name:?} (header Host); start it with --host and the name it is reached by"
    )))
}

/// The token of a request. Basic authentication counts only where nothing is changed.
fn bearer(headers: &HeaderMap, method: &Method) -> Option<String> {
    let told = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = told.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") && [Method::GET, Method::HEAD].contains(method) {
        let plain = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
        return plain.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

/// Lets in whoever may read.
pub(super) async fn reader(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    if service.offer.readers == Readers::Anyone {
        return next.run(request).await;
    }
    with_role(Role::Read, request, next).await
}

/// Lets in whoever may record.
pub(super) async fn recorder(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    if service.offer.recording == Recording::Nobody {
        let what = "this service takes no events; start it with --allow-ingest";
        return Kind::Forbidden.because(what).into_response();
    }
    with_role(Role::Record, request, next).await
}

async fn with_role(role: Role, request: Request, next: Next) -> Response {
    let token = request.extensions().get::<Token>();
    match token {
        Some(token) if token.role.allows(role) => next.run(request).await,
        Some(token) => {
            let what = format!(
                "the token {:?} has the role {}, and this takes {}",
                token.name,
                token.role.name(),
                role.name()
            );
            Kind::Forbidden.because(what).into_response()
        }
        None => {
            let name = role.name();
            let what = format!(
                "send `Authorization: Bearer TOKEN` with a token that is known here and has the role {name}; \
                 `evenfield token new NAME --role {name}` makes one"
            );
            Kind::Token.because(what).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_asks_too_often_waits_and_others_do_not() {
        let rates = Rates::new(10);
        let (one, other) = (Client::Token("one".into()), Client::Token("other".into()));
        let now = Instant::now();
        let taken = (0..50).filter(|_| rates.take(one.clone(), now)).count();
        assert_eq!(taken, 20, "two seconds' worth");
        assert!(rates.take(other, now));
        let later = now + Duration::from_millis(500);
        assert_eq!((0..50).filter(|_| rates.take(one.clone(), later)).count(), 5);
    }

    #[test]
    fn clients_that_come_once_take_no_memory() {
        let rates = Rates::new(1_000);
        let now = Instant::now();
        for number in 0..50_000_u32 {
            let at = now + Duration::from_millis(u64::from(number));
            assert!(rates.take(Client::Address(IpAddr::from(number.to_be_bytes())), at));
        }
        assert!(rates.clients.lock().unwrap().len() <= CLIENTS);
    }

    #[test]
    fn a_service_is_called_by_its_name() {
        let called = |name: &str, hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let mut headers = HeaderMap::new();
            headers.insert(HOST, name.parse().unwrap());
            called_by_name(&hosts, &headers).is_ok()
        };
        let here = ["localhost", "127.0.0.1", "[::1]"];
        for name in ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:8080", "[::1]"] {
            assert!(called(name, &here), "{name}");
        }
        for name in ["example.org", "localhost.example.org", "127.0.0.1.example.org:80", "", "::1"] {
            assert!(!called(name, &here), "{name}");
        }
        assert!(called("anything", &[]));
    }

    #[test]
    fn a_token_comes_as_a_bearer_or_to_read_as_a_password() {
        let sent = |value: &str, method: Method| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            bearer(&headers, &method)
        };
        let basic = format!("Basic {}", BASE64_STANDARD.encode("anyone:secret:with colon"));
        assert_eq!(sent("Bearer secret", Method::POST).as_deref(), Some("secret"));
        assert_eq!(sent("bearer  secret", Method::GET).as_deref(), Some("secret"));
        assert_eq!(sent(&basic, Method::GET).as_deref(), Some("secret:with colon"));
        assert_eq!(sent(&basic, Method::POST), None);
        for other in ["", "Bearer", "Basic %%%", "Digest x", "Basic c2VjcmV0"] {
            assert_eq!(sent(other, Method::GET), None, "{other}");
        }
    }
}
