// The part of the application that is the same for every job. What comes before it are the job's own constants.
#pragma once

#include <string_view>

namespace tidemill::engine::spark {

inline constexpr std::string_view kImports = R"py(
import argparse
import datetime
import json
import math
import sys
import threading
import time
import uuid

from pyspark.sql import SparkSession, functions as F, types as T
)py";

inline constexpr std::string_view kProgram = R"py(
BAD_TEXT = "__malformed_text"  # the raw text of a row that does not fit its source's schema
BAD_FILE = "__malformed_file"
EXIT = {"committed": 0, "already_committed": 0, "failed": 1, "refused": 2, "checks_failed": 3, "conflict": 4, "unknown": 5}
ARGS = None


class Stop(Exception):
    """The run ends here, with this outcome."""

    def __init__(self, outcome, message, version=-1):
        super().__init__(message)
        self.outcome, self.message, self.version = outcome, message, version


# ---- What is told: one JSON object a line on the standard output ----

TELLING = threading.Lock()
TOLD = []


def tell(type_, **members):
    line = json.dumps({"type": type_, **members})
    with TELLING:
        print(line, flush=True)
        if type_ != "progress":
            TOLD.append(line)


def leave_told(spark):
    """Writes what was told where a starter on another machine reads it."""
    path = spark._jvm.org.apache.hadoop.fs.Path(ARGS.told)
    out = path.getFileSystem(spark._jsc.hadoopConfiguration()).create(path, True)
    out.write(bytearray(("\n".join(TOLD) + "\n").encode()))
    out.close()


class stage:
    """A stage from here to the end of the block."""

    current = None

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        stage.current, self.start = self.name, time.monotonic()
        tell("stage_started", stage=self.name)

    def __exit__(self, *_):
        stage.current = None
        tell("stage_finished", stage=self.name, duration_ms=round((time.monotonic() - self.start) * 1000))


def tell_progress(spark, every_s=0.5):
    """The share of the tasks that are done, of Spark's own jobs that run now."""
    tracker = spark.sparkContext.statusTracker()
    while True:
        time.sleep(every_s)
        name = stage.current
        try:
            infos = [tracker.getStageInfo(i) for i in tracker.getActiveStageIds()]
            tasks = sum(i.numTasks for i in infos if i)
            if name and tasks:
                done = sum(i.numCompletedTasks for i in infos if i)
                tell("progress", stage=name, fraction=done / tasks, rows=0, bytes=0, memory_bytes=0, spill_bytes=0)
        except Exception:  # Spark is going away
            return


# ---- Spark ----

def open_spark():
    builder = SparkSession.builder.appName(f"tidemill {JOB}")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    # By their names the files of an attempt that died are known.
    builder = builder.config("spark.databricks.delta.testOnly.dataFileNamePrefix", ARGS.attempt + "-")
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for key, value in CONF.items():
        spark.conf.set(key, value)
    return spark


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def text(value):
    """A string constant of Spark SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def delta(path):
    return f"delta.{quoted(path)}"


def snapshot(spark, path):
    """The table as its log is now."""
    log = spark._jvm.org.apache.spark.sql.delta.DeltaLog
    log.clearCache()
    return log.forTable(spark._jsparkSession, path).unsafeVolatileSnapshot()


def is_table(spark, path):
    return snapshot(spark, path).version() >= 0


def transactions(spark, path):
    """The application ids in the table's log, each with its greatest version; {} when there is no table."""
    found = snapshot(spark, path).setTransactions()
    return {found.apply(i).appId(): found.apply(i).version() for i in range(found.size())}


def commit_of(spark, path, attempt):
    """The commit that this attempt made: a row of the table's history, or None."""
    rows = spark.sql(f"DESCRIBE HISTORY {delta(path)} LIMIT 50").where(f"userMetadata LIKE '%{attempt}%'").collect()
    return rows[0] if rows else None


