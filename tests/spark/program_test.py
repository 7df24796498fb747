#!/usr/bin/env python3
"""Jobs of type: spark_app on real Spark: what a program is given, when a run is done, and that the model of examples/ml is
trained within its class."""
import json
import sys
import unittest

import deltalake

from session import ROOT, FolderTest

WRITES = '''
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
settings = {"run_key": spark.conf.get("spark.tidemill.run_key"), "answer": spark.conf.get("spark.sql.shuffle.partitions")}
rows = spark.range(int(sys.argv[1])).selectExpr("id", f"'{sys.argv[2]}' AS start", f"'{settings['run_key']}' AS key",
                                                f"'{settings['answer']}' AS partitions")
writer = rows.write.format("delta").mode("append")
if "forgets" not in sys.argv:
    writer = writer.option("txnAppId", os.environ["TIDEMILL_RUN_KEY"]).option("txnVersion", os.environ["TIDEMILL_TXN_VERSION"])
writer.save(os.environ["TIDEMILL_TABLE"])
print("a line of the program", flush=True)
if "dies" in sys.argv:
    os._exit(7)
'''
ENDS = "import sys\nprint('said before the end', flush=True)\nsys.exit(int(sys.argv[1]))\n"


class ProgramTest(FolderTest):
    def program(self, name, text, **job):
        (self.folder / f"{name}.py").write_text(text)
        return self.write_job(name, type="spark_app", app=f"{name}.py", **job)

    def runs(self):
        return json.loads(self.tidemill("runs", "ls", "--json"))

    def test_a_program_that_commits(self):
        job = self.program("writes", WRITES, args=["3", "{window.start}"], window={"size": "1d"}, sink={"path": "table"},
                           conf={"spark.sql.shuffle.partitions": "3"})
        told = self.tidemill("run", job, "--window", "2024-01-01T00:00:00Z")
        self.assertIn("committed version 0", told)
        (run,) = self.runs()
        rows = deltalake.DeltaTable(self.folder / "table").to_pyarrow_table().to_pylist()
        self.assertEqual({("2024-01-01T00:00:00Z", run["run_key"], "3")}, {(r["start"], r["key"], r["partitions"]) for r in rows})
        self.assertIn("already committed at version 0", self.tidemill("run", job, "--window", "2024-01-01T00:00:00Z"))
        shown = json.loads(self.tidemill("runs", "show", str(run["id"]), "--json"))
        types = [event["type"] for event in shown["events"]]
        for kind in ("quoted", "invoiced", "spark_figures", "committed"):
            self.assertIn(kind, types)
        self.assertGreater(run["dollars"], 0)
        # The table decides: the ledger's loss changes nothing.
        (self.folder / ".tidemill" / "state.db").unlink()
        self.assertIn("already committed at version 0", self.tidemill("run", job, "--window", "2024-01-01T00:00:00Z"))
        # Another program over a window that is there would double its rows.
        (self.folder / "writes.py").write_text(WRITES + "# changed\n")
        self.assertIn("has changed", self.tidemill("run", job, "--window", "2024-01-01T00:00:00Z", code=2))

    def test_the_table_knows_better_than_the_process(self):
        dies = self.program("dies", WRITES, args=["3", "-", "dies"], sink={"path": "table"})
        told = self.tidemill("run", dies)
        self.assertIn("committed version 0", told)
        self.assertIn("ended with code 7 after its commit", told)
        forgets = self.program("forgets", WRITES, args=["3", "-", "forgets"], sink={"path": "other"})
        self.assertIn("no commit of other carries the run key", self.tidemill("run", forgets, code=1))

    def test_without_a_sink_the_ledger_decides(self):
        job = self.program("ends", ENDS, args=["${CODE:-0}"])
        self.assertIn("ended with code 3", self.tidemill("run", job, code=1, CODE="3"))
        told = self.tidemill("run", job)
        self.assertIn("ends.py ended well", told)
        output = next(word for word in told.split() if word.endswith("output.log"))
        with open(output) as lines:
            self.assertIn("said before the end", lines.read())
        self.assertIn("already done by run 2", self.tidemill("run", job))
        self.assertIn("ends.py ended well", self.tidemill("run", job, "--again"))

    def test_what_needs_no_spark(self):
        job = self.program("ends", ENDS, args=["0", "{window.end}"])
        self.assertIn("the job has no window", self.tidemill("validate", job, code=2))
        job = self.program("ends", ENDS, args=["0", "{runkey}"], main_class="a.B")
        self.assertIn("has a meaning for a .jar alone", self.tidemill("validate", job, code=2))
        job = self.program("ends", ENDS, args=["{run_key}"], reads=["ends.py"])
        self.assertIn("ends.py, a program for Spark", self.tidemill("validate", job))
        self.assertIn("is a program for Spark", self.tidemill("plan", job))
        self.assertIn("nothing to verify", self.tidemill("verify", job, code=2))
        self.tidemill("plan", job, "--emit-spark", "emitted")
        script = (self.folder / "emitted" / "submit.sh").read_text()
        self.assertIn("export TIDEMILL_RUN_KEY=tidemill:ends:all:", script)
        (self.folder / "ends.py").unlink()
        self.assertIn("ends.py", self.tidemill("validate", job, code=2))
        self.tidemill("init", "--template", "spark_app", "new.yaml")
        (self.folder / "train.py").write_text("")
        self.assertIn("train.py, a program for Spark", self.tidemill("validate", "new.yaml"))

    def test_the_flights_model(self):
        """Trained with MLlib within its class's four hours."""
        job = ROOT / "examples" / "ml" / "job.yaml"
        told = self.tidemill("run", job, OUT=str(self.folder))
        self.assertIn("committed version 0", told)
        (run,) = self.runs()
        self.assertLess(run["duration_ms"], 4 * 3600 * 1000)
        facts = deltalake.DeltaTable(self.folder / "flights_delay_model").to_pyarrow_table().to_pylist()
        scores = {fact["name"]: fact["value"] for fact in facts if fact["kind"] == "score"}
        self.assertTrue(0.8 < scores["r2"] < 1, scores)
        self.assertGreater(scores["rows"], 300_000)
        models = list((self.folder / "flights_delay_model_model").iterdir())
        self.assertEqual([run["attempt"]], [model.name for model in models])
        self.assertIn("already committed at version 0", self.tidemill("run", job, OUT=str(self.folder)))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
