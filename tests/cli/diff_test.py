#!/usr/bin/env python3
"""tidemill diff: what two tables have in common, to the last bit, and what they don't."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
ROW = "id, IF(id = 3, {}, id + 1D) AS d, map('k', id) AS m, array({}) AS a, IF(id > 7, NULL, 't') AS s"
TABLES = {
    "one": f"SELECT {ROW.format('0.0D', '1.5D')} FROM range(10)",
    "same": f"SELECT {ROW.format('0.0D', '1.5D')} FROM range(10) ORDER BY id DESC",
    "twice": f"SELECT {ROW.format('0.0D', '1.5D')} FROM range(10) UNION ALL SELECT {ROW.format('0.0D', '1.5D')} FROM range(1)",
    "sign": f"SELECT {ROW.format('-0.0D', '1.5D')} FROM range(10)",
    "inside": f"SELECT {ROW.format('0.0D', 'IF(id = 4, 1.5000000000000002D, 1.5D)')} FROM range(10)",
    "nulls": "SELECT 1 AS a, CAST(NULL AS INT) AS b",
    "moved": "SELECT CAST(NULL AS INT) AS a, 1 AS b",
    "column": "SELECT id, 0.0D AS d FROM range(10)",
}


class DiffTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tidemill-diff-")
        script = "".join(f"CREATE TABLE {name} USING delta AS {sql};" for name, sql in TABLES.items())
        script += "INSERT INTO same SELECT * FROM one WHERE id = 9"
        subprocess.run([TIDEMILL, "sql", "--warehouse", "wh", "-e", script], cwd=cls.folder.name, check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def diff(self, one, other, *words):
        done = subprocess.run([TIDEMILL, "diff", f"wh/{one}", f"wh/{other}", *words, "--json"], cwd=self.folder.name,
                              capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def rows(self, one, other, *words):
        code, told = self.diff(one, other, *words)
        self.assertEqual((1, False), (code, told["same"]))
        return [(row[0][3:], *row[1:3]) for row in told["rows"]]

    def test_the_same_rows_in_another_order(self):
        code, told = self.diff("one", "same@0")
        self.assertEqual((0, True, 10), (code, told["same"], told["one_rows"]))

    def test_a_version_has_rows_of_its_own(self):
        self.assertEqual([("same@1", "1", "9")], self.rows("same@0", "same@1"))

    def test_rows_count_as_often_as_they_are_there(self):
        self.assertEqual([("twice", "1", "0")], self.rows("one", "twice"))

    def test_a_zero_has_a_sign(self):
        self.assertEqual({("one", "1", "3"), ("sign", "1", "3")}, set(self.rows("one", "sign", "--keys", "id")))

    def test_the_last_bit_inside_an_array(self):
        self.assertEqual({("one", "1", "4"), ("inside", "1", "4")}, set(self.rows("one", "inside")))

    def test_columns_left_out_and_nulls_that_change_places(self):
        self.assertEqual((0, True), (lambda told: (told[0], told[1]["same"]))(self.diff("one", "sign", "--without", "d")))
        self.assertEqual({("nulls", "1", "1"), ("moved", "1", "NULL")}, set(self.rows("nulls", "moved")))

    def test_other_columns(self):
        code, told = self.diff("one", "column")
        self.assertEqual((1, 3), (code, len(told["schema"])))

    def test_what_is_not_there(self):
        self.assertIn("there is no Delta table", self.diff("one", "none")[1])
        self.assertIn("no column 'k'", self.diff("one", "same", "--keys", "k")[1])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
