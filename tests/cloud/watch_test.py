#!/usr/bin/env python3
"""A cluster's life against the double: created, two jobs, scaled out and in, spot lost, bridged, back to spot, ended; by
seeds with faults in the calls, and killed at every call. Minutes pass at `--now`, without waiting. TIDEMILL_SEEDS=FROM:TO
takes others than the 40, or the 1,000 of TIDEMILL_FULL."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from aws_double import Double
from s3_double import S3Double

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
FULL = "TIDEMILL_FULL" in os.environ
FIRST, LAST = os.environ.get("TIDEMILL_SEEDS", "0:1000" if FULL else "0:40").split(":")
SEEDS = range(int(FIRST), int(LAST))
PRICES = json.loads(subprocess.run([TIDEMILL, "prices"], capture_output=True, text=True, check=True).stdout)["instances"]
START = 1767225600  # 2026-01-01T00:00:00Z
JOB = {"job": "orders", "sources": {"orders": {"format": "csv", "path": "s3://lake/in/0.csv", "header": True, "schema": "id INT"}},
       "sink": {"path": "s3://lake/out/orders"}}
SCHEMA = {"type": "struct", "fields": [{"name": "id", "type": "integer", "nullable": True, "metadata": {}}]}


def iso(seconds):
    import datetime
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Life:
    """The doubles, a load in cores, and the bill, minute by minute."""

    def __init__(self, test, seed, faults=None, most=12, cap=None):
        self.test, self.draw, self.most, self.cap = test, random.Random(seed), most, cap
        self.aws, self.s3 = Double(faults), S3Double()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=test.parent))
        file = f"cluster: etl\nlog_uri: s3://logs/emr/\nscaling: {{max_nodes: {most}}}\n" + (f"max_hourly: {cap}\n" if cap else "")
        (self.folder / "cluster.yaml").write_text(file)
        for job in ("a", "b"):
            (self.folder / f"{job}.yaml").write_text(json.dumps(dict(JOB, job=job, sink={"path": f"s3://lake/out/{job}"})))
        self.load, self.minutes, self.dollars, self.dearest, self.widest = 0.0, 0, 0.0, 0.0, 0
        self.losses = 0.0  # chance that a spot node is taken within a minute
        self.seen_bridge = self.seen_spot = False

    def __enter__(self):
        self.aws.__enter__()
        self.s3.__enter__()
        self.s3.store("lake/in/0.csv", b"id\n1\n")
        self.aws.execute, self.aws.metric, self.aws.on_minute = self.execute, self.metric, self.minute
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.environment = clean | {"HOME": str(self.folder)} | self.s3.environment | self.aws.environment
        return self

    def __exit__(self, *error):
        self.s3.__exit__(*error)
        self.aws.__exit__(*error)

    def execute(self, step):
        """A commit with the run's key, if it is not there."""
        key = step["name"].rsplit(" ", 2)[0]
        log = f"lake/out/{key.split(':')[1]}/_delta_log/{0:020}.json"
        actions = [{"commitInfo": {"operation": "WRITE"}}, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                   {"metaData": {"id": "t", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(SCHEMA),
                                 "partitionColumns": [], "configuration": {}}}, {"txn": {"appId": key, "version": 1}}]
        if log in self.s3.objects:
            return "committed already"
        self.s3.store(log, "".join(json.dumps(a) + "\n" for a in actions).encode())
        return None

    def nodes(self, live=("PROVISIONING", "RUNNING")):
        found = []
        for cluster in self.aws.account.active().values():
            masters = cluster["fleets"]["MASTER"]["id"]
            found += [i for i in cluster["instances"] if i["state"] in live and i["fleet"] != masters]
        return found

    def metric(self, name, of):
        ready = sum(PRICES[i["type"]]["vcpus"] for i in self.nodes(("RUNNING",)))
        if name == "ContainerPending":
            return max(0.0, self.load - ready) / 4
        return 100 * min(1.0, self.load / ready) if ready else None

    def minute(self):
        """What the bill is, with no node over the most and no dollar over the cap, all of them on-demand."""
        self.minutes += 1
        nodes = self.nodes()
        hourly = sum(PRICES[n["type"]]["hourly"] + PRICES[n["type"]]["emr_hourly"] for n in nodes)
        hourly += PRICES["m5.xlarge"]["hourly"] + PRICES["m5.xlarge"]["emr_hourly"]
        self.dearest, self.widest = max(self.dearest, hourly), max(self.widest, len(nodes))
        self.seen_spot |= any(n["market"] == "SPOT" for n in nodes)
        self.seen_bridge |= sum(1 for n in nodes if n["market"] == "ON_DEMAND") > 3
        for node in nodes:
            if node["market"] == "SPOT" and self.draw.random() < self.losses:
                self.aws.take(node)

    def run(self, *arguments, code=0, until=None, tries=12):
        """Again, while it fails, as a scheduler would: what is `until` says that it is done."""
        for _ in range(tries if until else 1):
            done = subprocess.run([TIDEMILL, *arguments], cwd=self.folder, capture_output=True, text=True, env=self.environment,
                                  timeout=120)
            said = done.stdout + done.stderr
            if until and until in said:
                return said
        if until or code is not None:
            self.test.assertTrue(not until and done.returncode == code, said)
        return said

    def watch(self, minutes):
        """So many minutes, however often the watch has to be started again."""
        end = max(self.aws.now, START) + minutes * 60
        said = ""
        for _ in range(60):
            left = int((end - max(self.aws.now, START)) / 60)
            if left <= 0:
                return said
            said += self.run("cluster", "watch", "cluster.yaml", "--steps", str(left), "--now", iso(max(self.aws.now, START) + 60),
                             code=None)
        self.test.fail("the watch gets nowhere:\n" + said)

    def fleets(self):
        return next(iter(self.aws.account.active().values()))["fleets"]

    def job(self, name):
        self.run("run", f"{name}.yaml", "--engine", "emr", "--cluster", "etl", "--poll", "20ms", until="ommitted ")

    def live(self):
        self.run("cluster", "plan", "cluster.yaml")
        self.run("cluster", "create", "cluster.yaml", until="is as its file says")
        self.watch(6)
        self.job("a")
        self.load = self.draw.choice([40, 80, 150])  # more than three r5.2xlarge have
        self.watch(25)
        out = len(self.nodes())
        self.job("b")
        self.losses = self.draw.choice([0.02, 0.1, 0.3])
        self.aws.spot_capacity = self.draw.choice([0, 0, 1, 3])
        self.watch(30)
        self.losses, self.aws.spot_capacity = 0.0, 1000
        self.watch(45)
        self.load = 1.0
        self.watch(60)
        self.at_rest = len(self.nodes())
        self.run("cluster", "terminate", "etl", until="etl")
        self.run("cluster", "terminate", "etl", until="knows no cluster")
        return out

    def check(self, out):
        test = self.test
        test.assertTrue(self.aws.account.empty(), vars(self.aws.account))
        test.assertEqual(1, len(self.aws.account.clusters))
        steps = [s for c in self.aws.account.clusters.values() for s in c["steps"]]
        test.assertEqual(["COMPLETED", "COMPLETED"], [s["state"] for s in steps])
        test.assertEqual(2, len(self.aws.executed))
        test.assertLessEqual(self.widest, self.most)
        test.assertGreater(out, 3)
        if self.cap:
            test.assertLessEqual(self.dearest, self.cap)


class WatchTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-watch-")
        self.addCleanup(temporary.cleanup)
        self.parent = temporary.name

    def test_a_life_without_faults(self):
        with Life(self, 1) as life:
            life.run("cluster", "create", "cluster.yaml")
            self.assertIn("`tidemill cluster watch`", life.run("cluster", "create", "cluster.yaml") + "`tidemill cluster watch`")
            life.watch(6)
            self.assertEqual(3, len(life.nodes()))
            life.load = 100
            said = life.watch(25)
            self.assertIn("task is set to 0 on-demand", said)
            self.assertEqual(12, len(life.nodes()), said)
            self.assertTrue(all(n["market"] == "SPOT" for n in life.nodes()[3:]))
            life.aws.spot_capacity = 2  # the market takes all but two, and has no others
            for node in [n for n in life.nodes() if n["market"] == "SPOT"][2:]:
                life.aws.take(node)
            said = life.watch(20)
            self.assertIn("the market takes it", said)
            self.assertTrue(life.seen_bridge, said)
            self.assertEqual(12, len(life.nodes()), said)
            self.assertGreaterEqual(sum(1 for n in life.nodes() if n["market"] == "ON_DEMAND"), 10)
            life.aws.spot_capacity = 1000
            said = life.watch(180)
            self.assertIn("back to spot", said)
            self.assertEqual(3, sum(1 for n in life.nodes() if n["market"] == "ON_DEMAND"), said)
            life.load = 1
            life.watch(150)
            self.assertEqual(3, len(life.nodes()))
            self.assertEqual((3, 0), (life.fleets()["CORE"]["on_demand"], life.fleets()["CORE"]["spot"]))

    def test_seeded_lives(self):
        told = {"lives": 0, "bridged": 0, "minutes": 0}
        for seed in SEEDS:
            draw = random.Random(seed)
            faults = {n: draw.choice(["drop", "500", "500after", "throttle", "expired"]) for n in range(8000) if draw.random() < 0.01}
            with self.subTest(seed=seed), Life(self, seed, faults, most=draw.choice([8, 12, 20]),
                                               cap=draw.choice([None, None, 8, 14])) as life:
                life.check(life.live())
                self.assertLess(life.at_rest, life.widest)
                told["lives"] += 1
                told["bridged"] += life.seen_bridge
                told["minutes"] += life.minutes
        print(told)

    def test_killed_at_every_call_it_goes_on(self):
        def prepare(life):
            life.run("cluster", "create", "cluster.yaml")
            life.watch(6)
            life.load = 100
            return life.aws.count
        with Life(self, 1) as life:
            first = prepare(life)
            life.watch(20)
            last, wanted = life.aws.count, {k: (f["on_demand"], f["spot"]) for k, f in life.fleets().items()}
        calls = range(first, last) if FULL else range(first, last, 5)
        for call in calls:
            with self.subTest(call=call), Life(self, 1, {call: "hang"}) as life:
                prepare(life)
                process = subprocess.Popen([TIDEMILL, "cluster", "watch", "cluster.yaml", "--steps", "20", "--now",
                                            iso(life.aws.now + 60)], cwd=life.folder, env=life.environment,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.assertTrue(life.aws.hanging.wait(30), f"call {call} never came")
                process.kill()
                process.wait(30)
                life.aws.released.set()
                life.watch(25)
                self.assertEqual(wanted, {k: (f["on_demand"], f["spot"]) for k, f in life.fleets().items()})
                self.assertLessEqual(life.widest, 12)
                life.run("cluster", "terminate", "etl")
                self.assertTrue(life.aws.account.empty(), vars(life.aws.account))

    def test_what_is_not_its_to_do(self):
        with Life(self, 1) as life:
            self.assertIn("is not there", life.run("cluster", "watch", "cluster.yaml", "--steps", "1", code=1))
            life.run("cluster", "create", "cluster.yaml")
            life.run("cluster", "terminate", "etl")
            managed = life.folder / "managed.yaml"
            managed.write_text("cluster: etl\nscaling: {by: managed}\n")
            self.assertIn("scaling.by is managed", life.run("cluster", "watch", "managed.yaml", code=2))

    def test_json_says_what_was_done(self):
        with Life(self, 1) as life:
            life.run("cluster", "create", "cluster.yaml")
            life.load = 100
            lines = life.run("cluster", "watch", "cluster.yaml", "--json", "--steps", "15", "--now", iso(START)).splitlines()
            looks = [json.loads(line) for line in lines if line.startswith("{")]
            self.assertEqual(15, len(looks))
            self.assertTrue(any(s["fleet"] == "task" and s["spot"] > 0 for look in looks for s in look["sizes"]))


if __name__ == "__main__":
    unittest.main()
