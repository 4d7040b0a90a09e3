//! How BigBlueButton's webhooks prove that they are genuine: a checksum in the address.
//!
//! bbb-webhooks, from 3.4.0 on, posts to the address that the hook was registered with, and `checksum`
//! behind it: the hash, in hexadecimal, of that address, the body and the secret of the server
//! (`github.com/bigbluebutton/bbb-webhooks`, src/out/webhooks/callback-emitter.js; which hash, the length
//! tells). Before, 3.x hashed `{}` in place of the body, which is refused here; with `auth2_0` every
//! version sends the secret itself: that is the scheme `shared-secret`. A callback that failed is sent again
//! for hours with its first timestamp, so that its age proves nothing; a status of 401 it takes for an answer.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::signature::{Checked, Delivery, Refused, Scheme, Secret};
use crate::signature::{from_hex, same};

/// The scheme of BigBlueButton webhooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BigBlueButtonChecksum;

const PLACE: &str = "checksum in the address";

impl Scheme for BigBlueButtonChecksum {
    fn name(&self) -> &'static str {
        "bigbluebutton"
    }

    fn secret(&self) -> &'static str {
        "the shared secret of the server (bbb-conf --secret)"
    }

    fn proof(&self) -> &'static str {
        "checksum in the address: a hash (SHA-1, SHA-256, SHA-384 or SHA-512) of address, body and secret"
    }

    fn open(&self) -> &'static str {
        "time; SHA-1 is weak and the default: set hookChecksumAlgorithm to sha256. Before bbb-webhooks 3.4.0 the checksum covers no body and is refused: set auth2_0 and take shared-secret"
    }

    fn holds_ms(&self) -> Option<i64> {
        None
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let (address, checksum) = parted(delivery)?;
        let want = "40, 64, 96 or 128 hexadecimal digits";
        let checksum = from_hex(checksum).ok_or(Refused::Form { place: PLACE, want })?;
        let hashed = |body: &[u8]| hash(checksum.len(), &[address.as_bytes(), body, secret.bytes()]);
        let fits = |hash: Vec<u8>| same(&hash, &checksum);
        let genuine = hashed(delivery.body).ok_or(Refused::Form { place: PLACE, want })?;
        if fits(genuine) {
            return Ok(Checked::Read);
        }
        if hashed(b"{}").is_some_and(fits) {
            let want = "one that covers the body: update bbb-webhooks to 3.4.0, or set auth2_0 and take shared-secret";
            return Err(Refused::Form { place: PLACE, want });
        }
        Err(Refused::Unfit { place: PLACE, signed: "the body or the public address" })
    }
}

/// The address as it was registered, and the checksum that was put behind it. It has to be a whole address:
/// the links by which people join are hashed alike, with `join` before their query, and everybody has one.
fn parted<'a>(delivery: &Delivery<'a>) -> Result<(&'a str, &'a str), Refused> {
    let missing = Refused::Missing { place: PLACE };
    let query = delivery.query().ok_or(missing)?;
    // It comes last; whatever was registered stands before it.
    let last = query.rsplit('&').next().unwrap_or(query);
    let checksum = last.strip_prefix("checksum=").ok_or(missing)?;
    let address = &delivery.url[..delivery.url.len() - last.len() - 1];
    if !["https://", "http://"].iter().any(|begin| address.starts_with(begin)) {
        return Err(Refused::Form { place: "the public address", want: "https:// and a host" });
    }
    Ok((address, checksum))
}

