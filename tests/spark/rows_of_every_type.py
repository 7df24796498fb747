"""Batches of rows with every column type, extremes and nulls among them; the same rows for the same seed."""
import datetime
import decimal
import random

import pyarrow as pa
import pyarrow.parquet

PARTITIONS = ["plain", "with space", "a/b", "x=y", "50%", "per%20cent", "it's", 'quo"te', "{brace}", "[bracket]", "日本語",
              "é", "e\u0301", "🌊", "1:2?3#4", "back\\slash", "semi;colon&and+plus", "tab\there", "~tilde^caret|pipe*star",
              "UPPER", "upper", "__HIVE_DEFAULT", "null", "NULL", ".", "..", "-1", "2020-01-01", None]

ZONED = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)

# -0.0 but not 0.0: in one file, Spark's Parquet writer takes the one for the other (its dictionaries compare with ==).
FIELDS = [
    ("flag", pa.bool_(), [True, False]),
    ("i8", pa.int8(), [-128, 127, 0]),
    ("i16", pa.int16(), [-32768, 32767, 0]),
    ("i32", pa.int32(), [-2**31, 2**31 - 1, 0]),
    ("i64", pa.int64(), [-2**63, 2**63 - 1, 0, 2**53 + 1]),
    ("f32", pa.float32(), [0.1, -0.0, float("nan"), float("inf"), 3.4028235e38]),
    ("f64", pa.float64(), [0.1, -0.0, float("nan"), float("-inf"), 1.7976931348623157e308, 5e-324, 1 / 3]),
    ("d5_2", pa.decimal128(5, 2), [decimal.Decimal(t) for t in ("999.99", "-999.99", "0.00", "0.01")]),
    ("d18_4", pa.decimal128(18, 4), [decimal.Decimal(t) for t in ("99999999999999.9999", "-0.0001", "1.0000")]),
    ("d38_10", pa.decimal128(38, 10), [decimal.Decimal(t) for t in ("9999999999999999999999999999.9999999999",
                                                                    "-9999999999999999999999999999.9999999999", "0E-10")]),
    ("text", pa.string(), ["", " ", "plain", "日本語 🌊", "line\nbreak", 'quo"te', "back\\slash", "NULL", "x" * 300, "é" * 40]),
    ("bytes", pa.binary(), [b"", b"\x00\xff", b"abc"]),
    ("day", pa.date32(), [datetime.date(1970, 1, 1), datetime.date(1582, 10, 15), datetime.date(9999, 12, 31),
                          datetime.date(2024, 2, 29), datetime.date(1900, 1, 1)]),
    ("instant", pa.timestamp("us", "UTC"), [EPOCH.replace(tzinfo=ZONED), datetime.datetime(2024, 3, 10, 2, 30, 0, 123456, ZONED),
                                            datetime.datetime(1900, 1, 1, tzinfo=ZONED),
                                            datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, ZONED),
                                            datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, ZONED)]),
    ("numbers", pa.list_(pa.int32()), [[], [1, None, 3], [None], [2**31 - 1]]),
    ("nested", pa.list_(pa.list_(pa.string())), [[[]], [["a", None], None, []], [["日本"]]]),
    ("dictionary", pa.map_(pa.string(), pa.float64()), [[], [("a", 1.5), ("b", None)], [("é x", -0.5)]]),
    ("record", pa.struct([("x", pa.int32()), ("y", pa.struct([("z", pa.list_(pa.decimal128(10, 3))), ("w", pa.date32())]))]),
     [{"x": 1, "y": {"z": [decimal.Decimal("1.500"), None], "w": None}}, {"x": None, "y": None},
      {"x": 2, "y": {"z": None, "w": datetime.date(2020, 1, 1)}}]),
    ("records", pa.list_(pa.struct([("k", pa.string()), ("v", pa.int64())])), [[{"k": "a", "v": 1}, None, {"k": None, "v": None}], []]),
]


def write(path, ids, seed, partitions=tuple(PARTITIONS)):
    """A Parquet file with a row for each id."""
    rng = random.Random(seed)
    columns = {"id": pa.array(ids, pa.int64())}
    for name, kind, values in FIELDS:
        columns[name] = pa.array([rng.choice(values + [None]) for _ in ids], kind)
    columns["p"] = pa.array([partitions[i % len(partitions)] for i in range(len(ids))], pa.string())
    columns["q"] = pa.array([rng.choice([1, 2, None]) for _ in ids], pa.int32())
    pyarrow.parquet.write_table(pa.table(columns), path)
