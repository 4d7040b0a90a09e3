//! The laws of every scheme: what is signed is read, every change of it is refused, and nothing panics.
//!
//! The deliveries are signed here by what the vendors document, written anew; the values that others
//! computed stand with each scheme.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use event::Time;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::trial::{sign, sign_base64, token};
use super::{ALL, Checked, Delivery, Refused, Scheme, Secret, TOLERANCE_MS, hex};

const URL: &str = "https://evenfield.example.org/v1/hooks/vendor";
const AT_S: i64 = 1_772_355_603;
/// Base64, so that it is a secret of every scheme.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What was sent, to be changed.
#[derive(Debug, Clone)]
struct Sent {
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn check(&self, scheme: &dyn Scheme, at: Time, secret: &str) -> Result<Checked, Refused> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let delivery = Delivery { url: &self.url, headers: &headers, body: &self.body, at };
        scheme.check(&delivery, &Secret::new(secret).unwrap())
    }
}

/// A delivery as the vendor would send it.
fn signed(scheme: &dyn Scheme, body: &[u8]) -> Sent {
    let key = SECRET.as_bytes();
    let after = |begin: &str| [begin.as_bytes(), body].concat();
    let mut url = URL.to_owned();
    let headers: Vec<(&'static str, String)> = match scheme.name() {
        "zoom" => {
            let signature = hex(&sign(&after(&format!("v0:{AT_S}:")), key));
            vec![("x-zm-signature", format!("v0={signature}")), ("x-zm-request-timestamp", AT_S.to_string())]
        }
        "livekit" => {
            let hash = STANDARD.encode(Sha256::digest(body));
            let claims = format!(r#"{{"exp":{},"nbf":{AT_S},"sha256":"{hash}"}}"#, AT_S + 300);
            vec![("Authorization", token(r#"{"alg":"HS256"}"#, &claims, SECRET))]
        }
        "jaas" => {
            let signature = sign_base64(&after(&format!("{AT_S}.")), key);
            vec![("X-Jaas-Signature", format!("t={AT_S},v1={signature}"))]
        }
        "daily" => {
            let signature = sign_base64(&after(&format!("{AT_S}.")), &STANDARD.decode(SECRET).unwrap());
            vec![("X-Webhook-Signature", signature), ("X-Webhook-Timestamp", AT_S.to_string())]
        }
        "twilio" => {
            url = format!("{URL}?bodySHA256={}", hex(&Sha256::digest(body)));
            let mac = Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(&url).finalize();
            vec![("X-Twilio-Signature", STANDARD.encode(mac.into_bytes()))]
        }
        "vonage" => {
            let claims = format!(r#"{{"iat":{AT_S},"payload_hash":"{}"}}"#, hex(&Sha256::digest(body)));
            vec![("Authorization", format!("Bearer {}", token(r#"{"alg":"HS256"}"#, &claims, SECRET)))]
        }
        "bigbluebutton" => {
            url = format!("{URL}?checksum={}", hex(&Sha256::digest([URL.as_bytes(), body, key].concat())));
            Vec::new()
        }
        "shared-secret" => vec![("X-Api-Key", SECRET.to_owned())],
        name => panic!("{name} is not signed here"),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
    Sent { url, headers, body: body.to_vec() }
}

fn now() -> Time {
    Time::from_ms(AT_S * 1000)
}

/// The same bytes with one bit turned over.
fn turned(bytes: &[u8], at: prop::sample::Index, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = at.index(bytes.len());
    bytes[at] ^= 1 << bit;
    bytes
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    const NAMES: &[&str] = &[
        "x-zm-signature",
        "x-zm-request-timestamp",
        "authorization",
        "Authorization",
        "x-jaas-signature",
        "x-webhook-signature",
        "x-webhook-timestamp",
        "x-twilio-signature",
        "x-twilio-webhooks-signature-settings",
        "x-api-key",
    ];
    const TEXTS: &[&str] = &[
        "v0=",
        "t=1,v1=",
        "Bearer ",
        "Basic ",
        "Bearer ..",
        "a.b.c",
        "1772355603",
        "e30.e30.e30",
        "=",
        ",",
        ".",
        "algorithm=",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "AAAA",
        "0000",
    ];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(prop::sample::select(TEXTS), 0..4)
            .prop_map(|texts| texts.concat().into_bytes()),
    ];
    (prop::sample::select(NAMES).prop_map(str::to_owned), value)
}

proptest! {
    #[test]
    fn what_is_signed_is_read(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for scheme in ALL {
            prop_assert_eq!(signed(*scheme, &body).check(*scheme, now(), SECRET), Ok(Checked::Read), "{}", scheme.name());
        }
    }

    #[test]
    fn every_bit_of_the_body_is_signed(
        body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        for scheme in ALL.iter().filter(|scheme| scheme.name() != "shared-secret") {
            let sent = signed(*scheme, &body);
            let changed = Sent { body: turned(&body, at, bit), ..sent };
            let refused = changed.check(*scheme, now(), SECRET);
            prop_assert!(matches!(refused, Err(Refused::Unfit { .. })), "{} {refused:?}", scheme.name());
        }
    }

    #[test]
    fn every_bit_of_the_proof_counts(
        body in prop::collection::vec(any::<u8>(), 0..50), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        for scheme in ALL {
            let sent = signed(*scheme, &body);
            for number in 0..sent.headers.len() {
                let mut changed = sent.clone();
                let value = &mut changed.headers[number].1;
                // The case of the word Bearer is nobody's proof.
                let from = if value.starts_with(b"Bearer ") { 7 } else { 0 };
                let tail = turned(&value[from..], at, bit);
                value.truncate(from);
                value.extend(tail);
                let refused = changed.check(*scheme, now(), SECRET);
                prop_assert!(refused.is_err(), "{} {changed:?}", scheme.name());
            }
        }
    }

    #[test]
    fn every_bit_of_an_address_that_is_signed_counts(at in any::<prop::sample::Index>(), bit in 0_u8..7) {
        for scheme in ALL.iter().filter(|scheme| ["twilio", "bigbluebutton"].contains(&scheme.name())) {
            let sent = signed(*scheme, b"{}");
            let Ok(url) = String::from_utf8(turned(sent.url.as_bytes(), at, bit)) else { continue };
            let refused = Sent { url, ..sent }.check(*scheme, now(), SECRET);
            prop_assert!(refused.is_err(), "{}", scheme.name());
        }
    }

    /// Nobody who does not know the secret is believed, and no message says it.
    #[test]
    fn nonsense_is_refused(
        headers in prop::collection::vec(header(), 0..4),
        body in prop::collection::vec(any::<u8>(), 0..100),
        url in "(https?://[a-z:\\[\\]]{0,5})?[/?&=#:a-z0-9é]{0,20}(\\?(checksum|bodySHA256)=[0-9a-f]{0,70})?",
        ms in any::<i64>(),
    ) {
        let sent = Sent { url, headers, body };
        for scheme in ALL {
            let refused = sent.check(*scheme, Time::from_ms(ms), SECRET).unwrap_err();
            prop_assert!(!refused.to_string().contains(SECRET), "{}", refused);
        }
    }

    /// Of a form Twilio signs what it says, and how it is written is not covered.
    #[test]
    fn a_form_that_is_believed_says_the_same(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let scheme = super::by_name("twilio").unwrap();
        let form = b"RoomSid=RM1&ParticipantIdentity=a%2Bb+c&Timestamp=2026-03-01T09%3A00%3A03.120Z";
        let text = format!("{URL}ParticipantIdentitya+b cRoomSidRM1Timestamp2026-03-01T09:00:03.120Z");
        let mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&text).finalize();
        let headers = vec![("X-Twilio-Signature".to_owned(), STANDARD.encode(mac.into_bytes()).into_bytes())];
        let sent = Sent { url: URL.to_owned(), headers, body: form.to_vec() };
        prop_assert_eq!(sent.check(scheme, now(), SECRET), Ok(Checked::Read));
        let changed = Sent { body: turned(form, at, bit), ..sent };
        if changed.check(scheme, now(), SECRET).is_ok() {
            prop_assert_eq!(crate::form::parse(&changed.body), crate::form::parse(form));
        }
    }
}

#[test]
fn a_delivery_is_believed_for_as_long_as_the_scheme_says() {
    for scheme in ALL {
        let sent = signed(*scheme, b"{}");
        let told = |ms| sent.check(*scheme, now().plus(ms), SECRET);
        let Some(holds_ms) = scheme.holds_ms() else {
            assert_eq!(told(1_000 * TOLERANCE_MS), Ok(Checked::Read), "{}", scheme.name());
            continue;
        };
        assert_eq!(told(holds_ms - 1), Ok(Checked::Read), "{}", scheme.name());
        for ms in [holds_ms + 1, 1_000 * holds_ms, Time::MAX.ms() - now().ms()] {
            let old = told(ms);
            assert!(
                matches!(old, Err(Refused::Old { .. } | Refused::RanOut { .. })),
                "{} {old:?}",
                scheme.name()
            );
        }
        for ms in [-TOLERANCE_MS - 1, -1_000 * TOLERANCE_MS, Time::MIN.ms() - now().ms()] {
            let early = told(ms);
            assert!(matches!(early, Err(Refused::Early { .. })), "{} {early:?}", scheme.name());
        }
    }
}

#[test]
fn another_secret_or_a_proof_that_is_missing_or_there_twice_is_refused() {
    for scheme in ALL {
        let sent = signed(*scheme, b"{}");
        let other = SECRET.replace("AAEC", "AAED");
        assert!(
            matches!(sent.check(*scheme, now(), &other), Err(Refused::Unfit { .. })),
            "{}",
            scheme.name()
        );
        for number in 0..sent.headers.len() {
            let mut without = sent.clone();
            without.headers.remove(number);
            let refused = without.check(*scheme, now(), SECRET);
            assert!(matches!(refused, Err(Refused::Missing { .. })), "{} {refused:?}", scheme.name());
            let mut twice = sent.clone();
            twice.headers.push(sent.headers[number].clone());
            let refused = twice.check(*scheme, now(), SECRET);
            assert!(matches!(refused, Err(Refused::Twice { .. })), "{} {refused:?}", scheme.name());
            let mut shouted = sent.clone();
            shouted.headers[number].0 = shouted.headers[number].0.to_uppercase();
            assert_eq!(shouted.check(*scheme, now(), SECRET), Ok(Checked::Read), "{}", scheme.name());
        }
    }
}

#[test]
fn schemes_have_names_of_their_own_and_feeds_name_them() {
    let names: BTreeSet<_> = ALL.iter().map(|scheme| scheme.name()).collect();
    assert_eq!(names.len(), ALL.len());
    for scheme in crate::ALL.iter().filter_map(|feed| feed.scheme()) {
        assert!(super::by_name(scheme.name()).is_some(), "{}", scheme.name());
    }
    // Nobody posts a spreadsheet, a dump or a call record by a web hook.
    let unsigned = crate::ALL.iter().filter(|feed| feed.scheme().is_none());
    let unsigned: Vec<_> = unsigned.map(|feed| feed.name()).collect();
    let wanted = [
        "cloudevents",
        "rtcstats",
        "chime-client",
        "graph-call-record",
        "fhir-encounter",
        "zoom-dashboard",
        "csv",
    ];
    assert_eq!(unsigned, wanted);
}
