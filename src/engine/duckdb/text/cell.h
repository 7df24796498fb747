// cell.h: one text as one value of a DuckDB vector, by the rules of Spark's text readers (text_values.h).
#pragma once

#include <duckdb.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "engine/duckdb/kernel_pattern.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::engine::duckdb::text {

// What the vectors of one column are, where a value goes. `zoned` (may be null) is a BOOLEAN vector beside a
// TIMESTAMP's: whether the text named its zone. One that did not is a local time, written as if it were UTC's.
struct Slot {
  duckdb_vector vector = nullptr;
  duckdb_vector zoned = nullptr;
  idx_t row = 0;
};

void SetNull(const Slot& slot);
// Undoes SetNull of an earlier attempt at the same row.
void SetValid(const Slot& slot);

// A scalar type and its date pattern. Thread-safe.
class Cell {
 public:
  // kUnimplemented for a type that no text field holds, and for patterns that are not understood.
  static Result<Cell> Make(const plan::Field& field, const TextOptions& options);

  // Writes the value; false, and nothing is written, when `text` is not one of the type.
  bool Write(std::string_view text, const Slot& slot) const { return write_(*this, text, slot); }
  const plan::DataType& type() const { return type_; }
  // "DATE written as 'dd/MM/yyyy'".
  std::string TypeText() const;

 private:
  using Writer = bool (*)(const Cell& cell, std::string_view text, const Slot& slot);
  struct Row;
  static const Row kRows[];
  static bool WritePatternDate(const Cell& cell, std::string_view text, const Slot& slot);
  static bool WritePatternTime(const Cell& cell, std::string_view text, const Slot& slot);

  plan::DataType type_;
  std::optional<DatetimePattern> pattern_;
  std::string pattern_text_;
  Writer write_ = nullptr;
};

}  // namespace tidemill::engine::duckdb::text
