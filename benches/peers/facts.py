"""What the queries of the peers rely on, checked on the data; the general rules are harder.

evenfield knows nothing of this. Each fact is a query over the table `events` that counts the exceptions.
"""

import duckdb

PRESENCE = "('joined', 'rejoined', 'dropped', 'left')"
SOUND = "('audio_lost', 'audio_restored')"
PEOPLE = (
    "('join_attempted', 'waiting', 'join_failed', 'joined', 'rejoined', 'dropped', 'left', 'audio_lost', "
    "'audio_restored')"
)
TERMINAL = "('completed', 'converted', 'abandoned')"
ORDER = "over (partition by c, role order by ts, kind)"

FACTS = {
    "everyone who joins, drops, leaves or loses sound is the patient or the clinician":
        f"select count(*) from ev where kind in {PEOPLE} and role not in ('patient', 'clinician') is not false",
    "there are no video events": "select count(*) from ev where kind in ('video_lost', 'video_restored')",
    "each joins once":
        "select count(*) from (select 1 from ev where kind = 'joined' group by c, role having count(*) > 1)",
    "no two events that a query orders by time alone share a millisecond":
        "select count(*) from (select 1 from ev where kind in ('joined', 'rejoined', 'dropped') "
        "group by c, role, ts having count(*) > 1 union all "
        "select 1 from ev where kind in ('audio_lost', 'audio_restored', 'dropped', 'left') "
        "group by c, role, ts having count(*) > 1)",
    "a return follows a drop, a drop follows an arrival, nobody comes back after leaving, nobody leaves while dropped":
        f"select count(*) from (select kind, lag(kind) {ORDER} before from ev where kind in {PRESENCE}) where "
        "case kind when 'joined' then before is not null when 'rejoined' then before is distinct from 'dropped' "
        "else before is null or before not in ('joined', 'rejoined') end",
    "sound that is lost was there, sound that is back was lost or let go by a drop":
        f"select count(*) from (select kind, lag(kind) {ORDER} before from ev where kind in {SOUND}) where "
        "before is not distinct from kind or (kind = 'audio_restored' and before is null)",
    "no call event follows a terminal one":
        f"select count(*) from ev join (select c, min(ts) done from ev where kind in {TERMINAL} group by c) using (c) "
        f"where kind in {PEOPLE} and ts > done",
    "a dropped one who never returns is followed by a terminal event":
        f"select count(*) from (select c, arg_max(kind, ts) newest from ev where kind in {PRESENCE} group by c, role) "
        f"where newest = 'dropped' and c not in (select c from ev where kind in {TERMINAL})",
    "the circumstances are told once":
        "select count(*) from (select 1 from ev where platform is not null group by c having count(*) > 1)",
    "and by everyone who tells a service or a modality":
        "select count(*) from ev where platform is null and (service is not null or modality is not null)",
}


def people(parquet):
    """Consultations in which two people play one part: the peers tell people apart by their parts."""
    return duckdb.execute(
        f"select count(*) from (select 1 from read_parquet('{parquet}') where kind in {PEOPLE} "
        "group by consultation, role having count(distinct participant) > 1)"
    ).fetchone()[0]


def declarations(parquet):
    """Sources that see one side only, or tell drops late; and declarations newer than every other event."""
    return duckdb.execute(
        f"select count(*) filter (contains(declaration, 'sides') or contains(declaration, 'drop_delay_ms')) "
        f"+ (max(\"at\") filter (kind = 'recording_declared') >= max(\"at\"))::int from read_parquet('{parquet}')"
    ).fetchone()[0]


def check(table):
    """Refuses data for which a query would be wrong."""
    connection = duckdb.connect(str(table), read_only=True)
    found = {fact: connection.execute(query).fetchone()[0] for fact, query in FACTS.items()}
    connection.close()
    parquet = table.with_name("events.parquet")
    found["in each part there is one person"] = people(parquet)
    found["sources see both sides and tell drops at once; no declaration is the newest event"] = declarations(parquet)
    wrong = [f"{fact}: {count:,} exceptions" for fact, count in found.items() if count]
    if wrong:
        raise SystemExit("the peers' queries do not fit this data: " + "; ".join(wrong))
    print(f"{len(found)} facts that the peers' queries rely on hold")
