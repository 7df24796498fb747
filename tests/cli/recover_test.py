#!/usr/bin/env python3
"""tidemill recover and runs backup, rebuild: tables damaged and lost, taken back, and the same rows found in them."""
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402

JOB = {"job": "load", "sources": {"orders": {"format": "csv", "path": "in/*.csv", "header": True, "schema": "id BIGINT, at TIMESTAMP, v DOUBLE"}},
       "window": {"column": "at", "size": "1d"}, "steps": [{"name": "all_orders", "sql": "SELECT *, CAST(at AS DATE) AS day FROM orders"}],
       "sink": {"path": "t", "mode": "append", "partition_by": ["day"]}}


class RecoverTest(FolderTest):
    def setUp(self):
        super().setUp()
        (self.folder / "job.yaml").write_text(json.dumps(JOB))
        (self.folder / "in").mkdir()
        for day in range(1, 6):
            lines = [f"{day * 1000 + n},2024-01-0{day}T{n % 24:02}:00:00Z,{n / 4}" for n in range(50)]
            (self.folder / "in" / f"{day}.csv").write_text("id,at,v\n" + "\n".join(lines) + "\n")

    def run_days(self, *days):
        for day in days:
            self.tidemill("run", "job.yaml", "--window", f"2024-01-0{day}")

    def json(self, *words, code=0):
        return json.loads(self.tidemill(*words, "--json", code=code))

    def rows(self, table="t"):
        text = self.tidemill("sql", "--output", "tsv", "-e", f"SELECT count(*), sum(id), sum(v) FROM delta.`{table}`")
        return tuple(text.splitlines()[-1].split("\t"))

    def data(self, day):
        return sorted((self.folder / "t" / f"day=2024-01-0{day}").glob("*.parquet"))

    def test_plan_and_drill(self):
        self.run_days(1, 2, 3)
        self.assertIn("no copy is known", self.tidemill("recover", "plan", "t", code=1))
        self.assertIn("no clone of t is known", self.tidemill("recover", "drill", "t", code=1))
        self.tidemill("table", "clone", "t", "copy", "--verify")
        self.run_days(4, 5)
        plan = self.json("recover", "plan", "t")
        way, = plan["ways"]
        self.assertEqual((0, 2, 100), (plan["damages"], way["lost"]["commits"], way["lost"]["rows"]))
        self.assertEqual(2, len([run for run in way["lost"]["runs"] if run.startswith("tidemill:load:2024-01-0")]))
        self.assertGreater(way["seconds"], 0)
        told = self.tidemill("recover", "plan", "t")
        self.assertIn("2 commits, 100 rows written", told)
        drill = self.json("recover", "drill", "t")
        self.assertEqual((True, 150, 2), (drill["same"], drill["rows"], drill["recovery_point"]["commits"]))
        self.assertGreater(drill["recovery_time_seconds"], 0)
        self.assertEqual([], list(self.folder.glob("t.drill-*")))
        self.assertIn("drill of", self.json("recover", "plan", "t")["ways"][0]["basis"])
        self.assertIn("the same as the table at that version", self.tidemill("recover", "drill", "t"))
        kept = self.json("recover", "drill", "t", "--into", "scratch", "--keep")
        self.assertEqual(self.rows("copy"), self.rows("scratch"))
        self.assertEqual(kept["scratch"], str(self.folder / "scratch"))
        # A clone that is not what it was is found out.
        broken = next((self.folder / "copy").glob("day=*/*.parquet"))
        broken.write_bytes(broken.read_bytes()[:-1])
        self.assertIn("the log says", self.tidemill("recover", "drill", "t", code=1))

    def test_files_from_the_clone(self):
        self.run_days(1, 2, 3)
        self.tidemill("table", "clone", "t", "copy")
        self.run_days(4)
        want = self.rows()
        self.data(1)[0].unlink()
        cut = self.data(2)[0]
        cut.write_bytes(cut.read_bytes()[:-9])
        flipped = self.data(3)[0]
        bytes_ = bytearray(flipped.read_bytes())
        bytes_[4:30] = b"\xff" * 26
        flipped.write_bytes(bytes_)
        dry = self.json("recover", "run", "t", "--deep", "--dry-run")
        self.assertFalse(self.data(1))
        self.assertIn("say --yes", self.tidemill("recover", "run", "t", code=1))
        done = self.json("recover", "run", "t", "--deep", "--yes")
        self.assertEqual(dry["steps"], done["steps"])
        self.assertEqual((0, None, 0), (done["damages"], done["version"], done["lost"]["commits"]))
        self.assertEqual(want, self.rows())
        self.tidemill("table", "check", "t", "--deep", "--history")

    def test_newer_files_are_lost(self):
        self.run_days(1, 2, 3)
        self.tidemill("table", "clone", "t", "copy")
        want = self.rows()
        self.run_days(4, 5)
        self.data(4)[0].unlink()
        self.data(1)[0].unlink()
        ways = self.json("recover", "plan", "t")["ways"]
        self.assertEqual([2], [way["version"] for way in ways])
        done = self.json("recover", "run", "t", "--yes")
        self.assertEqual((0, 2), (done["damages"], done["lost"]["commits"]))
        self.assertEqual(want, self.rows())
        self.run_days(1)  # is in the table: nothing is written
        self.assertEqual(want, self.rows())
        self.tidemill("run", "job.yaml", "--window", "2024-01-04", "--again")
        self.assertEqual("200", self.rows()[0])

    def test_an_earlier_version(self):
        self.run_days(1, 2, 3)
        self.data(3)[0].unlink()
        ways = self.json("recover", "plan", "t")["ways"]
        self.assertEqual([(None, 1, 1)], [(way["copy"], way["version"], way["lost"]["commits"]) for way in ways])
        self.assertIn("would restore", self.tidemill("recover", "run", "t", "--version", "1"))
        self.tidemill("recover", "run", "t", "--version", "1", "--yes")
        self.assertEqual("100", self.rows()[0])

    def test_the_log_is_lost(self):
        self.run_days(1, 2, 3)
        self.tidemill("table", "clone", "t", "copy")
        want = self.rows()
        self.run_days(4)
        first = self.folder / "t" / "_delta_log" / f"{1:020}.json"
        first.write_bytes(b"")
        plan = self.json("recover", "plan", "t")
        self.assertEqual((None, 50), (plan["version"], plan["ways"][0]["lost"]["rows"]))  # by the ledger
        done = self.json("recover", "run", "t", "--yes")
        self.assertEqual((0, 0), (done["damages"], done["version"]))
        self.assertEqual(want, self.rows())
        self.run_days(1, 2, 3)  # the new log knows of them
        self.assertEqual(want, self.rows())
        self.run_days(4)
        self.assertEqual("200", self.rows()[0])
        self.assertTrue((self.folder / "t" / "_delta_log" / "_set_aside" / f"{3:020}.json.aside").exists())
        # All of it gone.
        self.tidemill("table", "clone", "t", "copy2")
        want = self.rows()
        shutil.rmtree(self.folder / "t")
        self.json("recover", "run", "t", "--clone", "copy2", "--yes")
        self.assertEqual(want, self.rows())
        self.run_days(1, 4)
        self.assertEqual(want, self.rows())

    def test_ledger(self):
        self.run_days(1, 2)
        self.tidemill("table", "clone", "t", "copy")
        want = [(run["run_key"], run["attempt"], run["version"], run["rows_written"], run["files_written"], run["window"], run["outcome"]) for run in self.json("runs", "ls")]
        self.tidemill("runs", "backup", "backup.db")
        self.assertIn("there already", self.tidemill("runs", "backup", "backup.db", code=1))
        self.assertEqual(self.json("runs", "ls"), self.json("runs", "ls", "--state", "backup.db"))
        self.assertEqual(1, len(self.json("recover", "plan", "t", "--state", "backup.db")["ways"]))
        shutil.rmtree(self.folder / ".tidemill")
        self.assertEqual({"commits": 2, "added": 2}, self.json("runs", "rebuild", "t"))
        self.assertEqual({"commits": 2, "added": 0}, self.json("runs", "rebuild", "t"))
        again = [(run["run_key"], run["attempt"], run["version"], run["rows_written"], run["files_written"], run["window"], run["outcome"]) for run in self.json("runs", "ls")]
        self.assertEqual(want, again)
        self.run_days(2)  # the table decides, whatever the ledger knows
        self.assertEqual("100", self.rows()[0])


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
