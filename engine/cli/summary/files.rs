//! The files of summaries, and whose signatures are taken.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use projections::disclosure::Policy;

use super::super::Shared;
use super::super::choose::no_file;
use super::super::failure::Failure;
use crate::report::counted;
use crate::summary::{self, PublicKey, SummaryError, Trusted};

/// Summaries in files, all under one policy.
pub(super) struct Files<'a> {
    paths: &'a [PathBuf],
    /// That of the first one.
    pub(super) policy: Policy,
}

/// Whose signatures are taken: those on a list, or anybody's.
pub(super) struct Trust(Option<(PathBuf, Trusted)>);

impl<'a> Files<'a> {
    /// These files, of which the first tells the policy; where it tells none, opening it tells what is wrong.
    pub(super) fn of(paths: &'a [PathBuf]) -> Result<Self, Failure> {
        let first = paths.first().ok_or_else(|| Failure::Usage("name a summary to merge".to_owned()))?;
        let policy = summary::policy_of(&read(first)?).unwrap_or_default();
        Ok(Self { paths, policy })
    }

    /// Opens one after the other; one under another policy is refused.
    pub(super) fn each(
        &self,
        mut take: impl FnMut(&'a Path, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for path in self.paths {
            let bytes = read(path)?;
            match summary::policy_of(&bytes).filter(|policy| *policy != self.policy) {
                None => take(path, &bytes)?,
                Some(other) => return Err(self.mixed(path, other).into()),
            }
        }
        Ok(())
    }

    fn mixed(&self, path: &Path, other: Policy) -> SummaryError {
        SummaryError::Apart {
            one: self.paths[0].clone(),
            other: path.to_owned(),
            what: format!(
                "one was made under the policy {}, the other under the policy {}: exact counts and hidden ones do not add \
                 up, and both of one place would tell what is hidden; make all under one policy",
                self.policy.name(),
                other.name()
            ),
        }
    }
}

impl Trust {
    /// Those on the list at `path`, or anybody.
    pub(super) fn load(path: Option<&Path>) -> Result<Self, Failure> {
        let load = |path: &Path| -> Result<_, Failure> { Ok((path.to_owned(), Trusted::load(path)?)) };
        path.map(load).transpose().map(Self)
    }

    /// Refuses the summary at `path` where nobody trusts who signed it.
    pub(super) fn check(&self, path: &Path, signer: PublicKey) -> Result<(), Failure> {
        match &self.0 {
            Some((trust, keys)) if keys.owner(signer).is_none() => Err(SummaryError::Untrusted {
                path: path.to_owned(),
                signer: signer.to_string(),
                trust: trust.clone(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Whose a key is, where that is known.
    pub(super) fn owner(&self, signer: PublicKey) -> Option<String> {
        self.0.as_ref()?.1.owner(signer).map(str::to_owned)
    }

    /// Says where anybody's signature was taken.
    pub(super) fn note(&self, signers: impl Iterator<Item = PublicKey>, shared: &Shared) {
        if self.0.is_none() {
            let keys = counted(signers.collect::<BTreeSet<_>>().len() as u64, "key");
            shared.note(&format!(
                "each signature holds, but whose keys they are was not checked ({keys}): name a list of keys that you trust \
                 with --trust"
            ));
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    summary::read(path).map_err(|error| match error {
        SummaryError::Io { source, .. } => no_file(path, &source),
        error => error.into(),
    })
}
