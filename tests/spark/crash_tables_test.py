#!/usr/bin/env python3
"""What runs leave that died or failed at their storage operations and ran again (tests/crash_test.cc) holds the same rows
for delta-rs and for real Spark: each row once, quarantined ones too.

delta-rs reads every table; Spark every 25th, in the full form (TIDEMILL_FULL), in which every operation is struck, all.
"""
import collections
import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import deltalake
from pyspark.sql.functions import lit

import session as oracle

AT_ONCE = 30
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CRASH_TEST = ROOT / "build" / "release" / "crash_test"
REPLACED = [(1, 10), (2, 20), (3, 33), (4, 40), (6, 60)]
ROWS = {
    "append": [(1, 10), (2, 20), (3, 30), (3, 33), (4, 40), (6, 60)],
    "overwrite": [(3, 33), (4, 40), (6, 60)],
    "overwrite_partitions": REPLACED,
    "merge": REPLACED,
}
REASONS = ["malformed", "positive"]


def ids_and_amounts(rows):
    return sorted((int(row["id"]), int(row["amount"])) for row in rows)


def reasons(rows):
    return sorted(reason for row in rows for reason in row["reasons"])


def by_place(spark, places, name):
    """place -> rows of its table, all read by one query of Spark."""
    frames = [spark.read.format("delta").load(str(place / name)).withColumn("_place", lit(str(place))) for place in places]
    rows = collections.defaultdict(list)
    for row in functools.reduce(lambda one, other: one.unionByName(other), frames).collect():
        rows[row["_place"]].append(row)
    return rows


class CrashTablesTest(unittest.TestCase):
    def held(self, name, rows, quarantined):
        self.assertEqual(ROWS[name.split("/")[0]], ids_and_amounts(rows), name)
        self.assertEqual(REASONS, reasons(quarantined), name)

    def test_every_reader(self):
        every = 1 if os.environ.get("TIDEMILL_FULL") else 25
        with tempfile.TemporaryDirectory() as temporary:
            kept = pathlib.Path(temporary)
            subprocess.run([CRASH_TEST, "--gtest_brief=1"], env=os.environ | {"TIDEMILL_CRASH_TABLES": str(kept)}, check=True)
            places = sorted(kept.glob("*/*"))
            self.assertEqual(set(ROWS), {place.parent.name for place in places})
            for place in places:
                read = [deltalake.DeltaTable(place / name).to_pyarrow_table().to_pylist() for name in ("table", "table_quarantine")]
                self.held(str(place.relative_to(kept)), *read)
            chosen = places[::every]
            with oracle.spark() as spark:
                for first in range(0, len(chosen), AT_ONCE):
                    some = chosen[first:first + AT_ONCE]
                    read = [by_place(spark, some, name) for name in ("table", "table_quarantine")]
                    for place in some:
                        self.held(str(place.relative_to(kept)), *(rows[str(place)] for rows in read))
                    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # it keeps a snapshot of every table
            print(f"{len(places)} tables read by delta-rs, {len(places[::every])} by Spark")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
