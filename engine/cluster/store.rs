//! The files of a data set, to be read and nothing else.
//!
//! Plans name files under [`ROOT`], and every process says for itself where that is: the files may be mounted at other
//! places on other machines. Whoever can reach a worker can have it read what lies there, and nothing beside it.

use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path as FsPath;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::{ObjectStoreRegistry, ObjectStoreUrl};
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use url::Url;

/// The root of all files that a plan may name.
pub const ROOT: &str = "evenfield://dataset/";

/// Where a data set lies.
#[derive(Debug, Clone)]
pub struct Place {
    /// As it was given.
    pub name: String,
    files: Arc<dyn ObjectStore>,
}

impl Place {
    /// The folder or the URL of that name: a path, `file://`, and, where it was built with them, `s3://`, `gs://`, `az://`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(name: &str) -> std::result::Result<Self, String> {
        let url = match Url::parse(name) {
            Ok(url) if url.scheme().len() > 1 => url,
            _ => folder(name)?,
        };
        let options = std::env::vars().map(|(key, value)| (key.to_ascii_lowercase(), value));
        let (store, path) =
            object_store::parse_url_opts(&url, options).map_err(|error| format!("{name}: {error}"))?;
        let within = PrefixStore::new(Arc::<dyn ObjectStore>::from(store), path);
        Ok(Self { name: name.to_owned(), files: Arc::new(ReadOnly(within)) })
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn ObjectStore> {
        &self.files
    }
}

/// The URL of a folder that is there.
fn folder(name: &str) -> std::result::Result<Url, String> {
    let path = FsPath::new(name).canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no folder {name}: name that of the data set, or its URL"),
        _ => format!("{name}: {error}"),
    })?;
    if !path.is_dir() {
        return Err(format!("{name} is no folder: name the folder of the data set, not a file in it"));
    }
    Url::from_directory_path(path).map_err(|()| format!("{name} is no place for files"))
}

/// The root of a plan's files.
pub(crate) fn root() -> std::result::Result<ObjectStoreUrl, DataFusionError> {
    ObjectStoreUrl::parse(ROOT)
}

/// A registry that knows one place.
#[derive(Debug)]
pub(crate) struct OnePlace(pub(crate) Place);

impl ObjectStoreRegistry for OnePlace {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> std::result::Result<Arc<dyn ObjectStore>, DataFusionError> {
        match url.as_str().starts_with(ROOT) {
            true => Ok(Arc::clone(self.0.files())),
            false => Err(DataFusionError::Execution(format!(
                "{url} is not in the data set, and nothing else is read"
            ))),
        }
    }
}

/// A store that only gives.
#[derive(Debug)]
struct ReadOnly<S>(S);

impl<S: ObjectStore> fmt::Display for ReadOnly<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadOnly({})", self.0)
    }
}

fn refused<T>(path: &Path) -> Result<T> {
    Err(Error::PermissionDenied { path: path.to_string(), source: "a data set is only read".into() })
}

#[async_trait]
impl<S: ObjectStore> ObjectStore for ReadOnly<S> {
    async fn put_opts(&self, location: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        refused(location)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        refused(location)
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations.map(|location| location.and_then(|location| refused(&location))).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        // Files are those that the manifest names.
        stream::empty().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Ok(ListResult { common_prefixes: Vec::new(), objects: Vec::new() })
    }

    async fn copy_opts(&self, _: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        refused(to)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::object_store::ObjectStoreRegistry;
    use object_store::ObjectStoreExt;

    use super::*;

    /// A worker reads whatever it is asked for, so what it cannot reach must be out of reach.
    #[tokio::test]
    async fn files_below_the_place_are_read_and_nothing_else_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("lake")).unwrap();
        std::fs::write(dir.path().join("lake/in"), "in").unwrap();
        std::fs::write(dir.path().join("out"), "out").unwrap();
        let place = Place::of(dir.path().join("lake").to_str().unwrap()).unwrap();
        let (files, inside) = (Arc::clone(place.files()), Path::from("in"));
        assert_eq!(&files.get(&inside).await.unwrap().bytes().await.unwrap()[..], b"in");
        for name in ["../out", "/../out", "x/../../out"] {
            assert!(
                Path::parse(name).is_err() || files.get(&Path::parse(name).unwrap()).await.is_err(),
                "{name}"
            );
        }
        assert!(files.put(&Path::from("new"), "x".into()).await.is_err());
        assert!(files.delete(&inside).await.is_err());
        assert!(files.copy(&inside, &Path::from("new")).await.is_err());
        assert!(files.rename(&inside, &Path::from("new")).await.is_err());
        assert!(files.put_multipart(&Path::from("new")).await.is_err());
        assert_eq!(std::fs::read_dir(dir.path().join("lake")).unwrap().count(), 1);
        let registry = OnePlace(place);
        assert!(registry.get_store(&Url::parse(ROOT).unwrap()).is_ok());
        for elsewhere in ["file:///", "s3://bucket/", "evenfield://other/"] {
            assert!(registry.get_store(&Url::parse(elsewhere).unwrap()).is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn a_place_that_is_no_folder_says_what_to_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let said = |name: &str| Place::of(dir.path().join(name).to_str().unwrap()).map(drop).unwrap_err();
        assert!(said("nothing").contains("there is no folder"), "{}", said("nothing"));
        assert!(said("file").contains("is no folder"), "{}", said("file"));
    }
}
