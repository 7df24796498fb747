#!/usr/bin/env python3
"""The flights loaded from s3:// to s3:// are read by delta-rs through the same endpoint."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import deltalake

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cloud"))
from aws_double import ACCESS, SECRET  # noqa: E402
from s3_double import S3Double  # noqa: E402

TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))


class S3DeltaRsTest(unittest.TestCase):
    def test_flights(self):
        with S3Double() as s3, tempfile.TemporaryDirectory(prefix="tidemill-s3-") as folder:
            s3.store("lake/in/flights.csv", (CACHE / "flights/flights.csv").read_bytes())
            job = {"job": "flights",
                   "sources": {"flights": {"format": "csv", "path": "s3://lake/in/flights.csv", "header": True, "null_text": "NA"}},
                   "sink": {"path": "s3://lake/flights", "partition_by": ["month"]}}
            (pathlib.Path(folder) / "job.yaml").write_text(json.dumps(job))
            clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
            done = subprocess.run([TIDEMILL, "run", "job.yaml"], cwd=folder, capture_output=True, text=True,
                                  env=clean | s3.environment, timeout=300)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            table = deltalake.DeltaTable("s3://lake/flights", storage_options={
                "AWS_ENDPOINT_URL": s3.url, "AWS_ALLOW_HTTP": "true", "AWS_ACCESS_KEY_ID": ACCESS,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false"})
            rows = table.to_pyarrow_table(columns=["month", "distance"])
            self.assertEqual(336_776, rows.num_rows)
            self.assertEqual(350_217_607, sum(rows.column("distance").to_pylist()))


if __name__ == "__main__":
    unittest.main()
