"""`dataset.py EVENFIELD README`: the Parquet data set as other programs read it, held to what evenfield says itself.

The queries that README shows are run as they stand there, over a data set of a recording that evenfield makes. What they
answer must be what `evenfield outcomes` and `evenfield log export` tell. Every promise of README about files and manifest
is checked with pyarrow and nothing of evenfield; and what DuckDB and Polars have written themselves is refused.
All of it is done over a data set that was written at once, and over one of the same events that was appended to.
"""

import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import duckdb
import polars
import pyarrow.parquet

SHARDS = 5
GENERATIONS = 4
MODULUS = 1 << 64


def run(program, folder, *args, code=0):
    """What a command writes, or what it says where it must fail."""
    ran = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == code, f"{args}: {ran.returncode}: {ran.stderr}"
    return ran.stderr if code else ran.stdout


def shown(readme, language, data_set):
    """The one block of code that README shows in a language, over that data set."""
    blocks = re.findall(rf"```{language}\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1, f"{len(blocks)} blocks of {language}"
    return blocks[0].replace("DIR/", f"{data_set}/")


def told(program, folder):
    """Outcomes by consultation, and events as they were exported."""
    outcomes = [json.loads(line) for line in run(program, folder, "outcomes", "--json").splitlines()]
    events = [json.loads(line) for line in run(program, folder, "log", "export", "-q").splitlines()]
    return {row["consultation"]: row for row in outcomes}, events


def kind(event):
    """The kind of an event."""
    return event["type"].removeprefix("evenfield.consultation.").rsplit(".v", 1)[0]


def check_duckdb(query, outcomes):
    """The share of consultations that were connected, by platform."""
    counts = collections.defaultdict(lambda: [0, 0])
    for row in outcomes.values():
        if row["attempted"]:
            count = counts[row["context"].get("platform")]
            count[0] += 1
            count[1] += row["connected"]
    wanted = sorted((platform, attempted, connected / attempted) for platform, (attempted, connected) in counts.items())
    found = duckdb.sql(query).fetchall()
    assert len(found) > 1 and found == wanted, f"DuckDB: {found}\nevenfield: {wanted}"
    assert any(share < 1 for *_, share in wanted), "nothing to be told apart"
    print(f"DuckDB: {len(found)} platforms, as evenfield tells them")


def check_polars(query, outcomes, events):
    """Events by platform and kind."""
    counts = collections.Counter(
        (outcomes[event["subject"]]["context"].get("platform"), kind(event))
        for event in events
        if kind(event) != "recording_declared"
    )
    names = {}
    exec(query, names)  # pylint: disable=exec-used
    found = {(platform, name): count for platform, name, count in names["counts"].iter_rows()}
    assert len(found) > 20 and found == dict(counts), f"Polars: {found}\nevenfield: {dict(counts)}"
    print(f"Polars: {len(found)} counts, as evenfield tells them")


def number(text):
    """The first eight bytes of a digest."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def check_files(folder, events, generations):
    """What README promises of files and manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    notes = manifest["files"]
    assert manifest["shards"] == SHARDS and len(manifest["generations"]) == generations
    assert [note["shard"] for note in notes if note["generation"] == 0] == list(range(SHARDS + 1))
    assert notes == sorted(notes, key=lambda note: (note["shard"], note["generation"]))
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(note["name"] for note in notes)}
    ends = [(taken["from"], taken["to"]) for taken in manifest["generations"]]
    assert ends[0][0] == 1 and all(end + 1 == begin for (_, end), (begin, _) in zip(ends, ends[1:]))
    ids, rows = [], collections.defaultdict(list)
    for note in notes:
        path = folder / note["name"]
        assert note["bytes"] == path.stat().st_size
        assert note["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        table = pyarrow.parquet.read_table(path)
        assert str(table.schema.field("at").type) == "timestamp[ms, tz=UTC]"
        keys = list(zip(table["consultation"].to_pylist(), table["seq"].to_pylist()))
        assert keys == sorted(keys, key=lambda key: (key[0].encode(), key[1])) and len(set(keys)) == len(keys)
        assert note["events"] == len(keys)
        checksum = sum(number(f"{name}#{seq}") for name, seq in keys) % MODULUS
        assert note["checksum"] == f"{checksum:016x}"
        begin, end = ends[note["generation"]]
        assert all(begin <= position <= end for position in table["position"].to_pylist())
        for name, seq in keys:
            rows[note["shard"], name].append(seq)
        if note["shard"] < SHARDS:
            assert note["consultations"] == sum(seq == 0 for _, seq in keys)
            assert all(number(name) % SHARDS == note["shard"] for name, _ in keys)
            assert "recording_declared" not in table["kind"].to_pylist()
        else:
            assert set(table["kind"].to_pylist()) == {"recording_declared"}
        ids += zip(table["source"].to_pylist(), table["id"].to_pylist())
    assert all(seqs == list(range(len(seqs))) for seqs in rows.values())
    assert manifest["consultations"] == sum(shard < SHARDS for shard, _ in rows)
    assert sorted(ids) == sorted((event["source"], event["id"]) for event in events)
    assert len(notes) > SHARDS * generations
    print(f"pyarrow: {len(ids)} events in {len(notes)} files, generations: {generations}; each as the manifest says")


def check_same(folder):
    """Rows do not tell how they were cut into generations."""
    query = "SELECT count(*) FROM (FROM '{}/events-*.parquet' EXCEPT FROM '{}/events-*.parquet')"
    for one, other in (("set", "grown"), ("grown", "set")):
        [(further,)] = duckdb.sql(query.format(folder / one, folder / other)).fetchall()
        assert further == 0, f"{further} rows of {one} are not in {other}"
    count = "SELECT count(*) FROM '{}/events-*.parquet'"
    [(rows,)], [(grown,)] = (duckdb.sql(count.format(folder / name)).fetchall() for name in ("set", "grown"))
    assert rows == grown, (rows, grown)
    print(f"DuckDB: {rows} rows, the same in both data sets")


def check_foreign(program, folder):
    """What another program has written is no export, whatever its columns."""
    (folder / "others").mkdir()
    table = polars.read_parquet(folder / "set" / "events-00001.parquet")
    table.write_parquet(folder / "others" / "polars.parquet")
    duckdb.sql(f"COPY (FROM '{folder}/set/events-00001.parquet') TO '{folder}/others/duckdb.parquet'")
    for name in ("polars", "duckdb"):
        said = run(program, folder, "--store", "new.store", "ingest", f"others/{name}.parquet", code=4)
        assert "evenfield.schema" in said or "cannot be read as Parquet" in said, said
    print("what DuckDB and Polars have written is refused")


def grow(program, folder):
    """A store and a data set that grow by turns: some consultations lie in several files."""
    lines = (folder / "clinic.ndjson").read_text(encoding="utf-8").splitlines(keepends=True)
    step = len(lines) // GENERATIONS + 1
    for begin in range(0, len(lines), step):
        (folder / "part.ndjson").write_text("".join(lines[begin : begin + step]), encoding="utf-8")
        run(program, folder, "ingest", "-q", "part.ndjson")
        run(program, folder, "export", "parquet", "-q", "--shards", str(SHARDS), "grown", "--append")


def main():
    """Checks everything."""
    program, readme = (pathlib.Path(path).resolve() for path in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(program, folder, "synth", "clinic", "--consultations", "2000", "-o", "clinic.ndjson")
        grow(program, folder)
        run(program, folder, "export", "parquet", "-q", "--shards", str(SHARDS), "set")
        outcomes, events = told(program, folder)
        duckdb.sql(f"SET file_search_path = '{folder}'")
        for data_set, generations in (("set", 1), ("grown", GENERATIONS)):
            sql, python = (shown(readme, language, data_set) for language in ("sql", "python"))
            check_duckdb(sql, outcomes)
            check_polars(python.replace(f"{data_set}/", f"{folder}/{data_set}/"), outcomes, events)
            check_files(folder / data_set, events, generations)
        check_same(folder)
        check_foreign(program, folder)


if __name__ == "__main__":
    main()
