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
    /// What it counts besides, where it is for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide: Option<Decide>,
}

/// What a summary for a decision counts besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// What strata are adjusted for.
    pub adjust: Vec<String>,
    /// Whether strata are services since nobody asked for others, and are none if no log recorded services.
    pub usual_strata: bool,
}

/// What a summary is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum For {
    /// To compare platforms.
    #[default]
    Comparison,
    /// To compare, and to decide for one platform or a range.
    Decision {
        /// Whether strata are services since nobody asked for others.
        usual_strata: bool,
    },
}

impl Asked {
    /// What `ask` counts for what it is asked for.
    #[must_use]
    pub fn of(ask: &Ask, purpose: For) -> Self {
        let names = |dimensions: &[Dimension]| -> Vec<String> {
            dimensions.iter().map(|dimension| dimension.name().to_owned()).collect()
        };
        let filter =
            ask.filter.iter().map(|(dimension, levels)| (dimension.name().to_owned(), levels.to_vec()));
        Self {
            measures: ask.measures.iter().map(|measure| measure.name.to_owned()).collect(),
            by: names(&ask.by),
            filter: filter.collect(),
            cluster: match ask.cluster {
                ClusterChoice::Auto => "auto",
                ClusterChoice::None => "none",
                ClusterChoice::By(dimension) => dimension.name(),
            }
            .to_owned(),
            decide: match purpose {
                For::Comparison => None,
                For::Decision { usual_strata } => Some(Decide { adjust: names(&ask.adjust), usual_strata }),
            },
        }
    }

    /// The question again, and what it is for.
    ///
    /// # Errors
    /// What of it is not known here.
    pub fn ask(&self) -> Result<(Ask, For), String> {
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
        let adjust = self.decide.as_ref().map_or(&[][..], |decide| &decide.adjust);
        let ask = Ask {
            measures: self.measures.iter().map(measure).collect::<Result<_, _>>()?,
            by: self.by.iter().map(dimension).collect::<Result<_, _>>()?,
            adjust: adjust.iter().map(dimension).collect::<Result<_, _>>()?,
            filter: self.filter()?,
            cluster,
            ..Ask::default()
        };
        let purpose = match &self.decide {
            None => For::Comparison,
            Some(Decide { usual_strata, .. }) => For::Decision { usual_strata: *usual_strata },
        };
        let is_plain = Self::of(&ask, purpose) == *self && !has_twice(&self.measures);
        match is_plain && !has_twice(&[&self.by[..], adjust].concat()) && self.can_decide(&ask) {
            true => Ok((ask, purpose)),
            false => Err("its question is not written as it is written here".to_owned()),
        }
    }

    /// Whether a decision can be asked so, if one is.
    fn can_decide(&self, ask: &Ask) -> bool {
        self.decide.as_ref().is_none_or(|decide| {
            let are_usual = ask.by == [Dimension::Service];
            ask.measures.len() == 1 && ask.every_decision().is_some() && (are_usual || !decide.usual_strata)
        })
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
        let by = |asked: &Self| match &asked.decide {
            Some(Decide { usual_strata: true, .. }) => String::new(),
            _ => asked.by.join(","),
        };
        let adjust =
            |asked: &Self| asked.decide.as_ref().map(|decide| decide.adjust.join(",")).unwrap_or_default();
        let purpose = |asked: &Self| asked.decide.as_ref().map_or("", |_| "decide").to_owned();
        let options = [
            ("--for", purpose(self), purpose(other)),
            ("--measure", self.measures.join(","), other.measures.join(",")),
            ("--by", by(self), by(other)),
            ("--adjust", adjust(self), adjust(other)),
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
        let asked = Asked::of(&ask, For::Comparison);
        let (again, purpose) = asked.ask().unwrap();
        assert_eq!((Asked::of(&again, purpose), purpose), (asked.clone(), For::Comparison));
        assert_eq!(asked.difference(&asked), None);
        let other = Asked { by: vec![], ..asked.clone() };
        assert_eq!(
            asked.difference(&other).unwrap(),
            "one was made with --by network, the other with no --by"
        );
    }

    #[test]
    fn a_question_for_a_decision_comes_back_as_it_was() {
        let ask = Ask {
            measures: vec![catalog::measure("undisturbed").unwrap()],
            by: vec![Dimension::Service],
            adjust: vec![Dimension::Network],
            ..Ask::default()
        };
        let of = |usual_strata| Asked::of(&ask, For::Decision { usual_strata });
        let asked = of(true);
        let (again, purpose) = asked.ask().unwrap();
        assert_eq!((again.adjust, purpose), (ask.adjust.clone(), For::Decision { usual_strata: true }));
        assert_eq!(
            asked.difference(&Asked::of(&ask, For::Comparison)).unwrap(),
            "one was made with --for decide, the other with no --for"
        );
        assert_eq!(
            asked.difference(&of(false)).unwrap(),
            "one was made with no --by, the other with --by service"
        );
        let wrong = [
            Asked { measures: vec!["connect_ms".to_owned()], ..asked.clone() },
            Asked { measures: vec![], ..asked.clone() },
            Asked { by: vec!["device".to_owned()], ..asked.clone() },
            Asked { by: vec!["service".to_owned(), "network".to_owned()], ..asked },
        ];
        for asked in wrong {
            assert!(asked.ask().is_err(), "{asked:?}");
        }
    }

    #[test]
    fn a_question_that_nobody_could_ask_is_refused() {
        let plain = Asked::of(&Ask::default(), For::Comparison);
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
