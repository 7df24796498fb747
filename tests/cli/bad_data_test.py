#!/usr/bin/env python3
"""Bad input met by a run: the message must name what is wrong and where, the exit code say what to do, and the table must
be as it was. Each case is a row of data: the files, the job, what must be said."""
import bz2
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", ROOT / "build/release/tidemill")
CORPORA = ROOT.parent / "shared/corpora"

GOOD_CSV = "id,day,amount\n1,2024-01-01,10\n2,2024-01-02,20\n"
FAILED, USAGE, CHECKS = 1, 2, 3


def job(source="format: csv, path: in.csv, header: true, schema: 'id INT, day DATE, amount INT'", sql="SELECT * FROM s",
        sink="mode: append", more=""):
    return f"job: bad\nsources:\n  s: {{{source}}}\nsteps:\n  - {{name: out_rows, sql: \"{sql}\"}}\n{more}sink:\n  path: table\n  {sink}\n"


def csv(text, source=None, **kinds):
    """A case whose only file is in.csv."""
    data = text if isinstance(text, bytes) else text.encode()
    return {"files": {"in.csv": data}, "job": job(**({"source": source} if source else {}), **kinds)}


def typed(schema, value):
    return csv(f"x\n{value}\n", f"format: csv, path: in.csv, header: true, schema: 'x {schema}'")


def file(name, data, source):
    return {"files": {name: data}, "job": job(source=source)}


def sql(text, **kinds):
    return csv(GOOD_CSV, sql=text, **kinds)


def delta_log(commits, files=None):
    """A table `t` of these commits (a list of lists of actions, or bytes as they are)."""
    made = dict(files or {})
    for version, commit in enumerate(commits):
        if commit is None:
            continue
        data = commit if isinstance(commit, bytes) else "".join(json.dumps(action) + "\n" for action in commit).encode()
        made[f"t/_delta_log/{version:020}.json"] = data
    return {"files": made, "job": job(source="format: delta, path: t")}


SCHEMA = json.dumps({"type": "struct", "fields": [{"name": "id", "type": "integer", "nullable": True, "metadata": {}}]})


def start(reader=1, writer=2, features=None, schema=SCHEMA):
    protocol = {"minReaderVersion": reader, "minWriterVersion": writer}
    if features is not None:
        protocol.update(readerFeatures=features, writerFeatures=features)
    return [{"protocol": protocol},
            {"metaData": {"id": "m", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
                          "partitionColumns": [], "configuration": {}}}]


