//! How Twilio signs its requests.
//!
//! `X-Twilio-Signature` is the HMAC-SHA1, in base64, of the address and, of a form, every name with its
//! value, in the order of the names; what is no form has its SHA-256 in the address, as `bodySHA256`
//! (`www.twilio.com/docs/usage/webhooks/webhooks-security`). With a shared key of one's own the header
//! `X-Twilio-Webhooks-Signature-Settings` names the algorithm (`.../webhook-shared-keys`). Twilio's own
//! libraries try the address with and without the usual port, since either may have been signed; so
//! does this.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::form;
use crate::signature::{Checked, Delivery, Refused, Scheme, Secret};
use crate::signature::{fits_sha1, fits_sha256, from_base64, hex, same};

/// The scheme of Twilio's callbacks and event streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TwilioSignature;

const SIGNATURE: &str = "X-Twilio-Signature";
const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";
const BODY_HASH: &str = "bodySHA256 in the address";

impl Scheme for TwilioSignature {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn secret(&self) -> &'static str {
        "the auth token of the account, or the shared key that a webhook rule names"
    }

    fn proof(&self) -> &'static str {
        "X-Twilio-Signature: HMAC-SHA1 (HMAC-SHA256 with a shared key) of the public address and the form, or of the address with the hash of the body"
    }

    fn open(&self) -> &'static str {
        "time; of a form, where the address, a name and a value end: whoever saw one delivery could cut it anew"
    }

    fn holds_ms(&self) -> Option<i64> {
        None
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let want = "a signature in base64";
        let signature = from_base64(delivery.header(SIGNATURE)?);
        let signature = signature.ok_or(Refused::Form { place: SIGNATURE, want })?;
        let fits = algorithm(delivery)?;
        let hash = body_hash(delivery)?;
        // The signature covers the hash, and the hash the body.
        let form = if hash.is_none() { form_text(delivery.body)? } else { String::new() };
        let signs = |url: &Cow<'_, str>| fits(secret.bytes(), &[url.as_bytes(), form.as_bytes()], &signature);
        if !addresses(delivery.url).iter().any(signs) {
            let signed = "the body or the public address";
            return Err(Refused::Unfit { place: SIGNATURE, signed });
        }
        match hash {
            Some(hash) if !same(hash.as_bytes(), hex(&Sha256::digest(delivery.body)).as_bytes()) => {
                Err(Refused::Unfit { place: BODY_HASH, signed: "the body" })
            }
            _ => Ok(Checked::Read),
        }
    }
}

/// Whether a signature is the one of all parts under a key.
type Fits = fn(&[u8], &[&[u8]], &[u8]) -> bool;

/// By what the delivery says it is signed: both are strong enough that a forger gains nothing by choosing.
fn algorithm(delivery: &Delivery<'_>) -> Result<Fits, Refused> {
    let Some(settings) = delivery.optional(SETTINGS)? else { return Ok(fits_sha1) };
    let algorithm = settings.split(',').find_map(|part| part.trim().strip_prefix("algorithm="));
    match algorithm {
        Some("HMAC_SHA1") => Ok(fits_sha1),
        Some("HMAC_SHA256") => Ok(fits_sha256),
        _ => Err(Refused::Form { place: SETTINGS, want: "algorithm=HMAC_SHA1 or HMAC_SHA256" }),
    }
}

/// The hash of the body that the address gives.
fn body_hash<'a>(delivery: &Delivery<'a>) -> Result<Option<&'a str>, Refused> {
    let query = delivery.query().unwrap_or_default();
    let mut hashes = query.split('&').filter_map(|pair| pair.strip_prefix("bodySHA256="));
    match (hashes.next(), hashes.next()) {
        (hash, None) => Ok(hash),
        _ => Err(Refused::Twice { place: BODY_HASH }),
    }
}

