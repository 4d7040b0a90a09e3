//! How Zoom signs its webhooks, and how it asks whether an address is ours.
//!
//! `x-zm-signature` is `v0=` and the HMAC-SHA256, in hexadecimal, of `v0:`, the text of
//! `x-zm-request-timestamp`, `:` and the body, under the secret token of the app
//! (`developers.zoom.us/docs/api/webhooks`, "Verify webhook events"). When an address is entered, and
//! every 72 hours, Zoom sends `endpoint.url_validation` with a text whose HMAC under the same secret it
//! wants back. It is answered only where it is signed itself: else whoever asks could have any text
//! signed, and a text of the form above is a signature.

use memchr::memmem;
use serde_json::{Value, json};

use crate::signature::{Checked, Delivery, Refused, Scheme, Secret, TOLERANCE_MS};
use crate::signature::{fits_sha256, from_hex, hex_sha256, moment, within};

/// The scheme of Zoom webhooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ZoomSignature;

const SIGNATURE: &str = "x-zm-signature";
const TIMESTAMP: &str = "x-zm-request-timestamp";
const VALIDATION: &str = "endpoint.url_validation";

/// The longest text that is given back; Zoom's have 22 characters.
const PLAIN_LIMIT: usize = 256;

impl Scheme for ZoomSignature {
    fn name(&self) -> &'static str {
        "zoom"
    }

    fn secret(&self) -> &'static str {
        "the Secret Token of the app (not its client secret)"
    }

    fn proof(&self) -> &'static str {
        "x-zm-signature: HMAC-SHA256 of x-zm-request-timestamp and the body; endpoint.url_validation is answered"
    }

    fn open(&self) -> &'static str {
        "the address: a delivery to one hook fits another with the same secret"
    }

    fn holds_ms(&self) -> Option<i64> {
        Some(TOLERANCE_MS)
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let (signature, timestamp) = (delivery.header(SIGNATURE)?, delivery.header(TIMESTAMP)?);
        let want = "v0= and 64 hexadecimal digits";
        let signature = signature.strip_prefix("v0=").and_then(from_hex);
        let signature = signature.ok_or(Refused::Form { place: SIGNATURE, want })?;
        let signed = moment(timestamp, TIMESTAMP)?;
        let parts = [b"v0:", timestamp.as_bytes(), b":", delivery.body];
        if !fits_sha256(secret.bytes(), &parts, &signature) {
            return Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        }
        within(signed, delivery.at)?;
        match validation(delivery.body) {
            Some(document) => answer(&document, secret),
            None => Ok(Checked::Read),
        }
    }
}

/// The document, if it asks whether the address is ours.
fn validation(body: &[u8]) -> Option<Value> {
    memmem::find(body, VALIDATION.as_bytes())?;
    let document: Value = serde_json::from_slice(body).ok()?;
    (document.get("event")? == VALIDATION).then_some(document)
}

