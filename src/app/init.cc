#include <fmt/format.h>

#include <cstdio>

#include "app/exit_code.h"
#include "app/program.h"

namespace tidemill::app {
namespace {

constexpr std::string_view kJobFile =
    R"(# A Tidemill job. Check it with `tidemill validate {0}`, run it with `tidemill run {0}`.
# Editors complete and check this file with the schema that `tidemill schema` prints.
# Relative paths start from this file's folder. ${{VAR}} and ${{VAR:-default}} come from the environment.

job: orders_daily            # part of the run key: a new name is a new job
description: Orders with their customers, one partition a day.
class: regular               # critical | regular | development
sla: simple_etl              # simple_etl (30 min) | complex_analytics (2 h) | ml_training (4 h) | a duration like 45m

sources:
  orders:
    format: csv              # csv | json | text | parquet | delta
    path: ${{ORDERS:-data/orders}}/*.csv.gz
    header: true
    null_text: NA
    malformed: quarantine    # fail | drop | quarantine
    schema: id BIGINT, customer BIGINT, amount DECIMAL(12,2), ordered_at TIMESTAMP
  customers:
    format: parquet
    path: data/customers

# One run is one slice of event time: tidemill run {0} --window 2024-01-01T00:00:00Z
# window:
#   source: orders
#   column: ordered_at
#   size: 1h

steps:                       # Spark SQL; the last step's rows go to the sink
  - name: enriched
    sql: |
      SELECT o.id, o.customer, c.name AS customer_name, o.amount, o.ordered_at
      FROM orders o
      LEFT JOIN customers c ON c.id = o.customer

checks:                      # made inside the write; NULL passes an expression
  - name: amount_is_positive
    expression: amount > 0
    on_fail: quarantine      # warn | quarantine | fail
    max_bad: 5%              # over this share nothing is committed
  - kind: not_null
    column: id
    on_fail: fail
  - kind: references
    column: customer
    to: customers(id)
    on_fail: warn
  - kind: row_count
    min: 1

sink:
  path: out/orders
  format: delta              # delta | parquet
  partition_by: year/month/day(ordered_at)
  mode: append               # append | overwrite | overwrite_partitions | merge (then: keys: [id])
  target_file_size: 256MB
  sort_by: [customer]
  compression: snappy        # snappy | zstd | gzip | none

profiles:                    # tidemill run {0} --profile dev
  dev:
    class: development
    sink:
      path: out/dev/orders
)";

constexpr std::string_view kAppFile =
    R"(# A Tidemill job for a program of your own. Check it with `tidemill validate {0}`, run it with `tidemill run {0}`.
# Editors complete and check this file with the schema that `tidemill schema` prints.
# Relative paths start from this file's folder. ${{VAR}} and ${{VAR:-default}} come from the environment.

job: churn_model             # part of the run key: a new name is a new job
type: spark_app
description: Trains the churn model on a day's events.
class: development           # critical | regular | development
sla: ml_training             # simple_etl (30 min) | complex_analytics (2 h) | ml_training (4 h) | a duration like 45m

app: train.py                # or a .jar, with main_class: com.example.Train
args:                        # filled in for each run; the environment has them too: TIDEMILL_WINDOW_START, ...
  - --from={{window.start}}
  - --to={{window.end}}
  - --out={{table}}
# py_files: [features.py]
# jars: [lib/extra.jar]
reads: [data/events]         # for the quote: files, folders, globs
conf:
  spark.sql.shuffle.partitions: "64"

# One run is one slice of time: tidemill run {0} --window 2024-01-01T00:00:00Z
window: {{size: 1d}}

# With a sink a run is done when the table has a commit with its run key, whatever became of the process:
#   df.write.format("delta").option("txnAppId", os.environ["TIDEMILL_RUN_KEY"])
#     .option("txnVersion", os.environ["TIDEMILL_TXN_VERSION"]).mode("append").save(os.environ["TIDEMILL_TABLE"])
# Without one it is done when the ledger has an attempt that ended well: one that was killed at its very end runs again.
sink: {{path: out/churn, mode: append}}
)";

}  // namespace

int Init(Program& program, const InitFlags& flags) {
  const std::string name = flags.file.empty() ? "job.yaml" : flags.file;
  const std::string path = program.AbsolutePath(name);
  const std::string text = flags.type == "etl" ? fmt::format(kJobFile, name) : fmt::format(kAppFile, name);
  const Status written = flags.force ? program.storage->Put(path, text) : program.storage->PutIfAbsent(path, text);
  if (!written.ok() && written.error().kind == ErrorKind::kAlreadyExists) {
    return Fail(InvalidArgument(name + " is there already; choose another name, or write --force"));
  }
  if (!written.ok()) return Fail(written.error());
  std::printf("wrote %s; edit it, then: tidemill validate %s\n", name.c_str(), name.c_str());
  return kOk;
}

}  // namespace tidemill::app
