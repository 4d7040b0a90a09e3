//! A written report, read again: its tags, how it was asked for, and what it claims.
//!
//! It reads what `html` writes, and of anything else as much as it understands. Whatever the bytes, it does not fail.

use projections::compare::Claim;

use super::Asked;

/// What a report claims, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// The name of the claim.
    pub claim: String,
    /// The sentence.
    pub words: String,
    /// What it amounts to.
    pub verdict: String,
    /// A hash of the answer.
    pub hash: String,
}

impl Told {
    /// A claim of which the hash is made of what is shown, and of nothing else.
    #[must_use]
    pub fn of(claim: &str, verdict: &str, words: String) -> Self {
        let digest = blake3::hash([claim, verdict, &words].join("\n").as_bytes()).to_hex();
        Self { claim: claim.to_owned(), verdict: verdict.to_owned(), words, hash: digest[..12].to_owned() }
    }
}

impl From<&Claim> for Told {
    fn from(claim: &Claim) -> Self {
        Self {
            claim: claim.claim.clone(),
            words: claim.words.clone(),
            verdict: claim.verdict.to_owned(),
            hash: claim.value_hash.clone(),
        }
    }
}

/// One tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'a> {
    /// Its name; one that closes begins with a stroke.
    pub(super) name: &'a str,
    /// Its attributes, as they are written.
    pub(super) attributes: &'a str,
    /// What follows up to the next tag.
    pub(super) text: &'a str,
}

/// The tags of a document, in order; what lies within its style is text.
pub(super) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(begin) = rest.find('<') {
        let inside = &rest[begin + 1..];
        let Some(end) = end(inside) else { break };
        let (tag, after) = (&inside[..end], &inside[end + 1..]);
        let cut = tag.find([' ', '\n', '\t']).unwrap_or(tag.len());
        let name = tag[..cut].trim_end_matches('/');
        let until = if name == "style" { after.find("</style").unwrap_or(after.len()) } else { 0 };
        let next = after[until..].find('<').map_or(after.len(), |next| until + next);
        found.push(Tag { name, attributes: &tag[cut..], text: &after[..next] });
        rest = &after[next..];
    }
    found
}

/// Where a tag ends: outside of quotes.
fn end(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.char_indices().find_map(|(at, letter)| {
        quoted ^= letter == '"';
        (letter == '>' && !quoted).then_some(at)
    })
}

impl<'a> Tag<'a> {
    /// The value of an attribute, as it is written; empty where it has none.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.each().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every attribute with its value.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches([' ', '\n', '\t', '/', '=', '"']);
            let cut = rest.find([' ', '=', '\n', '\t', '/']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(cut);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(after) => after.split_once('"').unwrap_or((after, "")),
                None => ("", after),
            };
            rest = after;
            (!name.is_empty()).then_some((name, value))
        })
    }
}

/// A text without the escapes of markup.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// How a report was asked for, where the file says so.
#[must_use]
pub fn asked(html: &str) -> Option<Asked> {
    let tag = tags(html)
        .into_iter()
        .find(|tag| tag.name == "meta" && tag.attribute("name") == Some("evenfield"))?;
    serde_json::from_str(&unescaped(tag.attribute("content")?)).ok()
}

/// Everything that a report claims.
#[must_use]
pub fn claims(html: &str) -> Vec<Told> {
    let tags = tags(html);
    let rows = tags.iter().enumerate().filter_map(|(at, tag)| {
        let text = |name: &str| tag.attribute(name).map(unescaped);
        let words = tags[at..].iter().find(|tag| tag.name == "td").map(|tag| unescaped(tag.text));
        Some(Told {
            claim: text("data-claim")?,
            words: words.unwrap_or_default(),
            verdict: text("data-verdict")?,
            hash: text("data-hash")?,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_outside_of_quotes() {
        let found = tags("<p>a <b title=\"x > y\" lang=\"en\">c</b><br/></p><style>a>b{}</style>");
        let names: Vec<&str> = found.iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["p", "b", "/b", "br", "/p", "style", "/style"]);
        assert_eq!(found[1].attribute("title"), Some("x > y"));
        assert_eq!(found[1].attribute("lang"), Some("en"));
        assert_eq!(found[1].attribute("class"), None);
    }

    #[test]
    fn whatever_the_bytes_nothing_fails() {
        for text in [
            "",
            "<",
            "<<<",
            "<a",
            "<a b=\"",
            "<tr data-claim>",
            "<meta name=\"evenfield\" content=\"{\">",
            "\u{fffd}<é é=é>",
        ] {
            assert_eq!((asked(text), claims(text).len()), (None, 0), "{text}");
        }
    }
}
