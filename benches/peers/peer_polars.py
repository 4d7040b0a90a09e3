"""Polars: `peer_polars.py FILE`, over Parquet with the streaming engine; two threads unless THREADS says otherwise."""

import os
import sys

os.environ["POLARS_MAX_THREADS"] = os.environ.get("THREADS", "2")

# The number of threads is read when it is imported.
import polars as pl
from polars import col, when

import answer

KINDS = [
    "scheduled", "cancelled", "join_attempted", "waiting", "join_failed", "joined", "rejoined", "audio_restored",
    "video_restored", "audio_lost", "video_lost", "help_requested", "dropped", "left", "converted", "abandoned",
    "completed", "feedback_invited", "rated", "questionnaire", "adequacy", "recording_declared",
]
CODE = {kind: code for code, kind in enumerate(KINDS)}
GRACE, HALF_HOUR, FOUR_HOURS, SHORTEST_LOSS = 15_000, 1_800_000, 14_400_000, 150


def kind(*names):
    """Whether an event is of one of these kinds."""
    codes = [CODE[name] for name in names]
    return col("kind") == codes[0] if len(codes) == 1 else col("kind").is_in(codes)


ATTEMPT = kind("join_attempted", "waiting", "join_failed", "joined", "rejoined")
NO_CALL = kind("scheduled", "cancelled", "feedback_invited", "rated", "questionnaire", "adequacy")
PATIENT, CLINICIAN = col("role") == "patient", col("role") == "clinician"


def levels(path):
    """The names of platforms and of services as enums: numbers are cheaper to carry than names."""
    told = pl.scan_parquet(path)
    found = pl.collect_all(
        [told.select(col(name).drop_nulls().unique().sort()) for name in ("platform", "service")], engine="streaming"
    )
    return [pl.Enum(names.to_series()) for names in found]


def scan(path, platforms, services):
    """The columns that the question needs, names as numbers; only those columns are read."""
    needed = ["consultation", "role", "at", "kind", "platform", "service", "modality", "booked_start"]
    return (
        pl.scan_parquet(path).select(needed).filter(col("kind") != "recording_declared")
        .with_columns(
            col("kind").cast(pl.Enum(KINDS)).to_physical(),
            col("platform").cast(platforms).to_physical(), col("service").cast(services).to_physical(),
            ts=col("at").to_physical(), booked=col("booked_start").to_physical(),
        )
    )


def first(condition):
    """The time of the first event that meets the condition."""
    return when(condition).then("ts").min()


def last(condition):
    """The time of the last event that meets the condition."""
    return when(condition).then("ts").max()


def consultations(events):
    """One row per consultation, with what its simple events tell."""
    return events.group_by("consultation").agg(
        platform=col("platform").max(), service=col("service").max(),
        elsewhere=(col("modality") != "video").any(),
        pa=first(PATIENT & ATTEMPT), ca=first(CLINICIAN & ATTEMPT),
        pj=first(PATIENT & kind("joined")), cj=first(CLINICIAN & kind("joined")),
        failed=first(kind("join_failed")),
        done=first(kind("completed")), given_up=first(kind("converted", "abandoned")),
        cancelled=kind("cancelled").any(), troubled=kind("dropped", "audio_lost").any(),
        last_call=last(~NO_CALL), last=pl.max_horizontal("ts", "booked").max(), newest=col("ts").max(),
    )


def departures(events):
    """When the first side left for good; a `left` just after a return belongs to the connection before it."""
    def of(left, back):
        return when(col(back).is_null() | (col(left) - col(back) > 1000)).then(left)

    return (
        events.filter(kind("left", "rejoined")).group_by("consultation")
        .agg(
            pl=last(PATIENT & kind("left")), pr=last(PATIENT & kind("rejoined")),
            cl=last(CLINICIAN & kind("left")), cr=last(CLINICIAN & kind("rejoined")),
        )
        .select("consultation", departed=pl.min_horizontal(of("pl", "pr"), of("cl", "cr")))
        .drop_nulls()
    )


