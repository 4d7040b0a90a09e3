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

use super::chart::Unit;
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

/// Shares as they can be pictured, all of the same number: 9 in 10, 93 in 100, 4 in 1,000. They are to be what counts
/// make of them: one that was rounded to be told would be rounded twice.
fn pictured(shares: &[f64]) -> Vec<String> {
    let fits = |base: f64| {
        let rounded = |share: &f64| (share * base).round();
        // Of ten nearer than a fifth of what is pictured, be it few that do or few that do not: 7.7 % are not 1 in 10. None
        // and all are so of any number.
        let near = |share: &f64| {
            let (exact, round) = (share * base, rounded(share));
            let most = (0.2 * exact.min(base - exact)).min(0.25);
            let is_near = base > 10.0 || (exact - round).abs() <= most;
            [0.0, 1.0].contains(share) || ((1.0..base).contains(&round) && is_near)
        };
        // Of hundreds the percentage beside tells apart what the picture does not.
        let apart = |one: &f64, other: &f64| {
            base > 10.0 || (one - other).abs() < 0.005 || rounded(one) != rounded(other)
        };
        let mut pairs = shares
            .iter()
            .enumerate()
            .flat_map(|(at, one)| shares[at..].iter().map(move |other| (one, other)));
        shares.iter().all(near) && pairs.all(|(one, other)| apart(one, other))
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

/// A share in percent as it stands beside its picture: few are not none there, and nearly all not all. `share` is what
/// counts make of it, `shown` how it is told elsewhere.
fn percent(share: f64, shown: f64) -> String {
    match share {
        few if few > 0.0 && few < 0.000_5 => "less than 0.1 %".to_owned(),
        most if (0.999_5..1.0).contains(&most) => "more than 99.9 %".to_owned(),
        _ => Unit::Share.show(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::{percent, pictured};

    #[test]
    fn shares_are_pictured_by_one_number() {
        for (shares, wanted) in [
            (vec![0.912, 0.795], vec!["9 in 10", "8 in 10"]),
            (vec![0.93, 0.90], vec!["93 in 100", "90 in 100"]),
            (vec![0.934, 0.927], vec!["93 in 100", "93 in 100"]),
            (vec![1.0, 0.959], vec!["all", "96 in 100"]),
            (vec![0.077, 0.081], vec!["8 in 100", "8 in 100"]),
            (vec![0.012, 0.004], vec!["12 in 1,000", "4 in 1,000"]),
            (vec![0.0, 1.0], vec!["none", "all"]),
            (vec![0.000_1, 0.999_9], vec!["fewer than 1 in 1,000", "nearly all"]),
            // The first and the last differ, too.
            (vec![0.92, 0.80, 0.88], vec!["92 in 100", "80 in 100", "88 in 100"]),
        ] {
            assert_eq!(pictured(&shares), wanted);
        }
    }

    /// Of every count that the policy `rounded` may show, picture and percentage say the same.
    #[test]
    fn a_picture_and_the_percentage_beside_it_agree() {
        let counts = (10..=1_000_u32).step_by(5).flat_map(|n| (0..=n).step_by(5).map(move |x| (x, n)));
        for (x, n) in counts.chain([(5, 20_000), (19_995, 20_000), (10, 20_000), (19_990, 20_000)]) {
            let share = f64::from(x) / f64::from(n);
            let told = (share * 1_000.0).round() / 1_000.0;
            let (picture, percent) = (&pictured(&[share])[0], percent(share, told));
            assert_eq!(picture == "none", percent == "0.0 %", "{x} of {n}: {picture} ({percent})");
            assert_eq!(picture == "all", percent == "100.0 %", "{x} of {n}: {picture} ({percent})");
            if let Some((so_many, of)) = picture.replace(',', "").split_once(" in ")
                && let (Ok(so_many), Ok(of)) = (so_many.parse::<f64>(), of.parse::<f64>())
            {
                let percent: f64 = percent.trim_end_matches(" %").parse().unwrap();
                // Half of what the picture can tell apart, and of what the percentage can.
                let most = if of > 10.0 { 50.0 / of } else { 2.5 } + 0.05;
                assert!(
                    (100.0 * so_many / of - percent).abs() <= most + 1e-9,
                    "{x} of {n}: {picture} ({percent})"
                );
                assert!((so_many / of - share).abs() <= most / 100.0, "{x} of {n}");
            }
        }
    }

    /// Told as 89.5 % this was pictured as 90 in 100, since 89.47 was rounded twice.
    #[test]
    fn a_share_is_rounded_once() {
        let (share, told) = (425.0_f64 / 475.0, 0.895);
        assert_eq!((share * 1_000.0).round() / 1_000.0, told);
        assert_eq!(pictured(&[share, 0.53]), ["89 in 100", "53 in 100"]);
        assert_eq!(pictured(&[told, 0.53]), ["90 in 100", "53 in 100"]);
        assert_eq!(percent(share, told), "89.5 %");
    }
}
