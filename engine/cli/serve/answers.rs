//! Questions of the service, answered by the verbs of the command line.
//!
//! An option of an address is an option of the verb, so that both say the same and neither can be forgotten. What
//! names a file on this machine, or a text that would stand on a page, is no option from outside.

use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Cli, Shared, Verb, permitted, report, run_verb};
use crate::service::{Answers, Asked, Choice, Form, Reading, Refusal};

/// Options that are for whoever sits at this machine.
const CLOSED: [&str; 6] = ["gate", "profiles", "population", "title", "fresh", "help"];
/// What the names of platforms are called in an address.
const PLATFORM: &str = "platform";

/// The verbs.
pub(super) struct Verbs {
    shared: Shared,
}

impl Verbs {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

/// The words of the verb that answers a reading in a form.
const fn words(reading: Reading, form: Form) -> &'static [&'static str] {
    match (reading, form.is_of_data_set()) {
        (Reading::Comparison, true) => &["export", "comparison"],
        (Reading::Decision, true) => &["export", "decision"],
        (Reading::Totals, true) => &["export", "totals"],
        (Reading::Quality, true) => &["export", "quality"],
        (Reading::Outcomes, true) => &["export", "outcomes"],
        (Reading::Comparison, false) => &["compare"],
        (Reading::Decision, false) => &["decide"],
        (Reading::Totals, false) => &["totals"],
        (Reading::Quality, false) => &["quality"],
        (Reading::Outcomes, false) => &["outcomes"],
        (Reading::Claim, _) => &["explain"],
        (Reading::Diff, _) => &["diff"],
        (Reading::Outages, _) => &["outages"],
        (Reading::Report, _) => &["report", "build"],
    }
}

/// What the verb is told to write.
const fn format(form: Form) -> Option<&'static str> {
    Some(match form {
        // What a data set means stands in its document.
        Form::Json | Form::Metadata => "json",
        Form::Ndjson => "ndjson",
        Form::Csv => "csv",
        Form::Xlsx => "xlsx",
        Form::Zip => "zip",
        #[cfg(feature = "parquet")]
        Form::Parquet => "parquet",
        Form::Md => "md",
        Form::Text | Form::Html | Form::Live => return None,
    })
}

/// The command that a reading is asked by.
fn command(reading: Reading, form: Form) -> Command {
    let found = words(reading, form)
        .iter()
        .try_fold(Cli::command(), |command, word| command.find_subcommand(word).cloned());
    found.unwrap_or_default()
}

/// Whether an option may be given from outside.
fn is_open(arg: &Arg) -> bool {
    !arg.is_global_set() && !CLOSED.contains(&arg.get_id().as_str()) && arg.get_id() != "claim"
}

/// What an option is called in an address.
fn name(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| PLATFORM.to_owned(), |long| long.replace('-', "_"))
}

