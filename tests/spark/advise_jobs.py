#!/usr/bin/env python3
"""Spark applications with one prepared sickness each, and healthy ones: `advise_jobs.py FOLDER NAME...` runs the named ones,
each as an application of its own, and leaves its event log as FOLDER/logs/NAME. All in one JVM, so that an application
takes seconds; those that need a JVM of their own are run by a process of their own (see `jvm`)."""
import dataclasses
import gzip
import os
import pathlib
import random
import shutil
import sys
import time

import session as oracle


@dataclasses.dataclass
class Case:
    rule: str  # that must be found; "": a healthy application
    run: object
    conf: dict = dataclasses.field(default_factory=dict)
    master: str = "local[2]"
    jvm: str = "2g"  # memory of the JVM; another one means another process
    needs: tuple = ()  # inputs


# ---- Inputs, each made when first needed ----

def wide(spark, folder):
    """4 million rows, 4 files: id, k (100,000 values), day (60), v, pad."""
    spark.range(0, 4_000_000, 1, 4).selectExpr(
        "id", "pmod(hash(id), 100000) AS k", "date_add(DATE'2026-01-01', CAST(id % 60 AS INT)) AS day",
        "pmod(hash(id, 1), 1000) AS v", "repeat(sha2(CAST(id AS STRING), 256), 1) AS pad").write.parquet(folder)


def days(spark, folder):
    """The same kind of rows in 60 folders."""
    spark.range(0, 3_000_000, 1, 1).selectExpr(
        "id", "pmod(hash(id), 1000) AS v", "timestamp'2026-01-01' + make_dt_interval(CAST(id % 60 AS INT), 1) AS ts",
        "sha2(CAST(id AS STRING), 256) AS pad", "date_add(DATE'2026-01-01', CAST(id % 60 AS INT)) AS day"
    ).write.partitionBy("day").parquet(folder)


def text(spark, folder):
    """60 MB of CSV."""
    spark.range(0, 1_200_000, 1, 2).selectExpr("id", "pmod(hash(id), 1000) AS v", "substr(sha2(CAST(id AS STRING), 256), 1, 36) AS pad"
                                               ).write.csv(folder)


def crumbs(spark, folder):
    """3,000 files of 40 lines."""
    os.makedirs(folder)
    for i in range(3000):
        with open(f"{folder}/{i:04}.csv", "w") as file:
            file.writelines(f"{i},{j},{i * j}\n" for j in range(40))


def zipped(spark, folder):
    """One gzip file that holds 120 MB."""
    os.makedirs(folder)
    some = random.Random(1)
    with gzip.open(f"{folder}/all.csv.gz", "wt", compresslevel=1) as file:
        for i in range(60):
            block = [f"{i},{some.getrandbits(60)},{some.getrandbits(60)},{some.getrandbits(30)}\n" for _ in range(4000)]
            file.writelines(block * 10)


INPUTS = {f.__name__: f for f in (wide, days, text, crumbs, zipped)}


# ---- Sicknesses ----

def skew(spark, at):
    left = spark.range(0, 16_000_000, 1, 4).selectExpr("IF(pmod(hash(id), 20) < 19, 0, pmod(hash(id), 500)) AS k", "id AS a")
    right = spark.range(0, 30_000, 1, 2).selectExpr("id % 500 AS k", "id AS b")
    left.join(right, "k").selectExpr("sum(hash(a, b))").collect()


def spill(spark, at):
    spark.read.parquet(at("wide")).selectExpr("*", "reverse(pad) AS pad2").repartition(2, "id").sortWithinPartitions("pad2").write.format("noop").mode("overwrite").save()


def small_files_read(spark, at):
    spark.read.schema("a INT, b INT, c INT").csv(at("crumbs")).groupBy("a").sum("c").write.format("noop").mode("overwrite").save()


def tiny_tasks(spark, at):
    spark.range(0, 4_000_000, 1, 4000).selectExpr("sum(hash(id))").collect()


def too_many_partitions(spark, at):
    spark.range(0, 2_000_000, 1, 4).selectExpr("id % 50000 AS k", "id").groupBy("k").sum("id").write.format("noop").mode("overwrite").save()


def too_few_partitions(spark, at):
    spark.read.parquet(at("wide")).selectExpr("pad", "v").groupBy("pad").sum("v").write.format("noop").mode("overwrite").save()


def missed_broadcast(spark, at):
    names = spark.range(0, 100_000, 1, 2).selectExpr("CAST(id AS INT) AS k", "concat('n', id) AS name")
    spark.read.parquet(at("wide")).join(names, "k").write.format("noop").mode("overwrite").save()


def oversized_broadcast(spark, at):
    from pyspark.sql.functions import broadcast
    few = spark.range(0, 100_000, 1, 2).selectExpr("id * 40 AS id", "id AS x")
    few.join(broadcast(spark.read.parquet(at("wide")).where("v < 900")), "id").write.format("noop").mode("overwrite").save()


