#!/usr/bin/env python3
"""Runs on EMR against the doubles: sent once, taken up after a kill, cancelled, settled by the table's log alone.

The double carries out a step by running the job on the native engine from a state folder of its own: the same run key, a
real commit in the double of S3. tests/spark/emr_test.py runs the application itself on real Spark."""
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time
import unittest

from aws_double import Double
from s3_double import S3Double

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
FULL = "TIDEMILL_FULL" in os.environ
CLUSTER = "cluster: etl\nlog_uri: s3://logs/emr/\nscaling: {by: managed, max_nodes: 12}\n"
JOB = {"job": "orders", "sources": {"orders": {"format": "csv", "path": "s3://lake/in/*.csv", "header": True,
                                               "schema": "id INT, region STRING, amount DOUBLE"}},
       "sink": {"path": "s3://lake/out/orders"}}
LOG = "lake/out/orders/_delta_log/"


class Cloud:
    """Both doubles, and a folder to work in."""

    def __init__(self, test, faults=None, job=JOB):
        self.test, self.aws, self.s3 = test, Double(faults), S3Double()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=test.parent))
        (self.folder / "job.yaml").write_text(json.dumps(job))
        (self.folder / "cluster.yaml").write_text(CLUSTER)
        self.step_seconds = 0

    def __enter__(self):
        self.aws.__enter__()
        self.s3.__enter__()
        self.aws.execute = self.execute
        self.s3.store("lake/in/0.csv", b"id,region,amount\n1,north,1.5\n2,south,2.5\n")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.environment = clean | {"HOME": str(self.folder)} | self.s3.environment | self.aws.environment
        return self

    def __exit__(self, *error):
        self.s3.__exit__(*error)
        self.aws.__exit__(*error)

    def execute(self, step):
        """As the nodes would; gives why it failed, or nothing."""
        until = time.monotonic() + self.step_seconds
        while time.monotonic() < until and step["state"] == "RUNNING":
            time.sleep(0.02)
        if step["state"] != "RUNNING":
            return None
        app = next(a for a in step["args"] if a.endswith("/app.py"))
        self.test.assertIn(app.removeprefix("s3://"), self.s3.objects)
        again = ["--again"] if "--again" in step["args"] else []
        done = subprocess.run([TIDEMILL, "run", "job.yaml", "--json", "--threads", "1", "--state", f"nodes/{step['id']}.db"] + again,
                              cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60)
        told = step["args"][step["args"].index("--told") + 1]
        self.s3.store(told.removeprefix("s3://"), done.stdout.encode())
        return None if done.returncode == 0 else "exit code 1"

    def command(self, *arguments):
        return [TIDEMILL, *arguments]

    def run(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True, env=self.environment,
                              timeout=120)
        said = done.stdout + done.stderr
        self.test.assertNotIn("the/secret", said)
        if code is not None:
            self.test.assertEqual(code, done.returncode, said)
        return said

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def steps(self):
        return [s for c in self.aws.account.clusters.values() for s in c["steps"]]

    def commits(self):
        return sum(1 for k in self.s3.objects if k.startswith(LOG) and k.endswith(".json"))

    def runs(self):
        return json.loads(self.run("runs", "ls", "--json"))


ON_CLUSTER = ["run", "job.yaml", "--engine", "emr", "--cluster", "etl", "--poll", "20ms"]
DEDICATED = ["run", "job.yaml", "--engine", "emr", "--dedicated", "cluster.yaml", "--poll", "20ms"]
SERVERLESS = ["run", "job.yaml", "--engine", "emr", "--serverless", "00app", "--role", "arn:aws:iam::1:role/tidemill/spark",
              "--staging", "s3://logs/sent", "--poll", "20ms"]


class EmrRunTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-emr-")
        self.addCleanup(temporary.cleanup)
        self.parent = temporary.name

    def cluster(self, cloud):
        cloud.run("cluster", "create", "cluster.yaml")

    def one_run(self, cloud, executed=1):
        """The run is in the table once, and was carried out so often."""
        self.assertEqual(1, cloud.commits(), [k for k in cloud.s3.objects if k.startswith(LOG)])
        self.assertEqual(executed, len(getattr(cloud.aws, "executed", [])))
        rows = cloud.run("sql", "--output", "csv", "-e", "SELECT count(*), sum(id) FROM delta.`s3://lake/out/orders`")
        self.assertEqual("2,3", rows.strip().splitlines()[-1])

    def test_a_step_of_a_cluster(self):
        with Cloud(self) as cloud:
            self.cluster(cloud)
            said = cloud.run(*ON_CLUSTER)
            self.assertIn("committed version 0", said)
            self.one_run(cloud)
            words = cloud.steps()[0]["args"]
            self.assertEqual(["spark-submit", "--deploy-mode", "client"], words[:3])
            self.assertIn("spark.dynamicAllocation.enabled=true", words)
            self.assertIn("already committed", cloud.run(*ON_CLUSTER))
            self.assertEqual(1, len(cloud.steps()))
            newest, first = cloud.runs()
            self.assertEqual(("already_committed", "committed"), (newest["outcome"], first["outcome"]))
            self.assertEqual("spark on EMR", first["engine"])
            self.assertGreater(first["dollars"], 0)
            self.assertEqual(2, first["rows_written"])
            cloud.run(*ON_CLUSTER, "--again")
            self.assertEqual(2, cloud.commits())

    def test_killed_it_takes_up_the_step_that_runs(self):
        for place in (ON_CLUSTER, DEDICATED, SERVERLESS):
            with self.subTest(place=place[4]), Cloud(self) as cloud:
                if place is ON_CLUSTER:
                    self.cluster(cloud)
                cloud.step_seconds = 2
                process = cloud.start(*place)
                until = time.monotonic() + 30
                while not getattr(cloud.aws, "executed", []) and time.monotonic() < until:
                    time.sleep(0.02)
                process.kill()
                process.communicate()
                said = cloud.run(*place)
                self.assertIn("which an earlier start of this run sent", said)
                self.one_run(cloud)
                self.assertEqual(["committed"], [r["outcome"] for r in cloud.runs()])
                if place is DEDICATED:
                    self.assertTrue(cloud.aws.account.empty(), vars(cloud.aws.account))

    def kill_everywhere(self, place, before=()):
        """Kills a start of the run at each call in turn; what is left is taken up by the next."""
        with Cloud(self) as cloud:
            for command in before:
                cloud.run(*command)
            first = cloud.aws.count
            cloud.run(*place)
            last = cloud.aws.count
        for call in range(first, last):
            with self.subTest(call=call), Cloud(self, {call: "hang"}) as cloud:
                for command in before:
                    cloud.run(*command)
                process = cloud.start(*place)
                if not cloud.aws.hanging.wait(30):
                    process.communicate()
                    continue  # a faster step needs fewer looks
                process.send_signal(signal.SIGKILL)
                process.communicate()
                cloud.aws.released.set()
                self.assertRegex(cloud.run(*place), "ommitted (at )?version 0")
                self.one_run(cloud)
                yield cloud

    def test_killed_at_every_call_on_a_cluster(self):
        for cloud in self.kill_everywhere(ON_CLUSTER, [["cluster", "create", "cluster.yaml"]]):
            self.assertEqual(1, len(cloud.steps()))

    def test_killed_at_every_call_with_a_cluster_of_its_own(self):
        for cloud in self.kill_everywhere(DEDICATED):
            cloud.run(*DEDICATED)  # killed in the end's midst, the next start ends it
            self.assertTrue(cloud.aws.account.empty(), vars(cloud.aws.account))
            self.assertIn("knows no clusters", cloud.run("cluster", "ls"))

    def test_killed_at_every_call_on_serverless(self):
        for cloud in self.kill_everywhere(SERVERLESS):
            self.assertEqual(1, len(cloud.aws.account.job_runs))

    def test_seeded_faults_send_nothing_twice(self):
        for seed in range(200 if FULL else 8):
            draw = random.Random(seed)
            place = draw.choice([ON_CLUSTER, DEDICATED, SERVERLESS])
            faults = {n: draw.choice(["drop", "500", "500after", "throttle", "expired"]) for n in range(300) if draw.random() < 0.15}
            with self.subTest(seed=seed), Cloud(self, faults) as cloud:
                for _ in range(15):
                    if place is not ON_CLUSTER or "is as its file says" in cloud.run("cluster", "create", "cluster.yaml", code=None):
                        break
                for _ in range(15):
                    said = cloud.run(*place, code=None)
                    if "ommitted version 0" in said or "ommitted at version 0" in said:
                        break
                cloud.aws.faults = {}
                cloud.run(*place)
                self.one_run(cloud)
                if place is DEDICATED:
                    self.assertTrue(cloud.aws.account.empty(), vars(cloud.aws.account))

    def test_ctrl_c_cancels(self):
        for place in (ON_CLUSTER, DEDICATED, SERVERLESS):
            with self.subTest(place=place[4]), Cloud(self) as cloud:
                if place is ON_CLUSTER:
                    self.cluster(cloud)
                cloud.step_seconds = 60
                process = cloud.start(*place)
                while not getattr(cloud.aws, "executed", []):
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
                said, _ = process.communicate(timeout=60)
                self.assertEqual(130, process.returncode, said)
                sent = cloud.steps() or cloud.aws.account.job_runs
                self.assertEqual(["CANCELLED"], [s["state"] for s in sent])
                self.assertEqual(0, cloud.commits())
                if place is DEDICATED:
                    self.assertTrue(cloud.aws.account.empty(), vars(cloud.aws.account))

    def test_ctrl_c_at_every_call_leaves_no_step(self):
        """A Ctrl-C that comes while a call has no answer: whatever was sent is ended, or said to be in doubt."""
        with Cloud(self) as cloud:
            self.cluster(cloud)
            first = cloud.aws.count
            cloud.run(*ON_CLUSTER)
            last = cloud.aws.count
        for call in range(first, last):
            with self.subTest(call=call), Cloud(self, {call: "hang"}) as cloud:
                self.cluster(cloud)
                cloud.step_seconds = 1
                process = cloud.start(*ON_CLUSTER)
                if not cloud.aws.hanging.wait(30):
                    process.communicate()
                    continue
                process.send_signal(signal.SIGINT)
                time.sleep(0.1)
                cloud.aws.released.set()
                said, _ = process.communicate(timeout=90)
                self.assertIn(process.returncode, (0, 130), said)
                self.assertEqual(1 if process.returncode == 0 else 0, cloud.commits(), said)
                self.assertEqual([], [s for s in cloud.steps() if s["state"] in ("PENDING", "RUNNING")], said)
                cloud.step_seconds = 0
                self.assertRegex(cloud.run(*ON_CLUSTER), "ommitted (at )?version 0")

    def test_the_budget_of_time_ends_it(self):
        with Cloud(self, job=dict(JOB, budget={"time": "1s"})) as cloud:
            self.cluster(cloud)
            cloud.step_seconds = 60
            self.assertIn("--over-budget", cloud.run(*ON_CLUSTER, code=2))
            self.assertIn("the job's budget of time", cloud.run(*ON_CLUSTER, "--over-budget", code=1))
            self.assertEqual(["CANCELLED"], [s["state"] for s in cloud.steps()])

    def test_a_step_that_fails_says_why(self):
        with Cloud(self) as cloud:
            self.cluster(cloud)
            cloud.aws.execute = lambda step: "the driver ran out of memory"
            said = cloud.run(*ON_CLUSTER, code=1)
            self.assertIn("the driver ran out of memory", said)
            self.assertIn("s3://logs/emr/", said)
            cloud.aws.execute = cloud.execute
            cloud.run(*ON_CLUSTER)
            self.one_run(cloud, executed=2)

    def test_the_log_decides_not_the_step(self):
        with Cloud(self) as cloud:
            self.cluster(cloud)
            cloud.aws.execute = lambda step: [cloud.execute(step), cloud.s3.objects.pop(
                step["args"][step["args"].index("--told") + 1].removeprefix("s3://")), "killed after its commit"][2]
            self.assertIn("committed version 0", cloud.run(*ON_CLUSTER))
            self.one_run(cloud)
        with Cloud(self) as cloud:  # the step says all is well, and nothing is there
            self.cluster(cloud)
            cloud.aws.execute = lambda step: None
            self.assertIn("nothing was committed", cloud.run(*ON_CLUSTER, code=1))

    def test_two_starts_at_once(self):
        with Cloud(self) as cloud:
            self.cluster(cloud)
            cloud.step_seconds = 1
            both = [cloud.start(*ON_CLUSTER) for _ in range(2)]
            said = [p.communicate(timeout=60)[0] for p in both]
            self.assertIn(0, [p.returncode for p in both], said)
            self.assertEqual(1, cloud.commits())

    def test_a_cluster_that_ends_under_the_run(self):
        with Cloud(self) as cloud:
            self.cluster(cloud)
            cloud.step_seconds = 60
            process = cloud.start(*ON_CLUSTER)
            while not getattr(cloud.aws, "executed", []):
                time.sleep(0.02)
            cloud.run("cluster", "terminate", "etl")
            said, _ = process.communicate(timeout=60)
            self.assertEqual(1, process.returncode, said)
            self.assertIn("nothing was committed", said)

    def test_what_cannot_be_sent_is_refused(self):
        with Cloud(self) as cloud:
            self.assertIn("needs one of --cluster", cloud.run("run", "job.yaml", "--engine", "emr", code=2))
            self.assertIn("the ledger knows no cluster etl", cloud.run(*ON_CLUSTER, code=2))
            local = dict(JOB, sink={"path": "out"})
            (cloud.folder / "local.yaml").write_text(json.dumps(local))
            said = cloud.run("run", "local.yaml", *ON_CLUSTER[2:], code=2)
            self.assertIn("needs every path on s3://", said)


if __name__ == "__main__":
    unittest.main()
