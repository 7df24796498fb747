"""Differences that are known, as rows: what the smallest expression or query looks like, how it differs, why. Counted, never hidden.

Each has its smallest case in tests/sql/found.slt or docs/differences.md. A row that mends something goes with its mending: what
is mended and still listed would hide a new difference of the same look.
"""
import re

UNDECIDED = ("no error", "class")
DATETIME_SUM = r"(?:INTERVAL '|\b(?:ym|ds)\b)"

KNOWN = [
    # (pattern of the shrunk SQL, kinds of verdict, reason)
    (r"\(- |negative\(|\babs\(", ("no error",), "the negative of a decimal of 38 digits"),
    (r"\b(array|map|struct)\b.*>>", ("no error",), "Spark's lexer takes >> after array, map or struct for the end of a type"),
    (r"106751991|9007199254740993|1\.797693|9223372036854775808", ("rows", "error"), "instants at the end of time: docs/differences.md"),
    (r"\b(array_repeat|transform_values|transform_keys|map_concat|IN \(|INTERSECT|LIMIT 0)", ("no error",), "what no row needs is not computed"),
    (r"\b(forall|exists|zip_with|array_sort|filter|transform)\(NULL|, NULL, \(x", ("no error",), "a lambda's function takes NULL for its array"),
    (r"\barray_(append|prepend|position|remove|contains|insert)\(", UNDECIDED, "array functions do not widen decimals"),
    (r"\b(greatest|least|width_bucket)\(", UNDECIDED, "greatest, least and width_bucket do not mix text and numbers"),
    (r"\b[lr]pad\(", ("schema",), "how lpad and rpad of binary are named"),
    (r"NULL", ("error",), "an argument is not looked at where another is NULL"),
    (DATETIME_SUM, ("class",), "the class of an interval's overflow"),
    (r"\b(CAST|int|bigint|try_cast)\(", ("class",), "the class of an overflow or an impossible cast"),
    (r"\b(timestampadd|dateadd)\(", ("class",), "the class of a timestamp's overflow"),
    (r"\bIS (NOT )?(FALSE|TRUE|UNKNOWN)\b|map_from_arrays\(|>> ?2147483647|\btry_to_date\(", ("class",), "the class of a wrong argument"),
    (r"\b(array_sort|datepart|date_part|replace|to_char|to_varchar)\(|NOT LIKE ALL|2024-03-10 02:30", ("schema",), "how functions that stand for others are named"),
]


def reason(sql, kind):
    return next((why for pattern, kinds, why in KNOWN if kind in kinds and re.search(pattern, sql)), None)


def reasons():
    return {why for _, _, why in KNOWN}
