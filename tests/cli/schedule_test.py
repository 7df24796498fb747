#!/usr/bin/env python3
"""tidemill schedule and serve: what is simulated, what is refused, and real daemons that are killed over and over."""
import collections
import csv
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))
FULL = "TIDEMILL_FULL" in os.environ


def tidemill(*words, folder, **more):
    return subprocess.run([TIDEMILL, *words], cwd=folder, capture_output=True, text=True, **more)


class SimulateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tidemill-schedule-")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def simulate(self, *words):
        done = tidemill("schedule", "simulate", *words, folder=self.folder.name)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_the_same_seed_gives_the_same_bytes(self):
        for words in [("--json",), ()]:
            one = self.simulate("--nights", "7", "--seed", "42", *words)
            self.assertEqual(one, self.simulate("--nights", "7", "--seed", "42", *words))
            self.assertNotEqual(one, self.simulate("--nights", "7", "--seed", "43", *words))

    def test_the_night_tells_its_story(self):
        night = json.loads(self.simulate("--nights", "7", "--seed", "3", "--json"))
        jobs = {job["job"]: job for job in night["jobs"]}
        self.assertEqual((12, []), (len(jobs), night["wrong"]))
        self.assertEqual((0, 7), (jobs["whole_network"]["done"], jobs["whole_network"]["parked"]))
        self.assertGreater(jobs["delay_limits"]["parked"], 0)
        self.assertGreater(jobs["flights_load"]["done"], 5)
        skewed = [a for a in night["attempts"] if a["job"] == "same_origin" and a["outcome"] == "committed"]
        self.assertTrue(skewed)
        self.assertTrue(all(a["memory_bytes"] > 3 << 30 for a in skewed))
        classes = {job["job"]: job["class"] for job in night["jobs"]}
        self.assertFalse([a for a in night["attempts"] if classes[a["job"]] == "development" and a["period"] == "peak"])
        loaded = {a["window"]: a["ended"] for a in night["attempts"] if a["job"] == "flights_load" and a["outcome"] == "committed"}
        for a in night["attempts"]:
            if a["job"] == "carrier_delays":
                self.assertGreaterEqual(a["began"], loaded[a["window"]])

    def test_the_text_is_a_time_line(self):
        text = self.simulate("--nights", "2")
        for words in ["Night of Tue 2013-01-01", "peak", "off_peak", "flights_load", "longest wait", "in use:"]:
            self.assertIn(words, text)


class MistakesTest(unittest.TestCase):
    def test_all_at_once_with_their_lines(self):
        with tempfile.TemporaryDirectory(prefix="tidemill-schedule-") as folder:
            here = pathlib.Path(folder)
            (here / "schedule.yaml").write_text(
                "calendar:\n  time_zone: America/New_Yrok\n  holidays: [2013-02-30]\n  periods:\n"
                "    - {name: day, hours: 9-25, days: monday}\ncapacity:\n  memory: lots\n  threads: 0\n  resources: {gpu: none}\n")
            (here / "a.yaml").write_text(
                "job: a\nschedule:\n  cron: 61 * * * *\n  every: 1h\n  after: [b, nobody]\n  resources: {gpus: 1}\n"
                "sources: {s: {format: csv, path: s.csv}}\nsink: {path: out}\n")
            (here / "b.yaml").write_text(
                "job: b\nschedule:\n  after: [a]\n  attempts: 0\n  on_data: [t]\n"
                "sources: {s: {format: csv, path: s.csv}}\nsink: {path: out}\n")
            done = tidemill("schedule", "simulate", ".", folder=folder)
            self.assertEqual(2, done.returncode)
            for where in ["schedule.yaml:2:14", "schedule.yaml:3:14", "schedule.yaml:5:26", "schedule.yaml:5:38", "schedule.yaml:7:11",
                          "schedule.yaml:8:12", "a.yaml:3:9", "has more than one of", "no scheduled job 'nobody'",
                          "no resource 'gpus'", "b.yaml:4:13", "there is no source 't'", "waits for itself"]:
                self.assertIn(where, done.stderr)

    def test_validate_reads_the_schedule_too(self):
        with tempfile.TemporaryDirectory(prefix="tidemill-schedule-") as folder:
            (pathlib.Path(folder) / "a.yaml").write_text(
                "job: a\nschedule: {cron: 0 25 * * *}\nsources: {s: {format: csv, path: s.csv}}\nsink: {path: out}\n")
            done = tidemill("validate", "a.yaml", "--syntax-only", folder=folder)
            self.assertEqual(2, done.returncode)
            self.assertIn("a.yaml:2:18: schedule.cron: '25' is no hour", done.stderr)


DAYS = ["2013-01-01", "2013-01-02", "2013-01-03"]
FROM, UNTIL, SPEED = "2013-01-02T03:50:00Z", "2013-01-04T12:00:00Z", "7200"


class Daemon:
    def __init__(self, folder, number, environment):
        self.log = folder / f"daemon{number}.log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [TIDEMILL, "serve", "examples/night", "--listen", "none", "--time-from", FROM, "--speed", SPEED, "--until", UNTIL],
                cwd=folder, env=environment, stdout=out, stderr=out)

    def leads(self):
        return '"event":"leads"' in self.log.read_text()

    def dead(self):
        return self.process.poll() is not None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@unittest.skipUnless((CACHE / "flights" / "flights.ok").exists(), "tools/setup demo fetches the flights")
class ServeTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tidemill-serve-")
        self.folder = pathlib.Path(self.temporary.name)
        shutil.copytree(ROOT / "examples" / "night", self.folder / "examples" / "night")
        data = self.folder / "data"
        data.mkdir()
        self.flights = collections.Counter()
        for name in ["flights.csv", "weather.csv"]:
            with (CACHE / "flights" / name).open() as source, (data / name).open("w") as target:
                reader, writer = csv.reader(source), csv.writer(target, lineterminator="\n")
                writer.writerow(next(reader))
                for row in reader:
                    if row[-1][:10] in DAYS + ["2013-01-04"]:
                        writer.writerow(row)
                        self.flights[row[-1][:10]] += name == "flights.csv"
        self.environment = {**os.environ, "FLIGHTS_DATA": str(data)}
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            if not daemon.dead():
                daemon.kill()
        for child in self.children():
            os.kill(child, signal.SIGKILL)
        self.temporary.cleanup()

    def start(self):
        self.daemons.append(Daemon(self.folder, len(self.daemons), self.environment))
        return self.daemons[-1]

    def children(self):
        """Attempts of this folder's daemons, whoever began them."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if len(words) > 2 and words[1] == b"run" and bytes(self.folder) in words[2]:
                    found.append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        return found

    def check_tables(self):
        for job in ["flights_load", "delay_limits"]:
            table = self.folder / "out" / "night" / ("flights" if job == "flights_load" else job)
            done = tidemill("sql", "--output", "json", "-e",
                            f"SELECT date_format(time_hour, 'yyyy-MM-dd') AS day, count(*) AS n FROM delta.`{table}` GROUP BY 1",
                            folder=self.folder)
            self.assertEqual(0, done.returncode, done.stderr)
            rows = {row["day"]: row["n"] for row in json.loads(done.stdout)}
            if job == "flights_load":
                self.assertEqual({day: self.flights[day] for day in DAYS}, {day: rows.get(day) for day in DAYS})
            else:
                self.assertNotIn("2013-01-01", rows)
                self.assertIn("2013-01-02", rows)
        ledger = sqlite3.connect(self.folder / ".tidemill" / "state.db")
        runs = ledger.execute("SELECT job, window, count(*) FROM runs WHERE outcome = 'committed' GROUP BY job, window").fetchall()
        self.assertEqual([], [run for run in runs if run[2] > 1])
        done = collections.defaultdict(set)
        for job, window, _ in runs:
            done[job].add(window[:10])
        for job in ["flights_load", "weather_load", "carrier_delays", "airport_delays", "plane_hours", "hourly_load",
                    "weather_delays", "same_origin", "route_ideas", "speed_ideas"]:
            self.assertLessEqual(set(DAYS), done[job], job)
        self.assertEqual(set(DAYS[1:]), done["delay_limits"] & set(DAYS))
        self.assertEqual(set(), done["whole_network"])
        self.assertEqual(0, ledger.execute("PRAGMA integrity_check").fetchone()[0] != "ok")
        ledger.close()

    def test_daemons_that_are_killed_lose_and_double_nothing(self):
        seed = int(os.environ.get("TIDEMILL_SEED", "1"))
        dice = random.Random(seed)
        self.start()
        self.start()
        takeovers = []
        kills = 30 if FULL else 6
        end = time.monotonic() + (600 if FULL else 240)
        while time.monotonic() < end:
            alive = [daemon for daemon in self.daemons if not daemon.dead()]
            if not alive:
                break
            leader = next((daemon for daemon in alive if daemon.leads()), None)
            if leader is None or kills == 0:
                time.sleep(0.2)
                continue
            time.sleep(dice.uniform(0.1, 2.5))
            if leader.dead():
                continue
            kills -= 1
            leader.kill()
            if dice.random() < 0.4:
                for child in self.children():
                    try:
                        os.kill(child, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            killed = time.monotonic()
            self.start()
            while not any(d.leads() for d in self.daemons if not d.dead()) and time.monotonic() - killed < 30:
                time.sleep(0.05)
            takeovers.append(time.monotonic() - killed)
        logs = "".join(d.log.read_text()[-2000:] for d in self.daemons[-2:])
        self.assertTrue(all(daemon.dead() for daemon in self.daemons), f"seed {seed}: still busy\n{logs}")
        print(f"{len(takeovers)} kills, seed {seed}, the longest takeover {max(takeovers):.1f} s", flush=True)
        self.assertLess(max(takeovers), 10)
        self.check_tables()
        listed = json.loads(tidemill("schedule", "ls", "--schedule", "examples/night", "--json", folder=self.folder,
                                     env=self.environment).stdout)
        parked = {job["job"]: job["parked"] for job in listed if job["parked"]}
        self.assertEqual({"delay_limits", "whole_network"}, set(parked))
        shown = tidemill("schedule", "show", "delay_limits", "--schedule", "examples/night", folder=self.folder, env=self.environment)
        self.assertIn("no_day_of_waiting", shown.stdout)


if __name__ == "__main__":
    unittest.main()
