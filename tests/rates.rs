//! Every rate, counted a second time: from the rows as machines get them and from the definitions of the
//! measures, without a projection, a state or a cell. And where the truth is planted, it is found.
//!
//! The oracle is naive on purpose: every figure is a pass over all rows. Of what a source can see it
//! knows only what the events say, and it is changed only when a definition is.

mod definition;

use std::collections::{BTreeMap, BTreeSet};

use event::{Capability, Context, Dimension, Event, Kind, NOT_RECORDED, Payload, Role, Time};
use projections::catalog::MEASURES;
use projections::compare::Ask;
use projections::outcome::Outcome;
use proptest::prelude::*;
use serde_json::{Value, json};
use synth::{Plan, Synth};

use crate::laws::{Expected, planned, recordings};
use crate::oracle::cases;
use definition::{DEFINITIONS, Definition, Needs, Part};

/// One consultation: its row, and the kinds that its sources can tell.
struct Seen {
    row: Value,
    sees: BTreeSet<Kind>,
}

/// Which rows a figure is about: levels asked for, platform, whether one side is seen.
type Arm = (BTreeMap<&'static str, String>, String, bool);

impl Seen {
    fn tried(&self) -> bool {
        self.row["attempted"] == true
    }

    /// Other pathways stand beside video only when they are asked for.
    fn is_video(&self) -> bool {
        let modality = &self.row["context"]["modality"];
        modality.is_null() || modality == "video"
    }

    fn level(&self, dimension: &str) -> String {
        self.row["context"][dimension].as_str().unwrap_or(NOT_RECORDED).to_owned()
    }

    fn arm(&self, dimensions: &[Dimension]) -> Arm {
        let levels = dimensions.iter().map(|dimension| (dimension.name(), self.level(dimension.name())));
        (levels.collect(), self.level("platform"), self.row["one_sided"] == true)
    }
}

/// The rows, with what the sources of each can tell by what `events` say.
///
/// A source that declared itself can tell of every consultation where it speaks of one: of the same
/// platform and organisation.
fn seen(events: &[Event], rows: &[Outcome]) -> Vec<Seen> {
    let sources = |row: &Outcome| -> BTreeSet<&str> {
        let theirs = events.iter().filter(|event| event.consultation == row.consultation && !declares(event));
        theirs.map(|event| event.source.as_str()).collect()
    };
    let place = |row: &Outcome| {
        [Dimension::Platform, Dimension::Organisation]
            .map(|dimension| row.context.get(dimension).map(str::to_owned))
    };
    let mut watched: BTreeMap<_, BTreeSet<Kind>> = BTreeMap::new();
    for row in rows {
        let declared = sources(row).into_iter().filter_map(|source| declared(events, source)).flatten();
        watched.entry(place(row)).or_default().extend(declared);
    }
    let sent = |source: &str| events.iter().filter(|event| event.source == source).map(Event::kind).collect();
    let row = |row: &Outcome| {
        let own = sources(row)
            .into_iter()
            .flat_map(|source| declared(events, source).unwrap_or_else(|| sent(source)));
        let sees = own.chain(watched[&place(row)].iter().copied()).collect();
        Seen { row: serde_json::to_value(row).unwrap(), sees }
    };
    rows.iter().map(row).collect()
}

/// What a source last declared that it can tell, if it ever did; what it said at once counts together.
fn declared(events: &[Event], source: &str) -> Option<BTreeSet<Kind>> {
    let about = || events.iter().filter(|event| declares(event) && event.consultation == source);
    let last = about().map(|event| event.at).max()?;
    let tells = |event: &Event, kind: Kind| match &event.payload {
        Payload::RecordingDeclared(told) => told.capability(kind) != Capability::Unobservable,
        _ => false,
    };
    let told = |kind: &Kind| about().any(|event| event.at == last && tells(event, *kind));
    Some(Kind::ALL.into_iter().filter(told).collect())
}

fn declares(event: &Event) -> bool {
    event.kind() == Kind::RecordingDeclared
}

/// All rows, apart by arm and by platform.
struct Apart<'a> {
    arms: BTreeMap<Arm, Vec<&'a Seen>>,
    platforms: BTreeMap<String, Vec<&'a Seen>>,
}

impl<'a> Apart<'a> {
    fn of(seen: &'a [Seen], dimensions: &[Dimension]) -> Self {
        let mut apart = Self { arms: BTreeMap::new(), platforms: BTreeMap::new() };
        for one in seen {
            apart.arms.entry(one.arm(dimensions)).or_default().push(one);
            apart.platforms.entry(one.level("platform")).or_default().push(one);
        }
        apart
    }

