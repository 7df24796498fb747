"""The one place that makes a real Spark session with Delta: local, loopback only, UTC, and gone without a trace."""
import contextlib
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import command  # noqa: E402
from command import ROOT, TIDEMILL  # noqa: E402, F401

FULL = bool(os.environ.get("TIDEMILL_FULL"))
CACHE = pathlib.Path(os.environ.get("TIDEMILL_CACHE", pathlib.Path.home() / ".cache" / "tidemill"))
JARS = CACHE / "jars"
DELTA_JARS = [JARS / "delta-spark_2.13-4.1.0.jar", JARS / "delta-storage-4.1.0.jar"]

# Where `tidemill --engine spark` finds the Spark of the tests, and examples their data.
ENVIRONMENT = {**os.environ, "FLIGHTS_DATA": str(CACHE / "flights"), "TIDEMILL_PYTHON": sys.executable,
               "TIDEMILL_DELTA_JARS": ",".join(map(str, DELTA_JARS)), "SPARK_LOCAL_IP": "127.0.0.1"}

# A session that answers as Spark answers out of the box; what differs from the defaults is only where it lives and how
# much of the machine it takes.
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.datetime.java8API.enabled": "true",  # so Spark's own suite has it; else old and far dates print as java.sql's
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


@contextlib.contextmanager
def spark(log_level="ERROR", **settings):
    """A session; keyword settings are spelled with `__` for the dot: spark__sql__ansi__enabled="false"."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)  # every error twice otherwise
    os.environ["TZ"] = "UTC"  # what Python makes of a collected timestamp
    time.tzset()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemill-spark-"))
    own = {
        "spark.jars": ",".join(map(str, DELTA_JARS)),
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # Two cores want no parallel collector; the log file's settings keep the start quiet.
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -XX:+UseSerialGC -Djava.io.tmpdir={folder} "
        f"-Dderby.system.home={folder} -Dlog4j2.configurationFile={_quiet(folder)}",
    }
    builder = SparkSession.builder.master("local[2]").appName("oracle")
    for key, value in {**SETTINGS, **own, **{k.replace("__", "."): v for k, v in settings.items()}}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel(log_level)
    try:
        yield session
    finally:
        session.stop()
        session.sparkContext._gateway.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _quiet(folder):
    file = folder / "log4j2.properties"
    file.write_text("rootLogger.level = error\nrootLogger.appenderRef.console.ref = console\n"
                    "appender.console.type = Console\nappender.console.name = console\n"
                    "appender.console.target = SYSTEM_ERR\nappender.console.layout.type = PatternLayout\n"
                    "appender.console.layout.pattern = %p %c{1}: %m%n\n")
    return file


def rows_as_text(session, frame):
    """The rows as `spark-sql` prints them: one text a row, tabs between the values."""
    result = session._jvm.org.apache.spark.sql.execution.HiveResult.hiveResultString(
        frame._jdf.queryExecution().executedPlan())
    return [result.apply(i) for i in range(result.size())]


def schema_of(frame):
    """struct<name:type,...>, every field of it."""
    return frame._jdf.schema().catalogString()


def error_of(error):
    """(error class, SQLSTATE) of what Spark raised; an exception without a class gives its Java name."""
    condition = getattr(error, "getCondition", lambda: None)()
    if condition:
        return condition, error.getSqlState() or ""
    cause = getattr(error, "java_exception", None)
    while cause is not None:
        name = cause.getClass().getSimpleName()
        if hasattr(cause, "getCondition") and name.startswith("Spark") and cause.getCondition():
            return cause.getCondition(), cause.getSqlState() or ""
        cause = cause.getCause()
    return type(error).__name__, ""


def tidemill(folder, *words, code=0, **environment):
    """What the command says in this folder, when it ends with `code`; it finds the Spark of the tests."""
    return command.tidemill(folder, *words, code=code, env=ENVIRONMENT | environment)


class FolderTest(command.FolderTest):
    """The command, which finds the Spark of the tests."""

    def tidemill(self, *words, code=0, **environment):
        return tidemill(self.folder, *words, code=code, **environment)

    def write_job(self, name, **job):
        """The file of a job."""
        path = self.folder / f"{name}.yaml"  # JSON is YAML
        path.write_text(json.dumps({"job": name, **job}))
        return path


class SparkTest(FolderTest):
    """And one session for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.spark = cls.enterClassContext(spark())

    def ours(self, *statements, fails=None):
        """What the native engine answers to each statement, over the warehouse of the test's folder. `fails`: the last
        one must end in this class of error, or, when True, in any."""
        done = subprocess.run([TIDEMILL, "sql", "--warehouse", self.folder / "wh", "--output", "jsonl", "-f", "-"],
                              cwd=self.folder, input=";\n".join(statements), capture_output=True, text=True)
        self.assertEqual(fails is not None, done.returncode != 0, done.stdout + done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if fails not in (None, True):
            self.assertEqual(fails, answers[-1]["error"]["class"], answers[-1])
        return answers
