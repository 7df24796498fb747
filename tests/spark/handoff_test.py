#!/usr/bin/env python3
"""A native run of --engine auto that passes its memory, its disk or its time ends before its commit, leaves no file, and
goes on in Spark under the same run key: one commit, both attempts in the ledger and on the bill."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

import deltalake

import session as oracle
from session import ENVIRONMENT, FULL, TIDEMILL

LIST = "SELECT CAST(size(collect_list(id)) AS BIGINT) AS n FROM range(20000000)"
SORT = "SELECT sum(n) AS n FROM (SELECT row_number() OVER (ORDER BY md5(CAST(id AS STRING))) % 2 AS n FROM range(8000000))"
WORK = "SELECT sum(CASE WHEN md5(CAST(id AS STRING)) LIKE '0%' THEN 0 ELSE 1 END) * 0 + 7 AS n FROM range(20000000)"
SMALL = ["--memory", "350MB", "--spark-conf", "spark.driver.memory=2g"]  # the native engine is still chosen
# What runs out: the step, what it gives, the job's budget, words for `run`, what the first attempt says.
CASES = {
    "memory": (LIST, 20_000_000, {}, SMALL, "memory budget"),
    "disk": (SORT, 4_000_000, {"disk": "2MB"}, SMALL, "no space is left for temporary files"),
    "time": (WORK, 7, {"time": "2s"}, [], "its time, 2.0 s, is used up"),
}


class HandOffTest(oracle.FolderTest):
    def setUp(self):
        super().setUp()
        (self.folder / "one.txt").write_text("1\n")

    def run_tidemill(self, *words, **more):
        return subprocess.run([TIDEMILL, *words], cwd=self.folder, env=ENVIRONMENT | more, capture_output=True, text=True)

    def job(self, name, sql, budget):
        job = {"job": name, "sources": {"one": {"format": "text", "path": "one.txt"}}, "budget": budget,
               "steps": [{"name": "last", "sql": sql}], "sink": {"path": "table"}}
        (self.folder / "job.yaml").write_text(json.dumps(job))  # JSON is YAML

    def test_what_runs_out(self):
        for name, (sql, value, budget, words, said) in CASES.items() if FULL else [("memory", CASES["memory"])]:
            with self.subTest(name):
                self.setUp()
                self.job(name, sql, budget)
                done = self.run_tidemill("run", "job.yaml", "--engine", "auto", *words)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)
                runs = json.loads(self.run_tidemill("runs", "ls", "--json").stdout)
                spark, native = runs
                self.assertEqual(("handed_off", "committed"), (native["outcome"], spark["outcome"]))
                self.assertEqual(native["run_key"], spark["run_key"])
                self.assertTrue(native["engine"].startswith("native") and spark["engine"].startswith("spark"))
                self.assertIn(said, native["message"])
                self.assertGreater(native["dollars"], 0)
                shown = json.loads(self.run_tidemill("runs", "show", str(spark["id"]), "--json").stdout)
                events = {event["type"]: event for event in shown["events"]}
                self.assertEqual(native["attempt"], events["run_started"]["goes_on_from"])
                self.assertAlmostEqual(native["dollars"] + spark["dollars"], events["invoiced"]["run_dollars"], places=9)
                (cost,) = json.loads(self.run_tidemill("runs", "cost", "--json").stdout)
                self.assertEqual(2, cost["runs"])
                self.held(value)
                plan = json.loads(self.run_tidemill("plan", "job.yaml", "--json", *words[:2]).stdout)
                self.assertEqual("spark", plan["engine"], "the planner has learnt from it")
                self.assertIn("already committed at version 0", self.run_tidemill("run", "job.yaml").stdout)

    def held(self, value):
        """One commit, one row, and no file but its own."""
        table = deltalake.DeltaTable(self.folder / "table")
        self.assertEqual(0, table.version())
        self.assertEqual([{"n": value}], table.to_pyarrow_table().to_pylist())
        files = {str(path.relative_to(self.folder / "table")) for path in (self.folder / "table").rglob("*.parquet")}
        self.assertEqual(set(table.to_pyarrow_dataset().files), files)
        self.assertEqual([], list((self.folder / ".tidemill" / "tmp").glob("*")))

    @unittest.skipUnless(FULL, "Spark takes half a minute")
    def test_a_full_disk(self):
        """The folder of spilled data on a file system of 4 MB."""
        self.job("full", SORT, {})
        script = ('mkdir -p .tidemill/tmp && mount -t tmpfs -o size=4m tmpfs .tidemill/tmp && exec "$@"')
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", TIDEMILL, "run",
                               "job.yaml", "--engine", "auto", *SMALL], cwd=self.folder, env=ENVIRONMENT,
                              capture_output=True, text=True)
        if "unshare" in done.stderr or "mount" in done.stderr:
            self.skipTest("no file system of one's own here: " + done.stderr.strip())
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("no space is left for temporary files", done.stdout)
        self.held(4_000_000)

    def test_without_a_spark_it_fails_and_says_so(self):
        self.job("none", LIST, {})
        done = self.run_tidemill("run", "job.yaml", "--engine", "auto", *SMALL, TIDEMILL_PYTHON="/usr/bin/python3")
        self.assertEqual(1, done.returncode)
        self.assertIn("Spark can't go on with the run", done.stdout)
        self.assertIn("install it", done.stdout)
        runs = json.loads(self.run_tidemill("runs", "ls", "--json").stdout)
        self.assertEqual(["failed", "handed_off"], [run["outcome"] for run in runs])
        self.assertEqual([], list(self.folder.glob("table/**/*.parquet")))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
