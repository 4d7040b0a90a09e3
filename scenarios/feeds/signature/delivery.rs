//! What a vendor sent to a hook, as it came.
//!
//! The bytes of the body are those that were posted: a body that was parsed and written anew has
//! another signature. The address is the public one, which the vendor knows; behind a proxy it is
//! another than the one of the socket, so that it has to be configured.

use event::Time;

use super::Refused;

/// The longest value of a header that is looked at, in bytes.
const HEADER_LIMIT: usize = 8 << 10;

/// One delivery to a hook.
///
/// ```
/// use event::Time;
/// use feeds::signature::{Checked, Delivery, Secret};
///
/// let scheme = feeds::by_name("chime-eventbridge").and_then(|feed| feed.scheme()).unwrap();
/// let secret = Secret::new("correct-horse-battery").unwrap();
/// assert!(scheme.usable(&secret).is_ok());
/// let mut delivery = Delivery {
///     url: "https://evenfield.example.org/v1/hooks/chime-eventbridge",
///     headers: &[("x-api-key", b"correct-horse-battery")],
///     body: b"{}",
///     at: Time::from_ms(1_772_355_603_000),
/// };
/// assert_eq!(scheme.check(&delivery, &secret), Ok(Checked::Read));
/// delivery.headers = &[];
/// let refused = scheme.check(&delivery, &secret).unwrap_err();
/// assert!(refused.to_string().starts_with("X-Api-Key or Authorization is missing"));
/// ```
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The public address that the vendor called, with its query.
    pub url: &'a str,
    /// The headers, names in whatever case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body, as it was posted.
    pub body: &'a [u8],
    /// When it came.
    pub at: Time,
}

impl<'a> Delivery<'a> {
    /// The value of the header of that name.
    pub(crate) fn header(&self, name: &'static str) -> Result<&'a str, Refused> {
        self.optional(name)?.ok_or(Refused::Missing { place: name })
    }

    /// The value of the header of that name, if there is one.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&'a str>, Refused> {
        let mut values = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let Some((_, value)) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refused::Twice { place: name });
        }
        let is_visible = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
        match std::str::from_utf8(value) {
            Ok(text) if is_visible && value.len() <= HEADER_LIMIT => Ok(Some(text)),
            _ => Err(Refused::Form { place: name, want: "at most 8192 visible ASCII characters" }),
        }
    }

    /// The credentials of the header `Authorization` under that scheme of authorisation.
    pub(crate) fn authorization(&self, scheme: &'static str) -> Result<Option<&'a str>, Refused> {
        let Some(value) = self.optional(AUTHORIZATION)? else { return Ok(None) };
        let credentials = value.split_once(' ').filter(|(name, _)| name.eq_ignore_ascii_case(scheme));
        Ok(credentials.map(|(_, credentials)| credentials.trim_start_matches(' ')))
    }

    /// The part of the address behind the question mark.
    pub(crate) fn query(&self) -> Option<&'a str> {
        self.url.split_once('?').map(|(_, query)| query)
    }
}

/// The header that most tokens and shared secrets are sent in.
pub(crate) const AUTHORIZATION: &str = "Authorization";

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(headers: &'a [(&'a str, &'a [u8])]) -> Delivery<'a> {
        Delivery { url: "https://a.example/h?x=1?y", headers, body: b"", at: Time::from_ms(0) }
    }

    #[test]
    fn a_header_is_found_once_whatever_its_case() {
        let delivery = with(&[("x-a", b"1"), ("X-B", b"2"), ("x-b", b"3"), ("c", b"\xff"), ("d", b"a\tb")]);
        assert_eq!(delivery.header("X-A"), Ok("1"));
        assert_eq!(delivery.header("X-B"), Err(Refused::Twice { place: "X-B" }));
        assert_eq!(delivery.optional("X-C"), Ok(None));
        assert_eq!(delivery.header("X-C"), Err(Refused::Missing { place: "X-C" }));
        for name in ["c", "d"] {
            assert!(matches!(delivery.header(name), Err(Refused::Form { .. })), "{name}");
        }
        assert!(matches!(with(&[("a", &[b'a'; 8193])]).header("a"), Err(Refused::Form { .. })));
        assert_eq!(delivery.query(), Some("x=1?y"));
    }

    #[test]
    fn authorization_is_read_under_the_scheme_that_is_asked_for() {
        let delivery = with(&[("authorization", b"bearer  abc")]);
        assert_eq!(delivery.authorization("Bearer"), Ok(Some("abc")));
        assert_eq!(delivery.authorization("Basic"), Ok(None));
        assert_eq!(with(&[]).authorization("Basic"), Ok(None));
    }
}
