//! What a report for commissioners says, section by section in reading order, and what is missing where nothing can be said.
//!
//! It puts readings into sentences and specifications of charts, and computes nothing. All that it knows of a reading is
//! what its [`Shown`] shows; a closer look is there only where nothing is hidden.

mod access;
mod bounds;
mod figures;
mod found;
mod glance;
mod people;
mod range;
mod seen;
mod steady;

use event::Time;
use projections::compare::{Comparison, Decided};
use projections::disclosure::{Face, PolicyNote, Shown};
use projections::measure::Measure;
use projections::profiles::Profiles;
use projections::stats::Status;

use super::page::{Asked, Block, Page, Section, Told};
use super::{counted, grouped};
use seen::{Compared, Verdicts};

/// Everything that a report rests on.
#[derive(Debug)]
pub struct Findings {
    /// Where it comes from.
    pub about: About,
    /// All measures of all platforms.
    pub comparison: Shown<Comparison>,
    /// A closer look at the measures that matter most, where the policy shows one.
    pub closer: Option<Shown<Comparison>>,
    /// One platform or a range; or why nothing is shown of it.
    pub decided: Result<Shown<Decided>, String>,
}

/// Where a report comes from.
#[derive(Debug, Clone)]
pub struct About {
    /// The title; none: the usual one.
    pub title: Option<String>,
    /// How it was asked for.
    pub asked: Asked,
    /// Up to when.
    pub until: Time,
    /// The first and the last month of which there are consultations.
    pub months: Option<[String; 2]>,
    /// How many organisations there are, where that is told.
    pub organisations: Option<u64>,
    /// Whether the recordings are synthetic: all, some or none of their sources say so.
    pub synthetic: Synthetic,
    /// Which consultations it is about, where they were picked out.
    pub filter: String,
    /// The options with which `explain` finds its claims.
    pub explain: String,
    /// The options with which `decide` gives its verdict.
    pub decide: String,
    /// What was declared of the platforms.
    pub profiles: Option<Profiles>,
    /// The measures that the closer look is taken at.
    pub looked_at: Vec<&'static Measure>,
    /// Services that consultations of the store are of, whichever were picked out.
    pub services: Vec<String>,
    /// Whether logs that were summed up see different things of one source or place.
    pub see_apart: bool,
}

/// Whether recordings are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synthetic {
    /// Every source says so.
    All,
    /// Some do.
    Some,
    /// None does.
    None,
}

impl Synthetic {
    /// That so many of these sources say so.
    #[must_use]
    pub fn of(say_so: u64, sources: u64) -> Self {
        match say_so {
            0 => Self::None,
            some if some < sources => Self::Some,
            _ => Self::All,
        }
    }
}

/// What sections are written from.
struct Context<'a> {
    about: &'a About,
    note: PolicyNote,
    compared: Compared,
    closer: Option<&'a Comparison>,
    /// The comparison itself, where nothing of it is hidden.
    whole: Option<&'a Comparison>,
    decided: Result<Verdicts<'a>, &'a str>,
}

/// The report.
#[must_use]
pub fn page(findings: &Findings) -> Page {
    let closer = findings.closer.as_ref().and_then(whole);
    let context = Context {
        about: &findings.about,
        note: findings.comparison.note(),
        compared: Compared::of(&findings.comparison),
        closer,
        whole: whole(&findings.comparison),
        decided: findings.decided.as_ref().map(Verdicts::of).map_err(String::as_str),
    };
    Page {
        title: findings
            .about
            .title
            .clone()
            .unwrap_or_else(|| "Video consultation platforms: reliability and usability".to_owned()),
        facts: facts(&context, findings),
        asked: findings.about.asked.clone(),
        sections: sections(&context),
        claims: claims(&context, findings),
    }
}

/// A comparison of which nothing is hidden.
fn whole(shown: &Shown<Comparison>) -> Option<&Comparison> {
    match shown.face() {
        Face::Whole(comparison) => Some(comparison),
        Face::Published(_) => None,
    }
}

fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![
        Section::new("found", "What we found", found::found(context)),
        Section::new("glance", "At a glance", glance::glance(context)),
        Section::new("access", "Can people get in?", access::access(context)),
        Section::new("waiting", "How long does it take?", access::waiting(context)),
        Section::new("quality", "Is it good enough once people are in?", access::quality(context)),
        Section::new("left-out", "Who is left out?", people::left_out(context)),
        Section::new("steady", "Is it steady?", steady::steady(context)),
        Section::new("organisations", "Do organisations differ?", steady::organisations(context)),
        Section::new("voices", "What do people say?", people::voices(context)),
        Section::new("practice", "Does it get better with practice?", people::practice(context)),
        Section::new("range", "One platform or a range?", range::range(context)),
        Section::new("needs", "Must-haves and functionality", range::needs(context)),
        Section::new("priorities", "What if priorities differ?", range::priorities(context)),
        Section::new("limits", "What we cannot say", bounds::cannot_say(context)),
        Section::new("check", "How to check this report", bounds::how_to_check(context)),
    ]
}

/// The banner: what must be known before anything is read.
fn facts(context: &Context<'_>, findings: &Findings) -> Vec<[String; 2]> {
    let about = context.about;
    let until = about.until.to_string();
    let dates = match context.months() {
        none if none.is_empty() => format!("none up to {until}"),
        months => format!("{months}, as of {until}"),
    };
    let consultations = match findings.comparison.face() {
        Face::Whole(comparison) => grouped(comparison.consultations),
        Face::Published(_) => context.attempted(),
    };
    let data = match about.synthetic {
        Synthetic::All => "synthetic: made up to try this out, and of no real people",
        Synthetic::Some => "partly synthetic: some sources say that they are made up",
        Synthetic::None => "real, as far as its sources say",
    };
    let mut facts = vec![
        ["Dates".to_owned(), dates],
        ["Platforms".to_owned(), context.compared.platforms.join(", ")],
        ["Consultations".to_owned(), consultations],
        ["Data".to_owned(), data.to_owned()],
        ["What is shown".to_owned(), format!("policy {}: {}", context.note.name, context.note.words)],
    ];
    if let Some(organisations) = about.organisations {
        facts.insert(2, ["Organisations".to_owned(), grouped(organisations)]);
    }
    facts.extend(origin(context));
    if !about.filter.is_empty() {
        facts.insert(1, ["Only".to_owned(), about.filter.clone()]);
    }
    facts
}

/// Of which events it is.
fn origin(context: &Context<'_>) -> Vec<[String; 2]> {
    let asked = &context.about.asked;
    let Some(commitment) = &asked.commitment else {
        return vec![["Logs".to_owned(), format!("{}, of which each sent a summary", asked.logs.len())]];
    };
    let position = match asked.position {
        Some(position) => grouped(position),
        None => format!("not shown under the policy {}", context.note.name),
    };
    vec![["Log position".to_owned(), position], ["Commitment".to_owned(), commitment.clone()]]
}

/// Everything that is claimed.
fn claims(context: &Context<'_>, findings: &Findings) -> Vec<Told> {
    let mut claims: Vec<Told> = match findings.comparison.face() {
        Face::Whole(comparison) => comparison.claims.iter().map(Told::from).collect(),
        Face::Published(_) => context.compared.differences.iter().map(seen::Differs::told).collect(),
    };
    let known: std::collections::BTreeSet<String> = claims.iter().map(|told| told.claim.clone()).collect();
    if let Some(closer) = context.closer {
        claims.extend(closer.claims.iter().map(Told::from).filter(|told| !known.contains(&told.claim)));
    }
    claims.extend(context.decided.as_ref().ok().and_then(range::told));
    claims
}

