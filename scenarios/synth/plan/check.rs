//! Whether a plan can be followed: names refer to something, numbers lie where they can.

use std::collections::BTreeSet;

use event::{Dimension, Kind, Time};

use super::{Group, Level, MOST_LEVELS, MOST_PLATFORMS, Plan, PlanError, Tilt};
use crate::knob::{Effects, Knob, Link};

type Checked = Result<(), PlanError>;

/// Dimensions that the plan fills in by other fields than `levels`.
const GIVEN: [Dimension; 4] =
    [Dimension::Platform, Dimension::Organisation, Dimension::Region, Dimension::Clinician];

pub(super) fn check(plan: &Plan) -> Checked {
    period(plan)?;
    base(plan)?;
    platforms(plan)?;
    levels(plan)?;
    organisations(plan)?;
    events_in_time(plan)?;
    shares(plan)
}

fn period(plan: &Plan) -> Checked {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if plan.name.is_empty() || !plan.name.chars().all(plain) {
        let must = "write lower-case letters, digits and hyphens";
        return Err(PlanError::impossible("name", format!("{:?}", plan.name), must));
    }
    if plan.midnight().is_none() {
        return Err(PlanError::impossible("start", format!("{:?}", plan.start), "write it as 2026-03-02"));
    }
    within("days", f64::from(plan.days), 1.0, 3660.0)?;
    within("consultations", plan.consultations as f64, 1.0, 1e9)?;
    within("opening.until", f64::from(plan.opening.until), f64::from(plan.opening.from) + 1.0, 24.0)?;
    let only_weekends = crate::calendar::Calendar::new(
        plan.midnight().map_or(0, Time::ms),
        plan.days,
        &plan.opening,
        plan.consultations,
    )
    .is_closed();
    if only_weekends {
        let must = "it has no working day; add days or set opening.weekends = true";
        return Err(PlanError::impossible("days", plan.days, must));
    }
    let most = f64::from(plan.booking.hours_most);
    within("booking.hours_most", most, f64::from(plan.booking.hours_least), 24.0 * 60.0)
}

fn base(plan: &Plan) -> Checked {
    for (knob, value) in &plan.base {
        let place = format!("base.{knob}");
        match knob.link() {
            _ if *knob == Knob::Trouble => {
                return Err(PlanError::impossible(&place, value, "trouble is an effect; set the failures"));
            }
            Link::Odds => within(&place, *value, 0.0, 1.0)?,
            Link::Log => within(&place, *value, 0.0, 10_000.0)?,
            Link::Points => within(&place, *value, 0.0, 100.0)?,
        }
    }
    Ok(())
}

fn platforms(plan: &Plan) -> Checked {
    within("the number of platforms", plan.platforms.len() as f64, 1.0, MOST_PLATFORMS as f64)?;
    once("platforms", plan.platforms.iter().map(|platform| platform.name.as_str()))?;
    for platform in &plan.platforms {
        let place = format!("platforms.{}", platform.name);
        filled("platforms.name", &platform.name)?;
        weight(&format!("{place}.share"), platform.share)?;
        effects(&place, &platform.effects)?;
        kinds(&format!("{place}.blind"), &platform.blind)?;
        kinds(&format!("{place}.inferred"), &platform.inferred)?;
        adoption(plan, &format!("{place}.adopted_on_day"), platform.adopted_on_day)?;
    }
    some_weight("platforms.share", plan.platforms.iter().map(|platform| platform.share))
}

fn levels(plan: &Plan) -> Checked {
    for (dimension, levels) in &plan.levels {
        let place = format!("levels.{dimension}");
        let known = || Dimension::ALL.into_iter().filter(|dimension| !GIVEN.contains(dimension));
        let Some(dimension) = known().find(|known| known.name() == dimension) else {
            return Err(unknown("levels", dimension, known().map(Dimension::name)));
        };
        within(&format!("the number of {place}"), levels.len() as f64, 1.0, MOST_LEVELS as f64)?;
        once(&place, levels.iter().map(|level| level.name.as_str()))?;
        some_weight(&format!("{place}.weight"), levels.iter().map(|level| level.weight))?;
        for level in levels {
            self::level(plan, dimension, level)?;
        }
    }
    Ok(())
}