# ---- Whether the run is in the table already ----

def window_of(run_key):
    """(start, end) of a run key, None for all data."""
    inner = run_key[len(JOB_PREFIX):].rsplit(":", 1)[0]
    return None if inner == "all" else tuple(inner.split("/"))


def overlap(one, other):
    if one == other:
        return False
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])


def settle(spark):
    """The version of the run's transaction; stops when the table has the run, or rows that it would double."""
    known = transactions(spark, TABLE)
    earlier = {key: version for key, version in known.items() if key.startswith(SLICE_PREFIX)}
    version = max(earlier.values(), default=0) + 1
    if ARGS.again:
        return version
    if earlier.get(RUN_KEY, 0) + 1 == version and RUN_KEY in earlier:
        raise already(spark)
    if MODE != "append":
        return version
    window = window_of(RUN_KEY)
    if earlier:
        raise Stop("refused", "the job has changed since it appended this window; write --again to add the new rows "
                   "beside the old ones, or take the old ones out on the native engine with --replace")
    for key in known:
        if key.startswith(JOB_PREFIX) and overlap(window, window_of(key)):
            raise Stop("refused", f"the window overlaps with {window_of(key) or 'all'}, which this job has in the table "
                       "already: its rows would be there twice; write --again to add them nevertheless")
    return version


def already(spark):
    """The newest commit with the run key; the log may have forgotten it."""
    lines = spark.read.text(f"{TABLE}/_delta_log/*.json")
    names = lines.where(f"value LIKE '{{\"txn\":%' AND instr(value, {text(json.dumps(RUN_KEY))}) > 0")
    newest = names.select(F.max("_metadata.file_name").alias("name")).collect()[0]["name"]
    if newest is None:
        return Stop("already_committed", "already committed, at a version that the log no longer shows")
    version = int(newest.split(".")[0])
    return Stop("already_committed", f"already committed at version {version}", version)


# ---- Sources and steps ----

def schema_of(spark, source):
    if source["schema"]:
        return spark.createDataFrame([], source["schema"]).schema
    options = {**source["options"], "mode": "FAILFAST" if source["malformed"] == "fail" else "DROPMALFORMED"}
    if source["format"] == "csv":
        options["inferSchema"] = "true"
    return spark.read.format(source["format"]).options(**options).load(source["paths"]).schema


def read(spark, source):
    """(good rows, malformed rows or None). A text source whose bad rows are not fatal is read once and kept."""
    reader = spark.read.format(source["format"]).options(**source["options"])
    if source["format"] not in ("csv", "json"):
        if source["schema"]:
            reader = reader.schema(source["schema"])
        paths = source["paths"]
        return reader.load(paths[0] if source["format"] == "delta" else paths), None
    schema = schema_of(spark, source)
    if source["malformed"] == "fail":
        return reader.schema(schema).option("mode", "FAILFAST").load(source["paths"]), None
    schema = T.StructType(schema.fields + [T.StructField(BAD_TEXT, T.StringType())])
    rows = (reader.schema(schema).option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", BAD_TEXT)
            .load(source["paths"]).withColumn(BAD_FILE, F.col("_metadata.file_path")).persist())
    bad = rows.where(F.col(BAD_TEXT).isNotNull()).select(
        F.lit(source["name"]).alias("source"),
        F.expr(f"url_decode(replace(regexp_replace({BAD_FILE}, '^file:/+', '/'), '+', '%2B'))").alias("file"),
        F.col(BAD_TEXT).alias("raw"))
    return rows.where(F.col(BAD_TEXT).isNull()).drop(BAD_TEXT, BAD_FILE), bad


