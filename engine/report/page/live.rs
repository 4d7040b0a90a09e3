//! The page where a service shows it: the same report, with a choice of services and what keeps it up to date.
//!
//! It works without its script: then it is as it was when it was asked for. Nothing is fetched but from the service
//! itself, and what is updated can be paused.

use std::fmt::Write;

use super::super::chart::escaped;
use super::Page;
use super::html::{Around, document};
use super::style::policy;

/// What a service knows beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Services that consultations are of.
    pub services: &'a [String],
    /// The one that was chosen.
    pub chosen: Option<&'a str>,
    /// The script that keeps the page up to date; none where the policy does not tell that events come in.
    pub script: Option<&'a str>,
}

/// The page as a service shows it.
#[must_use]
pub fn live(page: &Page, beside: &Beside<'_>) -> String {
    let from_here = policy().replace("form-action 'none'", "form-action 'self'");
    let (policy, head) = match beside.script {
        None => (from_here, String::new()),
        Some(script) => (
            format!("{from_here}; script-src 'self'; connect-src 'self'"),
            format!("<script src=\"{}\" defer></script>\n", escaped(script)),
        ),
    };
    document(page, &Around { policy, head, banner: banner(page, beside) })
}

/// What ends the banner: a choice of services, the report to keep, and how up to date it is.
fn banner(page: &Page, beside: &Beside<'_>) -> String {
    let mut text = String::new();
    if !beside.services.is_empty() {
        text.push_str(
            "<form method=\"get\" class=\"pick\"><label for=\"service\">Service</label> \
             <select id=\"service\" name=\"service\"><option value=\"\">all services</option>",
        );
        for service in beside.services {
            let chosen = if beside.chosen == Some(service) { " selected" } else { "" };
            let service = escaped(service);
            let _ = write!(text, "<option value=\"{service}\"{chosen}>{service}</option>");
        }
        text.push_str("</select> <button>Show</button></form>\n");
    }
    if let Some(position) = page.asked.position {
        let _ = writeln!(
            text,
            "<p><a href=\"/r/{position}\">This report as it is now, to keep</a> · \
             <a href=\"/v1/comparisons.csv\" download=\"comparisons.csv\">All numbers as CSV</a></p>"
        );
    }
    match beside.script {
        None => {
            text.push_str("<p>It shows months that are over, and does not change while they are read.</p>\n")
        }
        Some(_) => {
            let position = page.asked.position.unwrap_or_default();
            let _ = writeln!(
                text,
                "<p><span id=\"live\" role=\"status\" data-position=\"{position}\">Load this page again to bring it up to \
                 date.</span> <button id=\"pause\" type=\"button\" hidden>Pause updating</button></p>"
            );
        }
    }
    text
}
