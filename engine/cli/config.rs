//! `evenfield config`: what the program goes by, and where it has it from.
//!
//! There is no configuration file. A setting is an option, or a variable of the environment where the option is not
//! given, or else its default; so one look at the command and the environment tells everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, ValueEnum};
use projections::disclosure::Policy;
use serde::{Serialize, Serializer};

use super::failure::Failure;
use super::out::Out;
use super::{Cli, Shared};
use crate::ingest::Key;

/// Show what the program goes by.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Show every setting that the environment can tell or that every command has, with its value
    #[command(after_help = "Examples:\n  \
        evenfield config show\n  \
        evenfield config show --origin --policy rounded\n\n\
        An option goes before the environment, and that before the default. There is no configuration file. Of\n\
        a secret is told only whether it is set.")]
    Show {
        /// Tell where each value comes from: the command line, the environment or the default
        #[arg(long)]
        origin: bool,
        /// The key of pseudonyms, as `ingest` and `serve` take it
        #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
        key: Option<PathBuf>,
    },
}

/// Where the values of options came from, by their names in the program.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(BTreeMap<String, ValueSource>);

impl Origins {
    /// Those of a command line.
    pub(super) fn told(matches: &ArgMatches) -> Self {
        let mut last = matches;
        while let Some((_, below)) = last.subcommand() {
            last = below;
        }
        let source = |id: &clap::Id| Some((id.as_str().to_owned(), last.value_source(id.as_str())?));
        Self(last.ids().filter_map(source).collect())
    }

    /// That of an option, which this variable may tell as well.
    pub(super) fn of(&self, id: &str, environment: Option<&'static str>) -> Origin {
        // An option of other verbs than the one that runs is theirs to parse; whether its variable is set is seen here too.
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match (self.0.get(id), environment) {
            (Some(ValueSource::CommandLine), _) => Origin::CommandLine,
            (_, Some(name)) if is_set(name) => Origin::Environment(name),
            _ => Origin::Default,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    CommandLine,
    Environment(&'static str),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::CommandLine => "command line",
            Self::Environment(_) => "environment",
            Self::Default => "default",
        })
    }
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// What holds; of a secret, whether it is set.
    pub(super) value: String,
    pub(super) origin: Origin,
    option: &'static str,
    /// The variable that tells it where the option is not given.
    pub(super) environment: Option<&'static str>,
    is_secret: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    settings: &'a [Setting],
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let Verb::Show { origin, key } = verb;
    let settings = settings(shared, key.as_deref());
    if shared.is_json() {
        return out.document(&Document { schema: "evenfield.config/1", settings: &settings });
    }
    let widest = settings.iter().map(|setting| setting.value.chars().count()).max().unwrap_or_default();
    settings.iter().try_for_each(|Setting { name, value, origin: from, .. }| match origin {
        true => out.line(&format!("{name:8}  {value:widest$}  {from}")),
        false => out.line(&format!("{name:8}  {value}")),
    })
}

/// Every setting, where the key of pseudonyms may be `named`.
pub(super) fn settings(shared: &Shared, named: Option<&Path>) -> Vec<Setting> {
    let setting = |name, option, environment, value: String| {
        let origin = shared.origins.of(name, environment);
        Setting { name, value, origin, option, environment, is_secret: false }
    };
    let named = named.filter(|path| !path.as_os_str().is_empty());
    let key = Key::place(named, &shared.store)
        .map_or_else(|error| error.to_string(), |path| path.display().to_string());
    let policy = shared.asked_policy.map_or("internal; of a report rounded", Policy::name);
    let form = shared.format.and_then(|form| form.to_possible_value());
    let form =
        form.map_or(if shared.json { "json" } else { "table" }.to_owned(), |form| form.get_name().to_owned());
    let color = shared.color.to_possible_value().map(|when| when.get_name().to_owned());
    let mut token = setting("token", "--token", Some("EVENFIELD_TOKEN"), String::new());
    let is_set = token.origin != Origin::Default;
    (token.value, token.is_secret) = (if is_set { "set" } else { "not set" }.to_owned(), true);
    let mut written = setting("format", "--format", None, form);
    if shared.json {
        written.origin = Origin::CommandLine;
    }
    vec![
        setting("store", "--store", Some("EVENFIELD_STORE"), shared.store.display().to_string()),
        setting("policy", "--policy", Some("EVENFIELD_POLICY"), policy.to_owned()),
        setting("key", "--key", Some("EVENFIELD_KEY"), key),
        token,
        setting("threads", "--threads", None, shared.threads().to_string()),
        written,
        setting("color", "--color", None, color.unwrap_or_default()),
    ]
}

/// Every variable of the environment that some option of some command takes.
pub(super) fn variables() -> Vec<String> {
    fn gather(command: &Command, found: &mut BTreeSet<String>) {
        let of_options = command.get_arguments().filter_map(Arg::get_env);
        found.extend(of_options.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|below| gather(below, found));
    }
    let mut found = BTreeSet::new();
    gather(&Cli::command(), &mut found);
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Whoever lets the environment tell something is to show it.
    #[test]
    fn every_variable_is_that_of_a_setting() {
        let cli = Cli::try_parse_from(["evenfield", "config", "show"]).unwrap();
        let shown: BTreeSet<String> = settings(&cli.shared, None)
            .iter()
            .filter_map(|setting| setting.environment)
            .map(str::to_owned)
            .collect();
        assert!(shown.len() > 3 && shown.into_iter().eq(variables()));
    }

    /// Whoever hides a value from the help hides it here.
    #[test]
    fn secrets_are_those_that_help_hides() {
        fn hidden(command: &Command, found: &mut BTreeSet<String>) {
            let secrets = command.get_arguments().filter(|option| option.is_hide_env_values_set());
            found.extend(secrets.filter_map(Arg::get_env).map(|name| name.to_string_lossy().into_owned()));
            command.get_subcommands().for_each(|below| hidden(below, found));
        }
        let cli = Cli::try_parse_from(["evenfield", "config", "show"]).unwrap();
        let secret = settings(&cli.shared, None).into_iter().filter(|setting| setting.is_secret);
        let mut found = BTreeSet::new();
        hidden(&Cli::command(), &mut found);
        assert!(secret.filter_map(|setting| setting.environment).eq(&found) && !found.is_empty());
    }
}
