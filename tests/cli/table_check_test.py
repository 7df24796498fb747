#!/usr/bin/env python3
"""tidemill table check: each kind of damage planted in a real table, found by its name, mended where that is safe, and the table read afterwards."""
import json
import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from command import FolderTest  # noqa: E402


class CheckTest(FolderTest):
    def sql(self, *statements):
        return self.tidemill("sql", "--warehouse", "wh", "--output", "tsv", "-e", ";".join(statements))

    def check(self, *words, code=0):
        return json.loads(self.tidemill("table", "check", "t", "--json", *words, code=code))

    def kinds(self, *words, code=1):
        return sorted({f["kind"] for f in self.check(*words, code=code)["findings"] if not f["harmless"]})

    def repair(self, *words, code=0):
        """The dry run changes nothing, then it is done."""
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and ".tidemill" not in path.parts}
        dry = self.check("--repair", "--dry-run", *words, code=1)
        self.assertFalse(dry["repair"]["done"])
        after = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and ".tidemill" not in path.parts}
        self.assertEqual(before, after)
        done = self.check("--repair", "--yes", *words, code=code)
        self.assertEqual(dry["repair"]["steps"], done["repair"]["steps"])
        self.assertTrue(done["repair"]["done"])
        for path, data in before.items():  # nothing was deleted
            aside = path.parent / "_set_aside" / (path.name + ".aside")
            self.assertTrue(path.exists() or aside.read_bytes() == data, path)
        return done

    def make(self, inserts=3, properties="'made' = 'here'"):
        self.sql(f"CREATE TABLE t (id BIGINT NOT NULL, p STRING, d DATE, v DOUBLE, s STRUCT<a: INT, b: ARRAY<STRING>>) USING delta PARTITIONED BY (p) LOCATION 't' TBLPROPERTIES ({properties})",
                 *(f"INSERT INTO t SELECT id, CAST(id % 2 AS STRING), date_add(DATE'2024-01-01', CAST(id AS INT)), IF(id = 3, NULL, id / 2D), named_struct('a', CAST(id AS INT), 'b', array('x', CAST(id AS STRING))) "
                   f"FROM range({n * 10}, {n * 10 + 10})" for n in range(inserts)))
        self.log = self.folder / "t" / "_delta_log"
        self.assertEqual([], self.kinds("--deep", "--history", code=0))

    def rows(self):
        return int(self.sql("SELECT count(*) FROM delta.`t`").splitlines()[-1])

    def data(self, partition="0"):
        return sorted((self.folder / "t" / f"p={partition}").glob("*.parquet"))

    def commit(self, version):
        return self.log / f"{version:020}.json"

    def test_missing_file(self):
        self.make()
        lost = self.data()[0]
        lost.unlink()
        found = self.check(code=1)
        self.assertEqual(["missing-file"], [f["kind"] for f in found["findings"]])
        self.assertIn("--repair", found["findings"][0]["cure"])
        done = self.repair()
        self.assertEqual(4, done["repair"]["version"])
        self.assertEqual(0, done["after"]["damages"])
        self.assertEqual(25, self.rows())
        self.assertIn("FSCK", self.tidemill("table", "history", "t"))

    def test_truncated_and_altered_files(self):
        self.make()
        cut, longer, flipped = self.data()[0], self.data("1")[0], self.data("1")[1]
        cut.write_bytes(cut.read_bytes()[:-20])
        longer.write_bytes(longer.read_bytes() + b"more")
        bytes_ = bytearray(flipped.read_bytes())
        bytes_[4:40] = b"\xff" * 36  # in the first page: size and footer are as they were
        flipped.write_bytes(bytes_)
        self.assertEqual(["truncated-file", "wrong-size"], self.kinds())
        self.assertEqual(["truncated-file", "unreadable-file", "wrong-size"], self.kinds("--deep"))
        told = self.check("--repair", "--dry-run", "--deep", code=1)
        self.assertEqual(([], 3), (told["repair"]["steps"], len(told["repair"]["left"])))
        self.repair("--deep", "--drop-damaged")
        self.assertEqual(15, self.rows())
        self.assertTrue(cut.exists() and longer.exists() and flipped.exists())

    def test_another_files_bytes(self):
        self.make()
        log = [json.loads(line) for line in self.commit(1).read_text().splitlines()]
        one = next(path for path in self.data() if any(path.name in line.get("add", {}).get("path", "") for line in log))
        other = next(path for path in self.data() if path != one)
        shutil.copy(other, one)
        for line in log:  # a swap of the same size
            if "add" in line and one.name in line["add"]["path"]:
                line["add"]["size"] = one.stat().st_size
        self.commit(1).write_text("".join(json.dumps(line) + "\n" for line in log))
        self.assertEqual([], self.kinds(code=0))
        self.assertEqual(["wrong-statistics"], self.kinds("--deep"))

    def add(self, version, change):
        lines = [json.loads(line) for line in self.commit(version).read_text().splitlines()]
        for line in lines:
            if "add" in line:
                stats = json.loads(line["add"]["stats"])
                change(stats, line["add"])
                line["add"]["stats"] = json.dumps(stats)
                break
        self.commit(version).write_text("".join(json.dumps(line) + "\n" for line in lines))

    def test_statistics(self):
        self.make()
        self.add(1, lambda stats, add: stats["maxValues"].update(id=3))
        self.add(2, lambda stats, add: stats["nullCount"].update(v=4))
        self.add(3, lambda stats, add: stats["minValues"].update(d="2024-03-01"))
        self.assertEqual([], self.kinds(code=0))
        found = self.check("--deep", code=1)
        self.assertEqual(["wrong-statistics"] * 3, [f["kind"] for f in found["findings"]])
        self.assertEqual(30, found["rows_checked"])
        self.assertRegex("; ".join(f["message"] for f in found["findings"]), "id: the log says its maximum is 3, and it is [89]")
        self.repair("--deep")
        self.assertEqual(30, self.rows())

    def test_row_count(self):
        self.make()
        self.add(1, lambda stats, add: stats.update(numRecords=6))
        self.assertEqual(["wrong-row-count"], self.kinds("--deep"))

    def test_deletion_vectors(self):
        self.make(properties="'delta.enableDeletionVectors' = 'true'")
        self.sql("DELETE FROM delta.`t` WHERE id IN (2, 4)")
        self.assertEqual([], self.kinds("--deep", code=0))
        vector, = (self.folder / "t").glob("deletion_vector_*.bin")
        whole = vector.read_bytes()
        vector.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertEqual(["broken-vector"], self.kinds())
        vector.write_bytes(whole)
        lines = self.commit(4).read_text()
        self.commit(4).write_text(lines.replace('"cardinality":2', '"cardinality":1'))
        self.assertEqual(["broken-vector"], self.kinds())
        self.commit(4).write_text(lines)
        self.add(4, lambda stats, add: stats.update(numRecords=2))
        self.assertEqual(["broken-vector"], self.kinds())
        self.commit(4).write_text(lines)
        vector.unlink()
        self.assertEqual(["missing-vector"], self.kinds())
        self.assertEqual([], self.check("--repair", "--dry-run", code=1)["repair"]["steps"])
        self.repair("--drop-damaged")
        self.assertEqual(25, self.rows())

    def settle(self, path):
        old = time.time() - 3600
        os.utime(path, (old, old))

    def test_last_commit(self):
        self.make()
        whole = self.commit(3).read_bytes()
        for damage in (b"", whole[:-30]):
            self.commit(3).write_bytes(damage)
            self.assertEqual(["broken-commit"], self.kinds())
            young = self.check("--repair", "--dry-run", code=1)
            self.assertIn("10 minutes", young["repair"]["left"][0])
            self.settle(self.commit(3))
            self.repair()
            self.assertEqual(20, self.rows())
            self.assertEqual(damage, (self.log / "_set_aside" / (self.commit(3).name + ".aside")).read_bytes())
            shutil.rmtree(self.log / "_set_aside")
            self.assertEqual(2, self.check()["version"])
        self.sql("INSERT INTO delta.`t` VALUES (99, '1', NULL, NULL, NULL)")  # the version is free again
        self.assertEqual((21, 3), (self.rows(), self.check()["version"]))

    def test_gap(self):
        self.make()
        whole = self.commit(2).read_bytes()
        self.commit(2).unlink()
        found = self.check(code=1)
        self.assertEqual((["gap"], -1), ([f["kind"] for f in found["findings"]], found["version"]))
        self.assertEqual([], self.check("--repair", "--dry-run", code=1)["repair"]["steps"])
        self.commit(2).write_bytes(whole)
        self.assertEqual([], self.kinds("--deep", code=0))

    def make_with_checkpoint(self, properties="'delta.checkpointInterval' = '4'"):
        self.make(inserts=5, properties=properties)
        return sorted(path for path in self.log.glob("*.checkpoint*"))

    def test_checkpoints(self):
        for properties in ("'delta.checkpointInterval' = '4'", "'delta.checkpointInterval' = '4', 'delta.checkpointPolicy' = 'v2'"):
            shutil.rmtree(self.folder / "t", ignore_errors=True)
            shutil.rmtree(self.folder / "wh", ignore_errors=True)
            checkpoint, = self.make_with_checkpoint(properties)
            whole = checkpoint.read_bytes()
            checkpoint.write_bytes(whole[: len(whole) // 2])
            self.assertEqual(["broken-checkpoint"], self.kinds())
            self.repair()
            self.assertEqual(50, self.rows())
            self.assertEqual([], self.kinds("--deep", "--history", code=0))

    def test_stale_checkpoint(self):
        self.make_with_checkpoint()
        shutil.copytree(self.folder / "t", self.folder / "kept")
        self.sql("DELETE FROM delta.`t` WHERE id < 5", "INSERT INTO delta.`t` VALUES (99, '1', NULL, NULL, NULL)", "INSERT INTO delta.`t` VALUES (98, '1', NULL, NULL, NULL)")
        right = self.rows()
        shutil.copy(self.log / f"{4:020}.checkpoint.parquet", self.log / f"{8:020}.checkpoint.parquet")
        self.assertNotEqual(right, self.rows())  # the lie costs rows
        self.assertEqual(["stale-checkpoint"], self.kinds())
        self.repair()
        self.assertEqual(right, self.rows())
        self.assertEqual([], self.kinds("--deep", "--history", code=0))

    def test_part_of_checkpoint(self):
        self.make()
        part = self.log / f"{2:020}.checkpoint.{1:010}.{2:010}.parquet"
        part.write_bytes(b"PAR1")
        self.assertEqual(["broken-checkpoint"], self.kinds())
        self.repair()
        self.assertFalse(part.exists())
        self.assertEqual(30, self.rows())

    def test_only_checkpoint(self):
        """A broken one that nothing makes up for is left as it is."""
        checkpoint, = self.make_with_checkpoint()
        for version in range(4):
            self.commit(version).unlink()
        self.assertEqual([], self.kinds(code=0))
        checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
        self.assertIn("broken-log", self.kinds())
        self.assertEqual([], self.check("--repair", "--dry-run", code=1)["repair"]["steps"])

    def test_commit_behind_checkpoint(self):
        self.make_with_checkpoint()
        self.commit(2).write_text("")
        found, = self.check(code=1)["findings"]
        self.assertEqual("broken-commit", found["kind"])
        self.assertIn("versions from 2 to 3", found["cure"])
        self.assertEqual(50, self.rows())

    def test_hint(self):
        self.make_with_checkpoint()
        hint = self.log / "_last_checkpoint"
        for lie in ('{"version": 3, "size": 1}', "no json", '{"version": 4, "size": 9, "parts": 7}'):
            hint.write_text(lie)
            self.assertEqual(["wrong-hint"], self.kinds(), lie)
            self.repair()
            self.assertEqual([], self.kinds(code=0))
            self.assertEqual(50, self.rows())

    def test_checksum(self):
        self.make()
        (self.log / f"{3:020}.crc").write_text(json.dumps({"tableSizeBytes": 1, "numFiles": 1, "numMetadata": 1, "numProtocol": 1}))
        self.assertEqual(["wrong-checksum"], self.kinds())
        self.repair()
        self.assertEqual([], self.kinds(code=0))

    def test_null_where_none_may_be(self):
        self.make()
        self.sql("CREATE TABLE u (id BIGINT, p STRING, d DATE, v DOUBLE, s STRUCT<a: INT, b: ARRAY<STRING>>) USING delta PARTITIONED BY (p) LOCATION 'u'",
                 "INSERT INTO u VALUES (NULL, '0', NULL, NULL, NULL)")
        file, = (self.folder / "u" / "p=0").glob("*.parquet")
        shutil.copy(file, self.data()[0].parent / file.name)
        add = next(json.loads(line) for line in (self.folder / "u" / "_delta_log" / f"{1:020}.json").read_text().splitlines() if '"add"' in line)
        self.commit(4).write_text(json.dumps({"commitInfo": {"operation": "WRITE"}}) + "\n" + json.dumps(add) + "\n")
        self.assertEqual(["null-in-column"], self.kinds("--deep"))

    def test_orphans_and_touched(self):
        self.make()
        shutil.copy(self.data()[0], self.data()[0].parent / "part-orphan.parquet")
        later = time.time() + 3600
        os.utime(self.data()[1], (later, later))
        found = self.check()
        self.assertEqual(["orphan", "touched-file"], sorted(f["kind"] for f in found["findings"]))
        self.assertTrue(all(f["cure"] for f in found["findings"]))
        self.assertIn("nothing that --repair could", self.tidemill("table", "check", "t", "--repair"))

    def test_asks(self):
        self.make()
        self.data()[0].unlink()
        self.assertIn("say --yes", self.tidemill("table", "check", "t", "--repair", code=1))
        self.assertEqual(["missing-file"], self.kinds())


if __name__ == "__main__":
    sys.argv[0] = os.path.basename(sys.argv[0])
    unittest.main()