def in_window(rows):
    """The rows of the run's window. A time without a zone counts as UTC."""
    kind = rows.schema[WINDOW["column"]].dataType
    column = f"o.{quoted(WINDOW['column'])}"
    if isinstance(kind, T.TimestampType):
        start, end = (f"TIMESTAMP '{WINDOW[edge]} UTC'" for edge in ("start", "end"))
    elif isinstance(kind, (T.DateType, T.TimestampNTZType)):
        start, end = (f"TIMESTAMP_NTZ '{WINDOW[edge]}'" for edge in ("start", "end"))
        column = f"CAST({column} AS TIMESTAMP_NTZ)"
    else:
        raise Stop("refused", f"the window's column {WINDOW['column']} is {kind.simpleString()}, not a date or a timestamp")
    return rows.alias("o").where(f"{column} >= {start} AND {column} < {end}")


def has_window_column(rows):
    return any(field.name.lower() == WINDOW["column"].lower() for field in rows.schema.fields)


def prepare(spark):
    """Makes every source and step a view; gives the malformed rows of all sources, or None."""
    found, malformed = {}, []
    for source in SOURCES:
        found[source["name"]], bad = read(spark, source)
        if bad is not None:
            malformed.append((source, bad))
    if WINDOW:
        names = [n for n, rows in found.items() if WINDOW["source"] in ("", n) and has_window_column(rows)]
        if len(names) != 1:
            raise Stop("refused", f"{len(names)} sources have the window's column {WINDOW['column']}; write window.source")
        found[names[0]] = in_window(found[names[0]])
    for name, rows in found.items():
        rows.createOrReplaceTempView(quoted(name))
    for name, cached, sql in STEPS:
        rows = spark.sql(sql)
        if cached:
            rows = rows.persist()
        rows.createOrReplaceTempView(quoted(name))
        tell("step_planned", step=name, cached=cached, columns=len(rows.columns))
    return malformed


# ---- The output, in the table's columns and types, with one BOOLEAN a check ----

INTEGERS = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)


def widens(one, other):
    """Every value of the first type is a value of the second."""
    if isinstance(one, INTEGERS) and isinstance(other, INTEGERS):
        return INTEGERS.index(type(one)) < INTEGERS.index(type(other))
    if isinstance(one, T.DecimalType) and isinstance(other, T.DecimalType):
        return other.scale >= one.scale and other.precision - other.scale >= one.precision - one.scale
    return isinstance(one, T.FloatType) and isinstance(other, T.DoubleType) or isinstance(one, T.NullType)


def output(spark):
    columns = ["o.*"] + [f"{sql} AS {quoted(name)}" for name, sql in TIME_PARTS]
    columns += [f"({check['predicate']}\n) AS `check {i}`" for i, check in enumerate(ROW_CHECKS)]
    joins = " ".join(check["join"] for check in ROW_CHECKS)
    rows = spark.sql("SELECT {} FROM {} o {}".format(",\n".join(columns), quoted(LAST), joins))
    nameless = [f.name for f in rows.schema.fields if isinstance(f.dataType, T.NullType) and not f.name.startswith("check ")]
    if nameless:
        raise Stop("refused", f"the column '{nameless[0]}' is always NULL and has no type; write CAST(NULL AS STRING)")
    if not is_table(spark, TABLE):
        return rows
    types = {field.name.lower(): field for field in spark.read.format("delta").load(TABLE).schema.fields}
    casts = []
    for field in rows.schema.fields:
        there = types.get(field.name.lower())
        column = F.col(quoted(field.name))
        casts.append(column.cast(there.dataType).alias(there.name)
                     if there and widens(field.dataType, there.dataType) else column)
    return rows.select(casts)


def data_columns(rows):
    return [name for name in rows.columns if not name.startswith("check ")]


def failed(i):
    return f"(NOT coalesce(`check {i}`, true))"


def passes():
    """The row breaks no check that puts rows aside."""
    tests = [failed(i) for i, check in enumerate(ROW_CHECKS) if check["on_fail"] == "quarantine"]
    return "NOT (" + " OR ".join(tests) + ")" if tests else "true"


def diverts():
    return any(check["on_fail"] == "quarantine" for check in ROW_CHECKS)


