#!/usr/bin/env python3
"""Every way a run writes a table, over every column type: Spark does the same to a table of its own, and the two hold the
same rows, read by Spark, by delta-rs and by us. Then Spark writes into our table, and we read it back."""
import json
import re
import sys
import unittest

import pyarrow.parquet

import compare
import rows_of_every_type
import session as oracle

KEYS = ["id"]


class Both:
    """A table of ours and one of Spark's, to which the same is done."""

    def __init__(self, spark, folder, partition_by):
        self.spark, self.folder, self.partition_by, self.runs = spark, folder, partition_by, 0
        self.ours, self.sparks = folder / "ours", folder / "sparks"

    def batch(self, ids, **options):
        self.runs += 1
        file = self.folder / f"batch{self.runs}.parquet"
        rows_of_every_type.write(file, ids, self.runs, **options)
        return file

    def job(self, name, file, mode, sql="SELECT * FROM batch", checks=()):
        path = self.folder / f"{name}.yaml"  # JSON is YAML
        sink = {"path": str(self.ours), "mode": mode}
        sink |= {"partition_by": self.partition_by} if self.partition_by else {}
        path.write_text(json.dumps({
            "job": name, "sources": {"batch": {"format": "parquet", "path": str(file)}},
            "steps": [{"name": "rows", "sql": sql}], "checks": list(checks),
            "sink": sink | ({"keys": KEYS} if mode == "merge" else {})}))
        return path

    def run(self, mode, ids, **options):
        """One run of ours, and the same by Spark."""
        file = self.batch(ids, **options)
        told = oracle.tidemill(self.folder, "run", self.job(f"run{self.runs}", file, mode))
        getattr(self, mode)(self.spark.read.parquet(str(file)))
        return told

    def append(self, rows):
        rows.write.format("delta").mode("append").partitionBy(*self.partition_by).save(str(self.sparks))

    def overwrite(self, rows):
        rows.write.format("delta").mode("overwrite").save(str(self.sparks))

    def overwrite_partitions(self, rows):
        rows.write.format("delta").mode("overwrite").option("partitionOverwriteMode", "dynamic").save(str(self.sparks))

    def merge(self, rows):
        rows.createOrReplaceTempView("changes")
        same = " AND ".join(f"t.{key} = s.{key}" for key in KEYS)
        self.spark.sql(f"MERGE INTO delta.`{self.sparks}` t USING changes s ON {same} "
                       "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")

    def expected(self):
        return compare.by_spark(self.spark, self.sparks)


def read_by_us(folder, path, order_by="id"):
    """The rows as `spark-sql` prints them, in order."""
    told = oracle.tidemill(folder, "sql", "--output", "jsonl", "-e", f"SELECT * FROM delta.`{path}` ORDER BY {order_by}")
    answer = json.loads(told)
    return ["\t".join(row) for row in answer["rows"]]


def exponents(row):
    """Before 19, Java did not always write the shortest digits of a double (4.9E-324): the value counts, not its text."""
    return re.sub(r"-?\d\.\d+E-?\d+", lambda text: repr(float(text[0])), row)


