//! The name of a claim: the same for the same question as evidence grows.

use crate::compare::ask::{Ask, ClusterChoice};
use crate::compare::subject::Subject;
use crate::parameters::Parameters;

use super::rule::Rule;

/// The name of what `rule` claims of a subject; `further` is what else the question tells, by what it is.
///
/// It depends on the question alone: rule, measure, role, platform, sides, levels, filter, clustering, level and the
/// parameters of the reading other than the instant. Everything is told with its length and lists with their tag, so
/// that no two questions can be told alike.
#[must_use]
pub fn claim_id(
    rule: Rule,
    ask: &Ask,
    parameters: &Parameters,
    (subject, one_sided): (&Subject, bool),
    further: &[(&str, &str)],
) -> String {
    let mut name = Name::of(rule);
    let role = subject.role.map_or("", event::Role::name);
    let sides = if one_sided { "one side" } else { "both sides" };
    name.tell([subject.measure, role, &subject.platform, sides]);
    let levels = subject.by.iter().flat_map(|(dimension, level)| [*dimension, level.as_str()]);
    name.list("by", levels);
    name.list("further", further.iter().flat_map(|(what, level)| [*what, *level]));
    for (dimension, levels) in ask.filter.iter() {
        name.list("where", [dimension.name()].into_iter().chain(levels.iter().map(String::as_str)));
    }
    name.list("cluster", [cluster(ask.cluster)]);
    let numbers = [parameters.grace_ms, parameters.interrupted_max_ms, parameters.interrupted_max_permille];
    name.list("parameters", numbers.map(|number| number.to_string()).iter().map(String::as_str));
    name.list("level", [ask.level.to_string().as_str()]);
    name.told()
}

fn cluster(choice: ClusterChoice) -> &'static str {
    match choice {
        ClusterChoice::Auto => "auto",
        ClusterChoice::None => "none",
        ClusterChoice::By(dimension) => dimension.name(),
    }
}

/// What a name or a hash of numbers is made of.
pub(super) struct Name(blake3::Hasher);

impl Name {
    fn of(rule: Rule) -> Self {
        let mut name = Self(blake3::Hasher::new());
        name.tell([rule.name()]);
        name
    }

    /// What a claim says, under its name.
    pub(super) fn of_value(claim: &str) -> Self {
        let mut name = Self(blake3::Hasher::new());
        name.tell(["value", claim]);
        name
    }

    pub(super) fn tell<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        for text in texts {
            self.0.update(&(text.len() as u64).to_le_bytes());
            self.0.update(text.as_bytes());
        }
    }

    fn list<'a>(&mut self, tag: &str, texts: impl IntoIterator<Item = &'a str>) {
        let texts: Vec<&str> = texts.into_iter().collect();
        self.tell([tag, &texts.len().to_string()]);
        self.tell(texts);
    }

    /// Twelve digits: of ten thousand claims two have the same one with a chance of one in five million.
    pub(super) fn digits(&self) -> String {
        self.0.finalize().to_hex()[..12].to_owned()
    }

    fn told(&self) -> String {
        format!("c-{}", self.digits())
    }
}
