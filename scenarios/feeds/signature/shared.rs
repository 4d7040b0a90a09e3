//! A secret that is sent along: for vendors that sign nothing, and for programs of one's own.
//!
//! Amazon EventBridge calls an API destination by a connection, which sends an API key in a header or
//! user name and password (`docs.aws.amazon.com/eventbridge`, "Connections for API targets");
//! BigBlueButton with `auth2_0` and many others send `Authorization: Bearer`. What is sent along proves
//! who sends, as long as nobody else has seen it: it covers neither the body nor the time. An address
//! that is not HTTPS gives it away.

use super::delivery::AUTHORIZATION;
use super::{Checked, Delivery, Refused, Scheme, Secret, SecretError, from_base64, same};

/// The scheme of a secret that is sent along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedSecret;

const API_KEY: &str = "X-Api-Key";

/// The shortest secret, in bytes: people choose this one themselves, and everybody may guess at it.
const LEAST: usize = 16;

impl Scheme for SharedSecret {
    fn name(&self) -> &'static str {
        "shared-secret"
    }

    fn secret(&self) -> &'static str {
        "any text that both sides know, of 16 bytes at least and drawn at random; for Basic it is user:password"
    }

    fn proof(&self) -> &'static str {
        "the secret itself, in the header X-Api-Key, or as Authorization: Bearer or Basic; it says who sends"
    }

    fn open(&self) -> &'static str {
        "body and time are not covered; whoever sees one delivery can write others: HTTPS only"
    }

    fn holds_ms(&self) -> Option<i64> {
        None
    }

    fn usable(&self, secret: &Secret) -> Result<(), SecretError> {
        match secret.bytes().len() {
            bytes if bytes < LEAST => Err(SecretError::Short { bytes, least: LEAST }),
            _ => Ok(()),
        }
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        self.usable(secret)?;
        // A proxy in between may have an Authorization of its own; nobody adds an API key by chance.
        let (place, fits) = if let Some(key) = delivery.optional(API_KEY)? {
            (API_KEY, same(key.as_bytes(), secret.bytes()))
        } else if let Some(token) = delivery.authorization("Bearer")? {
            (AUTHORIZATION, same(token.as_bytes(), secret.bytes()))
        } else if let Some(credentials) = delivery.authorization("Basic")? {
            let want = "Basic and user:password in base64";
            let credentials = from_base64(credentials).ok_or(Refused::Form { place: AUTHORIZATION, want })?;
            (AUTHORIZATION, same(&credentials, secret.bytes()))
        } else if delivery.optional(AUTHORIZATION)?.is_some() {
            return Err(Refused::Form { place: AUTHORIZATION, want: "Bearer or Basic, and the secret" });
        } else {
            return Err(Refused::Missing { place: "X-Api-Key or Authorization" });
        };
        if fits { Ok(Checked::Read) } else { Err(Refused::Unfit { place, signed: "it" }) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::check;
    use super::*;

    fn with(headers: &[(&str, &str)], secret: &str) -> Result<Checked, Refused> {
        check(&SharedSecret, "https://a.example/h", headers, b"{}", 0, secret)
    }

    const SECRET: &str = "correct-horse-battery";

    /// Encoded with Python's base64.
    #[test]
    fn the_secret_is_a_key_a_bearer_token_or_user_and_password() {
        assert_eq!(with(&[("x-api-key", SECRET)], SECRET), Ok(Checked::Read));
        assert_eq!(with(&[("authorization", "Bearer correct-horse-battery")], SECRET), Ok(Checked::Read));
        let basic = [("Authorization", "Basic ZXZlbmZpZWxkOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==")];
        assert_eq!(with(&basic, "evenfield:correct-horse-battery"), Ok(Checked::Read));
        assert!(with(&basic, SECRET).is_err());
    }

    #[test]
    fn another_secret_is_refused_and_the_api_key_decides() {
        let unfit = |place| Err(Refused::Unfit { place, signed: "it" });
        let bearer = ("authorization", "Bearer correct-horse-battery");
        assert_eq!(with(&[("x-api-key", "")], SECRET), unfit(API_KEY));
        assert_eq!(with(&[("x-api-key", &SECRET[1..])], SECRET), unfit(API_KEY));
        assert_eq!(with(&[bearer], "Correct-horse-battery"), unfit(AUTHORIZATION));
        assert_eq!(with(&[("x-api-key", "no"), bearer], SECRET), unfit(API_KEY));
        assert_eq!(with(&[], SECRET), Err(Refused::Missing { place: "X-Api-Key or Authorization" }));
        for wrong in [SECRET, "Bearer", "Basic ?", "Digest correct-horse-battery"] {
            let refused = with(&[("authorization", wrong)], SECRET);
            assert!(matches!(refused, Err(Refused::Form { .. })), "{wrong}: {refused:?}");
        }
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_told_when_it_is_configured() {
        let error = SharedSecret.usable(&Secret::new("correct horse").unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret has 13 bytes, which can be guessed; make it at least 16, drawn at random"
        );
        assert_eq!(with(&[("x-api-key", "correct horse")], "correct horse"), Err(Refused::Secret(error)));
    }
}
