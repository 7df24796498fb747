"""Whether two answers are the same, and if not, how they differ."""
import dataclasses
import re
import struct

import native

NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?")


@dataclasses.dataclass(frozen=True)
class Verdict:
    kind: str         # of KINDS
    told: str = ""    # what was refused, or the two error classes
    row: int = None   # a row it shows in
    spark: str = ""
    ours: str = ""


# agrees; refused by name; doubles that differ in their last bits or digits; then differences, the worst last
KINDS = ("agrees", "refused", "digits", "class", "error", "schema", "no error", "broken", "rows")
DIFFERENT = KINDS[3:]


def worst(verdicts):
    """A refusal hides everything else: who refuses claims nothing."""
    verdicts = list(verdicts)
    return next((v for v in verdicts if v.kind == "refused"), max(verdicts, key=lambda v: KINDS.index(v.kind)))


def construct(message):
    """What a refusal names, without the place and the numbers."""
    named = re.split(r" (?:is|are) not supported", message)[0]
    return re.sub(r"\d+", "N", named)[:80]


def of_errors(spark, answer, row=None):
    """`spark`: (error class, SQLSTATE) that Spark raised."""
    if answer.error_class == native.REFUSED:
        return Verdict("refused", construct(answer.message))
    if not answer.error_class:
        return Verdict("no error", spark[0], row, f"error {spark[0]}", "\n".join(answer.lines()))
    if broken(answer):
        return Verdict("broken", answer.error_class, row, f"error {spark[0]}", answer.message or answer.error_class)
    if spark[0].endswith(("Exception", "Error")) or spark[0] == answer.error_class:
        return Verdict("agrees")
    return Verdict("class", f"{spark[0]} / {answer.error_class}", row, f"error {spark[0]}", f"error {answer.error_class}: {answer.message}")


def of_rows(schema, spark, answer):
    """`spark`: row number -> text; the answer's rows begin with their number."""
    failed = of_failure(answer, spark)
    if failed:
        return failed
    ours = dict(row.split("\t", 1) for row in answer.rows)
    ours = {int(number): text for number, text in ours.items()}
    differ = [number for number in spark if ours.get(number) != spark[number]]
    if differ and not all(digits_apart(spark[n], ours.get(n, "")) for n in differ):
        first = next(n for n in differ if not digits_apart(spark[n], ours.get(n, "")))
        return Verdict("rows", "", first, spark[first], ours.get(first, "(no row)"))
    if schema != answer.schema and not digits_apart(schema, answer.schema):
        return Verdict("schema", "", None, schema, answer.schema)
    return Verdict("digits" if differ or schema != answer.schema else "agrees")


def of_answers(spark, ours, ordered, at_run_time):
    """Two answers to a query. Which of several errors a running query meets first is nobody's promise."""
    if spark.error_class and at_run_time and ours.error_class and ours.error_class != native.REFUSED and not broken(ours):
        return Verdict("agrees")
    if spark.error_class:
        return of_errors((spark.error_class, spark.sqlstate), ours)
    one, other = (spark.rows, ours.rows) if ordered else (sorted(spark.rows), sorted(ours.rows))
    failed = of_failure(ours, dict(enumerate(one)))
    if failed:
        return failed
    if len(one) != len(other):
        return Verdict("rows", "", None, f"{len(one)} rows", f"{len(other)} rows")
    if not all(a == b or digits_apart(a, b) for a, b in zip(one, other)):
        return Verdict("rows")
    if spark.schema != ours.schema and not digits_apart(spark.schema, ours.schema):
        return Verdict("schema")
    return Verdict("agrees" if one == other and spark.schema == ours.schema else "digits")


def of_failure(answer, spark):
    row = next(iter(spark), None)
    shown = f"rows, such as {spark[row]!r}" if spark else "no row"
    if answer.error_class == native.REFUSED:
        return Verdict("refused", construct(answer.message))
    if answer.error_class:
        kind = "broken" if broken(answer) else "error"
        return Verdict(kind, answer.error_class, row, shown, f"error {answer.error_class}: {answer.message}")
    return None


def broken(answer):
    return answer.error_class in ("internal error", *native.LOST)


def digits_apart(one, other):
    """Equal but for doubles that differ after their 13th digit, or floats and doubles printed with other digits."""
    theirs, ours = NUMBER.findall(one), NUMBER.findall(other)
    return NUMBER.sub("#", one) == NUMBER.sub("#", other) and len(ours) == len(theirs) and all(map(_near, theirs, ours))


def _near(one, other):
    if one == other:
        return True
    digits = max(len(n.split("E")[0].replace(".", "").strip("-0")) for n in (one, other))
    if digits > 18:  # no double, but an exact decimal
        return False
    return abs(float(one) - float(other)) <= 1e-13 * abs(float(one)) or digits <= 9 and "E" in one and _float(one) == _float(other)


def _float(text):
    return struct.pack("f", float(text)) if abs(float(text)) < 3.4e38 else text