fn is_flag(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

impl Answers for Verbs {
    fn choices(&self, reading: Reading, form: Form) -> Vec<Choice> {
        let command = command(reading, form);
        let open = command.get_arguments().filter(|arg| is_open(arg));
        let choice = |arg: &Arg| Choice {
            name: name(arg),
            says: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            many: matches!(arg.get_action(), ArgAction::Append),
            flag: is_flag(arg),
            required: arg.is_required_set(),
        };
        open.map(choice).collect()
    }

    fn answer(&self, asked: &Asked) -> Result<Vec<u8>, Refusal> {
        let args = argv(asked)?;
        let matches = Cli::command().color(clap::ColorChoice::Never).try_get_matches_from(args);
        let cli = matches
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map_err(|error| Refusal::Question(said(&error)))?;
        let shared = Shared { format: cli.shared.format, ..self.shared.clone() };
        permitted(&cli.verb, &shared).map_err(|failure| Refusal::Policy(message(&failure)))?;
        let mut out = Out::memory();
        match (asked.form, &cli.verb) {
            (Form::Live, Verb::Report(report::Verb::Build(args))) => report::live(args, &shared, &mut out),
            (_, verb) => run_verb(verb, &shared, &mut out),
        }
        .map_err(|failure| refusal(failure, asked))?;
        match asked.form {
            Form::Metadata => metadata(&out.into_memory()),
            _ => Ok(out.into_memory()),
        }
    }
}

/// The question as it would be typed. Every option is one word with its value, so that no value can become another.
fn argv(asked: &Asked) -> Result<Vec<String>, Refusal> {
    let command = command(asked.reading, asked.form);
    let mut args: Vec<String> = vec!["evenfield".to_owned()];
    args.extend(words(asked.reading, asked.form).iter().map(|word| (*word).to_owned()));
    args.extend(format(asked.form).map(|format| format!("--format={format}")));
    let mut positional: Vec<String> = asked.subject.iter().cloned().collect();
    for (told, value) in &asked.options {
        let mut open = command.get_arguments().filter(|arg| is_open(arg));
        let Some(arg) = open.find(|arg| name(arg) == *told) else { return Err(unknown(&command, told)) };
        match (arg.get_long(), is_flag(arg)) {
            (None, _) => positional.push(value.clone()),
            (Some(long), false) => args.push(format!("--{long}={value}")),
            (Some(long), true) => match value.as_str() {
                "" | "true" => args.push(format!("--{long}")),
                "false" => {}
                _ => return Err(Refusal::Question(format!("{told}={value:?}: expected true or false"))),
            },
        }
    }
    args.push("--".to_owned());
    args.extend(positional);
    Ok(args)
}

/// What the document of a data set says of itself.
fn metadata(document: &[u8]) -> Result<Vec<u8>, Refusal> {
    #[derive(serde::Deserialize)]
    struct Document {
        metadata: Box<serde_json::value::RawValue>,
    }
    let document: Document =
        serde_json::from_slice(document).map_err(|error| Refusal::Failed(error.to_string()))?;
    Ok(format!("{}\n", document.metadata.get()).into_bytes())
}

fn unknown(command: &Command, told: &str) -> Refusal {
    let names = command.get_arguments().filter(|arg| is_open(arg)).map(name);
    Refusal::Question(super::super::choose::unknown("option", told, names))
}

/// What the command line says of a question that it does not understand, in one paragraph.
fn said(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.trim_start_matches("error: ").split_whitespace().collect();
    words.join(" ")
}

fn message(failure: &Failure) -> String {
    failure.message().unwrap_or_default().to_owned()
}

fn refusal(failure: Failure, asked: &Asked) -> Refusal {
    let message = message(&failure);
    match failure {
        // The name of a claim stands in the address.
        Failure::Usage(_) if asked.reading == Reading::Claim && asked.options.is_empty() => {
            Refusal::Missing(message)
        }
        Failure::Usage(_) | Failure::Gate(_) => Refusal::Question(message),
        Failure::Input(_) => Refusal::Missing(message),
        Failure::Integrity(_) => Refusal::Damaged(message),
        Failure::NotComparable(_) => Refusal::Incomparable(message),
        Failure::Interrupted | Failure::Quiet => Refusal::Interrupted,
        Failure::Other(_) => Refusal::Failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(reading: Reading, options: &[(&str, &str)]) -> Asked {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Asked { reading, subject: None, options, form: Form::Json }
    }

    #[test]
    fn an_option_of_an_address_is_that_of_the_verb() {
        let args = argv(&asked(
            Reading::Comparison,
            &[
                ("platform", "alder"),
                ("by", "service"),
                ("as_of", "12"),
                ("learning", "true"),
                ("times", "false"),
            ],
        ));
        let expected = [
            "evenfield",
            "compare",
            "--format=json",
            "--by=service",
            "--as-of=12",
            "--learning",
            "--",
            "alder",
        ];
        assert_eq!(args.unwrap(), expected);
    }

    #[test]
    fn no_value_becomes_an_option_and_no_file_is_named_from_outside() {
        let args =
            argv(&asked(Reading::Comparison, &[("platform", "--store=/elsewhere"), ("where", "--output=x")]));
        assert_eq!(args.unwrap()[3..], ["--where=--output=x", "--", "--store=/elsewhere"]);
        let names = [
            "store",
            "output",
            "o",
            "gate",
            "platforms",
            "population",
            "title",
            "policy",
            "release",
            "threads",
            "json",
            "format",
            "fresh",
            "help",
            "quiet",
            "color",
            "claim",
            "",
            "--by",
            "By",
        ];
        for reading in Reading::ALL {
            for name in names {
                assert!(
                    matches!(argv(&asked(reading, &[(name, "x")])), Err(Refusal::Question(_))),
                    "{reading:?} {name}"
                );
            }
        }
    }

    #[test]
    fn every_reading_has_a_verb_and_options() {
        let shared = Cli::try_parse().shared;
        for reading in Reading::ALL {
            let choices = Verbs::new(shared.clone()).choices(reading, reading.forms()[0]);
            assert!(
                choices.iter().any(|choice| ["as_of", "by"].contains(&choice.name.as_str())),
                "{reading:?}"
            );
            assert!(choices.iter().all(|choice| !choice.says.is_empty()), "{reading:?} {choices:?}");
        }
    }

    trait Parsed {
        fn try_parse() -> Cli;
    }

    impl Parsed for Cli {
        fn try_parse() -> Cli {
            <Cli as clap::Parser>::try_parse_from(["evenfield", "totals"]).unwrap()
        }
    }
}
