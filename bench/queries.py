#!/usr/bin/env python3
"""TPC-H and TPC-DS over Parquet side by side: ours, DuckDB's own text of the queries, Sail, Spark.

Each peer runs all queries of a benchmark in a process of its own, in turn, several rounds: the median of each query, the
sum over the queries that both it and we did, and its ratio to ours. What a peer could not do is named.

  bench/queries.py [--tpch 3] [--tpcds 1] [--rounds 3] [--only tidemill,duckdb] [--queries q1,q64] [--json FILE]

For ours `planned` is the time of EXPLAIN: parsing, resolving, compiling, and DuckDB's planning of what came out; `compiled`
is that without DuckDB's part (bench/compile_time.cc).
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

import peer

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tpc"))
import tpc  # noqa: E402

MOST_SECONDS = 1200  # then a peer is ended; what it had done counts
# DuckDB has one query where Spark's suite has two.
OWN_NAMES = {f"q{number}": f"q{number}a" for number in (14, 23, 24, 39)}


def chosen(benchmark, names):
    return {name: sql for name, sql in tpc.queries(benchmark).items() if not names or name in names}


def told(name, seconds, error=None, **more):
    print(json.dumps({"name": name, "seconds": seconds, "error": error, **more}), flush=True)


def timed(texts, execute):
    for name, sql in texts.items():
        start = time.monotonic()
        try:
            execute(sql)
            told(name, time.monotonic() - start)
        except Exception as error:  # noqa: BLE001: a query that fails is a result
            told(name, time.monotonic() - start, str(error).strip().split("\n")[0][:200])


# The peers: each tells a line of JSON a query.

def tidemill(benchmark, folder, names, work):
    texts = chosen(benchmark, names)
    views = tpc.views(folder)
    script = work / "script.sql"
    statements = views + [f"EXPLAIN {sql}" for sql in texts.values()] + list(texts.values())
    script.write_text(";\n".join(statements) + ";\n")
    binary = os.environ.get("TIDEMILL", ROOT / "build/release/tidemill")
    child = subprocess.Popen([binary, "sql", "--output", "jsonl", "--keep-going", "-f", script, "--state", work / "state.db"], stdout=subprocess.PIPE, text=True)
    planned = {}
    for number, line in enumerate(child.stdout):
        answer = json.loads(line)
        error = answer["error"]["message"][:200] if answer["error"] else None
        if number < len(views):
            if error:
                raise RuntimeError(error)
            continue
        name = list(texts)[(number - len(views)) % len(texts)]
        if name in planned:
            told(name, answer["ms"] / 1e3, error, planned=planned[name])
        else:
            planned[name] = answer["ms"] / 1e3
    child.wait()


def duckdb(benchmark, folder, names, work):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{work}'; LOAD '{tpc.duckdb_extension(benchmark)}'")
    for path in folder.glob("*.parquet"):
        connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
    own = {f"q{number}": sql for number, sql in connection.execute(f"SELECT query_nr, query FROM {benchmark}_queries()").fetchall()}
    texts = {OWN_NAMES.get(name, name) if benchmark == "tpcds" else name: sql for name, sql in own.items()}
    timed({name: texts[name] for name in chosen(benchmark, names) if name in texts}, lambda sql: connection.execute(sql).fetchall())


def run_in_session(session, benchmark, folder, names):
    for view in tpc.views(folder):
        session.sql(view)
    timed(chosen(benchmark, names), lambda sql: session.sql(sql).collect())
    session.stop()


def sail(benchmark, folder, names, work):
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start()
    _, port = server.listening_address
    run_in_session(SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate(), benchmark, folder, names)
    server.stop()


def spark(benchmark, folder, names, work):
    from pyspark.sql import SparkSession

    session = (SparkSession.builder.master("local[2]").config("spark.driver.memory", "8g").config("spark.ui.enabled", "false")
               .config("spark.local.dir", str(work)).config("spark.sql.warehouse.dir", str(work / "warehouse"))
               .config("spark.sql.shuffle.partitions", "4").config("spark.driver.bindAddress", "127.0.0.1")
               .config("spark.driver.host", "127.0.0.1").getOrCreate())
    session.sparkContext.setLogLevel("OFF")
    run_in_session(session, benchmark, folder, names)


PEERS = {"tidemill": tidemill, "duckdb": duckdb, "sail": sail, "spark": spark}


def measure(name, benchmark, folder, names):
    """The process' time and memory, and what it told of each query."""
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as work:
        out = pathlib.Path(work) / "told"
        with open(out, "w") as stdout:
            command = [sys.executable, __file__, "--peer", name, benchmark, str(folder), ",".join(names), work]
            result = peer.run(command, MOST_SECONDS, stdout)
        lines = [json.loads(line) for line in out.read_text().split("\n")[:-1] if line.startswith("{")]
        return result | {"queries": {line["name"]: line for line in lines}}


