#!/usr/bin/env python3
"""One job on both engines: the native table and the one real Spark makes of the emitted application hold the same rows,
the quarantines too, and each engine sees in the other's table what is committed already."""
import json
import sys
import unittest

import compare
import session as oracle
from session import FULL, ROOT, tidemill

BAD = "id,at,amount,name\n1,2024-01-01 00:30:00,1.50,a\n2,2024-01-01 01:30:00,-2.00,b\nx,2024-01-01 01:40:00,3,c\n" \
      "4,2024-01-01 02:10:00,4.25,\n5,2024-01-01 02:20:00,5.00,\"e, f\"\n6,2024-01-01 03:00:00,6\n"


class Emitted:
    """Applications as `plan --emit-spark` writes them, run in the session of this test: one JVM for all of them."""

    def __init__(self, spark, folder):
        self.spark, self.folder = spark, folder

    def run(self, job, *arguments, again=False):
        """The events of one run, by type."""
        app = self.folder / "app"
        tidemill(self.folder, "plan", job, *arguments, "--emit-spark", app)
        names = {"__name__": "app"}
        exec(compile((app / "app.py").read_text(), str(app / "app.py"), "exec"), names)
        told, figures = [], {}
        names["tell"] = lambda type_, **members: told.append({"type": type_, **members})
        names["ARGS"] = type("Args", (), {"again": again, "attempt": f"attempt{id(names)}"})
        before = {key: self.spark.conf.get(key, None) for key in names["CONF"]}
        try:
            for key, value in names["CONF"].items():
                self.spark.conf.set(key, value)
            end = names["run"](self.spark, figures)
        except names["Stop"] as stop:
            end = stop
        finally:
            self.spark.catalog.clearCache()
            for key, value in before.items():
                self.spark.conf.unset(key) if value is None else self.spark.conf.set(key, value)
        return end, figures, {event["check"]: event for event in told if event["type"] == "check_result"}


