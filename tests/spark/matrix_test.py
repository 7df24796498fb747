#!/usr/bin/env python3
"""Feature x type x partitioning x operation: each table written by us and read by real Spark and delta-rs, and
written by Spark and read by us. Short: a sample of 60; TIDEMILL_FULL=1: all 2,632."""
import itertools
import json
import os
import random
import sys
import unittest

import deltalake

import session as oracle

# What delta-rs does not read is seen by its own error, and then left out there.
FEATURES = {
    "plain": {},
    "vectors": {"delta.enableDeletionVectors": "true"},
    "mapped": {"delta.columnMapping.mode": "name"},
    "feed": {"delta.enableChangeDataFeed": "true"},
    "tracked": {"delta.enableRowTracking": "true"},
    "v2": {"delta.checkpointPolicy": "v2", "delta.checkpointInterval": "2"},
    "checkpoints": {"delta.checkpointInterval": "1"},
}
# Values as SQL, in order; the last two are for updates.
TYPES = {
    "BOOLEAN": ["true", "false", "NULL", "true", "false", "true"],
    "TINYINT": ["-128", "127", "NULL", "0", "1", "2"],
    "SMALLINT": ["-32768", "32767", "NULL", "0", "1", "2"],
    "INT": ["-2147483648", "2147483647", "NULL", "0", "1", "2"],
    "BIGINT": ["-9223372036854775808", "9223372036854775807", "NULL", "0", "9007199254740993", "2"],
    "FLOAT": ["0.1", "CAST('NaN' AS FLOAT)", "NULL", "CAST('-Infinity' AS FLOAT)", "1.5", "-0.25"],
    "DOUBLE": ["0.1", "CAST('NaN' AS DOUBLE)", "NULL", "CAST('Infinity' AS DOUBLE)", "1.7976931348623157E308D", "-0.25"],
    "DECIMAL(7,2)": ["99999.99", "-99999.99", "NULL", "0.00", "0.01", "2.50"],
    "DECIMAL(38,10)": ["9999999999999999999999999999.9999999999", "-0.0000000001", "NULL", "0", "1", "2.5"],
    "STRING": ["'plain'", "''", "NULL", "'日本 é/%20=x'", "repeat('x', 70)", "'it''s'"],
    "BINARY": ["X'00FF'", "X''", "NULL", "X'616263'", "X'41'", "X'42'"],
    "DATE": ["DATE'0001-01-01'", "DATE'9999-12-31'", "NULL", "DATE'1582-10-15'", "DATE'2024-02-29'", "DATE'1970-01-01'"],
    "TIMESTAMP": ["TIMESTAMP'1900-01-01 00:00:00'", "TIMESTAMP'9999-12-31 23:59:59.999999'", "NULL", "TIMESTAMP'2024-03-10 02:30:00.123456'", "TIMESTAMP'1969-12-31 23:59:59.999999'",
                  "TIMESTAMP'2000-01-01 00:00:00'"],
    "TIMESTAMP_NTZ": ["TIMESTAMP_NTZ'1900-01-01 00:00:00'", "TIMESTAMP_NTZ'9999-12-31 23:59:59.999999'", "NULL", "TIMESTAMP_NTZ'2024-03-10 02:30:00.123456'",
                      "TIMESTAMP_NTZ'1969-12-31 23:59:59.999999'", "TIMESTAMP_NTZ'2000-01-01 00:00:00'"],
    "ARRAY<INT>": ["array(1, NULL, 3)", "array()", "NULL", "array(CAST(NULL AS INT))", "array(2)", "array(5, 6)"],
    "MAP<STRING, DOUBLE>": ["map('a', 1.5D)", "map()", "NULL", "map('b', CAST(NULL AS DOUBLE))", "map('c', 2D)", "map('d', 0D)"],
    "STRUCT<x: INT, y: STRUCT<z: STRING>>": ["named_struct('x', 1, 'y', named_struct('z', 'a'))", "named_struct('x', NULL, 'y', NULL)", "NULL", "named_struct('x', 2, 'y', named_struct('z', NULL))",
                                             "named_struct('x', 3, 'y', named_struct('z', 'é'))", "named_struct('x', 4, 'y', named_struct('z', ''))"],
}
PARTITIONED = [None, "g", "c"]
OPERATIONS = {
    "insert": ["INSERT INTO {t} VALUES (7, {v[4]}, 'b'), (8, {v[5]}, NULL)"],
    "overwrite": ["INSERT OVERWRITE {t} VALUES (7, {v[4]}, 'b'), (8, {v[2]}, NULL)"],
    "update": ["UPDATE {t} SET c = {v[5]} WHERE id IN (1, 3)"],
    "delete": ["DELETE FROM {t} WHERE id IN (1, 4)"],
    "merge": ["MERGE INTO {t} t USING (SELECT * FROM VALUES (2, 'm'), (9, 'n') AS s(id, g)) s ON t.id = s.id WHEN MATCHED AND s.g = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET c = {v[4]} "
              "WHEN NOT MATCHED THEN INSERT (id, c, g) VALUES (s.id, {v[5]}, s.g)"],
    "optimize": ["INSERT INTO {t} VALUES (7, {v[4]}, 'b')", "OPTIMIZE {t}"],
    "restore": ["DELETE FROM {t} WHERE id = 2", "RESTORE TABLE {t} TO VERSION AS OF 1"],
    "widen": ["ALTER TABLE {t} ADD COLUMNS (n INT)", "INSERT INTO {t} VALUES (7, {v[4]}, 'b', 70)"],
}
BY_ITS_VALUE = {"BINARY", "ARRAY<INT>", "MAP<STRING, DOUBLE>", "STRUCT<x: INT, y: STRUCT<z: STRING>>"}  # no partition columns