def add(path, size=10):
    return {"add": {"path": path, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": True}}


WHOLE_GZ = gzip.compress(GOOD_CSV.encode() * 2000)
WHOLE_BZ2 = bz2.compress(GOOD_CSV.encode() * 2000)

# name: (case, exit code, what must be said)
CASES = {
    # Sources that are not there, or not what they say.
    "no such file": (file("other.csv", b"", "format: csv, path: in.csv, header: true"), USAGE, ["in.csv"]),
    "a glob without matches": (file("other.txt", b"", "format: csv, path: '*.csv', header: true"), USAGE, ["*.csv"]),
    "an empty file with a header promised": (csv(""), FAILED, ["in.csv", "empty"]),
    "a header of other columns": (csv("id,date,amount\n1,2024-01-01,10\n"), FAILED, ["in.csv", "date", "day"]),
    "columns in another order": (csv("day,id,amount\n2024-01-01,1,10\n"), FAILED, ["in.csv", "day", "id"]),
    "a column missing": (csv("id,day\n1,2024-01-01\n"), FAILED, ["2 columns", "3"]),
    "a column too many": (csv("id,day,amount,tip\n1,2024-01-01,10,1\n"), FAILED, ["4 columns", "3"]),
    "another delimiter": (csv("id;day;amount\n1;2024-01-01;10\n"), FAILED, ["delimiter"]),
    "no header where one is promised": (csv("1,2024-01-01,10\n"), FAILED, ["in.csv", "header"]),
    "a row with a field too few": (csv(GOOD_CSV + "3,2024-01-03\n"), FAILED, ["in.csv", "line 4"]),
    "a row with a field too many": (csv(GOOD_CSV + "3,2024-01-03,1,1\n"), FAILED, ["in.csv", "line 4"]),
    "an open quote": (csv(GOOD_CSV + '3,"2024-01-03,1\n'), FAILED, ["in.csv", "line"]),
    "not UTF-8": (csv(b"id,day,amount\n1,2024-01-01,10\n\xff\xfe,2024-01-01,10\n"), FAILED, ["in.csv"]),
    "UTF-16": (csv(GOOD_CSV.encode("utf-16")), FAILED, ["in.csv"]),
    "binary": (csv(bytes(range(256)) * 40), FAILED, ["in.csv"]),
    # Values that do not fit.
    "a word for an INT": (typed("INT", "ten"), FAILED, ["ten", "INT", "x"]),
    "a fraction for an INT": (typed("INT", "1.5"), FAILED, ["1.5", "INT"]),
    "a number over INT": (typed("INT", "2147483648"), FAILED, ["2147483648", "INT"]),
    "a number over BIGINT": (typed("BIGINT", "9223372036854775808"), FAILED, ["9223372036854775808"]),
    "a number over TINYINT": (typed("TINYINT", "128"), FAILED, ["128"]),
    "a blank before an INT": (typed("INT", " 1"), FAILED, ["' 1'"]),
    "a DECIMAL too long": (typed("DECIMAL(4,2)", "123.45"), FAILED, ["123.45", "DECIMAL(4,2)"]),
    "a DECIMAL with a comma": (typed("DECIMAL(4,2)", "\"1,5\""), FAILED, ["1,5"]),
    "a word for a DOUBLE": (typed("DOUBLE", "1.2.3"), FAILED, ["1.2.3", "DOUBLE"]),
    "a word for a BOOLEAN": (typed("BOOLEAN", "yes"), FAILED, ["yes", "BOOLEAN"]),
    "the 30th of February": (typed("DATE", "2024-02-30"), FAILED, ["2024-02-30", "DATE"]),
    "the 29th of February of a common year": (typed("DATE", "2023-02-29"), FAILED, ["2023-02-29"]),
    "month 13": (typed("DATE", "2024-13-01"), FAILED, ["2024-13-01"]),
    "an American date": (typed("DATE", "01/31/2024"), FAILED, ["01/31/2024"]),
    "hour 25": (typed("TIMESTAMP", "2024-01-01 25:00:00"), FAILED, ["25:00:00", "TIMESTAMP"]),
    "a zone that is none": (typed("TIMESTAMP", "2024-01-01 10:00:00 Mars/Phobos"), FAILED, ["Mars"]),
    "an ARRAY in a text field": (typed("ARRAY<INT>", "1"), USAGE, ["ARRAY<INT>", "STRING"]),
    # Compressed files.
    "gzip cut short": (file("in.csv.gz", WHOLE_GZ[: len(WHOLE_GZ) // 2], "format: csv, path: in.csv.gz, header: true"), FAILED, ["in.csv.gz"]),
    "gzip that is none": (file("in.csv.gz", b"id,day\n1,2\n", "format: csv, path: in.csv.gz, header: true"), FAILED, ["in.csv.gz"]),
    "bzip2 cut short": (file("in.csv.bz2", WHOLE_BZ2[: len(WHOLE_BZ2) // 2], "format: csv, path: in.csv.bz2, header: true"), FAILED, ["in.csv.bz2", "cut short"]),
    "bzip2 that is none": (file("in.csv.bz2", b"id,day\n1,2\n", "format: csv, path: in.csv.bz2, header: true"), FAILED, ["in.csv.bz2", "bzip2"]),
    "snappy that is none": (file("in.csv.snappy", b"id,day\n1,2\n", "format: csv, path: in.csv.snappy, header: true"), FAILED, ["in.csv.snappy", "snappy"]),
    "zstd that is none": (file("in.csv.zst", b"id,day\n1,2\n", "format: csv, path: in.csv.zst, header: true"), FAILED, ["in.csv.zst"]),
    # JSON.
    "JSON that is none": (file("in.json", b"{\"id\": 1}\nnot json\n", "format: json, path: in.json, schema: 'id INT'"), FAILED, ["in.json", "not json"]),
    "JSON cut short": (file("in.json", b"{\"id\": 1}\n{\"id\": 2", "format: json, path: in.json, schema: 'id INT'"), FAILED, ["in.json"]),
    "JSON numbers, not records": (file("in.json", b"1\n2\n", "format: json, path: in.json"), FAILED, ["in.json"]),
    "an empty JSON file without a schema": (file("in.json", b"", "format: json, path: in.json"), FAILED, ["in.json"]),
    # Parquet.
    "Parquet of no bytes": (file("in.parquet", b"", "format: parquet, path: in.parquet"), FAILED, ["in.parquet"]),
    "Parquet that is text": (file("in.parquet", b"hello, I am no parquet file", "format: parquet, path: in.parquet"), FAILED, ["in.parquet"]),
    "Parquet with a torn footer": (file("in.parquet", b"PAR1" + b"\0" * 20 + b"\xff\xff\xff\x7fPAR1", "format: parquet, path: in.parquet"), FAILED, ["in.parquet"]),
    # Delta.
    "a Delta table that is none": ({"files": {"t/x.txt": b""}, "job": job(source="format: delta, path: t")}, USAGE, ["table"]),
    "a commit of no bytes": (delta_log([start(), b""]), FAILED, ["00000000000000000001.json"]),
    "a torn commit": (delta_log([start(), b'{"add":{"path":"a.parq']), FAILED, ["00000000000000000001.json"]),
    "a gap in the log": (delta_log([start(), None, [add("a")]]), FAILED, ["1"]),
    "no protocol": (delta_log([start()[1:]]), FAILED, ["protocol"]),
    "no metadata": (delta_log([start()[:1]]), FAILED, ["metadata"]),
    "a reader feature of tomorrow": (delta_log([start(3, 7, ["quantumColumns"])]), USAGE, ["quantumColumns"]),
    "a reader version of tomorrow": (delta_log([start(9, 9)]), USAGE, ["9"]),
    "a schema that is no JSON": (delta_log([start(schema="{nope")]), FAILED, ["schema"]),
    "a data file that is gone": (delta_log([start(), [add("gone.parquet")]]), FAILED, ["gone.parquet"]),
    "a path that climbs out": (delta_log([start(), [add("../../etc/passwd")]]), FAILED, ["passwd"]),
    "a path that climbs out, encoded": (delta_log([start(), [add("%2e%2e/%2e%2e/etc/passwd")]]), FAILED, ["passwd"]),
    "an absolute path elsewhere": (delta_log([start(), [add("/etc/passwd")]]), FAILED, ["passwd"]),
    "a file URI elsewhere": (delta_log([start(), [add("file:///etc/passwd")]]), FAILED, ["passwd"]),
    "a sibling with the same beginning": (delta_log([start(), [add("../t2/a.parquet")]]), FAILED, ["t2"]),
    "a version that is not there": ({**delta_log([start()]), "job": job(source="format: delta, path: t, version: 7")}, USAGE, ["7"]),
    # SQL.
    "a misspelled keyword": (sql("SELCT * FROM s"), USAGE, ["SELCT", "job.yaml:5"]),
    "an unknown column": (sql("SELECT amuont FROM s"), USAGE, ["amuont", "amount"]),
    "an unknown table": (sql("SELECT * FROM orders"), USAGE, ["orders"]),
    "an unknown function": (sql("SELECT uper('a') FROM s"), USAGE, ["uper"]),
    "too many arguments": (sql("SELECT upper('a', 'b') FROM s"), USAGE, ["WRONG_NUM_ARGS"]),
    "an ambiguous column": (sql("SELECT id FROM s a JOIN s b ON a.id = b.id"), USAGE, ["id", "AMBIGUOUS"]),
    "a column that is not grouped": (sql("SELECT id, count(*) FROM s GROUP BY day"), USAGE, ["GROUP BY"]),
    "an aggregate in WHERE": (sql("SELECT id FROM s WHERE sum(id) > 1"), USAGE, ["WHERE"]),
    "types that do not meet": (sql("SELECT id + array(1) AS r FROM s"), USAGE, ["DATATYPE_MISMATCH"]),
    "a union of other widths": (sql("SELECT id FROM s UNION ALL SELECT id, day FROM s"), USAGE, ["UNION"]),
    "division by zero": (sql("SELECT id, amount / (id - 1) AS r FROM s"), FAILED, ["DIVIDE_BY_ZERO"]),
    "an overflow": (sql("SELECT id, 2147483647 + id AS r FROM s"), FAILED, ["ARITHMETIC_OVERFLOW"]),
    "a cast that fails": (sql("SELECT CAST(concat('a', id) AS INT) AS r FROM s"), FAILED, ["CAST_INVALID_INPUT"]),
    "an index past the end": (sql("SELECT array(1, 2)[id + 5] AS r FROM s"), FAILED, ["INVALID_ARRAY_INDEX"]),
    "a scalar subquery of two rows": (sql("SELECT (SELECT id FROM s) AS r FROM s"), FAILED, ["SCALAR_SUBQUERY_TOO_MANY_ROWS"]),
    "another engine's SQL": (sql("SELECT * FROM read_csv('/etc/passwd')"), USAGE, ["read_csv"]),
    "two columns of one name": (sql("SELECT id, day AS id FROM s"), USAGE, ["id"]),
    # Sinks.
    "a partition column that is not there": (csv(GOOD_CSV, sink="partition_by: [country]"), USAGE, ["country"]),
    "every column a partition": (csv(GOOD_CSV, sink="partition_by: [id, day, amount]"), USAGE, ["partition"]),
    "a merge key that is not there": (csv(GOOD_CSV, sink="mode: merge\n  keys: [key]"), USAGE, ["key"]),
    "a sort column that is not there": (csv(GOOD_CSV, sink="sort_by: [when]"), USAGE, ["when"]),
    "a sink below a file": ({**csv(GOOD_CSV), "job": job().replace("path: table", "path: other.txt/table"), "files": {"in.csv": GOOD_CSV.encode(), "other.txt": b"x"}}, FAILED, ["other.txt"]),
    # Checks.
    "a failed check": (csv(GOOD_CSV, more="checks:\n  - {name: small, expression: amount < 15, on_fail: fail}\n"), CHECKS, ["small"]),
    "too many bad rows": (csv(GOOD_CSV, more="checks:\n  - {name: small, expression: amount < 15, max_bad: 10%}\n"), CHECKS, ["small", "10"]),
    "too few rows": (csv(GOOD_CSV, more="checks:\n  - {name: enough, kind: row_count, min: 5, on_fail: fail}\n"), CHECKS, ["enough"]),
    "old rows": (csv(GOOD_CSV, more="checks:\n  - {name: fresh, kind: freshness, column: day, max_age: 1d, on_fail: fail}\n"), CHECKS, ["fresh"]),
    "a check of an unknown column": (csv(GOOD_CSV, more="checks:\n  - {name: c, kind: not_null, column: nme}\n"), USAGE, ["nme"]),
}


def damaged_corpora():
    """The damaged Parquet files that others collected, each as a source."""
    archive = CORPORA / "parquet-testing-bad_data.tar.gz"
    if not archive.exists():
        print(f"not run: {archive.name} is not here")
        return
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = pathlib.Path(member.name).name
            if member.isfile() and name.endswith(".parquet") and not name.startswith("._"):
                data = tar.extractfile(member).read()
                yield f"damaged: {name}", (file(name, data, f"format: parquet, path: {name}"), None, [])


def run(folder, case):
    for name, data in case["files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "job.yaml").write_text(case["job"])
    return subprocess.run([TIDEMILL, "run", "job.yaml", "--memory", "512MB"], cwd=folder, capture_output=True, text=True, timeout=60)


def complaint(folder, case, code, said):
    """What is wrong with how the case was met; none when all is well."""
    done = run(folder, case)
    text = done.stdout + done.stderr
    if code is None:  # readable in part, or refused: but never a crash and never silent damage
        return f"exit {done.returncode}" if done.returncode not in (0, FAILED, USAGE) else None
    if done.returncode != code:
        return f"exit {done.returncode}, not {code}"
    for word in said:
        if word.lower() not in text.lower():
            return f"does not say {word!r}"
    for leak in ("terminate called", "internal error", "duckdb.org", "tm://", "Possible solutions"):
        if leak in text:
            return f"shows {leak!r}"
    if list((folder / "table").rglob("*.json")) or list((folder / "table").rglob("*.parquet")):
        return "left files in the table's folder"
    return None


def main():
    failed = 0
    cases = {**CASES, **dict(damaged_corpora())}
    for name, (case, code, said) in cases.items():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemill-bad-"))
        try:
            wrong = complaint(folder, case, code, said)
            if wrong:
                failed += 1
                again = run(folder, case)
                print(f"{name}: {wrong}\n    " + "\n    ".join((again.stdout + again.stderr).strip().splitlines()[-6:]))
        finally:
            shutil.rmtree(folder)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
