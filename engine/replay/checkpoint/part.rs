//! A stretch alone, as it is kept: what of a sheet is made elsewhere travels in the form of a checkpoint, packed.

use std::io::{self, Cursor, Read};

use event::Dimension;

use super::super::Watch;
use super::super::stretch::Stretch;
use super::file::{self, Sections, invalid};
use super::{StretchIndex, read_stretch, write_stretch};

/// How hard a part is packed: it is read once, soon, and by way of a network.
const PACKING: i32 = 1;
/// The most bytes of a part before it was packed.
const MOST_BYTES: u64 = 1 << 31;

/// A stretch as bytes.
pub(in crate::replay) fn packed(stretch: &Stretch) -> io::Result<Vec<u8>> {
    let mut sections = Sections::begin(Vec::new())?;
    let index = write_stretch(stretch, &mut sections, (1, &Watch::default()))?;
    zstd::bulk::compress(&sections.close(&index)?, PACKING)
}

/// The stretch that bytes hold, with levels of all dimensions.
pub(in crate::replay) fn unpacked(bytes: &[u8]) -> io::Result<Stretch> {
    let mut sections = Vec::new();
    zstd::stream::read::Decoder::with_buffer(bytes)?.take(MOST_BYTES + 1).read_to_end(&mut sections)?;
    if sections.len() as u64 > MOST_BYTES {
        return Err(invalid("a part is too long"));
    }
    let mut sections = Cursor::new(sections);
    let index: StretchIndex = file::index(&mut sections)?;
    let places: Vec<usize> = (0..Dimension::ALL.len()).collect();
    read_stretch(&mut sections, &index, (&Dimension::ALL, &places))
}
