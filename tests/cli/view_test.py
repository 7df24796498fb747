#!/usr/bin/env python3
"""Materialized views from outside: jobs of type view, SQL, table freshness, queries that read a fresh view."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402

JOB = """
job: totals
{word}: view
sources:
  orders: {{format: delta, path: wh/orders}}
steps:
  - {{name: big, sql: "SELECT * FROM orders WHERE v > 0"}}
  - {{name: totals, sql: "SELECT k, count(*) AS n, sum(v) AS s FROM big GROUP BY k"}}
sink: {{path: totals}}
"""
QUERY = "SELECT k, count(*) AS n, sum(v) AS s FROM orders WHERE v > 0 GROUP BY k"


class ViewTest(FolderTest):
    def sql(self, *statements):
        return self.tidemill("sql", "--warehouse", "wh", "--output", "tsv", "-e", ";".join(statements))

    def rows(self, *statements):
        return sorted(self.sql(*statements).splitlines())

    def setUp(self):
        super().setUp()
        self.sql("CREATE TABLE orders (k INT, v INT) USING delta", "INSERT INTO orders VALUES (1, 10), (1, 20), (2, 5), (3, -1)")

    def freshness(self, path="totals"):
        return json.loads(self.tidemill("table", "freshness", path, "--json"))

    def test_job(self):
        (self.folder / "totals.yaml").write_text(JOB.format(word="kind"))
        self.tidemill("validate", "totals.yaml")
        self.tidemill("plan", "totals.yaml")
        first = self.tidemill("run", "totals.yaml")
        self.assertIn("full refresh: the view is made for the first time", first)
        self.assertEqual(["1\t2\t30", "2\t1\t5"], self.rows("SELECT * FROM delta.`totals`"))
        self.assertIn("nothing to refresh", self.tidemill("run", "totals.yaml"))
        self.assertTrue(self.freshness()["fresh"])
        self.sql("INSERT INTO orders VALUES (2, 7), (4, 1)", "DELETE FROM orders WHERE v = 10")
        behind = self.freshness()
        self.assertFalse(behind["fresh"])
        self.assertEqual((1, 3, 2), tuple(behind["sources"][0][key] for key in ("seen_version", "version", "commits_behind")))
        self.assertIn("behind for", self.tidemill("table", "freshness", "totals"))
        second = self.tidemill("run", "totals.yaml", "--json").splitlines()
        finished = json.loads(second[-1])
        self.assertIn("incremental refresh: groups that changed", finished["message"])
        self.assertEqual("committed", finished["outcome"])
        self.assertEqual(["1\t1\t20", "2\t2\t12", "4\t1\t1"], self.rows("SELECT * FROM delta.`totals`"))
        self.assertTrue(self.freshness()["fresh"])
        self.assertIn("totals", self.tidemill("runs", "ls"))
        # Another query, or rows that somebody else wrote, and all rows are made anew.
        (self.folder / "totals.yaml").write_text(JOB.format(word="type").replace("v > 0", "v > 6"))
        self.assertIn("the query, a setting or a table's columns have changed", self.tidemill("run", "totals.yaml"))
        self.sql("DELETE FROM delta.`totals`")
        self.assertIn("(others have changed its rows)", self.tidemill("table", "freshness", "totals"))
        self.assertIn("others have changed the view's rows", self.tidemill("run", "totals.yaml"))
        self.assertEqual(["1\t1\t20", "2\t1\t7"], self.rows("SELECT * FROM delta.`totals`"))
        self.assertIn("a table, not a materialized view", self.tidemill("table", "freshness", "wh/orders", code=2))

    def test_mistakes(self):
        text = JOB.format(word="type") + "checks: [{kind: not_null, column: k}]\n"
        (self.folder / "bad.yaml").write_text(text.replace("path: totals", "path: totals, mode: append").replace("format: delta", "format: parquet"))
        said = self.tidemill("validate", "bad.yaml", code=2)
        for part in ("checks", "sink.mode", "a view reads Delta tables alone"):
            self.assertIn(part, said)

    def test_sql(self):
        made = self.sql("CREATE MATERIALIZED VIEW totals AS " + QUERY)
        self.assertIn("full", made)
        self.assertEqual(["1\t2\t30", "2\t1\t5"], self.rows("SELECT * FROM totals"))
        self.assertIn("nothing", self.sql("REFRESH MATERIALIZED VIEW totals"))
        self.sql("INSERT INTO orders VALUES (9, 9)")
        self.assertIn("incremental", self.sql("REFRESH MATERIALIZED VIEW totals"))
        self.assertIn("it was asked for", self.sql("INSERT INTO orders VALUES (9, 1)", "REFRESH MATERIALIZED VIEW totals FULL"))
        self.assertIn("9\t2\t10", self.rows("SELECT * FROM totals"))
        for change in ("INSERT INTO totals VALUES (1, 1, 1)", "DELETE FROM totals", "DROP TABLE totals"):
            self.tidemill("sql", "--warehouse", "wh", "-e", change, code=2)
        self.sql("DROP MATERIALIZED VIEW totals")
        self.sql("DROP MATERIALIZED VIEW IF EXISTS totals")
        self.assertFalse(list((self.folder / "wh" / "totals").rglob("*.parquet")))

    def test_marked_after_optimize(self):
        self.sql("CREATE TABLE c (id INT, g STRING) USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
                 *(f"INSERT INTO c SELECT CAST(id AS INT), 'x' FROM range({n}, {n + 10})" for n in (0, 10)),
                 "CREATE MATERIALIZED VIEW v AS SELECT * FROM c", "OPTIMIZE c", "UPDATE c SET g = 'z' WHERE id = 3")
        self.assertIn("incremental", self.sql("REFRESH MATERIALIZED VIEW v"))
        self.assertEqual(self.rows("SELECT * FROM c"), self.rows("SELECT * FROM v"))

    def test_queries_read_a_fresh_view(self):
        note = "reads the materialized view default.totals"
        self.sql("CREATE MATERIALIZED VIEW totals AS " + QUERY)
        self.assertIn(note, self.sql("EXPLAIN " + QUERY))
        over = f"SELECT s FROM ({QUERY}) WHERE k = 1"
        self.assertIn(note, self.sql("EXPLAIN " + over))
        self.assertEqual(["30"], self.rows(over))
        ordered = QUERY + " ORDER BY k DESC LIMIT 1"
        self.assertIn(note, self.sql("EXPLAIN " + ordered))
        self.assertEqual(["2\t1\t5"], self.rows(ordered))
        self.assertNotIn(note, self.sql("SET tidemill.sql.materializedViews = false", "EXPLAIN " + QUERY))
        self.assertNotIn(note, self.sql("EXPLAIN " + QUERY.replace("v > 0", "v > 1")))
        self.sql("INSERT INTO orders VALUES (1, 1)")  # the view is behind
        self.assertNotIn(note, self.sql("EXPLAIN " + QUERY))
        self.assertEqual(["1\t3\t31", "2\t1\t5"], self.rows(QUERY))
        self.sql("REFRESH MATERIALIZED VIEW totals")
        self.assertIn(note, self.sql("EXPLAIN " + QUERY))


if __name__ == "__main__":
    unittest.main()