# ---- The verdict over the checks ----

def percent(share):
    return f"{share * 100:.3g} %"


def judge(rows, malformed):
    """Counts the bad rows of every check; gives (rows in, good rows, malformed rows) or stops the run."""
    counts = rows.agg(F.count(F.lit(1)).alias("rows"), F.expr(f"count_if({passes()})").alias("good"),
                      *[F.expr(f"count_if({failed(i)})").alias(f"bad{i}") for i in range(len(ROW_CHECKS))],
                      *[F.max(F.expr(f"IF({passes()}, {quoted(c['column'])}, NULL)")).alias(f"newest{i}")
                        for i, c in enumerate(FRESHNESS)]).collect()[0]
    bad_texts = [(source, bad.count()) for source, bad in malformed]
    wrong = sum(count for _, count in bad_texts)
    results = [judge_malformed(wrong, counts["rows"])] if wrong else []
    results += [judge_rows(check, counts[f"bad{i}"], counts["rows"]) for i, check in enumerate(ROW_CHECKS)]
    results += [judge_row_count(check, counts["good"]) for check in ROW_COUNTS]
    results += [judge_freshness(check, counts[f"newest{i}"], counts["good"]) for i, check in enumerate(FRESHNESS)]
    for result in results:
        tell("check_result", **result)
    for result in results:
        if result["status"] == "failed":
            raise Stop("checks_failed", f"check '{result['check']}': {result['message']}; nothing was committed")
    return counts["rows"], counts["good"], wrong


def result_of(check, status, bad, rows, message):
    return {"check": check["name"], "kind": check["kind"], "on_fail": check["on_fail"], "status": status, "bad": bad,
            "rows": rows, "max_bad": check["max_bad"], "message": message}


def status_of(check, over, bad=0):
    if over:
        return "warned" if check["on_fail"] == "warn" else "failed"
    return "warned" if bad and check["on_fail"] == "quarantine" else "passed"


def judge_rows(check, bad, rows):
    share = bad / rows if rows else 0
    message = f"{bad:,} of {rows:,} rows are bad ({percent(share)}; {percent(check['max_bad'])} allowed)"
    return result_of(check, status_of(check, share > check["max_bad"], bad), bad, rows,
                     message if bad else f"all {rows:,} rows pass")


def judge_row_count(check, good):
    few = check["min"] is not None and good < check["min"]
    many = check["max"] is not None and good > check["max"]
    message = f"{good:,} rows"
    message += f", at least {check['min']:,} are wanted" if few else f", at most {check['max']:,} are wanted" if many else ""
    return result_of(check, status_of(check, few or many), 0, good, message)


def judge_freshness(check, newest, good):
    if newest is None:
        return result_of(check, status_of(check, True), 0, good, f"no row has a value of {check['column']}")
    if not isinstance(newest, datetime.datetime):
        newest = datetime.datetime.combine(newest, datetime.time(), datetime.timezone.utc)
    age_s = time.time() - newest.timestamp()
    return result_of(check, status_of(check, age_s > check["max_age_s"]), 0, good,
                     f"the newest {check['column']} is {newest}, {age_s:.0f} s old; {check['max_age_s']} s are allowed")


def judge_malformed(wrong, rows):
    limits = [source["max_bad"] for source in SOURCES if source["malformed"] == "quarantine"]
    check = {"name": "malformed", "kind": "malformed", "on_fail": "quarantine" if limits else "warn",
             "max_bad": min(limits, default=1)}
    share = wrong / (rows + wrong)
    over = bool(limits) and share > check["max_bad"]
    message = f"{wrong:,} rows do not fit their source's schema ({percent(share)}; {percent(check['max_bad'])} allowed)"
    return result_of(check, "failed" if over else "warned", wrong, rows + wrong, message)


# ---- The quarantine table, committed before the table ----