impl Context<'_> {
    /// Whether it is of several logs that were summed up.
    fn is_merged(&self) -> bool {
        !self.about.asked.logs.is_empty()
    }

    /// The command that builds it.
    fn command(&self) -> &'static str {
        if self.is_merged() { "summary merge *.summary --report" } else { "report build" }
    }

    /// Attempted consultations, as far as their counts are shown.
    fn attempted(&self) -> String {
        let counts: Option<Vec<u64>> =
            self.compared.of_measure("connection_success").map(|row| row.n).collect();
        match counts.filter(|counts| !counts.is_empty()) {
            Some(counts) => format!("about {} attempted", grouped(counts.iter().sum())),
            None => "not shown under this policy".to_owned(),
        }
    }

    /// What is said where a policy hides.
    fn hidden(&self, what: &str) -> Block {
        if self.is_merged() {
            return Block::Missing(format!(
                "{what} not told here: that takes a further look at each consultation, and summaries hold none. Each log \
                 tells it of its own consultations in `evenfield report build --policy internal`."
            ));
        }
        Block::Missing(format!(
            "{what} not shown under the policy {}: that would rest on exact counts of small groups. Whoever may see them \
             builds this report with --policy internal.",
            self.note.name
        ))
    }

    /// Who, when and how: the end of every subtitle.
    fn when(&self) -> String {
        let only = match self.about.filter.as_str() {
            "" => String::new(),
            filter => format!("; only {filter}"),
        };
        format!("{}{only}", self.months())
    }

    /// From which month to which there are consultations.
    fn months(&self) -> String {
        match &self.about.months {
            Some([first, last]) if first == last => month(first),
            Some([first, last]) => format!("{} to {}", month(first), month(last)),
            None => String::new(),
        }
    }

    /// Where the numbers of a figure come from.
    fn source(&self) -> String {
        let logs = self.about.asked.logs.len();
        match self.about.asked.position {
            Some(position) => format!("Source: the log of events up to position {}.", grouped(position)),
            None if logs > 0 => {
                let of = counted(logs as u64, "log");
                format!("Source: summaries of {of}, consultations begun before {}.", self.about.until)
            }
            None => format!("Source: the log of events, consultations begun before {}.", self.about.until),
        }
    }
}

/// Words of a command line as they are typed, each with a space before it.
#[must_use]
pub fn spoken(words: &[String]) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:=/+".contains(letter);
    let word = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => format!(" {word}"),
        false => format!(" '{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(word).collect()
}

/// A month in words, such as March 2026.
fn month(level: &str) -> String {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let told = level.split_once('-').and_then(|(year, month)| {
        let name = NAMES.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        Some(format!("{name} {year}"))
    });
    told.unwrap_or_else(|| level.to_owned())
}

/// What a status is called.
fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Boundary(_) => "boundary",
        Status::InsufficientEvidence(_) => "insufficient_evidence",
        Status::Suppressed => "suppressed",
        Status::NotEstimable(_) => "not_estimable",
        Status::NotMeasured(_) => "not_measured",
    }
}

/// A title within a sentence.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next();
    // A name or an abbreviation stays one.
    if letters.clone().any(char::is_uppercase) {
        return title.to_owned();
    }
    first.into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// Shares as they can be pictured, all of the same number: 9 in 10, 93 in 100, 4 in 1,000.
fn pictured(shares: &[f64]) -> Vec<String> {
    let fits = |base: f64| {
        let rounded = |share: &f64| (share * base).round();
        let near = |share: &f64| {
            let (exact, round) = (share * base, rounded(share));
            (1.0..base).contains(&round) && (base > 10.0 || (exact - round).abs() <= 0.25)
        };
        let apart =
            |pair: &[f64]| (pair[0] - pair[1]).abs() < 0.005 || rounded(&pair[0]) != rounded(&pair[1]);
        shares.iter().all(near) && shares.windows(2).all(apart)
    };
    let base = [10.0, 100.0].into_iter().find(|base| fits(*base)).unwrap_or(1_000.0);
    let told = |share: &f64| match (share * base).round() {
        none if none < 1.0 && *share > 0.0 => format!("fewer than 1 in {}", grouped(base as u64)),
        none if none < 1.0 => "none".to_owned(),
        all if all >= base && *share < 1.0 => "nearly all".to_owned(),
        all if all >= base => "all".to_owned(),
        so_many => format!("{} in {}", grouped(so_many as u64), grouped(base as u64)),
    };
    shares.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::{lower, pictured};

    #[test]
    fn shares_are_pictured_by_one_number() {
        for (shares, wanted) in [
            (vec![0.912, 0.795], vec!["9 in 10", "8 in 10"]),
            (vec![0.93, 0.90], vec!["93 in 100", "90 in 100"]),
            (vec![0.012, 0.004], vec!["12 in 1,000", "4 in 1,000"]),
            (vec![0.0, 1.0], vec!["none", "all"]),
            (vec![0.000_1, 0.999_9], vec!["fewer than 1 in 1,000", "nearly all"]),
        ] {
            assert_eq!(pictured(&shares), wanted);
        }
    }

    #[test]
    fn titles_begin_small_within_a_sentence() {
        assert_eq!(lower("Any drop"), "any drop");
        assert_eq!(lower("System Usability Scale"), "System Usability Scale");
    }
}
