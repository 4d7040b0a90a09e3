//! A report looked at as whoever receives it would: that it asks for nothing from elsewhere, that its own policy lets in
//! its style and no script, that its structure serves those who cannot see it, and that no count is told that its policy
//! hides. It is no browser: contrast and focus are proved elsewhere.

use std::collections::BTreeSet;

use projections::disclosure::{BASE, FEWEST};
use sha2::{Digest, Sha256};

use super::parse::{Tag, asked, tags};
use super::{Asked, HIDDEN, style};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Finding {
    /// What it is about: `report`, `requests`, `policy`, `structure`, `access` or `counts`.
    pub about: &'static str,
    /// What is wrong, in words.
    pub words: String,
}

fn wrong(about: &'static str, words: impl Into<String>) -> Finding {
    Finding { about, words: words.into() }
}

/// Everything that is wrong with a report; nothing where all is well. Of a file that is none that alone is said: what else it
/// lacks follows.
#[must_use]
pub fn check(html: &str) -> Vec<Finding> {
    let Some(asked) = asked(html) else {
        return vec![wrong(
            "report",
            "this is no report of evenfield, or one that was cut: it does not say how it was asked for, and under which \
             policy. Is it the right file? `evenfield report build -o FILE` writes a report",
        )];
    };
    let tags = tags(html);
    let mut found = requests(&tags);
    found.extend(content_policy(&tags));
    found.extend(structure(html, &tags));
    found.extend(access(&tags));
    found.extend(counts(&asked, &tags));
    found
}

