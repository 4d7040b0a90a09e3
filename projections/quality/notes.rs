//! What to do about what lacks most, in words: for whom it matters, and what would help.

use event::NOT_RECORDED;

use super::reading::{Row, Share, Unrecorded};

/// What touches fewer consultations of a platform than this is shown, and not made a task of.
const WORTH_TELLING: f64 = 0.05;

/// What to do, the platforms in order, and of each what touches most consultations first.
pub(super) fn notes(rows: &[Row]) -> Vec<String> {
    let wholes: Vec<&Row> =
        rows.iter().filter(|row| row.by.values().all(Option::is_none) && row.consultations > 0).collect();
    let mut notes: Vec<String> = wholes.iter().flat_map(|row| of_platform(row, &wholes)).collect();
    notes.extend(unlike(&wholes));
    notes.extend(nowhere(&wholes));
    notes
}

fn percent(share: Share) -> String {
    format!("{:.1} %", share.get() * 100.0)
}

fn of_platform(row: &Row, wholes: &[&Row]) -> Vec<String> {
    let platform = named(row);
    let mut found: Vec<(Share, String)> = Vec::new();
    let mut note = |share: Share, words: String| {
        if share.get() >= WORTH_TELLING {
            found.push((share, words));
        }
    };
    note(
        row.end_not_seen,
        format!(
            "nothing tells how {} of {platform} ended, and none of those counts as completed: have its feed \
             send completed, converted or abandoned",
            percent(row.end_not_seen)
        ),
    );
    note(
        row.one_sided,
        format!(
            "{} of {platform} are seen from one side only, and are not compared with those seen from both: \
             ask for the recording of the other side",
            percent(row.one_sided)
        ),
    );
    note(
        row.undeclared,
        format!(
            "{} of {platform} have a source that never declared what it can see, so that what it did not send \
             may not have happened or not have been seen: send its recording_declared",
            percent(row.undeclared)
        ),
    );
    if let Some(most) = row.anomalies.iter().max_by_key(|(_, anomaly)| anomaly.consultations) {
        note(
            row.contradictory,
            format!(
                "events contradict each other, or are of no known kind, in {} of {platform}, most often {}: \
                 `evenfield outcomes --json` names those consultations, and `evenfield log trace` shows the \
                 events of one",
                percent(row.contradictory),
                most.0.replace('_', " ")
            ),
        );
    }
    for lacking in &row.not_recorded {
        if is_recorded(lacking.dimension, wholes) {
            note(lacking.lacking, unrecorded(platform, lacking));
        }
    }
    // A sort that keeps equals in order: the answer is the same each time.
    found.sort_by(|a, b| b.0.get().total_cmp(&a.0.get()));
    stray(row).into_iter().chain(found.into_iter().map(|(_, words)| words)).collect()
}

/// That a dimension is not recorded for some, though it is for others.
fn unrecorded(platform: &str, Unrecorded { dimension, lacking }: &Unrecorded) -> String {
    format!(
        "{dimension} is not recorded for {} of {platform}: comparisons adjusted for it take those for one more \
         group, in which like is not held against like, and gaps leave them out; have it recorded",
        percent(*lacking)
    )
}

/// That consultations are of no platform.
fn stray(row: &Row) -> Option<String> {
    (row.platform == NOT_RECORDED).then(|| {
        format!(
            "the platform is not recorded for {} of the consultations: they are shown as one of that name; have \
             their source declare its platform, or send it",
            row.consultations
        )
    })
}

fn named(row: &Row) -> &str {
    match row.platform.as_str() {
        NOT_RECORDED => "the consultations without a platform",
        platform => platform,
    }
}

/// Whether a dimension is recorded of any consultation.
fn is_recorded(dimension: &str, wholes: &[&Row]) -> bool {
    wholes.iter().any(|row| {
        row.not_recorded.iter().any(|one| one.dimension == dimension && one.lacking.n < row.consultations)
    })
}

/// What the sources of one platform show and those of another do not.
fn unlike(wholes: &[&Row]) -> Vec<String> {
    let mut notes = Vec::new();
    for row in wholes {
        let blind = row.kinds.iter().enumerate().filter(|(_, kind)| !kind.is_seen());
        let elsewhere = blind.filter(|(place, _)| wholes.iter().any(|other| other.kinds[*place].is_seen()));
        let names: Vec<&str> = elsewhere.map(|(_, kind)| kind.kind).collect();
        if !names.is_empty() {
            notes.push(format!(
                "the sources of {} do not show {}, which another platform's do: measures that need it are not \
                 measured there, or leave it out for all",
                named(row),
                names.join(", ")
            ));
        }
    }
    notes
}

/// What nobody records.
fn nowhere(wholes: &[&Row]) -> Option<String> {
    let dimensions = wholes.first()?.not_recorded.iter().map(|one| one.dimension);
    let names: Vec<&str> = dimensions.filter(|dimension| !is_recorded(dimension, wholes)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "nobody recorded {}: nothing can be asked by these, adjusted for or filtered",
            names.join(", ")
        )
    })
}