QUARANTINE_SCHEMA = ("run_key STRING, job STRING, window_start TIMESTAMP, window_end TIMESTAMP, reasons ARRAY<STRING>, "
                     "row STRING, source STRING, file STRING, line BIGINT, raw STRING, detail STRING, quarantined_at TIMESTAMP")


def row_as_json(rows):
    """Numbers, texts and nested values as JSON has them; all others as their text."""
    plain = (T.BooleanType, T.StringType, T.FloatType, T.DoubleType, T.ArrayType, T.MapType, T.StructType) + INTEGERS
    values = []
    for name in data_columns(rows):
        column, kind = F.col(quoted(name)), rows.schema[name].dataType
        if not isinstance(kind, plain):
            column = as_text(column, kind)
        values.append(column.alias(name))
    return F.to_json(F.struct(*values), {"ignoreNullFields": "false"})


def as_text(column, kind):
    """An instant with its offset from UTC: +00, +05:30."""
    if not isinstance(kind, T.TimestampType):
        return column.cast("string")
    return F.concat(column.cast("string"), F.regexp_replace(F.date_format(column, "xxx"), ":00$", ""))


def quarantined(columns):
    """The columns of the quarantine table, those given and NULL for the others."""
    given = {"run_key": F.lit(RUN_KEY), "job": F.lit(JOB), "quarantined_at": F.current_timestamp(), **columns}
    if WINDOW:
        given |= {f"window_{edge}": F.expr(f"TIMESTAMP '{WINDOW[edge]} UTC'") for edge in ("start", "end")}
    fields = [field.strip().split(" ") for field in QUARANTINE_SCHEMA.split(",")]
    return [given.get(name, F.lit(None)).cast(kind).alias(name) for name, kind in fields]


def bad_rows(spark, rows, malformed, known):
    """Rows that failed checks, and malformed rows that no earlier run of this job has handed in."""
    parts = []
    if diverts():
        reasons = ", ".join(f"IF({failed(i)}, {text(check['name'])}, NULL)" for i, check in enumerate(ROW_CHECKS)
                            if check["on_fail"] == "quarantine")
        reasons = F.expr(f"filter(array({reasons}), x -> x IS NOT NULL)")
        parts.append(rows.where(f"NOT ({passes()})").select(quarantined({"reasons": reasons, "row": row_as_json(rows)})))
    for source, bad in malformed:
        if source["malformed"] != "quarantine":
            continue
        if known is not None:
            bad = bad.join(known.where(f"source = {text(source['name'])}").select("file", "raw"), ["file", "raw"], "left_anti")
        columns = {"reasons": F.array(F.lit("malformed")), "detail": F.lit("the row does not fit the schema")}
        parts.append(bad.select(quarantined({**columns, **{n: F.col(n) for n in ("source", "file", "raw")}})))
    every = spark.createDataFrame([], QUARANTINE_SCHEMA)
    for part in parts:
        every = every.unionByName(part)
    return every


def commit_bad_rows(spark, rows, malformed):
    """One commit: this attempt's bad rows in, those of attempts that came to nothing out."""
    stale, known, there = [], None, is_table(spark, QUARANTINE)
    if there:
        known = spark.read.format("delta").load(QUARANTINE).where(f"job = {text(JOB)}")
        prefix = JOB_PREFIX if MODE == "overwrite" else SLICE_PREFIX
        keys = known.where(F.col("run_key").startswith(prefix)).select("run_key").distinct().collect()
        committed = transactions(spark, TABLE) if MODE == "append" else {}
        stale = [key["run_key"] for key in keys if key["run_key"] not in committed]
        known = known.where(~F.col("run_key").isin(stale))
    bad = bad_rows(spark, rows, malformed, known).persist()
    count, wrong = bad.count(), bad.where("source IS NOT NULL").count()
    if count or stale:
        writer = stamped(bad.write.format("delta"), transactions(spark, QUARANTINE).get(RUN_KEY, 0) + 1, {})
        writer = writer.mode("append")
        if stale:
            writer = writer.mode("overwrite").option("replaceWhere", f"run_key IN ({', '.join(map(text, stale))})")
        writer.save(QUARANTINE)
        version = commit_of(spark, QUARANTINE, ARGS.attempt)["version"]
        tell("quarantined", table=QUARANTINE, version=version, rows=count - wrong, malformed=wrong)
    bad.unpersist()
    return count - wrong


