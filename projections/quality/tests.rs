//! Rows counted by hand, and what a projection must keep.

use std::sync::Arc;

use event::{Context, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::outcome::RowSight;
use crate::parameters::Parameters;

fn sight(sees: &[Kind], infers: &[Kind], undeclared: bool) -> RowSight {
    let (sees, infers) = (KindSet::of(sees), KindSet::of(infers));
    RowSight { sees, infers, undeclared, declared: [KindSet::NONE; 2] }
}

fn row(levels: &[(Dimension, &str)], ending: Ending, anomalies: &[(&'static str, u32)]) -> Outcome {
    let context: Context = levels.iter().map(|(dimension, level)| (*dimension, *level)).collect();
    let declared = sight(&[Kind::Joined, Kind::Dropped], &[Kind::Dropped], false);
    let mut row = Outcome::empty("c", Arc::new(context), declared);
    row.ending = ending;
    row.anomalies = anomalies.iter().copied().collect();
    row
}

const ALDER: (Dimension, &str) = (Dimension::Platform, "alder");

/// Five consultations on alder, one of them by phone, and one in progress.
fn alder() -> Vec<Outcome> {
    let wifi = (Dimension::Network, "wifi");
    let mut undeclared = row(&[ALDER, wifi], Ending::Completed, &[]);
    undeclared.sight = sight(&[Kind::Joined], &[], true);
    let mut one_sided = row(&[ALDER, (Dimension::Service, "cardiology")], Ending::EndNotSeen, &[]);
    one_sided.one_sided = true;
    vec![
        row(&[ALDER, wifi], Ending::Completed, &[("duplicate_join", 3), ("unknown_kind", 1)]),
        row(&[ALDER], Ending::EndNotSeen, &[("duplicate_join", 1)]),
        undeclared,
        one_sided,
        row(&[ALDER, (Dimension::Modality, "phone")], Ending::EndNotSeen, &[("role_conflict", 9)]),
    ]
}

fn evidence(rows: &[Outcome], by: &[Dimension], filter: &Filter) -> Evidence {
    let asked = Quality { by, filter };
    let context: Context = [ALDER].into_iter().collect();
    let open = [InProgress { consultation: "o".to_owned(), context: Arc::new(context) }];
    read(&asked, &asked.fold(rows), &open, &Parameters::as_of(event::Time::default()))
}

#[test]
fn every_count_is_that_of_the_rows() {
    let evidence = evidence(&alder(), &[], &Filter::default());
    let [row] = &evidence.rows[..] else { panic!("one platform: {:?}", evidence.rows) };
    assert_eq!((row.consultations, row.in_progress, row.other_modalities), (4, 1, 1));
    let shares = [row.end_not_seen, row.one_sided, row.undeclared, row.contradictory];
    assert_eq!(
        shares.map(|share| (share.n, share.share)),
        [(2, 0.5), (1, 0.25), (1, 0.25), (2, 0.5)].map(|(n, share)| (n, Some(share)))
    );
    let anomalies: Vec<_> =
        row.anomalies.iter().map(|(kind, found)| (*kind, found.consultations, found.times)).collect();
    assert_eq!(anomalies, [("duplicate_join", 2, 4), ("unknown_kind", 1, 1)]);
    let lacking = |name: &str| {
        row.not_recorded
            .iter()
            .find(|one| one.dimension == name)
            .map(|one| (one.lacking.n, one.lacking.share))
    };
    assert_eq!(lacking("network"), Some((2, Some(0.5))));
    assert_eq!(lacking("service"), Some((3, Some(0.75))));
    assert_eq!(lacking("device"), Some((4, Some(1.0))));
    assert_eq!(lacking("platform"), None);
    let kind = |name: &str| {
        let kind = row.kinds.iter().find(|kind| kind.kind == name).unwrap();
        [kind.observed, kind.inferred, kind.cannot_tell, kind.undeclared]
    };
    assert_eq!(kind("joined"), [4, 0, 0, 0]);
    assert_eq!(kind("dropped"), [0, 3, 0, 1]);
    assert_eq!(kind("waiting"), [0, 0, 3, 1]);
}

#[test]
fn parts_add_up_and_filters_leave_out() {
    let by_network = evidence(&alder(), &[Dimension::Network], &Filter::default());
    let told: Vec<_> = by_network
        .rows
        .iter()
        .map(|row| (row.by["network"].as_deref(), row.consultations, row.in_progress, row.end_not_seen.n))
        .collect();
    assert_eq!(told, [(None, 4, 1, 2), (Some("not recorded"), 2, 1, 2), (Some("wifi"), 2, 0, 0)]);
    let mut filter = Filter::default();
    filter.add("network=wifi").unwrap();
    let wifi = evidence(&alder(), &[], &filter);
    assert_eq!((wifi.rows[0].consultations, wifi.rows[0].in_progress), (2, 0));
    // Whoever asks for phone calls gets them.
    let mut filter = Filter::default();
    filter.add("modality=phone").unwrap();
    let phone = evidence(&alder(), &[], &filter);
    assert_eq!((phone.rows[0].consultations, phone.rows[0].other_modalities), (1, 0));
    filter.add("platform=birch").unwrap();
    assert!(evidence(&alder(), &[], &filter).rows.is_empty());
}

/// A platform of which there is nothing but a consultation in progress has no shares, and no task.
#[test]
fn of_nothing_no_share_is_told() {
    let evidence = evidence(&[], &[], &Filter::default());
    assert_eq!((evidence.rows.len(), evidence.rows[0].end_not_seen.share), (1, None));
    assert_eq!((evidence.rows[0].in_progress, evidence.notes.len()), (1, 0));
}

#[test]
fn what_lacks_most_is_told_first_and_what_hardly_lacks_not_at_all() {
    let notes = evidence(&alder(), &[], &Filter::default()).notes;
    let places = |words: &str| notes.iter().position(|note| note.contains(words));
    let service = places("service is not recorded for 75.0 % of alder").unwrap();
    let end = places("nothing tells how 50.0 % of alder ended").unwrap();
    let side = places("25.0 % of alder are seen from one side only").unwrap();
    assert!(service < end && end < side, "{notes:?}");
    assert!(notes[places("contradict").unwrap()].contains("most often duplicate join"), "{notes:?}");
    assert!(notes.last().unwrap().starts_with("nobody recorded platform_version, organisation"), "{notes:?}");

    // Of a hundred one in twenty is told, fewer are not.
    let platform = |ends: usize| -> Vec<Outcome> {
        let ending = |i| if i < ends { Ending::EndNotSeen } else { Ending::Completed };
        (0..100).map(|i| row(&[ALDER], ending(i), &[])).collect()
    };
    let of = |ends| evidence(&platform(ends), &[], &Filter::default()).notes.join("\n");
    assert!(of(5).contains("nothing tells how 5.0 % of alder ended"));
    assert!(!of(4).contains("ended"), "{}", of(4));
}

#[test]
fn what_only_one_platform_shows_is_told_of_the_other() {
    let mut birch = row(&[(Dimension::Platform, "birch")], Ending::Completed, &[]);
    birch.sight = sight(&[Kind::Joined, Kind::JoinFailed], &[], false);
    let rows = [row(&[ALDER], Ending::Completed, &[]), birch];
    let notes = evidence(&rows, &[], &Filter::default()).notes;
    let told = |words: &str| notes.iter().any(|note| note.contains(words));
    assert!(told("the sources of alder do not show join_failed, which"), "{notes:?}");
    assert!(told("the sources of birch do not show dropped, which"), "{notes:?}");
}

#[test]
fn consultations_without_a_platform_are_a_task_of_their_own() {
    let notes = evidence(&[row(&[], Ending::EndNotSeen, &[])], &[], &Filter::default()).notes;
    assert!(notes[0].starts_with("the platform is not recorded for 1 of the consultations"), "{notes:?}");
    let ended = "nothing tells how 100.0 % of the consultations without a platform ended";
    assert!(notes.iter().any(|note| note.starts_with(ended)), "{notes:?}");
}

fn any_row() -> impl Strategy<Value = Outcome> {
    let level = || select(vec![None, Some("a"), Some("b")]);
    let endings = select(vec![Ending::EndNotSeen, Ending::Completed, Ending::NoShow]);
    let anomalies = vec((select(vec!["duplicate_join", "role_conflict"]), 1_u32..4), 0..2);
    (level(), level(), select(vec![None, Some("video"), Some("phone")]), endings, anomalies, 0_usize..3)
        .prop_map(|(platform, network, modality, ending, anomalies, which)| {
            let told = [
                (Dimension::Platform, platform),
                (Dimension::Network, network),
                (Dimension::Modality, modality),
            ];
            let levels: Vec<_> = told.into_iter().filter_map(|(d, level)| Some((d, level?))).collect();
            let mut row = row(&levels, ending, &anomalies);
            row.sight = [
                sight(&[Kind::Joined], &[], true),
                sight(&[Kind::Joined, Kind::Left], &[Kind::Left], false),
                RowSight::default(),
            ][which];
            row
        })
}

proptest! {
    /// Rows of one setting may be gathered and poured in at once.
    #[test]
    fn what_is_gathered_and_poured_is_what_is_added(rows in vec(any_row(), 0..40)) {
        let filter = Filter::default();
        for by in [vec![], vec![Dimension::Network]] {
            let asked = Quality { by: &by, filter: &filter };
            let mut trays: BTreeMap<(Arc<Context>, KindSet), (Outcome, Tray)> = BTreeMap::new();
            for row in &rows {
                let empty = Outcome::empty("", Arc::clone(&row.context), row.sight);
                let setting = trays.entry((Arc::clone(&row.context), row.sight.sees));
                asked.gather(row, &mut setting.or_insert((empty, Tray::default())).1);
            }
            let mut poured = Counted::new();
            for (row, tray) in trays.into_values() {
                asked.pour(&row, tray, &mut poured);
            }
            prop_assert_eq!(poured, asked.fold(&rows));
        }
    }

    /// The four ways to see a kind add up to all consultations, and no share leaves 0 to 1.
    #[test]
    fn shares_are_shares_and_kinds_add_up(rows in vec(any_row(), 0..40)) {
        for row in evidence(&rows, &[Dimension::Network], &Filter::default()).rows {
            for kind in &row.kinds {
                let all = kind.observed + kind.inferred + kind.cannot_tell + kind.undeclared;
                prop_assert_eq!(all, row.consultations);
            }
            let lacking = row.not_recorded.iter().map(|one| one.lacking);
            for share in lacking.chain([row.end_not_seen, row.contradictory, row.undeclared]) {
                prop_assert!(share.n <= row.consultations);
                prop_assert_eq!(share.share.is_some(), row.consultations > 0);
                prop_assert!(share.share.is_none_or(|share| (0.0..=1.0).contains(&share)));
            }
        }
    }
}
