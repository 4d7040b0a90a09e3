//! Placeholder until the walk is merged.
use super::LogError;
use std::path::Path;
pub(super) enum Walk {
    Clean,
    Suspicious(String),
}
pub(super) fn walk(_dir: &Path, _wanted: Option<&[u8; 32]>) -> Result<Walk, LogError> {
    Ok(Walk::Clean)
}
