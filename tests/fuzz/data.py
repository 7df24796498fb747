"""The table that random expressions read, as data: a column of each kind of type with values as SQL text.

A kind is a name for types that signatures do not tell apart further: `i32` is INT, `dec` is every DECIMAL. `mild` values
rarely make an expression fail; `wild` ones are the ends of the type and what is odd about it.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    kind: str
    type: str
    mild: tuple
    wild: tuple


def column(name, kind, type_, mild, wild, quote="{}"):
    return Column(name, kind, type_, *(tuple(quote.format(v) for v in values) for values in (mild, wild)))


TEXT = "'{}'"
DATES_MILD = ("2024-02-29", "2023-12-31", "2000-01-01", "1999-11-30", "1970-01-01", "2024-03-10")
DATES_WILD = ("0001-01-01", "9999-12-31", "1582-10-15", "1582-10-04", "1900-02-28", "1969-12-31", "0004-02-29")
# New York: 2024-03-10 02:30 does not exist, 2024-11-03 01:30 is twice; before 1883-11-18 its offset has seconds.
TIMES_MILD = ("2024-02-29 12:34:56.789", "2023-12-31 23:59:59", "2000-01-01 00:00:00", "2024-03-10 01:59:59.999999", "1970-01-01 00:00:00.000001")
TIMES_WILD = ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-03-10 02:30:00", "2024-11-03 01:30:00", "1883-11-18 12:00:00",
              "1582-10-10 10:10:10", "1969-12-31 23:59:59.999999", "2024-11-03 06:30:00")

COLUMNS = [
    column("b", "bool", "BOOLEAN", ("true", "false"), ()),
    column("t", "i8", "TINYINT", (0, 1, 2, 7), (-128, 127, -1), "CAST({} AS TINYINT)"),
    column("s", "i16", "SMALLINT", (0, 1, 3, 100), (-32768, 32767, -1), "CAST({} AS SMALLINT)"),
    column("i", "i32", "INT", (0, 1, 2, 5, 12, -3, 1000), ("CAST(-2147483648 AS INT)", 2147483647, -1)),
    column("i2", "i32", "INT", (1, 2, 3, 4), (31, 32, 63, 64, -1, 2147483647)),
    column("l", "i64", "BIGINT", (0, 1, 4, 86400, -7, 1700000000), ("CAST(-9223372036854775808 AS BIGINT)", "9223372036854775807L",
                                                                       "9007199254740993L", -1), "CAST({} AS BIGINT)"),
    column("f", "f32", "FLOAT", ("0.0F", "1.5F", "-2.25F", "0.1F"), ("FLOAT('NaN')", "FLOAT('Infinity')", "-0.0F", "CAST(3.4028235E38D AS FLOAT)", "1.4E-45F")),
    column("d", "f64", "DOUBLE", ("0.0D", "1.5D", "-2.25D", "0.1D", "3.0D", "100.125D", "2.5D"),
           ("DOUBLE('NaN')", "DOUBLE('Infinity')", "DOUBLE('-Infinity')", "-0.0D", "1.7976931348623157E308D", "4.9E-324D",
            "9.223372036854775807E18D", "-0.5D", "1E16D", "0.001D", "1E-4D")),
    column("n1", "dec", "DECIMAL(5,2)", ("0", "1.50", "2.50", "-0.05", "12.34"), ("999.99", "-999.99"), "CAST({} AS DECIMAL(5,2))"),
    column("n2", "dec", "DECIMAL(10,0)", (0, 1, 5, 25), (9999999999, -9999999999), "CAST({} AS DECIMAL(10,0))"),
    column("n3", "dec", "DECIMAL(18,4)", ("0", "1.2345", "-2.5000", "10"), ("99999999999999.9999", "-0.0001"), "CAST({} AS DECIMAL(18,4))"),
    column("n4", "dec", "DECIMAL(38,10)", ("0", "1.5", "7", "-3.3333333333"),
           ("9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999", "0.0000000001"), "CAST({}BD AS DECIMAL(38,10))"),
    column("n5", "dec", "DECIMAL(38,38)", ("0", "0.5", "0.1"), ("0.99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001"),
           "CAST({}BD AS DECIMAL(38,38))"),
    column("n6", "dec", "DECIMAL(38,0)", (0, 1, 6, -2), ("99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"),
           "CAST({}BD AS DECIMAL(38,0))"),
    column("v", "str", "STRING", ("a", "abc", "Spark SQL", "b,c,d", "hello World", "12"),
           ("", " ", "日本語", "🌊x", "é", "e\u0301", "ÀÉÎ", "ß", "%_\\\\", "line\\nbreak", "A\\tB", " padded ", "null", "İı"), TEXT),
    column("w", "str", "STRING", ("a", "b", "bc", "SQL", "l"), ("", "🌊", "é", "語", "_", "%", "."), TEXT),
    column("vn", "str", "STRING", ("0", "1", "42", "-7", "3.5", "1e2"),
           (" 5 ", "+8", "2147483648", "9223372036854775808", "0x1F", "1.", ".5", "NaN", "-Infinity", "1d", "", "abc", "1_000", "٣"), TEXT),
    column("vd", "str", "STRING", DATES_MILD, ("2024", "2024-2", "2024-02-30", "+2024-01-01", "-0001-01-01", "10000-01-01", " 2024-01-01 ",
                                               "2024-01-01T", "epoch", "", "2024-1-5"), TEXT),
    column("vt", "str", "STRING", TIMES_MILD, TIMES_WILD + ("2024-01-01T10:20:30Z", "2024-01-01 10:20:30+05:30", "2024-01-01 10:20:30 Europe/Paris", "10:20",
                                                            "T10:20:30.5", "2024-01-01 24:00:00", "2024-01-01 1:2:3", "2024-01-01 10:20:30.1234567", ""), TEXT),
    column("vj", "str", "STRING", ('{"a":1,"b":"x"}', '{"a":2.5,"c":[1,2,3]}', '[1,2,3]', '{"a":{"b":[{"c":1}]}}'),
           ("", "{", "null", '{"a":null}', '{"a":1,"a":2}', '"text"', "[]", "{}", '{"a":"\\\\u00e9","b":true}', " 7 ", '{"A":1}'), TEXT),
    column("y", "bin", "BINARY", ("X'616263'", "X'00'", "X'41'"), ("X''", "X'FF00'", "X'E38182'", "X'C3'")),
    column("dt", "date", "DATE", DATES_MILD, DATES_WILD, "DATE'{}'"),
    column("dt2", "date", "DATE", DATES_MILD, DATES_WILD, "DATE'{}'"),
    column("ts", "ts", "TIMESTAMP", TIMES_MILD, TIMES_WILD, "TIMESTAMP'{}'"),
    column("ts2", "ts", "TIMESTAMP", TIMES_MILD, TIMES_WILD, "TIMESTAMP'{}'"),
    column("tn", "ntz", "TIMESTAMP_NTZ", TIMES_MILD, TIMES_WILD, "TIMESTAMP_NTZ'{}'"),
    column("ym", "ym", "INTERVAL YEAR TO MONTH", ("0-0", "1-2", "-0-11", "10-0"), ("178956970-7", "-178956970-8"), "INTERVAL '{}' YEAR TO MONTH"),
    column("ds", "ds", "INTERVAL DAY TO SECOND", ("0 00:00:00", "1 02:03:04.005006", "-3 00:00:00.000001", "0 23:59:59.999999"),
           ("106751991 04:00:54.775807", "-106751991 04:00:54.775808"), "INTERVAL '{}' DAY TO SECOND"),
    column("ai", "arr<i32>", "ARRAY<INT>", ("array(1, 2, 3)", "array(3, 1, 1)", "array(5)", "array(2, 4)"),
           ("CAST(array() AS ARRAY<INT>)", "array(1, NULL, 3)", "array(CAST(NULL AS INT))", "array(2147483647, -1)")),
    column("av", "arr<str>", "ARRAY<STRING>", ("array('a', 'b')", "array('b', 'a', 'b')", "array('SQL')"),
           ("CAST(array() AS ARRAY<STRING>)", "array('', NULL)", "array('é', '🌊', 'a')")),
    column("ad", "arr<f64>", "ARRAY<DOUBLE>", ("array(1.5D, -2.0D)", "array(0.0D, 0.1D, 3.0D)"),
           ("array(DOUBLE('NaN'), 0.0D, -0.0D)", "array(NULL, DOUBLE('Infinity'))", "CAST(array() AS ARRAY<DOUBLE>)")),
    column("an", "arr<dec>", "ARRAY<DECIMAL(10,2)>", ("array(CAST(1.5 AS DECIMAL(10,2)))", "array(CAST(2 AS DECIMAL(10,2)), CAST(-0.01 AS DECIMAL(10,2)))"),
           ("array(CAST(99999999.99 AS DECIMAL(10,2)), NULL)",)),
    column("ah", "arr<date>", "ARRAY<DATE>", ("array(DATE'2024-02-29', DATE'1970-01-01')",), ("array(NULL, DATE'9999-12-31', DATE'0001-01-01')",)),
    column("aa", "arr<arr<i32>>", "ARRAY<ARRAY<INT>>", ("array(array(1, 2), array(3))", "array(array(4))"),
           ("array(array(1), NULL, CAST(array() AS ARRAY<INT>))", "CAST(array() AS ARRAY<ARRAY<INT>>)", "array(array(NULL, 2))")),
    column("ak", "arr<st>", "ARRAY<STRUCT<x:INT,y:STRING>>", ("array(named_struct('x', 1, 'y', 'a'))",
                                                                "array(named_struct('x', 2, 'y', 'b'), named_struct('x', 1, 'y', 'c'))"),
           ("array(NULL, named_struct('x', CAST(NULL AS INT), 'y', ''))",)),
    column("mv", "map<str,i32>", "MAP<STRING,INT>", ("map('a', 1, 'b', 2)", "map('SQL', 7)"),
           ("CAST(map() AS MAP<STRING,INT>)", "map('', NULL)", "map('é', -1, 'a', 2147483647)")),
    column("mi", "map<i32,str>", "MAP<INT,STRING>", ("map(1, 'x', 2, 'y')", "map(5, 'z')"), ("map(0, NULL, -1, '🌊')",)),
    column("st", "st", "STRUCT<x:INT,y:STRING>", ("named_struct('x', 1, 'y', 'a')", "named_struct('x', 5, 'y', 'abc')"),
           ("named_struct('x', CAST(NULL AS INT), 'y', CAST(NULL AS STRING))", "named_struct('x', -2147483648, 'y', '')")),
]

# Kinds that stand for several.
GROUPS = {
    "int": ("i8", "i16", "i32", "i64"), "flt": ("f32", "f64"), "num": ("i8", "i16", "i32", "i64", "f32", "f64", "dec"),
    "text": ("str", "bin"), "time": ("ts", "ntz"), "day": ("date", "ts", "ntz"), "anyiv": ("ym", "ds"),
    "plain": ("bool", "i8", "i16", "i32", "i64", "f32", "f64", "dec", "str", "bin", "date", "ts", "ntz", "ym", "ds"),
    "arr": ("arr<i32>", "arr<str>", "arr<f64>", "arr<dec>", "arr<date>", "arr<arr<i32>>", "arr<st>"),
    "map": ("map<str,i32>", "map<i32,str>"),
}
GROUPS["ord"] = GROUPS["plain"] + ("arr<i32>", "arr<str>", "arr<f64>", "st")
GROUPS["any"] = GROUPS["plain"] + GROUPS["arr"] + GROUPS["map"] + ("st",)
ELEMENTS = ("i32", "str", "f64", "dec", "date")  # what T may be

# Arguments that are mostly literal, chosen so that something happens.
POOLS = {
    "small": ("0", "1", "2", "3", "-1", "-2", "5", "NULL"),
    "len": ("0", "1", "2", "3", "5", "10", "-1"),
    "scale": ("0", "1", "2", "-1", "-2", "5"),
    "tiles": ("1", "2", "3", "100"),
    "nth": ("1", "2", "3"),
    "base": ("2", "8", "10", "16", "36", "-10", "1"),
    "bool": ("true", "false"),
    "pad": ("'x'", "'ab'", "''", "'é'"),
    "sep": ("','", "' '", "'l'", "''", "'b'", "'-'"),
    "regex": ("'[a-z]+'", "'(\\\\w)(\\\\w)'", "'^a'", "'b?$'", "'\\\\d+'", "'.'", "''", "'(a|b)c*'", "'[^a-z]'", "'\\\\s'", "'l{2}'", "'(?i)sql'", "'\\\\bS'"),
    "group": ("0", "1", "2"),
    "replace": ("'x'", "'[$0]'", "''", "'$1'", "'é'"),
    "pattern": ("'a%'", "'%b%'", "'_bc'", "'%'", "''", "'%SQL'", "'a\\\\_%'", "'_'", "'%é%'", "'S%k%L'"),
    "dayfmt": ("'yyyy-MM-dd'", "'dd/MM/yyyy'", "'yyyyMMdd'", "'MMM d, yyyy'", "'EEEE'", "'D'", "'y-M-d'", "'yy'", "'MMMM'", "'E'", "'QQQ'", "'q'"),
    "timefmt": ("'yyyy-MM-dd HH:mm:ss'", "'yyyy-MM-dd HH:mm:ss.SSSSSS'", "'hh:mm a'", "'H:m:s'", "'yyyy-MM-dd\\'T\\'HH:mm:ssXXX'", "'S'", "'z'", "'VV'", "'kk:KK'", "'x'", "'O'"),
    "trunc": ("'year'", "'QUARTER'", "'month'", "'week'", "'MM'", "'yy'", "'day'", "'x'"),
    "trunct": ("'year'", "'quarter'", "'month'", "'week'", "'day'", "'hour'", "'MINUTE'", "'second'", "'millisecond'", "'microsecond'", "'x'"),
    "field": ("YEAR", "YEAROFWEEK", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFWEEK", "DOW", "DAYOFWEEK_ISO", "DOY"),
    "timefield": ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"),
    "ymfield": ("YEAR", "MONTH"),
    "dsfield": ("DAY", "HOUR", "MINUTE", "SECOND"),
    "unit": ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"),
    "weekday": ("'MO'", "'Tue'", "'FRIDAY'", "'x'", "'su'"),
    "zone": ("'UTC'", "'America/New_York'", "'Asia/Kolkata'", "'+05:30'", "'Europe/Paris'", "'GMT+1'", "'Z'", "'Nowhere/X'"),
    "path": ("'$.a'", "'$.b'", "'$'", "'$.a.b[0].c'", "'$[0]'", "'$.c[*]'", "'$[\\'a\\']'", "'a'", "'$.c[1]'"),
    "jsontype": ("'a INT, b STRING'", "'STRUCT<a: DOUBLE, c: ARRAY<INT>>'", "'MAP<STRING,STRING>'", "'ARRAY<INT>'"),
    "bits": ("224", "256", "384", "512", "0", "1"),
    "charset": ("'UTF-8'", "'US-ASCII'", "'ISO-8859-1'", "'UTF-16BE'", "'UTF-16'", "'nope'"),
    "binfmt": ("'hex'", "'utf-8'", "'base64'", "'UTF8'"),
    "numfmt": ("'999'", "'0000.00'", "'S999.9'", "'$99,999.99'", "'9G999D99'", "'MI99.9'", "'99PR'"),
    "printf": ("'%d'", "'%s'", "'[%5d]'", "'%x'", "'%05d'", "'%-6sX'", "'%%%s'"),
    "url": ("'http://user:pw@spark.apache.org:80/path/a?query=1&k=v#ref'", "'https://x.org'", "'nota url'", "''", "'http://x/y?k=%20z'"),
    "urlpart": ("'HOST'", "'PATH'", "'QUERY'", "'REF'", "'PROTOCOL'", "'FILE'", "'AUTHORITY'", "'USERINFO'", "'NOPE'"),
    "hexes": ("'616263'", "'F'", "''", "'zz'", "'00ff'"),
    "pct": ("'a%20b'", "'%E6%97%A5'", "'x+y'", "'%'"),
    "zero": ("0", "0.5", "1", "0.25"),
    "interval": ("INTERVAL '1' DAY", "INTERVAL '1 2:3:4' DAY TO SECOND", "INTERVAL '2' HOUR", "INTERVAL '3' MONTH", "INTERVAL '1-1' YEAR TO MONTH",
                 "make_interval(0, 1, 0, 1, 2, 0, 0.5)", "make_interval(1, -1, 1, -1)", "INTERVAL '-1' MINUTE"),
    "casti": ("INT", "BIGINT", "SMALLINT", "TINYINT"),
    "castn": ("INT", "BIGINT", "DOUBLE", "FLOAT", "DECIMAL(10,2)", "DECIMAL(38,18)", "DECIMAL(3,0)", "STRING", "BOOLEAN"),
}


def rows(rng, count):
    """`count` rows as texts of values: the first half of them mild; the first row is all NULL."""
    made = []
    for number in range(count):
        values = []
        for c in COLUMNS:
            pool = c.mild if number < count // 2 or rng.random() < 0.4 else c.mild + c.wild * 2
            missing = number == 0 or rng.random() < 0.08
            values.append(f"CAST(NULL AS {c.type})" if missing else rng.choice(pool))
        made.append(values)
    return made


def view(name, made):
    """The statement that makes the rows a view, with `id` counting from 0."""
    lines = ",\n".join(f"({number}, {', '.join(values)})" for number, values in enumerate(made))
    columns = ", ".join(["id"] + [f"`{c.name}`" for c in COLUMNS])
    return f"CREATE OR REPLACE TEMPORARY VIEW {name} AS SELECT * FROM VALUES\n{lines}\nAS t({columns})"
