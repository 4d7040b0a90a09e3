//! Where a consultation ends, and what its ending is called (rule 5).

use event::{Kind, Payload, Target};

use super::cast::Cast;
use super::moment::{ATTEMPTS, COMING, Moment, TERMINAL};
use super::story::Story;

/// How long a return can undo an `abandoned`, and a `converted` or `abandoned` can explain a `completed`.
const SECOND_THOUGHTS_MS: i64 = 30 * 60 * 1_000;
/// How long after its last event a consultation is still in progress.
const IN_PROGRESS_MS: i64 = 4 * 60 * 60 * 1_000;
/// Kinds that cannot be the last thing that happened.
const NO_END: [Kind; 7] = [
    Kind::Scheduled,
    Kind::Cancelled,
    Kind::FeedbackInvited,
    Kind::Rated,
    Kind::Questionnaire,
    Kind::Adequacy,
    Kind::Unknown,
];

/// The end of a consultation.
pub(super) struct End<'a> {
    /// When, if anything happened at all.
    pub(super) at: Option<i64>,
    /// The terminal event that is the end, if one is.
    terminal: Option<Moment<'a>>,
    /// The terminal event that names the ending; after a `completed` it can be a later one.
    named_by: Option<Moment<'a>>,
    /// `abandoned` events that a return has undone.
    pub(super) undone: usize,
}

impl<'a> End<'a> {
    /// The end of the consultation of these moments, all of them.
    pub(super) fn of(moments: &[Moment<'a>], cast: &Cast<'a>) -> Self {
        let undone = moments.iter().filter(|moment| is_undone(moment, moments, cast)).count();
        let standing: Vec<Moment<'a>> = moments
            .iter()
            .filter(|moment| moment.is(&TERMINAL) && !is_undone(moment, moments, cast))
            .copied()
            .collect();
        let terminal = standing.first().copied();
        let at = terminal
            .map(|terminal| terminal.at)
            .or_else(|| departure(moments, cast))
            .or_else(|| moments.iter().rev().find(|moment| !moment.is(&NO_END)).map(|moment| moment.at));
        Self { at, terminal, named_by: named_by(&standing), undone }
    }

    /// Whether a terminal event is the end.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Whether a `completed` is the end, whatever the ending is called.
    pub(super) fn at_a_completed(&self) -> bool {
        self.terminal.is_some_and(|terminal| terminal.kind() == Kind::Completed)
    }

    /// Whether a `dropped` at this time fell into the millisecond of the terminal event.
    pub(super) fn coincides(&self, at: i64) -> bool {
        self.terminal.is_some_and(|terminal| terminal.at == at)
    }

    /// The name of the ending that the terminal event gives.
    pub(super) fn name(&self) -> Option<&'static str> {
        self.named_by.map(|moment| match &moment.event.payload {
            Payload::Converted { to } => match Target::of(to.as_deref()) {
                Target::Phone => "converted_phone",
                Target::InPerson => "converted_in_person",
                Target::OtherPlatform => "converted_platform",
                Target::Other => "converted_other",
            },
            Payload::Abandoned { .. } => "abandoned",
            _ => "completed",
        })
    }

    /// Whether the consultation has no outcome yet at `until`.
    pub(super) fn is_in_progress(&self, moments: &[Moment<'_>], until: i64) -> bool {
        let cancelled = moments.iter().any(|moment| moment.kind() == Kind::Cancelled);
        let last = moments.iter().map(due).max();
        !self.is_terminal() && !cancelled && last.is_some_and(|last| until - last < IN_PROGRESS_MS)
    }
}

/// The time at which an event counts for being in progress: a plan at the time it is planned for.
fn due(moment: &Moment<'_>) -> i64 {
    match moment.event.payload {
        Payload::Scheduled { booked_start: Some(booked), .. } => moment.at.max(booked.ms()),
        _ => moment.at,
    }
}

/// Whether this is an `abandoned` after which a counting person came.
fn is_undone<'a>(moment: &Moment<'a>, moments: &[Moment<'a>], cast: &Cast<'a>) -> bool {
    let counting = cast.counting(moments);
    moment.kind() == Kind::Abandoned
        && moments.iter().any(|later| {
            let waited = later.at - moment.at;
            later.is(&COMING)
                && later.person().is_some_and(|person| counting.contains(person))
                && 0 < waited
                && waited <= SECOND_THOUGHTS_MS
        })
}

/// The first terminal event, or what explains it if it is a `completed`.
fn named_by<'a>(standing: &[Moment<'a>]) -> Option<Moment<'a>> {
    let first = *standing.first()?;
    let explains = |later: &&Moment<'a>| {
        first.kind() == Kind::Completed
            && later.kind() != Kind::Completed
            && later.at - first.at <= SECOND_THOUGHTS_MS
    };
    Some(*standing.iter().find(explains).unwrap_or(&first))
}

/// The first departure for good after which too few camps are left, among those that ever came.
fn departure<'a>(moments: &[Moment<'a>], cast: &Cast<'a>) -> Option<i64> {
    let departures: Vec<Option<i64>> = cast
        .camps()
        .iter()
        .filter_map(|camp| {
            let stories = camp.iter().map(|person| Story::of(person, moments));
            let came: Vec<Story<'a>> = stories.filter(Story::ever_came).collect();
            let gone: Option<Vec<i64>> = came.iter().map(Story::gone_for_good).collect();
            (!came.is_empty()).then(|| gone.and_then(|gone| gone.into_iter().max()))
        })
        .collect();
    let too_few_after = |at: i64| {
        let remain = departures.iter().filter(|gone| gone.is_none_or(|gone| gone > at)).count();
        remain < cast.needed()
    };
    departures.iter().flatten().copied().filter(|at| too_few_after(*at)).min()
}

/// What the ending is called when no terminal event names it; `all` are also the moments after the end.
pub(super) fn unnamed(
    all: &[Moment<'_>],
    up_to_end: &[Moment<'_>],
    cast: &Cast<'_>,
    connected: bool,
) -> &'static str {
    let told = |kind: Kind| all.iter().any(|moment| moment.kind() == kind);
    let attempted =
        |person: &str| up_to_end.iter().any(|moment| moment.person() == Some(person) && moment.is(&ATTEMPTS));
    let nobody = !cast.on_a_side().into_iter().any(attempted);
    let camps = cast.camps().iter().filter(|camp| camp.iter().any(|person| attempted(person))).count();
    match camps {
        0 if nobody && told(Kind::Cancelled) => "cancelled",
        0 if nobody && told(Kind::Scheduled) => "no_show",
        1 if cast.needed() == 2 => "other_side_absent",
        camps if camps >= cast.needed() && !connected => "failed_to_connect",
        _ => "end_not_seen",
    }
}