fn answer(document: &Value, secret: &Secret) -> Result<Checked, Refused> {
    let plain = document.pointer("/payload/plainToken").and_then(Value::as_str);
    // What begins so could be a signature of something else.
    let plain = plain.filter(|text| text.len() <= PLAIN_LIMIT && !text.starts_with("v0:"));
    let encrypted = plain.and_then(|text| hex_sha256(secret.bytes(), text.as_bytes()));
    let want = "a text of at most 256 bytes that is no signature";
    let encrypted = encrypted.ok_or(Refused::Form { place: "/payload/plainToken", want })?;
    let body = json!({ "plainToken": plain, "encryptedToken": encrypted }).to_string();
    Ok(Checked::Answer { content_type: "application/json", body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial::{check, sign};

    const SECRET: &str = "example-secret-token";
    const AT: i64 = 1_772_355_603;
    const BODY: &str = r#"{"event":"meeting.ended","event_ts":1772355603120,"payload":{"account_id":"acc","object":{"uuid":"m=="}}}"#;

    fn with(signature: &str, timestamp: &str, body: &str, at_s: i64) -> Result<Checked, Refused> {
        let headers = [("X-Zm-Signature", signature), ("X-Zm-Request-Timestamp", timestamp)];
        check(
            &ZoomSignature,
            "https://a.example/v1/hooks/zoom-webhook",
            &headers,
            body.as_bytes(),
            at_s,
            SECRET,
        )
    }

    fn signed(body: &str, timestamp: &str) -> String {
        let text = format!("v0:{timestamp}:{body}");
        format!("v0={}", crate::signature::hex(&sign(text.as_bytes(), SECRET.as_bytes())))
    }

    /// Computed with Python's hmac.
    #[test]
    fn what_is_signed_with_the_secret_is_read() {
        let signature = "v0=66e1350e32743ed75832c87c725e39169ceb1a2490113d723d52ae711a8beacb";
        assert_eq!(with(signature, "1772355603", BODY, AT + 2), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        assert_eq!(with(signature, "1772355604", BODY, AT + 2), unfit);
        assert_eq!(with(signature, "1772355603", &BODY.replace("acc", "adc"), AT + 2), unfit);
        let old = with(signature, "1772355603", BODY, AT + 400);
        assert_eq!(old, Err(Refused::Old { by_s: 400, most_s: 300 }));
        assert_eq!(
            with(signature, "1772355603", BODY, AT - 301),
            Err(Refused::Early { by_s: 301, most_s: 300 })
        );
    }

    /// The body and the plain token are of Zoom's documentation; computed with Python's hmac.
    #[test]
    fn the_question_whether_the_address_is_ours_is_answered() {
        let body = r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#;
        let signature = "v0=a9161a3ccf5aa04d84f616ea29288750ef3c6294ce7a4d38e59643d18ea9591d";
        let answer = r#"{"encryptedToken":"d6524a16d1abf22b3d0b2b9d9a57d933752fb3d8f40ee5e7a406fcc5a8e5cb34","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}"#;
        assert_eq!(
            with(signature, "1654503849", body, 1_654_503_850),
            Ok(Checked::Answer { content_type: "application/json", body: answer.to_owned() })
        );
    }

    /// The answer to a token that somebody chose could be a signature that they need.
    #[test]
    fn a_question_that_is_not_signed_is_not_answered() {
        let body = r#"{"payload":{"plainToken":"v0:1772355603:{}"},"event":"endpoint.url_validation"}"#;
        let url = "https://a.example/v1/hooks/zoom-webhook";
        let bare = check(&ZoomSignature, url, &[], body.as_bytes(), AT, SECRET);
        assert_eq!(bare, Err(Refused::Missing { place: SIGNATURE }));
        assert!(matches!(
            with(&format!("v0={}", "0".repeat(64)), "1772355603", body, AT),
            Err(Refused::Unfit { .. })
        ));
        let refused = with(&signed(body, "1772355603"), "1772355603", body, AT);
        assert!(matches!(refused, Err(Refused::Form { place: "/payload/plainToken", .. })), "{refused:?}");
    }

    #[test]
    fn an_event_that_only_mentions_the_question_is_read() {
        for body in [
            r#"{"event":"meeting.ended","payload":{"object":{"topic":"endpoint.url_validation"}}}"#,
            r#"endpoint.url_validation"#,
            r#"["endpoint.url_validation"]"#,
        ] {
            assert_eq!(
                with(&signed(body, "1772355603"), "1772355603", body, AT),
                Ok(Checked::Read),
                "{body}"
            );
        }
        for body in [
            r#"{"event":"endpoint.url_validation"}"#.to_owned(),
            r#"{"event":"endpoint.url_validation","payload":{"plainToken":5}}"#.to_owned(),
            format!(
                r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":"{}"}}}}"#,
                "x".repeat(257)
            ),
        ] {
            let refused = with(&signed(&body, "1772355603"), "1772355603", &body, AT);
            assert!(matches!(refused, Err(Refused::Form { .. })), "{body}");
        }
    }

    #[test]
    fn signatures_of_another_form_are_refused() {
        let digits = "0".repeat(64);
        for wrong in [
            "",
            "v0",
            "v0=",
            "v0=xyz",
            "v1=00",
            &digits,
            &format!("V0={digits}"),
            &format!("v0={}", "F".repeat(64)),
        ] {
            assert!(with(wrong, "1772355603", BODY, AT).is_err(), "{wrong}");
        }
        let refused = with(&format!("v0={digits}"), "soon", BODY, AT).unwrap_err().to_string();
        assert_eq!(
            refused,
            "x-zm-request-timestamp has the wrong form: it should be seconds since 1970, in digits"
        );
    }
}
