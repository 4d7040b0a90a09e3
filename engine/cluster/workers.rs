//! Workers: where they are, who of them is there, and whether they speak the same language.

use std::fmt;
use std::time::Duration;

use datafusion_distributed::{GetWorkerInfoRequest, grpc};
use futures::future::join_all;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

use crate::envelope::version;

/// How long a worker may take to say who it is: one that folds on all its cores is no less there.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Where workers are: a list of names with ports. A name stands for all addresses that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workers(Vec<String>);

/// Workers that cannot be worked with, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Absent(pub Vec<(String, String)>);

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.0.iter().map(|(at, why)| format!("{at}: {why}")).collect();
        f.write_str(&told.join("; "))
    }
}

impl Workers {
    /// Workers by name and port, such as `10.0.0.7:7411` or `workers.internal:7411`.
    ///
    /// # Errors
    /// Which one is none.
    pub fn of(names: &[String]) -> Result<Self, String> {
        let is_named = |name: &str| {
            let port = name.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
            port.is_some_and(|port| port.parse::<u16>().is_ok())
        };
        match names.iter().find(|name| !is_named(name)) {
            Some(name) => {
                Err(format!("{name:?} is no worker: write a name and a port, such as 10.0.0.7:7411"))
            }
            None => Ok(Self(names.to_vec())),
        }
    }

    /// Those who answer, and those who do not.
    ///
    /// # Errors
    /// When one of them is of another version: its folds could not be told from right ones by numbers alone.
    pub async fn present(&self) -> Result<(Vec<Url>, Absent), String> {
        let (mut found, mut absent) = (Vec::new(), Absent::default());
        for name in &self.0 {
            match timeout(ANSWER, lookup_host(name)).await {
                Ok(Ok(addresses)) => {
                    let urls = addresses.filter_map(|address| Url::parse(&format!("http://{address}")).ok());
                    found.extend(urls);
                }
                Ok(Err(error)) => absent.0.push((name.clone(), error.to_string())),
                Err(_) => absent.0.push((name.clone(), "its name is not resolved in time".to_owned())),
            }
        }
        found.sort();
        found.dedup();
        let told = join_all(found.iter().map(asked)).await;
        let mut present = Vec::new();
        for (url, told) in found.into_iter().zip(told) {
            match told {
                Ok(theirs) if theirs == version() => present.push(url),
                Ok(theirs) => {
                    let ours = version();
                    return Err(format!(
                        "{url} is of another version ({theirs}, and this is {ours}): update it"
                    ));
                }
                Err(why) => absent.0.push((url.to_string(), why)),
            }
        }
        Ok((present, absent))
    }
}

/// The version that a worker says it has.
async fn asked(url: &Url) -> Result<String, String> {
    let asked = async {
        let channel = grpc::DefaultChannelResolver::default().get_channel(url).await?;
        grpc::create_worker_client(channel).get_worker_info(GetWorkerInfoRequest {}).await
    };
    match timeout(ANSWER, asked).await {
        Ok(Ok(told)) => Ok(told.version),
        Ok(Err(error)) => Err(in_short(&error.to_string())),
        Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs())),
    }
}

/// What an engine says of an error, without where it says that it came from.
pub(crate) fn in_short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let message = line.split_once("message: \"").and_then(|(_, rest)| rest.split_once('"'));
    match message {
        Some(("transport error", _)) => "the connection was lost".to_owned(),
        Some((message, _)) => message.to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_is_told_in_short() {
        for (text, short) in [
            ("Execution error: no such file\nbacktrace", "Execution error: no such file"),
            (
                "External error: code: 'Unknown error', message: \"transport error\", source: tonic(...)",
                "the connection was lost",
            ),
            ("External error: code: 'x', message: \"it ended\", source: tonic(...)", "it ended"),
            ("Transport(Os { code: 111, message: \"Connection refused\" })", "Connection refused"),
        ] {
            assert_eq!(in_short(text), short);
        }
    }

    #[test]
    fn a_worker_has_a_name_and_a_port() {
        for name in ["10.0.0.7", "host:", ":7411", "host:x", "http://host:7411/"] {
            assert!(Workers::of(&[name.to_owned()]).is_err(), "{name}");
        }
        assert!(Workers::of(&["host:7411".to_owned(), "[::1]:7411".to_owned()]).is_ok());
    }
}