class ModesTest(oracle.SparkTest):
    def agree(self, both, delta_rs=True):
        expected = both.expected()
        self.assertEqual([], compare.differences(expected, compare.by_spark(self.spark, both.ours)), "read by Spark")
        if delta_rs:
            with compare.by_delta_rs(self.spark, both.ours) as table:
                self.assertEqual([], compare.differences(expected, table), "read by delta-rs")
        rows = oracle.rows_as_text(self.spark, expected.orderBy("id"))
        for theirs, ours in zip(rows, read_by_us(self.folder, both.ours), strict=True):
            self.assertEqual(exponents(theirs), exponents(ours), "read by us")

    def test_every_mode_past_a_checkpoint(self):
        both = Both(self.spark, self.folder, ["p"])
        both.run("append", range(0, 60))
        both.run("append", range(60, 120))
        both.run("merge", range(100, 150))
        self.agree(both)
        both.run("overwrite_partitions", range(300, 330), partitions=("plain", "日本語", "a/b", None))
        self.agree(both)
        both.run("overwrite", range(1000, 1060))
        files = [both.batch(range(start, start + 4)) for start in range(2000, 2028, 4)]
        for number, file in enumerate(files):
            oracle.tidemill(self.folder, "run", both.job(f"small{number}", file, "append"))
        both.append(self.spark.read.parquet(*map(str, files)))
        log = both.ours / "_delta_log"
        self.assertTrue((log / "_last_checkpoint").exists())
        self.assertTrue(list(log.glob("*.checkpoint*.parquet")))
        for commit in list(log.glob("0000000000000000000[0-9].json")):
            commit.unlink()  # from here on only the checkpoint knows
        both.ours = both.ours.rename(self.folder / "checkpointed")  # a place of which Spark remembers nothing
        self.agree(both)

    def test_spark_writes_into_our_table(self):
        # Arrow cannot hold the year 9999 of Spark's default, INT96; that one is read below.
        self.spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        self.addCleanup(self.spark.conf.unset, "spark.sql.parquet.outputTimestampType")
        both = Both(self.spark, self.folder, ["p"])
        both.run("append", range(0, 60))
        both.run("append", range(60, 120))
        change = both.batch(range(100, 140))
        for table in (both.ours, both.sparks):
            name = f"delta.`{table}`"
            self.spark.read.parquet(str(change)).where("id >= 120").write.format("delta").mode("append").save(str(table))
            self.spark.sql(f"DELETE FROM {name} WHERE id % 7 = 0")
            self.spark.sql(f"UPDATE {name} SET text = 'changed' WHERE id % 5 = 0")
            self.spark.sql(f"MERGE INTO {name} t USING parquet.`{change}` s ON t.id = s.id "
                           "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
        self.agree(both)
        both.run("merge", range(90, 150))
        both.run("append", range(500, 520))
        self.agree(both)

    def test_we_read_spark_s_deletion_vectors_and_int96(self):
        both = Both(self.spark, self.folder, [])
        for table in (both.ours, both.sparks):
            empty = self.spark.read.parquet(str(both.batch(range(1)))).limit(0)
            empty.write.format("delta").option("delta.enableDeletionVectors", "true").save(str(table))
        both.run("append", range(0, 100))
        more = self.spark.read.parquet(str(both.batch(range(100, 150))))
        for table in (both.ours, both.sparks):
            name = f"delta.`{table}`"
            more.write.format("delta").mode("append").save(str(table))
            self.spark.sql(f"DELETE FROM {name} WHERE id % 3 = 0")
        self.assertIn("deletionVector", "".join(f.read_text() for f in (both.ours / "_delta_log").glob("*.json")))
        self.agree(both, delta_rs=False)
        both.run("append", range(200, 220))
        self.agree(both, delta_rs=False)

    def test_running_again_and_replacing(self):
        both = Both(self.spark, self.folder, ["q", "p"])
        first, other = both.batch(range(0, 50)), both.batch(range(50, 100))
        job = both.job("first", first, "append")
        oracle.tidemill(self.folder, "run", job)
        oracle.tidemill(self.folder, "run", both.job("other", other, "append"))
        self.assertIn("already committed", oracle.tidemill(self.folder, "run", job))
        oracle.tidemill(self.folder, "run", both.job("first", first, "append", "SELECT * FROM batch WHERE id % 2 = 0"), "--replace")
        both.append(self.spark.read.parquet(str(first)).where("id % 2 = 0"))
        both.append(self.spark.read.parquet(str(other)))
        self.agree(both)

    def test_quarantine(self):
        both = Both(self.spark, self.folder, ["p"])
        check = {"name": "known", "expression": "i8 IS NOT NULL AND i8 >= 0", "on_fail": "quarantine", "max_bad": "90%"}
        file = both.batch(range(0, 100))
        oracle.tidemill(self.folder, "run", both.job("checked", file, "append", checks=[check]))
        rows = self.spark.read.parquet(str(file))
        both.append(rows.where("i8 >= 0"))
        self.agree(both)
        kept = compare.by_spark(self.spark, f"{both.ours}_quarantine")
        bad = rows.where("NOT (i8 IS NOT NULL AND i8 >= 0)").selectExpr("id", "text", "f32", "f64", "p")
        found = kept.selectExpr("from_json(row, 'id BIGINT, text STRING, f32 FLOAT, f64 DOUBLE, p STRING') AS row").select("row.*")
        self.assertEqual([], compare.differences(bad, found))
        self.assertEqual({("known",)}, {tuple(row.reasons) for row in kept.select("reasons").collect()})
        with compare.by_delta_rs(self.spark, f"{both.ours}_quarantine") as table:
            self.assertEqual([], compare.differences(kept, table))

    def test_sorted_files(self):
        """Over many row groups and files of a partition, rows are in the sink's order, NULLs where Spark puts them."""
        for partition_by in ([], ["p"]):
            name = f"sorted{len(partition_by)}"
            sink = {"path": str(self.folder / name), "sort_by": ["h desc", "s"], "partition_by": partition_by}
            job = self.folder / f"{name}.yaml"
            job.write_text(json.dumps({
                "job": name, "sources": {"one": {"format": "text", "path": str(self.folder / "one.txt")}},
                "steps": [{"name": "rows", "sql": "SELECT if(id % 97 = 0, NULL, hash(id) % 1000) AS h, CAST(id AS STRING) AS s, id % 2 AS p "
                                                  "FROM one CROSS JOIN range(1200000)"}],
                "sink": {key: value for key, value in sink.items() if value}}))
            (self.folder / "one.txt").write_text("1\n")
            oracle.tidemill(self.folder, "run", job)
            files = [pyarrow.parquet.ParquetFile(path) for path in sorted((self.folder / name).rglob("*.parquet"))]
            self.assertGreater(max(file.metadata.num_row_groups for file in files), 3)
            self.assertEqual(1200000, sum(file.metadata.num_rows for file in files))
            for file in files:
                rows = list(zip(*(column.to_pylist() for column in file.read(["h", "s"]).columns)))
                self.assertEqual(rows, sorted(rows, key=lambda row: (row[0] is None, -(row[0] or 0), row[1])))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
