#!/usr/bin/env python3
"""The change data feed: the same changes of the same statements, told by real Spark and by us, of tables that either wrote."""
import json
import os
import sys
import unittest

import session as oracle

ROWS = "SELECT id, CAST(id % 3 AS STRING) AS p, concat('v', id) AS v FROM range(0, 12, 1, 1)"
CHANGES = [
    "INSERT INTO {t} VALUES (100, '0', NULL), (101, NULL, 'null')",
    "UPDATE {t} SET v = concat(v, '!') WHERE id % 4 = 1",
    "UPDATE {t} SET p = '9' WHERE id IN (100, 2)",
    "DELETE FROM {t} WHERE id = 3 OR p IS NULL",
    "DELETE FROM {t} WHERE p = '1'",
    "MERGE INTO {t} t USING (SELECT * FROM VALUES (0L, 'a'), (5L, 'b'), (6L, 'c'), (777L, 'd') AS s(id, v)) s ON t.id = s.id "
    "WHEN MATCHED AND s.v = 'c' THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v "
    "WHEN NOT MATCHED THEN INSERT (id, p, v) VALUES (s.id, '7', s.v) "
    "WHEN NOT MATCHED BY SOURCE AND t.id = 8 THEN DELETE WHEN NOT MATCHED BY SOURCE AND t.id > 8 THEN UPDATE SET v = 'orphan'",
    "INSERT INTO {t} REPLACE WHERE p = '0' VALUES (33, '0', 'r'), (34, '0', 's')",
    "INSERT OVERWRITE {t} SELECT id + 1000, '5', 'o' FROM range(0, 3, 1, 1)",
    "DELETE FROM {t}",
]


class ChangesTest(oracle.SparkTest):
    def feeds(self, table, start=0):
        """The feed of a table as Spark tells it and as we do: without the order of rows, with the commits' times."""
        query = f"SELECT *, unix_micros(_commit_timestamp) AS time FROM table_changes_by_path('{table}', {start})"
        columns = "id, p, v, _change_type, _commit_version, time"
        theirs = sorted(json.dumps(list(row)) for row in self.spark.sql(f"SELECT {columns} FROM ({query})").collect())
        text = f"to_json(array(CAST(id AS STRING), p, v, _change_type, CAST(_commit_version AS STRING), CAST(time AS STRING)))"
        answer = self.ours(f"SELECT {text} FROM ({query})")[0]
        rows = [json.loads(row[0]) for row in answer["rows"]]
        mine = sorted(json.dumps([int(r[0]), r[1], r[2], r[3], int(r[4]), int(r[5])]) for r in rows)
        return theirs, mine

    def test_both_ways(self):
        kinds = [("", ""), ("", "'delta.enableDeletionVectors' = 'true', "), ("PARTITIONED BY (p)", ""),
                 ("PARTITIONED BY (p)", "'delta.enableDeletionVectors' = 'true', "), ("PARTITIONED BY (p)", "'delta.columnMapping.mode' = 'name', ")]
        for n, (partition, properties) in enumerate(kinds):
            with self.subTest(partition=partition, properties=properties):
                told = {}
                for writer in ("spark", "ours"):
                    path = self.folder / f"{writer}{n}"
                    create = (f"CREATE TABLE delta.`{path}` (id BIGINT, p STRING, v STRING) USING delta {partition} "
                              f"TBLPROPERTIES ({properties}'delta.enableChangeDataFeed' = 'true', 'delta.checkpointInterval' = '100')")
                    statements = [f"INSERT INTO {{t}} {ROWS}", *CHANGES]
                    if writer == "spark":
                        for statement in (create, *(s.format(t=f"delta.`{path}`") for s in statements)):
                            self.spark.sql(statement)
                    else:
                        create = create.replace(f"delta.`{path}` (", f"t{n} (").replace("USING delta", f"USING delta LOCATION '{path}'")
                        self.ours(create, *(s.format(t=f"t{n}") for s in statements))
                    theirs, mine = self.feeds(path)
                    self.assertEqual(theirs, mine)
                    self.assertGreater(len(mine), 30)
                    told[writer] = [json.loads(row)[:5] for row in mine]
                self.assertEqual(told["spark"], told["ours"])

    def test_ranges_and_refusals(self):
        path = self.folder / "t"
        self.ours(f"CREATE TABLE t (id BIGINT, p STRING, v STRING) USING delta LOCATION '{path}'", "INSERT INTO t VALUES (1, 'a', 'b')",
                  "ALTER TABLE t SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", "INSERT INTO t VALUES (2, 'a', 'b')",
                  "ALTER TABLE t ADD COLUMNS (w INT)", "UPDATE t SET w = 5 WHERE id = 2")
        self.assertEqual(*self.feeds(path, 2))
        for start in ("0", "99", "3, 2", "NULL", "'2099-01-01'"):
            with self.subTest(start=start):
                with self.assertRaises(Exception) as theirs:
                    self.spark.sql(f"SELECT * FROM table_changes_by_path('{path}', {start})").collect()
                error = self.ours(f"SELECT * FROM table_changes_by_path('{path}', {start})", fails=True)[0]["error"]
                self.assertTrue(error["class"] in str(theirs.exception) or start == "99", (error, str(theirs.exception)[:300]))
        shown = self.tidemill("table", "changes", path, "--from", "5", "--output", "tsv")
        self.assertEqual(["update_postimage", "update_preimage"], sorted(line.split("\t")[4] for line in shown.splitlines()))


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
