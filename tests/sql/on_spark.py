"""Runs a corpus file on real Spark."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "spark"))
import session as oracle  # noqa: E402

from corpus import Answer  # noqa: E402


def answers(session, file, blocks=None):
    """(block, what Spark answers) of each statement and query, or of `blocks`, in a session of the file's own."""
    own = session.newSession()
    session._jvm.org.apache.spark.sql.SparkSession.setActiveSession(own._jsparkSession)  # whose settings rows are printed by
    for key, value in file.conf.items():
        own.conf.set(key, value)
    for block in blocks if blocks is not None else file.runnable():
        yield block, answer(own, block.sql)


def answer(session, sql):
    try:
        frame = session.sql(sql)
        return Answer(oracle.schema_of(frame), oracle.rows_as_text(session, frame))
    except Exception as error:  # noqa: BLE001: whatever Spark raises is its answer
        return Answer(error_class=oracle.error_of(error)[0], sqlstate=oracle.error_of(error)[1])