/// Every name of a form with its value, in the order of the names; what is there twice counts once.
fn form_text(body: &[u8]) -> Result<String, Refused> {
    if body.is_empty() {
        return Ok(String::new());
    }
    let pair = |pair| {
        let (name, value) = form::parted(pair);
        form::decoded(name).filter(|name| !name.is_empty()).zip(form::decoded(value))
    };
    let pairs: Option<BTreeSet<_>> = body.split(|byte| *byte == b'&').map(pair).collect();
    let want = "a form, percent-encoded, or the address should have bodySHA256";
    let pairs = pairs.ok_or(Refused::Form { place: "the body", want })?;
    Ok(pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

/// The address as it stands, without its port, and with the usual one.
fn addresses(url: &str) -> Vec<Cow<'_, str>> {
    let mut addresses = vec![Cow::Borrowed(url)];
    let Some((scheme, rest)) = url.split_once("://") else { return addresses };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // The colons of an IPv6 address stand within brackets.
    let port = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
    match port {
        Some(colon) => addresses.push(format!("{scheme}://{}{path}", &authority[..colon]).into()),
        None => {
            let usual = if scheme == "https" { 443 } else { 80 };
            addresses.push(format!("{scheme}://{authority}:{usual}{path}").into());
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial;

    /// The values are those that Twilio's libraries are tested with (`github.com/twilio/twilio-python`).
    const SECRET: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const FORM: &str =
        "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";
    const FITS: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn with(url: &str, signature: &str, body: &str) -> Result<Checked, Refused> {
        let headers = [("x-twilio-signature", signature)];
        trial::check(&TwilioSignature, url, &headers, body.as_bytes(), 0, SECRET)
    }

    #[test]
    fn a_form_is_covered_whatever_its_order() {
        assert_eq!(with(URL, FITS, FORM), Ok(Checked::Read));
        let turned: Vec<_> = FORM.split('&').rev().collect();
        assert_eq!(with(URL, FITS, &turned.join("&")), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the public address" });
        assert_eq!(with(URL, FITS, &FORM.replace("1234&", "1235&")), unfit);
        assert_eq!(with(&URL.replace("foo", "fop"), FITS, FORM), unfit);
        assert_eq!(with(URL, FITS, &format!("{FORM}&x=y")), unfit);
        assert_eq!(with(URL, FITS, ""), unfit);
        let several = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert_eq!(with(URL, "IK+Dwps556ElfBT0I3Rgjkr1wJU=", several), Ok(Checked::Read));
    }

    #[test]
    fn the_port_may_be_there_or_not() {
        let port = URL.replace(".com", ".com:1234");
        assert_eq!(with(&port, FITS, FORM), Ok(Checked::Read));
        assert_eq!(
            with(&port.replace("https", "http"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", FORM),
            Ok(Checked::Read)
        );
        assert_eq!(with(URL, "kvajT1Ptam85bY51eRf/AJRuM3w=", FORM), Ok(Checked::Read));
        assert_eq!(
            with(&URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4=", FORM),
            Ok(Checked::Read)
        );
        assert_eq!(addresses("https://[::1]/a:b"), ["https://[::1]/a:b", "https://[::1]:443/a:b"]);
        assert_eq!(addresses("http://[::1]:81?a"), ["http://[::1]:81?a", "http://[::1]?a"]);
        assert_eq!(addresses("nonsense"), ["nonsense"]);
    }

    #[test]
    fn what_is_no_form_is_covered_by_its_hash_in_the_address() {
        let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let url = format!("{URL}&bodySHA256={hash}");
        let body = r#"{"property": "value", "boolean": true}"#;
        let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
        assert_eq!(with(&url, signature, body), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: BODY_HASH, signed: "the body" });
        assert_eq!(with(&url, signature, &body.replace("true", "null")), unfit);
        assert_eq!(with(&url, signature, ""), unfit);
        let other = url.replace("0a1f", "0a1e");
        assert!(matches!(with(&other, signature, body), Err(Refused::Unfit { place: SIGNATURE, .. })));
        let twice = format!("{url}&bodySHA256={hash}");
        assert_eq!(with(&twice, signature, body), Err(Refused::Twice { place: BODY_HASH }));
    }

    /// Computed with Python's hmac.
    #[test]
    fn a_shared_key_may_sign_with_another_algorithm() {
        let settings = |algorithm: &str, signature: &str| {
            let settings = format!("key=WK1,algorithm={algorithm}");
            let headers = [("X-Twilio-Signature", signature), (SETTINGS, settings.as_str())];
            trial::check(&TwilioSignature, URL, &headers, FORM.as_bytes(), 0, SECRET)
        };
        let sha256 = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=";
        assert_eq!(settings("HMAC_SHA256", sha256), Ok(Checked::Read));
        assert_eq!(settings("HMAC_SHA1", FITS), Ok(Checked::Read));
        assert!(matches!(settings("HMAC_SHA256", FITS), Err(Refused::Unfit { .. })));
        for wrong in ["", "none", "HMAC_MD5"] {
            assert!(matches!(settings(wrong, FITS), Err(Refused::Form { place: SETTINGS, .. })), "{wrong}");
        }
        assert!(with(URL, sha256, FORM).is_err());
    }

    #[test]
    fn a_body_that_is_no_form_needs_its_hash() {
        for body in ["a=%zz", "a=%FF", "&", "a=1&&b=2", "=1"] {
            let refused = with(URL, FITS, body);
            assert!(matches!(refused, Err(Refused::Form { place: "the body", .. })), "{body}");
        }
        assert!(matches!(with(URL, FITS, r#"{"a":1}"#), Err(Refused::Unfit { .. })));
        assert_eq!(
            trial::check(&TwilioSignature, URL, &[], FORM.as_bytes(), 0, SECRET),
            Err(Refused::Missing { place: SIGNATURE })
        );
        assert!(matches!(with(URL, "?", FORM), Err(Refused::Form { place: SIGNATURE, .. })));
    }
}
