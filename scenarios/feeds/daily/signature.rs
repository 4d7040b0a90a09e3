//! How Daily signs its webhooks.
//!
//! `X-Webhook-Signature` is the HMAC-SHA256, in base64, of the text of `X-Webhook-Timestamp`, `.` and
//! the body; the key is the `hmac` of the webhook, decoded from base64
//! (`docs.daily.co/reference/rest-api/webhooks`). While a webhook is being created Daily posts
//! `{"test":"test"}` and wants the status 200, when nobody here can know the secret yet: that one body
//! tells nothing and is answered whoever sends it.

use serde_json::{Value, json};

use crate::signature::{Checked, Delivery, Refused, Scheme, Secret, SecretError, TOLERANCE_MS};
use crate::signature::{fits_sha256, from_base64, moment, within};

/// The scheme of Daily webhooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DailySignature;

const SIGNATURE: &str = "X-Webhook-Signature";
const TIMESTAMP: &str = "X-Webhook-Timestamp";

/// The longest body that may be the one of a test.
const TEST_LIMIT: usize = 64;

impl Scheme for DailySignature {
    fn name(&self) -> &'static str {
        "daily"
    }

    fn secret(&self) -> &'static str {
        "the hmac of the webhook (base64), which creating it gives or takes"
    }

    fn proof(&self) -> &'static str {
        "X-Webhook-Signature: HMAC-SHA256 of X-Webhook-Timestamp and the body; the test that comes before a webhook is created is answered"
    }

    fn open(&self) -> &'static str {
        "the address: a delivery to one hook fits another with the same secret; the test is answered to everybody"
    }

    fn holds_ms(&self) -> Option<i64> {
        Some(TOLERANCE_MS)
    }

    fn usable(&self, secret: &Secret) -> Result<(), SecretError> {
        key(secret).map(|_| ())
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let key = key(secret)?;
        if is_test(delivery.body) {
            return Ok(Checked::Answer { content_type: "text/plain", body: String::new() });
        }
        let (signature, timestamp) = (delivery.header(SIGNATURE)?, delivery.header(TIMESTAMP)?);
        let signature = from_base64(signature);
        let signature = signature.ok_or(Refused::Form { place: SIGNATURE, want: "a signature in base64" })?;
        let signed = moment(timestamp, TIMESTAMP)?;
        let parts = [timestamp.as_bytes(), b".", delivery.body];
        if !fits_sha256(&key, &parts, &signature) {
            return Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        }
        within(signed, delivery.at)?;
        Ok(Checked::Read)
    }
}

fn key(secret: &Secret) -> Result<Vec<u8>, SecretError> {
    from_base64(secret.text()).ok_or(SecretError::Form { want: "base64" })
}

fn is_test(body: &[u8]) -> bool {
    body.len() <= TEST_LIMIT
        && serde_json::from_slice::<Value>(body).is_ok_and(|value| value == json!({ "test": "test" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial::check;

    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    /// Computed with Python's hmac.
    const FITS: &str = "GsulYOALtalxv3Uwlpq/GFcg3+PeJz3P6GRuBz++lyI=";
    const AT: i64 = 1_772_355_603;
    const BODY: &str = r#"{"version":"1.0.0","type":"participant.left","id":"p-1","payload":{"room":"r"},"event_ts":1772355603.12}"#;

    fn with(signature: &str, timestamp: &str, body: &str, at_s: i64) -> Result<Checked, Refused> {
        let headers = [("x-webhook-signature", signature), ("x-webhook-timestamp", timestamp)];
        check(&DailySignature, "https://a.example/h", &headers, body.as_bytes(), at_s, SECRET)
    }

    #[test]
    fn what_is_signed_with_the_secret_is_read() {
        assert_eq!(with(FITS, "1772355603", BODY, AT + 2), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        assert_eq!(with(FITS, "1772355604", BODY, AT + 2), unfit);
        assert_eq!(with(FITS, "1772355603", &BODY.replace("p-1", "p-2"), AT + 2), unfit);
        assert_eq!(with(FITS, "1772355603", BODY, AT + 600), Err(Refused::Old { by_s: 600, most_s: 300 }));
        assert_eq!(with(FITS, "1772355603", BODY, AT - 600), Err(Refused::Early { by_s: 600, most_s: 300 }));
        assert!(matches!(with("?", "1772355603", BODY, AT), Err(Refused::Form { place: SIGNATURE, .. })));
        assert!(matches!(with(FITS, "", BODY, AT), Err(Refused::Form { place: TIMESTAMP, .. })));
    }

    #[test]
    fn the_test_before_a_webhook_is_created_is_answered() {
        let url = "https://a.example/h";
        let unsigned = |body: &str| check(&DailySignature, url, &[], body.as_bytes(), AT, SECRET);
        for body in [r#"{"test":"test"}"#, r#"{ "test": "test" }"#] {
            assert!(matches!(unsigned(body), Ok(Checked::Answer { body, .. }) if body.is_empty()), "{body}");
        }
        for body in ["", "{}", r#"{"test":1}"#, r#"{"test":"test","type":"participant.left"}"#] {
            assert_eq!(unsigned(body), Err(Refused::Missing { place: SIGNATURE }), "{body}");
        }
    }

    #[test]
    fn a_secret_that_is_not_base64_is_told_when_it_is_configured() {
        let secret = Secret::new("not base64").unwrap();
        let error = DailySignature.usable(&secret).unwrap_err();
        assert_eq!(error.to_string(), "the secret should be base64; copy it as the vendor shows it");
        let refused = check(&DailySignature, "", &[], BODY.as_bytes(), AT, "not base64");
        assert_eq!(refused, Err(Refused::Secret(error)));
        assert_eq!(DailySignature.usable(&Secret::new(SECRET).unwrap()), Ok(()));
    }
}
