//! A service in a process of its own, and a client that knows no more of HTTP than these tests need: it shows every
//! byte of what comes back, and can send what no proper client would.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use crate::command::{program, run};

/// A running service; killed at the latest when it is dropped.
pub(super) struct Service {
    process: Child,
    pub(super) at: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Service {
    /// Starts one on the store of this folder, on a port that the system chooses.
    pub(super) fn start(dir: &Path, args: &str) -> Self {
        Self::telling(dir, args, std::process::Stdio::inherit())
    }

    /// The same, and the lines that it tells of what went wrong.
    #[cfg(feature = "parquet")]
    pub(super) fn overheard(dir: &Path, args: &str) -> (Self, impl Iterator<Item = String>) {
        let mut service = Self::telling(dir, args, std::process::Stdio::piped());
        let told = BufReader::new(service.process.stderr.take().unwrap());
        (service, told.lines().map(Result::unwrap))
    }

    fn telling(dir: &Path, args: &str, to: std::process::Stdio) -> Self {
        let mut command = program(dir);
        command.args(["serve", "--bind", "127.0.0.1:0", "--quiet"]).args(args.split_whitespace());
        let mut process = command.stderr(to).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.trim().trim_start_matches("http://").trim_end_matches('/');
        Self { process, at: at.parse().unwrap_or_else(|_| panic!("no address in {line:?}")) }
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// Posts CloudEvents with a token.
    pub(super) fn post(&self, path: &str, token: &str, media_type: &str, body: &[u8]) -> Reply {
        let token = format!("Bearer {token}");
        self.send("POST", path, &[("Authorization", &token), ("Content-Type", media_type)], body)
    }

    pub(super) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: {}\r\n", self.at));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !headers.iter().any(|(name, _)| *name == "Transfer-Encoding") {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        // Who is refused early may not be read to the end.
        let _ = stream.write_all(body);
        Reply::read(&mut stream)
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        stream
    }

    /// A stream of server-sent events.
    pub(super) fn follow(&self, path: &str, headers: &str) -> Followed {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.at);
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        Followed { reader }
    }

    /// How much memory it has, in KiB, where the system tells.
    pub(super) fn memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Asks it to end as a system does, and says with which code it did.
    #[cfg(unix)]
    pub(super) fn end(mut self) -> i32 {
        let pid = self.process.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code().unwrap_or(-1)
    }

    /// Kills it in the middle of whatever it does.
    pub(super) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes a token.
pub(super) fn token(dir: &Path, name: &str, role: &str) -> String {
    run(dir, ["token", "new", name, "--role", role, "-q"]).ok().trim().to_owned()
}

impl Reply {
    pub(super) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that was cut off ends what there is to read.
        let _ = stream.read_to_end(&mut bytes);
        Self::of(&bytes)
    }

    fn of(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = bytes[end + 4..].to_vec();
        if let Some(length) = headers.get("content-length").filter(|_| status != 304) {
            assert_eq!(length.parse::<usize>().unwrap(), body.len(), "the body is whole");
        }
        Self { status, headers, body }
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The reply, which has this status.
    #[track_caller]
    pub(super) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// What a problem of this status says; its form is checked.
    #[track_caller]
    pub(super) fn problem(self, status: u16) -> String {
        let reply = self.is(status);
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        let told = reply.json();
        assert_eq!(told["status"], status);
        assert!(told["type"].as_str().unwrap().starts_with("urn:evenfield:problem:"), "{told}");
        told["detail"].as_str().unwrap().to_owned()
    }
}

/// A stream that is being read.
pub(super) struct Followed {
    reader: BufReader<TcpStream>,
}

impl Followed {
    /// The next event: its name, its id and its data; none when the stream has ended.
    pub(super) fn next(&mut self) -> Option<(String, u64, String)> {
        let (mut event, mut id, mut data) = (String::new(), 0, String::new());
        let mut line = String::new();
        while self.reader.read_line(&mut line).ok().filter(|read| *read > 0).is_some() {
            let text = line.trim_end();
            match text.split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut event),
                Some(("id", value)) => id = value.parse().unwrap(),
                Some(("data", value)) => value.clone_into(&mut data),
                _ if text.is_empty() && !event.is_empty() => return Some((event, id, data)),
                _ => {}
            }
            line.clear();
        }
        None
    }
}
