//! One answer: a reading depends on the set of events alone, to the byte.
//!
//! First the laws of the states, for every measure of the catalogue and for the survey: merging has an
//! identity, does not care for order or grouping, and taking rows away undoes adding them. Then the
//! whole, through the real log: however the same events arrived, were batched, were sent again, and on
//! however many threads they are replayed, outcomes and comparison are those of events that never saw
//! a log.

mod expected;
mod parts;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use engine::log::{Log, Mode};
use engine::replay::{
    ReplayError, Request, Rows, Sheet, Watch, checkpoint, compare, keep, quality, reach, replay, sheet,
    totals,
};
use event::{Dimension, Event, Kind, KindSet, Time};
use projections::calendar::Calendar;
use projections::catalog::MEASURES;
use projections::cells;
use projections::compare::{
    Adjustment, Ask, ClusterChoice, Comparison, Design, Watching, practice, practised_slots,
};
use projections::filter::Filter;
use projections::outcome::{InProgress, Outcome};
use projections::parameters::Parameters;
use projections::period::Period;
use projections::projection::{Projection, State};
use projections::quality::Quality;
use projections::reach::{Population, Reach};
use projections::survey::{self, Survey};
use projections::times::{Exit, GroupTimes, Times};
use projections::windows::Windows;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::command::folder;
use crate::oracle::cases;
pub(crate) use expected::{Expected, planned, recordings};
use expected::{distinct, the_same_recordings};

/// On how many threads everything is replayed.
const THREADS: [usize; 3] = [1, 2, 5];
const CLUSTERS: [ClusterChoice; 3] =
    [ClusterChoice::Auto, ClusterChoice::None, ClusterChoice::By(Dimension::Organisation)];

/// Rows in which every measure has something to count.
static CLINIC: LazyLock<Vec<Outcome>> = LazyLock::new(|| Expected::of(&planned("clinic", 200), None).rows);

