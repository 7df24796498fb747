#!/usr/bin/env python3
"""`tidemill cluster` as a user meets it: a file, its mistakes, its plan, and policies tried out."""
import json
import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402


class ClusterTest(FolderTest):
    def test_the_written_file_is_valid_and_planned(self):
        self.tidemill("cluster", "init")
        self.assertIn("is there already", self.tidemill("cluster", "init", code=2))
        self.assertIn("3 to 50 workers", self.tidemill("cluster", "validate", "cluster.yaml"))
        text = self.tidemill("cluster", "plan", "cluster.yaml")
        self.assertIn("+ emr.fleet.core", text)
        self.assertIn("HDFS keeps 2 copies", text)
        plan = json.loads(self.tidemill("cluster", "plan", "cluster.yaml", "--json"))
        self.assertEqual({"create"}, {change["change"] for change in plan["changes"]})
        least = plan["sizes"][0]
        # the master and three core nodes, on-demand, with EMR's fee
        self.assertAlmostEqual(0.192 + 0.048 + 3 * (0.504 + 0.126), least["hourly_with_spot"])

    def test_every_mistake_is_told(self):
        (self.folder / "cluster.yaml").write_text("cluster: etl\ncore:\n  mn: 3\nspot:\n  timeout: 1m\n")
        text = self.tidemill("cluster", "validate", "cluster.yaml", code=2)
        self.assertIn("cluster.yaml:3:3: core.mn: unknown key", text)
        self.assertIn("cluster.yaml:5:12: spot.timeout", text)
        self.assertIn("has 2 mistakes", text)
        self.assertIn("tidemill cluster init", self.tidemill("cluster", "plan", "none.yaml", code=2))

    def test_the_plan_is_a_difference_from_what_the_ledger_knows(self):
        self.tidemill("cluster", "init")
        plan = json.loads(self.tidemill("cluster", "plan", "cluster.yaml", "--json"))
        self.tidemill("sql", "-e", "SELECT 1")
        (self.folder / "in.csv").write_text("a\n1\n")
        self.tidemill("convert", "in.csv", "out")  # makes the ledger
        with sqlite3.connect(self.folder / ".tidemill/state.db") as ledger:
            for change in plan["changes"]:
                attributes = {a["name"]: a["after"] for a in change["attributes"]}
                ledger.execute("INSERT INTO cluster_resources (cluster, address, cloud_id, token, state, attributes, at) "
                               "VALUES ('etl', ?, 'id', '', 'there', ?, '')", (change["address"], json.dumps(attributes)))
        self.assertIn("is as its file says", self.tidemill("cluster", "plan", "cluster.yaml"))
        path = self.folder / "cluster.yaml"
        path.write_text(path.read_text().replace("max_nodes: 50", "max_nodes: 20").replace("emr-7.5.0", "emr-7.6.0"))
        text = self.tidemill("cluster", "plan", "cluster.yaml")
        self.assertIn("-/+ emr.cluster", text)
        self.assertIn("nodes: 3 to 50 -> 3 to 20", text)
        self.assertIn("release: emr-7.5.0 -> emr-7.6.0  (made anew for this)", text)

    def test_the_same_seed_gives_the_same_bytes(self):
        arguments = ("cluster", "simulate", "--days", "3", "--jobs", "1000", "--json", "--seed")
        one = self.tidemill(*arguments, "7")
        self.assertEqual(one, self.tidemill(*arguments, "7"))
        self.assertNotEqual(one, self.tidemill(*arguments, "8"))
        policies = json.loads(one)["policies"]
        self.assertEqual(5, len(policies))
        for policy in policies:
            self.assertEqual(1000, policy["finished"], policy)
            self.assertLessEqual(policy["most_workers"], 50)

    def test_a_month_of_ten_thousand_jobs_is_quick(self):
        begin = time.monotonic()
        text = self.tidemill("cluster", "simulate", "--html", "page.html")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("simulated, not measured", text)
        page = (self.folder / "page.html").read_text()
        self.assertIn("<svg", page)
        self.assertNotIn("http", page.split("<body>")[1])

    def test_files_of_jobs_and_markets(self):
        (self.folder / "jobs.jsonl").write_text(
            '{"job": "a", "arrival": "2024-05-01T06:00:00Z", "vcpu_seconds": 7200, "max_vcpus": 24, "deadline": "1h"}\n')
        (self.folder / "market.jsonl").write_text('{"type": "r5.xlarge", "at": 0, "price_share": 0.5}\n')
        text = self.tidemill("cluster", "simulate", "--days", "1", "--workload", "jobs.jsonl", "--market", "market.jsonl",
                             "--policy", "policy", "--json")
        policy = json.loads(text)["policies"][0]
        self.assertEqual(600, policy["mean_seconds"])  # five minutes to start, 300 s of 24 cores
        # The master and three core nodes for those ten minutes and an idle hour. 100 % of the cores wait or work from the
        # first minute on, so at 360 s one spot xlarge comes too, which goes after ten idle minutes: 360 to 1320 s.
        self.assertEqual(round((0.240 + 3 * 0.630) * 70 / 60 + (0.252 * 0.5 + 0.063) * 960 / 3600, 2), policy["dollars"])
        (self.folder / "jobs.jsonl").write_text('{"job": "a"}\n')
        self.assertIn("line 1 of the workload: has no arrival",
                      self.tidemill("cluster", "simulate", "--workload", "jobs.jsonl", code=2))
        self.assertIn("did you mean 'managed'?", self.tidemill("cluster", "simulate", "--policy", "manged", code=2))

    def test_runs_of_the_ledger_are_a_workload(self):
        self.assertIn("no ledger", self.tidemill("cluster", "simulate", "--workload", "ledger", code=1))
        (self.folder / "in.csv").write_text("a\n1\n")
        self.tidemill("convert", "in.csv", "out")
        text = self.tidemill("cluster", "simulate", "--workload", "ledger", "--days", "1", "--json")
        self.assertIn("1 committed runs of the ledger", text)

    def test_the_schema_is_json_schema(self):
        schema = json.loads(self.tidemill("schema", "--cluster"))
        self.assertEqual("Tidemill cluster", schema["title"])
        self.assertIn("scaling", schema["$defs"])


if __name__ == "__main__":
    unittest.main()
