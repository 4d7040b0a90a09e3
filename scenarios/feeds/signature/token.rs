//! JSON Web Tokens that are signed with HMAC-SHA256 (RFC 7515, RFC 7519, `HS256`), which LiveKit and
//! Vonage send.
//!
//! A few lines over what is here anyway: the crates for tokens bring every algorithm with them, and
//! that a token may choose its algorithm is what most of their faults were about. Here it may not: a
//! token of another algorithm, of none, or with a header that must be understood (`crit`) is refused. A
//! claim that is there twice counts by its last value, whose right was signed.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use event::Time;
use serde_json::{Map, Value};

use super::moment::{numeric, seconds};
use super::{Refused, Secret, fits_sha256};

/// The claims of a token whose signature fits.
pub(crate) struct Token {
    claims: Map<String, Value>,
    place: &'static str,
}

impl Token {
    /// The token that `text` is, signed with `secret`; `place` says where it stood.
    pub(crate) fn verified(text: &str, secret: &Secret, place: &'static str) -> Result<Self, Refused> {
        let form = Refused::Form { place, want: "a token of three parts in base64, signed as HS256" };
        let (signed, signature) = text.rsplit_once('.').ok_or(form)?;
        let (header, claims) = signed.split_once('.').ok_or(form)?;
        let header = object(header).ok_or(form)?;
        if header.get("alg").and_then(Value::as_str) != Some("HS256") || header.contains_key("crit") {
            return Err(form);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| form)?;
        if !fits_sha256(secret.bytes(), &[signed.as_bytes()], &signature) {
            return Err(Refused::Unfit { place, signed: "the token" });
        }
        Ok(Self { claims: object(claims).ok_or(form)?, place })
    }

    /// The text that a claim is, if it is there and is one.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// The moment that a claim tells, if it is there.
    pub(crate) fn moment(&self, claim: &str) -> Result<Option<Time>, Refused> {
        let Some(value) = self.claims.get(claim) else { return Ok(None) };
        let want = "a token whose times are seconds since 1970";
        let moment = value.as_f64().and_then(numeric);
        moment.map(Some).ok_or(Refused::Form { place: self.place, want })
    }

    /// Refuses a token that has run out at `at`, or does not hold yet; the clocks may differ by `leeway_ms`.
    pub(crate) fn holds(&self, at: Time, leeway_ms: i64) -> Result<(), Refused> {
        let most_s = leeway_ms / 1000;
        if let Some(end) = self.moment("exp")?
            && at.since(end) >= leeway_ms
        {
            return Err(Refused::RanOut { by_s: seconds(at.since(end)), most_s });
        }
        if let Some(begin) = self.moment("nbf")?
            && begin.since(at) > leeway_ms
        {
            return Err(Refused::Early { by_s: seconds(begin.since(at)), most_s });
        }
        Ok(())
    }
}

/// The object that a part of a token is.
fn object(part: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&json).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    const PLACE: &str = "Authorization";

    fn verified(text: &str) -> Result<Token, Refused> {
        Token::verified(text, &Secret::new("a secret").unwrap(), PLACE)
    }

    fn holds(claims: &str, at_s: i64) -> Result<(), Refused> {
        let token = verified(&trial::token(r#"{"alg":"HS256"}"#, claims, "a secret"))
            .unwrap_or_else(|e| panic!("{e}"));
        token.holds(Time::from_ms(at_s * 1000), 60_000)
    }

    /// Whether a forged header is signed as it says makes no difference: it is refused before that.
    #[test]
    fn the_token_does_not_choose_how_it_is_checked() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"typ":"JWT"}"#,
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","alg":"none"}"#,
            r#"["HS256"]"#,
            "",
        ] {
            let token = trial::token(header, "{}", "a secret");
            assert!(matches!(verified(&token), Err(Refused::Form { .. })), "{header}");
        }
        assert!(verified(&trial::token(r#"{"typ":"JWT","alg":"HS256"}"#, "{}", "a secret")).is_ok());
        let other = trial::token(r#"{"alg":"HS256"}"#, "{}", "another secret");
        assert_eq!(verified(&other).err(), Some(Refused::Unfit { place: PLACE, signed: "the token" }));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let token = trial::token(r#"{"alg":"HS256"}"#, "{}", "a secret");
        let (signed, _) = token.rsplit_once('.').unwrap();
        for wrong in [
            "",
            ".",
            "..",
            "a.b.c",
            signed,
            &format!("{signed}."),
            &format!("{token}="),
            &format!("{token}.x"),
        ] {
            assert!(verified(wrong).is_err(), "{wrong}");
        }
        let list = trial::token(r#"{"alg":"HS256"}"#, "[]", "a secret");
        assert!(matches!(verified(&list), Err(Refused::Form { .. })));
    }

    #[test]
    fn a_token_holds_from_one_moment_to_another() {
        assert_eq!(holds(r#"{"nbf":1000,"exp":2000}"#, 1500), Ok(()));
        assert_eq!(holds(r#"{"nbf":1000,"exp":2000}"#, 940), Ok(()));
        assert_eq!(holds(r#"{"nbf":1000}"#, 939), Err(Refused::Early { by_s: 61, most_s: 60 }));
        assert_eq!(holds(r#"{"exp":2000.5}"#, 2059), Ok(()));
        assert_eq!(holds(r#"{"exp":2000}"#, 2060), Err(Refused::RanOut { by_s: 60, most_s: 60 }));
        assert_eq!(holds("{}", 0), Ok(()));
        for wrong in
            [r#"{"exp":"2000"}"#, r#"{"exp":null}"#, r#"{"exp":-1}"#, r#"{"nbf":1e300}"#, r#"{"nbf":[1]}"#]
        {
            assert!(matches!(holds(wrong, 1500), Err(Refused::Form { .. })), "{wrong}");
        }
    }
}
