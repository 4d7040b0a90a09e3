//! What is made of the rows of one shard, as an aggregate function of the engine.
//!
//! A shard's files come newest first, each sorted by consultation and number. A consultation whose events begin at 0 is
//! whole: what newer files have of it has been seen before, and waits. So nothing is held but one consultation and those
//! that go on in newer files. What is not whole in the end, or has a gap, is refused, as are rows of another shard.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion::physical_expr::expressions::Literal;
use engine::export::shards::{Tally, columns, shard_of};
use engine::ingest::{Told, event_of};
use engine::replay::{Heard, Part};
use event::{Event, Kind, Time};
use serde::{Deserialize, Serialize};

use crate::envelope::{Envelope, Projection, version};
use crate::row::{Batch, Row};

/// Stands before what is refused for what the rows are, so that nobody asks again.
pub const REFUSED: &str = "evenfield refuses: ";
/// How much an event takes up besides its texts, roughly, in bytes.
const EVENT_BYTES: usize = 2 * size_of::<Event>();

/// What a fold is to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Into how many shards consultations are divided.
    pub shards: u32,
    /// What was heard of all of them; nothing while it is heard.
    pub heard: Option<Heard>,
    /// A gap shorter than this is a blip, in milliseconds.
    pub grace_ms: Option<i64>,
}

impl Order {
    /// What is made.
    #[must_use]
    pub fn projection(&self) -> Projection {
        if self.heard.is_some() { Projection::Part } else { Projection::Heard }
    }

    /// The columns that are looked at.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        const HEARD: [&str; 12] = [
            "source",
            "id",
            "consultation",
            "seq",
            "participant",
            "role",
            "at",
            "kind",
            "version",
            "context_told",
            "declaration",
            "extra",
        ];
        let is_read = |name: &&'static str| match self.projection() {
            Projection::Heard => HEARD.contains(name),
            Projection::Part => !["position", "recorded_at"].contains(name),
        };
        columns().map(|(name, _)| name).filter(is_read).collect()
    }

    /// As an argument of the function: one value for all rows of a batch.
    pub(crate) fn literal(&self) -> Result<ScalarValue> {
        let bytes = serde_json::to_vec(self).map_err(|error| DataFusionError::External(error.into()))?;
        Ok(ScalarValue::Dictionary(Box::new(DataType::Int8), Box::new(ScalarValue::Binary(Some(bytes)))))
    }

    fn of(argument: &ScalarValue) -> Result<Self> {
        match argument {
            ScalarValue::Dictionary(_, value) => Self::of(value),
            ScalarValue::Binary(Some(bytes)) => serde_json::from_slice(bytes)
                .map_err(|error| refused(format!("an order cannot be read ({error})"))),
            _ => Err(refused("a fold has no order".to_owned())),
        }
    }
}

/// An error that asking again would not mend.
fn refused(what: String) -> DataFusionError {
    DataFusionError::Execution(format!("{REFUSED}{what}"))
}

/// The functions: every process has the same.
pub(crate) fn functions() -> [Arc<AggregateUDF>; 2] {
    [Projection::Heard, Projection::Part].map(function)
}

/// The function that makes it.
pub(crate) fn function(projection: Projection) -> Arc<AggregateUDF> {
    let signature = Signature::variadic_any(Volatility::Immutable);
    Arc::new(AggregateUDF::from(Function { projection, signature }))
}

/// The state of a fold, the one column of what comes back.
pub(crate) fn state_field() -> FieldRef {
    Arc::new(Field::new("state", DataType::Binary, true))
}

struct Function {
    projection: Projection,
    signature: Signature,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.projection == other.projection
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name().hash(hasher);
    }
}

impl AggregateUDFImpl for Function {
    fn name(&self) -> &str {
        match self.projection {
            Projection::Heard => "evenfield_heard",
            Projection::Part => "evenfield_part",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field()])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let argument = args.exprs.last().and_then(|last| last.downcast_ref::<Literal>());
        let argument = argument.ok_or_else(|| refused("a fold has no order".to_owned()))?;
        Ok(Box::new(Folding::new(Order::of(argument.value())?)?))
    }
}

/// What is being made.
#[derive(Debug)]
enum Making {
    Heard(Heard),
    Part(Box<Part>),
}

/// Events of one consultation in order, of which the first has this number.
#[derive(Debug)]
struct Run {
    first: u64,
    events: Vec<Event>,
}

/// A fold under way.
#[derive(Debug)]
struct Folding {
    order: Order,
    columns: Vec<&'static str>,
    making: Making,
    shard: Option<u32>,
    tally: Tally,
    /// The consultation whose rows come.
    open: Option<(String, Run)>,
    /// What newer files have of consultations that begin in older ones.
    waiting: BTreeMap<String, Run>,
    line: Vec<u8>,
    /// How much of it is held, roughly, in bytes.
    held: usize,
}

impl Folding {
    fn new(order: Order) -> Result<Self> {
        let making = match &order.heard {
            None => Making::Heard(Heard::default()),
            Some(heard) => {
                let part = Part::new(heard, order.grace_ms).map_err(|error| refused(error.to_string()))?;
                Making::Part(Box::new(part))
            }
        };
        Ok(Self {
            columns: order.columns(),
            order,
            making,
            shard: None,
            tally: Tally::default(),
            open: None,
            waiting: BTreeMap::new(),
            line: Vec::new(),
            held: 0,
        })
    }

