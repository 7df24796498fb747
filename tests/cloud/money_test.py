#!/usr/bin/env python3
"""`storage apply|report` and `cost opportunities` against the doubles."""
import json
import time
import unittest
import urllib.parse

from doubles import CloudTest

DAY_MS = 86_400_000
MB = 1 << 20
SCHEMA = {"type": "struct", "fields": [{"name": n, "type": "integer", "nullable": True, "metadata": {}} for n in "ad"]}


class MoneyTest(CloudTest):
    def table(self, files, removed=()):
        """{path: (bytes, age in days)}; the objects hold less than they say."""
        now = int(time.time() * 1000)
        lines = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                 {"metaData": {"id": "t", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(SCHEMA),
                               "partitionColumns": ["d"], "configuration": {}}}]
        for path, (size, age) in files.items():
            lines.append({"add": {"path": path, "partitionValues": {"d": path[2]}, "size": size,
                                  "modificationTime": now - age * DAY_MS, "dataChange": True}})
            self.s3.store(f"lake/t/{urllib.parse.unquote(path)}", b"x")
        for path in removed:
            lines.append({"remove": {"path": path, "deletionTimestamp": now - DAY_MS, "dataChange": True, "size": MB}})
            self.s3.store(f"lake/t/{path}", b"x")
        self.s3.store(f"lake/t/_delta_log/{0:020}.json", "".join(json.dumps(line) + "\n" for line in lines).encode())

    def test_files_move_to_their_class_and_nothing_else_does(self):
        self.table({"d=1/a": (400 * MB, 1), "d=2/a": (400 * MB, 40), "d=3/a": (400 * MB, 100), "d=3/b": (1000, 100),
                    "d=4/a%20b": (400 * MB, 100)}, removed=["d=3/old"])
        dry = self.tidemill("storage", "apply", "s3://lake/t", "--dry-run")
        self.assertIn("0 of 3 files moved", dry)
        self.assertEqual({}, self.s3.classes)
        report = json.loads(self.tidemill("storage", "report", "s3://lake/t", "--json"))
        self.assertEqual({"STANDARD": {"files": 5, "bytes": 1600 * MB + 1000}}, report["classes"])
        self.assertEqual(3, report["files_to_move"])
        self.assertIn("3 of 3 files moved", self.tidemill("storage", "apply", "s3://lake/t"))
        self.assertEqual({"lake/t/d=2/a": "STANDARD_IA", "lake/t/d=3/a": "GLACIER", "lake/t/d=4/a b": "GLACIER"}, self.s3.classes)
        self.assertIn("all lie where the plan has them", self.tidemill("storage", "report", "s3://lake/t"))
        self.assertIn("0 of 0 files", self.tidemill("storage", "apply", "s3://lake/t"))
        # A colder class than the plan's stays: nobody pays to bring it back.
        self.s3.classes["lake/t/d=1/a"] = "DEEP_ARCHIVE"
        self.assertIn("0 of 0 files", self.tidemill("storage", "apply", "s3://lake/t"))
        self.assertIn("is not on s3://", self.tidemill("storage", "report", "t", code=2))

    def test_what_fails_goes_on(self):
        self.table({f"d={n}/a": (400 * MB, 100) for n in range(1, 6)})
        copies = []

        def faults(number, method, key):
            if method != "PUT":
                return None
            copies.append(key)
            return "403" if len(copies) == 3 else "500after" if len(copies) == 1 else None

        self.s3.faults = faults
        self.assertIn("allow s3:PutObject in their policy", self.tidemill("storage", "apply", "s3://lake/t", code=1))
        self.assertIn("files moved", self.tidemill("storage", "apply", "s3://lake/t"))
        self.assertEqual(["GLACIER"] * 5, list(self.s3.classes.values()))

    def test_an_archived_file_says_what_to_do(self):
        self.s3.store("lake/in/a.csv", b"a\n1\n")
        self.s3.classes["lake/in/a.csv"] = "GLACIER"
        said = self.tidemill("sql", "-e", "SELECT * FROM csv.`s3://lake/in/a.csv`", code=1)
        self.assertIn("it lies in an archive; restore it first", said)

    def test_opportunities_measured_and_computed(self):
        (self.folder / "cluster.yaml").write_text(
            "cluster: etl\nlog_uri: s3://logs/emr/\ncore: {type: r4.2xlarge, min: 3}\ntask: {spot: 50%}\nscaling: {max_nodes: 12}\n")
        (self.folder / "new.yaml").write_text("cluster: new\nlog_uri: s3://logs/emr/\nscaling: {max_nodes: 12}\n")
        self.table({"d=1/a": (400 * MB, 100)} | {f"d=2/{n}": (MB, 1) for n in range(20)})
        (self.folder / "in").mkdir()
        (self.folder / "in/a.csv").write_text("id,name\n" + "1,the same again\n" * 10000)
        found = json.loads(self.tidemill("cost", "opportunities", "--cluster", "cluster.yaml", "--table", "s3://lake/t",
                                         "--text", "in", "--json"))
        self.assertEqual({"old generation", "missing lifecycle", "inefficient format", "spot share too low"} - {"spot share too low"},
                         {o["kind"] for o in found} - {"spot share too low"})
        self.assertTrue(all(o["monthly_dollars"] > 0 and o["command"] for o in found))
        self.assertEqual(sorted((o["monthly_dollars"] for o in found), reverse=True), [o["monthly_dollars"] for o in found])
        self.tidemill("cluster", "create", "new.yaml")
        cluster = next(iter(self.aws.account.active().values()))
        cluster["fleets"]["CORE"]["on_demand"] = 8
        self.aws.start_seconds = 0
        self.aws.metric = lambda name, of: {"IsIdle": 0.6, "YARNMemoryAvailablePercentage": 80.0}.get(name, 6.0)
        self.aws.services["elasticmapreduce"].count(cluster)
        self.aws.services["elasticmapreduce"].count(cluster)
        found = {o["kind"]: o for o in json.loads(self.tidemill("cost", "opportunities", "--cluster", "new.yaml", "--measure", "--json"))}
        self.assertEqual({"underused nodes", "long idle cluster", "wrong instance type"}, set(found))
        self.assertEqual("tidemill cluster resize new.yaml 3", found["underused nodes"]["command"])
        self.assertIn("60 % of 14 days", found["long idle cluster"]["why"])
        self.assertTrue(all(o["from"] == "measured" for o in found.values()))
        self.assertIn("a month", self.tidemill("cost", "opportunities", "--cluster", "new.yaml", "--measure"))
        self.assertIn("say where to look", self.tidemill("cost", "opportunities", code=2))


if __name__ == "__main__":
    unittest.main()
