#!/usr/bin/env python3
"""`tidemill plan`, quotes, invoices and budgets as a user meets them: on the command line, in the ledger, with a wrong file."""
import json
import os
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402

JOB = {
    "job": "orders", "tags": ["shop", "daily"], "class": "critical", "certify": "no",
    "sources": {"orders": {"format": "csv", "path": "in.csv", "schema": "id INT, customer INT", "header": True},
                "customers": {"format": "csv", "path": "customers.csv", "schema": "id INT, name STRING", "header": True}},
    "steps": [{"name": "joined", "sql": "SELECT o.id, c.name FROM orders o JOIN customers c ON o.customer = c.id"}],
    "sink": {"path": "out"},
}


class PlanTest(FolderTest):
    def setUp(self):
        super().setUp()
        (self.folder / "in.csv").write_text("id,customer\n" + "".join(f"{i},{7 if i % 2 else i}\n" for i in range(1000)))
        (self.folder / "customers.csv").write_text("id,name\n" + "".join(f"{i},n{i}\n" for i in range(1000)))
        self.write(JOB)

    def write(self, job):
        (self.folder / "job.yaml").write_text(json.dumps(job))

    def test_every_decision_has_its_reason(self):
        plan = json.loads(self.tidemill("plan", "job.yaml", "--json"))
        self.assertEqual("native", plan["engine"])
        topics = {decision["topic"] for decision in plan["decisions"]}
        self.assertLessEqual({"engine", "input splits", "join", "shuffle partitions", "files", "compression", "cluster",
                              "spark.driver.memory", "spark.executor.memory", "spark.sql.adaptive.skewJoin.enabled"}, topics)
        for decision in plan["decisions"]:
            self.assertTrue(decision["what"] and decision["why"] and decision["override"], decision)
        (codecs,) = (dict(decision["figures"]) for decision in plan["decisions"] if decision["topic"] == "compression")
        self.assertLessEqual({"snappy", "zstd", "gzip", "gzip of text", "bzip2 of text"}, set(codecs))
        self.assertEqual({"native", "spark", "emr"}, {quote["engine"] for quote in plan["quotes"]})
        for quote in plan["quotes"]:
            low, mid, high = quote["seconds"]
            self.assertTrue(0 < low <= mid <= high, quote)
        text = self.tidemill("plan", "job.yaml")
        self.assertIn("because", text)
        self.assertNotIn("\x1b", text)  # no colour into a pipe

    def test_page(self):
        self.write(JOB | {"job": "orders", "steps": [{"name": "joined", "sql": JOB["steps"][0]["sql"], "description": "<script>alert(1)</script>"}]})
        self.tidemill("plan", "job.yaml", "--html", "plan.html")
        page = (self.folder / "plan.html").read_text()
        for word in ("native here", "spark on EMR, spot", "broadcast", "spark.executor.memory", "quarter of a task&#39;s memory"):
            self.assertIn(word, page)
        self.assertNotIn("<script", page)
        self.assertNotIn("http", page.replace("http-equiv", ""))

    def test_memory_that_does_not_suffice(self):
        self.assertIn("engine: spark", self.tidemill("plan", "job.yaml", "--memory", "100MB"))
        self.assertIn("engine: native here", self.tidemill("plan", "job.yaml", "--memory", "100MB", "--engine", "native"))

    def test_certificate(self):
        """A critical job goes native by itself only with a certificate for its spec; --engine native is always there."""
        self.write({key: value for key, value in JOB.items() if key != "certify"} | {"class": "critical"})
        self.assertIn("engine: spark", self.tidemill("plan", "job.yaml", "--brief"))
        self.assertIn("engine: native", self.tidemill("plan", "job.yaml", "--brief", "--engine", "native"))
        self.write(JOB | {"class": "critical", "certify": "no"})
        self.assertIn("engine: native", self.tidemill("plan", "job.yaml", "--brief"))
        self.write(JOB | {"class": "regular", "certify": "required"})
        self.tidemill("run", "job.yaml")
        run = json.loads(self.tidemill("runs", "ls", "--json"))[0]
        spec = run["run_key"].rsplit(":", 1)[1]
        self.certify(spec, "0.0.1")
        self.assertIn("engine: spark", self.tidemill("plan", "job.yaml", "--brief"))
        self.certify(spec, self.tidemill("--version").split()[1])
        self.assertIn("engine: native", self.tidemill("plan", "job.yaml", "--brief"))

    def certify(self, spec, version):
        """A certificate as `tidemill verify` leaves it."""
        cache = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))
        native = "DuckDB v" + next(cache.glob("duckdb-*")).name.removeprefix("duckdb-")
        with sqlite3.connect(self.folder / ".tidemill" / "state.db") as ledger:
            ledger.execute("INSERT INTO certificates (job, window, spec_hash, native, spark, tidemill, inputs, row_count, quarantined, "
                           "sample, at) VALUES ('orders', 'all', ?, ?, '4.1.4', ?, '', 1, 0, 1, '2026-01-01')", (spec, native, version))
        ledger.close()

    def test_what_changed(self):
        self.tidemill("plan", "job.yaml", "--out", "before.json")
        changed = self.tidemill("plan", "job.yaml", "--against", "before.json", "--memory", "100MB", "--brief")
        self.assertRegex(changed, r"~ engine: native here -> spark")
        same = self.tidemill("plan", "job.yaml", "--against", "before.json", "--brief")
        self.assertNotIn("~", same)

    def test_a_plan_is_run_or_refused(self):
        self.tidemill("plan", "job.yaml", "--out", "plan.json")
        self.assertIn("committed version 0", self.tidemill("run", "job.yaml", "--plan", "plan.json"))
        self.assertIn("the table version was none and is 0", self.tidemill("run", "job.yaml", "--plan", "plan.json", "--again", code=1))
        self.tidemill("plan", "job.yaml", "--out", "plan.json")
        with (self.folder / "in.csv").open("a") as file:
            file.write("5000,1\n")
        self.assertIn("the sources was", self.tidemill("run", "job.yaml", "--plan", "plan.json", "--again", code=1))
        self.tidemill("plan", "job.yaml", "--memory", "100MB", "--out", "spark.json")
        (self.folder / "plan.json").write_text("{}")
        self.assertIn("the plan:", self.tidemill("run", "job.yaml", "--plan", "plan.json", code=2))
        self.assertIn("no.json", self.tidemill("run", "job.yaml", "--plan", "no.json", code=1))

    def test_quote_and_invoice(self):
        for _ in range(3):
            told = self.tidemill("run", "job.yaml", "--again")
            self.assertLess(told.index("quote "), told.index("invoice "))
        for by, groups in (("job", {"orders"}), ("class", {"critical"}), ("tag", {"shop", "daily"})):
            costs = json.loads(self.tidemill("runs", "cost", "--by", by, "--json"))
            self.assertEqual(groups, {cost[by] for cost in costs})
            for cost in costs:
                self.assertEqual(3, cost["runs"])
                self.assertGreater(cost["dollars"], 0)
                self.assertIsNotNone(cost["median_quote_error"])
        self.assertEqual([], json.loads(self.tidemill("runs", "cost", "--since", "2999-01-01", "--json")))
        self.assertIn("limit: $0.10 a GB", self.tidemill("runs", "cost"))

    def test_budget(self):
        self.write(JOB | {"budget": {"dollars": 0.0000000001}})
        told = self.tidemill("run", "job.yaml", code=2)
        self.assertIn("above the job's budget", told)
        self.assertFalse((self.folder / "out" / "_delta_log").exists())
        self.assertIn("exceeded", self.tidemill("plan", "job.yaml"))
        self.assertIn("committed version 0", self.tidemill("run", "job.yaml", "--over-budget"))
        self.write(JOB | {"job": "other", "budget": {"dollars": 100, "time": "1h"}})
        self.assertIn("committed version 1", self.tidemill("run", "job.yaml"))

    def test_prices_of_ones_own(self):
        prices = json.loads(self.tidemill("prices"))
        for price in prices["instances"].values():
            price["hourly"] *= 1000
        (self.folder / "mine.json").write_text(json.dumps(prices))
        dollars = [json.loads(self.tidemill("plan", "job.yaml", "--json", *more))["quotes"][0]["dollars"][1] for more in ([], ["--prices", "mine.json"])]
        self.assertAlmostEqual(1000, dollars[1] / dollars[0], delta=1)
        (self.folder / "mine.json").write_text('{"date": "today"}')
        self.assertIn("source", self.tidemill("plan", "job.yaml", "--prices", "mine.json", code=2))

    def test_calibrate(self):
        before = json.loads(self.tidemill("plan", "job.yaml", "--json"))["quotes"][0]["seconds"]
        told = self.tidemill("calibrate")
        for word in ("csv", "json", "parquet", "operations", "write"):
            self.assertIn(word, told)
        rates = json.loads((self.folder / ".tidemill" / "rates.json").read_text())
        self.assertTrue(all(speed > 1e5 for speed in [*rates["read_bytes"].values(), rates["operation_rows"], rates["write_bytes"]]), rates)
        self.assertEqual([], list((self.folder / ".tidemill").glob("tmp/calibrate*")))
        after = json.loads(self.tidemill("plan", "job.yaml", "--json"))["quotes"][0]["seconds"]
        self.assertNotEqual(before, after)
        (self.folder / ".tidemill" / "rates.json").write_text("{}")
        self.assertIn("rates.json", self.tidemill("plan", "job.yaml", code=2))

    def test_a_job_with_mistakes(self):
        self.write(JOB | {"steps": [{"name": "joined", "sql": "SELECT nothing FROM orders"}]})
        self.assertIn("nothing", self.tidemill("plan", "job.yaml", code=2))
        self.write(JOB | {"sources": {"orders": {"format": "csv", "path": "gone.csv", "schema": "id INT"}}})
        self.assertIn("gone.csv", self.tidemill("plan", "job.yaml", code=2))

    def test_a_ledger_of_the_first_version(self):
        self.tidemill("run", "job.yaml")
        ledger = self.folder / ".tidemill" / "state.db"
        with sqlite3.connect(ledger) as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
            for column in columns[columns.index("peak_spill_bytes") + 1:]:  # the first version's last one
                database.execute(f"ALTER TABLE runs DROP COLUMN {column}")
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in set(tables) - {"runs", "checks", "events"}:  # what later versions added
                database.execute(f"DROP TABLE {table}")
            database.execute("PRAGMA user_version = 1")
        database.close()
        self.assertIn("orders", self.tidemill("runs", "ls"))
        self.assertIn("no run has an invoice", self.tidemill("runs", "cost"))
        self.tidemill("run", "job.yaml", "--again")
        self.assertEqual(1, json.loads(self.tidemill("runs", "cost", "--json"))[0]["runs"])


if __name__ == "__main__":
    unittest.main()
