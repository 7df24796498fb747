// What the log says of a file's rows against what the rows are.
#pragma once

#include <string>
#include <vector>

#include "delta/column_mapping.h"
#include "delta/statistics.h"
#include "plan/type.h"

namespace tidemill::delta {

// One column of a file whose statistics its rows contradict; `column` empty: the count of rows.
struct WrongStatistic {
  std::string column;
  std::string message;
};

// `measured`: of the file's rows without those of its deletion vector, but num_records with them; columns that were not
// measured have no entry. Bounds must hold. Where they are said to be tight, and the type's bounds are written whole
// (integers, dates), they must also be met, because readers answer MIN and MAX from them.
std::vector<WrongStatistic> CompareStatistics(const FileStatistics& logged, const FileStatistics& measured,
                                              const plan::Schema& schema, bool has_vector);

// The JSON for add.stats as measured, of the columns that had statistics. Those inside structs are left out, which says
// nothing of them.
std::string CorrectedStatistics(const FileStatistics& logged, const FileStatistics& measured,
                                const plan::Schema& schema, ColumnMapping mapping, bool has_vector);

}  // namespace tidemill::delta
