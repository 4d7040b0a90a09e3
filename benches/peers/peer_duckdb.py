"""DuckDB: `peer_duckdb.py parquet|table FILE`, with two threads unless THREADS says otherwise."""

import os
import pathlib
import sys

import duckdb

import answer

QUERY = pathlib.Path(__file__).with_name("duckdb.sql").read_text()
# Only the columns that the question needs are read; what is carried along is carried as a number.
PARQUET = """
create temp view told as from read_parquet('{path}');
create type platform as enum(select distinct platform from told where platform is not null);
create type service as enum(select distinct service from told where service is not null);
create temp view ev as
select consultation c, role, epoch_ms("at") ts, kind, platform::platform platform, service::service service, modality,
    epoch_ms(booked_start) bs
from told where kind <> 'recording_declared'
"""


def connect(form, path):
    """A connection with the view `ev`."""
    if form == "table":
        return duckdb.connect(path, read_only=True)
    connection = duckdb.connect()
    connection.execute(PARQUET.format(path=path))
    return connection


def main():
    """Answers the question."""
    connection = connect(*sys.argv[1:3])
    connection.execute(f"set threads = {int(os.environ.get('THREADS', 2))}")
    rows = connection.execute(QUERY).fetchall()
    answer.write(
        (platform or answer.NOT_RECORDED, None if everything else service or answer.NOT_RECORDED,
         *sums, *(connect or [None] * 3), *(drop or [None] * 3))
        for platform, service, *sums, connect, drop, everything in rows
    )


if __name__ == "__main__":
    main()