class EngineTest(oracle.SparkTest):
    def setUp(self):
        super().setUp()
        self.emitted = Emitted(self.spark, self.folder)
        self.table = {name: self.folder / name for name in ("native", "spark")}

    def job(self, name, sink, **more):
        path = self.folder / f"{name}.yaml"  # JSON is YAML
        path.write_text(json.dumps({"job": name, "sink": {"path": str(self.folder / "native"), **sink}, **more}))
        return path

    def csv(self, text=BAD):
        (self.folder / "in.csv").write_text(text)
        return {"rows": {"format": "csv", "path": str(self.folder / "in.csv"), "header": True,
                         "schema": "id INT, at TIMESTAMP, amount DECIMAL(10,2), name STRING"}}

    def both(self, job, *arguments, code=0, outcome="committed"):
        """The same run into a table each; gives what Spark told."""
        tidemill(self.folder, "run", job, *arguments, "--results", self.folder / "results.json", code=code)
        end, figures, checks = self.emitted.run(job, *arguments, "--set", f"sink.path={self.table['spark']}")
        self.assertEqual(outcome, end.outcome, end.message)
        (run,) = json.loads((self.folder / "results.json").read_text())["runs"]
        for check in run["checks"]:
            for member in ("kind", "on_fail", "status", "bad", "message"):
                self.assertEqual(check[member], checks[check["check"]][member], check["check"])
        return end, figures

    def agree(self, quarantine=False):
        tables = [compare.by_spark(self.spark, self.table[name]) for name in ("native", "spark")]
        self.assertEqual([], compare.differences(*tables))
        if quarantine:
            kept = [compare.by_spark(self.spark, f"{self.table[name]}_quarantine") for name in ("native", "spark")]
            self.assertEqual(kept[0].dtypes, kept[1].dtypes)
            columns = ("run_key", "job", "window_start", "window_end", "reasons", "row", "source", "file", "raw")
            self.assertEqual([], compare.differences(*(rows.select(*columns) for rows in kept)))

    def test_checks_malformed_rows_and_windows(self):
        source = self.csv()
        source["rows"] |= {"malformed": "quarantine", "max_bad": "90%"}
        (self.folder / "known.json").write_text('{"name": "a"}\n{"name": "e, f"}\n')
        job = self.job("checked", {"partition_by": ["day(at)"], "sort_by": ["id desc"]}, window={"column": "at", "size": "1h"},
                       sources=source | {"known": {"format": "json", "path": str(self.folder / "known.json")}},
                       steps=[{"name": "doubled", "sql": "SELECT *, amount * 2 AS twice FROM rows", "cache": True},
                              {"name": "last", "sql": "SELECT * FROM doubled"}],
                       checks=[{"name": "positive", "expression": "twice > 0", "max_bad": "100%"},
                               {"name": "there", "kind": "not_null", "column": "name", "max_bad": "100%"},
                               {"name": "one", "kind": "unique", "column": "id", "on_fail": "fail"},
                               {"name": "small", "kind": "range", "column": "amount", "max": 5, "on_fail": "warn"},
                               {"name": "named", "kind": "references", "column": "name", "to": "known(name)", "on_fail": "warn"},
                               {"name": "some", "kind": "row_count", "max": 3, "on_fail": "warn"}])
        for start in ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"):
            with self.subTest(start):
                self.both(job, "--window", start)
        self.agree(quarantine=True)

    def test_a_failed_check_commits_nothing(self):
        job = self.job("failing", {}, sources=self.csv("id,at,amount,name\n1,2024-01-01 00:30:00,1.50,a\n"),
                       checks=[{"name": "no", "expression": "amount > 2", "on_fail": "fail"}])
        self.both(job, code=3, outcome="checks_failed")
        self.assertFalse((self.table["spark"] / "_delta_log").exists())

    def test_modes(self):
        for mode in ("append", "overwrite", "overwrite_partitions", "merge") if FULL else ("overwrite_partitions", "merge"):
            with self.subTest(mode):
                self.table = {name: self.folder / mode / name for name in ("native", "spark")}
                for n, ids in enumerate(("0, 8", "4, 12", "12, 16")):
                    sql = f"SELECT CAST(id AS INT) AS id, id % 3 AS p, {n} AS n, TIMESTAMP '2024-01-01 10:00:00' AS at FROM range({ids})"
                    (self.folder / "one.txt").write_text("1\n")
                    sink = {"path": str(self.table["native"]), "mode": mode, "partition_by": ["p", "year(at)"]}
                    job = self.job(f"{mode}{n}", sink | ({"keys": ["id"]} if mode == "merge" else {}),
                                   sources={"one": {"format": "text", "path": str(self.folder / "one.txt")}},
                                   steps=[{"name": "last", "sql": sql}])
                    self.both(job)
                self.agree()

    def test_each_engine_knows_the_other_s_runs(self):
        source = self.csv("id,at,amount,name\n1,2024-01-01 00:30:00,1.50,a\n")
        here = ["--set", f"sink.path={self.folder / 'one'}"]
        append = self.job("known", {}, sources=source)
        end, _, _ = self.emitted.run(append, *here)
        self.assertEqual(("committed", 0), (end.outcome, end.version))
        self.assertIn("already committed at version 0", tidemill(self.folder, "run", append, *here))
        end, _, _ = self.emitted.run(append, *here)
        self.assertEqual(("already_committed", 0), (end.outcome, end.version))
        merge = self.job("merged", {"mode": "merge", "keys": ["id"]}, sources=source)
        tidemill(self.folder, "run", merge, *here)
        end, _, _ = self.emitted.run(merge, *here)
        self.assertEqual(("already_committed", 1), (end.outcome, end.version))
        end, _, _ = self.emitted.run(merge, *here, again=True)
        self.assertEqual(("committed", 2), (end.outcome, end.version))
        self.assertIn("already committed at version 2", tidemill(self.folder, "run", merge, *here))

    def test_a_changed_job_and_an_overlapping_window_are_refused(self):
        source = self.csv("id,at,amount,name\n1,2024-01-01 00:30:00,1.50,a\n")
        job = lambda size, sql: self.job("changed", {}, sources=source, window={"column": "at", "size": size},
                                         steps=[{"name": "last", "sql": sql}])
        first = job("1h", "SELECT * FROM rows")
        tidemill(self.folder, "run", first, "--window", "2024-01-01T00:00:00Z")
        other = job("1h", "SELECT id FROM rows")
        end, _, _ = self.emitted.run(other, "--window", "2024-01-01T00:00:00Z")
        self.assertEqual("refused", end.outcome)
        self.assertIn("has changed", end.message)
        longer = job("2h", "SELECT * FROM rows")
        end, _, _ = self.emitted.run(longer, "--window", "2024-01-01T00:00:00Z")
        self.assertEqual("refused", end.outcome)
        self.assertIn("overlaps", end.message)

    def test_replacing_is_for_the_native_engine(self):
        self.assertIn("--replace is for --engine native",
                      tidemill(self.folder, "run", self.job("none", {}, sources=self.csv()), "--engine", "spark", "--replace", code=2))

    @unittest.skipUnless(FULL, "starts Spark anew")
    def test_the_command_line_runs_it(self):
        source = self.csv()
        source["rows"] |= {"malformed": "quarantine", "max_bad": "90%"}
        job = self.job("run", {}, sources=source, checks=[{"name": "positive", "expression": "amount > 0", "max_bad": "90%"}])
        told = tidemill(self.folder, "run", job, "--engine", "spark", "--json")
        events = {event["type"]: event for event in map(json.loads, filter(lambda l: l.startswith("{"), told.splitlines()))}
        self.assertEqual("committed", events["run_finished"]["outcome"])
        self.assertGreater(events["spark_figures"]["tasks"], 0)
        self.assertIn("already committed at version 0", tidemill(self.folder, "run", job, "--engine", "spark"))
        tidemill(self.folder, "run", job, "--set", f"sink.path={self.table['spark']}")
        self.agree(quarantine=True)

    @unittest.skipUnless(FULL, "starts Spark anew")
    def test_a_job_is_verified(self):
        """A critical job goes native only once both engines were seen to give the same rows, bad ones too."""
        source = self.csv()
        source["rows"] |= {"malformed": "quarantine", "max_bad": "90%"}
        job = self.job("verified", {}, sources=source, **{"class": "critical"},
                       checks=[{"name": "positive", "expression": "amount > 0", "max_bad": "90%"}])
        self.assertIn("asks for a certificate", tidemill(self.folder, "plan", job))
        self.assertIn("both engines give the same rows, 3 quarantined", tidemill(self.folder, "verify", job))
        (certificate,) = json.loads(tidemill(self.folder, "runs", "certificates", "--json"))
        self.assertEqual(("verified", 3, 3, 1), tuple(certificate[name] for name in ("job", "rows", "quarantined", "sample")))
        self.assertFalse(self.table["native"].exists())
        self.assertIn("native DuckDB", tidemill(self.folder, "run", job, "--engine", "auto"))

    @unittest.skipUnless(FULL, "starts Spark anew")
    def test_a_share_of_the_rows_is_verified(self):
        job = ROOT / "examples" / "flights" / "job.yaml"
        told = tidemill(self.folder, "verify", job, "--sample", "1%")
        self.assertIn("both engines give the same rows", told)
        (certificate,) = json.loads(tidemill(self.folder, "runs", "certificates", "--json"))
        self.assertEqual(0.01, certificate["sample"])
        self.assertTrue(2_000 < certificate["rows"] < 5_000, certificate)
        self.assertIn("of a sample of 1.0 % alone", tidemill(self.folder, "plan", job, "--set", "certify=required"))

    @unittest.skipUnless(FULL, "the flights take two minutes")
    def test_flights(self):
        job = ROOT / "examples" / "flights" / "job.yaml"
        tidemill(self.folder, "run", job, "--set", f"sink.path={self.table['native']}")
        end, figures, _ = self.emitted.run(job, "--set", f"sink.path={self.table['spark']}")
        self.assertEqual("committed", end.outcome, end.message)
        self.assertEqual((336_776, 9_431), (figures["rows_in"], figures["rows_quarantined"]))
        self.agree(quarantine=True)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
