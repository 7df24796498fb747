#!/usr/bin/env python3
"""Columns that a Delta table fills in itself (generated, identity, default), numbered rows and V2 checkpoints: written by us
and by real Spark in turn, the same rows for both."""
import json
import os
import sys
import unittest

import deltalake
import pyarrow

import session as oracle


class ColumnsTest(oracle.SparkTest):
    def rows(self, path):
        theirs = sorted(json.dumps([None if v is None else str(v) for v in row]) for row in self.spark.sql(f"SELECT * FROM delta.`{path}`").collect())
        ours = self.ours(f"SELECT * FROM delta.`{path}`")[0]["rows"]
        self.assertEqual(theirs, sorted(json.dumps([None if v in (None, "NULL") else v for v in row]) for row in ours))
        return theirs

    def test_generated(self):
        statements = ["INSERT INTO {t} (a, c) VALUES (1, 'x'), (NULL, 'n')", "INSERT INTO {t} VALUES (2, 4, 'y')", "UPDATE {t} SET a = 10 WHERE a = 1",
                      "UPDATE {t} SET c = 'w', b = 4 WHERE a = 2",
                      "MERGE INTO {t} t USING (SELECT 10 a, 'm' c UNION ALL SELECT 50, 'n') s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = 11 "
                      "WHEN NOT MATCHED THEN INSERT (a, c) VALUES (s.a, s.c)"]
        wrong = ["INSERT INTO {t} VALUES (2, 5, 'y')", "INSERT INTO {t} VALUES (2, NULL, 'y')", "UPDATE {t} SET b = 7 WHERE a = 2"]
        for name in ("one", "made"):  # Spark's SQL does not make such tables, but writes them
            self.ours(f"CREATE TABLE {name} (a INT, b INT GENERATED ALWAYS AS (a * 2), c STRING) USING delta LOCATION '{self.folder}/{name}'")
        for statement in statements:
            self.spark.sql(statement.format(t=f"delta.`{self.folder}/one`"))
            self.ours(statement.format(t=f"delta.`{self.folder}/made`"))
        for statement in wrong:
            with self.assertRaises(Exception) as theirs:
                self.spark.sql(statement.format(t=f"delta.`{self.folder}/one`"))
            self.assertIn("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", str(theirs.exception))
            self.ours(statement.format(t=f"delta.`{self.folder}/made`"), fails="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES")
        expected = self.rows(self.folder / "one")
        self.assertEqual(4, len(expected))
        self.assertEqual(expected, self.rows(self.folder / "made"))
        self.spark.sql(f"INSERT INTO delta.`{self.folder}/made` (a, c) VALUES (7, 'spark')")  # Spark computes it there, too
        self.assertIn('["7", "14", "spark"]', self.rows(self.folder / "made"))
        for expression, error in [("a + rand()", "UNSUPPORTED_EXPRESSION_GENERATED_COLUMN"), ("zz", "UNSUPPORTED_EXPRESSION_GENERATED_COLUMN"),
                                  ("max(a)", "UNSUPPORTED_EXPRESSION_GENERATED_COLUMN"), ("CAST(current_date() AS STRING)", "UNSUPPORTED_EXPRESSION_GENERATED_COLUMN"),
                                  ("a", "DELTA_GENERATED_COLUMNS_EXPR_TYPE_MISMATCH")]:
            self.ours(f"CREATE TABLE bad (a INT, b STRING GENERATED ALWAYS AS ({expression})) USING delta", fails=error)

    def test_identity(self):
        for n, ours in enumerate(["BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 5)", "ALWAYS AS IDENTITY",
                                  "ALWAYS AS IDENTITY (START WITH -1 INCREMENT BY -2)"]):
            path = self.folder / f"made{n}"
            self.ours(f"CREATE TABLE i{n} (id BIGINT GENERATED {ours}, v STRING) USING delta LOCATION '{path}'")
            with self.subTest(ours):
                t = f"delta.`{path}`"
                self.ours(f"INSERT INTO {t} (v) VALUES ('a'), ('b')", f"INSERT INTO {t} (v) SELECT CAST(id AS STRING) FROM range(0, 50)")
                self.spark.sql(f"INSERT INTO {t} (v) VALUES ('spark')")
                self.ours(f"MERGE INTO {t} t USING (SELECT 'a' v UNION ALL SELECT 'new') s ON t.v = s.v WHEN MATCHED THEN UPDATE SET v = 'A' "
                          "WHEN NOT MATCHED THEN INSERT (v) VALUES (s.v)", f"INSERT INTO {t} (v) VALUES ('last')")
                self.spark.sql(f"INSERT INTO {t} (v) VALUES ('spark again')")
                rows = [json.loads(row) for row in self.rows(path)]
                ids = [int(row[0]) for row in rows]
                self.assertEqual(56, len(rows))
                self.assertEqual(56, len(set(ids)), sorted(ids))
                start, step = {0: (10, 5), 1: (1, 1), 2: (-1, -2)}[n]
                self.assertTrue(all((value - start) % step == 0 and (value - start) // step >= 0 for value in ids), sorted(ids))
                self.ours(f"UPDATE {t} SET id = 5", fails="DELTA_IDENTITY_COLUMNS_UPDATE_NOT_SUPPORTED")
                if n == 0:
                    self.ours(f"INSERT INTO {t} VALUES (7, 'own')")
                    self.assertIn('["7", "own"]', self.rows(path))
                else:
                    self.ours(f"INSERT INTO {t} VALUES (7, 'own')", fails="DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED")

    def test_defaults(self):
        create = ("CREATE TABLE {n} (a INT, b INT DEFAULT 7, c STRING DEFAULT 'x' || 'y') USING delta LOCATION '{p}' "
                  "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')")
        statements = ["INSERT INTO {n} (a) VALUES (1)", "INSERT INTO {n} VALUES (2, DEFAULT, DEFAULT), (3, 4, 'z')", "UPDATE {n} SET b = DEFAULT WHERE a = 3",
                      "MERGE INTO {n} t USING (SELECT 8 a) s ON t.a = s.a WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)"]
        for statement in [create, *statements]:
            self.spark.sql(statement.format(n="spark_defaults", p=self.folder / "spark"))
            self.ours(statement.format(n="our_defaults", p=self.folder / "ours"))
        self.assertEqual(self.rows(self.folder / "spark"), self.rows(self.folder / "ours"))
        self.spark.sql("DROP TABLE spark_defaults")
        for path in ("spark", "ours"):  # each in the other's table
            self.ours(f"INSERT INTO delta.`{self.folder / path}` (a) VALUES (20)")
            self.spark.sql(f"INSERT INTO delta.`{self.folder / path}` (a) VALUES (21)")
        self.assertEqual(self.rows(self.folder / "spark"), self.rows(self.folder / "ours"))
        self.ours("CREATE TABLE d (a INT, b INT DEFAULT 7) USING delta", fails="WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED")

    def test_rows_with_numbers(self):
        """Row tracking: no number twice, whoever writes; and what stays keeps its number."""
        made = self.folder / "made"
        self.ours(f"CREATE TABLE r (id BIGINT) USING delta LOCATION '{made}' TBLPROPERTIES ('delta.enableRowTracking' = 'true', "
                  "'delta.enableDeletionVectors' = 'true', 'delta.checkpointInterval' = '100')", "INSERT INTO r SELECT id FROM range(0, 20)")
        numbers = lambda: {row.id: row.n for row in self.spark.sql(f"SELECT id, _metadata.row_id AS n FROM delta.`{made}`").collect()}
        before = numbers()
        self.assertEqual(20, len(set(before.values())))
        self.spark.sql(f"INSERT INTO delta.`{made}` SELECT id FROM range(20, 30)")
        self.ours("DELETE FROM r WHERE id < 5", "INSERT INTO r SELECT id FROM range(30, 40)", "UPDATE r SET id = id + 1000 WHERE id = 35")
        self.spark.sql(f"INSERT INTO delta.`{made}` VALUES (50)")
        after = numbers()
        self.assertEqual(36, len(set(after.values())), after)
        self.assertTrue(all(after[key] == before[key] for key in before if key >= 5))

    def test_checkpoints_v2(self):
        made = self.folder / "made"
        self.ours(f"CREATE TABLE c (id BIGINT, v STRING) USING delta LOCATION '{made}' TBLPROPERTIES ('delta.checkpointPolicy' = 'v2', "
                  "'delta.checkpointInterval' = '2')", *(f"INSERT INTO c VALUES ({i}, 'v{i}')" for i in range(5)), "DELETE FROM c WHERE id = 1")
        log = made / "_delta_log"
        self.assertEqual(3, len(list(log.glob("*.checkpoint.*.json"))))
        self.assertEqual(3, len(list((log / "_sidecars").glob("*.parquet"))))
        for version in range(4):  # what is left can be read only through a checkpoint
            (log / f"{version:020}.json").unlink()
        # Delta 4.1.0 on Spark 4.1.4 cannot read a sidecar's schema, so delta-rs is the judge.
        added = pyarrow.table(deltalake.DeltaTable(made).get_add_actions(flatten=True)).to_pydict()
        self.assertEqual(4, sum(added["num_records"]))
        self.ours("INSERT INTO c VALUES (100, 'more')")
        self.assertEqual([["5"]], self.ours("SELECT count(*) FROM c")[0]["rows"])
        self.tidemill("table", "check", made, "--history")


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