def ended(events):
    """Consultations that are over, with their ends; `key` numbers them."""
    base, gone = pl.collect_all([consultations(events), departures(events)], engine="streaming")
    terminal = col("done").is_not_null() | col("given_up").is_not_null()
    is_open = ~terminal & ~col("cancelled") & (col("last") > base["newest"].max() - FOUR_HOURS)
    return (
        base.lazy().filter(~col("elsewhere").fill_null(False), ~is_open)
        .join(gone.lazy(), on="consultation", how="left", maintain_order="none")
        .with_columns(
            terminal=terminal,
            completed=(col("given_up").is_null() | (col("given_up") > col("done") + HALF_HOUR)).fill_null(False)
            & col("done").is_not_null(),
            end=pl.coalesce(pl.min_horizontal("done", "given_up"), "departed", "last_call"),
        )
        .with_row_index("key")
        .collect(engine="streaming")
    )


def talked(events, over):
    """What happened in consultations in which something may have gone wrong, in order of person and time."""
    troubled = over.lazy().filter("troubled").select("consultation", "key", "end", "terminal", "completed")
    return (
        events.filter(kind("joined", "rejoined", "dropped", "left", "audio_lost", "audio_restored"))
        .select("consultation", "role", "ts", "kind")
        .join(troubled, on="consultation", maintain_order="none").filter(col("ts") <= col("end"))
        .with_columns(patient=PATIENT).drop("consultation", "role")
        .sort("key", "patient", "ts")
        .collect(engine="streaming")
    )


def followed(events):
    """With each event the time of the same person's next, `back`; the events are in order."""
    same = (col("key") == col("key").shift(-1)) & (col("patient") == col("patient").shift(-1))
    return events.with_columns(back=when(same).then(col("ts").shift(-1)))


def gaps(events):
    """From each `dropped` to the return, and whether that is a drop."""
    closing = col("completed") & (col("end") - col("ts") < GRACE)
    return (
        followed(events.filter(kind("joined", "rejoined", "dropped"))).filter(kind("dropped"))
        .with_columns(is_drop=(col("back") - col("ts") >= GRACE).fill_null(~closing))
    )


def losses(events):
    """From each loss of sound to its end, without those that are too short to count."""
    return (
        followed(events.filter(kind("audio_lost", "audio_restored", "dropped", "left"))).filter(kind("audio_lost"))
        .with_columns(back=pl.coalesce("back", "end"))
        .filter(col("back") - col("ts") >= SHORTEST_LOSS)
    )


def steps(events, gap, loss):
    """Every change of who is here, whose sound is lost, and what is broken off."""
    def step(frame, at, here, lost, broken):
        told = {"here": here, "lost": lost, "broken": broken}
        return frame.select("key", "end", ts=at, **{name: pl.lit(by, pl.Int32) for name, by in told.items()})

    drop, blip = gap.filter("is_drop"), gap.filter(~col("is_drop") & col("back").is_not_null())
    return pl.concat([
        step(events.filter(kind("joined")), "ts", 1, 0, 0),
        step(drop, "ts", -1, 0, 0), step(drop.filter(col("back").is_not_null()), "back", 1, 0, 0),
        step(blip, "ts", 0, 0, 1), step(blip, "back", 0, 0, -1),
        step(loss, "ts", 0, 1, 1), step(loss, "back", 0, -1, -1),
    ])


def stretches(changes):
    """Between two changes: how many are here, lost and broken off; sums run within each consultation."""
    begins = (col("key") != col("key").shift(1)).fill_null(True)

    def running(name):
        total = col(name).cum_sum()
        return total - when(begins).then(total - col(name)).forward_fill()

    until = when(col("key") == col("key").shift(-1)).then(col("ts").shift(-1))
    return changes.sort("key", "ts").with_columns(
        running("here"), running("lost"), running("broken"), until=pl.coalesce(until, "end")
    )


