//! Recordings that are sent to a running service, which holds its store and answers for what became of them.

use super::super::Shared;
use super::super::failure::Failure;
use super::super::out::Out;
use super::paced::{Speed, To, at_speed};
use crate::report;
use crate::scenario::Scenario;
use crate::service::Client;

/// Sends recordings to a service, and says what became of them.
pub(super) fn sent(
    url: &str,
    (token, speed): (Option<&str>, Speed),
    scenarios: &[Scenario],
    shared: &Shared,
    out: &mut Out,
) -> Result<(), Failure> {
    shared.text_or_json()?;
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(Failure::Usage(
            "a service takes events from whoever has a token: make one there with `evenfield token new NAME --role \
             record`, and name it by EVENFIELD_TOKEN or --token"
                .to_owned(),
        ));
    };
    let to = To::Service(Box::new(Client::new(url, token.to_owned())?));
    let (report, result) = at_speed(scenarios, speed, to, shared)?;
    if shared.is_json() {
        out.document(&report)?
    } else {
        out.text(&report::ingested(&report))?
    }
    result?;
    super::rejections(&report)
}
