//! Whoever sends events to a service: one connection, batches in order, and patience where there is no room.
//!
//! It speaks plain HTTP, to a service on the same machine or to a proxy there that speaks TLS to the world. A batch
//! that was not answered is sent again: the same events again change nothing.

use std::time::Duration;

use event::Event;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// How often a batch is sent again before that is given up.
const TRIES: u32 = 6;
/// How long is waited before the first time; twice as long each time after.
const WAIT: Duration = Duration::from_millis(200);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most bytes of an answer.
const MOST_BYTES: usize = 16 << 20;

/// A service that events are sent to.
pub struct Client {
    authority: String,
    token: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What became of a batch, as the service tells it.
#[derive(Debug, Default, Deserialize)]
pub struct Taken {
    /// Events of the batch.
    #[serde(default)]
    pub read: u64,
    /// Those that are new.
    #[serde(default)]
    pub appended: u64,
    /// Those that were there.
    #[serde(default)]
    pub duplicates: u64,
    /// Those that did not go in.
    #[serde(default)]
    pub rejected: Vec<Refused>,
    /// The first and the last position of what is new.
    pub positions: Option<(u64, u64)>,
    /// What is wrong, where something is.
    #[serde(default)]
    detail: String,
}

/// An event that did not go in.
#[derive(Debug, Deserialize)]
pub struct Refused {
    /// Which line of the batch.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Why events could not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is none that is spoken to.
    #[error("{0:?} is no address of a service: write http://HOST:PORT, such as http://127.0.0.1:8080")]
    NoAddress(String),
    /// It cannot be reached, or does not answer.
    #[error(
        "the service at {authority} cannot be reached ({why}); see that `evenfield serve --allow-ingest` runs there"
    )]
    Unreached {
        /// Where.
        authority: String,
        /// What the system said.
        why: String,
    },
    /// It does not take them.
    #[error("the service at {authority} does not take them ({status}): {detail}")]
    Refused {
        /// Where.
        authority: String,
        /// How it said so.
        status: u16,
        /// Why.
        detail: String,
    },
}

impl Client {
    /// One for the service at `url`; nothing is sent yet.
    ///
    /// # Errors
    /// When that is no address.
    pub fn new(url: &str, token: String) -> Result<Self, ClientError> {
        let none = || ClientError::NoAddress(url.to_owned());
        let authority = url.strip_prefix("http://").ok_or_else(none)?.trim_end_matches('/');
        if authority.is_empty() || authority.contains(|c: char| c == '/' || c == '@' || c.is_whitespace()) {
            return Err(none());
        }
        let port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { authority, token: token.trim().to_owned(), sender: None })
    }

    /// Sends a batch, again where there was no room or no answer; what the service rejects is in the answer.
    ///
    /// # Errors
    /// When it cannot be reached, or takes none of it.
    pub async fn send(&mut self, events: &[Event]) -> Result<Taken, ClientError> {
        let mut body = Vec::new();
        events.iter().for_each(|event| feeds::cloudevents::write_line(event, &mut body));
        let body = Bytes::from(body);
        let mut wait = WAIT;
        let mut tried = 0;
        loop {
            let sent = self.once(body.clone()).await;
            tried += 1;
            let may_try_again = match &sent {
                Ok((status, _)) => {
                    [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(status)
                }
                Err(_) => true,
            };
            if !may_try_again || tried == TRIES {
                return self.told(sent);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    fn told(&self, sent: Result<(StatusCode, Taken), String>) -> Result<Taken, ClientError> {
        let authority = self.authority.clone();
        match sent {
            Err(why) => Err(ClientError::Unreached { authority, why }),
            Ok((status, taken)) if status.is_success() || status == StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(taken)
            }
            Ok((status, taken)) => {
                Err(ClientError::Refused { authority, status: status.as_u16(), detail: taken.detail })
            }
        }
    }

    /// Sends a batch once.
    async fn once(&mut self, body: Bytes) -> Result<(StatusCode, Taken), String> {
        let mut sender = match self.sender.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => connected(&self.authority).await.map_err(|error| error.to_string())?,
        };
        let request = Request::post("/v1/events")
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST_BYTES)
                .collect()
                .await
                .map_err(|error| error.to_string())?;
            let taken = serde_json::from_slice(&body.to_bytes());
            let taken = taken
                .map_err(|error| format!("its answer ({status}) is not one of this program: {error}"))?;
            Ok((status, taken))
        };
        let answer = tokio::time::timeout(PATIENCE, answered)
            .await
            .unwrap_or_else(|_| Err("it does not answer".to_owned()));
        if answer.is_ok() {
            self.sender = Some(sender);
        }
        answer
    }
}

async fn connected(
    authority: &str,
) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // How it ends the sender tells.
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_a_service() {
        let authority = |url: &str| Client::new(url, String::new()).map(|client| client.authority);
        assert_eq!(authority("http://127.0.0.1:8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(authority("http://[::1]:80/").unwrap(), "[::1]:80");
        assert_eq!(authority("http://localhost").unwrap(), "localhost:80");
        for none in [
            "",
            "localhost:8080",
            "https://localhost",
            "http://",
            "http://a/b",
            "http://me@there",
            "http://a b",
        ] {
            assert!(matches!(authority(none), Err(ClientError::NoAddress(_))), "{none}");
        }
    }
}