/// The hash of that length, in bytes.
fn hash(length: usize, parts: &[&[u8]]) -> Option<Vec<u8>> {
    match length {
        20 => Some(digest::<Sha1>(parts)),
        32 => Some(digest::<Sha256>(parts)),
        48 => Some(digest::<Sha384>(parts)),
        64 => Some(digest::<Sha512>(parts)),
        _ => None,
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(D::new(), |hash, part| hash.chain_update(part)).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial;

    const SECRET: &str = "an-example-of-a-shared-secret";
    const URL: &str = "https://evenfield.example.org/v1/hooks/bigbluebutton";
    const BODY: &str = "domain=bbb.example.org&event=%5B%7B%22data%22%3A%7B%22type%22%3A%22event%22%2C%22id%22%3A%22user-left%22%7D%7D%5D&timestamp=1772355603120";

    fn with(url: &str, body: &str) -> Result<Checked, Refused> {
        trial::check(&BigBlueButtonChecksum, url, &[], body.as_bytes(), 1_772_355_603, SECRET)
    }

    /// Computed with Python's hashlib.
    #[test]
    fn each_of_the_hashes_is_known_by_its_length() {
        for checksum in [
            "c79524dd80319425a1abcd4a868f6b1edb5097d6",
            "ae59baa5456012b8ca727379bb5265d8c7eb5ad6f3e0b9d098c946de607ad883",
            "5bfb2bf7d9f2c176a2f577cb05792aa39be36e2003af40ed95eb9d9cfdc09e8d5e810c6e343f236331daadb1d3e383a1",
            "9e28a225971b2ffabe8ea822745708cf7442468e5b0db16de9ee823e7309b7a578d7cccea03c9fd222eb79f69e5e333031e91a2e62386271ad813e9ac0410c1d",
        ] {
            assert_eq!(with(&format!("{URL}?checksum={checksum}"), BODY), Ok(Checked::Read), "{checksum}");
            let unfit = Err(Refused::Unfit { place: PLACE, signed: "the body or the public address" });
            let url = format!("{URL}?checksum={checksum}");
            assert_eq!(with(&url, &BODY.replace("left", "join")), unfit);
            assert_eq!(with(&url.replace("https", "http"), BODY), unfit);
        }
    }

    #[test]
    fn a_query_that_was_registered_is_covered() {
        let checksum = "ba719fee92686b313a6ffc9e74877a5bee8f199423733be6ffbbb41294d7e1da";
        assert_eq!(with(&format!("{URL}?site=a&checksum={checksum}"), BODY), Ok(Checked::Read));
        assert!(with(&format!("{URL}?site=b&checksum={checksum}"), BODY).is_err());
        assert!(with(&format!("{URL}?checksum={checksum}&site=a"), BODY).is_err());
    }

    #[test]
    fn a_checksum_that_is_missing_or_of_another_form_is_refused() {
        let missing = Err(Refused::Missing { place: PLACE });
        for url in [
            "",
            URL,
            "?",
            "join",
            "https://a.example/?",
            "https://a.example/?xchecksum=00",
            "https://a.example/?a=b",
        ] {
            assert_eq!(with(url, BODY), missing, "{url}");
        }
        for checksum in ["", "00", "x", &"A".repeat(40), &"0".repeat(41)] {
            let refused = with(&format!("{URL}?checksum={checksum}"), BODY);
            assert!(matches!(refused, Err(Refused::Form { .. })), "{checksum}");
        }
    }

    /// Computed with Python's hashlib, as the link is.
    #[test]
    fn a_link_by_which_somebody_joins_is_no_checksum_of_a_callback() {
        let query = "fullName=A&meetingID=m&password=p";
        let refused =
            with("join?checksum=c3a4a9950923c77da9e120d21e6c880371e1110cb764e683c178aea58084e318", query);
        assert!(matches!(refused, Err(Refused::Form { place: "the public address", .. })), "{refused:?}");
    }

    /// Computed with Python's hashlib. One such address would fit every body.
    #[test]
    fn a_checksum_that_covers_no_body_is_refused_and_told() {
        let refused =
            with(&format!("{URL}?checksum=7d82c4e71df512d6c3c963113d12318f2656aaae"), BODY).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "checksum in the address has the wrong form: it should be one that covers the body: update \
             bbb-webhooks to 3.4.0, or set auth2_0 and take shared-secret"
        );
    }
}
