//! A process that folds: it reads shards of one data set for whoever asks, and sends folds back.

use std::net::SocketAddr;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion_distributed::{Worker, WorkerQueryContext};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tonic::transport::server::TcpIncoming;

use crate::answering::Answering;
use crate::envelope::version;
use crate::plan::folding;
use crate::store::{OnePlace, Place};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it reads.
    pub place: Place,
    /// The most memory that its folds may take, in bytes.
    pub memory_bytes: usize,
}

/// Why a worker ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// It cannot listen.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// There are no threads to fold on.
    #[error("there are no threads to fold on: {0}")]
    Threads(String),
    /// The engine does not start.
    #[error("the engine does not start: {0}")]
    Engine(#[from] DataFusionError),
    /// The server failed.
    #[error("the worker ended: {0}")]
    Serve(#[from] tonic::transport::Error),
}

/// Works until `ended`; tells where it listens when it does.
///
/// # Errors
/// When it cannot begin, or the server fails.
pub async fn serve(
    settings: Settings,
    tell: impl FnOnce(SocketAddr),
    ended: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let listening = TcpListener::bind(settings.listen).await;
    let listener = listening.map_err(|error| WorkerError::Listen(settings.listen, error))?;
    let at = listener.local_addr().map_err(|error| WorkerError::Listen(settings.listen, error))?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(settings.memory_bytes, 1.0)
        .with_object_store_registry(Arc::new(OnePlace(settings.place)))
        .build_arc()?;
    let worker = Worker::from_session_builder(state).with_runtime_env(runtime).with_version(version());
    let threads = Builder::new_multi_thread().thread_name("fold").enable_all().build();
    let threads = threads.map_err(|error| WorkerError::Threads(error.to_string()))?;
    let service = Answering::new(worker.into_worker_server(), threads.handle().clone());
    tell(at);
    let server = tonic::transport::Server::builder().add_service(service);
    let served = server.serve_with_incoming_shutdown(TcpIncoming::from(listener), ended).await;
    // What is half folded is of no use to anybody.
    threads.shutdown_background();
    Ok(served?)
}

/// What a plan finds here: the folds.
async fn state(context: WorkerQueryContext) -> Result<SessionState, DataFusionError> {
    folding(context.builder.build())
}
