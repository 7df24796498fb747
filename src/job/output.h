// What goes to the sink: the last step's columns in the table's order and types, partition columns made from times, and
// one BOOLEAN column a check.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "document/diagnostic.h"
#include "job/prepare.h"
#include "job/spec.h"
#include "plan/typed.h"

namespace tidemill::job {

struct Output {
  std::string sql;                    // Spark SQL, over the catalog
  plan::typed::RelationPtr relation;  // `data_columns` columns of the table, then one a check
  plan::Schema table;                 // the table's schema after the run; all of the data columns
  int data_columns = 0;
  std::vector<int> partition_columns;   // indexes into the table's columns, in partition order
  std::vector<std::string> partitions;  // their names
  std::vector<Check> checks;            // of rows, in the order of their columns; those the table itself demands last
  bool schema_changes = false;          // the table gets new columns
  bool rows_conform = false;            // what the table demands of rows is among the checks
};

// `snapshot` is the table as it is, or null. The mistakes go to `out`; the Output is complete only without errors.
Output ComposeOutput(const Job& job, Prepared& prepared, const delta::Snapshot* snapshot, document::Diagnostics& out);

// Every field and everything inside it may be null: how Delta stores the schema of a new table.
plan::Schema AsNullable(const plan::Schema& schema);

}  // namespace tidemill::job
