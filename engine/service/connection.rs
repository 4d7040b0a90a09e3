//! From a socket to a request: how many at a time, how slow they may be, and how all of it ends.
//!
//! When a service ends, it takes no more connections, tells streams to end, and lets what is being answered be answered.
//! A stream that stays open would otherwise keep it from ever ending.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use super::guard::Peer;
use super::{Offer, Service, routes};

/// How long answers under way may take to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long whoever reads an answer may take nothing of it.
const STALLED: Duration = Duration::from_secs(20);
/// How long to wait where the system has no more sockets.
const BREATH: Duration = Duration::from_millis(100);
/// What is said where there is no place for a connection, without looking at what it asks.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/problem+json\r\nContent-Length: 111\r\n\r\n\
    {\"type\":\"urn:evenfield:problem:busy\",\"title\":\"Not now\",\"status\":503,\
    \"detail\":\"there are too many connections\"}\n";

/// Serves until `shutdown` is there, and then until what was under way is answered.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    offer: Offer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (close, closing) = watch::channel(false);
    let connections = Arc::new(Semaphore::new(offer.limits.connections));
    let head_time = offer.limits.head_time;
    let router = routes::router(Arc::new(Service::new(offer, closing)));
    let graceful = GracefulShutdown::new();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_time);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Small answers are not held back to be sent with others.
        let _ = stream.set_nodelay(true);
        match Arc::clone(&connections).try_acquire_owned() {
            Ok(place) => connect(stream, (peer, place), &server, &graceful, router.clone()),
            Err(_) => drop(tokio::spawn(refuse(stream))),
        }
    }
    drop(listener);
    let _ = close.send(true);
    if tokio::time::timeout(PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections that did not end were cut off");
    }
    Ok(())
}

/// Answers the requests of one connection.
fn connect(
    stream: TcpStream,
    (peer, place): (SocketAddr, OwnedSemaphorePermit),
    server: &http1::Builder,
    graceful: &GracefulShutdown,
    router: axum::Router,
) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        async move { router.call(request).await }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALLED));
    let connection = graceful.watch(server.serve_connection(TokioIo::new(Box::pin(stream)), answer));
    tokio::spawn(async move {
        // Who goes away in the middle is no error of ours.
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection broke off");
        }
        drop(place);
    });
}

async fn refuse(mut stream: TcpStream) {
    let _ = stream.write_all(NO_PLACE).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::NO_PLACE;

    #[test]
    fn the_answer_without_a_place_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_PLACE).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{} {head}", body.len());
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], 503);
    }
}
