#!/usr/bin/env python3
"""Text files as our sources read them beside Spark's own readers under the same options: the rows that fit, the rows that
do not, and the inferred schema."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import session as oracle

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDEMILL = os.environ.get("TIDEMILL", str(ROOT / "build" / "release" / "tidemill"))
ZONE = "America/New_York"

# Our key -> Spark's option.
OPTIONS = {"header": "header", "delimiter": "sep", "quote": "quote", "escape": "escape", "comment": "comment",
           "null_text": "nullValue", "date_format": "dateFormat", "timestamp_format": "timestampFormat",
           "multi_line": "multiLine"}

NUMBERS = "i INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), b BOOLEAN"
TIMES = "day DATE, at TIMESTAMP, local TIMESTAMP_NTZ"

# name: (format, keys, schema or None to infer it, text). A tag at the end names a difference that stands in the docs.
CASES = {
    "csv numbers": ("csv", {}, NUMBERS, "1,2,1.5,3.14,true\n-7,-8,-1e300,-0.005,FALSE\n+1,+2,+.5,+1,True\n,,,,\n"),
    "csv numbers out of range": ("csv", {}, "i INT, y TINYINT, s SMALLINT", "2147483648,1,1\n1,128,1\n1,1,32768\n1,1,1\n"),
    "csv numbers with spaces": ("csv", {}, NUMBERS, " 1,2,1.5,3.14,true\n1 ,2,1.5,3,true\n1,2, 1.5,3,true\n1,2,1.5, 3,true\n1,2,1.5,3, true\n"),
    "csv doubles": ("csv", {}, "d DOUBLE, f FLOAT", "NaN,NaN\nInfinity,-Infinity\nInf,1\n1e400,1e39\n1d,1f\n0x1p3,1\n1_000,1\n.5,5.\n"),
    "csv decimals": ("csv", {}, "m DECIMAL(6,2)", "1234.56\n12345.67\n0.005\n0.004\n1e3\n1e-3\n-9999.99\n9999.995\n1.\n.1\n"),
    "csv booleans": ("csv", {}, "b BOOLEAN", "true\nTRUE\nTrue\n1\nyes\nt\nfalse\nFaLsE\n"),
    "csv strings": ("csv", {}, "a STRING, b STRING", 'x,y\n"x,1","y ""z"""\n" s ", t \n"",\nü,日本\n'),
    "csv escapes": ("csv", {}, "a STRING, b STRING", '"a\\"b",1\n"a\\\\",2\na\\b,3\n"a\\n",4\n'),
    "csv null text": ("csv", {"null_text": "NA"}, "a STRING, i INT", 'NA,NA\n"NA",1\n,2\n"",3\nna,4\n'),
    "csv delimiter": ("csv", {"delimiter": "|", "header": True}, "a STRING, i INT", "a|i\nx,y|1\n|2\n"),
    "csv tab": ("csv", {"delimiter": "\t"}, "a STRING, i INT", "x y\t1\n\t2\n"),
    "csv other quote": ("csv", {"quote": "'"}, "a STRING, i INT", "'x,\"y',1\n\"z,2\n"),
    "csv comment": ("csv", {"comment": "#"}, "a STRING, i INT", "#x,1\ny,2\n# z\n"),
    "csv crlf": ("csv", {"header": True}, "a STRING, i INT", "a,i\r\nx,1\r\ny,2\r\n"),
    "csv no last newline": ("csv", {}, "a STRING, i INT", "x,1\ny,2"),
    "csv blank lines": ("csv", {}, "a STRING, i INT", "x,1\n\n\ny,2\n\n"),
    "csv bom": ("csv", {"header": True}, "a STRING, i INT", "\ufeffa,i\nx,1\n"),
    "csv multi line": ("csv", {"multi_line": True}, "a STRING, i INT", '"x\ny",1\nz,2\n'),
    "csv dates": ("csv", {}, TIMES, "2024-02-29,2024-03-01 12:34:56.789,2024-03-01T12:34:56\n2023-02-29,,\n2024-1-5,2024-1-5 1:02:03,2024-01-05 01:02:03\n,2024-11-03 01:30:00,\n,2024-03-10 02:30:00,\n"),
    "csv zones": ("csv", {}, "at TIMESTAMP", "2024-03-01T12:00:00Z\n2024-03-01T12:00:00+02:00\n2024-03-01 12:00:00 UTC\n2024-03-01T12:00:00.123456789\n2024-03-01\n2024-03\n2024\n12:00:00\n"),
    "csv far dates": ("csv", {}, "day DATE, at TIMESTAMP", "0001-01-01,0001-01-01 00:00:00\n9999-12-31,9999-12-31 23:59:59.999999\n10000-01-01,\n1582-10-10,\n"),
    "csv before standard time": ("csv", {}, "at TIMESTAMP", "1883-11-18 12:00:00\n"),
    "csv doubled quotes": ("csv", {}, "a STRING, b INT", '"x ""y"" z",1\n'),
    "csv doubled quotes as escape": ("csv", {"escape": '"'}, "a STRING, b INT", '"x ""y"" z",1\n"""",2\n"a\\",3\n'),
    "csv blank behind a quote": ("csv", {}, "a STRING, b INT", '"x"  ,1\n"y"\t,2\n'),
    "csv quote inside": ("csv", {}, "a STRING, b INT", 'x"y,1\nx"y"z,2\n'),
    "csv times alone": ("csv", {}, "at TIMESTAMP", "12:00:00\n"),
    "csv blank and commented header": ("csv", {"header": True, "comment": "#"}, "a STRING, i INT", "\n# c\na,i\nx,1\n"),
    "csv lone returns": ("csv", {}, "a STRING, i INT", "x,1\ry,2\r\nz,3"),
    "csv long delimiter": ("csv", {"delimiter": "||"}, "a STRING, i INT", "x|y||1\nz||2\n"),
    "csv null text with quotes off": ("csv", {"null_text": "-"}, "a STRING, i INT", "-,-\n--,1\n"),
    "csv multi line with returns": ("csv", {"multi_line": True, "header": True}, "a STRING, i INT", 'a,i\r\n"x\r\ny",1\r\n\r\nz,2\r\n'),
    "csv zero rows": ("csv", {"header": True}, "a STRING", "a\n"),
    "json bytes": ("json", {}, "y TINYINT, s SMALLINT", '{"y":200}\n{"y":-129}\n{"s":40000}\n{"y":1,"s":-5}\n'),
    "json arrays of records": ("json", {}, "i INT", '[{"i":1},{"i":2}]\n[]\n[{"i":3},{"i":"x"}]\n[1]\n{"i":4}\n'),
    "json single quotes": ("json", {}, "s STRING, i INT", "{'s':'a\"b','i':1}\n"),
    "json deep": ("json", {}, "a ARRAY<ARRAY<INT>>, m MAP<STRING, STRUCT<x: INT>>", '{"a":[[1,null],[],null],"m":{"k":{"x":1},"l":null}}\n{"a":[["x"]]}\n{"a":[]}\n'),
    "json decimals": ("json", {}, "m DECIMAL(10,2)", '{"m":1.005}\n{"m":"2.5"}\n{"m":1e3}\n{"m":""}\n{"m":123456789.12}\n'),
    "json numbers as written": ("json", {}, "s STRING", '{"s":1e3}\n{"s":-0.0}\n{"s": 12 }\n{"s":{"a" : 1}}\n'),
    "json local times": ("json", {}, "local TIMESTAMP_NTZ", '{"local":"2024-03-01 12:00:00"}\n{"local":"2024-03-01T12:00:00Z"}\n{"local":1}\n'),
    "json tabs in texts": ("json", {}, "s STRING", '{"s":"a\tb"}\n{"s":"c"}\n'),
    "json inferred names": ("json", {}, None, '{"b":1,"a":{"d":1,"c":null},"e":[]}\n{"b":null,"a":{}}\n'),
    "json inferred text": ("json", {}, None, '{"a":"","b":"2024-01-01","c":"1"}\n'),
    "csv inferred empty": ("csv", {"header": True}, None, "a,b\n,1\n,\n"),
    "csv inferred times": ("csv", {"header": True}, None, "a,b\n2024-1-5,2024-01-05T00:00:00Z\n"),
    "csv multi line mixed": ("csv", {"multi_line": True}, "a STRING, i INT", '"x\r\ny",1\n"x\r\ny",2\n'),
    "csv multi line plain": ("csv", {"multi_line": True}, "a STRING, i INT", '"p\nq",0\n"x\r\ny",1\n'),
    "csv inferred times alone": ("csv", {}, None, "10:00\n"),
    "csv inferred numbers": ("csv", {"header": True}, None, "a,b,c,d,e\n1,1.5,1e3,00012,+5\n-2,2147483648,NaN,1,-9223372036854775809\n"),
    "csv date format": ("csv", {"date_format": "dd/MM/yyyy"}, "day DATE, s STRING", "31/12/2024,a\n32/12/2024,b\n,c\n"),
    "csv timestamp format": ("csv", {"timestamp_format": "dd.MM.yyyy HH:mm:ss"}, "at TIMESTAMP, s STRING", "31.12.2024 23:59:59,a\n03.11.2024 01:30:00,b\n10.03.2024 02:30:00,c\n31.12.2024 24:00:00,d\n"),
    "csv months by name": ("csv", {"date_format": "d MMM yyyy"}, "day DATE", "5 Jan 2024\n15 Dec 2023\n5 Foo 2024\n"),
    "csv inferred": ("csv", {"header": True}, None, "i,l,d,b,s,day,at,m,e\n1,3000000000,1.5,true,x,2024-01-01,2024-01-01 10:00:00,1,\n2,1,2,false,y,2024-01-02,2024-01-02T11:00:00,2.5,\n"),
    "csv inferred mixed": ("csv", {"header": True}, None, "a,b,c,d,e\n1,true,2024-01-01,1,99999999999999999999\nx,1,2024-01-01 10:00:00,2024-01-01,1\n"),
    "csv inferred without header": ("csv", {}, None, "1,x\n2,y\n"),
    "csv inferred by format": ("csv", {"header": True, "date_format": "dd/MM/yyyy"}, None, "d,i\n31/12/2024,1\n01/01/2024,2\n"),
    "json numbers": ("json", {}, NUMBERS, '{"i":1,"l":2,"d":1.5,"m":3.14,"b":true}\n{"i":-7}\n{"i":null,"d":3,"m":2}\n{}\n'),
    "json texts for numbers": ("json", {}, "i INT", '{"i":"12"}\n{"i":12}\n'),
    "json fractions for integers": ("json", {}, "i INT, l BIGINT", '{"i":1.5}\n{"i":1.0}\n{"l":1e3}\n{"i":1}\n'),
    "json numbers for texts": ("json", {}, "s STRING, k INT", '{"s":1,"k":1}\n{"s":1.50,"k":2}\n{"s":true,"k":3}\n{"s":{"a":1},"k":4}\n{"s":[1, 2],"k":5}\n{"s":null,"k":6}\n'),
    "json texts for booleans": ("json", {}, "b BOOLEAN", '{"b":"true"}\n{"b":1}\n{"b":false}\n'),
    "json out of range": ("json", {}, "i INT, y TINYINT, m DECIMAL(4,1)", '{"i":2147483648}\n{"y":128}\n{"m":12345.6}\n{"m":1.25}\n{"i":1}\n'),
    "json doubles": ("json", {}, "d DOUBLE", '{"d":"NaN"}\n{"d":"Infinity"}\n{"d":"-INF"}\n{"d":NaN}\n{"d":1e400}\n{"d":"1.5"}\n{"d":-0.0}\n'),
    "json dates": ("json", {}, TIMES, '{"day":"2024-02-29","at":"2024-03-01 12:34:56.789","local":"2024-03-01T12:34:56"}\n{"day":"2024-02-30"}\n{"at":"2024-11-03 01:30:00"}\n{"at":"2024-03-01T12:00:00Z"}\n{"day":19000}\n{"at":1700000000}\n'),
    "json date format": ("json", {"date_format": "dd/MM/yyyy"}, "day DATE", '{"day":"31/12/2024"}\n{"day":"2024-12-31"}\n'),
    "json nested": ("json", {}, "s STRUCT<a: INT, b: ARRAY<STRING>>, l ARRAY<INT>", '{"s":{"a":1,"b":["x",null]},"l":[1,2]}\n{"s":{"b":[]},"l":null}\n{"s":{}}\n{"l":["x"]}\n{"s":1}\n{"l":3}\n'),
    "json nested dates": ("json", {}, "s STRUCT<day: DATE>, k INT", '{"s":{"day":"2024-01-01"},"k":1}\n'),
    "json maps": ("json", {}, "m MAP<STRING, INT>, k INT", '{"m":{"a":1,"b":null},"k":1}\n{"m":{},"k":2}\n'),
    "json broken": ("json", {}, "i INT", '{"i":1}\n{"i":\n{"i":2} x\nnot json\n[{"i":3}]\n"text"\n\n{"i":4}\n'),
    "json names": ("json", {}, "I INT, ID INT", '{"i":1,"id":2}\n{"I":3,"ID":4}\n{"i":5,"I":6}\n'),
    "json twice": ("json", {}, "i INT", '{"i":1,"i":2}\n'),
    "json escapes": ("json", {}, "s STRING", '{"s":"a\\u00e9\\n\\t\\"\\\\"}\n{"s":"日本"}\n'),
    "json multi line": ("json", {"multi_line": True}, "i INT", '[{"i":1},\n{"i":\n2}]\n'),
    "json inferred": ("json", {}, None, '{"b":true,"a":1,"s":"x","d":1.5,"n":null,"l":[1,2],"o":{"z":1,"y":"q"}}\n{"a":2,"d":2}\n'),
    "json inferred mixed": ("json", {}, None, '{"a":1,"b":1,"c":true,"l":[1,"x"]}\n{"a":"x","b":1.5,"c":1,"l":[]}\n'),
    "json inferred big": ("json", {}, None, '{"a":9223372036854775808,"b":2147483648}\n'),
    "text": ("text", {}, None, "a,b\n\n x \nlast"),
}
DIFFERENCES = {
    "csv strings": "a quote that is not escaped is malformed here; Spark keeps the field as it stands, quotes and all",
    "csv doubled quotes": "the same; the message says which escape to set",
    "csv zones": "a time without a date is malformed here; Spark takes today's date for it",
    "csv times alone": "the same",
    "csv inferred times alone": "the same",
    "csv multi line mixed": "Spark takes the first line break of the file, here one inside a field, for the end of all its records",
}


