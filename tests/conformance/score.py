#!/usr/bin/env python3
"""Runs Spark's golden files on the native engine and writes a score by file to out/conformance.txt.

    tests/conformance/score.py [--wrong FILE.md] [--gate | --update] [NAME.sql.out...]

The names are among those of visible.txt; default: all of them. --wrong: where the wrong answers go, worst first.
--gate: fails when a file has fewer right answers than baseline.txt says. --update: raises baseline.txt to what three runs
all reach (ties in an ORDER BY fall as they like).

What can happen to a query:
  right      the same rows, or an error of the same class
  order      the same rows in another order, though the query orders them (rows that tie may do that)
  digits     the same but for the last digits of a double
  wrong      other rows, and no error: the worst that can happen
  no error   Spark gives an error, we give rows
  refused    we say by name that we do not do it
  broken     an internal error, a crash or a hang: our bug
  error      an error where Spark has rows, or an error of another class
"""
import argparse
import collections
import multiprocessing
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sql"))
import golden  # noqa: E402
import native  # noqa: E402
import tables  # noqa: E402

KINDS = ["right", "order", "digits", "wrong", "no error", "refused", "broken", "error"]
WORST_FIRST = ["wrong", "no error", "broken", "digits", "order", "error"]
BROKEN = ("internal error", *native.LOST)
BASELINE = pathlib.Path(__file__).resolve().parent / "baseline.txt"  # a line a file: its name, right rows, right errors
PROCESSES = 2
# Queries of a file whose rows ties decide: a window's order that leaves first and last open. Right by luck.
TIED = {"postgreSQL/window_part2.sql.out": 4, "pipe-operators.sql.out": 1}
NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?")


def orders(sql):
    """Whether the outermost query has an ORDER BY."""
    depth = 0
    for token in re.findall(r"'(?:[^'\\]|\\.)*'|\(|\)|\border\s+by\b", sql.lower()):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0 and token.startswith("order"):
            return True
    return False


# What Spark's suite does not compare either: who made a table, when and where.
NOT_COMPARED = re.compile(r"^(Created Time|Created By|Last Access|Owner|Location)\b.*|(?<=LOCATION )'.*'")


def lines_of(rows):
    return compared("\n".join(rows).rstrip().split("\n")) if "".join(rows).strip() else []


def compared(lines):
    """Blanks at a line's end do not count: the golden file's last line has lost its own."""
    return [NOT_COMPARED.sub(r"\1", line).rstrip() for line in lines]


def close(one, other):
    """Equal but for doubles that differ after the 12th digit."""
    def rounded(line):
        return NUMBER.sub(lambda m: "%.12g" % float(m[0]), line)
    return sorted(map(rounded, one)) == sorted(map(rounded, other))


def verdict(query, answer):
    if answer.error_class == native.REFUSED:
        return "refused"
    if answer.error_class in BROKEN:
        return "broken"
    if query.error is not None:
        if not answer.error_class:
            return "no error"
        return "right" if query.error in ("", answer.error_class) else "error"
    if answer.error_class:
        return "error"
    rows, expected = lines_of(answer.rows), compared(query.rows)
    if rows == expected or (not orders(query.sql) and sorted(lines_of(sorted(answer.rows))) == sorted(expected)):
        return "right"
    if sorted(rows) == sorted(expected):
        return "order"
    return "digits" if close(rows, expected) else "wrong"


class Score:
    def __init__(self):
        self.kinds = collections.Counter()      # of all queries but commands
        self.row_kinds = collections.Counter()  # of those that give rows
        self.schema_right = 0                   # of those that give rows, and we do too
        self.commands_failed = 0

    def add(self, query, answer, kind):
        if query.is_command:
            self.commands_failed += kind != "right"
            return
        self.kinds[kind] += 1
        if query.error is None:
            self.row_kinds[kind] += 1
            self.schema_right += not answer.error_class and answer.schema == query.schema

    def plus(self, other):
        self.kinds += other.kinds
        self.row_kinds += other.row_kinds
        self.schema_right += other.schema_right
        self.commands_failed += other.commands_failed

    def line(self, name):
        return (f"{name:62}" + "".join(f"{self.kinds[kind]:9}" for kind in KINDS) +
                f"{self.schema_right:9}/{self.row_kinds.total():<5}{self.commands_failed:5}")


def run(folder, name, views):
    """(query, answer, kind) of each query of the file."""
    queries = golden.read(folder, name)
    statements = views + [query.sql for query in queries]
    again = list(range(len(views))) + [i for i, q in enumerate(queries, len(views)) if q.is_command]
    answers = native.answers(statements, golden.settings(folder, name), folder, 60, again)
    for query, answer in zip(queries, answers[len(views):]):
        yield query, answer, verdict(query, answer)


