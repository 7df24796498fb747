"""Differences that are known, as rows: what the smallest expression or query looks like, how it differs, why. Counted, never hidden.

The reasons are docs/differences.md's. A row whose pattern nothing meets any more is to be taken out.
"""
import re

KNOWN = [
    # (pattern of the shrunk SQL, kinds of verdict, reason)
]


def reason(sql, kind):
    return next((why for pattern, kinds, why in KNOWN if kind in kinds and re.search(pattern, sql)), None)