def talks(stretch):
    """When both were first here, and the times of the talk."""
    both, length = col("here") == 2, col("until") - col("ts")
    met = stretch.filter(both & (length > 0)).group_by("key").agg(met_at=col("ts").min())
    return (
        stretch.join(met, on="key", maintain_order="none").filter(col("ts") >= col("met_at")).group_by("key")
        .agg(
            met_at=col("met_at").first(), talk_ms=when(both).then(length).sum(),
            lost_ms=when(both & (col("lost") > 0)).then(length).sum(),
            broken_ms=when(col("broken") > 0).then(length).sum(),
        )
    )


def drops(gap, talk):
    """Drops of the talk, the first, and whether one came too early for a first try."""
    since = col("ts") - col("met_at")
    return (
        gap.filter(col("is_drop"), (col("ts") < col("end")) | ~col("terminal"))
        .join(talk.select("key", "met_at"), on="key", maintain_order="none").group_by("key")
        .agg(drops=(since >= 0).sum(), first_drop_ms=when(since >= 0).then(since).min(), early=(since < 60_000).any())
    )


def outcomes(over, talk, drop):
    """One row per consultation that is over."""
    simple = when(col("pj").is_not_null() & col("cj").is_not_null()).then(pl.max_horizontal("pj", "cj"))
    met = col("met_at")
    connected = ((met < col("end")) | ((met == col("end")) & ~col("terminal"))).fill_null(False)
    quiet = (col("broken_ms") <= 10_000) & (col("broken_ms") * 1000 <= col("talk_ms") * 10)
    return (
        over.lazy().join(talk, on="key", how="left", maintain_order="none")
        .join(drop, on="key", how="left", maintain_order="none")
        .with_columns(
            met_at=when("troubled").then("met_at").otherwise(simple),
            attempted=col("pa").is_not_null() & col("ca").is_not_null(),
            lost_ms=col("lost_ms").fill_null(0), broken_ms=col("broken_ms").fill_null(0),
            drops=col("drops").fill_null(0), early=col("early").fill_null(False),
        )
        .with_columns(
            talk_ms=when("troubled").then("talk_ms").otherwise(col("end") - met), connected=connected,
            first_try=connected & ~col("early") & (col("failed") >= met + 60_000).fill_null(True),
        )
        .select(
            "platform", "service", "attempted", "connected", "first_try",
            "drops", "lost_ms", "first_drop_ms",
            undisturbed=col("first_try") & (col("drops") == 0) & quiet & col("completed"),
            completed=col("connected") & col("completed"),
            talk_ms=when("connected").then("talk_ms"),
            down_ms=when("connected").then(col("end") - met - col("talk_ms")),
            connect_ms=when("connected").then(met - pl.max_horizontal("pa", "ca")),
        )
        .collect(engine="streaming")
    )


def totals(rows, keys):
    """The answer for one grouping."""
    sums = ["attempted", "connected", "first_try", "undisturbed", "completed", "drops", "lost_ms", "talk_ms", "down_ms"]
    quantiles = [
        col(name).drop_nulls().quantile(q, "equiprobable").alias(f"{name}.{q}")
        for name in ("connect_ms", "first_drop_ms") for q in (0.5, 0.9, 0.95)
    ]
    return rows.lazy().group_by(keys).agg(pl.len(), *(col(name).sum() for name in sums), *quantiles)


def named(names, code):
    """The name of a level."""
    return answer.NOT_RECORDED if code is None else names.categories[code]


def main():
    """Answers the question."""
    platforms, services = levels(sys.argv[1])
    events = scan(sys.argv[1], platforms, services)
    over = ended(events)
    happened = talked(events, over).lazy()
    gap, loss = pl.collect_all([gaps(happened), losses(happened)])
    talk = talks(stretches(steps(happened, gap.lazy(), loss.lazy())).collect().lazy()).collect().lazy()
    rows = outcomes(over, talk, drops(gap.lazy(), talk))
    by_platform, by_service = pl.collect_all([totals(rows, ["platform"]), totals(rows, ["platform", "service"])])
    answer.write([
        *((named(platforms, platform), None, *numbers) for platform, *numbers in by_platform.rows()),
        *((named(platforms, platform), named(services, service), *numbers)
          for platform, service, *numbers in by_service.rows()),
    ])


if __name__ == "__main__":
    main()