# ---- The table ----

def metadata(more):
    return json.dumps({"tidemill": {"run": RUN_KEY, "attempt": ARGS.attempt, **more}})


def stamped(writer, version, more):
    """The run key goes into the commit itself: Delta writes no transaction of an application twice."""
    return (writer.option("txnAppId", RUN_KEY).option("txnVersion", version).option("userMetadata", metadata(more)))


def laid_out(spark, rows, count):
    """As many partitions as the files should be many, each in the sink's order."""
    size = int(str(rows._jdf.queryExecution().optimizedPlan().stats().sizeInBytes()))
    files = max(1, min(10_000, math.ceil(size / TARGET_FILE_BYTES))) if size < 1 << 60 else None
    order = [F.col(quoted(n)).asc_nulls_first() if up else F.col(quoted(n)).desc_nulls_last() for n, up in SORT_BY]
    partitions = [F.col(quoted(name)) for name in PARTITION_BY]
    if partitions:
        rows = rows.repartition(*partitions)
        return rows.sortWithinPartitions(*partitions, *order), files
    if order:
        return (rows.repartitionByRange(files, *order) if files else rows.repartitionByRange(*order)) \
            .sortWithinPartitions(*order), files
    return (rows.coalesce(files) if files else rows), files


def write(spark, good, count, version, more):
    rows, files = laid_out(spark, good, count)
    writer = stamped(rows.write.format("delta"), version, more).partitionBy(*PARTITION_BY)
    if files and count:
        writer = writer.option("maxRecordsPerFile", max(1000, math.ceil(count / files)))
    if MERGE_SCHEMA:
        writer = writer.option("mergeSchema", "true")
    if MODE == "overwrite_partitions":
        writer = writer.option("partitionOverwriteMode", "dynamic")
    writer.mode("append" if MODE in ("append", "merge") else "overwrite").save(TABLE)


def refuse_doubles(good):
    """Which of two new rows with the same keys to merge would not be known."""
    keys = [quoted(key) for key in KEYS]
    known = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    rows = good.where(known).groupBy(*keys).count().where("count > 1").limit(1).collect()
    if rows:
        example = ", ".join(f"{key} = {rows[0][key]}" for key in KEYS)
        raise Stop("failed", f"{rows[0]['count']} new rows have the same keys ({example}), so which of them to merge is "
                   "not known; make the keys unique in the last step, with row_number() for example")


