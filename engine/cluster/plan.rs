//! The one shape of query: a fold for each shard, and nothing else.
//!
//! Rows are never shuffled, joined or filtered by the engine, and folds are not merged by it: every partition is the files
//! of one shard in their order, and its one row is the fold of them. What makes an engine cut files into ranges, deal them
//! out one by one, or read them out of turn is switched off; where it did so all the same, the fold would refuse.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_distributed::{
    DistributedExec, DistributedExt, DistributedLeafExec, ScaleUpLeafNodeEvent, ScaleUpLeafNodeEventResponse,
    SessionStateBuilderExt, WorkerResolver,
};
use url::Url;

use crate::dataset::Shard;
use crate::fold::{Order, function, functions, state_field};
use crate::row;
use crate::store::root;

/// Rows that are folded at once.
const BATCH_ROWS: &str = "2048";

/// A session whose plans go to these workers.
pub(crate) fn session(workers: Vec<Url>, shards: usize) -> Result<SessionContext> {
    // With one task a plan would stay in this process, which may have nothing but the manifest.
    let tasks = workers.len().max(2);
    let config = SessionConfig::new().with_target_partitions(shards.max(1));
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_distributed_worker_resolver(Fixed(workers))
        .with_distributed_planner()
        .with_distributed_file_scan_config_bytes_per_partition(1)?
        .with_distributed_max_tasks_per_stage(tasks)?
        .with_distributed_metrics_collection(false)?
        .with_distributed_scale_up_leaf_node_handler(whole_shards)
        .build();
    Ok(SessionContext::new_with_state(folding(state)?))
}

/// A session that knows the folds, and deals nothing out anew behind the plan. Workers need all of it, too: what is
/// switched off in the session that plans is not carried over to those that execute.
pub(crate) fn folding(mut state: SessionState) -> Result<SessionState> {
    for function in functions() {
        state.register_udaf(function)?;
    }
    let options = state.config_mut().options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.repartition_file_scans = false;
    // A partition that is done would read on in the files of others.
    options.execution.enable_file_stream_work_stealing = false;
    options.execution.parquet.schema_force_view_types = false;
    // Between two batches a worker can say that it is still there.
    options.set("datafusion.execution.batch_size", BATCH_ROWS)?;
    Ok(state)
}

/// The plan of an order, which goes to workers.
pub(crate) async fn plan(
    context: &SessionContext,
    order: &Order,
    shards: Vec<Shard>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let folds = Folds { order: order.clone(), shards };
    let plan = context.read_table(Arc::new(folds))?.create_physical_plan().await?;
    match plan.is::<DistributedExec>() {
        true => Ok(plan),
        false => Err(DataFusionError::Internal("the engine would fold in this process".to_owned())),
    }
}

/// Workers as they were found.
struct Fixed(Vec<Url>);

impl WorkerResolver for Fixed {
    fn get_urls(&self) -> Result<Vec<Url>> {
        Ok(self.0.clone())
    }
}

/// Deals shards out to tasks, each with all its files in their order.
fn whole_shards(event: ScaleUpLeafNodeEvent<'_>) -> Option<Result<ScaleUpLeafNodeEventResponse>> {
    let scan: &FileScanConfig = event.plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref()?;
    let (tasks, partitions) = (event.task_count, event.plan.output_partitioning().partition_count());
    let mut template = scan.clone();
    template.file_groups.clear();
    let mut scans = vec![template; tasks];
    for (number, group) in scan.file_groups.iter().enumerate() {
        scans[number % tasks].file_groups.push(group.clone());
    }
    // Every task has as many partitions as the plan says; some have no file.
    scans.iter_mut().for_each(|scan| scan.file_groups.resize(partitions, FileGroup::new(Vec::new())));
    let scans = scans.into_iter().map(|scan| DataSourceExec::from_data_source(scan) as _);
    let leaf = DistributedLeafExec::try_new(Arc::clone(event.plan), scans);
    Some(leaf.map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))))
}

/// The folds of a data set as a table: a row for each shard.
struct Folds {
    order: Order,
    shards: Vec<Shard>,
}

impl fmt::Debug for Folds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folds({:?} of {} shards)", self.order.projection(), self.shards.len())
    }
}

#[async_trait]
impl TableProvider for Folds {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![state_field()]))
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (all, names) = (row::schema(), self.order.columns());
        let places = names.iter().map(|name| Ok(all.index_of(name)?)).collect::<Result<Vec<usize>>>()?;
        let file = |(name, bytes): &(String, u64)| PartitionedFile::new(name, *bytes);
        let group = |shard: &Shard| FileGroup::new(shard.files.iter().map(file).collect());
        let mut groups: Vec<FileGroup> = self.shards.iter().map(group).collect();
        // A plan of one partition would stay in this process.
        groups.resize(groups.len().max(2), FileGroup::new(Vec::new()));
        let scan = FileScanConfigBuilder::new(root()?, Arc::new(ParquetSource::new(all)))
            .with_file_groups(groups)
            .with_preserve_order(true)
            .with_projection_indices(Some(places))?
            .build();
        let input: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(scan);
        let column =
            |(place, name): (usize, &&str)| -> Arc<dyn PhysicalExpr> { Arc::new(Column::new(name, place)) };
        let mut arguments: Vec<Arc<dyn PhysicalExpr>> = names.iter().enumerate().map(column).collect();
        arguments.push(Arc::new(Literal::new(self.order.literal()?)));
        let schema = input.schema();
        let fold = AggregateExprBuilder::new(function(self.order.projection()), arguments)
            .schema(Arc::clone(&schema))
            .alias("state")
            .build()?;
        let group = PhysicalGroupBy::new_single(Vec::new());
        let folds = AggregateExec::try_new(
            AggregateMode::Partial,
            group,
            vec![Arc::new(fold)],
            vec![None],
            input,
            schema,
        )?;
        Ok(Arc::new(folds))
    }
}
