//! How LiveKit signs its webhooks: a token in `Authorization` that carries the hash of the body.
//!
//! The token (JWT, `HS256`) is signed with the secret of the API key that the server is told to use for
//! webhooks; its claim `sha256` is the SHA-256 of the body in base64, and it holds for five minutes
//! (`github.com/livekit/protocol`, webhook/url_notifier.go and verifier.go; a minute of leeway, as
//! there). The same secret signs the tokens that let people into rooms, so that everybody who was in a
//! call has one: without the claim `sha256` a token proves nothing here.

use crate::signature::{AUTHORIZATION, base64_sha256, same};
use crate::signature::{Checked, Delivery, Refused, Scheme, Secret, Token};

/// The scheme of LiveKit webhooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveKitToken;

/// How long LiveKit has its tokens hold, in milliseconds.
const VALID_MS: i64 = 300_000;
/// How much the clocks may differ, in milliseconds.
const LEEWAY_MS: i64 = 60_000;

impl Scheme for LiveKitToken {
    fn name(&self) -> &'static str {
        "livekit"
    }

    fn secret(&self) -> &'static str {
        "the secret of the API key that signs webhooks (webhook.api_key of the server)"
    }

    fn proof(&self) -> &'static str {
        "Authorization: a token (HS256) with the SHA-256 of the body, which holds for five minutes"
    }

    fn open(&self) -> &'static str {
        "the address: a delivery to one hook fits another with the same secret; the name of the API key (iss) is not compared"
    }

    fn holds_ms(&self) -> Option<i64> {
        Some(VALID_MS + LEEWAY_MS)
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        // LiveKit sends the token bare.
        let token = match delivery.authorization("Bearer")? {
            Some(token) => token,
            None => delivery.header(AUTHORIZATION)?,
        };
        let token = Token::verified(token, secret, AUTHORIZATION)?;
        let wrong = |want| Refused::Form { place: AUTHORIZATION, want };
        let hash = token.text("sha256").ok_or(wrong("a token of a webhook, with the claim sha256"))?;
        if !same(hash.as_bytes(), base64_sha256(delivery.body).as_bytes()) {
            return Err(Refused::Unfit { place: "the claim sha256", signed: "the body" });
        }
        token.moment("exp")?.ok_or(wrong("a token that runs out, with the claim exp"))?;
        token.holds(delivery.at, LEEWAY_MS)?;
        Ok(Checked::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial::{self, check};

    const SECRET: &str = "an-example-of-a-secret-of-livekit-1";
    const AT: i64 = 1_772_355_603;
    const BODY: &str =
        r#"{"event":"room_finished","room":{"sid":"RM_1","name":"r"},"id":"EV_1","createdAt":"1772355603"}"#;
    const HASH: &str = "7fCLwaWrpvgB0j/+yjD/O+C4ptJ5zKjwfQ4yBtCvBRg=";

    fn with(token: &str, body: &str, at_s: i64) -> Result<Checked, Refused> {
        let headers = [("Authorization", token)];
        check(&LiveKitToken, "https://a.example/h", &headers, body.as_bytes(), at_s, SECRET)
    }

    fn claiming(claims: &str) -> Result<Checked, Refused> {
        with(&trial::token(r#"{"alg":"HS256","typ":"JWT"}"#, claims, SECRET), BODY, AT)
    }

    /// Computed with PyJWT 2, of the claims exp, iss, nbf and sha256.
    const TOKEN: &str = concat!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
        "eyJleHAiOjE3NzIzNTU5MDMsImlzcyI6IkFQSWV4YW1wbGUiLCJuYmYiOjE3NzIzNTU2MDMsInNoYTI1NiI6IjdmQ0x3YVdycHZnQjBqLyt5akQvTytDNHB0SjV6S2p3ZlE0eUJ0Q3ZCUmc9In0.",
        "-9aFJSl84bfVowm9VVNAO2laAmV9ddgYuFesMp4jclk"
    );

    #[test]
    fn what_is_signed_with_the_secret_is_read() {
        assert_eq!(with(TOKEN, BODY, AT + 2), Ok(Checked::Read));
        assert_eq!(with(&format!("Bearer {TOKEN}"), BODY, AT + 2), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: "the claim sha256", signed: "the body" });
        assert_eq!(with(TOKEN, &BODY.replace("RM_1", "RM_2"), AT + 2), unfit);
        assert_eq!(with(TOKEN, BODY, AT + 359), Ok(Checked::Read));
        assert_eq!(with(TOKEN, BODY, AT + 400), Err(Refused::RanOut { by_s: 100, most_s: 60 }));
        assert_eq!(with(TOKEN, BODY, AT - 61), Err(Refused::Early { by_s: 61, most_s: 60 }));
        assert!(
            check(&LiveKitToken, "", &[("Authorization", TOKEN)], BODY.as_bytes(), AT, "another").is_err()
        );
    }

    /// Computed with PyJWT 2. Everybody who was in a room has such a token.
    #[test]
    fn a_token_that_lets_somebody_into_a_room_signs_no_webhook() {
        let token = concat!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
            "eyJleHAiOjE3NzIzNTU5MDMsImlzcyI6IkFQSWV4YW1wbGUiLCJuYmYiOjE3NzIzNTU2MDMsInN1YiI6InAiLCJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6InIifX0.",
            "HKGm19abRen4N9WJ5plul5_2FNXM3nk8VDseWWxRGJ0"
        );
        assert!(matches!(with(token, BODY, AT), Err(Refused::Form { .. })));
        assert!(matches!(with(token, "", AT), Err(Refused::Form { .. })));
    }

    /// Computed with PyJWT 2, with the right secret and the claims that are right.
    #[test]
    fn a_token_of_another_algorithm_or_of_none_is_refused() {
        let (_, rest) = TOKEN.split_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        let hs512 = format!(
            "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.{claims}.ko7EyovcLhFhBBJhmpCvePCe_2Vm4YhBY-5t13wZHfyLY2ctk0JEmeuf9kjxHRmH45qEJeUsDIko6kzIpzQ4hg"
        );
        for token in [none, hs512] {
            assert!(matches!(with(&token, BODY, AT), Err(Refused::Form { .. })), "{token}");
        }
    }

    #[test]
    fn a_token_that_never_runs_out_is_refused() {
        let sha256 = format!(r#""sha256":"{HASH}""#);
        assert_eq!(claiming(&format!(r#"{{{sha256},"exp":{AT}}}"#)), Ok(Checked::Read));
        for claims in
            [format!("{{{sha256}}}"), format!(r#"{{{sha256},"exp":null}}"#), r#"{"sha256":5}"#.to_owned()]
        {
            assert!(matches!(claiming(&claims), Err(Refused::Form { .. })), "{claims}");
        }
        assert_eq!(
            with("", BODY, AT).unwrap_err().to_string(),
            "Authorization has the wrong form: it should be a token of three parts in base64, signed as HS256"
        );
    }
}
