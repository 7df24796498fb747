#!/usr/bin/env python3
"""Jobs and tables on s3:// against the double: the same rows, committed once, whatever becomes of an answer."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from s3_double import S3Double

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
FULL = "TIDEMILL_FULL" in os.environ
JOB = {"job": "orders", "sources": {"orders": {"format": "csv", "path": "s3://lake/in/*.csv", "header": True,
                                               "schema": "id INT, region STRING, amount DOUBLE"}},
       "checks": [{"kind": "not_null", "column": "id", "on_fail": "quarantine", "max_bad": "50%"}],
       "sink": {"path": "s3://lake/out/orders", "partition_by": ["region"]}}


class S3Test(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-s3-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        (self.folder / "job.yaml").write_text(json.dumps(JOB))

    def tidemill(self, s3, *arguments, code=0):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run([TIDEMILL, *arguments], cwd=self.folder, capture_output=True, text=True,
                              env=clean | {"HOME": str(self.folder)} | s3.environment, timeout=120)
        self.assertNotIn("the/secret", done.stdout + done.stderr)
        if code is not None:
            self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def fill(self, s3, files=3, rows=100):
        for f in range(files):
            lines = "".join(f"{f * rows + i},{'north' if i % 2 else 'a b'},{i}.5\n" for i in range(rows))
            s3.store(f"lake/in/{f}.csv", ("id,region,amount\n" + lines).encode())

    def count(self, s3):
        text = self.tidemill(s3, "sql", "--output", "csv", "-e", "SELECT count(*), count(DISTINCT id) FROM delta.`s3://lake/out/orders`")
        return text.strip().splitlines()[-1]

    def test_a_job_from_s3_to_s3(self):
        with S3Double() as s3:
            self.fill(s3)
            s3.store("lake/in/bad.csv", b"id,region,amount\n,north,1\n")
            self.tidemill(s3, "run", "job.yaml")
            self.assertIn("already committed", self.tidemill(s3, "run", "job.yaml"))
            self.assertEqual("300,300", self.count(s3))
            self.assertIn("lake/out/orders/_delta_log/00000000000000000000.json", s3.objects)
            self.assertTrue(any(k.startswith("lake/out/orders/region=a b/") for k in s3.objects), list(s3.objects))
            self.assertTrue(any(k.startswith("lake/out/orders_quarantine/") for k in s3.objects))
            for command in ("describe", "history", "files", "check"):
                self.tidemill(s3, "table", command, "s3://lake/out/orders")

    def test_large_files_go_up_in_parts(self):
        with S3Double() as s3:
            draw = random.Random(1)  # what Snappy can't make smaller
            (self.folder / "big.csv").write_text("a,b\n" + "".join(f"{i},x{draw.getrandbits(200):050x}\n" for i in range(700_000)))
            self.tidemill(s3, "convert", "big.csv", "s3://lake/big")
            self.assertTrue(any(m == "POST" for m, _, _ in s3.log))
            self.assertEqual({}, s3.uploads)
            self.assertIn("700000", self.tidemill(s3, "sql", "-e", "SELECT count(*) FROM delta.`s3://lake/big`"))

    def test_faults_lose_and_double_nothing(self):
        for seed in range(300 if FULL else 12):
            draw = random.Random(seed)
            kinds = {"PUT": ["drop", "lost", "500", "500after", "503", "409"], "GET": ["500", "503", "truncate"],
                     "HEAD": ["500", "503"], "DELETE": ["500", "drop"], "POST": ["500"]}
            faults = lambda number, method, key: draw.choice(kinds[method]) if draw.random() < 0.15 else None
            with self.subTest(seed=seed), S3Double() as s3:
                self.fill(s3)
                s3.faults = faults
                for _ in range(8):
                    done = self.tidemill(s3, "run", "job.yaml", code=None)
                    if "ommitted" in done and "unknown" not in done:
                        break
                s3.faults = lambda *_: None
                self.tidemill(s3, "run", "job.yaml")
                self.assertEqual("300,300", self.count(s3))
                self.tidemill(s3, "table", "check", "s3://lake/out/orders")

    def test_rivals_both_land(self):
        with S3Double() as s3:
            self.fill(s3, files=1)
            jobs = []
            for n in range(6):
                job = dict(JOB, job=f"rival{n}", sources={"orders": dict(JOB["sources"]["orders"], path="s3://lake/in/0.csv")})
                (self.folder / f"{n}.yaml").write_text(json.dumps(job))
            clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | s3.environment
            for n in range(6):
                jobs.append(subprocess.Popen([TIDEMILL, "run", f"{n}.yaml", "--threads", "1"], cwd=self.folder, env=clean,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
            for job in jobs:
                _, said = job.communicate(timeout=120)
                self.assertEqual(0, job.returncode, said)
            self.assertEqual("600,100", self.count(s3))

    def test_errors_are_clear(self):
        with S3Double() as s3:
            self.assertIn("no file matches", self.tidemill(s3, "run", "job.yaml", code=None))
            self.fill(s3)
            s3.faults = lambda *_: "403"
            self.assertIn("in their policy", self.tidemill(s3, "run", "job.yaml", code=None))
            s3.faults = lambda *_: None
            s3.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
            self.assertIn("signature", self.tidemill(s3, "run", "job.yaml", code=None))
            del s3.environment["AWS_ACCESS_KEY_ID"]
            self.assertIn("there are no AWS credentials", self.tidemill(s3, "run", "job.yaml", code=None))


if __name__ == "__main__":
    unittest.main()
