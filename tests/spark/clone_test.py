#!/usr/bin/env python3
"""Clones and repaired tables, read by real Spark and by delta-rs; CREATE TABLE ... CLONE with Spark's columns and errors."""
import json
import os
import pathlib
import re
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import session as oracle  # noqa: E402

import deltalake  # noqa: E402

MAKE = ["CREATE TABLE {name} (id BIGINT, p STRING, v DECIMAL(10,2)) USING delta PARTITIONED BY (p) LOCATION '{folder}' TBLPROPERTIES ({properties})",
        "INSERT INTO {name} SELECT id, CASE WHEN id % 3 = 0 THEN 'a b/c%d' WHEN id % 3 = 1 THEN 'é' END, CAST(id AS DECIMAL(10,2)) / 4 FROM range(0, 30)",
        "INSERT INTO {name} VALUES (1000, 'z', NULL)", "DELETE FROM {name} WHERE id IN (4, 6)"]
VECTORS = "'delta.enableDeletionVectors' = 'true'"
PLAIN = "'kept' = 'here'"
FIGURES = ["source_table_size", "source_num_of_files", "num_removed_files", "num_copied_files", "removed_files_size", "copied_files_size"]


class CloneTest(oracle.SparkTest):
    def sql(self, *statements, fails=None):
        """The last one's rows, as text."""
        return self.ours(*statements, fails=fails)[-1]["rows"]

    def count(self, table, more=""):
        return int(self.sql(f"SELECT count(*) FROM delta.`{self.folder / table}` {more}")[0][0])

    def make(self, name="src", properties=PLAIN):
        self.sql(*(line.format(name=name, folder=self.folder / name, properties=properties) for line in MAKE))

    def by_spark(self, folder):
        return self.key(tuple(row) for row in self.spark.read.format("delta").load(str(self.folder / folder)).collect())

    def by_delta_rs(self, folder):
        table = deltalake.DeltaTable(str(self.folder / folder)).to_pyarrow_table().select(["id", "p", "v"])
        return self.key(tuple(row.values()) for row in table.to_pylist())

    def key(self, rows):
        return sorted(rows, key=str)

    def test_clones_read_by_others(self):
        for properties in (PLAIN, VECTORS):
            with self.subTest(properties):
                name = "s" + str(len(properties))
                self.make(name, properties)
                want = self.by_spark(name)
                self.assertEqual(29, len(want))
                for kind in ("deep", "shallow"):
                    clone = f"{kind}_{name}"
                    told = self.ours(f"CREATE TABLE {clone} {kind.upper()} CLONE {name} LOCATION '{self.folder / clone}'")[-1]
                    self.assertEqual(FIGURES, re.findall(r"(\w+):", str(told["schema"])))
                    self.assertEqual(want, self.by_spark(clone))
                    self.assertEqual(29, self.count(clone))
                    if properties == PLAIN and kind == "deep":  # delta-rs reads no deletion vectors
                        self.assertEqual(want, self.by_delta_rs(clone))
                    # Spark and we change the clone in turn; the source stays as it was.
                    place = f"delta.`{self.folder / clone}`"
                    self.spark.sql(f"DELETE FROM {place} WHERE id = 9")
                    self.spark.sql(f"INSERT INTO {place} VALUES (2000, 'z', 1)")
                    self.sql(f"UPDATE {place} SET v = 7 WHERE id IN (1000, 12)", f"DELETE FROM {place} WHERE id = 3")
                    self.spark.sql(f"UPDATE {place} SET v = 8 WHERE id = 15")
                    self.assertEqual(28, self.count(clone))
                    sums = "SELECT CAST(sum(id) AS STRING), CAST(sum(v) AS STRING) FROM " + place
                    self.assertEqual([list(self.spark.sql(sums).collect()[0])], self.sql(sums))
                    self.tidemill("table", "check", clone, "--deep", "--history")
                self.assertEqual(want, self.by_spark(name))
                self.tidemill("table", "check", name, "--deep", "--history")

    def test_what_delta_rs_says_of_shallow_clones(self):
        """It reads Spark's and ours alike: what it cannot do is its own."""
        self.make()
        self.sql(f"CREATE TABLE ours SHALLOW CLONE src LOCATION '{self.folder / 'ours'}'")
        self.spark.sql(f"CREATE TABLE delta.`{self.folder / 'theirs'}` SHALLOW CLONE delta.`{self.folder / 'src'}`")
        answers = []
        for clone in ("ours", "theirs"):
            try:
                answers.append(self.key(self.by_delta_rs(clone)))
            except Exception as error:  # noqa: BLE001
                answers.append(type(error).__name__)
        self.assertEqual(answers[0], answers[1])

    def test_errors_and_figures_as_in_spark(self):
        """In Spark's and in our catalog the same: source, view and clones."""
        self.make()
        base = self.folder
        self.spark.sql(f"CREATE TABLE src USING delta LOCATION '{base / 'src'}'")
        for run in (self.spark.sql, self.sql):
            run("CREATE VIEW v AS SELECT 1 AS a")
        try:
            for text in ("CREATE TABLE a SHALLOW CLONE src", "CREATE TABLE a SHALLOW CLONE src", "CREATE TABLE IF NOT EXISTS a SHALLOW CLONE src",
                         "REPLACE TABLE nosuch SHALLOW CLONE src", "CREATE TABLE b SHALLOW CLONE nosuch", "CREATE TABLE b SHALLOW CLONE v",
                         "CREATE TABLE b SHALLOW CLONE src VERSION AS OF 1 TBLPROPERTIES ('x' = 'y')",
                         "CREATE TABLE c CLONE src", "CREATE TABLE c SHALLOW CLONE src PARTITIONED BY (id)"):
                with self.subTest(text):
                    error = None
                    try:
                        frame = self.spark.sql(text)
                        want = [list(map(str, row)) for row in frame.collect()]
                    except Exception as raised:  # noqa: BLE001
                        error = oracle.error_of(raised)[0]
                    if error is None:
                        self.assertEqual(want, self.sql(text))
                    else:
                        self.sql(text, fails=error)
        finally:
            self.spark.sql("DROP VIEW v")
            for name in ("src", "a", "b"):
                self.spark.sql(f"DROP TABLE IF EXISTS {name}")

    def test_versions_and_replacing(self):
        self.make()
        self.sql(f"CREATE TABLE old DEEP CLONE src VERSION AS OF 1 LOCATION '{self.folder / 'old'}'")
        self.assertEqual(30, len(self.by_spark("old")))
        self.sql("CREATE OR REPLACE TABLE old DEEP CLONE src")
        self.assertEqual(29, len(self.by_delta_rs("old")))
        self.sql("CREATE OR REPLACE TABLE old DEEP CLONE src VERSION AS OF 1", fails=True)
        self.sql("INSERT INTO old VALUES (5000, 'z', 1)", "CREATE OR REPLACE TABLE old DEEP CLONE src")  # what was written to it is gone
        self.assertEqual(29, len(self.by_delta_rs("old")))

    def test_vacuum_of_the_source_keeps_what_a_clone_needs(self):
        for properties in (PLAIN, VECTORS):
            with self.subTest(properties):
                name = "v" + str(len(properties))
                clone = "c" + name
                self.make(name, properties)
                self.tidemill("table", "clone", name, clone, "--shallow")
                want = self.by_spark(clone)
                self.sql(f"UPDATE {name} SET v = 0", f"OPTIMIZE {name}")
                vacuum = ["table", "vacuum", name, "--retain", "0", "--force", "--delete"]
                self.tidemill(*vacuum)
                self.assertEqual(want, self.by_spark(clone))
                self.assertEqual(29, self.count(clone))
                # A clone that cannot be read stops the vacuum; one that is gone does not.
                first = self.folder / clone / "_delta_log" / f"{0:020}.json"
                whole = first.read_bytes()
                first.write_bytes(b"")
                self.assertIn("shallow clone", self.tidemill(*vacuum, code=1))
                first.write_bytes(whole)
                files = len(list((self.folder / name).rglob("*.parquet")))
                shutil.rmtree(self.folder / clone)
                self.tidemill(*vacuum)
                self.assertLess(len(list((self.folder / name).rglob("*.parquet"))), files)

    def test_a_clone_its_source_does_not_know(self):
        self.make()
        self.spark.sql(f"CREATE TABLE delta.`{self.folder / 'theirs'}` SHALLOW CLONE delta.`{self.folder / 'src'}`")
        for checkpoint in (self.folder / "theirs" / "_delta_log").glob("*checkpoint*"):
            checkpoint.unlink()
        self.sql(f"SELECT count(*) FROM delta.`{self.folder / 'theirs'}`", fails=True)
        self.assertIn("bad-path", self.tidemill("table", "check", "theirs", code=1))
        self.make("other")
        self.tidemill("table", "clone", "other", "own", "--shallow")
        sources = self.folder / "own" / "_delta_log" / "_clone_sources.json"
        (self.folder / "theirs" / "_delta_log" / sources.name).write_text(sources.read_text().replace("/other", "/src"))
        self.sql(f"SELECT count(*) FROM delta.`{self.folder / 'theirs'}`", fails=True)  # it says so by itself: that does not count
        shutil.copytree(self.folder / "own", self.folder / "moved")  # nor does a copy of one that its source knows
        self.sql(f"SELECT count(*) FROM delta.`{self.folder / 'moved'}`", fails=True)

    def test_repaired_tables_read_by_others(self):
        self.make()
        lost = next((self.folder / "src").glob("p=a*/*.parquet"))
        lost.unlink()
        log = self.folder / "src" / "_delta_log"
        (log / "_last_checkpoint").write_text('{"version": 2, "size": 1}')
        self.tidemill("table", "check", "src", "--repair", "--yes")
        self.assertEqual(self.key(self.by_spark("src")), self.key(self.by_delta_rs("src")))
        self.assertEqual(len(self.by_spark("src")), self.count("src"))
        newest = max(log.glob("*.json"))
        torn = log / f"{int(newest.stem) + 1:020}.json"
        torn.write_text('{"add":{"pa')
        os.utime(torn, (1, 1))
        self.tidemill("table", "check", "src", "--repair", "--yes")
        self.assertEqual(self.key(self.by_spark("src")), self.key(self.by_delta_rs("src")))
        for version in sorted(log.glob("*.json")):  # a lie about the greatest id, which costs others rows
            lines = [json.loads(line) for line in version.read_text().splitlines()]
            for line in lines:
                if "add" in line and line["add"]["partitionValues"]["p"] == "z":
                    line["add"]["stats"] = line["add"]["stats"].replace("1000", "1")
            version.write_text("".join(json.dumps(line) + "\n" for line in lines))
        find = f"SELECT count(*) FROM delta.`{self.folder / 'src'}` WHERE id = 1000"
        self.tidemill("table", "check", "src", "--deep", "--repair", "--yes")
        self.assertEqual(1, self.spark.sql(find).collect()[0][0])


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
