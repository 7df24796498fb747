"""Evaluates expressions on real Spark, each row for itself: a row that fails hides no other row's value.

A query `SELECT id, expression FROM view` over a local relation is parsed, analysed and optimised by Spark as always. Its
projection is then applied to one row after the other by Spark's interpreter, and the values are printed as `spark-sql` does.
"""
import dataclasses

import session as oracle

KEEP_ROWS = "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation"  # it would evaluate all rows, or fail


@dataclasses.dataclass
class Outcome:
    schema: str = ""
    rows: dict = dataclasses.field(default_factory=dict)    # id -> the row's text
    errors: dict = dataclasses.field(default_factory=dict)  # id -> (error class, SQLSTATE)
    error: tuple = None                                     # the whole query's, before a row is looked at


class Evaluator:
    def __init__(self, session, view):
        self.session, self.jvm, self.view = session, session._jvm, view
        self.expressions = self.jvm.org.apache.spark.sql.catalyst.expressions
        session._jvm.org.apache.spark.sql.SparkSession.setActiveSession(session._jsparkSession)
        session.conf.set("spark.sql.optimizer.excludedRules", KEEP_ROWS)

    def evaluate(self, expression):
        try:
            execution = self.session.sql(f"SELECT id, {expression} FROM {self.view}")._jdf.queryExecution()
            plan = execution.optimizedPlan()
            outcome = Outcome(schema=execution.analyzed().schema().catalogString())
            self._project(plan, outcome)
        except ValueError:
            raise
        except Exception as error:  # noqa: BLE001: whatever Spark raises is its answer
            return Outcome(error=oracle.error_of(error))
        return outcome

    def _project(self, plan, outcome):
        projections, child = [], plan
        while child.getClass().getSimpleName() == "Project":
            below = child.child()
            projections.insert(0, self.expressions.InterpretedMutableProjection(child.projectList(), below.output()))
            projections[0].initialize(0)
            child = below
        if child.getClass().getSimpleName() != "LocalRelation":
            raise ValueError(f"no projection of local rows: {child}")
        made = self.jvm.java.util.ArrayList()
        rows = child.data()
        for number in range(rows.size()):
            row = rows.apply(number)
            try:
                for projection in projections:
                    row = projection.apply(row).copy()
                made.add(row)
            except Exception as error:  # noqa: BLE001
                outcome.errors[number] = oracle.error_of(error)
        self._print(plan, self.jvm.PythonUtils.toSeq(made), outcome)

    def _print(self, plan, rows, outcome):
        relation = self.jvm.org.apache.spark.sql.catalyst.plans.logical.LocalRelation(
            plan.output(), rows, False, self.jvm.scala.Option.empty())
        frame = self.jvm.org.apache.spark.sql.classic.Dataset.ofRows(self.session._jsparkSession, relation)
        lines = self.jvm.org.apache.spark.sql.execution.HiveResult.hiveResultString(frame.queryExecution().executedPlan())
        for number in range(lines.size()):
            first, _, rest = lines.apply(number).partition("\t")
            outcome.rows[int(first)] = rest
