#!/usr/bin/env python3
"""The flights job: its table and quarantine, read by Spark and by delta-rs, are row for row what Spark makes of the job."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import compare
import session as oracle

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JOB = ROOT / "examples" / "flights" / "job.yaml"
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
ENVIRONMENT = {**os.environ, "FLIGHTS_DATA": str(oracle.CACHE / "flights")}
CSV_OPTIONS = {"header": "header", "delimiter": "sep", "null_text": "nullValue", "quote": "quote", "escape": "escape"}


def effective_job():
    text = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: ENVIRONMENT.get(m[1], m[2]), JOB.read_text())
    return yaml.safe_load(text)


def read_source(session, source):
    reader = session.read.schema(source["schema"]).option("mode", "FAILFAST")
    for ours, sparks in CSV_OPTIONS.items():
        if ours in source:
            reader = reader.option(sparks, str(source[ours]).lower() if ours == "header" else source[ours])
    return reader.format(source["format"]).load(str(JOB.parent / source["path"]))


def output_of(session, job):
    """What Spark makes of the job's sources and steps."""
    for name, source in job["sources"].items():
        read_source(session, source).createOrReplaceTempView(name)
    for step in job["steps"]:
        session.sql(step["sql"]).createOrReplaceTempView(step["name"])
    return session.table(job["steps"][-1]["name"])


def bad_rows(check):
    """The SQL predicate of a bad row; None for a check of the whole output."""
    kind = check.get("kind", "expression")
    columns = check.get("columns", [check.get("column")])
    if kind == "expression":
        return f"NOT coalesce({check['expression']}, true)"
    if kind == "not_null":
        return " OR ".join(f"{column} IS NULL" for column in columns)
    if kind == "range":
        return f"NOT coalesce({columns[0]} BETWEEN {check['min']} AND {check['max']}, true)"
    if kind == "accepted_values":
        values = ", ".join(repr(value) for value in check["values"])
        return f"NOT coalesce({columns[0]} IN ({values}), true)"
    if kind == "references":
        table, column = re.fullmatch(r"(\w+)\((\w+)\)", check["to"]).groups()
        return f"{columns[0]} IS NOT NULL AND {columns[0]} NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL)"
    return None


class FlightsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tidemill-flights-")
        folder = pathlib.Path(cls.folder.name)
        cls.table, cls.results = folder / "flights", folder / "results.json"
        subprocess.run([TIDEMILL, "run", str(JOB), "--set", f"sink.path={cls.table}", "--state", str(folder / "state.db"),
                        "--results", str(cls.results)], check=True, env=ENVIRONMENT, cwd=folder,
                       capture_output=True)
        cls.spark_context = oracle.spark()
        cls.spark = cls.spark_context.__enter__()
        cls.job = effective_job()
        cls.output = output_of(cls.spark, cls.job).cache()
        cls.quarantining = [c for c in cls.job["checks"] if c.get("on_fail") == "quarantine"]
        cls.any_bad = " OR ".join(f"({bad_rows(check)})" for check in cls.quarantining)

    @classmethod
    def tearDownClass(cls):
        cls.spark_context.__exit__(None, None, None)
        cls.folder.cleanup()

    def test_spark_reads_the_good_rows(self):
        good = self.output.where(f"NOT ({self.any_bad})")
        self.assertEqual([], compare.differences(good, compare.by_spark(self.spark, self.table)))

    def test_delta_rs_reads_the_good_rows(self):
        with compare.by_delta_rs(self.spark, self.table) as table:
            good = self.output.where(f"NOT ({self.any_bad})")
            self.assertEqual([], compare.differences(good, table))

    def test_bad_rows_are_in_the_quarantine_with_their_reasons(self):
        reasons = ", ".join(f"IF({bad_rows(check)}, '{check['name']}', NULL)" for check in self.quarantining)
        bad = self.output.where(self.any_bad).selectExpr("*", f"array_compact(array({reasons})) AS reasons")
        texts = ", ".join(f"`{name}` STRING" for name, _ in self.output.dtypes)
        values = [f"CAST(row.`{name}` AS {kind}) AS `{name}`" for name, kind in self.output.dtypes]
        for how in ("spark", "delta-rs"):
            with self.subTest(how), self.quarantine(how) as kept:
                rows = kept.selectExpr(f"from_json(row, '{texts}', map('mode', 'FAILFAST')) AS row", "reasons")
                self.assertEqual([], compare.differences(bad, rows.selectExpr(*values, "reasons")))

    def quarantine(self, how):
        path = f"{self.table}_quarantine"
        return compare.by_delta_rs(self.spark, path) if how == "delta-rs" else contextlib.nullcontext(
            compare.by_spark(self.spark, path))

    def test_every_flight_is_somewhere(self):
        import deltalake
        table = compare.by_spark(self.spark, self.table)
        kept = compare.by_spark(self.spark, f"{self.table}_quarantine").count()
        self.assertGreater(kept, 0)
        self.assertEqual(336_776, table.count() + kept)
        self.assertEqual(365, len(deltalake.DeltaTable(str(self.table)).partitions()))
        self.assertEqual(["year", "month", "day"], deltalake.DeltaTable(str(self.table)).metadata().partition_columns)

    def test_checks_count_what_spark_counts(self):
        (told,) = json.loads(self.results.read_text())["runs"]
        counted = {check["check"]: check["bad"] for check in told["checks"]}
        for check in self.job["checks"]:
            if bad_rows(check):
                with self.subTest(check["name"]):
                    bad = self.output.where(bad_rows(check)).count()
                    self.assertEqual(bad, counted[check["name"]])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