def cells():
    for feature, kind, partition, operation in itertools.product(FEATURES, TYPES, PARTITIONED, OPERATIONS):
        if not (partition == "c" and kind in BY_ITS_VALUE):
            yield feature, kind, partition, operation


def chosen():
    every = list(cells())
    if oracle.FULL:
        return every
    random.Random(7).shuffle(every)
    return every[:60]


CHECKPOINT = "ParquetToSparkSchemaConverter"


class MatrixTest(oracle.SparkTest):
    def statements(self, cell, folder):
        """After CREATE TABLE and what follows it; the table is named as its folder is."""
        feature, kind, partition, operation = cell
        table = folder.name
        properties = ", ".join(f"'{key}' = '{value}'" for key, value in FEATURES[feature].items())
        value = TYPES[kind]
        rows = ", ".join(f"({i + 1}, CAST({value[i]} AS {kind}), {g})" for i, g in enumerate(("'a'", "NULL", "'a'", "'é b/c'")))
        return [f"INSERT INTO {table} VALUES {rows}", *(text.format(t=table, v=[f"CAST({v} AS {kind})" for v in value]) for text in OPERATIONS[operation])], (
            f"(id INT, c {kind}, g STRING) USING delta {f'PARTITIONED BY ({partition})' if partition else ''} LOCATION '{folder}'" + (f" TBLPROPERTIES ({properties})" if properties else ""))

    def select(self, folder, cell):
        text = "to_json(c)" if cell[1].startswith("MAP") else "hex(c)" if cell[1] == "BINARY" else "CAST(c AS STRING)"
        return f"SELECT CAST(id AS STRING), {text}, g{', CAST(n AS STRING)' if cell[3] == 'widen' else ''} FROM delta.`{folder}`"

    def by_us(self, folders):
        """The rows of all tables, or the error, by one process."""
        text = ";\n".join(self.select(folder, cell) for cell, folder in folders)
        done = oracle.subprocess.run([oracle.TIDEMILL, "sql", "--warehouse", self.folder / "wh", "--output", "jsonl", "--keep-going", "-f", "-"], cwd=self.folder, input=text,
                                     capture_output=True, text=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(folders), len(answers), done.stderr)
        return [answer["error"]["message"] if answer["error"] else sorted(map(str, ([v if v is not None and v != "NULL" else None for v in row] for row in answer["rows"]))) for answer in answers]

    def by_spark(self, folder, cell):
        """None where this Spark cannot: Delta 4.1.0 on Spark 4.1.4 does not read every checkpoint."""
        try:
            rows = self.spark.sql(self.select(folder, cell)).collect()
        except Exception as error:  # noqa: BLE001
            if CHECKPOINT in str(error):
                return None
            raise
        return sorted(str([None if v is None or v == "NULL" else v for v in row]) for row in rows)

    def test_written_by_us(self):
        tables, text = [], []
        for n, cell in enumerate(chosen()):
            folder = self.folder / f"t{n}"
            statements, make = self.statements(cell, folder)
            text += [f"CREATE TABLE t{n} {make}", *statements]
            tables.append((cell, folder))
        done = oracle.subprocess.run([oracle.TIDEMILL, "sql", "--warehouse", self.folder / "wh", "--output", "jsonl", "--keep-going", "-f", "-"], cwd=self.folder, input=";\n".join(text),
                                     capture_output=True, text=True)
        failed = [(answer["sql"][:200], answer["error"]["message"][:200]) for answer in map(json.loads, done.stdout.splitlines()) if answer["error"]]
        self.assertEqual([], failed[:5], len(failed))
        differs, refused, unread = [], set(), 0
        for (cell, folder), ours in zip(tables, self.by_us(tables)):
            theirs = self.by_spark(folder, cell)
            unread += theirs is None
            if theirs not in (None, ours):
                differs.append((cell, theirs, ours))
            try:
                count = deltalake.DeltaTable(str(folder)).to_pyarrow_table().num_rows
            except Exception as error:  # noqa: BLE001
                refused.add(str(error)[:100])
                continue
            if count != len(ours):
                differs.append((cell, "delta-rs", count, len(ours)))
        print(f"{len(tables)} tables written by us: {len(differs)} read otherwise; {unread} not read by this Spark; delta-rs refuses: {sorted(refused)}")
        self.assertEqual([], differs[:5], len(differs))
    def test_written_by_spark(self):
        tables, refused = [], {}
        for n, cell in enumerate(chosen()):
            folder = self.folder / f"s{n}"
            statements, make = self.statements(cell, folder)
            try:
                for statement in [f"CREATE TABLE s{n} {make}", *statements]:
                    self.spark.sql(statement)
            except Exception as error:  # noqa: BLE001
                refused[cell] = str(error)[:150]
                continue
            tables.append((cell, folder))
        differs = []
        for (cell, folder), ours in zip(tables, self.by_us(tables)):
            theirs = self.by_spark(folder, cell)
            if theirs not in (None, ours):
                differs.append((cell, theirs, ours))
        print(f"{len(tables)} tables written by Spark: {len(differs)} read otherwise; {len(refused)} Spark does not make: {sorted(set(refused.values()))[:5]}")
        self.assertEqual([], differs[:5], len(differs))


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
