//! Ids for events whose format gives them none: derived from what the event says.
//!
//! The same record read twice gives the same id, so that taking a file in again changes nothing. A
//! derived id can be recomputed by anyone who guesses the record, a patient's number included;
//! therefore it carries a tag by which [`pseudonym`](crate::pseudonym) knows it and puts a keyed id
//! in its place.

/// How a derived id begins.
pub(crate) const DERIVED: &str = "b3-";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many characters of base32 an id or pseudonym has: 130 bits.
pub(crate) const DIGITS: usize = 26;

/// The id that follows from `parts`, in their order.
pub(crate) fn derive<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("evenfield feeds: the id of an event, version 1");
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{DERIVED}{}", base32(hasher.finalize().as_bytes()))
}

/// The first 130 bits, five to a letter.
pub(crate) fn base32(bytes: &[u8; 32]) -> String {
    let bit = |i: usize| usize::from(bytes[i / 8] >> (7 - i % 8) & 1);
    (0..DIGITS)
        .map(|digit| (0..5).fold(0, |value, i| value << 1 | bit(digit * 5 + i)))
        .map(|value| char::from(ALPHABET[value]))
        .collect()
}

/// Whether `text` is `tag` followed by as many digits as an id has.
pub(crate) fn is_tagged(text: &str, tag: &str) -> bool {
    text.strip_prefix(tag)
        .is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(|digit| ALPHABET.contains(&digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_its_parts_and_their_borders() {
        assert_eq!(derive(["ab", "c"]), derive(["ab", "c"]));
        assert_ne!(derive(["ab", "c"]), derive(["a", "bc"]));
        assert!(is_tagged(&derive(["x"]), DERIVED));
    }

    #[test]
    fn base32_is_that_of_rfc_4648_in_small_letters() {
        let mut bytes = [0; 32];
        bytes[..6].copy_from_slice(b"foobar");
        assert_eq!(&base32(&bytes)[..9], "mzxw6ytbo");
    }
}
