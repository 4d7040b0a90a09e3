//! `evenfield log seal`: small blocks are put together now.

use serde::Serialize;

use super::{Failure, Out, Shared};
use crate::log::Log;
use crate::report;

#[derive(Serialize)]
struct Told {
    schema: &'static str,
    merged: u64,
    made: u64,
    written: u64,
    blocks: u64,
}

pub(super) fn run(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let sealed = log.seal(&mut |_| {})?;
    let blocks = log.first_positions()?.len() as u64;
    if shared.is_json() {
        let (merged, made, written) = (sealed.merged, sealed.made, sealed.written);
        return out.document(&Told { schema: "evenfield.seal/1", merged, made, written, blocks });
    }
    out.line(&format!(
        "{} became {}; the log has {}",
        report::counted(sealed.merged, "small block"),
        report::grouped(sealed.made),
        report::counted(blocks, "block")
    ))
}
