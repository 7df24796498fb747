#!/usr/bin/env python3
"""`run --engine emr` from end to end: the application that was sent to the doubles runs on real Spark here, as a step would.

What S3 holds lies on this disk while the step runs, under its own names; what the step wrote goes back, the log last."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from session import ENVIRONMENT, ROOT, TIDEMILL

sys.path.insert(0, str(ROOT / "tests" / "cloud"))
from aws_double import Double  # noqa: E402
from s3_double import S3Double  # noqa: E402

JARS = ENVIRONMENT["TIDEMILL_DELTA_JARS"]
JOB = {"job": "orders",
       "sources": {"orders": {"format": "csv", "path": "s3://lake/in/*.csv", "header": True,
                              "schema": "id INT, region STRING, amount DOUBLE", "malformed": "quarantine", "max_bad": "50%"}},
       "steps": [{"name": "by_region", "sql": "SELECT region, count(*) AS n, sum(amount) AS amount FROM orders GROUP BY region"}],
       "checks": [{"kind": "not_null", "column": "region"}],
       "sink": {"path": "s3://lake/out/by_region"}}
RUN = ["run", "job.yaml", "--engine", "emr", "--cluster", "etl", "--poll", "100ms"]


class EmrOnSparkTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-emr-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        (self.folder / "job.yaml").write_text(json.dumps(JOB))
        (self.folder / "cluster.yaml").write_text("cluster: etl\nlog_uri: s3://logs/emr/\nscaling: {by: managed}\n")
        self.aws, self.s3 = Double(), S3Double()
        self.aws.execute = self.execute
        for double in (self.aws, self.s3):
            double.__enter__()
            self.addCleanup(double.__exit__)
        self.s3.store("lake/in/0.csv", b"id,region,amount\n1,north,1.5\n2,south,2.5\n3,north,4\nx,north,1\n")
        self.environment = ENVIRONMENT | {"HOME": str(self.folder)} | self.s3.environment | self.aws.environment

    def execute(self, step):
        root = self.folder / step["id"]
        before = dict(self.s3.objects)
        for key, body in before.items():
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        words = [word.replace("s3://", f"{root}/") for word in step["args"]]
        words[words.index("--jars") + 1] = JARS
        for i, word in enumerate(words):  # a small driver, and a log that Spark finds
            if word.startswith(("spark.driver.memory=", "spark.memory.offHeap.size=")):
                words[i] = word.split("=")[0] + "=1g"
            words[i] = words[i].replace("eventLog.dir=", "eventLog.dir=file:")
        app = next(pathlib.Path(word) for word in words if word.endswith("/app.py"))
        app.write_text(app.read_text().replace("s3://", f"{root}/"))
        submit = str(pathlib.Path(sys.executable).parent / "spark-submit")
        # A cluster's spark-submit, but for the place.
        words = [submit, "--master", "local[2]"] + [w for w in words[1:] if w not in ("--deploy-mode", "client")]
        python = {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "PYSPARK_PYTHON": sys.executable}
        done = subprocess.run(words, cwd=root, env=ENVIRONMENT | python, capture_output=True, text=True, timeout=300)
        files = [p for p in root.rglob("*") if p.is_file() and not p.name.endswith(".crc")]
        for path in sorted(files, key=lambda p: "_delta_log" in str(p)):
            key = str(path.relative_to(root))
            if key not in before:
                self.s3.store(key, path.read_bytes())
        return None if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr[-2000:]}"

    def tidemill(self, *words, code=0):
        done = subprocess.run([TIDEMILL, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=400)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_application_runs_on_spark(self):
        self.tidemill("cluster", "create", "cluster.yaml")
        process = subprocess.Popen([TIDEMILL, *RUN], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not getattr(self.aws, "executed", []) and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()  # Spark goes on; the next start takes it up
        process.wait()
        said = self.tidemill(*RUN)
        self.assertIn("which an earlier start of this run sent", said)
        self.assertIn("committed version 0", said)
        self.assertEqual(1, len(self.aws.executed))
        rows = self.tidemill("sql", "--output", "csv", "-e", "SELECT * FROM delta.`s3://lake/out/by_region` ORDER BY region")
        self.assertEqual(["north,2,5.5", "south,1,2.5"], rows.strip().splitlines()[-2:])
        aside = self.tidemill("sql", "--output", "csv", "-e", "SELECT count(*) FROM delta.`s3://lake/out/by_region_quarantine`")
        self.assertEqual("1", aside.strip().splitlines()[-1])
        run = json.loads(self.tidemill("runs", "ls", "--json"))[0]
        self.assertEqual(("committed", 2, 1), (run["outcome"], run["rows_written"], run["rows_malformed"]))
        shown = self.tidemill("runs", "show", "1")
        self.assertIn("spark", shown.lower())
        events = self.tidemill("runs", "show", "1", "--json")
        self.assertIn("spark_figures", events)  # of the event log on S3
        self.assertIn("already committed", self.tidemill(*RUN))
        self.assertIn("already committed", self.tidemill("run", "job.yaml"))  # one run, whatever the engine


if __name__ == "__main__":
    unittest.main()
