//! A worker that answers while it folds: folds have threads of their own, and whoever asks is heard on others.
//!
//! A fold takes its thread for as long as the engine lets it, and of many folds the last waits for all others. Were it asked
//! on the same threads whether it is still there, a worker that works hard would be taken for one that is gone.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

/// What asks a worker who it is; everything else is work.
const WHO: &str = "/GetWorkerInfo";
/// Pieces of an answer that may wait to be sent.
const WAITING: usize = 2;

/// A service whose work is done on the threads of `folds`.
#[derive(Debug, Clone)]
pub(crate) struct Answering<S> {
    service: S,
    folds: Handle,
}

impl<S> Answering<S> {
    /// The service, and whose threads work for it.
    pub(crate) fn new(service: S, folds: Handle) -> Self {
        Self { service, folds }
    }
}

impl<S: NamedService> NamedService for Answering<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Answering<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut service = self.service.clone();
        if request.uri().path().ends_with(WHO) {
            return Box::pin(service.call(request));
        }
        let folds = self.folds.clone();
        Box::pin(async move {
            let work = async move { service.call(request).await };
            match folds.spawn(work).await {
                Ok(Ok(answer)) => Ok(answer.map(|body| sent(body, &folds))),
                Ok(Err(never)) => match never {},
                Err(_) => Ok(Status::internal("the work for it ended early").into_http()),
            }
        })
    }
}

/// A body that is made on the threads of `folds`, and given up as soon as nobody wants it.
fn sent(mut body: Body, folds: &Handle) -> Body {
    let (send, made) = mpsc::channel(WAITING);
    folds.spawn(async move {
        loop {
            let next =
                std::future::poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut body), context));
            let frame = tokio::select! {
                () = send.closed() => break,
                frame = next => frame,
            };
            let Some(frame) = frame else { break };
            if send.send(frame).await.is_err() {
                break;
            }
        }
    });
    Body::new(Made(made))
}

/// Pieces of a body as they are made.
struct Made(mpsc::Receiver<Result<Frame<Bytes>, Status>>);

impl http_body::Body for Made {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.0.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    /// Folds hold their thread until they are let go, as a fold of many rows does for long.
    #[derive(Clone)]
    struct Busy(Arc<Mutex<Receiver<()>>>);

    impl Service<http::Request<Body>> for Busy {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = BoxFuture<Self::Response, Infallible>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            let held = Arc::clone(&self.0);
            Box::pin(async move {
                if !request.uri().path().ends_with(WHO) {
                    let _ = held.lock().unwrap().recv();
                }
                Ok(http::Response::new(Body::empty()))
            })
        }
    }

    fn asked(path: &str) -> http::Request<Body> {
        http::Request::builder().uri(path).body(Body::empty()).unwrap()
    }

    /// A worker that read a hundred million events did not say who it was for ten seconds: it was given up, and its work
    /// was given to the other, which then did not answer either.
    #[tokio::test]
    async fn a_worker_says_who_it_is_while_all_its_threads_fold() {
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (let_go, held) = channel();
        let busy = Busy(Arc::new(Mutex::new(held)));
        let mut worker = Answering::new(busy, threads.handle().clone());
        let work: Vec<_> = (0..3).map(|_| tokio::spawn(worker.call(asked("/worker.X/Execute")))).collect();
        let who =
            tokio::time::timeout(Duration::from_secs(60), worker.call(asked("/worker.X/GetWorkerInfo")));
        assert!(who.await.expect("it answers").is_ok());
        assert!(work.iter().all(|one| !one.is_finished()));
        drop(let_go);
        for one in work {
            assert!(one.await.unwrap().is_ok());
        }
        threads.shutdown_background();
    }
}