fn level(plan: &Plan, dimension: Dimension, level: &Level) -> Checked {
    let place = format!("levels.{dimension}.{}", level.name);
    if !dimension.accepts(&level.name) {
        return Err(PlanError::impossible(
            &place,
            format!("{:?}", level.name),
            "this dimension has no such level",
        ));
    }
    weight(&format!("{place}.weight"), level.weight)?;
    if let Some(minutes) = level.minutes {
        within(&format!("{place}.minutes"), minutes, 1.0, 120.0)?;
    }
    effects(&place, &level.effects)?;
    for (name, more) in &level.on {
        platform(plan, &format!("{place}.on"), name)?;
        effects(&format!("{place}.on.{name}"), more)?;
    }
    tilt(plan, &place, &level.tilt, Some(dimension))
}

fn organisations(plan: &Plan) -> Checked {
    within("the number of groups of organisations", plan.organisations.len() as f64, 1.0, 1000.0)?;
    some_weight("organisations.weight", plan.organisations.iter().map(|group| group.weight))?;
    for group in &plan.organisations {
        let Some(first) = group.organisations().into_iter().next() else {
            let must = "give it names, or a prefix and a count";
            return Err(PlanError::impossible("a group of organisations", "empty", must));
        };
        let place = format!("organisations.{first}");
        if group.prefix.is_some() != group.names.is_empty() {
            return Err(PlanError::impossible(&place, "named twice", "give names or a prefix, not both"));
        }
        filled("organisations.names", &first)?;
        weight(&format!("{place}.weight"), group.weight)?;
        within(&format!("{place}.clinicians"), group.clinicians as f64, 1.0, 10_000.0)?;
        effects(&place, &group.effects)?;
        for (name, share) in &group.platforms {
            platform(plan, &format!("{place}.platforms"), name)?;
            weight(&format!("{place}.platforms.{name}"), *share)?;
        }
        if !group.platforms.is_empty() {
            some_weight(&format!("{place}.platforms"), group.platforms.values().copied())?;
        }
        history(plan, &place, group)?;
        from_the_first_day(plan, &place, group)?;
        tilt(plan, &place, &group.tilt, None)?;
    }
    let names: Vec<String> = plan.organisations.iter().flat_map(Group::organisations).collect();
    within("the number of organisations", names.len() as f64, 1.0, 10_000.0)?;
    once("organisations", names.iter().map(String::as_str))
}

fn history(plan: &Plan, place: &str, group: &Group) -> Checked {
    for (name, day) in &group.adopted_on_day {
        platform(plan, &format!("{place}.adopted_on_day"), name)?;
        adoption(plan, &format!("{place}.adopted_on_day.{name}"), *day)?;
    }
    for (name, consultations) in &group.experience {
        platform(plan, &format!("{place}.experience"), name)?;
        within(&format!("{place}.experience.{name}"), *consultations, 0.0, 1e6)?;
    }
    Ok(())
}

fn adoption(plan: &Plan, place: &str, day: u32) -> Checked {
    within(place, f64::from(day), 0.0, f64::from(plan.days))
}

fn from_the_first_day(plan: &Plan, place: &str, group: &Group) -> Checked {
    let here = |name: &str| group.platforms.is_empty() || group.platforms.contains_key(name);
    if plan.platforms.iter().any(|platform| group.first_day(platform) == 0 && here(&platform.name)) {
        return Ok(());
    }
    let must = "give it one whose adopted_on_day is 0";
    Err(PlanError::impossible(&format!("{place}.platforms"), "without a platform on the first day", must))
}

fn tilt(plan: &Plan, place: &str, tilt: &Tilt, of: Option<Dimension>) -> Checked {
    for (name, levels) in tilt {
        let place = format!("{place}.tilt.{name}");
        if name != Dimension::Platform.name() {
            let later = |other: &str| Dimension::from_name(other) > of;
            let known = || plan.levels.keys().map(String::as_str).filter(|other| later(other));
            if !known().any(|other| other == name) {
                return Err(unknown(&place, name, known().chain(["platform"])));
            }
        }
        for (level, factor) in levels {
            weight(&format!("{place}.{level}"), *factor)?;
            match plan.levels.get(name) {
                None => platform(plan, &place, level)?,
                Some(known) if known.iter().any(|known| known.name == *level) => {}
                Some(known) => {
                    return Err(unknown(&place, level, known.iter().map(|level| level.name.as_str())));
                }
            }
        }
    }
    Ok(())
}