    /// The kinds that a platform can tell: of half at least of the consultations that somebody attempted.
    fn told(&self, platform: &str) -> BTreeSet<Kind> {
        let tried: Vec<&&Seen> = self.platforms[platform].iter().filter(|one| one.tried()).collect();
        let sees = |kind: &Kind| tried.iter().filter(|one| one.sees.contains(kind)).count();
        let tells = |kind: &Kind| sees(kind) > 0 && 2 * sees(kind) >= tried.len();
        Kind::ALL.into_iter().filter(tells).collect()
    }

    /// The parts of a composite that every compared platform can tell, and all can tell alike.
    fn parts(&self, definition: &Definition) -> Option<Vec<&'static Part>> {
        let compared = self
            .platforms
            .iter()
            .filter(|(platform, rows)| *platform != NOT_RECORDED && rows.iter().any(|one| one.tried()));
        let compared: Vec<(&String, BTreeSet<Kind>)> =
            compared.map(|(platform, _)| (platform, self.told(platform))).collect();
        let alike = |kind: &Kind| {
            let blind = |(platform, told): &(&String, BTreeSet<Kind>)| {
                !told.contains(kind) && !self.mostly_undeclared(platform)
            };
            !compared.iter().any(blind) || !compared.iter().any(|(_, told)| told.contains(kind))
        };
        let common = |part: &&Part| {
            compared.iter().all(|(_, told)| part.needs.met(told)) && part.changed_by.iter().all(alike)
        };
        Some(definition.figure.parts()?.iter().filter(common).collect())
    }

    /// Whether nobody knows what most sources of a platform cannot tell.
    fn mostly_undeclared(&self, platform: &str) -> bool {
        let tried: Vec<&&Seen> = self.platforms[platform].iter().filter(|one| one.tried()).collect();
        2 * tried.iter().filter(|one| one.row["undeclared"] == true).count() > tried.len()
    }

    /// The figures of every measure for every arm.
    fn figures(&self) -> Vec<Value> {
        let mut figures = Vec::new();
        for definition in &DEFINITIONS {
            let parts = self.parts(definition);
            for arm in self.arms.keys() {
                for role in if definition.roles.is_empty() { &[""] } else { definition.roles } {
                    let mut figure = self.figure(definition, parts.as_deref(), arm, role);
                    figure["measure"] = definition.name.into();
                    figure["by"] = json!(arm.0);
                    figure["platform"] = arm.1.clone().into();
                    figure["one_sided"] = if arm.2 { true.into() } else { Value::Null };
                    figure["role"] = if role.is_empty() { Value::Null } else { (*role).into() };
                    figures.push(figure);
                }
            }
        }
        figures
    }

    /// The figure of one measure for one arm; not measured is not zero.
    fn figure(&self, definition: &Definition, parts: Option<&[&Part]>, arm: &Arm, role: &str) -> Value {
        let of_parts = parts.iter().flat_map(|parts| parts.iter()).map(|part| part.needs);
        let needs: Vec<Needs> = of_parts.chain([definition.needs]).collect();
        let said = definition.figure.is_said();
        let measured = |one: &&Seen| said || needs.iter().all(|needs| needs.met(&one.sees));
        let counted = self.arms[arm].iter().copied().filter(|one| one.is_video());
        let (told, untold): (Vec<&Seen>, Vec<&Seen>) = counted.partition(measured);
        let unmeasured = untold.iter().filter(|one| one.tried()).count();
        let told: Vec<&Value> = told.into_iter().map(|one| &one.row).collect();

        let mut figure = definition.figure.of(&told, role, parts);
        let cannot = !definition.needs.met(&self.told(&arm.1)) || parts.is_some_and(<[_]>::is_empty);
        // What was said was measured by having been said.
        if cannot && !(said && figure["n"] != 0) {
            figure = json!({ "status": "not_measured", "n": null, "x": null, "value": null });
        }
        figure["unmeasured"] = unmeasured.into();
        figure
    }
}

/// Whether two values are the same, numbers up to rounding in their last digits.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-12 * b.abs().max(1.0)
        }
        (Value::Object(a), Value::Object(b)) => {
            a.keys().eq(b.keys()) && a.iter().all(|(name, value)| agree(value, &b[name]))
        }
        _ => ours == theirs,
    }
}

