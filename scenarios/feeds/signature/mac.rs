//! What signatures are made of: keyed hashes, and the two ways in which vendors write bytes as text.
//!
//! Texts are decoded strictly: of the several texts that a lax decoder takes for the same bytes, one is
//! right. A comparison takes as long for a signature that is nearly right as for one that is not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Whether `signature` is the HMAC-SHA256 of all parts under `key`.
pub(crate) fn fits_sha256(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    fits::<Hmac<Sha256>>(key, parts, signature)
}

/// Whether `signature` is the HMAC-SHA1 of all parts under `key`.
pub(crate) fn fits_sha1(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    fits::<Hmac<Sha1>>(key, parts, signature)
}

fn fits<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    // Keys of every length will do, so that none is an error.
    M::new_from_slice(key).is_ok_and(|mut mac| {
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(signature).is_ok()
    })
}

/// The HMAC-SHA256 of `text` under `key`, in hexadecimal.
pub(crate) fn hex_sha256(key: &[u8], text: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(hex(&mac.chain_update(text).finalize().into_bytes()))
}

/// The SHA-256 of `text`, in base64.
pub(crate) fn base64_sha256(text: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Whether two texts are the same; how long that takes tells nothing of where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    // Hashes of BLAKE3 are compared in constant time, and they hide how long the texts are.
    blake3::hash(one) == blake3::hash(other)
}

/// Bytes in hexadecimal, in small letters.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes that a text of small hexadecimal digits stands for.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// The bytes that a text in base64 stands for.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, and RFC 2202, test case 2.
    #[test]
    fn keyed_hashes_are_those_of_the_standards() {
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let sha1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        assert!(fits_sha256(b"Jefe", &parts, &from_hex(sha256).unwrap()));
        assert!(fits_sha1(b"Jefe", &parts, &from_hex(sha1).unwrap()));
        assert!(!fits_sha256(b"Jefe", &parts, &from_hex(sha1).unwrap()));
        assert_eq!(hex_sha256(b"Jefe", &parts.concat()).as_deref(), Some(sha256));
        // A beginning of the right signature is none.
        assert!(!fits_sha256(b"Jefe", &parts, &from_hex(&sha256[..32]).unwrap()));
        assert!(!fits_sha256(b"Jefe", &parts, &[]));
    }

    #[test]
    fn one_text_stands_for_some_bytes() {
        assert_eq!(from_hex("00ff").unwrap(), [0, 255]);
        assert_eq!(hex(&[0, 255]), "00ff");
        for wrong in ["0", "0G", "FF", "+1", "00 "] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
        assert_eq!(from_base64("AA==").unwrap(), [0]);
        for wrong in ["AA", "AB==", "AA==\n", "A-==", "AA== AA=="] {
            assert_eq!(from_base64(wrong), None, "{wrong}");
        }
        assert!(same(b"", b"") && same(b"ab", b"ab") && !same(b"ab", b"a") && !same(b"ab", b"ac"));
    }
}
