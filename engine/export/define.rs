//! What the columns of data sets say: by their names, since a name means the same wherever it stands.
//!
//! A column whose name is made of the way to it, such as `response_rate` or `typical_lo`, says what its last words
//! say, of what stands before them. The tests look for columns that nobody has defined.

use event::Dimension;

use super::table::Kind::{self, Flag, Instant, Number, Text, Whole};

/// What a column says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) title: String,
    pub(super) kind: Kind,
    pub(super) unit: Option<&'static str>,
    pub(super) means: String,
}

/// What a name says wherever it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    name: &'static str,
    kind: Kind,
    means: &'static str,
    /// Whether a null in it says that there is no such thing, rather than that it could not be had.
    pub(super) null_is_none: bool,
}

/// The column of that name.
pub(super) fn define(name: &str) -> Definition {
    let unit = unit(name);
    let titled = |kind, means: String| Definition { title: title(name), kind, unit, means };
    if let Some(known) = known(name) {
        return titled(known.kind, known.means.to_owned());
    }
    if Dimension::from_name(name).is_some() {
        return titled(
            Text,
            format!("Circumstance: {}; [z] in what is about all levels", name.replace('_', " ")),
        );
    }
    // The longest known end of the name, and what stands before it.
    let ends = name.match_indices('_').map(|(at, _)| (&name[..at], &name[at + 1..]));
    let ends = ends.filter_map(|(before, end)| Some((before, known(end)?)));
    match ends.min_by_key(|(before, _)| before.len()) {
        Some((before, known)) => {
            titled(known.kind, format!("{}, of: {}", known.means, before.replace('_', " ")))
        }
        None => titled(Text, String::new()),
    }
}

/// What is known of exactly this name.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    COLUMNS.iter().find(|known| known.name == name)
}

/// The name for people: the words, and the letters of statistics with what they stand for.
fn title(name: &str) -> String {
    let words: Vec<&str> = name.split('_').map(word).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn word(word: &str) -> &str {
    match word {
        "x" => "count (x)",
        "n" => "out of (n)",
        "lo" => "lower limit",
        "hi" => "upper limit",
        "deff" => "design effect",
        "p50" => "median",
        "p90" => "90th percentile",
        "p95" => "95th percentile",
        "ms" => "(ms)",
        "df" => "degrees of freedom",
        other => other,
    }
}

/// In what its numbers are, as its name says.
fn unit(name: &str) -> Option<&'static str> {
    let words: Vec<&str> = name.split('_').collect();
    let says = |word: &str| words.contains(&word);
    // Quantiles are those of durations.
    if says("ms") || ["p50", "p90", "p95"].into_iter().any(says) {
        return Some("milliseconds");
    }
    match *words.last()? {
        "s" => Some("seconds"),
        "minutes" | "minute" => Some("minutes"),
        "share" => Some("share, from 0 to 1"),
        "1000" => Some("in 1,000 people"),
        _ => None,
    }
}

const fn of(name: &'static str, kind: Kind, means: &'static str) -> Known {
    Known { name, kind, means, null_is_none: false }
}

/// One whose null says that there is no such thing.
const fn perhaps(name: &'static str, kind: Kind, means: &'static str) -> Known {
    Known { name, kind, means, null_is_none: true }
}