fn events_in_time(plan: &Plan) -> Checked {
    for outage in &plan.outages {
        platform(plan, "outages.platform", &outage.platform)?;
        effects("outages", &outage.effects)?;
        if let Err(error) = outage.from.parse::<Time>() {
            return Err(PlanError::impossible("outages.from", &outage.from, &error.to_string()));
        }
    }
    if let Some(learning) = &plan.learning {
        effects("learning", &learning.effects)?;
        within("learning.halved_after", learning.halved_after, 0.1, 1e6)?;
    }
    Ok(())
}

fn shares(plan: &Plan) -> Checked {
    let (feedback, mess) = (&plan.feedback, &plan.mess);
    for (place, share) in [
        ("booking.share", plan.booking.share),
        ("feedback.invited", feedback.invited),
        ("feedback.patient", feedback.patient),
        ("feedback.clinician", feedback.clinician),
        ("feedback.sus", feedback.sus),
        ("feedback.adequacy", feedback.adequacy),
        ("recording.phone_after_failure", plan.recording.phone_after_failure),
        ("mess.duplicates", mess.duplicates),
        ("mess.late", mess.late),
        ("mess.missing_ends", mess.missing_ends),
        ("mess.same_ms", mess.same_ms),
        ("mess.coalesced", mess.coalesced),
        ("mess.unknown_kinds", mess.unknown_kinds),
    ] {
        within(place, share, 0.0, 1.0)?;
    }
    let clustering = &plan.clustering;
    for (place, sd) in [
        ("clustering.organisation", clustering.organisation),
        ("clustering.organisation_platform", clustering.organisation_platform),
        ("clustering.clinician", clustering.clinician),
        ("clustering.size", clustering.size),
    ] {
        within(place, sd, 0.0, 3.0)?;
    }
    within("feedback.sus_sd", feedback.sus_sd, 0.0, 50.0)?;
    within("feedback.when_disturbed", feedback.when_disturbed, -20.0, 20.0)?;
    within("mess.late_minutes", f64::from(mess.late_minutes), 0.0, 24.0 * 60.0)?;
    within("mess.clock_skew_ms", f64::from(mess.clock_skew_ms), 0.0, 3_600_000.0)?;
    kinds("recording.omit", &plan.recording.omit)
}

fn within(place: &str, value: f64, least: f64, most: f64) -> Checked {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PlanError::impossible(place, value, &format!("it must lie between {least} and {most}")))
}

fn weight(place: &str, value: f64) -> Checked {
    within(place, value, 0.0, 1e6)
}

fn some_weight(place: &str, mut weights: impl Iterator<Item = f64>) -> Checked {
    if weights.any(|weight| weight > 0.0) {
        return Ok(());
    }
    Err(PlanError::impossible(place, "0 everywhere", "give at least one a weight above 0"))
}

fn effects(place: &str, effects: &Effects) -> Checked {
    Knob::ALL
        .into_iter()
        .try_for_each(|knob| within(&format!("{place}.effects.{knob}"), effects.get(knob), -100.0, 100.0))
}

fn filled(place: &str, name: &str) -> Checked {
    if name.is_empty() { Err(PlanError::impossible(place, "empty", "give it a name")) } else { Ok(()) }
}

fn once<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PlanError::Twice { place: place.to_owned(), name: name.to_owned() });
        }
    }
    Ok(())
}

fn platform(plan: &Plan, place: &str, name: &str) -> Checked {
    let known = || plan.platforms.iter().map(|platform| platform.name.as_str());
    if known().any(|known| known == name) { Ok(()) } else { Err(unknown(place, name, known())) }
}

fn kinds(place: &str, names: &[String]) -> Checked {
    let known =
        || Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::RecordingDeclared | Kind::Unknown));
    for name in names {
        if !known().any(|kind| kind.name() == name) {
            return Err(unknown(place, name, known().map(Kind::name)));
        }
        if name == Kind::Joined.name() {
            let must = "a recording without it tells nothing; leave it in";
            return Err(PlanError::impossible(place, "joined", must));
        }
    }
    Ok(())
}

fn unknown<'a>(place: &str, name: &str, known: impl Iterator<Item = &'a str>) -> PlanError {
    let known = known.collect::<Vec<_>>().join(", ");
    PlanError::UnknownName { place: place.to_owned(), name: name.to_owned(), known }
}