def cross_join(spark, at):
    a = spark.range(0, 30_000, 1, 4).selectExpr("hash(id) AS a")
    b = spark.range(0, 20_000, 1, 2).selectExpr("hash(id) AS b")
    a.crossJoin(b).where("a > b").selectExpr("sum(BIGINT(a) + b)").collect()


def repeated(spark, at):
    heavy = spark.read.parquet(at("wide")).selectExpr("k", "sha2(sha2(concat(pad, pad), 512), 512) AS h", "v").groupBy("k").agg(
        {"h": "max", "v": "sum"})
    for limit in (10, 20, 30):
        heavy.where(f"`sum(v)` > {limit}").write.format("noop").mode("overwrite").save()


def driver(spark, at):
    for i in range(5):
        spark.range(0, 1_500_000, 1, 2).selectExpr("sum(hash(id))").collect()
        time.sleep(1.5)


def python_udf(spark, at):
    from pyspark.sql.functions import udf
    slow = udf(lambda v: sum((v * i) % 7 for i in range(30)), "int")
    spark.range(0, 800_000, 1, 4).select(slow("id").alias("x")).selectExpr("sum(x)").collect()


def failed_tasks(spark, at):
    def fail_first(index, rows):
        from pyspark import TaskContext
        time.sleep(0.8)
        if TaskContext.get().attemptNumber() == 0:
            raise ValueError("the first time never works")
        return [sum(rows)]
    spark.sparkContext.parallelize(range(8000), 8).mapPartitionsWithIndex(fail_first).sum()


def straggler(spark, at):
    def slow_one(index, rows):
        time.sleep(6 if index == 9 else 0.4)
        return [sum(rows)]
    spark.sparkContext.parallelize(range(100000), 12).mapPartitionsWithIndex(slow_one).sum()


def small_files_written(spark, at):
    spark.read.parquet(at("wide")).where("v < 200").repartition(400).write.mode("overwrite").parquet(at("out_small"))


def full_scan(spark, at):
    spark.read.parquet(at("days")).where("date_format(ts, 'yyyy-MM-dd') = '2026-02-10'").selectExpr("max(sha2(pad, 512))").collect()


def unsplit_file(spark, at):
    spark.read.schema("a INT, b BIGINT, c BIGINT, d INT").csv(at("zipped")).selectExpr("sum(hash(b, c, d))").collect()


def text_read_again(spark, at):
    for column in ("v", "id"):
        for _ in range(2):
            spark.read.schema("id BIGINT, v INT, pad STRING").csv(at("text")).groupBy("v").agg({column: "sum", "pad": "max"}).collect()


def garbage(spark, at):
    spark.range(0, 2_500_000, 1, 2).selectExpr("id % 3 AS k", "sha2(CAST(id AS STRING), 256) AS s").groupBy("k").agg({"s": "collect_set"}).selectExpr(
        "max(size(`collect_set(s)`))").collect()


def idle_executors(spark, at):
    spark.range(0, 40_000_000, 1, 1).selectExpr("max(sha2(CAST(id % 1000000 AS STRING), 256))").collect()


def lost_executor(spark, at):
    def die_once(index, rows):
        from pyspark import TaskContext
        import signal
        if TaskContext.get().attemptNumber() == 0 and index == 1:
            daemon = os.getppid()
            jvm = int(open(f"/proc/{daemon}/stat").read().rsplit(")", 1)[1].split()[1])
            os.kill(jvm, signal.SIGKILL)  # as a container that used too much memory
        time.sleep(1.5)
        return [sum(rows)]
    spark.sparkContext.parallelize(range(8000), 6).mapPartitionsWithIndex(die_once).sum()


SICK = {
    "skew": Case("skew", skew, {"spark.sql.adaptive.skewJoin.enabled": "false", "spark.sql.autoBroadcastJoinThreshold": "-1",
                                "spark.sql.adaptive.coalescePartitions.enabled": "false", "spark.sql.shuffle.partitions": "8"}),
    "spill": Case("spill", spill, {"spark.memory.fraction": "0.05"}, needs=("wide",)),
    "small_files_read": Case("small_files_read", small_files_read, needs=("crumbs",)),
    "tiny_tasks": Case("tiny_tasks", tiny_tasks),
    "too_many_partitions": Case("too_many_partitions", too_many_partitions,
                                {"spark.sql.shuffle.partitions": "2000", "spark.sql.adaptive.enabled": "false"}),
    "too_few_partitions": Case("too_few_partitions", too_few_partitions, {"spark.sql.shuffle.partitions": "1"}, needs=("wide",)),
    "missed_broadcast": Case("missed_broadcast", missed_broadcast,
                             {"spark.sql.autoBroadcastJoinThreshold": "-1", "spark.sql.shuffle.partitions": "4"}, needs=("wide",)),
    "oversized_broadcast": Case("oversized_broadcast", oversized_broadcast, {"spark.sql.shuffle.partitions": "4"}, needs=("wide",)),
    "cross_join": Case("cross_join", cross_join),
    "repeated": Case("repeated_work", repeated, {"spark.sql.shuffle.partitions": "4"}, needs=("wide",)),
    "driver": Case("driver_bound", driver),
    "python_udf": Case("python_overhead", python_udf),
    "failed_tasks": Case("failed_tasks", failed_tasks, master="local[2,4]"),
    "straggler": Case("stragglers", straggler),
    "small_files_written": Case("small_files_written", small_files_written, needs=("wide",)),
    "full_scan": Case("full_scan", full_scan, needs=("days",)),
    "unsplit_file": Case("unsplit_files", unsplit_file, needs=("zipped",)),
    "text_read_again": Case("text_read_again", text_read_again, {"spark.sql.shuffle.partitions": "4"}, needs=("text",)),
    "garbage": Case("gc", garbage, {"spark.sql.shuffle.partitions": "2"}, jvm="1200m"),
    "idle_executors": Case("idle_executors", idle_executors, {"spark.executor.memory": "512m"}, master="local-cluster[3,1,512]"),
    "lost_executor": Case("lost_executors", lost_executor, {"spark.executor.memory": "512m"}, master="local-cluster[2,1,512]"),
}


