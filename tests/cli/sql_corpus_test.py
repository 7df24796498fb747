#!/usr/bin/env python3
"""The SQL corpus (tests/sql) on the native engine: Spark's rows, schema and errors, or a refusal by name.

    tests/cli/sql_corpus_test.py [-v] [FILE...]     -v prints every refusal too
"""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sql"))
import corpus  # noqa: E402
import native  # noqa: E402


def verdict(block, answer):
    if block.kind == "statement":
        return "prepared" if not answer.error_class else "differs"
    if block.expected.agrees(answer, block.ordered):
        return "agrees"
    if answer.error_class == native.REFUSED and not block.known_difference:
        return "refused"
    return "known difference" if block.known_difference else "differs"


def show(path, block, answer, what):
    print(f"{path.name}:{block.line}: {what}{': ' if block.known_difference else ''}{block.known_difference}")
    print("    " + block.sql.replace("\n", "\n    "))
    for name, side in (("expected", block.expected), ("got", answer)):
        if side:
            print(f"  {name:9}" + "\n           ".join(side.lines()))


def run(path, counts, verbose):
    file = corpus.read(path)
    blocks = file.runnable()
    views = {i for i, block in enumerate(blocks) if block.kind == "statement"}
    for block, answer in zip(blocks, native.answers([b.sql for b in blocks], file.conf, again=views)):
        what = verdict(block, answer)
        counts[what] += 1
        if what == "differs" or (verbose and what in ("refused", "known difference")):
            show(path, block, answer, what)
        elif what == "agrees" and block.known_difference:
            print(f"{path.name}:{block.line}: agrees by now; take its known-difference line out")


def main():
    names = [argument for argument in sys.argv[1:] if argument != "-v"]
    counts = collections.Counter()
    for path in map(pathlib.Path, names) if names else corpus.files():
        run(path, counts, "-v" in sys.argv)
    print(", ".join(f"{counts[what]} {what}" for what in ("agrees", "refused", "known difference", "differs")))
    return 1 if counts["differs"] or not counts["agrees"] else 0


if __name__ == "__main__":
    sys.exit(main())