/// Tags that fetch something, or run something.
const FETCHING: [&str; 11] =
    ["script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "form", "base"];
/// Attributes that name a place; what is in the file itself is no place.
const PLACES: [&str; 6] = ["href", "src", "srcset", "action", "xlink:href", "poster"];

fn requests(tags: &[Tag<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for tag in tags {
        if FETCHING.contains(&tag.name) {
            found.push(wrong("requests", format!("<{}> fetches or runs something", tag.name)));
        }
        for place in PLACES.iter().filter_map(|name| tag.attribute(name)) {
            if !place.starts_with('#') && !place.starts_with("data:text/csv") {
                found.push(wrong(
                    "requests",
                    format!("<{}> names a place outside the file: {place}", tag.name),
                ));
            }
        }
        if let Some((name, _)) = tag.each().find(|(name, _)| name.starts_with("on")) {
            found.push(wrong("requests", format!("<{}> runs something: {name}", tag.name)));
        }
        if tag.name == "style" && ["url(", "@import"].iter().any(|word| tag.text.contains(word)) {
            found.push(wrong("requests", "the style fetches something"));
        }
    }
    found
}

fn content_policy(tags: &[Tag<'_>]) -> Vec<Finding> {
    let told = tags.iter().find(|tag| tag.attribute("http-equiv") == Some("Content-Security-Policy"));
    let Some(policy) = told.and_then(|tag| tag.attribute("content")) else {
        return vec![wrong("policy", "there is no Content-Security-Policy")];
    };
    let mut found = Vec::new();
    if !policy.contains("default-src 'none'") {
        found.push(wrong("policy", "the Content-Security-Policy does not begin with default-src 'none'"));
    }
    if policy.contains("unsafe") || policy.contains("script-src") {
        found.push(wrong("policy", "the Content-Security-Policy lets in scripts or any style"));
    }
    for tag in tags.iter().filter(|tag| tag.name == "style") {
        let digest = style::base64(&Sha256::digest(tag.text.as_bytes()));
        if !policy.contains(&format!("'sha256-{digest}'")) {
            found.push(wrong(
                "policy",
                "the style is not the one whose digest the Content-Security-Policy names",
            ));
        }
    }
    if tags.iter().any(|tag| tag.attribute("style").is_some()) {
        found.push(wrong(
            "policy",
            "something is styled in place, which the Content-Security-Policy does not let in",
        ));
    }
    found
}

fn structure(html: &str, tags: &[Tag<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    if !html.starts_with("<!DOCTYPE html>") {
        found.push(wrong("structure", "it does not begin with <!DOCTYPE html>"));
    }
    for (name, wanted) in [("html", 1), ("main", 1), ("h1", 1), ("header", 1), ("nav", 1), ("footer", 1)] {
        if count(name) != wanted {
            found.push(wrong("structure", format!("there are {} <{name}>, and not {wanted}", count(name))));
        }
    }
    let mut last = 0;
    for tag in tags {
        let Some(level) = tag.name.strip_prefix('h').and_then(|level| level.parse::<u8>().ok()) else {
            continue;
        };
        if level > last + 1 {
            found.push(wrong("structure", format!("a heading of level {level} follows one of level {last}")));
        }
        last = level;
    }
    let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    if known.len() != ids.len() {
        found.push(wrong("structure", "two things have one id"));
    }
    let named = tags.iter().flat_map(|tag| {
        let link = tag.attribute("href").and_then(|place| place.strip_prefix('#'));
        let labels = tag.attribute("aria-labelledby").unwrap_or_default().split_whitespace();
        link.into_iter().chain(labels)
    });
    found.extend(
        named
            .filter(|name| !known.contains(name))
            .map(|name| wrong("structure", format!("nothing has the id {name}"))),
    );
    found
}

fn access(tags: &[Tag<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let of = |name: &'static str| tags.iter().enumerate().filter(move |(_, tag)| tag.name == name);
    if of("html").any(|(_, tag)| tag.attribute("lang").unwrap_or_default().is_empty()) {
        found.push(wrong("access", "<html> does not say its language"));
    }
    if of("title").next().is_none_or(|(_, tag)| tag.text.trim().is_empty()) {
        found.push(wrong("access", "there is no title"));
    }
    let first_link = of("a").next().and_then(|(_, tag)| tag.attribute("class"));
    if first_link != Some("skip") {
        found.push(wrong("access", "the first link does not skip to the report"));
    }
    for (at, tag) in of("table") {
        if tags.get(at + 1).is_none_or(|next| next.name != "caption") {
            let name = tag.attribute("id").unwrap_or("a table");
            found.push(wrong("access", format!("{name} has no caption")));
        }
    }
    if of("th").any(|(_, tag)| tag.attribute("scope").is_none()) {
        found.push(wrong(
            "access",
            "a heading of a table does not say whether it is one of a row or of a column",
        ));
    }
    // What only holds the shapes of marks shows nothing.
    for (at, tag) in of("svg").filter(|(_, tag)| tag.attribute("aria-hidden") != Some("true")) {
        let named = tags.get(at + 1).is_some_and(|next| next.name == "title" && !next.text.is_empty());
        let told = tags.get(at + 3).is_some_and(|next| next.name == "desc" && !next.text.is_empty());
        if tag.attribute("role") != Some("img") || !named || !told {
            found.push(wrong("access", "a drawing is no image with a title and a description"));
        }
    }
    if of("details").any(|(at, _)| tags.get(at + 1).is_none_or(|next| next.name != "summary")) {
        found.push(wrong("access", "something that opens has no summary"));
    }
    found
}

/// Counts that the policy of the file would hide.
fn counts(asked: &Asked, tags: &[Tag<'_>]) -> Vec<Finding> {
    if asked.policy == "internal" {
        return Vec::new();
    }
    let told = tags.iter().filter(|tag| tag.attribute("data-count").is_some()).map(|tag| tag.text.trim());
    let is_hidden = |text: &str| {
        if text.is_empty() || text == HIDDEN {
            return false;
        }
        let count = text.replace(',', "").parse::<u64>();
        let is_fine = |count: u64| {
            count == 0 || (count >= FEWEST && (asked.policy != "rounded" || count.is_multiple_of(BASE)))
        };
        !count.is_ok_and(is_fine)
    };
    let policy = &asked.policy;
    told.filter(|text| is_hidden(text))
        .map(|text| wrong("counts", format!("{text} is told, which the policy {policy} hides")))
        .collect()
}
