#!/usr/bin/env python3
"""Runs that are killed at random moments: the native run, Spark's driver, the command while Spark works for it.

After each kill the same run goes once more, and then there is one commit with its run key, every row once (quarantined
ones too), no file that the logs don't know, and no process of the run. Three kills each; the full form
(TIDEMILL_FULL) makes 30. TIDEMILL_SEED repeats a test; it is printed.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import deltalake

from session import ENVIRONMENT, FULL, TIDEMILL

KILLS = int(os.environ.get("TIDEMILL_KILLS", 30 if FULL else 3))
SEED = int(os.environ.get("TIDEMILL_SEED", time.time_ns() % 1_000_000))
ROWS, EVERY_BAD, EVERY_MALFORMED = 300_000, 1000, 5000
MODES = {"append": {}, "overwrite_partitions": {}, "merge": {"keys": ["id"]}}
ENDS_WITHIN_S = 30  # processes of a run whose head was cut off


def is_malformed(i):
    return i % EVERY_MALFORMED == 7


def is_bad(i):
    return i % EVERY_BAD == 5


GOOD = [i for i in range(ROWS) if not is_malformed(i) and not is_bad(i)]
QUARANTINED = sum(is_malformed(i) or is_bad(i) for i in range(ROWS))


def processes(words):
    """{id: command line} of the processes, other than this one, whose command line has all the words."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found[int(entry.name)] = line
    return found


class KillTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}, {KILLS} kills each", flush=True)
        cls.temporary = tempfile.TemporaryDirectory(prefix="tidemill-kill-")
        cls.source = pathlib.Path(cls.temporary.name) / "in.csv"
        lines = (f"{'x' if is_malformed(i) else i},{-i if is_bad(i) else i}.50,name of {i}\n" for i in range(ROWS))
        cls.source.write_text("id,amount,name\n" + "".join(lines))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def job(self, mode):
        """A folder with a job in it."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.temporary.name))
        job = {"job": "killed", "sources": {"rows": {
                   "format": "csv", "path": str(self.source), "header": True, "malformed": "quarantine",
                   "schema": "id BIGINT, amount DECIMAL(12,2), name STRING"}},
               "steps": [{"name": "last", "sql": "SELECT *, id % 7 AS part, md5(name) AS digest FROM rows"}],
               "checks": [{"name": "positive", "expression": "amount >= 0"}],
               "sink": {"path": "table", "mode": mode, "partition_by": ["part"], **MODES[mode]}}
        (folder / "job.yaml").write_text(json.dumps(job))  # JSON is YAML
        return folder

    def start(self, folder, engine):
        with open(folder / "out", "ab") as out:
            return subprocess.Popen([TIDEMILL, "run", "job.yaml", "--engine", engine], cwd=folder, env=ENVIRONMENT,
                                    stdout=out, stderr=out)

    def run_whole(self, folder, engine):
        run = self.start(folder, engine)
        self.assertEqual(0, run.wait(), (folder / "out").read_text())

    def clean_s(self, engine):
        """How long a run takes that nobody kills."""
        folder, start = self.job("append"), time.monotonic()
        self.run_whole(folder, engine)
        took_s = time.monotonic() - start
        self.held(folder)
        shutil.rmtree(folder)
        return took_s

    def killed(self, engine, victim):
        """`victim` gives, of a run's process, whom to kill now; None: nobody is there yet."""
        dice = random.Random(f"{SEED} {engine} {victim.__name__}")
        clean_s, outcomes = self.clean_s(engine), []
        for i in range(KILLS):
            mode, at_s = dice.choice(sorted(MODES)), dice.uniform(0.02, 1) * clean_s
            with self.subTest(engine=engine, victim=victim.__name__, kill=i, mode=mode, at_s=round(at_s, 3)):
                folder = self.job(mode)
                run, start = self.start(folder, engine), time.monotonic()
                time.sleep(at_s)
                while run.poll() is None and (whom := victim(run, folder)) is None:
                    time.sleep(0.05)
                if run.poll() is None:
                    os.kill(whom, signal.SIGKILL)
                code = run.wait()
                outcomes.append("ended before" if code == 0 else "killed")
                if victim is not KillTest.command:
                    self.assertIn(code, (0, 1), (folder / "out").read_text())
                self.gone(folder)
                self.run_whole(folder, engine)
                self.held(folder)
                self.gone(folder)
                shutil.rmtree(folder)
        print(f"{engine}, {victim.__name__}: {KILLS} kills, {outcomes.count('killed')} before the run's end, "
              f"a clean run takes {clean_s:.1f} s", flush=True)

    def gone(self, folder):
        """No process of the run is left, soon."""
        start = time.monotonic()
        while left := processes([str(folder)]):
            self.assertLess(time.monotonic() - start, ENDS_WITHIN_S, left)
            time.sleep(0.1)

    def held(self, folder):
        table = deltalake.DeltaTable(folder / "table")
        quarantine = deltalake.DeltaTable(folder / "table_quarantine")
        self.assertEqual(GOOD, sorted(table.to_pyarrow_table(columns=["id"])["id"].to_pylist()))
        self.assertEqual(QUARANTINED, quarantine.to_pyarrow_table(columns=["run_key"]).num_rows)
        (run,) = {json.loads(line)["run_key"] for line in self.events(folder)}
        commits = [path for path in (folder / "table/_delta_log").glob("*.json")
                   if json.dumps(run) in path.read_text() and '"txn"' in path.read_text()]
        self.assertEqual(1, len(commits))
        for name in ("table", "table_quarantine"):
            self.assertEqual(self.known(folder / name), self.files(folder / name), name)
        self.assertEqual([], [str(path) for path in (folder / ".tidemill").glob("attempts/*")])

    def events(self, folder):
        done = subprocess.run([TIDEMILL, "runs", "ls", "--json"], cwd=folder, capture_output=True, text=True, check=True)
        return [json.dumps(run) for run in json.loads(done.stdout)]

    @staticmethod
    def known(table):
        """The data files that the log names: what was taken out of the table stays until a vacuum."""
        actions = [json.loads(line) for path in (table / "_delta_log").glob("*.json") for line in path.read_text().splitlines()]
        return {action[kind]["path"] for action in actions for kind in ("add", "remove") if kind in action}

    @staticmethod
    def files(table):
        return {str(path.relative_to(table)) for path in table.rglob("*")
                if path.is_file() and "_delta_log" not in path.parts and not path.name.endswith(".crc")}

    @staticmethod
    def command(run, folder):
        return run.pid

    @staticmethod
    def driver(run, folder):
        """The JVM of the run's application."""
        return next(iter(processes([str(folder), "java", "app.py"])), None)

    def test_the_native_run(self):
        self.killed("native", KillTest.command)

    def test_the_driver_of_spark(self):
        self.killed("spark", KillTest.driver)

    def test_the_command_while_spark_works(self):
        self.killed("spark", KillTest.command)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
