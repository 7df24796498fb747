#!/usr/bin/env python3
"""The differential fuzzer (tests/fuzz) for a test's length; the full form (TIDEMILL_FULL) asks for 20,000 expressions and 2,000
queries. The seed is that of the day in the full form, so that each day looks elsewhere; it is printed and repeats the run."""
import datetime
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fuzz"))
import differential  # noqa: E402

SHORT = ["--seed", "1", "--expressions", "300", "--queries", "30"]
FULL = ["--seed", datetime.date.today().strftime("%Y%m%d"), "--expressions", "20000", "--queries", "2000", "--findings", "out/fuzz-findings.md"]

if __name__ == "__main__":
    sys.exit(differential.main(FULL if os.environ.get("TIDEMILL_FULL") else SHORT))
