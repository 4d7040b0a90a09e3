//! How Vonage signs the callbacks of its Video API: a token in `Authorization` that carries the hash of
//! the body.
//!
//! With a signature secret, callbacks carry `Authorization: Bearer` and a token (JWT, `HS256`) whose
//! claim `payload_hash` is the SHA-256 of the body in hexadecimal and whose claim `iat` says when it
//! was signed (`developer.vonage.com/en/video/guides/secure-callbacks` and
//! `.../getting-started/concepts/webhooks`). Both are wanted here: without the hash a token would fit
//! any body. Callbacks of projects without a secret are not signed, and when signing fails Vonage may
//! send one unsigned; one of the statuses 5xx makes it try again.

use sha2::{Digest, Sha256};

use crate::signature::{AUTHORIZATION, hex, same, within};
use crate::signature::{Checked, Delivery, Refused, Scheme, Secret, TOLERANCE_MS, Token};

/// The scheme of Vonage callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VonageToken;

impl Scheme for VonageToken {
    fn name(&self) -> &'static str {
        "vonage"
    }

    fn secret(&self) -> &'static str {
        "the signature secret that is set beside the callback's address, in the project or application"
    }

    fn proof(&self) -> &'static str {
        "Authorization: Bearer and a token (HS256) with the time and the SHA-256 of the body"
    }

    fn open(&self) -> &'static str {
        "the address: a delivery to one hook fits another with the same secret; api_key and application_id are not compared"
    }

    fn holds_ms(&self) -> Option<i64> {
        Some(TOLERANCE_MS)
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let wrong = |want| Refused::Form { place: AUTHORIZATION, want };
        let token = match delivery.authorization("Bearer")? {
            Some(token) => token,
            None => {
                delivery.header(AUTHORIZATION)?;
                return Err(wrong("Bearer and a token"));
            }
        };
        let token = Token::verified(token, secret, AUTHORIZATION)?;
        let hash = token.text("payload_hash").ok_or(wrong("a token with the claim payload_hash"))?;
        if !same(hash.as_bytes(), hex(&Sha256::digest(delivery.body)).as_bytes()) {
            return Err(Refused::Unfit { place: "the claim payload_hash", signed: "the body" });
        }
        let signed = token.moment("iat")?.ok_or(wrong("a token with the claim iat"))?;
        within(signed, delivery.at)?;
        token.holds(delivery.at, TOLERANCE_MS)?;
        Ok(Checked::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial::{self, check};

    const SECRET: &str = "an-example-of-a-signature-secret-01";
    const AT: i64 = 1_772_355_603;
    const BODY: &str = r#"{"sessionId":"s","projectId":"1","event":"connectionDestroyed","timestamp":1772355603120,"reason":"networkDisconnected","connection":{"id":"c"}}"#;
    const HASH: &str = "f43af4ec9734415a0aa29d91dff6c9a7b62f43123c29bc6eb8108a6a9c2d46ab";

    fn with(authorization: &str, body: &str, at_s: i64) -> Result<Checked, Refused> {
        let headers = [("authorization", authorization)];
        check(&VonageToken, "https://a.example/h", &headers, body.as_bytes(), at_s, SECRET)
    }

    fn claiming(claims: &str) -> Result<Checked, Refused> {
        let token = trial::token(r#"{"alg":"HS256","typ":"JWT"}"#, claims, SECRET);
        with(&format!("Bearer {token}"), BODY, AT)
    }

    /// Computed with PyJWT 2, of the claims iat, jti, iss, payload_hash, api_key and application_id.
    const TOKEN: &str = concat!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
        "eyJpYXQiOjE3NzIzNTU2MDMsImp0aSI6IjBiN2EyYzVlIiwiaXNzIjoiVm9uYWdlIiwicGF5bG9hZF9oYXNoIjoiZjQzYWY0ZWM5NzM0NDE1YTBhYTI5ZDkxZGZmNmM5YTdiNjJmNDMxMjNjMjliYzZlYjgxMDhhNmE5YzJkNDZhYiIsImFwaV9rZXkiOiJhYmNkMTIzNCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYSJ9.",
        "Fbiq3i7vboBKn8RlAqb2kGLeyWCitilaadzoSL3TpEM"
    );

    #[test]
    fn what_is_signed_with_the_secret_is_read() {
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(with(&bearer, BODY, AT + 2), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: "the claim payload_hash", signed: "the body" });
        assert_eq!(with(&bearer, &BODY.replace("networkD", "clientD"), AT + 2), unfit);
        assert_eq!(with(&bearer, BODY, AT + 301), Err(Refused::Old { by_s: 301, most_s: 300 }));
        assert_eq!(with(&bearer, BODY, AT - 301), Err(Refused::Early { by_s: 301, most_s: 300 }));
        assert!(
            check(&VonageToken, "", &[("authorization", &bearer)], BODY.as_bytes(), AT, "another").is_err()
        );
    }

    #[test]
    fn a_token_without_the_hash_of_the_body_or_the_time_is_refused() {
        let (hash, iat) = (format!(r#""payload_hash":"{HASH}""#), format!(r#""iat":{AT}"#));
        assert_eq!(claiming(&format!("{{{hash},{iat}}}")), Ok(Checked::Read));
        for claims in [format!("{{{hash}}}"), format!("{{{iat}}}"), format!(r#"{{{hash},"iat":"now"}}"#)] {
            assert!(matches!(claiming(&claims), Err(Refused::Form { .. })), "{claims}");
        }
        let ran_out = format!(r#"{{{hash},{iat},"exp":{}}}"#, AT - 301);
        assert_eq!(claiming(&ran_out), Err(Refused::RanOut { by_s: 301, most_s: 300 }));
    }

    #[test]
    fn a_callback_that_is_not_signed_is_refused() {
        let bare = check(&VonageToken, "", &[], BODY.as_bytes(), AT, SECRET);
        assert_eq!(bare, Err(Refused::Missing { place: AUTHORIZATION }));
        for wrong in [TOKEN, "Bearer", "Basic YTpi"] {
            assert!(matches!(with(wrong, BODY, AT), Err(Refused::Form { .. })), "{wrong}");
        }
    }
}
