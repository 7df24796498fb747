#!/usr/bin/env python3
"""`tidemill advise` on the command line: wrong input, its exit codes, its forms of output, the rules and their page.
`advise_test.py --write` writes the table of docs/advise.md anew."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
DOC = ROOT / "docs" / "advise.md"


def tidemill(*words, cwd=ROOT):
    return subprocess.run([TIDEMILL, *map(str, words)], cwd=cwd, capture_output=True, text=True)


def table():
    rules = json.loads(tidemill("advise", "--rules", "--json", "--state", "/nonexistent/state.db").stdout)
    lines = ["| rule | looks for | change | gain | sure | thresholds, and where they come from |", "|---|---|---|---|---|---|"]
    for rule in rules:
        thresholds = "; ".join(f"{t['name']} **{t['value']:g}** ({t['from']})" for t in rule["thresholds"])
        lines.append(f"| `{rule['rule']}` | {rule['looks_for']} | {rule['change']} | {rule['gain']} | {rule['confidence']} | {thresholds} |")
    return len(rules), "\n".join(lines) + "\n"


def events(tasks=40, end=True):
    """A small log: one stage of equal tasks on two executors of two hosts, the second host three times slower."""
    at = 1_700_000_000_000
    lines = [{"Event": "SparkListenerLogStart", "Spark Version": "3.5.1"},
             {"Event": "SparkListenerApplicationStart", "App Name": "made <b>up</b>", "App ID": "app-1", "Timestamp": at},
             {"Event": "SparkListenerEnvironmentUpdate", "Spark Properties": {"spark.master": "yarn", "spark.executor.memory": "4g"}}]
    for i in (1, 2):
        lines.append({"Event": "SparkListenerExecutorAdded", "Timestamp": at + 40_000, "Executor ID": str(i),
                      "Executor Info": {"Host": f"host{i}", "Total Cores": 2}})
    lines.append({"Event": "SparkListenerJobStart", "Job ID": 0, "Submission Time": at + 40_000, "Stage IDs": [0]})
    info = {"Stage ID": 0, "Stage Attempt ID": 0, "Stage Name": "count", "Number of Tasks": tasks, "Parent IDs": [],
            "Submission Time": at + 40_000}
    lines.append({"Event": "SparkListenerStageSubmitted", "Stage Info": info})
    slots = {(i, c): at + 40_010 for i in (1, 2) for c in (0, 1)}
    for task in range(tasks):
        slot = min(slots, key=slots.get)
        launch, slots[slot] = slots[slot], slots[slot] + (3000 if slot[0] == 2 else 1000)
        lines.append({"Event": "SparkListenerTaskEnd", "Stage ID": 0, "Stage Attempt ID": 0, "Task End Reason": {"Reason": "Success"},
                      "Task Info": {"Task ID": task, "Index": task, "Launch Time": launch, "Finish Time": slots[slot], "Executor ID": str(slot[0]),
                                    "Host": f"host{slot[0]}", "Failed": False, "Killed": False, "Speculative": False},
                      "Task Metrics": {"Executor Run Time": slots[slot] - launch, "Executor CPU Time": 900_000_000}})
    last = max(slots.values())
    if end:
        lines += [{"Event": "SparkListenerStageCompleted", "Stage Info": {**info, "Completion Time": last, "Accumulables": []}},
                  {"Event": "SparkListenerJobEnd", "Job ID": 0, "Completion Time": last, "Job Result": {"Result": "JobSucceeded"}},
                  {"Event": "SparkListenerApplicationEnd", "Timestamp": last + 5}]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


class AdviseTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-advise-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_wrong_input_is_named(self):
        (self.folder / "text").write_text("hello\nworld\n")
        (self.folder / "empty").write_text("")
        (self.folder / "none").mkdir()
        (self.folder / "others").mkdir()
        (self.folder / "others" / "a.txt").write_text("hello\n")
        (self.folder / "bad.zstd").write_text("hello\n")
        (self.folder / "bad.lz4").write_text("hello, this is not lz4\n")
        for words, code, said in ((("text",), 2, "is not an event log of Spark: no line of it is an event"),
                                  (("empty",), 2, "empty is empty"), (("none",), 1, "is not there, or is an empty folder"),
                                  (("nowhere",), 1, "nowhere is not there"), (("others",), 1, "none of the 1 files"),
                                  (("bad.zstd",), 2, "is not an event log of Spark: "), (("bad.lz4",), 2, "is not an event log of Spark: "),
                                  ((), 2, "name an event log of Spark"), (("text", "--rules"), 2, "excludes"),
                                  (("text", "--yes"), 2, "requires"), (("text", "--shape", "4"), 2, "EXECUTORSxCORES")):
            with self.subTest(words):
                done = tidemill("advise", *words, cwd=self.folder)
                self.assertEqual(code, done.returncode, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertEqual("", done.stdout)

    @unittest.skipIf(os.geteuid() == 0, "root may read anything")
    def test_no_permission(self):
        (self.folder / "log").write_text(events())
        (self.folder / "log").chmod(0)
        done = tidemill("advise", "log", cwd=self.folder)
        self.assertEqual(1, done.returncode)
        self.assertIn("ermission", done.stderr)

    def test_a_log_as_text_json_and_page(self):
        (self.folder / "log").write_text(events())
        done = tidemill("advise", "log", "--html", "page.html", "--shape", "8x4", cwd=self.folder)
        self.assertEqual(0, done.returncode, done.stderr)
        for words in ("bad_node: Tasks on host2 take 3.0 times", "slow_start: The first executor is there after 40", "8 x 4 cores", "What if"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        page = (self.folder / "page.html").read_text()
        self.assertIn("made &lt;b&gt;up", page)
        self.assertNotIn("<b>up", page)
        (advice,) = json.loads(tidemill("advise", "log", "--json", cwd=self.folder).stdout)
        self.assertEqual(("3.5.1", 40, True), (advice["spark"], advice["tasks"], advice["whole"]))
        now = advice["what_if"]
        self.assertAlmostEqual(1, now["modelled_seconds"] / now["measured_seconds"], delta=0.15)

    def test_a_log_that_stops_is_read_to_there(self):
        (self.folder / "log.inprogress").write_text(events(end=False)[:-100])
        (advice,) = json.loads(tidemill("advise", "log.inprogress", "--json", cwd=self.folder).stdout)
        self.assertEqual((39, False), (advice["tasks"], advice["whole"]))
        self.assertEqual(2, len(advice["warnings"]))

    def test_a_rolled_folder_is_one_log(self):
        rolled = self.folder / "logs" / "eventlog_v2_app-1"
        rolled.mkdir(parents=True)
        lines = events().splitlines(True)
        for part, some in ((1, lines[:10]), (2, lines[10:20]), (10, lines[20:])):
            (rolled / f"events_{part}_app-1").write_text("".join(some))
        (rolled / "appstatus_app-1").write_text("")
        for path in ("logs", rolled):
            (advice,) = json.loads(tidemill("advise", path, "--json", cwd=self.folder).stdout)
            self.assertEqual((40, True), (advice["tasks"], advice["whole"]))

    def test_a_run_of_the_ledger(self):
        (self.folder / "in.csv").write_text("k,v\n1,2\n")
        (self.folder / "job.yaml").write_text('job: one\nsources:\n  rows: {format: csv, path: in.csv, header: true}\nsink: {path: out}\n')
        self.assertEqual(0, tidemill("run", "job.yaml", cwd=self.folder).returncode)
        done = tidemill("advise", cwd=self.folder)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("run 1 of one, native", done.stdout)
        self.assertEqual("one", json.loads(tidemill("advise", "--run", "1", "--json", cwd=self.folder).stdout)["job"])
        self.assertIn("the ledger has no run 7", tidemill("advise", "--run", "7", cwd=self.folder).stderr)

    def test_apply_refuses_what_is_no_setting(self):
        (self.folder / "log").write_text(events())
        (self.folder / "job.yaml").write_text("job: one\nsources:\n  rows: {format: csv, path: in.csv}\nsink: {path: out}\n")
        for words, said in ((("--rule", "gc"), "there is no finding of the rule gc"),):
            done = tidemill("advise", "log", "--apply", "job.yaml", *words, "--yes", cwd=self.folder)
            self.assertEqual(2, done.returncode)
            self.assertIn(said, done.stderr)
        done = tidemill("advise", "log", "--apply", "job.yaml", "--rule", "bad_node", "--yes", cwd=self.folder)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('+   spark.speculation: "true"', done.stdout)
        self.assertTrue((self.folder / "job.yaml").read_text().endswith('conf:\n  spark.excludeOnFailure.enabled: "true"\n  spark.speculation: "true"\n'))
        again = tidemill("advise", "log", "--apply", "job.yaml", "--rule", "bad_node", "--yes", cwd=self.folder)
        self.assertIn("says so already", again.stderr)
        self.assertIn("taken 1, measured 0", tidemill("advise", "--rules", cwd=self.folder).stdout)

    def test_the_page_of_rules_is_the_program(self):
        count, text = table()
        self.assertGreaterEqual(count, 20)
        self.assertIn(text, DOC.read_text(), "run tests/cli/advise_test.py --write")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        old = DOC.read_text()
        DOC.write_text(re.sub(r"\| rule \|.*?\n(?!\|)", lambda _: table()[1], old + "\n", count=1, flags=re.S).rstrip("\n") + "\n")
    else:
        unittest.main(verbosity=2, argv=sys.argv)
