#!/usr/bin/env python3
"""tidemill table clone, optimize --zorder and --cluster, check --history, changes: by their own words and by the rows."""
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402


class TableTest(FolderTest):
    def sql(self, *statements):
        return self.tidemill("sql", "--warehouse", "wh", "--output", "tsv", "-e", ";".join(statements))

    def table(self, what, *words, code=0):
        return json.loads(self.tidemill("table", what, *words, "--json", code=code))

    def same(self, one, other):
        self.tidemill("diff", one, other)

    def test_clone(self):
        self.sql("CREATE TABLE t (id BIGINT, p STRING) USING delta PARTITIONED BY (p) LOCATION 't' TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
                 *(f"INSERT INTO t SELECT id, CAST(id % 2 AS STRING) FROM range({n * 100}, {n * 100 + 100})" for n in range(3)), "DELETE FROM t WHERE id = 7")
        first = self.table("clone", "t", "copy")
        self.assertEqual((4, 0, 0), (first["source_version"], first["version"], first["files_kept"]))
        self.assertGreater(first["files_copied"], 5)
        self.same("t", "copy")
        self.assertEqual(-1, self.table("clone", "t", "copy")["version"])
        self.sql("INSERT INTO t VALUES (1000, '1')", "DELETE FROM t WHERE id = 8")
        second = self.table("clone", "t", "copy")
        self.assertEqual((6, 1), (second["source_version"], second["version"]))
        self.assertLess(second["files_copied"], 4)  # what came since
        self.same("t", "copy")
        self.assertIn("later", self.tidemill("table", "clone", "t", "copy", "--version", 3, code=1))
        self.table("check", "copy", "--history")
        # An attempt that was killed before its commit: its files are found, what it wrote wrongly is written again.
        shutil.rmtree(self.folder / "copy" / "_delta_log")
        broken = next((self.folder / "copy").glob("p=1/*.parquet"))
        broken.write_bytes(broken.read_bytes()[:-1] + b"x")
        again = self.table("clone", "t", "copy")
        self.assertEqual(1, again["files_copied"])
        self.assertGreater(again["files_found"], 5)
        self.same("t", "copy")
        self.sql("CREATE TABLE u (id INT) USING delta LOCATION 'u'")
        self.assertIn("no clone", self.tidemill("table", "clone", "t", "u", code=1))
        # A source whose file is shorter than its log says is not cloned.
        cut = next((self.folder / "t").glob("p=0/*.parquet"))
        cut.write_bytes(cut.read_bytes()[:-1])
        self.assertIn("the log says", self.tidemill("table", "clone", "t", "other", code=1))

    def test_curves(self):
        self.sql("CREATE TABLE t (x INT, y INT) USING delta LOCATION 't'",
                 *(f"INSERT INTO t SELECT CAST(id % 1600 AS INT), CAST(id DIV 1600 AS INT) FROM range({n}, 2560000, 4)" for n in range(4)))
        self.sql("CREATE TABLE kept USING delta LOCATION 'kept' AS SELECT * FROM t")
        for words in (["--zorder", "x,y"], ["--cluster", "x,y"]):
            done = self.table("optimize", "t", *words, "--target", "300KB")
            self.assertGreater(done["files_after"], 4)
            self.assertEqual(2560000, done["rows"])
            self.assertLess(max(file["bytes"] for file in self.table("files", "t")), 1.5 * 300e3, words)
            self.same("t", "kept")
            self.assertEqual(0, self.table("optimize", "t", *words, "--target", "300KB")["files_before"])
            live = {file["path"] for file in self.table("files", "t")}
            shares = []  # of the plane that a file covers: files that lie apart answer a query of both columns
            for add in (json.loads(line)["add"] for line in self.log("t") if line.startswith('{"add"')):
                if add["path"] in live:
                    low, high = json.loads(add["stats"])["minValues"], json.loads(add["stats"])["maxValues"]
                    shares.append((high["x"] - low["x"] + 1) * (high["y"] - low["y"] + 1) / 2560000)
            self.assertLess(sum(shares), len(shares) / 2, (words, shares))
        self.assertIn("no column", self.tidemill("table", "optimize", "t", "--zorder", "nope", code=2))

    def log(self, table):
        for commit in sorted((self.folder / table / "_delta_log").glob("*.json")):
            yield from commit.read_text().splitlines()

    def test_history(self):
        self.sql("CREATE TABLE t (id BIGINT) USING delta LOCATION 't'", *(f"INSERT INTO t VALUES ({n})" for n in range(4)), "DELETE FROM t WHERE id = 2")
        told = self.table("check", "t", "--history")
        self.assertEqual((0, []), (told["damages"], [f for f in told["findings"] if not f["harmless"]]))
        commit = self.folder / "t" / "_delta_log" / f"{6:020}.json"
        commit.write_text((self.folder / "t" / "_delta_log" / f"{2:020}.json").read_text())
        kinds = {finding["kind"] for finding in self.table("check", "t", "--history", code=1)["findings"]}
        self.assertIn("double-add", kinds)

    def test_changes(self):
        self.sql("CREATE TABLE t (id BIGINT) USING delta LOCATION 't' TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", "INSERT INTO t VALUES (1), (2)",
                 "UPDATE t SET id = 3 WHERE id = 2")
        lines = [line.split("\t")[:3] for line in self.tidemill("table", "changes", "t", "--from", 0, "--output", "tsv").splitlines()]
        self.assertEqual([["1", "insert", "1"], ["2", "insert", "1"], ["2", "update_preimage", "2"], ["3", "update_postimage", "2"]], sorted(lines))
        self.assertEqual(2, len(self.tidemill("table", "changes", "t", "--from", 1, "--to", 1, "--output", "tsv").splitlines()))


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
