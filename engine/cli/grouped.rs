//! What plain answers are apart by, and of which consultations they are.

use event::Dimension;
use projections::filter::Filter;

use super::compare;
use super::failure::Failure;
use super::known::WHERE;

/// What is asked of a plain answer.
#[derive(clap::Args)]
pub(super) struct Grouped {
    /// Every platform as a whole, and apart by these dimensions, separated by commas
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
}

impl Grouped {
    /// Dimensions besides the platform, and the consultations, with every name checked before anything is replayed.
    pub(super) fn asked(&self) -> Result<(Vec<Dimension>, Filter), Failure> {
        let (by, filter) = (compare::dimensions(&self.by)?, compare::filter(&self.filter)?);
        match by.contains(&Dimension::Platform) {
            true => {
                let why = "the answer is by platform in any case; name other dimensions";
                Err(Failure::Usage(why.to_owned()))
            }
            false => Ok((by, filter)),
        }
    }
}