def merge(spark, good, version, more):
    """MERGE has no options: the session carries the run key, for this one statement."""
    settings = {"spark.databricks.delta.write.txnAppId": RUN_KEY, "spark.databricks.delta.write.txnVersion": str(version),
                "spark.databricks.delta.commitInfo.userMetadata": metadata(more)}
    if MERGE_SCHEMA:
        settings["spark.databricks.delta.schema.autoMerge.enabled"] = "true"
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        good.createOrReplaceTempView("`new rows`")
        same = " AND ".join(f"t.{quoted(key)} = n.{quoted(key)}" for key in KEYS)
        spark.sql(f"MERGE INTO {delta(TABLE)} t USING `new rows` n ON {same} "
                  "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
    finally:
        for key in settings:
            spark.conf.unset(key)


def commit(spark, good, count, version, more):
    """Gives the commit as the table's history shows it. After any error the log says whether it is there."""
    try:
        if MODE == "merge":
            refuse_doubles(good)
        if MODE == "merge" and is_table(spark, TABLE):
            merge(spark, good, version, more)
        else:
            write(spark, good, count, version, more)
    except Stop:
        raise
    except Exception as error:
        try:
            done = commit_of(spark, TABLE, ARGS.attempt) if is_table(spark, TABLE) else None
        except Exception:
            raise Stop("unknown", f"whether the commit is in the table is not known: {first_line(error)}; run the same "
                       "job again, it finds out by the run key")
        if done is None and "Concurrent" in type_of(error):
            settle(spark)
            raise Stop("conflict", f"the table changed under the run: {first_line(error)}; run it again")
        if done is None:
            raise
    done = commit_of(spark, TABLE, ARGS.attempt)
    if done is None:  # Delta saw the run key of a rival that was faster, and wrote nothing
        raise already(spark)
    return done


def type_of(error):
    java = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    return java.getClass().getName() if java is not None else type(error).__name__


def words_of(error):
    """What went wrong, without Java's stack."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\t", "An error occurred"))]
    return "\n".join(lines) or type(error).__name__


def first_line(error):
    return words_of(error).splitlines()[0]


def run(spark, figures):
    version = settle(spark)
    with stage("prepare"):
        malformed = prepare(spark)
        rows = output(spark)
    judged = bool(ROW_CHECKS or ROW_COUNTS or FRESHNESS or malformed or MODE == "merge")
    with stage("compute"):
        # Read more than once: for the counts, the bad rows and the good ones. All must see the same rows.
        rows = rows.persist()
        figures["rows_in"], count, figures["rows_malformed"] = judge(rows, malformed) if judged else (rows.count(),) * 2 + (0,)
    good = rows.where(passes()).select([F.col(quoted(name)) for name in data_columns(rows)])
    with stage("commit"):
        figures["rows_quarantined"] = commit_bad_rows(spark, rows, malformed)
        more = {name: figures[name] for name in ("rows_quarantined", "rows_malformed")}
        done = commit(spark, good, count, version, more)
    metrics = done["operationMetrics"] or {}
    number = lambda *names: next((int(metrics[name]) for name in names if name in metrics), 0)
    figures["files_written"] = number("numFiles", "numTargetFilesAdded")
    figures["rows_written"] = number("numOutputRows")
    figures["bytes_written"] = number("numOutputBytes", "numTargetBytesAdded")
    tell("committed", table=TABLE, version=done["version"], files=figures["files_written"], rows=figures["rows_written"],
         bytes=figures["bytes_written"], removed_files=number("numRemovedFiles", "numTargetFilesRemoved"))
    return Stop("committed", f"committed version {done['version']}", done["version"])


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=f"Job {JOB}, run key {RUN_KEY}")
    parser.add_argument("--again", action="store_true", help="run even if this run is committed already")
    parser.add_argument("--attempt", default=str(uuid.uuid4()), help="the name of this attempt")
    parser.add_argument("--told", metavar="FILE", help="where what was told is written at the end too, as s3://")
    ARGS = parser.parse_args()
    start, figures, spark = time.monotonic(), {}, None
    try:
        spark = open_spark()
        tell("spark_started", version=spark.version, application=spark.sparkContext.applicationId,
             master=spark.sparkContext.master)
        threading.Thread(target=tell_progress, args=(spark,), daemon=True).start()
        end = run(spark, figures)
    except Stop as stop:
        end = stop
    except Exception as error:
        refused = type(error).__name__ in ("AnalysisException", "ParseException")
        end = Stop("refused" if refused else "failed", words_of(error))
    tell("run_finished", outcome=end.outcome, message=end.message, version=end.version,
         duration_ms=round((time.monotonic() - start) * 1000), **figures)
    if spark is not None:
        if ARGS.told:
            leave_told(spark)
        spark.stop()
    sys.exit(EXIT[end.outcome])


if __name__ == "__main__":
    main()
)py";

}  // namespace tidemill::engine::spark