/// The rows of the comparison have the figures counted by hand, all of them and no others.
fn check(events: &[Event], until: Option<Time>, dimensions: &[Dimension]) {
    let expected = Expected::of(events, until);
    let ask = Ask { by: dimensions.to_vec(), ..Ask::default() };
    let comparison = serde_json::to_value(expected.compare(&ask)).unwrap();
    let mut rows: Vec<&Value> = comparison["rows"].as_array().unwrap().iter().collect();
    for figure in Apart::of(&seen(events, &expected.rows), dimensions).figures() {
        let names = ["measure", "by", "platform", "one_sided", "role"];
        let is_of = |row: &&Value| names.iter().all(|name| row[name] == figure[name]);
        let Some(place) = rows.iter().position(is_of) else {
            // A clinician of whom nothing was ever heard, where patients are heard too, is left out.
            assert!(figure["role"] == "clinician" && figure["n"].as_u64().unwrap_or(0) == 0, "no {figure}");
            continue;
        };
        let row = rows.swap_remove(place);
        for (field, expected) in figure.as_object().unwrap() {
            assert!(agree(&row[field], expected), "{field}: not {expected} in {row}\n{figure}");
        }
        assert!(figure["status"] == row["status"] || row["status"] != "not_measured", "{row}\n{figure}");
    }
    assert!(rows.is_empty(), "rows that nobody counted: {rows:?}");
}

fn check_all(events: &[Event], until: Option<Time>) {
    check(events, until, &[]);
    check(events, until, &[Dimension::Service]);
}

#[test]
fn the_oracle_defines_every_measure_of_the_catalogue() {
    let names: Vec<&str> = DEFINITIONS.iter().map(|definition| definition.name).collect();
    assert_eq!(names, MEASURES.map(|measure| measure.name));
}

#[test]
fn every_rate_of_a_clinic_is_the_one_counted_by_hand() {
    check_all(&planned("clinic", 400), None);
}

/// What one feed is blind to is not measured there, and left out of composites for all.
#[test]
fn every_rate_beside_a_blind_feed_is_the_one_counted_by_hand() {
    for blind in [["dropped", "audio_lost"], ["completed", "join_failed"], ["joined", "rated"]] {
        let mut plan = Plan::named("clinic").unwrap();
        plan.platforms[1].blind = blind.map(str::to_owned).to_vec();
        check_all(&Synth::new(&plan).collect::<Vec<Event>>(), None);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_rate_of_a_messy_log_is_the_one_counted_by_hand((events, until) in recordings()) {
        check_all(&events, until);
    }
}

/// Two people join a consultation on one platform, and its source tells no more.
fn two_join(source: &str, consultation: &str, organisation: &str) -> [Event; 2] {
    let context =
        Context::default().with(Dimension::Platform, "alder").with(Dimension::Organisation, organisation);
    [("p-1", Role::Patient), ("k-1", Role::Clinician)].map(|(who, role)| {
        let joined = Payload::Joined { context: Some(context.clone()) };
        Event::new(source, format!("{consultation}-{who}"), consultation, Time::from_ms(0), joined)
            .by(who, role)
    })
}

/// So late that every consultation is over.
const LATER: Option<Time> = Some(Time::MAX);

/// A composite of no parts once was read as one: 100 % undisturbed and 0 % failed for good, of a feed that
/// tells joins alone. Such a one is not measured.
#[test]
fn a_feed_that_tells_joins_alone_measures_no_composite() {
    let events = two_join("urn:example:a", "c-1", "north");
    let comparison = Expected::of(&events, LATER).compare(&Ask::default());
    let composites = comparison.rows.iter().filter(|row| row.components.is_some());
    let told: Vec<_> = composites.map(|row| (row.measure, row.status.to_string(), row.value)).collect();
    let untold = |measure| (measure, "not measured: the feed cannot tell".to_owned(), None);
    assert_eq!(told, [untold("undisturbed"), untold("terminal_failure")]);
    check_all(&events, LATER);
}

/// What was planted is found, as near as the interval says that it can be.
#[test]
fn the_planted_truth_of_a_nation_is_found() {
    let mut plan = Plan::named("national").unwrap();
    plan.consultations = 20_000;
    let events: Vec<Event> = Synth::new(&plan).collect();
    let comparison = Expected::of(&events, None).compare(&Ask::default());
    let truth = plan.truth();
    let mut found = 0;
    for row in comparison.rows.iter().filter(|row| matches!(row.measure, "undisturbed" | "any_drop")) {
        let planted = truth.of_platform(&row.platform).unwrap().as_used;
        let expected = if row.measure == "any_drop" { planted.any_drop } else { planted.undisturbed };
        let (value, lo, hi) = (row.value.unwrap(), row.lo.unwrap(), row.hi.unwrap());
        assert_eq!((row.cluster, row.clusters), ("organisation", Some(50)));
        assert!(row.components.as_ref().is_none_or(|components| components.len() == 4), "{row:?}");
        // Student's critical value of 95 % on 49 degrees of freedom.
        let se = (hi - lo) / 2.0 / 2.009_575;
        let off = (value - expected) / se;
        println!("{} {}: {value:.4} for {expected:.4}, {off:+.2} standard errors", row.measure, row.platform);
        assert!(off.abs() <= 4.0, "{} of {}: {value} for {expected}, se {se}", row.measure, row.platform);
        found += 1;
    }
    assert_eq!(found, 12);
}
