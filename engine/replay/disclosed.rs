//! Totals, as far as they may be shown: counts of consultations, and shares that follow from them.
//!
//! Sums and quantiles of times are left out, since one consultation can make most of a sum, and a quantile is
//! the time of one; drops are events, of which one consultation can have many.

use projections::disclosure::{Boundary, Counted, Disclose, Published, Undisclosed, Value, counted};

use super::totals::Totals;

/// Of which the first holds only where the second does.
const NESTED: &[(&str, &str)] =
    &[("first_try", "connected"), ("undisturbed", "connected"), ("completed", "connected")];

impl Disclose for Totals {
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed> {
        boundary.whole(self.filter.keys().copied())?;
        boundary.no_people(self.by.iter().copied())?;
        boundary.usual(&self.parameters)?;
        let rows = self.rows.iter().map(|row| Counted {
            platform: &row.platform,
            by: &row.by,
            all: ("consultations", row.consultations),
            parts: vec![
                ("attempted", "consultations", Some(row.attempted)),
                ("connected", "attempted", row.connected),
                ("first_try", "attempted", row.first_try),
                ("undisturbed", "attempted", row.undisturbed),
                ("completed", "attempted", row.completed),
            ],
            nested: NESTED,
        });
        let lines = counted(boundary, &rows.collect::<Vec<_>>())?;
        let mut notes =
            vec!["drops, and sums and quantiles of times, are not shown under this policy".to_owned()];
        if self.rows.iter().any(|row| row.is_unseen()) {
            notes.push(
                "counts that are not there and not hidden are those that no source can tell".to_owned(),
            );
        }
        Ok(Published {
            schema: self.schema,
            policy: boundary.note(),
            head: vec![
                ("until", Value::Text(self.parameters.until.to_string())),
                ("by", Value::Texts(self.by.iter().map(|one| (*one).to_owned()).collect())),
            ],
            parts: vec![lines],
            notes,
        })
    }
}
