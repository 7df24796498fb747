#!/usr/bin/env python3
"""SQL of a job touches nothing but the paths of its job: more than a hundred tries to read, write or load something else.

Each try is a job of its own beside a secret file. It must fail, or give exactly the harmless row that Spark would; whatever
is printed, reported or written must not hold the secret, and nothing may be there afterwards but the job's own table.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
SECRET = "s3cr3t-7781"

FORMATS = ["csv", "json", "text", "parquet", "delta", "orc", "avro", "binaryFile"]
# How a path outside is spelled: {abs} and {rel} are the secret file.
PATHS = ["{abs}", "{rel}", "file://{abs}", "{folder}/*", "{folder}/../outside/secret.csv"]
READERS = ["read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_text", "read_blob", "read_parquet", "parquet_scan", "parquet_metadata",
           "parquet_schema", "sniff_csv", "glob", "read_ndjson", "read_json_objects", "iceberg_scan", "delta_scan", "sqlite_scan", "postgres_scan",
           "query", "query_table", "read_files", "tm_text_scan"]
SCALARS = ["getenv('HOME')", "current_setting('temp_directory')", "getvariable('x')", "read_text('{abs}')", "content('{abs}')", "current_database_path()",
           "load_file('{abs}')", "pg_read_file('{abs}')", "reflect('java.lang.System', 'getenv', 'HOME')", "java_method('java.lang.Runtime', 'getRuntime')",
           "tm_check(true)", "tm_divert('a', 'b')", "tm_partition(1)", "write_log('x')", "nextval('s')"]
TABLES = ["duckdb_settings()", "duckdb_secrets()", "duckdb_extensions()", "pragma_database_list", "pragma_database_list()", "sqlite_master", "information_schema.tables",
          "main.duckdb_tables", "system.main.duckdb_columns", "pg_catalog.pg_class", "temp.tm_diverted", "tm_diverted", "tm_malformed_rows", "tm_source_0", "memory.main.tm_source_0"]
STATEMENTS = ["ATTACH '{abs}' AS other", "COPY (SELECT 1) TO '{folder}/made.csv'", "COPY one FROM '{abs}'", "EXPORT DATABASE '{folder}/made'", "IMPORT DATABASE '{folder}'",
              "INSTALL httpfs", "LOAD '{abs}'", "SET enable_external_access = true", "PRAGMA enable_external_access", "RESET enable_external_access",
              "SET allowed_directories = ['/']", "PRAGMA database_list", "CALL pragma_version()", "CHECKPOINT", "CREATE TABLE t AS SELECT * FROM '{abs}'",
              "SELECT 1; ATTACH '{abs}' AS other", "SELECT 1 /* ; */; COPY (SELECT 1) TO '{folder}/made.csv'", "CREATE SECRET s (TYPE s3)", "DETACH memory", "USE memory",
              "INSERT OVERWRITE DIRECTORY '{folder}/made' USING csv SELECT 1", "LOAD DATA INPATH '{abs}' INTO TABLE one", "ADD FILE '{abs}'", "ADD JAR '{abs}'",
              "CREATE FUNCTION f AS 'x' USING JAR '{abs}'", "SELECT TRANSFORM (a) USING 'cat {abs}' FROM one", "DESCRIBE csv.`{abs}`", "REFRESH '{abs}'"]
# Text that tries to end what it stands in; {quoted} is what it would run then.
BREAKS = ["'; ATTACH '{abs}' AS x; --", '"; ATTACH \'{abs}\' AS x; --', "`; ATTACH '{abs}' AS x; --", "') FROM read_csv('{abs}') --", "\\'; ATTACH '{abs}' AS x; --",
          "\\\\' UNION SELECT * FROM read_csv('{abs}') --", "*/ SELECT * FROM '{abs}' /*", "$$ || read_text('{abs}') || $$", "E'\\x27 || read_text(''{abs}'') || '",
          "\u02bc; ATTACH '{abs}' --", "\uff07; ATTACH '{abs}' --", "{{'a': read_text('{abs}')}}"]


def quoted_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted_name(text):
    return "`" + text.replace("`", "``") + "`"


class EscapeTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tidemill-escape-")
        self.addCleanup(temporary.cleanup)
        root = pathlib.Path(temporary.name)
        self.outside, self.inside = root / "outside", root / "inside"
        self.outside.mkdir()
        self.inside.mkdir()
        self.secret = self.outside / "secret.csv"
        self.secret.write_text(f"a\n{SECRET}\n")
        self.places = {"abs": str(self.secret), "rel": "../outside/secret.csv", "folder": str(self.outside)}
        (self.inside / "one.csv").write_text("a\n1\n")

    def fill(self, text):
        return text.format(**self.places)

    def attempt(self, sql, **more):
        """(exit code, everything said)."""
        job = {"job": "escape", "sources": {"one": {"format": "csv", "path": "one.csv", "schema": "a INT", "header": True}},
               "steps": [{"name": "tried", "sql": sql}], "sink": {"path": "out", "mode": "overwrite"}} | more
        shutil.rmtree(self.inside / "out", ignore_errors=True)
        (self.inside / "job.yaml").write_text(json.dumps(job))
        done = subprocess.run([TIDEMILL, "run", "job.yaml", "--report", "report.html", "--again"], cwd=self.inside, capture_output=True, text=True, timeout=60)
        printed = said = done.stdout + done.stderr
        for file in self.inside.rglob("*"):
            if file.is_file() and file.suffix != ".parquet":
                said += file.read_bytes().decode(errors="replace")
        self.assertNotIn(SECRET, said, sql)
        self.assertEqual(["secret.csv"], os.listdir(self.outside), sql)
        self.assertEqual(f"a\n{SECRET}\n", self.secret.read_text(), sql)
        return done.returncode, printed[-500:]

    def refused(self, sql, **more):
        code, said = self.attempt(self.fill(sql), **more)
        self.assertIn(code, (1, 2), f"{sql}: {said}")
        self.assertFalse((self.inside / "out" / "_delta_log").exists(), sql)
        return 1

    def test_escapes(self):
        tries = 0
        for path in PATHS:
            for format_name in FORMATS:
                tries += self.refused(f"SELECT * FROM {format_name}.`{path}`")
            for table in (f"'{path}'", f'"{path}"', f"`{path}`", f"one, '{path}'", f"one JOIN `{path}` ON true"):
                tries += self.refused(f"SELECT * FROM {table}")
        for reader in READERS:
            tries += self.refused(f"SELECT * FROM {reader}('{{abs}}')")
        for scalar in SCALARS:
            tries += self.refused(f"SELECT {scalar} AS a FROM one")
        for table in TABLES:
            tries += self.refused(f"SELECT * FROM {table}")
        for statement in STATEMENTS:
            tries += self.refused(statement)
        for text in BREAKS:
            tries += self.refused(f"SELECT * FROM {quoted_name(self.fill(text)).replace('{', '{{').replace('}', '}}')}")
        print(f"{tries} refused")
        self.assertGreater(tries, 100)

    def test_text_stays_text(self):
        """As literals, names, patterns and checks they are what they say, and nothing runs."""
        for text in map(self.fill, BREAKS):
            code, said = self.attempt(f"SELECT {quoted_text(text)} AS a, concat({quoted_text(text)}, a) AS b, split({quoted_text(text)}, 'A')[0] AS c FROM one")
            self.assertEqual(0, code, said)
            rows = subprocess.run([TIDEMILL, "sql", "--output", "json", "-e", "SELECT a FROM delta.`out`"], cwd=self.inside, capture_output=True, text=True)
            self.assertEqual([{"a": text}], json.loads(rows.stdout), rows.stderr)
            code, said = self.attempt(f"SELECT a AS {quoted_name(text)} FROM one")
            self.assertIn(code, (0, 1, 2), said)
            code, said = self.attempt("SELECT a FROM one", checks=[{"name": "breaks", "expression": f"cast(a AS STRING) <> {quoted_text(text)}"}])
            self.assertEqual(0, code, said)
            code, said = self.attempt("SELECT a FROM one", checks=[{"name": "breaks", "kind": "accepted_values", "column": "a", "values": [text]}])
            self.assertNotEqual(0, code, said)

    def test_values_that_become_paths(self):
        for value in ("../../outside/x", "..", "/etc", "a/../../b", "%2e%2e%2f", "a\\..\\b", "x\n../y", "="):
            code, said = self.attempt(f"SELECT a, {quoted_text(value)} AS p FROM one", sink={"path": "out", "mode": "overwrite", "partition_by": ["p"]})
            self.assertIn(code, (0, 1, 2), said)
            made = [file for file in self.inside.rglob("*.parquet")]
            self.assertTrue(all((self.inside / "out") in file.resolve().parents for file in made), made)


if __name__ == "__main__":
    unittest.main()
