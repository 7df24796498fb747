#!/usr/bin/env python3
"""A Spark that is not there, is another's, or does not live: what it says to do, how it ends, and that nothing is left."""
import subprocess
import sys
import unittest

from session import ENVIRONMENT, TIDEMILL, FolderTest

SHUFFLED = "SELECT md5(CAST(id AS STRING)) AS k, count(*) AS n FROM range(3000000) GROUP BY md5(CAST(id AS STRING))"


class BadSparkTest(FolderTest):
    def job(self, name="job", sql="SELECT * FROM one"):
        (self.folder / "one.txt").write_text("1\n")
        return self.write_job(name, sources={"one": {"format": "text", "path": "one.txt"}},
                              steps=[{"name": "last", "sql": sql}], sink={"path": "table"})

    def untouched(self):
        self.assertEqual([], [path for path in self.folder.glob("table/**/*") if path.is_file()])
        self.assertEqual([], list(self.folder.glob(".tidemill/attempts/*")))

    def test_a_spark_that_is_not_there(self):
        """The command is wrong, or the machine is: exit code 2, before a run begins."""
        wrong = self.folder / "delta-spark_2.13-3.2.0.jar"
        wrong.write_bytes(b"")
        cases = [({"TIDEMILL_PYTHON": "/usr/bin/python3"}, "has no pyspark; install it"),
                 ({"TIDEMILL_PYTHON": "", "SPARK_HOME": str(self.folder)}, "point it at a Spark"),
                 ({"JAVA_HOME": "/nowhere"}, "install a JDK 17, or set JAVA_HOME"),
                 ({"TIDEMILL_DELTA_JARS": str(wrong)}, "is not made for Spark 4.1"),
                 ({"TIDEMILL_DELTA_JARS": "/nowhere/delta-spark_2.13-4.1.0.jar"}, "which cannot be read")]
        for environment, said in cases:
            with self.subTest(said):
                self.assertIn(said, self.tidemill("run", self.job(), "--engine", "spark", code=2, **environment))
                self.untouched()

    def test_a_spark_that_dies_at_its_start(self):
        told = self.tidemill("run", self.job(), "--engine", "spark", "--spark-conf", "spark.driver.extraJavaOptions=-Xss1k", code=1)
        self.assertIn("nothing was committed", told)
        self.assertIn("Java refuses one of its options", told)
        self.untouched()

    def test_no_room_for_the_shuffle(self):
        """Spark's folder lies on a file system of 24 MB."""
        self.job(sql=SHUFFLED)
        script = 'mkdir -p .tidemill/spark && mount -t tmpfs -o size=24m tmpfs .tidemill/spark && exec "$@"'
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", TIDEMILL, "run",
                               "job.yaml", "--engine", "spark"], cwd=self.folder, env=ENVIRONMENT, capture_output=True,
                              text=True)
        if "unshare" in done.stderr or "mount" in done.stderr:
            self.skipTest("no file system of one's own here: " + done.stderr.strip())
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn("--spark-conf spark.local.dir=FOLDER", done.stdout)
        self.untouched()


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