def medians(runs, key="seconds"):
    """name -> median of the rounds, for the queries that never failed."""
    names = [n for n in runs[0]["queries"] if all(n in r["queries"] and not r["queries"][n]["error"] for r in runs)]
    return {n: statistics.median(r["queries"][n][key] for r in runs) for n in names}


def compile_times(benchmark, folder, names):
    """name -> ms from text to DuckDB's SQL: parsed, resolved, compiled. None when bench/compile_time.cc is not built."""
    binary = ROOT / "build" / "release" / "compile_time"
    if not binary.exists():
        return None
    with tempfile.TemporaryDirectory() as temporary:
        files = []
        for name, sql in chosen(benchmark, names).items():
            files.append(pathlib.Path(temporary) / f"{name}.sql")
            files[-1].write_text(sql)
        done = subprocess.run([binary, folder, *files], capture_output=True, text=True, check=True)
    return {t["query"]: t["parse_ms"] + t["resolve_ms"] + t["compile_ms"] for t in map(json.loads, done.stdout.splitlines())}


def report(benchmark, scale, results, count):
    print(f"\n{benchmark} SF {scale:g}, {count} queries\n")
    print("| engine | done | sum s | sum of the common s | ours, the common s | ratio to ours | peak memory | failed |\n|---|---|---|---|---|---|---|---|")
    ours = medians(results["tidemill"]) if "tidemill" in results else {}
    for name, runs in results.items():
        done = medians(runs)
        common = [n for n in done if n in ours]
        theirs, own = sum(done[n] for n in common), sum(ours[n] for n in common)
        failed = sorted({n for r in runs for n, q in r["queries"].items() if q["error"]})
        failed += [f"the process: {r['error']}" for r in runs if "error" in r][:1]
        print(f"| {name} | {len(done)} | {sum(done.values()):.2f} | {theirs:.2f} | {own:.2f} | {theirs / own if own else float('nan'):.2f} "
              f"| {max(r['peak_bytes'] for r in runs) / 1e9:.2f} GB | {' '.join(failed)} |")
    if ours:
        planned = medians(results["tidemill"], "planned")
        slowest = sorted(planned, key=planned.get, reverse=True)[:5]
        print(f"\nEXPLAIN, ours: median {1e3 * statistics.median(planned.values()):.1f} ms; " + ", ".join(f"{n} {1e3 * planned[n]:.0f} ms" for n in slowest))
    if "duckdb" in results:
        theirs = medians(results["duckdb"])
        worst = sorted((n for n in theirs if n in ours), key=lambda n: theirs[n] - ours[n])[:8]
        print("most time lost to DuckDB: " + ", ".join(f"{n} {ours[n]:.2f} s to {theirs[n]:.2f} s" for n in worst if ours[n] > theirs[n]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tpch", type=float, default=3)
    parser.add_argument("--tpcds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only")
    parser.add_argument("--queries", default="")
    parser.add_argument("--json")
    parser.add_argument("--peer", nargs=5, metavar=("NAME", "BENCHMARK", "FOLDER", "QUERIES", "WORK"))
    args = parser.parse_args()
    names = [n for n in (args.peer[3] if args.peer else args.queries).split(",") if n]
    if args.peer:
        PEERS[args.peer[0]](args.peer[1], pathlib.Path(args.peer[2]), names, pathlib.Path(args.peer[4]))
        return
    everything = {}
    for benchmark, scale in (("tpch", args.tpch), ("tpcds", args.tpcds)):
        if not scale:
            continue
        folder = tpc.data(benchmark, scale)
        results = {name: [] for name in (args.only.split(",") if args.only else PEERS)}
        for _ in range(args.rounds):
            for name, runs in results.items():
                runs.append(measure(name, benchmark, folder, names))
                print(benchmark, name, {k: v for k, v in runs[-1].items() if k != "queries"}, f"{len(runs[-1]['queries'])} queries", file=sys.stderr, flush=True)
        report(benchmark, scale, results, len(chosen(benchmark, names)))
        compiled = compile_times(benchmark, folder, names)
        if compiled is None:
            print("compile time: not run, build/release/compile_time is not built")
        else:
            slowest = sorted(compiled, key=compiled.get, reverse=True)[:5]
            print(f"compiled, ours: median {statistics.median(compiled.values()):.2f} ms; " + ", ".join(f"{n} {compiled[n]:.2f} ms" for n in slowest))
        everything[benchmark] = {"scale": scale, "results": results}
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
