//! Workers that are of another version, or say that they are not.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use cluster::envelope::{Envelope, Projection, version};
use cluster::store::ROOT;
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion_distributed::{Worker, WorkerQueryContext};
use engine::export::shards::Tally;
use object_store::local::LocalFileSystem;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use url::Url;

use crate::stage::{Lake, asked};

/// What a liar sends back of the first shard, whatever it was to read.
#[derive(Clone)]
struct Lie(Envelope);

impl fmt::Debug for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lie")
    }
}

impl PartialEq for Lie {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lie {}

impl Hash for Lie {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl AggregateUDFImpl for Lie {
    fn name(&self) -> &str {
        "evenfield_heard"
    }

    fn signature(&self) -> &Signature {
        static SIGNATURE: std::sync::LazyLock<Signature> =
            std::sync::LazyLock::new(|| Signature::variadic_any(Volatility::Immutable));
        &SIGNATURE
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("state", DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(self.clone()))
    }
}

impl Accumulator for Lie {
    fn update_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        Ok(())
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.0.bytes().unwrap())))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// What is said where a worker that says it is of version `told` sends such a fold.
fn said(told: String, lie: Envelope) -> String {
    let lake = Lake::of_scenario("range-by-service", 2);
    let (runtime, set) = (tokio::runtime::Runtime::new().unwrap(), lake.set());
    let at: SocketAddr = runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let worker = Worker::from_session_builder(move |context: WorkerQueryContext| {
            let mut state = context.builder.build();
            let lie = Lie(lie.clone());
            async move {
                state.register_udaf(Arc::new(AggregateUDF::from(lie)))?;
                Ok(state)
            }
        });
        let files = Arc::new(LocalFileSystem::new_with_prefix(set).unwrap());
        let engine = Arc::new(RuntimeEnv::default());
        engine.register_object_store(&Url::parse(ROOT).unwrap(), files);
        let worker = worker.with_runtime_env(engine).with_version(told);
        let server = tonic::transport::Server::builder()
            .add_service(worker.into_worker_server())
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        at
    });
    asked(&lake.set(), &[at], &["--silence", "2"], &["compare", "--json", "-q"]).refused()
}

fn fold() -> Envelope {
    let (projection, tally) = (Projection::Heard, Tally::default());
    Envelope { projection, version: version(), shard: Some(0), tally, body: Vec::new() }
}

#[test]
fn a_worker_of_another_version_is_refused_before_it_is_asked() {
    let said = said("0.0.1/other".to_owned(), fold());
    assert!(said.contains("another version") && said.contains("0.0.1/other"), "{said}");
}

#[test]
fn a_worker_that_hides_its_version_is_refused_by_what_it_sends() {
    let said = said(version(), Envelope { version: "0.0.1/other".to_owned(), ..fold() });
    assert!(said.contains("folded as another version does (0.0.1/other"), "{said}");
}

#[test]
fn a_worker_that_sends_another_projection_is_refused() {
    let said = said(version(), Envelope { projection: Projection::Part, ..fold() });
    assert!(said.contains("Part where Heard was asked for"), "{said}");
}

#[test]
fn a_worker_that_leaves_rows_out_is_refused_by_the_manifest() {
    let said = said(version(), fold());
    assert!(said.contains("do not add up"), "{said}");
}

#[test]
fn a_worker_that_sends_nothing_is_refused() {
    let said = said(version(), Envelope { shard: None, ..fold() });
    assert!(said.contains("nothing came back of shard"), "{said}");
}
