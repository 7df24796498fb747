#!/usr/bin/env python3
"""The SQL corpus (tests/sql) on real Spark: its answers are still the ones that the corpus says.

The short form asks for every third query, the same ones each time; the full form (TIDEMILL_FULL) for all.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sql"))
import corpus  # noqa: E402
import on_spark  # noqa: E402


def chosen(file):
    if os.environ.get("TIDEMILL_FULL"):
        return file.runnable()
    queries = [block for block in file.runnable() if block.kind == "query"]
    return [block for block in file.runnable() if block.kind == "statement" or queries.index(block) % 3 == 0]


def main():
    asked = wrong = 0
    with on_spark.oracle.spark(log_level="OFF") as session:
        for path in corpus.files():
            file = corpus.read(path)
            for block, answer in on_spark.answers(session, file, chosen(file)):
                if block.kind == "statement":
                    continue
                asked += 1
                if not block.expected.agrees(answer, block.ordered):
                    wrong += 1
                    print(f"{path.name}:{block.line}: Spark answers otherwise: {block.sql}")
                    print("\n".join("    " + line for line in answer.lines()))
    print(f"{asked} queries asked of Spark, {wrong} answered otherwise")
    return 1 if wrong or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
