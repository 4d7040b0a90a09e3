//! Whom video reaches, as far as it may be shown: the consultations of each group on each platform and on all
//! together, with what follows from them.
//!
//! How far consultations came (attempted, connected, completed) and slopes are left out: they would have to
//! be kept safe in three directions at once.

use std::collections::BTreeMap;

use super::boundary::{Boundary, Disclose, Undisclosed};
use super::earlier::Key;
use super::published::{Line, Part, Published, Value};
use super::table::{Place, Table};
use crate::compare::{Reach, ReachPart};

/// The places of one part: its groups, and all of them.
struct Places {
    groups: Vec<Place>,
    counted: Place,
}

impl Disclose for Reach {
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed> {
        boundary.whole(self.filter.keys().copied())?;
        boundary.no_people(self.parts.iter().map(|part| part.dimension))?;
        boundary.usual(&self.parameters)?;
        let places: Vec<Places> = self.parts.iter().map(|part| taken(boundary, part)).collect();
        let all: Vec<(&ReachPart, &Places)> = self.parts.iter().zip(&places).collect();
        for one in all.chunk_by(|(a, _), (b, _)| a.dimension == b.dimension) {
            tables(boundary, one);
        }
        boundary.settle()?;
        let lines = all.iter().flat_map(|(part, places)| lines(boundary, part, places)).collect();
        Ok(Published {
            schema: self.schema,
            policy: boundary.note(),
            head: vec![("until", Value::Text(self.parameters.until.to_string()))],
            parts: vec![Part { name: "groups", lines }],
            notes: [
                "how far consultations came, limits and slopes are not shown under this policy",
                self.cautions[0],
                self.cautions[1],
            ]
            .map(str::to_owned)
            .to_vec(),
        })
    }
}

fn taken(boundary: &mut Boundary<'_>, part: &ReachPart) -> Places {
    let key = |levels: BTreeMap<String, String>, count: &str| Key {
        count: count.to_owned(),
        platform: part.platform.clone(),
        levels,
    };
    let groups = part.groups.iter().map(|group| {
        let levels = [(part.dimension.to_owned(), group.group.clone())].into();
        boundary.count(key(levels, "consultations"), group.consultations.n)
    });
    let groups = groups.collect();
    let name = format!("consultations of groups by {}", part.dimension);
    Places { groups, counted: boundary.count(key(BTreeMap::new(), &name), part.counted) }
}

/// The table of one dimension: platforms by groups, with all together as its margin.
fn tables(boundary: &mut Boundary<'_>, parts: &[(&ReachPart, &Places)]) {
    let (whole, platforms): (Vec<_>, Vec<_>) = parts.iter().partition(|(part, _)| part.platform.is_none());
    let Some((_, whole)) = whole.first() else { return };
    let cells = platforms.iter().flat_map(|(_, places)| places.groups.iter().copied()).collect();
    let rows = platforms.iter().map(|(_, places)| places.counted).collect();
    boundary.table(Table::crossed(cells, rows, whole.groups.clone(), whole.counted));
}

fn lines(boundary: &Boundary<'_>, part: &ReachPart, places: &Places) -> Vec<Line> {
    let all = boundary.told(places.counted);
    let line = |(group, place): (&crate::compare::Group, &Place)| {
        let told = boundary.told(*place);
        let thousandth = |number: f64| (number * 1_000.0).round() / 1_000.0;
        let hidden = told.reason().or(all.reason());
        let from = |number: Option<f64>, why: Option<&'static str>| match (number, why) {
            (Some(number), _) => Value::Real(thousandth(number)),
            (None, Some(why)) => Value::Hidden(why),
            (None, None) => Value::Nothing,
        };
        let over = |n: f64, all: f64| (all > 0.0).then(|| n / all);
        let share = told.number().zip(all.number()).and_then(|(n, all)| over(n as f64, all as f64));
        let rate = told.number().and_then(|n| over(n as f64 * 1_000.0, group.people as f64));
        vec![
            ("dimension", part.dimension.into()),
            ("platform", part.platform.as_deref().map_or(Value::Nothing, Value::from)),
            ("group", group.group.as_str().into()),
            ("people", Value::Whole(group.people)),
            ("people_share", Value::Real(thousandth(group.people_share))),
            ("consultations", told.into()),
            ("share", from(share, hidden)),
            ("representation", from(share.and_then(|share| over(share, group.people_share)), hidden)),
            ("per_1000", from(rate, told.reason())),
        ]
    };
    part.groups.iter().zip(&places.groups).map(line).collect()
}