# ---- Healthy ones ----

def convert(spark, at):
    spark.read.schema("id BIGINT, v INT, pad STRING").csv(at("text")).write.mode("overwrite").parquet(at("out_convert"))


def aggregate(spark, at):
    spark.read.parquet(at("wide")).selectExpr("k", "v", "sha2(pad, 512) AS h").groupBy("k").agg({"v": "sum", "h": "max"}).write.mode("overwrite").parquet(at("out_aggregate"))


def lookup(spark, at):
    names = spark.range(0, 100_000, 1, 2).selectExpr("CAST(id AS INT) AS k", "concat('n', id) AS name")
    spark.read.parquet(at("wide")).join(names, "k").selectExpr("id", "name", "sha2(pad, 512) AS h").write.mode("overwrite").parquet(at("out_lookup"))


def window(spark, at):
    spark.read.parquet(at("wide")).selectExpr("id", "k", "v", "row_number() OVER (PARTITION BY k ORDER BY v, id) AS n").where("n <= 3").write.mode("overwrite").parquet(at("out_window"))


def pruned(spark, at):
    spark.read.parquet(at("days")).where("day >= '2026-01-10' AND day < '2026-02-20'").selectExpr("v", "sha2(pad, 512) AS h").groupBy("v").agg({"h": "max"}).write.mode("overwrite").parquet(at("out_pruned"))


def merge_join(spark, at):
    one = spark.read.parquet(at("wide"))
    one.selectExpr("id", "pad AS a").join(one.selectExpr("id + 1 AS id", "pad AS b"), "id").selectExpr("id", "hash(a, b) AS h").write.mode("overwrite").parquet(at("out_join"))


HEALTHY = {f.__name__: Case("", f, {"spark.sql.shuffle.partitions": "4"}, needs=needs) for f, needs in (
    (convert, ("text",)), (aggregate, ("wide",)), (lookup, ("wide",)), (window, ("wide",)), (pruned, ("days",)), (merge_join, ("wide",)))}
# The same on one core, for what the model says of it.
HEALTHY["aggregate_one_core"] = dataclasses.replace(HEALTHY["aggregate"], master="local[1]")
CASES = SICK | HEALTHY


def main(folder, names):
    folder = pathlib.Path(folder)
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    own = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1",
           "spark.driver.bindAddress": "127.0.0.1", "spark.local.dir": str(folder / "local"),
           "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.driver.memory": CASES[names[0]].jvm,
           "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -Dlog4j2.configurationFile={oracle._quiet(folder)}",
           "spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false"}

    def application(name, master, conf):
        SparkSession.Builder._options = {}
        builder = SparkSession.builder.master(master).appName(name)
        for key, value in {**own, **conf}.items():
            builder = builder.config(key, value)
        spark = builder.getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        return spark

    missing = [need for name in names for need in CASES[name].needs if not (folder / need).exists()]
    if missing:
        spark = application("inputs", "local[2]", {})
        for need in dict.fromkeys(missing):
            INPUTS[need](spark, str(folder / need))
        spark.stop()
    # Spark's own start and the first compilation of everything are no application's sickness.
    spark = application("warm", "local[2]", {})
    spark.range(0, 100_000, 1, 2).selectExpr("id % 10 AS k", "sha2(CAST(id AS STRING), 256) AS s").groupBy("k").agg({"s": "max"}).collect()
    spark.stop()
    for name in names:
        case = CASES[name]
        events = folder / "events" / name
        shutil.rmtree(events, ignore_errors=True)
        events.mkdir(parents=True)
        spark = application(name, case.master, {"spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file:{events}", **case.conf})
        start = time.time()
        try:
            case.run(spark, lambda input: str(folder / input))
        finally:
            spark.stop()
        (log,) = events.iterdir()
        log.rename(folder / "logs" / name)
        print(f"{name}: {time.time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
