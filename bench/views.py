#!/usr/bin/env python3
"""How long a materialized view takes to refresh incrementally, and in full, after small changes of a large table.

Usage: bench/views.py [ROWS] (default 5000000). Prints one line of Markdown a view and kind of change."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000

VIEWS = {
    "filter": "SELECT id, k, v FROM sales WHERE v > 900",
    "join": "SELECT s.id, s.v, c.name FROM sales s JOIN customers c ON s.k = c.k WHERE s.v > 500",
    "left join": "SELECT s.id, s.v, c.name FROM sales s LEFT JOIN customers c ON s.k = c.k WHERE s.v > 500",
    "aggregate": "SELECT k, count(*) AS n, sum(v) AS s, min(v) AS low, max(v) AS high, avg(v) AS mean FROM sales GROUP BY k",
    "top 3 of a key": "SELECT * FROM (SELECT id, k, v, row_number() OVER (PARTITION BY k ORDER BY v DESC, id) AS r FROM sales) WHERE r <= 3",
}
CHANGES = {
    "insert of 1,000 rows": "INSERT INTO sales SELECT id + {n}000000000, CAST(id % 100 AS INT), CAST(id % 1000 AS INT), d FROM (SELECT id, 'x' AS d FROM range(1000))",
    "update of 0.001% of the rows": "UPDATE sales SET v = v + 1 WHERE id % 100000 = {n}",
}


def sql(folder, *statements):
    begun = time.monotonic()
    done = subprocess.run([TIDEMILL, "sql", "--warehouse", "wh", "--output", "tsv", "-e", ";".join(statements)], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - begun, done.stdout


def main():
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as folder:
        sql(folder, "CREATE TABLE sales (id BIGINT, k INT, v INT, d STRING) USING delta TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
            *(f"INSERT INTO sales SELECT id, CAST(hash(id) % 100000 AS INT), CAST(pmod(hash(id, 7), 1000) AS INT), concat('row ', id) FROM range({i * ROWS // 5}, {(i + 1) * ROWS // 5})" for i in range(5)),
            "CREATE TABLE customers (k INT, name STRING) USING delta",
            "INSERT INTO customers SELECT CAST(id AS INT), concat('name ', id) FROM range(-100000, 100000)")
        start = min(sql(folder, "SELECT 1")[0] for _ in range(3))
        print(f"{ROWS:,} rows; the start of the program, {start:.2f} s, is taken off each time\n")
        print("| view | change | incremental | full | times |\n|---|---|---|---|---|")
        for n, (name, query) in enumerate(VIEWS.items()):
            sql(folder, f"CREATE MATERIALIZED VIEW v{n} TBLPROPERTIES ('delta.enableDeletionVectors' = 'true') AS {query}")
            for m, (what, change) in enumerate(CHANGES.items()):
                sql(folder, change.format(n=10 * n + m + 1))
                incremental, said = sql(folder, f"REFRESH MATERIALIZED VIEW v{n}")
                if "incremental" not in said:
                    sys.exit(f"{name}, {what}: {said}")
                sql(folder, change.format(n=10 * n + m + 5))
                full, _ = sql(folder, f"REFRESH MATERIALIZED VIEW v{n} FULL")
                incremental, full = incremental - start, full - start
                print(f"| {name} | {what} | {incremental:.2f} s | {full:.2f} s | {full / incremental:.1f} |", flush=True)


if __name__ == "__main__":
    main()