    fn take(&mut self, row: Row<'_>) -> std::result::Result<(), String> {
        let text = |column: &str| row.str(column).ok_or_else(|| format!("a row has no {column}"));
        let (consultation, kind) = (text("consultation")?, text("kind")?);
        let seq = row.whole("seq").and_then(|seq| u64::try_from(seq).ok());
        let seq = seq.ok_or_else(|| format!("a row of {consultation:?} has no number"))?;
        let kind = Kind::from_name(kind).filter(|_| row.whole("version") == Some(1)).unwrap_or(Kind::Unknown);
        self.know_shard(consultation, kind)?;
        self.tally.add(consultation, seq);
        match &mut self.making {
            Making::Heard(heard) if kind != Kind::RecordingDeclared => {
                let at =
                    row.whole("at").ok_or_else(|| format!("an event of {consultation:?} has no time"))?;
                heard.sent(text("source")?, kind, Time::from_ms(at));
            }
            Making::Heard(heard) => {
                heard.event(&event(row, (consultation, seq), &mut self.line)?);
            }
            Making::Part(_) => self.add(row, consultation, seq)?,
        }
        Ok(())
    }

    /// Notes which shard this is, or that a row belongs in it.
    fn know_shard(&mut self, consultation: &str, kind: Kind) -> std::result::Result<(), String> {
        let is_of_open = self.open.as_ref().is_some_and(|(open, _)| open == consultation);
        if is_of_open {
            return Ok(());
        }
        let shard = match kind {
            Kind::RecordingDeclared => self.order.shards,
            _ => shard_of(consultation, self.order.shards),
        };
        match self.shard.replace(shard) {
            Some(other) if other != shard => {
                Err(format!("{consultation:?} is of shard {shard}, and stands in a file of shard {other}"))
            }
            _ => Ok(()),
        }
    }

    /// Adds an event to the consultation that is open, or opens it.
    fn add(&mut self, row: Row<'_>, consultation: &str, seq: u64) -> std::result::Result<(), String> {
        if self.open.as_ref().is_none_or(|(open, _)| open != consultation) {
            self.close()?;
            self.open = Some((consultation.to_owned(), Run { first: seq, events: Vec::new() }));
        }
        let event = event(row, (consultation, seq), &mut self.line)?;
        if let Some((_, run)) = &mut self.open {
            let expected = run.first + run.events.len() as u64;
            if seq != expected {
                return Err(format!("{consultation:?} has the number {seq} where {expected} was to come"));
            }
            run.events.push(event);
        }
        Ok(())
    }

    /// Ends the consultation that is open: it is read if it is whole, and waits for its beginning otherwise.
    fn close(&mut self) -> std::result::Result<(), String> {
        let Some((consultation, mut run)) = self.open.take() else { return Ok(()) };
        if let Some(newer) = self.waiting.remove(&consultation) {
            let expected = run.first + run.events.len() as u64;
            if newer.first != expected {
                let found = newer.first;
                return Err(format!(
                    "{consultation:?} goes on with the number {found} where {expected} was to come"
                ));
            }
            self.held = self.held.saturating_sub(newer.events.len() * EVENT_BYTES);
            run.events.extend(newer.events);
        }
        match (&mut self.making, run.first) {
            (Making::Part(part), 0) => part.read(&run.events).map_err(|error| error.to_string())?,
            _ => {
                self.held += run.events.len() * EVENT_BYTES;
                self.waiting.insert(consultation, run);
            }
        }
        Ok(())
    }

    fn envelope(&mut self) -> std::result::Result<Vec<u8>, String> {
        self.close()?;
        if let Some((consultation, run)) = self.waiting.first_key_value() {
            let count = self.waiting.len();
            return Err(format!(
                "{consultation:?} begins with the number {} and no older file has what comes before it ({count} such)",
                run.first
            ));
        }
        let body = match &self.making {
            Making::Heard(heard) => serde_json::to_vec(heard).map_err(|error| error.to_string())?,
            Making::Part(part) => part.bytes().map_err(|error| error.to_string())?,
        };
        let (projection, tally) = (self.order.projection(), self.tally);
        Envelope { projection, version: version(), shard: self.shard, tally, body }.bytes()
    }
}

/// The event of a row.
fn event(
    row: Row<'_>,
    (consultation, seq): (&str, u64),
    line: &mut Vec<u8>,
) -> std::result::Result<Event, String> {
    event_of(&row, line)
        .map_err(|refusal| format!("event {seq} of {consultation:?} cannot be read: {refusal}"))
}

impl Accumulator for Folding {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = self.columns.clone();
        let batch = Batch::of(&columns, values).map_err(refused)?;
        let rows = values.first().map_or(0, |array| array.len());
        (0..rows).try_for_each(|number| self.take(batch.row(number)).map_err(refused))
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        Err(refused("folds are not merged by the engine".to_owned()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.envelope().map(|bytes| ScalarValue::Binary(Some(bytes))).map_err(refused)
    }

    fn size(&self) -> usize {
        let rows = match &self.making {
            Making::Heard(_) => 0,
            Making::Part(part) => part.consultations() as usize * 160,
        };
        size_of::<Self>() + self.held + rows
    }
}
