#!/usr/bin/env python3
"""`tidemill table optimize, restore, vacuum` on tables that real Spark and we have written: Spark, delta-rs and we read the same
rows before and after, and what is refused leaves the table as it was."""
import json
import pathlib
import sys
import unittest

import deltalake
import pyarrow.parquet

import compare
import rows_of_every_type
import session as oracle



class TableTest(oracle.SparkTest):
    def setUp(self):
        super().setUp()
        self.table = self.folder / "table"

    def change(self, what, *arguments, code=0):
        return json.loads(self.tidemill("table", what, self.table, "--json", *arguments, code=code))

    def rows(self, version=None):
        reader = self.spark.read.format("delta")
        return (reader if version is None else reader.option("versionAsOf", version)).load(str(self.table))

    def kept(self, frame):
        """The frame's rows, held fast: the table will change."""
        path = self.folder / f"kept{len(list(self.folder.glob('kept*')))}"
        frame.write.parquet(str(path))
        return self.spark.read.parquet(str(path))

    def agree(self, expected, delta_rs=True):
        self.assertEqual([], compare.differences(expected, self.rows()))
        if delta_rs:  # which knows no deletion vectors and no column mapping
            with compare.by_delta_rs(self.spark, self.table) as rows:
                self.assertEqual([], compare.differences(expected, rows))
        ours = self.folder / f"ours{len(list(self.folder.glob('ours*')))}"
        self.tidemill("convert", self.table, ours, "--from-format", "delta", "--format", "parquet")
        self.assertEqual([], compare.differences(expected, self.spark.read.parquet(str(ours))))

    def append(self, times, **options):
        for i in range(times):
            file = self.folder / f"batch{i}.parquet"
            rows_of_every_type.write(file, range(i * 20, i * 20 + 20), i)
            self.tidemill("convert", file, self.table, "--partition-by", "p", "--again")

    def test_optimize_restore_vacuum(self):
        self.append(5)
        before = self.kept(self.rows())
        planned = self.change("optimize", "--dry-run")
        self.assertEqual(-1, planned["version"])
        done = self.change("optimize")
        self.assertEqual((planned["files_before"], 5), (done["files_before"], done["version"]))
        self.assertLess(done["files_after"], done["files_before"])
        self.agree(before)
        self.assertEqual(0, self.change("optimize")["files_before"])
        commit = json.loads((self.table / "_delta_log" / f"{5:020}.json").read_text().splitlines()[-1])
        self.assertFalse(commit[next(iter(commit))].get("dataChange", False))

        early = self.kept(self.rows(2))
        told = self.change("restore", "--version", "2")
        self.assertEqual(2, told["restored"])
        self.assertEqual(2, len(told["applications"]))
        self.agree(early)
        self.change("restore", "--version", "5")
        self.agree(before)

        self.assertEqual([], self.change("vacuum")["files"])
        self.tidemill("table", "vacuum", self.table, "--retain", "1h", code=1)
        shown = self.change("vacuum", "--retain", "0", "--force")
        self.assertFalse(shown["removed"])
        self.assertTrue(all(pathlib.Path(file).exists() for file in shown["files"]))
        self.assertEqual(shown["files"], self.change("vacuum", "--retain", "0", "--force", "--delete")["files"])
        self.assertFalse(any(pathlib.Path(file).exists() for file in shown["files"]))
        self.agree(before)
        self.assertIn("can't be restored", self.tidemill("table", "restore", self.table, "--version", "2", code=1))
        self.agree(before)
        self.assertIn("VACUUM END", self.tidemill("table", "history", self.table))

    def test_deletion_vectors(self):
        """Rows that Spark deleted by a vector are gone after optimize as before, and vacuum keeps the vectors in use."""
        self.spark.sql(f"CREATE TABLE delta.`{self.table}` (id BIGINT, p STRING) USING delta PARTITIONED BY (p) "
                       "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
        self.spark.range(1000).selectExpr("id", "CAST(id % 3 AS STRING) AS p").repartition(1).write.format("delta").mode("append").save(str(self.table))
        self.spark.sql(f"DELETE FROM delta.`{self.table}` WHERE id % 7 = 0 AND p <> '2'")
        self.spark.sql(f"DELETE FROM delta.`{self.table}` WHERE id = 5")
        before = self.kept(self.rows())
        self.change("vacuum", "--retain", "0", "--force", "--delete")
        self.agree(before, delta_rs=False)
        done = self.change("optimize")
        self.assertEqual(2, done["files_before"])  # of p=2 one row in 333 is deleted: not worth it
        self.agree(before, delta_rs=False)
        self.assertEqual(1, sum(file["deletion_vector"] for file in self.change("files")))
        self.change("vacuum", "--retain", "0", "--force", "--delete")
        self.agree(before, delta_rs=False)
        self.spark.sql(f"INSERT INTO delta.`{self.table}` VALUES (5000, '1')")  # Spark goes on
        self.assertEqual(before.count() + 1, self.rows().count())

    def test_statements_of_the_log(self):
        """DESCRIBE HISTORY, OPTIMIZE and RESTORE as SQL: Spark's columns of a history, and the same versions in it."""
        def sql(*statements, code=0):
            return self.tidemill("sql", "--warehouse", self.folder, "--output", "jsonl", "--keep-going", "-e", ";".join(statements), code=code)

        sql(f"CREATE TABLE t (id BIGINT) USING delta LOCATION '{self.table}'", *(f"INSERT INTO t VALUES ({i})" for i in range(4)))
        optimized, restored = map(json.loads, sql("OPTIMIZE t", "RESTORE TABLE t TO VERSION AS OF 3").splitlines())
        self.assertIn('"numFilesRemoved":4', optimized["rows"][0][1])
        self.assertEqual("3", restored["rows"][0][1])  # files after
        self.agree(self.spark.range(3))
        ours = json.loads(sql("DESCRIBE HISTORY t"))
        theirs = self.spark.sql(f"DESCRIBE HISTORY delta.`{self.table}`")
        self.assertEqual(oracle.schema_of(theirs), ours["schema"])
        self.assertEqual([(str(row.version), row.operation) for row in theirs.collect()], [(row[0], row[4]) for row in ours["rows"]])
        self.assertEqual(2, len(json.loads(sql("DESCRIBE HISTORY t LIMIT 2"))["rows"]))

    def test_rows_marked_as_deleted(self):
        """DELETE, UPDATE and MERGE of a table with deletion vectors leave its files and mark rows; Spark reads and goes on."""
        def sql(*statements):
            return self.tidemill("sql", "--warehouse", self.folder, "-e", ";".join(statements))

        # No checkpoint: Delta 4.1.0 on Spark 4.1.4 cannot read the schema of one that it meets while a session is open.
        sql(f"CREATE TABLE t (id BIGINT, v STRING) USING delta LOCATION '{self.table}' "
            "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.checkpointInterval' = '100')",
            "INSERT INTO t SELECT id, CAST(id AS STRING) FROM range(0, 100000)", "INSERT INTO t VALUES (200000, 'alone')")
        files = set(self.table.glob("*.parquet"))
        sql("DELETE FROM t WHERE id % 3 = 0", "DELETE FROM t WHERE id = 200000", "DELETE FROM t WHERE id = 1")
        self.assertEqual(files, set(self.table.glob("*.parquet")))
        self.assertEqual(1, len(self.change("files")))  # whose last row is gone, the file is too
        self.spark.sql(f"DELETE FROM delta.`{self.table}` WHERE id = 2")
        sql("UPDATE t SET v = 'new' WHERE id BETWEEN 4 AND 8",
            "MERGE INTO t USING VALUES (4, 'merged'), (5, NULL), (300000, 'added') AS s(k, w) ON t.id = s.k "
            "WHEN MATCHED AND w IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET v = w WHEN NOT MATCHED THEN INSERT (id, v) VALUES (k, w)")
        expected = self.spark.sql(
            "SELECT id, CASE WHEN id = 4 THEN 'merged' WHEN id BETWEEN 4 AND 8 THEN 'new' ELSE CAST(id AS STRING) END AS v "
            "FROM range(0, 100000) WHERE id % 3 <> 0 AND id NOT IN (1, 2, 5) UNION ALL SELECT 300000, 'added'")
        self.agree(expected, delta_rs=False)
        self.change("vacuum", "--retain", "0", "--force", "--delete")
        self.agree(expected, delta_rs=False)
        self.change("optimize")
        self.agree(expected, delta_rs=False)

    def test_mapped_columns(self):
        """Tables whose files call their columns otherwise: made, renamed, cut and optimized here; Spark reads and goes on."""
        def sql(*statements, code=0):
            return self.tidemill("sql", "--warehouse", self.folder, "-e", ";".join(statements), code=code)

        for mode in ("name", "id"):
            self.table = self.folder / f"{mode}_mapped"
            nested = "named_struct('a', {0}, 'l', array(named_struct('x', 'q{0}', 'y', {0})), 'm', map('k', named_struct('z', {0})))"
            sql(f"CREATE TABLE {mode}_mapped (id BIGINT, s STRUCT<a: INT, l: ARRAY<STRUCT<x: STRING, y: INT>>, m: MAP<STRING, STRUCT<z: INT>>>, "
                f"p STRING) USING delta PARTITIONED BY (p) LOCATION '{self.table}' TBLPROPERTIES ('delta.columnMapping.mode' = '{mode}')",
                f"INSERT INTO {mode}_mapped VALUES (1, {nested.format(1)}, 'a b/c'), (2, NULL, NULL)",
                f"ALTER TABLE {mode}_mapped RENAME COLUMN id TO ident", f"ALTER TABLE {mode}_mapped RENAME COLUMN p TO part",
                f"ALTER TABLE {mode}_mapped ADD COLUMNS (late STRING)",
                f"INSERT INTO {mode}_mapped VALUES (3, {nested.format(3)}, 'u', 'late')")
            self.assertNotIn("id", pyarrow.parquet.read_schema(next(self.table.rglob("*.parquet"))).names)
            self.spark.sql(f"INSERT INTO delta.`{self.table}` (ident, s, part, late) VALUES (4, {nested.format(4)}, 'u', 'spark')")
            sql(f"ALTER TABLE {mode}_mapped DROP COLUMN late", f"UPDATE {mode}_mapped SET s = {nested.format(30)} WHERE ident = 3")
            expected = self.spark.sql(f"SELECT CAST(id AS BIGINT) AS ident, s, part FROM VALUES (1, {nested.format(1)}, 'a b/c'), (2, NULL, NULL), "
                                      f"(3, {nested.format(30)}, 'u'), (4, {nested.format(4)}, 'u') AS t(id, s, part)")
            self.agree(expected, delta_rs=False)
            self.assertGreater(self.change("optimize")["files_before"], 0)
            self.agree(expected, delta_rs=False)
            self.assertIn("DELTA_UNSUPPORTED_COLUMN_MAPPING_MODE_CHANGE",
                          sql(f"ALTER TABLE {mode}_mapped SET TBLPROPERTIES ('delta.columnMapping.mode' = 'none')", code=2))

    def test_what_is_not_written_here_is_refused(self):
        self.spark.sql(f"CREATE TABLE delta.`{self.table}` (id BIGINT, p STRING) USING delta CLUSTER BY (p)")
        for i in range(3):
            self.spark.sql(f"INSERT INTO delta.`{self.table}` VALUES ({i}, 'a b/c'), ({i}, NULL)")
        before = self.kept(self.rows())
        files = sorted(self.table.rglob("*.parquet"))
        self.assertIn("clustering", self.tidemill("table", "optimize", self.table, code=2))
        self.assertEqual(files, sorted(self.table.rglob("*.parquet")))  # what was written before the refusal is gone
        self.agree(before, delta_rs=False)

    def test_refusals(self):
        self.append(1)
        self.assertIn("not partitioned by", self.tidemill("table", "optimize", self.table, "--where", "id=1", code=2))
        self.assertIn("COLUMN=VALUE", self.tidemill("table", "optimize", self.table, "--where", "id", code=2))
        self.assertIn("--version", self.tidemill("table", "restore", self.table, code=2))
        self.tidemill("table", "restore", self.table, "--version", "9", code=1)
        self.tidemill("table", "vacuum", self.folder, code=1)
        self.assertEqual(0, deltalake.DeltaTable(self.table).version())


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
