//! The hooks of a service: a TOML file that says which vendor sends to which address, by which secret.
//!
//! ```toml
//! [zoom-webhook]                      # https://video.example.org/v1/hooks/zoom-webhook
//! url = "https://video.example.org/v1/hooks/zoom-webhook"
//! secret_file = "zoom.secret"         # beside this file; or secret_env = "ZOOM_SECRET"
//! others = "patient"                  # as `evenfield ingest --others`
//!
//! [ward-4]
//! feed = "livekit-webhook"            # where the hook is not called as its feed
//! url = "https://video.example.org/v1/hooks/ward-4"
//! secret_env = "LIVEKIT_SECRET"
//! ```
//!
//! Secrets stand in files and variables of their own, so that this one can be shown.

use std::fs;
use std::path::{Path, PathBuf};

use event::Role;
use feeds::pseudonym::Scope;
use feeds::signature::{self, Secret};
use feeds::{FreeText, Settings};
use serde::Deserialize;

use super::super::choose::{no_file, unknown};
use super::super::failure::Failure;
use crate::service::Hook;

/// The most bytes of a file that is read here.
const BYTES: u64 = 1 << 20;
/// How deliveries are proved where the vendor has no way of its own.
const SHARED: &str = "shared-secret";

/// A hook as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    feed: Option<String>,
    scheme: Option<String>,
    url: String,
    secret_file: Option<PathBuf>,
    secret_env: Option<String>,
    others: Option<String>,
    map: Option<PathBuf>,
    source: Option<String>,
    #[serde(default)]
    pseudonymise_consultations: bool,
}

/// The hooks of a file.
pub(super) fn hooks(path: &Path) -> Result<Vec<Hook>, Failure> {
    let text = read(path)?;
    let written: std::collections::BTreeMap<String, Written> =
        toml::from_str(&text).map_err(|error| unreadable(path, &text, &error))?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let hook = |(name, written): (String, Written)| {
        made(&name, &written, beside)
            .map_err(|why| Failure::Input(format!("{} [{name}]: {why}", path.display())))
    };
    written.into_iter().map(hook).collect()
}

/// Where a file cannot be read. The line itself is not shown: somebody may have written a secret into it.
fn unreadable(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.lines().count().max(1));
    Failure::Input(format!("{} near line {line}: {}", path.display(), error.message()))
}

fn made(name: &str, written: &Written, beside: &Path) -> Result<Hook, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(
            "a name that stands in an address has letters, digits, dots, hyphens and underscores".to_owned()
        );
    }
    let feed = written.feed.as_deref().unwrap_or(name);
    let feed = feeds::by_name(feed)
        .ok_or_else(|| unknown("feed", feed, feeds::ALL.iter().map(|feed| feed.name())))?;
    let scheme = match &written.scheme {
        Some(scheme) => signature::by_name(scheme)
            .ok_or_else(|| unknown("scheme", scheme, signature::ALL.iter().map(|scheme| scheme.name())))?,
        None => feed
            .scheme()
            .or_else(|| signature::by_name(SHARED))
            .ok_or("its feed has no way to prove a delivery")?,
    };
    if !written.url.starts_with("https://") && !written.url.starts_with("http://") {
        return Err(format!(
            "url = {:?}: write the address that the vendor knows, with https://",
            written.url
        ));
    }
    let secret = secret(written, beside)?;
    scheme.usable(&secret).map_err(|error| format!("{error} (here it is {})", scheme.secret()))?;
    let role =
        |text: &String| Role::from_name(text).ok_or_else(|| unknown("role", text, Role::ALL.map(Role::name)));
    let map = |path: &PathBuf| {
        read(&beside.join(path)).map_err(|failure| failure.message().unwrap_or_default().to_owned())
    };
    Ok(Hook {
        name: name.to_owned(),
        feed,
        scheme,
        secret,
        url: written.url.split('?').next().unwrap_or_default().to_owned(),
        settings: Settings {
            source: written.source.clone(),
            consultation: None,
            others: written.others.as_ref().map(role).transpose()?,
            mapping: written.map.as_ref().map(map).transpose()?,
            free_text: FreeText::Refused,
        },
        scope: if written.pseudonymise_consultations { Scope::PeopleAndConsultations } else { Scope::People },
    })
}

fn secret(written: &Written, beside: &Path) -> Result<Secret, String> {
    let text = match (&written.secret_file, &written.secret_env) {
        (Some(file), None) => {
            read(&beside.join(file)).map_err(|failure| failure.message().unwrap_or_default().to_owned())?
        }
        (None, Some(variable)) => {
            std::env::var(variable).map_err(|_| format!("secret_env: there is no variable {variable}"))?
        }
        _ => return Err("name either secret_file or secret_env".to_owned()),
    };
    // Editors end files with a line break.
    Secret::new(text.trim_end_matches(['\r', '\n'])).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<String, Failure> {
    let size = fs::metadata(path).map_err(|error| no_file(path, &error))?.len();
    if size > BYTES {
        return Err(Failure::Input(format!("{} has more than {BYTES} bytes", path.display())));
    }
    fs::read_to_string(path).map_err(|error| no_file(path, &error))
}
