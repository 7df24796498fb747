#!/usr/bin/env python3
"""A materialized view as others see it: delta-rs and real Spark read its table, and Spark's own query gives its rows."""
import os
import sys
import unittest

import session as oracle
from compare import by_delta_rs, by_spark, differences

QUERY = ("SELECT o.k, c.name, count(*) AS n, sum(o.v) AS s, min(o.d) AS first, avg(o.v) AS mean "
         "FROM {orders} o LEFT JOIN {customers} c ON o.k = c.k GROUP BY o.k, c.name")
# By whom the tables are changed: Spark's commits must be read right too.
ROUNDS = [("ours", "INSERT INTO {orders} VALUES (1, 5, DATE'2024-01-01'), (NULL, 7, NULL), (9, 1, DATE'2024-02-02')"),
          ("spark", "DELETE FROM {orders} WHERE k = 2"),
          ("spark", "UPDATE {customers} SET name = concat(name, '!') WHERE k < 3"),
          ("ours", "MERGE INTO {orders} t USING (SELECT 3 AS k) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = t.v + 100"),
          ("spark", "OPTIMIZE {orders}"),
          ("spark", "INSERT OVERWRITE {customers} VALUES (1, 'one'), (9, 'nine')")]


class ViewTest(oracle.SparkTest):
    def test_read_by_others(self):
        for n, properties in enumerate(("'delta.enableChangeDataFeed' = 'true'", "'delta.enableDeletionVectors' = 'true'")):
            orders, customers, view = (self.folder / f"{name}{n}" for name in ("orders", "customers", "view"))
            paths = {"orders": f"delta.`{orders}`", "customers": f"delta.`{customers}`"}
            for name, columns, path in (("orders", "k INT, v INT, d DATE", orders), ("customers", "k INT, name STRING", customers)):
                self.ours(f"CREATE TABLE {name}{n} ({columns}) USING delta LOCATION '{path}' TBLPROPERTIES ({properties})")
            self.ours("INSERT INTO {orders} SELECT CAST(id % 5 AS INT), CAST(id AS INT), DATE'2024-03-01' FROM range(100)".format(**paths),
                      "INSERT INTO {customers} VALUES (0, 'zero'), (1, 'one'), (2, 'two')".format(**paths))
            job = self.folder / f"view{n}.yaml"
            job.write_text(f"job: kept{n}\nkind: view\nsources:\n  orders: {{format: delta, path: {orders}}}\n  customers: {{format: delta, path: {customers}}}\n"
                           f"steps:\n  - name: kept\n    sql: {QUERY.format(orders='orders', customers='customers')}\nsink: {{path: {view}}}\n")
            self.tidemill("run", job)
            for writer, change in ROUNDS:
                with self.subTest(properties=properties, change=change):
                    change = change.format(**paths)
                    if writer == "spark":
                        self.spark.sql(change)
                    else:
                        self.ours(change)
                    said = self.tidemill("run", job)
                    self.assertIn("incremental refresh: " + ("commits that change no row" if "OPTIMIZE" in change else "groups that changed"), said)
                    expected = self.spark.sql(QUERY.format(**paths))
                    self.assertEqual([], differences(expected, by_spark(self.spark, view)))
                    with by_delta_rs(self.spark, view) as theirs:
                        self.assertEqual([], differences(expected, theirs))


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
