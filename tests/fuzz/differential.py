#!/usr/bin/env python3
"""Random expressions on the native engine and on real Spark: rows, schema and error class must be the same.

    differential.py [--seed N] [--expressions N] [--first N] [--queries N] [--findings FILE]

with the Python of the oracles. The same seed asks the same; --first begins at that expression or query. What differs is
made smaller as long as it differs in the same way, told apart by its outermost function, and written to FILE.
"""
import argparse
import collections
import pathlib
import random
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / folder) for folder in ("fuzz", "sql", "spark")]
import corpus  # noqa: E402
import data  # noqa: E402
import expressions  # noqa: E402
import known  # noqa: E402
import native  # noqa: E402
import on_spark  # noqa: E402
import queries  # noqa: E402
import row_by_row  # noqa: E402
import session as oracle  # noqa: E402
import verdict  # noqa: E402

ROWS = 20
CHUNK = 200                # expressions a process of ours
MOST_ALIKE = 3             # of one function and way to differ, so many are made smaller
MOST_STEPS = 12
MOST_TRIED = 40
MOST_S = 60                # for a chunk on our side; what takes longer hangs
ZONES = ("America/New_York", "UTC")  # of odd seeds and of even ones; the first has summer time


def settings(session, seed):
    """What both sides run under."""
    conf = {"spark.sql.session.timeZone": ZONES[(seed + 1) % 2]}
    for key, value in conf.items():
        session.conf.set(key, value)
    session._jvm.org.apache.spark.sql.SparkSession.setActiveSession(session._jsparkSession)  # whose settings rows are printed by
    return conf


class Expressions:
    """Asks both sides for expressions over the rows of a seed."""

    def __init__(self, session, seed):
        self.session, self.seed, self.conf = session, seed, settings(session, seed)
        self.rows = data.rows(random.Random(f"rows {seed}"), ROWS)
        session.sql(data.view("t", self.rows))
        self.spark = row_by_row.Evaluator(session, "t")
        self.order = list(expressions.SCALARS)
        random.Random(f"order {seed}").shuffle(self.order)

    def make(self, number):
        """Each signature in turn is the root."""
        rng = random.Random(f"expression {self.seed} {number}")
        signature = self.order[number % len(self.order)]
        return expressions.Generator(rng).call(signature, rng.choice((0, 1, 1, 2, 3)))

    def statement(self, node, ids):
        """The expression over those rows, with the columns it reads."""
        leaves = {part.leaf for part in node.parts()}
        used = [index for index, column in enumerate(data.COLUMNS) if column.name in leaves]
        lines = ", ".join(f"({', '.join([str(i)] + [self.rows[i][u] for u in used])})" for i in ids)
        return f"SELECT id, {node.text()} FROM VALUES {lines} AS t({', '.join(['id'] + [data.COLUMNS[u].name for u in used])})"

    def verdicts(self, nodes):
        outcomes = [self.spark.evaluate(node.text()) for node in nodes]
        asked = [(index, how, ids) for index, outcome in enumerate(outcomes) for how, ids in questions(outcome)]
        answers = native.answers([self.statement(nodes[index], ids) for index, _, ids in asked], self.conf, timeout_s=MOST_S)
        found = collections.defaultdict(list)
        for (index, how, ids), answer in zip(asked, answers):
            outcome = outcomes[index]
            if how == "rows":
                found[index].append(verdict.of_rows(outcome.schema, outcome.rows, answer))
            else:
                found[index].append(verdict.of_errors(outcome.error or outcome.errors[ids[0]], answer, ids[0]))
        return [verdict.worst(found[index]) for index in range(len(nodes))]

    def smaller(self, node, found):
        row = dict(zip((c.name for c in data.COLUMNS), self.rows[found.row])) if found.row is not None else {}
        return expressions.smaller(node, row)

    def family(self, node):
        return node.signature.name if node.signature else node.kind

    def key(self, node):
        return self.family(node), tuple(argument.kind for argument in node.arguments)

    def in_full(self, node, found):
        """The statement of one row, and what Spark and we say to it, by the ordinary way of both."""
        sql = self.statement(node, [found.row or 0])
        return sql, on_spark.answer(self.session, sql), native.answers([sql], self.conf)[0]


def questions(outcome):
    """(how, rows) to ask our side: the rows that Spark has values for at once, and two that fail, each alone."""
    if outcome.error:
        return [("error", list(range(ROWS)))]
    asked = [("rows", list(outcome.rows))] if outcome.rows else []
    classes = {}
    for row, error in outcome.errors.items():
        classes.setdefault(error, row)
    return asked + [("error", [row]) for row in list(classes.values())[:2]]


class Report:
    def __init__(self):
        self.counts = collections.Counter()
        self.refused = collections.Counter()
        self.known = collections.Counter()
        self.unlike_itself = 0  # Spark's interpreter and its compiled code answer otherwise
        self.findings = {}      # what tells it apart -> (sql, kind, Spark's answer, ours)
        self.times = collections.Counter()

    def add(self, found):
        self.counts[found.kind] += 1
        if found.kind == "refused":
            self.refused[found.told] += 1

    def finding(self, key, sql, kind, spark, ours):
        why = known.reason(sql, kind)
        if why:
            self.known[why] += 1
        else:
            self.times[key] += 1
            self.findings.setdefault(key, (sql, kind, spark, ours))

    def lines(self):
        total = self.counts.total()
        yield f"{total} asked: " + ", ".join(f"{self.counts[kind]} {kind}" for kind in verdict.KINDS if self.counts[kind])
        yield f"refused {100 * self.counts['refused'] / max(1, total):.1f} %, by construct:"
        yield from (f"  {count:6} {what}" for what, count in self.refused.most_common())
        yield from (f"  known difference, {count} times: {why}" for why, count in self.known.most_common())
        if self.unlike_itself:
            yield f"  {self.unlike_itself} in which Spark's interpreter differs from its compiled code"
        yield f"{len(self.findings)} different findings"

    def markdown(self):
        for key, (sql, kind, spark, ours) in sorted(self.findings.items(), key=lambda item: (-verdict.KINDS.index(item[1][1]), item[0])):
            yield f"## {kind}: {key[0]} ({self.times[key]})\n```\n{sql}\n-- Spark\n{spark}\n-- ours\n{ours}\n```\n"


