"""The tables Spark's suite makes before it runs a file, as temporary views: statements that come before the queries."""
import subprocess

NUMBERS = [f"{name} INT" for name in "unique1 unique2 two four ten twenty hundred thousand twothousand fivethous tenthous odd even".split()]
TENK = ", ".join(NUMBERS + ["stringu1 STRING", "stringu2 STRING", "string4 STRING"])

# view -> file below test-data/postgresql, columns
FILES = {"aggtest": ("agg.data", "a INT, b FLOAT"), "onek": ("onek.data", TENK), "tenk1": ("tenk.data", TENK)}

VALUES = {
    "testdata": "SELECT CAST(id AS INT) AS key, CAST(id AS STRING) AS value FROM range(1, 101)",
    "arraydata": "SELECT * FROM VALUES (ARRAY(1, 2, 3), ARRAY(ARRAY(1, 2, 3))), (ARRAY(2, 3, 4), ARRAY(ARRAY(2, 3, 4))) "
                 "AS t(arraycol, nestedarraycol)",
    "mapdata": "SELECT * FROM VALUES (MAP(1, 'a1', 2, 'b1', 3, 'c1', 4, 'd1', 5, 'e1')), "
               "(MAP(1, 'a2', 2, 'b2', 3, 'c2', 4, 'd2')), (MAP(1, 'a3', 2, 'b3', 3, 'c3')), (MAP(1, 'a4', 2, 'b4')), "
               "(MAP(1, 'a5')) AS t(mapcol)",
}


def convert(tidemill, folder):
    """The files as Parquet, with our own converter; gives the statements that make every view."""
    statements = [f"CREATE OR REPLACE TEMPORARY VIEW {view} AS {query}" for view, query in VALUES.items()]
    for view, (file, columns) in FILES.items():
        out = folder / "tables" / view
        subprocess.run([tidemill, "convert", str(folder / "test-data" / "postgresql" / file), str(out), "--from-format", "csv",
                        "--format", "parquet", "--no-header", "--delimiter", "\t", "--schema", columns, "--state",
                        str(folder / "state.db")], check=True, capture_output=True)
        statements.append(f"CREATE OR REPLACE TEMPORARY VIEW {view} AS SELECT * FROM parquet.`{out}`")
    return statements
