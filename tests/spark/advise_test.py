#!/usr/bin/env python3
"""`tidemill advise` against event logs that real Spark writes: each prepared sickness (advise_jobs.py) is found, healthy
applications give at most one finding among them, the model of each log gives back its time; one change is written into a
job's file and the next run measured. Short: a few of each."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import advise_jobs
import session as oracle

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
FULL = bool(os.environ.get("TIDEMILL_FULL"))
ENVIRONMENT = {**os.environ, "TIDEMILL_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
               "TIDEMILL_DELTA_JARS": ",".join(map(str, oracle.DELTA_JARS))}
SHORT = ["skew", "tiny_tasks", "driver", "cross_join", "convert"]
MODEL_ERROR = 0.15  # of the measured time, each log; half of it in the median


def tidemill(*words, cwd=None):
    return subprocess.run([TIDEMILL, *map(str, words)], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)


def busy_cores(seconds=2):
    """Cores that others keep busy now."""
    def read():
        times = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]))
        return sum(times), times[3] + times[4]
    (all1, idle1), _, (all2, idle2) = read(), time.sleep(seconds), read()
    return os.cpu_count() * (1 - (idle2 - idle1) / max(all2 - all1, 1))


class AdviseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(os.environ.get("ADVISE_FOLDER") or tempfile.mkdtemp(prefix="tidemill-advise-"))
        if not os.environ.get("ADVISE_FOLDER"):
            cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.load = busy_cores()
        names = list(advise_jobs.CASES) if FULL else SHORT
        groups = {}
        for name in names:
            case = advise_jobs.CASES[name]
            if not (cls.folder / "logs" / name).exists():
                groups.setdefault((case.jvm, case.master.startswith("local-cluster")), []).append(name)
        for group in groups.values():
            subprocess.run([sys.executable, advise_jobs.__file__, cls.folder, *group], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        cls.advice = {}
        for name in names:
            done = tidemill("advise", cls.folder / "logs" / name, "--json", cwd=cls.folder)
            assert done.returncode == 0, done.stderr
            (cls.advice[name],) = json.loads(done.stdout)

    def rules(self, name):
        return [finding["rule"] for finding in self.advice[name]["findings"]]

    def test_each_sickness_is_found(self):
        sick = [name for name in self.advice if advise_jobs.CASES[name].rule]
        self.assertGreaterEqual(len(sick), 12 if FULL else 4)
        for name in sick:
            with self.subTest(name):
                self.assertIn(advise_jobs.CASES[name].rule, self.rules(name))

    def test_findings_say_why_what_and_how_much(self):
        for name, advice in self.advice.items():
            for finding in advice["findings"]:
                with self.subTest(name, rule=finding["rule"]):
                    self.assertTrue(finding["figures"] and finding["what"])
                    self.assertTrue(finding["settings"] or finding["advice"])
                    gain = finding["gain_seconds"]
                    self.assertTrue(gain["mid"] > 0 or finding["gain_core_hours"] > 0)
                    self.assertTrue(gain["low"] <= gain["mid"] <= gain["high"] <= advice["seconds"] + 0.001)
                    self.assertIn(finding["confidence"], ("low", "medium", "high"))

    def test_healthy_applications_are_left_alone(self):
        found = {name: self.rules(name) for name in self.advice if not advise_jobs.CASES[name].rule and self.rules(name)}
        self.assertLessEqual(sum(map(len, found.values())), 1, found)

    def test_the_model_gives_back_the_measured_time(self):
        errors = {}
        for name, advice in self.advice.items():
            now = advice["what_if"]
            errors[name] = abs(now["modelled_seconds"] / now["measured_seconds"] - 1)
        print({name: round(error, 3) for name, error in errors.items()})
        self.assertLess(max(errors.values()), MODEL_ERROR, errors)
        self.assertLess(statistics.median(errors.values()), MODEL_ERROR / 2)

    def test_more_cores_take_no_longer(self):
        for name, advice in self.advice.items():
            with self.subTest(name):
                shapes = advice["what_if"]["shapes"]
                by_slots = sorted((shape["executors"] * shape["cores"], shape["seconds"]["mid"]) for shape in shapes)
                for (_, fewer), (_, more) in zip(by_slots, by_slots[1:]):
                    self.assertLessEqual(more, fewer * 1.05)

    @unittest.skipUnless(FULL, "two more runs")
    def test_one_core_takes_what_the_model_says(self):
        """Of the run on two cores; on a machine whose cores others use, two cores are not two."""
        if self.load > 0.5:
            self.skipTest(f"others keep {self.load:.1f} cores busy")
        (said,) = [shape["seconds"] for shape in self.advice["aggregate"]["what_if"]["shapes"] if shape["cores"] == 1]
        took = self.advice["aggregate_one_core"]["seconds"]
        print({"said": {key: round(value, 1) for key, value in said.items()}, "took": round(took, 1)})
        self.assertTrue(said["mid"] / 1.5 <= took <= said["mid"] * 1.5)

    def test_codecs_and_rolled_logs_give_the_same(self):
        """The same log as Spark's own writers pack it, with and without an end."""
        from pyspark.sql import SparkSession
        logs = self.folder / "codecs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        for codec, rolled in (("zstd", True), ("lz4", False), ("snappy", False), ("lzf", False), ("none", True)):
            builder = SparkSession.builder.master("local[2]").appName(f"{codec}").config("spark.ui.enabled", "false")
            for key, value in {"enabled": "true", "dir": f"file:{logs}", "compress": str(codec != "none").lower(),
                               "compression.codec": codec if codec != "none" else "zstd",
                               "rolling.enabled": str(rolled).lower()}.items():
                builder = builder.config(f"spark.eventLog.{key}", value)
            spark = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
            spark.sparkContext.setLogLevel("OFF")
            spark.range(0, 300_000, 1, 60).selectExpr("id % 7 AS k").groupBy("k").count().collect()
            spark.stop()
        advice = json.loads(tidemill("advise", logs, "--json", cwd=self.folder).stdout)
        self.assertEqual({"zstd", "lz4", "snappy", "lzf", "none"}, {one["application"] for one in advice})
        for one in advice:
            self.assertEqual((61, True, []), (one["tasks"], one["whole"], one["warnings"]), one["application"])
        # Cut anywhere: what there is is read, and the cut is named.
        for path in sorted(logs.rglob("*")):
            if path.is_dir() or path.stat().st_size < 1000 or path.name.startswith("."):
                continue
            cut = self.folder / ("cut_" + path.name)
            cut.write_bytes(path.read_bytes()[:path.stat().st_size * 9 // 10])
            done = tidemill("advise", cut, "--json", cwd=self.folder)
            self.assertEqual(0, done.returncode, (path.name, done.stderr))
            (one,) = json.loads(done.stdout)
            self.assertGreater(one["tasks"], 0, path.name)
            self.assertFalse(one["whole"])
            self.assertTrue(any("the application's end is not in the log" in w for w in one["warnings"]))
            cut.unlink()

    def test_a_change_is_written_and_the_next_run_measured(self):
        """A job with far too many partitions: advise, --apply, run again; the promise beside the gain."""
        folder = self.folder / "apply"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "in.csv").write_text("k,v\n" + "".join(f"{i % 5000},{i}\n" for i in range(50_000)))
        (folder / "job.yaml").write_text("""# Kept as it is.
job: groups
sources:
  rows: {format: csv, path: in.csv, header: true, schema: "k INT, v INT"}
conf:
  # Somebody meant well.
  spark.sql.shuffle.partitions: 3000   # far too many
  spark.sql.adaptive.enabled: false
steps:
  - name: summed
    sql: SELECT k, sum(v) AS v FROM rows GROUP BY k
sink:
  path: out
  mode: overwrite
""")
        run = ("run", "job.yaml", "--engine", "spark", "--no-plan", "--again", "--memory", "2GB", "--threads", "2")
        done = tidemill(*run, cwd=folder)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        asked = tidemill("advise", "--apply", "job.yaml", "--rule", "too_many_partitions", cwd=folder)
        self.assertEqual(1, asked.returncode, asked.stdout + asked.stderr)  # nobody to ask
        self.assertIn("say --yes", asked.stderr)
        self.assertIn("partitions: 3000", (folder / "job.yaml").read_text())
        done = tidemill("advise", "--apply", "job.yaml", "--rule", "too_many_partitions", "--yes", cwd=folder)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("-   spark.sql.shuffle.partitions: 3000   # far too many", done.stdout)
        text = (folder / "job.yaml").read_text()
        self.assertIn("# Kept as it is.\n", text)
        self.assertRegex(text, r'  spark.sql.shuffle.partitions: "\d+"   # far too many\n')
        self.assertIn('spark.sql.adaptive.enabled: "true"\n', text)
        done = tidemill(*run, cwd=folder)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        (rule,) = [one for one in json.loads(tidemill("advise", "--rules", "--json", cwd=folder).stdout) if one["taken"]]
        print({key: rule[key] for key in ("rule", "promised", "gained", "hits", "measured")})
        self.assertEqual(("too_many_partitions", 1, 1), (rule["rule"], rule["taken"], rule["measured"]))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
