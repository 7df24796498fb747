#!/usr/bin/env python3
"""Ingestion side by side: TPC-H lineitem as CSV into a table partitioned by year and month of l_shipdate.

Each peer runs as a process of its own, in turn, several rounds; a table of medians, the ratio to ours, peak memory of
the process and its children, and the files written. A peer that could not run is reported as not run, with its reason.

  bench/ingest.py [--scale 3] [--rounds 3] [--only tidemill,duckdb] [--json docs/bench-ingest.json]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import peer

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache/tidemill"))

MOST_SECONDS = 600  # then a peer is ended and reported as not run

COLUMNS = [
    ("l_orderkey", "BIGINT"), ("l_partkey", "BIGINT"), ("l_suppkey", "BIGINT"), ("l_linenumber", "INT"),
    ("l_quantity", "DECIMAL(15,2)"), ("l_extendedprice", "DECIMAL(15,2)"), ("l_discount", "DECIMAL(15,2)"),
    ("l_tax", "DECIMAL(15,2)"), ("l_returnflag", "STRING"), ("l_linestatus", "STRING"), ("l_shipdate", "DATE"),
    ("l_commitdate", "DATE"), ("l_receiptdate", "DATE"), ("l_shipinstruct", "STRING"), ("l_shipmode", "STRING"),
    ("l_comment", "STRING"),
]
DDL = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)

JOB = f"""
job: bench_ingest
sources:
  lineitem:
    format: csv
    path: ${{CSV}}
    header: true
    schema: {DDL}
steps:
  - name: dated
    sql: SELECT *, year(l_shipdate) AS year, month(l_shipdate) AS month FROM lineitem
sink:
  path: ${{OUT}}
  mode: overwrite
  partition_by: [year, month]
"""


def tidemill(csv, out, work):
    job = work / "job.yaml"
    job.write_text(JOB)
    binary = os.environ.get("TIDEMILL", ROOT / "build/release/tidemill")
    env = dict(os.environ, CSV=str(csv), OUT=str(out))
    subprocess.run([binary, "run", job, "--state", work / "state.db"], env=env, check=True, stdout=subprocess.DEVNULL)


def duckdb(csv, out, work):
    import duckdb

    kinds = {"STRING": "VARCHAR", "INT": "INTEGER"}
    columns = ", ".join(f"'{name}': '{kinds.get(kind, kind)}'" for name, kind in COLUMNS)
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{work}'")
    connection.execute(
        f"COPY (SELECT *, year(l_shipdate) AS year, month(l_shipdate) AS month FROM read_csv('{csv}', header = true, "
        f"auto_detect = false, delim = ',', quote = '\"', columns = {{{columns}}})) TO '{out}' (FORMAT parquet, "
        "PARTITION_BY (year, month))")


def polars(csv, out, work):
    import polars as pl

    kinds = {"BIGINT": pl.Int64, "INT": pl.Int32, "DATE": pl.Date, "STRING": pl.String, "DECIMAL(15,2)": pl.Decimal(15, 2)}
    frame = pl.scan_csv(csv, schema={name: kinds[kind] for name, kind in COLUMNS})
    frame = frame.with_columns(pl.col("l_shipdate").dt.year().alias("year"), pl.col("l_shipdate").dt.month().alias("month"))
    frame.collect(engine="streaming").write_delta(str(out), delta_write_options={"partition_by": ["year", "month"]})


def spark_write(session, csv, out):
    frame = session.read.csv(str(csv), header=True, schema=DDL)
    frame = frame.selectExpr("*", "year(l_shipdate) AS year", "month(l_shipdate) AS month")
    frame.write.format("delta").partitionBy("year", "month").mode("overwrite").save(str(out))


def sail(csv, out, work):
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start()
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark_write(session, csv, out)
    session.stop()  # or its client, at exit, asks the server that is gone again and again, for ten minutes
    server.stop()


def spark(csv, out, work):
    from pyspark.sql import SparkSession

    jars = ",".join(str(CACHE / "jars" / f"{name}-4.1.0.jar") for name in ("delta-spark_2.13", "delta-storage"))
    session = (SparkSession.builder.master("local[2]").config("spark.driver.memory", "8g").config("spark.jars", jars)
               .config("spark.ui.enabled", "false").config("spark.local.dir", str(work))
               .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
               .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
               .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())
    session.sparkContext.setLogLevel("ERROR")
    spark_write(session, csv, out)
    session.stop()


PEERS = {"tidemill": tidemill, "duckdb": duckdb, "sail": sail, "polars": polars, "spark": spark}


def make_csv(scale):
    folder = CACHE / f"tpch-{scale}"
    csv = folder / "lineitem.csv"
    if not csv.exists():
        partial = CACHE / f"tpch-{scale}.partial"
        tool = CACHE / "oracle/bin/tpchgen-cli"
        subprocess.run([tool, "csv", "-s", str(scale), "--tables", "lineitem", "--output-dir", partial], check=True)
        partial.rename(folder)
    return csv


def measure(name, csv):
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as folder:
        work, out = pathlib.Path(folder), pathlib.Path(folder) / "table"
        result = peer.run([sys.executable, __file__, "--peer", name, str(csv), str(out), str(work)], MOST_SECONDS)
        files = [f for f in out.rglob("*.parquet") if "_delta_log" not in f.parts]
        return result | {"files": len(files), "bytes": sum(f.stat().st_size for f in files)}


def report(results, csv_bytes):
    ours = results.get("tidemill")
    print(f"| engine | median s | GB/min | time / ours | peak memory | files | written |\n|---|---|---|---|---|---|---|")
    for name, runs in results.items():
        if "error" in runs[-1]:
            print(f"| {name} | not run: {runs[-1]['error']} | | | | | |")
            continue
        seconds = statistics.median(r["seconds"] for r in runs)
        base = statistics.median(r["seconds"] for r in ours) if ours and "error" not in ours[-1] else float("nan")
        print(f"| {name} | {seconds:.1f} | {csv_bytes / 1e9 / seconds * 60:.1f} | {seconds / base:.2f} | "
              f"{max(r['peak_bytes'] for r in runs) / 1e9:.2f} GB | {runs[-1]['files']} | {runs[-1]['bytes'] / 1e6:.0f} MB |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only")
    parser.add_argument("--json")
    parser.add_argument("--peer", nargs=4, metavar=("NAME", "CSV", "OUT", "WORK"))
    args = parser.parse_args()
    if args.peer:
        name, csv, out, work = args.peer
        PEERS[name](pathlib.Path(csv), pathlib.Path(out), pathlib.Path(work))
        return
    csv = make_csv(f"{args.scale:g}")
    peers = args.only.split(",") if args.only else list(PEERS)
    results = {name: [] for name in peers}
    for _ in range(args.rounds):
        for name in peers:
            if results[name] and "error" in results[name][-1]:
                continue
            results[name].append(measure(name, csv))
            print(name, results[name][-1], file=sys.stderr)
    report(results, csv.stat().st_size)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"csv_bytes": csv.stat().st_size, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
