"""SQLite: `peer_sqlite.py FILE`. One thread, as it is; working tables stay in memory."""

import pathlib
import sqlite3
import sys

import answer

QUERY = pathlib.Path(__file__).with_name("sqlite.sql").read_text()
SUMS = """
count(*), sum(attempted), sum(connected), sum(first_try), sum(undisturbed), sum(completed),
sum(drops), sum(lost_ms), sum(connected_ms), sum(down_ms)
"""
# By nearest rank: of n values that in place ceil(percent * n / 100).
RANKED = "select platform, {service}, what, {percent}, ms from ranked where {place} = ({percent} * {n} + 99) / 100"


def quantiles(connection):
    """Every quantile, by (platform, service, what, percent)."""
    found = {}
    for percent in (50, 90, 95):
        for service, place, n in (("'all services'", "of_platform", "in_platform"), ("service", "of_service", "in_service")):
            for *key, ms in connection.execute(RANKED.format(service=service, percent=percent, place=place, n=n)):
                found[tuple(key)] = ms
    return found


def main():
    """Answers the question."""
    connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    connection.executescript("pragma temp_store = memory; pragma cache_size = -1000000; pragma mmap_size = 8000000000;")
    connection.executescript(QUERY)
    found = quantiles(connection)
    names = dict(connection.execute("select code, name from names"))
    groups = [
        *connection.execute(f"select platform, 'all services', {SUMS} from outcomes group by platform"),
        *connection.execute(f"select platform, service, {SUMS} from outcomes group by platform, service"),
    ]
    answer.write(
        (names.get(platform, answer.NOT_RECORDED),
         None if service == "all services" else names.get(service, answer.NOT_RECORDED),
         *sums, *(found.get((platform, service, what, percent)) for what in (0, 1) for percent in (50, 90, 95)))
        for platform, service, *sums in groups
    )


if __name__ == "__main__":
    main()