class Case:
    def __init__(self, spark, folder, name):
        self.spark, self.name = spark, name
        self.format, self.keys, self.schema, text = CASES[name]
        self.folder = folder / name.replace(" ", "_")
        self.folder.mkdir()
        self.file = self.folder / f"in.{self.format}"
        self.file.write_bytes(text.encode())

    def reader(self, mode):
        reader = self.spark.read.format(self.format).option("mode", mode)
        for key, value in self.keys.items():
            reader = reader.option(OPTIONS[key], str(value).lower() if isinstance(value, bool) else value)
        if self.schema:
            return reader.schema(self.schema)
        return reader.option("inferSchema", "true") if self.format == "csv" else reader

    def spark_rows(self):
        frame = self.reader("DROPMALFORMED" if self.format != "text" else "PERMISSIVE").load(str(self.file))
        return [oracle.schema_of(frame)] + sorted(oracle.rows_as_text(self.spark, frame))

    def spark_fails(self):
        try:
            oracle.rows_as_text(self.spark, self.reader("FAILFAST").load(str(self.file)))
            return False
        except Exception:  # noqa: BLE001  whatever Spark raises here is its refusal
            return True

    def run(self, malformed):
        job = self.folder / f"{malformed}.yaml"
        source = {"format": self.format, "path": str(self.file), **self.keys}
        if self.schema:
            source["schema"] = self.schema
        if self.format != "text":
            source["malformed"] = malformed
        job.write_text(json.dumps({"job": malformed, "time_zone": ZONE, "sources": {"rows": source},
                                   "sink": {"path": str(self.folder / malformed)}}))
        return subprocess.run([TIDEMILL, "run", str(job), "--state", str(self.folder / "state.db")], cwd=self.folder,
                              capture_output=True, text=True)

    def our_rows(self):
        done = self.run("drop")
        if done.returncode:
            return [done.stdout + done.stderr]
        frame = self.spark.read.format("delta").load(str(self.folder / "drop"))
        return [oracle.schema_of(frame)] + sorted(oracle.rows_as_text(self.spark, frame))


