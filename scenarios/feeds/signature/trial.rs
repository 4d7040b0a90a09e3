//! What the tests of schemes share: a delivery in one line, and tokens.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD as STANDARD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use event::Time;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{Checked, Delivery, Refused, Scheme, Secret};

/// What `scheme` says to a delivery that comes `at_s` seconds after 1970.
pub(crate) fn check(
    scheme: &dyn Scheme,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    at_s: i64,
    secret: &str,
) -> Result<Checked, Refused> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let delivery = Delivery { url, headers: &headers, body, at: Time::from_ms(at_s * 1000) };
    scheme.check(&delivery, &Secret::new(secret).unwrap())
}

/// The HMAC-SHA256 of `text`.
pub(crate) fn sign(text: &[u8], key: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

/// The same in base64.
pub(crate) fn sign_base64(text: &[u8], key: &[u8]) -> String {
    STANDARD.encode(sign(text, key))
}

/// A token with these parts, signed as HS256 whatever its header says.
pub(crate) fn token(header: &str, claims: &str, secret: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes(), secret.as_bytes()));
    format!("{signed}.{signature}")
}
