//! What a feed makes of a text, for the tests of feeds.

use std::ops::ControlFlow;

use event::{Capability, Event, Kind};

use crate::cloudevents::line;
use crate::{Feed, Item, Settings};

/// Every item that `feed` makes of `input`.
pub(crate) fn items(feed: &dyn Feed, input: &[u8], settings: &Settings) -> Vec<Item> {
    let mut items = Vec::new();
    let mut sink = |item| {
        items.push(item);
        ControlFlow::Continue(())
    };
    feed.read(&mut &*input, settings, &mut sink).unwrap();
    items
}

/// What `feed` makes of `input`, one line an item, without ids and declarations.
pub(crate) fn told(feed: &dyn Feed, input: &str, settings: &Settings) -> Vec<String> {
    let shown = |item| match item {
        Item::Event { event, .. } if event.kind() == Kind::RecordingDeclared => None,
        Item::Event { event, .. } => {
            let text = line(&event);
            let data = text.split_once("\"data\":").unwrap().1;
            Some(format!("{} {} {} {}", event.consultation, event.at, event.kind(), &data[..data.len() - 1]))
        }
        Item::Rejected(rejected) => Some(format!("rejected: {}", rejected.reason)),
        Item::Skipped { reason, .. } => Some(format!("skipped: {reason}")),
    };
    items(feed, input.as_bytes(), settings).into_iter().filter_map(shown).collect()
}

/// Why `feed` takes no `settings`.
pub(crate) fn refused(feed: &dyn Feed, settings: &Settings) -> String {
    let mut sink = |item| panic!("{item:?}");
    feed.read(&mut "{}".as_bytes(), settings, &mut sink).unwrap_err().to_string()
}

/// The settings with this mapping of the consultation.
pub(crate) fn by(name: &str) -> Settings {
    Settings { mapping: Some(format!("consultation = \"{name}\"")), ..Settings::default() }
}

/// Source and id of every event but declarations.
pub(crate) fn keys(feed: &dyn Feed, input: &str) -> Vec<(String, String)> {
    let key = |item| match item {
        Item::Event { event, .. } if event.kind() != Kind::RecordingDeclared => {
            Some((event.source, event.id))
        }
        _ => None,
    };
    items(feed, input.as_bytes(), &Settings::default()).into_iter().filter_map(key).collect()
}

/// The sources that are declared, in their order.
pub(crate) fn declared(feed: &dyn Feed, input: &str) -> Vec<String> {
    let source = |item| match item {
        Item::Event { event, .. } if event.kind() == Kind::RecordingDeclared => Some(event.source),
        _ => None,
    };
    items(feed, input.as_bytes(), &Settings::default()).into_iter().filter_map(source).collect()
}

/// No event says `secret`, which stands in `input` wherever a person is named.
pub(crate) fn keeps_secret(feed: &dyn Feed, input: &str, secret: &str) {
    assert!(input.contains(secret));
    let mut events = 0;
    for item in items(feed, input.as_bytes(), &Settings::default()) {
        let Item::Event { event, .. } = item else { continue };
        assert!(!line(&event).contains(secret), "{event:?}");
        events += 1;
    }
    assert!(events > 1, "no event was made of {input}");
}

/// The text with a few bytes changed.
pub(crate) fn changed(text: &str, changes: &[(proptest::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (index, byte) in changes {
        let at = index.index(bytes.len());
        bytes[at] = *byte;
    }
    bytes
}

/// The events of `input`.
pub(crate) fn events(feed: &dyn Feed, input: &str, settings: &Settings) -> Vec<Event> {
    let event = |item| match item {
        Item::Event { event, .. } => Some(event),
        _ => None,
    };
    items(feed, input.as_bytes(), settings).into_iter().filter_map(event).collect()
}

/// Reading `input` twice over tells each event twice under one source and id, and declares once.
pub(crate) fn twice_is_once(feed: &dyn Feed, input: &str) {
    let settings = Settings::default();
    let once = events(feed, input, &settings);
    let again = events(feed, &format!("{input}\n{input}\n"), &settings);
    let name = |event: &Event| (event.source.clone(), event.id.clone());
    assert!(once.len() > 1, "{once:?}");
    assert_eq!(again.len(), 2 * once.len() - 1);
    let (first, second) = again.split_at(once.len());
    assert_eq!(first, once);
    assert_eq!(second.iter().map(name).collect::<Vec<_>>(), once[1..].iter().map(name).collect::<Vec<_>>());
}

/// Every kind that the feed's capabilities name has a rule, and every kind of a rule a capability; what it
/// infers has a caveat or a rule that says so.
pub(crate) fn says_what_it_does(feed: &dyn Feed) {
    let declared = feed.capabilities(&Settings::default()).unwrap();
    for rule in feed.rules() {
        if let Some(kind) = rule.ours {
            assert!(declared.capability(kind) != Capability::Unobservable, "{kind} {}", rule.theirs);
        }
    }
    for kind in Kind::ALL {
        match declared.capability(kind) {
            Capability::Unobservable => {}
            // A reading tells a return from a first arrival.
            _ if kind == Kind::Rejoined => {}
            capability => {
                assert!(feed.rules().iter().any(|rule| rule.ours == Some(kind)), "{kind}");
                let has_caveat = feed.caveats().iter().any(|(told, _)| *told == kind);
                assert!(capability == Capability::Observed || has_caveat, "{kind}");
            }
        }
    }
    assert_eq!(crate::by_name(feed.name()).map(Feed::title), Some(feed.title()));
}