/// Rows of messy recordings and of the clinic, in two orders.
fn rows_in_two_orders() -> impl Strategy<Value = (Vec<Outcome>, Vec<Outcome>)> {
    (recordings(), vec(any::<Index>(), 0..40))
        .prop_map(|((events, until), picks)| {
            let messy = Expected::of(&events, until).rows.into_iter();
            messy.chain(picks.iter().map(|pick| pick.get(&CLINIC).clone())).collect::<Vec<Outcome>>()
        })
        .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

/// Every measure asked for alone, over all and by service, however rows are clustered.
fn asks() -> impl Iterator<Item = Ask> {
    MEASURES.into_iter().flat_map(|measure| {
        CLUSTERS.into_iter().flat_map(move |cluster| {
            [vec![], vec![Dimension::Service]].into_iter().map(move |by| Ask {
                measures: vec![measure],
                by,
                cluster,
                ..Ask::default()
            })
        })
    })
}

fn bytes<S: State>(state: &S) -> String {
    serde_json::to_string(state).unwrap()
}

/// Equal states, and equal bytes of them, or a checkpoint of one would not be that of the other.
fn same<S: State>(law: &str, what: &str, ours: &S, theirs: &S) {
    assert_eq!(bytes(ours), bytes(theirs), "{what}: {law}");
    assert!(ours == theirs, "{what}: {law}, though their bytes are equal");
}

fn merged<S: State>(parts: &[&S]) -> S {
    parts.iter().fold(S::default(), |mut whole, part| {
        whole.absorb(part);
        whole
    })
}

/// Every law of a projection and its states, on rows in two orders and cut in three at two places.
fn keeps_its_laws<P: Projection>(
    what: &str,
    projection: &P,
    (rows, shuffled): (&[Outcome], &[Outcome]),
    cuts: (usize, usize),
) {
    let whole = projection.fold(rows);
    let parts = [&rows[..cuts.0], &rows[cuts.0..cuts.1], &rows[cuts.1..]];
    let [a, b, c] = parts.map(|rows| projection.fold(rows));
    let mut left = a.clone();
    left.absorb(&P::State::default());
    same("an empty state changes nothing", what, &left, &a);
    same("an empty state takes over everything", what, &merged(&[&a]), &a);
    same("merging commutes", what, &merged(&[&a, &b]), &merged(&[&b, &a]));
    let (ab, bc) = (merged(&[&a, &b]), merged(&[&b, &c]));
    same("merging is associative", what, &merged(&[&ab, &c]), &merged(&[&a, &bc]));
    same("the parts are the whole", what, &merged(&[&c, &a, &b]), &whole);
    same("any order gives the same", what, &projection.fold(shuffled), &whole);

    let mut state = a.clone();
    shuffled.iter().for_each(|row| projection.add(row, &mut state));
    rows.iter().for_each(|row| projection.sub(row, &mut state));
    same("adding and taking away changes nothing", what, &state, &a);
    shuffled.iter().for_each(|row| projection.add(row, &mut state));
    parts[0].iter().for_each(|row| projection.sub(row, &mut state));
    same("the rows that were there first can be taken away", what, &state, &whole);
    shuffled.iter().for_each(|row| projection.sub(row, &mut state));
    same("nothing is left when all is taken away", what, &state, &P::State::default());
    assert!(state.is_empty() && P::State::default().is_empty(), "{what}: nothing is empty");
}

proptest! {
    #![proptest_config(cases(40))]

    /// One pass by everything answers what passes by less would.
    #[test]
    fn what_is_rolled_up_is_what_a_pass_of_its_own_counts(
        (rows, _) in rows_in_two_orders(),
        levels in 0_usize..=2,
        cut in any::<(Index, Index)>(),
    ) {
        let (parameters, filter) = (Parameters::as_of(Time::default()), Filter::default());
        let by = [Dimension::Service, Dimension::Organisation];
        let survey = |by| Survey { filter: &filter, by, units: &survey::UNITS };
        let by_service = survey(&by[..1]).fold(&rows);
        same("survey", "by platform alone", &survey::roll_up(&by_service), &survey(&[]).fold(&rows));
        let ask = Ask { cluster: ClusterChoice::By(Dimension::Organisation), ..Ask::default() };
        let design = ask.design(&survey(&[]).fold(CLINIC.iter())).unwrap();
        let [one, other] = [cut.0, cut.1].map(|cut| cut.index(design.slots.len() + 1));
        let slots = one.min(other)..one.max(other);
        let fine = design.look(&ask, (&by, None), &parameters).fold(&rows);
        let part = Design { slots: design.slots[slots.clone()].to_vec(), ..design.clone() };
        let coarse = part.look(&ask, (&by[..levels], None), &parameters).fold(&rows);
        same("cells", "rolled up", &cells::roll_up(&fine, levels, slots), &coarse);
    }

    #[test]
    fn every_projection_keeps_its_laws(
        (rows, shuffled) in rows_in_two_orders(),
        cuts in any::<(Index, Index)>(),
    ) {
        let [one, other] = [cuts.0, cuts.1].map(|cut| cut.index(rows.len() + 1));
        let (orders, cuts) = ((&rows[..], &shuffled[..]), (one.min(other), one.max(other)));
        let parameters = Parameters::as_of(Time::default());
        let filter = Filter::default();
        let survey = |by| Survey { filter: &filter, by, units: &survey::UNITS };
        keeps_its_laws("survey", &survey(&[]), orders, cuts);
        keeps_its_laws("survey by service", &survey(&[Dimension::Service]), orders, cuts);
        let by = [Dimension::Service, Dimension::Organisation];
        keeps_its_laws("quality", &Quality { by: &[], filter: &filter }, orders, cuts);
        keeps_its_laws("quality by service and organisation", &Quality { by: &by, filter: &filter }, orders, cuts);
        keeps_its_laws("reach", &Reach { dimensions: &by, filter: &filter }, orders, cuts);
        keeps_its_laws("calendar", &Calendar { filter: &filter }, orders, cuts);
        keeps_its_laws("windows", &Windows { by: &by, filter: &filter }, orders, cuts);
        // By the survey of the rows few parts of composites are seen by all, by the clinic's all of them.
        for surveyed in [survey(&[]).fold(&rows), survey(&[]).fold(CLINIC.iter())] {
            for ask in asks() {
                let design = ask.design(&surveyed).unwrap();
                let name = format!("{} by {:?}, clusters {:?}", ask.measures[0].name, ask.by, ask.cluster);
                keeps_its_laws(&name, &design.question(&ask, &parameters), orders, cuts);
            }
            let ask = Ask { adjust: vec![Dimension::Network], ..Ask::default() };
            let design = ask.design(&surveyed).unwrap();
            let question = design.question(&ask, &parameters);
            keeps_its_laws("survey and all measures in one pass", &(survey(&[]), question), orders, cuts);
            for slot in practised_slots(&ask, &design) {
                let practice = practice(&ask, &design, slot, &parameters);
                keeps_its_laws(&format!("practice of {}", slot.measure.name), &practice, orders, cuts);
            }
            for period in Period::ALL {
                let by_device = [Dimension::Device];
                let look = design.look(&ask, (&by_device, Some(period)), &parameters);
                keeps_its_laws(&format!("every measure by {}", period.name()), &look, orders, cuts);
            }
            for (cluster, by) in CLUSTERS.into_iter().zip([vec![], vec![Dimension::Service], vec![]]) {
                let ask = Ask { by, cluster, ..Ask::default() };
                let design = ask.design(&surveyed).unwrap();
                let failures = design.failures(&ask, &parameters);
                let times = design.times(&ask, &failures.fold(&rows), &parameters);
                keeps_its_laws(&format!("times, clusters {cluster:?}"), &times, orders, cuts);
                keeps_its_laws("times in buckets", &Times { bucketed: true, ..times }, orders, cuts);
            }
        }
    }
}

/// Without data the laws would hold of anything.
#[test]
fn every_measure_has_something_to_count_in_the_rows_of_the_laws() {
    let messy = the_same_recordings(30);
    let rows: Vec<Outcome> = messy.iter().flat_map(|events| Expected::of(events, None).rows).collect();
    let rows: Vec<&Outcome> = rows.iter().chain(CLINIC.iter()).collect();
    let survey = Survey { filter: &Filter::default(), by: &[], units: &survey::UNITS }.fold(CLINIC.iter());
    for ask in asks() {
        let design = ask.design(&survey).unwrap();
        let cells = design.question(&ask, &Parameters::as_of(Time::default())).fold(rows.iter().copied());
        for (i, slot) in design.slots.iter().enumerate() {
            let mut tallies = cells.values().flat_map(|cell| cell.clusters.values());
            let counted = tallies.any(|tallies| tallies.0.get(i).is_some_and(|tally| !tally.is_empty()));
            assert!(counted, "{} {:?}", slot.measure.name, slot.role);
        }
    }
    let (ask, parameters) = (Ask::default(), Parameters::as_of(Time::default()));
    let design = ask.design(&survey).unwrap();
    let times = design.times(&ask, &BTreeMap::new(), &parameters).fold(rows.iter().copied());
    let groups: Vec<&GroupTimes> = times.values().flat_map(|arm| arm.groups.values()).collect();
    for exit in Exit::ALL {
        assert!(groups.iter().flat_map(|group| group.exits()).any(|(_, told, _)| told == exit), "{exit:?}");
    }
    assert!(groups.iter().any(|group| group.returns().len() > 1), "nobody comes back");
    let of = |counted: fn(&GroupTimes) -> u64| groups.iter().map(|group| counted(group)).sum::<u64>();
    let first = |group: &GroupTimes| {
        group.exits().filter(|(_, exit, _)| *exit == Exit::Dropped).map(|exit| exit.2).sum()
    };
    assert!(of(|group| group.drops().map(|drop| drop.1).sum()) > of(first), "nobody drops twice");
    assert_eq!(
        of(|group| group.ends().map(|end| end.2).sum()),
        of(|group| group.exits().map(|exit| exit.2).sum())
    );
    assert!(times.values().any(|arm| arm.unmeasured > 0), "everything is measured");
}

/// Outcomes line by line, as the command line writes them.
fn lines(rows: &[Outcome], open: &[InProgress]) -> String {
    let closed = rows.iter().map(|row| (&row.consultation, serde_json::to_string(row).unwrap()));
    let open = open.iter().map(|open| (&open.consultation, serde_json::to_string(open).unwrap()));
    let mut lines: Vec<(&String, String)> = closed.chain(open).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// The dimensions that the comparisons ask for.
const ASKED: [Dimension; 5] = [
    Dimension::Service,
    Dimension::Clinician,
    Dimension::Network,
    Dimension::Device,
    Dimension::DeprivationQuintile,
];

/// Comparisons of three kinds, one with every closer look, as the command line writes them.
fn compared(compare: impl Fn(&Ask) -> Comparison) -> String {
    let by_service = Ask { by: vec![Dimension::Service], cluster: ClusterChoice::None, ..Ask::default() };
    let closer = Ask {
        adjust: vec![Dimension::Network, Dimension::Device],
        adjustment: Adjustment::Standardised,
        gaps: vec![Dimension::DeprivationQuintile, Dimension::Network],
        across: Some(Dimension::Organisation),
        over: Some(Period::Week),
        learning: true,
        switch: Some(Dimension::Region),
        watch: Some(Watching::default()),
        times: true,
        ..Ask::default()
    };
    [Ask::default(), by_service, closer].map(|ask| serde_json::to_string(&compare(&ask)).unwrap()).join("\n")
}

/// Messy events with an `until`, and the same events shuffled.
fn in_another_order() -> impl Strategy<Value = ((Vec<Event>, Option<Time>), Vec<Event>)> {
    recordings().prop_flat_map(|(events, until)| (Just((events.clone(), until)), Just(events).prop_shuffle()))
}

/// A way for events to get into a store.
struct Arrival {
    name: &'static str,
    events: Vec<Event>,
    batch: usize,
    reopened: bool,
}

impl Arrival {
    fn all(events: &[Event], shuffled: &[Event], batch: usize) -> [Self; 5] {
        let once = distinct(events);
        let twice = [shuffled, events, &once].concat();
        let of =
            |name, events: &[Event], batch| Self { name, events: events.to_vec(), batch, reopened: false };
        [
            of("at once", &once, once.len()),
            of("in batches", &once, batch),
            of("in another order", &distinct(shuffled), 2 * batch + 1),
            of("again and again", &twice, 3 * batch - 1),
            Self { reopened: true, ..of("into a store that is closed between", &once, once.len() / 3 + 1) },
        ]
    }

    fn append_to(&self, store: &Path) -> Log {
        let mut log = Log::open(store, Mode::Create).unwrap();
        for (number, batch) in self.events.chunks(self.batch.max(1)).enumerate() {
            if self.reopened && number > 0 {
                drop(log);
                log = Log::open(store, Mode::Existing).unwrap();
            }
            let receipt = log.append_blocking(batch.to_vec(), Time::from_ms(number as i64)).unwrap();
            assert_eq!(receipt.rejected(), 0, "{}", self.name);
        }
        log
    }
}

/// A sheet answers as the rows do that never saw a log.
fn says_the_same(sheet: &Sheet, expected: &Expected, comparisons: &str, how: &str) {
    let threads = sheet.parts().count();
    assert_eq!(compared(|ask| compare(sheet, ask, threads).unwrap()), comparisons, "sheet, {how}");
    assert_eq!(sheet.undeclared, expected.undeclared, "sheet, {how}");
    assert_eq!(sheet.in_progress(), expected.open.len() as u64, "sheet, {how}");
    let (by, filter) = ([Dimension::Service], Filter::default());
    let totals = totals(sheet, &by, &filter, threads);
    let asked = projections::totals::Totals { by: &by, filter: &filter };
    let mut wanted = projections::totals::State::new();
    let mut seen = std::collections::BTreeMap::<_, KindSet>::new();
    for row in &expected.rows {
        if let Some(arm) = asked.arm_of(row) {
            let sees = if row.attempted { row.sight.sees } else { KindSet::NONE };
            let known = seen.entry(arm.clone()).or_default();
            *known = known.or(sees);
            wanted.entry(arm).or_default().add_outcome(row);
        }
    }
    let parts = totals.rows.iter().filter(|row| row.by["service"].is_some());
    let named = parts.map(|row| ((row.platform.clone(), vec![row.by["service"].clone().unwrap()]), row));
    let found: std::collections::BTreeMap<_, _> = named.collect();
    assert_eq!(found.len(), wanted.len(), "sheet, {how}");
    for (arm, mut total) in wanted {
        let row = found[&arm];
        assert_eq!(
            (row.consultations, row.attempted),
            (total.consultations, total.attempted),
            "{arm:?}, {how}"
        );
        for (told, number, from) in [
            (row.connected, total.connected, &[Kind::Joined][..]),
            (row.first_try, total.first_try, &[Kind::Joined]),
            (row.undisturbed, total.undisturbed, &[Kind::Joined]),
            (row.completed, total.completed, &[Kind::Completed]),
            (row.drops, total.drops, &[Kind::Dropped]),
            (row.audio_lost_ms, total.audio_lost_ms, &[Kind::AudioLost]),
            (row.connected_ms, total.connected_ms, &[Kind::Joined]),
            (row.down_ms, total.down_ms, &[Kind::Dropped]),
        ] {
            // A zero is one where somebody looked, or nobody tried.
            let is_told = number > 0 || total.attempted == 0 || seen[&arm].has_any(KindSet::of(from));
            assert_eq!(told, is_told.then_some(number), "{arm:?}, {how}, {from:?}");
        }
        let quantiles = |values: &mut [u32]| projections::totals::quantiles(values).map(Vec::from);
        let told = |quantiles: &std::collections::BTreeMap<&str, Option<u32>>| {
            quantiles.values().copied().collect::<Option<Vec<u32>>>()
        };
        assert_eq!(told(&row.connect_ms), quantiles(&mut total.connect_ms), "{arm:?}, {how}");
        assert_eq!(told(&row.first_drop_ms), quantiles(&mut total.first_drop_ms), "{arm:?}, {how}");
    }
}

/// Whom the rows reach, as the command line writes it: by dimensions of which one is told by few.
fn reached(rows: &impl Rows, threads: usize) -> String {
    let mut population = Population::default();
    for (dimension, level, people) in [
        (Dimension::Service, "cardiology", 900),
        (Dimension::Service, "nobody's", 300),
        (Dimension::Network, "mobile", 700),
        (Dimension::DeprivationQuintile, "1", 500),
    ] {
        population.add(dimension, level, people).unwrap();
    }
    serde_json::to_string(&reach(rows, &population, &Filter::default(), 0.95, threads)).unwrap()
}

/// The same events, however they arrived, give the same rows and the same bytes.
fn give_one_answer(events: &[Event], shuffled: &[Event], batch: usize, until: Option<Time>) {
    let expected = Expected::of(events, until);
    let outcomes = lines(&expected.rows, &expected.open);
    let comparisons = compared(|ask| expected.compare(ask));
    let (reach, mut evidence) = (reached(&expected, 1), None);
    for arrival in Arrival::all(events, shuffled, batch) {
        let dir = folder();
        let log = arrival.append_to(&dir.path().join("laws.store"));
        for threads in THREADS {
            let how = format!("{}, {threads} threads", arrival.name);
            let request = Request { until, threads: Some(threads), ..Request::default() };
            let table = replay(&log, &request, &Watch::default()).unwrap();
            assert_eq!(lines(&table.rows, &table.open), outcomes, "{how}");
            assert!(table.rows == expected.rows, "{how}: something differs that is not told");
            assert_eq!(compared(|ask| compare(&table, ask, threads).unwrap()), comparisons, "{how}");
            assert_eq!(table.undeclared, expected.undeclared, "{how}");
            let sheet = sheet(&log, &request, &ASKED, &Watch::default()).unwrap();
            says_the_same(&sheet, &expected, &comparisons, &how);
            assert_eq!(reached(&table, threads), reach, "table, {how}");
            assert_eq!(reached(&sheet, threads), reach, "sheet, {how}");
            let told = quality(&table, &[Dimension::Service], &Filter::default(), threads);
            let told = serde_json::to_string(&told).unwrap();
            assert_eq!(evidence.get_or_insert_with(|| told.clone()), &told, "{how}");
        }
    }
}

/// A sheet that goes on with every batch says what one says that is made in the end; so does what was
/// counted of it.
///
/// Returns how often it went on although something was told of consultations that were over.
fn goes_on(events: &[Event], batch: usize, until: Option<Time>) -> usize {
    let expected = Expected::of(events, until);
    let comparisons = compared(|ask| expected.compare(ask));
    let dir = folder();
    let log = Log::open(&dir.path().join("laws.store"), Mode::Create).unwrap();
    let (request, watch) = (Request { threads: Some(2), ..Request::default() }, Watch::default());
    let wanted = ASKED;
    let mut whole = sheet(&log, &request, &wanted, &watch).unwrap();
    let (filter, by) = (Filter::default(), [Dimension::Service]);
    let survey = Survey { filter: &filter, by: &by, units: &survey::UNITS };
    let (mut counted, mut went_on) = (survey.fold(&[]), 0);
    for batch in events.chunks(batch.max(1)) {
        log.append_blocking(batch.to_vec(), Time::default()).unwrap();
        let (now, changes) = whole.refresh(&log, &request, &watch).unwrap();
        now.update(&changes, &survey, &mut counted, 2);
        same("what was counted goes on", "survey", &counted, &now.fold(&survey, 2));
        went_on += usize::from(!changes.anew && !changes.gone.is_empty());
        whole = now;
    }
    let request = Request { until, ..request };
    let (whole, changes) = whole.refresh(&log, &request, &watch).unwrap();
    whole.update(&changes, &survey, &mut counted, 2);
    says_the_same(&whole, &expected, &comparisons, "going on");
    let anew = sheet(&log, &request, &wanted, &watch).unwrap();
    assert_eq!(whole.essence(2), anew.essence(1), "going on");
    same("what was counted goes on", "survey", &counted, &whole.fold(&survey, 2));
    went_on
}

/// A sheet that is kept on disk after every batch, found again and gone on from says what one says that
/// is made in the end.
fn goes_on_from_checkpoints(events: &[Event], batch: usize, until: Option<Time>) {
    let expected = Expected::of(events, until);
    let comparisons = compared(|ask| expected.compare(ask));
    let dir = folder();
    let log = Log::open(&dir.path().join("laws.store"), Mode::Create).unwrap();
    let (request, watch) = (Request { threads: Some(2), ..Request::default() }, Watch::default());
    let whole = sheet(&log, &request, &Dimension::ALL, &watch).unwrap();
    keep(&log, &request, &whole, &watch).unwrap();
    for batch in events.chunks(batch.max(1)) {
        log.append_blocking(batch.to_vec(), Time::default()).unwrap();
        let found = checkpoint(&log, &request).expect("the checkpoint that was kept");
        let (now, _) = found.refresh(&log, &request, &watch).unwrap();
        keep(&log, &request, &now, &watch).unwrap();
    }
    let request = Request { until, ..request };
    let (whole, _) = checkpoint(&log, &request).unwrap().refresh(&log, &request, &watch).unwrap();
    says_the_same(&whole, &expected, &comparisons, "from checkpoints");
    let anew = sheet(&log, &request, &Dimension::ALL, &watch).unwrap();
    assert_eq!(whole.essence(2), anew.essence(1), "from checkpoints");
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn a_sheet_that_is_kept_and_found_again_says_the_same(
        ((events, until), shuffled) in in_another_order(),
        batch in 5_usize..60,
    ) {
        goes_on_from_checkpoints(&distinct(&events), batch, until);
        goes_on_from_checkpoints(&distinct(&shuffled), 2 * batch, until);
    }

    #[test]
    fn a_sheet_that_goes_on_says_the_same(
        ((events, until), shuffled) in in_another_order(),
        batch in 1_usize..40,
    ) {
        goes_on(&distinct(&events), batch, until);
        goes_on(&distinct(&shuffled), 2 * batch, until);
    }

    #[test]
    fn messy_events_give_one_answer_however_they_arrive(
        ((events, until), shuffled) in in_another_order(),
        batch in 1_usize..9,
    ) {
        give_one_answer(&events, &shuffled, batch, until);
    }
}

/// Enough events for several full blocks, and ids that sort in no order of time.
#[test]
fn a_clinic_gives_one_answer_however_its_events_arrive() {
    let events = planned("clinic", 2_000);
    let mut shuffled = events.clone();
    shuffled.sort_by_key(|event| event.id.bytes().rev().collect::<Vec<_>>());
    give_one_answer(&events, &shuffled, 977, None);
    assert!(
        goes_on(&events, 700, None) + goes_on(&shuffled, 1_700, None) > 0,
        "all was read anew every time"
    );
    goes_on_from_checkpoints(&shuffled, 2_100, None);
}

/// However the log is cut, it is the number of consultations in all that counts.
#[test]
fn more_consultations_than_a_replay_may_keep_end_it_with_what_to_do() {
    let dir = folder();
    let log = Log::open(&dir.path().join("laws.store"), Mode::Create).unwrap();
    // Each comes in every block, so that it lies in every piece.
    for round in 0..4 {
        let event = |consultation| {
            let (id, consultation) = (format!("e-{round}-{consultation}"), format!("c-{consultation}"));
            Event::new("urn:example:a", id, consultation, Time::from_ms(round), event::Payload::Completed)
        };
        log.append_blocking((0..5).map(event).collect(), Time::default()).unwrap();
    }
    for threads in THREADS {
        let request =
            |most| Request { threads: Some(threads), most_consultations: Some(most), ..Request::default() };
        let table = replay(&log, &request(5), &Watch::default()).unwrap();
        assert_eq!(table.rows.len() + table.open.len(), 5);
        let error = replay(&log, &request(4), &Watch::default()).map(|_| ()).unwrap_err();
        assert!(matches!(error, ReplayError::TooMany { limit: 4 }), "{error}");
        assert!(error.to_string().contains("stores of their own"), "{error}");
        let whole = sheet(&log, &request(5), &[], &Watch::default()).unwrap();
        assert_eq!(totals(&whole, &[], &Filter::default(), 1).rows[0].consultations, 5);
        let error = sheet(&log, &request(4), &[], &Watch::default()).map(|_| ()).unwrap_err();
        assert!(matches!(error, ReplayError::TooMany { limit: 4 }), "{error}");
    }
}

/// Every number of a comparison is finite, and what is missing says why.
///
/// JSON has no word for other numbers and would write null for them: TOML has, so it is asked too.
fn says_what_it_can(comparison: &Comparison) {
    let told: toml::Value = toml::Value::try_from(comparison).unwrap();
    assert_finite(&told, "comparison");
    let told = serde_json::to_value(comparison).unwrap();
    for row in told["rows"].as_array().unwrap().iter().chain(told["differences"].as_array().unwrap()) {
        let missing = ["value", "lo", "hi"].iter().any(|field| row[field].is_null());
        assert!(!missing || row["status"] != "ok", "{row}");
        assert!(row["status"] == "ok" || row["reason"].is_string(), "{row}");
    }
}

fn assert_finite(told: &toml::Value, place: &str) {
    match told {
        toml::Value::Float(number) => assert!(number.is_finite(), "{place} is {number}"),
        toml::Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| assert_finite(item, &format!("{place}/{i}")));
        }
        toml::Value::Table(members) => {
            members.iter().for_each(|(name, member)| assert_finite(member, &format!("{place}/{name}")));
        }
        _ => {}
    }
}

/// Comparisons of the rows of these events in every way.
fn all_comparisons(events: &[Event]) {
    let rows = Expected::of(events, None);
    for cluster in CLUSTERS {
        for by in [vec![], vec![Dimension::Service], vec![Dimension::Service, Dimension::DeprivationQuintile]]
        {
            for level in [0.5, 0.95, 0.999] {
                let ask = Ask { by: by.clone(), cluster, level, times: true, ..Ask::default() };
                says_what_it_can(&rows.compare(&ask));
            }
        }
    }
}

#[test]
fn every_number_of_a_comparison_is_finite_and_what_is_missing_says_why() {
    all_comparisons(&[]);
    for consultations in [1, 2, 30, 400] {
        all_comparisons(&planned("clinic", consultations));
    }
    for events in the_same_recordings(30) {
        all_comparisons(&events);
    }
}
