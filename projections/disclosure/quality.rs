//! How complete the evidence is, as far as it may be shown: the plain counts of consultations, each a part of
//! all of them. Contradictions by kind, circumstances and kinds of event are left out.

use super::boundary::{Boundary, Disclose, Undisclosed};
use super::counted::{Counted, counted};
use super::published::{Published, Value};
use crate::quality::Evidence;

impl Disclose for Evidence {
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed> {
        boundary.whole(self.filter.keys().copied())?;
        boundary.no_people(self.by.iter().copied())?;
        boundary.usual(&self.parameters)?;
        let rows = self.rows.iter().map(|row| Counted {
            platform: &row.platform,
            by: &row.by,
            all: ("consultations", row.consultations),
            parts: vec![
                ("end_not_seen", "consultations", Some(row.end_not_seen.n)),
                ("contradictory", "consultations", Some(row.contradictory.n)),
                ("one_sided", "consultations", Some(row.one_sided.n)),
                ("undeclared", "consultations", Some(row.undeclared.n)),
            ],
            nested: &[],
        });
        let lines = counted(boundary, &rows.collect::<Vec<_>>())?;
        Ok(Published {
            schema: self.schema,
            policy: boundary.note(),
            head: vec![
                ("until", Value::Text(self.parameters.until.to_string())),
                ("by", Value::Texts(self.by.iter().map(|one| (*one).to_owned()).collect())),
            ],
            parts: vec![lines],
            notes: vec![
                "contradictions by kind, circumstances that are not recorded and what sources can tell are not \
                 shown under this policy"
                    .to_owned(),
            ],
        })
    }
}
