"""Spark's own SQL tests, from the tests jar of spark-sql: golden files of queries with their schema and output."""
import dataclasses
import json
import os
import pathlib
import re
import zipfile

CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))
JAR = CACHE / "jars" / "spark-sql_2.13-4.0.1-tests.jar"
RESULTS, INPUTS = "sql-tests/results/", "sql-tests/inputs/"


@dataclasses.dataclass
class Query:
    sql: str
    schema: str
    rows: list         # lines of output; a row with a line break in it is two
    error: str = None  # the error class, "" when the exception has none; None: no error

    @property
    def is_command(self):
        """Gives no rows: a view made, a setting set."""
        return self.error is None and self.schema == "struct<>" and not self.rows


def names():
    """The golden files this project looks at. The jar has more: those are for judging, and are not even unpacked."""
    return (pathlib.Path(__file__).resolve().parent / "visible.txt").read_text().split()


def extract(folder):
    """The listed golden files, their inputs and the test data, below `folder`."""
    listed = {RESULTS + name for name in names()} | {INPUTS + name.removesuffix(".out") for name in names()}
    with zipfile.ZipFile(JAR) as jar:
        jar.extractall(folder, [n for n in jar.namelist() if n in listed or n.startswith("test-data/")])


def read(folder, name):
    """The queries of a golden file; `name` is its path below the results, group-by.sql.out."""
    segments = re.split(r"-- !query.*\n", (folder / RESULTS / name).read_text())[1:]
    return [_query(*segments[i:i + 3]) for i in range(0, len(segments), 3)]


def _query(sql, schema, output):
    output = output.rstrip()
    error = _error_class(output) if schema.strip() == "struct<>" else None
    return Query(sql.strip(), schema.strip(), output.split("\n") if output and error is None else [], error)


def _error_class(output):
    first, _, rest = output.partition("\n")
    if not re.fullmatch(r"(org|java|scala)\.[\w.$]+(Exception|Error)\S*", first.strip()):
        return None
    try:
        return json.loads(rest).get("errorClass") or json.loads(rest).get("condition") or ""
    except ValueError:
        return ""


def settings(folder, name):
    """What Spark's suite runs the file under: by its folder, and by the --SET lines of its input."""
    conf = {"spark.sql.session.timeZone": "America/Los_Angeles", "spark.sql.ansi.enabled": "true"}
    if name.startswith("nonansi/"):
        conf["spark.sql.ansi.enabled"] = "false"
    if name.startswith("timestampNTZ/"):
        conf["spark.sql.timestampType"] = "TIMESTAMP_NTZ"
    if name.startswith("postgreSQL/"):
        conf["spark.sql.legacy.interval.enabled"] = "true"
    for line in (folder / INPUTS / name.removesuffix(".out")).read_text().split("\n"):
        if line.startswith("--SET "):
            conf.update(pair.strip().split("=", 1) for pair in line[6:].split(","))
    return conf
