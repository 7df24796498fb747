#!/usr/bin/env python3
"""`tidemill storage plan` and `tidemill cost report` as a user meets them."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402

DAY_MS = 86_400_000
GB = 1 << 30


class StorageCostTest(FolderTest):
    def table(self, files):
        """A table's log alone: {path: (bytes, age in days)}."""
        now = int(time.time() * 1000)
        log = self.folder / "t/_delta_log"
        log.mkdir(parents=True)
        schema = {"type": "struct", "fields": [{"name": n, "type": "integer", "nullable": True, "metadata": {}} for n in "ad"]}
        lines = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                 {"metaData": {"id": "8a8a8a8a-0000-4000-8000-000000000000", "format": {"provider": "parquet", "options": {}},
                               "schemaString": json.dumps(schema), "partitionColumns": ["d"], "configuration": {}}}]
        lines += [{"add": {"path": path, "partitionValues": {"d": path[2]}, "size": size,
                           "modificationTime": now - age * DAY_MS, "dataChange": True}} for path, (size, age) in files.items()]
        (log / "00000000000000000000.json").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def test_partitions_by_age(self):
        self.table({"d=1/a": (GB, 1), "d=2/a": (GB, 40), "d=3/a": (GB, 100), "d=3/b": (1000, 100)})
        plan = json.loads(self.tidemill("storage", "plan", "t", "--json"))
        self.assertEqual(["STANDARD", "STANDARD_IA", "GLACIER", "STANDARD"], [p["class"] for p in plan["parts"]])
        self.assertAlmostEqual(3 * 0.023, plan["monthly_now"], places=6)
        self.assertAlmostEqual(0.023 + 0.0125 + 0.0036, plan["monthly_then"], places=5)
        self.assertIn("needs a restore first", self.tidemill("storage", "plan", "t"))
        rules = json.loads(self.tidemill("storage", "plan", "t", "--rules"))["Rules"]
        self.assertEqual(2, len(rules))
        self.assertTrue(all("_delta_log" not in r["Filter"]["And"]["Prefix"] for r in rules))
        other = json.loads(self.tidemill("storage", "plan", "t", "--json", "--infrequent-after", "1h", "--archive-after", "2h"))
        self.assertEqual("GLACIER", other["parts"][0]["class"])
        self.assertIn("must be longer", self.tidemill("storage", "plan", "t", "--archive-after", "1d", code=2))
        self.tidemill("storage", "plan", "none", code=1)

    def test_the_report_says_what_is_known_and_from_where(self):
        scores = {s["what"]: s for s in json.loads(self.tidemill("cost", "report", "--json"))}
        self.assertTrue(all(s["value"] is None for s in scores.values()))
        self.table({"d=1/a": (GB, 1), "d=3/a": (3 * GB, 100)})
        (self.folder / "in.csv").write_text("a\n" + "1\n" * 1000)
        self.tidemill("convert", "in.csv", "out")
        text = self.tidemill("cost", "report", "--table", "t", "--simulate", "--investment", "1000", "--json")
        scores = {s["what"]: s for s in json.loads(text)}
        storage = scores["storage cost by lifecycle"]
        self.assertAlmostEqual(1 - (0.023 + 3 * 0.0036) / (4 * 0.023), storage["value"], places=4)
        self.assertTrue(storage["met"])
        self.assertIn("simulated", scores["compute cost by spot and scaling"]["from"])
        self.assertIsNotNone(scores["paid back"]["value"])
        self.assertIn("not known", self.tidemill("cost", "report", "--state", "none.db"))


if __name__ == "__main__":
    unittest.main()
