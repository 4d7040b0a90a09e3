//! Where a data set lies, what its manifest says, and that its files are there.

use engine::export::MANIFEST;
use engine::export::shards::{FileNote, Manifest, Tally};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::store::Place;

/// The largest manifest, in bytes.
const MANIFEST_BYTES: u64 = 64 << 20;
/// Files that are asked about at once.
const AT_ONCE: usize = 16;

/// A data set.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Where it lies.
    pub place: Place,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// The files of one shard, the newest first, by name and length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its number.
    pub number: u32,
    /// Its files.
    pub files: Vec<(String, u64)>,
}

impl Dataset {
    /// Reads the manifest, and looks whether every file is there and as long as it says.
    ///
    /// # Errors
    /// What is missing, or otherwise than the manifest says.
    pub async fn open(place: Place) -> Result<Self, String> {
        let name = &place.name;
        let path = Path::from(MANIFEST);
        let found = place.files().head(&path).await.map_err(|error| {
            format!("{name} is no data set that can be read: {error}; write one with `evenfield export parquet --shards N`")
        })?;
        if found.size > MANIFEST_BYTES {
            return Err(format!(
                "{name}/{MANIFEST} has {} bytes, which is more than any manifest has",
                found.size
            ));
        }
        let read = async { place.files().get(&path).await?.bytes().await };
        let document = read.await.map_err(|error| format!("{name}/{MANIFEST} cannot be read: {error}"))?;
        let manifest =
            Manifest::of(&document).map_err(|why| format!("{name}/{MANIFEST} cannot be followed: {why}"))?;
        let dataset = Self { place, manifest };
        let files = dataset.manifest.files.clone();
        let looked = stream::iter(files.iter().map(|file| dataset.look(file))).buffered(AT_ONCE);
        looked.try_collect::<Vec<()>>().await?;
        Ok(dataset)
    }

    /// Whether a file is there, and as long as it should be.
    async fn look(&self, file: &FileNote) -> Result<(), String> {
        let at = format!("{}/{}", self.place.name, file.name);
        let found = self.place.files().head(&Path::from(file.name.as_str())).await;
        match found {
            Err(object_store::Error::NotFound { .. }) => {
                Err(format!("{at} is missing, and the manifest names it: get the data set again, whole"))
            }
            Err(error) => Err(format!("{at} cannot be looked at: {error}")),
            Ok(found) if found.size != file.bytes => Err(format!(
                "{at} has {} bytes where the manifest says {}: get the data set again, whole",
                found.size, file.bytes
            )),
            Ok(_) => Ok(()),
        }
    }

    /// The shards of consultations; what sources declare is one more, behind them.
    #[must_use]
    pub fn shards(&self, with_sources: bool) -> Vec<Shard> {
        let mut shards: Vec<Shard> = Vec::new();
        let last = self.manifest.shards + u32::from(with_sources);
        // The newest first: an older file has the beginnings of what goes on in a newer one.
        for file in self.manifest.files.iter().rev().filter(|file| file.shard < last && file.events > 0) {
            match shards.last_mut().filter(|shard| shard.number == file.shard) {
                Some(shard) => shard.files.push((file.name.clone(), file.bytes)),
                None => {
                    shards.push(Shard { number: file.shard, files: vec![(file.name.clone(), file.bytes)] })
                }
            }
        }
        shards.reverse();
        shards
    }

    /// What the rows of a shard must add up to.
    #[must_use]
    pub fn tally(&self, shard: u32) -> Option<Tally> {
        Tally::of(self.manifest.files.iter().filter(|file| file.shard == shard))
    }
}