def run_all(arguments):
    """(name, [(query, answer, kind)]) of a file, for a pool of processes."""
    folder, name, views = arguments
    return name, list(run(folder, name, views))


def baseline():
    if not BASELINE.exists():
        return {}
    lines = [line.split() for line in BASELINE.read_text().splitlines()]
    return {name: (int(rows), int(errors)) for name, rows, errors in lines}


def reached(score):
    return score.row_kinds["right"], score.kinds["right"] - score.row_kinds["right"]


def fallen(scores):
    """What a gate says of the files that do worse than the baseline."""
    for name, (rows, errors) in baseline().items():
        got = reached(scores[name]) if name in scores else (rows, errors)
        if got[0] < rows - TIED.get(name, 0) or got[1] < errors:
            yield f"{name}: {got[0]} rows and {got[1]} errors right, the baseline has {rows} and {errors}"


def raise_baseline(runs):
    lines = []
    for name in golden.names():
        least = [min(values) for values in zip(*(reached(scores[name]) for scores in runs if name in scores))]
        rows, errors = (max(pair) for pair in zip(least or (0, 0), baseline().get(name, (0, 0))))
        lines.append(f"{name} {rows} {errors}\n")
    BASELINE.write_text("".join(lines))


def write_wrong(path, wrong):
    with open(path, "w", errors="replace") as out:
        for kind in WORST_FIRST:
            out.write(f"# {kind}: {len(wrong[kind])}\n\n")
            for name, query, answer in wrong[kind]:
                expected = [f"error {query.error}"] if query.error is not None else [query.schema] + query.rows
                got = answer.lines()
                out.write(f"## {name}\n```\n{query.sql}\n-- expected\n" + "\n".join(expected[:12]) +
                          "\n-- got\n" + "\n".join(got[:12]) + "\n```\n")


def totals(total):
    rows, errors = total.row_kinds, total.kinds - total.row_kinds
    yield f"queries that give rows: {rows.total()}: " + ", ".join(f"{rows[kind]} {kind}" for kind in KINDS if rows[kind])
    yield f"queries that give errors: {errors.total()}: " + ", ".join(f"{errors[k]} {k}" for k in KINDS if errors[k])
    yield (f"rows right {100 * rows['right'] / max(1, rows.total()):.1f} %, schema right "
           f"{100 * total.schema_right / max(1, rows.total()):.1f} %, error class right "
           f"{100 * errors['right'] / max(1, errors.total()):.1f} %, an error where Spark has one "
           f"{100 * (errors['right'] + errors['error']) / max(1, errors.total()):.1f} %, wrong rows without an error "
           f"{100 * (rows['wrong'] + rows['digits']) / max(1, rows.total()):.2f} %")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wrong")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*", choices=golden.names() + [[]], metavar="NAME")
    arguments = parser.parse_args()
    names = arguments.names or golden.names()
    with tempfile.TemporaryDirectory(prefix="tidemill-conformance-") as own:
        folder = pathlib.Path(own)
        golden.extract(folder)
        views = tables.convert(native.tidemill(), folder)
        runs = []
        for _ in range(3 if arguments.update else 1):
            with multiprocessing.Pool(PROCESSES) as pool:
                answered = dict(pool.imap_unordered(run_all, [(folder, name, views) for name in names]))
            runs.append({name: Score() for name in names})
            for name in names:
                for query, answer, kind in answered[name]:
                    runs[-1][name].add(query, answer, kind)
    if arguments.update:
        raise_baseline(runs)
    return report(arguments, names, answered, runs[-1])


def report(arguments, names, answered, scores):
    total, wrong = Score(), collections.defaultdict(list)
    lines = [f"{'file':62}" + "".join(f"{kind:>9}" for kind in KINDS) + f"{'schema':>9}{'':6}{'cmds':>5}"]
    for name in names:
        total.plus(scores[name])
        lines.append(scores[name].line(name))
        for query, answer, kind in answered[name]:
            if kind in WORST_FIRST:
                wrong[kind].append((name, query, answer))
    lines += [total.line("all"), ""] + list(totals(total))
    out = native.ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "conformance.txt").write_text("\n".join(lines) + "\n")
    if arguments.wrong:
        write_wrong(arguments.wrong, wrong)
    worse = list(fallen(scores)) if arguments.gate else []
    print("\n".join(lines + worse))
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
