"""Row for row: two frames hold the same rows, each as often, every double to its last bit."""
import contextlib
import pathlib
import tempfile


def differences(expected, actual, most=10):
    """Texts of rows that one side has more often than the other; columns are compared by name."""
    session = expected.sparkSession
    columns = expected.columns
    if sorted(columns) != sorted(actual.columns):
        return [f"columns {columns} in place of {actual.columns}"]
    types = [(n, dict(expected.dtypes)[n], dict(actual.dtypes)[n]) for n in columns]
    other = [f"{name}: {one} in place of {two}" for name, one, two in types if one != two]
    if other:
        return other
    exact = [_exact(name, kind) for name, kind in expected.dtypes]
    both = expected.selectExpr(*exact, "1 AS _n").unionAll(actual.select(*columns).selectExpr(*exact, "-1 AS _n"))
    groups = both.groupBy(*columns).sum("_n").where("`sum(_n)` <> 0").limit(most).collect()
    return [f"{'missing' if row['sum(_n)'] > 0 else 'too much'}: {row}" for row in groups]


def _exact(name, kind):
    """Text keeps apart what Spark's = does not: -0.0 and 0.0. A map has an order only as an array."""
    quoted = "`" + name.replace("`", "``") + "`"
    if "map<" in kind or "double" in kind or "float" in kind:
        return f"CAST({quoted} AS STRING) AS {quoted}" if "map<" not in kind else f"to_json({quoted}) AS {quoted}"
    return quoted


@contextlib.contextmanager
def by_delta_rs(session, path, **options):
    """The table as delta-rs reads it, as a frame of Spark: handed over in a Parquet file."""
    import deltalake
    import pyarrow.parquet

    with tempfile.TemporaryDirectory(prefix="tidemill-delta-rs-") as folder:
        file = pathlib.Path(folder) / "table.parquet"
        pyarrow.parquet.write_table(deltalake.DeltaTable(str(path), **options).to_pyarrow_table(), file)
        yield session.read.parquet(str(file))


def by_spark(session, path):
    return session.read.format("delta").load(str(path))