const COLUMNS: &[Known] = &[
    // Who and what.
    of("measure", Text, "What is measured; its definition is among the metadata"),
    perhaps("platform", Text, "The platform; [z] where it is about all of them together"),
    of("platforms", Text, "The platforms"),
    of("reference", Text, "The platform that differences are taken from"),
    perhaps("role", Text, "Whose, of a measure that is read by role"),
    of(
        "one_sided",
        Flag,
        "Whether it was seen from one side only: never compared with what was seen from both",
    ),
    of("dimension", Text, "By which circumstance groups are told apart"),
    of("group", Text, "The group"),
    perhaps("than", Text, "What it is compared with"),
    of("stratum", Text, "What may use a platform of its own, such as a service"),
    of("name", Text, "What it is the number of"),
    of("count", Whole, "How many"),
    of("place", Whole, "Its place in the list"),
    of("period", Text, "The period: a day, a month, or how long each is"),
    of("unit", Text, "What is told apart, such as an organisation"),
    of("from", Text, "Where it begins, or from what was moved"),
    of("to", Whole, "Where it ends"),
    of("gate", Text, "What was asked for"),
    of("words", Text, "The same in words"),
    perhaps("reason", Text, "Why numbers are not there or not to be relied on"),
    perhaps("notes", Text, "Cautions"),
    perhaps("by", Text, "By which circumstances it was told apart or adjusted"),
    // Numbers and their limits.
    of("status", Text, "ok, or why numbers are not there or not to be relied on"),
    of("x", Whole, "How many it holds of"),
    of("n", Whole, "Of how many"),
    of("value", Number, "The value, in the unit of the measure; shares are from 0 to 1"),
    of("value_mark", Text, "[low] where the value beside it is not to be relied on; empty otherwise"),
    of("mark", Text, "[low] where the value beside it is not to be relied on; empty otherwise"),
    of("lo", Number, "The lower limit"),
    of("hi", Number, "The upper limit"),
    of("level", Number, "The nominal coverage of limits"),
    of("method", Text, "The estimator; its source is among the metadata"),
    of("cluster", Text, "By which circumstance consultations were taken to share their luck"),
    perhaps("clusters", Whole, "How many clusters there were"),
    of("deff", Number, "The design effect by which the sample was discounted"),
    of("unclustered_share", Number, "The share without a level of the clustering circumstance"),
    of("unmeasured", Whole, "Attempted consultations whose sources cannot see it"),
    perhaps("inferred", Text, "Kinds of event that sources only infer"),
    perhaps("not_measured", Text, "Which numbers are not there, since no source can tell them"),
    perhaps("components", Text, "The parts of a composite that were counted"),
    perhaps("grade", Text, "The grades of the SUS curve that the limits allow"),
    of("p50", Whole, "The median"),
    of("p90", Whole, "The 90th percentile"),
    of("p95", Whole, "The 95th percentile"),
    of("p50_lo", Whole, "The lower limit of the median"),
    of("p50_hi", Whole, "The upper limit of the median"),
    of("p90_lo", Whole, "The lower limit of the 90th percentile"),
    of("p90_hi", Whole, "The upper limit of the 90th percentile"),
    of("p95_lo", Whole, "The lower limit of the 95th percentile"),
    of("p95_hi", Whole, "The upper limit of the 95th percentile"),
    of("answered", Whole, "Answers"),
    of("invited", Whole, "Invitations; [x] where nobody counted them"),
    of("of", Text, "What it is a share or a limit of"),
    of("rate", Number, "The rate"),
    of("share", Number, "The share"),
    of("verdict", Text, "What it amounts to, in the words of a closed list"),
    of("claim", Text, "The name of the claim, the same for the same question as evidence grows"),
    of(
        "concurrent_share",
        Number,
        "The share of consultations in months in which both platforms were used, where it is small",
    ),
    of("statistic", Number, "The statistic of the test"),
    of("df", Number, "Its degrees of freedom"),
    of("p", Number, "The p-value"),
    of("p_holm", Number, "The p-value after Holm, among those of its measure"),
    of("p_benjamini_hochberg", Number, "The p-value after Benjamini and Hochberg, among all"),
    of("always_p", Number, "The p-value that holds at every look"),
    of("of_measure", Whole, "How many tests there are of the measure"),
    of("of_all", Whole, "How many tests there are of all"),
    of("planned", Whole, "Consultations at which limits for every look are narrowest"),
    of("margin", Number, "The smallest difference that would matter"),
    of("further", Whole, "How many more consultations it would take"),
    of("further_platform", Whole, "How many more consultations of the platform it would take"),
    of("further_reference", Whole, "How many more consultations of the reference it would take"),
    of("adjustment", Text, "How it was adjusted"),
    of("strata", Whole, "How many strata both were seen in"),
    of("limit", Number, "The same, of the limit that is nearer to none"),
    // A closer look.
    of("values_group", Number, "The value of the group"),
    of("values_than", Number, "The value of what it is compared with"),
    of("n_group", Whole, "Of how many, in the group"),
    of("n_than", Whole, "Of how many, in what it is compared with"),
    of("not_recorded", Whole, "Consultations of which it is not recorded"),
    of("target", Number, "The value of all units together"),
    of("dispersion", Number, "How much more units differ than chance would have them"),
    of("i_squared", Number, "The share of variation that is not chance"),
    of("shrunk", Number, "The value, drawn towards what is usual"),
    of("by_chance_inner", Text, "Where it lies against the limits of chance, at 95 %"),
    of("by_chance_outer", Text, "Where it lies against the limits of chance, at 99.8 %"),
    of(
        "as_usual_inner",
        Text,
        "Where it lies against limits that take usual variation into account, at 95 %",
    ),
    of(
        "as_usual_outer",
        Text,
        "Where it lies against limits that take usual variation into account, at 99.8 %",
    ),
    of("rules", Text, "The rules by which something stands out, or those that say so here"),
    perhaps("latest", Text, "What the latest whole period says"),
    of("earlier", Whole, "Periods that lie further back than the chart reaches"),
    of("signal", Text, "What the period says"),
    of("partial", Flag, "Whether the period was not over"),
    of("clinicians", Whole, "How many clinicians"),
    of("mean", Number, "The mean"),
    of("with_both", Whole, "Clinicians with consultations both early and late"),
    of("design", Text, "How before and after were compared"),
    of("switched", Whole, "Units that moved"),
    of("stayed", Whole, "Units that stayed"),
    of("mixed", Whole, "Units that used both"),
    of("left_out", Whole, "Units of which too little was seen"),
    of("since", Whole, "Periods since the move"),
    of("calls", Whole, "Connected consultations"),
    of("last_seen", Whole, "Calls whose end was not seen, up to where they were last seen"),
    of("went_on", Whole, "Calls that went on when they were last seen"),
    of("slot_minutes", Whole, "How long a slot is"),
    of("minutes", Whole, "Within how many minutes"),
    of("drops", Whole, "Drops: absences of the grace or longer"),
    // Gates of a buyer.
    perhaps(
        "side",
        Text,
        "On which side of the threshold it must be, or on which side something first failed",
    ),
    of("threshold", Number, "The threshold"),
    of("passes", Flag, "Whether it is met"),
    of("passed", Flag, "Whether it is passed"),
    of("needed", Number, "What it takes"),
    // Claims.
    of("rule", Text, "The rule that made the claim, with its version"),
    of("value_hash", Text, "A hash of the claim, its verdict and its numbers"),
    // Counts of consultations.
    of("consultations", Whole, "Consultations"),
    of("attempted", Whole, "Consultations that were attempted"),
    of("connected", Whole, "Consultations that connected"),
    of("first_try", Whole, "Consultations that connected at the first try"),
    of("undisturbed", Whole, "Consultations that were undisturbed"),
    of("completed", Whole, "Consultations that reached their intended end"),
    of("in_progress", Whole, "Consultations that are not over"),
    of("other_modalities", Whole, "Consultations by phone or in person, which are not counted"),
    of("undeclared", Whole, "Consultations by sources that never declared what they can see"),
    of("unread_voices", Whole, "Ratings and scores that could not be read"),
    perhaps("unobserved", Text, "Kinds of event that sources do not see"),
    of("audio_lost_ms", Whole, "How long sound was lost"),
    of("connected_ms", Whole, "How long both sides were connected"),
    of("down_ms", Whole, "How long both sides were not connected, from first connection to the end"),
    // A decision.
    of("schema", Text, "Name and version of the form of the answer"),
    of("seen", Number, "The share as it was seen"),
    of(
        "expected",
        Number,
        "The share that is expected, thin strata drawn towards what the platform is elsewhere",
    ),
    of("best", Number, "The chance to be the best in the stratum"),
    of("delta", Number, "The difference that matters, as a share"),
    of("price", Number, "What each platform beyond the first costs, in the same unit"),
    of("price_lo", Number, "What a consultation costs, at least"),
    of("price_hi", Number, "What a consultation costs, at most"),
    perhaps("range", Whole, "How many platforms the best range has; [z] where a range gains nothing"),
    of("gain", Number, "What a range gains over the best single platform, as a share"),
    of("folds", Whole, "Into how many parts consultations were dealt"),
    of("covered", Number, "How much of them platforms were seen in"),
    of("range_gains", Number, "The chance that a range gains more than the margin"),
    of("all_alike", Number, "The chance that all platforms are within the difference that matters"),
    perhaps("turning_price", Number, "The price at which the verdict would turn"),
    of("perfect_information", Number, "What it would be worth to know every share exactly"),
    of("turns_round_p", Number, "The p-value of the better platform being another in other strata"),
    perhaps("varies", Text, "Whether the difference varies between strata"),
    of("kind", Text, "Of which kind"),
    of("times", Number, "How many times as many as there are, or how often"),
    of("function", Text, "What a platform must be able to do"),
    of("lacks", Text, "What it is not shown to meet"),
    of("cheapest", Text, "The cheapest platform"),
    of("state", Text, "Whether it is met, not met or not evidenced"),
    of("source", Text, "Who says so"),
    of("date", Text, "Since when"),
    of("days", Whole, "Days with consultations"),
    of("days_unknown", Whole, "Consultations of which no day is known"),
    perhaps("pulls_apart", Text, "Which choices average and worst day favour"),
    of("pulls_apart_one", Whole, "The choice that the average favours, by its place"),
    of("pulls_apart_other", Whole, "The choice that the worst day favours, by its place"),
    of("worst", Number, "What the worst day took beyond the average"),
    of("worst_day", Text, "The worst day"),
    of("shortfall", Number, "What the worst twentieth of days took beyond the average"),
    of("shortfall_by_chance", Number, "What that would be by chance"),
    perhaps("criteria", Text, "What may matter"),
    of("first", Number, "How often it comes first, whatever matters"),
    // Reach.
    of("people", Whole, "How many people there are"),
    of("people_share", Number, "Their share of all people"),
    of("counted", Whole, "Consultations of known groups"),
    of("not_measured", Whole, "Consultations of which nobody could see it"),
    of("representation", Number, "The share of consultations over the share of people"),
    of("per_1000", Number, "Consultations per 1,000 people"),
    // Quality.
    of("end_not_seen", Whole, "Consultations of which nothing tells how they ended"),
    of(
        "contradictory",
        Whole,
        "Consultations of which events contradict each other, or are of no known kind",
    ),
    of("observed", Whole, "Consultations whose sources observe it"),
    of("cannot_tell", Whole, "Consultations whose sources cannot tell it"),
    // Outcomes.
    of("consultation", Text, "The consultation"),
    perhaps(
        "connect_ms",
        Whole,
        "From the later side's first attempt to connection; [z] of what never connected",
    ),
    of("waiting_ms", Whole, "Between the two sides' first attempts"),
    of("blips", Whole, "Absences shorter than the grace"),
    perhaps("first_drop_ms", Whole, "From connection to the first drop; [z] where there was none"),
    of("recovered_drops", Whole, "Drops with a return"),
    of("recovered_60s", Whole, "Drops with a return within a minute"),
    of("audio_losses", Whole, "Losses of sound"),
    of("video_losses", Whole, "Losses of the picture"),
    of("video_lost_ms", Whole, "How long the picture was lost"),
    of("interrupted_ms", Whole, "How long it was interrupted by losses of sound and absences"),
    of("help_requests", Whole, "Requests for help"),
    of("ending", Text, "How it ended"),
    of("began_at", Instant, "When the first of either side tried to get in"),
    of("ended_at", Instant, "When it ended"),
    perhaps("stage", Text, "At which stage it was abandoned"),
    of("scale", Whole, "The highest value that could be given"),
    perhaps("instrument", Text, "The questionnaire"),
    of("answer", Text, "The answer"),
    of("ms", Whole, "From opening the link to joining"),
    of("at", Instant, "When it began"),
    perhaps("over_at", Instant, "When it was over; [z] where it never was"),
    of("until", Instant, "The instant as of which consultations are over or not"),
];
