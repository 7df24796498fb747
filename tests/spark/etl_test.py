#!/usr/bin/env python3
"""The jobs of examples/tpc: both engines give the same rows, which a certificate says; --engine auto then goes native, and to
Spark where the memory does not do. At scale 0.01 the job with half of its rows on one key; the full form (TIDEMILL_FULL)
takes all three, at scale 1."""
import json
import sys
import unittest

from session import FULL, ROOT, FolderTest

sys.path.insert(0, str(ROOT / "tests" / "tpc"))
import tpc  # noqa: E402

JOBS = ["pricing", "customers", "skewed"] if FULL else ["skewed"]
SCALE = 1 if FULL else 0.01


class EtlTest(FolderTest):
    def place(self, job, *words):
        return json.loads(self.tidemill("plan", job, "--json", *words, **self.environment))["engine"]

    def test_the_jobs(self):
        self.environment = {"TPC_DATA": str(tpc.skewed(SCALE)), "OUT": str(self.folder)}
        for name in JOBS:
            with self.subTest(name):
                job = ROOT / "examples" / "tpc" / f"{name}.yaml"
                small = ["--memory", "300MB", "--set", "certify=no"]
                self.assertEqual("spark", self.place(job, *small), "before a run has shown what it needs")
                if FULL:
                    self.assertIn("spark 4", self.tidemill("run", job, "--engine", "auto", *small, **self.environment))
                self.assertEqual("spark", self.place(job), "without a certificate")
                self.assertIn("both engines give the same rows", self.tidemill("verify", job, **self.environment))
                (certificate,) = json.loads(self.tidemill("runs", "certificates", "--job", f"tpch_{name}", "--json"))
                self.assertEqual(1, certificate["sample"])
                self.assertGreater(certificate["rows"], 100)
                self.assertEqual("native", self.place(job))
                self.assertIn("native DuckDB", self.tidemill("run", job, "--engine", "auto", "--again", **self.environment))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
