"""Whole processes, side by side: the same answer first, then wall time, processor time and memory.

Every round starts each contender once, in an order that is rotated from round to round. What a process costs is
what the system says when it has ended; every answer of every round is compared with the first.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sqlite3
import statistics
import subprocess
import sys
import time

import answer
import same

HERE = pathlib.Path(__file__).resolve().parent
CORES = 2
# How far the ends of intervals may lie apart: they are floating point, and everyone computes them for itself.
NEAR = 1e-9


def options():
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="compare", description=__doc__.splitlines()[0])
    parser.add_argument("--consultations", default=os.environ.get("PEERS_CONSULTATIONS", "3000000"))
    parser.add_argument("--folder", type=pathlib.Path, default=os.environ.get("PEERS_FOLDER", "target/peers"))
    parser.add_argument("--runs", type=int, default=7, help="rounds; medians are of these")
    parser.add_argument("--into", type=pathlib.Path, help="where raw data and summary go")
    parser.add_argument("--only", help="names of contenders, with commas between them")
    parser.add_argument("--reference", action="store_true", help="also count `evenfield outcomes`; takes long")
    args = parser.parse_args()
    args.data = pathlib.Path(args.folder) / args.consultations
    args.into = args.into or args.data / "runs" / f"{datetime.datetime.now():%Y-%m-%dT%H%M%S}"
    if not (args.data / "events.sqlite").exists():
        parser.error(f"{args.data} is not complete: run benches/peers/prepare first, with the same options")
    return args


def totals(evenfield):
    """The verb that answers the question, if the program has it; the whole log is to be replayed."""
    told = subprocess.run([evenfield, "totals", "--help"], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        return None
    return [evenfield, "totals", "--by", "service", "--json", "--quiet", *(["--fresh"] if "--fresh" in told.stdout else [])]


def contenders(args):
    """Name, command and environment of each; those of evenfield first."""
    data, python = args.data, [sys.executable, "-B"]
    evenfield, two = str(pathlib.Path(args.folder) / "evenfield"), {"THREADS": str(CORES)}
    found = {}
    if verb := totals(evenfield):
        for threads in (2, 1):
            found[f"evenfield-{threads}"] = ([*verb, "--store", str(data / "store"), "--threads", str(threads)], {})
    found["duckdb-parquet"] = ([*python, str(HERE / "peer_duckdb.py"), "parquet", str(data / "events.parquet")], two)
    found["duckdb-table"] = ([*python, str(HERE / "peer_duckdb.py"), "table", str(data / "events.duckdb")], two)
    found["polars-parquet"] = ([*python, str(HERE / "peer_polars.py"), str(data / "events.parquet")], two)
    found["sqlite"] = ([*python, str(HERE / "peer_sqlite.py"), str(data / "events.sqlite")], {})
    if args.only:
        found = {name: found[name] for name in args.only.split(",")}
    return found


def run(command, environment, output):
    """Runs a process to its end; what it cost."""
    with open(output, "wb") as file:
        begun = time.perf_counter()
        pid = os.posix_spawn(
            command[0], command, {**os.environ, **environment}, file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1)]
        )
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - begun
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "wall_ms": round(wall * 1e3, 1), "user_ms": round(usage.ru_utime * 1e3, 1), "sys_ms": round(usage.ru_stime * 1e3, 1),
        "rss_mb": round(usage.ru_maxrss / 1024, 1), "faults": usage.ru_minflt, "faults_read": usage.ru_majflt,
    }


def load(path):
    """An answer: its integers and its intervals."""
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    intervals = {
        (row["platform"], row["service"], name): row["intervals"][name] for row in rows for name, _ in answer.PROPORTIONS
    }
    return answer.integers({"rows": rows}), intervals


def apart(one, other):
    """Intervals that are not the same in two answers."""
    for key in sorted(one.keys() | other.keys(), key=str):
        a, b = one.get(key), other.get(key)
        if (a is None) != (b is None) or (a and max(abs(x - y) for x, y in zip(a, b)) > NEAR):
            yield f"{key}: {a} and {b}"


def check(name, path, first):
    """Refuses an answer that is not the first one."""
    integers, intervals = load(path)
    wrong = [*same.differences(first[0], integers), *apart(first[1], intervals)]
    if wrong:
        raise SystemExit(f"{name} answers something else; {len(wrong)} differences: {'; '.join(wrong[:5])}")
    return len(integers)


def reference(args):
    """The answer that is counted from the rows of `evenfield outcomes`."""
    path = args.into / "answers" / "reference.json"
    store = ["--store", str(args.data / "store"), "--quiet"]
    outcomes = subprocess.Popen([args.folder / "evenfield", "outcomes", "--json", *store], stdout=subprocess.PIPE)
    with open(path, "wb") as file:
        subprocess.run([sys.executable, "-B", HERE / "reference.py"], stdin=outcomes.stdout, stdout=file, check=True)
    if outcomes.wait() != 0:
        raise SystemExit("evenfield outcomes failed")
    return path


def check_all(args, field):
    """Runs everyone once and compares the answers; these runs also warm the caches of the system."""
    answers = {}
    if args.reference or not any(name.startswith("evenfield") for name in field):
        answers["reference"] = reference(args)
    once = {}
    for name, (command, environment) in field.items():
        answers[name] = args.into / "answers" / f"{name}.json"
        once[name] = run(command, environment, answers[name])
    first = load(next(iter(answers.values())))
    for name, path in answers.items():
        rows = check(name, path, first)
    numbers = len(answer.SUMS) + len(answer.TIMES) * len(answer.QUANTILES)
    told = f"{', '.join(answers)}: the same {rows} x {numbers} integers and {rows} x {len(answer.PROPORTIONS)} intervals"
    print(told, flush=True)
    return told, first, once


def rounds(args, field, first, raw):
    """The runs that are timed: every contender but SQLite once a round."""
    names = [name for name in field if name != "sqlite"]
    scratch = args.into / "answers" / "latest.json"
    for number in range(args.runs):
        turn = number % len(names)
        order = names[turn:] + names[:turn]
        for place, name in enumerate(order):
            cost = run(*field[name], scratch)
            check(name, scratch, first)
            yield note(raw, {"contender": name, "round": number, "place": place, **cost})
        print(f"round {number + 1} of {args.runs}", flush=True)
    scratch.unlink(missing_ok=True)


def note(raw, line):
    """Keeps a line of raw data."""
    raw.write(json.dumps(line) + "\n")
    raw.flush()
    return line


def summary(args, told, lines):
    """What came out, as Markdown."""
    by_name = {}
    for line in lines:
        by_name.setdefault(line["contender"], []).append(line)
    cost = {name: [line["user_ms"] + line["sys_ms"] for line in of] for name, of in by_name.items()}
    wall = {name: [line["wall_ms"] for line in of] for name, of in by_name.items()}
    base = next(iter(by_name))
    text = [
        f"# {int(args.consultations):,} consultations", "", *about(args), "", told + ".", "",
        f"Whole processes, medians; ratios to {base}.", "",
        "| contender | runs | wall ms | from | to | CPU ms | RSS MB | wall ratio | CPU ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, of in by_name.items():
        middle, used = statistics.median(wall[name]), statistics.median(cost[name])
        text.append(
            f"| {name} | {len(of)} | {middle:,.0f} | {min(wall[name]):,.0f} | {max(wall[name]):,.0f} | {used:,.0f} "
            f"| {statistics.median(line['rss_mb'] for line in of):,.0f} | {middle / statistics.median(wall[base]):.1f} "
            f"| {used / statistics.median(cost[base]):.1f} |"
        )
    return "\n".join(text) + "\n"


def about(args):
    """On what it was measured."""
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    versions = (HERE / "requirements.txt").read_text().split()
    files = {name: size(args.data / name) for name in ("store", "events.parquet", "events.duckdb", "events.sqlite")}
    return [
        f"- {datetime.date.today()}, commit {commit}, {' '.join(versions)}, sqlite=={sqlite3.sqlite_version}, "
        f"Python {platform.python_version()}",
        f"- {cpu}, {len(os.sched_getaffinity(0))} cores used, {platform.system()} {platform.release()}",
        "- " + ", ".join(f"{name} {mb:,.0f} MB" for name, mb in files.items()),
    ]


def size(path):
    """Size on disk in MB, of a file or of everything in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6


def main():
    """Checks, races, tells."""
    args = options()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    (args.into / "answers").mkdir(parents=True, exist_ok=True)
    field = contenders(args)
    if not any(name.startswith("evenfield") for name in field):
        print("evenfield itself does not run: its answer is counted from its rows, and not timed", flush=True)
    told, first, once = check_all(args, field)
    with open(args.into / "raw.jsonl", "w", encoding="utf-8") as raw:
        lines = list(rounds(args, field, first, raw))
        if "sqlite" in once:
            lines.append(note(raw, {"contender": "sqlite", "round": 0, "place": 0, **once["sqlite"]}))
    text = summary(args, told, lines)
    (args.into / "summary.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nraw data and answers: {args.into}")


if __name__ == "__main__":
    main()
