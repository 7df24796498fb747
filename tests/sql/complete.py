#!/usr/bin/env python3
"""Writes real Spark's answers into corpus files; run by hand, with the Python of the oracles, and read the diff:

    ~/.cache/tidemill/oracle/bin/python tests/sql/complete.py [--all] [FILE...]

Without --all only queries that have no answer yet get one.
"""
import pathlib
import sys

import corpus
import on_spark


def complete(session, path, everything):
    file = corpus.read(path)
    if not everything and all(b.expected for b in file.runnable() if b.kind == "query"):
        return
    for block, answer in on_spark.answers(session, file):
        if block.kind == "statement" and answer.error_class:
            print(f"{path.name}:{block.line}: the statement failed: {answer.error_class}")
        if everything or block.expected is None:
            block.expected = answer
    corpus.write(file)
    queries = [block for block in file.blocks if block.kind == "query"]
    print(f"{path.name}: {len(queries)} queries, {sum(bool(b.expected.error_class) for b in queries)} errors")


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    with on_spark.oracle.spark(log_level="OFF") as session:
        for path in [pathlib.Path(name) for name in names] or corpus.files():
            complete(session, path, "--all" in sys.argv)


if __name__ == "__main__":
    main()
