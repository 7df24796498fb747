#!/usr/bin/env python3
"""Real Spark with and without the planner: a join with a hot key, plain and salted, and the jobs of examples/tpc.

  bench/spark.py [--rounds 3] [--threads 8] [--facts 6000000] [--only skew,jobs] [--json FILE]

The skewed join: 90 % of the rows have one key, the other side is too large to be sent whole. Spark's own skew join is on or
off (`aqe`); the planner salts as it decides for `--threads` cores. Of each run: the seconds of the command, those of Spark's
tasks, what was spilled, and the balance of the stage that reads most shuffled rows: its slowest task in terms of its mean
task, its largest in terms of its mean.
All runs of a job must write the same number of rows.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("tpc", "spark")]
import session  # noqa: E402
import tpc  # noqa: E402

NO_SKEW_JOIN = ["--spark-conf", "spark.sql.adaptive.skewJoin.enabled=false"]
SETTINGS = {
    "Spark's own settings": ["--no-plan"],
    "the planner's settings": ["--no-salt"],
    "the planner's, salted": [],
    "Spark's own settings, aqe's skew join off": ["--no-plan", *NO_SKEW_JOIN],
    "the planner's settings, aqe's skew join off": ["--no-salt", *NO_SKEW_JOIN],
    "the planner's, salted, aqe's skew join off": NO_SKEW_JOIN,
}
PLANNED = {name: SETTINGS[name] for name in ("Spark's own settings", "the planner's settings")}


def make_skewed(folder, facts, keys):
    import numpy
    import pyarrow
    import pyarrow.parquet

    dice = numpy.random.default_rng(7)
    key = numpy.where(dice.random(facts) < 0.9, 0, dice.integers(1, keys, facts))
    notes = pyarrow.array(dice.bytes(16 * facts).hex(" ", 16).split(" "))  # so that rows have a size
    pyarrow.parquet.write_table(pyarrow.table({"k": key, "v": dice.integers(0, 1000, facts), "note": notes}),
                                folder / "facts.parquet", row_group_size=facts // 8)
    ids = numpy.arange(keys)
    names = pyarrow.array([f"name of the key {i}, long enough not to be sent whole" for i in ids])
    pyarrow.parquet.write_table(pyarrow.table({"k": ids, "name": names}), folder / "keys.parquet")


def skewed_job(folder):
    job = {"job": "skewed_join", "sla": "simple_etl",
           "sources": {name: {"format": "parquet", "path": str(folder / f"{name}.parquet")} for name in ("facts", "keys")},
           "steps": [{"name": "joined", "sql": "SELECT f.k, f.v, f.note, b.name FROM facts f JOIN keys b ON f.k = b.k"},
                     {"name": "sums", "sql": "SELECT v, count(*) AS n, count(DISTINCT k) AS ks, max(concat(note, name)) AS last "
                                             "FROM joined GROUP BY v"}],
           "sink": {"path": "table", "mode": "overwrite"}}
    (folder / "job.yaml").write_text(json.dumps(job))  # JSON is YAML
    return folder / "job.yaml"


def balance(events):
    """Of the stage that reads most shuffled rows: its slowest task in terms of its mean task, by time and by rows."""
    found = {}
    for line in events.read_text().splitlines():
        if '"SparkListenerTaskEnd"' in line:
            event = json.loads(line)
            metrics = event.get("Task Metrics", {})
            rows = metrics.get("Shuffle Read Metrics", {}).get("Total Records Read", 0)
            found.setdefault(event["Stage ID"], []).append((metrics.get("Executor Run Time", 0), rows))
    tasks = max(found.values(), key=lambda stage: sum(rows for _, rows in stage))
    return [max(values) / max(statistics.mean(values), 1e-9) for values in zip(*tasks)]


def run(job, words, environment):
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as work:
        start = time.monotonic()
        done = subprocess.run([session.TIDEMILL, "run", job, "--engine", "spark", "--json", "--set", f"sink.path={work}/table",
                               *words], cwd=work, text=True,
                              env=session.ENVIRONMENT | environment, capture_output=True)
        seconds = time.monotonic() - start
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        told = {event["type"]: event for event in map(json.loads, done.stdout.splitlines())}
        (log,) = pathlib.Path(work).glob(".tidemill/spark/*/events/*")
        by_time, by_rows = balance(log)
        computed = [e["duration_ms"] / 1e3 for e in map(json.loads, done.stdout.splitlines())
                    if e["type"] == "stage_finished" and e["stage"] in ("compute", "commit")]
        figures = told["spark_figures"]
        return {"seconds": seconds, "computed": sum(computed), "task_seconds": figures["run_ms"] / 1e3,
                "spilled": figures["spill_disk_bytes"], "balance": by_time, "balance_rows": by_rows, "rows": told["run_finished"]["rows_written"]}


def measure(name, job, settings, words, environment, rounds):
    results = {setting: [] for setting in settings}
    for _ in range(rounds):  # in turn: a machine that slows down slows all
        for setting, more in settings.items():
            results[setting].append(run(job, [*words, *more], environment))
            print(f"{name}, {setting}: {json.dumps(results[setting][-1])}", file=sys.stderr, flush=True)
    if len({one["rows"] for runs in results.values() for one in runs}) != 1:
        raise RuntimeError(f"{name}: the settings give different rows")
    return {setting: {key: statistics.median(one[key] for one in runs) for key in runs[0]} for setting, runs in results.items()}


def table(name, found):
    first = next(iter(found.values()))["computed"]
    print(f"\n{name}\n{'':46} {'whole':>8} {'computed':>9} {'ratio':>6} {'tasks':>8} {'slowest':>8} {'largest':>8} {'spilled':>9}")
    for setting, one in found.items():
        print(f"{setting:46} {one['seconds']:7.1f}s {one['computed']:8.1f}s {one['computed'] / first:6.2f} "
              f"{one['task_seconds']:7.1f}s {one['balance']:8.1f} {one['balance_rows']:8.1f} {one['spilled'] / 1e6:6.0f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--facts", type=int, default=6_000_000)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--only", default="skew,jobs")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as temporary:
        folder = pathlib.Path(temporary)
        if "skew" in arguments.only:
            make_skewed(folder, arguments.facts, arguments.facts // 3)
            words = ["--memory", arguments.memory, "--threads", str(arguments.threads)]
            found["a skewed join"] = measure("a skewed join", skewed_job(folder), SETTINGS, words, {}, arguments.rounds)
        if "jobs" in arguments.only:
            environment = {"TPC_DATA": str(tpc.skewed(arguments.scale))}
            for name in ("pricing", "customers", "skewed"):
                job = ROOT / "examples" / "tpc" / f"{name}.yaml"
                found[name] = measure(name, job, PLANNED, ["--memory", "2GB"], environment, arguments.rounds)
    for name, one in found.items():
        table(name, one)
    if arguments.json:
        arguments.json.parent.mkdir(exist_ok=True)
        arguments.json.write_text(json.dumps({"cores": os.cpu_count(), "results": found}, indent=1))


if __name__ == "__main__":
    main()
