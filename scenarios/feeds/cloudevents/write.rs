//! One event to one line: the fields in a fixed order, so that the same event is the same bytes.

use event::{Context, Declaration, Event, Payload, Role, Shape};

use super::TYPE;
use super::object::Object;

/// Appends the line of `event`, line break included, to `into`.
pub fn write_line(event: &Event, into: &mut Vec<u8>) {
    let mut out = Object { into };
    out.into.extend_from_slice(b"{\"specversion\":\"1.0\"");
    out.text("id", &event.id);
    out.text("source", &event.source);
    out.key("type");
    out.kind(&event.payload);
    out.text("subject", &event.consultation);
    out.key("time");
    out.shown_text(event.at);
    for (name, value) in event.extra.iter().flat_map(|extra| &extra.attributes) {
        out.member(name, value);
    }
    out.key("data");
    out.into.push(b'{');
    data(event, &mut out);
    out.into.extend_from_slice(b"}}\n");
}

/// The line of `event`, without a line break.
#[must_use]
pub fn line(event: &Event) -> String {
    let mut bytes = Vec::with_capacity(320);
    write_line(event, &mut bytes);
    bytes.pop();
    // Everything written is text; the fallback only avoids a panic.
    String::from_utf8(bytes).unwrap_or_default()
}

fn data(event: &Event, out: &mut Object<'_>) {
    let unnamed = |name: &str| event.extra.as_ref().and_then(|extra| extra.data.get(name));
    out.optional("participant", event.participant.as_deref());
    let mut written = [None, None];
    match (event.role, unnamed("role")) {
        (Some(Role::Unknown), Some(told)) => {
            out.member("role", told);
            written[0] = Some("role");
        }
        (Some(role), _) => out.text("role", role.name()),
        (None, _) => {}
    }
    payload(&event.payload, unnamed("context").map(String::as_str), out);
    if event.payload.context().is_some() {
        written[1] = Some("context");
    }
    for (name, value) in event.extra.iter().flat_map(|extra| &extra.data) {
        if !written.contains(&Some(name.as_str())) {
            out.member(name, value);
        }
    }
}

fn payload(payload: &Payload, unnamed_context: Option<&str>, out: &mut Object<'_>) {
    match payload {
        Payload::Scheduled { booked_start, context } => {
            if let Some(start) = booked_start {
                out.key("booked_start");
                out.shown_text(start);
            }
            out.context(context.as_ref(), unnamed_context);
        }
        Payload::Cancelled { by, reason } => {
            out.optional("by", by.as_deref());
            out.optional("reason", reason.as_deref());
        }
        Payload::Joined { context } => out.context(context.as_ref(), unnamed_context),
        Payload::JoinFailed { reason } | Payload::Dropped { reason } | Payload::Left { reason } => {
            out.optional("reason", reason.as_deref());
        }
        Payload::AudioRestored { direction }
        | Payload::VideoRestored { direction }
        | Payload::AudioLost { direction }
        | Payload::VideoLost { direction } => out.optional("direction", direction.as_deref()),
        Payload::HelpRequested { topic } => out.optional("topic", topic.as_deref()),
        Payload::Converted { to } => out.optional("to", to.as_deref()),
        Payload::Abandoned { stage } => out.optional("stage", stage.as_deref()),
        Payload::FeedbackInvited { instrument } => out.optional("instrument", instrument.as_deref()),
        Payload::Rated { scale, value } => {
            out.shown("scale", scale);
            out.shown("value", value);
        }
        Payload::Questionnaire { instrument, answers, score } => {
            out.questionnaire(instrument, answers, *score);
        }
        Payload::Adequacy { answer } => out.text("answer", answer.name()),
        Payload::RecordingDeclared(declaration) => out.declaration(declaration),
        Payload::JoinAttempted
        | Payload::Waiting
        | Payload::Rejoined
        | Payload::Completed
        | Payload::Unknown { .. } => {}
    }
}

impl Object<'_> {
    fn kind(&mut self, payload: &Payload) {
        match payload {
            Payload::Unknown { kind, version } => self.quoted(&format!("{TYPE}{kind}.v{version}")),
            known => self.shown_text(format_args!("{TYPE}{}.v1", known.kind())),
        }
    }

    /// The context, with the members that it does not name (`{...}` as JSON) at its end.
    fn context(&mut self, context: Option<&Context>, unnamed: Option<&str>) {
        let Some(context) = context else { return };
        self.key("context");
        self.into.push(b'{');
        for (dimension, level) in context.iter() {
            match dimension.shape() {
                Shape::Text => self.text(dimension.name(), level),
                Shape::Flag | Shape::Quintile => self.member(dimension.name(), level),
            }
        }
        let inner = unnamed.and_then(|json| json.strip_prefix('{')?.strip_suffix('}'));
        if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
            if self.into.last() != Some(&b'{') {
                self.into.push(b',');
            }
            self.into.extend_from_slice(inner.as_bytes());
        }
        self.into.push(b'}');
    }

    fn questionnaire(&mut self, instrument: &str, answers: &[Option<u8>], score: Option<f64>) {
        self.text("instrument", instrument);
        if !answers.is_empty() {
            self.key("answers");
            let _ = serde_json::to_writer(&mut *self.into, answers);
        }
        match score {
            // Very large and very small numbers would be hundreds of digits long.
            Some(score) if score != 0.0 && !(1e-5..1e16).contains(&score.abs()) && score.is_finite() => {
                self.shown("score", format_args!("{score:e}"));
            }
            Some(score) if score.is_finite() => self.shown("score", score),
            _ => {}
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        self.optional("feed", declaration.feed.as_deref());
        self.optional("platform", declaration.platform.as_deref());
        self.key("capabilities");
        self.into.push(b'{');
        for (kind, capability) in &declaration.capabilities {
            self.text(kind, capability.name());
        }
        self.into.push(b'}');
        self.optional("sides", declaration.sides.map(event::Sides::name));
        if let Some(delay) = declaration.drop_delay_ms {
            self.shown("drop_delay_ms", delay);
        }
    }
}
