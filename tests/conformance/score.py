#!/usr/bin/env python3
"""Runs Spark's golden files on the native engine and writes a score by file to out/conformance.txt.

    tests/conformance/score.py [--wrong FILE.md] [NAME.sql.out...]

The names are among those of visible.txt; default: all of them. --wrong: where the wrong answers go, worst first.

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


def lines_of(answer):
    lines = "\n".join(answer.rows).rstrip().split("\n") if "".join(answer.rows).strip() else []
    return [NOT_COMPARED.sub(r"\1", line) for line in lines]


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
    rows, expected = lines_of(answer), [NOT_COMPARED.sub(r"\1", line) for line in query.rows]
    if rows == expected or (not orders(query.sql) and sorted(rows) == sorted(expected)):
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
    parser.add_argument("names", nargs="*", choices=golden.names() + [[]], metavar="NAME")
    arguments = parser.parse_args()
    total, wrong = Score(), collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="tidemill-conformance-") as own:
        folder = pathlib.Path(own)
        golden.extract(folder)
        names = arguments.names or golden.names()
        views = tables.convert(native.tidemill(), folder)
        lines = [f"{'file':62}" + "".join(f"{kind:>9}" for kind in KINDS) + f"{'schema':>9}{'':6}{'cmds':>5}"]
        for name in names:
            score = Score()
            for query, answer, kind in run(folder, name, views):
                score.add(query, answer, kind)
                if kind in WORST_FIRST:
                    wrong[kind].append((name, query, answer))
            total.plus(score)
            lines.append(score.line(name))
    lines += [total.line("all"), ""] + list(totals(total))
    out = native.ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "conformance.txt").write_text("\n".join(lines) + "\n")
    if arguments.wrong:
        write_wrong(arguments.wrong, wrong)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
