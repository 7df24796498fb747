#!/usr/bin/env python3
"""Tables that other writers made (Delta Kernel's test tables): ours gives the rows real Spark gives, or refuses by name.

Where Spark itself cannot read a table, the reason stands here, and the rows are compared with delta-rs's, or both must fail."""
import pathlib
import subprocess
import os
import sys
import tarfile
import tempfile
import unittest

import session as oracle

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
ARCHIVE = ROOT.parent / "shared" / "corpora" / "delta-kernel-rs-tables.tar.gz"

# Spark 4.1.4 with Delta 4.1.0 meets a method that is gone when it reads the schema of such a checkpoint.
CHECKPOINT = "NoSuchMethodError: ParquetToSparkSchemaConverter"
SPARK_CANNOT = {
    "app-txn-checkpoint": CHECKPOINT,
    "parsed-stats": CHECKPOINT,
    "v2-json-sidecars-struct-stats-only": CHECKPOINT,
    "v2-parquet-sidecars-struct-stats-only": CHECKPOINT,
    "type-widening": "DELTA_UNSUPPORTED_TYPE_CHANGE_IN_SCHEMA: TINYINT to DECIMAL",
}
# Both fail: what our message must name.
BROKEN = {
    "app-txn-with-last-updated": "No such file",  # a log without its data files
    "with_checkpoint_no_last_checkpoint": "No such file",
    "crc-malformed": "there is no Delta table",  # no commit, a checksum alone
    "table-with-geo": "geospatial",
}


def rows_of_files(folder):
    """The rows as delta-rs reads them, as sorted texts; of a table that it refuses, those of all data files in the folder."""
    import deltalake
    import pyarrow.dataset

    try:
        table = deltalake.DeltaTable(str(folder)).to_pyarrow_table()
    except deltalake.exceptions.DeltaProtocolError:
        table = pyarrow.dataset.dataset([str(file) for file in folder.glob("*.parquet")]).to_table()
    return sorted("\t".join(text(v) for v in row.values()) for row in table.to_pylist())


def text(value):
    if value is None:
        return "NULL"
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat()
    return str(value)


class CorporaTest(unittest.TestCase):
    def ours(self, table):
        done = subprocess.run([TIDEMILL, "sql", "--output", "tsv", "-e", f"SELECT * FROM delta.`{table}`"], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    @unittest.skipUnless(ARCHIVE.exists(), "not run: the archive is not here")
    def test_every_table(self):
        seen = set()
        with tempfile.TemporaryDirectory(prefix="tidemill-corpora-") as folder, oracle.spark() as spark:
            root = pathlib.Path(folder).resolve()
            with tarfile.open(ARCHIVE) as archive:
                archive.extractall(root, filter="data")
            for log in sorted(root.rglob("_delta_log")):
                name = str(log.parent.relative_to(root))
                with self.subTest(table=name):
                    seen.add(name)
                    code, out, err = self.ours(log.parent)
                    if name in BROKEN:
                        self.assertNotEqual(0, code)
                        self.assertIn(BROKEN[name], err)
                        with self.assertRaises(Exception):
                            spark.read.format("delta").load(str(log.parent)).collect()
                        continue
                    self.assertEqual(0, code, err)
                    rows = sorted(out.rstrip("\n").split("\n")) if out else []
                    if name in SPARK_CANNOT:
                        with self.assertRaises(Exception):
                            oracle.rows_as_text(spark, spark.read.format("delta").load(str(log.parent)))
                        if name != "type-widening":  # delta-rs does not widen either
                            self.assertEqual(rows_of_files(log.parent), rows)
                        continue
                    frame = spark.read.format("delta").load(str(log.parent))
                    self.assertEqual(sorted(oracle.rows_as_text(spark, frame)), rows)
        self.assertEqual(set(), (set(SPARK_CANNOT) | set(BROKEN)) - seen)
        self.assertGreaterEqual(len(seen), 32)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
