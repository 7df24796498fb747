#!/usr/bin/env python3
"""A cluster's life against the double of AWS: made, changed, resized, ended; killed and disturbed at every call."""
import json
import os
import pathlib
import random
import re
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
FILE = "cluster: etl\nlog_uri: s3://logs/emr/\nscaling: {by: managed, max_nodes: 12}\ntags: {team: data}\n"


class ClusterLifeTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-life-")
        self.addCleanup(temporary.cleanup)
        self.fresh(temporary.name)

    def fresh(self, parent):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=parent))
        (self.folder / "cluster.yaml").write_text(FILE)
        self.parent = parent

    def environment(self, double):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return clean | {"HOME": str(self.folder)} | double.environment

    def tidemill(self, double, *arguments, code=0):
        done = subprocess.run([TIDEMILL, "cluster", *arguments], cwd=self.folder, capture_output=True, text=True,
                              env=self.environment(double), timeout=60)
        self.assertNotIn("the/secret", done.stdout + done.stderr)
        if code is not None:
            self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def whole(self, double):
        a = double.account
        self.assertEqual(1, len(a.active()), a.active())
        self.assertEqual({"etl-emr-service", "etl-emr-node"}, set(a.roles))
        self.assertEqual({"etl-emr-node"}, set(a.profiles))
        self.assertEqual(["etl-emr-node"], a.profiles["etl-emr-node"]["roles"])
        self.assertEqual({"etl-primary", "etl-worker"}, {g["name"] for g in a.groups.values()})
        self.assertEqual(4, len(a.alarms))
        cluster = next(iter(a.active().values()))
        self.assertEqual("etl", cluster["tags"]["tidemill:cluster"])
        self.assertEqual("data", cluster["tags"]["team"])
        for alarm in a.alarms.values():
            self.assertEqual(cluster["id"], alarm["Dimensions.member.1.Value"])

    def test_a_whole_life(self):
        with Double() as double:
            self.assertIn("made emr.cluster", self.tidemill(double, "create", "cluster.yaml"))
            self.whole(double)
            calls = len(double.calls)
            self.tidemill(double, "create", "cluster.yaml")
            self.assertEqual(calls, len(double.calls))  # nothing to do, nothing asked
            self.assertIn("is as its file says", self.tidemill(double, "plan", "cluster.yaml"))
            self.assertIn("on-demand 3 of 3", self.tidemill(double, "status", "etl"))
            self.tidemill(double, "resize", "cluster.yaml", "10")
            cluster = next(iter(double.account.active().values()))
            self.assertEqual((3, 0), (cluster["fleets"]["CORE"]["on_demand"], cluster["fleets"]["CORE"]["spot"]))
            self.assertEqual(7, cluster["fleets"]["TASK"]["spot"])
            self.tidemill(double, "resize", "cluster.yaml", "4")
            self.assertEqual(1, cluster["fleets"]["TASK"]["spot"])
            self.assertIn("outside of 3 to 12", self.tidemill(double, "resize", "cluster.yaml", "13", code=2))
            self.assertLessEqual(double.account.most_workers, 12)
            status = json.loads(self.tidemill(double, "status", "etl", "--json"))
            self.assertEqual(3, len(status["fleets"]))
            self.assertIn("nothing bears", self.tidemill(double, "gc"))
            self.assertEqual("made", json.loads(self.tidemill(double, "ls", "--json"))[0]["state"])
            self.tidemill(double, "terminate", "etl")
            self.assertTrue(double.account.empty(), vars(double.account))
            self.assertIn("knows no clusters", self.tidemill(double, "ls"))
            self.assertIn("knows no cluster etl", self.tidemill(double, "status", "etl", code=1))

    def test_changes_are_made_in_place_or_refused(self):
        with Double() as double:
            self.tidemill(double, "create", "cluster.yaml")
            path = self.folder / "cluster.yaml"
            path.write_text(FILE.replace("max_nodes: 12", "max_nodes: 8") + "idle_timeout: 2h\nalarms: {unhealthy_nodes: 2}\n")
            self.tidemill(double, "create", "cluster.yaml")
            cluster = next(iter(double.account.active().values()))
            self.assertEqual(8, cluster["managed"]["ComputeLimits"]["MaximumCapacityUnits"])
            self.assertEqual(7200, cluster["idle"]["IdleTimeout"])
            self.assertEqual("2", double.account.alarms["tidemill-etl-unhealthy"]["Threshold"])
            path.write_text(FILE + "release: emr-7.6.0\n")
            self.assertIn("can only be made anew", self.tidemill(double, "create", "cluster.yaml", code=1))

    def calls_of(self, *arguments, before=()):
        with Double() as double:
            for command in before:
                self.tidemill(double, *command)
            start = double.count
            self.tidemill(double, *arguments)
            return start, double.count

    def kill_at(self, call, before, arguments):
        """Runs the command until the double has carried out that call, and kills it there."""
        self.fresh(self.parent)
        double = Double({call: "hang"})
        with double:
            for command in before:
                self.tidemill(double, *command)
            process = subprocess.Popen([TIDEMILL, "cluster", *arguments], cwd=self.folder, env=self.environment(double),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(double.hanging.wait(30), f"call {call} never came")
            process.send_signal(signal.SIGKILL)
            process.wait(30)
            double.released.set()
            yield double

    def test_killed_at_every_call_of_create_it_goes_on(self):
        first, last = self.calls_of("create", "cluster.yaml")
        for call in range(first, last):
            for double in self.kill_at(call, [], ["create", "cluster.yaml"]):
                with self.subTest(call=call):
                    self.tidemill(double, "create", "cluster.yaml")
                    self.whole(double)
                    self.assertEqual(1, len(double.account.clusters))
                    self.assertIn("nothing bears", self.tidemill(double, "gc"))

    def test_killed_at_every_call_of_create_it_can_be_ended(self):
        first, last = self.calls_of("create", "cluster.yaml")
        for call in range(first, last):
            for double in self.kill_at(call, [], ["create", "cluster.yaml"]):
                with self.subTest(call=call):
                    self.tidemill(double, "terminate", "etl")
                    self.assertTrue(double.account.empty(), vars(double.account))

    def test_killed_at_every_call_of_terminate_it_goes_on(self):
        before = [["create", "cluster.yaml"]]
        first, last = self.calls_of("terminate", "etl", before=before)
        for call in range(first, last):
            for double in self.kill_at(call, before, ["terminate", "etl"]):
                with self.subTest(call=call):
                    # killed after the last call, only the ledger's rows may be left
                    self.tidemill(double, "terminate", "etl")
                    self.assertTrue(double.account.empty(), vars(double.account))

    def test_seeded_faults_leave_one_cluster_and_no_stray(self):
        for seed in range(1000 if FULL else 40):
            with self.subTest(seed=seed):
                self.fresh(self.parent)
                draw = random.Random(seed)
                faults = {n: draw.choice(["drop", "500", "500after", "throttle", "expired"])
                          for n in range(400) if draw.random() < 0.12}
                with Double(faults) as double:
                    for _ in range(20):
                        done = self.tidemill(double, "create", "cluster.yaml", code=None)
                        if "is as its file says" in done:
                            break
                    self.whole(double)
                    self.assertEqual(1, len(double.account.clusters))
                    workers = draw.randint(3, 12)
                    for _ in range(20):
                        done = self.tidemill(double, "resize", "cluster.yaml", str(workers), code=None)
                        if "task:" in done:
                            break
                    self.assertLessEqual(double.account.most_workers, 12)
                    for _ in range(20):
                        done = self.tidemill(double, "terminate", "etl", code=None)
                        if "is gone" in done or "knows no cluster" in done:
                            break
                    self.assertTrue(double.account.empty(), vars(double.account))

    def runs(self, double):
        """A step and a run of EMR Serverless that are cancelled, and a look of the watch."""
        double.execute = lambda step: time.sleep(3)
        job = {"job": "orders", "sources": {"orders": {"format": "csv", "path": "s3://lake/in/0.csv", "header": True, "schema": "id INT"}},
               "sink": {"path": "s3://lake/out"}, "budget": {"time": "1s"}}
        (self.folder / "job.yaml").write_text(json.dumps(job))
        (self.folder / "watched.yaml").write_text("cluster: watched\n")
        self.tidemill(double, "create", "watched.yaml")
        self.tidemill(double, "watch", "watched.yaml", "--steps", "2", "--every", "1ms")
        self.tidemill(double, "terminate", "watched")
        places = [["--cluster", "etl"], ["--serverless", "00app", "--role", "arn:aws:iam::1:role/tidemill/x"]]
        with S3Double() as s3:
            s3.store("lake/in/0.csv", b"id\n1\n")
            for place in places:
                done = subprocess.run([TIDEMILL, "run", "job.yaml", "--engine", "emr", "--over-budget", "--poll", "50ms", "--staging",
                                       "s3://logs/sent", *place], cwd=self.folder, capture_output=True, text=True, timeout=60,
                                      env=self.environment(double) | s3.environment)
                self.assertIn("the job's budget of time", done.stdout + done.stderr)

    def test_the_policy_allows_what_is_called_and_nothing_else(self):
        with Double() as double:
            policy = json.loads(self.tidemill(double, "policy"))
            allowed = [a for s in policy["Statement"] for a in s["Action"]]
            self.assertEqual(len(allowed), len(set(allowed)))
            for action in allowed:
                self.assertNotIn("*", action)
            self.tidemill(double, "create", "cluster.yaml")
            path = self.folder / "cluster.yaml"
            path.write_text(FILE.replace("max_nodes: 12", "max_nodes: 8") + "idle_timeout: 2h\n")
            self.tidemill(double, "create", "cluster.yaml")
            self.tidemill(double, "resize", "cluster.yaml", "6")
            self.tidemill(double, "resize", "cluster.yaml", "5")
            self.tidemill(double, "status", "etl")
            self.tidemill(double, "gc")
            self.runs(double)
            self.tidemill(double, "terminate", "etl")
            (self.folder / "cluster.yaml").write_text(FILE + "zones: [us-east-1a]\nsubnets: [subnet-1]\n")
            self.tidemill(double, "create", "cluster.yaml")
            self.assertEqual(set(double.calls), set(allowed))

    def test_strays_are_shown_and_removed(self):
        with Double() as double:
            self.tidemill(double, "create", "cluster.yaml")
            other = self.folder / "other.db"
            shown = json.loads(self.tidemill(double, "gc", "--json", "--state", str(other)))
            self.assertEqual({"emr.cluster", "ec2.security_group", "iam.instance_profile", "iam.role"}, {s["kind"] for s in shown})
            self.assertEqual(1, len(double.account.active()))  # only shown
            self.assertIn("nothing bears", self.tidemill(double, "gc"))

    def test_what_bears_the_name_and_is_not_ours_is_left_alone(self):
        with Double() as double:
            double.account.roles["etl-emr-service"] = {"path": "/", "tags": {}, "roles": [], "policies": {}}
            self.assertIn("that this program did not make", self.tidemill(double, "create", "cluster.yaml", code=1))
            self.assertEqual({}, double.account.roles["etl-emr-service"]["policies"])

    def test_errors_are_clear(self):
        with Double({0: "denied"}) as double:
            self.assertIn("allow iam:CreateRole in their policy", self.tidemill(double, "create", "cluster.yaml", code=1))
        with Double({0: "throttle", 1: "throttle"}) as double:
            self.tidemill(double, "create", "cluster.yaml")  # tried again
        with Double() as double:
            double.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
            self.fresh(self.parent)
            self.assertIn("the signature was refused", self.tidemill(double, "create", "cluster.yaml", code=1))
            del double.environment["AWS_ACCESS_KEY_ID"]
            self.assertIn("there are no AWS credentials", self.tidemill(double, "create", "cluster.yaml", code=1))
            self.assertIn("no AWS region", re.sub("x", "x", self.no_region(double)))

    def no_region(self, double):
        del double.environment["AWS_REGION"]
        return self.tidemill(double, "gc", code=2)


if __name__ == "__main__":
    unittest.main()
