"""TPC-H and TPC-DS: the queries as Spark's own suite has them, and data as Parquet files with Spark's types.

    tpc.py tpch|tpcds FOLDER SCALE     makes the data, in a process of its own: the generators keep their memory

Data is written once into the cache folder: TPC-H by tpchgen-cli, TPC-DS by DuckDB's generator (CHAR is text without its
blanks there, as it is for us).
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))
JAR = CACHE / "jars" / "spark-sql_2.13-4.0.1-tests.jar"
BENCHMARKS = ("tpch", "tpcds")
LIMIT = re.compile(r"\s+limit\s+\d+\s*$", re.I)


def queries(benchmark):
    """name -> text, in the order of their numbers."""
    with zipfile.ZipFile(JAR) as jar:
        names = [n for n in jar.namelist() if re.fullmatch(benchmark + r"/q\d+[ab]?\.sql", n)]
        texts = {pathlib.Path(name).stem: jar.read(name).decode().strip().rstrip(";") for name in names}
    return {name: texts[name] for name in sorted(texts, key=lambda n: (int(re.search(r"\d+", n)[0]), n))}


def without_limit(sql):
    """Which rows of equal keys a LIMIT keeps is nobody's promise; without it every row is compared."""
    return LIMIT.sub("", sql)


def data(benchmark, scale):
    """The folder with the tables, one folder or file `TABLE.parquet` each; made when it is not there."""
    folder = CACHE / f"{benchmark}-{scale:g}-parquet"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run([CACHE / "oracle" / "bin" / "python", __file__, benchmark, partial, f"{scale:g}"], check=True)
        partial.rename(folder)
    return folder


def skewed(scale):
    """TPC-H's folder, with lineitem once more as lineitem_skewed: every second line has the supplier 1."""
    import pyarrow
    import pyarrow.compute
    import pyarrow.parquet

    folder = data("tpch", scale)
    file = folder / "lineitem_skewed.parquet"
    if not file.exists():
        partial = file.with_suffix(".partial")
        lines = pyarrow.parquet.ParquetFile(folder / "lineitem.parquet")
        with pyarrow.parquet.ParquetWriter(partial, lines.schema_arrow, compression="snappy") as out:
            for group in range(lines.num_row_groups):
                rows = lines.read_row_group(group)
                second = pyarrow.array([i % 2 == 0 for i in range(rows.num_rows)])
                at = rows.schema.get_field_index("l_suppkey")
                field = rows.schema.field(at)
                keys = pyarrow.compute.if_else(second, pyarrow.scalar(1, field.type), rows.column(at))
                out.write_table(rows.set_column(at, field, keys))
        partial.rename(file)
    return folder


# The generator has one column under another name than the queries.
MORE_COLUMNS = {"customer": {"tpcds": ", c_last_review_date_sk AS c_last_review_date"}}


def views(folder):
    """The statements that make a view of each table, for Spark and for us."""
    benchmark = folder.name.split("-")[0]
    return [f"CREATE OR REPLACE TEMPORARY VIEW {path.stem} AS SELECT *{MORE_COLUMNS.get(path.stem, {}).get(benchmark, '')} FROM parquet.`{path}`"
            for path in sorted(folder.glob("*.parquet"))]


def duckdb_extension(name):
    return next((CACHE / "oracle" / "lib").glob(f"python*/site-packages/duckdb_extension_{name}/extensions/v*/{name}.duckdb_extension"))


def make_tpch(folder, scale):
    subprocess.run([CACHE / "oracle" / "bin" / "tpchgen-cli", "parquet", "-s", scale, "--output-dir", folder], check=True)


def make_tpcds(folder, scale):
    import duckdb

    connection = duckdb.connect(str(folder / "made.duckdb"))
    connection.execute(f"LOAD '{duckdb_extension('tpcds')}'")
    connection.execute(f"SET memory_limit = '4GB'; SET temp_directory = '{folder}/spilled'; CALL dsdgen(sf = {scale})")
    for (table,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
        connection.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
    connection.close()
    (folder / "made.duckdb").unlink()
    shutil.rmtree(folder / "spilled", ignore_errors=True)


if __name__ == "__main__":
    {"tpch": make_tpch, "tpcds": make_tpcds}[sys.argv[1]](pathlib.Path(sys.argv[2]), sys.argv[3])