class Queries:
    """Asks both sides for whole queries over three views."""

    def __init__(self, session, seed):
        self.session, self.seed, self.conf = session, seed, settings(session, seed)
        session.conf.unset("spark.sql.optimizer.excludedRules")
        self.views = list(queries.views(random.Random(f"views {seed}")))
        self.ordered = {}  # by text: whether the rows' order counts
        for view in self.views:
            session.sql(view)

    def make(self, number):
        part, ordered = queries.Generator(random.Random(f"query {self.seed} {number}")).top()
        self.ordered[part.text()] = ordered
        return part

    def verdicts(self, parts):
        texts = [part.text() for part in parts]
        ours = native.answers(self.views + texts, self.conf, again=range(len(self.views)), timeout_s=MOST_S)[len(self.views):]
        return [self.verdict(text, answer) for text, answer in zip(texts, ours)]

    def verdict(self, text, ours):
        if ours.error_class == native.REFUSED:
            return verdict.Verdict("refused", verdict.construct(ours.message))
        spark, at_run_time = self.by_spark(text)
        return verdict.of_answers(spark, ours, self.ordered.get(text, False), at_run_time)

    def by_spark(self, text):
        """Its answer, and whether an error came only while the query ran."""
        try:
            self.session.sql(text)
        except Exception as error:  # noqa: BLE001
            return corpus.Answer(error_class=oracle.error_of(error)[0], sqlstate=oracle.error_of(error)[1]), False
        return on_spark.answer(self.session, text), True

    def smaller(self, part, found):
        return queries.smaller(part)

    def family(self, part):
        return "query"

    def key(self, part):
        kinds = sorted({p.template.split("{")[0].strip() for p in part.all() if isinstance(p, queries.Part) and p.kind in ("query", "source", "condition")} - {""})
        calls = sorted({p.signature.name for p in part.all() if isinstance(p, expressions.Node) and p.signature})
        return " ".join(kinds + calls)[:80], ()

    def in_full(self, part, found):
        answers = native.answers(self.views + [part.text()], self.conf)
        return "\n".join([view + ";" for view in self.views if view.split()[5] in part.text()] + [part.text()]), self.by_spark(part.text())[0], answers[-1]


def shrink(asker, asked, found):
    """The smallest that still differs in the same way, and how it does. What hangs would take too long."""
    for _ in range(MOST_STEPS if found.told != native.HUNG else 0):
        candidates = {one.text(): one for one in asker.smaller(asked, found) if one.text() != asked.text()}
        smallest = sorted(candidates.values(), key=lambda one: (one.size(), len(one.text())))[:MOST_TRIED]
        alike = [(one, v) for one, v in zip(smallest, asker.verdicts(smallest) if smallest else ()) if (v.kind, v.told) == (found.kind, found.told)]
        if not alike:
            break
        asked, found = alike[0]
    return asked, found


def run(asker, first, count, report, most_s=None):
    """Adds what `count` expressions or queries gave to the report; stops early after `most_s` seconds."""
    alike, start = collections.Counter(), time.monotonic()
    for begin in range(first, first + count, CHUNK):
        if most_s and time.monotonic() - start > most_s:
            return
        chunk = [asker.make(number) for number in range(begin, min(begin + CHUNK, first + count))]
        for asked, found in zip(chunk, asker.verdicts(chunk)):
            report.add(found)
            family = (asker.family(asked), found.kind, found.told)
            if found.kind not in verdict.DIFFERENT or alike[family] >= MOST_ALIKE:
                continue
            alike[family] += 1
            small, how = shrink(asker, asked, found)
            sql, spark, ours = asker.in_full(small, how)
            if ours.error_class == native.REFUSED or spark.agrees(ours, False):
                report.unlike_itself += 1
            else:
                report.finding((*asker.key(small), how.kind, how.told), sql, how.kind, "\n".join(spark.lines()), "\n".join(ours.lines() + [ours.message]).strip())
        print(f"{time.monotonic() - start:6.0f} s, {begin + len(chunk) - first}: " + ", ".join(f"{n} {k}" for k, n in report.counts.items())
              + f"; {len(report.findings)} findings", file=sys.stderr, flush=True)


def main(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expressions", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--findings", type=pathlib.Path)
    arguments = parser.parse_args(words)
    print(f"seed {arguments.seed}, from {arguments.first}")
    reports = []
    with oracle.spark(log_level="OFF") as session:
        for make, count in ((Expressions, arguments.expressions), (Queries, arguments.queries)):
            report = Report()
            if count:
                run(make(session, arguments.seed), arguments.first, count, report)
                print("\n".join([make.__name__, *report.lines()]))
            reports.append(report)
    print("listed as known, and not met here: " + "; ".join(sorted(known.reasons().difference(*(report.known for report in reports)))))
    if arguments.findings:
        arguments.findings.parent.mkdir(parents=True, exist_ok=True)
        arguments.findings.write_text("\n".join(line for report in reports for line in report.markdown()))
    return 1 if any(report.findings for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
