#!/usr/bin/env python3
"""TPC-H and TPC-DS on the native engine give real Spark's rows: at scale 0.01, in the full form (TIDEMILL_FULL) at 1.

    tpc_test.py [--scale N] [--table FILE] [NAME...]      such as q1 q64

Queries run without their last LIMIT, so that every row is compared. What Spark answers is asked once and kept in the cache
folder, as its data is.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / folder) for folder in ("fuzz", "sql", "tpc")]
import corpus  # noqa: E402
import native  # noqa: E402
import on_spark  # noqa: E402
import session as oracle  # noqa: E402
import tpc  # noqa: E402
import verdict  # noqa: E402

def kept(benchmark, scale):
    pinned = [(TESTS.parent / "tools" / name).read_bytes() for name in ("oracle.txt", "tpc.txt")] + [repr(tpc.MORE_COLUMNS).encode()]
    pins = hashlib.sha256(b"".join(pinned)).hexdigest()[:12]
    return tpc.CACHE / f"{benchmark}-{scale:g}-spark-{pins}.json"


def ask_spark(scale, texts):
    """benchmark -> name -> [schema, rows, error class, SQLSTATE, seconds]; asks Spark for what the cache folder has not."""
    answers = {benchmark: json.loads(kept(benchmark, scale).read_text()) if kept(benchmark, scale).exists() else {} for benchmark in texts}
    missing = [(benchmark, name) for benchmark, named in texts.items() for name in named if name not in answers[benchmark]]
    if not missing:
        return answers
    with oracle.spark(log_level="OFF", spark__driver__memory="6g" if scale >= 1 else "2g") as session:
        for view in [view for benchmark in texts for view in tpc.views(tpc.data(benchmark, scale))]:
            session.sql(view)  # TPC-H's and TPC-DS's tables but `customer` have other names
        for benchmark, name in missing:
            session.sql(next(view for view in tpc.views(tpc.data(benchmark, scale)) if " customer " in view))
            start = time.monotonic()
            answer = on_spark.answer(session, texts[benchmark][name])
            answers[benchmark][name] = [answer.schema, answer.rows, answer.error_class, answer.sqlstate, time.monotonic() - start]
            kept(benchmark, scale).write_text(json.dumps(answers[benchmark]))
            print(f"Spark: {benchmark} {name}: {len(answer.rows)} rows, {answers[benchmark][name][4]:.1f} s", file=sys.stderr, flush=True)
    return answers


def compare(benchmark, scale, texts, theirs):
    """(name, Verdict, rows of Spark's) of each query."""
    views = tpc.views(tpc.data(benchmark, scale))
    ours = native.answers(views + list(texts.values()), again=range(len(views)), timeout_s=max(30, 1200 * scale), memory="6GB")[len(views):]
    for name, answer in zip(texts, ours):
        spark = corpus.Answer(*theirs[name][:4])
        yield name, verdict.of_answers(spark, answer, False, True), len(spark.rows)


def shown(found):
    text = " ".join(part for part in (found.kind, found.told) if part)
    return text + "".join(f"\n    {side}: {value[:300]}" for side, value in (("Spark", found.spark), ("ours", found.ours)) if value)


def table(scale, results):
    """The result as Markdown."""
    yield f"| benchmark | queries | {' | '.join(verdict.KINDS)} |\n|---|---|{'---|' * len(verdict.KINDS)}"
    for benchmark, found in results.items():
        counts = collections.Counter(v.kind for _, v, _ in found)
        yield f"| {benchmark} SF {scale:g} | {len(found)} | " + " | ".join(str(counts[kind]) for kind in verdict.KINDS) + " |"
    for benchmark, found in results.items():
        yield from (f"\n- {benchmark} {name}: {v.kind} {v.told}".rstrip() for name, v, _ in found if v.kind != "agrees")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1 if os.environ.get("TIDEMILL_FULL") else 0.01)
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    failed, results = 0, {}
    texts = {benchmark: {name: tpc.without_limit(sql) for name, sql in tpc.queries(benchmark).items() if not arguments.names or name in arguments.names}
             for benchmark in tpc.BENCHMARKS}
    theirs = ask_spark(arguments.scale, texts)
    for benchmark in tpc.BENCHMARKS:
        results[benchmark] = list(compare(benchmark, arguments.scale, texts[benchmark], theirs[benchmark]))
        for name, found, _ in results[benchmark]:
            if found.kind not in ("agrees", "digits"):
                failed += 1
                print(f"{benchmark} {name}: {shown(found)}")
        print(f"{benchmark} at scale {arguments.scale:g}: " + ", ".join(f"{n} {kind}" for kind, n in collections.Counter(v.kind for _, v, _ in results[benchmark]).items())
              + f"; {sum(n > 0 for *_, n in results[benchmark])} of {len(texts[benchmark])} have rows")
    if arguments.table:
        arguments.table.write_text("\n".join(table(arguments.scale, results)) + "\n")
    return 1 if failed or not any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
