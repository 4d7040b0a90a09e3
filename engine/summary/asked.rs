//! The question of a summary, by the names that people type.
//!
//! It says what was counted. What is asked of the numbers later (the reference, the coverage of limits) is no part of
//! it, and is chosen by whoever merges.

use std::collections::BTreeMap;

use event::Dimension;
use projections::catalog;
use projections::compare::{Ask, ClusterChoice};
use projections::filter::Filter;
use serde::{Deserialize, Serialize};

/// What a summary counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Measures by name; none: all of them.
    pub measures: Vec<String>,
    /// By which dimensions, besides the platform.
    pub by: Vec<String>,
    /// Of which consultations: levels by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<String, Vec<String>>,
    /// How rows share their luck: `auto`, `none` or a dimension.
    pub cluster: String,
}

impl Asked {
    /// What `ask` counts.
    #[must_use]
    pub fn of(ask: &Ask) -> Self {
        let filter =
            ask.filter.iter().map(|(dimension, levels)| (dimension.name().to_owned(), levels.to_vec()));
        Self {
            measures: ask.measures.iter().map(|measure| measure.name.to_owned()).collect(),
            by: ask.by.iter().map(|dimension| dimension.name().to_owned()).collect(),
            filter: filter.collect(),
            cluster: match ask.cluster {
                ClusterChoice::Auto => "auto",
                ClusterChoice::None => "none",
                ClusterChoice::By(dimension) => dimension.name(),
            }
            .to_owned(),
        }
    }

    /// The question again.
    ///
    /// # Errors
    /// What of it is not known here.
    pub fn ask(&self) -> Result<Ask, String> {
        let dimension = |name: &String| {
            Dimension::from_name(name)
                .filter(|dimension| *dimension != Dimension::Platform)
                .ok_or_else(|| format!("it groups or clusters by {name:?}, which cannot be done here"))
        };
        let measure = |name: &String| {
            catalog::measure(name).ok_or_else(|| format!("it counts {name:?}, which is no measure here"))
        };
        let cluster = match self.cluster.as_str() {
            "auto" => ClusterChoice::Auto,
            "none" => ClusterChoice::None,
            _ => ClusterChoice::By(dimension(&self.cluster)?),
        };
        let ask = Ask {
            measures: self.measures.iter().map(measure).collect::<Result<_, _>>()?,
            by: self.by.iter().map(dimension).collect::<Result<_, _>>()?,
            filter: self.filter()?,
            cluster,
            ..Ask::default()
        };
        match Self::of(&ask) == *self && !has_twice(&self.measures) && !has_twice(&self.by) {
            true => Ok(ask),
            false => Err("its question is not written as it is written here".to_owned()),
        }
    }

    fn filter(&self) -> Result<Filter, String> {
        let mut filter = Filter::default();
        for (dimension, levels) in &self.filter {
            for level in levels {
                filter.add(&format!("{dimension}={level}")).map_err(|error| error.to_string())?;
            }
        }
        Ok(filter)
    }

    /// In which option another question differs, and how both have it.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let filter = |asked: &Self| {
            let one =
                |(dimension, levels): (&String, &Vec<String>)| format!("{dimension}={}", levels.join(","));
            asked.filter.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        let options = [
            ("--measure", self.measures.join(","), other.measures.join(",")),
            ("--by", self.by.join(","), other.by.join(",")),
            ("--where", filter(self), filter(other)),
            ("--cluster", self.cluster.clone(), other.cluster.clone()),
        ];
        let (option, ours, theirs) = options.into_iter().find(|(_, ours, theirs)| ours != theirs)?;
        let said =
            |told: String| if told.is_empty() { format!("no {option}") } else { format!("{option} {told}") };
        Some(format!("one was made with {}, the other with {}", said(ours), said(theirs)))
    }
}

fn has_twice(names: &[String]) -> bool {
    names.iter().enumerate().any(|(i, name)| names[..i].contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back_as_it_was() {
        let mut filter = Filter::default();
        filter.add("service=a,b").unwrap();
        let ask = Ask {
            measures: vec![catalog::measure("undisturbed").unwrap()],
            by: vec![Dimension::Network],
            filter,
            cluster: ClusterChoice::By(Dimension::Organisation),
            ..Ask::default()
        };
        let asked = Asked::of(&ask);
        assert_eq!(Asked::of(&asked.ask().unwrap()), asked);
        assert_eq!(asked.difference(&asked), None);
        let other = Asked { by: vec![], ..asked.clone() };
        assert_eq!(
            asked.difference(&other).unwrap(),
            "one was made with --by network, the other with no --by"
        );
    }

    #[test]
    fn a_question_that_nobody_could_ask_is_refused() {
        let plain = Asked::of(&Ask::default());
        let wrong = [
            Asked { measures: vec!["x".to_owned()], ..plain.clone() },
            Asked { by: vec!["platform".to_owned()], ..plain.clone() },
            Asked { by: vec!["network".to_owned(); 2], ..plain.clone() },
            Asked { cluster: "x".to_owned(), ..plain.clone() },
            Asked { filter: [("service".to_owned(), vec![])].into(), ..plain.clone() },
            Asked { filter: [("service".to_owned(), vec!["b".to_owned(), "a".to_owned()])].into(), ..plain },
        ];
        for asked in wrong {
            assert!(asked.ask().is_err(), "{asked:?}");
        }
    }
}