# Partition folders, one file in each.
FOLDERS = [
    ["p=1", "p=2", "p=__HIVE_DEFAULT_PARTITION__"],
    ["p=01", "p=+7", "p=3000000000"],
    ["p=1", "p=1.5", "p=-2.25"],
    ["p=3000000000", "p=1.5"],
    ["p=2024-02-29", "p=2023-12-31"],
    ["p=2023-02-29", "p=2023-2-1"],
    ["p=2024-01-01", "p=1"],
    ["p=x/q=1", "p=y/q=2"],
    ["p=a b/q=x%2Fy%3D", "p=__HIVE_DEFAULT_PARTITION__/q=z"],
]


class SourcesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.context = oracle.spark("OFF", spark__sql__session__timeZone=ZONE)
        cls.spark = cls.context.__enter__()
        cls.folder = tempfile.TemporaryDirectory(prefix="tidemill-sources-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.context.__exit__, None, None, None)

    def test_rows_and_schema(self):
        for name in CASES:
            with self.subTest(name):
                case = Case(self.spark, pathlib.Path(self.folder.name), name)
                ours, sparks = case.our_rows(), case.spark_rows()
                if name in DIFFERENCES:
                    self.assertNotEqual(ours, sparks, f"agrees by now; take it out of DIFFERENCES: {DIFFERENCES[name]}")
                    continue
                self.assertEqual(ours, sparks)
                self.assertEqual(case.run("fail").returncode != 0, case.spark_fails(), "malformed: fail and FAILFAST")

    def test_partition_folders(self):
        """Partition folders of files that are no table: the columns they make, and their types."""
        for number, values in enumerate(FOLDERS):
            for format, text in (("csv", "1,x\n"), ("json", '{"a":1,"b":"x"}\n')):
                with self.subTest(f"{format} {values}"):
                    root = pathlib.Path(self.folder.name) / f"folders-{format}-{number}"
                    for i, value in enumerate(values):
                        (root / "in" / value).mkdir(parents=True)
                        (root / "in" / value / f"{i}.{format}").write_text(text)
                    source = {"format": format, "path": str(root / "in"), "schema": "a INT, b STRING"}
                    job = root / "job.yaml"
                    job.write_text(json.dumps({"job": "folders", "sources": {"rows": source}, "sink": {"path": str(root / "out")}}))
                    done = subprocess.run([TIDEMILL, "run", str(job), "--state", str(root / "state.db")], cwd=root,
                                          capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    ours = self.spark.read.format("delta").load(str(root / "out"))
                    theirs = self.spark.read.format(format).schema("a INT, b STRING").load(str(root / "in"))
                    self.assertEqual(oracle.schema_of(ours), oracle.schema_of(theirs))
                    self.assertEqual(sorted(oracle.rows_as_text(self.spark, ours)),
                                     sorted(oracle.rows_as_text(self.spark, theirs)))


if __name__ == "__main__":
    unittest.main()
