"""`load.py FOLDER`: makes the databases of the peers from FOLDER/events.parquet, and checks what their queries rely on.

DuckDB gets one table with the columns that the question needs, in the order of the log; names that recur are
enums, and consultations are numbered. SQLite gets the same, clustered by consultation and time. What is there
already is left alone.
"""

import json
import pathlib
import sqlite3
import sys
import time

import duckdb

from facts import check

KINDS = (
    "scheduled", "cancelled", "join_attempted", "waiting", "join_failed", "joined", "rejoined", "audio_restored",
    "video_restored", "audio_lost", "video_lost", "help_requested", "dropped", "left", "converted", "abandoned",
    "completed", "feedback_invited", "rated", "questionnaire", "adequacy",
)
ROLES = ("patient", "clinician", "carer", "interpreter", "other", "unknown")
BATCH = 100_000


def enum(names):
    """The names as an enum of DuckDB."""
    return f"enum({', '.join(repr(name) for name in names)})"


def duckdb_table(parquet, path):
    """DuckDB's own table; `ev` is what the query reads."""
    connection = duckdb.connect(str(path))
    connection.execute("set threads = 2")
    source = f"(select * from read_parquet('{parquet}') where kind <> 'recording_declared')"
    connection.execute(f"create type kind as {enum(KINDS)}; create type role as {enum(ROLES)}")
    for name in ("platform", "service", "modality"):
        connection.execute(
            f"create type {name} as enum(select distinct name from (select {name} as name from {source} "
            "union all select 'video') where name is not null order by name)"
        )
    connection.execute(f"""
        create temp table numbers as
        select consultation, (row_number() over (order by min(position)) - 1)::uinteger c
        from {source} group by consultation
    """)
    connection.execute(f"""
        create table events as
        select c, role::role as role, epoch_ms("at") ts, kind::kind kind, platform::platform platform,
            service::service service, modality::modality modality, epoch_ms(booked_start) bs
        from {source} join numbers using (consultation) order by position
    """)
    connection.execute("create view ev as select * from events")
    connection.close()


def sqlite_table(table, path):
    """SQLite's table, from that of DuckDB; names as codes."""
    source = duckdb.connect(str(table), read_only=True)
    into = sqlite3.connect(str(path))
    into.executescript("""
        pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -1000000;
        create table events (c integer, ts integer, n integer, role integer, kind integer, platform integer,
            service integer, modality text, bs integer, primary key (c, ts, n)) without rowid;
        create table names (code integer primary key, name text);
        create table about (newest integer);
    """)
    names = [name for (name,) in source.execute(
        "select distinct platform::varchar from ev where platform is not null union "
        "select distinct service::varchar from ev where service is not null"
    ).fetchall()]
    into.executemany("insert into names values (?, ?)", enumerate(names))
    code = {name: number for number, name in enumerate(names)}
    into.execute("insert into about values (?)", source.execute("select max(ts) from ev").fetchone())
    rows = source.execute(
        "select c, ts, rowid, enum_code(role), enum_code(kind), platform, service, modality, bs from events "
        "order by c, ts, rowid"
    )
    while batch := rows.fetchmany(BATCH):
        into.executemany(
            "insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row[:5], code.get(row[5]), code.get(row[6]), *row[7:]) for row in batch],
        )
    into.execute("analyze")
    into.commit()
    into.close()


def made(path, make):
    """Makes a file unless it is there, under its name only once it is whole."""
    if path.exists():
        return
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    begun = time.monotonic()
    make(draft)
    draft.rename(path)
    seconds, size = time.monotonic() - begun, path.stat().st_size
    with open(path.with_name("made.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"file": path.name, "seconds": round(seconds, 1), "bytes": size}) + "\n")
    print(f"{path}: made in {seconds:.1f} s, {size:,} bytes")


def main():
    """Checks the facts and makes both databases."""
    folder = pathlib.Path(sys.argv[1])
    parquet, table = folder / "events.parquet", folder / "events.duckdb"
    made(table, lambda path: duckdb_table(parquet, path))
    made(folder / "events.sqlite", lambda path: sqlite_table(table, path))
    check(table)


if __name__ == "__main__":
    main()
