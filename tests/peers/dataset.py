"""`dataset.py EVENFIELD README`: the Parquet data set as other programs read it, held to what evenfield says itself.

The queries that README shows are run as they stand there, over a data set of a recording that evenfield makes. What they
answer must be what `evenfield outcomes` and `evenfield log export` tell. Every promise of README about files and manifest
is checked with pyarrow and nothing of evenfield; and what DuckDB and Polars have written themselves is refused.
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
MODULUS = 1 << 64


def run(program, folder, *args, code=0):
    """What a command writes, or what it says where it must fail."""
    ran = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == code, f"{args}: {ran.returncode}: {ran.stderr}"
    return ran.stderr if code else ran.stdout


def shown(readme, language):
    """The one block of code that README shows in a language, over the data set in `set`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1, f"{len(blocks)} blocks of {language}"
    return blocks[0].replace("DIR/", "set/")


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


def check_files(folder, events):
    """What README promises of files and manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["shards"] == SHARDS and len(manifest["files"]) == SHARDS + 1
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(note["name"] for note in manifest["files"])}
    ids = []
    for shard, note in enumerate(manifest["files"]):
        path = folder / note["name"]
        assert note["bytes"] == path.stat().st_size
        assert note["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        table = pyarrow.parquet.read_table(path)
        assert str(table.schema.field("at").type) == "timestamp[ms, tz=UTC]"
        keys = list(zip(table["consultation"].to_pylist(), table["seq"].to_pylist()))
        assert keys == sorted(keys, key=lambda key: (key[0].encode(), key[1])) and len(set(keys)) == len(keys)
        assert all(seq == 0 or (name, seq - 1) == before for before, (name, seq) in zip([None, *keys], keys))
        assert note["events"] == len(keys)
        checksum = sum(number(f"{name}#{seq}") for name, seq in keys) % MODULUS
        assert note["checksum"] == f"{checksum:016x}"
        if shard < SHARDS:
            assert note["consultations"] == len({name for name, _ in keys})
            assert all(number(name) % SHARDS == shard for name, _ in keys)
            assert "recording_declared" not in table["kind"].to_pylist()
        else:
            assert set(table["kind"].to_pylist()) == {"recording_declared"}
        ids += zip(table["source"].to_pylist(), table["id"].to_pylist())
    assert sorted(ids) == sorted((event["source"], event["id"]) for event in events)
    print(f"pyarrow: {len(ids)} events in {len(manifest['files'])} files, each as the manifest says")


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


def main():
    """Checks everything."""
    program, readme = (pathlib.Path(path).resolve() for path in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(program, folder, "synth", "clinic", "--consultations", "2000", "-o", "clinic.ndjson")
        run(program, folder, "ingest", "-q", "clinic.ndjson")
        run(program, folder, "export", "parquet", "-q", "--shards", str(SHARDS), "set")
        outcomes, events = told(program, folder)
        duckdb.sql(f"SET file_search_path = '{folder}'")
        check_duckdb(shown(readme, "sql"), outcomes)
        check_polars(shown(readme, "python").replace("set/", f"{folder}/set/"), outcomes, events)
        check_files(folder / "set", events)
        check_foreign(program, folder)


if __name__ == "__main__":
    main()
