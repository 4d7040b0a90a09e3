//! Who the client is and which meeting it was in, as the application told the dump.
//!
//! Names that people see are never taken, nor addresses: an application may put either where a page
//! was. What is taken are the ids of meeting, user, device and endpoint.

use event::{Context, Dimension, Role};
use serde_json::Value;

use crate::document::Document;
use crate::{Refusal, Settings, identity};

/// What has been told so far.
#[derive(Default)]
pub(super) struct Who {
    meeting: Option<String>,
    room: Option<String>,
    started_ms: Option<i64>,
    /// From the most lasting to the least: user, device, endpoint or session.
    persons: [Option<String>; 3],
    jitsi: bool,
    host: Option<String>,
    device: Option<&'static str>,
    browser: Option<&'static str>,
}

/// What every event of the client bears.
pub(super) struct Known {
    pub(super) source: String,
    pub(super) platform: Option<String>,
    /// What the client joined with; nobody's when its role is not known.
    pub(super) context: Context,
    pub(super) consultation: String,
    pub(super) participant: String,
}

impl Who {
    /// Takes over what `value` tells of client and meeting: an identity, or the head of a dump.
    pub(super) fn take(&mut self, value: &Value) -> Result<(), Refusal> {
        let told = Document::new(value);
        let first = |names: &[&str]| -> Result<Option<String>, Refusal> {
            for name in names {
                if let Some(found) = told.name(name)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        let meeting = first(&["meetingUniqueId", "conference", "conferenceId"])?;
        let (room, user) = (first(&["confID"])?, first(&["userId", "user"])?);
        let (hardware, endpoint) = (first(&["deviceId"])?, first(&["endpointId", "session"])?);
        for (known, told) in self.persons.iter_mut().zip([user, hardware, endpoint]) {
            *known = known.take().or(told);
        }
        self.meeting = self.meeting.take().or(meeting);
        self.room = self.room.take().or(room);
        if let Some(origin) = told.text("origin") {
            self.host = self.host.take().or_else(|| host(origin));
        }
        if let Some(agent) = told.text("userAgent") {
            (self.device, self.browser) =
                (self.device.or_else(|| device(agent)), self.browser.or_else(|| browser(agent)));
        }
        match told.object("authData") {
            Some(_) => self.take(&value["authData"]),
            None => Ok(()),
        }
    }

    /// The dump is one of Jitsi's, which begin with what the server knows of the connection.
    pub(super) fn is_jitsi(&mut self) {
        self.jitsi = true;
    }

    /// The meeting began then, as its clients agree.
    pub(super) fn started(&mut self, value: &Value) {
        self.started_ms = self.started_ms.or_else(|| value.as_i64().filter(|ms| *ms > 0));
    }

    /// Whether nothing better can be told later.
    pub(super) fn is_certain(&self) -> bool {
        self.meeting.is_some() && self.persons.iter().any(Option::is_some)
    }

    /// Whether `value` names a client or a meeting at all.
    pub(super) fn names(value: &Value) -> bool {
        let mut told = Self::default();
        told.take(value).is_ok() && (told.meeting.is_some() || told.persons.iter().any(Option::is_some))
    }

    /// Whether `value` names this client again: its meeting, device and endpoint.
    pub(super) fn is(&self, value: &Value) -> bool {
        let mut told = Self::default();
        let [_, device, endpoint] = &self.persons;
        told.take(value).is_ok()
            && [&self.meeting, device, endpoint].into_iter().all(Option::is_some)
            && self.meeting == told.meeting
            && self.persons[1..] == told.persons[1..]
    }

    /// What every event bears, as far as it was told; `beginning` tells apart those whom nothing names.
    pub(super) fn known(&self, settings: &Settings, beginning: &str) -> Result<Known, Refusal> {
        // A room is often called after people, or stands at an address.
        let started = self.room.as_ref().zip(self.started_ms);
        let started = started.map(|(room, ms)| identity::derive(["jitsi room", room, &ms.to_string()]));
        let consultation = self.meeting.clone().or_else(|| settings.consultation.clone()).or(started);
        let consultation = consultation.ok_or_else(|| {
            Refusal::whole(
                "the dump does not name its meeting, so none of its events was taken: have the application \
                 tell meetingUniqueId in an identity entry, or name the consultation",
            )
        })?;
        let participant = self.persons.iter().flatten().next().cloned();
        let participant =
            participant.unwrap_or_else(|| identity::derive(["rtcstats", &consultation, beginning]));
        let platform = if self.jitsi { Some("jitsi".to_owned()) } else { self.host.clone() };
        let source = match (&settings.source, &platform) {
            (Some(source), _) => source.clone(),
            (None, Some(platform)) => format!("urn:rtcstats:{platform}"),
            (None, None) => "urn:rtcstats".to_owned(),
        };
        let context = self.context(settings, platform.as_deref());
        Ok(Known { source, platform, context, consultation, participant })
    }

    /// The platform, and of everybody but a clinician what they joined with.
    fn context(&self, settings: &Settings, platform: Option<&str>) -> Context {
        let mut levels = vec![(Dimension::Platform, platform)];
        if settings.others.is_some_and(|role| role != Role::Clinician) {
            levels.extend([(Dimension::Device, self.device), (Dimension::Browser, self.browser)]);
        }
        levels.into_iter().filter_map(|(dimension, level)| Some((dimension, level?))).collect()
    }
}

/// What a browser says it runs on.
fn device(agent: &str) -> Option<&'static str> {
    const SYSTEMS: [(&str, &str); 8] = [
        ("iPhone", "phone"),
        ("iPad", "tablet"),
        ("Mobile", "phone"),
        ("Android", "tablet"),
        ("Windows", "computer"),
        ("Macintosh", "computer"),
        ("CrOS", "computer"),
        ("Linux", "computer"),
    ];
    SYSTEMS.iter().find(|(part, _)| agent.contains(part)).map(|(_, level)| *level)
}

/// Which browser it is; all of them claim to be others, too.
fn browser(agent: &str) -> Option<&'static str> {
    const BROWSERS: [(&str, &str); 9] = [
        ("Electron/", "app"),
        ("Edg", "edge"),
        ("OPR/", "opera"),
        ("SamsungBrowser/", "samsung internet"),
        ("Firefox/", "firefox"),
        ("FxiOS/", "firefox"),
        ("Chrome/", "chrome"),
        ("CriOS/", "chrome"),
        ("Safari/", "safari"),
    ];
    BROWSERS.iter().find(|(part, _)| agent.contains(part)).map(|(_, level)| *level)
}

/// The name of the host that served the page; an address in numbers is none.
fn host(origin: &str) -> Option<String> {
    let host = origin.split_once("://")?.1.split(['/', ':', '?', '#']).next()?;
    let plain =
        host.len() <= 253 && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let named = host.rsplit('.').next()?.chars().any(|c| c.is_ascii_alphabetic());
    (plain && named).then(|| host.to_ascii_lowercase())
}
